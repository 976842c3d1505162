"""`asyncload emulate`: what was asked for, as the parts of an emulator."""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from asyncload.emulator.behind.artefacts import Artefacts
from asyncload.emulator.behind.recipe import Settings
from asyncload.emulator.behind.sources import Addresses, Servers, Shared
from asyncload.emulator.command import run
from asyncload.emulator.config.emulator import Emulator, presets
from asyncload.emulator.config.endpoint import EndpointPlayed, ModelPlayed
from asyncload.emulator.process import Listen, Started
from asyncload.emulator.scene import MakeSource, Setting
from asyncload.errors import Problem, ScenarioError

MMS = "mms"
CA_FILE = Path("asyncload-emulator-ca.pem")
"""Where clients find the authority, unless it is said."""
_URL = re.compile(r"https?://[^/\s]+\S*")
LARGEST_SCALE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The options of the command."""

    config: Path | None = None
    preset: str | None = None
    truth: Path | None = None
    time_scale: float | None = None
    seed: int | None = None
    ca_file: Path | None = None
    containers: tuple[str, ...] = ()
    models: Path | None = None
    disk: Path | None = None
    disk_as: str | None = None
    handler: str | None = None


def mistakes(asked: Asked, listen: Listen) -> Iterator[Problem]:
    """Yield what cannot be meant, alone or together."""
    if asked.config is not None and asked.preset is not None:
        yield Problem("--preset", f"{asked.config} is a configuration already; give one of them")
    if asked.preset is not None and asked.preset not in presets():
        yield Problem("--preset", f"no preset is called {asked.preset!r}; there are {', '.join(presets())}")
    if asked.time_scale is not None and not 0 < asked.time_scale <= LARGEST_SCALE:
        yield Problem("--time-scale", f"expected a factor above 0, at most {LARGEST_SCALE}, found {asked.time_scale:g}")
    if asked.truth is not None and asked.truth.is_dir():
        yield Problem("--truth", f"{asked.truth} is a folder; name a file")
    if listen.key is not None and listen.certificate is None:
        yield Problem("--key", "it belongs to a --certificate, and none is given")
    if listen.authority is not None and listen.certificate is not None:
        yield Problem("--tls", "it makes a certificate, and one is given; leave out --tls or --certificate")
    if asked.ca_file is not None and listen.authority is None:
        yield Problem("--ca-file", "says where --tls writes its authority, and --tls is not given")
    yield from _of_containers(asked)


def _of_containers(asked: Asked) -> Iterator[Problem]:
    of_addresses = {"--disk": asked.disk, "--disk-as": asked.disk_as}
    options = {"--models": asked.models, **of_addresses, "--handler": asked.handler}
    given = {name for name, value in options.items() if value is not None}
    if not asked.containers:
        yield from (Problem(name, "means something with --container only") for name in options if name in given)
        return
    if asked.models is None:
        yield Problem("--container", "needs --models DIR, the folder that stands for the S3 prefix of the models")
    if MMS not in asked.containers:
        yield from _of_addresses(asked)
        return
    if set(asked.containers) != {MMS}:
        yield Problem("--container", f"{MMS} starts its own servers; addresses do not go with it")
    for name in of_addresses:
        if name in given:
            yield Problem(name, f"means something with --container URL only; {MMS} has disks of its own")


def _of_addresses(asked: Asked) -> Iterator[Problem]:
    for url in asked.containers:
        if not _URL.fullmatch(url):
            yield Problem("--container", f"{url!r} is neither {MMS} nor a URL such as http://127.0.0.1:8080")
    if asked.handler is not None:
        yield Problem("--handler", f"means something with --container {MMS} only")
    if asked.disk is not None and not asked.disk.is_dir():
        yield Problem("--disk", f"there is no folder {asked.disk}; make it, where the containers see it too")
    if asked.disk_as is not None and asked.disk is None:
        yield Problem("--disk-as", "says how the containers see --disk, and none is given")


def played(asked: Asked) -> Emulator:
    """
    Return what is to be played.

    Raises:
        ScenarioError: If the configuration has mistakes.
    """
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
        StartError: If the folder of the models is missing.
    """
    if not asked.containers or asked.models is None:
        return Setting(truth=asked.truth, warn=warn)
    return Setting(truth=asked.truth, warn=warn, source=_source(asked, asked.models))


def _source(asked: Asked, models: Path) -> MakeSource:
    artefacts = Artefacts(models)
    if MMS in asked.containers:
        settings = Settings() if asked.handler is None else Settings(handler=asked.handler)
        return lambda time, _seed: Servers(artefacts, time.scale, settings)
    seen_as = None if asked.disk_as is None else PurePosixPath(asked.disk_as)
    shared = None if asked.disk is None else Shared(asked.disk, seen_as)
    return lambda time, _seed: Addresses(asked.containers, artefacts, shared, time.scale)


def emulate(asked: Asked, listen: Listen) -> None:
    """
    Play until SIGINT or SIGTERM.

    The first line on standard output is `listening on URL ...`; it comes once connections are accepted.

    Raises:
        ScenarioError: If options contradict one another, or the configuration has mistakes; all of them at once.
        StartError: If it cannot start.
    """
    problems = list(mistakes(asked, listen))
    if problems:
        raise ScenarioError("options", problems)
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
