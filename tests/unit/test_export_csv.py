"""`report --format csv`: columns, empty fields, and what a spreadsheet would take for a formula."""

import csv
import io
import re

import pytest

from asyncload.call import Outcome
from asyncload.formats.recording import Recording
from asyncload.report.exports import Choices
from tests.unit.exported import HOSTILE, closed, empty, failed, hostile, text
from tests.unit.recordings import EPOCH_S, Made, S, recording

RUN = recording(
    [Made(i * S // 200, i % 2, 5_000 + i, outcome=Outcome.TIMEOUT if i == 7 else Outcome.OK) for i in range(600)],
    warmup_s=1,
)
SECONDS = Choices(by="second")
FULL = Choices(by="second", full_history=True)


def table(run: Recording, choices: Choices | None = None) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text(run, "csv", choices), newline=""), strict=True))


def test_a_model_has_a_row_with_what_its_callers_saw() -> None:
    """Then all together, and the warm-up, each told apart by its kind."""
    rows = table(RUN)
    assert [(row["kind"], row["model"]) for row in rows] == [
        ("model", "b.tar.gz"), ("model", "a.tar.gz"), ("total", "total"), ("warm-up", "warm-up"),
    ]  # fmt: skip
    for row, model in zip(rows, [*RUN.result.models, RUN.result.totals, RUN.result.warmup], strict=True):
        assert (int(row["calls"]), int(row["sent_calls"]), int(row["ok_calls"])) == (model.calls, model.sent, model.ok)
        assert int(row["timeout_calls"]) == model.outcomes[Outcome.TIMEOUT]
        assert int(row["failed_calls"]) == model.calls - model.ok
        assert float(row["response_p50_ms"]) == model.response.quantile_us(0.5) / 1000
        assert float(row["response_p50_low_ms"]) <= float(row["response_p50_ms"]) <= float(row["response_p50_high_ms"])
        assert float(row["service_max_ms"]) == model.service.quantile_us(1.0) / 1000
        assert float(row["ttfb_mean_ms"]) == pytest.approx(model.ttfb.mean_us() / 1000, abs=1e-4)
        assert int(row["lateness_calls"]) == model.lateness.count
    assert float(rows[2]["sent_per_s"]) == RUN.result.achieved_per_s


def test_a_percentile_that_the_calls_cannot_tell_is_empty() -> None:
    """And not a number: p99.9 of 200 calls; p50 and the longest are there."""
    row = table(RUN)[0]
    assert row["response_p99_9_ms"] == row["response_p99_9_low_ms"] == row["response_p99_9_high_ms"] == ""
    assert row["response_p50_ms"]
    assert row["response_max_ms"]


def test_every_number_has_its_unit_in_the_name_of_its_column() -> None:
    unit = re.compile(r"(^calls|_calls|_ms|_s|_bytes|_share(_low|_high)?|^retries|^kind|^model)$")
    for choices in (Choices(), SECONDS):
        assert all(unit.search(column) for column in table(RUN, choices)[0])


def test_a_second_has_a_row_in_which_the_warm_up_counts() -> None:
    rows = table(RUN, SECONDS)
    assert [row["second_s"] for row in rows] == [str(row.second) for row in RUN.result.seconds]
    assert {row["kind"] for row in rows} == {"all"}
    assert float(rows[0]["begin_unix_s"]) == EPOCH_S + 0.25
    for row, second in zip(rows, RUN.result.seconds, strict=True):
        assert int(row["in_flight_calls"]) == second.in_flight
        assert int(row["ok_calls"]) == second.outcomes[Outcome.OK]
        assert int(row["response_calls"]) == second.response.count
        assert row["service_calls"] == row["ttfb_p99_ms"] == row["received_bytes"] == ""


def test_with_the_full_history_each_model_has_a_row_in_each_second_too() -> None:
    """And the row of all has what only the targets' rows can tell."""
    rows = table(RUN, FULL)
    by_kind = {kind: [row for row in rows if row["kind"] == kind] for kind in ("all", "model", "warm-up")}
    assert len(by_kind["all"]) == len(RUN.result.seconds)
    for model in RUN.result.models:
        mine = [row for row in by_kind["model"] if row["model"] == model.name]
        assert sum(int(row["ok_calls"]) for row in mine) == model.ok
        assert sum(int(row["service_calls"]) for row in mine) == model.service.count
        assert {row["planned_calls"] for row in mine} == {""}
    assert sum(int(row["ok_calls"]) for row in by_kind["warm-up"]) == RUN.result.warmup.ok
    everyone = RUN.result.totals.merge(RUN.result.warmup)
    assert sum(int(row["service_calls"]) for row in by_kind["all"]) == everyone.service.count
    assert sum(int(row["received_bytes"]) for row in by_kind["all"]) == everyone.received_bytes


def test_a_second_without_a_reply_has_its_row_too() -> None:
    silent = recording([Made(0, 0), Made(2 * S, 1)])
    assert [row["second_s"] for row in table(silent, FULL) if row["kind"] == "all"] == ["0", "1", "2"]
    bare = Recording(silent.result, None)
    assert [row["second_s"] for row in table(bare, FULL)] == ["0", "1", "2"]


def test_a_name_that_a_spreadsheet_would_calculate_gets_an_apostrophe() -> None:
    """So does one that has an apostrophe already, for then one taken away is always the name."""
    names = ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "'=1", "plain", "x=1"]
    made = recording([Made(i, i) for i in range(len(names))], names)
    shown = [row["model"] for row in table(made) if row["kind"] == "model"]
    assert shown == [*(f"'{name}" for name in names[:7]), "plain", "x=1"]
    assert [name.removeprefix("'") for name in shown[:7]] == names[:7]


def test_any_name_is_one_field() -> None:
    shown = [row["model"] for row in table(hostile()) if row["kind"] == "model"]
    assert shown == [f"'{name}" if name.startswith(("=", "@")) else name for name in HOSTILE]


def test_lines_end_as_the_standard_says() -> None:
    lines = text(RUN, "csv").split("\r\n")
    assert lines.pop() == ""
    assert not any("\n" in line for line in lines)
    assert len({line.count(",") for line in lines}) == 1


def test_the_corrected_view_is_that_of_a_closed_loop() -> None:
    row = next(row for row in table(closed()) if row["kind"] == "total")
    assert int(row["corrected_calls"]) > int(row["response_calls"])
    assert float(row["corrected_p99_ms"]) > float(row["response_p50_ms"])
    assert {table(RUN)[0][column] for column in row if column.startswith("corrected")} == {""}


def test_no_calls_make_no_numbers() -> None:
    for run in (empty(), failed()):
        for row in table(run):
            times = [column for column in row if column.endswith("_ms") and not column.startswith("lateness")]
            assert {row[column] for column in times} == {""}
            assert row["failed_share"] == ("1" if run.result.totals.calls and row["kind"] != "warm-up" else "")
