"""The options about the table in the middle of a report, and what of them cannot be meant together."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from asyncload.errors import StoreError
from asyncload.report.view import By, Sort, View
from asyncload.store import read_history


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedView:
    """The options as they were given."""

    by: By | None = None
    sort: Sort | None = None
    all_rows: bool = False

    @property
    def view(self) -> View:
        """What they ask for."""
        return View(by=self.by or "model", sort=self.sort, everything=self.all_rows)


def mistakes(asked: AskedView, instead: str = "") -> Iterator[str]:
    """
    Yield what cannot be meant.

    Args:
        asked: The options.
        instead: An option that has something else printed than the report; empty if none was given.
    """
    given = (("by", asked.by), ("sort", asked.sort), ("all", asked.all_rows))
    if instead:
        yield from (f"--{name}: is about the report, and {instead} gives no report" for name, it in given if it)
    elif asked.sort and asked.by in {"phase", "second"}:
        yield f"--sort: orders models, and --by {asked.by} shows none; leave one of them out"


def spans_of(directory: Path | None, view: View) -> Sequence[tuple[int, int]]:
    """Spans of the measured phases of a run, where the table is about time and a run directory tells them."""
    if directory is None or view.by == "model":
        return ()
    with suppress(StoreError):  # what else there is to report does not depend on them
        history = read_history(directory)
        return () if history is None else history.measured_ns
    return ()
