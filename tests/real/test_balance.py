"""What a run says of itself, held against an endpoint that counts: everything adds up, and a cold start is cut off."""

from pathlib import Path

import pytest

from asyncload import store
from asyncload.options import Options
from asyncload.runner import run
from tests.real.runs import KEYS, scenario, steady_emulator
from tests.real.servers import emulator

LENGTH_S = 12


@pytest.mark.parametrize(
    "phase",
    [
        {"law": "constant", "rate": "200/s", "for": f"{LENGTH_S}s"},
        {"users": 4, "think": "10ms", "for": f"{LENGTH_S}s"},
    ],
    ids=["constant", "users"],
)
def test_a_run_adds_up(phase: dict[str, object], tmp_path: Path) -> None:
    """
    Planned, sent, answered and served are one number; calls in flight are rate times response, though those of a
    constant rate are in step with the seconds.
    """
    with emulator(steady_emulator(tmp_path / "emulator.yaml", 25.0)) as target:
        result = run(scenario(target.url, phases=[phase]), Options(credentials=KEYS))
        served = len(target.truth())
    balance = result.with_served(served).reconciliation
    assert balance is not None
    assert balance.balanced, balance.why
    assert balance.planned == balance.sent == balance.answered == balance.served == served
    law = result.littles_law
    assert law is not None
    assert law.reconciled, law.why
    assert law.expected == pytest.approx(result.achieved_per_s * result.totals.response.mean_us() / 1e6, rel=0.1)


def test_models_that_load_at_first_are_warm_up(tmp_path: Path) -> None:
    """
    Three models that take 1.5 s to load: they are cut off, and what is measured behind met none of it.

    Where this machine is too busy to be quick behind it, nothing settles; then it is tried again.
    """
    config = tmp_path / "emulator.yaml"
    config.write_text(
        "endpoints:\n"
        "  - name: xgboost-mme\n"
        "    variants: [{instance: {workers: 2000, queue: 2000}}]\n"
        '    models: [{name: "*.tar.gz", service: {fixed: 5ms}, load: {fixed: 1500ms}}]\n'
    )
    family = [{"name": "m-{i}.tar.gz", "count": 3, "content_type": "text/csv", "payload": "1,2,3"}]
    phases = [{"law": "poisson", "rate": "60/s", "for": "12s"}]
    for attempt in range(3):
        out = tmp_path / f"run-{attempt}"
        with emulator(config) as target:
            asked = scenario(target.url, models=family, phases=phases, warmup="auto")
            result = run(asked, Options(credentials=KEYS, out=out))
        assert store.read(out) == result
        assert result.warmup.calls + result.totals.calls == sum(row.sent for row in result.seconds)
        if result.health.settled_s:
            break
    assert 1 <= result.health.settled_s <= 6
    assert f"the first {result.steady.warmup_s:.3g} s" in result.steady.warmup
    assert result.warmup.response.quantile_us(1) > 1_500_000
    assert result.totals.response.quantile_us(0.99) < 700_000  # with the loads among them it is above a second
