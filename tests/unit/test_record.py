"""The recorder: what counts where, and that nothing depends on how calls fall into buffers, seconds and cells."""

import subprocess
import sys

import numpy as np
import pytest

from asyncload.call import Outcome, Reply
from asyncload.histogram import Histogram, merge
from asyncload.record import METRICS, Recorder

MS = 1_000_000
S = 1_000_000_000
RESPONSE, SERVICE, LATENESS, TTFB = range(len(METRICS))
T0 = 1_000 * S

MEMORY_MB = 500
MEMORY = """
import numpy as np
from pathlib import Path
from asyncload.record import Recorder
from asyncload.call import Reply, Outcome
rng, models, calls = np.random.default_rng(7), 10_000, 100_000
medians_ns = rng.lognormal(np.log(8e6), 0.7, models)
recorder = Recorder(models)
for second in range(10):
    model = rng.integers(0, models, calls)
    sent = (rng.lognormal(np.log(5e4), 0.5, calls)).astype(np.int64) + 10**12
    first = sent + (medians_ns[model] * rng.lognormal(0, 0.4, calls)).astype(np.int64)
    for row in zip(model.tolist(), sent.tolist(), first.tolist()):
        recorder.record(row[0], 10**12, Reply(row[1], row[2], row[2] + 30_000, Outcome.OK, 20))
    recorder.tick()
results = [recorder.total(model, metric) for model in range(models) for metric in range(4)]
assert sum(result.count for result in results) == 4 * 10 * calls
# Not ru_maxrss: on Linux that begins with the peak of the process that forked this one, a test run of half a gigabyte.
status = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
print(int(status["VmHWM"].split()[0]) // 1024)
"""


def reply(
    outcome: Outcome = Outcome.OK, *, due: int = T0, lateness: int = 1, service: int = 10, received: int = 0
) -> Reply:
    """A reply with lateness and service in ms; the first byte comes 1 ms before the last."""
    sent = due + lateness * MS
    return Reply(sent, sent + (service - 1) * MS, sent + service * MS, outcome, received)


def counts(recorder: Recorder, model: int = 0) -> tuple[int, ...]:
    return tuple(recorder.total(model, metric).count for metric in range(len(METRICS)))


SENT = {
    Outcome.OK: (1, 1, 1, 1),
    Outcome.TIMEOUT: (1, 1, 1, 0),
    **dict.fromkeys(set(Outcome) - {Outcome.OK, Outcome.TIMEOUT, Outcome.DROPPED}, (0, 0, 1, 0)),
}


@pytest.mark.parametrize("outcome", sorted(SENT))
def test_each_outcome_counts_in_its_metrics(outcome: Outcome) -> None:
    """Lateness of all that was sent; response and service of OK and TIMEOUT; first bytes of OK alone."""
    recorder = Recorder(2)
    recorder.record(1, T0, reply(outcome, received=7))
    recorder.tick()
    assert counts(recorder, 1) == SENT[outcome]
    assert counts(recorder, 0) == (0, 0, 0, 0)
    assert recorder.outcomes[1].tolist() == [int(o is outcome) for o in Outcome]
    assert recorder.received.tolist() == [0, 7, 0]


def test_a_dropped_arrival_has_an_outcome_and_no_duration() -> None:
    recorder = Recorder(1)
    recorder.record(0, T0, Reply(0, 0, T0 + 5, Outcome.DROPPED, 0))
    recorder.tick()
    assert counts(recorder) == (0, 0, 0, 0)
    assert recorder.outcomes[0, Outcome.DROPPED] == recorder.recorded == 1


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [(Outcome.CONNECT, (0, 0, 0, 0)), (Outcome.TIMEOUT, (1, 0, 0, 0)), (Outcome.ABANDONED, (0,) * 4)],
)
def test_what_never_reached_the_wire_has_no_service_time(outcome: Outcome, expected: tuple[int, ...]) -> None:
    """A call that timed out in line made its caller wait, but nobody served it."""
    recorder = Recorder(1)
    recorder.record(0, T0, Reply(0, 0, T0 + 70 * S, outcome, 0))
    recorder.tick()
    assert counts(recorder) == expected


def test_durations_are_counted_from_the_right_moments_to_the_nearest_microsecond() -> None:
    """Response from due, service and first byte from sending."""
    recorder = Recorder(1)
    recorder.record(0, T0, Reply(T0 + 100_499, T0 + 1_100_999, T0 + 1_301_000, Outcome.OK, 0))
    second = recorder.tick()
    values = [second.histogram(0, metric).quantile_us(1) for metric in range(len(METRICS))]
    assert values == [1301, 1201, 100, 1001]


@pytest.mark.parametrize(
    ("spans", "inside"),
    [
        ([], []),
        ([(0, 10)], range(10)),
        ([(5, 10), (15, 20)], [*range(5, 10), *range(15, 20)]),
        ([(5, 10), (10, 20)], range(5, 20)),
        ([(10, 20), (0, 5)], [*range(5), *range(10, 20)]),
        ([(5, 5), (5, 10)], range(5, 10)),
        ([(0, 20), (5, 10)], range(20)),
    ],
)
def test_warm_up_is_decided_by_the_due_time(spans: list[tuple[int, int]], inside: list[int]) -> None:
    """Half-open spans in any order, touching and empty ones included; when the reply came does not matter."""
    recorder = Recorder(1, T0, [(begin * MS, end * MS) for begin, end in spans])
    for t in range(25):
        due = T0 + t * MS
        recorder.record(0, due, reply(due=due, service=1000, received=1 << t))
    recorder.tick()
    warm = sum(1 << t for t in inside)
    assert recorder.received.tolist() == [(1 << 25) - 1 - warm, warm]
    assert recorder.total(recorder.warmup, RESPONSE).count == len(inside)
    assert recorder.total(0, RESPONSE).count == 25 - len(inside)


@pytest.mark.parametrize("calls", [1023, 1024, 1025, 2048, 3000])
def test_the_buffers_end_does_not_matter(calls: int) -> None:
    recorder = Recorder(3)
    for i in range(calls):
        recorder.record(i % 3, T0, reply(service=1 + i % 50, received=1))
    second = recorder.tick()
    expected = Histogram.of_us(np.array([1000 * (1 + i % 50) for i in range(calls)]))
    assert second.overall(SERVICE) == merge([recorder.total(model, SERVICE) for model in range(3)]) == expected
    assert second.outcomes.sum() == recorder.recorded == second.received.sum() == calls


def test_a_second_without_calls_is_empty() -> None:
    recorder = Recorder(2)
    recorder.record(0, T0, reply())
    recorder.tick()
    second = recorder.tick()
    assert second.keys.size == second.outcomes.sum() == second.received.sum() == 0
    assert second.overall(RESPONSE) == second.histogram(0, RESPONSE) == Histogram.empty()
    assert recorder.total(0, RESPONSE).count == 1


def test_a_second_that_was_handed_over_does_not_change() -> None:
    recorder = Recorder(1)
    recorder.record(0, T0, reply())
    second = recorder.tick()
    for _ in range(3000):
        recorder.record(0, T0, reply(service=20))
    recorder.tick()
    assert second.outcomes.sum() == second.histogram(0, SERVICE).count == 1


def test_a_slot_may_be_hit_more_often_than_a_cell_can_count() -> None:
    """Cells have 16 bits; what overflows is carried, over several seconds and for the right slot."""
    recorder = Recorder(2)
    ticks = 3
    for _ in range(ticks):
        for _ in range(1 << 16):
            recorder.record(1, T0, reply(service=1, lateness=0))
        recorder.record(1, T0, reply(service=2, lateness=0))
        recorder.tick()
    service = recorder.total(1, SERVICE)
    assert service.slots.tolist() == [1000, 2000]
    assert service.counts.tolist() == [ticks << 16, ticks]
    assert counts(recorder, 0) == (0, 0, 0, 0)


def test_samples_are_the_calls_themselves() -> None:
    """Times count from the plan's zero; a time that never came stays 0."""
    recorder = Recorder(2, T0, samples=True)
    recorder.record(1, T0 + 3, Reply(T0 + 4, T0 + 5, T0 + 6, Outcome.OK, 7, 2))
    recorder.record(0, T0 + 8, Reply(0, 0, T0 + 9, Outcome.DROPPED, 0))
    rows = recorder.tick().rows
    assert rows is not None
    assert rows.tolist() == [[1, 3, 4, 5, 6, Outcome.OK, 7, 2], [0, 8, 0, 0, 9, Outcome.DROPPED, 0, 1]]
    assert recorder.tick().rows is None
    assert Recorder(1).tick().rows is None


@pytest.mark.skipif(sys.platform != "linux", reason="the system tells no peak of one program")
def test_ten_thousand_models_stay_within_their_memory() -> None:
    """A million calls spread evenly, medians spread by a factor of four, first to last histogram."""
    run = subprocess.run([sys.executable, "-c", MEMORY], capture_output=True, text=True, timeout=100, check=True)
    assert int(run.stdout) < MEMORY_MB


def test_attempts_beyond_the_first_are_retries() -> None:
    """Retries count per model and second, for calls that failed in the end, too."""
    recorder = Recorder(2)
    recorder.record(1, T0, Reply(T0, T0 + 1, T0 + 2, Outcome.OK, 0, 3))
    recorder.record(1, T0, Reply(T0, T0 + 1, T0 + 2, Outcome.THROTTLED, 0, 2))
    recorder.record(0, T0, Reply(T0, T0 + 1, T0 + 2, Outcome.OK, 0))
    assert recorder.tick().retries.tolist() == [0, 3, 0]
    assert recorder.retries.tolist() == [0, 3, 0]


def test_the_first_answered_call_of_a_model_is_counted_once_more() -> None:
    """Over buffers and seconds, whatever it took; a refusal answers nothing."""
    recorder = Recorder(3)
    recorder.record(1, T0, reply(Outcome.THROTTLED))
    for service in (700, 5, 900):
        recorder.record(1, T0, reply(service=service))
    recorder.tick()
    for _ in range(1025):
        recorder.record(1, T0, reply())
        recorder.record(2, T0, reply(Outcome.TIMEOUT, service=70_000))
    recorder.tick()
    assert [recorder.signs(model).first.count for model in range(4)] == [0, 1, 1, 0]
    assert recorder.signs(1).first == Histogram.of_us(np.array([700_000]))


def test_a_model_that_was_called_in_the_warm_up_has_no_first_call_later() -> None:
    recorder = Recorder(2, T0, [(0, 10 * MS)])
    recorder.record(0, T0, reply(service=700))
    recorder.record(0, T0 + 10 * MS, reply(due=T0 + 10 * MS))
    recorder.record(1, T0 + 10 * MS, reply(due=T0 + 10 * MS))
    recorder.tick()
    assert [recorder.signs(row).first.count for row in (0, 1, recorder.warmup)] == [0, 1, 1]


def test_what_was_never_answered_needs_no_load_to_explain_it() -> None:
    recorder = Recorder(1)
    recorder.record(0, T0, reply())
    recorder.record(0, T0, reply(Outcome.TIMEOUT, service=70_000))
    second = recorder.tick()
    assert recorder.signs(0).held == Histogram.of_us(np.array([70_000_000]))
    assert second.sign_groups()[0].tolist() == [0, 1]
