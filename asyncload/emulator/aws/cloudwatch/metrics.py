"""
The minutes of every variant.

    Metrics
    └── variant *             by endpoint and variant
        └── _Minute *         the last three hours, those without values left out

What counts 0 or 1 per request is counted in plain numbers, and becomes a distribution when it is read. A minute is
packed when the next one begins, so that hours of minutes take little room.
"""

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from asyncload.emulator.aws.cloudwatch.distribution import Distribution
from asyncload.emulator.aws.cloudwatch.names import Name

MINUTES_KEPT = 180
MINUTE_S = 60


class Invocation(msgspec.Struct, frozen=True, gc=False):
    """What one request adds."""

    status: int
    """What the container answered; if the request did not come that far, what the caller saw."""
    instances: int
    """How many the variant had."""
    overhead_ns: int
    """From arrival to answer, less latency_ns."""
    latency_ns: int | None = None
    """What the container took; None if the request did not come that far."""
    model_error: bool = False
    """Whether the container answered anything but 2xx, or nothing."""
    hit: bool | None = None
    """Whether the model was loaded on arrival; None if none was looked for."""
    wait_ns: int | None = None
    """What it waited for the model to be downloaded or loaded; None if it did not wait for that."""


class Series(NamedTuple):
    """A metric of one variant."""

    name: Name
    endpoint: str
    variant: str


class Metrics:
    """All metrics of the last hours. Knows no clock: the time is passed in."""

    def __init__(self, minutes_kept: int = MINUTES_KEPT) -> None:
        """
        Args:
            minutes_kept: Minutes with values that are kept of each variant.
        """
        self._kept = minutes_kept
        self._variants: dict[tuple[str, str], deque[_Minute]] = {}

    def invocation(self, endpoint: str, variant: str, unix_s: float, seen: Invocation) -> None:
        """
        Add what a request adds to its minute: eight metrics in one call.

        A time before the last minute of the variant counts into that minute.
        """
        self._minute(endpoint, variant, unix_s).add(seen)

    def add(self, series: Series, unix_s: float, value: float) -> None:
        """Add one value, in the metric's unit: a load that has ended, or a gauge that has been read."""
        self._minute(series.endpoint, series.variant, unix_s).values_of(series.name).add(value)

    def minutes(self, series: Series, first: int, last: int) -> Iterator[tuple[int, Distribution]]:
        """Yield minutes (since 1970) from `first` to `last` that have values of a metric, in order."""
        for minute in self._variants.get((series.endpoint, series.variant), ()):
            if first <= minute.number <= last:
                found = minute.read(series.name)
                if found.count:
                    yield minute.number, found

    def series(self) -> Iterator[Series]:
        """Yield every metric that has values."""
        for (endpoint, variant), minutes in self._variants.items():
            for name in Name:
                if any(minute.read(name).count for minute in minutes):
                    yield Series(name, endpoint, variant)

    def reset(self) -> None:
        """Forget everything."""
        self._variants.clear()

    def _minute(self, endpoint: str, variant: str, unix_s: float) -> "_Minute":
        minutes = self._variants.get((endpoint, variant))
        if minutes is None:
            minutes = self._variants[endpoint, variant] = deque(maxlen=self._kept)
        number = int(unix_s) // MINUTE_S
        if not minutes or minutes[-1].number < number:
            if minutes:
                minutes[-1].pack()
            minutes.append(_Minute(number))
        return minutes[-1]


class _Minute:
    """One minute of one variant."""

    __slots__ = (
        "errors_4xx",
        "errors_5xx",
        "hits",
        "instances",
        "latency",
        "looked_up",
        "model_errors",
        "number",
        "overhead",
        "requests",
        "values",
    )

    def __init__(self, number: int) -> None:
        self.number = number
        self.requests = self.errors_4xx = self.errors_5xx = self.model_errors = self.looked_up = self.hits = 0
        self.instances: dict[int, int] = {}
        self.latency = Distribution()
        self.overhead = Distribution()
        self.values: dict[Name, Distribution] = {Name.MODEL_LATENCY: self.latency, Name.OVERHEAD_LATENCY: self.overhead}

    def add(self, seen: Invocation) -> None:
        """Add what a request adds. HOT"""
        self.requests += 1
        status = seen.status
        if status >= 400:
            if status < 500:
                self.errors_4xx += 1
            else:
                self.errors_5xx += 1
        if seen.model_error:
            self.model_errors += 1
        instances = seen.instances
        self.instances[instances] = self.instances.get(instances, 0) + 1
        if seen.hit is not None:
            self.looked_up += 1
            self.hits += seen.hit
        if seen.latency_ns is not None:
            self.latency.add(seen.latency_ns / 1000)
        self.overhead.add(seen.overhead_ns / 1000)
        if seen.wait_ns is not None:
            self.values_of(Name.LOADING_WAIT).add(seen.wait_ns / 1000)

    def values_of(self, name: Name) -> Distribution:
        """Return the values that a metric has so far, to be added to."""
        values = self.values.get(name)
        if values is None:
            values = self.values[name] = Distribution()
        return values

    def read(self, name: Name) -> Distribution:
        """Return the values of a metric."""
        match name:
            case Name.INVOCATIONS:
                return Distribution.of({1: self.requests})
            case Name.INVOCATIONS_PER_INSTANCE:
                return Distribution.of({1 / max(1, n): count for n, count in self.instances.items()})
            case Name.ERRORS_4XX:
                return _share(self.errors_4xx, self.requests)
            case Name.ERRORS_5XX:
                return _share(self.errors_5xx, self.requests)
            case Name.MODEL_ERRORS:
                return _share(self.model_errors, self.requests)
            case Name.CACHE_HIT:
                return _share(self.hits, self.looked_up)
            case _:
                return self.values.get(name) or Distribution()

    def pack(self) -> None:
        """Take less room; nothing is added afterwards."""
        for values in self.values.values():
            values.pack()


def _share(ones: int, among: int) -> Distribution:
    return Distribution.of({1: ones, 0: among - ones})
