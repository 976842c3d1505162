"""
A result for a pull request: verdict, totals, objectives, worst models, errors, in GitHub's Markdown.

A comment there has room for 65,536 characters, so each part has a budget, and says how many rows it left out. Names,
errors and objectives may be anybody's words. They stand as code, in which GitHub neither links, nor mentions, nor
formats; where they hold characters that would end a code span or a cell, as HTML in which each such character is named
by its number.

Source:
    GitHub Flavored Markdown 0.29: code spans, raw HTML, entity references, tables (extension).
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from asyncload.call import Outcome
from asyncload.formats.recording import Recording
from asyncload.report.choice import choose
from asyncload.report.numbers import NOTHING, ms, percent, things
from asyncload.report.view import ROWS, View
from asyncload.result import ModelResult, ObjectiveResult, RunResult
from asyncload.slo.judging import number
from asyncload.statistics.estimate import Estimate
from asyncload.units import format_duration, format_rate

MOST: Final = 65_536
"""Characters that a comment of GitHub takes."""
_BUDGETS: Final = {"verdict": 12_000, "objectives": 22_000, "models": 18_000, "errors": 8_000}
"""Characters of each part's rows; together with the rest they stay well below what a comment takes."""
_NAME_MOST: Final = 80
_WORDS_MOST: Final = 400
_PLAIN: Final = re.compile(r"[A-Za-z0-9_./:;,+=()%<>\[\]{}*~^#-]+(?: [A-Za-z0-9_./:;,+=()%<>\[\]{}*~^#-]+)*")
"""What stands in a code span as it is: no backtick, pipe or backslash, nor a space at either end."""
_ORDER: Final = {"MISSED": 0, "UNDECIDED": 1, "MET": 2}
_S: Final = 1_000_000_000


def markdown(recording: Recording) -> str:
    """Write a comment."""
    result = recording.result
    parts = [_head(result), _objectives(result), _models(result), _errors(result), _foot(result)]
    return "\n\n".join("\n".join(lines) for part in parts if (lines := list(part))) + "\n"


def code(text: str, most: int) -> str:
    """
    Write anybody's words as code that stays what it is, also in a cell of a table.

    Args:
        text: The words; what is not printable is written as Python does, by its number.
        most: Characters that are shown; of more the middle is left out.
    """
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    if len(shown) > most:
        shown = f"{shown[: most - most // 2 - 1]}…{shown[len(shown) - most // 2 :]}"
    if _PLAIN.fullmatch(shown):
        return f"`{shown}`"
    return f"<code>{''.join(c if c.isalnum() or c == ' ' else f'&#{ord(c)};' for c in shown)}</code>"


# -- parts ------------------------------------------------------------------------------------------------------------


def _head(result: RunResult) -> Iterator[str]:
    verdict, everything, health = result.verdict, result.totals, result.health
    sent = things(everything.sent, "call") if everything.sent == everything.calls else (
        f"{everything.sent} of {things(everything.calls, 'call')}"
    )  # fmt: skip
    asked = "closed loop" if result.closed else f"asked {format_rate(result.asked_per_s)}"
    yield f"### {'VALID' if verdict.valid else 'INVALID'}: {code(result.name, _NAME_MOST)}"
    yield ""
    yield (
        f"{sent} sent, {percent(everything.ok, everything.calls)} % OK, {asked}, achieved "
        f"{format_rate(result.achieved_per_s)}, {format_duration(health.measured_ns)}"
    )
    told = [("INVALID", reason) for reason in verdict.reasons] + [("warning", warning) for warning in verdict.warnings]
    if told:
        yield ""
        yield from _within("verdict", (f"- **{kind}:** {code(words, _WORDS_MOST)}" for kind, words in told), "- {}")


def _objectives(result: RunResult) -> Iterator[str]:
    """Those that were missed first."""
    if not result.objectives:
        return
    yield from ("#### Objectives", "")
    if not result.verdict.valid:
        yield from ("They rest on an INVALID run.", "")
    yield from _header(("objective", "answer", "measured", "95 % interval", "why"), "llrrl")
    ordered = sorted(result.objectives, key=lambda each: _ORDER[each.answer])
    yield from _within("objectives", map(_objective_row, ordered), "| {} | | | | |")


def _objective_row(each: ObjectiveResult) -> str:
    answer = each.answer if each.answer == "MET" else f"**{each.answer}**"
    measured = NOTHING if each.value is None else f"{number(each.value)} {each.unit}".strip()
    low, high = ("" if end is None else number(end) for end in (each.low, each.high))
    interval = f"{low} to {high}".strip() if low or high else NOTHING
    why = code(each.why, _WORDS_MOST) if each.why else ""
    return _row((code(each.text, _NAME_MOST), answer, measured, interval, why))


def _models(result: RunResult) -> Iterator[str]:
    choice = choose(result, View(sort="p99" if len(result.models) > ROWS else None))
    yield from ("#### Models", "")
    if len(choice.models) < len(result.models):
        yield f"{choice.words} (response)."
    yield "Milliseconds; in brackets the 95 % interval; `-` is what so few calls cannot tell."
    yield ""
    heads = ("model", "calls", "% OK", "errors", "response p50", "p99", "p99.9", "max", "service p50", "p99")
    yield from _header(heads, "lrrrrrrrrr")
    blank = " |" * (len(heads) - 1)
    yield from _within(
        "models", (_model_row(result, each, code(each.name, _NAME_MOST)) for each in choice.models), f"| {{}} |{blank}"
    )
    yield _model_row(result, result.totals, "**total**")


def _model_row(result: RunResult, model: ModelResult, name: str) -> str:
    response = result.estimates(model, "response", (0.5, 0.99, 0.999))
    service = result.estimates(model, "service", (0.5, 0.99))
    numbers = (str(model.calls), percent(model.ok, model.calls), str(model.calls - model.ok))
    most = ms(model.response.quantile_us(1.0))
    return _row((name, *numbers, *map(_estimate, response), most, *map(_estimate, service)))


def _estimate(estimate: Estimate) -> str:
    if not estimate.supported:
        return NOTHING
    return f"{ms(estimate.value_us)} [{ms(estimate.low_us)}, {ms(estimate.high_us)}]"


def _errors(result: RunResult) -> Iterator[str]:
    outcomes, calls = result.totals.outcomes, result.totals.calls
    failed = sorted((o for o in Outcome if outcomes[o] and o is not Outcome.OK), key=lambda o: (-outcomes[o], o))
    if not failed:
        return
    share = result.failures(result.totals)
    ends = f"{100 * share.low:.2g} to {100 * share.high:.2g}"
    yield from ("#### Errors", "")
    yield f"{things(calls - result.totals.ok, 'call')} did not end OK, {percent(calls - result.totals.ok, calls)} %;"
    yield f"95 % interval {ends} %."
    yield ""
    yield from _header(("outcome", "calls", "%", "most of them", "such as"), "lrrll")
    yield from _within("errors", (_error_row(result, outcome) for outcome in failed), "| {} | | | | |")
    if result.health.first_error and not result.health.examples:
        yield from ("", f"First: {code(result.health.first_error, _WORDS_MOST)}")


def _error_row(result: RunResult, outcome: Outcome) -> str:
    everything, example = result.totals, result.health.examples.get(outcome.name, "")
    most = max(result.models, key=lambda model: model.outcomes[outcome])
    named = f"{code(most.name, _NAME_MOST)} {most.outcomes[outcome]}"
    number = everything.outcomes[outcome]
    told = code(example, _WORDS_MOST) if example else ""
    return _row((outcome.name, str(number), percent(number, everything.calls), named, told))


def _foot(result: RunResult) -> Iterator[str]:
    started = datetime.fromtimestamp(result.health.started_unix_ns / _S, UTC)
    yield f"<sub>asyncload, started {started:%Y-%m-%d %H:%M:%S} UTC, plan {result.plan_digest[:12] or NOTHING}</sub>"


# -- tables -----------------------------------------------------------------------------------------------------------


def _header(heads: Sequence[str], sides: str) -> Iterator[str]:
    """Two lines: the heads, and on which side each column stands."""
    yield _row(heads)
    yield _row(["---:" if side == "r" else "---" for side in sides])


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _within(part: str, rows: Iterable[str], told: str) -> Iterator[str]:
    """As many rows as fit into a part's budget, then how many do not."""
    left, dropped = _BUDGETS[part], 0
    for row in rows:
        left -= len(row) + 1
        if left >= 0 and not dropped:
            yield row
        else:
            dropped += 1
    if dropped:
        yield told.format(f"and {dropped} more")
