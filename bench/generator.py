"""Child process: one asyncload run as `Ask` says, with recording and a run directory; prints result.json."""

import sys
import tempfile
from pathlib import Path

import msgspec

import asyncload.runner
from asyncload.aws.credentials import StaticCredentials
from asyncload.options import Options
from asyncload.result import RunResult
from asyncload.sigv4 import Credentials
from bench.stimulus import Ask, scenario_of

KEYS = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
"""The example keys of AWS's documentation; valid nowhere."""


def main() -> None:
    """Read the question, run, and print the result."""
    ask = msgspec.json.decode(sys.stdin.buffer.read(), type=Ask)
    if ask.out:
        result = _run(ask, Path(ask.out))
    else:
        with tempfile.TemporaryDirectory(prefix="asyncload-bench-") as scratch:
            result = _run(ask, Path(scratch) / "run")
    sys.stdout.buffer.write(result.to_json())


def _run(ask: Ask, out: Path) -> RunResult:
    options = Options(
        out=out, samples=ask.samples, credentials=StaticCredentials(KEYS), traceparent=ask.traceparent, spans=ask.spans,
        on_snapshot=(lambda _: None) if ask.spans else None,  # who asks for spans takes them
    )  # fmt: skip
    return asyncload.runner.run(scenario_of(ask), options)


if __name__ == "__main__":
    main()
