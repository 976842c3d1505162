"""Real servers for tests, each its own process on a free port of 127.0.0.1, ended by its own handle."""

import json
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

END_S = 10


@dataclass(frozen=True, slots=True)
class RunningEmulator:
    """An emulator that accepts connections."""

    url: str
    """Base URL, such as http://127.0.0.1:40123."""
    process: "subprocess.Popen[str]"
    access_key: str = "AKIDEXAMPLE"
    secret_key: str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
    """The demo key of the emulator's default configuration."""
    ca: Path | None = None
    """Who signed its certificate."""

    @property
    def sdk(self) -> dict[str, Any]:
        """What boto3 and aiobotocore need to know to call it."""
        return {
            "region_name": "us-east-1",
            "endpoint_url": self.url,
            "aws_access_key_id": self.access_key,
            "aws_secret_access_key": self.secret_key,
        }

    def line(self) -> str:
        """Return the next line of its standard output; the first one has been read."""
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def truth(self, since: int = 0) -> list[dict[str, Any]]:
        """Return the rows of the ground-truth log."""
        with self._open(Request(f"{self.url}/control/truth?since={since}")) as reply:  # noqa: S310
            return [json.loads(line) for line in reply]

    def stall(self, ms: int) -> None:
        """Hold all work and replies for that long from now on."""
        self._post(f"/control/stall?ms={ms}")

    def reset(self) -> None:
        """End a stall, forget the truth, begin all draws anew."""
        self._post("/control/reset")

    def health(self) -> dict[str, Any]:
        """Return the counts."""
        with self._open(Request(f"{self.url}/control/health")) as reply:  # noqa: S310
            counts: dict[str, Any] = json.load(reply)
            return counts

    def instances(self, endpoint: str) -> dict[str, dict[str, Any]]:
        """Return what each instance of an endpoint holds, by its name."""
        return {each["instance"]: each for each in self.health()["instances"] if each["endpoint"] == endpoint}

    def control(self, method: str, path: str, body: object = None) -> tuple[int, str]:
        """Use a switch below /control/ with a JSON body; returns status and text."""
        data = None if body is None else json.dumps(body).encode()
        try:
            with self._open(Request(f"{self.url}/control/{path}", data, method=method)) as reply:  # noqa: S310
                return reply.status, reply.read().decode()
        except HTTPError as refused:
            with refused:
                return refused.code, refused.read().decode()

    def faults(self, *faults: dict[str, Any]) -> None:
        """Put these faults in place of those that are on."""
        status, text = self.control("POST", "faults", faults)
        assert status == 200, text

    def _post(self, path: str) -> None:
        with self._open(Request(f"{self.url}{path}", method="POST")) as reply:  # noqa: S310
            reply.read()

    def _open(self, request: Request) -> Any:
        context = None if self.ca is None else ssl.create_default_context(cafile=self.ca)
        return urlopen(request, timeout=30, context=context)  # noqa: S310


@contextmanager
def emulator(
    config: Path | None = None,
    *words: str,
    truth: Path | None = None,
    tls: tuple[Path, Path] | None = None,
    ca: Path | None = None,
    errors: Path | None = None,
) -> Iterator[RunningEmulator]:
    """
    Start an emulator, wait until it accepts connections, and end it with SIGTERM.

    Args:
        config: What it plays; without it the endpoint `xgboost-mme` with any *.tar.gz model.
        words: More options of `asyncload emulate`.
        truth: File for the ground-truth log; complete when the context has ended.
        tls: Certificate and key, PEM files.
        ca: Have a certificate made on the spot, and its authority written there.
        errors: File for its standard error; without it that is ours.
    """
    command = [sys.executable, "-m", "asyncload", "emulate", "--port", "0", *words]
    command += [] if config is None else [str(config)]
    command += [] if truth is None else ["--truth", str(truth)]
    command += [] if tls is None else ["--certificate", str(tls[0]), "--key", str(tls[1])]
    command += [] if ca is None else ["--tls", "--ca-file", str(ca)]
    with ExitStack() as files:
        stderr = None if errors is None else files.enter_context(errors.open("w"))
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True)
    with process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith("listening on "), f"the emulator did not start: {line!r}"
            yield RunningEmulator(line.split()[2], process, ca=ca)
        finally:
            process.terminate()
            try:
                process.wait(END_S)
            except subprocess.TimeoutExpired:
                process.kill()
