"""
From a locustfile to a scenario.

    import_locustfile  ─>  Imported: the scenario's text, the files it needs, and notes  ─>  write
"""

import shutil
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from asyncload import __version__
from asyncload.errors import ScenarioError, StartError, StoreError, UsageError
from asyncload.locust.importer import child
from asyncload.locust.importer.families import Family, families
from asyncload.locust.importer.findings import NOWHERE, Answer, Ended, Findings, Job, Mistake, Note
from asyncload.locust.importer.phases import Document, Wanted, phases
from asyncload.locust.importer.pools import Sources
from asyncload.locust.importer.targets import Traffic, Unimportable, is_name, shares, traffic
from asyncload.locust.importer.yaml_text import yaml_text
from asyncload.scenario import Limits, Scenario
from asyncload.schema import write as write_plain
from asyncload.units import format_duration

_SUFFIXES: Final = (".yaml", ".yml")
_LONGEST_NAME: Final = 100
_CLIENTS_TIMEOUT_S: Final = 60.0
"""Of botocore's and Locust's own clients unless told otherwise; it cuts where the container's own 60 s end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is to be imported, and how."""

    file: Path
    classes: tuple[str, ...] = ()
    """User classes; all if empty."""
    host: str | None = None
    """What Locust's -H would be, and where the scenario's calls go."""
    tags: tuple[str, ...] = ()
    exclude_tags: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables that the file sees beside those of this process."""
    arguments: tuple[str, ...] = ()
    """Options of the file's own."""
    reply: bytes | None = None
    """What the endpoint would answer."""
    endpoint: str | None = None
    """The one to take, where the file calls several."""
    wanted: Wanted = field(default_factory=Wanted)
    """Users, rate and length."""
    keep_going: bool = False
    """Whether to import what can be, and make notes of mistakes."""
    limit_s: float = 60.0
    """How long the file may run."""


@dataclass(frozen=True, slots=True)
class Imported:
    """A scenario, not yet written."""

    document: Document
    notes: tuple[Note, ...]
    files: tuple[tuple[str, bytes], ...]
    """Payloads, by their path beside the scenario."""
    source: str
    """What it was made from, in words."""

    def text(self) -> str:
        """Return the scenario as YAML, with the notes as comments."""
        head = f"Imported from {self.source} by asyncload {__version__}."
        notes = [f"- {note.topic}: {note.text}." for note in self.notes]
        return yaml_text(self.document, [head, *(["", "What does not carry over:", *notes] if notes else [])])


def import_locustfile(request: Request, stem: str) -> Imported:
    """
    Look into a locustfile and make a scenario of it.

    Args:
        request: What is to be imported.
        stem: Name of the scenario's file without its ending; payloads are put into a folder called after it.

    Raises:
        UsageError: With every reason why the file cannot be imported, and the lines.
        StartError: If Locust is not installed.
    """
    if not request.file.is_file():
        raise UsageError(f"{request.file}: is no file" + (" but a folder" if request.file.is_dir() else ""))
    with TemporaryDirectory(prefix="asyncload-import-") as scratch:
        [answer] = child.look_into([job(request, scratch)])
    return convert(request, answer, stem)


def convert(request: Request, answer: Answer, stem: str) -> Imported:
    """
    Make a scenario of what was found in a locustfile.

    Raises:
        UsageError: With every reason why the file cannot be imported, and the lines.
        StartError: If Locust is not installed, or the importer itself failed.
    """
    found = _usable(request, answer)
    try:
        called = traffic(found, request.endpoint, request.wanted.users, request.host)
        parts = shares(found.classes, request.wanted.users)
    except Unimportable as error:
        raise _refusal(request, error.mistakes) from None
    if found.shape is not None and request.wanted.duration and not (request.wanted.rate or request.wanted.users):
        raise UsageError(f"--duration goes with --rate or --users: the file's {found.shape.name} says how long")
    when, about_phases = phases(request.wanted, found, parts, called.calls_per_task)
    sources = Sources(f"{stem}-payloads", [b64decode(body) for body in found.bodies])
    models, about_models = _models(families(called.called), sources)
    document: Document = {
        "name": stem[:_LONGEST_NAME],
        "endpoint": _endpoint(called),
        "models": models,
        "phases": when,
        **_limits(found),
    }
    left_out = [Note("left out", f"{each.where}: {each.text}" if each.where else each.text) for each in found.mistakes]
    notes = [*about_phases, *_about(called, found, request), *about_models, *found.notes, *left_out]
    return Imported(
        document, tuple(notes), tuple(sources.files().items()), f"{request.file.name} (Locust {found.locust})"
    )


def _usable(request: Request, answer: Answer) -> Findings:
    """Return what was found, if there is something and nothing is wrong with it."""
    if answer.missing:
        raise StartError(f"{answer.missing} is not installed: pip install 'asyncload-mme[locust]'")
    if answer.fault:
        raise StartError(f"{request.file}: the import failed, which is no fault of the file's: {answer.fault}")
    found = answer.findings
    if found is None:
        raise _refusal(request, [_ended(answer.ended, request.limit_s)] if answer.ended else [])
    if found.mistakes and not (request.keep_going and found.classes):
        raise _refusal(request, found.mistakes, going_helps=bool(found.classes))
    return found


def check_output(path: Path, *, force: bool) -> None:
    """
    Judge where a scenario is to be written.

    Raises:
        UsageError: If it is no place for one, or one is there that is not to be replaced.
    """
    if path.suffix not in _SUFFIXES:
        raise UsageError(f"-o {path}: expected a file whose name ends in .yaml or .yml")
    if not path.parent.is_dir():
        raise UsageError(f"-o {path}: there is no folder {path.parent}")
    if path.exists() and not force:
        raise UsageError(f"{path}: is there already; --force replaces it")


def write(imported: Imported, path: Path, *, force: bool) -> None:
    """
    Write a scenario and its payloads, after it has been read once from elsewhere.

    Args:
        imported: What to write.
        path: The scenario's file; payloads are put beside it.
        force: Whether to replace files that are there.

    Raises:
        UsageError: If something is there, or the scenario has mistakes, for a locustfile may do what no endpoint takes.
        StoreError: If it cannot be written.
    """
    check_output(path, force=force)
    folders = sorted({path.parent / file.partition("/")[0] for file, _ in imported.files})
    there = [str(each) for each in folders if each.exists()]
    if there and not force:
        raise UsageError(f"{', '.join(there)}: is there already; --force replaces it")
    with TemporaryDirectory(prefix="asyncload-import-") as scratch:
        _write(imported, Path(scratch) / path.name)
        try:
            Scenario.load(Path(scratch) / path.name)
        except ScenarioError as error:
            raise UsageError(f"what the file does is no scenario: {error}".replace(f"{scratch}/", "")) from None
    try:
        for folder in folders:
            if folder.is_dir():
                shutil.rmtree(folder)
        _write(imported, path)
    except OSError as error:
        raise StoreError(f"{error.filename}: cannot be written: {error.strerror}") from None


def _write(imported: Imported, path: Path) -> None:
    for file, body in imported.files:
        target = path.parent / file
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(body)
    path.write_text(imported.text(), encoding="utf-8")


# -- the request and its refusal --------------------------------------------------------------------------------------


def job(request: Request, scratch: str) -> Job:
    """Return what the other process is to do; `scratch` is a folder in which the file may write."""
    return Job(
        file=str(request.file.absolute()),
        scratch=scratch,
        classes=list(request.classes),
        host=request.host or "",
        tags=list(request.tags),
        exclude_tags=list(request.exclude_tags),
        environment=dict(request.environment),
        arguments=list(request.arguments),
        replies=[] if request.reply is None else [b64encode(request.reply).decode()],
        limit_s=request.limit_s,
    )


def _refusal(request: Request, mistakes: Sequence[Mistake], *, going_helps: bool = False) -> UsageError:
    lines = [f"  {each.where}: {each.text}" if each.where else f"  {each.text}" for each in mistakes]
    head = f"{request.file}: {len(lines)} mistake{'s' if len(lines) > 1 else ''}"
    lines += ["  what works is imported with --keep-going"] if going_helps else []
    return UsageError("\n".join([head, *lines]))


def _ended(ended: Ended, limit_s: float) -> Mistake:
    """Say how a file ended its process, or had it ended."""
    doing = f" while {ended.stage}" if ended.stage else ""
    match ended.how:
        case "time":
            return Mistake(ended.where, f"does not come to an end: {ended.stage} for {limit_s:g} s; see --timeout")
        case "exit":
            return Mistake(ended.where, f"ended its process with code {ended.number}{doing}")
        case _:
            return Mistake(ended.where, f"its process was killed by signal {ended.number}{doing}")


# -- parts of the document --------------------------------------------------------------------------------------------


def _endpoint(called: Traffic) -> Document:
    place = called.place
    texts = {"name": place.endpoint, "region": place.region, "url": place.url}
    return {key: text for key, text in texts.items() if text}


def _limits(found: Findings) -> Document:
    """Return how long calls wait for replies, where the file says so itself and all wait alike."""
    if len(found.timeouts_s) != 1 or found.timeouts_s[0] == _CLIENTS_TIMEOUT_S:
        return {}
    timeout_ns = round(found.timeouts_s[0] * 1e9)
    return {"limits": {"timeout": format_duration(timeout_ns, None)}} if timeout_ns != Limits().timeout_ns else {}


def _models(entries: Sequence[Family], sources: Sources) -> tuple[list[Document], list[Note]]:
    models: list[Document] = []
    rounded: list[str] = []
    for entry in entries:
        written = write_plain(entry.model())
        source = sources.source(entry.pattern.pool, entry.pattern.content_type, entry.pattern.own_name)
        usual: Document = {"count": 1, "popularity": "uniform", "inference_id": False}
        if len(entries) == 1:
            usual["weight"] = written["weight"]
        if not entry.pattern.content_type:
            usual["content_type"] = written["content_type"]
        model = {key: value for key, value in written.items() if usual.get(key) != value and key != "payload"}
        if source.said is not None:
            model["payload"] = source.said
        models.append(model)
        rounded += [entry.pattern.own_name] if source.rounded else []
    notes = [Note("payloads", f"shares of payloads are rounded: {', '.join(rounded[:5])}")] if rounded else []
    return models, notes


def _about(called: Traffic, found: Findings, request: Request) -> list[Note]:
    """Return notes on where calls go and under which names."""
    place, notes = called.place, []
    own = dict.fromkeys(target.url for target in found.targets if target.endpoint == place.endpoint)
    if is_name(request.host, place.endpoint):
        notes.append(Note("host", f"-H {request.host} is taken for the endpoint's name, as the file takes it"))
    elif request.host is not None and any(url.rstrip("/") != request.host.rstrip("/") for url in own):
        said = ", ".join("AWS in the environment's region" if NOWHERE in url else url for url in own)
        notes.append(Note("host", f"the file calls {said}; -H sends its calls to {request.host}"))
    if len(found.timeouts_s) > 1:
        listed = ", ".join(f"{timeout_s:g} s" for timeout_s in found.timeouts_s)
        notes.append(Note("timeouts", f"calls wait {listed} for replies; here all wait as long as limits.timeout says"))
    if called.signed and not place.region:
        notes.append(Note("region", "the file leaves it to the environment, and so does the scenario"))
    if not called.signed:
        notes.append(Note("signature", "the file does not sign its calls; asyncload does, for the region that is set"))
    if called.shared_rows:
        rows = ", ".join(repr(row) for row in called.shared_rows[:5])
        notes.append(Note("rows", f"the file reports several targets as {rows}; here each has a row of its own"))
    if called.others:
        notes.append(Note("endpoints", f"calls of {', '.join(called.others)} are left out"))
    if any(not each.content_type for each in called.called):
        notes.append(Note("content type", "a call without one is sent as application/octet-stream"))
    return notes
