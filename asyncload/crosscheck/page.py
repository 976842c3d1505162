"""
A crosscheck as a page: one file that opens without a network, with the two latency curves over each other.

The curves stand on the axis of HdrHistogram: 1 / (1 - q), logarithmic, so that each tenfold step is a nine more. Look,
scripts and policy are those of all pages.
"""

from pathlib import Path
from typing import Any, Final

from asyncload.crosscheck.document import document
from asyncload.crosscheck.latencies import Latencies, merged
from asyncload.crosscheck.outcome import Crosscheck
from asyncload.report.page.curves import quantiles
from asyncload.report.page.frame import COMMON, PLOTLY, render, write

_ASSETS: Final = Path(__file__).with_name("assets")


def write_page(found: Crosscheck, path: Path) -> None:
    """
    Write the page.

    Raises:
        StoreError: If it cannot be written.
    """
    write(path, page(found))


def page(found: Crosscheck) -> str:
    """Return the page as HTML; every text in it is escaped."""
    scripts = ("theme.js", PLOTLY, *COMMON[1:], "crosscheck.js")
    return render("crosscheck.html", {"found": document(found)}, _curves(found), scripts=scripts, folders=[_ASSETS])


def _curves(found: Crosscheck) -> list[dict[str, Any]]:
    """What is drawn: each side, its single runs behind it, and callers on schedule."""
    ours, theirs = [pair.ours for pair in found.compared], [pair.theirs for pair in found.compared]
    callers = [take.callers for take in ours if take.callers]
    schedule = "asyncload, callers on schedule"
    drawn = [
        *(_curve("asyncload", take.latencies, single=True) for take in ours),
        *(_curve("Locust", take.latencies, single=True) for take in theirs),
        _curve(schedule, merged(callers)),  # behind the others, for without a stall it is the same curve
        _curve("asyncload", merged([take.latencies for take in ours])),
        _curve("Locust", merged([take.latencies for take in theirs])),
    ]
    return [curve for curve in drawn if curve["x"]]


def _curve(name: str, latencies: Latencies, *, single: bool = False) -> dict[str, Any]:
    qs = quantiles(latencies.count)
    return {
        "name": name,
        "single": single,
        "calls": latencies.count,
        "x": [round(1 / (1 - q), 6) for q in qs],
        "y": [round(value_ms, 3) for value_ms in latencies.percentiles_ms(qs)],
    }
