"""
A run that is killed: its directory shows everything up to the last full second.

The run is a process of its own, this file run as a module: it tells each second that it has kept, and is killed with
SIGKILL at various moments after.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from asyncload import store
from asyncload.aws.credentials import StaticCredentials
from asyncload.call import Outcome
from asyncload.errors import StoreError
from asyncload.options import Options
from asyncload.result import RunResult
from asyncload.runner import run
from asyncload.scenario import Arrivals, Endpoint, Model, Phase, Scenario, Users
from asyncload.sigv4 import Credentials
from tests.real.servers import RunningEmulator, emulator

S = 1_000_000_000
RATE_PER_S = 200
PLANNED_S = 6
END_S = 30


KEY = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")


PHASES: dict[str, Phase] = {
    "open": Arrivals(law="constant", rate=float(RATE_PER_S), length_ns=PLANNED_S * S),
    "closed": Users(users=10, pace_ns=10 * S // RATE_PER_S, length_ns=PLANNED_S * S),
}
"""Both ask for the same rate."""


def child(url: str, out: str, loop: str = "open") -> None:
    """Run a scenario and tell each second once it has been kept."""
    scenario = Scenario(
        endpoint=Endpoint(name="xgboost-mme", region="us-east-1", url=url),
        models=(Model(name="a.tar.gz", weight=3, payload="1,2"), Model(name="b.tar.gz", payload="3,4")),
        phases=(PHASES[loop],),
    )
    print("begun", flush=True)  # noqa: T201  # whoever started this process waits for it
    run(
        scenario,
        Options(
            out=Path(out),
            samples=True,
            credentials=StaticCredentials(KEY),
            on_snapshot=lambda snapshot: print(snapshot.row.second, flush=True),  # noqa: T201  # likewise
        ),
    )


def killed(url: str, out: Path, after: str, delay_s: float, loop: str = "open") -> list[int]:
    """Start a run, kill it `delay_s` after it told `after`; returns the seconds that it had told by then."""
    command = [sys.executable, "-m", "tests.real.test_kill", url, str(out), loop]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = list[str]()
        try:
            for line in process.stdout:
                told.append(line.strip())
                if told[-1] == after:
                    time.sleep(delay_s)
                    break
        finally:
            process.kill()
        told += process.stdout.read().split()
        assert process.wait(END_S) == -9, "it ended before it was killed"
    return [int(word) for word in told if word.isdigit()]


@pytest.fixture(scope="module")
def target() -> Iterator[RunningEmulator]:
    with emulator() as running:
        yield running


@pytest.mark.parametrize(
    ("after", "delay_s", "loop"),
    [
        ("0", 0.0, "open"), ("0", 0.97, "open"), ("0", 1.0, "open"), ("1", 0.003, "open"), ("1", 0.5, "open"),
        ("0", 0.97, "closed"), ("1", 0.5, "closed"),
    ],
)  # fmt: skip
def test_a_killed_run_shows_every_second_that_was_full(
    target: RunningEmulator, tmp_path: Path, after: str, delay_s: float, loop: str
) -> None:
    """
    At the turn of a second, just before and after, and in its middle: what had been told is there, and adds up.

    The emulator's own log is the witness that nothing was made up.
    """
    target.reset()
    told = killed(target.url, tmp_path / "out", after, delay_s, loop)
    result = store.read(tmp_path / "out")
    assert result.health.cut
    assert any("the run was cut" in warning for warning in result.verdict.warnings)
    assert [row.second for row in result.seconds] == list(range(len(result.seconds)))
    assert len(told) <= len(result.seconds) <= len(told) + 1
    held_together(result)
    assert result.closed == (loop == "closed")
    assert abs(sum(row.planned for row in result.seconds) - RATE_PER_S * len(result.seconds)) <= RATE_PER_S // 4
    assert result.totals.ok <= sum(row["outcome"] == "OK" for row in target.truth())
    assert not (tmp_path / "out" / "result.json").exists()


def held_together(result: RunResult) -> None:
    """Seconds, models, histograms and health tell one story."""
    totals = result.totals
    for outcome in Outcome:
        assert sum(row.outcomes[outcome] for row in result.seconds) == totals.outcomes[outcome]
    assert sum(row.response.count for row in result.seconds) == totals.response.count == totals.ok > 0
    sent = sum(row.sent for row in result.seconds)
    assert totals.sent + (result.seconds[-1].in_flight if result.seconds else 0) == sent
    assert {model.name for model in result.models} == {"a.tar.gz", "b.tar.gz"}
    assert all(model.ok for model in result.models)
    rate_per_s = result.achieved_per_s if result.closed else result.asked_per_s
    assert rate_per_s == pytest.approx(RATE_PER_S, rel=0.25)


def test_a_run_killed_before_its_first_second_shows_nothing_and_says_so(
    target: RunningEmulator, tmp_path: Path
) -> None:
    """Either it had not made its directory yet, which is said, or there is a run of no seconds that was cut."""
    told = killed(target.url, tmp_path / "out", "begun", 0.4)
    assert told == []
    found = result_or_words(tmp_path / "out")
    if isinstance(found, str):
        assert "no run here" in found or "cut before it began" in found
    else:
        assert found.health.cut
        assert found.seconds == ()
        assert not found.verdict.valid


def result_or_words(path: Path) -> RunResult | str:
    try:
        return store.read(path)
    except StoreError as error:
        return str(error)


if __name__ == "__main__":
    child(*sys.argv[1:])
