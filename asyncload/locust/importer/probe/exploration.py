"""
What a task does, found by running it.

Strategies, the first that succeeds:

    all       Each way that the draws can go is run once, and some a second time: what follows from the draws alone
              comes out the same.
    apart     Where the draws of targets and those of payloads are too many together, or a payload holds numbers that
              were drawn, they are told apart by the place where they are made. Targets are walked, payloads are walked
              or sampled beside them.
    cycle     What differs from run to run though it draws the same goes through an order of its own: one round of it.
    sample    Runs at random.
"""

from collections.abc import Iterable, Sequence
from math import sqrt
from typing import Final

from asyncload.locust.importer.probe.bodies import Bodies
from asyncload.locust.importer.probe.chance import Play, Site
from asyncload.locust.importer.probe.effort import Effort, Run, Way, walk
from asyncload.locust.importer.probe.laws import Law, Outcome, Tally

_SOME: Final = 30
"""Runs from which an order is not an accident."""
_ROUNDS: Final = (8, 128)
"""How often each place of a draw is tried for what it changes: a change that is rare is not seen at once."""
_MOST_TRIALS: Final = 2000
"""In all."""


def explore(run: Run, effort: Effort) -> Law:
    """Return what a task does; `run` runs it once."""
    play = Play()
    first = run(play)
    # Values that are given are plain: where the course is another one then, something in C could not read a number
    # that notices what it is compared with, or the task does not follow from its draws.
    again = [run(Play(given=play.values)) for _ in range(2)]
    moving = any(other != first for other in again)
    if any(other.course != first.course for other in again) or (moving and not play.values):
        return sample(run, effort)
    law = None if moving else walk_all(run, effort, effort.few)
    for rounds in _ROUNDS:
        if law is not None:
            break
        deciding, others = _sites(run, effort, rounds)
        if not others and not moving:
            law = walk_all(run, effort, effort.most)
        law = law or apart(run, effort, deciding, others)
    return law or sample(run, effort)


def walk_all(run: Run, effort: Effort, most: int) -> Law | None:
    """Run every way; None if there are more, or if runs do not follow from their draws."""
    ways = walk(run, effort, most, lambda spans: Play(spans=spans))
    if ways is None or any(second != way.outcome for way, second in _second_look(run, ways, effort)):
        return None
    tally = Tally()
    for way in ways:
        tally.add(way.outcome, way.part)
    return tally.law("all", len(ways))


def apart(run: Run, effort: Effort, deciding: frozenset[Site], others: frozenset[Site]) -> Law | None:
    """Walk what decides on targets; None if there is too much of it, or if it does not decide alone."""
    ways = walk(run, effort, effort.most, lambda spans: Play(spans=spans, free=others))
    if ways is None:
        return None
    if any(second.course != way.outcome.course for way, second in _second_look(run, ways, effort, others)):
        return None
    return Bodies(run, effort, deciding, others, ways).law()


def sample(run: Run, effort: Effort) -> Law:
    """Run at random, and look for an order that repeats."""
    outcomes: list[Outcome] = []
    while len(outcomes) < effort.samples and not (outcomes and effort.late):
        outcomes.append(run(Play(at_random=True)))
    if length := _period(outcomes):
        return _tallied(outcomes[:length]).law("cycle", length)
    count = len(outcomes)
    if length := _period([outcome.course for outcome in outcomes]):
        seen = len({body for outcome in outcomes for body in outcome.bodies})
        return _tallied(outcomes[: count - count % length]).law("cycle", length, sampled=seen)
    chances = [
        sum(key in outcome.keys for outcome in outcomes) / count
        for key in {key for outcome in outcomes for key in outcome.keys}
    ]
    error = max((sqrt(chance * (1 - chance) / count) for chance in chances), default=0.0)
    return _tallied(outcomes).law("sample", count, error=error)


def _tallied(outcomes: Iterable[Outcome]) -> Tally:
    tally = Tally()
    for outcome in outcomes:
        tally.add(outcome, 1.0)
    return tally


def _period(outcomes: Sequence[object]) -> int:
    """Length of the shortest round that all go through, at least three times; 0 if there is none."""
    count = len(outcomes)
    most = count // 3 if count >= _SOME else 0
    return next((n for n in range(1, most + 1) if outcomes[n:] == outcomes[: count - n]), 0)


def _second_look(
    run: Run, ways: Sequence[Way], effort: Effort, free: frozenset[Site] = frozenset()
) -> Iterable[tuple[Way, Outcome]]:
    """Play ways again, with other numbers of the same cells: some of many, each of a few several times."""
    step = max(len(ways) / effort.looks, 1.0)
    for index in range(effort.looks):
        if effort.late:
            return
        way = ways[int(index * step) % len(ways)]
        yield way, run(Play(spans=way.spans, free=free, anywhere=True))


def _sites(run: Run, effort: Effort, rounds: int) -> tuple[frozenset[Site], frozenset[Site]]:
    """Return where draws are made that decide on targets, and where the others are made."""
    deciding: set[Site] = set()
    seen: set[Site] = set()
    for done in range(rounds):
        if done and (done * len(seen) > _MOST_TRIALS or effort.late):
            break
        play = Play(at_random=True)
        outcome = run(play)
        here = {site for site, _ in play.values}
        seen |= here
        for site in sorted(here - deciding):
            kept = {key: value for key, value in play.values.items() if key[0] != site}
            if run(Play(given=kept, at_random=True)).course != outcome.course:
                deciding.add(site)
    return frozenset(deciding), frozenset(seen - deciding)
