"""A run directory as a run would have left it, second by second, without a socket and without waiting."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from asyncload.call import Outcome, Reply
from asyncload.record import METRICS, Recorder
from asyncload.result import WARMUP, Health, ModelResult, RunResult, SecondResult
from asyncload.store import Facts, RunDirectory

_S = 1_000_000_000
_STARTED_UNIX_NS = 1_795_000_000 * _S


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """A run whose models share the traffic by Zipf's law."""

    models: int = 1000
    seconds: int = 3600
    rate_per_s: int = 1000
    """Of all models together, Poisson."""
    median_ms: float = 20.0
    """Of lognormal service times, about a level that wanders from second to second."""
    seed: int = 1


def write(path: Path, size: Size) -> None:
    """Write the directory of a run; it must not be there."""
    rng = np.random.default_rng(size.seed)
    names, seconds = [f"model-{i:04d}.tar.gz" for i in range(size.models)], size.seconds
    scenario = {"name": "made up", "phases": [{"law": "poisson", "rate": size.rate_per_s, "for": f"{seconds}s"}]}
    digest = f"{size.seed:064x}"
    directory = RunDirectory(path, Facts(scenario, digest, names, [(0, seconds * _S)], _STARTED_UNIX_NS))
    recorder = Recorder(size.models, 0, [])
    rows = asyncio.run(_append(directory, recorder, rng, size))
    everything = [_model(recorder, index, name) for index, name in enumerate([*names, WARMUP])]
    health = Health(_STARTED_UNIX_NS, seconds * _S, seconds * _S, 0)
    directory.finish(RunResult(scenario, digest, tuple(everything[:-1]), everything[-1], tuple(rows), health))


async def _append(
    directory: RunDirectory, recorder: Recorder, rng: np.random.Generator, size: Size
) -> list[SecondResult]:
    weights = np.arange(1, size.models + 1) ** -0.6
    shares = weights / weights.sum()
    rows, level = [], 0.0
    for number in range(size.seconds):
        level = 0.6 * level + rng.normal(0, 0.05)
        calls = int(rng.poisson(size.rate_per_s))
        due_ns = np.sort(rng.integers(number * _S, (number + 1) * _S, calls))
        model = rng.choice(shares.size, calls, p=shares)
        service_ns = (size.median_ms * 1e6 * np.exp(level + 0.4 * rng.normal(0, 1, calls))).astype(np.int64)
        for index, due, took in zip(model.tolist(), due_ns.tolist(), service_ns.tolist(), strict=True):
            sent = due + 50_000
            recorder.record(index, due, Reply(sent, sent + took - 1000, sent + took, Outcome.OK, 17))
        second = recorder.tick()
        outcomes = tuple(second.outcomes.sum(axis=0).tolist())
        rows.append(SecondResult(number, calls, calls, 0, outcomes, second.overall(0), second.overall(2)))
        health = Health(_STARTED_UNIX_NS, (number + 1) * _S, (number + 1) * _S, 0)
        await directory.append(rows[-1], second, health)
    return rows


def _model(recorder: Recorder, index: int, name: str) -> ModelResult:
    histograms = (recorder.total(index, metric) for metric in range(len(METRICS)))
    outcomes = tuple(recorder.outcomes[index].tolist())
    return ModelResult(name, outcomes, int(recorder.received[index]), *histograms, signs=recorder.signs(index))
