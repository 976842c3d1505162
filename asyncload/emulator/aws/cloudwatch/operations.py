"""
GetMetricData, GetMetricStatistics and ListMetrics over the metrics of endpoints.

Only whole minutes are kept, and a minute can be read once it is published. Periods begin at multiples of their length
since 1970. A metric that is not known has no values and is no mistake, as at AWS.

Source: CloudWatch API reference, version 2010-08-01.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import groupby
from typing import Annotated, Literal, TypeAlias

import msgspec

from asyncload.emulator.aws.cloudwatch.distribution import Distribution
from asyncload.emulator.aws.cloudwatch.metrics import MINUTE_S, Metrics, Series
from asyncload.emulator.aws.cloudwatch.names import named

Value: TypeAlias = "str | float | datetime | list[Value] | dict[str, Value]"
"""What a reply is made of."""
POINTS_AT_ONCE = 100_800
METRICS_AT_ONCE = 500
_PERCENTILE = re.compile(r"p(100(?:\.0+)?|\d{1,2}(?:\.\d{1,10})?)")
_ENDPOINT, _VARIANT = "EndpointName", "VariantName"


class RequestError(Exception):
    """A request that AWS would refuse: its code and words."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Dimension(msgspec.Struct, frozen=True, rename="pascal"):
    """A name and its value; ListMetrics also takes a name alone."""

    name: str
    value: str | None = None


class Metric(msgspec.Struct, frozen=True, rename="pascal"):
    """Which series."""

    namespace: str
    metric_name: str
    dimensions: list[Dimension] = []


Period: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=86_400 * 365)]


class MetricStat(msgspec.Struct, frozen=True, rename="pascal"):
    """A statistic of a series over periods."""

    metric: Metric
    period: Period
    stat: str
    unit: str | None = None


class MetricDataQuery(msgspec.Struct, frozen=True, rename="pascal"):
    """One line to draw."""

    id: Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-zA-Z0-9_]{0,254}$")]
    metric_stat: MetricStat | None = None
    expression: str | None = None
    label: str | None = None
    return_data: bool = True


class GetMetricData(msgspec.Struct, frozen=True, rename="pascal"):
    """Lines between two times."""

    start_time: datetime
    end_time: datetime
    metric_data_queries: Annotated[list[MetricDataQuery], msgspec.Meta(max_length=METRICS_AT_ONCE)] = []
    next_token: str = "0"  # noqa: S105  a place, no secret
    scan_by: Literal["TimestampDescending", "TimestampAscending"] = "TimestampDescending"
    max_datapoints: Annotated[int, msgspec.Meta(ge=1, le=POINTS_AT_ONCE)] = POINTS_AT_ONCE


class GetMetricStatistics(msgspec.Struct, frozen=True, rename="pascal"):
    """Statistics of one series between two times."""

    namespace: str
    metric_name: str
    start_time: datetime
    end_time: datetime
    period: Period
    dimensions: list[Dimension] = []
    statistics: list[str] = []
    extended_statistics: list[str] = []
    unit: str | None = None


class ListMetrics(msgspec.Struct, frozen=True, rename="pascal"):
    """Which series there are."""

    namespace: str | None = None
    metric_name: str | None = None
    dimensions: list[Dimension] = []


def metric_data(metrics: Metrics, asked: GetMetricData, last: int) -> dict[str, Value]:
    """
    Answer GetMetricData.

    A page holds at most `max_datapoints` points of each query; NextToken says how many have been given.

    Args:
        metrics: What there is.
        asked: What is wanted.
        last: The last minute that can be read.

    Raises:
        RequestError: If AWS would refuse it.
    """
    _check_data(asked)
    if not asked.next_token.isdecimal() or len(asked.next_token) > 9:
        raise RequestError("InvalidNextToken", "The next token specified is invalid.")
    skip = int(asked.next_token)
    results: list[Value] = []
    more = False
    for query in asked.metric_data_queries:
        if query.metric_stat is not None and query.return_data:
            points = _line(metrics, query.metric_stat, asked, last)
            page = points[skip : skip + asked.max_datapoints]
            cut = len(points) > skip + len(page)
            more = more or cut
            results.append(_result(query, page, cut=cut))
    token: dict[str, Value] = {"NextToken": str(skip + asked.max_datapoints)} if more else {}
    return {"MetricDataResults": results, "Messages": [], **token}


def metric_statistics(metrics: Metrics, asked: GetMetricStatistics, last: int) -> dict[str, Value]:
    """
    Answer GetMetricStatistics.

    Raises:
        RequestError: If AWS would refuse it.
    """
    names = [*asked.statistics, *asked.extended_statistics]
    if not names:
        raise RequestError("MissingParameter", "At least one of Statistics and ExtendedStatistics must be specified.")
    for name in names:
        _check_statistic(name, "InvalidParameterValue")
    _check_times(asked.start_time, asked.end_time, asked.period, "InvalidParameterValue")
    which = Metric(asked.namespace, asked.metric_name, asked.dimensions)
    points: list[Value] = []
    for at, values in _periods(metrics, MetricStat(which, asked.period, "Sum", asked.unit), asked, last):
        point: dict[str, Value] = {"Timestamp": at, "Unit": _unit(which)}
        point |= {name: statistic(values, name) for name in asked.statistics}
        if asked.extended_statistics:
            point["ExtendedStatistics"] = {name: statistic(values, name) for name in asked.extended_statistics}
        points.append(point)
    return {"Label": asked.metric_name, "Datapoints": points}


def list_metrics(metrics: Metrics, asked: ListMetrics) -> dict[str, Value]:
    """Answer ListMetrics."""
    listed: list[Value] = []
    for series in metrics.series():
        dimensions = {_ENDPOINT: series.endpoint, _VARIANT: series.variant}
        fits = (
            asked.namespace in {None, series.name.namespace}
            and asked.metric_name in {None, series.name.value}
            and all(each.value in {None, dimensions.get(each.name)} for each in asked.dimensions)
            and all(each.name in dimensions for each in asked.dimensions)
        )
        if fits:
            pairs: list[Value] = [{"Name": name, "Value": value} for name, value in dimensions.items()]
            found: dict[str, Value] = {"Namespace": series.name.namespace, "MetricName": series.name.value}
            listed.append({**found, "Dimensions": pairs})
    return {"Metrics": listed}


def statistic(values: Distribution, name: str) -> float:
    """Return a statistic by AWS's name: SampleCount, Sum, Average, Minimum, Maximum, or a percentile such as p99.9."""
    match name:
        case "SampleCount":
            return float(values.count)
        case "Sum":
            return values.total
        case "Average":
            return values.average()
        case "Minimum":
            return values.lowest
        case "Maximum":
            return values.highest
    return values.percentile(float(name.removeprefix("p")))


# -- lines ------------------------------------------------------------------------------------------------------------


def _line(metrics: Metrics, stat: MetricStat, asked: GetMetricData, last: int) -> list[tuple[datetime, float]]:
    points = [(at, statistic(values, stat.stat)) for at, values in _periods(metrics, stat, asked, last)]
    return points if asked.scan_by == "TimestampAscending" else points[::-1]


def _periods(
    metrics: Metrics, stat: MetricStat, asked: GetMetricData | GetMetricStatistics, last: int
) -> Iterator[tuple[datetime, Distribution]]:
    """Yield the periods that have values, in order: the start of each, and what falls into it."""
    series = _series(stat.metric)
    if series is None or stat.unit not in {None, series.name.unit}:
        return
    length = stat.period // MINUTE_S
    first = int(_utc(asked.start_time).timestamp()) // stat.period * length
    end = -(-int(_utc(asked.end_time).timestamp()) // MINUTE_S)  # exclusive: a minute that begins before it is in
    minutes = metrics.minutes(series, first, min(end - 1, last))
    for number, group in groupby(minutes, key=lambda minute: minute[0] // length):
        at = datetime.fromtimestamp(number * stat.period, UTC)
        yield at, Distribution.joined(values for _, values in group)


def _series(metric: Metric) -> Series | None:
    name = named(metric.namespace, metric.metric_name)
    dimensions = {each.name: each.value or "" for each in metric.dimensions}
    if name is None or dimensions.keys() != {_ENDPOINT, _VARIANT}:
        return None
    return Series(name, dimensions[_ENDPOINT], dimensions[_VARIANT])


def _unit(metric: Metric) -> str:
    name = named(metric.namespace, metric.metric_name)
    return "None" if name is None else name.unit


def _result(query: MetricDataQuery, points: list[tuple[datetime, float]], *, cut: bool) -> Value:
    label = query.label or (query.metric_stat.metric.metric_name if query.metric_stat else query.id)
    return {
        "Id": query.id,
        "Label": label,
        "Timestamps": [at for at, _ in points],
        "Values": [value for _, value in points],
        "StatusCode": "PartialData" if cut else "Complete",
    }


# -- what AWS refuses -------------------------------------------------------------------------------------------------


def _check_data(asked: GetMetricData) -> None:
    if not asked.metric_data_queries:
        raise _invalid("The parameter MetricDataQueries is required.")
    ids = [query.id for query in asked.metric_data_queries]
    if len(set(ids)) < len(ids):
        raise _invalid("The values for parameter id in MetricDataQueries are not unique.")
    for query in asked.metric_data_queries:
        if query.expression is not None:
            raise _invalid(f"Error in expression '{query.id}': the emulator has no metric math; query its metrics.")
        if query.metric_stat is None:
            raise _invalid(f"Exactly one of MetricStat and Expression must be specified in query '{query.id}'.")
        _check_statistic(query.metric_stat.stat, "ValidationError")
        _check_times(asked.start_time, asked.end_time, query.metric_stat.period, "ValidationError")


def _check_statistic(name: str, code: str) -> None:
    if name not in {"SampleCount", "Sum", "Average", "Minimum", "Maximum"} and not _PERCENTILE.fullmatch(name):
        legal = "SampleCount, Sum, Average, Minimum, Maximum, and percentiles such as p99.9"
        raise RequestError(code, f"The value {name} for parameter Stat is not supported; the emulator has {legal}.")


def _check_times(start: datetime, end: datetime, period_s: int, code: str) -> None:
    if _utc(start) >= _utc(end):
        raise RequestError(code, "The parameter StartTime must be less than the parameter EndTime.")
    if period_s % MINUTE_S:
        raise RequestError(code, f"Period must be a multiple of 60 for a metric of one minute, not {period_s}.")


def _invalid(message: str) -> RequestError:
    return RequestError("ValidationError", message)


def _utc(time: datetime) -> datetime:
    return time if time.tzinfo else time.replace(tzinfo=UTC)
