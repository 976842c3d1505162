"""report.distribution: how many calls took how long, drawn."""

import numpy as np
import pytest

from asyncload.histogram import Histogram
from asyncload.report.distribution import distribution


def of_ms(*values: float) -> Histogram:
    return Histogram.of_us(np.array([value * 1000 for value in values], np.int64))


def test_two_humps_on_a_logarithmic_axis() -> None:
    """Equal ratios are equal distances: 10 lies as far from 1 as 100 from 10."""
    histogram = of_ms(*[1.0] * 100, *[10.0] * 50, *[100.0] * 25)
    *bars, axis, labels = distribution(histogram, 61, 4)
    drawn = [at for at, bar in enumerate(bars[-1]) if bar != " "]
    assert drawn == [0, 30, 60]
    assert [bars[row][30] if len(bars[row]) > 30 else " " for row in range(4)] == [" ", " ", "█", "█"]
    assert [axis[at] for at in (0, 30)] == ["┬", "┬"]
    assert labels.split()[0] == "1"
    assert labels[29:31] == "10"


def test_one_call_of_a_million_leaves_a_mark() -> None:
    slots = Histogram.of_us(np.array([5_000, 2_000_000]))
    histogram = Histogram(slots.slots, np.array([1_000_000, 1]))
    assert distribution(histogram, 60, 4)[3].rstrip()[-1] == "▁"


@pytest.mark.parametrize("width", [24, 61, 76])
@pytest.mark.parametrize(
    "values", [(5.0,), (0.0,), (0.0, 3_600_000.0), (0.003, 0.004), (7.5, 11.0), (99.0, 100.0, 101.0), (1.0, 3.0, 4.9)]
)
def test_the_picture_has_its_size_and_labels_that_do_not_touch(values: tuple[float, ...], width: int) -> None:
    lines = distribution(of_ms(*values), width, 4, {"p50": values[0] * 1000, "p99": values[-1] * 1000})
    assert len(lines) == 7
    assert max(map(len, lines)) <= width
    assert len(lines[4]) == width
    numbers = [float(word) for word in lines[5].split()]
    assert numbers == sorted(set(numbers))
    assert len(numbers) >= 1


def test_a_label_stands_below_its_place() -> None:
    """The tick of a value is where calls of that value are drawn."""
    histogram = of_ms(*[10.0] * 50, 1.0, 1000.0)
    *bars, axis, labels = distribution(histogram, 60, 1)
    hump = bars[0].index("█")
    assert abs(hump - (labels.index("10") + 1)) <= 1
    assert "┬" in axis[hump - 1 : hump + 2]


def test_slots_that_are_wider_than_a_bar_leave_no_holes() -> None:
    """Of 20 to 30 us a slot is as wide as several bars: its calls are divided among them."""
    line = distribution(Histogram.of_us(np.arange(20, 31)), 60, 1)[0]
    assert " " not in line


def test_marks_that_would_touch_are_left_out() -> None:
    lines = distribution(
        of_ms(1.0, 100.0), 60, 2, {"p50": 10_000.0, "p90": 10_100.0, "p99": 99_000.0, "x": float("nan")}
    )
    assert lines[-1].split() == ["p50", "p99"]
