"""Region and address of the endpoint, as AWS SDKs find them."""

import asyncio
from dataclasses import dataclass

from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession
from botocore import UNSIGNED
from botocore.exceptions import BotoCoreError

from asyncload.address import EndpointAddress, parse_address
from asyncload.errors import StartError

_REGION = ("region", ["AWS_DEFAULT_REGION", "AWS_REGION"], None, None)
"""botocore's variable for the region, to which AWS_REGION is added: the command line and the other SDKs read that."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where requests go and which region they are signed for."""

    address: EndpointAddress
    region: str


async def find_place(
    region: str | None = None,
    url: str | None = None,
    *,
    profile: str | None = None,
    allow_plaintext: bool = False,
) -> Place:
    """
    Find region and address.

    Without a URL, botocore's own resolver says where SageMaker Runtime is: partitions (China, GovCloud), FIPS and
    dual-stack settings, AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME, AWS_ENDPOINT_URL and the profile's `endpoint_url` hold.

    Args:
        region: AWS region; None for AWS_DEFAULT_REGION, AWS_REGION or the profile's.
        url: Base URL to use instead of the one that AWS's rules give.
        profile: Name of a profile; None for AWS_PROFILE or the default one.
        allow_plaintext: Whether http:// may lead off this machine.

    Raises:
        StartError: If there is no region, or AWS's rules give no address.
        UsageError: If the URL is none, or is refused.
    """
    session = AioSession({"region": _REGION}, profile=profile)
    try:
        found = region or session.get_config_variable("region")
        if not found:
            raise StartError(
                "region: none found; set AWS_REGION, or `region` in the scenario's `endpoint`, or --region"
            )
        return Place(parse_address(url or await _resolve(session, found), allow_plaintext=allow_plaintext), found)
    except (BotoCoreError, ValueError) as error:
        raise StartError(f"endpoint: {error}") from None


async def _resolve(session: AioSession, region: str) -> str:
    """Ask botocore in a thread, for it loads service models from files."""

    async def ask() -> str:
        async with session.create_client(
            "sagemaker-runtime", region_name=region, config=AioConfig(signature_version=UNSIGNED)
        ) as client:
            url: str = client.meta.endpoint_url
            return url

    return await asyncio.to_thread(lambda: asyncio.run(ask()))
