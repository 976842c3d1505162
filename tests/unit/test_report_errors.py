"""report.errors: what went wrong, how often, where, and one example of each."""

from dataclasses import replace

from asyncload.call import Outcome
from asyncload.result import RunResult
from tests.unit.reported import ALL_FAILED, HEALTH, NO_CALLS, block, lines_of, model_of, result_of, steady


def errors_of(result: RunResult, width: int = 80) -> list[str]:
    return block(lines_of(result, width), "errors")


def test_each_outcome_has_its_count_its_place_and_an_example() -> None:
    """Most frequent first; then all of them with the interval of their share."""
    assert errors_of(steady()) == [
        "errors           calls  share, %  most of them",
        "THROTTLED           26      1.03  17 at xgboost-0.tar.gz",
        "  such as: 400 ThrottlingException: Rate exceeded",
        "TIMEOUT              4      0.16  2 at xgboost-0.tar.gz",
        "  such as: no reply in 30s",
        *errors_of(steady())[5:],
    ]
    share = steady().failures(steady().totals)
    ends = f"{100 * share.low:.2f} to {100 * share.high:.2f}"
    assert errors_of(steady())[5:] == [f"all                 30      1.19  95 % interval {ends}"]


def test_of_one_kind_all_is_not_told_twice() -> None:
    lines = errors_of(result_of(model_of("a", 99, {Outcome.AUTH: 1}), health=replace(HEALTH, examples={"AUTH": "no"})))
    assert [line.split()[0] for line in lines] == ["errors", "AUTH", "such", "95"]


def test_what_has_no_example_says_what_it_means() -> None:
    """Calls that were dropped or abandoned; other outcomes of a version that kept no examples say nothing."""
    failed = {Outcome.DROPPED: 3, Outcome.ABANDONED: 2, Outcome.AUTH: 1}
    lines = errors_of(result_of(model_of("a", 99, failed)))
    assert lines[2] == "  never sent: `limits.in_flight` calls were outstanding when it was due"
    assert lines[4] == "  still in flight when the run ended"
    assert [line.split()[0] for line in lines[5:]] == ["AUTH", "all"]


def test_the_first_error_of_an_older_version_is_told_once() -> None:
    """In a warning if there is one about failures, else below the errors."""
    health = replace(HEALTH, first_error="refused \x1b[2J")
    few = result_of(model_of("a", 9_999, {Outcome.CONNECT: 1}), health=health)
    assert errors_of(few)[-1] == "  first: refused ?[2J"
    most = result_of(model_of("a", 9, {Outcome.CONNECT: 900}), health=health)
    assert " ".join(lines_of(most)).count("refused ?[2J") == 1


def test_with_an_example_of_it_the_first_error_is_not_told_again() -> None:
    health = replace(HEALTH, first_error="refused", examples={"CONNECT": "refused"})
    few = result_of(model_of("a", 9_999, {Outcome.CONNECT: 1}), health=health)
    assert " ".join(lines_of(few)).count("refused by") + 1 == " ".join(lines_of(few)).count("refused")


def test_a_long_example_goes_over_several_lines() -> None:
    health = replace(HEALTH, examples={"MODEL_ERROR": "模型 " * 40 + "x" * 90})
    lines = errors_of(result_of(model_of("a", 9, {Outcome.MODEL_ERROR: 1}), health=health))
    words = "".join(line.strip() for line in lines[2:-1]).replace(" ", "")
    assert words == "suchas:" + "模型" * 40 + "x" * 90


def test_nothing_went_wrong_is_no_block() -> None:
    for result in (NO_CALLS, result_of(model_of("a", 10))):
        assert not any(line.startswith("errors") for line in lines_of(result))
    assert errors_of(ALL_FAILED)[1].split()[:2] == ["CONNECT", "12.3M"]
