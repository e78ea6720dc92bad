"""The one writer: marks into nbgrader's gradebook, marked notebooks into its folders.

nbgrader's own steps do the work (students, submissions, copies of files, scores, late penalties, the course's own
preprocessors and hooks), but on one connection and in one transaction for each submission.
"""

import contextlib
import logging
import os
import re
import shutil
from pathlib import Path

import nbformat
from nbconvert.exporters import NotebookExporter, ResourcesDict
from nbconvert.writers import FilesWriter
from nbformat import from_dict
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.converters import Autograde
from nbgrader.coursedir import CourseDirectory
from sqlalchemy import event
from traitlets import Unicode
from traitlets.config import Config

from gradschool.grading import assignment as assignments
from gradschool.grading import execute


class Writer:
    """Writes the marks of one assignment. A context manager.

    Parameters
    ----------
    config : traitlets.config.Config
        The course's.
    name : str
        The assignment.
    """

    def __init__(self, config, name):
        self.name = name
        self.config = Config(config)
        self.config.CourseDirectory.assignment_id = name
        self.coursedir = CourseDirectory(config=self.config)
        self.root = Path(self.coursedir.root)
        self.converter = _Converter(coursedir=self.coursedir, config=self.config)
        self.converter.log.setLevel(logging.DEBUG if os.environ.get("GRADSCHOOL_DEBUG") else logging.CRITICAL)
        self.coursedir.log.setLevel(self.converter.log.level)

    def __enter__(self):
        self._stack = contextlib.ExitStack()
        self.gradebook = self._stack.enter_context(_one_connection(self.coursedir))
        try:
            limits = execute.Execute(parent=self.converter).limits()
            self.assignment = assignments.load(
                self.coursedir, self.gradebook, self.name, limits, self.converter.exclude_overwriting.get(self.name, [])
            )
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *why):
        self._stack.close()

    def folder(self, student):
        """Where a student's submission is."""
        return Path(self.coursedir.format_path(self.coursedir.submitted_directory, student, self.name))

    def submissions(self):
        """The students who handed something in, sorted."""
        pattern = self.coursedir.format_path(
            self.coursedir.submitted_directory, "(?P<student>[^/\\\\]+)", self.name, escape=True
        )
        excluded = self.coursedir.student_id_exclude.split(",")
        found = []
        for path in Path(self.folder("*")).parent.parent.glob(f"*/{self.name}") if self._usual() else self._globbed():
            match = re.fullmatch(pattern, str(path))
            if match and path.is_dir() and match["student"] not in excluded and not match["student"].startswith("."):
                found.append(match["student"])
        return sorted(found)

    def _usual(self):
        return self.coursedir.directory_structure == os.path.join("{nbgrader_step}", "{student_id}", "{assignment_id}")

    def _globbed(self):
        import glob

        return map(Path, glob.glob(str(self.folder("*"))))

    def fingerprint(self, student):
        """Changes whenever another mark may result, or what is written about it."""
        handed_in = assignments.submission_digest(self.coursedir, self.name, student)
        return assignments.digest([self._of_assignment(), handed_in])

    def _of_assignment(self):
        if getattr(self, "_known", (None,))[0] != id(self.assignment.plan):
            self._known = id(self.assignment.plan), self.assignment.fingerprint
        return self._known[1]

    def is_done(self, student, fingerprint):
        """Whether record, marked notebooks and gradebook all say the same of this very submission."""
        record = assignments.read_record(self.root, self.name, student)
        if record is None or record["fingerprint"] != fingerprint or record["failed"]:
            return False
        folder = Path(self.converter._format_dest(self.name, student))
        if not all((folder / file).is_file() for file in record["notebooks"]):
            return False
        wanted = {
            (file.removesuffix(".ipynb"), name): cell["score"]
            for file, notebook in record["notebooks"].items()
            for name, cell in notebook["cells"].items()
        }
        return self._scores(student) == wanted

    def _scores(self, student):
        """(notebook, cell) -> the automatic score, as the gradebook has it."""
        try:
            submission = self.gradebook.find_submission(self.name, student)
        except MissingEntry:
            return None
        found = {(n.name, g.name): g.auto_score for n in submission.notebooks for g in n.grades}
        self.gradebook.db.expunge_all()
        return found

    def write(self, student, fingerprint, result):
        """Write down what was found: the record, the marked notebooks, the gradebook. Returns the record.

        Whatever is interrupted here is done again by the next run: the gradebook comes last, in one transaction.
        """
        notebooks = {}
        releases = self.assignment.releases
        for file in [] if result.failed else releases:
            record = result.records[file]
            source = result.taken["source"].get(file)
            execute.settle(record, source is not None)
            notebooks[file] = record.to_dict() | {"source": source}
        record = assignments.write_record(
            self.root,
            self.assignment,
            student,
            fingerprint,
            notebooks,
            notes=result.notes,
            timestamp=result.taken.get("timestamp"),
            failed=result.failed,
        )
        if not result.failed:
            try:
                self.converter.record(student, self.assignment, result, self.root)
                _commit(self.gradebook.db)
            except BaseException:
                self.gradebook.db.rollback()
                raise
            finally:
                self.gradebook.db.expunge_all()
        return record


class _Converter(Autograde):
    """nbgrader's Autograde without its reading and running: the notebooks come judged."""

    staging = Unicode("")

    @property
    def _output_directory(self):
        return self.staging or self.coursedir.autograded_directory

    def record(self, student, assignment, result, root):
        """Do for one submission what Autograde does around the run."""
        name = assignment.name
        dest = Path(self.coursedir.format_path(self.coursedir.autograded_directory, student, name))
        self.coursedir.student_id = student
        source = self._format_source(name, student)
        self.notebooks = [os.path.join(source, file) for file in assignment.releases]
        self.run_pre_convert_hook()
        scratch = root / ".gradschool" / "staging"
        shutil.rmtree(scratch, ignore_errors=True)
        self.staging = str(scratch)
        try:
            self.init_assignment(name, student)
            for file in assignment.releases:
                judged = result.records[file]
                resources = ResourcesDict(None, self.init_single_notebook_resources(os.path.join(source, file)))
                resources["output_extension"] = ".ipynb"
                resources["metadata"] = {"name": Path(file).stem, "path": source, "modified_date": ""}
                resources["gradschool"] = {"unmarked": execute.unmarked(judged)}
                notebook = from_dict(judged.notebook)
                for step in self._steps():
                    notebook, resources = step(notebook, resources)
                self.write_single_notebook(nbformat.v4.writes(notebook) + "\n", resources)
            self.set_permissions(name, student)
            made = Path(self._format_dest(name, student))
        finally:
            self.staging = ""
        _swap(made, dest)
        shutil.rmtree(scratch, ignore_errors=True)
        self.run_post_convert_hook()

    def _steps(self):
        """The course's own steps after the run."""
        if not hasattr(self, "_made"):
            self.writer = FilesWriter(parent=self, config=self.config)
            exporter = NotebookExporter(parent=self, config=self.config)
            exporter._preprocessors = []
            for step in self.autograde_preprocessors:
                if _last_name(step) not in ("Execute", "CheckCellMetadata"):  # run; and the frame is the instructor's
                    exporter.register_preprocessor(_marks_instead(step))
            self._made = exporter._preprocessors
        return self._made


def _last_name(step):
    return (step if isinstance(step, str) else step.__name__).rpartition(".")[2]


def _marks_instead(step):
    """In a course that names nbgrader's own step, ours all the same."""
    return execute.SaveMarks if _last_name(step) == "SaveAutoGrades" else step


def _swap(made, dest):
    """Put a finished folder in the place of an old one."""
    dest.parent.mkdir(parents=True, exist_ok=True)
    old = dest.with_name(f".{dest.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if dest.exists():
        os.replace(dest, old)
    os.replace(made, dest)
    shutil.rmtree(old, ignore_errors=True)


@contextlib.contextmanager
def _one_connection(coursedir):
    """A gradebook whose connection every `Gradebook` of this process shares, and whose commits wait for `_commit`.

    nbgrader opens the database anew for each of its steps, nine times for a submission, and commits after every cell.
    """
    gradebook = Gradebook(coursedir.db_url, coursedir.course_id)

    @event.listens_for(gradebook.engine, "connect")
    def patient(connection, _):
        if gradebook.engine.dialect.name == "sqlite":
            connection.execute("PRAGMA busy_timeout = 60000")  # formgrader may be writing, too

    gradebook.db.remove()
    gradebook.engine.dispose()  # so that the next connection is a patient one
    gradebook.db.commit = gradebook.db.flush
    init, close = Gradebook.__init__, Gradebook.close

    def share(self, *_, **__):
        self.engine, self.db = gradebook.engine, gradebook.db
        self.course_id, self.authenticator = gradebook.course_id, None

    Gradebook.__init__, Gradebook.close = share, lambda self: None
    try:
        yield gradebook
    finally:
        Gradebook.__init__, Gradebook.close = init, close
        close(gradebook)


def _commit(db):
    type(db).commit(db)
