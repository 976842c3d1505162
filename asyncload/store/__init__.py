"""
The run directory: everything a run measured, on disk every second, readable after a kill.

    scenario.json    the scenario as given, overrides included
    run.sqlite       `run`: facts known at the start; `seconds`: one row per second; `models`: one row per second and
                     target with HDR histograms in the standard V2 encoding; `samples`: one row per call, if asked for
    result.json      the result, once the run has ended

Repeated runs have one such directory each, see `repeats`.
"""

from asyncload.store.directory import Facts, RunDirectory, measured_until, new_directory
from asyncload.store.reading import read, read_history
from asyncload.store.repeats import numbered, runs_of, sides_of

__all__ = [
    "Facts",
    "RunDirectory",
    "measured_until",
    "new_directory",
    "numbered",
    "read",
    "read_history",
    "runs_of",
    "sides_of",
]
