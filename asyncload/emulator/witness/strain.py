"""
Is the emulator itself the bottleneck? It says so, so that nobody blames the client.

A reply is late by what lies between the moment at which it was due and the moment at which it was sent. Once a second
the share of late replies is looked at. That begins when a request has been read, so what waits in a socket is not seen:
hence the share of a core that the loop's thread takes is looked at too. A warning comes at most every ten seconds.
"""

from collections.abc import Callable

LATE_NS = 2_000_000
"""A reply later than that is late."""
SHARE = 0.01
FEWEST = 100
"""Of fewer replies nothing is said."""
WINDOW_NS = 1_000_000_000
SILENCE_NS = 10_000_000_000
BUSY = 0.9
"""A thread that takes more of a core than that has requests waiting in sockets."""


class Strain:
    """Counts late replies. Units: CLOCK_MONOTONIC nanoseconds."""

    __slots__ = ("_at_ns", "_begin_ns", "_cpu_ns", "_late", "_silent_until_ns", "_total", "_warn", "_worst_ns")

    def __init__(self, warn: Callable[[str], None]) -> None:
        """
        Args:
            warn: Called with a sentence.
        """
        self._warn = warn
        self._begin_ns = 0
        self._silent_until_ns = 0
        self._at_ns = self._cpu_ns = 0
        """When the thread was last looked at, and what it had taken by then."""
        self._total = self._late = self._worst_ns = 0

    def note(self, due_ns: int, sent_ns: int) -> None:
        """Count a reply that was due and sent at these times."""
        late_ns = sent_ns - due_ns
        self._total += 1
        if late_ns > LATE_NS:
            self._late += 1
            self._worst_ns = max(self._worst_ns, late_ns)
        if sent_ns - self._begin_ns >= WINDOW_NS:
            self._look(sent_ns)

    def thread(self, cpu_ns: int, now_ns: int) -> None:
        """Look at the CPU time of the loop's thread so far; call it every second."""
        took_ns, length_ns = cpu_ns - self._cpu_ns, now_ns - self._at_ns
        if self._at_ns and took_ns > BUSY * length_ns:
            self._say(now_ns, f"its thread took {took_ns / length_ns:.0%} of a core for {length_ns / 1e9:.1f} s")
        self._at_ns, self._cpu_ns = now_ns, cpu_ns

    def _look(self, now_ns: int) -> None:
        if self._total >= FEWEST and self._late > SHARE * self._total:
            self._say(
                now_ns,
                f"{self._late} of {self._total} replies of the last second came more than {LATE_NS // 1_000_000} ms "
                f"late, the worst {self._worst_ns / 1e6:.1f} ms",
            )
        self._begin_ns = now_ns
        self._total = self._late = self._worst_ns = 0

    def _say(self, now_ns: int, why: str) -> None:
        if now_ns >= self._silent_until_ns:
            self._silent_until_ns = now_ns + SILENCE_NS
            self._warn(f"the emulator is itself too slow for this traffic: {why}; do not blame the client for that")
