"""Calls are made on first use, and share what can be shared."""

import pytest

from asyncload import calls
from asyncload.calls import CallBook, key
from asyncload.payload import pools
from asyncload.scenario import Arrivals, Endpoint, Model, RandomPayload, RandomRows, Scenario

SCENARIO = Scenario(
    endpoint=Endpoint(name="my mme/1"),
    models=(
        Model(name="a.tar.gz", payload="1,2", content_type="text/csv"),
        Model(
            name="b-{i}.tar.gz",
            count=3,
            payload=RandomPayload(random=RandomRows(columns=2, pool=4)),
            inference_id=True,
            accept="application/json",
        ),
    ),
    phases=(Arrivals(rate=1.0, length_ns=10**9),),
)


@pytest.fixture
def book() -> CallBook:
    return CallBook(SCENARIO, pools(SCENARIO))


def test_a_call_is_what_the_scenario_says(book: CallBook) -> None:
    """Target 2 is the second member of the family; the path is percent-encoded; the hash is the body's."""
    call, pool = book[key(2, 3)], pools(SCENARIO)[1]
    assert (call.model, call.path) == (2, "/endpoints/my%20mme%2F1/invocations")
    assert ("X-Amzn-SageMaker-Target-Model", "b-1.tar.gz") in call.headers
    assert ("Accept", "application/json") in call.headers
    assert (call.body, call.body_sha256) == (pool[3].body, pool[3].sha256)
    assert call.inference_id
    assert not book[key(0, 0)].inference_id
    assert book[key(0, 0)].body == b"1,2"


def test_a_call_is_made_once_and_shares_its_body_and_headers(book: CallBook) -> None:
    assert book[key(1, 0)] is book[key(1, 0)]
    assert book[key(1, 0)] is not book[key(1, 1)]
    assert book[key(1, 0)].headers is book[key(1, 1)].headers
    assert book[key(1, 2)].body is book[key(3, 2)].body


def test_what_the_scenario_does_not_have_has_no_call(book: CallBook) -> None:
    for unknown in (key(4, 0), key(0, 1)):
        with pytest.raises(IndexError):
            book[unknown]


def test_keys_of_different_calls_differ() -> None:
    """Also at the ends of both ranges: payloads have 32 bits."""
    pairs = [(0, 0), (0, 1), (1, 0), (0, 2**32 - 1), (2**31, 0), (1, 2**32 - 1)]
    assert len({key(*pair) for pair in pairs}) == len(pairs)


def test_the_book_does_not_grow_for_ever(book: CallBook, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond its limit it forgets, and makes equal calls again."""
    monkeypatch.setattr(calls, "_MOST", 5)
    bodies: dict[tuple[int, int], object] = {}
    for _ in range(3):
        for model in (1, 2, 3):
            for payload in range(4):
                made = book[key(model, payload)]
                assert bodies.setdefault((model, payload), (made.headers, made.body)) == (made.headers, made.body)
                assert len(book) <= 5
