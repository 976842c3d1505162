"""
What one HTTP request meets, in order.

    /control/...                           `control`, loopback only
    POST /endpoints/{name}/invocations     too large? 413 -> signature? 403 -> endpoint? 400 -> names too long? 400
                                           -> fault? -> `endpoint` -> wait until the reply is due -> one row of truth
    anything else                          CloudWatch and the control plane, else 404

Every reply, errors included, waits for the end of a stall.
"""

import asyncio
import re
import time
from hashlib import sha256
from itertools import count
from time import monotonic_ns
from typing import Final
from urllib.parse import unquote
from uuid import uuid4

from asyncload.emulator.aws import answers
from asyncload.emulator.aws.answers import Answer
from asyncload.emulator.aws.signature import SignedRequest
from asyncload.emulator.behind.backend import Sent
from asyncload.emulator.control import Control
from asyncload.emulator.platform.endpoint import Target
from asyncload.emulator.platform.visit import Visit
from asyncload.emulator.scene import Scene
from asyncload.emulator.wire.values import Left, Reply, Request

_INVOCATION: Final = re.compile(r"/endpoints/([^/?]+)/invocations(?:\?.*)?")
_PREFIX: Final = "x-amzn-sagemaker-"
_LONGEST: Final = {
    "content-type": 1024,
    "accept": 1024,
    _PREFIX + "target-model": 1024,
    _PREFIX + "custom-attributes": 1024,
    _PREFIX + "target-variant": 63,
    _PREFIX + "target-container-hostname": 63,
    _PREFIX + "inference-component": 63,
    _PREFIX + "inference-id": 64,
    _PREFIX + "enable-explanations": 64,
    _PREFIX + "prefix-aware-id": 64,
    _PREFIX + "session-id": 256,
}
"""Most characters of a header. Source: SageMaker Runtime API reference, InvokeEndpoint."""


class Gateway:
    """Takes requests apart, asks the endpoint, waits, replies, and writes down what happened."""

    def __init__(self, scene: Scene) -> None:
        """
        Args:
            scene: The parts it works with.
        """
        self._scene = scene
        self._control = Control(scene)
        self._ids = count()
        self._id = str(uuid4())[:24]

    async def handle(self, request: Request) -> Reply:
        """Answer one request of any kind."""
        if request.target.startswith("/control/"):
            return await self._control.answer(request)
        invocation = _INVOCATION.fullmatch(request.target)
        if invocation is None or request.method != "POST":
            return self._scene.services.answer(request, time.time()) or _reply(
                answers.unknown_operation(), self._next_id()
            )
        visit = Visit(self._next_id(), request.arrival_ns, unquote(invocation[1]))
        visit.arrived_ns = self._scene.clock.work_ns(request.arrival_ns)
        visit.inference_id = request.values.get(_PREFIX + "inference-id", "")
        self._scene.in_flight += 1
        try:
            return await self._invoke(request, visit)
        except asyncio.CancelledError:  # the emulator ends, and its grace is over
            visit.queue_ns += max(0, self._scene.clock.now_ns() - visit.due_ns)
            self._scene.witness.request(visit, answers.CUT_OFF, Left(0), None)
            raise
        finally:
            self._scene.in_flight -= 1

    async def _invoke(self, request: Request, visit: Visit) -> Reply:
        target = _target(request)
        visit.model = target.label
        answer = self._refusal(request, visit)
        endpoint = self._scene.endpoints.get(visit.endpoint) if answer is None else None
        mangle = None
        if answer is None:
            met = self._scene.faults.meet(visit.endpoint, visit.model, monotonic_ns())
            visit.fault, mangle = met.word, met.mangle
            if met.error is None:
                answer = await self._served(request, visit, target, met.extra_ns)
            else:
                answer = answers.by_code(met.error, visit.endpoint, visit.model, self._scene.region)
                if met.error == "ModelError":
                    visit.container_status = answers.SIMULATED_STATUS
        if not self._scene.deadlines.reached(visit.due_ns):
            await self._scene.deadlines.until(visit.due_ns)
        reply = _reply(answer, visit.id)
        if answer.status == 200:
            reply.headers["x-Amzn-Invoked-Production-Variant"] = visit.variant
        reply.mangle = mangle
        reply.sent = lambda left: self._scene.witness.request(visit, answer, left, endpoint)
        return reply

    def _refusal(self, request: Request, visit: Visit) -> Answer | None:
        if not request.whole:
            return answers.oversize()
        visit.body_sha256, visit.body_bytes = sha256(request.body).hexdigest(), len(request.body)
        arrived = SignedRequest(request.method, request.target, request.headers, visit.body_sha256)
        refusal = self._scene.check.refusal(arrived, time.time())
        if refusal is not None:
            return answers.denied(refusal.code, refusal.message)
        if visit.endpoint not in self._scene.endpoints:
            return answers.no_endpoint(visit.endpoint)
        values = request.values
        for name, longest in _LONGEST.items():
            if len(values.get(name, "")) > longest:
                return answers.too_long(name, longest)
        return None

    async def _served(self, request: Request, visit: Visit, target: Target, extra_ns: int) -> Answer:
        values = request.values
        sent = Sent(
            request.body,
            values.get("content-type", "application/octet-stream"),
            values.get("accept", ""),
            values.get(_PREFIX + "custom-attributes"),
            visit.arrived_ns,
            extra_ns,
            self._scene.clock.held(monotonic_ns()),
        )
        return await self._scene.endpoints[visit.endpoint].invoke(visit, target, sent)

    def _next_id(self) -> str:
        return f"{self._id}{next(self._ids):012x}"


def _target(request: Request) -> Target:
    values = request.values
    return Target(
        values.get(_PREFIX + "target-model"),
        values.get(_PREFIX + "inference-component"),
        values.get(_PREFIX + "target-container-hostname"),
        values.get(_PREFIX + "target-variant"),
    )


def _reply(answer: Answer, request_id: str) -> Reply:
    headers = {"x-amzn-RequestId": request_id, "Content-Type": answer.content_type}
    if answer.error_type is not None:
        headers["x-amzn-ErrorType"] = answer.error_type
    if answer.attributes is not None:
        headers["X-Amzn-SageMaker-Custom-Attributes"] = answer.attributes
    return Reply(answer.status, answer.body, headers)
