"""
Payloads as a locustfile has them: short texts as constants, the rest from files beside it.

    Pool
    ├── constant     the line or lines that define it
    ├── draw         what is written where a call takes its body
    ├── item         the same for a payload whose number is known
    └── file         what must lie beside the locustfile, if it is not there already
"""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from asyncload.locust.export import spelling
from asyncload.models import Base64Payload, DirectoryPayload, FilePayload, Model, RandomPayload
from asyncload.payload import Payload

LINES = '''def lines_of(path: Path) -> list[bytes]:
    """Read a file whose every line that is not blank is a payload."""
    lines = path.read_bytes().removeprefix(BOM_UTF8).split(b"\\n")
    return [line.rstrip(b"\\r") for line in lines if line.strip()]'''
RECORDS = '''def records_of(path: Path) -> list[bytes]:
    """Read a file of JSON Lines, each of which is a payload, written without spaces."""
    records = [json.loads(line) for line in path.read_bytes().removeprefix(BOM_UTF8).split(b"\\n") if line.strip()]
    return [json.dumps(record, separators=(",", ":"), ensure_ascii=False).encode() for record in records]'''
FILES = '''def files_of(directory: Path) -> list[bytes]:
    """Read the files of a directory, each of which is a payload."""
    paths = sorted(path for path in directory.iterdir() if path.is_file() and not path.name.startswith("."))
    return [path.read_bytes() for path in paths]'''
TEXTS = '''def texts_of(path: Path) -> list[str]:
    """Read a JSON list of payloads."""
    return json.loads(path.read_text(encoding="utf-8"))'''


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """The payloads of one model, in a locustfile."""

    name: str
    constant: str
    several: bool
    """Whether each call draws one of them."""
    function: str = ""
    """Source of the function that reads them."""
    file: tuple[str, bytes] | None = None
    """Name and content of what is to lie beside the locustfile."""

    @property
    def draw(self) -> str:
        """Expression of a call's body."""
        return f"random.choice({self.name})" if self.several else self.name

    @property
    def item(self) -> str:
        """Expression of the body whose number is `payload`."""
        return f"{self.name}[payload]" if self.several else self.name


def pools_of(models: Sequence[Model], names: Sequence[str], read: Sequence[Sequence[Payload]], out: Path) -> list[Pool]:
    """
    Lay out the payloads of all models; those that are equal have one constant.

    Args:
        models: Of the scenario.
        names: An identifier for each.
        read: The payloads themselves, one pool per model.
        out: Path of the locustfile, from which files are named.
    """
    made: dict[object, Pool] = {}
    result = []
    alone = len({_key(model, bodies) for model, bodies in zip(models, read, strict=True)}) == 1
    for model, name, bodies in zip(models, names, read, strict=True):
        key = _key(model, bodies)
        if key not in made:
            constant = "PAYLOAD" if alone else f"PAYLOAD_{name.upper()}"
            made[key] = _pool(model, constant + ("S" if alone and len(bodies) > 1 else ""), bodies, out)
        result.append(made[key])
    return result


def _key(model: Model, bodies: Sequence[Payload]) -> object:
    return tuple(body.sha256 for body in bodies) if isinstance(model.payload, RandomPayload) else model.payload


def _pool(model: Model, name: str, bodies: Sequence[Payload], out: Path) -> Pool:
    match model.payload:
        case str() as text:
            return Pool(name=name, constant=spelling.assigned(name, text), several=False)
        case Base64Payload():
            return Pool(name=name, constant=spelling.assigned(name, bodies[0].body), several=False)
        case FilePayload(file=path, each="file"):
            return Pool(name=name, constant=f"{name} = ({_place(path, out)}).read_bytes()", several=False)
        case FilePayload(file=path, each="line"):
            return _read(name, "lines_of", LINES, path, out)
        case FilePayload(file=path):
            return _read(name, "records_of", RECORDS, path, out)
        case DirectoryPayload(directory=path):
            return _read(name, "files_of", FILES, path, out)
        case _:
            file = f"{out.stem}.{name.lower()}.json"
            texts = [body.body.decode() for body in bodies]
            content = json.dumps(texts, ensure_ascii=False, indent=0).encode() + b"\n"
            pool = _read(name, "texts_of", TEXTS, out.parent / file, out)
            return Pool(name=name, constant=pool.constant, several=True, function=TEXTS, file=(file, content))


def _read(name: str, function: str, source: str, path: Path, out: Path) -> Pool:
    return Pool(name=name, constant=f"{name} = {function}({_place(path, out)})", several=True, function=source)


def _place(path: Path, out: Path) -> str:
    """Where a file lies, seen from the locustfile's folder."""
    return f"HERE / {spelling.text(Path(os.path.relpath(path.absolute(), out.absolute().parent)).as_posix())}"
