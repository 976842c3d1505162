"""`asyncload run`."""

import time

import typer

from asyncload.cli.commands import options as given

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
    scenario: given.ScenarioFile = None,
    rate: given.Rate = None,
    duration: given.Duration = None,
    model: given.Model = None,
    endpoint: given.EndpointName = None,
    endpoint_url: given.EndpointUrl = None,
    region: given.Region = None,
    payload: given.PayloadFile = None,
    content_type: given.ContentType = None,
    seed: given.Seed = None,
    transport: given.TransportName = None,
    warmup: given.Warmup = None,
    rank: given.Rank = 0,
    world: given.World = 1,
    out: given.Out = None,
    samples: given.Samples = False,
    allow_plaintext: given.AllowPlaintext = False,
    prometheus: given.Prometheus = None,
    prometheus_linger: given.PrometheusLinger = None,
    otlp: given.Otlp = None,
    metrics_models: given.MetricsModels = None,
    traceparent: given.Traceparent = None,
    by: given.By = None,
    sort: given.Sort = None,
    all_rows: given.AllRows = False,
    html: given.Html = True,
    web: given.Web = None,
    web_control: given.WebControl = False,
    as_json: given.AsJson = False,
    slo: given.Slo = None,
    stop: given.StopRule = None,
    allow_undecided: given.AllowUndecided = False,
    repeats: given.Repeats = None,
    against: given.Against = None,
    pause: given.Pause = None,
    quiet: given.Quiet = False,
) -> None:
    """Send a scenario's traffic and report what each model's caller saw."""
    from asyncload.cli.overrides import Overrides, resolve
    from asyncload.cli.repeats import Asked, execute_repeats
    from asyncload.cli.run import Printing, execute
    from asyncload.cli.telemetry import Streams, streams
    from asyncload.cli.view import AskedView
    from asyncload.cli.web import Web, page
    from asyncload.options import Options
    from asyncload.store import new_directory

    overrides = Overrides(
        rate=rate, duration=duration, models=tuple(model or ()), endpoint=endpoint, endpoint_url=endpoint_url,
        region=region, payload=payload, content_type=content_type, seed=seed, transport=transport,
        slo=tuple(slo or ()), stop=tuple(stop or ()), warmup=warmup,
    )  # fmt: skip
    view = AskedView(by=by, sort=sort, all_rows=all_rows)
    printing = Printing(as_json=as_json, quiet=quiet, allow_undecided=allow_undecided, asked=view)
    asked = Streams(
        prometheus=prometheus, prometheus_linger=prometheus_linger, otlp=otlp, metrics_models=metrics_models,
        allow_plaintext=allow_plaintext,
    )  # fmt: skip
    chosen = resolve(scenario, overrides)
    directory = out or new_directory(chosen.name, time.time())
    options = Options(
        rank=rank, world=world, out=directory, samples=samples, allow_plaintext=allow_plaintext,
        traceparent=traceparent, spans=otlp is not None,
    )  # fmt: skip
    if any(option is not None for option in (repeats, against, pause)):
        several = Asked(
            repeats=repeats, against=resolve(against, overrides) if against else None, pause=pause, out=directory,
            options=options, html=html, web=web is not None or web_control,
        )  # fmt: skip
        code = execute_repeats(chosen, printing, several, lambda each, where: streams(each, asked, where.name))
        raise typer.Exit(code)
    with page(chosen, Web(port=web, control=web_control)) as guests:
        watchers = [*streams(chosen, asked, directory.name), *guests.watchers]
        code = execute(chosen, printing, options, watchers=watchers, ended=guests.ended, html=html)
    raise typer.Exit(code)
