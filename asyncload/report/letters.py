"""What reaches a terminal: nothing that it would obey, and nothing that it cannot show."""

from typing import Final

from asyncload.report.numbers import printable

_ROUGH: Final = str.maketrans(
    {
        "─": "-", "┬": "+", "│": "|", "·": "|", "…": "~", "\N{EN DASH}": "-",
        **dict(zip("▁▂▃▄▅▆▇█", "_.:-=+*#", strict=True)),
    }
)  # fmt: skip
"""The report's own characters in ASCII, one for one, so that columns stay where they are."""


def shown(text: str, encoding: str) -> str:
    """
    Make a line fit for printing, as long as it was.

    Args:
        text: Names and messages in it may come from anywhere.
        encoding: Of the stream; where it lacks a character another one stands for it.
    """
    text = printable(text)
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(_ROUGH).encode(encoding, "replace").decode(encoding)
    return text
