"""
The grammar of objectives and stop rules, after k6's thresholds:

    objective  =  metric [ "{" selector { "," selector } "}" ] op limit
    stop rule  =  objective "for" duration
    selector   =  "model" "=" glob  |  "class" "=" ( "cold" | "warm" | "first" )
    op         =  "<" | "<=" | ">" | ">=" | "==" | "!="

A glob is a shell's: * ? [seq] [!seq], case-sensitive; in double quotes where it has a space, a comma, a brace or a
quote.

Strategy: the text is cut into its parts from left to right, and each part is judged by itself, so that one reading
tells every mistake; each names what was found and the column where it stands, from 1.
"""

import re
from dataclasses import dataclass, field
from typing import Final, cast

from asyncload.schema.kinds import listed
from asyncload.schema.reader import nearest
from asyncload.slo.limits import Limit, parse_limit
from asyncload.slo.metrics import NAMES, RATE, Metric, find
from asyncload.slo.objective import BARE, CLASSES, OPS, Class, Objective, Op, StopRule
from asyncload.units import parse_duration_ns

_SELECTORS: Final = ("model", "class")
_MEANT: Final = {
    "=": "==",
    "=<": "<=",
    "=>": ">=",
    "<>": "!=",
    "===": "==",
    "!": "!=",
    "!==": "!=",
    "<<": "<",
    ">>": ">",
}
_LONGEST: Final = 2000
_LONGEST_SAID: Final = 60
_SECOND_NS: Final = 1_000_000_000
_MOST_SECONDS: Final = 86_400

_NAME: Final = re.compile(r"\s*([^\s{}<>=!~]*)")
_OPENING: Final = re.compile(r"\s*\{")
_KEY: Final = re.compile(r"\s*([^\s=:,}\"]*)\s*([=:]?)\s*")
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"')
_NEXT: Final = re.compile(r"\s*([,}]?)")
_OP: Final = re.compile(r"\s*([<>=!~]*)\s*")
_REST: Final = re.compile(r"(.*?)\s*\Z", re.DOTALL)
_FOR: Final = re.compile(r"(.*)\sfor(?:\s|\Z)\s*(.*?)\s*\Z", re.DOTALL)
"""The last one: a glob in quotes may hold the word."""


def parse(text: str) -> Objective:
    """
    Read an objective.

    Raises:
        ValueError: With every mistake, each with its place and what is legal there.
    """
    reading = _Reading(text)
    objective = reading.objective()
    if objective is None or reading.mistakes:
        raise ValueError("; ".join(reading.mistakes))
    return objective


def parse_stop(text: str) -> StopRule:
    """
    Read a stop rule.

    Raises:
        ValueError: With every mistake, each with its place and what is legal there.
    """
    parts = _FOR.fullmatch(text)
    reading = _Reading(text if parts is None else parts[1], stop=True)
    when = reading.objective()
    seconds = None
    if parts is None:
        reading.wrong("", len(text.rstrip()), "expected `for` and a duration behind it, such as for 10s")
    else:
        seconds = reading.span(parts[2], parts.start(2))
    if when is None or seconds is None or reading.mistakes:
        raise ValueError("; ".join(reading.mistakes))
    return StopRule(when, seconds)


@dataclass(slots=True)
class _Reading:
    """One pass over a text; a part that is wrong is None and leaves a mistake."""

    text: str
    stop: bool = False
    at: int = 0
    places: dict[str, int] = field(default_factory=dict)
    """Of the selectors, by name."""
    mistakes: list[str] = field(default_factory=list)

    def wrong(self, found: str, place: int, words: str) -> None:
        """Note what stands there, where, and what is wrong with it."""
        shown = found if len(found) <= _LONGEST_SAID else found[:_LONGEST_SAID] + "..."
        self.mistakes.append(f"{shown!r} (column {place + 1}): {words}" if found else f"column {place + 1}: {words}")

    def take(self, pattern: re.Pattern[str]) -> re.Match[str]:
        """Take what matches here, if only nothing, and go on behind it."""
        match = pattern.match(self.text, self.at)
        if match is None:
            raise AssertionError(pattern.pattern)
        self.at = match.end()
        return match

    def objective(self) -> Objective | None:
        """Read everything but what stands behind `for`."""
        if len(self.text) > _LONGEST:
            self.wrong("", _LONGEST, f"expected at most {_LONGEST} characters")
            return None
        metric = self.metric()
        selectors = self.selectors() if _OPENING.match(self.text, self.at) else {}
        op = self.op(metric)
        limit = self.limit(metric) if op is not None or self.mistakes[-1][0] == "'" else None
        if metric is None or op is None or limit is None:
            return None
        model, kind = selectors.get("model"), selectors.get("class")
        self.check_selectors(metric, model, kind)
        return Objective(metric, op, limit, model, cast("Class | None", kind))

    def metric(self) -> Metric | None:
        """Read the name at the beginning."""
        match = self.take(_NAME)
        found = find(match[1]) if match[1] else "expected a metric, such as p99 or error_rate"
        if isinstance(found, str):
            self.wrong(match[1], match.start(1), found)
            return None
        usable = self.stop_use(found) if self.stop else None
        if usable is not None:
            self.wrong(match[1], match.start(1), usable)
        return found

    def stop_use(self, metric: Metric) -> str | None:
        """Say why a stop rule cannot be about a metric."""
        if metric.view == "corrected":
            return "is known at the end of a run only; expected another view"
        if metric.name in NAMES and not NAMES[metric.name].stop:
            return "is known at the end of a run only; expected a metric of one second, such as error_rate"
        return None

    def selectors(self) -> dict[str, str]:
        """Read what stands in braces."""
        self.take(_OPENING)
        found: dict[str, str] = {}
        while True:
            self.selector(found)
            end = self.take(_NEXT)
            if end[1] == "}":
                return found
            if not end[1]:
                self.wrong("", self.at, "expected , or } here; a text with spaces or braces goes in double quotes")
                closing = self.text.find("}", self.at)
                self.at = len(self.text) if closing < 0 else closing + 1
                return found

    def selector(self, found: dict[str, str]) -> None:
        """Read one of them into what was found."""
        key = self.take(_KEY)
        name, place = key[1], key.start(1)
        quoted = _QUOTED.match(self.text, self.at)
        bare = BARE.match(self.text, self.at)
        taken = quoted or bare
        value = re.sub(r"\\(.)", r"\1", quoted[1], flags=re.DOTALL) if quoted else bare[0] if bare else ""
        begin, self.at = self.at, taken.end() if taken else self.at
        if name not in _SELECTORS:
            near = nearest(name, _SELECTORS) if name else None
            hint = f"did you mean {near!r}?" if near else "expected model=... or class=..."
            self.wrong(name, place, f"unknown selector; {hint}" if name else hint)
        elif key[2] != "=":
            self.wrong(name, place, f"expected = behind it: {name}={value}")
        elif name in found:
            self.wrong(name, place, "stands twice")
        elif not value:
            self.wrong("", begin, "expected a model's name or a pattern" if name == "model" else _CLASSES)
        elif name == "class" and value not in CLASSES:
            near = nearest(value, CLASSES)
            self.wrong(value, begin, f"did you mean {near!r}?" if near else _CLASSES)
        found.setdefault(name, value)
        self.places.setdefault(name, place)

    def op(self, metric: Metric | None) -> Op | None:
        """Read the comparison."""
        match = self.take(_OP)
        found = match[1]
        if found not in OPS:
            near = _MEANT.get(found)
            hint = f"did you mean {near}?" if near else f"expected one of {' '.join(OPS)}"
            self.wrong(found, match.start(1), hint)
            return None
        if found in {"==", "!="} and metric is not None and metric.family != "count":
            self.wrong(found, match.start(1), _exactly(metric))
        return cast("Op", found)

    def limit(self, metric: Metric | None) -> Limit | None:
        """Read what the metric is held against; what it may be is known only of a metric."""
        match = self.take(_REST)
        place = match.start(1)
        if metric is None:
            return None
        if not self.stop and _FOR.fullmatch(match[1]):
            self.wrong(match[1], place, "`for` belongs to a rule of `stop`; an objective is about the whole run")
            return None
        try:
            return parse_limit(match[1], metric.family)
        except ValueError as error:
            self.wrong(match[1], place, str(error))
            return None

    def check_selectors(self, metric: Metric, model: str | None, kind: str | None) -> None:
        """Note selectors that the metric does not know."""
        word = NAMES.get(metric.name)
        if model is not None and word is not None and not (word.stop_by_model if self.stop else word.by_model):
            self.wrong("model", self.places["model"], f"{metric.name} is known of all models together only")
        if kind is None:
            return
        place = self.places["class"]
        if self.stop:
            self.wrong("class", place, "which calls were cold is known at the end of a run only")
        elif metric.family != "duration":
            self.wrong("class", place, "selects service times; of calls there are cold_calls and cold_rate")
        elif metric.view != "service":
            self.wrong("class", place, f"calls are told apart by service time; write service.{metric.statistic}")

    def span(self, text: str, place: int) -> int | None:
        """Read what stands behind `for`, in whole seconds."""
        try:
            length_ns = parse_duration_ns(text)
        except ValueError:
            length_ns = 0
        seconds, rest = divmod(length_ns, _SECOND_NS)
        if rest or not 1 <= seconds <= _MOST_SECONDS:
            self.wrong(text, place, "expected whole seconds, from 1s to 24h, such as 10s")
            return None
        return seconds


_CLASSES: Final = f"expected {listed(CLASSES)}"


def _exactly(metric: Metric) -> str:
    """Say what stands in for an equality that no sample can show."""
    if metric.family == "share":
        count = "errors" if metric.name == "error_rate" else metric.name.removesuffix(RATE)
        return f"compares counts; a share is known within an interval only: write {count} with == or !=, or < or >"
    return "compares counts; what is measured is never known so exactly: write < or >"
