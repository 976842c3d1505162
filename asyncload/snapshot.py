"""What a run looks like at the end of one of its seconds, for whoever watches it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from asyncload.record import METRICS, Second
from asyncload.result import WARMUP, Health, ModelResult, SecondResult
from asyncload.traceparent import Span


@dataclass(frozen=True)
class Snapshot:
    """One second of a run that is under way."""

    row: SecondResult
    """The second, all targets together."""
    elapsed_ns: int
    """From the plan's zero; negative while it has not begun."""
    length_ns: int
    """Of the whole plan."""
    rate_per_s: float
    """What the plan's rate curve asks of this rank at this moment; NaN in a closed phase, which asks for none."""
    users: int
    """Users of this rank who take part at this moment, or did when the plan ended; 0 but in a closed phase."""
    warmup: bool
    """Whether this second lies in a warm-up phase."""
    health: Health
    names: Sequence[str]
    """Labels of the targets."""
    second: Second
    digest: str = ""
    """SHA-256 of the global plan."""
    spans: Sequence[Span] = ()
    """Sampled requests that have ended since the last snapshot, where `Options.spans` asks for them."""
    spans_left_out: int = 0
    """How many more there were since the start of the run, beyond `traceparent.MOST_SPANS` a second."""

    @cached_property
    def models(self) -> tuple[ModelResult, ...]:
        """Results of this second for each target that had a reply; the warm-up of all targets counts as one."""
        active = np.flatnonzero(self.second.outcomes.any(axis=1)).tolist()
        return tuple(
            ModelResult(
                self.names[index] if index < len(self.names) else WARMUP,
                tuple(self.second.outcomes[index].tolist()),
                int(self.second.received[index]),
                *(self.second.histogram(index, metric) for metric in range(len(METRICS))),
                retries=int(self.second.retries[index]),
            )
            for index in active
        )
