"""The worker pool's arithmetic."""

from asyncload.emulator.pool import Pool


def test_a_free_worker_begins_at_once() -> None:
    """As long as workers are free, service begins on arrival."""
    pool = Pool(workers=2, queue=0)
    assert [pool.admit(10, 100), pool.admit(11, 100)] == [10, 11]


def test_waiting_requests_begin_in_the_order_of_arrival() -> None:
    """One worker: each begins when the one before it ends."""
    pool = Pool(workers=1, queue=10)
    assert [pool.admit(t, 100) for t in (0, 10, 20)] == [0, 100, 200]


def test_the_queue_is_bounded() -> None:
    """With both workers busy, exactly `queue` requests may wait; the next is refused and leaves no trace."""
    pool = Pool(workers=2, queue=3)
    starts = [pool.admit(0, 100) for _ in range(6)]
    assert starts == [0, 0, 100, 100, 200, None]
    assert pool.waiting(0) == 3


def test_a_place_in_the_queue_is_free_again_when_service_begins() -> None:
    """A waiting request leaves the queue when a worker takes it, not when it is done."""
    pool = Pool(workers=1, queue=1)
    assert [pool.admit(0, 100), pool.admit(0, 100), pool.admit(99, 100)] == [0, 100, None]
    assert pool.admit(100, 100) == 200


def test_what_a_stall_held_outside_needs_no_place() -> None:
    """Requests that a stall holds in front of the endpoint are served in order and never refused."""
    pool = Pool(workers=1, queue=1)
    assert [pool.admit(0, 10, bounded=False) for _ in range(4)] == [0, 10, 20, 30]
    assert pool.waiting(0) == 0


def test_instant_service_never_queues() -> None:
    """With a service time of 0 any number of requests is served on arrival."""
    pool = Pool(workers=1, queue=0)
    assert [pool.admit(5, 0) for _ in range(100)] == [5] * 100
