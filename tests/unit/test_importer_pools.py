"""locust.importer.pools: payloads as a scenario names them."""

from pathlib import Path

import pytest

from asyncload.locust.importer.pools import Sources, repeated
from asyncload.payload import pools
from asyncload.scenario import Scenario


def read(folder: Path, sources: Sources, said: object, content_type: str = "text/csv") -> list[bytes]:
    """Write the files and read the payload as a scenario does."""
    for name, body in sources.files().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(body)
    model = {"name": "m", "content_type": content_type} | ({} if said is None else {"payload": said})
    phase = {"rate": 1, "for": 1}
    scenario = Scenario.from_dict({"endpoint": {"name": "e"}, "models": [model], "phases": [phase]}, folder)
    return [payload.body for payload in pools(scenario)[0]]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", None),
        (b"1,2,3", "1,2,3"),
        ("größer\n\t\x00".encode(), "größer\n\t\x00"),
        (b"\xff\xfe", {"base64": "//4="}),
        (b"x" * 513, {"file": "s-payloads/m.csv"}),
    ],
)
def test_one_payload(tmp_path: Path, body: bytes, said: object) -> None:
    """A short one stands in the scenario, as a text if it is one; a long one in a file of its own."""
    sources = Sources("s-payloads", [body])
    source = sources.source(((0, 1.0),), "text/csv", "m")
    assert source.said == said
    assert read(tmp_path, sources, source.said) == [body]


@pytest.mark.parametrize(
    ("bodies", "kind"),
    [
        ([b"1,2", b"3,4"], "line"),
        ([b" 1 ", b"2\r3", b"\xff"], "line"),
        ([b"1\n2", b"3"], "directory"),
        ([b"1\r", b"3"], "directory"),
        ([b" ", b"3"], "directory"),
        ([b"\xef\xbb\xbf1", b"3"], "directory"),
        ([f"{i}\n".encode() for i in range(120)], "directory"),
    ],
)
def test_several_payloads(tmp_path: Path, bodies: list[bytes], kind: str) -> None:
    """Lines of one file where a line reads as what it was, else a file each; in the order in which they were seen."""
    sources = Sources("s-payloads", bodies)
    source = sources.source(tuple((i, 1 / len(bodies)) for i in range(len(bodies))), "text/csv", "m-{i}.tar.gz")
    assert isinstance(source.said, dict)
    assert ("each" in source.said, "directory" in source.said) == (kind == "line", kind == "directory")
    assert all(name.startswith("s-payloads/m-i") for name in sources.files())
    assert read(tmp_path, sources, source.said) == bodies


def test_a_pool_that_is_drawn_unevenly_repeats_its_payloads(tmp_path: Path) -> None:
    """A payload that is drawn three times as often stands in its pool three times."""
    sources = Sources("s-payloads", [b"a", b"b"])
    source = sources.source(((0, 0.75), (1, 0.25)), "text/csv", "m")
    assert read(tmp_path, sources, source.said) == [b"a", b"a", b"a", b"b"]
    assert not source.rounded


def test_shares_that_need_too_many_lines_are_rounded() -> None:
    """No pool of more than 10,000 entries is written for the sake of a share, and none is left out."""
    assert repeated([0.25, 0.5, 0.25]) == ([1, 2, 1], False)
    assert repeated([1 / 20_000] * 20_000) == ([1] * 20_000, False)
    assert repeated([0.999999, 0.000001]) == ([10_000, 1], True)
    counts, rounded = repeated([0.7071067811865475, 0.2928932188134525])
    assert (counts, rounded) == ([7071, 2929], True)


def test_files_are_shared_by_pools_and_never_by_names() -> None:
    """Two models with one pool share a file; two pools under one name do not."""
    sources = Sources("s-payloads", [b"a", b"b", b"c"])
    pool, other = ((0, 0.5), (1, 0.5)), ((0, 0.5), (2, 0.5))
    first = sources.source(pool, "text/csv", "m")
    assert sources.source(pool, "text/csv; charset=utf-8", "n") is first
    second = sources.source(other, "text/csv", "m")
    assert first.said == {"file": "s-payloads/m.csv", "each": "line"}
    assert second.said == {"file": "s-payloads/m-2.csv", "each": "line"}


@pytest.mark.parametrize(
    ("name", "file"),
    [("a/b c", "a-b-c"), ("../../etc", "etc"), ("...", "payload"), ("", "payload"), ("ü" * 99, "ü" * 60)],
)
def test_names_of_files_hold_nothing_odd(name: str, file: str) -> None:
    sources = Sources("s", [b"x" * 600])
    assert list(sources.files()) == []
    sources.source(((0, 1.0),), "application/json", name)
    assert list(sources.files()) == [f"s/{file}.json"]
