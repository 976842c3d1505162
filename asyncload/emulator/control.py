"""
The emulator's own switches, for callers on the same machine only.

    POST /control/stall?ms=1000      hold all work and all replies for that long
    GET  /control/truth?since=N      the ground-truth log from row N on, as JSON Lines
    GET  /control/health             counts, as JSON
    POST /control/reset              end a stall, forget the truth, begin all draws anew
"""

from ipaddress import ip_address

import msgspec
from aiohttp import web

from asyncload.emulator.scene import Scene

STALL_LIMIT_MS = 600_000


async def control(scene: Scene, request: web.BaseRequest) -> web.StreamResponse:
    """Answer a request under /control/."""
    if not from_loopback(request.remote):
        return web.Response(status=403, text="control answers from loopback only\n")
    match request.method, request.path:
        case "POST", "/control/stall":
            return _stall(scene, request)
        case "GET", "/control/truth":
            return await _truth(scene, request)
        case "GET", "/control/health":
            return _json({"status": "ok", "requests": scene.truth.rows, "in_flight": scene.in_flight})
        case "POST", "/control/reset":
            scene.reset()
            return _json({"status": "ok"})
    return web.Response(status=404, text="no such control\n")


def from_loopback(peer: str | None) -> bool:
    """Say whether a peer's address is this machine's loopback; IPv4 inside IPv6 counts as IPv4."""
    return peer is not None and ip_address(peer.partition("%")[0].removeprefix("::ffff:")).is_loopback


def _stall(scene: Scene, request: web.BaseRequest) -> web.Response:
    length_ms = _number(request, "ms")
    if length_ms is None or length_ms > STALL_LIMIT_MS:
        return web.Response(status=400, text=f"ms must be a number from 0 to {STALL_LIMIT_MS}\n")
    scene.stall(length_ms * 1_000_000)
    return _json({"status": "ok", "ms": length_ms})


async def _truth(scene: Scene, request: web.BaseRequest) -> web.StreamResponse:
    since = _number(request, "since", default=0)
    if since is None:
        return web.Response(status=400, text="since must be a number of a row\n")
    response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
    await response.prepare(request)
    lines = scene.truth.since(since)
    for begin in range(0, len(lines), 1_000):
        await response.write(b"".join(lines[begin : begin + 1_000]))
    await response.write_eof()
    return response


def _number(request: web.BaseRequest, name: str, default: int | None = None) -> int | None:
    text = request.query.get(name)
    if text is None:
        return default
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


def _json(value: dict[str, str | int]) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), content_type="application/json")
