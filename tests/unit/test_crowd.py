"""The crowd in virtual time: who calls when, what ends it, and that nobody ever has two calls in flight."""

from collections import Counter
from collections.abc import Iterator
from itertools import islice, pairwise

import pytest

from asyncload.call import Outcome
from asyncload.plan import Plan
from asyncload.scenario import Arrivals, Phase, ThinkTime, Users
from asyncload.users import Habits
from tests.unit import crowds
from tests.unit.crowds import MS, S, World, scenario, virtual_loop
from tests.unit.virtual import VirtualLoop

TURN_NS = 1 * MS
"""More than a few turns of the virtual loop take."""
BURST = 16


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> Iterator[VirtualLoop]:
    with virtual_loop(monkeypatch) as loop:
        yield loop


def world_of(loop: VirtualLoop, *phases: Phase, rank: int = 0, world: int = 1) -> World:
    return World(loop, Plan(scenario(*phases), rank, world))


def draws_of(plan: Plan, index: int, count: int) -> list[tuple[int, int]]:
    """Target and payload of the first calls of a closed phase."""
    pairs = (pair for draws in plan.draws(index) for pair in zip(*(column.tolist() for column in draws), strict=True))
    return list(islice(pairs, count))


def assert_one_call_each(world: World) -> None:
    for user in {call.user for call in world.made} - {-1}:
        for one, other in pairwise(world.of_user(user)):
            assert 0 <= one.last_ns <= other.sent_ns, user


# -- beginning --------------------------------------------------------------------------------------------------------


def test_users_begin_at_the_spawn_rate(loop: VirtualLoop) -> None:
    """At 50/s user k is due at k / 50 s, and sent then."""
    world = world_of(loop, Users(users=20, spawn_per_s=50.0, think=10 * S, length_ns=2 * S))
    world.run()
    assert [(call.user, call.due_ns) for call in world.made] == [(k, k * S // 50) for k in range(20)]
    assert all(0 <= call.sent_ns - call.due_ns < TURN_NS for call in world.made)


def test_without_a_spawn_rate_all_begin_at_once(loop: VirtualLoop) -> None:
    """As fast as bursts go, and in their order."""
    world = world_of(loop, Users(users=100, think=10 * S, length_ns=S))
    world.run()
    assert [(call.user, call.due_ns) for call in world.made] == [(k, 0) for k in range(100)]
    assert max(Counter(call.turn for call in world.made).values()) == BURST


@pytest.mark.parametrize("rank", [0, 1, 2])
def test_ranks_share_the_users_and_their_draws(loop: VirtualLoop, rank: int) -> None:
    """Rank r of 3 has the users r, r + 3, ..., and its n-th call takes draw 3 n + r."""
    phase = Users(users=10, spawn_per_s=10.0, think=100 * MS, length_ns=2 * S)
    world = world_of(loop, phase, rank=rank, world=3)
    world.run()
    first = {call.user: call.due_ns for call in reversed(world.made)}
    assert [first[user] for user in sorted(first)] == [k * S // 10 for k in range(rank, 10, 3)]
    drawn = draws_of(Plan(world.plan.scenario), 0, 3 * len(world.made) + 3)
    assert world.keys_of_calls() == drawn[rank::3][: len(world.made)]


# -- between calls ----------------------------------------------------------------------------------------------------


def test_a_user_calls_again_a_pause_after_its_reply(loop: VirtualLoop) -> None:
    """Due is the reply's last byte plus the pause, to the nanosecond."""
    world = world_of(loop, Users(users=7, think=30 * MS, length_ns=S))
    world.service_ns = lambda number: (7 + 13 * (number % 5)) * MS
    world.run()
    assert len(world.made) > 100
    for user in range(7):
        for one, other in pairwise(world.of_user(user)):
            assert other.due_ns == one.last_ns + 30 * MS
    assert_one_call_each(world)


def test_without_a_pause_a_user_calls_again_at_once(loop: VirtualLoop) -> None:
    """Due is the reply's last byte, and the call goes in the next turn."""
    world = world_of(loop, Users(users=5, length_ns=S))
    world.run()
    for user in range(5):
        for one, other in pairwise(world.of_user(user)):
            assert other.due_ns == one.last_ns
            assert other.sent_ns - other.due_ns < TURN_NS
    assert len(world.of_user(0)) == pytest.approx(50, abs=2)


def test_pauses_are_drawn_for_each_user_by_itself(loop: VirtualLoop) -> None:
    """The n-th pause of a user is the n-th of its stream, whatever the others and the endpoint do."""
    phase = Users(users=6, think=ThinkTime(from_ns=10 * MS, to_ns=90 * MS), length_ns=3 * S)
    world = world_of(loop, phase)
    world.service_ns = lambda number: (1 + number * 7 % 40) * MS
    world.run()
    habits = Habits(phase, seed=7, index=0)
    for user in range(6):
        pauses = [other.due_ns - one.last_ns for one, other in pairwise(world.of_user(user))]
        assert pauses == [habits.think_ns(user) for _ in pauses]
        assert len(set(pauses)) == len(pauses) > 20


def test_pace_is_the_least_time_between_calls(loop: VirtualLoop) -> None:
    """From due to due: 100 ms where the call and the pause are over by then, else as long as they take."""
    world = world_of(loop, Users(users=3, think=20 * MS, pace_ns=100 * MS, length_ns=3 * S))
    world.service_ns = lambda number: 250 * MS if number % 4 == 0 else 10 * MS
    world.run()
    gaps = [
        (other.due_ns - one.due_ns, one.last_ns + 20 * MS - one.due_ns)
        for user in range(3)
        for one, other in pairwise(world.of_user(user))
    ]
    assert all(gap == max(100 * MS, needed) for gap, needed in gaps)
    assert {gap == 100 * MS for gap, _ in gaps} == {True, False}


def test_calls_take_the_plans_draws_in_order(loop: VirtualLoop) -> None:
    """The n-th call of a phase is its n-th draw, over the ends of blocks, however users overtake one another."""
    phase = Users(users=9, think=ThinkTime(from_ns=0, to_ns=20 * MS), length_ns=2 * S)
    world = world_of(loop, Users(users=4, length_ns=S), phase)
    world.service_ns = lambda number: (1 + number * 11 % 17) * MS
    world.run()
    before = sum(call.due_ns < S for call in world.made)
    after = len(world.made) - before
    assert before > 200
    assert after > 500
    assert world.keys_of_calls() == draws_of(world.plan, 0, before) + draws_of(world.plan, 1, after)


# -- bursts -----------------------------------------------------------------------------------------------------------


def test_replies_inside_send_make_no_recursion_and_starve_nobody(loop: VirtualLoop) -> None:
    """No pause, and a transport that answers at once: 16 calls a turn, and everyone else has every turn too."""
    world = world_of(loop, Users(users=2, length_ns=S // 4))
    world.service_ns = lambda number: 0
    world.run()
    per_turn = Counter(call.turn for call in world.made)
    assert Counter(per_turn.values()).most_common(1)[0][0] == max(per_turn.values()) == BURST
    assert len(per_turn) == pytest.approx(S / 4 / 50_000, rel=0.05)
    assert world.tally.dropped == world.tally.in_flight == 0
    assert world.recorder.recorded == len(world.made)


def test_a_dead_target_starves_nobody(loop: VirtualLoop) -> None:
    """As many failures as turns allow, and each counted."""
    world = world_of(loop, Users(users=50, length_ns=S // 10))
    world.service_ns, world.outcome = (lambda number: 0), Outcome.CONNECT
    world.run()
    assert max(Counter(call.turn for call in world.made).values()) == BURST
    assert world.recorder.tick().outcomes.sum(axis=0)[Outcome.CONNECT] == len(world.made) > 1000


def test_as_many_calls_are_outstanding_as_there_are_users(loop: VirtualLoop) -> None:
    """No more, and none is dropped."""
    world = world_of(loop, Users(users=40, length_ns=S))
    world.at = {0.5: lambda world: seen.append((world.tally.in_flight, world.tally.users))}
    seen: list[tuple[int, int]] = []
    world.run()
    assert seen == [(40, 40)]
    assert world.tally.peak_in_flight == 40
    assert (world.tally.dropped, world.tally.users) == (0, 40)


# -- ending -----------------------------------------------------------------------------------------------------------


def test_the_end_of_the_phase_ends_the_calls_not_the_replies(loop: VirtualLoop) -> None:
    """Nothing is due from then on; what is in flight is still counted."""
    world = world_of(loop, Users(users=10, length_ns=S))
    world.service_ns = lambda number: 300 * MS
    world.run()
    assert max(call.due_ns for call in world.made) < S <= world.ended_ns < S + TURN_NS
    assert len(world.made) == world.recorder.recorded == 40


def test_stop_sends_nothing_more(loop: VirtualLoop) -> None:
    """And the replies that come later are counted."""
    world = world_of(loop, Users(users=10, think=1 * MS, length_ns=100 * S))
    world.at = {0.5: lambda world: world.drive.stop()}
    world.run()
    assert max(call.sent_ns for call in world.made) <= 500 * MS
    assert max(call.sent_ns for call in world.made) > S // 2 - 30 * MS
    assert world.recorder.recorded == len(world.made)
    assert world.ended_ns < 501 * MS


def test_stop_before_the_start_sends_nothing(loop: VirtualLoop) -> None:
    world = world_of(loop, Users(users=10, length_ns=S))
    world.at = {-0.02: lambda world: world.drive.stop()}
    world.run()
    assert world.made == []


def test_a_phase_in_which_nobody_is_answered_ends(loop: VirtualLoop) -> None:
    world = world_of(loop, Users(users=10, length_ns=S))
    world.service_ns = lambda number: None
    world.run()
    assert len(world.made) == world.tally.in_flight == 10
    assert world.ended_ns < S + TURN_NS


def test_a_call_that_cannot_be_made_fails_the_run(loop: VirtualLoop, monkeypatch: pytest.MonkeyPatch) -> None:
    world = world_of(loop, Users(users=3, length_ns=S))
    monkeypatch.setattr(crowds, "CallBook", lambda scenario, pools: {})
    with pytest.raises(KeyError):
        world.run()


def test_draws_that_fail_fail_the_run(loop: VirtualLoop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Although nobody waits for them when they are drawn ahead."""
    real, blocks = Plan.draws, [0]

    def draws(plan: Plan, index: int, most: int) -> object:
        for block in real(plan, index, most):
            blocks[0] += 1
            if blocks[0] > 3:
                raise ZeroDivisionError("no more")
            yield block

    monkeypatch.setattr(Plan, "draws", draws)
    world = world_of(loop, Users(users=3, length_ns=10 * S))
    with pytest.raises(ZeroDivisionError, match="no more"):
        world.run()
    assert 2 * 64 <= len(world.made) <= 3 * 64


# -- phases that follow one another -----------------------------------------------------------------------------------


def test_users_go_on_in_the_next_closed_phase(loop: VirtualLoop) -> None:
    """Who waits or pauses is not sent anew: never more calls than users, no herd at the seam; and new ones begin."""
    world = world_of(
        loop, Users(users=10, think=40 * MS, length_ns=S), Users(users=14, spawn_per_s=2.0, length_ns=3 * S)
    )
    world.service_ns = lambda number: 70 * MS
    world.run()
    assert_one_call_each(world)
    for user in range(10):
        for one, other in pairwise(world.of_user(user)):
            assert other.due_ns == one.last_ns + (40 * MS if one.due_ns < S else 0)
    assert [world.of_user(user)[0].due_ns for user in range(10, 14)] == [S + k * S // 2 for k in range(4)]
    assert world.tally.peak_in_flight == 14


def test_users_that_are_too_many_stop_when_they_are_ready(loop: VirtualLoop) -> None:
    """Those with the highest numbers; the others do not notice."""
    world = world_of(loop, Users(users=10, length_ns=S), Users(users=3, length_ns=S))
    world.service_ns = lambda number: 30 * MS
    world.at = {1.5: lambda world: seen.append(world.tally.users)}
    seen: list[int] = []
    world.run()
    assert {call.user for call in world.made if call.due_ns >= S} == {0, 1, 2}
    assert seen == [3]
    assert world.recorder.recorded == len(world.made)


def test_a_user_that_begins_anew_while_its_old_call_is_in_flight_goes_on_with_that(loop: VirtualLoop) -> None:
    """A call of user 5 outlasts the phase in which there is no user 5: it has one call in flight all the time."""
    world = world_of(
        loop, Users(users=6, length_ns=S), Users(users=2, length_ns=S), Users(users=6, length_ns=S)
    )  # fmt: skip
    world.service_ns = lambda number: 2500 * MS if number == 5 else 50 * MS
    world.run()
    assert world.made[5].user == 5
    assert_one_call_each(world)
    first, second, *_ = world.of_user(5)
    assert second.due_ns == first.last_ns >= 2 * S
    assert next(call.due_ns for call in world.of_user(4) if call.due_ns >= S) == 2 * S
    assert world.tally.peak_in_flight == 6


def test_a_pause_that_outlasts_a_phase_is_kept(loop: VirtualLoop) -> None:
    """As a person would: it thinks to the end."""
    world = world_of(loop, Users(users=1, think=2500 * MS, length_ns=S), *[Users(users=1, length_ns=S)] * 2)
    world.run()
    assert [call.due_ns for call in world.made[:2]] == [0, world.made[0].last_ns + 2500 * MS]


def test_open_and_closed_phases_take_turns(loop: VirtualLoop) -> None:
    """Arrivals are the plan's, users wait, and each phase begins when it should, with replies of the other to come."""
    arrivals = Arrivals(law="constant", rate=50.0, length_ns=S)
    world = world_of(loop, arrivals, Users(users=8, length_ns=S), arrivals, Users(users=4, length_ns=S))
    world.service_ns = lambda number: 150 * MS
    world.run()
    rows = sorted(row[1] for row in world.recorder.tick().rows.tolist())  # type: ignore[union-attr]
    opened = [due for block in world.plan.blocks() for due in block.due_ns.tolist()]
    assert sum(call.user == -1 for call in world.made) == len(opened) == 100
    assert set(opened) <= set(rows)
    closed = [call for call in world.made if call.user >= 0]
    assert all(S <= call.due_ns < 2 * S or 3 * S <= call.due_ns < 4 * S for call in closed)
    assert [call.due_ns for call in closed[:8]] == [S] * 8
    assert min(call.due_ns for call in closed if call.due_ns >= 2 * S) == 3 * S
    assert all(0 <= call.sent_ns - call.due_ns < TURN_NS for call in closed)
    assert world.tally.sent == len(world.made) == world.recorder.recorded


def test_what_was_due_in_time_is_sent_though_late(loop: VirtualLoop) -> None:
    """A loop that stands still over the end of the phase: lateness, no lost call; and none that was due after it."""

    def stand_still(world: World) -> None:
        world.loop.patience.now_ns += 500 * MS

    phases = Users(users=100, spawn_per_s=100.0, think=10 * S, length_ns=S), Users(users=100, think=S, length_ns=S)
    world = world_of(loop, *phases)
    world.at = {0.7: stand_still}
    world.run()
    assert [call.due_ns for call in world.made[:100]] == [k * S // 100 for k in range(100)]
    assert world.keys_of_calls()[:100] == draws_of(world.plan, 0, 100)
    assert world.made[99].sent_ns >= 1200 * MS


def test_a_reply_that_is_told_late_belongs_to_the_phase_under_way(loop: VirtualLoop) -> None:
    """A last byte of the phase before, told after one of this phase: due at its beginning, and no draw out of order."""
    world = world_of(loop, Users(users=2, length_ns=S), Users(users=2, length_ns=S))
    world.service_ns = lambda number: (998, 1001)[number] * MS if number < 2 else S
    world.told_late_ns = lambda number: 6 * MS if number == 0 else 0
    world.run()
    first, second = world.made[2:4]
    assert (first.user, second.user) == (1, 0)
    assert first.due_ns == world.made[1].last_ns > S > world.made[0].last_ns
    assert second.due_ns == S
    assert world.keys_of_calls() == draws_of(world.plan, 0, 2) + draws_of(world.plan, 1, 2)


@pytest.mark.parametrize(("service_ms", "users"), [(105, [0, 1]), (115, [1, 0])])
def test_who_is_ready_first_is_sent_first(loop: VirtualLoop, service_ms: int, users: list[int]) -> None:
    """Whether it waited for a reply or paused, when a loop that stood still finds both ready."""

    def stand_still(world: World) -> None:
        world.loop.patience.now_ns += 50 * MS

    world = world_of(loop, Users(users=2, spawn_per_s=100.0, pace_ns=100 * MS, length_ns=S))  # user 1 pauses to 110 ms
    world.service_ns = lambda number: service_ms * MS if number == 0 else 10 * MS
    if service_ms == 105:
        world.after_reply = stand_still
    else:
        world.at = {0.1099: stand_still}
    world.run()
    assert [call.user for call in world.made[2:4]] == users
