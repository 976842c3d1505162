"""transport.examples: one example of each kind of failure, and nothing in it that is a secret."""

import json
from urllib.parse import quote

import pytest

from asyncload.call import Outcome
from asyncload.sigv4 import Credentials
from asyncload.transport.examples import LONGEST, clean, lateness, refusal
from asyncload.transport.notices import Notices

KEYS = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "FwoGZXIvYXdzEJr" + "a/+b" * 60 + "==")
CANONICAL = (
    "The request signature we calculated does not match the signature you provided.\n\n"
    "The Canonical String for this request should have been\n'POST\n/endpoints/mme/invocations\n\n"
    f"host:runtime.sagemaker.us-east-1.amazonaws.com\nx-amz-security-token:{KEYS.token}\n'"
)


@pytest.mark.parametrize(
    ("status", "name", "body", "words", "why"),
    [
        (400, "ThrottlingException", b'{"message":"Rate exceeded"}', "400 ThrottlingException: Rate exceeded", "AWS's"),
        (400, "", b'{"__type":"a.b#ThrottlingException"}', "400 ThrottlingException", "a name in the body, no message"),
        (400, "ThrottlingException:http://x", b"", "400 ThrottlingException", "a name with a place behind it"),
        (424, "ModelError", b'{"Message":"it broke","OriginalMessage":"x"}', "424 ModelError: it broke", "SageMaker's"),
        (404, "", b"<html>gone</html>", "404 <html>gone</html>", "a page instead of JSON"),
        (500, "", b"", "500", "nothing at all"),
        (500, "", b'{"message":7}', "500", "a message that is none"),
        (503, "", b'{"message":"cut', "503 15 bytes that are not whole JSON", "text whose end may be escaped halfway"),
        (503, "", b"\xff\xfe", "503 \N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}", "bytes that are no text"),
    ],
)
def test_an_error_reply_in_words(status: int, name: str, body: bytes, words: str, why: str) -> None:
    assert refusal(status, name, body) == words, why


@pytest.mark.parametrize(
    ("words", "kept", "why"),
    [
        (f"no key {KEYS.access_key} here", "no key *** here", "the access key"),
        (f"secret {KEYS.secret_key}, token {KEYS.token}!", "secret ***, token ***!", "secret and token"),
        (CANONICAL, CANONICAL.splitlines()[0], "the request that AWS expected, which holds the token"),
        (f"old token {'A1b/' * 40}", "old token A1b/A1…", "a token that is in use no more"),
        ("Signature=" + "0af3" * 16, "Signature=***", "a signature"),
        ("via http://me:hunter2@proxy:3128/", "via http://***@proxy:3128/", "a proxy's password"),
        (f"token={quote(KEYS.token or '', safe='')}&x", "token=***&x", "a token as it stands in a URL"),
        (f"old {quote('A1b/+' * 40, safe='')}", "old A1b%2F…", "an old token, likewise"),
        ("Proxy-Authorization: Basic bWU6aHVudGVyMg==", "Proxy-Authorization: Basic ***", "what a proxy is shown"),
        ("authorization: bearer abc.def", "authorization: bearer ***", "what a service is shown"),
        ("\n \n  first\nsecond", "first", "the first line that says something"),
        ("", "", "nothing"),
    ],
)
def test_what_is_kept_holds_no_secret(words: str, kept: str, why: str) -> None:
    assert clean(words, (KEYS.access_key, KEYS.secret_key, KEYS.token or "", "")) == kept, why


def test_an_example_is_bounded() -> None:
    words = clean("word " * 500, ())
    assert len(words) == LONGEST
    assert words.endswith("…")


def test_a_secret_at_the_edge_is_not_kept_in_part() -> None:
    """It is taken out before the text is cut."""
    text = "w " * (LONGEST // 2 - 5) + KEYS.secret_key
    assert KEYS.secret_key[:6] not in clean(text, (KEYS.secret_key,))


def test_a_secret_at_the_edge_of_what_is_looked_at_is_not_kept_in_part() -> None:
    """Much is hidden before it, so that the edge would be shown."""
    words = clean(f"see {KEYS.token} " * 20 + f"and {KEYS.secret_key}" * 200, (KEYS.secret_key, KEYS.token or ""))
    assert words.startswith("see *** see *** ")
    for place in range(len(KEYS.secret_key) - 6):
        assert KEYS.secret_key[place : place + 6] not in words


@pytest.mark.parametrize(
    ("sent", "begun", "words"),
    [
        (0, 0, "no connection was free for it within 2s"),
        (1, 0, "no reply in 2s"),
        (1, 1, "no whole reply within 2s, 512 bytes of its body had come"),
    ],
)
def test_a_call_whose_time_is_over_says_how_far_it_came(sent: int, begun: int, words: str) -> None:
    assert lateness(2_000_000_000, sent=bool(sent), begun=bool(begun), received=512) == words


def test_the_first_of_each_kind_is_kept() -> None:
    """Refusals, failures of the wire and time limits alike; and the first failure of the wire of all, as ever."""
    notices = Notices(lambda: KEYS)
    notices.refused(Outcome.THROTTLED, 400, "ThrottlingException", json.dumps({"message": KEYS.secret_key}).encode())
    notices.refused(Outcome.THROTTLED, 400, "ThrottlingException", b"another")
    assert notices.notes().first_error == ""
    notices.failed("resolving failed")
    notices.failed("ConnectionResetError: reset", Outcome.CONNECT)
    notices.failed("ConnectionResetError: again", Outcome.CONNECT)
    notices.timed_out(1_000_000_000, sent=True, begun=False, received=0)
    notices.timed_out(1_000_000_000, sent=False, begun=False, received=0)
    notes = notices.notes()
    assert notes.first_error == "resolving failed"
    assert notes.examples == {
        Outcome.THROTTLED: "400 ThrottlingException: ***",
        Outcome.CONNECT: "ConnectionResetError: reset",
        Outcome.TIMEOUT: "no reply in 1s",
    }
    assert not notices.wants(Outcome.TIMEOUT)
    assert notices.wants(Outcome.AUTH)


def test_words_are_made_for_the_first_of_a_kind_only() -> None:
    """Credentials are asked for, and a body is looked into, once."""
    asked: list[int] = []

    def credentials() -> Credentials:
        asked.append(1)
        return KEYS

    notices = Notices(credentials)
    for _ in range(1000):
        notices.refused(Outcome.MODEL_ERROR, 424, "ModelError", b'{"message":"x"}')
        notices.failed("lost", Outcome.CONNECT)
    assert len(asked) == 2


def test_notes_do_not_change_afterwards() -> None:
    notices = Notices()
    notes = notices.notes()
    notices.failed("lost", Outcome.CONNECT)
    assert notes.examples == {}
