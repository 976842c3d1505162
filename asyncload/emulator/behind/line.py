"""
The connections to one container: ask, wait so long and no longer, and be cut.

A request is sent once. Cutting ends every wait by moving its deadline to now: the task itself is not cancelled, so a
caller's own cancellation stays what it is.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from io import BytesIO

import aiohttp

from asyncload.emulator.behind.backend import DeadError

KEEP_ALIVE_S = 1.0
"""An idle connection is not used after that long: a server may be closing it, and a request is never sent twice."""
CUT = "the container was killed"
_SKIPPED = ("User-Agent", "Accept", "Accept-Encoding")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the container answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx."""
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode(errors="replace").strip()


class Line:
    """Connections to one base URL, opened as they are needed."""

    __slots__ = ("_cut", "_session", "_url", "_waiting")

    def __init__(self, url: str) -> None:
        """
        Args:
            url: Base URL, such as http://127.0.0.1:8080.
        """
        self._url = url.rstrip("/")
        self._cut = False
        self._waiting = set[asyncio.Timeout]()
        self._session: aiohttp.ClientSession | None = None

    async def ask(
        self,
        method: str,
        path: str,
        limit_s: float | None,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        extra_ns: int = 0,
    ) -> Answer:
        """
        Ask once, and wait for the whole answer.

        Args:
            method: GET, POST or DELETE.
            path: Below the base URL.
            limit_s: How long to wait; None waits for ever.
            body: What to send.
            headers: Besides Host and Content-Length.
            extra_ns: Keep the answer back for that much longer.

        Raises:
            DeadError: If nobody answers, the connection is lost, or the line is cut.
            TimeoutError: If it takes too long.
        """
        if self._cut:
            raise DeadError(CUT)
        limit = asyncio.timeout(limit_s)
        try:
            async with limit:
                self._waiting.add(limit)
                async with self._connected().request(
                    method, self._url + path, data=_sendable(body), headers=headers
                ) as reply:
                    answer = Answer(reply.status, reply.headers, await reply.read())
                if extra_ns:
                    await asyncio.sleep(extra_ns / 1e9)
                return answer
        except TimeoutError:
            if self._cut:
                raise DeadError(CUT) from None
            raise
        except (aiohttp.ClientError, OSError) as problem:
            raise DeadError(f"{method} {path}: {problem or type(problem).__name__}") from problem
        finally:
            self._waiting.discard(limit)

    def cut(self) -> None:
        """Have everybody who waits, and everybody who asks from now on, see DeadError."""
        self._cut = True
        now_s = asyncio.get_running_loop().time()
        for limit in self._waiting:
            if not limit.expired():
                limit.reschedule(now_s)

    def mend(self) -> None:
        """Undo a cut."""
        self._cut = False

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()

    def _connected(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE_S),
                timeout=aiohttp.ClientTimeout(total=None),
                cookie_jar=aiohttp.DummyCookieJar(),
                skip_auto_headers=_SKIPPED,
                auto_decompress=False,
            )
        return self._session


def _sendable(body: bytes | None) -> bytes | BytesIO | None:
    # aiohttp warns of larger bytes, which it would hand to the socket in one piece.
    return body if body is None or len(body) <= 2**20 else BytesIO(body)
