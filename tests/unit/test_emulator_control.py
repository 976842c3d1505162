"""Who may use the emulator's switches."""

import pytest

from asyncload.emulator.control import from_loopback


@pytest.mark.parametrize(
    ("peer", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.8.0.1", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("192.0.2.1", False),
        ("::ffff:192.0.2.1", False),
        ("fe80::1%eth0", False),
        (None, False),
    ],
)
def test_only_loopback_is_let_in(peer: str | None, loopback: bool) -> None:  # noqa: FBT001
    """Addresses of other machines are not, in whichever form they come."""
    assert from_loopback(peer) is loopback
