"""
Memory: 10 million requests over 1,000 models, with a run directory; the process's resident set, sampled from outside.

The transport echoes after 0.2 to 50 ms, so calls are in flight as with a real endpoint, and every model's histograms
fill.
Flat means: after the first minute the resident set grows by no more than 5 % of what it was then.
"""

import os
import subprocess
import time
from pathlib import Path

import msgspec

from bench.context import Context
from bench.nowhere import Driven, Nowhere
from bench.processes import answer_of, child, started
from bench.rows import Detail, Findings, Row

_RATE_PER_S = 80_000.0
_MODELS = 1000
_MOST_MB = 300
_FLAT = 0.05
_LOOK_S = 0.5
_LIMIT_S = 400.0


def measure(context: Context) -> Findings:
    """Drive, and look at the resident set twice a second."""
    length_s, first_s = context.pick(125.0, 12.5), context.pick(60.0, 6.0)
    question = Nowhere(answers="echo", law="constant", rate_per_s=_RATE_PER_S, length_s=length_s, models=_MODELS)
    given = msgspec.json.encode(question).decode()
    with started(child("nowhere"), context.cores.generator, given) as process:
        samples = _watch(process)
        driven = msgspec.convert(answer_of(process, _LIMIT_S), Driven)
    before = max((mb for at_s, mb in samples if at_s <= first_s), default=0.0)
    after = max((mb for at_s, mb in samples if first_s < at_s <= length_s), default=0.0)
    # Flat is what it must be while it sends; the peak counts the making of the result, too.
    growth, peak = after / before - 1, max(mb for _, mb in samples)
    yield Row(
        f"{driven.sent / 1e6:.0f} million requests over {_MODELS:,} models",
        f"flat after {'the first minute' if first_s == 60 else f'{first_s:.0f} s'}, under {_MOST_MB} MB",
        f"{after:.0f} MB while sending, {growth:+.1%} after the first {first_s:.0f} s; "
        f"peak {peak:.0f} MB while the result is made; "
        f"{driven.sent / driven.elapsed_s:,.0f}/s, {driven.dropped} dropped",
        reached=peak < _MOST_MB and growth <= _FLAT,
    )
    step = max(1, len(samples) // 12)
    cells = [[f"{at_s:.0f}", f"{mb:.0f}"] for at_s, mb in samples[step - 1 :: step]]
    yield Detail("Resident set over time", ("s", "MB"), cells)


def _watch(process: "subprocess.Popen[str]") -> list[tuple[float, float]]:
    """Sample the resident set until the process ends: seconds since now, and MB (10^6 bytes)."""
    began_s, samples = time.monotonic(), []
    while process.poll() is None and time.monotonic() < began_s + _LIMIT_S:
        pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
        samples.append((time.monotonic() - began_s, pages * os.sysconf("SC_PAGE_SIZE") / 1e6))
        time.sleep(_LOOK_S)
    return samples
