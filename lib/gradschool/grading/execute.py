"""Where nbgrader's autograding and feedback meet our marking: the classes that `gradschool.grading.configure` names.

nbgrader autogrades in two steps. In the first it reads what was handed in and puts its own cells back: there
`IntakeExporter` rebuilds the notebook. In the second it runs it: there `Execute` sends it to
`gradschool.grading.judge` and writes outputs from which nbgrader reads exactly the marks that were found.

Importing this module also mends four places in which nbgrader gives a submission up before any preprocessor can help:
a notebook under another name, a missing one, a time that is none, and files that are no plain files.
"""

import atexit
import datetime
import json
import os
import threading
from pathlib import Path

from nbconvert.exporters import NotebookExporter
from nbformat import from_dict
from nbgrader import utils
from nbgrader.api import BaseCell, Comment, Grade, Gradebook, MissingEntry
from nbgrader.converters import base
from nbgrader.converters.autograde import Autograde
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import ClearHiddenTests, NbGraderPreprocessor, SaveAutoGrades
from nbgrader.utils import compute_checksum, is_grade, is_solution
from traitlets import Integer, List, Unicode

from gradschool.grading import assignment as assignments
from gradschool.grading import intake
from gradschool.grading.judge import Limits, Marking, Servers

_lock = threading.Lock()
_servers = None


def shared_servers(answers, tests):
    """One pair of prepared interpreters for this process, kept until it ends."""
    global _servers
    with _lock:
        wanted = set(answers), set(tests)
        if _servers is not None and not (
            wanted[0] <= set(_servers.preload) and wanted[1] <= set(_servers.preload_tests)
        ):
            _servers.close()
            _servers = None
        if _servers is None:
            _servers = Servers(answers, tests)
            atexit.register(_servers.close)
        elif not _servers.alive():
            _servers.restart()
        return _servers


class Execute(NbGraderPreprocessor):
    """Runs a notebook's answers in a sandbox and its tests outside of it. Takes the place of nbgrader's `Execute`."""

    timeout = Integer(30, allow_none=True, help="Seconds that one cell may take.").tag(config=True)
    total_timeout = Integer(300, help="Seconds that a whole notebook may take.").tag(config=True)
    memory = Integer(4096, help="Megabytes that answers may take.").tag(config=True)
    forbidden_imports = List(Unicode(), help="Modules that answers must do without.").tag(config=True)
    allowed_imports = List(Unicode(), help="Exceptions to forbidden_imports.").tag(config=True)

    def limits(self):
        """The course's limits."""
        return Limits(
            cell_seconds=float(self.timeout or self.total_timeout),
            total_seconds=float(self.total_timeout),
            memory=self.memory << 20,
            forbidden_imports=tuple(self.forbidden_imports),
            allowed_imports=tuple(self.allowed_imports),
        )

    def preprocess(self, nb, resources):
        """Judge the notebook and write the verdicts into it."""
        converter = self.parent.parent
        name, student = resources["nbgrader"]["assignment"], resources["nbgrader"]["student"]
        file = resources["nbgrader"]["notebook"] + ".ipynb"
        assignment, servers = prepared(converter, name, self.limits())
        folder = Path(resources["metadata"]["path"])
        skip = {*assignment.course_files, *intake.NOT_FOR_STUDENTS_CODE} - set(assignment.own_files)
        files = {n: str(path) for n, path in _files_in(folder).items() if n not in skip}
        request = assignment.request() | {"notebooks": {file: json.loads(json.dumps(nb))}, "files": files}
        for key in ("tests", "plan"):
            request[key] = {file: request[key][file]} if file in request[key] else {}
        marking = Marking(request, servers, assignment.limits)
        marking.run_to_end()
        if marking.failed:
            raise RuntimeError(f"{student}: {file} could not be marked: {marking.failed}")
        taken = converter.gradschool_intakes.get(student) if hasattr(converter, "gradschool_intakes") else None
        record = marking.records[file]
        usable = taken is None or taken.source.get(file) is not None
        settle(record, usable)
        save_one(converter.coursedir, assignment, student, file, record, taken)
        resources["gradschool"] = {"unmarked": unmarked(record)}
        nb.cells = [from_dict(cell) for cell in record.notebook["cells"]]
        return nb, resources


def _files_in(folder):
    return {
        path.relative_to(folder).as_posix(): path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".ipynb" and not path.is_symlink()
    }


def settle(record, usable):
    """Say what only the whole of a submission shows: answers nobody wrote, notebooks of which nothing could be read."""
    written = {c["metadata"].get("nbgrader", {}).get("grade_id"): c for c in record.notebook["cells"]}
    for name, cell in record.cells.items():
        if cell.outcome == "manual" and name in written and _as_given_out(from_dict(written[name])):
            cell.outcome, cell.score = "empty", 0.0
        if not usable:
            cell.outcome, cell.score = "unmarked", None
            cell.message = "No notebook that can be read was handed in."


def _as_given_out(cell):
    marks = cell.metadata.nbgrader
    return is_solution(cell) and is_grade(cell) and marks.get("checksum") == compute_checksum(cell)


def unmarked(record):
    """The tests that have no mark."""
    return [name for name, cell in record.cells.items() if cell.outcome == "unmarked"]


def save_one(coursedir, assignment, student, file, record, taken):
    """Keep the record of one notebook; those of the others stay when they are of the same submission."""
    kept = assignments.read_record(coursedir.root, assignment.name, student) or {}
    fingerprint = assignments.digest(
        [assignment.fingerprint, assignments.submission_digest(coursedir, assignment.name, student)]
    )
    notebooks = kept["notebooks"] if kept.get("fingerprint") == fingerprint else {}
    source = taken.source.get(file) if taken else file
    notebooks[file] = record.to_dict() | {"source": source}
    notes = [vars(note) for note in taken.notes] if taken else []
    when = taken.timestamp.isoformat() if taken and taken.timestamp else None
    assignments.write_record(coursedir.root, assignment, student, fingerprint, notebooks, notes=notes, timestamp=when)


class SaveMarks(SaveAutoGrades):
    """nbgrader's own, except that a test that could not be run waits for a person instead of counting 0.

    The rows of a notebook are read and written together; nbgrader does it one by one.
    """

    def preprocess(self, nb, resources):
        """Save the scores and comments of all cells."""
        self.notebook_id, self.assignment_id, self.student_id = (
            resources["nbgrader"][what] for what in ("notebook", "assignment", "student")
        )
        with Gradebook(resources["nbgrader"]["db_url"]) as gradebook:
            self.gradebook = _Rows(gradebook, self.notebook_id, self.assignment_id, self.student_id)
            nb, resources = NbGraderPreprocessor.preprocess(self, nb, resources)
            gradebook.db.commit()
        return nb, resources

    def _add_score(self, cell, resources):
        super()._add_score(cell, resources)
        name = cell.metadata["nbgrader"]["grade_id"]
        if name in resources.get("gradschool", {}).get("unmarked", ()):
            grade = self.gradebook.find_grade(name)
            grade.auto_score, grade.needs_manual_grade = None, True


class _Rows:
    """The rows of one submitted notebook, by the names of their cells, as `SaveAutoGrades` asks a gradebook for them."""

    def __init__(self, gradebook, *which):
        self.db = self
        notebook = gradebook.find_submission_notebook(*which)
        self.grades, self.comments = (
            {
                name: row
                for row, name in gradebook.db.query(kind, BaseCell.name)
                .join(BaseCell, BaseCell.id == kind.cell_id)
                .filter(kind.notebook_id == notebook.id)
            }
            for kind in (Grade, Comment)
        )

    def find_grade(self, name, *_):
        return self._found(self.grades, name)

    def find_comment(self, name, *_):
        return self._found(self.comments, name)

    def _found(self, rows, name):
        if name not in rows:
            raise MissingEntry(f"the gradebook has no entry for the cell {name!r}: generate the assignment again.")
        return rows[name]

    def commit(self):
        """Nothing yet: one commit for all of them follows."""


class HideTests(ClearHiddenTests):
    """Keeps hidden tests out of feedback pages, where nbgrader prints them."""

    def preprocess(self, nb, resources):
        """Take the hidden lines out of every cell and their tracebacks out of every output."""
        for cell in nb.cells:
            if cell.cell_type != "code" or not is_grade(cell) or is_solution(cell):
                continue
            try:
                hidden = self._remove_hidden_test_region(cell)
            except RuntimeError:  # no end marker
                cell.source, hidden = "", True
            if hidden:
                cell.source = f"{cell.source.rstrip()}\n# Hidden tests ran here.".lstrip()
            for output in cell.get("outputs", []):
                if output.output_type == "error":
                    output.traceback = output.evalue.split("\n")
        return nb, resources


class IntakeExporter(NotebookExporter):
    """Reads what was handed in as data: see `gradschool.grading.intake`."""

    def from_filename(self, filename, resources=None, **kwargs):
        """The rebuilt notebook in the step that reads submissions; the file itself in the step after it."""
        converter = self.parent
        if not getattr(converter, "_sanitizing", False):
            return super().from_filename(filename, resources, **kwargs)
        student, name = resources["nbgrader"]["student"], resources["nbgrader"]["assignment"]
        taken = converter.gradschool_intakes.get(student)
        if taken is None:
            assignment = found(converter, name)
            releases = {file: from_dict(notebook) for file, notebook in assignment.releases.items()}
            taken = converter.gradschool_intakes[student] = intake.take_in(os.path.dirname(filename), releases)
            for note in taken.notes:
                self.log.warning("%s: %s", student, note.sentence)
        resources["metadata"] = {
            "name": resources["nbgrader"]["notebook"],
            "path": os.path.dirname(filename),
            "modified_date": "",
        }
        return self.from_notebook_node(
            from_dict(json.loads(json.dumps(taken.notebooks[os.path.basename(filename)]))), resources
        )


def found(converter, name, limits=None):
    """The assignment of a converter at work; read once."""
    kept = getattr(converter, "gradschool_assignments", None)
    if kept is None:
        kept = converter.gradschool_assignments = {}
    if name not in kept:
        with Gradebook(converter.coursedir.db_url, converter.coursedir.course_id) as gradebook:
            own = converter.exclude_overwriting.get(name, [])
            limits = limits or Execute(parent=converter).limits()
            kept[name] = assignments.load(converter.coursedir, gradebook, name, limits, own)
    return kept[name]


def prepared(converter, name, limits=None):
    """The assignment with its plan, and the servers to mark it with."""
    assignment = found(converter, name, limits)
    servers = shared_servers(*assignments.imports(assignment.tests.values(), assignment.limits))
    if not assignment.plan:
        assignment.make_plan(servers, assignments.marks_folder(converter.coursedir.root, name))
        for note in assignment.notes:
            converter.log.warning("%s: %s", name, note)
    return assignment, servers


# ---------------------------------------------------------------------------------------------------------------------
# Where nbgrader gives up too early


def _is_ours(converter):
    return isinstance(converter.exporter_class, type) and issubclass(converter.exporter_class, IntakeExporter)


def _init_notebooks(self):
    """Every released notebook of every submission, whether or not a file of that name is there."""
    self.gradschool_intakes = {}
    if not _is_ours(self):
        return _stock_init_notebooks(self)
    import fnmatch
    import glob

    try:
        names = list(found(self, self.coursedir.assignment_id).releases)
    except ValueError as error:
        self.log.error(str(error))
        return _stock_init_notebooks(self)
    wanted = [n for n in names if fnmatch.fnmatch(os.path.splitext(n)[0], self.coursedir.notebook_id)]
    folders = glob.glob(self._format_source(self.coursedir.assignment_id, self.coursedir.student_id))
    self.assignments = {f: [os.path.join(f, n) for n in wanted] for f in folders if os.path.isdir(f) and wanted}
    self.notebooks = []
    if not self.assignments:
        return _stock_init_notebooks(self)  # says what is missing
    return None


def _existing_timestamp(self, dest_path):
    """When it was handed in; where the file says nothing sensible, when it was written."""
    path = Path(dest_path, "timestamp.txt")
    if intake.read_file(path, 1) is None:  # a pipe would be waited for, a link leads elsewhere
        return None
    try:
        when = _stock_existing_timestamp(self, dest_path)
        if when is None or datetime.datetime(2000, 1, 1) <= when <= datetime.datetime(9000, 1, 1):
            return when
    except (Exception, SystemExit):  # noqa: BLE001, S110
        pass
    written = datetime.datetime.fromtimestamp(path.stat().st_mtime, datetime.UTC)
    return written.replace(tzinfo=None, microsecond=0)


def _init_assignment(self, assignment_id, student_id):
    """Of what was handed in, plain files alone are copied: nbgrader follows links and reads pipes and devices."""
    own = self.coursedir.format_path(self.coursedir.source_directory, ".", assignment_id)
    ours = [os.path.relpath(path, own) for path in utils.find_all_files(own, self.coursedir.ignore)]
    base.find_all_files = lambda folder, _: [str(path) for path in intake.files_to_keep(folder, ours).values()]
    try:
        _stock_init_assignment(self, assignment_id, student_id)
    finally:
        base.find_all_files = utils.find_all_files


_stock_init_notebooks, _stock_existing_timestamp = Autograde.init_notebooks, CourseDirectory.get_existing_timestamp
_stock_init_assignment, Autograde.init_assignment = Autograde.init_assignment, _init_assignment
Autograde.init_notebooks, CourseDirectory.get_existing_timestamp = _init_notebooks, _existing_timestamp
