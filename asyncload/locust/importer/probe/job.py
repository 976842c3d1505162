"""One locustfile, from its loading to its findings; runs in a process that does nothing else."""

import os
from base64 import b64decode
from time import monotonic
from typing import Final

import locust

from asyncload.locust.importer.findings import Findings, Job, Shape
from asyncload.locust.importer.probe import fakes, notes, replies
from asyncload.locust.importer.probe.alarm import Alarm
from asyncload.locust.importer.probe.chance import Chance
from asyncload.locust.importer.probe.clock import Clock
from asyncload.locust.importer.probe.confine import Confinement
from asyncload.locust.importer.probe.effort import Effort
from asyncload.locust.importer.probe.intercept import intercept
from asyncload.locust.importer.probe.loading import Loaded, Unusable, load
from asyncload.locust.importer.probe.notes import Seen
from asyncload.locust.importer.probe.numpy_draws import intercept_numpy
from asyncload.locust.importer.probe.places import Places
from asyncload.locust.importer.probe.recorder import Recorder
from asyncload.locust.importer.probe.shapes import shape_of
from asyncload.locust.importer.probe.stage import Announce, Stand
from asyncload.locust.importer.probe.survey import Survey
from asyncload.locust.importer.probe.tasks import Tasks
from asyncload.locust.importer.probe.wire import cut
from asyncload.locust.importer.probe.words import Missed, in_short, variable_of

_MOST_VARIABLES: Final = 20
_LOADING: Final = 0.5
_ONE_RUN: Final = 0.125
_EXPLORING: Final = 0.75
"""Parts of the time that there is: what loading takes at most, one run, and everything before runs are cut short."""


def look_into(job: Job, announce: Announce, stacks: int) -> Findings:
    """
    Run a locustfile and return all that it does.

    Args:
        job: What to look into.
        announce: Is told what is going on.
        stacks: File descriptor for the process's stacks, if it must be ended.
    """
    effort = Effort(until_s=monotonic() + job.limit_s * _EXPLORING)
    seen = Seen()
    stand = _stand(job, seen, announce)
    stand.alarm.install(job.limit_s, stacks)
    findings = Findings(locust=str(locust.__version__))
    tasks = Tasks(stand, replies.given([b64decode(body) for body in job.replies]), effort)
    survey = None
    if (loaded := _loaded(job, stand)) is not None:
        survey = Survey(stand, tasks, loaded.environment)
        findings.configured = loaded.configured
        findings.classes = [each for cls in loaded.classes if (each := survey.user_class(cls)) is not None]
        findings.shape = _shape(loaded, stand, survey, seen)
        findings.pools = [list(pool) for pool in survey.pools]
    recorder = stand.recorder
    findings.targets, findings.rows, findings.bodies = list(recorder.targets), list(recorder.rows), recorder.encoded()
    findings.lines = [recorder.at[number] for number in recorder.targets.values()]
    findings.timeouts_s = [] if None in recorder.timeouts_s else [each for each in recorder.timeouts_s if each]
    findings.notes = notes.notes_of(seen, recorder, survey, tasks.found, list(stand.mistakes))
    findings.mistakes = list(stand.mistakes)
    return findings


def _stand(job: Job, seen: Seen, announce: Announce) -> Stand:
    """Put everything in the places of what it replaces; from here on nothing leaves this process."""
    places = Places(job.file)
    recorder, chance, missed = Recorder(places), Chance(places.site), Missed(places)
    clock = Clock(recorder.sleep)
    stand = Stand(places, chance, clock, Alarm(places), recorder, missed, job.limit_s * _ONE_RUN, announce)
    fakes.environment(job.environment, job.scratch)
    fakes.account(seen.profiles.setdefault)
    missed.install()
    intercept(chance)
    intercept_numpy(chance)
    clock.install()
    cut(recorder.answer, recorder.wait)
    notes.watch_judgements(seen, places)
    locust.events.request.add_listener(recorder.report)
    Confinement(
        job.scratch,
        refused=lambda what: seen.refused.setdefault((what, places.here())),
        diverted=lambda what: seen.diverted.setdefault((what, places.here())),
    ).begin()
    return stand


def _loaded(job: Job, stand: Stand) -> Loaded | None:
    """Load the file; None if that fails, which is then a mistake."""
    stand.announce("it was being loaded")
    try:
        with stand.alarm.within(job.limit_s * _LOADING):
            loaded = load(job)
    except Unusable as error:
        stand.mistakes[error.mistake] = None
        return None
    except BaseException as error:  # noqa: BLE001  whatever the file raises, sys.exit included
        stand.wrong(error, "")
        _tell_more_variables(job, stand, error)
        return None
    for raised in loaded.errors:
        stand.wrong(raised, "a listener")
    return loaded


def _tell_more_variables(job: Job, stand: Stand, error: BaseException) -> None:
    """Load the file again with a text for a variable that it lacks, to tell of the next one too."""
    for _ in range(_MOST_VARIABLES):
        name = variable_of(error)
        if not name:
            return
        os.environ[name] = "unset"
        try:
            with stand.alarm.within(stand.limit_s), stand.quietly():
                load(job)
        except BaseException as another:  # noqa: BLE001  likewise
            error = another
            if variable_of(error):
                stand.wrong(error, "")
        else:
            return


def _shape(loaded: Loaded, stand: Stand, survey: Survey, seen: Seen) -> Shape | None:
    if loaded.shape is None:
        return None
    where = survey.line(type(loaded.shape))
    try:
        with stand.alarm.within(stand.limit_s):
            return shape_of(loaded.shape, stand.clock, where)
    except BaseException as error:  # noqa: BLE001  likewise
        seen.shape = (f"{type(loaded.shape).__name__} cannot be asked: {in_short(error)}", where)
        return None
