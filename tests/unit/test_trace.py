"""trace: both formats, exact times, and mistakes with their lines."""

from pathlib import Path

import numpy as np
import pytest

from asyncload.errors import ScenarioError
from asyncload.scenario import Trace
from asyncload.trace import DRAWN, outline, replay

S = 1_000_000_000
LABELS = {"a.tar.gz": 0, "b.tar.gz": 1}

CSV = "timestamp,model\n1700000000.000000001,a.tar.gz\n1700000000.25,\n1700000000.250000003,b.tar.gz\n"
JSONL = """
{"timestamp": 1700000000.000000001, "model": "a.tar.gz"}
{"timestamp": 1700000000.25}

{"model": "b.tar.gz", "timestamp": "1700000000.250000003"}
"""


def trace_of(folder: Path, text: str, speed: float = 1.0) -> Trace:
    path = folder / "trace"
    path.write_text(text)
    return Trace(trace=path, speed=speed)


def read(trace: Trace, block: int = 65_536) -> list[tuple[int, int]]:
    return [
        pair for due, model in replay(trace, LABELS, block) for pair in zip(due.tolist(), model.tolist(), strict=True)
    ]


@pytest.mark.parametrize("text", [CSV, JSONL, "\ufeff" + CSV, CSV.replace("\n", "\r\n"), "\n" + CSV])
def test_both_formats_to_the_nanosecond(tmp_path: Path, text: str) -> None:
    """As floats, these times of 2023 would all be off by up to 120 ns."""
    assert read(trace_of(tmp_path, text)) == [(0, 0), (249_999_999, DRAWN), (250_000_002, 1)]


def test_speed_divides_exactly(tmp_path: Path) -> None:
    """By the decimal 0.1, not by the binary fraction next to it."""
    text = "timestamp\n0\n1\n100000000\n"
    assert [due for due, _ in read(trace_of(tmp_path, text, 2.0))] == [0, S // 2, 50_000_000 * S]
    assert [due for due, _ in read(trace_of(tmp_path, text, 0.1))] == [0, 10 * S, 1_000_000_000 * S]


def test_blocks_do_not_matter(tmp_path: Path) -> None:
    trace = trace_of(tmp_path, "timestamp\n" + "".join(f"{i / 8}\n" for i in range(1000)))
    assert read(trace, 7) == read(trace)
    assert [due.size for due, _ in replay(trace, LABELS, 400)] == [400, 400, 200]


def test_outline(tmp_path: Path) -> None:
    """Ten minutes at 10/s, then a minute at 100/s: the length goes one mean gap beyond the last arrival."""
    stamps = [i / 10 for i in range(6000)] + [600 + i / 100 for i in range(6000)]
    found = outline(trace_of(tmp_path, "timestamp\n" + "".join(f"{stamp:.2f}\n" for stamp in stamps)), LABELS)
    assert found.count == found.expected_count == 12_000
    assert found.length_ns == 659_990_000_000 + 659_990_000_000 // 11_999
    assert found.rate_per_s(np.array([300 * S, 630 * S])) == pytest.approx([10, 100], rel=0.1)
    assert found.peak_per_s == pytest.approx(100, rel=0.1)
    assert found.counts.sum() == 12_000


def test_outline_of_one_arrival(tmp_path: Path) -> None:
    """It has no gap, so its phase lasts a second."""
    assert outline(trace_of(tmp_path, "timestamp\n5\n"), LABELS).length_ns == S


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("timestamp\n1\n0.5\n", "line 3", "before that of an earlier line"),
        ("timestamp\nnow\n", "line 2", "not a number of seconds"),
        ("timestamp\nnan\n", "line 2", "not a number of seconds"),
        ("timestamp\n1e99\n", "line 2", "not a number of seconds"),
        ('{"timestamp": true}\n', "line 1", "not a number of seconds"),
        ('{"timestamp": null}\n', "line 1", "not a number of seconds"),
        ("timestamp,model\n1,c.tar.gz\n", "line 2", "unknown model 'c.tar.gz'; did you mean"),
        ('{"timestamp": 1, "model": 7}\n', "line 1", "unknown model 7"),
        ("timestamp,model\n1\n", "line 2", "has 1 columns, the header 2"),
        ("timestamp,modle\n1,a.tar.gz\n", "line 1", "columns are timestamp and optionally model"),
        ("1.0\n2.0\n", "line 1", "columns are timestamp and optionally model"),
        ('{"timestamp": 1}\n{"timestamp"\n', "line 2", "not JSON"),
        ('{"timestamp": 1}\n[1]\n', "line 2", "not a JSON object"),
        ("timestamp\n", "", "no arrivals"),
        ("", "", "columns are timestamp"),
    ],
)
def test_mistakes_have_lines(tmp_path: Path, text: str, place: str, words: str) -> None:
    with pytest.raises(ScenarioError, match=words) as caught:
        outline(trace_of(tmp_path, text), LABELS)
    assert caught.value.problems[0].path == place or not place
    assert caught.value.source.endswith("trace")


def test_mistakes_come_together(tmp_path: Path) -> None:
    """Up to 20 at once, not one per try."""
    with pytest.raises(ScenarioError) as caught:
        outline(trace_of(tmp_path, "timestamp,model\n" + "1,c\nx,a.tar.gz\n" * 15), LABELS)
    assert [problem.path for problem in caught.value.problems] == [f"line {line}" for line in range(2, 22)]


def test_a_trace_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="cannot be read"):
        outline(Trace(trace=tmp_path / "nowhere.csv"), LABELS)


def test_a_trace_that_is_not_text(tmp_path: Path) -> None:
    (tmp_path / "trace").write_bytes(b"timestamp\n\xff\xfe\n")
    with pytest.raises(ScenarioError, match="cannot be read"):
        outline(Trace(trace=tmp_path / "trace"), LABELS)


@pytest.mark.parametrize("speed", [0.0, -1.0, float("inf"), float("nan")])
def test_a_speed_that_is_none(tmp_path: Path, speed: float) -> None:
    with pytest.raises(ScenarioError, match="greater than 0"):
        outline(trace_of(tmp_path, CSV, speed), LABELS)
