"""What somebody does who has just heard of this project."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(600)
def test_a_clean_clone_and_make_demo(tmp_path: Path) -> None:
    """From a clean clone, `make demo` alone sets everything up, prints a verdict and a table, and exits 0."""
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_ACCESS", "AWS_SECRET"))}
    for name in ("VIRTUAL_ENV", "PYTHONPATH", "MAKEFLAGS", "MAKELEVEL", "MFLAGS"):
        inherited.pop(name, None)
    # Not the venv's own, nor a shim of that name on PATH.
    python = Path(sys.base_prefix, "bin", f"python{sys.version_info.major}.{sys.version_info.minor}")
    done = subprocess.run(
        ["make", "demo", f"PYTHON={python}"],
        cwd=clone, env=inherited, capture_output=True, text=True, timeout=500, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "VALID  xgboost-mme" in done.stdout
    for model in ("xgboost-0.tar.gz", "xgboost-1.tar.gz"):
        assert model in done.stdout
    (run,) = (clone / "runs").iterdir()
    assert {path.name for path in run.iterdir()} == {"scenario.json", "run.sqlite", "result.json", "report.html"}
