"""report.comparison: numbers with the room that their source leaves, rows that stand side by side, and JSON."""

import math
from dataclasses import replace

import pytest

from asyncload.formats.reading import Latency, Row, Since
from asyncload.report.comparison.document import SCHEMA, document
from asyncload.report.comparison.quantity import Change, Metric, Quantity, change, quantity
from asyncload.report.comparison.sides import Sides
from tests.unit.readings import latency, reading, row

P50, P99 = Metric("p50", "sent"), Metric("p99", "sent")


def of(value_ms: float, low: float | None = None, high: float | None = None) -> Quantity | None:
    """A median with its range."""
    ends = (value_ms if low is None else low, value_ms if high is None else high)
    return quantity(row("x", sent=Latency(percentiles_ms={0.5: value_ms}, within_ms={0.5: ends})), P50)


def compared(first: Quantity | None, other: Quantity | None) -> Change:
    found = change(first, other, P50)
    assert found is not None
    return found


# -- quantity ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (of(7.6112), "7.61"),
        (of(8, 7.5, 8.5), "8"),
        (of(120, 115, 125), "120"),
        (of(100, 99.5, 105), "100"),
        (of(12000, 11500, 12500), "12000"),
        (of(7.6, 7.55, 7.65), "7.6"),
        (of(0.3, 0.25, 0.35), "0.3"),
        (of(7.611, 7.604, 7.611), "7.61"),
        (of(14.1, 12.3, 14.1), "≤14.1"),
        (of(14.1, 0, 14.1), "≤14.1"),
    ],
)
def test_no_more_digits_are_printed_than_the_source_has(number: Quantity, text: str) -> None:
    """Locust's 8 is from 7.5 to 8.5; a value that is only the upper end of a wide range is a bound."""
    assert number.text == text


@pytest.mark.parametrize(
    ("first", "other", "text"),
    [
        (of(7.78), of(8, 7.5, 8.5), "≈"),
        (of(7.4), of(8, 7.5, 8.5), "+8.1%"),
        (of(8, 7.5, 8.5), of(9, 8.5, 9.5), "≈"),
        (of(8, 7.5, 8.5), of(10, 9.5, 10.5), "+25%"),
        (of(8), of(8), "="),
        (of(8), of(7.2), "-10%"),
        (of(10), of(24), "2.4x"),
        (of(1), of(123), "123x"),
        (of(0.001), of(90_000), ">9999x"),
        (of(1000), of(1), "-99.9%"),
        (of(90_000), of(0.001), "<-99.9%"),
        (of(0), of(1), "-"),
        (of(10), of(14.1, 12.3, 14.1), "+23%"),
        (of(13), of(14.1, 12.3, 14.1), "≈"),
        (of(20), of(14.1, 12.3, 14.1), "-30%"),
        (of(14.1, 12.3, 14.1), of(10), "-19%"),
    ],
)
def test_a_difference_is_one_only_beyond_the_resolution_of_both(first: Quantity, other: Quantity, text: str) -> None:
    """Ranges that overlap do not differ; of a bound, the difference is the least that it can be."""
    found = compared(first, other)
    assert found.text == text
    assert found.alike == (text in "≈=")


def test_shares_of_failures_differ_by_points() -> None:
    """From 1 to 3 % are two points and not 200 %."""
    failed = Metric("failed, %")
    one, three, none, few = (row("x", 100_000, n) for n in (1000, 3000, 0, 3))

    def text(first: Row, other: Row) -> str:
        found = change(quantity(first, failed), quantity(other, failed), failed)
        assert found is not None
        return found.text

    assert text(one, three) == "+2.00"
    assert text(none, few) == "+<0.01"
    assert text(few, none) == "-<0.01"
    assert text(none, none) == "="
    assert text(none, row("x", 10, 10)) == "+100"


def test_what_a_source_does_not_have_is_none() -> None:
    """A missing row, count, view or percentile; and of no requests no share failed."""
    bare = Row(name="x", requests=None, failures=None, rate_per_s=None, latency={})
    for name in ("requests", "failed, %", "rate, /s"):
        assert quantity(bare, Metric(name)) is None
        assert quantity(None, Metric(name)) is None
    assert quantity(row("x", 0, 0), Metric("failed, %")) is None
    assert quantity(row("x", sent=Latency(percentiles_ms={})), P50) is None
    assert quantity(row("x", sent=latency(8)), Metric("p50", "due")) is None
    assert quantity(row("x", sent=Latency(percentiles_ms={})), Metric("mean", "sent")) is None
    assert change(None, of(8), P50) is None
    assert change(of(8), None, P50) is None


def test_the_longest_call_is_taken_exactly_where_it_is_stated() -> None:
    stated = Latency(percentiles_ms={1.0: 1000}, most_ms=973.2)
    found = quantity(row("x", sent=stated), Metric("max", "sent"))
    assert found is not None
    assert found.value == 973.2
    found = quantity(row("x", sent=replace(stated, most_ms=None)), Metric("max", "sent"))
    assert found is not None
    assert found.value == 1000


# -- sides ------------------------------------------------------------------------------------------------------------


def test_rows_of_one_name_stand_side_by_side_and_the_others_are_named() -> None:
    sides = Sides(
        (
            reading(row("a"), row("b"), row("c")),
            reading(row("c"), row("SageMaker")),
            reading(),
            reading(row("c"), row("a"), row("A")),
        )
    )
    assert [(model.name, [each and each.name for each in model.rows]) for model in sides.models] == [
        ("a", ["a", None, None, "a"]),
        ("c", ["c", "c", None, "c"]),
    ]
    assert sides.alone == (("b",), ("SageMaker",), (), ("A",))
    assert sides.labels == "ABCD"


@pytest.mark.parametrize(
    ("totals", "views"),
    [
        ([{"due", "sent"}, {"due", "sent"}], ("due", "sent")),
        ([{"due", "sent"}, {"sent"}], ("sent", "due")),
        ([{"sent"}, {"sent"}], ("sent",)),
        ([{"due"}, {"sent"}], ("due", "sent")),
        ([{"sent"}, set()], ("sent",)),
    ],
)
def test_like_is_compared_with_like(totals: list[set[Since]], views: tuple[str, ...]) -> None:
    """The view that most sources have comes first, the one from due if all have both; the other is shown too."""
    readings = (reading(total=replace(row("total"), latency=dict.fromkeys(sinces, latency(8)))) for sinces in totals)
    assert Sides(tuple(readings)).views == views


def test_models_are_ranked_by_the_furthest_tail_that_two_sources_have() -> None:
    """p99 where both state it; else the next lower percentile that they do, as of k6, which has p95 by default."""
    few = latency(8, quantiles=(0.5, 0.9, 0.95))
    assert Sides((reading(row("a", sent=latency(8))), reading(row("a", sent=latency(9))))).tail == P99
    assert Sides((reading(row("a", sent=latency(8))), reading(row("a", sent=few)))).tail == Metric("p95", "sent")
    assert Sides((reading(row("a", sent=latency(8))), reading(row("b", sent=few)))).tail is None


def test_of_many_models_those_that_differ_most_are_shown() -> None:
    """Half as long is as far as twice as long; what lies within the resolution is no distance, however far it seems."""
    first = reading(*(row(f"m{i}", sent=latency(10)) for i in range(30)))
    others = {3: (40.0, 0.0), 4: (2.0, 0.0), 7: (20.0, 0.0), 8: (5.2, 0.0), 9: (14.0, 20.0), 11: (10.5, 0.0)}
    second = reading(*(row(f"m{i}", sent=latency(*others.get(i, (10.4, 5.0)))) for i in range(30)))
    shown = [model.name for model in Sides((first, second)).shown]
    assert len(shown) == 20
    assert shown[:6] == ["m4", "m3", "m7", "m8", "m11", "m0"]
    assert Sides((first, first)).shown[0].name == "m0"


def test_up_to_twenty_models_keep_the_order_of_the_first_source() -> None:
    names = [f"m{i}" for i in (5, 2, 9)]
    first = reading(*(row(name, sent=latency(8)) for name in names))
    second = reading(*(row(name, sent=latency(8 + i)) for i, name in enumerate(reversed(names))))
    assert [model.name for model in Sides((first, second)).shown] == names


# -- document ---------------------------------------------------------------------------------------------------------


def test_the_document_has_every_number_and_how_it_compares_with_the_first() -> None:
    first = reading(
        row("a", 100, 1, due=latency(9), sent=latency(8)),
        row("b"),
        total=row("total", 100, 1, due=latency(9), sent=latency(8)),
        invalid=("stood still",),
        notes=("a note",),
    )
    second = reading(row("a", 50, 0, sent=latency(8.2, within_ms=0.5)), total=row("total", 50, 0, sent=latency(10)))
    found = document(Sides((first, second)))
    assert found["schema"] == SCHEMA
    a, b = found["sources"]
    assert (a["label"], a["valid"], a["reasons"], a["notes"], a["alone"]) == (
        "A",
        False,
        ("stood still",),
        ("a note",),
        ("b",),
    )
    assert (b["label"], b["valid"], b["reasons"], b["alone"]) == ("B", True, (), ())
    assert set(a["meaning"]) == {"counted", "arrivals", "failures", "resolution", "window"}
    total_a, total_b = found["total"]
    assert total_a["difference"] == total_a["latency"]["sent"]["difference"] == {}
    assert total_b["difference"]["requests"] == {"share": -0.5, "alike": False}
    assert total_b["difference"]["failed_percent"] == {"share": -1.0, "alike": False}
    assert total_b["latency"]["sent"]["difference"]["p50"] == {"share": 0.25, "alike": False}
    assert total_b["latency"]["sent"]["ms"]["p99_9"] == 50
    assert set(total_a["latency"]) == {"due", "sent"}
    assert set(total_b["latency"]) == {"sent"}
    ((model,),) = ([found["models"][0]],)
    assert model["name"] == "a"
    view = model["sources"][1]["latency"]["sent"]
    assert view["within_ms"]["p50"] == [7.699999999999999, 8.7]
    assert view["difference"]["p50"]["alike"]
    assert math.isclose(view["difference"]["p50"]["share"], 0.025, rel_tol=1e-9)
    assert "p50" not in model["sources"][0]["latency"]["sent"]["within_ms"]


def test_what_cannot_be_told_is_null_in_the_document_and_named() -> None:
    """And it is compared with nothing."""
    few = Latency(percentiles_ms={0.5: 8, 1.0: 9}, untold=frozenset((0.99, 0.999)))
    found = document(Sides((reading(row("a", sent=few)), reading(row("a", sent=latency(8))))))
    first, other = (source["latency"]["sent"] for source in found["models"][0]["sources"])
    assert first["untold"] == ["p99", "p99_9"]
    assert first["ms"]["p99"] is first["ms"]["p95"] is None
    assert other["untold"] == []
    assert other["difference"]["p99"] is None


def test_what_is_missing_is_null_in_the_document() -> None:
    first = reading(row("a", sent=latency(8)))
    second = reading(row("a", None, None, sent=Latency(percentiles_ms={0.5: 8})))
    third = reading()
    found = document(Sides((first, second, third)))
    _, other, none = found["models"][0]["sources"]
    assert none is None
    assert other["requests"] is None
    assert other["difference"]["requests"] is None
    assert other["latency"]["sent"]["ms"]["p99"] is None
    assert other["latency"]["sent"]["difference"]["p99"] is None
