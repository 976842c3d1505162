"""Two models, 3 : 1, with boto3."""
# ruff: noqa: D102

import os
import time
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from locust import User, constant, constant_throughput, task

ENDPOINT = "xgboost-mme"
ROW = "0.345,0.224414,0.131102,0.042329,0.279923,-0.110329,-0.099358,0.0"
PER_USER_PER_S = float(os.environ.get("BENCH_PER_USER_PER_S", "0"))


class Caller(User):
    """Calls the endpoint."""

    wait_time = constant_throughput(PER_USER_PER_S) if PER_USER_PER_S else constant(0)

    def on_start(self) -> None:
        self.client = boto3.client(
            "sagemaker-runtime",
            region_name="us-east-1",
            endpoint_url=self.host,
            config=Config(retries={"total_max_attempts": 1}),
        )

    def call(self, model: str) -> None:
        meta: dict[str, Any] = {"request_type": "InvokeEndpoint", "name": model, "response_length": 0, "context": {}}
        meta |= {"start_time": time.time(), "exception": None, "response": None}
        began = time.perf_counter()
        try:
            reply = self.client.invoke_endpoint(
                EndpointName=ENDPOINT, TargetModel=model, ContentType="text/csv", Body=ROW
            )
            meta["response_length"] = len(reply["Body"].read())
        except ClientError as error:
            meta["exception"] = error
        meta["response_time"] = (time.perf_counter() - began) * 1000
        self.environment.events.request.fire(**meta)

    @task(3)
    def popular(self) -> None:
        self.call("xgboost-0.tar.gz")

    @task
    def rest(self) -> None:
        self.call("xgboost-1.tar.gz")
