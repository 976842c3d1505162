"""A scenario becomes a locustfile, and the locustfile the same scenario again."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from asyncload.errors import UsageError
from asyncload.locust.export import Client, Exported, export, write
from asyncload.payload import pools
from asyncload.scenario import Scenario, targets
from asyncload.traffic import shares
from tests.property import strategies as any_
from tests.real.importing import Case, look, read

TOGETHER = 20
"""Scenarios whose locustfiles one process looks into."""
CLIENTS: tuple[Client, ...] = get_args(Client)


@dataclass(frozen=True, slots=True)
class Seen:
    """What an endpoint sees of one target."""

    share: float
    headers: frozenset[tuple[str, str]]
    numbered: bool
    """Whether each call has an inference id."""
    bodies: Mapping[bytes, Fraction]
    """Share of each among the target's calls."""


def seen(scenario: Scenario) -> dict[str, Seen]:
    """Return what an endpoint sees, by label."""
    read_pools = pools(scenario)
    found = {}
    for target, share in zip(targets(scenario.models), shares(scenario.models).tolist(), strict=True):
        counts = Counter(payload.body for payload in read_pools[target.family])
        bodies = {body: Fraction(count, counts.total()) for body, count in counts.items()}
        numbered = scenario.models[target.family].inference_id
        found[target.label] = Seen(share, frozenset(target.headers), numbered, bodies)
    return found


def assert_same(before: Scenario, after: Scenario) -> None:
    """The same targets with the same shares, headers and payloads, at the same place."""
    one, other = seen(before), {label: each for label, each in seen(after).items() if each.share}
    assert set(other) == set(one)
    for label, each in one.items():
        found = other[label]
        assert found.share == pytest.approx(each.share, rel=1e-9)
        assert (found.headers, found.numbered, found.bodies) == (each.headers, each.numbered, each.bodies)
    assert (after.endpoint.name, after.endpoint.region) == (before.endpoint.name, before.endpoint.region)
    assert after.limits.timeout_ns == before.limits.timeout_ns


def written(scenario: Scenario, client: Client, path: Path) -> Exported:
    exported = export(scenario, client=client, out=path)
    write(exported, path)
    return exported


@pytest.fixture(scope="module")
def payloads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("payloads")
    any_.write_payloads(folder)
    return folder


@given(data=st.data())
@settings(
    max_examples=3,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # each example is a process: what fails is told, not shrunk
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
def test_a_scenario_comes_back(payloads: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """
    Models, families, weights, payloads and headers come back from the exported file, whichever its client.

    Twenty scenarios at a time, each with both clients in turns, are looked into by one process.
    """
    scenarios = data.draw(st.lists(any_.sent_scenarios(payloads), min_size=TOGETHER, max_size=TOGETHER))
    folder = tmp_path_factory.mktemp("round-trip")
    cases = {}
    for number, scenario in enumerate(scenarios):
        path = folder / f"s{number}.py"
        cases[path.stem] = Case(written(scenario.checked(), CLIENTS[number % 2], path).text)
    found = look(folder, cases)
    for number, scenario in enumerate(scenarios):
        assert_same(scenario, read(folder, *found[f"s{number}"]).scenario)


@pytest.mark.parametrize("client", CLIENTS)
def test_rates_come_back_too(tmp_path: Path, client: Client) -> None:
    """Users with a period are a rate again: flat ones, and a ramp as the steps that the locustfile has of it."""
    before = Scenario.from_dict(
        {
            "endpoint": {"name": "mme", "region": "us-east-1"},
            "models": [{"name": "m.tar.gz"}],
            "phases": [
                {"law": "constant", "rate": "50/s", "for": "10s"},
                {"law": "constant", "rate": {"from": "100/s", "to": "220/s"}, "for": "3s"},
            ],
        }
    )
    text = written(before, client, tmp_path / "rates.py").text
    after = read(tmp_path, *look(tmp_path, {"rates": Case(text)})["rates"])
    assert after.imported.document["phases"] == [
        {"law": "poisson", "rate": "50/s", "for": "10s"},
        {"law": "poisson", "rate": {"steps": ["120/s", "160/s", "200/s"]}, "for": "3s"},
    ]


def test_users_come_back(tmp_path: Path) -> None:
    """A closed loop is one again, with its users, its pause and its length."""
    data = {
        "endpoint": {"name": "mme", "region": "us-east-1"},
        "models": [{"name": "m.tar.gz"}],
        "phases": [{"users": 30, "think": {"from": "1s", "to": "3s"}, "spawn": "5/s", "for": "1m30s"}],
    }
    text = written(Scenario.from_dict(data), "boto3", tmp_path / "users.py").text
    after = read(tmp_path, *look(tmp_path, {"users": Case(text)})["users"])
    assert after.scenario.phases == Scenario.from_dict(data).phases


def test_a_replay_is_no_source(tmp_path: Path) -> None:
    """A replay has the arrivals of one plan, and not the law that they came from."""
    data = {
        "endpoint": {"name": "mme", "region": "us-east-1"},
        "models": [{"name": "m.tar.gz"}],
        "phases": [{"rate": "50/s", "for": "1s"}],
    }
    exported = export(Scenario.from_dict(data), style="replay", out=tmp_path / "replay.py")
    write(exported, tmp_path / "replay.py")
    with pytest.raises(UsageError, match=r"replays the plan [0-9a-f]{12} of a scenario"):
        read(tmp_path, *look(tmp_path, {"replay": Case(exported.text)})["replay"])
