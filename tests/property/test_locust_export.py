"""Exported locustfiles of generated scenarios."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asyncload.locust.export import export, write
from asyncload.scenario import Scenario
from tests.property.strategies import sent_scenarios, write_payloads

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with TemporaryDirectory() as name:
        write_payloads(Path(name))
        yield Path(name)


@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_they_read_as_the_house_writes(folder: Path, data: st.DataObject) -> None:
    """A dozen at a time: each compiles, passes the linter's every rule, and is laid out as the formatter would."""
    scenarios: list[Scenario] = [data.draw(sent_scenarios(folder)) for _ in range(6)]
    with TemporaryDirectory() as name:
        home = Path(name, "locustfiles")
        home.mkdir()
        (home.parent / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
        for number, scenario in enumerate(scenarios):
            for style, client in (("tasks", "boto3"), ("replay", "fasthttp")):
                out = home / f"{style}_{number}.py"
                made = export(scenario, style=style, client=client, out=out)  # type: ignore[arg-type]  # of two pairs
                compile(made.text, str(out), "exec")
                write(made, out)
        for words in (["check", "--no-cache"], ["format", "--diff", "--no-cache"]):
            done = subprocess.run(
                [sys.executable, "-m", "ruff", *words, "locustfiles"],
                cwd=home.parent, capture_output=True, text=True, check=False,
            )  # fmt: skip
            assert done.returncode == 0, done.stdout + done.stderr
