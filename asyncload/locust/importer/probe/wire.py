"""
The wire ends here.

What is cut is the connection, below everything that makes a request out of a call: botocore's serialiser, signature and
retries, requests' sessions, urllib3's pools and Locust's own clients run as always, and what they write is what the
network would have seen. A `Wire` stands where their socket would; it reads one request after the other and holds the
reply before anyone asks for it.
"""

import http.client
import io
import os
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Final, Protocol, TypeAlias

_END: Final = b"\r\n\r\n"
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it would have been on the wire."""

    url: str
    """Scheme, host and port."""
    method: str
    path: str
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes


Answering: TypeAlias = Callable[[Request], bytes]
"""Makes a reply, from its status line to its last byte."""
Patience: TypeAlias = Callable[[float | None], None]
"""Is told how long a client waits for a reply, when it does."""


class _Connection(Protocol):
    """What Python's and urllib3's connections have in common."""

    host: str
    port: int
    sock: object
    _tunnel_host: str | None


class Wire:
    """A socket of which the other end is `answering`."""

    def __init__(self, url: str, answering: Answering, patience: Patience, readable: int) -> None:
        """
        Args:
            url: Scheme, host and port that a connection was made for.
            answering: Makes the replies.
            patience: Is told how long is waited for them.
            readable: A descriptor that is always readable: a reply is there before it is waited for, and a connection
                that is readable before its second use is taken to have been closed.
        """
        self._url = url
        self._answering = answering
        self._patience = patience
        self._timeout_s: float | None = None
        self._readable = readable
        self._sent = bytearray()
        self._replies = bytearray()

    # -- what clients call -------------------------------------------------------------------------------------------

    def sendall(self, data: bytes | bytearray | memoryview, _flags: int = 0) -> None:
        """Take part of a request."""
        self._sent += data
        while request := self._request():
            self._replies += self._answering(request)

    def send(self, data: bytes | bytearray | memoryview, _flags: int = 0) -> int:
        """Take part of a request."""
        self.sendall(data)
        return len(data)

    def sendfile(self, file: io.BufferedIOBase, _offset: int = 0, _count: int | None = None) -> int:
        """Take a file as part of a request."""
        return self.send(file.read())

    def recv(self, size: int, _flags: int = 0) -> bytes:
        """Give part of a reply; nothing at its end."""
        self._patience(self._timeout_s)
        data = bytes(self._replies[:size])
        del self._replies[:size]
        return data

    def recv_into(self, buffer: bytearray | memoryview, size: int = 0, _flags: int = 0) -> int:
        """Give part of a reply."""
        data = self.recv(size or len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def makefile(self, *_mode: str, **_more: object) -> io.BytesIO:
        """Give all replies that there are."""
        return io.BytesIO(self.recv(len(self._replies)))

    def fileno(self) -> int:
        """Return a descriptor to wait for, and nothing else."""
        return self._readable

    def settimeout(self, timeout_s: float | None) -> None:
        """Take notice of how long is waited; a reply is there before that."""
        self._timeout_s = timeout_s

    def setsockopt(self, *_option: object) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""

    # -- what they sent ----------------------------------------------------------------------------------------------

    def _request(self) -> Request | None:
        """Take the next request from what was sent; None if it is not whole yet."""
        head, found, rest = bytes(self._sent).partition(_END)
        if not found:
            return None
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body, used = _body(headers, rest)
        if body is None:
            if not rest and headers.get("expect", "").lower() == "100-continue":
                self._replies += _CONTINUE
            return None
        del self._sent[: len(head) + len(_END) + used]
        method, path, *_ = [*first.split(" "), "", ""]
        url = self._url
        if path.startswith(("http://", "https://")):  # through a proxy
            scheme, _, after = path.partition("://")
            host, slash, path = after.partition("/")
            url, path = f"{scheme}://{host}", slash + path
        return Request(url, method, path, headers, body)


def _body(headers: dict[str, str], rest: bytes) -> tuple[bytes | None, int]:
    """Return a body, None if it is not whole yet, and how many bytes it takes."""
    if "chunked" in headers.get("transfer-encoding", "").lower():
        return _chunks(rest)
    size = int(headers.get("content-length", 0))
    return (rest[:size], size) if len(rest) >= size else (None, 0)


def _chunks(rest: bytes) -> tuple[bytes | None, int]:
    body, at = bytearray(), 0
    while True:
        line, found, _ = rest[at:].partition(b"\r\n")
        if not found:
            return None, 0
        size = int(line.split(b";")[0], 16)
        begin = at + len(line) + 2
        if len(rest) < begin + size + 2:
            return None, 0
        if not size:
            return bytes(body), begin + 2
        body += rest[begin : begin + size]
        at = begin + size + 2


# -- where sockets would be made --------------------------------------------------------------------------------------


def cut(answering: Answering, patience: Patience) -> None:
    """Give every HTTP connection of this process a wire, for good; modules that are not there are not needed."""
    import urllib3.connection  # noqa: PLC0415  a job's process alone may have gevent patch the world
    from geventhttpclient.connectionpool import ConnectionPool, SSLConnectionPool  # noqa: PLC0415  likewise

    readable, closed = os.pipe()
    os.close(closed)

    def wire(scheme: str, host: str, port: int | None) -> Wire:
        return Wire(_url(scheme, host, port), answering, patience, readable)

    modules: tuple[ModuleType, ...] = (http.client, urllib3.connection)
    for module in modules:
        for scheme, name in (("http", "HTTPConnection"), ("https", "HTTPSConnection")):
            getattr(module, name).connect = _connecting(scheme, wire)

    def create(pool: ConnectionPool) -> Wire:
        scheme = "https" if isinstance(pool, SSLConnectionPool) else "http"
        made = wire(scheme, pool._request_host, pool._request_port)  # noqa: SLF001  its own names
        made.settimeout(pool.network_timeout)
        return made

    ConnectionPool._create_socket = create  # noqa: SLF001  likewise


def _connecting(scheme: str, wire: Callable[[str, str, int | None], Wire]) -> Callable[[_Connection], None]:
    def connect(self: _Connection) -> None:
        self.sock = wire(scheme, self._tunnel_host or self.host, self.port)
        self.is_verified = True  # type: ignore[attr-defined]  # else urllib3 warns of it

    return connect


def _url(scheme: str, host: str, port: int | None) -> str:
    name = f"[{host}]" if ":" in host else host
    usual = {"http": 80, "https": 443}[scheme]
    return f"{scheme}://{name}" if port in (None, usual) else f"{scheme}://{name}:{port}"
