"""The tables of `run.sqlite`, for whoever writes them and whoever reads them."""

from typing import Final

from asyncload.call import Outcome
from asyncload.record import METRICS, SIGNS

FORMAT: Final = "asyncload.run/1"
COUNTS: Final = tuple(outcome.name.lower() for outcome in Outcome)
"""Columns of calls by how they ended."""
TABLES: Final = f"""
CREATE TABLE run (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE seconds (
    second INTEGER PRIMARY KEY, planned INTEGER, sent INTEGER, in_flight INTEGER,
    {", ".join(f"{name} INTEGER" for name in COUNTS)}, response BLOB, lateness BLOB, health TEXT);
CREATE TABLE models (
    second INTEGER, model INTEGER, {", ".join(f"{name} INTEGER" for name in COUNTS)}, received_bytes INTEGER,
    retries INTEGER, {", ".join(f"{metric} BLOB" for metric in METRICS)}, refused INTEGER,
    {", ".join(f"{sign} BLOB" for sign in SIGNS)}, PRIMARY KEY (second, model)) WITHOUT ROWID;
CREATE TABLE samples (
    model INTEGER, due_ns INTEGER, sent_ns INTEGER, first_ns INTEGER, last_ns INTEGER,
    outcome INTEGER, received_bytes INTEGER, attempts INTEGER);
"""
