"""SageMaker's control plane, S3 and CloudWatch behind the signature check, asked by boto3 and aiobotocore."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from aiobotocore.session import get_session
from botocore.config import Config
from botocore.exceptions import ClientError

from asyncload.emulator.aws.cloudwatch import CloudWatch, Metrics
from asyncload.emulator.aws.discovery import ControlPlane, Count, EndpointNow, Listing, played_bucket
from asyncload.emulator.aws.services import Services
from asyncload.emulator.aws.signature import SignatureCheck
from asyncload.emulator.config.emulator import DEMO_CREDENTIALS
from asyncload.emulator.config.endpoint import EndpointPlayed, InstancePlayed, ModelPlayed, VariantPlayed
from tests.real.answering import served

PLAYED = EndpointPlayed(
    name="My-mme",
    cache=False,
    models=(
        ModelPlayed(name="deep/xgb-{i}.tar.gz", count=25, artefact_bytes=100),
        ModelPlayed(name="a b&c+d.tar.gz", artefact_bytes=7),
    ),
    variants=(
        VariantPlayed(name="blue", weight=3, instances=2, instance=InstancePlayed(type="ml.c5.large")),
        VariantPlayed(name="green"),
    ),
)
STARTED_S = 1_766_000_000


def _client(service: str, url: str, secret: str = DEMO_CREDENTIALS.secret_key, key: str = "AKIDEXAMPLE") -> Any:
    return boto3.client(service, endpoint_url=url, **_options(secret, key))


def _options(secret: str = DEMO_CREDENTIALS.secret_key, key: str = "AKIDEXAMPLE") -> dict[str, Any]:
    return {
        "region_name": "us-east-1",
        "aws_access_key_id": key,
        "aws_secret_access_key": secret,
        "config": Config(retries={"total_max_attempts": 1}),
    }


@pytest.fixture
def url() -> Iterator[str]:
    """Where all services are served."""
    now = EndpointNow("InService", {"blue": Count(1, 2), "green": Count(1, 1)})
    bucket = played_bucket([PLAYED])
    services = Services(
        [
            ControlPlane([PLAYED], {"My-mme": now}.__getitem__, STARTED_S, "us-east-1"),
            Listing(lambda: bucket, STARTED_S),
            CloudWatch(Metrics(), 0, time.time),
        ],
        SignatureCheck([DEMO_CREDENTIALS]),
    )
    with served(lambda request: services.answer(request, time.time())) as place:
        yield place


def test_an_endpoint_is_followed_to_its_models(url: str) -> None:
    """From the endpoint to its configuration, from there to the model, and from its prefix to every artefact."""
    sagemaker, s3 = _client("sagemaker", url), _client("s3", url)
    endpoint = sagemaker.describe_endpoint(EndpointName="My-mme")
    config = sagemaker.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
    model = sagemaker.describe_model(ModelName=config["ProductionVariants"][0]["ModelName"])
    container = model["PrimaryContainer"]
    assert (container["Mode"], container["MultiModelConfig"]) == ("MultiModel", {"ModelCacheSetting": "Disabled"})
    bucket, _, prefix = container["ModelDataUrl"].removeprefix("s3://").partition("/")
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix=prefix, PaginationConfig={"PageSize": 10}
    )
    found = {each["Key"].removeprefix(prefix): each["Size"] for page in pages for each in page["Contents"]}
    assert found == {"a b&c+d.tar.gz": 7} | {f"deep/xgb-{i}.tar.gz": 100 for i in range(25)}


def test_an_endpoint_is_described_as_it_is_now(url: str) -> None:
    """Counts of instances are live, weights and types are as configured."""
    sagemaker = _client("sagemaker", url)
    endpoint = sagemaker.describe_endpoint(EndpointName="My-mme")
    assert endpoint["EndpointStatus"] == "InService"
    assert endpoint["CreationTime"].timestamp() == STARTED_S
    assert endpoint["EndpointArn"] == "arn:aws:sagemaker:us-east-1:123456789012:endpoint/my-mme"
    blue, green = endpoint["ProductionVariants"]
    assert (blue["CurrentInstanceCount"], blue["DesiredInstanceCount"], blue["CurrentWeight"]) == (1, 2, 3.0)
    assert green["VariantName"] == "green"
    config = sagemaker.describe_endpoint_config(EndpointConfigName="My-mme-config")
    assert [each["InstanceType"] for each in config["ProductionVariants"]] == ["ml.c5.large", "ml.m5.xlarge"]
    assert [each["EndpointName"] for each in sagemaker.list_endpoints()["Endpoints"]] == ["My-mme"]


def test_common_prefixes_are_listed(url: str) -> None:
    """A delimiter folds what lies below it."""
    listed = _client("s3", url).list_objects_v2(Bucket="emulated", Prefix="My-mme/", Delimiter="/")
    assert [each["Prefix"] for each in listed["CommonPrefixes"]] == ["My-mme/deep/"]
    assert [each["Key"] for each in listed["Contents"]] == ["My-mme/a b&c+d.tar.gz"]


def test_unknown_names_are_refused_as_aws_does(url: str) -> None:
    """An unknown endpoint is a ValidationException, an unknown bucket is NoSuchBucket."""
    with pytest.raises(ClientError, match="Could not find endpoint") as unknown:
        _client("sagemaker", url).describe_endpoint(EndpointName="other")
    assert unknown.value.response["Error"]["Code"] == "ValidationException"
    s3 = _client("s3", url)
    with pytest.raises(s3.exceptions.NoSuchBucket):
        s3.list_objects_v2(Bucket="other-bucket")


def test_wrong_signatures_are_refused_in_each_service_words(url: str) -> None:
    """A wrong secret and an unknown key have the codes that users of each service know."""
    calls = {"sagemaker": "list_endpoints", "cloudwatch": "list_metrics"}
    codes = dict[str, list[str]]()
    for service in ("sagemaker", "cloudwatch", "s3"):
        for client in (_client(service, url, "wrong"), _client(service, url, key="AKIDUNKNOWN")):
            with pytest.raises(ClientError) as refused:
                client.list_objects_v2(Bucket="emulated") if service == "s3" else getattr(client, calls[service])()
            codes.setdefault(service, []).append(refused.value.response["Error"]["Code"])
    assert codes == {
        "sagemaker": ["InvalidSignatureException", "UnrecognizedClientException"],
        "cloudwatch": ["SignatureDoesNotMatch", "InvalidClientTokenId"],
        "s3": ["SignatureDoesNotMatch", "InvalidAccessKeyId"],
    }


def test_aiobotocore_asks_too(url: str) -> None:
    """The asynchronous clients see the same."""

    async def ask() -> tuple[str, int, list[Any]]:
        session = get_session()
        async with (
            session.create_client("sagemaker", endpoint_url=url, **_options()) as sagemaker,
            session.create_client("s3", endpoint_url=url, **_options()) as s3,
            session.create_client("cloudwatch", endpoint_url=url, **_options()) as cloudwatch,
        ):
            endpoint = await sagemaker.describe_endpoint(EndpointName="My-mme")
            listed = await s3.list_objects_v2(Bucket="emulated", Prefix="My-mme/deep/")
            metrics = await cloudwatch.list_metrics()
            return endpoint["EndpointStatus"], listed["KeyCount"], metrics["Metrics"]

    assert asyncio.run(ask()) == ("InService", 25, [])
