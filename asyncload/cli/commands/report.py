"""`asyncload report`."""

from pathlib import Path
from typing import Annotated

import typer

EXAMPLES = """
Examples:

\b
  asyncload report runs/20261123T184455Z-xgboost-mme
  asyncload report runs/20261123T184455Z-xgboost-mme --json
"""


def report(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Run directory, or a result.json.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Show the result of a run, also of one that was killed."""
    from asyncload.cli.run import Printing, print_result
    from asyncload.store import read

    raise typer.Exit(print_result(read(directory), Printing(as_json=as_json)))
