"""cli.telemetry: which streams are asked for, of which models, and what cannot be meant."""

from pathlib import Path

import pytest

from asyncload.cli.telemetry import Streams, busiest, labels, streams
from asyncload.errors import UsageError
from asyncload.scenario import Arrivals, Endpoint, Model, Scenario, Trace, Zipf


def scenario(*models: Model, trace: Path | None = None) -> Scenario:
    phase = Arrivals(rate=10.0, length_ns=10**9) if trace is None else Trace(trace=trace)
    endpoint = Endpoint(name="mme", region="us-east-1", url="http://127.0.0.1:9")
    return Scenario(endpoint=endpoint, models=models or (Model(name="a"),), phases=(phase,), name="s")


def test_the_busiest_are_those_of_which_most_is_expected() -> None:
    """By weight and popularity, in the scenario's order; of equals the first."""
    family = Model(name="m-{i}", count=6, popularity=Zipf(zipf=1.0))
    chosen = scenario(Model(name="a", weight=0.1), family, Model(name="z", weight=10))
    assert busiest(chosen, 3) == [1, 2, 7]
    assert busiest(chosen, 100) == list(range(8))
    assert busiest(scenario(*(Model(name=name) for name in "abcd")), 2) == [0, 1]


def test_a_trace_names_its_models(tmp_path: Path) -> None:
    """What it calls often is busy, whatever the weights are."""
    path = tmp_path / "trace.csv"
    path.write_text("timestamp,model\n0,c\n1,c\n2,d\n")
    models = [Model(name=name, weight=10 - at) for at, name in enumerate("abcd")]
    assert busiest(scenario(*models, trace=path), 2) == [2, 3]
    assert busiest(scenario(*models, trace=path), 3) == [0, 2, 3]


def test_the_others_have_a_label_that_no_model_has() -> None:
    assert labels(("a", "b"), [0, 1]) == ("a", "b")
    assert labels(("a", "b", "c"), [1]) == ("b", "other")
    assert labels(("other", "b", "c"), [0]) == ("other", "other models")


def test_nothing_is_asked_for() -> None:
    assert streams(scenario(), Streams(), "r", {}) == []


@pytest.mark.parametrize(
    ("asked", "variables", "said"),
    [
        (Streams(prometheus_linger="5s"), {}, ["there is no --prometheus"]),
        (Streams(prometheus=0, prometheus_linger="soon"), {}, ["--prometheus-linger: ", "soon"]),
        (Streams(metrics_models=5), {}, ["there is neither"]),
        (Streams(otlp="collector:4318"), {}, ["--otlp: "]),
        (Streams(otlp="http://user:secret@127.0.0.1"), {}, ["--otlp: ", "password"]),
        (Streams(otlp="http://collector:4318"), {}, ["--allow-plaintext"]),
        (Streams(otlp="http://127.0.0.1:4318"), {"OTEL_METRIC_EXPORT_INTERVAL": "5s"}, ["milliseconds", "'5s'"]),
        (
            Streams(otlp="http://127.0.0.1:4318"),
            {"OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": "delta"},
            ["only cumulative", "collector"],
        ),
        (
            Streams(otlp="http://127.0.0.1:4318"),
            {"OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION": "wide"},
            ["explicit_bucket_histogram or base2_exponential_bucket_histogram, found 'wide'"],
        ),
    ],
)
def test_what_cannot_be_meant_is_said(asked: Streams, variables: dict[str, str], said: list[str]) -> None:
    with pytest.raises(UsageError) as error:
        streams(scenario(), asked, "r", variables)
    assert all(words in str(error.value) for words in said), str(error.value)
    assert "secret" not in str(error.value)


def test_all_mistakes_are_said_at_once() -> None:
    asked = Streams(prometheus_linger="soon", otlp="nowhere", metrics_models=3)
    with pytest.raises(UsageError, match="3 mistakes"):
        streams(scenario(), asked, "r", {})
