"""Which instance a request goes to."""

from collections import Counter
from dataclasses import dataclass

import pytest

from asyncload.emulator.routing import choice, route


@dataclass
class Stop:
    """An instance as routing sees it."""

    in_flight: int = 0
    models: tuple[str, ...] = ()
    share: float = 0.0

    def holds(self, model: str) -> bool:
        return model in self.models

    def memory_share(self) -> float:
        return self.share


HOME, HOME_BUSIER, HOME_FULL = Stop(1, ("a",), 0.9), Stop(2, ("a",), 0.1), Stop(5, ("a",), 0.1)
EMPTY, FULLER, BUSY, FULL_TOO = Stop(), Stop(0, share=0.5), Stop(5, share=0.0), Stop(7)


@pytest.mark.parametrize(
    ("stops", "taken"),
    [
        ([BUSY], BUSY),  # there is only one
        ([EMPTY, HOME], HOME),  # it sticks to the instance that holds it
        ([HOME_BUSIER, HOME], HOME),  # of two that hold it, the one with the fewest requests
        ([FULLER, BUSY, EMPTY], EMPTY),  # nobody holds it: most free memory, then fewest requests
        ([FULLER, BUSY], BUSY),  # memory counts before requests
        ([HOME_FULL, EMPTY], EMPTY),  # the home has `spill` requests: it spills
        ([HOME_FULL, BUSY], HOME_FULL),  # but not to one that has as many
        ([HOME_FULL, HOME, EMPTY], HOME),  # another home has room
        ([HOME_FULL, HOME_FULL, FULL_TOO], HOME_FULL),  # everybody is full
    ],
)
def test_the_way_of_a_request_for_a(stops: list[Stop], taken: Stop) -> None:
    """Stay, spill from five requests on, or go where there is room."""
    assert route("a", stops, spill=5) is taken


def test_a_choice_follows_the_weights() -> None:
    """Of u in [0, 1) each index has the share of its weight; a weight of 0 has none, first, between or last."""
    choose = choice([0, 3, 3, 4, 4])
    assert Counter(choose(i / 400) for i in range(400)) == {1: 300, 3: 100}
    assert (choose(0.0), choose(1 - 2**-53)) == (1, 3)
