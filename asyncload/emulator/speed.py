"""
How much this core carries: two hundred different signed requests, through everything but the kernel.

The emulator says it when it starts, so that nobody blames a client for what the emulator cannot do.
"""

import asyncio
from dataclasses import dataclass
from time import perf_counter_ns
from typing import Final

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from asyncload.emulator.config.emulator import DEMO_CREDENTIALS, Emulator
from asyncload.emulator.config.endpoint import EndpointPlayed, ModelPlayed
from asyncload.emulator.config.laws import Fixed
from asyncload.emulator.gateway import Gateway
from asyncload.emulator.scene import Scene, Setting
from asyncload.emulator.wire.connection import Connection
from asyncload.emulator.wire.face import Face
from asyncload.emulator.wire.values import Request
from asyncload.errors import StartError

REQUESTS: Final = 200
_URL: Final = "http://127.0.0.1/endpoints/probe/invocations"


class _Sink(asyncio.Transport):
    """A client that takes everything."""

    def __init__(self) -> None:
        super().__init__()
        self.said = b""
        self._closing = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.said += bytes(data)

    def is_closing(self) -> bool:
        return self._closing

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Nothing is buffered."""

    def get_write_buffer_size(self) -> int:
        return 0

    def close(self) -> None:
        self._closing = True

    abort = close


@dataclass(frozen=True, slots=True)
class Speed:
    """What this core does with signed requests for hot models; the kernel's share comes on top."""

    requests_per_s: float
    """Verified and answered, one after the other."""
    overhead_p99_ms: float
    """From the last byte of a request to the reply, of which no service time is part."""


async def measure() -> Speed:
    """
    Have an emulator of its own answer in memory.

    Raises:
        StartError: If it does not answer with 200.
    """
    played = EndpointPlayed(name="probe", models=(ModelPlayed(name="*", service=Fixed(fixed_ns=0)),))
    scene = Scene(Emulator(endpoints=(played,)), Setting(warn=_nobody))
    await scene.start()
    face = Face(Gateway(scene).handle, _must_not_fail)
    connection, sink = face.connection(), _Sink()
    connection.connection_made(sink)
    texts = [_signed(number) for number in range(REQUESTS)]
    try:
        took_ns = [await _answered_ns(connection, sink, text) for text in texts]
    finally:
        connection.connection_lost(None)
        await face.close(0)
        await scene.close()
    return Speed(REQUESTS * 1e9 / sum(took_ns), sorted(took_ns)[REQUESTS * 99 // 100] / 1e6)


async def _answered_ns(connection: Connection, sink: _Sink, text: bytes) -> int:
    sink.said = b""
    begin_ns = perf_counter_ns()
    connection.data_received(text)
    while not sink.said and not sink.is_closing():  # noqa: ASYNC110  the loop's passes are part of what is measured
        await asyncio.sleep(0)
    took_ns = perf_counter_ns() - begin_ns
    if not sink.said.startswith(b"HTTP/1.1 200"):
        raise StartError(f"the emulator does not answer a request of its own with 200, but with {sink.said[:200]!r}")
    return took_ns


def _nobody(_text: str) -> None:
    """It is meant to be busy."""


def _must_not_fail(_request: Request, problem: Exception) -> None:
    raise problem


def _signed(number: int) -> bytes:
    body = f"{number},0.224414,0.131102,0.042329,0.279923,-0.110329,-0.099358,0.0".encode()
    headers = {"Content-Type": "text/csv", "X-Amzn-SageMaker-Target-Model": f"probe-{number % 10}.tar.gz"}
    request = AWSRequest("POST", _URL, headers=headers, data=body)
    credentials = Credentials(DEMO_CREDENTIALS.access_key, DEMO_CREDENTIALS.secret_key)
    SigV4Auth(credentials, "sagemaker", "us-east-1").add_auth(request)
    lines = [f"{name}: {value}" for name, value in request.headers.items()]
    head = "\r\n".join(
        ["POST /endpoints/probe/invocations HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}", *lines]
    )
    return f"{head}\r\n\r\n".encode() + body
