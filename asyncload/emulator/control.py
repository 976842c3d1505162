"""
The emulator's own switches, for callers on the same machine only.

    GET    /control/health                                  counts, and what each instance holds, as JSON
    GET    /control/truth?since=N                           the ground-truth log from row N on, as JSON Lines
    POST   /control/reset                                   forget the truth, begin all draws anew with nothing loaded
    POST   /control/stall?ms=1000                           hold all work and all replies for that long
    GET    /control/faults                                  what is on
    POST   /control/faults                                  put these faults, a JSON list, in place of those that are on
    DELETE /control/faults                                  no faults
    POST   /control/instances?endpoint=E&variant=V          one instance more
    DELETE /control/instances?endpoint=E&instance=I         one less, once it has answered what it has
    POST   /control/kill?endpoint=E&instance=I              an instance dies
"""

from collections.abc import Mapping
from ipaddress import ip_address
from time import monotonic_ns
from typing import Final, TypeVar
from urllib.parse import parse_qsl

import msgspec

from asyncload.emulator.config.faults import read_faults, write_faults
from asyncload.emulator.platform.endpoint import Endpoint, Variant
from asyncload.emulator.platform.instance import Instance
from asyncload.emulator.scene import Scene
from asyncload.emulator.wire.values import Reply, Request
from asyncload.errors import ScenarioError, StartError

STALL_LIMIT_MS: Final = 600_000


class _RefusedError(Exception):
    """What is asked cannot be done; its text says why."""


class Control:
    """The switches of one scene."""

    def __init__(self, scene: Scene) -> None:
        """
        Args:
            scene: What they switch.
        """
        self._scene = scene

    async def answer(self, request: Request) -> Reply:
        """Answer a request under /control/."""
        if not from_loopback(request.peer):
            return _text(403, "control answers from loopback only\n")
        query = dict(parse_qsl(request.query))
        try:
            match request.method, request.path:
                case "GET", "/control/health":
                    return _json(self._health())
                case "GET", "/control/truth":
                    lines = self._scene.truth.since(_number(query, "since", 0))
                    return Reply(200, b"".join(lines), {"Content-Type": "application/x-ndjson"})
                case "POST", "/control/reset":
                    await self._scene.reset()
                    return _json({"status": "ok"})
                case "POST", "/control/stall":
                    return self._stall(query)
                case method, "/control/faults":
                    return self._faults(method, request.body)
                case method, "/control/instances" | "/control/kill":
                    return await self._instances(method, request.path, query)
        except (_RefusedError, ScenarioError, StartError) as problem:
            return _text(400, f"{problem}\n")
        return _text(404, "no such control\n")

    def _health(self) -> dict[str, object]:
        scene = self._scene
        instances = [
            {
                "endpoint": endpoint.played.name,
                "instance": instance.name,
                "in_service": instance in variant.routed and not instance.down,
                "in_flight": instance.in_flight,
                "models_loaded": instance.residency.hot,
                "memory_used_bytes": instance.residency.memory_used_bytes,
                "disk_used_bytes": instance.residency.disk_used_bytes,
            }
            for endpoint in scene.endpoints.values()
            for variant in endpoint.variants.values()
            for instance in variant.instances
        ]
        return {"status": "ok", "requests": scene.truth.rows, "in_flight": scene.in_flight, "instances": instances}

    def _stall(self, query: Mapping[str, str]) -> Reply:
        length_ms = _number(query, "ms")
        if length_ms > STALL_LIMIT_MS:
            raise _RefusedError(f"ms must be a number from 0 to {STALL_LIMIT_MS}")
        self._scene.stall(length_ms * 1_000_000)
        return _json({"status": "ok", "ms": length_ms})

    def _faults(self, method: str, body: bytes) -> Reply:
        if method == "POST":
            try:
                given: object = msgspec.json.decode(body)
            except (msgspec.DecodeError, RecursionError) as problem:
                raise _RefusedError(f"the body is not JSON: {problem}") from None
            self._scene.replace_faults(read_faults(given))
        elif method == "DELETE":
            self._scene.replace_faults(())
        elif method != "GET":
            return _text(405, "faults are read with GET, set with POST, removed with DELETE\n")
        return _json(write_faults(self._scene.faults.active(monotonic_ns())))

    async def _instances(self, method: str, path: str, query: Mapping[str, str]) -> Reply:
        endpoint = self._endpoint(query)
        match method, path:
            case "POST", "/control/instances":
                name = await endpoint.add(_variant(endpoint, query))
                return _json({"status": "ok", "instance": name})
            case "DELETE", "/control/instances":
                endpoint.remove(*_instance(endpoint, query))
            case "POST", "/control/kill":
                _instance(endpoint, query)[1].kill()
            case _:
                return _text(405, "instances are added with POST and removed with DELETE; kill wants POST\n")
        return _json({"status": "ok"})

    def _endpoint(self, query: Mapping[str, str]) -> Endpoint:
        return _named("endpoint", query.get("endpoint"), self._scene.endpoints)


def from_loopback(peer: str | None) -> bool:
    """Say whether a peer's address is this machine's loopback; IPv4 inside IPv6 counts as IPv4."""
    return peer is not None and ip_address(peer.partition("%")[0].removeprefix("::ffff:")).is_loopback


def _variant(endpoint: Endpoint, query: Mapping[str, str]) -> Variant:
    return _named("variant", query.get("variant"), endpoint.variants)


def _instance(endpoint: Endpoint, query: Mapping[str, str]) -> tuple[Variant, Instance]:
    instances = {
        instance.name: (variant, instance) for variant in endpoint.variants.values() for instance in variant.instances
    }
    return _named("instance", query.get("instance"), instances)


_T = TypeVar("_T")


def _named(kind: str, name: str | None, known: Mapping[str, _T]) -> _T:
    """Return what is called so; where there is only one, it need not be named."""
    if name is None and len(known) == 1:
        return next(iter(known.values()))
    if name is None or name not in known:
        asked = "is not named" if name is None else f"{name!r} does not exist"
        raise _RefusedError(f"the {kind} {asked}; there are {', '.join(known) or 'none'}")
    return known[name]


def _number(query: Mapping[str, str], name: str, default: int | None = None) -> int:
    text = query.get(name)
    if text is None and default is not None:
        return default
    if text is None or not (text.isascii() and text.isdecimal()) or len(text) > 18:
        raise _RefusedError(f"{name} must be a whole number, not negative")
    return int(text)


def _json(value: object) -> Reply:
    return Reply(200, msgspec.json.encode(value), {"Content-Type": "application/json"})


def _text(status: int, text: str) -> Reply:
    return Reply(status, text.encode(), {"Content-Type": "text/plain"})
