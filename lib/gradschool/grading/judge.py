"""Mark one rebuilt notebook: answers run in a sandboxed process, tests in another one that trusts nothing they send.

For whoever calls it::

    with Servers() as servers:                       # two fork servers; starting them takes about a second
        record = judge(notebook, tests_from=source, files={"data.csv": b"..."}, servers=servers)
    record.score, record.max_score
    record.cells["test_q1"].score, .outcome, .message
    record.notebook                                  # the notebook with its outputs, for formgrader and feedback

``notebook`` is what `gradschool.grading.intake.rebuild` returned: the released frame with the student's answers.
Which of its cells are tests, their text and their points is read from ``tests_from`` alone (the instructor's source
notebook, solutions in it or not), by ``grade_id``. A cell is the student's when it is a solution cell or not in
``tests_from`` at all; every other cell is the instructor's.

For whoever writes tests: they are ordinary cells (assert, numpy.testing, pytest.raises, helper functions). A student's
function is a stand-in that sends its arguments over and brings plain data back. A test may say more than True or False
by raising an AssertionError with attributes ``check`` (which check failed) and ``slip`` (the id of the misconception);
its text is the sentence for the student. A test whose last expression is a number gives partial credit, as in nbgrader.
"""

from dataclasses import asdict, dataclass, field


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
    answer nobody gave), "unmarked" (the marking itself failed: never a silent 0).
    ``score`` is None when there is none yet. ``message`` is for the student; ``detail`` for the instructor alone.
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
    notes: list = field(default_factory=list)


@dataclass
class Record:
    """What the marking of one notebook found."""

    cells: dict = field(default_factory=dict)  # grade_id -> CellRecord, in the order of the notebook
    notes: list = field(default_factory=list)  # sentences for student and instructor
    protections: list = field(default_factory=list)  # (name, active, sentence)
    seconds: float = 0.0
    timing: dict = field(default_factory=dict)
    notebook: dict | None = None

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
        data = asdict(self)
        data.pop("notebook")
        return data | {"score": self.score, "max_score": self.max_score}
