"""Hypothesis strategies that several property tests share: curves, phases, models, scenarios."""

from hypothesis import strategies as st

from asyncload.scenario import (
    Arrivals,
    Curve,
    Endpoint,
    Law,
    Model,
    Points,
    Popularity,
    Ramp,
    RandomPayload,
    RandomRows,
    Scenario,
    Sine,
    SineWave,
    Spike,
    SpikeShape,
    Steps,
    Top,
    Weights,
    Zipf,
)

S = 1_000_000_000
LAWS: tuple[Law, ...] = ("constant", "poisson", "gamma", "uniform")

seeds = st.integers(0, 2**64)
lengths_ns = st.integers(1, 20 * S)
rates_per_s = st.one_of(st.just(0.0), st.floats(0.01, 500.0), st.integers(1, 500).map(float))
times_ns = st.integers(0, 25 * S)


@st.composite
def sines(draw: st.DrawFn) -> Sine:
    mean = draw(st.floats(0.01, 300.0))
    amplitude = draw(st.one_of(st.just(mean), st.floats(0.0, mean)))
    return Sine(
        sine=SineWave(mean_per_s=mean, amplitude_per_s=amplitude, period_ns=draw(st.integers(1_000_000, 30 * S)))
    )


points = st.lists(st.tuples(times_ns, rates_per_s), min_size=1, max_size=6).map(
    lambda pairs: Points(points=tuple(sorted(pairs, key=lambda pair: pair[0])))
)
spikes = st.builds(SpikeShape, base_per_s=rates_per_s, peak_per_s=rates_per_s, at_ns=times_ns, length_ns=times_ns).map(
    lambda shape: Spike(spike=shape)
)
ramps = st.builds(Ramp, from_per_s=rates_per_s, to_per_s=rates_per_s)
steps = st.lists(rates_per_s, min_size=1, max_size=8).map(lambda rates: Steps(steps=tuple(rates)))

curves: st.SearchStrategy[Curve] = st.one_of(rates_per_s, ramps, steps, points, spikes, sines())

phases = st.builds(
    Arrivals,
    law=st.sampled_from(LAWS),
    rate=curves,
    length_ns=lengths_ns,
    burstiness=st.floats(0.05, 20.0),
    jitter=st.floats(0.0, 1.0),
    warmup=st.booleans(),
)

payloads = st.one_of(
    st.just("1,2,3"),
    st.integers(1, 1000).map(lambda pool: RandomPayload(random=RandomRows(columns=2, pool=pool))),
)


@st.composite
def families(draw: st.DrawFn, number: int) -> Model:
    """A model or a family; `number` keeps the names of one scenario apart."""
    count = draw(st.integers(1, 40))
    popularity: Popularity = draw(
        st.one_of(
            st.just("uniform"),
            st.floats(0.0, 3.0).map(lambda exponent: Zipf(zipf=exponent)),
            st.builds(Top, top=st.integers(1, count), share=st.floats(0.0, 1.0)),
            st.lists(st.floats(0.1, 10.0), min_size=count, max_size=count).map(lambda w: Weights(weights=tuple(w))),
        )
    )
    return Model(
        name=f"m{number}-{{i}}.tar.gz",
        count=count,
        weight=draw(st.floats(0.1, 10.0)),
        popularity=popularity,
        payload=draw(payloads),
    )


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    """Up to three phases over up to three families; a few thousand arrivals at most."""
    return Scenario(
        endpoint=Endpoint(name="mme"),
        models=tuple(draw(families(number)) for number in range(draw(st.integers(1, 3)))),
        phases=tuple(draw(st.lists(phases, min_size=1, max_size=3))),
        seed=draw(seeds),
    )
