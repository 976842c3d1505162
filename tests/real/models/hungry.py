"""A model that no memory is enough for."""

from typing import NoReturn

from mms.context import Context


def handle(data: list[dict[str, bytes]] | None, context: Context) -> NoReturn:
    raise MemoryError
