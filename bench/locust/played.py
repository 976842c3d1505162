"""The emulator, as this comparison uses it: with laws or a real Multi Model Server behind it, and its models hot."""

import json
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from urllib.request import Request, urlopen

import msgspec

from bench.emulator import emulated
from bench.pin import Cores
from bench.processes import ask
from bench.stimulus import Ask
from bench.target import MODELS

_LIMIT_S = 60.0
_HANDLER = '''"""Answers as nginx does in the other groups."""


def handle(data, context):
    return None if data is None else ["4.566554546356201" for _ in data]
'''


class Arrived(msgspec.Struct, frozen=True):
    """What became of one request; see docs/emulator.md, "Ground truth"."""

    arrival_ns: int
    arrival_unix_ns: int
    sent_ns: int
    model: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Played:
    """A running emulator whose models are hot."""

    url: str

    def count(self) -> int:
        """Return how many requests have ended so far."""
        return int(json.loads(self._answer("GET", "health"))["requests"])

    def truth(self, since: int) -> list[Arrived]:
        """Return what became of the requests that ended after the first `since`."""
        lines = self._answer("GET", f"truth?since={since}").splitlines()
        return [msgspec.json.decode(line, type=Arrived) for line in lines]

    def stall(self, length_s: float) -> None:
        """Let everything stand still from now on."""
        self._answer("POST", f"stall?ms={length_s * 1000:.0f}")

    def _answer(self, method: str, path: str) -> bytes:
        request = Request(f"{self.url}/control/{path}", method=method)  # noqa: S310  # a URL of this suite
        with urlopen(request, timeout=_LIMIT_S) as reply:  # noqa: S310
            answer: bytes = reply.read()
            return answer


@contextmanager
def played(cores: Cores, config: str, *, mms: bool = False) -> Iterator[Played]:
    """
    Start an emulator on the target's core, and call both models until they are hot.

    Args:
        cores: Who runs where.
        config: What it plays.
        mms: Put Multi Model Server behind it, with a model that answers at once.
    """
    with tempfile.TemporaryDirectory(prefix="asyncload-bench-") as scratch:
        home = Path(scratch)
        words = ["--container", "mms", "--models", str(_artefacts(home / "models"))] if mms else []
        with emulated(cores.target, home, None, config, words) as (url, _):
            ask("generator", Ask(url=url, law="constant", rate_per_s=50.0, length_s=1.0), cores.generator, _LIMIT_S)
            yield Played(url)


def _artefacts(folder: Path) -> Path:
    """Write what lies in the place of S3."""
    folder.mkdir()
    for name in MODELS:
        with tarfile.open(folder / name, "w:gz") as archive:
            entry = tarfile.TarInfo("model.py")
            entry.size = len(_HANDLER)
            archive.addfile(entry, BytesIO(_HANDLER.encode()))
    return folder


def shares(rows: Sequence[Arrived]) -> list[int]:
    """Count the requests for each model."""
    return [sum(row.model == model for row in rows) for model in MODELS]
