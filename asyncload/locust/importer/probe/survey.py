"""
User classes: their task sets as chains, their tasks as what they do, and from that their calls in the long run.

Locust's own code makes and starts users and task sets, filters tasks by tags, and carries tasks out; what is done here
is to go to each task instead of waiting for Locust to draw it.
"""

import inspect
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from inspect import isclass
from typing import Any, Final, TypeAlias, cast

import gevent
from gevent.pool import Group
from locust import User
from locust.env import Environment
from locust.user.markov_taskset import MarkovTaskSet
from locust.user.sequential_taskset import SequentialTaskSet
from locust.user.task import LOCUST_STATE_RUNNING, DefaultTaskSet, TaskSet

from asyncload.locust.importer.findings import Mistake, Rate, UserClass, Wait
from asyncload.locust.importer.probe.chance import Play
from asyncload.locust.importer.probe.laws import Law, Pool
from asyncload.locust.importer.probe.makings import Made, Refusing, made
from asyncload.locust.importer.probe.stage import Abandoned, Stand
from asyncload.locust.importer.probe.tasks import Tasks
from asyncload.locust.importer.probe.waits import wait_of
from asyncload.locust.importer.rounds import Chain, Step, long_run, mixture, picked, ring, visit

Call: TypeAlias = tuple[int, int]
"""Target and pool."""

_GLIMPSES: Final = 20
"""Tasks that are carried out once to tell whether two users are alike."""
_LOCUSTS_OWN: Final = (
    TaskSet.get_next_task,
    DefaultTaskSet.get_next_task,
    SequentialTaskSet.get_next_task,
    MarkovTaskSet.get_next_task,
)


@dataclass(slots=True)
class Survey:
    """A locustfile's user classes, one after the other."""

    stand: Stand
    tasks: Tasks
    environment: Environment
    pools: dict[Pool, int] = field(default_factory=dict)
    """Numbers of pools, in the order in which they are first seen."""
    sampled_starts: dict[str, int] = field(default_factory=dict)
    """Classes whose users or task sets are a sample, with its size."""
    own_order: dict[str, None] = field(default_factory=dict)
    """Task sets that choose their next task in a way of their own."""
    waits: set[str] = field(default_factory=set)
    """Task sets that have a wait time of their own."""
    endless: set[object] = field(default_factory=set)
    """Tasks that do not come to an end; they are among the mistakes."""
    _share: float = 1.0

    def user_class(self, cls: type[User]) -> UserClass | None:
        """Return what users of a class do; None if that cannot be known, which is then among the mistakes."""
        where = self.line(cls)
        try:
            users, sampled = made(self.stand, lambda: self._user(cls), f"class {cls.__name__}", self._glimpse)
            if sampled:
                self.sampled_starts[cls.__name__] = sampled
            wait = self._wait(users[0].thing)
            rates: dict[Call, float] = {}
            for user in users:
                self._share = 1 / len(users)
                for call, rate in long_run(self._chain(_outermost(user.thing))).items():
                    rates[call] = rates.get(call, 0.0) + user.part * rate
        except (Refusing, Abandoned):
            return None
        listed = [Rate(target, pool, rate) for (target, pool), rate in rates.items()]
        return UserClass(
            name=cls.__name__, where=where, weight=cls.weight, fixed_count=cls.fixed_count, wait=wait, rates=listed
        )

    # -- users and task sets -----------------------------------------------------------------------------------------

    def _user(self, cls: type[User]) -> User:
        """Make and start a user as Locust's runner and the user itself would."""
        user = cls(self.environment)
        user._state = LOCUST_STATE_RUNNING
        user._greenlet, user._group = gevent.getcurrent(), Group()
        user._taskset_instance = DefaultTaskSet(user)
        user.on_start()
        return user

    def _wait(self, user: User) -> Wait:
        try:
            return wait_of(user)
        except Exception as error:  # noqa: BLE001  whatever the file's own function raises
            self.stand.wrong(error, f"wait_time of {type(user).__name__}")
            return Wait(kind="own", low_s=0.0, high_s=0.0, mean_s=0.0)

    def _inside(self, cls: type[TaskSet], parent: TaskSet) -> list[Made[TaskSet]]:
        """Make and start a nested task set."""
        outer: Any = parent.user if isinstance(parent, DefaultTaskSet) else parent

        def make() -> TaskSet:
            task_set = cls(outer)
            task_set.on_start()
            return task_set

        task_sets, sampled = made(self.stand, make, f"task set {cls.__name__}", self._glimpse)
        if sampled:
            self.sampled_starts[cls.__name__] = sampled
        if "wait_time" in {name for each in cls.__mro__ if each is not TaskSet for name in vars(each)}:
            self.waits.add(cls.__name__)
        return task_sets

    def _glimpse(self, holder: User | TaskSet) -> object:
        """Carry out some tasks once, the same draws each time."""
        task_set = _outermost(holder) if isinstance(holder, User) else holder
        tasks = [task for task in dict.fromkeys(_tasks(task_set)) if not isclass(task)]
        seen: list[object] = []
        with self.stand.quietly():
            for task in tasks[:_GLIMPSES]:
                run = self.tasks.runner(_carrying_out(task_set, task), _name(task), task)
                with suppress(Abandoned):
                    seen.append(run(Play()) if task not in self.endless else None)
                    continue
                self.endless.add(task)
        return seen

    # -- chains ------------------------------------------------------------------------------------------------------

    def _chain(self, task_set: TaskSet) -> Chain[Call]:
        """Return a task set as a chain."""
        tasks = _tasks(task_set)
        if type(task_set).get_next_task not in _LOCUSTS_OWN:
            self.own_order[type(task_set).__name__] = None
            return picked([(1.0, self._drawn(task_set))])
        if isinstance(task_set, MarkovTaskSet):
            return self._markov(task_set)
        if not tasks:
            self._without_tasks(task_set)
        if isinstance(task_set, SequentialTaskSet):
            steps = {task: self._step(task_set, task) for task in dict.fromkeys(tasks)}
            return ring([steps[task] for task in tasks])
        counts = Counter(tasks)
        return picked([(count / len(tasks), self._step(task_set, task)) for task, count in counts.items()])

    def _markov(self, task_set: MarkovTaskSet) -> Chain[Call]:
        """Follow transitions from the first task; each one's are a list of names, as often as they weigh."""
        first = _name(type(task_set).current)
        names = [first]
        for name in names:
            names += [other for other in dict.fromkeys(_transitions(task_set, name)) if other not in names]
        number = {name: index for index, name in enumerate(names)}
        moves = []
        for name in names:
            others = Counter(_transitions(task_set, name))
            moves.append({number[other]: count / others.total() for other, count in others.items()})
        return Chain([self._step(task_set, getattr(task_set, name)) for name in names], {0: 1.0}, moves)

    def _step(self, task_set: TaskSet, task: Any) -> Step[Call]:
        """Return what carrying out one entry of a task set's list does."""
        if isclass(task) and issubclass(task, TaskSet):
            visits = [(each.part, visit(self._chain(each.thing))) for each in self._inside(task, task_set)]
            # A nested task set that is left hands back to this one, which goes on.
            return mixture([(part, Step(step.calls, step.tasks, 0.0, step.stays)) for part, step in visits])
        law = self._law(_carrying_out(task_set, task), _name(task), task)
        return self._as_step(law, may_leave=not isinstance(task_set, DefaultTaskSet))

    def _drawn(self, task_set: TaskSet) -> Step[Call]:
        """Return what a task set does that chooses its next task in a way of its own."""
        choose = type(task_set).get_next_task
        law = self._law(lambda: task_set.execute_task(task_set.get_next_task()), choose.__qualname__, choose)
        return self._as_step(law, may_leave=not isinstance(task_set, DefaultTaskSet))

    def _law(self, act: Callable[[], object], name: str, function: object) -> Law:
        if function in self.endless:
            return Law({}, {})
        try:
            return self.tasks.look_into(act, name, function, self._share)
        except Abandoned:
            self.endless.add(function)
            return Law({}, {})

    def _as_step(self, law: Law, *, may_leave: bool) -> Step[Call]:
        calls = {
            (key, self.pools.setdefault(law.pools[key], len(self.pools))): count for key, count in law.calls.items()
        }
        return Step(calls, leaves=law.interrupts if may_leave else 0.0)

    # -- words -------------------------------------------------------------------------------------------------------

    def _without_tasks(self, task_set: TaskSet) -> None:
        cls = type(task_set.user) if isinstance(task_set, DefaultTaskSet) else type(task_set)
        where = self.line(cls)
        self.stand.mistakes[Mistake(where, f"{cls.__name__} has no task, or none that the tags leave")] = None
        raise Refusing

    def line(self, cls: type) -> str:
        """Return the line on which a class begins; empty if that is not known."""
        try:
            return self.stand.places.at(inspect.getfile(cls), inspect.getsourcelines(cls)[1])
        except (OSError, TypeError):
            return ""


def _outermost(user: User) -> TaskSet:
    """Return the task set that a user carries out, as `_user` has set it."""
    task_set: Any = user._taskset_instance  # noqa: SLF001  Locust's own name for it
    return cast("TaskSet", task_set)


def _name(task: Any) -> str:
    return str(getattr(task, "__name__", task))


def _tasks(task_set: TaskSet) -> Sequence[Any]:
    tasks: Sequence[Any] = task_set.user.tasks if isinstance(task_set, DefaultTaskSet) else task_set.tasks
    return tasks


def _transitions(task_set: MarkovTaskSet, name: str) -> Sequence[str]:
    return getattr(task_set, name).transitions  # type: ignore[no-any-return]  # names, as Locust lists them


def _carrying_out(task_set: TaskSet, task: Any) -> Callable[[], None]:
    """Return what carries out a task, and what it puts into its task set's queue."""

    def act() -> None:
        task_set.execute_task(task)
        while task_set._task_queue:  # noqa: SLF001  as TaskSet.run does
            task_set.execute_next_task()

    return act
