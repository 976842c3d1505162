"""Durations, rates and sizes: what is read, what is refused, what is printed."""

import pytest

from asyncload.units import (
    format_bytes,
    format_count,
    format_duration,
    format_rate,
    parse_bytes,
    parse_duration_ns,
    parse_rate_per_s,
)


@pytest.mark.parametrize(
    ("written", "ns"),
    [
        ("250ms", 250_000_000),
        ("1m30s", 90_000_000_000),
        ("1h 2m 3s", 3_723_000_000_000),
        ("70s", 70_000_000_000),
        ("2min", 120_000_000_000),
        ("1d", 86_400_000_000_000),
        ("1.5us", 1_500),
        ("1.5µs", 1_500),
        ("7ns", 7),
        (" 5 s ", 5_000_000_000),
        ("5", 5_000_000_000),
        (5, 5_000_000_000),
        (0, 0),
        (0.1, 100_000_000),  # the binary fraction beside 0.1 does not show
        (2.5e-9, 2),  # half to even
    ],
)
def test_durations_are_read_exactly(written: object, ns: int) -> None:
    """Every unit is read, alone or in a row; a plain number is in seconds."""
    assert parse_duration_ns(written) == ns


@pytest.mark.parametrize(
    ("written", "per_s"),
    [
        ("200/s", 200.0),
        ("1.5k/s", 1500.0),
        ("2M/s", 2e6),
        ("600/min", 10.0),
        ("36/h", 0.01),
        ("1 / sec", 1.0),
        ("1.5k", 1500.0),
        ("7", 7.0),
        (7, 7.0),
        (0.1, 0.1),
        (0, 0.0),
    ],
)
def test_rates_are_read_exactly(written: object, per_s: float) -> None:
    """A rate may be scaled and be per second, minute, hour or day; a plain number is per second."""
    assert parse_rate_per_s(written) == per_s


@pytest.mark.parametrize(
    ("written", "size"),
    [("64KiB", 65_536), ("6MB", 6_000_000), ("1.5GiB", 1_610_612_736), ("10 kb", 10_000), ("7B", 7), ("7", 7), (7, 7)],
)
def test_sizes_are_read_exactly(written: object, size: int) -> None:
    """Binary and decimal units differ; a plain number is in bytes."""
    assert parse_bytes(written) == size


_NO_QUANTITIES = [
    "",
    " ",
    "fast",
    "-1",
    "1e3",
    "1,5",
    "²",
    "0x10",
    "9" * 65,
    -1,
    True,
    None,
    [],
    float("nan"),
    float("inf"),
]


@pytest.mark.parametrize("written", [*_NO_QUANTITIES, "5 parsecs", "s", "1s-", "1s,2s", "5M", "1e9s", "40000d", 2e9])
def test_what_is_no_duration_is_refused(written: object) -> None:
    """The text says what is legal, or which limit is broken."""
    with pytest.raises(ValueError, match=r"^expected (a duration, not negative, such as 250ms|at most 1000000000 s)"):
        parse_duration_ns(written)


@pytest.mark.parametrize(
    "written", [*_NO_QUANTITIES, "200/y", "200/", "/s", "K/s", "1.5K/s", "200 per s", "2000M/s", 1e10]
)
def test_what_is_no_rate_is_refused(written: object) -> None:
    """The text says what is legal, or which limit is broken."""
    with pytest.raises(ValueError, match=r"^expected (a rate, not negative, such as 200/s|at most 1e9 per second)"):
        parse_rate_per_s(written)


@pytest.mark.parametrize("written", [*_NO_QUANTITIES, "64KiBs", "1.5B", "KiB", "64i", 1.5, "9999999999GiB"])
def test_what_is_no_size_is_refused(written: object) -> None:
    """The text says what is legal, or which limit is broken."""
    with pytest.raises(ValueError, match=r"^expected (a size, not negative, such as 64KiB|a whole number of bytes)"):
        parse_bytes(written)


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "0s"),
        (7, "7ns"),
        (1_500, "1.5us"),
        (1_234_567, "1.235ms"),
        (999_999, "1ms"),
        (2_500_000_000, "2.5s"),
        (59_999_900_000, "1m"),  # rounding carries into the next unit
        (90_000_000_000, "1m30s"),
        (3_600_000_000_000, "1h"),
        (3_723_400_000_000, "1h2m3s"),
        (-1_500_000, "-1.5ms"),
    ],
)
def test_durations_are_printed_in_the_unit_that_fits(ns: int, text: str) -> None:
    """Four significant digits below a minute, whole seconds from there on."""
    assert format_duration(ns) == text


def test_a_duration_is_printed_to_the_last_digit_on_request() -> None:
    """digits=None loses nothing."""
    assert format_duration(3_723_500_000_001, digits=None) == "1h2m3.500000001s"


def test_rates_are_printed() -> None:
    """Thousands and millions get their letter; None prints the whole float."""
    assert [format_rate(rate) for rate in (0, 0.5, 200, 1500, 2e6, 999.96)] == [
        "0/s", "0.5/s", "200/s", "1.5k/s", "2M/s", "1k/s",
    ]  # fmt: skip
    assert format_rate(199.87654321, digits=None) == "199.87654321/s"


def test_sizes_are_printed() -> None:
    """Rounded ones in binary units; exact ones in the unit that divides them."""
    assert [format_bytes(size) for size in (0, 512, 65_536, 6_000_000)] == ["0B", "512B", "64KiB", "5.722MiB"]
    assert [format_bytes(size, digits=None) for size in (0, 513, 65_536, 6_000_000)] == ["0B", "513B", "64KiB", "6MB"]


def test_counts_are_printed() -> None:
    """Three significant digits are enough to compare by eye."""
    counts = (0, 999, 1_200, 1_234, 24_000, 10_000_000, 5_000_000_000)
    assert [format_count(count) for count in counts] == ["0", "999", "1.2k", "1.23k", "24k", "10M", "5000M"]
