"""
Targets become models: those whose names follow a number become one family.

A target fits into a family in as many ways as its name holds numbers. The way that takes most targets along is taken
first, and a family needs three: two models of different weight are easier to read one by one. Numbers that are missing
in between have the weight 0, as long as they are few.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from asyncload.locust.importer.numbers import popularity, tidy
from asyncload.locust.importer.targets import Called
from asyncload.models import Model, Popularity, labels

_FEWEST: Final = 3
_MOST: Final = 1_000_000
_MOST_MISSING: Final = 0.1
"""Part of a family that may be missing; its first member may be missing always, for many count from 1."""
_NUMBER: Final = re.compile(r"(?<![0-9])(?:0|[1-9][0-9]{0,5})(?![0-9])")
_NAMES: Final = ("name", "variant", "inference_component", "container")
_OTHERS: Final = ("content_type", "accept", "custom_attributes")


@dataclass(frozen=True, slots=True)
class Family:
    """One entry of a scenario's models."""

    pattern: Called
    """With {i} for the member's number, if there is more than one."""
    weight: float
    count: int = 1
    popularity: Popularity = "uniform"

    def model(self) -> Model:
        """Return it as a model, all but its payload."""
        one = self.pattern
        return Model(
            name=one.name or None,
            label=one.label or None,
            count=self.count,
            weight=self.weight,
            popularity=self.popularity,
            content_type=one.content_type or "application/octet-stream",
            accept=one.accept or None,
            custom_attributes=one.custom_attributes or None,
            inference_id=one.inference_id,
            variant=one.variant or None,
            inference_component=one.inference_component or None,
            container=one.container or None,
        )


def families(called: Sequence[Called]) -> list[Family]:
    """Return entries for targets, in the order of their first ones, with weights as a person would write them."""
    ways: dict[Called, dict[int, int]] = {}
    for index, target in enumerate(called):
        for number, pattern in _patterns(target):
            ways.setdefault(pattern, {}).setdefault(number, index)
    entries: dict[int, Family] = {}
    taken: set[int] = set()
    known = {replace(target, weight=0.0, pool=()) for target in called}
    for pattern, members in sorted(ways.items(), key=lambda way: (-len(way[1]), min(way[1].values()))):
        free = {number: index for number, index in members.items() if index not in taken}
        if family := _family(pattern, {number: called[index].weight for number, index in free.items()}, known):
            entries[min(free.values())] = family
            taken.update(free.values())
    for index, target in enumerate(called):
        if index not in taken:
            entries[index] = Family(target, target.weight)
    found = [entries[index] for index in sorted(entries)]
    weights = tidy([family.weight for family in found])
    return _told_apart([replace(family, weight=weight) for family, weight in zip(found, weights, strict=True)])


def _patterns(target: Called) -> Iterator[tuple[int, Called]]:
    """Yield every number in a target's name, and the target with {i} for it."""
    field = next((name for name in _NAMES if getattr(target, name)), None)
    if field is None:
        return
    text: str = getattr(target, field)
    for found in _NUMBER.finditer(text):
        digits = found[0]
        everywhere = {name: _with_i(getattr(target, name), digits) for name in (*_NAMES, *_OTHERS, "label")}
        in_names = {**everywhere, **{name: getattr(target, name) for name in _OTHERS}}
        once = {field: text[: found.start()] + "{i}" + text[found.end() :]}
        versions = (in_names, {**in_names, **once}, everywhere, {**everywhere, **once})
        for pattern in dict.fromkeys(target.changed(texts) for texts in versions):
            yield int(digits), pattern


def _with_i(text: str, digits: str) -> str:
    return _NUMBER.sub(lambda found: "{i}" if found[0] == digits else found[0], text)


def _family(pattern: Called, weights: Mapping[int, float], known: set[Called]) -> Family | None:
    """Return the family of a pattern's members, by number; None if it would be a poor one."""
    if len(weights) < _FEWEST:
        return None
    count = max(weights) + 1
    missing = [number for number in range(count) if number not in weights] if count <= 2 * len(weights) + 1 else None
    if missing is None or (missing != [0] and len(missing) > _MOST_MISSING * count):
        return None
    if any(_member(pattern, number) in known for number in missing):
        return None
    shares = [weights.get(number, 0.0) for number in range(count)]
    return Family(pattern, sum(shares), count, popularity(shares))


def _member(pattern: Called, number: int) -> Called:
    texts = {name: getattr(pattern, name).replace("{i}", str(number)) for name in (*_NAMES, *_OTHERS, "label")}
    return replace(pattern.changed(texts), pool=())


def _told_apart(entries: Sequence[Family]) -> list[Family]:
    """Give labels to entries whose targets would have the same name in results: what they send tells them apart."""
    uses: dict[str, set[int]] = {}
    names = iter(labels([entry.model() for entry in entries]))
    for index, entry in enumerate(entries):
        for _ in range(entry.count):
            uses.setdefault(next(names), set()).add(index)
    doubled = sorted(set().union(*(each for each in uses.values() if len(each) > 1)))
    given = set(uses)
    found = list(entries)
    for index in doubled:
        pattern = entries[index].pattern
        label = base = f"{pattern.label or pattern.own_name} {pattern.content_type}".strip()
        number = 2
        while label in given:
            label, number = f"{base} {number}", number + 1
        given.add(label)
        found[index] = replace(entries[index], pattern=replace(pattern, label=label))
    return found
