"""The bench of exports makes runs that can be read, and measures the process that writes them."""

from pathlib import Path

from asyncload import store
from asyncload.call import Outcome
from bench.exports import cost, write_run


def test_a_made_up_run_is_whole_and_its_export_is_measured(tmp_path: Path) -> None:
    write_run(tmp_path / "run", models=3, seconds=4, rate_per_s=500)
    result, history = store.read(tmp_path / "run"), store.read_history(tmp_path / "run")
    assert history is not None
    assert history.samples is not None
    assert sum(block.due_ns.size for block in history.samples) == result.totals.calls == 2000
    assert 0 < result.totals.outcomes[Outcome.THROTTLED] < 20
    assert result.verdict.valid
    found = cost(tmp_path / "run", "hgrm --by model")
    assert (found.case, found.files) == ("hgrm --by model", 4)
    assert found.cpu_s > 0
    assert found.memory_mb > 10
    assert 0.001 < found.size_mb < 1
