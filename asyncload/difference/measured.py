"""What was measured on one side, row by row: all models together first, then those that are compared."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from asyncload.difference.values import QUANTILES
from asyncload.formats.recording import Recording
from asyncload.histogram import merge
from asyncload.result import ModelResult

Floats64 = NDArray[np.float64]

_QS: Final = tuple(QUANTILES.values())


@dataclass(frozen=True, slots=True)
class Numbers:
    """One side's numbers; of several runs their calls together, and the mean of their rates."""

    calls: Floats64
    """float64[rows]."""
    ok: Floats64
    timed: Floats64
    """Calls that have a response time: that ended OK or timed out."""
    seconds: float
    """That the calls were sent in, all runs together."""
    runs: int
    percentiles_us: Floats64
    """float64[rows, quantiles]; NaN of nothing."""

    @property
    def error_rate(self) -> Floats64:
        """Share of the calls that did not end OK, dropped ones included; NaN of none."""
        with np.errstate(invalid="ignore"):
            return 1 - self.ok / self.calls

    @property
    def throughput(self) -> Floats64:
        """Calls that ended OK, per second."""
        return self.ok / self.seconds if self.seconds else np.full_like(self.ok, np.nan)


def numbers(recordings: Sequence[Recording], names: Sequence[str]) -> Numbers:
    """
    Take the numbers of one side.

    Args:
        recordings: One run, or several of one scenario.
        names: Models that get a row.
    """
    results = [recording.result for recording in recordings]
    by_name = [{model.name: model for model in result.models} for result in results]
    every = [[result.totals for result in results]]
    every += [[models[name] for models in by_name] for name in names]
    calls, ok, timed, percentiles = zip(*(_row(parts) for parts in every), strict=True)
    return Numbers(
        np.array(calls, np.float64),
        np.array(ok, np.float64),
        np.array(timed, np.float64),
        sum(result.rates.length_s for result in results),
        len(results),
        np.array(percentiles),
    )


def _row(parts: Sequence[ModelResult]) -> tuple[int, int, int, list[float]]:
    response = parts[0].response if len(parts) == 1 else merge([part.response for part in parts])
    percentiles: list[float] = response.quantiles_us(_QS).tolist()
    return sum(part.calls for part in parts), sum(part.ok for part in parts), response.count, percentiles
