"""`asyncload crosscheck`."""

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
  asyncload crosscheck scenario.yaml --duration 20s
  asyncload crosscheck scenario.yaml --users 20 --duration 20s --html crosscheck.html
  asyncload crosscheck scenario.yaml --replay --repeats 10 --json > crosscheck.json
  asyncload crosscheck scenario.yaml --locust-host http://127.0.0.1:8080

Exit codes: 0 they AGREE, 3 CANNOT TELL, 5 they DIFFER.
"""


def crosscheck(
    scenario: ScenarioFile = None,
    users: Annotated[
        Optional[int], typer.Option(help="Compare in a closed loop of so many users.", min=1, show_default=False)
    ] = None,
    replay: Annotated[
        bool, typer.Option("--replay", help="Compare on the same due times; the default of an open scenario.")
    ] = False,
    repeats: Annotated[int, typer.Option(help="Pairs of runs; an answer needs 3.", min=1, max=99)] = 5,
    client: Annotated[str, typer.Option(help="What Locust calls with: fasthttp or boto3.")] = "fasthttp",
    locust_host: Annotated[
        Optional[str],
        typer.Option(metavar="URL", help="Base URL for Locust's side, such as a proxy's.", show_default=False),
    ] = None,
    rate: Rate = None,
    duration: Duration = None,
    model: Model = None,
    endpoint: EndpointName = None,
    endpoint_url: EndpointUrl = None,
    region: Region = None,
    payload: PayloadFile = None,
    content_type: ContentType = None,
    seed: Seed = None,
    out: Annotated[
        Optional[Path],
        typer.Option(help="Directory to create; by default runs/<UTC time>-<name>-crosscheck.", show_default=False),
    ] = None,
    allow_plaintext: Annotated[
        bool, typer.Option("--allow-plaintext", help="Allow http:// to a host that is not this machine.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print only the result, as JSON.")] = False,
    html: Annotated[
        Optional[Path], typer.Option(help="Also write a page with both latency curves.", show_default=False)
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing while running.")] = False,
) -> None:
    """Send a scenario by asyncload and by Locust in turns, and say whether they agree."""
    from asyncload.cli.crosscheck import Asked, execute
    from asyncload.cli.overrides import Overrides, resolve

    overrides = Overrides(
        rate=rate, duration=duration, models=tuple(model or ()), endpoint=endpoint, endpoint_url=endpoint_url,
        region=region, payload=payload, content_type=content_type, seed=seed,
    )  # fmt: skip
    asked = Asked(
        users=users, replay=replay, repeats=repeats, client=client, locust_host=locust_host, out=out,
        allow_plaintext=allow_plaintext, as_json=as_json, html=html, quiet=quiet,
    )  # fmt: skip
    raise typer.Exit(execute(resolve(scenario, overrides), asked))
