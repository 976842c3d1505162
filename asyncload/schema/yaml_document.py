"""
YAML as plain data, with the line of each place.

Strategy: PyYAML's parser (libyaml's where it is there) gives events, and the tree is built here. PyYAML's own builders
are not used: they follow YAML 1.1 (`on` is true, 1:30 is ninety), keep the last of two equal keys without a word, and
need five times as long.

Source:
    YAML 1.2.2, section 10.3, the core schema; merge keys are an extension that editors know from YAML 1.1.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol, cast

import yaml

from asyncload.errors import Problem

_NAMED: Final[Mapping[str, object]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}
_NUMERIC: Final = frozenset("+-.0123456789")
_WHOLE: Final = re.compile(r"[-+]?[0-9]+")
_BASED: Final = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_TEXT_TAGS: Final = frozenset(("!", "tag:yaml.org,2002:str"))
_CORE_TAGS: Final = frozenset(f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float", "map", "seq"))


class _Parser(Protocol):
    def get_event(self) -> yaml.Event | None:
        """Return the next event."""


def parse(text: str) -> tuple[object, list[Problem]]:
    """
    Parse one document.

    Returns:
        Mappings, lists, texts, numbers, booleans and None; and what was wrong, such as keys that stand twice. If the
        text is no YAML, None and the reason.
    """
    builder = _Builder(_parser(text))
    try:
        return builder.document(), builder.problems
    except yaml.MarkedYAMLError as error:
        where = f" (line {error.problem_mark.line + 1})" if error.problem_mark else ""
        return None, [Problem("", f"is not YAML: {error.problem}{where}")]
    except yaml.YAMLError as error:
        return None, [Problem("", f"is not YAML: {str(error).splitlines()[0]}")]


def lines(text: str) -> dict[str, int]:
    """Return the line, from 1, of each place in a document; empty if it is no YAML."""
    builder = _Builder(_parser(text), lines={})
    try:
        builder.document()
    except yaml.YAMLError:
        return {}
    return builder.lines or {}


def _parser(text: str) -> _Parser:
    return cast("_Parser", getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text))


@dataclass(slots=True)
class _Builder:
    parser: _Parser
    problems: list[Problem] = field(default_factory=list)
    lines: dict[str, int] | None = None
    """By path; None if they are not asked for."""
    anchors: dict[str, object] = field(default_factory=dict)

    def document(self) -> object:
        """Build the one document that there is."""
        value: object = None
        count = 0
        while (event := self.parser.get_event()) is not None:
            if isinstance(event, yaml.NodeEvent):
                value = self.node(event, "")
                count += 1
        if count > 1:
            self.problems.append(Problem("", f"holds {count} documents; expected one"))
        return value

    def node(self, event: yaml.Event | None, path: str) -> object:
        """Build the node that an event begins."""
        if self.lines is not None:
            self.lines.setdefault(path, _line(event))
        value: object
        if isinstance(event, yaml.ScalarEvent):
            value = self.scalar(event, path)
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor not in self.anchors:
                raise yaml.YAMLError(f"unknown alias *{event.anchor} (line {_line(event)})")
            return self.anchors[event.anchor]
        elif isinstance(event, yaml.SequenceStartEvent):
            value = self.sequence(path)
        else:
            value = self.mapping(path)
        if isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent):
            if event.tag is not None:
                self.check_tag(event, path)
            if event.anchor is not None:
                self.anchors[event.anchor] = value
        return value

    def scalar(self, event: yaml.ScalarEvent, path: str) -> object:
        """Decide the type of a scalar: a text if it is quoted or says so, else by how it looks."""
        text: str = event.value
        if event.style not in (None, "") or event.tag in _TEXT_TAGS:
            return text
        if text in _NAMED:
            return _NAMED[text]
        if text[0] not in _NUMERIC:
            return text
        try:
            if _WHOLE.fullmatch(text):
                return int(text)
            if _BASED.fullmatch(text):
                return int(text, 0)
        except ValueError:
            self.problems.append(Problem(path, f"an integer of {len(text)} digits (line {_line(event)})"))
            return 0
        return float(text) if _FLOAT.fullmatch(text) else text

    def sequence(self, path: str) -> list[object]:
        """Build a list up to its end."""
        entries: list[object] = []
        while not isinstance(event := self.parser.get_event(), yaml.SequenceEndEvent):
            entries.append(self.node(event, f"{path}[{len(entries)}]"))
        return entries

    def mapping(self, path: str) -> dict[object, object]:
        """Build a mapping up to its end; keys of its own go before keys that are merged in."""
        own: dict[object, object] = {}
        merged: list[object] = []
        while not isinstance(event := self.parser.get_event(), yaml.MappingEndEvent):
            key = self.node(event, path)
            inner = f"{path}.{key}" if path else str(key)
            if self.lines is not None:
                self.lines.setdefault(inner, _line(event))
            value = self.node(self.parser.get_event(), inner)
            if key == "<<" and isinstance(event, yaml.ScalarEvent) and not event.style:
                merged += value if isinstance(value, list) else [value]
            elif isinstance(key, list | dict):
                self.problems.append(Problem(path, f"a key is a list or a mapping (line {_line(event)})"))
            elif key in own:
                self.problems.append(Problem(inner, f"the key stands twice (line {_line(event)})"))
            else:
                own[key] = value
        for mapping in merged:
            if not isinstance(mapping, dict):
                self.problems.append(Problem(path, "<< expects a mapping or a list of mappings"))
                continue
            own |= {key: value for key, value in mapping.items() if key not in own}
        return own

    def check_tag(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent, path: str) -> None:
        """Refuse tags that would make objects."""
        if event.tag not in _TEXT_TAGS | _CORE_TAGS:
            self.problems.append(Problem(path, f"the tag {event.tag} is not allowed (line {_line(event)})"))


def _line(event: yaml.Event | None) -> int:
    mark = event.start_mark if event is not None else None
    return mark.line + 1 if mark is not None else 0
