"""Service-time laws reproduce their quantiles."""

import random

import pytest

from asyncload.emulator.config.laws import (
    Fixed,
    FromQuantiles,
    Law,
    LogNormal,
    LogNormalShape,
    QuantileShape,
    quantile_function,
)

MS = 1_000_000


def _drawn_quantiles(law: Law, *at: float) -> list[float]:
    """Empirical quantiles of 50,000 seeded draws, in ms."""
    service, draws = quantile_function(law), random.Random(11)
    times = sorted(service(draws.random()) for _ in range(50_000))
    return [times[int(q * len(times))] / MS for q in at]


def test_fixed_is_the_same_for_every_draw() -> None:
    """A fixed law ignores the draw; zero is allowed."""
    assert _drawn_quantiles(Fixed(fixed_ns=3 * MS), 0.0, 0.999) == [3, 3]
    assert quantile_function(Fixed(fixed_ns=0))(0.5) == 0


def test_lognormal_has_its_median_and_its_tail() -> None:
    """ln of the time is normal: p50 is the median, p99 the median times exp(2.326 sigma)."""
    law = LogNormal(lognormal=LogNormalShape(median_ns=4 * MS, sigma=0.3))
    assert _drawn_quantiles(law, 0.5, 0.99) == pytest.approx([4.0, 4 * 2.71828182846 ** (2.3263 * 0.3)], rel=0.03)


def test_lognormal_without_spread_is_its_median() -> None:
    """With sigma 0 every draw gives the median, also the smallest one, at which the normal law is infinite."""
    service = quantile_function(LogNormal(lognormal=LogNormalShape(median_ns=4 * MS, sigma=0.0)))
    assert {service(u) for u in (0.0, 0.3, 0.999999)} == {4 * MS}


def test_quantiles_come_back() -> None:
    """Draws from a law given by quantiles have these quantiles, and straight lines lie between them."""
    shape = QuantileShape(p0_ns=1 * MS, p50_ns=4 * MS, p90_ns=8 * MS, p99_ns=20 * MS, p99_9_ns=50 * MS)
    drawn = _drawn_quantiles(FromQuantiles(quantiles=shape), 0.25, 0.5, 0.9, 0.99)
    assert drawn == pytest.approx([2.5, 4, 8, 20], rel=0.05)


def test_quantiles_are_flat_outside_what_is_given() -> None:
    """Nothing is invented below the lowest and above the highest given quantile."""
    service = quantile_function(FromQuantiles(quantiles=QuantileShape(p50_ns=4 * MS, p99_9_ns=50 * MS)))
    assert (service(0.0), service(0.9995), service(0.999)) == (4 * MS, 50 * MS, 50 * MS)
