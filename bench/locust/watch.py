"""
A locustfile to be loaded beside another: writes down each request event as Locust's own statistics get it, unrounded.

The file that BENCH_EVENTS names gets JSON: when the test began (seconds since 1970), and one list per request in the
order in which they ended: name, when it was sent (seconds since 1970), response time (milliseconds, as fired), whether
it succeeded.
"""

import json
import os
import time
from pathlib import Path
from typing import Any

from locust import events

_began_s: list[float] = []
_rows: list[tuple[str, float, float, bool]] = []


def _begin(**_: object) -> None:
    _began_s.append(time.time())


def _note(name: str, response_time: float, start_time: float | None = None, **more: object) -> None:
    sent_s = time.time() - response_time / 1000 if start_time is None else start_time
    _rows.append((name, sent_s, response_time, more.get("exception") is None))


def _write(**_: object) -> None:
    Path(os.environ["BENCH_EVENTS"]).write_text(json.dumps({"began_s": _began_s[0], "events": _rows}))


_events: Any = events  # Locust's listeners have no types
_events.test_start.add_listener(_begin)
_events.request.add_listener(_note)
_events.quitting.add_listener(_write)
