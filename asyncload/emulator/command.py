"""
Run the emulator as a process of its own, ended by SIGINT or SIGTERM.

The truth file is complete when the process has ended.
"""

import asyncio
import gc
import signal
from collections.abc import Callable
from pathlib import Path

from asyncload.emulator.config import Emulator
from asyncload.emulator.process import Listen, serve

try:
    from uvloop import new_event_loop
except ImportError:  # optional outside Linux
    from asyncio import new_event_loop  # type: ignore[assignment]

GC_THRESHOLDS = (100_000, 50, 100)
"""Collections are rarer than Python's default, for each pause shows in the replies' times."""


def run(config: Emulator, listen: Listen, truth: Path | None, ready: Callable[[str], None]) -> None:
    """
    Serve on an event loop of its own until SIGINT or SIGTERM; uvloop's, where it is installed.

    Args:
        config: What to play.
        listen: Where.
        truth: File for the ground-truth log.
        ready: Called with the base URL once connections are accepted.

    Raises:
        StartError: If the address, the certificate or the truth file cannot be used.
    """
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(_until_signal(config, listen, truth, ready))


async def _until_signal(config: Emulator, listen: Listen, truth: Path | None, ready: Callable[[str], None]) -> None:
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await serve(config, listen, truth=truth, ready=ready, stop=stop)
