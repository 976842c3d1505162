"""The signature check, against botocore as the signer and a clock that is passed in."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from msgspec.structs import replace as changed

from asyncload.emulator.aws.signature import CLOUDWATCH, S3, SAGEMAKER, Refusal, SignatureCheck, SignedRequest
from asyncload.emulator.config.emulator import DEMO_CREDENTIALS, Credentials

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
NOW_S = NOW.timestamp()
SESSION = Credentials(access_key="ASIASESSION", secret_key="session-key", token="session-token")
BODY = b"0.345,0.224414"
TARGET = "/endpoints/my-mme/invocations"


@pytest.fixture
def signed_at(monkeypatch: pytest.MonkeyPatch) -> "SignAt":
    """A signer whose clock can be set."""
    return SignAt(monkeypatch)


class SignAt:
    """Signs as botocore does, at a given time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch

    def __call__(
        self,
        key: Credentials = DEMO_CREDENTIALS,
        at: datetime = NOW,
        *,
        target: str = TARGET,
        service: str = "sagemaker",
        headers: tuple[tuple[str, str], ...] = (("X-Amzn-SageMaker-Target-Model", "a  b.tar.gz"),),
    ) -> SignedRequest:
        self._monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: at)
        request = AWSRequest("POST", f"http://127.0.0.1:8089{target}", headers=dict(headers), data=BODY)
        signer = BotocoreCredentials(key.access_key, key.secret_key, key.token)
        SigV4Auth(signer, service, "us-east-1").add_auth(request)
        wire = [("Host", "127.0.0.1:8089"), *request.headers.items(), ("User-Agent", "test")]
        raw = tuple((name.encode(), value.encode()) for name, value in wire)
        return SignedRequest("POST", target, raw, sha256(BODY).hexdigest())


def _without(request: SignedRequest, name: bytes) -> SignedRequest:
    return changed(request, headers=tuple(pair for pair in request.headers if pair[0] != name))


def _with(request: SignedRequest, name: bytes, value: bytes) -> SignedRequest:
    return changed(_without(request, name), headers=(*_without(request, name).headers, (name, value)))


def _code(request: SignedRequest, check: SignatureCheck | None = None) -> str | None:
    refusal = (check or SignatureCheck([DEMO_CREDENTIALS, SESSION])).refusal(request, NOW_S)
    return None if refusal is None else refusal.code


@pytest.mark.parametrize("key", [DEMO_CREDENTIALS, SESSION], ids=["long-lived", "session"])
@pytest.mark.parametrize("target", [TARGET, "/endpoints/a%20b%2Fc/invocations", f"{TARGET}?b=2&a=1"])
def test_what_botocore_signs_is_accepted(signed_at: SignAt, key: Credentials, target: str) -> None:
    """Keys with and without a token, escaped paths and queries pass."""
    assert _code(signed_at(key, target=target)) is None


def test_a_header_that_is_not_signed_may_change(signed_at: SignAt) -> None:
    """Exactly the signed headers count: a proxy may add or change others."""
    assert _code(_with(signed_at(), b"User-Agent", b"something else")) is None


@pytest.mark.parametrize("offset", [timedelta(minutes=-5), timedelta(minutes=5)])
def test_five_minutes_off_is_accepted(signed_at: SignAt, offset: timedelta) -> None:
    """The window is five minutes either way, its edges included."""
    assert _code(signed_at(at=NOW + offset)) is None


@pytest.mark.parametrize("offset", [timedelta(minutes=-6), timedelta(minutes=6)])
def test_six_minutes_off_is_refused(signed_at: SignAt, offset: timedelta) -> None:
    """An otherwise right signature is refused outside the window."""
    assert _code(signed_at(at=NOW + offset)) == "InvalidSignatureException"


def test_wrong_secret_is_refused(signed_at: SignAt) -> None:
    """The same key id with another secret does not pass."""
    assert _code(signed_at(replace(DEMO_CREDENTIALS, secret_key="guess"))) == "InvalidSignatureException"


@pytest.mark.parametrize(
    ("key", "code"),
    [
        (Credentials(access_key="AKIDUNKNOWN", secret_key="x"), "UnrecognizedClientException"),
        (replace(SESSION, token=None), "UnrecognizedClientException"),
        (replace(SESSION, token="another"), "UnrecognizedClientException"),
        (replace(DEMO_CREDENTIALS, token="uncalled-for"), "UnrecognizedClientException"),
    ],
    ids=["unknown key", "missing token", "wrong token", "token of a key without one"],
)
def test_wrong_key_or_token_is_refused(signed_at: SignAt, key: Credentials, code: str) -> None:
    """A key must be known, and its token must be there, equal and signed."""
    assert _code(signed_at(key)) == code


def test_an_unsigned_token_is_refused(signed_at: SignAt) -> None:
    """A right token that was added after signing does not pass."""
    request = _with(signed_at(replace(SESSION, token=None)), b"X-Amz-Security-Token", b"session-token")
    assert _code(request) == "InvalidSignatureException"


def test_an_expired_key_is_named_so(signed_at: SignAt) -> None:
    """A key that plays an ended session is refused with its own code."""
    check = SignatureCheck([replace(SESSION, expired=True)])
    assert _code(signed_at(SESSION), check) == "ExpiredTokenException"


def test_changed_parts_are_refused(signed_at: SignAt) -> None:
    """Body, method, path, query and each signed header are covered by the signature."""
    request = signed_at()
    requests = [
        changed(request, body_sha256=sha256(BODY + b" ").hexdigest()),
        changed(request, method="PUT"),
        changed(request, target="/endpoints/other/invocations"),
        changed(request, target=f"{TARGET}?a=1"),
        _with(request, b"X-Amzn-SageMaker-Target-Model", b"c.tar.gz"),
        _with(request, b"Host", b"127.0.0.1:1"),
        _with(request, b"X-Amz-Date", b"20261123T120001Z"),
        _without(request, b"X-Amzn-SageMaker-Target-Model"),
        changed(request, headers=(*request.headers, (b"X-Amzn-SageMaker-Target-Model", b"c.tar.gz"))),
    ]
    assert [_code(each) for each in requests] == ["InvalidSignatureException"] * len(requests)


def test_the_body_counts_and_not_what_a_header_says_of_it(signed_at: SignAt) -> None:
    """A signed X-Amz-Content-SHA256 of another body, or UNSIGNED-PAYLOAD, does not pass; the right one does."""
    hashes = ["UNSIGNED-PAYLOAD", sha256(b"other").hexdigest(), sha256(BODY).hexdigest()]
    codes = [_code(signed_at(headers=(("X-Amz-Content-SHA256", each),))) for each in hashes]
    assert codes == ["InvalidSignatureException", "InvalidSignatureException", None]


def test_an_unsigned_x_amz_header_is_refused(signed_at: SignAt) -> None:
    """Every x-amz- header must be signed."""
    assert _code(_with(signed_at(), b"X-Amz-Extra", b"1")) == "InvalidSignatureException"


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        (b"Authorization", None, "MissingAuthenticationTokenException"),
        (b"Authorization", b"Bearer abc", "IncompleteSignatureException"),
        (b"X-Amz-Date", None, "IncompleteSignatureException"),
        (b"X-Amz-Date", b"yesterday", "InvalidSignatureException"),
        (b"Host", None, "InvalidSignatureException"),
    ],
)
def test_malformed_requests_are_refused(signed_at: SignAt, name: bytes, value: bytes | None, code: str) -> None:
    """Missing and unreadable parts have their own codes and never an exception."""
    request = _without(signed_at(), name) if value is None else _with(signed_at(), name, value)
    assert _code(request) == code


def test_scope_must_fit(signed_at: SignAt) -> None:
    """Another service, another region than the configured one, and another day are refused."""
    elsewhere = SignatureCheck([DEMO_CREDENTIALS], region="eu-west-1")
    assert _code(signed_at(service="s3")) == "InvalidSignatureException"
    assert _code(signed_at(), elsewhere) == "InvalidSignatureException"
    authorization = dict(signed_at().headers)[b"Authorization"].replace(b"/20261123/", b"/20261122/")
    assert _code(_with(signed_at(), b"Authorization", authorization)) == "InvalidSignatureException"


def test_a_verified_request_is_good_for_its_second_and_byte_for_byte_only(signed_at: SignAt) -> None:
    """The memory of verified requests lets no changed body through, and none after the window has closed."""
    check = SignatureCheck([DEMO_CREDENTIALS])
    request = signed_at()
    assert [check.refusal(request, NOW_S + s) for s in (0.1, 0.2, 300.9)] == [None, None, None]
    assert isinstance(check.refusal(changed(request, body_sha256="0" * 64), NOW_S + 300.9), Refusal)
    assert isinstance(check.refusal(request, NOW_S + 301), Refusal)


def test_the_secret_is_never_printed() -> None:
    """A printed configuration shows neither secret nor token."""
    assert "session-key" not in repr(SESSION)
    assert "session-token" not in repr(SESSION)


# -- other services ---------------------------------------------------------------------------------------------------


def _listing(monkeypatch: pytest.MonkeyPatch, target: str, said: str | None = None) -> SignedRequest:
    """A request to S3 as botocore signs it, or with another word in place of the body's hash."""
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: NOW)
    signer = S3SigV4Auth(
        BotocoreCredentials(DEMO_CREDENTIALS.access_key, DEMO_CREDENTIALS.secret_key), "s3", "us-east-1"
    )
    if said is not None:
        monkeypatch.setattr(signer, "payload", lambda _: said)
    request = AWSRequest("GET", f"http://127.0.0.1:8089{target}")
    signer.add_auth(request)
    wire = [("Host", "127.0.0.1:8089"), *request.headers.items()]
    raw = tuple((name.encode(), value.encode()) for name, value in wire)
    return SignedRequest("GET", target, raw, sha256(b"").hexdigest())


@pytest.mark.parametrize("target", ["/bucket/a%20b//c/../d", "/bucket?delimiter=%2F&list-type=2&prefix=mme%2F", "/b?a"])
def test_s3_takes_paths_as_they_are(monkeypatch: pytest.MonkeyPatch, target: str) -> None:
    """S3 neither escapes a path a second time nor resolves dots; another target does not pass."""
    check = SignatureCheck([DEMO_CREDENTIALS])
    request = _listing(monkeypatch, target)
    assert check.refusal(request, NOW_S, S3) is None
    assert check.refusal(changed(request, target=f"{target}x"), NOW_S, S3) is not None


@pytest.mark.parametrize("said", ["UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"])
def test_s3_takes_a_body_that_is_not_signed(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    """S3 accepts a body without a hash if that is said in a signed header; a hash must be the body's."""
    check = SignatureCheck([DEMO_CREDENTIALS])
    assert check.refusal(_listing(monkeypatch, "/bucket", said), NOW_S, S3) is None
    refusal = check.refusal(_listing(monkeypatch, "/bucket", sha256(b"other").hexdigest()), NOW_S, S3)
    assert refusal is not None
    assert refusal.code == "InvalidSignatureException"


@pytest.mark.parametrize("service", [SAGEMAKER, CLOUDWATCH, S3])
def test_a_signature_is_good_for_its_service_only(signed_at: SignAt, service: str) -> None:
    """What is signed for one service is refused by the others, however often it was accepted before."""
    check = SignatureCheck([DEMO_CREDENTIALS])
    request = signed_at(service=service)
    for _ in range(2):
        refused = {other: check.refusal(request, NOW_S, other) is not None for other in (SAGEMAKER, CLOUDWATCH, S3)}
        assert refused == {other: other != service for other in refused}


def test_names_of_signed_headers_are_judged_with_each_request_own_headers(signed_at: SignAt) -> None:
    """What was found out about one request's header names is not taken for another's."""
    check = SignatureCheck([DEMO_CREDENTIALS], remembered=0)
    request = signed_at()
    extra = _with(request, b"X-Amz-Extra", b"1")
    codes = [_code(each, check) for each in (request, extra, request, _without(request, b"X-Amz-Date"), request)]
    assert codes == [None, "InvalidSignatureException", None, "IncompleteSignatureException", None]
