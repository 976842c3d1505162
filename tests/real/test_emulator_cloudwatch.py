"""CloudWatch's face, read by boto3 and aiobotocore in every protocol that they know."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from aiobotocore.session import get_session
from botocore.config import Config
from botocore.exceptions import ClientError

from asyncload.emulator.aws.cloudwatch import CloudWatch, Invocation, Metrics, Name
from asyncload.emulator.aws.cloudwatch.metrics import Series
from asyncload.emulator.wire.values import Reply, Request
from tests.real.answering import served

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
NOON_S = NOON.timestamp()
PROTOCOLS = ("json", "smithy-rpc-v2-cbor", "query")
DIMENSIONS = [{"Name": "EndpointName", "Value": "mme"}, {"Name": "VariantName", "Value": "AllTraffic"}]
CLIENT = {
    "region_name": "us-east-1",
    "aws_access_key_id": "AKIDEXAMPLE",
    "aws_secret_access_key": "secret",
    "config": Config(retries={"total_max_attempts": 1}),
}


def _metrics() -> Metrics:
    """Three minutes from noon on: 1, 2 and 3 requests of 10, 20 and 30 ms."""
    metrics = Metrics()
    for minute in range(3):
        for _ in range(minute + 1):
            seen = Invocation(
                status=200, instances=2, overhead_ns=1_000, latency_ns=10_000_000 * (minute + 1), hit=True
            )
            metrics.invocation("mme", "AllTraffic", NOON_S + 60 * minute, seen)
    metrics.add(Series(Name.LOADED_MODELS, "mme", "AllTraffic"), NOON_S, 7)
    return metrics


@pytest.fixture
def heard() -> list[str]:
    """The content types of the requests that came."""
    return []


@pytest.fixture
def url(heard: list[str]) -> Iterator[str]:
    """Where CloudWatch is served, ten minutes past noon, two minutes late."""
    service = CloudWatch(_metrics(), publish_after_s=120, now_s=lambda: NOON_S + 600)

    def answer(request: Request) -> Reply | None:
        heard.append(request.values["content-type"].partition(";")[0])
        return service.answer(request)

    with served(answer) as place:
        yield place


@pytest.fixture(params=PROTOCOLS)
def client(
    request: pytest.FixtureRequest, url: str, monkeypatch: pytest.MonkeyPatch, heard: list[str]
) -> Iterator[Any]:
    """A boto3 client that is made to speak one protocol."""
    monkeypatch.setattr("botocore.model.PRIORITY_ORDERED_SUPPORTED_PROTOCOLS", (request.param,))
    made = boto3.client("cloudwatch", endpoint_url=url, **CLIENT)
    yield made
    made.close()
    types = {
        "json": "application/x-amz-json-1.0",
        "query": "application/x-www-form-urlencoded",
        "smithy-rpc-v2-cbor": "application/cbor",
    }
    assert set(heard) == {types[request.param]}


def _query(id_: str, metric: str, stat: str, period: int = 60, namespace: str = "AWS/SageMaker") -> dict[str, Any]:
    which = {"Namespace": namespace, "MetricName": metric, "Dimensions": DIMENSIONS}
    return {"Id": id_, "MetricStat": {"Metric": which, "Period": period, "Stat": stat}}


def _asked(*queries: dict[str, Any], **more: Any) -> dict[str, Any]:
    times = {"StartTime": NOON, "EndTime": NOON + timedelta(minutes=10)}
    return {"MetricDataQueries": list(queries), **times, **more}


def test_metric_data_is_read(client: Any) -> None:
    """Times and values come back as they were put in, newest first unless asked otherwise."""
    found = client.get_metric_data(**_asked(_query("a", "ModelLatency", "Average"), _query("b", "Invocations", "Sum")))
    latency, invocations = found["MetricDataResults"]
    minutes = [NOON + timedelta(minutes=minute) for minute in (2, 1, 0)]
    assert (latency["Id"], latency["Timestamps"], latency["Values"]) == ("a", minutes, [30_000, 20_000, 10_000])
    assert (invocations["Label"], invocations["Values"]) == ("Invocations", [3, 2, 1])
    assert {latency["StatusCode"], invocations["StatusCode"]} == {"Complete"}
    ascending = client.get_metric_data(**_asked(_query("a", "Invocations", "Sum"), ScanBy="TimestampAscending"))
    assert ascending["MetricDataResults"][0]["Values"] == [1, 2, 3]


def test_pages_make_the_whole(client: Any) -> None:
    """A paginator with one point per page gives every point once."""
    pages = client.get_paginator("get_metric_data").paginate(
        **_asked(_query("a", "Invocations", "Sum"), ScanBy="TimestampAscending", MaxDatapoints=1)
    )
    results = [page["MetricDataResults"][0] for page in pages]
    assert [result["Values"] for result in results] == [[1], [2], [3]]
    assert [result["StatusCode"] for result in results] == ["PartialData", "PartialData", "Complete"]


def test_statistics_and_percentiles_are_read(client: Any) -> None:
    """GetMetricStatistics gives every statistic of a longer period, and percentiles."""
    found = client.get_metric_statistics(
        Namespace="AWS/SageMaker",
        MetricName="ModelLatency",
        Dimensions=DIMENSIONS,
        StartTime=NOON,
        EndTime=NOON + timedelta(minutes=10),
        Period=300,
        Statistics=["SampleCount", "Sum", "Average", "Minimum", "Maximum"],
        ExtendedStatistics=["p50"],
    )
    (point,) = found["Datapoints"]
    assert point["ExtendedStatistics"]["p50"] == pytest.approx(20_000, rel=0.001)
    expected = {"SampleCount": 6, "Sum": 140_000, "Minimum": 10_000, "Maximum": 30_000, "Unit": "Microseconds"}
    assert {name: point[name] for name in expected} == expected
    assert (point["Timestamp"], point["Average"]) == (NOON, pytest.approx(140_000 / 6))


def test_metrics_are_listed(client: Any) -> None:
    """ListMetrics finds them by namespace, and has their dimensions."""
    everything = client.list_metrics()["Metrics"]
    assert {"Namespace": "AWS/SageMaker", "MetricName": "ModelCacheHit", "Dimensions": DIMENSIONS} in everything
    found = client.list_metrics(Namespace="/aws/sagemaker/Endpoints", Dimensions=[])["Metrics"]
    assert [metric["MetricName"] for metric in found] == ["LoadedModelCount"]


def test_errors_have_their_codes(client: Any) -> None:
    """Metric math is refused with ValidationError, and what is not there with InvalidAction."""
    with pytest.raises(ClientError, match="metric math") as refused:
        client.get_metric_data(**_asked({"Id": "a", "Expression": "SUM(METRICS())"}))
    assert refused.value.response["Error"]["Code"] == "ValidationError"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    with pytest.raises(ClientError) as unknown:
        client.describe_alarms()
    assert unknown.value.response["Error"]["Code"] == "InvalidAction"


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_aiobotocore_reads_it_too(url: str, protocol: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What asyncload itself would use reads the same values in every protocol."""
    monkeypatch.setattr("botocore.model.PRIORITY_ORDERED_SUPPORTED_PROTOCOLS", (protocol,))

    async def read() -> list[float]:
        async with get_session().create_client("cloudwatch", endpoint_url=url, **CLIENT) as client:
            found = await client.get_metric_data(**_asked(_query("a", "InvocationsPerInstance", "Sum", 300)))
            values: list[float] = found["MetricDataResults"][0]["Values"]
            return values

    assert asyncio.run(read()) == [3.0]
