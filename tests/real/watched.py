"""A run with a page, as a process of its own, and a browser that is a program."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import yaml

from tests.real.runs import scenario
from tests.real.servers import RunningEmulator

END_S = 30
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"


@dataclass(frozen=True)
class Event:
    """What the server told."""

    id: str
    kind: str
    data: Any


def events(answer: HTTPResponse) -> Iterator[Event]:
    """Read server-sent events until the connection ends."""
    fields: dict[str, str] = {}
    for line in answer:
        text = line.decode().rstrip("\n")
        if text:
            name, _, value = text.partition(": ")
            fields[name] = value
        elif "event" in fields:
            yield Event(fields["id"], fields["event"], json.loads(fields["data"]))
            fields = {}


@dataclass
class Address:
    """Where a page is."""

    port: int
    token: str

    @classmethod
    def of(cls, url: str) -> "Address":
        parts = urlsplit(url)
        assert parts.hostname == "127.0.0.1"
        assert parts.port is not None
        return cls(parts.port, parse_qs(parts.query)["token"][0])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/?token={self.token}"

    @contextmanager
    def asked(self, path: str, method: str = "GET", **headers: str) -> Iterator[HTTPResponse]:
        """Ask with the token, unless the headers say otherwise."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=END_S)
        headers.setdefault("Authorization", f"Bearer {self.token}")
        try:
            connection.request(method, path, headers={name.replace("_", "-"): text for name, text in headers.items()})
            yield connection.getresponse()
        finally:
            connection.close()

    def told(self, **headers: str) -> Generator[Event]:
        """Look on like a browser: until the end, or until this is closed, and then leave."""
        with self.asked("/events", **headers) as answer:
            assert answer.headers["Content-Type"] == "text/event-stream"
            for event in events(answer):
                yield event
                if event.kind == "end":
                    return

    def status(self, path: str, method: str = "GET", **headers: str) -> int:
        with self.asked(path, method, **headers) as answer:
            return answer.status


@dataclass
class Watched:
    """A run under way."""

    process: "subprocess.Popen[str]"
    address: Address
    out: Path

    def child(self) -> int:
        """Process of the page."""
        pid = self.process.pid
        (child,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return int(child)

    def wait(self) -> tuple[int, str, str]:
        """Return exit code, standard output and the rest of standard error."""
        out, errors = self.process.communicate(timeout=END_S)
        return self.process.returncode, out, errors


def environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "VIRTUAL_ENV") if name in os.environ}
    kept |= {name: value for name, value in os.environ.items() if name.startswith("OTEL_")}
    keys = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_EC2_METADATA_DISABLED": "true"}
    return {**kept, **keys, "HOME": "/nonexistent", "COLUMNS": "80"}


@contextmanager
def watched(folder: Path, target: RunningEmulator, *words: str, seconds: int = 3) -> Iterator[Watched]:
    """Start a run with a page, wait for its address, and kill it if it has not ended when the block has."""
    path = folder / "scenario.yaml"
    phases = [{"law": "constant", "rate": "100/s", "for": f"{seconds}s"}]
    path.write_text(yaml.safe_dump(scenario(target.url, phases=phases).to_dict()))
    out = folder / "out"
    process = subprocess.Popen(
        [sys.executable, "-m", "asyncload", "run", str(path), "--out", str(out), "--quiet", "--web", *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(), start_new_session=True,
    )  # fmt: skip
    with process:
        try:
            assert process.stderr is not None
            line = process.stderr.readline()
            found = re.fullmatch(r"Live page: (http://\S+)\n", line)
            assert found is not None, line + process.stderr.read()
            yield Watched(process, Address.of(found[1]), out)
        finally:
            if process.poll() is None:
                process.kill()


def until(true: Callable[[], bool], what: str, pause: Callable[[], object] = lambda: time.sleep(0.02)) -> None:
    """Wait for something that is about to be true, looking again after each pause."""
    deadline_s = time.monotonic() + END_S
    while not true():
        assert time.monotonic() < deadline_s, what
        pause()


def gone(pid: int) -> bool:
    """Whether a process has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True
