"""What is written in Locust's formats is read back: the same counts, and the percentiles by Locust's rule."""

import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from asyncload.formats.buckets import counts_of, percentiles_ms
from asyncload.formats.locust.course import course
from asyncload.formats.locust.entry import REPORTED, Entry, together
from asyncload.formats.locust.run import entries, exceptions, failures
from asyncload.formats.locust.tables import exceptions_csv, failures_csv, history_csv, stats_csv
from asyncload.formats.locust_csv import read_stats_csv
from asyncload.formats.locust_json import read_entries, read_json, to_json
from asyncload.formats.reading import Since
from asyncload.formats.recording import Recording
from tests.property.strategies import recordings, since

few = partial(settings, deadline=None)


@given(run=recordings(), since=since)
@few(max_examples=60)
def test_json_is_read_back_as_it_was_written(run: Recording, since: Since) -> None:
    """Entry for entry, with every count by bucket and by second."""
    written = entries(run, since, by_second=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.json"
        path.write_text(to_json(written), encoding="utf-8")
        assert read_entries(path) == written
        reading = read_json(path)
    assert reading.total.requests == run.result.totals.sent
    assert reading.total.failures == run.result.totals.sent - run.result.totals.ok
    for row, entry in zip(reading.rows, written, strict=True):
        assert (row.name, row.requests, row.failures) == (entry.name, entry.requests, entry.failures)
    for row, model in zip(reading.rows, [model for model in run.result.models if model.sent], strict=True):
        counts = counts_of(model.response if since == "due" else model.service)
        stated = row.latency["sent"].percentiles_ms if row.latency else {}
        assert stated == (dict(zip(REPORTED, percentiles_ms(counts, REPORTED), strict=True)) if counts else {})


@given(run=recordings(), since=since, full=st.booleans())
@few(max_examples=60)
def test_csv_is_read_back_as_it_was_written(run: Recording, since: Since, *, full: bool) -> None:
    """Rows by name, counts, and percentiles in whole milliseconds; whatever the names are made of."""
    written = entries(run, since)
    with tempfile.TemporaryDirectory() as folder:
        _write(Path(folder), run, since, full=full)
        reading = read_stats_csv(Path(folder) / "run_stats.csv")
    ordered = sorted(written, key=lambda entry: entry.name)
    assert [row.name for row in reading.rows] == [entry.name for entry in ordered]
    for row, entry in zip([*reading.rows, reading.total], [*ordered, together(ordered)], strict=True):
        assert (row.requests, row.failures) == (entry.requests, entry.failures)
        latency = row.latency.get("sent")
        assert (latency.percentiles_ms if latency else {}) == _whole_ms(entry)
    failed = sum(failure.occurrences for failure in failures(run))
    told = sum(int(note.split()[0]) for note in reading.notes if " failed with " in note)
    assert told == failed or len([note for note in reading.notes if "more kinds" in note]) == 1


@given(run=recordings(), since=since)
@few(max_examples=40)
def test_the_course_ends_in_the_totals(run: Recording, since: Since) -> None:
    """The history's last row of each entry has the counts of its row in the statistics."""
    last: dict[tuple[str, str], Entry] = {}
    for moment in course(run, since, full=True):
        last[moment.entry.method, moment.entry.name] = moment.entry
        assert moment.users >= 0
    total = last.pop(("", "Aggregated"), Entry(method="", name="Aggregated"))
    written = entries(run, since)
    for entry in [*written, together(written)]:
        ended = total if not entry.method else last[entry.method, entry.name]
        assert (ended.requests, ended.failures, ended.untimed) == (entry.requests, entry.failures, entry.untimed)
        assert ended.response_times == entry.response_times
        assert (ended.least_ms, ended.most_ms) == (entry.least_ms, entry.most_ms)


def _write(folder: Path, run: Recording, since: Since, *, full: bool) -> None:
    texts = {
        "stats": stats_csv(entries(run, since)),
        "stats_history": history_csv(course(run, since, full=full), full=full),
        "failures": failures_csv(failures(run)),
        "exceptions": exceptions_csv(exceptions(run)),
    }
    for name, pieces in texts.items():
        (folder / f"run_{name}.csv").write_text("".join(pieces), encoding="utf-8", newline="")


def _whole_ms(entry: Entry) -> dict[float, float]:
    """What a file can state; of times that all are 0 it cannot be told that they are times."""
    values: Sequence[float] = entry.percentiles_ms(REPORTED)
    timed = entry.response_times and (entry.mean_ms or entry.most_ms)
    return dict(zip(REPORTED, map(int, values), strict=True)) if timed else {}
