"""`asyncload demo`."""

from pathlib import Path
from typing import Annotated

import typer

EXAMPLES = """
Examples:

\b
  asyncload demo
  asyncload demo --duration 30s --out runs/demo
"""


def demo(
    duration: Annotated[str, typer.Option(help="Length of the measured phase.")] = "12s",
    out: Annotated[Path | None, typer.Option(help="Run directory; by default runs/<UTC time>-xgboost-mme.")] = None,
) -> None:
    """Run two XGBoost models, 3 : 1, against the emulator on this machine; no AWS account is needed."""
    from asyncload.cli.demo import show

    raise typer.Exit(show(duration, out))
