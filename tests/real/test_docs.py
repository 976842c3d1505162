"""The documentation is what the code says, and what it shows works."""

import re
import subprocess
import sys
from pathlib import Path

import boto3
import pytest

from asyncload.emulator.config.emulator import Emulator
from asyncload.plan import Plan
from asyncload.scenario import Scenario, Users
from tests.real.servers import emulator

ROOT = Path(__file__).parents[2]


def test_references_are_generated_from_this_code() -> None:
    """docs/scenario.md and docs/commands.md are what `make docs` would write now."""
    done = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.yaml")), ids=lambda path: path.name)
def test_each_example_is_a_plan(path: Path) -> None:
    """Every example loads and asks for at least one arrival, or has users who call."""
    scenario = Scenario.load(path)
    users = any(isinstance(phase, Users) for phase in scenario.phases)
    assert sum(block.due_ns.size for block in Plan(scenario).blocks()) > 0 or users


@pytest.mark.parametrize("page", ["README.md", *sorted(str(p.relative_to(ROOT)) for p in ROOT.glob("docs/**/*.md"))])
def test_links_between_pages_lead_somewhere(page: str) -> None:
    """Every relative link of a page names a file that exists."""
    text = (ROOT / page).read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert (ROOT / page).parent.joinpath(link).exists(), f"{page}: {link}"


def test_scenarios_shown_in_the_quickstart_load(tmp_path: Path) -> None:
    """The YAML block of the quickstart is a scenario."""
    text = (ROOT / "docs" / "quickstart.md").read_text(encoding="utf-8")
    (tmp_path / "rows.csv").write_text("1,2,3\n")
    blocks = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert blocks
    for number, block in enumerate(blocks):
        path = tmp_path / f"{number}.yaml"
        path.write_text(block)
        assert Scenario.load(path).models


def test_the_configuration_shown_for_the_emulator_loads(tmp_path: Path) -> None:
    """The YAML block of docs/emulator.md is a configuration."""
    text = (ROOT / "docs" / "emulator.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    (tmp_path / "emulator.yaml").write_text(block)
    assert [variant.name for variant in Emulator.load(tmp_path / "emulator.yaml").endpoints[0].variants] == [
        "blue",
        "green",
    ]


def test_the_lines_of_boto3_shown_for_the_emulator_run() -> None:
    """The first Python block of docs/emulator.md, against the preset that is named there."""
    text = (ROOT / "docs" / "emulator.md").read_text(encoding="utf-8")
    block = re.findall(r"```python\n(.*?)```", text, re.DOTALL)[0]
    with emulator(None, "--preset", "xgboost-ml.m5.xlarge") as target:
        code = block.replace("http://127.0.0.1:8089", target.url)
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "b'4.566576957702637' AllTraffic\n", done.stderr


def test_the_artefact_shown_for_multi_model_server_serves(tmp_path: Path) -> None:
    """A folder with the `model.py` of docs/emulator.md is a model."""
    text = (ROOT / "docs" / "emulator.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```python\n(def handle.*?)```", text, re.DOTALL)
    (tmp_path / "models" / "mine").mkdir(parents=True)
    (tmp_path / "models" / "mine" / "model.py").write_text(block)
    with emulator(None, "--container", "mms", "--models", str(tmp_path / "models")) as target:
        runtime = boto3.client("sagemaker-runtime", **target.sdk)
        reply = runtime.invoke_endpoint(EndpointName="xgboost-mme", TargetModel="mine", Body=b"1,2,3")
        assert reply["Body"].read() == b"4.5"
