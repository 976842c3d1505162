"""
Run the emulator as a process of its own, ended by SIGINT or SIGTERM.

The truth file is complete when the process has ended.
"""

import asyncio
import gc
import signal
from collections.abc import Callable

from asyncload.emulator.config.emulator import Emulator
from asyncload.emulator.process import Listen, Started, serve
from asyncload.emulator.scene import Setting

try:
    from uvloop import new_event_loop
except ImportError:  # optional outside Linux
    from asyncio import new_event_loop  # type: ignore[assignment]

GC_THRESHOLDS = (100_000, 50, 100)
"""Collections are rarer than Python's default, for each pause shows in the replies' times."""


def run(config: Emulator, listen: Listen, setting: Setting, ready: Callable[[Started], None]) -> None:
    """
    Serve on an event loop of its own until SIGINT or SIGTERM; uvloop's, where it is installed.

    Args:
        config: What to play.
        listen: Where.
        setting: What else it is made from.
        ready: Called once connections are accepted.

    Raises:
        StartError: If the address, the certificate, the truth file or a container cannot be used.
    """
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(_until_signal(config, listen, setting, ready))


async def _until_signal(config: Emulator, listen: Listen, setting: Setting, ready: Callable[[Started], None]) -> None:
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await serve(config, listen, setting, ready=ready, stop=stop)
