"""crosscheck.check: the turns, what is run again, and what is kept when it ends early; no process is started."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from asyncload.crosscheck import Crosscheck, CrosscheckOptions, check, crosscheck
from asyncload.crosscheck.course import Course
from asyncload.crosscheck.sides import Means
from asyncload.crosscheck.takes import Take, Tool
from asyncload.errors import StartError, StoreError
from asyncload.locust.child import Stopped
from asyncload.scenario import Scenario
from tests.real.runs import scenario
from tests.unit.crosschecks import spread_ms, take

CALLS = {"xgboost-0.tar.gz": 600, "xgboost-1.tar.gz": 200}
Side = Callable[[Course, int, Path, Means], Take]


class Played:
    """Both sides, played: what was run in which order, and what each run is to do instead of being healthy."""

    def __init__(self) -> None:
        self.order: list[tuple[int, Tool]] = []
        self.instead: dict[tuple[int, Tool], str | Exception] = {}

    def side(self, tool: Tool) -> Side:
        def run(_course: Course, pair: int, home: Path, _means: Means) -> Take:
            assert home.is_dir()
            self.order.append((pair, tool))
            instead = self.instead.get((pair, tool), "")
            if isinstance(instead, Exception):
                raise instead
            latency_ms = 20.0 if tool == "asyncload" else 20.2
            return take(tool, spread_ms(latency_ms + 0.01 * pair), CALLS, doubt=instead)

        return run


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> Played:
    sides = Played()
    monkeypatch.setattr(check, "run_ours", sides.side("asyncload"))
    monkeypatch.setattr(check, "run_theirs", sides.side("Locust"))
    monkeypatch.setattr(check, "locust_version", lambda: "2.47.0")
    return sides


def checked(out: Path, **options: object) -> Crosscheck:
    given: Scenario = scenario("http://127.0.0.1:9")
    return crosscheck(given, CrosscheckOptions(out=out, **options))  # type: ignore[arg-type]  # each as its field takes it


def written(out: Path) -> dict[str, object]:
    document: dict[str, object] = json.loads((out / "crosscheck.json").read_bytes())
    return document


def test_the_two_take_turns_and_change_their_order(played: Played, tmp_path: Path) -> None:
    """A B, B A, A B: what drifts slowly cancels."""
    found = checked(tmp_path / "x", repeats=3)
    assert played.order == [
        (1, "asyncload"), (1, "Locust"), (2, "Locust"), (2, "asyncload"), (3, "asyncload"), (3, "Locust"),
    ]  # fmt: skip
    assert (found.judgement.answer, found.ended) == ("AGREE", True)
    assert written(tmp_path / "x")["answer"] == "AGREE"


def test_a_pair_in_doubt_is_run_again_up_to_as_many_as_were_asked_for(played: Played, tmp_path: Path) -> None:
    """One that others disturbed is replaced; where all are, it ends after twice as many and cannot tell."""
    played.instead = {(2, "Locust"): "others kept it"}
    found = checked(tmp_path / "x", repeats=3)
    assert [pair.number for pair in found.pairs if not pair.doubt] == [1, 3, 4]
    played.instead = {(number, "asyncload"): "others kept it" for number in range(1, 9)}
    found = checked(tmp_path / "y", repeats=3)
    assert len(found.pairs) == 6
    assert found.judgement.answer == "CANNOT TELL"


def test_whoever_watches_is_told_of_each_run(played: Played, tmp_path: Path) -> None:
    """With the number of its pair."""
    told: list[tuple[int, Tool]] = []
    checked(tmp_path / "x", repeats=1, on_take=lambda pair, one: told.append((pair, one.tool)))
    assert told == [(1, "asyncload"), (1, "Locust")]


def test_a_stop_in_the_middle_keeps_the_pairs_before_it(played: Played, tmp_path: Path) -> None:
    """They are judged, and the directory says that it was interrupted."""
    played.instead = {(4, "asyncload"): Stopped()}
    found = checked(tmp_path / "x", repeats=5)
    assert found.interrupted
    assert (len(found.pairs), found.judgement.answer) == (3, "AGREE")
    assert written(tmp_path / "x")["interrupted"] is True


def test_a_stop_in_the_first_pair_leaves_nothing_to_judge(played: Played, tmp_path: Path) -> None:
    """No answer, no crash."""
    played.instead = {(1, "Locust"): Stopped()}
    found = checked(tmp_path / "x")
    assert (found.pairs, found.judgement.answer, found.hidden) == ((), "CANNOT TELL", None)
    assert written(tmp_path / "x")["pairs"] == []


def test_a_generator_that_fails_later_on_is_told_and_what_was_measured_is_judged(
    played: Played, tmp_path: Path
) -> None:
    """In the first pair it is an error, for there is nothing else to say."""
    played.instead = {(4, "Locust"): StartError("Locust failed: out of memory")}
    found = checked(tmp_path / "x")
    assert (len(found.pairs), found.trouble, found.ended) == (3, "Locust failed: out of memory", True)
    played.instead = {(1, "Locust"): StartError("Locust failed: out of memory")}
    with pytest.raises(StartError, match="out of memory"):
        checked(tmp_path / "y")


def test_what_there_is_stands_in_the_directory_after_each_pair(played: Played, tmp_path: Path) -> None:
    """So a crosscheck that is killed leaves what it had."""
    seen: list[object] = []
    out = tmp_path / "x"

    def look(pair: int, _take: Take) -> None:
        if (out / "crosscheck.json").exists():
            document = written(out)
            seen.append((pair, len(document["pairs"]), document["ended"]))  # type: ignore[arg-type]  # a list

    checked(out, repeats=3, on_take=look)
    assert seen == [(2, 1, False), (2, 1, False), (3, 2, False), (3, 2, False)]


def test_a_directory_that_is_there_is_not_written_into(played: Played, tmp_path: Path) -> None:
    """Nothing is run."""
    with pytest.raises(StoreError, match="is there already"):
        checked(tmp_path)
    assert played.order == []
