"""report.page: what the pictures of a run are made of, and how it stands in the file."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from asyncload.call import Outcome
from asyncload.errors import StoreError
from asyncload.formats.own import reading
from asyncload.formats.recording import Recording
from asyncload.histogram import Histogram
from asyncload.history import History
from asyncload.report.choice import choose, slowness
from asyncload.report.comparison.sides import Sides
from asyncload.report.page import page, write_page
from asyncload.report.page.comparison import comparison
from asyncload.report.page.course import course, heat, width_s
from asyncload.report.page.curves import curve, estimated, quantiles
from asyncload.report.page.digits import rounded
from asyncload.report.page.facts import cold_rows, scenario_text
from asyncload.report.page.frame import policy, script_safe
from asyncload.report.page.models import Models, models, worst
from asyncload.report.page.run import latency, warmups
from asyncload.report.page.sparks import courses
from asyncload.report.view import View
from asyncload.result import RunResult
from asyncload.statistics.estimate import percentiles
from bench.hour import Hour
from tests.unit.recordings import Made, S, recording
from tests.unit.reported import CLOSED, LOADS, model_of, result_of

MS = 1_000_000


def calls(number: int, every_ms: int = 10, **more: Any) -> list[Made]:
    return [Made(due_ns=i * every_ms * MS, model=i % 2, **more) for i in range(number)]


def columns(result: RunResult) -> Models:
    """The table of models, without lines over time."""
    return models(result, None, slowness(result))


def data_of(text: str) -> str:
    """What a page's scripts draw."""
    return text.partition('<script type="application/json" id="data">')[2].partition("</script>")[0]


def test_rates_are_means_over_a_part_and_its_percentiles_those_of_all_its_calls() -> None:
    """Of 1,300 s in parts of 5 s: what is sent adds up, and a part's p99 is that of its merged seconds."""
    result = Hour(models=3, length_s=1300, rate_per_s=120).recording().result
    found = course(result)
    assert found.width_s == 5
    assert found.x == list(range(0, 1300, 5))
    assert sum(rate * 5 for rate in found.sent_per_s if rate) == pytest.approx(sum(row.sent for row in result.seconds))
    part = [row for row in result.seconds if 600 <= row.second < 605]
    together = np.concatenate([np.repeat(row.response.slots, row.response.counts) for row in part])
    whole = Histogram(*np.unique(together, return_counts=True))
    assert found.response.p99[120] == rounded(whole.quantile_us(0.99) / 1000)
    assert found.in_flight[120] == max(row.in_flight for row in part)


def test_a_percentile_over_time_is_of_as_many_parts_as_can_tell_it() -> None:
    """At 50/s p99 is that of ten seconds together, for each of them; at 5/s there is none, and p50 is of two."""
    seconds = [calls(50, 20) for _ in range(30)]
    made = [replace(each, due_ns=each.due_ns + i * S) for i, second in enumerate(seconds) for each in second]
    slow = [replace(each, service_us=90_000) if 10 * S <= each.due_ns < 12 * S else each for each in made]
    found = course(recording(slow, length_s=30).result)
    assert found.width_s == 1
    assert found.response.told_s == {"p50": 1, "p90": 1, "p99": 10}
    assert (
        found.response.p99[:30]
        == [found.response.p99[0]] * 10 + [found.response.p99[10]] * 10 + [found.response.p99[20]] * 10
    )
    assert found.response.p99[10] == pytest.approx(90, rel=0.01)
    assert found.response.p99[20] == pytest.approx(5.1, rel=0.01)
    assert found.response.said(1) == "For want of calls: p99 of each 10 s, in steps."
    few = course(recording([Made(i * 200 * MS, 0) for i in range(150)], length_s=30).result)
    assert few.response.told_s["p50"] == 2
    assert few.response.p99 == [None] * len(few.x)
    assert few.lateness.p99 == few.response.p99
    assert few.response.max[:30] == [pytest.approx(5.1, rel=0.01)] * 30
    assert few.response.said(1) == (
        "For want of calls: p50 of each 2 s, in steps; p90 of each 10 s, in steps; no p99, which takes 368 in 30 s."
    )
    enough = course(recording([Made(i * MS, 0) for i in range(3000)]).result)
    assert enough.response.said(1) == ""


def test_a_part_that_cannot_tell_a_percentile_is_a_gap() -> None:
    """Most seconds have 500 calls, one has 50."""
    made = [Made(i * 2 * MS, 0) for i in range(2500) if not (500 <= i < 1000 and i % 10)]
    p99 = course(recording(made, length_s=5).result).response.p99
    assert p99[1] is None
    assert None not in (p99[0], *p99[2:5])


def test_runs_that_lie_over_each_other_are_told_in_the_same_steps() -> None:
    """One of 500 calls a second and one of 50."""
    many = recording([Made(i * 2 * MS, 0) for i in range(15_000)], length_s=30)
    few = recording([Made(i * 20 * MS, 0) for i in range(1500)], length_s=30)
    sides = Sides((reading(many.result, "a"), reading(few.result, "b")))
    text = comparison(sides, [many, few], None)
    drawn = json.loads(data_of(text))["time"]
    assert [one["course"]["response"]["told_s"]["p99"] for one in drawn] == [10, 10]
    assert "For want of calls: p99 of each 10 s, in steps." in text


@pytest.mark.parametrize(
    ("seconds", "width"), [(1, 1), (600, 1), (601, 2), (3600, 10), (86_400, 300), (10**8, 166_667)]
)
def test_a_part_is_as_narrow_as_fits(seconds: int, width: int) -> None:
    """No more than 600 parts."""
    assert width_s(seconds) == width


def test_errors_are_told_by_kind_and_only_those_that_occurred() -> None:
    """Calls per second that ended so."""
    made = recording(calls(300) + calls(100, 20, outcome=Outcome.THROTTLED), length_s=3)
    found = course(made.result).errors
    assert set(found) == {"THROTTLED"}
    assert sum(rate or 0 for rate in found["THROTTLED"]) == 100


def test_the_heat_map_counts_every_answered_call_once() -> None:
    """And its edges enclose all of them."""
    result = Hour(models=5, length_s=700, rate_per_s=30).recording().result
    found = heat(result)
    assert found is not None
    assert sum(map(sum, found.counts)) == sum(row.response.count for row in result.seconds)
    assert (len(found.x), len(found.y)) == (len(found.counts[0]) + 1, len(found.counts) + 1)
    assert found.y == sorted(found.y, key=lambda edge: edge or 0)
    assert heat(recording([]).result) is None


def test_the_heat_map_puts_a_call_where_it_belongs() -> None:
    """One slow call among quick ones is in the top row, at its second."""
    made = recording([*calls(300), Made(due_ns=1 * S, model=0, service_us=500_000)], length_s=3)
    found = heat(made.result)
    assert found is not None
    assert found.counts[-1] == [0, 1, 0, 0][: len(found.counts[-1])]


def test_a_curve_is_sure_as_far_as_its_sample_supports_it() -> None:
    """From where fewer than 3,688 calls leave the interval open, ends are None."""
    histogram = Histogram.of_us(np.arange(1000, 2000, dtype=np.int64))
    qs = quantiles(histogram.count)
    asked = estimated(histogram.count)
    found = curve("a", histogram, "blue", estimates=percentiles(histogram, asked, [1000.0] * len(asked)))
    assert len(found.x) == len(found.y) == len(qs)
    assert found.x[0] == 1
    assert found.x[5] == 2
    assert found.low is not None
    assert found.sure == 41
    assert [x for x, low in zip(found.x, found.low, strict=True) if low] == [2, 4, 8, 16, 32, 64, 128, 256]
    assert all(low is None for low in found.low[found.sure :])
    assert curve("a", Histogram.empty(), "blue").x == []


def test_a_comparison_draws_and_prints_no_more_than_its_runs_support() -> None:
    """Of 300 calls the curve is sure to the 97 % quantile or so, as on the run's own page, and the table has no p99."""
    run = recording(calls(300))
    sides = Sides((reading(run.result, "a"), reading(run.result, "b")))
    text = comparison(sides, [run, run], None)
    drawn = json.loads(data_of(text))
    own = latency(run.result)
    for (_, curves), mine in zip(drawn["views"], own, strict=True):
        for one in curves:
            assert one["sure"] == mine.sure < len(mine.x)
            assert one["low"] == mine.low
    assert text.count("<td>n/a</td>") == 8  # p99 and p99.9, of both runs, from due and from sent
    assert not any(column["title"].startswith("p99") for column in drawn["columns"])


def test_the_course_of_a_target_is_the_same_from_seconds_and_from_columns() -> None:
    """Both ways of a history agree, and with the result's own counts."""
    made = Hour(models=7, length_s=200, rate_per_s=40).recording()
    assert made.history is not None
    columns = courses(made.history, 7, 200)
    rows = courses(replace(made.history, stored=None), 7, 200)
    for field in ("calls", "errors", "answered", "p50_ms", "p90_ms", "p99_ms"):
        np.testing.assert_array_equal(getattr(columns, field), getattr(rows, field))
    assert columns.calls.sum(axis=1).tolist() == [model.calls for model in made.result.models]
    assert columns.errors.sum(axis=1).tolist() == [model.calls - model.ok for model in made.result.models]


def test_a_part_of_a_target_has_the_p99_of_its_calls() -> None:
    """One target, one part of it in which every call takes 50 ms."""
    made = recording([Made(i * 2 * MS, 0, service_us=50_000 if 500 <= i < 1000 else 5_000) for i in range(1500)])
    assert made.history is not None
    found = courses(made.history, 2, 4)
    assert found.p99_ms[0][:3] == pytest.approx([5.1, 50.1, 50.1], rel=0.01)
    assert np.isnan(found.p99_ms[1]).all()
    assert found.tail() == "p99"
    lines = found.tail_signs("p99")
    assert lines[1] == "----"
    assert lines[0][0] < lines[0][1] or lines[0][0].isupper()
    assert found.rate_signs()[1] == "----"


def test_a_line_that_hardly_moves_does_not_look_like_a_mountain() -> None:
    """Its scale spans a factor of four at least."""
    made = recording([Made(i * 10 * MS, 0, service_us=5_000 + 10 * (i % 5)) for i in range(300)])
    assert made.history is not None
    (line, _) = courses(made.history, 2, 3).tail_signs("p90")
    assert len(set(line)) <= 2


def test_a_percentile_that_a_models_calls_do_not_support_is_none() -> None:
    """Of 150 calls of each model p50 is told, p99 is not."""
    found = columns(recording(calls(300)).result)
    assert found.calls == [150, 150]
    assert None not in found.p50.value
    assert found.p99.value == found.p99.low == found.p99.high == [None, None]
    assert found.tail_line is None


def test_lines_of_models_are_of_a_percentile_that_their_parts_can_tell() -> None:
    """Fifty calls in each second of a model: p90, and its p99 is nowhere; of three a second nothing is drawn."""
    made = recording(calls(300))
    assert made.history is not None
    found = courses(made.history, 2, 4)
    assert np.isnan(found.p99_ms).all()
    assert models(made.result, found, slowness(made.result)).tail == "p90"
    panels = worst(made.result, found, slowness(made.result))
    assert panels.tail == "p90"
    assert panels.panels[0].tail[:3] == [pytest.approx(5.1, rel=0.01)] * 3
    rare = recording(calls(18, 160))
    assert rare.history is not None
    assert models(rare.result, courses(rare.history, 2, 4), slowness(rare.result)).tail_line is None


def test_what_so_few_cold_calls_cannot_tell_is_no_number() -> None:
    """Of 30 first and 435 cold calls there is a median and no p99: not in the table, nor as a sure part of a curve."""
    starts = LOADS.cold_starts
    assert starts is not None
    rows = {row.name: row for row in cold_rows(LOADS, starts)}
    assert (rows["first"].calls, rows["first"].p50, rows["first"].p99) == ("30", "700", "n/a")
    assert (rows["warm"].p50, rows["warm"].p99) == ("5.00", "5.00")
    assert (rows["cold?"].p50, rows["cold?"].p99) == ("700", "n/a")
    drawn = json.loads(data_of(page(Recording(LOADS, None))))["cold"]
    for one in drawn:
        assert one["sure"] == max(sum(low is not None for low in one["low"]) * 5 + 1, 1) < len(one["x"]), one["name"]


def test_added_calls_make_no_percentile_surer() -> None:
    """Of a closed loop: where 300 measured calls tell no p99, the corrected view has none, and its curve is faint."""
    usual = np.repeat([7_600, 60_000_000], [290, 10])
    model = replace(model_of("a", 300), response=Histogram.of_us(usual), service=Histogram.of_us(usual))
    result = replace(result_of(model), scenario=CLOSED)
    found = columns(result)
    assert found.corrected_p99 is not None
    assert found.p99.value == found.corrected_p99.value == [None]
    response, _, corrected = latency(result)
    assert corrected.calls > 3_000
    assert corrected.sure <= response.sure < len(corrected.x)
    many = replace(result_of(model_of("a", 8_000)), scenario=CLOSED)
    corrected_p99 = columns(many).corrected_p99
    assert corrected_p99 is not None
    assert corrected_p99.value == [rounded(many.models[0].response.quantile_us(0.99) / 1000)]


def test_every_percentile_of_a_model_has_its_interval() -> None:
    """The ends are those of the report's estimates."""
    result = recording(calls(6_000)).result
    found = columns(result)
    shown = {"response": (found.p50, found.p90, found.p99), "service": (found.service_p50, found.service_p99)}
    for metric, qs in (("response", (0.5, 0.9, 0.99)), ("service", (0.5, 0.99))):
        for place, model in enumerate(result.models):
            for column, estimate in zip(shown[metric], result.estimates(model, metric, qs), strict=True):
                told = (column.value[place], column.low[place], column.high[place])
                assert told == tuple(
                    rounded(us / 1000) for us in (estimate.value_us, estimate.low_us, estimate.high_us)
                )


def test_the_worst_come_first_and_those_without_a_p99_last() -> None:
    """A model with few but slow calls is not the worst."""
    many = [Made(i * MS, 0, service_us=5_000) for i in range(1000)]
    slow = [Made(i * MS, 1, service_us=9_000) for i in range(1000)]
    few = [Made(i * MS, 2, service_us=90_000) for i in range(10)]
    made = recording([*many, *slow, *few], ("quick", "slow", "few"))
    assert made.history is not None
    found = worst(made.result, courses(made.history, 3, 2), slowness(made.result))
    assert [panel.name for panel in found.panels] == ["slow", "quick", "few"]
    assert found.panels[2].note == "p99 n/a · 10 calls"


def test_models_of_few_calls_are_ranked_by_what_half_of_them_can_tell() -> None:
    """As the terminal ranks them; the slowest call of all was the only one of its model, which says little of it."""
    names = ("once", *(f"m{i}" for i in range(4)))
    few = [Made(i * 10 * MS, 1 + i % 4, service_us=5_000 + 1_000 * (i % 4)) for i in range(4 * 150)]
    made = recording([*few, Made(7 * MS, 0, service_us=900_000)], names, length_s=6)
    result = made.result
    assert made.history is not None
    slow = slowness(result)
    assert slow.by == "p90"
    assert columns(result).by == "p90"
    found = worst(result, courses(made.history, 5, 7), slow)
    assert [panel.name for panel in found.panels] == ["m3", "m2", "m1", "m0", "once"]
    assert found.by == "p90, for most have too few calls for p99"
    assert found.panels[0].note.startswith("p90 8.")
    assert found.panels[-1].note == "p90 n/a · 1 call"
    terminal = choose(result, View(sort="p99"))
    assert [model.name for model in terminal.models] == [panel.name for panel in found.panels]


def test_a_difference_of_shares_on_the_page_says_that_it_is_in_points() -> None:
    """Where all others are in percent."""
    sides = Sides(
        tuple(reading(recording(calls(200, outcome=how)).result, "x") for how in (Outcome.OK, Outcome.THROTTLED))
    )
    text = comparison(sides, [None, None], None)
    assert "<td>+100 points</td>" in text
    same = Sides((sides.readings[0],) * 2)
    assert "points</td>" not in comparison(same, [None, None], None)


def test_models_of_too_few_calls_for_any_point_have_no_panels() -> None:
    """But a sentence: empty frames would look as if the page were broken."""
    made = recording([Made(i * 40 * MS, i % 20, service_us=5_000) for i in range(2000)], [f"m{i}" for i in range(20)])
    assert made.history is not None
    drawn = worst(made.result, courses(made.history, 20, 80), slowness(made.result))
    assert (drawn.width_s, drawn.panels) == (2, [])
    assert "How the worst of them fared over time is not drawn: none has calls enough in any 2 s" in page(made)
    assert '<div id="worst">' not in page(made)


def test_a_panel_writes_out_a_long_time() -> None:
    """Never 1.23e+03 ms."""
    made = recording([Made(i * MS, 0, service_us=1_234_000) for i in range(1000)], ("slow",))
    assert made.history is not None
    (panel,) = worst(made.result, courses(made.history, 1, 3), slowness(made.result)).panels
    assert panel.note == "p99 1230 ms · 1,000 calls"


def test_the_warm_up_is_what_lies_before_and_between_measured_phases() -> None:
    """From the history; without one from the scenario."""
    made = recording(calls(300), length_s=3, warmup_s=1)
    assert warmups(made) == [(0.0, 1.0)]
    phases = [{"for": "2s", "warmup": True}, {"for": "1m"}, {"for": "10s", "warmup": True}, {"trace": "x.csv"}]
    without = Recording(replace(made.result, scenario={"phases": phases}), None)
    assert warmups(without) == [(0.0, 2.0), (62.0, 72.0)]
    between = History(((1 * S, 2 * S), (3 * S, 4 * S)), 0, 1, [])
    assert warmups(Recording(made.result, between)) == [(0.0, 1.0), (2.0, 3.0)]


def test_long_payloads_of_a_scenario_are_cut_and_that_is_said() -> None:
    """A payload may have six million characters, a family ten thousand weights."""
    text = scenario_text({"models": [{"payload": "x" * 10_000, "weights": list(range(10_000))}]})
    assert len(text) < 2_000
    assert "10,000 characters" in text
    assert "10,000 entries" in text


def test_no_name_ends_the_data_of_a_page() -> None:
    """Whatever it is, it reads back as it was."""
    evil = ["</script><script>alert(1)</script>", "<!--", "]]>", "&lt;", "\u2028"]
    text = script_safe(evil)
    assert not re.search(r"[<>&]", text)
    assert json.loads(text) == evil


def test_a_page_carries_out_its_own_scripts_and_no_others() -> None:
    """The hash of the empty script is known; nothing is allowed by its place or its kind."""
    text = policy([""])
    assert "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='" in text
    assert "default-src 'none'" in text
    assert "script-src 'sha256-" in text
    assert "unsafe-eval" not in text


def test_a_page_is_one_file_that_names_no_address() -> None:
    """Before its data and scripts there is nothing that a browser would fetch."""
    text = page(recording(calls(300)))
    assert text.startswith("<!doctype html>")
    before = text[: text.index('<script type="application/json"')]
    assert re.findall(r'(?:src|href)="(?!#|data:,")[^"]*"', before) == []


def test_a_page_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    """A file in the way of its folder is told."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="the page cannot be written"):
        write_page(recording(calls(3)), tmp_path / "file" / "report.html")
    write_page(recording(calls(3)), tmp_path / "new" / "report.html")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["report.html"]
