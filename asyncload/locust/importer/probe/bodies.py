"""The payloads of ways that differ in their targets: walked where they are few, else a sample."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from asyncload.locust.importer.probe.chance import Play, Site, Values
from asyncload.locust.importer.probe.effort import Effort, Run, Way, walk
from asyncload.locust.importer.probe.laws import Law, Outcome, Pool, Tally

_TRIALS: Final = 2
"""How often payloads of two ways are compared before they are taken to be drawn alike."""


@dataclass(frozen=True, slots=True)
class Payloads:
    """What the body of each call of a way is drawn from."""

    pools: list[Pool]
    sampled: int = 0
    """How many were taken at random; 0 if these are all."""


@dataclass(frozen=True, slots=True)
class Bodies:
    """Payloads of ways."""

    run: Run
    effort: Effort
    deciding: frozenset[Site]
    """Draws here decide on targets."""
    others: frozenset[Site]
    ways: list[Way]
    _trials: list[tuple[Values, tuple[int, ...]]] = field(default_factory=list)
    """Draws that do not decide, and the bodies that the first way has with them."""

    def law(self) -> Law:
        """Return the law of all ways, each with what its payloads are drawn from."""
        tally = Tally()
        first = self._payloads(self.ways[0])
        sampled = first.sampled
        for way in self.ways:
            payloads = first if self._alike(way) else self._payloads(way)
            sampled = max(sampled, payloads.sampled)
            tally.add_pools(way.outcome, way.part, payloads.pools)
        return tally.law("all", len(self.ways), sampled=sampled)

    def _payloads(self, way: Way) -> Payloads:
        calls = len(way.outcome.keys)
        given = self._at(way.play.values, self.deciding)
        ways = walk(self.run, self.effort, self.effort.most, lambda spans: Play(spans=spans, given=given))
        if ways is not None and self._follow(way, ways, given):
            return Payloads(_marginals([(each.outcome, each.part) for each in ways], calls))
        count = max(min(self.effort.payloads, 2 * self.effort.samples // len(self.ways)), 1)
        drawn: list[Outcome] = []
        while len(drawn) < count and not (drawn and self.effort.late):
            drawn.append(self.run(Play(spans=way.spans, free=self.others, anywhere=True)))
        return Payloads(_marginals([(outcome, 1.0) for outcome in drawn], calls), len(drawn))

    def _follow(self, way: Way, ways: Sequence[Way], given: Values) -> bool:
        """Whether payloads follow from their own draws alone, and from cells, not from the numbers in them."""
        for each in ways[:: max(len(ways) // self.effort.looks, 1)]:
            others = self._at(each.play.values, self.others)
            second = self.run(Play(spans=each.spans, given=given, anywhere=True))
            third = self.run(Play(spans=way.spans, given=others, anywhere=True))
            if not each.outcome == second == third:
                return False
        return True

    def _alike(self, way: Way) -> bool:
        """Whether a way's payloads are those of the first way when they are drawn alike."""
        one = self.ways[0]
        if way is one:
            return True
        if len(way.outcome.keys) != len(one.outcome.keys):
            return False
        while len(self._trials) < _TRIALS:
            play = Play(given=self._at(one.play.values, self.deciding), at_random=True)
            bodies = self.run(play).bodies
            self._trials.append((self._at(play.values, self.others), bodies))
        targets = dict(self._at(way.play.values, self.deciding))
        return all(
            self.run(Play(given={**others, **targets}, at_random=True)).bodies == bodies
            for others, bodies in self._trials
        )

    @staticmethod
    def _at(values: Values, sites: frozenset[Site]) -> Values:
        return {key: value for key, value in values.items() if key[0] in sites}


def _marginals(parts: Sequence[tuple[Outcome, float]], calls: int) -> list[Pool]:
    """Return, for each call of a course, the bodies with their shares."""
    weights: list[dict[int, float]] = [{} for _ in range(calls)]
    total = sum(weight for _, weight in parts)
    for outcome, weight in parts:
        for shares, body in zip(weights, outcome.bodies, strict=False):  # a course that is a rare exception is shorter
            shares[body] = shares.get(body, 0.0) + weight / total
    return [tuple(shares.items()) for shares in weights]
