"""The report tells what the gradebook and the records hold, and never a 0 that nobody gave."""

import csv
import datetime
import html.parser
import json
import random
import re
import shutil
import time

import pytest
from gradschool.grading import report
from gradschool.grading._course import tools_on_path
from gradschool.grading.assignment import marks_folder
from gradschool.grading.similar import find_alike
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, writes
from nbgrader.api import Gradebook

STUDENTS = {
    "ada": ("Ada", "Lovelace"),
    "bob": ("Bob", "=cmd|' /C calc'!A0"),
    "cyd": ("Cyd", "<script>alert(1)</script>"),
    "dan": ("@SUM(1)", "-Minus"),
    "eve": ("Eve", "Östling"),
    "fay": ("Fay", "Absent"),
    "gus": ("Gus", "Broken"),
}


def marks(grade_id, **kinds):
    empty = {"grade": False, "solution": False, "locked": False, "task": False, "schema_version": 3}
    return {"nbgrader": empty | {"grade_id": grade_id} | kinds}


def notebook(answer="raise NotImplementedError()"):
    cells = [
        new_code_cell(answer, metadata=marks("relu", solution=True)),
        new_code_cell("assert relu(1) == 1", metadata=marks("test_relu", grade=True, locked=True, points=2)),
        new_code_cell("assert relu(-1) == 0", metadata=marks("test_more", grade=True, locked=True, points=3)),
        new_markdown_cell("?", metadata=marks("why", grade=True, solution=True, points=5)),
    ]
    return new_notebook(cells=cells)


def cell(outcome, score, **more):
    return {"outcome": outcome, "score": score, "message": "", "slip": None, "notes": [], **more}


SLIP = cell("failed", 0.0, slip="ps/relu/abs", message="relu(x)\n  with x = -1\nit is 1: you took the size, <b>not</b> the positive part.")


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A marked class. nbgrader takes seconds to make a gradebook, so there is one, and each test gets a copy."""
    tmp_path = tmp_path_factory.mktemp("template")
    (tmp_path / "nbgrader_config.py").write_text("c = get_config()\nc.CourseDirectory.course_id = 'x'\n")
    (tmp_path / "release" / "ps").mkdir(parents=True)
    (tmp_path / "release" / "ps" / "ps.ipynb").write_text(writes(notebook()))
    with tools_on_path(), Gradebook(f"sqlite:///{tmp_path / 'gradebook.db'}", "x") as book:
        book.add_assignment("ps")
        book.add_notebook("ps", "ps")
        book.add_grade_cell("test_more", "ps", "ps", max_score=3, cell_type="code")
        book.add_grade_cell("test_relu", "ps", "ps", max_score=2, cell_type="code")
        book.add_grade_cell("why", "ps", "ps", max_score=5, cell_type="markdown")
        book.add_solution_cell("relu", "ps", "ps")
        book.add_solution_cell("why", "ps", "ps")
        for student, (first, last) in STUDENTS.items():
            book.add_student(student, first_name=first, last_name=last, email=f"{student}@example.org", lms_user_id="7")
            if student != "fay":
                book.add_submission("ps", student, timestamp=datetime.datetime(2026, 11, 20, 10))
        points = {
            "ada": ({"test_relu": 2, "test_more": 3}, {"why": 4}),
            "bob": ({"test_relu": 2, "test_more": 0}, {"why": 5}),
            "cyd": ({"test_relu": 2, "test_more": 0}, {}),
            "dan": ({"test_relu": 0, "test_more": 0}, {"why": 0}),
            "eve": ({}, {}),
            "gus": ({}, {}),
        }
        for student, (auto, manual) in points.items():
            for grade in book.find_submission_notebook("ps", "ps", student).grades:
                grade.auto_score, grade.manual_score = auto.get(grade.name), manual.get(grade.name)
                grade.needs_manual_grade = grade.auto_score is None and grade.manual_score is None
        book.find_submission_notebook("ps", "ps", "bob").late_submission_penalty = 1.5
        book.find_submission_notebook("ps", "ps", "dan").late_submission_penalty = 2.0  # more than there is to lose
        book.db.commit()
    note = {"kind": "recovered", "sentence": "=1+1 The answer 'relu' was recognized.", "cell": "relu", "notebook": "ps.ipynb"}
    record(tmp_path, "ada", {"test_relu": cell("passed", 2.0), "test_more": cell("passed", 3.0), "why": cell("manual", None)}, notes=[note])
    record(tmp_path, "bob", {"test_relu": cell("passed", 2.0), "test_more": SLIP})
    record(tmp_path, "cyd", {"test_relu": cell("passed", 2.0), "test_more": SLIP})
    record(tmp_path, "dan", {"test_relu": cell("timeout", 0.0), "test_more": cell("died", 0.0)})
    unread = {"kind": "unreadable", "sentence": "The file is empty.", "cell": None, "notebook": "ps.ipynb"}
    record(tmp_path, "eve", {"test_relu": cell("unmarked", None)}, notes=[unread], source=None)
    record(tmp_path, "gus", {}, failed="the marking failed: no more disk.")
    (marks_folder(tmp_path, "ps") / "half.json").write_text('{"student": "ha')
    (marks_folder(tmp_path, "ps") / "plan.json").write_text('{"key": 1, "plan": {}, "notes": []}')
    return tmp_path


@pytest.fixture
def course(template, tmp_path):
    return shutil.copytree(template, tmp_path / "course")


def record(root, student, cells, *, notes=(), source="ps.ipynb", failed=""):
    folder = marks_folder(root, "ps")
    folder.mkdir(parents=True, exist_ok=True)
    protections = [["files", True, "Answers see nothing."], ["network", False, "Answers can use the network."]]
    notebooks = {"ps.ipynb": {"cells": cells, "notes": ["A marking note."], "protections": protections, "source": source}}
    data = {"format": 1, "student": student, "failed": failed, "notes": list(notes), "notebooks": {} if failed else notebooks}
    (folder / f"{student}.json").write_text(json.dumps(data))


@pytest.fixture
def made(course):
    result = report.collect(report.open_course(course), "ps")
    report.write(result, course / "out")
    return result, course / "out"


def table(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def by_student(rows, column):
    return {row[column].lstrip("'"): row for row in rows[1:]}


def test_every_student_has_a_status_and_only_final_marks_are_totals(made):
    result, _ = made
    got = {row.student: (row.status, row.total) for row in result.rows}
    assert got == {
        "ada": (report.MARKED, 9.0),
        "bob": (report.MARKED, 5.5),
        "cyd": (report.WAITS, None),
        "dan": (report.MARKED, 0.0),
        "eve": (report.UNUSABLE, None),
        "fay": (report.ABSENT, None),
        "gus": (report.UNMARKED, None),
    }
    assert [q.name for q in result.questions] == ["test_relu", "test_more", "why"], "in the order of the notebook"
    assert result.broken_records == ["half.json"]


def test_the_marks_are_the_gradebooks_own(course, made):
    result, _ = made
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}", "x") as book:
        for row in result.rows:
            if row.total is not None:
                submission = book.find_submission("ps", row.student)
                assert row.total == max(0.0, submission.score - submission.late_submission_penalty)


def test_marks_csv(made):
    rows = table(made[1] / "marks.csv")
    assert rows[0][-3:] == ["test_relu (2)", "test_more (3)", "why (5)"]
    got = by_student(rows, 0)
    assert got["ada"][5:9] == ["9", "10", "9", "0"]
    assert got["ada"][-3:] == ["2", "3", "4"]
    assert got["bob"][5:9] == ["5.5", "10", "5.5", "1.5"]
    assert got["cyd"][5:8] == ["", "10", "2"]
    assert got["cyd"][-1] == ""
    assert got["dan"][5] == "0", "a 0 that was earned is a 0"
    for student in ("eve", "fay", "gus"):
        assert [got[student][5], got[student][7], *got[student][-3:]] == [""] * 5, "never a silent 0"
    assert got["gus"][4] == report.UNMARKED
    assert "no more disk" in got["gus"][10]
    assert "The file is empty." in got["eve"][10]


@pytest.mark.parametrize("name", ["marks.csv", "canvas.csv", "moodle.csv"])
def test_no_cell_is_a_formula(made, name):
    for row in table(made[1] / name):
        for value in row:
            assert not re.match(r"\s*[=+\-@\t\r]", value), value


def test_guarded():
    for text in ("=1", "+1", "-1", "@a", "\t=1", "\r=1", "  =1", "\n"):
        assert report.guarded(text) == "'" + text
    for text in ("ada", "", "a=1", "3"):
        assert report.guarded(text) == text


def test_canvas_csv(made):
    rows = table(made[1] / "canvas.csv")
    assert rows[0] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "ps"]
    assert rows[1][0].strip() == "Points Possible"
    assert rows[1][5] == "10"
    got = {row[3]: row for row in rows[2:]}
    assert got["ada"] == ["Lovelace, Ada", "7", "", "ada", "", "9"]
    assert [got[s][5] for s in ("cyd", "dan", "eve", "fay", "gus")] == ["", "0", "", "", ""]


def test_moodle_csv(made):
    rows = table(made[1] / "moodle.csv")
    got = by_student(rows, 0)
    assert rows[0][:6] == ["Username", "ID number", "First name", "Last name", "Email address", "Assignment: ps"]
    assert got["ada"][4:6] == ["ada@example.org", "9"]
    assert [got[s][5] for s in ("cyd", "eve", "fay", "gus")] == [""] * 4
    assert "by hand" in got["cyd"][6]


class Page(html.parser.HTMLParser):
    """Collects what a browser would load or run, the headings, and whether every tag is closed."""

    def __init__(self, text):
        super().__init__()
        self.open, self.headings, self.tags, self.attributes, self.text = [], [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in ("meta", "rect", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)
        if self.open and self.open[-1] in ("h1", "h2"):
            self.headings.append((self.open[-1], data))


def test_the_page_is_whole_offline_and_escapes_what_students_wrote(made):
    text = (made[1] / "report.html").read_text(encoding="utf-8")
    page = Page(text)
    assert page.open == []
    assert "script" not in page.tags
    assert not [value for name, value in page.attributes if name in ("src", "action", "onclick", "onload", "style") and "http" in (value or "")]
    assert not [value for name, value in page.attributes if name == "href" and not value.startswith("#")]
    assert "<script>alert(1)" not in text
    assert "&lt;script&gt;alert(1)" in text
    assert "you took the size, &lt;b&gt;not&lt;/b&gt;" in text
    assert [level for level, _ in page.headings] == ["h1"] + ["h2"] * 9
    assert ("lang", "en") in page.attributes
    assert page.tags.count("caption") == page.tags.count("table") > 5


def test_the_page_says_what_there_is_to_know(made):
    text = " ".join(Page((made[1] / "report.html").read_text(encoding="utf-8")).text)
    for wanted in ("3 marked", "1 waits for grading by hand", "mean 4.83", "median 5.5", "ps/relu/abs", "bob, cyd",
                   "took too long", "ended its process", "no more disk", "half.json", "was recognized", "missing", "Look here"):  # fmt: skip
        assert wanted in text, wanted


def test_rates(made):
    text = (made[1] / "report.html").read_text(encoding="utf-8")
    questions = text[text.index("Points and pass rate") :]
    row = re.search(r"<tr><td>test_more</td>.*?</tr>", questions)[0]
    assert "25%" in row, "one of the four that have points"
    assert "2 wrong" in row
    assert "1 ended their process" in row
    slips = re.search(r"<tr><td>ps/relu/abs</td>.*?</tr>", text)[0]
    assert "33%" in slips, "two of the six who handed something in"
    assert "<td>it is 1: you took" in slips, "the sentence without the numbers before it"


def test_a_hand_given_mark_settles_what_could_not_be_read(course):
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}", "x") as book:
        for grade in book.find_submission_notebook("ps", "ps", "eve").grades:
            grade.manual_score, grade.needs_manual_grade = 1.0, False
        book.db.commit()
    rows = {row.student: row for row in report.collect(report.open_course(course), "ps").rows}
    assert (rows["eve"].status, rows["eve"].total) == (report.MARKED, 3.0)


def test_the_command(course, capsys):
    from gradschool.cli import main

    assert main(["report", "ps", "--course", str(course)]) == 0
    out = capsys.readouterr().out
    assert "gus: the marking failed: no more disk." in out
    assert (course / "reports" / "ps" / "report.html").exists()
    assert not list((course / "reports").rglob("*.part"))
    assert main(["report", "nothing", "--course", str(course)]) == 1
    assert "has no assignment 'nothing'. It knows ps." in capsys.readouterr().err


def test_while_all_wait_the_points_so_far_are_shown(course):
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}", "x") as book:
        for student in ("ada", "bob", "cyd", "dan"):
            for grade in book.find_submission_notebook("ps", "ps", student).grades:
                if grade.name == "why":
                    grade.manual_score, grade.needs_manual_grade = None, True
        book.db.commit()
    page = report.page(report.collect(report.open_course(course), "ps"))
    assert "No final marks yet. Points so far, of 10: mean 1.88" in page


def test_without_records_the_gradebook_is_enough(course):
    for path in marks_folder(course, "ps").glob("*.json"):
        path.unlink()
    result = report.collect(report.open_course(course), "ps")
    assert {row.student: row.status for row in result.rows}["eve"] == report.UNMARKED
    assert "do not come from" in report.page(result)


def test_a_course_without_a_gradebook(tmp_path):
    (tmp_path / "nbgrader_config.py").write_text("c = get_config()\n")
    with pytest.raises(ValueError, match="no gradebook at"):
        report.collect(report.open_course(tmp_path), "ps")
    assert not (tmp_path / "gradebook.db").exists()


def test_answers_of_the_marked_notebooks_are_compared(course):
    for student in ("ada", "bob", "cyd"):
        folder = course / "autograded" / student / "ps"
        folder.mkdir(parents=True)
        text = program(1) if student != "cyd" else program(2)
        (folder / "ps.ipynb").write_text(writes(notebook(text if student == "ada" else text.replace("total", "summe"))))
    result = report.collect(report.open_course(course), "ps")
    assert [group.students for group in result.alike] == [("ada", "bob")]
    assert "ada, bob" in report.page(result)
    assert not report.collect(report.open_course(course), "ps", similar=False).alike


# ---------------------------------------------------------------------------------------------------------------------
# Much alike


def program(seed, lines=40):
    """A program that nobody else would write."""
    rng = random.Random(seed)
    names = ["total", "w", "z", "grad", "rate", "b"]
    text = ["def answer(x, w):"]
    for _ in range(lines):
        a, b, c = (rng.choice(names) for _ in range(3))
        call = rng.choice(["exp", "log", "sum", "dot", "tanh", "abs"])
        text.append(f"    {a} = {b} {rng.choice('+-*/')} np.{call}({c} {rng.choice('+-*')} {rng.randint(1, 99)})")
    return "\n".join([*text, "    return total"])


def test_renaming_comments_and_spacing_hide_nothing():
    original = program(0)
    copied = re.sub(r"\btotal\b", "my_sum", original).replace(" = ", "=").replace("\n", "  # mine\n")
    found = find_alike({"a": original, "b": copied, **{f"s{k}": program(k) for k in range(1, 30)}})
    assert [group.students for group in found] == [("a", "b")]
    assert found[0].share == 1.0


def test_a_few_changed_lines_are_still_alike_and_half_of_them_are_not():
    lines, other = program(0).split("\n"), program(50).split("\n")
    few = "\n".join([*lines[:10], *other[10:12], *lines[12:]])
    half = "\n".join([*lines[:20], *other[20:]])
    crowd = {f"s{k}": program(k) for k in range(1, 30)}
    assert [g.students for g in find_alike({"a": "\n".join(lines), "b": few, **crowd})] == [("a", "b")]
    assert find_alike({"a": "\n".join(lines), "b": half, **crowd}) == []


def test_an_answer_as_long_as_a_library_is_looked_at_in_its_beginning():
    began = time.monotonic()
    assert find_alike({"a": "+1-x" * 8_000_000, "b": "x = 1"}) == []
    assert time.monotonic() - began < 10


def test_what_was_given_out_short_answers_and_what_all_wrote_say_nothing():
    starter = program(0)
    assert find_alike({f"s{k}": starter for k in range(5)}, given=starter) == []
    assert find_alike({f"s{k}": "def relu(x):\n    return np.maximum(0, x)" for k in range(50)}) == []
    common = program(0)
    crowd = {f"s{k}": f"{common}\n{program(k, 3)}" for k in range(1, 60)}
    assert find_alike(crowd) == []
    short = common + "\n    z = np.sort(w[::-1] ** 3)"
    assert find_alike({**crowd, "a": short, "b": short + "\n    q = 7"}) == [], "alike in one line of their own"


def test_a_large_group_of_equal_answers_is_found():
    answers = {f"s{k:02}": program(k) for k in range(40)} | {f"t{k:02}": program(99) for k in range(25)}
    (group,) = find_alike(answers)
    assert len(group.students) == 25


@pytest.mark.slow
def test_two_thousand_answers_take_seconds():
    answers = {f"s{k}": program(k, 20) for k in range(2000)}
    answers["x"] = answers["s7"]
    started = time.process_time()
    assert [group.students for group in find_alike(answers)] == [("s7", "x")]
    assert time.process_time() - started < 30, "every pair compared would take minutes"


def test_odd_code_does_not_stop_the_comparison():
    assert find_alike({"a": "'''" * 1000, "b": "\x00" + '"' * 999, "c": "", "d": "é" * 5000, "e": "(" * 9999}) == []
