"""
The drive: walk the plan against absolute deadlines and send each call when it is due.

HOT. One wake-up sends every arrival that is due, then sets the alarm for the next. Three rules:

1.  Never early. An arrival is sent when the clock has reached its due time, however the alarm rang.
2.  Never wait. `send` returns at once; a reply is the recorder's business. With `in_flight` calls outstanding the
    arrival is DROPPED and counted: to delay it would make the loop closed.
3.  When late, let replies in. A wake-up sends at most `_BURST` calls, then yields to the sockets: else the replies that
    wait meanwhile are stamped late, and the endpoint is blamed for the generator's backlog.

The next block of the plan is drawn half a block ahead, in a callback of its own, so that no arrival waits for it.
"""

import asyncio
from collections.abc import Iterator, Mapping
from functools import partial

from asyncload.call import Call, Outcome, Reply, Transport
from asyncload.clock import alarm, monotonic_ns
from asyncload.plan import Block
from asyncload.record import Recorder

_BURST = 16
_SOON_NS = 60_000
"""An arrival so near is waited for by coming back: to sleep and be woken costs more, and comes some 50 us late."""
_EARLY_NS = 50_000
"""The alarm is set so much ahead, for what the system needs to wake us; what is left of it is waited for likewise."""
_TURN_NS = 20_000
"""A turn of the loop that took longer was not spent waiting."""
BLOCK = 1024
"""Arrivals drawn at once while driving: some 0.2 ms of work."""


class Drive:
    """One walk along one plan; its counters may be read at any time."""

    def __init__(
        self,
        blocks: Iterator[Block],
        calls: Mapping[int, Call],
        transport: Transport,
        recorder: Recorder,
        in_flight: int,
    ) -> None:
        """
        Args:
            blocks: The plan's blocks, or a shard's; small ones (`BLOCK`) keep the pauses between them short.
            calls: From `asyncload.calls.key(model, payload)` to the call.
            transport: Open already.
            recorder: Told of every reply and every dropped arrival.
            in_flight: Calls outstanding at once; an arrival beyond it is dropped.
        """
        self._blocks = blocks
        self._calls = calls
        self._send = transport.send
        self._recorder = recorder
        self._in_flight = in_flight
        # Counters, for whoever watches.
        self.sent = 0
        self.dropped = 0
        self.peak_in_flight = 0
        self.waited_ns = 0
        """CPU time spent on looking whether something is due yet: not work, though the system counts it."""
        # The block being walked, as lists: indexing an array would make a numpy scalar per arrival.
        self._due: list[int] = []
        self._model: list[int] = []
        self._key: list[int] = []
        self._next = 0
        self._ahead: Block | None = None
        self._prefetch_at = 0
        self._start_ns = 0
        self._looked_ns = 0
        """When the last wake-up ended, if the loop did not sleep since; else 0."""
        self._recorded = 0
        """Calls recorded by then."""
        self._finished = asyncio.Event()
        self._failure: Exception | None = None

    @property
    def planned(self) -> int:
        """Arrivals whose time has come so far."""
        return self.sent + self.dropped

    @property
    def in_flight(self) -> int:
        """Calls sent and not yet answered."""
        return self.sent + self.dropped - self._recorder.recorded

    async def run(self, start_ns: int) -> None:
        """
        Send the whole plan; returns when the last arrival was sent or dropped, or after `stop`.

        Args:
            start_ns: CLOCK_MONOTONIC time of the plan's zero; a little ahead of now.

        Whatever the plan or the calls raise while they are drawn, this raises.
        """
        self._loop = asyncio.get_running_loop()
        self._start_ns = start_ns
        if self._finished.is_set() or not self._load():
            return
        self._alarm = alarm(self._loop, self._wake)
        try:
            self._alarm.set(self._due[0])
            await self._finished.wait()
        finally:
            self._alarm.close()
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Send nothing more; `run` returns soon."""
        self._finished.set()

    def _wake(self) -> None:
        """Send what is due, then set the alarm for what is next. HOT."""
        try:  # costs nothing unless it fails; and a failure must not leave the alarm ringing for ever
            if self._finished.is_set():
                self._alarm.clear()
                return
            due, i = self._due, self._next
            end = min(i + _BURST, len(due))
            models, keys, calls, send, record = self._model, self._key, self._calls, self._send, self._recorder.record
            now = monotonic_ns()
            if due[i] > now:
                self._wait(due[i], now)
                return
            room = self._in_flight - (self.sent + self.dropped - self._recorder.recorded)
            while i < end:
                due_ns = due[i]
                if due_ns > now:
                    now = monotonic_ns()
                    if due_ns > now:
                        break
                if room <= 0:  # unless replies came inside `send`
                    room = self._in_flight - (self.sent + self.dropped - self._recorder.recorded)
                if room > 0:
                    room -= 1
                    self.sent += 1
                    send(calls[keys[i]], partial(record, models[i], due_ns))
                else:
                    self.dropped += 1
                    record(models[i], due_ns, Reply(0, 0, now, Outcome.DROPPED, 0))
                i += 1
            self._next = i
            if self._in_flight - room > self.peak_in_flight:  # noqa: PLR1730  # max() is a call, and this is hot
                self.peak_in_flight = self._in_flight - room
            if i >= self._prefetch_at:
                self._prefetch_at = len(due) + 1
                self._loop.call_soon(self._draw_ahead)
            if i == len(due) and not self._load():
                self._alarm.clear()
                self._finished.set()
                return
            self._looked_ns = 0
            self._wait(self._due[self._next], monotonic_ns())
        except Exception as error:  # noqa: BLE001  # `run` raises it
            self._fail(error)

    def _wait(self, due_ns: int, now: int) -> None:
        """Come back when an arrival is due. HOT."""
        recorded = self._recorder.recorded
        if self._looked_ns and recorded == self._recorded and now - self._looked_ns < _TURN_NS:
            self.waited_ns += now - self._looked_ns
        if due_ns > now + _SOON_NS:
            self._looked_ns = 0
            self._alarm.set(due_ns - _EARLY_NS)
        else:
            # The alarm goes on ringing: the loop looks at the sockets and comes back at once.
            self._looked_ns = now
            self._recorded = recorded

    def _fail(self, error: Exception) -> None:
        if not self._finished.is_set():
            self._alarm.clear()
            self._failure = error
            self._finished.set()

    def _draw_ahead(self) -> None:
        try:
            self._prefetch()
        except Exception as error:  # noqa: BLE001  # `run` raises it
            self._fail(error)

    def _prefetch(self) -> None:
        if self._ahead is None:
            self._ahead = next(self._blocks, None)

    def _load(self) -> bool:
        """Take the next block that holds an arrival; False at the end of the plan."""
        while True:
            self._prefetch()
            block, self._ahead = self._ahead, None
            if block is None:
                return False
            if block.due_ns.size:
                break
        self._due = (block.due_ns + self._start_ns).tolist()
        self._model = block.model.tolist()
        self._key = ((block.model.astype("int64") << 32) | block.payload).tolist()
        self._next = 0
        self._prefetch_at = len(self._due) // 2
        return True
