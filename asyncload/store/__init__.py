"""
The run directory: everything a run measured, on disk every second, readable after a kill.

    scenario.json    the scenario as given, overrides included
    run.sqlite       `run`: facts known at the start; `seconds`: one row per second; `models`: one row per second and
                     target with HDR histograms in the standard V2 encoding; `samples`: one row per call, if asked for
    result.json      the result, once the run has ended
"""

from asyncload.store.directory import Facts, RunDirectory, measured_until, new_directory
from asyncload.store.reading import read, read_history

__all__ = ["Facts", "RunDirectory", "measured_until", "new_directory", "read", "read_history"]
