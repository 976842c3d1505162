"""Scenarios against the emulator, for tests that run the whole path."""

from pathlib import Path
from typing import Any

from asyncload.aws.credentials import StaticCredentials
from asyncload.scenario import Scenario
from asyncload.sigv4 import Credentials

KEYS = StaticCredentials(Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"))
ROW = "0.345,0.224414,0.131102,0.042329,0.279923,-0.110329,-0.099358,0.0"


def scenario(url: str, **changes: Any) -> Scenario:
    """Two models, 3 : 1, one measured second at 200/s; `changes` replace top-level keys."""
    model = {"content_type": "text/csv", "payload": ROW}
    data: dict[str, Any] = {
        "name": "test",
        "endpoint": {"name": "xgboost-mme", "region": "us-east-1", "url": url},
        "models": [
            {"name": "xgboost-0.tar.gz", "weight": 3, **model},
            {"name": "xgboost-1.tar.gz", "weight": 1, **model},
        ],
        "phases": [{"law": "poisson", "rate": "200/s", "for": "1s"}],
        "limits": {"timeout": "10s"},
        "seed": 7,
    }
    return Scenario.from_dict({**data, **changes}, source="test")


def steady_emulator(path: Path, service_ms: float = 5.0) -> Path:
    """Write a configuration whose models all take the same time, with many workers; returns its file."""
    path.write_text(
        "endpoints:\n"
        "  - name: xgboost-mme\n"
        "    variants: [{instance: {workers: 2000, queue: 2000}}]\n"
        f'    models: [{{name: "*.tar.gz", service: {{fixed: {service_ms}ms}}}}]\n'
    )
    return path
