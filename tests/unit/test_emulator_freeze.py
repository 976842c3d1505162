"""Work time stands still during a stall."""

from asyncload.emulator.freeze import WorkClock


def test_without_a_stall_work_time_is_real_time() -> None:
    """Both clocks agree until the first stall."""
    clock = WorkClock()
    assert (clock.work_ns(123), clock.real_ns(123), clock.held(123)) == (123, 123, False)


def test_a_stall_delays_everything_after_it_by_its_length() -> None:
    """What was due 40 ns after a stall of 1000 ns began is due 40 ns after its end."""
    clock = WorkClock()
    assert clock.stall(100, 1000) == 1100
    assert clock.real_ns(140) == 1140
    assert clock.work_ns(1140) == 140


def test_work_time_stands_still() -> None:
    """All moments of a stall are the same moment of work time, and none before its end is free."""
    clock = WorkClock()
    clock.stall(100, 1000)
    assert {clock.work_ns(real) for real in (100, 600, 1100)} == {100}
    assert [clock.held(real) for real in (100, 1099, 1100)] == [True, True, False]


def test_what_was_due_before_the_stall_waits_for_its_end() -> None:
    """A reply that was due but not yet sent when the stall began is sent when it ends."""
    clock = WorkClock()
    clock.stall(100, 1000)
    assert clock.real_ns(90) == 1100


def test_a_longer_stall_moves_the_end_and_a_shorter_one_does_not() -> None:
    """Stalls that overlap do not add up."""
    clock = WorkClock()
    clock.stall(100, 1000)
    assert clock.stall(200, 100) == 1100
    assert clock.stall(600, 1000) == 1600
    assert clock.real_ns(140) == 1640


def test_a_stall_can_be_ended_early() -> None:
    """After `resume` work goes on at once, and later calls of it change nothing."""
    clock = WorkClock()
    clock.stall(100, 1000)
    clock.resume(300)
    clock.resume(400)
    assert (clock.held(300), clock.work_ns(300), clock.real_ns(140)) == (False, 100, 340)
