"""report.spans, report.seconds and report.phases: a run over time."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from asyncload.call import Outcome
from asyncload.histogram import Histogram
from asyncload.report.phases import phases
from asyncload.report.spans import folded, together
from asyncload.report.view import View
from asyncload.result import RunResult, SecondResult
from tests.unit.recordings import S
from tests.unit.reported import HEALTH, PHASES, cells, lines_of, model_of, result_of, shown, steady

SECONDS, PHASE = View(by="second"), View(by="phase")
ALL = View(by="second", everything=True)


def second(number: int, sent: int = 10, ok: int = 9, failed: int = 0, response_us: int = 1_000) -> SecondResult:
    outcomes = [0] * len(Outcome)
    outcomes[Outcome.OK], outcomes[Outcome.TIMEOUT] = ok, failed
    response = Histogram.of_us(np.full(ok, response_us))
    return SecondResult(number, sent, sent, number % 7, tuple(outcomes), response, Histogram.of_us(np.full(sent, 20)))


def lasting(seconds: int, **made: int) -> RunResult:
    rows = tuple(second(number, **made) for number in range(seconds))
    health = replace(HEALTH, elapsed_ns=seconds * S, measured_ns=seconds * S)
    return replace(result_of(model_of("a", 100), health=health), seconds=rows)


def rows_of(lines: list[str], head: str) -> list[list[str]]:
    """Cells of the table below a head."""
    begin = next(i for i, line in enumerate(lines) if line.startswith(head)) + 1
    rows = []
    for line in lines[begin:]:
        if not line or not line[0].isdigit():
            break
        rows.append(line.split())
    return rows


# -- spans ------------------------------------------------------------------------------------------------------------


def test_a_span_is_the_sum_of_its_seconds() -> None:
    """In flight is the most at the end of any of them."""
    span = together([second(4, failed=2), second(5, sent=20, ok=3)])
    assert (span.first, span.last, span.sent, span.ended, span.failed, span.in_flight) == (4, 5, 30, 14, 2, 5)
    assert (span.response.count, span.lateness.count) == (12, 30)


@pytest.mark.parametrize(
    ("seconds", "length_s", "why"),
    [
        (1, 1, "one"),
        (40, 1, "as many as there may be"),
        (41, 2, "one more"),
        (300, 10, "five minutes"),
        (3_600, 120, "an hour: 90 s is no round number of seconds"),
        (200_000, 5_000, "beyond the round ones"),
    ],
)
def test_long_runs_are_folded_to_equal_spans(seconds: int, length_s: int, why: str) -> None:
    """A round number of seconds each, the last may be shorter; nothing is lost."""
    rows = [
        SecondResult(n, 1, 1, 0, (1,) + (0,) * 11, Histogram.empty(), Histogram.empty())
        for n in {*range(min(seconds, 3_600)), seconds - 1}
    ]
    rows.sort(key=lambda row: row.second)
    spans = list(folded(rows, 40))
    assert len(spans) <= 40
    assert sum(span.sent for span in spans) == len(rows)
    assert {row.second // length_s for row in rows} == {span.first // length_s for span in spans}, why


def test_seconds_that_are_missing_leave_no_row() -> None:
    """Of merged ranks, or of a directory that could not be written for a while."""
    assert [span.first for span in folded([second(0), second(3)], 40)] == [0, 3]


# -- by second --------------------------------------------------------------------------------------------------------


def test_a_row_per_second() -> None:
    """Sent, ok, errors, percentiles of response, the longest, in flight, lateness."""
    lines = lines_of(replace(lasting(4, sent=5000, ok=4800, failed=3), scenario=PHASES), 120, SECONDS)
    rows = rows_of(lines, "second")
    assert [row[:2] for row in rows] == [["0", "w"], ["1", "w"], ["2", "5000"], ["3", "5000"]]
    to = "\N{EN DASH}"
    ends = f"1.00{to}1.00"
    assert rows[3] == ["3", "5000", "4800", "3", "1.00", ends, "1.00", ends, "1.00", "3", "0.020", f"0.020{to}0.020"]
    assert not any(line.startswith("model ") for line in lines)


def test_a_second_of_few_calls_has_no_p99() -> None:
    rows = rows_of(lines_of(lasting(3, ok=100), 120, SECONDS), "second")
    assert all(row[6] == "n/a" for row in rows)


def test_long_runs_show_forty_rows_or_all() -> None:
    result = lasting(125)
    folded_rows = rows_of(lines_of(result, view=SECONDS), "second")
    assert [row[0] for row in folded_rows] == [f"{n}..{min(n + 4, 124)}" for n in range(0, 125, 5)]
    assert [row[1] for row in folded_rows] == ["50"] * 25
    assert "125 seconds folded" in shown(result, view=SECONDS)
    assert [row[0] for row in rows_of(lines_of(result, view=ALL), "second")] == [str(n) for n in range(125)]
    assert "folded" not in shown(result, view=ALL)


def test_a_run_without_seconds_says_so() -> None:
    assert "no second of it was recorded" in shown(lasting(0), view=SECONDS)


# -- by phase ---------------------------------------------------------------------------------------------------------


def test_a_row_per_phase_says_what_was_asked_for() -> None:
    lines = lines_of(steady(), 120, PHASE)
    assert cells(lines, "1 warm-up, poisson 50/s, 2s")[0] == "484"
    assert cells(lines, "2 constant 100/s to 300/s, 6s")[0] == "1498"
    assert cells(lines, "3 poisson 100/s, spike 1k/s, 4s")[0] == "1018"
    assert "a second belongs to the phase in which its middle lies" in " ".join(lines)


def scenario(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"name": "x", "phases": list(parts)}


@pytest.mark.parametrize(
    ("phase", "words"),
    [
        ({"rate": "200/s", "for": "5m"}, "poisson 200/s, 5m"),
        ({"law": "uniform", "rate": 12.5, "for": 90}, "uniform 12.5/s, 1m30s"),
        ({"rate": {"steps": ["10/s", "20/s", "40/s"]}, "for": "3s"}, "poisson 10/s to 40/s in 3 steps, 3s"),
        ({"rate": {"steps": ["10/s"]}, "for": "3s"}, "poisson 10/s, 3s"),
        (
            {"rate": {"sine": {"mean": "5/s", "amplitude": "2/s", "period": "1s"}}, "for": "3s"},
            "poisson 5/s +- 2/s, 3s",
        ),
        ({"rate": {"points": [["0s", "1/s"], ["2s", "9/s"]]}, "for": "3s"}, "poisson 1/s to 9/s by points, 3s"),
        ({"users": 1, "for": "1m"}, "1 user, 1m"),
        ({"users": 20, "think": "1s", "for": "1m"}, "20 users, 1m"),
        ({"trace": "/x/rows.csv", "speed": 2.0}, "trace x2"),
        ({"rate": {"unheard": 1}, "for": "1s"}, "poisson a rate, 1s"),
    ],
)
def test_a_phase_in_words(phase: dict[str, Any], words: str) -> None:
    (found,) = phases(replace(lasting(1), scenario=scenario(phase)))
    assert found.words == words


def test_phases_follow_one_another() -> None:
    found = phases(replace(lasting(9), scenario=PHASES))
    assert [(each.begin_ns / S, each.end_ns / S, each.warmup) for each in found] == [
        (0, 2, True),
        (2, 8, False),
        (8, 12, False),
    ]


def test_a_trace_lasts_as_long_as_the_run_directory_says() -> None:
    """Its length stands nowhere else; without a directory it is taken to last to the end."""
    traced = scenario({"rate": "1/s", "for": "2s", "warmup": True}, {"trace": "x.csv"}, {"rate": "1/s", "for": "3s"})
    result = replace(lasting(10), scenario=traced)
    told = phases(result, ((2 * S, 6 * S), (6 * S, 9 * S)))
    assert [each.end_ns / S for each in told] == [2, 6, 9]
    assert [each.end_ns / S for each in phases(result)] == [2, 10, 13]


@pytest.mark.parametrize("spans_ns", [(), ((3 * S, 8 * S),)], ids=["result.json", "directory"])
def test_what_warm_up_auto_cut_is_a_row_of_its_own(spans_ns: tuple[tuple[int, int], ...]) -> None:
    """Its seconds are warm-up in either table, and what is left of the phase is not."""
    result = replace(lasting(8, sent=10), scenario=scenario({"rate": "10/s", "for": "8s"}))
    result = replace(result, health=replace(result.health, settled_s=3, measured_ns=5 * S))
    lines = shown(result, 137, PHASE, spans_ns).splitlines()
    assert cells(lines, "1 warm-up, poisson 10/s, 8s (unsettled)")[0] == "30"
    assert cells(lines, "1 poisson 10/s, 8s")[0] == "50"
    seconds = shown(result, view=SECONDS, spans_ns=spans_ns).splitlines()
    assert [row[1] for row in rows_of(seconds, "second")] == ["w", "w", "w", *["10"] * 5]


def test_a_warm_up_trace_ends_where_the_run_directory_has_the_next_phase_begin() -> None:
    traced = scenario({"trace": "x.csv", "warmup": True}, {"rate": "1/s", "for": "3s"})
    assert phases(replace(lasting(10), scenario=traced), ((2 * S, 5 * S),))[1].begin_ns == 2 * S


def test_what_ended_behind_the_plan_counts_to_the_last_phase() -> None:
    """And a phase that is too short to have a second has no numbers."""
    parts = ({"rate": "1/s", "for": "100ms"}, {"rate": "1/s", "for": "2s"})
    lines = lines_of(replace(lasting(5), scenario=scenario(*parts)), 100, PHASE)
    assert set(cells(lines, "1 poisson 1/s, 100ms")) == {"-"}
    assert cells(lines, "2 poisson 1/s, 2s")[0] == "50"


def test_the_rate_of_a_phase_that_was_cut_short_is_over_what_had_passed() -> None:
    result = lasting(4, sent=100, ok=100)
    result = replace(result, scenario=scenario({"rate": "100/s", "for": "10s"}, {"rate": "5/s", "for": "9s"}))
    lines = lines_of(result, 137, PHASE)
    heads = next(line for line in lines if line.startswith("phase ")).replace("95 %", "").split()
    assert heads[-2:] != ["sent", "/s"]
    assert cells(lines, "1 poisson 100/s, 10s")[2] == "100"
    assert cells(lines, "2 poisson 5/s, 9s")[0] == "-"


def test_a_scenario_without_phases_says_so() -> None:
    assert "its scenario has no phases" in shown(lasting(3), view=PHASE)


# -- the picture ------------------------------------------------------------------------------------------------------


def test_seconds_are_drawn_with_their_highest_values() -> None:
    """Of few calls a second the slowest reply, for p99 cannot be told."""
    rows = tuple(second(n, sent=10 * (n + 1), response_us=1000 * (n + 1)) for n in range(8))
    lines = lines_of(replace(lasting(8), seconds=rows))
    begin = next(i for i, line in enumerate(lines) if line.startswith("by second"))
    assert lines[begin].endswith("8 seconds, warm-up included; highest:")
    drawn = {line[:16].strip(): line[16:].split() for line in lines[begin:]}
    assert drawn["calls sent"] == ["▁▂▃▄▅▆▇█", "80", "/s"]
    assert drawn["slowest reply"] == ["▁▂▃▄▅▆▇█", "8.00", "ms"]
    assert drawn["in flight"][-1] == "6"
    assert "response p99" not in drawn


def test_seconds_that_can_tell_their_p99_show_it_with_its_interval() -> None:
    rows = tuple(second(n, sent=1000, ok=1000, response_us=1000 * (n + 1)) for n in range(8))
    text = shown(replace(lasting(8), seconds=rows))
    assert "  response p99  ▁▂▃▄▅▆▇█" in text
    assert "8.00 ms (8.00\N{EN DASH}8.00)" in text
