"""Past runs in a real browser: a table that sorts, and the report of each."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Heard, Open
from tests.real.served import NAMES, RULE, Served, runs, served


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(runs(tmp_path_factory.mktemp("serve") / "runs")) as server:
        yield server


def looking(shelf: Served, opened: Open, heard: Heard) -> Page:
    """Open the page as the terminal's link does, and wait until every run has been read."""
    heard.allowed.append(f"http://127.0.0.1:{shelf.address.port}/")
    page = opened(shelf.address.url)
    expect(page.locator("#runs tbody tr")).to_have_count(len(NAMES))
    expect(page.locator("#runs")).not_to_contain_text("reading")
    return page


def folders(page: Page) -> list[str]:
    return page.locator("#runs tbody th").all_inner_texts()


def test_runs_are_listed_newest_first_with_what_they_came_to(shelf: Served, opened: Open, heard: Heard) -> None:
    page = looking(shelf, opened, heard)
    assert page.url == f"http://127.0.0.1:{shelf.address.port}/", "the token has left the address"
    assert folders(page) == [NAMES[3], NAMES[1], NAMES[0], NAMES[2]], "by when they began, as far as that is known"
    young, slow, golden, broken = page.locator("#runs tbody tr").all()
    expect(young).to_contain_text("under way")
    expect(young).to_contain_text("<b>young</b>")
    expect(broken).to_contain_text("cannot be read")
    expect(slow).to_contain_text("80.1")
    expect(slow.get_by_text("stopped by its rule")).to_have_attribute("title", RULE)
    expect(slow).not_to_contain_text("interrupted")
    expect(slow.locator(".MISSED")).to_have_text("1 MISSED")
    expect(slow.locator(".UNDECIDED")).to_have_text("2 UNDECIDED")
    expect(golden.locator(".VALID, .INVALID")).to_have_count(1)


def test_runs_can_be_sorted_and_searched(shelf: Served, opened: Open, heard: Heard) -> None:
    """Those without a number come last, whichever way."""
    page = looking(shelf, opened, heard)
    page.get_by_role("button", name="p50").click()
    first = folders(page)
    page.get_by_role("button", name="p50").click()
    second = folders(page)
    assert first[0] == NAMES[1], "the slowest"
    assert first[:2] == second[:2][::-1]
    assert set(first[2:]) == set(second[2:]) == {NAMES[2], NAMES[3]}
    page.get_by_role("searchbox").fill("slow")
    assert folders(page) == [NAMES[1]]


def test_a_percentile_that_a_run_cannot_tell_is_no_number(shelf: Served, opened: Open, heard: Heard) -> None:
    """The cut run has too few calls for a p99; of one that is under way nothing is known."""
    page = looking(shelf, opened, heard)
    last = dict(zip(folders(page), page.locator("#runs tbody td:last-child").all_inner_texts(), strict=True))
    assert last == {NAMES[3]: "-", NAMES[1]: "80.1", NAMES[0]: "n/a", NAMES[2]: "-"}


def test_a_run_opens_and_one_that_cannot_be_read_does_not(shelf: Served, opened: Open, heard: Heard) -> None:
    """The report draws inside its sandbox."""
    page = looking(shelf, opened, heard)
    assert page.get_by_role("link", name=NAMES[2]).count() == 0
    page.get_by_role("link", name=NAMES[1]).click()
    expect(page.locator("h1")).to_contain_text("slow")
    expect(page.locator("#latency-chart .main-svg").first).to_be_visible()
    page.go_back()
    expect(page.locator("#runs tbody tr")).to_have_count(len(NAMES))


def test_two_runs_are_compared(shelf: Served, opened: Open, heard: Heard) -> None:
    """The first that is picked is A; with fewer or more than two there is nothing to compare."""
    page = looking(shelf, opened, heard)
    compare = page.get_by_role("button", name="Compare")
    expect(compare).to_be_disabled()
    assert page.get_by_role("checkbox").count() == 3, "one that cannot be read cannot be picked"
    expect(page.locator("#picked")).to_have_text("none is picked: pick two")
    page.get_by_label(f"Compare {NAMES[1]}").check()
    expect(compare).to_be_disabled()
    expect(page.locator("#picked")).to_have_text(f"{NAMES[1]}: pick another one")
    page.get_by_label(f"Compare {NAMES[3]}").check()
    page.get_by_label(f"Compare {NAMES[0]}").check()
    expect(compare).to_be_disabled()
    expect(page.locator("#picked")).to_have_text("3 are picked: pick two")
    page.get_by_label(f"Compare {NAMES[3]}").uncheck()
    expect(page.locator("#picked")).to_have_text(f"{NAMES[1]} against {NAMES[0]}")
    compare.click()
    expect(page.locator("#sources")).to_contain_text("slow")
    page.locator("#latency-0").scroll_into_view_if_needed()
    expect(page.locator("#latency-0 .main-svg").first).to_be_visible()
    assert page.url.split("/")[-3] == "compare"


def test_a_narrow_window_shows_it_too(shelf: Served, opened: Open, heard: Heard) -> None:
    """Nothing but the table itself scrolls sideways, in its box, and with a bar that can be seen."""
    page = looking(shelf, opened, heard)
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    box = page.locator("#runs .scroll")
    assert box.evaluate("box => box.scrollWidth > box.clientWidth")
    assert box.evaluate("box => getComputedStyle(box, '::-webkit-scrollbar').height") == "11.2px"
    box.evaluate("box => { box.scrollLeft = box.scrollWidth; }")
    last = page.get_by_role("button", name="p99").bounding_box()
    assert last is not None
    assert last["x"] + last["width"] <= 390


def test_a_wide_window_shows_all_of_it(shelf: Served, opened: Open, heard: Heard) -> None:
    box = looking(shelf, opened, heard).locator("#runs .scroll")
    assert box.evaluate("box => box.scrollWidth <= box.clientWidth")


def test_an_answer_keeps_to_its_number(shelf: Served, opened: Open, heard: Heard) -> None:
    """However the rest of the cell wraps: VALID, 1 MISSED is not VALID 1, MISSED."""
    page = looking(shelf, opened, heard)
    page.set_viewport_size({"width": 390, "height": 800})
    cell = page.locator("#runs tbody tr").nth(1).locator("td").nth(1)
    assert cell.inner_text().replace("\n", " ").endswith("stopped by its rule, 1 MISSED, 2 UNDECIDED")
    for one in cell.locator("> span").all():
        assert one.evaluate("one => new Set([...one.getClientRects()].map(rect => rect.top)).size") == 1, "one line"
        assert not one.inner_text().startswith(",")
