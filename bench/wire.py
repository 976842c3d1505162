"""
The stimulus on the wire, seen by a packet capture of the loopback: are the gaps what was asked for, and is the time
that we report the time that passed?

A gap is the time between the first bytes of consecutive requests. Its coefficient of variation is 0 for a constant
rate and 1 for Poisson arrivals; the Kolmogorov-Smirnov distance is to the exponential distribution of the asked rate,
not of a fitted one. Other clients that promise a constant rate run beside; wrk promises none, and is shown as it is.

Service time is compared in two ways: quantiles of what the run reports against quantiles of what was captured, and
call by call, since the n-th request sent is the n-th captured.
"""

import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bench import rivals
from bench.capture import Capture, captured
from bench.context import Context
from bench.pcap import Int64s, exchanges
from bench.processes import ask, started
from bench.rows import Detail, Finding, Findings, MissingToolError, Row, skipped
from bench.stimulus import Ask, ask_for
from bench.target import Target, nginx

_LIMIT_S = 120.0
_EDGE_S = 1.0
"""Left out at the beginning and at the end of each capture: warm-up, start and stop."""
_MOST_CV = {1000: 0.12, 5000: 0.3}
_MOST_KS = 0.04


@dataclass(frozen=True, slots=True)
class Wire:
    """Where things are when the wire is looked at."""

    context: Context
    target: Target
    home: Path

    @property
    def length_s(self) -> float:
        """Of each run, edges included."""
        return 2 * _EDGE_S + self.context.pick(10.0, 2.0)

    def capture(self, client: Callable[[], object]) -> tuple[Int64s, Int64s, Capture]:
        """Run a client under the capture; returns starts and ends of its exchanges."""
        path = self.home / "wire.pcap"
        with captured(path, self.target.plain_port, self.context.cores.target) as capture:
            client()
        starts, ends = exchanges(path, self.target.plain_port)
        path.unlink()
        return starts, ends, capture

    def ours(self, question: Ask) -> tuple[Int64s, Int64s, Capture]:
        """Run asyncload under the capture."""
        return self.capture(lambda: ask("generator", question, self.context.cores.generator, _LIMIT_S))

    def rival(self, command: Sequence[str]) -> Int64s:
        """Run another client under the capture; returns its gaps in nanoseconds."""

        def client() -> None:
            with started(command, self.context.cores.generator) as process:
                process.communicate(timeout=_LIMIT_S)

        return gaps_of(self.capture(client)[0])


def measure(context: Context) -> Findings:
    """Measure our gaps, then the others', then the error of our service time."""
    with nginx(context.cores.target) as target, tempfile.TemporaryDirectory(prefix="asyncload-bench-") as home:
        wire = Wire(context, target, Path(home))
        cells: list[list[str]] = []
        for rate_per_s, most in _MOST_CV.items():
            question = replace(ask_for(target, rate_per_s, wire.length_s), law="constant", warmup_s=0.0)
            gaps = gaps_of(wire.ours(question)[0])
            cells.append(cells_of(f"asyncload, constant {rate_per_s:,}/s", gaps))
            what = f"wire: gap CV of constant {rate_per_s:,}/s"
            yield Row(what, f"<= {most}", f"{cv(gaps):.3f}", reached=cv(gaps) <= most)
        yield from _poisson(wire, cells)
        yield from _others(wire, cells)
        yield Detail("Gaps between requests on the wire, asyncload and others", HEADINGS, cells)
        yield from _service(wire)


def _poisson(wire: Wire, cells: list[list[str]]) -> Iterator[Finding]:
    gaps = gaps_of(wire.ours(replace(ask_for(wire.target, 1000.0, wire.length_s), warmup_s=0.0))[0])
    cells.append(cells_of("asyncload, Poisson 1,000/s", gaps))
    distance = _ks(gaps, 1000.0)
    # Of so many true exponential gaps, 95 % of samples lie below this distance.
    noise = 1.36 / gaps.size**0.5
    measured = f"{distance:.4f} ({gaps.size:,} gaps; chance alone reaches {noise:.4f})"
    yield Row(
        "wire: Poisson 1,000/s, KS distance of the gaps", f"<= {_MOST_KS}", measured, reached=distance <= _MOST_KS
    )


def _others(wire: Wire, cells: list[list[str]]) -> Iterator[Finding]:
    length_s = wire.context.pick(8.0, 4.0)
    clients: list[tuple[str, Callable[[], Sequence[str]]]] = [
        ("k6, constant-arrival-rate 1,000/s", lambda: rivals.k6_paced(wire.home, wire.target, length_s, 1000)),
        ("k6, constant-arrival-rate 5,000/s", lambda: rivals.k6_paced(wire.home, wire.target, length_s, 5000)),
        ("hey, -q, 1,000/s", lambda: rivals.hey_paced(wire.target, length_s, 1000)),
        ("hey, -q, 5,000/s", lambda: rivals.hey_paced(wire.target, length_s, 5000)),
        ("wrk, 10 connections, no pacing", lambda: rivals.wrk(wire.home, wire.target, 3.0, connections=10)),
    ]
    for name, command in clients:
        try:
            cells.append(cells_of(name, wire.rival(command())))
        except MissingToolError as why:
            yield skipped(f"wire: {name}", why)


def _service(wire: Wire) -> Iterator[Finding]:
    out = wire.home / "samples"
    question = replace(ask_for(wire.target, 5000.0, wire.length_s), warmup_s=0.0, samples=True, out=str(out))
    reported = None

    def client() -> None:
        nonlocal reported
        reported = ask("generator", question, wire.context.cores.generator, _LIMIT_S)

    starts, ends, capture = wire.capture(client)
    assert reported is not None
    service_ms = (ends - starts)[ends > 0] / 1e6
    shown = []
    for name, quantile, most_ms in (("p50", 0.5, 0.1), ("p99", 0.99, 0.3)):
        ours, theirs = reported["totals"]["service_ms"][name], float(np.quantile(service_ms, quantile))
        error_ms = abs(ours - theirs)
        yield Row(
            f"service time at 5,000/s against the capture, {name}", f"within {most_ms} ms",
            f"{error_ms:.3f} ms apart (reported {ours:.3f} ms, captured {theirs:.3f} ms)",
            reached=error_ms <= most_ms,
        )  # fmt: skip
        shown.append(f"{name} {theirs:.3f} ms")
    yield _pairs(out / "run.sqlite", starts, ends, capture)


def _pairs(path: Path, starts: Int64s, ends: Int64s, capture: Capture) -> Row:
    """Compare call by call: the n-th sent is the n-th captured, if the capture lost none."""
    with closing(sqlite3.connect(path)) as db:
        rows = db.execute("SELECT sent_ns, last_ns FROM samples WHERE sent_ns > 0 ORDER BY sent_ns").fetchall()
    samples = np.array(rows, np.int64)
    what = "service time at 5,000/s against the capture, call by call"
    if capture.lost or len(samples) != starts.size or not ends.all():
        return skipped(what, f"{len(samples)} calls, {starts.size} captured, {capture.lost} packets lost")
    errors_ms = (samples[:, 1] - samples[:, 0] - (ends - starts)) / 1e6
    p50, p99, most = np.quantile(errors_ms, [0.5, 0.99, 1.0])
    return Row(what, "", f"reported longer by p50 {p50:.3f} ms, p99 {p99:.3f} ms, at most {most:.3f} ms")


HEADINGS: Sequence[str] = ("client", "requests /s", "gap CV", "gap p50 ms", "p99 ms", "max ms")


def cells_of(name: str, gaps_ns: Int64s) -> list[str]:
    """Return a client's line of the table of gaps."""
    if not gaps_ns.size:
        return [name, "0", *["-"] * 4]
    quantiles = np.quantile(gaps_ns, [0.5, 0.99, 1.0]) / 1e6
    return [name, f"{1e9 / gaps_ns.mean():,.0f}", f"{cv(gaps_ns):.3f}", *(f"{value:.3f}" for value in quantiles)]


def gaps_of(starts: Int64s) -> Int64s:
    """Gaps between requests, edges left out."""
    edge_ns = int(_EDGE_S * 1e9)
    if not starts.size:
        return starts
    inside = (starts >= starts[0] + edge_ns) & (starts <= starts[-1] - edge_ns)
    gaps: Int64s = np.diff(starts[inside])
    return gaps


def cv(gaps_ns: Int64s) -> float:
    """Coefficient of variation: standard deviation over mean."""
    return float(gaps_ns.std() / gaps_ns.mean()) if gaps_ns.size else float("inf")


def _ks(gaps_ns: Int64s, rate_per_s: float) -> float:
    """Kolmogorov-Smirnov distance of gaps to the exponential distribution of a rate."""
    expected = 1 - np.exp(-np.sort(gaps_ns) / 1e9 * rate_per_s)
    n = gaps_ns.size
    if not n:
        return 1.0
    above, below = np.arange(1, n + 1) / n - expected, expected - np.arange(n) / n
    return float(max(above.max(), below.max()))
