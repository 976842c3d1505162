"""traceparent on the wire: every request has one of its own, and its signature holds."""

import re
import time
from hashlib import sha256
from itertools import islice

import pytest

from asyncload.emulator.aws.signature import SignatureCheck, SignedRequest
from asyncload.emulator.config.emulator import DEMO_CREDENTIALS
from asyncload.emulator.wire.values import Reply, Request
from asyncload.options import Options
from asyncload.result import RunResult
from asyncload.runner import run
from asyncload.snapshot import Snapshot
from asyncload.traceparent import marks
from tests.real.answering import served
from tests.real.runs import KEYS, scenario

PHASES = [{"law": "poisson", "rate": "400/s", "for": "500ms"}]
FORM = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-(0[01])")


class Endpoint:
    """Answers every invocation whose signature holds, and keeps the traceparents that came."""

    def __init__(self) -> None:
        self.seen: list[list[str]] = []
        self.refused: list[str] = []
        self._check = SignatureCheck([DEMO_CREDENTIALS])

    def answer(self, request: Request) -> Reply:
        self.seen.append([value.decode() for name, value in request.headers if name.lower() == b"traceparent"])
        signed = SignedRequest(request.method, request.target, request.headers, sha256(request.body).hexdigest())
        refusal = self._check.refusal(signed, time.time())
        if refusal is not None:
            self.refused.append(refusal.message)
            return Reply(403, b"{}", {"x-amzn-ErrorType": "InvalidSignatureException"})
        return Reply(200, b"4.5", {"Content-Type": "text/csv"})

    @property
    def values(self) -> list[str]:
        return [value for values in self.seen for value in values]


def calls(transport: str, options: Options) -> tuple[Endpoint, RunResult]:
    endpoint = Endpoint()
    with served(endpoint.answer) as url:
        result = run(scenario(url, transport=transport, phases=PHASES), options)
    return endpoint, result


@pytest.mark.parametrize("transport", ["raw", "aiohttp", "sdk"])
def test_each_request_carries_one_of_its_own(transport: str) -> None:
    """Well-formed, unique, the plan's seed decides which; half of them sampled; no signature is hurt."""
    endpoint, result = calls(transport, Options(credentials=KEYS, traceparent=0.5))
    assert endpoint.refused == []
    assert result.totals.ok == len(endpoint.seen) > 100
    assert all(len(values) == 1 and FORM.fullmatch(values[0]) for values in endpoint.seen)
    assert len({value[3:35] for value in endpoint.values}) == len(endpoint.values)
    planned = [mark.value for mark in islice(marks(0.5, 7), len(endpoint.values))]
    assert sorted(endpoint.values) == sorted(planned)


@pytest.mark.parametrize("transport", ["raw", "aiohttp", "sdk"])
def test_none_is_sent_unless_asked_for(transport: str) -> None:
    endpoint, result = calls(transport, Options(credentials=KEYS))
    assert endpoint.values == []
    assert result.totals.ok == len(endpoint.seen) > 100


def test_each_attempt_of_a_retried_call_has_its_own() -> None:
    """Two attempts are two requests, so their ids differ."""
    endpoint = Endpoint()
    answered: list[int] = []

    def busy(request: Request) -> Reply:
        answered.append(1)
        reply = endpoint.answer(request)
        return reply if len(answered) % 2 == 0 else Reply(429, b"{}", {"x-amzn-ErrorType": "ThrottlingException"})

    retries = {"on": ["throttled"], "attempts": 5, "backoff": {"base": "1ms"}}
    with served(busy) as url:
        result = run(scenario(url, phases=PHASES, retries=retries), Options(credentials=KEYS, traceparent=1.0))
    attempts = result.totals.sent + result.totals.retries
    assert result.totals.retries > 0
    assert len(endpoint.values) == len(set(endpoint.values)) == attempts


@pytest.mark.parametrize("transport", ["raw", "aiohttp", "sdk"])
def test_snapshots_hold_the_sampled_calls(transport: str) -> None:
    """A span for each request that was sampled, with the ids that the endpoint saw."""
    snapshots: list[Snapshot] = []
    options = Options(credentials=KEYS, traceparent=0.5, spans=True, on_snapshot=snapshots.append)
    endpoint, result = calls(transport, options)
    sampled = {value[3:52] for value in endpoint.values if value.endswith("01")}
    spans = [span for snapshot in snapshots for span in snapshot.spans]
    assert {f"{span.trace_id}-{span.span_id}" for span in spans} == sampled
    assert len(spans) == len(sampled) > 30
    assert {span.model for span in spans} == {0, 1}
    assert all(0 < span.sent_ns <= span.last_ns < 10_000_000_000 for span in spans)
    assert snapshots[-1].spans_left_out == 0
    assert snapshots[-1].digest == result.plan_digest
