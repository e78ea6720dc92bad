"""A class marked: every submission gets its mark, once, whatever else was handed in."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import marking
import pytest
from gradschool import cli
from gradschool.grading import exchange
from gradschool.grading.assignment import read_record
from gradschool.grading.grade import grade, read_config
from marking import HOMEWORK, RIGHT, scores, submit
from nbgrader.auth import Authenticator
from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange import ExchangeFactory

FULL = {"square_test": 1.0, "mean_test": 2.0, "why": None}
HALF = {**FULL, "mean_test": 0.0}
WRONG_MEAN = {**RIGHT, "mean": "def mean(x):\n    return 0"}


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    return marking.course(tmp_path_factory.mktemp("template") / "course", HOMEWORK)


@pytest.fixture
def course(template, tmp_path):
    return shutil.copytree(template, tmp_path / "a course é")


def autograded(course, student):
    notebook = json.loads((course / "autograded" / student / "hw1" / "hw1.ipynb").read_text(encoding="utf-8"))
    return {c["metadata"].get("nbgrader", {}).get("grade_id"): c for c in notebook["cells"]}


def test_a_class(course):
    originals = {}
    submit(course, "ana", RIGHT)
    submit(course, "ben", WRONG_MEAN)
    submit(course, "cleo", {})
    submit(course, "latin", RIGHT)
    path = course / "submitted" / "latin" / "hw1" / "hw1.ipynb"
    path.write_bytes(path.read_text(encoding="utf-8").replace("So it is.", "So ist es, sch\\u00f6n").encode("latin-1"))
    (submit(course, "renamed", RIGHT) / "hw1.ipynb").rename(
        course / "submitted" / "renamed" / "hw1" / "my work (2).ipynb"
    )
    (submit(course, "nothing", RIGHT) / "hw1.ipynb").write_text("{", encoding="utf-8")
    (submit(course, "absent", RIGHT) / "hw1.ipynb").unlink()
    submit(course, "when", RIGHT, timestamp="half past ten")
    submit(course, "ends", {**RIGHT, "square": "import os\nos._exit(0)"})
    submit(course, "chatty", RIGHT, extra=["import sys\nprint('!' * 10**6, file=sys.stderr)"])
    folders = course / "submitted"
    for file in folders.rglob("*"):
        if file.is_file():
            originals[file] = file.read_bytes()

    summary = grade(course, "hw1")

    assert not summary.failed
    assert scores(course) == {
        "ana": FULL, "ben": HALF, "latin": FULL, "renamed": FULL, "when": FULL, "chatty": FULL,
        "cleo": {"square_test": 0.0, "mean_test": 0.0, "why": 0.0},
        "ends": {**FULL, "square_test": 0.0},
        "nothing": dict.fromkeys(FULL), "absent": dict.fromkeys(FULL),
    }  # fmt: skip
    assert set(summary.noted) >= {"renamed", "nothing", "absent", "when"}
    assert {file: file.read_bytes() for file in originals} == originals
    record = read_record(course, "hw1", "ben")
    assert (record["score"], record["max_score"]) == (1.0, 6.0)
    cell = record["notebooks"]["hw1.ipynb"]["cells"]["mean_test"]
    assert (cell["outcome"], cell["score"], cell["check"]) == (
        "failed",
        0.0,
        "assert abs(mean(np.array([1.0, 2.0])) - 1.5) < 1e-9",
    )
    assert read_record(course, "hw1", "absent")["notebooks"]["hw1.ipynb"]["source"] is None
    assert all(active for _, active, _ in record["notebooks"]["hw1.ipynb"]["protections"]) or sys.platform != "linux"
    assert "BEGIN HIDDEN" in "".join(
        autograded(course, "ana")["square_test"]["source"]
    )  # formgrader shows instructors all
    assert (course / "autograded" / "ana" / "hw1" / "timestamp.txt").is_file()

    again = grade(course, "hw1")
    assert (again.marked, len(again.kept)) == ([], 10)


def test_only_what_changed_is_marked_again(course):
    for name in ("ana", "ben"):
        submit(course, name, WRONG_MEAN)
    grade(course, "hw1")
    submit(course, "ben", RIGHT, timestamp="2026-11-21 10:00:00 UTC")
    summary = grade(course, "hw1")
    assert (summary.marked, summary.kept) == (["ben"], ["ana"])
    assert scores(course) == {"ana": HALF, "ben": FULL}
    assert sorted(grade(course, "hw1", force=True).marked) == ["ana", "ben"]
    (course / "gradebook.db").rename(course / "lost.db")
    shutil.copy(course / "lost.db", course / "gradebook.db")
    with sqlite3.connect(course / "gradebook.db") as database:
        database.execute("update grade set auto_score = 0")
    assert sorted(grade(course, "hw1").marked) == ["ana", "ben"]  # the gradebook said something else
    shutil.rmtree(course / "autograded" / "ana")
    assert grade(course, "hw1").marked == ["ana"]


def test_a_persons_marks_stay(course):
    submit(course, "ana", RIGHT)
    grade(course, "hw1")
    with sqlite3.connect(course / "gradebook.db") as database:
        database.execute("update grade set manual_score = 2.5, needs_manual_grade = 0 where auto_score is null")
        database.execute("update comment set manual_comment = 'Nice.'")
    grade(course, "hw1", force=True)
    with sqlite3.connect(course / "gradebook.db") as database:
        assert (2.5,) in database.execute("select manual_score from grade").fetchall()
        assert ("Nice.",) in database.execute("select manual_comment from comment").fetchall()


def test_late_penalties_are_nbgraders(tmp_path):
    config = (
        "from nbgrader.plugins import LateSubmissionPlugin\n\nclass Half(LateSubmissionPlugin):\n"
        "    def late_submission_penalty(self, student_id, score, seconds):\n        return score / 2\n\n"
        "c.AssignLatePenalties.plugin_class = Half\n"
    )
    course = marking.course(tmp_path / "course", HOMEWORK, config=config)
    with sqlite3.connect(course / "gradebook.db") as database:
        database.execute("update assignment set duedate = '2026-11-01 00:00:00.000000'")
    submit(course, "ana", RIGHT)
    grade(course, "hw1")
    with sqlite3.connect(course / "gradebook.db") as database:
        assert database.execute("select late_submission_penalty from submitted_notebook").fetchall() == [(1.5,)]


def test_the_command(course, capsys, monkeypatch):
    monkeypatch.chdir(course)
    submit(course, "ana", RIGHT)
    submit(course, "ben", RIGHT)
    assert cli.main(["grade", "hw1", "--student", "ben", "--jobs", "1", "--quiet"]) == 0
    assert "1 marked" in capsys.readouterr().out
    assert list(scores(course)) == ["ben"]
    assert cli.main(["grade", "hw1", "--course", str(course)]) == 0
    assert "1 marked, 1 marked before" in capsys.readouterr().out
    for command, sentence in (
        (["grade", "hw2"], "no assignment 'hw2'"),
        (["grade", "hw1", "--student", "zoe"], "zoe has handed in no hw1"),
        (["grade", "hw1", "--course", str(course.parent)], "no nbgrader_config.py"),
    ):
        assert cli.main(command) == 1
        assert sentence in capsys.readouterr().err


def test_a_full_disk_is_a_sentence_and_loses_nothing(course, monkeypatch):
    from gradschool.grading import assignment

    submit(course, "ana", RIGHT)
    submit(course, "ben", RIGHT)
    original, calls = assignment.write_json, []

    def full(path, data):
        calls.append(path)
        if path.name != "plan.json" and len([c for c in calls if c.name != "plan.json"]) == 2:
            raise OSError(28, "No space left on device")
        original(path, data)

    monkeypatch.setattr(assignment, "write_json", full)
    with pytest.raises(OSError, match="the disk is full; .* was not marked"):
        grade(course, "hw1", jobs=1)
    assert len(scores(course)) == 1
    assert len(grade(course, "hw1", jobs=1).kept) == 1
    assert scores(course) == {"ana": FULL, "ben": FULL}


def test_nbgraders_own_command_and_feedback(course):
    submit(course, "ana", RIGHT)
    submit(course, "ben", {**RIGHT, "square": "def square(x):\n    return abs(x) ** 2 if x > 0 else 0"})
    (submit(course, "renamed", RIGHT, timestamp="never") / "hw1.ipynb").rename(
        course / "submitted" / "renamed" / "hw1" / "x.ipynb"
    )
    (submit(course, "broken", RIGHT) / "hw1.ipynb").write_text("{", encoding="utf-8")
    for command in (["autograde", "hw1"], ["generate_feedback", "hw1"]):
        done = subprocess.run(
            [sys.executable, "-m", "nbgrader", *command], cwd=course, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr[-3000:]
    assert scores(course) == {
        "ana": FULL, "ben": {**FULL, "square_test": 0.0}, "renamed": FULL, "broken": dict.fromkeys(FULL),
    }  # fmt: skip
    page = (course / "feedback" / "ben" / "hw1" / "hw1.html").read_text(encoding="utf-8")
    assert "A hidden check of square_test failed" in page
    assert "81.25" not in page
    assert "6601" not in page
    assert "BEGIN HIDDEN" not in page
    assert read_record(course, "hw1", "ben")["score"] == 2.0
    assert grade(course, "hw1").marked == ["broken", "renamed"] or not grade(course, "hw1").marked


def test_another_courses_folders_and_no_release(tmp_path):
    """Directories named otherwise, a release that was thrown away, config for nbgrader's stock executor kept."""
    config = (
        "c.CourseDirectory.source_directory = 'source'\nc.CourseDirectory.release_directory = 'release'\n"
        "c.CourseDirectory.directory_structure = '{nbgrader_step}/{student_id}/{assignment_id}'\n"
        "c.Execute.timeout = 5\nc.Autograde.exclude_overwriting = {'hw1': ['mine.txt']}\n"
    )
    course = marking.course(tmp_path / "course", HOMEWORK, config=config)
    submit(course, "ana", RIGHT)
    shutil.rmtree(course / "release")
    summary = grade(course, "hw1")
    assert scores(course) == {"ana": FULL}
    assert "made again from the source" in summary.notes[0]


def test_tests_that_were_released_count_not_those_in_the_source(course):
    submit(course, "ana", RIGHT)
    path = course / "source" / "hw1" / "hw1.ipynb"
    path.write_text(path.read_text(encoding="utf-8").replace("square(3) == 9", "square(3) == 10"), encoding="utf-8")
    summary = grade(course, "hw1")
    assert scores(course) == {"ana": FULL}
    assert "differs from what was released (square_test)" in summary.notes[0]


@pytest.mark.skipif(os.name == "nt", reason="nbgrader's exchange needs Linux or macOS")
def test_who_submitted_is_the_account_that_did(course, tmp_path, monkeypatch):
    inbound = tmp_path / "exchange" / "101" / "inbound"
    accounts = {}

    def hand_in(account, claimed, minute, answers):
        folder = inbound / f"{claimed}+hw1+2026-11-20 10:0{minute}:00 UTC+x{minute}"
        shutil.copytree(submit(course, "handed in", answers), folder)
        (folder / "timestamp.txt").write_text(f"2026-11-20 10:0{minute}:00 UTC", encoding="utf-8")
        accounts[folder] = account

    hand_in("ana", "ana", 1, RIGHT)
    hand_in("ben", "ana", 2, WRONG_MEAN)  # to spoil hers
    hand_in("cleo", "dan", 3, RIGHT)
    hand_in(None, "eve", 4, RIGHT)  # by the instructor
    shutil.rmtree(course / "submitted")
    monkeypatch.setattr(exchange, "account_of", lambda path: accounts[Path(path)])
    config = read_config(course)
    config.CourseDirectory.update(assignment_id="hw1", course_id="101")
    config.Exchange.root = str(tmp_path / "exchange")

    def collected():
        factory = ExchangeFactory(config=config)
        factory.Collect(coursedir=CourseDirectory(config=config), authenticator=Authenticator(config=config)).start()
        return sorted(path.name for path in (course / "submitted").iterdir())

    assert collected() == ["ana", "ben", "cleo", "eve"]
    assert len(grade(course, "hw1").marked) == 4
    assert scores(course) == {"ana": FULL, "ben": HALF, "cleo": FULL, "eve": FULL}
    shutil.rmtree(course / "submitted")
    config.ExchangeCollect.check_owner = False
    assert collected() == ["ana", "dan", "eve"]


@pytest.mark.skipif(os.name == "nt", reason="nbgrader's exchange needs Linux or macOS")
def test_the_account_of_a_folder(tmp_path, monkeypatch):
    assert exchange.account_of(tmp_path) is None  # one's own
    made_by = tmp_path.stat().st_uid
    monkeypatch.setattr(exchange.os, "geteuid", lambda: made_by + 1)
    assert exchange.account_of(tmp_path) == tmp_path.owner()


def test_a_courses_own_words_around_hidden_tests(tmp_path):
    """What feedback hides, messages hide."""
    words = {"### BEGIN HIDDEN TESTS": "# From here on secret", "### END HIDDEN TESTS": "# Up to here"}
    text = json.dumps(HOMEWORK)
    for nbgraders, own in words.items():
        text = text.replace(nbgraders, own)
    config = (
        "c.ClearHiddenTests.begin_test_delimeter = 'From here on secret'\n"
        "c.ClearHiddenTests.end_test_delimeter = 'Up to here'\n"
    )
    course = marking.course(tmp_path / "course", json.loads(text), config=config)
    assert "81.25" not in (course / "release" / "hw1" / "hw1.ipynb").read_text(encoding="utf-8")
    submit(
        course, "ana", {**RIGHT, "square": "def square(x):\n    assert x > 0, f'{x} is not above 0'\n    return x * x"}
    )
    assert grade(course, "hw1").marked == ["ana"]
    (notebook,) = read_record(course, "hw1", "ana")["notebooks"].values()
    cell = notebook["cells"]["square_test"]
    assert cell["hidden"] and cell["score"] == 0
    assert cell["message"] == "In a hidden check your code stopped with AssertionError."
