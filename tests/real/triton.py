"""
A tiny container that speaks SageMaker's contract as Triton does, with memory for so many models, in this process.

It differs from Multi Model Server where Triton does: a model must lie in `<hash>/model`, errors are {"error": ...} with
status 400, what it does not know is answered 404 without a body, a model that is not ready is listed as {}.

Source:
    github.com/triton-inference-server/server, src/sagemaker_server.cc and .h.
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

PLACE = re.compile(r".*/[0-9A-Za-z._]+/model/?")


@dataclass
class Triton:
    """What it holds, and what it was asked."""

    slots: int = 3
    loaded: dict[str, str] = field(default_factory=dict)
    """Folders by name."""
    asked: list[tuple[str, str]] = field(default_factory=list)
    """Method and path of each request."""
    url: str = ""

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["Triton"]:
        app = web.Application(client_max_size=8 * 2**20)
        app.router.add_get("/ping", self.ping)
        app.router.add_get("/models", self.models)
        app.router.add_post("/models", self.load)
        app.router.add_delete("/models/{name}", self.unload)
        app.router.add_post("/models/{name}/invoke", self.invoke)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            await runner.cleanup()

    async def ping(self, request: web.Request) -> web.Response:
        self.asked.append((request.method, request.path))
        return web.Response()

    async def models(self, request: web.Request) -> web.Response:
        self.asked.append((request.method, request.path))
        return web.json_response(
            {"models": [{}, *({"modelName": name, "modelUrl": self.loaded[name]} for name in self.loaded)]}
        )

    async def load(self, request: web.Request) -> web.Response:
        self.asked.append((request.method, request.path))
        asked = await request.json()
        if asked["model_name"] in self.loaded:
            return web.json_response({"error": "model is already loaded"}, status=409)
        if not PLACE.fullmatch(asked["url"]):
            return web.json_response({"error": f"Invalid \"url\" '{asked['url']}'"}, status=400)
        if len(self.loaded) >= self.slots:
            return web.json_response({"error": "CUDA out of memory"}, status=507)
        self.loaded[asked["model_name"]] = asked["url"]
        return web.Response()

    async def unload(self, request: web.Request) -> web.Response:
        self.asked.append((request.method, request.path))
        return web.Response(status=404 if self.loaded.pop(request.match_info["name"], None) is None else 200)

    async def invoke(self, request: web.Request) -> web.Response:
        """Answer with what was sent: its headers as JSON, its body's length, and the model's own file `name`."""
        self.asked.append((request.method, request.path))
        folder = self.loaded.get(request.match_info["name"])
        if folder is None:
            return web.Response(status=404)
        body = await request.read()
        said = {"headers": dict(request.headers), "bytes": len(body), "model": name_of(folder)}
        return web.json_response(said, headers={"X-Amzn-SageMaker-Custom-Attributes": "seen"})


def name_of(folder: str) -> str:
    return Path(folder, "name").read_text()
