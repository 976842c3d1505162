"""A real Chromium for tests of pages: one for all of them, and pages that tell of everything that went wrong."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
SKIP = "ASYNCLOAD_NO_BROWSER"
WAIT_MS = 20_000


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Headless Chromium; without one tests fail, unless somebody says that they are to be left out."""
    if os.environ.get(SKIP) == "1":
        pytest.skip(f"{SKIP}=1")
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.fail(f"no Chromium: `make test` installs it; {SKIP}=1 leaves these tests out")
    arguments = [*ARGUMENTS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=arguments)
        yield chromium
        chromium.close()


@dataclass
class Heard:
    """What pages of one test did that nobody asked for."""

    allowed: list[str] = field(default_factory=lambda: ["file:", "data:", "blob:"])
    """How addresses may begin; a test of a served page adds its own."""
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def listen(self, page: Page) -> None:
        """Note errors on the console, errors of scripts, and requests to anywhere else."""
        page.on("console", lambda said: self.errors.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: self._requested(request.url))

    def _requested(self, url: str) -> None:
        if not url.startswith(tuple(self.allowed)):
            self.requests.append(url)


Open: TypeAlias = Callable[..., Page]


@pytest.fixture
def heard() -> Heard:
    """What the test's pages do; a served page's address is to be added to `allowed`."""
    return Heard()


@pytest.fixture
def opened(browser: Browser, heard: Heard) -> Iterator[Open]:
    """
    Open pages: `opened(path_or_url, width=1400, theme="light", **context)`.

    At the end of the test none of them may have written an error or asked for anything.
    """
    contexts = []

    def open_(where: Path | str, *, width: int = 1400, height: int = 900, theme: str = "light", **more: Any) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=theme, **more)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(WAIT_MS)
        heard.listen(page)
        page.goto(where.absolute().as_uri() if isinstance(where, Path) else where)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert heard.errors == []
    assert heard.requests == []
