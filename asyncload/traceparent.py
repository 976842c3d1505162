"""
A `traceparent` for each request, so that a trace of the endpoint's own can be found from the call that caused it.

    traceparent: 00-<trace id, 32 hex digits>-<span id, 16 hex digits>-<01 if sampled, else 00>

The ids follow from the seed, and from the run's lane if it has one: the n-th request of a rank has words 3 n, 3 n + 1
and 3 n + 2 of a stream of random words, the first two as its trace id, the third as its span id. Requests are numbered
in the order in which they are given to the wire, each attempt of a retried call by itself. A request is sampled if the
lower half of its trace id lies below ratio * 2**64, so that whoever samples by the trace id with the same ratio keeps
the same traces.

Source:
    W3C Trace Context, section 3.2; OpenTelemetry specification, Tracing SDK, TraceIdRatioBased.
"""

from collections.abc import Iterator
from functools import partial
from typing import Final, NamedTuple

import msgspec
import numpy as np

from asyncload.call import Call, Done, Outcome, Reply
from asyncload.exact import words

HEADER: Final = "traceparent"
MOST_SPANS: Final = 1_000
"""Spans kept between two calls of `Marks.drain`; of more only the number is kept."""
_STREAM: Final = (0, 32)
"""Phases' streams have two numbers, this one a third: the rank."""
_BLOCK: Final = 128
"""Requests whose lines are written at once: some 0.05 ms of work."""
_LINE: Final = f"{HEADER}: 00-{'0' * 32}-{'0' * 16}-00\r\n".encode()
_FLAG: Final = len(_LINE) - 3
_IDS: Final = [*range(len(HEADER) + 5, len(HEADER) + 37), *range(len(HEADER) + 38, len(HEADER) + 54)]
"""Where the digits of both ids stand in a line."""


class Mark(NamedTuple):
    """What one request carries."""

    line: bytes
    """The header as it stands in a request's head."""
    sampled: bool

    @property
    def value(self) -> str:
        """Value of the header."""
        return self.line[len(HEADER) + 2 : -2].decode()

    @property
    def trace_id(self) -> str:
        """32 hex digits."""
        return self.value[3:35]

    @property
    def span_id(self) -> str:
        """16 hex digits."""
        return self.value[36:52]


class Span(msgspec.Struct, frozen=True, gc=False):
    """
    A sampled request that has ended, as its caller saw it.

    **Units**: nanoseconds from the plan's zero.
    """

    trace_id: str
    span_id: str
    model: int
    """Index of the target."""
    sent_ns: int
    last_ns: int
    outcome: Outcome
    received: int
    """Bytes of the reply's body."""


class Marks:
    """The marks of one rank's requests, and what became of those that are sampled; used on the loop's thread."""

    def __init__(self, ratio: float, seed: int, rank: int = 0, lane: int = 0, *, spans: bool = False) -> None:
        """
        Args:
            ratio: Share of the requests that are marked as sampled, from 0 to 1.
            seed: Of the scenario.
            rank: Whose requests.
            lane: Tells runs of one seed apart.
            spans: Whether to keep the sampled ones for `drain`.
        """
        self._marks = marks(ratio, seed, rank, lane)
        self._keep = spans
        self._ends: list[tuple[Mark, int, Reply]] = []
        self.left_out = 0
        """Spans that were not kept since there were too many."""

    def next(self) -> Mark:
        """Return the next request's."""
        return next(self._marks)

    def watched(self, mark: Mark, call: Call, done: Done) -> Done:
        """Return what is to be told of the reply to a request: `done` itself, unless a span is to be kept."""
        return partial(self._ended, mark, call.model, done) if self._keep and mark.sampled else done

    def drain(self, start_ns: int) -> tuple[Span, ...]:
        """
        Return the spans that have ended since the last time.

        Args:
            start_ns: CLOCK_MONOTONIC time of the plan's zero.
        """
        ends, self._ends = self._ends, []
        return tuple([
            Span(
                mark.trace_id, mark.span_id, model, reply.sent_ns - start_ns, reply.last_ns - start_ns,
                reply.outcome, reply.received,
            )
            for mark, model, reply in ends
        ])  # fmt: skip

    def _ended(self, mark: Mark, model: int, done: Done, reply: Reply) -> None:
        if not reply.sent_ns:
            pass  # it never was on the wire: nobody else has heard of it
        elif len(self._ends) < MOST_SPANS:
            self._ends.append((mark, model, reply))
        else:
            self.left_out += 1
        done(reply)


def marks(ratio: float, seed: int, rank: int = 0, lane: int = 0) -> Iterator[Mark]:
    """Yield the marks of one rank's requests, without end; see `Marks`."""
    draw = words(seed, *_STREAM, rank, *([lane] if lane else []))
    limit = round(ratio * 2.0**64)
    lines = np.tile(np.frombuffer(_LINE, np.uint8), (_BLOCK, 1))
    while True:
        block = draw(3 * _BLOCK).reshape(_BLOCK, 3)
        sampled = np.ones(_BLOCK, bool) if limit >= 1 << 64 else block[:, 1] < np.uint64(limit)
        digits = np.frombuffer(block.astype(">u8").tobytes().hex().encode(), np.uint8).reshape(_BLOCK, 48)
        lines[:, _IDS] = digits
        lines[:, _FLAG] = sampled + ord("0")
        text = lines.tobytes()
        for at, chosen in zip(range(0, len(text), len(_LINE)), sampled.tolist(), strict=True):
            yield Mark(text[at : at + len(_LINE)], chosen)
