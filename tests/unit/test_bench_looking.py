"""bench.looking: who looks on gives up on a page that stands still, and never keeps the bench alive."""

import socket
import threading
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import bench.looking
from bench.looking import Elsewhere, looking


@dataclass
class Noted:
    """Somebody who sees something, and notes whether the bench would wait for them."""

    daemon: list[bool] = field(default_factory=list)

    def look(self, url_file: Path, ready: threading.Event, over: threading.Event) -> int:
        self.daemon.append(threading.current_thread().daemon)
        ready.set()
        return 1


def answer(server: socket.socket, times: int) -> None:
    """Answer so many requests, and then none."""
    for _ in range(times):
        connection, _ = server.accept()
        with connection:
            connection.recv(4096)
            connection.sendall(b"HTTP/1.0 200 OK\r\n\r\nevent: hello\n")


@pytest.mark.parametrize("answers", [0, 1], ids=["the page", "the events"])
def test_a_server_that_stands_still_is_given_up(answers: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes the connection and never answers."""
    monkeypatch.setattr(bench.looking, "_SILENT_S", 0.2)
    url_file = tmp_path / "url"
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=answer, args=(server, answers), daemon=True).start()
        url_file.write_text(f"http://127.0.0.1:{server.getsockname()[1]}/?token=x")
        with pytest.raises(TimeoutError):
            Elsewhere().look(url_file, threading.Event(), threading.Event())


def test_an_end_of_the_bench_waits_for_nobody(tmp_path: Path) -> None:
    noted = Noted()
    with looking(noted, 0, tmp_path / "url"):
        pass
    assert noted.daemon == [True]
