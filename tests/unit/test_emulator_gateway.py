"""What a request may say, held against AWS's own model of the service, and what is noted of it."""

import asyncio
import json
from dataclasses import replace
from time import monotonic_ns

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.session import get_session

from asyncload.emulator.aws.cloudwatch import Name
from asyncload.emulator.aws.cloudwatch.metrics import Series
from asyncload.emulator.config.emulator import Emulator
from asyncload.emulator.config.endpoint import EndpointPlayed, ModelPlayed
from asyncload.emulator.config.faults import ErrorReply
from asyncload.emulator.config.laws import Fixed
from asyncload.emulator.gateway import _LONGEST, Gateway
from asyncload.emulator.scene import Scene, Setting
from asyncload.emulator.wire.values import Left, Request


def test_no_header_may_be_longer_than_at_aws() -> None:
    """Each header of InvokeEndpoint that has a limit in botocore's service model has the same one here."""
    service = get_session().get_service_model("sagemaker-runtime")
    members = service.operation_model("InvokeEndpoint").input_shape.members.values()
    limits = {
        shape.serialization["name"].lower(): shape.metadata["max"]
        for shape in members
        if shape.serialization.get("location") == "header"
    }
    assert limits == _LONGEST


def asking(scene: Scene, model: str, body: bytes = b"1,2", headers: dict[str, str] | None = None) -> Request:
    """Return a signed request for a model of `mme`, or an unsigned one with these headers only."""
    asked = AWSRequest(
        "POST",
        "http://127.0.0.1/endpoints/mme/invocations",
        headers={"Host": "127.0.0.1", "X-Amzn-SageMaker-Target-Model": model},
        data=body,
    )
    key = scene.config.credentials[0]
    SigV4Auth(Credentials(key.access_key, key.secret_key), "sagemaker", "us-east-1").add_auth(asked)
    sent = dict(asked.headers.items()) if headers is None else headers
    pairs = tuple((name.encode(), value.encode()) for name, value in sent.items())
    values = {name.lower(): value for name, value in sent.items()}
    target = "/endpoints/mme/invocations"
    return Request("POST", target, pairs, body, True, monotonic_ns(), "127.0.0.1", values)  # noqa: FBT003


def answered(config: Emulator, *models: str) -> Scene:
    """Have a request answered for each model, one after the other, and return what was seen."""

    async def play() -> Scene:
        scene = Scene(config, Setting(warn=pytest.fail))
        await scene.start()
        gateway = Gateway(scene)
        for model in models:
            reply = await gateway.handle(asking(scene, model))
            assert reply.sent is not None
            reply.sent(Left(monotonic_ns()))
        await scene.close()
        return scene

    return asyncio.run(play())


def count(scene: Scene, name: Name) -> float:
    """Return the sum of a metric."""
    return sum(found.total for _, found in scene.metrics.minutes(Series(name, "mme", "AllTraffic"), 0, 10**9))


def test_what_a_container_answered_to_a_load_or_by_fault_is_its_error() -> None:
    """A model that is too large (507) and a ModelError by fault are 5XX and model errors without any latency."""
    large = ModelPlayed(name="large", memory_bytes=2**40)
    endpoint = EndpointPlayed(name="mme", models=(large, ModelPlayed(name="*", service=Fixed(fixed_ns=0))))
    config = Emulator(endpoints=(endpoint,), faults=(ErrorReply(error="ModelError", models="faulty"),))
    scene = answered(config, "large", "faulty", "good")
    assert [json.loads(line)["status"] for line in scene.truth.since(0)] == [424, 424, 200]
    assert (count(scene, Name.ERRORS_5XX), count(scene, Name.ERRORS_4XX), count(scene, Name.MODEL_ERRORS)) == (2, 0, 2)
    latencies = scene.metrics.minutes(Series(Name.MODEL_LATENCY, "mme", "AllTraffic"), 0, 10**9)
    assert sum(found.count for _, found in latencies) == 1


def test_what_is_cut_off_at_the_end_has_a_row() -> None:
    """A request in service is cancelled: LOST with status 0, and none of its wait counts as the emulator's lateness."""
    slow = EndpointPlayed(name="mme", models=(ModelPlayed(name="*", service=Fixed(fixed_ns=50_000_000_000)),))

    async def play() -> Scene:
        scene = Scene(Emulator(endpoints=(slow,)), Setting(warn=pytest.fail))
        await scene.start()
        asked = asyncio.create_task(Gateway(scene).handle(asking(scene, "a")))
        await asyncio.sleep(0)
        asked.cancel()
        await asyncio.wait({asked})
        await scene.close()
        return scene

    (row,) = map(json.loads, asyncio.run(play()).truth.since(0))
    assert (row["outcome"], row["status"], row["model"], row["instance"]) == ("LOST", 0, "a", "AllTraffic/0")


@pytest.mark.parametrize("signed", [True, False])
def test_long_names_of_refused_requests_are_not_kept(*, signed: bool) -> None:
    """A row has as much of a name as AWS allows, however much of it a head can carry."""

    async def play() -> Scene:
        scene = Scene(Emulator(), Setting(warn=pytest.fail))
        names = {"X-Amzn-SageMaker-Target-Model": "m" * 5000, "X-Amzn-SageMaker-Inference-Id": "i" * 5000}
        request = asking(scene, "m" * 5000, headers=None if signed else names)
        request = replace(request, target=f"/endpoints/{'e' * 5000}/invocations")
        reply = await Gateway(scene).handle(request)
        assert reply.sent is not None
        reply.sent(Left(monotonic_ns()))
        await scene.close()
        return scene

    (row,) = map(json.loads, asyncio.run(play()).truth.since(0))
    assert (row["endpoint"], row["model"]) == ("e" * 63, "m" * 1024)
    assert row["inference_id"] == ("" if signed else "i" * 64)
