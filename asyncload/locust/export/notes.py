"""The words at the head of a locustfile: how it is run, and what it cannot do."""

import textwrap
from collections.abc import Iterator

from asyncload.locust.export import spelling
from asyncload.locust.export.schedule import Schedule
from asyncload.scenario import Arrivals, Scenario, Trace

_WIDTH = 118


def title(scenario: Scenario, style: str) -> str:
    """Say what the file is."""
    count = sum(model.count for model in scenario.models)
    models = f"{count} model{'s' if count > 1 else ''} of the endpoint {scenario.endpoint.name}"
    return f"{models}, called {'when a plan says so' if style == 'replay' else 'by users who wait for replies'}."


def usage(name: str, style: str, course: Schedule) -> list[str]:
    """Return the lines that show how it is run."""
    lines = [f"    locust -f {name} --headless", f"    locust -f {name} --headless --csv results --json-file results"]
    if style == "replay":
        return [*lines, f"    locust -f {name} --headless --master --expect-workers 2 -u 2  # and two with --worker"]
    if len(course.stages) == 1:
        lines.append(f"    locust -f {name}  # with the web page; users and run time are there to be changed")
    return lines


def notes(scenario: Scenario, style: str, course: Schedule) -> Iterator[str]:
    """Yield paragraphs on what a reader must know, wrapped."""
    for words in (*_arrivals(style, course), *_lost(scenario, style, course)):
        yield textwrap.fill(words, _WIDTH)


def _arrivals(style: str, course: Schedule) -> Iterator[str]:
    if style == "replay":
        yield (
            "Arrivals are the scenario's own, to the nanosecond, and wait for no reply; how late they were sent is "
            "told at the end. Response times count from when a call was sent."
        )
    elif course.period_s:
        yield (
            f"Locust has users where the scenario has a rate. By Little's law {course.most} users, each of whom calls "
            f"every {course.period_s} s, make {_rate(course)} calls a second, as long as no reply takes longer than "
            "that. When replies take longer, calls are fewer, and Locust does not say which of them are missing."
        )
    else:
        yield "A user calls, waits for the reply, thinks and calls again: when replies take longer, calls are fewer."
    yield "A row per model. No call is tried again. Failures are named by their AWS error code."


def _rate(course: Schedule) -> str:
    """The highest, in calls per second."""
    return spelling.number(course.most / float(course.period_s))


def _lost(scenario: Scenario, style: str, course: Schedule) -> Iterator[str]:
    if scenario.retries is not None:
        yield "The scenario's retries are left out: here they would be hidden in response times."
    if scenario.slo or scenario.stop:
        yield "The scenario's objectives and stop rules are left out: nothing here judges the run, or ends it early."
    if course.later_warmup:
        yield "Only the warm-up at the beginning is kept out of the statistics, not those that come later."
    if any(not model.weight for model in scenario.models):
        yield "Models of weight 0 are there and are never called."
    if style == "tasks" and any(isinstance(phase, Trace) for phase in scenario.phases):
        yield "Of a trace the rate is kept, not its arrivals nor the models that it names; a replay has both."
    if style == "tasks" and any(isinstance(phase, Arrivals) and phase.law != "constant" for phase in scenario.phases):
        yield "Users with a period call at a steady rate, whatever the scenario's law of arrivals; a replay keeps it."
    yield "TIMEOUT_S bounds each pause of a reply; in the scenario it bounds the whole call."
