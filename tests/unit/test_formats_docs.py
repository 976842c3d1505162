"""docs/formats.md tells of every format that there is, and of no other, with its files, options and columns."""

import csv
import re
from pathlib import Path

from prometheus_client.openmetrics.parser import text_string_to_metric_families

from asyncload.report.exports import FORMATS, Choices
from tests.unit.exported import text
from tests.unit.recordings import Made, recording

TEXT = (Path(__file__).parents[2] / "docs" / "formats.md").read_text(encoding="utf-8")
RUN = recording([Made(0, 0)])


def rows(head: str, column: int = 0) -> list[list[str]]:
    """What stands in backquotes in a column of the table that begins so, row by row."""
    table = TEXT.partition(f"{head}\n")[2].partition("\n\n")[0]
    return [re.findall(r"`([^`]+)`", line.split(" | ")[column]) for line in table.splitlines()[1:]]


def section(name: str) -> str:
    return re.split(r"^## ", TEXT.partition(f"\n## {name}\n")[2], flags=re.MULTILINE)[0]


def test_each_format_has_a_row_with_its_files() -> None:
    head = next(line for line in TEXT.splitlines() if line.startswith("| format | file | for |"))
    assert [names[0] for names in rows(head)] == list(FORMATS)
    assert rows(head, 1) == [[f"{each.stem}{end}" for end in each.ends] for each in FORMATS.values()]


def test_each_choice_has_a_row_with_its_values() -> None:
    told = {option.split()[0] for names in rows("| option | with | says |") for option in names}
    assert told - {"--slo", "--allow-undecided"} == {
        f"--{choice.replace('_', '-')}" for each in FORMATS.values() for choice in each.heeds
    }
    for each in FORMATS.values():
        for choice, legal in each.heeds.items():
            for value in legal:
                option = f"--{choice.replace('_', '-')}" + ("" if value is True else f" {value}")
                assert f"`{option}`" in TEXT


def test_each_column_of_csv_is_defined() -> None:
    told = set(re.findall(r"`([a-z0-9_]+)`", section("`csv`")))
    for choices in (Choices(), Choices(by="second")):
        (header,) = csv.reader([text(RUN, "csv", choices).splitlines()[0]])
        for column in header:
            # One outcome, one duration and one percentile stand for the others.
            plain = re.sub(r"^(service|lateness|ttfb)_", "response_", column)
            plain = re.sub(r"_(p90|p95|p99_9|p99)_", "_p50_", plain)
            plain = re.sub(r"^corrected_(?!calls).*", "corrected_p50_ms", plain)
            ended = re.fullmatch(r"[a-z_]+_calls", column) and column not in told
            assert {plain, plain.removeprefix("response_p50"), plain.removeprefix("response")} & told or ended, column


def test_each_metric_is_defined() -> None:
    told = set(re.findall(r"`(asyncload[a-z_]+)`", section("`openmetrics`")))
    ends = {"counter": "_total", "info": "_info"}
    families = text_string_to_metric_families(text(RUN, "openmetrics"))
    assert told == {f"{family.name}{ends.get(family.type, '')}" for family in families}
