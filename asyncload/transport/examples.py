"""
One example of each kind of failure, in words that may stand in a file and on a screen.

Whoever answered wrote them, so they are not taken as they come: AWS answers a wrong signature with the whole request
that it expected, session token included. What is kept is the first line, without credentials (see `hiding`), and no
longer than a sentence or two.

A failure costs a look into a dictionary; words are made for the first of its kind only.
"""

import json
from collections.abc import Iterable, Mapping

from asyncload.transport.classify import bare, named_in
from asyncload.transport.hiding import hide
from asyncload.units import format_duration

LONGEST = 240
"""Characters of an example."""
_READ = 4096
"""Characters that are looked at: much of them may be hidden, and looking is not for free."""
_MESSAGES = ("Message", "message", "OriginalMessage", "errorMessage")


def clean(words: str, secrets: Iterable[str]) -> str:
    """
    Make somebody else's words fit to be kept.

    Args:
        words: Of any length and in any number of lines.
        secrets: What must not be in them, however it is spelled; empty ones are passed over.

    Returns:
        The first line that is not empty, `LONGEST` characters of it at most.
    """
    line = next((line.strip() for line in words.splitlines() if line.strip()), "")
    shown = hide(line[:_READ], secrets)
    if len(line) > _READ and len(shown) < LONGEST:
        shown = shown.rpartition(" ")[0] + "…"  # the last word may be a part of a secret, which is not found
    return shown if len(shown) <= LONGEST else f"{shown[: LONGEST - 1]}…"


def refusal(status: int, name: str, body: bytes) -> str:
    """
    Put a reply that is an error into words: "400 ThrottlingException: Rate exceeded".

    Args:
        status: HTTP status.
        name: Of the error, as the reply's head has it; empty if it does not.
        body: Its beginning. Of JSON the message is taken, of anything else the text.
    """
    name = bare(name) or named_in(body)
    message = _message(body)
    return f"{status} {name}: {message}" if name and message else f"{status} {name}{message}".rstrip()


def lateness(limit_ns: int, *, sent: bool, begun: bool, received: int) -> str:
    """
    Say how far a call had come when its time was over.

    Args:
        limit_ns: The time.
        sent: Whether it was sent.
        begun: Whether any of a reply had come.
        received: Bytes of the reply's body that had come.
    """
    limit = format_duration(limit_ns)
    if not sent:
        return f"no connection was free for it within {limit}"
    return f"no whole reply within {limit}, {received} bytes of its body had come" if begun else f"no reply in {limit}"


def _message(body: bytes) -> str:
    if body.lstrip()[:1] != b"{":
        return body.decode("utf-8", "replace")
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        return f"{len(body)} bytes that are not whole JSON"
    return _first_text(fields) if isinstance(fields, Mapping) else ""


def _first_text(fields: Mapping[str, object]) -> str:
    found = (fields[key] for key in _MESSAGES if isinstance(fields.get(key), str))
    return str(next(found, ""))
