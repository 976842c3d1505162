"""
Random draws, decided from outside.

A task that draws at random is run again and again until every way that its draws can go has been seen. For that each
draw is intercepted where Python's `random` makes it: a whole number below n, or a number on [0, 1). Everything else of
`random`, such as `choices`, `sample`, `shuffle` and `uniform`, is its own code on top of these two.

    whole number    has n outcomes of equal probability
    number          is a true float which notices what it is compared with: from `if random() < 0.8` follow two cells,
                    [0, 0.8) and [0.8, 1), whose widths are their probabilities. Sums with and multiples of plain
                    numbers notice too, so `bisect(cumulative, random() * total)`, which is how `choices` draws from
                    weights, has one cell for each weight.
    bits            are taken as they come

A number that is read in another way, printed into a payload say, has an outcome of its own for each value. That is not
noticed here: whoever explores plays a cell twice with different numbers and compares.
"""

from _random import Random as Mersenne
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import floor
from types import FrameType
from typing import Final, TypeAlias

Site: TypeAlias = tuple[int, ...]
"""
Where in the locustfile a draw is made: code and instruction of each frame of the file's own. Empty for a draw that is
no matter of the file's, such as the number that botocore gives each request; those are taken at random and not kept.
"""
SiteOf: TypeAlias = Callable[[FrameType], Site]
Values: TypeAlias = Mapping[tuple[Site, int], float]
"""By site and how many draws were made there before."""

MOST_OUTCOMES: Final = 1 << 20
"""Whole numbers below as many as this are walked; those below more are taken as they come, like bits."""
_LOW_END: Final = 1e-6
"""Cells are walked in the order of their numbers, for that is the order in which they stand in the file."""


@dataclass(frozen=True, slots=True)
class Span:
    """What a draw may be: a whole number on [low, high) where count is above 0, else a number on [low, high)."""

    count: int
    low: float
    high: float

    @classmethod
    def whole(cls, count: int) -> "Span":
        """Return everything that a draw of `count` outcomes may be; 0 for a number on [0, 1)."""
        return cls(count, 0, count or 1)

    @property
    def part(self) -> float:
        """Probability of the span."""
        return (self.high - self.low) / (self.count or 1)


@dataclass(slots=True)
class Draw:
    """One draw of a run, and the cell of values with which the run would have gone the same way."""

    site: Site
    count: int
    """How many outcomes of equal probability; 0 for a number on [0, 1)."""
    value: float
    low: float
    high: float

    def split(self, at: float) -> None:
        """Take notice that values below `at` and values from it on are told apart."""
        if self.low < at < self.high:
            if self.value < at:
                self.high = at
            else:
                self.low = at

    @property
    def cell(self) -> Span:
        """The cell."""
        return Span(self.count, self.low, self.high)


@dataclass(slots=True)
class Play:
    """How one run's draws are to go, and how they went."""

    spans: tuple[Span, ...] = ()
    """The first walked draws stay inside these; those after them begin with their first outcome."""
    free: frozenset[Site] = frozenset()
    """Draws here are not walked but taken at random."""
    given: Values = field(default_factory=dict)
    """Draws that are neither walked nor taken at random."""
    at_random: bool = False
    """No draw is walked."""
    anywhere: bool = False
    """A number is taken from all of its span, not from its low end; for a second look at a cell."""
    walked: list[Draw] = field(default_factory=list)
    values: dict[tuple[Site, int], float] = field(default_factory=dict)
    """Every draw that was made."""
    astray: bool = False
    """Whether a draw was another than that which `spans` was made for: the run does not follow from its draws alone."""
    _made: dict[Site, int] = field(default_factory=dict)

    def key(self, site: Site) -> tuple[Site, int]:
        """Count a draw at a site; returns what it is known by."""
        before = self._made.get(site, 0)
        self._made[site] = before + 1
        return site, before

    def span(self, count: int) -> Span:
        """Return what the next walked draw may be."""
        index = len(self.walked)
        if index >= len(self.spans):
            return Span.whole(count)
        if self.spans[index].count != count:
            self.astray = True
            return Span.whole(count)
        return self.spans[index]


class Chance:
    """
    The source of all draws of a process.

    While nothing is played, draws are `random`'s own; while a run is played, they go as its `Play` says.
    """

    def __init__(self, site_of: SiteOf, seed: int = 0) -> None:
        """
        Args:
            site_of: Finds the site of a draw from the frame that asked for it.
            seed: Of the draws that are taken at random.
        """
        self._site_of = site_of
        self._random = Mersenne(seed)
        self._play: Play | None = None

    def begin(self, play: Play) -> None:
        """Decide draws by `play` from now on."""
        self._play = play

    def end(self) -> None:
        """Let `random` decide again."""
        self._play = None

    @property
    def playing(self) -> bool:
        """Whether draws are decided here."""
        return self._play is not None

    def unit(self, frame: FrameType) -> float:
        """Return the next number on [0, 1)."""
        return self._drawn(frame, 0)

    def below(self, frame: FrameType, count: int) -> int:
        """Return the next whole number on [0, count)."""
        if count < MOST_OUTCOMES:
            return int(self._drawn(frame, count))
        return self.bits(frame, count.bit_length() + 64) % count

    def bits(self, frame: FrameType, count: int) -> int:
        """Return so many random bits."""
        play = self._play
        if play is None:
            return self._random.getrandbits(count)
        site = self._site_of(frame)
        if not site:
            return self._random.getrandbits(count)
        key = play.key(site)
        value = int(play.given[key]) if key in play.given else self._random.getrandbits(count)
        play.values[key] = value
        return value

    def _drawn(self, frame: FrameType, count: int) -> float:
        play = self._play
        site = self._site_of(frame) if play is not None else ()
        if play is None or not site:
            return self._taken(Span.whole(count))
        key = play.key(site)
        if key in play.given:
            value = play.given[key]
        elif play.at_random or key[0] in play.free:
            value = self._taken(Span.whole(count))
        else:
            draw = self._walk(play, key[0], count)
            play.values[key] = draw.value
            return draw.value if count else Tracked.of(draw)
        value = min(value, count - 1) if count else value
        play.values[key] = value
        return value

    def _walk(self, play: Play, site: Site, count: int) -> Draw:
        span = play.span(count)
        if count:
            draw = Draw(site, count, int(span.low), int(span.low), int(span.low) + 1)
        else:
            draw = Draw(site, 0, self._taken(span, 1.0 if play.anywhere else _LOW_END), span.low, span.high)
        play.walked.append(draw)
        return draw

    def _taken(self, span: Span, part: float = 1.0) -> float:
        """Take a value of a span at random, from its lower part."""
        value = span.low + self._random.random() * part * (span.high - span.low)
        return int(value) if span.count else value


class Tracked(float):
    """A number factor * u + offset, u a draw on [0, 1), that tells the draw what it is compared with."""

    __slots__ = ("draw", "factor", "offset")
    draw: Draw
    factor: float
    offset: float

    @classmethod
    def of(cls, draw: Draw, factor: float = 1.0, offset: float = 0.0) -> "Tracked":
        """Return factor * draw + offset."""
        number = cls(draw.value * factor + offset)
        number.draw, number.factor, number.offset = draw, factor, offset
        return number

    def _told_apart_at(self, value: object) -> None:
        if isinstance(value, int | float) and not isinstance(value, Tracked) and self.factor:
            self.draw.split((value - self.offset) / self.factor)

    def __lt__(self, other: float) -> bool:
        self._told_apart_at(other)
        return float.__lt__(self, other)

    def __le__(self, other: float) -> bool:
        self._told_apart_at(other)
        return float.__le__(self, other)

    def __gt__(self, other: float) -> bool:
        self._told_apart_at(other)
        return float.__gt__(self, other)

    def __ge__(self, other: float) -> bool:
        self._told_apart_at(other)
        return float.__ge__(self, other)

    def __floor__(self) -> int:
        whole = floor(float(self))
        self._told_apart_at(whole)
        self._told_apart_at(whole + 1)
        return whole

    def __ceil__(self) -> int:
        return -self._negated().__floor__()

    def __trunc__(self) -> int:
        return self.__ceil__() if self < 0 else self.__floor__()

    def __int__(self) -> int:
        return self.__trunc__()

    def __round__(self, ndigits: int | None = None) -> float:  # type: ignore[override]  # both of float's forms
        if ndigits is not None:
            return round(float(self), ndigits)
        nearest = round(float(self))
        self._told_apart_at(nearest - 0.5)
        self._told_apart_at(nearest + 0.5)
        return nearest

    def _negated(self) -> "Tracked":
        return Tracked.of(self.draw, -self.factor, -self.offset)

    def __neg__(self) -> float:
        return self._negated()

    def __add__(self, other: float) -> float:
        if _is_plain(other):
            return Tracked.of(self.draw, self.factor, self.offset + other)
        return float.__add__(self, other)

    __radd__ = __add__

    def __sub__(self, other: float) -> float:
        if _is_plain(other):
            return Tracked.of(self.draw, self.factor, self.offset - other)
        return float.__sub__(self, other)

    def __rsub__(self, other: float) -> float:
        return self._negated() + other if _is_plain(other) else float.__rsub__(self, other)

    def __mul__(self, other: float) -> float:
        if _is_plain(other):
            return Tracked.of(self.draw, self.factor * other, self.offset * other)
        return float.__mul__(self, other)

    __rmul__ = __mul__

    def __truediv__(self, other: float) -> float:
        if _is_plain(other) and other:
            return Tracked.of(self.draw, self.factor / other, self.offset / other)
        return float.__truediv__(self, other)

    def __floordiv__(self, other: float) -> float:
        if _is_plain(other) and other > 0:
            return float(floor(self / other))
        return float.__floordiv__(self, other)

    def __reduce__(self) -> tuple[type[float], tuple[str]]:
        return float, (repr(float(self)),)


def _is_plain(other: object) -> bool:
    return isinstance(other, int | float) and not isinstance(other, Tracked)
