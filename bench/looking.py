"""
Who looks at the page of a run: a browser on this machine, or one elsewhere.

Elsewhere is whatever a browser on somebody's desk asks of this machine: its page fetched once and its stream of events
read to the end, by a thread that draws nothing.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit
from urllib.request import urlopen

from bench.pin import pinned
from bench.processes import tool
from bench.rows import MissingToolError

_BEGIN_S = 60.0
_LOOK_S = 0.05
_SILENT_S = 60.0
"""Longer than this the page's process says nothing only if it stands still: a run has news each second."""
_ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
_DRAWN = "document.querySelector('#lateness-chart .plot')?.data?.at(-1)?.x?.length ?? 0"


class Eyes(Protocol):
    """Somebody who looks."""

    def look(self, url_file: Path, ready: threading.Event, over: threading.Event) -> int:
        """
        Open the page once its address is in a file, and look until it is over; a thread's work.

        Args:
            url_file: Where the address will be.
            ready: To be set before the run begins.
            over: Is set when the run has ended.

        Returns:
            How much was seen; 0 is a failure.
        """


class Chromium:
    """A headless browser; in that mode a page counts as visible, so it draws what is in its window each second."""

    def look(self, url_file: Path, ready: threading.Event, over: threading.Event) -> int:
        """Return rows of the run's course that were drawn; see `Eyes`."""
        from playwright.sync_api import sync_playwright  # noqa: PLC0415  # not needed by the other groups

        program = tool("chromium", "install the Debian package chromium")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=program, args=list(_ARGUMENTS))
            page = browser.new_page(viewport={"width": 1400, "height": 1000})
            ready.set()
            try:
                page.goto(_address(url_file, over))
                over.wait()
                return int(page.evaluate(_DRAWN))
            finally:
                browser.close()


class Elsewhere:
    """What a browser on another machine asks of this one."""

    def look(self, url_file: Path, ready: threading.Event, over: threading.Event) -> int:
        """Return events that came; see `Eyes`."""
        ready.set()
        address = urlsplit(_address(url_file, over))
        with urlopen(address.geturl(), timeout=_SILENT_S) as page:  # noqa: S310  # the run's own address
            page.read()
        events = 0
        with urlopen(address._replace(path="/events").geturl(), timeout=_SILENT_S) as stream:  # noqa: S310
            for line in stream:
                events += line.startswith(b"event:")
                if line.startswith(b"event: end"):
                    break
        return events


@contextmanager
def looking(eyes: Eyes, core: int, url_file: Path) -> Iterator[None]:
    """
    Have somebody look on during a block.

    Args:
        eyes: Whose.
        core: Where they are.
        url_file: Where the page's address will be.

    Raises:
        MissingToolError: If they cannot begin.
        RuntimeError: If they saw nothing.
    """
    ready, over = threading.Event(), threading.Event()
    seen: list[int] = []
    trouble: list[str] = []

    def look() -> None:
        try:
            with pinned(core):
                seen.append(eyes.look(url_file, ready, over))
        except Exception as error:  # noqa: BLE001  # told by whoever waits for this thread
            trouble.append(f"{type(error).__name__}: {error}")
        finally:
            ready.set()

    thread = threading.Thread(target=look, daemon=True)  # one that stands still must not keep the bench alive
    thread.start()
    try:
        if not ready.wait(_BEGIN_S):
            raise RuntimeError("Chromium did not start")
        if trouble:
            raise MissingToolError(trouble[0])
        yield
    finally:
        over.set()
        thread.join(_BEGIN_S)
    if not any(seen):
        raise RuntimeError(f"nothing was seen of the page: {trouble[0] if trouble else 'no chart was drawn'}")


def _address(url_file: Path, over: threading.Event) -> str:
    while not url_file.exists() or not url_file.read_text():
        if over.wait(_LOOK_S):
            raise RuntimeError("there was no page")
    return url_file.read_text()
