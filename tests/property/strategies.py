"""Hypothesis strategies that several property tests share: curves, phases, models, scenarios."""

from base64 import b64encode
from pathlib import Path

from hypothesis import strategies as st

from asyncload.call import Outcome
from asyncload.formats.reading import Since
from asyncload.formats.recording import Recording
from asyncload.scenario import (
    Arrivals,
    Base64Payload,
    Curve,
    DirectoryPayload,
    Endpoint,
    FilePayload,
    Law,
    Model,
    Payload,
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
from tests.unit.recordings import Made, S, recording, settled

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


# -- scenarios that are sent: every kind of payload, popularity and header ---------------------------------------------

_TEXTS = st.text(
    st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="{}"), min_size=1, max_size=12
)
_NAMES = st.from_regex(r"[a-zA-Z](-?[a-zA-Z0-9]){0,6}", fullmatch=True)
_SHARES = st.floats(0.01, 10.0)


def write_payloads(folder: Path) -> None:
    """Write the files that `sent_payloads` names."""
    (folder / "lines.csv").write_bytes(b"1,2\n3,4\r\n\n 5,6 \n")
    (folder / "doubled.csv").write_bytes(b"a\nb\na\n\xff\n")
    (folder / "records.jsonl").write_text('{"a": [1, 2.5]}\n["\u00fc", null]\n')
    (folder / "large.bin").write_bytes(bytes(range(256)) * 8)
    (folder / "bodies").mkdir()
    for name in ("one", "two", "three"):
        (folder / "bodies" / name).write_bytes(name.encode() + b"\n\n")


def sent_payloads(folder: Path) -> st.SearchStrategy[Payload]:
    """Payloads of every kind; `folder` is one that `write_payloads` has filled."""
    return st.one_of(
        st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
        st.binary(max_size=30).map(lambda body: Base64Payload(base64=b64encode(body).decode())),
        st.sampled_from(["lines.csv", "doubled.csv"]).map(lambda name: FilePayload(file=folder / name, each="line")),
        st.just(FilePayload(file=folder / "records.jsonl", each="jsonl")),
        st.just(FilePayload(file=folder / "large.bin")),
        st.just(DirectoryPayload(directory=folder / "bodies")),
        st.integers(1, 12).map(lambda pool: RandomPayload(random=RandomRows(columns=3, rows=2, pool=pool))),
    )


def _popularities(count: int) -> st.SearchStrategy[Popularity]:
    laws: list[st.SearchStrategy[Popularity]] = [
        st.just("uniform"),
        st.floats(0.1, 2.0).map(lambda exponent: Zipf(zipf=exponent)),
        st.lists(_SHARES, min_size=count, max_size=count).map(lambda weights: Weights(weights=tuple(weights))),
    ]
    if count > 1:
        laws.append(st.builds(Top, top=st.integers(1, count - 1), share=st.floats(0.05, 0.999)))
    return st.one_of(laws)


@st.composite
def sent_families(draw: st.DrawFn, number: int, folder: Path) -> Model:
    """A model or a family with any headers; `number` keeps the targets of one scenario apart."""
    count = draw(st.sampled_from([1, 1, 2, 3, 17]))
    follows = "{i}" if count > 1 else draw(st.sampled_from(["", "7", "0"]))
    name = draw(st.sampled_from([f"f{number}/m-{follows}.tar.gz", f"{number}x{follows}", f"f{number}-1-{follows}.bin"]))
    maybe = st.booleans()
    return Model(
        name=name,
        label=draw(_TEXTS) + f" {number}.{follows}" if draw(maybe) else None,
        count=count,
        weight=draw(st.one_of(_SHARES, st.integers(1, 9).map(float))),
        popularity=draw(_popularities(count)),
        payload=draw(sent_payloads(folder)),
        content_type=draw(st.sampled_from(["text/csv", "application/json", "application/octet-stream", "x/y; a=b"])),
        accept=draw(st.sampled_from(["application/json", "text/csv"])) if draw(maybe) else None,
        custom_attributes=draw(_TEXTS) + (follows if draw(maybe) else "") if draw(maybe) else None,
        inference_id=draw(maybe),
        variant=draw(_NAMES) if draw(maybe) else None,
        container=draw(_NAMES) if draw(maybe) else None,
    )


@st.composite
def sent_scenarios(draw: st.DrawFn, folder: Path) -> Scenario:
    """One phase over up to four models and families."""
    return Scenario(
        endpoint=Endpoint(name="mme", region=draw(st.sampled_from(["us-east-1", "eu-central-1"]))),
        models=tuple(draw(sent_families(number, folder)) for number in range(draw(st.integers(1, 4)))),
        phases=(Arrivals(rate=20.0, length_ns=10 * S),),
        seed=draw(st.integers(0, 1000)),
    )


# -- runs that were recorded -------------------------------------------------------------------------------------------

target_names = st.lists(
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=12), min_size=3, max_size=3, unique=True
)
made_calls = st.lists(
    st.builds(
        Made,
        due_ns=st.integers(0, 4 * S),
        model=st.integers(0, 2),
        service_us=st.one_of(st.integers(0, 3_000), st.integers(0, 3_000_000)),
        late_us=st.integers(0, 500_000),
        outcome=st.one_of(st.just(Outcome.OK), st.sampled_from(list(Outcome))),
        received=st.integers(0, 10**6),
    ),
    max_size=60,
)
since: st.SearchStrategy[Since] = st.sampled_from(["sent", "due"])


@st.composite
def recordings(draw: st.DrawFn) -> Recording:
    """Runs of three targets with any names, with a warm-up of either kind or without, whose calls end in any way."""
    run = recording(draw(made_calls), draw(target_names), length_s=4, warmup_s=draw(st.integers(0, 2)))
    return settled(run, draw(st.sampled_from([0, 0, 1, 3])))
