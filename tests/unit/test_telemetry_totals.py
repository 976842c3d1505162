"""telemetry.totals and families: seconds added up, by the models that have a row."""

import math
from dataclasses import replace

import numpy as np
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics

from asyncload.call import Outcome
from asyncload.formats.writing.openmetrics import openmetrics
from asyncload.telemetry.families import FAMILIES, read
from asyncload.telemetry.spread import Spread
from asyncload.telemetry.totals import Totals
from tests.unit.recordings import Made, S, recording
from tests.unit.streamed import NAMES, add, snapshots

SECONDS = [
    [Made(0, 0), Made(1, 1, outcome=Outcome.THROTTLED), Made(2, 2, service_us=40_000)],
    [Made(S, 0, outcome=Outcome.TIMEOUT), Made(S + 1, 0), Made(S + 2, 2, outcome=Outcome.DROPPED)],
]


def totals_of(rows: list[int], labels: list[str], *, warmup_s: int = 0) -> Totals:
    totals = Totals(np.array(rows), labels)
    for snapshot in snapshots(SECONDS, warmup_s=warmup_s):
        add(totals, snapshot)
    return totals


def values(totals: Totals) -> dict[str, dict[tuple[str, ...], float | Spread]]:
    return {family.prometheus: dict(points) for family, points in read(totals).families}


def test_each_model_has_its_row() -> None:
    found = values(totals_of([0, 1, 2, 3], ["a", "b", "c"]))
    requests = found["asyncload_requests_total"]
    assert requests["a", "OK"] == 2
    assert requests["a", "TIMEOUT"] == requests["b", "THROTTLED"] == requests["c", "DROPPED"] == 1
    assert sum(v for v in requests.values() if isinstance(v, (int, float))) == 6
    counts = {
        labels: spread.count
        for labels, spread in found["asyncload_service_seconds"].items()
        if isinstance(spread, Spread)
    }
    assert counts == {("a",): 3, ("b",): 0, ("c",): 1}
    assert found["asyncload_received_bytes_total"] == {("a",): 51, ("b",): 17, ("c",): 34}


def test_the_others_are_one_row() -> None:
    """Models without a row of their own are counted together, and nothing is lost."""
    found = values(totals_of([1, 0, 1, 2], ["b", "other"]))
    requests = found["asyncload_requests_total"]
    assert requests["b", "THROTTLED"] == 1
    assert requests["other", "OK"] == 3
    assert requests["other", "DROPPED"] == 1
    spread = found["asyncload_response_seconds"]["other",]
    assert isinstance(spread, Spread)
    assert spread.count == 4


def test_the_warm_up_stands_apart() -> None:
    """The first second is warm-up: it counts in no model's metrics, but in planned and sent."""
    found = values(totals_of([0, 1, 2, 3], ["a", "b", "c"], warmup_s=1))
    requests = [value for value in found["asyncload_requests_total"].values() if isinstance(value, (int, float))]
    assert sum(requests) == 3
    assert found["asyncload_warmup_requests_total"]["OK",] == 2
    assert found["asyncload_warmup_requests_total"]["THROTTLED",] == 1
    warmup, lateness = found["asyncload_warmup_response_seconds"][()], found["asyncload_lateness_seconds"][()]
    assert isinstance(warmup, Spread)
    assert isinstance(lateness, Spread)
    assert (warmup.count, lateness.count) == (2, 2)
    assert found["asyncload_planned_total"][()] == 6
    assert found["asyncload_sent_total"][()] == 5


def test_what_is_not_known_yet_is_absent() -> None:
    """Before the first second there are counts of nothing, and no readings."""
    found = values(Totals(np.array([0, 1]), ["a"]))
    assert found["asyncload_requests_total"]["a", "OK"] == 0
    assert found["asyncload_cpu_ratio"] == {}
    assert found["asyncload_ended"] == {(): False}


def test_a_closed_phase_asks_for_no_rate() -> None:
    totals = Totals(np.array([0, 1, 2, 3]), ["a", "b", "c"])
    (snapshot,) = snapshots(SECONDS[:1])
    add(totals, replace(snapshot, rate_per_s=math.nan, users=8))
    found = values(totals)
    assert found["asyncload_asked_rate"] == {}
    assert found["asyncload_users"] == {(): 8}


def test_counters_never_fall() -> None:
    """Second by second, over every series of every counter and histogram."""
    totals, before = Totals(np.array([0, 1, 2, 3]), ["a", "b", "c"]), dict[tuple[str, tuple[str, ...]], float]()
    kinds = {family.prometheus: family.kind for family in FAMILIES}
    for snapshot in snapshots(SECONDS):
        add(totals, snapshot)
        for name, points in values(totals).items():
            for labels, value in points.items():
                number = value.count if isinstance(value, Spread) else value
                if kinds[name] in {"counter", "histogram"}:
                    assert number >= before.get((name, labels), 0)
                    before[name, labels] = number
    assert len(before) > 50


def test_names_say_their_unit_and_kind() -> None:
    """Prometheus: base units in the name, `_total` behind what only grows; no name twice in either world."""
    for family in FAMILIES:
        assert family.prometheus.startswith("asyncload_")
        assert family.prometheus.endswith("_total") == (family.kind == "counter"), family.prometheus
        assert ("_seconds" in family.prometheus) == (family.unit == "s"), family.prometheus
        assert ("_bytes" in family.prometheus) == (family.unit == "By"), family.prometheus
    assert len({family.prometheus for family in FAMILIES}) == len({f.opentelemetry for f in FAMILIES}) == len(FAMILIES)


def test_the_file_of_a_run_has_the_same_metrics() -> None:
    """What `report --format openmetrics` writes has the live names, kinds and buckets."""
    written = {family.name: family for family in read_openmetrics(openmetrics(recording(SECONDS[0], NAMES)).decode())}
    shared = [family for family in FAMILIES if family.prometheus.removesuffix("_total") in written]
    live = values(totals_of([0, 1, 2, 3], ["a", "b", "c"]))
    assert len(shared) >= 14
    for family in shared:
        inside = written[family.prometheus.removesuffix("_total")]
        assert inside.type == family.kind
        bounds_s = {float(sample.labels["le"]) for sample in inside.samples if "le" in sample.labels}
        spreads = [spread for spread in live[family.prometheus].values() if isinstance(spread, Spread)]
        assert bool(spreads) == (family.kind == "histogram"), family.prometheus
        assert all(bounds_s == {*spread.bounds_s, math.inf} for spread in spreads), family.prometheus
