"""
One example of each kind of failure, in words that may stand in a file and on a screen.

Whoever answered wrote them, so they are not taken as they come: AWS answers a wrong signature with the whole request
that it expected, session token included. What is kept is the first line, without the credentials that are in use,
without anything that looks like a token, and no longer than a sentence or two.

A failure costs a look into a dictionary; words are made for the first of its kind only.
"""

import json
import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote

from asyncload.transport.classify import bare, named_in
from asyncload.units import format_duration

LONGEST = 240
"""Characters of an example."""
_HIDDEN = "***"
_TOKEN = re.compile(r"[A-Za-z0-9+/=_%-]{64,}")
"""A signature has 64 characters, a session token hundreds, in a URL with % in it; no word has."""
_LOGIN = re.compile(r"\b(Basic|Bearer)\s+\S+", re.IGNORECASE)
"""What a client shows a proxy, or a service, to be let in."""
_USER = re.compile(r"(?<=://)[^/\s@]*@")
"""Name and password in a URL."""
_MESSAGES = ("Message", "message", "OriginalMessage", "errorMessage")


def clean(words: str, secrets: Iterable[str]) -> str:
    """
    Make somebody else's words fit to be kept.

    Args:
        words: Of any length and in any number of lines.
        secrets: What must not be in them; empty ones are passed over.

    Returns:
        The first line that is not empty, `LONGEST` characters of it at most.
    """
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        for spelling in (secret, quote(secret, safe=""), quote(secret)):
            words = words.replace(spelling, _HIDDEN)
    line = next((line.strip() for line in words.splitlines() if line.strip()), "")
    line = _LOGIN.sub(rf"\1 {_HIDDEN}", line)
    line = _USER.sub(f"{_HIDDEN}@", _TOKEN.sub(lambda found: f"{found[0][:6]}…", line))
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


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
