"""Sentences in lines of so many terminal cells."""

from collections.abc import Iterator

from rich.cells import cell_len, chop_cells
from rich.text import Text

from asyncload.report.numbers import printable


def said(front: str, words: str, width: int, *, label: str = "", style: str = "") -> Iterator[Text]:
    """
    Print a sentence behind something, in as many lines as it takes.

    Args:
        front: Stands in front of the first line; the others are indented by as much.
        words: The sentence; what is not printable is replaced.
        width: Of a line.
        label: Style of the front.
        style: Of the words.
    """
    for number, line in enumerate(_wrapped(printable(words), width - len(front))):
        yield Text.assemble((" " * len(front) if number else front, label), (line, style))


def _wrapped(words: str, width: int) -> Iterator[str]:
    """Break between words, and inside a word that is longer than a line; some characters take two cells."""
    line = ""
    for word in words.split():
        for piece in chop_cells(word, width):
            longer = f"{line} {piece}" if line else piece
            if line and cell_len(longer) > width:
                yield line
                longer = piece
            line = longer
    yield line
