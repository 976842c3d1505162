"""What the templates have places for, as source."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from asyncload.locust.export import calls, spelling
from asyncload.locust.export.notes import notes, title, usage
from asyncload.locust.export.schedule import Schedule
from asyncload.scenario import Endpoint, Scenario

_POOL_LEAST: Final = 10
"""Connections of a client, where there are fewer users: botocore's own number."""


def words_of_file(scenario: Scenario, out: Path, style: str, course: Schedule) -> dict[str, object]:
    """Return the head of the file, and where its calls go."""
    endpoint = scenario.endpoint
    ca = _authority(endpoint)
    return {
        "title": title(scenario, style),
        "scenario": spelling.plain(scenario.name),
        "usage": usage(out.name, style, course),
        "notes": list(notes(scenario, style, course)),
        "endpoint": spelling.text(endpoint.name),
        "region": endpoint.region and spelling.text(endpoint.region),
        "url": endpoint.url and spelling.text(endpoint.url.rstrip("/")),
        "ca": ca and spelling.text(str(ca.absolute())),
        "client_words": ", ".join(_client_words(endpoint)),
        "timeout_s": spelling.seconds(scenario.limits.timeout_ns),
        "in_flight": scenario.limits.in_flight,
        "plan_file": spelling.text(f"{out.stem}.plan.csv.gz"),
    }


def words_of_calls(sources: Sequence[calls.Source], style: str, client: str) -> dict[str, object]:
    """Return payloads, tasks, and how a plan's numbers find them."""
    replay = style == "replay"
    return {
        "constants": list(_constants(sources)),
        "readers": list(dict.fromkeys(source.pool.function for source in sources if source.pool.function)),
        "here": replay or any("HERE" in source.pool.constant for source in sources),
        "tasks": calls.senders(sources, client) if replay else calls.tasks(sources, client),
        "send_arguments": calls.arguments(sources),
        "sends": "\n        ".join(calls.sending(sources)),
        "caller": "Replays a plan, whatever the replies take." if replay else "Calls one model after the other.",
    }


def words_of_users(course: Schedule) -> dict[str, object]:
    """Return how many users there are, and when each calls."""
    return {
        "connections": max(course.most, _POOL_LEAST),
        "shape": "Users over time, as many as the scenario's rates need." if course.period_s else "Users over time.",
        "wait_time": course.wait_time,
        "period_s": course.period_s,
        "warmup_s": course.warmup_s,
        "stages": [
            {"end_s": stage.end_s, "users": stage.users, "spawn_per_s": stage.spawn_per_s or stage.users}
            for stage in course.stages
        ],
    }


def _authority(endpoint: Endpoint) -> Path | None:
    """The certificates to trust, where there is TLS at all."""
    return endpoint.ca if endpoint.url is None or endpoint.url.startswith("https:") else None


def _client_words(endpoint: Endpoint) -> Iterator[str]:
    if endpoint.region is not None:
        yield "region_name=REGION"
    yield from ("endpoint_url=url", "config=config")
    if _authority(endpoint) is not None:
        yield "verify=CA"


def _constants(sources: Sequence[calls.Source]) -> Iterator[str]:
    """Definitions, each once: models of equal payloads share theirs."""
    told = set()
    for source in sources:
        yield from calls.constants(source)
        if source.pool.name not in told:
            told.add(source.pool.name)
            yield source.pool.constant
