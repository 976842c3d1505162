"""The page by the command: at the end of each run, of a run that is there, and when it cannot be made."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.real.runs import steady_emulator
from tests.real.servers import emulator
from tests.real.test_cli import asyncload, scenario_file


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run, its page, a run without one, and a run whose page could not be made."""
    home = tmp_path_factory.mktemp("runs")
    (home / "hurt" / "report.html").mkdir(parents=True)  # a directory is in the way of the page
    runs = (["kept"], ["bare", "--no-html"], ["hurt"])
    with emulator(steady_emulator(home / "emulator.yaml")) as target, ThreadPoolExecutor(len(runs)) as pool:
        file = scenario_file(home, target)
        all_done = pool.map(lambda words: asyncload("run", file, "--out", *words, cwd=home), runs)
        for (name, *_), done in zip(runs, all_done, strict=True):
            assert done.returncode in (0, 3), done.stderr
            (home / f"{name}.out").write_text(done.stdout)
            (home / f"{name}.err").write_text(done.stderr)
    return home


def test_a_run_leaves_its_page_and_says_where(home: Path) -> None:
    """The last line names it; both models are in it."""
    assert (home / "kept.out").read_text().splitlines()[-1] == "Page: kept/report.html"
    text = (home / "kept" / "report.html").read_text()
    assert text.startswith("<!doctype html>")
    for model in ("xgboost-0.tar.gz", "xgboost-1.tar.gz"):
        assert model in text


def test_a_run_leaves_no_page_if_none_is_wanted(home: Path) -> None:
    """Neither the file nor the line."""
    assert not (home / "bare" / "report.html").exists()
    assert "Page:" not in (home / "bare.out").read_text()


def test_a_page_that_cannot_be_made_loses_nothing(home: Path) -> None:
    """The result is written and printed, the exit code is the verdict's, and standard error says how to try again."""
    assert (home / "hurt" / "result.json").exists()
    assert "Run directory: hurt" in (home / "hurt.out").read_text()
    assert "there is no page" in (home / "hurt.err").read_text()
    assert "asyncload report hurt --html FILE" in (home / "hurt.err").read_text()


def test_report_writes_the_page_of_a_run(home: Path) -> None:
    """Also of a result.json by itself, which says what it lacks; the report is printed as without."""
    plain = asyncload("report", "bare", cwd=home)
    done = asyncload("report", "bare", "--html", "pages/bare.html", cwd=home)
    assert done.returncode == plain.returncode
    assert done.stdout == f"{plain.stdout}\nPage: pages/bare.html\n"
    alone = asyncload("report", "bare/result.json", "--html", "alone.html", "--json", cwd=home)
    assert alone.stdout.startswith("{")
    assert "without its run directory" in (home / "alone.html").read_text()
    assert "without its run directory" not in (home / "pages" / "bare.html").read_text()


def test_a_page_is_written_beside_files_of_other_formats(home: Path) -> None:
    """Each is named, the page last; where standard output is a file itself, nothing is mixed into it."""
    done = asyncload("report", "bare", "--format", "csv", "--format", "junit", "--html", "both.html", cwd=home)
    assert done.stdout.splitlines() == ["bare/report.csv", "bare/junit.xml", "both.html"]
    piped = asyncload("report", "bare", "--format", "csv", "--out", "-", "--html", "piped.html", cwd=home)
    assert "piped.html" not in piped.stdout
    assert (home / "piped.html").exists()


def test_a_page_goes_into_a_file(home: Path) -> None:
    """`--html -` is refused, and what cannot be written is told."""
    refused = asyncload("report", "bare", "--html", "-", cwd=home)
    assert refused.returncode == 2
    assert "give the name of a file" in refused.stderr
    failed = asyncload("report", "bare", "--html", "bare.out/page.html", cwd=home)
    assert failed.returncode == 1
    assert "the page cannot be written" in failed.stderr


def test_compare_lays_runs_over_each_other(home: Path) -> None:
    """Two runs of ours, and with a third source that is none; the comparison is printed as without."""
    plain = asyncload("compare", "kept", "bare", cwd=home)
    done = asyncload("compare", "kept", "bare", "--html", "compared.html", cwd=home)
    assert done.returncode == plain.returncode == 0, done.stderr
    assert done.stdout == f"{plain.stdout}\nPage: compared.html\n"
    text = (home / "compared.html").read_text()
    assert text.startswith("<!doctype html>")
    assert "What differs, B against A" in text
    vegeta = str(Path(__file__).parents[1] / "results" / "vegeta.csv")
    three = asyncload("compare", "kept", "bare", vegeta, "--html", "three.html", "--json", cwd=home)
    assert three.returncode == 0, three.stderr
    assert three.stdout.startswith("{")
    assert "vegeta" in (home / "three.html").read_text()
    refused = asyncload("compare", "kept", "bare", "--html", "-", cwd=home)
    assert refused.returncode == 2
    assert "give the name of a file" in refused.stderr
