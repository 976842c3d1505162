"""statistics.steady: where the initial transient of a series ends."""

import numpy as np
import pytest
from numpy.typing import NDArray

from asyncload.statistics.steady import batch_of, mser


def noise(length: int, seed: int = 1) -> NDArray[np.float64]:
    """Means of seconds of a settled endpoint: 8 ms, give or take 3 %."""
    values: NDArray[np.float64] = 8000 * np.exp(np.random.default_rng(seed).normal(0, 0.03, length))
    return values


@pytest.mark.parametrize("length", [30, 60, 300, 1000])
def test_a_settled_series_is_not_cut(length: int) -> None:
    """As a rule: of forty, one may look as if it began elsewhere."""
    found = [mser(noise(length, seed)) for seed in range(40)]
    assert sum(cut.values > 0 for cut in found) <= 3
    assert all(cut.settled for cut in found)


@pytest.mark.parametrize(("transient_s", "length"), [(7, 60), (20, 120), (60, 300)])
def test_an_exponential_start_is_cut(transient_s: int, length: int) -> None:
    """Five times as slow at first, which decays: what is left of it at the cut is small, and not much more is cut."""
    values = noise(length) * (1 + 4 * np.exp(-np.arange(length) / transient_s * 3))
    cut = mser(values)
    assert cut.settled
    assert 0.5 * transient_s <= cut.values <= 2.5 * transient_s
    assert cut.values % cut.batch == 0


def test_a_level_is_cut_where_it_ends() -> None:
    """10 s at 30 ms: two batches of five."""
    values = noise(100)
    values[:10] *= 4
    assert mser(values).values == 10


def test_one_slow_first_second_is_no_state_of_its_own_but_is_cut() -> None:
    """The first second stays as it is in the smoothing: connections that are opened, models that are loaded."""
    values = noise(100)
    values[0] *= 20
    assert 5 <= mser(values).values <= 10


def test_a_stall_is_not_taken_for_the_end_of_a_beginning() -> None:
    """Of two seconds it is smoothed away; of eight, the first batch is still as the second half is."""
    for length in (1, 2, 8):
        values = noise(120)
        values[30 : 30 + length] *= 100
        assert mser(values).values == 0


def test_a_transient_is_found_though_there_is_a_stall_later() -> None:
    values = noise(120)
    values[:10] *= 3
    values[80:82] *= 100
    assert mser(values).values == 10


def test_what_never_settles_is_cut_by_half_and_no_more() -> None:
    """A series that falls all along."""
    cut = mser(noise(100) * np.linspace(5, 1, 100))
    assert (cut.values, cut.settled) == (50, False)


@pytest.mark.parametrize(("length", "batch"), [(9, 0), (10, 1), (19, 1), (25, 2), (49, 4), (50, 5), (3600, 5)])
def test_short_series_have_smaller_batches(length: int, batch: int) -> None:
    assert batch_of(length) == mser(noise(length)).batch == batch


def test_a_cut_of_a_short_series_is_in_seconds() -> None:
    """Seven of 19, and no more than half: MSER-1."""
    values = noise(19)
    values[:7] *= 5
    assert 7 <= mser(values).values <= 9
    assert mser(values).batch == 1


def test_a_constant_series_is_not_cut() -> None:
    assert mser(np.full(100, 8000.0)).values == 0
