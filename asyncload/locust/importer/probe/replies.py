"""Replies that make a caller go on, or try again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs

_TOO_MUCH: Final = (
    b"HTTP/1.1 400 Bad Request\r\nx-amzn-ErrorType: ThrottlingException\r\nContent-Type: application/json\r\n"
    b"x-amzn-RequestId: 00000000-0000-0000-0000-000000000000\r\nContent-Length: 16\r\nConnection: close\r\n\r\n"
    b'{"message":null}'
)
"""
Source:
    docs of InvokeEndpoint's errors; what SageMaker sends when an endpoint's concurrency is used up.
"""


@dataclass(frozen=True, slots=True)
class Reply:
    """The body of a reply to InvokeEndpoint."""

    body: bytes
    content_type: str


USUAL: Final = (
    Reply(b"0.5", "text/csv"),
    Reply(b'{"predictions": [{"score": 0.5, "predicted_label": 0.0}]}', "application/json"),
    Reply(b"[0.5]", "application/json"),
    Reply(b'{"predictions": [0.5]}', "application/json"),
    Reply(b"[[0.5]]", "application/json"),
    Reply(b'[{"label": "LABEL_0", "score": 0.5}]', "application/json"),
    Reply(b'[{"generated_text": "text"}]', "application/json"),
)
"""
What SageMaker's own algorithms and the common containers answer; the first is both CSV and JSON.

Source:
    https://docs.aws.amazon.com/sagemaker/latest/dg/LL-in-formats.html (linear learner; XGBoost answers in CSV)
"""


def given(bodies: Sequence[bytes]) -> tuple[Reply, ...]:
    """Return replies that a user gave, or those that are usual."""
    return tuple(Reply(body, "application/json" if body[:1] in b"[{" else "text/csv") for body in bodies) or USUAL


def invoked(reply: Reply, accept: str) -> bytes:
    """Return a successful reply to InvokeEndpoint."""
    wanted = accept if accept and "*" not in accept and "," not in accept else reply.content_type
    extra = (
        "x-Amzn-Invoked-Production-Variant: AllTraffic\r\nx-amzn-RequestId: 00000000-0000-0000-0000-000000000000\r\n"
    )
    return _success(wanted, extra, reply.body)


def throttled() -> bytes:
    """Return what InvokeEndpoint answers at its limit."""
    return _TOO_MUCH


def empty(headers: dict[str, str], body: bytes = b"") -> bytes:
    """
    Return the emptiest successful reply to a request that is not InvokeEndpoint, in a form that its client reads.

    AWS's older services take a form and answer in XML, the result in an element that is called after the action; S3
    answers with bytes or in XML; the others in JSON.
    """
    if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        action = parse_qs(body.decode("latin-1")).get("Action", ["Nothing"])[0]
        return _success("text/xml", "", f"<{action}Response><{action}Result/></{action}Response>".encode())
    return _success("application/json", "", b"" if "x-amz-content-sha256" in headers else b"{}")


def _success(content_type: str, extra: str, body: bytes) -> bytes:
    # The connection is closed, so that no client keeps a wire to look at later whether it is still alive.
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\n{extra}Content-Length: {len(body)}\r\n"
    return f"{head}Connection: close\r\n\r\n".encode("latin-1") + body
