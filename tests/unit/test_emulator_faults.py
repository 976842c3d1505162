"""Faults: how they are read, when they hold, whom they meet and how often."""

import math
from typing import get_args

import pytest

from asyncload.emulator.aws import answers
from asyncload.emulator.config.faults import (
    NOTHING,
    ErrorCode,
    Fault,
    Faults,
    Latency,
    Met,
    Refuse,
    Stall,
    read_faults,
    write_faults,
)
from asyncload.emulator.config.laws import Fixed
from asyncload.emulator.wire.mangle import Drip
from asyncload.errors import ScenarioError

S = 1_000_000_000
START_NS = 5 * S

EVERY = [
    {"stall": "2s", "after": "10s"},
    {"latency": {"fixed": "250ms"}, "models": "xgb-*", "ratio": 0.05},
    {"error": "ThrottlingException", "ratio": 0.01, "for": "30s"},
    {"reply": "reset_before", "endpoints": "mme"},
    {"drip": "1KiB"},
    {"refuse": True, "for": "2s"},
    {"tls_failure": True, "ratio": 0.5},
    {"clock_offset": "-6m"},
]


def given(*faults: dict[str, object], seed: int = 0) -> Faults:
    return Faults(seed, read_faults(list(faults)), START_NS)


# -- reading ----------------------------------------------------------------------------------------------------------


def test_every_fault_reads_back_as_itself() -> None:
    """What GET prints, POST takes; units are read, the rest has its defaults."""
    faults = read_faults(EVERY)
    assert faults[0] == Stall(stall_ns=2 * S, after_ns=10 * S)
    assert faults[1] == Latency(latency=Fixed(fixed_ns=S // 4), models="xgb-*", ratio=0.05)
    assert faults[5] == Refuse(refuse=True, for_ns=2 * S)
    assert read_faults(write_faults(faults)) == faults


@pytest.mark.parametrize(
    ("fault", "path", "words"),
    [
        ({"errors": "x"}, "[0].errors", "did you mean 'error'"),
        ({"error": "Throttling"}, "[0].error", "ThrottlingException"),
        ({"error": "ModelError", "ratio": 1.5}, "[0].ratio", "a share from 0 to 1"),
        ({"error": "ModelError", "for": "0s"}, "[0].for", "more than 0"),
        ({"reply": "reset"}, "[0].reply", "reset_before"),
        ({"drip": 0}, "[0].drip", "more than 0"),
        ({"refuse": False, "for": "1s"}, "[0].refuse", "expected true"),
        ({"refuse": True}, "[0].for", "nobody can connect"),
        ({"tls_failure": True}, "[0].for", "nobody can connect"),
        ({"refuse": True, "for": "1s", "models": "a"}, "[0].models", "unknown key"),
        ({"stall": "1s", "for": "2s"}, "[0].for", "unknown key"),
        ({"clock_offset": "six minutes"}, "[0].clock_offset", "-6m"),
        ("stall", "[0]", "expected {stall"),
    ],
)
def test_mistakes_are_named(fault: object, path: str, words: str) -> None:
    """Each at its place, and what would be right."""
    with pytest.raises(ScenarioError) as caught:
        read_faults([fault])
    (problem,) = caught.value.problems
    assert problem.path == f"faults{path}"
    assert words in problem.message


def test_all_mistakes_come_at_once() -> None:
    """One try shows every one."""
    with pytest.raises(ScenarioError) as caught:
        read_faults([{"drip": 0}, {"stall": "1s"}, {"error": "x"}])
    assert [problem.path for problem in caught.value.problems] == ["faults[0].drip", "faults[2].error"]


def test_every_error_has_its_status() -> None:
    """AWS's table, and the code is the one that a caller sees."""
    given = [answers.by_code(code, "mme", "a", "us-east-1") for code in get_args(ErrorCode)]
    assert [each.error_type for each in given] == list(get_args(ErrorCode))
    assert [each.status for each in given] == [400, 429, 424, 400, 500, 503, 530, 403, 403, 403]


# -- when -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("at_s", "holds"), [(0, False), (9.999, False), (10, True), (11.999, True), (12, False)])
def test_a_window_counts_from_the_moment_the_faults_were_given(at_s: float, holds: bool) -> None:  # noqa: FBT001
    """Its beginning belongs to it, its end does not; for every kind of fault."""
    now_ns = START_NS + int(at_s * S)
    window = {"after": "10s", "for": "2s"}
    faults = given(
        {"stall": "2s", "after": "10s"},
        *({**each, **window} for each in ({"refuse": True}, {"tls_failure": True}, {"clock_offset": "3s"})),
        {"error": "ModelError", **window},
    )
    assert (faults.stalled_until_ns(now_ns) == START_NS + 12 * S) == holds
    assert faults.refusing(now_ns) == holds
    assert faults.handshake_fails(now_ns) == holds
    assert faults.clock_offset_ns(now_ns) == (3 * S if holds else 0)
    assert faults.meet("mme", "a", now_ns) == (Met(error="ModelError") if holds else NOTHING)
    assert len(faults.active(now_ns)) == (5 if holds else 0)


def test_the_next_change_is_the_next_beginning_or_end() -> None:
    """Asked again at each, it walks through all of them and stops."""
    faults = given(
        {"stall": "2s", "after": "10s"}, {"refuse": True, "for": "11s"}, {"clock_offset": "-6m", "after": "1s"}
    )
    moments, now_ns = [], START_NS
    while (change_ns := faults.next_change_ns(now_ns)) is not None:
        now_ns = change_ns
        moments.append((now_ns - START_NS) // S)
    assert moments == [1, 10, 11, 12]


def test_faults_of_time_add_up() -> None:
    """Offsets are summed, the latest end of a stall counts, one refusal is enough."""
    faults = given({"clock_offset": "-6m"}, {"clock_offset": "1m"}, {"stall": "2s"}, {"stall": "1s"})
    assert faults.clock_offset_ns(START_NS) == -300 * S
    assert faults.stalled_until_ns(START_NS + 1) == START_NS + 2 * S


def test_other_faults_end_those_before() -> None:
    """`replace` begins anew: windows and draws; nothing ends everything."""
    draws = [{"error": "ModelError", "ratio": 0.5}]
    faults = given(*draws)
    first = [faults.meet("e", "m", START_NS) for _ in range(50)]
    faults.replace(read_faults(draws), START_NS + S)
    assert {faults.meet("e", "m", START_NS) for _ in range(50)} == {NOTHING}
    faults.replace(read_faults(draws), START_NS)
    assert [faults.meet("e", "m", START_NS) for _ in range(50)] == first
    faults.replace((), START_NS)
    assert faults.meet("e", "m", START_NS) is NOTHING
    assert faults.active(START_NS) == ()


# -- whom and how often -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("endpoints", "models", "fits"),
    [
        ("*", "*", True),
        ("mme", "xgb-1.tar.gz", True),
        ("mm?", "xgb-[0-9]*", True),
        ("mme-2", "*", False),
        ("*", "xgb", False),
        ("MME", "*", False),
        ("*", "", False),
    ],
)
def test_patterns_choose_endpoints_and_models(endpoints: str, models: str, fits: bool) -> None:  # noqa: FBT001
    """Both must fit, in whole and in case."""
    faults = given({"error": "ModelError", "endpoints": endpoints, "models": models})
    assert (faults.meet("mme", "xgb-1.tar.gz", START_NS) is not NOTHING) == fits


@pytest.mark.parametrize("ratio", [0, 0.01, 0.3, 1])
def test_the_ratio_is_kept(ratio: float) -> None:
    """Of 20,000 requests as many as binomial draws allow within four deviations; none and all exactly."""
    count = 20_000
    faults = given({"reply": "reset_before", "ratio": ratio}, {"tls_failure": True, "ratio": ratio, "for": "1h"})
    met = sum(faults.meet("e", "m", START_NS).mangle is not None for _ in range(count))
    failed = sum(faults.handshake_fails(START_NS) for _ in range(count))
    allowed = 4 * math.sqrt(count * ratio * (1 - ratio))
    assert abs(met - count * ratio) <= allowed
    assert abs(failed - count * ratio) <= allowed


def test_latencies_add_up_and_of_the_rest_the_first_counts() -> None:
    """One request can meet several faults."""
    faults = given(
        {"latency": {"fixed": "1s"}},
        {"latency": {"fixed": "2s"}},
        {"error": "ModelError"},
        {"error": "InternalFailure"},
        {"drip": "1KiB"},
        {"reply": "reset_after"},
    )
    assert faults.meet("e", "m", START_NS) == Met(3 * S, "ModelError", Drip(1024))


def struck(faults: Faults, place: int) -> list[bool]:
    """Which of 500 requests the fault at a place strikes; each fault of the test has an error of its own."""
    codes = get_args(ErrorCode)
    return [faults.meet("e", "m", START_NS).error == codes[place] for _ in range(500)]


def test_the_seed_decides() -> None:
    """The same seed strikes the same requests; 0 is a seed like any other."""
    fault: dict[str, object] = {"error": "ThrottlingException", "ratio": 0.2}
    assert struck(given(fault), 0) == struck(given(fault), 0)
    assert struck(given(fault), 0) != struck(given(fault, seed=1), 0)


def test_each_fault_draws_for_itself() -> None:
    """Another fault before it, or another ratio of its law's draw, does not change whom a fault strikes."""
    other: dict[str, object] = {"reply": "reset_before", "ratio": 0.5}
    never: dict[str, object] = {"error": "ThrottlingException", "ratio": 0}
    fault: dict[str, object] = {"error": "ModelNotReadyException", "ratio": 0.2}
    assert struck(given(other, fault), 1) == struck(given(never, fault), 1)
    first, second = (given(fault, fault) for _ in range(2))
    both = [each.drawn() for each in first._playing for _ in range(500)]
    assert both[:500] != both[500:]
    assert [each.drawn() for each in second._playing for _ in range(500)] == both


def test_a_law_draws_times_of_its_own() -> None:
    """The times of a latency are the same for any ratio."""
    law = {"latency": {"lognormal": {"median": "10ms", "sigma": 1}}}

    def times(ratio: float) -> list[int]:
        faults = given({**law, "ratio": ratio})
        drawn = (faults.meet("e", "m", START_NS).extra_ns for _ in range(2000))
        return [extra_ns for extra_ns in drawn if extra_ns]

    assert times(0.5) == times(1)[: len(times(0.5))]


def test_nothing_is_one_value() -> None:
    """Without faults of requests there is nothing to draw and nothing to make."""
    faults: list[Fault] = [Stall(stall_ns=S)]
    assert Faults(0, faults, 0).meet("e", "m", 0) is NOTHING
