"""formats.k6: the three shapes of its summary."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from asyncload.errors import StoreError
from asyncload.formats.k6 import is_summary, read_summary
from asyncload.formats.reading import Reading
from tests.unit.readings import RESULTS

SHAPES = ("k6-export.json", "k6-handle-summary.json", "k6-machine-readable.json")
PATH = Path("summary.json")


def document(name: str) -> Any:
    return json.loads((RESULTS / name).read_text())


def read(name: str) -> Reading:
    return read_summary(document(name), RESULTS / name)


@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_says_the_same(name: str) -> None:
    """Counts, rate and the percentiles that k6 states by default, of all calls and of each model."""
    reading = read(name)
    total = reading.total
    assert (reading.tool, reading.source) == ("k6", str(RESULTS / name))
    assert (total.requests, total.failures) == (401, 5)
    assert total.rate_per_s == pytest.approx(99.9058, rel=1e-5)
    latency = total.latency["sent"]
    assert {q: latency.percentiles_ms[q] for q in (0.5, 0.9, 0.95)} == {0.5: 7.173874, 0.9: 10.415312, 0.95: 11.850981}
    assert latency.mean_ms == pytest.approx(7.783627)
    assert (latency.least_ms, latency.most_ms) == (5.469879, 24.576602)
    assert [(row.name, row.requests, row.failures) for row in reading.rows] == [
        ("xgboost-0.tar.gz", 296, 4),
        ("xgboost-1.tar.gz", 105, 1),
    ]
    assert reading.rows[0].latency["sent"].percentiles_ms[0.95] == 11.707292
    assert reading.rows[1].rate_per_s == pytest.approx(26.15988, rel=1e-5)


@pytest.mark.parametrize("name", SHAPES[:2])
def test_percentiles_are_those_that_the_script_asked_for(name: str) -> None:
    """Only summaryTrendStats say which; p(99.9) is the quantile 0.999 and not its neighbour."""
    assert sorted(read(name).total.latency["sent"].percentiles_ms) == [0.5, 0.9, 0.95, 0.99, 0.999]


def test_what_is_not_stated_is_not_made_up() -> None:
    """The machine-readable summary has no p99, and k6 has no latency from when a call was due."""
    total = read("k6-machine-readable.json").total
    assert 0.99 not in total.latency["sent"].percentiles_ms
    assert set(total.latency) == {"sent"}


def test_a_part_without_calls_has_no_percentiles() -> None:
    """k6 writes zeros for a trend without samples."""
    changed = document("k6-export.json")
    changed["metrics"]["http_req_duration{model:never}"] = dict.fromkeys(["avg", "min", "med", "max", "p(95)"], 0)
    changed["metrics"]["http_reqs{model:never}"] = {"count": 0, "rate": 0}
    row = read_summary(changed, PATH).rows[0]
    assert (row.name, row.requests) == ("never", 0)
    assert not row.latency["sent"].percentiles_ms
    assert row.latency["sent"].most_ms is None


def test_parts_are_named_by_their_tag_and_by_all_of_it_where_that_is_not_one() -> None:
    """A value that two tags have, or a part by two tags, is named in full; what k6 has by itself is no row."""
    changed = document("k6-export.json")
    one = changed["metrics"].pop("http_req_duration{model:xgboost-0.tar.gz}")
    changed["metrics"].pop("http_req_duration{model:xgboost-1.tar.gz}")
    for tags in ("model:a", "scenario:a", "model:b,status:200", "name:c"):
        changed["metrics"][f"http_req_duration{{{tags}}}"] = one
    assert {row.name for row in read_summary(changed, PATH).rows} == {
        "model:a", "scenario:a", "model:b,status:200", "c",
    }  # fmt: skip
    assert any("expected_response" in name for name in changed["metrics"])


def test_a_part_without_its_counts_takes_them_from_its_trend_or_has_none() -> None:
    """Only http_req_duration was named in a threshold; `count` is a statistic that may be asked for."""
    changed = document("k6-export.json")
    for name in ("http_reqs", "http_req_failed"):
        changed["metrics"].pop(f"{name}{{model:xgboost-0.tar.gz}}")
    assert read_summary(changed, PATH).rows[0].requests == 296
    assert read_summary(changed, PATH).rows[0].failures is None
    changed["metrics"]["http_req_duration{model:xgboost-0.tar.gz}"].pop("count")
    assert read_summary(changed, PATH).rows[0].requests is None


def test_dropped_iterations_are_noted() -> None:
    changed = document("k6-export.json")
    assert not read_summary(changed, PATH).notes
    changed["metrics"]["dropped_iterations"] = {"count": 12, "rate": 3.0}
    assert read_summary(changed, PATH).notes == (
        "12 iterations were dropped: k6 had no virtual user free when they were due",
    )


def test_a_newer_schema_is_refused() -> None:
    changed = document("k6-machine-readable.json") | {"version": "2.0.0"}
    with pytest.raises(StoreError, match=r"summary.json: k6's summary has the schema '2.0.0'; this version reads 1.x"):
        read_summary(changed, PATH)


def test_a_test_without_requests_says_so() -> None:
    changed = document("k6-export.json")
    changed["metrics"] = {"iterations": {"count": 1, "rate": 1}}
    with pytest.raises(StoreError, match="made no HTTP request"):
        read_summary(changed, PATH)


@pytest.mark.parametrize(
    ("name", "spoil"),
    [
        ("k6-export.json", lambda each: each["metrics"].update(http_req_duration=[])),
        ("k6-handle-summary.json", lambda each: each.update(state=3)),
        ("k6-machine-readable.json", lambda each: each["results"]["metrics"].append({"name": "x"})),
        ("k6-machine-readable.json", lambda each: each["results"].update(metrics=[7])),
    ],
)
def test_a_damaged_summary_is_an_error_of_its_file(name: str, spoil: Any) -> None:
    changed = deepcopy(document(name))
    spoil(changed)
    assert is_summary(changed)
    with pytest.raises(StoreError, match=r"summary.json: looks like a summary of k6, but cannot be read"):
        read_summary(changed, PATH)


@pytest.mark.parametrize("other", [[], {}, {"metrics": {}}, {"results": {}}, {"root_group": {}, "metrics": []}, "x", 1])
def test_other_json_is_no_summary(other: object) -> None:
    assert not is_summary(other)
