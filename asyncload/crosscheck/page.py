"""
A crosscheck as a page: one file that opens without a network, with the two latency curves over each other.

The curves stand on the axis of HdrHistogram: 1 / (1 - q), logarithmic, so that each tenfold step is a nine more. The
drawing is plotly's, whose own bundle is put into the file; a content security policy keeps the page from asking for
anything else.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import jinja2
import msgspec
from plotly.offline import get_plotlyjs

from asyncload.crosscheck.document import document
from asyncload.crosscheck.latencies import Latencies, merged
from asyncload.crosscheck.outcome import Crosscheck
from asyncload.errors import StoreError

_TEMPLATE: Final = Path(__file__).with_name("page.html")
_TICKS_PER_HALVING: Final = 5


def write_page(found: Crosscheck, path: Path) -> None:
    """
    Write the page.

    Raises:
        StoreError: If it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page(found), encoding="utf-8")
    except OSError as error:
        raise StoreError(f"{path}: the page cannot be written: {error}") from error


def page(found: Crosscheck) -> str:
    """Return the page as HTML; every text in it is escaped."""
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    template = environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))
    return template.render(
        found=document(found),
        data=_script_safe(msgspec.json.encode(_curves(found)).decode()),
        plotly=get_plotlyjs(),
    )


def _script_safe(json: str) -> str:
    """JSON that no name in it can end the script of."""
    return json.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


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
    quantiles = list(_quantiles(latencies.count))
    return {
        "name": name,
        "single": single,
        "calls": latencies.count,
        "x": [round(1 / (1 - q), 6) for q in quantiles],
        "y": [round(value_ms, 3) for value_ms in latencies.percentiles_ms(quantiles)],
    }


def _quantiles(count: int) -> Iterator[float]:
    """Five to each halving of what is left, until less than one call is."""
    tick = 0
    while count and (left := 0.5 ** (tick / _TICKS_PER_HALVING)) * count >= 1:
        yield 1 - left
        tick += 1
