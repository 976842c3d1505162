"""docs/measuring.md defines what is printed and stored; a number that is added without its definition fails here."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from asyncload.call import Outcome
from asyncload.record import METRICS, SIGNS
from asyncload.result import Health, SecondResult

TEXT = (Path(__file__).parents[2] / "docs" / "measuring.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_outcome_is_defined_with_its_number(outcome: Outcome) -> None:
    assert f"| {outcome.name} |" in TEXT
    assert re.search(rf"\b{int(outcome)} {outcome.name}\b", TEXT)


@pytest.mark.parametrize("field", [field.name for field in fields(Health)])
def test_every_reading_of_the_generator_is_defined(field: str) -> None:
    assert re.search(rf"`(health)?\.{field}`", TEXT)


@pytest.mark.parametrize("field", [field.name for field in fields(SecondResult)])
def test_every_number_of_a_second_is_defined(field: str) -> None:
    assert f"`{field}`" in TEXT or f"`.{field}`" in TEXT


@pytest.mark.parametrize("metric", METRICS)
def test_every_duration_is_defined(metric: str) -> None:
    assert f"| {metric} | us," in TEXT
    assert f"`{metric}_ms`" in TEXT


@pytest.mark.parametrize("key", ["loop", "asked_per_s", "expected_interval_ms", "corrected_ms"])
def test_every_key_of_a_closed_loop_is_defined(key: str) -> None:
    assert re.search(rf"^\| (`\w+`, )*`{key}`", TEXT, re.MULTILINE)


@pytest.mark.parametrize("word", [*SIGNS, "refused", "cold_starts", "classes", "limit_ms", "cold?"])
def test_every_word_about_cold_starts_is_defined(word: str) -> None:
    assert re.search(rf"`[a-z_\[\].]*{re.escape(word)}`", TEXT)
