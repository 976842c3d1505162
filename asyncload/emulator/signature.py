"""
Is this request signed as AWS wants it?

The canonical request and the string to sign are botocore's, made from what arrived and from nothing else. The order of
the checks is that of AWS: is there a signature, whose, for what scope, of when, and is it right.

Source: AWS Signature Version 4, IAM User Guide, "Create a signed AWS API request"; codes from "Common Errors" of the
SageMaker runtime's API reference.
"""

import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from botocore.auth import SigV4Auth
from botocore.credentials import Credentials as BotocoreCredentials

from asyncload.emulator.config import Credentials

SERVICE = "sagemaker"
WINDOW_S = 300
"""A signature is good for five minutes either way."""
SIGNERS_KEPT = 1_000
_TIMESTAMP = "%Y%m%dT%H%M%SZ"
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 +"
    r"Credential=(?P<key>[^/, ]+)/(?P<day>\d{8})/(?P<region>[^/, ]*)/(?P<service>[^/, ]*)/aws4_request, *"
    r"SignedHeaders=(?P<headers>[^, ]+), *Signature=(?P<signature>[0-9a-f]+)"
)
_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. "
    "Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
)


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A request as it arrived."""

    method: str
    target: str
    """Path and query exactly as on the wire."""
    headers: Sequence[tuple[bytes, bytes]]
    """All headers in their order, undecoded."""
    body_sha256: str
    """Lower-case hex digest of the body that arrived."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not accepted: AWS's error code and words."""

    code: str
    message: str


class _Headers(dict[str, list[str]]):
    """Headers by lower-case name with all their values, as far as botocore's signer looks at them."""

    def get_all(self, name: str) -> list[str]:
        return self[name]


@dataclass(frozen=True, slots=True)
class _Arrived:
    """What botocore's signer reads of an AWSRequest; an AWSRequest itself costs as much as the signature."""

    method: str
    url: str
    headers: _Headers
    context: Mapping[str, str]
    params: None = None


class _Signer(SigV4Auth):  # type: ignore[misc]  # botocore has no types
    """botocore's signer, over exactly the headers that the client named and the body that arrived."""

    def headers_to_sign(self, request: _Arrived) -> _Headers:
        return request.headers

    def payload(self, request: _Arrived) -> str:
        return request.context["body_sha256"]

    def text(self, request: _Arrived) -> bytes:
        """Return the string to sign."""
        text: str = self.string_to_sign(request, self.canonical_request(request))
        return text.encode()


class SignatureCheck:
    """Verifies requests against a set of keys. Remembers derived signing keys and the requests of the last second."""

    def __init__(self, credentials: Sequence[Credentials], region: str | None = None, remembered: int = 10_000) -> None:
        """
        Args:
            credentials: Keys that are accepted.
            region: Region that signatures must be scoped to; None accepts any.
            remembered: Verified requests to keep at most; 0 verifies each one anew.
        """
        self._credentials: Mapping[str, Credentials] = {key.access_key: key for key in credentials}
        self._region = region
        self._signers: dict[tuple[str, str, str], tuple[_Signer, bytes]] = {}
        self._remembered = remembered
        self._verified: set[SignedRequest] = set()
        self._verified_second = 0

    def refusal(self, request: SignedRequest, now_s: float) -> Refusal | None:
        """
        Verify a request that arrived at now_s (Unix time).

        A request equal to one that was verified in the same second, byte for byte, is good without a second look: every
        input of the check is the same.

        Returns:
            None if it is accepted, else the reason.
        """
        second = int(now_s)
        if second != self._verified_second:
            self._verified_second = second
            self._verified.clear()
        if request in self._verified:
            return None
        refusal = self._verify(request, second)
        if refusal is None and len(self._verified) < self._remembered:
            self._verified.add(request)
        return refusal

    def _verify(self, request: SignedRequest, second: int) -> Refusal | None:
        headers = _Headers()
        for name, value in request.headers:
            headers.setdefault(_lower(name), []).append(value.decode("utf-8", "replace"))
        if "authorization" not in headers:
            return Refusal("MissingAuthenticationTokenException", "Missing Authentication Token")
        parts = _AUTHORIZATION.fullmatch(headers["authorization"][0])
        if parts is None:
            return Refusal("IncompleteSignatureException", "Authorization header is not a Signature Version 4 header.")
        signed = parts["headers"].split(";")
        return (
            self._wrong_key(parts["key"], headers.get("x-amz-security-token", [""])[0])
            or self._wrong_scope(parts)
            or _wrong_headers(signed, headers)
            or _wrong_date(headers["x-amz-date"][0], parts["day"], second)
            or self._wrong_signature(request, _Headers({name: headers[name] for name in signed}), parts)
        )

    def _wrong_key(self, access_key: str, token: str) -> Refusal | None:
        known = self._credentials.get(access_key)
        if known is None or not hmac.compare_digest((known.token or "").encode(), token.encode()):
            return Refusal("UnrecognizedClientException", "The security token included in the request is invalid.")
        if known.expired:
            return Refusal("ExpiredTokenException", "The security token included in the request is expired")
        return None

    def _wrong_scope(self, parts: re.Match[str]) -> Refusal | None:
        if parts["service"] != SERVICE:
            message = f"Credential should be scoped to correct service: '{SERVICE}'."
        elif not parts["region"] or (self._region is not None and parts["region"] != self._region):
            message = "Credential should be scoped to a valid region."
        else:
            return None
        return Refusal("InvalidSignatureException", message)

    def _wrong_signature(self, request: SignedRequest, headers: _Headers, parts: re.Match[str]) -> Refusal | None:
        signer, key = self._signer(parts["key"], parts["day"], parts["region"])
        context = {"body_sha256": request.body_sha256, "timestamp": headers["x-amz-date"][0]}
        text = signer.text(_Arrived(request.method, f"http://{headers['host'][0]}{request.target}", headers, context))
        expected = hmac.digest(key, text, "sha256").hex()
        body_sha256 = headers.get("x-amz-content-sha256", [request.body_sha256])
        if hmac.compare_digest(expected, parts["signature"]) and body_sha256 == [request.body_sha256]:
            return None
        return Refusal("InvalidSignatureException", _MISMATCH)

    def _signer(self, access_key: str, day: str, region: str) -> tuple[_Signer, bytes]:
        """Return botocore's signer and the derived key of a day and region: four HMACs, so it is kept."""
        name = (access_key, day, region)
        if name not in self._signers:
            secret_key = self._credentials[access_key].secret_key
            key = f"AWS4{secret_key}".encode()
            for part in (day, region, SERVICE, "aws4_request"):
                key = hmac.digest(key, part.encode(), "sha256")
            if len(self._signers) >= SIGNERS_KEPT:
                self._signers.clear()
            self._signers[name] = _Signer(BotocoreCredentials(access_key, secret_key), SERVICE, region), key
        return self._signers[name]


def _wrong_headers(signed: Sequence[str], headers: _Headers) -> Refusal | None:
    """Host and every x-amz- header must be signed, and what is said to be signed must be there."""
    if "x-amz-date" not in headers:
        return Refusal(
            "IncompleteSignatureException", "Authorization header requires existence of a X-Amz-Date header."
        )
    for name in ("host", *headers):
        if (name == "host" or name.startswith("x-amz-")) and name not in signed:
            return Refusal("InvalidSignatureException", f"'{name}' must be a 'SignedHeader' in the AWS Authorization.")
    if any(name not in headers for name in signed):
        return Refusal("InvalidSignatureException", _MISMATCH)
    return None


def _wrong_date(stamp: str, day: str, second: int) -> Refusal | None:
    at_s = _unix_s(stamp)
    if at_s is not None and abs(at_s - second) <= WINDOW_S and day == stamp[:8]:
        return None
    now = datetime.fromtimestamp(second, UTC).strftime(_TIMESTAMP)
    if at_s is None:
        message = f"Date must be in ISO-8601 basic format, such as {now}."
    elif at_s < second - WINDOW_S:
        message = f"Signature expired: {stamp} is now earlier than {now} - 5 min."
    elif at_s > second + WINDOW_S:
        message = f"Signature not yet current: {stamp} is still later than {now} + 5 min."
    else:
        message = f"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date: {day}, {stamp}."
    return Refusal("InvalidSignatureException", message)


@lru_cache(maxsize=256)
def _lower(name: bytes) -> str:
    return name.decode("latin-1").lower()


@lru_cache(maxsize=16)
def _unix_s(stamp: str) -> int | None:
    """Read 20261123T080000Z; None if it is something else."""
    try:
        return int(datetime.strptime(stamp, _TIMESTAMP).replace(tzinfo=UTC).timestamp())
    except ValueError:
        return None
