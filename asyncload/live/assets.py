"""Files that pages ask for: those of the report's page, which draw, and our own, which put together what is drawn."""

from functools import cache
from pathlib import Path
from typing import Final

from aiohttp import web

from asyncload.report.page.frame import ASSETS, COMMON, PLOTLY
from asyncload.report.page.frame import asset as shared

OWN: Final = Path(__file__).with_name("static")
_TYPES: Final = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}
_PLOTLY: Final = f"{PLOTLY}.js"
_SHARED: Final = frozenset({"style.css", _PLOTLY, *COMMON})


@cache
def _names() -> frozenset[str]:
    return frozenset(path.name for path in OWN.iterdir()) | _SHARED


@cache
def _text(name: str) -> str:
    if name == _PLOTLY:
        return shared(PLOTLY)
    return ((ASSETS if name in _SHARED else OWN) / name).read_text(encoding="utf-8")


def asset(name: str) -> web.Response:
    """
    Answer with a file, by a name that is one of ours.

    Raises:
        HTTPNotFound: If it is not.
    """
    if name not in _names():
        raise web.HTTPNotFound(text=f"there is no {name!r}\n")
    return web.Response(text=_text(name), content_type=_TYPES[Path(name).suffix], charset="utf-8")
