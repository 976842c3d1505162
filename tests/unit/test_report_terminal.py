"""report.terminal: what is printed when a run has ended."""

from dataclasses import replace
from io import StringIO

import numpy as np
import pytest
from rich.console import Console

from asyncload.call import Outcome
from asyncload.histogram import Histogram
from asyncload.report.models import affixes
from asyncload.report.terminal import show
from asyncload.result import Health, ModelResult, RunResult, SecondResult, Signs

S = 1_000_000_000
HEALTH = Health(
    1_795_460_000 * S, 130 * S, 120 * S, 0, cpu_share=0.312, stalls=2, longest_stall_ns=12_300_000,
    connects=20, connect_failures=1, peak_in_flight=31,
)  # fmt: skip


def model_of(name: str, ok: int, failed: dict[Outcome, int] | None = None, service_us: int = 7_600) -> ModelResult:
    """A model whose replies took all the same time, and whose calls were sent 20 us late."""
    outcomes = [0] * len(Outcome)
    outcomes[Outcome.OK] = ok
    for outcome, number in (failed or {}).items():
        outcomes[outcome] = number
    metrics = [Histogram.of_us(np.full(ok, value_us)) for value_us in (service_us + 20, service_us, 20, service_us)]
    return ModelResult(name, tuple(outcomes), 20 * ok, *metrics)


def result_of(*models: ModelResult, health: Health = HEALTH, warmup: int = 500) -> RunResult:
    scenario = {"name": "xgboost-mme", "transport": "raw"}
    return RunResult(scenario, "3f2ab1c0" * 8, models, model_of("warm-up", warmup), (), health)


def shown(result: RunResult, width: int = 80, *, terminal: bool = False) -> list[str]:
    file = StringIO()
    show(result, Console(width=width, file=file, color_system="auto" if terminal else None, force_terminal=terminal))
    return file.getvalue().splitlines()


def cells(lines: list[str], name: str) -> list[str]:
    """Numbers of the row that begins with a name."""
    return next(line for line in lines if line.startswith(name + " "))[len(name) :].split()


TWO = result_of(
    model_of("xgboost-0.tar.gz", 17_991),
    model_of("xgboost-1.tar.gz", 5_999, {Outcome.THROTTLED: 8, Outcome.TIMEOUT: 2}),
)
MANY = result_of(
    *(
        model_of(f"family/of/xgb-{i}.tar.gz", 1 + i % 7, {Outcome.TIMEOUT: 1} if i < 3 else None, 1_000 + 10 * i)
        for i in range(1000)
    )
)


def thrashed(name: str, cold: int) -> ModelResult:
    """A model of 500 warm calls of 5 ms and some cold ones of 700 ms, of which the first."""
    times = Histogram.of_us(np.array([5_000] * 500 + [700_000] * (cold + 1)))
    first = Histogram.of_us(np.array([700_000]))
    one = model_of(name, 501 + cold)
    return replace(one, service=times, signs=Signs(first, Histogram.empty(), 0))


LOADS = result_of(*(thrashed(f"family/xgb-{i}.tar.gz", i) for i in range(30)))
DOUBTFUL = result_of(replace(model_of("a", 20), signs=Signs(Histogram.of_us(np.array([7_600])), Histogram.empty(), 0)))
NO_CALLS = result_of(model_of("a.tar.gz", 0), health=Health(0, 0, 0, 0), warmup=0)
ALL_FAILED = result_of(
    model_of("a.tar.gz", 0, {Outcome.CONNECT: 123}),
    model_of("b", 0, {Outcome.CONNECT: 12_345_678, Outcome.DROPPED: 5}),
    health=replace(HEALTH, first_error="refused \x1b[2J"),
    warmup=0,
)
WIDEST = result_of(
    model_of("long-name-" * 9, 4_999_999, {Outcome.MODEL_ERROR: 4_999_999}, 69_999_999),
    model_of("模型" * 30, 4_999_999, {Outcome.MODEL_ERROR: 4_999_999}, 110),
    health=replace(HEALTH, first_error="word " * 40 + "x" * 200, clock_jump_ns=-(10**15), longest_stall_ns=10**12),
)
CLOSED = {"name": "xgboost-mme", "transport": "raw", "phases": [{"users": 8, "think": "10ms", "for": "2m"}]}


def stalled(name: str) -> ModelResult:
    """A thousand calls, of which three met a stall."""
    times_us = np.repeat([7_600, 1_000_000], [997, 3])
    return replace(model_of(name, 1000), response=Histogram.of_us(times_us), service=Histogram.of_us(times_us))


STALLED = replace(result_of(stalled("xgboost-0.tar.gz"), stalled("xgboost-1.tar.gz")), scenario=CLOSED)
OTHERS = (LOADS, MANY, NO_CALLS, ALL_FAILED, WIDEST)
CLOSED_RESULTS = [STALLED, *(replace(result, scenario=CLOSED) for result in OTHERS)]
ALL = [LOADS, DOUBTFUL, TWO, MANY, NO_CALLS, ALL_FAILED, WIDEST]


@pytest.mark.parametrize("result", ALL)
def test_every_line_fits_eighty_columns(result: RunResult) -> None:
    lines = shown(result)
    assert max(map(len, lines)) <= 80
    assert not any(line.endswith(" ") for line in lines if "%" not in line)


@pytest.mark.parametrize("result", ALL)
def test_the_verdict_is_the_first_line(result: RunResult) -> None:
    assert shown(result)[0] == ("VALID  xgboost-mme" if result.verdict.valid else "INVALID  xgboost-mme")


@pytest.mark.parametrize("result", CLOSED_RESULTS)
def test_of_a_closed_loop_the_first_line_says_that_arrivals_waited(result: RunResult) -> None:
    """Whatever else there is to say, in eighty columns; a name that leaves no room is cut, not that."""
    for shape in (result, replace(result, scenario={**result.scenario, "name": "long-name-" * 9})):
        lines = shown(shape)
        assert lines[0].startswith("VALID  " if result.verdict.valid else "INVALID  ")
        assert lines[0].endswith(" · closed loop: arrivals waited for replies")
        assert max(map(len, lines)) <= 80


def test_of_a_closed_loop_each_row_has_its_corrected_view_below() -> None:
    """Calls that there would have been, and their response times, below those that were measured."""
    lines = shown(STALLED)
    for name, calls in (("xgboost-0.tar.gz", 1000), ("xgboost-1.tar.gz", 1000), ("total", 2000)):
        measured, corrected = lines[next(i for i, line in enumerate(lines) if line.startswith(name)) :][:2]
        assert [measured.split()[i] for i in (1, 5, 6)] == [str(calls), "7.60", "7.60"]
        number, p50, p90, _p99, _p999, most = corrected.removeprefix("  corrected").split()
        # 17.6 ms between calls: of a stall of 1 s, 56 more would have met 7.6 ms of it at least.
        assert (number, p50, most) == (str(calls + calls * 3 // 1000 * 56), "7.60", "1000")
        assert 200 < float(p90) < 400
    assert "one every 17.6 ms" in " ".join(lines)
    assert "2000 calls sent · 100 % OK · achieved 16.67/s by 8 users · 2m · raw" in lines


def test_a_closed_loop_of_several_phases_names_the_fewest_and_the_most_users() -> None:
    phases = [{"users": users, "for": "1m"} for users in (20, 5, 8)]
    lines = shown(replace(TWO, scenario={**CLOSED, "phases": phases}))
    assert any("achieved 200/s by 5 to 20 users" in line for line in lines)


def test_a_closed_loop_that_nobody_answered_cannot_be_corrected() -> None:
    assert "corrected: cannot tell, for no call was answered" in shown(replace(ALL_FAILED, scenario=CLOSED))


def test_the_reasons_and_warnings_follow_in_full() -> None:
    """They are sentences, so they may go over several lines; no word of them is lost."""
    lines = shown(ALL_FAILED)
    head = " ".join(" ".join(lines[1 : lines.index("")]).split())
    for reason in ALL_FAILED.verdict.reasons:
        assert f"reason: {reason}" in head
    for warning in ALL_FAILED.verdict.warnings:
        assert f"warning: {warning}".replace("\x1b", "?") in head
    assert len(ALL_FAILED.verdict.warnings) == 1


def test_numbers_are_the_results() -> None:
    """Calls, share, OK, errors; response p50, p90, p99, p99.9, max; service p50, p99; milliseconds, three digits."""
    lines = shown(TWO)
    assert "24000 calls sent · 99.95 % OK · asked 200/s, achieved 200/s · 2m · raw" in lines
    times = ["7.62"] * 5 + ["7.60"] * 2
    assert cells(lines, "xgboost-0.tar.gz") == ["17991", "75.0", "100", "0", *times]
    assert cells(lines, "xgboost-1.tar.gz") == ["6009", "25.0", "99.83", "10", *times]
    assert cells(lines, "total") == ["24000", "100", "99.95", "10", *times]


def test_the_warm_up_stands_apart() -> None:
    """It has no share, and the total does not hold it."""
    lines = shown(TWO)
    row = next(i for i, line in enumerate(lines) if line.startswith("warm-up"))
    assert lines[row - 1] == ""
    assert lines[row].split()[1:5] == ["500", "-", "100", "0"]
    assert not any(line.startswith("warm-up") for line in shown(NO_CALLS))


def block(result: RunResult) -> list[str]:
    """Lines on cold starts."""
    lines = shown(result)
    begin = next(i for i, line in enumerate(lines) if line.startswith("cold starts"))
    return lines[begin : lines.index("", begin)]


def test_cold_starts_are_shown_by_class_and_called_an_inference() -> None:
    """The ten models with most of them, and all together: calls, share and service time of first, cold? and warm."""
    head, titles, _, *rows, note = block(LOADS)
    assert head == "cold starts  cold? is inferred, SageMaker does not tell: only a load explains it"
    assert titles.replace("─", "").split() == ["model", "first,", "ms", "cold?,", "ms", "warm,", "ms"]
    assert [row.split()[0] for row in rows] == [*(f"family/xgb-{i}.tar.gz" for i in range(29, 19, -1)), "total"]
    assert rows[0].split()[1:] == ["1", "0.19", "700", "29", "5.47", "700", "700", "500", "94.3", "5.00", "5.00"]
    assert rows[-1].split()[1:5] == ["30", "0.19", "700", "435"]
    assert note == "the 10 models with the most cold calls, of 29 that had any"


def test_cold_starts_that_are_not_known_are_not_counted() -> None:
    """A run of an older version, one with too few calls, one without any slow call, one without any call."""
    assert block(TWO) == ["cold starts  unknown: this was measured by a version that did not look for them"]
    doubt = " ".join(" ".join(block(DOUBTFUL)).split())
    assert doubt.startswith("cold starts cold? cannot tell: too few calls to know what is warm: 19")
    assert doubt.endswith("1 first call, service p50 7.60 ms")
    warm = replace(model_of("a", 2000), signs=Signs(Histogram.empty(), Histogram.empty(), 0))
    assert "none: no call took so long that only a load explains it, of 2000" in " ".join(block(result_of(warm)))
    assert not any(line.startswith("cold starts") for line in shown(NO_CALLS))


def test_errors_by_outcome_say_where_most_of_them_were() -> None:
    lines = shown(TWO)
    at = lines.index("errors           calls  share, %  most of them")
    assert lines[at + 1].split(maxsplit=3) == ["THROTTLED", "8", "0.03", "8 at xgboost-1.tar.gz"]
    assert lines[at + 2].split(maxsplit=3) == ["TIMEOUT", "2", "<0.01", "2 at xgboost-1.tar.gz"]
    assert not any(line.startswith("errors") for line in shown(result_of(model_of("a", 10))))


def test_the_first_error_is_told_once() -> None:
    """In a warning if there is one about failures, else below the errors; never so that a terminal obeys it."""
    few = result_of(model_of("a", 9_999, {Outcome.CONNECT: 1}), health=replace(HEALTH, first_error="refused \x1b[2J"))
    for result in (few, ALL_FAILED):
        assert " ".join(shown(result)).count("refused ?[2J") == 1


def test_the_generators_health_is_told() -> None:
    text = "\n".join(shown(TWO))
    for reading in (
        "lateness     p50 0.020 ms · p99 0.020 ms · max 0.020 ms",
        "calls        0 dropped · 0 abandoned · 31 in flight at the peak",
        "loop         CPU 31.2 % of a core · 2 stalls over 10 ms, the longest 12.3 ms",
        "connections  20 opened · 1 failed · 0 refused by this machine",
        "plan         digest 3f2ab1c03f2a · started 2026-11-23 18:53:20 UTC",
    ):
        assert reading in text


def test_of_a_thousand_models_the_slowest_twenty_are_shown_and_the_rest_summed_up() -> None:
    lines = shown(MANY, 100)
    names = [line.split()[0] for line in lines if line.startswith("family/")]
    assert names == [f"family/of/xgb-{i}.tar.gz" for i in range(999, 979, -1)]
    calls = sum(int(cells(lines, name)[0]) for name in names)
    assert calls + int(cells(lines, "980 others")[0]) == int(cells(lines, "total")[0]) == MANY.totals.calls
    assert cells(lines, "980 others")[3] == "3"
    service_us = np.sort(np.repeat(1_000 + 10 * np.arange(980), 1 + np.arange(980) % 7))
    p50_ms, p99_ms = (service_us[int(np.ceil(q * service_us.size)) - 1] / 1000 for q in (0.5, 0.99))
    assert cells(lines, "980 others")[-2:] == [f"{p50_ms:.2f}", f"{p99_ms:.1f}"]


def test_names_that_do_not_fit_lose_what_they_share() -> None:
    lines = shown(result_of(*(model_of(f"a-family-of-models/xgb-{i}.tar.gz", 9) for i in range(3))))
    assert 'names of models are printed without "a-family-of-models/" and ".tar.gz"' in lines
    assert cells(lines, "xgb-2")[0] == "9"


@pytest.mark.parametrize(
    ("names", "shared", "why"),
    [
        (["a/b/x.tar.gz", "a/b/y.tar.gz"], ("a/b/", ".tar.gz"), "folder and extension"),
        (["a/bx.gz", "a/by.gz"], ("a/", ".gz"), "no part of a name's own word"),
        (["x.1", "y.2"], ("", ""), "nothing shared"),
        (["a/", "a/x"], ("", ""), "a name would be left empty"),
        ([".gz", "a.gz"], ("", ""), "likewise"),
        (["only/one.gz"], ("only/", ".gz"), "one name shares all with itself"),
    ],
)
def test_shared_parts_of_names(names: list[str], shared: tuple[str, str], why: str) -> None:
    assert affixes(names) == shared, why


def test_a_result_without_calls_has_no_numbers_to_show() -> None:
    lines = shown(NO_CALLS)
    assert "0 calls sent · - % OK · asked 0/s, achieved 0/s · 0s · raw" in lines
    assert cells(lines, "total") == ["0", "-", "-", "0", *["-"] * 7]


def test_seconds_are_drawn_with_their_highest_values() -> None:
    seconds = tuple(
        SecondResult(
            i, 10, 10 * (i + 1), i, (9, *[0] * 11), Histogram.of_us(np.array([1000 * (i + 1)])), Histogram.empty()
        )
        for i in range(8)
    )
    lines = shown(replace(TWO, seconds=seconds))
    assert "by second      8 seconds, warm-up included; highest:" in lines
    drawn = {line[:15].strip(): line[15:].split() for line in lines}
    assert drawn["calls sent"] == ["▁▂▃▄▅▆▇█", "80", "/s"]
    assert drawn["response p99"] == ["▁▂▃▄▅▆▇█", "8.00", "ms"]
    assert drawn["in flight"][-1] == "7"


def test_colour_is_for_terminals() -> None:
    assert "\x1b[" in "".join(shown(TWO, terminal=True))
    assert "\x1b" not in "".join(shown(WIDEST))


def test_a_narrow_terminal_gets_whole_lines() -> None:
    """It wraps them by itself; no number is cut."""
    assert shown(TWO, 40) == shown(TWO, 80)
