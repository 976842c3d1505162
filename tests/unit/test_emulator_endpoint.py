"""What an endpoint decides, without sockets and clocks."""

import json
from dataclasses import replace

import pytest

from asyncload.emulator.answers import Answer
from asyncload.emulator.config import EndpointPlayed, ModelPlayed, TextAnswer
from asyncload.emulator.endpoint import EndpointState, Sent, Served, Target
from asyncload.emulator.laws import Fixed

MS = 1_000_000
SENT = Sent(b"1,2", "text/csv")
A = Target(model="a.tar.gz")
ECHO = ModelPlayed(name="echo-*", answer="echo", service=Fixed(fixed_ns=1 * MS))
PLAIN = ModelPlayed(name="*.tar.gz", answer=TextAnswer(text="4.5"), service=Fixed(fixed_ns=10 * MS))
MME = EndpointPlayed(name="mme", models=(ECHO, PLAIN), workers=1, queue=1)


def _served(endpoint: EndpointState, target: Target = A, now_ns: int = 0) -> Served:
    served = endpoint.serve(target, SENT, now_ns)
    assert isinstance(served, Served)
    return served


def _refused(endpoint: EndpointState, target: Target = A, now_ns: int = 0) -> Answer:
    refused = endpoint.serve(target, SENT, now_ns)
    assert isinstance(refused, Answer)
    return refused


def test_the_first_fitting_model_answers() -> None:
    """Models are looked up in the order of the configuration, by pattern."""
    endpoint = EndpointState(MME, seed=0)
    assert _served(endpoint, Target(model="echo-1.tar.gz")).answer.body == b"1,2"
    assert _served(endpoint).answer.body == b"4.5"


def test_a_model_that_nothing_fits_cannot_be_downloaded() -> None:
    """An unknown model is a ValidationError and takes no worker."""
    endpoint = EndpointState(MME, seed=0)
    assert _refused(endpoint, Target(model="a.zip")).error_type == "ValidationError"
    assert _served(endpoint).start_ns == 0


def test_a_full_queue_is_the_containers_503() -> None:
    """One worker and one place: the third request at once sees ModelError with the container's 503."""
    endpoint = EndpointState(MME, seed=0)
    assert [_served(endpoint).start_ns, _served(endpoint).start_ns] == [0, 10 * MS]
    refused = _refused(endpoint)
    assert (refused.status, refused.error_type) == (424, "ModelError")
    assert json.loads(refused.body)["OriginalStatusCode"] == 503


def test_the_concurrency_limit_throttles() -> None:
    """At the limit the reply is 400 ThrottlingException with a null message; below it, requests pass."""
    endpoint = EndpointState(replace(MME, concurrency=1), seed=0)
    assert _served(endpoint).start_ns == 0
    endpoint.in_flight = 1
    refused = _refused(endpoint)
    assert (refused.status, refused.error_type, refused.body) == (400, "ThrottlingException", b'{"message":null}')


@pytest.mark.parametrize(
    ("multi_model", "target", "code"),
    [
        (True, Target(model="a"), None),
        (True, Target(), "ValidationError"),
        (True, Target(component="a"), "ValidationError"),
        (False, Target(), None),
        (False, Target(component="a"), None),
        (False, Target(model="a"), "ValidationError"),
    ],
)
def test_the_target_must_fit_the_kind_of_endpoint(multi_model: bool, target: Target, code: str | None) -> None:  # noqa: FBT001
    """A multi-model endpoint needs a TargetModel, any other must not get one."""
    wrong = EndpointState(replace(MME, multi_model=multi_model), seed=0).wrong_target(target, "id")
    assert (None if wrong is None else wrong.error_type) == code


def test_errors_come_at_their_ratio() -> None:
    """With an error ratio of 0.3 three requests in ten fail; a failed one keeps its worker as long as a good one."""
    failing = replace(PLAIN, error_ratio=0.3, error_status=400, error_message="bad row", service=Fixed(fixed_ns=7))
    endpoint = EndpointState(replace(MME, models=(failing,)), seed=1)
    served = [_served(endpoint, now_ns=100 * i) for i in range(5_000)]
    failed = [each for each in served if each.answer.status == 424]
    assert len(failed) / 5_000 == pytest.approx(0.3, abs=0.03)
    assert {each.service_ns for each in served} == {7}
    body = json.loads(failed[0].answer.body)
    assert (body["OriginalStatusCode"], body["OriginalMessage"]) == (400, "bad row")
    assert body["LogStreamArn"].endswith("/aws/sagemaker/Endpoints/mme")


def test_draws_follow_from_seed_and_model_only() -> None:
    """The same seed gives a model the same times whatever other models are called in between; another seed others."""
    lognormal = EndpointPlayed(name="mme")
    alone, mixed, other = EndpointState(lognormal, 7), EndpointState(lognormal, 7), EndpointState(lognormal, 8)
    times = [_served(alone).service_ns for _ in range(5)]
    mixed_times = []
    for _ in range(5):
        _served(mixed, Target(model="b.tar.gz"))
        mixed_times.append(_served(mixed).service_ns)
    assert mixed_times == times
    assert [_served(other).service_ns for _ in range(5)] != times
