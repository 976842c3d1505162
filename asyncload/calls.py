"""
Calls, made on first use.

A thousand models with a thousand payloads each are a million calls, of which a run may need few: each is made when the
plan first names it, and shares its headers with the model's other calls and its body with the family's.
"""

from collections.abc import Sequence
from urllib.parse import quote

from asyncload.call import Call
from asyncload.payload import Pool
from asyncload.scenario import Scenario, targets

_MOST = 262_144
"""Calls kept; beyond it all are forgotten and made again on use, some 1 us each."""


def key(model: int, payload: int) -> int:
    """Key of the call that sends payload number `payload` to target number `model`."""
    return model << 32 | payload


class CallBook(dict[int, Call]):
    """From `key(model, payload)` to the call; a missing one is made."""

    def __init__(self, scenario: Scenario, pools: Sequence[Pool]) -> None:
        """
        Args:
            scenario: Names the endpoint and the models.
            pools: One per entry of `scenario.models`.
        """
        super().__init__()
        self._path = f"/endpoints/{quote(scenario.endpoint.name, safe='')}/invocations"
        self._targets = targets(scenario.models)
        self._with_id = [model.inference_id for model in scenario.models]
        self._pools = pools

    def __missing__(self, key: int) -> Call:
        if len(self) >= _MOST:
            self.clear()
        index, number = key >> 32, key & 0xFFFFFFFF
        target = self._targets[index]
        payload = self._pools[target.family][number]
        call = Call(
            index, self._path, target.headers, payload.body, payload.sha256, inference_id=self._with_id[target.family]
        )
        self[key] = call
        return call
