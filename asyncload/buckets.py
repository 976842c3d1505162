"""
Upper bounds of the buckets in which systems of metrics keep durations: in a stream and in a file, the same ones.

An HDR slot belongs to a bucket whole: a value may be counted above a bound that it is below by less than 1/1024 of
itself.
"""

from typing import Final

DURATION_BOUNDS_S: Final = (
    0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.025, 0.035, 0.05, 0.075, 0.1, 0.15, 0.2, 0.25, 0.35, 0.5,
    0.75, 1.0, 1.5, 2.5, 5.0, 7.5, 10.0, 15.0, 30.0, 60.0,
)  # fmt: skip
"""Of what calls took; among them all those that OpenTelemetry recommends for HTTP, and Prometheus' own."""
LATENESS_BOUNDS_S: Final = (
    0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0,
)  # fmt: skip
"""Of what the generator took."""
