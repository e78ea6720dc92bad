"""Mark every submission of an assignment, inside nbgrader's own gradebook.

Run it in a course folder, one with an ``nbgrader_config.py``. Submissions are judged on all cores; this process alone
writes, one submission after the other: first the record (``.gradschool/marks/``), then the marked notebooks
(``autograded/``), then, in one transaction, the gradebook. Stopped at any moment, by ctrl-C or the power, a second run
goes on where this one was and ends with the same marks. What is marked already is not marked again.
"""

import contextlib
import gc
import os
import selectors
import signal
import sys
import threading
import time
import warnings
from dataclasses import dataclass, field
from pathlib import Path


def add_arguments(parser):
    """The command line of `gradschool grade`."""
    parser.add_argument("assignment", metavar="PSET", help="the assignment, such as ps06")
    parser.add_argument("--course", metavar="DIR", help="the course folder (this one)")
    parser.add_argument("--student", metavar="NAME", action="append", help="mark this student alone; may be repeated")
    parser.add_argument("--jobs", metavar="N", type=int, help="how many submissions at once (one for each core)")
    parser.add_argument("--force", action="store_true", help="mark again what is marked already")
    parser.add_argument(
        "--scheduler", metavar="TCP", help="a Dask scheduler, such as tcp://10.0.0.1:8786: mark on its workers"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress bar")


def run(args):
    """Mark, say what happened, return the exit code: 0 when every submission has its mark."""
    from gradschool.grading._course import tools_on_path

    began = time.perf_counter()
    try:
        with tools_on_path():
            summary = grade(
                args.course or ".",
                args.assignment,
                students=args.student,
                jobs=args.jobs,
                force=args.force,
                scheduler=args.scheduler,
                progress=not args.quiet,
            )
    except (ValueError, OSError) as error:
        print(f"gradschool grade: {error}", file=sys.stderr)
        return 1
    for note in summary.notes:
        print(f"Note: {note}")
    for student, why in summary.failed.items():
        print(f"Not marked: {student}: {why}", file=sys.stderr)
    seconds = time.perf_counter() - began
    print(f"{args.assignment}: {summary.sentence()} {seconds:.1f} s.")
    if summary.stopped:
        print("Stopped. What is marked is kept; the same command goes on.", file=sys.stderr)
        return 130
    return 1 if summary.failed else 0


@dataclass
class Summary:
    """What a run did."""

    marked: list = field(default_factory=list)
    kept: list = field(default_factory=list)  # marked before and unchanged since
    failed: dict = field(default_factory=dict)  # student -> why
    noted: list = field(default_factory=list)  # students whose submissions were repaired or incomplete
    notes: list = field(default_factory=list)  # about the assignment
    stopped: bool = False

    def sentence(self):
        """One line for the command line."""
        parts = [f"{len(self.marked)} marked"]
        if self.kept:
            parts.append(f"{len(self.kept)} marked before")
        if self.noted:
            parts.append(f"{len(self.noted)} with notes")
        if self.failed:
            parts.append(f"{len(self.failed)} NOT marked")
        return ", ".join(parts) + "."


def grade(course, assignment, *, students=None, jobs=None, force=False, scheduler=None, progress=False):
    """Mark the submissions of ``assignment`` in the course folder ``course``.

    Parameters
    ----------
    course : path
    assignment : str
    students : list of str, optional
        Only these.
    jobs : int, optional
        Submissions judged at once; one for each core by default.
    force : bool
        Mark again what is marked already.
    scheduler : str, optional
        Address of a Dask scheduler whose workers judge in place of this machine.
    progress : bool
        Show a bar with the time left.

    Returns
    -------
    Summary

    Raises
    ------
    ValueError
        When there is no course, no assignment or no submission: a sentence.
    """
    course = Path(course).resolve()
    config = read_config(course)
    _skip_optional_imports()
    from gradschool.grading.server import Servers

    servers = None if scheduler else Servers(*_early_imports(config, course, assignment))  # starts while nbgrader loads
    try:
        with _inside(course), warnings.catch_warnings():
            warnings.filterwarnings("ignore", module="nbgrader|sqlalchemy")  # nbgrader's own, at every submission
            warnings.filterwarnings("ignore", message="Object of type <Submitted")
            return _grade(config, assignment, servers, students, jobs, force, scheduler, progress)
    finally:
        if servers:
            servers.close()


def _grade(config, name, servers, students, jobs, force, scheduler, progress):
    from gradschool.grading import assignment as assignments

    summary = Summary()
    with _load_writer()(config, name) as writer:
        if not students:
            students = writer.submissions()
        else:
            missing = sorted(set(students) - set(writer.submissions()))
            if missing:
                raise ValueError(f"{missing[0]} has handed in no {name}.")
        if not students:
            raise ValueError(f"nobody has handed in {name}: there is nothing in {writer.folder('*')}.")
        assignment = writer.assignment
        if servers:
            answers, tests = assignments.imports(assignment.tests.values(), assignment.limits)
            if not (answers <= set(servers.preload) and tests <= set(servers.preload_tests)):
                servers.preload, servers.preload_tests = sorted(answers), sorted(tests)
                servers.restart()
            assignment.make_plan(servers, assignments.marks_folder(writer.root, name))
        else:
            from gradschool.grading import cluster

            cluster.make_plan(scheduler, assignment, assignments.marks_folder(writer.root, name))
        summary.notes = list(assignment.notes)
        waiting = []
        for student in students:
            fingerprint = writer.fingerprint(student)
            if not force and writer.is_done(student, fingerprint):
                summary.kept.append(student)
            else:
                waiting.append((student, fingerprint))
        bar = _bar(len(waiting), progress)
        try:
            if scheduler:
                results = cluster.judge_all(scheduler, assignment, waiting, writer.folder)
            else:
                results = judge_all(assignment, waiting, writer.folder, servers, jobs or _cores())
            with contextlib.closing(results):
                for student, fingerprint, result in results:
                    with _uninterrupted():
                        _write(writer, summary, student, fingerprint, result)
                    bar.update()
        except KeyboardInterrupt:
            summary.stopped = True
        finally:
            bar.close()
    return summary


def _write(writer, summary, student, fingerprint, result):
    try:
        record = writer.write(student, fingerprint, result)
    except OSError as error:
        if error.errno in (28, 122):  # disk full, quota
            raise OSError(f"the disk is full; {student} was not marked. What was marked before is kept.") from error
        record = {"failed": f"{type(error).__name__}: {error}"}
    except Exception as error:
        if os.environ.get("GRADSCHOOL_DEBUG"):
            raise
        record = {"failed": f"{type(error).__name__}: {error}"}
    if record["failed"]:
        summary.failed[student] = record["failed"]
        return
    summary.marked.append(student)
    if record["notes"] or any(n["source"] is None for n in record["notebooks"].values()):
        summary.noted.append(student)


@dataclass
class Result:
    """What judging one submission gave, as it travels to whoever writes it down."""

    records: dict  # notebook file -> gradschool.grading.judge.Record
    notes: list
    taken: dict
    failed: str


def judge_all(assignment, waiting, folder, servers, jobs):
    """Judge submissions, several at once. Yields (student, fingerprint, Result) as they are done.

    Parameters
    ----------
    assignment : Assignment
    waiting : list of (student, fingerprint)
    folder : callable
        From a student to the folder that holds the submission.
    servers : Servers
    jobs : int
    """
    from gradschool.grading.judge import Marking

    servers.share(assignment.request())
    queue, running = list(reversed(waiting)), {}
    with selectors.DefaultSelector() as selector:

        def watch(marking):
            selector.register(marking.fileno(), selectors.EVENT_READ, marking)

        def fill():
            while queue and len(running) < jobs:
                student, fingerprint = queue.pop()
                marking = Marking({"folder": str(folder(student))}, servers, assignment.limits)
                running[marking] = student, fingerprint
                if not marking.finished:
                    watch(marking)

        try:
            fill()
            while running:
                ready = [key.data for key, _ in selector.select(1.0)] if selector.get_map() else []  # Windows needs one
                late = [m for m in running if m.finished or time.monotonic() > m.end]
                for marking in dict.fromkeys([*ready, *late]):
                    before = marking.fileno() if not marking.finished else None
                    if before is not None:
                        selector.unregister(before)
                    if not marking.step():
                        watch(marking)
                        continue
                    marking.close()
                    student, fingerprint = running.pop(marking)
                    fill()  # the next goes on while this one is written
                    yield student, fingerprint, Result(marking.records, marking.notes, marking.taken, marking.failed)
        finally:
            for marking in running:
                marking.close()


# ---------------------------------------------------------------------------------------------------------------------


def read_config(course):
    """nbgrader's configuration for a course folder, as nbgrader itself would read it."""
    from jupyter_core.paths import jupyter_config_path
    from traitlets.config import Config
    from traitlets.config.loader import ConfigFileNotFound, PyFileConfigLoader

    if not (course / "nbgrader_config.py").is_file():
        raise ValueError(
            f"{course} is no course folder: it has no nbgrader_config.py. Go into one, or name it with --course."
        )
    config = Config()
    for folder in [*reversed(jupyter_config_path()), str(course)]:
        with contextlib.suppress(ConfigFileNotFound), _inside(course):
            config.merge(PyFileConfigLoader("nbgrader_config.py", path=folder).load_config())
    if "root" not in config.CourseDirectory:
        config.CourseDirectory.root = str(course)
    return config


def _early_imports(config, course, name):
    """What an assignment imports, by a first look at its source: the servers start while nbgrader is loaded."""
    from gradschool.grading import assignment as assignments

    found = []
    for option, default in (("source_directory", "source"), ("release_directory", "release")):
        folder = config.CourseDirectory.get(option, default)
        for path in sorted(Path(course, str(folder), name).glob("*.ipynb")):
            notebook = assignments.read_notebook(path)
            if notebook:
                found.append(notebook)
        if found:
            break
    return assignments.imports(found)


def _skip_optional_imports():
    """jsonschema takes a second to load a checker of web addresses that no notebook needs; it is optional to it."""
    sys.modules.setdefault("rfc3987_syntax", None)


def _load_writer():
    """nbgrader is large: what it loads is no garbage, and looking for some again and again costs a tenth of a second."""
    gc.disable()
    try:
        from gradschool.grading.gradebook import Writer
    finally:
        gc.freeze()
        gc.enable()
    return Writer


def _cores():
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextlib.contextmanager
def _inside(folder):
    before = os.getcwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


@contextlib.contextmanager
def _uninterrupted():
    """Let ctrl-C wait until what was begun is written."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came = []
    before = signal.signal(signal.SIGINT, lambda *_: came.append(1))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if came:
        raise KeyboardInterrupt


def _bar(total, show):
    from tqdm import tqdm

    return tqdm(total=total, unit="submission", disable=not show or total == 0, file=sys.stderr, leave=False)
