"""Where an endpoint is: a base URL in parts, and whether it may be spoken to in plaintext."""

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Literal, cast
from urllib.parse import urlsplit

from asyncload.errors import UsageError

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class EndpointAddress:
    """A base URL in parts; a request's path is `path_prefix` followed by the call's own path."""

    scheme: Literal["http", "https"]
    host: str
    """Lower-case name, or an IP address without brackets."""
    port: int
    path_prefix: str = ""
    """Percent-encoded, empty or beginning with / and not ending with it."""

    @property
    def tls(self) -> bool:
        """Whether the connection is encrypted."""
        return self.scheme == "https"

    @property
    def host_header(self) -> str:
        """Value of the header Host: the port stands in it only if it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The base URL in its normal form."""
        return f"{self.scheme}://{self.host_header}{self.path_prefix}"

    @property
    def loopback(self) -> bool:
        """Whether the host is this machine by name or number."""
        if self.host == "localhost" or self.host.endswith(".localhost"):
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False


def parse_address(url: str, *, allow_plaintext: bool = False) -> EndpointAddress:
    """
    Read a base URL.

    Args:
        url: Such as https://runtime.sagemaker.us-east-1.amazonaws.com or http://127.0.0.1:8089/prod.
        allow_plaintext: Whether http:// may lead off this machine; payloads and session tokens are then readable
            on the way.

    Raises:
        UsageError: If it is not a base URL, holds a password, or is http:// to a host that is not loopback.
    """
    address = _split(url)
    if not address.tls and not address.loopback and not allow_plaintext:
        raise UsageError(
            f"endpoint {address.url}: plain http:// to a host that is not this machine is refused; "
            "use https://, or allow it with --allow-plaintext"
        )
    return address


def _split(url: str) -> EndpointAddress:
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname
    except ValueError:
        raise UsageError("endpoint URL: cannot be read; expected such as https://host[:port][/path]") from None
    if parts.username is not None or parts.password is not None:
        raise UsageError("endpoint URL: a user name or password in it is refused")
    if parts.scheme not in _PORTS or not host or not url.isascii() or not url.isprintable() or " " in url:
        raise UsageError(f"endpoint URL {url!r}: expected http:// or https:// with a host, in ASCII")
    if parts.query or parts.fragment:
        raise UsageError(f"endpoint URL {url!r}: a query or fragment is not possible here")
    scheme = cast('Literal["http", "https"]', parts.scheme)
    return EndpointAddress(scheme, host, _PORTS[scheme] if port is None else port, parts.path.rstrip("/"))
