"""report.terminal: what is printed when a run has ended."""

from dataclasses import replace
from io import BytesIO, StringIO, TextIOWrapper

import pytest
from rich.cells import cell_len
from rich.console import Console

from asyncload.call import Outcome
from asyncload.histogram import Histogram
from asyncload.report.terminal import show
from asyncload.report.view import View
from asyncload.result import RunResult, Signs
from tests.unit.reported import (
    ALL_FAILED,
    CLOSED,
    HEALTH,
    HERE,
    LOADS,
    NO_CALLS,
    REPORTS,
    STALLED,
    WIDEST,
    block,
    cells,
    lines_of,
    many,
    model_of,
    result_of,
    shown,
    steady,
)

TWO = result_of(
    model_of("xgboost-0.tar.gz", 17_991),
    model_of("xgboost-1.tar.gz", 5_999, {Outcome.THROTTLED: 8, Outcome.TIMEOUT: 2}),
)
DOUBTFUL = result_of(replace(model_of("a", 20), signs=Signs(Histogram.empty(), Histogram.empty(), 0)))
ALL = [LOADS, DOUBTFUL, TWO, many(), NO_CALLS, ALL_FAILED, WIDEST, steady()]
VIEWS = [View(), View(everything=True), View(by="phase"), View(by="second"), View(by="second", everything=True)]


@pytest.mark.parametrize("name", REPORTS)
def test_whole_reports_are_as_they_were(name: str) -> None:
    """Where a change is meant: `python -m tests.unit.reported`, and look at what it changed."""
    result, width, view = REPORTS[name]
    assert shown(result, width, view) == (HERE / f"{name}.txt").read_text(encoding="utf-8")


def test_no_report_is_kept_that_nobody_prints() -> None:
    assert {path.stem for path in HERE.glob("*.txt")} == set(REPORTS)


@pytest.mark.parametrize("result", ALL)
@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("width", [80, 101])
def test_every_line_fits(result: RunResult, view: View, width: int) -> None:
    """In terminal cells: a character of Chinese takes two."""
    for shape in (result, replace(result, scenario={**CLOSED, "name": "模型" * 50})):
        lines = lines_of(shape, width, view)
        assert max(map(cell_len, lines)) <= width
        assert not any(line.endswith(" ") for line in lines)


@pytest.mark.parametrize("result", ALL)
def test_the_verdict_is_the_first_line_and_the_totals_are_one(result: RunResult) -> None:
    lines = lines_of(result)
    assert lines[0] == ("VALID  xgboost-mme" if result.verdict.valid else "INVALID  xgboost-mme")
    totals = next(i for i, line in enumerate(lines) if " sent · " in line)
    assert lines[totals - 1] == ""


def test_the_order_is_that_of_the_questions() -> None:
    """Verdict, totals, models, all of them in detail, cold starts, errors, over time, health."""
    text = shown(steady())
    heads = (
        "VALID",
        "2516 calls sent",
        "\nmodel",
        "\nall models",
        "\ncold starts",
        "\nerrors",
        "\nby second",
        "\nhealth",
    )
    places = [text.index(head) for head in heads]
    assert places == sorted(places)


@pytest.mark.parametrize("result", [STALLED, *(replace(result, scenario=CLOSED) for result in ALL)])
def test_of_a_closed_loop_the_first_line_says_that_arrivals_waited(result: RunResult) -> None:
    """Whatever else there is to say, in eighty columns; a name that leaves no room is cut, not that."""
    for shape in (result, replace(result, scenario={**result.scenario, "name": "long-name-" * 9})):
        lines = lines_of(shape)
        assert lines[0].startswith("VALID  " if result.verdict.valid else "INVALID  ")
        assert lines[0].endswith(" · closed loop: arrivals waited for replies")


def test_a_closed_loop_of_several_phases_names_the_fewest_and_the_most_users() -> None:
    phases = [{"users": users, "for": "1m"} for users in (20, 5, 8)]
    lines = lines_of(replace(TWO, scenario={**CLOSED, "phases": phases}))
    assert any("achieved 200/s by 5 to 20 users" in line for line in lines)


def test_the_reasons_and_warnings_follow_in_full() -> None:
    """They are sentences, so they may go over several lines; no word of them is lost."""
    lines = lines_of(ALL_FAILED)
    head = " ".join(" ".join(lines[1 : lines.index("")]).split())
    for reason in ALL_FAILED.verdict.reasons:
        assert f"reason: {reason}" in head
    for warning in ALL_FAILED.verdict.warnings:
        assert f"warning: {warning}".replace("\x1b", "?") in head
    assert len(ALL_FAILED.verdict.warnings) >= 1


def test_a_run_that_was_cut_says_so() -> None:
    text = shown(replace(TWO, health=replace(HEALTH, cut=True)))
    assert "warning: the run was cut" in text


def test_a_result_without_calls_has_no_numbers_to_show() -> None:
    lines = lines_of(NO_CALLS)
    assert "0 calls sent · - % OK · asked 0/s, achieved 0/s · 0s · raw" in lines
    assert set(cells(lines, "total")[1:]) == {"-"}
    assert not any(line.startswith(("all models", "distribution", "cold starts", "errors")) for line in lines)


def test_the_generators_health_is_told() -> None:
    text = shown(TWO)
    for reading in (
        "lateness     p50 0.020 ms (0.020\N{EN DASH}0.020) · p99 0.020 ms (0.020\N{EN DASH}0.020)",
        "calls        0 dropped · 0 abandoned · 31 in flight at the peak",
        "loop         CPU 31.2 % of a core · 2 stalls over 10 ms, the longest 12.3 ms",
        "connections  20 opened · 1 failed · 0 refused by this machine",
        "plan         digest 3f2ab1c03f2a · started 2026-11-23 18:53:20 UTC",
    ):
        assert reading in text


# -- what a terminal would obey ---------------------------------------------------------------------------------------


def test_colour_is_for_terminals() -> None:
    """And not for a terminal whose user has set NO_COLOR."""

    def printed(*, terminal: bool, environment: dict[str, str]) -> str:
        file = StringIO()
        show(steady(), Console(width=80, file=file, force_terminal=terminal or None, _environ=environment))
        return file.getvalue()

    colours = ("\x1b[32m", "\x1b[33m", "\x1b[36m", "\x1b[1;32m")
    assert any(colour in printed(terminal=True, environment={"TERM": "xterm"}) for colour in colours)
    plain = printed(terminal=True, environment={"TERM": "xterm", "NO_COLOR": "1"})
    assert not any(colour in plain for colour in colours)
    assert "\x1b" not in printed(terminal=False, environment={"TERM": "xterm"})


def test_names_and_messages_cannot_move_the_cursor() -> None:
    """Wherever they come from: a scenario, a reply, a result that somebody sent."""
    evil = "evil\x1b[2J\x9b1m\r\n\u202e\x07"
    health = replace(HEALTH, first_error=evil, store_error=evil, examples={"CONNECT": evil, "DROPPED": evil})
    failed = {Outcome.CONNECT: 3, Outcome.DROPPED: 1}
    result = result_of(model_of(evil, 900, failed), model_of(f"{evil}2", 9, failed), health=health)
    scenario = {"name": evil, "transport": evil, "phases": [{"rate": "1/s", "law": evil, "for": "1s"}]}
    seconds = steady().seconds
    result = replace(result, scenario=scenario, plan_digest=evil, seconds=seconds)
    for view in VIEWS:
        text = shown(result, view=view)
        assert all(c.isprintable() or c == "\n" for c in text)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
def test_a_stream_that_lacks_a_character_gets_another(encoding: str) -> None:
    """A report at the end of a long run must not die of a dash; columns stay where they are."""
    names = steady(), WIDEST
    for result in names:
        file = TextIOWrapper(BytesIO(), encoding)
        show(result, Console(width=80, file=file, color_system=None))
        file.flush()
        text = file.buffer.getvalue().decode(encoding)
        assert [len(line) for line in text.splitlines()] == [len(line) for line in lines_of(result)]
        assert encoding == "utf-8" or "-response, ms-" in text


def test_a_narrow_terminal_gets_whole_lines() -> None:
    """It wraps them by itself; no number is cut."""
    assert shown(TWO, 40) == shown(TWO, 80)


def test_a_block_ends_where_the_next_begins() -> None:
    """One empty line between two blocks, none at the end."""
    text = shown(steady())
    assert "\n\n\n" not in text
    assert not text.endswith("\n\n")
    assert block(text.splitlines(), "health")[0] == "health"
