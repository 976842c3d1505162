"""report.numbers: short texts that are never more exact than what they stand for."""

import pytest
from rich.cells import cell_len

from asyncload.report.numbers import count, ms, percent, printable, shorten


@pytest.mark.parametrize(
    ("value_us", "text", "why"),
    [
        (0, "0", "nothing has no digits"),
        (1, "0.001", "the resolution"),
        (123, "0.123", "three digits"),
        (7_614, "7.61", "three digits"),
        (9_999, "10.0", "rounding may move the point"),
        (99_950, "100", "likewise"),
        (12_345_678, "12300", "three digits of a large number"),
        (99_949_999, "99900", "the last in milliseconds"),
        (99_950_000, "100s", "six characters would not fit"),
        (3_600_000_000, "3600s", "the highest that is measured"),
        (float("nan"), "-", "a percentile of nothing"),
    ],
)
def test_ms(value_us: float, text: str, why: str) -> None:
    assert ms(value_us) == text, why
    assert len(text) <= 5


@pytest.mark.parametrize(
    ("part", "whole", "text", "why"),
    [
        (0, 0, "-", "a share of nothing"),
        (0, 9, "0", "none"),
        (9, 9, "100", "all"),
        (1, 1_000_000, "<0.01", "some is not none"),
        (999_999, 1_000_000, "99.99", "not all is not 100"),
        (98_999, 100_000, "99.0", "below 99, three digits"),
        (9_994, 100_000, "9.99", "three digits"),
        (9_996, 100_000, "10.0", "rounding may move the point"),
        (1, 3, "33.3", "three digits"),
    ],
)
def test_percent(part: int, whole: int, text: str, why: str) -> None:
    assert percent(part, whole) == text, why
    assert len(text) <= 5


def test_counts_are_exact_while_they_fit() -> None:
    assert [count(9_999_999), count(12_345_678)] == ["9999999", "12.3M"]


@pytest.mark.parametrize("width", range(1, 20))
def test_names_are_cut_in_the_middle_to_the_cells_given(width: int) -> None:
    """Both ends of a name stay, for characters of one cell and of two."""
    for name in ("xgboost-0.tar.gz", "模型模型模型.tar.gz", "模型模型模型模型模型"):
        cut = shorten(name, width)
        assert cell_len(cut) <= width
        if cut != name:
            head, tail = cut.split("…")
            assert name.startswith(head)
            assert name.endswith(tail)


def test_nothing_is_printed_that_a_terminal_would_obey() -> None:
    """A server's words may not move the cursor or clear the screen."""
    assert printable("lost \x1b[2J\r\n") == "lost ?[2J??"
    assert shorten("\x1b]0;title\x07", 40) == "?]0;title?"
