"""
The SDK transport: aiobotocore's own `invoke_endpoint`, which is what an SDK caller sees, and the reference for signing
and errors.

One attempt, a pool as large as `in_flight`, everything else as the SDK has it. So `sent_ns` is the moment at which
`invoke_endpoint` was called, `first_ns` the moment at which it returned or raised what the service answered, and
`last_ns` comes after the body's last byte. Connections are the SDK's own affair: they are opened by the first calls,
not before, and are not counted.
"""

import asyncio
from contextlib import AsyncExitStack
from contextvars import ContextVar
from itertools import count
from pathlib import Path
from secrets import token_hex
from time import monotonic_ns
from types import MappingProxyType
from typing import TYPE_CHECKING, TypedDict

import aiohttp
from aiobotocore.config import AioConfig
from aiobotocore.credentials import AioCredentials
from aiobotocore.session import AioSession
from botocore import exceptions as boto
from botocore.awsrequest import AWSPreparedRequest
from botocore.credentials import ReadOnlyCredentials
from botocore.httpsession import get_cert_path

from asyncload.call import Call, Done, Outcome, TransportNotes
from asyncload.errors import StartError, UsageError
from asyncload.traceparent import HEADER, Mark
from asyncload.transport.classify import classify
from asyncload.transport.dial import Dialler, tls_context
from asyncload.transport.notices import Notices
from asyncload.transport.pending import Pending, Progress
from asyncload.transport.proxy import proxy_for
from asyncload.transport.wire import Wire, unreachable

if TYPE_CHECKING:
    from aiobotocore.client import AioBaseClient
    from aiobotocore.response import AioStreamingBody

_CONNECT_LIMIT_NS = 10_000_000_000
_FAREWELL_S = 0.25
"""Time for TLS connections to part, which aiohttp does not wait for. Source: its documentation, Graceful Shutdown."""
_READ_BYTES = 262_144

_PARAMETERS = MappingProxyType(
    {
        "content-type": "ContentType",
        "accept": "Accept",
        "x-amzn-sagemaker-custom-attributes": "CustomAttributes",
        "x-amzn-sagemaker-target-model": "TargetModel",
        "x-amzn-sagemaker-target-variant": "TargetVariant",
        "x-amzn-sagemaker-target-container-hostname": "TargetContainerHostname",
        "x-amzn-sagemaker-inference-id": "InferenceId",
        "x-amzn-sagemaker-enable-explanations": "EnableExplanations",
        "x-amzn-sagemaker-inference-component": "InferenceComponentName",
        "x-amzn-sagemaker-session-id": "SessionId",
        "x-amzn-sagemaker-prefix-aware-id": "PrefixAwareId",
    }
)
"""From header to parameter. Source: InvokeEndpoint, SageMaker Runtime API Reference."""

_OUTCOMES: tuple[tuple[type[BaseException], Outcome | None], ...] = (
    (boto.ParamValidationError, Outcome.CLIENT_ERROR),  # refused by the SDK before it was sent
    (boto.ConnectTimeoutError, Outcome.CONNECT),
    (boto.ReadTimeoutError, Outcome.TIMEOUT),
    (boto.ResponseStreamingError, Outcome.PROTOCOL),  # the body was cut short
    (boto.IncompleteReadError, Outcome.PROTOCOL),
    (aiohttp.ClientPayloadError, Outcome.PROTOCOL),
    (boto.ConnectionClosedError, None),
    (boto.ConnectionError, None),  # EndpointConnectionError, ProxyConnectionError, SSLError
    (aiohttp.ClientConnectionError, None),
    (boto.HTTPClientError, Outcome.PROTOCOL),  # a head that is not HTTP, or too long
    (boto.BotoCoreError, Outcome.PROTOCOL),
    (aiohttp.ClientError, Outcome.PROTOCOL),
    (OSError, None),
)
"""What foreign exceptions mean; the first that fits. None: CONNECT, but PROTOCOL if part of a reply had been read."""

_MARK: ContextVar[Mark | None] = ContextVar("mark", default=None)
"""What the request of the current task carries: each call is a task."""


class _Metadata(TypedDict):
    HTTPStatusCode: int
    HTTPHeaders: dict[str, str]
    """Names in lower case."""


class _Refusal(TypedDict):
    """What the SDK makes of an error reply."""

    ResponseMetadata: _Metadata
    Error: dict[str, str | None]


class _Current(AioCredentials):  # type: ignore[misc]  # the SDK is untyped
    """The SDK's credentials, whose every use asks the wire for what is current."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        current = wire.credentials()
        super().__init__(current.access_key, current.secret_key, current.token)

    async def get_frozen_credentials(self) -> ReadOnlyCredentials:
        current = self._wire.credentials()
        return ReadOnlyCredentials(current.access_key, current.secret_key, current.token)


class _Provider:
    """The place where the SDK's session looks for credentials."""

    def __init__(self, wire: Wire) -> None:
        self._current = _Current(wire)

    async def load_credentials(self) -> AioCredentials:
        return self._current


class Sdk:
    """A `Transport` over aiobotocore; one per run, used on one loop."""

    def __init__(self, wire: Wire) -> None:
        """
        Args:
            wire: Where to, for whom, and within which limits; `connections`, `warm` and `age_ns` have no use here.
        """
        self._wire = wire
        self._notices = Notices(wire.credentials)
        self._ids = (f"{token_hex(8)}-{number}" for number in count())
        self._resources = AsyncExitStack()

    async def open(self) -> None:
        """
        Make the client, and verify that the endpoint can be reached unless a proxy stands before it.

        Raises:
            StartError: If the endpoint cannot be reached, or the SDK refuses its settings.
        """
        wire = self._wire
        self._pending = Pending(wire.timeout_ns, self._attempt, self._judge, wire.marks, self._late)
        session = AioSession()
        ca = wire.ca or Path(session.get_config_variable("ca_bundle") or get_cert_path(verify=True))
        await self._reach(ca)
        session.register_component("credential_provider", _Provider(wire))
        timeout_s = wire.timeout_ns / 1e9
        config = AioConfig(
            connect_timeout=min(timeout_s, _CONNECT_LIMIT_NS / 1e9),
            read_timeout=timeout_s,
            max_pool_connections=wire.in_flight,
            retries={"total_max_attempts": 1},
        )
        client = session.create_client(
            "sagemaker-runtime",
            region_name=wire.region,
            endpoint_url=wire.address.url,
            verify=str(ca),
            config=config,
        )
        try:
            self._client: AioBaseClient = await self._resources.enter_async_context(client)
        except (boto.BotoCoreError, ValueError) as error:
            raise StartError(f"endpoint {wire.address.url}: the SDK refuses: {error}") from error
        if wire.marks is not None:
            self._client.meta.events.register("before-send.sagemaker-runtime.InvokeEndpoint", _mark)

    def send(self, call: Call, done: Done) -> None:
        """Begin one call."""
        self._pending.begin(call, done)

    async def close(self) -> None:
        """End every connection; calls still in flight end as ABANDONED."""
        self._pending.abandon()
        await self._resources.aclose()
        await self._pending.ended()
        if self._wire.address.tls:
            await asyncio.sleep(_FAREWELL_S)

    def notes(self) -> TransportNotes:
        """Return what was noticed so far."""
        return self._notices.notes()

    async def _reach(self, ca: Path) -> None:
        """Open one connection and close it: the SDK itself opens none before the first call."""
        wire = self._wire
        if proxy_for(wire.address):
            return
        limit_s = min(wire.timeout_ns, _CONNECT_LIMIT_NS) / 1e9
        dialler = Dialler(wire.address, tls_context(ca) if wire.address.tls else None, limit_s, self._notices)
        try:
            await dialler.resolve()
            (await dialler.dial()).close()
        except OSError as error:
            raise StartError(unreachable(wire.address, str(error) or type(error).__name__)) from error
        finally:
            dialler.close()

    # -- one call -----------------------------------------------------------------------------------------------------

    async def _attempt(self, call: Call, progress: Progress) -> Outcome:
        parameters = _parameters(call)
        if call.inference_id:
            parameters["InferenceId"] = next(self._ids)
        _MARK.set(progress.mark)
        progress.sent_ns = monotonic_ns()
        try:
            reply = await self._client.invoke_endpoint(
                EndpointName=self._wire.endpoint_name, Body=call.body, **parameters
            )
        except boto.ClientError as error:
            progress.first_ns = monotonic_ns()
            return self._refused(error.response, progress)
        progress.first_ns = monotonic_ns()
        self._notices.dated(reply["ResponseMetadata"]["HTTPHeaders"].get("date", ""))
        body = reply["Body"]
        try:
            return await self._read(body, progress)
        finally:
            body.close()  # nothing to do after a whole body; else the connection must not be used again

    async def _read(self, body: "AioStreamingBody", progress: Progress) -> Outcome:
        while chunk := await body.read(_READ_BYTES):
            progress.received += len(chunk)
            if progress.received > self._wire.response_bytes:
                words = f"the reply's body is longer than {self._wire.response_bytes} bytes"
                self._notices.failed(words, Outcome.PROTOCOL)
                return Outcome.PROTOCOL
        return Outcome.OK

    def _refused(self, response: _Refusal, progress: Progress) -> Outcome:
        """Judge an error reply, which the SDK has read and parsed."""
        metadata = response["ResponseMetadata"]
        headers = metadata["HTTPHeaders"]
        self._notices.dated(headers.get("date", ""))
        length = headers.get("content-length", "")
        progress.received = int(length) if length.isdecimal() else 0
        status, error = metadata["HTTPStatusCode"], response["Error"]
        name = error.get("Code") or ""
        outcome = classify(status, name, b"")
        if outcome:
            self._notices.refused(outcome, status, name, (error.get("Message") or "").encode())
        return outcome

    def _late(self, progress: Progress) -> None:
        """Note how far a call had come when its time was over."""
        sent, begun = progress.sent_ns > 0, progress.first_ns > 0
        self._notices.timed_out(self._wire.timeout_ns, sent=sent, begun=begun, received=progress.received)

    def _judge(self, error: BaseException, progress: Progress) -> Outcome:
        """Turn what the SDK raised into an outcome; whatever is not in the table is a bug and says so."""
        row = next((row for row in _OUTCOMES if isinstance(error, row[0])), None)
        if row is None:
            words = f": {error}" if isinstance(error, UsageError) else ""
            self._notices.failed(f"unexpected {type(error).__name__}{words}", Outcome.PROTOCOL)
            return Outcome.PROTOCOL
        if isinstance(error, (boto.EndpointConnectionError, boto.ConnectTimeoutError, boto.ProxyConnectionError)):
            self._notices.not_connected(error)
        outcome = row[1] or (Outcome.PROTOCOL if progress.first_ns else Outcome.CONNECT)
        self._notices.failed(f"{type(error).__name__}: {error}", outcome)
        return outcome


def _mark(request: AWSPreparedRequest, **_: object) -> None:
    """Put the current call's mark on its signed request; botocore's handler of before-send."""
    mark = _MARK.get()
    if mark is not None:
        request.headers[HEADER] = mark.value


def _parameters(call: Call) -> dict[str, object]:
    """Turn headers back into the parameters of `invoke_endpoint`."""
    try:
        return {_PARAMETERS[name.lower()]: value for name, value in call.headers}
    except KeyError as name:
        raise UsageError(
            f"header {name}: invoke_endpoint has no parameter for it; use transport raw or aiohttp"
        ) from None
