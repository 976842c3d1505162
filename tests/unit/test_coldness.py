"""bench.coldness: cold calls are told from others as docs/measuring.md says; from fixed seeds, so each time alike."""

from dataclasses import replace

import pytest

from bench.coldness import judge
from bench.residency import Endpoint, simulate

THRASH = Endpoint(length_s=300.0)
RESIDENT = Endpoint(loaded=True, memory=10**6, rate_per_s=100.0, length_s=200.0)


@pytest.mark.parametrize(
    "endpoint",
    [THRASH, replace(THRASH, sigma=0.3), replace(THRASH, zipf=0.0, rate_per_s=6.0), replace(THRASH, sigma=0.8)],
)
def test_cold_calls_are_found(endpoint: Endpoint) -> None:
    """Where loads go on all the time: precision and recall of at least 95 %, also if nearly all calls are cold."""
    score = judge(simulate(endpoint), endpoint.models)
    assert score.hits + score.misses > 400
    assert score.precision >= 0.95
    assert score.recall >= 0.95


@pytest.mark.parametrize(
    "endpoint",
    [
        RESIDENT,
        replace(RESIDENT, sigma=1.0),
        replace(RESIDENT, sigma=1.0, zipf=0.0, length_s=30.0),
        replace(RESIDENT, sigma=1.0, heavy=0.5),
        replace(RESIDENT, sigma=1.0, models=2),
        replace(RESIDENT, stall_s=(60.0, 61.0)),
        replace(RESIDENT, workers=2, rate_per_s=330.0, length_s=100.0),
    ],
)
def test_without_evictions_hardly_any_call_is_said_to_be_cold(endpoint: Endpoint) -> None:
    """Fewer than one in a thousand: with wide scatter, few calls, models of 4 and 400 ms, a stall, a queue."""
    score = judge(simulate(endpoint), endpoint.models)
    assert score.calls > 1000
    assert not score.doubt
    assert score.false_alarm_share < 0.001


def test_if_no_call_is_warm_nothing_is_said() -> None:
    """Loads queue for half a minute, 99 % of the calls are cold."""
    overloaded = replace(THRASH, rate_per_s=30.0)
    assert judge(simulate(overloaded), overloaded.models).doubt
