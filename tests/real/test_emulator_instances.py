"""
Instances that come, go and die while boto3 sends: what callers see, and that each request has exactly one row of truth.

Times are a hundredth of what they say: `detect` of 30 s is 300 ms, `replace` of 50 s is 500 ms after that.
"""

import json
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import count, groupby
from pathlib import Path
from typing import Any

import pytest

from tests.real.callers import Caller, caller
from tests.real.servers import RunningEmulator, emulator

S = 1_000_000_000
DETECT_S, REPLACE_S = 0.3, 0.5
SLACK_S = 0.15
THREADS = 6
SERVED: dict[str, Any] = {
    "models": [{"name": "*", "service": {"fixed": "1s"}, "load": {"fixed": "3s"}}],
    "spill": 2,
    "detect": "30s",
    "replace": "50s",
}
CONFIG: dict[str, Any] = {
    "time_scale": 0.01,
    "endpoints": [
        {"name": "pair", "variants": [{"instances": 2}], **SERVED},
        {"name": "one", **SERVED},
        {"name": "mortal", **SERVED, "replace": None},
        {"name": "slow", **SERVED, "models": [{"name": "*", "load": {"fixed": "50s"}}]},
    ],
}


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the traffic."""

    id: str
    end_ns: int
    code: str


@dataclass
class Traffic:
    """What threads have sent to an endpoint."""

    endpoint: str
    calls: list[Call] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def send(self, sdk: Caller, numbers: Iterator[int]) -> None:
        while not self.over.is_set():
            name = f"call-{next(numbers)}"
            seen = sdk.call("a", endpoint=self.endpoint, InferenceId=name)
            self.calls.append(Call(name, time.monotonic_ns(), seen.code))


@contextmanager
def traffic(running: RunningEmulator, endpoint: str) -> Iterator[Traffic]:
    """Send as fast as THREADS callers can, until the context ends; then hold the truth against what they saw."""
    running.reset()
    sent, numbers = Traffic(endpoint), count()
    with caller("boto3", running.url) as sdk:
        sdk.call("a", endpoint=endpoint, InferenceId="warm-up")
        threads = [threading.Thread(target=sent.send, args=(sdk, numbers)) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        try:
            time.sleep(0.2)
            yield sent
        finally:
            sent.over.set()
            for thread in threads:
                thread.join(10)
    assert not any(thread.is_alive() for thread in threads), "a call hangs"
    rows = {row["inference_id"]: row["outcome"] for row in running.truth()}
    assert len(running.truth()) == len(rows) == len(sent.calls) + 1
    assert {name: rows[name] for name in rows if name != "warm-up"} == {call.id: call.code for call in sent.calls}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEmulator]:
    """One emulator for all tests of this file."""
    folder = tmp_path_factory.mktemp("emulator")
    (folder / "config.json").write_text(json.dumps(CONFIG))
    with emulator(folder / "config.json") as each:
        yield each


def switch(running: RunningEmulator, method: str, path: str) -> int:
    """Use a switch; returns the moment just before."""
    now_ns = time.monotonic_ns()
    status, text = running.control(method, path)
    assert status == 200, text
    return now_ns


def since(running: RunningEmulator, at_ns: int) -> list[dict[str, Any]]:
    """Return the rows of requests that arrived after a moment, in the order of their arrival."""
    rows = [row for row in running.truth() if row["arrival_ns"] > at_ns]
    return sorted(rows, key=lambda row: int(row["arrival_ns"]))


def test_one_of_two_dies_and_comes_back(running: RunningEmulator) -> None:
    """500 while that is not noticed, and from it alone; then the other one serves; then both, the dead one cold."""
    with traffic(running, "pair") as sent:
        killed_ns = switch(running, "POST", "kill?endpoint=pair&instance=AllTraffic/0")
        time.sleep(DETECT_S + REPLACE_S + 0.4)
    failed = [call for call in sent.calls if call.code != "OK"]
    assert failed
    assert {call.code for call in failed} == {"InternalFailure"}
    assert max(call.end_ns for call in failed) < killed_ns + (DETECT_S + SLACK_S) * S
    rows = running.truth()
    dead = [row for row in rows if row["instance"] == "AllTraffic/0" and row["arrival_ns"] > killed_ns]
    assert {row["instance"] for row in rows if row["outcome"] == "InternalFailure"} == {"AllTraffic/0"}
    back = [row for row in dead if row["outcome"] == "OK"]
    assert back[0]["tier"] == "cold"
    assert (back[0]["arrival_ns"] - killed_ns) / S >= DETECT_S + REPLACE_S
    between = [row for row in rows if 0.4 < (row["arrival_ns"] - killed_ns) / S < 0.75]
    assert {(row["instance"], row["outcome"]) for row in between} == {("AllTraffic/1", "OK")}


def test_the_only_one_dies_and_comes_back(running: RunningEmulator) -> None:
    """500, then 503, then answers again, in this order and at these times; nothing hangs."""
    with traffic(running, "one"):
        killed_ns = switch(running, "POST", "kill?endpoint=one")
        time.sleep(DETECT_S + REPLACE_S + 0.4)
    rows = since(running, killed_ns)
    stages = [code for code, _ in groupby(row["outcome"] for row in rows)]
    assert stages == ["InternalFailure", "ServiceUnavailable", "OK"]
    begun_s = [next(row["arrival_ns"] - killed_ns for row in rows if row["outcome"] == code) / S for code in stages]
    assert begun_s == pytest.approx([0, DETECT_S, DETECT_S + REPLACE_S], abs=SLACK_S)


def test_one_that_is_never_replaced(running: RunningEmulator) -> None:
    """With `replace` of null the endpoint stays unavailable, until somebody adds an instance."""
    with traffic(running, "mortal"):
        killed_ns = switch(running, "POST", "kill?endpoint=mortal")
        time.sleep(DETECT_S + 0.3)
        added_ns = switch(running, "POST", "instances?endpoint=mortal")
        time.sleep(0.3)
    rows = since(running, killed_ns)
    assert [code for code, _ in groupby(row["outcome"] for row in rows)] == [
        "InternalFailure",
        "ServiceUnavailable",
        "OK",
    ]
    assert next(row["arrival_ns"] for row in rows if row["outcome"] == "OK") > added_ns
    assert {row["instance"] for row in rows if row["outcome"] == "OK"} == {"AllTraffic/1"}


def test_adding_and_removing_loses_nothing(running: RunningEmulator) -> None:
    """A third instance takes its share; the first one ends what it has and gets no more; every call is answered."""
    with traffic(running, "pair") as sent:
        status, text = running.control("POST", "instances?endpoint=pair")
        assert (status, json.loads(text)["instance"]) == (200, "AllTraffic/2")
        time.sleep(0.3)
        switch(running, "DELETE", "instances?endpoint=pair&instance=AllTraffic/0")
        removed_ns = time.monotonic_ns()
        time.sleep(0.3)
        assert set(running.instances("pair")) == {"AllTraffic/1", "AllTraffic/2"}
    assert {call.code for call in sent.calls} == {"OK"}
    rows = running.truth()
    assert Counter(row["instance"] for row in rows)["AllTraffic/2"] > 0
    assert not [row for row in rows if row["instance"] == "AllTraffic/0" and row["arrival_ns"] > removed_ns]
    assert Counter(row["instance"] for row in rows)["AllTraffic/0"] > 0


def test_the_last_one_may_go_too(running: RunningEmulator) -> None:
    """Then the endpoint has no instance: 503, and one more is taken."""
    running.reset()
    with caller("boto3", running.url) as sdk:
        switch(running, "DELETE", "instances?endpoint=one&instance=AllTraffic/0")
        assert sdk.call(endpoint="one").code == "ServiceUnavailable"
        switch(running, "POST", "instances?endpoint=one&variant=AllTraffic")
        assert sdk.call(endpoint="one").code == "OK"


def test_who_waits_for_a_load_is_told_of_the_death(running: RunningEmulator) -> None:
    """Five wait for one load of 500 ms; the instance dies after 100 ms; all see 500 at once."""
    running.reset()
    with caller("boto3", running.url) as sdk:

        def kill() -> None:
            while running.instances("slow")["AllTraffic/0"]["in_flight"] < 5:
                time.sleep(0.01)
            switch(running, "POST", "kill?endpoint=slow")

        killer = threading.Thread(target=kill)
        killer.start()
        begin = time.monotonic()
        seen = sdk.together(5, lambda _: sdk.call(endpoint="slow"))
        killer.join()
    assert {each.code for each in seen} == {"InternalFailure"}
    assert time.monotonic() - begin < 0.45
    assert len(running.truth()) == 5


def test_the_file_tells_what_happened_to_instances(tmp_path: Path) -> None:
    """Events are in their order: added, loaded, down, up with nothing loaded, removed."""
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    with emulator(tmp_path / "config.json", truth=tmp_path / "truth.sqlite") as served:
        with caller("boto3", served.url) as sdk:
            assert sdk.call("a", endpoint="one").code == "OK"
            switch(served, "POST", "kill?endpoint=one")
            while not served.instances("one")["AllTraffic/0"]["in_service"]:
                time.sleep(0.02)
            assert sdk.call("a", endpoint="one").code == "OK"
        switch(served, "DELETE", "instances?endpoint=one")
        time.sleep(0.1)
    with closing(sqlite3.connect(tmp_path / "truth.sqlite")) as db:
        events = db.execute("SELECT what FROM events WHERE endpoint = 'one' ORDER BY rowid").fetchall()
    load = ["download", "load"]
    assert [what for (what,) in events] == ["added", *load, "down", "up", *load, "removed"]


@pytest.mark.parametrize(
    ("method", "path", "status", "words"),
    [
        ("POST", "kill", 400, "the endpoint is not named; there are pair, one, mortal, slow"),
        ("POST", "kill?endpoint=nobody", 400, "'nobody' does not exist"),
        ("POST", "kill?endpoint=pair", 400, "the instance is not named; there are AllTraffic/0, AllTraffic/1"),
        ("POST", "kill?endpoint=pair&instance=AllTraffic/9", 400, "'AllTraffic/9' does not exist"),
        ("POST", "instances?endpoint=one&variant=blue", 400, "there are AllTraffic"),
        ("DELETE", "instances?endpoint=one&instance=x", 400, "there are AllTraffic/0"),
        ("GET", "kill?endpoint=one", 405, "kill wants POST"),
        ("PUT", "instances?endpoint=one", 405, "POST"),
    ],
)
def test_a_wrong_switch_changes_nothing(
    running: RunningEmulator, method: str, path: str, status: int, words: str
) -> None:
    """The answer says what there is."""
    running.reset()
    answered = running.control(method, path)
    assert answered[0] == status
    assert words in answered[1]
    assert [each["in_service"] for each in running.health()["instances"]] == [True] * 5
