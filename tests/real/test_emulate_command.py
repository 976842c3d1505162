"""`asyncload emulate` as a person, a script and an init system use it: options, messages, TLS, signals."""

import json
import re
import signal
import socket
import sqlite3
import ssl
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
import yaml

from asyncload.options import Options
from asyncload.runner import run
from tests.real.callers import CALLERS, caller
from tests.real.runs import KEYS, scenario
from tests.real.servers import emulator
from tests.real.test_cli import asyncload

THREE_MISTAKES = """
endpoints: [{name: mme, worker: 3, models: [{name: a, error_ratio: 2}]}]
time_scale: 0
"""


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A good and a bad configuration, and a file that is no certificate."""
    (tmp_path / "good.yaml").write_text("endpoints: [{name: mme}]\n")
    (tmp_path / "bad.yaml").write_text(THREE_MISTAKES)
    (tmp_path / "not.pem").write_text("no certificate")
    return tmp_path


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--preset", "trash"], 2, [r"'trash'", "catboost-small", "thrash"]),  # which there are
        (["bad.yaml"], 2, [r"bad\.yaml: 3 mistakes", "worker", "error_ratio", "time_scale"]),  # all of them
        (["absent.yaml"], 2, [r"absent\.yaml"]),
        ([".", "--port", "0"], 2, [r"expected a file"]),
        (["good.yaml", "--preset", "thrash"], 2, ["--preset", r"good\.yaml", "one of them"]),
        (["--models", "."], 2, ["--models", "--container"]),
        (["--handler", "a:b", "--disk", "."], 2, ["2 mistakes", "--handler", "--disk"]),
        (["--container", "mms"], 2, ["--models DIR"]),
        (["--container", "mms", "--models", "absent"], 1, ["folder of the models does not exist: absent"]),
        (["--container", "http://127.0.0.1:9", "--models", ".", "--handler", "a:b"], 2, ["--handler", "mms only"]),
        (["--container", "mms", "--container", "http://x", "--models", "."], 2, ["starts its own servers"]),
        (["--container", "127.0.0.1:9", "--models", "."], 2, ["--container: '127.0.0.1:9' is neither mms nor a URL"]),
        (["--container", "http://x", "--models", ".", "--disk", "no"], 2, ["--disk: there is no folder no"]),
        (["--container", "http://x", "--models", ".", "--disk-as", "/d"], 2, ["--disk-as: says how"]),
        (["--container", "mms", "--models", ".", "--disk", ".", "--disk-as", "/d"], 2, ["--disk:", "--disk-as:"]),
        (["--truth", "absent/truth.sqlite"], 1, [r"absent/truth\.sqlite", "cannot be written"]),
        (["--truth", "."], 2, ["--truth", "is a folder"]),
        (["--certificate", "absent.pem"], 1, [r"absent\.pem", "No such file"]),
        (["--certificate", "not.pem"], 1, [r"not\.pem"]),
        (["--key", "not.pem"], 2, ["--key", "--certificate"]),
        (["--tls", "--certificate", "not.pem"], 2, ["--tls", "--certificate"]),
        (["--ca-file", "ca.pem"], 2, ["--ca-file", "--tls"]),
        (["--tls", "--ca-file", "absent/ca.pem"], 1, [r"absent/ca\.pem"]),
        (["--time-scale", "0"], 2, ["--time-scale", "above 0"]),
        (["--time-scale", "nan"], 2, ["--time-scale", "above 0"]),
        (["--time-scale", "-1", "--key", "k", "--preset", "x"], 2, ["3 mistakes"]),
        (["--port", "70000"], 2, ["--port"]),
        (["--host", "192.0.2.1"], 1, [r"192\.0\.2\.1"]),  # an address of nobody's
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) and value[0].startswith("-") else "",
)
def test_wrong_use_says_what_to_do(words: list[str], code: int, said: list[str], folder: Path) -> None:
    """One message with everything that is wrong, its exit code, no traceback, nothing on standard output."""
    port = [] if {"--port", "--host"} & set(words) else ["--port", "0"]
    before = set(folder.iterdir())
    done = asyncload("emulate", *port, *words, cwd=folder)
    assert done.returncode == code, done.stderr
    for each in said:
        assert re.search(each, " ".join(done.stderr.split())), done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert set(folder.iterdir()) == before, "nothing is written"


def test_a_port_in_use_is_told_before_anything_is_written(taken: int, folder: Path) -> None:
    """A second emulator by mistake does not destroy the truth file and the authority of the first one."""
    for name in ("truth.sqlite", "ca.pem"):
        (folder / name).write_text("somebody's")
    words = ("--port", str(taken), "--truth", "truth.sqlite", "--tls", "--ca-file", "ca.pem")
    done = asyncload("emulate", *words, cwd=folder)
    assert done.returncode == 1
    assert f"cannot listen on 127.0.0.1:{taken}: " in done.stderr
    assert "already in use" in done.stderr.lower()
    assert done.stderr.count("\n") == 1
    assert [(folder / name).read_text() for name in ("truth.sqlite", "ca.pem")] == ["somebody's"] * 2


def test_the_start_says_where_what_and_how_much(tmp_path: Path) -> None:
    """Endpoints and access keys stand on standard output, nothing on standard error; there are the preset's models."""
    errors = tmp_path / "errors"
    with emulator(None, "--preset", "thrash", "--time-scale", "0.01", "--seed", "3", errors=errors) as served:
        assert served.line() == "endpoints xgboost-mme · access keys AKIDEXAMPLE\n"
        assert served.health()["requests"] == 0, "what was measured leaves no row"
        with caller("boto3", served.url) as sdk:
            assert sdk.call("xgb-989.tar.gz", endpoint="xgboost-mme").code == "OK"
            assert sdk.call("xgb-990.tar.gz", endpoint="xgboost-mme").code == "ValidationError"
    assert errors.read_text() == ""


def test_the_options_go_before_the_file(tmp_path: Path) -> None:
    """--time-scale replaces the file's: a service of 10 s takes 10 ms."""
    data = {"time_scale": 1, "endpoints": [{"name": "mme", "models": [{"name": "*", "service": {"fixed": "10s"}}]}]}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(data))
    with emulator(tmp_path / "config.yaml", "--time-scale", "0.001") as served:
        with caller("boto3", served.url) as sdk:
            assert sdk.call("a").code == "OK"
        assert [row["service_ns"] for row in served.truth()] == [10_000_000]


# -- TLS --------------------------------------------------------------------------------------------------------------


def test_a_certificate_made_on_the_spot(tmp_path: Path) -> None:
    """
    Its authority stands where it was asked for, without any key, and is named on standard output. With it both SDKs and
    asyncload's own transports verify the endpoint, by name and by address; without it nobody does.
    """
    ca = tmp_path / "the ca.pem"
    with emulator(ca=ca) as served:
        served.line()
        assert str(ca) in served.line()
        assert served.url.startswith("https://127.0.0.1:")
        for url in (served.url, served.url.replace("127.0.0.1", "localhost")):
            for kind in CALLERS:
                with caller(kind, url, verify=str(ca)) as sdk:
                    assert sdk.call(endpoint="xgboost-mme").code == "OK"
        served.reset()
        endpoint = {"name": "xgboost-mme", "region": "us-east-1", "url": served.url}
        short = {"phases": [{"law": "constant", "rate": "50/s", "for": "400ms"}]}
        for transport in ("raw", "aiohttp"):
            asked = scenario(served.url, endpoint={**endpoint, "ca": str(ca)}, transport=transport, **short)
            totals = run(asked, Options(credentials=KEYS)).totals
            assert totals.ok == totals.calls > 10
        assert {row["outcome"] for row in served.truth()} == {"OK"}
        with pytest.raises(ssl.SSLCertVerificationError), socket.create_connection(_address(served.url)) as plain:
            ssl.create_default_context().wrap_socket(plain, server_hostname="127.0.0.1")
    assert "PRIVATE KEY" not in ca.read_text()
    assert stat.S_IMODE(ca.stat().st_mode) == 0o644


def _address(url: str) -> tuple[str, int]:
    host, _, port = url.partition("//")[2].partition(":")
    return host, int(port)


# -- the end ----------------------------------------------------------------------------------------------------------

SLOW = {"endpoints": [{"name": "mme", "models": [{"name": "*", "service": {"fixed": "400ms"}}]}]}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_order(number: signal.Signals, tmp_path: Path) -> None:
    """Requests in flight are answered, new connections are refused, the truth file is complete; exit code 0."""
    (tmp_path / "config.json").write_text(json.dumps(SLOW))
    truth, errors = tmp_path / "truth.sqlite", tmp_path / "errors"
    with (
        emulator(tmp_path / "config.json", truth=truth, errors=errors) as served,
        caller("boto3", served.url) as sdk,
        ThreadPoolExecutor(20) as pool,
    ):
        calls = [pool.submit(sdk.call, f"m-{i}") for i in range(20)]
        while served.health()["in_flight"] < 20:
            time.sleep(0.01)
        served.process.send_signal(number)
        time.sleep(0.1)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(_address(served.url)).close()
        assert {each.result().code for each in calls} == {"OK"}
        assert served.process.wait(10) == 0
    with closing(sqlite3.connect(truth)) as db:
        rows = db.execute("SELECT model, outcome FROM requests").fetchall()
        (loads,) = db.execute("SELECT count(*) FROM events WHERE what = 'load'").fetchone()
    assert sorted(rows) == sorted((f"m-{i}", "OK") for i in range(20))
    assert loads == 20
    assert "Traceback" not in errors.read_text()


def test_a_signal_while_it_waits_for_a_container_ends_it_at_once(tmp_path: Path) -> None:
    """A container that does not answer holds nobody up: exit code 0 and not a word, though it never listened."""
    words = ("--port", "0", "--container", "http://127.0.0.1:9", "--models", ".", "--truth", "truth.sqlite")
    command = [sys.executable, "-m", "asyncload", "emulate", *words]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        while not (tmp_path / "truth.sqlite").exists():
            assert process.poll() is None
            time.sleep(0.02)
        time.sleep(0.3)
        begin = time.monotonic()
        process.terminate()
        said = process.communicate(timeout=20)
        assert time.monotonic() - begin < 4
        assert (process.returncode, said) == (0, ("", ""))


def test_a_signal_while_clients_idle_ends_it_at_once(tmp_path: Path) -> None:
    """Connections that are kept alive hold nobody up, over TLS neither."""
    ca = tmp_path / "ca.pem"
    with emulator(ca=ca) as served, caller("boto3", served.url, verify=str(ca)) as sdk:
        assert sdk.call(endpoint="xgboost-mme").code == "OK"
        begin = time.monotonic()
        served.process.terminate()
        assert served.process.wait(10) == 0
        assert time.monotonic() - begin < 4


# -- its own strain ---------------------------------------------------------------------------------------------------


def test_it_says_when_it_is_itself_too_slow(tmp_path: Path) -> None:
    """An emulator that stands still for 50 ms again and again answers late, and warns, so that no client is blamed."""
    errors = tmp_path / "errors"
    data = {"endpoints": [{"name": "mme", "models": [{"name": "*", "service": {"fixed": "5ms"}}]}]}
    (tmp_path / "config.json").write_text(json.dumps(data))
    with emulator(tmp_path / "config.json", errors=errors) as served, caller("boto3", served.url) as sdk:
        end = time.monotonic() + 8

        def send(_: int) -> None:
            while time.monotonic() < end and "too slow" not in errors.read_text():
                assert sdk.call("a").code == "OK"

        with ThreadPoolExecutor(4) as pool:
            sending = [pool.submit(send, number) for number in range(4)]
            while not all(each.done() for each in sending):
                served.process.send_signal(signal.SIGSTOP)
                time.sleep(0.05)
                served.process.send_signal(signal.SIGCONT)
                time.sleep(0.05)
            for each in sending:
                each.result()
    assert re.search(r"itself too slow.*: \d+ of \d+ replies .* more than 2 ms late, the worst \d", errors.read_text())
