"""Locustfiles looked into by the importer's own process, several in one go."""

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from asyncload.locust.importer import child
from asyncload.locust.importer.conversion import Imported, Request, convert, job, write
from asyncload.locust.importer.findings import Answer
from asyncload.payload import pools
from asyncload.scenario import Scenario, targets
from asyncload.traffic import shares

HEAD = """\
import itertools, json, os, random, time
import boto3
from botocore.config import Config
from locust import (FastHttpUser, HttpUser, LoadTestShape, MarkovTaskSet, SequentialTaskSet, TaskSet, User, between,
                    constant, constant_pacing, constant_throughput, events, tag, task, transition, transitions)
CLIENT = boto3.client("sagemaker-runtime", region_name="us-east-1")
def call(model, body=b"row", **more):
    return CLIENT.invoke_endpoint(EndpointName="mme", TargetModel=model, Body=body, ContentType="text/csv", **more)
"""
"""What most locustfiles here begin with: lines 1 to 8."""


@dataclass(frozen=True, slots=True)
class Case:
    """A locustfile and how it is to be imported."""

    source: str
    options: Mapping[str, Any] = field(default_factory=dict)
    """Of `Request`."""


def look(folder: Path, cases: Mapping[str, Case], limit_s: float = 30.0) -> dict[str, tuple[Request, Answer]]:
    """Write locustfiles and look into all of them in one process."""
    requests = {}
    for name, case in cases.items():
        file = folder / f"{name}.py"
        file.write_text(case.source)
        requests[name] = Request(file=file, **{"limit_s": limit_s, **case.options})
    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    answers = child.look_into([job(request, str(scratch)) for request in requests.values()])
    return {name: (request, answer) for (name, request), answer in zip(requests.items(), answers, strict=True)}


@dataclass(frozen=True, slots=True)
class Read:
    """An imported scenario, written and read again."""

    imported: Imported
    scenario: Scenario

    @property
    def shares(self) -> dict[str, float]:
        """Share of each target by its label, those of 0 left out."""
        named = zip(targets(self.scenario.models), shares(self.scenario.models).tolist(), strict=True)
        return {target.label: share for target, share in named if share}

    @property
    def payloads(self) -> dict[str, list[bytes]]:
        """Pool of each target by its label."""
        read = pools(self.scenario)
        return {
            target.label: [payload.body for payload in read[target.family]] for target in targets(self.scenario.models)
        }

    @property
    def headers(self) -> dict[str, dict[str, str]]:
        """Headers of each target by its label."""
        return {target.label: dict(target.headers) for target in targets(self.scenario.models)}

    def notes(self, topic: str) -> list[str]:
        """Texts of the notes of one topic."""
        return [note.text for note in self.imported.notes if note.topic == topic]


def read(folder: Path, request: Request, answer: Answer) -> Read:
    """Convert findings, write the scenario and read it."""
    path = folder / f"{request.file.stem}.yaml"
    imported = convert(request, answer, path.stem)
    write(imported, path, force=True)
    return Read(imported, Scenario.load(path))


def bodies(answer: Answer) -> list[bytes]:
    """Return the payloads that were found."""
    assert answer.findings is not None
    return [b64decode(body) for body in answer.findings.bodies]
