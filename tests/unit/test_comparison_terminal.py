"""report.comparison on a terminal: what is printed, in which order, and that it fits."""

from io import StringIO
from itertools import pairwise

import pytest
from rich.cells import cell_len
from rich.console import Console

from asyncload.formats.reading import Latency, Meaning, Reading, Row
from asyncload.formats.sniff import open_all
from asyncload.report.comparison.sides import MOST, Sides
from asyncload.report.comparison.terminal import show
from tests.unit.readings import RESULTS, latency, reading, row

OURS = Meaning(arrivals="open loop", failures="left out", resolution="3 digits", counted="due, and sent")
LOCUST = Meaning(arrivals="closed loop", failures="among the others", resolution="1 ms", counted="sent")
BOTH = {"due": latency(9), "sent": latency(7.61)}
A = reading(
    row("family/xgboost-0.tar.gz", 17_991, 0, **BOTH),
    row("family/xgboost-1.tar.gz", 6_009, 10, **BOTH),
    total=row("total", 24_000, 10, **BOTH),
    meaning=OURS,
    source="runs/try-1",
    tool="asyncload",
)
B = reading(
    row("family/xgboost-0.tar.gz", 17_562, 0, sent=latency(8, within_ms=0.5)),
    row("family/xgboost-1.tar.gz", 5_854, 3, sent=latency(12)),
    total=row("total", 23_416, 3, sent=latency(8, within_ms=0.5)),
    meaning=LOCUST,
    source="results/try_stats.csv",
    tool="Locust",
)


def shown(*readings: Reading, width: int = 80) -> list[str]:
    """Lines as a pipe gets them."""
    out = StringIO()
    show(Sides(readings), Console(file=out, width=width))
    return out.getvalue().splitlines()


def cells(lines: list[str], name: str) -> list[str]:
    """The cells of the first line that begins with a name."""
    return next(line.split() for line in lines if line.strip().startswith(name))[len(name.split()) :]


def many(count: int, scale: float) -> Reading:
    return reading(
        *(row(f"m-{i:04}", 10_000_000 + i, i % 2, sent=latency(5 + (scale if i % 3 else 1) * i)) for i in range(count))
    )


FILES = [
    "k6-export.json", "tagged.hlog", "wrk2.txt", "java.hgrm", "java-hgrm.csv", "vegeta.csv", "vegeta-report.json",
    "vegeta.hgrm", "us.hlog",
]  # fmt: skip
WIDE = reading(
    row("模型" * 30, 99_999_999, 3, due=latency(99_000), sent=latency(88_000)),
    row("long-name-" * 9, 12_345_678, 9_999_999, due=latency(99_000), sent=latency(0.0001)),
    total=row("total", 99_999_999, 9_999_999, due=latency(99_000), sent=latency(88_000)),
    source="path/" * 60,
    tool="asyncload",
    notes=("word " * 60, "x" * 200),
    invalid=("reason " * 40,),
)
SETS = {
    "two": (A, B),
    "ours twice": (A, A),
    "many": (many(1000, 1), many(1000, 2)),
    "three": (A, B, WIDE),
    "wide": (WIDE, WIDE),
    "files": open_all([RESULTS / name for name in FILES]),
    "most": (A,) * MOST,
    "nothing": (reading(total=Row(name="x", requests=None, failures=None, rate_per_s=None, latency={})),) * 2,
}


@pytest.mark.parametrize("width", [40, 80, 100, 200])
@pytest.mark.parametrize("name", SETS)
def test_every_line_fits(name: str, width: int) -> None:
    """A terminal of less than eighty columns gets lines of eighty, to wrap them by itself."""
    lines = shown(*SETS[name], width=width)
    assert max(map(cell_len, lines)) <= max(width, 80)
    assert not any(line.endswith(" ") for line in lines)
    assert not any(one == other == "" for one, other in pairwise(lines))


def test_only_printable_characters_are_printed() -> None:
    """What a terminal would obey may stand in a path, a name, or an error that a tool noted."""
    evil = reading(row("a\x1b[2J", sent=latency(8)), source="b\x1b[2J", notes=("c\x1b[2J",), invalid=("d\x1b[2J",))
    assert all(line.isprintable() for line in [*shown(evil, evil), *shown(A, evil)])


def test_two_sources_as_a_whole() -> None:
    assert shown(A, B) == [
        "A  asyncload  runs/try-1",
        "B  Locust     results/try_stats.csv",
        "",
        "what the numbers mean",
        "  counted from  A    due, and sent",
        "                B    sent",
        "  arrivals      A    open loop",
        "                B    closed loop",
        "  failed calls  A    left out",
        "                B    among the others",
        "  resolution    A    3 digits",
        "                B    1 ms",
        "  taken over    all  the whole run",
        "",
        "total              A     B  vs A",
        "  requests     24000 23416 -2.4%",
        "  failed, %     0.04  0.01 -0.03",
        "  rate, /s        10    10     =",
        "from sent, ms",
        "  mean          7.61  8.00 +5.1%",
        "  p50           7.61     8     ≈",
        "  p90           15.2    16 +5.1%",
        "  p95           22.8    24 +5.1%",
        "  p99           30.4    32 +5.1%",
        "  p99.9         38.1    40 +5.1%",
        "  max           45.7    48 +5.1%",
        "from due, ms",
        "  mean          9.00     -     -",
        "  p50           9.00     -     -",
        "  p90           18.0     -     -",
        "  p95           27.0     -     -",
        "  p99           36.0     -     -",
        "  p99.9         45.0     -     -",
        "  max           54.0     -     -",
        "",
        'names of models are printed without "family/" and ".tar.gz"',
        "           ──requests─  ──p50, sent───  ───p99, sent───  p99, due  failed, %",
        "model          A     B     A    B vs A     A    B  vs A         A     A    B",
        "xgboost-0  17991 17562  7.61    8    ≈  30.4   32 +5.1%      36.0     0    0",
        "xgboost-1   6009  5854  7.61 12.0 +58%  30.4 48.0  +58%      36.0  0.17 0.05",
        "",
        "= the same · ≈ within their resolution · - not stated",
    ]


def test_a_verdict_of_invalid_comes_first() -> None:
    lines = shown(B, reading(source="runs/x", invalid=("it stood still", "it was late")))
    assert lines[:4] == ["INVALID  B  runs/x", "  reason: it stood still", "  reason: it was late", ""]


def test_notes_stand_below_their_source() -> None:
    lines = shown(A, reading(source="x", notes=("one", "two")))
    assert lines[1:4] == ["B  tool       x", "   note: one", "   note: two"]


def test_sources_that_mean_the_same_share_a_line() -> None:
    lines = shown(A, B, A)
    assert "  counted from  A C  due, and sent" in lines
    assert "                B    sent" in lines
    assert "  taken over    all  the whole run" in lines


def test_of_a_thousand_models_twenty_are_shown_and_the_others_summed_up() -> None:
    lines = shown(*SETS["many"])
    assert "B against A, p99 from sent of 1000 models: 666 higher, 0 lower, 334 alike; median +98.0%" in " ".join(lines)
    assert "20 of 1000 models, those whose p99 from sent differs most:" in lines
    assert sum(line.startswith("m-0") for line in lines) >= 20


def test_many_models_without_common_latencies_are_shown_in_order() -> None:
    bare = reading(*(row(f"m-{i:02}") for i in range(30)))
    assert "20 of 30 models, in the order of the first source:" in shown(bare, bare)


def test_rows_that_only_one_source_has_are_named() -> None:
    other = reading(*(row(f"task-{i}", sent=latency(8)) for i in range(9)))
    lines = shown(A, other)
    assert "only in A: family/xgboost-0.tar.gz, family/xgboost-1.tar.gz" in lines
    assert "only in B: task-0, task-1, task-2, task-3, task-4, task-5, 3 more" in lines
    assert "No row has the same name in two sources. Rename rows with --map, such as --map" in lines
    assert not any("model" in line.split() for line in lines)


def test_sources_without_rows_are_named() -> None:
    lines = shown(A, B, reading(), reading())
    assert "no rows per model in C, D: only the totals are compared" in lines
    assert not any("no rows" in line for line in shown(reading(), reading()))
    alone = shown(A, reading())
    assert "no rows per model in B: only the totals are compared" in alone
    assert not any(line.startswith("only in") for line in alone)


def test_signs_are_explained_where_they_occur() -> None:
    bounded = Latency(percentiles_ms={0.5: 14.1}, within_ms={0.5: (12.3, 14.1)})
    signs = "= the same · ≤ at most · - not stated"
    assert shown(A, reading(total=row("total", sent=bounded)))[-1] == signs
    plain = reading(total=row("total", 1, None, sent=latency(8)))
    assert shown(plain, reading(total=row("total", 2, None, sent=latency(9))))[-1] == "= the same"


def test_what_so_few_calls_cannot_tell_is_no_number() -> None:
    """Not a dash either: of more calls there would be one. Where no source can tell it, its line says so."""
    few = Latency(percentiles_ms={0.5: 8, 1.0: 16}, untold=frozenset((0.99, 0.999)))
    some = Latency(percentiles_ms={0.5: 8, 0.99: 15, 1.0: 16}, untold=frozenset((0.999,)))
    lines = shown(*(reading(total=row("total", sent=each)) for each in (few, some)))
    numbers = {line.split()[0]: line.split()[1:] for line in lines if line.startswith("  p")}
    assert numbers["p99"] == ["n/a", "15.0", "-"]
    assert numbers["p99.9"] == ["n/a", "n/a", "-"]
    assert "p95" not in numbers
    assert lines[-1] == "= the same · n/a too few calls to tell · - not stated"


def test_large_differences_of_latency_are_coloured_on_a_terminal_only() -> None:
    """Red if it took longer, green if shorter; small ones, and counts, are not."""
    numbers = ((9, 8.0), (1, 9.0), (9, 7.8), (9, 6.0))
    sources = [reading(total=row("total", calls, sent=latency(p50_ms))) for calls, p50_ms in numbers]
    out = StringIO()
    show(Sides(tuple(sources)), Console(file=out, width=80, force_terminal=True, color_system="standard"))
    printed = out.getvalue()
    assert "\x1b[31m+12%\x1b[0m" in printed
    assert "\x1b[32m-25%\x1b[0m" in printed
    assert " -2.5%" in printed
    assert " -89%" in printed
    assert not any("\x1b" in line for line in shown(*sources))
