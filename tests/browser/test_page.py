"""The page of a run in a real browser: it draws, sorts, searches, zooms, and asks for nothing."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page

from asyncload.call import Outcome
from asyncload.formats.recording import Recording
from asyncload.report.page import page as page_of
from bench.hour import Hour
from tests.browser.conftest import Open
from tests.unit.recordings import Made, recording

CHARTS = (
    "lateness-chart", "latency-chart", "percentiles-chart", "heat-chart", "cold-chart", "errors-chart", "rate-chart",
    "flight-chart",
)  # fmt: skip
EVIL = (
    "</script><script>alert(1)</script>", "<img src=x onerror=alert(2)>", "\"'`&amp;<b>bold</b>", "モデル-é-🦆.tar.gz",
    "%{y}<a href='http://example.invalid/'>x</a>",
)  # fmt: skip
MS = 1_000_000
FOCUSED = """(element => {
    const kinds = {".skip": "skip", "nav a": "section", "[data-theme-toggle]": "theme", ".plot": "plot",
                   ".legend button": "legend", "summary": "numbers", "input": "search", "th button": "heading",
                   ".scroll": "scroll", "pre": "scenario"};
    return Object.entries(kinds).find(([selector]) => element.matches(selector))?.[1] ?? element.tagName;
})(document.activeElement)"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of 60 models over two minutes, with a warm-up, cold calls and errors."""
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(page_of(Hour(models=60, length_s=120).recording()), encoding="utf-8")
    return path


def drawn(page: Page) -> Page:
    """Have every chart drawn, also those out of sight."""
    page.evaluate("charts.all()")
    return page


def names(page: Page) -> list[str]:
    return page.locator("#model-table tbody th").all_inner_texts()


def head(page: Page, title: str) -> Locator:
    return page.locator("#model-table thead th").filter(has=page.get_by_role("button", name=title, exact=True))


def data(page: Page) -> Any:
    return page.evaluate("JSON.parse(document.getElementById('data').textContent)")


def x_range(page: Page, chart: str) -> Sequence[float]:
    found: Sequence[float] = page.evaluate(f"document.querySelector('#{chart} .plot')._fullLayout.xaxis.range")
    return found


def test_every_chart_is_drawn_with_units_on_its_axes(opened: Open, run: Path) -> None:
    """Eight of them; a title of an axis ends with its unit, or says what is counted."""
    page = drawn(opened(run))
    assert [place.get_attribute("id") for place in page.locator(".chart").all()] == list(CHARTS)
    for chart in CHARTS:
        layout = page.evaluate(f"document.querySelector('#{chart} .plot')._fullLayout")
        x, y = (layout[axis]["title"]["text"] for axis in ("xaxis", "yaxis"))
        assert x.endswith(", s") or x.startswith("percentile of calls")
        assert y.endswith((", ms", ", 1/s")) or y == "calls"
        assert page.locator(f"#{chart} .main-svg").count() > 0


def test_no_percentile_over_time_is_of_fewer_calls_than_it_takes(opened: Open, tmp_path: Path) -> None:
    """At 100/s p99 holds for 5 s, in a step, and of the two models p90 is drawn in its stead; at 2/s none is."""
    for every_ms, legend, words, tail in (
        (10, ["max", "p99", "p90", "p50"], "p99 of each 5 s, in steps", "p90"),
        (500, ["max", "p90", "p50"], "no p99, which takes 368 in 60 s", "p50"),
    ):
        path = tmp_path / f"{every_ms}.html"
        calls = [Made(i * every_ms * MS, i % 2, 5_000 + 10 * (i % 7)) for i in range(60_000 // every_ms)]
        made = recording(calls, length_s=60)
        path.write_text(page_of(made), encoding="utf-8")
        page = drawn(opened(path))
        assert page.locator("#percentiles-chart .legend button").all_inner_texts() == legend
        assert words in page.locator("#percentiles-chart-figure figcaption").inner_text()
        assert words in page.locator("#lateness-chart-figure figcaption").inner_text()
        plot = "document.querySelector('#percentiles-chart .plot').data"
        shapes = {name: page.evaluate(f"{plot}.find(t => t.name === '{name}').line.shape") for name in legend}
        assert shapes.get("p99", "hv") == "hv"
        assert shapes["max"] == "linear"
        if every_ms == 10:
            assert page.locator("#worst").locator("xpath=preceding-sibling::p[1]").inner_text().count(tail) == 1
            assert page.locator("#worst svg").first.locator("path.tail").count() == 1
        else:
            assert page.locator("#worst").count() == 0
            assert "none has calls enough in any 1 s" in page.locator("#models").inner_text()
        assert page.locator("#model-table thead", has_text=f"{tail} over time").count() == (every_ms == 10)


def test_what_is_out_of_sight_is_drawn_when_it_is_scrolled_to(opened: Open, run: Path) -> None:
    """The last chart is empty until somebody comes near it."""
    page = opened(run)
    assert page.locator("#flight-chart .main-svg").count() == 0
    page.locator("#flight-chart").scroll_into_view_if_needed()
    page.wait_for_selector("#flight-chart .main-svg")


def test_the_table_sorts_by_each_of_its_headings(opened: Open, run: Path) -> None:
    """First by what ranks them, highest first; then by calls, either way; by name in the order of its numbers."""
    page = opened(run)
    models = data(page)["models"]
    assert models["by"] != "p99", "most of these have too few calls for it, but not all"
    assert any(models["p99"]["value"])
    assert head(page, models["by"]).get_attribute("aria-sort") == "descending"
    values = models[models["by"]]["value"]
    worst = values.index(max(each for each in values if each is not None))
    assert names(page)[0] == models["name"][worst]
    assert page.locator("#worst figcaption").first.inner_text().startswith(names(page)[0])
    assert page.locator("#model-table tbody tr").first.locator("small").count() >= 3, "intervals"
    page.get_by_role("button", name="calls", exact=True).click()
    assert head(page, "calls").get_attribute("aria-sort") == "descending"
    assert head(page, "p99").get_attribute("aria-sort") is None
    assert names(page)[0] == models["name"][models["calls"].index(max(models["calls"]))]
    page.get_by_role("button", name="calls", exact=True).click()
    assert names(page)[0] == models["name"][models["calls"].index(min(models["calls"]))]
    page.get_by_role("button", name="model", exact=True).click()
    assert names(page)[:3] == ["model-0.tar.gz", "model-1.tar.gz", "model-2.tar.gz"]


def test_a_number_that_is_none_comes_last_whichever_way(opened: Open, run: Path) -> None:
    """p99.9 of most models is not supported."""
    page = opened(run)
    for _ in range(2):
        page.locator("#model-table thead button", has_text="p99.9").click()
        column = page.locator("#model-table tbody tr td:nth-child(8)")
        assert column.first.inner_text() != "-"
        if (more := page.get_by_role("button", name="Show 35 more")).is_visible():
            more.click()
        assert column.last.inner_text() == "-"


def test_the_search_finds_parts_of_names_and_says_how_many(opened: Open, run: Path) -> None:
    """Several words are all meant; an empty search shows all again."""
    page = opened(run)
    box = page.get_by_role("searchbox")
    box.fill("MODEL-1 tar")
    assert set(names(page)) == {f"model-{i}.tar.gz" for i in (1, *range(10, 20))}
    assert "11 of 60 models" in page.locator("#model-table .tools").first.inner_text()
    box.fill("no such")
    assert names(page) == []
    box.fill("")
    assert "60 models" in page.locator("#model-table .tools").first.inner_text()


def test_many_models_are_shown_when_asked_for(opened: Open, run: Path) -> None:
    """The first 25, then the rest."""
    page = opened(run)
    assert len(names(page)) == 25
    page.get_by_role("button", name="Show 35 more").click()
    assert len(names(page)) == 60
    assert not page.get_by_role("button", name="more").is_visible()


def test_models_have_their_course_beside_them(opened: Open, run: Path) -> None:
    """Two lines in a row, with as many points as the run has parts."""
    page = opened(run)
    row = page.locator("#model-table tbody tr").first
    assert row.locator("svg.spark path").count() == 2
    line = next(line for line in data(page)["models"]["tail_line"] if set(line) != {"-"})
    assert len(line) == 60


def test_the_legend_hides_and_shows_and_stays_through_a_change_of_theme(opened: Open, run: Path) -> None:
    """Buttons that are pressed or not; what is hidden is not drawn."""
    page = drawn(opened(run))
    visible = "document.querySelector('#percentiles-chart .plot').data.map(t => t.visible !== false)"
    assert page.evaluate(visible) == [True] * 4
    button = page.locator("#percentiles-chart .legend button", has_text="p99")
    button.click()
    assert button.get_attribute("aria-pressed") == "false"
    assert page.evaluate(visible).count(False) == 1
    page.locator("[data-theme-toggle]").click()
    assert page.evaluate(visible).count(False) == 1
    button.click()
    assert page.evaluate(visible) == [True] * 4


def test_the_limit_of_lateness_is_a_line_that_the_legend_names(opened: Open, run: Path) -> None:
    """No text lies over the lines; that they cross it for a moment is not said to make a run INVALID."""
    page = drawn(opened(run))
    limit_ms = data(page)["limit_ms"]
    assert page.locator("#lateness-chart .annotation").count() == 0
    button = page.locator("#lateness-chart .legend button", has_text="limit of p99: ")
    line = page.evaluate("document.querySelector('#lateness-chart .plot').data.at(-1)")
    assert (line["name"], line["y"]) == (button.inner_text(), [limit_ms, limit_ms])
    assert line["x"] == [data(page)["course"]["x"][place] for place in (0, -1)]
    low, high = page.evaluate("document.querySelector('#lateness-chart .plot')._fullLayout.yaxis.range")
    assert low <= math.log10(limit_ms) <= high, "on a logarithmic axis"
    said = page.locator("figure:has(#lateness-chart) figcaption").inner_text()
    assert "above it for a moment is no reason by itself" in said
    page.locator("#lateness-chart summary").click()
    assert page.locator("#lateness-chart .numbers thead th").all_inner_texts() == ["time, s", "max", "p99", "p50"]


def test_charts_over_time_zoom_together(opened: Open, run: Path) -> None:
    """A drag over one of them; a double click shows all again; the curve by percentile has an axis of its own."""
    page = drawn(opened(run))
    before, alone = x_range(page, "rate-chart"), x_range(page, "latency-chart")
    start = "document.querySelector('#rate-chart .plot')._fullLayout.xaxis.range[0]"
    layer = page.locator("#percentiles-chart .nsewdrag").first
    layer.scroll_into_view_if_needed()
    box = layer.bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.25, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, y, steps=5)
    page.mouse.up()
    page.wait_for_function(f"() => {start} > {before[0] + 1}")
    from_s, to_s = x_range(page, "percentiles-chart")
    assert 20 < from_s < 40 < to_s < 80
    assert x_range(page, "rate-chart") == pytest.approx([from_s, to_s])
    assert x_range(page, "heat-chart") == pytest.approx([from_s, to_s])
    assert x_range(page, "latency-chart") == alone
    layer.dblclick()
    page.wait_for_function(f"() => {start} < {before[0] + 1}")


def test_a_chart_zooms_and_moves_by_keyboard(opened: Open, run: Path) -> None:
    """Plus, arrow, minus, and 0 for everything."""
    page = drawn(opened(run))
    plot = page.locator("#rate-chart .plot")
    plot.focus()
    full = x_range(page, "rate-chart")
    page.keyboard.press("+")
    near = x_range(page, "rate-chart")
    assert near[1] - near[0] == pytest.approx((full[1] - full[0]) / 2)
    page.keyboard.press("ArrowRight")
    assert x_range(page, "rate-chart")[0] > near[0]
    page.keyboard.press("-")
    assert x_range(page, "rate-chart")[1] - x_range(page, "rate-chart")[0] > near[1] - near[0]
    page.keyboard.press("0")
    assert x_range(page, "rate-chart") == pytest.approx(full)


def test_the_theme_follows_the_system_and_then_the_button(opened: Open, run: Path) -> None:
    """Colours of the page and of a chart change; the choice outlives a reload."""
    page = opened(run, theme="dark")
    back = "getComputedStyle(document.body).backgroundColor"
    paper = "document.querySelector('#lateness-chart .plot')._fullLayout.paper_bgcolor"
    page.wait_for_selector("#lateness-chart .main-svg")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    dark = page.evaluate(back), page.evaluate(paper)
    page.get_by_role("button", name="Use the light theme").click()
    light = page.evaluate(back), page.evaluate(paper)
    assert dark[0] != light[0]
    assert dark[1] != light[1]
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "light"


def test_everything_can_be_reached_by_keyboard(opened: Open, run: Path) -> None:
    """Tab comes by the skip link, the sections, the theme, a chart, its numbers, the search and the headings."""
    page = drawn(opened(run))
    met = set()
    for _ in range(200):
        page.keyboard.press("Tab")
        met.add(page.evaluate(FOCUSED))
        if "scenario" in met:
            break
    assert met >= {"skip", "section", "theme", "plot", "legend", "numbers", "search", "heading", "scroll", "scenario"}
    page.locator("#model-table thead button").nth(1).focus()
    page.keyboard.press("Enter")
    assert page.locator("#model-table thead th").nth(1).get_attribute("aria-sort") == "descending"


def test_the_numbers_behind_a_chart_can_be_read_as_a_table(opened: Open, run: Path) -> None:
    """As many rows as the chart has points, and the percentiles by name."""
    page = drawn(opened(run))
    page.locator("#percentiles-chart summary").click()
    table = page.locator("#percentiles-chart .numbers table")
    assert table.locator("thead th").all_inner_texts() == ["time, s", "max", "p99", "p90", "p50"]
    assert table.locator("tbody tr").count() == len(data(page)["course"]["x"])
    page.locator("#latency-chart summary").click()
    assert "50 %" in page.locator("#latency-chart .numbers table tbody").inner_text()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_width_makes_the_page_scroll_sideways(opened: Open, run: Path, theme: str) -> None:
    """A phone, half a screen, a screen: only tables scroll, inside of their own frame."""
    page = drawn(opened(run, width=1400, theme=theme))
    for width in (1400, 900, 375):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        for chart in CHARTS:  # they take their width a while after the window
            svg = f"document.querySelector('#{chart} .main-svg').getBoundingClientRect()"
            page.wait_for_function(f"() => {svg}.right <= {width} && {svg}.width > {min(width, 375) * 0.7}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def hostile() -> Recording:
    calls = [
        Made(due_ns=i * 10 * MS, model=i % len(EVIL), outcome=Outcome.THROTTLED if i % 7 == 0 else Outcome.OK)
        for i in range(600)
    ]
    return recording(calls, EVIL, length_s=6, warmup_s=1, scenario={"name": EVIL[0], "models": list(EVIL)})


def test_hostile_names_are_shown_and_do_nothing(opened: Open, tmp_path: Path) -> None:
    """Tags, quotes, templates and other alphabets are text; nothing of them is carried out or asked for."""
    path = tmp_path / "report.html"
    path.write_text(page_of(hostile()), encoding="utf-8")
    page = opened(path)
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    drawn(page)
    assert set(names(page)) == set(EVIL)
    assert EVIL[0] in page.locator("h1").inner_text()
    assert EVIL[0] in page.title()
    assert page.locator("img, iframe").count() == 0
    assert page.locator("#worst figcaption").count() == len(EVIL)
    for panel in page.locator("#worst svg").all():
        labels = panel.locator("text[text-anchor=end]").all_text_contents()[:-1]  # the last is of the time
        assert len(labels) >= 2
        assert [label.partition(" ")[2] for label in labels] == [""] * (len(labels) - 1) + ["ms"]
        assert all(label.partition(" ")[0].strip("0.,") in {"1", "2", "5"} for label in labels)


def test_the_policy_carries_out_nothing_but_the_pages_own_scripts(opened: Open, run: Path, heard: Any) -> None:
    """A script that is put in afterwards is refused, and that is an error on the console."""
    page = opened(run)
    script = "Object.assign(document.createElement('script'), {textContent: 'window.ran = 1'})"
    page.evaluate(f"document.body.append({script})")
    assert page.evaluate("window.ran") is None
    assert any("Content Security Policy" in error for error in heard.errors)
    heard.errors.clear()


def test_a_result_without_its_history_says_what_is_left_out(opened: Open, tmp_path: Path) -> None:
    """No lines in the table, no panels of the worst; everything else is there."""
    whole = Hour(models=5, length_s=60).recording()
    path = tmp_path / "report.html"
    path.write_text(page_of(Recording(whole.result, None)), encoding="utf-8")
    page = drawn(opened(path))
    assert "without its run directory" in page.locator("#verdict").inner_text()
    assert page.locator("#model-table .spark").count() == 0
    assert page.locator("#worst").count() == 0
    assert len(names(page)) == 5
    assert page.locator("#percentiles-chart .main-svg").count() > 0


@pytest.mark.parametrize(
    "made",
    [
        recording([], ("a",)),
        recording([Made(due_ns=0, model=0)], ("a",), length_s=1),
        recording([Made(due_ns=i * MS, model=0, outcome=Outcome.CONNECT) for i in range(2000)], ("a",)),
    ],
    ids=["no call", "one call", "all failed"],
)
def test_a_run_with_next_to_nothing_in_it_has_a_page(opened: Open, tmp_path: Path, made: Recording) -> None:
    """No call at all, one call, calls that all failed: no error, and the verdict is there."""
    path = tmp_path / "report.html"
    path.write_text(page_of(made), encoding="utf-8")
    page = drawn(opened(path))
    assert page.locator("h1").inner_text().startswith(("VALID", "INVALID"))
    assert names(page) == ["a"]
    if made.result.totals.ok == 0:
        assert page.locator("#percentiles-chart, #latency-chart").count() == 0, "no axes around nothing"
        told = page.locator("#latency p").all_inner_texts()
        assert told
        assert set(told) == {"No call was answered, so there is nothing to draw."}


def test_a_thousand_models_over_an_hour_make_a_page_under_six_megabytes(opened: Open, tmp_path: Path) -> None:
    """And it sorts, searches and draws as any other."""
    text = page_of(Hour().recording())
    assert len(text.encode()) < 6_000_000
    path = tmp_path / "report.html"
    path.write_text(text, encoding="utf-8")
    page = drawn(opened(path))
    page.get_by_role("searchbox").fill("model-999.")
    assert names(page) == ["model-999.tar.gz"]
    page.get_by_role("searchbox").fill("")
    page.get_by_role("button", name="Show all 1,000").click()
    assert len(names(page)) == 1000
