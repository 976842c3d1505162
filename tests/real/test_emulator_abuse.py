"""Whatever comes in, the whole emulator goes on serving."""

import socket
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection

import boto3
import pytest

from tests.real.servers import RunningEmulator, emulator

HEAD = b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: %d\r\n%b\r\n"
JSON = b"Content-Type: application/x-amz-json-1.1\r\nX-Amz-Target: "


@pytest.fixture(scope="module")
def running() -> Iterator[RunningEmulator]:
    """One emulator for all tests of this file."""
    with emulator() as each:
        yield each


def serves(target: RunningEmulator) -> bool:
    """Whether plain boto3 gets its answer."""
    runtime = boto3.client("sagemaker-runtime", **target.sdk)
    reply = runtime.invoke_endpoint(EndpointName="xgboost-mme", TargetModel="a.tar.gz", Body=b"1,2")
    return bool(reply["Body"].read())


def connect(target: RunningEmulator) -> socket.socket:
    host, port = target.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=10)


def status(target: RunningEmulator, sent: bytes) -> int:
    """Send bytes and return the status of what comes back."""
    with connect(target) as connection:
        connection.sendall(sent)
        return int(connection.recv(4096).split()[1])


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b"[" * 100_000, b"null", b'{"EndpointName": 7}'])
@pytest.mark.parametrize("operation", ["SageMaker.DescribeEndpoint", "GraniteServiceVersion20100801.GetMetricData"])
def test_bad_json_for_one_of_awss_services(running: RunningEmulator, body: bytes, operation: str) -> None:
    """It is refused, unsigned as it is, before anybody reads it."""
    head = HEAD % (len(body), JSON + operation.encode() + b"\r\n")
    assert status(running, head + body) == 403
    assert serves(running)


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b"[" * 100_000, b"7", b'[{"error": 1}, {"drip": "no"}]'])
def test_bad_json_for_the_switches(running: RunningEmulator, body: bytes) -> None:
    """It is told in words, and changes nothing."""
    with closing(HTTPConnection(running.url.removeprefix("http://"), timeout=10)) as connection:
        connection.request("POST", "/control/faults", body)
        reply = connection.getresponse()
        assert (reply.status, reply.read() != b"") == (400, True)
    assert running.control("GET", "faults") == (200, "[]")
    assert serves(running)


@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        (b"GET / HTTP/1.1\r\n" + b"X-Long: %b\r\n" % (b"x" * 20_000), 431),
        (b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n", 431),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"GET / HTTP/3.7\r\n\r\n", 505),
    ],
    ids=["a header that is too large", "a target that is too large", "TLS where there is none", "another version"],
)
def test_what_is_no_request(running: RunningEmulator, sent: bytes, answered: int) -> None:
    """It is refused with its status."""
    assert status(running, sent) in {answered, 400}
    assert serves(running)


def test_heads_and_bodies_that_do_not_come(running: RunningEmulator) -> None:
    """Two hundred connections that have begun a request and say no more keep nobody else from being answered."""
    connections = [connect(running) for _ in range(200)]
    for number, connection in enumerate(connections):
        whole = HEAD % (100, b"") + b"half a body"
        connection.sendall(whole if number % 2 else whole[: 10 + number // 10])
    assert all(serves(running) for _ in range(5))
    for connection in connections:
        connection.close()
    assert serves(running)
