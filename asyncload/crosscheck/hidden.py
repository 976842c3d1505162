"""
What a closed loop hides: a stall, found in what asyncload saw second by second, and in words what each kind of caller
would say of it.

A user who waits makes no calls. So of a stall each user of a closed loop sees one call, however long it lasts, while
callers who come on schedule go on coming and all of them wait. How many that are follows from Little's law: rate times
time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from asyncload.crosscheck.latencies import Latencies
from asyncload.crosscheck.takes import Pair, Take
from asyncload.histogram import Histogram
from asyncload.measured import SecondResult

LONG_MS: Final = 250.0
LONG_TIMES: Final = 10.0
"""A call is held up if it takes so much, and so many times the median."""
FEWEST: Final = 3
"""Calls that are held up in one second; one alone is a call's own bad luck."""
HELD_SHARE: Final = 0.5
"""Of the calls that are outstanding as a rule, held up in one second: those of a stall end together."""
_EXAMPLE_S: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stall:
    """Calls that were held up together."""

    pair: int
    second: int
    """Of asyncload's measured time, in which they ended; from 0."""
    length_ms: float
    """The longest of them."""
    held: int
    """How many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hidden:
    """The longest stall that was seen, and what is to be said; in no case without words."""

    stall: Stall | None
    words: str


def hidden(pairs: Sequence[Pair], users: int, warmup_s: float) -> Hidden:
    """
    Look for a stall, and say what a closed loop shows of one.

    Args:
        pairs: At least one. A run of asyncload's that is in doubt is not looked at: this machine may have held it up.
        users: Who waited for replies; 0 if both followed the plan's due times.
        warmup_s: Length of the warm-up, whose stalls do not count.
    """
    found = [stall for pair in pairs if not pair.ours.doubt for stall in _stalls(pair, users, warmup_s)]
    if not found:
        return Hidden(stall=None, words=_nothing_seen(pairs[-1].ours, users))
    longest = max(found, key=lambda stall: stall.length_ms)
    pair = next(pair for pair in pairs if pair.number == longest.pair)
    seen = [other for other in pairs if _held(other.theirs.latencies, _limit_ms(other.theirs)) >= FEWEST]
    beside = pair if pair in seen else seen[0] if seen else None
    say = _closed if users else _open
    return Hidden(stall=longest, words=say(longest, pair.ours, users, beside))


def _stalls(pair: Pair, users: int, warmup_s: float) -> list[Stall]:
    ours, limit_ms = pair.ours, _limit_ms(pair.ours)
    if not ours.latencies.count:
        return []
    outstanding = users or ours.rate_per_s * ours.latencies.percentile_ms(0.5) / 1000
    fewest = max(FEWEST, HELD_SHARE * outstanding)
    return [
        Stall(
            pair=pair.number,
            second=row.second - round(warmup_s),
            length_ms=row.response.quantile_us(1.0) / 1000,
            held=held,
        )
        for row in ours.seconds
        if row.second >= warmup_s and (held := _held_in(row, limit_ms)) >= fewest
    ]


def _limit_ms(take: Take) -> float:
    return max(LONG_MS, LONG_TIMES * take.latencies.percentile_ms(0.5)) if take.latencies.count else LONG_MS


def _held_in(row: SecondResult, limit_ms: float) -> int:
    response: Histogram = row.response
    return response.count_above_us(round(limit_ms * 1000))


def _held(latencies: Latencies, limit_ms: float) -> int:
    return sum(count for bucket_ms, count in latencies.counts.items() if bucket_ms > limit_ms)


# -- in words ---------------------------------------------------------------------------------------------------------


def _closed(stall: Stall, ours: Take, users: int, beside: Pair | None) -> str:
    length_s, rate_per_s = stall.length_ms / 1000, _usual_rate_per_s(ours)
    p99_ms, callers_ms = ours.latencies.percentile_ms(0.99), _callers_p99_ms(ours)
    come = rate_per_s * length_s
    return " ".join(
        (
            _seen(stall),
            f"Each of the {users} users met it with one call at most and made no other until it was over, so",
            f"{stall.held} of {ours.count:,} calls show it; asyncload's service time at p99 is {_time(p99_ms)}.",
            _locust(beside),
            f"On schedule, at the {rate_per_s:.4g}/s of an ordinary second, some {come:,.0f} callers would have come",
            f"in those {length_s:.2g} s and waited {_time(stall.length_ms / 2)} on the average. With them p99 is",
            f"{_time(callers_ms)}{_times(callers_ms, p99_ms)}: asyncload's corrected view.",
        )
    )


def _open(stall: Stall, ours: Take, _: int, beside: Pair | None) -> str:
    length_s, rate_per_s = stall.length_ms / 1000, _usual_rate_per_s(ours)
    median_ms, users = ours.latencies.percentile_ms(0.5), _users_needed(ours)
    return " ".join(
        (
            _seen(stall),
            f"Calls went on being due, and {stall.held} of {ours.count:,} waited for its end: the response time at p99",
            f"is {_time(_callers_p99_ms(ours))}, counted from when each was due.",
            _locust(beside),
            f"A closed loop that makes this rate needs {_count(users, 'user')} ({rate_per_s:.4g}/s x",
            f"{_time(median_ms)}, Little's law) and would show those {length_s:.2g} s in {_count(users, 'call')}, for",
            "none would have come while they waited.",
        )
    )


def _seen(stall: Stall) -> str:
    return (
        f"In pair {stall.pair} the endpoint held everything up for {_time(stall.length_ms)}, until second "
        f"{stall.second} of asyncload's run."
    )


def _locust(beside: Pair | None) -> str:
    if beside is None:
        return "None of Locust's runs met one."
    take = beside.theirs
    held = _held(take.latencies, _limit_ms(take))
    p99_ms = take.latencies.as_locust_rounds().percentile_ms(0.99)
    return (
        f"Locust's run of pair {beside.number} met one of {_time(take.latencies.most_ms)} with {held} of "
        f"{take.count:,} calls, and prints a p99 of {p99_ms:.0f} ms."
    )


def _nothing_seen(ours: Take, users: int) -> str:
    if not ours.latencies.count:
        return "No call of asyncload's succeeded, so nothing can be said of a stall."
    rate_per_s, come = ours.rate_per_s, ours.rate_per_s * _EXAMPLE_S
    example, wait = f"{_EXAMPLE_S:.0f} s", f"{_EXAMPLE_S / 2:.0f} s"
    if users:
        few = users < 0.01 * ours.count
        return (
            f"No stall was seen. One of {example} would show in one call of each of the {users} users, "
            f"{'too few to move p99' if few else f'{users} of {ours.count:,}'}; on schedule some {come:,.0f} callers "
            f"would come meanwhile (Little's law: {rate_per_s:.4g}/s x {example}) and wait {wait} on the average."
        )
    needed = _users_needed(ours)
    return (
        f"No stall was seen. One of {example} would show here in the {come:,.0f} calls that fall due meanwhile; a "
        f"closed loop of the same rate has {_count(needed, 'user')} (Little's law: {rate_per_s:.4g}/s x "
        f"{_time(ours.latencies.percentile_ms(0.5))}) and would show it in {_count(needed, 'call')}."
    )


def _users_needed(ours: Take) -> int:
    """Users of a closed loop without pauses that makes the same rate: as many as calls are outstanding."""
    return max(1, round(_usual_rate_per_s(ours) * ours.latencies.percentile_ms(0.5) / 1000))


def _usual_rate_per_s(take: Take) -> float:
    """Calls that end in an ordinary second: the median, for a stall lowers the mean."""
    ended = sorted(sum(row.outcomes) for row in take.seconds)
    return float(ended[len(ended) // 2]) if ended else take.rate_per_s


def _callers_p99_ms(take: Take) -> float:
    return take.callers.percentile_ms(0.99) if take.callers else float("nan")


def _count(number: int, noun: str) -> str:
    return f"one {noun}" if number == 1 else f"{number} {noun}s"


def _time(ms: float) -> str:
    return f"{ms / 1000:.3g} s" if ms >= 1000 else f"{ms:.3g} ms"


def _times(one_ms: float, other_ms: float) -> str:
    return f", {one_ms / other_ms:.2g} times as much" if one_ms >= 2 * other_ms > 0 else ""
