"""A directory of repeats: what is told of it, also if somebody ended it early."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from asyncload.cli import repeats
from asyncload.cli.repeats import tell
from asyncload.cli.report import Asked, report
from asyncload.cli.run import Printing
from asyncload.errors import ScenarioError
from asyncload.formats.own import read_run
from asyncload.options import Options
from asyncload.report.exports import Choices
from asyncload.result import RunResult
from asyncload.scenario import Scenario
from bench.courses import Endpoint, made

RUN = made(Endpoint(seconds=10), 1, directory=False).result
SCENARIO = Scenario.from_dict(
    {
        "endpoint": {"name": "e", "region": "us-east-1", "url": "http://127.0.0.1:9"},
        "models": [{"name": "a", "content_type": "text/csv", "payload": "1"}],
        "phases": [{"rate": "1/s", "for": "1s"}],
    }
)
ENDED = replace(RUN, health=replace(RUN.health, interrupted=True))


def keep(out: Path, results: Sequence[RunResult]) -> None:
    """Write runs as a directory of repeats."""
    for number, result in enumerate(results, 1):
        directory = out / f"{number:02d}"
        directory.mkdir(parents=True)
        (directory / "result.json").write_bytes(result.to_json())


@pytest.mark.parametrize("side", ["A", "B"])
def test_of_two_that_alternate_the_runs_of_one_are_told_alone(
    side: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Somebody ended the first run of the first pair; the directory of the other side may be there, and empty."""
    keep(tmp_path / side, [ENDED])
    (tmp_path / "B").mkdir(exist_ok=True)
    assert tell(tmp_path, Printing()) == 0
    told = capsys.readouterr().out
    assert f"{side}  VALID  made up, 1 run" in told
    assert f"only {side} has runs" in told
    assert report(tmp_path, Asked(choices=Choices())) == 0
    assert f"{side}  VALID  made up, 1 run" in capsys.readouterr().out
    tell(tmp_path, Printing(as_json=True))
    found = json.loads(capsys.readouterr().out)
    assert [each["total"]["calls"] for each in found["sides"]] == [RUN.totals.calls]
    assert found["differences"] is None


def test_what_is_about_one_run_is_refused(tmp_path: Path) -> None:
    """All at once, and what was served too: nobody could say by which of them."""
    keep(tmp_path, [RUN, RUN])
    with pytest.raises(ScenarioError) as error:
        report(tmp_path, Asked(choices=Choices(), served=9, slo=("p99 < 1s",)))
    for name in ("--served", "--slo"):
        assert f"{name}: is about one run, and {tmp_path} holds several" in str(error.value)


def test_the_verdict_names_the_run_and_not_its_place_among_those_that_count(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The second was ended early, and the third stood still."""
    keep(tmp_path, [RUN, ENDED, replace(RUN, health=replace(RUN.health, longest_stall_ns=500_000_000))])
    assert tell(tmp_path, Printing()) == 3
    told = " ".join(capsys.readouterr().out.split())
    assert "run 03: the generator stood still for 500 ms" in told
    assert "run 2" not in told
    assert "02 was ended before its plan was, and is left out" in told
    assert read_run(tmp_path).invalid[0].startswith("run 03: the generator stood still")


def test_options_of_repeats_are_refused_together(tmp_path: Path) -> None:
    """Before anything is sent, and all at once."""
    asked = repeats.Asked(repeats=None, pause="soon", out=tmp_path / "out", options=Options(), web=True)
    with pytest.raises(ScenarioError) as error:
        repeats.execute_repeats(SCENARIO, Printing(), asked, lambda *_: ())
    for said in (
        "--pause: about runs that are repeated",
        "--web: a page shows one run",
        "--pause: expected a duration",
    ):
        assert said in str(error.value)
    assert not (tmp_path / "out").exists()
