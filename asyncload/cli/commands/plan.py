"""`asyncload plan`."""

from pathlib import Path
from typing import Annotated

import typer

from asyncload.cli.commands.options import (
    ContentType,
    Duration,
    EndpointName,
    Model,
    PayloadFile,
    Rate,
    ScenarioFile,
    Seed,
)

EXAMPLES = """
Examples:

\b
  asyncload plan scenario.yaml
  asyncload plan scenario.yaml --csv arrivals.csv
  asyncload plan scenario.yaml --rate 1k/s --json
"""


def plan(
    scenario: ScenarioFile = None,
    rate: Rate = None,
    duration: Duration = None,
    model: Model = None,
    endpoint: EndpointName = None,
    payload: PayloadFile = None,
    content_type: ContentType = None,
    seed: Seed = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
    csv: Annotated[Path | None, typer.Option(help="Write every arrival: due_ns, model, payload.")] = None,
) -> None:
    """Show what a scenario would send, before anything is sent."""
    from asyncload.cli.overrides import Overrides, resolve
    from asyncload.cli.plan import describe

    overrides = Overrides(
        rate=rate, duration=duration, models=tuple(model or ()), endpoint=endpoint, payload=payload,
        content_type=content_type, seed=seed,
    )  # fmt: skip
    describe(resolve(scenario, overrides), as_json=as_json, csv=csv)
