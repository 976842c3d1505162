"""Several runs taken together: percentiles of all calls, averaged rates, intervals of how the runs differ."""

import math
from dataclasses import replace
from io import StringIO
from pathlib import Path

import msgspec
import numpy as np
import pytest
from rich.console import Console

from asyncload.difference import differences
from asyncload.formats.recording import Recording
from asyncload.histogram import HIGHEST_US, merge
from asyncload.repeats import Repeats, is_whole
from asyncload.report.estimates import UNTOLD
from asyncload.report.repeated import document
from asyncload.report.repeats import line_of, show
from asyncload.store import numbered, runs_of, sides_of
from bench.courses import Endpoint, made

RUN = Endpoint(seconds=10)


def runs(shifts: list[float], seed: int = 100) -> list[Recording]:
    """Runs each of which is slower or faster than the others by some factor."""
    return [
        made(replace(RUN, median_us=20_000 * shift), seed + number, digest=f"{number:064x}")
        for number, shift in enumerate(shifts)
    ]


def together(recordings: list[Recording]) -> Repeats:
    return Repeats(tuple(recording.result for recording in recordings))


ALIKE = together(runs([1.0] * 4))
UNLIKE = together(runs([0.8, 1.0, 1.2, 1.4]))


def test_percentiles_are_those_of_all_calls_and_rates_are_averaged() -> None:
    whole = merge([result.totals.response for result in UNLIKE.results])
    p50, p90, p99 = UNLIKE.total.response
    assert [each.value_us for each in (p50, p90, p99)] == whole.quantiles_us([0.5, 0.9, 0.99]).tolist()
    assert UNLIKE.total.rate_per_s.value == pytest.approx(sum(each.totals.sent for each in UNLIKE.results) / 40)
    assert UNLIKE.total.model.calls == sum(each.totals.calls for each in UNLIKE.results)


def test_runs_that_differ_make_wide_intervals_and_runs_that_do_not_narrow_ones() -> None:
    """By their own calls the runs would all be as sure of themselves."""
    alike, unlike = (repeats.total.response[0] for repeats in (ALIKE, UNLIKE))
    assert unlike.low_us < 0.8 * unlike.value_us
    assert unlike.high_us > 1.2 * unlike.value_us
    assert alike.high_us / alike.low_us < 1.2
    assert alike.low_us < alike.value_us < alike.high_us


def test_a_single_run_does_not_say_how_runs_differ() -> None:
    single = together(runs([1.0]))
    assert not any(each.supported for each in single.total.response)
    assert math.isnan(single.total.rate_per_s.low)


@pytest.mark.parametrize(
    ("shifts", "told"), [((1, 1.1), True), ((1, 16), False), ((1, 1, 16), True), ((1, 1, 500), False)]
)
def test_an_interval_that_leaves_what_can_be_measured_is_none(shifts: tuple[float, ...], told: bool) -> None:  # noqa: FBT001
    """Two runs have one degree of freedom: a factor of 16 between them says nothing, and nothing is printed of it."""
    p50 = together(runs(list(shifts))).total.response[0]
    assert p50.supported is told
    assert not told or 1 <= p50.low_us < p50.value_us < p50.high_us <= HIGHEST_US
    assert p50.value_us > 0


def test_a_share_is_at_most_all() -> None:
    failing = [made(replace(RUN, errors=errors), seed).result for seed, errors in enumerate((0.05, 0.95))]
    share = Repeats(tuple(failing)).total.error_rate
    assert (share.low, share.high) == (0.0, 1.0)
    assert share.value == pytest.approx(0.5, abs=0.1)


def test_the_report_says_why_a_percentile_is_not_told() -> None:
    """Too few calls, or too few runs: more calls would not help with the latter."""

    def shown(recordings: list[Recording]) -> str:
        out = StringIO()
        show(together(recordings), [f"{i:02}" for i in range(len(recordings))], Console(file=out, width=120))
        return out.getvalue()

    far, few = "so few runs, so far apart", "too few calls that tell as much as independent ones"
    apart = shown([made(replace(RUN, seconds=60, median_us=20_000 * shift), 7) for shift in (1, 16)])
    assert far in apart
    assert few not in apart
    short = shown([made(replace(RUN, seconds=2), seed) for seed in (1, 2)])
    assert few in short
    assert far not in short
    alone = shown([made(replace(RUN, seconds=60), 1)])
    assert f"{UNTOLD}: a single run does not tell how runs differ; repeats would" in alone
    assert far not in alone
    assert UNTOLD not in shown([made(replace(RUN, seconds=60), seed) for seed in (1, 2, 3)])


def test_the_verdict_is_the_worst_and_says_which_run() -> None:
    bad = replace(ALIKE.results[1], health=replace(ALIKE.results[1].health, longest_stall_ns=500_000_000))
    repeats = Repeats((ALIKE.results[0], bad))
    assert not repeats.verdict.valid
    assert repeats.verdict.reasons == (
        "run 2: the generator stood still for 500 ms: this machine may be shared, or was asleep",
    )


def test_models_that_all_runs_have_are_told() -> None:
    other = made(replace(RUN, rates_per_s={"b.tar.gz": 30.0, "c.tar.gz": 30.0}), 5).result
    assert [model.model.name for model in Repeats((ALIKE.results[0], other)).models] == ["b.tar.gz"]


def test_a_run_that_was_cut_is_not_whole_and_one_that_a_rule_stopped_is() -> None:
    result = ALIKE.results[0]
    assert is_whole(result)
    assert not is_whole(replace(result, health=replace(result.health, cut=True)))
    assert not is_whole(replace(result, health=replace(result.health, interrupted=True)))
    assert is_whole(replace(result, health=replace(result.health, interrupted=True, stopped="error_rate > 5%")))


def test_the_report_has_a_line_for_each_run_and_all_together_within_80_columns() -> None:
    out = StringIO()
    show(UNLIKE, ["01", "02", "03", "04"], Console(file=out, width=80), "A")
    lines = out.getvalue().splitlines()
    assert lines[0] == "A  VALID  made up, 4 runs"
    assert max(map(len, lines)) <= 80
    assert [line.split()[0] for line in lines if line[:1] == "0"] == ["01", "02", "03", "04"]
    assert any(line.startswith("total") for line in lines)
    assert line_of(UNLIKE.results[0], "01").startswith("01  VALID  ")


@pytest.mark.parametrize("slow", [1, 300])
def test_all_runs_together_have_every_percentile_however_narrow_the_line(slow: int) -> None:
    """Where a line has no room for all numbers and their intervals, there are two tables."""
    long = {"a-model-whose-name-is-as-long-as-they-are.tar.gz": 60.0, "b.tar.gz": 60.0}
    endpoint = replace(RUN, seconds=20, rates_per_s=long, median_us=20_000 * slow, errors=0.01)
    repeats = together([made(endpoint, seed) for seed in (1, 2, 3)])

    def lines(width: int) -> list[str]:
        out = StringIO()
        show(repeats, ["01", "02", "03"], Console(file=out, width=width))
        return out.getvalue().splitlines()

    for width in (80, 200):
        told = lines(width)
        assert max(map(len, told)) <= width
        heads = [line for line in told if line.startswith("together")]
        assert len(heads) == (2 if width == 80 else 1)
        assert all(f" {head} " in f"{' '.join(heads)} " for head in ("calls", "err %", "p50", "p90", "p99", "per s"))
        assert sum(line.startswith("total") for line in told) == len(heads)


def test_a_share_of_errors_stands_as_that_of_each_run() -> None:
    out = StringIO()
    show(ALIKE, ["01", "02", "03", "04"], Console(file=out, width=120))
    lines = out.getvalue().splitlines()
    shares = [line.split()[2] for line in lines if line.startswith(("01", "02", "03", "04", "total"))]
    assert shares == ["0"] * 5


def test_of_a_thousand_models_the_slowest_are_shown() -> None:
    many = replace(RUN, rates_per_s={f"m-{i}.tar.gz": 10.0 for i in range(30)}, slower={"m-7.tar.gz": 4.0})
    out = StringIO()
    show(together([made(many, seed) for seed in (1, 2, 3)]), ["01", "02", "03"], Console(file=out, width=80))
    assert "20 of 30 models, the first by p99" in out.getvalue()
    assert "m-7.tar.gz" in out.getvalue()


def test_of_each_objective_the_run_that_is_furthest_off_is_told() -> None:
    """Medians of 16, 20, 24 and 28 ms; a run that was judged by another objective has no part in this."""
    limit = "p50 < 21ms"
    repeats = Repeats(
        (*(result.judged_by([limit]) for result in UNLIKE.results), ALIKE.results[0].judged_by(["p50 < 1s"])),
        ("01", "02", "03", "04", "06"),
    )
    first, second = repeats.objectives
    assert (first.told.text, first.told.answer, first.runs[first.worst]) == (limit, "MISSED", "04")
    counts = {answer: [one.answer for one in first.each].count(answer) for answer in ("MET", "UNDECIDED", "MISSED")}
    assert counts["MISSED"] >= 1
    assert first.told.why.startswith("of 4 runs ")
    assert ": run 04: p50 is " in first.told.why
    assert (second.told.text, second.told.answer) == ("p50 < 1s", "MET")
    assert not second.told.why.startswith("of")
    found = msgspec.json.decode(msgspec.json.encode(document(repeats, repeats.names)))
    assert (found["objectives"][0]["run"], found["objectives"][0]["counts"]) == ("04", counts)
    assert [len(run["objectives"]) for run in found["runs"]] == [1] * 5
    assert together(runs([1.0])).objectives == ()


def test_json_has_each_run_and_all_together() -> None:
    found = msgspec.json.decode(msgspec.json.encode(document(UNLIKE, ["01", "02", "03", "04"])))
    assert [run["name"] for run in found["runs"]] == ["01", "02", "03", "04"]
    interval = found["total"]["response_intervals"]["p50"]
    assert interval["low_ms"] < found["total"]["response_ms"]["p50"] < interval["high_ms"]
    assert found["verdict"]["valid"] is True


def test_runs_of_a_directory_are_those_with_numbers_in_their_order(tmp_path: Path) -> None:
    for name in ("01", "02", "10", "100", "x", "3"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "result.json").touch()
    (tmp_path / "04").mkdir()
    assert [path.name for path in runs_of(tmp_path)] == ["01", "02", "10", "100"]
    assert runs_of(tmp_path / "01") == ()
    assert runs_of(tmp_path / "missing") == ()
    assert numbered(tmp_path, 7) == tmp_path / "07"
    assert sides_of(tmp_path) == ()


# -- two sets of repeats ----------------------------------------------------------------------------------------------


def test_what_varies_from_run_to_run_is_no_difference() -> None:
    """Runs of A lie 20 % apart, so 10 % between the means of three is chance; taken for one run it would be sure."""
    a, b = (
        runs([0.85, 1.0, 1.15]),
        [made(replace(RUN, median_us=22_000 * x), 50 + i) for i, x in enumerate((0.85, 1, 1.15))],
    )
    assert not differences(a, b).ranked
    steady = [made(replace(RUN, seconds=30), 60)], [made(replace(RUN, seconds=30, median_us=26_000), 61)]
    assert differences(*steady).total[0].sure


def test_pairs_of_runs_are_compared_pair_by_pair() -> None:
    """What both of a pair have in common, such as an hour in which all is slower, is no difference."""
    shifts = [0.7, 1.0, 1.3, 1.0, 0.8]
    a = runs(shifts)
    b = runs([1.15 * shift for shift in shifts], seed=200)
    paired = differences(a, b)
    assert any(note.startswith("5 pairs of runs") for note in paired.notes)
    assert paired.total[0].alone_low > 0
    apart = differences(a, [*b[1:], b[0]])
    assert apart.total[0].alone_low < 0 < apart.total[0].alone_high


def test_what_runs_support_together_is_compared_however_they_differ() -> None:
    """How far runs lie apart makes an interval wide; it does not make their calls fewer."""
    a, b = runs([0.5, 1.0, 2.0]), runs([0.5, 1.0, 2.0], seed=200)
    assert all(each.supported for side in (a, b) for each in together(side).total.response)
    for one in differences(a, b[::-1]).total[:3]:
        assert not np.isnan([one.low, one.high]).any()
        assert "independent ones" not in one.why
    few = [made(replace(RUN, seconds=3, rates_per_s={"a.tar.gz": 20.0}), seed) for seed in (1, 2, 3)]
    assert differences(few, few).total[2].why.endswith("needs 368")


@pytest.mark.parametrize("digests", [("ab", "ab"), ("", "")])
def test_runs_whose_plans_are_one_or_unknown_are_no_pairs(digests: tuple[str, str]) -> None:
    """They are compared as if they were apart, and so it is told."""
    a, b = (
        [
            replace(run, result=replace(run.result, plan_digest=digest))
            for run, digest in zip(side, digests, strict=True)
        ]
        for side in (runs([1.0, 1.1]), runs([1.0, 1.1], seed=300))
    )
    assert not any("pairs of runs" in note for note in differences(a, b).notes)


def test_of_one_run_beside_several_it_is_said_what_is_not_known() -> None:
    found = differences(runs([1.0, 1.0]), runs([1.0], seed=300))
    assert any(note.startswith("B is a single run") for note in found.notes)
    assert (found.a.runs, found.b.runs) == (2, 1)
