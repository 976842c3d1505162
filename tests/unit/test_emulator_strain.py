"""When the emulator says that it is itself too slow."""

import re

import pytest

from asyncload.emulator.witness.strain import Strain

MS, S = 1_000_000, 1_000_000_000


def noted(replies: list[tuple[int, int]]) -> list[str]:
    """What is said of replies, each given by the moment it was sent and by its lateness."""
    said: list[str] = []
    strain = Strain(said.append)
    for sent_ns, late_ns in replies:
        strain.note(sent_ns - late_ns, sent_ns)
    return said


def window(begin_ns: int, late: int, total: int, late_ns: int = 5 * MS) -> list[tuple[int, int]]:
    """A second with so many late replies of so many; the reply behind it has the second looked at."""
    times_ns = [begin_ns + i * (S // total) for i in range(total)]
    return [(at_ns, late_ns if i < late else MS) for i, at_ns in enumerate(times_ns)]


OPENING = [(10 * S, 0)]
"""The very first reply begins the first second."""


def test_more_than_a_hundredth_late_is_said_with_its_figures() -> None:
    """3 of 200 late by 5 ms: one sentence with the count and the worst."""
    (said,) = noted([*OPENING, *window(10 * S + 1, 3, 200), (11 * S + 2, 0)])
    assert "3 of 201 replies" in said
    assert "5.0 ms" in said


def test_a_hundredth_is_borne() -> None:
    """2 of 200 late, and replies that are late by exactly the limit, are not worth a word."""
    assert noted([*OPENING, *window(10 * S + 1, 2, 200), (11 * S + 2, 0)]) == []
    assert noted([*OPENING, *window(10 * S + 1, 200, 200, 2 * MS), (11 * S + 2, 0)]) == []


def test_of_few_replies_nothing_is_said() -> None:
    """99 replies, all late: too few to tell."""
    assert noted([*OPENING, *window(10 * S + 1, 98, 98), (11 * S + 2, 0)]) == []


def test_it_is_said_every_ten_seconds_at_most() -> None:
    """25 bad seconds are three sentences; each counts its own second only."""
    replies = list(OPENING)
    for second in range(25):
        replies += window((10 + second) * S + 1, 50, 200)
    said = noted([*replies, (35 * S + 2, 0)])
    assert len(said) == 3
    assert all(re.search(r": 5\d of 20\d replies", each) for each in said)


def test_a_good_second_after_a_bad_one_is_not_blamed() -> None:
    """Counts begin anew with each second, whether or not anything was said."""
    quiet = [*OPENING, *window(10 * S + 1, 90, 90), *window(11 * S + 2, 0, 200), (12 * S + 3, 0)]
    assert noted(quiet) == []


@pytest.mark.parametrize(("shares", "said"), [([0.95], 1), ([0.85], 0), ([0.2, 0.95, 0.95], 1), ([0.95] * 12, 2)])
def test_a_thread_that_takes_the_core_is_said_though_no_reply_is_late(shares: list[float], said: int) -> None:
    """What waits in sockets has not arrived yet; it is said every ten seconds at most, each second alone."""
    told: list[str] = []
    strain = Strain(told.append)
    cpu_ns = 7 * S
    strain.thread(cpu_ns, 10 * S)
    for second, share in enumerate(shares, 11):
        cpu_ns += round(share * S)
        strain.thread(cpu_ns, second * S)
    assert len(told) == said
    assert all("95% of a core" in each for each in told)
