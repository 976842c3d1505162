"""transport.hiding: no secret can be read in what is shown, nor decoded from it."""

import html
import json
from collections.abc import Callable
from urllib.parse import quote, unquote

from hypothesis import given
from hypothesis import strategies as st

from asyncload.transport.hiding import hide

SPELLINGS: list[Callable[[str], str]] = [
    str,
    lambda text: quote(text, safe=""),
    lambda text: quote(text, safe="").replace("%2F", "%2f").replace("%2B", "%2b"),
    lambda text: "".join(f"%{ord(letter):02X}" for letter in text),
    lambda text: json.dumps(text)[1:-1],
    lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    lambda text: "".join(f"\\u{ord(letter):04x}" for letter in text),
    html.escape,
    lambda text: "".join(f"&#x{ord(letter):X};" for letter in text),
    lambda text: "".join(letter if letter.isalnum() else f"&#{ord(letter)};" for letter in text),
]
LETTERS = "".join(map(chr, range(0x21, 0x7F)))
SECRETS = st.one_of(
    st.text("ABCXYZabcxyz0189+/=", min_size=8, max_size=200),  # as those of AWS are
    st.text(LETTERS, min_size=8, max_size=60),
)
PLAIN = st.text(LETTERS + " é", max_size=40)


def decoded(shown: str) -> set[str]:
    """All that somebody may read who decodes it some times, in whatever order."""
    read, fresh = {shown}, {shown}
    for _ in range(3):
        fresh = {way(text) for text in fresh for way in (unquote, html.unescape, unescaped)} - read
        read |= fresh
    return read


def unescaped(text: str) -> str:
    try:
        return str(json.loads(f'"{text}"'))
    except ValueError:
        return text.replace("\\/", "/")


@given(SECRETS, st.lists(st.sampled_from(SPELLINGS), max_size=2), PLAIN, PLAIN)
def test_a_secret_cannot_be_read_from_what_is_shown(
    secret: str, ways: list[Callable[[str], str]], before: str, behind: str
) -> None:
    spelled = secret
    for way in ways:
        spelled = way(spelled)
    shown = hide(f"{before} {spelled} {behind}", [secret])
    assert "***" in shown or "…" in shown
    assert not any(secret in text for text in decoded(shown) if secret not in f"{before} {behind}")


@given(
    st.lists(st.sampled_from(["bearer", "token", "basic", "is", "digest", "of", "://", "%20", "the", ":", "é", "@"]))
)
def test_what_is_shown_holds_nothing_more_to_hide(words: list[str]) -> None:
    shown = hide(" ".join(words), [])
    assert hide(shown, []) == shown
