"""
Do they agree? One answer for all that was compared, and one sentence that says why.

All must agree for AGREE, so their intervals need no correction: whoever differs in one of them is found there. Any one
may say DIFFER, so theirs do (Bonferroni). p95 and p99 may say DIFFER, but need not say AGREE: they rest on a twentieth
and a hundredth of the calls, and the answer says how far up it reaches.

Source:
    Intersection-union tests: Berger, Technometrics 24 (1982).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from asyncload.crosscheck.findings import Answer, Circumstances, Finding, ModelsFinding, compared, compared_models
from asyncload.crosscheck.takes import Pair, usable

FEWEST_PAIRS: Final = 3
NEEDED: Final = ("throughput", "failures", "p50", "p90")
"""What must agree, besides the calls per model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What the pairs say together."""

    answer: Answer
    why: str
    """One sentence."""
    findings: tuple[Finding, ...]
    """Empty if there were too few pairs to compare anything."""
    models: ModelsFinding | None


def judge(pairs: Sequence[Pair], under: Circumstances) -> Judgement:
    """Compare every number, and answer."""
    good = usable(pairs)
    if len(good) < FEWEST_PAIRS:
        return Judgement(answer="CANNOT TELL", why=_too_few(pairs, good), findings=(), models=None)
    findings, models = compared(good, under), compared_models(good, under)
    return Judgement(answer=_answer(findings, models), why=_words(findings, models), findings=findings, models=models)


def _answer(findings: Sequence[Finding], models: ModelsFinding) -> Answer:
    if "DIFFER" in (models.answer, *(finding.answer for finding in findings)):
        return "DIFFER"
    needed = (models.answer, *(finding.answer for finding in findings if finding.metric in NEEDED))
    return "AGREE" if set(needed) == {"AGREE"} else "CANNOT TELL"


# -- in words ---------------------------------------------------------------------------------------------------------


def _too_few(pairs: Sequence[Pair], good: Sequence[Pair]) -> str:
    if not pairs:
        return "no pair of runs was completed"
    doubts = [pair.doubt for pair in pairs if pair.doubt]
    if not doubts:
        return f"{len(good)} of {FEWEST_PAIRS} pairs that are needed at least; more repeats would tell"
    return f"{len(doubts)} of {len(pairs)} pairs cannot be used, for a generator was the bottleneck: {doubts[0]}"


def _words(findings: Sequence[Finding], models: ModelsFinding) -> str:
    if models.answer == "DIFFER":
        return _models_words(models)
    differing = [finding for finding in findings if finding.answer == "DIFFER"]
    if differing:
        first = max(differing, key=_excess)
        rest = [finding.metric for finding in differing if finding is not first]
        return _differs(first) + (f"; so do {', '.join(rest)}" if rest else "")
    open_ = [finding for finding in findings if finding.answer == "CANNOT TELL"]
    needed = [finding for finding in open_ if finding.metric in NEEDED]
    if models.answer == "CANNOT TELL":
        return f"calls per model: {models.why}"
    if needed:
        return f"{needed[0].metric}: {needed[0].why}"
    told = [finding.metric for finding in findings if finding.answer == "AGREE"][-1]
    return f"up to {told}" + (f"; not told: {', '.join(finding.metric for finding in open_)}" if open_ else "")


def _excess(finding: Finding) -> float:
    """How far beyond what is allowed, as a multiple of its width."""
    width = max(finding.allowed.high - finding.allowed.low, 1e-9)
    return max(finding.allowed.low - finding.difference, finding.difference - finding.allowed.high) / width


def _differs(finding: Finding) -> str:
    share = f" ({finding.difference / finding.ours:+.1%})" if finding.ours else ""
    sure = finding.sure
    unit, allowed = finding.unit, finding.allowed
    difference, low, high, least, most = (
        _shown(value, "+.3g") for value in (finding.difference, sure.low, sure.high, allowed.low, allowed.high)
    )
    return (
        f"{finding.metric} is {_shown(finding.theirs)} {unit} with Locust and {_shown(finding.ours)} with asyncload: "
        f"{difference} {unit}{share}, surely between {low} and {high}, where {least} to {most} are allowed"
    )


def _shown(value: float, digits: str = ".4g") -> str:
    """So many digits, and no exponent below a million."""
    return f"{float(f'{value:{digits}}'):{'+' if '+' in digits else ''}g}"


def _models_words(models: ModelsFinding) -> str:
    test = min(models.tests, key=lambda test: test.p)
    return (
        f"calls per model differ, {test.what}: {models.worst} has {models.theirs:.1%} of Locust's calls and "
        f"{models.ours:.1%} of asyncload's, asked {models.asked:.1%} (chi-square {test.chi_square:.4g}, p {test.p:.2g})"
    )
