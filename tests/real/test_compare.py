"""`asyncload compare` as a person uses it: a run of ours, one of real Locust at the same endpoint, files of others."""

import csv
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.real.runs import steady_emulator
from tests.real.servers import emulator
from tests.real.test_cli import asyncload, scenario_file

LOCUSTFILE = Path(__file__).parent / "locustfiles" / "two_models.py"
RESULTS = Path(__file__).parents[1] / "results"
MODELS = ("xgboost-0.tar.gz", "xgboost-1.tar.gz")


@dataclass(frozen=True, slots=True)
class Runs:
    """What was left by two load generators at one endpoint."""

    home: Path

    def compare(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Compare what the words name."""
        return asyncload("compare", *words, cwd=self.home)

    def document(self, *words: str) -> Any:
        """Compare, as JSON."""
        done = self.compare(*words, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """A run of ours and then one of Locust, each of some seconds, at an emulator whose models take 5 ms."""
    home = tmp_path_factory.mktemp("runs")
    with emulator(steady_emulator(home / "emulator.yaml")) as target:
        done = asyncload("run", scenario_file(home, target), "--out", "ours", cwd=home)
        assert done.returncode in (0, 3), done.stderr
        words = ["-f", str(LOCUSTFILE), "--headless", "-u", "5", "-r", "5", "-t", "3s", "--csv", "locust"]
        locust = subprocess.run(
            [sys.executable, "-m", "locust", *words, "--json-file", "locust"],
            cwd=home, env={**os.environ, "ENDPOINT_URL": target.url}, capture_output=True, text=True, timeout=60,
            check=False,
        )  # fmt: skip
    assert (home / "locust_stats.csv").exists(), locust.stderr
    return Runs(home)


def test_a_run_of_ours_stands_beside_one_of_locust(runs: Runs) -> None:
    """Both models side by side, both views of ours, what each number means, and the row that only Locust has."""
    done = runs.compare("ours", "locust_stats.csv")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert any(line.startswith("A  asyncload  ours") for line in lines)
    assert any(line.startswith("B  Locust     locust_stats.csv") for line in lines)
    for words in ("open loop", "closed loop", "from sent, ms", "from due, ms", *MODELS, 'only in B: no, "such" model'):
        assert words in done.stdout
    assert max(map(len, lines)) <= 80
    assert done.stdout.isprintable() or "\x1b" not in done.stdout


def test_the_numbers_are_those_of_the_files(runs: Runs) -> None:
    """Ours are in result.json, as far as their intervals are; Locust's in its JSON; differences are of the numbers."""
    result = json.loads((runs.home / "ours" / "result.json").read_text())
    entries = {entry["name"]: entry for entry in json.loads((runs.home / "locust.json").read_text())}
    found = runs.document("ours", "locust.json")
    assert [model["name"] for model in found["models"]] == list(MODELS)
    for row, model in zip(result["models"], found["models"], strict=True):
        ours, theirs = model["sources"]
        entry = entries[model["name"]]
        assert (ours["requests"], theirs["requests"]) == (row["sent"], entry["num_requests"])
        assert theirs["failures"] == entry["num_failures"] == 0
        for since, metric in (("due", "response_ms"), ("sent", "service_ms")):
            intervals = row[metric.replace("_ms", "_intervals")]
            untold = [name for name, interval in intervals.items() if interval["high_ms"] is None]
            assert ours["latency"][since]["untold"] == untold
            stated = row[metric] | dict.fromkeys(untold)
            assert ours["latency"][since]["ms"] == pytest.approx(stated, abs=1e-4)
        assert set(theirs["latency"]) == {"sent"}
        mean_ms = entry["total_response_time"] / entry["num_requests"]
        view = theirs["latency"]["sent"]
        assert view["ms"]["mean"] == pytest.approx(mean_ms)
        assert view["difference"]["mean"]["share"] == pytest.approx(mean_ms / ours["latency"]["sent"]["ms"]["mean"] - 1)
        low_ms, high_ms = view["within_ms"]["p50"]
        assert (low_ms, high_ms) == (view["ms"]["p50"] - 0.5, view["ms"]["p50"] + 0.5)


def test_the_csv_of_locust_is_read_as_it_stands(runs: Runs) -> None:
    """It is up to a second behind the JSON of the same run: Locust writes it once a second, and not at its end."""
    with (runs.home / "locust_stats.csv").open(newline="") as file:
        *rows, aggregated = csv.DictReader(file)
    found = runs.document("locust_stats.csv", "locust.json")
    assert [source["alone"] for source in found["sources"]] == [[], []]
    by_name = {model["name"]: model["sources"][0] for model in found["models"]}
    for row, side in ((aggregated, found["total"][0]), *((row, by_name[row["Name"]]) for row in rows)):
        assert (side["requests"], side["failures"]) == (int(row["Request Count"]), int(row["Failure Count"]))
        assert side["rate_per_s"] == float(row["Requests/s"])
        stated = side["latency"]["sent"]["ms"]
        assert (stated["p50"], stated["p99"], stated["p99_9"]) == (int(row["50%"]), int(row["99%"]), int(row["99.9%"]))
        assert stated["mean"] == float(row["Average Response Time"])
        assert stated["max"] == float(row["Max Response Time"])


def test_rows_that_are_called_otherwise_can_be_mapped(runs: Runs) -> None:
    found = runs.document("ours", str(RESULTS / "tagged.hlog"), "--map", "xgboost-1=xgboost-1.tar.gz")
    assert [model["name"] for model in found["models"]] == ["xgboost-1.tar.gz"]
    assert [source["alone"] for source in found["sources"]] == [["xgboost-0.tar.gz"], ["xgboost-0"]]


def test_files_of_every_tool_are_compared_at_once(runs: Runs) -> None:
    names = ["k6-export.json", "vegeta.csv", "wrk2.txt", "java.hgrm", "tagged.hlog"]
    done = runs.compare("ours", *(str(RESULTS / name) for name in names))
    assert done.returncode == 0, done.stderr
    for tool in ("asyncload", "k6", "vegeta", "wrk2", "HdrHistogram"):
        assert tool in done.stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["ours"], "expected from 2 to 26 sources to compare, found 1"),
        (["ours"] * 27, "expected from 2 to 26 sources to compare, found 27"),
        (["ours", "ours", "--map", "x"], "--map: expected ROW=MODEL, such as sendPopular=xgboost-0.tar.gz, found 'x'"),
        (["ours", "ours", "--map", "=x"], "--map: expected ROW=MODEL"),
        (["ours", "ours", "--map", "xgboost-O.tar.gz=x"], "no source has a row 'xgboost-O.tar.gz'; did you mean 'xgb"),
        (
            ["ours", "ours", "--map", "zzz=x", "--map", "q=x"],
            "no source has a row 'zzz'; there are 'xgboost-0.tar.gz', ",
        ),
        (
            ["ours", "ours", "--map", "xgboost-0.tar.gz=xgboost-1.tar.gz"],
            "two rows of ours would be called 'xgboost-1.",
        ),
        (["ours", "ours", "--unit", "min"], "--unit: expected one of ns, us, ms, s, found 'min'"),
    ],
)
def test_what_cannot_be_meant_is_bad_usage(runs: Runs, words: list[str], told: str) -> None:
    done = runs.compare(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr


def test_nothing_is_printed_if_a_source_cannot_be_read(runs: Runs) -> None:
    """All that cannot be read is told at once, and no half of a comparison is left."""
    (runs.home / "empty").touch()
    done = runs.compare("ours", "empty", "missing", "locust_stats_history.csv")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        "asyncload: empty: is empty",
        "missing: cannot be read: No such file or directory",
        "locust_stats_history.csv: is Locust's history; give the _stats.csv beside it",
    ]
