"""report.comparison.grid: groups of columns that fit a line."""

import pytest

from asyncload.report.comparison.grid import Cell, Column, Group, fits, lay_out

NAMES: list[Cell] = [("xgboost-0", ""), ("xgboost-1", "")]


def column(head: str, width: int = 5) -> Column:
    return Column(head, tuple((f"{i}".rjust(width, "0"), "") for i in (1, 2)))


def group(title: str, sources: str, width: int = 5) -> Group:
    others = [(column(each, width), column("vs", 4)) for each in sources[1:]]
    return Group(title, ((column(sources[0], width),), *others))


def laid_out(groups: list[Group], width: int) -> list[str]:
    return [line.plain for line in lay_out("model", NAMES, groups, width)]


def test_groups_stand_side_by_side_where_they_fit() -> None:
    assert laid_out([group("one", "AB"), group("two", "A")], 80) == [
        "           ──────one───────  ─two─",
        "model          A     B   vs      A",
        "xgboost-0  00001 00001 0001  00001",
        "xgboost-1  00002 00002 0002  00002",
    ]


def test_groups_that_do_not_fit_stand_below() -> None:
    lines = laid_out([group("one", "AB"), group("two", "AB")], 40)
    assert [line for line in lines if "model" in line] == ["model          A     B   vs"] * 2
    assert lines[4] == ""


def test_names_give_way_before_numbers() -> None:
    """Down to twelve cells; then groups go below, and names have their full length again."""
    names: list[Cell] = [("a-rather-long-name-of-a-model", "")] * 2
    wide, narrow = ([line.plain for line in lay_out("model", names, [group("", "AB")] * 2, w)] for w in (80, 50))
    assert wide[1].startswith("a-rather-long-name-of-a-model  ")
    assert narrow[1] == "a-rath…a-model  00001 00001 0001  00001 00001 0001"
    below = [line.plain for line in lay_out("model", names, [group("", "AB")] * 2, 47)]
    assert below[1].startswith("a-rather-long-name-of-a-model  00001 00001 0001")
    assert fits("model", [name for name, _ in names], [group("", "AB")] * 2, 80)
    assert not fits("model", [name for name, _ in names], [group("", "AB")] * 2, 50)


@pytest.mark.parametrize("width", [1, 15, 16, 17, 30, 60, 200])
def test_a_group_is_cut_between_its_parts_and_repeats_the_first(width: int) -> None:
    """Every other source stands in one piece, with the first one beside it, however little room there is."""
    whole = group("title", "ABCDEFG")
    pieces = list(whole.cut(width))
    assert all(piece.parts[0] == whole.parts[0] for piece in pieces)
    assert all(len(piece.parts) > 1 for piece in pieces)
    assert [part for piece in pieces for part in piece.parts[1:]] == list(whole.parts[1:])
    assert all(piece.width <= max(width, 16) for piece in pieces)


def test_a_group_of_one_source_stays_whole() -> None:
    assert list(group("title", "A").cut(3)) == [group("title", "A")]


def test_a_title_that_is_wider_than_its_columns_widens_the_first() -> None:
    lines = laid_out([group("a long title", "A")], 80)
    assert lines[:3] == ["           a long title", "model                 A", "xgboost-0         00001"]
