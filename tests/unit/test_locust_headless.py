"""locust.headless: how Locust is started, and what is refused; Locust itself is not started here."""

import importlib.metadata
from itertools import pairwise
from pathlib import Path

import pytest

from asyncload.errors import StartError, UsageError
from asyncload.locust import headless
from asyncload.locust.child import Child, Ended
from asyncload.locust.headless import Headless, locust_version, run_headless


def asked(directory: Path, **changes: object) -> Headless:
    words: dict[str, object] = {"locustfile": directory / "locustfile.py", "directory": directory, "length_s": 2.0}
    return Headless(**{**words, **changes})  # type: ignore[arg-type]  # each as its field takes it


def test_the_command_says_all_that_matters(tmp_path: Path) -> None:
    """Users at once unless said otherwise; the witness behind the locustfile; no host where the file has its own."""
    command = asked(tmp_path, users=8, host="http://127.0.0.1:9", warmup_s=1.5).command()
    words = dict(pairwise(command))
    assert command[1:4] == ["-P", "-m", "locust"]
    assert (words["--users"], words["--spawn-rate"], words["--host"]) == ("8", "8", "http://127.0.0.1:9")
    assert (words["--witness-warmup-s"], words["--witness-length-s"]) == ("1.5", "2.0")
    first, second = words["-f"].split(",")
    assert first == str(tmp_path / "locustfile.py")
    assert Path(second).is_file()
    assert "--host" not in asked(tmp_path).command()
    assert "3" in asked(tmp_path, users=8, spawn_per_s=3.0).command()


@pytest.mark.parametrize(("version", "said"), [("2.43.3", "2.43.4 or later"), ("1.6.0", "too old")])
def test_a_locust_that_is_too_old_is_refused(version: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its buckets cannot be made finer; the message says what to install."""
    monkeypatch.setattr(importlib.metadata, "version", lambda _: version)
    with pytest.raises(UsageError, match=said) as caught:
        locust_version()
    assert "pip install 'asyncload-mme[locust]'" in str(caught.value)


@pytest.mark.parametrize("version", ["2.43.4", "2.47.0", "3.0.0.dev1"])
def test_a_locust_that_is_new_enough_is_taken(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.metadata, "version", lambda _: version)
    assert locust_version() == version


def test_no_locust_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the extra of this project."""

    def absent(_: str) -> str:
        raise importlib.metadata.PackageNotFoundError

    monkeypatch.setattr(importlib.metadata, "version", absent)
    with pytest.raises(UsageError, match=r"not installed here; pip install 'asyncload-mme\[locust\]'"):
        locust_version()


def test_options_in_the_environment_do_not_reach_locust(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A LOCUST_ variable that nobody sees would be another test than was asked for; the credentials stay."""
    seen: list[Child] = []

    def run(child: Child, _stop: object) -> Ended:
        seen.append(child)
        return Ended(1, 0.0, ())

    monkeypatch.setattr(headless, "run_child", run)
    given = {"LOCUST_TAGS": "x", "LOCUST_USERS": "9", "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE"}
    with pytest.raises(StartError):
        run_headless(asked(tmp_path, environment=given))
    assert seen[0].environment == {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE"}
    assert seen[0].directory == tmp_path


@pytest.mark.parametrize(
    ("left", "said"),
    [
        ((None, "[]", 1), "notes.json"),
        (('{"reset": {}}', "[]", 0), "end"),
        (('{"reset": {}, "end": {"requests": 0}}', "[]", 0), "it made no call"),
        (('{"reset": {}, "end": {"requests": 3}}', "[]", 2), "exit code 2"),
        (('{"reset": {}, "end": {"requests": 3}}', "{}", 0), "locust --json-file"),
    ],
)
def test_a_run_without_results_says_what_locust_printed_last(
    left: tuple[str | None, str, int], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is missing or broken, the end of Locust's own words is in the message."""
    notes, stats, code = left

    def run(child: Child, _stop: object) -> Ended:
        child.log.write_text("Traceback: the locustfile is broken")
        (tmp_path / "stats.json").write_text(stats)
        if notes is not None:
            (tmp_path / "notes.json").write_text(notes)
        return Ended(code, 0.0, ())

    monkeypatch.setattr(headless, "run_child", run)
    with pytest.raises(StartError, match="the locustfile is broken") as caught:
        run_headless(asked(tmp_path))
    assert said in str(caught.value)
