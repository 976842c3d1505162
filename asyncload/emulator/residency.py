"""
Which models one instance holds, and what it does next about it. Pure: no I/O, the clock is passed in.

    place of a model                                      takes disk   takes memory   an arrival finds it
    COLD          in S3 only                                                          cold
    DOWNLOADING   on its way to the disk                  yes                         loading
    WARM          on disk                                 yes                         warm
    LOADING       on its way to memory                    yes          yes            loading
    HOT           in memory                               yes          yes            hot
    UNLOADING     on its way out of memory                yes          yes            warm
    DELETING      on its way off the disk                 yes                         cold

Somebody outside carries out the steps that `steps` hands out, each once, and reports `done` or `failed`. Requests
`arrive` and `leave`; between the two a model is pinned, and a hot model that is pinned is never unloaded.

The rules
    - A model that is not hot when a request arrives gets into the queue, once, however many requests want it.
    - So many models are downloaded or loaded at once as there are places; each takes one from the beginning of its
      download to the end of its load.
    - The queue is served in its order. One that lacks room waits for it, and those behind it wait too, else a large
      model would never find room among small ones.
    - Room is made by unloading idle models, in the order of `eviction`, as few as are needed and only if they are
      enough. On disk likewise: first models that are not loaded, then loaded ones, last those that wait in the queue
      further back, else two that wait for one another's room would wait for ever.
    - A container that says itself that it has no memory (507) gets one idle model less and the load once more.
    - What can never fit is refused at once.

Source:
    docs.aws.amazon.com/sagemaker/latest/dg/multi-model-endpoints.html, "How multi-model endpoints work". AWS says that
    models are unloaded and deleted when room is needed, not in which order; see docs/emulator.md.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, StrEnum

from asyncload.emulator.backend import Footprint, LoadError, NoMemoryError
from asyncload.emulator.eviction import Ranking, Resident, lru


class Tier(StrEnum):
    """Where a model is when a request for it arrives."""

    HOT = "hot"
    WARM = "warm"
    COLD = "cold"
    LOADING = "loading"
    """Somebody else's request has begun to bring it."""


class Place(Enum):
    """Where a model is, see the file's head."""

    COLD = 0
    DOWNLOADING = 1
    WARM = 2
    LOADING = 3
    HOT = 4
    UNLOADING = 5
    DELETING = 6


class Act(StrEnum):
    """What a step is."""

    DOWNLOAD = "download"
    LOAD = "load"
    UNLOAD = "unload"
    DELETE = "delete"
    GIVE_UP = "give up"
    """Nothing to carry out: whoever waits for the model is told so."""


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do about one model."""

    act: Act
    model: str
    error: LoadError | None = None
    """Why, of GIVE_UP."""


@dataclass(frozen=True, slots=True)
class Room:
    """What an instance has for models."""

    memory_bytes: int
    disk_bytes: int
    loads_at_once: int


@dataclass(slots=True, eq=False)
class _Model:
    name: str
    footprint: Footprint
    place: Place = Place.COLD
    pins: int = 0
    """Requests between arrive and leave."""
    queued: bool = False
    """Whether it waits for a place to load."""
    holds_place: bool = False
    """Whether it has one."""
    doomed: bool = False
    """Whether it is deleted once it is unloaded."""
    squeezed: bool = False
    """Whether the container had no memory for it, and nothing has been unloaded since."""
    relief: "_Model | None" = None
    """The model that is unloaded for one that is squeezed."""
    resident: Resident = field(default_factory=Resident)


_IN_MEMORY = frozenset({Place.LOADING, Place.HOT, Place.UNLOADING})
_TIER = {
    Place.COLD: Tier.COLD,
    Place.DOWNLOADING: Tier.LOADING,
    Place.WARM: Tier.WARM,
    Place.LOADING: Tier.LOADING,
    Place.HOT: Tier.HOT,
    Place.UNLOADING: Tier.WARM,
    Place.DELETING: Tier.COLD,
}


class Residency:
    """The models of one instance."""

    def __init__(self, room: Room, ranking: Ranking = lru, *, cache: bool = True) -> None:
        """
        Args:
            room: What the instance has.
            ranking: Which idle model goes first.
            cache: Whether a model stays loaded after a request.
        """
        self.room = room
        self.memory_used_bytes = 0
        """Of models that are loaded, are being loaded or are being unloaded."""
        self.disk_used_bytes = 0
        """Of artefacts that are on disk, are on their way to it or are being deleted."""
        self.hot = 0
        """Models that are loaded."""
        self._ranking = ranking
        self._cache = cache
        self._models: dict[str, _Model] = {}
        self._queue: deque[_Model] = deque()
        self._downloaded: deque[_Model] = deque()
        """Those that hold a place and wait for memory."""
        self._places_free = room.loads_at_once
        self._begun: list[Step] = []

    # -- requests -----------------------------------------------------------------------------------------------------

    def arrive(self, name: str, footprint: Footprint, now_ns: int) -> Tier:
        """Pin a model for a request, have it loaded if it is not hot, and return where it was; ask for `steps` then."""
        model = self._models.get(name)
        if model is None:
            model = self._models[name] = _Model(name, footprint)
        model.pins += 1
        model.resident.last_used_ns = now_ns
        model.resident.uses += 1
        if model.place is Place.HOT:
            return Tier.HOT
        if model.queued or model.holds_place:
            return Tier.LOADING
        tier = _TIER[model.place]
        if model.place is Place.COLD:
            model.footprint = footprint
        model.queued = True
        self._queue.append(model)
        self._plan()
        return tier

    def leave(self, name: str) -> None:
        """Give a pin back."""
        model = self._models[name]
        model.pins -= 1
        if model.pins == 0:
            if model.place is Place.HOT and not self._cache:
                self._unload(model)
            if self._queue or self._downloaded:
                self._plan()
            self._forget(model)

    def holds(self, name: str) -> bool:
        """Say whether the instance has the model, or is about to have it."""
        model = self._models.get(name)
        return model is not None and (model.queued or model.place not in {Place.COLD, Place.DELETING})

    def place(self, name: str) -> Place:
        """Return where a model is."""
        model = self._models.get(name)
        return Place.COLD if model is None else model.place

    def preload(self, name: str, footprint: Footprint, now_ns: int) -> None:
        """Have a model hot from the beginning, whatever room there is; for endpoints of one model."""
        model = self._models[name] = _Model(name, footprint, Place.HOT)
        model.resident.loaded_ns = model.resident.last_used_ns = now_ns
        self.memory_used_bytes += footprint.memory_bytes
        self.disk_used_bytes += footprint.disk_bytes
        self.hot += 1

    # -- steps --------------------------------------------------------------------------------------------------------

    def steps(self) -> list[Step]:
        """Return what to begin now; each step is returned once."""
        begun, self._begun = self._begun, []
        return begun

    def done(self, step: Step, now_ns: int) -> None:
        """Note that a step has been carried out."""
        model = self._models[step.model]
        match step.act:
            case Act.DOWNLOAD:
                model.place = Place.WARM
                self._downloaded.append(model)
            case Act.LOAD:
                model.place = Place.HOT
                model.resident.loaded_ns = now_ns
                self.hot += 1
                self._release(model)
                if model.pins == 0 and not self._cache:
                    self._unload(model)
            case Act.UNLOAD:
                model.place = Place.WARM
                self.memory_used_bytes -= model.footprint.memory_bytes
                if model.doomed:
                    self._delete(model)
            case Act.DELETE:
                model.place, model.doomed = Place.COLD, False
                self.disk_used_bytes -= model.footprint.disk_bytes
        self._plan()
        self._forget(model)

    def failed(self, step: Step, error: LoadError) -> bool:
        """
        Note that a download or a load has failed.

        Returns:
            Whether that is final; False if it will be tried again, after another model has been unloaded.
        """
        model = self._models[step.model]
        if step.act is Act.LOAD:
            model.place = Place.WARM
            self.memory_used_bytes -= model.footprint.memory_bytes
            if isinstance(error, NoMemoryError) and self._others_in_memory(model):
                model.squeezed = True
                self._downloaded.appendleft(model)
                self._plan()
                return False
        else:
            model.place = Place.COLD
            self.disk_used_bytes -= model.footprint.disk_bytes
        self._release(model)
        self._plan()
        self._forget(model)
        return True

    def abandon(self, name: str, error: LoadError) -> None:
        """Stop waiting for room for a model; a step about it that is under way is ended by whoever carries it out."""
        model = self._models.get(name)
        if model is None or not (model.queued or model in self._downloaded):
            return
        self._give_up(model, error)
        self._plan()
        self._forget(model)

    # -- planning -----------------------------------------------------------------------------------------------------

    def _plan(self) -> None:
        """Begin whatever can begin."""
        while self._downloaded and self._begin_load(self._downloaded[0], self._downloaded):
            pass
        for model in tuple(self._queue):
            if model.place in {Place.UNLOADING, Place.DELETING}:
                continue  # it is on its way out, and comes back from there
            ahead = model.place is Place.WARM and self._downloaded  # whose memory it must not take
            if ahead or not self._places_free or not self._begin(model):
                break

    def _begin(self, model: _Model) -> bool:
        """Begin to bring a model from the queue; False if it has to wait for room."""
        if model.place is Place.WARM:
            return self._begin_load(model, self._queue)
        if model.footprint.disk_bytes > self.room.disk_bytes:
            self._give_up(model, LoadError(507, "the artefact is larger than the disk"))
            return True
        if not self._make_disk_room(model):
            return False
        self._queue.remove(model)
        model.queued, model.place = False, Place.DOWNLOADING
        self.disk_used_bytes += model.footprint.disk_bytes
        self._take_place(model)
        self._begun.append(Step(Act.DOWNLOAD, model.name))
        return True

    def _begin_load(self, model: _Model, queue: deque[_Model]) -> bool:
        """Begin to load a model that is on disk; False if it has to wait for memory."""
        if model.footprint.memory_bytes > self.room.memory_bytes:
            self._give_up(model, NoMemoryError(507, "the model is larger than the memory of the instance"))
            return True
        if not self._make_memory_room(model):
            return False
        queue.remove(model)
        model.queued, model.place = False, Place.LOADING
        self.memory_used_bytes += model.footprint.memory_bytes
        self._take_place(model)
        self._begun.append(Step(Act.LOAD, model.name))
        return True

    def _make_memory_room(self, model: _Model) -> bool:
        """Say whether there is room; if not, unload idle models, if those are enough."""
        if model.squeezed and not self._relieved(model):
            return False
        short_bytes = self.memory_used_bytes + model.footprint.memory_bytes - self.room.memory_bytes
        if short_bytes <= 0:
            return True
        freed_bytes = sum(other.footprint.memory_bytes for other in self._at(Place.UNLOADING))
        victims = []
        for victim in self._idle(Place.HOT):
            if freed_bytes >= short_bytes:
                break
            victims.append(victim)
            freed_bytes += victim.footprint.memory_bytes
        if freed_bytes >= short_bytes:
            for victim in victims:
                self._unload(victim)
        return False

    def _relieved(self, model: _Model) -> bool:
        """Unload one idle model for one that the container had no memory for; say whether it may try again."""
        if model.relief is not None:
            if model.relief.place is Place.UNLOADING:
                return False
            model.squeezed, model.relief = False, None
            return True
        model.relief = next(iter(self._idle(Place.HOT)), None)
        if model.relief is not None:
            self._unload(model.relief)
            return False
        return not self._others_in_memory(model)  # alone at last: the container's next answer is final

    def _make_disk_room(self, model: _Model) -> bool:
        """Say whether there is room; if not, delete artefacts, if those are enough."""
        short_bytes = self.disk_used_bytes + model.footprint.disk_bytes - self.room.disk_bytes
        if short_bytes <= 0:
            return True
        freed_bytes = sum(other.footprint.disk_bytes for other in self._models.values() if other.doomed)
        victims = []
        for victim in self._on_disk():
            if freed_bytes >= short_bytes:
                break
            victims.append(victim)
            freed_bytes += victim.footprint.disk_bytes
        if freed_bytes >= short_bytes:
            for victim in victims:
                self._doom(victim)
        return False

    def _on_disk(self) -> Iterator[_Model]:
        """Yield what may go from the disk, those first that go first."""
        waiting = (model for model in reversed(self._queue) if model.place is Place.WARM)
        idle = (model for model in self._idle(Place.WARM) if not (model.queued or model.holds_place))
        yield from (*idle, *self._idle(Place.HOT), *waiting)

    # -- small moves --------------------------------------------------------------------------------------------------

    def _at(self, place: Place) -> Iterator[_Model]:
        return (model for model in self._models.values() if model.place is place)

    def _idle(self, place: Place) -> list[_Model]:
        """Return the models at a place that no request wants, those first that go first."""
        idle = (model for model in self._at(place) if model.pins == 0)
        return sorted(idle, key=lambda model: self._ranking(model.resident))

    def _others_in_memory(self, model: _Model) -> bool:
        return any(other.place in _IN_MEMORY for other in self._models.values() if other is not model)

    def _unload(self, model: _Model) -> None:
        model.place = Place.UNLOADING
        self.hot -= 1
        self._begun.append(Step(Act.UNLOAD, model.name))

    def _doom(self, model: _Model) -> None:
        model.doomed = True
        if model.place is Place.HOT:
            self._unload(model)
        else:
            self._delete(model)

    def _delete(self, model: _Model) -> None:
        model.place = Place.DELETING
        self._begun.append(Step(Act.DELETE, model.name))

    def _take_place(self, model: _Model) -> None:
        if not model.holds_place:
            model.holds_place = True
            self._places_free -= 1

    def _release(self, model: _Model) -> None:
        model.squeezed, model.relief = False, None
        if model.holds_place:
            model.holds_place = False
            self._places_free += 1

    def _give_up(self, model: _Model, error: LoadError) -> None:
        queue = self._queue if model.queued else self._downloaded
        queue.remove(model)
        model.queued = False
        self._release(model)
        self._begun.append(Step(Act.GIVE_UP, model.name, error))

    def _forget(self, model: _Model) -> None:
        """Keep nothing of a model that is nowhere and that nobody wants."""
        if model.place is Place.COLD and not (model.pins or model.queued or model.holds_place):
            self._models.pop(model.name, None)
