"""The folder that stands for the S3 prefix, and the disk of an instance."""

import asyncio
import bz2
import gzip
import io
import lzma
import tarfile
import threading
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from random import Random

import pytest

from asyncload.emulator.behind.artefacts import Artefacts
from asyncload.emulator.behind.backend import LoadError
from asyncload.emulator.behind.disk import Disk, hashed
from asyncload.errors import StartError


def packed(path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as archive:
        for member, content in members:
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def file(name: str, mode: int = 0o644) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.mode = mode
    return member


def link(name: str, to: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, to
    return member


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One model in the folder, one in a folder below, and a file outside."""
    models = tmp_path / "models"
    packed(models / "a.tar.gz", (file("model.py"), b"code"))
    packed(models / "team" / "b.tar.gz", (file("model.py"), b"code"))
    (tmp_path / "secret").write_text("mine")
    return models


def test_a_name_is_a_path_below_the_folder(folder: Path) -> None:
    """Names with slashes lead into folders."""
    artefacts = Artefacts(folder)
    assert artefacts.find("a.tar.gz") == folder / "a.tar.gz"
    assert artefacts.find("team/b.tar.gz") == folder / "team" / "b.tar.gz"


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../secret",
        "team/../a.tar.gz",
        "./a.tar.gz",
        "/etc/hosts",
        "team//b.tar.gz",
        "a.tar.gz/",
        "a.tar.gz/x",
        "nobody.tar.gz",
        "a\0b",
        "x" * 1024,
        "out",
        "loop",
        "\udcff",
    ],
)
def test_a_name_without_an_artefact_or_out_of_the_folder_is_not_there(folder: Path, name: str) -> None:
    """S3 knows no `..`, and whoever may call the endpoint may not read the rest of the machine."""
    (folder / "out").symlink_to(folder.parent / "secret")
    (folder / "loop").symlink_to("loop")
    assert Artefacts(folder).find(name) is None
    assert Artefacts(folder).size_bytes(name) is None
    with pytest.raises(LoadError, match="there is no artefact"):
        Artefacts(folder).unpack(name, folder.parent / "to")


def test_a_model_that_comes_later_is_found(folder: Path) -> None:
    """The folder is read for each request, as S3 is."""
    artefacts = Artefacts(folder)
    assert artefacts.find("late.tar.gz") is None
    packed(folder / "late.tar.gz", (file("x"), b""))
    assert artefacts.find("late.tar.gz") is not None


def test_a_folder_that_does_not_exist_is_told_at_once(tmp_path: Path) -> None:
    """The error names the folder."""
    with pytest.raises(StartError, match="nowhere"):
        Artefacts(tmp_path / "nowhere")


def test_an_archive_is_unpacked_with_folders_and_links_as_copies(folder: Path) -> None:
    """Folders are made, links inside the archive become copies, programs stay programs."""
    packed(
        folder / "m.tar.gz",
        (file("code/run.sh", 0o755), b"#!"),
        (file("./weights"), b"1,2"),
        (link("latest", "weights"), b""),
        (link("code/same", "weights", tarfile.LNKTYPE), b""),
    )
    to = folder.parent / "to"
    Artefacts(folder).unpack("m.tar.gz", to)
    assert {str(path.relative_to(to)): path.read_text() for path in to.rglob("*") if path.is_file()} == {
        "code/run.sh": "#!",
        "weights": "1,2",
        "latest": "1,2",
        "code/same": "1,2",
    }
    assert not any(path.is_symlink() for path in to.rglob("*"))
    assert (to / "code/run.sh").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize(
    "member",
    [
        file("../escaped"),
        file("code/../../escaped"),
        file("/escaped"),
        link("x", "/etc/hosts"),
        link("x", "../secret"),
        link("x", "../secret", tarfile.LNKTYPE),
        link("x", "", tarfile.FIFOTYPE),
        link("x", "", tarfile.CHRTYPE),
    ],
    ids=lambda member: f"{member.name}-{member.type.decode()}-{member.linkname}",
)
def test_an_archive_that_reaches_out_of_its_place_is_refused(folder: Path, member: tarfile.TarInfo) -> None:
    """Neither names nor links lead out, and nothing but files and folders is made."""
    packed(folder / "bad.tar.gz", (member, b""))
    with pytest.raises(LoadError, match=r"400: the artefact 'bad.tar.gz' cannot be unpacked"):
        Artefacts(folder).unpack("bad.tar.gz", folder.parent / "to" / "model")
    assert not list(folder.parent.rglob("escaped"))


@pytest.mark.parametrize("content", [b"", b"no archive at all, but longer", gzip.compress(b"no tar" * 200)[:-9]])
def test_a_file_that_is_no_archive_is_refused(folder: Path, content: bytes) -> None:
    """Empty, other, or cut off in the middle."""
    (folder / "bad.tar.gz").write_bytes(content)
    with pytest.raises(LoadError, match="cannot be unpacked"):
        Artefacts(folder).unpack("bad.tar.gz", folder.parent / "to")


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress])
@pytest.mark.parametrize("place", [0.02, 0.5, 0.999])
def test_an_archive_with_a_wrong_byte_is_refused(
    folder: Path, compress: Callable[[bytes], bytes], place: float
) -> None:
    """Near its beginning, in its middle, or in the checksum at its end; never is wrong content taken for a model."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as archive:
        member, content = file("weights"), Random(7).randbytes(20_000)
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    damaged = bytearray(compress(plain.getvalue()))
    damaged[int(place * len(damaged))] ^= 0x10
    (folder / "m.tar").write_bytes(damaged)
    with pytest.raises(LoadError, match=r"400: the artefact 'm.tar' cannot be unpacked"):
        Artefacts(folder).unpack("m.tar", folder.parent / "to")


def test_a_folder_is_an_artefact_that_is_unpacked_already(folder: Path) -> None:
    """It is copied, so that what a container writes stays out of it; a link to a file in the folder is copied too."""
    (folder / "c").mkdir()
    (folder / "c" / "model.py").write_text("code")
    (folder / "c" / "same.py").symlink_to("model.py")
    artefacts = Artefacts(folder)
    artefacts.unpack("c", folder.parent / "to")
    assert (folder.parent / "to" / "same.py").read_text() == "code"
    assert not (folder.parent / "to" / "same.py").is_symlink()
    assert artefacts.size_bytes("c") == 4 + len("model.py")


@pytest.mark.parametrize("target", ["../../secret", "/etc", ".", "nothing"])
def test_a_folder_with_a_link_out_of_it_is_refused(folder: Path, target: str) -> None:
    """A link to a folder, to nothing, or out of the models' folder."""
    (folder / "c").mkdir()
    (folder / "c" / "x").symlink_to(target)
    with pytest.raises(LoadError, match="x is a link to no file"):
        Artefacts(folder).unpack("c", folder.parent / "to")


def test_the_size_is_that_of_the_content_and_not_of_the_archive(folder: Path) -> None:
    """A megabyte of zeros packs to a kilobyte, and takes a megabyte on disk."""
    packed(folder / "big.tar.gz", (file("weights"), bytes(2**20)))
    size_bytes = Artefacts(folder).size_bytes("big.tar.gz")
    assert size_bytes is not None
    assert 2**20 <= size_bytes < 2**20 + 20_000


def test_names_are_hashed_to_what_a_path_can_hold() -> None:
    """Each name has its own hash, without slashes, also names that are no UTF-8."""
    names = ["a.tar.gz", "team/a.tar.gz", "team_a.tar.gz", "A.tar.gz", "\udcff", "ü"]
    hashes = {hashed(name) for name in names}
    assert len(hashes) == len(names)
    assert all(len(name) == 32 and name.isalnum() for name in hashes)


def test_a_disk_keeps_each_model_where_its_container_sees_it(folder: Path, tmp_path: Path) -> None:
    """What is brought lies in <hash>/model, is measured, and goes again; a folder that was given stays."""
    (tmp_path / "disk").mkdir()
    disk = Disk(Artefacts(folder), tmp_path / "disk", PurePosixPath("/opt/ml/models"))

    async def run() -> None:
        await disk.bring("a.tar.gz")
        await disk.bring("a.tar.gz")
        assert disk.url("a.tar.gz") == f"/opt/ml/models/{hashed('a.tar.gz')}/model"
        assert (tmp_path / "disk" / hashed("a.tar.gz") / "model" / "model.py").read_text() == "code"
        assert disk.size_bytes("a.tar.gz") == 4
        await disk.bring("team/b.tar.gz")
        await disk.remove("a.tar.gz")
        assert [path.name for path in (tmp_path / "disk").iterdir()] == [hashed("team/b.tar.gz")]
        await disk.close()
        assert list((tmp_path / "disk").iterdir()) == []

    asyncio.run(run())


def test_a_disk_without_a_folder_makes_one_and_removes_it(folder: Path) -> None:
    """Nothing is left of a temporary disk, nor of a model that could not be unpacked."""
    disk = Disk(Artefacts(folder))
    place = Path(disk.url("x")).parent.parent
    (folder / "bad.tar.gz").write_bytes(b"bad")

    async def run() -> None:
        with pytest.raises(LoadError):
            await disk.bring("bad.tar.gz")
        assert list(place.iterdir()) == []
        await disk.close()
        assert not place.exists()

    asyncio.run(run())


class Gated(Artefacts):
    """Models whose unpacking stands still until it is let go on."""

    __slots__ = ("begun", "go_on", "times")

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.begun, self.go_on, self.times = threading.Event(), threading.Event(), 0

    def unpack(self, name: str, to: Path) -> None:
        self.times += 1
        self.begun.set()
        assert self.go_on.wait(10)
        super().unpack(name, to)


async def cancelled_bring(disk: Disk, gated: Gated) -> None:
    """Cancel a download in whose middle its thread is."""
    bringing = asyncio.create_task(disk.bring("a.tar.gz"))
    await asyncio.to_thread(gated.begun.wait, 10)
    bringing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await bringing


def test_a_second_download_waits_for_the_thread_of_the_first_which_was_cancelled(folder: Path, tmp_path: Path) -> None:
    """Two threads in one folder would remove each other's files; what the first has unpacked is taken."""
    gated = Gated(folder)
    disk = Disk(gated, tmp_path / "disk")

    async def run() -> None:
        await cancelled_bring(disk, gated)
        second = asyncio.create_task(disk.bring("a.tar.gz"))
        await asyncio.wait([second], timeout=0)
        assert not second.done()
        gated.go_on.set()
        await second
        assert gated.times == 1
        assert (tmp_path / "disk" / hashed("a.tar.gz") / "model" / "model.py").read_text() == "code"
        assert disk.size_bytes("a.tar.gz") == 4
        await disk.close()
        assert not (tmp_path / "disk").exists(), "the disk made it"

    asyncio.run(run())


@pytest.mark.parametrize("what", ["remove", "empty", "close"])
def test_nothing_is_left_of_a_download_that_was_cancelled(folder: Path, tmp_path: Path, what: str) -> None:
    """Removing waits for the thread that unpacks, whose files would come after it."""
    (tmp_path / "disk").mkdir()
    gated = Gated(folder)
    disk = Disk(gated, tmp_path / "disk")

    async def run() -> None:
        await cancelled_bring(disk, gated)
        removal = {"remove": lambda: disk.remove("a.tar.gz"), "empty": disk.empty, "close": disk.close}[what]
        removing = asyncio.create_task(removal())
        await asyncio.wait([removing], timeout=0)
        gated.go_on.set()
        await removing
        assert list((tmp_path / "disk").iterdir()) == []

    asyncio.run(run())
