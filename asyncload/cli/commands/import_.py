"""`asyncload import`: what others wrote becomes a scenario."""

from pathlib import Path
from typing import Annotated, Optional

import typer

EXAMPLES = """
Examples:

\b
  asyncload import locust locustfile.py -o scenario.yaml
  asyncload import locust locustfile.py MyUser -H http://127.0.0.1:8089 --rate 200/s --duration 2m -o scenario.yaml
  asyncload import locust locustfile.py --env ENDPOINT_NAME=my-mme --users 200 --spawn-rate 20 -o closed.yaml
"""

app = typer.Typer(help="Make a scenario of what others wrote.", no_args_is_help=True, rich_markup_mode=None)


@app.command("locust", epilog=EXAMPLES)
def import_locust(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The locustfile.", show_default=False)],
    classes: Annotated[
        Optional[list[str]], typer.Argument(metavar="CLASS", help="User classes to take.", show_default=False)
    ] = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The scenario's file; payloads go into a folder beside it.")
    ] = ...,  # type: ignore[assignment]  # typer's way to say that it is needed
    host: Annotated[
        str | None, typer.Option("--host", "-H", help="What Locust's -H would be; the scenario's calls go there.")
    ] = None,
    env: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="A variable that the file sees; AWS's own are hidden."),
    ] = None,
    arg: Annotated[
        list[str] | None, typer.Option(metavar="WORD", help="A word for the file's own options: --arg=--model=a.")
    ] = None,
    tags: Annotated[list[str] | None, typer.Option(metavar="TAG", help="Tasks to take, by their tags.")] = None,
    exclude_tags: Annotated[
        list[str] | None, typer.Option(metavar="TAG", help="Tasks to leave out, by their tags.")
    ] = None,
    rate: Annotated[str | None, typer.Option(help="Arrivals, such as 200/s; an open loop, as without --users.")] = None,
    users: Annotated[int | None, typer.Option("--users", "-u", help="Users of a closed loop, as under Locust.")] = None,
    spawn_rate: Annotated[str | None, typer.Option("--spawn-rate", "-r", help="With --users: new users, 10/s.")] = None,
    duration: Annotated[str | None, typer.Option("--duration", "-t", help="Length, such as 90s or 2m; 1m.")] = None,
    endpoint: Annotated[str | None, typer.Option(help="The endpoint to take, where the file calls several.")] = None,
    reply: Annotated[
        Path | None, typer.Option(help="A file with what the endpoint would answer, for tasks that read it.")
    ] = None,
    timeout: Annotated[str, typer.Option(help="How long the file may run.")] = "60s",
    keep_going: Annotated[bool, typer.Option("--keep-going", help="Import what works, and say what does not.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the scenario and its folder of payloads.")] = False,
) -> None:
    """Run a locustfile's tasks with nothing sent, and write the scenario that makes the same calls."""
    from asyncload.cli.import_ import Asked, import_and_tell

    asked = Asked(
        file=file, classes=tuple(classes or ()), output=output, host=host, env=tuple(env or ()), args=tuple(arg or ()),
        tags=tuple(tags or ()), exclude_tags=tuple(exclude_tags or ()), rate=rate, users=users, spawn_rate=spawn_rate,
        duration=duration, endpoint=endpoint, reply=reply, timeout=timeout, keep_going=keep_going, force=force,
    )  # fmt: skip
    import_and_tell(asked)
