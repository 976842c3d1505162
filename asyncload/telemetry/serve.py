"""
The process that serves a run's streams; `stream` starts it, and tells it what happens through its standard input.

While the run lasts it is nobody's rival for a core: it runs only where nothing else wants to (SCHED_IDLE on Linux, else
the lowest priority). It says on its standard output, a line of JSON each, that it listens and what went wrong. It ends
when the run has, or when whoever started it has gone.
"""

import os
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from asyncload.histogram import Int64s
from asyncload.telemetry.families import Reading, read
from asyncload.telemetry.frames import HOST, Closing, Opening, Ready, Said, Tick, Trouble
from asyncload.telemetry.frames import read as read_frame
from asyncload.telemetry.totals import Totals

if TYPE_CHECKING:
    from asyncload.telemetry.otlp import Exports
    from asyncload.telemetry.prometheus import Server


class Service:
    """What is served, from the opening to the closing."""

    def __init__(self, opening: Opening, rows: Int64s) -> None:
        """
        Args:
            opening: What is known before the run.
            rows: Of each model and of the warm-up.

        Raises:
            OSError: If it cannot listen.
        """
        self._lock = threading.Lock()
        self._totals = Totals(rows, opening.labels)
        self._linger_s = opening.linger_s
        self.server: Server | None = None
        self.exports: Exports | None = None
        if opening.prometheus is not None:
            from asyncload.telemetry import prometheus  # noqa: PLC0415  # only what is asked for is loaded

            self.server = prometheus.Server(opening, self._read)
        if opening.otlp is not None:
            from asyncload.telemetry import otlp  # noqa: PLC0415  # an extra

            self.exports = otlp.Exports(opening, opening.otlp, self._read, lambda text: say(Trouble(text)))

    def add(self, tick: Tick, columns: list[Int64s]) -> None:
        """Take a second."""
        with self._lock:
            self._totals.add(tick, columns)
        if self.exports is not None:
            self.exports.add(tick)

    def finish(self, closing: Closing) -> None:
        """Let the last values be read."""
        with self._lock:
            self._totals.ended = True
        exporting = threading.Thread(target=self._export)
        exporting.start()
        if self.server is not None and closing.linger:
            self.server.await_last(self._linger_s)
        exporting.join()

    def _export(self) -> None:
        if self.exports is not None:
            self.exports.finish()

    def _read(self) -> Reading:
        with self._lock:
            return read(self._totals)


def main() -> None:
    """Serve until the run is over."""
    pipe: BinaryIO = sys.stdin.buffer
    begun = read_frame(pipe)
    if begun is None or not isinstance(opening := begun[0], Opening):
        return
    try:
        service = Service(opening, begun[1][0])
    except OSError as error:
        say(Trouble(f"{HOST}:{opening.prometheus}: cannot listen: {error.strerror or error}"))
        return
    say(Ready(None if service.server is None else service.server.port))
    _yield_to_others(yielding=True)
    while (frame := read_frame(pipe)) is not None:
        head, columns = frame
        if isinstance(head, Tick):
            service.add(head, columns)
        elif isinstance(head, Closing):
            _yield_to_others(yielding=False)
            threading.Thread(target=_end_with_the_other_side, daemon=True).start()
            service.finish(head)
            return


def say(said: Said) -> None:
    """Tell whoever started this process; if that has gone, nobody."""
    with suppress(OSError):
        os.write(sys.stdout.fileno(), msgspec.json.encode(said) + b"\n")


def _end_with_the_other_side() -> None:
    """End at once when whoever started this process has gone: nobody is left to wait for a last scrape with."""
    while os.read(sys.stdin.fileno(), 1024):  # not its buffer: what is blocked in that cannot be left behind
        pass
    os._exit(0)


def _yield_to_others(*, yielding: bool) -> None:
    with suppress(OSError):
        if sys.platform == "linux":
            policy = os.SCHED_IDLE if yielding else os.SCHED_OTHER
            for task in Path("/proc/self/task").iterdir():  # threads to come take it over from those that start them
                os.sched_setscheduler(int(task.name), policy, os.sched_param(0))
        elif yielding:
            os.nice(19)  # which cannot be taken back


if __name__ == "__main__":
    main()
