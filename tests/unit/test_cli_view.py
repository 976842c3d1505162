"""cli.view and the options --by, --sort, --all of `run` and `report`."""

from dataclasses import replace
from pathlib import Path

import pytest

from asyncload.cli.report import Asked, mistakes, report
from asyncload.cli.run import Printing, execute
from asyncload.cli.view import AskedView, spans_of
from asyncload.errors import ScenarioError
from asyncload.options import Options
from asyncload.report.exports import Choices
from asyncload.report.view import View
from asyncload.scenario import Scenario
from tests.unit.reported import steady

GOLDEN = Path(__file__).parents[1] / "golden" / "run-1"


def saved(tmp_path: Path) -> Path:
    path = tmp_path / "result.json"
    path.write_bytes(steady().to_json())
    return path


def test_each_table_can_be_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = saved(tmp_path)
    for asked, head in (
        (AskedView(), "\nmodel "),
        (AskedView(by="model", sort="p99"), "\nsorted by p90, for most have too few calls for p99\n"),
        (AskedView(sort="calls"), "\nsorted by calls\n"),
        (AskedView(by="phase"), "\nphase "),
        (AskedView(by="second", all_rows=True), "\nsecond "),
    ):
        assert report(path, Asked(choices=Choices(), view=asked)) == 0
        assert head in capsys.readouterr().out


def test_what_cannot_be_meant_is_refused_all_at_once() -> None:
    """A view of a report that is not printed, and an order of models that are not shown."""
    everything = AskedView(by="phase", sort="p99", all_rows=True)
    found = list(mistakes(Asked(as_json=True, choices=Choices(), view=everything)))
    assert [words.split(":")[0] for words in found] == ["--by", "--sort", "--all"]
    assert all("--json gives no report" in words for words in found)
    (only,) = mistakes(Asked(choices=Choices(), view=everything))
    assert only == "--sort: orders models, and --by phase shows none; leave one of them out"


def test_files_have_rows_of_models_or_seconds() -> None:
    """`--by` is theirs too; the order of a table and the number of its rows are not."""
    asked = AskedView(by="phase", sort="p99", all_rows=True)
    found = list(mistakes(Asked(formats=("csv",), choices=Choices(), view=asked)))
    assert [words.split(":")[0] for words in found] == ["--sort", "--all", "--by phase"]
    assert not list(mistakes(Asked(formats=("csv",), choices=Choices(by="second"), view=AskedView(by="second"))))


def test_a_run_that_cannot_be_reported_so_does_not_begin(tmp_path: Path) -> None:
    scenario = Scenario.from_dict(
        {"endpoint": {"name": "x"}, "models": [{"name": "a", "payload": "1"}], "phases": [{"rate": 1, "for": 1}]}
    )
    with pytest.raises(ScenarioError, match="--sort: orders models"):
        execute(scenario, Printing(asked=AskedView(by="second", sort="calls")), Options(out=tmp_path / "run"))
    assert not (tmp_path / "run").exists()


def test_the_spans_of_the_phases_come_from_the_run_directory(tmp_path: Path) -> None:
    """Where the table is about time; a result by itself, or a directory that cannot be read, tells none."""
    assert spans_of(GOLDEN, View(by="phase"))
    assert spans_of(GOLDEN, View()) == ()
    assert spans_of(saved(tmp_path), View(by="phase")) == ()
    assert spans_of(None, View(by="phase")) == ()
    (tmp_path / "run.sqlite").write_bytes(b"no database")
    assert spans_of(tmp_path, replace(View(), by="second")) == ()
