"""What a format writes of a recording, and recordings that try a format."""

from asyncload.call import Outcome
from asyncload.formats.recording import Recording
from asyncload.report.exports import FORMATS, Choices
from tests.unit.recordings import Made, S, recording

HOSTILE = (
    'a "quoted", name',
    "line\nbreak\r\ttab",
    "=HYPERLINK(1)",
    "x|y`z\\|*_~<b>&amp;</testcase>]]>",
    "{model:a},b:c",
    "ünï/模型-\u202e.tar.gz",
    "@octocat #1 https://e.example www.e.example",
    "\x1b[31mred\x07\ufffe",
)
"""Names that would end a field, a cell, a tag, a label or a line, or that would be obeyed."""


def written(run: Recording, name: str, choices: Choices | None = None) -> dict[str, bytes]:
    """Each file of a format, by how its name ends."""
    return {end: b"".join(pieces) for end, pieces in FORMATS[name].files(run, choices or Choices())}


def text(run: Recording, name: str, choices: Choices | None = None) -> str:
    """The file of a format that has one."""
    (data,) = written(run, name, choices).values()
    return data.decode()


def judged(run: Recording, *slo: str) -> Recording:
    """The same run with these objectives."""
    return Recording(run.result.judged_by(slo), run.history)


def hostile() -> Recording:
    """A run of models with such names, some of whose calls failed."""
    calls = [
        Made(i * S // 100, i % len(HOSTILE), 1_000 * (i % 40), outcome=Outcome.THROTTLED if i % 9 == 0 else Outcome.OK)
        for i in range(300)
    ]
    return recording(calls, HOSTILE, scenario={"name": HOSTILE[3], "slo": list(HOSTILE)})


def empty() -> Recording:
    """A run in which no call was due."""
    return recording([], scenario={"name": "empty"})


def failed() -> Recording:
    """A run of which no call has a time."""
    return recording([Made(i * S // 50, i % 2, outcome=Outcome.CONNECT) for i in range(100)])


def closed() -> Recording:
    """A closed loop with one long call."""
    phases = [{"users": 2, "for": "3s", "think": "5ms"}]
    calls = [Made(i * S // 100, i % 2, 800_000 if i == 50 else 5_000) for i in range(200)]
    return recording(calls, scenario={"name": "closed", "phases": phases})
