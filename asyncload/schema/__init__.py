"""
Documents: what frozen dataclasses say is legal, read with every mistake, written back, and exported as JSON Schema.

    words        Key, Check, Grammar: what an annotation may say beyond the type
    kinds        what a place may hold, derived from annotations
    reader       plain data -> dataclasses and problems
    writer       dataclasses -> plain data
    document     a YAML, TOML or JSON file -> plain data with line numbers
    json_schema  kinds -> JSON Schema
"""

from asyncload.schema.kinds import Mistakes
from asyncload.schema.reader import read
from asyncload.schema.words import Check, Grammar, Key
from asyncload.schema.writer import write

__all__ = ["Check", "Grammar", "Key", "Mistakes", "read", "write"]
