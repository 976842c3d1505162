"""The emulator as its own process, called by plain boto3 and by hand."""

import http.client
import io
import json
import socket
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import boto3
import pytest
import trustme
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from tests.real.servers import RunningEmulator, emulator

CONFIG = {
    "endpoints": [
        {
            "name": "mme",
            "models": [
                {"name": "echo-*.tar.gz", "service": {"fixed": "0ms"}, "answer": "echo"},
                {"name": "slow.tar.gz", "service": {"fixed": "300ms"}},
                {"name": "broken.tar.gz", "error_ratio": 1, "error_status": 400, "error_message": "bad row"},
                {"name": "*.tar.gz", "service": {"fixed": "2ms"}, "answer": {"text": "4.5"}},
            ],
        },
        {
            "name": "small",
            "models": [{"name": "*", "service": {"fixed": "300ms"}}],
            "variants": [{"instance": {"workers": 1, "queue": 1}}],
        },
        {"name": "limited", "models": [{"name": "*", "service": {"fixed": "300ms"}}], "concurrency": 1},
        {"name": "single", "models": [{"name": "*"}], "multi_model": False},
    ],
    "credentials": [
        {"access_key": "AKIDEXAMPLE", "secret_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"},
        {"access_key": "ASIASESSION", "secret_key": "session-key", "token": "session-token"},
        {"access_key": "ASIAENDED", "secret_key": "ended-key", "token": "ended-token", "expired": True},
    ],
    "idle_close": "1s",
}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEmulator]:
    """One emulator for all tests of this file."""
    config = tmp_path_factory.mktemp("emulator") / "config.json"
    config.write_text(json.dumps(CONFIG))
    with emulator(config) as each:
        yield each


DEMO_KEY = ("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")


def _client(url: str, *key: str, verify: str | None = None) -> Any:
    access_key, secret_key, token = (*(key or DEMO_KEY), None)[:3]
    return boto3.client(
        "sagemaker-runtime",
        region_name="us-east-1",
        endpoint_url=url,
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
        aws_session_token=token,
        verify=verify,
        config=Config(retries={"total_max_attempts": 1}, read_timeout=30, max_pool_connections=200),
    )


def _invoke(client: Any, body: bytes = b"1,2", endpoint: str = "mme", **options: Any) -> dict[str, Any]:
    given = {"TargetModel": "a.tar.gz", "ContentType": "text/csv"} | options
    reply: dict[str, Any] = client.invoke_endpoint(
        EndpointName=endpoint, Body=body, **{name: value for name, value in given.items() if value is not None}
    )
    reply["Body"] = reply["Body"].read()
    return reply


def _refusal(client: Any, **options: Any) -> tuple[str, int, dict[str, Any]]:
    with pytest.raises(ClientError) as caught:
        _invoke(client, **options)
    response: dict[str, Any] = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"], response


# -- what succeeds ----------------------------------------------------------------------------------------------------


def test_boto3_gets_an_answer(running: RunningEmulator) -> None:
    """A signed call gets the model's text, the variant, a request id, a date and its own custom attributes."""
    reply = _invoke(_client(running.url), CustomAttributes="trace=1")
    assert (reply["Body"], reply["InvokedProductionVariant"], reply["CustomAttributes"]) == (
        b"4.5",
        "AllTraffic",
        "trace=1",
    )
    headers = reply["ResponseMetadata"]["HTTPHeaders"]
    assert reply["ResponseMetadata"]["RequestId"]
    assert abs(parsedate_to_datetime(headers["date"]) - datetime.now(UTC)) < timedelta(seconds=5)


@pytest.mark.parametrize("model", ["echo-1.tar.gz", "echo-a b.tar.gz", "echo-a/b+c.tar.gz"])
@pytest.mark.parametrize("size", [0, 1, 100_000, 6_291_456])
def test_bodies_come_back_from_an_echo(running: RunningEmulator, model: str, size: int) -> None:
    """Any body up to AWS's limit arrives and is verified whole, under any model name."""
    body = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    assert _invoke(_client(running.url), body, TargetModel=model)["Body"] == body


def test_a_body_that_waits_for_100_continue_is_asked_for(running: RunningEmulator) -> None:
    """boto3 sends a file only after `100 Continue`."""
    client = _client(running.url)
    begin = time.monotonic()
    reply = client.invoke_endpoint(EndpointName="mme", TargetModel="echo-1.tar.gz", Body=io.BytesIO(b"abc" * 1000))
    assert reply["Body"].read() == b"abc" * 1000
    assert time.monotonic() - begin < 0.9, "botocore sends the body by itself only after a second"


def test_a_session_token_is_accepted(running: RunningEmulator) -> None:
    """A key with its token passes."""
    assert _invoke(_client(running.url, "ASIASESSION", "session-key", "session-token"))["Body"] == b"4.5"


def test_a_single_model_endpoint_needs_no_target(running: RunningEmulator) -> None:
    """An endpoint that is no multi-model endpoint answers without TargetModel, and refuses one."""
    client = _client(running.url)
    assert _invoke(client, endpoint="single", TargetModel=None)["Body"]
    assert _refusal(client, endpoint="single")[:2] == ("ValidationError", 400)


def test_https_with_a_given_certificate(tmp_path: Path) -> None:
    """With --tls the same calls work over TLS, verified against the authority's file."""
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    issued.private_key_and_cert_chain_pem.write_to_path(tmp_path / "server.pem")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    with emulator(tls=(tmp_path / "server.pem", tmp_path / "server.pem")) as served:
        assert served.url.startswith("https://")
        client = _client(served.url, verify=str(tmp_path / "ca.pem"))
        for _ in range(3):
            assert _invoke(client, endpoint="xgboost-mme", body=b"1" * 100_000)["Body"]


# -- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "code"),
    [
        (("AKIDEXAMPLE", "guess"), "InvalidSignatureException"),
        (("AKIDUNKNOWN", "guess"), "UnrecognizedClientException"),
        (("ASIASESSION", "session-key"), "UnrecognizedClientException"),
        (("ASIASESSION", "session-key", "another"), "UnrecognizedClientException"),
        (("ASIAENDED", "ended-key", "ended-token"), "ExpiredTokenException"),
    ],
    ids=["wrong secret", "unknown key", "missing token", "wrong token", "expired token"],
)
def test_wrong_keys_are_403(running: RunningEmulator, key: tuple[str, ...], code: str) -> None:
    """boto3 raises ClientError with AWS's code."""
    assert _refusal(_client(running.url, *key))[:2] == (code, 403)


@pytest.mark.parametrize(("minutes", "accepted"), [(-6, False), (-4, True), (4, True), (6, False)])
def test_a_clock_six_minutes_off_is_403(
    running: RunningEmulator,
    monkeypatch: pytest.MonkeyPatch,
    minutes: int,
    accepted: bool,  # noqa: FBT001
) -> None:
    """A client whose clock is off by more than five minutes is refused."""
    off = datetime.now(UTC) + timedelta(minutes=minutes)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: off)
    if accepted:
        assert _invoke(_client(running.url))["Body"]
    else:
        code, status, response = _refusal(_client(running.url))
        assert (code, status) == ("InvalidSignatureException", 403)
        assert response["Error"]["Message"].startswith("Signature ")


def _signed(url: str, body: bytes = b"1,2", model: str = "a.tar.gz") -> dict[str, str]:
    headers = {"X-Amzn-SageMaker-Target-Model": model}
    request = AWSRequest("POST", f"{url}/endpoints/mme/invocations", headers=headers, data=body)
    SigV4Auth(Credentials(*DEMO_KEY), "sagemaker", "us-east-1").add_auth(request)
    return dict(request.headers.items())


def _post(url: str, body: bytes, headers: dict[str, str]) -> tuple[int, str | None]:
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=10)
    try:
        connection.request("POST", "/endpoints/mme/invocations", body, headers)
        reply = connection.getresponse()
        reply.read()
        return reply.status, reply.getheader("x-amzn-ErrorType")
    finally:
        connection.close()


def test_what_changes_after_signing_is_403(running: RunningEmulator) -> None:
    """A changed body, a changed signed header and a missing signature are refused; untouched, the request passes."""
    headers = _signed(running.url)
    assert _post(running.url, b"1,2", headers) == (200, None)
    assert _post(running.url, b"1,3", headers) == (403, "InvalidSignatureException")
    other = headers | {"X-Amzn-SageMaker-Target-Model": "b.tar.gz"}
    assert _post(running.url, b"1,2", other) == (403, "InvalidSignatureException")
    assert _post(running.url, b"1,2", {}) == (403, "MissingAuthenticationTokenException")


@pytest.mark.parametrize(
    ("options", "code", "status"),
    [
        ({"endpoint": "nobody"}, "ValidationError", 400),
        ({"TargetModel": None}, "ValidationError", 400),
        ({"TargetModel": "a.zip"}, "ValidationError", 400),
        ({"body": b"x" * 6_291_457}, "413", 413),
        ({"TargetModel": "broken.tar.gz"}, "ModelError", 424),
    ],
)
def test_each_refusal_has_its_code(running: RunningEmulator, options: dict[str, Any], code: str, status: int) -> None:
    """boto3 raises ClientError with AWS's code and status."""
    assert _refusal(_client(running.url), **options)[:2] == (code, status)


def test_model_error_carries_the_containers_words(running: RunningEmulator) -> None:
    """boto3 finds OriginalStatusCode, OriginalMessage and LogStreamArn."""
    response = _refusal(_client(running.url), TargetModel="broken.tar.gz")[2]
    assert (response["OriginalStatusCode"], response["OriginalMessage"]) == (400, "bad row")
    assert response["LogStreamArn"].startswith("arn:aws:logs:")


def _codes(client: Any, endpoint: str, count: int) -> list[str]:
    def code(_: int) -> str:
        try:
            _invoke(client, endpoint=endpoint)
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "OK"

    with ThreadPoolExecutor(count) as pool:
        return sorted(pool.map(code, range(count)))


def test_the_queue_is_bounded(running: RunningEmulator) -> None:
    """One worker, one place in the queue, four requests at once: two are answered, two see the container's 503."""
    assert _codes(_client(running.url), "small", 4) == ["ModelError", "ModelError", "OK", "OK"]


def test_the_concurrency_limit_throttles(running: RunningEmulator) -> None:
    """Three requests at once where one is allowed: two are throttled."""
    assert _codes(_client(running.url), "limited", 3) == ["OK", "ThrottlingException", "ThrottlingException"]


# -- stall, truth, connections ----------------------------------------------------------------------------------------


def test_a_stall_holds_everything(running: RunningEmulator) -> None:
    """Requests in service when a stall begins, and requests that arrive in it, are answered after its end."""
    client = _client(running.url)
    running.reset()
    with ThreadPoolExecutor(4) as pool:
        before = pool.submit(_invoke, client, TargetModel="slow.tar.gz")
        time.sleep(0.1)
        begin_ns = time.monotonic_ns()
        running.stall(600)
        waiting: list[Future[Any]] = [before, pool.submit(_refusal, client, endpoint="nobody")]
        waiting += [pool.submit(_invoke, client, TargetModel=name) for name in ("echo-1.tar.gz", "a.tar.gz")]
        time.sleep(0.1)
        assert running.health()["in_flight"] == 4, "requests are read while the emulator stalls"
        for each in waiting:
            each.result()
    rows = running.truth()
    assert len(rows) == 4
    assert min(row["sent_ns"] for row in rows) >= begin_ns + 600_000_000
    assert max(row["sent_ns"] for row in rows) < begin_ns + 1_500_000_000
    for row in rows:
        assert row["queue_ns"] > 400_000_000


def test_the_truth_is_complete(running: RunningEmulator) -> None:
    """One row per request with its model, body hash, times in order and outcome; `since` gives the rest."""
    client = _client(running.url)
    running.reset()
    bodies = [str(n).encode() for n in range(50)]
    for body in bodies:
        _invoke(client, body)
    _refusal(client, TargetModel="a.zip")
    rows = running.truth()
    assert [row["seq"] for row in rows] == list(range(51))
    assert [row["body_sha256"] for row in rows[:50]] == [sha256(body).hexdigest() for body in bodies]
    assert {(row["model"], row["endpoint"], row["outcome"], row["status"]) for row in rows[:50]} == {
        ("a.tar.gz", "mme", "OK", 200)
    }
    assert (rows[50]["outcome"], rows[50]["status"]) == ("ValidationError", 400)
    for row in rows[:50]:
        assert row["service_ns"] == 2_000_000
        assert row["sent_ns"] >= row["arrival_ns"] + row["queue_ns"] + row["service_ns"]
    assert running.truth(since=49) == rows[49:]


def test_a_reply_is_never_early_and_rarely_late(running: RunningEmulator) -> None:
    """A service time of 2 ms is kept: not earlier, and at the median less than 3 ms later, on a busy machine."""
    client = _client(running.url)
    running.reset()
    for _ in range(100):
        _invoke(client)
    late_ns = sorted(row["sent_ns"] - row["arrival_ns"] - row["service_ns"] for row in running.truth())
    assert late_ns[0] >= 0
    assert late_ns[50] < 3_000_000


def test_the_file_is_complete_at_the_end_and_requests_in_flight_are_answered(tmp_path: Path) -> None:
    """SIGTERM lets requests in flight end; then the file has every row, and every event."""
    config = tmp_path / "config.json"
    config.write_text(json.dumps(CONFIG))
    with emulator(config, truth=tmp_path / "truth.sqlite") as served, ThreadPoolExecutor(1) as pool:
        client = _client(served.url)
        for _ in range(5):
            _invoke(client)
        last = pool.submit(_invoke, client, TargetModel="slow.tar.gz")
        time.sleep(0.1)
        served.process.terminate()
        assert last.result()["Body"]
        assert served.process.wait(10) == 0
    with closing(sqlite3.connect(tmp_path / "truth.sqlite")) as db:
        rows = db.execute("SELECT model, outcome FROM requests ORDER BY seq").fetchall()
        loads = db.execute("SELECT model FROM events WHERE what = 'load' ORDER BY at_ns").fetchall()
    assert rows == [("a.tar.gz", "OK")] * 5 + [("slow.tar.gz", "OK")]
    assert loads == [("a.tar.gz",), ("slow.tar.gz",)]
    assert not (tmp_path / "truth.sqlite-wal").exists()


def test_a_client_that_goes_away_is_lost(running: RunningEmulator) -> None:
    """A client that hangs up before its reply leaves a row, one that does in the middle of its body none; no harm."""
    running.reset()
    host, port = running.url.removeprefix("http://").split(":")
    head = "".join(f"{name}: {value}\r\n" for name, value in _signed(running.url, model="slow.tar.gz").items())
    begin = f"POST /endpoints/mme/invocations HTTP/1.1\r\nHost: {host}:{port}\r\n{head}Content-Length: 3\r\n\r\n"
    for sent in (begin + "1,2", begin + "1"):
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(sent.encode())
            time.sleep(0.1)
    time.sleep(0.5)
    assert [(row["outcome"], row["model"], row["status"]) for row in running.truth()] == [("LOST", "slow.tar.gz", 200)]
    assert running.health()["in_flight"] == 0
    assert _invoke(_client(running.url))["Body"]


def test_connections_are_kept_and_closed_when_idle(running: RunningEmulator) -> None:
    """Many requests share a connection; after `idle_close` without one the emulator closes it."""
    connection = http.client.HTTPConnection(running.url.removeprefix("http://"), timeout=10)
    for _ in range(3):
        connection.request("POST", "/endpoints/mme/invocations", b"1,2", _signed(running.url))
        reply = connection.getresponse()
        assert (reply.status, reply.read()) == (200, b"4.5")
    begin = time.monotonic()
    assert connection.sock.recv(1) == b""
    assert 0.8 < time.monotonic() - begin < 4
    connection.close()


@pytest.mark.parametrize("path", ["/control/stall?ms=-1", "/control/stall", "/control/stall?ms=9999999", "/control/x"])
def test_wrong_controls_are_refused(running: RunningEmulator, path: str) -> None:
    """A switch that cannot be meant changes nothing."""
    connection = http.client.HTTPConnection(running.url.removeprefix("http://"), timeout=10)
    connection.request("POST", path)
    assert connection.getresponse().status in {400, 404}
    connection.close()


def test_a_wrong_start_says_why(tmp_path: Path) -> None:
    """A missing certificate ends the process with a sentence, not with a traceback."""
    with pytest.raises(AssertionError, match="did not start"), emulator(tls=(tmp_path / "no", tmp_path / "no")):
        pass
