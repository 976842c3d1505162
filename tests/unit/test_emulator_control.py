"""The emulator's switches, without sockets."""

import asyncio
import json
from collections.abc import Callable, Coroutine

import pytest

from asyncload.emulator.config.emulator import Emulator
from asyncload.emulator.config.endpoint import EndpointPlayed, VariantPlayed
from asyncload.emulator.control import STALL_LIMIT_MS, Control, from_loopback
from asyncload.emulator.scene import Scene, Setting
from asyncload.emulator.wire.values import Request

TWO = EndpointPlayed(name="mme", variants=(VariantPlayed(name="blue", instances=2), VariantPlayed(name="green")))


@pytest.mark.parametrize(
    ("peer", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.8.0.1", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("192.0.2.1", False),
        ("::ffff:192.0.2.1", False),
        ("fe80::1%eth0", False),
        (None, False),
    ],
)
def test_only_loopback_is_let_in(peer: str | None, loopback: bool) -> None:  # noqa: FBT001
    """Addresses of other machines are not, in whichever form they come."""
    assert from_loopback(peer) is loopback


Use = Callable[..., Coroutine[None, None, tuple[int, str]]]


def using(play: Callable[[Use, Scene], Coroutine[None, None, None]]) -> None:
    """Play with the switches of an emulator of one endpoint with two variants."""

    async def whole() -> None:
        scene = Scene(Emulator(endpoints=(TWO,)), Setting(warn=pytest.fail))
        await scene.start()
        control = Control(scene)

        async def use(method: str, path: str, body: bytes = b"", peer: str = "127.0.0.1") -> tuple[int, str]:
            request = Request(method, f"/control/{path}", (), body, whole=True, arrival_ns=0, peer=peer)
            reply = await control.answer(request)
            return reply.status, reply.body.decode()

        try:
            await play(use, scene)
        finally:
            await scene.close()

    asyncio.run(whole())


def test_others_are_told_nothing() -> None:
    """From another machine each switch, known or not, is 403, and does nothing."""

    async def play(use: Use, scene: Scene) -> None:
        for method, path in (("GET", "health"), ("POST", "reset"), ("POST", "kill?instance=blue/0"), ("GET", "x")):
            assert (await use(method, path, peer="192.0.2.1"))[0] == 403
        assert len(scene.endpoints["mme"].variants["blue"].routed) == 2

    using(play)


def test_health_names_each_instance() -> None:
    """All instances of all variants with what they hold."""

    async def play(use: Use, scene: Scene) -> None:
        health = json.loads((await use("GET", "health"))[1])
        assert (health["status"], health["requests"], health["in_flight"]) == ("ok", 0, 0)
        assert [each["instance"] for each in health["instances"]] == ["blue/0", "blue/1", "green/0"]
        assert {each["endpoint"] for each in health["instances"]} == {"mme"}
        counts = {(each["models_loaded"], each["memory_used_bytes"]) for each in health["instances"]}
        assert counts == {(0, 0)}

    using(play)


def test_a_dead_instance_is_out_of_service() -> None:
    """It is still listed, for it may come back; one that is removed is not."""

    async def play(use: Use, scene: Scene) -> None:
        assert (await use("POST", "kill?endpoint=mme&instance=blue/1"))[0] == 200
        assert (await use("DELETE", "instances?instance=blue/0"))[0] == 200
        assert json.loads((await use("POST", "instances?variant=green"))[1])["instance"] == "green/1"
        listed = json.loads((await use("GET", "health"))[1])["instances"]
        assert {each["instance"]: each["in_service"] for each in listed} == {
            "blue/1": False,
            "green/0": True,
            "green/1": True,
        }

    using(play)


@pytest.mark.parametrize(
    ("method", "path", "status", "words"),
    [
        ("POST", "stall", 400, "ms must be a whole number"),
        ("POST", "stall?ms=-1", 400, "ms must be a whole number"),
        ("POST", "stall?ms=1.5", 400, "ms must be a whole number"),
        ("POST", "stall?ms=٣", 400, "ms must be a whole number"),
        ("POST", f"stall?ms={STALL_LIMIT_MS + 1}", 400, f"from 0 to {STALL_LIMIT_MS}"),
        ("GET", "truth?since=x", 400, "since must be a whole number"),
        ("GET", "stall?ms=1", 404, "no such control"),
        ("GET", "", 404, "no such control"),
        ("POST", "kill", 400, "the instance is not named; there are blue/0, blue/1, green/0"),
        ("POST", "kill?endpoint=x", 400, "the endpoint 'x' does not exist; there are mme"),
        ("POST", "instances", 400, "the variant is not named; there are blue, green"),
        ("PUT", "faults", 405, "GET"),
    ],
)
def test_what_cannot_be_meant_is_refused(method: str, path: str, status: int, words: str) -> None:
    """The answer says what is legal, and nothing changes."""

    async def play(use: Use, scene: Scene) -> None:
        answered = await use(method, path)
        assert answered[0] == status
        assert words in answered[1]
        assert [len(each.routed) for each in scene.endpoints["mme"].variants.values()] == [2, 1]

    using(play)


def test_faults_are_replaced_as_a_whole() -> None:
    """What POST gives takes the place of what was on; a list with a mistake leaves it as it was; DELETE ends all."""

    async def play(use: Use, scene: Scene) -> None:
        told: list[int] = []
        scene.faults_changed = lambda: told.append(1)
        assert (await use("POST", "faults", b'[{"drip": 1000}, {"error": "ModelError"}]'))[0] == 200
        assert (await use("POST", "faults", b'[{"error": "InternalFailure"}]'))[0] == 200
        status, words = await use("POST", "faults", b'[{"error": "ModelError"}, {"error": 1}, {"ratio": 0.5}]')
        assert (status, "faults[1].error" in words, "faults[2]" in words) == (400, True, True)
        shown = json.loads((await use("GET", "faults"))[1])
        assert [each["error"] for each in shown] == ["InternalFailure"]
        assert await use("DELETE", "faults") == (200, "[]")
        assert len(told) == 3

    using(play)
