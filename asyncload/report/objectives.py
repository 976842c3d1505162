"""The block on objectives: what each should be, what was measured, and the answer."""

import textwrap
from collections import Counter
from collections.abc import Iterator

from rich.cells import cell_len
from rich.text import Text

from asyncload.repeats import Repeats
from asyncload.report.numbers import pad, printable, shorten
from asyncload.result import ObjectiveResult, RunResult
from asyncload.slo.answers import Answer
from asyncload.slo.judging import number

_LABEL = "objectives"
_STYLES: dict[Answer, str] = {"MET": "green", "MISSED": "bold red", "UNDECIDED": "yellow"}
_ANSWER = max(map(len, _STYLES))
_GAP = "  "
_TEXT_LEAST = 24


def table(result: RunResult, width: int) -> Iterator[Text]:
    """Lines of the block; none for a run without objectives."""
    yield from _block(result.objectives, "" if result.verdict.valid else "; they rest on an INVALID run", width)


def table_of_repeats(repeats: Repeats, width: int) -> Iterator[Text]:
    """Lines of the block for repeated runs, each of which is judged by itself: of each objective the worst answer."""
    answers = tuple(one.told for one in repeats.objectives)
    yield from _block(answers, "" if repeats.verdict.valid else "; some rest on an INVALID run", width)


def _block(answers: tuple[ObjectiveResult, ...], doubt: str, width: int) -> Iterator[Text]:
    if not answers:
        return
    yield Text.assemble((_LABEL, "bold"), _GAP, _summary(answers), (doubt, "red"))
    measured = [_measured(answer) for answer in answers]
    left = width - len(_GAP) - _ANSWER - 2 * len(_GAP) - max(map(cell_len, measured))
    name = min(max(cell_len(printable(answer.text)) for answer in answers), max(left, _TEXT_LEAST))
    for answer, number_ in zip(answers, measured, strict=True):
        head = (f"{_GAP}{answer.answer:<{_ANSWER}}{_GAP}", _STYLES[answer.answer])
        yield Text.assemble(head, pad(shorten(answer.text, name), name), _GAP, number_)
        if ":" in answer.why:  # it says more than the number
            yield from _said(answer.why, width)


def _summary(answers: tuple[ObjectiveResult, ...]) -> str:
    found = Counter(answer.answer for answer in answers)
    parts = [f"{found[answer]} {answer.lower()}" for answer in ("MISSED", "UNDECIDED", "MET") if found[answer]]
    return f"{', '.join(parts)} of {len(answers)}"


def _measured(answer: ObjectiveResult) -> str:
    """The number and its interval."""
    if answer.value is None:
        return "-"
    unit = {"calls": "", "": "", "/s": "/s"}.get(answer.unit, f" {answer.unit}")
    low, high = ("" if end is None else number(end) for end in (answer.low, answer.high))
    ends = f" [{low}, {high or '…'}]" if low or high else ""
    return f"{number(answer.value)}{unit}{ends}"


def _said(words: str, width: int) -> Iterator[Text]:
    indent = _GAP + " " * _ANSWER + _GAP
    for line in textwrap.wrap(printable(words), width - len(indent)):
        yield Text(indent + line, "dim")
