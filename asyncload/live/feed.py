"""
The page's process, as the run sees it: started before the run, fed each second, told of the end, and never waited for
in between.

It has a session of its own, so that Ctrl-C at the terminal reaches the run alone; it ends when the socket does, which
is when this process does, however that came about.
"""

import asyncio
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import TracebackType
from typing import IO, Final, Self

from asyncload.errors import StartError
from asyncload.live.channel import Channel
from asyncload.live.words import End, Hello, Listening, Refused, StopAsked, Unpacker, arrays_of, frame, tick_of
from asyncload.options import Stop
from asyncload.snapshot import Snapshot

_COMMAND: Final = ("-P", "-m", "asyncload.live")
"""-P: a file called aiohttp.py in the current directory is none of ours."""
_BEGIN_S: Final = 30.0
LINGER_S: Final = 5.0
"""How long browsers may take to hear of the end and to fetch the report."""
_END_S: Final = 3.0
_READ_BYTES: Final = 4096
_GONE: Final = "the page at its address has gone, the run goes on"


class Feed:
    """A page of a run, from before it begins until browsers have heard of its end."""

    def __init__(self, hello: Hello, tell: Callable[[str], None], environment: Mapping[str, str] | None = None) -> None:
        """
        Args:
            hello: What is known of the run.
            tell: Is told in words, once, if the page is lost while the run lasts.
            environment: Of the page's process; it needs no credentials. Without it our own.
        """
        self._hello = hello
        self._tell = tell
        self._environment = environment
        self._ended = End(failed="the run ended without a result")
        self.url = ""
        """Where the page is, with its token."""

    def __enter__(self) -> Self:
        """
        Start the page's process and wait until it listens.

        Raises:
            StartError: If it does not.
        """
        ours, theirs = socket.socketpair()
        self._errors = tempfile.TemporaryFile()  # closed in __exit__
        with theirs:
            self._process = _started(theirs, self._errors, self._environment)
        self._socket = ours
        self._channel = Channel(ours)
        try:
            self.url = self._wait_for_it()
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        if error is not None:
            self._ended = End(failed=str(error) or type(error).__name__)
        began_s = time.monotonic()
        with suppress(KeyboardInterrupt):  # somebody does not want to wait: the run is over, and its result stands
            self._channel.push(frame(self._ended))
            told = not self._channel.broken and self._channel.flush(_END_S)
            if told and not isinstance(error, KeyboardInterrupt):
                self._wait(LINGER_S)  # it goes by itself when nobody looks at it any more
        self._close(_END_S - (time.monotonic() - began_s))

    def watch(self, stop: Stop) -> "Watching":
        """Return who feeds the page while the run lasts."""
        return Watching(self._channel, self._socket, stop, lambda: self._tell(f"{_GONE}{self._last_words(0.0)}"))

    def end(self, end: End) -> None:
        """Say how the run ended; browsers hear of it on leaving."""
        self._ended = end

    def _wait_for_it(self) -> str:
        """Send what is known, and take the answer."""
        self._channel.push(frame(self._hello))
        if self._channel.flush(_BEGIN_S):
            self._socket.settimeout(_BEGIN_S)
            match _first(self._socket):
                case Listening(url=url):
                    self._socket.settimeout(0.0)
                    return url
                case Refused(why=why):
                    raise StartError(f"--web: {why}")
        raise StartError(f"--web: the page's process did not start{self._last_words(_END_S)}")

    def _last_words(self, patience_s: float) -> str:
        """Say why the process ended, where it said so itself; without patience for one that is just ending."""
        if not self._wait(patience_s):
            return ""
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        return f": {lines[-1]}" if lines else f": exit code {self._process.returncode}"

    def _close(self, patience_s: float = _END_S) -> None:
        """End the process: what it still has to do is done within its patience, or in a second."""
        self._channel.close()
        if not self._wait(max(patience_s, 1.0)):
            self._process.kill()
            self._process.wait()
        self._errors.close()

    def _wait(self, patience_s: float) -> bool:
        try:
            self._process.wait(patience_s)
        except subprocess.TimeoutExpired:
            return False
        return True


class Watching:
    """Feeds a page while a run lasts; one of its watchers."""

    def __init__(self, channel: Channel, sock: socket.socket, stop: Stop, gone: Callable[[], None]) -> None:
        """
        Args:
            channel: To the page's process.
            sock: Of the channel, to be read.
            stop: Is asked when somebody presses the button.
            gone: Called once if the process goes away.
        """
        self._channel = channel
        self._socket = sock
        self._stop = stop
        self._gone = gone
        self._unpacker = Unpacker()
        self._loop: asyncio.AbstractEventLoop | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.remove_reader(self._socket)
        self._channel.leave()

    def on_snapshot(self, snapshot: Snapshot) -> None:
        """Hand a second over. HOT: once a second, beside the calls."""
        if self._channel.broken:
            return
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            self._loop.add_reader(self._socket, self._read)
        self._channel.send(frame(tick_of(snapshot, self._channel.lost), arrays_of(snapshot.second)), self._loop)

    def _read(self) -> None:
        try:
            data = self._socket.recv(_READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        for message in self._unpacker.take(data):
            if isinstance(message, StopAsked):
                self._ask(2 if message.at_once else 1)
        if not data:
            self._lose()

    def _ask(self, times: int) -> None:
        """See that the run was asked so often: a second tab that stops what stops already ends no waiting."""
        while self._stop.asked < times:
            self._stop.ask()

    def _lose(self) -> None:
        assert self._loop is not None  # noqa: S101  # it called us
        self._loop.remove_reader(self._socket)
        self._channel.broken = True
        self._gone()


def _started(
    theirs: socket.socket, errors: IO[bytes], environment: Mapping[str, str] | None
) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(  # noqa: S603  # our own module
        [sys.executable, *_COMMAND],
        stdin=theirs.fileno(),
        stdout=subprocess.DEVNULL,
        stderr=errors,
        env=environment,
        start_new_session=True,
    )


def _first(sock: socket.socket) -> object:
    """Return the first message of the page's process; None if it goes away or keeps silent."""
    unpacker = Unpacker()
    try:
        while data := sock.recv(_READ_BYTES):
            if found := unpacker.take(data):
                return found[0]
    except OSError:
        return None
    return None
