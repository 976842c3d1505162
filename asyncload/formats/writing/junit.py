"""
JUnit XML: the verdict, each objective and the stop rules as test cases, for whatever shows or gates on tests.

    VALID, MET, not stopped       passed
    INVALID, MISSED, stopped      failed
    UNDECIDED                     failed, or skipped where that is allowed

The file keeps to what both schemas in use allow, that of Ant's JUnit task and that of Jenkins' xUnit plugin: a root
without attributes, a time stamp without a zone (UTC), and every attribute that either demands.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal
from xml.etree import ElementTree as ET  # writing only

from asyncload.formats.recording import Recording
from asyncload.result import ObjectiveResult, RunResult

_ILLEGAL: Final = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML 1.0 document may hold, not even escaped."""
_NOT_STOPPED: Final = "no stop rule ended the run"
_S: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class _Case:
    kind: str
    name: str
    ended: Literal["passed", "failure", "skipped"]
    type: str = ""
    message: str = ""
    details: str = ""


def junit(recording: Recording, *, allow_undecided: bool) -> str:
    """
    Write one suite.

    Args:
        recording: The run.
        allow_undecided: Whether one that the run cannot decide is skipped and not failed.
    """
    cases = list(_cases(recording.result, allow_undecided=allow_undecided))
    root = ET.Element("testsuites")
    suite = ET.SubElement(root, "testsuite", _attributes(recording.result, cases))
    properties = ET.SubElement(suite, "properties")
    for name, value in _facts(recording.result):
        ET.SubElement(properties, "property", {"name": name, "value": _legal(value)})
    for case in cases:
        _write(suite, case, _name(recording.result))
    ET.SubElement(suite, "system-out").text = _legal("\n".join(recording.result.verdict.warnings))
    ET.SubElement(suite, "system-err").text = ""
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _attributes(result: RunResult, cases: Sequence[_Case]) -> dict[str, str]:
    started = datetime.fromtimestamp(result.health.started_unix_ns / _S, UTC)
    return {
        "id": "0",
        "package": "asyncload",
        "name": _name(result),
        "timestamp": started.strftime("%Y-%m-%dT%H:%M:%S"),
        "hostname": "localhost",
        "tests": str(len(cases)),
        "failures": str(sum(case.ended == "failure" for case in cases)),
        "errors": "0",
        "skipped": str(sum(case.ended == "skipped" for case in cases)),
        "time": f"{result.health.elapsed_ns / _S:.3f}",
    }


def _facts(result: RunResult) -> Iterator[tuple[str, str]]:
    yield "plan_digest", result.plan_digest
    yield "loop", "closed" if result.closed else "open"
    if not result.closed:
        yield "asked_per_s", f"{result.asked_per_s:.3f}"
    yield "achieved_per_s", f"{result.achieved_per_s:.3f}"
    yield "calls_sent", str(result.totals.sent)
    yield "calls_ok", str(result.totals.ok)


def _cases(result: RunResult, *, allow_undecided: bool) -> Iterator[_Case]:
    yield _verdict(result)
    yield from (_objective(each, allow_undecided=allow_undecided) for each in result.objectives)
    if result.stopped:
        yield _Case("stop", _NOT_STOPPED, "failure", "STOPPED", result.stopped, result.stopped)
    elif result.scenario.get("stop"):
        yield _Case("stop", _NOT_STOPPED, "passed")


def _verdict(result: RunResult) -> _Case:
    verdict = result.verdict
    name = "the result may be believed"
    if verdict.valid:
        return _Case("verdict", name, "passed")
    return _Case("verdict", name, "failure", "INVALID", "; ".join(verdict.reasons), "\n".join(verdict.reasons))


def _objective(objective: ObjectiveResult, *, allow_undecided: bool) -> _Case:
    if objective.answer == "MET":
        return _Case("slo", objective.text, "passed")
    ended: Literal["failure", "skipped"] = (
        "skipped" if objective.answer == "UNDECIDED" and allow_undecided else "failure"
    )
    return _Case("slo", objective.text, ended, objective.answer, objective.why, objective.why)


def _write(suite: ET.Element, case: _Case, name: str) -> None:
    attributes = {"name": _token(case.name), "classname": f"{name}.{case.kind}", "time": "0"}
    element = ET.SubElement(suite, "testcase", attributes)
    if case.ended == "failure":
        found = ET.SubElement(element, "failure", {"type": case.type, "message": _legal(case.message)})
        found.text = _legal(case.details)
    elif case.ended == "skipped":
        ET.SubElement(element, "skipped", {"message": _legal(case.message)})


def _name(result: RunResult) -> str:
    return _token(result.name) or "scenario"


def _token(text: str) -> str:
    """One line, as names are."""
    return " ".join(_legal(text).split())


def _legal(text: str) -> str:
    """Write characters that XML cannot hold as Python does, by their numbers."""
    return _ILLEGAL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
