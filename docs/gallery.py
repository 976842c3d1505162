"""
Take the pictures of docs/gallery.md: real runs against the emulator on this machine, their pages in headless Chromium.

    python docs/gallery.py                      run for some five minutes, and take every picture
    python docs/gallery.py --keep gallery-runs  the same, and keep the runs and pages there
    python docs/gallery.py --from gallery-runs  take the pictures of runs that were kept

Needs Chromium on PATH and the packages of the group dev; pictures are cut to what a page shows of them.
"""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml
from playwright.sync_api import Browser, sync_playwright

PICTURES = Path(__file__).with_name("gallery")
KEYS = {
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    "AWS_EC2_METADATA_DISABLED": "true",
}
ROW = "0.345,0.224414,0.131102,0.042329,0.279923,-0.110329,-0.099358,0.0"
MOST_BYTES = 200_000
WATCHED_S = 50
READ_S = 3


def endpoint(median_ms: float) -> dict[str, object]:
    """A catalogue of 24 models behind memory for 20 of them."""
    return {
        "name": "catalogue",
        "variants": [{"name": "AllTraffic", "instance": {"memory": "4000MiB", "vcpus": 4, "workers": 16}}],
        "overhead": {"lognormal": {"median": "4.5ms", "sigma": 0.1}},
        "download": {"latency": {"lognormal": {"median": "60ms", "sigma": 0.3}}, "bandwidth": "50MiB/s"},
        "load": {"lognormal": {"median": "180ms", "sigma": 0.3}},
        "models": [
            {
                "name": "xgb-{i}.tar.gz", "count": 24, "artefact": "32KiB", "memory": "200MiB",
                "service": {"lognormal": {"median": f"{median_ms}ms", "sigma": 0.3}},
            },
        ],
    }  # fmt: skip


FAULTS = [
    {"latency": {"fixed": "25ms"}, "models": "xgb-?.tar.gz", "after": "75s", "for": "25s"},
    {"error": "ThrottlingException", "ratio": 0.04, "after": "45s", "for": "12s"},
]


def scenario(url: str, rate: object, length: str) -> dict[str, object]:
    """Some traffic for it, in which popular models are called much more often."""
    return {
        "name": "catalogue",
        "endpoint": {"name": "catalogue", "region": "us-east-1", "url": url},
        "models": [
            {
                "name": "xgb-{i}.tar.gz", "count": 24, "popularity": {"zipf": 1.1}, "content_type": "text/csv",
                "payload": ROW,
            },
        ],
        "phases": [{"rate": "60/s", "for": "15s", "warmup": True}, {"rate": rate, "for": length}],
        "slo": ["p50 < 20ms", "p90 < 60ms", "error_rate < 0.1%", "achieved >= 99%", "p99{model=xgb-0.tar.gz} < 1s"],
        "limits": {"connections": 512, "timeout": "10s"},
        "seed": 7,
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Picture:
    """What of which page, how wide, in which theme."""

    name: str
    page: str
    width: int
    theme: str
    part: str = ""
    """Selector of what is shown; empty for the top of the page."""
    height: int = 900
    """Of the window, and of the picture at most."""


SHOWN = (
    Picture("verdict", "run/report.html", 1400, "light", height=760),
    Picture("verdict-dark", "run/report.html", 1400, "dark", height=760),
    Picture("latency", "run/report.html", 1200, "light", "#latency-chart-figure"),
    Picture("percentiles", "run/report.html", 1200, "dark", "#percentiles-chart-figure"),
    Picture("heat", "run/report.html", 1200, "light", "#heat-chart-figure"),
    Picture("heat-dark", "run/report.html", 1200, "dark", "#heat-chart-figure"),
    Picture("models", "run/report.html", 1400, "light", "#model-table", height=620),
    Picture("worst", "run/report.html", 1200, "dark", "#worst"),
    Picture("cold", "run/report.html", 1200, "light", "#cold"),
    Picture("errors", "run/report.html", 1200, "dark", "#errors"),
    Picture("load", "run/report.html", 1200, "light", "#load"),
    Picture("phone", "run/report.html", 375, "light", height=812),
    Picture("phone-dark", "run/report.html", 375, "dark", "#latency", height=1400),
    Picture("compared", "compared.html", 1200, "light", "#interval-chart-figure"),
    Picture("compared-latency", "compared.html", 1200, "dark", "#latency", height=620),
)


def main(arguments: Sequence[str]) -> None:
    """Run, and take the pictures."""
    parser = argparse.ArgumentParser("python docs/gallery.py", description=(__doc__ or "").strip().split("\n")[0])
    parser.add_argument("--keep", type=Path, help="where to keep the runs and pages")
    parser.add_argument("--from", dest="kept", type=Path, help="runs and pages that were kept")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as passing:
        home = asked.kept or asked.keep or Path(passing)
        if asked.kept is None:
            home.mkdir(parents=True, exist_ok=True)
            make(home)
        with chromium() as browser:
            for picture in SHOWN:
                take(browser, home, picture)
            take_live(browser, home)
            take_runs(browser, home)


def make(home: Path) -> None:
    """One run with a stall, throttling and slow models in it, and two without, of which the second is slower."""
    for name, median_ms, faults, rate, length in (
        ("run", 3.1, [*FAULTS, {"stall": "1500ms", "after": "30s"}], {"from": "100/s", "to": "200/s"}, "105s"),
        ("before", 3.1, [], "120/s", "60s"),
        ("after", 4.0, [], "120/s", "60s"),
    ):
        (home / "emulator.yaml").write_text(yaml.safe_dump({"endpoints": [endpoint(median_ms)], "faults": faults}))
        with emulator(home / "emulator.yaml") as url:
            (home / "scenario.yaml").write_text(yaml.safe_dump(scenario(url, rate, length)))
            shutil.rmtree(home / name, ignore_errors=True)
            asyncload("run", "scenario.yaml", "--out", name, "--quiet", cwd=home)
    asyncload("compare", "before", "after", "--html", "compared.html", cwd=home)


def asyncload(*words: str, cwd: Path) -> None:
    """Carry out a command; that a run is INVALID or misses an objective is no failure."""
    done = subprocess.run(
        [sys.executable, "-m", "asyncload", *words],
        cwd=cwd, env={**os.environ, **KEYS}, stdout=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    if done.returncode not in (0, 3, 4):
        raise SystemExit(f"asyncload {' '.join(words)} ended with {done.returncode}")


@contextmanager
def emulator(config: Path) -> Iterator[str]:
    """Start an emulator, give its address, and end it."""
    command = [sys.executable, "-m", "asyncload", "emulate", "--port", "0", str(config)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            if not line.startswith("listening on "):
                raise SystemExit(f"the emulator did not start: {line!r}")
            yield line.split()[2]
        finally:
            process.terminate()


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's, or whatever is called like it."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        raise SystemExit("no Chromium on PATH (Debian: chromium)")
    arguments = ["--disable-gpu", "--no-first-run", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=arguments)
        yield browser
        browser.close()


@contextmanager
def printed_address(*words: str, cwd: Path) -> Iterator[str]:
    """Start a command that prints an address on standard error, give that, and end it."""
    command = [sys.executable, "-m", "asyncload", *words]
    with subprocess.Popen(
        command, cwd=cwd, env={**os.environ, **KEYS}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            said = process.stderr.readline() if process.stderr else ""
            found = re.search(r"http://\S+", said)
            if found is None:
                raise SystemExit(f"asyncload {' '.join(words)} did not start: {said}")
            yield found[0]
        finally:
            process.send_signal(signal.SIGINT)


def take_live(browser: Browser, home: Path) -> None:
    """Take a page while its run lasts."""
    (home / "emulator.yaml").write_text(yaml.safe_dump({"endpoints": [endpoint(3.1)]}))
    with emulator(home / "emulator.yaml") as url, tempfile.TemporaryDirectory() as passing:
        Path(passing, "scenario.yaml").write_text(yaml.safe_dump(scenario(url, "120/s", "60s")))
        words = ("run", "scenario.yaml", "--web", "--web-control", "--quiet", "--no-html")
        with printed_address(*words, cwd=Path(passing)) as address:
            snap(browser, "live", address, WATCHED_S, 1050)


def take_runs(browser: Browser, home: Path) -> None:
    """Take the table of the runs that were made for the other pictures."""
    with printed_address("serve", ".", cwd=home) as address:
        snap(browser, "runs", address, READ_S, 450)


def snap(browser: Browser, name: str, address: str, wait_s: float, height: int) -> None:
    """Take the top of a page that is served, some time after it was opened."""
    page = browser.new_page(viewport={"width": 1400, "height": height}, color_scheme="light")
    page.goto(address)
    page.wait_for_timeout(1000 * wait_s)
    path = PICTURES / f"{name}.png"
    page.screenshot(path=path)
    page.close()
    sys.stdout.write(f"{path}  {path.stat().st_size // 1000} kB\n")


def take(browser: Browser, home: Path, picture: Picture) -> None:
    """Open a page, have everything drawn, and write what is to be shown of it."""
    size = {"width": picture.width, "height": picture.height}
    context = browser.new_context(viewport=size, color_scheme=picture.theme)  # type: ignore[arg-type]  # of a literal
    page = context.new_page()
    page.goto((home / picture.page).absolute().as_uri())
    page.evaluate("charts.all()")
    page.add_style_tag(content=".bar { position: static !important; }")  # it would lie over what is cut out
    page.wait_for_timeout(500)  # charts take their width at the next frame
    path = PICTURES / f"{picture.name}.png"
    clip = None
    if picture.part:
        box = page.locator(picture.part).bounding_box()
        if box is None:
            raise SystemExit(f"{picture.page} has no {picture.part}")
        clip = {
            "x": max(box["x"] - 12, 0), "y": max(box["y"] - 2, 0), "width": min(box["width"] + 24, picture.width),
            "height": min(box["height"] + 12, picture.height),
        }  # fmt: skip
    page.screenshot(path=path, clip=clip, full_page=bool(clip))  # type: ignore[arg-type]  # of a typed dict
    context.close()
    note = "" if path.stat().st_size < MOST_BYTES else "  too large"
    sys.stdout.write(f"{path}  {path.stat().st_size // 1000} kB{note}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
