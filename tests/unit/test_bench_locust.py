"""bench.locust: the arithmetic behind the comparison with Locust."""

import numpy as np
import pytest

from bench.locust.held import chi_square, hold, quantile
from bench.locust.implied import implied_ms
from bench.locust.played import Arrived
from bench.locust.said import Said
from bench.target import MODELS


@pytest.mark.parametrize("q", [0.5, 0.89, 0.9, 0.905, 0.95, 0.99, 0.9995, 1.0])
@pytest.mark.parametrize("service_ms", [0.0, 5.0, 300.0])
def test_a_stall_implies_what_its_simulation_shows(q: float, service_ms: float) -> None:
    """Every response time of a steady stream is computed one by one; the formula gives the same quantile."""
    length_ms, stall_ms, begin_ms = 20_000.0, 2_000.0, 8_000.0
    arrival = np.linspace(0, length_ms, 200_000, endpoint=False)
    end = begin_ms + stall_ms
    met = (arrival + service_ms > begin_ms) & (arrival < end)
    held_up = np.where(arrival < begin_ms, stall_ms, end - arrival)
    response = service_ms + np.where(met, held_up, 0.0)
    assert implied_ms(q, length_ms, stall_ms, service_ms) == pytest.approx(np.quantile(response, q), abs=1.0)


def test_calls_are_held_against_those_of_their_model_in_their_order() -> None:
    """Each model by itself, whatever the order of the logs; what was not counted is left out on both sides."""
    said = Said(
        np.array([0, 1, 0, 0]), np.array([30, 20, 10, 40]), np.array([9, 8, 7, 6]) * 1_000_000,
        np.array([True, True, False, True]),
    )  # fmt: skip
    truth = [
        Arrived(31, 0, 31 + 8_500_000, MODELS[0], "OK"),
        Arrived(21, 0, 21 + 7_000_000, MODELS[1], "OK"),
        Arrived(41, 0, 41 + 5_000_000, MODELS[0], "OK"),
        Arrived(11, 0, 11 + 1_000_000, MODELS[0], "OK"),
        Arrived(51, 0, 51 + 99_000_000, MODELS[0], "LOST"),
    ]
    held = hold(said, truth)
    assert sorted(zip(held.said_ms, held.truth_ms, strict=True)) == [(6.0, 5.0), (8.0, 7.0), (9.0, 8.5)]
    assert held.error_ms(0.5) == 1.0
    assert held.each_ms(0.01) == 0.5


def test_a_call_that_never_arrived_is_no_comparison() -> None:
    """A client that claims more calls than the server saw is not compared."""
    said = Said(np.array([1]), np.array([1]), np.array([1]), np.array([True]))
    with pytest.raises(RuntimeError, match="1 calls were made, 0 arrived"):
        hold(said, [])


def test_a_quantile_is_the_value_of_its_rank() -> None:
    """Rank ceil(q n), as in the reports: p99 of 100 values is the 99th."""
    assert quantile(np.arange(1.0, 101.0), 0.99) == 99.0
    assert np.isnan(quantile(np.array([]), 0.5))


def test_weights_that_were_kept_are_likely_and_others_are_not() -> None:
    """3 : 1 as asked for gives no surprise; 2 : 1 in 3,000 calls does. Critical values of a printed table."""
    assert chi_square([75, 25], [3, 1]) == (0.0, 1.0)
    assert chi_square([2000, 1000], [3, 1])[1] < 1e-20
    value = 3.841
    counts = [750 + (value * 187.5) ** 0.5, 250 - (value * 187.5) ** 0.5]
    assert chi_square(counts, [3, 1]) == pytest.approx((value, 0.05), abs=1e-3)
