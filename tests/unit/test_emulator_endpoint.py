"""What an endpoint decides, in virtual time, with containers that do what a test says."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from asyncload.emulator import deadlines, freeze
from asyncload.emulator.aws.answers import Answer
from asyncload.emulator.behind.artefacts import Artefacts
from asyncload.emulator.behind.backend import (
    Backend,
    DeadError,
    Footprint,
    Inferred,
    LateError,
    LoadError,
    NoMemoryError,
    Sent,
)
from asyncload.emulator.behind.sources import Source
from asyncload.emulator.config.endpoint import EndpointPlayed, InstancePlayed, ModelPlayed, VariantPlayed
from asyncload.emulator.config.laws import Fixed
from asyncload.emulator.deadlines import Deadlines, LoopTimer
from asyncload.emulator.freeze import WorkClock
from asyncload.emulator.platform import instance
from asyncload.emulator.platform.endpoint import Endpoint, Platform, Target
from asyncload.emulator.platform.instance import Event
from asyncload.emulator.platform.visit import Visit
from tests.unit.virtual import VirtualLoop

S = 1_000_000_000
A, B = Target(model="a.tar.gz"), Target(model="b.tar.gz")
MME = EndpointPlayed(name="mme", detect_ns=10 * S, replace_ns=20 * S)


@dataclass
class Laws:
    """What all containers of a test do."""

    load_s: float = 0.0
    service_s: float = 0.0
    revive_s: float | None = 30.0
    load_error: LoadError | None = None
    invoke_error: Exception | None = None
    inferred: Inferred = field(default_factory=lambda: Inferred(200, b"4.5", "text/csv", "trace=1"))
    loads: list[tuple[str, str]] = field(default_factory=list)
    """Instance and model of each."""
    invoked: list[str] = field(default_factory=list)
    close_s: float = 0.0
    closed: list[str] = field(default_factory=list)


class Container(Backend):
    """One container; it knows any model *.tar.gz."""

    def __init__(self, name: str, laws: Laws) -> None:
        self.name, self.laws, self.dead = name, laws, False

    def footprint(self, model: str) -> Footprint | None:
        return Footprint(1, 1) if model.endswith(".tar.gz") or not model else None

    async def download(self, model: str) -> None: ...

    async def delete(self, model: str) -> None: ...

    async def unload(self, model: str) -> None: ...

    async def load(self, model: str) -> None:
        self.laws.loads.append((self.name, model))
        await asyncio.sleep(self.laws.load_s)
        if self.laws.load_error is not None:
            raise self.laws.load_error

    async def invoke(self, model: str, sent: Sent) -> Inferred:
        self.laws.invoked.append(model)
        if self.laws.invoke_error is not None:
            raise self.laws.invoke_error
        try:
            async with asyncio.timeout(60):
                await asyncio.sleep(self.laws.service_s)
        finally:
            if self.dead:
                raise DeadError
        return self.laws.inferred

    def kill(self) -> None:
        self.dead = True

    def on_death(self, tell: Callable[[], None]) -> None: ...

    async def revive(self) -> bool:
        if self.laws.revive_s is None:
            return False
        await asyncio.sleep(self.laws.revive_s)
        self.dead = False
        return True

    def busy(self) -> int:
        return 0

    async def close(self) -> None:
        await asyncio.sleep(self.laws.close_s)
        self.laws.closed.append(self.name)


class Containers(Source):
    renewable = True
    artefacts: Artefacts | None = None

    def __init__(self, laws: Laws) -> None:
        self.laws = laws

    async def make(self, endpoint: EndpointPlayed, variant: VariantPlayed, name: str) -> Backend:
        return Container(name, self.laws)

    async def close(self) -> None: ...


@pytest.fixture(autouse=True)
def _virtual(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock is the loop's."""

    def monotonic_ns() -> int:
        return round(asyncio.get_running_loop().time() * S)

    for module in (deadlines, freeze, instance):
        monkeypatch.setattr(module, "monotonic_ns", monotonic_ns)


class Stage:
    """An endpoint under test, and what it told."""

    def __init__(
        self, played: EndpointPlayed = MME, laws: Laws | None = None, *, scale: float = 1, seed: int = 0
    ) -> None:
        self.laws = laws or Laws()
        self.told: list[tuple[str, str]] = []
        self.source: Source = Containers(self.laws)
        self.clock = WorkClock()
        self._played, self._scale, self._seed = played, scale, seed
        self.visits: list[Visit] = []

    def _tell(self, endpoint: str, variant: str, event: Event) -> None:
        assert event.began_ns > 0
        self.told.append((event.instance, event.what))

    async def call(self, target: Target = A) -> Answer:
        now_ns = self.clock.now_ns()
        self.visits.append(visit := Visit("id", now_ns, self.endpoint.played.name, target.label, arrived_ns=now_ns))
        return await self.endpoint.invoke(visit, target, Sent(b"1,2", "text/csv"))

    def play(self, scene: Callable[["Stage"], Coroutine[None, None, None]]) -> None:
        async def whole() -> None:
            self.begin_s = asyncio.get_running_loop().time()
            self.deadlines = Deadlines(self.clock, LoopTimer)
            platform = Platform(
                self.clock, self.deadlines, self.source, self._tell, self._scale, self._seed, "eu-west-1"
            )
            self.endpoint = Endpoint(self._played, platform)
            await self.endpoint.start()
            try:
                await scene(self)
            finally:
                await self.endpoint.close()

        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            runner.run(whole())

    def now_s(self) -> float:
        """Since the endpoint began."""
        return asyncio.get_running_loop().time() - self.begin_s

    async def until(self, at_s: float) -> None:
        await asyncio.sleep(at_s - self.now_s())

    def stall(self, length_s: float) -> None:
        """From now on."""
        self.clock.stall(round(asyncio.get_running_loop().time() * S), round(length_s * S))
        self.deadlines.rearm()

    def kill(self, number: int = 0) -> None:
        next(iter(self.endpoint.variants.values())).instances[number].kill()


def code(answer: Answer) -> tuple[int, str | None]:
    return answer.status, answer.error_type


def original(answer: Answer) -> tuple[int, str]:
    """What a ModelError says of the container."""
    assert code(answer) == (424, "ModelError")
    body = json.loads(answer.body)
    return body["OriginalStatusCode"], body["OriginalMessage"]


# -- target, limits, variant ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("multi_model", "target", "error"),
    [
        (True, Target(model="a.tar.gz"), None),
        (True, Target(), "ValidationError"),
        (True, Target(component="a.tar.gz"), "ValidationError"),
        (False, Target(), None),
        (False, Target(component="a.tar.gz"), None),
        (False, Target(model="a.tar.gz"), "ValidationError"),
    ],
)
def test_the_target_must_fit_the_kind_of_endpoint(multi_model: bool, target: Target, error: str | None) -> None:  # noqa: FBT001
    """A multi-model endpoint needs a TargetModel, any other must not get one."""

    async def scene(stage: Stage) -> None:
        assert (await stage.call(target)).error_type == error

    Stage(replace(MME, multi_model=multi_model)).play(scene)


def test_a_single_model_is_loaded_from_the_beginning() -> None:
    """An endpoint of one model never loads it, and its first request finds it hot."""

    async def scene(stage: Stage) -> None:
        assert (await stage.call(Target())).status == 200
        assert stage.visits[0].tier == "hot"
        assert stage.laws.loads == []

    Stage(replace(MME, multi_model=False), Laws(load_s=100)).play(scene)


def test_a_single_model_has_a_name_that_no_request_says() -> None:
    """The container is asked for the configured model, whatever component a request names; a real one must load it."""

    async def scene(stage: Stage) -> None:
        for target in (Target(), Target(component="other")):
            assert (await stage.call(target)).status == 200
        assert stage.laws.invoked == ["only.tar.gz"] * 2
        assert stage.laws.loads == ([("AllTraffic/0", "only.tar.gz")] if stage.source.artefacts else [])

    played = replace(MME, multi_model=False, models=(ModelPlayed(name="only.tar.gz"),))
    for artefacts in (None, Artefacts(Path(__file__).parent)):
        stage = Stage(played)
        stage.source.artefacts = artefacts
        stage.play(scene)


def test_a_request_counts_until_its_reply_is_due() -> None:
    """The platform's own time is a part of it: one that comes meanwhile is one too many."""

    async def scene(stage: Stage) -> None:
        first = asyncio.create_task(stage.call())
        await stage.until(2)
        assert code(await stage.call()) == (400, "ThrottlingException")
        await first
        assert stage.now_s() == pytest.approx(3, abs=0.01)
        assert (await stage.call()).status == 200

    Stage(replace(MME, concurrency=1, overhead=Fixed(fixed_ns=3 * S)), Laws(service_s=1)).play(scene)


def test_the_concurrency_limit_throttles() -> None:
    """At the limit the reply is 400 with a null message; when a request has been answered, the next one passes."""

    async def scene(stage: Stage) -> None:
        first = asyncio.create_task(stage.call())
        await asyncio.sleep(0.5)
        refused = await stage.call(B)
        assert (code(refused), refused.body) == ((400, "ThrottlingException"), b'{"message":null}')
        assert stage.visits[1].instance == ""
        assert (await first).status == 200
        assert (await stage.call(B)).status == 200

    Stage(replace(MME, concurrency=1), Laws(service_s=1)).play(scene)


TWO = replace(MME, variants=(VariantPlayed(name="blue", weight=3), VariantPlayed(name="green", weight=1)))


def test_variants_share_by_weight() -> None:
    """3 : 1 gives three quarters to the first, the same ones for the same seed."""
    chosen = []

    async def scene(stage: Stage) -> None:
        for _ in range(4_000):
            await stage.call()
        chosen.append([visit.variant for visit in stage.visits])

    Stage(TWO, seed=7).play(scene)
    Stage(TWO, seed=7).play(scene)
    assert Counter(chosen[0])["blue"] / 4_000 == pytest.approx(0.75, abs=0.03)
    assert chosen[0] == chosen[1]


def test_a_named_variant_is_taken_whatever_its_weight() -> None:
    """TargetVariant overrides weights, those of 0 too; one that does not exist is a ValidationError."""

    async def scene(stage: Stage) -> None:
        for _ in range(20):
            assert (await stage.call(replace(A, variant="green"))).status == 200
        assert {visit.variant for visit in stage.visits} == {"green"}
        assert code(await stage.call(replace(A, variant="red"))) == (400, "ValidationError")

    Stage(replace(TWO, variants=(TWO.variants[0], VariantPlayed(name="green", weight=0)))).play(scene)


# -- loading ----------------------------------------------------------------------------------------------------------


def test_a_model_that_is_not_there_is_a_validation_error() -> None:
    """No artefact of that name: 400, and nothing is loaded."""

    async def scene(stage: Stage) -> None:
        assert code(await stage.call(Target(model="a.zip"))) == (400, "ValidationError")
        assert stage.laws.loads == []

    Stage().play(scene)


@pytest.mark.parametrize("scale", [1, 0.01])
def test_a_load_of_more_than_a_minute_is_429_and_goes_on(scale: float) -> None:
    """After 60 s ModelNotReadyException, after 100 s the model is there: one load for all, times scaled."""

    async def scene(stage: Stage) -> None:
        assert code(await stage.call()) == (429, "ModelNotReadyException")
        assert stage.now_s() == pytest.approx(60 * scale, abs=0.01)
        assert (await stage.call()).status == 200
        assert stage.now_s() == pytest.approx(100 * scale, abs=0.01)
        assert [visit.tier for visit in stage.visits] == ["cold", "loading"]
        assert (await stage.call()).status == 200
        assert stage.visits[2].tier == "hot"
        assert stage.laws.loads == [("AllTraffic/0", "a.tar.gz")]

    Stage(laws=Laws(load_s=100 * scale), scale=scale).play(scene)


def test_a_load_of_more_than_six_minutes_ends() -> None:
    """Whoever still waits at 360 s sees ModelError; a request after that begins anew."""

    async def scene(stage: Stage) -> None:
        assert code(await stage.call()) == (429, "ModelNotReadyException")
        await stage.until(330)
        assert original(await stage.call())[0] == 504
        assert stage.now_s() == pytest.approx(360, abs=0.01)
        stage.laws.load_s = 1
        assert (await stage.call()).status == 200
        assert stage.visits[2].tier == "warm"
        assert len(stage.laws.loads) == 2

    Stage(laws=Laws(load_s=10_000)).play(scene)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (LoadError(500, "no such handler"), (424, "ModelError")),
        (NoMemoryError(507, "out of memory"), (424, "ModelError")),
        (LoadError(404, "no such model"), (400, "ValidationError")),  # the artefact is not there after all
    ],
)
def test_a_load_that_fails_is_told_to_everybody_who_waits(error: LoadError, said: tuple[int, str]) -> None:
    """Two requests wait for one load, both see its failure, and the next request tries again."""

    async def scene(stage: Stage) -> None:
        failed = await asyncio.gather(stage.call(), stage.call())
        assert [code(each) for each in failed] == [said, said]
        told = None if error.status == 404 else error.status
        assert [(visit.container_status, visit.inferred) for visit in stage.visits] == [(told, False)] * 2
        assert len(stage.laws.loads) == 1
        stage.laws.load_error = None
        assert (await stage.call()).status == 200

    Stage(laws=Laws(load_s=1, load_error=error)).play(scene)


def test_a_model_larger_than_the_memory_is_507() -> None:
    """What can never fit is refused at once with the container's 507, and nothing is loaded."""

    async def scene(stage: Stage) -> None:
        assert original(await stage.call())[0] == 507
        assert stage.laws.loads == []

    class Large(Container):
        def footprint(self, model: str) -> Footprint | None:
            return Footprint(1, 2)

    class Source(Containers):
        async def make(self, endpoint: EndpointPlayed, variant: VariantPlayed, name: str) -> Backend:
            return Large(name, self.laws)

    shape = InstancePlayed(memory_bytes=1)
    stage = Stage(replace(MME, variants=(VariantPlayed(instance=shape),)))
    stage.source = Source(stage.laws)
    stage.play(scene)


# -- the container's answer -------------------------------------------------------------------------------------------


def test_the_containers_answer_is_passed_on() -> None:
    """Body, type and custom attributes; any 2xx is a 200."""

    async def scene(stage: Stage) -> None:
        answer = await stage.call()
        assert (answer.status, answer.body, answer.content_type) == (200, b"4.5", "text/csv")
        assert (answer.attributes, answer.outcome) == ("trace=1", "OK")
        stage.laws.inferred = Inferred(202, b"later", "text/plain")
        assert (await stage.call()).status == 200

    Stage().play(scene)


@pytest.mark.parametrize(("status", "side"), [(400, "client"), (503, "server"), (302, "server")])
def test_any_other_status_is_a_model_error(status: int, side: str) -> None:
    """The container's status and words are inside; the log group is the endpoint's."""

    async def scene(stage: Stage) -> None:
        answer = await stage.call()
        assert original(answer) == (status, "bad row")
        body = json.loads(answer.body)
        assert body["LogStreamArn"] == ("arn:aws:logs:eu-west-1:123456789012:log-group:/aws/sagemaker/Endpoints/mme")
        assert body["Message"].startswith(f"Received {side} error ({status}) from primary")

    Stage(laws=Laws(inferred=Inferred(status, b"bad row", "text/plain"))).play(scene)


def test_a_container_that_takes_too_long_is_a_model_error() -> None:
    """After the platform's limit the original status is 0, and the request counts as that long."""

    async def scene(stage: Stage) -> None:
        assert original(await stage.call())[0] == 0
        assert stage.visits[0].service_ns / S == pytest.approx(60, abs=0.01)

    Stage(laws=Laws(service_s=100)).play(scene)


def test_what_a_request_waited_for_a_lost_container_is_known() -> None:
    """A kill in the middle of a service, after a load: the reply is due when the death is seen, not before."""

    async def scene(stage: Stage) -> None:
        waiting = asyncio.create_task(stage.call())
        await stage.until(4)
        stage.kill()
        assert code(await waiting) == (500, "InternalFailure")
        (visit,) = stage.visits
        assert visit.load_ns / S == pytest.approx(3, abs=0.01)
        assert visit.queue_ns / S == pytest.approx(2, abs=0.01)
        assert code(await stage.call()) == (500, "InternalFailure")
        assert stage.visits[1].queue_ns == 0

    Stage(laws=Laws(load_s=3, service_s=2)).play(scene)


def test_a_container_that_knows_what_a_late_request_did_is_believed() -> None:
    """Its wait for a worker is no service time."""

    async def scene(stage: Stage) -> None:
        assert original(await stage.call())[0] == 0
        assert (stage.visits[0].queue_ns, stage.visits[0].service_ns) == (45 * S, 15 * S)

    Stage(laws=Laws(invoke_error=LateError(45 * S, 15 * S))).play(scene)


def test_overhead_is_scaled_with_everything_else() -> None:
    """The platform's own time is in the visit, times the scale."""

    async def scene(stage: Stage) -> None:
        await stage.call()
        assert stage.visits[0].overhead_ns == 50_000

    Stage(replace(MME, overhead=Fixed(fixed_ns=5_000_000)), scale=0.01).play(scene)


# -- instances --------------------------------------------------------------------------------------------------------

PAIR = replace(MME, variants=(VariantPlayed(instances=2),), spill=3)


def test_a_model_stays_where_it_is_until_that_instance_is_full() -> None:
    """Two requests stay, the fourth at once goes to the other instance, which loads the model too."""

    async def scene(stage: Stage) -> None:
        for _ in range(5):
            await stage.call()
        assert {visit.instance for visit in stage.visits} == {"AllTraffic/0"}
        stage.visits.clear()
        await asyncio.gather(*(stage.call() for _ in range(4)))
        assert [visit.instance for visit in stage.visits] == ["AllTraffic/0"] * 3 + ["AllTraffic/1"]
        assert stage.laws.loads == [("AllTraffic/0", "a.tar.gz"), ("AllTraffic/1", "a.tar.gz")]

    Stage(PAIR, Laws(service_s=1)).play(scene)


def test_a_dead_instance_gets_requests_until_that_is_noticed() -> None:
    """500 for `detect`, then the other one serves alone, and the dead one comes back empty after `replace`."""

    async def scene(stage: Stage) -> None:
        await stage.call()
        waiting = asyncio.create_task(stage.call())
        await asyncio.sleep(0.5)
        stage.kill()
        assert code(await waiting) == (500, "InternalFailure")
        await stage.until(9)
        assert code(await stage.call()) == (500, "InternalFailure")
        await stage.until(12)
        assert (await stage.call()).status == 200
        assert stage.visits[-1].instance == "AllTraffic/1"
        await stage.until(35)
        stage.laws.loads.clear()
        assert (await stage.call(B)).status == 200
        assert stage.laws.loads == [("AllTraffic/0", "b.tar.gz")], "it is empty, so it has the most free memory"
        assert [told for told in stage.told if told[1] in {"down", "up"}] == [
            ("AllTraffic/0", "down"),
            ("AllTraffic/0", "up"),
        ]

    Stage(PAIR, Laws(service_s=1)).play(scene)


def test_a_stall_holds_back_the_notice_of_a_death() -> None:
    """`detect` is 10 s of work: with a stall of 5 s in between it is noticed after 15 s."""

    async def scene(stage: Stage) -> None:
        stage.kill()
        stage.stall(5)
        await stage.until(14)
        assert code(await stage.call()) == (500, "InternalFailure")
        await stage.until(16)
        assert code(await stage.call()) == (503, "ServiceUnavailable")

    Stage(laws=Laws(revive_s=None)).play(scene)


def test_without_any_instance_the_endpoint_is_unavailable() -> None:
    """The only instance dies: 500 until that is noticed, 503 until it is back, then a cold 200."""

    async def scene(stage: Stage) -> None:
        await stage.call()
        stage.kill()
        seen = [code(await stage.call())]
        for at_s in (11, 29, 31):
            await stage.until(at_s)
            seen.append(code(await stage.call()))
        unavailable = (503, "ServiceUnavailable")
        assert seen == [(500, "InternalFailure"), unavailable, unavailable, (200, None)]
        assert stage.visits[-1].tier == "cold"

    Stage().play(scene)


def test_a_dead_instance_that_is_never_replaced_stays_away() -> None:
    """With `replace` of null there is no instance for good."""

    async def scene(stage: Stage) -> None:
        stage.kill()
        await stage.until(10_000)
        assert code(await stage.call()) == (503, "ServiceUnavailable")

    Stage(laws=Laws(revive_s=None)).play(scene)


def test_a_removed_instance_answers_what_it_has() -> None:
    """It gets no more requests, its requests are answered, then it is gone; one that is added takes its place."""

    async def scene(stage: Stage) -> None:
        (variant,) = stage.endpoint.variants.values()
        waiting = asyncio.create_task(stage.call())
        await asyncio.sleep(0.5)
        stage.endpoint.remove(variant, variant.instances[0])
        assert code(await stage.call()) == (503, "ServiceUnavailable")
        assert await stage.endpoint.add(variant) == "AllTraffic/1"
        assert (await stage.call()).status == 200
        assert (await waiting).status == 200
        await asyncio.sleep(1)
        assert stage.told[-1] == ("AllTraffic/0", "removed")

    Stage(laws=Laws(service_s=1)).play(scene)


def test_a_dead_instance_that_is_removed_does_not_come_back() -> None:
    """Nobody waits for it any more."""

    async def scene(stage: Stage) -> None:
        (variant,) = stage.endpoint.variants.values()
        stage.kill()
        stage.endpoint.remove(variant, variant.instances[0])
        await stage.until(100)
        assert [what for _, what in stage.told] == ["added", "down", "removed"]
        assert code(await stage.call()) == (503, "ServiceUnavailable")

    Stage().play(scene)


def test_an_endpoint_that_retires_answers_first() -> None:
    """`retire` returns once what was in flight is answered."""

    async def scene(stage: Stage) -> None:
        waiting = asyncio.create_task(stage.call())
        await asyncio.sleep(0.5)
        await stage.endpoint.retire()
        assert waiting.done()
        assert (await waiting).status == 200

    Stage(laws=Laws(service_s=1)).play(scene)


@pytest.mark.parametrize("waits_s", [0.0, 0.5])
def test_an_end_does_not_break_off_an_instance_that_goes(waits_s: float) -> None:
    """One that still drains, and one that is being closed already, are closed to the last."""

    async def scene(stage: Stage) -> None:
        (variant,) = stage.endpoint.variants.values()
        calling = asyncio.create_task(stage.call())
        await asyncio.sleep(0)
        stage.endpoint.remove(variant, variant.instances[0])
        await asyncio.sleep(waits_s)
        await stage.endpoint.close()
        assert stage.laws.closed == ["AllTraffic/0"]
        assert stage.told[-1] == ("AllTraffic/0", "removed")
        await calling

    Stage(laws=Laws(service_s=0.2, close_s=3)).play(scene)


def test_an_endpoint_that_is_broken_off_while_it_retires_is_closed() -> None:
    """The end of the emulator does not wait for what is in flight, and leaves no container behind."""

    async def scene(stage: Stage) -> None:
        calling = asyncio.create_task(stage.call())
        await asyncio.sleep(0)
        retiring = asyncio.create_task(stage.endpoint.retire())
        await asyncio.sleep(0.1)
        retiring.cancel()
        await asyncio.wait({retiring})
        assert stage.laws.closed == ["AllTraffic/0"]
        await calling

    Stage(laws=Laws(service_s=1)).play(scene)


def test_nobody_waits_for_a_removed_instance_that_dies() -> None:
    """It dies while it answers what it had: it is gone, and does not come back."""

    async def scene(stage: Stage) -> None:
        (variant,) = stage.endpoint.variants.values()
        removed = variant.instances[0]
        calling = asyncio.create_task(stage.call())
        await asyncio.sleep(0.5)
        stage.endpoint.remove(variant, removed)
        removed.kill()
        await calling
        await stage.until(100)
        assert variant.routed == []
        assert ("AllTraffic/0", "up") not in stage.told

    Stage(laws=Laws(service_s=1)).play(scene)
