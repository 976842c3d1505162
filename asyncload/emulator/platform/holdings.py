"""
What one instance holds: the place of every model, what they take together, and who goes when another needs room. Pure.

    place of a model                      takes disk   takes memory
    COLD          in S3 only
    DOWNLOADING   on its way to the disk     yes
    WARM          on disk                    yes
    LOADING       on its way to memory       yes          yes
    HOT           in memory                  yes          yes
    UNLOADING     on its way out of memory   yes          yes
    DELETING      on its way off the disk    yes

Room is made by idle models: those that no request wants, and that nobody has begun to load. They go in the order of
`eviction`, no more than are needed besides what is going already, and none if all together were not enough.

    memory   loaded ones
    disk     first those that are not loaded, then those that are being unloaded, then loaded ones, and last those that
             wait to be loaded further back, else two could wait for one another's room for ever
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum

from asyncload.emulator.behind.backend import Footprint
from asyncload.emulator.platform.eviction import Ranking, Resident


class Place(IntEnum):
    """Where a model is, see the file's head."""

    COLD = 0
    DOWNLOADING = 1
    WARM = 2
    LOADING = 3
    HOT = 4
    UNLOADING = 5
    DELETING = 6


IN_MEMORY = frozenset({Place.LOADING, Place.HOT, Place.UNLOADING})


@dataclass(frozen=True, slots=True)
class Room:
    """What an instance has for models."""

    memory_bytes: int
    disk_bytes: int
    loads_at_once: int


@dataclass(slots=True, eq=False)
class Model:
    """One model on one instance. Its place is changed by `Holdings.move` only."""

    name: str
    footprint: Footprint
    place: Place = Place.COLD
    pins: int = 0
    """Requests between arrive and leave."""
    queued: bool = False
    """Whether it waits for its turn to load."""
    loads: bool = False
    """Whether it has one of the places to load."""
    doomed: bool = False
    """Whether it is off the disk soon: it is being deleted, or will be once it is unloaded."""
    resident: Resident = field(default_factory=Resident)

    @property
    def idle(self) -> bool:
        """Whether it may go."""
        return not (self.pins or self.queued or self.loads or self.doomed)


class Holdings:
    """All models of one instance that are anywhere, or that somebody wants."""

    def __init__(self, room: Room, ranking: Ranking) -> None:
        """
        Args:
            room: What the instance has.
            ranking: Which idle model goes first.
        """
        self.room = room
        self.memory_used_bytes = 0
        """Of models that are loaded, are being loaded or are being unloaded."""
        self.disk_used_bytes = 0
        """Of artefacts that are on disk, are on their way to it or are being deleted."""
        self.models: dict[str, Model] = {}
        """By name."""
        self._ranking = ranking
        self._at: dict[Place, dict[str, Model]] = {place: {} for place in Place}

    def add(self, name: str, footprint: Footprint) -> Model:
        """Return a new model that is nowhere yet."""
        model = self.models[name] = self._at[Place.COLD][name] = Model(name, footprint)
        return model

    def forget(self, model: Model) -> None:
        """Keep nothing of a model, if it is nowhere and nobody wants it."""
        if model.place is Place.COLD and not (model.pins or model.queued or model.loads):
            self.models.pop(model.name, None)
            self._at[Place.COLD].pop(model.name, None)

    def move(self, model: Model, place: Place) -> None:
        """Note that a model is somewhere else, and what it takes there."""
        taken = model.footprint
        self.disk_used_bytes += taken.disk_bytes * ((place is not Place.COLD) - (model.place is not Place.COLD))
        self.memory_used_bytes += taken.memory_bytes * ((place in IN_MEMORY) - (model.place in IN_MEMORY))
        del self._at[model.place][model.name]
        self._at[place][model.name] = model
        model.place = place

    def count(self, place: Place) -> int:
        """Return how many models are at a place."""
        return len(self._at[place])

    def at(self, place: Place) -> Iterable[Model]:
        """Return the models at a place, in the order in which they came there."""
        return self._at[place].values()

    def idle(self, place: Place) -> Iterator[Model]:
        """Yield the models at a place that may go, those first that go first; sorted when the first is asked for."""
        ranking = self._ranking
        yield from sorted((model for model in self.at(place) if model.idle), key=lambda model: ranking(model.resident))

    def alone(self, model: Model) -> bool:
        """Say whether no other model takes any memory."""
        return not any(other is not model for place in IN_MEMORY for other in self.at(place))

    def memory_short_bytes(self, model: Model) -> int:
        """Return how much memory is missing for a model; 0 or less if there is room."""
        return self.memory_used_bytes + model.footprint.memory_bytes - self.room.memory_bytes

    def disk_short_bytes(self, model: Model) -> int:
        """Return how much disk is missing for a model; 0 or less if there is room."""
        return self.disk_used_bytes + model.footprint.disk_bytes - self.room.disk_bytes

    def memory_victims(self, model: Model) -> list[Model]:
        """Return what to unload so that there is memory for a model; nothing if that is not enough, or not needed."""
        going_bytes = sum(map(_memory_bytes, self.at(Place.UNLOADING)))
        return _enough(self.idle(Place.HOT), self.memory_short_bytes(model) - going_bytes, _memory_bytes)

    def disk_victims(self, model: Model, waiting: Iterable[Model]) -> list[Model]:
        """
        Return what to take off the disk so that there is room for a model; nothing if not enough, or not needed.

        Args:
            model: What needs room.
            waiting: Those that wait behind it, the last first.
        """
        going_bytes = sum(map(_disk_bytes, filter(_doomed, self.at(Place.UNLOADING))))
        going_bytes += sum(map(_disk_bytes, self.at(Place.DELETING)))
        return _enough(self._on_disk(waiting), self.disk_short_bytes(model) - going_bytes, _disk_bytes)

    def _on_disk(self, waiting: Iterable[Model]) -> Iterator[Model]:
        for place in (Place.WARM, Place.UNLOADING, Place.HOT):
            yield from self.idle(place)
        yield from (model for model in waiting if model.place is Place.WARM)


def _memory_bytes(model: Model) -> int:
    return model.footprint.memory_bytes


def _disk_bytes(model: Model) -> int:
    return model.footprint.disk_bytes


def _doomed(model: Model) -> bool:
    return model.doomed


def _enough(candidates: Iterable[Model], short_bytes: int, size: Callable[[Model], int]) -> list[Model]:
    """Return the first candidates that make up for what is short; nothing if all of them do not."""
    taken = list[Model]()
    if short_bytes > 0:
        for model in candidates:
            if size(model):  # one that takes nothing goes in vain
                taken.append(model)
                short_bytes -= size(model)
            if short_bytes <= 0:
                return taken
    return []
