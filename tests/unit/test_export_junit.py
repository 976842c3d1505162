"""`report --format junit`: valid against a schema, and read by junitparser."""

from dataclasses import replace
from pathlib import Path

import pytest
from junitparser import Failure, JUnitXml, Skipped, TestSuite
from lxml import etree

from asyncload.formats.recording import Recording
from asyncload.formats.writing.junit import junit
from tests.unit.exported import HOSTILE, empty, failed, hostile, judged
from tests.unit.recordings import Made, S, recording

SCHEMA = Path(__file__).parents[1] / "schemas" / "junit.xsd"
RUN = recording([Made(i * S // 400, i % 2) for i in range(1200)])
LATE = recording([Made(i * S // 100, 0, late_us=20_000) for i in range(100)])


MET, MISSED, OPEN = "p50 < 20ms", "p99 < 1ms", "p99.9 < 1s"


def suite(run: Recording, *, allow_undecided: bool = False) -> TestSuite:
    """The suite as junitparser reads it, after the schema has seen it."""
    text = junit(run, allow_undecided=allow_undecided)
    schema = etree.XMLSchema(etree.parse(str(SCHEMA)))
    document = etree.fromstring(text.encode())
    assert schema.validate(document), schema.error_log
    (found,) = JUnitXml.fromstring(text.encode())
    return found


def test_each_objective_is_a_case_and_so_is_the_verdict() -> None:
    run = judged(RUN, MET, MISSED, OPEN)
    found = suite(run)
    assert [case.name for case in found] == ["the result may be believed", MET, MISSED, OPEN]
    assert [case.classname for case in found] == ["made.verdict", "made.slo", "made.slo", "made.slo"]
    assert (found.tests, found.failures, found.errors, found.skipped) == (4, 2, 0, 0)
    results = [[(type(each), each.type, each.message) for each in case.result] for case in found]
    _, missed, undecided = (each.why for each in run.result.objectives)
    assert results == [[], [], [(Failure, "MISSED", missed)], [(Failure, "UNDECIDED", undecided)]]


def test_an_undecided_objective_may_be_skipped() -> None:
    """A missed one never is."""
    run = judged(RUN, MISSED, OPEN)
    found = suite(run, allow_undecided=True)
    assert (found.failures, found.skipped) == (1, 1)
    (skipped,) = next(case for case in found if case.name == OPEN).result
    assert isinstance(skipped, Skipped)
    assert skipped.message == run.result.objectives[1].why


def test_stop_rules_are_a_case_if_there_are_any() -> None:
    """Which fails with the one that ended the run."""
    rules = recording([Made(0, 0)], scenario={"name": "made", "stop": ["in_flight > 900 for 5s"]})
    case = list(suite(rules))[-1]
    assert (case.name, case.classname, case.result) == ("no stop rule ended the run", "made.stop", [])
    health = replace(rules.result.health, stopped="in_flight > 900 for 5s: at 12 s", interrupted=True)
    (failure,) = list(suite(Recording(replace(rules.result, health=health), None)))[-1].result
    assert (failure.type, failure.message) == ("STOPPED", "in_flight > 900 for 5s: at 12 s")


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
    case = list(suite(recording([Made(0, 0)], scenario={"name": name, "slo": [name]})))[1]
    shown = name.replace("\x1b", "\\x1b").replace("\x07", "\\x07").replace("\ufffe", "\\ufffe")
    assert case.name == " ".join(shown.split())
    assert case.classname == f"{case.name}.slo"
    assert case.result[0].message.startswith("this version cannot read it")


@pytest.mark.parametrize("run", [empty(), failed(), hostile()])
def test_a_run_without_times_is_valid_xml(run: Recording) -> None:
    assert suite(run).tests == 1 + len(run.result.objectives)
