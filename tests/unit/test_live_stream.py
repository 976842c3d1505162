"""live.stream: what browsers are sent, and what they are sent when they come back."""

import asyncio
import json
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import pytest

from asyncload.live.course import Course
from asyncload.live.progress import Progress
from asyncload.live.stream import Position, Stream
from asyncload.live.words import End
from asyncload.statistics.ranks import needed
from tests.unit.live_runs import hello, seconds


@dataclass(frozen=True)
class Event:
    id: str
    kind: str
    data: Any
    position: Position


def read(stream: Stream, position: Position | None) -> Event:
    """The next event, read as a browser reads it."""
    text, position = stream.event(position)
    lines = text.decode().split("\n")
    assert lines[3:] == ["", ""], "one event, ended by an empty line"
    fields = dict(line.split(": ", 1) for line in lines[:3])
    return Event(fields["id"], fields["event"], json.loads(fields["data"]), position)


def told(count: int, calls: tuple[int, ...] = (3, 1), **more: Any) -> tuple[Progress, Stream]:
    progress = Progress(hello(len(calls), control=True))
    for tick, second in seconds(count, calls, **more):
        progress.add(tick, second)
    return progress, Stream(progress)


def test_who_comes_first_is_sent_everything() -> None:
    _, stream = told(3)
    event = read(stream, None)
    assert event.kind == "state"
    assert event.data["run"] == {
        "name": "made", "names": ["model-0.tar.gz", "model-1.tar.gz"], "control": True,
        "needed": {"p50": 6, "p90": 36, "p99": 368},
    }  # fmt: skip
    assert [row["at"] for row in event.data["rows"]] == [0, 1, 2]
    assert event.position == Position(0, 3)


def test_before_the_first_second_there_is_a_state_too() -> None:
    """A page that is opened while the run is being prepared says so."""
    _, stream = told(0)
    event = read(stream, None)
    assert (event.kind, event.data["now"], event.data["rows"]) == ("state", {"begun": False}, [])


def test_after_that_only_what_is_new() -> None:
    progress, stream = told(2)
    position = read(stream, None).position
    for tick, second in list(seconds(4))[2:]:
        progress.add(tick, second)
    stream._encoded.clear()
    event = read(stream, position)
    assert event.kind == "update"
    assert "run" not in event.data
    assert event.data["from"] == 2
    assert [row["at"] for row in event.data["rows"]] == [2, 3], "one that was slow gets both seconds in one update"


def test_a_row_that_grows_is_sent_again() -> None:
    """At two seconds a row the last one is not finished when it is first told."""
    progress, stream = told(0)
    progress.course = Course(2)
    all_seconds = list(seconds(6))
    for tick, second in all_seconds[:3]:
        progress.add(tick, second)
    position = read(stream, None).position
    assert position == Position(1, 3)
    progress.add(*all_seconds[3])
    stream._encoded.clear()
    event = read(stream, position)
    assert (event.kind, event.data["from"], event.data["width_s"]) == ("update", 1, 2)
    assert [(row["at"], row["seconds"]) for row in event.data["rows"]] == [(2, 2)]


def test_when_rows_are_put_together_everything_is_sent_again() -> None:
    progress, stream = told(0)
    progress.course = Course(2)
    all_seconds = list(seconds(3))
    for tick, second in all_seconds[:2]:
        progress.add(tick, second)
    position = read(stream, None).position
    progress.add(*all_seconds[2])
    stream._encoded.clear()
    event = read(stream, position)
    assert (event.kind, event.data["from"], len(event.data["rows"])) == ("state", 0, 2)


def test_who_was_away_for_long_is_sent_everything() -> None:
    _, stream = told(200)
    assert read(stream, Position(0, 3)).kind == "state"
    assert read(stream, Position(0, 150)).kind == "update"


def test_who_comes_back_says_where_it_was() -> None:
    """Last-Event-ID; of another run, or made up, it counts as none."""
    _, stream = told(3)
    event = read(stream, None)
    assert stream.position(event.id) == Position(0, 3)
    _, other = told(3)
    assert other.position(event.id) is None, "the server of another run on the same port"
    for made_up in (None, "", "x", "1-2-3", event.id + "0" * 20, event.id.replace("-", "_")):
        assert stream.position(made_up) is None, made_up
    run, *_ = event.id.split("-")
    assert stream.position(f"{run}-0-999") == Position(0, 3), "nobody has seen the future"


def test_rows_tell_what_happened_in_them() -> None:
    """Calls of 10 and 20 ms, one of which failed, at twice the rate that was kept."""
    _, stream = told(1, (3, 1), failed=1)
    (row,) = read(stream, None).data["rows"]
    assert (row["planned"], row["sent"], row["in_flight"], row["asked_per_s"]) == (4, 4, 2, 8.0)
    assert row["response"] == [None, None, None, 20.02], "three calls tell no percentile"
    assert row["lateness"] == [None, None, None, 0.25]
    assert row["errors"] == {"MODEL_ERROR": 1}
    bins = dict(zip(row["heat"][::2], row["heat"][1::2], strict=True))
    assert bins == {96: 2, 103: 1}, "24 bins a decade of us: 10 ms begins the 97th"


def test_a_row_tells_the_percentiles_that_its_calls_support() -> None:
    """Of 100 calls in a second p50 and p90; where rows of several seconds stand together, p99 too."""
    _, stream = told(1, (60, 40))
    (row,) = read(stream, None).data["rows"]
    assert row["response"] == [10.01, 20.02, None, 20.02], "the highest value of their slots"
    assert row["lateness"] == [0.25, 0.25, None, 0.25]
    progress = Progress(hello())
    progress.course = Course(most=2)
    for tick, second in seconds(8, (60, 40)):
        progress.add(tick, second)
    assert [row["response"][2] for row in read(Stream(progress), None).data["rows"]] == [20.02, 20.02]


def test_lateness_so_far_is_told_as_in_the_report() -> None:
    """Of few calls there is no p99 of it, and always the longest."""
    for count, supported in ((3, False), (19, True)):
        progress, stream = told(count, (60, 40))
        now = read(stream, None).data["now"]
        (p99,) = progress.result().estimates(progress.result().totals, "lateness", (0.99,))
        assert p99.supported is supported
        assert now["lateness"]["p99"]["ms"] == (0.25 if supported else None)
        assert now["generator"]["latest_ms"] == 0.25


def test_now_tells_what_is_true_so_far() -> None:
    _, stream = told(10, (60, 20), warmup_s=2, failed=4)
    now = read(stream, None).data["now"]
    assert (now["calls"], now["ok"], now["errors"]) == (640, 608, {"MODEL_ERROR": 32})
    assert now["verdict"]["valid"] is True
    assert now["started_unix_ms"] == 1_795_000_000_000
    assert (now["elapsed_s"], now["length_s"], now["warmup"]) == (10, 20, False)
    assert now["response"]["p50"]["ms"] == 10.01
    assert now["response"]["p50"]["low"] <= 10.01 <= now["response"]["p50"]["high"]
    assert now["response"]["p99_9"]["ms"] is None, "640 calls do not support it"
    assert now["response"]["p99_9"]["needed"] == needed(0.999)
    assert 0 < now["response"]["p99_9"]["independent"] <= 608
    assert [curve["calls"] for curve in now["curves"]] == [608, 608]
    assert [curve["shade"] for curve in now["curves"]] == [True, False], "of curves over each other one has whiskers"
    assert any(low is not None for low in now["curves"][0]["low"])
    assert now["models"]["calls"] == [480, 160]
    assert now["models"]["errors"] == [32, 0]
    assert now["models"]["p50"] == [10.01, 20.02]


@pytest.mark.parametrize("count", [6, 20])
def test_percentiles_of_models_are_shown_where_the_report_would_show_them(count: int) -> None:
    """By the independent calls of each, of which there are the fewer the more its calls depend on one another."""
    progress, stream = told(count, (300, 40, 1), failed=4)
    shown = read(stream, None).data["now"]["models"]
    result = progress.result()
    for model in range(3):
        estimates = result.estimates(progress._model(model), "response", (0.5, 0.99))
        expected = [round(each.value_us / 1000, 2) if each.supported else None for each in estimates]
        assert [shown["p50"][model], shown["p99"][model]] == expected, model
    assert shown["p99"][2] is None


def test_objectives_are_answered_so_far() -> None:
    """All models together, and model by model; by what a run of that length would say."""
    slo = ["p50 < 50ms", "p50{model=model-1.tar.gz} < 15ms", "model_error == 0"]
    progress = Progress(msgspec.structs.replace(hello(), scenario={"name": "made", "slo": slo}))
    for tick, second in seconds(10, (60, 20), failed=1):
        progress.add(tick, second)
    objectives = read(Stream(progress), None).data["now"]["objectives"]
    assert [(one["text"], one["answer"]) for one in objectives] == list(
        zip(slo, ["MET", "MISSED", "MISSED"], strict=True)
    )
    assert all(one["why"] for one in objectives)


def test_during_the_warm_up_there_is_no_verdict() -> None:
    _, stream = told(1, warmup_s=2)
    now = read(stream, None).data["now"]
    assert now["verdict"] is None
    assert now["warmup"] is True


def test_the_end_comes_behind_everything_else() -> None:
    """Who lacks a second is sent that first; and whoever has heard of the end hears nothing more."""
    progress, stream = told(2)
    position = read(stream, None).position
    for tick, second in list(seconds(3))[2:]:
        progress.add(tick, second)
    progress.end = End(valid=True, warnings=("few",), directory="runs/x", report="/runs/x/report.html")
    stream._encoded.clear()
    update = read(stream, position)
    assert update.kind == "update"
    end = read(stream, update.position)
    assert end.kind == "end"
    assert end.data["report"] == "/runs/x/report.html"
    assert end.data["valid"] is True
    assert end.position.ended
    late = read(stream, None)
    assert late.kind == "state", "who comes after the end sees the run first"
    assert read(stream, late.position).kind == "end"


def test_whoever_waits_is_woken_by_news_and_by_the_end() -> None:
    progress, stream = told(1)

    async def main() -> list[str]:
        kinds = list[str]()

        async def browser() -> None:
            position: Position | None = None
            while position is None or not position.ended:
                await stream.wait(position)
                event = read(stream, position)
                position = event.position
                kinds.append(event.kind)

        task = asyncio.create_task(browser())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        for tick, second in list(seconds(2))[1:]:
            progress.add(tick, second)
            await stream.wake()
            await asyncio.sleep(0)
        progress.end = End(failed="gone")
        await stream.wake()
        await task
        return kinds

    assert asyncio.run(main()) == ["state", "update", "end"]


def test_everybody_is_told_that_the_run_is_being_stopped() -> None:
    """Whoever asked for it: the button then says what it does."""
    progress, stream = told(2)
    assert read(stream, None).data["now"]["stopping"] is False
    for tick, second in list(seconds(3))[2:]:
        stopping = msgspec.structs.replace(tick, health=replace(tick.health, interrupted=True))
        progress.add(stopping, second)
    stream._encoded.clear()
    assert read(stream, None).data["now"]["stopping"] is True
