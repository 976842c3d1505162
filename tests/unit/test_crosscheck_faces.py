"""crosscheck.terminal, crosscheck.document and crosscheck.page: one outcome on three faces."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from asyncload.crosscheck.course import course
from asyncload.crosscheck.document import SCHEMA, to_json
from asyncload.crosscheck.hidden import hidden
from asyncload.crosscheck.judging import judge
from asyncload.crosscheck.options import CrosscheckOptions
from asyncload.crosscheck.outcome import Crosscheck
from asyncload.crosscheck.page import page, write_page
from asyncload.crosscheck.takes import Pair
from asyncload.crosscheck.terminal import show
from asyncload.errors import StoreError
from asyncload.scenario import Scenario
from tests.unit.crosschecks import REPLAYED, SHARES, pairs_of, spread_ms, take

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"


def outcome(pairs: Sequence[Pair], names: tuple[str, str] = ("a", "b"), name: str = "two models") -> Crosscheck:
    """What a crosscheck of these pairs would have come to."""
    scenario = Scenario.from_dict(
        {
            "name": name,
            "endpoint": {"name": "mme", "region": "us-east-1", "url": "http://127.0.0.1:9"},
            "models": [{"name": one, "weight": share} for one, share in zip(names, SHARES, strict=True)],
            "phases": [{"rate": "200/s", "for": "4s"}],
        }
    )
    options = CrosscheckOptions(environment={"AWS_SECRET_ACCESS_KEY": SECRET})
    return Crosscheck(
        course=course(scenario, options),
        options=options,
        directory=Path("runs/x-crosscheck"),
        pairs=tuple(pairs),
        judgement=judge(pairs, replace(REPLAYED, names=names)),
        hidden=hidden(pairs, 0, 1.0) if pairs else None,
        locust="2.47.0",
        asyncload="0.1",
        core=1,
        began_unix_s=1.8e9,
        ended=True,
        interrupted=False,
        trouble="",
    )


def healthy(names: tuple[str, str] = ("a", "b")) -> list[Pair]:
    calls = dict(zip(names, (600, 200), strict=True))
    return pairs_of(
        5,
        lambda number: take("asyncload", spread_ms(20.0 + 0.01 * number), calls),
        lambda number: take("Locust", spread_ms(20.2 + 0.01 * (number % 3)), calls),
    )


def printed(found: Crosscheck, width: int = 80) -> str:
    console = Console(width=width, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    with console.file:
        show(found, console)
        return console.export_text()


def test_the_answer_comes_first_and_each_number_has_a_row() -> None:
    """Both values, the difference, its interval, what is allowed, an answer; then models, CPU, what is hidden."""
    text = printed(outcome(healthy()))
    lines = text.splitlines()
    assert lines[0] == "AGREE  two models"
    assert lines[1].strip() == "up to p95; not told: p99"
    for metric in ("throughput, 1/s", "failures, %", "p50, ms", "p90, ms", "p95, ms"):
        (row,) = [line for line in lines if line.startswith(metric)]
        assert row.endswith("agree")
    (p50,) = [line for line in lines if line.startswith("p50")]
    assert re.match(r"p50, ms +20\.\d+ +20\.\d+ +\+0\.\d+ +\+0\.\d+\.\.\+0\.\d+ +-0\.\d+\.\.\+1\.\d+  agree$", p50)
    assert "CPU per call: asyncload 0.120 ms" in text
    assert "3.8 times as much" in text.replace("\n", " ")
    assert "what a closed loop hides" in text


@pytest.mark.parametrize("width", [80, 120])
def test_no_line_is_wider_than_eighty_columns_or_the_terminal(width: int) -> None:
    """Also with wide numbers, long names and a pair that was left out."""
    wide = pairs_of(
        4,
        lambda number: take("asyncload", spread_ms(12_345.6 + number), failed=3, rate_per_s=123_456.0),
        lambda number: take("Locust", spread_ms(31_234.5 + number), doubt="x " * 60 if number == 4 else ""),
    )
    for pairs in (wide, healthy(("models/of/a/very/long/name/" * 3 + "0", "models/of/a/very/long/name/" * 3 + "1"))):
        found = outcome(pairs, tuple(pairs[0].ours.calls), name="n" * 90)  # type: ignore[arg-type]  # two names
        assert max(map(len, printed(found, width).splitlines())) <= width


def test_numbers_that_do_not_exist_are_no_numbers() -> None:
    """Where every call failed there is no service time of ours: a dash, null, and no crash of any face."""
    refused = pairs_of(
        3,
        lambda _: take("asyncload", np.empty(0), {"a": 600, "b": 200}, failed=800, rate_per_s=200.0),
        lambda _: take("Locust", spread_ms(2.0), failed=800),
    )
    found = outcome(refused)
    assert found.judgement.answer == "CANNOT TELL"
    (row,) = [line for line in printed(found).splitlines() if line.startswith("p50")]
    assert row.split()[2] == "-"
    p50 = next(one for one in json.loads(to_json(found))["findings"] if one["metric"] == "p50")
    assert p50["asyncload"] is None
    assert "CANNOT TELL" in page(found)


def test_nothing_measured_is_told_on_every_face() -> None:
    """A crosscheck that was interrupted in its first pair."""
    found = replace(outcome([]), interrupted=True)
    assert "no pair of runs was completed" in printed(found)
    assert "interrupted" in printed(found)
    document = json.loads(to_json(found))
    assert (document["answer"], document["findings"], document["models"]) == ("CANNOT TELL", [], None)
    assert "Interrupted" in page(found)


def test_the_document_holds_what_the_report_says() -> None:
    """The keys that docs/measuring.md promises."""
    found = outcome(healthy())
    document = json.loads(to_json(found))
    assert document["schema"] == SCHEMA
    assert set(document) == {
        "schema", "name", "answer", "why", "ended", "interrupted", "trouble", "versions", "client", "loop", "users",
        "repeats", "warmup_s", "length_s", "locust_host", "core", "began_unix_s", "directory", "findings", "models",
        "work", "hidden", "pairs", "scenario",
    }  # fmt: skip
    assert [one["metric"] for one in document["findings"]] == ["throughput", "failures", "p50", "p90", "p95", "p99"]
    assert set(document["findings"][0]) == {
        "metric", "unit", "asyncload", "locust", "difference", "interval", "sure", "allowed", "answer", "why",
    }  # fmt: skip
    assert len(document["models"]["tests"]) == 3
    assert [pair["first"] for pair in document["pairs"]] == ["asyncload", "locust", "asyncload", "locust", "asyncload"]
    assert document["pairs"][0]["locust"]["as_locust_prints_ms"]["p50"] == 20.0
    assert document["work"]["locust"]["cpu_ms"] == 0.45


def test_every_key_of_the_document_is_explained() -> None:
    """docs/measuring.md names each of the document's keys."""
    text = (Path(__file__).parents[2] / "docs" / "measuring.md").read_text()
    section = text[text.index("## Crosscheck") :]
    document = json.loads(to_json(outcome(healthy())))
    inner = (document["findings"][0], document["models"], document["models"]["tests"][0], document["pairs"][0])
    keys = {key for part in (document, *inner, document["pairs"][0]["locust"]) for key in part}
    assert [key for key in sorted(keys) if f"`{key}`" not in section] == []


def test_credentials_are_on_no_face() -> None:
    """The environment that holds them is neither written nor printed, nor in what Python shows of the values."""
    found = outcome(healthy())
    for text in (printed(found), to_json(found).decode(), page(found), repr(found)):
        assert SECRET not in text


def test_the_page_asks_for_nothing_and_ends_no_script_early() -> None:
    """One file: its policy forbids every request, and names are escaped in its text and in its data."""
    evil = ("</script><script>alert(1)</script>", "<img src=x onerror=alert(2)>")
    text = page(outcome(healthy(evil), evil, name="<b>bold<b>"))
    assert "default-src 'none'" in text
    before = text[: text.index("Plotly")] if "Plotly" in text else text
    assert not re.search(r"<(?:link|img|iframe)\b|<script[^>]+src=", before)
    for raw in (*evil, "<b>bold<b>"):
        assert raw not in text
    assert "&lt;b&gt;bold&lt;b&gt;" in text


def test_the_page_draws_both_curves_on_the_nines() -> None:
    """Five points to each halving, rising, each curve as far as it has calls; the single runs behind them."""
    text = page(outcome(healthy()))
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert data is not None
    curves = json.loads(data.group(1))
    drawn = [curve for curve in curves if not curve["single"]]
    assert {curve["name"] for curve in drawn} == {"asyncload", "Locust"}
    assert sum(curve["single"] for curve in curves) == 10
    for curve in drawn:
        assert curve["calls"] == 4000
        assert curve["x"][0] == 1
        assert curve["x"][5] == 2
        assert 2000 < curve["x"][-1] <= 4000
        assert curve["y"] == sorted(curve["y"])


def test_a_page_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    """Where a file is in the way of its folder."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be written"):
        write_page(outcome(healthy()), tmp_path / "file" / "page.html")
