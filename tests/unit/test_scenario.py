"""The scenario file: what loads, what is refused and in which words, what targets come of it."""

import json
import re
from math import isfinite
from pathlib import Path
from typing import Final

import pytest

from asyncload.errors import ScenarioError
from asyncload.plan import Plan
from asyncload.scenario import (
    Arrivals,
    Endpoint,
    FilePayload,
    Limits,
    Model,
    Points,
    Ramp,
    RandomPayload,
    RandomRows,
    Retries,
    Scenario,
    Sine,
    SineWave,
    Spike,
    SpikeShape,
    Steps,
    ThinkTime,
    Trace,
    Users,
    Zipf,
    json_schema,
    targets,
)
from asyncload.schema.document import parse

EXAMPLES: Final = Path(__file__).parents[2] / "examples"
S: Final = 1_000_000_000

PRINTED: Final = """\
name: xgboost-mme
endpoint: {name: xgboost-mme, region: us-east-1, url: http://127.0.0.1:8089, ca: ca.pem}   # region, url, ca optional
models:
  - {name: xgboost-0.tar.gz, weight: 3, content_type: text/csv, payload: "0.345,0.224414,0.131102,0.042329,0.279923,\
-0.110329,-0.099358,0.0"}
  - {name: xgboost-1.tar.gz, weight: 1, content_type: text/csv, payload: {file: rows.csv, each: line}}
  - {name: "xgb-{i}.tar.gz", count: 990, weight: 1, popularity: {zipf: 1.1}, content_type: text/csv, payload: \
{random: {columns: 8, low: 0, high: 1, pool: 1000}}}
phases:
  - {law: poisson, rate: 50/s, for: 10s, warmup: true}
  - {law: poisson, rate: 200/s, for: 2m}
  - {law: constant, rate: {from: 200/s, to: 600/s}, for: 5m}
limits: {in_flight: 1000, connections: 256, timeout: 70s}
seed: 7
transport: raw            # raw | aiohttp | sdk
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A directory with the files that scenarios of these tests name."""
    (tmp_path / "rows.csv").write_text("1,2\n3,4\n")
    (tmp_path / "empty.csv").touch()
    with (tmp_path / "big.bin").open("wb") as file:
        file.truncate(6_291_457)
    (tmp_path / "bodies").mkdir()
    (tmp_path / "bodies" / "a.json").write_text("{}")
    (tmp_path / "hollow").mkdir()
    (tmp_path / "trace.csv").write_text("timestamp\n0\n")
    (tmp_path / "ca.pem").write_text("a certificate")
    return tmp_path


def loaded(folder: Path, text: str, name: str = "scenario.yaml") -> Scenario:
    (folder / name).write_text(text)
    return Scenario.load(folder / name)


def mistakes(folder: Path, text: str) -> list[tuple[str, str]]:
    """Path and message of every mistake in a file."""
    with pytest.raises(ScenarioError) as caught:
        loaded(folder, text)
    assert caught.value.source == str(folder / "scenario.yaml")
    return [(problem.path, problem.message) for problem in caught.value.problems]


# -- what loads -------------------------------------------------------------------------------------------------------


def test_the_reference_scenario_loads_as_it_is_printed(folder: Path) -> None:
    """Every key of it arrives where it belongs, in the units of the program."""
    scenario = loaded(folder, PRINTED)
    row = "0.345,0.224414,0.131102,0.042329,0.279923,-0.110329,-0.099358,0.0"
    assert scenario == Scenario(
        name="xgboost-mme",
        endpoint=Endpoint(
            name="xgboost-mme", region="us-east-1", url="http://127.0.0.1:8089", ca=folder.absolute() / "ca.pem"
        ),
        models=(
            Model(name="xgboost-0.tar.gz", weight=3.0, content_type="text/csv", payload=row),
            Model(
                name="xgboost-1.tar.gz",
                content_type="text/csv",
                payload=FilePayload(file=folder.absolute() / "rows.csv", each="line"),
            ),
            Model(
                name="xgb-{i}.tar.gz",
                count=990,
                popularity=Zipf(zipf=1.1),
                content_type="text/csv",
                payload=RandomPayload(random=RandomRows(columns=8, low=0.0, high=1.0, pool=1000)),
            ),
        ),
        phases=(
            Arrivals(law="poisson", rate=50.0, length_ns=10 * S, warmup=True),
            Arrivals(law="poisson", rate=200.0, length_ns=120 * S),
            Arrivals(law="constant", rate=Ramp(from_per_s=200.0, to_per_s=600.0), length_ns=300 * S),
        ),
        limits=Limits(in_flight=1000, connections=256, timeout_ns=70 * S),
        seed=7,
        transport="raw",
    )


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.name)
def test_every_example_loads_and_is_what_it_writes(path: Path) -> None:
    """Also after a detour through JSON, which is how a run directory keeps it."""
    scenario = Scenario.load(path)
    assert Scenario.from_dict(json.loads(json.dumps(scenario.to_dict()))) == scenario


def test_the_original_scenario_is_an_example() -> None:
    """Two models, three to one, one row of eight numbers, a warm-up and ten seconds at 200/s."""
    scenario = Scenario.load(EXAMPLES / "xgboost.yaml")
    assert [(model.name, model.weight) for model in scenario.models] == [
        ("xgboost-0.tar.gz", 3.0),
        ("xgboost-1.tar.gz", 1.0),
    ]
    assert {model.payload for model in scenario.models} == {
        "0.345,0.224414,0.131102,0.042329,0.279923,-0.110329,-0.099358,0.0"
    }
    assert scenario.endpoint.url == "http://127.0.0.1:8089"
    assert scenario.phases == (
        Arrivals(law="poisson", rate=50.0, length_ns=2 * S, warmup=True),
        Arrivals(law="poisson", rate=200.0, length_ns=10 * S),
    )


@pytest.mark.parametrize(
    ("written", "curve"),
    [
        ("200/s", 200.0),
        ("12.5", 12.5),
        ("{from: 1/s, to: 2/s}", Ramp(from_per_s=1.0, to_per_s=2.0)),
        ("{steps: [10/s, 20, 1k/s]}", Steps(steps=(10.0, 20.0, 1000.0))),
        (
            "{sine: {mean: 10/s, amplitude: 10/s, period: 1m}}",
            Sine(sine=SineWave(mean_per_s=10.0, amplitude_per_s=10.0, period_ns=60 * S)),
        ),
        ("{points: [[0s, 10/s], [1m, 80/s], [1m, 0]]}", Points(points=((0, 10.0), (60 * S, 80.0), (60 * S, 0.0)))),
        (
            "{spike: {base: 1/s, peak: 9/s, at: 2s, for: 500ms}}",
            Spike(spike=SpikeShape(base_per_s=1.0, peak_per_s=9.0, at_ns=2 * S, length_ns=S // 2)),
        ),
    ],
)
def test_every_curve_loads(folder: Path, written: str, curve: object) -> None:
    """A union of a rate and five mappings, told apart by their keys."""
    phase = loaded(folder, scenario_text(phases=f"[{{rate: {written}, for: 1m}}]")).phases[0]
    assert isinstance(phase, Arrivals)
    assert phase.rate == curve


@pytest.mark.parametrize(
    ("written", "phase"),
    [
        ("{users: 200, for: 2m}", Users(users=200, length_ns=120 * S)),
        (
            "{users: 1, think: 250ms, for: 1s, warmup: true}",
            Users(users=1, think=S // 4, length_ns=S, warmup=True),
        ),
        (
            "{users: 20, think: {from: 1s, to: 3s}, pace: 4s, spawn: 50/s, for: 1s}",
            Users(users=20, think=ThinkTime(from_ns=S, to_ns=3 * S), pace_ns=4 * S, spawn_per_s=50.0, length_ns=S),
        ),
    ],
)
def test_a_closed_loop_loads(folder: Path, written: str, phase: Users) -> None:
    """Its users, what they do between calls, how they begin; and it is what it writes."""
    scenario = loaded(folder, scenario_text(phases=f"[{{rate: 1/s, for: 1s, warmup: true}}, {written}]"))
    assert scenario.phases[1] == phase
    assert Scenario.from_dict(json.loads(json.dumps(scenario.to_dict()))) == scenario


def test_only_new_users_need_time_to_begin(folder: Path) -> None:
    """Users of the closed phase before go on: 10 more of them at 1/s fit into 10 s."""
    phases = "[{users: 100, for: 1s}, {users: 110, spawn: 1/s, for: 10s}]"
    assert len(loaded(folder, scenario_text(phases=phases)).phases) == 2
    phases = "[{users: 100, for: 1s}, {rate: 1/s, for: 1s, warmup: true}, {users: 110, spawn: 1/s, for: 10s}]"
    [(path, message)] = mistakes(folder, scenario_text(phases=phases))
    assert path == "phases[2].spawn"
    assert message.startswith("the last of 110 new users would begin after the phase's end; expected more than 10.9/s")


def test_warm_up_may_be_of_the_other_kind(folder: Path) -> None:
    """Its numbers are kept apart."""
    for phases in (
        "[{rate: 1/s, for: 1s, warmup: true}, {users: 1, for: 1s}, {users: 2, for: 1s}]",
        "[{users: 1, for: 1s, warmup: true}, {rate: 1/s, for: 1s}]",
    ):
        assert loaded(folder, scenario_text(phases=phases)).phases


def test_traces_retries_and_the_other_payloads_load(folder: Path) -> None:
    """`on` stays a text although YAML 1.1 reads it as true."""
    scenario = loaded(
        folder,
        scenario_text(
            models="[{name: a, payload: {directory: bodies}}, {name: b, payload: {base64: AAEC}}]",
            phases="[{trace: trace.csv, speed: 2}]",
            rest="retries: {on: [not_ready, throttled], attempts: 3, backoff: {base: 50ms}}",
        ),
    )
    assert scenario.phases == (Trace(trace=folder.absolute() / "trace.csv", speed=2.0),)
    assert isinstance(scenario.retries, Retries)
    assert scenario.retries.on == ("not_ready", "throttled")
    assert scenario.retries.backoff.base_ns == 50_000_000
    assert Scenario.from_dict(scenario.to_dict()) == scenario


def test_toml_and_json_say_the_same(folder: Path) -> None:
    """The format is a matter of taste."""
    data = {"endpoint": {"name": "e"}, "models": [{"name": "a"}], "phases": [{"rate": "5/s", "for": "1s"}]}
    toml = '[endpoint]\nname = "e"\n[[models]]\nname = "a"\n[[phases]]\nrate = "5/s"\nfor = "1s"\n'
    assert loaded(folder, json.dumps(data), "s.json") == loaded(folder, toml, "s.toml") == Scenario.from_dict(data)


def test_a_scenario_built_in_code_is_judged_like_a_file(folder: Path) -> None:
    """`checked` tells the same mistakes."""
    phases = (Arrivals(rate=5.0, length_ns=S),)
    good = Scenario(endpoint=Endpoint(name="e"), models=(Model(name="a"),), phases=phases)
    assert good.checked() == good
    bad = Scenario(
        endpoint=Endpoint(name="e_e"),
        models=(Model(name="a", payload=FilePayload(file=folder / "none")),),
        phases=phases,
    )
    with pytest.raises(ScenarioError) as caught:
        bad.checked()
    assert [problem.path for problem in caught.value.problems] == ["endpoint.name", "models[0].payload.file"]


# -- what is refused --------------------------------------------------------------------------------------------------


def scenario_text(
    endpoint: str = "{name: e}", models: str = "[{name: a}]", phases: str = "[{rate: 1/s, for: 1s}]", rest: str = ""
) -> str:
    """A scenario without mistakes, but for the parts that a test gives."""
    return f"endpoint: {endpoint}\nmodels: {models}\nphases: {phases}\n{rest}"


def model(keys: str) -> str:
    return scenario_text(models=f"[{{{keys}}}]")


def phase(keys: str) -> str:
    return scenario_text(phases=f"[{{{keys}}}]")


_RATES: Final = (
    "expected a rate, not negative, such as 200/s, 1.5k/s, 600/min or 5 (per second) or {from: ..., to: ...} or"
)
_NAMES: Final = "expected letters, digits and hyphens, at most 63 characters"
_TEXTS: Final = "expected 1 to 1024 printable ASCII characters"

BAD: Final = [
    (scenario_text(models="[]"), "models", "expected a list of at least one model"),
    (scenario_text(phases="[]"), "phases", "expected a list of at least one phase"),
    (
        scenario_text(models="{name: a}"),
        "models",
        "expected a list, each entry {name: ..., label: ..., count: ..., ...}, found a",
    ),
    ("models: [{name: a}]\nphases: [{rate: 1, for: 1}]", "endpoint", "is missing; expected {name: ...}"),
    (scenario_text(rest="transprot: raw"), "transprot", "unknown key; did you mean 'transport'? legal keys: endpoint,"),
    (scenario_text(rest="transport: http"), "transport", "expected raw, aiohttp or sdk, found 'http'; did you mean"),
    (scenario_text(rest="seed: -1"), "seed", "expected a whole number from 0 to 2**63 - 1, found -1"),
    (scenario_text(rest="seed: 9223372036854775808"), "seed", "expected a whole number from 0 to 2**63 - 1"),
    (scenario_text(rest="seed: true"), "seed", "expected a whole number, found true"),
    (scenario_text(rest="name: a/b"), "name", "no slash, backslash or control character, found 'a/b'"),
    (scenario_text(rest="seed: 1\nseed: 2"), "seed", "the key stands twice (line 5)"),
    # endpoint
    (scenario_text("{name: my_endpoint}"), "endpoint.name", _NAMES),
    (scenario_text("{name: " + "e" * 64 + "}"), "endpoint.name", _NAMES),
    (scenario_text("my-endpoint"), "endpoint", "expected a mapping {name: ...}, found 'my-endpoint'"),
    (scenario_text("{name: e, region: US}"), "endpoint.region", "expected a region such as us-east-1"),
    (scenario_text("{name: e, url: 'ftp://host'}"), "endpoint.url", "expected http:// or https:// with a host"),
    (scenario_text("{name: e, url: 'https://'}"), "endpoint.url", "expected http:// or https:// with a host"),
    (scenario_text("{name: e, url: 'http://u:p@host'}"), "endpoint.url", "a user name or password in it is refused"),
    (scenario_text("{name: e, ca: cb.pem}"), "endpoint.ca", "does not exist; did you mean 'ca.pem'?"),
    # models
    (model("name: a, weight: -1"), "models[0].weight", "expected a number of at least 0, found -1"),
    (model("name: a, weight: .inf"), "models[0].weight", "expected a number, found inf"),
    (model("name: a, wieght: 1"), "models[0].wieght", "unknown key; did you mean 'weight'?"),
    (scenario_text(models="[{name: a, weight: 0}, {name: b, weight: 0}]"), "models", "at least one weight above 0"),
    (model("name: a, count: 0"), "models[0].count", "expected a whole number from 1 to"),
    (model("name: a, count: 2"), "models[0].name", "expected {i} in it, for count is 2"),
    (model("variant: a, count: 2"), "models[0].name", "expected {i} in it, for count is 2"),
    (model("name: 'a{i}', label: a, count: 2"), "models[0].label", "expected {i} in it, for count is 2"),
    (scenario_text(models="[{name: a}, {name: a}]"), "models[1]", "the target 'a' stands in models[0] too; give one a"),
    (
        scenario_text(models="[{name: 'a{i}', count: 9}, {name: a3}]"),
        "models[1]",
        "the target 'a3' stands in models[0]",
    ),
    (model("name: ''"), "models[0].name", _TEXTS),
    (model("name: ' a'"), "models[0].name", _TEXTS),
    (model(r'name: "a\r\nX-Evil: 1"'), "models[0].name", r"found 'a\r\nX-Evil: 1' of 12 characters"),
    (model(f"name: {'a' * 1025}"), "models[0].name", "of 1025 characters"),
    (model("name: 'a{i}" + "b" * 1021 + "', count: 1001"), "models[0].name", "of 1026 characters"),
    (model("name: é"), "models[0].name", _TEXTS),
    (model("name: a, variant: b_c"), "models[0].variant", _NAMES),
    (model(f"name: a, container: {'c' * 64}"), "models[0].container", _NAMES),
    (model("name: a, inference_component: -c"), "models[0].inference_component", _NAMES),
    (model(r'name: a, custom_attributes: "a\nb"'), "models[0].custom_attributes", _TEXTS),
    (model(f"name: a, custom_attributes: {'c' * 1025}"), "models[0].custom_attributes", _TEXTS),
    (model(r'name: a, content_type: "text/csv\n"'), "models[0].content_type", _TEXTS),
    (model("name: a, accept: ''"), "models[0].accept", _TEXTS),
    # popularity
    (model("name: 'a{i}', count: 3, popularity: {zipf: 0}"), "models[0].popularity.zipf", "expected a number above 0"),
    (
        model("name: 'a{i}', count: 3, popularity: {zip: 1}"),
        "models[0].popularity.zip",
        "did you mean 'zipf'? expected uniform or {zipf: ...} or {top: ..., share: ...} or {weights: ...}",
    ),
    (model("name: 'a{i}', count: 3, popularity: unifrom"), "models[0].popularity", "did you mean 'uniform'?"),
    (model("name: 'a{i}', count: 3, popularity: {top: 3, share: 1}"), "models[0].popularity.top", "below count (3)"),
    (
        model("name: 'a{i}', count: 3, popularity: {top: 1, share: 0}"),
        "models[0].popularity.share",
        "above 0, at most 1",
    ),
    (model("name: 'a{i}', count: 3, popularity: {top: 1}"), "models[0].popularity.share", "is missing"),
    (
        model("name: 'a{i}', count: 3, popularity: {weights: [1]}"),
        "models[0].popularity.weights",
        "one weight per member (3)",
    ),
    (model("name: 'a{i}', count: 2, popularity: {weights: [0, 0]}"), "models[0].popularity.weights", "weight above 0"),
    (model("name: 'a{i}', count: 2, popularity: {weights: [1, -1]}"), "models[0].popularity.weights[1]", "at least 0"),
    # payloads
    (model("name: a, payload: 5"), "models[0].payload", "expected a text or {base64: ...} or {file: ...} or"),
    (model("name: a, payload: {lines: 5}"), "models[0].payload", "found a mapping with the keys lines"),
    (model("name: a, payload: {file: row.csv}"), "models[0].payload.file", "does not exist; did you mean 'rows.csv'?"),
    (model("name: a, payload: {file: empty.csv}"), "models[0].payload.file", "is empty"),
    (model("name: a, payload: {file: bodies}"), "models[0].payload.file", "is not a file"),
    (
        model("name: a, payload: {file: big.bin}"),
        "models[0].payload.file",
        "has 6291457 bytes; expected at most 6291456",
    ),
    (model("name: a, payload: {file: rows.csv, each: lines}"), "models[0].payload.each", "did you mean 'line'?"),
    (model("name: a, payload: {directory: hollow}"), "models[0].payload.directory", "holds no file"),
    (model("name: a, payload: {directory: rows.csv}"), "models[0].payload.directory", "is not a directory"),
    (model("name: a, payload: {base64: 'a*b'}"), "models[0].payload.base64", "is not base64"),
    (
        model("name: a, payload: {random: {colums: 8}}"),
        "models[0].payload.random.colums",
        "unknown key; did you mean 'columns'? legal keys: columns, rows, low, high, pool, format",
    ),
    (
        model("name: a, payload: {random: {columns: 0}}"),
        "models[0].payload.random.columns",
        "expected a whole number from 1",
    ),
    (model("name: a, payload: {random: {columns: 1, low: 1}}"), "models[0].payload.random.high", "above low (1)"),
    (
        model("name: a, payload: {random: {columns: 10000, pool: 10001}}"),
        "models[0].payload.random.pool",
        "expected columns * rows * pool of at most 100000000",
    ),
    # phases
    (
        phase("rat: 1/s, for: 1s"),
        "phases[0].rat",
        "did you mean 'rate'? expected {rate: ..., for: ...} or {trace: ...} or {users: ..., for: ...}",
    ),
    (phase("rate: 1/s"), "phases[0].for", "is missing; expected a duration above 0"),
    (
        phase("warmup: true"),
        "phases[0]",
        "expected {rate: ..., for: ...} or {trace: ...} or {users: ..., for: ...}, found a mapping with the keys",
    ),
    (phase("rate: 1/s, for: 0s"), "phases[0].for", "expected a duration above 0"),
    (phase("rate: 1/s, for: 1 fortnight"), "phases[0].for", "expected a duration, not negative, such as 250ms"),
    (phase("rate: -5/s, for: 1s"), "phases[0].rate", _RATES),
    (phase("rate: -5, for: 1s"), "phases[0].rate", _RATES),
    (phase("rate: .nan, for: 1s"), "phases[0].rate", _RATES),
    (phase("rate: {form: 1, to: 2}, for: 1s"), "phases[0].rate.form", "did you mean 'from'? expected a rate"),
    (phase("rate: {steps: []}, for: 1s"), "phases[0].rate.steps", "expected a list of at least one rate"),
    (phase("rate: {points: []}, for: 1s"), "phases[0].rate.points", "expected a list of at least one [time, rate]"),
    (phase("rate: {points: [[1s]]}, for: 1s"), "phases[0].rate.points[0]", "expected a list of 2"),
    (phase("rate: {points: [[2s, 1], [1s, 1]]}, for: 9s"), "phases[0].rate.points[1]", "comes before the point at 2s"),
    (
        phase("rate: {sine: {mean: 5, amplitude: 6, period: 1s}}, for: 1s"),
        "phases[0].rate.sine.amplitude",
        "expected at most the mean (5/s), else the rate would be negative",
    ),
    (
        phase("rate: {sine: {mean: 5, amplitude: 5, period: 0}}, for: 1s"),
        "phases[0].rate.sine.period",
        "duration above 0",
    ),
    (phase("law: possion, rate: 1, for: 1s"), "phases[0].law", "did you mean 'poisson'?"),
    (phase("law: uniform, jitter: 0, rate: 1, for: 1s"), "phases[0].jitter", "above 0, at most 1"),
    (phase("law: poisson, jitter: 0.5, rate: 1, for: 1s"), "phases[0].jitter", "has no meaning for the law poisson"),
    (phase("law: gamma, burstiness: 0, rate: 1, for: 1s"), "phases[0].burstiness", "expected a number above 0"),
    (phase("burstiness: 4, rate: 1, for: 1s"), "phases[0].burstiness", "has no meaning for the law poisson"),
    (phase("trace: trac.csv"), "phases[0].trace", "does not exist; did you mean 'trace.csv'?"),
    (phase("trace: trace.csv, speed: 0"), "phases[0].speed", "expected a number above 0"),
    (phase("users: 0, for: 1s"), "phases[0].users", "expected a whole number from 1 to 1000000"),
    (phase("users: 1.5, for: 1s"), "phases[0].users", "expected a whole number, found 1.5"),
    (phase("users: 1"), "phases[0].for", "is missing; expected a duration above 0"),
    (phase("users: 1, for: 0s"), "phases[0].for", "expected a duration above 0"),
    (phase("users: 1, for: 1s, thnik: 1s"), "phases[0].thnik", "unknown key; did you mean 'think'?"),
    (phase("users: 1, for: 1s, think: soon"), "phases[0].think", "expected a duration, not negative, such as 250ms"),
    (phase("users: 1, for: 1s, think: {from: 2s, to: 1s}"), "phases[0].think.to", "expected at least `from` (2s)"),
    (phase("users: 1, for: 1s, pace: 0s"), "phases[0].pace", "expected a duration above 0"),
    (phase("users: 1, for: 1s, spawn: 0/s"), "phases[0].spawn", "expected a rate above 0, such as 50/s"),
    (phase("users: 100, for: 1s, spawn: 99/s"), "phases[0].spawn", "the last of 100 new users would begin after"),
    (
        phase("users: 257, for: 1s"),
        "phases[0].users",
        "257 users wait for as many replies at once, and limits.connections is 256; raise limits.connections to 257",
    ),
    (
        scenario_text(phases="[{users: 9, for: 1s}]", rest="limits: {in_flight: 8}"),
        "phases[0].users",
        "limits.in_flight is 8; raise limits.in_flight to 9, else they would wait for each other",
    ),
    (
        scenario_text(phases="[{rate: 1/s, for: 1s}, {users: 1, for: 1s}]"),
        "phases[1]",
        "is a closed loop, and another measured phase is an open one, whose numbers mean something else; mark",
    ),
    # limits, retries
    (scenario_text(rest="limits: {in_flight: 0}"), "limits.in_flight", "expected a whole number from 1"),
    (scenario_text(rest="limits: {connections: 0}"), "limits.connections", "expected a whole number from 1"),
    (scenario_text(rest="limits: {timeout: 0}"), "limits.timeout", "expected a duration above 0"),
    (scenario_text(rest="limits: {response_bytes: 1.5}"), "limits.response_bytes", "expected a whole number of bytes"),
    (scenario_text(rest="retries: {on: []}"), "retries.on", "expected a list of at least one outcome"),
    (scenario_text(rest="retries: {on: [not-ready]}"), "retries.on[0]", "did you mean 'not_ready'?"),
    (scenario_text(rest="retries: {on: [timeout], attempts: 0}"), "retries.attempts", "from 1 to 100"),
    # objectives, stop rules
    (scenario_text(rest="slo: p99 < 250ms"), "slo", "expected a list, each entry an objective in quotes"),
    (scenario_text(rest="slo: [{p99: 250ms}]"), "slo[0]", "expected an objective in quotes, such as"),
    (scenario_text(rest="slo: [calls > 1, p98x < 1s]"), "slo[1]", "'p98x' (column 1): unknown metric"),
    (scenario_text(rest='slo: ["p99{model=b} < 1s"]'), "slo[0]", "'b': matches no model; there are 'a'"),
    (scenario_text(rest="slo: [corrected.p99 < 1s]"), "slo[0]", "an open loop omits no call"),
    (
        scenario_text(phases="[{users: 9, for: 1s}]", rest="slo: [achieved > 99%]"),
        "slo[0]",
        "a closed loop is asked for no rate",
    ),
    (scenario_text(rest="stop: [error_rate > 5%]"), "stop[0]", "expected `for` and a duration behind it"),
    (scenario_text(rest='stop: ["errors{model=b} > 5 for 3s"]'), "stop[0]", "'b': matches no model"),
]


@pytest.mark.parametrize(("text", "path", "message"), BAD, ids=[f"{i}-{row[1]}" for i, row in enumerate(BAD)])
def test_one_mistake_is_told_with_its_place_and_what_is_legal(folder: Path, text: str, path: str, message: str) -> None:
    """Once, and nothing else is."""
    [(found_path, found)] = mistakes(folder, text)
    assert found_path == path
    assert message in found


SIX = """\
endpoint: {name: my_endpoint}
models:
  - {name: a, wieght: 3}
  - {name: b, payload: {random: {columns: 0}}}
  - {name: "c{i}", count: 5, popularity: {weights: [1, 2]}}
phases:
  - {rate: -1/s, for: 10s}
limits: {in_flight: none}
"""


def test_six_mistakes_are_told_at_once(folder: Path) -> None:
    """Of structure and of sense, in the order of the file, each with its line."""
    assert [(path, re.findall(r"\(line (\d+)\)$", message)) for path, message in mistakes(folder, SIX)] == [
        ("endpoint.name", ["1"]),
        ("models[0].wieght", ["3"]),
        ("models[1].payload.random.columns", ["4"]),
        ("models[2].popularity.weights", ["5"]),
        ("phases[0].rate", ["7"]),
        ("limits.in_flight", ["8"]),
    ]


def test_mistakes_in_objectives_are_told_beside_those_of_structure(folder: Path) -> None:
    """For the grammar of a text needs nothing else of the scenario."""
    text = scenario_text(rest="sede: 5\nslo:\n  - p99 < 250ms\n  - p98x = 250\nstop: [errors > 1]")
    assert [(path, re.findall(r"\(line (\d+)\)$", message)) for path, message in mistakes(folder, text)] == [
        ("sede", ["4"]),
        ("slo[1]", ["7"]),
        ("stop[0]", ["8"]),
    ]


def test_objectives_change_no_stimulus(folder: Path) -> None:
    """Nor does a stop rule; both come back as they were written."""
    rest = 'slo: ["p99{model=a}<250ms", "not_ready == 0"]\nstop: [error_rate > 5% for 10s]'
    scenario, plain = loaded(folder, scenario_text(rest=rest)), loaded(folder, scenario_text())
    assert (scenario.slo, scenario.stop) == (("p99{model=a}<250ms", "not_ready == 0"), ("error_rate > 5% for 10s",))
    assert Scenario.from_dict(json.loads(json.dumps(scenario.to_dict()))) == scenario
    assert Plan(scenario).digest() == Plan(plain).digest()


def test_the_error_reads_well(folder: Path) -> None:
    """File, count, and one line per mistake."""
    with pytest.raises(ScenarioError) as caught:
        loaded(folder, scenario_text(rest="seed: -1\ntransport: raww"))
    assert str(caught.value).splitlines() == [
        f"{folder}/scenario.yaml: 2 mistakes",
        "  seed: expected a whole number from 0 to 2**63 - 1, found -1 (line 4)",
        "  transport: expected raw, aiohttp or sdk, found 'raww'; did you mean 'raw'? (line 5)",
    ]


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    """As a mistake of the scenario, like any other."""
    with pytest.raises(ScenarioError, match=r"none\.yaml: 1 mistake\n  cannot be read: No such file or directory"):
        Scenario.load(tmp_path / "none.yaml")


def test_a_certificate_file_is_needed_only_for_https(folder: Path) -> None:
    """Over http:// it is not read."""
    loaded(folder, scenario_text("{name: e, url: 'http://127.0.0.1', ca: none.pem}"))
    assert [path for path, _ in mistakes(folder, scenario_text("{name: e, url: 'https://h', ca: none.pem}"))] == [
        "endpoint.ca"
    ]


# -- targets ----------------------------------------------------------------------------------------------------------


def test_a_family_expands_in_the_order_of_its_members() -> None:
    """Indices count through the models of the file."""
    found = targets([Model(name="a"), Model(name="b{i}", count=3), Model(name="c")])
    assert [(target.label, target.family, target.member) for target in found] == [
        ("a", 0, 0), ("b0", 1, 0), ("b1", 1, 1), ("b2", 1, 2), ("c", 2, 0),
    ]  # fmt: skip


def test_headers_have_the_names_of_the_api_and_a_fixed_order() -> None:
    """The member's number stands in each of them."""
    everything = Model(
        name="m{i}", count=2, content_type="text/csv", accept="application/json", custom_attributes="trace={i}",
        variant="v{i}", inference_component="ic{i}", container="c{i}", weight=1.0,
    )  # fmt: skip
    assert targets([everything])[1].headers == (
        ("Content-Type", "text/csv"),
        ("Accept", "application/json"),
        ("X-Amzn-SageMaker-Target-Model", "m1"),
        ("X-Amzn-SageMaker-Target-Variant", "v1"),
        ("X-Amzn-SageMaker-Inference-Component", "ic1"),
        ("X-Amzn-SageMaker-Target-Container-Hostname", "c1"),
        ("X-Amzn-SageMaker-Custom-Attributes", "trace=1"),
    )
    assert targets([Model()])[0].headers == (("Content-Type", "application/octet-stream"),)


def test_labels_say_what_tells_targets_apart() -> None:
    """The name; without it the next that there is; with more of them where names are equal; or what the user says."""
    models = [
        Model(name="a", variant="v1"), Model(name="a", variant="v2"), Model(name="a", label="mine"), Model(variant="v"),
        Model(inference_component="ic"), Model(container="c"), Model(), Model(name="f", variant="x{i}", count=2),
    ]  # fmt: skip
    labels = [target.label for target in targets(models)]
    assert labels == ["a v1", "a v2", "mine", "v", "ic", "c", "endpoint", "f x0", "f x1"]


# -- JSON Schema ------------------------------------------------------------------------------------------------------


def fits(data: object, schema: object, root: object) -> bool:
    """Whether data is valid by the keywords that the exported schema uses."""
    assert isinstance(schema, dict)
    assert isinstance(root, dict)
    number = isinstance(data, int | float) and not isinstance(data, bool) and isfinite(data)
    types = {
        "object": isinstance(data, dict), "array": isinstance(data, list), "string": isinstance(data, str),
        "number": number, "integer": isinstance(data, int | float) and number and data % 1 == 0, "null": data is None,
        "boolean": isinstance(data, bool),
    }  # fmt: skip
    if "$ref" in schema and not fits(data, root["$defs"][schema["$ref"].removeprefix("#/$defs/")], root):
        return False
    if "anyOf" in schema and not any(fits(data, option, root) for option in schema["anyOf"]):
        return False
    if ("type" in schema and not types[schema["type"]]) or ("enum" in schema and data not in schema["enum"]):
        return False
    if isinstance(data, dict) and "properties" in schema:
        inner = schema["properties"]
        return data.keys() <= inner.keys() and data.keys() >= set(schema.get("required", ())) and all(
            fits(value, inner[key], root) for key, value in data.items()
        )  # fmt: skip
    if isinstance(data, list):
        kinds = schema.get("prefixItems", [schema.get("items")] * len(data))
        if not schema.get("minItems", 0) <= len(data) <= schema.get("maxItems", len(data)):
            return False
        return all(fits(value, kind, root) for value, kind in zip(data, kinds, strict=True) if kind is not None)
    if isinstance(data, str):
        if not schema.get("minLength", 0) <= len(data) <= schema.get("maxLength", len(data)):
            return False
        return re.search(schema.get("pattern", ""), data) is not None
    if isinstance(data, int | float) and number:
        low, above, high = (schema.get(word) for word in ("minimum", "exclusiveMinimum", "maximum"))
        return (low is None or data >= low) and (above is None or data > above) and (high is None or data <= high)
    return True


def test_the_json_schema_allows_what_loads(folder: Path) -> None:
    """The examples, as they are written and as they are written back."""
    schema = json.loads(json.dumps(json_schema()))
    for path in (*EXAMPLES.glob("*.yaml"), folder / "printed.yaml"):
        if path.parent == folder:
            path.write_text(PRINTED)
        assert fits(parse(path).data, schema, schema)
        assert fits(Scenario.load(path).to_dict(), schema, schema)


_MISTAKES_OF_SENSE: Final = (
    "the key stands twice",
    "at least one weight above 0",
    "expected {i} in it",
    "stands in models[0]",
    "with a host",
    "a user name",
    "does not exist",
    "is empty",
    "is not a",
    "has 6291457",
    "holds no file",
    "is not base64",
    "above low",
    "columns * rows * pool",
    "comes before",
    "at most the mean",
    "has no meaning",
    "below count",
    "one weight per member",
    "weight above 0",
    "printable ASCII",
    "of 1025 characters",
    "of 1026 characters",
    "of 12 characters",
    _NAMES,
    "duration above 0",
    "whole number of bytes",
    "at least `from`",
    "rate above 0",
    "new users would begin",
    "users wait for as many replies",
    "raise limits.",
    "is a closed loop",
    "unknown metric",
    "matches no model",
    "an open loop omits",
    "a closed loop is asked",
    "expected `for`",
)
"""What no JSON Schema, or none that an editor would check, can say."""


@pytest.mark.parametrize("row", [row for row in BAD if not any(text in row[2] for text in _MISTAKES_OF_SENSE)])
def test_the_json_schema_refuses_mistakes_of_structure(folder: Path, row: tuple[str, str, str]) -> None:
    """So an editor marks them before anything is run."""
    (folder / "bad.yaml").write_text(row[0])
    schema = json.loads(json.dumps(json_schema()))
    assert not fits(parse(folder / "bad.yaml").data, schema, schema)


def test_every_key_is_described() -> None:
    """An editor has something to show for each key but those that a mapping only groups."""
    schema = json.loads(json.dumps(json_schema()))
    records = {"Scenario": schema, **schema["$defs"]}
    silent = [
        f"{name}.{key}" for name, record in records.items() for key, entry in record["properties"].items()
        if "description" not in entry
    ]  # fmt: skip
    assert silent == []
    assert all(record["description"] for record in records.values())
