"""
A locustfile to be loaded beside another: writes down each request event as Locust's own statistics get it, unrounded.

The file that BENCH_EVENTS names gets JSON, one list per request in the order in which they ended: name, when it was
sent (seconds since 1970), response time (milliseconds, as fired), whether it succeeded.
"""

import json
import os
import time
from pathlib import Path
from typing import Any

from locust import events

_rows: list[tuple[str, float, float, bool]] = []


def _note(name: str, response_time: float, start_time: float | None = None, **more: object) -> None:
    sent_s = time.time() - response_time / 1000 if start_time is None else start_time
    _rows.append((name, sent_s, response_time, more.get("exception") is None))


def _write(**_: object) -> None:
    Path(os.environ["BENCH_EVENTS"]).write_text(json.dumps(_rows))


_events: Any = events  # Locust's listeners have no types
_events.request.add_listener(_note)
_events.quitting.add_listener(_write)
