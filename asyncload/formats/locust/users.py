"""How many users a closed loop has at a moment, from the scenario as data."""

from collections.abc import Mapping
from typing import Any

from asyncload.units import parse_duration_ns, parse_rate_per_s


def users_at(scenario: Mapping[str, Any], t_ns: int) -> int | None:
    """
    Users of all ranks in the closed phase that is under way.

    Args:
        scenario: As `Scenario.to_dict` gives it.
        t_ns: From the plan's zero.

    Returns:
        None in an open phase, after the last phase, and behind a trace, whose length the scenario does not state.
    """
    start_ns, before = 0, 0
    for phase in scenario.get("phases", ()):
        if "for" not in phase:
            return None
        end_ns = start_ns + parse_duration_ns(phase["for"])
        users = int(phase.get("users", 0))
        if start_ns < t_ns <= end_ns:
            return _begun(phase, before, t_ns - start_ns) if users else None
        start_ns, before = end_ns, users
    return None


def _begun(phase: Mapping[str, Any], before: int, passed_ns: int) -> int:
    """Users in a part of a phase; those of the closed phase before go on, the k-th new one begins at k / spawn."""
    users = int(phase["users"])
    if "spawn" not in phase or users <= before:
        return users
    return min(users, before + 1 + int(parse_rate_per_s(phase["spawn"]) * passed_ns / 1e9))
