"""`report --format hgrm` and `hlog`: read back by the hdrhistogram package and by our own readers."""

import json
from pathlib import Path

import numpy as np
import pytest
from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader

from asyncload.formats.hgrm import read_hgrm
from asyncload.formats.hlog import read_hlog
from asyncload.formats.recording import Recording
from asyncload.formats.writing.hgrm import percentile_distribution
from asyncload.histogram import HIGHEST_US, Histogram
from asyncload.report.exports import Choices
from tests.unit.exported import HOSTILE, empty, failed, hostile, text, written
from tests.unit.recordings import EPOCH_S, Made, S, recording

RUN = recording([Made(i * S // 200, i % 2, 2_000 + 37 * i, late_us=900) for i in range(600)], warmup_s=1)
JAVA = Path(__file__).parents[1] / "results" / "java.hgrm"


def intervals(path: Path) -> list[HdrHistogram]:
    """Every interval that the package finds in a log."""
    reader = HistogramLogReader(str(path), HdrHistogram(1, HIGHEST_US, 3))
    try:
        return list(iter(reader.get_next_interval_histogram, None))
    finally:
        reader.close()


def log(tmp_path: Path, run: Recording, choices: Choices | None = None) -> Path:
    path = tmp_path / "run.hlog"
    path.write_text(text(run, "hlog", choices), encoding="utf-8")
    return path


def added(parts: list[HdrHistogram]) -> HdrHistogram:
    whole = HdrHistogram(1, HIGHEST_US, 3)
    for part in parts:
        whole.add(part)
    return whole


def test_a_log_has_every_model_in_every_second(tmp_path: Path) -> None:
    """Tag, second and counts as recorded; the warm-up is not there."""
    found = intervals(log(tmp_path, RUN))
    assert RUN.history is not None
    expected = [
        (model.name, second, model.response)
        for second, targets in RUN.history.seconds
        for i, model in targets.items()
        if i < 2
    ]
    assert len(found) == len(expected) > 4
    for interval, (name, second, response) in zip(found, expected, strict=True):
        assert interval.get_tag() == name
        assert interval.get_start_time_stamp() == pytest.approx((EPOCH_S + 0.25 + second) * 1000)
        assert interval.get_end_time_stamp() - interval.get_start_time_stamp() == pytest.approx(1000)
        assert interval.equals(response.to_hdr())
    for model in RUN.result.models:
        mine = [interval for interval in found if interval.get_tag() == model.name]
        assert added(mine).equals(model.response.to_hdr())


@pytest.mark.parametrize("since", ["due", "sent"])
def test_a_log_is_read_back_by_our_own_reader(tmp_path: Path, since: str) -> None:
    """It infers the unit, and finds the percentiles of each model."""
    reading = read_hlog(log(tmp_path, RUN, Choices(since="due" if since == "due" else "sent")))
    assert [row.name for row in reading.rows] == [model.name for model in RUN.result.models]
    for row, model in zip(reading.rows, RUN.result.models, strict=True):
        histogram = model.response if since == "due" else model.service
        assert row.requests == histogram.count
        assert row.latency["sent"].percentiles_ms[0.99] == histogram.quantile_us(0.99) / 1000


def test_a_log_of_a_result_alone_has_an_interval_for_each_model(tmp_path: Path) -> None:
    found = intervals(log(tmp_path, Recording(RUN.result, None)))
    assert [interval.get_tag() for interval in found] == [model.name for model in RUN.result.models]
    for interval, model in zip(found, RUN.result.models, strict=True):
        assert interval.equals(model.response.to_hdr())
        assert interval.get_start_time_stamp() == pytest.approx((EPOCH_S + 1.25) * 1000)
        assert interval.get_end_time_stamp() == pytest.approx((EPOCH_S + 3.25) * 1000)


def test_any_name_is_a_tag_and_the_name_is_told(tmp_path: Path) -> None:
    path = log(tmp_path, hostile())
    tags = list(dict.fromkeys(interval.get_tag() for interval in intervals(path)))
    assert len(tags) == len(HOSTILE)
    lines = path.read_text(encoding="utf-8").splitlines()
    told = dict(line[len("#[Tag ") : -1].split(": ", 1) for line in lines if line.startswith("#[Tag "))
    assert set(told) == set(tags)
    assert sorted(map(json.loads, told.values())) == sorted(HOSTILE)


@pytest.mark.parametrize("run", [empty(), failed()])
def test_a_log_without_times_is_a_head(tmp_path: Path, run: Recording) -> None:
    assert intervals(log(tmp_path, run)) == []


def test_a_distribution_is_read_back_with_its_percentiles(tmp_path: Path) -> None:
    """By our own reader, whose bounds hold the truth; from when calls were due, unless asked for otherwise."""
    for since, histogram in (("due", RUN.result.totals.response), ("sent", RUN.result.totals.service)):
        path = tmp_path / "run.hgrm"
        path.write_text(text(RUN, "hgrm", Choices(since="due" if since == "due" else "sent")))
        total = read_hgrm(path).total
        latency = total.latency["sent"]
        assert total.requests == histogram.count
        assert latency.mean_ms == pytest.approx(histogram.mean_us() / 1000, abs=0.002)
        for q, (low, high) in latency.within_ms.items():
            assert low - 1e-9 <= histogram.quantile_us(q) / 1000 <= high + 1e-9


def test_a_distribution_has_the_steps_that_java_prints() -> None:
    """The same percentiles on the same lines as a file of HdrHistogram's own, for as many values."""
    theirs = [line.split()[1] for line in JAVA.read_text().splitlines() if line[:1] == " " and "Value" not in line]
    lines = "".join(percentile_distribution(Histogram.of_us(np.arange(1000) * 3))).splitlines()
    ours = [line.split()[1] for line in lines if line and line[0] == " " and "Value" not in line]
    assert ours == theirs


def test_each_model_has_a_distribution_if_that_is_asked_for() -> None:
    files = written(RUN, "hgrm", Choices(by="model"))
    assert list(files) == [".hgrm", "-b.tar.gz.hgrm", "-a.tar.gz.hgrm"]
    counts = [int(data.decode().split("Total count    =")[1].split("]")[0]) for data in files.values()]
    assert counts[0] == counts[1] + counts[2] == RUN.result.totals.response.count


@pytest.mark.parametrize("run", [empty(), failed()])
def test_a_distribution_of_nothing_is_a_head_and_a_foot(run: Recording) -> None:
    lines = text(run, "hgrm").splitlines()
    assert len(lines) == 5
    assert "Total count    =            0" in lines[3]
