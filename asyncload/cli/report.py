"""Show the result of a run, or give it to other tools: read its directory, and write the files of a format."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path

from asyncload.cli.run import Printing, exit_code, print_result
from asyncload.errors import Problem, ScenarioError, StoreError
from asyncload.formats.recording import Recording
from asyncload.report import exports
from asyncload.report.exports import FORMATS, Choices
from asyncload.result import RunResult
from asyncload.slo.checking import Setting, objective_mistake
from asyncload.store import read, read_history

STDOUT = Path("-")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The options of the command."""

    as_json: bool = False
    format: str | None = None
    choices: Choices
    out: Path | None = None
    """How the files' names begin, a directory to put them in, or "-" for standard output."""
    slo: tuple[str, ...] = ()
    """Objectives to judge the run by, instead of its own."""
    allow_undecided: bool = False


def report(directory: Path, asked: Asked) -> int:
    """
    Print a result, or write it in a format and print which files that are; return the exit code of its verdict.

    Raises:
        UsageError: If the options cannot be meant together.
        StoreError: If the run cannot be read, or a file cannot be written.
    """
    problems = [Problem("", mistake) for mistake in mistakes(asked)]
    if problems:
        raise ScenarioError("options", problems)
    if asked.format is None:
        printing = Printing(as_json=asked.as_json, allow_undecided=asked.allow_undecided)
        return print_result(_judged(read(directory), asked.slo), printing)
    recording = Recording(_judged(read(directory), asked.slo), read_history(directory))
    folder = directory if directory.is_dir() else directory.parent
    _export(recording, asked.format, asked.choices, asked.out or folder)
    return _tell(recording, allow_undecided=asked.allow_undecided)


def _judged(result: RunResult, slo: tuple[str, ...]) -> RunResult:
    """Put other objectives in the place of the run's own, if there are any."""
    problems = [Problem("--slo", mistake) for text in slo for mistake in [objective_mistake(text)] if mistake]
    if not problems:
        setting = Setting([model.name for model in result.models], closed=result.closed)
        problems = [Problem(f"--{path}", mistake) for path, mistake in setting.mistakes(slo, ())]
    if problems:
        raise ScenarioError("options", problems)
    return result.judged_by(slo) if slo else result


def mistakes(asked: Asked) -> Iterator[str]:
    """Yield what cannot be meant, alone or together."""
    if asked.format is None:
        given = [choice.name for choice in fields(Choices) if getattr(asked.choices, choice.name) is not None]
        for name in [*given, *(["out"] if asked.out else [])]:
            yield f"--{name.replace('_', '-')}: is about the files that --format writes, and there is no --format"
        return
    if asked.as_json:
        yield "--json: prints the result as it is, and --format writes it in another form; give one of them"
    yield from exports.mistakes(asked.format, asked.choices)
    if asked.out == STDOUT and asked.format in FORMATS and (parts := FORMATS[asked.format].parts) > 1:
        yield f"--out -: the format {asked.format} has {parts} files; give how their names begin"


def _export(recording: Recording, name: str, choices: Choices, out: Path) -> None:
    format_ = FORMATS[name]
    for suffix, pieces in format_.files(recording, choices):
        if out == STDOUT:
            sys.stdout.writelines(pieces)
            continue
        path = _path(out, format_.stem, suffix)
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


def _path(out: Path, stem: str, suffix: str) -> Path:
    if out.is_dir():
        return out / f"{stem}{suffix}"
    return out if out.name.endswith(suffix) else out.with_name(f"{out.name}{suffix}")


def _write(path: Path, pieces: Iterable[str]) -> None:
    """Write a file, which is there whole or not at all."""
    part = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("w", encoding="utf-8", newline="") as file:
            file.writelines(pieces)
        part.replace(path)
    except OSError as error:
        raise StoreError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
