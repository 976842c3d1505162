"""
A scenario as a locustfile: one file that runs with Locust and boto3, and what must lie beside it.

    export ─> Exported ─┬─ text     the locustfile
                        └─ files    payloads that were generated, the plan of a replay

Strategy: everything that depends on the scenario is worked out here as source, laid out as the formatter lays it out;
the templates hold what is the same in every file. The file draws as Locust does, with `random`.
"""

from asyncload.locust.export.export import Client, Exported, Style, export, write

__all__ = ["Client", "Exported", "Style", "export", "write"]
