"""
A run under way: the drive sends, the recorder counts, and once a second what was counted is kept and shown.

    begin ── drive ──> last arrival sent ── drain ──> last reply ── end
      │ every second: end the recorder's second ─> run directory ─> on_snapshot
      │                    └─> stop rules: one that fires asks to stop, once
      │ stop asked once:  drive stops, drain waits `limits.grace` at most
      └ stop asked twice: drain does not wait
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from asyncload.call import Call, Outcome, Transport
from asyncload.clock import monotonic_ns
from asyncload.drive import BLOCK, Drive, Tally, Wiring
from asyncload.errors import StoreError
from asyncload.options import Options, Stop
from asyncload.plan import Plan
from asyncload.pulse import Pulse
from asyncload.record import METRICS, Recorder, Second
from asyncload.result import WARMUP, Health, RunResult, SecondResult
from asyncload.slo.grammar import parse_stop
from asyncload.slo.watching import Moment, StopWatch
from asyncload.snapshot import Snapshot
from asyncload.store import Facts, RunDirectory, measured_until
from asyncload.traceparent import Marks
from asyncload.transient import Beginning, find, take_out

_LEAD_NS = 50_000_000
"""Between the last preparation and the plan's zero."""
_DRAIN_EXTRA_NS = 1_000_000_000
"""Beyond the time limit of the last call: by then the transport has ended it."""
_DRAIN_LOOK_S = 0.005
_SECOND_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Parts:
    """What a session is wired from."""

    plan: Plan
    digest: str
    calls: Mapping[int, Call]
    transport: Transport
    """Open already."""
    names: tuple[str, ...]
    """Labels of the targets."""
    scenario: Mapping[str, object]
    """The scenario as data."""
    marks: Marks | None = None
    """What the transport puts on its requests, if anything."""


class Session:
    """One run, from its first arrival to its result."""

    def __init__(self, parts: Parts, options: Options) -> None:
        """
        Create the run directory, if one is asked for.

        Raises:
            StoreError: If it cannot be created.
        """
        self._parts = parts
        self._options = options
        self._limits = parts.plan.scenario.limits
        self._spans = parts.plan.phases()
        self._measured_ns = [(span.start_ns, span.end_ns) for span in self._spans if not span.warmup]
        self._start_ns = monotonic_ns() + _LEAD_NS
        self._started_unix_ns = time.time_ns() + _LEAD_NS
        self._directory = self._create_directory()
        warmups_ns = [(span.start_ns, span.end_ns) for span in self._spans if span.warmup]
        self._recorder = Recorder(len(parts.names), self._start_ns, warmups_ns, samples=options.samples)
        self._tally = Tally(self._recorder)
        wiring = Wiring(parts.calls, parts.transport.send, self._recorder, self._tally, self._limits.in_flight)
        self._drive = Drive(parts.plan.stages(BLOCK), wiring)
        self._pulse = Pulse()
        self._seconds: list[SecondResult] = []
        self._planned = self._sent = 0  # as of the last second that ended
        self._over = asyncio.Event()
        self._stopped_ns: int | None = None
        self._interrupted = False
        self._stopped = ""
        self._store_error = ""
        rules = [parse_stop(text) for text in parts.plan.scenario.stop]
        self._rules = StopWatch(rules, parts.names) if rules else None
        automatic = parts.plan.scenario.warmup == "auto"
        self._beginning = Beginning(self._measured_ns[0]) if automatic and self._measured_ns else None

    async def run(self, stop: Stop) -> RunResult:
        """
        Send the plan, wait for the replies, and put the result together.

        Args:
            stop: Asked by whoever wants to end the run early.
        """
        self._pulse.begin()
        ticking = asyncio.create_task(self._tick(stop), name="seconds")
        sending = asyncio.create_task(self._send(stop), name="drive")
        try:
            await asyncio.wait([ticking, sending], return_when=asyncio.FIRST_COMPLETED)
        finally:
            # However it ended, by its plan, by a failed callback or by cancellation: what was measured is kept.
            sending.cancel()
            self._over.set()
            ends = await asyncio.gather(sending, ticking, return_exceptions=True)
            self._pulse.end()
            await self._parts.transport.close()  # what is still in flight ends as ABANDONED
            try:
                await self._end_second()
            finally:
                result = self._finish()
        for end in ends:
            if isinstance(end, BaseException) and not isinstance(end, asyncio.CancelledError):
                raise end
        return result

    # -- sending ------------------------------------------------------------------------------------------------------

    async def _send(self, stop: Stop) -> None:
        driving = asyncio.create_task(self._drive.run(self._start_ns))
        asked = asyncio.create_task(stop.wait(1))
        try:
            await asyncio.wait([driving, asked], return_when=asyncio.FIRST_COMPLETED)
            self._interrupted = not driving.done()
            self._drive.stop()
            await driving
            self._stopped_ns = monotonic_ns() - self._start_ns
            self._pulse.end()
            await self._drain(stop)
        finally:
            self._drive.stop()
            driving.cancel()
            asked.cancel()

    async def _drain(self, stop: Stop) -> None:
        """Wait for the replies; an interrupted run waits `grace`, and one that is asked twice does not."""
        asked_before = stop.asked
        patience_ns = self._limits.grace_ns if self._interrupted else self._limits.timeout_ns + _DRAIN_EXTRA_NS
        deadline_ns = monotonic_ns() + patience_ns
        while self._tally.in_flight and stop.asked < 2 and monotonic_ns() < deadline_ns:
            if stop.asked > asked_before and not self._interrupted:
                self._interrupted, asked_before = True, stop.asked
                deadline_ns = monotonic_ns() + self._limits.grace_ns
            await asyncio.sleep(_DRAIN_LOOK_S)

    # -- once a second ------------------------------------------------------------------------------------------------

    async def _tick(self, stop: Stop) -> None:
        while not self._over.is_set():
            next_ns = self._start_ns + (len(self._seconds) + 1) * _SECOND_NS
            try:
                await asyncio.wait_for(self._over.wait(), max(next_ns - monotonic_ns(), 1) / 1e9)
            except TimeoutError:
                if monotonic_ns() >= next_ns:  # the loop's timers may ring early
                    second = await self._end_second()
                    if self._rules is not None:
                        await self._heed(self._rules, second, stop)

    async def _end_second(self) -> Second:
        # In steps, between which the loop runs: together they would take some 3 ms.
        planned, sent, in_flight = self._tally.planned, self._tally.sent, self._tally.in_flight
        second = self._recorder.tick()
        if self._beginning is not None:
            self._beginning.keep(second)
        await asyncio.sleep(0)
        row = self._row(second, planned, sent, in_flight)
        self._seconds.append(row)
        health = self._health()
        await asyncio.sleep(0)
        if self._directory is not None and not self._store_error:
            try:
                await self._directory.append(row, second, health)
            except StoreError as error:
                self._store_error = str(error)  # the run goes on; its result says so
        if self._options.on_snapshot is not None:
            self._options.on_snapshot(self._snapshot(row, second, health))
        return second

    async def _heed(self, rules: StopWatch, second: Second, stop: Stop) -> None:
        """Hold the stop rules against the second that has ended, while calls are still being sent."""
        row = self._seconds[-1]
        if stop.asked or self._stopped_ns is not None or self._in_warmup(row):
            return
        for fired in rules.look(Moment(row, second, self._rate_per_s(row))):
            if fired and not stop.asked:
                self._stopped = fired
                stop.ask()
                return
            await asyncio.sleep(0)

    def _row(self, second: Second, planned: int, sent: int, in_flight: int) -> SecondResult:
        planned, self._planned = planned - self._planned, planned
        sent, self._sent = sent - self._sent, sent
        outcomes = tuple(second.outcomes.sum(axis=0).tolist())
        response, lateness = (second.overall(METRICS.index(name)) for name in ("response", "lateness"))
        return SecondResult(len(self._seconds), planned, sent, in_flight, outcomes, response, lateness)

    def _snapshot(self, row: SecondResult, second: Second, health: Health) -> Snapshot:
        marks = self._parts.marks
        return Snapshot(
            row=row,
            elapsed_ns=health.elapsed_ns,
            length_ns=self._parts.plan.length_ns,
            rate_per_s=self._rate_per_s(row),
            users=self._tally.users,
            warmup=self._in_warmup(row),
            health=health,
            names=self._parts.names,
            second=second,
            digest=self._parts.digest,
            spans=marks.drain(self._start_ns) if marks else (),
            spans_left_out=marks.left_out if marks else 0,
        )

    def _rate_per_s(self, row: SecondResult) -> float:
        """What the plan asks of this rank in the middle of a second."""
        return float(self._parts.plan.rate_per_s(np.array([_middle_ns(row)]))[0]) / self._parts.plan.world

    def _in_warmup(self, row: SecondResult) -> bool:
        return any(span.warmup and span.start_ns <= _middle_ns(row) < span.end_ns for span in self._spans)

    # -- the result ---------------------------------------------------------------------------------------------------

    def _health(self) -> Health:
        now_ns = max(monotonic_ns() - self._start_ns, 0)
        until_ns = now_ns if self._stopped_ns is None else self._stopped_ns
        length_ns = self._parts.plan.length_ns
        vitals, notes = self._pulse.vitals(), self._parts.transport.notes()
        # A plan that ended early, its last arrival being sent, still lasts its whole length.
        passed_ns = min(until_ns, length_ns) if self._interrupted or self._stopped_ns is None else length_ns
        return Health(
            started_unix_ns=self._started_unix_ns,
            elapsed_ns=until_ns,
            measured_ns=measured_until(self._measured_ns, passed_ns),
            send_tail_ns=max(until_ns - length_ns, 0),
            # To look again whether the next arrival is due takes CPU time, but none that a call would miss.
            cpu_share=max(vitals.loop_cpu_ns - self._tally.waited_ns, 0) / vitals.elapsed_ns,
            cpu_ns=vitals.cpu_ns,
            stalls=vitals.stalls,
            longest_stall_ns=vitals.longest_stall_ns,
            clock_jump_ns=vitals.clock_jump_ns,
            peak_in_flight=self._tally.peak_in_flight,
            connects=notes.connects,
            connect_failures=notes.connect_failures,
            exhausted=notes.exhausted,
            clock_skew_s=notes.clock_skew_s,
            first_error=notes.first_error,
            examples={outcome.name: notes.examples[outcome] for outcome in Outcome if outcome in notes.examples},
            store_error=self._store_error,
            interrupted=self._interrupted,
            stopped=self._stopped if self._interrupted else "",  # its last call may have been sent just before
            reach_s=self._beginning.reach_s if self._beginning else 0,
        )

    def _finish(self) -> RunResult:
        result = self._result()
        if self._directory is None or self._store_error:
            return result
        try:
            self._directory.finish(result)
        except StoreError as error:
            self._store_error = str(error)
            return self._result()
        return result

    def _result(self) -> RunResult:
        *models, warmup = (
            self._recorder.totals.result(index, name) for index, name in enumerate([*self._parts.names, WARMUP])
        )
        result = RunResult(
            self._parts.scenario, self._parts.digest, tuple(models), warmup, tuple(self._seconds), self._health()
        )
        if self._beginning is None:
            return result
        span = self._measured_ns[0]
        transient = find(result.seconds, span, result.health.measured_ns, self._beginning.reach_s)
        return take_out(result, self._beginning.until(transient.until_s, self._parts.names), transient, span)

    def _create_directory(self) -> RunDirectory | None:
        if self._options.out is None:
            return None
        plan = self._parts.plan
        facts = Facts(
            self._parts.scenario, self._parts.digest, self._parts.names, self._measured_ns, self._started_unix_ns,
            plan.rank, plan.world,
        )  # fmt: skip
        return RunDirectory(self._options.out, facts)


def _middle_ns(row: SecondResult) -> int:
    return row.second * _SECOND_NS + _SECOND_NS // 2
