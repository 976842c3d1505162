"""docs/slo.md is what the code says: every metric, view, selector and answer, and its examples."""

import re
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import yaml

from asyncload.call import Outcome
from asyncload.histogram import Histogram
from asyncload.slo.answers import Answer
from asyncload.slo.grammar import parse, parse_stop
from asyncload.slo.metrics import NAMES, RATE, VIEWS
from asyncload.slo.objective import CLASSES, OPS
from asyncload.statistics.estimate import percentiles

TEXT = (Path(__file__).parents[2] / "docs" / "slo.md").read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in TEXT.splitlines() if line.startswith("| `")]
OUTCOMES = {outcome.name.lower() for outcome in Outcome}


def row(name: str) -> list[str]:
    """The one row of a table whose first cell has a name."""
    (found,) = (cells for cells in ROWS if f"`{name}`" in cells[0])
    return found


@pytest.mark.parametrize("name", NAMES)
def test_every_metric_stands_in_the_table_with_its_family_and_meaning(name: str) -> None:
    word = NAMES[name]
    _, family, objective, stop = row(name)
    assert family == ("rate" if word.family == "achieved" else word.family)
    if name.removesuffix(RATE) in OUTCOMES:
        return
    assert objective == word.objective + ("" if word.by_model else "; no `model`")
    assert stop == (word.stop + ("" if word.stop_by_model else "; no `model`") if word.stop else "-")


def test_no_metric_stands_in_the_table_that_there_is_not() -> None:
    named = {name for cells in ROWS if len(cells) == 4 for name in re.findall(r"`(\w+)`", cells[0])}
    assert named == set(NAMES)


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_is_defined(view: str) -> None:
    assert len(row(view)) == 3


def test_every_selector_comparison_and_answer_is_named() -> None:
    assert all(f"`class={kind}`" in TEXT for kind in CLASSES)
    assert all(f"`{op}`" in TEXT for op in OPS)
    assert all(f"| {answer} |" in TEXT for answer in get_args(Answer))


def test_the_examples_can_be_read() -> None:
    (block,) = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    shown = yaml.safe_load(block)
    assert [str(parse(text)) for text in shown["slo"]] == shown["slo"]
    assert [str(parse_stop(text)) for text in shown["stop"]] == shown["stop"]
    assert all(parse(text) for text in re.findall(r"--slo \"(.*?)\"", TEXT))
    assert all(parse_stop(text) for text in re.findall(r"--stop \"(.*?)\"", TEXT))


@pytest.mark.parametrize(("q", "needed"), [(0.99, 368), (0.999, 3688)])
def test_the_numbers_of_calls_that_percentiles_need_are_those_that_support_them(q: float, needed: int) -> None:
    assert f"{needed:,}" in TEXT
    for calls, supported in ((needed - 1, False), (needed, True)):
        (estimate,) = percentiles(Histogram.of_us(np.arange(calls)), [q], [float(calls)])
        assert estimate.supported == supported
