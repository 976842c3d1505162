"""
The commands, put together.

Only what `--help` needs is imported here; each command imports its own room when it runs, for a command line that takes
a second to print its help is not asked twice.
"""

from typing import Annotated

import typer

from asyncload import __version__
from asyncload.cli.commands import compare, crosscheck, demo, emulate, export, import_, plan, report, run, schema, serve

app = typer.Typer(
    help="Open-loop, signed load for Amazon SageMaker multi-model endpoints.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:  # typer's callback
    if wanted:
        typer.echo(f"asyncload {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[  # acts in its callback
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass


app.command(epilog=run.EXAMPLES)(run.run)
app.command(epilog=plan.EXAMPLES)(plan.plan)
app.command(epilog=report.EXAMPLES)(report.report)
app.command(epilog=compare.EXAMPLES)(compare.compare)
app.command(epilog=emulate.EXAMPLES)(emulate.emulate)
app.command(epilog=demo.EXAMPLES)(demo.demo)
app.add_typer(export.app, name="export")
app.add_typer(import_.app, name="import")
app.command(epilog=crosscheck.EXAMPLES)(crosscheck.crosscheck)
app.command(epilog=serve.EXAMPLES)(serve.serve)
app.command(epilog=schema.EXAMPLES)(schema.schema)
