"""
Credentials as AWS SDKs find them, kept fresh beside the measurement.

aiobotocore's chain does the finding: environment, profile, SSO, web identity, assumed role, container, instance
metadata. It runs in a thread with a loop of its own, for some of its steps read files or load service models, and that
would stall the loop that measures. What a transport calls is `current`, which returns an attribute.

Source: "Configure tools and SDKs", AWS SDKs and Tools Reference Guide, Standardized credential providers.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Protocol, TypeVar

from aiobotocore.session import AioSession
from botocore.credentials import RefreshableCredentials
from botocore.exceptions import BotoCoreError, ClientError, CredentialRetrievalError

from asyncload.errors import StartError
from asyncload.sigv4 import Credentials

if TYPE_CHECKING:
    from aiobotocore.credentials import AioCredentials

_Value = TypeVar("_Value")

_LIMIT_S = 20.0
"""How long one walk along the chain may take; a run that ends meanwhile waits for it no longer than this."""

_WHAT_TO_DO = (
    "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, choose a profile with AWS_PROFILE, sign in with `aws sso login`, "
    "or run where a role is attached; `aws sts get-caller-identity` shows whether it works. An emulated "
    "endpoint takes the example key that `asyncload emulate --help` shows"
)


class CredentialSource(Protocol):
    """What to sign with, at any moment."""

    async def open(self) -> None:
        """
        Find credentials.

        Raises:
            StartError: If there are none, or they cannot be had; the text says what to do.
        """

    def current(self) -> Credentials:
        """Return what to sign with now; the same object until there is something new."""

    async def close(self) -> None:
        """Stop refreshing."""

    @property
    def first_error(self) -> str:
        """The first failure to refresh in words, without any secret; empty if there was none."""


class StaticCredentials:
    """Credentials that were given and never change."""

    __slots__ = ("_credentials",)

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    async def open(self) -> None:
        """Nothing is to be found."""

    def current(self) -> Credentials:
        """Return what was given."""
        return self._credentials

    async def close(self) -> None:
        """Nothing is to be stopped."""

    @property
    def first_error(self) -> str:
        """Empty."""
        return ""


class ChainCredentials:
    """Credentials from aiobotocore's chain, refreshed in the background well before they expire."""

    __slots__ = ("_chain", "_check_s", "_current", "_first_error", "_session", "_task")

    def __init__(self, profile: str | None = None, *, check_s: float = 30.0) -> None:
        """
        Args:
            profile: Name of a profile; None for AWS_PROFILE or the default one.
            check_s: Seconds between looks at the clock. The chain asks for new ones 15 minutes before the old expire,
                and a failure is tried again at the next look.
        """
        self._session = AioSession(profile=profile)
        self._check_s = check_s
        self._chain: AioCredentials | None = None
        self._current: Credentials | None = None
        self._first_error = ""
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """
        Walk along the chain once, and keep fresh what was found if it can expire.

        Raises:
            StartError: If no provider has credentials, or the one that should have them fails.
        """
        try:
            self._current = await _aside(self._find)
        except (BotoCoreError, ClientError, OSError, RuntimeError, ValueError) as error:
            raise StartError(f"credentials: {_words(error)}; {_WHAT_TO_DO}") from None
        if isinstance(self._chain, RefreshableCredentials):
            self._task = asyncio.create_task(self._keep_fresh(), name="credentials")

    def current(self) -> Credentials:
        """Return what to sign with now; an attribute, never a wait."""
        if self._current is None:
            raise StartError("credentials: asked for before they were opened")
        return self._current

    async def close(self) -> None:
        """Stop refreshing."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None

    @property
    def first_error(self) -> str:
        """The first failure to refresh in words, without any secret; empty if there was none."""
        return self._first_error

    async def _find(self) -> Credentials:
        self._chain = await self._session.get_credentials()
        if self._chain is None:
            raise StartError(f"credentials: none found in any of the places where AWS SDKs look; {_WHAT_TO_DO}")
        return await self._frozen()

    async def _frozen(self) -> Credentials:
        frozen = await self._chain.get_frozen_credentials()  # type: ignore[union-attr]  # `_find` came first
        return Credentials(frozen.access_key, frozen.secret_key, frozen.token or None)

    async def _keep_fresh(self) -> None:
        while True:
            await asyncio.sleep(self._check_s)
            if self._chain.refresh_needed():  # type: ignore[union-attr]  # opened
                await self._refresh()

    async def _refresh(self) -> None:
        try:
            found = await _aside(self._frozen)
        except Exception as error:  # noqa: BLE001  # whatever a provider does is a note here, and tried again
            self._first_error = self._first_error or f"credentials were not refreshed: {_words(error)}"
            return
        if found != self._current:
            self._current = found


async def _aside(work: Callable[[], Coroutine[None, None, _Value]]) -> _Value:
    """Run a coroutine to its end in a thread with a loop of its own, for at most `_LIMIT_S`."""

    async def limited() -> _Value:
        return await asyncio.wait_for(work(), _LIMIT_S)

    return await asyncio.to_thread(lambda: asyncio.run(limited()))


def _words(error: Exception) -> str:
    """Describe a failure without quoting what a credential process printed or a provider answered."""
    quotable = isinstance(error, (BotoCoreError, ClientError)) and not isinstance(error, CredentialRetrievalError)
    if isinstance(error, TimeoutError):
        return f"no answer within {_LIMIT_S:.0f} s"
    return f"{type(error).__name__}: {error}" if quotable else type(error).__name__
