"""report.cold: first, cold and warm calls, as far as a client can tell them."""

from dataclasses import replace

import numpy as np

from asyncload.histogram import Histogram
from asyncload.result import RunResult, Signs
from tests.unit.reported import LOADS, NO_CALLS, block, lines_of, model_of, result_of

TO = "\N{EN DASH}"
DOUBTFUL = result_of(replace(model_of("a", 20), signs=Signs(Histogram.of_us(np.array([7_600])), Histogram.empty(), 0)))


def cold_of(result: RunResult, width: int = 80) -> list[str]:
    return block(lines_of(result, width), "cold starts")


def test_cold_starts_are_shown_by_class_and_called_an_inference() -> None:
    """The ten models with most of them, and all together; each percentile with its interval."""
    head, titles, heads, *rows, note = cold_of(LOADS)
    assert head == "cold starts  cold? is inferred, SageMaker does not tell: only a load explains it"
    assert titles.replace("─", "").split() == ["first,", "ms", "cold?,", "ms", "warm,", "ms"]
    assert heads.replace("95 %", "").split() == ["model", "calls", "max", "calls", "%", "p50", "max", "p50"]
    assert [row.split()[0] for row in rows] == [*(f"family/xgb-{i}.tar.gz" for i in range(29, 19, -1)), "total"]
    ends = [f"700{TO}700", f"5.00{TO}5.00"]
    assert rows[0].split()[1:] == ["1", "700", "29", "5.47", "700", ends[0], "700", "5.00", ends[1]]
    assert rows[-1].split()[1:5] == ["30", "700", "435", "2.81"]
    assert note == "the 10 models with the most cold calls, of 29 that had any"


def test_a_wider_terminal_shows_more_of_them() -> None:
    heads = cold_of(LOADS, 140)[2].replace("95 %", "").split()
    assert heads == ["model", "calls", "max", "calls", "%", "p50", "p99", "max", "calls", "p50", "p99"]
    assert any("of 368 for p99" in line for line in cold_of(LOADS, 140))


def test_few_cold_calls_have_no_median() -> None:
    lines = cold_of(result_of(*(replace(model, name=f"m{i}") for i, model in enumerate(LOADS.models[1:7]))))
    row = next(line for line in lines if line.startswith("m0 ")).split()
    assert row[3:7] == ["1", "0.20", "n/a", "700"]


def test_cold_starts_that_are_not_known_are_not_counted() -> None:
    """A run of an older version, one with too few calls, one without any slow call, one without any call."""
    unknown = "cold starts  unknown: this was measured by a version that did not look for them"
    assert cold_of(result_of(model_of("a", 30))) == [unknown]
    doubt = " ".join(" ".join(cold_of(DOUBTFUL)).split())
    assert doubt.startswith("cold starts cold? cannot tell: too few calls to know what is warm: 19")
    assert "1 first call: service p50 n/a, max 7.60 ms" in doubt
    warm = replace(model_of("a", 2000), signs=Signs(Histogram.empty(), Histogram.empty(), 0))
    assert "none: no call took so long that only a load explains it, of 2000" in " ".join(cold_of(result_of(warm)))
    assert not any(line.startswith("cold starts") for line in lines_of(NO_CALLS))
