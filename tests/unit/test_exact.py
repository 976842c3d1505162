"""exact: numbers with the same bits everywhere, and right ones."""

import hashlib
import math
from decimal import Decimal, localcontext

import numpy as np
import pytest
from numpy.typing import NDArray

from asyncload.exact import exp, log, power, sine, uniform, words

GOLDEN_BITS = ["dea435163d7a7e00", "03e79d2391525e1a", "0cb6da131d360320", "ab4a2d071118e350", "7132ca75b8cbd908"]
"""Of u, log u, exp -u, u ** -1.1 and the sine of u turns."""


def floats(values: list[float]) -> NDArray[np.float64]:
    return np.array(values, dtype=np.float64)


def worst(found: NDArray[np.float64], right: NDArray[np.float64]) -> float:
    """Largest relative error."""
    return float(np.max(np.abs(found - right) / np.abs(right)))


def test_log_agrees_with_math() -> None:
    """From the least normal number to the greatest, and close to 1 from both sides."""
    near = 1.0 + 10.0 ** np.linspace(-15, -1, 2000)
    x = np.concatenate([np.exp(np.linspace(-708, 709, 20_001)), near, 1 / near, [2.0**-53, 2.2250738585072014e-308]])
    x = x[x != 1.0]
    assert worst(log(x), floats([math.log(value) for value in x.tolist()])) < 1e-15


def test_log_at_its_joints() -> None:
    """log 1 is 0 exactly, powers of two are multiples of ln 2, and nothing jumps at the square root of a half."""
    assert log(floats([1.0]))[0] == 0.0
    powers = floats([-3.0, 1.0, 10.0])
    assert worst(log(np.ldexp(1.0, powers.astype(np.int64))), powers * math.log(2)) < 1e-15
    joint = math.sqrt(0.5)
    around = floats([math.nextafter(joint, 0), joint, math.nextafter(joint, 1)])
    assert np.all(np.diff(log(around)) >= 0.0)


def test_exp_agrees_with_math() -> None:
    x = np.concatenate([np.linspace(-708, 709, 20_001), np.linspace(-1, 1, 2001), [0.0, 1e-300, -1e-300]])
    assert worst(exp(x), floats([math.exp(value) for value in x.tolist()])) < 1e-15


def test_exp_is_cut_at_its_ends() -> None:
    """Beyond the normal numbers it neither overflows nor underflows, so nothing depends on how a machine does that."""
    assert exp(floats([-1e300, -709.0])).tolist() == [exp(floats([-708.0]))[0]] * 2
    assert exp(floats([1e300]))[0] == exp(floats([709.0]))[0] < math.inf


def test_power_agrees_with_decimals() -> None:
    """Held against 40 digits, because math.pow is not itself exact."""
    x = floats([1.0, 2.0, 3.0, 10.0, 990.0, 10_000.0])
    with localcontext() as context:
        context.prec = 40
        exponent = -Decimal("1.100000000000000088817841970012523")  # what the float 1.1 stands for
        right = floats([float(Decimal(value) ** exponent) for value in x.tolist()])
    assert worst(power(x, -1.1), right) < 1e-14


def test_sine_agrees_with_math() -> None:
    turns = np.linspace(-1, 1, 4097)
    right = floats([math.sin(2 * math.pi * turn) for turn in turns.tolist()])
    assert float(np.max(np.abs(sine(turns) - right))) < 1e-15


def test_sine_is_exact_at_quarters() -> None:
    """A curve whose amplitude is its mean touches zero there."""
    assert sine(floats([0.0, 0.25, 0.5, 0.75, 1.0])).tolist() == [0.0, 1.0, 0.0, -1.0, 0.0]


def test_uniform_ends() -> None:
    """The least word gives 2**-53 and not 0, the greatest gives 1."""
    ends = np.array([0, 2**64 - 1, 2**63], dtype=np.uint64)
    assert uniform(ends).tolist() == [2.0**-53, 1.0, 0.5 + 2.0**-53]


def test_words_come_in_any_portions() -> None:
    whole = words(7, 0, 1)(1000)
    take = words(7, 0, 1)
    assert np.array_equal(np.concatenate([take(1), take(0), take(333), take(666)]), whole)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((0, 0, 0), (1, 0, 0)),
        ((0, 0, 0), (0, 1, 0)),
        ((0, 0, 0), (0, 0, 1)),
        ((0, 1, 0), (1, 0, 0)),
        # A seed of two 32-bit words must not run into the key: as one list [5, 1, 0, 0] both would be the same.
        ((5 + 2**32, 0, 0), (5, 1, 0)),
        ((2**32, 0, 0), (0, 1, 0)),
    ],
)
def test_keys_and_seeds_do_not_run_into_each_other(one: tuple[int, int, int], other: tuple[int, int, int]) -> None:
    assert not np.array_equal(words(*one)(4), words(*other)(4))


def test_bits_are_these() -> None:
    """The bits of a hundred thousand draws, as this project has always made them; other bits are another stimulus."""
    u = uniform(words(0, 0, 0)(100_000))
    columns = [u, log(u), exp(-u), power(u, -1.1), sine(u)]
    found = [hashlib.sha256(column.astype("<f8").tobytes()).hexdigest()[:16] for column in columns]
    assert found == GOLDEN_BITS
