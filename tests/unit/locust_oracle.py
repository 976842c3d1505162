"""Locust's own functions as an oracle, in a process of their own: to import Locust patches the standard library."""

import json
import subprocess
import sys
from typing import Any


def ask(program: str, question: object = None) -> Any:
    """
    Run a program that has `stats` (the module `locust.stats`) and `question`, and answers with `answer(...)`.

    Both go through JSON. Locust's import alone takes half a second, so ask much at once.
    """
    head = "import json, sys\nfrom locust import stats\nquestion = json.load(sys.stdin)\n"
    head += "def answer(x): json.dump(x, sys.stdout)\n"
    asked = subprocess.run(
        [sys.executable, "-c", head + program], input=json.dumps(question), capture_output=True, text=True, check=False
    )
    assert asked.returncode == 0, asked.stderr
    return json.loads(asked.stdout)
