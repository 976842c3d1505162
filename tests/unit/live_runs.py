"""A run's seconds as its page's process is told of them; several unit tests share them."""

from collections.abc import Iterator

from asyncload.call import Outcome, Reply
from asyncload.live.words import Hello, Tick, arrays_of, frame, second_of
from asyncload.record import Recorder, Second
from asyncload.result import Health

S = 1_000_000_000
MS = 1_000_000


def hello(models: int = 2, *, control: bool = False) -> Hello:
    return Hello({"name": "made"}, [f"model-{i}.tar.gz" for i in range(models)], 0, control)


def tick_of(second: Second, number: int, *, warmup: bool = False, length_s: int = 20) -> Tick:
    """What is told of a second at whose end half a second's worth of calls is in flight."""
    sent = int(second.outcomes.sum())
    measured_ns = 0 if warmup else (number + 1) * S
    health = Health(1_795_000_000 * S, (number + 1) * S, measured_ns, 0, cpu_share=0.25, peak_in_flight=9)
    sizes = tuple(array.size for array in arrays_of(second))
    return Tick(number, sent, sent, sent // 2, (number + 1) * S, length_s * S, 2.0 * sent, 0, warmup, health, 0, sizes)


def seconds(
    count: int, calls: tuple[int, ...] = (3, 1), *, warmup_s: int = 0, failed: int = 0
) -> Iterator[tuple[Tick, Second]]:
    """Seconds in each of which model i has `calls[i]` replies after 10 * (i + 1) ms; the first `failed` are errors."""
    recorder = Recorder(len(calls), 0, [(0, warmup_s * S)])
    models = [model for model, number in enumerate(calls) for _ in range(number)]
    for number in range(count):
        for place, model in enumerate(models):
            due, last = number * S + 1, number * S + 1 + 10 * (model + 1) * MS
            outcome = Outcome.MODEL_ERROR if place < failed else Outcome.OK
            recorder.record(model, due, Reply(due + 250_000, last, last, outcome, 5))
        second = recorder.tick()
        yield tick_of(second, number, warmup=number < warmup_s), second


def body_of(second: Second) -> bytes:
    """The bytes of a second's arrays, as they come out of the socket."""
    return b"".join(part.tobytes() for part in frame(hello(), arrays_of(second))[1:])


def over_the_wire(tick: Tick, second: Second) -> Second:
    return second_of(tick, body_of(second))
