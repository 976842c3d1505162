"""Two runs and what differs between them, and repeated runs, as a person uses them: against the emulator."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.real.runs import scenario
from tests.real.servers import emulator
from tests.real.test_cli import asyncload, environment

RESULTS = Path(__file__).parents[1] / "results"


def endpoint(name: str, median_ms: float) -> dict[str, Any]:
    service = {"lognormal": {"median": f"{median_ms}ms", "sigma": 0.1}}
    return {
        "name": name,
        "models": [{"name": "*", "service": service}],
        "variants": [{"instance": {"workers": 2000, "queue": 2000}}],
    }


@dataclass(frozen=True, slots=True)
class Place:
    """Where two scenarios are, of endpoints of which one is several times as slow, and what was run of them."""

    home: Path
    documents: dict[tuple[str, ...], Any] = field(default_factory=dict)
    """What was said in JSON of what does not change."""

    def run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return asyncload(*words, cwd=self.home)

    def document(self, *words: str) -> Any:
        if words not in self.documents:
            done = self.run(*words, "--json")
            assert done.returncode in {0, 3}, done.stderr
            self.documents[words] = json.loads(done.stdout)
        return self.documents[words]

    def digest(self, name: str) -> str:
        digest: str = json.loads((self.home / name / "result.json").read_text())["plan_digest"]
        return digest


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Runs of 9 s of both scenarios at the same time, and two short repeats that alternate."""
    home = tmp_path_factory.mktemp("difference")
    config = home / "emulator.json"
    config.write_text(json.dumps({"endpoints": [endpoint("quick", 20.0), endpoint("slow", 150.0)]}))
    with emulator(config) as target:
        for name in ("quick", "slow"):
            asked = scenario(
                target.url, name=name, endpoint={"name": name, "region": "us-east-1", "url": target.url},
                phases=[{"law": "poisson", "rate": "100/s", "for": "9s"}],
            )  # fmt: skip
            (home / f"{name}.yaml").write_text(yaml.safe_dump(asked.to_dict()))
        found = Place(home)
        words = [("run", f"{name}.yaml", "--out", f"runs/{name}", "-q", "--no-html") for name in ("quick", "slow")]
        with ThreadPoolExecutor(2) as pool:
            for done in pool.map(lambda each: found.run(*each), words):
                assert done.returncode in {0, 3}, done.stderr
        yield found


def test_what_is_several_times_as_slow_is_said_to_be(place: Place) -> None:
    done = place.run("compare", "runs/quick", "runs/slow")
    assert done.returncode == 0, done.stderr
    assert "what differs, B against A" in done.stdout
    assert "same plan: both were asked the same calls at the same times" in " ".join(done.stdout.split())
    found = place.document("compare", "runs/quick", "runs/slow")["differences"]
    p50 = next(each for each in found["total"] if each["metric"] == "p50")
    assert p50["sure"]
    assert 0 < p50["low"] < p50["b"] / p50["a"] - 1 < p50["high"]
    assert [model["name"] for model in found["models"]] == ["xgboost-0.tar.gz", "xgboost-1.tar.gz"]
    assert f"p50 of all models: {p50['words'].split(': ')[1]}" in done.stdout


@pytest.mark.parametrize(
    ("condition", "fails"),
    [("p50 > +10%", True), ("p50{model=xgboost-0*} > +10%", True), ("p50 > +5000%", False), ("p50 < -5%", False)],
)
def test_a_change_that_is_sure_is_exit_code_4(place: Place, condition: str, *, fails: bool) -> None:
    done = place.run("compare", "runs/quick", "runs/slow", "--fail-if", condition)
    sides = place.document("compare", "runs/quick", "runs/slow")["differences"]
    believed = sides["a"]["valid"] and sides["b"]["valid"]
    assert done.returncode == (3 if not believed else 4 if fails else 0), done.stderr
    assert f"--fail-if {condition}: {'FAILED' if fails else 'passed'}" in done.stdout


def test_a_run_without_its_directory_is_compared_as_a_whole(place: Place) -> None:
    found = place.document("compare", "runs/quick/result.json", "runs/slow")["differences"]
    assert found["models"] == []
    assert any("without run directory" in note for note in found["notes"])
    assert found["total"][0]["sure"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["runs/quick", "runs/slow", "--fail-if", "p98 > +1%", "--fail-if", "p99"], "'p98' is no metric"),
        (["runs/quick", str(RESULTS / "wrk2.txt"), "--fail-if", "p99 > +1%"], "needs two runs of asyncload"),
        (["runs/quick", "runs/slow", "runs/slow", "--fail-if", "p99 > +1%"], "needs two runs of asyncload"),
        (["runs/quick", "runs/slow", "--fail-if", "p50{model=x} > +1%"], "no model that is compared is called 'x'"),
    ],
)
def test_conditions_that_cannot_be_meant_are_bad_usage(place: Place, words: list[str], told: str) -> None:
    done = place.run("compare", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr


# -- repeats ----------------------------------------------------------------------------------------------------------


def test_repeats_alternate_with_one_plan_to_a_pair_and_are_told_together(place: Place) -> None:
    options = ["--repeats", "2", "--pause", "10ms", "--duration", "1s", "--out", "repeats", "-q", "--no-html"]
    done = place.run("run", "quick.yaml", "--against", "slow.yaml", *options)
    assert done.returncode in {0, 3}, done.stderr
    begun = [line.split()[0] for line in done.stdout.splitlines()[:4]]
    assert begun == ["A/01", "B/01", "B/02", "A/02"]
    for words in ("A  ", "B  ", "2 runs", "together", "what differs, B against A", "Run directories: repeats"):
        assert words in done.stdout
    assert place.digest("repeats/A/01") == place.digest("repeats/B/01") != place.digest("repeats/A/02")
    assert place.digest("repeats/A/02") == place.digest("repeats/B/02")

    again = place.run("report", "repeats")
    assert again.stdout.strip() in done.stdout
    sides = place.document("report", "repeats")
    assert [side["name"] for side in sides["sides"]] == ["quick", "slow"]
    assert [run["seed"] for run in sides["sides"][0]["runs"]] == [7, 8]
    compared = place.document("compare", "repeats/A", "repeats/B")
    rows = compared["total"]
    assert [row["requests"] for row in rows] == [side["total"]["calls"] for side in sides["sides"]]
    assert rows[0]["rate_per_s"] == pytest.approx(sides["sides"][0]["total"]["rate_per_s"]["value"], rel=1e-4)
    assert compared["differences"]["a"]["runs"] == 2

    taken = place.run("run", "quick.yaml", "--repeats", "2", "--out", "repeats/A")
    assert taken.returncode == 1
    assert "repeats/A/01: is there already" in taken.stderr
    one_of_many = place.run("report", "repeats/A", "--format", "csv", "--by", "second")
    assert one_of_many.returncode == 2
    assert "--format: is about one run" in one_of_many.stderr


def test_who_interrupts_a_repeat_ends_it_and_those_that_would_follow(place: Place) -> None:
    command = [sys.executable, "-m", "asyncload", "run", "quick.yaml", "--repeats", "3", "--duration", "1s"]
    process = subprocess.Popen(
        [*command, "--out", "ended", "-q", "--no-html"], cwd=place.home, env=environment(), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    with process:
        second = place.home / "ended" / "02" / "run.sqlite"
        until = time.monotonic() + 40
        while not second.exists() and time.monotonic() < until and process.poll() is None:
            time.sleep(0.02)
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert [line.split()[0] for line in out.splitlines()[:2]] == ["01", "02"]
    assert not (place.home / "ended" / "03").exists()
    assert "02 was ended before its plan was, and is left out" in out
    assert [run["name"] for run in place.document("report", "ended")["runs"]] == ["01"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--against", "slow.yaml"], "--against: about runs that are repeated, and there is no --repeats"),
        (["--pause", "2s"], "--pause: about runs that are repeated, and there is no --repeats"),
        (["--repeats", "2", "--pause", "soon"], "--pause: expected a duration"),
        (["--repeats", "2", "--by", "second"], "--by: is about the report, and --repeats gives no report"),
    ],
)
def test_options_of_repeats_that_cannot_be_meant_are_bad_usage(place: Place, words: list[str], told: str) -> None:
    done = place.run("run", "quick.yaml", "--out", "never", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    assert not (place.home / "never").exists()
