"""
Loaded by Locust beside a locustfile: what the crosscheck must know of a run and Locust does not write down.

Not to be imported here, for importing Locust changes how this process's sockets work. It brings finer buckets, forgets
the warm-up as `--reset-stats` does after the ramp, ends the test at its time to the tenth of a second, and notes the
CPU time at both ends of what is measured.
"""

import json
import time
from pathlib import Path
from typing import Any

import gevent
import locust
from locust import events, stats

_seen: dict[str, Any] = {"version": locust.__version__, "cpu_warning": False}


def finer(response_time_ms: float) -> float:
    """Round to a hundredth of the steps to which Locust rounds; `asyncload.crosscheck.latencies` does the same."""
    if response_time_ms < 100:
        return round(response_time_ms, 2)
    if response_time_ms < 1_000:
        return round(response_time_ms, 1)
    return round(response_time_ms) if response_time_ms < 10_000 else round(response_time_ms, -1)


setattr(stats, "bucket_response_time", finer)  # noqa: B010  # finer than the whole milliseconds of its annotation


@events.init_command_line_parser.add_listener
def _arguments(parser: Any, **_: Any) -> None:
    parser.add_argument("--witness-warmup-s", type=float, default=0.0)
    parser.add_argument("--witness-length-s", type=float, required=True)
    parser.add_argument("--witness-notes", type=Path, required=True)


@events.test_start.add_listener
def _begin(environment: Any, **_: Any) -> None:
    _note("start", environment)
    gevent.spawn(_watch, environment)


def _watch(environment: Any) -> None:
    options = environment.parsed_options
    began_s = time.monotonic()
    gevent.sleep(options.witness_warmup_s)
    environment.stats.reset_all()
    _note("reset", environment)
    gevent.sleep(began_s + options.witness_warmup_s + options.witness_length_s - time.monotonic())
    _note("end", environment)
    environment.runner.quit()


@events.test_stopping.add_listener
def _stopping(environment: Any, **_: Any) -> None:
    if "end" not in _seen:
        _note("end", environment)


@events.cpu_warning.add_listener
def _warned(**_: Any) -> None:
    _seen["cpu_warning"] = True


@events.quitting.add_listener
def _write(environment: Any, **_: Any) -> None:
    environment.parsed_options.witness_notes.write_text(json.dumps(_seen))


def _note(moment: str, environment: Any) -> None:
    _seen[moment] = {
        "unix_s": time.time(),
        "cpu_s": time.process_time(),
        "requests": environment.stats.total.num_requests,
        "users": environment.runner.user_count,
    }
