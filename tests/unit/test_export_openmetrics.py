"""`report --format openmetrics`: parsed by prometheus_client, and by promtool where it is installed."""

import shutil
import subprocess
from pathlib import Path

import pytest
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from asyncload.buckets import DURATION_BOUNDS_S, LATENESS_BOUNDS_S
from asyncload.call import Outcome
from asyncload.formats.recording import Recording
from asyncload.histogram import Histogram
from asyncload.telemetry.families import FAMILIES
from tests.unit.exported import HOSTILE, closed, empty, failed, hostile, judged, text
from tests.unit.recordings import EPOCH_S, Made, S, recording

RUN = recording(
    [Made(i * S // 200, i % 2, 50 * i, outcome=Outcome.TIMEOUT if i % 50 == 7 else Outcome.OK) for i in range(600)]
)


def families(run: Recording) -> dict[str, Metric]:
    return {family.name: family for family in text_string_to_metric_families(text(run, "openmetrics"))}


def test_calls_are_counted_by_model_and_outcome() -> None:
    samples = families(RUN)["asyncload_requests"].samples
    found = {(each.labels["model"], each.labels["outcome"]): each.value for each in samples}
    assert found == {
        (model.name, outcome.name): model.outcomes[outcome] for model in RUN.result.models for outcome in Outcome
    }
    assert found["a.tar.gz", "TIMEOUT"] == 12


@pytest.mark.parametrize("metric", ["response", "service", "ttfb"])
def test_a_histogram_counts_what_lies_below_each_bound(metric: str) -> None:
    """By model, in seconds; a slot of the HDR histogram is below it if all of it is."""
    family = families(RUN)[f"asyncload_{metric}_seconds"]
    assert (family.type, family.unit) == ("histogram", "seconds")
    for model in RUN.result.models:
        samples = [each for each in family.samples if each.labels["model"] == model.name]
        counted_right(samples, getattr(model, metric), DURATION_BOUNDS_S)


def test_lateness_is_the_generators_and_no_models() -> None:
    family = families(RUN)["asyncload_lateness_seconds"]
    assert all("model" not in each.labels for each in family.samples)
    counted_right(family.samples, RUN.result.totals.lateness, LATENESS_BOUNDS_S)


def counted_right(samples: list[Sample], histogram: Histogram, bounds_s: tuple[float, ...]) -> None:
    buckets = {float(each.labels["le"]): each.value for each in samples if each.name.endswith("_bucket")}
    assert buckets.pop(float("inf")) == histogram.count
    assert tuple(buckets) == bounds_s
    slots = list(zip(histogram.slots, histogram.counts, strict=True))
    for bound_s, count in buckets.items():
        assert count == sum(calls for slot, calls in slots if _high(slot) <= round(bound_s * 1e6))
    (total,) = (each.value for each in samples if each.name.endswith("_sum"))
    assert total == pytest.approx(histogram.mean_us() * histogram.count / 1e6)


def _high(slot: int) -> int:
    """Highest value of an HDR slot of three digits, by the standard's own terms: bucket and sub-bucket."""
    bucket, sub = divmod(int(slot), 1024)
    return int(slot) if bucket < 2 else ((sub + 1025) << (bucket - 1)) - 1


def test_every_sample_has_the_time_of_the_runs_end() -> None:
    stamps = {str(each.timestamp) for family in families(RUN).values() for each in family.samples}
    assert [float(stamp) for stamp in stamps] == [EPOCH_S + 0.25 + 3]


def test_the_run_is_told_beside_its_numbers() -> None:
    found = families(RUN)
    (info,) = found["asyncload"].samples
    assert info.labels == {"scenario": "made", "digest": "ab" * 32, "loop": "open"}
    assert found["asyncload_valid"].samples[0].value == float(RUN.result.verdict.valid)
    assert found["asyncload_asked_per_second"].samples[0].value == pytest.approx(200)
    assert "asyncload_asked_per_second" not in families(closed())


def test_any_name_is_a_label() -> None:
    labels = {each.labels["model"] for each in families(hostile())["asyncload_requests"].samples}
    assert labels == set(HOSTILE)


def test_the_answer_to_each_objective_is_a_state() -> None:
    """One that is asked for twice stands once."""
    run = judged(RUN, "p50 < 20ms", "p99 < 1ms", "p99 < 1ms", "p99.9 < 9s")
    family = families(run)["asyncload_objective"]
    assert family.type == "stateset"
    states = {each.labels["objective"]: each.labels["asyncload_objective"] for each in family.samples if each.value}
    assert states == {"p50 < 20ms": "MET", "p99 < 1ms": "MISSED", "p99.9 < 9s": "UNDECIDED"}
    assert len(family.samples) == 9


@pytest.mark.parametrize("run", [empty(), failed(), recording([], [])])
def test_no_times_are_empty_histograms(run: Recording) -> None:
    found = families(run)
    assert all(each.value == 0 for each in found["asyncload_response_seconds"].samples)
    assert text(run, "openmetrics").endswith("# EOF\n")


def test_prometheus_files_it(tmp_path: Path) -> None:
    """Every sample ends in a block of its database, hostile names too."""
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed; it comes with Prometheus")
    for number, run in enumerate((RUN, hostile(), empty())):
        path, blocks = tmp_path / f"{number}.txt", tmp_path / f"blocks-{number}"
        path.write_text(text(run, "openmetrics"), encoding="utf-8")
        words = [promtool, "tsdb", "create-blocks-from", "openmetrics", str(path), str(blocks)]
        done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        (blocks / "wal").mkdir()  # a database has one
        dumped = subprocess.run(
            [promtool, "tsdb", "dump", str(blocks)], capture_output=True, text=True, timeout=60, check=True
        )
        samples = sum(len(family.samples) for family in families(run).values())
        assert len(dumped.stdout.splitlines()) == samples


def test_names_are_those_of_the_live_metrics() -> None:
    """So that a query, or a dashboard, means the same of both."""
    live = {family.prometheus.removesuffix("_total"): family for family in FAMILIES}
    shared = set(live) & set(families(RUN))
    assert shared >= {
        "asyncload_requests",
        "asyncload_response_seconds",
        "asyncload_lateness_seconds",
        "asyncload_stalls",
    }
    for name in shared:
        family = families(RUN)[name]
        assert family.type == live[name].kind
        labels = {tuple(label for label in each.labels if label != "le") for each in family.samples}
        assert labels == {live[name].labels}, name
