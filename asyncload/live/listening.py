"""A port of the loopback, and the address that leads to it."""

import socket
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from aiohttp import web

from asyncload.errors import StartError
from asyncload.live.guard import HEADERS, Asking, Guard

HOST: Final = "127.0.0.1"
"""Nothing here listens on anything else."""
_GUARD: Final = web.AppKey("guard", Guard)
_FORBIDDEN: Final = 403
Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]


def bound(port: int) -> socket.socket:
    """
    Bind a port of the loopback.

    Args:
        port: 0 takes a free one.

    Raises:
        StartError: If it cannot be had.
    """
    try:
        return socket.create_server((HOST, port))
    except (OSError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise StartError(
            f"cannot listen on {HOST}:{port}: {reason}; choose another port, or 0 for a free one"
        ) from error


def guarded(guard: Guard) -> web.Application:
    """Make an application that answers only whom the guard lets in."""
    app = web.Application(middlewares=[_let_in])
    app[_GUARD] = guard
    app.on_response_prepare.append(_say_headers)
    return app


def address(guard: Guard) -> str:
    """URL with the token, for whoever started the server."""
    return f"http://{HOST}:{guard.port}/?token={guard.token}"


async def listen(app: web.Application, listener: socket.socket) -> web.AppRunner:
    """Accept connections; whoever goes away has its handler cancelled."""
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=1.0)
    await runner.setup()
    await web.SockSite(runner, listener).start()
    return runner


@web.middleware
async def _let_in(request: web.Request, handler: Handler) -> web.StreamResponse:
    guard = request.app[_GUARD]
    token = request.query.get("token")
    refusal = guard.refusal(
        Asking(
            method=request.method,
            host=request.headers.get("Host", ""),
            origin=request.headers.get("Origin"),
            authorization=request.headers.get("Authorization"),
            token=token,
            cookie=request.cookies.get(guard.cookie_name),
        )
    )
    if refusal is not None:
        return web.Response(status=_FORBIDDEN, text=f"403: {refusal}\n")
    response = await handler(request)
    if token is not None and not response.prepared:
        response.set_cookie(guard.cookie_name, guard.session, httponly=True, samesite="Strict", path="/")
    return response


async def _say_headers(_request: web.Request, response: web.StreamResponse) -> None:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["Server"] = "asyncload"  # nobody needs to know the versions of what it is made of
