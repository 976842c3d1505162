"""
2 models of the endpoint xgboost-mme, called by users who wait for replies.

Written by `asyncload export locust` from the scenario xgboost-mme, plan 5ac7f9ddbbb9.

    locust -f xgboost.py --headless
    locust -f xgboost.py --headless --csv results --json-file results

Locust has users where the scenario has a rate. By Little's law 200 users, each of whom calls every 1 s, make 200
calls a second, as long as no reply takes longer than that. When replies take longer, calls are fewer, and Locust does
not say which of them are missing.
A row per model. No call is tried again. Failures are named by their AWS error code.
Users with a period call at a steady rate, whatever the scenario's law of arrivals; a replay keeps it.
TIMEOUT_S bounds each pause of a reply; in the scenario it bounds the whole call.
"""

import random
import time
from functools import cache

import boto3
import gevent
from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from locust import LoadTestShape, User, constant_throughput, events, task
from locust.env import Environment

ENDPOINT = "xgboost-mme"
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


@cache
def connect(url: str | None) -> BaseClient:
    """Make one client for all users; none of their calls is tried twice, and none waits for a connection."""
    config = Config(
        retries={"total_max_attempts": 1},
        connect_timeout=TIMEOUT_S,
        read_timeout=TIMEOUT_S,
        max_pool_connections=200,
    )
    return boto3.client("sagemaker-runtime", region_name=REGION, endpoint_url=url, config=config)


class Caller(User):
    """Calls one model after the other."""

    wait_time = constant_throughput(1 / PERIOD_S)
    host = URL

    def on_start(self) -> None:
        self.client = connect(self.host)
        time.sleep(random.random() * PERIOD_S)
        self._cp_last_run = time.perf_counter()  # its periods begin here; else all users would call at one moment

    @task(3)
    def call_xgboost_0(self) -> None:
        self.invoke("xgboost-0.tar.gz", ContentType="text/csv", TargetModel="xgboost-0.tar.gz", Body=PAYLOAD)

    @task
    def call_xgboost_1(self) -> None:
        self.invoke("xgboost-1.tar.gz", ContentType="text/csv", TargetModel="xgboost-1.tar.gz", Body=PAYLOAD)

    def invoke(self, name: str, **request: str | bytes) -> None:
        """Call the endpoint once; `name` is the row in the statistics."""
        began_unix_s, began_s = time.time(), time.perf_counter()
        error, size_bytes = None, 0
        try:
            reply = self.client.invoke_endpoint(EndpointName=ENDPOINT, **request)
            size_bytes = len(reply["Body"].read())
        except ClientError as failed:
            error = CallError(failed.response["Error"]["Code"])
        except (BotoCoreError, HTTPClientError) as failed:
            error = CallError(type(failed).__name__)
        self.environment.events.request.fire(
            request_type="POST",
            name=name,
            response_time=(time.perf_counter() - began_s) * 1000,
            response_length=size_bytes,
            exception=error,
            context={},
            start_time=began_unix_s,
            url=f"{self.host or ''}/endpoints/{ENDPOINT}/invocations",
        )


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
