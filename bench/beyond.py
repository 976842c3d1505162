"""asyncload as an open loop beyond what it can carry, so that it is its own bottleneck."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from subprocess import Popen

import msgspec

from bench.meter import Usage
from bench.processes import ask, child, started
from bench.stimulus import Ask

CALLERS = 64
"""Calls in flight, and connections, at most."""
_BEYOND = 1.10
_PROBE_S = 1.0
_LIMIT_S = 120.0


class Beyond:
    """
    Runs at 10 % more than what each client was seen to carry, with `CALLERS` calls in flight at most.

    What it then cannot send in time is dropped, or sent late; only what the target received counts as a request. So the
    cost of dropping, a tenth of the arrivals at most and a fraction of a call each, counts against it.
    """

    def __init__(self, core: int) -> None:
        """
        Args:
            core: The generator's.
        """
        self._core = core
        self._rates_per_s: dict[str, float] = {}

    @contextmanager
    def run(self, name: str, question: Ask) -> Iterator["Popen[str]"]:
        """
        Start a run of a client, which may be ended early; the first one is preceded by a probe.

        Args:
            name: Of the client.
            question: What it does. Its rate is the probe's: more than the client can carry.
        """
        full = replace(question, in_flight=CALLERS, connections=CALLERS, warmup_s=0.0)
        if name not in self._rates_per_s:
            answer = ask("generator", replace(full, length_s=_PROBE_S), self._core, _LIMIT_S)
            self._rates_per_s[name] = answer["achieved_per_s"] * _BEYOND
        with tempfile.TemporaryDirectory(prefix="asyncload-bench-") as home:
            given = replace(full, rate_per_s=self._rates_per_s[name], out=str(Path(home) / "run"))
            with started(child("generator"), self._core, msgspec.json.encode(given).decode()) as process:
                yield process

    def learn(self, name: str, usage: Usage) -> None:
        """Take note of what a client carried: a probe that met a busy moment must not hold back the next rounds."""
        if name in self._rates_per_s:
            carried_per_s = usage.requests / usage.elapsed_s
            self._rates_per_s[name] = max(self._rates_per_s[name], _BEYOND * carried_per_s)
