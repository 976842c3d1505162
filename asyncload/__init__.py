"""
Open-loop, signed load for Amazon SageMaker multi-model endpoints.

    from asyncload import Scenario, run

    result = run(Scenario.load("scenario.yaml"))
    print(result.verdict, result.totals.response.quantile_us(0.99))
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncload.cold import ColdStarts
    from asyncload.errors import AsyncloadError, ScenarioError, StartError, StoreError, UsageError
    from asyncload.options import Options, Stop
    from asyncload.plan import Plan
    from asyncload.result import ModelResult, RunResult
    from asyncload.runner import arun, run
    from asyncload.scenario import Scenario
    from asyncload.slo.answers import ObjectiveResult
    from asyncload.snapshot import Snapshot
    from asyncload.store import read

__version__ = "0.1.0.dev0"

_HOMES = {
    "AsyncloadError": "errors",
    "ColdStarts": "cold",
    "ModelResult": "result",
    "ObjectiveResult": "slo.answers",
    "Options": "options",
    "Plan": "plan",
    "RunResult": "result",
    "Scenario": "scenario",
    "ScenarioError": "errors",
    "Snapshot": "snapshot",
    "StartError": "errors",
    "Stop": "options",
    "StoreError": "errors",
    "UsageError": "errors",
    "arun": "runner",
    "read": "store",
    "run": "runner",
}

__all__ = [
    "AsyncloadError",
    "ColdStarts",
    "ModelResult",
    "ObjectiveResult",
    "Options",
    "Plan",
    "RunResult",
    "Scenario",
    "ScenarioError",
    "Snapshot",
    "StartError",
    "Stop",
    "StoreError",
    "UsageError",
    "__version__",
    "arun",
    "read",
    "run",
]


def __getattr__(name: str) -> object:
    """Import a public name when it is first asked for: `asyncload --help` needs none of them (PEP 562)."""
    from importlib import import_module  # noqa: PLC0415  # likewise

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"asyncload.{_HOMES[name]}"), name)
