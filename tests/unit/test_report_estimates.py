"""report.estimates: a percentile with its interval, or the words that there are too few calls."""

import numpy as np
import pytest

from asyncload.histogram import Histogram
from asyncload.report.estimates import cell, label, of_part, said, shortfall, with_guesses
from asyncload.statistics.estimate import Estimate, percentiles
from asyncload.statistics.ranks import needed

TO = "\N{EN DASH}"
NAN = float("nan")


def estimate(calls: int, q: float = 0.99, value_us: float = 9_330, effective: float | None = None) -> Estimate:
    known = calls >= needed(q)
    low, high = (9_110, 9_710) if known else (NAN, NAN)
    return Estimate(q, value_us if calls else NAN, low, high, calls, calls if effective is None else effective)


def test_an_estimate_in_a_table_and_in_words() -> None:
    assert cell(estimate(1000)) == ("9.33", f"9.11{TO}9.71")
    assert cell(estimate(10)) == ("n/a", "")
    assert cell(estimate(0)) == ("-", "")
    assert said(estimate(1000)) == f"p99 9.33 ms (9.11{TO}9.71)"
    assert said(estimate(10)) == "p99 n/a"


@pytest.mark.parametrize(("q", "name"), [(0.5, "p50"), (0.99, "p99"), (0.999, "p99.9"), (0.9999, "p99.99")])
def test_percentiles_have_their_usual_names(q: float, name: str) -> None:
    assert label(q) == name


@pytest.mark.parametrize("q", [0.5, 0.9, 0.95, 0.99, 0.999])
def test_what_is_said_to_be_needed_is_what_it_takes(q: float) -> None:
    """One call less does not do."""
    calls = Histogram.of_us(np.arange(1, 5000))
    enough, few = (percentiles(calls, [q], [float(needed(q) - less)])[0] for less in (0, 1))
    assert enough.supported
    assert not few.supported


def test_a_part_tells_as_much_a_call_as_the_whole() -> None:
    whole = [estimate(1000, 0.5, effective=250), estimate(1000, 0.99, effective=500)]
    found = of_part(whole, Histogram.of_us(np.arange(1, 101)))
    assert [each.effective_calls for each in found] == [25, 50]
    assert [each.supported for each in found] == [True, False]
    assert [each.value_us for each in found] == [50, 99]


def test_a_part_of_nothing_is_nothing() -> None:
    assert cell(of_part([estimate(0, 0.5)], Histogram.empty())[0]) == ("-", "")


def test_added_calls_tell_nothing_new() -> None:
    found = with_guesses([estimate(400, effective=380)], Histogram.of_us(np.arange(1, 10_001)))
    assert (found[0].calls, found[0].effective_calls) == (10_000, 380)


def test_the_shortfall_names_each_percentile_and_who_has_too_few() -> None:
    def words(*rows: tuple[str, list[Estimate]]) -> str:
        return " ".join(line.plain for line in shortfall(rows, 60))

    assert words(("a", [estimate(1000)]), ("b", [estimate(0)])) == ""
    head = "n/a: too few calls that tell as much as independent ones"
    assert words(("a", [estimate(120)]), ("b", [estimate(900)])) == f"{head}; a has 120 of 368 for p99"
    assert words(("a", [estimate(2, effective=0.8)])) == f"{head}; a has less than 1 of 368 for p99"
    both = ("a", [estimate(20, 0.9), estimate(20)]), ("b", [estimate(300)])
    assert words(*both) == f"{head}: 20 of 36 for p90, 20 to 300 of 368 for p99"


def test_a_percentile_is_held_against_its_own_calls() -> None:
    """After a stall p99 may rest on fewer calls than p99.9, which must not look as if there were enough for p99."""
    found = [Estimate(q, 9_330, NAN, NAN, 2490, worth) for q, worth in ((0.99, 131), (0.999, 1274))]
    text = " ".join(line.plain for line in shortfall([("total", found)], 200))
    assert text.endswith("; total has 131 of 368 for p99, 1274 of 3688 for p99.9")
