"""
The page of a run with a thousand models over an hour: how long it takes to make, how large it is, when it can be read.

It is made of a recording that is made up (`bench.hour`), opened from its file in headless Chromium, each time in a new
profile, and counts as readable when the first chart and the table of models have been painted: two frames after both
are in the document, on the page's own clock, which begins with the navigation.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, sync_playwright

from asyncload.report.page import page
from bench.context import Context
from bench.hour import Hour
from bench.rows import Detail, Findings, MissingToolError, Row

PACKAGES = ("plotly", "playwright", "jinja2")
_MOST_MB = 6.0
_MOST_S = 3.0
_SIZES = ((2, 60), (100, 600), (1000, 3600))
"""Models and seconds."""
_WATCH = """
const seen = () => ["#lateness-chart .main-svg", "#model-table tbody tr"].every(one => document.querySelector(one));
const look = () => seen()
  ? requestAnimationFrame(() => requestAnimationFrame(() => { window.readable = performance.now(); }))
  : requestAnimationFrame(look);
requestAnimationFrame(look);
"""
_ARGUMENTS = ("--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync")


def measure(context: Context) -> Findings:
    """Make and open pages of several sizes."""
    repeats = context.pick(9, 2)
    cells = []
    with tempfile.TemporaryDirectory() as folder, _chromium() as browser:
        for models, length_s in _SIZES:
            recording = Hour(models=models, length_s=length_s).recording()
            began_s = time.perf_counter()
            text = page(recording)
            made_s = time.perf_counter() - began_s
            path = Path(folder) / "report.html"
            path.write_text(text, encoding="utf-8")
            readable_s, drawn_s = zip(*(_open(browser, path) for _ in range(repeats)), strict=True)
            size_mb = len(text.encode()) / 1e6
            cells.append([
                f"{models:,}", f"{length_s:,}", f"{made_s:.2f}", f"{size_mb:.2f}", f"{median(readable_s):.2f}",
                f"{max(readable_s):.2f}", f"{median(drawn_s):.2f}",
            ])  # fmt: skip
    yield Row("a 1,000-model hour: size", f"< {_MOST_MB:g} MB", f"{size_mb:.2f} MB", reached=size_mb < _MOST_MB)
    yield Row(
        "the same: first chart and table painted", f"< {_MOST_S:g} s",
        f"{median(readable_s):.2f} s, median of {repeats} ({min(readable_s):.2f} to {max(readable_s):.2f})",
        reached=median(readable_s) < _MOST_S,
    )  # fmt: skip
    headings = ("models", "seconds", "made in, s", "MB", "readable after, s", "at most, s", "all charts after, s")
    yield Detail("Pages in headless Chromium", headings, cells)


@contextmanager
def _chromium() -> Iterator[Browser]:
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        raise MissingToolError("no Chromium on PATH (Debian: chromium)")
    arguments = [*_ARGUMENTS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=arguments)
        yield browser
        browser.close()


def _open(browser: Browser, path: Path) -> tuple[float, float]:
    """Return when a page could be read, and when every chart of it was drawn, s from the navigation."""
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    tab = context.new_page()
    tab.add_init_script(_WATCH)
    tab.goto(path.as_uri())
    tab.wait_for_function("() => window.readable")
    tab.evaluate("charts.all()")
    readable_ms, drawn_ms = tab.evaluate("[window.readable, performance.now()]")
    context.close()
    return readable_ms / 1000, drawn_ms / 1000
