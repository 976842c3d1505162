"""live.feed and live.face: what becomes of a press of the button."""

import asyncio
import socket
from collections.abc import Iterator

import pytest
from aiohttp.test_utils import make_mocked_request

from asyncload.live.channel import Channel
from asyncload.live.face import Face
from asyncload.live.feed import Watching
from asyncload.live.guard import Guard
from asyncload.live.progress import Progress
from asyncload.live.words import StopAsked, frame
from asyncload.options import Stop
from tests.unit.live_runs import hello


@pytest.fixture
def sockets() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


@pytest.mark.parametrize(
    ("before", "pressed", "asked"),
    [
        (0, [False], 1),
        (0, [False, False], 1),  # in another tab, or in the same one after a reload
        (1, [False], 1),  # Ctrl-C or a stop rule came first
        (0, [False, True], 2),
        (1, [True], 2),
        (2, [True, True], 2),
    ],
)
def test_only_who_says_so_ends_the_waiting(
    sockets: tuple[socket.socket, socket.socket], before: int, pressed: list[bool], asked: int
) -> None:
    """The first press promises that replies are waited for; it keeps that whoever presses once more."""
    ours, theirs = sockets
    stop = Stop()
    for _ in range(before):
        stop.ask()
    watching = Watching(Channel(ours), ours, stop, lambda: None)
    for at_once in pressed:
        theirs.sendmsg(frame(StopAsked(at_once)))
        watching._read()
    assert stop.asked == asked


@pytest.mark.parametrize(("path", "at_once"), [("/stop", False), ("/stop?at_once", True)])
def test_the_address_says_which_button_it_was(path: str, *, at_once: bool) -> None:
    pressed = list[bool]()

    async def press(*, at_once: bool) -> None:
        pressed.append(at_once)

    async def ask() -> None:
        face = Face(Guard(1), Progress(hello()), press)
        await face._stopped(make_mocked_request("POST", path))

    asyncio.run(ask())
    assert pressed == [at_once]
