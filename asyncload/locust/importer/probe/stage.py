"""
Code of the file's, carried out under control: its draws decided, its time limited, its calls written down.

Everything that may go wrong in it becomes a `Mistake`, once.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

import gevent
from gevent.hub import sleep as give_way
from locust.exception import InterruptTaskSet, RescheduleTask, RescheduleTaskImmediately, StopTest, StopUser

from asyncload.locust.importer.findings import Mistake
from asyncload.locust.importer.probe.alarm import Alarm, TimeIsUp
from asyncload.locust.importer.probe.chance import Chance, Play
from asyncload.locust.importer.probe.clock import Clock
from asyncload.locust.importer.probe.confine import Refused
from asyncload.locust.importer.probe.laws import Ended
from asyncload.locust.importer.probe.places import Places
from asyncload.locust.importer.probe.recorder import Recorder, Stage
from asyncload.locust.importer.probe.words import Missed, mistake

Announce: TypeAlias = Callable[[str], None]
"""Is told what is going on, in case nothing comes after it."""


class Abandoned(Exception):  # noqa: N818  a state, in words
    """What was carried out does not come to an end, and is not tried again."""


@dataclass(slots=True)
class Stand:
    """The means of control, and what went wrong."""

    places: Places
    chance: Chance
    clock: Clock
    alarm: Alarm
    recorder: Recorder
    missed: Missed
    limit_s: float
    """Of one run."""
    announce: Announce
    mistakes: dict[Mistake, None] = field(default_factory=dict)
    _quiet: int = 0
    _announced: str = ""

    def carry_out(self, act: Callable[[], object], play: Play, *, stage: Stage, name: str) -> Ended:
        """
        Do something once.

        Args:
            act: What.
            play: How its draws are to go.
            stage: What it is.
            name: What it is called in mistakes.

        Raises:
            Abandoned: If it does not come to an end.
        """
        if name != self._announced:
            self._announced = name
            self.announce(f"{name} was being carried out")
        self.recorder.begin(stage)
        self.chance.begin(play)
        try:
            with self.alarm.within(self.limit_s):
                act()
                give_way(0)  # greenlets that it started and does not wait for begin
        except InterruptTaskSet:
            return "interrupt"
        except (RescheduleTask, RescheduleTaskImmediately):
            return "done"
        except (StopUser, StopTest, gevent.GreenletExit):
            return "stop"
        except BaseException as error:  # noqa: BLE001  whatever the file raises, sys.exit included
            self.wrong(error, name)
            if isinstance(error, TimeIsUp):
                raise Abandoned from None
            return "failed"
        finally:
            self.chance.end()
        return "done"

    @contextmanager
    def quietly(self) -> Iterator[None]:
        """Let mistakes inside be forgotten: it is an attempt."""
        self._quiet += 1
        try:
            yield
        finally:
            self._quiet -= 1

    def wrong(self, error: BaseException, name: str) -> None:
        """Take notice of what the file raised."""
        if self._quiet and not isinstance(error, TimeIsUp):
            return
        found = mistake(error, self.places, self.alarm.where)
        refused = _refused(error)
        text = refused or found.text + (self._hint() if isinstance(error, Exception) else "")
        self.mistakes[Mistake(found.where, f"{name}: {text}" if name else text)] = None

    def _hint(self) -> str:
        """Return what may be the reason, where the file cannot know it."""
        if self.recorder.keys:
            body = self.recorder.reply.body.decode(errors="replace")
            return f"; the import replied {body!r}: give a reply like the endpoint's with --reply FILE"
        asked = [f"{what} ({where})" if where else what for _, what, where in self.recorder.others]
        return self.missed.hint() + (f"; the import gave an empty reply to {', '.join(asked[:3])}" if asked else "")


def _refused(error: BaseException | None) -> str | None:
    """Return what was refused, if that is the reason of an exception."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, Refused):
            return str(error.strerror)
        error = error.__cause__ or error.__context__ or getattr(error, "reason", None) or _inner(error)
    return None


def _inner(error: BaseException) -> BaseException | None:
    """Return an exception that another one holds, as requests' and urllib3's do."""
    return next((part for part in error.args if isinstance(part, BaseException)), None)
