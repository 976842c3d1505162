"""The emulator's configuration file."""

from pathlib import Path

import pytest

from asyncload.emulator.config.emulator import DEMO_CREDENTIALS, Emulator, json_schema, presets
from asyncload.emulator.config.endpoint import (
    Download,
    EndpointPlayed,
    ModelPlayed,
    TextAnswer,
    VariantPlayed,
)
from asyncload.emulator.config.faults import ErrorReply, Stall
from asyncload.emulator.config.laws import Fixed, FromQuantiles, LogNormal
from asyncload.errors import ScenarioError, UsageError

MS = 1_000_000
S = 1_000_000_000

GOOD = """
endpoints:
  - name: my-mme
    concurrency: 10
    variants:
      - {name: blue, weight: 3, instances: 2, instance: {memory: 1GiB, disk: 2GiB, vcpus: 2, workers: 2, queue: 3}}
      - {name: green, weight: 0}
    download: {latency: {fixed: 150ms}, bandwidth: 50MiB/s}
    load: {lognormal: {median: 350ms, sigma: 0.25}}
    eviction: lfu
    detect: 2s
    replace: null
    models:
      - {name: "xgb-{i}.tar.gz", count: 3, service: {fixed: 0s}, answer: echo, memory: 200MiB, load: {fixed: 1s}}
      - {name: "xgb-*.tar.gz", service: {lognormal: {median: 4ms, sigma: 0.3}}, answer: {text: "4.5"}}
      - {name: "*", service: {quantiles: {p50: 4ms, p99_9: 50ms}}, error_ratio: 0.1}
credentials:
  - {access_key: ASIAEXAMPLE, secret_key: another, token: session-token}
idle_close: 1500ms
time_scale: 0.01
faults:
  - {stall: 200ms, after: 1s}
  - {error: ModelError, models: "xgb-*", ratio: 0.5}
seed: 7
"""

BAD = """
endpoints:
  - name: my-mme
    worker: 3
    variants:
      - {name: blue, instances: 0, instance: {workers: 0, memory: 0B, queue: -1}}
      - {name: blue, weight: -1}
    models:
      - {name: a, service: {lognormal: {median: 0ms, sigma: -1}}}
      - {name: b, service: {quantiles: {p50: 4ms, p90: 3ms}}}
      - {name: c, service: {quantiles: {}}}
      - {name: d, error_ratio: 2, error_status: 200}
      - {name: e, count: 0}
time_scale: 0
faults:
  - {refuse: true}
"""


def test_a_file_says_what_is_played(tmp_path: Path) -> None:
    """Units are read, laws and answers are told apart, the rest has its defaults."""
    (tmp_path / "emulator.yaml").write_text(GOOD)
    config = Emulator.load(tmp_path / "emulator.yaml")
    (endpoint,) = config.endpoints
    family, second, third = endpoint.models
    assert (endpoint.concurrency, endpoint.eviction, endpoint.cache, endpoint.multi_model) == (10, "lfu", True, True)
    assert (endpoint.detect_ns, endpoint.replace_ns) == (2 * S, None)
    assert endpoint.download == Download(latency=Fixed(fixed_ns=150 * MS), bandwidth_bytes_per_s=50 * 2**20)
    assert (family.count, family.memory_bytes, family.load) == (3, 200 * 2**20, Fixed(fixed_ns=S))
    assert isinstance(second.service, LogNormal)
    assert isinstance(third.service, FromQuantiles)
    assert (family.answer, second.answer, third.error_ratio) == ("echo", TextAnswer(text="4.5"), 0.1)
    assert third.service.quantiles.points() == [(0.5, 4 * MS), (pytest.approx(0.999), 50 * MS)]
    assert (config.credentials[0].token, config.idle_close_ns, config.seed) == ("session-token", 1500 * MS, 7)
    assert config.time_scale == 0.01
    assert config.faults == (
        Stall(stall_ns=200 * MS, after_ns=S),
        ErrorReply(error="ModelError", models="xgb-*", ratio=0.5),
    )


def test_each_variant_has_instances_of_its_own_shape(tmp_path: Path) -> None:
    """Workers, queue, memory and disk belong to a variant's instance; what is not given has its default."""
    (tmp_path / "emulator.yaml").write_text(GOOD)
    blue, green = Emulator.load(tmp_path / "emulator.yaml").endpoints[0].variants
    shape = blue.instance
    assert (blue.weight, blue.instances, green.weight, green.instances) == (3, 2, 0, 1)
    assert (shape.workers, shape.queue, shape.vcpus) == (2, 3, 2)
    assert (shape.memory_bytes, shape.disk_bytes) == (2**30, 2 * 2**30)
    assert green.instance == VariantPlayed().instance


def test_every_mistake_is_reported_at_once(tmp_path: Path) -> None:
    """Each wrong place of a file is named, a misspelt key included."""
    (tmp_path / "emulator.yaml").write_text(BAD)
    with pytest.raises(ScenarioError) as caught:
        Emulator.load(tmp_path / "emulator.yaml")
    models, blue = "endpoints[0].models", "endpoints[0].variants[0]"
    assert {problem.path for problem in caught.value.problems} == {
        "endpoints[0].worker",
        f"{blue}.instances",
        f"{blue}.instance.workers",
        f"{blue}.instance.memory",
        f"{blue}.instance.queue",
        "endpoints[0].variants[1].weight",
        f"{models}[0].service.lognormal.median",
        f"{models}[0].service.lognormal.sigma",
        f"{models}[1].service.quantiles",
        f"{models}[2].service.quantiles",
        f"{models}[3].error_ratio",
        f"{models}[3].error_status",
        f"{models}[4].count",
        "time_scale",
        "faults[0].for",
    }


@pytest.mark.parametrize(
    ("endpoint", "path"),
    [
        ("models: [{name: a, count: 3}]", "models[0].name"),  # members need names of their own
        ("variants: [{name: a}, {name: b}, {name: a}]", "variants[2].name"),  # which of the two is meant?
        ("variants: [{weight: 0}]", "variants"),  # nobody would get any traffic
        ("variants: []", "variants"),  # nowhere to run
        ("models: []", "models"),  # nothing to call
        ("eviction: rnd", "eviction"),  # no such order
    ],
)
def test_what_contradicts_itself_is_a_mistake(endpoint: str, path: str, tmp_path: Path) -> None:
    """What no single value can show is said too, at its place."""
    (tmp_path / "emulator.yaml").write_text(f"endpoints: [{{name: mme, {endpoint}}}]")
    with pytest.raises(ScenarioError) as caught:
        Emulator.load(tmp_path / "emulator.yaml")
    assert [problem.path for problem in caught.value.problems] == [f"endpoints[0].{path}"]


@pytest.mark.parametrize(
    ("name", "member"),
    [
        ("m-0.tar.gz", True),
        ("m-11.tar.gz", True),
        ("m-12.tar.gz", False),  # the count is 12
        ("m-01.tar.gz", False),  # that is how no member is written
        ("m-.tar.gz", False),
        ("m--1.tar.gz", False),
        ("m-1Xtar.gz", False),  # a dot is a dot
        ("m-1.tar.gz ", False),
        ("m-٣.tar.gz", False),  # a digit, but not one of ours
    ],
)
def test_a_family_has_exactly_its_members(name: str, member: bool) -> None:  # noqa: FBT001
    """Of a family of 12 the names are those with 0 to 11, written as numbers are."""
    family = ModelPlayed(name="m-{i}.tar.gz", count=12)
    assert family.fits(name) is member
    assert (name in family.names()) is member


def test_the_first_model_that_fits_is_taken() -> None:
    """Names, families and patterns are looked up in their order; what nothing fits does not exist."""
    models = (ModelPlayed(name="a.tar.gz"), ModelPlayed(name="b-{i}", count=2), ModelPlayed(name="*.tar.gz"))
    endpoint = EndpointPlayed(name="mme", models=models)
    found = [endpoint.model(name) for name in ("a.tar.gz", "b-1", "c.tar.gz", "b-2")]
    assert found == [models[0], models[1], models[2], None]


def test_names_and_keys_must_differ(tmp_path: Path) -> None:
    """Two endpoints of one name and two keys of one id cannot be meant; the text tells no secret."""
    (tmp_path / "emulator.toml").write_text("""
endpoints = [{name = "a"}, {name = "b"}, {name = "a"}]
credentials = [{access_key = "K", secret_key = "hidden"}, {access_key = "K", secret_key = "hidden"}]
""")
    with pytest.raises(ScenarioError) as caught:
        Emulator.load(tmp_path / "emulator.toml")
    assert [problem.path for problem in caught.value.problems] == ["endpoints[2].name", "credentials[1].access_key"]
    assert "hidden" not in str(caught.value)


def test_without_a_file_the_demo_is_played() -> None:
    """The defaults are the demo's endpoint and AWS's example key."""
    config = Emulator()
    assert [endpoint.name for endpoint in config.endpoints] == ["xgboost-mme"]
    assert config.credentials == (DEMO_CREDENTIALS,)


def test_presets_load() -> None:
    """Each configuration that comes with asyncload can be played, and thrash has many more models than memory."""
    assert "thrash" in presets()
    for name in presets():
        assert Emulator.preset(name).endpoints
    (thrash,) = Emulator.preset("thrash").endpoints
    family = thrash.models[0]
    assert family.count is not None
    assert family.memory_bytes is not None
    assert family.count * family.memory_bytes > 10 * thrash.variants[0].instance.memory_bytes


def test_an_unknown_preset_is_told_which_there_are() -> None:
    """The text names what was asked and what there is."""
    with pytest.raises(UsageError, match=r"'trash'.*thrash"):
        Emulator.preset("trash")


def test_the_schema_knows_every_key() -> None:
    """An editor completes top-level keys, and finds what each of the kinds of faults is made of."""
    schema = json_schema()
    keys = {"endpoints", "credentials", "region", "time_scale", "idle_close", "publish_after", "faults", "seed"}
    definitions = schema["$defs"]
    assert isinstance(definitions, dict)
    assert isinstance(schema["properties"], dict)
    assert set(schema["properties"]) == keys
    assert set(definitions["InstancePlayed"]["properties"]) >= {"memory", "disk", "vcpus", "workers", "queue"}
    assert set(definitions["SpoiltReply"]["required"]) == {"reply"}


def test_an_endpoint_of_one_model_has_one() -> None:
    """More than one, or a family, is a mistake there; the one is found under any name, though it be a pattern."""
    (single,) = Emulator(endpoints=(EndpointPlayed(name="e", multi_model=False),)).endpoints
    assert single.model("") is single.model("anything") is single.models[0]
    assert list(single.mistakes()) == []
    two = EndpointPlayed(name="e", multi_model=False, models=(ModelPlayed(name="a"), ModelPlayed(name="b")))
    assert [path for path, _ in two.mistakes()] == ["models"]
    family = EndpointPlayed(name="e", multi_model=False, models=(ModelPlayed(name="{i}", count=2),))
    assert [path for path, _ in family.mistakes()] == ["models[0].count"]
