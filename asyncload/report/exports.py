"""
The formats in which a run can be given to other tools: each one's name, and what writes it.

A new format is a function and a line in `FORMATS`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from importlib.util import find_spec
from typing import Final, TypeAlias

from asyncload.formats.locust.course import course
from asyncload.formats.locust.run import entries, exceptions, failures
from asyncload.formats.locust.tables import exceptions_csv, failures_csv, history_csv, stats_csv
from asyncload.formats.locust_json import to_json
from asyncload.formats.reading import Since
from asyncload.formats.recording import Recording
from asyncload.formats.writing.hgrm import percentile_distribution
from asyncload.formats.writing.hlog import interval_log
from asyncload.formats.writing.junit import junit
from asyncload.formats.writing.k6 import handle_summary, summary_export
from asyncload.formats.writing.openmetrics import openmetrics
from asyncload.formats.writing.slugs import slugs
from asyncload.formats.writing.spreadsheet import by_model, by_second
from asyncload.report.markdown import markdown
from asyncload.result import ModelResult
from asyncload.schema.reader import nearest

Files: TypeAlias = Iterator[tuple[str, Iterable[bytes]]]
"""How each file's name ends, and what is in it, in pieces which are made as they are asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What may be chosen about a format, where it leaves a choice; None is what it does by itself."""

    since: Since | None = None
    """From when latencies count."""
    full_history: bool | None = None
    """Every model in every second, too."""
    by: str | None = None
    """What there is a row, or a file, for."""
    allow_undecided: bool = False
    """Whether an objective that the run cannot decide is as good as one that is met; any format may be asked so."""

    def made(self) -> dict[str, object]:
        """Choices that a format leaves or not, where somebody made one."""
        each = {choice.name: getattr(self, choice.name) for choice in fields(self) if choice.default is None}
        return {name: value for name, value in each.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One format."""

    files: Callable[[Recording, Choices], Files]
    stem: str
    """How its files' names begin, unless somebody says otherwise."""
    ends: tuple[str, ...]
    """How they end."""
    heeds: Mapping[str, tuple[object, ...]] = field(default_factory=dict)
    """Which choices it leaves, and what each may be."""
    file_for_each: str = ""
    """By what there is a file for each, and not a row, if that is chosen."""
    lacks: Callable[[], str] = str  # which returns an empty text
    """What is to be installed before it can be written; empty if nothing."""

    def count(self, choices: Choices) -> str:
        """Return how many files there are, in words; empty for one."""
        if choices.by and choices.by == self.file_for_each:
            return f"a file for each {choices.by}"
        return f"{len(self.ends)} files" if len(self.ends) > 1 else ""


def mistakes(names: Sequence[str], choices: Choices) -> Iterator[str]:
    """Yield what is wrong with asking for formats: there is none of that name, or none of them leaves such a choice."""
    for name in names:
        if name not in FORMATS:
            near = nearest(name, FORMATS)
            hint = f"; did you mean {near}?" if near else ""
            yield f"--format: expected one of {', '.join(FORMATS)}, found {name!r}{hint}"
        elif lacking := FORMATS[name].lacks():
            yield f"--format {name}: {lacking}"
    chosen = [name for name in names if name in FORMATS]
    for choice, value in choices.made().items():
        if chosen:
            yield from _unheeded(chosen, choice, value)
    if "csv" in chosen and choices.full_history and choices.by != "second" and "locust-csv" not in chosen:
        yield "--full-history: of csv it is about seconds; give --by second, too"


def _unheeded(names: Sequence[str], choice: str, value: object) -> Iterator[str]:
    option = f"--{choice.replace('_', '-')}"
    if not any(choice in FORMATS[name].heeds for name in names):
        heeding = ", ".join(name for name, format_ in FORMATS.items() if choice in format_.heeds)
        told = f"the format {names[0]} leaves" if len(names) == 1 else f"the formats {', '.join(names)} leave"
        yield f"{option}: {told} no such choice; expected {heeding}"
        return
    legal = dict.fromkeys(each for name in names for each in FORMATS[name].heeds.get(choice, ()))
    if value not in legal:
        yield f"{option}: expected one of {', '.join(map(str, legal))} with {', '.join(names)}, found {value!r}"


# -- what writes them -------------------------------------------------------------------------------------------------


def _json(recording: Recording, _choices: Choices) -> Files:
    yield ".json", [recording.result.to_json(), b"\n"]


def _csv(recording: Recording, choices: Choices) -> Files:
    if choices.by == "second":
        yield ".csv", _encoded(by_second(recording, full=bool(choices.full_history)))
    else:
        yield ".csv", _encoded(by_model(recording))


def _hgrm(recording: Recording, choices: Choices) -> Files:
    def distribution(model: ModelResult) -> Iterable[bytes]:
        return _encoded(percentile_distribution(model.service if choices.since == "sent" else model.response))

    yield ".hgrm", distribution(recording.result.totals)
    if choices.by == "model":
        models = recording.result.models
        for slug, model in zip(slugs([model.name for model in models]), models, strict=True):
            yield f"-{slug}.hgrm", distribution(model)


def _hlog(recording: Recording, choices: Choices) -> Files:
    yield ".hlog", _encoded(interval_log(recording, choices.since or "due"))


def _junit(recording: Recording, choices: Choices) -> Files:
    yield ".xml", _encoded([junit(recording, allow_undecided=choices.allow_undecided)])


def _openmetrics(recording: Recording, _choices: Choices) -> Files:
    yield ".txt", [openmetrics(recording)]


def _k6_json(recording: Recording, choices: Choices) -> Files:
    yield (
        ".json",
        _encoded([handle_summary(recording, choices.since or "sent", allow_undecided=choices.allow_undecided)]),
    )


def _k6_export(recording: Recording, choices: Choices) -> Files:
    yield (
        ".json",
        _encoded([summary_export(recording, choices.since or "sent", allow_undecided=choices.allow_undecided)]),
    )


def _markdown(recording: Recording, _choices: Choices) -> Files:
    yield ".md", _encoded([markdown(recording)])


def _parquet(recording: Recording, _choices: Choices) -> Files:
    from asyncload.formats.writing.parquet import samples_parquet  # noqa: PLC0415  # what it needs is an extra

    yield ".parquet", samples_parquet(recording)


def _lacks_parquet() -> str:
    if find_spec("pyarrow"):
        return ""
    return "needs pyarrow, which is not installed; `pip install 'asyncload-mme[parquet]'` brings it"


def _locust_csv(recording: Recording, choices: Choices) -> Files:
    since, full = choices.since or "sent", bool(choices.full_history)
    yield "_stats.csv", _encoded(stats_csv(entries(recording, since)))
    yield "_stats_history.csv", _encoded(history_csv(course(recording, since, full=full), full=full))
    yield "_failures.csv", _encoded(failures_csv(failures(recording)))
    yield "_exceptions.csv", _encoded(exceptions_csv(exceptions(recording)))


def _locust_json(recording: Recording, choices: Choices) -> Files:
    yield ".json", _encoded([to_json(entries(recording, choices.since or "sent", by_second=True))])


def _encoded(pieces: Iterable[str]) -> Iterator[bytes]:
    return (piece.encode() for piece in pieces)


_SINCE: Final = {"since": ("sent", "due")}
_FULL: Final = {"full_history": (True,)}
_LOCUST_CSV: Final = ("_stats.csv", "_stats_history.csv", "_failures.csv", "_exceptions.csv")

FORMATS: Final[Mapping[str, Format]] = {
    "json": Format(files=_json, stem="report", ends=(".json",)),
    "csv": Format(files=_csv, stem="report", ends=(".csv",), heeds={"by": ("model", "second"), **_FULL}),
    "markdown": Format(files=_markdown, stem="report", ends=(".md",)),
    "junit": Format(files=_junit, stem="junit", ends=(".xml",)),
    "hgrm": Format(
        files=_hgrm, stem="report", ends=(".hgrm",), heeds={"by": ("model",), **_SINCE}, file_for_each="model"
    ),
    "hlog": Format(files=_hlog, stem="report", ends=(".hlog",), heeds=_SINCE),
    "openmetrics": Format(files=_openmetrics, stem="openmetrics", ends=(".txt",)),
    "parquet": Format(files=_parquet, stem="samples", ends=(".parquet",), lacks=_lacks_parquet),
    "k6-json": Format(files=_k6_json, stem="k6-summary", ends=(".json",), heeds=_SINCE),
    "k6-export": Format(files=_k6_export, stem="k6-export", ends=(".json",), heeds=_SINCE),
    "locust-csv": Format(files=_locust_csv, stem="locust", ends=_LOCUST_CSV, heeds={**_SINCE, **_FULL}),
    "locust-json": Format(files=_locust_json, stem="locust", ends=(".json",), heeds=_SINCE),
}
