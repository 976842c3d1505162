"""The emulator's configuration file."""

from pathlib import Path

import pytest

from asyncload.emulator.config import DEMO_CREDENTIALS, Emulator, TextAnswer
from asyncload.emulator.laws import Fixed, FromQuantiles, LogNormal
from asyncload.errors import ScenarioError

MS = 1_000_000

GOOD = """
endpoints:
  - name: my-mme
    workers: 2
    queue: 3
    concurrency: 10
    models:
      - {name: xgb-0.tar.gz, service: {fixed: 0s}, answer: echo}
      - {name: "xgb-*.tar.gz", service: {lognormal: {median: 4ms, sigma: 0.3}}, answer: {text: "4.5"}}
      - {name: "*", service: {quantiles: {p50: 4ms, p99_9: 50ms}}, error_ratio: 0.1}
credentials:
  - {access_key: ASIAEXAMPLE, secret_key: another, token: session-token}
idle_close: 1500ms
seed: 7
"""

BAD = """
endpoints:
  - name: my-mme
    workers: 0
    worker: 3
    models:
      - {name: a, service: {lognormal: {median: 0ms, sigma: -1}}}
      - {name: b, service: {quantiles: {p50: 4ms, p90: 3ms}}}
      - {name: c, service: {quantiles: {}}}
      - {name: d, error_ratio: 2, error_status: 200}
"""


def test_a_file_says_what_is_played(tmp_path: Path) -> None:
    """Units are read, laws and answers are told apart, the rest has its defaults."""
    (tmp_path / "emulator.yaml").write_text(GOOD)
    config = Emulator.load(tmp_path / "emulator.yaml")
    (endpoint,) = config.endpoints
    first, second, third = endpoint.models
    assert (endpoint.workers, endpoint.queue, endpoint.concurrency, endpoint.variant) == (2, 3, 10, "AllTraffic")
    assert first.service == Fixed(fixed_ns=0)
    assert isinstance(second.service, LogNormal)
    assert isinstance(third.service, FromQuantiles)
    assert (first.answer, second.answer, third.error_ratio) == ("echo", TextAnswer(text="4.5"), 0.1)
    assert third.service.quantiles.points() == [(0.5, 4 * MS), (pytest.approx(0.999), 50 * MS)]
    assert (config.credentials[0].token, config.idle_close_ns, config.seed) == ("session-token", 1500 * MS, 7)


def test_every_mistake_is_reported_at_once(tmp_path: Path) -> None:
    """Each wrong place of a file is named, a misspelt key included."""
    (tmp_path / "emulator.yaml").write_text(BAD)
    with pytest.raises(ScenarioError) as caught:
        Emulator.load(tmp_path / "emulator.yaml")
    models = "endpoints[0].models"
    assert {problem.path for problem in caught.value.problems} == {
        "endpoints[0].workers",
        "endpoints[0].worker",
        f"{models}[0].service.lognormal.median",
        f"{models}[0].service.lognormal.sigma",
        f"{models}[1].service.quantiles",
        f"{models}[2].service.quantiles",
        f"{models}[3].error_ratio",
        f"{models}[3].error_status",
    }


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
