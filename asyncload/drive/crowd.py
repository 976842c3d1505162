"""
The crowd: a closed stage's users, each of whom calls, waits for the reply, pauses, and calls again.

HOT. A user is due at the moment it is ready: when it begins, or when its reply was complete and its pause is over. Who
is ready stands in a line, who will be later in a heap:

    begin ──> ready ──> in flight ──reply──> ready, or pausing ──> ready ...          until it is due after the end

1.  Nobody is sent from inside a reply. A reply puts its user in the line, and the loop's next turn sends: so replies
    that came together are all read before the first of the new calls is made, and a transport that replies inside
    `send` makes no recursion.
2.  A turn sends at most `_BURST` calls, then yields to the sockets, as in an open loop: however fast replies come, from
    a target that is dead, say, nobody else on the loop starves.
3.  A user has one call in flight at most, whatever the number of users does: one that is too many stops when it becomes
    ready, and one that begins anew while its old call is still in flight goes on with that.

The stage's phases follow one another without a seam: who waits or pauses when a phase ends goes on in the next one. A
call belongs to the phase in which it was due, and so does the pause after it.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from heapq import heapify, heappop, heappush

from asyncload.call import Reply
from asyncload.clock import monotonic_ns
from asyncload.drive.ahead import Ahead
from asyncload.drive.waiting import Waiting
from asyncload.drive.wiring import Wiring
from asyncload.stages import Stint
from asyncload.users import Habits

_BURST = 16
_BEGINS = 1 << 32


class User:
    """One user; what is on its way stands in it, so that a call needs nothing but its user."""

    __slots__ = ("_crowd", "_record", "done", "due_ns", "habits", "here", "model", "number", "ready_ns")

    def __init__(self, number: int, crowd: "Crowd", habits: Habits) -> None:
        """
        Args:
            number: Among those of this rank.
            crowd: Who is told when it is ready again.
            habits: What it does between calls.
        """
        self.number = number
        self.here = False
        """Whether it takes part: it is ready, in flight or pausing."""
        self.ready_ns = 0
        """When it is or will be ready, unless it is in flight."""
        self.due_ns = 0
        """When its call was due."""
        self.model = 0
        """Who was called."""
        self.habits = habits
        """Of the phase in which its call was due."""
        self._crowd = crowd
        self._record = crowd.record
        self.done = self._done
        """Takes the reply. Bound once: it is asked for with every call."""

    def _done(self, reply: Reply) -> None:
        """Count the reply, and be ready at once or later. HOT."""
        self._record(self.model, self.due_ns, reply)
        last_ns = reply.last_ns
        if self.habits.pauses:
            self.ready_ns = self.habits.ready_ns(self.number, self.due_ns, last_ns)
            if self.ready_ns > last_ns:
                self._crowd.pauses(self, last_ns)
                return
        else:
            self.ready_ns = last_ns
        self._crowd.is_ready(self)


class Crowd:
    """The users of one closed stage."""

    def __init__(self, stints: Sequence[Stint], wiring: Wiring) -> None:
        """
        Args:
            stints: The stage's phases, at least one.
            wiring: What to send through.
        """
        self.record = wiring.recorder.record
        self._stints = tuple(stints)
        self._recorder = wiring.recorder
        self._calls = wiring.calls
        self._send = wiring.send
        self._tally = wiring.tally
        self._wiring = wiring
        self._ready: deque[User] = deque()
        self._later: list[tuple[int, int, User]] = []
        """By time: who begins, their numbers less `_BEGINS`, and who pauses."""
        # The phase in whose time users become ready, and the block of its draws being used, as lists.
        self._start_ns = self._begin_ns = self._until_ns = self._end_ns = 0
        self._habits = self._stints[0].habits
        self._users = 0
        self._aheads = [Ahead(stint.draws, self._fail) for stint in self._stints]
        self._stint = -1
        self._model: list[int] = []
        self._key: list[int] = []
        self._next = 0
        self._draw_at = 0
        self._called = False
        """Whether the loop's next turn is ours already."""
        self._over = False
        self._finished = asyncio.Event()
        self._failure: Exception | None = None

    def prepare(self, start_ns: int) -> None:
        """
        Gather the users, and draw their first calls.

        Args:
            start_ns: CLOCK_MONOTONIC time of the plan's zero.
        """
        self._start_ns = start_ns
        self._end_ns = start_ns + self._stints[-1].end_ns
        users = [
            User(number, self, self._habits) for number in range(max(stint.habits.users for stint in self._stints))
        ]
        for stint in self._stints:
            begins_ns = (stint.begins_ns + start_ns).tolist()
            new = users[stint.habits.users - len(begins_ns) : stint.habits.users]
            self._later += [(at_ns, user.number - _BEGINS, user) for at_ns, user in zip(begins_ns, new, strict=True)]
        heapify(self._later)
        for ahead in self._aheads:
            ahead.draw()
        self._turn_to(0)

    async def run(self) -> None:
        """
        Let the users call until the end of the last phase, or until `stop`; replies still come in after it returned.

        Whatever the calls raise while they are drawn, this raises.
        """
        if self._over:
            return
        self._tally.users = 0
        self._loop = asyncio.get_running_loop()
        self._waiting = Waiting(self._loop, self._ring, self._wiring)
        try:
            self._waiting.until(self._next_ns(), 0)
            await self._finished.wait()
        finally:
            self._over = True
            self._waiting.close()
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Send nothing more; `run` returns soon."""
        self._over = True
        self._finished.set()

    # -- users --------------------------------------------------------------------------------------------------------

    def is_ready(self, user: User) -> None:
        """Put a user in the line. HOT."""
        if self._over:
            return
        self._ready.append(user)
        if not self._called:
            self._called = True
            self._loop.call_soon(self._turn)

    def pauses(self, user: User, now: int) -> None:
        """Wait until a user is ready. HOT."""
        if self._over:
            return
        heappush(self._later, (user.ready_ns, user.number, user))
        if self._later[0][2] is user:
            self._waiting.until(self._next_ns(), now)

    # -- sending ------------------------------------------------------------------------------------------------------

    def _turn(self) -> None:
        """Take the turn that a reply asked for. HOT."""
        self._called = False
        if not self._over:
            self._wake()

    def _ring(self) -> None:
        """Take the turn that the alarm asks for, unless a reply has asked for it. HOT."""
        if not self._called:
            self._wake()

    def _wake(self) -> None:
        """Send who is ready, then wait for who will be next. HOT."""
        try:  # costs nothing unless it fails; and a failure must not leave the alarm ringing for ever
            if self._over:
                self._waiting.clear()
                return
            tally = self._tally
            before = tally.sent
            self._send_ready(monotonic_ns())
            in_flight = tally.sent + tally.dropped - self._recorder.recorded
            if in_flight > tally.peak_in_flight:  # noqa: PLR1730  # max() is a call, and this is hot
                tally.peak_in_flight = in_flight
            now, next_ns = monotonic_ns(), self._next_ns()
            if self._ready:
                if not self._called:
                    self._called = True
                    self._loop.call_soon(self._turn)
            elif next_ns >= self._end_ns and now >= self._end_ns:
                self.stop()
                self._waiting.clear()
                return
            if tally.sent > before:
                self._waiting.until(next_ns, now)
            else:
                self._waiting.still_until(next_ns, now)
        except Exception as error:  # noqa: BLE001  # `run` raises it
            self._fail(error)

    def _send_ready(self, now: int) -> None:
        """Send a burst at most, in the order of becoming ready. HOT."""
        ready, later, calls, send, tally = self._ready, self._later, self._calls, self._send, self._tally
        models, keys, i = self._model, self._key, self._next
        left = _BURST
        while left:
            if later and later[0][0] <= now and not (ready and ready[0].ready_ns < later[0][0]):
                user = self._next_later()
                if user is None:
                    continue
            elif ready:
                user = ready.popleft()
            else:
                break
            due_ns = user.ready_ns
            if not self._begin_ns <= due_ns < self._until_ns:
                self._next = i
                due_ns = self._placed(due_ns)
                models, keys, i = self._model, self._key, self._next
            if user.number >= self._users or due_ns >= self._end_ns:
                user.here = False
                tally.users -= due_ns < self._end_ns  # the end is nobody's leaving
                continue
            left -= 1
            user.due_ns = due_ns
            user.model = models[i]
            user.habits = self._habits
            tally.sent += 1
            send(calls[keys[i]], user.done)
            i += 1
            if i >= self._draw_at:
                self._draw_ahead(i)
                models, keys, i = self._model, self._key, self._next
        self._next = i

    def _next_later(self) -> User | None:
        """Take who is next of those that paused or begin; None for one that begins and is here already."""
        at_ns, number, user = heappop(self._later)
        if number < 0:
            if user.here:
                return None
            user.here = True
            user.ready_ns = at_ns
            self._tally.users += 1
        return user

    def _placed(self, due_ns: int) -> int:
        """Turn to the phase of a due time; one before it was told late, and is of this phase's beginning."""
        while due_ns >= self._until_ns < self._end_ns:
            self._turn_to(self._stint + 1)
        return max(due_ns, self._begin_ns)

    def _turn_to(self, number: int) -> None:
        """Begin a phase of the stage."""
        stint = self._stints[number]
        self._stint = number
        self._begin_ns, self._until_ns = self._start_ns + stint.start_ns, self._start_ns + stint.end_ns
        self._habits, self._users = stint.habits, stint.habits.users
        self._load()

    def _next_ns(self) -> int:
        """When something is to be done that no reply brings about."""
        return min(self._later[0][0], self._end_ns) if self._later else self._end_ns

    def _draw_ahead(self, i: int) -> None:
        """Have the next block drawn at half of this one, and take it at the end."""
        self._next = i
        if i == len(self._key):
            self._load()
        else:
            self._draw_at = len(self._key)
            self._aheads[self._stint].soon(self._loop)

    def _load(self) -> None:
        """Take the next block of draws."""
        block = self._aheads[self._stint].take()
        if block is None:
            raise ValueError("the draws of a closed phase came to an end")
        self._model = block.model.tolist()
        self._key = ((block.model.astype("int64") << 32) | block.payload).tolist()
        self._next = 0
        self._draw_at = (len(self._key) + 1) // 2

    def _fail(self, error: Exception) -> None:
        if not self._over:
            self._waiting.clear()
            self._failure = error
            self.stop()
