"""locust.importer: targets become families, and weights numbers that a person would write."""

from collections.abc import Sequence

import pytest

from asyncload.locust.importer.families import Family, families
from asyncload.locust.importer.numbers import popularity, tidy, whole
from asyncload.locust.importer.targets import Called
from asyncload.models import Top, Weights, Zipf, targets
from asyncload.traffic import shares

POOL = ((0, 1.0),)


def called(name: str, weight: float = 1.0, pool: object = POOL, **more: object) -> Called:
    texts = dict.fromkeys(
        ("label", "content_type", "accept", "custom_attributes", "variant", "inference_component", "container"), ""
    )
    return Called(**{**texts, "name": name, "inference_id": False, "weight": weight, "pool": pool, **more})  # type: ignore[arg-type]


def names(entries: Sequence[Family]) -> list[tuple[str, int]]:
    return [(entry.pattern.name, entry.count) for entry in entries]


def expanded(entries: Sequence[Family]) -> dict[str, float]:
    """Shares by label, those of 0 left out."""
    models = [entry.model() for entry in entries]
    found = zip(targets(models), shares(models).tolist(), strict=True)
    return {target.label: share for target, share in found if share}


def test_two_models_stay_two() -> None:
    """Names that follow a number are no family yet where there are two."""
    entries = families([called("xgboost-0.tar.gz", 0.75), called("xgboost-1.tar.gz", 0.25)])
    assert names(entries) == [("xgboost-0.tar.gz", 1), ("xgboost-1.tar.gz", 1)]
    assert [entry.weight for entry in entries] == [3, 1]


def test_names_that_follow_a_number_are_a_family() -> None:
    weights = [(i + 1) ** -1.2 for i in range(50)]
    entries = families([called(f"m-{i}.tar.gz", weights[i]) for i in (3, 1, 2, 0, *range(4, 50))])
    assert names(entries) == [("m-{i}.tar.gz", 50)]
    assert entries[0].popularity == Zipf(zipf=1.2)


def test_a_family_takes_its_place_among_the_others() -> None:
    """Entries stand in the order of their first targets, weights in proportion to one another."""
    parts = [called("hot", 6.0), *(called(f"b{i}", 1.0) for i in range(4)), called("last", 2.0)]
    entries = families(parts)
    assert names(entries) == [("hot", 1), ("b{i}", 4), ("last", 1)]
    assert [entry.weight for entry in entries] == [3, 2, 1]
    assert entries[1].popularity == "uniform"


def test_the_number_is_found_in_every_text() -> None:
    """A label, attributes and a variant that follow the same number follow it in the family."""
    parts = [
        called(f"v2/m{i}.bin", label=f"row {i}", custom_attributes=f"k={i};v=2", variant=f"V{i}") for i in range(5)
    ]
    [entry] = families(parts)
    assert entry.pattern.name == "v2/m{i}.bin"
    assert (entry.pattern.label, entry.pattern.custom_attributes, entry.pattern.variant) == (
        "row {i}",
        "k={i};v=2",
        "V{i}",
    )
    assert set(expanded([entry])) == {f"row {i}" for i in range(5)}


def test_attributes_that_hold_the_same_number_by_accident_stay() -> None:
    """A number in the attributes that does not follow the name's is kept as it is, in every member."""
    parts = [called(f"m{i}", custom_attributes="v=2") for i in range(4)]
    [entry] = families(parts)
    assert (entry.pattern.name, entry.pattern.custom_attributes) == ("m{i}", "v=2")


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        (range(1, 11), [("m{i}", 11)]),  # many count from 1
        ([*range(19), 20], [("m{i}", 21)]),  # one of many is missing
        ([0, 5, 90], [("m0", 1), ("m5", 1), ("m90", 1)]),  # three numbers, no family
        ([7, 8, 9, 10], [("m7", 1), ("m8", 1), ("m9", 1), ("m10", 1)]),  # more than half would be missing
    ],
)
def test_members_that_are_missing_have_no_weight(numbers: Sequence[int], expected: object) -> None:
    entries = families([called(f"m{i}") for i in numbers])
    assert names(entries) == expected
    assert expanded(entries) == pytest.approx({f"m{i}": 1 / len(numbers) for i in numbers})


def test_a_missing_member_is_not_somebody_else() -> None:
    """Where the number that is missing is a target with another payload, there is no family around it."""
    parts = [*(called(f"m{i}") for i in range(1, 12)), called("m0", pool=((1, 1.0),))]
    entries = families(parts)
    assert len(entries) == 12
    assert expanded(entries) == pytest.approx({f"m{i}": 1 / 12 for i in range(12)})


def test_numbers_with_leading_zeros_are_no_numbers() -> None:
    """`m{i}` would write m1 for m01."""
    assert names(families([called(f"m{i:02}") for i in range(10, 14)])) == [(f"m{i}", 1) for i in range(10, 14)]
    assert len(families([called(f"m0{i}") for i in range(4)])) == 4


def test_other_payloads_are_another_family() -> None:
    parts = [*(called(f"a{i}") for i in range(3)), *(called(f"a{i}", pool=((1, 1.0),)) for i in range(3, 6))]
    assert sum(entry.count for entry in families(parts)) == 6
    assert len({entry.pattern.pool for entry in families(parts)}) == 2


def test_targets_of_one_name_are_told_apart_by_what_they_send() -> None:
    """One model called with two content types has two rows in results."""
    parts = [called("m", content_type="text/csv"), called("m", content_type="application/json"), called("n")]
    entries = families(parts)
    assert set(expanded(entries)) == {"m text/csv", "m application/json", "n"}


def test_targets_that_differ_in_nothing_that_can_be_named_are_numbered() -> None:
    parts = [called("m", accept="a"), called("m", accept="b"), called("m", accept="c")]
    assert set(expanded(families(parts))) == {"m", "m 2", "m 3"}


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ([0.75, 0.25], [3, 1]),
        ([0.6, 0.3, 0.1], [6, 3, 1]),
        ([1 / 3, 2 / 3], [1, 2]),
        ([5.0], [1]),
        ([0.2, 0.0, 0.4], [1, 0, 2]),
        ([1.0, 1.4142135623730951], [0.707106781187, 1.0]),
    ],
)
def test_weights_are_small_whole_numbers_where_they_can_be(weights: list[float], expected: list[float]) -> None:
    assert tidy(weights) == pytest.approx(expected, rel=1e-11)


def test_whole_numbers_are_refused_where_they_would_be_large() -> None:
    assert whole([1.0, 1 / 997, 1 / 991]) == [988027, 991, 997]
    assert whole([1.0, 1 / 9973, 1 / 9967]) is None


@pytest.mark.parametrize(
    ("weights", "law"),
    [
        ([1.0] * 7, "uniform"),
        ([(i + 1) ** -0.8 for i in range(20)], Zipf(zipf=0.8)),
        ([0.45, 0.45, 0.05, 0.05], Top(top=2, share=0.9)),
        ([5, 4, 3, 2, 1], Weights(weights=(5, 4, 3, 2, 1))),
        ([0.1, 0.1, 0.8], Weights(weights=(1, 1, 8))),  # the last ones are the popular ones: no `top`
        ([0.0, 1.0, 1.0], Weights(weights=(0, 1, 1))),
    ],
)
def test_a_law_is_known_by_its_weights(weights: list[float], law: object) -> None:
    assert popularity(weights) == law
