"""
Every path of the platform as plain boto3 and aiobotocore see it, against the emulator's process.

Its times are a hundredth of AWS's: 60 s are 600 ms, 360 s are 3.6 s.
"""

import json
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.real.callers import CALLERS, Caller, Seen, caller
from tests.real.servers import RunningEmulator, emulator

MS = 1_000_000
ERRORS = {
    "ThrottlingException": 400,
    "ModelNotReadyException": 429,
    "ModelError": 424,
    "ValidationError": 400,
    "InternalFailure": 500,
    "ServiceUnavailable": 503,
    "InternalDependencyException": 530,
    "InvalidSignatureException": 403,
    "AccessDeniedException": 403,
    "ExpiredTokenException": 403,
}
NOW, SECOND = {"fixed": "0s"}, {"fixed": "1s"}
CONFIG: dict[str, Any] = {
    "time_scale": 0.01,
    "seed": 7,
    "endpoints": [
        {
            "name": "mme",
            "models": [
                {"name": "echo-*.tar.gz", "service": NOW, "answer": "echo"},
                {
                    "name": "broken.tar.gz",
                    "service": NOW,
                    "error_ratio": 1,
                    "error_status": 422,
                    "error_message": "bad",
                },
                {"name": "slow-load-*.tar.gz", "service": NOW, "load": {"fixed": "90s"}},
                {"name": "endless-load-*.tar.gz", "service": NOW, "load": {"fixed": "10000s"}},
                {"name": "huge.tar.gz", "memory": "32GiB"},
                {"name": "too-large.tar.gz", "artefact": "128GiB"},
                {"name": "endless-*.tar.gz", "service": {"fixed": "100s"}},
                {"name": "first-*.tar.gz", "service": SECOND, "first_inference": {"fixed": "20s"}},
                {"name": "*.tar.gz", "service": NOW, "answer": {"text": "4.5"}},
            ],
        },
        {
            "name": "variants",
            "models": [{"name": "*", "service": NOW}],
            "variants": [{"name": "blue", "weight": 3}, {"name": "green", "weight": 1}, {"name": "dark", "weight": 0}],
        },
        {
            "name": "pair",
            "models": [{"name": "*", "service": {"fixed": "20s"}, "load": {"fixed": "5s"}}],
            "variants": [{"instances": 2}],
            "spill": 3,
        },
        {"name": "no-cache", "models": [{"name": "*", "service": NOW}], "cache": False},
        {
            "name": "small-disk",
            "models": [{"name": "*", "service": NOW, "artefact": "60MiB"}],
            "variants": [{"instance": {"disk": "100MiB"}}],
        },
        {
            "name": "small-memory",
            "models": [{"name": "*", "service": SECOND, "first_inference": {"fixed": "5s"}, "memory": "60MiB"}],
            "variants": [{"instance": {"memory": "100MiB"}}],
        },
        {
            "name": "queue",
            "models": [{"name": "*", "service": {"fixed": "100s"}}],
            "variants": [{"instance": {"workers": 1, "queue": 100}}],
        },
        {"name": "limited", "models": [{"name": "*", "service": {"fixed": "50s"}}], "concurrency": 1},
        {"name": "single", "models": [{"name": "*"}], "multi_model": False},
    ],
    "credentials": [
        {"access_key": "AKIDEXAMPLE", "secret_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"},
        {"access_key": "ASIAENDED", "secret_key": "ended-key", "token": "ended-token", "expired": True},
    ],
    "faults": [{"error": error, "models": f"fault-{error}.tar.gz"} for error in ERRORS],
}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEmulator]:
    """One emulator for all tests of this file."""
    config = tmp_path_factory.mktemp("emulator") / "config.json"
    config.write_text(json.dumps(CONFIG))
    with emulator(config) as each:
        yield each


@pytest.fixture(scope="module", params=CALLERS)
def kind(request: pytest.FixtureRequest) -> str:
    """One SDK after the other."""
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def sdk(running: RunningEmulator, kind: str) -> Iterator[Caller]:
    """An SDK's client with the right key."""
    with caller(kind, running.url) as each:
        yield each


@pytest.fixture(autouse=True)
def _afresh(running: RunningEmulator) -> None:
    """Nothing is loaded, no row is written."""
    running.reset()


def met(seen: Seen) -> tuple[str, int]:
    return seen.code, seen.status


def original(seen: Seen) -> int:
    """The status that the container gave, of a ModelError."""
    assert met(seen) == ("ModelError", 424)
    status: int = seen.response["OriginalStatusCode"]
    return status


# -- what a reply says ------------------------------------------------------------------------------------------------


def test_members_of_a_reply(sdk: Caller, running: RunningEmulator) -> None:
    """Body, content type, variant, custom attributes as sent, and a request id that no other reply has."""
    seen = [
        sdk.call("echo-1.tar.gz", b"\x00\xff", ContentType="application/x-thing", CustomAttributes="trace=1; a=b")
        for _ in range(3)
    ]
    for each in seen:
        assert (each.code, each.body, each.response["ContentType"]) == ("OK", b"\x00\xff", "application/x-thing")
        assert each.response["InvokedProductionVariant"] == "AllTraffic"
        assert each.response["CustomAttributes"] == "trace=1; a=b"
    ids = {each.response["ResponseMetadata"]["RequestId"] for each in seen}
    assert len(ids) == 3
    assert all(len(each) == 36 for each in ids)


def test_an_inference_id_reaches_the_truth(sdk: Caller, running: RunningEmulator) -> None:
    """It joins the caller's log with the emulator's."""
    sdk.call(InferenceId="call-17")
    assert [row["inference_id"] for row in running.truth()] == ["call-17"]


# -- the table of errors ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", ERRORS)
def test_each_error_by_fault(sdk: Caller, running: RunningEmulator, error: str) -> None:
    """Code and status are AWS's, no variant is named, and the truth says what the request met."""
    seen = sdk.call(f"fault-{error}.tar.gz")
    assert met(seen) == (error, ERRORS[error])
    assert seen.headers["x-amzn-errortype"] == error
    assert "x-amzn-invoked-production-variant" not in seen.headers
    assert seen.response["ResponseMetadata"]["RequestId"]
    (row,) = running.truth()
    assert (row["fault"], row["outcome"], row["status"]) == (error, error, ERRORS[error])
    assert (row["model"], row["instance"]) == (f"fault-{error}.tar.gz", "")


def test_a_model_error_says_what_the_container_said(sdk: Caller) -> None:
    """OriginalStatusCode, OriginalMessage and the endpoint's log group."""
    seen = sdk.call("broken.tar.gz")
    assert original(seen) == 422
    assert seen.response["OriginalMessage"] == "bad"
    arn = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/sagemaker/Endpoints/mme"
    assert seen.response["LogStreamArn"] == arn
    assert seen.message is not None
    assert "Received client error (422) from primary" in seen.message


def test_throttling_is_a_400_without_words(sdk: Caller) -> None:
    """Three at once where one is allowed: two see ThrottlingException, its message null; later one passes."""
    seen = sdk.together(3, lambda _: sdk.call(endpoint="limited"))
    assert sorted(map(met, seen)) == [("OK", 200), ("ThrottlingException", 400), ("ThrottlingException", 400)]
    assert {each.message for each in seen if each.code != "OK"} <= {None, ""}
    assert sdk.call(endpoint="limited").code == "OK"


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"model": None}, "is missing a target model header"),
        ({"endpoint": "single"}, "is not a multi-model endpoint"),
        ({"endpoint": "nobody"}, "Endpoint nobody of account 123456789012 not found"),
        ({"model": "absent.zip"}, "Failed to download model data"),
        ({"TargetVariant": "red", "endpoint": "variants"}, "red"),
        ({"model": "m" * 1025}, "target-model"),
        ({"TargetVariant": "v" * 64}, "target-variant"),
        ({"CustomAttributes": "c" * 1025}, "custom-attributes"),
        ({"InferenceId": "i" * 65}, "inference-id"),
        ({"SessionId": "s" * 257}, "session-id"),
        ({"TargetContainerHostname": "h" * 64}, "target-container-hostname"),
        ({"Accept": "a" * 1025}, "accept"),
        ({"ContentType": "c" * 1025}, "content-type"),
    ],
    ids=lambda value: "" if isinstance(value, str) else next(iter(value)),
)
def test_what_cannot_be_meant_is_a_validation_error(sdk: Caller, members: dict[str, Any], words: str) -> None:
    """400 with words that name what is wrong."""
    seen = sdk.call(**members)
    assert met(seen) == ("ValidationError", 400)
    assert words in (seen.message or "")


def test_names_may_be_as_long_as_their_limits(sdk: Caller) -> None:
    """One character less than refused passes."""
    name = "m" * 1017 + ".tar.gz"
    assert sdk.call(name, CustomAttributes="c" * 1024, InferenceId="i" * 64).code == "OK"


@pytest.mark.parametrize(
    ("key", "error"),
    [
        (("AKIDEXAMPLE", "guess"), "InvalidSignatureException"),
        (("ASIAENDED", "ended-key", "ended-token"), "ExpiredTokenException"),
        (("AKIDNOBODY", "guess"), "UnrecognizedClientException"),
    ],
)
def test_wrong_keys_are_403(running: RunningEmulator, kind: str, key: tuple[str, ...], error: str) -> None:
    """Wrong secret, ended session and unknown key each have their code."""
    with caller(kind, running.url, key) as wrong:
        assert met(wrong.call()) == (error, 403)
    assert [row["outcome"] for row in running.truth()] == [error]


def test_an_oversize_body_is_413(sdk: Caller, running: RunningEmulator) -> None:
    """One byte more than AWS takes: 413 in plain text; the limit itself passes."""
    assert met(sdk.call(body=b"x" * 6_291_457)) == ("413", 413)
    assert sdk.call(body=b"x" * 6_291_456).code == "OK"
    assert [row["outcome"] for row in running.truth()] == ["413", "OK"]


@pytest.mark.parametrize("model", ["huge.tar.gz", "too-large.tar.gz"])
def test_what_never_fits_is_507_in_a_model_error(sdk: Caller, model: str) -> None:
    """A model larger than the memory, or than the disk, is refused at once, and harms no other."""
    begin = time.monotonic()
    assert original(sdk.call(model)) == 507
    assert time.monotonic() - begin < 0.5
    assert sdk.call().code == "OK"


def test_a_container_that_does_not_answer_is_a_model_error(sdk: Caller, running: RunningEmulator) -> None:
    """At the scaled 60 s, original status 0; the row ends there too."""
    begin = time.monotonic()
    seen = sdk.call("endless-1.tar.gz")
    assert 0.6 <= time.monotonic() - begin < 1.5
    assert original(seen) == 0
    assert "timed out" in seen.response["OriginalMessage"]
    (row,) = running.truth()
    assert (row["outcome"], row["service_ns"]) == ("ModelError", 600 * MS)


# -- loading ----------------------------------------------------------------------------------------------------------


def test_a_load_of_90_s_is_not_ready_at_60_and_found_later(sdk: Caller, running: RunningEmulator) -> None:
    """429 at the limit while the load goes on; a second caller waits for the same load; then the model is hot."""
    begin = time.monotonic()
    assert met(sdk.call("slow-load-1.tar.gz")) == ("ModelNotReadyException", 429)
    assert 0.6 <= time.monotonic() - begin < 0.85
    assert sdk.call("slow-load-1.tar.gz").code == "OK"
    assert 0.9 <= time.monotonic() - begin < 1.5
    assert sdk.call("slow-load-1.tar.gz").code == "OK"
    first, second, third = running.truth()
    assert [row["tier"] for row in (first, second, third)] == ["cold", "loading", "hot"]
    assert first["load_ns"] >= 600 * MS
    assert 0 < second["load_ns"] < 320 * MS
    assert third["load_ns"] == 0


def test_a_load_ends_at_360_s(sdk: Caller, running: RunningEmulator) -> None:
    """Whoever asks meanwhile sees 429; who waits at the end sees ModelError, and the instance is free again."""
    begin = time.monotonic()
    seen: list[Seen] = []
    while not seen or seen[-1].code == "ModelNotReadyException":
        seen.append(sdk.call("endless-load-1.tar.gz"))
    assert 3.6 <= time.monotonic() - begin < 4.5
    assert len(seen) in (6, 7)
    assert original(seen[-1]) == 504
    assert running.instances("mme")["AllTraffic/0"]["memory_used_bytes"] == 0


def test_the_first_inference_after_a_load_is_slow(sdk: Caller, running: RunningEmulator) -> None:
    """20 s more, scaled: once, and not after that."""
    for _ in range(3):
        sdk.call("first-1.tar.gz")
    assert [row["service_ns"] for row in running.truth()] == [210 * MS, 10 * MS, 10 * MS]


def test_memory_pressure_unloads_and_the_disk_keeps(sdk: Caller, running: RunningEmulator) -> None:
    """With memory for one of two, each call for the other is warm, and its first inference is slow again."""
    for model in ("a", "b", "a", "a"):
        assert sdk.call(model, endpoint="small-memory").code == "OK"
    rows = running.truth()
    assert [row["tier"] for row in rows] == ["cold", "cold", "warm", "hot"]
    assert [row["service_ns"] // MS for row in rows] == [60, 60, 60, 10]
    assert running.instances("small-memory")["AllTraffic/0"]["models_loaded"] == 1


def test_a_full_disk_deletes(sdk: Caller, running: RunningEmulator) -> None:
    """With disk for one of two, each call for the other downloads it anew."""
    for model in ("a", "b", "a", "a"):
        assert sdk.call(model, endpoint="small-disk").code == "OK"
    assert [row["tier"] for row in running.truth()] == ["cold", "cold", "cold", "hot"]
    assert running.instances("small-disk")["AllTraffic/0"]["disk_used_bytes"] == 60 * 2**20


def test_without_a_cache_every_call_loads(sdk: Caller, running: RunningEmulator) -> None:
    """ModelCacheSetting Disabled: after each request the model is unloaded, and stays on disk."""
    for _ in range(3):
        assert sdk.call("a", endpoint="no-cache").code == "OK"
    assert [row["tier"] for row in running.truth()] == ["cold", "warm", "warm"]
    assert running.instances("no-cache")["AllTraffic/0"]["models_loaded"] == 0


# -- variants, routing, queues ----------------------------------------------------------------------------------------


def test_a_named_variant_serves(sdk: Caller, running: RunningEmulator) -> None:
    """TargetVariant goes before weights, and the reply names the variant."""
    for variant in ("green", "dark", "blue"):
        seen = sdk.call("a", endpoint="variants", TargetVariant=variant)
        assert seen.response["InvokedProductionVariant"] == variant
    assert [row["variant"] for row in running.truth()] == ["green", "dark", "blue"]


def test_weights_share_the_traffic_the_same_way_for_the_same_seed(sdk: Caller, running: RunningEmulator) -> None:
    """3 : 1 : 0 over 300 calls, and the same sequence again after a reset."""

    def sequence() -> list[str]:
        running.reset()
        return [sdk.call("a", endpoint="variants").response["InvokedProductionVariant"] for _ in range(300)]

    first = sequence()
    counts = Counter(first)
    assert set(counts) == {"blue", "green"}
    assert counts["blue"] / 300 == pytest.approx(0.75, abs=0.07)
    assert [row["variant"] for row in running.truth()] == first
    assert sequence()[:100] == first[:100]


def test_a_model_stays_with_its_instance_and_spills_when_that_is_busy(sdk: Caller, running: RunningEmulator) -> None:
    """One call after the other: one instance. Six at once with a spill of three: the other one loads it too."""
    for _ in range(3):
        sdk.call("a", endpoint="pair")
    assert len({row["instance"] for row in running.truth()}) == 1
    seen = sdk.together(6, lambda _: sdk.call("a", endpoint="pair"))
    assert {each.code for each in seen} == {"OK"}
    rows = running.truth()
    assert sorted(Counter(row["instance"] for row in rows[3:]).values()) == [3, 3]
    assert {row["instance"] for row in rows if row["tier"] == "cold"} == {"AllTraffic/0", "AllTraffic/1"}
    assert sum(row["tier"] == "cold" for row in rows) == 2


def test_a_full_queue_refuses_one_model_and_takes_another(sdk: Caller, running: RunningEmulator) -> None:
    """A worker and 100 places for each model: of 120 at once for one model 19 see the container's 503."""
    with ThreadPoolExecutor(120) as pool:
        seen = [pool.submit(sdk.call, "hot", endpoint="queue") for _ in range(120)]
        while running.health()["requests"] < 19:  # the refused are answered at once, the others wait
            time.sleep(0.005)
        other = sdk.call("other", endpoint="queue")
    assert Counter(original(each.result()) for each in seen) == {503: 19, 0: 101}
    assert original(other) == 0, "it waited for the worker"


def test_times_are_scaled(sdk: Caller, running: RunningEmulator) -> None:
    """A service of 20 s and a load of 5 s take 200 ms and 50 ms."""
    begin = time.monotonic()
    assert sdk.call("scaled", endpoint="pair").code == "OK"
    assert 0.25 <= time.monotonic() - begin < 0.6
    (row,) = running.truth()
    assert row["service_ns"] == 200 * MS
    assert 50 * MS <= row["load_ns"] < 100 * MS
