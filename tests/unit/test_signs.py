"""Signs of loads: which call was a model's first, was refused and then answered, or was held up with all others."""

import numpy as np
import pytest

from asyncload.call import Outcome
from asyncload.signs import Noticed, Watch

MS = 1_000_000
S = 1_000 * MS
T0 = 1_000 * S
OK, NOT_READY = int(Outcome.OK), int(Outcome.NOT_READY)


def look(watch: Watch, calls: list[tuple[int, int, int, int]], *, warmup: bool = False) -> Noticed:
    """Calls as (model, sent, took, outcome), in ms from T0; looked at in the order in which they ended."""
    rows = np.array(sorted(calls, key=lambda call: call[1] + call[2]), np.int64).reshape(-1, 4)
    model, sent_ns = rows[:, 0], T0 + rows[:, 1] * MS
    row = np.full_like(model, 4) if warmup else model
    return watch.look(model, row, sent_ns, sent_ns + rows[:, 2] * MS, rows[:, 3])


def steady(begin: int, end: int, *, gap: int = 10, took: int = 5) -> list[tuple[int, int, int, int]]:
    """A call of one of three models every 10 ms."""
    return [(i // gap % 3, i, took, OK) for i in range(begin, end, gap)]


def held(calls: list[tuple[int, int, int, int]], rows: int = 1024) -> list[bool]:
    """Whether each call is held, in the order in which they end, looked at some at a time."""
    watch = Watch(4)
    ordered = sorted(calls, key=lambda call: call[1] + call[2])
    flags = [look(watch, ordered[i : i + rows]).held.tolist() for i in range(0, len(ordered), rows)]
    return [flag for part in flags for flag in part]


@pytest.mark.parametrize("rows", [1024, 7])
def test_a_load_is_overtaken(rows: int) -> None:
    """Others come and go while one model is loaded: the call is not held, however its flight falls into buffers."""
    assert not any(held([*steady(0, 3000), (3, 1000, 700, OK)], rows))


def test_the_call_that_was_sent_first_may_be_answered_last() -> None:
    """As the first load of a run is: others that were sent after it had been looked at before."""
    watch = Watch(4)
    look(watch, [(0, 100, 5, OK)])
    assert look(watch, [(3, 0, 500, OK)]).held.tolist() == [False]


@pytest.mark.parametrize("rows", [1024, 7])
def test_a_stall_lets_nobody_past(rows: int) -> None:
    """From 1,000 to 1,700 ms nothing ends: whoever waited long enough to be overtaken five times was held."""
    stall = [(model, sent, 1700 - sent + 5, OK) for model, sent, _, _ in steady(1000, 1700)]
    calls = [*steady(0, 1000), *stall, *steady(1700, 3000)]
    flags = held(calls, rows)
    ordered = sorted(calls, key=lambda call: call[1] + call[2])
    slow = [flag for flag, call in zip(flags, ordered, strict=True) if call[2] > 150]
    assert len(slow) == 56
    assert all(slow)
    assert not any(flag for flag, call in zip(flags, ordered, strict=True) if call[2] < 50)


def test_a_queue_lets_nobody_past() -> None:
    """At saturation everyone waits, longer and longer, and nobody overtakes."""
    queue = [(model, sent, 5 + (sent - 2000) // 2, OK) for model, sent, _, _ in steady(2000, 6000)]
    flags = held([*steady(0, 2000), *queue])
    assert sum(flags) > 350
    assert not any(flags[:200])


def test_with_little_traffic_nothing_is_held() -> None:
    """One call a second: that nobody overtook 700 ms says nothing."""
    assert not any(held([*steady(0, 20_000, gap=1000), (3, 10_100, 700, OK)]))


def test_errors_do_not_overtake() -> None:
    """A stalled endpoint may still refuse at once."""
    refusals = [(0, at, 1, int(Outcome.THROTTLED)) for at in range(1000, 1700, 10)]
    stall = [(1, 1000, 705, OK)]
    flags = held([*steady(0, 1000), *stall, *refusals, *steady(1700, 2000)])
    assert sum(flags) == 1


def test_a_long_silence_is_survived() -> None:
    """The memory of 82 s is passed by, forwards and backwards."""
    calls = [*steady(0, 1000), *steady(500_000, 501_000), (3, 900, 500_050, OK), (2, 500_100, 600, OK)]
    assert not any(held(calls, 16))


def test_the_first_answered_call_is_the_first() -> None:
    """In the order of answers; an error answers nothing, a time-out does; later calls of the buffer are none."""
    watch = Watch(4)
    noticed = look(
        watch, [(0, 0, 9, OK), (0, 5, 1, OK), (1, 0, 1, NOT_READY), (1, 1, 20, OK), (2, 0, 30, int(Outcome.TIMEOUT))]
    )
    assert noticed.first.tolist() == [False, True, False, True, True]
    assert not look(watch, [(model, 40, 1, OK) for model in range(3)]).first.any()
    assert look(watch, [(3, 50, 1, OK)]).first.all()


def test_a_refusal_counts_once_a_success_followed() -> None:
    """In one buffer or a later one, and in the row that it was of."""
    watch = Watch(4)
    assert look(watch, [(0, 0, 1, NOT_READY), (0, 2, 1, OK), (0, 4, 1, NOT_READY)]).refused.tolist() == [0]
    assert look(watch, [(1, 5, 1, NOT_READY), (1, 6, 1, int(Outcome.THROTTLED))]).refused.tolist() == []
    assert look(watch, [(1, 7, 1, NOT_READY)], warmup=True).refused.tolist() == []
    assert sorted(look(watch, [(1, 9, 1, OK), (0, 9, 1, OK)]).refused.tolist()) == [0, 1, 4]
    assert look(watch, [(1, 10, 1, OK), (0, 10, 1, OK)]).refused.tolist() == []
