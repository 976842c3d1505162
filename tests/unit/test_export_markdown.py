"""`report --format markdown`: rendered by cmark-gfm, which is what GitHub renders comments with."""

import re
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser

import cmarkgfm
import pytest

from asyncload.call import Outcome
from asyncload.formats.recording import Recording
from asyncload.report.markdown import MOST, code, markdown
from tests.unit.exported import HOSTILE, closed, empty, failed, hostile, judged
from tests.unit.recordings import Made, S, recording
from tests.unit.reported import model_of, result_of

ENDS = [Outcome.THROTTLED if i == 5 else Outcome.OK for i in range(1200)]
RUN = recording([Made(i * S // 400, i % 2, 4_000 + 7919 * i % 1200, outcome=end) for i, end in enumerate(ENDS)])
"""Durations that do not hang together, so that most of its calls count."""


@dataclass
class Page(HTMLParser):
    """Tables of a page, by their rows and cells; and what is code, links and text."""

    tables: list[list[list[str]]] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    tags: set[str] = field(default_factory=set)
    _open: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self._open.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in {"td", "th"}:
            self.tables[-1][-1].append("")
        elif tag == "code":
            self.codes.append("")
        elif tag == "a":
            self.links.append(str(dict(attrs).get("href")))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if "code" in self._open:
            self.codes[-1] += data
        if "td" in self._open or "th" in self._open:
            self.tables[-1][-1][-1] += data


def page(run: Recording) -> Page:
    text = markdown(run)
    assert len(text) <= MOST
    found = Page()
    found.feed(cmarkgfm.github_flavored_markdown_to_html(text, cmarkgfm.cmark.Options.CMARK_OPT_UNSAFE))
    return found


def test_the_verdict_comes_first_then_the_totals() -> None:
    lines = markdown(RUN).splitlines()
    assert lines[0] == "### VALID: `made`"
    assert lines[2] == "1200 calls sent, 99.91 % OK, asked 400/s, achieved 400/s, 3s"
    late = recording([Made(i * S // 100, 0, late_us=20_000) for i in range(100)])
    told = markdown(late)
    assert told.startswith("### INVALID: `made`")
    assert "**INVALID:** `calls were sent late: the latest 1 % of them by" in told
    assert "closed loop" in markdown(closed()).splitlines()[2]


def test_models_objectives_and_errors_are_tables() -> None:
    slo = ("p50 < 20ms", "error_rate < 0.1%", "p99.9 < 9s", "p99 < 1ms")
    objectives, models, errors = page(judged(RUN, *slo)).tables
    assert [row[:2] for row in objectives[1:]] == [
        [slo[3], "MISSED"], [slo[1], "UNDECIDED"], [slo[2], "UNDECIDED"], [slo[0], "MET"],
    ]  # fmt: skip
    _, rate, _, _ = judged(RUN, *slo).result.objectives[0:4]
    assert rate.low is not None
    assert rate.high is not None
    assert objectives[2][2:4] == ["0.08333 %", f"{rate.low:.4g} to {rate.high:.4g}"]
    assert objectives[3][2:4] == ["-", "-"]
    told = {each.text: each.why for each in judged(RUN, *slo).result.objectives}
    assert {row[0]: row[4] for row in objectives[1:]} == told
    assert [row[0] for row in models] == ["model", "b.tar.gz", "a.tar.gz", "total"]
    assert [row[1:4] for row in models[1:]] == [["600", "100", "0"], ["600", "99.83", "1"], ["1200", "99.91", "1"]]
    assert errors[1] == ["THROTTLED", "1", "0.08", "a.tar.gz 1", ""]


def test_an_error_has_an_example() -> None:
    """Or, of a run of a version that kept none, the first failure stands below."""
    words = "ThrottlingException: Rate | exceeded `now`"
    health = replace(RUN.result.health, first_error=words)
    assert "First: <code>ThrottlingException" in markdown(Recording(replace(RUN.result, health=health), None))
    told = Recording(replace(RUN.result, health=replace(health, examples={"THROTTLED": words})), None)
    assert page(told).tables[-1][1][-1] == words
    assert "First:" not in markdown(told)


def test_a_percentile_has_its_interval_or_is_not_there() -> None:
    """p99.9 of 1,200 calls cannot be told."""
    _, _, _, _, p50, p99, p99_9, most, *_ = page(RUN).tables[0][-1]
    assert p50.count("[") == p99.count("[") == 1
    assert (p99_9, most.count("[")) == ("-", 0)


@pytest.mark.parametrize("name", HOSTILE)
def test_any_words_stay_what_they_are(name: str) -> None:
    """In a heading, a list and a cell: one piece of code, no link, no tag, no cell more."""
    calls = [Made(0, 0), Made(1, 0, outcome=Outcome.CONNECT)]
    found = page(recording(calls, [name], scenario={"name": name, "slo": [name]}))
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)
    assert found.codes.count(shown) == 4  # the run, the objective, the model, the errors' model
    assert found.links == []
    assert found.tags <= {
        "h3",
        "h4",
        "p",
        "ul",
        "li",
        "strong",
        "code",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "sub",
    }
    for table in found.tables:
        assert len({len(row) for row in table}) == 1


def test_a_long_text_is_cut_in_its_middle() -> None:
    assert code("a" * 30 + "b" * 30, 10) == "<code>aaaa&#8230;bbbbb</code>"
    assert code("a" * 10, 10) == "`aaaaaaaaaa`"


def test_a_thousand_models_and_objectives_fit_into_a_comment() -> None:
    """The twenty with the highest p99; and what is left out is counted."""
    names = [f"{'|<&`' * 40}{i}" for i in range(1000)]
    calls = [Made(i * S // 1000, i % 1000, 1_000 + i, outcome=Outcome(i % 12)) for i in range(3000)]
    run = recording(calls, names)
    found = page(judged(run, *names))
    assert sum(row[0].startswith("and ") for table in found.tables for row in table) >= 1
    assert len(page(run).tables[0]) == 1 + 20 + 1
    shown = sum(row[1] == "UNDECIDED" for row in found.tables[0])
    assert found.tables[0][-1][0] == f"and {1000 - shown} more"


@pytest.mark.parametrize("run", [empty(), failed(), hostile(), recording([], [])])
def test_a_run_without_times_is_told_too(run: Recording) -> None:
    models = next(table for table in page(run).tables if table[0][0] == "model")
    assert models[-1][:2] == ["total", str(run.result.totals.calls)]


def test_models_whose_calls_cannot_tell_a_p99_do_not_push_out_those_that_can() -> None:
    """Of one slow call there is no p99; where most models have too few for it, a lower percentile ranks them all."""
    rare = [model_of(f"rare-{i}", 1, service_us=500_000) for i in range(30)]
    busy = [model_of(f"busy-{i}", 5_000, service_us=200_000 - i) for i in range(30)]
    told = markdown(Recording(result_of(*rare, *busy), None))
    assert re.findall(r"^\| `(\w+)-", told, re.MULTILINE) == ["busy"] * 20
    assert "20 of 60 models, the first by p99 (response)." in told
    few = [model_of(f"few-{i}", 100, service_us=300_000) for i in range(60)]
    told = markdown(Recording(result_of(*few, *busy), None))
    assert "20 of 90 models, the first by p90, for most have too few calls for p99 (response)." in told
