"""formats.vegeta: results by line, and its report."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from asyncload.errors import StoreError
from asyncload.formats import vegeta
from asyncload.formats.reading import Reading
from asyncload.formats.vegeta import read_csv, read_json_lines, read_report
from tests.unit.readings import RESULTS

LINE = "1795460000000000000,200,7157359,35,4,,NC41Ng==,{attack},0,POST,http://127.0.0.1/{path},\n"
REPORT = json.loads((RESULTS / "vegeta-report.json").read_text())


@pytest.fixture
def read_lines(tmp_path: Path) -> Callable[[str], Reading]:
    def read(text: str) -> Reading:
        (tmp_path / "results.csv").write_text(text)
        return read_csv(tmp_path / "results.csv")

    return read


@pytest.mark.parametrize(("name", "read"), [("vegeta.csv", read_csv), ("vegeta.jsonl", read_json_lines)])
def test_both_encodings_are_counted_call_by_call(name: str, read: Callable[[Path], Reading]) -> None:
    """A row per attack; failures are what vegeta takes for them; the rate is over the time of the whole attack."""
    reading = read(RESULTS / name)
    assert [(row.name, row.requests, row.failures) for row in reading.rows] == [
        ("xgboost-0.tar.gz", 148, 2),
        ("xgboost-1.tar.gz", 52, 1),
    ]
    assert (reading.total.requests, reading.total.failures) == (200, 3)
    assert reading.total.rate_per_s == pytest.approx(REPORT["rate"], rel=1e-6)
    assert sum(row.rate_per_s or 0 for row in reading.rows) == pytest.approx(reading.total.rate_per_s)
    latency = reading.total.latency["sent"]
    for q, key in ((0.5, "50th"), (0.9, "90th"), (0.95, "95th"), (0.99, "99th")):
        low, high = latency.within_ms[q]
        assert low - 0.0005 <= REPORT["latencies"][key] / 1e6 <= high + 0.0005
    assert latency.mean_ms == pytest.approx(REPORT["latencies"]["mean"] / 1e6, rel=1e-6)
    assert (latency.least_ms, latency.most_ms) == (3.338637, 13.518261)


def test_a_report_says_what_it_states_and_what_its_buckets_tell() -> None:
    """p99.9 is not stated: it lies in the bucket that begins at 10 ms, below the longest call."""
    reading = read_report(REPORT, Path("report.json"))
    assert not reading.rows
    assert (reading.total.requests, reading.total.failures) == (200, 3)
    latency = reading.total.latency["sent"]
    assert latency.percentiles_ms[0.99] == 12.94754
    assert 0.99 not in latency.within_ms
    assert latency.within_ms[0.999] == (10.0, 13.518261)


def test_a_report_without_buckets_states_no_more_than_four_percentiles() -> None:
    bare = {key: value for key, value in REPORT.items() if key != "buckets"}
    latency = read_report(bare, Path("report.json")).total.latency["sent"]
    assert sorted(latency.percentiles_ms) == [0.5, 0.9, 0.95, 0.99]


def test_a_report_of_no_calls_has_no_percentiles() -> None:
    """vegeta writes zeros."""
    nothing = REPORT | {
        "requests": 0,
        "status_codes": {},
        "rate": 0,
        "latencies": dict.fromkeys(REPORT["latencies"], 0),
    }
    total = read_report(nothing, Path("report.json")).total
    assert (total.requests, total.failures) == (0, 0)
    assert not total.latency["sent"].percentiles_ms
    assert total.latency["sent"].mean_ms is None


@pytest.mark.parametrize(
    "spoilt", [{"latencies": {}}, {"status_codes": []}, {"status_codes": {"x": 1}}, {"buckets": 3}]
)
def test_a_damaged_report_is_an_error_of_its_file(spoilt: dict[str, object]) -> None:
    with pytest.raises(StoreError, match=r"report.json: looks like a report of vegeta, but cannot be read"):
        read_report(REPORT | spoilt, Path("report.json"))


def test_without_names_of_attacks_rows_are_by_url(read_lines: Callable[[str], Reading]) -> None:
    reading = read_lines(LINE.format(attack="", path="a") + LINE.format(attack="", path="b") * 2)
    assert [(row.name, row.requests) for row in reading.rows] == [
        ("POST http://127.0.0.1/a", 1),
        ("POST http://127.0.0.1/b", 2),
    ]


def test_latencies_are_rounded_to_microseconds(read_lines: Callable[[str], Reading]) -> None:
    latency = read_lines(LINE.format(attack="x", path="").replace("7157359", "1600")).total.latency["sent"]
    assert latency.percentiles_ms[0.5] == 0.002
    assert latency.most_ms == 0.0016


def test_calls_at_one_moment_have_no_rate(read_lines: Callable[[str], Reading]) -> None:
    assert read_lines(LINE.format(attack="x", path="")).total.rate_per_s is None


def test_errors_with_quotes_commas_and_line_breaks_are_one_field(read_lines: Callable[[str], Reading]) -> None:
    line = LINE.format(attack="x", path="").replace(",200,", ",0,").replace("4,,", '4,"a ""quoted"", and\nbroken",')
    reading = read_lines(line * 3)
    assert (reading.total.requests, reading.total.failures) == (3, 3)


def test_a_body_may_be_longer_than_what_csv_takes_by_itself(read_lines: Callable[[str], Reading]) -> None:
    assert read_lines(LINE.format(attack="x", path="").replace("NC41Ng==", "QUFB" * 100_000)).total.requests == 1


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("1,2,3\n", "it has 3 columns, expected 12"),
        (LINE.replace("7157359", "7.2ms"), "invalid literal for int"),
        (LINE.replace("7157359", "9" * 30), "int too"),
    ],
)
def test_a_wrong_line_is_named(read_lines: Callable[[str], Reading], line: str, told: str) -> None:
    with pytest.raises(StoreError, match=rf"results.csv, line 3: not a result of vegeta: .*{told}"):
        read_lines(LINE * 2 + line)


def test_a_wrong_line_of_json_is_named(tmp_path: Path) -> None:
    lines = (RESULTS / "vegeta.jsonl").read_text().splitlines()
    path = tmp_path / "results.jsonl"
    path.write_text("\n".join([*lines[:4], lines[4][:70]]))
    with pytest.raises(StoreError, match=r"results.jsonl, line 5: not a result of vegeta: "):
        read_json_lines(path)


def test_with_too_many_rows_only_the_total_is_read(
    read_lines: Callable[[str], Reading], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file with an URL per call has no rows that mean anything, and would take a histogram for each."""
    monkeypatch.setattr(vegeta, "MOST_ROWS", 5)
    reading = read_lines("".join(LINE.format(attack="", path=i) for i in range(20)))
    assert not reading.rows
    assert reading.total.requests == 20
    assert reading.notes == ("more than 5 different URLs: only the total is read",)


def test_latencies_are_counted_in_portions(
    read_lines: Callable[[str], Reading], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many wait to be counted, the numbers are the same."""
    text = (RESULTS / "vegeta.csv").read_text()
    whole = read_lines(text)
    monkeypatch.setattr(vegeta, "_MOST_WAITING", 7)
    assert read_lines(text) == whole
