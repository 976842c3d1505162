"""The notebook of the examples, run by a real kernel against the emulator."""

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests.real.servers import emulator

NOTEBOOK = Path(__file__).parents[2] / "examples" / "watch.ipynb"


def outputs(cell: Any, kind: str) -> list[Any]:
    return [output for output in cell.outputs if output.output_type == kind]


def test_the_notebook_draws_the_seconds_and_ends_with_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its last picture holds every second of the run, and each model is printed."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    with emulator() as target:
        monkeypatch.setenv("ASYNCLOAD_URL", target.url)
        monkeypatch.setenv("ASYNCLOAD_LENGTH", "2s")
        NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    *_, watched, models = notebook.cells
    (picture,) = [output for output in watched.outputs if output.output_type == "display_data"]
    traces = picture.data["application/vnd.plotly.v1+json"]["data"]
    assert [trace["name"] for trace in traces] == ["asked", "sent", "p50", "p99"]
    assert "alid" in "".join(output.text for output in outputs(watched, "stream")).lower()
    lines = "".join(output.text for output in outputs(models, "stream")).splitlines()
    assert [re.sub(r"\d+ of \d+ OK.*", "", line) for line in lines] == [f"xgboost-{i}.tar.gz: " for i in range(4)]
    assert sum(int(line.split()[1]) for line in lines) > 50


def test_the_notebook_is_kept_without_outputs() -> None:
    """What it printed on somebody's machine is nobody's business, and makes every diff unreadable."""
    for cell in nbformat.read(NOTEBOOK, as_version=4).cells:
        assert cell.cell_type != "code" or (cell.outputs == [] and cell.execution_count is None)
