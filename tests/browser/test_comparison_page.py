"""The page of a comparison in a real browser: two runs of ours, three, and another tool's result among them."""

from pathlib import Path

import pytest

from asyncload.difference import differences
from asyncload.formats.own import reading
from asyncload.formats.recording import Recording
from asyncload.formats.sniff import open_any
from asyncload.report.comparison.sides import Sides
from asyncload.report.page.comparison import comparison
from bench.hour import Hour
from tests.browser.conftest import Open

RESULTS = Path(__file__).parents[1] / "results"
EVIL = "</script><script>alert(1)</script>-{i}"


def run(seed: int, length_s: int = 90, names: str = "model-{i}.tar.gz") -> Recording:
    return Hour(models=12, length_s=length_s, rate_per_s=100, seed=seed, names=names).recording()


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of two runs of different length, with what surely differs."""
    a, b = run(7), run(8, 120)
    found = differences([a], [b], sources=(("runs/before",), ("runs/after",)))
    sides = Sides((reading(a.result, "runs/before"), reading(b.result, "runs/after")))
    path = tmp_path_factory.mktemp("compared") / "compared.html"
    path.write_text(comparison(sides, [a, b], found), encoding="utf-8")
    return path


def test_two_runs_lie_over_each_other(opened: Open, two: Path) -> None:
    """Curves of both views, four courses from one zero, and the longer run reaches further."""
    page = opened(two)
    page.evaluate("charts.all()")
    charts = [place.get_attribute("id") for place in page.locator(".chart").all()]
    assert charts == [
        "interval-chart", "latency-0", "latency-1", "p50-chart", "p99-chart", "rate-chart", "errors-chart",
    ]  # fmt: skip
    for chart in charts[1:]:
        assert len(page.locator(f"#{chart} .legend button").all()) == 2
    ends = page.evaluate(
        "document.querySelector('#p99-chart .plot').data.map(t => t.y.filter(y => y !== undefined).length)"
    )
    assert ends[0] < ends[1]
    assert page.evaluate("document.querySelector('#p99-chart .plot').data[0].x[0]") == 0


def test_differences_stand_with_their_intervals(opened: Open, two: Path) -> None:
    """In words, as a picture, and in the table, where those that are sure come first."""
    page = opened(two)
    assert "what differs" in page.locator("#differences h2").inner_text().lower()
    assert page.locator("#differences li").count() > 3
    first = page.locator("#model-table tbody tr").first
    assert first.locator("td.words").inner_text() != ""
    assert " to " in first.locator("small").first.inner_text()
    assert page.locator("#model-table thead th").last.get_attribute("aria-sort") == "descending"
    page.get_by_role("searchbox").fill("model-11")
    assert page.locator("#model-table tbody th").all_inner_texts() == ["model-11.tar.gz"]


def test_no_width_makes_the_page_scroll_sideways(opened: Open, two: Path) -> None:
    """Like the page of a run."""
    page = opened(two, width=1400)
    page.evaluate("charts.all()")
    for width in (1400, 900, 375):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_three_sources_of_which_one_is_another_tools(opened: Open, tmp_path: Path) -> None:
    """Vegeta's report has a curve of the points that it states, no course, and no row; hostile names do nothing."""
    a, b = run(7, names=EVIL), run(8, names=EVIL)
    other = open_any(RESULTS / "vegeta-report.json")
    sides = Sides((reading(a.result, "a"), reading(b.result, "b"), other))
    path = tmp_path / "compared.html"
    path.write_text(comparison(sides, [a, b, None], None), encoding="utf-8")
    page = opened(path)
    page.evaluate("charts.all()")
    views = [place.get_attribute("data-label") for place in page.locator("#latency .chart").all()]
    assert len(views) == 2
    sent = next(i for i, label in enumerate(views) if label and "sent" in label)
    legend = page.locator(f"#latency-{sent} .legend button").all_inner_texts()
    assert [label.split()[0] for label in legend] == ["A", "B", "C"]
    assert page.locator("#p99-chart .legend button").all_inner_texts() == ["A", "B"]
    assert page.locator("#interval-chart").count() == 0
    assert set(page.locator("#model-table tbody th").all_inner_texts()) == {EVIL.format(i=i) for i in range(12)}
    heads = page.locator("#model-table thead button").all_inner_texts()
    assert any("B against A" in head for head in heads)
