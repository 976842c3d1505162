"""crosscheck.hidden: a stall found second by second, and in words what it means."""

import numpy as np

from asyncload.call import Outcome
from asyncload.crosscheck.hidden import hidden
from asyncload.crosscheck.latencies import Latencies
from asyncload.crosscheck.takes import Pair, Take
from asyncload.histogram import Histogram
from asyncload.measured import SecondResult
from tests.unit.crosschecks import spread_ms, take

NONE = Histogram.empty()
CORRECTED = Latencies.of_ms(np.array([20.0] * 90 + [1500.0] * 10))


def second(number: int, values_ms: list[float]) -> SecondResult:
    """A second in which calls of these durations ended."""
    outcomes = [0] * len(Outcome)
    outcomes[Outcome.OK] = len(values_ms)
    ended = Histogram.of_us((np.array(values_ms) * 1000).astype(np.int64))
    return SecondResult(number, len(values_ms), len(values_ms), 0, tuple(outcomes), ended, NONE)


def ours(*seconds: list[float], doubt: str = "") -> Take:
    rows = tuple(second(number, values) for number, values in enumerate(seconds))
    return take("asyncload", spread_ms(20.0), seconds=rows, callers=CORRECTED, rate_per_s=200.0, doubt=doubt)


def theirs(*long_ms: float) -> Take:
    return take("Locust", np.concatenate([spread_ms(20.0), np.array(long_ms)]))


ORDINARY = [20.0] * 200
STALLED = [2000.0] * 10 + [20.0] * 50


def test_a_stall_is_calls_that_were_held_up_together() -> None:
    """Which pair and second, how long, how many; in the second in which they ended, the warm-up not counted."""
    pairs = [
        Pair(1, ours(ORDINARY, ORDINARY, ORDINARY), theirs(), "asyncload"),
        Pair(2, ours(ORDINARY, ORDINARY, [], STALLED), theirs(), "Locust"),
    ]
    found = hidden(pairs, users=10, warmup_s=1.0).stall
    assert found is not None
    assert (found.pair, found.second, found.held) == (2, 2, 10)
    assert 2000 <= found.length_ms < 2003


def test_in_a_closed_loop_the_words_set_callers_on_schedule_beside_the_users() -> None:
    """Users met it once each; Locust's percentile as it prints it; Little's law; the corrected percentile."""
    pairs = [Pair(1, ours(ORDINARY, ORDINARY, [], STALLED), theirs(*[1990.0] * 7), "asyncload")]
    words = hidden(pairs, users=10, warmup_s=1.0).words
    assert "Each of the 10 users met it with one call at most" in words
    assert "10 of 800 calls show it" in words
    assert "with 7 of 807 calls, and prints a p99 of 22 ms" in words
    assert "some 400 callers would have come in those 2 s and waited 1 s on the average" in words
    assert "p99 is 1.5 s, 68 times as much" in words


def test_on_the_plans_due_times_the_words_say_what_a_closed_loop_would_have_shown() -> None:
    """All who came waited and are counted; a closed loop of the same rate has as many calls as it has users."""
    held = [float(ms) for ms in np.linspace(260, 2000, 348)]
    pairs = [Pair(1, ours(ORDINARY, ORDINARY, [], held), theirs(), "asyncload")]
    words = hidden(pairs, users=0, warmup_s=1.0).words
    assert "348 of 800 waited for its end" in words
    assert "None of Locust's runs met one" in words
    assert "needs 4 users (200/s x 20 ms, Little's law)" in words
    assert "in 4 calls" in words


def test_one_long_call_is_no_stall() -> None:
    """A lost packet holds up one call, and nobody else."""
    pairs = [Pair(1, ours(ORDINARY, ORDINARY, [*ORDINARY, 2000.0]), theirs(), "asyncload")]
    assert hidden(pairs, users=10, warmup_s=1.0).stall is None


def test_a_stall_in_the_warm_up_or_of_the_generator_itself_does_not_count() -> None:
    """The first is not measured, the second may be this machine's."""
    early = Pair(1, ours(STALLED, ORDINARY, ORDINARY), theirs(), "asyncload")
    own = Pair(2, ours(ORDINARY, ORDINARY, STALLED, doubt="the generator stood still"), theirs(), "Locust")
    assert hidden([early, own], users=10, warmup_s=1.0).stall is None


def test_without_a_stall_one_sentence_says_what_would_be_hidden() -> None:
    """Both for users who wait and for due times."""
    pairs = [Pair(1, ours(ORDINARY, ORDINARY), theirs(), "asyncload")]
    closed, replayed = (hidden(pairs, users=users, warmup_s=1.0).words for users in (4, 0))
    assert "One of 2 s would show in one call of each of the 4 users, too few to move p99" in closed
    assert "some 400 callers would come meanwhile" in closed
    assert "the 400 calls that fall due meanwhile" in replayed
    assert "has 4 users" in replayed
    assert "10 of 800" in hidden(pairs, users=10, warmup_s=1.0).words
