"""Quantities: what is printed reads back as what it was."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from asyncload.units import (
    format_bytes,
    format_duration,
    format_rate,
    parse_bytes,
    parse_duration_ns,
    parse_offset_ns,
    parse_rate_per_s,
)

YEAR_NS = 365 * 86_400 * 10**9


@given(st.integers(0, YEAR_NS))
def test_an_exact_duration_reads_back_as_itself(ns: int) -> None:
    """Nothing is lost in any unit."""
    assert parse_duration_ns(format_duration(ns, digits=None)) == ns


@given(st.integers(-YEAR_NS, YEAR_NS))
def test_an_exact_offset_reads_back_as_itself(ns: int) -> None:
    """With its sign; and a number means seconds."""
    assert parse_offset_ns(format_duration(ns, digits=None)) == ns
    assert parse_offset_ns(ns // 10**9) == ns // 10**9 * 10**9


@given(st.integers(0, YEAR_NS), st.integers(1, 9))
def test_a_rounded_duration_reads_back_within_its_digits(ns: int, digits: int) -> None:
    """Half a unit of the last digit below a minute, half a second from there on."""
    error = abs(parse_duration_ns(format_duration(ns, digits)) - ns)
    allowed = Fraction(ns) * 5 / 10**digits if ns < 60 * 10**9 else Fraction(10**9, 2)
    assert error <= max(allowed, Fraction(1, 2))


@given(st.floats(1e-30, 1e9))
def test_an_exact_rate_reads_back_as_the_same_float(per_s: float) -> None:
    """Every float has a text of its own."""
    assert parse_rate_per_s(format_rate(per_s, digits=None)) == per_s


@given(st.floats(1e-6, 9.9e8), st.integers(1, 12))
def test_a_rounded_rate_reads_back_within_its_digits(per_s: float, digits: int) -> None:
    """Half a unit of the last digit."""
    assert abs(parse_rate_per_s(format_rate(per_s, digits)) - per_s) <= per_s * 5.0001 * 10.0**-digits


@given(st.integers(0, 2**60))
def test_an_exact_size_reads_back_as_itself(size: int) -> None:
    """In whichever unit it is printed."""
    assert parse_bytes(format_bytes(size, digits=None)) == size


@given(st.text(max_size=20) | st.floats() | st.integers() | st.none() | st.booleans())
def test_anything_is_either_read_or_refused_in_words(written: object) -> None:
    """No other error, and no value outside the legal range."""
    for parse in (parse_duration_ns, parse_rate_per_s, parse_bytes):
        try:
            value = parse(written)
        except ValueError as error:
            assert str(error).startswith("expected ")  # noqa: PT017  a refusal is as good as a value here
        else:
            assert 0 <= value <= 2**60
    try:
        assert abs(parse_offset_ns(written)) <= 2**60
    except ValueError as error:
        assert str(error).startswith("expected ")  # noqa: PT017
