"""
What the file's code does to the outside, written down: calls, rows, sleeps, and what is not a call.

A request is a call of a target where it is a POST to /endpoints/{name}/invocations; everything that tells one target
from another is in `findings.Target`. Targets and bodies are numbered in the order in which they are first seen.
"""

import re
import sys
from base64 import b64encode
from dataclasses import dataclass, field
from types import FrameType
from typing import Final, Literal, TypeAlias
from urllib.parse import unquote

from asyncload.locust.importer.findings import Row, Target
from asyncload.locust.importer.probe import replies
from asyncload.locust.importer.probe.places import Places
from asyncload.locust.importer.probe.replies import Reply
from asyncload.locust.importer.probe.wire import Request

Stage: TypeAlias = Literal["loading", "starting", "on_start", "task"]

MOST_BODIES_BYTES: Final = 256 * 1024 * 1024
MOST_ATTEMPTS: Final = 1000
"""After so many attempts at one call it is answered: who tries so often would try for ever."""
_PATH: Final = re.compile(r"(?P<before>.*)/endpoints/(?P<name>[^/?]+)/invocations")
_SCOPE: Final = re.compile(r"Credential=[^/]+/\d+/(?P<region>[^/]+)/[^/]+/aws4_request")
_FIELDS: Final = {
    "x-amzn-sagemaker-target-model": "model",
    "content-type": "content_type",
    "accept": "accept",
    "x-amzn-sagemaker-custom-attributes": "custom_attributes",
    "x-amzn-sagemaker-target-variant": "variant",
    "x-amzn-sagemaker-inference-component": "inference_component",
    "x-amzn-sagemaker-target-container-hostname": "container",
}
_NUMBER: Final = "x-amzn-sagemaker-inference-id"
_OF_CLIENTS: Final = re.compile(
    r"host|user-agent|accept-encoding|connection|content-length|transfer-encoding|expect|authorization|cookie"
    r"|amz-sdk-.*|x-amz-(date|content-sha256|security-token|user-agent)"
)
"""Headers that say nothing of the target."""


class TooLarge(Exception):  # noqa: N818  a state, in words
    """More bytes of payloads than an import takes along."""


@dataclass(slots=True)
class Recorder:
    """The outside of a process."""

    places: Places
    stage: Stage = "loading"
    keys: list[int] = field(default_factory=list)
    """Targets of the calls since `begin`."""
    bodies: list[int] = field(default_factory=list)
    """Their payloads."""
    failed_rows: int = 0
    """Rows since `begin` that the file reported as failed."""
    reply: Reply = replies.USUAL[0]
    throttling: bool = False
    """Whether calls are answered as at the endpoint's limit, up to a thousand."""
    targets: dict[Target, int] = field(default_factory=dict)
    payloads: dict[bytes, int] = field(default_factory=dict)
    rows: dict[Row, None] = field(default_factory=dict)
    others: dict[tuple[Stage, str, str], None] = field(default_factory=dict)
    """Requests that are no calls: when, what and where."""
    started: dict[tuple[Stage, str], None] = field(default_factory=dict)
    """Calls outside of tasks: when and where."""
    headers: dict[str, None] = field(default_factory=dict)
    """Names of headers that no scenario has a key for."""
    slept: dict[tuple[float, str], None] = field(default_factory=dict)
    """Sleeps inside tasks: seconds and where."""
    timeouts_s: dict[float | None, None] = field(default_factory=dict)
    """How long clients wait for replies to calls; None for those that do so without end."""
    retries: dict[str, None] = field(default_factory=dict)
    """How botocore's clients are set to retry."""
    at: dict[int, str] = field(default_factory=dict)
    """Line that calls a target, by its number."""
    _bytes: int = 0
    _without_row: int = 0
    _last_is_call: bool = False

    def begin(self, stage: Stage) -> None:
        """Begin a run, or what is none."""
        self.stage = stage
        self.keys, self.bodies = [], []
        self.failed_rows = self._without_row = 0

    def answer(self, request: Request) -> bytes:
        """Write a request down and return the reply."""
        where = self.places.of_frame(sys._getframe(1))  # noqa: SLF001  whose request it is
        path, _, query = request.path.partition("?")
        found = _PATH.fullmatch(path)
        self._last_is_call = False
        if request.method != "POST" or not found or query:
            self.others[self.stage, f"{request.method} {request.url}{path}", where] = None
            return replies.empty(request.headers, request.body)
        if self.stage != "task":
            self.started[self.stage, where] = None
            return replies.invoked(self.reply, request.headers.get("accept", ""))
        self._last_is_call = True
        target = self._target(request, found["before"], unquote(found["name"]))
        self.keys.append(target)
        self.bodies.append(self._body(request.body))
        self.at.setdefault(target, where)
        self._look_at_client()
        if self.throttling and len(self.keys) < MOST_ATTEMPTS:
            return replies.throttled()
        return replies.invoked(self.reply, request.headers.get("accept", ""))

    def report(self, name: object = "", exception: object = None, **_: object) -> None:
        """Take notice of a row, as a listener of Locust's event `request`; it belongs to the calls before it."""
        if self.stage != "task" or self.throttling:
            return
        self.failed_rows += exception is not None
        for key in self.keys[self._without_row :]:
            self.rows[Row(key, str(name))] = None
        self._without_row = len(self.keys)

    def wait(self, timeout_s: float | None) -> None:
        """Take notice of how long a client waits for the reply to what it has sent."""
        if self._last_is_call:
            self.timeouts_s[timeout_s] = None

    def sleep(self, seconds: float) -> None:
        """Take notice of a sleep."""
        if self.stage == "task" and not self.throttling and seconds > 0:
            where = self.places.of_frame(sys._getframe(1))  # noqa: SLF001  who sleeps
            if where:
                self.slept[round(seconds, 3), where] = None

    def encoded(self) -> list[str]:
        """Return the payloads in base64, in the order of their numbers."""
        return [b64encode(body).decode() for body in self.payloads]

    def _target(self, request: Request, before: str, name: str) -> int:
        fields = {field: request.headers.get(header, "") for header, field in _FIELDS.items()}
        if fields["accept"] == "*/*" and "python-requests" in request.headers.get("user-agent", ""):
            fields["accept"] = ""
        scope = _SCOPE.search(request.headers.get("authorization", ""))
        for header in request.headers:
            if header not in _FIELDS and header != _NUMBER and not _OF_CLIENTS.fullmatch(header):
                self.headers[header] = None
        target = Target(
            endpoint=name,
            url=request.url + before,
            region=scope["region"] if scope else "",
            inference_id=_NUMBER in request.headers,
            signed=scope is not None,
            **fields,
        )
        return self.targets.setdefault(target, len(self.targets))

    def _body(self, body: bytes) -> int:
        number = self.payloads.get(body)
        if number is None:
            self._bytes += len(body)
            if self._bytes > MOST_BODIES_BYTES:
                raise TooLarge(f"its payloads have more than {MOST_BODIES_BYTES} bytes together")
            number = self.payloads[body] = len(self.payloads)
        return number

    def _look_at_client(self) -> None:
        """Find the botocore client whose call this is, on the stack, and how it retries."""
        frame: FrameType | None = sys._getframe(2)  # noqa: SLF001  up to whoever called the client
        while frame is not None:
            if frame.f_code.co_name == "_make_api_call" and "botocore" in frame.f_code.co_filename:
                settings = frame.f_locals["self"].meta.config.retries or {}
                attempts = settings.get("total_max_attempts")
                mode = f"{settings.get('mode', 'legacy')} mode"
                self.retries[mode if attempts is None else f"{mode}, {attempts} attempts in all"] = None
                return
            frame = frame.f_back
