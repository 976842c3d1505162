"""report.columns: a table that fits its line."""

import pytest
from rich.cells import cell_len

from asyncload.report.columns import Column, Table

NAMES = ("a.tar.gz", "模型-of-a-long-name/v1.tar.gz", "c")
TO = "\N{EN DASH}"


def column(head: str, *numbers: str, interval: str = "", title: str = "", rank: int = 0) -> Column:
    return Column(head, tuple((number, interval) for number in numbers), title, rank)


WIDE = [
    column("calls", "1", "22", "9999999"),
    column("p50", "1.23", "12.3", "12300", interval=f"12300{TO}12300", title="response, ms"),
    column("p99", "1.23", "n/a", "-", interval=f"1.23{TO}1.25", title="response, ms"),
    column("max", "1", "2", "3", title="response, ms", rank=1),
    column("p50", "1", "2", "3", title="service, ms", rank=2),
]


def drawn(table: Table, names: tuple[str, ...] = NAMES) -> list[str]:
    return [line.plain for line in (*table.heading(), *(table.row(i) for i in range(len(names))))]


@pytest.mark.parametrize("width", range(60, 140))
def test_no_line_is_wider_than_the_width_and_no_number_is_cut(width: int) -> None:
    table = Table("model", NAMES, WIDE, width)
    lines = drawn(table)
    assert max(map(cell_len, lines)) <= width
    for number in ("9999999", "12300", f"12300{TO}12300", "n/a", f"1.23{TO}1.25"):
        assert any(number in line for line in lines)


def test_columns_come_in_the_order_of_their_ranks() -> None:
    heads = [Table("model", NAMES, WIDE, width).heads for width in range(60, 140)]
    numbers = [len(found) for found in heads]
    assert numbers == sorted(numbers)
    assert set(numbers) == {3, 4, 5}
    assert ("service, ms", "p50") not in next(found for found in heads if len(found) == 4)


def test_numbers_stand_below_their_heads_and_titles_above() -> None:
    """A number ends where its head ends; an interval begins where that of the row above begins."""
    upper, lower, *rows = drawn(Table("model", NAMES, WIDE, 120))
    end = lower.index("calls") + len("calls")
    assert [row[:end].split()[-1] for row in rows[::2]] == ["1", "9999999"]
    assert upper.count("response, ms") == 1
    begin, end = upper.index("─"), upper.index("─ ") + 1
    assert lower[begin:end].split() == ["p50", "95", "%", "p99", "95", "%", "max"]


def test_a_title_is_never_cut() -> None:
    """One that is wider than its column makes it wider."""
    narrow = [column("p50", "1", title="service, ms")]
    upper, lower, row = drawn(Table("model", ("a",), narrow, 80), ("a",))
    assert upper.split() == ["service,", "ms"]
    assert len(lower) == len(upper) == len(row)


def test_a_name_gives_way_but_not_wholly() -> None:
    table = Table("model", NAMES, WIDE, 60)
    assert not table.fits
    row = drawn(table)[3]
    assert "…" in row
    assert row.startswith("模型")


def test_a_table_without_titles_has_one_heading() -> None:
    assert drawn(Table("second", ("0",), [column("sent", "5")], 80), ("0",)) == ["second  sent", "0          5"]
