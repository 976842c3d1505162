"""
The aiohttp transport: for people behind proxies, and a second opinion on the raw one.

A call takes one of `connections` slots first and is signed then: whoever signs before waiting in a pool's queue sends
signatures that have expired there. One attempt each; aiohttp repeats no POST.

`sent_ns` is when the call had its connection, just before its head was written; `first_ns` is when the reply's head was
whole, for aiohttp shows no earlier moment. A connection's age is not limited here, only its idle time.
"""

import asyncio
import io
import ssl
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from secrets import token_hex
from time import monotonic_ns
from types import SimpleNamespace

import aiohttp
from aiohttp.connector import Connection
from yarl import URL

from asyncload.call import Call, Done, Outcome, TransportNotes
from asyncload.errors import AsyncloadError, StartError
from asyncload.sigv4 import Signer, Template, amz_date
from asyncload.traceparent import HEADER, Mark
from asyncload.transport.classify import classify
from asyncload.transport.dial import tls_context
from asyncload.transport.notices import Notices
from asyncload.transport.pending import Pending, Progress
from asyncload.transport.proxy import proxy_for
from asyncload.transport.wire import Wire, unreachable

_CONNECT_LIMIT_NS = 10_000_000_000
_KEPT_BODY_BYTES = 65_536
"""As much of an error's body as is worth looking into."""
_WHOLE_BODY_BYTES = 1_048_576
"""aiohttp writes a larger body in pieces only if it comes as a file."""
_AUTO_HEADERS = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")


class _TooLongError(aiohttp.ClientPayloadError):
    """A body beyond the limit."""


class _Reply(aiohttp.ClientResponse):
    """A reply whose connection is aborted, not closed, when nobody waits for it any more."""

    async def start(self, connection: Connection) -> aiohttp.ClientResponse:
        with _aborting(connection):
            return await super().start(connection)


@contextmanager
def _aborting(connection: Connection | None) -> Iterator[None]:
    """Abort the connection if the block fails: a TLS farewell may last as long as the peer's silence."""
    transport = connection.transport if connection is not None else None
    try:
        yield
    except BaseException:
        if transport is not None:
            transport.abort()
        raise


class Aio:
    """A `Transport` over aiohttp; one per run, used on one loop."""

    def __init__(self, wire: Wire) -> None:
        """
        Args:
            wire: Where to, for whom, and within which limits.
        """
        self._wire = wire
        self._notices = Notices(wire.credentials)
        self._ids = (f"{token_hex(8)}-{number}" for number in count())
        self._credentials = wire.credentials()
        self._signer = Signer(self._credentials, wire.region)
        self._templates: dict[tuple[object, ...], Template] = {}
        self._base = wire.address.url

    async def open(self) -> None:
        """
        Connect through the proxy, if there is one, verify, and open `wire.warm` connections.

        Raises:
            StartError: If no connection can be made.
        """
        wire = self._wire
        self._pending = Pending(wire.timeout_ns, self._attempt, self._judge, wire.marks, self._late)
        self._slots = asyncio.Semaphore(wire.connections)
        self._proxy, self._proxy_headers = _split_proxy(proxy_for(wire.address))
        self._connector = aiohttp.TCPConnector(
            limit=wire.connections,
            keepalive_timeout=wire.idle_ns / 1e9,
            ttl_dns_cache=30,
            ssl=tls_context(wire.ca) if wire.address.tls else True,
        )
        self._session = aiohttp.ClientSession(
            connector=self._connector,
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            response_class=_Reply,
            skip_auto_headers=_AUTO_HEADERS,
            timeout=aiohttp.ClientTimeout(total=None),
            trace_configs=[self._tracing()],
        )
        try:
            await self._warm(max(1, min(wire.warm, wire.connections)))
        except BaseException:
            await self._session.close()
            raise

    def send(self, call: Call, done: Done) -> None:
        """Begin one call."""
        self._pending.begin(call, done)

    async def close(self) -> None:
        """End every connection; calls still in flight end as ABANDONED."""
        self._pending.abandon()
        await self._session.close()  # aborts what is in use, before a cancelled call can begin a lengthy TLS farewell
        await self._pending.ended()

    def notes(self) -> TransportNotes:
        """Return what was noticed so far."""
        return self._notices.notes()

    # -- opening ------------------------------------------------------------------------------------------------------

    async def _warm(self, connections: int) -> None:
        """Open connections all at once, then put them into the pool, where requests find them."""
        limit_s = min(self._wire.timeout_ns, _CONNECT_LIMIT_NS) / 1e9
        dials = [asyncio.create_task(self._dial(limit_s)) for _ in range(connections)]
        opened = await asyncio.gather(*dials, return_exceptions=True)
        for connection in opened:
            if isinstance(connection, Connection):
                self._notices.connects += 1
                connection.release()
        for error in opened:
            if isinstance(error, (aiohttp.ClientError, OSError)):
                self._judge(error, Progress())
            elif isinstance(error, BaseException):
                raise error
        if not self._notices.connects:
            raise StartError(unreachable(self._wire.address, self._notices.notes().first_error))

    async def _dial(self, limit_s: float) -> Connection:
        request = aiohttp.ClientRequest(
            "POST",
            URL(self._base, encoded=True),
            loop=asyncio.get_running_loop(),
            proxy=self._proxy,
            proxy_headers=self._proxy_headers,
        )
        async with asyncio.timeout(limit_s):
            return await self._connector.connect(request, [], aiohttp.ClientTimeout(total=None))

    def _tracing(self) -> aiohttp.TraceConfig:
        """Mark the moment at which a call has its connection."""

        async def connected(_session: aiohttp.ClientSession, context: SimpleNamespace, _params: object) -> None:
            self._notices.connects += 1
            context.trace_request_ctx.sent_ns = monotonic_ns()

        async def reused(_session: aiohttp.ClientSession, context: SimpleNamespace, _params: object) -> None:
            context.trace_request_ctx.sent_ns = monotonic_ns()

        tracing = aiohttp.TraceConfig()
        tracing.on_connection_create_end.append(connected)
        tracing.on_connection_reuseconn.append(reused)
        return tracing

    # -- one call -----------------------------------------------------------------------------------------------------

    async def _attempt(self, call: Call, progress: Progress) -> Outcome:
        async with (
            self._slots,
            self._session.post(
                URL(self._base + call.path, encoded=True),
                data=call.body if len(call.body) <= _WHOLE_BODY_BYTES else io.BytesIO(call.body),
                headers=self._headers(call, progress.mark),
                allow_redirects=False,
                proxy=self._proxy,
                proxy_headers=self._proxy_headers,
                trace_request_ctx=progress,
            ) as reply,
        ):
            progress.first_ns = monotonic_ns()
            self._notices.dated(reply.headers.get("Date", ""))
            with _aborting(reply.connection):
                return await self._read(reply, progress)

    async def _read(self, reply: aiohttp.ClientResponse, progress: Progress) -> Outcome:
        kept = b""
        async for chunk in reply.content.iter_any():
            progress.received += len(chunk)
            if progress.received > self._wire.response_bytes:
                raise _TooLongError(f"the reply's body is longer than {self._wire.response_bytes} bytes")
            if reply.status >= 300 and len(kept) <= _KEPT_BODY_BYTES:
                kept += chunk
        name = reply.headers.get("x-amzn-ErrorType", "")
        outcome = classify(reply.status, name, kept)
        if outcome:
            self._notices.refused(outcome, reply.status, name, kept)
        return outcome

    def _headers(self, call: Call, mark: Mark | None) -> list[tuple[str, str]]:
        """Return the call's headers with date, token and signature; runs when the call has its slot."""
        credentials = self._wire.credentials()
        if credentials is not self._credentials:
            self._credentials, self._signer = credentials, Signer(credentials, self._wire.region)
            self._templates.clear()
        key = (call.path, call.headers, call.inference_id)
        template = self._templates.get(key)
        if template is None:
            address = self._wire.address
            template = self._templates[key] = self._signer.template(
                "POST",
                address.host_header,
                address.path_prefix + call.path,
                call.headers,
                inference_id=call.inference_id,
            )
        stamp, own_id = amz_date(int(time.time())), next(self._ids) if call.inference_id else ""
        own = [("Host", self._wire.address.host_header), *call.headers, ("X-Amz-Date", stamp)]
        if own_id:
            own.append(("X-Amzn-SageMaker-Inference-Id", own_id))
        if self._signer.token:
            own.append(("X-Amz-Security-Token", self._signer.token))
        if not self._wire.address.tls:  # without a tunnel, each request shows the proxy who we are
            own.extend(self._proxy_headers.items())
        if mark is not None:
            own.append((HEADER, mark.value))
        own.append(("Authorization", template.authorization(stamp, call.body_sha256, own_id)))
        return own

    def _late(self, progress: Progress) -> None:
        """Note how far a call had come when its time was over."""
        sent, begun = progress.sent_ns > 0, progress.first_ns > 0
        self._notices.timed_out(self._wire.timeout_ns, sent=sent, begun=begun, received=progress.received)

    def _judge(self, error: BaseException, progress: Progress) -> Outcome:
        """Turn what aiohttp raised into an outcome; whatever is not in the table is a bug and says so."""
        outcome = _outcome(error, cut_short=progress.first_ns > 0)
        if outcome is Outcome.CONNECT and isinstance(error, aiohttp.ClientConnectorError):
            self._notices.not_connected(error)
        known = isinstance(error, (aiohttp.ClientError, OSError, AsyncloadError))
        words = f"{type(error).__name__}: {error}" if known else f"unexpected {type(error).__name__}"
        self._notices.failed(words.removesuffix(": "), outcome)
        return outcome


def _outcome(error: BaseException, *, cut_short: bool) -> Outcome:
    """
    Say what a foreign exception means.

    Args:
        error: From aiohttp or the socket under it.
        cut_short: Whether part of a reply had been read.
    """
    match error:
        case aiohttp.ClientHttpProxyError():  # the proxy refused to connect
            return Outcome.CONNECT
        case aiohttp.ServerDisconnectedError() if not isinstance(error.message, str):  # the end came inside the head
            return Outcome.PROTOCOL
        case aiohttp.ClientConnectionError() | ConnectionError() | ssl.SSLError():
            return Outcome.PROTOCOL if cut_short else Outcome.CONNECT
        case TimeoutError():
            return Outcome.TIMEOUT
        case OSError():
            return Outcome.PROTOCOL if cut_short else Outcome.CONNECT
        case _:  # a body cut short, a head that is not HTTP or too long; and bugs
            return Outcome.PROTOCOL


def _split_proxy(proxy: str | None) -> tuple[URL | None, dict[str, str]]:
    """Part a proxy's URL from the name and password in it, which become a header."""
    if proxy is None:
        return None, {}
    url = URL(proxy if "://" in proxy else f"http://{proxy}")
    if url.user is None:
        return url, {}
    basic = b64encode(f"{url.user}:{url.password or ''}".encode()).decode()
    return url.with_user(None), {"Proxy-Authorization": f"Basic {basic}"}
