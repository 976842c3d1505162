"""`report --format k6-json` and `k6-export`: read back by our own reader with equal numbers, and shaped as k6's own."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from asyncload.call import Outcome
from asyncload.formats.k6 import read_summary
from asyncload.formats.reading import Reading
from asyncload.formats.recording import Recording
from asyncload.report.exports import Choices
from tests.unit.exported import HOSTILE, empty, failed, hostile, judged, text
from tests.unit.readings import RESULTS
from tests.unit.recordings import Made, S, recording

ENDS = [Outcome.OK] * 7 + [Outcome.THROTTLED, Outcome.TIMEOUT, Outcome.DROPPED]
RUN = recording([Made(i * S // 100, i % 3 % 2, 3_000 + 11 * i, 40_000, ENDS[i % 10]) for i in range(300)])
SHAPES = {"k6-json": "k6-handle-summary.json", "k6-export": "k6-export.json"}
"""Each format, with a file of k6's own."""


def document(run: Recording, name: str, choices: Choices | None = None) -> Any:
    return json.loads(text(run, name, choices))


def read(run: Recording, name: str, choices: Choices | None = None) -> Reading:
    return read_summary(document(run, name, choices), Path("summary.json"))


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("since", ["sent", "due"])
def test_it_is_read_back_with_equal_numbers(name: str, since: str) -> None:
    """Counts, rates and percentiles of all calls and of each model."""
    reading = read(RUN, name, Choices(since="due" if since == "due" else "sent"))
    models = {model.name: model for model in (*RUN.result.models, RUN.result.totals)}
    assert {row.name for row in reading.rows} == {model.name for model in RUN.result.models}
    for row in (*reading.rows, reading.total):
        model = models[row.name]
        histogram = model.response if since == "due" else model.service
        latency = row.latency["sent"]
        assert (row.requests, row.failures) == (model.sent, model.sent - model.ok)
        assert row.rate_per_s == pytest.approx(model.sent / 3)
        assert latency.percentiles_ms == {q: histogram.quantile_us(q) / 1000 for q in (0.5, 0.9, 0.95, 0.99, 0.999)}
        assert latency.mean_ms == pytest.approx(histogram.mean_us() / 1000)
        assert latency.most_ms == histogram.quantile_us(1.0) / 1000
    assert f"{RUN.result.totals.outcomes[Outcome.DROPPED]} iterations were dropped" in reading.notes[0]


@pytest.mark.parametrize(("name", "theirs"), SHAPES.items())
def test_each_metric_has_the_shape_that_k6_gives_it(name: str, theirs: str) -> None:
    """The same keys and kinds of values, of every metric that both have; thresholds aside, which are a script's."""
    ours, k6s = document(RUN, name), json.loads((RESULTS / theirs).read_text())
    assert set(ours) == set(k6s)
    assert _shape(ours["root_group"]) == _shape(k6s["root_group"])
    shared = set(ours["metrics"]) & set(k6s["metrics"])
    assert shared >= {"http_reqs", "http_req_failed", "http_req_duration", "http_req_waiting", "iterations"}
    for metric in shared:
        k6s["metrics"][metric].pop("thresholds", None)
        assert _shape(ours["metrics"][metric]) == _shape(k6s["metrics"][metric]), metric
    if name == "k6-json":
        assert ours["options"]["summaryTrendStats"] == k6s["options"]["summaryTrendStats"]
        assert ours["state"]["testRunDurationMs"] == 3000


def _shape(value: object) -> object:
    if isinstance(value, dict):
        return {key: _shape(each) for key, each in value.items()}
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value)


def test_what_k6_has_no_name_for_has_one_of_its_own() -> None:
    metrics = document(RUN, "k6-json")["metrics"]
    totals = RUN.result.totals
    assert metrics["asyncload_response"]["values"]["p(99)"] == totals.response.quantile_us(0.99) / 1000
    assert metrics["asyncload_lateness"]["values"]["med"] == totals.lateness.quantile_us(0.5) / 1000
    assert metrics["data_received"]["values"]["count"] == totals.received_bytes
    assert not any(metric.startswith(("vus", "http_req_connecting", "http_req_blocked")) for metric in metrics)


@pytest.mark.parametrize("name", SHAPES)
def test_any_name_is_a_tag(name: str) -> None:
    """One with a comma looks like two tags, and is named in full."""
    rows = {row.name.removeprefix("model:"): row for row in read(hostile(), name).rows}
    for model in hostile().result.models:
        assert rows[model.name.strip()].requests == model.sent


@pytest.mark.parametrize("name", SHAPES)
def test_a_run_without_times_has_trends_of_zeros(name: str) -> None:
    """As k6 writes them, and our reader takes for none."""
    for run in (empty(), failed()):
        reading = read(run, name)
        assert reading.total.requests == reading.total.failures == run.result.totals.sent
        assert reading.total.latency["sent"].percentiles_ms == {}
    assert len(HOSTILE) == len(read(hostile(), name).rows)


def test_the_verdict_and_each_objective_are_thresholds() -> None:
    """One holds if it is met, or undecided where that is allowed; in an export true means crossed."""
    slo = ("p50 < 200ms", "p99 < 1ms", "p99.9 < 9s")
    run = judged(RUN, *slo)
    assert [each.answer for each in run.result.objectives] == ["MET", "MISSED", "UNDECIDED"]
    for allowed, holds in ((False, [True, False, False]), (True, [True, False, True])):
        choices = Choices(allow_undecided=allowed)
        ours = document(run, "k6-json", choices)["metrics"]["asyncload_verdict"]
        assert [ours["thresholds"][text]["ok"] for text in ("VALID", *slo)] == [False, *holds]
        assert (ours["values"]["passes"], ours["values"]["fails"]) == (sum(holds), 4 - sum(holds))
        exported = document(run, "k6-export", choices)["metrics"]["asyncload_verdict"]
        assert [exported["thresholds"][text] for text in ("VALID", *slo)] == [True, *(not each for each in holds)]
        assert exported["value"] == sum(holds) / 4
    good = recording([Made(i * S // 400, 0) for i in range(1200)])
    assert document(good, "k6-json")["metrics"]["asyncload_verdict"]["thresholds"] == {"VALID": {"ok": True}}


def test_a_stop_rule_that_ended_the_run_is_a_threshold_that_was_crossed() -> None:
    health = replace(RUN.result.health, stopped="in_flight > 900 for 5s: at 12 s", interrupted=True)
    stopped = Recording(replace(RUN.result, health=health), None)
    thresholds = document(stopped, "k6-json")["metrics"]["asyncload_verdict"]["thresholds"]
    assert thresholds["stopped: in_flight > 900 for 5s: at 12 s"] == {"ok": False}
