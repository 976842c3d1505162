"""
The bucket that holds the models, as far as it can be listed: ListObjectsV2, path-style.

    GET /emulated?list-type=2&prefix=my-mme/        s3://emulated/my-mme/MODEL, an object for each model

Source: Amazon S3 API reference, ListObjectsV2 and "Error responses".
"""

import math
import re
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final
from urllib.parse import parse_qsl, quote, unquote
from uuid import uuid4
from xml.sax.saxutils import escape

from asyncload.emulator.aws.signature import S3
from asyncload.emulator.config.endpoint import EndpointPlayed
from asyncload.emulator.wire.values import Reply, Request

BUCKET: Final = "emulated"
OBJECTS_KEPT = 1_000_000
"""A family may have a hundred million members; this many of an endpoint's are listed."""
KEPT_S = 1.0
"""How long a listing is kept for more pages: a folder of models is walked for it, and nothing else runs meanwhile."""
_KEYS_AT_ONCE = 1_000
_SIGNED = re.compile(r"Credential=[^/, ]+/\d{8}/[^/, ]*/s3/aws4_request")
_CODES = {
    "MissingAuthenticationTokenException": "AccessDenied",
    "IncompleteSignatureException": "AuthorizationHeaderMalformed",
    "UnrecognizedClientException": "InvalidAccessKeyId",
    "ExpiredTokenException": "ExpiredToken",
    "InvalidSignatureException": "SignatureDoesNotMatch",
}
"""S3 has words of its own for what is wrong with a signature."""


class Bucket:
    """Objects in the order of their keys."""

    __slots__ = ("keys", "sizes_bytes")

    def __init__(self, objects: Iterable[tuple[str, int]]) -> None:
        """
        Args:
            objects: Keys and sizes in bytes, in any order.
        """
        ordered = sorted(objects)
        self.keys: Sequence[str] = [key for key, _ in ordered]
        self.sizes_bytes: Sequence[int] = [size for _, size in ordered]


def played_bucket(endpoints: Iterable[EndpointPlayed]) -> Bucket:
    """Return a bucket with every model whose name is known, below its endpoint's name."""
    return Bucket((f"{played.name}/{name}", size) for played in endpoints for name, size in _sizes(played).items())


def _sizes(played: EndpointPlayed) -> dict[str, int]:
    sizes = dict[str, int]()
    for index, model in enumerate(played.models):
        earlier = played.models[:index]  # the first that fits is played: a pattern may stand before a family
        for name in model.names():
            if len(sizes) >= OBJECTS_KEPT:
                return sizes
            if name not in sizes:
                sizes[name] = next((each for each in earlier if each.fits(name)), model).artefact_bytes
    return sizes


@dataclass(frozen=True, slots=True)
class Query:
    """What is to be listed."""

    prefix: str = ""
    delimiter: str = ""
    after: str = ""
    """The key or common prefix behind which the page begins."""
    limit: int = _KEYS_AT_ONCE


@dataclass(slots=True)
class Page:
    """A part of a listing."""

    objects: list[tuple[str, int]] = field(default_factory=list)
    prefixes: list[str] = field(default_factory=list)
    last: str = ""
    """The last key or common prefix in it."""
    more: bool = False

    @property
    def count(self) -> int:
        """Keys and common prefixes in it."""
        return len(self.objects) + len(self.prefixes)


def page(bucket: Bucket, query: Query) -> Page:
    """List a part of a bucket."""
    made, keys = Page(), bucket.keys
    at = max(bisect_left(keys, query.prefix), bisect_right(keys, query.after) if query.after else 0)
    while at < len(keys) and keys[at].startswith(query.prefix) and query.limit:
        found = keys[at].find(query.delimiter, len(query.prefix)) if query.delimiter else -1
        group = "" if found < 0 else keys[at][: found + len(query.delimiter)]
        if group and group == query.after:  # the last page ended with it
            at = _behind(keys, group, at)
            continue
        if made.count == query.limit:
            made.more = True
            break
        if group:
            made.prefixes.append(group)
            at = _behind(keys, group, at)
        else:
            made.objects.append((keys[at], bucket.sizes_bytes[at]))
            at += 1
        made.last = group or keys[at - 1]
    return made


def _behind(keys: Sequence[str], group: str, at: int) -> int:
    """Return the place of the first key that does not begin with `group`."""
    return bisect_left(keys, 1, lo=at, key=lambda key: 0 if key.startswith(group) else 1)


class Listing:
    """S3's face: a request in, a reply out."""

    service: Final = S3

    def __init__(
        self, bucket: Callable[[], Bucket], started_s: float, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        """
        Args:
            bucket: Returns what is there; it is called at most once in `KEPT_S`.
            started_s: When objects are said to be made, seconds since 1970.
            now_s: A clock.
        """
        self._bucket = bucket
        self._now_s = now_s
        self._kept = Bucket([])
        self._kept_until_s = -math.inf
        self._modified = datetime.fromtimestamp(started_s, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")

    def speaks(self, request: Request) -> bool:
        """Say whether a request is for S3: it is signed for it, or lists a bucket."""
        if _SIGNED.search(request.values.get("authorization", "")):
            return True
        return request.method == "GET" and "list-type=2" in request.query.split("&")

    def answer(self, request: Request) -> Reply:
        """Answer a request for which `speaks` is true."""
        asked = dict(parse_qsl(request.query, keep_blank_values=True))
        bucket, _, key = unquote(request.path.removeprefix("/")).partition("/")
        if request.method != "GET" or key or asked.get("list-type") != "2":
            return self.refuse(request, 501, "NotImplemented", "The emulator has no operation but ListObjectsV2.")
        if bucket != BUCKET:
            return self.refuse(request, 404, "NoSuchBucket", "The specified bucket does not exist")
        query = _query(asked)
        if isinstance(query, str):
            return self.refuse(request, 400, "InvalidArgument", query)
        return _reply(200, self._xml(asked, query, page(self._there(), query)))

    def _there(self) -> Bucket:
        if self._now_s() >= self._kept_until_s:
            self._kept = self._bucket()
            self._kept_until_s = self._now_s() + KEPT_S
        return self._kept

    def refuse(self, request: Request, status: int, code: str, message: str) -> Reply:
        """Return an error in S3's shape, and in its words if it is about the signature."""
        return _reply(
            status,
            f"<Error><Code>{_CODES.get(code, code)}</Code><Message>{escape(message)}</Message>"
            f"<Resource>{escape(request.path)}</Resource></Error>",
        )

    def _xml(self, asked: dict[str, str], query: Query, listed: Page) -> str:
        url = asked.get("encoding-type") == "url"

        def text(value: str) -> str:
            return quote(value, safe="/") if url else escape(value)

        parts = [
            '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">',
            f"<Name>{BUCKET}</Name><Prefix>{text(query.prefix)}</Prefix><KeyCount>{listed.count}</KeyCount>",
            f"<MaxKeys>{query.limit}</MaxKeys><IsTruncated>{str(listed.more).lower()}</IsTruncated>",
            "<EncodingType>url</EncodingType>" if url else "",
            f"<Delimiter>{text(query.delimiter)}</Delimiter>" if query.delimiter else "",
            f"<StartAfter>{text(asked['start-after'])}</StartAfter>" if asked.get("start-after") else "",
            f"<NextContinuationToken>{_token(listed.last)}</NextContinuationToken>" if listed.more else "",
        ]
        parts += [
            f"<Contents><Key>{text(key)}</Key><LastModified>{self._modified}</LastModified><ETag>{_etag(key, size)}"
            f"</ETag><Size>{size}</Size><StorageClass>STANDARD</StorageClass></Contents>"
            for key, size in listed.objects
        ]
        parts += [f"<CommonPrefixes><Prefix>{text(each)}</Prefix></CommonPrefixes>" for each in listed.prefixes]
        return "".join([*parts, "</ListBucketResult>"])


def _query(asked: dict[str, str]) -> Query | str:
    """Read a query; a text says what is wrong with it."""
    limit = asked.get("max-keys", str(_KEYS_AT_ONCE))
    if not (limit.isascii() and limit.isdecimal() and len(limit) < 10):
        return "Provided max-keys not an integer or within integer range"
    after = asked.get("start-after", "")
    if "continuation-token" in asked:
        try:
            after = urlsafe_b64decode(asked["continuation-token"]).decode()
        except ValueError:
            return "The continuation token provided is incorrect"
    return Query(asked.get("prefix", ""), asked.get("delimiter", ""), after, min(int(limit), _KEYS_AT_ONCE))


def _token(last: str) -> str:
    return urlsafe_b64encode(last.encode()).decode()


def _etag(key: str, size: int) -> str:
    """Return a tag that tells versions apart; it is not the content's MD5, which nobody may rely on."""
    return f"&quot;{sha256(f'{key}/{size}'.encode()).hexdigest()[:32]}&quot;"


def _reply(status: int, xml: str) -> Reply:
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n{xml}'.encode()
    return Reply(status, body, {"Content-Type": "application/xml", "x-amz-request-id": uuid4().hex[:16].upper()})
