"""The control plane and the listing of the bucket, without a socket."""

from itertools import product
from typing import Any

import msgspec
import pytest

from asyncload.emulator.aws.discovery import Bucket, ControlPlane, Count, EndpointNow, Listing, played_bucket
from asyncload.emulator.aws.discovery.s3 import Page, Query, page
from asyncload.emulator.config.endpoint import EndpointPlayed, ModelPlayed
from asyncload.emulator.wire.values import Request

KEYS = ["a", "a/1", "a/2", "a/b/3", "a0", "b/1", "ä/1", "\U0001f600"]


def _request(method: str, target: str, values: dict[str, str], body: bytes = b"") -> Request:
    return Request(method, target, (), body, whole=True, arrival_ns=0, peer=None, values=values)


# -- S3 ---------------------------------------------------------------------------------------------------------------


def _expected(prefix: str, delimiter: str) -> list[str]:
    """What S3's documentation says a whole listing has, in order, keys and common prefixes together."""
    found = set[str]()
    for key in KEYS:
        if key.startswith(prefix):
            _, cut, _ = key[len(prefix) :].partition(delimiter) if delimiter else ("", "", "")
            found.add(key[: key.index(delimiter, len(prefix)) + len(delimiter)] if cut else key)
    return sorted(found)


@pytest.mark.parametrize(
    ("prefix", "delimiter", "limit"), list(product(["", "a", "a/", "ä", "c"], ["", "/", "/b"], [1, 2, 1_000]))
)
def test_pages_of_any_size_make_the_whole_listing(prefix: str, delimiter: str, limit: int) -> None:
    """Page after page gives every key and every common prefix once, in order, and only the last says so."""
    bucket, pages, after = Bucket((key, 1) for key in reversed(KEYS)), list[Page](), ""
    while not pages or pages[-1].more:
        pages.append(page(bucket, Query(prefix, delimiter, after, limit)))
        after = pages[-1].last
    found = [[*(key for key, _ in each.objects), *each.prefixes] for each in pages]
    assert [name for names in found for name in sorted(names)] == _expected(prefix, delimiter)
    assert all(len(names) == limit for names in found[:-1])


def test_a_listing_may_begin_behind_a_key() -> None:
    """start-after leaves out what comes before it, and a common prefix only if nothing of it is behind."""
    bucket = Bucket((key, 1) for key in KEYS)
    assert page(bucket, Query(delimiter="/", after="a/1")).prefixes == ["a/", "b/", "ä/"]
    assert page(bucket, Query(delimiter="/", after="a/z")).prefixes == ["b/", "ä/"]


def test_the_bucket_has_what_is_played() -> None:
    """Names and families are listed below their endpoint with the size of the first that fits; patterns are not."""
    models = (
        ModelPlayed(name="m-1.tar.gz", artefact_bytes=7),
        ModelPlayed(name="*-2.tar.gz", artefact_bytes=8),
        ModelPlayed(name="m-{i}.tar.gz", count=3, artefact_bytes=9),
    )
    bucket = played_bucket([EndpointPlayed(name="mme", models=models)])
    assert list(zip(bucket.keys, bucket.sizes_bytes, strict=True)) == [
        ("mme/m-0.tar.gz", 9),
        ("mme/m-1.tar.gz", 7),
        ("mme/m-2.tar.gz", 8),
    ]


@pytest.mark.parametrize(
    ("method", "target", "status", "code"),
    [
        ("GET", "/other?list-type=2", 404, b"NoSuchBucket"),
        ("GET", "/emulated/mme/a.tar.gz?list-type=2", 501, b"NotImplemented"),
        ("PUT", "/emulated?list-type=2", 501, b"NotImplemented"),
        ("GET", "/emulated?list-type=2&max-keys=-1", 400, b"InvalidArgument"),
        ("GET", "/emulated?list-type=2&continuation-token=%FF", 400, b"InvalidArgument"),
        ("GET", "/emulated?list-type=2&continuation-token=abc", 400, b"InvalidArgument"),
        ("GET", "/emulated?list-type=2&max-keys=0", 200, b"<KeyCount>0</KeyCount>"),
    ],
)
def test_what_s3_refuses_is_refused(method: str, target: str, status: int, code: bytes) -> None:
    """Each has S3's status and code."""
    reply = Listing(lambda: Bucket([("a", 1)]), 0).answer(_request(method, target, {}))
    assert (reply.status, code in reply.body) == (status, True)


def test_the_pages_of_a_second_are_of_one_listing() -> None:
    """A folder of models is walked once for all of them, and once more for what comes later."""
    now_s, asked = [0.0], list[float]()

    def bucket() -> Bucket:
        asked.append(now_s[0])
        return Bucket([("a", len(asked))])

    def size() -> bytes:
        return listing.answer(_request("GET", "/emulated?list-type=2", {})).body.partition(b"<Size>")[2][:1]

    listing = Listing(bucket, 0, lambda: now_s[0])
    sizes = list[bytes]()
    for now_s[0] in (0.0, 0.9, 1.0, 1.1):
        sizes.append(size())
    assert (sizes, asked) == ([b"1", b"1", b"2", b"2"], [0.0, 1.0])


# -- control plane ----------------------------------------------------------------------------------------------------


def _plane() -> ControlPlane:
    now = EndpointNow("Updating", {"AllTraffic": Count(1, 2)})
    endpoints = [EndpointPlayed(name=f"mme-{i}") for i in range(3)]
    return ControlPlane(endpoints, lambda _: now, 1_766_000_000, "us-east-1")


def _ask(operation: str, body: bytes) -> dict[str, Any]:
    request = _request("POST", "/", {"x-amz-target": f"SageMaker.{operation}"}, body)
    plane = _plane()
    assert plane.speaks(request)
    decoded: dict[str, Any] = msgspec.json.decode(plane.answer(request).body)
    return decoded


@pytest.mark.parametrize(
    ("operation", "body", "code", "words"),
    [
        ("DescribeEndpoint", b'{"EndpointName": "X"}', "ValidationException", 'Could not find endpoint "arn:aws:'),
        ("DescribeEndpointConfig", b'{"EndpointConfigName": "mme-0"}', "ValidationException", "endpoint configuration"),
        ("DescribeModel", b'{"ModelName": "x-model"}', "ValidationException", "123456789012:model/x-model"),
        ("DescribeModel", b"{}", "ValidationException", "ModelName"),
        ("DescribeModel", b"[]", "ValidationException", "object"),
        ("DescribeModel", b"{", "SerializationException", ""),
        ("ListEndpoints", b'{"NextToken": "x"}', "ValidationException", "NextToken"),
        ("DeleteEndpoint", b"{}", "UnknownOperationException", "DeleteEndpoint"),
    ],
)
def test_what_is_not_there_is_refused(operation: str, body: bytes, code: str, words: str) -> None:
    """Each has AWS's code, and words that name it."""
    answer = _ask(operation, body)
    assert answer["__type"] == code
    assert words in answer["message"]


def test_endpoints_are_listed_in_pages() -> None:
    """A page has so many endpoints, and a token if there are more; names and states are filtered."""
    first = _ask("ListEndpoints", b'{"MaxResults": 2}')
    rest = _ask("ListEndpoints", msgspec.json.encode({"MaxResults": 2, "NextToken": first["NextToken"]}))
    names = [each["EndpointName"] for part in (first, rest) for each in part["Endpoints"]]
    assert (names, "NextToken" in rest) == (["mme-0", "mme-1", "mme-2"], False)
    assert len(_ask("ListEndpoints", b'{"NameContains": "-1"}')["Endpoints"]) == 1
    assert _ask("ListEndpoints", b'{"StatusEquals": "InService"}')["Endpoints"] == []
