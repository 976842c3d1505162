"""locust.importer: requests as they would be on the wire, replies as clients read them."""

import http.client

import pytest

from asyncload.locust.importer.probe import replies
from asyncload.locust.importer.probe.places import Places
from asyncload.locust.importer.probe.recorder import MOST_ATTEMPTS, Recorder
from asyncload.locust.importer.probe.wire import Request, Wire

HEAD = b"POST /endpoints/mme/invocations HTTP/1.1\r\nHost: h\r\nContent-Type: text/csv\r\n"


def wire() -> tuple[Wire, list[Request]]:
    """A wire that answers each request with its number, and the requests."""
    seen: list[Request] = []

    def answering(request: Request) -> bytes:
        seen.append(request)
        return b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n" + str(len(seen)).encode()

    return Wire("https://h", answering, lambda _: None, readable=0), seen


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize(
    ("sent", "body"),
    [
        (HEAD + b"Content-Length: 5\r\n\r\n1,2,3", b"1,2,3"),
        (HEAD + b"\r\n", b""),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\n1,2\r\n2;x=y\r\n,3\r\n0\r\n\r\n", b"1,2,3"),
    ],
)
def test_a_request_is_whole_whatever_the_pieces(sent: bytes, body: bytes, size: int) -> None:
    end, seen = wire()
    for at in range(0, len(sent), size):
        end.sendall(sent[at : at + size])
    [request] = seen
    assert (request.url, request.method, request.path) == ("https://h", "POST", "/endpoints/mme/invocations")
    assert (request.headers["content-type"], request.body) == ("text/csv", body)
    assert end.recv(1000).endswith(b"1")


def test_requests_follow_one_another() -> None:
    """Two requests sent at once have two replies, in their order."""
    end, seen = wire()
    assert end.send(2 * (HEAD + b"Content-Length: 1\r\n\r\nx")) > 0
    assert len(seen) == 2
    buffer = bytearray(100)
    size = end.recv_into(buffer)
    assert bytes(buffer[:size]).count(b"HTTP/1.1 200") == 2
    assert end.makefile("rb").read() == b""


def test_whoever_waits_to_send_a_body_is_told_to_go_on() -> None:
    end, seen = wire()
    end.sendall(HEAD + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n")
    assert end.recv(100).startswith(b"HTTP/1.1 100 ")
    end.sendall(b"ab")
    assert seen[0].body == b"ab"


def test_a_proxy_is_seen_through() -> None:
    """A request in absolute form goes where it says."""
    end, seen = wire()
    end.sendall(b"GET http://other:81/ping HTTP/1.1\r\n\r\n")
    assert (seen[0].url, seen[0].path) == ("http://other:81", "/ping")


@pytest.mark.parametrize(
    "reply",
    [
        replies.throttled(),
        replies.invoked(replies.USUAL[0], ""),
        replies.invoked(replies.USUAL[1], "application/json"),
        replies.empty({}),
        replies.empty({"content-type": "application/x-www-form-urlencoded; charset=utf-8"}, b"Action=GetIt&Version=1"),
        replies.empty({"x-amz-content-sha256": "x"}),
    ],
)
def test_replies_are_http(reply: bytes) -> None:
    """Each reply is one that a client reads to its end, and after which it looks for no more."""

    class Socket:
        def makefile(self, _: str) -> object:
            from io import BytesIO

            return BytesIO(reply)

    response = http.client.HTTPResponse(Socket())  # type: ignore[arg-type]  # all that it needs
    response.begin()
    assert response.headers["Connection"] == "close"
    assert len(response.read()) == int(response.headers["Content-Length"])


def request(path: str = "/endpoints/mme/invocations", method: str = "POST", **headers: str) -> Request:
    own = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request("https://h", method, path, own, b"body")


def recorder() -> Recorder:
    found = Recorder(Places(__file__))
    found.begin("task")
    return found


def test_a_call_is_known_by_its_headers() -> None:
    """What tells targets apart is kept; what a client adds to every request is not, nor a number that changes."""
    record = recorder()
    for number in ("1", "2"):
        record.answer(
            request(
                x_amzn_sagemaker_target_model="m", content_type="text/csv", user_agent="u", x_amz_date="d",
                x_amzn_sagemaker_inference_id=number, x_mine="1",
                authorization="AWS4-HMAC-SHA256 Credential=KEY/20260101/eu-west-1/sagemaker/aws4_request, Signature=5",
            )
        )  # fmt: skip
    [target] = record.targets
    assert (target.endpoint, target.url, target.region, target.signed) == ("mme", "https://h", "eu-west-1", True)
    assert (target.model, target.content_type, target.inference_id) == ("m", "text/csv", True)
    assert (record.keys, record.bodies, list(record.headers)) == ([0, 0], [0, 0], ["x-mine"])
    assert record.at[0].startswith("line ")


@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("/ping", "GET"),
        ("/endpoints/mme/invocations", "GET"),
        ("/endpoints/mme/invocations-response-stream", "POST"),
        ("/endpoints/mme/async-invocations", "POST"),
        ("/endpoints/mme/invocations?x=1", "POST"),
    ],
)
def test_other_requests_are_no_calls(path: str, method: str) -> None:
    record = recorder()
    assert record.answer(request(path, method)).startswith(b"HTTP/1.1 200")
    assert record.keys == []
    assert [what for _, what, _ in record.others] == [f"{method} https://h{path.partition('?')[0]}"]


def test_an_endpoint_behind_a_path_keeps_it() -> None:
    record = recorder()
    record.answer(request("/prod/endpoints/a%20b/invocations"))
    [target] = record.targets
    assert (target.url, target.endpoint, target.signed) == ("https://h/prod", "a b", False)


def test_calls_outside_of_tasks_are_kept_apart() -> None:
    record = recorder()
    record.begin("on_start")
    record.answer(request())
    assert (record.keys, [stage for stage, _ in record.started]) == ([], ["on_start"])


def test_a_row_belongs_to_the_calls_before_it() -> None:
    record = recorder()
    record.answer(request(accept="a"))
    record.report(name="first", exception=None)
    record.answer(request(accept="b"))
    record.report(name="second", exception=ValueError())
    assert [(row.target, row.name) for row in record.rows] == [(0, "first"), (1, "second")]
    assert record.failed_rows == 1


def test_at_the_limit_everything_is_refused_up_to_a_point() -> None:
    """Who tries a thousand times would try for ever, and is answered."""
    record = recorder()
    record.throttling = True
    statuses = [record.answer(request())[:12] for _ in range(MOST_ATTEMPTS)]
    assert statuses == [b"HTTP/1.1 400"] * (MOST_ATTEMPTS - 1) + [b"HTTP/1.1 200"]


def test_what_requests_asks_for_without_a_word_is_not_asked_for() -> None:
    """`Accept: */*` is requests' own; from another client it is the file's."""
    record = recorder()
    record.answer(request(accept="*/*", user_agent="python-requests/2.32"))
    record.answer(request(accept="*/*", user_agent="Boto3/1.43"))
    assert [target.accept for target in record.targets] == ["", "*/*"]
