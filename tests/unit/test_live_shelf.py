"""live.shelf: which runs there are in a directory, and what each came to."""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from asyncload.call import Outcome
from asyncload.errors import StoreError
from asyncload.live.shelf import Shelf
from asyncload.result import RunResult
from tests.unit.recordings import EPOCH_S, Made, S, recording

NOW_S = 2_000_000_000.0


def calls(count: int = 40) -> Sequence[Made]:
    """A second's worth of calls of 5.1 ms; the first one failed."""
    return [Made(i * S // count, i % 2, outcome=Outcome.OK if i else Outcome.THROTTLED) for i in range(count)]


def unread(path: Path) -> RunResult:
    raise AssertionError(f"{path} has a result; its seconds need not be read")


@pytest.fixture
def result() -> RunResult:
    return recording(calls(), scenario={"name": "made", "phases": []}).result


def save(folder: Path, result: RunResult, *, age_s: float = 100.0) -> Path:
    """A run directory that was written some time ago."""
    folder.mkdir(parents=True)
    (folder / "run.sqlite").write_bytes(b"seconds")
    (folder / "result.json").write_bytes(result.to_json())
    return aged(folder, age_s)


def begun(folder: Path, *, age_s: float) -> Path:
    """One without a result."""
    folder.mkdir(parents=True)
    (folder / "run.sqlite").write_bytes(b"seconds")
    (folder / "run.sqlite-wal").write_bytes(b"more seconds")
    (folder / "scenario.json").write_text('{"name": "night"}')
    return aged(folder, age_s)


def aged(folder: Path, age_s: float) -> Path:
    for path in folder.iterdir():
        os.utime(path, (NOW_S - age_s, NOW_S - age_s))
    return folder


def shelf(root: Path, read: Callable[[Path], RunResult] = unread) -> Shelf:
    return Shelf(root, read, lambda: NOW_S)


def test_a_run_that_ended_is_summed_up_from_its_result(tmp_path: Path, result: RunResult) -> None:
    save(tmp_path / "20261123T184455Z-made", result)
    made = shelf(tmp_path)
    (found,) = made.look()
    assert made.known(found) is None
    summary = made.summary(found)
    assert made.known(found) == summary
    assert (summary.state, summary.name, summary.models) == ("done", "made", 2)
    assert (summary.calls, summary.errors) == (40, 1)
    assert summary.valid == result.verdict.valid
    assert summary.why.startswith(result.verdict.reasons[0] if result.verdict.reasons else "")
    assert summary.started_unix_ms == EPOCH_S * 1000 + 250
    assert summary.p50_ms == pytest.approx(5.1, rel=1e-3)
    assert summary.asked_per_s == pytest.approx(result.asked_per_s, abs=1e-3)


@pytest.mark.parametrize(("number", "told"), [(300, False), (8000, True)])
def test_a_percentile_that_a_runs_calls_cannot_tell_is_none(tmp_path: Path, number: int, told: bool) -> None:  # noqa: FBT001
    """Of 300 calls no p99, neither from a result nor from the seconds of a run that was cut; of more there is one."""
    made = recording(calls(number), scenario={"name": "made", "phases": []}).result
    save(tmp_path / "done", made)
    begun(tmp_path / "cut", age_s=60)
    shelf_ = shelf(tmp_path, lambda _: made)
    assert made.estimates(made.totals, "response", [0.99])[0].supported is told
    summaries = [shelf_.summary(found) for found in shelf_.look()]
    assert [summary.state for summary in summaries] == ["done", "cut"]
    for summary in summaries:
        assert summary.p50_ms == pytest.approx(5.1, rel=1e-3)
        assert summary.p99_ms == (pytest.approx(5.1, rel=1e-3) if told else None)


OBJECTIVES = ("p50 < 1s", "p50 < 1ms", "p99.9 < 6ms")
ANSWERS = ("MET", "MISSED", "UNDECIDED")


@pytest.mark.parametrize("cut", [False, True])
def test_the_answers_to_objectives_are_told_of_every_run(tmp_path: Path, cut: bool) -> None:  # noqa: FBT001
    """Of one that was killed too: its seconds tell as much as a result would."""
    made = recording(calls(), scenario={"name": "made", "phases": [], "slo": list(OBJECTIVES)}).result
    if cut:
        begun(tmp_path / "a", age_s=60)
    else:
        save(tmp_path / "a", made)
    shelf_ = shelf(tmp_path, lambda _: made)
    summary = shelf_.summary(shelf_.look()[0])
    assert (summary.state, summary.answers) == ("cut" if cut else "done", ANSWERS)


@pytest.mark.parametrize("cut", [False, True])
@pytest.mark.parametrize("rule", ["", "error_rate > 5% for 10s: 38 % from 0:09 on"])
def test_a_run_that_its_rule_ended_was_interrupted_by_nobody(tmp_path: Path, cut: bool, rule: str) -> None:  # noqa: FBT001
    made = recording(calls(), scenario={"name": "made", "phases": []}).result
    made = replace(made, health=replace(made.health, interrupted=True, stopped=rule))
    if cut:
        begun(tmp_path / "a", age_s=60)
    else:
        save(tmp_path / "a", made)
    shelf_ = shelf(tmp_path, lambda _: made)
    summary = shelf_.summary(shelf_.look()[0])
    assert (summary.interrupted, summary.stopped) == (not rule, rule)


def test_a_result_without_intervals_is_judged_by_itself(tmp_path: Path) -> None:
    """One of an early version: what its report refuses is refused here."""
    made = recording(calls(300), scenario={"name": "made", "phases": []}).result
    data = msgspec.json.decode(made.to_json())
    del data["totals"]["response_intervals"]
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "result.json").write_bytes(msgspec.json.encode(data))
    shelf_ = shelf(tmp_path, lambda _: made)
    (found,) = shelf_.look()
    assert shelf_.summary(found).p50_ms == pytest.approx(5.1, rel=1e-3)
    assert shelf_.summary(found).p99_ms is None


def test_runs_are_told_newest_first_and_other_folders_not_at_all(tmp_path: Path, result: RunResult) -> None:
    for name in ("20261101T000000Z-a", "20261103T000000Z-c", "20261102T000000Z-b"):
        save(tmp_path / name, result)
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "todo.txt").write_text("nothing")
    (tmp_path / "file.txt").write_text("nothing")
    assert [found.path.name[-1] for found in shelf(tmp_path).look()] == ["c", "b", "a"]


def test_new_runs_appear_and_removed_ones_go(tmp_path: Path, result: RunResult) -> None:
    made = shelf(tmp_path)
    assert made.look() == []
    folder = save(tmp_path / "a", result)
    (found,) = made.look()
    assert made.find(found.id) == found
    for path in folder.iterdir():
        path.unlink()
    assert made.find(found.id) is None


def test_what_was_read_is_read_again_only_if_it_has_changed(tmp_path: Path, result: RunResult) -> None:
    folder = save(tmp_path / "a", result)
    made = shelf(tmp_path)
    (found,) = made.look()
    made.summary(found)
    data = msgspec.json.decode((folder / "result.json").read_bytes())
    (folder / "result.json").write_bytes(msgspec.json.encode({**data, "name": "other"}))
    (changed,) = made.look()
    assert changed.id == found.id
    assert made.known(changed) is None
    assert made.summary(changed).name == "other"


def test_a_run_is_under_way_while_it_is_written_and_cut_after_that(tmp_path: Path, result: RunResult) -> None:
    """Cut runs are read from their seconds; those under way are not, for that may take long and changes."""
    young, old = begun(tmp_path / "young", age_s=2), begun(tmp_path / "old", age_s=60)
    read = list[Path]()

    def seconds(path: Path) -> RunResult:
        read.append(path)
        return result

    made = shelf(tmp_path, seconds)
    summaries = {found.path: made.summary(found) for found in made.look()}
    assert summaries[young].state == "under way"
    assert summaries[young].name == "night"
    assert summaries[young].started_unix_ms == (NOW_S - 2) * 1000
    assert (summaries[old].state, summaries[old].calls) == ("cut", 40)
    assert read == [old]


def test_a_run_that_is_not_written_to_any_more_does_not_stay_under_way(tmp_path: Path, result: RunResult) -> None:
    begun(tmp_path / "a", age_s=2)
    now_s = NOW_S
    made = Shelf(tmp_path, lambda _: result, lambda: now_s)
    (found,) = made.look()
    assert made.summary(found).state == "under way"
    now_s += 60
    assert made.known(found) is None
    assert made.summary(found).state == "cut"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "truncated"),
        ("{", "truncated"),
        ("[]", "object"),
        ('{"schema": "asyncload.result/1"}', "name"),
        ("null", "object"),
    ],
)
def test_what_cannot_be_read_says_why(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "result.json").write_text(text)
    made = shelf(tmp_path)
    (found,) = made.look()
    summary = made.summary(found)
    assert summary.state == "unreadable"
    assert said in summary.why


def test_a_result_of_another_version_says_so(tmp_path: Path, result: RunResult) -> None:
    folder = save(tmp_path / "a", result)
    data = msgspec.json.decode((folder / "result.json").read_bytes())
    (folder / "result.json").write_bytes(msgspec.json.encode({**data, "schema": "asyncload.result/9"}))
    made = shelf(tmp_path)
    summary = made.summary(made.look()[0])
    assert (summary.state, "asyncload.result/9" in summary.why) == ("unreadable", True)


def test_seconds_that_cannot_be_read_say_why(tmp_path: Path) -> None:
    begun(tmp_path / "a", age_s=60)

    def broken(path: Path) -> RunResult:
        raise StoreError(f"{path}: cannot be read: file is not a database")

    made = shelf(tmp_path, broken)
    assert "not a database" in made.summary(made.look()[0]).why


@pytest.mark.parametrize("text", ["[]", "null", "{", '{"name": 1}'])
def test_a_scenario_that_is_none_makes_one_run_unreadable(tmp_path: Path, text: str) -> None:
    (begun(tmp_path / "a", age_s=2) / "scenario.json").write_text(text)
    made = shelf(tmp_path)
    summary = made.summary(made.look()[0])
    assert summary.state == "unreadable"
    assert summary.why


def test_what_a_reader_does_not_expect_makes_one_run_unreadable(tmp_path: Path) -> None:
    begun(tmp_path / "a", age_s=60)

    def surprised(_: Path) -> RunResult:
        raise AttributeError("'list' object has no attribute 'get'")

    made = shelf(tmp_path, surprised)
    assert made.summary(made.look()[0]).why == "'list' object has no attribute 'get'"


@pytest.mark.parametrize("id_", ["..", "../a", "a", "a/..", "%2e%2e", "/etc", "", "\0", "0" * 16])
def test_an_id_is_no_path(tmp_path: Path, result: RunResult, id_: str) -> None:
    """What is asked for is looked up among what was found, so nothing outside can be named."""
    save(tmp_path / "runs" / "a", result)
    save(tmp_path / "b", result)
    assert shelf(tmp_path / "runs").find(id_) is None


def test_a_link_that_leads_out_is_not_followed(tmp_path: Path, result: RunResult) -> None:
    """It is shown, with why; one inside is a run like any other."""
    save(tmp_path / "secret", result)
    save(tmp_path / "runs" / "a", result)
    (tmp_path / "runs" / "inside").symlink_to(tmp_path / "runs" / "a")
    (tmp_path / "runs" / "out").symlink_to(tmp_path / "secret")
    made = shelf(tmp_path / "runs")
    states = {found.path.name: made.summary(found).state for found in made.look()}
    assert states == {"a": "done", "inside": "done", "out": "unreadable"}


def test_a_directory_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="not a directory"):
        shelf(tmp_path / "absent")
