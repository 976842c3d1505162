"""
What one instance does about its models. Pure: no I/O, the clock is passed in.

    place of a model    an arrival finds it       and then
    COLD                cold                      DOWNLOAD, as soon as it is its turn
    DOWNLOADING         loading
    WARM                warm                      LOAD, as soon as it is its turn
    LOADING             loading
    HOT                 hot
    UNLOADING           warm, or cold if doomed   comes back once it is out
    DELETING            cold                      comes back once it is gone

Somebody outside carries out the steps that are handed out, each once, and reports `done` or `failed`. Requests
`arrive` and `leave`; between the two a model is pinned, and a hot model that is pinned is never unloaded.

The rules
    - A model that is not hot when a request arrives gets into the queue, once, however many requests want it.
    - So many models are downloaded or loaded at once as there are places; each takes one from the beginning of its
      download to the end of its load.
    - The queue is served in its order. One that lacks room waits for it, and those behind it wait too, else a large
      model would never find room among small ones. Only those that are still on their way out are passed by.
    - Room is made as `holdings` says.
    - A container that says itself that it has no memory (507) gets one idle model less, then the load once more; from
      then on that model loads alone. What is refused although nothing else took memory meanwhile has failed.
    - What can never fit is refused at once.
    - Without cache, a model is unloaded when its last request leaves. One that was loaded for requests that have given
      up meanwhile stays for the next: else a model that loads longer than a request waits would never answer.

Source:
    docs.aws.amazon.com/sagemaker/latest/dg/multi-model-endpoints.html, "How multi-model endpoints work". AWS says that
    models are unloaded and deleted when room is needed, not in which order; see docs/emulator.md.
"""

from collections import deque
from dataclasses import dataclass

from asyncload.emulator.behind.backend import Footprint, LoadError, NoMemoryError
from asyncload.emulator.platform.eviction import Ranking, lru
from asyncload.emulator.platform.holdings import Holdings, Model, Place, Room
from asyncload.emulator.platform.steps import Act, Step, Tier

__all__ = ["Act", "Place", "Residency", "Room", "Step", "Tier"]


@dataclass(slots=True)
class _Load:
    """One of the places to load, taken."""

    company: bool = False
    """Whether another model has taken memory since the load began."""
    squeezed: bool = False
    """Whether the container had no memory for the model."""
    relief: Model | None = None
    """The model that goes for it."""
    late: LoadError | None = None
    """Why it is not waited for any longer, once the step that is under way has ended."""


_LEAVING = frozenset({Place.UNLOADING, Place.DELETING})


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
        self._cache = cache
        self._held = Holdings(room, ranking)
        self._queue = deque[Model]()
        """Those that wait for their turn."""
        self._loads: dict[str, _Load] = {}
        """Places that are taken, by model."""
        self._downloaded = deque[Model]()
        """Those that have a place and wait for memory."""
        self._begun: list[Step] = []

    @property
    def hot(self) -> int:
        """Models that are loaded."""
        return self._held.count(Place.HOT)

    @property
    def models(self) -> int:
        """Models that are anywhere, or that somebody wants."""
        return len(self._held.models)

    @property
    def memory_used_bytes(self) -> int:
        """Of models that are loaded, are being loaded or are being unloaded."""
        return self._held.memory_used_bytes

    @property
    def disk_used_bytes(self) -> int:
        """Of artefacts that are on disk, are on their way to it or are being deleted."""
        return self._held.disk_used_bytes

    # -- requests -----------------------------------------------------------------------------------------------------

    def arrive(self, name: str, footprint: Footprint, now_ns: int) -> Tier:
        """Pin a model for a request, have it loaded if it is not hot, and return where it was; ask for `steps` then."""
        model = self._held.models.get(name) or self._held.add(name, footprint)
        model.pins += 1
        model.resident.last_used_ns = now_ns
        model.resident.uses += 1
        if model.place is Place.HOT:
            return Tier.HOT
        if model.queued or model.loads:
            return Tier.LOADING
        tier = _tier(model)
        if model.place is Place.COLD:
            model.footprint = footprint
        refusal = self._refusal(model.footprint)
        if refusal is None:
            model.queued = True
            self._queue.append(model)
            if self._next() is model:  # else it waits for those ahead, for whom nothing has changed
                self._plan()
        else:
            self._begun.append(Step(Act.GIVE_UP, name, refusal))
        return tier

    def leave(self, name: str) -> None:
        """Give a pin back."""
        model = self._held.models[name]
        model.pins -= 1
        if model.pins == 0:
            if model.place is Place.HOT and not self._cache:
                self._unload(model)
            if self._queue or self._downloaded:
                self._plan()
            self._held.forget(model)

    def holds(self, name: str) -> bool:
        """Say whether the instance has the model, or is about to have it."""
        model = self._held.models.get(name)
        return model is not None and (model.queued or not (model.doomed or model.place is Place.COLD))

    def place(self, name: str) -> Place:
        """Return where a model is."""
        model = self._held.models.get(name)
        return Place.COLD if model is None else model.place

    def preload(self, name: str, footprint: Footprint, now_ns: int) -> None:
        """Have a model hot from the beginning, whatever room there is; for endpoints of one model."""
        model = self._held.add(name, footprint)
        model.resident.loaded_ns = model.resident.last_used_ns = now_ns
        self._held.move(model, Place.HOT)

    # -- steps --------------------------------------------------------------------------------------------------------

    def steps(self) -> list[Step]:
        """Return what to begin now; each step is returned once."""
        begun, self._begun = self._begun, []
        return begun

    def done(self, step: Step, now_ns: int) -> None:
        """Note that a step has been carried out."""
        model = self._held.models[step.model]
        match step.act:
            case Act.DOWNLOAD:
                self._held.move(model, Place.WARM)
                late = self._loads[step.model].late
                if late is None:
                    self._downloaded.append(model)
                else:
                    self._give_up(model, late)
            case Act.LOAD:
                self._held.move(model, Place.HOT)
                model.resident.loaded_ns = now_ns
                self._free(model)
            case Act.UNLOAD if model.doomed:
                self._delete(model)
            case Act.UNLOAD:
                self._held.move(model, Place.WARM)
            case Act.DELETE:
                model.doomed = False
                self._held.move(model, Place.COLD)
        self._plan()
        self._held.forget(model)

    def failed(self, step: Step, error: LoadError) -> bool:
        """
        Note that a download or a load has failed.

        Returns:
            Whether that is final; False if it will be tried again, after another model has been unloaded.
        """
        model, load = self._held.models[step.model], self._loads[step.model]
        self._held.move(model, Place.WARM if step.act is Act.LOAD else Place.COLD)
        again = isinstance(error, NoMemoryError) and load.late is None and load.company
        if again:
            load.squeezed, load.relief = True, None
            self._downloaded.appendleft(model)
        else:
            self._free(model)
        self._plan()
        self._held.forget(model)
        return not again

    def abandon(self, name: str, error: LoadError) -> None:
        """
        Stop waiting for a model.

        A download or a load that is under way is ended by whoever carries it out; if it gets done all the same, a
        loaded model is kept, and a downloaded one is not loaded.
        """
        model = self._held.models.get(name)
        if model is None:
            return
        if model.place in {Place.DOWNLOADING, Place.LOADING}:
            self._loads[name].late = error
        elif model.queued or model.loads:
            self._give_up(model, error)
            self._plan()

    # -- planning -----------------------------------------------------------------------------------------------------

    def _plan(self) -> None:
        """Begin whatever can begin."""
        while self._downloaded and self._load(self._downloaded[0]):
            self._downloaded.popleft()
        while (model := self._next()) is not None and self._begin(model):
            self._queue.remove(model)
            model.queued = False

    def _next(self) -> Model | None:
        """Return whose turn it is."""
        return next((model for model in self._queue if model.place not in _LEAVING), None)

    def _begin(self, model: Model) -> bool:
        """Begin to bring a model whose turn it is; False if it has to wait."""
        if len(self._loads) >= self.room.loads_at_once:
            return False
        if model.place is Place.WARM:
            return not self._downloaded and self._load(model)  # it must not take the memory that those wait for
        if not self._make_disk_room(model):
            return False
        self._take(model)
        self._held.move(model, Place.DOWNLOADING)
        self._begun.append(Step(Act.DOWNLOAD, model.name))
        return True

    def _load(self, model: Model) -> bool:
        """Begin to load a model that is on disk; False if it has to wait for memory."""
        if not self._make_memory_room(model):
            return False
        for other in self._held.at(Place.LOADING):
            self._loads[other.name].company = True
        self._take(model).company = not self._held.alone(model)
        self._held.move(model, Place.LOADING)
        self._begun.append(Step(Act.LOAD, model.name))
        return True

    def _make_memory_room(self, model: Model) -> bool:
        """Say whether there is memory for a model; if not, see to it."""
        if any(self._loads[other.name].squeezed for other in self._held.at(Place.LOADING)):
            return False  # that one loads alone, else others would take what was freed for it
        load = self._loads.get(model.name)
        if load is not None and load.squeezed and not self._relieved(model, load):
            return False
        if self._held.memory_short_bytes(model) <= 0:
            return True
        for victim in self._held.memory_victims(model):
            self._unload(victim)
        return False

    def _relieved(self, model: Model, load: _Load) -> bool:
        """Say whether a squeezed model may try again; see to it that one other goes before."""
        if load.relief is None:
            going = next(iter(self._held.at(Place.UNLOADING)), None)
            load.relief = going or next(self._held.idle(Place.HOT), None)
            if load.relief is None:
                return self._held.alone(model)
            if going is None:
                self._unload(load.relief)
        return load.relief.place is not Place.UNLOADING

    def _make_disk_room(self, model: Model) -> bool:
        """Say whether there is disk for a model; if not, see to it."""
        if self._held.disk_short_bytes(model) <= 0:
            return True
        for victim in self._held.disk_victims(model, reversed(self._queue)):
            self._doom(victim)
        return False

    # -- small moves --------------------------------------------------------------------------------------------------

    def _refusal(self, footprint: Footprint) -> LoadError | None:
        if footprint.disk_bytes > self.room.disk_bytes:
            return LoadError(507, "the artefact is larger than the disk of the instance")
        if footprint.memory_bytes > self.room.memory_bytes:
            return NoMemoryError(507, "the model is larger than the memory of the instance")
        return None

    def _unload(self, model: Model) -> None:
        self._held.move(model, Place.UNLOADING)
        self._begun.append(Step(Act.UNLOAD, model.name))

    def _doom(self, model: Model) -> None:
        model.doomed = True
        if model.place is Place.HOT:
            self._unload(model)
        elif model.place is Place.WARM:
            self._delete(model)

    def _delete(self, model: Model) -> None:
        self._held.move(model, Place.DELETING)
        self._begun.append(Step(Act.DELETE, model.name))

    def _take(self, model: Model) -> _Load:
        """Give a model a place to load, unless it has one."""
        model.loads = True
        return self._loads.setdefault(model.name, _Load())

    def _free(self, model: Model) -> None:
        """Take its place from a model."""
        del self._loads[model.name]
        model.loads = False

    def _give_up(self, model: Model, error: LoadError) -> None:
        """Have a model that waits wait no longer."""
        if model.queued:
            self._queue.remove(model)
            model.queued = False
        else:
            if model in self._downloaded:
                self._downloaded.remove(model)
            self._free(model)
        self._begun.append(Step(Act.GIVE_UP, model.name, error))
        self._held.forget(model)


def _tier(model: Model) -> Tier:
    """Say where a model is that nobody is bringing."""
    return Tier.COLD if model.doomed or model.place is Place.COLD else Tier.WARM
