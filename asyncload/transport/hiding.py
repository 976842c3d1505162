"""
Credentials in somebody else's words: found however they are spelled, and hidden where they stand.

    words       see http%3A%2F%2Fme%3Ahunter2%40proxy       as they came
    reading     see http://me:hunter2@proxy                 decoded; each character knows where in the words it begins
    hidden      see http%3A%2F%2F***%40proxy                what a rule finds in a reading is hidden in the words

The words themselves are a reading, what they decode to is another, and so on until nothing is left to decode: of a
login that is percent-encoded in a URL that is so too, each is seen in its turn. What is shown is never decoded.

Hidden too much is better than too little; but plain English stays, such as "Basic authentication required".
"""

import html
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

HIDDEN: Final = "***"
_CUT: Final = "…"
_DEPTH: Final = 8
"""Readings of words; each decodes the one before."""
_CODED: Final = re.compile(
    r"%(?P<percent>[0-9a-f]{2})"  # in a URL
    r"|\\(?:u00|x)(?P<hex>[0-9a-f]{2})"  # in JSON, and in Python
    r"|\\(?P<itself>[^\w\s])"  # in JSON, a slash or a quotation mark
    r"|(?P<entity>&(?:#x?[0-9a-f]{1,6};?|[a-z]{2,8};))",  # in HTML
    re.IGNORECASE | re.ASCII,
)

_SCHEMES: Final = r"(?:basic|bearer|negotiate|ntlm|digest|token|apikey|aws4-hmac-sha256)"
_NAMES: Final = (
    r"(?:[\w-]*[_-])?(?:password|passwd|passphrase|pwd|secret|token|bearer|signature|credential|c?nonce|session-?id"
    r"|(?:api|access|secret|secret[_-]?access)[_-]?key(?:[_-]?id)?|(?:access|auth|id|refresh|security|session)token)"
)
_ABOUT: Final = r"(?i:auth[a-z]*|tokens?|credentials?|access|scheme|realm|is|was)"
"""What may stand between a scheme and its credentials."""
_PLAIN: Final = rf"(?:[a-z]{{1,16}}|{_ABOUT})[]).,;:!?\"']*(?:\s|$)"
"""An ordinary word: credentials are base64, or have digits, dots or capitals in them."""
_LONG: Final = re.compile(r"[A-Za-z0-9+/_%-]{64,}={0,2}")
"""A signature has 64 characters, a session token hundreds; no word has. Of it the first few are kept."""
_BEGINNING: Final = 6
_RULES: Final = tuple(
    re.compile(rule)
    for rule in (
        # A header that is known to let somebody in: all of it but its scheme.
        rf"(?i:\b(?:authorization|cookie)[\"']?\s*[:=]\s*[\"']?(?:{_SCHEMES}[\s+]+)?)(?P<it>\S.*)",
        # A value by its name: `password=x`, `"token": "x"`.
        rf"(?i:(?<![\w-]){_NAMES}[\"']?\s*[:=]\s*)(?P<it>\"[^\"]*\"?|'[^']*'?|[^\s,;&\"']+)",
        # Credentials behind their scheme: `Bearer x`, `Bearer token x`. RFC 9110, section 11.4.
        rf"\b(?i:basic|bearer|negotiate|ntlm)[\s+]+(?:{_ABOUT}\s+)*(?!{_PLAIN})(?P<it>\S+)",
        r"\b(?i:digest)[\s+]+(?P<it>\w+=.*)",
        # A JSON web token, which begins with an object's `{"`. RFC 7519.
        r"\b(?P<it>eyJ[\w-]+\.[\w.=-]+)",
        # Name and password in a URL, up to the last @ of its authority; a password may have a slash that it must not.
        r"(?<=://)(?P<it>[^\s/:]*:(?!\d+(?:/|\s|$))\S{1,256}|[^\s/]{1,256})@",
    )
)


class _Reading(NamedTuple):
    """Words, decoded so many times."""

    text: str
    places: Sequence[int]
    """Where each character begins in the words as they came, and where they end."""


def hide(words: str, secrets: Iterable[str]) -> str:
    """
    Hide credentials in a line.

    Args:
        words: Somebody else's.
        secrets: What must not be in them, however it is spelled there; empty ones are passed over.

    Returns:
        The words, each credential replaced by `HIDDEN`, and what is as long as a token cut short.
    """
    spelled = {text for secret in secrets for text, _ in _readings(secret) if text}  # one may look as if it were coded
    rules = [*(re.compile(f"(?P<it>{re.escape(text)})", re.IGNORECASE) for text in spelled), *_RULES]
    marks = set[tuple[int, int, str]]()
    for text, places in _readings(words):
        found = [found.span("it") for rule in rules for found in rule.finditer(text)]
        marks |= {(places[begin], places[end], HIDDEN) for begin, end in found}
        long = [found.span() for found in _LONG.finditer(text)]
        marks |= {(places[begin] + _BEGINNING, places[end], _CUT) for begin, end in long}
    shown, at = list[str](), 0
    for begin, end, mark in _apart(sorted(marks)):
        shown += [words[at:begin], mark]
        at = end
    return "".join([*shown, words[at:]])


def _apart(marks: Iterable[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """Make one of what overlaps or touches: hidden, if a part of it is."""
    apart = list[tuple[int, int, str]]()
    for begin, end, mark in marks:
        if apart and begin <= apart[-1][1]:
            first, last, before = apart.pop()
            apart.append((first, max(last, end), HIDDEN if HIDDEN in {before, mark} else _CUT))
        else:
            apart.append((begin, end, mark))
    return apart


def _readings(words: str) -> Iterator[_Reading]:
    """Yield words as they came, and as they read decoded once, twice and so on."""
    reading = _Reading(words, range(len(words) + 1))
    for _ in range(_DEPTH):
        yield reading
        decoded = _decoded(reading)
        if decoded.text == reading.text:
            return
        reading = decoded


def _decoded(reading: _Reading) -> _Reading:
    parts, places, at = list[str](), list[int](), 0
    for found in _CODED.finditer(reading.text):
        meant = _meant(found)
        parts += [reading.text[at : found.start()], meant]
        places += [*reading.places[at : found.start()], *[reading.places[found.start()]] * len(meant)]
        at = found.end()
    return _Reading("".join([*parts, reading.text[at:]]), [*places, *reading.places[at:]])


def _meant(found: re.Match[str]) -> str:
    """What a spelling stands for."""
    code = found["percent"] or found["hex"]
    return chr(int(code, 16)) if code else found["itself"] or html.unescape(found["entity"])
