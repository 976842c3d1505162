"""`asyncload compare`."""

from pathlib import Path
from typing import Annotated

import typer

EXAMPLES = """
Examples:

\b
  asyncload compare runs/20261123T184455Z-xgboost-mme results/locust_stats.csv
  asyncload compare runs/before runs/after
  asyncload compare runs/before runs/after --html compared.html
  asyncload compare runs/before runs/after --fail-if "p99 > +10%" --fail-if "error_rate > +0.5 points"
  asyncload compare runs/try-1 k6-summary.json vegeta.csv wrk2.txt
  asyncload compare runs/try-1 locust.json --map sendPopular=xgboost-0.tar.gz
"""


def compare(
    sources: Annotated[
        list[Path],
        typer.Argument(
            metavar="SOURCE",
            help="Run directories, and results of Locust, k6, vegeta, wrk2 or HdrHistogram; "
            "their format is told by their content.",
            show_default=False,
        ),
    ],
    names: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="ROW=MODEL", help="Take a row that is called otherwise for a model."),
    ] = None,
    unit: Annotated[
        str | None,
        typer.Option(help="ns, us, ms or s: unit of the values in .hgrm and .hlog files, which do not say it."),
    ] = None,
    fail_if: Annotated[
        list[str] | None,
        typer.Option(
            "--fail-if",
            metavar="CHANGE",
            help='Exit with 4 if the second of two runs is surely so, such as "p99 > +10%" or '
            '"error_rate{model=xgb-*} > +0.5 points".',
        ),
    ] = None,
    allow_undecided: Annotated[
        bool, typer.Option("--allow-undecided", help="Exit 0 where the runs are too short to decide a --fail-if.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the comparison as JSON.")] = False,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write a page with the sources over each other.")
    ] = None,
) -> None:
    """
    Put results of several tools side by side, and say what each number means where that differs.

    Of two runs of asyncload, say also which differences are more than chance.
    """
    from asyncload.cli.compare import Asked
    from asyncload.cli.compare import compare as carry_out

    asked = Asked(
        names=tuple(names or ()), unit=unit, fail_if=tuple(fail_if or ()), allow_undecided=allow_undecided,
        as_json=as_json, html=html,
    )  # fmt: skip
    raise typer.Exit(carry_out(sources, asked))
