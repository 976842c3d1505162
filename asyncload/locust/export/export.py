"""The locustfile, put together."""

import csv
import gzip
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

from jinja2 import Environment, PackageLoader, StrictUndefined

from asyncload.errors import StoreError, UsageError
from asyncload.locust.export import calls, spelling
from asyncload.locust.export.imports import imports
from asyncload.locust.export.payloads import pools_of
from asyncload.locust.export.schedule import schedule
from asyncload.locust.export.words import words_of_calls, words_of_file, words_of_users
from asyncload.payload import pools
from asyncload.plan import Plan
from asyncload.scenario import Scenario, Users, targets

Style: TypeAlias = Literal["tasks", "replay"]
Client: TypeAlias = Literal["boto3", "fasthttp"]

WITHIN_NS: Final = 1_000_000_000
_TEMPLATES = Environment(
    loader=PackageLoader("asyncload.locust.export"),
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    undefined=StrictUndefined,
    autoescape=False,  # noqa: S701  # it writes Python; every text of the scenario goes through `spelling`
)


@dataclass(frozen=True, slots=True)
class Exported:
    """A locustfile and its companions."""

    text: str
    files: Mapping[str, bytes]
    """By name, to lie in the locustfile's folder."""


def export(
    scenario: Scenario,
    *,
    style: Style = "tasks",
    client: Client = "boto3",
    within_ns: int = WITHIN_NS,
    fine_buckets: bool = False,
    out: Path | None = None,
) -> Exported:
    """
    Write a scenario as a locustfile.

    Args:
        scenario: What it sends.
        style: tasks: users who wait for replies, as Locust has them; replay: the plan's own due times, which wait for
            none.
        client: boto3: what most callers use; fasthttp: Locust's FastHttpUser with botocore's signatures, for more calls
            per core.
        within_ns: Of `tasks` under a rate: how long a reply may take before the rate is no longer reached.
        fine_buckets: Have Locust round response times to 0.1 ms, where it rounds to 1 ms and coarser by itself.
        out: Where it will stand: its files are named from there, and after it; by default the current directory.

    Raises:
        UsageError: If the style does not fit the scenario.
        ScenarioError: If the scenario or a file that it names has mistakes.
    """
    scenario.checked()
    out = out or Path("locustfile.py")
    closed = any(isinstance(phase, Users) for phase in scenario.phases)
    if style == "replay" and closed:
        raise UsageError("a replay needs due times, and the users of a closed loop have none: use --style tasks")
    if within_ns <= 0:
        raise UsageError("--within: expected a duration above 0, such as 1s")
    sources = _sources(scenario, out)
    plan = Plan(scenario)
    course = schedule(scenario, within_ns)
    files = dict(source.pool.file for source in sources if source.pool.file)
    if style == "replay":
        files[f"{out.stem}.plan.csv.gz"] = _rows(plan)
    words: dict[str, object] = {
        **words_of_file(scenario, out, style, course),
        **words_of_calls(sources, style, client),
        **words_of_users(course),
        "style": style,
        "client": client,
    }
    words |= {"digest": plan.digest(), "fine_buckets": fine_buckets}
    template = _TEMPLATES.get_template("locustfile.py.jinja")
    needed = imports(template.render(**words, imports=()))
    return Exported(template.render(**words, imports=needed), files)


def write(exported: Exported, out: Path) -> list[Path]:
    """
    Write a locustfile and its companions; returns their paths, the locustfile first.

    Raises:
        StoreError: If one of them cannot be written.
    """
    contents = {out: exported.text.encode(), **{out.parent / name: data for name, data in exported.files.items()}}
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        for path, data in contents.items():
            path.write_bytes(data)
    except OSError as error:
        raise StoreError(f"{error.filename}: cannot be written: {error.strerror}") from error
    return list(contents)


def _sources(scenario: Scenario, out: Path) -> list[calls.Source]:
    models = scenario.models
    labels = iter(targets(models))
    members = [[next(labels).label for _ in range(model.count)] for model in models]
    names = spelling.identifiers([calls.label_of(model) for model in models])
    laid = pools_of(models, names, pools(scenario), out)
    return [
        calls.Source(model=model, name=name, pool=pool, labels=found)
        for model, name, pool, found in zip(models, names, laid, members, strict=True)
    ]


def _rows(plan: Plan) -> bytes:
    """The plan as compressed CSV, the same bytes for the same plan."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    for block in plan.blocks():
        rows.writerows(zip(*(column.tolist() for column in block), strict=True))
    return gzip.compress(text.getvalue().encode(), mtime=0)
