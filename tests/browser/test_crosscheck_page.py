"""The page of a crosscheck in a real browser."""

from pathlib import Path

from asyncload.crosscheck.page import page as page_of
from tests.browser.conftest import Open
from tests.unit.test_crosscheck_faces import healthy, outcome


def test_a_crosscheck_draws_both_sides_and_their_single_runs(opened: Open, tmp_path: Path) -> None:
    """Two buttons in the legend, a line for each of ten runs behind the two thick ones, and the theme of all pages."""
    path = tmp_path / "crosscheck.html"
    evil = ("</script><script>alert(1)</script>", "<img src=x onerror=alert(2)>")
    path.write_text(page_of(outcome(healthy(evil), evil)), encoding="utf-8")
    page = opened(path, width=375)
    page.wait_for_selector("#curves .main-svg")
    assert page.locator("#curves .legend button").all_inner_texts() == ["asyncload", "Locust"]
    traces = page.evaluate("document.querySelector('#curves .plot').data.map(trace => trace.line.width)")
    assert traces.count(1) == 10
    page.locator("#curves .legend button", has_text="Locust").click()
    shown = page.evaluate("document.querySelector('#curves .plot').data.filter(t => t.visible !== false).length")
    assert shown == 6
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    page.get_by_role("button", name="Use the dark theme").click()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
