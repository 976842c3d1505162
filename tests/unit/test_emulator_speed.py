"""What the emulator measures of itself when it starts."""

import asyncio

import pytest

from asyncload.emulator import speed
from asyncload.errors import StartError


def test_every_probe_is_answered() -> None:
    """It comes to a figure."""
    measured = asyncio.run(speed.measure())
    assert measured.requests_per_s > 0
    assert measured.overhead_p99_ms > 0


@pytest.mark.parametrize(
    ("probe", "said"), [(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "404"), (b"no http\r\n\r\n", "400")]
)
def test_a_probe_that_fails_is_an_error_and_no_endless_wait(
    probe: bytes, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anything but 200 ends the measurement in words."""

    def wrong(_number: int) -> bytes:
        return probe

    monkeypatch.setattr(speed, "_signed", wrong)
    with pytest.raises(StartError, match=f"HTTP/1.1 {said}"):
        asyncio.run(asyncio.wait_for(speed.measure(), 20))
