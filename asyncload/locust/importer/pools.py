"""
Payloads as a scenario names them: a short one in the scenario, others in files beside it.

A scenario draws each payload of a pool with the same probability, so one that a locustfile draws more often stands in
its pool more often.
"""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from asyncload.locust.importer.numbers import whole
from asyncload.locust.importer.targets import Pool

_LONGEST_INLINE_BYTES: Final = 512
_MOST_LINES: Final = 10_000
"""Entries of a pool whose payloads are not drawn alike."""
_ENDINGS: Final = {"text/csv": "csv", "application/json": "json", "text/plain": "txt", "application/jsonlines": "jsonl"}
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Source:
    """A payload as a scenario's document has it, and the files that it needs."""

    said: object
    """A text or a mapping; None for no payload."""
    files: tuple[tuple[str, bytes], ...] = ()
    rounded: bool = False
    """Whether shares of payloads are rounded."""


@dataclass(slots=True)
class Sources:
    """The payloads of one scenario."""

    folder: str
    """Name of the folder beside the scenario."""
    bodies: Sequence[bytes]
    _made: dict[tuple[Pool, str], Source] = field(default_factory=dict)

    def source(self, pool: Pool, content_type: str, name: str) -> Source:
        """
        Return how a scenario says a pool; the same files for the same pool.

        Args:
            pool: What bodies are drawn from.
            content_type: Of the bodies.
            name: What files are to be called after.
        """
        ending = _ENDINGS.get(content_type.partition(";")[0].strip().lower(), "bin")
        known = self._made.get((pool, ending))
        if known is None:
            taken = {file for source in self._made.values() for file, _ in source.files}
            path = f"{self.folder}/{_file_name(name)}"
            number = 2
            while any(file == f"{path}.{ending}" or file.startswith(f"{path}/") for file in taken):
                path = f"{self.folder}/{_file_name(name)}-{number}"
                number += 1
            known = self._made[pool, ending] = self._new(pool, path, ending)
        return known

    def files(self) -> dict[str, bytes]:
        """Return the files that the sources need, by their path beside the scenario."""
        return dict(file for source in self._made.values() for file in source.files)

    def _new(self, pool: Pool, path: str, ending: str) -> Source:
        times, rounded = repeated([share for _, share in pool])
        bodies = [self.bodies[body] for (body, _), count in zip(pool, times, strict=True) for _ in range(count)]
        if len(bodies) == 1:
            return _single(bodies[0], f"{path}.{ending}")
        if _are_lines(bodies):
            text = b"".join(body + b"\n" for body in bodies)
            return Source({"file": f"{path}.{ending}", "each": "line"}, ((f"{path}.{ending}", text),), rounded)
        digits = len(str(len(bodies)))
        files = tuple((f"{path}/{number:0{digits}}.{ending}", body) for number, body in enumerate(bodies, 1))
        return Source({"directory": path}, files, rounded)


def repeated(shares: Sequence[float]) -> tuple[list[int], bool]:
    """Return how often each payload stands in its pool, at least once, and whether that rounds its share."""
    exact = whole(shares, _MOST_LINES)
    if exact is not None and sum(exact) <= max(_MOST_LINES, len(shares)):
        return exact, False
    return [max(round(share * _MOST_LINES), 1) for share in shares], True


def _single(body: bytes, file: str) -> Source:
    if not body:
        return Source(None)
    if len(body) > _LONGEST_INLINE_BYTES:
        return Source({"file": file}, ((file, body),))
    try:
        return Source(body.decode())
    except UnicodeDecodeError:
        return Source({"base64": b64encode(body).decode()})


def _are_lines(bodies: Sequence[bytes]) -> bool:
    """Whether a file of lines reads as these bodies."""
    return not bodies[0].startswith(_BYTE_ORDER_MARK) and all(
        body.strip() and b"\n" not in body and not body.endswith(b"\r") for body in bodies
    )


def _file_name(name: str) -> str:
    """Return a name without what a file's name should not hold."""
    plain = "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in name.replace("{i}", "i"))
    stem = plain.removesuffix(".tar.gz").strip(".-")[:60]
    return stem or "payload"
