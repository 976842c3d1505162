"""The generic reader, on dataclasses that have nothing to do with load."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import pytest

from asyncload.schema import Check, Key, Mistakes, read, write
from asyncload.schema.document import load, parse, parse_text
from asyncload.schema.json_schema import schema_of
from asyncload.units import DurationNs


@dataclass(frozen=True, slots=True, kw_only=True)
class Circle:
    """A round plot."""

    radius: Annotated[float, Check(above=0, legal="a number above 0")]
    """In metres."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """
    A plot with corners,

    of any proportion.
    """

    width: float
    height: float = 1.0

    def mistakes(self) -> Mistakes:
        """A box has no negative side."""
        if self.width < 0:
            yield "width", "is negative"


@dataclass(frozen=True, slots=True, kw_only=True)
class Garden:
    """What grows where."""

    name: str
    plot: Circle | Box | Literal["none"] = "none"
    beds: tuple[Box, ...] = ()
    gate: tuple[int, float] | None = None
    open_ns: Annotated[DurationNs, Key("open")] = 0
    tags: Annotated[tuple[str, ...], Check(shortest=1, longest=2, legal="one or two tags")] = ("a",)
    soil: Literal["sand", "clay"] = "sand"
    plan: Path | None = None
    fenced: bool = False
    code: Annotated[str, Check(pattern="[a-z]{2}[0-9]", legal="two letters and a digit")] | None = None
    count: int = 0


def problems(data: object) -> list[tuple[str, str]]:
    """Paths and messages."""
    return [(problem.path, problem.message) for problem in read(Garden, data)[1]]


def garden(data: object) -> Garden:
    """Read what has no mistakes."""
    value, found = read(Garden, data, Path("/base"))
    assert not found
    assert value is not None
    return value


def test_every_kind_of_place_is_read() -> None:
    """Scalars, unions, lists, fixed lists, quantities, paths and other keys."""
    data = {
        "name": "g", "plot": {"width": 2}, "beds": [{"width": 1, "height": 3}], "gate": [1, 2], "open": "1m",
        "tags": ["x", "y"], "soil": "clay", "plan": "p.png", "fenced": True, "code": "ab1", "count": 3.0,
    }  # fmt: skip
    assert garden(data) == Garden(
        name="g", plot=Box(width=2.0), beds=(Box(width=1.0, height=3.0),), gate=(1, 2.0), open_ns=60_000_000_000,
        tags=("x", "y"), soil="clay", plan=Path("/base/p.png"), fenced=True, code="ab1", count=3,
    )  # fmt: skip


def test_numbers_have_the_type_that_is_annotated() -> None:
    """An integer written as 3.0 is held as int, a float written as 2 as float."""
    value = garden({"name": "g", "count": 3.0, "plot": {"radius": 2}})
    assert type(value.count) is int
    assert isinstance(value.plot, Circle)
    assert type(value.plot.radius) is float


def test_what_is_written_reads_as_the_same_value() -> None:
    """Through JSON, so that nothing but plain data is in it."""
    value = garden(
        {"name": "g", "plot": {"radius": 2}, "beds": [{"width": 1}], "gate": [1, 2], "open": 0.25, "plan": "p"}
    )
    assert garden(json.loads(json.dumps(write(value)))) == value


@pytest.mark.parametrize(
    ("extra", "path", "message"),
    [
        ({"name": 5}, "name", "expected a text, found 5; put it in quotes"),
        ({"name": "\ud800"}, "name", "expected a text, found '\\ud800'"),
        ({"count": True}, "count", "expected a whole number, found true"),
        ({"count": 1.5}, "count", "expected a whole number, found 1.5"),
        ({"count": float("inf")}, "count", "expected a whole number, found inf"),
        ({"count": float("nan")}, "count", "expected a whole number, found nan"),
        ({"count": None}, "count", "expected a whole number, found null"),
        ({"plot": {"radius": float("nan")}}, "plot.radius", "expected a number, found nan"),
        ({"plot": {"radius": 10**400}}, "plot.radius", "expected a number, found an integer of many digits"),
        ({"plot": {"radius": True}}, "plot.radius", "expected a number, found true"),
        ({"plot": {"radius": 0}}, "plot.radius", "expected a number above 0, found 0"),
        ({"plot": {"radus": 2}}, "plot.radus", "unknown key; did you mean 'radius'? expected {radius: ...} or"),
        ({"plot": {"breadth": 2}}, "plot", "or {width: ...} or none, found a mapping with the keys breadth"),
        ({"plot": {"radius": 1, "width": 1}}, "plot", "expected {radius: ...} or {width: ...} or none, found a"),
        ({"plot": "nome"}, "plot", "found 'nome'; did you mean 'none'?"),
        ({"plot": {"width": -1}}, "plot.width", "is negative"),
        ({"plot": []}, "plot", "expected {radius: ...} or {width: ...} or none, found a list of 0"),
        ({"beds": {}}, "beds", "expected a list, each entry {width: ...}, found a mapping"),
        ({"beds": [{"width": 1}, {"height": 1}]}, "beds[1].width", "is missing; expected a number"),
        ({"beds": [{"width": 1}, 7]}, "beds[1]", "expected a mapping {width: ...}, found 7"),
        ({"gate": [1]}, "gate", "expected a list of 2: a whole number; a number, found a list of 1"),
        ({"gate": [1, "x"]}, "gate[1]", "expected a number, found 'x'"),
        ({"open": "soon"}, "open", "expected a duration, not negative, such as 250ms"),
        ({"open_ns": 5}, "open_ns", "unknown key; did you mean 'open'?"),
        ({"tags": []}, "tags", "expected one or two tags, found a list of 0"),
        ({"tags": ["a", "b", "c"]}, "tags", "expected one or two tags, found a list of 3"),
        ({"soil": "caly"}, "soil", "expected sand or clay, found 'caly'; did you mean 'clay'?"),
        ({"soil": []}, "soil", "expected sand or clay, found a list of 0"),
        ({"plan": ""}, "plan", "expected a path, found ''"),
        ({"plan": "a\0b"}, "plan", "expected a path, found 'a\\x00b'"),
        ({"fenced": 1}, "fenced", "expected true or false, found 1"),
        ({"code": "ab1\n"}, "code", "expected two letters and a digit, found 'ab1\\n'"),
        ({5: 1}, "", "keys must be texts, found 5"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place_and_what_is_legal(
    extra: dict[object, object], path: str, message: str
) -> None:
    """One mistake, one problem."""
    [(found_path, found)] = problems({"name": "g"} | extra)
    assert found_path == path
    assert message in found


def test_every_mistake_is_told_in_the_order_of_the_document() -> None:
    """What stands beside a mistake is judged too, down to a record's own mistakes."""
    data = {"soil": "mud", "beds": [{"width": -1}, {"widht": 1}, {}], "gate": [True, 1], "count": "x"}
    assert [path for path, _ in problems(data)] == [
        "soil", "beds[0].width", "beds[1].widht", "beds[2].width", "gate[0]", "count", "name",
    ]  # fmt: skip


def test_a_misspelt_required_key_is_one_mistake_and_not_two() -> None:
    """The key that was meant is not reported as missing."""
    assert [path for path, _ in problems({"nmae": "g"})] == ["nmae"]


@pytest.mark.parametrize("data", [None, 5, "x", []])
def test_a_document_that_is_no_mapping_is_refused(data: object) -> None:
    """With what it should be."""
    [(path, message)] = problems(data)
    assert path == ""
    assert message.startswith("expected a mapping {name: ...}, found ")


def test_an_annotation_that_no_document_can_hold_is_a_fault_of_the_program() -> None:
    """It is told when the dataclass is first used."""

    @dataclass(frozen=True)
    class Odd:
        """No document holds a function."""

        call: Callable[[], None]

    with pytest.raises(TypeError, match="no document can hold"):
        read(Odd, {})


# -- files ------------------------------------------------------------------------------------------------------------

FORMATS = {
    ".yaml": "name: g\nplot: {width: 2}\nopen: 1m\n",
    ".yml": "name: g\nplot:\n  width: 2\nopen: 1m\n",
    ".toml": 'name = "g"\nopen = "1m"\n[plot]\nwidth = 2\n',
    ".json": '{"name": "g", "plot": {"width": 2}, "open": "1m"}',
    ".JSON": '\ufeff{"name": "g", "plot": {"width": 2}, "open": "1m"}',
}


@pytest.mark.parametrize("suffix", FORMATS)
def test_the_suffix_decides_the_format(suffix: str, tmp_path: Path) -> None:
    """The same document in each, a byte order mark included."""
    path = tmp_path / f"garden{suffix}"
    path.write_text(FORMATS[suffix], encoding="utf-8")
    assert load(Garden, path) == (Garden(name="g", plot=Box(width=2.0), open_ns=60_000_000_000), [])


@pytest.mark.parametrize(
    ("suffix", "text", "message"),
    [
        (".yaml", "name: [1", "is not YAML"),
        (".yaml", "name: *there", "is not YAML: unknown alias *there (line 1)"),
        (".yaml", "name: &here [*here]", "unknown alias *here"),
        (".yaml", "name: a\n---\nname: b", "holds 2 documents; expected one"),
        (
            ".yaml",
            "name: !!python/object:os.system x",
            "the tag tag:yaml.org,2002:python/object:os.system is not allowed",
        ),
        (".yaml", "name: !thing x", "the tag !thing is not allowed (line 1)"),
        (".yaml", "name: a\nname: b", "the key stands twice (line 2)"),
        (".yaml", "name: a\n? [1]\n: 2", "a key is a list or a mapping (line 2)"),
        (".yaml", "name: a\n<<: 5", "<< expects a mapping"),
        (".yaml", "name: a\ncount: " + "9" * 5000, "an integer of 5000 digits"),
        (".json", "{", "is not JSON"),
        (".json", '{"name": "a", "name": "b"}', "the key 'name' stands twice in one object"),
        (".json", '{"name": "a", "plot": {"radius": NaN}}', "expected a number, found nan"),
        (".json", "[" * 100_000, "cannot be parsed"),
        (".toml", "name = ", "is not TOML"),
        (".toml", 'name = "a"\ncount = 2020-01-01', "expected a whole number, found a value of type date"),
        (".yaml", "", "expected a mapping {name: ...}, found null"),
        (".txt", "name: a", "expected a file whose name ends in .yaml, .yml, .toml or .json"),
        (".ymal", "name: a", "did you mean .yml?"),
    ],
)
def test_a_file_that_cannot_be_parsed_is_told(suffix: str, text: str, message: str, tmp_path: Path) -> None:
    """In words, with the line where the parser knows it."""
    path = tmp_path / f"garden{suffix}"
    path.write_text(text)
    value, found = load(Garden, path)
    assert value is None
    assert message in "\n".join(problem.message for problem in found)


def test_a_yaml_file_that_is_nested_too_deeply_is_told(tmp_path: Path) -> None:
    """Older releases of PyYAML run out of Python's stack, newer ones have a limit of their own: both are told."""
    (tmp_path / "garden.yaml").write_text("[" * 5000)
    value, found = load(Garden, tmp_path / "garden.yaml")
    assert value is None
    assert any(text in found[0].message for text in ("cannot be parsed", "nesting depth"))


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """It is missing, a directory, or no UTF-8."""
    (tmp_path / "latin.yaml").write_bytes(b"name: \xe9")
    (tmp_path / "dir.yaml").mkdir()
    told = [parse(tmp_path / name).problems[0].message for name in ("no.yaml", "dir.yaml", "latin.yaml")]
    assert told == [
        "cannot be read: No such file or directory",
        "cannot be read: Is a directory",
        "is not UTF-8: byte 6",
    ]


def test_yaml_is_read_by_the_core_schema_of_1_2() -> None:
    """`on` is a text, 010 is ten, 1:30 and dates are texts, 1e3 is a number."""
    text = (
        "{a: on, b: 010, c: 1:30, d: 2024-01-01, e: 1e3, f: ~, g: .5, h: 0x1f, i: 'true', j: !!str 5, k: no, l: True}"
    )
    assert parse_text(text, ".yaml").data == {
        "a": "on", "b": 10, "c": "1:30", "d": "2024-01-01", "e": 1000.0, "f": None, "g": 0.5, "h": 31, "i": "true",
        "j": "5", "k": "no", "l": True,
    }  # fmt: skip


def test_yaml_aliases_and_merge_keys_work() -> None:
    """Own keys win over merged ones, and earlier merged ones over later."""
    text = "a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc: {<<: [*a, *b], x: 0}\nd: *a"
    data = parse_text(text, ".yaml").data
    assert isinstance(data, dict)
    assert data["c"] == {"x": 0, "y": 1, "z": 2}
    assert data["d"] == {"x": 1, "y": 1}


@pytest.mark.parametrize("suffix", [".yaml", ".json"])
def test_mistakes_carry_their_line(suffix: str, tmp_path: Path) -> None:
    """A missing key has the line of the mapping that lacks it; JSON is YAML enough."""
    path = tmp_path / f"garden{suffix}"
    path.write_text('{"name": "g",\n "soil": "mud",\n "beds": [\n  {"width": 1},\n  {"height": 2}\n ]\n}')
    found = load(Garden, path)[1]
    assert [problem.message[-8:] for problem in found] == ["(line 2)", "(line 5)"]


# -- JSON Schema ------------------------------------------------------------------------------------------------------


def test_the_json_schema_says_what_the_annotations_say() -> None:
    """Types, bounds, choices, defaults, descriptions, required keys, and no other keys."""
    schema = json.loads(json.dumps(schema_of(Garden, "garden")))
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert (schema["title"], schema["description"]) == ("garden", "What grows where.")
    assert (schema["required"], schema["additionalProperties"]) == (["name"], False)
    properties = schema["properties"]
    assert list(properties)[:5] == ["name", "plot", "beds", "gate", "open"]
    assert properties["soil"] == {"enum": ["sand", "clay"], "default": "sand"}
    assert properties["tags"]["minItems"] == 1
    assert properties["tags"]["default"] == ["a"]
    assert properties["code"]["anyOf"][0]["pattern"] == "^(?:[a-z]{2}[0-9])$"
    assert properties["code"]["anyOf"][1] == {"type": "null"}
    assert properties["open"]["anyOf"][1] == {"type": "number", "minimum": 0, "maximum": 1e9}
    assert properties["open"]["default"] == "0s"
    assert schema["$defs"]["Circle"]["properties"]["radius"] == {
        "type": "number", "exclusiveMinimum": 0, "description": "In metres.",
    }  # fmt: skip
    assert schema["$defs"]["Box"]["description"] == "A plot with corners,\n\nof any proportion."
