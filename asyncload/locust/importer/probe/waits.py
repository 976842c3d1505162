"""What a user waits for between two tasks."""

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from asyncload.locust.importer.findings import Wait

if TYPE_CHECKING:
    from locust import User

_SAMPLES: Final = 200
_SOURCE: Final = "locust.user.wait_time"


def wait_of(user: "User") -> Wait:
    """
    Return a user's wait time.

    Locust's own are functions whose parameters are read; one of the file's own is called some times, between plays, so
    that it draws from its own seed.

    Raises:
        Exception: Whatever the file's own function raises.
    """
    function = getattr(user.wait_time, "__func__", user.wait_time)
    if getattr(function, "__module__", "") == _SOURCE:
        kind = function.__qualname__.partition(".")[0]
        held = inspect.getclosurevars(function).nonlocals
        match kind:
            case "between":
                low_s, high_s = float(held["min_wait"]), float(held["max_wait"])
                return Wait(kind="between", low_s=low_s, high_s=high_s, mean_s=(low_s + high_s) / 2)
            case "poisson":
                mean_s = 1 / float(held["rate"])
                return Wait(kind="poisson", low_s=0.0, high_s=mean_s, mean_s=mean_s)
            case "constant" | "constant_pacing":
                wait_s = float(held["wait_time"])
                kind_ = "constant" if kind == "constant" else "pacing"
                return Wait(kind=kind_, low_s=wait_s, high_s=wait_s, mean_s=wait_s)  # type: ignore[arg-type]
    return _called(user.wait_time)


def _called(function: Callable[[], float]) -> Wait:
    waits_s = [float(function() or 0.0) for _ in range(_SAMPLES)]
    low_s, high_s = min(waits_s), max(waits_s)
    return Wait(
        kind="constant" if low_s == high_s else "own", low_s=low_s, high_s=high_s, mean_s=sum(waits_s) / _SAMPLES
    )
