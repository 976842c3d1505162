"""`asyncload run`."""

import time
from pathlib import Path
from typing import Annotated

import typer

from asyncload.cli.commands.options import (
    AllowUndecided,
    AllRows,
    By,
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
    Slo,
    Sort,
)

EXAMPLES = """
Examples:

\b
  asyncload run scenario.yaml
  asyncload run scenario.yaml --rate 500 --duration 30s --out runs/try-1
  asyncload run scenario.yaml --json > result.json
  asyncload run scenario.yaml --repeats 5 --pause 2s --out runs/nightly
  asyncload run before.yaml --against after.yaml --repeats 5 --out runs/change
  asyncload run scenario.yaml --slo "p99 < 250ms" --slo "not_ready == 0" --stop "error_rate > 5% for 10s"
  asyncload run scenario.yaml --web
  asyncload run --endpoint my-mme --model a.tar.gz=3 --model b.tar.gz=1 \\
      --payload row.csv --content-type text/csv --rate 100 --duration 60s

Exit codes: 0 VALID and every objective met, 3 INVALID, 4 an objective missed or undecided, or stopped by a rule.
"""


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
    warmup: Annotated[
        str | None, typer.Option(metavar="auto", help="auto: what comes before latency has settled is warm-up.")
    ] = None,
    rank: Annotated[int, typer.Option(help="Which share of the plan this process sends.", min=0)] = 0,
    world: Annotated[int, typer.Option(help="Into how many shares the plan is cut.", min=1)] = 1,
    out: Annotated[Path | None, typer.Option(help="Run directory; by default runs/<UTC time>-<name>.")] = None,
    samples: Annotated[bool, typer.Option("--samples", help="Also write one row per request.")] = False,
    allow_plaintext: Annotated[
        bool, typer.Option("--allow-plaintext", help="Allow http:// to a host that is not this machine.")
    ] = False,
    prometheus: Annotated[
        int | None,
        typer.Option(metavar="PORT", help="Serve metrics on 127.0.0.1:PORT/metrics.", min=0, max=65535),
    ] = None,
    prometheus_linger: Annotated[
        str | None, typer.Option(metavar="TIME", help="Wait at most so long for a last scrape; by default 15s.")
    ] = None,
    otlp: Annotated[
        str | None, typer.Option(metavar="URL", help="Send metrics to an OpenTelemetry collector (OTLP over HTTP).")
    ] = None,
    metrics_models: Annotated[
        int | None,
        typer.Option(metavar="N", help="Models with metrics of their own; by default the busiest 100.", min=1),
    ] = None,
    traceparent: Annotated[
        float | None,
        typer.Option(metavar="RATIO", help="Put a traceparent on each request, so many of them sampled.", min=0, max=1),
    ] = None,
    by: By = None,
    sort: Sort = None,
    all_rows: AllRows = False,
    html: Annotated[
        bool, typer.Option("--html/--no-html", help="Whether to write the page, report.html, into the run directory.")
    ] = True,
    web: Annotated[
        int | None,
        typer.Option(
            metavar="[PORT]", help="Show it on a page of 127.0.0.1, by default on a free port.", min=0, max=65535
        ),
    ] = None,
    web_control: Annotated[bool, typer.Option("--web-control", help="Let the page stop the run.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print only the result, as JSON.")] = False,
    slo: Slo = None,
    stop: Annotated[
        list[str] | None,
        typer.Option(metavar="RULE", help='What ends it early, such as "error_rate > 5% for 10s"; repeatable.'),
    ] = None,
    allow_undecided: AllowUndecided = False,
    repeats: Annotated[
        int | None,
        typer.Option(metavar="N", help="Run it so often, each with the next seed, into OUT/01 to OUT/N.", min=1),
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(metavar="SCENARIO", help="With --repeats: alternate with another scenario, and say what differs."),
    ] = None,
    pause: Annotated[
        str | None, typer.Option(metavar="TIME", help="With --repeats: wait so long between two runs, such as 2s.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing while running.")] = False,
) -> None:
    """Send a scenario's traffic and report what each model's caller saw."""
    from asyncload.cli.overrides import Overrides, resolve
    from asyncload.cli.run import Printing, execute
    from asyncload.cli.telemetry import Streams, streams
    from asyncload.cli.view import AskedView
    from asyncload.cli.web import Web, page
    from asyncload.errors import UsageError
    from asyncload.options import Options
    from asyncload.store import new_directory

    overrides = Overrides(
        rate=rate, duration=duration, models=tuple(model or ()), endpoint=endpoint, endpoint_url=endpoint_url,
        region=region, payload=payload, content_type=content_type, seed=seed, transport=transport,
        slo=tuple(slo or ()), stop=tuple(stop or ()), warmup=warmup,
    )  # fmt: skip
    view = AskedView(by=by, sort=sort, all_rows=all_rows)
    printing = Printing(as_json=as_json, quiet=quiet, allow_undecided=allow_undecided, asked=view)
    chosen = resolve(scenario, overrides)
    directory = out or new_directory(chosen.name, time.time())
    if repeats is None and (against or pause):
        raise UsageError("--against and --pause: are about repeated runs; give --repeats too")
    asked = Streams(
        prometheus=prometheus, prometheus_linger=prometheus_linger, otlp=otlp, metrics_models=metrics_models,
        allow_plaintext=allow_plaintext,
    )  # fmt: skip
    if repeats is not None:
        from asyncload.cli.repeats import Asked, execute_repeats

        if web is not None or web_control:
            raise UsageError("--web: a page shows one run, and --repeats makes several; give one of them")
        options = Options(
            rank=rank, world=world, samples=samples, allow_plaintext=allow_plaintext, traceparent=traceparent,
            spans=otlp is not None,
        )  # fmt: skip
        repeated = Asked(
            repeats=repeats, against=resolve(against, overrides) if against else None, pause=pause or "0s",
            out=directory, options=options, html=html,
        )  # fmt: skip
        raise typer.Exit(
            execute_repeats(chosen, printing, repeated, lambda each, where: streams(each, asked, where.name))
        )
    watchers = streams(chosen, asked, directory.name)
    with page(chosen, Web(port=web, control=web_control)) as guests:
        code = execute(
            chosen, printing, watchers=[*watchers, *guests.watchers], ended=guests.ended,
            out=directory, rank=rank, world=world, samples=samples, allow_plaintext=allow_plaintext,
            traceparent=traceparent, spans=otlp is not None, html=html,
        )  # fmt: skip
    raise typer.Exit(code)
