"""report.live: what is shown while a run lasts."""

from collections.abc import Iterator
from dataclasses import replace
from io import StringIO

import numpy as np
import pytest
from rich.console import Console

from asyncload.call import Outcome, Reply
from asyncload.histogram import Histogram, merge
from asyncload.record import METRICS, Recorder
from asyncload.report.live import LiveView, LogLines
from asyncload.report.recent import Recent, busiest, quantiles_us
from asyncload.result import Health, SecondResult
from asyncload.snapshot import Snapshot
from asyncload.statistics.ranks import needed

S = 1_000_000_000
MS = 1_000_000


def snapshots(seconds: int, calls: list[int], *, warmup_s: int = 0, failed: int = 0) -> Iterator[Snapshot]:
    """
    Seconds in each of which model i gets `calls[i]` replies, after 10 * (i + 1) ms each, sent 0.25 ms late.

    The first `failed` calls of each second time out.
    """
    recorder = Recorder(len(calls), 0, [(0, warmup_s * S)])
    names = [f"model-{i}.tar.gz" for i in range(len(calls))]
    models = [model for model, number in enumerate(calls) for _ in range(number)]
    for second in range(seconds):
        for number, model in enumerate(models):
            due, ended = second * S + 1, second * S + 1 + 10 * (model + 1) * MS
            outcome = Outcome.TIMEOUT if number < failed else Outcome.OK
            recorder.record(model, due, Reply(due + 250_000, ended, ended, outcome, 1))
        end = recorder.tick()
        response, lateness = (end.overall(METRICS.index(metric)) for metric in ("response", "lateness"))
        outcomes = tuple(end.outcomes.sum(axis=0).tolist())
        row = SecondResult(second, len(models), len(models), 7, outcomes, response, lateness)
        health = Health(0, (second + 1) * S, 0, 0, cpu_share=0.31)
        yield Snapshot(row, (second + 1) * S, 20 * S, 1.5 * len(models), 0, second < warmup_s, health, names, end)


def drawn(view: LiveView, file: StringIO, snapshot: Snapshot) -> list[str]:
    """Lines of the frame that a snapshot causes."""
    file.seek(0)
    file.truncate()
    view.on_snapshot(snapshot)
    return [line.strip() for line in file.getvalue().splitlines()]


@pytest.fixture
def terminal() -> Iterator[tuple[LiveView, StringIO]]:
    file = StringIO()
    console = Console(file=file, width=80, height=40, force_terminal=True, force_interactive=True, color_system=None)
    with LiveView(console) as view:
        yield view, file


@pytest.fixture
def log() -> Iterator[tuple[LogLines, StringIO]]:
    file = StringIO()
    with LogLines(Console(file=file, width=80, color_system=None)) as lines:
        yield lines, file


def test_the_view_shows_rates_models_and_errors(terminal: tuple[LiveView, StringIO]) -> None:
    """Rates and calls of the last five seconds; errors since the start; no p99 of 50 calls, which cannot bound it."""
    view, file = terminal
    for snapshot in snapshots(8, [90, 10], failed=2):
        lines = drawn(view, file, snapshot)
    progress, rates, _, _heading, first, second, total, _, errors = lines[-9:]
    assert progress.endswith("─  8s of 20s")
    assert rates.split("   ") == ["asked 150/s", "sent 100/s", "in flight 7", "lateness p99 0.250 ms", "CPU 31 %"]
    assert first.split() == ["model-0.tar.gz", "450", "10", "10.0", "10.0"]
    assert second.split() == ["model-1.tar.gz", "50", "0", "20.0", "n/a"]
    assert total.split() == ["total", "500", "10", "10.0", "20.0"]
    assert errors == "errors so far: TIMEOUT 16"


def test_the_view_marks_the_warm_up(terminal: tuple[LiveView, StringIO]) -> None:
    view, file = terminal
    first, second = snapshots(2, [30, 10], warmup_s=1)
    lines = drawn(view, file, first)
    assert any(line.endswith("1s of 20s  warm-up") for line in lines)
    assert any(line.split() == ["warm-up", "40", "0", "10.0", "n/a"] for line in lines)
    assert any(line.endswith("2s of 20s") for line in drawn(view, file, second))


def test_the_view_shows_the_busiest_of_many_models(terminal: tuple[LiveView, StringIO]) -> None:
    """Twelve of them in the scenario's order, the others in sum."""
    view, file = terminal
    calls = [1 + i % 3 for i in range(40)]
    calls[5] = calls[33] = 9
    (snapshot,) = snapshots(1, calls)
    lines = drawn(view, file, snapshot)
    names = [line.split()[0] for line in lines if line.startswith("model-")]
    assert len(names) == 12
    assert names == sorted(names, key=lambda name: int(name[6:-7]))
    assert {"model-5.tar.gz", "model-33.tar.gz"} <= set(names)
    others = next(line.split() for line in lines if "others" in line)
    assert others[:2] == ["28", "others"]
    shown = sum(int(line.split()[1]) for line in lines if line.startswith("model-"))
    assert shown + int(others[2]) == sum(calls)
    assert max(map(len, lines)) <= 80


def test_the_view_holds_out_without_replies(terminal: tuple[LiveView, StringIO]) -> None:
    view, file = terminal
    for snapshot in snapshots(2, [0]):
        lines = drawn(view, file, snapshot)
    assert "errors so far: none" in lines
    assert any(line.split() == ["total", "0", "0", "-", "-"] for line in lines)


def test_the_view_says_when_nothing_more_is_sent(terminal: tuple[LiveView, StringIO]) -> None:
    """From the last arrival on the plan's time stands still, and only replies are waited for."""
    view, file = terminal
    first, second = snapshots(2, [1])
    assert not any("waiting" in line for line in drawn(view, file, first))
    lines = drawn(view, file, replace(second, elapsed_ns=first.elapsed_ns))
    assert any(line.endswith("1s of 20s  waiting for replies") for line in lines)


def test_the_view_leaves_nothing_behind() -> None:
    """The report is printed where it stood: what was drawn is erased, and the cursor is back."""
    file = StringIO()
    console = Console(file=file, width=80, height=40, force_terminal=True, force_interactive=True, color_system=None)
    with LiveView(console) as view:
        for snapshot in snapshots(1, [1]):
            view.on_snapshot(snapshot)
        height = file.getvalue().count("\n")
        file.seek(0)
        file.truncate()
    assert file.getvalue().count("\x1b[2K") >= height
    assert "\x1b[?25h" in file.getvalue()


def test_a_line_every_five_seconds_and_one_for_the_rest(log: tuple[LogLines, StringIO]) -> None:
    """Each line counts its own seconds, so that the lines add up to the run."""
    lines, file = log
    for snapshot in snapshots(7, [90, 10], failed=2):
        lines.on_snapshot(snapshot)
    lines.__exit__(None, None, None)
    assert file.getvalue().splitlines() == [
        "    5s/20s  asked 150/s sent 100/s  ok 490 errors 10  p50 10.0 p99 20.0 ms  in flight 7  late p99 0.250 ms",
        "    7s/20s  asked 150/s sent 100/s  ok 196 errors 4  p50 10.0 p99 n/a ms  in flight 7  late p99 n/a ms",
    ]


def test_of_a_closed_loop_users_stand_in_the_place_of_a_rate(
    terminal: tuple[LiveView, StringIO], log: tuple[LogLines, StringIO]
) -> None:
    """As many as take part; nothing is asked for."""
    (view, drawing), (lines, file) = terminal, log
    for snapshot in snapshots(5, [30, 10]):
        closed = replace(snapshot, rate_per_s=float("nan"), users=12)
        frame = drawn(view, drawing, closed)
        lines.on_snapshot(closed)
    assert frame[-8].split("   ")[:3] == ["users 12", "sent 40/s", "in flight 7"]
    assert file.getvalue().startswith("    5s/20s  users 12 sent 40/s  ok 200 errors 0")


def test_lines_mark_the_warm_up(log: tuple[LogLines, StringIO]) -> None:
    lines, file = log
    for snapshot in snapshots(10, [1], warmup_s=5):
        lines.on_snapshot(snapshot)
    assert [line.endswith("warm-up") for line in file.getvalue().splitlines()] == [True, False]


def test_a_reader_that_has_gone_does_not_end_the_run() -> None:
    class Closed(StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError(32, "Broken pipe")

    with LogLines(Console(file=Closed(), width=80)) as lines:
        for snapshot in snapshots(6, [1]):
            lines.on_snapshot(snapshot)


def test_quantiles_of_groups_are_those_of_merged_histograms() -> None:
    """One call gives what merging each group and asking it gives, unless the group has too few calls."""
    rng = np.random.default_rng(5)
    qs = (0.01, 0.5, 0.99)
    needs = np.asarray([needed(q) for q in qs])
    for scale in (1, 300, 10**7):
        groups = [
            [Histogram.of_us((rng.exponential(scale, n)).astype(np.int64)) for n in sizes]
            for sizes in ([100, 1], [], [0], [1], [1000, 0, 7], [0, 0])
        ]
        expected = [
            np.where((merged.count < needs) & (merged.count > 0), np.inf, merged.quantiles_us(qs))
            for merged in map(merge, groups)
        ]
        np.testing.assert_array_equal(quantiles_us(groups, qs), expected)
    assert np.isnan(quantiles_us([[], []], qs)).all()


def test_rates_are_of_the_time_in_which_calls_were_sent() -> None:
    """Seconds spent waiting for the last replies do not lower the rate; without any time there is no rate."""
    recent = Recent()
    running, waiting = snapshots(2, [10])
    recent.add(running)
    recent.add(replace(waiting, row=replace(waiting.row, sent=0), elapsed_ns=running.elapsed_ns, rate_per_s=0.0))
    assert (recent.asked_per_s, recent.sent_per_s) == (15.0, 10.0)
    recent.clear()
    recent.add(running)
    assert np.isnan(recent.sent_per_s)


@pytest.mark.parametrize(
    ("calls", "most", "indexes", "why"),
    [
        ([0, 5, 0, 1], 3, [1, 3], "those without a call are not busy"),
        ([4, 5, 6, 1], 2, [1, 2], "the highest, in the order of the models"),
        ([], 2, [], "none"),
        ([0, 0, 0], 2, [], "none busy"),
    ],
)
def test_busiest(calls: list[int], most: int, indexes: list[int], why: str) -> None:
    assert busiest(np.array(calls, np.int64), most) == indexes, why
