"""The streams from the run's side: a watcher that hands each second to the process that serves them."""

import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from queue import SimpleQueue
from types import TracebackType
from typing import Final, Self

import msgspec
import numpy as np

from asyncload.errors import StartError
from asyncload.snapshot import Snapshot
from asyncload.telemetry.frames import HOST, Closing, Opening, Ready, Said, Tick, Trouble, write

_MOST_WAITING: Final = 120
"""Seconds that may wait for the pipe: by then the process on its other side is stuck."""
_BEGIN_S: Final = 30.0
"""For the process to start."""
_END_S: Final = 45.0
"""For last exports, beyond the time for a last scrape."""
_SOON_S: Final = 5.0
"""A last export that takes longer is worth a word."""
_SAID = msgspec.json.Decoder(Said)
_COMMAND: Final = ("-P", "-m", "asyncload.telemetry.serve")


class Stream:
    """
    A run's watcher that serves its metrics and spans.

    Nothing that goes wrong after the beginning hurts the run: it is told, once, and the streams end.
    """

    def __init__(
        self,
        opening: Opening,
        shown: Sequence[int],
        tell: Callable[[str], None],
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """
        Args:
            opening: What to serve, and where.
            shown: Index of each model that has series of its own; as many as the opening's labels, or one less: the
                last label is then that of all others.
            tell: Is told what went wrong, and what is waited for; from any thread.
            environment: Of the process; it needs no credentials. Without it our own.
        """
        self._opening = opening
        self._shown = shown
        self._tell = tell
        self._environment = environment
        self._seconds: SimpleQueue[Snapshot | Closing] = SimpleQueue()
        self._broken = False
        self._interrupted = False
        self.port: int | None = None
        """Where metrics are served, once it was entered."""

    def __enter__(self) -> Self:
        """
        Start the process.

        Raises:
            StartError: If it cannot listen on its port, or does not start.
        """
        self._process = subprocess.Popen(  # noqa: S603  # our own command
            [sys.executable, *_COMMAND],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            bufsize=0,
            env=self._environment,
            start_new_session=True,  # Ctrl-C ends the sending, not what is known of it
        )
        try:
            self._begin()
        except BaseException:
            self._end()
            self._close()
            raise
        self._threads = [threading.Thread(target=job, daemon=True) for job in (self._feed, self._listen)]
        for thread in self._threads:
            thread.start()
        if self.port is not None:
            self._tell(f"prometheus: http://{HOST}:{self.port}/metrics")
        return self

    def on_snapshot(self, snapshot: Snapshot) -> None:
        """Hand over a second; on the loop that measures, so it only puts it into a queue."""
        self._interrupted = snapshot.health.interrupted
        if self._broken:
            return
        self._seconds.put(snapshot)
        if self._seconds.qsize() > _MOST_WAITING:
            self._give_up("their process does not keep up")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        """Let the last values be read; Ctrl-C ends the waiting."""
        linger = self._opening.prometheus is not None and kind is None and not self._interrupted
        with suppress(KeyboardInterrupt):
            self._seconds.put(Closing(linger=linger))
            if linger and self._opening.linger_s and not self._broken:
                self._tell(
                    f"prometheus: waiting for a last scrape, {self._opening.linger_s:g} s at most; Ctrl-C ends it"
                )
            if not self._broken:
                self._wait(self._opening.linger_s if linger else 0.0)
        self._end()
        for thread in self._threads:
            thread.join()
        self._close()

    def _wait(self, linger_s: float) -> None:
        """Wait for the process; what it is waited for, and what is lost, is told."""
        left_s = linger_s + _END_S
        if self._opening.otlp is not None:
            if self._ended_within(linger_s + _SOON_S):
                return
            left_s = _END_S - _SOON_S
            self._tell(f"otlp: waiting for the collector to take the rest, {left_s:g} s at most; Ctrl-C ends it")
        if not self._ended_within(left_s):
            self._tell("streams: their process did not end in time; what it had not sent is lost")

    def _ended_within(self, patience_s: float) -> bool:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(patience_s)
        return self._process.poll() is not None

    @property
    def pid(self) -> int:
        """Of the process that serves."""
        return self._process.pid

    # -- the process --------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        rows = np.full(len(self._opening.models) + 1, len(self._opening.labels) - 1)
        rows[np.asarray(self._shown, np.int64)] = np.arange(len(self._shown))
        rows[-1] = len(self._opening.labels)
        words: list[str] = []
        stuck = threading.Timer(_BEGIN_S, self._process.kill)
        stuck.start()
        try:
            write(self._pipe, self._opening, rows)
            said = self._hear(words)
        except OSError:
            said = None
        finally:
            stuck.cancel()
        match said:
            case Ready(port):
                self.port = port
            case Trouble(text):
                raise StartError(f"prometheus: {text}; choose another port")
            case _:
                raise StartError(f"streams: their process did not start: {' '.join(words) or 'it says nothing'}")

    def _hear(self, words: list[str]) -> Said | None:
        """Return what the process says next; what is not meant for us, such as a warning, is put into `words`."""
        for line in self._process.stdout or ():
            try:
                said: Said = _SAID.decode(line)
            except msgspec.MsgspecError:
                words.append(line.decode(errors="replace").strip())
            else:
                return said
        return None

    @property
    def _pipe(self) -> int:
        assert self._process.stdin is not None  # noqa: S101  # it was asked for
        return self._process.stdin.fileno()

    def _end(self) -> None:
        self._broken = True
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()

    def _close(self) -> None:
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()

    # -- threads ------------------------------------------------------------------------------------------------------

    def _feed(self) -> None:
        """Write each second into the pipe; the system copies the arrays without the interpreter."""
        while True:
            second = self._seconds.get()
            if self._broken:
                return
            try:
                if isinstance(second, Closing):
                    write(self._pipe, second)
                    return
                _write(self._pipe, second)
            except (OSError, ValueError):  # it has ended, or its pipe was closed
                self._give_up("their process has ended")
                return

    def _listen(self) -> None:
        words: list[str] = []
        while (said := self._hear(words)) is not None:
            if isinstance(said, Trouble):
                self._tell(said.text)
        if words and self._process.wait() > 0:
            self._tell(f"streams: {words[-1]}")

    def _give_up(self, why: str) -> None:
        if not self._broken:
            self._broken = True
            self._tell(f"streams: {why}; the run goes on without them")


def tick_of(snapshot: Snapshot) -> Tick:
    """Return what of a second is not by model."""
    row = snapshot.row
    return Tick(
        digest=snapshot.digest, elapsed_ns=snapshot.elapsed_ns, length_ns=snapshot.length_ns,
        rate_per_s=snapshot.rate_per_s, users=snapshot.users, warmup=snapshot.warmup,
        planned=row.planned, sent=row.sent, in_flight=row.in_flight, health=snapshot.health,
        spans=snapshot.spans, spans_left_out=snapshot.spans_left_out,
    )  # fmt: skip


def _write(pipe: int, snapshot: Snapshot) -> None:
    second = snapshot.second
    write(pipe, tick_of(snapshot), second.keys, second.counts, second.outcomes, second.received, second.retries)
