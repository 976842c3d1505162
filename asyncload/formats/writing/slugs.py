"""Names for places that have room for few characters, such as tags of a log and names of files."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

_FITS: Final = re.compile(r"[A-Za-z0-9._-]{0,99}[A-Za-z0-9_]")
_OTHER: Final = re.compile(r"[^A-Za-z0-9._-]+")
_MOST: Final = 100
"""Characters of a slug, a number behind it left out; a file's name has room for 255 bytes."""


def slugs(names: Sequence[str]) -> list[str]:
    """
    Return a slug for each name: letters, digits, points, hyphens and underscores of ASCII, and no two alike.

    A name that is made of these alone is its own slug. In others, accents are left out and what else does not fit
    becomes a hyphen. Where that makes two alike, be it but for capitals, the later one gets a number behind it.
    """
    found, taken = [""] * len(names), set[str]()
    for place in sorted(range(len(names)), key=lambda place: not _FITS.fullmatch(names[place])):
        found[place] = _free(_slug(names[place]), taken)
    return found


def _slug(name: str) -> str:
    if _FITS.fullmatch(name):
        return name
    letters = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    return _OTHER.sub("-", letters)[:_MOST].strip(".-") or "model"


def _free(slug: str, taken: set[str]) -> str:
    """A slug that nobody has yet, which is taken from then on."""
    number, free = 1, slug
    while free.lower() in taken:
        number += 1
        free = f"{slug}-{number}"
    taken.add(free.lower())
    return free
