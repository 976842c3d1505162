"""Write pages: of a run that has just ended, which must lose nothing by it, and of one that is read back."""

import sys
from pathlib import Path
from typing import Final

from asyncload.formats.recording import Recording
from asyncload.report.page import write_page
from asyncload.result import RunResult
from asyncload.store import read_history

PAGE: Final = "report.html"
"""Its name in a run directory."""


def write_page_of(result: RunResult, source: Path, out: Path) -> None:
    """
    Write the page of a run.

    Args:
        result: Of the run.
        source: Its run directory, or a result.json by itself, which has no history.
        out: The file.

    Raises:
        StoreError: If the history cannot be read, or the page cannot be written.
    """
    write_page(Recording(result, read_history(source)), out)


def leave_page(result: RunResult, directory: Path, *, told: bool) -> None:
    """
    Write the page of a run into its directory, when everything has been measured and written.

    If it cannot be made, standard error says so and how to try again: the run is there all the same.

    Args:
        result: Of the run.
        directory: Where it was written.
        told: Whether standard output says where the page is.
    """
    path = directory / PAGE
    again = f"asyncload report {directory} --html FILE"
    try:
        write_page_of(result, directory, path)
    except KeyboardInterrupt:
        sys.stderr.write(f"the page was given up; make it with: {again}\n")
    except Exception as error:  # noqa: BLE001  # whatever it is, a picture's mistake must not lose a measurement
        sys.stderr.write(f"warning: there is no page: {error}; try again with: {again}\n")
    else:
        if told:
            sys.stdout.write(f"Page: {path}\n")
