"""The stages of a plan, one after the other: open ones are walked along, closed ones are a crowd."""

from collections.abc import Sequence

from asyncload.drive.crowd import Crowd
from asyncload.drive.walk import Walk
from asyncload.drive.wiring import Wiring
from asyncload.stages import OpenStage, Stage

BLOCK = 1024
"""Arrivals drawn at once while driving: some 0.2 ms of work."""


class Drive:
    """One drive of one plan; its tally may be read at any time."""

    def __init__(self, stages: Sequence[Stage], wiring: Wiring) -> None:
        """
        Args:
            stages: The plan's, or a shard's; small blocks (`BLOCK`) keep the pauses between them short.
            wiring: What to send through.
        """
        self.tally = wiring.tally
        self._stages = [
            Walk(stage.blocks, wiring) if isinstance(stage, OpenStage) else Crowd(stage.stints, wiring)
            for stage in stages
        ]

    async def run(self, start_ns: int) -> None:
        """
        Send the whole plan; returns when nothing more is to be sent, or after `stop`, with replies still to come.

        Args:
            start_ns: CLOCK_MONOTONIC time of the plan's zero; a little ahead of now.

        Whatever the plan or the calls raise while they are drawn, this raises.
        """
        # All at once: to draw a stage's first calls when its time has come would make them late.
        for stage in self._stages:
            stage.prepare(start_ns)
        for stage in self._stages:
            await stage.run()

    def stop(self) -> None:
        """Send nothing more; `run` returns soon."""
        for stage in self._stages:
            stage.stop()
