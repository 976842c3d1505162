"""The crowd in virtual time, for any phases, pauses and service times: laws of what each user does."""

from itertools import islice, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncload.plan import Plan
from asyncload.scenario import Arrivals, Phase, ThinkTime, Users
from asyncload.users import Habits
from tests.unit.crowds import MS, Made, World, scenario, virtual_loop

thinks = st.one_of(
    st.just(0),
    st.integers(0, 80 * MS),
    st.builds(
        lambda a, b: ThinkTime(from_ns=min(a, b), to_ns=max(a, b)), st.integers(0, 60 * MS), st.integers(0, 60 * MS)
    ),
)
closed = st.builds(
    Users,
    users=st.integers(1, 12),
    think=thinks,
    pace_ns=st.one_of(st.none(), st.integers(1, 120 * MS)),
    spawn_per_s=st.one_of(st.none(), st.floats(40.0, 500.0)),
    length_ns=st.integers(300 * MS, 900 * MS),
)
opened = st.builds(Arrivals, rate=st.floats(1.0, 200.0), length_ns=st.integers(100 * MS, 400 * MS))


class Story:
    """What a scenario's users did, held against what they should have done."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.spans = world.plan.phases()
        self.habits = {
            index: Habits(span.users, 7, index, world.plan.rank, world.plan.world)
            for index, span in enumerate(self.spans)
            if span.users is not None
        }

    def phase_of(self, due_ns: int) -> int:
        return next(index for index, span in enumerate(self.spans) if span.start_ns <= due_ns < span.end_ns)

    def follows(self, one: Made, other: Made) -> bool:
        """Whether a call is due when its user, after the call before it, is ready; or begins anew, having stopped."""
        index = self.phase_of(one.due_ns)
        ready_ns = self.habits[index].ready_ns(one.user, one.due_ns, one.last_ns)
        if other.due_ns == ready_ns:
            return True
        return self.stops(index, one.user, ready_ns) and self.begins(other)

    def ends(self, last: Made) -> bool:
        """Whether nothing more was to come of a user after its last call."""
        index = self.phase_of(last.due_ns)
        ready_ns = self.habits[index].ready_ns(last.user, last.due_ns, last.last_ns)
        return self.stops(index, last.user, ready_ns)

    def stops(self, index: int, user: int, ready_ns: int) -> bool:
        return ready_ns >= self.end_of_stage(index) or user >= self.users_at(ready_ns)

    def end_of_stage(self, index: int) -> int:
        return next((span.start_ns for span in self.spans[index:] if span.users is None), self.spans[-1].end_ns)

    def users_at(self, at_ns: int) -> int:
        return self.habits[self.phase_of(at_ns)].users

    def begins(self, call: Made) -> bool:
        """Whether a user of this number is new in its phase, and begins at that time."""
        index = self.phase_of(call.due_ns)
        users, before = self.spans[index].users, self.spans[index - 1].users if index else None
        assert users is not None
        rank, world = self.world.plan.rank, self.world.plan.world
        number = call.user * world + rank - (before.users if before else 0)
        offset_ns = 0 if users.spawn_per_s is None else int(number * 1e9 / users.spawn_per_s)
        return number >= 0 and call.due_ns == self.spans[index].start_ns + offset_ns


@given(
    phases=st.lists(st.one_of(closed, closed, opened), min_size=1, max_size=4),
    services=st.lists(st.integers(0, 200 * MS), min_size=1, max_size=12),
    ranks=st.sampled_from([(0, 1), (0, 2), (1, 2), (2, 3)]),
    halt_ns=st.integers(0, 100 * MS),
)
@settings(deadline=None, max_examples=40)
def test_the_laws_of_the_crowd(
    *, phases: list[Phase], services: list[int], ranks: tuple[int, int], halt_ns: int
) -> None:
    """
    One call a user at a time, due when the last reply and the pause after it are over, of the draws in their order.

    `services` are the times of the calls, one after the other, again and again; the machine stands still for `halt_ns`.
    """

    def halt(world: World) -> None:
        world.loop.patience.now_ns += halt_ns

    with pytest.MonkeyPatch.context() as patch, virtual_loop(patch) as loop:
        world = World(loop, Plan(scenario(*phases), *ranks), counts_turns=False)
        world.service_ns = lambda number: services[number % len(services)] or 1000
        world.at = {0.25: halt}
        world.run()
    story = Story(world)
    rows = world.recorder.tick().rows
    assert world.tally.sent == len(world.made) == world.recorder.recorded == (0 if rows is None else len(rows))
    assert (world.tally.dropped, world.tally.in_flight) == (0, 0)
    assert world.plan.phases()[-1].users or world.tally.users == 0
    calls = [call for call in world.made if call.user >= 0]
    assert all(call.sent_ns >= call.due_ns for call in calls)
    stages = {story.end_of_stage(index) for index in story.habits}
    for end_ns in stages:
        begin_ns = max((span.end_ns for span in story.spans if span.users is None and span.end_ns <= end_ns), default=0)
        crowd = [call for call in calls if begin_ns <= call.due_ns < end_ns]
        first = story.phase_of(begin_ns)
        assert {call.user for call in crowd} >= set(range(story.habits[first].users))
        for user in {call.user for call in crowd}:
            own = [call for call in crowd if call.user == user]
            assert story.begins(own[0])
            for one, other in pairwise(own):
                assert one.last_ns <= other.sent_ns
                assert story.follows(one, other)
            assert story.ends(own[-1])
    for index in story.habits:
        made = [
            key for key, call in zip(world.keys_of_calls(), world.made, strict=True)
            if call.user >= 0 and story.phase_of(call.due_ns) == index
        ]  # fmt: skip
        drawn = (pair for draws in world.plan.draws(index) for pair in zip(*map(list, draws), strict=True))
        assert made == list(islice(drawn, len(made)))
