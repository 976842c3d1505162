"""The page of a run under way, in a real browser: it fills, it stops the run, and it keeps what it has."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import Browser, Page, expect

from asyncload.store import read
from tests.browser.conftest import Heard, Open
from tests.real.servers import RunningEmulator, emulator
from tests.real.watched import Watched, gone, until, watched

CHARTS = ("lateness-chart", "latency-chart", "percentiles-chart", "heat-chart", "rate-chart", "flight-chart")


@pytest.fixture(scope="module")
def target() -> Iterator[RunningEmulator]:
    with emulator() as running:
        yield running


@contextmanager
def another_server() -> Iterator[str]:
    """A page of another origin: another port of this machine."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Blank) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


class Blank(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>another</title>")

    def log_message(self, *_: object) -> None: ...


def looking(run: Watched, opened: Open, heard: Heard, **more: object) -> Page:
    """Open the page as the terminal's link does, and wait until it has heard of the run."""
    heard.allowed.append(f"http://127.0.0.1:{run.address.port}/")
    page = opened(run.address.url, **more)
    page.on("dialog", lambda dialog: dialog.accept())
    expect(page.locator("#word")).to_contain_text("so far")
    return page


def true(page: Page, script: str) -> None:
    """Wait for something in the page; not by Playwright's own means, for these need `eval`, which the page forbids."""
    until(lambda: bool(page.evaluate(script)), script, pause=lambda: page.wait_for_timeout(50))


def points(page: Page, chart: str) -> int:
    """How many points the last line of a chart has; 0 before it is drawn."""
    found: int = page.evaluate(f"document.querySelector('#{chart} .plot')?.data?.at(-1)?.x?.length ?? 0")
    return found


def test_the_page_fills_while_the_run_lasts(
    target: RunningEmulator, tmp_path: Path, opened: Open, heard: Heard
) -> None:
    """Each chart and the table get their data, and more of them as seconds pass; the token leaves the address."""
    with watched(tmp_path, target, seconds=60) as run:
        page = looking(run, opened, heard)
        assert page.url == f"http://127.0.0.1:{run.address.port}/"
        expect(page.locator("#name")).to_have_text("test")
        expect(page.locator("#clock")).to_contain_text("of 1m 0s")
        expect(page.locator("#link")).to_have_text("live")
        expect(page.locator("#stop")).to_be_hidden()
        for chart in CHARTS:
            page.locator(f"#{chart}").scroll_into_view_if_needed()
            true(page, f"document.querySelector('#{chart} .plot')?.data?.length > 0")
        for name in ("response", "lateness"):
            expect(page.locator(f"#{name}-want")).to_have_text("For want of calls: no p99, which takes 368 in 1 s.")
            chart = {"response": "percentiles", "lateness": "lateness"}[name]
            p99 = page.evaluate(
                f"document.querySelector('#{chart}-chart .plot').data.find(line => line.name === 'p99').y"
            )
            assert p99
            assert set(p99) == {None}, "the slowest of a hundred calls is no p99"
        true(page, "document.querySelector('#latency-chart .plot').data.some(line => line.error_y?.array?.length)")
        page.locator("#model-table").scroll_into_view_if_needed()
        expect(page.locator("#model-table tbody th")).to_have_text(["xgboost-0.tar.gz", "xgboost-1.tar.gz"])
        page.locator("#lateness-chart").scroll_into_view_if_needed()
        before = points(page, "lateness-chart")
        true(page, f"document.querySelector('#lateness-chart .plot').data.at(-1).x.length > {before}")
        page.get_by_role("button", name="p50").first.click()
        shown = "document.querySelector('#lateness-chart .plot').data.find(line => line.name === 'p50').visible"
        assert page.evaluate(shown) is False
        seen = points(page, "lateness-chart")
        true(page, f"document.querySelector('#lateness-chart .plot').data.at(-1).x.length > {seen}")
        assert page.evaluate(shown) is False, "what the legend hides stays hidden when news come"


def test_what_nobody_sees_is_not_drawn(target: RunningEmulator, tmp_path: Path, opened: Open, heard: Heard) -> None:
    """The run may need that core."""
    with watched(tmp_path, target, seconds=60) as run:
        page = looking(run, opened, heard)
        true(page, "document.querySelector('#lateness-chart .plot')?.data?.at(-1).x.length > 1")
        assert points(page, "flight-chart") == 0


def test_stop_ends_the_run_and_the_page_keeps_what_it_has(
    target: RunningEmulator, tmp_path: Path, opened: Open, heard: Heard
) -> None:
    """The result, the report as a file, and no server any more."""
    with watched(tmp_path, target, "--web-control", seconds=60) as run:
        page = looking(run, opened, heard)
        child = run.child()
        page.get_by_role("button", name="Stop").click()
        expect(page.locator("#end")).to_contain_text("The run has ended", timeout=30_000)
        code, *_ = run.wait()
        assert code == 130
        until(lambda: gone(child), "the page's process to end")
        expect(page.locator("#link")).to_have_text("ended")
        expect(page.locator("#said")).to_contain_text("interrupted")
        began_ms = read(run.out).health.started_unix_ns // 1_000_000
        began = page.evaluate(f"new Date({began_ms}).toLocaleString()")
        expect(page.locator("#clock")).to_contain_text(f"Started {began} · ")
        for words in page.get_by_text("so far").all():
            expect(words).to_be_hidden()
        expect(page.locator("#tiles")).to_contain_text("independent calls, has")
        page.locator("#rate-chart").scroll_into_view_if_needed()
        true(page, "document.querySelector('#rate-chart .plot')?.data?.length > 0")
        rate = "document.querySelector('#rate-chart .plot').data.map(line => line.y.filter(y => y !== null).at(-1))"
        asked, achieved = page.evaluate(rate)
        assert achieved > asked / 2, "of the part of the last second in which calls were sent"
        with page.expect_download() as saved:
            page.get_by_role("link", name="save the report").click()
        expect(page.locator("#word")).to_have_text("VALID" if read(run.out).verdict.valid else "INVALID")
    assert Path(saved.value.path()).read_bytes() == (run.out / "report.html").read_bytes()


def test_a_page_that_is_opened_at_the_end_shows_the_whole_run(
    target: RunningEmulator, tmp_path: Path, opened: Open, heard: Heard
) -> None:
    """Who comes late has missed nothing."""
    with watched(tmp_path, target, "--web-control", seconds=60) as run:
        first = looking(run, opened, heard)
        true(first, "document.querySelector('#lateness-chart .plot')?.data?.at(-1).x.length > 1")
        second = looking(run, opened, heard)
        true(second, "document.querySelector('#lateness-chart .plot')?.data?.at(-1).x.length > 1")
        assert second.evaluate("document.querySelector('#lateness-chart .plot').data.at(-1).x[0]") == 0
        first.get_by_role("button", name="Stop").click()
        for page in (first, second):
            expect(page.locator("#end")).to_contain_text("The run has ended", timeout=30_000)
        run.wait()


def test_a_run_that_is_killed_is_told(target: RunningEmulator, tmp_path: Path, browser: Browser) -> None:
    with watched(tmp_path, target, seconds=60) as run:
        page = browser.new_page()
        try:
            page.goto(run.address.url)
            expect(page.locator("#word")).to_contain_text("so far", timeout=20_000)
            run.process.kill()
            expect(page.locator("#end")).to_contain_text("has gone", timeout=20_000)
        finally:
            page.close()


def test_who_may_not_look_sees_nothing(target: RunningEmulator, tmp_path: Path, browser: Browser) -> None:
    """Without a token, with a wrong one, and by another name whose address is ours."""
    with watched(tmp_path, target, seconds=60) as run:
        port, token = run.address.port, run.address.token
        for address in (
            f"http://127.0.0.1:{port}/",
            f"http://127.0.0.1:{port}/?token=wrong",
            f"http://evil.localhost:{port}/?token={token}",
        ):
            page = browser.new_page()
            try:
                answer = page.goto(address)
                assert answer is not None
                assert answer.status == 403, address
                assert "xgboost" not in page.content()
            finally:
                page.close()


def test_another_page_can_do_nothing(target: RunningEmulator, tmp_path: Path, browser: Browser) -> None:
    """Of a browser that has our cookie: neither stop the run, nor read it, nor show it in a frame."""
    with watched(tmp_path, target, "--web-control", seconds=60) as run, another_server() as elsewhere:
        context = browser.new_context()
        try:
            ours = context.new_page()
            ours.goto(run.address.url)
            expect(ours.locator("#word")).to_contain_text("so far", timeout=20_000)
            theirs = context.new_page()
            theirs.goto(elsewhere)
            base = f"http://127.0.0.1:{run.address.port}"
            post = "{method: 'POST', mode: 'no-cors', credentials: 'include'}"
            theirs.evaluate(f"fetch('{base}/stop', {post}).then(() => 0, () => 0)")
            get = f"fetch('{base}/events', {{credentials: 'include'}}).then(() => 'read', () => 'refused')"
            assert theirs.evaluate(get) == "refused"
            expect(ours.locator("#link")).to_have_text("live")
            assert run.process.poll() is None
            framed = f"""new Promise(done => {{
                const frame = document.createElement('iframe');
                frame.src = '{base}/';
                frame.onload = () => done(frame.contentDocument === null ? 'refused' : 'shown');
                document.body.append(frame);
            }})"""
            assert theirs.evaluate(framed) == "refused"
            assert run.process.poll() is None
        finally:
            context.close()
