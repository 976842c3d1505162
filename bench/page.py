"""
The page of results, bench/RESULTS.md: one section per group of rows, each with what measured it and where.

A section goes from its heading, `## Title`, to the next heading of that level. Measuring a group again replaces its
section where it stands, and leaves the rest of the page alone: other groups, and what was written by hand. So the whole
suite and single groups write the same page, and writing the same thing twice changes nothing. No date stands in it:
the commit says what was measured.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.rows import Finding, markdown, score

_HEAD = """# What was measured

Each section says which command wrote it, at which commit and on what. How a group of rows is measured stands in the
head of its file in `bench`.
"""
_LEVEL = "## "
_FENCE = "```"


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """What one group of rows found."""

    title: str
    """Of the group; the page has no other section of that name."""
    command: str
    """What measured it."""
    facts: Sequence[tuple[str, str]]
    """Where, and with which versions: facts and their values."""
    findings: Sequence[Finding]
    quick: bool = False
    """Whether the figures are not to be believed."""

    def text(self) -> str:
        """Write it, its heading included."""
        warning = "\n**A quick run: too short to be believed.**\n" if self.quick else ""
        facts = "; ".join(f"{fact}: {value}" for fact, value in self.facts)
        return (
            f"{_LEVEL}{self.title}\n\nBy `{self.command}`. {score(self.findings)}.\n{warning}\n"
            f"{markdown(self.findings)}\n\n<details><summary>On what</summary>\n\n{facts}.\n\n</details>\n"
        )


def renewed(page: str, sections: Sequence[Section]) -> str:
    """
    Return a page with these sections in place of those of their names; new ones come last.

    Args:
        page: What it was; empty for a new one.
        sections: What was measured now.
    """
    head, *old = _parts(page or _HEAD)
    new = {section.title: section.text() for section in sections}
    kept = [new.pop(_title(part), part) for part in old]
    return "\n\n".join(part.strip("\n") for part in (head, *kept, *new.values())) + "\n"


def _parts(page: str) -> Iterator[str]:
    """Cut a page before each heading; a line of a listing is none."""
    part: list[str] = []
    listing = False
    for line in page.splitlines(keepends=True):
        listing ^= line.startswith(_FENCE)
        if line.startswith(_LEVEL) and not listing:
            yield "".join(part)
            part = []
        part.append(line)
    yield "".join(part)


def _title(part: str) -> str:
    return part.splitlines()[0].removeprefix(_LEVEL).strip()
