"""
One contract for all transports: every call ends exactly once, in the right outcome, whatever the server does.

The rows of `ROWS` name a script of the misbehaving server, what the call must end as, and why. Where transports may
differ, the row says so.
"""

import asyncio
import contextlib
import importlib.util
import logging
import os
import resource
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from time import monotonic_ns

import pytest
import trustme
import uvloop
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials

from asyncload.address import EndpointAddress
from asyncload.call import Call, Outcome, Reply, Transport
from asyncload.errors import StartError
from asyncload.sigv4 import Credentials
from asyncload.traceparent import Marks
from asyncload.transport.aio import Aio
from asyncload.transport.sdk import Sdk
from asyncload.transport.wire import Wire
from tests.real.misbehaving import LARGE_REPLY, SCRIPTS, MisbehavingServer

pytestmark = pytest.mark.filterwarnings(
    "ignore:Sending a large body directly:ResourceWarning"  # the SDK hands aiohttp whole bodies; that is its way
)

_CREDENTIALS = Credentials("AKIDEXAMPLE", "wJalrSECRET", "sess-TOKEN/+==")
_SECRETS = (_CREDENTIALS.access_key, _CREDENTIALS.secret_key, str(_CREDENTIALS.token))
_SETTLE_S = 0.02
_LIMIT_S = 20.0
"""What bounds a test: nothing may hang."""
_SHORT_NS = 250_000_000


# -- the ways, the servers, the calls ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Way:
    """A transport on a kind of event loop."""

    name: str
    make: Callable[[Wire], Transport]
    loop: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop

    def run(self, story: Awaitable[None]) -> None:
        """Run a story on a new loop, within the limit."""

        async def bounded() -> None:
            await asyncio.wait_for(story, _LIMIT_S)
            # A TLS connection that the server is taking down ends a turn or two after it was closed, and uvloop cannot
            # be closed before that (EBUSY; seen once in some 2,000 stories, on a busy machine).
            await asyncio.sleep(_SETTLE_S)

        with asyncio.Runner(loop_factory=self.loop) as runner:
            runner.run(bounded())


def _ways() -> Iterator[Way]:
    yield Way("aiohttp", Aio)
    yield Way("sdk", Sdk)
    if importlib.util.find_spec("asyncload.transport.raw"):
        from asyncload.transport.raw import Raw

        yield Way("raw", Raw)
        yield Way("raw", Raw, asyncio.new_event_loop)
        yield Way("raw", _traced)


def _traced(wire: Wire) -> Transport:
    """Raw, with a mark on each request and a look at each reply."""
    from asyncload.transport.traced import TracedRaw

    return TracedRaw(replace(wire, marks=Marks(1.0, 7, spans=True)))


def _id(way: Way) -> str:
    name = "traced" if way.make is _traced else way.name
    return f"{name}-{way.loop.__module__.split('.')[0]}"


WAYS = list(_ways())
every_way = pytest.mark.parametrize("way", WAYS, ids=_id)


@dataclass(frozen=True, slots=True)
class Place:
    """A server to misbehave, and the wire that leads to it."""

    server: MisbehavingServer
    wire: Wire


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """An authority that nobody trusts by default."""
    return trustme.CA()


def _server_tls(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


@pytest.fixture(params=["plain", "tls"], scope="module")
def place(
    request: pytest.FixtureRequest, authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    """The misbehaving server, plain by number and TLS by name."""
    encrypted = request.param == "tls"
    ca = tmp_path_factory.mktemp("tls") / "ca.pem"
    authority.cert_pem.write_to_path(str(ca))
    with MisbehavingServer(_server_tls(authority, "localhost") if encrypted else None) as server:
        address = EndpointAddress("https", "localhost", server.port) if encrypted else _plain(server.port)
        yield Place(server, _wire(address, ca if encrypted else None))


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy between the test and its server, and no settings of the user's."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy") or name.startswith("AWS_")]:
        monkeypatch.delenv(name)


def _plain(port: int) -> EndpointAddress:
    return EndpointAddress("http", "127.0.0.1", port)


def _wire(address: EndpointAddress, ca: Path | None = None) -> Wire:
    return Wire(
        address=address,
        endpoint_name="mme",
        region="us-east-1",
        credentials=lambda: _CREDENTIALS,
        connections=8,
        in_flight=64,
        timeout_ns=5_000_000_000,
        response_bytes=16_777_216,
        ca=ca,
    )


def _call(
    script: str, body: bytes = b"1,2,3", *, inference_id: bool = False, more: tuple[tuple[str, str], ...] = ()
) -> Call:
    headers = (("Content-Type", "text/csv"), ("X-Amzn-SageMaker-Target-Model", script), *more)
    return Call(0, "/endpoints/mme/invocations", headers, body, sha256(body).hexdigest(), inference_id=inference_id)


@dataclass(slots=True)
class Replies:
    """Sends calls, and holds every one of them to a single end."""

    transport: Transport
    ended: list[int] = field(default_factory=list)
    _all: asyncio.Event = field(default_factory=asyncio.Event)
    got: dict[int, Reply] = field(default_factory=dict)

    def send(self, *calls: Call) -> None:
        """Send all at once; `send` must not wait, so this is no coroutine."""
        for call in calls:
            number = len(self.ended)
            self.ended.append(0)
            self._all.clear()
            self.transport.send(call, lambda reply, number=number: self._end(number, reply))  # type: ignore[misc]

    async def all(self) -> list[Reply]:
        """Wait until every call has ended."""
        if not self.done:
            await self._all.wait()
        return [self.got[number] for number in range(len(self.ended))]

    async def of(self, *calls: Call) -> list[Reply]:
        """Send, and return the replies of these calls."""
        self.send(*calls)
        return (await self.all())[-len(calls) :]

    @property
    def done(self) -> bool:
        """Whether every call has ended."""
        return all(self.ended)

    def _end(self, number: int, reply: Reply) -> None:
        self.ended[number] += 1
        self.got[number] = reply
        if self.done:
            self._all.set()


@contextlib.asynccontextmanager
async def opened(way: Way, wire: Wire) -> AsyncIterator[Replies]:
    """Open a transport; after the test no call may have ended twice, nor anything gone wrong in a callback."""
    troubles: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, trouble: troubles.append(trouble))
    transport = way.make(wire)
    await transport.open()
    replies = Replies(transport)
    try:
        yield replies
    finally:
        await transport.close()
    assert set(replies.ended) <= {1}
    assert not troubles


# -- the rows ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Row:
    """A script, what a call to it ends as, and why."""

    script: str
    outcome: Outcome
    why: str
    received: int | None = None
    """Bytes of the body that must have been counted."""
    library: Outcome | None = None
    """What aiohttp, or the SDK over it, may end as instead, where it cannot tell; the raw transport always can."""

    def expected(self, way: Way) -> set[Outcome]:
        """Return the outcomes that are right for a transport."""
        return {self.outcome} if way.name == "raw" or self.library is None else {self.outcome, self.library}


O = Outcome  # noqa: E741  # a table's column
ROWS = [
    Row("ok", O.OK, "200 with Content-Length", 10),
    Row("chunked", O.OK, "500 chunks of one byte", 500),
    Row("chunked-trailer", O.OK, "a trailer after the last chunk is no part of the body", 3),
    Row("interim", O.OK, "100 and 103 precede the reply and are none", 10),
    Row("close", O.OK, "the server closes after the reply", 10),
    Row("http10", O.OK, "HTTP/1.0 without a length: the end of the connection ends the body", 10),
    Row("trickle", O.OK, "one byte at a time is slow, not wrong", 3),
    Row("empty", O.OK, "Content-Length: 0", 0),
    Row("204", O.OK, "a status that has no body", 0),
    Row("large", O.OK, "more than the buffers hold", len(LARGE_REPLY)),
    Row("two-replies", O.OK, "what follows the reply belongs to nobody", 4),
    Row("early-413", O.CLIENT_ERROR, "answered and closed before the body was read", 2),
    Row("reset-at-once", O.CONNECT, "lost before the first byte"),
    Row("eof-at-once", O.CONNECT, "lost before the first byte"),
    Row(
        "reset-mid-head",
        O.PROTOCOL,
        "cut short; libraries do not tell it from a reset before the head",
        None,
        O.CONNECT,
    ),
    Row("reset-mid-body", O.PROTOCOL, "cut short"),
    Row("half-close", O.PROTOCOL, "cut short, though the server still reads"),
    Row("eof-mid-head", O.PROTOCOL, "cut short; the SDK has one exception for both ends", None, O.CONNECT),
    Row("eof-mid-body", O.PROTOCOL, "cut short"),
    Row("eof-mid-chunk", O.PROTOCOL, "cut short"),
    Row("bad-chunk", O.PROTOCOL, "no number for a length; aiohttp may wait for more after it", None, O.TIMEOUT),
    Row("oversize-head", O.PROTOCOL, "1 MiB of headers; aiohttp before 3.14 counts none", None, O.OK),
    Row("one-long-header", O.PROTOCOL, "one header of 1 MiB"),
    Row("garbage", O.PROTOCOL, "not HTTP"),
    Row("redirect", O.PROTOCOL, "InvokeEndpoint never redirects; the SDK follows, in circles, until it gives up"),
    Row("424", O.MODEL_ERROR, "the container's error"),
    Row("429", O.NOT_READY, "still loading"),
    Row("400", O.CLIENT_ERROR, "validation"),
    Row("throttle", O.THROTTLED, "a 400 whose header says more than its body"),
    Row("throttle-by-body", O.THROTTLED, "a 400 whose body says it"),
    Row("403", O.AUTH, "signature"),
    Row("403-with-the-request", O.AUTH, "signature, and what it should have been of"),
    Row("500", O.SERVER_ERROR, "AWS's fault"),
    Row("503", O.SERVER_ERROR, "AWS's fault"),
    Row("530", O.SERVER_ERROR, "AWS's fault"),
    Row("404", O.CLIENT_ERROR, "a page instead of JSON"),
]


def test_every_script_is_used() -> None:
    """A script without a row or a test of its own would test nothing."""
    own = {"slow", "late-date", "silence", "silence-mid-body", "idle-close"}
    assert {row.script for row in ROWS} | own == set(SCRIPTS)


@every_way
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.script)
def test_a_call_ends_as_the_table_says(way: Way, place: Place, row: Row) -> None:
    """Once, in its outcome, with times in order; and the next call on the same transport is served as ever."""

    async def story() -> None:
        begun_ns = monotonic_ns()
        limit_ns = _SHORT_NS if row.library is O.TIMEOUT else place.wire.timeout_ns
        async with opened(way, replace(place.wire, timeout_ns=limit_ns)) as replies:
            (reply,) = await replies.of(_call(row.script, b"1,2,3" if row.script != "early-413" else b"x" * 6_000_000))
            assert reply.outcome in row.expected(way), (row.why, replies.transport.notes().first_error)
            if row.received is not None:
                assert reply.received == row.received
            assert begun_ns < reply.sent_ns <= reply.last_ns <= monotonic_ns()
            assert reply.first_ns == 0 or reply.sent_ns < reply.first_ns <= reply.last_ns
            if reply.outcome not in (O.CONNECT, O.PROTOCOL):
                assert reply.first_ns > 0
                assert replies.transport.notes().first_error == ""
            elif row.script != "redirect":
                assert replies.transport.notes().first_error != ""
            example = replies.transport.notes().examples.get(reply.outcome, "")
            assert bool(example) == (reply.outcome is not O.OK), "one example of what went wrong"
            assert not any(secret in example for secret in _SECRETS)
            (after,) = await replies.of(_call("ok"))
            assert (after.outcome, after.received) == (O.OK, 10)

    way.run(story())


# -- silence, idleness, queues, ends ----------------------------------------------------------------------------------


@every_way
@pytest.mark.parametrize("script", ["silence", "silence-mid-body"])
def test_silence_ends_as_timeout(way: Way, place: Place, script: str) -> None:
    """A reply that does not come, or stops coming, ends the call at its limit and frees its place for others."""

    async def story() -> None:
        async with opened(way, replace(place.wire, timeout_ns=_SHORT_NS, connections=1)) as replies:
            (reply,) = await replies.of(_call(script))
            assert reply.outcome is O.TIMEOUT
            progress = "no reply in 250ms" if script == "silence" else "no whole reply within 250ms, 50 bytes"
            assert replies.transport.notes().examples[O.TIMEOUT].startswith(progress)
            assert _SHORT_NS * 0.95 <= reply.last_ns - reply.sent_ns <= _SHORT_NS + 500_000_000
            (after,) = await replies.of(_call("ok"))
            assert after.outcome is O.OK

    way.run(story())


@every_way
def test_a_connection_that_the_server_closed_is_not_a_trap(way: Way, place: Place) -> None:
    """After an idle connection was closed by the server, the next call succeeds or ends as CONNECT, and soon."""

    async def story() -> None:
        async with opened(way, place.wire) as replies:
            for pause_s in (0.0, 0.045, 0.05, 0.055, 0.2):
                (reply,) = await replies.of(_call("idle-close"))
                assert reply.outcome in (O.OK, O.CONNECT)
                await asyncio.sleep(pause_s)
            (reply,) = await replies.of(_call("ok"))
            assert reply.outcome is O.OK

    way.run(story())


@every_way
def test_more_calls_than_connections_wait_in_line(way: Way, place: Place) -> None:
    """All end well, over no more connections than allowed; the SDK's pool is as large as `in_flight` by design."""

    async def story() -> None:
        async with opened(way, replace(place.wire, connections=3, in_flight=20)) as replies:
            place.server.most_open = place.server.open_now
            before = place.server.open_now
            got = await replies.of(*[_call("slow")] * 20)
            assert [reply.outcome for reply in got] == [O.OK] * 20
            assert place.server.most_open - before <= (20 if way.name == "sdk" else 3)

    way.run(story())


@every_way
def test_calls_that_wait_too_long_in_line_end_as_timeout(way: Way, place: Place) -> None:
    """The limit counts from `send`, also for a call that never reached the wire."""
    if way.name == "sdk":
        pytest.skip("the SDK's pool is as large as in_flight: nobody waits in line")

    async def story() -> None:
        async with opened(way, replace(place.wire, timeout_ns=_SHORT_NS, connections=1)) as replies:
            got = await replies.of(*[_call("silence")] * 3)
            assert [reply.outcome for reply in got] == [O.TIMEOUT] * 3
            assert got[0].sent_ns > 0
            # A place may come free in the last moment of those in line, so that one more is sent; never all of them.
            assert got[-1].sent_ns == 0

    way.run(story())


@every_way
def test_closing_ends_calls_as_abandoned(way: Way, place: Place) -> None:
    """In flight, in line, or sent in the same turn of the loop: each ends once, before `close` returns."""

    async def story() -> None:
        async with opened(way, replace(place.wire, connections=2)) as replies:
            replies.send(*[_call("silence")] * 4)
            await asyncio.sleep(0.1)
            replies.send(_call("silence"))
            await replies.transport.close()
            assert replies.done
            assert [reply.outcome for reply in await replies.all()] == [O.ABANDONED] * 5
            (late,) = await replies.of(_call("ok"))
            assert late.outcome is O.ABANDONED

    way.run(story())


@every_way
def test_a_longer_reply_than_allowed_is_cut(way: Way, place: Place) -> None:
    """Beyond `response_bytes` the call ends as PROTOCOL, and the connection with it."""

    async def story() -> None:
        async with opened(way, replace(place.wire, response_bytes=100_000)) as replies:
            (reply,) = await replies.of(_call("large"))
            assert reply.outcome is O.PROTOCOL
            assert 100_000 < reply.received < len(LARGE_REPLY)
            (reply,) = await replies.of(_call("ok"))
            assert (reply.outcome, reply.received) == (O.OK, 10)

    way.run(story())


@every_way
def test_the_server_going_away_ends_as_connect(way: Way) -> None:
    """Once nobody listens, calls end as CONNECT at once, and the notes count it."""

    async def story() -> None:
        with MisbehavingServer() as server:
            transport = way.make(_wire(_plain(server.port)))
            await transport.open()
        replies = Replies(transport)
        await asyncio.sleep(0.05)
        got = await replies.of(*[_call("ok")] * 3)
        assert [reply.outcome for reply in got] == [O.CONNECT] * 3
        assert transport.notes().connect_failures >= 1
        assert transport.notes().exhausted == 0
        await transport.close()

    way.run(story())


@every_way
def test_callers_who_go_on_after_a_failure_fail_again_at_once(way: Way) -> None:
    """As a closed loop does: each failure is followed by a call in the loop's next turn, and none of them is left."""

    async def story() -> None:
        with MisbehavingServer() as server:
            transport = way.make(_wire(_plain(server.port)))
            await transport.open()
        replies, loop = Replies(transport), asyncio.get_running_loop()
        for _ in range(20):
            ended = loop.create_future()
            transport.send(_call("ok"), lambda reply, ended=ended: ended.set_result(reply))  # type: ignore[misc]
            assert (await asyncio.wait_for(ended, 2.0)).outcome is O.CONNECT
        began = loop.time()
        got = await replies.of(*[_call("ok")] * 150)
        assert [reply.outcome for reply in got] == [O.CONNECT] * 150
        assert loop.time() - began < 4.0, "calls were left to their time limit"
        await transport.close()

    way.run(story())


@every_way
def test_running_out_of_descriptors_is_noticed(way: Way, place: Place) -> None:
    """EMFILE is this machine's fault: the call ends as CONNECT, and the notes say so."""

    async def story() -> None:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        async with opened(way, place.wire) as replies:
            await replies.of(_call("ok"))  # the SDK reads its certificates with the first call
            lowest = socket.socket()
            resource.setrlimit(resource.RLIMIT_NOFILE, (lowest.fileno(), hard))
            try:
                got = await replies.of(*[_call("slow")] * 4)
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
                lowest.close()
            assert O.CONNECT in {reply.outcome for reply in got}
            assert {reply.outcome for reply in got} <= {O.CONNECT, O.OK}
            assert replies.transport.notes().exhausted >= 1

    way.run(story())


# -- what arrives -----------------------------------------------------------------------------------------------------


@every_way
def test_a_large_body_arrives_whole(way: Way, place: Place) -> None:
    """6 MB, InvokeEndpoint's limit, in as many pieces as the socket takes."""
    body = bytes(range(256)) * 24_576

    async def story() -> None:
        async with opened(way, place.wire) as replies:
            (reply,) = await replies.of(_call("ok", body))
            assert reply.outcome is O.OK
            assert place.server.requests[-1].body == body

    way.run(story())


@every_way
def test_the_request_is_signed_as_botocore_signs(way: Way, place: Place) -> None:
    """Path, headers, token and body as given; botocore, asked to sign what arrived, writes the same signature."""
    more = (("Accept", "application/json"), ("X-Amzn-SageMaker-Custom-Attributes", "trace  id=7"))
    address = replace(place.wire.address, path_prefix="/prod")

    async def story() -> None:
        async with opened(way, replace(place.wire, address=address)) as replies:
            got = await replies.of(_call("ok", inference_id=True, more=more), _call("ok", inference_id=True, more=more))
            assert [reply.outcome for reply in got] == [O.OK] * 2

    way.run(story())
    arrived = place.server.requests[-2:]
    for request in arrived:
        assert request.path == "/prod/endpoints/mme/invocations"
        assert request.body == b"1,2,3"
        assert request.headers["host"] == address.host_header
        assert request.headers["x-amz-security-token"] == "sess-TOKEN/+=="
        assert {name.lower(): value for name, value in more}.items() <= request.headers.items()
        assert request.headers["authorization"] == _as_botocore_signs(
            request.headers, f"{address.url}/endpoints/mme/invocations"
        )
    assert len({request.headers["x-amzn-sagemaker-inference-id"] for request in arrived}) == 2


def _as_botocore_signs(headers: dict[str, str], url: str) -> str:
    """Sign again what the request itself names as signed."""
    names = headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
    again = AWSRequest("POST", url, {name: headers[name] for name in names}, b"1,2,3")
    again.context["timestamp"] = headers["x-amz-date"]
    auth = SigV4Auth(BotoCredentials(_CREDENTIALS.access_key, _CREDENTIALS.secret_key), "sagemaker", "us-east-1")
    signature = auth.signature(auth.string_to_sign(again, auth.canonical_request(again)), again)
    return f"AWS4-HMAC-SHA256 Credential={auth.scope(again)}, SignedHeaders={';'.join(names)}, Signature={signature}"


# -- notes ------------------------------------------------------------------------------------------------------------


@every_way
def test_a_second_later_new_credentials_are_used_and_the_servers_time_is_looked_at(way: Way, place: Place) -> None:
    """
    A call sent after the credentials changed is signed with the new ones, at the latest from the next second on. The
    Date that is furthest from the local clock is kept, with its sign.
    """
    current = [_CREDENTIALS]

    async def story() -> None:
        async with opened(way, replace(place.wire, credentials=lambda: current[0])) as replies:
            await replies.of(_call("ok"))
            assert replies.transport.notes().clock_skew_s == 0
            current[0] = Credentials("AKIDNEW", "other")
            await asyncio.sleep(1.1)  # a transport may sign, and look at a Date, once a second
            await replies.of(_call("late-date"))
            assert "Credential=AKIDNEW/" in place.server.requests[-1].headers["authorization"]
            assert "x-amz-security-token" not in place.server.requests[-1].headers
            assert replies.transport.notes().clock_skew_s < -900_000_000

    way.run(story())


@every_way
def test_warm_connections_are_there_before_the_first_call(way: Way, place: Place) -> None:
    """`warm` connections are opened by `open`, and the first calls use them."""
    if way.name == "sdk":
        pytest.skip("the SDK opens its connections with the first calls; to see that is its purpose")

    async def story() -> None:
        async with opened(way, replace(place.wire, warm=4)) as replies:
            await asyncio.sleep(0.1)
            opened_before = place.server.connections
            assert replies.transport.notes().connects == 4
            assert [r.outcome for r in await replies.of(*[_call("slow")] * 4)] == [O.OK] * 4
            assert place.server.connections == opened_before
            assert replies.transport.notes().connects == 4

    way.run(story())


@every_way
def test_no_secret_reaches_notes_or_logs(way: Way, place: Place, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever failed: no text of ours holds the secret key, the token or a signature."""

    async def story() -> None:
        async with opened(way, replace(place.wire, timeout_ns=_SHORT_NS)) as replies:
            await replies.of(
                *(_call(script) for script in ("garbage", "reset-mid-body", "403", "silence", "one-long-header"))
            )
            texts.append(f"{replies.transport.notes()!r} {replies.transport!r} {place.wire!r}")

    texts: list[str] = []
    with caplog.at_level(logging.INFO):
        way.run(story())
    for text in (*texts, caplog.text):
        assert "SECRET" not in text
        assert "TOKEN" not in text
        assert "Signature=" not in text


# -- what cannot begin ------------------------------------------------------------------------------------------------


def _refused(way: Way, wire: Wire) -> str:
    """Return the words with which opening fails."""

    async def story() -> None:
        transport = way.make(wire)
        with pytest.raises(StartError) as caught:
            await transport.open()
        words.append(str(caught.value))

    words: list[str] = []
    way.run(story())
    return words[0]


@every_way
def test_nobody_listening_is_a_start_error(way: Way) -> None:
    """A refused connection names the endpoint."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        assert f"http://127.0.0.1:{port}" in _refused(way, _wire(_plain(port)))


@every_way
def test_a_name_that_does_not_resolve_is_a_start_error(way: Way) -> None:
    """`.invalid` never resolves (RFC 6761)."""
    assert "nowhere.invalid" in _refused(way, _wire(EndpointAddress("https", "nowhere.invalid", 443)))


@every_way
def test_an_untrusted_authority_is_a_start_error(way: Way, place: Place, tmp_path: Path) -> None:
    """Neither the system's authorities nor another one vouch for the server."""
    if not place.wire.address.tls:
        pytest.skip("plaintext has no certificate")
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    for ca in (None, other):
        assert "certificate" in _refused(way, replace(place.wire, ca=ca)).lower()


@every_way
def test_a_certificate_for_another_name_is_a_start_error(way: Way, authority: trustme.CA, tmp_path: Path) -> None:
    """A trusted authority's certificate for somebody else."""
    ca = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca))
    with MisbehavingServer(_server_tls(authority, "other.example")) as server:
        words = _refused(way, _wire(EndpointAddress("https", "localhost", server.port), ca))
    assert "localhost" in words
    assert "certificate" in words.lower()


@every_way
def test_a_file_that_is_no_authority_is_a_start_error(way: Way, place: Place, tmp_path: Path) -> None:
    """A missing CA file, and one that holds something else."""
    if not place.wire.address.tls:
        pytest.skip("plaintext has no certificate")
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("not a certificate")
    for ca in (tmp_path / "missing.pem", wrong):
        assert str(ca) in _refused(way, replace(place.wire, ca=ca))
