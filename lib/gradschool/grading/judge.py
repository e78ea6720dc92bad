"""Mark one rebuilt notebook: answers run in a sandboxed process, tests in another one that trusts nothing they send.

For whoever calls it::

    with Servers() as servers:                       # two prepared interpreters; starting them takes about a second
        record = judge(notebook, tests_from=source, servers=servers)
    record.score, record.max_score
    record.cells["test_q1"].score, .outcome, .message
    record.notebook                                  # the notebook with its outputs, for formgrader and feedback

``notebook`` is what `gradschool.grading.intake.rebuild` returned: the released frame with the student's answers.
Which of its cells are tests, their text and their points is read from ``tests_from`` alone (the instructor's source
notebook, solutions in it or not), by ``grade_id``. A cell is the student's when it is a solution cell or not in
``tests_from`` at all; every other cell is the instructor's.

`Marking` is the same for a whole submission folder, intake included, without waiting: for many at once.

For whoever writes tests: they are ordinary cells (assert, numpy.testing, pytest.raises, helper functions). A student's
function is a stand-in that sends its arguments over and brings plain data back. A test may say more than True or False
by raising an AssertionError with attributes ``check`` (which check failed) and ``slip`` (the id of the misconception),
as `gradschool.grading.questions` does; its text is the sentence for the student. A test whose last expression is a
number gives partial credit, as in nbgrader.
"""

import contextlib
import json
import tempfile
import time
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path

from gradschool.grading import sandbox
from gradschool.grading.channel import MAX_TOTAL, Closed, ProtocolError, TooLate
from gradschool.grading.server import ServerDied, Servers, ask

__all__ = ["CellRecord", "Limits", "Marking", "Record", "Servers", "judge", "make_plan"]

MAX_RESTARTS = 4


@dataclass(frozen=True)
class Limits:
    """What a student's code may use.

    Attributes
    ----------
    cell_seconds, total_seconds : float
        Wall time of one cell, and of the whole notebook.
    memory : int
        Bytes that the process may take beyond what the prepared interpreter has.
    processes, files, file_bytes, disk_bytes : int
        Processes and threads, open files, the longest file and all files together.
    output_bytes : int
        What a cell's output may hold; the rest is cut off, which costs nothing.
    forbidden_imports : tuple of str
        Modules that answers must do without, such as "gradschool": with all they contain, their files are not there.
    allowed_imports : tuple of str
        Exceptions to the line above, such as "gradschool.datasets".
    """

    cell_seconds: float = 30.0
    total_seconds: float = 300.0
    memory: int = 4 << 30
    processes: int = 64
    files: int = 256
    file_bytes: int = 64 << 20
    disk_bytes: int = 256 << 20
    output_bytes: int = 1 << 20
    forbidden_imports: tuple = ()
    allowed_imports: tuple = ()


@dataclass
class CellRecord:
    """What the marking of one test cell found.

    ``outcome`` is one of "passed", "partial", "failed" (the answer is wrong), "error" (the answer raised something
    unexpected), "timeout", "died" (the student's process ended), "manual" (waits for a person), "empty" (a manual
    answer nobody gave), "unmarked" (the marking itself failed: never a silent 0). ``score`` is None when there is none
    yet. ``value`` is the number a test's last line gave, if it gave one. ``message`` is for the student; ``detail``
    for the instructor alone. ``data`` names where the answers gave plain data and nothing else, for `make_plan`.
    ``protection`` is "sealed", "inputs" or "open": see docs/marking.md.
    """

    grade_id: str
    max_score: float
    score: float | None = None
    outcome: str = "unmarked"
    message: str = ""
    detail: str = ""
    check: str | None = None
    slip: str | None = None
    hidden: bool = False
    protection: str = "sealed"
    seconds: float = 0.0
    value: float | None = None
    notes: list = field(default_factory=list)
    data: list = field(default_factory=list)


@dataclass
class Record:
    """What the marking of one notebook found."""

    cells: dict = field(default_factory=dict)  # grade_id -> CellRecord, in the order of the notebook
    notes: list = field(default_factory=list)  # sentences for student and instructor
    protections: list = field(default_factory=list)  # (name, active, sentence)
    seconds: float = 0.0
    calls: int = 0  # messages to the student's process
    files: list = field(default_factory=list)  # names of what answers wrote and tests could read
    notebook: dict | None = None  # with the outputs of answers and the verdicts of tests

    @property
    def score(self):
        """The points given so far; cells that wait for a person count nothing."""
        return sum(cell.score or 0.0 for cell in self.cells.values())

    @property
    def max_score(self):
        """The points there are."""
        return sum(cell.max_score for cell in self.cells.values())

    def to_dict(self):
        """Everything but the notebook, as JSON can hold it."""
        data = asdict(replace(self, notebook=None))
        data.pop("notebook")
        return data | {"score": self.score, "max_score": self.max_score}


def judge(
    notebook,
    *,
    tests_from,
    files=None,
    course_files=None,
    limits=None,
    servers=None,
    plan=None,
    delimiters=None,
    learn=False,
):
    """Mark one rebuilt notebook and wait for the `Record`.

    Parameters
    ----------
    notebook : dict or NotebookNode
        What `gradschool.grading.intake.rebuild` returned. It is not changed.
    tests_from : dict or NotebookNode
        The instructor's source notebook.
    files : dict of str to bytes, optional
        What the student handed in beside the notebook. Only their own code sees it.
    course_files : dict of str to bytes, optional
        What the instructor put beside the notebook: for answers and tests.
    limits : Limits, optional
    servers : Servers, optional
        Shared by many calls; without it a pair is started for this one.
    plan : dict, optional
        What `make_plan` returned for this notebook.
    delimiters : (str, str), optional
        What the lines before and after hidden tests contain, where the course has set others than nbgrader's.
    learn : bool, default=False
        Let tests read every file of the answers' that can do no harm, not those of the plan alone.

    Raises
    ------
    RuntimeError
        When the marking itself fails. There is no mark then, not a 0.
    """
    with contextlib.ExitStack() as stack:
        servers = servers or stack.enter_context(Servers())
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="gradschool-files-"))
        request = {
            "notebooks": {"notebook": _plain(notebook)},
            "tests": {"notebook": _plain(tests_from)},
            "plan": {"notebook": plan or {}},
            "delimiters": delimiters,
            "learn": learn,
            "files": _write(Path(folder, "student"), files),
            "course_files": {
                name: {"path": path, "student": True}
                for name, path in _write(Path(folder, "course"), course_files).items()
            },
        }
        marking = Marking(request, servers, limits or Limits())
        marking.run_to_end()
    if marking.failed:
        raise RuntimeError(f"the marking failed: {marking.failed}")
    return marking.records["notebook"]


def make_plan(tests, *, course_files=None, limits=None, servers):
    """Find out how each test of an assignment has to be run, by marking the instructor's own answers.

    A test runs sealed off from the answers unless the instructor's own answer does not get its points that way. Then it
    is tried with what functions do to their arguments carried over ("inputs"), then inside of a student's sandbox
    ("open"), the least protected way. A number in a test's last line counts as points only where the instructor's
    answer gets all points by it. Of the files that a student's answer writes, tests get those that the instructor's
    writes too.

    Parameters
    ----------
    tests : dict
        The source notebook, solutions in it.

    Returns
    -------
    plan : dict
        grade_id -> {"protection": str, "value": bool, "data": list of str} for every test, with "files" where answers
        write some.
    notes : list of str
        Sentences for the instructor: what is less protected, what their own answer does not pass.
    """
    given = {"tests_from": tests, "course_files": course_files, "limits": limits, "servers": servers}
    record = judge(tests, learn=True, **given)
    files = {"files": record.files} if record.files else {}
    plan, notes, failing = {}, [], dict(record.cells)
    for protection in ("sealed", "inputs", "open"):
        trial = {name: {"protection": protection} | files for name in failing}
        if files or protection != "sealed":
            record = judge(tests, plan=plan | trial, **given)
        for name, cell in record.cells.items():
            if cell.outcome in ("manual", "empty") or name not in trial:
                failing.pop(name, None)
                continue
            right = cell.score == cell.max_score
            number = cell.value is not None
            if right or (number and cell.outcome == "partial" and protection == "sealed"):
                plan[name] = {"protection": protection, "value": not number or cell.value == cell.max_score}
                plan[name] |= {"data": cell.data} | files
                if number and cell.value != cell.max_score:
                    notes.append(
                        f"{name}: its last line is a number, but your own answer gets {cell.value:g} by it. "
                        "It is not read as points."
                    )
                failing.pop(name, None)
            elif protection == "sealed":
                failing[name] = cell
        if not failing:
            break
    for name, cell in plan.items():
        if cell["protection"] == "open":
            notes.append(
                f"{name} runs inside the student's sandbox, where a hostile answer could reach it: "
                "it does with an answer what cannot be done from outside."
            )
    for name, cell in failing.items():
        plan[name] = {"protection": "sealed", "value": True}
        why = cell.message.splitlines()[0] if cell.message else cell.outcome
        notes.append(f"{name}: your own answer does not pass it ({why}).")
    return plan, notes


class Marking:
    """One submission being marked, in other processes.

    Wait for its `fileno` to become readable, then call `step`. Several can run at once.

    Attributes
    ----------
    records : dict of str to Record
        By notebook, filled in as cells are judged.
    notes : list of dict
        Of the intake: kind, sentence, cell, notebook.
    taken : dict
        Of the intake: "timestamp", "source" (which file each notebook came from, None for none), "files".
    failed : str
        Why there is no mark; empty when all is well.
    """

    def __init__(self, request, servers, limits):
        self.request = request | {"limits": asdict(limits), "skip": {}}
        self.servers = servers
        self.limits = limits
        self.restarts = -1
        self.copy = None
        self.failed = ""
        self.finished = False
        self.began = time.monotonic()
        self._start()

    def _start(self):
        self.restarts += 1
        self.records = {}
        self.notes, self.taken, self.now = [], {}, None
        notebooks = len((self.servers.shared | self.request)["tests"])
        self.end = time.monotonic() + (2 * self.limits.total_seconds + 60) * notebooks + 60
        try:
            self.layers = self.servers.wait()
            self.copy = ask(self.servers.tests.control, self.request, MAX_TOTAL)
        except ServerDied as error:
            self.copy = None
            self._again(str(error))

    def fileno(self):
        return self.copy.channel.fileno()

    def step(self, seconds=0.0):
        """Take in what is reported, for at most so many seconds. Returns whether all is over."""
        until = time.monotonic() + seconds
        while not self.finished:
            try:
                message, _ = self.copy.channel.receive(max(until, time.monotonic() + 0.001))
            except TooLate:
                if time.monotonic() > self.end:
                    self._again("the tests took too long")
                    continue
                return False
            except (Closed, ProtocolError):
                self._again("the process that runs the tests ended")
                continue
            self._note(message)
            if not seconds and not self.finished and not self.copy.channel.waiting():
                return False
        return True

    def run_to_end(self):
        """Mark until all is judged, and end the processes whatever happens."""
        try:
            while not self.step(1.0):
                pass
        finally:
            self.close()

    def close(self):
        """End it, finished or not."""
        self.finished = True
        if self.copy:
            self.copy.kill()

    def _again(self, why):
        """A process that marks is gone: start over, without the test it was at."""
        if self.copy:
            self.copy.kill()
        if self.now:
            notebook, cell = self.now
            self.request["skip"].setdefault(notebook, []).append(cell)
        elif not self.servers.alive():
            self.servers.restart()
        if self.restarts >= MAX_RESTARTS:
            self.failed = f"{why}, {self.restarts + 1} times."
            self.finished = True
            return
        self._start()

    def _note(self, message):
        event = message.get("event")
        name = message.get("notebook")
        if name is not None and name not in self.records:
            protections = [list(row) for row in sandbox.protections(self.layers)]
            self.records[name] = Record(protections=protections)
        record = self.records.get(name)
        if event == "begin":
            self.now = name, message["cell"]
        elif event == "cell":
            self.now = None
            known = {f.name for f in fields(CellRecord)}
            cell = CellRecord(
                **{key: value for key, value in message["cell"].items() if key in known and value is not None}
            )
            if message["cell"].get("score") is None:
                cell.score = None
            record.cells[cell.grade_id] = cell
            record.seconds = round(record.seconds + cell.seconds, 4)
        elif event == "note":
            record.notes.append(message["sentence"])
        elif event == "notebook":
            record.notebook, record.calls, record.files = message["content"], message["calls"], message["files"]
        elif event == "intake":
            self.taken = {key: message[key] for key in ("timestamp", "source", "files")}
        elif event == "taken in":
            self.notes = message["notes"]
        elif event == "failed":
            self.now = None
            self._again(message["why"])
        elif event == "done":
            self.finished = True
            self.copy.kill()


def _plain(notebook):
    """A notebook as plain dicts and lists, each source one text; and a copy."""
    notebook = json.loads(json.dumps(notebook))
    for cell in notebook["cells"]:
        if isinstance(cell.get("source"), list):
            cell["source"] = "".join(cell["source"])
    return notebook


def _write(folder, files):
    """Write files (by relative name) into a folder; returns where each is."""
    paths = {}
    for name, data in (files or {}).items():
        path = (folder / name).resolve()
        if not path.is_relative_to(folder.resolve()):
            raise ValueError(f"a file beside a notebook must lie in its folder; got {name!r}.")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        paths[name] = str(path)
    return paths
