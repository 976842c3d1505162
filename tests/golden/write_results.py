"""
Write the golden results anew: `python -m tests.golden.write_results`.

Only for a new schema, into a new directory beside the old ones, which stay: users keep results for years.
"""

import asyncio
import json
from pathlib import Path

from asyncload.call import Outcome, Reply
from asyncload.record import METRICS, Recorder
from asyncload.result import WARMUP, Health, ModelResult, RunResult, SecondResult
from asyncload.store import Facts, RunDirectory

S = 1_000_000_000
NAMES = ("xgboost-0.tar.gz", "xgboost-1.tar.gz")
SCENARIO = {"name": "golden", "endpoint": {"name": "xgboost-mme"}, "seed": 7}
SECONDS = 4


def write(finished: Path, cut: Path) -> dict[str, object]:
    """
    Write one run twice.

    Args:
        finished: File for the result.
        cut: Directory that holds the seconds alone, as after a kill.

    Returns:
        The numbers that a reader must find, counted without the project's own histograms.
    """
    recorder = Recorder(len(NAMES), 0, [(0, S)])
    directory = RunDirectory(cut, Facts(SCENARIO, "90" * 32, NAMES, [(S, SECONDS * S)], 1_795_000_000 * S))
    rows, responses_us = [], list[int]()
    for number in range(SECONDS):
        for i in range(100):
            due = number * S + i * S // 100
            outcome = (Outcome.OK, Outcome.OK, Outcome.THROTTLED, Outcome.OK, Outcome.DROPPED)[i % 5]
            sent = 0 if outcome is Outcome.DROPPED else due + 50_000 + i * 1000
            last = due + 2_000_000 + i * i * 7_000
            recorder.record(i % 2, due, Reply(sent, sent and last - 100_000, last, outcome, 17))
            if outcome is Outcome.OK and number:
                responses_us.append((last - due) // 1000)
        second = recorder.tick()
        outcomes = tuple(second.outcomes.sum(axis=0).tolist())
        row = SecondResult(number, 100, 80, 0, outcomes, second.overall(0), second.overall(2))
        rows.append(row)
        health = Health(1_795_000_000 * S, (number + 1) * S, number * S, 0, cpu_share=0.125, stalls=1, connects=8)
        asyncio.run(directory.append(row, second, health))
    models = [
        ModelResult(
            name,
            tuple(recorder.outcomes[i].tolist()),
            int(recorder.received[i]),
            *(recorder.total(i, metric) for metric in range(len(METRICS))),
            retries=int(recorder.retries[i]),
        )
        for i, name in enumerate([*NAMES, WARMUP])
    ]
    directory.finish(RunResult(SCENARIO, "90" * 32, tuple(models[:-1]), models[-1], tuple(rows), health))
    (cut / "result.json").replace(finished)
    responses_us.sort()
    return {
        "calls": 300,
        "ok": 180,
        "throttled": 60,
        "dropped": 60,
        "warmup_calls": 100,
        "received_bytes": 17 * 300,
        "response_p50_us": responses_us[89],
        "response_max_us": responses_us[-1],
        "seconds": SECONDS,
        "asked_per_s": 100.0,
    }


if __name__ == "__main__":
    here = Path(__file__).parent
    numbers = write(here / "result-1.json", here / "run-1")
    (here / "numbers-1.json").write_text(json.dumps(numbers, indent=1) + "\n")
