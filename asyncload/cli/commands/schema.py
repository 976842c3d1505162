"""`asyncload schema`."""

from typing import Annotated

import typer

EXAMPLES = """
Examples:

\b
  asyncload schema > asyncload.schema.json
  asyncload schema --emulator > emulator.schema.json
"""


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
