"""
AWS's services beside the runtime, on the emulator's own port: CloudWatch, SageMaker's control plane, S3.

    is it for one of them? -> is it signed for that one? 403 -> its answer

Each speaks in its own shapes, refusals included.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Protocol

from asyncload.emulator.aws.signature import SignatureCheck, SignedRequest
from asyncload.emulator.wire.values import Reply, Request


class Service(Protocol):
    """What answers requests to one of AWS's services."""

    @property
    def service(self) -> str:
        """Name that its requests must be signed for."""

    def speaks(self, request: Request) -> bool:
        """Say whether a request is for it."""

    def answer(self, request: Request) -> Reply:
        """Answer a request for which `speaks` is true."""

    def refuse(self, request: Request, status: int, code: str, message: str) -> Reply:
        """Answer such a request with an error."""


class Services:
    """All of them."""

    def __init__(self, services: Sequence[Service], check: SignatureCheck) -> None:
        """
        Args:
            services: Which there are; the first that a request is for answers it.
            check: Who may call.
        """
        self._services = services
        self._check = check

    def answer(self, request: Request, now_s: float) -> Reply | None:
        """Answer a request that arrived at now_s (Unix time); None if it is for none of them."""
        service = next((service for service in self._services if service.speaks(request)), None)
        if service is None:
            return None
        signed = SignedRequest(request.method, request.target, request.headers, sha256(request.body).hexdigest())
        refusal = self._check.refusal(signed, now_s, service.service)
        if refusal is not None:
            return service.refuse(request, 403, refusal.code, refusal.message)
        return service.answer(request)
