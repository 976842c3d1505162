"""Which proxy stands before an endpoint."""

import os

import pytest

from asyncload.address import parse_address
from asyncload.transport.proxy import proxy_for


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the user's own."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("settings", "url", "proxy", "why"),
    [
        ({}, "https://example.com", None, "nothing set"),
        ({"https_proxy": "http://p:1"}, "https://example.com", "http://p:1", "for the scheme"),
        ({"HTTPS_PROXY": "http://p:1"}, "https://example.com", "http://p:1", "either case"),
        ({"https_proxy": "http://p:1"}, "http://localhost", None, "for another scheme"),
        ({"all_proxy": "http://p:1"}, "https://example.com", "http://p:1", "for all"),
        ({"https_proxy": "http://p:1", "no_proxy": "example.com"}, "https://example.com", None, "excepted"),
        ({"https_proxy": "http://p:1", "no_proxy": ".example.com"}, "https://a.example.com", None, "by domain"),
        ({"https_proxy": "http://p:1", "no_proxy": "example.com:8443"}, "https://example.com:8443", None, "by port"),
        ({"https_proxy": "http://p:1", "no_proxy": "*"}, "https://example.com", None, "everything excepted"),
    ],
)
def test_the_proxy_that_the_surroundings_ask_for(
    settings: dict[str, str], url: str, proxy: str | None, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As curl and the standard library read the variables."""
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert proxy_for(parse_address(url)) == proxy, why
