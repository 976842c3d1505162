"""
The commands and their options.

Only what `--help` needs is imported here; each command imports its own room when it runs, for a command line that takes
a second to print its help is not asked twice.
"""

from pathlib import Path
from typing import Annotated, Optional

import typer

from asyncload import __version__

app = typer.Typer(
    help="Open-loop, signed load for Amazon SageMaker multi-model endpoints.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

_RUN_EXAMPLES = """
Examples:

\b
  asyncload run scenario.yaml
  asyncload run scenario.yaml --rate 500 --duration 30s --out runs/try-1
  asyncload run scenario.yaml --json > result.json
  asyncload run --endpoint my-mme --model a.tar.gz=3 --model b.tar.gz=1 \\
      --payload row.csv --content-type text/csv --rate 100 --duration 60s
"""
_PLAN_EXAMPLES = """
Examples:

\b
  asyncload plan scenario.yaml
  asyncload plan scenario.yaml --csv arrivals.csv
  asyncload plan scenario.yaml --rate 1k/s --json
"""
_REPORT_EXAMPLES = """
Examples:

\b
  asyncload report runs/20261123T184455Z-xgboost-mme
  asyncload report runs/20261123T184455Z-xgboost-mme --json
"""
_EMULATE_EXAMPLES = """
Examples:

\b
  asyncload emulate
  asyncload emulate --preset thrash --truth truth.sqlite
  asyncload emulate emulator.yaml --port 8090 --tls
  asyncload emulate --container mms --models models/
  AWS_ACCESS_KEY_ID=AKIDEXAMPLE AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY \\
      asyncload run scenario.yaml --endpoint-url http://127.0.0.1:8089
"""
_DEMO_EXAMPLES = """
Examples:

\b
  asyncload demo
  asyncload demo --duration 30s --out runs/demo
"""
_SCHEMA_EXAMPLES = """
Examples:

\b
  asyncload schema > asyncload.schema.json
  asyncload schema --emulator > emulator.schema.json
"""

ScenarioFile = Annotated[
    Optional[Path],  # typer reads it at run time
    typer.Argument(metavar="[SCENARIO]", help="YAML, TOML or JSON file.", show_default=False),
]
Rate = Annotated[str | None, typer.Option(help="Rate of the measured phases, such as 200/s or 1.5k/s.")]
Duration = Annotated[str | None, typer.Option(help="Length of the measured phases, such as 90s or 2m.")]
Model = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME=WEIGHT", help="Weight of a model; without a scenario file, the models to call."),
]
Seed = Annotated[int | None, typer.Option(help="Seed of the stimulus.", min=0)]
EndpointName = Annotated[str | None, typer.Option("--endpoint", help="Name of the endpoint.")]
EndpointUrl = Annotated[str | None, typer.Option(help="Base URL instead of AWS's.")]
Region = Annotated[str | None, typer.Option(help="AWS region.")]
PayloadFile = Annotated[Path | None, typer.Option("--payload", help="File to send, without a scenario file.")]
ContentType = Annotated[str | None, typer.Option(help="Content type of --payload.")]


def _print_version(wanted: bool) -> None:  # typer's callback
    if wanted:
        typer.echo(f"asyncload {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[  # acts in its callback
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass


@app.command(epilog=_RUN_EXAMPLES)
def run(
    scenario: ScenarioFile = None,
    rate: Rate = None,
    duration: Duration = None,
    model: Model = None,
    endpoint: EndpointName = None,
    endpoint_url: EndpointUrl = None,
    region: Region = None,
    payload: PayloadFile = None,
    content_type: ContentType = None,
    seed: Seed = None,
    transport: Annotated[str | None, typer.Option(help="raw, aiohttp or sdk.")] = None,
    rank: Annotated[int, typer.Option(help="Which share of the plan this process sends.", min=0)] = 0,
    world: Annotated[int, typer.Option(help="Into how many shares the plan is cut.", min=1)] = 1,
    out: Annotated[Path | None, typer.Option(help="Run directory; by default runs/<UTC time>-<name>.")] = None,
    samples: Annotated[bool, typer.Option("--samples", help="Also write one row per request.")] = False,
    allow_plaintext: Annotated[
        bool, typer.Option("--allow-plaintext", help="Allow http:// to a host that is not this machine.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print only the result, as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing while running.")] = False,
) -> None:
    """Send a scenario's traffic and report what each model's caller saw."""
    from asyncload.cli.overrides import Overrides, resolve
    from asyncload.cli.run import Printing, execute

    overrides = Overrides(
        rate=rate, duration=duration, models=tuple(model or ()), endpoint=endpoint, endpoint_url=endpoint_url,
        region=region, payload=payload, content_type=content_type, seed=seed, transport=transport,
    )  # fmt: skip
    printing = Printing(as_json=as_json, quiet=quiet)
    chosen = resolve(scenario, overrides)
    raise typer.Exit(
        execute(chosen, printing, out=out, rank=rank, world=world, samples=samples, allow_plaintext=allow_plaintext)
    )


@app.command(epilog=_PLAN_EXAMPLES)
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


@app.command(epilog=_REPORT_EXAMPLES)
def report(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Run directory, or a result.json.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Show the result of a run, also of one that was killed."""
    from asyncload.cli.run import Printing, print_result
    from asyncload.store import read

    raise typer.Exit(print_result(read(directory), Printing(as_json=as_json)))


@app.command(epilog=_EMULATE_EXAMPLES)
def emulate(
    config: Annotated[
        Optional[Path], typer.Argument(metavar="[CONFIG]", help="YAML, TOML or JSON file.", show_default=False)
    ] = None,
    preset: Annotated[str | None, typer.Option(help="A configuration that comes with asyncload.")] = None,
    host: Annotated[str, typer.Option(help="Address to bind.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to bind; 0 takes a free one.", min=0, max=65535)] = 8089,
    truth: Annotated[Path | None, typer.Option(help="Write the ground-truth log, an SQLite file.")] = None,
    time_scale: Annotated[float | None, typer.Option(help="Factor on the platform's times, such as 0.01.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of all draws.")] = None,
    tls: Annotated[bool, typer.Option("--tls", help="Speak TLS, with a certificate made on the spot.")] = False,
    ca_file: Annotated[
        Path | None, typer.Option(help="With --tls: where clients find its authority; asyncload-emulator-ca.pem.")
    ] = None,
    certificate: Annotated[Path | None, typer.Option(help="PEM file; speak TLS with it.")] = None,
    key: Annotated[Path | None, typer.Option(help="PEM file of the certificate's key.")] = None,
    container: Annotated[
        list[str] | None,
        typer.Option(metavar="URL|mms", help="A model server for each instance; mms starts Multi Model Server."),
    ] = None,
    models: Annotated[Path | None, typer.Option(help="With --container: the folder of the models' artefacts.")] = None,
    disk: Annotated[Path | None, typer.Option(help="With --container URL: where artefacts are unpacked.")] = None,
    disk_as: Annotated[str | None, typer.Option(help="The same folder as the container sees it.")] = None,
    handler: Annotated[
        str | None, typer.Option(help="With --container mms: module:function of artefacts that name none.")
    ] = None,
) -> None:
    """Play a SageMaker multi-model endpoint on this machine."""
    from asyncload.cli.emulate import CA_FILE, Asked
    from asyncload.cli.emulate import emulate as play
    from asyncload.emulator.process import Listen

    asked = Asked(
        config=config, preset=preset, truth=truth, time_scale=time_scale, seed=seed,
        ca_file=ca_file, containers=tuple(container or ()), models=models, disk=disk, disk_as=disk_as, handler=handler,
    )  # fmt: skip
    made = (ca_file or CA_FILE) if tls else None
    play(asked, Listen(host=host, port=port, authority=made, certificate=certificate, key=key))


@app.command(epilog=_DEMO_EXAMPLES)
def demo(
    duration: Annotated[str, typer.Option(help="Length of the measured phase.")] = "12s",
    out: Annotated[Path | None, typer.Option(help="Run directory; by default runs/<UTC time>-xgboost-mme.")] = None,
) -> None:
    """Run two XGBoost models, 3 : 1, against the emulator on this machine; no AWS account is needed."""
    from asyncload.cli.demo import show

    raise typer.Exit(show(duration, out))


@app.command(epilog=_SCHEMA_EXAMPLES)
def schema(
    emulator: Annotated[bool, typer.Option("--emulator", help="Of the emulator's configurations instead.")] = False,
) -> None:
    """Print the JSON Schema of scenario files, for editors."""
    import msgspec

    if emulator:
        from asyncload.emulator.config.emulator import json_schema
    else:
        from asyncload.scenario import json_schema
    typer.echo(msgspec.json.format(msgspec.json.encode(json_schema()), indent=2))
