"""
Who may ask, and what every answer says to the browser.

Whatever listens on the loopback can be reached by every page that is open in a browser on this machine. So:

1.  Host must be a name of the loopback with our port: a page of another name whose DNS now leads here is refused.
2.  A token is asked for, in the URL as Jupyter does, in an `Authorization` header, or in a cookie that came in exchange
    for it. The cookie is HttpOnly and SameSite=Strict, and named after the port, for cookies do not know ports.
3.  What changes something is a POST, and its Origin must be this page; a client without a browser has none, and must
    send the token itself.

Comparisons take the same time however much of the token is right.
"""

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

_TOKEN_BYTES: Final = 32
_SCHEMES: Final = ("bearer", "token")
_HTTP_PORT: Final = 80
_NAMES: Final = ("127.0.0.1", "localhost", "[::1]")

PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Of our own pages; plotly writes style attributes, and pictures that are saved are blobs."""
REPORT_POLICY: Final = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; font-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox allow-scripts allow-downloads"
)
"""Of a report, all of which stands in one file: it runs in an origin of its own and can ask us for nothing."""
HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": PAGE_POLICY,
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""Of every answer; a report has a policy of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What a request says about who asks."""

    method: str
    host: str
    """The header; empty if there is none."""
    origin: str | None = None
    authorization: str | None = None
    token: str | None = None
    """From the URL."""
    cookie: str | None = None
    """The one of this port."""


@dataclass(frozen=True, slots=True)
class Guard:
    """The rules of one server."""

    port: int
    token: str = field(default_factory=lambda: secrets.token_urlsafe(_TOKEN_BYTES), repr=False)
    session: str = field(default_factory=lambda: secrets.token_urlsafe(_TOKEN_BYTES), repr=False)
    """Value of the cookie: who sees it does not know the token."""

    @property
    def cookie_name(self) -> str:
        """Name of the cookie."""
        return f"asyncload-{self.port}"

    @property
    def hosts(self) -> tuple[str, ...]:
        """What Host may say; browsers leave out the port that is http's own."""
        named = tuple(f"{name}:{self.port}" for name in _NAMES)
        return (*named, *_NAMES) if self.port == _HTTP_PORT else named

    def refusal(self, asking: Asking) -> str | None:
        """Say why a request is refused; None if it is not."""
        if asking.host.lower() not in self.hosts:
            return "this server answers to names of the loopback only"
        by_hand = self._by_hand(asking)
        if not by_hand and not _same(asking.cookie, self.session):
            return "the token is missing or wrong; open the address that was printed, with all of it"
        if asking.method not in {"GET", "HEAD"} and not _from_here(asking, by_hand=by_hand):
            return "only this page itself may ask for that"
        return None

    def _by_hand(self, asking: Asking) -> bool:
        """Whether the token itself was sent."""
        scheme, _, sent = (asking.authorization or "").partition(" ")
        in_header = scheme.lower() in _SCHEMES and _same(sent.strip(), self.token)
        return _same(asking.token, self.token) or in_header


def _from_here(asking: Asking, *, by_hand: bool) -> bool:
    if asking.origin is None:
        return by_hand  # no browser leaves it out of a POST
    return asking.origin.lower() == f"http://{asking.host.lower()}"


def _same(given: str | None, expected: str) -> bool:
    return given is not None and hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())
