"""
The disk of one instance: artefacts unpacked, each in a folder `<hash>/model`.

That is the layout of SageMaker's own instances (/opt/ml/models/<hash>/model), and Triton accepts no other. A container
with a file system of its own sees the disk under another path, `seen_as`.

Files are unpacked and removed in threads, which cannot be cancelled. So whoever wants something done about a model
waits until the thread that is busy with it has ended, whoever began it, and what is held is what threads have made.
"""

import asyncio
import shutil
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path, PurePosixPath
from tempfile import mkdtemp

from asyncload.emulator.behind.artefacts import Artefacts, folder_bytes


def hashed(model: str) -> str:
    """
    Return the name by which a container knows a model.

    A container cannot be asked for a name with a slash in it. 128 bits of SHA-256 are no two names' alike.
    """
    return sha256(model.encode("utf-8", "surrogatepass")).hexdigest()[:32]


class Disk:
    """Where one instance keeps artefacts; what it holds is removed in the end, and so is a folder that it made."""

    __slots__ = ("_artefacts", "_folder", "_held_bytes", "_own", "_seen_as", "_threads")

    def __init__(self, artefacts: Artefacts, folder: Path | None = None, seen_as: PurePosixPath | None = None) -> None:
        """
        Args:
            artefacts: Where models come from.
            folder: A folder, made if it is not there; None makes a temporary one.
            seen_as: The same folder as the container sees it; None if it sees the same paths.

        Raises:
            OSError: If it cannot be made.
        """
        self._artefacts = artefacts
        self._own = folder is None or not folder.exists()
        self._folder = (folder or Path(mkdtemp(prefix="asyncload-disk-"))).resolve()
        self._folder.mkdir(exist_ok=True)
        self._seen_as = seen_as or PurePosixPath(self._folder)
        self._held_bytes = dict[str, int]()
        self._threads: dict[str, asyncio.Future[None]] = {}
        """What is under way, by model."""

    def size_bytes(self, model: str) -> int | None:
        """Return what a model takes: measured once it has been unpacked, about that before; None without artefact."""
        return self._held_bytes.get(model) or self._artefacts.size_bytes(model)

    def url(self, model: str) -> str:
        """Return the path of a model's folder as the container sees it."""
        return str(self._seen_as / hashed(model) / "model")

    async def bring(self, model: str) -> None:
        """
        Unpack a model's artefact, unless it is here.

        Raises:
            LoadError: If there is no artefact, or one that cannot be unpacked.
        """
        await self._settled(model)
        if model not in self._held_bytes:
            await self._in_thread(self._unpack, model)

    async def remove(self, model: str) -> None:
        """Remove a model."""
        await self._settled(model)
        await self._in_thread(self._remove, model)

    async def empty(self) -> None:
        """Remove all models."""
        await asyncio.gather(*(self.remove(model) for model in {*self._held_bytes, *self._threads}))

    async def close(self) -> None:
        """Remove everything."""
        await self.empty()
        if self._own:
            await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)

    async def _settled(self, model: str) -> None:
        while model in self._threads:
            await asyncio.wait([self._threads[model]])

    async def _in_thread(self, work: Callable[[str], None], model: str) -> None:
        thread = self._threads[model] = asyncio.get_running_loop().run_in_executor(None, work, model)
        thread.add_done_callback(lambda _: self._threads.pop(model))
        await asyncio.shield(thread)

    def _unpack(self, model: str) -> None:
        place = self._folder / hashed(model)
        shutil.rmtree(place, ignore_errors=True)
        unpacked = False
        try:
            place.mkdir()
            self._artefacts.unpack(model, place / "model")
            unpacked = True
        finally:
            if not unpacked:
                shutil.rmtree(place, ignore_errors=True)
        self._held_bytes[model] = 0
        with suppress(OSError):
            self._held_bytes[model] = folder_bytes(place)

    def _remove(self, model: str) -> None:
        self._held_bytes.pop(model, None)
        shutil.rmtree(self._folder / hashed(model), ignore_errors=True)
