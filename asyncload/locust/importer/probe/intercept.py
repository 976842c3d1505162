"""Where Python's own `random`, `secrets` and `os.urandom` meet `chance`."""

import os
import random
import secrets
import sys
from _random import Random as Mersenne
from itertools import count

from asyncload.locust.importer.probe.chance import Chance


def intercept(chance: Chance) -> None:
    """
    Have every draw of this process decided by `chance`, for good.

    It is the methods of the classes that are replaced, so that a `random.Random(42)` of the file's own is seen too, and
    the functions of the module, which are the methods of one hidden instance. Between plays an instance goes on
    drawing from its own seed.
    """
    own_below = random.Random._randbelow_with_getrandbits  # type: ignore[attr-defined]  # noqa: SLF001  random's own

    def unit(self: random.Random) -> float:
        return chance.unit(sys._getframe(1)) if chance.playing else Mersenne.random(self)  # noqa: SLF001

    def bits(self: random.Random, k: int) -> int:
        return chance.bits(sys._getframe(1), k) if chance.playing else Mersenne.getrandbits(self, k)  # noqa: SLF001

    def below(self: random.Random, n: int) -> int:
        result: int = chance.below(sys._getframe(1), n) if chance.playing else own_below(self, n)  # noqa: SLF001
        return result

    _replace(random.Random, unit, bits, below)
    _seed_alike()
    _take_from_system(chance)
    for name in random.__all__:
        if hasattr(random._inst, name):  # noqa: SLF001  the hidden instance
            setattr(random, name, getattr(random._inst, name))  # noqa: SLF001
    secrets.choice = secrets._sysrand.choice  # type: ignore[attr-defined]  # noqa: SLF001  likewise
    secrets.randbits = secrets._sysrand.getrandbits  # type: ignore[attr-defined]  # noqa: SLF001


def _replace(cls: type[random.Random], unit: object, bits: object, below: object) -> None:
    for name, method in (("random", unit), ("getrandbits", bits), ("_randbelow", below)):
        setattr(cls, name, method)


def _seed_alike() -> None:
    """Seed from a counter what would be seeded from the operating system, so that an import is the same every time."""
    own_seed, seeds = random.Random.seed, count()

    def seed(self: random.Random, a: float | str | bytes | bytearray | None = None, version: int = 2) -> None:
        own_seed(self, next(seeds) if a is None else a, version)

    random.Random.seed = seed  # type: ignore[method-assign]
    random.seed(0)


def _take_from_system(chance: Chance) -> None:
    """Draw from `chance` what the operating system would be asked for, between plays too."""

    def unit(_: random.Random) -> float:
        return chance.unit(sys._getframe(1))  # noqa: SLF001

    def bits(_: random.Random, k: int) -> int:
        return chance.bits(sys._getframe(1), k)  # noqa: SLF001

    def below(_: random.Random, n: int) -> int:
        return chance.below(sys._getframe(1), n)  # noqa: SLF001

    def urandom(size: int) -> bytes:
        return chance.bits(sys._getframe(1), size * 8).to_bytes(size, "little")  # noqa: SLF001

    _replace(random.SystemRandom, unit, bits, below)
    os.urandom = urandom
    random._urandom = urandom  # type: ignore[attr-defined]  # noqa: SLF001  its own name for it
