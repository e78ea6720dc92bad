"""The problem sets under the marking that a class gets: answers in one process, tests in another."""

import copy
import json
from pathlib import Path

import pytest
from gradschool.grading import misconceptions
from gradschool.grading.judge import Limits, Servers, judge

ROOT = Path(__file__).resolve().parents[1]
SETS = sorted(p.parent.name for p in (ROOT / "solutions").glob("ps*/checks.json"))
LIMITS = Limits(forbidden_imports=("gradschool",), allowed_imports=("gradschool.datasets",))

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def servers():
    with Servers() as running:
        yield running


def read(folder, name):
    return json.loads((ROOT / folder / name / f"{name}.ipynb").read_text(encoding="utf-8"))


def filled_in(name, answers):
    """The released notebook with these answers, the others the reference's."""
    source = {c["id"]: c["source"] for c in read("solutions", name)["cells"]}
    notebook = copy.deepcopy(read("assignments", name))
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("solution"):
            cell["source"] = answers.get(cell["id"], source[cell["id"]])
    return notebook


def record(servers, name, answers):
    checks = (ROOT / "solutions" / name / "checks.json").read_bytes()
    return judge(
        filled_in(name, answers), tests_from=read("solutions", name), course_files={"checks.json": checks},
        limits=LIMITS, servers=servers,
    )  # fmt: skip


def judged(found):
    return {id: cell for id, cell in found.cells.items() if cell.outcome != "manual"}


@pytest.mark.parametrize("name", SETS)
def test_right_answers_of_every_kind_get_full_marks(servers, name):
    known = misconceptions.load(ROOT / "solutions" / name / "misconceptions.py")
    kinds = [{}] + [{q.name: q.right[i] for q in known.values()} for i in range(3)]
    for answers in kinds:
        for id, cell in judged(record(servers, name, answers)).items():
            assert cell.score == cell.max_score, f"{id}: {cell.message} {cell.detail}"
            assert cell.protection == "sealed", id


@pytest.mark.parametrize("name", SETS)
def test_a_slip_of_every_question_reaches_the_class_report(servers, name):
    for question in misconceptions.load(ROOT / "solutions" / name / "misconceptions.py").values():
        wrong = question.wrong[0]
        cells = judged(record(servers, name, {question.name: wrong.code}))
        own = [cell for id, cell in cells.items() if id.split("-test")[0] == question.name and cell.outcome != "passed"]
        assert own
        for cell in own:
            assert cell.slip == f"{name}/{question.name}/{wrong.id}", cell.detail
            assert wrong.sentence in cell.message
            assert cell.score == 0


@pytest.mark.parametrize("name", SETS)
def test_the_starter_gets_nothing_and_hears_so_kindly(servers, name):
    found = judge(read("assignments", name), tests_from=read("solutions", name), limits=LIMITS, servers=servers)
    for id, cell in judged(found).items():
        assert not cell.score, id
        assert "not attempted yet" in cell.message
