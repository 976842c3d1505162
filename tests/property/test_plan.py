"""plan: shards, blocks, digests and draws, for any scenario."""

import hashlib
from dataclasses import replace
from itertools import islice

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from asyncload.plan import Plan
from asyncload.scenario import Arrivals, Endpoint, Model, RandomPayload, RandomRows, Scenario, Users, Zipf
from asyncload.stages import ClosedStage
from asyncload.traffic import shares
from tests.property import strategies as any_

S = 1_000_000_000


def table(plan: Plan, most: int = 65_536) -> NDArray[np.int64]:
    """All arrivals of a rank: int64[n, 3]."""
    parts = [np.array([column.astype(np.int64) for column in block]).T for block in plan.blocks(most)]
    return np.concatenate([np.zeros((0, 3), dtype=np.int64), *parts])


@given(scenario=any_.scenarios(), world=st.integers(1, 7))
@settings(max_examples=40, deadline=None)
def test_the_union_of_the_shards_is_the_plan(scenario: Scenario, world: int) -> None:
    """Rank r holds arrivals r, r + world, ... of the plan, and every rank names the same digest."""
    whole = table(Plan(scenario))
    merged = np.full_like(whole, -1)
    for rank in range(world):
        merged[rank::world] = table(Plan(scenario, rank, world))
    assert np.array_equal(merged, whole)
    assert len({Plan(scenario, rank, world).digest() for rank in range(world)}) == 1


@given(scenario=any_.scenarios(), most=st.integers(2, 3000), world=st.integers(1, 3))
@settings(max_examples=40, deadline=None)
def test_blocks_do_not_matter(scenario: Scenario, most: int, world: int) -> None:
    plan = Plan(scenario, world - 1, world)
    assert all(0 < block.due_ns.size <= most for block in plan.blocks(most))
    assert np.array_equal(table(plan, most), table(plan))


@given(scenario=any_.scenarios())
@settings(max_examples=40, deadline=None)
def test_every_arrival_is_one_that_the_scenario_allows(scenario: Scenario) -> None:
    """In order, inside a phase, a target that exists with a share above 0, a payload of its pool."""
    plan = Plan(scenario)
    due_ns, model, payload = table(plan).T
    assert np.all(np.diff(due_ns) >= 0)
    assert np.all((due_ns >= 0) & (due_ns < plan.length_ns))
    assert np.all(shares(scenario.models)[model] > 0)
    pools = [
        size
        for family in scenario.models
        for size in [family.payload.random.pool if isinstance(family.payload, RandomPayload) else 1] * family.count
    ]
    assert np.all(payload < np.array(pools)[model])


@given(scenario=any_.scenarios())
@settings(max_examples=20, deadline=None)
def test_summary_and_digest_agree_with_the_blocks(scenario: Scenario) -> None:
    plan = Plan(scenario)
    due_ns, model, payload = table(plan).T
    rows = np.rec.fromarrays([due_ns, model, payload], dtype=[("d", "<i8"), ("m", "<u4"), ("p", "<u4")])
    found = plan.summary()
    assert found.digest == plan.digest() == hashlib.sha256(rows.tobytes()).hexdigest()
    assert found.total == due_ns.size
    assert list(found.per_target) == np.bincount(model, minlength=len(found.per_target)).tolist()
    spans = plan.phases()
    assert found.warmup == sum(
        int(np.sum((due_ns >= span.start_ns) & (due_ns < span.end_ns))) for span in spans if span.warmup
    )


@given(scenario=any_.scenarios(), seed=any_.seeds)
@settings(max_examples=20, deadline=None)
def test_what_is_drawn_is_drawn_apart(scenario: Scenario, seed: int) -> None:
    """Another pool of payloads moves no arrival and no target; other weights move no arrival."""
    before = table(Plan(scenario))
    rows = RandomPayload(random=RandomRows(columns=1, pool=3))
    other_pool = replace(scenario, models=tuple(replace(model, payload=rows) for model in scenario.models))
    assert np.array_equal(table(Plan(other_pool))[:, :2], before[:, :2])
    other_models = replace(scenario, models=(Model(name="one"), Model(name="two", weight=9.0)))
    assert np.array_equal(table(Plan(other_models))[:, 0], before[:, 0])


@given(users=st.integers(1, 50), world=st.integers(1, 7), most=st.integers(7, 300), seed=any_.seeds)
@settings(max_examples=40, deadline=None)
def test_ranks_share_the_draws_of_a_closed_phase(users: int, world: int, most: int, seed: int) -> None:
    """Rank r's n-th call takes draw n * world + r of the one stream, whatever the blocks; so do their users."""
    models = (Model(name="one"), Model(name="two", weight=2.0, payload=RandomPayload(random=RandomRows(columns=1))))
    phase = Users(users=users, length_ns=S, spawn_per_s=100.0)
    scenario = Scenario(endpoint=Endpoint(name="mme"), models=models, phases=(phase,), seed=seed)

    def first(plan: Plan, most: int, count: int) -> list[tuple[int, int]]:
        pairs = (pair for draws in plan.draws(0, most) for pair in zip(*map(list, draws), strict=True))
        return list(islice(pairs, count))

    whole = first(Plan(scenario), 65_536, 1000 * world)
    begins: list[int] = []
    for rank in range(world):
        plan = Plan(scenario, rank, world)
        assert first(plan, most, 1000) == whole[rank::world]
        (stage,) = plan.stages()
        assert isinstance(stage, ClosedStage)
        assert stage.stints[0].habits.users == len(range(rank, users, world)) == stage.stints[0].begins_ns.size
        begins += stage.stints[0].begins_ns.tolist()
    assert sorted(begins) == [number * S // 100 for number in range(users)]


def test_targets_are_drawn_by_weight_and_independently() -> None:
    """Chi-square of the counts, and of the pairs of neighbours, at a fixed seed; 4.5 standard deviations."""
    models = (Model(name="m-{i}", count=20, weight=3.0, popularity=Zipf(zipf=1.0)), Model(name="single", weight=1.0))
    scenario = Scenario(
        endpoint=Endpoint(name="mme"),
        models=models,
        phases=(Arrivals(law="poisson", rate=10_000.0, length_ns=40 * S),),
        seed=3,
    )
    drawn, weights = table(Plan(scenario))[:, 1], shares(models)
    for cells, probabilities in [
        (drawn, weights),
        (drawn[:-1] * 21 + drawn[1:], np.outer(weights, weights).reshape(-1)),
    ]:
        expected = probabilities * cells.size
        chi_square = np.sum((np.bincount(cells, minlength=expected.size) - expected) ** 2 / expected)
        degrees = expected.size - 1
        assert abs(chi_square - degrees) < 4.5 * (2 * degrees) ** 0.5
