"""Show the result of a run, or give it to other tools: read its directory, and write the files of some formats."""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from asyncload.cli.judged import judged
from asyncload.cli.page import write_page_of
from asyncload.cli.repeats import tell
from asyncload.cli.run import Printing, exit_code, print_result
from asyncload.cli.view import AskedView
from asyncload.cli.view import mistakes as view_mistakes
from asyncload.errors import Problem, ScenarioError, StoreError
from asyncload.formats.recording import Recording
from asyncload.report import exports
from asyncload.report.exports import FORMATS, Choices, Format
from asyncload.store import read, read_history, runs_of, sides_of

STDOUT = Path("-")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The options of the command."""

    as_json: bool = False
    formats: tuple[str, ...] = ()
    choices: Choices
    out: Path | None = None
    """How the files' names begin, a directory to put them in, or "-" for standard output."""
    html: Path | None = None
    """Where to write the page, if at all."""
    slo: tuple[str, ...] = ()
    """Objectives to judge the run by, instead of its own; repeated runs each by itself."""
    view: AskedView = field(default_factory=AskedView)
    """The table in the middle of the report."""
    served: int | None = None
    """How many calls the target says that it served."""


def report(directory: Path, asked: Asked) -> int:
    """
    Print a result, or write it in some formats and print which files that are; return the exit code of its verdict.

    Raises:
        UsageError: If the options cannot be meant together.
        StoreError: If the run cannot be read, or a file cannot be written.
    """
    problems = [Problem("", mistake) for mistake in mistakes(asked)]
    if problems:
        raise ScenarioError("options", problems)
    if runs_of(directory) or sides_of(directory):
        return _repeats(directory, asked)
    result = judged(read(directory), asked.slo)
    if asked.served is not None:
        result = result.with_served(asked.served)
    if asked.html is not None:
        write_page_of(result, directory, asked.html)
    if not asked.formats:
        printing = Printing(as_json=asked.as_json, allow_undecided=asked.choices.allow_undecided, asked=asked.view)
        code = print_result(result, printing, directory)
        if asked.html is not None and not asked.as_json:
            sys.stdout.write(f"\nPage: {asked.html}\n")
        return code
    recording = Recording(result, read_history(directory))
    folder = directory if directory.is_dir() else directory.parent
    for name in asked.formats:
        _export(recording, name, asked.choices, asked.out or folder)
    if asked.html is not None and asked.out != STDOUT:
        sys.stdout.write(f"{asked.html}\n")
    return _tell(recording, allow_undecided=asked.choices.allow_undecided)


def _repeats(directory: Path, asked: Asked) -> int:
    """Print what repeated runs say together; all else is about one of them."""
    view = asked.view
    given = {
        "--format": bool(asked.formats),
        "--html": asked.html is not None,
        "--served": asked.served is not None,
        "--by": view.by is not None,
        "--sort": view.sort is not None,
        "--all": view.all_rows,
    }
    problems = [
        Problem("", f"{name}: is about one run, and {directory} holds several; give one of them, such as its 01")
        for name, is_given in given.items()
        if is_given
    ]
    if problems:
        raise ScenarioError("options", problems)
    printing = Printing(as_json=asked.as_json, allow_undecided=asked.choices.allow_undecided)
    return tell(directory, printing, asked.slo)


def mistakes(asked: Asked) -> Iterator[str]:
    """Yield what cannot be meant, alone or together."""
    if asked.html == STDOUT:
        yield "--html -: a page is for a browser; give the name of a file"
    if not asked.formats:
        yield from view_mistakes(asked.view, "--json" if asked.as_json else "")
        for name in [*asked.choices.made(), *(["out"] if asked.out else [])]:
            yield f"--{name.replace('_', '-')}: is about the files that --format writes, and there is no --format"
        return
    yield from view_mistakes(replace(asked.view, by=None), "--format")
    if asked.view.by == "phase":
        yield "--by phase: files have a row for a model or for a second; expected model or second"
    if asked.as_json:
        yield "--json: prints the result as it is, and --format writes it in another form; give one of them"
    yield from exports.mistakes(asked.formats, asked.choices)
    if asked.out is not None:
        yield from _misplaced(asked, asked.out)


def _misplaced(asked: Asked, out: Path) -> Iterator[str]:
    """What cannot go where it is asked for: standard output holds one file, and a beginning one file of each end."""
    known = [name for name in asked.formats if name in FORMATS]
    if out == STDOUT:
        if len(asked.formats) > 1:
            yield f"--out -: {len(asked.formats)} formats are more than one file; give how their names begin"
        for name in known:
            if count := FORMATS[name].count(asked.choices):
                yield f"--out -: the format {name} has {count}; give how their names begin"
    elif not out.is_dir():
        places = Counter(_path(out, FORMATS[name], end) for name in known for end in FORMATS[name].ends)
        for place in (place for place, times in places.items() if times > 1):
            yield f"--out {out}: several of these formats would be written to {place}; give a folder that is there"


def _export(recording: Recording, name: str, choices: Choices, out: Path) -> None:
    format_ = FORMATS[name]
    for end, pieces in format_.files(recording, choices):
        if out == STDOUT:
            sys.stdout.buffer.writelines(pieces)
            continue
        path = _path(out, format_, end)
        _write(path, pieces)
        sys.stdout.write(f"{path}\n")


def _tell(recording: Recording, *, allow_undecided: bool) -> int:
    """Say on standard error what the files cannot, or not as plainly; return the exit code."""
    result, verdict = recording.result, recording.result.verdict
    lines = [f"INVALID: {reason}" for reason in verdict.reasons]
    lines += [f"{told.answer}: {told.text}: {told.why}" for told in result.objectives if told.answer != "MET"]
    lines += [f"warning: {warning}" for warning in verdict.warnings]
    if recording.history is None:
        lines.append("warning: without its run directory a result has no history; what goes by seconds is left out")
    sys.stderr.write("".join(f"{line}\n" for line in lines))
    return exit_code(result, allow_undecided=allow_undecided)


def _path(out: Path, format_: Format, end: str) -> Path:
    """Put a file where it is asked for; of a name that ends as the first of a format's files does, the rest counts."""
    if out.is_dir():
        return out / f"{format_.stem}{end}"
    return out.with_name(f"{out.name.removesuffix(format_.ends[0])}{end}")


def _write(path: Path, pieces: Iterable[bytes]) -> None:
    """Write a file, which is there whole or not at all."""
    part = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            file.writelines(pieces)
        part.replace(path)
    except OSError as error:
        raise StoreError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
