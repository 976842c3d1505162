"""The block on objectives, and what the exit code says of them."""

import re
from dataclasses import replace
from io import StringIO

import pytest
from rich.cells import cell_len
from rich.console import Console

from asyncload.cli.run import exit_code
from asyncload.report.objectives import table
from asyncload.report.terminal import show
from asyncload.result import RunResult
from tests.unit.test_slo_judging import FAST, HEALTH, RARE, SLOW, TEN_TO_110_MS, model, result

VALID = result(model(ok_us=TEN_TO_110_MS), health=replace(HEALTH, cpu_share=0.1))
INVALID = replace(VALID, health=replace(HEALTH, cpu_share=0.99))
MET, MISSED, UNDECIDED = "p99 < 120ms", "p99 < 100ms", "p99 < 109.1ms"


def lines(judged: RunResult, width: int = 80) -> list[str]:
    """Lines of the block, with dots in the place of an interval's ends."""
    return [re.sub(r"\[[0-9.]+, [0-9.]+\]", "[.., ..]", line.plain) for line in table(judged, width)]


def test_each_objective_has_a_line_and_what_the_number_does_not_say_beneath() -> None:
    assert lines(VALID.judged_by([MET, MISSED, UNDECIDED, "calls >= 5"])) == [
        "objectives  1 missed, 1 undecided, 2 met of 4",
        "  MET        p99 < 120ms    109.1 ms [.., ..]",
        "  MISSED     p99 < 100ms    109.1 ms [.., ..]",
        "  UNDECIDED  p99 < 109.1ms  109.1 ms [.., ..]",
        "             p99 is 109.1 ms [.., ..]: the limit 109.1ms lies inside;",
        "             about 2.8 times the calls would decide, if the rest stays as it is",
        "  MET        calls >= 5     10,001",
    ]


def test_without_objectives_there_is_no_block() -> None:
    assert lines(VALID) == []


def test_of_selected_models_the_worst_is_told_even_if_all_meet_it() -> None:
    assert lines(result(FAST, SLOW, RARE).judged_by(["p99{model=x-*} < 1s"]))[1:] == [
        "  MET        p99{model=x-*} < 1s  5.991 ms [.., ..]",
        "             of 2 models 2 meet it: x-slow: p99 is 5.991 ms [.., ..]",
    ]


def test_on_an_invalid_run_it_says_what_they_rest_on() -> None:
    assert lines(INVALID.judged_by([MET]))[0] == "objectives  1 met of 1; they rest on an INVALID run"


def test_it_stands_behind_the_totals_and_fits() -> None:
    """Also with a pattern that is too long, and one that a terminal would obey."""
    long = 'p99{model="' + "x" * 100 + '\x1b[2J"} < 1s'
    file = StringIO()
    show(VALID.judged_by([long, MISSED, "p99.99 < 1s"]), Console(width=80, file=file))
    printed = file.getvalue().splitlines()
    heads = [line for line in printed if line and not line.startswith(" ")]
    assert heads[0].startswith("VALID")
    assert heads[2].startswith("objectives  1 missed, 2 undecided of 3")
    assert all(cell_len(line) <= 80 for line in printed)
    assert "\x1b" not in file.getvalue()


def test_a_run_that_a_rule_ended_says_so_in_its_first_lines() -> None:
    stopped = replace(VALID, health=replace(VALID.health, stopped="errors > 5 for 3s: in second 7, after 6, 7, 9"))
    file = StringIO()
    show(stopped, Console(width=200, file=file))
    assert "the run was stopped by its rule errors > 5 for 3s: in second 7" in file.getvalue().splitlines()[1]


@pytest.mark.parametrize(
    ("slo", "stopped", "judged", "allow", "code"),
    [
        ([], "", VALID, False, 0),  # nothing was asked
        ([MET], "", VALID, False, 0),  # it is as it should be
        ([MET, MISSED], "", VALID, False, 4),  # one is enough
        ([MISSED], "", VALID, True, 4),  # missed is missed
        ([MET, UNDECIDED], "", VALID, False, 4),  # not shown is not met
        ([MET, UNDECIDED], "", VALID, True, 0),  # unless somebody says so
        ([MET], "", INVALID, False, 3),  # it rests on nothing
        ([MISSED], "", INVALID, False, 3),  # and so does this
        ([], "errors > 1 for 3s", VALID, False, 4),  # a rule that fired is an objective that was missed
        ([MET], "errors > 1 for 3s", VALID, True, 4),  # whatever else was met
        ([MET], "errors > 1 for 3s", INVALID, False, 3),  # but what is INVALID is
    ],
)
def test_the_exit_code_says_first_whether_to_believe_and_then_whether_it_holds(
    slo: list[str],
    stopped: str,
    judged: RunResult,
    allow: bool,  # noqa: FBT001
    code: int,
) -> None:
    judged = replace(judged.judged_by(slo), health=replace(judged.health, stopped=stopped))
    assert exit_code(judged, allow_undecided=allow) == code
