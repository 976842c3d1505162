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
