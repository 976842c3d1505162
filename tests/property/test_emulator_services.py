"""Whatever a client sends to CloudWatch, the control plane or S3 is answered, never an exception."""

from typing import Any

import cbor2
import msgspec
from hypothesis import given
from hypothesis import strategies as st

from asyncload.emulator.aws.cloudwatch import CloudWatch, Invocation, Metrics
from asyncload.emulator.aws.discovery import Bucket, ControlPlane, Count, EndpointNow, Listing
from asyncload.emulator.config.endpoint import EndpointPlayed
from asyncload.emulator.wire.values import Request

QUESTION = ["StartTime", "EndTime", "MetricDataQueries", "Id", "MetricStat", "Metric", "Period", "Stat", "NextToken"]
OTHERS = ["Namespace", "MetricName", "Dimensions", "Statistics", "MaxDatapoints", "EndpointName", "MaxResults"]
NAMES = st.sampled_from([*QUESTION, *OTHERS])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.text() | st.just("Sum"),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(NAMES | st.text(), below, max_size=6),
    max_leaves=20,
)
CLOUDWATCH = st.sampled_from(["GetMetricData", "GetMetricStatistics", "ListMetrics", "PutMetricData"])
PLANE = ControlPlane(
    [EndpointPlayed(name="mme")], lambda _: EndpointNow("InService", {"AllTraffic": Count(1, 1)}), 0, "us-east-1"
)


def _request(method: str, target: str, values: dict[str, str], body: bytes) -> Request:
    return Request(method, target, (), body, whole=True, arrival_ns=0, peer=None, values=values)


def _cloudwatch(request: Request) -> int:
    service = CloudWatch(Metrics(), 0, lambda: 1_766_000_000)
    assert service.speaks(request)
    return service.answer(request).status


@given(CLOUDWATCH, VALUES | st.binary())
def test_cloudwatch_answers_any_json(operation: str, value: Any) -> None:
    """A body that is JSON, or none."""
    body = value if isinstance(value, bytes) else msgspec.json.encode(value)
    values = {"x-amz-target": f"GraniteServiceVersion20100801.{operation}"}
    assert _cloudwatch(_request("POST", "/", values, body)) in {200, 400}


@given(
    st.sampled_from(["StartTime", "EndTime", "Period", "Stat", "Unit", "NextToken", "MaxDatapoints", "ScanBy"]),
    VALUES | st.integers(0, 10**12) | st.datetimes().map(str) | st.sampled_from(["p99", "p0", "p100.0", "60", "86400"]),
)
def test_cloudwatch_answers_a_question_with_any_part(name: str, value: Any) -> None:
    """A question that is right but for one of its parts, about a metric that has values."""
    metrics = Metrics()
    metrics.invocation("mme", "v", 60.0, Invocation(status=200, instances=1, overhead_ns=1, latency_ns=1))
    dimensions = [{"Name": "EndpointName", "Value": "mme"}, {"Name": "VariantName", "Value": "v"}]
    metric = {"Namespace": "AWS/SageMaker", "MetricName": "ModelLatency", "Dimensions": dimensions}
    stat: dict[str, Any] = {"Metric": metric, "Period": 60, "Stat": "p50"}
    body = {"StartTime": 0, "EndTime": 600, "MetricDataQueries": [{"Id": "a", "MetricStat": stat}]}
    (stat if name in {"Period", "Stat", "Unit"} else body)[name] = value
    values = {"x-amz-target": "GraniteServiceVersion20100801.GetMetricData"}
    request = _request("POST", "/", values, msgspec.json.encode(body))
    assert CloudWatch(metrics, 0, lambda: 1_766_000_000).answer(request).status in {200, 400}


@given(CLOUDWATCH, VALUES | st.binary())
def test_cloudwatch_answers_any_cbor(operation: str, value: Any) -> None:
    """A body that is CBOR, or none."""
    body = value if isinstance(value, bytes) else cbor2.dumps(value)
    target = f"/service/GraniteServiceVersion20100801/operation/{operation}"
    assert _cloudwatch(_request("POST", target, {}, body)) in {200, 400}


@given(CLOUDWATCH, st.lists(st.tuples(st.lists(NAMES | st.sampled_from(["member", "1", "2", "x", ""])), st.text())))
def test_cloudwatch_answers_any_form(operation: str, pairs: list[tuple[list[str], str]]) -> None:
    """A form whose names are nested in any way."""
    form = "&".join([f"Action={operation}&Version=2010-08-01", *(".".join(path) + "=" + text for path, text in pairs)])
    values = {"content-type": "application/x-www-form-urlencoded"}
    request = _request("POST", "/", values, form.encode())
    if CloudWatch(Metrics(), 0, float).speaks(request):  # else a text has brought another Version along
        assert _cloudwatch(request) in {200, 400}


@given(st.sampled_from(["DescribeEndpoint", "DescribeModel", "ListEndpoints", "x"]), VALUES | st.binary())
def test_the_control_plane_answers_anything(operation: str, value: Any) -> None:
    """A body that is JSON, or none."""
    body = value if isinstance(value, bytes) else msgspec.json.encode(value)
    request = _request("POST", "/", {"x-amz-target": f"SageMaker.{operation}"}, body)
    assert PLANE.answer(request).status in {200, 400}


@given(st.text(), st.text(alphabet="ab/%=&-0129 ."), st.sampled_from(["max-keys", "continuation-token", "delimiter"]))
def test_s3_answers_any_query(path: str, text: str, name: str) -> None:
    """A path and a query of any texts."""
    listing = Listing(lambda: Bucket([("a/b", 1), ("b", 2)]), 0)
    for target in (f"/{path}?list-type=2", f"/emulated?list-type=2&{name}={text}", f"/emulated?list-type=2&{text}"):
        assert listing.answer(_request("GET", target, {}, b"")).status in {200, 400, 404, 501}
