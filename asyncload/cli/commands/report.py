"""`asyncload report`."""

from pathlib import Path
from typing import Annotated, Literal, Optional

import typer

from asyncload.cli.commands.options import AllowUndecided, Slo

EXAMPLES = """
Examples:

\b
  asyncload report runs/20261123T184455Z-xgboost-mme
  asyncload report runs/20261123T184455Z-xgboost-mme --json
  asyncload report runs/20261123T184455Z-xgboost-mme --slo "p99 < 200ms" --slo "error_rate < 0.1%"
  asyncload report runs/20261123T184455Z-xgboost-mme --format locust-csv
  asyncload report runs/20261123T184455Z-xgboost-mme --format locust-json --since due --out results/nightly

With --slo the run is judged by these objectives instead of its own.
Exit codes: 0 VALID and every objective met, 3 INVALID, 4 an objective missed or undecided, or stopped by a rule.
"""


def report(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Run directory, or a result.json.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    format_: Annotated[
        Optional[str], typer.Option("--format", metavar="FORMAT", help="Write files: locust-csv or locust-json.")
    ] = None,
    out: Annotated[
        Optional[Path],
        typer.Option(
            metavar="PREFIX", help="How the files' names begin, or -; by default they go into the run directory."
        ),
    ] = None,
    since: Annotated[
        Optional[Literal["sent", "due"]],
        typer.Option(help="What the files' response times count from; by default sent, as other tools do."),
    ] = None,
    full_history: Annotated[
        bool, typer.Option("--full-history", help="With locust-csv: each model's history, over the last ten seconds.")
    ] = False,
    slo: Slo = None,
    allow_undecided: AllowUndecided = False,
) -> None:
    """Show the result of a run, also of one that was killed, or write it in another tool's format."""
    from asyncload.cli.report import Asked
    from asyncload.cli.report import report as carry_out
    from asyncload.report.exports import Choices

    choices = Choices(since=since, full_history=full_history or None)
    asked = Asked(
        as_json=as_json, format=format_, choices=choices, out=out, slo=tuple(slo or ()), allow_undecided=allow_undecided
    )
    raise typer.Exit(carry_out(directory, asked))
