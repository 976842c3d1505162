"""Laws of objectives: a text and its value are one, and the three answers are consistent with each other."""

from contextlib import suppress
from dataclasses import replace

from hypothesis import assume, given
from hypothesis import strategies as st

from asyncload.measured import ModelResult
from asyncload.slo.answers import decide
from asyncload.slo.grammar import parse, parse_stop
from asyncload.slo.limits import Limit
from asyncload.slo.metrics import NAMES, VIEWS, Metric, find
from asyncload.slo.objective import CLASSES, OPS, Objective, Op, StopRule
from tests.unit.test_slo_judging import model, result

PERCENTILES = st.integers(1, 9_999_999).map(lambda n: f"p{n // 100_000}.{n % 100_000:05}")
DURATIONS = st.builds("{}.{}".format, st.sampled_from(VIEWS), st.one_of(PERCENTILES, st.sampled_from(["mean", "max"])))
GLOBS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
LIMITS = {
    "duration": st.integers(0, 3_600_000_000_000).map(lambda ns: Limit(ns / 1e6, "ms")),
    "share": st.floats(0, 100).map(lambda x: Limit(round(x, 12), "%")),
    "count": st.integers(0, 10**15).map(lambda n: Limit(float(n), "calls")),
    "achieved": st.one_of(
        st.floats(0, 1000).map(lambda x: Limit(round(x, 9), "%")),
        st.floats(0, 1e8).map(lambda x: Limit(round(x, 6), "/s")),
    ),
}


def metric(name: str) -> Metric:
    found = find(name)
    assert isinstance(found, Metric), found
    return found


@st.composite
def objectives(draw: st.DrawFn, *, stop: bool = False) -> Objective:
    names = [name for name, word in NAMES.items() if word.stop or not stop]
    chosen = metric(draw(st.one_of(DURATIONS, st.sampled_from(names))))
    assume(not (stop and chosen.view == "corrected"))
    word = NAMES.get(chosen.name)
    by_model = word is None or (word.stop_by_model if stop else word.by_model)
    op = draw(st.sampled_from([op for op in OPS if chosen.family == "count" or op not in {"==", "!="}]))
    model = draw(st.none() | GLOBS) if by_model else None
    kind = draw(st.none() | st.sampled_from(CLASSES)) if chosen.view == "service" and not stop else None
    return Objective(chosen, op, draw(LIMITS[chosen.family]), model, kind)


@given(objectives())
def test_an_objective_and_its_text_are_one(objective: Objective) -> None:
    assert parse(str(objective)) == objective


@given(objectives(stop=True), st.integers(1, 86_400))
def test_a_stop_rule_and_its_text_are_one(when: Objective, seconds: int) -> None:
    rule = StopRule(when, seconds)
    assert parse_stop(str(rule)) == rule


@given(st.text(max_size=60) | st.text('p9.{}"=,<> modelclass5%s', max_size=40))
def test_any_text_is_an_objective_or_a_mistake(text: str) -> None:
    """Nothing else comes of it, and what is read is read again from its own text."""
    for read in (parse, parse_stop):
        with suppress(ValueError):
            found = read(text)
            assert read(str(found)) == found


@given(st.floats(0, 100), st.floats(0, 100), st.floats(0, 100), st.sampled_from(["<", "<=", ">", ">="]))
def test_an_answer_is_that_of_every_point_of_the_interval(a: float, b: float, limit: float, op: str) -> None:
    """MET: all of them hold; MISSED: none does; UNDECIDED: some do. The opposite objective has the opposite answer."""
    low, high = sorted((a, b))
    objective = parse(f"error_rate {op} {round(limit, 9):f}%")
    points = [low, high, (low + high) / 2, min(max(objective.limit.value, low), high)]
    held = {objective.holds(point) for point in points}
    answer = decide(objective, low, high)
    opposite = parse(f"error_rate {({'<': '>=', '<=': '>', '>': '<=', '>=': '<'})[op]} {round(limit, 9):f}%")
    other = {"MET": "MISSED", "MISSED": "MET", "UNDECIDED": "UNDECIDED"}[answer]
    assert decide(opposite, low, high) == other
    assert answer == ("UNDECIDED" if len(held) == 2 else "MET" if True in held else "MISSED")


MODELS = st.lists(
    st.tuples(st.lists(st.integers(0, 9_000_000), max_size=900), st.integers(0, 9), st.integers(0, 9)),
    min_size=1,
    max_size=4,
).map(lambda rows: [model(f"m{i}", us, timeout=slow, throttled=bad) for i, (us, slow, bad) in enumerate(rows)])
WORST = ["MET", "UNDECIDED", "MISSED"]


@given(MODELS, objectives())
def test_a_pattern_has_the_answer_of_its_worst_model(models: list[ModelResult], objective: Objective) -> None:
    """Which is told, with the number that it has by itself."""
    word = NAMES.get(objective.metric.name)
    assume(word is None or word.by_model)
    judged = result(*models)
    alone = [judged.judged_by([str(replace(objective, model=one.name))]).objectives[0] for one in models]
    (found,) = judged.judged_by([str(replace(objective, model="m?"))]).objectives
    assert found.answer == max((one.answer for one in alone), key=WORST.index)
    worst = next(one for one in alone if one.model == found.model)
    assert (worst.answer, worst.value, worst.low, worst.high) == (found.answer, found.value, found.low, found.high)
    assert found.why


@given(MODELS, objectives())
def test_an_objective_and_its_opposite_have_opposite_answers(models: list[ModelResult], objective: Objective) -> None:
    """Undecided is its own opposite; a number that is known lies in its interval."""
    opposites: dict[Op, Op] = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
    one = replace(objective, model=None)
    first, second = result(*models).judged_by([str(one), str(replace(one, op=opposites[one.op]))]).objectives
    assert second.answer == {"MET": "MISSED", "MISSED": "MET", "UNDECIDED": "UNDECIDED"}[first.answer]
    assert first.value == second.value
    if first.value is not None:
        assert first.low is None or first.low <= first.value
        assert first.high is None or first.value <= first.high
