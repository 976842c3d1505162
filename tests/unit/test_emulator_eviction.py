"""Which idle model goes first."""

import pytest

from asyncload.emulator.behind.backend import Footprint
from asyncload.emulator.config.endpoint import Eviction
from asyncload.emulator.platform.eviction import RANKINGS
from asyncload.emulator.platform.holdings import Room
from asyncload.emulator.platform.residency import Residency
from asyncload.emulator.platform.steps import Act, Step

ONE = Footprint(disk_bytes=1, memory_bytes=1)


def _asked(residency: Residency, name: str, now_ns: int) -> None:
    residency.arrive(name, ONE, now_ns)
    residency.leave(name)


def _loaded(residency: Residency, name: str, now_ns: int) -> None:
    residency.arrive(name, ONE, now_ns)
    residency.done(Step(Act.DOWNLOAD, name), now_ns)
    residency.done(Step(Act.LOAD, name), now_ns)
    residency.leave(name)


@pytest.mark.parametrize(
    ("eviction", "goes", "reason"),
    [
        ("lru", "b", "b was asked for last at 5, c at 6, a at 7"),
        ("lfu", "c", "c was asked for twice, b and a three times"),
        ("fifo", "a", "a was loaded at 1, b at 2, c at 3"),
    ],
)
def test_each_ranking_has_another_first(eviction: Eviction, goes: str, reason: str) -> None:
    """Of three models one was used longest ago, another least often, and the third was loaded first."""
    residency = Residency(Room(3, 10, 1), RANKINGS[eviction])
    for now_ns, name in enumerate("abc", start=1):
        _loaded(residency, name, now_ns)
    for now_ns, name in enumerate("bbcaa", start=4):
        _asked(residency, name, now_ns)
    residency.steps()
    residency.arrive("d", ONE, 10)
    residency.done(Step(Act.DOWNLOAD, "d"), 11)
    assert residency.steps() == [Step(Act.DOWNLOAD, "d"), Step(Act.UNLOAD, goes)], reason


def test_a_model_on_disk_keeps_what_is_known_of_it() -> None:
    """Uses are counted from the first request since the artefact was downloaded, not since the last load."""
    residency = Residency(Room(1, 10, 1), RANKINGS["lfu"], cache=False)
    _loaded(residency, "a", 1)
    residency.done(Step(Act.UNLOAD, "a"), 2)
    _asked(residency, "a", 3)
    assert residency._held.models["a"].resident.uses == 2
