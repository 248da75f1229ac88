"""What failed runs again alone: chance is told apart from a fault, and a fault is never excused."""

from __future__ import annotations

import pytest

from tests import run

pytestmark = pytest.mark.source

COUNTING = """
import os, pathlib
import pytest

HERE = pathlib.Path(__file__).parent

def turn(name):
    kept = HERE / name
    number = int(kept.read_text()) + 1 if kept.exists() else 1
    kept.write_text(str(number))
    return number

def test_steady():
    turn("steady")
"""


@pytest.fixture
def looked_at(tmp_path):
    """Run planted tests as a part, and look at what failed again; return exit code, whether all is well, and counts."""

    def planted(words):
        folder, scratch = tmp_path / "planted", tmp_path / "scratch"
        folder.mkdir()
        scratch.mkdir()
        (folder / "test_planted.py").write_text(COUNTING + words, "utf-8")
        [code] = run.run(["sqlite"], ["-q", str(folder / "test_planted.py")], scratch).values()
        well = run.second_look("sqlite", scratch)
        counts = run.counted(["sqlite"], scratch, ["sqlite"] if well else [])
        turns = {
            one.name: int(one.read_text()) for one in folder.iterdir() if not one.suffix and one.is_file()
        }
        return code, well, run.closing_words(counts), turns

    return planted


def test_what_failed_once_and_then_never_is_counted_and_named(looked_at):
    code, well, words, turns = looked_at('def test_unsteady():\n    assert turn("unsteady") > 1\n')
    assert (code, well) == (run.SOME_FAILED, True)
    assert words == "2 passed, 1 rerun"
    # Only what failed ran again.
    assert turns == {"steady": 1, "unsteady": 1 + run.AGAIN}


@pytest.mark.parametrize(
    "words", ['turn("fault") > 9', 'turn("fault") not in {1, 4}'], ids=["always", "sometimes"]
)
def test_what_fails_again_has_failed(looked_at, words):
    code, well, said, _ = looked_at(f"def test_fault():\n    assert {words}\n")
    assert (code, well) == (run.SOME_FAILED, False)
    assert said == "1 failed, 1 passed"


def test_a_fixture_that_failed_once_is_looked_at_too(looked_at):
    code, well, words, _ = looked_at(
        '@pytest.fixture\ndef made():\n    assert turn("made") > 1\n\ndef test_unsteady(made):\n    pass\n'
    )
    assert (code, well, words) == (run.SOME_FAILED, True, "2 passed, 1 rerun")


def test_more_than_a_few_failures_are_no_chance(looked_at):
    code, well, words, turns = looked_at(
        f'@pytest.mark.parametrize("n", range({run.UNSTEADY_MOST + 1}))\n'
        'def test_unsteady(n):\n    assert turn(f"unsteady-{n}") > 1\n'
    )
    assert (code, well, words) == (run.SOME_FAILED, False, "4 failed, 1 passed")
    assert set(turns.values()) == {1}


def test_a_part_that_died_is_an_error_whatever_it_was(looked_at):
    code, well, words, _ = looked_at('def test_dies():\n    turn("dies")\n    os._exit(3)\n')
    assert (code, well, words) == (3, False, "1 error")


def test_a_part_that_fails_without_a_failing_test_stays_failed(looked_at):
    code, well, _, _ = looked_at("def broken(:\n")
    assert code not in {0, run.SOME_FAILED}
    assert not well
