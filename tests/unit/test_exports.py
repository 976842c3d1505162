"""`report --format`: which files are written where, whole or not at all, and what is refused."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from asyncload.cli import report as command
from asyncload.cli.report import Asked, report
from asyncload.errors import StoreError, UsageError
from asyncload.formats.recording import Recording
from asyncload.history import History
from asyncload.report.exports import FORMATS, Choices, mistakes
from tests.unit.recordings import Made, S, recording

RUN = recording([Made(i * S // 100, i % 2) for i in range(300)])
CSV = ["_stats.csv", "_stats_history.csv", "_failures.csv", "_exceptions.csv"]


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run directory, as far as the command can see."""
    path = tmp_path / "run"
    path.mkdir()
    monkeypatch.setattr(command, "read", lambda _: RUN.result)
    monkeypatch.setattr(command, "read_history", lambda _: RUN.history)
    return path


def _asked(name: str, out: Path | None = None) -> Asked:
    return Asked(format=name, out=out, choices=Choices())


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_has_as_many_files_as_it_says(name: str) -> None:
    files = list(FORMATS[name].files(RUN, Choices()))
    assert len(files) == FORMATS[name].parts
    assert all("".join(pieces) for _, pieces in files)


@pytest.mark.parametrize(
    ("out", "expected"),
    [
        (None, [f"run/locust{suffix}" for suffix in CSV]),  # into the run directory
        ("other", [f"other/locust{suffix}" for suffix in CSV]),  # into a folder that is there
        ("new/deep/x", [f"new/deep/x{suffix}" for suffix in CSV]),  # folders are made
        ("x.y", [f"x.y{suffix}" for suffix in CSV]),  # a beginning may have a point
    ],
)
def test_files_go_where_they_are_asked_for(
    directory: Path, tmp_path: Path, out: str | None, expected: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """And each is named on standard output; nothing else is left there."""
    (tmp_path / "other").mkdir()
    assert report(directory, _asked("locust-csv", None if out is None else tmp_path / out)) == 0
    written = [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()]
    assert sorted(written) == sorted(expected)
    assert capsys.readouterr().out.split() == [str(tmp_path / path) for path in expected]


def test_a_name_that_ends_as_it_should_is_kept(directory: Path, tmp_path: Path) -> None:
    report(directory, _asked("locust-json", tmp_path / "a.json"))
    report(directory, _asked("locust-json", tmp_path / "b"))
    assert {path.name for path in tmp_path.iterdir()} == {"run", "a.json", "b.json"}


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


def test_a_place_that_cannot_be_written_is_told(directory: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"file/x\.json: cannot be written"):
        report(directory, _asked("locust-json", tmp_path / "file" / "x"))


def test_the_verdict_is_told_beside_the_files(
    directory: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the exit code and on standard error: a file of another tool may have no place for it."""
    late = recording([Made(i * S // 100, 0, late_us=20_000) for i in range(100)])
    monkeypatch.setattr(command, "read", lambda _: late.result)
    assert report(directory, _asked("locust-json", Path("-"))) == 3
    printed = capsys.readouterr()
    assert printed.out.startswith("[\n")
    assert "INVALID: calls were sent late" in printed.err
    assert "warning: only 100 calls" in printed.err


def test_every_mistake_is_told_at_once(directory: Path) -> None:
    with pytest.raises(UsageError) as error:
        report(directory, Asked(as_json=True, format="locust-json", choices=Choices(full_history=True), out=Path("x")))
    assert "--json: " in str(error.value)
    assert "--full-history: the format locust-json leaves no such choice; expected locust-csv" in str(error.value)
    with pytest.raises(UsageError) as error:
        report(directory, Asked(choices=Choices(since="due", full_history=True), out=Path("x")))
    for option in ("--since", "--full-history", "--out"):
        assert f"{option}: is about the files that --format writes" in str(error.value)


def test_an_unknown_format_names_the_known_ones() -> None:
    """And the nearest of them."""
    assert list(mistakes("locust-cvs", Choices())) == [
        "--format: expected one of locust-csv, locust-json, found 'locust-cvs'; did you mean locust-csv?"
    ]
    assert list(mistakes("junit", Choices(since="due"))) == [
        "--format: expected one of locust-csv, locust-json, found 'junit'"
    ]


def test_a_choice_changes_what_is_written() -> None:
    """None does nothing: since when times count, and whether the history has every entry."""

    def texts(recorded: Recording, name: str, choices: Choices) -> list[str]:
        return ["".join(pieces) for _, pieces in FORMATS[name].files(recorded, choices)]

    late = recording([Made(i * S // 100, i % 2, late_us=40_000) for i in range(100)])
    for name in FORMATS:
        for choices in (Choices(since="due"), Choices(full_history=True)):
            (choice,) = [field for field in ("since", "full_history") if getattr(choices, field) is not None]
            if choice in FORMATS[name].heeds:
                assert texts(late, name, choices) != texts(late, name, Choices())
    assert texts(late, "locust-csv", Choices(since="sent")) == texts(late, "locust-csv", Choices())
