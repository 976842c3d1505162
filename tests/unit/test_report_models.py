"""report.models and report.choice: which models are shown, in which order, with which numbers."""

import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from asyncload.call import Outcome
from asyncload.histogram import Histogram
from asyncload.report.choice import choose
from asyncload.report.models import affixes
from asyncload.report.view import Sort, View
from asyncload.result import ModelResult, RunResult
from tests.unit.reported import (
    ALL_FAILED,
    CLOSED,
    NO_CALLS,
    STALLED,
    cells,
    lines_of,
    many,
    model_of,
    result_of,
    steady,
)

MANY = many()
TO = "\N{EN DASH}"


def spread(name: str, calls: int, slowest_us: int, failed: int = 0) -> ModelResult:
    """A model whose response times go in equal steps from 1 ms to a slowest one."""
    times = Histogram.of_us(np.linspace(1_000, slowest_us, calls).astype(np.int64))
    return replace(model_of(name, calls, {Outcome.TIMEOUT: failed} if failed else None), response=times, service=times)


def names_of(result: RunResult, view: View) -> list[str]:
    return [model.name for model in choose(result, view).models]


ENOUGH = result_of(*(spread(f"xgboost-{i}.tar.gz", 30_000 + i, 90_000 + i, failed=30) for i in range(3)))


def test_numbers_are_the_results() -> None:
    """Calls, share that failed, and percentiles with the ends of their intervals, in milliseconds of three digits."""
    found = cells(lines_of(ENOUGH, 88), "xgboost-0.tar.gz")
    assert found[:2] == ["30030", "0.10"]
    estimates = ENOUGH.estimates(ENOUGH.models[0], "response", (0.5, 0.9, 0.99))
    for at, estimate in enumerate(estimates):
        number, interval = found[2 + 2 * at : 4 + 2 * at]
        assert float(number) == pytest.approx(estimate.value_us / 1000, rel=0.005)
        low, high = map(float, interval.split(TO))
        assert (low, high) == pytest.approx((estimate.low_us / 1000, estimate.high_us / 1000), rel=0.005)


def test_a_percentile_that_the_calls_cannot_tell_is_no_number() -> None:
    """And a line says how many calls it takes."""
    lines = lines_of(result_of(spread("few.gz", 30, 90_000), spread("more.gz", 50_000, 90_000), warmup=0))
    assert "n/a" in cells(lines, "few.gz")
    assert "n/a" not in cells(lines, "more.gz")
    words = " ".join(" ".join(lines).split())
    assert re.search(
        r"n/a: too few calls that tell as much as independent ones; few.gz has .*\d+ of 368 for p99", words
    )


def test_a_wider_terminal_shows_more_columns() -> None:
    """p99 and p50 are always there; p90, max, p99.9, service and share come as there is room, in that order."""

    def heads(width: int) -> list[str]:
        line = next(line for line in lines_of(ENOUGH, width) if line.startswith("model "))
        return [word for word in line.split() if word not in {"95", "%", "model"}]

    seen = [heads(width) for width in range(80, 180, 4)]
    assert all(len(a) <= len(b) for a, b in pairwise(seen))
    response = ["p50", "p90", "p99", "p99.9", "max"]
    assert list(dict.fromkeys(map(tuple, seen))) == [
        ("calls", "err", "p50", "p90", "p99"),
        ("calls", "err", "p50", "p90", "p99", "max"),
        ("calls", "err", *response),
        ("calls", "err", *response, "p99"),
        ("calls", "err", *response, "p50", "p99"),
        ("calls", "err", "share", *response, "p50", "p99"),
    ]


def test_the_warm_up_stands_apart() -> None:
    """The total does not hold it."""
    lines = lines_of(steady())
    row = next(i for i, line in enumerate(lines) if line.startswith("warm-up"))
    assert lines[row - 1] == ""
    assert lines[row].split()[1] == str(steady().warmup.calls)
    assert int(cells(lines, "total")[0]) == sum(model.calls for model in steady().models)
    assert not any(line.startswith("warm-up") for line in lines_of(NO_CALLS))


def test_names_that_do_not_fit_lose_what_they_share() -> None:
    lines = lines_of(result_of(*(model_of(f"a-family-of-quite-many-models/xgb-{i}.tar.gz", 9) for i in range(3))))
    assert 'printed without "a-family-of-quite-many-models/" and ".tar.gz"' in " ".join(lines)
    assert cells(lines, "xgb-2")[0] == "9"


# -- of many models ---------------------------------------------------------------------------------------------------


def test_of_a_thousand_models_the_worst_by_three_orders_are_shown_and_the_rest_summed_up() -> None:
    """Each model once, marked with why; calls and errors of all rows add up to the total."""
    lines = lines_of(MANY, 100)
    rows = [line.split() for line in lines if line.startswith("family/")]
    assert len({row[0] for row in rows}) == len(rows)
    marks = {row[0]: row[1] for row in rows}
    assert {letter: sum(letter in mark for mark in marks.values()) for letter in "PET"} == {"P": 20, "E": 9, "T": 20}
    busiest = sorted(MANY.models, key=lambda model: model.calls, reverse=True)[:20]
    assert all("T" in marks[model.name] for model in busiest)
    assert all("E" in marks[model.name] for model in MANY.models if model.ok < model.calls)
    others = next(line for line in lines if " others " in line)
    assert others.split()[0] == str(1000 - len(rows))
    assert sum(int(row[2]) for row in rows) + int(others.split()[2]) == MANY.totals.calls


def test_the_others_percentiles_are_those_of_all_their_calls_together() -> None:
    choice = choose(MANY, View())
    rest = [model for model in MANY.models if model not in choice.models]
    times_us = np.sort(np.repeat([model.response.quantile_us(1) for model in rest], [model.ok for model in rest]))
    p50_ms = times_us[int(np.ceil(0.5 * times_us.size)) - 1] / 1000
    others = next(line for line in lines_of(MANY, 100) if " others " in line)
    assert others.split()[4] == f"{p50_ms:.1f}"


def test_models_are_ranked_by_what_their_calls_can_tell() -> None:
    """One slow call of two is no p99: if most models have few calls, a lower percentile ranks them."""
    slow = [spread(f"slow-{i}", 2_000, 100_000 + 1_000 * i) for i in range(30)]
    lucky = spread("two-calls", 2, 9_000_000)
    enough = choose(result_of(*slow, lucky), View())
    assert "by p99 (P)" in enough.words
    assert "two-calls" not in [model.name for model in enough.models]
    few = [spread(f"few-{i}", 120, 50_000 + 100 * i) for i in range(40)]
    choice = choose(result_of(*slow, *few), View())
    assert "by p90 (P, for most have too few calls for p99)" in choice.words
    assert [model.name for model in choice.models[:2]] == ["slow-29", "slow-28"]


def test_models_that_nobody_called_are_no_reason_to_rank_by_less() -> None:
    silent = [model_of(f"silent-{i}", 0) for i in range(100)]
    assert "by p99 (P)" in choose(result_of(*(spread(f"m-{i}", 900, 9_000) for i in range(5)), *silent), View()).words


SORTED = result_of(
    spread("m-10", 3_000, 20_000), spread("m-9", 1_000, 90_000, 7), spread("a-1", 2_000, 30_000, 9), spread("z", 3, 9),
)  # fmt: skip


@pytest.mark.parametrize(
    ("sort", "names", "why"),
    [
        (None, ["m-10", "m-9", "a-1", "z"], "few models stand as in the scenario"),
        ("scenario", ["m-10", "m-9", "a-1", "z"], "as in the scenario"),
        ("p99", ["m-9", "a-1", "m-10", "z"], "slowest first, what cannot be told last"),
        ("errors", ["a-1", "m-9", "m-10", "z"], "most errors first"),
        ("calls", ["m-10", "a-1", "m-9", "z"], "busiest first"),
        ("name", ["a-1", "m-9", "m-10", "z"], "numbers in names count as numbers"),
    ],
)
def test_models_are_sorted(sort: Sort | None, names: list[str], why: str) -> None:
    assert names_of(SORTED, View(sort=sort)) == names, why


@pytest.mark.parametrize("sort", ["p99", "errors", "calls", "name", "scenario"])
def test_of_many_models_an_order_shows_the_first_twenty_or_all(sort: Sort) -> None:
    few, every = View(sort=sort), View(sort=sort, everything=True)
    assert len(names_of(MANY, few)) == 20
    assert names_of(MANY, every)[:20] == names_of(MANY, few)
    assert len(names_of(MANY, every)) == 1000
    assert any(line.startswith("980 others ") for line in lines_of(MANY, view=few))
    assert not any(" others " in line for line in lines_of(MANY, view=every))


def test_all_rows_stand_in_the_scenarios_order() -> None:
    assert names_of(MANY, View(everything=True)) == [model.name for model in MANY.models]


# -- a closed loop ----------------------------------------------------------------------------------------------------


def test_of_a_closed_loop_each_row_has_its_corrected_view_below() -> None:
    """Calls that there would have been, and their response times, below those that were measured."""
    lines = lines_of(STALLED, 137)
    for name, calls in (("xgboost-0.tar.gz", 1000), ("xgboost-1.tar.gz", 1000), ("total", 2000)):
        measured, corrected = lines[next(i for i, line in enumerate(lines) if line.startswith(name)) :][:2]
        assert measured.split()[1] == str(calls)
        number, p50, _, p90, interval, *_ = corrected.removeprefix("  corrected").split()
        # 17.6 ms between calls: of a stall of 1 s, 56 more would have met 7.6 ms of it at least.
        assert (number, p50) == (str(calls + calls * 3 // 1000 * 56), "7.60")
        assert 200 < float(p90) < 400
        low, high = map(float, interval.split(TO))
        assert low <= float(p90) <= high
    assert "one every 17.6 ms" in " ".join(lines)
    assert "2000 calls sent · 100 % OK · achieved 16.67/s by 8 users · 2m · raw" in lines


def test_added_calls_do_not_make_a_percentile_surer() -> None:
    """p99.9 needs 3,688 independent calls: 2,000 that were measured do not tell it, however many are added."""
    usual = np.repeat([7_600, 60_000_000], [1_990, 10])
    model = replace(model_of("a", 2_000), response=Histogram.of_us(usual), service=Histogram.of_us(usual))
    result = replace(result_of(model), scenario=CLOSED)
    corrected = result.corrected(result.totals)
    assert corrected is not None
    assert corrected.count > 10_000
    row = next(line for line in lines_of(result, 137) if line.startswith("  corrected"))
    assert "n/a" in row


def test_a_closed_loop_that_nobody_answered_cannot_be_corrected() -> None:
    assert "corrected: cannot tell, for no call was answered" in lines_of(replace(ALL_FAILED, scenario=CLOSED))


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
