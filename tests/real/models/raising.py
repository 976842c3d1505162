"""
A model that fails for every request, in its own words.

Body `bug`: not in its own words; `crash`: its process ends.
"""

import os

from mms.context import Context
from mms.service import PredictionException


def handle(data: list[dict[str, bytes]] | None, context: Context) -> list[str] | None:
    if data is None:
        return None
    if bytes(data[0]["body"]) == b"crash":
        os._exit(1)
    if bytes(data[0]["body"]) == b"bug":
        return [str(1 / 0)]
    raise PredictionException("the row has 3 columns, the model wants 8", 422)
