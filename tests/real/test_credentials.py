"""Credentials, region and endpoint from real files, processes and environments; no network but this machine's."""

import asyncio
import json
import logging
import shlex
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from asyncload.aws.credentials import ChainCredentials, CredentialSource, StaticCredentials
from asyncload.aws.endpoint import find_place
from asyncload.errors import AsyncloadError, StartError, UsageError
from asyncload.sigv4 import Credentials


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No credentials and no region anywhere but in a config file inside `tmp_path`, whose path this returns."""
    import os

    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    config = tmp_path / "config"
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return config


def _open(source: CredentialSource) -> Credentials:
    async def opened() -> Credentials:
        await source.open()
        try:
            return source.current()
        finally:
            await source.close()

    return asyncio.run(opened())


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Key, secret and token of the environment arrive as they are."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
    assert _open(ChainCredentials()) == Credentials("AKIDENV", "secret", "token")


def test_a_profile_is_read(tmp_path: Path) -> None:
    """A named profile of the credentials file, without a token."""
    (tmp_path / "credentials").write_text("[load]\naws_access_key_id = AKIDFILE\naws_secret_access_key = s\n")
    assert _open(ChainCredentials("load")) == Credentials("AKIDFILE", "s", None)


def test_given_credentials_stay() -> None:
    """Static credentials are always the same object."""
    credentials = Credentials("A", "s")
    assert _open(StaticCredentials(credentials)) is credentials


def test_none_at_all_says_what_to_do() -> None:
    """The text names the variables, the profile and the sign-in."""
    with pytest.raises(StartError, match=r"none found.*AWS_ACCESS_KEY_ID.*AWS_PROFILE.*sso login"):
        _open(ChainCredentials())


def test_an_unknown_profile_is_named() -> None:
    """A misspelt profile is in the text."""
    with pytest.raises(StartError, match="nowhere"):
        _open(ChainCredentials("nowhere"))


def test_half_of_a_pair_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key without its secret says which is missing, and not which is there."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDALONE")
    with pytest.raises(StartError, match="AWS_SECRET_ACCESS_KEY") as caught:
        _open(ChainCredentials())
    assert "AKIDALONE" not in str(caught.value)


def _process(config: Path, body: str) -> None:
    """Make the default profile ask a process: this Python with `body`."""
    script = config.parent / "process.py"
    script.write_text(body)
    command = shlex.join([sys.executable, str(script)])
    config.write_text(f"[default]\ncredential_process = {command}\n")


def test_a_failing_process_is_not_quoted(bare_environment: Path) -> None:
    """What a credential process prints may be a secret, and is not repeated."""
    _process(bare_environment, "import sys; sys.exit('hunter2 is wrong')")
    with pytest.raises(StartError, match="CredentialRetrievalError") as caught:
        _open(ChainCredentials())
    assert "hunter2" not in str(caught.value)
    assert caught.value.__suppress_context__


_COUNTING = """
import json, pathlib, sys
state = pathlib.Path(__file__).with_suffix(".count")
n = int(state.read_text()) + 1 if state.exists() else 1
state.write_text(str(n))
if n == {failing}:
    sys.exit("hunter2")
print(json.dumps({{"Version": 1, "AccessKeyId": f"AKID{{n}}", "SecretAccessKey": "hunter2", "SessionToken": f"t{{n}}",
                   "Expiration": {expiry!r} if n < 4 else "2100-01-01T00:00:00Z"}}))
"""


async def _until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110  # nothing announces a refresh; the test's own timeout bounds it
        await asyncio.sleep(0.01)


def test_what_expires_is_refreshed_and_a_failure_is_tried_again(bare_environment: Path) -> None:
    """Opening asks twice, for what it gets expires soon; then a failure is noted, and a success replaces the object."""
    soon = (datetime.now(UTC) + timedelta(minutes=5)).isoformat()
    _process(bare_environment, _COUNTING.format(failing=3, expiry=soon))

    async def story() -> None:
        source = ChainCredentials(check_s=0.05)
        await source.open()
        first = source.current()
        assert (first.access_key, first.token) == ("AKID2", "t2")
        assert source.first_error == ""
        await asyncio.wait_for(_until(lambda: source.current() is not first), 30)
        assert (source.current().access_key, source.current().token) == ("AKID4", "t4")
        assert "not refreshed" in source.first_error
        assert "hunter2" not in source.first_error
        steady = source.current()
        await asyncio.sleep(0.3)
        assert source.current() is steady
        await source.close()
        await source.close()

    asyncio.run(story())
    assert int(bare_environment.with_name("process.count").read_text()) == 4


def test_the_loop_runs_on_while_a_provider_thinks(bare_environment: Path) -> None:
    """A slow provider does not hold the loop: it goes on turning meanwhile."""
    body = json.dumps({"Version": 1, "AccessKeyId": "A", "SecretAccessKey": "s"})
    _process(bare_environment, f"import time; time.sleep(0.5); print({body!r})")

    async def story() -> int:
        source = ChainCredentials()
        opening = asyncio.create_task(source.open())
        turns = 0
        while not opening.done():
            await asyncio.sleep(0.01)
            turns += 1
        await opening
        return turns

    assert asyncio.run(story()) > 10


def test_no_text_of_a_source_holds_a_secret(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Neither the source's repr nor anything logged at any level of ours shows secret or token."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "t0ken")
    source = ChainCredentials()
    with caplog.at_level(logging.DEBUG):
        _open(source)
    for text in (repr(source), str(source.current), repr(source.current()), caplog.text):
        assert "hunter2" not in text
        assert "t0ken" not in text


# -- region and endpoint ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("region", "url", "why"),
    [
        ("us-east-1", "https://runtime.sagemaker.us-east-1.amazonaws.com", "the common partition"),
        ("cn-north-1", "https://runtime.sagemaker.cn-north-1.amazonaws.com.cn", "China has its own domain"),
        ("us-gov-west-1", "https://runtime.sagemaker.us-gov-west-1.amazonaws.com", "GovCloud"),
    ],
)
def test_the_address_follows_from_the_region(region: str, url: str, why: str) -> None:
    """botocore's rules give the address."""
    place = asyncio.run(find_place(region))
    assert (place.address.url, place.region) == (url, region), why


def test_the_environment_names_the_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME holds as it does for any SDK, and a URL given outright goes before it."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", "http://localhost:8089/prod")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    place = asyncio.run(find_place())
    assert (place.address.url, place.region) == ("http://localhost:8089/prod", "eu-west-1")
    assert asyncio.run(find_place(url="https://example.com")).address.url == "https://example.com"


def test_fips_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS_USE_FIPS_ENDPOINT changes the name."""
    monkeypatch.setenv("AWS_USE_FIPS_ENDPOINT", "true")
    assert asyncio.run(find_place("us-east-1")).address.host == "runtime-fips.sagemaker.us-east-1.amazonaws.com"


def test_the_profile_names_the_region(bare_environment: Path) -> None:
    """A profile's region is used for signing and for the address."""
    bare_environment.write_text("[profile load]\nregion = ap-south-1\n")
    assert asyncio.run(find_place(profile="load")).region == "ap-south-1"


@pytest.mark.parametrize(
    ("region", "url", "error", "words"),
    [
        (None, "https://example.com", StartError, "AWS_REGION"),
        ("not a region", None, StartError, "not a region"),
        ("us-east-1", "http://example.com", UsageError, "--allow-plaintext"),
        ("us-east-1", "example.com", UsageError, "expected http"),
    ],
)
def test_what_cannot_be_resolved_says_why(
    region: str | None, url: str | None, error: type[AsyncloadError], words: str
) -> None:
    """No region, a region that is none, plaintext to elsewhere, no URL."""
    with pytest.raises(error, match=words):
        asyncio.run(find_place(region, url))


def test_a_region_from_the_shorter_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS_REGION, which most tools set, is read too; AWS_DEFAULT_REGION is botocore's own."""
    monkeypatch.setenv("AWS_REGION", "eu-north-1")
    assert asyncio.run(find_place(url="http://localhost")).region == "eu-north-1"
