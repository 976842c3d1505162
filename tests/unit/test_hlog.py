"""formats.hlog: interval logs, as HdrHistogram's own writer writes them, and spoilt ones."""

from collections.abc import Callable
from pathlib import Path

import pytest

from asyncload.errors import StoreError
from asyncload.formats.hlog import is_log, read_hlog
from asyncload.formats.reading import Reading
from asyncload.formats.unit import Unit
from tests.unit.readings import RESULTS

TAGGED = (RESULTS / "tagged.hlog").read_text()
US = (RESULTS / "us.hlog").read_text()
_, _, INTERVAL = US.splitlines()


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Reading]:
    def read_text(text: str, unit: Unit | None = None) -> Reading:
        (tmp_path / "log.hlog").write_text(text)
        return read_hlog(tmp_path / "log.hlog", unit)

    return read_text


def test_intervals_are_added_up_and_tags_are_rows() -> None:
    """Nanoseconds, told by the ratio of the values to Interval_Max; percentiles are those of java.hgrm."""
    reading = read_hlog(RESULTS / "tagged.hlog")
    assert [(row.name, row.requests, row.rate_per_s) for row in reading.rows] == [
        ("xgboost-0", 750, 150.0),
        ("xgboost-1", 250, 50.0),
    ]
    assert (reading.total.requests, reading.total.failures, reading.total.rate_per_s) == (1000, None, 200.0)
    percentiles = reading.total.latency["sent"].percentiles_ms
    assert {q: round(percentiles[q], 3) for q in (0.5, 0.9, 0.95, 1.0)} == {
        0.5: 8.765, 0.9: 20.906, 0.95: 25.231, 1.0: 37.388,
    }  # fmt: skip
    assert reading.total.latency["sent"].mean_ms == pytest.approx(10.996, abs=0.001)
    assert reading.notes == (
        "its unit is not stated; taken for ns, so that Interval_Max is in ms. If it is another, say --unit",
    )


def test_the_ratio_tells_microseconds_too() -> None:
    """1,000 values from 10 to 10,000 us with two digits, in 2.5 s."""
    total = read_hlog(RESULTS / "us.hlog").total
    assert (total.requests, total.rate_per_s) == (1000, 400.0)
    low, high = total.latency["sent"].within_ms[0.5]
    assert low <= 5.0 <= high < low * 1.01


def test_the_longest_interval_tells_the_unit(read: Callable[..., Reading]) -> None:
    """One whose maximum was rounded away does not."""
    reading = read(f"{US}{INTERVAL.replace('10.047', '0.000')}\n{INTERVAL.replace('10.047', '0.001')}\n")
    assert reading.total.latency["sent"].most_ms == 10.047


def test_a_unit_that_is_given_is_taken(read: Callable[..., Reading]) -> None:
    reading = read(US, "ns")
    assert reading.total.latency["sent"].most_ms == pytest.approx(0.010047)
    assert not reading.notes


@pytest.mark.parametrize("zero", ["0.000", "0"])
def test_without_interval_max_the_unit_is_taken_for_ns_and_that_is_said(
    read: Callable[..., Reading], zero: str
) -> None:
    reading = read(US.replace("10.047", zero))
    assert reading.total.latency["sent"].most_ms == pytest.approx(0.010047)
    assert reading.notes == ("its unit is not stated; taken for ns. If it is another, say --unit",)


def test_intervals_without_a_tag_are_the_total_where_there_are_some(read: Callable[..., Reading]) -> None:
    reading = read(f"{US}Tag=a,{INTERVAL}\nTag=a,{INTERVAL.replace('0.000,2.5', '2.500,2.5')}\n")
    assert [(row.name, row.requests) for row in reading.rows] == [("a", 2000)]
    assert reading.total.requests == 1000
    assert "the total is of the intervals without a tag, as HdrHistogram's own reader takes it" in reading.notes


def test_fields_may_be_separated_by_spaces_and_the_rest_may_be_missing(read: Callable[..., Reading]) -> None:
    """Comments, the legend and the version are for people."""
    assert read(f"Tag=a {INTERVAL.replace(',', ' ')}\n\n# end\n").rows[0].requests == 1000


def test_many_intervals_are_added_in_portions(read: Callable[..., Reading]) -> None:
    assert read(f"{INTERVAL}\n" * 200).total.requests == 200_000


def test_a_last_line_that_is_cut_short_is_left_out(read: Callable[..., Reading]) -> None:
    """Its writer was killed; what it wrote before counts."""
    reading = read(f"{INTERVAL}\n{INTERVAL[:-9]}")
    assert reading.total.requests == 1000
    assert "its last line is cut short and left out" in reading.notes


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("0.0,1.0\n", "expected .Tag=...,. start, length, maximum and histogram"),
        (f"{INTERVAL[:-9]}\n", "cut short|padding|inflated"),
        ("0.0,1.0,1.0,AAAA\n", "not an encoded HdrHistogram"),
        ("0.0,1.0,1.0,AAAAA\n", ""),
    ],
)
def test_a_wrong_line_is_named(read: Callable[..., Reading], line: str, told: str) -> None:
    with pytest.raises(StoreError, match=rf"log.hlog, line 4: not an interval of a log of HdrHistogram: .*({told})"):
        read(US + line)


def test_double_histograms_are_refused() -> None:
    with pytest.raises(StoreError, match=r"double.hlog, line 2: .*DoubleHistogram; only histograms of whole numbers"):
        read_hlog(RESULTS / "double.hlog")


def test_a_log_without_intervals_is_refused(read: Callable[..., Reading]) -> None:
    with pytest.raises(StoreError, match="without any interval"):
        read("#[Histogram log format version 1.3]\n")


def test_a_log_is_known_by_its_comments_its_legend_or_its_first_line() -> None:
    for text in (TAGGED, US, f"{INTERVAL}\n", f"Tag=a,{INTERVAL}\n", '"StartTimestamp","Interval_Length"\n'):
        assert is_log(text)
    assert not is_log((RESULTS / "java.hgrm").read_text())
