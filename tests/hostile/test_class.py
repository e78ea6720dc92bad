"""A class of broken, hostile and honest submissions through `gradschool grade` and nbgrader's gradebook."""

import subprocess
import sys

import nbformat
import pytest
from gradschool.grading._course import tools_on_path
from gradschool.grading.assignment import read_record
from gradschool.grading.grade import grade
from gradschool.grading.report import collect, open_course
from nbgrader.api import Gradebook

from .assignment import ANSWERS, NAME, POINTS, source, submission
from .cases import CASES, Case, handed_in

CONFIG = """
c = get_config()
c.CourseDirectory.course_id = "hostile"
c.Execute.timeout = 6
"""


def sample():
    """Every case about the file itself, and one in twelve of the others, a neighbor with right answers after each third."""
    about_files = {"notebook structure", "encoding", "metadata", "import path"}
    safe = [case for case in CASES if not case.needs and not case.memory]
    chosen = [c for c in safe if c.family in about_files] + [c for c in safe if c.family not in about_files][::12]
    mixed = []
    for number, case in enumerate(chosen):
        mixed.append(case)
        if number % 3 == 2:
            mixed.append(Case("neighbor", f"all right {number}"))
    return mixed


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course folder in nbgrader's ordinary layout with everything handed in. Returns (folder, {student: case})."""
    root = tmp_path_factory.mktemp("course")
    (root / "nbgrader_config.py").write_text(CONFIG)
    (root / "source" / NAME).mkdir(parents=True)
    (root / "source" / NAME / f"{NAME}.ipynb").write_text(nbformat.writes(source()))
    with tools_on_path():
        command = [sys.executable, "-m", "nbgrader", "generate_assignment", NAME, "--create"]
        subprocess.run(command, cwd=root, check=True, capture_output=True)
    students = {f"s{number:03}": case for number, case in enumerate(sample())}
    for student, case in students.items():
        folder = root / "submitted" / student / NAME
        folder.mkdir(parents=True)
        (folder / f"{NAME}.ipynb").write_bytes(handed_in(case, {}))
        for name, text in case.files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        (folder / "timestamp.txt").write_text("2026-11-20 22:00:00.000000 UTC" if int(student[1:]) % 2 else "yesterday")
    extra = {
        "renamed": {"mine.ipynb": nbformat.writes(submission(ANSWERS))},
        "in_a_folder": {f"work/{NAME}.ipynb": nbformat.writes(submission(ANSWERS))},
        "copy": {f"{NAME}.ipynb": nbformat.writes(submission({})), f"{NAME}-Copy1.ipynb": nbformat.writes(submission(ANSWERS))},
        "nothing": {"readme.txt": "I had no time."},
        "bytes": {f"{NAME}.ipynb": "\x00\x01"},
    }
    for student, files in extra.items():
        for name, text in files.items():
            path = root / "submitted" / student / NAME / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        if student in ("renamed", "in_a_folder", "copy"):
            students[student] = Case("neighbor", student)
    return root, students


def content(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def in_gradebook(root):
    """{student: {cell: automatic score}}"""
    with Gradebook(f"sqlite:///{root / 'gradebook.db'}", "hostile") as book:
        return {
            submission.student.id: {g.name: g.auto_score for n in submission.notebooks for g in n.grades}
            for submission in book.assignment_submissions(NAME)
        }


@pytest.mark.slow
def test_a_class_gets_the_marks_it_deserves_and_keeps_them(course):
    root, students = course
    before = content(root / "submitted")
    with tools_on_path():
        summary = grade(root, NAME)
    assert summary.failed == {}
    assert content(root / "submitted") == before, "what was handed in is as it was"
    got = in_gradebook(root)
    assert set(got) == {*students, "nothing", "bytes"}
    unusable = {s for s, case in students.items() if case.note == "unreadable"} | {"nothing", "bytes"}
    wrong = {
        f"{student} ({case})": (got[student], case.deserved)
        for student, case in students.items()
        if student not in unusable and {name: got[student][name] for name in POINTS} != case.deserved
    }
    assert wrong == {}
    for student in unusable:
        assert {got[student][name] for name in POINTS} == {None}, "no mark, not a 0"
    for student, case in students.items():
        kinds = {note["kind"] for note in read_record(root, NAME, student)["notes"]}
        assert case.note is None or case.note in kinds
        if case.family not in ("encoding", "neighbor"):
            assert ("timestamp" in kinds) == (int(student[1:]) % 2 == 0)

    with tools_on_path():
        again = grade(root, NAME)
    assert (again.marked, again.failed) == ([], {})
    with tools_on_path():
        grade(root, NAME, students=list(students)[:12], force=True)
    assert in_gradebook(root) == got

    rows = {row.student: row for row in collect(open_course(root), NAME).rows}
    for student in unusable:
        assert rows[student].status == "nothing usable was handed in"
        assert rows[student].total is None
    assert rows["renamed"].status == "waits for grading by hand"
