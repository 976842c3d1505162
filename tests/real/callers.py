"""Plain boto3 and aiobotocore, one attempt per call, as the independent clients of a SageMaker runtime."""

import asyncio
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import boto3
from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from botocore.config import Config
from botocore.exceptions import ClientError

DEMO_KEY = ("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
READ_TIMEOUT_S = 20
CONNECTIONS = 300


@dataclass(frozen=True, slots=True)
class Seen:
    """What a caller sees of one call that was answered."""

    code: str
    """OK, or the error's code."""
    status: int
    body: bytes
    response: dict[str, Any]
    """As the SDK gives it; the body is read."""

    @property
    def headers(self) -> dict[str, str]:
        headers: dict[str, str] = self.response["ResponseMetadata"]["HTTPHeaders"]
        return headers

    @property
    def message(self) -> str | None:
        message: str | None = self.response.get("Error", {}).get("Message")
        return message


class Caller(ABC):
    """Calls one SageMaker runtime; many threads may do so at once."""

    def __init__(self, url: str, key: tuple[str, ...] = DEMO_KEY, verify: str | None = None) -> None:
        access_key, secret_key, token = (*key, None)[:3]
        self.options = {
            "service_name": "sagemaker-runtime",
            "region_name": "us-east-1",
            "endpoint_url": url,
            "aws_access_key_id": access_key,
            "aws_secret_access_key": secret_key,
            "aws_session_token": token,
            "verify": verify,
        }
        self.config = {
            "retries": {"total_max_attempts": 1},
            "read_timeout": READ_TIMEOUT_S,
            "max_pool_connections": CONNECTIONS,
        }

    def call(self, model: str | None = "a.tar.gz", body: bytes = b"1,2", endpoint: str = "mme", **more: Any) -> Seen:
        """Invoke an endpoint; an error that was answered is returned, any other is raised."""
        target = {} if model is None else {"TargetModel": model}
        try:
            response, read = self.invoke({"EndpointName": endpoint, "Body": body, **target, **more})
        except ClientError as error:
            refused: dict[str, Any] = dict(error.response)
            return Seen(refused["Error"]["Code"], refused["ResponseMetadata"]["HTTPStatusCode"], b"", refused)
        return Seen("OK", response["ResponseMetadata"]["HTTPStatusCode"], read, response)

    def together(self, calls: int, call: Callable[[int], Seen]) -> list[Seen]:
        """Make calls at once, each in a thread of its own."""
        with ThreadPoolExecutor(calls) as pool:
            return list(pool.map(call, range(calls)))

    @abstractmethod
    def invoke(self, members: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        """Make one call, and read its body."""

    @abstractmethod
    def close(self) -> None: ...


class Boto3(Caller):
    """boto3's client, in the calling thread."""

    def __init__(self, url: str, key: tuple[str, ...] = DEMO_KEY, verify: str | None = None) -> None:
        super().__init__(url, key, verify)
        self._client: Any = boto3.client(**self.options, config=Config(**self.config))

    def invoke(self, members: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        response = self._client.invoke_endpoint(**members)
        return response, response["Body"].read()

    def close(self) -> None:
        self._client.close()


class Aiobotocore(Caller):
    """aiobotocore's client on an event loop in a thread."""

    def __init__(self, url: str, key: tuple[str, ...] = DEMO_KEY, verify: str | None = None) -> None:
        super().__init__(url, key, verify)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._context = get_session().create_client(**self.options, config=AioConfig(**self.config))
        self._client: Any = self._run(self._context.__aenter__())

    def invoke(self, members: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        if len(members["Body"]) > 2**20:  # aiohttp warns of larger bytes, and warnings are errors here
            members["Body"] = BytesIO(members["Body"])

        async def whole() -> tuple[dict[str, Any], bytes]:
            response = await self._client.invoke_endpoint(**members)
            async with response["Body"] as stream:
                return response, await stream.read()

        answered: tuple[dict[str, Any], bytes] = self._run(whole())
        return answered

    def close(self) -> None:
        self._run(self._context.__aexit__(None, None, None))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


CALLERS: dict[str, type[Caller]] = {"boto3": Boto3, "aiobotocore": Aiobotocore}


@contextmanager
def caller(kind: str, url: str, key: tuple[str, ...] = DEMO_KEY, verify: str | None = None) -> Iterator[Caller]:
    """Make a caller of a kind, and close it."""
    made = CALLERS[kind](url, key, verify)
    try:
        yield made
    finally:
        made.close()
