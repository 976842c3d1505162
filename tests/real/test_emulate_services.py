"""What the emulator says of its traffic through AWS's own APIs, against its ground truth."""

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest
from aiobotocore.session import get_session

from asyncload.options import Options
from asyncload.runner import run
from tests.real.runs import KEYS, scenario
from tests.real.servers import RunningEmulator, emulator

CONFIG = {
    "endpoints": [
        {
            "name": "xgboost-mme",
            "variants": [{"instance": {"memory": "2MiB"}}],
            "download": {"latency": {"fixed": "20ms"}},
            "load": {"fixed": "30ms"},
            "unload": {"fixed": "10ms"},
            "models": [
                {"name": "bad.tar.gz", "error_ratio": 1, "error_status": 500},
                {"name": "m-{i}.tar.gz", "count": 5, "service": {"fixed": "3ms"}},
            ],
        }
    ],
    "publish_after": "0s",
}


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEmulator]:
    """An emulator after a run over five models with memory for two, and some calls that fail."""
    folder = tmp_path_factory.mktemp("services")
    (folder / "emulator.json").write_text(json.dumps(CONFIG))
    with emulator(folder / "emulator.json") as running:
        models = [
            {"name": "m-{i}.tar.gz", "count": 5, "weight": 9, "content_type": "text/csv", "payload": "1,2"},
            {"name": "bad.tar.gz", "weight": 1, "content_type": "text/csv", "payload": "1,2"},
        ]
        phases = [{"law": "poisson", "rate": "50/s", "for": "2s"}]
        run(scenario(running.url, models=models, phases=phases), Options(credentials=KEYS))
        yield running


def values(target: RunningEmulator, metric: str, statistic: str, namespace: str = "AWS/SageMaker") -> float:
    """Ask with aiobotocore's own client; one value over all minutes so far."""
    now = datetime.now(UTC)
    dimensions = [{"Name": "EndpointName", "Value": "xgboost-mme"}, {"Name": "VariantName", "Value": "AllTraffic"}]
    named = {"Namespace": namespace, "MetricName": metric, "Dimensions": dimensions}
    query = {"Id": "q", "MetricStat": {"Metric": named, "Period": 3600, "Stat": statistic}}

    async def ask() -> list[float]:
        async with get_session().create_client("cloudwatch", **target.sdk) as cloudwatch:
            reply = await cloudwatch.get_metric_data(
                MetricDataQueries=[query], StartTime=now - timedelta(hours=2), EndTime=now + timedelta(hours=2)
            )
            found: list[float] = reply["MetricDataResults"][0]["Values"]
            return found

    found = asyncio.run(ask())
    return sum(found) if statistic in {"Sum", "SampleCount"} else max(found)


def test_counts_are_those_of_the_truth_log(target: RunningEmulator) -> None:
    """Invocations, errors and cache hits."""
    rows = target.truth()
    assert values(target, "Invocations", "Sum") == len(rows)
    assert values(target, "InvocationModelErrors", "Sum") == sum(row["outcome"] == "ModelError" for row in rows) > 0
    assert values(target, "Invocation5XXErrors", "Sum") == sum(row["outcome"] == "ModelError" for row in rows)
    hits = sum(row["tier"] == "hot" for row in rows)
    assert 0 < values(target, "ModelCacheHit", "Sum") == hits < len(rows)
    assert values(target, "ModelLoadingWaitTime", "SampleCount") == len(rows) - hits


def test_times_are_microseconds(target: RunningEmulator) -> None:
    """ModelLatency is queue and service; loads, downloads and unloads take what the laws say."""
    rows = target.truth()
    latency_us = [(row["queue_ns"] + row["service_ns"]) / 1000 for row in rows]
    assert values(target, "ModelLatency", "Average") == pytest.approx(sum(latency_us) / len(rows), rel=0.01)
    for metric, least_us in (
        ("ModelDownloadingTime", 20_000),
        ("ModelLoadingTime", 30_000),
        ("ModelUnloadingTime", 10_000),
    ):
        assert least_us <= values(target, metric, "Minimum") < least_us + 15_000
    waits_us = [row["load_ns"] / 1000 for row in rows if row["tier"] != "hot"]
    assert values(target, "ModelLoadingWaitTime", "Maximum") == pytest.approx(max(waits_us), rel=0.01)


def test_the_instances_are_described(target: RunningEmulator) -> None:
    """LoadedModelCount and the utilisations stay within what the configuration gives."""
    namespace = "/aws/sagemaker/Endpoints"
    assert values(target, "LoadedModelCount", "Maximum", namespace) == 2
    assert values(target, "MemoryUtilization", "Maximum", namespace) == 100
    assert 0 < values(target, "DiskUtilization", "Maximum", namespace) < 1
    assert 0 <= values(target, "CPUUtilization", "Maximum", namespace) <= 400


def test_discovery_leads_from_the_endpoint_to_its_models(target: RunningEmulator) -> None:
    """DescribeEndpoint, its configuration, its model, and what lies below the model's S3 prefix."""
    sagemaker, s3 = (boto3.client(name, **target.sdk) for name in ("sagemaker", "s3"))
    endpoint = sagemaker.describe_endpoint(EndpointName="xgboost-mme")
    assert (endpoint["EndpointStatus"], endpoint["ProductionVariants"][0]["CurrentInstanceCount"]) == ("InService", 1)
    config = sagemaker.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
    model = sagemaker.describe_model(ModelName=config["ProductionVariants"][0]["ModelName"])
    bucket, _, prefix = model["PrimaryContainer"]["ModelDataUrl"].removeprefix("s3://").partition("/")
    found = s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]
    assert [each["Key"].removeprefix(prefix) for each in found] == ["bad.tar.gz", *(f"m-{i}.tar.gz" for i in range(5))]


def test_a_folder_of_models_is_listed(tmp_path: Path) -> None:
    """With a container behind it, S3 holds what the folder does; a folder that is itself a model counts as one."""
    for name in ("a.tar.gz", "team/b.tar.gz", "open/model.py", ".hidden"):
        (tmp_path / "models" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "models" / name).write_bytes(b"1234")
    with emulator(None, "--container", "mms", "--models", str(tmp_path / "models")) as running:
        found = boto3.client("s3", **running.sdk).list_objects_v2(Bucket="emulated")["Contents"]
    assert {each["Key"]: each["Size"] for each in found} == {
        "xgboost-mme/a.tar.gz": 4,
        "xgboost-mme/open": 4,
        "xgboost-mme/team/b.tar.gz": 4,
    }
