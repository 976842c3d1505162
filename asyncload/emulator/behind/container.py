"""
A real model server as what stands behind an instance: the client of SageMaker's container contract.

    GET    /ping                      200 once it is ready
    POST   /models                    {"model_name", "url"}: 2xx, or 409 if it is loaded; 507 has no memory
    GET    /models                    what is loaded
    DELETE /models/{name}             2xx, or 404 if it is not loaded
    POST   /models/{name}/invoke      an inference; every status is passed on

Multi Model Server, TorchServe and Triton's SageMaker mode speak it, with differences that this file allows for:

- Multi Model Server keeps a model whose load failed: loading it again is answered 409 as if it were there, inferences
  503, and its worker goes on trying to load. So a failed load is followed by a DELETE. About 1 of 20 comes while the
  server itself tries to unregister the model: it is answered 404, then the server fails and takes the model back. So
  DELETE is repeated for a while, and the next load takes another name, which the contract calls opaque.
- So does the next load after a load or an unload that nobody waits for any more: that goes on in the container, and
  what comes of it is unloaded whenever that is, while the platform counts the model as unloaded already.
- Triton takes X-Amzn-SageMaker-Target-Model for the name of the model, in place of the hash in the path, but reports
  models by the hash. The header is not sent, so it goes by the hash throughout.
- Triton lists an empty object for a model that is not ready.

Source:
    docs.aws.amazon.com/sagemaker/latest/dg/mms-container-apis.html; of the ping your-algorithms-inference-code.html
    beside it: "The request timeout on /ping attempts is 2 seconds". Triton: src/sagemaker_server.cc.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from time import monotonic_ns

import msgspec

from asyncload.emulator.behind.backend import (
    ANSWER_LIMIT_NS,
    LOAD_LIMIT_NS,
    Backend,
    DeadError,
    Footprint,
    Inferred,
    LoadError,
    NoMemoryError,
    Sent,
)
from asyncload.emulator.behind.disk import Disk, hashed
from asyncload.emulator.behind.line import Answer, Line
from asyncload.errors import StartError

PING_INTERVAL_S = 0.05
CLEAR_TRIES = 5
CLEAR_INTERVAL_S = 0.02
LATE_S = LOAD_LIMIT_NS / 1e9
"""How long what comes of an abandoned load is looked for; the container's own time, whatever the platform's scale."""
LATE_INTERVAL_S = 5.0
"""How often at the least."""
LIVES_S = 2.0
"""How long a container may take to answer a ping, as at SageMaker."""
CLOSE_S = 3.0
"""How long a container may take to unload what is left when it is given back."""
LOST_STATUS = 502
"""What is said of a request whose connection was lost by a container that lives on."""
_ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"
_JSON = {"Content-Type": "application/json"}
_OCTETS = "application/octet-stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long the container may take."""

    invoke_s: float | None = ANSWER_LIMIT_NS / 1e9
    """For an inference; None if the platform keeps the time."""
    load_s: float = LOAD_LIMIT_NS / 1e9
    """To load or to unload a model."""
    ready_s: float = 60.0
    """Until it answers GET /ping with 200."""


class _Listed(msgspec.Struct):
    model_name: str | None = msgspec.field(default=None, name="modelName")


class _Models(msgspec.Struct):
    models: list[_Listed] = []


def _unknown(_model: str) -> int:
    return 0


def _nobody() -> None:
    """Tell nobody."""


async def _nothing() -> None:
    """Give nothing back."""


class Container(Backend):
    """One container. `attach` comes first, and again after a kill, once the container is back."""

    def __init__(
        self,
        url: str,
        disk: Disk,
        limits: Limits | None = None,
        *,
        memory_bytes: Callable[[str], int] = _unknown,
        end: Callable[[], None] | None = None,
    ) -> None:
        """
        Args:
            url: Base URL, such as http://127.0.0.1:8080.
            disk: The instance's disk; closed with the container.
            limits: How long it may take.
            memory_bytes: What a model takes in memory, by its name; 0 if nobody knows.
            end: Ends the container's process at once; without it a kill only looks like one from here, and the
                container lives on when this object is closed.
        """
        self._url = url
        self._line = Line(url)
        self._disk = disk
        self._limits = limits or Limits()
        self._memory_bytes = memory_bytes
        self._end = end
        self._loaded = set[str]()
        self._failed = Counter[str]()
        self._late: dict[str, asyncio.Task[None]] = {}
        """By a name that was abandoned: who unloads what comes of it."""
        self._tell: Callable[[], None] = _nobody
        self.closed: Callable[[], Awaitable[None]] = _nothing
        """Called when it has been closed: gives back what it ran on."""

    async def attach(self) -> None:
        """
        Wait until the container is ready, and unload whatever it holds.

        Raises:
            StartError: If it is not ready in time.
        """
        self._line.mend()
        self._loaded.clear()
        said = "nothing"
        try:
            async with asyncio.timeout(self._limits.ready_s):
                while (said := await self._ping()) != "200":  # noqa: ASYNC110  it is another process
                    await asyncio.sleep(PING_INTERVAL_S)
                await self._empty()
        except TimeoutError:
            raise StartError(
                f"the container at {self._url} is not ready after {self._limits.ready_s:g} s: GET /ping said {said}"
            ) from None

    def footprint(self, model: str) -> Footprint | None:
        """Return what the model takes on disk, and in memory as far as anybody knows; None without an artefact."""
        disk_bytes = self._disk.size_bytes(model)
        return None if disk_bytes is None else Footprint(disk_bytes, self._memory_bytes(model))

    async def download(self, model: str) -> None:
        """
        Unpack the artefact on the disk.

        Raises:
            LoadError: If there is none, or one that cannot be unpacked.
        """
        await self._disk.bring(model)

    async def delete(self, model: str) -> None:
        """Remove the artefact from the disk."""
        await self._disk.remove(model)

    async def load(self, model: str) -> None:
        """
        Load a model whose artefact is on disk.

        If nobody waits for it any longer, for whichever reason, what comes of it is unloaded in the background.

        Raises:
            NoMemoryError: If the container answers 507.
            LoadError: If it answers another error, or nothing for too long.
        """
        name = self._name(model)
        body = msgspec.json.encode({"model_name": name, "url": self._disk.url(model)})
        asking = self._line.ask("POST", "/models", self._limits.load_s, body=body, headers=_JSON)
        answer = await self._answered(model, name, asking, "loaded")
        if answer.ok or answer.status == HTTPStatus.CONFLICT:
            self._loaded.add(name)
            return
        self._failed[model] += 1
        await self._clear(name)
        if answer.status == HTTPStatus.INSUFFICIENT_STORAGE:
            raise NoMemoryError(answer.status, answer.text)
        raise LoadError(answer.status, answer.text)

    async def unload(self, model: str) -> None:
        """
        Free the model's memory; if nobody waits for that any longer, it goes on in the background.

        Raises:
            LoadError: If the container does not give it back.
        """
        name = self._name(model)
        answer = await self._answered(model, name, self._forget(name), "unloaded")
        if not answer.ok and answer.status != HTTPStatus.NOT_FOUND:
            raise LoadError(answer.status, answer.text)

    async def invoke(self, model: str, sent: Sent) -> Inferred:
        """
        Run one inference on a loaded model.

        Raises:
            TimeoutError: If the container has not answered in time; its worker stays busy.
            DeadError: If the connection was lost, and the container does not answer a ping either.
        """
        headers = {"Content-Type": sent.content_type}
        if sent.accept:
            headers["Accept"] = sent.accept
        if sent.custom_attributes is not None:
            headers[_ATTRIBUTES] = sent.custom_attributes
        path = f"/models/{self._name(model)}"
        start_ns = monotonic_ns()
        try:
            answer = await self._line.ask(
                "POST", f"{path}/invoke", self._limits.invoke_s, body=sent.body, headers=headers, extra_ns=sent.extra_ns
            )
        except DeadError as problem:
            if not await self._lives():
                raise
            return Inferred(LOST_STATUS, str(problem).encode(), "text/plain", service_ns=monotonic_ns() - start_ns)
        if answer.status == HTTPStatus.NOT_FOUND and self._name(model) in self._loaded:
            await self._must_know(path)
        return Inferred(
            answer.status,
            answer.body,
            answer.headers.get("Content-Type", _OCTETS),  # RFC 9110, section 8.3
            answer.headers.get(_ATTRIBUTES),
            service_ns=monotonic_ns() - start_ns,
        )

    def kill(self) -> None:
        """Die: whoever waits for the container sees DeadError at once, and so does everybody until it is attached."""
        self._line.cut()
        if self._end is not None:
            self._end()

    def on_death(self, tell: Callable[[], None]) -> None:
        """Have `tell` called when whoever runs the container says that it has died."""
        self._tell = tell

    def died(self) -> None:
        """Note that the container's process is gone. Its connections are, so whoever waits on one knows already."""
        self._tell()

    async def revive(self) -> bool:
        """Wait until the container is back, however long that takes, and empty it."""
        await self._disk.empty()
        while True:
            try:
                await self.attach()
            except (DeadError, StartError):
                await asyncio.sleep(PING_INTERVAL_S)
            else:
                return True

    def busy(self) -> int | None:
        """Return None: nobody knows."""
        return None

    async def close(self) -> None:
        """
        Unload what was loaded, unless the container does not answer or ends now; then give everything back.

        It is removed from disk, and all connections are closed.
        """
        names = {*self._loaded, *self._late}
        for task in self._late.values():
            task.cancel()
        await asyncio.gather(*self._late.values(), return_exceptions=True)
        if self._end is None:
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_S):
                    await asyncio.gather(*(self._forget(name) for name in names), return_exceptions=True)
        await self._line.close()
        await self._disk.close()
        await self.closed()

    def _name(self, model: str) -> str:
        failed = self._failed.get(model, 0)
        return f"{hashed(model)}-{failed}" if failed else hashed(model)

    async def _must_know(self, path: str) -> None:
        """Tell a model that answers 404 from a container that was started again meanwhile and knows nothing of it."""
        if (await self._line.ask("GET", path, self._limits.ready_s)).status == HTTPStatus.NOT_FOUND:
            raise DeadError("the container has lost the model: it was started again")

    async def _lives(self) -> bool:
        """Ask once whether a container lives that has lost a connection; a killed one does not."""
        try:
            return (await self._line.ask("GET", "/ping", LIVES_S)).status == HTTPStatus.OK
        except (DeadError, TimeoutError):
            return False

    async def _ping(self) -> str:
        try:
            return str((await self._line.ask("GET", "/ping", self._limits.ready_s)).status)
        except DeadError as problem:
            return str(problem)

    async def _empty(self) -> None:
        # Each pass asks for the first page: what it names is gone by the next. Models that stay end it.
        before = list[str]()
        while (names := await self._listed()) != before:
            await asyncio.gather(*(self._forget(name) for name in names))
            before = names

    async def _listed(self) -> list[str]:
        answer = await self._line.ask("GET", "/models", self._limits.ready_s)
        if not answer.ok:
            return []
        return sorted(listed.model_name for listed in _read_models(answer.body) if listed.model_name)

    async def _forget(self, name: str) -> Answer:
        self._loaded.discard(name)
        return await self._line.ask("DELETE", f"/models/{name}", self._limits.load_s)

    async def _answered(self, model: str, name: str, asking: Awaitable[Answer], what: str) -> Answer:
        """Wait for a load or an unload; without its answer nobody knows what becomes of the name."""
        try:
            return await asking
        except asyncio.CancelledError:
            self._abandon(model, name)
            raise
        except TimeoutError:
            self._abandon(model, name)
            raise LoadError(504, f"the container has not {what} the model in {self._limits.load_s:g} s") from None
        except DeadError as problem:
            self._abandon(model, name)
            if await self._lives():
                raise LoadError(LOST_STATUS, str(problem)) from problem
            raise

    def _abandon(self, model: str, name: str) -> None:
        self._failed[model] += 1
        task = self._late[name] = asyncio.get_running_loop().create_task(self._clear_late(name))
        task.add_done_callback(lambda _: self._late.pop(name, None))

    async def _clear_late(self, name: str) -> None:
        # The name is never used again: this may go on while the container dies, comes back, and loads the model anew.
        interval_s = CLEAR_INTERVAL_S
        with suppress(TimeoutError):
            async with asyncio.timeout(LATE_S):
                while not await self._is_gone(name):
                    await asyncio.sleep(interval_s)
                    interval_s = min(2 * interval_s, LATE_INTERVAL_S)

    async def _is_gone(self, name: str) -> bool:
        """Unload a model, if it is there by now."""
        try:
            return (await self._forget(name)).status != HTTPStatus.NOT_FOUND
        except (DeadError, TimeoutError):
            return False

    async def _clear(self, name: str) -> None:
        for _ in range(CLEAR_TRIES):
            if (await self._forget(name)).status != HTTPStatus.NOT_FOUND:
                return
            await asyncio.sleep(CLEAR_INTERVAL_S)


def _read_models(body: bytes) -> list[_Listed]:
    try:
        return msgspec.json.decode(body, type=_Models).models
    except (msgspec.DecodeError, RecursionError):
        return []
