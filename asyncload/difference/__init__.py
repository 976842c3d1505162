"""
What differs between two runs, or two sets of repeated runs, and how surely; pure computation on recordings.

    Recording * ─> course     calls per batch of seconds, and their latencies in bins
                ─> resample   what else the run could have given: blocks of seconds drawn anew
                ─> judging    the difference, its interval, and what is left of it among so many comparisons
                ─> Differences
"""

from asyncload.difference.compare import differences
from asyncload.difference.conditions import Condition
from asyncload.difference.values import METRICS, Difference, Differences, Judged, Metric, ModelDifferences, Side

__all__ = [
    "METRICS",
    "Condition",
    "Difference",
    "Differences",
    "Judged",
    "Metric",
    "ModelDifferences",
    "Side",
    "differences",
]
