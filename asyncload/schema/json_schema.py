"""
The JSON Schema of a document, from the same kinds that read it, so that an editor completes and checks the file.

Descriptions are the docstring of each dataclass and the text literal under each field, read from the source.

Source:
    JSON Schema draft 2020-12, https://json-schema.org/draft/2020-12/schema
"""

import ast
import inspect
import textwrap
from typing import TypeAlias

from asyncload.schema.kinds import (
    Checked,
    Choice,
    FilePath,
    Flag,
    Kind,
    Many,
    Measure,
    Nothing,
    Number,
    OneOf,
    Record,
    Row,
    Sentence,
    Text,
    Whole,
    record_of,
)
from asyncload.schema.words import Check
from asyncload.schema.writer import plain

_Schema: TypeAlias = dict[str, object]


def schema_of(cls: type[object], title: str) -> _Schema:
    """
    Return the JSON Schema of documents that read as a dataclass.

    Args:
        cls: The dataclass of the whole document.
        title: What an editor calls such a document.
    """
    definitions: dict[str, _Schema] = {}
    whole = _record(record_of(cls), definitions)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **whole,
        "title": title,
        "$defs": dict(sorted(definitions.items())),
    }


def field_docs(cls: type[object]) -> dict[str, str]:
    """Return the text literal under each field of a class; empty where the source is not at hand."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(cls)))
    except (OSError, TypeError):
        return {}
    docs, name = {}, None
    for statement in tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else []:
        match statement:
            case ast.AnnAssign(target=ast.Name(id=field)):
                name = field
            case ast.Expr(value=ast.Constant(value=str(text))) if name is not None:
                docs[name] = _joined(text)
                name = None
            case _:
                name = None
    return docs


def _record(record: Record, definitions: dict[str, _Schema]) -> _Schema:
    docs = field_docs(record.cls)
    properties = {}
    for slot in record.slots.values():
        schema = dict(_schema(slot.kind, definitions))
        if slot.name in docs:
            schema["description"] = docs[slot.name]
        if not slot.required and slot.default is not None:
            schema["default"] = plain(slot.kind, slot.default)
        properties[slot.key] = schema
    return {
        "title": record.cls.__name__,
        "description": _joined(inspect.getdoc(record.cls) or ""),
        "type": "object",
        "properties": properties,
        "required": [key for key in record.slots if key in record.required],
        "additionalProperties": False,
    }


def _schema(kind: Kind, definitions: dict[str, _Schema]) -> _Schema:
    match kind:
        case Record(cls=cls):
            if cls.__name__ not in definitions:
                definitions[cls.__name__] = {}  # stands in while its own parts are described
                definitions[cls.__name__] = _record(kind, definitions)
            return {"$ref": f"#/$defs/{cls.__name__}"}
        case Checked(kind=inner, check=check):
            return _bounded(inner, check, definitions)
        case OneOf(members=members, nullable=nullable):
            schemas = [_schema(member, definitions) for member in members]
            return {"anyOf": [*schemas, {"type": "null"}] if nullable else schemas}
        case Many(item=item):
            return {"type": "array", "items": _schema(item, definitions)}
        case Row(items=items):
            parts, length = [_schema(item, definitions) for item in items], len(items)
            return {"type": "array", "prefixItems": parts, "items": False, "minItems": length, "maxItems": length}
        case Measure(quantity=quantity):
            number = {"type": "number", "minimum": quantity.least, "maximum": quantity.most}
            return {"anyOf": [{"type": "string", "pattern": quantity.pattern}, number], "title": quantity.legal}
        case _:
            return _scalar(kind)


def _scalar(kind: Text | Sentence | Whole | Number | Flag | Nothing | Choice | FilePath) -> _Schema:
    match kind:
        case Choice(values=values):
            return {"enum": list(values)}
        case FilePath():
            return {"type": "string", "minLength": 1}
        case Text() | Sentence():
            return {"type": "string"}
        case Whole():
            return {"type": "integer"}
        case Number():
            return {"type": "number"}
        case Flag():
            return {"type": "boolean"}
        case Nothing():
            return {"type": "null"}


def _bounded(kind: Kind, check: Check, definitions: dict[str, _Schema]) -> _Schema:
    schema = _schema(kind, definitions)
    if isinstance(kind, Measure):
        # Its bounds are those of the number that is held, in another unit than the one that is written.
        return {**schema, "title": check.legal}
    length = ("minItems", "maxItems") if isinstance(kind, Many | Row) else ("minLength", "maxLength")
    words = {
        "minimum": check.at_least,
        "exclusiveMinimum": check.above,
        "maximum": check.at_most,
        length[0]: check.shortest,
        length[1]: check.longest,
        "pattern": None if check.pattern is None else f"^(?:{check.pattern})$",
    }
    return {**schema, **{word: value for word, value in words.items() if value is not None}}


def _joined(text: str) -> str:
    """One line per paragraph."""
    paragraphs = inspect.cleandoc(text).split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)
