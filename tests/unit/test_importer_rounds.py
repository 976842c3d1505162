"""locust.importer.rounds: task sets as chains."""

import numpy as np
import pytest

from asyncload.locust.importer.rounds import Chain, Step, long_run, mixture, picked, ring, visit, visits


def calls(name: str, count: float = 1.0, leaves: float = 0.0) -> Step[str]:
    return Step({name: count}, leaves=leaves)


def nested(step: Step[str]) -> Step[str]:
    """A task set that is left hands back to the one around it."""
    return Step(step.calls, step.tasks, 0.0, step.stays)


def test_weights_of_tasks_are_shares() -> None:
    chain = picked([(0.75, calls("a")), (0.25, calls("b", 2.0))])
    assert long_run(chain) == {"a": 0.75, "b": 0.5}


def test_a_task_set_that_is_left_counts_for_as_long_as_it_lasts() -> None:
    """Ten reads to one task that leaves: a visit is ten reads on the average, and the other task makes one call."""
    reading = visit(picked([(10 / 11, calls("read")), (1 / 11, Step({}, leaves=1.0))]))
    assert (reading.calls["read"], reading.tasks, reading.leaves) == pytest.approx((10.0, 11.0, 1.0))
    assert long_run(picked([(0.5, nested(reading)), (0.5, calls("b"))])) == pytest.approx(
        {"read": 10 / 12, "b": 1 / 12}
    )


def test_a_task_set_that_is_never_left_keeps_its_user() -> None:
    """Of two such task sets each keeps as many users as it weighs, and what is beside them is done only until then."""
    slow = visit(picked([(1.0, calls("a", 0.5))]))
    round_trip = visit(ring([calls("b"), calls("c"), calls("d")]))
    chain = picked([(0.6, slow), (0.2, round_trip), (0.2, calls("before"))])
    assert long_run(chain) == pytest.approx({"a": 0.75 * 0.5, "b": 0.25 / 3, "c": 0.25 / 3, "d": 0.25 / 3})


def test_a_ring_repeats() -> None:
    """A sequence counts each of its steps, one that stands in it twice twice."""
    two = calls("two")
    assert long_run(ring([calls("one"), two, two])) == pytest.approx({"one": 1 / 3, "two": 2 / 3})


def test_a_sequence_that_leaves_in_its_middle_seldom_comes_to_its_end() -> None:
    sequence = visit(ring([calls("first"), calls("second", leaves=0.5), calls("third")]))
    # One visit: first, second, and half of the visits go on to third and around again.
    assert sequence.calls == pytest.approx({"first": 2.0, "second": 2.0, "third": 1.0})
    assert sequence.leaves == pytest.approx(1.0)


@pytest.mark.parametrize("seed", range(10))
def test_a_chain_is_as_often_in_each_state_as_its_matrix_says(seed: int) -> None:
    """The long run of a chain without an end is its stationary distribution."""
    rng = np.random.default_rng(seed)
    matrix = rng.random((6, 6)) * (rng.random((6, 6)) < 0.7) + np.eye(6) * 0.1 + np.roll(np.eye(6), 1, axis=1) * 0.2
    matrix /= matrix.sum(axis=1, keepdims=True)
    moves = [{j: p for j, p in enumerate(row) if p > 0} for row in matrix.tolist()]
    found = long_run(Chain([calls(str(i)) for i in range(6)], {0: 1.0}, moves))
    values, vectors = np.linalg.eig(matrix.T)
    stationary = np.real(vectors[:, np.argmin(abs(values - 1))])
    stationary /= stationary.sum()
    assert [found[str(i)] for i in range(6)] == pytest.approx(stationary.tolist(), rel=1e-9)


@pytest.mark.parametrize("seed", range(10))
def test_visits_solve_their_equations(seed: int) -> None:
    """x = start + x * moves."""
    rng = np.random.default_rng(seed)
    matrix = rng.random((7, 7)) * (rng.random((7, 7)) < 0.5)
    matrix *= 0.9 / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    moves = [{j: p for j, p in enumerate(row) if p > 0} for row in matrix.tolist()]
    found = visits({0: 0.5, 3: 0.5}, moves)
    start = np.zeros(7)
    start[[0, 3]] = 0.5
    expected = np.linalg.solve(np.eye(7) - matrix.T, start)
    assert [found.get(i, 0.0) for i in range(7)] == pytest.approx(expected.tolist(), abs=1e-12)


def test_a_long_ring_is_quick() -> None:
    """A sequence of a thousand tasks costs thousands of steps, not a billion."""
    assert long_run(ring([calls(str(i)) for i in range(1000)]))["999"] == pytest.approx(0.001)


def test_a_start_outside_of_what_is_kept_is_passed_through() -> None:
    """From a state without return two parts are reached, each kept with the probability of getting there."""
    chain = Chain([calls(name) for name in "spqr"], {0: 1.0}, [{1: 0.25, 2: 0.75}, {1: 1.0}, {3: 1.0}, {2: 1.0}])
    assert long_run(chain) == pytest.approx({"p": 0.25, "q": 0.375, "r": 0.375})


def test_a_task_that_ends_its_user_begins_anew() -> None:
    """Where the outermost task set is left, another user begins: shares stay."""
    chain = picked([(0.5, calls("a", leaves=1.0)), (0.5, calls("b"))])
    assert long_run(chain) == pytest.approx({"a": 0.5, "b": 0.5})


def test_a_mixture_adds_up() -> None:
    step = mixture([(0.25, calls("a", leaves=1.0)), (0.75, calls("a", 3.0))])
    assert (step.calls, step.leaves, step.goes_on) == ({"a": 2.5}, 0.25, 0.75)
