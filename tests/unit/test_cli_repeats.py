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
        report(tmp_path, Asked(choices=Choices(), served=9, formats=("csv",)))
    for name in ("--served", "--format"):
        assert f"{name}: is about one run, and {tmp_path} holds several" in str(error.value)


LOW, HIGH = "p50 < 1ms", "p50 < 1s"


def told_of(tmp_path: Path, capsys: pytest.CaptureFixture[str], *, code: int, slo: tuple[str, ...] = ()) -> str:
    assert report(tmp_path, Asked(choices=Choices(), slo=slo)) == code
    return " ".join(capsys.readouterr().out.split())


def test_the_report_of_repeats_says_why_it_exits_with_4(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The worst answer of each objective, which run gives it, and how many runs there are of each answer."""
    keep(tmp_path, [RUN.judged_by([LOW, HIGH])] * 2)
    told = told_of(tmp_path, capsys, code=4)
    assert "objectives 1 missed, 1 met of 2" in told
    assert f"MISSED {LOW}" in told
    assert "of 2 runs 2 miss it: run 01: p50 is " in told
    assert "of 2 runs 2 meet it: run 01: p50 is " in told


def test_of_two_that_alternate_each_has_its_answers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keep(tmp_path / "A", [RUN.judged_by([HIGH])])
    keep(tmp_path / "B", [RUN.judged_by([LOW])])
    told = told_of(tmp_path, capsys, code=4)
    a, _, b = told.partition(" B VALID ")
    assert f"MET {HIGH}" in a
    assert "MISSED" not in a
    assert f"MISSED {LOW}" in b
    assert tell(tmp_path, Printing(as_json=True)) == 4
    sides = json.loads(capsys.readouterr().out)["sides"]
    assert [side["objectives"][0]["answer"] for side in sides] == ["MET", "MISSED"]


def test_repeated_runs_may_be_judged_by_other_objectives(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keep(tmp_path, [RUN.judged_by([LOW])] * 2)
    told = told_of(tmp_path, capsys, code=0, slo=(HIGH,))
    assert LOW not in told
    assert f"MET {HIGH}" in told
    with pytest.raises(ScenarioError, match=r"--slo: .<<. .column 5."):
        report(tmp_path, Asked(choices=Choices(), slo=("p98 << 1",)))


def test_what_runs_cannot_decide_is_told_and_may_be_allowed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keep(tmp_path, [RUN] * 2)
    told = told_of(tmp_path, capsys, code=4, slo=("p99.999 < 1s",))
    assert "UNDECIDED p99.999 < 1s" in told
    assert "of 2 runs 2 are undecided: run 01: p99.999 cannot be told: it needs" in told
    assert report(tmp_path, Asked(choices=Choices(allow_undecided=True), slo=("p99.999 < 1s",))) == 0


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
