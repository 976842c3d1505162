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
    gathering = _Gathering(called)
    ways: dict[Called, dict[int, int]] = {}
    for index, target in enumerate(called):
        for number, pattern in _patterns(target):
            ways.setdefault(pattern, {}).setdefault(number, index)
    for pattern, members in sorted(ways.items(), key=lambda way: (-len(way[1]), min(way[1].values()))):
        gathering.try_(pattern, members)
    found = gathering.families()
    weights = tidy([family.weight for family in found])
    return _told_apart([replace(family, weight=weight) for family, weight in zip(found, weights, strict=True)])


class _Gathering:
    """Targets on their way into families."""

    def __init__(self, called: Sequence[Called]) -> None:
        self._called = called
        self._taken: set[int] = set()
        self._entries: dict[int, Family] = {}
        self._by_texts = {replace(target, weight=0.0): index for index, target in enumerate(called)}
        self._texts = {replace(target, pool=()) for target in self._by_texts}

    def try_(self, pattern: Called, members: Mapping[int, int]) -> None:
        """Make the family of a pattern's members, by number, and of who belongs to them; not if it is a poor one."""
        free = {number: index for number, index in members.items() if index not in self._taken}
        if len(free) < _FEWEST - 1 or (count := max(free) + 1) > 2 * len(free) + _FEWEST:
            return
        # A member whose texts hold its number by accident too has another pattern of its own.
        for number in range(count):
            self._add(free, pattern, number)
        while self._add(free, pattern, count):
            count += 1
        missing = [number for number in range(count) if number not in free]
        if len(free) < _FEWEST or (missing != [0] and len(missing) > _MOST_MISSING * count):
            return
        if any(replace(_member(pattern, number), pool=()) in self._texts for number in missing):
            return
        shares = [self._called[free[number]].weight if number in free else 0.0 for number in range(count)]
        self._entries[min(free.values())] = Family(pattern, sum(shares), count, popularity(shares))
        self._taken.update(free.values())

    def _add(self, free: dict[int, int], pattern: Called, number: int) -> bool:
        index = self._by_texts.get(_member(pattern, number))
        if index is not None and index not in self._taken:
            free.setdefault(number, index)
        return number in free

    def families(self) -> list[Family]:
        """Return the families that were made, and the others one by one."""
        alone = {
            index: Family(target, target.weight)
            for index, target in enumerate(self._called)
            if index not in self._taken
        }
        return [family for _, family in sorted((self._entries | alone).items())]


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


def _member(pattern: Called, number: int) -> Called:
    texts = {name: getattr(pattern, name).replace("{i}", str(number)) for name in (*_NAMES, *_OTHERS, "label")}
    return pattern.changed(texts)


def _told_apart(entries: Sequence[Family]) -> list[Family]:
    """Give labels to entries whose targets would have the same name in results: what they send tells them apart."""
    uses: dict[str, set[int]] = {}
    names = iter(labels([entry.model() for entry in entries]))
    for index, entry in enumerate(entries):
        for _ in range(entry.count):
            uses.setdefault(next(names), set()).add(index)
    doubled = sorted(set().union(*(each for each in uses.values() if len(each) > 1)))
    given = {name for name, each in uses.items() if not each & set(doubled)}
    found = list(entries)
    for index in doubled:
        pattern = entries[index].pattern
        label = base = f"{pattern.label or pattern.own_name} {pattern.content_type}".strip()
        number = 2
        while label in given:
            label, number = f"{base} {number}", number + 1
        given.add(label)
        found[index] = replace(
            entries[index], pattern=replace(pattern, label="" if label == pattern.own_name else label)
        )
    return found
