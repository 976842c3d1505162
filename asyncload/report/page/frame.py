"""
What all pages share: one look, one set of scripts, and a policy under which a page can ask for nothing.

A page is one file. Its scripts stand in it, and its content security policy names each of them by its hash, so that
nothing else in the file is carried out, whatever a model is called. Data stand in it as JSON that no name can end.
"""

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Final

import jinja2
import msgspec
from markupsafe import Markup

from asyncload.errors import StoreError

ASSETS: Final = Path(__file__).with_name("assets")
"""style.css, the scripts, and the templates."""
COMMON: Final = ("theme.js", "format.js", "chart.js", "charts.js", "sparks.js", "table.js")
"""Scripts of every page that draws, in the order in which they need one another."""
PLOTLY: Final = "plotly"
"""Stands for plotly's own bundle among the names of scripts."""


@cache
def asset(name: str) -> str:
    """Text of a file in `assets`, or plotly's bundle."""
    if name == PLOTLY:
        from plotly.offline import get_plotlyjs  # noqa: PLC0415  # it takes its time, and not all ask for it

        return str(get_plotlyjs())
    return (ASSETS / name).read_text(encoding="utf-8")


def script_safe(data: object) -> Markup:
    """Data as JSON that no text in it can end the script of."""
    text = msgspec.json.encode(data).decode()
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))  # noqa: S704  # escaped


def render(
    template: str,
    values: Mapping[str, object],
    data: object,
    *,
    scripts: Sequence[str],
    folders: Iterable[Path] = (),
) -> str:
    """
    Fill a template; every text in it is escaped.

    Args:
        template: Name of a file in `assets` or in one of the folders; it extends base.html.
        values: What it names.
        data: What its scripts draw, given to them as the JSON in #data.
        scripts: Names in `assets`, or of files in the folders, in the order in which they are carried out; the first,
            theme.js, stands before the page.
        folders: Where else templates and scripts are.
    """
    places = [ASSETS, *folders]
    texts = [_script(name, places) for name in scripts]
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(places), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    return environment.get_template(
        template
    ).render(
        style=Markup(asset("style.css")),  # noqa: S704  # ours
        early=Markup(texts[0]),  # noqa: S704  # ours
        scripts=[Markup(text) for text in texts[1:]],  # noqa: S704  # ours, and plotly's
        policy=Markup(policy(texts)),  # noqa: S704  # ours
        data=script_safe(data),
        **values,
    )


def policy(scripts: Sequence[str]) -> str:
    """Content security policy of a page: these scripts, its style, pictures that it draws itself, and nothing else."""
    hashes = " ".join(f"'sha256-{_sha256(script)}'" for script in scripts)
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )


def write(path: Path, text: str) -> None:
    """
    Write a page, which is there whole or not at all.

    Raises:
        StoreError: If it cannot be written.
    """
    part = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise StoreError(f"{path}: the page cannot be written: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _script(name: str, places: Sequence[Path]) -> str:
    """A script as it stands between its tags; the hash is of exactly this text."""
    if name == PLOTLY:
        return asset(name)
    return next((place / name).read_text(encoding="utf-8") for place in places if (place / name).is_file())


def _sha256(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
