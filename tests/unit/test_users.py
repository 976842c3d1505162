"""Users of a closed phase: when they begin, and what they do between calls."""

import numpy as np
import pytest

from asyncload.scenario import ThinkTime, Users
from asyncload.users import Habits, begins_ns, in_words, think_range_ns

S = 1_000_000_000
THINKING = Users(users=5, think=ThinkTime(from_ns=S, to_ns=3 * S), length_ns=S)


def test_pauses_are_split_mix() -> None:
    """The first three words that SplitMix64 gives from the state 1234567, as its authors' code prints them."""
    habits = Habits(Users(users=1, think=ThinkTime(from_ns=0, to_ns=(1 << 64) - 1), length_ns=S), seed=0, index=0)
    habits._states[0] = 1234567
    assert [habits.think_ns(0) for _ in range(3)] == [6457827717110365317, 3203168211198807973, 9817491932198370423]


def test_pauses_fill_their_range_evenly() -> None:
    """Both ends included, each of ten tenths as often as the others within 5 standard deviations."""
    habits = Habits(Users(users=1, think=ThinkTime(from_ns=10, to_ns=19), length_ns=S), seed=3, index=0)
    counts = np.bincount([habits.think_ns(0) for _ in range(20_000)], minlength=20)
    assert counts[:10].sum() == 0
    assert np.all(np.abs(counts[10:] - 2000) < 5 * np.sqrt(20_000 * 0.1 * 0.9))


def test_each_user_has_pauses_of_its_own() -> None:
    """Whatever the number of users and of ranks, whoever is asked first; other seeds and phases have others."""
    alone = [Habits(THINKING, 7, 0).think_ns(user) for user in range(5)]
    assert len(set(alone)) == 5
    many = Habits(Users(users=50, think=THINKING.think, length_ns=S), 7, 0)
    assert [many.think_ns(user) for user in (4, 3, 2, 1, 0)] == alone[::-1]
    share = Habits(THINKING, 7, 0, rank=1, world=2)
    assert (share.users, [share.think_ns(user) for user in range(2)]) == (2, alone[1::2])
    assert all(Habits(THINKING, *other).think_ns(0) != alone[0] for other in ((8, 0), (7, 1)))


@pytest.mark.parametrize(
    ("phase", "ready_ns", "pauses"),
    [
        (Users(users=1, length_ns=S), 150, False),
        (Users(users=1, think=40, length_ns=S), 190, True),
        (Users(users=1, pace_ns=20, length_ns=S), 150, True),
        (Users(users=1, pace_ns=300, length_ns=S), 400, True),
        (Users(users=1, pace_ns=300, think=260, length_ns=S), 410, True),
    ],
)
def test_a_user_is_ready_after_its_pause_and_not_before_its_pace(phase: Users, ready_ns: int, *, pauses: bool) -> None:
    """Of a call that was due at 100 ns and answered at 150 ns."""
    habits = Habits(phase, 7, 0)
    assert (habits.ready_ns(0, 100, 150), habits.pauses) == (ready_ns, pauses)


def test_users_begin_one_after_the_other() -> None:
    """The k-th new one at k / spawn, those before not at all, each rank its own."""
    phase = Users(users=7, spawn_per_s=3.0, length_ns=9 * S)
    assert begins_ns(phase, 0).tolist() == [k * S // 3 for k in range(7)]
    assert begins_ns(phase, 4).tolist() == [k * S // 3 for k in range(3)]
    assert begins_ns(phase, 9).tolist() == []
    assert begins_ns(phase, 4, rank=1, world=2).tolist() == [S // 3]
    assert begins_ns(phase, 0, rank=8, world=9).tolist() == []
    assert begins_ns(Users(users=3, length_ns=S), 1).tolist() == [0, 0]


def test_a_phase_in_words() -> None:
    everything = Users(users=200, spawn_per_s=50.0, think=ThinkTime(from_ns=S, to_ns=3 * S), pace_ns=4 * S, length_ns=S)
    assert in_words(everything) == "200 users, 50/s begin, pause 1s to 3s, a call every 4s at most"
    assert in_words(Users(users=1, length_ns=S)) == "1 user, all begin at once, no pause"
    assert in_words(Users(users=2, think=S, length_ns=S)) == "2 users, all begin at once, pause 1s"
    assert think_range_ns(everything) == (S, 3 * S)
