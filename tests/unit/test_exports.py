"""`report --format`: which files are written where, whole or not at all, and what is refused."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from asyncload.call import Outcome
from asyncload.cli import report as command
from asyncload.cli.commands import report as options
from asyncload.cli.report import Asked, report
from asyncload.errors import StoreError, UsageError
from asyncload.formats.recording import Recording
from asyncload.history import History, Samples
from asyncload.report.exports import FORMATS, Choices, mistakes
from tests.unit.exported import closed, empty, failed, hostile, written
from tests.unit.recordings import Made, S, recording

SAMPLE = Samples(*np.array([[0, 5, 6, 7, 8, Outcome.OK, 17, 1]], np.int64).T)
MADE = recording([Made(i * S // 100, i % 2) for i in range(300)])
RUN = Recording(MADE.result, replace(MADE.history, samples=[SAMPLE]) if MADE.history else None)
CSV = ["_stats.csv", "_stats_history.csv", "_failures.csv", "_exceptions.csv"]
NAMES = ", ".join(FORMATS)


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run directory, as far as the command can see."""
    path = tmp_path / "run"
    path.mkdir()
    monkeypatch.setattr(command, "read", lambda _: RUN.result)
    monkeypatch.setattr(command, "read_history", lambda _: RUN.history)
    return path


def _asked(*names: str, out: Path | None = None, choices: Choices | None = None) -> Asked:
    return Asked(formats=names, out=out, choices=choices or Choices())


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_has_the_files_that_it_says(name: str) -> None:
    files = written(RUN, name)
    assert tuple(files) == FORMATS[name].ends
    assert all(files.values())


@pytest.mark.parametrize(
    "run", [hostile(), empty(), failed(), closed(), recording([], [])], ids=lambda run: run.result.name
)
@pytest.mark.parametrize("name", [name for name in FORMATS if name != "parquet"])
@pytest.mark.parametrize("bare", [False, True])
def test_any_run_can_be_written(run: Recording, name: str, *, bare: bool) -> None:
    """Of hostile names, without calls, without times, of a closed loop, without a model, with a history or without."""
    for choices in (Choices(), Choices(since="sent"), Choices(by="second", full_history=True), Choices(by="model")):
        files = written(Recording(run.result, None) if bare else run, name, choices)
        assert all(data.decode("utf-8").endswith(("\n", "]", "}")) for data in files.values())


def test_files_of_hostile_names_stay_in_their_folder(
    directory: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """One for each model, all of them there, and none elsewhere."""
    names = ["../../up", "/etc/x", "a\x00b", ".", "", "c" * 400, "a/b", "a-b", "A-B"]
    run = recording([Made(i, i) for i in range(len(names))], names)
    monkeypatch.setattr(command, "read", lambda _: run.result)
    report(directory, _asked("hgrm", choices=Choices(by="model")))
    assert len(list(directory.iterdir())) == 1 + len(names)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


@pytest.mark.parametrize(
    ("out", "expected"),
    [
        (None, [f"run/locust{suffix}" for suffix in CSV]),  # into the run directory
        ("other", [f"other/locust{suffix}" for suffix in CSV]),  # into a folder that is there
        ("new/deep/x", [f"new/deep/x{suffix}" for suffix in CSV]),  # folders are made
        ("x.y", [f"x.y{suffix}" for suffix in CSV]),  # a beginning may have a point
        ("x_stats.csv", [f"x{suffix}" for suffix in CSV]),  # the first of them in full
    ],
)
def test_files_go_where_they_are_asked_for(
    directory: Path, tmp_path: Path, out: str | None, expected: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """And each is named on standard output; nothing else is left there."""
    (tmp_path / "other").mkdir()
    assert report(directory, _asked("locust-csv", out=None if out is None else tmp_path / out)) == 0
    found = [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()]
    assert sorted(found) == sorted(expected)
    assert capsys.readouterr().out.split() == [str(tmp_path / path) for path in expected]


def test_a_name_that_ends_as_it_should_is_kept(directory: Path, tmp_path: Path) -> None:
    report(directory, _asked("locust-json", out=tmp_path / "a.json"))
    report(directory, _asked("locust-json", out=tmp_path / "b"))
    report(directory, _asked("hgrm", out=tmp_path / "c.hgrm", choices=Choices(by="model")))
    assert {path.name for path in tmp_path.iterdir()} == {
        "run", "a.json", "b.json", "c.hgrm", "c-a.tar.gz.hgrm", "c-b.tar.gz.hgrm",
    }  # fmt: skip


def test_all_formats_are_written_at_once(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Into one folder, where no two are in each other's way, nor in that of a run's own files."""
    assert report(directory, _asked(*FORMATS)) == 0
    expected = {f"{format_.stem}{end}" for format_ in FORMATS.values() for end in format_.ends}
    assert len(expected) == sum(len(format_.ends) for format_ in FORMATS.values())
    assert not expected & {"result.json", "scenario.json", "run.sqlite"}
    assert {path.name for path in directory.iterdir()} == expected
    assert {Path(line).name for line in capsys.readouterr().out.splitlines()} == expected


@pytest.mark.parametrize("name", [name for name, format_ in FORMATS.items() if len(format_.ends) == 1])
def test_a_format_of_one_file_can_be_piped(
    directory: Path, name: str, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Byte for byte what would be in the file, and nothing else."""
    assert report(directory, _asked(name, out=Path("-"))) == 0
    assert capfdbinary.readouterr().out == next(iter(written(RUN, name).values()))


def test_json_is_what_the_option_of_that_name_prints(directory: Path, capfd: pytest.CaptureFixture[str]) -> None:
    report(directory, _asked("json", out=Path("-")))
    by_format = capfd.readouterr().out
    report(directory, Asked(as_json=True, choices=Choices()))
    assert capfd.readouterr().out == by_format


def test_a_file_is_there_whole_or_not_at_all(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the history cannot be read on, the old file stays, and no half of the new one."""
    assert RUN.history is not None

    class Broken:
        def __iter__(self) -> Iterator[object]:
            yield from list(RUN.history.seconds)[:1] if RUN.history else ()
            raise StoreError("the disk is gone")

    broken = History(RUN.history.measured_ns, 0, 1, Broken())  # type: ignore[arg-type]  # as far as it goes
    monkeypatch.setattr(command, "read_history", lambda _: broken)
    (directory / "locust_stats_history.csv").write_text("old")
    with pytest.raises(StoreError, match="the disk is gone"):
        report(directory, _asked("locust-csv"))
    assert (directory / "locust_stats_history.csv").read_text() == "old"
    assert sorted(path.name for path in directory.iterdir()) == ["locust_stats.csv", "locust_stats_history.csv"]


def test_a_run_without_samples_leaves_no_file_of_them(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "read_history", lambda _: MADE.history)
    with pytest.raises(StoreError, match="asyncload run SCENARIO --samples"):
        report(directory, _asked("parquet"))
    assert list(directory.iterdir()) == []


def test_a_place_that_cannot_be_written_is_told(directory: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"file/x\.json: cannot be written"):
        report(directory, _asked("locust-json", out=tmp_path / "file" / "x"))


def test_the_verdict_is_told_beside_the_files(
    directory: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the exit code and on standard error: a file of another tool may have no place for it."""
    late = recording([Made(i * S // 100, 0, late_us=20_000) for i in range(100)])
    monkeypatch.setattr(command, "read", lambda _: late.result)
    assert report(directory, _asked("locust-json", out=Path("-"))) == 3
    printed = capsys.readouterr()
    assert printed.out.startswith("[\n")
    assert "INVALID: calls were sent late" in printed.err
    assert "warning: only 100 calls" in printed.err


def test_every_mistake_is_told_at_once(directory: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as error:
        report(
            directory,
            Asked(
                as_json=True, formats=("locust-json",), choices=Choices(full_history=True, by="model"), out=Path("x")
            ),
        )
    assert "3 mistakes" in str(error.value)
    assert "--json: " in str(error.value)
    assert "--full-history: the format locust-json leaves no such choice; expected csv, locust-csv" in str(error.value)
    assert "--by: the format locust-json leaves no such choice; expected csv, hgrm" in str(error.value)
    everything = Choices(since="due", full_history=True, by="second")
    with pytest.raises(UsageError) as error:
        report(directory, Asked(choices=everything, out=tmp_path / "x"))
    for option in ("--since", "--full-history", "--by", "--out"):
        assert f"{option}: is about the files that --format writes" in str(error.value)


@pytest.mark.parametrize(
    ("names", "choices", "out", "expected"),
    [
        (["locust-csv"], Choices(), "-", "--out -: the format locust-csv has 4 files; give how their names begin"),
        (["hgrm"], Choices(by="model"), "-", "--out -: the format hgrm has a file for each model; give how their"),
        (["csv", "hlog"], Choices(), "-", "--out -: 2 formats are more than one file; give how their names begin"),
        (["k6-json", "json"], Choices(), "x", "x.json; give a folder that is there"),  # one name for both
        (["hgrm"], Choices(by="second"), None, "--by: expected one of model with hgrm, found 'second'"),
        (["csv"], Choices(full_history=True), None, "--full-history: of csv it is about seconds; give --by second"),
        (["json", "markdown"], Choices(since="due"), None, "--since: the formats json, markdown leave no such choice"),
    ],
)
@pytest.mark.usefixtures("directory")
def test_what_cannot_be_meant_together_is_refused(
    tmp_path: Path, names: list[str], choices: Choices, out: str | None, expected: str
) -> None:
    """And nothing is written."""
    place = None if out is None else Path(out) if out == "-" else tmp_path / out
    with pytest.raises(UsageError) as error:
        report(tmp_path / "run", _asked(*names, out=place, choices=choices))
    assert "1 mistake\n" in str(error.value)
    assert expected in str(error.value)
    assert [path.name for path in tmp_path.rglob("*")] == ["run"]


def test_a_choice_is_legal_if_one_of_the_formats_leaves_it() -> None:
    assert not list(mistakes(["json", "csv"], Choices(by="second", full_history=True)))
    assert not list(mistakes(["csv", "locust-csv"], Choices(full_history=True)))


def test_an_unknown_format_names_the_known_ones() -> None:
    """And the nearest of them; of several each."""
    assert list(mistakes(["locust-cvs", "junit", "x"], Choices())) == [
        f"--format: expected one of {NAMES}, found 'locust-cvs'; did you mean locust-csv?",
        f"--format: expected one of {NAMES}, found 'x'",
    ]
    assert list(mistakes(["statsd"], Choices(since="due"))) == [f"--format: expected one of {NAMES}, found 'statsd'"]


def test_the_help_names_each_format() -> None:
    source = Path(options.__file__).read_text(encoding="utf-8")
    told = re.search(r'may be repeated: (.*?)\."', source, re.DOTALL)
    assert told is not None
    assert re.findall(r"[a-z][a-z0-9-]+", told[1].replace(" or ", ", ")) == list(FORMATS)


GIVEN = (
    Choices(since="due"),
    Choices(since="sent"),
    Choices(full_history=True),
    Choices(by="model"),
    Choices(by="second"),
)


@pytest.mark.parametrize("name", FORMATS)
def test_a_choice_changes_what_is_written(name: str) -> None:
    """Each but the one that is the format's own, and only where the format says that it leaves it."""
    late = recording([Made(i * S // 100, i % 2, late_us=40_000) for i in range(100)])
    run = Recording(late.result, replace(late.history, samples=[SAMPLE]) if late.history else None)
    by_itself = written(run, name)
    changed = {choices for choices in GIVEN if written(run, name, choices) != by_itself}
    heeded = {
        choices
        for choices in GIVEN
        for choice, legal in FORMATS[name].heeds.items()
        if getattr(choices, choice) in legal
    }
    assert changed <= heeded
    for choice in set(FORMATS[name].heeds) - {"full_history"}:
        assert any(getattr(choices, choice) is not None for choices in changed), choice
