"""locust.importer: what a task does, whatever it draws."""

import itertools
import random
import time
from bisect import bisect
from collections.abc import Callable

import pytest

from asyncload.locust.importer.probe.effort import Effort
from tests.unit.driven import Paper

FEW = Effort(samples=400, payloads=20)


def test_a_task_without_draws_is_one_way() -> None:
    read = Paper().law(lambda paper: paper.call("a", "row"))
    assert read.calls == {"a": 1.0}
    assert read.payloads == {"a": {"row": 1.0}}
    assert (read.law.method, read.law.runs) == ("all", 1)


def test_choice_and_weights_are_exact() -> None:
    """`choice` has equal parts, `choices` those of its weights, thresholds theirs: nothing is sampled."""

    def task(paper: Paper) -> None:
        if paper.random.random() < 0.8:
            paper.call(paper.random.choice("ab"))
        else:
            paper.call(paper.random.choices(["c", "d", "e"], weights=[1, 2, 5])[0], paper.random.randint(1, 4))

    read = Paper().law(task)
    assert read.calls == pytest.approx({"a": 0.4, "b": 0.4, "c": 0.025, "d": 0.05, "e": 0.125}, rel=1e-12)
    assert read.payloads["c"] == pytest.approx({"1": 0.25, "2": 0.25, "3": 0.25, "4": 0.25})
    assert (read.law.method, read.law.runs, read.law.error) == ("all", 14, 0.0)


@pytest.mark.parametrize(
    ("draw", "parts"),
    [
        (lambda r: int(r.random() * 4), [0.25] * 4),
        (lambda r: round(r.random() * 2), [0.25, 0.5, 0.25]),
        (lambda r: int(r.uniform(1, 3)) - 1, [0.5, 0.5]),
        (lambda r: bisect([0.1, 0.3, 0.6], r.random()), [0.1, 0.2, 0.3, 0.4]),
        (lambda r: int(1 - r.random() > 0.25), [0.25, 0.75]),
        (lambda r: int(-r.random() < -0.3), [0.3, 0.7]),
        (lambda r: int(r.random() / 2 >= 0.4), [0.8, 0.2]),
        (lambda r: int(r.random() * 3 // 1), [1 / 3] * 3),
        (lambda r: int(0.2 <= r.random() <= 0.5), [0.7, 0.3]),
        (lambda r: r.sample(range(3), 2)[1], [1 / 3] * 3),
        (lambda r: len({r.random() < 0.5, r.random() < 0.5}) - 1, [0.5, 0.5]),
    ],
)
def test_a_number_is_followed_through_what_is_made_of_it(
    draw: Callable[[random.Random], int], parts: list[float]
) -> None:
    """Multiples, sums, rounding and comparisons of a drawn number split its range where the task does."""
    read = Paper().law(lambda paper: paper.call(draw(paper.random)))
    assert read.calls == pytest.approx({str(i): part for i, part in enumerate(parts)}, rel=1e-12)
    assert read.law.method == "all"


def test_shuffle_has_every_order() -> None:
    def task(paper: Paper) -> None:
        names = list("abcd")
        paper.random.shuffle(names)
        paper.call(names[0], "".join(names))

    read = Paper().law(task)
    assert read.calls == pytest.approx(dict.fromkeys("abcd", 0.25))
    assert all(len(orders) == 6 for orders in read.payloads.values())


def test_many_targets_times_many_payloads_are_walked_apart() -> None:
    """990 targets of a Zipf law and 1,000 payloads are found exactly in some 4,000 runs, not 990,000."""
    weights = [(i + 1) ** -1.1 for i in range(990)]

    def task(paper: Paper) -> None:
        paper.call(paper.random.choices(range(990), weights)[0], f"row {paper.random.randrange(1000)}")

    read = Paper().law(task)
    assert read.calls == pytest.approx({str(i): w / sum(weights) for i, w in enumerate(weights)}, rel=1e-9)
    assert read.payloads["989"] == pytest.approx({f"row {i}": 0.001 for i in range(1000)})
    assert read.law.method == "all"
    assert read.law.sampled == 0
    assert read.paper.runs < 6000


def test_payloads_that_depend_on_the_target_stay_with_it() -> None:
    """Each target keeps its own rows, however many there are together."""
    rows = {name: [f"{name}{i}" for i in range(700)] for name in "abc"}

    def task(paper: Paper) -> None:
        name = paper.random.choice("abc")
        paper.call(name, paper.random.choice(rows[name]))

    read = Paper().law(task)
    assert {name: sorted(pool) for name, pool in read.payloads.items()} == {n: sorted(r) for n, r in rows.items()}
    assert read.law.sampled == 0


def test_numbers_in_a_payload_are_sampled_and_targets_are_not() -> None:
    """A payload of drawn numbers has no end: some are taken, while the targets' shares stay exact."""

    def task(paper: Paper) -> None:
        row = [paper.random.random() for _ in range(8)]
        paper.call(paper.random.choices("ab", [3, 1])[0], row)

    read = Paper().law(task, FEW)
    assert read.calls == pytest.approx({"a": 0.75, "b": 0.25}, rel=1e-12)
    assert read.law.sampled == len(read.payloads["a"]) == len(read.payloads["b"]) == 20


def test_a_number_that_decides_and_is_printed_is_not_taken_for_a_constant() -> None:
    def task(paper: Paper) -> None:
        number = paper.random.random()
        paper.call("low" if number < 0.25 else "high", number)

    read = Paper().law(task, FEW)
    assert read.calls == pytest.approx({"low": 0.25, "high": 0.75})
    assert len(read.payloads["low"]) == 20


def test_payloads_that_move_by_themselves_are_sampled() -> None:
    """A time in the payload is no draw; the targets are exact all the same."""

    def task(paper: Paper) -> None:
        paper.call(paper.random.choice("ab"), time.perf_counter_ns())

    read = Paper().law(task, FEW)
    assert read.calls == {"a": 0.5, "b": 0.5}
    assert read.law.sampled == 20


def test_an_order_of_its_own_is_gone_through_once() -> None:
    """A cycle draws nothing: one round of it gives the exact shares."""
    names = itertools.cycle("abcab")
    read = Paper().law(lambda paper: paper.call(next(names), "row"), FEW)
    assert read.calls == pytest.approx({"a": 0.4, "b": 0.4, "c": 0.2})
    assert (read.law.method, read.law.runs) == ("cycle", 5)


def test_what_cannot_be_followed_is_sampled_with_its_error() -> None:
    """A state that draws hang on is sampled; the standard error is that of the share farthest from 0 and 1."""
    state = [0]

    def task(paper: Paper) -> None:
        state[0] = (state[0] + paper.random.choice([1, 2, 4])) % 7
        paper.call("a" if state[0] < 3 else "b")

    read = Paper().law(task, FEW)
    assert (read.law.method, read.law.runs) == ("sample", 400)
    assert read.calls["a"] == pytest.approx(3 / 7, abs=0.15)
    expected = (read.calls["a"] * read.calls["b"] / 400) ** 0.5
    assert read.law.error == pytest.approx(expected)


def test_calls_of_one_run_are_counted_each() -> None:
    """Two calls in a run are two; how many there are may be drawn."""

    def task(paper: Paper) -> None:
        for _ in range(paper.random.randint(1, 3)):
            paper.call("a", paper.random.choice("xy"))
        paper.call("b")

    read = Paper().law(task)
    assert read.calls == pytest.approx({"a": 2.0, "b": 1.0})
    assert read.law.most_calls == 4


def test_a_number_that_is_too_much_for_something_in_c_is_drawn_plainly() -> None:
    """Where a task fails with numbers that notice comparisons, and not without, it is run at random."""

    def task(paper: Paper) -> None:
        number = paper.random.random()
        if type(number) is not float:
            raise ZeroDivisionError
        paper.call("a" if number < 0.5 else "b")

    read = Paper().law(task, FEW)
    assert read.law.method == "sample"
    assert set(read.calls) == {"a", "b"}


def test_a_late_hour_ends_it() -> None:
    """When time is up, what has been seen must do."""
    read = Paper().law(lambda paper: paper.call(paper.random.choice("ab")), Effort(until_s=0.0))
    assert (read.law.method, read.law.runs) == ("sample", 1)


def test_failing_runs_are_told_by_their_probability() -> None:
    def task(paper: Paper) -> None:
        paper.call("a")
        paper.call("b", 1 // paper.random.randrange(4))

    read = Paper().law(task)
    assert read.law.fails == pytest.approx(0.25)
    assert read.calls == pytest.approx({"a": 1.0, "b": 0.75})
