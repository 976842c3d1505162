"""Python's random generator with its draws decided by `chance`, and tasks on paper that draw from it."""

import random
import sys
from collections.abc import Callable
from types import FrameType

from asyncload.locust.importer.probe.chance import Chance, Play, Site
from asyncload.locust.importer.probe.effort import Effort
from asyncload.locust.importer.probe.exploration import explore
from asyncload.locust.importer.probe.laws import Law, Outcome


class DrivenRandom(random.Random):
    """`random.Random` as the importer leaves it."""

    chance: Chance

    def random(self) -> float:
        return self.chance.unit(sys._getframe(1))

    def getrandbits(self, k: int) -> int:
        return self.chance.bits(sys._getframe(1), k)

    def _randbelow(self, n: int) -> int:
        return self.chance.below(sys._getframe(1), n)


class Paper:
    """A task whose calls are texts: targets and payloads."""

    def __init__(self) -> None:
        self.chance = Chance(self._site)
        self.random = DrivenRandom()
        self.random.chance = self.chance
        self.runs = 0
        self._names: dict[str, int] = {}
        self._calls: list[tuple[str, str]] = []

    def call(self, target: object, payload: object = "") -> None:
        self._calls.append((str(target), str(payload)))

    def once(self, task: Callable[["Paper"], None], play: Play) -> Outcome:
        """Run a task once."""
        self.runs += 1
        self._calls = []
        self.chance.begin(play)
        try:
            task(self)
        except ZeroDivisionError:
            return self._outcome("failed")
        finally:
            self.chance.end()
        return self._outcome("done")

    def law(self, task: Callable[["Paper"], None], effort: Effort | None = None) -> "Read":
        """Explore a task."""
        return Read(explore(lambda play: self.once(task, play), effort or Effort()), list(self._names), self)

    def _outcome(self, ended: str) -> Outcome:
        keys = tuple(self._number(target) for target, _ in self._calls)
        return Outcome(keys, tuple(self._number(payload) for _, payload in self._calls), ended)  # type: ignore[arg-type]

    def _number(self, text: str) -> int:
        return self._names.setdefault(text, len(self._names))

    def _site(self, frame: FrameType | None) -> Site:
        found: list[int] = []
        while frame is not None and frame.f_code.co_name != "once":
            if frame.f_code.co_filename not in (random.__file__, __file__):
                found += (id(frame.f_code), frame.f_lasti)
            frame = frame.f_back
        return tuple(found)


class Read:
    """A law in texts."""

    def __init__(self, law: Law, names: list[str], paper: Paper) -> None:
        self.law = law
        self.paper = paper
        self.calls = {names[key]: count for key, count in law.calls.items()}
        self.payloads = {names[key]: {names[body]: part for body, part in pool} for key, pool in law.pools.items()}
