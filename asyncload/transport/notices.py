"""What a transport notices about itself and its surroundings, counted while it works."""

import errno
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime

from asyncload.call import TransportNotes

EXHAUSTED = frozenset({errno.EADDRNOTAVAIL, errno.EMFILE, errno.ENFILE, errno.ENOBUFS})
"""Errors that say that this machine has no port or file descriptor left."""


class Notices:
    """The counts behind `Transport.notes`."""

    __slots__ = ("_connect_failures", "_date", "_exhausted", "_first_error", "_skew_s", "connects")

    def __init__(self) -> None:
        self.connects = 0
        """Connections opened, warm-up included."""
        self._connect_failures = 0
        self._exhausted = 0
        self._skew_s = 0.0
        self._first_error = ""
        self._date = ""

    def not_connected(self, error: BaseException) -> None:
        """Count a connection that could not be opened, and whether this machine is to blame."""
        self._connect_failures += 1
        numbers = {cause.errno for cause in _causes(error) if isinstance(cause, OSError)}
        self._exhausted += bool(numbers & EXHAUSTED)

    def failed(self, words: str) -> None:
        """Keep the first failure; `words` must hold no secret."""
        self._first_error = self._first_error or words

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
        )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and all that led to it."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__
