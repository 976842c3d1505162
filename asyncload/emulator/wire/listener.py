"""
The socket that listens: opened, closed for a while and opened again on the same port, and closed for good.

While connections are refused there is no socket, so the kernel answers with ECONNREFUSED; connections that it had taken
but nobody had yet accepted are reset. Connections that are open go on.
"""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from asyncload.emulator.wire.connection import LINGER_S
from asyncload.emulator.wire.face import Face
from asyncload.errors import StartError

BACKLOG: Final = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """What TLS needs."""

    context: ssl.SSLContext
    fails: Callable[[], bool]
    """Asked at each handshake whether it is to fail."""


class Listener:
    """One listening address. Belongs to one event loop."""

    def __init__(self, face: Face, host: str, port: int, tls: Tls | None = None) -> None:
        """
        Args:
            face: Takes the connections.
            host: Address or name to bind.
            port: Port to bind; 0 takes a free one at the first opening, and keeps to it.
            tls: Speaks TLS with this.
        """
        self._face = face
        self._host = host
        self.port = port
        """The port that is bound, once it has been opened."""
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._wanted = False
        """Whether connections are to be accepted; `refuse` may come while `open` is under way."""
        if tls is not None:
            tls.context.sni_callback = self._greet

    @property
    def url(self) -> str:
        """The base URL; its port is right once it has been opened."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{'http' if self._tls is None else 'https'}://{host}:{self.port}"

    @property
    def listening(self) -> bool:
        """Whether connections are accepted."""
        return self._server is not None

    async def open(self) -> None:
        """
        Accept connections; nothing happens if that is so already. A `refuse` meanwhile has the last word.

        Raises:
            StartError: If the address cannot be bound.
        """
        self._wanted = True
        if self._server is not None:
            return
        context = None if self._tls is None else self._tls.context
        try:
            server = await self._face.loop.create_server(
                self._face.connection,
                self._host,
                self.port,
                ssl=context,
                ssl_handshake_timeout=None if context is None else self._face.limits.head_s,
                ssl_shutdown_timeout=None if context is None else LINGER_S,
                backlog=BACKLOG,
            )
        except OSError as problem:
            reason = problem.strerror or problem
            raise StartError(f"cannot listen on {self._host}:{self.port}: {reason}") from problem
        if self._wanted:
            self.port = server.sockets[0].getsockname()[1]
            self._server = server
        else:
            server.close()

    def refuse(self) -> None:
        """Refuse connections until `open` is called again."""
        self._wanted = False
        if self._server is not None:
            self._server.close()
            self._server = None

    async def close(self, grace_s: float) -> None:
        """Refuse connections, close idle ones, let requests in flight be answered within the grace, end the rest."""
        self.refuse()
        await self._face.close(grace_s)

    def _greet(self, _socket: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> int | None:
        """
        Let a handshake go on, or end it. OpenSSL asks here whether or not the client names a host.

        The alert does not reach the client, for uvloop closes without sending it: it sees the end of the stream.
        """
        fails = self._tls is not None and self._tls.fails()
        return ssl.ALERT_DESCRIPTION_HANDSHAKE_FAILURE if fails else None
