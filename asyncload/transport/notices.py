"""What a transport notices about itself and its surroundings, counted while it works."""

import errno
import time
from collections.abc import Callable, Iterator
from email.utils import parsedate_to_datetime

from asyncload.call import Outcome, TransportNotes
from asyncload.sigv4 import Credentials
from asyncload.transport.examples import clean, lateness, refusal

EXHAUSTED = frozenset({errno.EADDRNOTAVAIL, errno.EMFILE, errno.ENFILE, errno.ENOBUFS})
"""Errors that say that this machine has no port or file descriptor left."""


class Notices:
    """The counts behind `Transport.notes`, and one example of each kind of failure."""

    __slots__ = (
        "_connect_failures", "_credentials", "_date", "_examples", "_exhausted", "_first_error", "_skew_s", "connects",
    )  # fmt: skip

    def __init__(self, credentials: Callable[[], Credentials] | None = None) -> None:
        """
        Args:
            credentials: What is signed with now, which must never be part of what is noticed.
        """
        self.connects = 0
        """Connections opened, warm-up included."""
        self._credentials = credentials
        self._connect_failures = 0
        self._exhausted = 0
        self._skew_s = 0.0
        self._first_error = ""
        self._examples: dict[Outcome, str] = {}
        self._date = ""

    def not_connected(self, error: BaseException) -> None:
        """Count a connection that could not be opened, and whether this machine is to blame."""
        self._connect_failures += 1
        numbers = {cause.errno for cause in _causes(error) if isinstance(cause, OSError)}
        self._exhausted += bool(numbers & EXHAUSTED)

    def failed(self, words: str, outcome: Outcome | None = None) -> None:
        """
        Keep the first failure of all, and the first of its kind.

        Args:
            words: What happened.
            outcome: Its kind; None for what ended no call.
        """
        if self._first_error and (outcome is None or outcome in self._examples):
            return
        words = clean(words, self._secrets())
        self._first_error = self._first_error or words
        if outcome is not None:
            self._examples.setdefault(outcome, words)

    def wants(self, outcome: Outcome) -> bool:
        """Tell whether there is no example of a kind of failure yet."""
        return outcome not in self._examples

    def refused(self, outcome: Outcome, status: int, name: str, body: bytes) -> None:
        """Keep what an error reply said, if it is the first of its kind; `refusal` says which parts."""
        if self.wants(outcome):
            self._examples[outcome] = clean(refusal(status, name, body), self._secrets())

    def timed_out(self, limit_ns: int, *, sent: bool, begun: bool, received: int) -> None:
        """Keep how far the first call had come whose time was over; `lateness` says what of it."""
        if self.wants(Outcome.TIMEOUT):
            self._examples[Outcome.TIMEOUT] = lateness(limit_ns, sent=sent, begun=begun, received=received)

    def dated(self, date: str) -> None:
        """
        Compare a reply's Date with the local clock, and keep the reading furthest from zero.

        Args:
            date: Value of the header Date; empty or unreadable ones are passed over. RFC 9110, section 5.6.7.
        """
        if not date or date == self._date:
            return
        self._date = date
        try:
            # Date is cut to the second, so its middle is the best guess.
            skew_s = parsedate_to_datetime(date).timestamp() + 0.5 - time.time()
        except (ValueError, OverflowError):
            return
        if abs(skew_s) > abs(self._skew_s):
            self._skew_s = float(round(skew_s))

    def notes(self) -> TransportNotes:
        """Return the counts so far."""
        return TransportNotes(
            connects=self.connects,
            connect_failures=self._connect_failures,
            exhausted=self._exhausted,
            clock_skew_s=self._skew_s,
            first_error=self._first_error,
            examples=dict(self._examples),
        )

    def _secrets(self) -> tuple[str, ...]:
        if self._credentials is None:
            return ()
        current = self._credentials()
        return current.access_key, current.secret_key, current.token or ""


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and all that led to it."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__
