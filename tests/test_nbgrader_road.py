"""The whole road that a problem set takes through nbgrader, with two students, and every score on it."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from gradschool.grading import misconceptions

ROOT = Path(__file__).resolve().parents[1]
CELLS = {
    "net_input-test-1": 2,
    "sigmoid-test-1": 2,
    "sigmoid-test-2": 2,
    "output_delta-test-1": 2,
    "hidden_delta-test-1": 3,
    "step-test-1": 2,
    "step-test-2": 2,
    "train-test-1": 1,
    "train-test-2": 2,
    "mended_gradients-test-1": 3,
    "ps06-written": 4,
}
LOST_BY_BEN = {"step-test-2", "train-test-1", "train-test-2"}  # his slip: updated weights reused for the hidden layer
MANUAL = {"ana": 4, "ben": 1}
# Each command reads its own configuration; nbgrader's imports, seconds of them, are paid once.
COMMAND_LINE = """
import json, os, sys
from nbgrader.apps import NbGraderApp
for where, *words in json.loads(sys.argv[1]):
    os.chdir(where)
    NbGraderApp.clear_instance()
    try:
        NbGraderApp.launch_instance(argv=words)
    except SystemExit as end:
        if end.code:
            sys.exit(f"{words}: {end.code}")
"""

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name == "nt", reason="nbgrader's exchange needs Linux or macOS")]


@pytest.fixture(scope="module")
def road(tmp_path_factory):
    return Road(tmp_path_factory.mktemp("road"))


class Road:
    """A course folder, an exchange and two students' homes, all temporary."""

    def __init__(self, folder):
        self.course, self.exchange = folder / "course", folder / "exchange"
        self.exchange.mkdir()
        self.exchange.chmod(0o777)
        self.environment = {
            **os.environ,
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "HOME": str(folder),
            "JUPYTER_DATA_DIR": str(folder / "jupyter"),
            "IPYTHONDIR": str(folder / "ipython"),
            "OMP_NUM_THREADS": "1",
            "PYTHONWARNINGS": "ignore",
        }
        (self.course / "solutions" / "ps06").mkdir(parents=True)
        for file in ("ps06.ipynb", "misconceptions.py", "checks.json"):
            source = ROOT / "solutions" / "ps06" / file
            (self.course / "solutions" / "ps06" / file).write_bytes(source.read_bytes())
        self.config = (ROOT / "nbgrader_config.py").read_text(encoding="utf-8")
        self.exchange_line = f"\nc.Exchange.root = {str(self.exchange)!r}\n"
        self.configure(self.config)
        for student in MANUAL:
            home = folder / student
            home.mkdir()
            (home / "nbgrader_config.py").write_text(
                f"c = get_config()\nc.CourseDirectory.course_id = 'gradschool'{self.exchange_line}"
                f"c.CourseDirectory.db_url = 'sqlite:///{home / 'gradebook.db'}'\n"
                f"c.Exchange.cache = {str(home / 'cache')!r}\n",
                encoding="utf-8",
            )
        self.folder = folder

    def configure(self, text):
        (self.course / "nbgrader_config.py").write_text(text + self.exchange_line, encoding="utf-8")

    def nbgrader(self, *commands):
        """Run nbgrader commands, ``(folder, words...)`` each, as its command line would."""
        done = subprocess.run(
            [sys.executable, "-c", COMMAND_LINE, json.dumps([(str(where), *words) for where, *words in commands])],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, f"nbgrader {commands}:\n{done.stdout}\n{done.stderr}"

    def gradebook(self):
        from nbgrader.api import Gradebook

        return Gradebook(f"sqlite:///{self.course / 'class' / 'gradebook.db'}", "gradschool")

    def scores(self, student):
        """Return ``{cell: (automatic, manual)}``."""
        with self.gradebook() as book:
            return {
                g.name: (g.auto_score, g.manual_score)
                for g in book.find_submission_notebook("ps06", "ps06", student).grades
            }


def fill_in(notebook, replace):
    """Answer a fetched notebook: the reference, but for the answers in ``replace``."""
    source = nbformat.read(ROOT / "solutions" / "ps06" / "ps06.ipynb", 4)
    marked = [c for c in source.cells if c.metadata.get("nbgrader", {}).get("solution")]
    answers = {c.metadata.nbgrader.grade_id: c.source for c in marked}
    mine = nbformat.read(notebook, 4)
    for cell in mine.cells:
        id = cell.metadata.get("nbgrader", {}).get("grade_id")
        if id in answers:
            cell.source = replace.get(id, answers[id])
    nbformat.write(mine, notebook)


def expected(student):
    lost = LOST_BY_BEN if student == "ben" else set()
    return {
        cell: (None, MANUAL[student]) if cell == "ps06-written" else (0 if cell in lost else points, None)
        for cell, points in CELLS.items()
    }


def test_every_score_on_the_road_is_right(road):
    course = road.course
    road.nbgrader(
        (course, "generate_assignment", "ps06"),
        (course, "release_assignment", "ps06"),
        *((road.folder / student, "fetch_assignment", "ps06") for student in MANUAL),
    )
    assert sorted(p.name for p in (course / "assignments" / "ps06").iterdir()) == ["checks.json", "ps06.ipynb"]
    made = (course / "assignments" / "ps06" / "ps06.ipynb").read_bytes()
    assert made == (ROOT / "assignments" / "ps06" / "ps06.ipynb").read_bytes()
    slip = next(
        w
        for w in misconceptions.load(ROOT / "solutions/ps06/misconceptions.py")["step"].wrong
        if w.id == "updated-weights"
    )
    for student, replace in {"ana": {}, "ben": {"step": slip.code}}.items():
        fill_in(road.folder / student / "ps06" / "ps06.ipynb", replace)
    road.nbgrader(
        *((road.folder / student, "submit", "ps06", f"--student={student}") for student in MANUAL),
        (course, "collect", "ps06"),
    )
    assert sorted(p.name for p in (course / "class" / "submitted").iterdir()) == ["ana", "ben"]

    marked = {}
    for marking, config in {"stock": road.config.partition("# Marking:")[0], "the project's": road.config}.items():
        road.configure(config)
        road.nbgrader((course, "autograde", "ps06", "--force"))
        marked[marking] = {student: road.scores(student) for student in MANUAL}
    with road.gradebook() as book:
        for student, points in MANUAL.items():
            grade = book.find_grade("ps06-written", "ps06", "ps06", student)
            assert grade.needs_manual_grade
            grade.manual_score, grade.needs_manual_grade = points, False
        book.db.commit()
    for student in MANUAL:
        wanted = expected(student)
        assert road.scores(student) == wanted
        for marking, scores in marked.items():
            automatic = {cell: score for cell, (score, _) in scores[student].items() if cell != "ps06-written"}
            assert automatic == {c: s for c, (s, _) in wanted.items() if c != "ps06-written"}, marking

    road.nbgrader((course, "generate_feedback", "ps06"), (course, "export"))
    pages = {s: course / "class" / "feedback" / s / "ps06" / "ps06.html" for s in MANUAL}
    assert slip.sentence in pages["ben"].read_text(encoding="utf-8")
    assert slip.sentence not in pages["ana"].read_text(encoding="utf-8")

    with open(course / "class" / "grades.csv", newline="", encoding="utf-8") as stream:
        rows = {row["student_id"]: row for row in csv.DictReader(stream)}
    assert {s: float(rows[s]["score"]) for s in MANUAL} == {"ana": 25.0, "ben": 17.0}
    assert {float(row["max_score"]) for row in rows.values()} == {25.0}
