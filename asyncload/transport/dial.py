"""
Dialling: from a host name to a connected socket, with TLS where asked for.

Nothing here blocks the loop. Names are resolved by the loop's own threads. The TCP handshake is the loop's. The TLS
handshake costs up to a millisecond of arithmetic, during which OpenSSL gives up the interpreter lock: it runs in a
thread, on a socket that blocks, and the socket is handed back when it no longer does.
"""

import asyncio
import socket
import ssl
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

from asyncload.address import EndpointAddress
from asyncload.errors import StartError
from asyncload.transport.notices import EXHAUSTED, Notices

Socket: TypeAlias = socket.socket | ssl.SSLSocket
Where: TypeAlias = tuple[socket.AddressFamily, tuple[str, int] | tuple[str, int, int, int]]

_HANDSHAKE_THREADS = 4


def tls_context(ca: Path | None) -> ssl.SSLContext:
    """
    Make a context that verifies the server's certificate and name.

    Args:
        ca: PEM file of authorities to trust instead of the system's.

    Raises:
        StartError: If the file cannot be read as such.
    """
    try:
        context = ssl.create_default_context(cafile=ca)
    except (OSError, ssl.SSLError) as error:
        raise StartError(f"certificate authorities {ca}: cannot be read: {error}") from error
    context.set_alpn_protocols(["http/1.1"])
    return context


class Dialler:
    """Opens connections to one endpoint, to each of its addresses in turn."""

    def __init__(
        self, address: EndpointAddress, context: ssl.SSLContext | None, timeout_s: float, notices: Notices
    ) -> None:
        """
        Args:
            address: Host and port.
            context: For TLS; None for plaintext.
            timeout_s: For the TCP and TLS handshakes together.
            notices: Told of each address that could not be connected to, also where another one could.
        """
        self._address = address
        self._context = context
        self._timeout_s = timeout_s
        self._addresses: deque[Where] = deque()
        self._notices = notices
        self._threads = ThreadPoolExecutor(_HANDSHAKE_THREADS, "tls-handshake")  # its threads start when needed

    async def resolve(self) -> None:
        """
        Look the name up; the new addresses replace the old.

        Raises:
            OSError: If the name does not resolve; the old addresses stay.
        """
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(self._address.host, self._address.port, type=socket.SOCK_STREAM)
        self._addresses = deque(dict.fromkeys((family, where) for family, _, _, _, where in found))  # type: ignore[misc]

    async def dial(self) -> Socket:
        """
        Open one connection, to the next address that takes it.

        An address that does not is left out until the name is resolved again, unless it is the last one: of a name with
        an IPv6 and an IPv4 address, one may lead nowhere.

        Returns:
            A non-blocking socket, verified if it is TLS.

        Raises:
            OSError: If no address takes it; TimeoutError and ssl.SSLError are among its kinds.
        """
        limit_s = self._timeout_s / len(self._addresses)
        while True:
            self._addresses.rotate(-1)
            where = self._addresses[-1]
            try:
                return await self._dial(where, limit_s)
            except OSError as error:
                self._notices.not_connected(error)
                if error.errno in EXHAUSTED or len(self._addresses) == 1:
                    raise
                with suppress(ValueError):  # another dial has left it out already, or the name was resolved again
                    self._addresses.remove(where)

    async def _dial(self, address: Where, limit_s: float) -> Socket:
        family, where = address
        async with asyncio.timeout(limit_s):
            plain = socket.socket(family, socket.SOCK_STREAM)
            try:
                plain.settimeout(0)
                plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                await asyncio.get_running_loop().sock_connect(plain, where)
                return await self._secure(plain, self._context) if self._context else plain
            except BaseException:
                plain.close()
                raise

    def close(self) -> None:
        """End the threads; handshakes under way run into their time limit by themselves."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _secure(self, plain: socket.socket, context: ssl.SSLContext) -> ssl.SSLSocket:
        secured = context.wrap_socket(
            plain, server_hostname=self._address.host, do_handshake_on_connect=False, suppress_ragged_eofs=False
        )
        secured.settimeout(self._timeout_s)
        try:
            await asyncio.get_running_loop().run_in_executor(self._threads, secured.do_handshake)
            secured.settimeout(0)
        except BaseException:
            secured.close()
            raise
        return secured
