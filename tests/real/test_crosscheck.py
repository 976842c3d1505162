"""Crosschecks with real Locust, against the emulator; how often their answers are right is held by unit tests."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from asyncload.crosscheck import CrosscheckOptions, crosscheck
from asyncload.crosscheck.judging import FEWEST_PAIRS
from asyncload.errors import StartError, UsageError
from asyncload.locust.child import spare_core
from asyncload.scenario import Scenario
from tests.real.runs import KEYS, scenario, steady_emulator
from tests.real.servers import RunningEmulator, emulator
from tests.real.test_cli import SECRET, environment

PHASES = [{"rate": "150/s", "for": "2s"}]


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEmulator]:
    with emulator(steady_emulator(tmp_path_factory.mktemp("target") / "em.yaml", service_ms=20.0)) as running:
        yield apart(running)


def options(out: Path, **changes: Any) -> CrosscheckOptions:
    keys = KEYS.current()
    named = {"AWS_ACCESS_KEY_ID": keys.access_key, "AWS_SECRET_ACCESS_KEY": keys.secret_key}
    return CrosscheckOptions(repeats=3, out=out, environment=named, **changes)


def apart(running: RunningEmulator) -> RunningEmulator:
    """Keep an emulator off the core of the generators, where there are several."""
    core = spare_core()
    if core is not None:
        os.sched_setaffinity(running.process.pid, os.sched_getaffinity(0) - {core})
    return running


def disturbed(answer: str, doubts: list[str]) -> bool:
    """
    Whether too few pairs could be used, for this machine was at other work: then CANNOT TELL is the only right answer.

    Args:
        answer: Of a crosscheck.
        doubts: Of each pair, empty where it could be used; when they are right is held by unit tests.
    """
    few = doubts.count("") < FEWEST_PAIRS
    assert not few or answer == "CANNOT TELL", f"{answer} from these pairs: {doubts}"
    return few


@pytest.mark.timeout(300)
def test_a_healthy_endpoint_is_seen_alike(target: RunningEmulator, tmp_path: Path) -> None:
    """The same due times by both: AGREE, in every form of the result, and never DIFFER."""
    (tmp_path / "s.json").write_text(json.dumps(scenario(target.url, phases=PHASES).to_dict()))
    words = ["crosscheck", "s.json", "--repeats", "3", "--out", "c", "--html", "page.html", "-q", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "asyncload", *words],
        cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    document = json.loads(done.stdout)
    answer = document["answer"]
    assert done.returncode == {"AGREE": 0, "CANNOT TELL": 3, "DIFFER": 5}[answer], done.stderr
    page = (tmp_path / "page.html").read_text()
    assert answer in page
    assert "plotly" in page
    assert len(page) < 6e6
    assert json.loads((tmp_path / "c" / "crosscheck.json").read_text()) == document
    doubts = [pair["doubt"] or "" for pair in document["pairs"]]
    assert answer == "AGREE" or disturbed(answer, doubts), document["why"]


@pytest.mark.timeout(300)
def test_wrong_weights_and_a_slower_endpoint_on_one_side_differ(target: RunningEmulator, tmp_path: Path) -> None:
    """
    In a closed loop 3 : 1 against 2 : 1, and 10 % more latency for Locust alone: each is found by itself, the model
    named with its shares, and p50 with how much it is.
    """
    asked = scenario(target.url, phases=[{"users": 6, "for": "2s"}])
    heavy, light = asked.models
    wrong: Scenario = replace(asked, models=(replace(heavy, weight=2.0), light))
    with emulator(steady_emulator(tmp_path / "slow.yaml", service_ms=22.0)) as slow:
        given = options(tmp_path / "c", locust_scenario=wrong, locust_host=apart(slow).url)
        found = crosscheck(asked, given)
    if disturbed(found.judgement.answer, [pair.doubt for pair in found.pairs]):
        return
    assert found.judgement.answer == "DIFFER", found.judgement.why
    assert "calls per model differ" in found.judgement.why
    # Of two models both are as far off; rounding chooses.
    assert any(f"asked {share}" in found.judgement.why for share in ("75.0%", "25.0%")), found.judgement.why
    p50 = next(finding for finding in found.judgement.findings if finding.metric == "p50")
    assert p50.answer == "DIFFER"
    assert 1.5 < p50.difference < 4.0, "2 ms, and Locust's own work"


def test_what_cannot_be_compared_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    """Two ways at once; a replay of users; too few repeats."""
    given = scenario("http://127.0.0.1:1", phases=PHASES)
    with pytest.raises(UsageError, match="--users and --replay are two ways to compare"):
        crosscheck(given, CrosscheckOptions(users=2, replay=True, out=tmp_path / "a"))
    closed = scenario("http://127.0.0.1:1", phases=[{"users": 2, "for": "2s"}])
    with pytest.raises(UsageError, match="--replay needs due times"):
        crosscheck(closed, CrosscheckOptions(replay=True, out=tmp_path / "b"))
    with pytest.raises(UsageError, match="expected at least 1"):
        crosscheck(given, CrosscheckOptions(repeats=0, out=tmp_path / "c"))


@pytest.mark.timeout(300)
def test_a_stall_is_seen_by_both_and_put_into_words(tmp_path: Path) -> None:
    """Four users of an endpoint that stands still for half a second every two; callers on schedule stand beside."""
    given = replace(options(tmp_path / "c", client="boto3"), repeats=1)
    with emulator(steady_emulator(tmp_path / "em.yaml", service_ms=20.0)) as target, _stalling(apart(target), 2.0, 500):
        found = crosscheck(scenario(target.url, phases=[{"users": 4, "for": "4s"}]), given)
    hidden = found.hidden
    assert hidden is not None
    if all(pair.doubt for pair in found.pairs):
        return  # this machine was at other work
    assert hidden.stall is not None
    assert 300 < hidden.stall.length_ms < 1500
    assert hidden.stall.held <= 4
    assert "Each of the 4 users met it with one call at most" in hidden.words
    assert "Locust's run of pair" in hidden.words


@contextmanager
def _stalling(target: RunningEmulator, every_s: float, length_ms: int) -> Iterator[None]:
    """Let the endpoint stand still again and again, for at most two minutes."""
    done = threading.Event()

    def stall() -> None:
        for _ in range(60):
            if done.wait(every_s):
                return
            target.stall(length_ms)

    thread = threading.Thread(target=stall)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


@pytest.mark.timeout(120)
def test_ctrl_c_keeps_the_pairs_before_it(target: RunningEmulator, tmp_path: Path) -> None:
    """The run that is under way is given up, the generators are gone, what there is is judged; exit code 130."""
    (tmp_path / "s.json").write_text(json.dumps(scenario(target.url, phases=PHASES).to_dict()))
    process = subprocess.Popen(
        [sys.executable, "-m", "asyncload", "crosscheck", "s.json", "--out", "c", "--json"],
        cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    deadline_s = time.monotonic() + 60
    while not (tmp_path / "c" / "pair-02" / "locust").exists() and time.monotonic() < deadline_s:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    document = json.loads(out)
    assert (document["interrupted"], len(document["pairs"])) == (True, 1)
    assert document["answer"] == "CANNOT TELL"
    assert "the run that is under way is given up" in err
    assert SECRET not in out + err
    for file in (tmp_path / "c").rglob("*"):
        assert file.is_dir() or SECRET.encode() not in file.read_bytes(), file


@pytest.mark.timeout(120)
def test_a_locust_that_fails_says_why(target: RunningEmulator, tmp_path: Path) -> None:
    """A broken boto3, which asyncload does not need: the error holds the last words of Locust's log."""
    (tmp_path / "boto3.py").write_text('raise RuntimeError("no boto3 today")')
    given = options(tmp_path / "c")
    path = os.pathsep.join([str(tmp_path), str(Path(__file__).parents[2])])
    given = replace(given, environment={**(given.environment or {}), "PYTHONPATH": path})
    with pytest.raises(StartError, match=r"(?s)Locust failed.*no boto3 today"):
        crosscheck(scenario(target.url, phases=PHASES), given)
