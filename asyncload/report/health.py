"""What the generator noticed about itself, and whether its numbers fit together."""

import math
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from rich.cells import cell_len
from rich.text import Text

from asyncload.balance import Reconciliation
from asyncload.call import Outcome
from asyncload.report.estimates import said, shortfall
from asyncload.report.numbers import NOTHING, TO, change, count, ms, printable, ratio, things
from asyncload.result import RunResult
from asyncload.steadiness import Steady
from asyncload.units import format_bytes

_LABEL: Final = 15


def health(result: RunResult, width: int) -> Iterator[Text]:
    """Lines of the block: a reading or several behind each label, in as many lines as they take."""
    yield Text("health", "bold")
    for label, pieces in readings(result).items():
        for number, line in enumerate(joined(pieces, width - _LABEL)):
            yield Text(f"  {'' if number else label:<{_LABEL - 2}}{line}")
    yield from shortfall([("lateness", result.estimates(result.totals, "lateness", (0.5, 0.99)))], width)


def joined(pieces: Iterable[str], width: int) -> Iterator[str]:
    """Join pieces by a dot, in as few lines as fit."""
    line = ""
    for piece in pieces:
        longer = f"{line} · {piece}" if line else piece
        if line and cell_len(longer) > width:
            yield line
            longer = piece
        line = longer
    yield line


def readings(result: RunResult) -> Mapping[str, Sequence[str]]:
    """Return what there is to read, each under its label."""
    noticed, everything = result.health, result.totals
    return {
        **_agreement(result),
        "lateness": [
            *map(said, result.estimates(everything, "lateness", (0.5, 0.99))),
            f"max {ms(everything.lateness.quantile_us(1))} ms",
        ],
        "calls": [
            f"{count(everything.outcomes[Outcome.DROPPED])} dropped",
            f"{count(everything.outcomes[Outcome.ABANDONED])} abandoned",
            f"{count(noticed.peak_in_flight)} in flight at the peak",
        ]
        + ([f"{count(everything.retries)} retries"] if everything.retries else []),
        "loop": [
            f"CPU {100 * noticed.cpu_share:.1f} % of a core",
            f"{things(noticed.stalls, 'stall')} over 10 ms, the longest {ms(noticed.longest_stall_ns / 1000)} ms",
        ],
        "connections": [
            f"{count(noticed.connects)} opened",
            f"{count(noticed.connect_failures)} failed",
            f"{count(noticed.exhausted)} refused by this machine",
        ],
        "clocks": [
            f"the endpoint's differs by {noticed.clock_skew_s:.0f} s",
            f"this one jumped by {round(noticed.clock_jump_ns / 1e6, 1) or 0:.6g} ms",
        ],
        "replies": [f"{format_bytes(everything.received_bytes)} of bodies"],
        "plan": [f"digest {printable(result.plan_digest[:12]) or NOTHING}", f"started {_utc(noticed.started_unix_ns)}"]
        + ([f"{noticed.ranks} ranks"] if noticed.ranks > 1 else []),
    }


def _agreement(result: RunResult) -> Mapping[str, Sequence[str]]:
    """Whether the run was in one state, and whether its counts fit one another."""
    found = {"steady": list(_steady(result.steady))} if result.totals.calls else {}
    balance, little = result.reconciliation, result.littles_law
    if balance is not None:
        found["arrivals"] = [f"{count(balance.planned)} planned", *_ended(balance)]
    if little is not None:
        seen = f"{ratio(little.sampled)} seen ({ratio(little.low)}{TO}{ratio(little.high)})"
        found["in flight"] = [f"{ratio(little.expected)} by rate times response", seen]
    return found


def _steady(steady: Steady) -> Iterator[str]:
    if steady.warmup:
        yield steady.warmup
    if not steady.seconds:
        yield "drift not looked at: no 20 s of constant load"
        return
    yield f"{'drifts' if steady.drifts else 'no drift'} in {steady.seconds} s"
    if not math.isnan(steady.halves_share):
        low, high = (change(share) for share in (steady.halves_low, steady.halves_high))
        ends = "" if math.isnan(steady.halves_low) else f" ({low} to {high})"
        yield f"p50 of its second half {change(steady.halves_share)} %{ends}"
    if not math.isnan(steady.trend_share):
        yield f"trend {change(steady.trend_share)} %, p {steady.trend_p:.2g}"


def _ended(balance: Reconciliation) -> Iterator[str]:
    """What became of what was planned; what there was none of is left out."""
    parts = (
        (balance.sent, "sent"), (balance.dropped, "dropped"), (balance.answered, "answered"),
        (balance.timed_out, "timed out"), (balance.failed, "without a whole reply"), (balance.abandoned, "abandoned"),
        (balance.in_flight, "in flight when it was killed"),
    )  # fmt: skip
    yield from (f"{count(number)} {words}" for number, words in parts if number)
    if balance.served is not None:
        yield f"{count(balance.served)} served, says the target"
    yield "all accounted for" if balance.balanced else "NOT all accounted for"
    if balance.balanced and balance.why:
        yield balance.why


def _utc(unix_ns: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(unix_ns / 1e9))
