"""Streams of real runs: scraped while they last, exported to a real receiver, and equal to the result at the end."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families

from asyncload.cli.telemetry import Streams, streams
from asyncload.errors import StartError
from asyncload.options import Options, Stop
from asyncload.result import RunResult
from asyncload.runner import run
from asyncload.scenario import Scenario
from asyncload.snapshot import Snapshot
from asyncload.telemetry.frames import Closing, Opening, write
from asyncload.telemetry.stream import _COMMAND, Stream
from tests.real.collector import Collector, attributes, collector
from tests.real.runs import KEYS, ROW, scenario, steady_emulator
from tests.real.servers import RunningEmulator, emulator
from tests.real.test_cli import asyncload, environment, scenario_file
from tests.unit.recordings import Made
from tests.unit.streamed import NAMES, snapshots

Values = dict[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEmulator]:
    with emulator(steady_emulator(tmp_path_factory.mktemp("emulator") / "emulator.yaml")) as running:
        yield running


def scraped(port: int | None) -> Values:
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as reply:
        text = reply.read().decode()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(values: Values, name: str, **labels: str) -> float:
    return values[name, frozenset(labels.items())]


def stream_of(chosen: Scenario, asked: Streams, told: list[str], **variables: str) -> Stream:
    (make,) = streams(chosen, asked, "run-1", variables)
    stream = make(Stop())
    stream._tell = told.append
    return stream


def three_seconds(target: RunningEmulator, **changes: Any) -> Scenario:
    phases = [
        {"law": "poisson", "rate": "100/s", "for": "1s", "warmup": True},
        {"law": "poisson", "rate": "200/s", "for": "2s"},
    ]
    return scenario(target.url, **{"phases": phases, **changes})


def assert_equal(values: Values, result: RunResult) -> None:
    """What was scraped last is what the result says, call by call."""
    for model in result.models:
        for outcome, calls in zip(
            ("OK", "TIMEOUT", "DROPPED"), (model.ok, *model.outcomes[8:9], *model.outcomes[10:11]), strict=True
        ):
            assert value(values, "asyncload_requests_total", model=model.name, outcome=outcome) == calls
        assert value(values, "asyncload_response_seconds_count", model=model.name) == model.response.count
        total_s = model.service.mean_us() * model.service.count / 1e6
        assert value(values, "asyncload_service_seconds_sum", model=model.name) == pytest.approx(total_s)
        assert value(values, "asyncload_received_bytes_total", model=model.name) == model.received_bytes
    assert value(values, "asyncload_lateness_seconds_count") == result.totals.lateness.count
    assert value(values, "asyncload_warmup_requests_total", outcome="OK") == result.warmup.ok
    assert value(values, "asyncload_warmup_response_seconds_count") == result.warmup.response.count
    assert value(values, "asyncload_sent_total") == result.totals.sent + result.warmup.sent
    assert value(values, "asyncload_ended") == 1


def test_a_scraper_sees_the_run_and_its_end(target: RunningEmulator) -> None:
    """Counters grow from scrape to scrape; the last scrape, after the run, equals the result; then it is over."""
    chosen, told = three_seconds(target), list[str]()
    during: list[Values] = []
    policies: list[set[int]] = []
    after: list[Values] = []

    def on_snapshot(snapshot: Snapshot) -> None:
        stream.on_snapshot(snapshot)
        during.append(scraped(stream.port))
        if sys.platform == "linux":
            tasks = [int(task.name) for task in Path(f"/proc/{stream.pid}/task").iterdir()]
            policies.append({os.sched_getscheduler(task) for task in tasks})

    def scrape_until_it_ends() -> None:
        while value(found := scraped(port), "asyncload_ended") != 1:
            pass
        after.append(found)

    asked = Streams(prometheus=0, prometheus_linger="30s")
    with stream_of(chosen, asked, told) as stream:
        port = stream.port
        result = run(chosen, Options(credentials=KEYS, on_snapshot=on_snapshot))
        scraper = threading.Thread(target=scrape_until_it_ends)
        scraper.start()
    scraper.join()
    assert_equal(after[0], result)
    assert policies[1:] == [{os.SCHED_IDLE}] * len(policies[1:])
    sent = [value(values, "asyncload_sent_total") for values in [*during, after[0]]]
    assert sent == sorted(sent)
    assert 0 < sent[1] < sent[-1]
    assert told == [
        f"prometheus: http://127.0.0.1:{port}/metrics",
        "prometheus: waiting for a last scrape, 30 s at most; Ctrl-C ends it",
    ]
    with pytest.raises(OSError, match="refused"):
        scraped(port)


def test_nobody_is_waited_for_without_a_linger(target: RunningEmulator) -> None:
    told: list[str] = []
    chosen = scenario(target.url)
    with stream_of(chosen, Streams(prometheus=0, prometheus_linger="0s"), told) as stream:
        run(chosen, Options(credentials=KEYS, on_snapshot=stream.on_snapshot))
    assert len(told) == 1


def test_many_models_share_a_series(target: RunningEmulator) -> None:
    """The busiest two of ten have their own from the first scrape to the last, the rest is `other`; no call is lost."""
    models = [
        {"name": "m-{i}.tar.gz", "count": 10, "popularity": {"zipf": 1.0}, "payload": ROW, "content_type": "text/csv"}
    ]
    chosen, told = scenario(target.url, models=models), list[str]()
    names: list[set[str]] = []

    def on_snapshot(snapshot: Snapshot) -> None:
        stream.on_snapshot(snapshot)
        found = scraped(stream.port)
        names.append({dict(labels)["model"] for name, labels in found if name == "asyncload_requests_total"})
        last.append(found)

    last: list[Values] = []
    asked = Streams(prometheus=0, prometheus_linger="30s", metrics_models=2)
    with stream_of(chosen, asked, told) as stream:
        result = run(chosen, Options(credentials=KEYS, on_snapshot=on_snapshot))
        port = stream.port

        def scrape_until_it_ends() -> None:
            while value(found := scraped(port), "asyncload_ended") != 1:
                pass
            last.append(found)

        scraper = threading.Thread(target=scrape_until_it_ends)
        scraper.start()
    scraper.join()
    assert names == [{"m-0.tar.gz", "m-1.tar.gz", "other"}] * len(names)
    others = sum(model.ok for model in result.models[2:])
    assert value(last[-1], "asyncload_requests_total", model="other", outcome="OK") == others > 0
    assert value(last[-1], "asyncload_requests_total", model="m-0.tar.gz", outcome="OK") == result.models[0].ok


def test_a_port_that_is_taken_is_said_before_anything_is_sent(target: RunningEmulator) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        stream = stream_of(scenario(target.url), Streams(prometheus=port), [])
        with pytest.raises(StartError, match=f"127.0.0.1:{port}: cannot listen.*another port"), stream:
            pass


def test_the_run_survives_its_streams(target: RunningEmulator) -> None:
    """If the serving process dies half-way, it is told once, and the result is whole."""
    chosen, told = three_seconds(target), list[str]()

    def on_snapshot(snapshot: Snapshot) -> None:
        if snapshot.row.second == 1:
            os.kill(stream.pid, signal.SIGKILL)
        stream.on_snapshot(snapshot)

    with stream_of(chosen, Streams(prometheus=0), told) as stream:
        result = run(chosen, Options(credentials=KEYS, on_snapshot=on_snapshot))
    assert result.totals.ok == result.totals.calls > 300
    assert told[1:] == ["streams: their process has ended; the run goes on without them"]


def last_counts(found: Collector) -> dict[tuple[str, str], int]:
    points = [(attributes(point.attributes), point.as_int) for point in found.last("asyncload.requests")]
    return {(key["asyncload.model"], key["asyncload.outcome"]): count for key, count in points}


@pytest.mark.parametrize("buckets", ["explicit_bucket_histogram", "base2_exponential_bucket_histogram"])
def test_a_collector_gets_the_run(target: RunningEmulator, buckets: str) -> None:
    """While it lasts and at its end; the last export equals the result, and says whose it is."""
    chosen, told = three_seconds(target), list[str]()
    variables = {
        "OTEL_METRIC_EXPORT_INTERVAL": "500",
        "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION": buckets,
    }

    def on_snapshot(snapshot: Snapshot) -> None:
        stream.on_snapshot(snapshot)
        assert found.arrived.wait(60)  # the run may be over before a process that yields to all others has its turn

    with collector() as found:
        with stream_of(chosen, Streams(otlp=found.url), told, **variables) as stream:
            result = run(chosen, Options(credentials=KEYS, on_snapshot=on_snapshot))
        assert told == []
        assert len(found.metrics) > 1
        whose = attributes(found.metrics[-1].resource.attributes)
        assert (whose["service.name"], whose["asyncload.run"]) == ("asyncload", "run-1")
        assert whose["asyncload.digest"] == result.plan_digest
        counts = last_counts(found)
        for model in result.models:
            assert counts[model.name, "OK"] == model.ok
        service = {attributes(p.attributes)["asyncload.model"]: p for p in found.last("http.client.request.duration")}
        for model in result.models:
            point = service[model.name]
            assert point.count == model.service.count
            assert point.sum == pytest.approx(model.service.mean_us() * model.service.count / 1e6)
            inside = point.positive.bucket_counts if buckets.startswith("base2") else point.bucket_counts
            assert sum(inside) == point.count
        assert attributes(found.last("http.client.active_requests")[0].attributes)["server.address"] == "127.0.0.1"
        assert found.last("asyncload.ended")[0].as_int == 1


def test_sampled_calls_are_spans_of_the_same_trace(target: RunningEmulator) -> None:
    """One for each sampled call, with the ids that its request carried."""
    chosen, told = three_seconds(target), list[str]()
    sent: list[str] = []

    def on_snapshot(snapshot: Snapshot) -> None:
        sent.extend(span.trace_id for span in snapshot.spans)
        stream.on_snapshot(snapshot)

    with collector() as found:
        with stream_of(chosen, Streams(otlp=found.url), told) as stream:
            options = Options(credentials=KEYS, on_snapshot=on_snapshot, traceparent=0.25, spans=True)
            result = run(chosen, options)
        assert told == []
        assert sorted(span.trace_id.hex() for span in found.spans) == sorted(sent)
        assert 0.1 < len(sent) / (result.totals.sent + result.warmup.sent) < 0.4
        started = result.health.started_unix_ns
        assert all(started < span.start_time_unix_nano < span.end_time_unix_nano for span in found.spans)


@pytest.mark.parametrize("status", [None, 403])
def test_a_collector_that_fails_is_told_once(
    target: RunningEmulator, status: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody listens, or it refuses: the first failure in words, at the end how many; the run is as good as ever."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "2")
    chosen, told = scenario(target.url), list[str]()
    with collector(status or 500) as found:
        url = found.url if status else "http://127.0.0.1:9"
        variables = {"OTEL_METRIC_EXPORT_INTERVAL": "200"}
        with stream_of(chosen, Streams(otlp=url), told, **variables) as stream:
            result = run(chosen, Options(credentials=KEYS, on_snapshot=stream.on_snapshot))
    assert result.totals.ok == result.totals.calls > 100
    first, last = told
    assert first.startswith("otlp: metrics could not be exported: ")
    assert first.endswith("code: 403, reason: Forbidden" if status else ": [Errno 111] Connection refused")
    assert re.fullmatch(r"otlp: \d+ of \d+ exports failed", last)


def test_the_command_serves_and_exports(target: RunningEmulator, tmp_path: Path) -> None:
    """All options at once; headers come from the environment, and no secret is printed."""
    with collector() as found:
        done = asyncload(
            "run", scenario_file(tmp_path, target), "--json", "--out", "out", "--prometheus", "0",
            "--prometheus-linger", "0s", "--metrics-models", "1", "--otlp", found.url, "--traceparent", "0.5",
            cwd=tmp_path, OTEL_EXPORTER_OTLP_HEADERS="api-key=s3cr3t",
        )  # fmt: skip
        result = json.loads(done.stdout)
        assert done.returncode in (0, 3), done.stderr
        assert re.search(r"prometheus: http://127\.0\.0\.1:\d+/metrics\n", done.stderr)
        assert "s3cr3t" not in done.stdout + done.stderr
        assert {headers["api-key"] for headers in found.headers} == {"s3cr3t"}
        assert attributes(found.metrics[-1].resource.attributes)["asyncload.run"] == "out"
        counts = last_counts(found)
        assert counts["xgboost-0.tar.gz", "OK"] == result["models"][0]["ok"]
        assert counts["other", "OK"] == result["models"][1]["ok"]
        assert len(found.spans) > 30


@pytest.mark.parametrize("exporting", [False, True])
def test_the_streams_have_no_use_for_secrets(monkeypatch: pytest.MonkeyPatch, *, exporting: bool) -> None:
    """What a collector is to be sent as headers is for who exports, and nothing of AWS is for anybody."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of-aws")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "api-key=of-the-collector")
    asked = Streams(prometheus=0, prometheus_linger="0s", otlp="http://127.0.0.1:9" if exporting else None)
    with stream_of(scenario("http://127.0.0.1:9"), asked, []) as stream:
        known = Path(f"/proc/{stream.pid}/environ").read_text()
    assert "of-aws" not in known
    assert ("of-the-collector" in known) == exporting


def test_ctrl_c_ends_the_waiting_for_a_scrape(target: RunningEmulator, tmp_path: Path) -> None:
    """The result is printed before; the exit code is the result's."""
    command = [
        sys.executable, "-m", "asyncload", "run", scenario_file(tmp_path, target), "--quiet", "--out", "out",
        "--prometheus", "0", "--prometheus-linger", "100s",
    ]  # fmt: skip
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        assert process.stdout is not None
        said = [process.stderr.readline(), process.stderr.readline()]
        assert "waiting for a last scrape, 100 s at most" in said[1], said
        printed = "".join(iter(process.stdout.readline, "Run directory: out\n"))
        process.send_signal(signal.SIGINT)
        assert process.wait(20) in (0, 3)
        assert printed.startswith(("VALID", "INVALID"))
        assert process.stderr.read() == ""


def test_a_process_that_does_not_keep_up_is_given_up() -> None:
    """It stands still: two minutes of seconds are kept for it, then it is told once, and nothing is kept any more."""
    told: list[str] = []
    opening = Opening(version="1", scenario="s", run="r", models=NAMES, labels=NAMES, prometheus=0, linger_s=60)
    (second,) = snapshots([[Made(0, model % 3, 1_000 + model) for model in range(20_000)]])
    with Stream(opening, range(3), told.append) as stream:
        os.kill(stream.pid, signal.SIGSTOP)
        for _ in range(300):
            stream.on_snapshot(second)
    assert told[1:] == ["streams: their process does not keep up; the run goes on without them"]


def test_a_process_that_says_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """It hangs before it listens."""
    monkeypatch.setattr("asyncload.telemetry.stream._COMMAND", ("-c", "import time; time.sleep(100)"))
    monkeypatch.setattr("asyncload.telemetry.stream._BEGIN_S", 0.5)
    opening = Opening(version="1", scenario="s", run="r", models=NAMES, labels=NAMES, prometheus=0)
    stream = Stream(opening, range(3), lambda _: None)
    with pytest.raises(StartError, match="did not start: it says nothing"), stream:
        pass


def test_the_process_does_not_outlive_whoever_waits_with_it() -> None:
    """The run is over, nobody has scraped, and the run's own process is killed: its end of the pipe closes."""
    opening = Opening(version="1", scenario="s", run="r", models=("a",), labels=("a",), prometheus=0, linger_s=1_000)
    with subprocess.Popen(
        [sys.executable, *_COMMAND], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, env=environment()
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        write(process.stdin.fileno(), opening, np.array([0, 1]))
        assert b"ready" in process.stdout.readline()
        write(process.stdin.fileno(), Closing(linger=True))
        process.stdin.close()
        assert process.wait(60) == 0


def test_a_slow_collector_is_told_of_and_not_waited_for_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its process stands still, as it would behind a collector that takes nothing."""
    for name in ("_SOON_S", "_END_S"):
        monkeypatch.setattr(f"asyncload.telemetry.stream.{name}", {"_SOON_S": 0.2, "_END_S": 0.5}[name])
    told: list[str] = []
    with stream_of(scenario("http://127.0.0.1:9"), Streams(otlp="http://127.0.0.1:9"), told) as stream:
        os.kill(stream.pid, signal.SIGSTOP)
    assert told == [
        "otlp: waiting for the collector to take the rest, 0.3 s at most; Ctrl-C ends it",
        "streams: their process did not end in time; what it had not sent is lost",
    ]


def test_a_process_that_does_not_start_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """With its last words, and before anything is sent."""
    monkeypatch.setattr("asyncload.telemetry.stream._COMMAND", ("-c", "import absent"))
    opening = Opening(version="1", scenario="s", run="r", models=NAMES, labels=NAMES, prometheus=0)
    stream = Stream(opening, range(3), lambda _: None)
    with pytest.raises(StartError, match=r"did not start: .*No module named 'absent'"), stream:
        pass
