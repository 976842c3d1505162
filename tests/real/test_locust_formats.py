"""Files of real Locust and ours beside each other, of the same emulator at the same time; and Locust's, read."""

import csv
import io
import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from asyncload.formats.locust_csv import read_stats_csv
from asyncload.formats.locust_json import read_entries, read_json
from asyncload.options import Options
from asyncload.runner import run
from tests.real.runs import KEYS, ROW, scenario
from tests.real.servers import emulator
from tests.real.test_cli import asyncload

HERE = Path(__file__).parent
MISSING = 'no, "such" model'
NAMES = [MISSING, "xgboost-0.tar.gz", "xgboost-1.tar.gz"]
SUFFIXES = ["_stats.csv", "_stats_history.csv", "_failures.csv", "_exceptions.csv"]
WHOLE, DECIMAL = r"\d+", r"\d+\.\d+"
PERCENTILE = r"\d+|N/A"
FIELDS = {
    "Type|Method": "POST|",
    "Name": "|".join(map(re.escape, [*NAMES, "Aggregated"])),
    "Timestamp": r"179\d{7}|1[89]\d{8}|2\d{9}",
    "(Total )?(Request|Failure) Count|User Count|Occurrences|Count": WHOLE,
    "(Total )?(Median|Min|Max) Response Time": f"{WHOLE}|{DECIMAL}",
    "(Total )?Average Response Time": DECIMAL,
    "(Total )?Average Content Size": f"{DECIMAL}|0",
    r"[\d.]+%": PERCENTILE,
    "(First|Last) Seen": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ",
    "Error|Message|Traceback": r"(?s:.*)",
    "Nodes": "local",
}
RATES = {"_stats.csv": DECIMAL, "_stats_history.csv": r"\d+\.\d{6}"}


@dataclass(frozen=True)
class Both:
    """Prefixes of the files of both tools: the history of all entries together, and by entry."""

    locust: dict[str, Path]
    ours: dict[str, Path]

    def pairs(self, suffix: str) -> list[tuple[str, str]]:
        """Texts of a file of both, theirs first, of each kind."""
        return [(_text(self.locust[kind], suffix), _text(self.ours[kind], suffix)) for kind in ("plain", "full")]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Both:
    """Two runs of Locust of four seconds, and one of ours, at the same time."""
    folder = tmp_path_factory.mktemp("both")
    locust = {kind: folder / f"locust-{kind}" for kind in ("plain", "full")}
    ours = {kind: folder / f"ours-{kind}" for kind in ("plain", "full")}
    with emulator() as target, ThreadPoolExecutor(3) as threads:
        started = [
            threads.submit(_locust, locust["plain"], target.url),
            threads.submit(_locust, locust["full"], target.url, "--csv-full-history"),
            threads.submit(_ours, folder / "run", target.url),
        ]
        for future in started:
            future.result()
    for kind, words in (("plain", []), ("full", ["--full-history"])):
        written = asyncload("report", "run", "--format", "locust-csv", "--out", ours[kind].name, *words, cwd=folder)
        assert written.stdout.split() == [f"{ours[kind].name}{suffix}" for suffix in SUFFIXES], written.stderr
        written = asyncload("report", "run", "--format", "locust-json", "--out", f"{ours[kind].name}.json", cwd=folder)
        assert written.stdout.split() == [f"{ours[kind].name}.json"], written.stderr
    return Both(locust, ours)


def _text(prefix: Path, suffix: str) -> str:
    return prefix.with_name(f"{prefix.name}{suffix}").read_bytes().decode()


def _locust(prefix: Path, url: str, *words: str) -> None:
    done = subprocess.run(
        [
            sys.executable, "-m", "locust", "-f", str(HERE / "locustfiles" / "two_models.py"), "--headless",
            "-u", "6", "-r", "6", "-t", "4s", "--csv", str(prefix), "--json-file", str(prefix), "--only-summary",
            "--exit-code-on-error", "0", *words,
        ],
        env={**os.environ, "ENDPOINT_URL": url}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def _ours(folder: Path, url: str) -> None:
    model = {"content_type": "text/csv", "payload": ROW}
    models = [
        {"name": name, "weight": weight, **model} for name, weight in zip(reversed(NAMES), (10, 30, 3), strict=True)
    ]
    phases = [{"rate": "50/s", "for": "500ms", "warmup": True}, {"rate": "80/s", "for": "3500ms"}]
    run(scenario(url, models=models, phases=phases), Options(out=folder, credentials=KEYS))


def _table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_headers_and_line_ends_are_the_same_bytes(both: Both, suffix: str) -> None:
    for theirs, ours in both.pairs(suffix):
        assert ours.partition("\n")[0] == theirs.partition("\n")[0]
        for text in (theirs, ours):
            assert text.endswith("\r\n")
            rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
            again = io.StringIO(newline="")
            csv.writer(again).writerows(rows)
            assert again.getvalue() == text, "quoted where the standard dialect quotes, and nowhere else"


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_field_is_formatted_alike(both: Both, suffix: str) -> None:
    """One pattern per column, which the fields of both match: whole, with six places, or as Python prints it."""
    for text in (text for pair in both.pairs(suffix) for text in pair):
        for row in _table(text):
            for column, field in row.items():
                patterns = [pattern for names, pattern in FIELDS.items() if re.fullmatch(names, column)]
                pattern = patterns[0] if patterns else RATES[suffix]
                assert re.fullmatch(pattern, field), f"{suffix}: {column}: {field!r}"


def test_rows_stand_in_the_same_order(both: Both) -> None:
    """Entries by name and the total behind them; in the history so for each second, if it has the entries at all."""
    for theirs, ours in both.pairs("_stats.csv"):
        assert (
            [row["Name"] for row in _table(ours)] == [row["Name"] for row in _table(theirs)] == [*NAMES, "Aggregated"]
        )
    (plain, full) = both.pairs("_stats_history.csv")
    for text in plain:
        assert {row["Name"] for row in _table(text)} == {"Aggregated"}
    for text in full:
        rows = _table(text)
        last = [row["Name"] for row in rows if row["Timestamp"] == rows[-1]["Timestamp"]]
        assert last == [*NAMES, "Aggregated"]
    for text in (*plain, *full):
        times = [int(row["Timestamp"]) for row in _table(text) if row["Name"] == "Aggregated"]
        assert times == sorted(times)
        assert len(set(times)) >= 3


def test_counts_add_up_in_both(both: Both) -> None:
    """The total is the sum of its rows, failures are those of the failures file, and the history ends in the total."""
    for kind, pair in enumerate(zip(*map(both.pairs, SUFFIXES[:3]), strict=True)):
        for stats, history, failures in zip(*pair, strict=True):
            *rows, total = _table(stats)
            for column in ("Request Count", "Failure Count"):
                assert sum(int(row[column]) for row in rows) == int(total[column]) > 0
                assert _table(history)[-1][f"Total {column}"] == total[column], kind
            assert sum(int(row["Occurrences"]) for row in _table(failures)) == int(total["Failure Count"])
            assert {row["Name"] for row in _table(failures)} == {MISSING}


def test_json_has_the_same_shape(both: Both) -> None:
    """The same keys in the same order, the same types, the same indentation; no newline at the end."""
    for theirs, ours in both.pairs(".json"):
        our_entries, their_entries = ({row["name"]: row for row in json.loads(text)} for text in (ours, theirs))
        assert _shape(our_entries[NAMES[1]]) == _shape(their_entries[NAMES[1]])
        assert set(our_entries) == set(their_entries) == set(NAMES)
        for text in (theirs, ours):
            assert json.dumps(json.loads(text), indent=4) == text


def _shape(entry: dict[str, Any]) -> list[tuple[str, object]]:
    """Keys with the types of their values; of counts by key, how a key looks."""
    return [(key, _kind(value)) for key, value in entry.items()]


def _kind(value: object) -> object:
    if isinstance(value, dict):
        return {(re.sub(r"\d+", "9", key), type(count)) for key, count in value.items()}
    return float if isinstance(value, int | float) and not isinstance(value, bool) else type(value)


def test_locusts_files_are_read(both: Both) -> None:
    """Both kinds agree but for the last second, which Locust does not write to its CSV files any more."""
    for kind in ("plain", "full"):
        statistics = read_stats_csv(Path(f"{both.locust[kind]}_stats.csv"))
        objects = read_json(Path(f"{both.locust[kind]}.json"))
        assert [row.name for row in statistics.rows] == NAMES
        assert {row.name for row in objects.rows} == set(NAMES)
        assert statistics.meaning.arrivals.endswith("up to 6 users")
        assert any("failed with ValidationError" in note for note in statistics.notes)
        assert statistics.total.requests is not None
        assert objects.total.requests is not None
        assert 0.6 * objects.total.requests <= statistics.total.requests <= objects.total.requests
        for row in (*objects.rows, objects.total):
            latency = row.latency["sent"]
            assert latency.most_ms is not None
            assert abs(latency.percentiles_ms[1.0] - latency.most_ms) <= max(0.5, 0.05 * latency.most_ms)
        entries = {entry.name: entry for entry in read_entries(Path(f"{both.locust[kind]}.json"))}
        for entry in entries.values():
            assert sum(entry.response_times.values()) == sum(entry.per_second.values()) == entry.requests
        assert entries[MISSING].failures == entries[MISSING].requests


def test_ours_are_read_like_locusts(both: Both) -> None:
    """By the same reader, with the counts of our own result; failed requests have no response time with us."""
    statistics = read_stats_csv(Path(f"{both.ours['full']}_stats.csv"))
    objects = read_json(Path(f"{both.ours['full']}.json"))
    by_name = {row.name: row for row in objects.rows}
    for row in statistics.rows:
        assert (row.requests, row.failures) == (by_name[row.name].requests, by_name[row.name].failures)
        assert set(row.latency) == (set() if row.name == MISSING else {"sent"})
        assert row.rate_per_s == pytest.approx(by_name[row.name].rate_per_s)


def test_a_run_directory_takes_the_files(both: Both, tmp_path: Path) -> None:
    """Without --out they go there; what stands on standard output is one file, byte for byte; a bare result warns."""
    run_directory = both.ours["full"].parent / "run"
    done = asyncload("report", str(run_directory), "--format", "locust-json", cwd=tmp_path)
    path = run_directory / "locust.json"
    assert done.stdout == f"{path}\n"
    assert done.returncode in (0, 3)
    printed = asyncload("report", str(run_directory), "--format", "locust-json", "--out", "-", cwd=tmp_path)
    assert printed.stdout == path.read_text()
    later = asyncload(
        "report", str(run_directory), "--format", "locust-json", "--since", "due", "--out", "-", cwd=tmp_path
    )
    waited, taken = (
        sum(entry["total_response_time"] for entry in json.loads(done.stdout)) for done in (later, printed)
    )
    assert waited > taken
    (tmp_path / "bare").mkdir()
    bare = tmp_path / "bare" / "result.json"
    bare.write_bytes((run_directory / "result.json").read_bytes())
    done = asyncload("report", str(bare), "--format", "locust-csv", cwd=tmp_path)
    assert "has no history" in done.stderr
    assert sorted(file.name for file in bare.parent.iterdir()) == sorted(
        ["result.json", *(f"locust{suffix}" for suffix in SUFFIXES)]
    )
    assert (bare.parent / "locust_stats.csv").read_bytes() == Path(f"{both.ours['full']}_stats.csv").read_bytes()
