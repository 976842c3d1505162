"""Whether the runs of two sides are pairs."""

from collections.abc import Sequence

from asyncload.formats.recording import Recording


def paired(a: Sequence[Recording], b: Sequence[Recording]) -> bool:
    """Whether each run of A has one of B that was asked the same calls; what both have in common is no difference."""
    plans = [[recording.result.plan_digest for recording in side] for side in (a, b)]
    return len(a) > 1 and plans[0] == plans[1] and len(set(plans[0])) == len(a) and all(plans[0])
