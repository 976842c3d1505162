"""
CloudWatch as SageMaker fills it: metrics of endpoints per minute, published late, read by AWS's own API.

    names         metrics with their namespaces and units
    distribution  values of one metric in one minute                                   pure
    metrics       minutes of every variant, added to by each request                   pure
    operations    GetMetricData, GetMetricStatistics, ListMetrics over these metrics   pure
    protocols     the three wire formats in which CloudWatch is spoken                 pure
    service       a request in, a reply out
"""

from asyncload.emulator.aws.cloudwatch.metrics import Invocation, Metrics
from asyncload.emulator.aws.cloudwatch.names import Name
from asyncload.emulator.aws.cloudwatch.service import CloudWatch

__all__ = ["CloudWatch", "Invocation", "Metrics", "Name"]
