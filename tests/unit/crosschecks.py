"""Pairs of runs that were never made: what the crosscheck's judges are given in tests."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from asyncload.crosscheck.findings import Circumstances
from asyncload.crosscheck.latencies import Latencies
from asyncload.crosscheck.takes import Pair, Take, Tool

NAMES = ("a", "b")
SHARES = (0.75, 0.25)
REPLAYED = Circumstances(client="fasthttp", names=NAMES, shares=np.array(SHARES), users=0)
LENGTH_S = 4.0


def take(tool: Tool, values_ms: NDArray[np.float64], calls: Mapping[str, int] | None = None, **changes: object) -> Take:
    """A healthy run of 4 s with these latencies; 3 : 1, unless said otherwise."""
    count = values_ms.size
    readings: dict[str, object] = {
        "tool": tool,
        "calls": calls if calls is not None else {"a": count - count // 4, "b": count // 4},
        "failed": 0,
        "latencies": Latencies.of_ms(values_ms),
        "length_s": LENGTH_S,
        "rate_per_s": count / LENGTH_S,
        "cpu_ms": 0.12 if tool == "asyncload" else 0.45,
        "cpu_share": count / LENGTH_S / 1000 * (0.12 if tool == "asyncload" else 0.45),
    }
    return Take(**{**readings, **changes})  # type: ignore[arg-type]  # each as its field takes it


def pairs_of(repeats: int, ours: Callable[[int], Take], theirs: Callable[[int], Take]) -> list[Pair]:
    """So many pairs; each side is asked with the number of the pair."""
    return [
        Pair(number, ours(number), theirs(number), "asyncload" if number % 2 else "Locust")
        for number in range(1, repeats + 1)
    ]


def spread_ms(median_ms: float, count: int = 800, width: float = 0.1) -> NDArray[np.float64]:
    """Latencies at equal steps about a median, so that every percentile is known."""
    return median_ms * np.linspace(1 - width, 1 + width, count)
