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
from typing import TYPE_CHECKING

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials

from asyncload.emulator.config import Credentials

if TYPE_CHECKING:
    from http.client import HTTPMessage

SERVICE = "sagemaker"
WINDOW_S = 300
"""A signature is good for five minutes either way."""
_TIMESTAMP = "%Y%m%dT%H%M%SZ"
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 +Credential=(?P<key>[^/, ]+)/(?P<day>\d{8})/(?P<region>[^/, ]*)/(?P<service>[^/, ]*)/aws4_request, *"
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


class _Arrived(SigV4Auth):  # type: ignore[misc]  # botocore has no types
    """botocore's signer, over exactly the headers that the client named and the body that arrived."""

    def headers_to_sign(self, request: AWSRequest) -> "HTTPMessage":
        headers: HTTPMessage = request.headers
        return headers

    def payload(self, request: AWSRequest) -> str:
        body_sha256: str = request.context["body_sha256"]
        return body_sha256


class SignatureCheck:
    """Verifies requests against a set of keys. Remembers derived signing keys and the requests of the last second."""

    def __init__(self, credentials: Sequence[Credentials], region: str | None = None, remembered: int = 50_000) -> None:
        """
        Args:
            credentials: Keys that are accepted.
            region: Region that signatures must be scoped to; None accepts any.
            remembered: Verified requests to keep at most; 0 verifies each one anew.
        """
        self._credentials: Mapping[str, Credentials] = {key.access_key: key for key in credentials}
        self._region = region
        self._signing_keys: dict[tuple[str, str, str], bytes] = {}
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
        headers = [
            (name.decode("latin-1").lower(), value.decode("utf-8", "replace")) for name, value in request.headers
        ]
        found = {name: value for name, value in reversed(headers)}
        if "authorization" not in found:
            return Refusal("MissingAuthenticationTokenException", "Missing Authentication Token")
        parts = _AUTHORIZATION.fullmatch(found["authorization"])
        if parts is None:
            return Refusal("IncompleteSignatureException", "Authorization header is not a Signature Version 4 header.")
        signed = parts["headers"].split(";")
        return (
            self._wrong_key(parts["key"], found.get("x-amz-security-token"))
            or self._wrong_scope(parts)
            or _wrong_headers(signed, found)
            or _wrong_date(found.get("x-amz-date", ""), parts["day"], second)
            or self._wrong_signature(request, [pair for pair in headers if pair[0] in signed], parts)
        )

    def _wrong_key(self, access_key: str, token: str | None) -> Refusal | None:
        known = self._credentials.get(access_key)
        if known is None or not hmac.compare_digest((known.token or "").encode(), (token or "").encode()):
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

    def _wrong_signature(
        self, request: SignedRequest, headers: list[tuple[str, str]], parts: re.Match[str]
    ) -> Refusal | None:
        key = self._credentials[parts["key"]]
        auth = _Arrived(BotocoreCredentials(key.access_key, key.secret_key), SERVICE, parts["region"])
        host = next(value for name, value in headers if name == "host")
        arrived = AWSRequest(request.method, f"http://{host}{request.target}")
        for name, value in headers:
            arrived.headers.add_header(name, value)
        arrived.context["body_sha256"] = request.body_sha256
        arrived.context["timestamp"] = arrived.headers["x-amz-date"]
        if arrived.headers.get("x-amz-content-sha256", request.body_sha256) != request.body_sha256:
            return Refusal("InvalidSignatureException", _MISMATCH)
        text: str = auth.string_to_sign(arrived, auth.canonical_request(arrived))
        expected = hmac.digest(self._signing_key(key, parts["day"], parts["region"]), text.encode(), "sha256").hex()
        if hmac.compare_digest(expected, parts["signature"]):
            return None
        return Refusal("InvalidSignatureException", _MISMATCH)

    def _signing_key(self, key: Credentials, day: str, region: str) -> bytes:
        """Derive the key of a day and region; four HMACs, so it is kept."""
        name = (key.access_key, day, region)
        if name not in self._signing_keys:
            derived = f"AWS4{key.secret_key}".encode()
            for part in (day, region, SERVICE, "aws4_request"):
                derived = hmac.digest(derived, part.encode(), "sha256")
            if len(self._signing_keys) >= 1_000:
                self._signing_keys.clear()
            self._signing_keys[name] = derived
        return self._signing_keys[name]


def _wrong_headers(signed: Sequence[str], found: Mapping[str, str]) -> Refusal | None:
    """Host and every x-amz- header must be signed, and what is said to be signed must be there."""
    needed = ["host", *(name for name in found if name.startswith("x-amz-"))]
    for name in needed:
        if name not in signed:
            message = f"'{name}' must be a 'SignedHeader' in the AWS Authorization."
            return Refusal("InvalidSignatureException", message)
    if any(name not in found for name in signed):
        return Refusal("InvalidSignatureException", _MISMATCH)
    return None


def _wrong_date(stamp: str, day: str, second: int) -> Refusal | None:
    try:
        at = datetime.strptime(stamp, _TIMESTAMP).replace(tzinfo=UTC)
    except ValueError:
        return Refusal(
            "IncompleteSignatureException", "Authorization header requires existence of a X-Amz-Date header."
        )
    now = datetime.fromtimestamp(second, UTC)
    offset_s = (at - now).total_seconds()
    if offset_s < -WINDOW_S:
        message = f"Signature expired: {stamp} is now earlier than {now:%Y%m%dT%H%M%SZ} less 5 min."
    elif offset_s > WINDOW_S:
        message = f"Signature not yet current: {stamp} is still later than {now:%Y%m%dT%H%M%SZ} plus 5 min."
    elif day != stamp[:8]:
        message = f"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date: {day}, {stamp}"
    else:
        return None
    return Refusal("InvalidSignatureException", message)
