"""The emulator's HTTP face and listener on real sockets: what clients see, the polite and the others."""

import os
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from time import monotonic_ns

import pytest

from asyncload.emulator.wire.connection import WAITING_MOST
from asyncload.emulator.wire.values import Limits
from tests.real.faces import BODY, LARGE, RunningFace, ask, client, connect, post, rest, running_face

SHORT = Limits(head_bytes=4000, body_bytes=100_000, head_s=0.4, body_s=0.4, idle_close_s=0.8)


@pytest.fixture(scope="module", params=["tcp", "tls"])
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningFace]:
    """One face for the tests that leave it as it was."""
    with running_face(tmp_path_factory.mktemp("face") if request.param == "tls" else None) as each:
        yield each


@pytest.fixture(params=["tcp", "tls"])
def short(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RunningFace]:
    """A face of its own for a test, with little patience."""
    with running_face(tmp_path if request.param == "tls" else None, SHORT) as each:
        yield each


def until(condition: Callable[[], bool], seconds: float = 5) -> None:
    """Wait for something that another thread does."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.005)


# -- what succeeds ----------------------------------------------------------------------------------------------------


def test_a_connection_carries_one_request_after_another(running: RunningFace) -> None:
    """Bodies of any size come back, on one connection; the head has a length and a date."""
    connection = client(running)
    first = running.face.open_connections
    for size in (0, 1, 65_536, 65_537, 6_291_456):
        body = os.urandom(size)
        status, got, headers = ask(connection, "/echo", body)
        assert (status, got == body, headers["content-length"], headers["connection"]) == (200, True, str(size), None)
        assert abs(parsedate_to_datetime(headers["date"]) - datetime.now(UTC)) < timedelta(seconds=5)
    assert running.face.open_connections == first + 1
    connection.close()


def test_a_request_is_what_was_sent(running: RunningFace) -> None:
    """Method, target, headers and body arrive as they are on the wire; the peer is the client."""
    connection = client(running)
    connection.request("PUT", "/a%20b?c=%2F", b"xyz", {"X-Amzn-Thing": "säulen".encode(), "X-TWICE": "one"})
    connection.getresponse().read()
    request = running.requests[-1]
    assert (request.method, request.target, request.path, request.query) == ("PUT", "/a%20b?c=%2F", "/a%20b", "c=%2F")
    assert (b"X-Amzn-Thing", "säulen".encode()) in request.headers
    assert (request.values["x-amzn-thing"], request.values["x-twice"], request.body) == ("säulen", "one", b"xyz")
    assert (request.whole, request.peer) == (True, "127.0.0.1")
    connection.close()


def test_arrival_and_sending_lie_around_the_handler(running: RunningFace) -> None:
    """The arrival is after the request was sent, the sending after the arrival, both before the reply was read."""
    connection = client(running)
    ask(connection, "/")
    for path in ("/", "/pause", "/large"):
        before_ns, seen = monotonic_ns(), len(running.sent_ns)
        ask(connection, path)
        until(lambda seen=seen: len(running.sent_ns) > seen)  # type: ignore[misc]
        assert before_ns < running.requests[-1].arrival_ns < running.sent_ns[-1] < monotonic_ns()
    connection.close()


def test_a_large_reply_counts_as_sent_when_the_client_has_taken_it(running: RunningFace) -> None:
    """While a client does not read, its reply is not sent, and its next request not begun."""
    with connect(running) as sock:
        seen, asked = len(running.sent_ns), len(running.requests)
        sock.sendall(post("/large") + post("/echo", b"next"))
        until(lambda: len(running.requests) > asked)
        time.sleep(0.1)
        assert (len(running.sent_ns), len(running.requests)) == (seen, asked + 1)
        began_ns = monotonic_ns()
        size = 0
        while size < len(LARGE):
            size += len(sock.recv(1 << 20))
        until(lambda: len(running.sent_ns) >= seen + 2)
        assert running.sent_ns[seen] > began_ns


def test_pipelined_requests_are_answered_in_order(running: RunningFace) -> None:
    """More than may wait at once, each after a wait of its own."""
    count = WAITING_MOST * 5
    with connect(running) as sock:
        paths = ["/pause", "/echo", "/"]
        sock.sendall(b"".join(post(paths[n % 3], b"b" * n, f"X-Number: {n}") for n in range(count - 1)))
        sock.sendall(post("/", b"", f"X-Number: {count - 1}", "Connection: close"))
        answered = rest(sock).split(b"X-Number: ")[1:]
    assert [int(each.split(b"\r\n")[0]) for each in answered] == list(range(count))


def test_reading_pauses_while_too_many_requests_wait() -> None:
    """A client that never reads cannot have the face hold all that it sends."""
    with running_face() as running, connect(running) as sock:
        sock.settimeout(0.5)
        with pytest.raises(TimeoutError):
            sock.sendall(post("/gate", b"x" * 200_000) * 500)
        assert len(running.requests) == 1


@pytest.mark.parametrize("gap_s", [0, 0.05])
def test_a_body_that_waits_for_100_continue_is_asked_for(running: RunningFace, gap_s: float) -> None:
    """Once, and only when the requests before it are answered; not if it comes by itself."""
    head = post("/echo", b"", "Expect: 100-continue").replace(b"Length: 0", b"Length: 4")
    with connect(running) as sock:
        sock.sendall(post("/pause"))
        time.sleep(0.005)
        sock.sendall(head)
        first = b""
        while not first.endswith(b"100 Continue\r\n\r\n"):
            first += sock.recv(65_536)
        assert first.count(b"HTTP/1.1") == 2
        assert first.startswith(b"HTTP/1.1 200")
        sock.sendall(b"bo")
        time.sleep(gap_s)
        sock.sendall(b"dy" + head + b"more" + post("/close"))
        said = rest(sock)
    assert said.count(b"HTTP/1.1 200") == 3
    assert b"100 Continue" not in said
    assert b"\r\n\r\nbody" in said
    assert b"\r\n\r\nmore" in said


def test_head_gets_the_head_only(running: RunningFace) -> None:
    """With the length that the body would have."""
    connection = client(running)
    for _ in range(2):
        status, body, headers = ask(connection, "/", method="HEAD")
        assert (status, body, headers["content-length"]) == (200, b"", str(len(BODY)))
    connection.close()


@pytest.mark.parametrize(
    "request_bytes",
    [
        post("/", b"", "Connection: close"),
        post("/close"),
        b"GET / HTTP/1.0\r\n\r\n",
        b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    ],
    ids=["asked for", "the handler's wish", "HTTP/1.0", "HTTP/1.0 that asks for more"],
)
def test_a_connection_ends_with_its_reply(running: RunningFace, request_bytes: bytes) -> None:
    """The reply says so, and the stream ends."""
    with connect(running) as sock:
        sock.sendall(request_bytes)
        said = rest(sock)
    assert said.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\nConnection: close\r\n" in said
    assert said.endswith(BODY)


def test_an_upgrade_is_not_taken(running: RunningFace) -> None:
    """curl --http2 and Java ask for h2c; they get HTTP/1.1."""
    with connect(running) as sock:
        sock.sendall(post("/echo", b"body", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c") + post("/close"))
        said = rest(sock)
    assert said.count(b"HTTP/1.1 200 OK") == 2
    assert b"\r\n\r\nbodyHTTP" in said


def test_the_clock_of_the_replies_can_be_off() -> None:
    """Date is shifted from one reply to the next."""
    with running_face() as running:
        connection = client(running)
        for minutes in (0, -6, 5):
            running.face.date.offset_ns = minutes * 60 * 10**9
            stated = parsedate_to_datetime(ask(connection, "/")[2]["date"])
            assert abs(stated - datetime.now(UTC) - timedelta(minutes=minutes)) < timedelta(seconds=3)
        connection.close()


# -- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["raise", "split", "status"])
def test_a_handler_that_fails_is_500_and_the_connection_goes_on(running: RunningFace, word: str) -> None:
    """InternalFailure to the client, the exception to the log; so is a reply that cannot be written down."""
    connection = client(running)
    seen = len(running.failures)
    status, _, headers = ask(connection, f"/{word}")
    assert (status, headers["x-amzn-errortype"]) == (500, "InternalFailure")
    assert ask(connection, "/")[1] == BODY
    assert len(running.failures) == seen + 1
    connection.close()


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200), 400),
        (b"hello, is this HTTP?\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\n\r\n", 505),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 20_000, 431),
        (b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 5000, 431),
    ],
)
def test_what_is_no_request_is_refused(running: RunningFace, sent: bytes, status: int) -> None:
    """A reply that says why, behind the replies to what came before, then the end of the stream."""
    with connect(running) as sock:
        sock.sendall(post("/pause") + sent)
        said = b""
        while b"Connection: close" not in said or not said.endswith(b"\n"):
            said += sock.recv(65_536)
        if running.authority is None:  # TLS has no half-close: there the stream ends when the client goes, or later
            assert rest(sock) == b""
    assert said.count(b"HTTP/1.1 ") == 2
    assert f"HTTP/1.1 {status} ".encode() in said.replace(b"HTTP/1.1 200", b"", 1)
    assert b"Connection: close" in said


def test_a_refused_client_that_goes_on_sending_is_told(running: RunningFace) -> None:
    """It gets its 400 although it sends 5 MB more before it reads: a close at once would be a reset."""
    with connect(running) as sock:
        sock.sendall(b"this is not HTTP\r\n\r\n" + bytes(5_000_000))
        time.sleep(0.05)
        assert sock.recv(65_536).startswith(b"HTTP/1.1 400 ")


def test_an_oversize_body_is_dropped_and_its_client_told(running: RunningFace) -> None:
    """The client sends all of it, chunked or not, and then reads its 413; the handler sees no body."""
    for chunked in (False, True):
        connection = client(running)
        body = b"x" * 6_291_457
        connection.request("POST", "/echo", iter([body]) if chunked else body, encode_chunked=chunked)
        reply = connection.getresponse()
        assert (reply.status, reply.read(), reply.headers["connection"]) == (413, b"too large", "close")
        assert (running.requests[-1].whole, running.requests[-1].body) == (False, b"")
        connection.close()


def test_a_body_without_end_is_cut_off() -> None:
    """Not even the 413 of a client is waited for after 64 MiB: it is told before it has sent all."""
    with running_face() as running, connect(running) as sock:
        sock.sendall(b"POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n")
        for _ in range(80):
            sock.sendall(bytes(2**20))
        assert rest(sock).startswith(b"HTTP/1.1 413 ")


def test_an_oversize_body_that_waits_is_not_asked_for(running: RunningFace) -> None:
    """Expect: 100-continue is answered by the 413."""
    with connect(running) as sock:
        sock.sendall(b"POST / HTTP/1.1\r\nContent-Length: 6291457\r\nExpect: 100-continue\r\n\r\n")
        assert rest(sock).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    "body", [b"", b"{", b'{"a": 1}}', b"\xff\xfe\x00", b"[" * 100_000, b'"\\ud800"', b"nul", b"1e999999"]
)
def test_a_body_is_nobodys_business_here(running: RunningFace, body: bytes) -> None:
    """Whether it is JSON or not, the face passes on what came."""
    connection = client(running)
    assert ask(connection, "/echo", body)[:2] == (200, body)
    connection.close()


# -- patience ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "start", [b"POST / HT", b"POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\n"], ids=["head", "body"]
)
def test_a_request_that_does_not_come_is_408(short: RunningFace, start: bytes) -> None:
    """A head must be whole in time, however it trickles; a body must grow."""
    with connect(short) as sock:
        sock.sendall(start)
        begin = time.monotonic()
        said = rest(sock)
        assert said.startswith(b"HTTP/1.1 408 ")
        assert 0.3 < time.monotonic() - begin < 5


def test_a_trickling_head_does_not_buy_time(short: RunningFace) -> None:
    """Slowloris: a byte now and then."""
    with connect(short) as sock:
        begin = time.monotonic()
        sock.settimeout(0.05)
        said = b""
        for byte in b"GET / HTTP/1.1\r\nX: " + b"x" * 1000:
            sock.sendall(bytes([byte]))
            try:
                said = sock.recv(1000)
                break
            except TimeoutError:
                continue
        assert said.startswith(b"HTTP/1.1 408 ")
        assert time.monotonic() - begin < 5


def test_a_trickling_body_is_waited_for(short: RunningFace) -> None:
    """A body that grows may take longer than the limit for one that does not."""
    with connect(short) as sock:
        sock.sendall(post("/echo", b"", "Connection: close").replace(b"Length: 0", b"Length: 10"))
        for _ in range(10):
            time.sleep(0.1)
            sock.sendall(b"x")
        assert rest(sock).endswith(b"x" * 10)


def test_an_idle_connection_is_closed(short: RunningFace) -> None:
    """After its last reply, or if it never said anything; not while it is used."""
    with connect(short) as silent, connect(short) as used:
        begin = time.monotonic()
        for _ in range(6):
            used.sendall(post("/"))
            assert used.recv(65_536)
            time.sleep(0.2)
        assert used.fileno() >= 0
        assert silent.recv(1) == b""
        used.sendall(post("/"))
        assert used.recv(65_536).startswith(b"HTTP/1.1 200")
        last = time.monotonic()
        assert used.recv(1) == b""
        assert 0.7 < time.monotonic() - last < 5
        assert time.monotonic() - begin < 10


def test_a_slow_handler_is_not_idleness(short: RunningFace) -> None:
    """A connection that waits for its reply is not closed."""
    with connect(short) as sock:
        sock.sendall(post("/gate"))
        assert short.begun.wait(5)
        time.sleep(1.5)
        short.call(short.gate.set)
        assert sock.recv(65_536).startswith(b"HTTP/1.1 200")


def test_a_client_that_takes_nothing_is_cut_off(short: RunningFace) -> None:
    """A reply that does not get on for too long ends its connection, and counts as not sent."""
    with connect(short) as sock:
        sock.sendall(post("/large"))
        until(lambda: bool(short.sent_ns))
        assert short.sent_ns == [0]


def test_a_client_that_takes_its_time_is_waited_for(short: RunningFace) -> None:
    """A reply that gets on may take longer than the limit for one that does not."""
    with connect(short) as sock:
        sock.sendall(post("/large", b"", "Connection: close"))
        size, begin = 0, time.monotonic()
        while piece := sock.recv(131_072):
            size += len(piece)
            time.sleep(len(piece) / 16e6)
        assert size > len(LARGE)
        assert time.monotonic() - begin > 2 * SHORT.body_s
        until(lambda: bool(short.sent_ns))
        assert short.sent_ns[0] > 0
        assert short.paced_ns[0] > SHORT.body_s * 1e9, "the client's time is told apart from the face's"


def test_a_handshake_that_does_not_come_is_given_up(tmp_path: Path) -> None:
    """A client that connects and says nothing is closed after the time that a head has."""
    with running_face(tmp_path, SHORT) as running, socket.create_connection(("127.0.0.1", running.port), 5) as sock:
        assert sock.recv(1) == b""


# -- departure --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sent",
    [b"", b"POST / HT", b"POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\nabc", post("/pause") + b"POST"],
    ids=["at once", "in the head", "in the body", "behind a request"],
)
@pytest.mark.parametrize("reset", [False, True])
def test_a_client_may_leave_at_any_point(running: RunningFace, sent: bytes, reset: bool) -> None:  # noqa: FBT001
    """With an end of stream or a reset; its connection is forgotten, others go on."""
    until(lambda: running.face.open_connections == 0)
    sock = connect(running)
    sock.sendall(sent)
    until(lambda: running.face.open_connections == 1)
    if reset:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    sock.close()
    until(lambda: running.face.open_connections == 0)
    assert not running.failures or all(isinstance(each, LookupError | ValueError) for each in running.failures)


def test_a_handler_goes_on_when_its_client_has_gone() -> None:
    """It ends as it would have, and its reply counts as not sent; requests that waited behind it are not begun."""
    with running_face() as running:
        sock = connect(running)
        sock.sendall(post("/gate") + post("/"))
        assert running.begun.wait(5)
        sock.close()
        until(lambda: running.face.open_connections == 0)
        assert running.ended == 0
        running.call(running.gate.set)
        until(lambda: running.sent_ns == [0])
        assert (running.ended, len(running.requests)) == (1, 1)


# -- many -------------------------------------------------------------------------------------------------------------

IDLE = 10_000
CROWD = """
import socket, sys
sockets = []
for _ in range(int(sys.argv[2])):
    sockets.append(socket.create_connection(("127.0.0.1", int(sys.argv[1]))))
print("connected", flush=True)
sys.stdin.readline()
"""


def test_ten_thousand_idle_connections_leave_the_others_alone() -> None:
    """All are held, requests go on being answered, and the process stays nearly idle."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = IDLE + 500
    enough = hard == resource.RLIM_INFINITY or hard >= needed
    assert enough, f"a process may open {hard} files only: raise the limit, `ulimit -Hn {needed}`"
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, needed), hard))
    with running_face() as running, ThreadPoolExecutor(4) as crowd:
        command = [sys.executable, "-c", CROWD, str(running.port), str(IDLE // 4)]
        processes = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(4)]
        try:
            lines = crowd.map(lambda each: each.stdout.readline() if each.stdout else b"", processes)
            assert list(lines) == [b"connected\n"] * 4
            until(lambda: running.face.open_connections == IDLE)
            connection = client(running)
            for _ in range(200):
                assert ask(connection, "/echo", b"still there")[:2] == (200, b"still there")
            connection.close()
            assert running.face.open_connections >= IDLE
            before = time.process_time()
            time.sleep(2)
            assert time.process_time() - before < 0.5
        finally:
            for process in processes:
                process.communicate(b"\n")
        until(lambda: running.face.open_connections == 0)
