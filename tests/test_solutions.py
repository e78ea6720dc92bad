"""The proof that the marking of every problem set is right, question by question, driven by what is in solutions/."""

import ast
import json
import re
import shutil
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from gradschool.grading import misconceptions, questions
from gradschool.grading.problem_set import ProblemSet, run_code, run_test

ROOT = Path(__file__).resolve().parents[1]
SETS = sorted(p.parent.name for p in (ROOT / "solutions").glob("ps*/checks.json"))


@cache
def source(name):
    return ProblemSet.read(ROOT / "solutions" / name / f"{name}.ipynb")


@cache
def known(name):
    return misconceptions.load(ROOT / "solutions" / name / "misconceptions.py")


@cache
def checks(name):
    return misconceptions.compile_checks(source(name), known(name))


@pytest.fixture(autouse=True)
def checks_in_use(request):
    name = getattr(request.node, "callspec", None) and request.node.callspec.params.get("name")
    if name:
        questions.use_checks(name, checks(name))
    yield
    if name:
        questions.use_checks(name, None)


def marks(name, question=None, replace=None, part="source", names=None):
    """Run the test cells (of one question) and return their results."""
    if names is None:
        names, stopped = run_code(source(name).code(replace))
        assert not stopped
    cells = [c for c in source(name).of_role("test") if question in (None, c.question)]
    return [run_test(cell, getattr(cell, part), names) for cell in cells]


def variants(kind):
    return [
        pytest.param(name, q.name, v, id=f"{name}-{q.name}-{getattr(v, 'id', i)}")
        for name in SETS
        for q in known(name).values()
        for i, v in enumerate(getattr(q, kind))
    ]


def solution_lines(cell):
    inside = re.findall(r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", cell.source, re.DOTALL)
    return [line.strip() for block in inside for line in block.splitlines()]


def hidden_lines(cell):
    return [line.strip() for line in cell.source.splitlines() if line not in cell.visible.splitlines()]


def all_text(value):
    if isinstance(value, dict):
        return "\n".join(all_text(v) for pair in value.items() for v in pair)
    if isinstance(value, list):
        return "\n".join(map(all_text, value))
    return str(value)


def test_every_problem_set_is_released():
    assert "ps06" in SETS
    assert sorted(p.name for p in (ROOT / "solutions").glob("ps*")) == SETS
    assert sorted(p.name for p in (ROOT / "assignments").glob("ps*")) == SETS


@pytest.mark.parametrize("name", SETS)
def test_the_reference_gets_full_marks(name):
    for part in ("source", "visible", "hidden"):
        failed = [r for r in marks(name, part=part) if not r.passed]
        assert not failed, f"{part} tests: {failed[0].cell.id}: {failed[0].message}"


@pytest.mark.parametrize(("name", "question", "code"), variants("right"))
def test_a_right_answer_written_another_way_gets_full_marks(name, question, code):
    assert code.strip() != _solution_of(name, question).strip()
    failed = [r for r in marks(name, question, {question: code}) if not r.passed]
    assert not failed, f"{failed[0].cell.id}: {failed[0].message}"


@pytest.mark.parametrize(("name", "question", "wrong"), variants("wrong"))
def test_a_wrong_answer_fails_the_hidden_tests_and_is_told_its_slip(name, question, wrong):
    hidden = [r for r in marks(name, question, {question: wrong.code}, part="hidden") if not r.passed]
    assert hidden, "the hidden tests let it pass"
    everything = [r for r in marks(name, question, {question: wrong.code}) if not r.passed]
    for result in hidden + everything:
        assert result.slip == wrong.id, result.message
        assert wrong.sentence in result.message


@pytest.mark.parametrize("name", SETS)
def test_the_empty_answer_scores_nothing_and_hears_so_kindly(name):
    starter = ProblemSet.read(ROOT / "assignments" / name / f"{name}.ipynb")
    names, stopped = run_code(starter.code())
    assert not stopped, "the starter itself must run without an error"
    results = marks(name, names=names)
    assert sum(r.points for r in results) == 0
    for result in results:
        assert not result.attempted
        assert "not attempted yet" in result.message


@pytest.mark.slow
def test_the_starter_shows_sentences_in_jupyter_and_no_traceback():
    import nbclient
    import nbformat

    notebook = nbformat.read(ROOT / "assignments" / "ps06" / "ps06.ipynb", 4)
    nbclient.NotebookClient(notebook, allow_errors=True, kernel_name="python3").execute()
    errors = {c.id: o for c in notebook.cells for o in c.get("outputs", []) if o.output_type == "error"}
    assert set(errors) == {c.id for c in source("ps06").of_role("test")}
    for error in errors.values():
        (line,) = error.traceback
        assert "not attempted yet" in line


@pytest.mark.parametrize("name", SETS)
def test_answers_memorized_for_the_visible_tests_score_nothing(name):
    names, _ = run_code(source(name).code())
    memory, latest = {}, {}

    def record(question, call, data, hidden_test):
        assert hidden_test is None, f"{call}: a visible test is marked as hidden"
        value = question._evaluate(call, data)
        memory[question.name, call, repr(data)] = latest[question.name, call] = value
        return lambda: value

    def recall(question, call, data, hidden_test):
        usual = latest.get((question.name, call))
        value = memory.get((question.name, call, repr(data)), usual)
        return lambda: value

    with questions.listening(record):
        assert all(r.passed for r in marks(name, names=names, part="visible"))
    with questions.listening(recall):
        assert all(r.passed for r in marks(name, names=names, part="visible"))
        fooled = [r.cell.id for r in marks(name, names=names) if r.passed]
    assert not fooled


@pytest.mark.parametrize("name", SETS)
def test_hidden_tests_show_no_numbers(name):
    """With every answer a wild number, what a hidden test says holds none of its data and none of the right answers."""
    names, _ = run_code(source(name).code())
    asked = []

    def wild(question, call, data, hidden_test):
        asked.append(hidden_test)
        return lambda: np.array(123456.789)

    with questions.listening(wild):
        results = marks(name, names=names, part="hidden")
    assert None not in asked, "a check among the hidden tests has no hidden_test=..."
    for result in results:
        assert not result.passed
        assert "Hidden test" in result.message
        assert not re.search(r"\d\.\d{3}", result.message.split("[slip:")[0].replace("123456.789", "")), result.message


@pytest.mark.parametrize("name", SETS)
def test_no_answer_survives_in_the_assignment(name):
    released = ProblemSet.read(ROOT / "assignments" / name / f"{name}.ipynb")
    shipped = json.loads((ROOT / "assignments" / name / "checks.json").read_text(encoding="utf-8"))
    text = all_text([c.source for c in released.cells]) + all_text(shipped)
    shown = [_outside_solution(c) for c in source(name).cells if c.role != "written"]
    shown += [probe.call for q in known(name).values() for probe in q.probes]
    secret = [line for c in source(name).of_role("answer") for line in solution_lines(c)]
    secret += [line for c in source(name).of_role("test") for line in hidden_lines(c)]
    secret += [line for c in source(name).of_role("written") for line in c.source.splitlines()]
    secret += [
        line
        for q in known(name).values()
        for code in [*q.right, *(w.code for w in q.wrong)]
        for line in code.splitlines()
        if not line.startswith(("def ", "class "))
    ]
    for line in _lines(secret) - _lines(shown):
        assert len(line) <= 12 or line not in _lines([text]), f"survives: {line}"
    for marker in ("BEGIN SOLUTION", "END SOLUTION", "HIDDEN TESTS", "Rubric"):
        assert marker not in text


@pytest.mark.parametrize("name", SETS)
def test_the_release_is_what_the_generator_makes(name, tmp_path):
    from gradschool.grading.release import generate

    shutil.copytree(ROOT / "solutions" / name, tmp_path / "solutions" / name)
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    made = generate(tmp_path, name, gradebook=False)
    folder = ROOT / "assignments" / name
    assert set(made) == {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    for file, content in made.items():
        assert (folder / file).read_bytes() == content, f"{file} is stale (`gradschool release {name}`), or someone works in it"
    assert (ROOT / "solutions" / name / "checks.json").read_bytes() == made["checks.json"]


@pytest.mark.parametrize("name", SETS)
def test_a_problem_set_is_built_as_the_guide_says(name):
    problem_set, about = source(name), known(name)
    asked = problem_set.questions
    assert set(about) == set(asked)
    assert 3 <= len(asked) <= 8
    for question, tests in asked.items():
        assert len(about[question].wrong) >= 6
        assert len(about[question].right) >= 3
        assert len({w.id for w in about[question].wrong}) == len({w.sentence for w in about[question].wrong})
        assert len({w.id for w in about[question].wrong}) == len(about[question].wrong)
        assert tests, f"{question} has no test"
        for cell in tests:
            assert cell.points > 0
            assert cell.hidden, f"{cell.id} has no hidden tests"
            last = cell.visible.strip().splitlines()[-1]
            assert last.startswith("# Hidden tests:"), f"{cell.id}: say what they are about"
        body = ast.parse(_solution_of(name, question)).body
        docs = [ast.get_docstring(node) for node in body if hasattr(node, "body")]
        assert docs
        assert all(d and "Example" in d for d in docs), f"{question}: a docstring needs an Example with numbers"
    (written,) = problem_set.of_role("written")
    assert written.points > 0
    assert "**Rubric.**" in written.source
    raw = json.loads((ROOT / "solutions" / name / f"{name}.ipynb").read_text(encoding="utf-8"))
    ids = [c["id"] for c in raw["cells"]]
    assert len(set(ids)) == len(ids)
    for cell in raw["cells"]:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
        assert cell["metadata"].get("nbgrader", {}).get("grade_id", cell["id"]) == cell["id"]


def _solution_of(name, question):
    return next(c.source for c in source(name).of_role("answer") if c.id == question)


def _outside_solution(cell):
    """What a learner is shown of a source cell."""
    return re.sub(r"### BEGIN SOLUTION\n.*?### END SOLUTION", "", cell.visible, flags=re.DOTALL)


def _lines(texts):
    return {" ".join(line.split()) for text in texts for line in text.splitlines()}
