"""locust.importer: draws, texts and families, for whatever there is."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncload.locust.importer.families import families
from asyncload.locust.importer.probe.boxes import leaves
from asyncload.locust.importer.probe.chance import Play
from asyncload.locust.importer.yaml_text import yaml_text
from asyncload.models import targets
from asyncload.schema.document import parse_text
from asyncload.traffic import shares
from tests.unit.driven import Paper
from tests.unit.test_importer_families import called

# -- programs that draw -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class End:
    name: str


@dataclass(frozen=True)
class Pick:
    """One of its branches, each as likely."""

    branches: tuple[object, ...]


@dataclass(frozen=True)
class Weighted:
    """One of its branches, by weights."""

    weights: tuple[float, ...]
    branches: tuple[object, ...]


@dataclass(frozen=True)
class Threshold:
    """The first branch below a threshold; the number is looked at again further down."""

    at: float
    branches: tuple[object, object]


def programs(depth: int) -> st.SearchStrategy[object]:
    end = st.sampled_from("abcdef").map(End)
    if not depth:
        return end
    inner = programs(depth - 1)
    branches = st.lists(inner, min_size=1, max_size=4).map(tuple)
    weighted = branches.flatmap(
        lambda some: st.tuples(*[st.floats(0.01, 10.0)] * len(some)).map(lambda weights: Weighted(weights, some))
    )
    threshold = st.builds(Threshold, at=st.floats(0.01, 0.99), branches=st.tuples(inner, inner))
    return st.one_of(end, branches.map(Pick), weighted, threshold)


def run(program: object, paper: Paper) -> None:
    match program:
        case End(name=name):
            paper.call(name)
        case Pick(branches=branches):
            run(paper.random.choice(branches), paper)
        case Weighted(weights=weights, branches=branches):
            run(paper.random.choices(branches, weights)[0], paper)
        case Threshold(at=at, branches=(low, high)):
            number = paper.random.random()
            run(low if number < at else high, paper)
            if number * 2 < at:  # the same number, compared with something else after other draws
                paper.call("below half")


def expected(program: object) -> dict[str, float]:
    match program:
        case End(name=name):
            return {name: 1.0}
        case Pick(branches=branches):
            return added([(1 / len(branches), expected(branch)) for branch in branches])
        case Weighted(weights=weights, branches=branches):
            total = math.fsum(weights)
            return added([(w / total, expected(branch)) for w, branch in zip(weights, branches, strict=True)])
        case Threshold(at=at, branches=(low, high)):
            return added([(at, expected(low)), (1 - at, expected(high)), (at / 2, {"below half": 1.0})])
    raise AssertionError(program)


def added(parts: list[tuple[float, dict[str, float]]]) -> dict[str, float]:
    total: dict[str, float] = {}
    for weight, calls in parts:
        for name, count in calls.items():
            total[name] = total.get(name, 0.0) + weight * count
    return total


@given(program=programs(3))
@settings(max_examples=60, deadline=None)
def test_what_a_program_draws_is_found_exactly(program: object) -> None:
    """Expected calls are those of the program as it is written, for every nesting of draws."""
    read = Paper().law(lambda paper: run(program, paper))
    assert read.law.method == "all"
    assert read.calls == pytest.approx(expected(program), rel=1e-9)


@given(program=programs(3))
@settings(max_examples=40, deadline=None)
def test_the_ways_are_a_partition(program: object) -> None:
    """The probabilities of all ways add up to 1, and each way played again goes the same way."""
    paper = Paper()
    task: Callable[[Paper], None] = lambda paper: run(program, paper)  # noqa: E731  one line says it
    ways = list(leaves(lambda play: paper.once(task, play), lambda spans: Play(spans=spans)))
    assert math.fsum(way.part for way in ways) == pytest.approx(1.0, abs=1e-9)
    for way in ways[:20]:
        assert paper.once(task, Play(spans=way.spans, anywhere=True)) == way.outcome


# -- texts ------------------------------------------------------------------------------------------------------------

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
values = st.recursive(
    st.one_of(texts, st.integers(-(10**9), 10**9), st.floats(allow_nan=False, allow_infinity=False), st.booleans()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=40), st.dictionaries(st.sampled_from(["name", "for", "a_b", "x"]), inner, max_size=4)
    ),
    max_leaves=60,
)


@given(
    document=st.dictionaries(st.sampled_from(["name", "models", "payload", "phases"]), values, max_size=4),
    notes=st.lists(texts),
)
@settings(max_examples=150, deadline=None)
def test_a_document_reads_as_what_was_written(document: dict[str, object], notes: list[str]) -> None:
    """Any text, number, list and mapping comes back from YAML, below any comments."""
    read = parse_text(yaml_text(document, notes), ".yaml")
    assert not read.problems
    assert read.data == (document or None)


# -- families ---------------------------------------------------------------------------------------------------------

names = st.one_of(
    st.builds(
        "{}{}{}".format, st.sampled_from(["m", "m1-", "v2/x"]), st.integers(0, 12), st.sampled_from(["", ".bin", "-3"])
    ),
    st.sampled_from(["hot", "m01", "007"]),
)
members = st.tuples(names, st.sampled_from(["", "k=1", "k=2"]), st.integers(0, 1))


@given(parts=st.dictionaries(members, st.floats(1e-6, 1.0), min_size=1, max_size=25))
@settings(max_examples=150, deadline=None)
def test_families_change_no_target(parts: dict[tuple[str, str, int], float]) -> None:
    """Whatever becomes a family, its members with a share are the targets that there were, with shares and payloads."""
    given_ = [
        called(name, weight, ((pool, 1.0),), custom_attributes=attributes)
        for (name, attributes, pool), weight in parts.items()
    ]
    entries = families(given_)
    models = [entry.model() for entry in entries]
    found = {}
    for target, share in zip(targets(models), shares(models).tolist(), strict=True):
        headers = dict(target.headers)
        key = headers["X-Amzn-SageMaker-Target-Model"], headers.get("X-Amzn-SageMaker-Custom-Attributes", "")
        if share:
            found[(*key, entries[target.family].pattern.pool[0][0])] = share
    total = math.fsum(parts.values())
    assert found == pytest.approx({key: weight / total for key, weight in parts.items()}, rel=1e-9)
    assert all(not list(model.mistakes()) for model in models)
