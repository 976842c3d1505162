"""Dialling by addresses: which are tried, which are left out, what is noted."""

import asyncio
import errno
import socket
from collections.abc import Sequence
from typing import Any

import pytest

from asyncload.address import parse_address
from asyncload.transport.dial import Dialler
from asyncload.transport.notices import Notices

GOOD, BAD, WORSE = "127.0.0.1", "127.0.0.2", "127.0.0.3"


class Story:
    """A dialler whose name resolves to given hosts, on a port where by default only GOOD listens."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, listen: Sequence[str] = (GOOD,)) -> None:
        self.notices = Notices()
        self.monkeypatch = monkeypatch
        self.listen = listen

    async def dial(self, hosts: Sequence[str], times: int) -> list[str]:
        loop = asyncio.get_running_loop()
        servers, port = [], 0
        for host in self.listen:
            servers.append(await asyncio.start_server(lambda _, writer: writer.close(), host, port))
            port = servers[0].sockets[0].getsockname()[1]

        async def getaddrinfo(*_: object, **__: object) -> list[Any]:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port)) for host in hosts]

        self.monkeypatch.setattr(loop, "getaddrinfo", getaddrinfo)
        dialler = Dialler(parse_address(f"http://localhost:{port}"), None, 5.0, self.notices)
        await dialler.resolve()
        reached = []
        try:
            for _ in range(times):
                sock = await dialler.dial()
                reached.append(sock.getpeername()[0])
                sock.close()
        finally:
            dialler.close()
            for server in servers:
                server.close()
                await server.wait_closed()
        return reached


def test_an_address_that_leads_nowhere_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of several addresses those that refuse are noted once each, and the others are used."""
    story = Story(monkeypatch)
    assert asyncio.run(story.dial([BAD, GOOD, WORSE], 4)) == [GOOD] * 4
    assert story.notices.notes().connect_failures == 2


def test_every_address_is_used_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections spread evenly over the addresses that work."""
    story = Story(monkeypatch, listen=(GOOD, BAD))
    assert sorted(asyncio.run(story.dial([BAD, GOOD], 4))) == [GOOD, GOOD, BAD, BAD]


def test_the_last_address_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where all refuse, the dial fails, and so does the next one, with the system's own error."""
    story = Story(monkeypatch)
    for _ in range(2):
        with pytest.raises(ConnectionRefusedError):
            asyncio.run(story.dial([BAD, WORSE], 1))
    assert story.notices.notes().exhausted == 0


def test_no_descriptor_is_no_reason_to_try_another_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """EMFILE says something about this machine: it is raised at once, and counted as exhaustion."""
    story = Story(monkeypatch)
    real = socket.socket

    def exhausted(*arguments: Any) -> socket.socket:
        if arguments == (socket.AF_INET, socket.SOCK_STREAM):
            raise OSError(errno.EMFILE, "Too many open files")
        return real(*arguments)

    monkeypatch.setattr("asyncload.transport.dial.socket.socket", exhausted)
    with pytest.raises(OSError, match="Too many open files"):
        asyncio.run(story.dial([GOOD, BAD], 1))
    assert story.notices.notes().exhausted == 1
    assert story.notices.notes().connect_failures == 1
