"""An assignment as marking needs it, found in a course folder the way nbgrader lays it out; and the records of marks.

Of each submission ``.gradschool/marks/<assignment>/<student>.json`` in the course folder says what was found::

    {
      "format": 1, "assignment": "ps06", "student": "ana",
      "fingerprint": "...",             of what was handed in, the tests, the limits and the versions
      "marked": "2026-11-21T06:00:00+00:00", "timestamp": "..." or null,
      "score": 19.0, "max_score": 25.0,
      "failed": "",                     why there is no mark, when the marking itself failed
      "notes": [{"kind", "sentence", "cell", "notebook"}],         of the intake
      "notebooks": {"ps06.ipynb": {
          "source": "ps06.ipynb",       the file it came from; null: none was usable, so there is no mark
          "cells": {grade_id: {"max_score", "score", "outcome", "message", "detail", "check", "slip", "hidden",
                               "protection", "seconds", "value", "notes"}},
          "notes": [...], "protections": [[name, active, sentence], ...], "seconds", "calls", "score", "max_score"}},
      "versions": {"gradschool", "python", "numpy", "nbgrader"}
    }

Records are written whole or not at all.
"""

import ast
import contextlib
import functools
import hashlib
import importlib.metadata
import json
import os
import platform
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path

from gradschool.grading import intake
from gradschool.grading.judge import Limits, make_plan
from gradschool.grading.sandbox import is_forbidden

FORMAT = 1
NOT_FILES = ("*.ipynb", ".*", "*.pyc", "__pycache__")


@dataclass
class Assignment:
    """What the instructor says: frames, tests, files, limits.

    Attributes
    ----------
    releases : dict of str to dict
        By file name, the notebooks that students were given.
    tests : dict of str to dict
        The same with every test's whole text, and with the solutions where ``solved`` says so.
    course_files : dict of str to str
        The other files of the assignment: name and path.
    notes : list of str
        For the instructor.
    """

    name: str
    releases: dict
    tests: dict
    course_files: dict
    limits: Limits
    solved: bool
    own_files: tuple = ()  # course files of which the student's version is to be used
    delimiters: tuple = ()  # of hidden tests
    notes: list = field(default_factory=list)
    plan: dict = field(default_factory=dict)

    @property
    def fingerprint(self):
        """Changes whenever another mark may result."""
        files = {name: hashlib.sha256(Path(path).read_bytes()).hexdigest() for name, path in self.course_files.items()}
        return digest(
            [FORMAT, self.releases, self.tests, files, asdict(self.limits), self.own_files, self.plan, versions()]
            + [self.delimiters]
        )

    def request(self):
        """What `gradschool.grading.judge.Marking` needs of it."""
        return {
            "releases": self.releases,
            "tests": self.tests,
            "plan": self.plan,
            "delimiters": self.delimiters,
            "course_files": {
                name: {"path": path, "student": name not in self.own_files} for name, path in self.course_files.items()
            },
        }

    def make_plan(self, servers, cache):
        """Find out how each test is to be run (once: the result is kept in the folder ``cache``)."""
        if not self.solved:
            return
        key = self.fingerprint
        path = Path(cache, "plan.json")
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            kept = json.loads(path.read_text(encoding="utf-8"))
            if kept["key"] == key:
                self.plan = kept["plan"]
                self.notes += kept["notes"]
                return
        files = {name: Path(path).read_bytes() for name, path in self.course_files.items()}
        plan, notes = {}, []
        for name, tests in self.tests.items():
            plan[name], said = make_plan(tests, course_files=files, limits=self.limits, servers=servers)
            notes += said
        write_json(path, {"key": key, "plan": plan, "notes": notes})
        self.plan = plan
        self.notes += notes


def load(coursedir, gradebook, name, limits=None, own_files=()):
    """Return the `Assignment` as nbgrader's gradebook and folders have it.

    The tests are those that were released: nbgrader keeps their text in the gradebook. The source notebook adds the
    solutions and the cells that nbgrader does not keep.

    Parameters
    ----------
    coursedir : nbgrader.coursedir.CourseDirectory
    gradebook : nbgrader.api.Gradebook
    name : str
    limits : Limits, optional
        The course's; a source notebook may set its own under ``metadata.gradschool``.

    Raises
    ------
    ValueError
        When the gradebook does not know the assignment, or neither source nor release can be read.
    """
    from nbgrader.api import MissingEntry
    from nbgrader.preprocessors import ClearHiddenTests

    try:
        known = gradebook.find_assignment(name)
    except MissingEntry:
        raise ValueError(
            f"the gradebook has no assignment {name!r}. Run `nbgrader generate_assignment {name} --force` first."
        ) from None
    source_folder = Path(coursedir.format_path(coursedir.source_directory, ".", name))
    release_folder = Path(coursedir.format_path(coursedir.release_directory, ".", name))
    limits = limits or Limits()
    releases, tests, notes, solved = {}, {}, [], True
    for entry in known.notebooks:
        file = f"{entry.name}.ipynb"
        kept = {cell.name: cell for cell in entry.source_cells}
        points = {cell.name: float(cell.max_score) for cell in (*entry.grade_cells, *entry.task_cells)}
        source, release = read_notebook(source_folder / file), read_notebook(release_folder / file)
        if release is None and source is None:
            raise ValueError(f"neither {source_folder / file} nor {release_folder / file} can be read.")
        if release is None:
            release = without_solutions(coursedir, source)
            notes.append(f"{release_folder / file} is missing; what students got was made again from the source.")
        if source is not None and not set(kept) <= set(_by_id(source)):
            notes.append(
                f"{file}: the source notebook lacks cells that were released; the released notebook was used instead."
            )
            source = None
        solved = solved and source is not None
        tests[file], changed = _as_released(source or release, kept, points)
        if changed and source is not None:
            notes.append(
                f"{file}: the source notebook differs from what was released ({', '.join(changed)}). "
                "Marks go by what was released; generate the assignment again to change it."
            )
        releases[file] = release
        own = (source or release)["metadata"].get("gradschool") or {}
        limits = with_settings(limits, own, file)
    folder = source_folder if source_folder.is_dir() else release_folder
    files = _files(folder, coursedir.ignore)
    clear = ClearHiddenTests(config=coursedir.config)
    delimiters = clear.begin_test_delimeter, clear.end_test_delimeter
    return Assignment(name, releases, tests, files, limits, solved, tuple(own_files), delimiters, notes)


def read_notebook(path):
    """An nbformat 4 notebook as plain dicts with each source as one text, or None when it cannot be read."""
    try:
        notebook = json.loads(Path(path).read_text(encoding="utf-8"))
        for cell in notebook["cells"]:
            if isinstance(cell["source"], list):
                cell["source"] = "".join(cell["source"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return notebook


def without_solutions(coursedir, notebook):
    """What students got, made from the source by nbgrader's own steps."""
    from nbformat import from_dict
    from nbgrader.preprocessors import (
        ClearHiddenTests,
        ClearMarkScheme,
        ClearOutput,
        ClearSolutions,
        ComputeChecksums,
        LockCells,
    )

    result = from_dict(json.loads(json.dumps(notebook)))
    for step in (LockCells, ClearSolutions, ClearOutput, ClearHiddenTests, ClearMarkScheme, ComputeChecksums):
        result, _ = step(config=coursedir.config).preprocess(result, {})
    return json.loads(json.dumps(result))


def with_settings(limits, settings, where):
    """``limits`` with an assignment's own settings."""
    known = {f.name for f in fields(Limits)}
    unknown = set(settings) - known
    if unknown:
        raise ValueError(f"{where}: unknown limit {min(unknown)!r}. Known: {', '.join(sorted(known))}.")
    changes = {name: tuple(value) if isinstance(value, list) else value for name, value in settings.items()}
    return Limits(**{**asdict(limits), **changes})


def _by_id(notebook):
    marks = (cell["metadata"].get("nbgrader") or {} for cell in notebook["cells"])
    return {m["grade_id"] for m in marks if m.get("grade_id")}


def _as_released(notebook, kept, points):
    """The notebook with text and points of the instructor's cells as the gradebook has them, and what differed."""
    result, changed = json.loads(json.dumps(notebook)), []
    for cell in result["cells"]:
        marks = cell["metadata"].get("nbgrader") or {}
        entry = kept.get(marks.get("grade_id"))
        if entry is None:
            continue
        if not marks.get("solution") and cell["source"] != entry.source:
            cell["source"] = entry.source
            changed.append(entry.name)
        if entry.name in points and float(marks.get("points", -1)) != points[entry.name]:
            marks["points"] = points[entry.name]
            changed.append(entry.name)
    return result, sorted(set(changed))


def _files(folder, ignore):
    """The files beside the notebooks of an assignment."""
    found = {}
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(d for d in folders if not any(fnmatch(d, p) for p in (*NOT_FILES, *ignore)))
        for name in sorted(names):
            if not any(fnmatch(name, p) for p in (*NOT_FILES, *ignore)):
                path = Path(root, name)
                found[path.relative_to(folder).as_posix()] = str(path)
    return found


def imports(notebooks, limits=None):
    """(for answers, for tests): the modules that an assignment's cells import, to be loaded beforehand."""
    answers, tests = {"numpy", "numpy.random"}, {"numpy", "numpy.random"}
    for notebook in notebooks:
        for cell in notebook["cells"]:
            if cell["cell_type"] != "code":
                continue
            marks = cell["metadata"].get("nbgrader") or {}
            is_test = marks.get("grade") and not marks.get("solution")
            found = imported(cell["source"])
            if not is_test:
                answers |= found
            # Of the answers, the side of the tests runs the imports at the top alone: see `gradschool.grading.trial`.
            tests |= imported(cell["source"], top=True) if marks.get("solution") else found
            if "np.testing" in cell["source"]:  # which numpy loads when it is asked for
                tests.add("numpy.testing")
    if limits:
        answers = {n for n in answers if not is_forbidden(n, limits.forbidden_imports, limits.allowed_imports)}
    return answers, tests


def imported(source, top=False):
    """The modules that a cell imports, inside of functions too unless ``top``."""
    lines = [line for line in source.split("\n") if not line.lstrip().startswith(("%", "!"))]
    try:
        tree = ast.parse("\n".join(lines))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    found = set()
    for node in tree.body if top else ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
    return found


# ---------------------------------------------------------------------------------------------------------------------
# Records


def marks_folder(root, name):
    """Where the records of an assignment are."""
    return Path(root, ".gradschool", "marks", name)


def write_json(path, data):
    """Write a file whole or not at all: what is there afterwards is the old or the new one, also after a power cut."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with open(part, "w", encoding="utf-8", errors="replace") as file:  # half a surrogate, say
            file.write(json.dumps(data, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def read_record(root, name, student):
    """The record of a submission, or None when there is none that can be read."""
    try:
        record = json.loads(marks_folder(root, name).joinpath(f"{student}.json").read_text(encoding="utf-8"))
        return record if record["format"] == FORMAT else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_record(root, assignment, student, fingerprint, notebooks, *, notes, timestamp, failed=""):
    """Write the record of a submission and return it."""
    record = {
        "format": FORMAT,
        "assignment": assignment.name,
        "student": student,
        "fingerprint": fingerprint,
        "marked": datetime.now(UTC).isoformat(timespec="seconds"),
        "timestamp": timestamp,
        "score": sum(notebook["score"] for notebook in notebooks.values()),
        "max_score": sum(notebook["max_score"] for notebook in notebooks.values()),
        "failed": failed,
        "notes": notes,
        "notebooks": notebooks,
        "versions": versions(),
    }
    write_json(marks_folder(root, assignment.name) / f"{student}.json", record)
    return record


def submission_digest(coursedir, name, student):
    """Changes whenever anything that was handed in changes."""
    folder = Path(coursedir.format_path(coursedir.submitted_directory, student, name))
    found, left = [], intake.MAX_BYTES + intake.MAX_FILES_BYTES
    for file, path in sorted(intake.ordinary_files(folder).items()):
        data = intake.read_file(path, left) or b""  # a sparse file may be endless: of what lies beyond, when it changed
        left -= len(data)
        about = path.lstat()
        beyond = about.st_mtime_ns if about.st_size > len(data) else 0
        found.append([file, about.st_size, beyond, hashlib.sha256(data).hexdigest()])
    return digest(found)


def digest(value):
    """A short name of a value that JSON can hold."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:32]


@functools.cache
def versions():
    """The versions that a mark may depend on."""
    from gradschool import __version__

    found = {"gradschool": __version__, "python": platform.python_version()}
    for package in ("numpy", "nbgrader"):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[package] = importlib.metadata.version(package)
    return found
