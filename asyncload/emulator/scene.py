"""Everything that one running emulator consists of, apart from its sockets."""

from pathlib import Path
from time import monotonic_ns

from asyncload.emulator.config import Emulator
from asyncload.emulator.deadlines import Deadlines
from asyncload.emulator.endpoint import EndpointState
from asyncload.emulator.freeze import WorkClock
from asyncload.emulator.signature import SignatureCheck
from asyncload.emulator.truth import Truth


class Scene:
    """The parts of a running emulator. Belongs to one event loop."""

    def __init__(self, config: Emulator, truth: Path | None) -> None:
        """
        Args:
            config: What to play.
            truth: File for the ground-truth log.

        Raises:
            OSError: If the truth file cannot be written.
        """
        self.config = config
        self.clock = WorkClock()
        self.truth = Truth(truth)
        self.check = SignatureCheck(config.credentials, config.region)
        self.deadlines = Deadlines(self.clock)
        self.in_flight = 0
        """Invocations whose head was read and whose reply is not yet sent."""
        self.endpoints: dict[str, EndpointState] = {}
        self._fill()

    def _fill(self) -> None:
        self.endpoints = {played.name: EndpointState(played, self.config.seed) for played in self.config.endpoints}

    def stall(self, length_ns: int) -> None:
        """Hold all work and all replies for this long from now on."""
        self.clock.stall(monotonic_ns(), length_ns)
        self.deadlines.rearm()

    def reset(self) -> None:
        """End a stall, forget the truth and the queues, begin all draws anew. Requests in flight are still answered."""
        self.clock.resume(monotonic_ns())
        self.deadlines.rearm()
        self.truth.reset()
        self._fill()

    def close(self) -> None:
        """Flush the truth and give the timer back."""
        self.deadlines.close()
        self.truth.close()
