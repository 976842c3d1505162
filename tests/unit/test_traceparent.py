"""traceparent: ids from the seed, a share of them sampled, and the spans of those that were."""

import re
from itertools import islice

import numpy as np
import pytest

from asyncload.call import Call, Outcome, Reply
from asyncload.errors import UsageError
from asyncload.exact import words
from asyncload.options import Options
from asyncload.traceparent import MOST_SPANS, Mark, Marks, marks

CALL = Call(3, "/", (), b"", "")


def some(count: int, ratio: float = 0.5, seed: int = 7, rank: int = 0) -> list[Mark]:
    return list(islice(marks(ratio, seed, rank), count))


def reply(sent_ns: int = 1_500, outcome: Outcome = Outcome.OK) -> Reply:
    return Reply(sent_ns, 0, 2_500, outcome, 17)


def test_a_mark_is_written_as_the_standard_says() -> None:
    """Version 00, 32 and 16 lower-case hex digits, and the flag."""
    for mark in some(300):
        assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]", mark.value)
        assert mark.value.endswith("01") == mark.sampled
        assert mark.line == f"traceparent: {mark.value}\r\n".encode()


def test_marks_follow_from_seed_and_rank() -> None:
    """The n-th mark has the words 3 n, 3 n + 1 and 3 n + 2 of the rank's stream; other seeds and ranks have others."""
    found = some(1_000, seed=7, rank=2)
    assert found == some(1_000, seed=7, rank=2)
    stream = words(7, 0, 32, 2)(3_000).tolist()
    assert found[999].trace_id == f"{stream[2997]:016x}{stream[2998]:016x}"
    assert found[999].span_id == f"{stream[2999]:016x}"
    others = {mark.trace_id for seed, rank in [(7, 0), (8, 2), (0, 2)] for mark in some(1_000, seed=seed, rank=rank)}
    assert len(others) == 3_000
    assert others.isdisjoint(mark.trace_id for mark in found)


def test_runs_of_one_seed_are_told_apart_by_their_lanes() -> None:
    """Both runs of a pair have the same arrivals, and are traces of their own."""
    lanes = [{mark.trace_id for mark in islice(marks(0.5, 7, 0, lane), 1_000)} for lane in (0, 1)]
    assert lanes[0] == {mark.trace_id for mark in some(1_000)}
    assert lanes[0].isdisjoint(lanes[1])


def test_no_two_marks_are_alike() -> None:
    found = some(20_000)
    assert len({mark.trace_id for mark in found}) == len({mark.span_id for mark in found}) == 20_000


@pytest.mark.parametrize("ratio", [0.0, 0.01, 0.5, 1.0])
def test_the_share_that_is_sampled_is_what_was_asked_for(ratio: float) -> None:
    """Within five standard deviations; none of 0 and all of 1."""
    sampled = sum(mark.sampled for mark in some(20_000, ratio))
    assert abs(sampled - 20_000 * ratio) <= 5 * np.sqrt(20_000 * ratio * (1 - ratio))


def test_who_is_sampled_follows_from_the_trace_id() -> None:
    """By its lower half, as OpenTelemetry's samplers decide; so a higher ratio samples the same ones, and more."""
    low, high = some(5_000, 0.1), some(5_000, 0.3)
    assert [mark.trace_id for mark in low] == [mark.trace_id for mark in high]
    for few, many in zip(low, high, strict=True):
        assert few.sampled == (int(few.trace_id[16:], 16) < round(0.1 * 2**64))
        assert many.sampled >= few.sampled


def test_a_sampled_call_that_has_ended_is_a_span() -> None:
    """From its sending to its end, in time from the plan's zero; its caller is told as if nobody watched."""
    watching, told = Marks(1.0, 7, spans=True), list[Reply]()
    mark = watching.next()
    watching.watched(mark, CALL, told.append)(reply(outcome=Outcome.THROTTLED))
    (span,) = watching.drain(1_000)
    assert (span.trace_id, span.span_id, span.model) == (mark.trace_id, mark.span_id, 3)
    assert (span.sent_ns, span.last_ns, span.outcome, span.received) == (500, 1_500, Outcome.THROTTLED, 17)
    assert told == [reply(outcome=Outcome.THROTTLED)]
    assert watching.drain(1_000) == ()


def test_a_call_that_was_never_sent_is_no_span() -> None:
    watching, told = Marks(1.0, 7, spans=True), list[Reply]()
    watching.watched(watching.next(), CALL, told.append)(reply(sent_ns=0, outcome=Outcome.CONNECT))
    assert watching.drain(0) == ()
    assert len(told) == 1


def test_nobody_watches_where_no_span_is_wanted() -> None:
    """Neither without spans, nor for a call that is not sampled: the recorder is called directly."""
    told = list[Reply]()
    done = told.append
    for ratio, spans in [(1.0, False), (0.0, True)]:
        watching = Marks(ratio, 7, spans=spans)
        assert watching.watched(watching.next(), CALL, done) is done


def test_spans_are_bounded() -> None:
    """Of more than fit, the number is known and every caller is told."""
    watching, told = Marks(1.0, 7, spans=True), list[Reply]()
    for _ in range(MOST_SPANS + 5):
        watching.watched(watching.next(), CALL, told.append)(reply())
    assert len(watching.drain(0)) == MOST_SPANS
    assert watching.left_out == 5
    assert len(told) == MOST_SPANS + 5


@pytest.mark.parametrize("ratio", [-0.1, 1.1, float("nan")])
def test_a_ratio_is_a_share(ratio: float) -> None:
    with pytest.raises(UsageError, match="share from 0 to 1"):
        Options(traceparent=ratio)
