"""The drive on a virtual clock, for any arrivals, any delays of the machine and of the replies."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncload.call import Call, Done, Outcome
from tests.unit.test_drive import BURST, MS, VirtualClock, Wire, World

gaps_ns = st.one_of(st.just(0), st.integers(0, 4_000), st.integers(0, 20 * MS))


@given(
    gaps=st.lists(gaps_ns, max_size=120),
    blocks_of=st.integers(1, 50),
    in_flight=st.integers(1, 40),
    jumps=st.dictionaries(st.integers(0, 60), st.integers(0, 50 * MS), max_size=4),
    tick_ns=st.integers(300, 5_000),
    answers=st.lists(st.integers(0, 5), min_size=1, max_size=20),
)
@settings(deadline=None, max_examples=150)
def test_the_laws_of_the_drive(
    *, gaps: list[int], blocks_of: int, in_flight: int, jumps: dict[int, int], tick_ns: int, answers: list[int]
) -> None:
    """
    Every arrival ends exactly once, in order, never early; never more than a burst at once or `in_flight` outstanding.

    `answers` says after how many rings each call is answered; 0 is inside `send`.
    """
    due_ns, waiting = [sum(gaps[: i + 1]) for i in range(len(gaps))], list[tuple[int, Done]]()
    outstanding = peak = 0

    def answer(wire: Wire, call: Call, done: Done) -> None:
        nonlocal outstanding, peak
        outstanding += 1
        peak = max(peak, outstanding)
        rings = answers[len(wire.calls) % len(answers)]
        waiting.append((world.clock.rings + rings, done))
        if not rings:
            answer_due()

    def answer_due() -> None:
        nonlocal outstanding
        for when, done in tuple(waiting):
            if when <= world.clock.rings:
                waiting.remove((when, done))
                outstanding -= 1
                world.wire.reply(done)

    with pytest.MonkeyPatch.context() as patch:
        clock = VirtualClock(tick_ns=tick_ns, jumps=jumps)
        world = World(patch, due_ns, in_flight=in_flight, blocks_of=blocks_of, answer=answer, clock=clock)
        driving = world.run(after_ring=answer_due)
    assert driving.planned == driving.sent + driving.dropped == len(due_ns)
    assert peak <= in_flight
    assert driving.in_flight == outstanding == len(waiting)
    assert all(count <= BURST for count in world.wire.per_ring.values())
    for _, done in waiting:
        world.wire.reply(done)
    rows = world.rows()
    assert sorted(row[1] - world.start_ns for row in rows) == due_ns
    sent = [row for row in rows if row[5] != Outcome.DROPPED]
    assert len(sent) == driving.sent
    assert all(row[4] >= row[1] for row in rows)
    times = [at for at, _ in world.wire.calls]
    assert times == sorted(times)
