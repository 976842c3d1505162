"""`asyncload export`."""

from pathlib import Path
from typing import Annotated, Optional

import typer

from asyncload.cli.commands.options import (
    ContentType,
    Duration,
    EndpointName,
    EndpointUrl,
    Model,
    PayloadFile,
    Rate,
    Region,
    ScenarioFile,
    Seed,
)

EXAMPLES = """
Examples:

\b
  asyncload export locust scenario.yaml -o locustfile.py
  asyncload export locust scenario.yaml -o locustfile.py --client fasthttp --within 250ms
  asyncload export locust scenario.yaml -o replay.py --style replay
"""

app = typer.Typer(help="Write a scenario as another tool's file.", no_args_is_help=True, rich_markup_mode=None)


@app.command(epilog=EXAMPLES)
def locust(
    scenario: ScenarioFile = None,
    out: Annotated[
        Optional[Path], typer.Option("--out", "-o", help="Locustfile to write; by default standard output.")
    ] = None,
    style: Annotated[
        str, typer.Option(help="tasks: users who wait for replies; replay: the scenario's own due times.")
    ] = "tasks",
    client: Annotated[str, typer.Option(help="boto3, or fasthttp for more calls per core.")] = "boto3",
    within: Annotated[
        str, typer.Option(help="Of tasks: how long a reply may take before the rate is no longer reached.")
    ] = "1s",
    fine_buckets: Annotated[
        bool, typer.Option("--fine-buckets", help="Have Locust round to 0.1 ms, instead of 1 ms and coarser.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
    rate: Rate = None,
    duration: Duration = None,
    model: Model = None,
    endpoint: EndpointName = None,
    endpoint_url: EndpointUrl = None,
    region: Region = None,
    payload: PayloadFile = None,
    content_type: ContentType = None,
    seed: Seed = None,
) -> None:
    """Write a scenario as a locustfile that needs nothing but Locust and boto3."""
    from asyncload.cli.export import Asked, export_locust
    from asyncload.cli.overrides import Overrides, resolve

    overrides = Overrides(
        rate=rate, duration=duration, models=tuple(model or ()), endpoint=endpoint, endpoint_url=endpoint_url,
        region=region, payload=payload, content_type=content_type, seed=seed,
    )  # fmt: skip
    asked = Asked(out=out, style=style, client=client, within=within, fine_buckets=fine_buckets, force=force)
    export_locust(resolve(scenario, overrides), asked)
