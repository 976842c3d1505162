"""Results are a commutative monoid and survive being written down."""

from dataclasses import replace

import msgspec
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncload.call import Outcome
from asyncload.histogram import HIGHEST_US, Histogram
from asyncload.result import WARMUP, Health, ModelResult, RunResult, SecondResult, Signs

S = 1_000_000_000
DIGEST = "9f" * 32
NAMES = ("xgboost-0.tar.gz", "models/ü 1.tar.gz")

counts = st.integers(0, 1000)
large = st.integers(0, 2**50)
words = st.sampled_from(["", "ConnectionResetError: reset", "OSError: [Errno 24]", 'a "quoted" word'])
outcomes = st.tuples(*[counts for _ in Outcome])
histograms = st.lists(st.one_of(st.integers(0, 5000), st.integers(0, HIGHEST_US)), max_size=8).map(
    lambda values: Histogram.of_us(np.array(values, np.int64))
)

signs = st.one_of(
    st.none(), st.builds(Signs, histograms, histograms, counts), st.builds(Signs, histograms, histograms, counts)
)


def models(name: str) -> st.SearchStrategy[ModelResult]:
    parts = (histograms, histograms, histograms, histograms)
    return st.builds(ModelResult, st.just(name), outcomes, large, *parts, retries=counts, signs=signs)


def seconds(number: int) -> st.SearchStrategy[SecondResult]:
    return st.builds(SecondResult, st.just(number), counts, counts, counts, outcomes, histograms, histograms)


healths = st.builds(
    Health,
    started_unix_ns=st.integers(10**18, 2 * 10**18),
    elapsed_ns=st.integers(0, 100 * S),
    measured_ns=st.integers(0, 100 * S),
    send_tail_ns=st.integers(0, S),
    ranks=st.integers(1, 4),
    cpu_share=st.floats(0, 2),
    cpu_ns=large,
    stalls=counts,
    longest_stall_ns=large,
    clock_jump_ns=st.integers(-5, 5),
    peak_in_flight=counts,
    connects=counts,
    connect_failures=counts,
    exhausted=counts,
    clock_skew_s=st.integers(-3, 3).map(float),
    first_error=words,
    examples=st.dictionaries(st.sampled_from([outcome.name for outcome in Outcome]), words.filter(bool), max_size=3),
    store_error=words,
    interrupted=st.booleans(),
    cut=st.booleans(),
)


@st.composite
def results(draw: st.DrawFn) -> RunResult:
    """Results of one plan; the seconds may have gaps, and the ranks their own URLs."""
    numbers = sorted(draw(st.sets(st.integers(0, 6), max_size=4)))
    url = draw(st.sampled_from(["http://127.0.0.1:1", "http://127.0.0.1:2"]))
    return RunResult(
        {"name": "any", "endpoint": {"name": "mme", "url": url}, "seed": 2**63 - 1},
        DIGEST,
        tuple(draw(models(name)) for name in NAMES),
        draw(models(WARMUP)),
        tuple(draw(seconds(number)) for number in numbers),
        draw(healths),
    )


@given(a=results(), b=results(), c=results())
@settings(deadline=None, max_examples=100)
def test_merging_is_associative_and_commutative(a: RunResult, b: RunResult, c: RunResult) -> None:
    """Whatever each rank saw and whenever it started."""
    assert a.merge(b) == b.merge(a)
    assert a.merge(b).merge(c) == a.merge(b.merge(c))


@given(a=results(), b=results())
@settings(deadline=None, max_examples=50)
def test_merging_loses_nothing(a: RunResult, b: RunResult) -> None:
    """Counts, bytes, durations and seconds add up; the earliest start and the worst reading are kept."""
    both = a.merge(b)
    assert both.totals.calls == a.totals.calls + b.totals.calls
    assert both.totals.received_bytes == a.totals.received_bytes + b.totals.received_bytes
    signs = [(x.signs, y.signs, z.signs) for x, y, z in zip(both.models, a.models, b.models, strict=True)]
    for together, mine, theirs in signs:
        assert (together is None) == (mine is None or theirs is None)
        if together and mine and theirs:
            assert together.refused == mine.refused + theirs.refused
            assert together.first.count == mine.first.count + theirs.first.count
            assert together.held.count == mine.held.count + theirs.held.count
    assert both.totals.response.count == a.totals.response.count + b.totals.response.count
    assert both.warmup.calls == a.warmup.calls + b.warmup.calls
    assert sum(row.sent for row in both.seconds) == sum(row.sent for row in (*a.seconds, *b.seconds))
    numbers = [row.second for row in both.seconds]
    assert numbers == sorted({row.second for row in (*a.seconds, *b.seconds)})
    assert both.health.started_unix_ns == min(a.health.started_unix_ns, b.health.started_unix_ns)
    assert both.health.ranks == a.health.ranks + b.health.ranks
    assert abs(both.health.clock_skew_s) == max(abs(a.health.clock_skew_s), abs(b.health.clock_skew_s))
    assert both.health.longest_stall_ns == max(a.health.longest_stall_ns, b.health.longest_stall_ns)
    assert both.health.cut == (a.health.cut or b.health.cut)


@given(result=results())
@settings(deadline=None, max_examples=100)
def test_a_result_read_back_is_equal(result: RunResult) -> None:
    """Histograms, health and scenario included; and writing it again gives the same bytes."""
    data = result.to_json()
    read = RunResult.from_json(data)
    assert read == result
    assert read.verdict == result.verdict
    assert read.cold_starts == result.cold_starts
    assert read.to_json() == data


@given(result=results(), other=results())
@settings(deadline=None, max_examples=50)
def test_results_are_equal_only_if_everything_is(result: RunResult, other: RunResult) -> None:
    """One more value in one histogram is a difference."""
    more = replace(result.models[1], ttfb=Histogram.of_us(np.arange(20)))
    assert replace(result, models=(result.models[0], more)) != result
    assert (result == other) == (msgspec.json.decode(result.to_json()) == msgspec.json.decode(other.to_json()))
