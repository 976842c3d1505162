"""
Differences between two runs: how often one is found that is not there, and how often one that is.

Simulated runs of an endpoint: lognormal latencies about a level that wanders from second to second, calls that fail,
seconds in which it stands still; see `bench.courses`. Equal against equal, any difference that is called sure is a
false alarm, of whatever model and number. Then one side is 10 % slower. And
what a comparison of a thousand models over an hour takes.
"""

import resource
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from asyncload.difference import METRICS, Differences, differences
from asyncload.formats.recording import Recording
from asyncload.store import read, read_history
from bench.context import Context
from bench.courses import Endpoint, made
from bench.directory import Size, write
from bench.rows import Detail, Findings, Row, tell

_RATES = {"a.tar.gz": 100.0, "b.tar.gz": 50.0, "c.tar.gz": 33.0}
_STEADY = Endpoint(rates_per_s=_RATES)


@dataclass(frozen=True, slots=True)
class _Kind:
    name: str
    endpoint: Endpoint
    times: int


_ALIKE = (
    _Kind("60 s, level +-5 %, autocorrelation 0.6", _STEADY, 250),
    _Kind("60 s, level +-10 %, autocorrelation 0.8", replace(_STEADY, level_memory=0.8, level_sigma=0.1), 250),
    _Kind("60 s, a stall in 50 s, 1 % fail", replace(_STEADY, stalls_per_s=0.02, errors=0.01), 200),
    _Kind("20 s", replace(_STEADY, seconds=20), 200),
    _Kind("300 s, a stall in 100 s", replace(_STEADY, seconds=300, stalls_per_s=0.01), 100),
)
_SLOWER = (_ALIKE[0], _ALIKE[1])
"""Runs of other lengths about these levels; one side has all its calls 10 % slower."""
_LENGTHS = ((60, 60), (300, 30), (600, 20))


def measure(context: Context) -> Findings:
    """Compare a thousand pairs of equal runs, then pairs that are not."""
    yield from _false_alarms(context)
    yield from _power(context)
    yield from _speed(context)


def _pairs(before: Endpoint, after: Endpoint, times: int, seed: int) -> Iterator[Differences]:
    for number in range(times):
        yield differences([made(before, seed + 2 * number)], [made(after, seed + 2 * number + 1)])


def _false_alarms(context: Context) -> Findings:
    alarms = comparisons = 0
    cells = []
    for place, kind in enumerate(_ALIKE):
        times = context.pick(kind.times, 5)
        found = list(_pairs(kind.endpoint, kind.endpoint, times, 1_000_000 * (place + 1)))
        false = sum(bool(one.ranked) for one in found)
        single = [one.alone_low > 0 or one.alone_high < 0 for each in found for one in each.every if one.told]
        alarms, comparisons = alarms + false, comparisons + times
        cells.append(
            [kind.name, str(times), f"{false / times:.1%}", f"{sum(single) / len(single):.1%}",
             f"{sum(one.a.block_s for one in found) / times:.1f}"]
        )  # fmt: skip
        tell(" ".join(cells[-1]))
    yield Row(
        "equal runs of three models, any of their numbers called different", "at most 7 %",
        f"{alarms} of {comparisons}: {alarms / comparisons:.1%}", reached=alarms <= 0.07 * comparisons,
    )  # fmt: skip
    headings = ("runs", "comparisons", "any false alarm", "single intervals that miss", "block s, mean")
    yield Detail("Equal runs", headings, cells)


def _power(context: Context) -> Findings:
    cells = []
    for kind in _SLOWER:
        for seconds, times in _LENGTHS:
            before = replace(kind.endpoint, seconds=seconds)
            after = replace(before, slower=dict.fromkeys(_RATES, 1.1))
            found = list(_pairs(before, after, context.pick(times, 3), 50_000_000 + seconds))
            tails = [one.total[METRICS.index("p99")] for one in found]
            sure, alone = sum(one.sure for one in tails), sum(one.alone_low > 0 for one in tails)
            half = sum(one.alone_high - one.alone_low for one in tails) / 2 / len(tails)
            shares = [f"{count / len(tails):.0%}" for count in (sure, alone)]
            level = f"+-{before.level_sigma:.0%}, {before.level_memory}"
            cells.append([level, str(seconds), str(seconds * 183), *shares, f"+-{half:.1%}"])
            tell(" ".join(cells[-1]))
    headings = ("level, autocorrelation", "seconds", "calls", "surely slower", "alone: p99 > +0%", "interval alone")
    yield Detail("p99 of all models 10 % higher", headings, cells)


def _speed(context: Context) -> Findings:
    size = Size(seconds=context.pick(3600, 30))
    with tempfile.TemporaryDirectory(prefix="asyncload-bench-") as home:
        paths = [Path(home) / name for name in ("before", "after")]
        for path, seed in zip(paths, (1, 2), strict=True):
            tell(f"writing an hour of {size.models} models")
            write(path, replace(size, seed=seed))
        began_s, began_cpu_s = time.monotonic(), time.process_time()
        a, b = (Recording(read(path), read_history(path)) for path in paths)
        found = differences([a], [b])
        took_s, cpu_s = time.monotonic() - began_s, time.process_time() - began_cpu_s
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    yield Row(
        f"{size.models:,} models over {size.seconds:,} s, {found.a.calls:,} calls each, read from disk", "30 s",
        f"{took_s:.1f} s, {cpu_s:.1f} s of CPU, peak of the process {peak_mib:.0f} MiB", reached=took_s < 30,
    )  # fmt: skip
