"""`asyncload emulate`: what was asked for, as the parts of an emulator."""

import sys
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from asyncload.emulator.command import run
from asyncload.emulator.config import Emulator
from asyncload.emulator.played import EndpointPlayed, ModelPlayed
from asyncload.emulator.process import Listen, Started
from asyncload.emulator.recipe import Settings
from asyncload.emulator.scene import MakeSource, Setting
from asyncload.emulator.sources import Addresses, Servers
from asyncload.errors import UsageError

MMS = "mms"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The options of the command."""

    config: Path | None = None
    preset: str | None = None
    truth: Path | None = None
    time_scale: float | None = None
    seed: int | None = None
    containers: tuple[str, ...] = ()
    models: Path | None = None
    disk: Path | None = None
    disk_as: str | None = None
    handler: str | None = None


def played(asked: Asked) -> Emulator:
    """
    Return what is to be played.

    Raises:
        UsageError: If options contradict one another, or the configuration has mistakes.
    """
    if asked.config is not None and asked.preset is not None:
        raise UsageError("a configuration and --preset are one too many: give one of them")
    if asked.config is not None:
        config = Emulator.load(asked.config)
    elif asked.preset is not None:
        config = Emulator.preset(asked.preset)
    elif asked.containers:
        config = Emulator(endpoints=(EndpointPlayed(name="xgboost-mme", models=(ModelPlayed(name="*"),)),))
    else:
        config = Emulator()
    if asked.time_scale is not None:
        config = replace(config, time_scale=asked.time_scale)
    return config if asked.seed is None else replace(config, seed=asked.seed)


def setting(asked: Asked) -> Setting:
    """
    Return what else the emulator is made from.

    Raises:
        UsageError: If options contradict one another.
        StartError: If the folder of the models is missing.
    """
    if not asked.containers:
        for name in ("models", "disk", "disk_as", "handler"):
            if getattr(asked, name) is not None:
                raise UsageError(f"--{name.replace('_', '-')} means something with --container only")
        return Setting(truth=asked.truth, warn=warn)
    if asked.models is None:
        raise UsageError("--container needs --models DIR, the folder that stands for the S3 prefix of the models")
    if MMS in asked.containers:
        return Setting(truth=asked.truth, warn=warn, source=_servers(asked, asked.models))
    if asked.handler is not None:
        raise UsageError("--handler means something with --container mms only")
    seen_as = None if asked.disk_as is None else PurePosixPath(asked.disk_as)
    addresses = Addresses(asked.containers, asked.models, asked.disk, seen_as)
    return Setting(truth=asked.truth, warn=warn, source=lambda _time, _seed: addresses)


def _servers(asked: Asked, models: Path) -> MakeSource:
    if set(asked.containers) != {MMS} or asked.disk is not None or asked.disk_as is not None:
        raise UsageError("--container mms starts its own servers: no other --container, no --disk and no --disk-as")
    settings = Settings() if asked.handler is None else Settings(handler=asked.handler)
    servers = Servers(models, settings)
    return lambda _time, _seed: servers


def emulate(asked: Asked, listen: Listen) -> None:
    """
    Play until SIGINT or SIGTERM.

    The first line on standard output is `listening on URL ...`; it comes once connections are accepted.

    Raises:
        UsageError: If options contradict one another, or the configuration has mistakes.
        StartError: If it cannot start.
    """
    config = played(asked)
    run(config, listen, setting(asked), lambda started: announce(config, started))


def announce(config: Emulator, started: Started) -> None:
    """Say where it is, what it plays, and what it can carry."""
    carries = f"about {started.speed.requests_per_s:,.0f} signed requests/s on this core"
    _say(f"listening on {started.url} · {carries}, own overhead p99 {started.speed.overhead_p99_ms:.2f} ms")
    names = ", ".join(endpoint.name for endpoint in config.endpoints)
    keys = ", ".join(key.access_key for key in config.credentials)
    _say(f"endpoints {names} · access keys {keys}")
    if started.authority is not None:
        _say(
            f"authority {started.authority} · clients take it as AWS_CA_BUNDLE, `verify` of boto3, `ca:` of a scenario"
        )


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def warn(text: str) -> None:
    """Tell whoever sits at the keyboard."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
