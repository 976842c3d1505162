"""A packet capture of the loopback by tcpdump, a process of its own that stamps in the kernel."""

import re
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import TimeoutExpired

from bench.processes import started, tool
from bench.rows import MissingToolError

_SETTLE_S = 1.5
"""Longer than the kernel keeps a block of packets before it hands them over."""
_HAS_PAYLOAD = "(ip[2:2] - ((ip[0] & 0xf) << 2) - ((tcp[12] & 0xf0) >> 2)) != 0"


@dataclass(slots=True)
class Capture:
    """A capture; `lost` is known when it has ended."""

    path: Path
    lost: int = 0
    """Packets that tcpdump was too slow for."""


@contextmanager
def captured(path: Path, port: int, core: int) -> Iterator[Capture]:
    """
    Capture the packets that carry payload from and to a port of the loopback, while the block lasts.

    Args:
        path: File to write.
        port: The server's.
        core: Where tcpdump stays.

    Raises:
        MissingToolError: If tcpdump is not there or not allowed.
    """
    program = tool("tcpdump", "install the Debian package tcpdump")
    how = ["-i", "lo", "-n", "-s", "96", "-B", "65536", "--time-stamp-precision=nano"]
    # -Z root: it may not write into our directory as somebody else.
    command = [program, *how, "-Z", "root", "-w", str(path), f"ip and tcp port {port} and {_HAS_PAYLOAD}"]
    capture = Capture(path)
    with started(command, core) as process:
        assert process.stderr is not None
        said = process.stderr.readline()
        while said and "listening on" not in said:
            if "ermission" in said:
                raise MissingToolError("tcpdump may not capture; run as root, or give it cap_net_raw")
            said = process.stderr.readline()
        try:
            yield capture
        finally:
            time.sleep(_SETTLE_S)
            process.send_signal(signal.SIGINT)
            try:
                _, said = process.communicate(timeout=10)
            except TimeoutExpired:
                said = ""
            found = re.search(r"(\d+) packets? dropped by kernel", said)
            capture.lost = int(found[1]) if found else 0
