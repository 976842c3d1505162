"""cli.commands.ports: an option whose value may be left out."""

import pytest

from asyncload.cli.commands.ports import spelled_out


@pytest.mark.parametrize(
    ("words", "spelled", "why"),
    [
        ("run s.yaml --web", "run s.yaml --web 0", "at the end"),
        ("run s.yaml --web 8089", "run s.yaml --web 8089", "with a port"),
        ("run --web s.yaml", "run --web 0 s.yaml", "a scenario is no port"),
        ("run --web --quiet s.yaml", "run --web 0 --quiet s.yaml", "nor is an option"),
        ("run --web 8089 s.yaml", "run --web 8089 s.yaml", "the number is the port, not the scenario"),
        ("run --web=8089 s.yaml", "run --web=8089 s.yaml", "in one word"),
        ("run --web ./8089", "run --web 0 ./8089", "a scenario with a number for a name"),
        ("run --web --web-control", "run --web 0 --web-control", "another option that begins alike"),
        ("run --web-control s.yaml", "run --web-control s.yaml", "it alone"),
        ("", "", "nothing"),
    ],
)
def test_a_port_that_is_left_out_is_any(words: str, spelled: str, why: str) -> None:
    assert spelled_out(words.split()) == spelled.split(), why
