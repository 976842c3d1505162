"""live.guard: who may ask, and what every answer says to the browser."""

from dataclasses import replace

import pytest

from asyncload.live.guard import HEADERS, REPORT_POLICY, Asking, Guard

GUARD = Guard(8089, token="the-token", session="the-session")
GET = Asking(method="GET", host="127.0.0.1:8089")
PAGE = "http://127.0.0.1:8089"


@pytest.mark.parametrize(
    ("asking", "why"),
    [
        (replace(GET, token="the-token"), "the address that was printed"),
        (replace(GET, cookie="the-session"), "the cookie that came in exchange"),
        (replace(GET, authorization="Bearer the-token"), "a client without a browser"),
        (replace(GET, authorization="token the-token"), "as Jupyter's clients spell it"),
        (replace(GET, host="localhost:8089", token="the-token"), "the loopback's name"),
        (replace(GET, host="LocalHost:8089", token="the-token"), "names have no case"),
        (replace(GET, host="[::1]:8089", token="the-token"), "a tunnel's end"),
        (replace(GET, method="POST", cookie="the-session", origin=PAGE), "the page itself"),
        (replace(GET, method="POST", authorization="Bearer the-token"), "curl sends no Origin"),
        (replace(GET, method="POST", token="the-token", origin=PAGE), "the token and the page"),
    ],
)
def test_who_is_let_in(asking: Asking, why: str) -> None:
    assert GUARD.refusal(asking) is None, why


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.0.0.1:80"])
def test_browsers_leave_out_the_port_of_http(host: str) -> None:
    """Of any other port they do not, and whoever does is none."""
    origin = f"http://{host}"
    asking = replace(GET, method="POST", host=host, cookie="the-session", origin=origin)
    assert replace(GUARD, port=80).refusal(asking) is None
    assert "loopback" in (replace(GUARD, port=8080).refusal(asking) or "")


@pytest.mark.parametrize(
    ("asking", "said", "why"),
    [
        (GET, "token", "nothing at all"),
        (replace(GET, token=""), "token", "empty"),
        (replace(GET, token="the-toke"), "token", "cut short"),
        (replace(GET, token="the-tokens"), "token", "too long"),
        (replace(GET, token="the-session"), "token", "a cookie is no token"),
        (replace(GET, cookie="the-token"), "token", "a token is no cookie"),
        (replace(GET, token="thé-tokén\udc80"), "token", "not ASCII, not even text"),
        (replace(GET, authorization="Basic the-token"), "token", "another scheme"),
        (replace(GET, authorization="the-token"), "token", "no scheme"),
        (replace(GET, host="evil.example:8089", token="the-token"), "loopback", "a name whose DNS leads here"),
        (replace(GET, host="evil.example:8089", cookie="the-session"), "loopback", "likewise"),
        (replace(GET, host="127.0.0.1:80", token="the-token"), "loopback", "another port"),
        (replace(GET, host="127.0.0.1", token="the-token"), "loopback", "no port is port 80"),
        (replace(GET, host="", token="the-token"), "loopback", "no Host"),
        (replace(GET, host="127.0.0.1:8089.evil.example", token="the-token"), "loopback", "a longer name"),
        (replace(GET, host="localhost.evil.example:8089", token="the-token"), "loopback", "likewise"),
        (replace(GET, method="POST", cookie="the-session"), "itself", "a form of another page, of an old browser"),
        (replace(GET, method="POST", cookie="the-session", origin="null"), "itself", "a page in a sandbox"),
        (replace(GET, method="POST", cookie="the-session", origin="http://evil.example"), "itself", "another page"),
        (replace(GET, method="POST", cookie="the-session", origin="https://127.0.0.1:8089"), "itself", "not ours"),
        (replace(GET, method="POST", cookie="the-session", origin="http://127.0.0.1:9"), "itself", "another port"),
        (replace(GET, method="POST", token="the-token", origin="http://evil.example"), "itself", "it knows the token"),
        (replace(GET, method="DELETE", cookie="the-session"), "itself", "whatever is no GET"),
    ],
)
def test_who_is_not(asking: Asking, said: str, why: str) -> None:
    refusal = GUARD.refusal(asking)
    assert refusal is not None, why
    assert said in refusal, why


def test_tokens_are_new_each_time_and_are_not_shown() -> None:
    one, other = Guard(1), Guard(1)
    assert len({one.token, one.session, other.token, other.session}) == 4
    assert min(map(len, (one.token, one.session))) >= 43, "256 bits"
    assert one.token not in repr(one)
    assert one.session not in repr(one)


def test_cookies_of_two_ports_do_not_meet() -> None:
    """Browsers send a cookie to every port of a host."""
    assert Guard(1).cookie_name != Guard(2).cookie_name


def test_answers_can_do_little() -> None:
    """No foreign scripts, no frames, no guessing of types, nothing kept; a report cannot even ask us."""
    policy = HEADERS["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert HEADERS["Cache-Control"] == "no-store"
    assert HEADERS["X-Content-Type-Options"] == "nosniff"
    assert HEADERS["X-Frame-Options"] == "DENY"
    assert "connect-src" not in REPORT_POLICY
    assert "sandbox" in REPORT_POLICY
    assert "allow-same-origin" not in REPORT_POLICY
