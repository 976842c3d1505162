"""What goes into a format comes out of it: counts over generated runs, read back by the tools that formats are for."""

import csv
import io
import json
import tempfile
from collections import Counter
from functools import partial
from pathlib import Path

import cmarkgfm
from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader
from hypothesis import given, settings
from lxml import etree
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from asyncload.call import Outcome
from asyncload.formats.hgrm import read_hgrm
from asyncload.formats.hlog import read_hlog
from asyncload.formats.k6 import read_summary
from asyncload.formats.reading import Since
from asyncload.formats.recording import Recording
from asyncload.formats.writing.slugs import slugs
from asyncload.histogram import HIGHEST_US
from asyncload.measured import DURATIONS
from asyncload.report.exports import Choices
from asyncload.report.markdown import MOST
from tests.property.strategies import recordings, since
from tests.unit.exported import text, written

few = partial(settings, deadline=None, max_examples=40)


@given(run=recordings(), since=since)
@few()
def test_a_log_has_every_count(run: Recording, since: Since) -> None:
    """By the hdrhistogram package, model by model, count by count; and by our own reader."""
    models = run.result.models
    histograms = [model.response if since == "due" else model.service for model in models]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.hlog"
        path.write_text(text(run, "hlog", Choices(since=since)), encoding="utf-8")
        reader = HistogramLogReader(str(path), HdrHistogram(1, HIGHEST_US, 3))
        added = {tag: HdrHistogram(1, HIGHEST_US, 3) for tag in slugs([model.name for model in models])}
        while (interval := reader.get_next_interval_histogram()) is not None:
            assert interval.get_total_count() > 0
            added[interval.get_tag()].add(interval)
        reader.close()
        rows = read_hlog(path).rows if any(each.count for each in histograms) else ()
    for tag, histogram in zip(added, histograms, strict=True):
        assert added[tag].equals(histogram.to_hdr())
    timed = {tag: each for tag, each in zip(added, histograms, strict=True) if each.count}
    assert {row.name: row.requests for row in rows} == {tag: each.count for tag, each in timed.items()}


@given(run=recordings(), since=since)
@few()
def test_a_distribution_has_every_count_and_holds_each_percentile(run: Recording, since: Since) -> None:
    files = written(run, "hgrm", Choices(since=since, by="model"))
    models = [run.result.totals, *run.result.models]
    with tempfile.TemporaryDirectory() as folder:
        for data, model in zip(files.values(), models, strict=True):
            histogram = model.response if since == "due" else model.service
            if not histogram.count:
                assert b"Total count    =            0" in data
                continue
            path = Path(folder) / "one.hgrm"
            path.write_bytes(data)
            total = read_hgrm(path).total
            assert total.requests == histogram.count
            for q, (low, high) in total.latency["sent"].within_ms.items():
                assert low - 1e-9 <= histogram.quantile_us(q) / 1000 <= high + 1e-9


@given(run=recordings())
@few()
def test_openmetrics_has_every_count(run: Recording) -> None:
    families = {family.name: family for family in text_string_to_metric_families(text(run, "openmetrics"))}
    calls = {
        (each.labels["model"], each.labels["outcome"]): each.value for each in families["asyncload_requests"].samples
    }
    counts = {
        (each.labels.get("model"), family.name): each.value
        for family in families.values()
        for each in family.samples
        if each.name == f"{family.name}_count"
    }
    received = {each.labels["model"]: each.value for each in families["asyncload_received_bytes"].samples}
    for model in run.result.models:
        assert [calls[model.name, outcome.name] for outcome in Outcome] == list(model.outcomes)
        assert received[model.name] == model.received_bytes
        for metric in ("response", "service", "ttfb"):
            assert counts[model.name, f"asyncload_{metric}_seconds"] == getattr(model, metric).count
    assert counts[None, "asyncload_lateness_seconds"] == run.result.totals.lateness.count


@given(run=recordings(), since=since)
@few()
def test_k6s_summaries_have_every_count(run: Recording, since: Since) -> None:
    """Both shapes; a name with a comma is read as two tags, and stands as it is all the same."""
    for name in ("k6-json", "k6-export"):
        metrics = json.loads(text(run, name, Choices(since=since)))["metrics"]
        reading = read_summary({"root_group": {}, "metrics": metrics}, Path("summary.json"))
        assert (reading.total.requests, reading.total.failures) == _k6_counts(run.result.totals.outcomes)
        assert Counter((row.requests, row.failures) for row in reading.rows) == Counter(
            _k6_counts(model.outcomes) for model in run.result.models
        )
        for model in run.result.models:
            trend = metrics[f"http_req_duration{{model:{model.name}}}"]
            histogram = model.response if since == "due" else model.service
            assert trend.get("values", trend)["count"] == histogram.count


def _k6_counts(outcomes: tuple[int, ...]) -> tuple[int, int]:
    sent = sum(outcomes) - outcomes[Outcome.DROPPED]
    return sent, sent - outcomes[Outcome.OK]


@given(run=recordings())
@few()
def test_csv_has_every_count(run: Recording) -> None:
    """Per model, and per second with every model in it."""
    rows = list(csv.DictReader(io.StringIO(text(run, "csv"), newline=""), strict=True))
    everything = [*run.result.models, run.result.totals, run.result.warmup]
    for row, model in zip(rows, everything, strict=True):
        assert row["model"] in {model.name, f"'{model.name}"}
        assert _outcomes(row) == list(model.outcomes)
        assert [int(row[f"{metric}_calls"]) for metric in DURATIONS] == [
            getattr(model, metric).count for metric in DURATIONS
        ]
    choices = Choices(by="second", full_history=True)
    seconds = list(csv.DictReader(io.StringIO(text(run, "csv", choices), newline=""), strict=True))
    added: dict[tuple[str, str], list[int]] = {}
    for row in seconds:
        key = row["kind"], row["model"]
        added[key] = [a + b for a, b in zip(added.get(key, [0] * len(Outcome)), _outcomes(row), strict=True)]
    for row, model in zip(rows, everything, strict=True):
        if row["kind"] != "total" and model.calls:
            assert added[row["kind"], row["model"]] == list(model.outcomes)
    whole = run.result.totals.merge(run.result.warmup).outcomes
    assert added.get(("all", ""), [0] * len(Outcome)) == list(whole)


def _outcomes(row: dict[str, str]) -> list[int]:
    return [int(row[f"{outcome.name.lower()}_calls"]) for outcome in Outcome]


@given(run=recordings())
@few()
def test_a_comment_and_a_test_report_can_be_read_whatever_the_names(run: Recording) -> None:
    """Each table's rows are equally long, and the XML is well-formed."""
    shown = text(run, "markdown")
    assert len(shown) <= MOST
    html = cmarkgfm.github_flavored_markdown_to_html(shown, cmarkgfm.cmark.Options.CMARK_OPT_UNSAFE)
    page = etree.HTML(html)
    for table in page.iter("table"):
        assert len({len(row) for row in table.iter("tr")}) == 1
    assert len(next(iter(page.iter("table")))[1]) == len(run.result.models) + 1
    (suite,) = etree.fromstring(text(run, "junit").encode())
    assert suite.get("tests") == str(len(suite.findall("testcase")))
