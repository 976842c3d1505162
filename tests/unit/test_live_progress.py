"""live.course and live.progress: what a run has measured so far."""

import math
from collections.abc import Iterable
from dataclasses import replace

import msgspec
import numpy as np
import pytest

from asyncload.call import Outcome
from asyncload.histogram import Histogram, merge
from asyncload.live.course import Course, Row
from asyncload.live.progress import Progress
from asyncload.live.words import Tick
from asyncload.record import METRICS, Second
from tests.unit.live_runs import S, hello, over_the_wire, seconds


def row(second: int, calls: int = 2, *, asked_per_s: float | None = 4.0, warmup: bool = False) -> Row:
    """A second with calls that took as many ms as its number."""
    outcomes = tuple(calls if outcome is Outcome.OK else 0 for outcome in Outcome)
    response = Histogram.of_us(np.full(calls, 1000 * second, np.int64))
    return Row(second, 1, calls, calls, second, outcomes, asked_per_s, 3, warmup, response, Histogram.empty())


def course(seconds_: Iterable[int], most: int = 4) -> Course:
    made = Course(most)
    for second in seconds_:
        made.add(row(second))
    return made


@pytest.mark.parametrize(
    ("count", "begins", "width"),
    [
        (4, [0, 1, 2, 3], 1),
        (5, [0, 2, 4], 2),
        (6, [0, 2, 4], 2),
        (8, [0, 2, 4, 6], 2),
        (9, [0, 4, 8], 4),
        (33, [0, 16, 32], 16),
    ],
)
def test_rows_are_put_together_when_there_are_too_many(count: int, begins: list[int], width: int) -> None:
    made = course(range(count))
    assert [row.second for row in made] == begins
    assert made.width_s == width
    assert made.generation == int(math.log2(width))


@pytest.mark.parametrize(
    ("elapsed_s", "interrupted", "sending_s"),
    [(4.0, False, 1.0), (3.2, False, 1.0), (4.1, True, 1.0), (3.25, True, 0.25), (2.5, True, 0.0)],
)
def test_behind_a_stop_nothing_is_sent(elapsed_s: float, interrupted: bool, sending_s: float) -> None:  # noqa: FBT001
    """In the fourth second of a run; one that came to the end of its plan still asked for calls until then."""
    *_, (tick, second) = seconds(4)
    health = replace(tick.health, interrupted=interrupted)
    progress = Progress(hello())
    progress.add(msgspec.structs.replace(tick, elapsed_ns=int(elapsed_s * S), health=health), second)
    (told,) = progress.course
    assert told.sending_s == pytest.approx(sending_s)


def test_rows_of_a_stop_are_put_together_by_how_long_calls_were_sent() -> None:
    """What was asked for is held against what was sent in the same time."""
    whole, part, behind = row(0), replace(row(1, asked_per_s=8.0), sending_s=0.5), replace(row(2), sending_s=0.0)
    together = whole.then(part)
    assert together.sending_s == 1.5
    assert together.asked_per_s == pytest.approx((4.0 + 0.5 * 8.0) / 1.5)
    assert (together.then(behind).sending_s, together.then(behind).asked_per_s) == (1.5, together.asked_per_s)
    assert behind.then(behind).asked_per_s == 4.0


@pytest.mark.parametrize("most", [2, 4, 10])
def test_nothing_is_lost_when_rows_are_put_together(most: int) -> None:
    """Counts and histograms add up to those of the seconds, at any width; never more rows than allowed."""
    made = Course(most)
    for count in range(1, 70):
        made.add(row(count - 1))
        assert len(made) <= most
        assert sum(row.seconds for row in made) == count
        assert sum(row.sent for row in made) == sum(row.outcomes[Outcome.OK] for row in made) == 2 * count
        expected = merge([row(second).response for second in range(count)])
        assert merge([row.response for row in made]) == expected
    assert [row.in_flight for row in made][-1] == 68, "as it was at the end"


def test_seconds_that_were_missed_leave_a_gap() -> None:
    """The page's process was too slow for some: the others keep their places."""
    made = course([0, 1, 6, 7, 9])
    assert [(row.second, row.seconds) for row in made] == [(0, 2), (6, 2), (9, 1)]


def test_rates_are_averaged_and_a_closed_phase_has_none() -> None:
    both = row(0, asked_per_s=10.0).then(row(1, asked_per_s=20.0)).then(row(2, asked_per_s=30.0))
    assert both.asked_per_s == 20.0
    assert row(0).then(row(1, asked_per_s=None)).asked_per_s is None


def test_a_row_is_warm_up_only_as_a_whole() -> None:
    warm, measured = row(0, warmup=True), row(1)
    assert warm.then(row(1, warmup=True)).warmup
    assert not warm.then(measured).warmup


def progress_of(told: Iterable[tuple[Tick, Second]], models: int = 2) -> Progress:
    progress = Progress(hello(models))
    for tick, second in told:
        progress.add(tick, over_the_wire(tick, second))
    return progress


def test_totals_leave_the_warm_up_out() -> None:
    """Nine calls a second, one of which fails; two of five seconds are warm-up."""
    result = progress_of(seconds(5, (6, 3), warmup_s=2, failed=1)).result()
    assert result.totals.calls == 27
    assert result.totals.ok == 24
    assert result.totals.outcomes[Outcome.MODEL_ERROR] == 3
    assert result.warmup.calls == 18
    assert result.totals.response.count == 24
    assert result.totals.lateness.count == 27
    assert result.totals.received_bytes == 27 * 5
    assert len(result.seconds) == 5
    assert [row.response.count for row in result.seconds] == [8] * 5


def test_histograms_are_those_of_all_seconds() -> None:
    """Every metric, added up over the seconds as the recorder would."""
    told = list(seconds(4, (6, 3)))
    result = progress_of(told).result()
    for place, metric in enumerate(METRICS):
        expected = merge([second.overall(place) for _, second in told])
        assert getattr(result.totals, metric) == expected, metric


def test_models_have_their_own_quantiles() -> None:
    """Those without a reply have none; those with new ones are looked at anew."""
    told = list(seconds(3, (6, 3, 0)))
    progress = progress_of(told[:1], 3)
    first = progress.models_us()[:, 0].copy()
    assert np.isnan(first[2])
    assert first[:2] / 1000 == pytest.approx([10, 20], rel=1e-3)
    for tick, second in told[1:]:
        progress.add(tick, second)
    assert progress.models_us()[:2] / 1000 == pytest.approx(np.array([[10, 10], [20, 20]]), rel=1e-3)
    assert progress.outcomes[:, Outcome.OK].tolist() == [18, 9, 0, 0]


def test_before_the_first_second_there_is_nothing() -> None:
    progress = Progress(hello())
    assert progress.seen == 0
    assert progress.result().totals.calls == 0
