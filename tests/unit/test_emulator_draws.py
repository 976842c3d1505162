"""The numbers that simulated models draw."""

import asyncio
import tracemalloc
from itertools import pairwise

from asyncload.emulator.behind.draws import Draws
from asyncload.emulator.behind.simulated import Simulated, Time
from asyncload.emulator.config.endpoint import EndpointPlayed, InstancePlayed, ModelPlayed
from asyncload.emulator.deadlines import Deadlines, LoopTimer
from asyncload.emulator.freeze import WorkClock


def test_the_bits_are_those_of_the_published_generator() -> None:
    """SplitMix64 from 1234567, as its reference implementation (Vigna, prng.di.unimi.it/splitmix64.c) gives them."""
    draws = Draws(1234567)
    assert [draws.bits() for _ in range(3)] == [6457827717110365317, 3203168211198807973, 9817491932198370423]


def test_a_seed_is_a_sequence() -> None:
    """The same text the same numbers, another text others, all in [0, 1) and evenly spread."""
    drawn = [[draws.random() for _ in range(10_000)] for draws in map(Draws, ("0/mme/a", "0/mme/a", "0/mme/b"))]
    assert drawn[0] == drawn[1] != drawn[2]
    assert 0 <= min(drawn[0]) < max(drawn[0]) < 1
    assert abs(sum(drawn[0]) / 10_000 - 0.5) < 0.01
    assert all(left != right for left, right in pairwise(drawn[0]))


def test_first_numbers_of_many_models_are_evenly_spread() -> None:
    """Names that differ by a digit do not draw alike."""
    first = [Draws(f"0/mme/xgb-{number}.tar.gz").random() for number in range(10_000)]
    for tenth in range(10):
        assert 900 < sum(tenth <= 10 * u < tenth + 1 for u in first) < 1100


def test_a_model_takes_little_room() -> None:
    """A hundred thousand names of a pattern are not to take hundreds of MB."""
    models = EndpointPlayed(name="mme", models=(ModelPlayed(name="*"),))

    async def taken_bytes() -> int:
        clock = WorkClock()
        deadlines = Deadlines(clock, LoopTimer)
        backend = Simulated(models, InstancePlayed(), Time(clock, deadlines), "0")
        tracemalloc.start()
        for number in range(1000):
            backend.footprint(f"model-{number}")
        taken, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return taken

    assert asyncio.run(taken_bytes()) < 2000 * 1000
