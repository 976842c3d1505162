"""Each kind of fault from end to end: given in a configuration or switched on under /control, seen by boto3."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ConnectionClosedError,
    EndpointConnectionError,
    ResponseStreamingError,
    SSLError,
)

from tests.real.callers import CALLERS, Caller, Seen, caller
from tests.real.servers import RunningEmulator, emulator

MS = 1_000_000
BODY = b"0123456789" * 200
CONFIG: dict[str, Any] = {
    "endpoints": [
        {"name": "mme", "models": [{"name": "*.tar.gz", "service": {"fixed": "0s"}, "answer": "echo"}]},
    ],
    "faults": [{"latency": {"fixed": "50ms"}, "models": "from-the-start.tar.gz"}],
}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEmulator]:
    """One emulator for most tests of this file."""
    config = tmp_path_factory.mktemp("emulator") / "config.json"
    config.write_text(json.dumps(CONFIG))
    with emulator(config) as each:
        yield each


@pytest.fixture(autouse=True)
def _afresh(running: RunningEmulator) -> None:
    """No row is written, and the faults are those of the configuration."""
    running.reset()


@pytest.fixture(scope="module", params=CALLERS)
def sdk(request: pytest.FixtureRequest, running: RunningEmulator) -> Iterator[Caller]:
    """One SDK after the other."""
    with caller(request.param, running.url) as each:
        yield each


@pytest.fixture(scope="module")
def boto3(running: RunningEmulator) -> Iterator[Caller]:
    with caller("boto3", running.url) as each:
        yield each


def took_s(call: Callable[[], Seen]) -> tuple[float, Seen]:
    begin = time.monotonic()
    seen = call()
    return time.monotonic() - begin, seen


def settled(call: Callable[[], Seen], within_s: float = 5.0) -> Seen:
    """Call again and again until it works."""
    end = time.monotonic() + within_s
    while True:
        try:
            return call()
        except BotoCoreError:
            assert time.monotonic() < end
            time.sleep(0.02)


def test_a_port_that_is_taken_while_it_refuses_is_waited_for(tmp_path: Path) -> None:
    """It says so once, and is back as soon as the port is."""
    with emulator(errors=tmp_path / "errors") as served, caller("boto3", served.url) as sdk:
        served.faults({"refuse": True, "for": "200ms"})
        with socket.socket() as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            other.bind(("127.0.0.1", int(served.url.rpartition(":")[2])))
            other.listen()
            time.sleep(0.6)
        assert settled(lambda: sdk.call("a.tar.gz", endpoint="xgboost-mme")).code == "OK"
    said = (tmp_path / "errors").read_text()
    assert said.count("cannot listen on") == 1, said


# -- of requests ------------------------------------------------------------------------------------------------------


def test_a_configuration_brings_its_faults(boto3: Caller, running: RunningEmulator) -> None:
    """They hold from the start for the models that they name, and the truth says so."""
    slow_s, _ = took_s(lambda: boto3.call("from-the-start.tar.gz"))
    boto3.call()
    assert slow_s >= 0.05
    assert [(row["fault"], row["service_ns"]) for row in running.truth()] == [("latency", 50 * MS), ("", 0)]


def test_latencies_add_up(boto3: Caller, running: RunningEmulator) -> None:
    """Two faults of 30 ms and 40 ms make 70 ms."""
    running.faults({"latency": {"fixed": "30ms"}}, {"latency": {"fixed": "40ms"}})
    boto3.call()
    assert [row["service_ns"] for row in running.truth()] == [70 * MS]


def test_an_error_for_one_endpoint_and_a_share(boto3: Caller, running: RunningEmulator) -> None:
    """A ratio of 0.5 strikes about half, the same ones each time it is given."""

    def codes() -> list[str]:
        running.faults({"error": "ServiceUnavailable", "endpoints": "m*", "ratio": 0.5})
        return [boto3.call().code for _ in range(60)]

    first = codes()
    assert set(first) == {"OK", "ServiceUnavailable"}
    assert 15 < first.count("OK") < 45
    assert codes() == first
    running.faults({"error": "ServiceUnavailable", "endpoints": "other"})
    assert boto3.call().code == "OK"


@pytest.mark.parametrize(
    ("spoilt", "error"),
    [
        ("reset_before", ConnectionClosedError),
        ("reset_during", ResponseStreamingError),
        ("truncated_chunk", ResponseStreamingError),
        ("wrong_content_length", ResponseStreamingError),
    ],
)
def test_a_spoilt_reply_is_an_error_and_the_next_one_is_none(
    boto3: Caller, running: RunningEmulator, spoilt: str, error: type[Exception]
) -> None:
    """boto3 raises, the truth says why, and when the fault is gone the next call is whole."""
    running.faults({"reply": spoilt})
    with pytest.raises(BotoCoreError) as caught:
        boto3.call(body=BODY)
    assert isinstance(caught.value, error), repr(caught.value)
    assert running.control("DELETE", "faults") == (200, "[]")
    assert boto3.call(body=BODY).body == BODY
    assert [row["fault"] for row in running.truth()] == [spoilt, ""]


@pytest.mark.parametrize("fault", [{"drip": "4KiB"}, {"reply": "reset_during"}, {"reply": "reset_after"}])
def test_what_a_spoilt_reply_takes_is_not_the_emulators_lateness(
    boto3: Caller, running: RunningEmulator, fault: dict[str, Any]
) -> None:
    """It stands in a column of its own, and the formula for the emulator's own lateness holds."""
    running.faults(fault)
    with suppress(BotoCoreError):
        boto3.call(body=BODY)
    (row,) = settled_rows(running)
    due_ns = row["arrival_ns"] + row["overhead_ns"] + row["load_ns"] + row["queue_ns"] + row["service_ns"]
    assert row["paced_ns"] >= 45 * MS
    assert 0 <= row["sent_ns"] - due_ns - row["paced_ns"] < 20 * MS


def settled_rows(running: RunningEmulator) -> list[dict[str, Any]]:
    """Return the rows once there are any: that of a spoilt reply comes behind its last piece."""
    while not (rows := running.truth()):
        time.sleep(0.02)
    return rows


def test_a_reset_behind_the_reply_does_not_harm_it(boto3: Caller, running: RunningEmulator) -> None:
    """The reply is whole; the connection is not used again."""
    running.faults({"reply": "reset_after"})
    assert boto3.call(body=BODY).body == BODY
    running.control("DELETE", "faults")
    assert settled(lambda: boto3.call(body=BODY)).body == BODY
    assert running.truth()[0]["fault"] == "reset_after"


def test_half_a_body_that_looks_whole(boto3: Caller, running: RunningEmulator) -> None:
    """With a Content-Length too small no client can notice."""
    running.faults({"reply": "small_content_length"})
    assert boto3.call(body=BODY).body == BODY[: len(BODY) // 2]


def test_garbage_among_the_headers(sdk: Caller, running: RunningEmulator) -> None:
    """aiohttp's parser refuses the reply; boto3's goes on without any header, so it cannot know what it has got."""
    running.faults({"reply": "garbage_header"})
    try:
        seen = sdk.call(body=BODY)
    except BotoCoreError:
        pass
    else:
        assert seen.headers == {}
        assert "InvokedProductionVariant" not in seen.response
    assert [row["fault"] for row in running.truth()] == ["garbage_header"]


def test_a_drip_takes_its_time(sdk: Caller, running: RunningEmulator) -> None:
    """2,000 bytes at 5,000 a second take 400 ms, and are whole."""
    running.faults({"drip": "5000B"})
    drip_s, seen = took_s(lambda: sdk.call(body=BODY))
    assert seen.body == BODY
    assert 0.35 <= drip_s < 1.0
    assert [row["fault"] for row in running.truth()] == ["drip"]


# -- of time ----------------------------------------------------------------------------------------------------------


def test_a_stall_holds_every_reply_until_its_end(boto3: Caller, running: RunningEmulator) -> None:
    """It begins 100 ms after it is given, lasts 400 ms, and delays whoever comes meanwhile, errors too."""
    running.faults({"stall": "400ms", "after": "100ms"})
    begin = time.monotonic()
    time.sleep(0.15)
    with ThreadPoolExecutor(3) as pool:
        calls = [pool.submit(boto3.call, endpoint=name) for name in ("mme", "mme", "nobody")]
        codes = sorted(each.result().code for each in calls)
    assert codes == ["OK", "OK", "ValidationError"]
    assert 0.45 <= time.monotonic() - begin < 1.0
    assert all(row["queue_ns"] > 250 * MS for row in running.truth())


def test_connections_are_refused_for_a_while_and_then_taken_on_the_same_port(
    boto3: Caller, running: RunningEmulator
) -> None:
    """A connection that is open goes on; a new one is refused until the time is over."""
    boto3.call()
    with caller("boto3", running.url) as newcomer:
        running.faults({"refuse": True, "for": "600ms"})
        begin = time.monotonic()
        with pytest.raises(EndpointConnectionError):
            newcomer.call()
        assert boto3.call().code == "OK", "it has a connection already"
        assert settled(newcomer.call).code == "OK"
        assert 0.5 <= time.monotonic() - begin < 2


def test_a_clock_that_is_off_shows_in_the_date(boto3: Caller, running: RunningEmulator) -> None:
    """Ten minutes behind, and right again when the fault is gone."""

    def off(seen: Seen) -> timedelta:
        return parsedate_to_datetime(seen.headers["date"]) - datetime.now(UTC)

    running.faults({"clock_offset": "-10m"})
    assert abs(off(boto3.call()) + timedelta(minutes=10)) < timedelta(seconds=3)
    running.control("DELETE", "faults")
    assert abs(off(boto3.call())) < timedelta(seconds=3)


def test_handshakes_fail_for_a_while(tmp_path: Path) -> None:
    """With --tls, new connections end in the handshake while open ones go on; then all is well."""
    with emulator(ca=tmp_path / "ca.pem") as served:
        verify = str(tmp_path / "ca.pem")
        with caller("boto3", served.url, verify=verify) as old, caller("boto3", served.url, verify=verify) as new:
            assert old.call(endpoint="xgboost-mme").code == "OK"
            served.faults({"tls_failure": True, "for": "600ms"})
            with pytest.raises((SSLError, ConnectionClosedError)):
                new.call(endpoint="xgboost-mme")
            assert old.call(endpoint="xgboost-mme").code == "OK"
            assert settled(lambda: new.call(endpoint="xgboost-mme")).code == "OK"


# -- the switch -------------------------------------------------------------------------------------------------------

GIVEN = [
    {"latency": {"lognormal": {"median": "5ms", "sigma": 0.5}}, "ratio": 0.25, "models": "a*"},
    {"clock_offset": "-3s", "for": "10m"},
    {"drip": "1KiB", "endpoints": "none"},
]
SHOWN = [(0.25, None, "*"), (None, "10m", None), (1.0, None, "none")]
"""Ratio, length and endpoints of each."""


def test_what_is_read_can_be_given_again(running: RunningEmulator) -> None:
    """POST answers with what is on, GET says the same, and giving that back changes nothing."""
    posted = running.control("POST", "faults", GIVEN)
    assert posted[0] == 200
    assert running.control("GET", "faults") == posted
    assert running.control("POST", "faults", json.loads(posted[1])) == posted
    assert [(each.get("ratio"), each.get("for"), each.get("endpoints")) for each in json.loads(posted[1])] == SHOWN
    assert running.control("DELETE", "faults") == (200, "[]")
    assert running.control("GET", "faults") == (200, "[]")


def test_faults_to_come_are_not_on_yet(running: RunningEmulator) -> None:
    """GET shows those that hold now."""
    running.faults({"error": "ModelError", "after": "10m"}, {"error": "InternalFailure"})
    shown = json.loads(running.control("GET", "faults")[1])
    assert [each["error"] for each in shown] == ["InternalFailure"]


def test_every_mistake_is_told_and_nothing_changes(running: RunningEmulator, boto3: Caller) -> None:
    """One answer names them all, each at its place; what was on stays on."""
    before = running.control("POST", "faults", [{"error": "ModelError"}])
    wrong = [
        {"error": "ModelEror"},
        {"latency": {"fixed": "soon"}, "ratio": 2},
        {"refuse": True},
        {"reply": "rest_before"},
        {"tls_failure": True},
        {"nonsense": 1},
    ]
    status, text = running.control("POST", "faults", wrong)
    assert status == 400
    for place in ("faults[0].error", "faults[1].latency.fixed", "faults[1].ratio", "faults[2].for", "faults[3].reply"):
        assert place in text
    for place in ("faults[4].for", "faults[5]"):
        assert place in text
    assert "did you mean 'ModelError'" in text
    assert running.control("GET", "faults") == before
    assert boto3.call().code == "ModelError"


@pytest.mark.parametrize(
    ("method", "body", "status"),
    [
        ("POST", b"[{", 400),
        ("POST", b"", 400),
        ("POST", b"\xff", 400),
        ("POST", b'{"error": "ModelError"}', 400),  # one fault, not a list of them
        ("POST", b"null", 400),
        ("PUT", b"[]", 405),
    ],
)
def test_what_is_no_list_of_faults_is_refused(running: RunningEmulator, method: str, body: bytes, status: int) -> None:
    """With words, and nothing changes."""
    before = running.control("GET", "faults")
    connection = HTTPConnection(running.url.removeprefix("http://"), timeout=10)
    connection.request(method, "/control/faults", body)
    reply = connection.getresponse()
    assert (reply.status, bool(reply.read().strip())) == (status, True)
    connection.close()
    assert running.control("GET", "faults") == before
