"""Equal to botocore's SigV4Auth on random requests."""

from hashlib import sha256
from urllib.parse import quote

from botocore.auth import SIGNED_HEADERS_BLACKLIST, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials
from hypothesis import example, given
from hypothesis import strategies as st

from asyncload.sigv4 import _UNSIGNED, Credentials, Signer, amz_date

_VISIBLE = st.characters(min_codepoint=33, max_codepoint=126)
_BLANKS = st.sampled_from([" ", "  ", "   ", "\t", " \t ", "\u00a0", "\u2003"])
_WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=20)
_NAMES = st.text(
    st.sampled_from("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"), min_size=1, max_size=30
)
_KNOWN_NAMES = st.sampled_from(
    [
        "Content-Type",
        "Accept",
        "X-Amzn-SageMaker-Target-Model",
        "X-Amzn-SageMaker-Custom-Attributes",
        "User-Agent",
        "TE",
    ]
)
_OWN = {"host", "date", "content-length", "transfer-encoding", "authorization"}
_OWN |= _UNSIGNED - set(SIGNED_HEADERS_BLACKLIST)  # older botocores sign what newer ones leave to proxies


@st.composite
def header_values(draw: st.DrawFn) -> str:
    """Words between and around which there may be any run of blanks."""
    pieces = draw(st.lists(st.one_of(_WORDS, _BLANKS), max_size=6))
    return "".join(pieces)


@st.composite
def paths(draw: st.DrawFn) -> str:
    """Percent-encoded paths, with names that hold slashes, blanks and letters of other scripts, and dot segments."""
    names = draw(
        st.lists(st.one_of(_WORDS, st.sampled_from(["a b.tar.gz", "..", ".", "", "team/ä~1", "%2F"])), max_size=5)
    )
    return "/" + "/".join(quote(name, safe=draw(st.sampled_from(["", "/", "/~!$&'()*+,;=:@"]))) for name in names)


_HEADERS = st.lists(
    st.tuples(st.one_of(_KNOWN_NAMES, _NAMES), header_values()),
    max_size=6,
    unique_by=lambda header: header[0].lower(),
).map(lambda headers: [h for h in headers if h[0].lower() not in _OWN and not h[0].lower().startswith("x-amz-")])
_CREDENTIALS = st.builds(
    Credentials,
    st.text(_VISIBLE, min_size=1, max_size=20),
    st.text(st.characters(codec="utf-8"), max_size=80),
    st.none() | st.text(_VISIBLE, min_size=1, max_size=200),
)
_HOSTS = st.sampled_from(["runtime.sagemaker.us-east-1.amazonaws.com", "127.0.0.1:8089", "localhost", "[::1]:8443"])
_REGIONS = st.sampled_from(["us-east-1", "cn-north-1", "us-gov-west-1"])


def _botocore(credentials: Credentials, region: str, request: AWSRequest, stamp: str) -> str:
    """Sign as botocore does at another time than now; what it would set from the clock is set here."""
    auth = SigV4Auth(BotoCredentials(credentials.access_key, credentials.secret_key), "sagemaker", region)
    request.context["timestamp"] = request.headers["X-Amz-Date"] = stamp
    if credentials.token:
        request.headers["X-Amz-Security-Token"] = credentials.token
    signature = auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)
    names = auth.signed_headers(auth.headers_to_sign(request))
    return f"AWS4-HMAC-SHA256 Credential={auth.scope(request)}, SignedHeaders={names}, Signature={signature}"


@given(
    credentials=_CREDENTIALS,
    region=_REGIONS,
    host=_HOSTS,
    path=paths(),
    headers=_HEADERS,
    body=st.binary(max_size=100),
    epoch_s=st.integers(0, 4_000_000_000),
)
@example(
    credentials=Credentials("AKID", "secret", "token/+=="),
    region="eu-central-1",
    host="localhost",
    path="/prod//endpoints/../a%20b/",
    headers=[("X-Amzn-SageMaker-Custom-Attributes", "  trace   id=ä\t7 "), ("Accept", "")],
    body=b"",
    epoch_s=1_800_000_000,
)
def test_authorization_equals_botocore(
    *,
    credentials: Credentials,
    region: str,
    host: str,
    path: str,
    headers: list[tuple[str, str]],
    body: bytes,
    epoch_s: int,
) -> None:
    """Any request gets the Authorization that botocore would give it, and its head carries it."""
    request = AWSRequest(method="POST", url=f"http://{host}{path}", data=body)
    for name, value in headers:
        request.headers[name] = value
    digest, stamp = sha256(body).hexdigest(), amz_date(epoch_s)
    theirs = _botocore(credentials, region, request, stamp)
    template = Signer(credentials, region).template("POST", host, path, headers)
    assert template.authorization(stamp, digest) == theirs
    assert f"\r\nAuthorization: {theirs}\r\n".encode() in template.head(stamp, digest, len(body))


@given(inference_id=st.text(_VISIBLE, min_size=1, max_size=64), token=st.none() | st.just("t0ken"))
def test_the_inference_id_is_signed_in_its_place(inference_id: str, token: str | None) -> None:
    """An id that comes with the request signs as if it had been among the headers from the start."""
    headers = [("Content-Type", "text/csv"), ("X-Amzn-Zz", "last")]
    signer = Signer(Credentials("AKID", "secret", token), "us-east-1")
    digest, stamp = sha256(b"1,2").hexdigest(), amz_date(1_800_000_000)
    template = signer.template("POST", "localhost", "/endpoints/a/invocations", headers, inference_id=True)
    fixed = [*headers, ("X-Amzn-SageMaker-Inference-Id", inference_id)]
    expected = signer.template("POST", "localhost", "/endpoints/a/invocations", fixed)
    assert template.authorization(stamp, digest, inference_id) == expected.authorization(stamp, digest)
    assert f"X-Amzn-SageMaker-Inference-Id: {inference_id}\r\n".encode() in template.head(
        stamp, digest, 3, inference_id
    )


@given(seconds=st.lists(st.integers(1_700_000_000, 1_700_400_000), min_size=2, max_size=8))
def test_one_signer_for_many_days_equals_a_new_one_each_time(seconds: list[int]) -> None:
    """What the signer remembers of the last day and second never shows in a signature."""
    credentials, digest = Credentials("AKID", "secret", "token"), sha256(b"").hexdigest()
    kept = Signer(credentials, "us-east-1").template("POST", "h", "/", ())
    for second in seconds:
        new = Signer(credentials, "us-east-1").template("POST", "h", "/", ())
        assert kept.head(amz_date(second), digest, 0) == new.head(amz_date(second), digest, 0)
