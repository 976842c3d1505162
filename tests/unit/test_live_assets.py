"""live.assets: what the served pages ask for is there, and nothing else is."""

import re

import pytest
from aiohttp import web

from asyncload.live.assets import OWN, asset
from asyncload.report.page.frame import COMMON

PAGES = ("live.html", "runs.html")


def asked_by(page: str) -> list[str]:
    """Files that a page asks for, in order."""
    return re.findall(r'(?:src|href)="/assets/([^"]+)"', (OWN / page).read_text())


@pytest.mark.parametrize("page", PAGES)
def test_all_that_a_page_asks_for_is_there(page: str) -> None:
    names = asked_by(page)
    assert names
    for name in names:
        answer = asset(name)
        assert answer.text, name
        assert answer.content_type == {"css": "text/css", "js": "text/javascript"}[name.rsplit(".")[-1]]


def test_the_live_page_has_the_scripts_of_every_page_that_draws() -> None:
    """In the order in which they need one another, and behind plotly."""
    names = asked_by("live.html")
    assert [name for name in names if name in COMMON] == list(COMMON)
    assert names.index("plotly.js") < names.index("charts.js")


@pytest.mark.parametrize("page", PAGES)
def test_nothing_in_a_page_is_carried_out_but_its_files(page: str) -> None:
    """The policy forbids scripts in the page itself, styles at elements aside."""
    text = (OWN / page).read_text()
    assert re.findall(r"<script(?! src=)", text) == []
    assert re.findall(r"\son\w+=", text) == []


@pytest.mark.parametrize("name", ["", "guard.py", "../guard.py", "/etc/passwd", "run.html", "base.html", "__init__.py"])
def test_other_files_are_not_given_away(name: str) -> None:
    with pytest.raises(web.HTTPNotFound):
        asset(name)
