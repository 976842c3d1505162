"""Our seconds, counted from the plan's zero, as seconds of the wall clock, in which Locust counts."""

from collections.abc import Iterator, Mapping

from asyncload.formats.locust.users import users_at
from asyncload.formats.recording import Recording
from asyncload.result import ModelResult

_S = 1_000_000_000


class Clock:
    """The time of one run, its warm-up left out."""

    def __init__(self, recording: Recording) -> None:
        """
        Args:
            recording: The run. Without its history the warm-up is taken to come before all that was measured.
        """
        result, history = recording.result, recording.history
        health = result.health
        if history is not None and history.measured_ns:
            begin_ns = history.measured_ns[0][0]
        elif result.warmup.calls:
            begin_ns = max(health.elapsed_ns - health.send_tail_ns - health.measured_ns, 0)
        else:
            begin_ns = 0
        self._zero_s = health.started_unix_ns / _S
        self._first = begin_ns // _S
        self._history = history
        self._warmup = len(result.models)
        self._scenario = result.scenario
        self._in_flight = {row.second: row.in_flight for row in result.seconds}
        self.start_s = (health.started_unix_ns + begin_ns) / _S
        """When the measured phases began."""
        self.end_s = self.start_s + (health.measured_ns + health.send_tail_ns) / _S
        """So long after it that requests over the time between are the rate that our report calls achieved."""

    def key(self, second: int) -> int:
        """Second of the wall clock, since 1970 UTC; of the two that ours lies in, the one with more of it."""
        return int(self._zero_s + second + 0.5)

    def users(self, second: int) -> int:
        """Users of a closed loop at the end of a second, of this rank; in an open loop the calls in flight."""
        everyone = users_at(self._scenario, (second + 1) * _S)
        if everyone is None:
            return self._in_flight.get(second, 0)
        return everyone if self._history is None else len(range(self._history.rank, everyone, self._history.world))

    def seconds(self) -> Iterator[tuple[int, Mapping[int, ModelResult]]]:
        """Seconds of the history with the targets of which measured calls ended, by their index."""
        for second, targets in self._history.seconds if self._history else ():
            yield second, {index: model for index, model in targets.items() if index != self._warmup}

    def without_gaps(self) -> Iterator[tuple[int, Mapping[int, ModelResult]]]:
        """Likewise, from the first measured second on; those in which no call ended stand in between."""
        due = self._first
        for second, targets in self.seconds():
            yield from ((silent, {}) for silent in range(due, second))
            if second >= self._first:
                yield second, targets
                due = second + 1
