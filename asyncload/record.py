"""
The recorder: every reply, counted once, at a cost that the generator can afford.

HOT. `record` runs once per call. It packs eight integers into a buffer and returns; nothing is looked up, hashed or
compared there. Every `_ROWS` calls the buffer is folded by a few vector operations into

    counts      of this second per key: model, metric and HDR slot in one number
    outcomes    of this second per model

When a second ends, `tick` hands them over as a `Second`, and adds them to the run's totals. Counts live in pages of 64
slots that are allocated when first touched, since a dense histogram of three digits has 23,552 slots, and a thousand
models with four metrics would need 750 MB. In pages, with 16 bits a slot, it is some 25 kB a model.

Which calls count where:

    lateness            every call that was sent
    response, service   calls that ended OK, and those that timed out: their callers waited at least so long, and
                        leaving them out would make a slow endpoint look fast
    ttfb                calls that ended OK
    outcomes            every call, dropped ones included
    signs               service time of calls in which something of a load was noticed; see `signs`
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from asyncload.call import Outcome, Reply
from asyncload.histogram import Histogram, Int64s, slots_of, sum_by_key
from asyncload.measured import Signs
from asyncload.signs import Watch

METRICS = ("response", "service", "lateness", "ttfb")
"""Response = last - due, service = last - sent, lateness = sent - due, ttfb = first - sent."""
SIGNS = ("first", "held")
"""Of these calls the service time is counted once more."""

_ROWS = 1024
_COLUMNS = 8
_ROW = struct.Struct(f"{_COLUMNS}q")
_SLOT_BITS = 15
_SLOT_MASK = (1 << _SLOT_BITS) - 1
_PAGE_BITS = 6
_PAGE = 1 << _PAGE_BITS
_PAGES_PER_HISTOGRAM = 1 << (_SLOT_BITS - _PAGE_BITS)
_FIRST_PAGES = 4096
_CELL_BITS = 16
_CELL_MASK = (1 << _CELL_BITS) - 1
_N = len(METRICS)
_SERVICE = METRICS.index("service")
_METRIC = np.arange(_N)[:, None]
_FEW = 16
"""Up to so many models a second is counted as it goes; of more, the counters to look through would be too many."""


@dataclass(frozen=True, slots=True, eq=False)
class Second:
    """
    What was recorded between two ticks.

    **Shape**: keys and counts int64[n], ascending keys; sign_keys and sign_counts likewise; outcomes
    int64[models + 1, 12]; received, retries and refused int64[models + 1].
    The last row stands for the warm-up of all models together.
    """

    keys: Int64s
    counts: Int64s
    outcomes: Int64s
    received: Int64s
    """Bytes of bodies."""
    retries: Int64s
    """Attempts beyond the first."""
    sign_keys: Int64s
    """(model * 2 + sign) and HDR slot of service times."""
    sign_counts: Int64s
    refused: Int64s
    """Calls that ended NOT_READY and of which a later success is known since this second."""
    rows: Int64s | None
    """int64[n, 8] of the calls themselves, times from the plan's zero, where samples were asked for."""

    def histogram(self, model: int, metric: int) -> Histogram:
        """Histogram of one model's metric in this second."""
        return _slice(self.keys, self.counts, model * _N + metric)

    def overall(self, metric: int) -> Histogram:
        """Histogram of one metric of all models, warm-up included."""
        chosen = (self.keys >> _SLOT_BITS) % _N == metric
        return Histogram(*sum_by_key(self.keys[chosen] & _SLOT_MASK, self.counts[chosen]))

    def groups(self) -> tuple[Int64s, Int64s]:
        """(model * 4 + metric) and HDR slot of each key."""
        return self.keys >> _SLOT_BITS, self.keys & _SLOT_MASK

    def sign_groups(self) -> tuple[Int64s, Int64s]:
        """(model * 2 + sign) and HDR slot of each sign's key."""
        return self.sign_keys >> _SLOT_BITS, self.sign_keys & _SLOT_MASK


class Recorder:
    """Counts replies per model; one per run, used on the loop's thread only."""

    def __init__(
        self, models: int, start_ns: int = 0, warmups_ns: Iterable[tuple[int, int]] = (), *, samples: bool = False
    ) -> None:
        """
        Args:
            models: Number of targets; calls carry indexes below it.
            start_ns: CLOCK_MONOTONIC time of the plan's zero.
            warmups_ns: Half-open spans of due times, from the plan's zero, that are warm-up.
            samples: Keep the recorded rows for `Second.rows`.
        """
        self.models = models
        self.warmup = models
        """Row of the warm-up in everything that has a row per model."""
        self.recorded = 0
        """Calls recorded so far, dropped ones included."""
        self._start_ns = start_ns
        self._warmups_ns = _edges(warmups_ns) + start_ns
        self._samples = samples
        self._buffer = bytearray(_ROWS * _ROW.size)
        self._view = np.frombuffer(self._buffer, np.int64).reshape(_ROWS, _COLUMNS)
        self._pack = _ROW.pack_into
        self._offset = 0
        self._rows: list[Int64s] = []
        self._new_second()
        self.outcomes = np.zeros((models + 1, len(Outcome)), np.int64)
        self.received = np.zeros(models + 1, np.int64)
        self.retries = np.zeros(models + 1, np.int64)
        self.refused = np.zeros(models + 1, np.int64)
        self._watch = Watch(models)
        self._second_signs = _Log()
        self._signs = Pages((models + 1) * len(SIGNS))
        self._this_second = _Dense((models + 1) * _N) if models <= _FEW else _Log()
        self._totals = Pages((models + 1) * _N)
        self._totals.add(np.zeros(1, np.int64), np.zeros(1, np.int64))  # numpy imports parts of itself on first use

    def record(self, model: int, due_ns: int, reply: Reply) -> None:
        """Count one reply. HOT."""
        offset = self._offset
        self._pack(
            self._buffer, offset, model, due_ns, reply.sent_ns, reply.first_ns, reply.last_ns,
            reply.outcome, reply.received, reply.attempts,
        )  # fmt: skip
        self.recorded += 1
        self._offset = offset = offset + 64
        if offset == 65536:
            self._fold()

    def tick(self) -> Second:
        """End the current second: return what it holds and add it to the totals."""
        self._fold()
        keys, counts = self._this_second.drain()
        signs = self._second_signs.drain()
        rows = np.concatenate(self._rows) if self._rows else None
        second = Second(
            keys, counts, self._second_outcomes, self._second_received, self._second_retries,
            *signs, self._second_refused, rows,
        )  # fmt: skip
        self._rows.clear()
        self._new_second()
        self.outcomes += second.outcomes
        self.received += second.received
        self.retries += second.retries
        self.refused += second.refused
        self._totals.add(keys, counts)
        self._signs.add(*signs)
        return second

    def total(self, model: int, metric: int) -> Histogram:
        """Histogram of one model's metric over all seconds that have ended."""
        return self._totals.histogram(model * _N + metric)

    def signs(self, model: int) -> Signs:
        """Signs of loads in one model's calls over all seconds that have ended."""
        first, held = (self._signs.histogram(model * len(SIGNS) + sign) for sign in range(len(SIGNS)))
        return Signs(first, held, int(self.refused[model]))

    def _new_second(self) -> None:
        self._second_outcomes = np.zeros((self.models + 1, len(Outcome)), np.int64)
        self._second_received = np.zeros(self.models + 1, np.int64)
        self._second_retries = np.zeros(self.models + 1, np.int64)
        self._second_refused = np.zeros(self.models + 1, np.int64)

    def _fold(self) -> None:
        """Turn the buffer's rows into keys and counts."""
        n = self._offset // _ROW.size
        self._offset = 0
        if not n:
            return
        rows = self._view[:n]
        if self._samples:
            self._rows.append(self._sample(rows))
        model, due, sent, first, last, outcome, received, attempts = rows.T
        target = model
        if self._warmups_ns.size:
            inside = np.searchsorted(self._warmups_ns, due, side="right") & 1
            model = np.where(inside == 1, self.warmup, model)
        np.add.at(self._second_outcomes.ravel(), model * len(Outcome) + outcome, 1)
        np.add.at(self._second_received, model, received)
        np.add.at(self._second_retries, model, attempts - 1)
        sent_at_all = sent > 0
        ok = outcome == Outcome.OK
        waited = ok | (outcome == Outcome.TIMEOUT)
        counted = np.stack([waited, waited & sent_at_all, sent_at_all, ok])
        durations_us = (np.stack([last - due, last - sent, sent - due, first - sent]) + 500) // 1000
        group = model * _N + _METRIC
        keys = (group << _SLOT_BITS)[counted] + slots_of(durations_us[counted])
        self._this_second.count(keys)
        noticed = self._watch.look(target, model, sent, last, outcome)
        for sign, calls in enumerate((noticed.first, noticed.held)):
            if calls.any():
                group = model[calls] * len(SIGNS) + sign
                self._second_signs.count((group << _SLOT_BITS) + slots_of(durations_us[_SERVICE, calls]))
        if noticed.refused.size:
            np.add.at(self._second_refused, noticed.refused, 1)

    def _sample(self, rows: Int64s) -> Int64s:
        """Copy rows with their times counted from the plan's zero; a time that never came stays 0."""
        sample = rows.copy()
        times = sample[:, 1:5]
        times[times > 0] -= self._start_ns
        return sample


def _edges(spans: Iterable[tuple[int, int]]) -> Int64s:
    """Borders of half-open spans, ascending, so that searchsorted(right) is odd inside; touching spans are joined."""
    joined: list[list[int]] = []
    for begin, end in sorted(spans):
        if joined and begin <= joined[-1][1]:
            joined[-1][1] = max(joined[-1][1], end)
        elif end > begin:
            joined.append([begin, end])
    return np.array([edge for span in joined for edge in span], np.int64)


def _count_sorted(keys: Int64s) -> tuple[Int64s, Int64s]:
    keys = np.sort(keys)
    if not keys.size:
        return keys, keys
    first = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
    return keys[first], np.diff(np.append(first, keys.size))


def _slice(keys: Int64s, counts: Int64s, group: int) -> Histogram:
    begin, end = np.searchsorted(keys, [group << _SLOT_BITS, (group + 1) << _SLOT_BITS])
    return Histogram(keys[begin:end] & _SLOT_MASK, counts[begin:end])


class _Dense:
    """Counts by key of one second, in a counter for each possible key."""

    def __init__(self, histograms: int) -> None:
        # int64, for which np.add.at has a loop of its own: 5 ns a key, where int32 takes 55.
        self._counters = np.zeros((histograms, 1 << _SLOT_BITS), np.int64)
        self._end = 0
        """Behind the highest slot counted: the range of slots is 1 h, of which a second touches little."""
        # numpy imports parts of itself on first use: some 10 ms, which must not fall into the first second.
        self.count(np.zeros(1, np.int64))
        self.drain()

    def count(self, keys: Int64s) -> None:
        """Count keys, in any order and repeated."""
        np.add.at(self._counters.ravel(), keys, 1)
        self._end = max(self._end, int((keys & _SLOT_MASK).max(initial=-1)) + 1)

    def drain(self) -> tuple[Int64s, Int64s]:
        """Return all keys, ascending, with their counts, and begin anew."""
        groups, slots = np.nonzero(self._counters[:, : self._end])
        counts = self._counters[groups, slots]
        self._counters[groups, slots] = 0
        self._end = 0
        return (groups << _SLOT_BITS) + slots, counts


class _Log:
    """Counts by key of one second, as the keys themselves, which are sorted when it is drained."""

    def __init__(self) -> None:
        self._keys: list[Int64s] = []

    def count(self, keys: Int64s) -> None:
        """Count keys, in any order and repeated."""
        self._keys.append(keys)

    def drain(self) -> tuple[Int64s, Int64s]:
        """Return all keys, ascending, with their counts, and begin anew."""
        keys = np.concatenate([np.empty(0, np.int64), *self._keys])
        self._keys.clear()
        return _count_sorted(keys)


class Pages:
    """
    Counts by key, in pages that exist only where something was counted.

    A cell has 16 bits, and what it overflows by is carried into a dictionary, which is rare by construction: so ten
    thousand models that saw a thousand slots each stay within some 300 MB.
    """

    def __init__(self, histograms: int) -> None:
        # Zeroed memory that is never touched costs nothing, so the table may be sparse too.
        self._table = np.zeros(histograms * _PAGES_PER_HISTOGRAM, np.int32)
        self._cells = np.zeros(_FIRST_PAGES << _PAGE_BITS, np.uint16)
        self._used = 1  # page 0 stands for "no page"
        self._carried: dict[int, dict[int, int]] = {}
        """By group and slot: how often the cell overflowed."""

    def add(self, keys: Int64s, counts: Int64s) -> None:
        """Add counts to unique keys."""
        place = keys >> _PAGE_BITS
        page = self._table[place]
        if not page.all():
            self._allocate(np.unique(place[page == 0]))
            page = self._table[place]
        cell = (page.astype(np.int64) << _PAGE_BITS) + (keys & (_PAGE - 1))
        sums = self._cells[cell] + counts
        self._cells[cell] = sums & _CELL_MASK
        over = np.flatnonzero(sums > _CELL_MASK)
        for key, times in zip(keys[over].tolist(), (sums[over] >> _CELL_BITS).tolist(), strict=True):
            carried = self._carried.setdefault(key >> _SLOT_BITS, {})
            carried[key & _SLOT_MASK] = carried.get(key & _SLOT_MASK, 0) + times

    def histogram(self, group: int) -> Histogram:
        """Return what was counted for one (model, metric)."""
        begin = group * _PAGES_PER_HISTOGRAM
        table = self._table[begin : begin + _PAGES_PER_HISTOGRAM]
        places = np.flatnonzero(table)
        within = np.arange(_PAGE)
        slots = ((places[:, None] << _PAGE_BITS) + within).ravel()
        cells = ((table[places].astype(np.int64)[:, None] << _PAGE_BITS) + within).ravel()
        counts = self._cells[cells].astype(np.int64)
        for slot, times in self._carried.get(group, {}).items():
            counts[np.searchsorted(slots, slot)] += times << _CELL_BITS
        filled = counts > 0
        return Histogram(slots[filled], counts[filled])

    def _allocate(self, places: Int64s) -> None:
        end = self._used + places.size
        if end << _PAGE_BITS > self._cells.size:
            # In place where the system can move pages instead of bytes: a copy would double the peak.
            self._cells.resize(max(end, self._used * 5 // 4) << _PAGE_BITS, refcheck=False)
        self._table[places] = np.arange(self._used, end, dtype=np.int32)
        self._used = end
