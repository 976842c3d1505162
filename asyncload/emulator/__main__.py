"""python -m asyncload.emulator: the emulator without the rest of the command line."""

import sys
from argparse import ArgumentParser
from pathlib import Path

from asyncload.emulator.command import run
from asyncload.emulator.config import Emulator
from asyncload.emulator.process import Listen
from asyncload.errors import AsyncloadError, UsageError


def main() -> int:
    """
    Read the arguments, serve, and return the exit code.

    Prints one line `listening on http://127.0.0.1:PORT` once connections are accepted.
    """
    parser = ArgumentParser(prog="python -m asyncload.emulator", description="Play a SageMaker multi-model endpoint.")
    parser.add_argument("config", nargs="?", type=Path, help="what to play (YAML, TOML or JSON)")
    parser.add_argument("--host", default="127.0.0.1", help="address to bind; loopback unless given")
    parser.add_argument("--port", default=8089, type=int, help="port to bind; 0 takes a free one")
    parser.add_argument("--truth", type=Path, metavar="FILE", help="write the ground-truth log as JSON Lines")
    parser.add_argument("--tls", nargs=2, type=Path, metavar=("CERT", "KEY"), help="speak TLS with these PEM files")
    given = parser.parse_args()
    certificate, key = given.tls or (None, None)
    try:
        config = Emulator() if given.config is None else Emulator.load(given.config)
        listen = Listen(host=given.host, port=given.port, certificate=certificate, key=key)
        run(config, listen, given.truth, _announce)
    except AsyncloadError as problem:
        print(problem, file=sys.stderr)  # noqa: T201  this is a command line
        return 2 if isinstance(problem, UsageError) else 1
    return 0


def _announce(url: str) -> None:
    print(f"listening on {url}", flush=True)  # noqa: T201  whoever started this process waits for the line


if __name__ == "__main__":
    sys.exit(main())
