"""Real Locust as processes, for tests that need one."""

import os
import subprocess
import sys
from pathlib import Path

from tests.real.runs import KEYS

END_S = 60


def start(locustfile: Path, url: str, *words: str, home: Path) -> "subprocess.Popen[str]":
    """Start Locust on a file of an endpoint's calls; its results go to `home`, and it ends by itself."""
    keys = KEYS.current()
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("LOCUST_", "AWS_"))}
    options = ["-f", str(locustfile.absolute()), "--host", url, "--exit-code-on-error", "0"]
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "locust", *options, *words],
        env={**environment, "AWS_ACCESS_KEY_ID": keys.access_key, "AWS_SECRET_ACCESS_KEY": keys.secret_key},
        cwd=home, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def end(process: "subprocess.Popen[str]") -> str:
    """Wait for its end; returns what it printed."""
    try:
        said, _ = process.communicate(timeout=END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        said, _ = process.communicate()
        raise AssertionError(f"Locust did not end: {said}") from None
    assert process.returncode == 0, said
    return said
