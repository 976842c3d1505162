"""
A run second by second, as Locust's history tells it: everything up to then, and what it calls current.

The current rate is the mean of ten seconds that end two seconds before the last reply, for those two may not be
complete. Current percentiles are of the last ten seconds. In its first ten seconds a run has fewer.

Source:
    StatsEntry.current_rps and .get_current_response_time_percentile in locust/stats.py, 2.47. There the seconds at the
    run's begin have no percentiles, or miss the first second's requests, as the copies that are compared are not there
    yet; here they have what there is.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from asyncload.formats.locust.clock import Clock
from asyncload.formats.locust.entry import AGGREGATED, Entry, together
from asyncload.formats.locust.run import METHOD, entry_of
from asyncload.formats.reading import Since
from asyncload.formats.recording import Recording
from asyncload.result import total

_WINDOW_S: Final = 10
_LAG_S: Final = 2


@dataclass(frozen=True, slots=True)
class Moment:
    """One entry at the end of one second."""

    time_s: int
    """The second, since 1970 UTC."""
    users: int
    entry: Entry
    """Everything up to then."""
    rate_per_s: float
    """Current requests per second."""
    failure_rate_per_s: float
    window: Entry
    """The last ten seconds alone."""


def course(recording: Recording, since: Since, *, full: bool) -> Iterator[Moment]:
    """
    Go through a run: a moment of all entries together for each second.

    Args:
        recording: The run; without a history it has no moments.
        since: From when response times count.
        full: Also a moment of each entry, in the order of their names, before that of all.

    Yields:
        In the order of time, from the first second of the measured phases to the last in which a call ended.
    """
    clock = Clock(recording)
    empty = Entry(method="", name=AGGREGATED, start_s=clock.start_s)
    whole, parts = _Running(empty), dict[str, _Running]()
    for second, targets in clock.without_gaps():
        key, users = clock.key(second), clock.users(second)
        for model in targets.values() if full else ():
            if model.sent:
                part = parts.setdefault(model.name, _Running(replace(empty, method=METHOD, name=model.name)))
                part.add(key, entry_of(model, since, clock))
        whole.add(key, entry_of(total(AGGREGATED, list(targets.values())), since, clock))
        for running in (*(parts[name] for name in sorted(parts)), whole):
            yield running.moment(key, whole.last_s, users)


class _Running:
    """One entry as it grows."""

    def __init__(self, entry: Entry) -> None:
        self.last_s: int | None = None
        """Second of the last reply."""
        self._entry = entry
        self._recent: deque[tuple[int, Entry]] = deque(maxlen=_WINDOW_S + _LAG_S + 1)

    def add(self, key: int, more: Entry) -> None:
        """Add what ended in a second."""
        if more.requests:
            self.last_s = key
            self._recent.append((key, more))
            grown = together([self._entry, more])
            self._entry = replace(grown, method=self._entry.method, name=self._entry.name)

    def moment(self, key: int, last_s: int | None, users: int) -> Moment:
        """
        Return the entry as it stands at the end of a second.

        Args:
            key: The second.
            last_s: Second of the last reply of all entries.
            users: How many there are.
        """
        begin, end = self._rated(last_s)
        rated = [entry for second, entry in self._recent if begin <= second < end]
        length = max(end - begin, 1)
        return Moment(
            key,
            users,
            self._entry,
            sum(entry.requests for entry in rated) / length,
            sum(entry.failures for entry in rated) / length,
            together([entry for second, entry in self._recent if second > key - _WINDOW_S]),
        )

    def _rated(self, last_s: int | None) -> tuple[int, int]:
        """Seconds over which the current rate is taken, half-open."""
        if last_s is None:
            return 0, 0
        return max(last_s - _WINDOW_S - _LAG_S, int(self._entry.start_s)), last_s - _LAG_S
