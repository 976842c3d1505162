"""
Values as Python source, laid out as the formatter lays it out, so that what is written need not be formatted.

Literals are ASCII and prefer double quotes; what does not fit into a line stands in parentheses, one part a line. Calls
and collections stand on one line if they fit, else one item a line with a comma behind the last, which the formatter
takes as a wish and leaves alone.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

WIDTH: Final = 120
"""Longest line."""
_PART: Final = 88
"""Longest part of a literal that is written in several."""
_NAMED: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\"}
_PRINTABLE: Final = range(0x20, 0x7F)
_LATIN: Final = 0x100
_BASIC: Final = 0x10000


def text(value: str) -> str:
    """Write a text as one literal."""
    return _literal([_character(char) for char in value])


def template(value: str) -> str:
    """Write a text as an f-string in which `{i}` is the value of i, and every other brace itself."""
    pieces = [_escaped_braces(piece) for piece in value.split("{i}")]
    tokens = [token for piece in pieces for token in ["{i}", *(_character(char) for char in piece)]][1:]
    return "f" + _literal(["{{" if token == _OPEN else "}}" if token == _CLOSE else token for token in tokens])


def octets(value: bytes) -> str:
    """Write bytes as one literal."""
    return "b" + _literal(_byte_tokens(value))


def assigned(name: str, value: str | bytes) -> str:
    """Write a constant, in parts if its literal is long; a part ends where a line of the value ends, if it can."""
    tokens = _byte_tokens(value) if isinstance(value, bytes) else [_character(char) for char in value]
    prefix = "b" if isinstance(value, bytes) else ""
    line = f"{name} = {prefix}{_literal(tokens)}"
    if len(line) <= WIDTH:
        return line
    parts = "\n".join(f"    {prefix}{_literal(part)}" for part in _parts(tokens))
    return f"{name} = (\n{parts}\n)"


def call(opening: str, items: Sequence[str], closing: str = ")", indent: int = 0) -> str:
    """
    Write a call, a signature or a collection.

    Args:
        opening: All up to and with the bracket, such as `self.invoke(`; without the indentation.
        items: Source of each item.
        closing: The bracket and what stands behind it, such as `) -> None:`.
        indent: Columns before the line.
    """
    line = f"{opening}{', '.join(items)}{closing}"
    if indent + len(line) <= WIDTH:
        return line
    margin = " " * indent
    inner = "".join(f"{margin}    {item},\n" for item in items)
    return f"{opening}\n{inner}{margin}{closing}"


def numbers(name: str, values: Iterable[float]) -> str:
    """Write a list of numbers, as many a line as fit."""
    items = [number(value) for value in values]
    line = f"{name} = [{', '.join(items)}]"
    if len(line) <= WIDTH:
        return line
    lines, current = [], ""
    for item in items:
        if len(current) + len(item) + 6 > WIDTH:
            lines.append(current.rstrip())
            current = ""
        current += f"{item}, "
    body = "\n".join(f"    {row}" for row in [*lines, current.rstrip()])
    return f"{name} = [\n{body}\n]  # fmt: skip"


def number(value: float) -> str:
    """Write a number, a whole one without a point."""
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(float(value))


def seconds(ns: int) -> str:
    """Write a time in nanoseconds as seconds, exactly."""
    whole, rest = divmod(ns, 1_000_000_000)
    return f"{whole}.{rest:09d}".rstrip("0") if rest else str(whole)


def plain(value: str, longest: int = 60) -> str:
    """Shorten a text to what may stand in a docstring or a comment: printable ASCII without quotes and backslashes."""
    kept = "".join(char if ord(char) in _PRINTABLE and char not in '"\\`' else "?" for char in value)
    return kept if len(kept) <= longest else kept[: longest - 3] + "..."


def identifiers(texts: Sequence[str]) -> list[str]:
    """
    Make a name of each text: lower-case words of letters and digits, joined by underscores, all different.

    What stands for every model, such as `{i}` and the ending .tar.gz, is left out.
    """
    taken: set[str] = set()
    return [_untaken(_words(value) or "model", taken) for value in texts]


# -- inside a literal -------------------------------------------------------------------------------------------------

_OPEN, _CLOSE = "\0{", "\0}"
"""Stand for braces of a template until the quotes have been counted; no character is written like that."""


def _escaped_braces(piece: str) -> list[str]:
    return [_OPEN if char == "{" else _CLOSE if char == "}" else char for char in piece]


def _character(char: str) -> str:
    """Write one character as it stands in a literal; quotes are written later."""
    if char in (_OPEN, _CLOSE) or ord(char) in _PRINTABLE:
        return _NAMED.get(char, char)
    code = ord(char)
    numbered = f"\\x{code:02x}" if code < _LATIN else f"\\u{code:04x}" if code < _BASIC else f"\\U{code:08x}"
    return _NAMED.get(char, numbered)


def _byte_tokens(value: bytes) -> list[str]:
    return [_character(chr(byte)) if byte in _PRINTABLE or chr(byte) in _NAMED else f"\\x{byte:02x}" for byte in value]


def _literal(tokens: Sequence[str]) -> str:
    """Put quotes around: those of which the text has fewer, double ones if equal."""
    quote = "'" if tokens.count('"') > tokens.count("'") else '"'
    return quote + "".join(f"\\{token}" if token == quote else token for token in tokens) + quote


def _parts(tokens: Sequence[str]) -> Iterator[list[str]]:
    part: list[str] = []
    size = 0
    for token in tokens:
        if part and (size + len(token) > _PART or part[-1] == "\\n"):
            yield part
            part, size = [], 0
        part.append(token)
        size += len(token)
    yield part


def _words(value: str) -> str:
    value = value.removesuffix(".tar.gz").replace("{i}", " ")
    return "_".join(re.findall(r"[a-z0-9]+", value.lower()))[:40].strip("_")


def _untaken(name: str, taken: set[str]) -> str:
    chosen, number_ = name, 1
    while chosen in taken:
        number_ += 1
        chosen = f"{name}_{number_}"
    taken.add(chosen)
    return chosen
