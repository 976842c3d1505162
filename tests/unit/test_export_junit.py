"""`report --format junit`: valid against a schema, and read by junitparser."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
from junitparser import Failure, JUnitXml, Skipped, TestSuite
from lxml import etree

from asyncload.formats.recording import Recording
from asyncload.formats.writing.junit import junit
from tests.unit.exported import HOSTILE, empty, failed, hostile
from tests.unit.recordings import Made, S, recording

SCHEMA = Path(__file__).parents[1] / "schemas" / "junit.xsd"
RUN = recording([Made(i * S // 400, i % 2) for i in range(1200)])
LATE = recording([Made(i * S // 100, 0, late_us=20_000) for i in range(100)])


@dataclass(frozen=True)
class Told:
    """An objective, as a format is told of it."""

    text: str
    answer: Literal["MET", "MISSED", "UNDECIDED"]
    why: str = ""
    value: float | None = 312.0
    low: float | None = 290.0
    high: float | None = 330.0
    unit: str = "ms"


MET = Told("p50 < 20 ms", "MET", "p50 is 5.1 ms [5.0, 5.2]")
MISSED = Told("p99 < 250ms", "MISSED", "p99 is 312 ms [290, 330]")
OPEN = Told("p99.9 < 1s", "UNDECIDED", "needs 3,687 calls, has 1,200")


def suite(run: Recording, *objectives: Told, allow_undecided: bool = False) -> TestSuite:
    """The suite as junitparser reads it, after the schema has seen it."""
    text = junit(run, objectives, allow_undecided=allow_undecided)
    schema = etree.XMLSchema(etree.parse(str(SCHEMA)))
    document = etree.fromstring(text.encode())
    assert schema.validate(document), schema.error_log
    (found,) = JUnitXml.fromstring(text.encode())
    return found


def test_each_objective_is_a_case_and_so_is_the_verdict() -> None:
    found = suite(RUN, MET, MISSED, OPEN)
    assert [case.name for case in found] == ["the result may be believed", MET.text, MISSED.text, OPEN.text]
    assert [case.classname for case in found] == ["made.verdict", "made.slo", "made.slo", "made.slo"]
    assert (found.tests, found.failures, found.errors, found.skipped) == (4, 2, 0, 0)
    results = [[(type(each), each.type, each.message) for each in case.result] for case in found]
    assert results == [[], [], [(Failure, "MISSED", MISSED.why)], [(Failure, "UNDECIDED", OPEN.why)]]


def test_an_undecided_objective_may_be_skipped() -> None:
    """A missed one never is."""
    found = suite(RUN, MISSED, OPEN, allow_undecided=True)
    assert (found.failures, found.skipped) == (1, 1)
    (skipped,) = next(case for case in found if case.name == OPEN.text).result
    assert isinstance(skipped, Skipped)
    assert skipped.message == OPEN.why


def test_a_result_that_may_not_be_believed_fails() -> None:
    """With each of its reasons."""
    (case,) = suite(LATE)
    (failure,) = case.result
    assert failure.type == "INVALID"
    assert failure.text == "\n".join(LATE.result.verdict.reasons)


def test_what_was_run_stands_in_the_properties() -> None:
    found = suite(RUN)
    facts = {each.name: each.value for each in found.properties()}
    assert facts["plan_digest"] == "ab" * 32
    assert (facts["calls_sent"], facts["calls_ok"]) == ("1200", "1200")
    assert float(facts["achieved_per_s"]) == pytest.approx(400)
    assert (found.name, found.timestamp, found.time) == ("made", "2026-11-18T11:06:40", 3.0)


@pytest.mark.parametrize("name", HOSTILE)
def test_any_words_are_text(name: str) -> None:
    """What XML cannot hold is written as Python does."""
    run = recording([Made(0, 0)], scenario={"name": name})
    found = suite(run, Told(f"p99{{model={name}}} < 1s", "MISSED", f"of {name}"))
    case = list(found)[1]
    shown = name.replace("\x1b", "\\x1b").replace("\x07", "\\x07").replace("\ufffe", "\\ufffe")
    assert case.name == " ".join(f"p99{{model={shown}}} < 1s".split())
    assert case.result[0].message.split() == f"of {shown}".split()


@pytest.mark.parametrize("run", [empty(), failed(), hostile()])
def test_a_run_without_times_is_valid_xml(run: Recording) -> None:
    assert suite(run).tests == 1
