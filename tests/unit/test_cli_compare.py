"""`asyncload compare A B --fail-if`: what it exits with."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from asyncload.cli.app import app
from bench.courses import Endpoint, made

BEFORE = Endpoint(seconds=20)
DEAD = Endpoint(seconds=20, errors=1.0)


@pytest.mark.parametrize(
    ("condition", "options", "code", "answer"),
    [
        ("throughput < -10%", [], 4, "FAILED"),
        ("p99 > +10%", [], 4, "UNDECIDED"),  # there is no p99 any more
        ("p99 > +10%", ["--allow-undecided"], 0, "UNDECIDED"),
        ("throughput < -10%", ["--allow-undecided"], 4, "FAILED"),
        ("error_rate < -1 points", [], 0, "passed"),
    ],
)
def test_what_stopped_answering_does_not_pass(
    condition: str, options: list[str], code: int, answer: str, tmp_path: Path
) -> None:
    paths = [tmp_path / "before.json", tmp_path / "dead.json"]
    for seed, (path, endpoint) in enumerate(zip(paths, (BEFORE, DEAD), strict=True)):
        path.write_bytes(made(endpoint, seed).result.to_json())
    page = tmp_path / "page.html"
    words = ["compare", *map(str, paths), "--fail-if", condition, *options, "--html", str(page)]
    done = CliRunner().invoke(app, words, env={"COLUMNS": "80"})
    assert done.exit_code == code, done.output
    assert f"--fail-if {condition}: {answer}, " in done.output
    assert f": {answer}.</strong>" in page.read_text()
