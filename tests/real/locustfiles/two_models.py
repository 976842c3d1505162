"""Two models 3 : 1, and now and then one that does not exist, by boto3; each is a row of Locust's statistics."""

import os
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from locust import User, constant, task

CLIENT = boto3.client(
    "sagemaker-runtime",
    endpoint_url=os.environ["ENDPOINT_URL"],
    region_name="us-east-1",
    aws_access_key_id="AKIDEXAMPLE",
    aws_secret_access_key="wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    config=Config(retries={"total_max_attempts": 1}, max_pool_connections=50),
)
ROW = "0.345,0.224414,0.131102,0.042329,0.279923,-0.110329,-0.099358,0.0"


class Caller(User):
    wait_time = constant(0.05)

    @task(30)
    def popular(self) -> None:
        self._invoke("xgboost-0.tar.gz")

    @task(10)
    def rest(self) -> None:
        self._invoke("xgboost-1.tar.gz")

    @task(3)
    def missing(self) -> None:
        self._invoke('no, "such" model')

    @task(1)
    def broken(self) -> None:
        raise RuntimeError("a task with a mistake")

    def _invoke(self, model: str) -> None:
        began = time.perf_counter()
        error: ClientError | None = None
        length = 0
        try:
            reply = CLIENT.invoke_endpoint(
                EndpointName="xgboost-mme", TargetModel=model, ContentType="text/csv", Body=ROW
            )
            length = len(reply["Body"].read())
        except ClientError as raised:
            error = raised
        self.environment.events.request.fire(
            request_type="POST",
            name=model,
            response_time=(time.perf_counter() - began) * 1000,
            response_length=length,
            exception=error,
        )
