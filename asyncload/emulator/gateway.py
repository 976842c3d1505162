"""
The HTTP face, on aiohttp's low-level server: a router would cost more than the rest of a request.

    POST /endpoints/{name}/invocations      an invocation
    /control/...                            see `control`; loopback only
"""

import asyncio
import re
import time
from dataclasses import dataclass
from hashlib import sha256
from time import monotonic_ns
from typing import cast
from urllib.parse import unquote
from uuid import uuid4

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http_parser import RawRequestMessage
from aiohttp.streams import StreamReader

from asyncload.emulator import answers
from asyncload.emulator.answers import BODY_LIMIT_BYTES, Answer
from asyncload.emulator.control import control
from asyncload.emulator.endpoint import EndpointState, Sent, Served, Target
from asyncload.emulator.scene import Scene
from asyncload.emulator.signature import SignedRequest
from asyncload.emulator.truth import Row

_INVOCATION = re.compile(r"/endpoints/([^/?]+)/invocations(?:\?.*)?")
_PREFIX = "X-Amzn-SageMaker-"


class Connection(web.RequestHandler):
    """aiohttp's connection, with the time at which the head of a request was read."""

    __slots__ = ("read_ns",)

    read_ns: int
    """CLOCK_MONOTONIC; 0 if nothing has been read since the last request."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin; have uvloop write at once and not at the end of the loop's pass, so that sent_ns is true."""
        self.read_ns = 0
        super().connection_made(transport)
        if transport.get_extra_info("sslcontext") is None:  # TLS transports would pause for good at a limit of 0
            cast("asyncio.WriteTransport", transport).set_write_buffer_limits(high=0)

    def data_received(self, data: bytes) -> None:
        """Note the time of the first bytes of a request; aiohttp also calls this without any, after a body."""
        if data and self.read_ns == 0:
            self.read_ns = monotonic_ns()
        super().data_received(data)

    def take_read_ns(self) -> int:
        """Return when the head was read, and begin anew."""
        read_ns, self.read_ns = self.read_ns, 0
        return read_ns or monotonic_ns()


class Server(web.Server):
    """aiohttp's server, making our connections. Bodies are not decompressed: the signature covers them as sent."""

    def __init__(self, scene: Scene) -> None:
        """
        Args:
            scene: What to serve.
        """
        self._gateway = Gateway(scene)
        self._idle_close_s = scene.config.idle_close_ns / 1e9
        self._loop = asyncio.get_running_loop()
        super().__init__(self._gateway.handle, request_factory=self._request)

    def __call__(self) -> web.RequestHandler:
        """Make the protocol of a new connection."""
        return Connection(
            self,
            loop=self._loop,
            keepalive_timeout=self._idle_close_s,
            access_log=None,  # type: ignore[arg-type]  # the way to switch it off, see web.AppRunner
            auto_decompress=False,
        )

    def _request(
        self,
        message: RawRequestMessage,
        payload: StreamReader,
        protocol: web.RequestHandler,
        writer: AbstractStreamWriter,
        task: "asyncio.Task[None]",
    ) -> web.BaseRequest:
        return web.BaseRequest(message, payload, protocol, writer, task, self._loop, client_max_size=BODY_LIMIT_BYTES)


@dataclass(slots=True)
class Visit:
    """What is known of a request so far."""

    id: str
    arrival_ns: int
    endpoint: str
    model: str = ""
    body: bytes = b""
    body_sha256: str = ""
    due_ns: int = 0
    """When the reply is due, in work time."""
    service_ns: int = 0


class Gateway:
    """Takes requests apart, asks the endpoint, waits, replies, and writes down what happened."""

    def __init__(self, scene: Scene) -> None:
        """
        Args:
            scene: The parts it works with.
        """
        self._scene = scene

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request of any kind."""
        connection = request.protocol
        arrival_ns = connection.take_read_ns() if isinstance(connection, Connection) else monotonic_ns()
        if request.path.startswith("/control/"):
            return await control(self._scene, request)
        parts = _INVOCATION.fullmatch(request.raw_path)
        if parts is None or request.method != "POST":
            return _response(answers.unknown_operation(), {"x-amzn-RequestId": str(uuid4())})
        visit = Visit(str(uuid4()), arrival_ns, unquote(parts[1]))
        self._scene.in_flight += 1
        try:
            return await self._invoke(request, visit)
        finally:
            self._scene.in_flight -= 1

    async def _invoke(self, request: web.BaseRequest, visit: Visit) -> web.StreamResponse:
        try:
            whole = await _read(request, visit)
        except (ConnectionError, web.RequestPayloadError):
            self._log(request, visit, "LOST", 0)
            return web.Response(status=400)
        visit.due_ns = self._scene.clock.work_ns(visit.arrival_ns)
        if not whole:
            return await self._reply(request, visit, answers.oversize())
        if (denied := self._denied(request, visit)) is not None:
            return await self._reply(request, visit, denied)
        endpoint = self._scene.endpoints.get(visit.endpoint)
        if endpoint is None:
            return await self._reply(request, visit, answers.no_endpoint(visit.endpoint))
        served = self._served(request, visit, endpoint)
        if not isinstance(served, Served):
            return await self._reply(request, visit, served)
        visit.due_ns, visit.service_ns = served.start_ns + served.service_ns, served.service_ns
        endpoint.in_flight += 1
        try:
            return await self._reply(request, visit, served.answer)
        finally:
            endpoint.in_flight -= 1

    def _denied(self, request: web.BaseRequest, visit: Visit) -> Answer | None:
        arrived = SignedRequest(request.method, request.raw_path, request.raw_headers, visit.body_sha256)
        refusal = self._scene.check.refusal(arrived, time.time())
        return None if refusal is None else answers.denied(refusal.code, refusal.message)

    def _served(self, request: web.BaseRequest, visit: Visit, endpoint: EndpointState) -> Served | Answer:
        target = _target(request)
        visit.model = target.label
        if (wrong := endpoint.wrong_target(target, visit.id)) is not None:
            return wrong
        content_type = request.headers.get("Content-Type", "application/octet-stream")
        held = self._scene.clock.held(monotonic_ns())
        return endpoint.serve(target, Sent(visit.body, content_type), visit.due_ns, held=held)

    async def _reply(self, request: web.BaseRequest, visit: Visit, answer: Answer) -> web.StreamResponse:
        """Wait until the reply is due, send it, and write the row."""
        await self._scene.deadlines.until(visit.due_ns)
        headers = {"x-amzn-RequestId": visit.id}
        if answer.status == 200:
            headers["x-Amzn-Invoked-Production-Variant"] = self._scene.endpoints[visit.endpoint].played.variant
            if (attributes := request.headers.get(_PREFIX + "Custom-Attributes")) is not None:
                headers[_PREFIX + "Custom-Attributes"] = attributes
        response = _response(answer, headers)
        try:
            await response.prepare(request)
            await response.write_eof()
        except ConnectionError:
            self._log(request, visit, "LOST", answer.status)
            raise
        self._log(request, visit, answer.outcome, answer.status)
        return response

    def _log(self, request: web.BaseRequest, visit: Visit, outcome: str, status: int) -> None:
        sent_ns = monotonic_ns()
        due_ns = self._scene.clock.real_ns(visit.due_ns) if visit.due_ns else visit.arrival_ns
        truth = self._scene.truth
        row = Row(
            seq=truth.rows,
            arrival_ns=visit.arrival_ns,
            queue_ns=max(0, due_ns - visit.arrival_ns - visit.service_ns),
            service_ns=visit.service_ns,
            sent_ns=sent_ns,
            endpoint=visit.endpoint,
            model=visit.model,
            body_sha256=visit.body_sha256,
            body_bytes=len(visit.body),
            outcome=outcome,
            status=status,
            inference_id=request.headers.get(_PREFIX + "Inference-Id", ""),
        )
        truth.add(row)


async def _read(request: web.BaseRequest, visit: Visit) -> bool:
    """Read the body into `visit`; say False if it is larger than AWS takes."""
    if (request.content_length or 0) > BODY_LIMIT_BYTES:
        return False
    whole = request.content.is_eof()
    if not whole and request.headers.get("Expect", "").lower() == "100-continue" and request.transport is not None:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    try:
        visit.body = await request.read()
    except web.HTTPRequestEntityTooLarge:
        return False
    visit.body_sha256 = sha256(visit.body).hexdigest()
    if not whole and isinstance(request.protocol, Connection):
        visit.arrival_ns = request.protocol.take_read_ns()
    return True


def _target(request: web.BaseRequest) -> Target:
    headers = request.headers
    return Target(
        headers.get(_PREFIX + "Target-Model"),
        headers.get(_PREFIX + "Inference-Component"),
        headers.get(_PREFIX + "Target-Container-Hostname"),
    )


def _response(answer: Answer, headers: dict[str, str]) -> web.Response:
    headers["Content-Type"] = answer.content_type
    if answer.error_type is not None:
        headers["x-amzn-ErrorType"] = answer.error_type
    return web.Response(body=answer.body, status=answer.status, headers=headers)
