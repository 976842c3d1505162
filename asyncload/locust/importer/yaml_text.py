"""A scenario's document as YAML that a person would have written."""

import re
from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap
from typing import Final

_WIDTH: Final = 118
_PLAIN: Final = re.compile(r"[A-Za-z_/][A-Za-z0-9_./+-]*|(?:[0-9]+(?:\.[0-9]+)?(?:/s|ns|us|ms|s|m|h))+")
"""Texts that need no quotes wherever they stand; those that YAML takes for something else are below."""
_WORDS: Final = frozenset(("true", "false", "null", "yes", "no", "on", "off", "y", "n"))
_ESCAPES: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def yaml_text(document: Mapping[str, object], comments: Sequence[str]) -> str:
    """
    Return a document as YAML.

    Args:
        document: Texts, numbers, booleans, lists and mappings.
        comments: Paragraphs for the head of the file.
    """
    lines = [line for comment in comments for line in _comment(comment)]
    for key, value in document.items():
        if isinstance(value, list) and value and all(isinstance(entry, Mapping) and entry for entry in value):
            lines.append(f"{key}:")
            for entry in value:
                lines += _entry(entry)
        else:
            lines += _folded(f"{key}: ", flow(value), "  ")
    return "\n".join(lines) + "\n"


def flow(value: object) -> str:
    """Return a value in one line."""
    match value:
        case Mapping():
            return "{" + ", ".join(f"{key}: {flow(entry)}" for key, entry in value.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(flow(entry) for entry in value) + "]"
        case bool():
            return "true" if value else "false"
        case str():
            return scalar(value)
        case _:
            return repr(value)


def scalar(text: str) -> str:
    """Return a text, in quotes if YAML could take it for something else."""
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    coded = (_ESCAPES.get(letter) or (letter if letter.isprintable() else _coded(letter)) for letter in text)
    return '"' + "".join(coded) + '"'


def _coded(letter: str) -> str:
    code = ord(letter)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _entry(entry: Mapping[str, object]) -> Iterator[str]:
    """Yield an entry of a list: in one line if it is short and flat, else a line for each key."""
    whole = flow(entry)
    if len(whole) + 4 <= _WIDTH and "payload" not in entry:
        yield f"  - {whole}"
        return
    for index, (key, value) in enumerate(entry.items()):
        yield from _folded(f"  {'-' if not index else ' '} {key}: ", flow(value), "      ")


def _folded(head: str, text: str, indent: str) -> list[str]:
    """Return a line; a long list goes on in the lines below."""
    if len(head) + len(text) <= _WIDTH or not text.startswith(("[", "{")) or '"' in text:
        return [head + text]
    return wrap(
        text, _WIDTH, initial_indent=head, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def _comment(text: str) -> list[str]:
    shown = "".join(letter if letter.isprintable() else _coded(letter) for letter in text)
    return [f"# {line}".rstrip() for line in wrap(shown, _WIDTH - 2, subsequent_indent="  ")] or ["#"]
