"""
How numbers and names stand in a table: short, and never more exact than they are.

Every text fits the width that its function states, so a table can be laid out before its numbers are known.
"""

import math
from collections.abc import Iterator
from typing import Final

from rich.cells import cell_len, chop_cells

from asyncload.units import format_count

NOTHING = "-"
"""Stands for a number that does not exist, such as a percentile of no calls."""
TO: Final = "\N{EN DASH}"
"""Stands between the ends of an interval."""
_MOST_DIGITS = 10_000_000
_IN_SECONDS_MS = 99_950
"""From here on, three digits of milliseconds would be six characters."""


def ms(value_us: float) -> str:
    """
    Milliseconds with three significant digits, and no more than three behind the point.

    Args:
        value_us: Microseconds; NaN for a number that does not exist.

    Returns:
        At most 5 characters: "0.123", "7.61", "12.3", "123", "12300"; from 100 s on in seconds, "120s".
    """
    if math.isnan(value_us):
        return NOTHING
    value_ms = value_us / 1000
    if value_ms >= _IN_SECONDS_MS:
        return f"{float(f'{value_ms / 1000:.3g}'):.0f}s"
    rounded = float(f"{value_ms:.3g}")
    places = 0 if rounded >= 100 or not rounded else 1 if rounded >= 10 else 2 if rounded >= 1 else 3
    return f"{rounded:.{places}f}"


def percent(part: int, whole: int) -> str:
    """
    A share in percent, without its sign; only nothing is "0" and only everything is "100".

    Returns:
        At most 5 characters: "0", "<0.01", "0.25", "74.9", "99.98", "100"; "-" of nothing.
    """
    return percent_of(part / whole) if whole else NOTHING


def percent_of(share: float) -> str:
    """Likewise of a share from 0 to 1."""
    if share in (0, 1):
        return "100" if share else "0"
    value = 100 * share
    if value >= 99:
        return f"{min(math.floor(value * 100) / 100, 99.99):.2f}"
    return "<0.01" if value < 0.01 else f"{value:.1f}" if value >= 9.995 else f"{value:.2f}"


def count(number: int) -> str:
    """Print a count in at most 7 characters: exact below ten million, then "12.3M"."""
    return str(number) if number < _MOST_DIGITS else format_count(number)


def change(share: float) -> str:
    """Print a change in percent, without its sign but with that of its direction: "+1.2", "-34"."""
    return f"{100 * share:+.{0 if abs(share) >= 0.0995 else 1}f}"


def ratio(number: float) -> str:
    """Print a number of three significant digits: "0.0123", "1.74", "2350"."""
    return f"{number:.3g}" if abs(number) < 1000 else f"{number:.0f}"


def things(number: int, noun: str) -> str:
    """Print a count with its noun: "1 call", "2 calls"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def printable(text: str) -> str:
    """Replace what a terminal would obey instead of print: names and errors may come from elsewhere."""
    return "".join(c if c.isprintable() else "?" for c in text)


def shorten(name: str, width: int) -> str:
    """
    Cut a name in its middle, where names of models differ least, to a number of terminal cells.

    Args:
        name: Any text; what is not printable is replaced.
        width: At least 1.
    """
    name = printable(name)
    if cell_len(name) <= width:
        return name
    tail = min(len(name), width // 2)
    head = width - 1 - tail
    while cell_len(cut := name[:head] + "…" + name[len(name) - tail :]) > width:  # characters of two cells
        head, tail = (head - 1, tail) if head >= tail and head else (head, tail - 1)
    return cut


def pad(text: str, width: int) -> str:
    """Fill a text up with spaces on its right, to a number of terminal cells."""
    return text + " " * (width - cell_len(text))


def interval(low_us: float, high_us: float) -> str:
    """Print the ends of an interval in milliseconds, in at most 11 characters: "7.74-7.83" with a dash."""
    return f"{ms(low_us)}{TO}{ms(high_us)}"


def wrapped(words: str, width: int) -> Iterator[str]:
    """
    Break a sentence into lines.

    Args:
        words: Any text; what is not printable is replaced.
        width: Terminal cells of a line, at least 2; a longer word is cut.
    """
    line = ""
    for word in printable(words).split():
        for piece in chop_cells(word, width):
            longer = f"{line} {piece}" if line else piece
            if line and cell_len(longer) > width:
                yield line
                longer = piece
            line = longer
    if line:
        yield line
