"""What an instance does about its models, told as scenarios: each event, and what comes of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from asyncload.emulator.behind.backend import Footprint, LoadError, NoMemoryError
from asyncload.emulator.platform.holdings import Room
from asyncload.emulator.platform.residency import Residency
from asyncload.emulator.platform.steps import Act, Step

ONE = Footprint(disk_bytes=1, memory_bytes=1)
UNKNOWN = Footprint(disk_bytes=1, memory_bytes=0)
ROOM = Room(memory_bytes=2, disk_bytes=10, loads_at_once=2)
LATE = LoadError(504, "late")


@dataclass(frozen=True)
class Scenario:
    """
    What happens to one instance.

    Events are `ask m`, `leave m`, `done STEP m`, `fail STEP m`, `507 m` (the container has no memory for it), `late m`.
    What comes of one: where the model was, the steps that begin, and `failed m` if a failure is final.
    """

    reason: str
    events: tuple[tuple[str, str], ...]
    hot: str = ""
    """Models that are loaded and idle at first, the least recently used first."""
    footprints: Mapping[str, Footprint] = field(default_factory=dict)
    """Of those that do not take 1 byte of each."""
    room: Room = ROOM
    cache: bool = True


class Told:
    """A scenario under way."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.residency = Residency(scenario.room, cache=scenario.cache)
        self.now_ns = 0
        for name in scenario.hot:
            self.now_ns += 1
            self.residency.preload(name, self.footprint(name), self.now_ns)

    def footprint(self, name: str) -> Footprint:
        return self.scenario.footprints.get(name, ONE)

    def happens(self, event: str) -> str:
        self.now_ns += 1
        comes = list[str]()
        match event.split():
            case ["ask", name]:
                comes.append(self.residency.arrive(name, self.footprint(name), self.now_ns))
            case ["leave", name]:
                self.residency.leave(name)
            case ["late", name]:
                self.residency.abandon(name, LATE)
            case ["done", act, name]:
                self.residency.done(Step(Act(act), name), self.now_ns)
            case ["507", name] if self.residency.failed(Step(Act.LOAD, name), NoMemoryError(507, "")):
                comes.append(f"failed {name}")
            case ["fail", act, name] if self.residency.failed(Step(Act(act), name), LoadError(500, "")):
                comes.append(f"failed {name}")
        comes += [f"{step.act} {step.model}" for step in self.residency.steps()]
        return ", ".join(comes)


SCENARIOS = {
    "from S3 to memory": Scenario(
        "a cold model is downloaded, loaded, and hot for whoever asks later",
        (
            ("ask a", "cold, download a"),
            ("done download a", "load a"),
            ("done load a", ""),
            ("leave a", ""),
            ("ask a", "hot"),
        ),
    ),
    "shared": Scenario(
        "whoever asks for a model that is on its way waits for that: it is brought once",
        (
            ("ask a", "cold, download a"),
            ("ask a", "loading"),
            ("done download a", "load a"),
            ("ask a", "loading"),
            ("done load a", ""),
        ),
    ),
    "few at once": Scenario(
        "a model keeps its place from the beginning of its download to the end of its load",
        (
            ("ask a", "cold, download a"),
            ("ask b", "cold"),
            ("done download a", "load a"),
            ("done load a", "download b"),
        ),
        room=Room(2, 10, loads_at_once=1),
    ),
    "least recently used": Scenario(
        "memory is made by the idle model that was asked for longest ago, and used once that is out",
        (
            ("ask a", "hot"),
            ("leave a", ""),
            ("ask c", "cold, download c"),
            ("done download c", "unload b"),
            ("done unload b", "load c"),
        ),
        hot="ab",
    ),
    "pinned": Scenario(
        "a model with a request in flight stays, however long ago that came",
        (
            ("ask a", "hot"),
            ("ask b", "hot"),
            ("ask c", "cold, download c"),
            ("done download c", ""),
            ("leave b", "unload b"),
        ),
        hot="ab",
    ),
    "nobody goes in vain": Scenario(
        "if all idle models together are not enough, none goes; with the last one all do that are needed",
        (
            ("ask b", "hot"),
            ("ask c", "cold, download c"),
            ("done download c", ""),
            ("leave b", "unload a, unload b"),
            ("done unload a", ""),
            ("done unload b", "load c"),
        ),
        hot="ab",
        footprints={"c": Footprint(1, 2)},
    ),
    "what frees nothing stays": Scenario(
        "a model of which nobody knows what it takes does not go for bytes",
        (("ask c", "cold, download c"), ("done download c", "unload b")),
        hot="abd",
        footprints={"a": UNKNOWN},
    ),
    "no overtaking": Scenario(
        "small models behind a large one that waits for memory wait too, else it would wait for ever",
        (
            ("ask a", "hot"),
            ("ask c", "cold, download c"),
            ("done download c", ""),
            ("ask d", "cold, download d"),
            ("done download d", ""),
            ("leave a", "unload a"),
            ("done unload a", "load c"),
        ),
        hot="a",
        footprints={"c": Footprint(1, 2)},
    ),
    "no overtaking from disk": Scenario(
        "nor does a model that is on disk already, though there is memory for it",
        (
            ("ask a", "hot"),
            ("ask d", "cold, download d"),
            ("done download d", "load d"),
            ("fail load d", "failed d"),
            ("leave d", ""),
            ("ask c", "cold, download c"),
            ("done download c", ""),
            ("ask d", "warm"),
        ),
        hot="a",
        footprints={"c": Footprint(1, 2)},
    ),
    "asked for while it is unloaded": Scenario(
        "it is unloaded first, and gets its turn after those that came before",
        (
            ("ask c", "cold, download c"),
            ("done download c", "unload a"),
            ("ask a", "warm"),
            ("done unload a", "load c, unload b"),
            ("done unload b", "load a"),
        ),
        hot="ab",
    ),
    "asked for while it is deleted": Scenario(
        "it is deleted first, then downloaded again",
        (
            ("ask b", "cold, unload a"),
            ("done unload a", "delete a"),
            ("ask a", "cold"),
            ("done delete a", "download b"),
            ("done download b", "load b"),
            ("done load b", ""),
            ("leave b", "unload b"),
            ("done unload b", "delete b"),
            ("done delete b", "download a"),
        ),
        hot="a",
        room=Room(2, disk_bytes=1, loads_at_once=2),
    ),
    "asked for while it is doomed": Scenario(
        "a model that will be deleted as soon as it is unloaded is as good as cold",
        (
            ("ask b", "cold, unload a"),
            ("ask a", "cold"),
            ("done unload a", "delete a"),
            ("done delete a", "download b"),
        ),
        hot="a",
        room=Room(2, disk_bytes=1, loads_at_once=2),
    ),
    "first what is not loaded": Scenario(
        "disk is made by artefacts that are not loaded, even if loaded models are older",
        (
            ("ask b", "cold, download b"),
            ("done download b", "load b"),
            ("fail load b", "failed b"),
            ("leave b", ""),
            ("ask c", "cold, delete b"),
            ("done delete b", "download c"),
        ),
        hot="a",
        room=Room(2, disk_bytes=2, loads_at_once=2),
    ),
    "a model on its way out goes on to S3": Scenario(
        "one that is being unloaded already is deleted rather than one that is loaded",
        (
            ("ask c", "cold, download c"),
            ("done download c", "unload a"),
            ("ask d", "cold"),
            ("done unload a", "delete a, load c"),
        ),
        hot="ab",
        room=Room(2, disk_bytes=3, loads_at_once=2),
    ),
    "what has a place stays on disk": Scenario(
        "a model that waits for memory only is not deleted, though its requests have given up",
        (
            ("ask a", "hot"),
            ("ask b", "cold, download b"),
            ("done download b", ""),
            ("leave b", ""),
            ("ask c", "cold"),
            ("leave a", "unload a"),
            ("done unload a", "delete a, load b"),
        ),
        hot="a",
        room=Room(1, disk_bytes=2, loads_at_once=2),
    ),
    "what waits ahead stays on disk": Scenario(
        "nor is one that waits for its turn, as long as a loaded one can go",
        (
            ("ask c", "cold, download c"),
            ("done download c", "unload a"),
            ("ask a", "warm"),
            ("leave a", ""),
            ("ask d", "cold, unload b"),
            ("done unload b", "delete b, load c"),
            ("done unload a", "load a"),
        ),
        hot="ab",
        room=Room(2, disk_bytes=3, loads_at_once=2),
    ),
    "what is going counts once": Scenario(
        "a model that goes for one that has given up meanwhile goes for the next, which needs another one besides",
        (
            ("ask c", "cold, unload a"),
            ("late c", "give up c"),
            ("ask d", "cold, unload b"),
            ("done unload a", "delete a"),
        ),
        hot="ab",
        room=Room(2, disk_bytes=2, loads_at_once=2),
        footprints={"d": Footprint(2, 1)},
    ),
    "two that wait for one another's room": Scenario(
        "the artefact of a model further back goes for the first in the queue, and is downloaded again",
        (
            ("ask a", "hot"),
            ("ask b", "hot"),
            ("ask c", "cold, download c"),
            ("done download c", ""),
            ("late c", "give up c"),
            ("leave c", ""),
            ("ask d", "cold"),
            ("ask c", "warm"),
            ("leave a", "unload a, delete c"),
            ("done delete c", ""),
            ("done unload a", "delete a"),
            ("done delete a", "download d"),
            ("done download d", "load d"),
        ),
        hot="ab",
        room=Room(2, disk_bytes=3, loads_at_once=2),
        footprints={"d": Footprint(2, 1)},
    ),
    "larger than the memory": Scenario(
        "what can never be loaded is refused at once, not downloaded, and nothing goes for it",
        (("ask c", "cold, give up c"), ("leave c", "")),
        hot="ab",
        footprints={"c": Footprint(1, 3)},
    ),
    "larger than the disk": Scenario(
        "what can never be downloaded is refused at once, even if others wait for their turn",
        (("ask a", "cold, download a"), ("ask b", "cold"), ("ask c", "cold, give up c"), ("leave c", "")),
        room=Room(2, 10, loads_at_once=1),
        footprints={"c": Footprint(11, 1)},
    ),
    "no memory": Scenario(
        "a 507 costs one idle model, then the load is tried again; another 507 costs another",
        (
            ("ask c", "cold, download c"),
            ("done download c", "load c"),
            ("507 c", "unload a"),
            ("done unload a", "load c"),
            ("507 c", "unload b"),
            ("done unload b", "load c"),
            ("done load c", ""),
        ),
        hot="ab",
        footprints=dict.fromkeys("abc", UNKNOWN),
    ),
    "no memory, and nothing else in it": Scenario(
        "a model that is refused all the memory there is has failed",
        (("ask a", "cold, download a"), ("done download a", "load a"), ("507 a", "failed a")),
        footprints={"a": UNKNOWN},
    ),
    "no memory, and nobody idle": Scenario(
        "the load waits until a request leaves",
        (
            ("ask a", "hot"),
            ("ask c", "cold, download c"),
            ("done download c", "load c"),
            ("507 c", ""),
            ("leave a", "unload a"),
            ("done unload a", "load c"),
        ),
        hot="a",
        footprints=dict.fromkeys("ac", UNKNOWN),
    ),
    "no memory, but somebody is going": Scenario(
        "a model that is on its way out anyhow is the one that goes for it",
        (
            ("ask c", "cold, download c"),
            ("done download c", "load c"),
            ("ask d", "cold, unload a"),
            ("507 c", ""),
            ("done unload a", "delete a, load c"),
        ),
        hot="ab",
        room=Room(2, disk_bytes=3, loads_at_once=2),
        footprints=dict.fromkeys("abcd", UNKNOWN),
    ),
    "refused, then alone": Scenario(
        "while a model that was refused is loaded again no other begins to, else it could be refused for ever",
        (
            ("ask c", "cold, download c"),
            ("ask d", "cold, download d"),
            ("done download c", "load c"),
            ("507 c", "unload a"),
            ("done download d", ""),
            ("done unload a", "load c"),
            ("done load c", "load d"),
        ),
        hot="a",
        footprints=dict.fromkeys("acd", UNKNOWN),
    ),
    "two refused": Scenario(
        "neither has failed, for each had the other beside it: the last one is loaded alone, then the first",
        (
            ("ask c", "cold, download c"),
            ("ask d", "cold, download d"),
            ("done download c", "load c"),
            ("done download d", "load d"),
            ("507 c", ""),
            ("507 d", "load d"),
            ("done load d", ""),
            ("leave d", "unload d"),
            ("done unload d", "load c"),
        ),
        footprints=dict.fromkeys("cd", UNKNOWN),
    ),
    "late in the queue": Scenario(
        "who waits for a turn is told at once",
        (("ask a", "cold, download a"), ("ask b", "cold"), ("late b", "give up b"), ("leave b", "")),
        room=Room(2, 10, loads_at_once=1),
    ),
    "late for memory": Scenario(
        "who waits for memory is told at once, and gives its place to the next",
        (
            ("ask a", "hot"),
            ("ask b", "cold, download b"),
            ("done download b", ""),
            ("ask c", "cold"),
            ("late b", "give up b, download c"),
        ),
        hot="a",
        room=Room(1, 10, loads_at_once=1),
    ),
    "late on its way out": Scenario(
        "a model that waits to come back stays out",
        (
            ("ask c", "cold, download c"),
            ("done download c", "unload a"),
            ("ask a", "warm"),
            ("late a", "give up a"),
            ("done unload a", "load c"),
        ),
        hot="ab",
    ),
    "late, and downloaded all the same": Scenario(
        "it is not loaded: whoever ends the download may come too late to do so",
        (("ask a", "cold, download a"), ("late a", ""), ("done download a", "give up a"), ("leave a", "")),
    ),
    "late, and refused": Scenario(
        "a load that is late is not tried again",
        (
            ("ask c", "cold, download c"),
            ("done download c", "load c"),
            ("late c", ""),
            ("507 c", "failed c"),
        ),
        hot="a",
        footprints=dict.fromkeys("ac", UNKNOWN),
    ),
    "late, and loaded all the same": Scenario(
        "a model that has been loaded is kept",
        (("ask a", "cold, download a"), ("done download a", "load a"), ("late a", ""), ("done load a", "")),
    ),
    "late, and asked for again": Scenario(
        "a load that was given up is begun anew for the next request",
        (
            ("ask a", "cold, download a"),
            ("late a", ""),
            ("fail download a", "failed a"),
            ("leave a", ""),
            ("ask a", "cold, download a"),
            ("done download a", "load a"),
        ),
    ),
    "failed to load": Scenario(
        "the artefact stays on disk, and the next request loads it again",
        (
            ("ask a", "cold, download a"),
            ("done download a", "load a"),
            ("fail load a", "failed a"),
            ("leave a", ""),
            ("ask a", "warm, load a"),
        ),
    ),
    "without cache": Scenario(
        "a model is unloaded when its last request has left, and stays on disk",
        (
            ("ask a", "hot"),
            ("ask a", "hot"),
            ("leave a", ""),
            ("leave a", "unload a"),
            ("ask a", "warm"),
            ("done unload a", "load a"),
        ),
        hot="a",
        cache=False,
    ),
    "without cache, loaded for nobody": Scenario(
        "a model whose requests gave up before it was loaded is kept for the next one",
        (
            ("ask a", "cold, download a"),
            ("leave a", ""),
            ("done download a", "load a"),
            ("done load a", ""),
            ("ask a", "hot"),
            ("leave a", "unload a"),
        ),
        cache=False,
    ),
}


@pytest.mark.parametrize("scenario", [pytest.param(each, id=name) for name, each in SCENARIOS.items()])
def test_what_comes_of_each_event(scenario: Scenario) -> None:
    """Each event begins exactly the steps that the scenario says, for the reason that it states."""
    told = Told(scenario)
    came = [(event, told.happens(event)) for event, _ in scenario.events]
    assert came == list(scenario.events), scenario.reason
