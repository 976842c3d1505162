"""
Write the references that follow from the code: docs/scenario.md and docs/emulator-reference.md from the JSON Schemas,
docs/commands.md from the helps.

    python docs/generate.py            write them
    python docs/generate.py --check    exit 1 if they are not what the code says
"""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from asyncload.emulator.config import emulator
from asyncload.scenario import json_schema

HERE = Path(__file__).parent
COMMANDS = (
    "run",
    "plan",
    "report",
    "compare",
    "emulate",
    "crosscheck",
    "demo",
    "export locust",
    "import locust",
    "schema",
)


def scenario_reference() -> str:
    """Return every key of a scenario file: what it takes, its default, what it means."""
    schema: Mapping[str, Any] = json_schema()
    example = (HERE.parent / "examples" / "reference.yaml").read_text(encoding="utf-8")
    lines = [
        "# Scenario reference",
        "",
        "Generated from the code by `make docs`. A scenario is a YAML, TOML or JSON file; `asyncload schema` prints",
        "its JSON Schema for editors. Mistakes are reported all at once, and nothing is sent.",
        "",
        "```yaml",
        example.rstrip(),
        "```",
        "",
        *_tables(schema),
    ]
    return "\n".join(lines) + "\n"


def emulator_reference() -> str:
    """Return every key of an emulator's configuration."""
    lines = [
        "# Emulator reference",
        "",
        "Generated from the code by `make docs`. A configuration is a YAML, TOML or JSON file;",
        "`asyncload schema --emulator` prints its JSON Schema for editors. [How it behaves](emulator.md).",
        "",
        *_tables(emulator.json_schema()),
    ]
    return "\n".join(lines) + "\n"


def _tables(schema: Mapping[str, Any]) -> Iterator[str]:
    yield from ("## The file", *_table(schema))
    for name, part in schema["$defs"].items():
        yield from ("", f"## {name}", "", str(part.get("description", "")), "", *_table(part))


def _table(part: Mapping[str, Any]) -> Iterator[str]:
    needed = set(part.get("required", ()))
    yield "| key | takes | default | meaning |"
    yield "|---|---|---|---|"
    for key, value in part["properties"].items():
        default = "**needed**" if key in needed else _default(value)
        meaning = str(value.get("description", "")).replace("|", "\\|").replace("\n", " ")
        yield f"| `{key}` | {_takes(value)} | {default} | {meaning} |"


def _default(value: Mapping[str, Any]) -> str:
    default = value.get("default")
    nested = isinstance(default, dict) or (isinstance(default, list) and any(isinstance(one, dict) for one in default))
    return "" if default is None else "see there" if nested else f"`{default}`"


def _takes(value: Mapping[str, Any]) -> str:
    """Say in words what a place takes."""
    if "$ref" in value:
        name = str(value["$ref"]).rsplit("/", 1)[-1]
        return f"[{name}](#{name.lower()})"
    if "title" in value:
        return str(value["title"]).replace("|", "\\|")
    if "enum" in value:
        return ", ".join(f"`{choice}`" for choice in value["enum"])
    if value.get("type") == "array":
        items = value.get("items")
        return f"list of {_takes(items)}" if isinstance(items, dict) else "list"
    if "anyOf" in value:
        return ", or ".join(dict.fromkeys(_takes(one) for one in value["anyOf"] if one.get("type") != "null"))
    return {"string": "text", "integer": "whole number", "number": "number", "boolean": "`true` or `false`"}.get(
        str(value.get("type")), str(value.get("type", "anything"))
    )


def command_reference() -> str:
    """Return the help text of every command."""
    parts = ["# Commands", "", "Generated from the code by `make docs`."]
    for words in ([], *(command.split() for command in COMMANDS)):
        parts += ["", f"## {' '.join(['asyncload', *words])}", "", "```", _help(words), "```"]
    return "\n".join(parts) + "\n"


def _help(words: list[str]) -> str:
    command = [sys.executable, "-m", "asyncload", *words, "--help"]
    environment = {"COLUMNS": "100", "PATH": "", "TERM": "dumb", "PYTHONPATH": str(HERE.parent)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return "\n".join(line.rstrip() for line in done.stdout.strip().splitlines())


def main() -> int:
    """Write, or compare; return the exit code."""
    pages = {
        "scenario.md": scenario_reference(),
        "emulator-reference.md": emulator_reference(),
        "commands.md": command_reference(),
    }
    stale = [name for name, text in pages.items() if not (HERE / name).exists() or (HERE / name).read_text() != text]
    if "--check" in sys.argv[1:]:
        print("\n".join(f"docs/{name} is not what the code says: run `make docs`" for name in stale))
        return int(bool(stale))
    for name in stale:
        (HERE / name).write_text(pages[name], encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
