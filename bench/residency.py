"""
A multi-model endpoint on paper: which of a stream of calls find their model in memory, and when each ends.

Models are loaded when they are called, a few at a time, and the one used least recently makes room. Calls of a model
that is being loaded wait for it and share the load; every other call is served at once. Waits beyond 60 s end
NOT_READY.
"""

import heapq
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from asyncload.call import Outcome

S = 1_000_000_000
_NOT_READY_NS = 60 * S
_FETCH_SIGMA, _LOAD_SIGMA = 0.4, 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """What is called, and how often."""

    models: int = 990
    memory: int = 60
    """Models that fit."""
    loaded: bool = False
    """Whether all models are in memory from the start."""
    zipf: float = 1.1
    """Popularity; 0 is uniform."""
    rate_per_s: float = 15.0
    length_s: float = 600.0
    median_ms: tuple[float, float] = (4.0, 8.0)
    """Each model's own median service time is drawn between these."""
    sigma: float = 0.4
    floor_ms: float = 0.0
    """What every call takes besides, for network and platform."""
    heavy: float = 0.0
    """Share of models with a median of 400 ms."""
    fetch_ms: float = 200.0
    load_ms: float = 350.0
    loads_at_once: int = 4
    workers: int = 0
    """Calls in service at once; others queue. 0: as many as come."""
    stall_s: tuple[float, float] | None = None
    """From when to when nothing is served."""
    seed: int = 7


@dataclass(frozen=True, slots=True)
class Calls:
    """
    Calls in the order in which they ended, with the truth about each.

    **Shape**: int64[n] each, cold bool[n]. **Units**: ns.
    """

    model: NDArray[np.int64]
    sent_ns: NDArray[np.int64]
    last_ns: NDArray[np.int64]
    outcome: NDArray[np.int64]
    cold: NDArray[np.bool_]
    """Whether its model was not in memory, or not whole, when the call arrived."""


def simulate(endpoint: Endpoint) -> Calls:
    """Draw calls and let the endpoint answer them."""
    rng = np.random.default_rng(endpoint.seed)
    number = int(rng.poisson(endpoint.rate_per_s * endpoint.length_s))
    sent_ns = np.sort(rng.integers(0, int(endpoint.length_s * S), number)) + S
    weights = np.arange(1, endpoint.models + 1) ** -endpoint.zipf
    model = rng.choice(endpoint.models, number, p=weights / weights.sum())
    median_ms = np.exp(rng.uniform(np.log(endpoint.median_ms[0]), np.log(endpoint.median_ms[1]), endpoint.models))
    median_ms[rng.random(endpoint.models) < endpoint.heavy] = 400.0
    own_ms = median_ms[model] * np.exp(endpoint.sigma * rng.standard_normal(number))
    service_ns = ((endpoint.floor_ms * rng.lognormal(0, 0.1, number) + own_ms) * 1e6).astype(np.int64)
    ready_ns = _ready(endpoint, model, sent_ns, rng)
    last_ns = _served(endpoint, np.maximum(ready_ns, sent_ns), service_ns)
    refused = ready_ns - sent_ns > _NOT_READY_NS
    last_ns[refused] = sent_ns[refused] + _NOT_READY_NS
    order = np.argsort(last_ns, kind="stable")
    outcome = np.where(refused, Outcome.NOT_READY, Outcome.OK).astype(np.int64)
    cold = ready_ns > sent_ns
    return Calls(model[order], sent_ns[order], last_ns[order], outcome[order], cold[order])


def _ready(
    endpoint: Endpoint, model: NDArray[np.int64], sent_ns: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.int64]:
    """When the model of each call is in memory."""
    memory = OrderedDict.fromkeys(range(endpoint.models if endpoint.loaded else 0), 0)
    slots = [0] * endpoint.loads_at_once
    ready_ns = np.empty(model.size, np.int64)
    for i, (one, now_ns) in enumerate(zip(model.tolist(), sent_ns.tolist(), strict=True)):
        if one not in memory:
            _make_room(memory, endpoint.memory, now_ns)
            fetch, load = np.exp((_FETCH_SIGMA, _LOAD_SIGMA) * rng.standard_normal(2))
            took_ns = int((endpoint.fetch_ms * fetch + endpoint.load_ms * load) * 1e6)
            memory[one] = max(now_ns, heapq.heappop(slots)) + took_ns
            heapq.heappush(slots, memory[one])
        memory.move_to_end(one)
        ready_ns[i] = memory[one]
    return ready_ns


def _make_room(memory: "OrderedDict[int, int]", fit: int, now_ns: int) -> None:
    """Unload what was used least recently; a model that is being loaded stays."""
    while len(memory) >= fit:
        oldest = next((model for model, ready_ns in memory.items() if ready_ns <= now_ns), None)
        if oldest is None:
            return
        del memory[oldest]


def _served(endpoint: Endpoint, begin_ns: NDArray[np.int64], service_ns: NDArray[np.int64]) -> NDArray[np.int64]:
    """When each call ends that could begin then."""
    if endpoint.stall_s is not None:
        from_ns, until_ns = (int(at_s * S) + S for at_s in endpoint.stall_s)
        begin_ns = np.where((begin_ns >= from_ns) & (begin_ns < until_ns), until_ns, begin_ns)
    if not endpoint.workers:
        return begin_ns + service_ns
    free_ns = [0] * endpoint.workers
    last_ns = np.empty(begin_ns.size, np.int64)
    for i in np.argsort(begin_ns, kind="stable").tolist():
        last_ns[i] = max(begin_ns[i], heapq.heappop(free_ns)) + service_ns[i]
        heapq.heappush(free_ns, int(last_ns[i]))
    return last_ns
