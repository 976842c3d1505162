"""
The comparison for a terminal, in the order in which its questions are asked:

    may I believe it?            sources whose own verdict is INVALID
    what is compared?            a letter for each source
    do the numbers mean the same?    from when latencies count, arrivals, failures, resolution, window
    how do they compare?         all models together: counts, and latencies from each moment that any counts from
    and each model?              those that several sources have; of many, those that differ most
    what was not compared?       names that only one source has
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from asyncload.formats.reading import Reading
from asyncload.report.comparison import tables
from asyncload.report.comparison.sides import Sides
from asyncload.report.comparison.words import said
from asyncload.report.numbers import shorten
from asyncload.report.terminal import LEAST_WIDTH

_NAMES_SHOWN: Final = 6
_NAME_MOST: Final = 40
_LABEL: Final = 12
_ASPECTS: Final[Sequence[tuple[str, Callable[[Reading], str]]]] = (
    ("counted from", lambda reading: reading.meaning.counted or ", and ".join(reading.total.latency) or "not said"),
    ("arrivals", lambda reading: reading.meaning.arrivals),
    ("failed calls", lambda reading: reading.meaning.failures),
    ("resolution", lambda reading: reading.meaning.resolution),
    ("taken over", lambda reading: reading.meaning.window),
)


def show(sides: Sides, console: Console) -> None:
    """
    Print a comparison.

    Args:
        sides: What to compare.
        console: Where to; its width is used from 80 columns on, and colour only if it is a terminal.
    """
    width = max(console.width, LEAST_WIDTH)
    before = [list(part(sides, width)) for part in (_invalid, _sources, _meanings)]
    numbers = [list(part(sides, width)) for part in (tables.totals, tables.models)]
    signs = tables.signs([line for part in numbers for line in part])
    after = [list(_alone(sides, width)), list(said("", signs, width, style="dim")) if signs else []]
    for number, part in enumerate(filter(None, [*before, *numbers, *after])):
        # Not cropped: on a narrower terminal a line of numbers is wrapped by the terminal and stays whole.
        for line in [Text(), *part] if number else part:
            console.print(line, no_wrap=True, crop=False, overflow="ignore", highlight=False)


def _invalid(sides: Sides, width: int) -> Iterator[Text]:
    for label, reading in zip(sides.labels, sides.readings, strict=True):
        if reading.invalid:
            yield Text.assemble(("INVALID", "bold red"), f"  {label}  ", shorten(reading.source, width - 12))
        for reason in reading.invalid:
            yield from said("  reason: ", reason, width, label="red")


def _sources(sides: Sides, width: int) -> Iterator[Text]:
    tools = max(cell_len(reading.tool) for reading in sides.readings)
    for label, reading in zip(sides.labels, sides.readings, strict=True):
        yield Text.assemble((label, "bold"), f"  {reading.tool:<{tools}}  ", shorten(reading.source, width - tools - 5))
        for note in reading.notes:
            yield from said("   note: ", note, width, label="yellow")


def _meanings(sides: Sides, width: int) -> Iterator[Text]:
    """What the numbers mean: sources of which the same is said share a line, and what is the same for all is dim."""
    yield Text("what the numbers mean", "bold")
    meant = [(aspect, _shared(sides, of)) for aspect, of in _ASPECTS]
    widest = max(len(labels) for _, shared in meant for labels in shared)
    for aspect, shared in meant:
        style = "dim" if len(shared) == 1 else ""
        for number, (labels, words) in enumerate(shared.items()):
            front = f"  {'' if number else aspect:<{_LABEL}}  {labels:<{widest}}  "
            yield from said(front, words, width, label=style, style=style)


def _shared(sides: Sides, of: Callable[[Reading], str]) -> dict[str, str]:
    """What is said, by the sources of which it is true."""
    by_words: dict[str, list[str]] = {}
    for label, reading in zip(sides.labels, sides.readings, strict=True):
        by_words.setdefault(of(reading), []).append(label)
    if len(by_words) == 1:
        return {"all": next(iter(by_words))}
    return {" ".join(labels): words for words, labels in by_words.items()}


def _alone(sides: Sides, width: int) -> Iterator[Text]:
    """Say which rows have no counterpart, and which sources have no rows."""
    without = [label for label, reading in zip(sides.labels, sides.readings, strict=True) if not reading.rows]
    if without and len(without) < len(sides.readings):
        yield Text(f"no rows per model in {', '.join(without)}: only the totals are compared")
    if len(sides.readings) - len(without) < 2:  # two of something make a comparison
        return
    for label, names in zip(sides.labels, sides.alone, strict=True):
        if names:
            shown = [shorten(name, _NAME_MOST) for name in names[:_NAMES_SHOWN]]
            more = [f"{len(names) - len(shown)} more"] if len(names) > len(shown) else []
            yield from said(f"only in {label}: ", ", ".join([*shown, *more]), width, label="yellow")
    if not sides.models:
        words = "No row has the same name in two sources. Rename rows with --map, such as --map ROW=MODEL."
        yield from said("", words, width)
