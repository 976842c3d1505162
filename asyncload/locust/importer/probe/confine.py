"""
Nothing leaves the machine, and nothing on it is changed.

    namespace   Where the kernel allows it the process has a network of its own, with nothing in it. That holds for code
                in C too.
    audit hook  Python tells of every connection, name look-up, process and file before it is made, and the hook refuses
                it with the line that asked. A hook cannot be taken out again.
    diversion   What is opened for writing is a file that forgets, and a folder that is to be made is said to be there:
                logs and result files are no reason to refuse a locustfile.

This keeps a locustfile from doing what it would do under Locust. It is no prison: who writes a file to break out of it
finds a way, as he would by giving the file to Locust.
"""

import _posixsubprocess
import builtins
import ctypes
import errno
import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from typing import Final

Refusal = Callable[[str], None]

_NEW_USER: Final = 0x10000000
_NEW_NETWORK: Final = 0x40000000
_SOCKETS: Final = {
    "socket.connect": "connects to {1}",
    "socket.bind": "binds {1}",
    "socket.sendto": "sends to {1}",
    "socket.sendmsg": "sends to {1}",
    "socket.getaddrinfo": "looks up {0}",
    "socket.gethostbyname": "looks up {0}",
    "socket.gethostbyaddr": "looks up {0}",
    "socket.getnameinfo": "looks up {0}",
}
_PROCESSES: Final = {
    "subprocess.Popen": 1,
    "os.system": 0,
    "os.exec": 1,
    "os.posix_spawn": 1,
    "os.spawn": 2,
    "pty.spawn": 0,
    "os.fork": None,
    "os.forkpty": None,
}
_CHANGES: Final = {
    "os.remove": "removes {0}",
    "os.rmdir": "removes {0}",
    "os.rename": "renames {0}",
    "os.link": "links {0}",
    "os.symlink": "links {0}",
    "os.truncate": "truncates {0}",
    "os.mkdir": "makes {0}",
    "os.chmod": "changes {0}",
    "os.chown": "changes {0}",
    "shutil.rmtree": "removes {0}",
}
_WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


_FILE: Final = "an import changes no file"
_PROCESS: Final = "an import starts no process"
_NETWORK: Final = (
    "nothing leaves the machine during an import; calls are recorded where they go through boto3, requests, urllib3, "
    "http.client or Locust's own clients"
)


class Refused(PermissionError):  # noqa: N818  a state, in words
    """Something that an import does not do."""

    def __init__(self, what: str, why: str) -> None:
        """
        Args:
            what: What was tried.
            why: Why it is refused.
        """
        super().__init__(errno.EACCES, f"{what}: {why}")
        self.what = what


def take_network_away() -> bool:
    """
    Give the process a network of its own, with nothing in it; returns whether the kernel allowed it.

    Whoever may do so does it as it is: root in a user namespace of its own may not read what belongs to others.
    """
    user, group = os.getuid(), os.getgid()
    try:
        unshare = ctypes.CDLL(None, use_errno=True).unshare
        if not unshare(_NEW_NETWORK):
            return True
        if unshare(_NEW_USER | _NEW_NETWORK):
            return False
        Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1", encoding="ascii")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1", encoding="ascii")
    except (OSError, AttributeError):
        return False
    return True


class Confinement:
    """The rest of a process's life."""

    def __init__(self, scratch: str, refused: Refusal, diverted: Refusal) -> None:
        """
        Args:
            scratch: A folder in which everything is allowed.
            refused: Is told what is refused.
            diverted: Is told what goes nowhere.
        """
        self._scratch = os.path.realpath(scratch) + os.sep
        self._refused = refused
        self._diverted = diverted
        self._secrets = os.path.realpath(os.path.expanduser("~/.aws")) + os.sep  # noqa: PTH111  a prefix

    def begin(self) -> None:
        """Refuse from now on."""
        tempfile.tempdir = self._scratch.rstrip(os.sep)
        for module in (_posixsubprocess, subprocess):
            name = "fork_exec" if module is _posixsubprocess else "_fork_exec"
            setattr(module, name, self._start_nothing)
        self._divert()
        sys.addaudithook(self._hear)

    def _start_nothing(self, *_: object) -> None:
        """Stand for what starts a process without telling the hook: `multiprocessing` uses it."""
        self._refuse("starts a process", (), _PROCESS)

    def _divert(self) -> None:
        true_open, true_mkdir = io.open, os.mkdir

        def divert(file, mode="r", *args, **kwargs):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN002, ANN003, ANN202
            if "r" not in mode and self._outside(file):
                self._diverted(f"writes {_named(file)}")
                file, mode = os.devnull, mode.replace("x", "w")
            return true_open(file, mode, *args, **kwargs)

        def mkdir(path, mode=0o777, *, dir_fd=None):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
            if self._outside(path) and dir_fd is None and not os.path.lexists(path):
                self._diverted(f"makes the folder {_named(path)}")
            else:
                true_mkdir(path, mode, dir_fd=dir_fd)

        builtins.open = io.open = divert
        os.mkdir = mkdir

    def _outside(self, file: object) -> bool:
        """Whether a path is neither in the scratch folder nor the file that forgets."""
        if not isinstance(file, str | bytes | os.PathLike):
            return False
        path = os.path.realpath(os.fsdecode(file))
        return not (path + os.sep).startswith(self._scratch) and path != os.devnull

    def _hear(self, event: str, arguments: tuple[object, ...]) -> None:
        if event == "open":
            self._hear_open(*arguments)
        elif event in _SOCKETS:
            if not _harmless(event, arguments):
                self._refuse(_SOCKETS[event], arguments, _NETWORK)
        elif event in _PROCESSES:
            index = _PROCESSES[event]
            program = "a process" if index is None else _program(arguments[index])
            self._refuse(f"starts {program}", (), _PROCESS)
        elif event == "sqlite3.connect" and self._outside(arguments[0]) and not _is_there(arguments[0]):
            self._refuse("makes the database {0}", arguments, _FILE)
        elif event in _CHANGES and self._outside(arguments[0]):
            self._refuse(_CHANGES[event], arguments, _FILE)

    def _hear_open(self, file: object, _mode: object = None, flags: object = 0) -> None:
        if isinstance(flags, int) and flags & _WRITING and self._outside(file):
            self._refuse("opens {0} for writing", (file,), _FILE)
        if isinstance(file, str) and file.startswith(self._secrets):
            self._refuse("reads {0}", (file,), "an import reads no credentials")

    def _refuse(self, words: str, arguments: tuple[object, ...], why: str) -> None:
        what = words.format(*(_named(argument) for argument in arguments))
        self._refused(what)
        raise Refused(what, why)


def _harmless(event: str, arguments: tuple[object, ...]) -> bool:
    """Whether an event of a socket sends nothing: a message to whom it is connected, or a number that is looked up."""
    if event == "socket.sendmsg":
        return arguments[1] is None
    if event != "socket.getaddrinfo":
        return False
    try:
        ip_address(_named(arguments[0]))
    except ValueError:
        return False
    return True


def _is_there(database: object) -> bool:
    name = _named(database)
    return name == ":memory:" or name.startswith("file:") or Path(name).exists()


def _program(command: object) -> str:
    """Return the program of a command; its arguments may hold what nobody should read."""
    first = command[0] if isinstance(command, list | tuple) and command else command
    return _named(first).partition(" ")[0] or "a process"


def _named(argument: object) -> str:
    """Return a path or an address as a person reads it."""
    if isinstance(argument, tuple) and len(argument) >= 2:
        return f"{_named(argument[0])}:{argument[1]}"
    if isinstance(argument, bytes | os.PathLike):
        return os.fsdecode(argument)
    return str(argument)
