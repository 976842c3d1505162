"""Base URLs in parts, and which of them are refused."""

import pytest

from asyncload.address import parse_address
from asyncload.errors import UsageError


@pytest.mark.parametrize(
    ("url", "host_header", "prefix", "normal"),
    [
        ("https://Runtime.Example.com", "runtime.example.com", "", "https://runtime.example.com"),
        ("https://example.com:443/", "example.com", "", "https://example.com"),
        ("https://example.com:8443/prod/", "example.com:8443", "/prod", "https://example.com:8443/prod"),
        ("http://127.0.0.1:8089", "127.0.0.1:8089", "", "http://127.0.0.1:8089"),
        ("http://[::1]:80/a/b", "[::1]", "/a/b", "http://[::1]/a/b"),
    ],
)
def test_a_url_in_parts(url: str, host_header: str, prefix: str, normal: str) -> None:
    """Names become lower case, default ports vanish from Host, a prefix loses its last slash."""
    address = parse_address(url)
    assert (address.host_header, address.path_prefix, address.url) == (host_header, prefix, normal)


@pytest.mark.parametrize("url", ["http://localhost", "http://127.8.9.1:1", "http://[::1]", "http://a.localhost"])
def test_plaintext_to_this_machine_is_allowed(url: str) -> None:
    """Loopback by name or number needs no permission."""
    assert parse_address(url).loopback


@pytest.mark.parametrize("url", ["http://example.com", "http://10.0.0.1:8080", "http://localhost.example.com"])
def test_plaintext_to_elsewhere_needs_permission(url: str) -> None:
    """http:// off this machine is refused, and the text names the way to allow it."""
    with pytest.raises(UsageError, match="--allow-plaintext"):
        parse_address(url)
    assert not parse_address(url, allow_plaintext=True).loopback


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com",
        "ftp://example.com",
        "https://",
        "https://h:port",
        "https://h:99999",
        "https://h/?q=1",
        "https://h/#x",
        "https://[::1",
        "https://bücher.example",
        "https://h/a b",
    ],
)
def test_what_is_no_base_url_is_refused(url: str) -> None:
    """Neither a guess nor a traceback of the parser."""
    with pytest.raises(UsageError):
        parse_address(url)


def test_a_password_in_a_url_is_refused_and_not_repeated() -> None:
    """User information would reach logs and results."""
    with pytest.raises(UsageError) as caught:
        parse_address("https://me:hunter2@example.com")
    assert "hunter2" not in str(caught.value)
