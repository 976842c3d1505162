"""
990 models of the endpoint xgboost-mme, called by users who wait for replies.

Written by `asyncload export locust` from the scenario thrash, plan 1182b04513ea.

    locust -f thrash.py --headless
    locust -f thrash.py --headless --csv results --json-file results
    locust -f thrash.py  # with the web page; users and run time are there to be changed

Locust has users where the scenario has a rate. By Little's law 12 users, each of whom calls every 1 s, make 12 calls
a second, as long as no reply takes longer than that. When replies take longer, calls are fewer, and Locust does not
say which of them are missing.
A row per model. No call is tried again. Failures are named by their AWS error code.
Users with a period call at a steady rate, whatever the scenario's law of arrivals; a replay keeps it.
TIMEOUT_S bounds each pause of a reply; in the scenario it bounds the whole call.
"""

import random
import time
from argparse import ArgumentParser
from functools import cache
from itertools import accumulate

import boto3
from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from locust import User, constant_throughput, events, task

ENDPOINT = "xgboost-mme"
REGION = "us-east-1"
URL = "http://127.0.0.1:8089"  # --host is used instead, if given
TIMEOUT_S = 70
PERIOD_S = 1  # of one user
USERS = 12
COUNT_XGB = 990
SHARES_XGB = [(i + 1) ** -1.1 for i in range(COUNT_XGB)]  # Zipf
CUMULATIVE_XGB = list(accumulate(SHARES_XGB))
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
        max_pool_connections=12,
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

    @task
    def call_xgb(self) -> None:
        i = random.choices(range(COUNT_XGB), cum_weights=CUMULATIVE_XGB)[0]
        self.invoke(f"xgb-{i}.tar.gz", ContentType="text/csv", TargetModel=f"xgb-{i}.tar.gz", Body=PAYLOAD)

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


@events.init_command_line_parser.add_listener
def set_defaults(parser: ArgumentParser) -> None:
    """Without options, run as the scenario says."""
    parser.set_defaults(num_users=USERS, spawn_rate=12, run_time="120s")
