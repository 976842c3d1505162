"""Runs made up second by second, with latencies as endpoints have them; no call is made one by one, so it is fast."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asyncload.call import Outcome
from asyncload.formats.recording import Recording
from asyncload.histogram import Histogram
from asyncload.history import History
from asyncload.measured import WARMUP, Health, ModelResult, SecondResult, total
from asyncload.result import RunResult

S = 1_000_000_000
EMPTY = Histogram.empty()


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """What the calls of a run meet."""

    seconds: int = 60
    warmup_s: int = 0
    rates_per_s: Mapping[str, float] = field(default_factory=lambda: {"a.tar.gz": 60.0, "b.tar.gz": 30.0})
    median_us: float = 20_000.0
    sigma: float = 0.5
    level_sigma: float = 0.05
    """Of the level about which a second's latencies lie, on the log scale."""
    level_memory: float = 0.6
    """Autocorrelation of the level between one second and the next."""
    stalls_per_s: float = 0.0
    """Times that the endpoint stands still."""
    stall_us: float = 800_000.0
    """For how long calls of such a second wait at most."""
    slower: Mapping[str, float] = field(default_factory=dict)
    """By which factor a model is slower."""
    errors: float = 0.0
    """Share of calls that fail."""


def made(endpoint: Endpoint, seed: int, *, digest: str = "", directory: bool = True) -> Recording:
    """Make one run up."""
    rng = np.random.default_rng(seed)
    names = list(endpoint.rates_per_s)
    level = _levels(endpoint, rng)
    stalled = rng.random(endpoint.seconds + endpoint.warmup_s) < endpoint.stalls_per_s
    history: list[tuple[int, dict[int, ModelResult]]] = []
    for second in range(endpoint.warmup_s + endpoint.seconds):
        warm = second < endpoint.warmup_s
        targets = {}
        for index, name in enumerate(names):
            n = int(rng.poisson(endpoint.rates_per_s[name]))
            failed = int(rng.binomial(n, endpoint.errors))
            if n:
                latencies = _latencies(endpoint, rng, n - failed, level[second], endpoint.slower.get(name, 1.0))
                if stalled[second]:
                    latencies += rng.uniform(0, endpoint.stall_us, latencies.size)
                targets[len(names) if warm else index] = _model(WARMUP if warm else name, latencies, failed)
        history.append((second, targets))
    return _recording(endpoint, names, history, digest or f"{seed:064x}", directory=directory)


def _levels(endpoint: Endpoint, rng: np.random.Generator) -> NDArray[np.float64]:
    memory = endpoint.level_memory
    shocks = rng.normal(0, endpoint.level_sigma * np.sqrt(1 - memory**2), endpoint.seconds + endpoint.warmup_s)
    level = np.empty_like(shocks)
    level[0] = rng.normal(0, endpoint.level_sigma)
    for second in range(1, level.size):
        level[second] = memory * level[second - 1] + shocks[second]
    return level


def _latencies(
    endpoint: Endpoint, rng: np.random.Generator, n: int, level: float, factor: float
) -> NDArray[np.float64]:
    latencies: NDArray[np.float64] = endpoint.median_us * factor * np.exp(level + rng.normal(0, endpoint.sigma, n))
    return latencies


def _model(name: str, latencies: NDArray[np.float64], failed: int) -> ModelResult:
    response = Histogram.of_us(latencies.astype(np.int64))
    outcomes = [0] * len(Outcome)
    outcomes[Outcome.OK], outcomes[Outcome.SERVER_ERROR] = latencies.size, failed
    late = Histogram.of_us(np.full(latencies.size, 50))
    return ModelResult(name, tuple(outcomes), 17 * latencies.size, response, response, late, response)


def _recording(
    endpoint: Endpoint,
    names: Sequence[str],
    history: Sequence[tuple[int, Mapping[int, ModelResult]]],
    digest: str,
    *,
    directory: bool,
) -> Recording:
    models = [
        total(name, [targets[index] for _, targets in history if index in targets])
        for index, name in enumerate([*names, WARMUP])
    ]
    rows = [_second(second, list(targets.values())) for second, targets in history]
    begin, end = endpoint.warmup_s * S, (endpoint.warmup_s + endpoint.seconds) * S
    health = Health(1_795_000_000 * S, end, end - begin, 0)
    warmup = [{"rate": 1, "for": f"{endpoint.warmup_s}s", "warmup": True}] if endpoint.warmup_s else []
    scenario: dict[str, Any] = {"name": "made up", "phases": [*warmup, {"rate": 1, "for": f"{endpoint.seconds}s"}]}
    result = RunResult(scenario, digest, tuple(models[:-1]), models[-1], tuple(rows), health)
    return Recording(result, History(((begin, end),), 0, 1, list(history)) if directory else None)


def _second(second: int, models: Sequence[ModelResult]) -> SecondResult:
    everything = total("", models)
    return SecondResult(
        second, everything.calls, everything.sent, 0, everything.outcomes, everything.response, everything.lateness
    )
