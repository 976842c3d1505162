"""Replies that the emulator spoils on purpose, as Python's own client, boto3 and aiohttp see them."""

import asyncio
import http.client
import socket
import ssl
import time
from collections.abc import Iterator

import aiohttp
import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import BotoCoreError, HTTPClientError

from tests.real.faces import BODY, RunningFace, ask, client, connect, post, rest, running_face, trusting


@pytest.fixture(scope="module", params=["tcp", "tls"])
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningFace]:
    """One face for the tests that leave it as it was."""
    with running_face(tmp_path_factory.mktemp("face") if request.param == "tls" else None) as each:
        yield each


RESET = (ConnectionResetError, ssl.SSLEOFError)
"""Over TLS an end without close_notify is what OpenSSL reports, before it comes to the reset."""


def seen_by_http_client(running: RunningFace, word: str) -> tuple[str, bytes]:
    """Return how Python's client fares: the exception's name or "", and the body as far as it came."""
    connection = client(running)
    connection.request("POST", f"/{word}")
    try:
        reply = connection.getresponse()
    except RESET:
        connection.close()
        return "reset", b""
    try:
        return "", reply.read()
    except http.client.IncompleteRead as error:
        return "IncompleteRead", error.partial
    except RESET:
        return "reset", b""
    finally:
        connection.close()


HALF = BODY[: len(BODY) // 2]


@pytest.mark.parametrize(
    ("word", "failures", "bodies"),
    [
        ("reset_before", {"reset"}, {b""}),
        ("reset_during", {"reset", "IncompleteRead"}, {b"", HALF}),  # over TLS OpenSSL takes the reset for an end
        ("reset_after", {""}, {BODY}),
        ("truncated_chunk", {"IncompleteRead"}, {b""}),
        ("wrong_content_length", {"IncompleteRead"}, {BODY}),
        ("small_content_length", {""}, {HALF}),
        ("1000", {""}, {BODY}),
    ],
)
def test_spoilt_replies_as_pythons_client_sees_them(
    running: RunningFace, word: str, failures: set[str], bodies: set[bytes]
) -> None:
    """Each mangle fails in its own way, and the face goes on."""
    failure, body = seen_by_http_client(running, word)
    assert failure in failures
    assert body in bodies
    assert seen_by_http_client(running, "echo") == ("", b"")


def test_a_reset_is_a_reset(running: RunningFace) -> None:
    """RST and no end of stream: the kernel reports ECONNRESET, after the bytes that came before it."""
    for word, first in (("reset_before", b""), ("reset_during", HALF), ("reset_after", BODY)):
        with socket.create_connection(("127.0.0.1", running.port), timeout=10) as plain:
            context = trusting(running)
            if context is None:
                plain.sendall(post(f"/{word}"))
                read = plain.recv(65_536) if first else b""
                assert read.endswith(first)
                with pytest.raises(ConnectionResetError):
                    plain.recv(1)
            else:
                sock = context.wrap_socket(plain, server_hostname="127.0.0.1", suppress_ragged_eofs=False)
                sock.sendall(post(f"/{word}"))
                if first:
                    assert sock.recv(65_536).endswith(first)
                with pytest.raises((ConnectionResetError, ssl.SSLError)):
                    sock.recv(1)
                sock.close()


def test_a_reset_after_the_reply_meets_the_next_request(running: RunningFace) -> None:
    """The reply is whole; a moment later the connection is dead."""
    connection = client(running)
    assert ask(connection, "/reset_after")[:2] == (200, BODY)
    time.sleep(0.2)
    with pytest.raises((ConnectionError, ssl.SSLError)):
        ask(connection, "/")
    connection.close()


def test_a_length_too_small_poisons_the_connection(running: RunningFace) -> None:
    """The rest of the body stands where the next reply should begin."""
    with connect(running) as sock:
        sock.sendall(post("/small_content_length") + post("/close"))
        said = rest(sock)
    first, _, after = said.partition(b"\r\n\r\n" + HALF)
    assert f"\r\nContent-Length: {len(HALF)}\r\n".encode() in first
    assert after.startswith(HALF + b"HTTP/1.1 200 OK\r\n")


def test_a_garbage_line_hides_the_headers_behind_it(running: RunningFace) -> None:
    """Python's client takes it for the end of the headers, and the connection's end for that of the body."""
    connection = client(running)
    connection.request("POST", "/garbage_header")
    reply = connection.getresponse()
    assert (reply.status, reply.headers["content-length"], reply.read()) == (200, None, BODY)
    connection.close()


def test_a_drip_takes_its_time(running: RunningFace) -> None:
    """The head comes at once, the body at its rate: 100 bytes at 250 a second take 0.4 s."""
    with connect(running) as sock:
        begin = time.monotonic()
        sock.sendall(post("/250", b"", "Connection: close"))
        first = sock.recv(65_536)
        assert time.monotonic() - begin < 0.3
        said = first + rest(sock)
        assert said.endswith(BODY)
        assert not first.endswith(BODY)
        assert time.monotonic() - begin > 0.39


@pytest.mark.parametrize(
    ("word", "fails"),
    [
        ("reset_before", True),
        ("reset_during", True),
        ("reset_after", False),
        ("truncated_chunk", True),
        ("wrong_content_length", True),
        ("small_content_length", False),
        ("1000", False),
    ],
)
def test_spoilt_replies_as_boto3_sees_them(running: RunningFace, word: str, fails: bool) -> None:  # noqa: FBT001
    """An exception of botocore's own where the reply is broken; where it only is short, nobody notices."""
    scheme = "http" if running.authority is None else "https"
    runtime = boto3.client(
        "sagemaker-runtime",
        region_name="us-east-1",
        endpoint_url=f"{scheme}://127.0.0.1:{running.port}",
        verify=None if running.authority is None else str(running.authority),
        config=Config(retries={"total_max_attempts": 1}, signature_version=UNSIGNED),
    )

    def call() -> bytes:
        # /endpoints/{name}/invocations: the face's test handler takes the word from the path, so the path is set here.
        runtime.meta.events.register("before-send", lambda request, **_: setattr(request, "url", aimed(request.url)))
        body: bytes = runtime.invoke_endpoint(EndpointName="x", Body=b"1")["Body"].read()
        return body

    def aimed(url: str) -> str:
        return url.replace("/endpoints/x/invocations", f"/{word}")

    if fails:
        with pytest.raises((BotoCoreError, HTTPClientError)):
            call()
    else:
        assert BODY.startswith(call())
    runtime.close()


@pytest.mark.parametrize(
    "word", ["reset_before", "reset_during", "truncated_chunk", "wrong_content_length", "garbage_header"]
)
def test_spoilt_replies_as_aiohttp_sees_them(running: RunningFace, word: str) -> None:
    """A ClientError for each."""

    async def call() -> None:
        context = trusting(running)
        url = f"{'http' if context is None else 'https'}://127.0.0.1:{running.port}/{word}"
        async with aiohttp.ClientSession() as session:
            with pytest.raises(aiohttp.ClientError):
                await read(session, url, context)
        await asyncio.sleep(0.1)  # aiohttp's connections close in the loop's next turns

    async def read(session: aiohttp.ClientSession, url: str, context: ssl.SSLContext | None) -> None:
        async with session.post(url, ssl=context or True) as reply:
            await reply.read()

    asyncio.run(call())
