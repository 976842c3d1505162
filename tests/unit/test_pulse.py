"""The pulse on a virtual clock: stalls, jumps of the wall clock, and CPU time."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from asyncload import pulse
from asyncload.pulse import Pulse, Vitals

MS = 1_000_000


@dataclass
class Machine:
    """Clocks that a test turns, and a loop that calls back when told."""

    mono_ns: int = 10**12
    wall_ns: int = 10**18
    cpu_ns: int = 0
    beat: Callable[[], None] | None = None

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> "Machine":
        assert delay_s == 0.01
        self.beat = callback
        return self

    def cancel(self) -> None:
        self.beat = None

    def pass_ns(self, ns: int, *, wall_ns: int | None = None, cpu: float = 0.5) -> None:
        """Let time pass: on the wall as much as on the monotonic clock unless said, with that share of it as CPU."""
        self.mono_ns += ns
        self.wall_ns += ns if wall_ns is None else wall_ns
        self.cpu_ns += round(ns * cpu)

    def ring(self) -> None:
        beat, self.beat = self.beat, None
        assert beat is not None
        beat()

    def beats(self, number: int, late_ns: int = 0) -> None:
        for _ in range(number):
            self.pass_ns(10 * MS + late_ns)
            self.ring()


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine()
    monkeypatch.setattr(pulse, "monotonic_ns", lambda: machine.mono_ns)
    monkeypatch.setattr(time, "time_ns", lambda: machine.wall_ns)
    monkeypatch.setattr(time, "thread_time_ns", lambda: machine.cpu_ns)
    monkeypatch.setattr(time, "process_time_ns", lambda: 2 * machine.cpu_ns)
    monkeypatch.setattr(asyncio, "get_running_loop", lambda: machine)
    return machine


def begun(machine: Machine) -> Pulse:
    beating = Pulse()
    beating.begin()
    return beating


def test_a_loop_on_time_has_no_stalls(machine: Machine) -> None:
    """Ten milliseconds late is still on time; CPU of the loop's thread and of the process are told apart."""
    beating = begun(machine)
    machine.beats(50, late_ns=10 * MS)
    assert beating.vitals() == Vitals(1000 * MS, 500 * MS, 1000 * MS, 0, 0, 0)


def test_stalls_are_counted_and_the_longest_is_kept(machine: Machine) -> None:
    beating = begun(machine)
    for late_ms in (11, 0, 250, 40, 0):
        machine.beats(1, late_ns=late_ms * MS)
    assert (beating.vitals().stalls, beating.vitals().longest_stall_ns) == (3, 250 * MS)


@pytest.mark.parametrize("jump_ms", [3_600_000, -7_000])
def test_a_jump_of_the_wall_clock_is_noticed(machine: Machine, jump_ms: int) -> None:
    """The change furthest from zero is kept, though a later correction takes it back."""
    beating = begun(machine)
    machine.wall_ns += jump_ms * MS
    machine.beats(100)
    machine.wall_ns -= jump_ms * MS
    machine.beats(200)
    assert beating.vitals().clock_jump_ns == jump_ms * MS


def test_the_end_looks_once_more(machine: Machine) -> None:
    """A stall or a jump since the last beat counts too; what follows does not."""
    beating = begun(machine)
    machine.beats(3)
    machine.pass_ns(90 * MS, wall_ns=95 * MS, cpu=0.0)
    beating.end()
    machine.pass_ns(500 * MS)
    last = beating.vitals()
    beating.end()
    assert beating.vitals() == last == Vitals(120 * MS, 15 * MS, 30 * MS, 1, 80 * MS, 5 * MS)
    assert machine.beat is None
