"""docs/compare.md says what each source's numbers mean, in the words that are printed."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from asyncload.formats import hgrm, hlog, k6, own, vegeta
from asyncload.formats.locust_json import _COARSE, CLOSED_LOOP, FAILED_TOO
from asyncload.formats.reading import Meaning
from asyncload.formats.sniff import READ
from asyncload.report.comparison.document import document
from asyncload.report.comparison.sides import Sides
from tests.unit.readings import latency, reading, row
from tests.unit.test_own import TWO

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "compare.md").read_text(encoding="utf-8")
MEASURING = (DOCS / "measuring.md").read_text(encoding="utf-8")
MEANINGS = {
    "asyncload": own.reading(TWO, "").meaning,
    "k6": k6._MEANING,
    "vegeta": vegeta._LINES,
    "a report of vegeta": vegeta._REPORT,
    "wrk2": hgrm._WRK2,
    "a distribution": hgrm._FILE,
    "a log": hlog._MEANING,
}


@pytest.mark.parametrize("source", MEANINGS)
def test_what_the_numbers_of_a_source_mean_is_on_the_page(source: str) -> None:
    meaning: Meaning = MEANINGS[source]
    for words in (meaning.counted, meaning.arrivals, meaning.failures, meaning.resolution, meaning.window):
        assert words in PAGE


def test_what_the_numbers_of_locust_mean_is_on_the_page() -> None:
    for words in (CLOSED_LOOP, FAILED_TOO, _COARSE):
        assert words in PAGE


@pytest.mark.parametrize("tool", [line.partition(":")[0] for line in READ])
def test_every_tool_that_is_read_is_on_the_page(tool: str) -> None:
    assert f"| {tool} |" in PAGE


def keys(data: object) -> Iterator[str]:
    """All keys of a document."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield key
            yield from keys(value)
    elif isinstance(data, list | tuple):
        for each in data:
            yield from keys(each)


def test_every_key_of_the_document_is_defined() -> None:
    one = reading(row("a", sent=latency(8, 0.5), due=latency(9)), total=row("total", sent=latency(8), due=latency(9)))
    found = set(keys(document(Sides((one, one)))))
    assert {"alike", "within_ms", "p99_9", "counted"} <= found
    section = MEASURING[MEASURING.index("## Comparing") : MEASURING.index("## The run directory")]
    assert not {key for key in found if not re.search(rf"[`. ]{key}\b", section)}
