"""
AWS Signature Version 4, pure: texts and a date go in, a signed request head comes out.

A signature over one request is a hash of the canonical request, a hash of that, and one HMAC. Almost all of it is known
before the date is, so the work is cut along what changes:

    per set of headers   Template: canonical request and head on the wire, as pieces around date and payload hash
    per day              the signing key, kept as two half-done SHA-256 states: an HMAC then costs two copies of them
    per second           the first lines of the string to sign
    per request          one hash, one HMAC, one join

A signature depends on the date only to the second: equal second, template and payload give equal bytes, and whoever
sends the same request many times may keep the head for that second.

Source: "Create a signed AWS API request", IAM User Guide; equal to botocore's `SigV4Auth` (property test). As there for
every service but S3, the path is normalised and percent-encoded once more, and no X-Amz-Content-SHA256 is sent.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from time import gmtime, strftime
from typing import TYPE_CHECKING
from urllib.parse import quote

from asyncload.errors import UsageError

if TYPE_CHECKING:
    from _hashlib import HASH

_UNSIGNED = frozenset({
    "baggage", "connection", "expect", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "traceparent",
    "tracestate", "trailer", "transfer-encoding", "upgrade", "user-agent", "x-amzn-trace-id",
})  # fmt: skip
"""Headers that proxies may change; botocore's SIGNED_HEADERS_BLACKLIST."""

_OWN = frozenset({
    "authorization", "content-length", "date", "host", "transfer-encoding", "x-amz-content-sha256", "x-amz-date",
    "x-amz-security-token",
})  # fmt: skip
"""Headers that belong to the signer or to the framing of the request."""

_INFERENCE_ID = "X-Amzn-SageMaker-Inference-Id"
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A token of RFC 9110, section 5.6.2."""
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_VISIBLE = re.compile(r"[!-~]*")
_BLOCK_BYTES = 64
"""SHA-256's block, to which HMAC pads its key (RFC 2104, section 2)."""


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """An access key, its secret, and a session token or None. Its text shows the end of the access key and no more."""

    access_key: str
    secret_key: str
    token: str | None = None

    def __repr__(self) -> str:
        return f"Credentials(access_key='...{self.access_key[-4:]}')"


@lru_cache(maxsize=4)
def amz_date(epoch_s: int) -> str:
    """
    Write a second as `X-Amz-Date` has it, such as 20261123T184423Z.

    Args:
        epoch_s: Whole seconds since 1970, UTC.
    """
    return strftime("%Y%m%dT%H%M%SZ", gmtime(epoch_s))


class Signer:
    """
    Signs with one set of credentials for one region and service.

    Not for several threads at once: it remembers the last day and the last second.
    """

    __slots__ = ("_credentials", "_day", "_inner", "_outer", "_scope", "_stamp", "_to_sign", "region", "service")

    def __init__(self, credentials: Credentials, region: str, service: str = "sagemaker") -> None:
        """
        Args:
            credentials: Whose signature.
            region: AWS region of the endpoint, such as us-east-1.
            service: Signing name of the service.

        Raises:
            UsageError: If key, token or region cannot stand in an HTTP head; the text holds none of them.
        """
        if not all(map(_VISIBLE.fullmatch, (credentials.access_key, credentials.token or "", region))):
            raise UsageError("credentials: access key, session token and region must be visible ASCII without blanks")
        self._credentials = credentials
        self.region = region
        self.service = service
        self._day = ""
        self._stamp = ""
        self._scope = ""
        self._to_sign = b""
        self._inner = self._outer = sha256()

    def template(
        self,
        method: str,
        host: str,
        path: str,
        headers: Sequence[tuple[str, str]],
        *,
        inference_id: bool = False,
    ) -> "Template":
        """
        Prepare everything that does not depend on date and payload.

        Args:
            method: Such as POST.
            host: Value of the header Host: lower case, with the port if it is not the scheme's own.
            path: The whole percent-encoded path, without a query.
            headers: Names and values in the order of sending, without the signer's own ones.
            inference_id: Whether a value for X-Amzn-SageMaker-Inference-Id comes with each request.

        Raises:
            UsageError: If a name or value cannot stand in an HTTP head, or a header is the signer's own.
        """
        return Template(self, method, host, path, headers, inference_id=inference_id)

    def sign_head(
        self,
        method: str,
        host: str,
        path: str,
        headers: Sequence[tuple[str, str]],
        *,
        body_sha256: str,
        body_bytes: int,
        stamp: str,
    ) -> bytes:
        """Write one signed head without keeping a template; see `template` and `Template.head`."""
        return self.template(method, host, path, headers).head(stamp, body_sha256, body_bytes)

    def credential(self, stamp: str) -> str:
        """Access key and scope as the Authorization header names them."""
        if stamp != self._stamp:
            self._turn_second(stamp)
        return f"{self._credentials.access_key}/{self._scope}"

    @property
    def token(self) -> str | None:
        """The session token that has to go with each request."""
        return self._credentials.token

    def signature(self, stamp: str, canonical_request: bytes) -> str:
        """
        Sign a canonical request.

        Args:
            stamp: Date as from `amz_date`.
            canonical_request: Its bytes; X-Amz-Date in it must be `stamp`.

        Returns:
            Lower-case hex digits.
        """
        if stamp != self._stamp:
            self._turn_second(stamp)
        inner = self._inner.copy()
        inner.update(self._to_sign + sha256(canonical_request).hexdigest().encode())
        outer = self._outer.copy()
        outer.update(inner.digest())
        return outer.hexdigest()

    def _turn_second(self, stamp: str) -> None:
        if stamp[:8] != self._day:
            self._turn_day(stamp[:8])
        self._to_sign = f"AWS4-HMAC-SHA256\n{stamp}\n{self._scope}\n".encode()
        self._stamp = stamp

    def _turn_day(self, day: str) -> None:
        key = f"AWS4{self._credentials.secret_key}".encode()
        for part in (day, self.region, self.service, "aws4_request"):
            inner, outer = _hmac_states(key)
            inner.update(part.encode())
            outer.update(inner.digest())
            key = outer.digest()
        self._inner, self._outer = _hmac_states(key)
        self._scope = f"{day}/{self.region}/{self.service}/aws4_request"
        self._day = day


class Template:
    """A request that lacks only date, payload hash and perhaps inference id; made by `Signer.template`."""

    __slots__ = ("_after", "_before", "_between", "_content_length", "_head", "_names", "_signer", "_tail", "_with_id")

    def __init__(
        self,
        signer: Signer,
        method: str,
        host: str,
        path: str,
        headers: Sequence[tuple[str, str]],
        *,
        inference_id: bool = False,
    ) -> None:
        _check(method, host, path, headers)
        self._signer = signer
        self._with_id = inference_id
        values = {"host": [host], "x-amz-date": ["\0"]}
        if signer.token:
            values["x-amz-security-token"] = [signer.token]
        for name, value in headers:
            if name.lower() not in _UNSIGNED:
                values.setdefault(name.lower(), []).append(value)
        if inference_id and values.setdefault(_INFERENCE_ID.lower(), ["\0"]) != ["\0"]:
            raise UsageError(f"header {_INFERENCE_ID}: given, and asked for as unique per request")
        names = ";".join(sorted(values))
        lines = "".join(f"{name}:{_canonical_value(values[name])}\n" for name in sorted(values))
        canonical = f"{method}\n{_canonical_path(path)}\n\n{lines}\n{names}\n".encode()
        # x-amz-date sorts before x-amzn-sagemaker-inference-id, so the first gap is the date's.
        self._before, self._between, *after = canonical.split(b"\0")
        self._after = after[0] if after else b""
        self._names = names
        given = "".join(f"{name}: {value}\r\n" for name, value in headers)
        self._head = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n{given}".encode()
        self._tail = f"X-Amz-Security-Token: {signer.token}\r\n".encode() if signer.token else b""

    def authorization(self, stamp: str, body_sha256: str, inference_id: str = "") -> str:
        """
        Make the value of the header Authorization.

        Args:
            stamp: Date as from `amz_date`.
            body_sha256: Lower-case hex digest of the body.
            inference_id: Visible ASCII without blanks; used if the template was made for one.
        """
        signer = self._signer
        gap = inference_id.encode() if self._with_id else b""
        canonical = b"".join((self._before, stamp.encode(), self._between, gap, self._after, body_sha256.encode()))
        signature = signer.signature(stamp, canonical)
        return (
            f"AWS4-HMAC-SHA256 Credential={signer.credential(stamp)}, "
            f"SignedHeaders={self._names}, Signature={signature}"
        )

    def head(self, stamp: str, body_sha256: str, body_bytes: int, inference_id: str = "") -> bytes:
        """
        Write the complete head of a request, up to and with the empty line.

        Args:
            stamp: Date as from `amz_date`.
            body_sha256: Lower-case hex digest of the body.
            body_bytes: Length of the body.
            inference_id: Visible ASCII without blanks; used if the template was made for one.
        """
        authorization = self.authorization(stamp, body_sha256, inference_id)
        own_id = f"{_INFERENCE_ID}: {inference_id}\r\n" if self._with_id else ""
        dated = f"{own_id}Content-Length: {body_bytes}\r\nX-Amz-Date: {stamp}\r\nAuthorization: {authorization}\r\n"
        return b"".join((self._head, self._tail, dated.encode(), b"\r\n"))


def _hmac_states(key: bytes) -> tuple["HASH", "HASH"]:
    """Return SHA-256 after the inner and the outer pad of HMAC; `hmac.digest` costs twice what copying them does."""
    padded = (sha256(key).digest() if len(key) > _BLOCK_BYTES else key).ljust(_BLOCK_BYTES, b"\0")
    return sha256(bytes(byte ^ 0x36 for byte in padded)), sha256(bytes(byte ^ 0x5C for byte in padded))


def _canonical_value(values: Sequence[str]) -> str:
    return ",".join(" ".join(value.split()) for value in values)


def _canonical_path(path: str) -> str:
    """Without empty and dot segments (RFC 3986, section 5.2.4), percent-encoded once more."""
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in ("", "."):
            kept.append(segment)
    last = "/" if path.endswith("/") and kept else ""
    return quote("/" + "/".join(kept) + last, safe="/~")


def _check(method: str, host: str, path: str, headers: Sequence[tuple[str, str]]) -> None:
    """Refuse whatever could end a line early or change the request's meaning (RFC 9110, section 5.5)."""
    if not path.startswith("/") or not _VISIBLE.fullmatch(path) or "?" in path or "#" in path:
        raise UsageError(f"path {path!r}: must begin with / and be percent-encoded ASCII without a query")
    for name, value in (("method", method), ("Host", host), *headers):
        if not _NAME.fullmatch(name):
            raise UsageError(f"header {name!r}: not a name that HTTP allows")
        if _CONTROL.search(value):
            raise UsageError(f"header {name}: control characters are not allowed in its value")
        try:
            value.encode()
        except UnicodeEncodeError:
            raise UsageError(f"header {name}: its value is not text that UTF-8 can write") from None
    for name, _ in headers:
        if name.lower() in _OWN:
            raise UsageError(f"header {name}: set by the transport, cannot be given")
