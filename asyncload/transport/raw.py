"""
The raw transport: our own wire, where one core stands beside C.

HOT. What makes it fast:

1.  A SigV4 signature depends on the date only to the second. `_Requests` keeps each call's whole signed request for the
    current second, so a call that repeats within it costs one dictionary look-up instead of two hashes and an HMAC.
2.  A call is signed after its connection is in hand, never before a queue: a signature lives five minutes, and an open
    loop's queue may be longer.
3.  Idle connections are a stack: the one used last is used next, the others grow old and are recycled.
4.  One sweep does what would otherwise be a timer per call and per connection.

    send ── idle connection? ── yes ──> begin
                └── no ──> wait in line ──> dial, as long as `connections` allows ──> begin
"""

import asyncio
import time
from collections import deque
from collections.abc import Coroutine
from itertools import count
from secrets import token_hex
from time import monotonic_ns

from asyncload.call import Call, Done, Outcome, Reply, TransportNotes
from asyncload.errors import StartError
from asyncload.sigv4 import Signer, Template, amz_date
from asyncload.transport.connection import Connection
from asyncload.transport.dial import Dialler, Socket, tls_context
from asyncload.transport.notices import Notices
from asyncload.transport.reply_reader import ReplyReader
from asyncload.transport.wire import Wire, unreachable

_DIAL_LIMIT_NS = 10_000_000_000
_DIALS_AT_ONCE = 64
_WARM_AT_ONCE = 32
_RESOLVE_EVERY_S = 30.0
_KEPT_REQUEST_BYTES = 65_536
"""A longer request is put together anew for each call: a pool of large bodies must not be held twice."""


class _Requests(dict[Call, bytes]):
    """From call to signed request, for the current second; a missing one is signed."""

    def __init__(self, wire: Wire) -> None:
        super().__init__()
        self._wire = wire
        self._host = wire.address.host_header
        self._stamp = ""
        self._templates: dict[tuple[object, ...], Template] = {}
        self._credentials = wire.credentials()
        self._signer = Signer(self._credentials, wire.region)
        self._ids = (f"{token_hex(8)}-{number}" for number in count())

    def turn(self, epoch_s: int) -> None:
        """Forget the last second's signatures, and take up new credentials if there are any."""
        self._stamp = amz_date(epoch_s)
        self.clear()
        credentials = self._wire.credentials()
        if credentials is not self._credentials:
            self._credentials = credentials
            self._signer = Signer(credentials, self._wire.region)
            self._templates.clear()

    def __missing__(self, call: Call) -> bytes:
        shape = (call.path, call.headers, call.inference_id)
        template = self._templates.get(shape)
        if template is None:
            path = self._wire.address.path_prefix + call.path
            template = self._signer.template("POST", self._host, path, call.headers, inference_id=call.inference_id)
            self._templates[shape] = template
        inference_id = next(self._ids) if call.inference_id else ""
        head = template.head(self._stamp, call.body_sha256, len(call.body), inference_id)
        request = head + call.body
        if len(request) <= _KEPT_REQUEST_BYTES and not call.inference_id:
            self[call] = request
        return request


class Raw:
    """A `Transport` over its own sockets; one per run, used on one loop."""

    def __init__(self, wire: Wire) -> None:
        """
        Args:
            wire: Where to, for whom, and within which limits.
        """
        self._wire = wire
        self._requests = _Requests(wire)
        self._idle: deque[Connection] = deque()
        self._connections: set[Connection] = set()
        self._waiting: deque[tuple[Call, Done, int]] = deque()
        self._dialling: set[asyncio.Task[object]] = set()
        self._closing = False
        self.wants_date = True
        """Whether the next reply's Date is to be shown to `dated`; once a second."""
        self._notices = Notices(wire.credentials)

    async def open(self) -> None:
        """
        Resolve, connect and verify, and open `wire.warm` connections.

        Raises:
            StartError: If the name does not resolve, or no connection can be made.
        """
        wire = self._wire
        self._loop = asyncio.get_running_loop()
        context = tls_context(wire.ca) if wire.address.tls else None
        limit_ns = min(_DIAL_LIMIT_NS, wire.timeout_ns)
        self._dialler = Dialler(wire.address, context, limit_ns / 1e9, self._notices)
        try:
            await self._dialler.resolve()
            self._adopt(await self._dialler.dial())
        except OSError as error:
            self._dialler.close()
            raise StartError(unreachable(wire.address, str(error) or type(error).__name__)) from error
        for begun in range(1, min(wire.warm, wire.connections), _WARM_AT_ONCE):
            few = min(_WARM_AT_ONCE, min(wire.warm, wire.connections) - begun)
            await asyncio.gather(*(self._dial_one() for _ in range(few)))
        self._requests.turn(int(time.time()))
        self._tasks = [self._loop.create_task(job()) for job in (self._turn_seconds, self._sweep, self._resolve_again)]

    def send(self, call: Call, done: Done) -> None:
        """Begin one call. HOT."""
        idle = self._idle
        while idle:
            connection = idle.pop()
            if not connection.closed:
                connection.begin(self._requests[call], done, 0)
                return
        if self._closing:
            done(Reply(0, 0, monotonic_ns(), Outcome.ABANDONED, 0))
            return
        self._waiting.append((call, done, monotonic_ns()))
        self._balance()

    async def close(self) -> None:
        """End every connection; calls still in flight end as ABANDONED."""
        self._closing = True
        self._idle.clear()
        for task in (*self._tasks, *self._dialling):
            task.cancel()
        await asyncio.gather(*self._tasks, *self._dialling, return_exceptions=True)
        while self._waiting:
            self._give_up(Outcome.ABANDONED)
        for connection in tuple(self._connections):
            connection.expire(Outcome.ABANDONED)
        self._dialler.close()

    def notes(self) -> TransportNotes:
        """Return what the wire noticed so far."""
        return self._notices.notes()

    # -- the connections' owner -------------------------------------------------------------------------------------

    def freed(self, connection: Connection, reusable: bool) -> None:  # noqa: FBT001  # positional on the hot path
        """Take a connection back after a whole reply. HOT."""
        if not reusable:
            connection.close()
        elif self._waiting:
            call, done, since_ns = self._waiting.popleft()
            connection.begin(self._requests[call], done, since_ns)
        else:
            self._idle.append(connection)

    def lost(self, connection: Connection) -> None:
        """Forget a closed connection."""
        self._connections.discard(connection)  # `send` skips it, should it lie among the idle ones
        if self._waiting:
            self._balance()

    def failed(self, error: Exception, outcome: Outcome | None) -> None:
        """Note a failure in words: the first of all, and the first of its kind."""
        self._notices.failed(f"{type(error).__name__}: {error}", outcome)

    def refused(self, outcome: Outcome, reader: ReplyReader) -> None:
        """Note what an error reply said, if it is the first of its kind."""
        if self._notices.wants(outcome):
            self._notices.refused(outcome, reader.status, reader.header(b"x-amzn-errortype"), reader.kept_body)

    def dated(self, date: str) -> None:
        """Compare a reply's Date with the local clock; keep the reading furthest from zero."""
        self.wants_date = False
        self._notices.dated(date)

    # -- dialling -----------------------------------------------------------------------------------------------------

    def _balance(self) -> None:
        """Dial as many connections as the line of waiting calls wants and the limits allow."""
        room = min(self._wire.connections - len(self._connections), _DIALS_AT_ONCE) - len(self._dialling)
        for _ in range(min(room, len(self._waiting) - len(self._dialling))):
            self._dial_in_background(self._dial_for_waiting())

    def _dial_in_background(self, dial: Coroutine[None, None, object]) -> None:
        task = self._loop.create_task(dial)
        self._dialling.add(task)
        task.add_done_callback(self._dialling.discard)

    async def _dial_for_waiting(self) -> None:
        if await self._dial_one():
            return
        if self._waiting:
            self._give_up(Outcome.CONNECT)  # a failed dial ends one call: the one that waited longest
        if self._waiting and not self._closing:
            self._balance()  # more may wait than were dialled for at once

    async def _dial_one(self) -> bool:
        try:
            sock = await self._dialler.dial()
        except OSError as error:
            self.failed(error, Outcome.CONNECT)
            return False
        finally:
            # Before anyone is told: who calls again at once must not count on a dial that is over.
            self._dialling -= {asyncio.current_task()}
        self._adopt(sock)
        return True

    def _adopt(self, sock: Socket) -> None:
        self._notices.connects += 1
        connection = Connection(self._loop, sock, self, self._wire.response_bytes)
        self._connections.add(connection)
        self.freed(connection, reusable=True)

    def _give_up(self, outcome: Outcome) -> None:
        _, done, _ = self._waiting.popleft()
        done(Reply(0, 0, monotonic_ns(), outcome, 0))

    # -- what happens in the background -------------------------------------------------------------------------------

    async def _turn_seconds(self) -> None:
        while True:
            await asyncio.sleep(1 - time.time() % 1)
            self._requests.turn(int(time.time()))
            self.wants_date = True

    async def _sweep(self) -> None:
        """End what took too long; recycle connections before the server does."""
        timeout_ns, pause_s = self._wire.timeout_ns, min(max(self._wire.timeout_ns / 100e9, 0.01), 0.1)
        while True:
            await asyncio.sleep(pause_s)
            now = monotonic_ns()
            while self._waiting and self._waiting[0][2] + timeout_ns <= now:
                self._notices.timed_out(timeout_ns, sent=False, begun=False, received=0)
                self._give_up(Outcome.TIMEOUT)
            for connection in tuple(self._connections):
                connection.worn = now - connection.born_ns > self._wire.age_ns
                if connection.busy:
                    if connection.since_ns + timeout_ns <= now:
                        begun, received = connection.progress
                        self._notices.timed_out(timeout_ns, sent=True, begun=begun, received=received)
                        connection.expire(Outcome.TIMEOUT)
                elif connection.worn or now - connection.idle_since_ns > self._wire.idle_ns:
                    connection.close()
                    self._renew()

    def _renew(self) -> None:
        """Replace a recycled connection while there are fewer than were warm at the start."""
        if len(self._connections) + len(self._dialling) < min(self._wire.warm, self._wire.connections):
            self._dial_in_background(self._dial_one())

    async def _resolve_again(self) -> None:
        while True:
            await asyncio.sleep(_RESOLVE_EVERY_S)
            try:
                await self._dialler.resolve()
            except OSError as error:
                self.failed(error, None)  # the old addresses stay
