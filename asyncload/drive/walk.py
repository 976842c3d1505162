"""
The walk: an open stage's arrivals against absolute deadlines, each sent when it is due.

HOT. One wake-up sends every arrival that is due, then waits for the next. Three rules:

1.  Never early. An arrival is sent when the clock has reached its due time, however the alarm rang.
2.  Never wait. `send` returns at once; a reply is the recorder's business. With `in_flight` calls outstanding the
    arrival is DROPPED and counted: to delay it would make the loop closed.
3.  When late, let replies in. A wake-up sends at most `_BURST` calls, then yields to the sockets: else the replies that
    wait meanwhile are stamped late, and the endpoint is blamed for the generator's backlog.

The next block of the plan is drawn half a block ahead, so that no arrival waits for it.
"""

import asyncio
from collections.abc import Iterator
from functools import partial

from asyncload.call import Outcome, Reply
from asyncload.clock import monotonic_ns
from asyncload.drive.ahead import Ahead
from asyncload.drive.waiting import Waiting
from asyncload.drive.wiring import Wiring
from asyncload.stages import Block

_BURST = 16


class Walk:
    """One walk along the arrivals of a stage."""

    def __init__(self, blocks: Iterator[Block], wiring: Wiring) -> None:
        """
        Args:
            blocks: The stage's; small ones keep the pauses between them short.
            wiring: What to send through.
        """
        self._calls = wiring.calls
        self._send = wiring.send
        self._recorder = wiring.recorder
        self._in_flight = wiring.in_flight
        self._wiring = wiring
        self._tally = wiring.tally
        # The block being walked, as lists: indexing an array would make a numpy scalar per arrival.
        self._due: list[int] = []
        self._model: list[int] = []
        self._key: list[int] = []
        self._next = 0
        self._ahead = Ahead(blocks, self._fail)
        self._draw_at = 0
        self._start_ns = 0
        self._finished = asyncio.Event()
        self._failure: Exception | None = None

    def prepare(self, start_ns: int) -> None:
        """
        Draw the first arrivals.

        Args:
            start_ns: CLOCK_MONOTONIC time of the plan's zero.
        """
        self._start_ns = start_ns
        self._load()

    async def run(self) -> None:
        """
        Send all arrivals; returns when the last one was sent or dropped, or after `stop`.

        Whatever the plan or the calls raise while they are drawn, this raises.
        """
        self._tally.users = 0
        if self._finished.is_set() or not self._due:
            return
        self._loop = asyncio.get_running_loop()
        self._waiting = Waiting(self._loop, self._wake, self._wiring)
        try:
            self._waiting.until(self._due[0], 0)
            await self._finished.wait()
        finally:
            self._waiting.close()
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Send nothing more; `run` returns soon."""
        self._finished.set()

    def _wake(self) -> None:
        """Send what is due, then wait for what is next. HOT."""
        try:  # costs nothing unless it fails; and a failure must not leave the alarm ringing for ever
            if self._finished.is_set():
                self._waiting.clear()
                return
            due, i = self._due, self._next
            now = monotonic_ns()
            if due[i] > now:
                self._waiting.still_until(due[i], now)
                return
            end = min(i + _BURST, len(due))
            models, keys, calls, send = self._model, self._key, self._calls, self._send
            recorder, tally = self._recorder, self._tally
            record = recorder.record
            room = self._in_flight - (tally.sent + tally.dropped - recorder.recorded)
            while i < end:
                due_ns = due[i]
                if due_ns > now:
                    now = monotonic_ns()
                    if due_ns > now:
                        break
                if room <= 0:  # unless replies came inside `send`
                    room = self._in_flight - (tally.sent + tally.dropped - recorder.recorded)
                if room > 0:
                    room -= 1
                    tally.sent += 1
                    send(calls[keys[i]], partial(record, models[i], due_ns))
                else:
                    tally.dropped += 1
                    record(models[i], due_ns, Reply(0, 0, now, Outcome.DROPPED, 0))
                i += 1
            self._next = i
            if self._in_flight - room > tally.peak_in_flight:  # noqa: PLR1730  # max() is a call, and this is hot
                tally.peak_in_flight = self._in_flight - room
            if i >= self._draw_at:
                self._draw_at = len(due) + 1
                self._ahead.soon(self._loop)
            if i == len(due) and not self._load():
                self._waiting.clear()
                self._finished.set()
                return
            self._waiting.until(self._due[self._next], monotonic_ns())
        except Exception as error:  # noqa: BLE001  # `run` raises it
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        if not self._finished.is_set():
            self._waiting.clear()
            self._failure = error
            self._finished.set()

    def _load(self) -> bool:
        """Take the next block that holds an arrival; False at the end of the stage."""
        while True:
            block = self._ahead.take()
            if block is None:
                return False
            if block.due_ns.size:
                break
        self._due = (block.due_ns + self._start_ns).tolist()
        self._model = block.model.tolist()
        self._key = ((block.model.astype("int64") << 32) | block.payload).tolist()
        self._next = 0
        self._draw_at = len(self._due) // 2
        return True
