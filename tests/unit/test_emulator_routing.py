"""Which instance a request goes to."""

from dataclasses import dataclass

import pytest

from asyncload.emulator.platform.routing import choice, route


@dataclass(eq=False)
class Stop:
    """An instance as routing sees it."""

    in_flight: int = 0
    held: str = ""
    """Its models, each a letter."""
    share: float = 0.0

    def holds(self, model: str) -> bool:
        return model in self.held

    def memory_share(self) -> float:
        return self.share

    def models(self) -> int:
        return len(self.held)


@pytest.mark.parametrize(
    ("stops", "chosen", "reason"),
    [
        ([Stop(99)], 0, "there is one only"),
        ([Stop(), Stop(9, "a")], 1, "a model stays where it is, though another instance is free"),
        ([Stop(9, "a"), Stop(8, "a")], 1, "of two that hold it, the one with fewer requests"),
        ([Stop(10, "a"), Stop(9)], 1, "with as many requests as spill, another instance loads it too"),
        ([Stop(10, "a"), Stop(10)], 0, "unless that has no fewer requests"),
        ([Stop(10, "a"), Stop(12, "a"), Stop(11)], 0, "nor does it go from a full home to a fuller stranger"),
        ([Stop(50, "a"), Stop(50, "a")], 0, "if all hold it there is nowhere to spill"),
        ([Stop(0, "bc", 0.5), Stop(9, "b", 0.4)], 1, "a model that is nowhere goes where the most memory is free"),
        ([Stop(0, "bc"), Stop(9, "b")], 1, "or where the fewest models are, if nobody knows what they take"),
        ([Stop(1), Stop(0)], 1, "or to the one with fewer requests, if they hold as many"),
    ],
)
def test_where_a_request_goes(stops: list[Stop], chosen: int, reason: str) -> None:
    """Each row says why the request for model a, with a spill of 10, goes there."""
    assert stops.index(route("a", stops, 10)) == chosen, reason


@pytest.mark.parametrize(
    ("cumulative", "u", "index"),
    [
        ([1.0], 0.0, 0),
        ([1.0], 1 - 2**-53, 0),
        ([3.0, 4.0], 0.7499, 0),
        ([3.0, 4.0], 0.75, 1),
        ([0.0, 2.0], 0.0, 1),
        ([2.0, 2.0], 1 - 2**-53, 0),
        ([0.1, 0.1 + 0.2], 1 - 2**-53, 1),
    ],
)
def test_a_weight_is_a_share_of_all(cumulative: list[float], u: float, index: int) -> None:
    """A variant of weight 3 beside one of weight 1 gets the lower three quarters; one of weight 0 gets nothing."""
    assert choice(cumulative)(u) == index
