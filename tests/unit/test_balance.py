"""balance: every arrival is accounted for, and calls in flight are as many as Little's law asks for."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from asyncload.result import RunResult
from tests.unit.seconds import S, flat, outcomes, result, scenario, second


def run(in_flight: int = 2, length_s: int = 20, service_us: int = 20_000) -> RunResult:
    """100 calls a second of 20 ms: 2 are in flight."""
    rows = [second(number, [service_us] * 100, in_flight) for number in range(length_s)]
    return result([*rows[:-1], replace(rows[-1], in_flight=0)], scenario(flat(length_s)))


def with_last(of: RunResult, **changes: Any) -> RunResult:
    """Change the last second, and the model with its outcomes."""
    last = replace(of.seconds[-1], **changes)
    more = np.array(last.outcomes) - np.array(of.seconds[-1].outcomes)
    model = replace(of.models[0], outcomes=tuple((np.array(of.models[0].outcomes) + more).tolist()))
    return replace(of, seconds=(*of.seconds[:-1], last), models=(model,))


def test_a_run_that_adds_up_is_balanced_without_a_word() -> None:
    found = run().reconciliation
    assert found is not None
    assert (found.planned, found.sent, found.answered, found.balanced, found.why) == (2000, 2000, 2000, True, "")


def test_each_outcome_has_its_place() -> None:
    """Dropped ones were planned and not sent; the others were sent, and each ended in one of four ways."""
    kinds = outcomes(OK=93, THROTTLED=1, TIMEOUT=2, CONNECT=1, PROTOCOL=1, ABANDONED=2, DROPPED=5)
    found = with_last(run(), outcomes=kinds, planned=105).reconciliation
    assert found is not None
    assert found.balanced
    assert (found.dropped, found.answered, found.timed_out, found.failed, found.abandoned) == (5, 1994, 2, 2, 2)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"planned": 101}, "2001 arrivals were planned, but 2000 sent and 0 dropped"),
        ({"sent": 101}, "2001 calls were sent, but 2000 ended"),
    ],
)
def test_what_does_not_add_up_is_a_warning(changes: dict[str, int], words: str) -> None:
    of = with_last(run(), **changes)
    assert of.reconciliation is not None
    assert not of.reconciliation.balanced
    assert words in of.reconciliation.why
    assert of.reconciliation.why in of.verdict.warnings


def test_calls_in_flight_when_a_run_was_killed_are_accounted_for() -> None:
    """Of several ranks nobody knows whose they were, so what is missing is taken for them."""
    of = with_last(run(), sent=102, planned=102, in_flight=2)
    for killed in (replace(of.health, cut=True), replace(of.health, cut=True, ranks=2)):
        found = replace(of, health=killed).reconciliation
        assert found is not None
        assert (found.balanced, found.in_flight) == (True, 2)


def test_a_result_without_all_of_its_seconds_cannot_be_reconciled() -> None:
    of = run()
    assert replace(of, seconds=of.seconds[1:]).reconciliation is None
    assert replace(of, seconds=()).reconciliation is None


@pytest.mark.parametrize(
    ("served", "balanced", "words"),
    [
        (2003, True, "the target served 2003 of 2003 attempts"),
        (2001, True, "the target served 2001 of 2003 attempts; 2 never reached it"),
        (2004, False, "1 more than were sent: others called it"),
        (1999, False, "1 fewer than it answered"),
    ],
)
def test_the_target_may_say_what_it_served(served: int, balanced: bool, words: str) -> None:  # noqa: FBT001
    """At least what it answered, at most every attempt."""
    of = run()
    of = replace(of, models=(replace(of.models[0], retries=3),)).with_served(served)
    assert of.reconciliation is not None
    assert (of.reconciliation.balanced, of.reconciliation.served) == (balanced, served)
    assert words in of.reconciliation.why
    assert any(words in warning for warning in of.verdict.warnings) is not balanced


# -- Little's law -----------------------------------------------------------------------------------------------------


def test_calls_in_flight_are_rate_times_response() -> None:
    found = run(length_s=20).littles_law
    assert found is not None
    assert found.expected == pytest.approx(2, rel=1e-3)
    assert (found.sampled, found.reconciled, found.why) == (1.9, True, "")
    assert found.rate_per_s * found.mean_response_us / 1e6 == pytest.approx(found.expected)


def test_the_last_replies_count_and_the_rest_of_their_second_does_not() -> None:
    """Calls of the last second that end behind the plan's end were in flight before it."""
    rows = [second(number, [20_000] * 98, 2) for number in range(20)]
    of = result([*rows, second(20, [20_000] * 40)], scenario(flat(20)), measured_ns=20 * S)
    assert of.littles_law is not None
    assert of.littles_law.expected == pytest.approx(2, rel=1e-3)
    assert of.littles_law.sampled == 2


@pytest.mark.parametrize(("in_flight", "fits"), [(0, False), (1.2, True), (2.9, True), (4, False)])
def test_ends_of_seconds_may_be_in_step_with_arrivals(in_flight: float, fits: bool) -> None:  # noqa: FBT001
    """One call more or less may be all that a sample ever sees."""
    rows = [
        second(number, [20_000] * 100, round(in_flight * (number + 1)) - round(in_flight * number))
        for number in range(20)
    ]
    found = result(rows, scenario(flat(20))).littles_law
    assert found is not None
    assert found.reconciled is fits


def test_users_in_step_with_each_other_are_no_contradiction() -> None:
    """Twelve looks find all four in flight, who are so for seven tenths of the time."""
    rows = [second(number, [25_700] * 112, 4) for number in range(12)]
    found = result(rows, scenario(flat(12))).littles_law
    assert found is not None
    assert (round(found.expected, 2), found.sampled) == (2.88, 4)
    assert found.reconciled


@pytest.mark.parametrize("in_flight", [10, 40])
def test_more_calls_in_flight_than_ended_are_a_warning(in_flight: int) -> None:
    """Calls that somebody lost."""
    of = run(in_flight)
    assert of.littles_law is not None
    assert not of.littles_law.reconciled
    assert f"asks for 2, seen were {of.littles_law.sampled:.3g} [" in of.littles_law.why
    assert of.littles_law.why in of.verdict.warnings


def test_fewer_calls_in_flight_than_ended_are_a_warning() -> None:
    """Times that somebody counted too long."""
    of = run(5, service_us=200_000)
    assert of.littles_law is not None
    assert "asks for 20" in of.littles_law.why


def test_lateness_may_or_may_not_be_in_flight() -> None:
    """A call waits for its connection in flight, and for the loop before: either is right."""
    late = [second(number, [200_000] * 100, 5) for number in range(20)]
    rows = [replace(row, lateness=second(0, [150_000] * 100).response) for row in late]
    found = result(rows, scenario(flat(20))).littles_law
    assert found is not None
    assert found.reconciled


def test_calls_without_a_duration_may_be_in_flight_too() -> None:
    """Errors have none: then rate times response is only what the others need."""
    rows = [second(number, [20_000] * 100, 9) for number in range(20)]
    failed = [replace(row, outcomes=outcomes(OK=100, SERVER_ERROR=30), planned=130, sent=130) for row in rows]
    found = result(failed, scenario(flat(20))).littles_law
    assert found is not None
    assert found.reconciled


def test_a_few_seconds_are_no_sample() -> None:
    assert run(length_s=9).littles_law is None
    empty = result([second(number, []) for number in range(20)], scenario(flat(20)))
    assert empty.littles_law is None


def test_the_warm_up_is_left_out() -> None:
    """Its calls were in flight, but in other seconds."""
    rows = [second(number, [20_000] * 100, 50 if number < 5 else 2) for number in range(25)]
    of = result(rows, scenario(flat(5, warmup=True), flat(20)), measured_ns=20 * S)
    assert of.littles_law is not None
    assert of.littles_law.sampled == 2


def test_a_cool_down_is_left_out() -> None:
    """What ends in a warm-up phase behind the measured ones is of that phase, nearly all of it."""
    rows = [
        second(number, [20_000] * (100 if number < 20 else 1000), 2 if number < 20 else 900) for number in range(30)
    ]
    of = result(rows, scenario(flat(20), flat(10, rate="1000/s", warmup=True)), measured_ns=20 * S)
    assert of.littles_law is not None
    assert (of.littles_law.rate_per_s, of.littles_law.sampled) == (100, 2)


def test_of_seconds_that_are_not_all_there_nothing_is_said() -> None:
    """A page that was too slow for some of them: what was sent in one may have ended in another."""
    whole = run()
    rest = tuple(row for row in whole.seconds if row.second != 7)
    model = replace(whole.models[0], outcomes=outcomes(OK=1900))
    assert replace(whole, seconds=(replace(rest[0], sent=90), *rest[1:]), models=(model,)).reconciliation is None
    assert whole.reconciliation is not None
