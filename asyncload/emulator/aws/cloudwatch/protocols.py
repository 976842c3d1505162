"""
The wire formats of CloudWatch. Which one a client speaks depends on its SDK and on the SDK's version.

    query    AWS Query         POST /, form: Action=GetMetricData&...      XML back
    json     AWS JSON 1.0      POST /, X-Amz-Target: GraniteServiceVersion20100801.GetMetricData
    cbor     Smithy RPC v2     POST /service/GraniteServiceVersion20100801/operation/GetMetricData

All three carry the same values. The first was CloudWatch's only one, so the others name an error's old code in a
header, x-amzn-query-error, from where SDKs read it.

Source: Smithy specifications, "AWS Query", "AWS JSON 1.0", "Smithy RPC v2 CBOR", and awsQueryCompatible.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypeAlias
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

import cbor2
import msgspec

from asyncload.emulator.aws.cloudwatch.operations import RequestError, Value
from asyncload.emulator.wire.values import Reply, Request

SERVICE: Final = "GraniteServiceVersion20100801"
_VERSION = "2010-08-01"
_CBOR_PATH = re.compile(f"/service/{SERVICE}/operation/([A-Za-z]+)")
_TREE_DEPTH = 8
_ITEMS = 10_000

Tree: TypeAlias = "str | dict[str, Tree]"
Read: TypeAlias = Callable[[Request], object]
Write: TypeAlias = Callable[["Spoken", Value], bytes]


@dataclass(frozen=True, slots=True)
class Protocol:
    """A wire format."""

    content_type: str
    read: Read
    """Returns the request's values."""
    write: Write
    """Returns the body of a reply."""
    headers: Mapping[str, str]
    """Of every reply."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a request is about, and in which format."""

    protocol: Protocol
    operation: str
    request_id: str

    def read(self, request: Request) -> object:
        """
        Return the request's values: texts, numbers, times, lists and dicts.

        Raises:
            RequestError: If they cannot be read.
        """
        try:
            return self.protocol.read(request)
        except (ValueError, msgspec.MsgspecError, cbor2.CBORDecodeError, RecursionError) as problem:
            raise RequestError("SerializationException", f"The request cannot be read: {problem}") from problem

    def reply(self, value: Value) -> Reply:
        """Say a result."""
        return self._reply(200, self.protocol.write(self, value), {})

    def error(self, status: int, code: str, message: str) -> Reply:
        """Say an error."""
        if self.protocol is QUERY:
            return self._reply(status, _xml_error(code, message, self.request_id), {})
        side = "Sender" if status < 500 else "Receiver"
        body = self.protocol.write(self, {"__type": code, "message": message})
        return self._reply(status, body, {"x-amzn-query-error": f"{code};{side}"})

    def _reply(self, status: int, body: bytes, headers: Mapping[str, str]) -> Reply:
        always = {"Content-Type": self.protocol.content_type, "x-amzn-RequestId": self.request_id}
        return Reply(status, body, {**always, **self.protocol.headers, **headers})


def spoken(request: Request, request_id: str) -> Spoken | None:
    """Say how a request speaks to CloudWatch; None if it does not."""
    if request.method != "POST":
        return None
    if found := _CBOR_PATH.fullmatch(request.path):
        return Spoken(CBOR, found[1], request_id)
    service, _, operation = request.values.get("x-amz-target", "").partition(".")
    if service == SERVICE:
        return Spoken(JSON, operation, request_id)
    if request.path == "/" and request.values.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        form = _form(request)
        if form.get("Version") == _VERSION:
            return Spoken(QUERY, form.get("Action", ""), request_id)
    return None


# -- AWS Query --------------------------------------------------------------------------------------------------------


def _form(request: Request) -> dict[str, str]:
    return dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))


def _read_form(request: Request) -> object:
    """Read a.member.1.b=c as {"a": [{"b": "c"}]}; an empty text stands for an empty list, and is left out."""
    tree: dict[str, Tree] = {}
    for key, value in _form(request).items():
        if not value:
            continue
        *path, last = key.split(".")
        if len(path) > 2 * _TREE_DEPTH:
            raise ValueError(f"{key[:80]} is nested too deeply")
        place = tree
        for name in path:
            below = place.setdefault(name, {})
            if isinstance(below, str):
                raise ValueError(f"{name} in {key[:80]} is both a text and a structure")  # noqa: TRY004  the client's
            place = below
        place[last] = value
    return _unfolded(tree)


def _unfolded(tree: Tree) -> object:
    if isinstance(tree, str):
        return tree
    members = tree.get("member")
    if isinstance(members, dict) and len(tree) == 1:
        if any(not number.isdecimal() for number in members) or len(members) > _ITEMS:
            raise ValueError("member must be followed by a number")
        return [_unfolded(members[number]) for number in sorted(members, key=int)]
    return {name: _unfolded(below) for name, below in tree.items()}


def _write_xml(spoken: Spoken, value: Value) -> bytes:
    name, namespace = spoken.operation, f"http://monitoring.amazonaws.com/doc/{_VERSION}/"
    return (
        f'<{name}Response xmlns="{namespace}"><{name}Result>{_xml(value)}</{name}Result>'
        f"<ResponseMetadata><RequestId>{spoken.request_id}</RequestId></ResponseMetadata></{name}Response>"
    ).encode()


def _xml(value: Value) -> str:
    if isinstance(value, dict):
        return "".join(f"<{name}>{_xml_map(name, below)}</{name}>" for name, below in value.items())
    if isinstance(value, list):
        return "".join(f"<member>{_xml(below)}</member>" for below in value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return escape(value) if isinstance(value, str) else repr(value)


def _xml_map(name: str, value: Value) -> str:
    if name == "ExtendedStatistics" and isinstance(value, dict):  # the one map among structures
        return "".join(f"<entry><key>{key}</key><value>{_xml(below)}</value></entry>" for key, below in value.items())
    return _xml(value)


def _xml_error(code: str, message: str, request_id: str) -> bytes:
    return (
        f"<ErrorResponse><Error><Type>Sender</Type><Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
        f"</Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    ).encode()


# -- AWS JSON, Smithy RPC v2 CBOR -------------------------------------------------------------------------------------


def _read_json(request: Request) -> object:
    return msgspec.json.decode(request.body or b"{}")


def _write_json(_: Spoken, value: Value) -> bytes:
    return msgspec.json.encode(_numbers(value))


def _read_cbor(request: Request) -> object:
    return cbor2.loads(request.body) if request.body else {}


def _write_cbor(_: Spoken, value: Value) -> bytes:
    return cbor2.dumps(value, datetime_as_timestamp=True)


def _numbers(value: Value) -> Value:
    """Replace times by seconds since 1970."""
    if isinstance(value, dict):
        return {name: _numbers(below) for name, below in value.items()}
    if isinstance(value, list):
        return [_numbers(below) for below in value]
    return value.timestamp() if isinstance(value, datetime) else value


QUERY: Final = Protocol("text/xml", _read_form, _write_xml, {})
JSON: Final = Protocol("application/x-amz-json-1.0", _read_json, _write_json, {})
CBOR: Final = Protocol("application/cbor", _read_cbor, _write_cbor, {"smithy-protocol": "rpc-v2-cbor"})
