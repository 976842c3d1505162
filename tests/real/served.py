"""`asyncload serve` as a process of its own, and directories of runs for it."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from asyncload.result import RunResult
from tests.real.watched import END_S, Address, environment
from tests.unit.recordings import Made, S, recording

GOLDEN = Path(__file__).parents[1] / "golden" / "run-1"
RULE = "in_flight > 900 for 5s: 912 at 0:02"
LONG_AGO_S = 1_700_000_000
NAMES = ("20261101T000000Z-golden", "20261102T000000Z-slow", "20261103T000000Z-broken", "20261104T000000Z-young")


def runs(root: Path) -> Path:
    """One that was cut, one that ended, one that cannot be read, and one that is being written."""
    golden, slow, broken, young = (root / name for name in NAMES)
    shutil.copytree(GOLDEN, golden)
    for path in golden.iterdir():
        os.utime(path, (LONG_AGO_S, LONG_AGO_S))
    calls = [Made(i * S // 400, i % 2, service_us=80_000) for i in range(1200)]
    slow.mkdir()
    (slow / "result.json").write_bytes(stopped(calls).to_json())
    broken.mkdir()
    (broken / "result.json").write_text('{"schema": ')
    young.mkdir()
    (young / "run.sqlite").touch()
    (young / "scenario.json").write_text('{"name": "<b>young</b>"}')
    later_s = time.time() + 3600  # it stays young, however long the tests take
    for path in young.iterdir():
        os.utime(path, (later_s, later_s))
    return root


def stopped(calls: Sequence[Made]) -> RunResult:
    """The result of a run that its rule ended; of its objectives one is missed and two are undecided."""
    slo = ["p50 < 1s", "p50 < 1ms", "p99.9 < 1s", "p99.99 < 1s"]
    result = recording(calls, scenario={"name": "slow", "slo": slo}).result
    return replace(result, health=replace(result.health, interrupted=True, stopped=RULE))


@dataclass(frozen=True)
class Served:
    """A server of past runs."""

    process: "subprocess.Popen[str]"
    address: Address


@contextmanager
def served(root: Path, *words: str) -> Iterator[Served]:
    """Serve a directory; the server is ended with the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", "asyncload", "serve", str(root), *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(),
    )  # fmt: skip
    with process:
        try:
            assert process.stderr is not None
            line = process.stderr.readline()
            found = re.search(r"(http://\S+)\n$", line)
            assert found is not None, line + process.stderr.read()
            yield Served(process, Address.of(found[1]))
        finally:
            process.terminate()
            process.wait(END_S)
