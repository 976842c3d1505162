"""formats.hgrm: percentile distributions as text."""

from collections.abc import Callable
from pathlib import Path

import pytest

from asyncload.errors import StoreError
from asyncload.formats import hgrm
from asyncload.formats.hgrm import read_hgrm
from asyncload.formats.reading import Reading
from asyncload.formats.unit import Unit
from tests.unit.readings import RESULTS

HEAD = "       Value     Percentile TotalCount 1/(1-Percentile)\n\n"
TEN = (
    f"{HEAD}1.000 0.000000000000 1 1.00\n2.000 0.500000000000 6 2.00\n"
    "9.000 0.900000000000 9 10.00\n9.500 1.000000000000 10\n"
)
WRK2 = (RESULTS / "wrk2.txt").read_text()


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Reading]:
    def read_text(text: str, unit: Unit | None = None) -> Reading:
        (tmp_path / "x.hgrm").write_text(text)
        return read_hgrm(tmp_path / "x.hgrm", unit)

    return read_text


@pytest.mark.parametrize("name", ["java.hgrm", "java-hgrm.csv"])
def test_text_and_csv_of_the_java_implementation_say_the_same(name: str) -> None:
    reading = read_hgrm(RESULTS / name)
    assert (reading.tool, reading.total.requests, reading.total.failures) == ("HdrHistogram", 1000, None)
    latency = reading.total.latency["sent"]
    assert latency.percentiles_ms == {0.5: 8.765, 0.9: 20.906, 0.95: 25.231, 0.99: 31.572, 0.999: 37.192, 1.0: 37.388}
    assert latency.mean_ms in ({10.996} if name.endswith("hgrm") else {None})
    assert reading.notes == ("its unit is not stated; taken for ms. If it is another, say --unit",)


def test_a_percentile_between_two_lines_keeps_its_bounds(read: Callable[..., Reading]) -> None:
    """
    Ten values: one of 1; up to rank 6 by 2, of which those before rank 5 may be less; nine by 9; the last is 9.5.

    p95 and p99 have rank 10, which is that of the last line. Of p80, rank 8, no more is known than that it is below 9.
    """
    latency = read(TEN).total.latency["sent"]
    assert latency.percentiles_ms[0.9] == 9
    low, high = latency.within_ms[0.95]
    assert (round(low, 4), high) == (9.4905, 9.5)
    longer = read(TEN.replace("9.000 0.900000000000 9 10.00\n", "")).total.latency["sent"]
    assert longer.within_ms[0.9] == (2.0, 9.5)
    assert longer.percentiles_ms[0.9] == 9.5


def test_from_the_rank_of_its_quantile_up_to_its_count_a_line_is_exact(read: Callable[..., Reading]) -> None:
    """Of a million values 990,400 are up to 7 ms, and the one of rank 989,060 is; so p99 is, and p99.9 is between."""
    text = HEAD + "1.0 0.000000 1 1.0\n5.0 0.500000 900000 2.0\n7.0 0.989060 990400 91.4\n8.0 1.000000 1000000 inf\n"
    latency = read(text).total.latency["sent"]
    assert {q: latency.within_ms[q] for q in (0.9, 0.95, 0.999)} == {
        0.9: (4.5, 5.0),
        0.95: (5.0, 7.0),
        0.999: (7.0, 8.0),
    }
    low, high = latency.within_ms[0.99]
    assert (round(low, 9), high) == (6.3, 7.0)


def test_a_unit_that_is_given_is_taken(read: Callable[..., Reading]) -> None:
    reading = read(TEN, "us")
    assert reading.total.latency["sent"].percentiles_ms[0.9] == 0.009
    assert not reading.notes


def test_wrk2_has_latencies_from_due_and_with_u_latency_from_sent() -> None:
    """The server took 50 ms and so the calls were ever further behind: 2.4 s at the median, of which 48 ms waiting."""
    reading = read_hgrm(RESULTS / "wrk2.txt")
    total = reading.total
    assert (reading.tool, total.requests, total.failures, total.rate_per_s) == ("wrk2", 2253, 45, 160.66)
    assert total.latency["due"].percentiles_ms[0.5] == 2369.535
    assert total.latency["sent"].percentiles_ms[0.5] == 48.031
    assert total.latency["due"].percentiles_ms[0.99] == 2770.943  # by a line; in short it is 2.77s
    assert total.latency["due"].mean_ms == 2370.591
    assert not reading.notes
    assert reading.meaning.counted == "due, and sent"


def test_the_unit_of_wrk2_is_known(read: Callable[..., Reading]) -> None:
    assert read(WRK2, "us").total.latency["sent"].percentiles_ms[0.5] == 48.031


def test_percentiles_that_wrk2_prints_in_short_narrow_what_the_lines_leave_open(read: Callable[..., Reading]) -> None:
    """Without the lines around p99, it lies by them between 2664 and 2796 ms, and in short it is 2.77s."""
    lines = [line for line in WRK2.splitlines() if " 0.9" not in line or " 0.900000" in line]
    latency = read("\n".join(lines)).total.latency["due"]
    assert latency.percentiles_ms[0.99] == 2770
    assert latency.within_ms[0.99] == (2765, 2775)


def test_wrk2_that_was_cut_before_its_end_has_no_failures_and_no_rate(read: Callable[..., Reading]) -> None:
    cut = WRK2[: WRK2.index("  2253 requests in")]
    total = read(cut).total
    assert (total.requests, total.failures, total.rate_per_s) == (None, None, None)
    clean = read(WRK2.replace("  Non-2xx or 3xx responses: 45\n", "")).total
    assert clean.failures == 0


def test_socket_errors_of_wrk2_are_noted(read: Callable[..., Reading]) -> None:
    text = WRK2.replace("Requests/sec", "  Socket errors: connect 0, read 0, write 0, timeout 7\nRequests/sec")
    assert read(text).notes == ("socket errors, which are in no number: connect 0, read 0, write 0, timeout 7",)


def test_the_plot_of_vegeta_states_percentiles_and_no_counts(read: Callable[..., Reading]) -> None:
    """Its counts are made from its quantiles, so they tell nothing of those between."""
    reading = read((RESULTS / "vegeta.hgrm").read_text(), "us")
    assert (reading.tool, reading.total.requests) == ("vegeta", 200)
    assert reading.total.latency["sent"].percentiles_ms == {
        0.5: 7.107342,
        0.9: 10.580209,
        0.95: 11.572144,
        1.0: 13.518261,
    }


def test_a_file_that_is_far_too_long_is_refused(read: Callable[..., Reading], monkeypatch: pytest.MonkeyPatch) -> None:
    """Rather than read in part."""
    monkeypatch.setattr(hgrm, "_MOST_BYTES", len(TEN) - 1)
    with pytest.raises(StoreError, match=f"it is longer than {len(TEN) - 1} bytes"):
        read(TEN)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (HEAD, "it has no line with a value"),
        (TEN.replace("9.000 0.9", "0.500 0.9"), "after 2.0 with 6 values comes 0.5 with 9; expected ascending lines"),
        (TEN.replace(" 9 10.00", " 4 10.00"), "expected ascending lines"),
        (TEN.replace("9.500", "9.5.0"), "could not convert"),
        (TEN.replace("Value", "Value(min)"), "its values are in 'min'; expected one of ns, us, ms, s"),
    ],
)
def test_a_damaged_distribution_is_an_error_of_its_file(read: Callable[..., Reading], text: str, told: str) -> None:
    with pytest.raises(
        StoreError, match=rf"x.hgrm: looks like a percentile distribution, but cannot be read: .*{told}"
    ):
        read(text)
