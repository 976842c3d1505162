"""Locust's files for a comparison: of today's version and older ones, cut short, and what is no such file."""

import json
from pathlib import Path
from typing import Any

import pytest

from asyncload.errors import StoreError
from asyncload.formats.locust_csv import read_stats_csv
from asyncload.formats.locust_json import read_entries, read_json
from asyncload.formats.reading import Reading

TODAY = (
    "Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time,Min Response Time,"
    "Max Response Time,Average Content Size,Requests/s,Failures/s,50%,66%,75%,80%,90%,95%,98%,99%,99.9%,99.99%,100%\r\n"
)
ROWS = (
    'POST,"a, ""quoted""",289,3,7,7.38,4.07,22.86,17.0,72.9,0.75,7,8,9,9,10,11,12,13,23,23,23\r\n'
    "POST,b,92,0,6,7.63,3.41,13.63,17.0,23.2,0.0,6,8,9,9,11,12,13,14,14,14,14\r\n"
    ",Aggregated,381,3,7,7.44,3.41,22.86,17.0,96.1,0.75,7,8,9,9,10,11,12,13,23,23,23\r\n"
)
HISTORY = "Timestamp,User Count,Type,Name,Requests/s,Failures/s,50%,Total Request Count\r\n"
FAILURES = "Method,Name,Error,Occurrences,First Seen,Last Seen\r\n"
ENTRY: dict[str, Any] = {
    "name": "a",
    "method": "POST",
    "last_request_timestamp": 1010.0,
    "start_time": 1000.0,
    "num_requests": 100,
    "num_none_requests": 0,
    "num_failures": 2,
    "total_response_time": 5050.0,
    "max_response_time": 104.4,
    "min_response_time": 0.7,
    "total_content_length": 1700,
    "response_times": {str(ms): 1 for ms in range(1, 101)},
    "num_reqs_per_sec": {"1001": 60, "1002": 40},
    "num_fail_per_sec": {"1002": 2},
}


def _stats(folder: Path, text: str, **beside: str) -> Reading:
    path = folder / "run_stats.csv"
    path.write_text(text, newline="")
    for name, content in beside.items():
        (folder / f"run_{name}.csv").write_text(content, newline="")
    return read_stats_csv(path)


def _json(folder: Path, document: object) -> Path:
    path = folder / "run.json"
    path.write_text(json.dumps(document))
    return path


def test_the_statistics_are_read(tmp_path: Path) -> None:
    reading = _stats(tmp_path, TODAY + ROWS)
    assert [row.name for row in reading.rows] == ['a, "quoted"', "b"]
    first, total = reading.rows[0], reading.total
    assert (first.requests, first.failures, first.rate_per_s) == (289, 3, 72.9)
    latency = first.latency["sent"]
    assert set(first.latency) == {"sent"}
    assert list(latency.percentiles_ms) == [0.5, 0.66, 0.75, 0.8, 0.9, 0.95, 0.98, 0.99, 0.999, 0.9999, 1.0]
    assert (latency.percentiles_ms[0.99], latency.percentiles_ms[0.999]) == (13, 23)
    assert (latency.mean_ms, latency.least_ms, latency.most_ms) == (7.38, 4.07, 22.86)
    assert (total.name, total.requests, total.rate_per_s) == ("Aggregated", 381, 96.1)
    assert (reading.tool, reading.source, reading.notes) == ("Locust", str(tmp_path / "run_stats.csv"), ())
    assert "users wait for replies" in reading.meaning.arrivals


def test_history_and_failures_beside_it_are_told(tmp_path: Path) -> None:
    """How many users there were at most, though the last row is half a row; and the most frequent errors."""
    history = HISTORY + "100,0,,Aggregated,0.0,0.0,N/A,0\r\n101,200,,Aggregated,9.0,0.0,7,9\r\n102,150"
    failures = FAILURES + "".join(f"POST,m{i},Error {i % 7},{i + 1},,\r\n" for i in range(14))
    reading = _stats(tmp_path, TODAY + ROWS, stats_history=history, failures=failures)
    assert reading.meaning.arrivals.endswith("; up to 200 users")
    assert reading.notes[0] == "21 failed with Error 6"
    assert len(reading.notes) == 6
    assert reading.notes[-1] == "2 more kinds of errors"


def test_failures_of_before_2_44_are_told_too(tmp_path: Path) -> None:
    """They have four columns."""
    failures = "Method,Name,Error,Occurrences\r\nPOST,a,\"ThrottlingException('')\",3\r\n"
    assert _stats(tmp_path, TODAY + ROWS, failures=failures).notes == ("3 failed with ThrottlingException('')",)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("stats_history", HISTORY + "100,many,,Aggregated,0.0,0.0,7,9\r\n", "its history was not read: "),
        ("stats_history", "", "its history was not read: "),
        ("failures", "something,else\r\n1,2\r\n", "expected the columns Method, Name, Error, Occurrences"),
        ("failures", FAILURES + "POST,a,Broken pipe,many,,\r\n", "its failures were not read: "),
    ],
)
def test_what_lies_beside_it_and_cannot_be_read_is_a_note(tmp_path: Path, name: str, content: str, words: str) -> None:
    """The statistics are there all the same."""
    reading = _stats(tmp_path, TODAY + ROWS, **{name: content})
    assert reading.total.requests == 381
    assert words in reading.notes[0]


def test_only_files_of_the_same_prefix_belong_to_it(tmp_path: Path) -> None:
    path = tmp_path / "renamed.csv"
    path.write_text(TODAY + ROWS, newline="")
    (tmp_path / "renamed.csv_stats_history.csv").write_text("nonsense")
    (tmp_path / "_stats_history.csv").write_text("nonsense")
    assert read_stats_csv(path).notes == ()


def test_other_percentiles_are_read(tmp_path: Path) -> None:
    """A locustfile chooses them; the median has a column of its own."""
    header = TODAY[: TODAY.index(",50%")] + ",33.3%,99.999%\r\n"
    row = ",Aggregated,10,0,7,7.38,4.07,22.86,17.0,72.9,0.75,5,22\r\n"
    latency = _stats(tmp_path, header + row).total.latency["sent"]
    assert latency.percentiles_ms == {0.333: 5, 0.5: 7, 0.99999: 22}


def test_the_columns_of_2020_are_read(tmp_path: Path) -> None:
    """Version 0.14: other names, whole numbers, quoted texts, "None" for no method, line feeds."""
    text = (
        '"Type","Name","# requests","# failures","Median response time","Average response time","Min response time",'
        '"Max response time","Average Content Size","Requests/s","Requests Failed/s","50%","99%","99.999","100%"\n'
        '"POST","a",30,1,11,12,7,40,17,3.00,0.10,11,38,40,40\n'
        '"None","Aggregated",30,1,11,12,7,40,17,3.00,0.10,11,38,40,40'
    )
    reading = _stats(tmp_path, text)
    assert (reading.total.requests, reading.total.failures, reading.total.rate_per_s) == (30, 1, 3)
    assert reading.rows[0].latency["sent"].percentiles_ms == {0.5: 11, 0.99: 38, 0.99999: 40, 1: 40}
    assert reading.rows[0].latency["sent"].mean_ms == 12


def test_a_name_with_two_methods_is_two_rows_that_can_be_told_apart(tmp_path: Path) -> None:
    row = "{},a,10,0,7,7.38,4.07,22.86,17.0,72.9,0.75,5,7,7,7,7,7,7,7,7,7,7\r\n"
    text = TODAY + row.format("GET") + row.format("POST") + ROWS.splitlines(keepends=True)[-1]
    assert [row.name for row in _stats(tmp_path, text).rows] == ["GET a", "POST a"]
    both = read_json(_json(tmp_path, [ENTRY, {**ENTRY, "method": "GET"}, {**ENTRY, "name": "b"}]))
    assert [row.name for row in both.rows] == ["POST a", "GET a", "b"]
    assert both.total.requests == 300


def test_a_run_without_a_request_is_read(tmp_path: Path) -> None:
    empty = ",Aggregated,0,0,0,0.0,0,0,0,0.0,0.0" + ",N/A" * 11 + "\r\n"
    reading = _stats(tmp_path, TODAY + empty)
    assert (reading.rows, reading.total.requests, reading.total.latency) == ((), 0, {})
    assert reading.notes == ("no requests",)
    reading = read_json(_json(tmp_path, []))
    assert (reading.rows, reading.total.requests, reading.total.latency) == ((), 0, {})
    assert (reading.notes, reading.total.rate_per_s) == (("no requests",), None)


def test_a_row_whose_requests_have_no_response_time_has_no_latency(tmp_path: Path) -> None:
    """Locust writes zeros, which are no times: of what was measured nothing took 0 ms to the last digit."""
    row = "POST,a,10,10,0,0.0,0,0,17.0,72.9,72.9" + ",0" * 11 + "\r\n"
    reading = _stats(tmp_path, TODAY + row + ROWS.splitlines(keepends=True)[-1])
    assert (reading.rows[0].requests, reading.rows[0].latency) == (10, {})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty; expected a CSV file of Locust"),
        (TODAY, "ends before its row Aggregated"),
        (TODAY + ROWS[:-1], "ends before its row Aggregated: Locust is still writing it, or was killed"),
        (TODAY + ROWS[:-80], "ends before its row Aggregated: Locust is still writing it, or was killed"),
        ((TODAY + ROWS).replace("\r", "")[:-30], "row 4 ends after 11 of 22 columns"),
        (TODAY + ROWS.replace(",289,", ",many,"), "row 2: `request count`: expected a whole number, found 'many'"),
        (TODAY + ROWS.replace(",289,", ",-3,"), "row 2: `request count`: expected a whole number, found '-3'"),
        (TODAY + ROWS.replace(",7.38,", ",fast,"), "row 2: `average response time`: expected a number, found 'fast'"),
        (TODAY + ROWS.replace(",7.38,", ",nan,"), "row 2: `average response time`: expected a number, found 'nan'"),
        ("name,value\r\na,1\r\n", "expected Locust's <prefix>_stats.csv"),
        (HISTORY + "100,0,,Aggregated,0.0,0.0,N/A,0\r\n", "it is Locust's history, give the _stats.csv beside it"),
        (FAILURES, "it is Locust's failures, give the _stats.csv beside it"),
        ("Count,Message,Traceback,Nodes\r\n", "it is Locust's exceptions, give the _stats.csv beside it"),
    ],
)
def test_what_is_no_whole_file_of_statistics_is_refused(tmp_path: Path, text: str, words: str) -> None:
    """Saying what was expected, and where it is not so."""
    with pytest.raises(StoreError) as error:
        _stats(tmp_path, text)
    assert words in str(error.value)
    assert str(tmp_path / "run_stats.csv") in str(error.value)


def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    for read in (read_stats_csv, read_json):
        with pytest.raises(StoreError, match="cannot be read: No such file"):
            read(tmp_path / "nothing")
        with pytest.raises(StoreError, match="cannot be read: Is a directory"):
            read(tmp_path)
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(StoreError, match="expected a CSV file of Locust"):
        read_stats_csv(tmp_path / "bytes")
    (tmp_path / "zeros").write_bytes(TODAY.encode() + b"\0" * 200_000)
    with pytest.raises(StoreError, match="zeros"):
        read_stats_csv(tmp_path / "zeros")


def test_the_json_is_read(tmp_path: Path) -> None:
    """Percentiles by Locust's rule: p99 of a hundred is the highest; the total is of all entries."""
    other = {**ENTRY, "name": "b", "method": "GET", "start_time": 1005.0, "last_request_timestamp": 1020.0}
    path = _json(tmp_path, [ENTRY, other])
    reading = read_json(path)
    first = reading.rows[0]
    assert [row.name for row in reading.rows] == ["a", "b"]
    assert (first.requests, first.failures) == (100, 2)
    assert first.latency["sent"].percentiles_ms[0.5] == 51
    assert first.latency["sent"].percentiles_ms[0.99] == 100
    assert (first.latency["sent"].mean_ms, first.latency["sent"].most_ms) == (50.5, 104.4)
    assert (reading.total.requests, reading.total.rate_per_s, first.rate_per_s) == (200, 10, 5)
    (entry, _) = read_entries(path)
    assert (entry.response_times[7], entry.per_second, entry.failures_per_second) == (
        1,
        {1001: 60, 1002: 40},
        {1002: 2},
    )
    assert (entry.start_s, entry.last_s, entry.received_bytes) == (1000, 1010, 1700)


def test_finer_buckets_are_seen(tmp_path: Path) -> None:
    """A locustfile may replace the rounding."""
    assert read_json(_json(tmp_path, [ENTRY])).meaning.resolution == "1 ms below 100 ms, 2 digits above"
    reading = read_json(_json(tmp_path, [{**ENTRY, "response_times": {"7.1": 60, "12.35": 40}}]))
    assert reading.rows[0].latency["sent"].percentiles_ms[0.5] == 7.1
    assert "finer" in reading.meaning.resolution


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({}, "Expected `array`, got `object`"),
        ([{"name": "a"}], r"missing required field `method` - at `\$\[0\]`"),
        ([{**ENTRY, "num_requests": -1}], r"at `\$\[0\].num_requests`"),
        ([{**ENTRY, "num_requests": "many"}], "num_requests"),
        ([{**ENTRY, "response_times": {"fast": 3}}], "fast"),
        ([{**ENTRY, "response_times": {"inf": 3}}], "`response_times` has 'inf', which is no time"),
        ([{**ENTRY, "num_reqs_per_sec": {"1.5": 3}}], r"1\.5"),
        ([[]], "Expected `object`, got `array`"),
    ],
)
def test_other_json_is_refused(tmp_path: Path, document: object, words: str) -> None:
    with pytest.raises(StoreError, match=words) as error:
        read_json(_json(tmp_path, document))
    assert "expected what `locust --json-file` writes" in str(error.value)


@pytest.mark.parametrize("text", ["", "[", json.dumps([ENTRY])[:-40], "[" * 100_000, "\xff"])
def test_json_that_is_cut_short_or_none_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "run.json"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(StoreError, match="expected what `locust --json-file` writes"):
        read_json(path)
