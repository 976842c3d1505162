"""The demo: the emulator as a process of its own, and the scenario that this project began with."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from asyncload.aws.credentials import StaticCredentials
from asyncload.cli.run import DONE, INVALID, Printing, execute
from asyncload.errors import StartError
from asyncload.options import Options
from asyncload.scenario import Scenario
from asyncload.sigv4 import Credentials

_ROW = "0.345,0.224414,0.131102,0.042329,0.279923,-0.110329,-0.099358,0.0"
_KEYS = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
"""The example keys of AWS's documentation, which the emulator accepts; valid nowhere else."""
_END_S = 10


def scenario(url: str, duration: str) -> Scenario:
    """
    Two XGBoost models of one endpoint, weights 3 : 1, one CSV row of 8 numbers.

    Source:
        Ram Vegiraju, "Load Testing SageMaker Multi-Model Endpoints", February 2023.
    """
    model = {"content_type": "text/csv", "payload": _ROW}
    return Scenario.from_dict(
        {
            "name": "xgboost-mme",
            "endpoint": {"name": "xgboost-mme", "region": "us-east-1", "url": url},
            "models": [
                {"name": "xgboost-0.tar.gz", "weight": 3, **model},
                {"name": "xgboost-1.tar.gz", "weight": 1, **model},
            ],
            "phases": [
                {"law": "poisson", "rate": "50/s", "for": "3s", "warmup": True},
                {"law": "poisson", "rate": "200/s", "for": duration},
            ],
            "seed": 7,
        },
        source="demo",
    )


def show(duration: str, out: Path | None) -> int:
    """
    Run the demo, print its result, and return the exit code.

    A verdict of INVALID is shown, but is no failure here: the emulator shares the machine with the run.
    """
    with emulator() as url:
        sys.stderr.write(f"emulating a multi-model endpoint on {url}\n")
        options = Options(out=out, credentials=StaticCredentials(_KEYS))
        code = execute(scenario(url, duration), Printing(), options)
    return DONE if code == INVALID else code


@contextmanager
def emulator() -> Iterator[str]:
    """Start the emulator on a free port of this machine; yields its URL, and ends it."""
    command = [sys.executable, "-m", "asyncload", "emulate", "--port", "0", "--preset", "xgboost-ml.m5.xlarge"]
    # A session of its own: Ctrl-C is for the run, which needs the emulator until its last reply.
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)  # noqa: S603
    try:
        line = process.stdout.readline() if process.stdout else ""
        if not line.startswith("listening on "):
            raise StartError("the emulator did not start; `asyncload emulate` shows why")
        yield line.split()[2]
    finally:
        process.terminate()
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
