"""
What one request meets, in order.

    head read -> body read -> too large? 413 -> signature? 403 -> endpoint? 400 -> target? 400 -> throttle? 400
        -> model? 400 -> queue full? 424 -> wait for a worker -> service -> container error? 424 -> answer
        -> one row in the truth log

Waiting and service are arithmetic (`pool`) followed by one wait until the answer is due. Every reply, errors included,
waits for the end of a stall.
"""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from random import Random

from asyncload.emulator import answers
from asyncload.emulator.answers import Answer
from asyncload.emulator.config import EndpointPlayed, ModelPlayed, TextAnswer
from asyncload.emulator.laws import quantile_function
from asyncload.emulator.pool import Pool

MODELS_KEPT = 100_000
"""A pattern fits endless names; past this many the endpoint starts afresh with its models' draws."""


@dataclass(frozen=True, slots=True)
class Target:
    """What the request's headers name on the endpoint."""

    model: str | None = None
    component: str | None = None
    container: str | None = None

    @property
    def label(self) -> str:
        """The name by which its model is looked up; empty if nothing is named."""
        return self.model or self.component or self.container or ""


@dataclass(frozen=True, slots=True)
class Sent:
    """What the container gets."""

    body: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class Served:
    """A request that a worker takes: when its service begins in work time, how long it lasts, what it answers."""

    start_ns: int
    service_ns: int
    answer: Answer


class ModelState:
    """A model and its stream of draws, which depends on the seed and the name only."""

    __slots__ = ("_draws", "_service", "played")

    def __init__(self, played: ModelPlayed, name: str, seed: int) -> None:
        self.played = played
        self._service = quantile_function(played.service)
        self._draws = Random(f"{seed}/{name}")  # noqa: S311  simulated times, not secrets

    def draw(self) -> tuple[int, bool]:
        """Return the next request's service time in ns, and whether the container fails on it."""
        service_ns = self._service(self._draws.random())
        ratio = self.played.error_ratio
        return service_ns, ratio > 0 and self._draws.random() < ratio


class EndpointState:
    """An endpoint with its pool and models. Knows no socket and no clock: times are passed in."""

    def __init__(self, played: EndpointPlayed, seed: int) -> None:
        self.played = played
        self.in_flight = 0
        """Requests between admission and reply; kept by the caller."""
        self._seed = seed
        self._pool = Pool(played.workers, played.queue)
        self._models: dict[str, ModelState] = {}

    def wrong_target(self, target: Target, request_id: str) -> Answer | None:
        """Return AWS's refusal of a target that does not fit this endpoint, or None."""
        if self.played.multi_model and not target.model:
            return answers.no_target_model(request_id)
        if not self.played.multi_model and target.model:
            return answers.no_multi_model(self.played.name)
        return None

    def serve(self, target: Target, sent: Sent, now_ns: int, *, held: bool = False) -> Served | Answer:
        """
        Take a request with a fitting target.

        Args:
            target: What it calls.
            sent: What it sends.
            now_ns: When it arrives, in work time.
            held: Whether a stall holds it outside; then the queue's bound does not count it.

        Returns:
            How it is served, or a refusal.
        """
        if self.played.concurrency is not None and self.in_flight >= self.played.concurrency:
            return answers.throttled()
        model = self._model(target.label)
        if model is None:
            return answers.no_model(target.label)
        service_ns, fails = model.draw()
        start_ns = self._pool.admit(now_ns, service_ns, bounded=not held)
        if start_ns is None:
            return answers.queue_full(self.played.name)
        played = model.played
        if fails:
            answer = answers.model_error(self.played.name, played.error_status, played.error_message)
        elif isinstance(played.answer, TextAnswer):
            answer = Answer(200, played.answer.text.encode(), content_type=played.answer.content_type)
        else:
            answer = Answer(200, sent.body, content_type=sent.content_type)
        return Served(start_ns, service_ns, answer)

    def _model(self, name: str) -> ModelState | None:
        state = self._models.get(name)
        if state is None:
            played = next((model for model in self.played.models if fnmatchcase(name, model.name)), None)
            if played is None:
                return None
            if len(self._models) >= MODELS_KEPT:
                self._models.clear()
            state = self._models[name] = ModelState(played, name, self._seed)
        return state
