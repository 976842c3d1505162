"""Whatever a result holds, its report can be printed, fits its width, and obeys nobody."""

from dataclasses import replace
from io import StringIO

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from asyncload.report.terminal import show
from asyncload.report.view import View
from asyncload.result import RunResult
from tests.property.test_result import results

texts = st.text(max_size=40)
phases = st.lists(
    st.one_of(
        st.fixed_dictionaries({"rate": st.sampled_from(["1/s", 2.5]), "for": st.sampled_from(["1s", "300ms", 2])}),
        st.fixed_dictionaries({"users": st.integers(1, 9), "for": st.just("2s"), "warmup": st.booleans()}),
        st.fixed_dictionaries({"trace": texts, "warmup": st.booleans()}),
    ),
    max_size=3,
)
views = st.builds(
    View,
    by=st.sampled_from(["model", "phase", "second"]),
    sort=st.sampled_from([None, "p99", "errors", "calls", "name", "scenario"]),
    everything=st.booleans(),
)


@st.composite
def named(draw: st.DrawFn) -> RunResult:
    """A result whose names and words are anything."""
    result = draw(results())
    models = tuple(replace(model, name=draw(texts)) for model in result.models)
    health = replace(result.health, first_error=draw(texts), examples={"CONNECT": draw(texts)})
    scenario = {**result.scenario, "name": draw(texts), "transport": draw(texts), "phases": draw(phases)}
    return replace(result, models=models, health=health, scenario=scenario)


@given(result=named(), view=views, width=st.integers(80, 160))
@settings(deadline=None, max_examples=60)
def test_any_result_can_be_printed(result: RunResult, view: View, width: int) -> None:
    """Every line within the width, nothing in it that a terminal would obey, the verdict first."""
    file = StringIO()
    show(result, Console(width=width, file=file, color_system=None), view)
    lines = file.getvalue().split("\n")
    assert lines[0].startswith("VALID  " if result.verdict.valid else "INVALID  ")
    assert all(line.isprintable() for line in lines)
    assert max(map(cell_len, lines)) <= width
