"""What a transport counts about itself."""

import errno
import time
from email.utils import formatdate

import pytest

from asyncload.transport.notices import Notices


def test_nothing_noticed_is_all_zero() -> None:
    """The counts begin at nothing."""
    notes = Notices().notes()
    assert (notes.connects, notes.connect_failures, notes.exhausted, notes.clock_skew_s, notes.first_error) == (
        0,
        0,
        0,
        0,
        "",
    )


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.EADDRNOTAVAIL])
def test_this_machines_fault_is_found_behind_other_errors(number: int) -> None:
    """The errno that says so may be several causes deep, explicit or not."""
    deepest, between, error = OSError(number, "no more"), KeyError(), ConnectionError()
    between.__context__, error.__cause__ = deepest, between
    notices = Notices()
    notices.not_connected(error)
    notices.not_connected(ConnectionRefusedError(errno.ECONNREFUSED, "nobody there"))
    assert (notices.notes().connect_failures, notices.notes().exhausted) == (2, 1)


def test_the_first_failure_stays() -> None:
    """Later ones often follow from it."""
    notices = Notices()
    notices.failed("first")
    notices.failed("second")
    assert notices.notes().first_error == "first"


@pytest.mark.parametrize(
    ("offsets_s", "kept_s", "why"),
    [
        ((0,), 0, "the same clock"),
        ((-120, 3), -120, "the furthest from zero, with its sign"),
        ((3, 90), 90, "likewise ahead"),
    ],
)
def test_the_skew_furthest_from_zero_is_kept(
    offsets_s: tuple[int, ...], kept_s: int, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Server's Date minus the local clock, in whole seconds."""
    monkeypatch.setattr(time, "time", lambda: 1_800_000_000.25)
    notices = Notices()
    for offset_s in offsets_s:
        notices.dated(formatdate(1_800_000_000 + offset_s, usegmt=True))
    assert notices.notes().clock_skew_s == kept_s, why


@pytest.mark.parametrize(
    "date", ["", "yesterday", "Thu, 99 Nov 2026 99:99:99 GMT", "Mon, 23 Nov 99999999999 18:44:23 GMT"]
)
def test_an_unreadable_date_is_passed_over(date: str) -> None:
    """A server may write anything."""
    notices = Notices()
    notices.dated(date)
    assert notices.notes().clock_skew_s == 0
