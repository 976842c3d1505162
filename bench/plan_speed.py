"""
How fast the plan is made: 10 million arrivals over 1,000 Zipf models with 1,000 payloads, per law and curve.

    taskset -c 1 python -m bench.plan_speed
"""

import sys
import time

from asyncload.plan import Plan
from asyncload.scenario import (
    Arrivals,
    Curve,
    Endpoint,
    Law,
    Model,
    Ramp,
    RandomPayload,
    RandomRows,
    Scenario,
    Sine,
    SineWave,
    Zipf,
)

S = 1_000_000_000
RAMP = Ramp(from_per_s=50_000.0, to_per_s=150_000.0)
SINE = Sine(sine=SineWave(mean_per_s=100_000.0, amplitude_per_s=90_000.0, period_ns=S))
CASES: list[tuple[Law, float, str, Curve]] = [
    ("poisson", 1.0, "flat", 100_000.0),
    ("constant", 1.0, "flat", 100_000.0),
    ("uniform", 1.0, "flat", 100_000.0),
    ("gamma", 0.5, "flat", 100_000.0),
    ("gamma", 4.0, "flat", 100_000.0),
    ("poisson", 1.0, "ramp", RAMP),
    ("poisson", 1.0, "sine", SINE),
]


def plan_of(law: Law, burstiness: float, curve: Curve, seconds: int) -> Plan:
    """A plan of 100,000 arrivals a second on average."""
    rows = RandomPayload(random=RandomRows(columns=8, pool=1000))
    models = (Model(name="m-{i}", count=1000, popularity=Zipf(zipf=1.1), payload=rows),)
    phases = (Arrivals(law=law, rate=curve, length_ns=seconds * S, burstiness=burstiness),)
    return Plan(Scenario(endpoint=Endpoint(name="bench"), models=models, phases=phases))


def main(seconds: int) -> None:
    """Print CPU seconds for the blocks alone and with the digest."""
    print("| law | curve | arrivals | blocks, s | blocks and digest, s |\n|---|---|---|---|---|")
    for law, burstiness, name, curve in CASES:
        plan = plan_of(law, burstiness, curve, seconds)
        begin = time.process_time()
        count = sum(block.due_ns.size for block in plan.blocks())
        middle = time.process_time()
        plan.digest()
        end = time.process_time()
        label = f"gamma {burstiness}" if law == "gamma" else law
        print(f"| {label} | {name} | {count:,} | {middle - begin:.2f} | {end - middle:.2f} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
