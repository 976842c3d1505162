"""What a stall implies for whoever arrives at a steady rate and waits from the moment of arrival."""


def implied_ms(q: float, length_ms: float, stall_ms: float, service_ms: float) -> float:
    """
    Quantile of response times of steady arrivals at an endpoint that stands still once.

    Every call takes the same time. One that arrives before the stall and would end within it is held up for all of it;
    one that arrives within it waits for what is left of it; no other call is held up. Counted from the worst, the first
    `service_ms` of arrivals take service + stall, and each later arrival by as much less as it came later.

    Args:
        q: In [0, 1].
        length_ms: Of the arrivals; the stall and the calls that it holds up lie within.
        stall_ms: How long the endpoint stands still.
        service_ms: What a call takes otherwise; at most `length_ms` - `stall_ms`.
    Source:
        The distribution of the wait is uniform on [0, stall] with weight stall / length: see also Gil Tene, "How NOT to
        Measure Latency", on what a stall of known length must do to a percentile.
    """
    later_ms = max((1 - q) * length_ms - service_ms, 0.0)
    return service_ms + max(stall_ms - later_ms, 0.0)
