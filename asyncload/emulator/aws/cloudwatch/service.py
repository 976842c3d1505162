"""CloudWatch's face: a request in, a reply out."""

from collections.abc import Callable
from typing import Final, TypeVar
from uuid import uuid4

import msgspec

from asyncload.emulator.aws.cloudwatch import operations, protocols
from asyncload.emulator.aws.cloudwatch.metrics import MINUTE_S, Metrics
from asyncload.emulator.aws.cloudwatch.operations import RequestError, Value
from asyncload.emulator.aws.signature import CLOUDWATCH
from asyncload.emulator.wire.values import Reply, Request

Asked = TypeVar("Asked", bound=msgspec.Struct)
_CODES = {
    "MissingAuthenticationTokenException": "MissingAuthenticationToken",
    "IncompleteSignatureException": "IncompleteSignature",
    "UnrecognizedClientException": "InvalidClientTokenId",
    "ExpiredTokenException": "ExpiredToken",
    "InvalidSignatureException": "SignatureDoesNotMatch",
}
"""Services that began with AWS Query have words of their own for what is wrong with a signature."""


class CloudWatch:
    """Reads metrics for those who ask in AWS's words. It does not ask who they are: see `services`."""

    service: Final = CLOUDWATCH

    def __init__(self, metrics: Metrics, publish_after_s: float, now_s: Callable[[], float]) -> None:
        """
        Args:
            metrics: What there is to read.
            publish_after_s: How long after its end a minute can be read; 0 shows the minute under way too.
            now_s: The time since 1970.
        """
        self._metrics = metrics
        self._publish_after_s = publish_after_s
        self._now_s = now_s

    def speaks(self, request: Request) -> bool:
        """Say whether a request is for CloudWatch."""
        return protocols.spoken(request, "") is not None

    def answer(self, request: Request) -> Reply:
        """Answer a request for which `speaks` is true."""
        spoken = _spoken(request)
        try:
            return spoken.reply(self._result(spoken.operation, spoken.read(request)))
        except RequestError as problem:
            return spoken.error(400, problem.code, problem.message)

    def refuse(self, request: Request, status: int, code: str, message: str) -> Reply:
        """Return an error in the protocol of the request, and in CloudWatch's words if it is about the signature."""
        return _spoken(request).error(status, _CODES.get(code, code), message)

    def _result(self, operation: str, values: object) -> dict[str, Value]:
        match operation:
            case "GetMetricData":
                return operations.metric_data(self._metrics, _read(operations.GetMetricData, values), self._last())
            case "GetMetricStatistics":
                asked = _read(operations.GetMetricStatistics, values)
                return operations.metric_statistics(self._metrics, asked, self._last())
            case "ListMetrics":
                return operations.list_metrics(self._metrics, _read(operations.ListMetrics, values))
        raise RequestError("InvalidAction", f"The action {operation} is not valid for this web service.")

    def _last(self) -> int:
        """Return the last minute that can be read."""
        under_way = int(self._now_s() - self._publish_after_s) // MINUTE_S
        return under_way - 1 if self._publish_after_s else under_way


def _read(kind: type[Asked], values: object) -> Asked:
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as problem:
        raise RequestError("ValidationError", f"The request is not valid: {problem}") from problem


def _spoken(request: Request) -> protocols.Spoken:
    spoken = protocols.spoken(request, str(uuid4()))
    if spoken is None:
        raise ValueError(f"{request.method} {request.path} is not for CloudWatch; ask `speaks` first")
    return spoken
