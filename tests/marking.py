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
