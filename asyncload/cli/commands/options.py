"""Options that several commands take; typer reads them when a command is registered."""

from pathlib import Path
from typing import Annotated, Literal, Optional

import typer

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
Slo = Annotated[
    list[str] | None, typer.Option(metavar="OBJECTIVE", help='What it should show, such as "p99 < 250ms"; repeatable.')
]
AllowUndecided = Annotated[
    bool, typer.Option("--allow-undecided", help="Exit 0 where too few calls decide an objective.")
]
ContentType = Annotated[str | None, typer.Option(help="Content type of --payload.")]
By = Annotated[
    Optional[Literal["model", "phase", "second"]],
    typer.Option(help="Rows of the report's table; by default one per model."),
]
Sort = Annotated[
    Optional[Literal["p99", "errors", "calls", "name", "scenario"]],
    typer.Option(help="Order of the models; by default the scenario's, or of many the worst by p99, errors, calls."),
]
AllRows = Annotated[bool, typer.Option("--all", help="Every model or second, however many there are.")]

# -- of `run` alone

TransportName = Annotated[str | None, typer.Option(help="raw, aiohttp or sdk.")]
Warmup = Annotated[
    str | None, typer.Option(metavar="auto", help="auto: what comes before latency has settled is warm-up.")
]
Rank = Annotated[int, typer.Option(help="Which share of the plan this process sends.", min=0)]
World = Annotated[int, typer.Option(help="Into how many shares the plan is cut.", min=1)]
Out = Annotated[Path | None, typer.Option(help="Run directory; by default runs/<UTC time>-<name>.")]
Samples = Annotated[bool, typer.Option("--samples", help="Also write one row per request.")]
AllowPlaintext = Annotated[
    bool, typer.Option("--allow-plaintext", help="Allow http:// to a host that is not this machine.")
]
Prometheus = Annotated[
    int | None,
    typer.Option(metavar="PORT", help="Serve metrics on 127.0.0.1:PORT/metrics.", min=0, max=65535),
]
PrometheusLinger = Annotated[
    str | None, typer.Option(metavar="TIME", help="Wait at most so long for a last scrape; by default 15s.")
]
Otlp = Annotated[
    str | None, typer.Option(metavar="URL", help="Send metrics to an OpenTelemetry collector (OTLP over HTTP).")
]
MetricsModels = Annotated[
    int | None,
    typer.Option(metavar="N", help="Models with metrics of their own; by default the busiest 100.", min=1),
]
Traceparent = Annotated[
    float | None,
    typer.Option(metavar="RATIO", help="Put a traceparent on each request, so many of them sampled.", min=0, max=1),
]
Html = Annotated[
    bool, typer.Option("--html/--no-html", help="Whether to write the page, report.html, into the run directory.")
]
Web = Annotated[
    int | None,
    typer.Option(metavar="[PORT]", help="Show it on a page of 127.0.0.1, by default on a free port.", min=0, max=65535),
]
WebControl = Annotated[bool, typer.Option("--web-control", help="Let the page stop the run.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print only the result, as JSON.")]
StopRule = Annotated[
    list[str] | None,
    typer.Option(metavar="RULE", help='What ends it early, such as "error_rate > 5% for 10s"; repeatable.'),
]
Repeats = Annotated[
    int | None,
    typer.Option(metavar="N", help="Run it so often, each with the next seed, into OUT/01 to OUT/N.", min=1),
]
Against = Annotated[
    Path | None,
    typer.Option(metavar="SCENARIO", help="With --repeats: alternate with another scenario, and say what differs."),
]
Pause = Annotated[
    str | None, typer.Option(metavar="TIME", help="With --repeats: wait so long between two runs, such as 2s.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing while running.")]
