"""The arithmetic of workers and of the queues in front of them."""

from asyncload.emulator.behind.pool import Pool, Queue


def test_a_free_worker_begins_at_once() -> None:
    """As long as workers are free, service begins on arrival, and no queue is needed."""
    pool, queue = Pool(workers=2), Queue(0)
    assert [pool.admit(queue, 10, 100), pool.admit(queue, 11, 100)] == [10, 11]


def test_waiting_requests_begin_in_the_order_of_arrival() -> None:
    """One worker: each begins when the one before it ends, whatever model it is for."""
    pool, a, b = Pool(workers=1), Queue(10), Queue(10)
    assert [pool.admit(queue, t, 100) for queue, t in ((a, 0), (b, 10), (a, 20))] == [0, 100, 200]


def test_the_queue_is_bounded() -> None:
    """With both workers busy, exactly as many requests may wait; the next is refused and leaves no trace."""
    pool, queue = Pool(workers=2), Queue(3)
    starts = [pool.admit(queue, 0, 100) for _ in range(6)]
    assert starts == [0, 0, 100, 100, 200, None]
    assert (queue.waiting(0), pool.busy(0)) == (3, 2)
    assert pool.admit(queue, 100, 1) == 200


def test_each_model_has_a_queue_of_its_own() -> None:
    """A full queue of one model refuses nobody who asks for another."""
    pool, a, b = Pool(workers=1), Queue(1), Queue(1)
    assert [pool.admit(queue, 0, 100) for queue in (a, a, a, b, b)] == [0, 100, None, 200, None]


def test_a_place_in_the_queue_is_free_again_when_service_begins() -> None:
    """A waiting request leaves the queue when a worker takes it, not when it is done."""
    pool, queue = Pool(workers=1), Queue(1)
    assert [pool.admit(queue, t, 100) for t in (0, 0, 99)] == [0, 100, None]
    assert pool.admit(queue, 100, 100) == 200


def test_what_a_stall_held_outside_needs_no_place() -> None:
    """Requests that a stall holds in front of the endpoint are served in order and never refused."""
    pool, queue = Pool(workers=1), Queue(1)
    assert [pool.admit(queue, 0, 10, bounded=False) for _ in range(4)] == [0, 10, 20, 30]
    assert queue.waiting(0) == 0


def test_instant_service_never_queues() -> None:
    """With a service time of 0 any number of requests is served on arrival."""
    pool, queue = Pool(workers=1), Queue(0)
    assert [pool.admit(queue, 5, 0) for _ in range(100)] == [5] * 100


def test_busy_counts_workers_until_service_ends() -> None:
    """A worker is busy up to the moment at which its service ends, not at it."""
    pool, queue = Pool(workers=3), Queue(0)
    for service_ns in (10, 20):
        pool.admit(queue, 0, service_ns)
    assert [pool.busy(now_ns) for now_ns in (0, 9, 10, 19, 20)] == [2, 2, 1, 1, 0]
