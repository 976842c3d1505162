"""bench.page: sections of the page of results are replaced where they stand, and nothing else is touched."""

import pytest

from bench.page import Section, renewed
from bench.rows import Row

PAGE = """# What was measured

Words at the top.

## First

old figures

## By hand

```
## no heading, for it stands in a listing
```

### deeper
"""


def section(title: str, measured: str, *, quick: bool = False) -> Section:
    return Section(
        title=title,
        command="python -m bench first",
        facts=[("CPU", "a | b"), ("cores", "2")],
        findings=[Row("speed", ">= 1", measured, reached=True), Row("weight", "< 1", "2", reached=False)],
        quick=quick,
    )


def test_a_section_takes_the_place_of_the_one_of_its_name() -> None:
    """The old figures are gone, and what stood around them is as it was."""
    page = renewed(PAGE, [section("First", "12")])
    assert "old figures" not in page
    assert "| speed | >= 1 | 12 | yes |" in page
    before, after = page.index("Words at the top."), page.index(PAGE[PAGE.index("## By hand") :])
    assert before < page.index("## First") < after
    assert page.count("\n## ") == 3


def test_a_new_section_comes_last() -> None:
    """A page that lacks a group gets it at its end."""
    page = renewed(PAGE, [section("Second", "3")])
    assert page.startswith(PAGE)
    assert page.index("## Second") > page.index("### deeper")


def test_writing_the_same_again_changes_nothing() -> None:
    """However often, in whichever order, and on a page that was empty."""
    page = renewed("", [section("First", "12"), section("Second", "3")])
    assert page.startswith("# What was measured")
    assert renewed(page, [section("Second", "3"), section("First", "12")]) == page
    assert renewed(page, []) == page
    assert renewed(PAGE, []) == PAGE


@pytest.mark.parametrize("quick", [False, True])
def test_a_section_says_what_wrote_it_and_on_what(*, quick: bool) -> None:
    """The command, the score, the facts, and a warning if the run was too short; no date."""
    page = renewed("", [section("First", "12", quick=quick)])
    assert "By `python -m bench first`. 1 of 2 targets reached; not: weight." in page
    assert "CPU: a | b; cores: 2." in page
    assert ("too short to be believed" in page) is quick
