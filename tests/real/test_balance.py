"""What a run says of itself, held against an endpoint that counts: everything adds up, and a cold start is cut off."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from asyncload import store
from asyncload.options import Options
from asyncload.result import RunResult
from asyncload.runner import run
from tests.real.runs import KEYS, scenario, steady_emulator
from tests.real.servers import emulator

LENGTH_S = 12
PHASES: dict[str, dict[str, Any]] = {
    "constant": {"law": "constant", "rate": "200/s", "for": f"{LENGTH_S}s"},
    "users": {"users": 4, "think": "10ms", "for": f"{LENGTH_S}s"},
}
Served: TypeAlias = tuple[RunResult, int]
"""A result, and how many calls the endpoint has counted."""
Settled: TypeAlias = tuple[RunResult, Path]
"""A result, and its directory."""


def counted(folder: Path, phase: dict[str, Any]) -> Served:
    """Run one phase against an endpoint of its own."""
    folder.mkdir()
    with emulator(steady_emulator(folder / "emulator.yaml", 25.0)) as target:
        result = run(scenario(target.url, phases=[phase]), Options(credentials=KEYS))
        return result, len(target.truth())


def settled(folder: Path) -> Settled:
    """
    Call three models that take 1.5 s to load.

    Where this machine is too busy to be quick behind it, nothing settles; then it is tried again.
    """
    folder.mkdir()
    config = folder / "emulator.yaml"
    config.write_text(
        "endpoints:\n"
        "  - name: xgboost-mme\n"
        "    variants: [{instance: {workers: 2000, queue: 2000}}]\n"
        '    models: [{name: "*.tar.gz", service: {fixed: 5ms}, load: {fixed: 1500ms}}]\n'
    )
    family = [{"name": "m-{i}.tar.gz", "count": 3, "content_type": "text/csv", "payload": "1,2,3"}]
    phases = [{"law": "poisson", "rate": "60/s", "for": f"{LENGTH_S}s"}]
    for attempt in range(3):
        out = folder / f"run-{attempt}"
        with emulator(config) as target:
            asked = scenario(target.url, models=family, phases=phases, warmup="auto")
            result = run(asked, Options(credentials=KEYS, out=out))
        if result.health.settled_s:
            break
    return result, out


@pytest.fixture(scope="module")
def pool() -> Iterator[ThreadPoolExecutor]:
    """Runs last long and do little, so they are made at the same time."""
    with ThreadPoolExecutor(3) as threads:
        yield threads


@pytest.fixture(scope="module")
def counting(pool: ThreadPoolExecutor, tmp_path_factory: pytest.TempPathFactory) -> dict[str, "Future[Served]"]:
    """A run of each of the phases."""
    home = tmp_path_factory.mktemp("counted")
    return {name: pool.submit(counted, home / name, phase) for name, phase in PHASES.items()}


@pytest.fixture(scope="module")
def settling(pool: ThreadPoolExecutor, tmp_path_factory: pytest.TempPathFactory) -> "Future[Settled]":
    """A run that begins cold."""
    return pool.submit(settled, tmp_path_factory.mktemp("cold") / "run")


@pytest.mark.usefixtures("settling")
@pytest.mark.parametrize("phase", PHASES)
def test_a_run_adds_up(counting: dict[str, "Future[Served]"], phase: str) -> None:
    """
    Planned, sent, answered and served are one number; calls in flight are rate times response, though those of a
    constant rate are in step with the seconds.
    """
    result, served = counting[phase].result()
    balance = result.with_served(served).reconciliation
    assert balance is not None
    assert balance.balanced, balance.why
    assert balance.planned == balance.sent == balance.answered == balance.served == served
    law = result.littles_law
    assert law is not None
    assert law.reconciled, law.why
    assert law.expected == pytest.approx(result.achieved_per_s * result.totals.response.mean_us() / 1e6, rel=0.1)


def test_models_that_load_at_first_are_warm_up(settling: "Future[Settled]") -> None:
    """Three models that take 1.5 s to load: they are cut off, and what is measured behind met none of it."""
    result, out = settling.result()
    assert store.read(out) == result
    assert result.warmup.calls + result.totals.calls == sum(row.sent for row in result.seconds)
    assert 1 <= result.health.settled_s <= 6
    assert f"the first {result.steady.warmup_s:.3g} s" in result.steady.warmup
    assert result.warmup.response.quantile_us(1) > 1_500_000
    assert result.totals.response.quantile_us(0.99) < 700_000  # with the loads among them it is above a second
