"""
A linear model: the dot product of its weights and a row of CSV, which is what the caller sends.

With a `memory.json` {"folder", "slots"} it takes one of so many slots while it is loaded, and has no memory without. A
slot is a locked file, so it is free again however the worker ends.
"""

import csv
import fcntl
import json
from pathlib import Path
from typing import TextIO

from mms.context import Context

weights: list[float] = []
held: list[TextIO] = []


def handle(data: list[dict[str, bytes]] | None, context: Context) -> list[str] | None:
    if data is None:
        folder = Path(context.system_properties["model_dir"])
        weights[:] = json.loads((folder / "weights.json").read_text())
        if (folder / "memory.json").exists():
            take_memory(**json.loads((folder / "memory.json").read_text()))
        return None
    context.set_response_content_type(0, "text/csv; charset=utf-8")
    return [str(dot(request["body"])) for request in data]


def dot(body: bytes) -> float:
    row = next(csv.reader([bytes(body).decode()]))
    return sum(weight * float(number) for weight, number in zip(weights, row, strict=True))


def take_memory(folder: str, slots: int) -> None:
    for slot in range(slots):
        file = Path(folder, str(slot)).open("w")  # noqa: SIM115  held open: closing it gives the slot back
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
        else:
            held.append(file)
            return
    raise MemoryError(f"all {slots} slots are taken")
