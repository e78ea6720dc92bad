"""Notebooks in nbgrader's style, made in a line, for the tests of the marking."""

import copy


def code(source, **marks):
    """A code cell. ``marks`` are nbgrader's: answer("f"), test("t", 2), given("g") are shorter."""
    cell = {"cell_type": "code", "metadata": {}, "source": source, "outputs": [], "execution_count": None}
    if marks:
        cell["metadata"]["nbgrader"] = {
            "schema_version": 3, "cell_type": "code", "locked": False, "grade": False, "solution": False, "task": False,
        } | marks  # fmt: skip
    return cell


def answer(name, source):
    """An answer cell."""
    return code(source, grade_id=name, solution=True)


def test(name, points, source):
    """A test cell."""
    return code(source, grade_id=name, grade=True, locked=True, points=points)


test.__test__ = False  # not for pytest


def given(name, source):
    """A read-only cell of the instructor's."""
    return code(source, grade_id=name, locked=True)


def written(name, points, text=""):
    """An answer in words."""
    cell = {"cell_type": "markdown", "metadata": {}, "source": text}
    cell["metadata"]["nbgrader"] = {
        "schema_version": 3, "cell_type": "markdown", "grade_id": name, "grade": True, "solution": True,
        "locked": False, "task": False, "points": points,
    }  # fmt: skip
    return cell


def notebook(*cells):
    """A notebook of these cells."""
    cells = [copy.deepcopy(cell) | {"id": f"cell-{k}"} for k, cell in enumerate(cells)]
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def handed_in(source, answers=None, extra=()):
    """The notebook with other answers: {grade_id: text}. ``extra`` cells go to the front."""
    result = copy.deepcopy(source)
    for cell in result["cells"]:
        name = cell["metadata"].get("nbgrader", {}).get("grade_id")
        if name in (answers or {}):
            cell["source"] = answers[name]
    result["cells"][:0] = [code(text) | {"id": f"extra-{k}"} for k, text in enumerate(extra)]
    return result


def hidden(source):
    """Hidden tests, between nbgrader's markers."""
    return f"### BEGIN HIDDEN TESTS\n{source}\n### END HIDDEN TESTS"


def course(folder, source, name="hw1", config=""):
    """A course folder with one generated assignment, marked by our executor; returns the folder."""
    import json
    import warnings
    from pathlib import Path

    from gradschool.grading._course import tools_on_path
    from gradschool.grading.grade import read_config
    from nbgrader.converters import GenerateAssignment
    from nbgrader.coursedir import CourseDirectory

    folder = Path(folder)
    (folder / "source" / name).mkdir(parents=True)
    (folder / "nbgrader_config.py").write_text(
        "c = get_config()\nfrom gradschool.grading import configure\nconfigure(c)\n" + config, encoding="utf-8"
    )
    (folder / "source" / name / f"{name}.ipynb").write_text(json.dumps(source), encoding="utf-8")
    settings = read_config(folder)
    settings.CourseDirectory.assignment_id = name
    converter = GenerateAssignment(coursedir=CourseDirectory(config=settings), config=settings)
    converter.log.setLevel("ERROR")
    with tools_on_path(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        converter.start()
    return folder


def submit(folder, student, answers=None, name="hw1", extra=(), timestamp="2026-11-20 10:00:00 UTC"):
    """Hand in the released notebook with these answers; returns the submission's folder."""
    import json

    released = json.loads((folder / "release" / name / f"{name}.ipynb").read_text(encoding="utf-8"))
    for cell in released["cells"]:
        cell["source"] = "".join(cell["source"])
    target = folder / "submitted" / student / name
    target.mkdir(parents=True, exist_ok=True)
    (target / f"{name}.ipynb").write_text(json.dumps(handed_in(released, answers, extra)), encoding="utf-8")
    (target / "timestamp.txt").write_text(timestamp, encoding="utf-8")
    return target


def scores(folder, name="hw1"):
    """student -> {cell: automatic score}, from the gradebook."""
    import sqlite3

    with sqlite3.connect(folder / "gradebook.db") as database:
        rows = database.execute(
            "select sa.student_id, b.name, g.auto_score from grade g join submitted_notebook n on g.notebook_id = n.id "
            "join submitted_assignment sa on n.assignment_id = sa.id join base_cell b on g.cell_id = b.id "
            "join assignment a on sa.assignment_id = a.id where a.name = ?",
            [name],
        ).fetchall()
    found = {}
    for student, cell, score in rows:
        found.setdefault(student, {})[cell] = score
    return found


HOMEWORK = notebook(
    code("import numpy as np"),
    answer("square", "def square(x):\n    ### BEGIN SOLUTION\n    return x * x\n    ### END SOLUTION"),
    test("square_test", 1, "assert square(3) == 9\n" + hidden("assert square(-81.25) == 6601.5625")),
    answer("mean", "def mean(x):\n    ### BEGIN SOLUTION\n    return np.sum(x) / len(x)\n    ### END SOLUTION"),
    test("mean_test", 2, "assert abs(mean(np.array([1.0, 2.0])) - 1.5) < 1e-9"),
    written("why", 3, "### BEGIN SOLUTION\nBecause.\n### END SOLUTION"),
)
RIGHT = {"square": "def square(x):\n    return x * x", "mean": "def mean(x):\n    return x.mean()", "why": "So it is."}


def interrupted_copy(servers):
    """A copy of the students' server that was interrupted in an endless loop and went on after it."""
    import time
    from dataclasses import asdict

    from gradschool.grading.judge import Limits
    from gradschool.grading.server import ask

    copy = ask(servers.students.control, {"limits": asdict(Limits())})
    end = time.monotonic() + 60
    assert copy.channel.receive(end)[0] == {"ready": True}
    source = (
        "try:\n    print('begun', flush=True)\n    while True: pass\nexcept KeyboardInterrupt:\n    print('stopped')"
    )
    copy.channel.send({"do": "run", "id": 1, "source": source})
    time.sleep(0.5)
    copy.interrupt()
    assert copy.channel.receive(end)[0]["outputs"][0]["text"] == "begun\nstopped\n"
    return copy
