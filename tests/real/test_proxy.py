"""Endpoints behind a proxy: tunnelled with TLS, forwarded without; and proxies that refuse."""

import asyncio
import contextlib
import os
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import pytest
import trustme

from asyncload.address import EndpointAddress
from asyncload.call import Call, Outcome, Reply, Transport
from asyncload.errors import StartError
from asyncload.sigv4 import Credentials
from asyncload.transport.aio import Aio
from asyncload.transport.sdk import Sdk
from asyncload.transport.wire import Wire
from tests.real.misbehaving import MisbehavingServer

_LIMIT_S = 20.0


@dataclass(slots=True)
class Proxy:
    """A proxy that tunnels CONNECT and forwards everything else, or answers with a refusal."""

    refusal: bytes = b""
    heads: list[str] = field(default_factory=list)
    """Heads of requests as the proxy saw them."""
    port: int = 0

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Serve on a free port of this machine."""
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield
        finally:
            server.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            self.heads.append(head.decode())
            method, target, _ = head.decode().split(" ", 2)
            if self.refusal:
                writer.write(self.refusal)
            else:
                where = target if method == "CONNECT" else target.removeprefix("http://").partition("/")[0]
                host, _, port = where.rpartition(":")
                back, out = await asyncio.open_connection(host, int(port))
                if method == "CONNECT":
                    writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                else:
                    path = target.removeprefix(f"http://{where}")
                    out.write(head.replace(target.encode(), path.encode(), 1))
                await asyncio.gather(_pump(reader, out), _pump(back, writer))
        writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while piece := await reader.read(65_536):
            writer.write(piece)
            await writer.drain()
    writer.close()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the user's own."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy") or name.startswith("AWS_")]:
        monkeypatch.delenv(name)


@pytest.fixture(params=["plain", "tls"])
def wire(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Wire]:
    """The way to a server, plain and TLS."""
    ca, context = None, None
    if request.param == "tls":
        authority, ca = trustme.CA(), tmp_path / "ca.pem"
        authority.cert_pem.write_to_path(str(ca))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)
    with MisbehavingServer(context) as server:
        yield Wire(
            address=EndpointAddress("https" if context else "http", "127.0.0.1", server.port),
            endpoint_name="mme",
            region="us-east-1",
            credentials=lambda: Credentials("AKID", "secret"),
            connections=4,
            in_flight=4,
            timeout_ns=5_000_000_000,
            response_bytes=1_000_000,
            ca=ca,
        )


async def _reply(transport: Transport) -> Reply:
    headers = (("Content-Type", "text/csv"), ("X-Amzn-SageMaker-Target-Model", "ok"))
    call = Call(0, "/endpoints/mme/invocations", headers, b"1,2,3", sha256(b"1,2,3").hexdigest())
    ended: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
    transport.send(call, ended.set_result)
    return await ended


@pytest.mark.parametrize("make", [Aio, Sdk])
def test_a_call_goes_through_the_proxy(
    make: Callable[[Wire], Transport], wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tunnelled for TLS, forwarded otherwise; the proxy is shown who we are, and the reply is as without it."""
    proxy = Proxy()

    async def story() -> Reply:
        async with proxy.serving():
            monkeypatch.setenv(f"{wire.address.scheme}_proxy", f"http://me:hunter2@127.0.0.1:{proxy.port}")
            transport = make(wire)
            await transport.open()
            try:
                return await _reply(transport)
            finally:
                await transport.close()

    reply = asyncio.run(asyncio.wait_for(story(), _LIMIT_S))
    assert (reply.outcome, reply.received) == (Outcome.OK, 10)
    (head,) = proxy.heads
    target = f"127.0.0.1:{wire.address.port}" if wire.address.tls else f"{wire.address.url}/endpoints/mme/invocations"
    assert head.startswith(f"{'CONNECT' if wire.address.tls else 'POST'} {target} HTTP/1.1\r\n")
    assert "proxy-authorization: basic bwu6ahvudgvymg==\r\n" in head.lower()


@pytest.mark.parametrize("status", ["407 Proxy Authentication Required", "502 Bad Gateway"])
def test_a_proxy_that_refuses_a_tunnel_is_a_start_error(
    wire: Wire, status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The words hold the status and not the password; without a tunnel, the proxy's answer is the reply."""
    proxy = Proxy(refusal=f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())

    async def story() -> Reply:
        async with proxy.serving():
            monkeypatch.setenv(f"{wire.address.scheme}_proxy", f"http://me:hunter2@127.0.0.1:{proxy.port}")
            transport = Aio(wire)
            await transport.open()
            try:
                return await _reply(transport)
            finally:
                await transport.close()

    if wire.address.tls:
        with pytest.raises(StartError, match=status[:3]) as caught:
            asyncio.run(asyncio.wait_for(story(), _LIMIT_S))
        assert "hunter2" not in str(caught.value)
    else:
        reply = asyncio.run(asyncio.wait_for(story(), _LIMIT_S))
        assert reply.outcome is (Outcome.CLIENT_ERROR if status.startswith("4") else Outcome.SERVER_ERROR)
