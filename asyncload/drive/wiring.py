"""What the stages of a drive send through, and the counts they share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from asyncload.call import Call, Done
from asyncload.record import Recorder


class Tally:
    """Counts of one drive; they may be read at any time."""

    __slots__ = ("_recorder", "dropped", "peak_in_flight", "sent", "users", "waited_ns")

    def __init__(self, recorder: Recorder) -> None:
        """
        Args:
            recorder: Counts what has ended.
        """
        self._recorder = recorder
        self.sent = 0
        self.dropped = 0
        self.peak_in_flight = 0
        self.users = 0
        """Users who take part now, or did when their stage ended; none in an open stage."""
        self.waited_ns = 0
        """CPU time spent on looking whether something is due yet: not work, though the system counts it."""

    @property
    def planned(self) -> int:
        """Calls whose time has come so far."""
        return self.sent + self.dropped

    @property
    def in_flight(self) -> int:
        """Calls sent and not yet answered."""
        return self.sent + self.dropped - self._recorder.recorded


@dataclass(frozen=True, slots=True, eq=False)
class Wiring:
    """What a stage is wired to."""

    calls: Mapping[int, Call]
    """From `asyncload.calls.key(model, payload)` to the call."""
    send: Callable[[Call, Done], None]
    """Of a transport that is open already."""
    recorder: Recorder
    """Told of every reply and every dropped arrival."""
    tally: Tally
    in_flight: int
    """Calls outstanding at once; an arrival beyond it is dropped."""
