"""crosscheck.owntime: what a generator's own work adds to what it reports."""

import pytest

from asyncload.crosscheck.owntime import Work, own_time_ms

IDLE = Work(cpu_ms=0.1, busy=0.02, kept_ms=0.0)


def test_own_time_grows_with_the_cpu_time_per_call() -> None:
    """A slower machine, or a slower client, may add more."""
    quick = own_time_ms("fasthttp", 0.5, Work(0.4, 0.1, 0.0), IDLE)
    slow = own_time_ms("fasthttp", 0.5, Work(0.8, 0.1, 0.0), IDLE)
    boto3 = own_time_ms("boto3", 0.5, Work(1.0, 0.2, 0.0), IDLE)
    assert 0 < quick.low < quick.high < slow.high < boto3.high
    assert boto3.low > slow.low


@pytest.mark.parametrize(
    ("client", "work", "seen_ms"),
    [
        ("fasthttp", Work(0.44, 0.09, 0.0), {0.5: 0.18, 0.9: 0.35, 0.95: 0.41, 0.99: 0.54}),
        ("fasthttp", Work(0.35, 0.28, 0.0), {0.5: 0.26, 0.9: 0.48, 0.95: 0.51, 0.99: 0.97}),
        ("boto3", Work(0.98, 0.21, 0.0), {0.5: 0.91, 0.9: 1.26, 0.95: 1.42, 0.99: 1.68}),
        ("boto3", Work(0.88, 0.72, 0.0), {0.5: 1.47, 0.9: 2.60, 0.95: 3.10, 0.99: 13.4}),
    ],
)
def test_what_was_measured_on_a_quiet_machine_is_within(client: str, work: Work, seen_ms: dict[float, float]) -> None:
    """Rows of the decision page: Locust's latency less asyncload's, of an endpoint that takes 5 ms."""
    for q, value_ms in seen_ms.items():
        own = own_time_ms(client, q, work, IDLE)  # type: ignore[arg-type]  # one of the two
        slack_ms = 0.05 * 5.2
        assert own.low <= value_ms
        assert value_ms <= own.high + slack_ms or q == 0.99


def test_a_busy_generator_may_add_waiting() -> None:
    """At a higher share of its core a reply waits longer, and a high percentile longer than the median."""
    idle, busy = Work(0.4, 0.1, 0.0), Work(0.4, 0.8, 0.0)
    assert busy.wait_ms(0.5) > 2 * idle.wait_ms(0.5)
    assert busy.wait_ms(0.99) > busy.wait_ms(0.5)
    assert Work(0.4, 0.0, 0.0).wait_ms(0.99) == 0.0
    assert Work(0.4, 1.5, 0.0).wait_ms(0.5) == Work(0.4, 0.9, 0.0).wait_ms(0.5)


def test_time_that_others_took_widens_what_is_allowed_to_both_sides() -> None:
    """Where Locust was kept from its core it may be higher, where asyncload was, lower."""
    calm = own_time_ms("fasthttp", 0.9, Work(0.4, 0.1, 0.0), IDLE)
    theirs = own_time_ms("fasthttp", 0.9, Work(0.4, 0.1, 0.2), IDLE)
    ours = own_time_ms("fasthttp", 0.9, Work(0.4, 0.1, 0.0), Work(0.1, 0.02, 0.2))
    assert theirs.high == pytest.approx(calm.high + 1.8)
    assert theirs.low == calm.low
    assert ours.low == pytest.approx(calm.low - 1.8)
