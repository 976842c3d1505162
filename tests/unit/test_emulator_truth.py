"""The ground-truth log."""

import json
from pathlib import Path

from asyncload.emulator.truth import Row, Truth


def _add(truth: Truth, model: str = "a.tar.gz") -> None:
    truth.add(Row(truth.rows, 1, 2, 3, 4, "mme", model, "00", 5, "OK", 200, ""))


def _numbers(lines: list[bytes]) -> list[int]:
    return [json.loads(line)["seq"] for line in lines]


def test_rows_are_given_from_a_number_on() -> None:
    """`since` leaves out what the reader has."""
    truth = Truth()
    for _ in range(5):
        _add(truth)
    assert [_numbers(truth.since(n)) for n in (0, 3, 5, 9)] == [[0, 1, 2, 3, 4], [3, 4], [], []]


def test_memory_is_bounded_and_numbers_go_on() -> None:
    """Old rows leave the memory; `since` still counts from the first row ever."""
    truth = Truth(kept=3)
    for _ in range(5):
        _add(truth)
    assert [_numbers(truth.since(n)) for n in (0, 4)] == [[2, 3, 4], [4]]


def test_the_file_has_every_row(tmp_path: Path) -> None:
    """A file keeps what memory drops and what a reset forgets; names are escaped."""
    truth = Truth(tmp_path / "truth.jsonl", kept=1)
    _add(truth, 'a"\n.tar.gz')
    _add(truth)
    truth.reset()
    _add(truth)
    truth.close()
    rows = [json.loads(line) for line in (tmp_path / "truth.jsonl").read_text().splitlines()]
    assert [(row["seq"], row["model"]) for row in rows] == [(0, 'a"\n.tar.gz'), (1, "a.tar.gz"), (0, "a.tar.gz")]
