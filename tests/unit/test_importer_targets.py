"""locust.importer.targets: shares, places and rows."""

from typing import Any

import pytest

from asyncload.locust.importer.findings import (
    NO_HOST,
    NOWHERE,
    Findings,
    Note,
    Rate,
    Row,
    Target,
    UserClass,
    Wait,
)
from asyncload.locust.importer.targets import Traffic, Unimportable, traffic

NO_WAIT = Wait(kind="constant", low_s=0.0, high_s=0.0, mean_s=0.0)


def paced(pace_s: float) -> Wait:
    return Wait(kind="pacing", low_s=pace_s, high_s=pace_s, mean_s=pace_s)


def user(name: str, *rates: Rate, weight: float = 1.0, fixed_count: int = 0, wait: Wait = NO_WAIT) -> UserClass:
    return UserClass(name=name, where="line 9", weight=weight, fixed_count=fixed_count, wait=wait, rates=list(rates))


def target(model: str, endpoint: str = "mme", region: str = "us-east-1", url: str | None = None, **more: Any) -> Target:
    own = f"https://runtime.sagemaker.{region}.amazonaws.com" if url is None else url
    return Target(endpoint=endpoint, url=own, region=region, model=model, **more)


def found(*classes: UserClass, targets: list[Target] | None = None, **more: Any) -> Findings:
    own = targets or [target("a"), target("b")]
    return Findings(locust="2", classes=list(classes), targets=own, pools=[[(0, 1.0)], [(1, 1.0)]], **more)


def made(findings: Findings, endpoint: str | None = None, users: int | None = None, host: str | None = None) -> Traffic:
    return traffic(findings, endpoint, users, host)


def weights(result: Traffic) -> dict[str, float]:
    return {each.label or each.name: each.weight for each in result.called}


def refusal(findings: Findings, **asked: Any) -> list[str]:
    with pytest.raises(Unimportable) as refused:
        made(findings, **asked)
    return [mistake.text for mistake in refused.value.mistakes]


def test_weights_of_classes_are_shares_of_users() -> None:
    """Class weight times calls per task."""
    findings = found(user("A", Rate(0, 0, 1.0), weight=3), user("B", Rate(0, 0, 0.5), Rate(1, 0, 0.5)))
    assert weights(made(findings)) == {"a": 0.875, "b": 0.125}


def test_a_pace_makes_users_of_a_class_call_more_often() -> None:
    """Where every class has a pace, a class whose users begin twice as many tasks makes twice the calls."""
    findings = found(user("A", Rate(0, 0, 1.0), wait=paced(1.0)), user("B", Rate(1, 0, 1.0), wait=paced(2.0)))
    result = made(findings)
    assert weights(result) == {"a": 0.5, "b": 0.25}
    assert result.calls_per_task == 1.0


def test_a_fixed_count_needs_the_number_of_users() -> None:
    findings = found(user("A", Rate(0, 0, 1.0), fixed_count=5), user("B", Rate(1, 0, 1.0)))
    assert refusal(findings) == ["A: fixed_count beside classes with a weight; their shares depend on --users"]
    assert weights(made(findings, users=20)) == {"a": 0.25, "b": 0.75}
    assert weights(made(findings, users=3)) == {"a": 1.0}


def test_fixed_counts_alone_are_shares() -> None:
    findings = found(user("A", Rate(0, 0, 1.0), fixed_count=1), user("B", Rate(1, 0, 1.0), fixed_count=3))
    assert weights(made(findings)) == {"a": 0.25, "b": 0.75}


def test_a_target_of_several_tasks_has_their_payloads_in_proportion() -> None:
    findings = found(user("A", Rate(0, 0, 0.75), Rate(0, 1, 0.25)))
    [called] = made(findings).called
    assert (called.weight, dict(called.pool)) == (1.0, {0: 0.75, 1: 0.25})


def test_nothing_that_is_called_is_a_mistake() -> None:
    """A file without a call of InvokeEndpoint says what it does call."""
    note = Note("other requests", "not InvokeEndpoint, and left out: GET http://h/ (line 3)")
    texts = refusal(found(user("A"), notes=[note]))
    assert texts == ["no task calls InvokeEndpoint; not InvokeEndpoint, and left out: GET http://h/ (line 3)"]


def test_one_endpoint_is_chosen() -> None:
    findings = found(user("A", Rate(0, 0, 0.5), Rate(1, 0, 0.5)), targets=[target("a"), target("b", endpoint="other")])
    assert refusal(findings) == ["calls the endpoints mme, other; choose one with --endpoint"]
    assert refusal(findings, endpoint="x") == ["does not call the endpoint x, but mme, other"]
    result = made(findings, endpoint="other")
    assert (weights(result), result.place.endpoint, result.others) == ({"b": 0.5}, "other", ["mme"])


@pytest.mark.parametrize(
    ("one", "place"),
    [
        (target("a"), ("", "us-east-1")),
        (target("a", region=NOWHERE), ("", "")),
        (target("a", url="https://vpce-1.example"), ("https://vpce-1.example", "us-east-1")),
        (target("a", region=NOWHERE, url="http://127.0.0.1:8089"), ("http://127.0.0.1:8089", "")),
        (target("a", region="", url="http://127.0.0.1:8089/x", signed=False), ("http://127.0.0.1:8089/x", "")),
        (
            target("a", region="cn-north-1", url="https://runtime.sagemaker.cn-north-1.amazonaws.com.cn"),
            ("", "cn-north-1"),
        ),
    ],
)
def test_a_place_is_said_where_aws_does_not_say_it(one: Target, place: tuple[str, str]) -> None:
    """AWS's own address follows from the region, and a region that the environment gives is left to it."""
    result = made(found(user("A", Rate(0, 0, 1.0)), targets=[one]))
    assert (result.place.url, result.place.region) == place


def test_a_host_that_is_asked_for_is_the_place() -> None:
    two = [target("a", url="http://one"), target("b", url="http://two")]
    findings = found(user("A", Rate(0, 0, 0.5), Rate(1, 0, 0.5)), targets=two)
    assert refusal(findings) == ["calls mme at http://one, http://two; -H HOST sets one for all"]
    assert made(findings, host="http://three").place.url == "http://three"


def test_http_calls_without_a_host_ask_for_one() -> None:
    findings = found(user("A", Rate(0, 0, 1.0)), targets=[target("a", url=NO_HOST, region="", signed=False)])
    assert refusal(findings) == ["has no host for its HTTP calls: give the one that Locust would be given with -H"]


def test_a_name_that_is_given_as_a_host_is_a_name() -> None:
    """Locust has no option for an endpoint's name: many files split it from -H https://NAME, and call AWS."""
    findings = found(user("A", Rate(0, 0, 1.0)), targets=[target("a", endpoint="my-mme")])
    assert made(findings, host="https://my-mme").place.url == ""
    nameless = found(user("A", Rate(0, 0, 1.0)), targets=[target("a", endpoint="no-host.invalid")], lines=["line 5"])
    text = "takes the endpoint's name from the host (line 5): give it as to Locust, -H https://NAME"
    assert refusal(nameless) == [text]


def test_two_regions_are_two_scenarios() -> None:
    two = [target("a"), target("b", region="eu-west-1")]
    texts = refusal(found(user("A", Rate(0, 0, 0.5), Rate(1, 0, 0.5)), targets=two))
    assert texts == ["calls mme in us-east-1, eu-west-1; take some of its classes, or tags"]


def test_rows_of_their_own_are_labels() -> None:
    """Names of rows are kept where each target has one, and where it is not the target's name anyway."""
    rows = [Row(0, "popular"), Row(1, "b")]
    result = made(found(user("A", Rate(0, 0, 0.5), Rate(1, 0, 0.5)), rows=rows))
    assert [(each.name, each.label) for each in result.called] == [("a", "popular"), ("b", "")]


@pytest.mark.parametrize(
    ("rows", "shared"),
    [
        ([Row(0, "SageMaker"), Row(1, "SageMaker")], ["SageMaker"]),
        ([Row(0, "one")], []),
        ([Row(0, "one"), Row(0, "two"), Row(1, "three")], []),
        ([Row(0, "/endpoints/mme/invocations"), Row(1, "/endpoints/mme/invocations")], []),
    ],
)
def test_rows_that_are_shared_are_no_labels(rows: list[Row], shared: list[str]) -> None:
    result = made(found(user("A", Rate(0, 0, 0.5), Rate(1, 0, 0.5)), rows=rows))
    assert [each.label for each in result.called] == ["", ""]
    assert result.shared_rows == shared


def test_targets_that_differ_in_their_signature_alone_are_one() -> None:
    """The same model, called signed and unsigned at one host, is one target."""
    two = [target("a", url="http://h"), target("a", url="http://h", region="", signed=False)]
    result = made(found(user("A", Rate(0, 0, 0.25), Rate(1, 0, 0.75)), targets=two))
    assert (weights(result), result.signed) == ({"a": 1.0}, False)
