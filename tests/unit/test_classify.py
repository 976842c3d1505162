"""Outcomes of replies: every row states its reason."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncload.call import Outcome
from asyncload.transport.classify import classify

_THROTTLED = b'{"message":null}'


@pytest.mark.parametrize(
    ("status", "error_type", "body", "outcome", "why"),
    [
        (200, "", b"1.0", Outcome.OK, "a prediction"),
        (204, "", b"", Outcome.OK, "an empty prediction is one"),
        (200, "ModelError", b'{"code":"ModelError"}', Outcome.OK, "a model may say anything in a 200"),
        # -- the header decides
        (424, "ModelError", b"{}", Outcome.MODEL_ERROR, "the container answered 4xx or 5xx"),
        (400, "ThrottlingException", _THROTTLED, Outcome.THROTTLED, "a throttle is a 400 whose body names nothing"),
        (429, "ModelNotReadyException", b"{}", Outcome.NOT_READY, "still loading after 60 s"),
        (429, "ThrottlingException", b"{}", Outcome.THROTTLED, "the name outweighs the status"),
        (400, "ValidationError", b"{}", Outcome.CLIENT_ERROR, "no such endpoint, or no TargetModel"),
        (403, "InvalidSignatureException", b"{}", Outcome.AUTH, "signed too long ago"),
        (403, "AccessDeniedException", b"{}", Outcome.AUTH, "no permission"),
        (403, "ExpiredTokenException", b"{}", Outcome.AUTH, "session over"),
        (400, "ExpiredTokenException", b"{}", Outcome.AUTH, "some services answer 400 here"),
        (500, "InternalFailure", b"{}", Outcome.SERVER_ERROR, "AWS's fault"),
        (503, "ServiceUnavailable", b"{}", Outcome.SERVER_ERROR, "AWS's fault"),
        (530, "InternalDependencyException", b"{}", Outcome.SERVER_ERROR, "AWS's fault"),
        (400, "ThrottlingException:http://internal/coral/", b"", Outcome.THROTTLED, "a place follows the colon"),
        (400, "com.amazonaws.x#ThrottlingException", b"", Outcome.THROTTLED, "a namespace precedes the hash"),
        (400, "com.amazonaws.x#ThrottlingException:http://a#b", b"", Outcome.THROTTLED, "both; the place has a hash"),
        (
            400,
            "ThrottlingException",
            b'{"code":"ValidationError"}',
            Outcome.THROTTLED,
            "the header goes before the body",
        ),
        # -- the body decides
        (400, "", b'{"__type":"ThrottlingException"}', Outcome.THROTTLED, "rest-json's first place"),
        (400, "", b'{"code":"ThrottlingException"}', Outcome.THROTTLED, "rest-json's second place"),
        (403, "", b' {"Code":"com.x#ExpiredTokenException"}', Outcome.AUTH, "capital letter, namespace, leading blank"),
        (500, "", b'{"ErrorCode":"ModelError"}', Outcome.MODEL_ERROR, "ModelError's own field"),
        (400, "Novelty", b'{"__type":"ThrottlingException"}', Outcome.THROTTLED, "an unknown header asks the body"),
        # -- the status decides
        (400, "", _THROTTLED, Outcome.CLIENT_ERROR, "a 400 that names nothing cannot be told from a bad request"),
        (401, "", b"", Outcome.AUTH, "a proxy's or a gateway's refusal"),
        (403, "", b"<html>", Outcome.AUTH, "likewise, with a page"),
        (404, "", b"", Outcome.CLIENT_ERROR, "another 4xx"),
        (413, "", b"", Outcome.CLIENT_ERROR, "body too large"),
        (424, "", b"", Outcome.MODEL_ERROR, "only ModelError is a 424"),
        (429, "", b"", Outcome.NOT_READY, "only ModelNotReadyException is a 429 here"),
        (502, "", b"bad gateway", Outcome.SERVER_ERROR, "another 5xx"),
        (530, "", b"", Outcome.SERVER_ERROR, "beyond the usual 5xx"),
        (302, "", b"", Outcome.PROTOCOL, "InvokeEndpoint never redirects"),
        (400, "", b'["__type"]', Outcome.CLIENT_ERROR, "JSON, but no object"),
        (400, "", b'{"__type":7}', Outcome.CLIENT_ERROR, "a name that is no text"),
        (400, "", b'{"__type":', Outcome.CLIENT_ERROR, "cut JSON"),
        (400, "", b'{"__type":"\xff"}', Outcome.CLIENT_ERROR, "no UTF-8"),
        (400, "", b'{"a":' + b"[" * 60_000, Outcome.CLIENT_ERROR, "nested to the parser's death"),
        (500, "", b'{"code":"ThrottlingException","x":"' + b"x" * 70_000 + b'"}', Outcome.SERVER_ERROR, "too long"),
    ],
)
def test_a_reply_is_classified(status: int, error_type: str, body: bytes, outcome: Outcome, why: str) -> None:
    """Header, then body, then status."""
    assert classify(status, error_type, body) is outcome, why


@given(st.integers(100, 999), st.text(max_size=40), st.binary(max_size=60))
def test_anything_at_all_has_an_outcome(status: int, error_type: str, body: bytes) -> None:
    """No reply raises, and none but a 2xx is OK."""
    assert (classify(status, error_type, body) is Outcome.OK) == (200 <= status < 300)


@given(st.text(max_size=20), st.text(max_size=20))
def test_namespace_and_place_never_matter(namespace: str, place: str) -> None:
    """Whatever stands before # and after : the name is the same, in header and body."""
    name = f"{namespace.replace(':', '')}#ModelError:{place}"
    assert classify(500, name, b"") is Outcome.MODEL_ERROR
    assert classify(500, "", json.dumps({"__type": name}).encode()) is Outcome.MODEL_ERROR
