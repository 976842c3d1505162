"""docs/telemetry.md says what the code serves."""

import re
from pathlib import Path

import numpy as np
import pytest
import yaml

from asyncload.buckets import DURATION_BOUNDS_S, LATENESS_BOUNDS_S
from asyncload.snapshot import Snapshot
from asyncload.telemetry.families import FAMILIES, read
from asyncload.telemetry.spread import Spread
from asyncload.telemetry.totals import Totals
from asyncload.units import format_duration
from tests.unit.streamed import add, snapshots

TEXT = (Path(__file__).parents[2] / "docs" / "telemetry.md").read_text(encoding="utf-8")
WORDS = " ".join(TEXT.split())


def series(models: int) -> int:
    """Samples of a scrape, `asyncload_info` among them, with so many models that have their own and some others."""
    labels = [f"m-{i}" for i in range(models)] + ["other"]
    totals = Totals(np.arange(models + 2), labels)
    for snapshot in snapshots([[]], labels):
        add(totals, snapshot)
    values = [value for _, points in read(totals).families for _, value in points]
    return 1 + sum(len(value.buckets) + 2 if isinstance(value, Spread) else 1 for value in values)


def test_every_metric_is_in_the_table_and_no_other() -> None:
    """Names, kind, unit, labels and text, in the order of the code."""
    rows = [
        f"| `{f.prometheus}` | `{f.opentelemetry}` | {f.kind} | {f.unit} | {', '.join(f.labels) or '-'} | {f.text} |"
        for f in FAMILIES
    ]
    assert re.findall(r"^\| `asyncload_\w+` .*$", TEXT, re.MULTILINE) == rows


@pytest.mark.parametrize("bounds_s", [DURATION_BOUNDS_S, LATENESS_BOUNDS_S])
def test_the_bounds_are_listed(bounds_s: tuple[float, ...]) -> None:
    assert ", ".join(format_duration(round(bound * 1e9)) for bound in bounds_s) in WORDS


def test_the_number_of_series_is_right() -> None:
    """Of one more model, of a hundred, of a thousand."""
    assert f"has {series(3) - series(2)} series" in WORDS
    assert f"With `other`, 100 models are {series(100):,} series, 1,000 are {series(1000):,}" in WORDS


@pytest.mark.parametrize(
    "name", [*Snapshot.__dataclass_fields__, *(name for name, of in vars(Snapshot).items() if hasattr(of, "func"))]
)
def test_all_of_a_snapshot_is_described(name: str) -> None:
    assert f"`{name}`" in TEXT


def test_the_configurations_can_be_read() -> None:
    """One of Prometheus, one of a collector whose pipelines name what it has."""
    scrape, collector = (yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL))
    assert scrape["scrape_configs"][0]["static_configs"][0]["targets"] == ["127.0.0.1:9109"]
    assert set(collector["service"]["pipelines"]) == {"metrics", "traces"}
    for pipeline in collector["service"]["pipelines"].values():
        assert set(pipeline["receivers"]) <= set(collector["receivers"])
        assert set(pipeline["exporters"]) <= set(collector["exporters"])
