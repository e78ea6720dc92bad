"""A problem set as data: its cells by role, and what its test cells say of a learner's functions."""

import ast
import json
import linecache
import re
import warnings
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from gradschool.grading import questions

HIDDEN = re.compile(r"^### BEGIN HIDDEN TESTS\n(.*?)^### END HIDDEN TESTS\n?", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Cell:
    """One cell. ``role`` is "answer", "test", "written" (marked by a person) or "other"."""

    id: str
    role: str
    kind: str
    source: str
    points: float = 0

    @property
    def question(self):
        """The question's name: an answer cell's id, and what stands before ``-test`` in a test cell's."""
        return self.id.split("-test")[0]

    @property
    def visible(self):
        """The source without the hidden tests."""
        return HIDDEN.sub("", self.source)

    @property
    def hidden(self):
        """The hidden tests alone, with the imports and the ``q = question(...)`` that they need."""
        inside = "\n".join(HIDDEN.findall(self.source))
        if not inside.strip():
            return ""
        kept = [s for s in ast.parse(self.visible).body if not _asks(s)]
        return "\n".join([*(ast.unparse(s) for s in kept), inside])


@dataclass(frozen=True)
class Result:
    """What one test cell said: the points it gave and, when it failed, the sentence and the slip."""

    cell: Cell
    passed: bool
    message: str = ""
    slip: str = ""
    sentence: str = ""
    attempted: bool = True

    @property
    def points(self):
        return self.cell.points if self.passed else 0


class ProblemSet:
    """The cells of a problem set's notebook, in order."""

    def __init__(self, name, cells):
        self.name = name
        self.cells = cells

    @classmethod
    def read(cls, path):
        """Read an instructor's source, a released assignment or a submission."""
        path = Path(path)
        notebook = json.loads(path.read_text(encoding="utf-8"))
        return cls(path.stem, [_cell(c) for c in notebook["cells"]])

    def of_role(self, role):
        return [cell for cell in self.cells if cell.role == role]

    @property
    def questions(self):
        """``{name: [test cells]}`` in the notebook's order."""
        found = {cell.id: [] for cell in self.of_role("answer")}
        for cell in self.of_role("test"):
            if cell.question not in found:
                raise ValueError(
                    f"{self.name}: test cell {cell.id!r} belongs to no answer cell; name it <question>-test-<number>."
                )
            found[cell.question].append(cell)
        return found

    def code(self, replace=None):
        """Return ``[(cell id, source)]`` of all code that is the learner's, the answers in ``replace`` exchanged."""
        replace = replace or {}
        return [
            (cell.id, replace.get(cell.id, cell.source))
            for cell in self.cells
            if cell.kind == "code" and cell.role in ("answer", "other")
        ]


def run_code(sources, allow=None, started=None):
    """Run code cells one after another as a notebook would, and return the names they leave and the cells that stopped.

    Parameters
    ----------
    sources : list of (str, str)
        Cell ids and sources.
    allow : callable, optional
        Called with the name of each module that is imported and what is taken from it; raises ImportError to refuse it.
    started : callable, optional
        Called with a cell's id before it runs.

    Returns
    -------
    names : dict
    stopped : dict
        Cell id to the exception; the cells after it ran nevertheless, as they do in marking.
    """
    names = {"__name__": "__main__", "display": lambda *things, **options: None}
    if allow is not None:
        names["__builtins__"] = _guarded_builtins(allow)
    stopped = {}
    for id, source in sources:
        if started is not None:
            started(id)
        try:
            _execute(f"<cell {id}>", without_magics(source), names)
        except (Exception, SystemExit, KeyboardInterrupt) as error:  # noqa: BLE001
            stopped[id] = error
    return names, stopped


def run_test(cell, source, names):
    """Run one test cell against the functions in ``names`` and return its `Result`; what it defines is forgotten."""
    scope = {k: v for k, v in names.items() if k != "__builtins__"}
    try:
        _execute(f"<test {cell.id}>", source, scope)
    except questions.NotAttempted as error:
        return Result(cell, False, str(error), attempted=False)
    except questions.Slip as error:
        return Result(cell, False, str(error), slip=error.id, sentence=error.sentence)
    except NameError as error:
        return Result(cell, False, f"{error.name} is missing: its cell was deleted, renamed or stops with an error.")
    except (Exception, SystemExit) as error:  # noqa: BLE001
        text = str(error) if isinstance(error, AssertionError) else f"{type(error).__name__}: {error}"
        return Result(cell, False, text)
    return Result(cell, True)


def without_magics(source):
    """Return the source without IPython's ``%magic``, ``!command`` and ``help?``, so that it is plain Python."""
    try:
        ast.parse(source)
        return source
    except SyntaxError:
        pass
    first, _, rest = source.lstrip().partition("\n")
    if first.startswith("%%"):
        return without_magics(rest) if first.split()[0] in ("%%time", "%%timeit", "%%capture", "%%prun") else ""
    lines = [re.sub(r"^(\s*)([%!?].*|[\w.]+\?{1,2}\s*)$", r"\1pass", line) for line in source.split("\n")]
    return "\n".join(re.sub(r"^(\s*[\w, ]+= *)[%!].*$", r"\1None", line) for line in lines)


def _execute(name, source, names):
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    with warnings.catch_warnings(), redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        warnings.simplefilter("ignore")
        exec(compile(source, name, "exec"), names)  # noqa: S102


def _guarded_builtins(allow):
    import builtins

    def guarded_import(name, globals=None, locals=None, fromlist=(), level=0):
        allow(name, fromlist or ())
        return builtins.__import__(name, globals, locals, fromlist, level)

    return {**vars(builtins), "__import__": guarded_import}


def _cell(raw):
    source = raw["source"] if isinstance(raw["source"], str) else "".join(raw["source"])
    marks = raw.get("metadata", {}).get("nbgrader", {})
    grade, solution = marks.get("grade", False), marks.get("solution", False)
    if raw["cell_type"] == "code":
        role = "answer" if solution else "test" if grade else "other"
    else:
        role = "written" if grade else "other"
    id = marks.get("grade_id") or raw.get("id", "")
    return Cell(id, role, raw["cell_type"], source, marks.get("points", 0) if grade else 0)


def _asks(statement):
    """Whether a statement of a test cell makes a check (``q.equals(...)``)."""
    return any(
        isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "q"
        for node in ast.walk(statement)
    )
