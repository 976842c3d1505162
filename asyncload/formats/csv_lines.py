"""Lines of a CSV file, made as they are asked for: comma, CR LF, and quotes where RFC 4180 needs them."""

import csv
from collections.abc import Iterable, Iterator, Sequence


def csv_lines(header: Sequence[object], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """
    Write a table.

    Args:
        header: Names of the columns.
        rows: As long as the header, each; None is an empty field.
    """
    writer = csv.writer(_Echo())  # whose writerow returns what the file's write returns
    yield writer.writerow(header)
    for row in rows:
        yield writer.writerow(row)


class _Echo:
    """A file that hands back what is written to it."""

    @staticmethod
    def write(text: str) -> str:
        """Return the text."""
        return text
