"""
A local folder that stands for the S3 prefix of a multi-model endpoint.

A model's name is a path below the folder, as its key is a path below the prefix. A file is taken for a tar archive,
compressed or not; a folder is taken for an archive that somebody has unpacked already. Names come from whoever can
call the endpoint, and archives from whoever made the models, so neither may reach out of its place:

    name       no empty, `.` or `..` part, and no symbolic link that leads out of the folder
    archive    files and folders below its root only; a link is unpacked as a copy of what it means inside the archive
    folder     a symbolic link only to a file inside the folder of the models, unpacked as a copy
"""

import lzma
import os
import shutil
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath

from asyncload.emulator.behind.backend import LoadError
from asyncload.errors import StartError

INVALID_STATUS = 400
"""What Multi Model Server and Triton answer to a model that they cannot read."""
UNPACKED_SIGNS = ("model.py", "MAR-INF", "config.pbtxt", "code")
"""What a folder holds that is itself a model: of Multi Model Server, TorchServe, Triton, SageMaker's toolkits."""
_GZIP = b"\x1f\x8b"
_UNREADABLE = (OSError, EOFError, tarfile.TarError, lzma.LZMAError, zlib.error)
"""What reading an archive that is none, or is not whole, may raise; a codec's own errors are no OSErrors."""
_CHUNK_BYTES = 2**20


class Artefacts:
    """The models in a folder."""

    __slots__ = ("_folder",)

    def __init__(self, folder: Path) -> None:
        """
        Args:
            folder: Where the models are; it is read again for each request, so models may come and go.

        Raises:
            StartError: If there is no such folder.
        """
        if not folder.is_dir():
            raise StartError(f"the folder of the models does not exist: {folder}; make it, or name another")
        self._folder = folder.resolve()

    def find(self, name: str) -> Path | None:
        """Return where a model's artefact is, or None if there is none of that name."""
        if "\0" in name or any(part in {"", ".", ".."} for part in name.split("/")):
            return None
        try:
            path = (self._folder / name).resolve(strict=True)
        except (OSError, RuntimeError):  # a link that leads to itself is a RuntimeError before Python 3.13
            return None
        return path if path.is_relative_to(self._folder) and (path.is_file() or path.is_dir()) else None

    def listed(self) -> Iterator[tuple[str, int]]:
        """
        Yield name and size in bytes of every model: each file, and each folder that is one, hidden ones not.

        A name that somebody else has just removed may be missing, or still be there.
        """
        for place, folders, files in os.walk(self._folder):
            here = Path(place)
            whole = [name for name in folders if any((here / name / sign).exists() for sign in UNPACKED_SIGNS)]
            folders[:] = sorted(set(folders) - set(whole))
            for name in sorted(name for name in (*whole, *files) if not name.startswith(".")):
                with suppress(OSError):
                    path = here / name
                    size = path.stat().st_size if path.is_file() else folder_bytes(path)
                    yield path.relative_to(self._folder).as_posix(), size

    def size_bytes(self, name: str) -> int | None:
        """
        Return about how much a model takes when it is unpacked, without unpacking it; None if there is none.

        Source:
            RFC 1952, section 2.3.1: a gzip file ends with the size of its content modulo 2^32.
        """
        path = self.find(name)
        try:
            if path is None or path.is_file():
                return None if path is None else _unpacked_bytes(path)
            return folder_bytes(path)
        except OSError:  # it has just been removed
            return None

    def unpack(self, name: str, to: Path) -> None:
        """
        Unpack a model's artefact; blocks.

        Args:
            name: The model's name.
            to: A folder that does not exist yet; if unpacking fails, part of it may be left.

        Raises:
            LoadError: If there is no artefact, or one that cannot be unpacked.
        """
        path = self.find(name)
        if path is None:
            raise LoadError(404, f"there is no artefact {name!r} in {self._folder}")
        try:
            if path.is_dir():
                self._copy(path, to)
            else:
                _extract(path, to)
        except _UNREADABLE as problem:
            raise LoadError(INVALID_STATUS, f"the artefact {name!r} cannot be unpacked: {problem}") from problem

    def _copy(self, path: Path, to: Path) -> None:
        for folder, folders, files in os.walk(path):
            for entry in (Path(folder, name) for name in (*folders, *files)):
                if entry.is_symlink() and not (entry.is_file() and entry.resolve().is_relative_to(self._folder)):
                    raise tarfile.TarError(
                        f"{entry.relative_to(path)} is a link to no file in the folder of the models"
                    )
        shutil.copytree(path, to)


def folder_bytes(folder: Path) -> int:
    """Return the size of all files below a folder."""
    return sum(
        Path(place, name).lstat().st_size for place, _, names in os.walk(folder, followlinks=False) for name in names
    )


def _unpacked_bytes(path: Path) -> int:
    packed_bytes = path.stat().st_size
    with path.open("rb") as file:
        if file.read(2) != _GZIP or packed_bytes < 18:
            return packed_bytes
        file.seek(-4, os.SEEK_END)
        return max(int.from_bytes(file.read(4), "little"), packed_bytes)


def _extract(path: Path, to: Path) -> None:
    # Not extractall: its safe filter came with Python 3.11.4, and without it an archive may write anywhere.
    to.mkdir(parents=True)
    with tarfile.open(path) as archive:
        for member in archive:
            place = PurePosixPath(member.name)
            if place.is_absolute() or ".." in place.parts:
                raise tarfile.TarError(f"{member.name!r} leads out of the archive")
            target = to / place
            if member.isdir():
                target.mkdir(parents=True, exist_ok=True)
            else:
                _write(archive, member, target)
        _drain(archive)


def _drain(archive: tarfile.TarFile) -> None:
    # A tar archive ends before its file does: only behind it stands the checksum of all that was unpacked.
    while archive.fileobj is not None and archive.fileobj.read(_CHUNK_BYTES):
        pass


def _write(archive: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> None:
    try:
        content = archive.extractfile(member)  # of a link: what it means inside the archive
    except KeyError:
        content = None
    if content is None:
        raise tarfile.TarError(f"{member.name!r} is neither a file nor a link to a file in the archive")
    target.parent.mkdir(parents=True, exist_ok=True)
    with content, target.open("wb") as file:
        shutil.copyfileobj(content, file)
    target.chmod(0o755 if member.mode & 0o100 else 0o644)
