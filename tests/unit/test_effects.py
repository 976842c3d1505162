"""effects and course: the measured seconds as columns, and what their calls are worth."""

from dataclasses import replace

import numpy as np
import pytest

from asyncload.course import Course
from asyncload.effects import Effects
from asyncload.histogram import Histogram
from asyncload.result import RunResult
from asyncload.spans import stretches
from asyncload.statistics.ranks import needed
from tests.unit.seconds import S, flat, outcomes, result, scenario, second

RNG = np.random.default_rng(12)


def independent(length_s: int = 120, calls: int = 100) -> RunResult:
    rows = [second(number, RNG.lognormal(9, 0.4, calls).astype(np.int64)) for number in range(length_s)]
    return result(rows, scenario(flat(length_s)))


def stalled() -> RunResult:
    """One second of 120 in which every call waits: 0.83 % of them."""
    of = independent()
    rows = list(of.seconds)
    rows[70] = second(70, [900_000] * 100)
    return result(rows, of.scenario)


def test_columns_are_what_the_seconds_say() -> None:
    of = result([second(0, [1000, 2000, 9000]), second(1, []), second(2, [1000])], scenario(flat(3)))
    course = Course(of.seconds, stretches(of.scenario, of.health), "response")
    assert course.calls.tolist() == [3, 0, 1]
    assert course.up_to(0.75).tolist() == [2, 0, 1]
    assert course.up_to(0.25).tolist() == [0.5, 0, 0.5]
    assert course.up_to(0.5, np.array([0])).tolist() == [1.5]
    assert course.up_to(0.5, np.array([1])).tolist() == [0]
    assert course.sums_us == pytest.approx([12_000, 0, 1000], rel=1e-3)
    assert course.medians_us[[0, 2]] == pytest.approx([2000, 1000], rel=1e-3)
    assert np.isnan(course.medians_us[1])
    assert course.whole.count == 4
    assert course.together(np.array([0])).count == 3


def test_seconds_of_the_warm_up_are_left_out_and_those_behind_the_end_are_not() -> None:
    """The last replies come behind the last phase; they were measured."""
    rows = [second(number, [1000 * (number + 1)]) for number in range(12)]
    of = result(rows, scenario(flat(4, warmup=True), flat(6)), measured_ns=6 * S)
    course = Course(of.seconds, stretches(of.scenario, of.health), "response")
    assert [row.second for row in course.rows] == [4, 5, 6, 7, 8, 9, 10, 11]
    assert course.full == 7


def test_a_day_is_a_few_thousand_columns() -> None:
    """Several seconds count as one: all their calls, and what was in flight at the end of the last."""
    rows = [second(number, [1000, 2000], number) for number in range(10_000)]
    course = Course(rows, stretches(scenario(flat(10_000)), result([], {}, measured_ns=10_000 * S).health), "response")
    assert course.length_s == 3
    assert len(course.rows) == 3334
    assert course.calls.sum() == 20_000
    assert course.calls[:-1].tolist() == [6.0] * 3333
    assert (course.rows[0].in_flight, course.rows[0].planned) == (2, 6)


def test_independent_calls_are_worth_nearly_all_of_themselves() -> None:
    of = independent()
    for estimate in of.estimates(of.totals, "response", [0.5, 0.9, 0.99]):
        assert 0.6 < estimate.effective_calls / estimate.calls <= 1
        assert estimate.supported


def test_a_percentile_that_rests_on_one_stall_is_not_supported() -> None:
    """99 % of 12,000 calls would do, if they were not all of one second; the median does not mind."""
    of = stalled()
    p50, p99, p999 = of.estimates(of.totals, "response", [0.5, 0.99, 0.999])
    assert p50.supported
    assert p99.effective_calls < needed(0.99)
    assert not p99.supported
    assert not p999.supported
    assert p999.calls == 12_000


def test_service_takes_the_effects_of_response_and_lateness_its_own() -> None:
    of = stalled()
    q = [0.999]
    effective = {
        metric: of.estimates(of.totals, metric, q)[0].effective_calls
        for metric in ("response", "service", "ttfb", "lateness")
    }
    assert effective["service"] == effective["ttfb"] == effective["response"]
    assert effective["lateness"] > effective["response"] * 10


def test_a_target_of_a_hundredth_of_the_calls_is_hurt_a_hundredth_as_much() -> None:
    of = stalled()
    few = replace(of.totals, response=Histogram.of_us(np.arange(1, 121)))
    (whole,) = of.estimates(of.totals, "response", [0.999])
    (part,) = of.estimates(few, "response", [0.999])
    assert whole.effective_calls / whole.calls < 0.1
    assert part.effective_calls / part.calls > 0.3


def test_effects_are_the_same_wherever_a_result_is_read() -> None:
    """From its JSON, and of ranks that were merged, whose seconds are those of both."""
    of = stalled()
    again = RunResult.from_json(of.to_json())
    assert again.estimates(again.totals, "response", [0.9]) == of.estimates(of.totals, "response", [0.9])
    both = of.merge(of)
    alone, merged = (run.estimates(run.totals, "response", [0.999])[0] for run in (of, both))
    assert merged.calls == 2 * alone.calls
    assert merged.effective_calls == pytest.approx(alone.effective_calls, rel=0.05)


def test_failures_in_one_second_are_one_event() -> None:
    """A hundred of 12,000 spread over all seconds are known to a fifth; in one second, hardly at all."""
    of = independent()
    spread = [replace(row, outcomes=outcomes(OK=99, SERVER_ERROR=1)) for row in of.seconds]
    at_once = [
        replace(row, outcomes=outcomes(OK=0, SERVER_ERROR=100) if row.second == 50 else row.outcomes)
        for row in of.seconds
    ]
    shares = []
    for rows in (spread, at_once):
        failed = sum(sum(row.outcomes) - row.outcomes[0] for row in rows)
        model = replace(of.models[0], outcomes=outcomes(OK=12_000 - failed, SERVER_ERROR=failed))
        shares.append(replace(of, seconds=tuple(rows), models=(model,)).failures(model))
    assert shares[0].effective_calls > 10_000
    assert shares[1].effective_calls < 300
    assert shares[1].low < shares[1].value < shares[1].high
    assert of.failures(of.totals).value == 0


def test_a_run_without_seconds_is_worth_what_three_would_be() -> None:
    of = replace(independent(), seconds=())
    (found,) = of.estimates(of.totals, "response", [0.5])
    assert found.effective_calls / found.calls == pytest.approx(0.434, abs=0.001)


def test_an_effect_is_computed_once() -> None:
    of = stalled()
    effects = Effects(
        Course(of.seconds, stretches(of.scenario, of.health), "response"), stretches(of.scenario, of.health)
    )
    assert effects.at(0.9) is effects.at(0.9)
