"""formats.sniff: formats are told by content, and what is not read is told."""

import gzip
import json
import shutil
from pathlib import Path

import pytest

from asyncload.errors import StoreError
from asyncload.formats.sniff import READ, open_all, open_any
from tests.unit.readings import RESULTS

LOCUST = (
    "Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time,Min Response Time,"
    "Max Response Time,Average Content Size,Requests/s,Failures/s,50%,99%,100%\n"
)
LOCUST_CSV = (
    f"{LOCUST}POST,a,10,1,8,7.6,7.1,12.3,17.0,1.5,0.1,8,12,12\n,Aggregated,10,1,8,7.6,7.1,12.3,17.0,1.5,0.1,8,12,12\n"
)
LOCUST_JSON = json.dumps(
    [
        {
            "name": "a", "method": "POST", "last_request_timestamp": 20.0, "start_time": 10.0, "num_requests": 10,
            "num_none_requests": 0, "num_failures": 1, "total_response_time": 76.0, "max_response_time": 12.3,
            "min_response_time": 7.1, "total_content_length": 170, "response_times": {"8": 9, "12": 1},
            "num_reqs_per_sec": {"20": 10}, "num_fail_per_sec": {"20": 1},
        }
    ],
    indent=4,
)  # fmt: skip
GOB = bytes.fromhex("ffc1ff8103010106") + b"Result\x01\xff\x82\x00\x01\x0c\x01\x06Attack\x01\x0c\x00"


@pytest.mark.parametrize(
    ("name", "tool"),
    [
        ("k6-export.json", "k6"),
        ("k6-handle-summary.json", "k6"),
        ("k6-machine-readable.json", "k6"),
        ("vegeta.csv", "vegeta"),
        ("vegeta.jsonl", "vegeta"),
        ("vegeta-report.json", "vegeta"),
        ("vegeta.hgrm", "vegeta"),
        ("wrk2.txt", "wrk2"),
        ("java.hgrm", "HdrHistogram"),
        ("java-hgrm.csv", "HdrHistogram"),
        ("tagged.hlog", "HdrHistogram log"),
        ("us.hlog", "HdrHistogram log"),
    ],
)
def test_a_format_is_told_by_its_content_whatever_the_name(name: str, tool: str, tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    shutil.copy(RESULTS / name, path)
    reading = open_any(path)
    assert (reading.tool, reading.source) == (tool, str(path))
    assert reading.total.requests


@pytest.mark.parametrize("text", [LOCUST_CSV, LOCUST_JSON, LOCUST_JSON.replace("\n", "")])
def test_both_files_of_locust_are_read(text: str, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text(text)
    reading = open_any(path)
    assert (reading.tool, reading.total.requests, reading.total.failures) == ("Locust", 10, 1)
    assert reading.rows[0].latency["sent"].within_ms[0.5] == (7.5, 8.5)


def test_lines_of_vegeta_that_went_through_another_tool_are_known(tmp_path: Path) -> None:
    """With spaces, and without what is not read."""
    lines = [json.loads(line) for line in (RESULTS / "vegeta.jsonl").read_text().splitlines()]
    path = tmp_path / "x"
    path.write_text("".join(json.dumps({**line, "body": None, "headers": None}) + "\n" for line in lines))
    assert open_any(path).total.requests == 200


def test_of_finer_buckets_the_step_is_told_by_their_digits(tmp_path: Path) -> None:
    """A locustfile may round as it likes; the bucket 7.6 is from 7.55 to 7.65 ms where all have one digit."""
    path = tmp_path / "x"
    path.write_text(LOCUST_JSON.replace('"8": 9', '"7.6": 9'))
    low, high = open_any(path).rows[0].latency["sent"].within_ms[0.5]
    assert (round(low, 9), round(high, 9)) == (7.55, 7.65)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (gzip.compress(LOCUST_CSV.encode()), "is compressed with gzip; unpack it first"),
        (b"PK\x03\x04rest", "is a ZIP archive; unpack it first"),
        (b"SQLite format 3\x00rest", "is a database; give the run directory that it is in"),
        (LOCUST_CSV.encode("utf-16"), "is text in UTF-16; write it as UTF-8"),
        (LOCUST_CSV.encode("utf-8-sig"), "begins with a byte order mark; write it as plain UTF-8"),
        (GOB, "is vegeta's own encoding; give `vegeta encode --to csv`"),
        (b"Timestamp,User Count,Type,Name\n", "is Locust's history; give the _stats.csv beside it"),
        (b"Method,Name,Error,Occurrences\n", "lists Locust's failures; give the _stats.csv beside it"),
        (b"Count,Message,Traceback,Nodes\n", "lists Locust's exceptions; give the _stats.csv beside it"),
        (b'{"type":"Metric","data":{}}\n', "holds k6's samples; give its summary, from --summary-export"),
        (b'{"metric":"http_reqs","type":"Metric"}\n', "holds k6's samples; give its summary, from --summary-export"),
        (b"metric_name,timestamp,metric_value,check\n", "holds k6's samples"),
        ((RESULTS / "wrk.txt").read_bytes(), "is of wrk, or of wrk2 without --latency"),
        ((RESULTS / "k6-export.json").read_bytes()[:-40], "is JSON that is cut short or damaged"),
        (LOCUST_JSON.encode()[:-9], "is JSON that is cut short or damaged"),
        (b"[" * 100_000, "is JSON that is cut short or damaged"),
        (LOCUST_CSV.encode()[:-30], "POST|Aggregated|columns|ends"),
    ],
)
def test_what_is_not_read_is_told_what_to_give_instead(content: bytes, told: str, tmp_path: Path) -> None:
    path = tmp_path / "result"
    path.write_bytes(content)
    with pytest.raises(StoreError, match=rf"(?s)^{path}: .*({told})"):
        open_any(path)


@pytest.mark.parametrize(
    "content", [b"hello\n  world", b"\x00\x01\x02\xff" * 9, b'{"a": 1}', b'[{"name": "x"}]', b"1,2,3\n", b"[1]"]
)
def test_an_unknown_file_lists_what_is_read_and_what_was_found(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "result"
    path.write_bytes(content)
    with pytest.raises(StoreError) as told:
        open_any(path)
    first, *others = str(told.value).splitlines()
    assert first.startswith(f"{path}: is no result that is read; it begins with ")
    assert repr(" ".join(content.decode(errors="replace").split()))[1:-1][:20] in first
    assert [line.strip() for line in others] == list(READ)


def test_a_newer_result_of_ours_says_which_version_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_text('{"schema": "asyncload.result/9"}')
    with pytest.raises(StoreError, match=r"asyncload\.result/9"):
        open_any(path)


def test_a_directory_without_a_run_says_so(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"no run here; expected a directory with run\.sqlite or result\.json"):
        open_any(tmp_path)


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=rf"{tmp_path}/x: cannot be read: No such file or directory"):
        open_any(tmp_path / "x")


def test_all_sources_that_cannot_be_read_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    with pytest.raises(StoreError) as told:
        open_all([tmp_path / "empty", RESULTS / "vegeta.csv", tmp_path / "missing", tmp_path / "empty"])
    assert str(told.value).splitlines() == [
        f"{tmp_path}/empty: is empty",
        f"{tmp_path}/missing: cannot be read: No such file or directory",
    ]


def test_a_unit_reaches_the_formats_that_lack_it(tmp_path: Path) -> None:
    hgrm, hlog = open_all([RESULTS / "java.hgrm", RESULTS / "us.hlog"], "us")
    assert hgrm.total.latency["sent"].percentiles_ms[0.5] == 0.008765
    assert hlog.total.latency["sent"].most_ms == 10.047
