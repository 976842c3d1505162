"""
The target: Debian's nginx on loopback, one worker, a canned answer in the shape of InvokeEndpoint's.

It answers from memory and looks at nothing, so what is measured is the client. Its own count of requests is the witness
for "CPU per request": the same one for every client.
"""

import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import trustme

from bench.processes import started, tool

PATH = "/endpoints/xgboost-mme/invocations"
BODY = "0.345,0.224414,0.131102,0.042329,0.279923,-0.110329,-0.099358,0.0"
MODELS = ("xgboost-0.tar.gz", "xgboost-1.tar.gz")
_START_S = 5.0
_CONFIGURATION = """
daemon off;
worker_processes 1;
pid {home}/nginx.pid;
error_log stderr error;
events {{ worker_connections 4096; multi_accept on; }}
http {{
  access_log off;
  client_body_temp_path {home}/body;
  proxy_temp_path {home}/proxy;
  fastcgi_temp_path {home}/fastcgi;
  uwsgi_temp_path {home}/uwsgi;
  scgi_temp_path {home}/scgi;
  keepalive_requests 1000000000;
  keepalive_timeout 1h;
  tcp_nodelay on;
  default_type text/csv;
  ssl_certificate {home}/server.pem;
  ssl_certificate_key {home}/server.pem;
  ssl_protocols TLSv1.3;
  server {{
    listen 127.0.0.1:{plain_port} backlog=4096;
    listen 127.0.0.1:{tls_port} ssl backlog=4096;
    location = /status {{ stub_status; }}
    location / {{
      add_header x-amzn-RequestId 5f1c7a3e-8d2b-4c55-9a57-0d6c2f1b7e10;
      add_header x-amzn-Invoked-Production-Variant AllTraffic;
      return 200 "4.566554546356201";
    }}
  }}
}}
"""


@dataclass(frozen=True, slots=True)
class Target:
    """A running nginx."""

    plain_port: int
    tls_port: int
    ca: Path
    """PEM file of the authority that signed its certificate."""

    def url(self, *, tls: bool = False) -> str:
        """Base URL."""
        return f"https://127.0.0.1:{self.tls_port}" if tls else f"http://127.0.0.1:{self.plain_port}"

    def requests(self) -> int:
        """Requests that nginx has begun so far, this question and those like it included."""
        connection = HTTPConnection("127.0.0.1", self.plain_port, timeout=_START_S)
        try:
            connection.request("GET", "/status")
            lines = connection.getresponse().read().decode().splitlines()
        finally:
            connection.close()
        return int(lines[2].split()[2])


@contextmanager
def nginx(core: int) -> Iterator[Target]:
    """
    Start nginx on free ports of 127.0.0.1; it ends with the block.

    Args:
        core: Where its worker stays.

    Raises:
        MissingToolError: If it is not installed.
    """
    program = tool("nginx", "install the Debian package nginx-light or nginx")
    with tempfile.TemporaryDirectory(prefix="asyncload-bench-") as directory:
        home = Path(directory)
        home.chmod(0o755)  # a worker of root's nginx runs as somebody else
        authority = trustme.CA()
        authority.cert_pem.write_to_path(home / "ca.pem")
        authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(home / "server.pem")
        plain_port, tls_port = _free_ports(2)
        configuration = home / "nginx.conf"
        configuration.write_text(_CONFIGURATION.format(home=home, plain_port=plain_port, tls_port=tls_port))
        target = Target(plain_port, tls_port, home / "ca.pem")
        with started([program, "-p", str(home), "-e", "stderr", "-c", str(configuration)], core) as process:
            _wait(target, process)
            yield target


def _free_ports(count: int) -> list[int]:
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports: list[int] = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports


def _wait(target: Target, process: "subprocess.Popen[str]") -> None:
    """Wait until the status page answers."""
    deadline_s = time.monotonic() + _START_S
    while process.poll() is None and time.monotonic() < deadline_s:
        try:
            target.requests()
        except OSError:
            time.sleep(0.02)
        else:
            return
    process.terminate()
    _, errors = process.communicate(timeout=_START_S)
    raise RuntimeError(f"nginx did not start: {errors.strip()[-2000:]}")
