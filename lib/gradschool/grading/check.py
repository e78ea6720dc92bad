"""``gradschool check PSET``: a learner's own marks on the visible tests, on the spot and without a network.

The learner's notebook is read, never written. Its code runs in a process of its own, in an empty scratch folder, with a
limit on time; the tests come from the release's checks.json, so that editing a test cell changes nothing.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TEST_SECONDS = 3.0
CELL_SECONDS = 6.0  # a first import can take its time
ALL_SECONDS = 9.0


def add_arguments(parser):
    parser.add_argument("problem_set", nargs="?", metavar="PSET", help="the problem set, such as ps06")
    parser.add_argument("path", nargs="?", help="your notebook (default: assignments/PSET/PSET.ipynb)")
    parser.add_argument("--all", action="store_true", help="one line for every problem set of the course")


def run(args):
    from gradschool.grading._course import course_root, problem_set_names

    try:
        if args.all == bool(args.problem_set):
            raise ValueError("name one problem set, such as ps06, or use --all.")
        root = course_root()
        names = problem_set_names(root / "assignments")
        if args.all:
            return _show_all(root, names)
        if args.problem_set not in names:
            raise ValueError(f"there is no problem set {args.problem_set!r}. There are: {', '.join(names) or 'none'}.")
        report = check(root, args.problem_set, args.path)
    except (ValueError, OSError) as error:
        print(f"gradschool check: {error}", file=sys.stderr)
        return 2
    print(report.text())
    return 0 if report.points == report.possible and not report.beyond else 1


def check(root, name, path=None):
    """Run the visible tests of problem set ``name`` on a learner's notebook and return the `Report`.

    Raises
    ------
    ValueError
        When the file is missing, is no notebook, or is the notebook of something else.
    """
    root = Path(root)
    folder = root / "assignments" / name
    path = Path(path) if path else folder / f"{name}.ipynb"
    try:
        checks = json.loads((folder / "checks.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise ValueError(
            f"{folder / 'checks.json'} is missing or damaged. Bring it back with `git checkout -- assignments/{name}`."
        ) from None
    notebook = _read(path)
    _right_problem_set(root, name, checks, notebook, path)
    return Report(name, checks, notebook, _results(notebook, checks))


class Report:
    """The visible tests' marks, question by question; ``beyond`` holds slips that only other data show."""

    def __init__(self, name, checks, notebook, found):
        self.name = name
        self.checks = checks
        self.notes = found["notes"]
        self.results = found["results"]
        self.beyond = found["beyond"]
        self.points = sum(r["points"] for r in self.results)
        self.possible = sum(t["points"] for t in checks["tests"])
        self.written = _written(notebook, checks)

    @property
    def started(self):
        """How many questions were attempted."""
        return sum(any(r["attempted"] for r in rows) for rows in self.by_question().values())

    def by_question(self):
        rows = {}
        for result in self.results:
            rows.setdefault(result["question"], []).append(result)
        return rows

    def text(self):
        lines = [f"{self.name}: {_number(self.points)} of {_number(self.possible)} points by the visible tests", ""]
        questions = self.by_question()
        width = max(len(q) for q in questions)
        for question, rows in questions.items():
            points, possible = sum(r["points"] for r in rows), sum(r["possible"] for r in rows)
            messages = list(dict.fromkeys(r["message"] for r in rows if r["message"]))
            score = f"{_number(points):>3} of {_number(possible):<3}"
            if question in self.beyond:
                lines.append(f"  {question:<{width}}  {score} look again")
                lines.append("      The tests you see pass; on other data it goes wrong.")
                lines.append(f"      {self.beyond[question]}")
            elif not messages:
                lines.append(f"  {question:<{width}}  {score} right so far")
            elif not any(r["attempted"] for r in rows):
                lines.append(f"  {question:<{width}}  {score} not attempted yet")
            else:
                lines.append(f"  {question:<{width}}  {score} look again")
                told = [line for line in messages[0].splitlines() if line and not line.startswith("[slip:")]
                lines += [f"      {line}" for line in told]
                first = [q for q in questions if q in rows[0]["uses"] and not all(r["passed"] for r in questions[q])]
                if first and not any(r["sentence"] for r in rows):
                    lines.append(f"      It uses {first[0]}, which is not right yet: mend that first.")
        for cell in self.written:
            state = f"{cell['words']} words; a person marks it" if cell["words"] else "not written yet"
            lines.append(f"  {cell['id']:<{width}}  {'-':>3} of {_number(cell['points']):<3} {state}")
        lines += ["", *(f"  {note}" for note in self.notes)]
        if self.points:
            lines.append("  Hidden tests on other data decide the mark: do your functions hold for other shapes too?")
        return "\n".join(lines).rstrip()


def _show_all(root, names):
    from concurrent.futures import ThreadPoolExecutor

    def one(name):
        try:
            return check(root, name)
        except (ValueError, OSError) as error:
            return error

    total = possible = 0
    with ThreadPoolExecutor(2) as pool:
        for name, report in zip(names, pool.map(one, names)):
            if isinstance(report, Exception):
                print(f"{name}  {report}")
                continue
            total, possible = total + report.points, possible + report.possible
            share = report.points / report.possible if report.possible else 0
            bar = "#" * round(20 * share)
            score = f"{_number(report.points):>4} of {_number(report.possible):<4}"
            asked = len(report.by_question())
            state = f"{report.started} of {asked} questions tried" if report.started else "not started"
            print(f"{name}  [{bar:<20}] {score} {state}", flush=True)
    print(f"course: {_number(total)} of {_number(possible)} points by the visible tests")
    return 0


# --- reading the learner's file -------------------------------------------------------------------------------------


def _read(path):
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise ValueError(f"there is no file {path}.") from None
    except IsADirectoryError:
        raise ValueError(f"{path} is a folder; name the notebook in it.") from None
    try:
        notebook = json.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not UTF-8 text, so it is not a Jupyter notebook.") from None
    except ValueError:
        raise ValueError(f"{path} is not a Jupyter notebook: it is not JSON.") from None
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list) or not all(_is_cell(c) for c in cells):
        raise ValueError(f"{path} is not a Jupyter notebook of format 4: it has no proper list of cells.")
    return notebook


def _is_cell(cell):
    source = cell.get("source") if isinstance(cell, dict) else None
    lines = isinstance(source, list) and all(isinstance(line, str) for line in source)
    return (isinstance(source, str) or lines) and isinstance(cell.get("cell_type"), str)


def _source(cell):
    return cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])


def _marks(cell):
    metadata = cell.get("metadata")
    marks = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    return marks if isinstance(marks, dict) else {}


def _answers(checks, notebook):
    """Return which of the set's questions the notebook has, by grade id or by a function's name."""
    ids = {str(_marks(c).get("grade_id")) for c in notebook["cells"]}
    text = "\n".join(_source(c) for c in notebook["cells"] if c["cell_type"] == "code")
    return [q for q in checks["questions"] if q in ids or f"def {q}(" in text or f"class {q}" in text]


def _right_problem_set(root, name, checks, notebook, path):
    if _answers(checks, notebook):
        return
    for other in sorted((root / "assignments").glob("*/checks.json")):
        if other.parent.name == name:
            continue
        if len(_answers(json.loads(other.read_text(encoding="utf-8")), notebook)) > 1:
            raise ValueError(f"{path} is not {name}: it looks like {other.parent.name}.")
    raise ValueError(f"{path} is not {name}: it answers none of {', '.join(checks['questions'])}.")


def _written(notebook, checks):
    from collections import Counter

    texts = {_marks(c).get("grade_id"): _source(c) for c in notebook["cells"]}
    starter = Counter(["Write your answer here."])
    return [
        {**cell, "words": 0 if starter[texts.get(cell["id"], "").strip()] else len(texts.get(cell["id"], "").split())}
        for cell in checks["written"]
    ]


# --- running it -----------------------------------------------------------------------------------------------------


def _results(notebook, checks):
    """Run answers and tests in another process; one that takes too long is put aside and the rest runs again."""
    tests = {t["source"] for t in checks["tests"]}
    sources = []
    for position, cell in enumerate(notebook["cells"]):
        is_test = _marks(cell).get("grade") and not _marks(cell).get("solution")
        if cell["cell_type"] == "code" and not is_test and _source(cell) not in tests:
            sources.append((str(position + 1), _source(cell)))
    end = time.monotonic() + ALL_SECONDS
    late, notes = {}, []
    while True:
        job = {"sources": [s for s in sources if s[0] not in late], "checks": checks, "late": sorted(late)}
        events, stuck, died = _in_worker(job, end)
        if stuck is None or time.monotonic() > end - 0.5:
            break
        if stuck.startswith("test "):
            late[stuck] = (
                "ended the process that it ran in. Is there an exit() in it?"
                if died
                else f"did not finish within {TEST_SECONDS:g} s. Is there a loop that never ends?"
            )
        elif stuck.startswith("probes "):
            late[stuck] = "left out: what the visible tests ask for was right"
        else:
            late[stuck] = "ends the process" if died else f"takes longer than {CELL_SECONDS:g} s"
            notes.append(f"Cell {stuck} {late[stuck]} and was left out.")
    notes += [e["note"] for e in events if "note" in e]
    rows = {e.get("id") or e.get("skipped"): e for e in events if "id" in e or "skipped" in e}
    results = []
    for test in checks["tests"]:
        row = {"passed": False, "attempted": True, "sentence": "", "uses": [], **rows.get(test["id"], {})}
        if f"test {test['id']}" in late:
            row["message"] = late[f"test {test['id']}"]
        row.setdefault("message", "was not run: another part takes too long.")
        points = test["points"] if row["passed"] else 0
        results.append({**row, "question": test["id"].split("-test")[0], "points": points, "possible": test["points"]})
    beyond = {e["beyond"]: e["sentence"] for e in events if "beyond" in e}
    return {"results": results, "notes": notes, "beyond": beyond}


def _in_worker(job, end):
    """Return the worker's events, the cell or test it got stuck in (or None), and whether it ended there by itself."""
    environment = {**os.environ, "MPLBACKEND": "Agg", "PYTHONIOENCODING": "utf-8", "OMP_NUM_THREADS": "1"}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        jobs, told = Path(scratch) / "job.json", Path(scratch) / "events"
        jobs.write_text(json.dumps(job), encoding="utf-8")
        told.touch()
        place = Path(scratch) / "run"
        place.mkdir()
        worker = subprocess.Popen(
            [sys.executable, "-m", "gradschool.grading._check_worker", str(jobs), str(told)],
            cwd=place,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        died = True
        try:
            last, since, limit = -1, time.monotonic(), CELL_SECONDS
            while worker.poll() is None:
                size = told.stat().st_size
                now = time.monotonic()
                if size != last:
                    last, since = size, now
                    lines = told.read_text(encoding="utf-8").splitlines()
                    limit = TEST_SECONDS if lines and '"start": "test ' in lines[-1] else CELL_SECONDS
                elif now - since > limit or now > end:
                    died = False
                    worker.kill()
                    worker.wait()
                    break
                time.sleep(0.02)
            events = [json.loads(line) for line in told.read_text(encoding="utf-8").splitlines() if line.endswith("}")]
        finally:
            if worker.poll() is None:
                worker.kill()
                worker.wait()
    started = [e["start"] for e in events if "start" in e]
    finished = any("end" in e for e in events)
    return events, None if finished or not started else started[-1], died


def _number(points):
    return f"{points:g}"
