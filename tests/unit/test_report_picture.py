"""report.picture: rates as pictures made of characters."""

import pytest

from asyncload.report.picture import plan_picture, sparkline


def test_a_ramp_rises_to_the_right_and_names_its_units() -> None:
    assert plan_picture([i * 6.0 for i in range(101)], 40, 6, length_ns=300_000_000_000) == [
        "600/s ┤                         ▁▂▃▄▅▆▇█",
        "      │                 ▁▂▃▄▅▆▇█████████",
        "300/s ┤         ▁▂▃▄▅▆▇█████████████████",
        "      │▁▂▃▄▄▅▆▇█████████████████████████",
        "  0/s └─────────────────────────────────",
        "       0s            2m30s            5m",
    ]


@pytest.mark.parametrize(("width", "height"), [(24, 4), (80, 12), (61, 7)])
@pytest.mark.parametrize("rates", [[], [0.0, 0.0], [5.0], [1.0, 0.0, 1001.0], [200.0] * 3600])
def test_a_picture_has_the_size_asked_for(rates: list[float], width: int, height: int) -> None:
    lines = plan_picture(rates, width, height)
    assert len(lines) == height
    assert max(map(len, lines)) <= width


def test_a_spike_shorter_than_a_column_is_not_lost() -> None:
    """One second of 1,000/s in an hour of 10/s reaches the top."""
    rates = [10.0] * 3600
    rates[1800] = 1000.0
    assert plan_picture(rates, 60, 8)[0].count("█") == 1


def test_a_low_rate_leaves_a_mark_and_none_does_not() -> None:
    lines = plan_picture([0.01, 0.0, 1000.0], 40, 6)
    floor = lines[3].split("│")[1]
    assert floor[0] == "▁"
    assert floor[len(floor) // 2] == " "


def test_a_line_of_bars() -> None:
    assert sparkline([1, 2, 3, 4, 5, 6, 7, 8, float("nan"), 0.01], 60) == "▁▂▃▄▅▆▇█ ▁"
    assert sparkline([0, 0], 60) == "  "
    assert sparkline([1, 8, 1, 1], 2) == "█▁"
