"""Refusing and accepting connections while one or the other is under way, on a loop that binds when told."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import cast

import pytest

from asyncload.emulator.config.emulator import Emulator
from asyncload.emulator.config.faults import Refuse
from asyncload.emulator.outages import Outages
from asyncload.emulator.scene import Scene, Setting
from asyncload.emulator.wire.face import Face
from asyncload.emulator.wire.listener import Listener
from asyncload.emulator.wire.reply_head import DateLine
from asyncload.emulator.wire.values import Limits


@dataclass
class Socket:
    """One that is bound."""

    closed: bool = False

    @property
    def sockets(self) -> list["Socket"]:
        return [self]

    def getsockname(self) -> tuple[str, int]:
        return "127.0.0.1", 8089

    def close(self) -> None:
        self.closed = True


@dataclass
class SlowFace:
    """A face on a loop that binds only when the gate is open."""

    gate: asyncio.Event = field(default_factory=asyncio.Event)
    made: list[Socket] = field(default_factory=list)
    limits: Limits = field(default_factory=Limits)
    date: DateLine = field(default_factory=DateLine)
    connection: None = None

    @property
    def loop(self) -> "SlowFace":
        return self

    async def create_server(self, *_: object, **__: object) -> Socket:
        await self.gate.wait()
        self.made.append(Socket())
        return self.made[-1]

    def bound(self) -> int:
        """How many sockets listen."""
        return sum(not each.closed for each in self.made)


async def turns() -> None:
    """Let the loop do what it has to do."""
    for _ in range(10):
        await asyncio.sleep(0)


def playing(play: Callable[[Scene, SlowFace, Listener], Coroutine[None, None, None]]) -> None:
    """Play with faults that come and go while the socket is slow."""

    async def whole() -> None:
        scene = Scene(Emulator(), Setting(warn=pytest.fail))
        slow = SlowFace()
        face = cast("Face", slow)
        listener = Listener(face, "127.0.0.1", 8089)
        outages = Outages(scene, listener, face)
        scene.faults_changed = outages.look
        await play(scene, slow, listener)
        outages.end()
        await scene.close()

    asyncio.run(whole())


def test_a_refusal_while_the_socket_is_opened_wins() -> None:
    """The socket that comes late is closed again."""

    async def play(scene: Scene, face: SlowFace, listener: Listener) -> None:
        scene.replace_faults(())
        await turns()
        scene.replace_faults((Refuse(refuse=True, for_ns=10**12),))
        face.gate.set()
        await turns()
        assert (len(face.made), face.bound(), listener.listening) == (1, 0, False)

    playing(play)


def test_who_wants_connections_again_meanwhile_gets_them() -> None:
    """Refused and accepted again before the first socket came: one listens in the end."""

    async def play(scene: Scene, face: SlowFace, listener: Listener) -> None:
        scene.replace_faults(())
        await turns()
        scene.replace_faults((Refuse(refuse=True, for_ns=10**12),))
        scene.replace_faults(())
        await turns()
        face.gate.set()
        await turns()
        assert (face.bound(), listener.listening) == (1, True)

    playing(play)
