"""statistics.ranks: which two of n independent values enclose a quantile, exactly."""

import math

import pytest

from asyncload.statistics.ranks import enclosing, needed


def by_definition(q: float, n: int) -> tuple[int, int]:
    """Sum the binomial law term by term: the highest low rank and the lowest high one that leave 2.5 % each."""
    terms = [math.comb(n, k) * q**k * (1 - q) ** (n - k) for k in range(n + 1)]
    below = [math.fsum(terms[: k + 1]) for k in range(n + 1)]
    low = next(k for k in range(n + 1) if below[k] > 0.025)
    high = next(k for k in range(n + 1) if math.fsum(terms[k + 1 :]) <= 0.025) + 1
    return low, high


@pytest.mark.parametrize("q", [0.01, 0.25, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("n", [6, 7, 36, 101, 368, 500, 1000])
def test_the_ranks_are_those_of_the_binomial_law(q: float, n: int) -> None:
    """Term by term, wherever an interval exists; none where it does not."""
    expected = by_definition(q, n) if n >= needed(q) else None
    assert enclosing(q, n) == expected
    if expected:
        assert 1 <= expected[0] < expected[1] <= n


@pytest.mark.parametrize(("q", "least"), [(0.5, 6), (0.9, 36), (0.95, 72), (0.99, 368), (0.999, 3688), (0.01, 368)])
def test_a_quantile_is_supported_from_so_many_values_on(q: float, least: int) -> None:
    """When the chance that none lies beyond it falls to 2.5 %; one value fewer does not do."""
    beyond = max(q, 1 - q)
    assert beyond**least <= 0.025 < beyond ** (least - 1)
    assert needed(q) == least
    assert enclosing(q, least) is not None
    assert enclosing(q, least - 1) is None


def test_ranks_of_a_hundred_million_values_are_still_found() -> None:
    """Where no term of the law can be written down: those of the normal law, to a few ranks."""
    found = enclosing(0.99, 10**8)
    assert found is not None
    half = 1.959964 * math.sqrt(10**8 * 0.99 * 0.01)
    assert found[0] == pytest.approx(0.99 * 10**8 - half, abs=2)
    assert found[1] == pytest.approx(0.99 * 10**8 + half, abs=3)
