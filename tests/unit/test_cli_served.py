"""`asyncload report DIR --served N`: what the target says is held against what was sent."""

from pathlib import Path

import pytest

from asyncload.cli.report import Asked, report
from asyncload.report.exports import Choices
from tests.unit.seconds import flat, result, scenario, second


@pytest.mark.parametrize(("served", "words"), [(2000, "2000 served"), (1990, "fewer than it answered")])
def test_what_the_target_says_is_in_the_report(
    served: int, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a reading; and as a warning if it cannot be."""
    path = tmp_path / "result.json"
    path.write_bytes(result([second(number, [8000] * 100) for number in range(20)], scenario(flat(20))).to_json())
    assert report(path, Asked(choices=Choices(), served=served)) == 0
    found = " ".join(capsys.readouterr().out.split())
    assert words in found
    assert ("warning: the counts" in found or "warning: the target says" in found) is (served == 1990)
