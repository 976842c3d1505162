"""One task: what it does, which reply it takes, and how often it tries."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Final

from asyncload.locust.importer.findings import Mistake
from asyncload.locust.importer.probe.chance import Play
from asyncload.locust.importer.probe.effort import Effort, Run
from asyncload.locust.importer.probe.exploration import explore
from asyncload.locust.importer.probe.laws import Law, Outcome
from asyncload.locust.importer.probe.replies import Reply
from asyncload.locust.importer.probe.stage import Abandoned, Stand

_FEWEST_SAMPLES: Final = 10
_FEW_RUNS: Final = 100
"""Of one task: a sample that was cut short of this is none."""
_MOST_TRIED: Final = 20
"""Tasks of which it is found out how often they try."""


@dataclass(frozen=True, slots=True)
class Task:
    """A task, looked into."""

    name: str
    where: str
    law: Law
    attempts: int = 1
    """Requests that one call becomes when the endpoint is at its limit."""
    unhappy: bool = False
    """Whether the file reports the import's reply as failed, whichever it is."""


class Tasks:
    """Tasks, one after the other."""

    def __init__(self, stand: Stand, replies: Sequence[Reply], effort: Effort) -> None:
        """
        Args:
            stand: The means of control.
            replies: To try, the best one first.
            effort: How far to go.
        """
        self._stand = stand
        self._replies = replies
        self._effort = effort
        self._tried: set[object] = set()
        self.found: list[Task] = []

    def look_into(self, act: Callable[[], object], name: str, function: object, share: float) -> Law:
        """
        Find out what a task does.

        Args:
            act: Carries it out once.
            name: What it is called in mistakes.
            function: Its code.
            share: Part of the usual effort; where many users are looked into, each is less.

        Raises:
            Abandoned: If it does not come to an end.
        """
        where = self._stand.places.of_function(function)
        run = self.runner(act, name, function)
        unhappy = self._choose_reply(run)
        effort = replace(
            self._effort,
            looks=max(int(self._effort.looks * share), 2),
            samples=max(int(self._effort.samples * share), _FEWEST_SAMPLES),
            until_s=self._effort.halfway_s,
        )
        law = explore(run, effort)
        if law.method == "sample" and law.runs < min(_FEW_RUNS, effort.samples):
            text = f"task {name}: its time was up after {law.runs} runs, which say little; give it more with --timeout"
            self._stand.mistakes[Mistake(where, text)] = None
        self.found.append(Task(name, where, law, self._attempts(run, function), unhappy))
        return law

    def runner(self, act: Callable[[], object], name: str, function: object) -> Run:
        """Return what carries a task out once; arguments as above."""
        recorder = self._stand.recorder
        where = self._stand.places.of_function(function)
        called = f"task {name} ({where})" if where else f"task {name}"

        def run(play: Play) -> Outcome:
            ended = self._stand.carry_out(act, play, stage="task", name=called)
            return Outcome(tuple(recorder.keys), tuple(recorder.bodies), ended)

        return run

    def _choose_reply(self, run: Run) -> bool:
        """Choose the first reply that the task takes; returns whether it reports that one as failed all the same."""
        recorder = self._stand.recorder
        chosen: Reply | None = None
        with self._stand.quietly():
            for reply in self._replies:
                recorder.reply = reply
                if run(Play()).ended == "failed":
                    continue
                if not recorder.failed_rows:
                    return False
                chosen = chosen or reply
        recorder.reply = chosen or self._replies[0]
        return chosen is not None

    def _attempts(self, run: Run, function: object) -> int:
        """Return the requests that one call becomes when the endpoint answers that it is at its limit."""
        code = getattr(getattr(function, "__func__", function), "__code__", function)
        if code in self._tried or len(self._tried) >= _MOST_TRIED:
            return 1
        self._tried.add(code)
        recorder, clock = self._stand.recorder, self._stand.clock
        ahead_s, mistakes = clock.ahead_s, dict(self._stand.mistakes)
        play = Play()
        with self._stand.quietly():
            usual = _alike(run(play))
            recorder.throttling = True
            try:
                tried = _alike(run(Play(given=play.values)))
            except Abandoned:
                self._stand.mistakes = mistakes  # it does come to an end at a healthy endpoint
                tried = usual
            finally:
                recorder.throttling = False
                clock.turn_back(ahead_s)
        return tried // usual if usual else 1


def _alike(outcome: Outcome) -> int:
    """Return how many equal calls a run begins with."""
    calls = list(zip(outcome.keys, outcome.bodies, strict=True))
    return sum(1 for _ in takewhile(lambda call: call == calls[0], calls))
