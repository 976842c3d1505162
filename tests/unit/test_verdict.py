"""One row per rule: just inside its limit, and just outside."""

from dataclasses import replace

import pytest

from asyncload.verdict import Evidence, judge

NAN = float("nan")
GOOD = Evidence(
    calls=10_000,
    sent=10_000,
    ok=10_000,
    dropped=0,
    abandoned=0,
    asked_per_s=100.0,
    achieved_per_s=100.0,
    lateness_p99_ms=0.2,
    service_p50_ms=5.0,
    cpu_share=0.5,
    longest_stall_ms=0.0,
    clock_jump_ms=0.0,
    clock_skew_s=0.0,
    exhausted=0,
    cut=False,
    interrupted=False,
    first_error="",
    store_error="",
)


def test_a_good_run_is_valid_without_a_word() -> None:
    verdict = judge(GOOD)
    assert verdict.valid
    assert verdict.reasons == verdict.warnings == ()


INVALID = [
    ({"lateness_p99_ms": 1.0}, {"lateness_p99_ms": 1.001}, "the latest 1 % of them by 1 ms or more, the limit 1 ms"),
    (
        {"lateness_p99_ms": 2.0, "service_p50_ms": 40.0},
        {"lateness_p99_ms": 2.01, "service_p50_ms": 40.0},
        "by 2.01 ms or more, the limit 2 ms",
    ),
    (
        {"lateness_p99_ms": 1.0, "service_p50_ms": NAN, "ok": 0},
        {"lateness_p99_ms": 1.001, "service_p50_ms": 70_000.0, "ok": 0},
        "the limit 1 ms",
    ),
    ({"dropped": 0}, {"dropped": 1}, "1 arrivals were dropped"),
    ({"achieved_per_s": 99.0}, {"achieved_per_s": 98.99}, "98.99/s of 100/s"),
    ({"longest_stall_ms": 100.0}, {"longest_stall_ms": 100.1}, "stood still for 100 ms"),
    ({"cpu_share": 0.95}, {"cpu_share": 0.951}, "the generator used 95% of its core; it was the bottleneck"),
    ({"exhausted": 0}, {"exhausted": 2}, "ran out of ports or file descriptors 2 times"),
    ({"clock_jump_ms": 100.0}, {"clock_jump_ms": 100.1}, "wall clock jumped by 100 ms"),
    ({"clock_jump_ms": -100.0}, {"clock_jump_ms": -3600e3}, "wall clock jumped by -3600000 ms"),
    (
        {"sent": 1, "ok": 1},
        {"sent": 0, "ok": 0, "achieved_per_s": 0.0, "lateness_p99_ms": NAN, "service_p50_ms": NAN},
        "no call was sent",
    ),
]


@pytest.mark.parametrize(("inside", "outside", "reason"), INVALID)
def test_each_rule_has_its_limit(inside: dict[str, float], outside: dict[str, float], reason: str) -> None:
    """At the limit VALID; just beyond it INVALID, with this reason and no other."""
    assert judge(replace(GOOD, **inside)).valid  # type: ignore[arg-type]
    verdict = judge(replace(GOOD, **outside))  # type: ignore[arg-type]
    assert not verdict.valid
    assert len(verdict.reasons) == 1
    assert reason in verdict.reasons[0]


WARNINGS = [
    ({"cut": False}, {"cut": True}, "the run was cut"),
    ({"interrupted": False}, {"interrupted": True}, "interrupted before its plan ended"),
    (
        {"ok": 9_900, "first_error": "x"},
        {"ok": 9_899, "first_error": "ConnectionResetError: reset"},
        (
            "101 of 10000 calls failed; latencies describe those that succeeded or timed out; "
            "first error: ConnectionResetError: reset"
        ),
    ),
    ({"store_error": ""}, {"store_error": "disk full"}, "the run directory ends early: disk full"),
    ({"abandoned": 0}, {"abandoned": 3, "ok": 9_997}, "3 calls were still in flight"),
    ({"cpu_share": 0.8}, {"cpu_share": 0.81}, "little is left"),
    ({"clock_skew_s": 60.0}, {"clock_skew_s": 61.0}, "differs by 61 s"),
    ({"clock_skew_s": -60.0}, {"clock_skew_s": -61.0}, "differs by -61 s"),
    ({"sent": 1000, "ok": 1000}, {"sent": 999, "ok": 999}, "only 999 calls"),
]


def test_a_closed_loop_is_told_to_let_fewer_users_call() -> None:
    """It has no rate that could be lowered, and none that it could miss."""
    closed = replace(GOOD, closed=True, asked_per_s=float("nan"))
    assert judge(closed).valid
    (reason,) = judge(replace(closed, lateness_p99_ms=50.0, cpu_share=0.9)).reasons
    assert "the generator is busy (90% of its core): let fewer users call, or split it over several ranks" in reason


@pytest.mark.parametrize(("inside", "outside", "warning"), WARNINGS)
def test_each_warning_has_its_limit_and_leaves_the_run_valid(
    inside: dict[str, float], outside: dict[str, float], warning: str
) -> None:
    assert judge(replace(GOOD, **inside)).warnings == ()  # type: ignore[arg-type]
    verdict = judge(replace(GOOD, **outside))  # type: ignore[arg-type]
    assert verdict.valid
    assert len(verdict.warnings) == 1
    assert warning in verdict.warnings[0]


def test_every_reason_is_given_not_only_the_first() -> None:
    verdict = judge(replace(GOOD, dropped=5, cpu_share=1.0, longest_stall_ms=500.0))
    assert len(verdict.reasons) == 3
