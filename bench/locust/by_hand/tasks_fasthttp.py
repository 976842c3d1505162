"""Two models, 3 : 1, signed, on FastHttpUser."""
# ruff: noqa: D102
# mypy: ignore-errors

import os

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from locust import FastHttpUser, constant, constant_throughput, task

PATH = "/endpoints/xgboost-mme/invocations"
ROW = "0.345,0.224414,0.131102,0.042329,0.279923,-0.110329,-0.099358,0.0"
PER_USER_PER_S = float(os.environ.get("BENCH_PER_USER_PER_S", "0"))
SIGNER = SigV4Auth(
    Credentials(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]), "sagemaker", "us-east-1"
)


class Caller(FastHttpUser):
    """Calls the endpoint."""

    wait_time = constant_throughput(PER_USER_PER_S) if PER_USER_PER_S else constant(0)

    def call(self, model: str) -> None:
        headers = {"Content-Type": "text/csv", "X-Amzn-SageMaker-Target-Model": model}
        request = AWSRequest("POST", self.host + PATH, headers=headers, data=ROW)
        SIGNER.add_auth(request)
        self.client.post(PATH, data=ROW, headers=dict(request.headers), name=model)

    @task(3)
    def popular(self) -> None:
        self.call("xgboost-0.tar.gz")

    @task
    def rest(self) -> None:
        self.call("xgboost-1.tar.gz")
