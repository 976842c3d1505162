"""crosscheck.takes: what is compared of a run, and whether the run may be compared at all."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from asyncload.call import Outcome
from asyncload.crosscheck.takes import Pair, Take, take_of_locust, take_of_result, usable
from asyncload.formats.locust.entry import Entry
from asyncload.histogram import Histogram
from asyncload.locust.headless import HeadlessRun, Window
from asyncload.result import WARMUP, Health, ModelResult, RunResult
from tests.unit.crosschecks import spread_ms, take

S = 1_000_000_000


def model(name: str, ok: int, failed: int = 0, late_us: int = 100) -> ModelResult:
    """Calls of 5 ms service each, sent that late."""
    outcomes = [0] * len(Outcome)
    outcomes[Outcome.OK], outcomes[Outcome.MODEL_ERROR] = ok, failed
    service, response, lateness = (Histogram.of_us(np.full(ok, us)) for us in (5_000, 5_000 + late_us, late_us))
    return ModelResult(name, tuple(outcomes), 0, response, service, lateness, service)


def run_of(*models: ModelResult, **health: Any) -> RunResult:
    readings: dict[str, Any] = {
        "started_unix_ns": 10**18, "elapsed_ns": 5 * S, "measured_ns": 4 * S, "send_tail_ns": 0,
        "cpu_ns": S // 10, "cpu_share": 0.02,
    }  # fmt: skip
    return RunResult({"name": "test"}, "", models, model(WARMUP, 200), (), Health(**(readings | health)))


def locust_run(calls: int, cpu_s: float, kept_share: float = 0.0) -> HeadlessRun:
    entries = tuple(
        Entry(
            method="POST", name=name, requests=count, untimed=0, failures=failed, total_ms=5.2 * count, least_ms=5.2,
            most_ms=5.2, received_bytes=0, start_s=0.0, last_s=4.0, response_times={5.2: count}, per_second={},
            failures_per_second={},
        )
        for name, count, failed in (("a", calls * 3 // 4, 1), ("b", calls // 4, 0))
    )  # fmt: skip
    window = Window(began_unix_s=1.0, ended_unix_s=5.0, calls=calls, cpu_s=cpu_s, kept_share=kept_share)
    return HeadlessRun(
        version="2.47.0", entries=entries, window=window, users=4, cpu_warning=False, cpu_s=cpu_s + 1, log=Path("log")
    )


def test_service_times_and_counts_are_taken_from_a_result() -> None:
    """Service, not response; calls per model; failures; CPU time over all calls, the warm-up's included."""
    found = take_of_result(run_of(model("a", 590, failed=10), model("b", 200)))
    assert found.calls == {"a": 600, "b": 200}
    assert (found.failed, found.count, found.rate_per_s) == (10, 800, 200.0)
    assert found.latencies.percentile_ms(0.5) == pytest.approx(5.0, abs=0.01)
    assert found.callers is not None
    assert found.callers.percentile_ms(0.5) == pytest.approx(5.1, abs=0.01)
    assert found.cpu_ms == pytest.approx(100 / 1000)
    assert found.doubt == ""


def test_lateness_is_a_doubt_where_the_generator_was_busy_and_none_where_it_was_kept_waiting() -> None:
    """Service times of a generator that others kept waiting are compared; one that was at work measured itself."""
    late = model("a", 2000, late_us=9_000)
    assert not run_of(late).verdict.valid
    assert take_of_result(run_of(late)).doubt == ""
    assert "sent late" in take_of_result(run_of(late, cpu_share=0.7)).doubt
    assert "stood still" in take_of_result(run_of(late, longest_stall_ns=S)).doubt


@pytest.mark.parametrize("side", ["asyncload", "Locust"])
def test_a_generator_that_others_kept_from_its_core_is_in_doubt(side: str) -> None:
    """5 % of the time is the limit, for either."""

    def found(kept_share: float) -> Take:
        if side == "Locust":
            return take_of_locust(locust_run(800, 0.4, kept_share))
        return take_of_result(run_of(model("a", 800)), kept_share)

    assert found(0.04).doubt == ""
    assert "kept it from its core for 8% of the time" in found(0.08).doubt
    assert found(0.04).kept_ms == pytest.approx(0.04 * 4000 / 800)


def test_locusts_own_statistics_are_taken_as_they_are() -> None:
    """Its rows, its counts of calls by latency, and its CPU time between the two ends of what is measured."""
    found = take_of_locust(locust_run(800, 0.4))
    assert found.calls == {"a": 600, "b": 200}
    assert (found.failed, found.rate_per_s, found.cpu_share) == (1, 200.0, 0.1)
    assert found.cpu_ms == pytest.approx(0.5)
    assert found.latencies.counts == {5.2: 800}


def test_locust_at_the_end_of_its_core_is_in_doubt() -> None:
    """From 90 % on it warns itself that its numbers may be wrong."""
    assert take_of_locust(locust_run(800, 3.5)).doubt == ""
    assert "95% of its core" in take_of_locust(locust_run(800, 3.8)).doubt


def test_a_pair_is_used_if_neither_side_is_in_doubt() -> None:
    """And says whose doubt it is."""
    fine, sick = take("asyncload", spread_ms(5.0)), take("Locust", spread_ms(5.0), doubt="it is tired")
    good, bad = Pair(1, fine, take("Locust", spread_ms(5.0)), "asyncload"), Pair(2, fine, sick, "Locust")
    assert usable([good, bad]) == [good]
    assert bad.doubt == "Locust: it is tired"
