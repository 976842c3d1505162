"""
SageMaker's control plane, as far as it describes endpoints: AWS JSON 1.1 at POST /, X-Amz-Target SageMaker.*.

An endpoint NAME has the configuration NAME-config, and all its variants the model NAME-model.

Source: SageMaker API reference. Words of what is not found, as users report them: terraform-provider-aws, "Could not
find endpoint".
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeVar
from uuid import uuid4

import msgspec

from asyncload.emulator.aws.answers import ACCOUNT
from asyncload.emulator.aws.discovery.s3 import BUCKET
from asyncload.emulator.aws.signature import SAGEMAKER
from asyncload.emulator.config.endpoint import EndpointPlayed
from asyncload.emulator.wire.values import Reply, Request

_TARGET: Final = "SageMaker."
_IMAGE = "asyncload/emulated:latest"
_LISTED_AT_ONCE = 10
Asked = TypeVar("Asked", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Count:
    """Instances of a variant."""

    current: int
    """In service."""
    desired: int
    """What there are to be."""


@dataclass(frozen=True, slots=True)
class EndpointNow:
    """What is true of an endpoint at this moment."""

    status: Literal["InService", "Updating"]
    instances: Mapping[str, Count]
    """By variant."""


class _ByEndpoint(msgspec.Struct, frozen=True, rename="pascal"):
    endpoint_name: str


class _ByConfig(msgspec.Struct, frozen=True, rename="pascal"):
    endpoint_config_name: str


class _ByModel(msgspec.Struct, frozen=True, rename="pascal"):
    model_name: str


class _ListEndpoints(msgspec.Struct, frozen=True, rename="pascal"):
    name_contains: str = ""
    status_equals: str | None = None
    max_results: int = _LISTED_AT_ONCE
    next_token: str = "0"  # noqa: S105  a place, no secret


class _InvalidError(Exception):
    """A ValidationException in words."""


class ControlPlane:
    """Describes endpoints as they are played and as they are now."""

    service: Final = SAGEMAKER

    def __init__(
        self, played: Sequence[EndpointPlayed], now: Callable[[str], EndpointNow], started_s: float, region: str
    ) -> None:
        """
        Args:
            played: The endpoints.
            now: Says what is true of an endpoint, by its name.
            started_s: When they were made, seconds since 1970.
            region: Where they are said to be.
        """
        self._played = {endpoint.name: endpoint for endpoint in played}
        self._now = now
        self._started_s = started_s
        self._region = region

    def speaks(self, request: Request) -> bool:
        """Say whether a request is for the control plane."""
        return request.method == "POST" and request.values.get("x-amz-target", "").startswith(_TARGET)

    def answer(self, request: Request) -> Reply:
        """Answer a request for which `speaks` is true."""
        operation = request.values["x-amz-target"].removeprefix(_TARGET)
        try:
            result = self._result(operation, msgspec.json.decode(request.body or b"{}"))
        except (msgspec.DecodeError, RecursionError) as problem:  # a ValidationError is one too
            code = "ValidationException" if isinstance(problem, msgspec.ValidationError) else "SerializationException"
            return self.refuse(request, 400, code, str(problem))
        except _InvalidError as problem:
            return self.refuse(request, 400, "ValidationException", str(problem))
        if result is None:
            message = f"The emulator has no operation {operation}, only DescribeEndpoint, DescribeEndpointConfig, "
            return self.refuse(request, 400, "UnknownOperationException", message + "DescribeModel, ListEndpoints.")
        return _reply(200, result)

    def refuse(self, _: Request, status: int, code: str, message: str) -> Reply:
        """Return an error in the control plane's shape."""
        return _reply(status, {"__type": code, "message": message})

    def _result(self, operation: str, values: object) -> object:
        """Return what an operation says; None if there is no such operation."""
        match operation:
            case "DescribeEndpoint":
                return self._endpoint(_read(_ByEndpoint, values).endpoint_name)
            case "DescribeEndpointConfig":
                return self._config(_read(_ByConfig, values).endpoint_config_name)
            case "DescribeModel":
                return self._model(_read(_ByModel, values).model_name)
            case "ListEndpoints":
                return self._list(_read(_ListEndpoints, values))
        return None

    def _endpoint(self, name: str) -> object:
        played = self._find(name, "", "endpoint", "endpoint")
        now = self._now(name)
        variants = [
            {
                "VariantName": variant.name,
                "CurrentWeight": variant.weight,
                "DesiredWeight": variant.weight,
                "CurrentInstanceCount": now.instances[variant.name].current,
                "DesiredInstanceCount": now.instances[variant.name].desired,
            }
            for variant in played.variants
        ]
        return {**self._summary(name), "EndpointConfigName": f"{name}-config", "ProductionVariants": variants}

    def _config(self, name: str) -> object:
        played = self._find(name, "-config", "endpoint-config", "endpoint configuration")
        variants = [
            {
                "VariantName": variant.name,
                "ModelName": f"{played.name}-model",
                "InitialInstanceCount": variant.instances,
                "InstanceType": variant.instance.type,
                "InitialVariantWeight": variant.weight,
            }
            for variant in played.variants
        ]
        return {
            "EndpointConfigName": name,
            "EndpointConfigArn": self._arn("endpoint-config", name),
            "ProductionVariants": variants,
            "CreationTime": self._started_s,
        }

    def _model(self, name: str) -> object:
        played = self._find(name, "-model", "model", "model")
        container: dict[str, object] = {
            "Image": _IMAGE,
            "Mode": "MultiModel" if played.multi_model else "SingleModel",
            "ModelDataUrl": f"s3://{BUCKET}/{played.name}/",
            "Environment": {},
        }
        if played.multi_model:
            container["MultiModelConfig"] = {"ModelCacheSetting": "Enabled" if played.cache else "Disabled"}
        return {
            "ModelName": name,
            "ModelArn": self._arn("model", name),
            "PrimaryContainer": container,
            "ExecutionRoleArn": f"arn:aws:iam::{ACCOUNT}:role/emulated",
            "CreationTime": self._started_s,
            "EnableNetworkIsolation": False,
        }

    def _list(self, asked: _ListEndpoints) -> object:
        if not asked.next_token.isdecimal() or not 1 <= asked.max_results <= 100:
            raise _InvalidError("NextToken must be one that was given, and MaxResults from 1 to 100.")
        found = [self._summary(name) for name in self._played if asked.name_contains in name]
        found = [each for each in found if asked.status_equals in {None, each["EndpointStatus"]}]
        first = int(asked.next_token)
        end = first + asked.max_results
        return {"Endpoints": found[first:end], **({"NextToken": str(end)} if end < len(found) else {})}

    def _summary(self, name: str) -> dict[str, object]:
        return {
            "EndpointName": name,
            "EndpointArn": self._arn("endpoint", name),
            "EndpointStatus": self._now(name).status,
            "CreationTime": self._started_s,
            "LastModifiedTime": self._started_s,
        }

    def _find(self, name: str, ending: str, kind: str, words: str) -> EndpointPlayed:
        played = self._played.get(name.removesuffix(ending)) if name.endswith(ending) else None
        if played is None:
            raise _InvalidError(f'Could not find {words} "{self._arn(kind, name)}".')
        return played

    def _arn(self, kind: str, name: str) -> str:
        return f"arn:aws:sagemaker:{self._region}:{ACCOUNT}:{kind}/{name.lower()}"


def _read(kind: type[Asked], values: object) -> Asked:
    return msgspec.convert(values, kind)


def _reply(status: int, value: object) -> Reply:
    headers = {"Content-Type": "application/x-amz-json-1.1", "x-amzn-RequestId": str(uuid4())}
    return Reply(status, msgspec.json.encode(value), headers)
