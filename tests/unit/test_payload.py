"""Payload pools: which bodies come of each source, and what is refused."""

import hashlib
import json
from pathlib import Path

import pytest

from asyncload.errors import ScenarioError
from asyncload.models import Payload
from asyncload.payload import Pool, pool_size, pools
from asyncload.scenario import (
    Arrivals,
    Base64Payload,
    DirectoryPayload,
    Endpoint,
    FilePayload,
    Model,
    RandomPayload,
    RandomRows,
    Scenario,
)
from asyncload.schema import read


def scenario(*payloads: Payload, seed: int = 0) -> Scenario:
    return Scenario(
        endpoint=Endpoint(name="e"),
        models=tuple(Model(name=f"m{i}", payload=payload) for i, payload in enumerate(payloads)),
        phases=(Arrivals(rate=1.0, length_ns=1),),
        seed=seed,
    )


def bodies(payload: Payload, seed: int = 0) -> list[bytes]:
    """Bodies of one model's pool; their number must be what `pool_size` says without reading them."""
    [pool] = pools(scenario(payload, seed=seed))
    assert pool_size(Model(payload=payload)) == len(pool)
    return [entry.body for entry in pool]


def refused(*payloads: Payload) -> list[tuple[str, str]]:
    with pytest.raises(ScenarioError) as caught:
        pools(scenario(*payloads))
    return [(problem.path, problem.message) for problem in caught.value.problems]


def random(seed: int = 7, **shape: object) -> Pool:
    rows, problems = read(RandomRows, {"columns": 3, "pool": 4} | shape)
    assert rows is not None, problems
    return pools(scenario(RandomPayload(random=rows), seed=seed))[0]


def test_each_source_gives_its_bodies(tmp_path: Path) -> None:
    """A text, base64, a whole file, a directory by name."""
    file = tmp_path / "body.bin"
    file.write_bytes(b"\x00\r\n\xff")
    folder = tmp_path / "bodies"
    (folder / "deeper").mkdir(parents=True)
    for name in ("b.txt", "a.txt", ".hidden"):
        (folder / name).write_text(name)
    assert bodies("1,é") == ["1,é".encode()]
    assert bodies("") == [b""]
    assert bodies(Base64Payload(base64="AAEC\n/w==")) == [b"\x00\x01\x02\xff"]
    assert bodies(FilePayload(file=file)) == [b"\x00\r\n\xff"]
    assert bodies(DirectoryPayload(directory=folder)) == [b"a.txt", b"b.txt"]


def test_each_line_is_one_body_without_its_end(tmp_path: Path) -> None:
    """Lines of nothing but space are left out; a byte order mark is no part of the first row."""
    file = tmp_path / "rows.csv"
    file.write_bytes(b"\xef\xbb\xbf1,2\r\n\n   \n3,4\n 5,6 ")
    assert bodies(FilePayload(file=file, each="line")) == [b"1,2", b"3,4", b" 5,6 "]


def test_json_lines_are_sent_compactly(tmp_path: Path) -> None:
    """One value per line, of any type, letters as they are."""
    file = tmp_path / "rows.jsonl"
    file.write_text('{"b": [1, 2.50], "a": "é"}\n\n[ ]\n"x"\n', encoding="utf-8")
    assert bodies(FilePayload(file=file, each="jsonl")) == ['{"b":[1,2.5],"a":"é"}'.encode(), b"[]", b'"x"']


def test_each_line_that_is_no_json_is_told(tmp_path: Path) -> None:
    """With its number; the good ones beside it are not."""
    file = tmp_path / "rows.jsonl"
    file.write_text('{"a": 1}\n{"a": }\n[NaN]\n[1e999]\n"\\ud800"\n' + "[" * 100_000 + "\n")
    told = refused("fine", FilePayload(file=file, each="jsonl"))
    assert [path for path, _ in told] == ["models[1].payload"] * 5
    assert [f"{file}, line {line}: is not JSON" in message for line, (_, message) in enumerate(told, start=2)] == [
        True
    ] * 5


def test_no_more_than_twenty_lines_of_a_file_are_told(tmp_path: Path) -> None:
    """A file of another format is one mistake, not a million."""
    file = tmp_path / "rows.jsonl"
    file.write_text("1,2,3\n" * 1000)
    assert len(refused(FilePayload(file=file, each="jsonl"))) == 20


def test_every_file_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    """Gone since the scenario was read, without a line, with a line that is too long."""
    blank, long = tmp_path / "blank.csv", tmp_path / "long.csv"
    blank.write_text("\n \n")
    long.write_bytes(b"1\n" + b"2" * 6_291_457 + b"\n")
    told = refused(
        FilePayload(file=tmp_path / "gone.csv"),
        FilePayload(file=blank, each="line"),
        FilePayload(file=long, each="line"),
        DirectoryPayload(directory=tmp_path / "gone"),
    )
    assert told == [
        ("models[0].payload", f"{tmp_path}/gone.csv cannot be read: No such file or directory"),
        ("models[1].payload", "holds no payload"),
        ("models[2].payload", "payload 2 has 6291457 bytes; expected at most 6291456"),
        ("models[3].payload", f"{tmp_path}/gone cannot be read: No such file or directory"),
    ]


def test_a_pool_size_that_cannot_be_known_is_told(tmp_path: Path) -> None:
    """As a mistake in the file."""
    blank = tmp_path / "blank.csv"
    blank.write_text("\n")
    sources: list[tuple[Payload, str]] = [
        (FilePayload(file=blank, each="line"), "holds no payload"),
        (FilePayload(file=tmp_path / "gone", each="jsonl"), "cannot be read: No such file or directory"),
        (DirectoryPayload(directory=tmp_path / "gone"), "cannot be read: No such file or directory"),
    ]
    for payload, message in sources:
        with pytest.raises(ScenarioError, match=message):
            pool_size(Model(payload=payload))


def test_each_body_is_hashed() -> None:
    """In lower-case hex, as a signature wants it."""
    assert pools(scenario("abc"))[0][0].sha256 == hashlib.sha256(b"abc").hexdigest()


def test_models_that_name_the_same_file_share_its_pool(tmp_path: Path) -> None:
    """A hundred models hold a large file once."""
    file = tmp_path / "rows.csv"
    file.write_text("1\n2\n")
    payload = FilePayload(file=file, each="line")
    first, second, whole = pools(scenario(payload, payload, FilePayload(file=file)))
    assert first is second
    assert [entry.body for entry in whole] == [b"1\n2\n"]


# -- generated rows ---------------------------------------------------------------------------------------------------


def test_generated_rows_are_the_same_bytes_everywhere() -> None:
    """Pinned: another numpy, Python or machine must give exactly these."""
    assert [entry.body for entry in random(rows=2, pool=2)] == [
        b"0.12277,0.387415,0.0316094\n0.95702,0.270574,0.534429",
        b"0.288012,0.00490578,0.17793\n0.191476,0.205733,0.316607",
    ]
    assert [entry.body for entry in random(pool=1, low=-1, high=1, format="json")] == [
        b"[[-0.75446,-0.22517,-0.936781]]"
    ]


def test_generated_rows_have_their_shape_and_range() -> None:
    """Columns, rows and pool are as asked; numbers lie between low and high."""
    for entry in random(columns=5, rows=4, pool=50, low=-2, high=3, format="json"):
        table = json.loads(entry.body)
        assert [len(row) for row in table] == [5] * 4
        assert all(-2 <= number <= 3 for row in table for number in row)


def test_csv_and_json_hold_the_same_numbers() -> None:
    """The format is how they are written, no more."""
    for as_csv, as_json in zip(random(rows=2), random(rows=2, format="json"), strict=True):
        assert [[float(cell) for cell in row.split(b",")] for row in as_csv.body.split(b"\n")] == json.loads(
            as_json.body
        )


def test_seed_and_place_decide_the_rows() -> None:
    """Another seed or another place in the file gives other rows; 0 is a seed like any other."""
    rows = RandomPayload(random=RandomRows(columns=3, pool=50))
    first, second = pools(scenario(rows, rows, seed=0))
    again = pools(scenario(rows, rows, seed=0))
    other = pools(scenario(rows, rows, seed=1))
    assert [first, second] == again
    assert not {entry.body for entry in first} & ({entry.body for entry in second} | {entry.body for entry in other[0]})


def test_generated_numbers_are_uniform() -> None:
    """Kolmogorov-Smirnov distance of 40,000 numbers below the 1 in a million quantile, 2.6 / sqrt(n)."""
    text = b",".join(entry.body for entry in random(columns=100, pool=400))
    numbers = sorted(float(cell) for cell in text.split(b","))
    size = len(numbers)
    assert size == 40_000
    assert max(abs(number - i / size) for i, number in enumerate(numbers)) < 2.6 / size**0.5


def test_a_generated_body_that_is_too_large_is_told() -> None:
    """Before the whole pool of them is in memory."""
    [(path, message), *_] = refused(RandomPayload(random=RandomRows(columns=1_000_000, pool=1)))
    assert path == "models[0].payload"
    assert message.endswith("bytes; expected at most 6291456")
