"""crosscheck.judging: one answer for all numbers, and the sentence that says why."""

import pytest

from asyncload.crosscheck.judging import judge
from asyncload.crosscheck.takes import Pair
from tests.unit.crosschecks import REPLAYED, pairs_of, spread_ms, take


def healthy(repeats: int = 5, count: int = 1200) -> list[Pair]:
    return pairs_of(
        repeats,
        lambda number: take("asyncload", spread_ms(20.0 + 0.01 * number, count)),
        lambda number: take("Locust", spread_ms(20.2 + 0.01 * (number % 3), count)),
    )


def test_agree_says_how_far_up() -> None:
    """All percentiles with enough calls; without, the answer is the same and says what it does not cover."""
    told = judge(healthy(), REPLAYED)
    assert (told.answer, told.why) == ("AGREE", "up to p99")
    few = judge(healthy(count=400), REPLAYED)
    assert (few.answer, few.why) == ("AGREE", "up to p95; not told: p99")


def test_differ_names_the_number_and_by_how_much() -> None:
    """The percentile that is furthest beyond what is allowed, both values, the interval; and the others that differ."""
    sick = pairs_of(
        5,
        lambda _: take("asyncload", spread_ms(20.0, 1200)),
        lambda number: take("Locust", spread_ms(22.0 + 0.02 * number, 1200)),
    )
    told = judge(sick, REPLAYED)
    assert told.answer == "DIFFER"
    assert "with Locust" in told.why
    assert "surely between" in told.why
    assert "p50" in told.why
    assert "p95" in told.why


def test_wrong_weights_are_named_first() -> None:
    """With the model, its shares, and chi-square."""
    wrong = pairs_of(
        5,
        lambda _: take("asyncload", spread_ms(20.0)),
        lambda _: take("Locust", spread_ms(20.0), calls={"a": 534, "b": 266}),
    )
    told = judge(wrong, REPLAYED)
    assert told.answer == "DIFFER"
    assert "chi-square" in told.why
    assert "asked 25.0%" in told.why or "asked 75.0%" in told.why


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        ([], "no pair"),
        (healthy(2), "2 of 3 pairs"),
    ],
)
def test_too_few_pairs_cannot_tell(pairs: list[Pair], said: str) -> None:
    """Three pairs are needed at least."""
    told = judge(pairs, REPLAYED)
    assert told.answer == "CANNOT TELL"
    assert said in told.why
    assert told.findings == ()


def test_a_bottleneck_in_a_generator_is_the_reason_and_not_a_difference() -> None:
    """Pairs in which Locust waited for itself are left out; with too few others there is no answer."""
    doubt = "it used 99% of its core"
    slow = pairs_of(
        5, lambda _: take("asyncload", spread_ms(20.0)), lambda _: take("Locust", spread_ms(90.0), doubt=doubt)
    )
    told = judge(slow, REPLAYED)
    assert told.answer == "CANNOT TELL"
    assert "5 of 5 pairs" in told.why
    assert f"Locust: {doubt}" in told.why
    assert judge([*healthy(3), *slow], REPLAYED).answer == "AGREE"


def test_what_cannot_be_told_says_what_to_do() -> None:
    """The first number that is needed for an answer, with its advice."""
    wide = pairs_of(
        5,
        lambda _: take("asyncload", spread_ms(20.0)),
        lambda number: take("Locust", spread_ms(20.2 + 1.5 * (number - 3))),
    )
    told = judge(wide, REPLAYED)
    assert told.answer == "CANNOT TELL"
    assert told.why.startswith("p50: ")
