"""
What a client can notice of loads while calls end: SageMaker does not tell it whether a call was cold.

Three signs are gathered, each by vector operations over some thousand calls at a time. They say nothing by themselves;
`cold` draws the conclusion when a result is read.

    first       the first call of a model to be answered
    refused     a call that ended NOT_READY, and a later one of its model succeeded: so the model was being loaded
    held        a slow call that no load needs to explain: all others stood still with it, or it was never answered

Whether others stood still is told by overtaking. A load holds up the callers of one model, and whoever asks for another
one meanwhile comes and goes. A stall of the endpoint, or a queue in front of it, lets nobody past:

    sent ──────────────────────────────────────── last          this call
            sent ─ last                                          overtook it: ended before 3/4 of its time had passed

So a call is held if nobody overtook it though 5 should have: the pace of the calls before it, times 3/4 of its time,
times the share of all calls so far that took less than a quarter of it. With too little traffic to tell it is not held.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from asyncload.call import Outcome
from asyncload.histogram import Int64s

Flags = NDArray[np.bool_]

LEAST_LOAD_US = 50_000
"""No load is quicker: a trivial model takes 100 ms to load even when nothing has to be fetched."""
_PART = 0.75
"""Whoever overtakes ends before so much of the time has passed: what a stall held back all ends at once."""
_EXPECTED = 5.0
"""Of a call that can be overtaken, nobody does so by chance with probability exp(-5) = 0.7 %."""
_QUICKER_BITS = 3
"""A number with three bits less is less than a quarter."""
_BUCKET_NS = 10_000_000
_BUCKETS = 8192
"""82 s: longer than a call takes that is answered at all (60 s at the container, 70 s at the client)."""
_PACE_BUCKETS = 500
_NEVER = np.iinfo(np.int64).max
_BITS = 64


class Noticed(NamedTuple):
    """What was noticed of some calls."""

    first: Flags
    """bool[n]: the first answered of their model."""
    held: Flags
    """bool[n]: no load explains their time."""
    refused: Int64s
    """int64[k]: rows of refused calls, these or earlier ones, of which it is now known that a success followed."""


class Watch:
    """Looks at calls in the order in which they ended."""

    def __init__(self, models: int) -> None:
        """
        Args:
            models: Number of targets.
        """
        self._seen = np.zeros(models, bool)
        self._waiting = np.zeros((2, models), np.int64)
        """Refused calls of which no success is known yet; those of the warm-up in the second row."""
        self._earliest_ns = np.full(_BUCKETS, _NEVER)
        """By the 10 ms in which calls were sent: when the first of them had succeeded."""
        self._sent = np.zeros(_BUCKETS, np.int64)
        self._begin = self._newest = -1
        self._took_bits = np.zeros(_BITS, np.int64)

    def look(self, model: Int64s, row: Int64s, sent_ns: Int64s, last_ns: Int64s, outcome: Int64s) -> Noticed:
        """
        Take the next calls.

        Args:
            model: Target of each, also where the call is of the warm-up.
            row: Where it counts: the target, or the number of targets for the warm-up.
            sent_ns: 0 if it was never sent.
            last_ns: When it ended.
            outcome: How.

        Shape:
            int64[n] each.
        """
        ok = outcome == Outcome.OK
        timeout = (outcome == Outcome.TIMEOUT) & (sent_ns > 0)
        refused = self._refused(model, row, ok, outcome == Outcome.NOT_READY)
        held = timeout.copy()
        good = np.flatnonzero(ok)
        if good.size:
            held[good] = self._overtaken_by_none(sent_ns[good], last_ns[good])
        return Noticed(self._first(model, ok | timeout), held, refused)

    def _first(self, model: Int64s, answered: Flags) -> Flags:
        first = answered & ~self._seen[model]
        new = np.flatnonzero(first)
        if new.size:
            models, places = np.unique(model[new], return_index=True)
            first[:] = False
            first[new[places]] = True
            self._seen[models] = True
        return first

    def _refused(self, model: Int64s, row: Int64s, ok: Flags, refused: Flags) -> Int64s:
        if not refused.any() and not self._waiting.any():
            return np.empty(0, np.int64)
        models = self._seen.size
        place = np.arange(model.size)
        last_ok = np.full(models, -1)
        np.maximum.at(last_ok, model[ok], place[ok])
        answered = np.flatnonzero(last_ok >= 0)
        known, known_warmup = self._waiting[:, answered]
        self._waiting[:, answered] = 0
        now = refused & (place < last_ok[model])
        open_ = refused & ~now
        np.add.at(self._waiting, ((row[open_] == models).astype(np.int64), model[open_]), 1)
        return np.concatenate([row[now], np.repeat(answered, known), np.full(known_warmup.sum(), models)])

    def _overtaken_by_none(self, sent_ns: Int64s, last_ns: Int64s) -> Flags:
        """Of calls that succeeded."""
        took_ns = last_ns - sent_ns
        _, bits = np.frexp((took_ns // 1000).astype(np.float64))
        self._took_bits += np.bincount(bits, minlength=_BITS)[:_BITS]
        bucket = sent_ns // _BUCKET_NS
        self._enter(bucket, last_ns)
        held = np.zeros(sent_ns.size, bool)
        slow = np.flatnonzero((took_ns >= LEAST_LOAD_US * 1000) & (bucket > self._newest - _BUCKETS))
        if slow.size:
            quick = np.cumsum(self._took_bits)[bits[slow] - _QUICKER_BITS] / self._took_bits.sum()
            alone, pace = self._company(bucket[slow], (sent_ns + (_PART * took_ns).astype(np.int64))[slow])
            held[slow] = alone & (pace * (_PART / _BUCKET_NS) * took_ns[slow] * quick >= _EXPECTED)
        return held

    def _enter(self, bucket: Int64s, last_ns: Int64s) -> None:
        newest = int(bucket.max())
        if self._newest < 0:
            self._begin = newest
            self._newest = newest - _BUCKETS
        self._begin = min(self._begin, int(bucket.min()))  # who was sent first may be answered last
        if newest > self._newest:
            passed = np.arange(max(self._newest, newest - _BUCKETS) + 1, newest + 1) % _BUCKETS
            self._earliest_ns[passed] = _NEVER
            self._sent[passed] = 0
            self._newest = newest
        kept = bucket > self._newest - _BUCKETS
        at = bucket[kept] % _BUCKETS
        np.minimum.at(self._earliest_ns, at, last_ns[kept])
        np.add.at(self._sent, at, 1)

    def _company(self, bucket: Int64s, until_ns: Int64s) -> tuple[Flags, NDArray[np.float64]]:
        """Whether no call that was sent in a later bucket had succeeded by then; calls a bucket in the 5 s before."""
        oldest = max(int(bucket.min()) - _PACE_BUCKETS, self._begin, self._newest - _BUCKETS + 1)
        places = np.arange(oldest, self._newest + 1) % _BUCKETS
        earliest_ns = np.minimum.accumulate(self._earliest_ns[places][::-1])[::-1]
        sent = np.concatenate([[0], np.cumsum(self._sent[places])])
        place = bucket - oldest
        begin = np.maximum(place - _PACE_BUCKETS, 0)
        alone = np.append(earliest_ns, _NEVER)[place + 1] >= until_ns
        return alone, (sent[place] - sent[begin]) / np.maximum(place - begin, 1)
