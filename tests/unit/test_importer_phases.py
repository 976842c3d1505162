"""locust.importer.phases: what becomes of users, waits and load shapes."""

from typing import Any

import pytest

from asyncload.locust.importer.findings import Configured, Findings, Shape, Stretch, UserClass, Wait
from asyncload.locust.importer.phases import Document, Wanted, phases
from asyncload.scenario import Scenario

NO_WAIT = Wait(kind="constant", low_s=0.0, high_s=0.0, mean_s=0.0)
PACED = Wait(kind="pacing", low_s=2.0, high_s=2.0, mean_s=2.0)


def users(*waits: Wait) -> list[UserClass]:
    return [
        UserClass(name=f"U{i}", where=f"line {i}", weight=1.0, fixed_count=0, wait=wait, rates=[])
        for i, wait in enumerate(waits)
    ]


def made(
    wanted: Wanted,
    *waits: Wait,
    shape: Shape | None = None,
    calls: float = 1.0,
    configured: Configured | None = None,
) -> tuple[list[Document], str]:
    """Return the phases, read once by a scenario, and the notes."""
    classes = users(*waits or [NO_WAIT])
    given = Findings(locust="2", classes=classes, shape=shape, configured=configured)
    found, notes = phases(wanted, given, [1 / len(classes)] * len(classes), calls)
    data = {"endpoint": {"name": "e"}, "models": [{"name": "m"}], "phases": found}
    assert Scenario.from_dict(data).phases
    return found, "\n".join(f"{note.topic}: {note.text}" for note in notes)


def test_without_a_word_the_loop_is_open_and_the_rate_is_yours_to_set() -> None:
    found, notes = made(Wanted())
    assert found == [{"law": "poisson", "rate": "10/s", "for": "1m"}]
    assert "rate: a locustfile has no arrival rate: 10/s stands for it" in notes


def test_a_rate_that_is_asked_for_is_taken() -> None:
    found, notes = made(Wanted(rate="200/s", duration="90s"), PACED)
    assert found == [{"law": "poisson", "rate": "200/s", "for": "90s"}]
    assert "stands for it" not in notes
    assert "N times 0.5/s at most" in notes  # what the file's users would make


@pytest.mark.parametrize(
    ("wait", "calls", "keys", "note"),
    [
        (NO_WAIT, 1.0, {}, None),
        (Wait(kind="constant", low_s=1.5, high_s=1.5, mean_s=1.5), 1.0, {"think": "1.5s"}, None),
        (Wait(kind="between", low_s=1.0, high_s=3.0, mean_s=2.0), 1.0, {"think": {"from": "1s", "to": "3s"}}, None),
        (Wait(kind="between", low_s=1.0, high_s=1.0, mean_s=1.0), 1.0, {"think": "1s"}, None),
        (PACED, 1.0, {"pace": "2s"}, None),
        (PACED, 4.0, {"pace": "500ms"}, "makes 4 calls"),
        (Wait(kind="poisson", low_s=0.0, high_s=0.5, mean_s=0.5), 1.0, {"think": "500ms"}, "exponential"),
        (Wait(kind="own", low_s=0.1, high_s=0.5, mean_s=0.2), 1.0, {"think": "200ms"}, "of the file's own"),
        (Wait(kind="constant", low_s=3.0, high_s=3.0, mean_s=3.0), 2.0, {"think": "1.5s"}, "spread over them"),
    ],
)
def test_users_wait_as_the_file_says(wait: Wait, calls: float, keys: dict[str, Any], note: str | None) -> None:
    """A closed loop has the file's wait between two calls; what a phase cannot say is a note."""
    found, notes = made(Wanted(users=200, spawn="20/s", duration="2m"), wait, calls=calls)
    assert found == [{"users": 200, **keys, "spawn": "20/s", "for": "2m"}]
    assert "closed loop: as under Locust, users wait for replies" in notes
    assert "waits:" not in notes if note is None else note in notes


def test_classes_that_wait_differently_wait_their_mean() -> None:
    one = Wait(kind="constant", low_s=1.0, high_s=1.0, mean_s=1.0)
    found, notes = made(Wanted(users=10), NO_WAIT, one)
    assert found == [{"users": 10, "think": "500ms", "for": "1m"}]
    assert "U0 0s, U1 1s" in notes


def test_classes_of_different_pace_have_the_mean_pace() -> None:
    """One class begins a task every 2 s and one every 1 s: together a user begins one every 4/3 s."""
    found, _ = made(Wanted(users=10), PACED, Wait(kind="pacing", low_s=1.0, high_s=1.0, mean_s=1.0))
    assert found == [{"users": 10, "pace": "1.333333333s", "for": "1m"}]


STEPS = Shape("Steps", "line 7", [Stretch(10.0, 10, 5.0), Stretch(20.0, 50, 20.0)], ends=True)


def test_a_load_shape_becomes_phases_of_users() -> None:
    found, notes = made(Wanted(), NO_WAIT, shape=STEPS)
    assert found == [{"users": 10, "spawn": "5/s", "for": "10s"}, {"users": 50, "spawn": "20/s", "for": "20s"}]
    assert "load shape: the phases are those of Steps (line 7)" in notes


def test_a_load_shape_of_users_with_a_pace_becomes_a_rate() -> None:
    """So many users with so many tasks a second each are a rate, and the loop is open."""
    found, _ = made(Wanted(), PACED, shape=STEPS)
    assert found == [
        {"law": "poisson", "rate": "5/s", "for": "10s"},
        {"law": "poisson", "rate": "25/s", "for": "20s"},
    ]


def test_a_ramp_of_a_load_shape_becomes_steps() -> None:
    """What changes every second is one phase of steps, as the shape has them; what holds is a phase of its own."""
    ramp = [Stretch(1.0, i, 1.0) for i in range(4)]
    shape = Shape("Ramp", "", [Stretch(10.0, 2, 1.0), *ramp, Stretch(60.0, 5, 1.0)], ends=False)
    found, notes = made(Wanted(), PACED, shape=shape)
    assert found == [
        {"law": "poisson", "rate": "1/s", "for": "10s"},
        {"law": "poisson", "rate": {"steps": ["0/s", "0.5/s", "1/s", "1.5/s"]}, "for": "4s"},
        {"law": "poisson", "rate": "2.5/s", "for": "1m"},
    ]
    assert "does not end" in notes


def test_a_load_shape_that_no_phases_say_is_left_out() -> None:
    """Users in a closed loop that change every second for a minute, or that are none for a while, are a note."""
    jagged = [Stretch(1.0 + i % 2, i, 1.0) for i in range(60)]
    for stretches, wait in (
        ([Stretch(1.0, i + 1, 1.0) for i in range(60)], NO_WAIT),
        ([Stretch(5.0, 0, 1.0), Stretch(5.0, 3, 1.0)], NO_WAIT),
        (jagged, PACED),
    ):
        found, notes = made(Wanted(), wait, shape=Shape("Own", "line 3", stretches, ends=True))
        assert found == [{"law": "poisson", "rate": "10/s", "for": "1m"}]
        assert "load shape: Own (line 3) is left out" in notes


def test_users_that_the_file_sets_are_taken() -> None:
    """What Locust would do without an option: with a pace that is a rate, else a closed loop."""
    configured = Configured(users=30, spawn_per_s=10.0, length_s=120.0)
    found, notes = made(Wanted(), PACED, configured=configured)
    assert found == [{"law": "poisson", "rate": "15/s", "for": "2m"}]
    assert "users: the file, or Locust's configuration, sets 30 of them" in notes
    found, notes = made(Wanted(), NO_WAIT, configured=Configured(users=30))
    assert found == [{"users": 30, "spawn": "30/s", "for": "1m"}]
    assert "closed loop:" in notes
    found, notes = made(Wanted(rate="5/s"), PACED, configured=configured)
    assert found == [{"law": "poisson", "rate": "5/s", "for": "1m"}]


def test_what_is_asked_for_goes_before_a_load_shape() -> None:
    found, notes = made(Wanted(users=5), NO_WAIT, shape=STEPS)
    assert found == [{"users": 5, "for": "1m"}]
    assert "load shape: Steps (line 7) is left out" in notes
