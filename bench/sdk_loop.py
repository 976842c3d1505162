"""Child process: aiobotocore's `invoke_endpoint` as a closed loop of 64 tasks, on uvloop; one attempt per call."""

import asyncio
import sys
import time
from dataclasses import dataclass
from typing import Any

import msgspec
from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession

import asyncload.runner
from bench.generator import KEYS
from bench.target import BODY, MODELS

TASKS = 64


@dataclass(frozen=True, slots=True)
class Loop:
    """What to do."""

    url: str
    length_s: float


async def _repeat(client: Any, until_s: float) -> None:
    while time.monotonic() < until_s:
        reply = await client.invoke_endpoint(
            EndpointName="xgboost-mme", Body=BODY.encode(), ContentType="text/csv", TargetModel=MODELS[0]
        )
        await reply["Body"].read()


async def _run(loop: Loop) -> None:
    config = AioConfig(max_pool_connections=TASKS, retries={"total_max_attempts": 1})
    until_s = time.monotonic() + loop.length_s
    async with AioSession().create_client(
        "sagemaker-runtime",
        region_name="us-east-1",
        endpoint_url=loop.url,
        aws_access_key_id=KEYS.access_key,
        aws_secret_access_key=KEYS.secret_key,
        config=config,
    ) as client:
        await asyncio.gather(*(_repeat(client, until_s) for _ in range(TASKS)))


def main() -> None:
    """Read the question and run."""
    loop = msgspec.json.decode(sys.stdin.buffer.read(), type=Loop)
    with asyncio.Runner(loop_factory=asyncload.runner.new_loop) as runner:
        runner.run(_run(loop))
    sys.stdout.write("null")


if __name__ == "__main__":
    main()
