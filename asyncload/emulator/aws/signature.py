"""
Is this request signed as AWS wants it?

The canonical request and the string to sign are botocore's, made from what arrived and from nothing else. The order of
the checks is that of AWS: is there a signature, whose, for what scope, of when, and is it right.

One client's requests differ in few headers. What depends on the others only is computed once and kept: the scope and
the names in its Authorization header, whether the right headers are signed, botocore's form of the path.

Source: AWS Signature Version 4, IAM User Guide, "Create a signed AWS API request"; codes from "Common Errors" of the
SageMaker runtime's API reference; for S3, "Signature Calculations for the Authorization Header" of its API reference.
"""

import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

import msgspec
from botocore.auth import SigV4Auth
from botocore.credentials import Credentials as BotocoreCredentials

from asyncload.emulator.config.emulator import Credentials

SAGEMAKER: Final = "sagemaker"
"""Invocations and the control plane are signed for the same name."""
CLOUDWATCH: Final = "monitoring"
S3: Final = "s3"
WINDOW_S = 300
"""A signature is good for five minutes either way."""
SIGNERS_KEPT = 1_000
_TIMESTAMP = "%Y%m%dT%H%M%SZ"
_SCOPE = re.compile(
    r"AWS4-HMAC-SHA256 +"
    r"Credential=(?P<key>[^/, ]+)/(?P<day>\d{8})/(?P<region>[^/, ]*)/(?P<service>[^/, ]*)/aws4_request, *"
    r"SignedHeaders=(?P<headers>[^, ]+), *"
)
_SIGNATURE = re.compile(r"[0-9a-f]+")
_UNSIGNED_BODIES = frozenset({"UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"})
"""What S3 accepts in place of a body's hash, and no other service."""
_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. "
    "Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
)


class SignedRequest(msgspec.Struct, frozen=True):
    """A request as it arrived."""

    method: str
    target: str
    """Path and query exactly as on the wire."""
    headers: tuple[tuple[bytes, bytes], ...]
    """All headers in their order, undecoded."""
    body_sha256: str
    """Lower-case hex digest of the body that arrived."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not accepted: AWS's error code and words."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Scope:
    """What an Authorization header says before the signature itself."""

    access_key: str
    day: str
    region: str
    service: str
    signed: tuple[str, ...]
    """Names of the headers that are signed."""


class _Headers(dict[str, list[str]]):
    """Headers by lower-case name with all their values, as far as botocore's signer looks at them."""

    def get_all(self, name: str) -> list[str]:
        return self[name]


@dataclass(slots=True)
class _Arrived:
    """What botocore's signer reads of an AWSRequest; an AWSRequest itself costs as much as the signature."""

    method: str
    url: str
    headers: _Headers
    context: Mapping[str, str]
    params: None = None


class _Signer(SigV4Auth):  # type: ignore[misc]  # botocore has no types
    """botocore's signer for a key, a day, a region and a service, over exactly the headers that the client named."""

    def __init__(self, credentials: Credentials, scope: Scope) -> None:
        super().__init__(
            BotocoreCredentials(credentials.access_key, credentials.secret_key), scope.service, scope.region
        )
        key = f"AWS4{credentials.secret_key}".encode()
        for part in (scope.day, scope.region, scope.service, "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        self._key = key
        normalize = super()._normalize_url_path if scope.service != S3 else str  # S3 takes paths as they are
        self._normalize_url_path = lru_cache(1_000)(normalize)
        self._sorted = lru_cache(1_000)(super().signed_headers)

    def headers_to_sign(self, request: _Arrived) -> _Headers:
        return request.headers

    def signed_headers(self, headers_to_sign: _Headers) -> str:
        names: str = self._sorted(tuple(headers_to_sign))
        return names

    def payload(self, request: _Arrived) -> str:
        return request.context["payload"]

    def signature_of(self, request: _Arrived) -> str:
        """Return the signature that the request should have, in hex."""
        text: str = self.string_to_sign(request, self.canonical_request(request))
        return hmac.digest(self._key, text.encode(), "sha256").hex()


class SignatureCheck:
    """Verifies requests against a set of keys. Remembers derived keys, and the invocations of the last second."""

    def __init__(self, credentials: Sequence[Credentials], region: str | None = None, remembered: int = 10_000) -> None:
        """
        Args:
            credentials: Keys that are accepted.
            region: Region that signatures must be scoped to; None accepts any.
            remembered: Verified requests to keep at most; 0 verifies each one anew.
        """
        self._credentials: Mapping[str, Credentials] = {key.access_key: key for key in credentials}
        self._region = region
        self._signers: dict[tuple[str, str, str, str], _Signer] = {}
        self._remembered = remembered
        self._verified: set[SignedRequest] = set()
        self._verified_second = 0

    def refusal(self, request: SignedRequest, now_s: float, service: str = SAGEMAKER) -> Refusal | None:
        """
        Verify a request that arrived at now_s (Unix time).

        A request equal to one that was verified in the same second, byte for byte, is good without a second look: every
        input of the check is the same.

        Args:
            request: What arrived.
            now_s: When.
            service: SAGEMAKER, CLOUDWATCH or S3: which one it calls, and must be signed for.

        Returns:
            None if it is accepted, else the reason.
        """
        second = int(now_s)
        if service != SAGEMAKER:
            return self._verify(request, second, service)
        if second != self._verified_second:
            self._verified_second = second
            self._verified.clear()
        if request in self._verified:
            return None
        refusal = self._verify(request, second, service)
        if refusal is None and len(self._verified) < self._remembered:
            self._verified.add(request)
        return refusal

    def _verify(self, request: SignedRequest, second: int, service: str) -> Refusal | None:
        headers = _Headers()
        for name, value in request.headers:
            headers.setdefault(_lower(name), []).append(value.decode("utf-8", "replace"))
        if "authorization" not in headers:
            return Refusal("MissingAuthenticationTokenException", "Missing Authentication Token")
        before, _, signature = headers["authorization"][0].rpartition("Signature=")
        scope = _scope(before)
        if scope is None or not _SIGNATURE.fullmatch(signature):
            return Refusal("IncompleteSignatureException", "Authorization header is not a Signature Version 4 header.")
        return (
            self._wrong_key(scope.access_key, headers.get("x-amz-security-token", [""])[0])
            or self._wrong_scope(scope, service)
            or _wrong_headers(scope.signed, tuple(headers))
            or _wrong_date(headers["x-amz-date"][0], scope.day, second)
            or self._wrong_signature(request, headers, scope, signature)
        )

    def _wrong_key(self, access_key: str, token: str) -> Refusal | None:
        known = self._credentials.get(access_key)
        if known is None or not hmac.compare_digest((known.token or "").encode(), token.encode()):
            return Refusal("UnrecognizedClientException", "The security token included in the request is invalid.")
        if known.expired:
            return Refusal("ExpiredTokenException", "The security token included in the request is expired")
        return None

    def _wrong_scope(self, scope: Scope, service: str) -> Refusal | None:
        if scope.service != service:
            message = f"Credential should be scoped to correct service: '{service}'."
        elif not scope.region or (self._region is not None and scope.region != self._region):
            message = "Credential should be scoped to a valid region."
        else:
            return None
        return Refusal("InvalidSignatureException", message)

    def _wrong_signature(
        self, request: SignedRequest, headers: _Headers, scope: Scope, signature: str
    ) -> Refusal | None:
        signed = _Headers({name: headers[name] for name in scope.signed})
        said = headers.get("x-amz-content-sha256", [request.body_sha256])
        unsigned = scope.service == S3 and said[0] in _UNSIGNED_BODIES
        context = {"payload": said[0] if unsigned else request.body_sha256, "timestamp": headers["x-amz-date"][0]}
        arrived = _Arrived(request.method, f"http://{headers['host'][0]}{request.target}", signed, context)
        expected = self._signer(scope).signature_of(arrived)
        if hmac.compare_digest(expected, signature) and (unsigned or said == [request.body_sha256]):
            return None
        return Refusal("InvalidSignatureException", _MISMATCH)

    def _signer(self, scope: Scope) -> _Signer:
        """Return the signer of a key, day, region and service: it costs four HMACs, so it is kept."""
        name = (scope.access_key, scope.day, scope.region, scope.service)
        if name not in self._signers:
            if len(self._signers) >= SIGNERS_KEPT:
                self._signers.clear()
            self._signers[name] = _Signer(self._credentials[scope.access_key], scope)
        return self._signers[name]


@lru_cache(maxsize=1_000)
def _scope(text: str) -> Scope | None:
    """Read an Authorization header up to its signature; None if it is none of Signature Version 4."""
    parts = _SCOPE.fullmatch(text)
    if parts is None:
        return None
    return Scope(parts["key"], parts["day"], parts["region"], parts["service"], tuple(parts["headers"].split(";")))


@lru_cache(maxsize=1_000)
def _wrong_headers(signed: tuple[str, ...], names: tuple[str, ...]) -> Refusal | None:
    """Host and every x-amz- header must be signed, and what is said to be signed must be there."""
    if "x-amz-date" not in names:
        return Refusal(
            "IncompleteSignatureException", "Authorization header requires existence of a X-Amz-Date header."
        )
    for name in ("host", *names):
        if (name == "host" or name.startswith("x-amz-")) and name not in signed:
            return Refusal("InvalidSignatureException", f"'{name}' must be a 'SignedHeader' in the AWS Authorization.")
    if any(name not in names for name in signed):
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
