"""
Numbers that have the same bits on every machine: raw random words, uniforms, log, exp, power, sine.

Strategy: only operations that IEEE 754 rounds correctly everywhere (+ - * / sqrt, comparison, conversion), integer
arithmetic, and sums in a fixed order. numpy's own log, exp, power and sine are not among them: their last bit differs
between SIMD paths and releases. Nor are the distributions of numpy.random.Generator, which may change (NEP 19); the
bit streams of PCG64 and SeedSequence may not. No fused multiply-add can arise, because each operation is a ufunc call
of its own and its result is rounded to 64 bits before the next one reads it.
"""

import math
from collections.abc import Callable
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Words: TypeAlias = Callable[[int], NDArray[np.uint64]]
"""Gives the next n words of a stream; asking twice for n and m gives the same words as asking once for n + m."""

# ln 2 in two parts: k * _LN2_HIGH has no rounding error for |k| < 2**20. Source: FDLIBM 5.3, e_log.c.
_LN2_HIGH: Final = 6.93147180369123816490e-01
_LN2_LOW: Final = 1.90821492927058770002e-10
_SQRT_HALF_BITS: Final = 0x3FE6A09E667F3BCD
_MANTISSA_BITS: Final = 52
_EXPONENT_BIAS: Final = 1023
_LOG_TERMS: Final = tuple(2.0 / (2 * k + 1) for k in range(10, -1, -1))
_EXP_TERMS: Final = tuple(1.0 / math.factorial(k) for k in range(14, -1, -1))
_SINE_TERMS: Final = tuple((-1.0) ** k / math.factorial(2 * k + 1) for k in range(11, -1, -1))
_EXP_LEAST: Final = -708.0
_EXP_MOST: Final = 709.0


def words(seed: int, *key: int) -> Words:
    """
    The stream of random 64-bit words that a seed and a key name.

    Args:
        seed: 0 or more; 0 is a seed like any other.
        key: Numbers below 2**32, such as phase and purpose. Different keys give independent streams.

    Source:
        PCG64: O'Neill, PCG, HMC-CS-2014-0905 (2014). SeedSequence keeps keys apart from seeds by padding the seed.
    """
    generator = np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key))

    def take(count: int) -> NDArray[np.uint64]:
        return generator.random_raw(count)

    return take


def uniform(raw: NDArray[np.uint64]) -> NDArray[np.float64]:
    """
    Uniform numbers on (0, 1], multiples of 2**-53; never 0, so a logarithm can be taken.

    Shape:
        As `raw`.
    """
    values = (raw >> np.uint64(11)).astype(np.float64)
    values += 1.0
    values *= 2.0**-53
    return values


def log(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """
    Natural logarithm, relative error below 1e-15.

    Args:
        x: Positive normal numbers (at least 2.3e-308); others give meaningless values.

    Shape:
        As `x`.

    Source:
        x = 2**k * m with m in [sqrt(1/2), sqrt(2)), then log m = 2 artanh s, s = (m - 1) / (m + 1), whose series in
        s**2 <= 0.0295 leaves out less than 1e-17 after 11 terms. Abramowitz and Stegun (1964), 4.1.27.
    """
    bits = np.ascontiguousarray(x).view(np.int64)
    exponent = (bits - _SQRT_HALF_BITS) >> _MANTISSA_BITS
    m = (bits - (exponent << _MANTISSA_BITS)).view(np.float64)
    s = m + 1.0
    m -= 1.0  # exact: m is within a factor of two of 1
    np.divide(m, s, out=s)
    total = _polynomial(s * s, _LOG_TERMS)
    total *= s
    k = exponent.astype(np.float64)
    np.multiply(k, _LN2_LOW, out=s)
    total += s
    np.multiply(k, _LN2_HIGH, out=s)
    total += s
    return total


def exp(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """
    The exponential, relative error below 1e-15; arguments outside [-708, 709] count as the nearer end.

    Shape:
        As `x`.

    Source:
        x = k ln 2 + r with abs(r) <= 0.347, then the Taylor series to r**14, which leaves out less than 1e-19.
    """
    x = np.minimum(np.maximum(x, _EXP_LEAST), _EXP_MOST)
    k = np.rint(x / (_LN2_HIGH + _LN2_LOW))
    r = (x - k * _LN2_HIGH) - k * _LN2_LOW
    total = _polynomial(r, _EXP_TERMS)
    half = k.astype(np.int64) >> 1  # in two steps, because 2**1024 is not a number although the product is
    total *= _power_of_two(half)
    total *= _power_of_two(k.astype(np.int64) - half)
    return total


def power(x: NDArray[np.float64], exponent: float) -> NDArray[np.float64]:
    """
    Positive numbers to a power, x ** exponent, relative error below 1e-15 * (1 + abs(exponent * log x)).

    Shape:
        As `x`.
    """
    return exp(log(x) * exponent)


def sine(turns: NDArray[np.float64]) -> NDArray[np.float64]:
    """
    sin(2 pi turns), absolute error below 1e-15 for turns in [-1, 1].

    Shape:
        As `turns`.

    Source:
        Folded to a quarter turn, then the Taylor series to x**23, which leaves out less than 1e-20.
    """
    turns = turns - np.rint(turns)
    turns = np.where(np.abs(turns) > 0.25, np.copysign(0.5, turns) - turns, turns)
    x = turns * (2.0 * math.pi)
    return _polynomial(x * x, _SINE_TERMS) * x


def _polynomial(x: NDArray[np.float64], coefficients: tuple[float, ...]) -> NDArray[np.float64]:
    """Horner's rule, highest power first, in place."""
    total = np.full_like(x, coefficients[0])
    for coefficient in coefficients[1:]:
        total *= x
        total += coefficient
    return total


def _power_of_two(exponent: NDArray[np.int64]) -> NDArray[np.float64]:
    """2 ** exponent, written into the exponent field of a float, for -1022 <= exponent <= 1023."""
    return ((exponent + _EXPONENT_BIAS) << _MANTISSA_BITS).view(np.float64)
