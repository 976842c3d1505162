"""Locustfiles that cannot be imported: each says why, and where."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from asyncload.errors import UsageError
from asyncload.locust.importer.phases import Wanted
from tests.real.importing import HEAD, Case, look, read

BEGIN = HEAD.count("\n")

CASES = {
    "syntax": Case("import os\ndef f(:\n    pass\n"),
    "not_installed": Case("import os\nimport not_there.at_all\n"),
    "other_name": Case("import os\nimport cv2\n"),
    "raises": Case("import os\n\ndef f():\n    raise ValueError('so it is')\n\nf()\n"),
    "leaves": Case("import sys\nsys.exit('no')\n"),
    "no_class": Case("from locust import User\nclass Base(User):\n    abstract = True\n"),
    "no_task": Case("from locust import User\nclass Idle(User):\n    pass\n"),
    "variable": Case("import os\nNAME = os.environ['ENDPOINT_NAME']\n"),
    "variables": Case("from os import environ as e\nA = e['A']\nB = e['B']\nC = int(e['C'])\nD = e['D']\n"),
    "quiet_variable": Case(
        HEAD
        + """
NAME = os.getenv("ENDPOINT_NAME")
class Unset(User):
    @task
    def t(self): CLIENT.invoke_endpoint(EndpointName=NAME, Body=b"")
"""
    ),
    "all_tasks": Case(
        HEAD
        + """
class Wrong(User):
    @task
    def one(self): call(NoSuchName)
    @task
    def two(self): call("a", b"x", Body=1)
    @task
    def three(self): os._no_such_thing
    @task
    def four(self): call("fine")
"""
    ),
    "helper": Case(HEAD + "import helpers\nclass Helped(User):\n    @task\n    def t(self): helpers.boom(call)\n"),
    "nothing_called": Case(
        "from locust import HttpUser, task\nclass Web(HttpUser):\n    @task\n    def t(self): self.client.get('/x')\n",
        {"host": "http://h"},
    ),
    "no_host": Case(
        "from locust import FastHttpUser, task\nclass Web(FastHttpUser):\n    @task\n"
        "    def t(self): self.client.post('/endpoints/mme/invocations')\n"
    ),
    "unknown_class": Case(
        HEAD + "class Right(User):\n    @task\n    def t(self): call('a')\n", {"classes": ("Rihgt",)}
    ),
    "unknown_option": Case(
        HEAD + "class A(User):\n    @task\n    def t(self): call('a')\n", {"arguments": ("--nope",)}
    ),
    "two_endpoints": Case(
        HEAD
        + """
class Two(User):
    @task
    def one(self): call("a")
    @task
    def two(self): CLIENT.invoke_endpoint(EndpointName="other", Body=b"x")
"""
    ),
    "start": Case(HEAD + "class Bad(User):\n    def on_start(self): raise OSError('off')\n    tasks = [print]\n"),
    "stops": Case(
        HEAD
        + """
from locust.exception import StopUser
class Short(User):
    def on_start(self): raise StopUser
    @task
    def t(self): call("a")
"""
    ),
    "listener": Case(
        HEAD
        + """
@events.init.add_listener
def begin(environment, **_):
    environment.no_such_thing
class Heard(User):
    @task
    def t(self): call("a")
"""
    ),
    "reply": Case(
        HEAD
        + """
class Reading(User):
    @task
    def t(self):
        body = call("a")["Body"].read()
        return json.loads(body)["mine"]
"""
    ),
    "zero": Case(HEAD + "class Never(User):\n    weight = 0\n    @task\n    def t(self): call('a')\n"),
    "shaped": Case(
        HEAD
        + """
class Shape(LoadTestShape):
    def tick(self): return None
class A(User):
    @task
    def t(self): call("a")
""",
        {"wanted": Wanted(duration="5m")},
    ),
    "no_endpoint_name": Case(HEAD + "class A(User):\n    @task\n    def t(self): call('a' * 1025)\n"),
}

ENDLESS = {
    "slow": Case(
        HEAD
        + """
class Slow(User):
    @task
    def t(self):
        sum(range(4 * 10**6))
        call(f"m{random.randrange(10**5)}")
"""
    ),
    "loading": Case("import time\nwhile True:\n    pass\n"),
    "tasks": Case(
        HEAD
        + """
import gevent.event
class Endless(User):
    @task
    def busy(self):
        while True:
            pass
    @task
    def waiting(self):
        gevent.event.Event().wait()
    @task
    def deaf(self):
        while True:
            try:
                while True:
                    pass
            except Exception:
                pass
    @task
    def fine(self): call("a")
"""
    ),
    "in_c": Case(HEAD + "class Slow(User):\n    @task\n    def t(self): sum(range(10**13))\n"),
    "leaves_at_once": Case(HEAD + "class Gone(User):\n    @task\n    def t(self): os._exit(7)\n"),
    "killed": Case(HEAD + "class Gone(User):\n    @task\n    def t(self): os.kill(os.getpid(), 11)\n"),
}


@pytest.fixture(scope="module")
def refusal(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """All of them are looked into by one process, and refused when a test asks."""
    folder: Path = tmp_path_factory.mktemp("mistakes")
    (folder / "helpers.py").write_text("def boom(call):\n    call('a')\n    raise KeyError('in the helper')\n")
    found = look(folder, CASES) | look(folder, ENDLESS, limit_s=3.0)

    def refuse(name: str) -> str:
        with pytest.raises(UsageError) as refused:
            read(folder, *found[name])
        return str(refused.value).replace(f"{folder}/", "")

    return refuse


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("syntax", "line 2: invalid syntax: it is not Python"),
        (
            "not_installed",
            "line 2: needs the module 'not_there', which is not installed here: pip install not_there",
        ),
        ("other_name", "line 2: needs the module 'cv2', which is not installed here: pip install opencv-python"),
        ("raises", "line 4: ValueError: so it is"),
        ("leaves", "line 2: ends the process with sys.exit('no')"),
        ("no_class", "has no user class that is not abstract"),
        ("no_task", "line 2: Idle has no task, or none that the tags leave"),
        (
            "variable",
            "line 2: asks for the environment variable ENDPOINT_NAME; give it with --env ENDPOINT_NAME=VALUE",
        ),
        ("quiet_variable", "give it with --env ENDPOINT_NAME=VALUE"),
        ("helper", f"helpers.py, line 3: task t (line {BEGIN + 3}): KeyError: 'in the helper'"),
        (
            "nothing_called",
            "no task calls InvokeEndpoint; not InvokeEndpoint, and left out: GET http://h/x (line 4)",
        ),
        ("no_host", "has no host for its HTTP calls (line 4): give the one that Locust would be given with -H"),
        ("unknown_class", "has no user class Rihgt; did you mean Right?"),
        ("unknown_option", "unrecognized arguments: --nope"),
        (
            "two_endpoints",
            f"calls the endpoints mme (line {BEGIN}), other (line {BEGIN + 6}); choose one with --endpoint",
        ),
        ("start", f"line {BEGIN + 2}: class Bad: OSError: off"),
        ("stops", "class Short ends as soon as it begins"),
        ("listener", f"line {BEGIN + 4}: a listener: AttributeError"),
        ("reply", "give a reply like the endpoint's with --reply FILE"),
        ("zero", "Locust refuses it: There are no users with weight > 0."),
        ("shaped", "--duration goes with --rate or --users: the file's Shape says how long"),
        ("no_endpoint_name", "what the file does is no scenario"),
    ],
)
def test_a_refusal_says_why_and_where(refusal: Callable[[str], str], name: str, said: str) -> None:
    """A file's own mistake comes with its line; what an option would mend names the option."""
    assert said in refusal(name)


def test_every_variable_that_is_missing_is_told_at_once(refusal: Callable[[str], str]) -> None:
    """What the file would ask for next is found with a text in place of each; what that text breaks is not told."""
    assert refusal("variables").splitlines()[:-1] == [
        "variables.py: 3 mistakes",
        "  line 2: asks for the environment variable A; give it with --env A=VALUE",
        "  line 3: asks for the environment variable B; give it with --env B=VALUE",
    ]
    assert "line 4: asks for the environment variable C" in refusal("variables")


def test_every_task_that_fails_is_told_at_once(refusal: Callable[[str], str]) -> None:
    """Three tasks fail, and three mistakes are told, each with its line, and how to go on without them."""
    text = refusal("all_tasks")
    assert text.startswith("all_tasks.py: 3 mistakes\n")
    assert f"line {BEGIN + 4}: task one (line {BEGIN + 3}): NameError" in text
    assert f"task two (line {BEGIN + 5}): TypeError" in text
    assert f"line {BEGIN + 8}: task three (line {BEGIN + 7}): AttributeError" in text
    assert "four" not in text
    assert text.endswith("what works is imported with --keep-going")


def test_what_does_not_end_is_ended_where_it_stands(refusal: Callable[[str], str]) -> None:
    """A busy loop, a wait for what never comes, and a loop that catches exceptions: each is told with its line."""
    text = refusal("tasks")
    assert "tasks.py: 3 mistakes" in text
    assert f"line {BEGIN + 7}: task busy (line {BEGIN + 4}): does not come to an end" in text or (
        f"line {BEGIN + 6}: task busy (line {BEGIN + 4}): does not come to an end" in text
    )
    assert f"line {BEGIN + 10}: task waiting (line {BEGIN + 8}): does not come to an end" in text
    assert f"task deaf (line {BEGIN + 11}): does not come to an end" in text


def test_a_task_that_is_too_slow_is_not_guessed_at(refusal: Callable[[str], str]) -> None:
    """Where time is up after a few runs, what they would say is not taken for the task."""
    text = refusal("slow")
    assert "which say little; give it more with --timeout" in text


def test_loading_that_does_not_end_is_ended(refusal: Callable[[str], str]) -> None:
    text = refusal("loading")
    assert "does not come to an end" in text
    assert "line 2" in text or "line 3" in text


def test_code_in_c_is_ended_from_outside(refusal: Callable[[str], str]) -> None:
    """What no signal interrupts ends with its process, and is told with its line all the same."""
    text = refusal("in_c")
    assert f"line {BEGIN + 3}: does not come to an end: task t (line {BEGIN + 2}) was being carried out" in text


def test_a_file_that_ends_its_process_is_told(refusal: Callable[[str], str]) -> None:
    assert f"ended its process with code 7 while task t (line {BEGIN + 2})" in refusal("leaves_at_once")
    assert "killed by signal 11" in refusal("killed")


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    from asyncload.locust.importer.conversion import Request, import_locustfile

    with pytest.raises(UsageError, match="is no file but a folder"):
        import_locustfile(Request(file=tmp_path), "s")
    with pytest.raises(UsageError, match="is no file"):
        import_locustfile(Request(file=tmp_path / "none.py"), "s")
    assert os.listdir(tmp_path) == []  # noqa: PTH208  names
