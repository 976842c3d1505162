"""Exported locustfiles under real Locust, against the emulator."""

import re
import shlex
import socket
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from asyncload.formats.locust_csv import read_stats_csv
from asyncload.formats.locust_json import read_entries
from asyncload.locust.export import export, write
from asyncload.plan import Plan
from asyncload.scenario import Scenario, targets
from tests.real.locusts import end, start
from tests.real.runs import ROW, scenario
from tests.real.servers import RunningEmulator, emulator
from tests.real.test_cli import asyncload

ROOT = Path(__file__).parents[2]
README = ROOT / "locustfiles" / "README.md"
COMMANDS = [
    shlex.split(line)[1:] for line in re.findall(r"^    (asyncload export .*)$", README.read_text(), re.MULTILINE)
]
FAMILY = {"name": "xgb-{i}.tar.gz", "count": 3, "popularity": {"zipf": 1.1}, "weight": 1}
MODELS = [{"name": "xgboost-0.tar.gz", "weight": 3, "payload": ROW}, {**FAMILY, "payload": {"random": {"columns": 8}}}]
PHASES = [{"rate": "40/s", "for": "1s", "warmup": True}, {"rate": "80/s", "for": "2500ms"}]
BRIEFLY = [{"rate": "80/s", "for": "500ms", "warmup": True}, {"rate": "160/s", "for": "1250ms"}]
"""As many calls in half the time, where each is sent at its own."""
LATENESS = re.compile(r"(\d+) calls sent, (\d+) dropped")


def test_locustfiles_are_the_examples_as_the_code_exports_them(tmp_path: Path) -> None:
    """Each command of the folder's README writes again what lies there, its companions included."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    assert len(COMMANDS) >= 4
    for command in COMMANDS:
        done = asyncload(*command, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    ours = {path.name: path.read_bytes() for path in (tmp_path / "locustfiles").iterdir()}
    committed = {path.name: path.read_bytes() for path in README.parent.iterdir() if path.is_file() and path != README}
    assert ours.keys() == committed.keys()
    assert [name for name in ours if ours[name] != committed[name]] == []


@pytest.fixture(scope="module")
def target() -> Any:
    with emulator() as running:
        yield running


def test_locustfiles_run(target: RunningEmulator, tmp_path: Path) -> None:
    """Each of them, for three seconds: a row per model in both result files, and no failure."""
    files = sorted(README.parent.glob("*.py"))
    words = ["--headless", "--only-summary", "-t", "3s"]
    started = [
        start(file, target.url, *words, "--csv", file.stem, "--json-file", file.stem, home=tmp_path) for file in files
    ]
    for process in started:
        end(process)
    for file in files:
        entries = read_entries(tmp_path / f"{file.stem}.json")
        names = {entry.name for entry in entries}
        assert sum(entry.failures for entry in entries) == 0, file
        assert (
            all(re.fullmatch(r"xgb-\d+\.tar\.gz", name) for name in names)
            if file.stem == "thrash"
            else names
            == {
                "xgboost-0.tar.gz",
                "xgboost-1.tar.gz",
            }
        ), file
        assert read_stats_csv(tmp_path / f"{file.stem}_stats.csv").total.failures == 0


def exported(folder: Path, given: Scenario, style: Any, client: Any, *, fine: bool = False) -> Path:
    out = folder / f"{style}_{client}.py"
    write(export(given, style=style, client=client, fine_buckets=fine, out=out), out)
    return out


@pytest.fixture(scope="module")
def given() -> Scenario:
    return scenario("http://127.0.0.1:1", models=MODELS, phases=PHASES)


@pytest.fixture(scope="module")
def brief() -> Scenario:
    return scenario("http://127.0.0.1:1", models=MODELS, phases=BRIEFLY)


@pytest.mark.parametrize("client", ["boto3", "fasthttp"])
def test_a_replay_sends_the_plan(target: RunningEmulator, brief: Scenario, client: str, tmp_path: Path) -> None:
    """As many calls for each model as the plan has, signed and at their times, the warm-up out of the statistics."""
    file = exported(tmp_path, brief, "replay", client, fine=client == "boto3")
    since = len(target.truth())
    said = end(start(file, target.url, "--headless", "--only-summary", "--json-file", "stats", home=tmp_path))
    plan = Plan(brief)
    count = plan.summary().total
    sent = LATENESS.search(said)
    assert sent is not None, said
    assert sent.groups() == (str(count), "0")
    assert re.search(r"lateness p50 [\d.]+ ms, p99 [\d.]+ ms, max [\d.]+ ms", said)
    rows = target.truth()[since:]
    asked = Counter(dict(zip((one.label for one in targets(brief.models)), plan.summary().per_target, strict=True)))
    assert Counter(row["model"] for row in rows) == asked
    entries = read_entries(tmp_path / "stats.json")
    measured = plan.summary().measured
    assert measured <= sum(entry.requests for entry in entries) <= measured + 5, (
        "replies of the warm-up that came later"
    )
    assert sum(entry.failures for entry in entries) == 0
    fine = any(bucket_ms % 1 for entry in entries for bucket_ms in entry.response_times)
    assert fine == (client == "boto3"), "rounded to 0.1 ms where that was asked for"


def test_users_call_at_the_scenarios_rate_and_not_at_one_moment(
    target: RunningEmulator, given: Scenario, tmp_path: Path
) -> None:
    """80 calls a second of 80 users with a period of a second, spread over it, in the weights of the models."""
    file = exported(tmp_path, given, "tasks", "fasthttp")
    since = len(target.truth())
    end(start(file, target.url, "--headless", "--only-summary", "--json-file", "stats", home=tmp_path))
    entries = read_entries(tmp_path / "stats.json")
    requests = sum(entry.requests for entry in entries)
    assert 0.75 * 200 < requests < 1.35 * 200
    popular = next(entry.requests for entry in entries if entry.name == "xgboost-0.tar.gz")
    assert 0.6 < popular / requests < 0.88, "3 : 1"
    tenths = Counter(row["arrival_ns"] // 10**8 for row in target.truth()[since:])
    assert max(tenths.values()) < 30, "of some 8 in a tenth of a second; all 80 if they were in step"


def test_workers_replay_shares_of_one_plan(target: RunningEmulator, brief: Scenario, tmp_path: Path) -> None:
    """A master and two workers send each call once, and end by themselves."""
    file = exported(tmp_path, brief, "replay", "fasthttp")
    since = len(target.truth())
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    bound = ["--master-bind-host", "127.0.0.1", "--master-bind-port", port]
    master = start(
        file, target.url, "--headless", "--only-summary", "--master", "--expect-workers", "2", "-u", "2",
        "--json-file", "stats", *bound, home=tmp_path,
    )  # fmt: skip
    joined = ["--worker", "--master-host", "127.0.0.1", "--master-port", port]
    workers = [start(file, target.url, *joined, home=tmp_path) for _ in range(2)]
    said = [end(process) for process in (*workers, master)]
    sent = [int(found[1]) for text in said[:2] if (found := LATENESS.search(text))]
    assert len(sent) == 2, said
    plan = Plan(brief).summary()
    assert sum(sent) == plan.total == len(target.truth()[since:])
    assert abs(sent[0] - sent[1]) <= 1
    assert sum(entry.requests for entry in read_entries(tmp_path / "stats.json")) >= plan.measured * 0.9


@pytest.mark.parametrize("client", ["boto3", "fasthttp"])
def test_failures_are_told_by_their_code(target: RunningEmulator, client: str, tmp_path: Path) -> None:
    """An unknown model is a ValidationError in each row of failures, whatever the message says of the request."""
    given = scenario(
        target.url, models=[{"name": "no-such.model", "payload": "1"}], phases=[{"rate": "20/s", "for": "1s"}]
    )
    file = exported(tmp_path, given, "replay", client)
    end(start(file, target.url, "--headless", "--only-summary", "--csv", "out", home=tmp_path))
    lines = (tmp_path / "out_failures.csv").read_text().splitlines()[1:]
    assert len(lines) == 1
    assert lines[0].startswith("POST,no-such.model,CallError('ValidationError'),")


def test_arrivals_that_are_not_the_files_are_refused(target: RunningEmulator, brief: Scenario, tmp_path: Path) -> None:
    """A plan of another scenario beside the file: nothing is sent."""
    file = exported(tmp_path, brief, "replay", "fasthttp")
    other = export(scenario(target.url, models=MODELS, phases=BRIEFLY, seed=8), style="replay", out=file)
    (tmp_path / "replay_fasthttp.plan.csv.gz").write_bytes(other.files["replay_fasthttp.plan.csv.gz"])
    since = len(target.truth())
    said = end(start(file, target.url, "--headless", "--only-summary", "-t", "2s", home=tmp_path))
    assert "is not the plan of this file; export both again" in said
    assert len(target.truth()) == since
