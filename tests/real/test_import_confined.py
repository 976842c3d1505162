"""Nothing leaves the machine during an import, whichever way a locustfile tries."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from asyncload.errors import UsageError
from tests.real.importing import HEAD, Case, Read, bodies, look, read

WAYS = {
    "plain": "socket.create_connection(('127.0.0.1', PORT))",
    "udp": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', PORT))",
    "sendmsg": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendmsg([b'x'], [], 0, ('127.0.0.1', PORT))",
    "unix": "socket.socket(socket.AF_UNIX).connect(UNIX)",
    "bind": "socket.socket().bind(('127.0.0.1', 0))",
    "name": "socket.getaddrinfo('example.com', 80)",
    "old_name": "socket.gethostbyname('example.com')",
    "gevent_": "gevent.socket.create_connection(('127.0.0.1', PORT))",
    "original": "gevent.monkey.get_original('socket', 'socket')().connect(('127.0.0.1', PORT))",
    "asyncio_": "asyncio.run(asyncio.open_connection('127.0.0.1', PORT))",
    "process": "subprocess.run(['curl', f'http://127.0.0.1:{PORT}/'])",
    "shell": "os.system(f'curl http://127.0.0.1:{PORT}/')",
    "spawn": "os.posix_spawn('/bin/true', ['true'], {})",
    "fork": "os.fork()",
    "workers": "multiprocessing.get_context('spawn').Process(target=print).start()",
    "keys": "open(os.path.expanduser('~/.aws/credentials'))",
    "remove": "os.remove(__file__)",
    "low_open": "os.open(__file__, os.O_WRONLY)",
    "database": "sqlite3.connect('new.sqlite')",
}
"""Name of a task, and what it does after its call."""

RECORDED = """
class Recorded(HttpUser):
    weight = 20
    @task
    def with_requests(self): requests.get(f"http://127.0.0.1:{PORT}/requests")
    @task
    def with_urllib(self): urllib.request.urlopen(f"http://127.0.0.1:{PORT}/urllib").read()
    @task
    def with_boto(self):
        own = boto3.client("sagemaker-runtime", region_name="us-east-1", endpoint_url=f"http://127.0.0.1:{PORT}")
        own.invoke_endpoint(EndpointName="mme", Body=b"own", TargetModel="own")
    @task
    def with_a_code(self):
        socket.socket().connect_ex(("127.0.0.1", PORT))
    @task
    def with_locust(self): self.client.get("/locust")
"""
"""What ends at the importer's wire instead, and makes no connection either."""


def trying(port: int, unix: str) -> str:
    tasks = [f"    @task\n    def {name}(self):\n        call('{name}')\n        {way}\n" for name, way in WAYS.items()]
    imports = "import asyncio, ctypes, multiprocessing, requests, socket, sqlite3, subprocess, urllib.request, gevent\n"
    constants = f"PORT, UNIX = {port}, {unix!r}\n"
    return HEAD + imports + constants + "class Trying(User):\n" + "".join(tasks) + RECORDED


@pytest.fixture(scope="module")
def listener(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[socket.socket, socket.socket, str]]:
    """Sockets that would see a connection or a datagram."""
    unix = str(tmp_path_factory.mktemp("unix") / "s")
    with closing(socket.create_server(("127.0.0.1", 0))) as tcp, closing(socket.socket(socket.AF_UNIX)) as local:
        local.bind(unix)
        local.listen()
        for each in (tcp, local):
            each.settimeout(0)
        yield tcp, local, unix


def nobody_came(*listeners: socket.socket) -> bool:
    for each in listeners:
        try:
            each.accept()
        except BlockingIOError:
            continue
        return False
    return True


def test_no_way_out(tmp_path: Path, listener: tuple[socket.socket, socket.socket, str]) -> None:
    """
    Twenty ways to a socket, a process or a file are refused, each with the line that tried, or with a note where the
    file takes it; what HTTP clients send is recorded instead; and whoever listens sees nobody.
    """
    tcp, local, unix = listener
    source = trying(tcp.getsockname()[1], unix)
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as datagrams:
        datagrams.bind(tcp.getsockname())
        datagrams.settimeout(0)
        before = set(os.listdir(tmp_path) + os.listdir())  # noqa: PTH208  names
        options = {"host": f"http://127.0.0.1:{tcp.getsockname()[1]}"}
        found = look(
            tmp_path, {"trying": Case(source, options), "going": Case(source, {**options, "keep_going": True})}
        )
        with pytest.raises(UsageError) as refused:
            read(tmp_path, *found["trying"])
        with pytest.raises(BlockingIOError):
            datagrams.recv(1)
    assert nobody_came(tcp, local)
    lines = source.splitlines()
    text = str(refused.value)
    for name, way in WAYS.items():
        line = lines.index(f"        {way}") + 1
        assert f"  line {line}: task {name} (" in text, name
    assert f"trying.py: {len(WAYS)} mistakes" in text
    assert (
        f"task plain (line {lines.index('    def plain(self):')}): connects to 127.0.0.1:{tcp.getsockname()[1]}" in text
    )
    assert "task udp" in text
    assert "reads " in text
    assert set(os.listdir(tmp_path) + os.listdir()) - before <= {"trying.py", "going.py", "scratch"}  # noqa: PTH208
    result = read(tmp_path, *found["going"])
    code = lines.index('        socket.socket().connect_ex(("127.0.0.1", PORT))') + 1
    assert f"connects to 127.0.0.1:{tcp.getsockname()[1]} (line {code})" in result.notes("refused")[0]
    assert set(result.shares) == {*WAYS, "own"}
    assert {"/requests", "/urllib", "/locust"} <= {
        word.rpartition(str(tcp.getsockname()[1]))[2] for word in result.notes("other requests")[0].split()
    }


C_SOURCE = """
import ctypes, socket, struct
LIBC = ctypes.CDLL(None, use_errno=True)
descriptor = LIBC.socket(socket.AF_INET, socket.SOCK_STREAM, 0)
address = struct.pack("=H", socket.AF_INET) + struct.pack("!H", {port}) + socket.inet_aton("127.0.0.1") + bytes(8)
STATUS = LIBC.connect(descriptor, address, len(address))
class InC(User):
    @task
    def t(self): call("a", str(STATUS))
"""


def may_have_no_network() -> bool:
    """Whether the kernel gives a process a network of its own."""
    code = "from asyncload.locust.importer.probe.confine import take_network_away as t; print(t())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    return done.stdout.strip() == "True"


@pytest.mark.skipif(not may_have_no_network(), reason="this kernel gives a process no network of its own")
def test_code_in_c_finds_no_network(tmp_path: Path, listener: tuple[socket.socket, socket.socket, str]) -> None:
    """A connection that Python does not know of fails too, where the process has a network with nothing in it."""
    tcp, _, _ = listener
    found = look(tmp_path, {"in_c": Case(HEAD + C_SOURCE.format(port=tcp.getsockname()[1]))})
    assert bodies(found["in_c"][1]) == [b"-1"]
    assert nobody_came(tcp)


KEYS = """
import botocore.session
chain = botocore.session.get_session().get_credentials()
class Curious(User):
    @task
    def t(self):
        own = boto3.Session().get_credentials().get_frozen_credentials()
        told = [os.environ.get("AWS_SECRET_ACCESS_KEY"), os.environ.get("AWS_SESSION_TOKEN"), own.secret_key, own.token,
                chain.secret_key, os.environ.get("AWS_PROFILE"), os.environ.get("HTTPS_PROXY")]
        call("a", json.dumps(told))
        call("b", os.environ["MINE"])
"""


def test_no_key_of_the_users_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials, profiles and proxies of the environment are hidden; other variables are there, as under Locust."""
    secrets = ("SECRET-KEY-OF-MINE", "TOKEN-OF-MINE", "PROFILE-OF-MINE", "http://PROXY-OF-MINE:1")
    names = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "HTTPS_PROXY")
    for name, value in zip(names, secrets, strict=True):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "KEY-OF-MINE")
    monkeypatch.setenv("MINE", "shown")
    result: Read = read(tmp_path, *look(tmp_path, {"keys": Case(HEAD + KEYS)})["keys"])
    assert result.payloads["b"] == [b"shown"]
    told = result.payloads["a"][0].decode()
    written = result.imported.text()
    assert not any(secret in text for secret in (*secrets, "KEY-OF-MINE") for text in (told, written))
    assert "import/signs/with" in told  # what it signs with is none
    assert "import/signs/with" not in written.replace(told, "").replace(told.replace('"', '\\"'), "")


def test_what_a_file_prints_is_kept_away(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A file that prints without end disturbs neither the findings nor the terminal."""
    source = (
        HEAD
        + "print('x' * 10**7)\nclass Loud(User):\n    @task\n    def t(self):\n        print('y' * 10**4); call('a')\n"
    )
    result = read(tmp_path, *look(tmp_path, {"loud": Case(source)})["loud"])
    assert result.shares == {"a": 1.0}
    captured = capfd.readouterr()
    assert captured.out + captured.err == ""


def test_an_import_is_the_same_every_time(tmp_path: Path) -> None:
    """Two imports of one file write the same bytes, sampled or not, whatever sets and seeds are in it."""
    source = (
        HEAD
        + """
import numpy as np, secrets, uuid
NAMES = list({"a", "b", "c", "d"})
WARM = [random.random() for _ in range(3)]
GENERATOR = np.random.default_rng()
class Drawing(User):
    @task
    def listed(self): call(random.choice(NAMES), f"{WARM} {secrets.token_hex(4)} {uuid.uuid4()}")
    @task
    def seldom(self): call("hot" if GENERATOR.normal() > 0.5 else "cold")
"""
    )

    def files(name: str) -> dict[str, bytes]:
        folder = tmp_path / name
        folder.mkdir()
        read(folder, *look(folder, {"same": Case(source)})["same"])
        return {
            str(file.relative_to(folder)): file.read_bytes()
            for file in sorted(folder.rglob("*"))
            if file.is_file() and file.suffix != ".py"
        }

    once = files("once")
    assert once == files("twice")
    assert len(once) >= 2
