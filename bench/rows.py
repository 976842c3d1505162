"""What the suite prints: rows that hold a figure against its target, and tables that show where it came from."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Row:
    """One figure beside what was promised."""

    what: str
    target: str
    """Empty if nothing was promised."""
    measured: str
    reached: bool | None = None
    """None if nothing was promised, or nothing was measured."""

    @property
    def answer(self) -> str:
        """`reached` in a word."""
        return {True: "yes", False: "NO", None: "-"}[self.reached]


@dataclass(frozen=True, slots=True)
class Detail:
    """A table behind the figures."""

    title: str
    headings: Sequence[str]
    cells: Sequence[Sequence[str]]


Finding: TypeAlias = Row | Detail
Findings: TypeAlias = Iterator[Finding]


class MissingToolError(Exception):
    """A program that a measurement needs is not installed; the text says which package brings it."""


def skipped(what: str, why: object) -> Row:
    """Return the row of something that could not be measured."""
    return Row(what, "", f"skipped: {why}")


def score(findings: Sequence[Finding]) -> str:
    """Say in words how many promises were kept, and which were not."""
    promised = [row for row in findings if isinstance(row, Row) and row.reached is not None]
    missed = [row.what for row in promised if not row.reached]
    if not promised:
        return "Nothing was promised"
    text = f"{len(promised) - len(missed)} of {len(promised)} targets reached"
    return text + (f"; not: {'; '.join(missed)}" if missed else "")


def tell(text: str) -> None:
    """Print what goes on, where a measurement takes minutes."""
    print(f"  ... {text}", flush=True)


def show(finding: Finding) -> None:
    """Print a finding as it comes."""
    match finding:
        case Row():
            target = f"   [target {finding.target}: {finding.answer}]" if finding.target else ""
            print(f"  {finding.what}: {finding.measured}{target}", flush=True)
        case Detail():
            print(f"  {finding.title}", flush=True)
            widths = [max(map(len, column)) for column in zip(finding.headings, *finding.cells, strict=True)]
            for line in (finding.headings, *finding.cells):
                print("    " + "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)))


def markdown(findings: Sequence[Finding]) -> str:
    """Write the findings of one group: the rows as one table, then each detail as its own."""
    rows = [(row.what, row.target or "-", row.measured, row.answer) for row in findings if isinstance(row, Row)]
    parts = [_table(("what", "target", "measured", "reached"), rows)] if rows else []
    parts += [f"{one.title}:\n\n{_table(one.headings, one.cells)}" for one in findings if isinstance(one, Detail)]
    return "\n\n".join(parts)


def _table(headings: Sequence[str], cells: Sequence[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *cells]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
