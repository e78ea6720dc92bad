"""One submission from beginning to end, in the process that nobody's code but the instructor's runs in.

`main` is the entry of a copy of the tests' server. It takes the submission in, walks through each notebook in order,
sends answer cells to the student's process, runs test cells here, and reports every cell as soon as it is judged, so
that what was found is not lost if this process does not live to its end.
"""

import ast
import contextlib
import faulthandler
import functools
import inspect
import io
import json
import os
import random
import re
import shutil
import signal
import symtable
import sys
import tempfile
import threading
import time
import traceback
import warnings
from pathlib import Path

import nbformat
import numpy as np

from gradschool.grading import intake
from gradschool.grading.protocol import COMPARISONS, is_mark
from gradschool.grading.sandbox import is_forbidden
from gradschool.grading.server import ServerDied
from gradschool.grading.standin import CannotMark, Died, Names, StandIn, Student, TimeUp, kind_of, student_of
from gradschool.grading.surroundings import Folder, watch_files, watch_seeds

HIDDEN = "BEGIN HIDDEN TESTS", "END HIDDEN TESTS"  # unless the course has others
MAX_MESSAGE = 1500
NOT_PYTHON = SyntaxError, ValueError, RecursionError, MemoryError  # what a parser says to it
MAX_SHOWN = 128 << 20  # all outputs of a notebook; what comes after them is left out
END_SECONDS = 3.0  # between the alarm that stops a test and the end of the process that runs it
TOO_SLOW = "Your code took longer than the {seconds:g} seconds a cell has."


def main(channel, request, students):
    """Judge what the request holds; report over the channel; end."""
    warnings.simplefilter("ignore")
    _limit_memory(request["limits"])
    watch_seeds()
    _teach_inspect()
    folder = Path(tempfile.mkdtemp(prefix="gradschool-tests-"))
    try:
        channel.send({"event": "ready"})
        _Submission(channel, request, students, folder).judge()
        channel.send({"event": "done"})
    except (CannotMark, ServerDied) as error:
        channel.send({"event": "failed", "why": str(error)})
    except Exception:  # noqa: BLE001
        channel.send({"event": "failed", "why": traceback.format_exc(limit=-5)})
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(0)


def _teach_inspect():
    """`inspect` takes stand-ins for the functions and classes that they stand for."""
    lines, kinds = inspect.getsourcelines, {"isfunction": "function", "ismethod": "method", "isclass": "type"}
    inspect.getsourcelines = lambda thing: handed_in_lines(thing) if type(thing) is StandIn else lines(thing)

    def taught(original, kind):
        return lambda thing: kind_of(thing) == kind if type(thing) is StandIn else original(thing)

    for name, kind in kinds.items():
        setattr(inspect, name, taught(getattr(inspect, name), kind))


def handed_in_lines(standin):
    """(lines, number of the first) of a function or class, from the text of the student's cells.

    Its process is asked for its name alone: of the text it could say anything.
    """
    path = [part for part in str(standin.__qualname__).split(".") if part != "<locals>"]
    for source in reversed(student_of(standin).finished):
        text = as_python(source)
        try:
            node = ast.parse(text)
        except NOT_PYTHON:
            continue
        for name in path:
            inside = [n for n in ast.walk(node) if n is not node and getattr(n, "name", None) == name]
            inside = [n for n in inside if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))]
            node = max(inside, key=lambda n: n.lineno, default=None)
            if node is None:
                break
        else:
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            return [f"{line}\n" for line in text.split("\n")[first - 1 : node.end_lineno]], first
    raise OSError("could not get source code")


def _limit_memory(limits):
    """A test that is sent ever more data must fail by itself, not take the machine with it."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        with open("/proc/self/statm") as file:
            now = int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        resource.setrlimit(resource.RLIMIT_AS, (now + 2 * limits["memory"],) * 2)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


class _Submission:
    def __init__(self, channel, request, students, folder):
        self.channel, self.request, self.students = channel, request, students
        self.limits = request["limits"]
        self.tests_folder, self.student_folder = folder / "tests", folder / "student"
        self.tests_folder.mkdir()
        self.student_folder.mkdir()

    def judge(self):
        notebooks, notes, files = self._take_in()
        course_files = self.request.get("course_files") or {}
        for name, path in files.items():
            if not intake.is_in_the_way(name, course_files):
                _put(self.student_folder / name, path)
        for name, path in course_files.items():  # ours take the place of theirs
            if path["student"]:
                _put(self.student_folder / name, Path(path["path"]))
            _put(self.tests_folder / name, Path(path["path"]))
        os.chdir(self.tests_folder)
        sys.path.insert(0, str(self.tests_folder))
        self.channel.send({"event": "taken in", "notes": notes})
        hidden = hidden_files(self.limits.get("forbidden_imports", ()), self.limits.get("allowed_imports", ()))
        student_request = {"limits": self.limits, "folder": str(self.student_folder), "hidden": hidden}
        for name, notebook in notebooks.items():
            plan = self.request.get("plan", {}).get(name, {})
            wanted = sorted({file for how in plan.values() for file in how.get("files", ())})
            wanted = None if self.request.get("learn") else wanted
            if wanted != []:
                watch_files()
            folder = Folder(self.tests_folder, wanted)
            walk = _Walk(
                notebook,
                self.request["tests"][name],
                plan,
                set(self.request.get("skip", {}).get(name, ())),
                Student(self.students, student_request | {"wanted": wanted}, folder),
                lambda event, name=name, **more: self.channel.send({"event": event, "notebook": name, **more}),
                self.request.get("delimiters") or HIDDEN,
            )
            try:
                walk.go()
            finally:
                walk.student.close()
            about = {"calls": walk.student.calls, "files": sorted(folder.used)}
            self.channel.send({"event": "notebook", "notebook": name, "content": notebook, **about})

    def _take_in(self):
        if "notebooks" in self.request:
            files = {name: Path(path) for name, path in (self.request.get("files") or {}).items()}
            return self.request["notebooks"], [], files
        taken = intake.take_in(self.request["folder"], self.request["releases"])
        notes = [{"kind": n.kind, "sentence": n.sentence, "cell": n.cell, "notebook": n.notebook} for n in taken.notes]
        self.channel.send(
            {
                "event": "intake",
                "timestamp": taken.timestamp.isoformat() if taken.timestamp else None,
                "source": taken.source,
                "files": sorted(taken.files),
            }
        )
        return taken.notebooks, notes, taken.files


def _put(target, path):
    """Copy one plain file; a submission's links are not followed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if path.is_file() and not path.is_symlink():
        shutil.copyfile(path, target)


def hidden_files(forbidden, allowed):
    """The files and folders to be taken away so that forbidden modules cannot be read, let alone imported."""
    import importlib.util

    found = []

    def cover(name):
        try:
            spec = importlib.util.find_spec(name)
        except (ImportError, ValueError):
            spec = None
        if spec is None:
            return
        if is_forbidden(name, forbidden, allowed):
            found.extend(spec.submodule_search_locations or ([spec.origin] if spec.origin else []))
            return
        for location in spec.submodule_search_locations or ():  # an allowed module is in there: look at each
            for path in sorted(Path(location).iterdir()):
                inner = path.stem if path.suffix == ".py" else path.name if (path / "__init__.py").exists() else None
                if inner and inner != "__init__":
                    if is_forbidden(f"{name}.{inner}", forbidden, allowed):
                        found.append(str(path))
                    elif path.is_dir() and any(a.startswith(f"{name}.{inner}.") for a in allowed):
                        cover(f"{name}.{inner}")
            found.extend(str(p) for p in [Path(location) / "__pycache__"] if p.exists())

    for name in forbidden:
        cover(name)
    return [str(path) for path in found]


# ---------------------------------------------------------------------------------------------------------------------
# One notebook


class _Walk:
    """Walk through one notebook.

    Parameters
    ----------
    notebook : dict
        The rebuilt one; its outputs are filled in.
    tests : dict
        The instructor's notebook.
    plan : dict
        grade_id -> {"protection": ..., "value": ...} where a test is not to be run in the ordinary way.
    skip : set of str
        Tests that ended this process before.
    student : Student
    report : callable
    delimiters : tuple of str
        What the first and the last line of hidden tests contain.
    """

    def __init__(self, notebook, tests, plan, skip, student, report, delimiters=HIDDEN):
        self.notebook, self.plan, self.skip, self.student, self.report = notebook, plan, skip, student, report
        self.delimiters = delimiters
        self.cells = tests["cells"]
        self.place = {}
        for k, cell in enumerate(self.cells):
            self.place.setdefault(_marks(cell).get("grade_id"), k)
        self.place.pop(None, None)
        self.seconds = student.limits["cell_seconds"]
        self.names = Names(student, shared_names(self.cells))
        self.names.ours = names_of_tests(self.cells)
        student.operators = defined_operators(self.cells)
        self.next_of_ours = self.shown = 0

    def go(self):
        random.seed(0)
        np.random.seed(0)
        for cell in self.notebook["cells"]:
            marks = _marks(cell)
            place = self.place.get(marks.get("grade_id"))
            role = role_of(self.cells[place]) if place is not None else "student"
            if place is not None:
                self._run_ours(place)
            if cell["cell_type"] == "code":
                cell["outputs"], cell["execution_count"] = [], None
            if role == "test":
                self._test(cell, self.cells[place])
            elif role in ("manual", "task"):
                self._leave_to_a_person(cell, self.cells[place])
            if cell["cell_type"] == "code" and role != "test":
                self._run_theirs(cell)
                if place is not None and role in ("answer", "manual"):
                    self.names.give(bound_names(as_python(_source(self.cells[place])))[0])
        self._run_ours(len(self.cells))

    # -- cells that are no tests

    def _run_theirs(self, cell):
        source = _source(cell)
        if not source.strip():
            return
        self.names.forget_functions()
        try:
            self.student.begin_cell()
            outputs, _ = self.student.run(source)
            self.shown += len(json.dumps(outputs))
            cell["outputs"] = outputs if self.shown <= MAX_SHOWN else []
            self.student.finished.append(source)
        except (TimeUp, Died) as trouble:
            slow = isinstance(trouble, TimeUp)
            text = TOO_SLOW.format(seconds=self.seconds) if slow else str(trouble)
            text += " The functions and classes that the cell defines were kept; nothing else of it was."
            self.student.close()
            self.student.finished.append(self._definitions(source))
            cell["outputs"] = [error_output("Timeout" if slow else "Died", text)]
            self.report("note", sentence=f"{_name(cell)}: {text}")

    def _definitions(self, source):
        try:
            with self._quiet(self.seconds):
                return definitions(source)
        except TimeUp:  # a text can be made to keep IPython's transformers busy
            return ""

    def _run_ours(self, until):
        """Run here what the instructor's own cells define, up to a place in the notebook.

        Only statements that touch nothing of the student's: the others were run on the student's side with the rest.
        """
        while self.next_of_ours < until:
            cell = self.cells[self.next_of_ours]
            self.next_of_ours += 1
            if cell["cell_type"] != "code":
                continue
            if role_of(cell) == "test":
                continue
            found = statements(_source(cell), role_of(cell) in ("answer", "manual"))
            if not found:
                continue
            with self._quiet(self.seconds), contextlib.suppress(BaseException):
                for statement in found:
                    self._run_statement(*statement)
                self.student.folder.changed(bool)  # the student's side runs the cell too

    def _run_statement(self, code, bound, read):
        try:
            if code is None or read & self.names.theirs:
                raise LookupError
            exec(code, self.names)  # noqa: S102
        except TimeUp:
            raise
        except BaseException:  # noqa: BLE001
            self.names.give(bound)
        else:
            self.names.take(bound)

    def _leave_to_a_person(self, cell, ours):
        marks = _marks(ours)
        outcome = "manual" if _source(cell).strip() else "empty"
        points = float(marks.get("points", 0))
        self.report(
            "cell", cell={"grade_id": marks["grade_id"], "max_score": points, "score": None, "outcome": outcome}
        )

    # -- tests

    def _test(self, cell, ours):
        marks = _marks(ours)
        name, points = marks["grade_id"], float(marks["points"])
        source = _source(ours)
        cell["source"] = source
        plan = self.plan.get(name, {})
        self.report("begin", cell=name)
        record = {
            "grade_id": name,
            "max_score": points,
            "score": 0.0,
            "hidden": bool(hidden_lines(source, self.delimiters)),
            "protection": plan.get("protection", "sealed"),
        }
        began = time.monotonic()
        if name in self.skip:
            record |= {"outcome": "unmarked", "score": None, "message": "This test could not be run to its end."}
        elif not source.strip() or cell["cell_type"] != "code":
            record |= {"outcome": "manual", "score": None}
        else:
            record |= self._judge(name, source, points, plan, record["protection"])
            if "value" not in plan:  # the instructor's own answers, to make a plan of
                record["data"] = sorted(path for path, met in self.student.gave.items() if not met)
        record["seconds"] = round(time.monotonic() - began, 4)
        if cell["cell_type"] == "code":
            cell["outputs"] = test_outputs(record)
        self.report("cell", cell=record)

    def _judge(self, name, source, points, plan, protection):
        try:
            self.student.write_back = protection == "inputs"
            self.student.only_data = frozenset(plan.get("data", ()))
            self.student.begin_cell()
            if protection == "open":
                value = self._run_open(source)
            else:
                with self._quiet(self.seconds + 3):
                    value = self._run_here(source, name)
            if self.student.trouble:  # a test may have swallowed it
                raise self.student.trouble
            return self._points(value, points, plan)
        except (TimeUp, Died) as trouble:
            return {"outcome": "timeout" if isinstance(trouble, TimeUp) else "died"} | self._trouble(trouble)
        except CannotMark:
            raise
        except BaseException as error:  # noqa: BLE001
            if self.student.trouble:
                return self._judge_trouble()
            return explain(error, source, name, protection, hidden_lines(source, self.delimiters)) | {
                "notes": self.student.changed[:5]
            }

    def _judge_trouble(self):
        trouble = self.student.trouble
        return {"outcome": "timeout" if isinstance(trouble, TimeUp) else "died"} | self._trouble(trouble)

    def _trouble(self, trouble):
        if isinstance(trouble, TimeUp):
            if time.monotonic() >= self.student.end:
                seconds = self.student.limits["total_seconds"]
                return {"message": f"The whole notebook took longer than the {seconds:g} seconds it has."}
            return {"message": TOO_SLOW.format(seconds=self.seconds)}
        return {"message": f"{trouble} What ends a process (exit, a crash, too much memory) ends the check."}

    def _points(self, value, points, plan):
        result = {"outcome": "passed", "score": points, "notes": self.student.changed[:5], "value": None}
        if not is_mark(value):
            return result
        value = result["value"] = float(value)
        if not plan.get("value", True) or ("value" not in plan and not value >= 0):
            return result  # no points are meant; without a plan, nbgrader's rule: a negative number counts as none
        score = min(value, points) if value > 0 else 0.0  # NaN is not above 0 either
        return result | {
            "score": score,
            "outcome": "passed" if score == points else "partial" if score > 0 else "failed",
            "message": "" if score == points else f"{score:g} of {points:g} points.",
        }

    def _run_here(self, source, name):
        body, last = compiled(source, name)
        exec(body, self.names)  # noqa: S102
        return eval(last, self.names) if last else None

    def _run_open(self, source):
        """Run a test in a process of the student's: a fresh one, of which nothing but the verdict comes back."""
        other = Student(self.student.students, self.student.request)
        other.end, other.finished = self.student.end, list(self.student.finished)
        try:
            other.begin_cell()
            return other.test(source)
        finally:
            other.close()

    @contextlib.contextmanager
    def _quiet(self, seconds):
        """Swallow what is printed here, and stop what does not come to an end by itself."""

        def stop(*_):
            raise TimeUp("It took too long.")

        with _alarm(seconds, stop), contextlib.redirect_stdout(_Sink()), contextlib.redirect_stderr(_Sink()):
            yield


@contextlib.contextmanager
def _alarm(seconds, ring):
    """Call ``ring`` in this thread after so many seconds; where there is no timer of the system's, a thread is one."""
    timer = hasattr(signal, "setitimer")
    kind = signal.SIGALRM if timer else signal.SIGINT
    before = signal.signal(kind, ring)
    # What is deep in C (a sum over range(10**12)) hears no alarm: it ends the process; the next leaves this test out.
    if timer:
        signal.setitimer(signal.ITIMER_REAL, seconds)
        signal.setitimer(signal.ITIMER_PROF, seconds + END_SECONDS)  # of work; nobody handles its signal
    else:
        clock = threading.Timer(seconds, signal.raise_signal, [kind])
        clock.start()
        faulthandler.dump_traceback_later(seconds + END_SECONDS, exit=True)
    try:
        yield
    finally:
        if timer:
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.setitimer(signal.ITIMER_REAL, 0)
        else:
            faulthandler.cancel_dump_traceback_later()
            clock.cancel()
        signal.signal(kind, before)


class _Sink(io.StringIO):
    def write(self, text):
        return len(text)


# ---------------------------------------------------------------------------------------------------------------------
# What a cell is


def _marks(cell):
    return cell.get("metadata", {}).get("nbgrader") or {}


def _source(cell):
    source = cell.get("source", "")
    return source if isinstance(source, str) else "".join(source)


def _name(cell):
    return _marks(cell).get("grade_id") or "A cell without a name"


def _file(name):
    return f"<test {name}>"


def role_of(cell):
    """test, manual (an answer with points), task, answer, or ours (everything else of the instructor's)."""
    marks = _marks(cell)
    if marks.get("task"):
        return "task"
    if marks.get("solution"):
        return "manual" if marks.get("grade") else "answer"
    return "test" if marks.get("grade") else "ours"


# The text of the instructor's cells is the same for every submission: `warm` goes through it once, before the copies are
# made, and what these functions found is there in each of them.


def warm(request):
    """Make ready what every submission needs of a request: notebooks as nodes, the instructor's cells compiled."""
    tempfile.gettempdir()  # found out by writing a file
    request["releases"] = {name: nbformat.from_dict(notebook) for name, notebook in request["releases"].items()}
    for tests in request["tests"].values():
        for cell in tests["cells"]:
            if cell["cell_type"] != "code":
                continue
            role = role_of(cell)
            with contextlib.suppress(Exception):  # what is wrong with a cell is said when it is run
                if role == "test":
                    compiled(_source(cell), _marks(cell)["grade_id"])
                else:
                    statements(_source(cell), role in ("answer", "manual"))
                bound_names(as_python(_source(cell)))
                globals_read(_source(cell))


@functools.cache
def compiled(source, name):
    """The code of a test: its body, and its last line when that is an expression."""
    tree = ast.parse(as_python(source), _file(name))
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    body = compile(tree, _file(name), "exec")
    return body, compile(ast.Expression(last.value), _file(name), "eval") if last else None


@functools.cache
def statements(source, only_imports):
    """(code, names bound, names read) of each statement at the top of a cell. No code where it cannot be compiled."""
    try:
        body = ast.parse(as_python(source)).body
    except NOT_PYTHON:
        return ()
    found = []
    for node in body:
        if only_imports and not isinstance(node, (ast.Import, ast.ImportFrom)):
            continue  # of an answer: numpy is ours even where the student is to import it
        code = None
        with contextlib.suppress(*NOT_PYTHON):
            code = compile(ast.Module([node], []), "<course>", "exec")
        found.append((code, bound_names(ast.unparse(node))[1], names_read(node)))
    return tuple(found)


@functools.cache
def as_python(source):
    """The text of a cell without IPython's own syntax (magics, shell commands)."""
    try:
        ast.parse(source)
    except NOT_PYTHON:
        from IPython.core.inputtransformer2 import TransformerManager  # large, and seldom needed

        return TransformerManager().transform_cell(source)
    return source


@functools.cache
def bound_names(source):
    """(names bound other than by an import, all names bound) at the top level of a cell."""
    try:
        table = symtable.symtable(source, "<cell>", "exec")
    except NOT_PYTHON:
        return frozenset(re.findall(r"^(?:def|class)\s+(\w+)", source, re.MULTILINE)), frozenset()
    symbols = table.get_symbols()
    bound = frozenset(s.get_name() for s in symbols if s.is_assigned() or s.is_imported() or s.is_namespace())
    imported = frozenset(s.get_name() for s in symbols if s.is_imported())
    return bound - imported, bound


def names_read(node):
    """The names that a statement reads when it is run. What functions that it defines will read does not count."""
    found, todo = set(), [node]
    while todo:
        node = todo.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            todo += [*node.decorator_list, *node.args.defaults, *filter(None, node.args.kw_defaults)]
            continue
        if isinstance(node, ast.Lambda):
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            found.add(node.id)
        todo += ast.iter_child_nodes(node)
    return found


def shared_names(cells):
    """Globals that the instructor's answers read and the instructor's cells bind: tests may rebind those for both."""
    bound, read = set(), set()
    for cell in cells:
        if cell["cell_type"] != "code" or role_of(cell) == "test":
            continue
        source = _source(cell)
        bound |= bound_names(source)[0]
        if role_of(cell) in ("answer", "manual"):
            read |= globals_read(source)
    return bound & read


def names_of_tests(cells):
    """What the tests bind."""
    tests = (_source(cell) for cell in cells if cell["cell_type"] == "code" and role_of(cell) == "test")
    return frozenset().union(*(bound_names(as_python(source))[1] for source in tests))


@functools.cache
def globals_read(source):
    """The global names that a cell's functions read."""
    try:
        tables = [symtable.symtable(source, "<cell>", "exec")]
    except NOT_PYTHON:
        return frozenset()
    read = set()
    while tables:
        table = tables.pop()
        tables += table.get_children()
        if table.get_type() == "function":
            read |= set(table.get_globals())
    return frozenset(read)


def defined_operators(cells):
    """The special methods, such as ``__add__``, that the instructor's own answers define."""
    answers = [_source(cell) for cell in cells if cell["cell_type"] == "code" and role_of(cell) in ("answer", "manual")]
    bound = re.compile(r"^\s+(?:def\s+)?(__\w+__)\s*(?:\(|=[^=])", re.MULTILINE)
    found = {name for source in answers for name in bound.findall(source)}
    for decorator in (
        d for source in answers for d in re.findall(r"^\s*@(?:\w+\.)?dataclass\b.*", source, re.MULTILINE)
    ):
        found |= {"__eq__", "__repr__"} | {f"__{name}__" for name in COMPARISONS if "order=True" in decorator}
        found |= {"__hash__"} if re.search("(frozen|unsafe_hash)=True", decorator) else set()
    return frozenset(found)


def definitions(source):
    """The imports, functions and classes of a cell, without what it does: for a cell that ended its process."""
    keep = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    try:
        return "\n".join(ast.unparse(node) for node in ast.parse(as_python(source)).body if isinstance(node, keep))
    except Exception:  # a student's text may break any parser  # noqa: BLE001
        return ""


def hidden_lines(source, delimiters):
    """The numbers of the lines from the one that has the first delimiter to the one that has the second."""
    hidden, inside = set(), False
    for number, line in enumerate(source.split("\n"), 1):
        if delimiters[0] in line:
            inside = True
        if inside:
            hidden.add(number)
        if delimiters[1] in line:
            inside = False
    return hidden


# ---------------------------------------------------------------------------------------------------------------------
# What a failed test says


def explain(error, source, name, protection, hidden):
    """Outcome, message for the student (nothing of the ``hidden`` lines in it), detail for the instructor."""
    trace = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in trace if frame.filename == _file(name)]
    is_hidden = (not lines and bool(hidden)) or any(line in hidden for line in lines)
    own = getattr(error, "student", None)
    told = _sentence(error)
    result = {
        "outcome": "error" if own and not told else "failed",
        "detail": "".join(traceback.format_exception_only(error))[-4000:]
        + "".join(f"  line {line} of {name}\n" for line in lines[-1:])
        + "".join(f"  in the answer: {w[0]}, line {w[1]}: {w[2]}\n" for w in (own or {}).get("where", [])),
        "hidden": is_hidden,
    }
    slip = _slip(error)
    if told:
        message = told
    elif protection == "open" and hidden:
        message = "A hidden check failed."
    elif own:
        message = _what_was_raised(error, own, is_hidden)
    elif isinstance(error, NameError) and getattr(error, "name", None) and not is_hidden:
        message = f"{error.name} is not defined. Was the cell that defines it run without an error?"
    elif isinstance(error, AssertionError) and _is_own_assert(trace, name) and str(error):
        message = str(error)
    elif is_hidden:
        message = f"A hidden check of {name} failed."
    elif isinstance(error, AssertionError):
        message = str(error) or f"This check failed: {_line(source, lines)}"
    else:
        text = str(error) or type(error).__name__
        message = f"A check could not be done with what your code gave: {text}"
    result["message"] = message.encode("utf-8", "replace").decode()[:MAX_MESSAGE]
    return result | ({"slip": slip} if slip else {}) | {"check": _check_name(error, source, lines, is_hidden)}


def _sentence(error):
    """The text of a check that was written for learners, hidden or not (see `gradschool.grading.questions`)."""
    if isinstance(error, AssertionError) and hasattr(error, "_render_traceback_"):
        return re.sub(r"\n?\[slip: [^\]\n]*\]\s*\Z", "", str(error))
    return ""


def _slip(error):
    if getattr(error, "slip", None):
        return str(error.slip)[:200]
    if hasattr(error, "problem_set") and hasattr(error, "question") and hasattr(error, "id"):
        return f"{error.problem_set}/{error.question}/{error.id}"
    return None


def _check_name(error, source, lines, is_hidden):
    if getattr(error, "check", None):
        return str(error.check)[:200]
    return None if is_hidden else _line(source, lines)[:200] or None


def _line(source, lines):
    text = source.split("\n")
    return text[lines[-1] - 1].strip() if lines and 0 < lines[-1] <= len(text) else ""


def _is_own_assert(trace, name):
    """Whether an `assert` of the test cell itself failed: its text was written for students."""
    return bool(trace) and trace[-1].filename == _file(name)


def _what_was_raised(error, own, is_hidden):
    kind = type(error).__name__
    if is_hidden:  # what the student's code says about it could hold the hidden data
        return f"In a hidden check your code stopped with {kind if kind != 'StudentError' else 'an error'}."
    if own["name"] == "NotImplementedError":
        return "Not answered yet: `raise NotImplementedError()` is still there."
    where = f" (in {own['where'][-1][0]}: `{own['where'][-1][2]}`)" if own["where"] else ""
    return f"Your code stopped with {own['name']}: {own['text']}{where}"


def error_output(name, text):
    return {"output_type": "error", "ename": name, "evalue": text, "traceback": text.split("\n")}


def test_outputs(record):
    """What the cell of a judged test shows, so that nbgrader reads the very same score from it."""
    if record["outcome"] == "passed" or record["outcome"] == "manual":
        return []
    if record["score"]:
        text = repr(float(record["score"]))
        return [
            {"output_type": "execute_result", "data": {"text/plain": text}, "metadata": {}, "execution_count": None}
        ]
    return [error_output(record["outcome"].capitalize(), record.get("message") or "It failed.")]
