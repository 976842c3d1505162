"""The documentation is what the code says, and what it shows works."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from asyncload.plan import Plan
from asyncload.scenario import Scenario

ROOT = Path(__file__).parents[2]


def test_references_are_generated_from_this_code() -> None:
    """docs/scenario.md and docs/commands.md are what `make docs` would write now."""
    done = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.yaml")), ids=lambda path: path.name)
def test_each_example_is_a_plan(path: Path) -> None:
    """Every example loads and asks for at least one arrival."""
    scenario = Scenario.load(path)
    assert next(Plan(scenario).blocks()).due_ns.size > 0


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
