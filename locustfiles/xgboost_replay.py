"""
2 models of the endpoint xgboost-mme, called when a plan says so.

Written by `asyncload export locust` from the scenario xgboost-mme, plan 5ac7f9ddbbb9.

    locust -f xgboost_replay.py --headless
    locust -f xgboost_replay.py --headless --csv results --json-file results
    locust -f xgboost_replay.py --headless --master --expect-workers 2 -u 2  # and two with --worker

Arrivals are the scenario's own, to the nanosecond, and wait for no reply; how late they were sent is told at the end.
Response times count from when a call was sent.
A row per model. No call is tried again. Failures are named by their AWS error code.
TIMEOUT_S bounds each pause of a reply; in the scenario it bounds the whole call.
"""

import csv
import gzip
import hashlib
import logging
import struct
import time
from argparse import ArgumentParser
from pathlib import Path

import boto3
import gevent
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from gevent.pool import Group
from locust import FastHttpUser, constant, events, task
from locust.contrib.fasthttp import FastResponse
from locust.env import Environment
from locust.runners import MasterRunner, WorkerRunner

ENDPOINT = "xgboost-mme"
PATH = f"/endpoints/{ENDPOINT}/invocations"
REGION = "us-east-1"
URL = "http://127.0.0.1:8089"  # --host is used instead, if given
TIMEOUT_S = 70
WARMUP_S = 2
HERE = Path(__file__).parent
PLAN = HERE / "xgboost_replay.plan.csv.gz"
DIGEST = "5ac7f9ddbbb9e8052ba349fa482ea6abcd37d4b2ee90826f1b1022f103c442a4"
IN_FLIGHT = 1000  # an arrival beyond so many is dropped: to wait would make a closed loop of it
PAYLOAD = "0.345,0.224414,0.131102,0.042329,0.279923,-0.110329,-0.099358,0.0"


class CallError(Exception):
    """Text is the error's code only: a message names the request, and each would have a row of its own."""


def error_code(reply: FastResponse) -> str:
    """Name what went wrong as AWS does: the status alone lies, for a throttled call is a 400."""
    if not reply.status_code:
        return type(reply.error).__name__
    return (reply.headers.get("x-amzn-errortype") or f"HTTP {reply.status_code}").split(":")[0]


SIGNER = SigV4Auth(boto3.Session().get_credentials(), "sagemaker", REGION)


class Caller(FastHttpUser):
    """Replays a plan, whatever the replies take."""

    wait_time = constant(1)
    concurrency = IN_FLIGHT
    host = URL
    network_timeout = TIMEOUT_S
    connection_timeout = TIMEOUT_S
    insecure = False

    @task
    def replay(self) -> None:
        """Send this process's share of the plan; the test ends with it."""
        begin_replay(self)
        while True:
            time.sleep(1)

    def send(self, model: int, _payload: int) -> None:
        """Make the call that the plan names by its numbers."""
        if model < 1:
            self.send_xgboost_0()
        else:
            self.send_xgboost_1()

    def send_xgboost_0(self) -> None:
        headers = {"Content-Type": "text/csv", "X-Amzn-SageMaker-Target-Model": "xgboost-0.tar.gz"}
        self.invoke("xgboost-0.tar.gz", headers, PAYLOAD)

    def send_xgboost_1(self) -> None:
        headers = {"Content-Type": "text/csv", "X-Amzn-SageMaker-Target-Model": "xgboost-1.tar.gz"}
        self.invoke("xgboost-1.tar.gz", headers, PAYLOAD)

    def invoke(self, name: str, headers: dict[str, str], body: str | bytes) -> None:
        """Call the endpoint once; `name` is the row in the statistics. Signing is no part of its time."""
        request = AWSRequest("POST", self.host + PATH, headers=headers, data=body)
        SIGNER.add_auth(request)
        signed = dict(request.headers)
        with self.client.post(PATH, data=body, headers=signed, name=name, catch_response=True) as reply:
            if reply.status_code != 200:
                reply.failure(CallError(error_code(reply)))


@events.test_start.add_listener
def forget_the_warm_up(environment: Environment, **_: object) -> None:
    """Begin the statistics anew when the warm-up is over."""
    gevent.spawn_later(WARMUP_S, environment.stats.reset_all)


LOG = logging.getLogger("replay")
SHARE = {"rank": 0, "world": 1}  # of the plan that this process sends; a worker is told its own


def begin_replay(caller: Caller) -> None:
    """Start once in a process, however many users it has."""
    if not SHARE.setdefault("begun", 0):
        SHARE["begun"] = 1
        gevent.spawn(replay, caller)


def replay(caller: Caller) -> None:
    """Send each call when it is due, and wait for no reply; say at the end how late they were sent."""
    zero_s = SHARE["zero_s"]
    calls, lateness_ms, dropped = Group(), [], 0
    for due_ns, model, payload in arrivals()[SHARE["rank"] :: SHARE["world"]]:
        due_s = zero_s + due_ns / 1e9
        gevent.sleep(max(due_s - time.monotonic(), 0))
        if len(calls) >= IN_FLIGHT:
            dropped += 1
            continue
        lateness_ms.append((time.monotonic() - due_s) * 1000)
        calls.spawn(caller.send, model, payload)
    calls.join(timeout=TIMEOUT_S)
    late = sorted(lateness_ms) or [0.0]
    p50_ms, p99_ms, most_ms = late[len(late) // 2], late[len(late) * 99 // 100], late[-1]
    LOG.info("%d calls sent, %d dropped", len(lateness_ms), dropped)
    LOG.info("lateness p50 %.3f ms, p99 %.3f ms, max %.3f ms", p50_ms, p99_ms, most_ms)
    runner = caller.environment.runner
    if isinstance(runner, WorkerRunner):
        runner.send_message("replayed")
    else:
        runner.quit()


def arrivals() -> list[tuple[int, int, int]]:
    """Read when each call is due, in ns, with the number of its model and of its payload."""
    with gzip.open(PLAN, "rt", encoding="ascii", newline="") as file:
        rows = [(int(due_ns), int(model), int(payload)) for due_ns, model, payload in csv.reader(file)]
    if hashlib.sha256(b"".join(struct.pack("<qII", *row) for row in rows)).hexdigest() != DIGEST:
        raise RuntimeError(f"{PLAN} is not the plan of this file; export both again")
    return rows


def end(runner: MasterRunner) -> None:
    """Let the workers report what they have not reported yet, then end the test."""
    runner.stop()
    runner.quit()


@events.init.add_listener
def take_share(environment: Environment, **_: object) -> None:
    """Let each worker know which calls are its own, and the master when all are made."""
    runner = environment.runner
    if isinstance(runner, WorkerRunner):
        runner.register_message("share", lambda msg, **_: SHARE.update(msg.data))
    elif isinstance(runner, MasterRunner):
        done = []

        def replayed(**_: object) -> None:
            done.append(1)
            if len(done) == SHARE["world"]:
                gevent.spawn(end, runner)

        runner.register_message("replayed", replayed)


@events.test_start.add_listener
def begin(environment: Environment, **_: object) -> None:
    """Take the moment from which due times count; the master cuts the plan into shares."""
    SHARE["zero_s"] = time.monotonic()
    if isinstance(environment.runner, MasterRunner):
        workers = list(environment.runner.clients)
        SHARE["world"] = len(workers)
        for rank, worker in enumerate(workers):
            environment.runner.send_message("share", {"rank": rank, "world": len(workers)}, worker)


@events.init_command_line_parser.add_listener
def set_defaults(parser: ArgumentParser) -> None:
    """One user replays the plan; with workers, give -u as many as there are."""
    parser.set_defaults(num_users=1, spawn_rate=100)
