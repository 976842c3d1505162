"""statistics.intervals: where a difference lies that was measured in pairs."""

import numpy as np
import pytest

from asyncload.statistics.intervals import Interval, paired


def test_the_interval_is_students() -> None:
    """Mean of five differences plus and minus t times the standard error."""
    found = paired([1.0, 2.0, 3.0, 4.0, 5.0], 0.95)
    half = 2.776445 * 1.5811388 / 5**0.5
    assert (found.low, found.high) == pytest.approx((3 - half, 3 + half), rel=1e-6)


def test_equal_differences_are_known_to_their_resolution_only() -> None:
    """Five equal differences of rounded numbers do not make an interval of no width."""
    found = paired([0.2] * 5, 0.95, resolution=0.01)
    assert [found.low, found.high] == pytest.approx([0.19, 0.21])


@pytest.mark.parametrize("level", [0.9, 0.9857])
def test_the_interval_covers_the_truth_as_often_as_it_says(level: float) -> None:
    """Of 4,000 intervals from five normal differences each, at a fixed seed."""
    rng = np.random.default_rng(7)
    found = [paired(rng.normal(3.0, 2.0, 5).tolist(), level) for _ in range(4000)]
    covered = sum(one.low <= 3.0 <= one.high for one in found) / 4000
    assert covered == pytest.approx(level, abs=0.015)


@pytest.mark.parametrize(
    ("low", "high", "where"),
    [(-1.0, 1.0, "within"), (-2.0, 2.0, "within"), (1.0, 3.0, "across"), (2.5, 3.0, "beside")],
)
def test_an_interval_lies_within_another_beside_it_or_across_its_edge(low: float, high: float, where: str) -> None:
    """The three cases from which the three answers follow."""
    for one in (Interval(low, high), Interval(-high, -low)):
        assert one.within(Interval(-2, 2)) is (where == "within")
        assert one.beside(Interval(-2, 2)) is (where == "beside")
