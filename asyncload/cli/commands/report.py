"""`asyncload report`."""

from pathlib import Path
from typing import Annotated, Literal, Optional

import typer

from asyncload.cli.commands.options import AllowUndecided, AllRows, Slo, Sort

EXAMPLES = """
Examples:

\b
  asyncload report runs/20261123T184455Z-xgboost-mme
  asyncload report runs/20261123T184455Z-xgboost-mme --by phase
  asyncload report runs/20261123T184455Z-xgboost-mme --json
  asyncload report runs/20261123T184455Z-xgboost-mme --html report.html
  asyncload report runs/20261123T184455Z-xgboost-mme --slo "p99 < 200ms" --slo "error_rate < 0.1%"
  asyncload report runs/20261123T184455Z-xgboost-mme --format junit --format markdown --out ci/nightly
  asyncload report runs/20261123T184455Z-xgboost-mme --format csv --by second --out seconds.csv
  asyncload report runs/20261123T184455Z-xgboost-mme --format locust-json --since due --out results/nightly

With --slo the run, or each of repeated ones, is judged by these objectives instead of its own.
Exit codes: 0 VALID and every objective met, 3 INVALID, 4 an objective missed or undecided, or stopped by a rule.
"""


def report(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Run directory, or a result.json.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    by: Annotated[
        Optional[Literal["model", "phase", "second"]],
        typer.Option(help="Rows of the table, or of csv; by default one per model (hgrm: a file for each)."),
    ] = None,
    sort: Sort = None,
    all_rows: AllRows = False,
    formats: Annotated[
        Optional[list[str]],
        typer.Option(
            "--format",
            metavar="FORMAT",
            help="Write a file, may be repeated: json, csv, markdown, junit, hgrm, hlog, openmetrics, parquet, "
            "k6-json, k6-export, locust-csv or locust-json.",
        ),
    ] = None,
    out: Annotated[
        Optional[Path],
        typer.Option(
            metavar="PREFIX", help="How the files' names begin, or -; by default they go into the run directory."
        ),
    ] = None,
    since: Annotated[
        Optional[Literal["sent", "due"]],
        typer.Option(help="What the files' times count from: by default due with hgrm and hlog, else sent."),
    ] = None,
    full_history: Annotated[
        bool,
        typer.Option("--full-history", help="With locust-csv, and with csv by second: each model's history, too."),
    ] = False,
    html: Annotated[
        Optional[Path], typer.Option(metavar="FILE", help="Also write the page: one file that opens offline.")
    ] = None,
    served: Annotated[
        Optional[int],
        typer.Option(
            metavar="N", help="Calls that the target says it served in this run; are they accounted for?", min=0
        ),
    ] = None,
    slo: Slo = None,
    allow_undecided: AllowUndecided = False,
) -> None:
    """Show the result of a run, also of one that was killed, or write it in other tools' formats."""
    from asyncload.cli.report import Asked
    from asyncload.cli.report import report as carry_out
    from asyncload.cli.view import AskedView
    from asyncload.report.exports import Choices

    choices = Choices(
        since=since, by=by if formats and by != "phase" else None, full_history=full_history or None,
        allow_undecided=allow_undecided,
    )  # fmt: skip
    named = tuple(dict.fromkeys(formats or ()))
    view = AskedView(by=by, sort=sort, all_rows=all_rows)
    asked = Asked(
        as_json=as_json, formats=named, choices=choices, out=out, html=html, slo=tuple(slo or ()), view=view,
        served=served,
    )  # fmt: skip
    raise typer.Exit(carry_out(directory, asked))
