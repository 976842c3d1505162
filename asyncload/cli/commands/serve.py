"""`asyncload serve`."""

from pathlib import Path
from typing import Annotated

import typer

EXAMPLES = """
Examples:

\b
  asyncload serve
  asyncload serve runs --port 8090

It prints an address of 127.0.0.1 with a token in it, and serves until Ctrl-C. Nothing is changed.
"""


def serve(
    directory: Annotated[Path, typer.Argument(metavar="[RUNS_DIR]", help="Where run directories are.")] = Path("runs"),
    port: Annotated[int, typer.Option(help="On 127.0.0.1; 0 takes a free one.", min=0, max=65535)] = 0,
) -> None:
    """Browse past runs: a table, the page of one, two of them compared."""
    from asyncload.cli.serve import serve as carry_out

    carry_out(directory, port)
