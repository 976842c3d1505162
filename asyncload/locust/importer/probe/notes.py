"""What a file does that no scenario does, in words, as far as it is seen from inside."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from math import sqrt
from typing import Any, Final, TypeAlias

from locust.clients import ResponseContextManager
from locust.contrib.fasthttp import ResponseContextManager as FastResponseContextManager

from asyncload.locust.importer.findings import Mistake, Note
from asyncload.locust.importer.probe.laws import Law
from asyncload.locust.importer.probe.places import Places
from asyncload.locust.importer.probe.recorder import Recorder
from asyncload.locust.importer.probe.survey import Survey
from asyncload.locust.importer.probe.tasks import Task

Lines: TypeAlias = dict[tuple[str, str], None]
"""What, and where."""

_MOST: Final = 5
"""Examples in one note."""


@dataclass(slots=True)
class Seen:
    """What was seen beside calls."""

    refused: Lines = field(default_factory=dict)
    diverted: Lines = field(default_factory=dict)
    judged: Lines = field(default_factory=dict)
    """Replies that the file judges itself."""
    profiles: dict[str, None] = field(default_factory=dict)
    shape: tuple[str, str] = ("", "")
    """Why a load shape cannot be asked, and its line."""


def watch_judgements(seen: Seen, places: Places) -> None:
    """Take notice of Locust's `catch_response`, for good."""
    import sys  # noqa: PLC0415  only here

    classes: tuple[Any, ...] = (ResponseContextManager, FastResponseContextManager)
    for cls in classes:
        own: Callable[[object], object] = cls.__enter__

        def enter(self: object, own: Callable[[object], object] = own) -> object:
            seen.judged["", places.of_frame(sys._getframe(1))] = None  # noqa: SLF001  who judges
            return own(self)

        cls.__enter__ = enter


def notes_of(
    seen: Seen, recorder: Recorder, survey: Survey | None, tasks: Iterable[Task], mistakes: Iterable[Mistake]
) -> list[Note]:
    """Return the notes, those that change most first; what is among the mistakes is not said twice."""
    for what, where in list(seen.refused):
        if any(what in mistake.text and where == mistake.where for mistake in mistakes):
            del seen.refused[what, where]
    notes = [*_of_tasks(list(tasks), recorder), *_of_structure(survey), *_of_calls(recorder), *_of_process(seen)]
    return list(dict.fromkeys(notes))


def _of_tasks(tasks: list[Task], recorder: Recorder) -> Iterator[Note]:
    yield from _of_samples(tasks)
    for task in tasks:
        law = task.law
        name = _named(task)
        if law.method == "cycle" and law.runs > 1:
            yield Note(
                "order",
                f"{name} goes through {law.runs} runs in an order of its own; here targets are drawn at random, with "
                "the same shares",
            )
        if law.sampled:
            yield Note("payloads", f"{name} makes payloads without end, or too many: {law.sampled} of them are taken")
        if law.most_calls > 1:
            yield Note(
                "several calls",
                f"{name} makes up to {law.most_calls} calls; here each is an arrival of its own, and their order is "
                "lost",
            )
        if law.stops:
            yield Note("users", f"{name} ends its user in {law.stops * 100:.3g} % of its runs; others take its place")
        if task.unhappy:
            yield Note("replies", f"{name} reports the import's reply as a failure; its calls are taken all the same")
    silent = [task for task in tasks if not task.law.calls and not task.law.fails]
    if silent:
        yield Note("no call", f"no call of InvokeEndpoint is made by {_some(_named(task) for task in silent)}")
    yield from _of_retries(tasks, recorder)


def _of_samples(tasks: list[Task]) -> Iterator[Note]:
    """Tell of each task that was sampled; where it was with many users, of all its runs together."""
    laws: dict[str, list[Law]] = {}
    for task in tasks:
        if task.law.method == "sample":
            laws.setdefault(_named(task), []).append(task.law)
    for name, parts in laws.items():
        runs = sum(law.runs for law in parts)
        error = parts[0].error if len(parts) == 1 else sqrt(0.25 / runs)
        yield Note(
            "sampled",
            f"{name} draws in a way that cannot be followed: targets and payloads are those of {runs} runs at random, "
            f"the standard error of a share is at most {error * 100:.2g} %",
        )


def _of_retries(tasks: list[Task], recorder: Recorder) -> Iterator[Note]:
    trying = [task for task in tasks if task.attempts > 1]
    if trying:
        most = max(task.attempts for task in trying)
        clients = f" (botocore: {'; '.join(recorder.retries)})" if recorder.retries else ""
        yield Note(
            "retries",
            f"at the endpoint's limit one call becomes {most} requests before the file sees an error{clients}, in "
            f"{_some(_named(task) for task in trying)}: refusals are hidden in the latency. Here a call is sent once, "
            "and a refusal counts; `retries` in the scenario asks for more, and counts them",
        )


def _of_structure(survey: Survey | None) -> Iterator[Note]:
    if survey is None:
        return
    for name, size in survey.sampled_starts.items():
        yield Note("sampled", f"{name} draws when it starts: {size} starts at random are taken")
    if survey.own_order:
        names = _some(survey.own_order)
        yield Note("order", f"{names} choose the next task in a way of their own, which is taken to be a draw")
    if survey.waits:
        yield Note("waits", f"{_some(sorted(survey.waits))} have a wait time of their own, which is left out")


def _of_calls(recorder: Recorder) -> Iterator[Note]:
    others = {(what, where): None for stage, what, where in recorder.others}
    if others:
        yield Note("other requests", f"not InvokeEndpoint, and left out: {_lines(others)}")
    if recorder.started:
        yield Note("on_start", f"calls outside of tasks are left out: {_lines(recorder.started)}")
    if recorder.slept:
        slept = {(f"{seconds:g} s", where): None for seconds, where in recorder.slept}
        yield Note("sleeps", f"tasks sleep, and calls do not wait for that here: {_lines(slept)}")
    if recorder.headers:
        yield Note("headers", f"a scenario has no key for {_some(recorder.headers)}")


def _of_process(seen: Seen) -> Iterator[Note]:
    if seen.judged:
        yield Note(
            "failures",
            f"the file says itself what is a failure ({_some(where for _, where in seen.judged)}); here it is a reply "
            "with an error, or none",
        )
    if seen.shape[0]:
        yield Note("load shape", f"{_lines([seen.shape])}; it is left out")
    for profile in seen.profiles:
        yield Note("profile", f"the file uses the AWS profile {profile}: run with AWS_PROFILE={profile}")
    if seen.refused:
        yield Note("refused", f"not done, and the file went on: {_lines(seen.refused)}")
    if seen.diverted:
        yield Note("files", f"not done, nothing is written during an import: {_lines(seen.diverted)}")


def _named(task: Task) -> str:
    return f"task {task.name} ({task.where})" if task.where else f"task {task.name}"


def _lines(found: Iterable[tuple[str, str]]) -> str:
    return _some(f"{what} ({where})" if where else what for what, where in found)


def _some(words: Iterable[str]) -> str:
    """Return some examples."""
    listed = list(dict.fromkeys(words))
    more = len(listed) - _MOST
    return ", ".join(listed[:_MOST]) + (f" and {more} more" if more > 0 else "")
