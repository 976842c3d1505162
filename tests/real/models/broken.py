"""A model that cannot be loaded."""

from typing import NoReturn

from mms.context import Context


def handle(data: list[dict[str, bytes]] | None, context: Context) -> NoReturn:
    raise RuntimeError("the weights are missing")
