"""
2 models of the endpoint xgboost-mme, called by users who wait for replies.

Written by `asyncload export locust` from the scenario xgboost-mme, plan 5ac7f9ddbbb9.

    locust -f xgboost_fasthttp.py --headless
    locust -f xgboost_fasthttp.py --headless --csv results --json-file results

Locust has users where the scenario has a rate. By Little's law 200 users, each of whom calls every 1 s, make 200
calls a second, as long as no reply takes longer than that. When replies take longer, calls are fewer, and Locust does
not say which of them are missing.
A row per model. No call is tried again. Failures are named by their AWS error code.
Users with a period call at a steady rate, whatever the scenario's law of arrivals; a replay keeps it.
TIMEOUT_S bounds each pause of a reply; in the scenario it bounds the whole call.
"""

import random
import time

import boto3
import gevent
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from locust import FastHttpUser, LoadTestShape, constant_throughput, events, task
from locust.contrib.fasthttp import FastResponse
from locust.env import Environment

ENDPOINT = "xgboost-mme"
PATH = f"/endpoints/{ENDPOINT}/invocations"
REGION = "us-east-1"
URL = "http://127.0.0.1:8089"  # --host is used instead, if given
TIMEOUT_S = 70
WARMUP_S = 2
PERIOD_S = 1  # of one user
STAGES = [  # until when, how many users, how many of them begin in a second
    (2, 50, 50),
    (12, 200, 200),
]
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
    """Calls one model after the other."""

    wait_time = constant_throughput(1 / PERIOD_S)
    host = URL
    network_timeout = TIMEOUT_S
    connection_timeout = TIMEOUT_S
    insecure = False

    def on_start(self) -> None:
        time.sleep(random.random() * PERIOD_S)
        self._cp_last_run = time.perf_counter()  # its periods begin here; else all users would call at one moment

    @task(3)
    def call_xgboost_0(self) -> None:
        headers = {"Content-Type": "text/csv", "X-Amzn-SageMaker-Target-Model": "xgboost-0.tar.gz"}
        self.invoke("xgboost-0.tar.gz", headers, PAYLOAD)

    @task
    def call_xgboost_1(self) -> None:
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


class Shape(LoadTestShape):
    """Users over time, as many as the scenario's rates need."""

    def tick(self) -> tuple[int, float] | None:
        """Say how many users there are now, and how fast they become so; None ends the test."""
        run_time_s = self.get_run_time()
        for end_s, users, spawn_per_s in STAGES:
            if run_time_s < end_s:
                return users, spawn_per_s
        return None


@events.test_start.add_listener
def forget_the_warm_up(environment: Environment, **_: object) -> None:
    """Begin the statistics anew when the warm-up is over."""
    gevent.spawn_later(WARMUP_S, environment.stats.reset_all)
