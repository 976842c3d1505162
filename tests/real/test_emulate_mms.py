"""`asyncload emulate --container mms`: the platform with a real Multi Model Server behind it, as its users see it."""

import json
import os
import random
import signal
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from asyncload.call import Outcome
from asyncload.options import Options
from asyncload.result import RunResult
from asyncload.runner import run
from tests.real import mms
from tests.real.runs import KEYS, scenario
from tests.real.servers import RunningEmulator, emulator

BACK_S = 30
SLOTS = 3


@contextmanager
def played(tmp: Path, memory: str) -> Iterator[RunningEmulator]:
    """
    Start it with the five models of WEIGHTS and some that fail.

    Args:
        tmp: An empty folder; the truth file is `truth.sqlite` in it.
        memory: Who knows that three of the five fit: "platform", which then evicts beforehand, or "container", which
            answers 507.
    """
    models = mms.models_dir(tmp, slots=SLOTS if memory == "container" else None)
    size = "1MiB" if memory == "platform" else "0"
    config = {
        "endpoints": [
            {
                "name": "mme",
                "models": [{"name": "*", "memory": size}],
                "variants": [{"instance": {"memory": f"{SLOTS}MiB", "vcpus": 2}}],
            }
        ]
    }
    (tmp / "emulator.json").write_text(json.dumps(config))
    words = ("--container", "mms", "--models", str(models))
    with emulator(tmp / "emulator.json", *words, truth=tmp / "truth.sqlite") as running:
        yield running


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEmulator]:
    """One emulator for the tests that leave it as it was."""
    with played(tmp_path_factory.mktemp("mms"), "platform") as each:
        yield each


def client(target: RunningEmulator) -> Any:
    return boto3.client(
        "sagemaker-runtime",
        **target.sdk,
        config=Config(retries={"total_max_attempts": 1}, read_timeout=60, max_pool_connections=20),
    )


def invoke(runtime: Any, model: str, body: str, endpoint: str = "mme") -> str:
    reply = runtime.invoke_endpoint(EndpointName=endpoint, TargetModel=model, ContentType="text/csv", Body=body)
    text: bytes = reply["Body"].read()
    return text.decode()


def refusal(runtime: Any, model: str, body: str) -> dict[str, Any]:
    with pytest.raises(ClientError) as caught:
        invoke(runtime, model, body)
    response: dict[str, Any] = caught.value.response
    return response


def asked(target: RunningEmulator, **changes: Any) -> Any:
    """Five models, weights 5 : 4 : 3 : 2 : 1."""
    family = {"name": "dot-{i}.tar.gz", "count": 5, "popularity": {"weights": [5, 4, 3, 2, 1]}}
    named = {"name": "mme", "region": "us-east-1", "url": target.url}
    models = [{**family, "content_type": "text/csv", "payload": "1,2,3"}]
    return scenario(target.url, **{"endpoint": named, "models": models, **changes})


def events(folder: Path) -> Counter[str]:
    with sqlite3.connect(folder / "truth.sqlite") as database:
        found = Counter(dict(database.execute("SELECT what, count(*) FROM events GROUP BY what")))
    database.close()
    return found


def descendants(pid: int) -> list[int]:
    """Return all processes below one that live."""
    parents = {}
    for place in Path("/proc").iterdir():
        if place.name.isdigit():
            try:
                state, parent = (place / "stat").read_text().rpartition(")")[2].split()[:2]
            except OSError:
                continue
            if state != "Z":
                parents[int(place.name)] = int(parent)
    below = [pid]
    for each in below:
        below += [child for child, parent in parents.items() if parent == each]
    return below[1:]


def java(pid: int) -> int:
    """Return the process of Java below an emulator."""
    return next(each for each in descendants(pid) if Path(f"/proc/{each}/exe").readlink().name == "java")


@pytest.mark.parametrize("memory", ["platform", "container"])
def test_five_models_go_through_memory_for_three(tmp_path: Path, memory: str) -> None:
    """Models are loaded on demand, evicted and loaded again; every answer is that of the model that was asked."""
    draws = random.Random(7)
    calls = [
        (draws.choices(list(mms.WEIGHTS), [5, 4, 3, 2, 1])[0], [draws.randint(0, 9) for _ in range(3)])
        for _ in range(150)
    ]
    with played(tmp_path, memory) as target, ThreadPoolExecutor(3) as pool:
        runtime = client(target)
        texts = [",".join(map(str, row)) for _, row in calls]
        answers = list(pool.map(lambda call, text: invoke(runtime, call[0], text), calls, texts))
        assert answers == [mms.dot(model, row) for model, row in calls]
        assert [instance["models_loaded"] for instance in target.health()["instances"]] == [SLOTS]
        tiers = Counter(row["tier"] for row in target.truth())
    assert tiers["cold"] == 5, "each model is brought to the disk once"
    assert min(tiers["warm"], tiers["hot"]) > 0
    happened = events(tmp_path)
    assert happened["download"] == 5
    assert happened["load"] == happened["unload"] + SLOTS
    assert happened["unload"] >= 5
    assert (happened["load_failed"] > 0) is (memory == "container")


def test_what_the_model_raises_reaches_the_caller(running: RunningEmulator) -> None:
    """A handler's own error is a ModelError with its status and words; a bug in it is the container's 503."""
    runtime = client(running)
    own = refusal(runtime, "raising.tar.gz", "1,2,3")
    assert (own["Error"]["Code"], own["ResponseMetadata"]["HTTPStatusCode"]) == ("ModelError", 424)
    assert own["OriginalStatusCode"] == 422
    assert "the row has 3 columns, the model wants 8" in own["OriginalMessage"]
    assert refusal(runtime, "raising.tar.gz", "bug")["OriginalStatusCode"] == 503


def test_a_model_that_cannot_be_loaded_is_a_model_error_and_a_missing_one_is_none(running: RunningEmulator) -> None:
    """A handler that fails while loading is a ModelError each time; a name without artefact is a ValidationError."""
    runtime = client(running)
    for _ in range(2):
        assert refusal(runtime, "broken.tar.gz", "1")["OriginalStatusCode"] == 500
    for name in ("nobody.tar.gz", "../models/dot-0.tar.gz", "a/b/c"):
        assert refusal(runtime, name, "1")["Error"]["Code"] == "ValidationError"
    assert invoke(runtime, "dot-1.tar.gz", "1,2,3") == mms.dot("dot-1.tar.gz", (1, 2, 3))


def test_overload_of_one_model_is_a_503_and_another_still_answers(running: RunningEmulator) -> None:
    """300 requests in a second for a model that takes 20 ms: what its queue does not hold is refused, and counted."""
    invoke(client(running), "sleeping.tar.gz", "0")
    running.reset()
    with ThreadPoolExecutor(1) as pool:
        overloading = asked(
            running,
            models=[{"name": "sleeping.tar.gz", "content_type": "text/csv", "payload": "0.02"}],
            phases=[{"law": "constant", "rate": "300/s", "for": "1s"}],
            limits={"in_flight": 500, "connections": 400, "timeout": "30s"},
        )
        busy = pool.submit(run, overloading, Options(credentials=KEYS))
        time.sleep(0.8)
        assert invoke(client(running), "dot-0.tar.gz", "1,2,3") == mms.dot("dot-0.tar.gz", (1, 2, 3))
        result: RunResult = busy.result()
    rows = [row for row in running.truth() if row["model"] == "sleeping.tar.gz"]
    refused = sum(row["outcome"] == "ModelError" for row in rows)
    assert len(rows) == result.totals.calls == 300
    assert result.totals.outcomes[Outcome.MODEL_ERROR] == refused > 50
    assert result.totals.ok == 300 - refused > 100


def test_the_clients_numbers_are_the_endpoints(running: RunningEmulator) -> None:
    """A whole run: calls per model and outcomes equal those of the truth log, and each model's times are its own.

    How near our times are to the endpoint's is measured by `make bench-locust`: a busy machine parts them at will.
    """
    asking = asked(running, phases=[{"law": "poisson", "rate": "40/s", "for": "4s"}], limits={"timeout": "30s"})
    running.reset()
    result: RunResult = run(asking, Options(credentials=KEYS))
    rows = running.truth()
    assert Counter(row["model"] for row in rows) == {model.name: model.calls for model in result.models}
    assert result.totals.ok == sum(row["outcome"] == "OK" for row in rows) == len(rows)
    for model in result.models:
        took_us = [(row["sent_ns"] - row["arrival_ns"]) / 1000 for row in rows if row["model"] == model.name]
        middle_us = float(np.median(took_us))
        assert 0.5 * middle_us < model.service.quantile_us(0.5) < 2 * middle_us + 50_000, model.name


def test_kill_9_of_the_container_under_load(tmp_path: Path) -> None:
    """Its calls fail and are counted, it is started again, models are loaded again, and nothing hangs."""
    with played(tmp_path, "platform") as target:
        asking = asked(target, phases=[{"law": "poisson", "rate": "40/s", "for": "9s"}], limits={"timeout": "30s"})
        first = java(target.process.pid)
        timer = threading.Timer(3, os.kill, (first, signal.SIGKILL))
        timer.start()
        result: RunResult = run(asking, Options(credentials=KEYS, out=tmp_path / "run"))
        timer.join()
        rows = target.truth()
        assert java(target.process.pid) != first
        assert invoke(client(target), "dot-4.tar.gz", "1,2,3") == mms.dot("dot-4.tar.gz", (1, 2, 3))
    outcomes = Counter(row["outcome"] for row in rows)
    assert outcomes["InternalFailure"] > 0
    assert result.totals.outcomes[Outcome.SERVER_ERROR] == outcomes["InternalFailure"]
    assert result.totals.ok == outcomes["OK"] == len(rows) - outcomes["InternalFailure"]
    assert result.totals.calls == len(rows), "every call has ended"
    failed = [index for index, row in enumerate(rows) if row["outcome"] != "OK"]
    assert "OK" in {row["outcome"] for row in rows[failed[-1] :]}, "it serves again before the end"
    happened = events(tmp_path)
    assert (happened["down"], happened["up"]) == (1, 1)
    assert happened["download"] > 5, "the new one has an empty disk"


def test_a_container_that_runs_already_is_used_and_left_running(tmp_path: Path) -> None:
    """`--container URL`: one that is started again while nobody calls fails one call, then models are loaded again."""
    models = mms.models_dir(tmp_path)
    told = list[str]()
    with mms.server(back=lambda: told.append("back")) as server:
        words = ("--container", server.url, "--models", str(models), "--disk", str(server.disk))
        with emulator(None, *words) as target:
            runtime = client(target)
            row = "1,2,3"
            assert invoke(runtime, "dot-2.tar.gz", row, "xgboost-mme") == mms.dot("dot-2.tar.gz", (1, 2, 3))
            server.kill()
            mms.wait_until(lambda: told == ["back"], BACK_S, "the server has been started again")
            with pytest.raises(ClientError) as caught:
                invoke(runtime, "dot-2.tar.gz", row, "xgboost-mme")
            assert caught.value.response["Error"]["Code"] == "InternalFailure"
            in_service = lambda: target.health()["instances"][0]["in_service"]  # noqa: E731
            mms.wait_until(in_service, BACK_S, "the platform has noticed that it is back")
            assert invoke(runtime, "dot-2.tar.gz", row, "xgboost-mme") == mms.dot("dot-2.tar.gz", (1, 2, 3))
        assert len(mms.group(server.pid)) == 1, (
            "the emulator has unloaded what it had loaded, and left the server alone"
        )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_however_it_ends_no_process_is_left(tmp_path: Path, number: signal.Signals) -> None:
    """SIGTERM, Ctrl-C and kill -9 of the emulator: Java, the models' workers and the watchdog are gone too."""
    with played(tmp_path, "platform") as target:
        invoke(client(target), "dot-0.tar.gz", "1,2,3")
        below = descendants(target.process.pid)
        assert len(below) == 4, "a watchdog, Java, and two processes for the model's worker"
        target.process.send_signal(number)
        assert target.process.wait(BACK_S) == (0 if number != signal.SIGKILL else -signal.SIGKILL)
    mms.wait_until(lambda: not any(Path(f"/proc/{each}").exists() for each in below), BACK_S, "all are gone")
