"""All models together in detail: percentiles of what callers saw and of what the endpoint took, and a picture."""

from collections.abc import Iterator, Sequence
from typing import Final

from rich.text import Text

from asyncload.report.distribution import distribution
from asyncload.report.estimates import cell, label, shortfall, with_guesses
from asyncload.report.numbers import count, ms
from asyncload.result import RunResult
from asyncload.statistics.estimate import Estimate

_QUANTILES: Final = (0.5, 0.9, 0.99, 0.999)
_WIDE_QUANTILES: Final = (0.5, 0.9, 0.95, 0.99, 0.999)
_LABEL, _COLUMN = 15, 12
_PICTURE: Final = 76
_HEIGHT: Final = 4


def total(result: RunResult, width: int) -> Iterator[Text]:
    """Lines of the block; none of a run without replies."""
    everything = result.totals
    if not everything.response.count:
        return
    qs = _WIDE_QUANTILES if width >= _LABEL + _COLUMN * (len(_WIDE_QUANTILES) + 1) else _QUANTILES
    response, service = (result.estimates(everything, metric, qs) for metric in ("response", "service"))
    rows = [("response, ms", response, everything.response.quantile_us(1))]
    corrected = result.corrected(everything)
    if corrected is not None:
        rows.append(("corrected, ms", with_guesses(response, corrected), corrected.quantile_us(1)))
    rows.append(("service, ms", service, everything.service.quantile_us(1)))
    heads = "".join(f"{head:>{_COLUMN}}" for head in (*map(label, qs), "max"))
    yield Text(f"{'all models' if len(result.models) > 1 else 'in detail':<{_LABEL}}{heads}", "bold")
    for name, estimates, most_us in rows:
        yield from _row(name, estimates, most_us)
    yield from shortfall(((name.removesuffix(", ms"), estimates) for name, estimates, _ in rows), width)
    yield Text()
    yield from _picture(result, response)


def _row(name: str, estimates: Sequence[Estimate], most_us: float) -> Iterator[Text]:
    cells = [cell(estimate) for estimate in estimates]
    numbers = "".join(f"{number:>{_COLUMN}}" for number in (*(number for number, _ in cells), ms(most_us)))
    yield Text(f"{name:<{_LABEL}}{numbers}")
    if any(interval for _, interval in cells):
        intervals = "".join(f"{interval:>{_COLUMN}}" for _, interval in cells)
        yield Text(f"{'  95 % interval':<{_LABEL}}{intervals}".rstrip(), "dim")


def _picture(result: RunResult, response: Sequence[Estimate]) -> Iterator[Text]:
    histogram = result.totals.response
    marks = {label(estimate.q): estimate.value_us for estimate in response if estimate.supported}
    lines = distribution(histogram, _PICTURE, _HEIGHT, marks)
    words = f"  response of {count(histogram.count)} calls, in ms on a logarithmic axis"
    yield Text.assemble(("distribution", "bold"), words)
    for number, line in enumerate(lines):
        yield Text(f"  {line}".rstrip(), "cyan" if number < _HEIGHT else "" if number < _HEIGHT + 2 else "dim")
