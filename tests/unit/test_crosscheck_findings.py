"""crosscheck.findings: one number of both sides, its difference, what is allowed, an answer."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from asyncload.crosscheck.findings import Finding, compared, compared_models
from asyncload.crosscheck.takes import Pair
from tests.unit.crosschecks import REPLAYED, pairs_of, spread_ms, take


def found(pairs: Sequence[Pair], metric: str, users: int = 0) -> Finding:
    return next(one for one in compared(pairs, replace(REPLAYED, users=users)) if one.metric == metric)


def shifted(theirs_ms: float, scatter_ms: float = 0.02, ours_ms: float = 20.0) -> list[Pair]:
    """Five pairs whose median differs by so much, give or take."""
    return pairs_of(
        5,
        lambda _: take("asyncload", spread_ms(ours_ms)),
        lambda number: take("Locust", spread_ms(theirs_ms + scatter_ms * (number - 3))),
    )


@pytest.mark.parametrize(
    ("theirs_ms", "answer", "why"),
    [
        (20.2, "AGREE", "Locust's own work"),
        (19.4, "AGREE", "3 % lower"),
        (22.0, "DIFFER", "10 % higher"),
        (18.0, "DIFFER", "10 % lower"),
        (21.27, "CANNOT TELL", "the interval lies across what is allowed: 5 % and Locust's own work"),
    ],
)
def test_the_answer_follows_from_where_the_interval_lies(theirs_ms: float, answer: str, why: str) -> None:
    """Inside of what is allowed, outside of it, or across its edge."""
    assert found(shifted(theirs_ms), "p50").answer == answer, why


def test_scatter_makes_an_answer_impossible_and_the_advice_says_how_many_repeats() -> None:
    """The same means with wide scatter: no answer, but what to do about it."""
    one = found(shifted(20.2, scatter_ms=1.2), "p50")
    assert one.answer == "CANNOT TELL"
    assert "repeats" in one.why
    wild = found(shifted(20.2, scatter_ms=6.0), "p50")
    assert "scatter too widely" in wild.why


def test_numbers_and_intervals_are_those_of_the_pairs() -> None:
    """Means of both sides, of the difference, and an interval about it that is wider where it must be surer."""
    one = found(shifted(22.0, scatter_ms=0.1), "p50")
    assert [one.ours, one.theirs] == pytest.approx([20.0, 22.0], abs=0.02)
    assert one.difference == pytest.approx(2.0, abs=0.02)
    assert one.sure.low < one.interval.low < 2.0 < one.interval.high < one.sure.high
    assert one.interval.high - one.interval.low == pytest.approx(2 * 2.131847 * 0.1 * 2.5**0.5 / 5**0.5, rel=0.1)


def test_what_is_allowed_is_five_per_cent_and_the_generators_work() -> None:
    """Of 20 ms, 1 ms to either side, and for Locust's own work some more above."""
    allowed = found(shifted(20.0), "p50").allowed
    assert -1.0 < allowed.low < -0.9
    assert 1.2 < allowed.high < 1.4


def test_percentiles_that_rest_on_few_calls_are_not_compared() -> None:
    """800 calls have 8 above p99: it cannot be told, and the advice says how long a run must be."""
    one = found(shifted(25.0), "p99")
    assert one.answer == "CANNOT TELL"
    assert "8 calls" in one.why
    assert "5 s" in one.why
    assert found(shifted(25.0), "p95").answer == "DIFFER"


def test_percentiles_of_runs_with_failures_are_not_compared() -> None:
    """Locust counts the latencies of failed calls among the others, asyncload does not."""
    pairs = pairs_of(
        5, lambda _: take("asyncload", spread_ms(20.0)), lambda _: take("Locust", spread_ms(25.0), failed=16)
    )
    one = found(pairs, "p50")
    assert (one.answer, "2.0%" in one.why) == ("CANNOT TELL", True)


@pytest.mark.parametrize(("failed", "answer"), [(0, "AGREE"), (1, "AGREE"), (80, "DIFFER")])
def test_failures_are_compared_in_percentage_points(failed: int, answer: str) -> None:
    """One failure in 800 calls is within half a point; one in ten is not."""
    pairs = pairs_of(
        5,
        lambda _: take("asyncload", spread_ms(20.0)),
        lambda number: take("Locust", spread_ms(20.0), failed=failed + (failed > 1) * (number - 3)),
    )
    one = found(pairs, "failures")
    assert one.answer == answer
    assert one.theirs == pytest.approx(failed / 8)


def test_in_a_closed_loop_locusts_work_may_lower_its_throughput() -> None:
    """Ten users of an endpoint that takes 5 ms: 0.45 ms of work in each turn is a tenth of the rate, and is allowed."""
    ours, theirs = 10 / 0.0052, 10 / 0.0057
    pairs = pairs_of(
        5,
        lambda _: take("asyncload", spread_ms(5.2), rate_per_s=ours),
        lambda number: take("Locust", spread_ms(5.4), rate_per_s=theirs + number, cpu_share=0.8),
    )
    assert found(pairs, "throughput", users=10).answer == "AGREE"
    assert found(pairs, "throughput", users=0).answer == "DIFFER"


@pytest.mark.parametrize(
    ("theirs", "answer", "why"),
    [
        ({"a": 600, "b": 200}, "AGREE", "as asked"),
        ({"a": 534, "b": 266}, "DIFFER", "2 : 1 instead of 3 : 1"),
        ({"a": 600, "b": 200, "stray": 1}, "DIFFER", "a model that nobody asked for"),
        ({"a": 600}, "DIFFER", "one was never called"),
    ],
)
def test_calls_per_model_are_held_against_the_weights(theirs: dict[str, int], answer: str, why: str) -> None:
    """Chi-square of each side against 3 : 1, and of one against the other."""
    pairs = pairs_of(
        5,
        lambda _: take("asyncload", spread_ms(20.0)),
        lambda _: take("Locust", spread_ms(20.0), calls=theirs),
    )
    models = compared_models(pairs, REPLAYED)
    assert models.answer == answer, why
    if "stray" in theirs:
        assert models.p == 0.0


def test_the_model_that_is_furthest_off_is_named() -> None:
    """With its shares of both sides and the one that was asked for."""
    rows = {"a": 600, "b": 150, "c": 50}
    pairs = pairs_of(
        3, lambda _: take("asyncload", spread_ms(20.0)), lambda _: take("Locust", spread_ms(20.0), calls=rows)
    )
    models = compared_models(pairs, replace(REPLAYED, names=("a", "b", "c"), shares=np.array([0.75, 0.25, 0.0])))
    assert models.worst in {"b", "c"}
    assert models.theirs == pytest.approx(rows[models.worst] / 800)


def test_few_calls_leave_room_for_wrong_weights() -> None:
    """Twenty calls of each run cannot show that the weights are right."""
    few = pairs_of(3, lambda _: take("asyncload", spread_ms(20.0, 20)), lambda _: take("Locust", spread_ms(20.0, 20)))
    models = compared_models(few, REPLAYED)
    assert models.answer == "CANNOT TELL"
    assert "longer" in models.why
