"""Heads on the wire, what is refused, and what never shows a secret. Signatures: see property/test_sigv4.py."""

from hashlib import sha256

import pytest

from asyncload.errors import UsageError
from asyncload.sigv4 import Credentials, Signer, amz_date

_CREDENTIALS = Credentials("AKIDEXAMPLE1234", "wJalrSECRET", "sess-TOKEN")
_DIGEST = sha256(b"1,2,3").hexdigest()
_STAMP = "20261123T184423Z"


def _signer(credentials: Credentials = _CREDENTIALS) -> Signer:
    return Signer(credentials, "us-east-1")


def test_the_head_is_complete_and_in_order() -> None:
    """The head has the request line, Host first, the given headers as given, and ends with an empty line."""
    head = _signer().sign_head(
        "POST",
        "localhost:8089",
        "/endpoints/mme/invocations",
        [("Content-Type", "text/csv"), ("X-Amzn-SageMaker-Target-Model", "a  b.tar.gz")],
        body_sha256=_DIGEST,
        body_bytes=5,
        stamp=_STAMP,
    )
    lines = head.decode().split("\r\n")
    assert lines[:7] == [
        "POST /endpoints/mme/invocations HTTP/1.1",
        "Host: localhost:8089",
        "Content-Type: text/csv",
        "X-Amzn-SageMaker-Target-Model: a  b.tar.gz",
        "X-Amz-Security-Token: sess-TOKEN",
        "Content-Length: 5",
        f"X-Amz-Date: {_STAMP}",
    ]
    assert lines[7].startswith(
        "Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE1234/20261123/us-east-1/sagemaker/aws4_request, "
        "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amzn-sagemaker-target-model, Signature="
    )
    assert lines[8:] == ["", ""]


def test_the_documented_key_derivation() -> None:
    """The signature of a request worked out by hand with nothing but hmac."""
    import hmac

    key = b"AWS4secret"
    for part in ("20261123", "us-east-1", "sagemaker", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    canonical = f"POST\n/a\n\nhost:h\nx-amz-date:{_STAMP}\n\nhost;x-amz-date\n{_DIGEST}"
    to_sign = (
        f"AWS4-HMAC-SHA256\n{_STAMP}\n20261123/us-east-1/sagemaker/aws4_request\n"
        f"{sha256(canonical.encode()).hexdigest()}"
    )
    expected = hmac.new(key, to_sign.encode(), "sha256").hexdigest()
    template = _signer(Credentials("A", "secret")).template("POST", "h", "/a", ())
    assert template.authorization(_STAMP, _DIGEST).endswith(f"Signature={expected}")


def test_without_a_token_there_is_no_token_header() -> None:
    """An empty token counts as none, as in botocore."""
    for token in (None, ""):
        template = _signer(Credentials("A", "s", token)).template("POST", "h", "/a", ())
        assert b"Security-Token" not in template.head(_STAMP, _DIGEST, 5)
        assert "x-amz-security-token" not in template.authorization(_STAMP, _DIGEST)


def test_the_date_is_utc_to_the_second() -> None:
    """The Unix epoch, and a leap day."""
    assert amz_date(0) == "19700101T000000Z"
    assert amz_date(1_709_164_800) == "20240229T000000Z"


@pytest.mark.parametrize(
    ("path", "headers", "why"),
    [
        ("endpoints", (), "does not begin with a slash"),
        ("/a?b=c", (), "a query would need signing too"),
        ("/a b", (), "a blank ends the request's target"),
        ("/ä", (), "not percent-encoded"),
        ("/a\r\nX: y", (), "a line break begins another header"),
        ("/a", (("X-A", "1\r\nX-B: 2"),), "a line break begins another header"),
        ("/a", (("X-A", "1\x00"),), "NUL is no header value"),
        ("/a", (("X A", "1"),), "a blank in a name"),
        ("/a", (("", "1"),), "no name"),
        ("/a", (("X-A", "\ud800"),), "half a surrogate pair cannot be written"),
        ("/a", (("Authorization", "mine"),), "the signer's own"),
        ("/a", (("content-length", "7"),), "the framing's own"),
    ],
)
def test_what_cannot_stand_in_a_head_is_refused(path: str, headers: tuple[tuple[str, str], ...], why: str) -> None:
    """A request that would be read differently from how it was meant is not signed."""
    with pytest.raises(UsageError):
        _signer().template("POST", "h", path, headers)


def test_an_inference_id_is_either_given_or_made() -> None:
    """Both at once cannot be meant."""
    headers = [("x-amzn-sagemaker-inference-id", "7")]
    _signer().template("POST", "h", "/a", headers)
    with pytest.raises(UsageError, match="Inference-Id"):
        _signer().template("POST", "h", "/a", headers, inference_id=True)


@pytest.mark.parametrize("token", ["two words", "line\nbreak", "ü"])
def test_a_broken_token_is_refused_without_being_shown(token: str) -> None:
    """Credentials that would break the head are refused in words that hold none of them."""
    with pytest.raises(UsageError) as caught:
        _signer(Credentials("AKID", "wJalrSECRET", token))
    assert token not in str(caught.value)
    assert "wJalrSECRET" not in repr(caught.value)


def test_no_text_of_any_value_holds_a_secret() -> None:
    """repr and str show at most the end of the access key."""
    signer = _signer()
    template = signer.template("POST", "h", "/a", [("Content-Type", "text/csv")])
    template.head(_STAMP, _DIGEST, 5)
    for value in (_CREDENTIALS, signer, template):
        for text in (repr(value), str(value), f"{value}"):
            assert "SECRET" not in text
            assert "TOKEN" not in text
            assert "AKIDEXAMPLE" not in text
