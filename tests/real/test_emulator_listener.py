"""The socket that listens: refusing, failing handshakes, and the end."""

import asyncio
import errno
import socket
import ssl
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.real.faces import BODY, ask, client, connect, post, rest, running_face

# -- refusing ---------------------------------------------------------------------------------------------------------


def test_connections_can_be_refused_for_a_while(tmp_path: Path) -> None:
    """New ones get ECONNREFUSED, open ones go on; afterwards the same port answers again."""
    for authority in (None, tmp_path):
        with running_face(authority) as running:
            port = running.port
            connection = client(running)
            assert ask(connection, "/")[0] == 200
            for _ in range(3):
                running.call(running.listener.refuse)
                with pytest.raises(ConnectionRefusedError) as caught:
                    client(running).connect()
                assert caught.value.errno == errno.ECONNREFUSED
                assert ask(connection, "/")[0] == 200
                running.run(running.listener.open())
                assert running.port == port
                another = client(running)
                assert ask(another, "/")[0] == 200
                another.close()
            connection.close()


def test_handshakes_can_be_made_to_fail(tmp_path: Path) -> None:
    """The client's handshake fails; connections that are open go on; afterwards handshakes succeed again."""
    with running_face(tmp_path) as running:
        connection = client(running)
        assert ask(connection, "/")[0] == 200
        running.handshake_fails = True
        with pytest.raises((ssl.SSLError, ConnectionResetError)):
            client(running).connect()
        assert ask(connection, "/")[0] == 200
        running.handshake_fails = False
        another = client(running)
        assert ask(another, "/")[0] == 200
        another.close()
        connection.close()


def test_plain_http_to_a_tls_port_does_no_harm(tmp_path: Path) -> None:
    """The connection ends, the next one is served."""
    with running_face(tmp_path) as running:
        with socket.create_connection(("127.0.0.1", running.port), timeout=10) as sock, suppress(ConnectionResetError):
            sock.sendall(post("/"))
            assert not rest(sock).startswith(b"HTTP")
        connection = client(running)
        assert ask(connection, "/")[0] == 200
        connection.close()


# -- the end ----------------------------------------------------------------------------------------------------------


def test_the_end_waits_for_requests_in_flight(tmp_path: Path) -> None:
    """Idle connections are closed at once, new ones refused, and a request in flight gets its reply."""
    for authority in (None, tmp_path):
        with running_face(authority) as running, connect(running) as idle, connect(running) as busy:
            busy.sendall(post("/gate"))
            assert running.begun.wait(5)
            ending = asyncio.run_coroutine_threadsafe(running.listener.close(10), running.loop)
            assert idle.recv(1) == b""
            with pytest.raises(ConnectionRefusedError):
                connect(running)
            assert not ending.done()
            running.call(running.gate.set)
            said = rest(busy)
            assert said.endswith(BODY)
            assert b"Connection: close" in said
            ending.result(5)


def test_the_end_does_not_wait_for_ever() -> None:
    """After the grace what is left is ended."""
    with running_face() as running, connect(running) as busy, connect(running) as half:
        busy.sendall(post("/gate"))
        half.sendall(b"POST / HT")
        assert running.begun.wait(5)
        begin = time.monotonic()
        running.run(running.listener.close(0.2))
        assert time.monotonic() - begin < 3
        assert running.face.open_connections == 0
        assert not running.face._shared.working
        for sock in (busy, half):
            with suppress(ConnectionResetError):
                assert sock.recv(1) == b""


def test_a_reply_that_the_end_cuts_off_is_told_as_not_sent() -> None:
    """A client does not take its reply, and the grace is over: the reply's callback hears of it."""
    with running_face() as running, connect(running) as busy:
        busy.sendall(post("/large"))
        while not running.ended:
            time.sleep(0.01)
        running.run(running.listener.close(0.2))
        assert running.sent_ns == [0]
