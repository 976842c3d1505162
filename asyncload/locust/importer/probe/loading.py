"""The locustfile, loaded by Locust's own loader, and the environment in which Locust would run it."""

import logging
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

import locust
from locust.argument_parser import get_parser
from locust.env import Environment
from locust.util.load_locustfile import load_locustfile

from asyncload.locust.importer.findings import NO_HOST, Configured, Job, Mistake

if TYPE_CHECKING:
    from locust import LoadTestShape, User


class Unusable(Exception):  # noqa: N818  a state of the file, not of the program
    """The file has nothing that could be looked into."""

    def __init__(self, mistake: Mistake) -> None:
        """
        Args:
            mistake: Why.
        """
        super().__init__(mistake.text)
        self.mistake = mistake


@dataclass(frozen=True, slots=True)
class Loaded:
    """A locustfile that is ready."""

    classes: "Sequence[type[User]]"
    shape: "LoadTestShape | None"
    environment: Environment
    configured: Configured | None
    """What Locust's configuration says of users."""
    errors: list[BaseException]
    """What listeners of its events raised; Locust writes that to its log and goes on."""


class _Errors(logging.Handler):
    """Keeps the exceptions that Locust logs."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.errors: list[BaseException] = []

    def emit(self, record: logging.LogRecord) -> None:
        error = sys.exc_info()[1]
        if error is not None and "event handler" in record.getMessage():
            self.errors.append(error)


def load(job: Job) -> Loaded:
    """
    Load the file, choose its classes and tell its listeners that a test begins.

    Raises:
        Unusable: If it has no user class, or not one that was asked for, or no task is left.
        BaseException: Whatever the file raises.
    """
    log = _Errors()
    logging.getLogger().addHandler(log)
    sys.argv = ["locust", "-f", job.file]
    classes, shapes = load_locustfile(job.file)
    _refuse_replay(job.file)
    if not classes:
        raise Unusable(Mistake("", "has no user class that is not abstract"))
    options = _options(job)
    chosen = _chosen(classes, job.classes)
    environment = _environment(chosen, shapes, options, classes)
    for user_class in environment.user_classes:
        # Locust lets no user of these begin without a host; others may do without, and decide by it.
        needed = NO_HOST if issubclass(user_class, (locust.HttpUser, locust.FastHttpUser)) else None
        user_class.host = environment.host or user_class.host or needed
    environment._filter_tasks_by_tags()  # noqa: SLF001  what Locust's runner does
    if environment.runner is not None:
        environment.runner.greenlet.kill()  # it watches the processor
    environment.events.init.fire(environment=environment, runner=environment.runner, web_ui=None)
    environment.events.test_start.fire(environment=environment)
    return Loaded(
        environment.user_classes, shapes[0] if shapes else None, environment, _configured(options), log.errors
    )


def _options(job: Job) -> Any:
    """Parse what Locust's command line would be; options of the file's own are registered by now."""
    parser = get_parser()

    def error(message: str) -> None:
        raise Unusable(Mistake("", f"Locust's command line: {message}; give the file's own options with --arg"))

    parser.error = error  # type: ignore[method-assign]  # it would end the process
    words = [*(["--host", job.host] if job.host else []), *job.arguments]
    for option, tags in (("--tags", job.tags), ("--exclude-tags", job.exclude_tags)):
        words += [option, *tags] if tags else []
    return parser.parse_args(words)


def _configured(options: Any) -> Configured | None:
    if not options.num_users:
        return None
    return Configured(users=options.num_users, spawn_per_s=options.spawn_rate, length_s=options.run_time or None)


def _refuse_replay(file: str) -> None:
    """Refuse what `asyncload export locust --style replay` writes: it has the arrivals of a plan, and not its law."""
    module = vars(sys.modules.get(Path(file).stem) or sys)
    if "begin_replay" in module and "DIGEST" in module:
        text = (
            f"replays the plan {module['DIGEST'][:12]} of a scenario of ours: use that, or its export of --style tasks"
        )
        raise Unusable(Mistake("", text))


def _chosen(classes: "dict[str, type[User]]", names: Sequence[str]) -> "list[type[User]]":
    for name in names:
        if name not in classes:
            near = get_close_matches(name, classes, 1)
            known = f"did you mean {near[0]}?" if near else f"it has {', '.join(classes)}"
            raise Unusable(Mistake("", f"has no user class {name}; {known}"))
    return [classes[name] for name in names] if names else list(classes.values())


def _environment(
    chosen: "list[type[User]]", shapes: "list[LoadTestShape]", options: Any, classes: "dict[str, type[User]]"
) -> Environment:
    try:
        environment = Environment(
            user_classes=chosen,
            shape_class=shapes[0] if shapes else None,
            events=locust.events,
            host=options.host,
            parsed_options=options,
            available_user_classes=dict[str, Any](classes),  # classes, whatever Locust's annotation says
        )
    except ValueError as error:
        raise Unusable(Mistake("", f"Locust refuses it: {error}")) from None
    environment.create_local_runner()
    return environment
