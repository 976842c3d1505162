"""The tables of a comparison: all models together, and model by model."""

import statistics
from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

from rich.text import Text

from asyncload.formats.reading import Row, Since
from asyncload.report.comparison.grid import Cell, Column, Group, fits, lay_out
from asyncload.report.comparison.quantity import COUNTS, LATENCIES, Metric, change, quantity, stated
from asyncload.report.comparison.sides import SHOWN, Sides
from asyncload.report.comparison.words import said
from asyncload.report.estimates import UNTOLD
from asyncload.report.models import affixes
from asyncload.report.numbers import NOTHING, printable, things

_VIEWS: Final[dict[Since, str]] = {"due": "from due, ms", "sent": "from sent, ms"}
_MUCH: Final = 0.05
"""A difference of latency from here on is printed in colour."""
_BLANK: Final[Cell] = ("", "")


def totals(sides: Sides, width: int) -> Iterator[Text]:
    """All models together: a line per number, a column per source."""
    lines: list[tuple[Cell, Metric | None]] = []
    for heading, metrics in (
        ("", [Metric(name) for name in COUNTS]),
        *((_VIEWS[since], [Metric(name, since) for name in LATENCIES]) for since in sides.views),
    ):
        shown = [metric for metric in metrics if sides.having([sides.totals], metric)]
        lines += [((heading, "bold"), None)] if heading else []
        lines += [((f"  {metric.name}", ""), metric) for metric in shown]
    rows: list[_Line] = [(metric, sides.totals) for _, metric in lines]
    group = _group("", rows, sides.labels, range(len(sides.readings)), compared=True)
    yield from lay_out("total", [name for name, _ in lines], [group], width)


def models(sides: Sides, width: int) -> Iterator[Text]:
    """Model by model: a line per model, and for each number a group of columns."""
    if not sides.shown:
        return
    metrics = [Metric("requests"), *_latencies(sides)]
    if any(row.failures for model in sides.shown for row in model.rows if row):
        metrics.append(Metric("failed, %"))
    groups = []
    for metric in metrics:
        places = sides.having([model.rows for model in sides.shown], metric)
        rows: list[_Line] = [(metric, model.rows) for model in sides.shown]
        if places:
            groups.append(_group(_title(metric), rows, sides.labels, places, compared=metric.since is not None))
    if len(sides.shown) < len(sides.models):
        yield from _summary(sides, width)
    names = [model.name for model in sides.shown]
    prefix, suffix = ("", "") if fits("model", names, groups, width) else affixes(names)
    if prefix or suffix:
        left_out = " and ".join(f'"{printable(affix)}"' for affix in (prefix, suffix) if affix)
        yield Text(f"names of models are printed without {left_out}", "dim")
    short = [(name[len(prefix) : len(name) - len(suffix)], "") for name in names]
    yield from lay_out("model", short, groups, width)


def signs(lines: Sequence[Text]) -> str:
    """Explain the signs that stand in some lines of tables; empty if there are none."""
    words = {word for line in lines for word in line.plain.split()}
    meanings = {
        "= the same": "=" in words,
        "≈ within their resolution": "≈" in words,
        "≤ at most": any(word.startswith("≤") for word in words),
        "n/a too few calls to tell": UNTOLD in words,
        "- not stated": NOTHING in words,
    }
    return " · ".join(words for words, printed in meanings.items() if printed)


def _latencies(sides: Sides) -> Iterator[Metric]:
    """The median and the tail from the moment that most sources count from; and the tail from the other one."""
    if sides.tail is None or not sides.views:
        return
    first, *others = sides.views
    if sides.tail.name != "p50":
        yield Metric("p50", first)
    yield sides.tail
    for since in others:
        yield Metric(sides.tail.name, since)


def _title(metric: Metric) -> str:
    return metric.name if metric.since is None else f"{metric.name}, {metric.since}"


_Line: TypeAlias = tuple[Metric | None, Sequence[Row | None]]
"""A number, and the rows of all sources that may have it; without a number it is a heading."""


def _group(title: str, lines: Sequence[_Line], labels: str, places: Sequence[int], *, compared: bool) -> Group:
    """What some sources say in some lines; how another compares with the first one may stand beside it."""
    parts: list[tuple[Column, ...]] = []
    for place in places:
        column = Column(labels[place], tuple(_stated(line, place) for line in lines))
        if place == 0 or 0 not in places or not compared:
            parts.append((column,))
        else:
            parts.append((column, Column(f"vs {labels[0]}", tuple(_compared(line, place) for line in lines))))
    return Group(title, tuple(parts))


def _stated(line: _Line, place: int) -> Cell:
    metric, rows = line
    if metric is None:
        return _BLANK
    row = rows[place]
    return stated(row, metric), "dim" if quantity(row, metric) is None else ""


def _compared(line: _Line, place: int) -> Cell:
    metric, rows = line
    if metric is None:
        return _BLANK
    found = change(quantity(rows[0], metric), quantity(rows[place], metric), metric)
    if found is None:
        return NOTHING, "dim"
    if found.alike or found.share is None:
        return found.text, "dim"
    if metric.since is None or abs(found.share) < _MUCH:
        return found.text, ""
    return found.text, "red" if found.share > 0 else "green"


def _summary(sides: Sides, width: int) -> Iterator[Text]:
    """What is said of many models in a line for each source."""
    tail = sides.tail
    if tail is None:
        yield Text(f"{SHOWN} of {len(sides.models)} models, in the order of the first source:", "dim")
        return
    name = f"{tail.name} from {tail.since}"
    for place in range(1, len(sides.readings)):
        sides_of = ((quantity(model.rows[0], tail), quantity(model.rows[place], tail)) for model in sides.models)
        found = [each for first, other in sides_of if (each := change(first, other, tail)) is not None]
        shares = [each.share for each in found if each.share is not None]
        apart = [each.share for each in found if each.share is not None and not each.alike]
        if shares:
            higher = sum(share > 0 for share in apart)
            words = (
                f"{sides.labels[place]} against {sides.labels[0]}, {name} of {things(len(found), 'model')}: "
                f"{higher} higher, {len(apart) - higher} lower, {len(found) - len(apart)} alike; "
                f"median {statistics.median(shares):+.1%}"
            )
            yield from said("", words, width)
    yield Text(f"{SHOWN} of {len(sides.models)} models, those whose {name} differs most:", "dim")
