"""
NumPy's draws of one value, where they may decide something: `choice`, `randint`, `integers`, `random`, `uniform`.

NumPy draws in C, so there is nothing below these to intercept, as there is with Python's `random`. They are replaced in
`numpy.random` when the file imports it, and in its generators; arrays of draws, and other laws, stay NumPy's own and
are found to differ from run to run.
"""

import importlib.abc
import importlib.machinery
import importlib.util
import sys
from bisect import bisect
from collections.abc import Callable, Sequence
from itertools import accumulate
from types import ModuleType
from typing import Any, Final

from asyncload.locust.importer.probe.chance import Chance

_MODULE: Final = "numpy.random"


def intercept_numpy(chance: Chance) -> None:
    """Have NumPy's draws decided by `chance` from the moment on at which the file imports it, for good."""
    sys.meta_path.insert(0, _Finder(lambda module: _replace(module, chance)))


class _Finder(importlib.abc.MetaPathFinder):
    """Finds one module as the others would, and hands it over when it has been imported."""

    def __init__(self, imported: Callable[[ModuleType], None]) -> None:
        self._imported = imported

    def find_spec(self, fullname: str, *_: object) -> importlib.machinery.ModuleSpec | None:
        if fullname != _MODULE:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            own, imported = spec.loader.exec_module, self._imported

            def exec_module(module: ModuleType) -> None:
                own(module)
                imported(module)

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]  # this one loader's
        return spec


class _Draws:
    """One value each, as NumPy's functions of these names draw them; `own` is what NumPy would do."""

    def __init__(self, chance: Chance) -> None:
        self._chance = chance

    def choice(self, own: Callable[..., Any], a: Any, size: Any = None, replace: bool = True, p: Any = None) -> Any:  # noqa: FBT001, FBT002  NumPy's signature
        if size not in (None, 1) or not self._chance.playing:
            return own(a, size, replace, p)
        values = range(int(a)) if not hasattr(a, "__len__") else a
        frame = sys._getframe(2)  # noqa: SLF001  who draws
        if p is None:
            index = self._chance.below(frame, len(values))
        else:
            cumulative = [*accumulate(float(weight) for weight in p)]
            index = bisect(cumulative, self._chance.unit(frame) * cumulative[-1], 0, len(values) - 1)
        return _at(values, index, size)

    def whole(self, own: Callable[..., Any], low: Any, high: Any = None, size: Any = None, **more: Any) -> Any:
        if size is not None or not self._chance.playing or isinstance(low, Sequence):
            return own(low, high, size, **more)
        first, last = (0, low) if high is None else (low, high)
        return int(first) + self._chance.below(
            sys._getframe(2),  # noqa: SLF001  likewise
            int(last) - int(first) + bool(more.get("endpoint")),
        )

    def unit(self, own: Callable[..., Any], *size: Any, **more: Any) -> Any:
        if size or more or not self._chance.playing:
            return own(*size, **more)
        return self._chance.unit(sys._getframe(2))  # noqa: SLF001  likewise

    def uniform(self, own: Callable[..., Any], low: Any = 0.0, high: Any = 1.0, size: Any = None) -> Any:
        if size is not None or not self._chance.playing:
            return own(low, high, size)
        return self._chance.unit(sys._getframe(2)) * (high - low) + low  # noqa: SLF001  likewise


def _at(values: Any, index: int, size: int | None) -> Any:
    """Return an entry as NumPy would: a scalar of its own kind, or an array of one, as pandas asks for a row."""
    import numpy as np  # noqa: PLC0415  the file has imported it

    if isinstance(values, range):
        return np.int64(index) if size is None else np.array([index])
    array = np.asarray(values)
    return array[index] if size is None else array[[index]]


def _replace(module: ModuleType, chance: Chance) -> None:
    draws = _Draws(chance)
    legacy: dict[str, Callable[..., Any]] = {
        "choice": draws.choice, "randint": draws.whole, "uniform": draws.uniform,
        "random": draws.unit, "rand": draws.unit, "random_sample": draws.unit, "ranf": draws.unit,
    }  # fmt: skip
    modern: dict[str, Callable[..., Any]] = {
        "choice": draws.choice,
        "integers": draws.whole,
        "uniform": draws.uniform,
        "random": draws.unit,
    }
    for name, draw in legacy.items():
        if hasattr(module, name):
            setattr(module, name, _function(draw, getattr(module, name)))
    states = {name: _method(draw, getattr(module.RandomState, name)) for name, draw in legacy.items() if name != "ranf"}
    module.RandomState = type("RandomState", (module.RandomState,), states)  # type: ignore[attr-defined]
    methods = {name: _method(draw, getattr(module.Generator, name)) for name, draw in modern.items()}
    generator = type("Generator", (module.Generator,), methods)

    def default_rng(seed: Any = None) -> Any:
        return generator(own_rng(seed).bit_generator)

    own_rng = module.default_rng
    module.Generator, module.default_rng = generator, default_rng  # type: ignore[attr-defined]


def _function(draw: Callable[..., Any], own: Callable[..., Any]) -> Callable[..., Any]:
    def function(*arguments: Any, **more: Any) -> Any:
        return draw(own, *arguments, **more)

    return function


def _method(draw: Callable[..., Any], own: Callable[..., Any]) -> Callable[..., Any]:
    def method(self: Any, *arguments: Any, **more: Any) -> Any:
        return draw(lambda *a, **m: own(self, *a, **m), *arguments, **more)

    return method
