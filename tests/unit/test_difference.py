"""What is said of two runs: a difference that is there, one that is not, and what cannot be told."""

from dataclasses import replace

import numpy as np
import pytest

from asyncload.difference import METRICS, Difference, Differences, differences
from asyncload.difference.conditions import parse
from asyncload.difference.document import document
from asyncload.difference.values import Metric, vague
from asyncload.difference.words import lines, sentence
from asyncload.errors import UsageError
from bench.courses import Endpoint, made

BEFORE = made(Endpoint(), 1)
SLOWER = made(Endpoint(slower={"a.tar.gz": 1.5}), 2)


@pytest.fixture(scope="module")
def slower() -> Differences:
    return differences([BEFORE], [SLOWER])


def one(found: Differences, metric: str, model: str = "") -> Difference:
    return next(each for each in found.every if each.metric == metric and each.model == model)


def test_a_model_that_is_slower_is_found_and_the_other_is_not(slower: Differences) -> None:
    for metric in ("p50", "p90", "p99"):
        found = one(slower, metric, "a.tar.gz")
        assert found.sure
        assert found.worse
        assert 0 < found.low < 0.5 < found.high
        assert not one(slower, metric, "b.tar.gz").sure
    assert one(slower, "p50").sure  # two thirds of all calls are that model's


def test_the_numbers_are_those_of_the_results(slower: Differences) -> None:
    found = one(slower, "p99", "a.tar.gz")
    assert found.a == BEFORE.result.models[0].response.quantile_us(0.99)
    assert found.b == SLOWER.result.models[0].response.quantile_us(0.99)
    assert found.value == pytest.approx(found.b / found.a - 1)
    rate = one(slower, "throughput")
    assert rate.a == pytest.approx(BEFORE.result.totals.ok / 60)


def test_swapping_the_sides_turns_the_signs(slower: Differences) -> None:
    back = differences([SLOWER], [BEFORE])
    for forth, other in zip(slower.every, back.every, strict=True):
        assert forth.sure == other.sure
        if forth.metric != "error_rate":
            assert np.log1p(forth.value) == pytest.approx(-np.log1p(other.value))


def test_an_interval_reaches_zero_exactly_if_the_difference_is_not_sure(slower: Differences) -> None:
    for each in slower.every:
        assert each.told
        assert each.sure == (each.low > 0 or each.high < 0)
        assert each.low <= each.alone_low <= each.value <= each.alone_high <= each.high


def test_comparing_twice_says_the_same(slower: Differences) -> None:
    assert differences([BEFORE], [SLOWER]) == slower


def test_a_run_does_not_differ_from_itself() -> None:
    found = differences([BEFORE], [BEFORE])
    assert not found.ranked
    assert found.notes[1:] == ("same plan: both were asked the same calls at the same times",)
    assert {each.value for each in found.every} == {0.0}


def test_failures_are_told_in_points_also_where_one_side_has_none() -> None:
    found = differences([BEFORE], [made(Endpoint(errors=0.05), 3)])
    failed = one(found, "error_rate")
    assert failed.sure
    assert failed.low < 0.05 < failed.high
    assert sentence(failed).startswith("failed calls of all models: ")
    assert " points more [" in sentence(failed)


def test_what_the_sample_cannot_support_is_said() -> None:
    few = Endpoint(rates_per_s={"a.tar.gz": 60.0, "b.tar.gz": 2.0})
    found = differences([made(few, 4)], [made(few, 5)])
    p99 = one(found, "p99", "b.tar.gz")
    assert not p99.told
    assert np.isnan([p99.low, p99.high, p99.p]).all()
    assert sentence(p99).startswith("p99 of b.tar.gz: cannot tell, ")
    assert "needs 368" in p99.why
    assert any("p99 of b.tar.gz: cannot tell" in line for line in lines(found))


def apart(seconds: int = 10) -> Differences:
    """Of two runs of each, as far from one another as two are that nobody repeated: one degree of freedom."""
    a, b = (
        [made(Endpoint(seconds=seconds, median_us=median_us), seed) for seed, median_us in enumerate(medians_us, first)]
        for first, medians_us in ((30, (20_000, 30_000)), (40, (28_000, 21_000)))
    )
    return differences(
        a, b, conditions=[parse("p50 > +10%"), parse("p50 > +10000000%"), parse("error_rate > +1 point")]
    )


def test_an_interval_that_rules_out_nothing_does_not_say_that_no_difference_was_found() -> None:
    """From nothing to thousands of times as much: that is no answer, and its interval is not told as one."""
    found = apart()
    p50 = one(found, "p50")
    assert (p50.low < -0.5) or (p50.high > 1)
    assert not p50.told
    assert sentence(p50) == (
        "p50 of all models: cannot tell, too few calls, seconds or runs to rule out half or twice as much"
    )
    told = " ".join(lines(found))
    assert "cannot tell, too few calls, seconds or runs to rule out half" in told
    assert f"{100 * p50.high:+.0f} %" not in told
    assert document(found)["total"][0]["high"] == pytest.approx(p50.high, rel=1e-5)


@pytest.mark.parametrize(
    ("metric", "low", "high", "why"),
    [
        ("p99", -0.49, 0.99, ""),
        ("p99", -0.51, 0.1, "half or twice as much"),
        ("throughput", -0.1, 1.01, "half or twice as much"),
        ("error_rate", -0.5, 0.5, ""),
        ("error_rate", -0.51, 0.1, "50 points"),
        ("error_rate", -0.1, 0.98, "50 points"),
    ],
)
def test_what_rules_out_hardly_anything_is_vague(metric: Metric, low: float, high: float, why: str) -> None:
    assert vague(metric, low, high).removeprefix("too few calls, seconds or runs to rule out ") == why


def test_a_condition_that_nothing_rules_out_does_not_pass_without_a_word() -> None:
    """It does not fail either, for smaller changes are not ruled out; nor is one in doubt that lies beyond all."""
    near, far, errors = apart().conditions
    assert [each.answer for each in (near, far, errors)] == ["passed"] * 3
    assert near.why.startswith(
        "but it cannot be told, too few calls, seconds or runs to rule out half or twice as much: p50 of all models "
    )
    assert far.why.startswith("p50 of all models ")
    assert errors.why.startswith("error_rate of all models ")


def test_of_a_few_seconds_nothing_is_told() -> None:
    short = Endpoint(seconds=5)
    found = differences([made(short, 6)], [made(short, 7)], conditions=[parse("p50 > +1%")])
    assert found.comparisons == 0
    assert {each.why for each in found.every} == {"5 measured seconds, needs 8"}
    assert (found.failed, found.undecided) == (False, True)
    assert found.conditions[0].why == "cannot be told: 5 measured seconds, needs 8"


def test_without_run_directories_only_the_total_is_compared() -> None:
    """A result.json has the seconds of all models together; those of the warm-up are left out as in the result."""
    warm = Endpoint(warmup_s=5)
    slow = replace(warm, slower={"a.tar.gz": 1.5, "b.tar.gz": 1.5})
    found = differences([made(warm, 8, directory=False)], [made(slow, 9, directory=False)])
    assert found.models == ()
    assert any("without run directory" in note for note in found.notes)
    assert one(found, "p50").sure
    whole = differences([made(warm, 8)], [made(slow, 9)])
    assert one(whole, "p50").value == one(found, "p50").value


def test_models_are_matched_by_name_and_the_others_are_told() -> None:
    other = made(Endpoint(rates_per_s={"c.tar.gz": 60.0, "b.tar.gz": 30.0}), 10)
    found = differences([BEFORE], [other])
    assert [model.name for model in found.models] == ["b.tar.gz"]
    assert (found.only_a, found.only_b) == (("a.tar.gz",), ("c.tar.gz",))


def test_a_run_that_stands_on_both_sides_is_told() -> None:
    """As of a path that was mistyped: no difference between a run and itself is no news."""
    assert (
        differences([BEFORE], [BEFORE]).notes[0] == "A and B are one and the same: there is nothing that could differ"
    )
    assert differences([BEFORE, SLOWER], [BEFORE]).notes[0] == "1 of the runs of A is in B too"
    assert not any("one and the same" in note for note in differences([BEFORE], [SLOWER]).notes)


def test_an_invalid_run_is_told_before_anything_else() -> None:
    late = replace(BEFORE.result.health, longest_stall_ns=300_000_000)
    found = differences([replace(BEFORE, result=replace(BEFORE.result, health=late))], [SLOWER])
    assert found.notes[0] == (
        "A is INVALID: the generator stood still for 300 ms: this machine may be shared, or was asleep. "
        "What differs may be the generator's doing and not the endpoint's"
    )
    assert found.a.invalid
    assert not found.b.invalid


def test_different_rates_are_told() -> None:
    faster = Endpoint(rates_per_s={"a.tar.gz": 90.0, "b.tar.gz": 45.0})
    found = differences([BEFORE], [made(faster, 11)])
    assert any(note.startswith("different rates were asked: ") for note in found.notes)
    assert one(found, "throughput").low < 0.5 < one(found, "throughput").high
    assert " % higher [" in sentence(one(found, "throughput"))


@pytest.mark.parametrize(
    ("text", "failed"),
    [
        ("p50 > +10%", True),
        ("p50 > +200%", False),
        ("p50{model=a*} > +20%", True),
        ("p50{model=b*} > +20%", False),
        ("p50 < -1%", False),
        ("throughput < -10%", False),
        ("error_rate > +0.5 points", False),
    ],
)
def test_a_condition_fails_only_if_smaller_changes_are_ruled_out(text: str, *, failed: bool) -> None:
    found = differences([BEFORE], [SLOWER], conditions=[parse(text)])
    assert found.failed == failed
    assert found.conditions[0].text == text
    assert found.conditions[0].why.endswith("smaller changes are possible") != failed


def test_a_condition_fails_exactly_if_the_interval_it_tells_lies_beyond_the_limit() -> None:
    """The interval of a single question is that of 95 % alone."""
    alone = one(differences([BEFORE], [SLOWER]), "p50")
    for limit, failed in ((alone.alone_low - 0.001, True), (alone.alone_low + 0.001, False)):
        found = differences([BEFORE], [SLOWER], conditions=[parse(f"p50 > {100 * limit:+.2f}%")])
        assert found.failed == failed


@pytest.mark.parametrize(
    ("text", "answer", "why"),
    [
        ("throughput < -10%", "failed", "throughput of all models -100.0% [-100.0%, -99."),
        ("throughput{model=b*} < -90%", "failed", "throughput of b.tar.gz -100.0% [-100.0%, -99."),
        ("error_rate > +90 points", "failed", "error_rate of all models +100 points"),
        ("p99 > +10%", "undecided", "cannot be told: 0 calls with a latency, needs 368"),
        ("throughput > +10%", "passed", "smaller changes are possible"),
    ],
)
def test_an_endpoint_that_answers_nothing_any_more_does_not_pass(text: str, answer: str, why: str) -> None:
    """All its calls are there, and each has failed: there are no latencies that could be higher."""
    found = differences([BEFORE], [made(Endpoint(errors=1.0), 20)], conditions=[parse(text)])
    assert found.conditions[0].answer == answer
    assert why in found.conditions[0].why
    assert (found.failed, found.undecided) == (answer == "failed", answer == "undecided")
    rate = one(found, "throughput")
    assert rate.sure
    assert rate.worse
    assert (rate.low, rate.value) == (-1, -1)
    assert -1 < rate.high < -0.99
    assert sentence(rate).startswith("throughput of all models: 100")


def test_nothing_is_a_part_of_no_calls() -> None:
    found = differences([made(Endpoint(errors=1.0), 20)], [BEFORE], conditions=[parse("throughput > +1%")])
    assert one(found, "throughput").why == "A has no answered call, and nothing is a part of none"
    assert found.conditions[0].undecided


def test_a_pattern_is_undecided_if_one_of_its_models_cannot_be_told() -> None:
    few = Endpoint(rates_per_s={"a.tar.gz": 60.0, "b.tar.gz": 2.0})
    conditions = [parse("p99{model=*} > +400%"), parse("p99{model=a*} > +400%")]
    found = differences([made(few, 4)], [made(few, 5)], conditions=conditions)
    assert [each.answer for each in found.conditions] == ["undecided", "passed"]
    assert found.conditions[0].why.startswith("1 model cannot be told: ")
    assert [each["undecided"] for each in document(found)["conditions"]] == [True, False]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("p98 > +10%", "'p98' is no metric; did you mean p9"),
        ("p99 > 10%", "expected a sign, +10 or -10"),
        ("p99 +10%", "expected > or < behind the metric"),
        ("p99 >= +10%", "found '>='"),
        ("p99 > +10", "expected % behind the number"),
        ("p99 > +10ms", "expected % behind the number, found 'ms'"),
        ("error_rate > +1%", "a share differs by points"),
        ("p99{klass=x} > +1%", "expected {model=NAME}"),
        ("p50 < -100%", "nothing becomes smaller by as much as it is"),
        ("", "'' is no metric"),
        ("p99 >", "expected a change with its sign"),
    ],
)
def test_what_cannot_be_meant_is_told(text: str, told: str) -> None:
    with pytest.raises(UsageError) as error:
        parse(text)
    assert told in str(error.value)


def test_all_mistakes_of_a_condition_are_told_at_once() -> None:
    with pytest.raises(UsageError) as error:
        parse("p98{x} = 10ms")
    assert all(words in str(error.value) for words in ("'p98'", "{x}", "found '='", "sign", "found 'ms'"))


def test_a_condition_on_a_model_that_is_not_there_is_told_with_the_nearest_name() -> None:
    with pytest.raises(UsageError, match=r"did you mean 'a\.tar\.gz'"):
        differences([BEFORE], [SLOWER], conditions=[parse("p99{model=a.tar} > +1%")])


def test_the_words_are_short_and_most_important_first(slower: Differences) -> None:
    told = lines(slower)
    assert len(told) <= 20
    assert "all models" in told[0]
    assert any(line.startswith("p50 of a.tar.gz: ") and " % slower [" in line for line in told)
    assert told[-1].startswith("intervals: 95 %, corrected for 15 comparisons (Holm)")


def test_a_thousand_models_take_as_many_lines_as_thirty() -> None:
    rates = {f"m-{i}.tar.gz": 8.0 for i in range(40)}
    slow = dict.fromkeys(list(rates)[:20], 2.0)
    few = Endpoint(rates_per_s=rates, seconds=60)
    found = differences([made(few, 12)], [made(replace(few, slower=slow), 13)])
    told = lines(found)
    assert len(told) <= 20
    assert any("smaller differences of models" in line for line in told)
    assert {each.model for each in found.ranked if each.model} <= set(slow)


def test_json_has_every_comparison_and_no_number_that_is_none(slower: Differences) -> None:
    found = document(slower)
    assert [each["metric"] for each in found["total"]] == list(METRICS)
    assert found["models"][0]["name"] == "a.tar.gz"
    p50 = found["models"][0]["differences"][0]
    assert p50["sure"] is True
    assert p50["unit"] == "ms"
    assert p50["a"] == pytest.approx(BEFORE.result.models[0].response.quantile_us(0.5) / 1000)
    assert p50["words"].startswith("p50 of a.tar.gz: ")
