"""CloudWatch's metrics and operations, with times that are passed in."""

import math
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from asyncload.emulator.aws.cloudwatch import CloudWatch, Invocation, Metrics, Name
from asyncload.emulator.aws.cloudwatch.distribution import Distribution
from asyncload.emulator.aws.cloudwatch.metrics import Series
from asyncload.emulator.aws.cloudwatch.operations import statistic
from asyncload.emulator.wire.values import Request

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
NOON_S = NOON.timestamp()


def _seen(**changed: Any) -> Invocation:
    return msgspec.structs.replace(Invocation(status=200, instances=1, overhead_ns=500), **changed)


def _only(metrics: Metrics, name: Name, variant: str = "AllTraffic") -> Distribution:
    ((_, found),) = metrics.minutes(Series(name, "mme", variant), 0, 10**9)
    return found


def _json(operation: str, body: dict[str, Any]) -> Request:
    values = {"x-amz-target": f"GraniteServiceVersion20100801.{operation}"}
    return Request("POST", "/", (), msgspec.json.encode(body), whole=True, arrival_ns=0, peer=None, values=values)


def _asked(stat: str = "Sum", period: int = 60, **more: Any) -> dict[str, Any]:
    dimensions = [{"Name": "EndpointName", "Value": "mme"}, {"Name": "VariantName", "Value": "AllTraffic"}]
    metric = {"Namespace": "AWS/SageMaker", "MetricName": "Invocations", "Dimensions": dimensions}
    query = {"Id": "a", "MetricStat": {"Metric": metric, "Period": period, "Stat": stat}}
    return {"MetricDataQueries": [query], "StartTime": NOON_S, "EndTime": NOON_S + 3600, **more}


def _answer(metrics: Metrics, body: dict[str, Any], now_s: float = NOON_S + 7200, late_s: float = 60) -> dict[str, Any]:
    reply = CloudWatch(metrics, late_s, lambda: now_s).answer(_json("GetMetricData", body))
    decoded: dict[str, Any] = msgspec.json.decode(reply.body)
    return decoded


def _points(answer: dict[str, Any]) -> list[tuple[float, float]]:
    (result,) = answer["MetricDataResults"]
    return list(zip([time - NOON_S for time in result["Timestamps"]], result["Values"], strict=True))


# -- distribution -----------------------------------------------------------------------------------------------------


def test_percentiles_are_within_a_thousandth() -> None:
    """Every percentile of values over nine decades is close to the value of that rank, packed or not."""
    values = [1.07**i / 100 for i in range(320)]
    found = Distribution()
    for value in values:
        found.add(value)
    for _ in range(2):
        for percent in (0, 1, 25, 50, 90, 99, 99.9, 100):
            true = values[max(1, math.ceil(percent * len(values) / 100)) - 1]
            assert found.percentile(percent) == pytest.approx(true, rel=0.001)
        found.pack()


def test_small_whole_numbers_and_zero_are_exact() -> None:
    """Counts of models and shares come back as they are."""
    for value in (0, 1, 7, 1023):
        assert Distribution.of({0: 1, value: 3, 2048: 1}).percentile(50) == value


def test_joined_is_everything_at_once() -> None:
    """Minutes that are joined to a period have the statistics of all their values."""
    parts = Distribution.of({1: 2, 100: 1}), Distribution.of({0.5: 1, 7: 3})
    parts[0].pack()
    joined, at_once = Distribution.joined(parts), Distribution.of({1: 2, 100: 1, 0.5: 1, 7: 3})
    for name in ("SampleCount", "Sum", "Average", "Minimum", "Maximum", "p1", "p50", "p99"):
        assert statistic(joined, name) == statistic(at_once, name)


# -- metrics ----------------------------------------------------------------------------------------------------------


def test_a_request_adds_to_every_metric() -> None:
    """Errors and hits are 1 or 0 per request, latencies are microseconds, and waits are of those that waited."""
    metrics = Metrics()
    metrics.invocation("mme", "AllTraffic", NOON_S, _seen(instances=4, latency_ns=4_000_000, hit=True))
    metrics.invocation("mme", "AllTraffic", NOON_S, _seen(status=503, model_error=True, hit=False, wait_ns=9_000))
    metrics.invocation("mme", "AllTraffic", NOON_S, _seen(status=400))
    found = {name: _only(metrics, name) for name, _, _ in metrics.series()}
    sums = {name.value: (values.count, values.total) for name, values in found.items()}
    assert sums == {
        "Invocations": (3, 3),
        "InvocationsPerInstance": (3, 2.25),
        "Invocation4XXErrors": (3, 1),
        "Invocation5XXErrors": (3, 1),
        "InvocationModelErrors": (3, 1),
        "ModelLatency": (1, 4_000),
        "OverheadLatency": (3, 1.5),
        "ModelCacheHit": (2, 1),
        "ModelLoadingWaitTime": (1, 9),
    }


def test_variants_are_apart() -> None:
    """What one variant answered is not found under another."""
    metrics = Metrics()
    metrics.invocation("mme", "blue", NOON_S, _seen())
    metrics.invocation("mme", "green", NOON_S, _seen())
    assert [_only(metrics, Name.INVOCATIONS, variant).count for variant in ("blue", "green")] == [1, 1]
    assert list(metrics.minutes(Series(Name.INVOCATIONS, "other", "blue"), 0, 10**9)) == []


def test_old_minutes_are_forgotten() -> None:
    """Memory is bounded: so many minutes with values are kept of each variant."""
    metrics = Metrics(minutes_kept=2)
    for minute in range(5):
        metrics.invocation("mme", "AllTraffic", NOON_S + 60 * minute, _seen())
    found = metrics.minutes(Series(Name.INVOCATIONS, "mme", "AllTraffic"), 0, 10**9)
    assert [number - NOON_S // 60 for number, _ in found] == [3, 4]


def test_a_clock_that_is_set_back_loses_nothing() -> None:
    """A value from before the last minute counts into the last one."""
    metrics = Metrics()
    for at_s in (NOON_S + 60, NOON_S):
        metrics.invocation("mme", "AllTraffic", at_s, _seen())
    assert _only(metrics, Name.INVOCATIONS).count == 2


def test_namespaces_and_units_are_those_of_aws() -> None:
    """Metrics of instances stand apart from those of requests; times are microseconds."""
    apart = {name.value for name in Name if name.namespace == "/aws/sagemaker/Endpoints"}
    assert apart == {"LoadedModelCount", "CPUUtilization", "MemoryUtilization", "DiskUtilization"}
    assert {name.unit for name in Name if name.value.endswith(("Time", "Latency"))} == {"Microseconds"}
    assert Name.CPU.unit == "Percent"


# -- operations -------------------------------------------------------------------------------------------------------


def _hour() -> Metrics:
    """One request in the first minute after noon, two in the second, and so on, for six minutes."""
    metrics = Metrics()
    for minute in range(6):
        for _ in range(minute + 1):
            metrics.invocation("mme", "AllTraffic", NOON_S + 60 * minute, _seen())
    return metrics


@pytest.mark.parametrize(
    ("late_s", "now_s", "minutes"),
    [(120, 239, 1), (120, 240, 2), (0, 59, 1), (0, 60, 2), (1, 60, 0), (1, 61, 1)],
)
def test_minutes_are_published_late(late_s: float, now_s: float, minutes: int) -> None:
    """A minute can be read so long after its end; without delay the minute under way is seen too."""
    answer = _answer(_hour(), _asked(), NOON_S + now_s, late_s)
    assert len(answer["MetricDataResults"][0]["Values"]) == minutes


def test_periods_begin_at_their_multiples() -> None:
    """Five minutes from 12:02 on: the period of 12:00 is read whole, and that of 12:05 by what it has."""
    body = _asked(period=300, StartTime=NOON_S + 120, ScanBy="TimestampAscending")
    assert _points(_answer(_hour(), body)) == [(0, 15), (300, 6)]


def test_the_end_is_exclusive() -> None:
    """A minute that begins at EndTime is not in."""
    assert _points(_answer(_hour(), _asked(EndTime=NOON_S + 120))) == [(60, 2), (0, 1)]


def test_unknown_metrics_have_no_values() -> None:
    """A name, a dimension or a unit that is not there is no mistake."""
    changes: list[dict[str, object]] = [{"MetricName": "Nothing"}, {"Dimensions": []}, {"Namespace": "AWS/Lambda"}]
    for change in changes:
        body = _asked()
        body["MetricDataQueries"][0]["MetricStat"]["Metric"] |= change
        assert _points(_answer(_hour(), body)) == []
    body = _asked()
    body["MetricDataQueries"][0]["MetricStat"]["Unit"] = "Seconds"
    assert _points(_answer(_hour(), body)) == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (_asked(stat="tm99"), "ValidationError"),
        (_asked(stat="p101"), "ValidationError"),
        (_asked(period=90), "ValidationError"),
        (_asked(period=0), "ValidationError"),
        (_asked(EndTime=NOON_S), "ValidationError"),
        (_asked(NextToken="x"), "InvalidNextToken"),
        (_asked(MetricDataQueries=[]), "ValidationError"),
        (_asked(MetricDataQueries=[{"Id": "a"}]), "ValidationError"),
        (_asked(MetricDataQueries=[{"Id": "a", "Expression": "m1 * 2"}]), "ValidationError"),
        (_asked(MetricDataQueries=2 * _asked()["MetricDataQueries"]), "ValidationError"),
        ({"StartTime": "yesterday"}, "ValidationError"),
    ],
)
def test_what_aws_would_refuse_is_refused(body: dict[str, Any], code: str) -> None:
    """Each has AWS's code."""
    assert _answer(_hour(), body)["__type"] == code


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/x-amz-json-1.0", b"{"),
        ("application/cbor", b"\xff"),
        ("application/cbor", b"\x9b" + b"\xff" * 8),
        ("application/x-www-form-urlencoded", b"Action=GetMetricData&Version=2010-08-01&a=1&a.b=2"),
        ("application/x-www-form-urlencoded", b"Action=GetMetricData&Version=2010-08-01&a.member.x=2"),
        ("application/x-www-form-urlencoded", b"Action=GetMetricData&Version=2010-08-01&a" + b".b" * 99 + b"=2"),
    ],
)
def test_what_cannot_be_read_is_no_exception(content_type: str, body: bytes) -> None:
    """A malformed body is answered with 400 in every protocol."""
    values = {"content-type": content_type}
    if "json" in content_type:
        values["x-amz-target"] = "GraniteServiceVersion20100801.GetMetricData"
    path = "/service/GraniteServiceVersion20100801/operation/GetMetricData" if "cbor" in content_type else "/"
    request = Request("POST", path, (), body, whole=True, arrival_ns=0, peer=None, values=values)
    reply = CloudWatch(Metrics(), 0, lambda: NOON_S).answer(request)
    assert reply.status == 400
    assert b"SerializationException" in reply.body


def test_other_requests_are_left_to_others() -> None:
    """Invocations, other services' targets and other Query services are not for CloudWatch."""
    others = [
        ("/endpoints/mme/invocations", {}, b""),
        ("/", {"x-amz-target": "SageMaker.DescribeEndpoint"}, b"{}"),
        ("/", {"content-type": "application/x-www-form-urlencoded"}, b"Action=GetCallerIdentity&Version=2011-06-15"),
    ]
    service = CloudWatch(Metrics(), 0, lambda: NOON_S)
    for path, values, body in others:
        request = Request("POST", path, (), body, whole=True, arrival_ns=0, peer=None, values=values)
        assert not service.speaks(request)


def test_an_hour_is_the_sum_of_its_minutes() -> None:
    """A long period joins all minutes that fall into it."""
    body = _asked(period=3600)
    assert _points(_answer(_hour(), body)) == [(0, 21)]
