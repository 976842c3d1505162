"""The recorder, against counting by hand."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncload.call import Outcome, Reply
from asyncload.histogram import Histogram, merge
from asyncload.record import METRICS, Recorder

MODELS = 3
T0 = 10**15
H = 3_600_000_000_000

gaps_ns = st.one_of(st.integers(0, 5_000), st.integers(0, 10**9), st.integers(0, H // 4))
answered = st.sampled_from(sorted(set(Outcome) - {Outcome.DROPPED}))


@st.composite
def calls(draw: st.DrawFn) -> tuple[int, int, Reply]:
    """(model, due, reply), with the times in the order that a wire gives them."""
    due = T0 + draw(st.integers(0, 10**10))
    sent = due + draw(gaps_ns)
    first = sent + draw(gaps_ns)
    last = first + draw(gaps_ns)
    reply = Reply(sent, first, last, draw(answered), draw(st.integers(0, 10**9)))
    return draw(st.integers(0, MODELS - 1)), due, reply


def us(ns: int) -> int:
    return (ns + 500) // 1000


@given(rows=st.lists(calls(), max_size=40), ticks=st.sets(st.integers(0, 39)))
@settings(deadline=None, max_examples=200)
def test_seconds_and_totals_count_what_happened(rows: list[tuple[int, int, Reply]], ticks: set[int]) -> None:
    """However the calls fall into seconds, the totals are their sum and equal to a count by hand."""
    recorder = Recorder(MODELS, T0)
    seconds = []
    for i, row in enumerate(rows):
        recorder.record(*row)
        if i in ticks:
            seconds.append(recorder.tick())
    seconds.append(recorder.tick())
    assert recorder.recorded == len(rows)
    assert np.array_equal(sum(second.outcomes for second in seconds), recorder.outcomes)
    assert np.array_equal(sum(second.received for second in seconds), recorder.received)
    for model in range(MODELS):
        expected = by_hand([(due, reply) for whose, due, reply in rows if whose == model])
        for metric, name in enumerate(METRICS):
            assert recorder.total(model, metric) == expected[name]
            assert merge([second.histogram(model, metric) for second in seconds]) == expected[name]


def by_hand(rows: list[tuple[int, Reply]]) -> dict[str, Histogram]:
    ok = [(due, r) for due, r in rows if r.outcome is Outcome.OK]
    waited = [(due, r) for due, r in rows if r.outcome in (Outcome.OK, Outcome.TIMEOUT)]
    values = {
        "response": [us(r.last_ns - due) for due, r in waited],
        "service": [us(r.last_ns - r.sent_ns) for _, r in waited],
        "lateness": [us(r.sent_ns - due) for due, r in rows],
        "ttfb": [us(r.first_ns - r.sent_ns) for _, r in ok],
    }
    return {name: Histogram.of_us(np.array(values[name], np.int64)) for name in METRICS}


@given(row=calls())
@settings(deadline=None, max_examples=200)
def test_response_is_service_plus_lateness(row: tuple[int, int, Reply]) -> None:
    """Within the rounding of three numbers to microseconds, and the width of the slots that they fall into."""
    recorder = Recorder(MODELS, T0)
    model, due, reply = row
    recorder.record(model, due, Reply(reply.sent_ns, reply.first_ns, reply.last_ns, Outcome.OK, 0))
    second = recorder.tick()
    response, service, lateness = (second.histogram(model, metric).quantile_us(1) for metric in range(3))
    width = 1 + (response + service + lateness) / 1024
    assert abs(response - service - lateness) <= 1.5 + width


@given(rows=st.lists(calls(), max_size=20))
@settings(deadline=None, max_examples=100)
def test_a_rows_response_is_its_service_plus_its_lateness_exactly(rows: list[tuple[int, int, Reply]]) -> None:
    """Before any slot: the kept samples hold last - due == (last - sent) + (sent - due) for the same call."""
    recorder = Recorder(MODELS, T0, samples=True)
    for row in rows:
        recorder.record(*row)
    kept = recorder.tick().rows
    assert (0 if kept is None else len(kept)) == len(rows)
    for (model, due, reply), sample in zip(rows, [] if kept is None else kept.tolist(), strict=True):
        at_due, sent, first, last = sample[1:5]
        assert sample[0] == model
        assert (sent - at_due, last - sent, first - sent) == (
            reply.sent_ns - due,
            reply.last_ns - reply.sent_ns,
            reply.first_ns - reply.sent_ns,
        )
