"""Lines of the locustfile, for messages and to know one draw from another."""

import os
import site
import sys
import sysconfig
from pathlib import Path
from types import FrameType, TracebackType
from typing import Final

import asyncload
from asyncload.locust.importer.probe.chance import Site

_DEEPEST: Final = 60
_CLIENTS: Final = ("botocore", "boto3", "urllib3", "requests", "geventhttpclient", "locust", "gevent")


class Places:
    """Tells a locustfile's own code, and that of modules beside it, from installed code."""

    def __init__(self, locustfile: str) -> None:
        """
        Args:
            locustfile: Absolute path.
        """
        self._locustfile = locustfile
        self._folders = (os.path.dirname(locustfile) + os.sep, os.getcwd() + os.sep)  # noqa: PTH109, PTH120  prefixes
        installed = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
        installed |= {site.getusersitepackages(), str(Path(asyncload.__file__).parent)}
        self._installed = tuple(sorted(folder + os.sep for folder in installed if folder))
        packages = [sysconfig.get_path(name) for name in ("purelib", "platlib")]
        self._clients = tuple(os.path.join(folder, name) + os.sep for folder in packages for name in _CLIENTS)  # noqa: PTH118
        self._own: dict[str, bool] = {}

    def is_own(self, file: str) -> bool:
        """Whether code of a file is the user's."""
        known = self._own.get(file)
        if known is None:
            known = file == self._locustfile or (file[:1] == os.sep and not file.startswith(self._installed))
            self._own[file] = known
        return known

    def of_frame(self, frame: FrameType | None) -> str:
        """Return the innermost line of the user's that leads to a frame; empty if there is none."""
        while frame is not None:
            if self.is_own(frame.f_code.co_filename):
                return self.at(frame.f_code.co_filename, frame.f_lineno)
            frame = frame.f_back
        return ""

    def here(self) -> str:
        """
        Return the user's line that is being carried out.

        A name is looked up by a thread of gevent's while the main greenlet waits for it: then it is that one's line.
        """
        found = self.of_frame(sys._getframe(1))  # noqa: SLF001  the stack
        if not found:
            import gevent  # noqa: PLC0415  a job's process alone may have it patch the world

            found = self.of_frame(gevent.get_hub().parent.gr_frame)
        return found

    def of_traceback(self, traceback: TracebackType | None) -> str:
        """Return the innermost line of the user's on the way to an exception; empty if there is none."""
        found = ""
        while traceback is not None:
            file = traceback.tb_frame.f_code.co_filename
            if self.is_own(file):
                found = self.at(file, traceback.tb_lineno)
            traceback = traceback.tb_next
        return found

    def of_function(self, function: object) -> str:
        """Return the line on which a function begins; empty if that is not known."""
        function = getattr(function, "__func__", function)
        code = getattr(getattr(function, "__wrapped__", function), "__code__", None)
        return "" if code is None else self.at(code.co_filename, code.co_firstlineno)

    def at(self, file: str, line: int) -> str:
        """Return a line in words: that of the locustfile without its name."""
        if file == self._locustfile:
            return f"line {line}"
        for folder in self._folders:
            if file.startswith(folder):
                return f"{file.removeprefix(folder)}, line {line}"
        return f"{Path(file).name}, line {line}"

    def site(self, frame: FrameType | None) -> Site:
        """Return what tells a draw from others: the instruction of each frame of the user's; empty for a client's."""
        found: list[int] = []
        for _ in range(_DEEPEST):
            if frame is None:
                break
            file = frame.f_code.co_filename
            if self.is_own(file):
                found += (id(frame.f_code), frame.f_lasti)
            elif not found and file.startswith(self._clients):
                return ()
            frame = frame.f_back
        return tuple(found)
