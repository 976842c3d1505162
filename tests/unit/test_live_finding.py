"""live.finding: runs below a directory, as deep as repeats lie, and nothing outside."""

import shutil
from pathlib import Path

import pytest

from asyncload.live.finding import Found, look


def run(folder: Path) -> Path:
    """A folder in which a run was begun."""
    folder.mkdir(parents=True)
    (folder / "run.sqlite").write_bytes(b"seconds")
    return folder


def names(root: Path) -> list[str]:
    return [found.name for found in look(root)]


def test_repeats_are_runs_with_their_path_as_name(tmp_path: Path) -> None:
    for name in ("alone", "thrice/01", "thrice/02", "thrice/10", "change/A/01", "change/B/01", "change/B/02"):
        run(tmp_path / name)
    assert names(tmp_path) == [
        "thrice/10", "thrice/02", "thrice/01", "change/B/02", "change/B/01", "change/A/01", "alone",
    ]  # fmt: skip
    assert len({found.id for found in look(tmp_path)}) == 7
    assert all(found.path == tmp_path / found.name for found in look(tmp_path))


def test_a_directory_of_repeats_can_be_served_by_itself(tmp_path: Path) -> None:
    for name in ("A/01", "B/01"):
        run(tmp_path / "change" / name)
    assert names(tmp_path / "change") == ["B/01", "A/01"]
    assert names(tmp_path / "change" / "B") == ["01"]


@pytest.mark.parametrize("name", ["a/b", "a/1", "a/x01", "a/C/01", "a/A/B/01", "a/01/02", "a/A/01/01", "a/b/01"])
def test_nothing_else_is_looked_into(tmp_path: Path, name: str) -> None:
    """A walk through a whole tree, say a home, would not end."""
    run(tmp_path / name)
    assert names(tmp_path) == []


def test_what_lies_in_a_run_is_none(tmp_path: Path) -> None:
    run(tmp_path / "a")
    run(tmp_path / "a" / "01")
    assert names(tmp_path) == ["a"]


def test_a_run_keeps_its_id_and_gives_it_to_no_other(tmp_path: Path) -> None:
    """Whatever else comes and goes."""
    run(tmp_path / "change" / "01")
    (before,) = look(tmp_path)
    for name in ("01", "change2/01", "change/A/01"):
        run(tmp_path / name)
    assert [found.name for found in look(tmp_path) if found.id == before.id] == ["change/01"]


@pytest.mark.parametrize("name", ["repeats", "change/A", "change/01"])
def test_links_that_lead_out_are_not_followed_wherever_they_lie(tmp_path: Path, name: str) -> None:
    """They are shown, with why; of what is behind them nothing is told."""
    root, secret = tmp_path / "runs", tmp_path / "secret"
    for number in ("01", "02"):
        run(secret / number)
    run(secret / "03" / "deep")
    (secret / "run.sqlite").write_bytes(b"one itself")
    if name != "change/01":
        (secret / "run.sqlite").unlink()
    (root / name).parent.mkdir(parents=True)
    (root / name).symlink_to(secret)
    (found,) = look(root)
    assert (found.name, "leads out" in found.trouble, found.stamp) == (name, True, ())


def test_links_that_stay_inside_are_runs_like_others(tmp_path: Path) -> None:
    run(tmp_path / "thrice" / "01")
    (tmp_path / "again").symlink_to(tmp_path / "thrice")
    assert names(tmp_path) == ["thrice/01", "again/01"]


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    run(tmp_path / "a" / "01")
    (tmp_path / "a" / "A").symlink_to(tmp_path / "a")
    (tmp_path / "a" / "B").symlink_to(tmp_path / "a" / "B")
    assert "a/01" in names(tmp_path)
    assert len(names(tmp_path)) <= 3


def test_a_folder_that_may_not_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(tmp_path / "a" / "01")
    run(tmp_path / "b")
    iterdir = Path.iterdir

    def refused(path: Path) -> object:
        if path.name == "a":
            raise PermissionError(13, "Permission denied")
        return iterdir(path)

    monkeypatch.setattr(Path, "iterdir", refused)
    b, a = look(tmp_path)
    assert (b.name, b.trouble, a.name, a.trouble) == ("b", "", "a", "Permission denied")


def test_repeats_that_go_leave_nothing(tmp_path: Path) -> None:
    run(tmp_path / "change" / "A" / "01")
    assert len(look(tmp_path)) == 1
    shutil.rmtree(tmp_path / "change" / "A")
    assert look(tmp_path) == []


def test_what_has_a_result_ended(tmp_path: Path) -> None:
    (run(tmp_path / "a" / "01") / "result.json").write_bytes(b"{}")
    run(tmp_path / "a" / "02")
    two, one = look(tmp_path)
    assert isinstance(one, Found)
    assert (one.ended, two.ended) == (True, False)
