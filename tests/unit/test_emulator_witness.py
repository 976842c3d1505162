"""What the emulator says of its own lateness, from requests as they end and from its thread."""

from itertools import count

import pytest

from asyncload.emulator.aws.answers import Answer
from asyncload.emulator.aws.cloudwatch import Metrics
from asyncload.emulator.freeze import WorkClock
from asyncload.emulator.platform.visit import Visit
from asyncload.emulator.wire.values import Left
from asyncload.emulator.witness import witness
from asyncload.emulator.witness.strain import Strain
from asyncload.emulator.witness.truth import Truth
from asyncload.emulator.witness.witness import Witness

S = 1_000_000_000


def witnessing(said: list[str]) -> Witness:
    """Return one that says what it has to say into a list."""
    return Witness(Truth(), Metrics(), Strain(said.append), WorkClock())


@pytest.mark.parametrize(("paced_ns", "said"), [(S // 2, 0), (0, 1)])
def test_what_a_client_or_a_spoilt_reply_takes_is_not_held_against_the_emulator(paced_ns: int, said: int) -> None:
    """Replies that were sent half a second after they were due: nobody's fault, or its own."""
    told: list[str] = []
    seen = witnessing(told)
    for number in range(300):
        at_ns = 100 * S + number * S // 150
        visit = Visit("id", at_ns, "mme", arrived_ns=at_ns)
        seen.request(visit, Answer(200, b""), Left(at_ns + S // 2, paced_ns), None)
    assert len(told) == said


def test_a_busy_thread_is_looked_at_every_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second of CPU time between two samples that are a second apart."""
    told: list[str] = []
    seen = witnessing(told)
    for clock in ("thread_time_ns", "monotonic_ns"):
        monkeypatch.setattr(witness, clock, count(100 * S, S).__next__)
    seen.sample({})
    assert told == []
    seen.sample({})
    assert "100% of a core" in told[0]
