"""What we write in Locust's formats, held against what Locust's own code makes of the same entries."""

import csv
import io
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from asyncload.call import Outcome
from asyncload.formats.buckets import counts_of, percentile_ms
from asyncload.formats.locust.course import course
from asyncload.formats.locust.run import entries, exceptions, failures
from asyncload.formats.locust.tables import exceptions_csv, failures_csv, history_csv, stats_csv
from asyncload.formats.locust_json import to_json
from asyncload.formats.reading import Since
from asyncload.formats.recording import Recording
from asyncload.result import ModelResult, total
from tests.unit.locust_oracle import ask
from tests.unit.recordings import EPOCH_S, Made, S, recording

NAMES = ("b.tar.gz", 'a, "quoted" ü.tar.gz', "never called", "only fails", "a.tar.gz")
LOCUST = """
import csv, io
from types import SimpleNamespace

def written(write):
    file = io.StringIO(newline="")
    write(csv.writer(file))
    return file.getvalue()

def statistics(text):
    held = stats.RequestStats()
    for data in json.loads(text):
        for key in ("response_times", "num_reqs_per_sec", "num_fail_per_sec"):
            data[key] = {int(k): n for k, n in data[key].items()}
        entry = held.entries[data["name"], data["method"]]
        entry.start_time = data["start_time"]
        entry.extend(stats.StatsEntry.unserialize(data, held))
    held.total.start_time = min([e.start_time for e in held.entries.values()], default=0.0)
    for entry in held.entries.values():
        held.total.extend(entry)
    return held

def environment(held, users=0):
    return SimpleNamespace(stats=held, runner=SimpleNamespace(user_count=users, exceptions={}))
"""


def _calls(seed: int = 1) -> list[Made]:
    """Ten thousand over 16 seconds, of all outcomes, and some seconds without any; the last model only fails."""
    rng = np.random.default_rng(seed)
    made = []
    for due_s in np.sort(rng.uniform(0, 15, 10_000)).tolist():
        if 6 <= due_s < 8:
            continue
        model = int(rng.choice([0, 1, 3, 4], p=[0.5, 0.2, 0.1, 0.2]))
        failed = rng.random() < 0.2 or model == 3
        outcome = Outcome(int(rng.choice([1, 2, 3, 4, 5, 7, 9, 10]))) if failed else Outcome.OK
        if not failed and rng.random() < 0.01:
            outcome = Outcome.TIMEOUT
        service_us = int(np.exp(rng.normal(9, 1.5)))
        made.append(
            Made(int(due_s * S), model, service_us, int(rng.integers(0, 3000)), outcome, int(rng.integers(500)))
        )
    return made


@pytest.fixture(scope="module")
def run() -> Recording:
    return recording(_calls(), NAMES, length_s=15, send_tail_ns=12_345_678)


def _rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("since", ["sent", "due"])
def test_locust_writes_the_same_statistics_of_our_json(run: Recording, since: Since) -> None:
    """Locust unserializes our objects and writes its `_stats.csv`: ours, byte for byte."""
    text = to_json(entries(run, since, by_second=True))
    theirs = ask(
        LOCUST + "environment = environment(statistics(question))\n"
        "answer(written(stats.StatsCSV(environment, stats.PERCENTILES_TO_REPORT).requests_csv))",
        text,
    )
    assert "".join(stats_csv(entries(run, since))) == theirs


def test_our_json_is_formatted_as_locust_formats_it(run: Recording) -> None:
    """Locust's own entries, written by Locust, are what we wrote; a model without a request is left out."""
    text = to_json(entries(run, "sent", by_second=True))
    theirs = ask(
        LOCUST + "objects = [e.serialize() for e in statistics(question).entries.values()]\n"
        "answer(json.dumps(objects, indent=4))",
        text,
    )
    assert json.loads(text) == json.loads(theirs)
    assert _shape(text) == _shape(theirs)
    assert [entry["name"] for entry in json.loads(text)] == [name for name in NAMES if name != "never called"]


def _shape(text: str) -> list[str]:
    """Lines with their indentation and commas; counts by second and bucket in the order of their keys."""
    return sorted(text.splitlines(keepends=True))


def test_locust_writes_the_same_failures(run: Recording) -> None:
    """In Locust's order, which looks random: by the hash of what names a row."""
    questions = [[f.name, f.error, f.occurrences, f.first_s, f.last_s] for f in failures(run)]
    theirs = ask(
        LOCUST + "held = stats.RequestStats()\n"
        "for name, error, n, first, last in question:\n"
        "    key = stats.StatsError.create_key('POST', name, error)\n"
        "    held.errors[key] = stats.StatsError('POST', name, error, n, first, last)\n"
        "answer(written(stats.StatsCSV(environment(held), stats.PERCENTILES_TO_REPORT).failures_csv))",
        questions,
    )
    assert len(questions) > 15
    assert "".join(failures_csv(failures(run))) == theirs


def test_locust_writes_the_same_last_row_of_the_history(run: Recording) -> None:
    """From a run that is cut off at each of its seconds: current rates, with their lag, and everything so far."""
    moments = [list(course(run, "sent", full=full)) for full in (False, True)]
    theirs = ask(
        LOCUST + "import tempfile\n"
        "rows = []\n"
        "for text, key, last, users in question:\n"
        "    held = statistics(text)\n"
        "    for entry in [*held.entries.values(), held.total]:\n"
        "        entry.last_request_timestamp = last\n"
        "    with tempfile.TemporaryDirectory() as folder:\n"
        "        made = environment(held, users)\n"
        "        file = stats.StatsCSVFileWriter(made, stats.PERCENTILES_TO_REPORT, folder + '/x', True)\n"
        "        file._percentile_fields = lambda e, use_current: stats.StatsCSV._percentile_fields(file, e, False)\n"
        "        rows.append(written(lambda writer: file._stats_history_data_rows(writer, key)))\n"
        "        file.close_files()\n"
        "answer(rows)",
        [_cut(run, second) for second in range(len(run.result.seconds))],
    )
    header, *ours = list(history_csv(moments[1], full=False))
    (our_fields, our_means), (their_fields, their_means) = map(_but_for_means, ("".join(ours), "".join(theirs)))
    assert our_fields == their_fields
    assert our_means == pytest.approx(their_means, rel=1e-12)
    assert list(history_csv(moments[0], full=False)) == [header, *(row for row in ours if ",,Aggregated," in row)]


def _but_for_means(text: str) -> tuple[list[list[str]], list[float]]:
    """Fields without the mean; and the means, as sums of floats depend on their order."""
    rows = list(csv.reader(io.StringIO(text, newline="")))
    return [row[:20] + row[21:] for row in rows], [float(row[20]) for row in rows]


def _cut(run: Recording, second: int) -> list[Any]:
    """JSON of a run up to a second, that second on the wall clock, the last one with a reply, and the users."""
    assert run.history is not None
    upto = [(number, targets) for number, targets in run.history.seconds if number <= second]
    seen = {index for _, targets in upto for index, model in targets.items() if model.sent}
    models = [
        replace(model, outcomes=(0,) * 12) if index not in seen else _sum(index, model.name, upto)
        for index, model in enumerate(run.result.models)
    ]
    part = Recording(replace(run.result, models=tuple(models)), replace(run.history, seconds=upto))
    last = max(number for number, targets in upto if any(model.sent for model in targets.values()))
    users = run.result.seconds[second].in_flight
    return [to_json(entries(part, "sent", by_second=True)), EPOCH_S + second, EPOCH_S + last, users]


def _sum(index: int, name: str, seconds: list[Any]) -> ModelResult:
    return total(name, [targets[index] for _, targets in seconds if index in targets])


def test_locust_makes_its_html_page_of_our_entries(run: Recording) -> None:
    """Its page holds our percentiles and our total."""
    page = ask(
        LOCUST + "from locust import User\n"
        "from locust.env import Environment\n"
        "from locust.html import get_html_report\n"
        "made = Environment(user_classes=[])\n"
        "runner = made.create_local_runner()\n"
        "held = statistics(question)\n"
        "made.stats.entries, made.stats.total = held.entries, held.total\n"
        "answer(get_html_report(made))",
        to_json(entries(run, "sent", by_second=True)),
    )
    assert '"name": "b.tar.gz"' in page
    whole = next(row for row in _rows("".join(stats_csv(entries(run, "sent")))) if row["Type"] == "")
    assert f'"num_requests": {whole["Request Count"]}' in page
    assert f'"response_time_percentile_0.99": {whole["99%"]}' in page


def test_the_history_by_entry_has_percentiles_of_ten_seconds(run: Recording) -> None:
    """Each moment's window is what ended in its last ten seconds, and its row states that window's percentiles."""
    moments = list(course(run, "sent", full=True))
    rows = _rows("".join(history_csv(moments, full=True)))
    assert run.history is not None
    for moment, row in zip(moments, rows, strict=True):
        second = moment.time_s - EPOCH_S
        inside = [targets for number, targets in run.history.seconds if second - 10 < number <= second]
        parts = [model for targets in inside for model in targets.values() if row["Name"] in {model.name, "Aggregated"}]
        assert moment.window.requests == sum(model.sent for model in parts)
        timed = total("", parts).service
        expected = percentile_ms(counts_of(timed), 0.95) if timed.count else 0
        assert row["95%"] == str(int(expected))
    names = [row["Name"] for row in rows if int(row["Timestamp"]) == moments[-1].time_s]
    assert names == ['a, "quoted" ü.tar.gz', "a.tar.gz", "b.tar.gz", "only fails", "Aggregated"]


def test_seconds_without_a_reply_are_rows_too(run: Recording) -> None:
    """From the first measured second to that of the last reply, one each, with what was in flight at their ends."""
    rows = _rows("".join(history_csv(course(run, "sent", full=False), full=False)))
    assert [int(row["Timestamp"]) for row in rows] == [EPOCH_S + i for i in range(len(run.result.seconds))]
    silent = {row.second for row in run.result.seconds if not sum(row.outcomes)}
    assert silent, "the calls leave a gap"
    for second in silent:
        assert rows[second]["Total Request Count"] == rows[second - 1]["Total Request Count"]
    assert [row["User Count"] for row in rows] == [str(row.in_flight) for row in run.result.seconds]


def test_requests_per_second_are_what_our_report_calls_achieved(run: Recording) -> None:
    """Over the measured phases and the send tail; a dropped call is no request, an abandoned one is, and failed."""
    rows = _rows("".join(stats_csv(entries(run, "sent"))))
    whole, totals = rows[-1], run.result.totals
    assert float(whole["Requests/s"]) == pytest.approx(run.result.achieved_per_s, rel=1e-6)
    assert totals.outcomes[Outcome.DROPPED] > 0
    assert int(whole["Request Count"]) == totals.sent
    assert int(whole["Failure Count"]) == totals.sent - totals.ok == sum(f.occurrences for f in failures(run))


def test_the_warm_up_is_left_out() -> None:
    """Of counts, of rates, and of the history, whose first row is the second in which the measured phases begin."""
    calls = [Made(i * S // 10 + 1, i % 2) for i in range(40)]
    run = recording(calls, length_s=4, warmup_s=2)
    for history in (run.history, None):
        whole = _rows("".join(stats_csv(entries(replace(run, history=history), "sent"))))[-1]
        assert whole["Request Count"] == "20"
        assert float(whole["Requests/s"]) == pytest.approx(10)
    rows = _rows("".join(history_csv(course(run, "sent", full=False), full=False)))
    assert [(int(row["Timestamp"]) - EPOCH_S, row["Total Request Count"]) for row in rows] == [(2, "10"), (3, "20")]
    (first, *_) = entries(run, "sent", by_second=True)
    assert first.per_second == {EPOCH_S + 2: 5, EPOCH_S + 3: 5}
    assert first.start_s == pytest.approx(EPOCH_S + 2.25)


def test_response_times_count_from_sending_or_from_the_due_time() -> None:
    """Of 100 calls sent 40 ms late that took 5 ms; a failed one has none, and one that timed out has."""
    calls = [Made(i * S // 100, 0, service_us=5_000, late_us=40_000) for i in range(100)]
    calls += [Made(S, 0, outcome=Outcome.THROTTLED), Made(S, 0, service_us=900_000, outcome=Outcome.TIMEOUT)]
    run = recording(calls)
    for since, expected in (("sent", "5"), ("due", "45")):
        row = _rows("".join(stats_csv(entries(run, since))))[0]  # type: ignore[arg-type]  # one of the two
        assert (row["Name"], row["50%"], row["100%"]) == ("b.tar.gz", expected, "900")
        (entry,) = entries(run, since)  # type: ignore[arg-type]  # likewise
        assert (entry.requests, entry.untimed, entry.failures) == (102, 1, 2)


def test_a_run_without_a_request_has_a_total_alone() -> None:
    run = recording([Made(0, 0, outcome=Outcome.DROPPED)])
    rows = _rows("".join(stats_csv(entries(run, "sent"))))
    assert [row["Name"] for row in rows] == ["Aggregated"]
    assert {row["50%"] for row in rows} == {"N/A"}
    assert to_json(entries(run, "sent", by_second=True)) == "[]"
    theirs = ask(
        LOCUST + "answer(written(stats.StatsCSV(environment(stats.RequestStats()), stats.PERCENTILES_TO_REPORT)"
        ".requests_csv))"
    )
    assert "".join(stats_csv(entries(run, "sent"))) == theirs


def test_a_result_by_itself_has_no_history() -> None:
    """Its statistics are the same; its history and the times of its failures are empty."""
    run = recording([Made(i * S // 50, 0, outcome=Outcome(i % 2)) for i in range(100)])
    bare = replace(run, history=None)
    assert list(stats_csv(entries(bare, "sent"))) == list(stats_csv(entries(run, "sent")))
    assert len(list(history_csv(course(bare, "sent", full=True), full=True))) == 1
    assert [row["First Seen"] for row in _rows("".join(failures_csv(failures(bare))))] == [""]
    assert [row["First Seen"] for row in _rows("".join(failures_csv(failures(run))))] == ["2026-11-18T11:06:40Z"]


def test_why_a_result_is_invalid_stands_among_the_exceptions() -> None:
    """Where Locust tells what went wrong in the generator itself; of a valid result there are none."""
    run = recording([Made(i * S // 50, 0, late_us=30_000) for i in range(100)])
    rows = _rows("".join(exceptions_csv(exceptions(run))))
    assert [(row["Count"], row["Traceback"], row["Nodes"]) for row in rows] == [("1", "", "local")] * len(rows)
    assert "INVALID: calls were sent late" in rows[0]["Message"]
    fine = recording([Made(i * S // 50, 0) for i in range(150)])
    assert list(exceptions_csv(exceptions(fine))) == ["Count,Message,Traceback,Nodes\r\n"]
