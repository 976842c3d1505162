"""What an exported locustfile says; how it behaves under Locust is told in tests/real."""

import ast
import gzip
import math
from pathlib import Path
from typing import Any

import pytest

from asyncload.errors import UsageError
from asyncload.locust.export import export
from asyncload.locust.export.schedule import schedule
from asyncload.locust.export.weights import whole
from asyncload.plan import Plan
from asyncload.scenario import Scenario

S = 1_000_000_000
MODEL = {"name": "a.tar.gz", "content_type": "text/csv", "payload": "1,2"}


def given(*phases: Any, models: Any = (MODEL,), **changes: Any) -> Scenario:
    data = {"name": "t", "endpoint": {"name": "mme", "region": "us-east-1"}, "models": list(models)}
    return Scenario.from_dict({**data, "phases": list(phases) or [{"rate": "10/s", "for": "5s"}], **changes})


@pytest.mark.parametrize(
    ("weights", "counts"),
    [
        ([3.0, 1.0], [3, 1]),
        ([0.75, 0.25], [3, 1]),
        ([0.1, 0.2, 0.7], [1, 2, 7]),
        ([6.0, 4.0, 0.0], [3, 2, 0]),
        ([1.0], [1]),
        ([1.0, 1000.0], [1, 1000]),
        ([1.0, 1001.0], None),
        ([1.0, math.pi], None),
    ],
)
def test_weights_are_whole_where_that_is_exact(weights: list[float], counts: list[int] | None) -> None:
    """The smallest whole numbers of the same proportion; none where one would be above 1,000."""
    assert whole(weights) == counts


def test_weights_that_are_not_whole_are_drawn() -> None:
    """One task that draws among the models, by the scenario's own numbers."""
    text = export(given(models=[{**MODEL, "weight": 2.718281}, {**MODEL, "name": "b", "weight": 1}])).text
    assert text.count("@task") == 1
    assert "weights = [2.718281, 1]" in text
    assert "models = [self.call_a, self.call_b]" in text


def test_users_follow_from_the_rate_by_littles_law() -> None:
    """Rate times period, in steps of a phase whose rate changes; a rate of nothing keeps one user."""
    course = schedule(given({"rate": "10/s", "for": "2s", "warmup": True}, {"rate": "200/s", "for": "5s"}), S // 2)
    assert [(stage.end_s, stage.users) for stage in course.stages] == [("2", 5), ("7", 100)]
    assert (course.warmup_s, course.period_s, course.wait_time) == ("2", "0.5", "constant_throughput(1 / PERIOD_S)")
    ramp = schedule(given({"rate": {"from": "0/s", "to": "100/s"}, "for": "4s"}), S)
    assert [stage.users for stage in ramp.stages] == [13, 38, 63, 88]
    assert schedule(given({"rate": "0.1/s", "for": "5s"}), S).stages[0].users == 1


def test_users_of_a_closed_loop_stay_as_they_are() -> None:
    """Users, think, pace and spawn have their own words in Locust."""
    course = schedule(given({"users": 20, "think": {"from": "1s", "to": "3s"}, "spawn": "5/s", "for": "60s"}), S)
    assert course.wait_time == "between(1, 3)"
    assert [(stage.end_s, stage.users, stage.spawn_per_s) for stage in course.stages] == [("60", 20, "5")]
    assert course.period_s == ""
    assert schedule(given({"users": 2, "pace": "1500ms", "for": "1s"}), S).wait_time == "constant_pacing(1.5)"
    assert schedule(given({"users": 2, "for": "1s"}), S).wait_time == "constant(0)"


def test_a_flat_rate_needs_no_shape() -> None:
    """Then users and run time are Locust's own options, with the scenario's as their defaults."""
    flat = export(given({"rate": "10/s", "for": "5s"})).text
    assert "LoadTestShape" not in flat
    assert 'parser.set_defaults(num_users=USERS, spawn_rate=10, run_time="5s")' in flat
    assert "class Shape(LoadTestShape)" in export(given({"rate": {"from": "1/s", "to": "9/s"}, "for": "5s"})).text


@pytest.mark.parametrize("client", ["boto3", "fasthttp"])
@pytest.mark.parametrize("text", ['"""\\', "'{i}' \"x\"", "\u00fc\u2028\U0001f600\x00\r\n", "{" * 99, "# x" * 60])
def test_hostile_texts_stay_texts(text: str, client: Any) -> None:
    """Payloads, names and labels reach the file as literals of exactly their characters."""
    model = {**MODEL, "payload": text, "label": text.replace("{i}", "") or "x"}
    if text.isprintable() and text.isascii():
        model["custom_attributes"] = text.strip()
    source = export(given(models=[model, {**model, "label": "other"}], name='a \'name\' """ ü'), client=client).text
    literals = {node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant)}
    assert {text, model["label"]} <= literals
    if "custom_attributes" in model:
        assert model["custom_attributes"].replace("{i}", "0") in literals


def test_a_replay_comes_with_the_plan(tmp_path: Path) -> None:
    """Every arrival, to the nanosecond, in a file that is the same each time."""
    scenario = given({"rate": "100/s", "for": "1s"})
    made = export(scenario, style="replay", out=tmp_path / "x.py")
    rows = gzip.decompress(made.files["x.plan.csv.gz"]).decode().splitlines()
    (block,) = Plan(scenario).blocks()
    assert rows == [f"{due},{m},{p}" for due, m, p in zip(*(column.tolist() for column in block), strict=True)]
    assert made == export(scenario, style="replay", out=tmp_path / "x.py")
    assert f'DIGEST = "{Plan(scenario).digest()}"' in made.text


def test_what_does_not_fit_is_refused() -> None:
    """A replay of users who have no due times; a period of nothing."""
    with pytest.raises(UsageError, match="the users of a closed loop have none: use --style tasks"):
        export(given({"users": 2, "for": "1s"}), style="replay")
    with pytest.raises(UsageError, match="--within: expected a duration above 0"):
        export(given(), within_ns=0)


def test_tls_is_verified_and_nothing_is_tried_twice() -> None:
    """FastHttpUser does not look at certificates by itself, boto3 tries again by itself: neither is left so."""
    fast = export(given(endpoint={"name": "mme", "region": "us-east-1"}), client="fasthttp").text
    assert "insecure = False" in fast
    assert 'URL = f"https://runtime.sagemaker.{REGION}.amazonaws.com"' in fast
    assert 'retries={"total_max_attempts": 1}' in export(given()).text


def test_finer_buckets_are_asked_for() -> None:
    """They are there only then."""
    assert "stats.bucket_response_time" in export(given(), fine_buckets=True).text
    assert "bucket" not in export(given()).text


def test_what_is_lost_is_said() -> None:
    """Retries, objectives, later warm-ups, weights of nothing and arrival laws have a sentence each."""
    scenario = given(
        {"rate": "10/s", "for": "1s"}, {"rate": "10/s", "for": "1s", "warmup": True}, {"rate": "10/s", "for": "1s"},
        models=[MODEL, {**MODEL, "name": "b", "weight": 0}], retries={"on": ["throttled"]},
        slo=["p99 < 1s"],
    )  # fmt: skip
    head = " ".join(str(ast.get_docstring(ast.parse(export(scenario).text))).split())
    for words in (
        "retries are left out", "objectives and stop rules are left out", "not those that come later", "weight 0",
        "whatever the scenario's law",
    ):  # fmt: skip
        assert words in head, words
