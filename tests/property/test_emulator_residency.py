"""
The residency of an instance, against a platform and a container that are kept by hand.

Whatever is asked in whatever order, whatever fails, and whoever gives up: every step must be one that the hand-kept
instance can carry out, and in the end nobody waits.
"""

from collections import Counter
from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from asyncload.emulator.behind.backend import Footprint, LoadError, NoMemoryError
from asyncload.emulator.platform.eviction import RANKINGS, Ranking, Resident
from asyncload.emulator.platform.holdings import Place, Room
from asyncload.emulator.platform.residency import Residency
from asyncload.emulator.platform.steps import Act, Step, Tier

NAMES = "abcdef"
BEGINS = {
    Act.DOWNLOAD: (Place.COLD, Place.DOWNLOADING),
    Act.LOAD: (Place.WARM, Place.LOADING),
    Act.UNLOAD: (Place.HOT, Place.UNLOADING),
    Act.DELETE: (Place.WARM, Place.DELETING),
}
"""From where to where a step takes a model when it begins."""
ENDS = {Act.DOWNLOAD: Place.WARM, Act.LOAD: Place.HOT, Act.UNLOAD: Place.WARM, Act.DELETE: Place.COLD}
FALLS_BACK = {Act.DOWNLOAD: Place.COLD, Act.LOAD: Place.WARM}
IN_MEMORY = {Place.LOADING, Place.HOT, Place.UNLOADING}
TIERS = {
    Place.COLD: {Tier.COLD},
    Place.WARM: {Tier.WARM},
    Place.UNLOADING: {Tier.WARM, Tier.COLD},
    Place.DELETING: {Tier.COLD},
}
"""What an arrival may be told that is the first to want a model."""

sizes = st.integers(1, 6)


@st.composite
def models(draw: st.DrawFn) -> tuple[Footprint, int]:
    """(What the platform knows of it, what it takes in the container): the same, unless nobody knows beforehand."""
    memory_bytes = draw(sizes)
    known = draw(st.booleans())
    return Footprint(draw(sizes), memory_bytes if known else 0), memory_bytes


@dataclass
class Kept:
    """One model of the hand-kept instance."""

    footprint: Footprint
    true_memory_bytes: int
    place: Place = Place.COLD
    wanted: bool = False
    """Whether somebody has begun to bring it, and it is neither hot nor given up."""
    waiting: int = 0
    """Requests that wait for it."""
    serving: int = 0
    """Requests in the container."""
    resident: Resident = field(default_factory=Resident)

    @property
    def pins(self) -> int:
        return self.waiting + self.serving


class Instance(RuleBasedStateMachine):
    """An instance kept by hand."""

    @initialize(
        kept=st.lists(models(), min_size=len(NAMES), max_size=len(NAMES)),
        room=st.builds(Room, st.integers(3, 12), st.integers(3, 14), st.integers(1, 3)),
        ranking=st.sampled_from(sorted(RANKINGS)),
        cache=st.booleans(),
    )
    def begin(self, kept: list[tuple[Footprint, int]], room: Room, ranking: str, cache: bool) -> None:  # noqa: FBT001
        self.now_ns = 0
        self.room = room
        self.cache = cache
        self.ranking: Ranking = RANKINGS[ranking]  # type: ignore[index]
        self.residency = Residency(room, self.ranking, cache=cache)
        self.kept = {name: Kept(*each) for name, each in zip(NAMES, kept, strict=True)}
        self.under_way: list[Step] = []

    # -- what happens -------------------------------------------------------------------------------------------------

    @rule(name=st.sampled_from(NAMES), later_ns=st.integers(0, 2))
    def arrive(self, name: str, later_ns: int) -> None:
        self.now_ns += later_ns
        kept = self.kept[name]
        if kept.place is Place.COLD and not kept.pins and not kept.wanted:
            kept.resident = Resident()  # nothing is kept of it
        kept.resident.last_used_ns = self.now_ns
        kept.resident.uses += 1
        tier = self.residency.arrive(name, kept.footprint, self.now_ns)
        if kept.place is Place.HOT:
            assert tier is Tier.HOT
            kept.serving += 1
        else:
            assert tier in ({Tier.LOADING} if kept.wanted else TIERS[kept.place])
            kept.waiting += 1
            kept.wanted = True
        self.take_steps()

    @precondition(lambda self: any(kept.serving for kept in self.kept.values()))
    @rule(data=st.data())
    def be_answered(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from([name for name, kept in self.kept.items() if kept.serving]))
        self.kept[name].serving -= 1
        self.residency.leave(name)
        self.take_steps()

    @precondition(lambda self: any(kept.waiting for kept in self.kept.values()))
    @rule(data=st.data())
    def stop_waiting(self, data: st.DataObject) -> None:
        """A request's 60 s are over; the load goes on."""
        name = data.draw(st.sampled_from([name for name, kept in self.kept.items() if kept.waiting]))
        self.kept[name].waiting -= 1
        self.residency.leave(name)
        self.take_steps()

    @precondition(lambda self: any(kept.wanted for kept in self.kept.values()))
    @rule(data=st.data())
    def abandon(self, data: st.DataObject) -> None:
        """The 360 s of a load are over."""
        name = data.draw(st.sampled_from([name for name, kept in self.kept.items() if kept.wanted]))
        waits = self.kept[name].place not in {Place.DOWNLOADING, Place.LOADING}
        self.residency.abandon(name, LoadError(504, "late"))
        self.take_steps()
        assert not (waits and self.kept[name].wanted), "who waits for room is told at once"

    @precondition(lambda self: self.under_way)
    @rule(data=st.data())
    def end_a_step(self, data: st.DataObject) -> None:
        step = data.draw(st.sampled_from(self.under_way))
        if step.act in FALLS_BACK and data.draw(st.integers(0, 4)) == 0:
            self.end_badly(step, LoadError(500, "failed"))
        else:
            self.end_well(step)

    # -- what the instance does about it ------------------------------------------------------------------------------

    def end_well(self, step: Step) -> None:
        """Carry out a step, as far as the container has memory."""
        kept = self.kept[step.model]
        if step.act is Act.LOAD and self.container_bytes() + kept.true_memory_bytes > self.room.memory_bytes:
            self.end_badly(step, NoMemoryError(507, "no memory"))
            return
        self.under_way.remove(step)
        kept.place = ENDS[step.act]
        if step.act is Act.LOAD:
            kept.resident.loaded_ns = self.now_ns
            kept.serving, kept.waiting, kept.wanted = kept.waiting, 0, False
        self.residency.done(step, self.now_ns)
        self.take_steps()

    def end_badly(self, step: Step, error: LoadError) -> None:
        self.under_way.remove(step)
        kept = self.kept[step.model]
        kept.place = FALLS_BACK[step.act]
        if self.residency.failed(step, error):
            self.take_steps()
            self.told(step.model)
        else:
            assert isinstance(error, NoMemoryError)
            self.take_steps()

    def take_steps(self) -> None:
        given_up = []
        steps = self.residency.steps()
        for step in steps:
            if step.act is Act.GIVE_UP:
                assert step.error is not None
                given_up.append(step.model)
            else:
                self.take(step)
        self.check_order([step.model for step in steps if step.act is Act.UNLOAD])
        for name in given_up:
            self.told(name)

    def take(self, step: Step) -> None:
        assert step.model not in {other.model for other in self.under_way}, "one step at a time for each model"
        kept = self.kept[step.model]
        before, during = BEGINS[step.act]
        assert kept.place is before
        assert not (step.act is Act.UNLOAD and kept.pins), "a hot model that is pinned stays"
        assert kept.wanted or step.act not in FALLS_BACK, "nothing is brought that nobody has wanted"
        kept.place = during
        self.under_way.append(step)

    def check_order(self, unloaded: list[str]) -> None:
        """Those that went are those that the ranking puts first; only what frees nothing may be left out."""
        stayed = [kept for kept in self.kept.values() if kept.place is Place.HOT and not kept.pins]
        for went in (self.kept[name] for name in unloaded):
            for kept in stayed:
                in_vain = kept.footprint.memory_bytes == 0
                without_cache = not self.cache
                assert in_vain or without_cache or self.ranking(went.resident) <= self.ranking(kept.resident)

    def told(self, name: str) -> None:
        """Everybody who waits for a model sees its error, and leaves."""
        kept = self.kept[name]
        kept.wanted = False
        while kept.waiting:
            kept.waiting -= 1
            self.residency.leave(name)
            self.take_steps()

    def container_bytes(self) -> int:
        held = (kept for kept in self.kept.values() if kept.place in {Place.HOT, Place.UNLOADING})
        return sum(kept.true_memory_bytes for kept in held)

    # -- what always holds --------------------------------------------------------------------------------------------

    @invariant()
    def places_agree(self) -> None:
        for name, kept in self.kept.items():
            assert self.residency.place(name) is kept.place
            assert self.residency.holds(name) or not kept.wanted

    @invariant()
    def accounts_agree(self) -> None:
        everywhere = self.kept.values()
        memory_bytes = sum(kept.footprint.memory_bytes for kept in everywhere if kept.place in IN_MEMORY)
        disk_bytes = sum(kept.footprint.disk_bytes for kept in everywhere if kept.place is not Place.COLD)
        assert self.residency.memory_used_bytes == memory_bytes <= self.room.memory_bytes
        assert self.residency.disk_used_bytes == disk_bytes <= self.room.disk_bytes
        assert self.residency.hot == sum(kept.place is Place.HOT for kept in everywhere)

    @invariant()
    def loads_are_few(self) -> None:
        assert Counter(step.act in FALLS_BACK for step in self.under_way)[True] <= self.room.loads_at_once

    @invariant()
    def nothing_is_kept_of_the_forgotten(self) -> None:
        known = sum(kept.place is not Place.COLD or kept.wanted or kept.pins > 0 for kept in self.kept.values())
        assert self.residency.models == known

    def teardown(self) -> None:
        """Once requests end and steps are carried out, nobody waits; nothing needs to be abandoned for that."""
        for _ in range(1_000):
            serving = [name for name, kept in self.kept.items() if kept.serving]
            if serving:
                self.kept[serving[0]].serving -= 1
                self.residency.leave(serving[0])
                self.take_steps()
            elif self.under_way:
                self.end_well(self.under_way[0])
            else:
                break
        else:
            raise AssertionError("it never comes to rest")
        assert not any(kept.waiting or kept.wanted for kept in self.kept.values()), "nobody waits for ever"
        self.places_agree()
        self.accounts_agree()
        self.nothing_is_kept_of_the_forgotten()


TestInstance = Instance.TestCase
TestInstance.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)
