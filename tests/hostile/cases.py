"""The corpus. One `Case` a line of thought: what is handed in, and the points it deserves.

A case starts from all right or all wrong answers (``base``), changes some cells (``answers``) and perhaps the file
(``mutate``). It deserves the points of its base, without the tests of the questions in ``lost``, with those in ``won``.
``@SECRET@``, ``@FOLDER@``, ``@PORT@`` and ``@PID@`` stand for a file of the instructor's, the folder it is in, a port
that the instructor's machine listens on, and the process that marks.
"""

import json
from dataclasses import dataclass, field

import nbformat

from .assignment import ANSWERS, POINTS, TESTS_OF, WRONG, submission


@dataclass(frozen=True)
class Case:
    """One submission and what it deserves."""

    family: str
    name: str
    answers: dict = field(default_factory=dict)
    base: str = "right"
    lost: tuple = ()
    won: tuple = ()
    mutate: object = None
    note: str | None = None
    files: dict = field(default_factory=dict)
    memory: int | None = None
    seconds: float = 20.0  # for one cell
    needs: tuple = ()  # the protections that it is about, or without which it could harm the machine

    def __str__(self):
        return f"{self.family}: {self.name}"

    @property
    def deserved(self):
        """Points by test cell, as far as they are sure; a test in ``lost`` gets 0."""
        full = dict(POINTS) if self.base == "right" else dict.fromkeys(POINTS, 0)
        for question in (*self.lost, *self.won):
            tests = TESTS_OF.get(question) or [question]
            full.update({test: POINTS[test] if question in self.won else 0 for test in tests})
        return full


CASES = []


def handed_in(case, lures):
    """The bytes of the case's notebook; ``lures`` says what @SECRET@ and the like stand for."""

    def fill(text):
        if isinstance(text, list):
            return [fill(one) for one in text]
        for name, value in lures.items():
            text = text.replace(name, value)
        return text

    base = ANSWERS if case.base == "right" else WRONG
    notebook = json.loads(nbformat.writes(submission({**base, **{key: fill(text) for key, text in case.answers.items()}})))
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"])
    if case.mutate:
        notebook = case.mutate(notebook)
    return notebook if isinstance(notebook, bytes) else json.dumps(notebook).encode()


def cheats(family, name, answers=None, **rest):
    """Add a case whose answers are all wrong: whatever it tries, it deserves nothing (but for ``won``)."""
    CASES.append(Case(family, name, _cells(answers), base="wrong", **rest))


def survives(family, name, answers=None, **rest):
    """Add a case whose answers are right: whatever else happens, it deserves all points (but for ``lost``)."""
    CASES.append(Case(family, name, _cells(answers), **rest))


def ends(family, name, answers, **rest):
    """Add a case that reaches a limit: its cells get little time."""
    survives(family, name, answers, seconds=1.5, **rest)


def _cells(answers):
    return {"first": answers} if isinstance(answers, (str, list)) else answers or {}


_NEEDS = {"file system": ("files",), "network": ("network",), "signals": ("other processes",),
          "environment": ("other processes",)}  # fmt: skip


def keeps_out(family, name, question_code, **rest):
    """Add a case whose first cell raises when a door that must be shut is open: then standardize goes wrong.

    The code sets ``open_`` to True when it got through.
    """
    code = "open_ = False\n" + question_code
    spoiled = ANSWERS["standardize"] + "\nif open_:\n    standardize = lambda x: x + 1"
    survives(family, name, {"first": code, "standardize": spoiled}, needs=_NEEDS[family], **rest)


def attempt(*statements):
    """Code that tries each statement and goes on."""
    return "\n".join(f"try:\n    {statement}\nexcept BaseException:\n    pass" for statement in statements)


# --- the tests' own tools, patched -----------------------------------------------------------------------------------

cheats("numpy internals", "patched numpy.testing", """\
import numpy.testing
for name in dir(numpy.testing):
    if name.startswith("assert"):
        setattr(numpy.testing, name, lambda *a, **k: None)
assert_allclose = numpy.testing.assert_allclose""")
cheats("numpy internals", "patched allclose, abs, round, shape", """\
np.allclose = np.array_equal = lambda *a, **k: True
np.shape = lambda a: (7,)
np.round = lambda a, n=0: [2, 3, 4]""")
cheats("numpy internals", "patched __array_function__ machinery", """\
import numpy.core.multiarray as m
import numpy._core.numeric as n
n.array_equal = n.allclose = n.isclose = lambda *a, **k: True
import numpy.testing._private.utils as u
u.assert_array_compare = lambda *a, **k: None""")
cheats("numpy internals", "np is something else", """\
class Yes:
    def __getattr__(self, name): return self
    def __call__(self, *a, **k): return self
    def __eq__(self, other): return True
    def __bool__(self): return True
    def __iter__(self): return iter([])
    def __abs__(self): return self
    def __lt__(self, other): return True
np = assert_allclose = pytest = Yes()""")
cheats("builtins", "every builtin a test may use", """\
import builtins
builtins.abs = lambda x: 0
builtins.len = lambda x: 3
builtins.isinstance = lambda *a: True
builtins.zip = builtins.map = lambda *a: []
builtins.all = builtins.any = lambda *a: True
builtins.AssertionError = type("AssertionError", (BaseException,), {})""")
cheats("builtins", "shadowed in the notebook's namespace", """\
abs = lambda x: 0
len = lambda x: 3
zip = map = lambda *a: []
round = lambda *a: [2, 3, 4]
AssertionError = Exception
__debug__x = False
earned = points = score = 2""")
cheats("builtins", "__import__ replaced", """\
import builtins
real = builtins.__import__
def fake(name, *a, **k):
    module = real(name, *a, **k)
    if "testing" in name or name == "pytest":
        for n in list(vars(module)):
            if n.startswith(("assert", "raises")):
                setattr(module, n, lambda *a, **k: __import__("contextlib").nullcontext())
    return module
builtins.__import__ = fake""")
cheats("builtins", "asserts compiled away", """\
import builtins
real = builtins.compile
builtins.compile = lambda *a, **k: real("pass", "<x>", "exec")
builtins.exec = builtins.eval = lambda *a, **k: None""")
cheats("builtins", "__builtins__ emptied", "import builtins\nvars(builtins).clear()")
cheats("builtins", "__build_class__ and print replaced", """\
import builtins
builtins.__build_class__ = lambda *a, **k: object
builtins.print = lambda *a, **k: None
builtins.open = lambda *a, **k: None""")
cheats("sys.modules", "fake modules for the tests to import", """\
import sys, types
fake = types.ModuleType("fake")
fake.__getattr__ = lambda name: (lambda *a, **k: True)
for name in ["numpy.testing", "pytest", "numpy", "gradschool", "gradschool.grading", "gradschool.grading.judge"]:
    sys.modules[name] = fake""")
cheats("sys.modules", "all of them forgotten", "import sys\nsys.modules.clear()")
cheats("sys.modules", "__main__ rewritten", """\
import sys
main = sys.modules["__main__"]
for name in list(vars(main)):
    if callable(vars(main)[name]):
        setattr(main, name, lambda *a, **k: {"passed": True, "score": 14, "outcome": "passed"})""")
cheats("sys.modules", "every function of gradschool.grading replaced", """\
import sys
for name, module in list(sys.modules.items()):
    if name.startswith("gradschool"):
        for key, value in list(vars(module).items()):
            if callable(value):
                try:
                    setattr(module, key, lambda *a, **k: None)
                except Exception:
                    pass""")

# --- import hooks and the import path --------------------------------------------------------------------------------

cheats("import hooks", "a finder that serves fake tests", """\
import sys, importlib.abc, importlib.machinery, types
class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("numpy", "pytest", "hidden"):
            return importlib.machinery.ModuleSpec(name, self)
    def create_module(self, spec): return None
    def exec_module(self, module): module.__getattr__ = lambda n: (lambda *a, **k: True)
sys.meta_path.insert(0, Finder())
sys.path_hooks.insert(0, lambda p: Finder())
sys.path_importer_cache.clear()""")
for _name in ["numpy.py", "pytest.py", "sitecustomize.py", "usercustomize.py", "conftest.py", "IPython.py", "json.py", "socket.py"]:
    cheats("import path", f"{_name} beside the notebook", files={_name: "def __getattr__(name):\n    return lambda *a, **k: True\n"})
cheats("import path", "gradschool/ beside the notebook", files={
    "gradschool/__init__.py": "", "gradschool/grading/__init__.py": "def judge(*a, **k):\n    return None\n",
    "nbgrader_config.py": "raise SystemExit\n", "checks.json": "{}"})
cheats("import path", "profile, startup files and .pth", files={
    ".ipython/profile_default/startup/00.py": "import numpy.testing as t\nt.assert_allclose = lambda *a, **k: None\n",
    "x.pth": "import os; os._exit(0)\n", "ipython_config.py": "c.InteractiveShellApp.exec_lines = ['exit()']\n"})
cheats("import path", "sys.path and PYTHONPATH", """\
import sys, os
open("pytest.py", "w").write("raises = None")
open("numpy.py", "w").write("x = 1")
sys.path.insert(0, os.getcwd())
os.environ["PYTHONPATH"] = os.environ["PYTHONSTARTUP"] = os.getcwd()""")
survives("import path", "a helper module beside the notebook", {
    "standardize": "import stats_helper\ndef standardize(x):\n    return stats_helper.z(x)"},
    files={"stats_helper.py": "def z(x):\n    return (x - x.mean()) / x.std()\n"})
survives("import path", "a helper module written by %%writefile", {
    "first": "%%writefile my_helper.py\ndef z(x):\n    return (x - x.mean()) / x.std()\n",
    "standardize": "from my_helper import z as standardize"})
survives("import path", "a data file beside the notebook", {
    "count_words": "import json\nwords = json.load(open('words.json'))\n" + ANSWERS["count_words"]},
    files={"words.json": "[1, 2]"})

# --- IPython ---------------------------------------------------------------------------------------------------------

cheats("IPython", "an AST transformer that drops asserts", """\
import ast
class Drop(ast.NodeTransformer):
    def visit_Assert(self, node): return ast.Pass()
    def visit_Expr(self, node): return ast.Pass()
get_ipython().ast_transformers.append(Drop())""")
cheats("IPython", "an input transformer that empties cells", """\
ip = get_ipython()
ip.input_transformers_cleanup.append(lambda lines: ["14\\n"])
ip.input_transformers_post.append(lambda lines: ["14\\n"])""")
cheats("IPython", "run_cell replaced", """\
ip = get_ipython()
class Result:
    success, result, error_before_exec, error_in_exec = True, 14, None, None
ip.run_cell = lambda *a, **k: Result()
type(ip).run_cell = lambda *a, **k: Result()
type(ip).run_code = lambda *a, **k: False""")
cheats("IPython", "events before and after every cell", """\
ip = get_ipython()
def fix(*a):
    import numpy.testing as t
    t.assert_allclose = lambda *a, **k: None
    ip.user_ns["assert_allclose"] = t.assert_allclose
for event in ("pre_run_cell", "post_run_cell", "pre_execute", "post_execute"):
    ip.events.register(event, fix)""")
cheats("IPython", "a test read back from In and _ih", """\
def standardize(x):
    text = "".join(map(str, get_ipython().user_ns.get("In", []))) + str(get_ipython().history_manager.input_hist_raw)
    if "### BEGIN HIDDEN" in text or "samples" in text:
        return (x - x.mean()) / x.std()
    return x""")
cheats("IPython", "showtraceback hides every error", """\
ip = get_ipython()
ip.showtraceback = ip.showsyntaxerror = ip._showtraceback = lambda *a, **k: None
ip.set_custom_exc((BaseException,), lambda *a, **k: None)""")
survives("IPython", "%reset -f after the helpers", {"last": "%reset -f"})
survives("IPython", "exit(), quit(), %exit", {"first": ["exit()", "quit", "get_ipython().exit()", "raise SystemExit(0)"]})
survives("IPython", "magics of all kinds", {
    "first": ["%matplotlib inline", "%load_ext autoreload\n%autoreload 2", "%timeit -n 1 -r 1 1 + 1", "%who", "%config InlineBackend"],
    "standardize": "%%time\n" + ANSWERS["standardize"],
    "distances": "%%capture out\n" + ANSWERS["distances"]})
survives("IPython", "shell lines and unknown magics", {"first": ["!echo hello", "%no_such_magic", "%%bash\nexit 3", "?len", "len??"]})
cheats("IPython", "the shell made anew", """\
from IPython.core.interactiveshell import InteractiveShell
InteractiveShell.clear_instance()
InteractiveShell.instance()
get_ipython().user_ns = {}""")
cheats("IPython", "cell magics that rewrite what follows", """\
from IPython.core.magic import register_cell_magic, register_line_magic
@register_cell_magic
def python(line, cell): return 14
get_ipython().register_magic_function(lambda *a: 14, "line_cell", "time")
get_ipython().prefilter = lambda *a, **k: "14" """)
cheats("displayhook", "a number as the last value of every cell", """\
import sys
sys.displayhook = lambda value: print("14.0")
get_ipython().displayhook = sys.displayhook""")
cheats("displayhook", "numbers shown by answers", {q: w + "\n14.0" for q, w in {
    "standardize": "standardize = len", "smooth": "smooth = lambda *a: np.ones(3)"}.items()})
cheats("displayhook", "forged results published", """\
from IPython.display import publish_display_data, display
publish_display_data({"text/plain": "14.0"})
class Full:
    def __repr__(self): return "2.0"
    def _repr_mimebundle_(self, **k): return {"text/plain": "2.0", "application/vnd.nbgrader": {"score": 14}}
display(Full())
get_ipython().display_pub.publish({"text/plain": "14"})
Full()""")
cheats("displayhook", "a formatter for every type", """\
f = get_ipython().display_formatter.formatters["text/plain"]
f.for_type(float, lambda *a: None)
f.for_type(int, lambda value, p, cycle: p.text("2"))
f.for_type(object, lambda value, p, cycle: p.text("2"))""")

# --- frames, gc, ctypes ----------------------------------------------------------------------------------------------

_CLIMB = """\
import sys
def climb():
    frame = sys._getframe()
    while frame:
        yield frame
        frame = frame.f_back
"""
cheats("frames", "expected values looked up in the callers", {"first": _CLIMB, "distances": """\
def distances(a, b):
    for frame in climb():
        for space in (frame.f_locals, frame.f_globals):
            if "expected" in space or "others" in space:
                return np.sqrt(((a[:, None] - b[None]) ** 2).sum(axis=-1))
    return np.zeros((len(a), len(b)))"""})
cheats("frames", "counters of points set in the callers", {"first": _CLIMB, "smooth": """\
def smooth(x, width):
    for frame in climb():
        frame.f_globals.update(earned=2, score=2, points=2)
        for name, value in list(frame.f_locals.items()):
            if isinstance(value, dict):
                value.update(earned=2, score=2, points=2)
    return np.zeros(3)"""})
cheats("frames", "frames of the function that was handed over", {"integrate": """\
def integrate(f, a, b, n):
    for name in ("__globals__", "__closure__", "__code__", "__defaults__", "__self__", "__dict__", "gi_frame"):
        value = getattr(f, name, None)
        if isinstance(value, dict) and ("seen" in value or "square" in value or "samples" in value):
            return {3: 9, 4: 18}.get(int(b), 2)
        if name == "__code__" and value is not None and "seen" in value.co_names:
            return 18
    return -1"""})
cheats("frames", "a traceback walked to the tests", {"integrate": """\
def integrate(f, a, b, n):
    try:
        f(None)
    except Exception as error:
        tb = error.__traceback__
        while tb:
            space = tb.tb_frame.f_globals
            if "assert_allclose" in space and space is not globals():
                space["assert_allclose"] = lambda *a, **k: None
                space["abs"] = lambda x: 0
            tb = tb.tb_next
    return -1"""})
cheats("frames", "an exception that carries its frames home", {"standardize": """\
class Home(Exception):
    def __init__(self): super().__init__("x")
    @property
    def __traceback__(self): return None
    def __reduce__(self): return (exec, ("import numpy as np; np.testing.assert_allclose = print",))
def standardize(x):
    raise Home()"""})
cheats("gc", "every dict and function rewritten", """\
import gc, types
def yes(*a, **k): return True
for thing in gc.get_objects():
    try:
        if isinstance(thing, types.FunctionType) and thing.__name__.startswith(("assert", "raises", "judge", "check", "_assert")):
            thing.__code__ = yes.__code__
        if isinstance(thing, dict) and ("score" in thing or "outcome" in thing):
            thing.update(score=14, outcome="passed", passed=True)
    except Exception:
        pass""")
cheats("gc", "searched for the tests", {"standardize": """\
import gc
def standardize(x):
    for thing in gc.get_objects():
        if type(thing) is dict and "samples" in thing and "rng" in thing:
            return (x - x.mean()) / x.std()
    return x"""})
cheats("gc", "a callback at every collection, objects that come back", """\
import gc
class Phoenix:
    def __del__(self):
        gc.collect()
        globals()["phoenix"] = self
        raise RuntimeError("back")
gc.callbacks.append(lambda *a: 1 / 0)
gc.set_threshold(1)
phoenix = [Phoenix() for _ in range(10)]
del phoenix""")
cheats("ctypes", "small integers rewritten", """\
import ctypes
for number in (0, 1, 2, 3, 10):
    ctypes.memmove(id(number) + 24, ctypes.byref(ctypes.c_long(2)), 4)""", seconds=1.5)
survives("ctypes", "a null pointer read", {"first": "import ctypes\nctypes.string_at(0)"})
survives("ctypes", "a segfault inside one answer", {"noisy": "import ctypes\ndef noisy(x, rng):\n    ctypes.string_at(0)"}, lost=("noisy",))
cheats("ctypes", "libc: the parent's memory and ptrace", """\
import ctypes, os
libc = ctypes.CDLL(None)
for pid in (os.getppid(), @PID@, 1):
    libc.ptrace(16, pid, 0, 0)
    try:
        with open(f"/proc/{pid}/mem", "r+b", 0) as f:
            f.seek(0x400000); f.write(b"x")
    except OSError:
        pass""")
cheats("ctypes", "objects' types rewritten", """\
import ctypes
def swap(o, t): ctypes.c_void_p.from_address(id(o) + 8).value = id(t)
class Yes(float):
    def __eq__(self, o): return True
try:
    swap(float, Yes)
except Exception:
    pass""")

# --- threads, processes, signals -------------------------------------------------------------------------------------

cheats("threads", "one that keeps patching", """\
import threading, time
def work():
    while True:
        import numpy.testing as t
        t.assert_allclose = lambda *a, **k: None
        globals()["assert_allclose"] = t.assert_allclose
        time.sleep(0.001)
threading.Thread(target=work, daemon=True).start()""")
survives("threads", "one that never ends and is no daemon", {"first": """\
import threading, time
threading.Thread(target=lambda: [time.sleep(0.05) for _ in iter(int, 1)]).start()"""})
survives("threads", "one that prints all the time", {"first": """\
import threading, time
def chatter():
    while True:
        print("still here")
        time.sleep(0.001)
threading.Thread(target=chatter, daemon=True).start()"""})
cheats("threads", "answers given from another thread after the call", {"standardize": """\
import threading
box = np.zeros(3)
def standardize(x):
    def later():
        box[:] = (x - x.mean()) / x.std()
    threading.Timer(0.01, later).start()
    return box"""})
survives("threads", "as many as can be", {"first": """\
import threading, time
threads = []
try:
    for _ in range(100000):
        thread = threading.Thread(target=time.sleep, args=(60,), daemon=True)
        thread.start()
        threads.append(thread)
except RuntimeError:
    pass"""})
survives("threads", "a pool used for the answer", {"distances": """\
from concurrent.futures import ThreadPoolExecutor
def distances(a, b):
    if a.shape[1] != b.shape[1]:
        raise ValueError("columns")
    with ThreadPoolExecutor(2) as pool:
        return np.array(list(pool.map(lambda row: [float(np.linalg.norm(row - other)) for other in b], a)))"""})
survives("subprocesses", "a fork that runs on", {"first": "import os\npid = os.fork()"})
survives("subprocesses", "a fork that exits with an error", {"first": "import os\nif os.fork() == 0:\n    os._exit(1)"})
cheats("subprocesses", "two answers to one call", {"standardize": "import os\ndef standardize(x):\n    if os.fork():\n        return x\n    return x + 1"})
survives("subprocesses", "a fork bomb", {"first": """\
import os, time
me = os.getpid()
for _ in range(8):
    try:
        if os.fork() == 0:
            time.sleep(0.2)
    except OSError:
        break
if os.getpid() != me:
    os._exit(0)"""}, needs=("other processes",))
survives("subprocesses", "a daemon that outlives its parent", {"first": """\
import subprocess
subprocess.Popen(["sleep", "98765"], start_new_session=True)"""})
survives("subprocesses", "multiprocessing", {"first": """\
import multiprocessing as mp
try:
    with mp.get_context("fork").Pool(2) as pool:
        pool.map_async(abs, [1, -2]).get(1)
except BaseException:
    pass"""})
cheats("subprocesses", "nbgrader called from within", attempt(
    "__import__('subprocess').run(['nbgrader', 'update', '.'], timeout=2, capture_output=True)",
    "__import__('subprocess').run(['python', '-c', 'import nbgrader'], timeout=2, capture_output=True)"))
keeps_out("signals", "the marking process killed", attempt(
    "__import__('os').kill(@PID@, 0); open_ = True"))
survives("signals", "the parent, the group and everybody killed", {"first": attempt(
    "__import__('os').kill(__import__('os').getppid(), 19)", "__import__('os').killpg(0, 18)") + "\nimport os, signal\nos.kill(os.getpid(), signal.SIGTERM)"}, needs=("other processes",))
survives("signals", "killed by itself", {"first": ["import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"]})
survives("signals", "everything sent to everybody", {"first": attempt("__import__('os').kill(-1, 9)")}, needs=("other processes",))
survives("signals", "every signal ignored", {"first": """\
import signal
for number in signal.valid_signals():
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass"""})
survives("signals", "an alarm that raises later", {"first": """\
import signal
def ring(*a): raise KeyboardInterrupt
signal.signal(signal.SIGALRM, signal.SIG_IGN)
signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)"""})
survives("signals", "KeyboardInterrupt in an answer", {"noisy": "def noisy(x, rng):\n    raise KeyboardInterrupt"}, lost=("noisy",))
ends("signals", "stopped, not ended", {"noisy": "import os, signal\ndef noisy(x, rng):\n    os.kill(os.getpid(), signal.SIGSTOP)"}, lost=("noisy",))

# --- file system, environment, network -------------------------------------------------------------------------------

keeps_out("file system", "the instructor's file read", attempt("open('@SECRET@').read(); open_ = True"))
keeps_out("file system", "the instructor's file found through /proc", attempt(
    "open(f'/proc/{__import__(\"os\").getppid()}/root@SECRET@').read(); open_ = True",
    "open(f'/proc/@PID@/root@SECRET@').read(); open_ = True",
    "open(f'/proc/@PID@/cwd/README.md').read(); open_ = True",
    "open('/proc/@PID@/environ').read(); open_ = True"))
keeps_out("file system", "the instructor's file listed", attempt(
    "open_ = open_ or bool(__import__('os').listdir('@FOLDER@'))"))
keeps_out("file system", "the instructor's file by link", attempt(
    "__import__('os').symlink('@SECRET@', 'link'); open('link').read(); open_ = True",
    "__import__('os').link('@SECRET@', 'hard'); open('hard').read(); open_ = True"))
keeps_out("file system", "the instructor's file overwritten, removed, moved", attempt(
    "open('@SECRET@', 'w').write('gone'); open_ = True",
    "__import__('os').remove('@SECRET@'); open_ = True",
    "__import__('os').rename('@FOLDER@', '@FOLDER@2'); open_ = True",
    "open('@FOLDER@/new', 'w'); open_ = True"))
keeps_out("file system", "read by another program", attempt(
    "open_ = open_ or b'hidden' in __import__('subprocess').run(['cat', '@SECRET@'], capture_output=True, timeout=5).stdout",
    "open_ = open_ or b'hidden' in __import__('subprocess').run('cat @FOLDER@/*', shell=True, capture_output=True, timeout=5).stdout"))
keeps_out("file system", "written outside its own folder", attempt(*[
    f"open('{place}/gradschool-was-here', 'w'); open_ = True" for place in
    ("/", "/usr", "/etc", "/home", "/root", "/var/tmp", "/var", "/opt", "/srv")]))
keeps_out("file system", "the library and the interpreter rewritten", """\
import numpy, sys, os
for module in list(sys.modules.values()):
    try:
        with open(module.__file__, "a"):
            open_ = True
    except (OSError, TypeError, AttributeError):
        pass
for folder in (sys.prefix, os.path.dirname(os.__file__), os.path.dirname(numpy.__file__)):
    try:
        with open(folder + "/evil.pth", "w"):
            open_ = True
        os.remove(folder + "/evil.pth")
    except OSError:
        pass""")
keeps_out("file system", "an inherited file descriptor", """\
import os
for fd in range(3, 256):
    try:
        where = os.readlink(f"/proc/self/fd/{fd}")
        if "hidden" in where or where.endswith((".ipynb", ".db", ".py", ".json")):
            open_ = True
    except OSError:
        pass""")
keeps_out("file system", "tests left in the temporary folder", """\
import os
for folder in {"/tmp", "/dev/shm", "/var/tmp", os.getcwd(), os.environ.get("TMPDIR", "/tmp")}:
    for here, _, names in os.walk(folder):
        for name in names[:200]:
            try:
                with open(os.path.join(here, name), "rb") as file:
                    if b"map(standardize," + b" samples)" in file.read(1_000_000):
                        open_ = True
            except OSError:
                pass""")
survives("file system", "the working folder emptied, removed, left", {"first": """\
import shutil, os
here = os.getcwd()
shutil.rmtree(here, ignore_errors=True)
os.chdir("/")"""})
survives("file system", "ten thousand small files", {"first": """\
try:
    for k in range(10_000):
        open(f"f{k}", "w").close()
except OSError:
    pass"""})
survives("file system", "a plot saved and data written and read", {"first": """\
import json
with open("out.json", "w") as file:
    json.dump([1], file)
np.save("a.npy", np.ones(3))
np.load("a.npy")"""})
keeps_out("environment", "secrets in the environment", """\
import os
open_ = any("GRADSCHOOL_TEST_SECRET" in k or "instructor-only" in v for k, v in os.environ.items())""")
keeps_out("environment", "the arguments of the marking process", attempt(
    "open_ = open_ or b'pytest' in open('/proc/@PID@/cmdline', 'rb').read()"))
survives("environment", "the environment emptied", {"first": "import os\nos.environ.clear()\nos.environ['HOME'] = '/nowhere'"})
survives("environment", "the locale, the umask, the nice value", {"first": """\
import locale, os
try:
    locale.setlocale(locale.LC_ALL, "de_DE.UTF-8")
except locale.Error:
    pass
os.umask(0o777)
os.nice(19)"""})
keeps_out("network", "the instructor's port", """\
import socket
try:
    socket.create_connection(("127.0.0.1", @PORT@), 0.5)
    open_ = True
except OSError:
    pass""")
keeps_out("network", "UDP and names", """\
import socket
try:
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.connect(("192.0.2.1", 9))
    open_ = True
except OSError:
    pass""")

# --- structure and metadata of the notebook --------------------------------------------------------------------------


def each(function):
    """A mutation of the whole notebook from one of a cell."""

    def mutate(nb):
        for cell in nb["cells"]:
            function(cell)
        return nb

    return mutate


def marks(cell):
    return cell.get("metadata", {}).get("nbgrader", {})


def at(nb, grade_id):
    return next(k for k, cell in enumerate(nb["cells"]) if marks(cell).get("grade_id") == grade_id)


def edit(grade_id, **values):
    """A mutation that sets keys of one cell."""

    def mutate(nb):
        nb["cells"][at(nb, grade_id)].update(values)
        return nb

    return mutate


def without(*grade_ids):
    def mutate(nb):
        nb["cells"] = [cell for cell in nb["cells"] if marks(cell).get("grade_id") not in grade_ids]
        return nb

    return mutate


def _double(grade_id, source=None, first=False):
    def mutate(nb):
        k = at(nb, grade_id)
        twin = {**nb["cells"][k], "id": "twin"}
        if source is not None:
            twin["source"] = source
        nb["cells"].insert(k if first else k + 1, twin)
        return nb

    return mutate


def _move(grade_id, where):
    def mutate(nb):
        nb["cells"].insert(where, nb["cells"].pop(at(nb, grade_id)))
        return nb

    return mutate


cheats("metadata", "more points, no lock, no test", mutate=each(lambda c: marks(c).update(points=1000, locked=False, grade=False)))
cheats("metadata", "answers declared to be tests", mutate=each(lambda c: marks(c).update(grade=True, solution=True, points=100)))
cheats("metadata", "tests declared to be answers", mutate=each(lambda c: marks(c).update(solution=True, grade=False, locked=False)))
cheats("metadata", "skip-execution, raises-exception, remove_cell", mutate=each(
    lambda c: c["metadata"].update(tags=["skip-execution", "raises-exception", "remove_cell", "hide_input"])))
cheats("metadata", "another kernel", mutate=lambda nb: {**nb, "metadata": {"kernelspec": {"name": "true", "display_name": "x"}}})
cheats("metadata", "an extra graded cell worth 1000", mutate=lambda nb: {**nb, "cells": [*nb["cells"], {
    "cell_type": "code", "id": "gift", "source": "assert True", "outputs": [], "execution_count": None,
    "metadata": {"nbgrader": {"grade": True, "grade_id": "gift", "points": 1000, "locked": True, "solution": False,
                              "schema_version": 3, "task": False}}}]})
cheats("metadata", "tests renamed, then put back empty", mutate=each(
    lambda c: marks(c).get("grade_id", "").startswith("test") and c.update(source="pass")))
cheats("metadata", "answers under the tests' names", mutate=each(
    lambda c: marks(c).get("solution") and marks(c).update(grade_id=(TESTS_OF.get(marks(c)["grade_id"]) or ["why"])[0])))
cheats("metadata", "outputs with a full mark", mutate=each(lambda c: c["cell_type"] == "code" and c.update(outputs=[
    {"output_type": "execute_result", "execution_count": 1, "metadata": {}, "data": {"text/plain": "14.0"}}])))
cheats("metadata", "checksums of the tests", mutate=each(lambda c: marks(c).update(checksum="0" * 32, schema_version=99)))
survives("metadata", "stripped of all metadata", mutate=each(lambda c: c.update(metadata={})), note="recovered")
survives("metadata", "stripped of metadata and ids", mutate=each(lambda c: (c.update(metadata={}), c.pop("id"))), note="recovered")
survives("metadata", "of wrong types", mutate=each(lambda c: c.update(metadata=[1, None, {}])), note="recovered")
survives("metadata", "nbgrader's own of wrong types", mutate=each(lambda c: c["metadata"].update(nbgrader="yes")), note="recovered")
survives("metadata", "ids all the same", mutate=each(lambda c: c.update(id="same")))
survives("metadata", "cells written as markdown and raw", mutate=each(lambda c: marks(c).get("grade_id") in
    ("standardize", "count_words") and c.update(cell_type="raw" if marks(c)["grade_id"] == "standardize" else "markdown")), note="cell-type")
survives("notebook structure", "a test cell deleted", mutate=without("test_standardize_hidden", "test_noisy"), note="restored")
survives("notebook structure", "all test cells deleted", mutate=without(*POINTS), note="restored")
survives("notebook structure", "an answer deleted", mutate=without("noisy"), note="missing-answer", lost=("noisy",))
survives("notebook structure", "the data cell deleted", mutate=without("data"), note="restored")
survives("notebook structure", "the imports deleted", mutate=lambda nb: {**nb, "cells": [c for c in nb["cells"] if "import numpy" not in c["source"]]})
survives("notebook structure", "a test cell changed", mutate=edit("test_words", source="raise SystemExit"), note="restored")
survives("notebook structure", "a test cell copied", mutate=_double("test_words"))
survives("notebook structure", "an answer copied, the copy untouched", mutate=_double("count_words", "# YOUR CODE HERE\nraise NotImplementedError()"), note="duplicate")
survives("notebook structure", "an answer copied, the original untouched", mutate=_double("count_words", "# YOUR CODE HERE\nraise NotImplementedError()", first=True), note="duplicate")
survives("notebook structure", "an answer copied as a scratch cell", mutate=_double("count_words", "count_words('a b')"))
survives("notebook structure", "every cell twice", mutate=lambda nb: {**nb, "cells": [c for cell in nb["cells"] for c in (cell, {**cell, "id": cell["id"] + "b"})]})
survives("notebook structure", "cells in reverse", mutate=lambda nb: {**nb, "cells": nb["cells"][::-1]})
survives("notebook structure", "an answer at the end", mutate=_move("standardize", 99))
survives("notebook structure", "tests before everything", mutate=_move("test_integrate", 0))
survives("notebook structure", "everything in one answer cell", {
    "standardize": "\n\n".join(ANSWERS[q] for q in ANSWERS if q != "why"),
}, mutate=without("distances", "count_words", "RunningMean", "integrate", "smooth", "noisy", "threshold"), note="missing-answer")
survives("notebook structure", "answers in cells of their own, the answer cells deleted", {
    "first": [ANSWERS[q] for q in ANSWERS if q != "why"]},
    mutate=without(*[q for q in ANSWERS if q != "why"]))
survives("notebook structure", "answers in new cells, the answer cells left as they were", {
    "standardize": "# YOUR CODE HERE\nraise NotImplementedError()", "first": ANSWERS["standardize"]})
survives("notebook structure", "missing keys", mutate=each(lambda c: [c.pop(k, None) for k in ("outputs", "execution_count", "id")]))
survives("notebook structure", "sources as lists", mutate=each(lambda c: c.update(source=c["source"].splitlines(True))))
survives("notebook structure", "cells that are no cells", mutate=lambda nb: {**nb, "cells": [None, 3, [], {}, "x", {"source": 3}, *nb["cells"], {"cell_type": 7}]})
survives("notebook structure", "nbformat 3", mutate=lambda nb: {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}, "worksheets": [
    {"cells": [{**{k: v for k, v in c.items() if k != "source"}, ("input" if c["cell_type"] == "code" else "source"): c["source"]} for c in nb["cells"]]}]}, note="old-format")
survives("notebook structure", "nbformat 99", mutate=lambda nb: {**nb, "nbformat": 99, "nbformat_minor": "x"})
survives("notebook structure", "a hundred empty cells", mutate=lambda nb: {**nb, "cells": [*nb["cells"], *[
    {"cell_type": "code", "source": "", "metadata": {}, "outputs": [], "execution_count": None}] * 100]})
survives("notebook structure", "megabytes of output", mutate=each(lambda c: c["cell_type"] == "code" and c.update(outputs=[
    {"output_type": "stream", "name": "stdout", "text": "0123456789\n" * 100_000}])))
survives("notebook structure", "answers in the test cells", mutate=edit("test_noisy", source=ANSWERS["noisy"]))


# --- the bytes of the file -------------------------------------------------------------------------------------------


def encoded(encoding, prefix=b""):
    return lambda nb: prefix + json.dumps(nb, ensure_ascii=False).encode(encoding)


def as_bytes(function):
    return lambda nb: function(json.dumps(nb, indent=1, ensure_ascii=False).encode())


_UMLAUT = {"why": "Weil ä.", "count_words": ANSWERS["count_words"] + "\n# zählt Wörter"}
survives("encoding", "a byte order mark", _UMLAUT, mutate=encoded("utf-8", b"\xef\xbb\xbf"))
survives("encoding", "UTF-16", _UMLAUT, mutate=encoded("utf-16"), note="encoding")
survives("encoding", "UTF-16 without a mark", _UMLAUT, mutate=encoded("utf-16-le"), note="encoding")
survives("encoding", "Latin-1", _UMLAUT, mutate=encoded("latin-1"), note="encoding")
survives("encoding", "a stray byte in a comment", mutate=as_bytes(lambda b: b.replace(b"def noisy", b"# \xe9\\ndef noisy")), note="encoding")
survives("encoding", "null bytes and control characters", {"noisy": ANSWERS["noisy"] + "\n# \x00\x01\x1f"}, note="cleaned")
survives("encoding", "half a surrogate pair in a comment", mutate=as_bytes(lambda b: b.replace(b"def noisy", b"# \\ud800\\ndef noisy")))
survives("encoding", "Windows line ends", mutate=each(lambda c: c.update(source=c["source"].replace("\n", "\r\n"))))
survives("encoding", "trailing commas", mutate=as_bytes(lambda b: b.replace(b'"nbformat": 4,', b'"nbformat": 4,,')), note="damaged")
survives("encoding", "a merge conflict after the cells", mutate=as_bytes(lambda b: b.replace(
    b'"nbformat": 4,', b'<<<<<<< HEAD\n "nbformat": 4,\n=======\n "nbformat": 4,\n>>>>>>> theirs')), note="damaged")
survives("encoding", "cut off in the last cells", mutate=as_bytes(lambda b: b[: b.index(b"## noisy")]), note="damaged", lost=("noisy", "threshold"))
survives("encoding", "cut off in a cell's outputs", mutate=lambda nb: as_bytes(lambda b: b[: b.index(b"CUT")])(
    edit("test_threshold", outputs=[{"output_type": "stream", "name": "stdout", "text": "CUT"}])(nb)), note="damaged")
survives("encoding", "followed by rubbish", mutate=as_bytes(lambda b: b + b"\x00\x00}}}]]"), note="damaged")
survives("encoding", "a Python script", mutate=lambda nb: "\n\n# %%\n".join(
    cell["source"] for cell in nb["cells"] if marks(cell).get("grade_id") in ANSWERS and cell["cell_type"] == "code").encode(), note="script")
cheats("encoding", "empty", mutate=lambda nb: b"", note="unreadable")
cheats("encoding", "no JSON", mutate=lambda nb: b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 10, note="unreadable")
cheats("encoding", "deep JSON", mutate=lambda nb: b'{"cells": ' + b"[" * 200_000, note="unreadable")
cheats("encoding", "a number of a million digits", mutate=lambda nb: b'{"cells": ' + b"9" * 1_000_000 + b"}", note="unreadable")

# --- resources -------------------------------------------------------------------------------------------------------

ends("resources", "an endless loop in a cell", {"first": "while True:\n    pass"})
ends("resources", "an endless loop in an answer", {"noisy": "def noisy(x, rng):\n    while True:\n        pass"}, lost=("noisy",))
ends("resources", "an endless loop that catches everything", {"noisy": """\
def noisy(x, rng):
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass"""}, lost=("noisy",))
ends("resources", "an endless sum in C", {"noisy": "def noisy(x, rng):\n    return sum(iter(int, 1))"}, lost=("noisy",))
ends("resources", "a very long power", {"noisy": "def noisy(x, rng):\n    return 9 ** 9 ** 9"}, lost=("noisy",))
ends("resources", "a sleep", {"noisy": "import time\ndef noisy(x, rng):\n    time.sleep(10_000)"}, lost=("noisy",))
ends("resources", "all the memory", {"noisy": "def noisy(x, rng):\n    return [bytearray(1 << 28) for _ in range(100)]"}, lost=("noisy",), memory=512 << 20)
ends("resources", "all the memory in a cell", {"first": "hog = []\nwhile True:\n    hog.append(bytearray(b'x') * (1 << 26))"}, memory=512 << 20)
ends("resources", "endless recursion", {"noisy": "def noisy(x, rng):\n    return noisy(x, rng)"}, lost=("noisy",))
ends("resources", "endless recursion without a limit", {"noisy": """\
import sys
sys.setrecursionlimit(10 ** 9)
class A:
    def __getattr__(self, name): return getattr(self, name + "x")
def noisy(x, rng):
    return A().x"""}, lost=("noisy",))
ends("resources", "a file without end", {"first": """\
try:
    with open("big", "wb") as file:
        while True:
            file.write(bytes(1 << 22))
except OSError:
    pass"""})
ends("resources", "a line of 100 MB", {"first": "print('x' * 100_000_000)"})
ends("resources", "output without end", {"first": "while True:\n    print('more', flush=True)"})
ends("resources", "a million figures' worth of display", {"first": "from IPython.display import display\nfor k in range(3000):\n    display(k)"})
ends("resources", "a value that takes forever to show", {"first": """\
class Slow:
    def __repr__(self):
        while True:
            pass
Slow()"""})
ends("resources", "an array too large to send", {"noisy": "def noisy(x, rng):\n    return np.broadcast_to(1.0, (10 ** 6, 10 ** 6))"}, lost=("noisy",))
ends("resources", "a list without end", {"noisy": "def noisy(x, rng):\n    loop = []\n    loop.append(loop)\n    return loop"}, lost=("noisy",))
ends("resources", "a list of a million lists", {"noisy": "def noisy(x, rng):\n    return [[[]] for _ in range(10 ** 6)]"}, lost=("noisy",))
ends("resources", "a deep list", {"noisy": """\
def noisy(x, rng):
    deep = []
    for _ in range(100_000):
        deep = [deep]
    return deep"""}, lost=("noisy",))
ends("resources", "a whole number of a million digits", {"noisy": "def noisy(x, rng):\n    return 10 ** 1_000_000"}, lost=("noisy",))
ends("resources", "a generator without end", {"noisy": "import itertools\ndef noisy(x, rng):\n    return itertools.count()"}, lost=("noisy",))
ends("resources", "calls back without end", {"integrate": "def integrate(f, a, b, n):\n    while True:\n        f(a)"}, lost=("integrate",))
ends("resources", "a cell of a megabyte", {"first": "text = '" + "x" * 1_000_000 + "'"})
ends("resources", "a cell that the parser cannot take", {"first": ["-" * 100_000 + "1", "(" * 5000 + ")" * 5000, "x = " + "[" * 150 + "]" * 150]})
ends("resources", "a deep cell that also ends its process", {"first": [
    "import os\nos._exit(0)\nx = " + "-" * 5000 + "1", "import os\nos._exit(0)\n" + "def f():\n    return " + "+".join("1" * 4000),
    "import os\nos._exit(0)\nx = " + "(" * 150 + ")" * 150]})
ends("resources", "a regular expression that never ends", {"noisy": "import re\ndef noisy(x, rng):\n    re.match('(a*)*b', 'a' * 40)"}, lost=("noisy",))

# --- the protocol between the two processes --------------------------------------------------------------------------

_SPRAY = """\
import os, stat, socket
payloads = [b"\\n", b"{}\\n", b'{"ok": 1, "v": true, "score": 14}\\n', b"\\x00" * 64, b"\\xff" * 64, b'[1,2]' * 9, b"\\x00\\x00\\x00\\x02{}", b"0" * 9]
def spray():
    for fd in range(3, 64):
        try:
            if stat.S_ISSOCK(os.fstat(fd).st_mode) or stat.S_ISFIFO(os.fstat(fd).st_mode):
                os.set_blocking(fd, False)
                for payload in payloads:
                    os.write(fd, payload)
        except OSError:
            pass
"""
cheats("protocol", "messages forged on every descriptor", {"first": _SPRAY + "spray()"})
cheats("protocol", "messages forged during a call", {"first": _SPRAY, "standardize": "def standardize(x):\n    spray()\n    return x"})
cheats("protocol", "messages swallowed", {"first": """\
import os, socket, stat, threading
def swallow(fd):
    try:
        while os.read(fd, 1 << 16):
            pass
    except OSError:
        pass
for fd in range(3, 64):
    try:
        if stat.S_ISSOCK(os.fstat(fd).st_mode):
            threading.Thread(target=swallow, args=(fd,), daemon=True).start()
    except OSError:
        pass"""}, seconds=1.5)
survives("protocol", "all descriptors closed", {"first": "import os\nos.closerange(0, 256)"})
survives("protocol", "standard streams closed and replaced", {"first": """\
import sys, os
sys.stdout.close()
sys.stderr = sys.stdin = None
sys.stdout = None"""})
survives("protocol", "descriptors 0, 1 and 2 closed", {"first": "import os\nfor fd in (0, 1, 2):\n    os.close(fd)"})
cheats("protocol", "the encoder patched", """\
import gc, types, json, struct
for thing in gc.get_objects():
    if isinstance(thing, types.FunctionType) and thing.__name__ in ("encode", "enc", "_encode", "dumps", "pack", "send", "reply", "serve"):
        try:
            thing.__code__ = (lambda *a, **k: b'{"v": true}').__code__
        except (ValueError, AttributeError):
            pass
json.dumps = lambda *a, **k: '{"v": true}' """, seconds=1.5)
cheats("protocol", "the marking code called directly", attempt(
    "import gradschool.grading.judge as j; j.judge(None)", "import gradschool.grading as g; g.Record = dict"))
_RUNNER = "import time\nimport gradschool.grading.student as student\nRunner = student.Runner\nrun, handle = Runner._run, Runner._handle\n"
survives("protocol", "outputs that are none", {"first": _RUNNER + """
def shows(self, source):
    nothing = [None, 3, [], {"output_type": ["x"]}, {"output_type": "stream", "name": ["stdout"], "text": "x"},
               {"output_type": "display_data", "data": {"text/plain": ["x"], "image/png": 5}},
               {"output_type": "error", "ename": {"a": 1}, "evalue": [[[]]], "traceback": {"a": 1}}]
    return run(self, source) | {"outputs": nothing, "ended": {"a": [1]}}
Runner._run = shows"""})
cheats("protocol", "errors that are none", {"first": _RUNNER + """
errors = [{"types": ["KeyboardInterrupt"]}, {"types": ["SystemExit", "BaseException"]}, {"types": [1, {}]}, {"types": ["type"]},
          {"types": ["ExceptionGroup", "OSError"], "text": 5}, 3, None, {"where": [["a" * 10**6, 10**99, "b" * 10**6]] * 9}]
def fails(self, header, frames):
    if header["do"] == "run":
        return handle(self, header, frames)
    errors.append(errors.pop(0))
    return {"error": errors[0], "printed": errors[1]}, []
Runner._handle = fails"""})
ends("protocol", "a reply a byte at a time", {"noisy": _RUNNER + """
import gc
class Slow:
    def __init__(self, socket): self.socket = socket
    def send(self, data):
        time.sleep(0.1)
        return self.socket.send(data[:1])
    def __getattr__(self, name): return getattr(self.socket, name)
def noisy(x, rng):
    for thing in gc.get_objects():
        if type(thing) is Runner:
            thing.channel.socket = Slow(thing.channel.socket)"""}, lost=("noisy",))
_RETURNS = {
    "an object array": "np.array([Yes(), Yes(), Yes()], dtype=object)",
    "a structured array": "np.zeros(3, dtype=[('a', float), ('b', object)])",
    "an array of text": "np.array(['1', '2', '3'])",
    "an array of dates": "np.array(['2026-01-01'] * 3, dtype='M8[D]')",
    "an array of bytes": "np.frombuffer(b'abc', dtype='S1')",
    "an array of no values": "np.empty((0, 3))",
    "an array of NaN": "np.full(np.shape(x), np.nan)",
    "infinity": "np.full(np.shape(x), np.inf)",
    "a masked array": "np.ma.masked_all(np.shape(x))",
    "a masked array that looks right": "np.ma.array(np.zeros(np.shape(x)), mask=True)",
    "a numpy type": "np.float64",
    "a dtype": "np.dtype('f8')",
    "a module": "np",
    "the function itself": "standardize",
    "a ufunc": "np.sin",
    "a class": "type('C', (), {})",
    "an instance of it": "Yes()",
    "a type that says it is an array": "type('A', (), {'__class__': property(lambda s: np.ndarray), 'shape': (3,), '__eq__': lambda s, o: True})()",
    "Ellipsis": "...",
    "NotImplemented": "NotImplemented",
    "a memoryview": "memoryview(b'abc')",
    "a slice": "slice(None)",
    "a frozenset of NaN": "frozenset({float('nan')})",
    "a dict with arrays inside": "{'x': [np.ones(2), {'y': (Yes(),)}]}",
    "a dict with odd keys": "{(1, 2): 3, None: 4, 1.5: 5, b'x': 6}",
    "an exception": "ValueError('x')",
    "a raised StopIteration in disguise": "next(iter([]))",
    "a generator": "(v for v in [])",
    "an awaitable": "(lambda: (yield))()",
    "bytes": "b'\\x00\\xff'",
    "half a surrogate": "'\\ud800'",
    "a complex number": "1j",
    "None": "None",
    "True": "True",
}
_YES = """\
class Yes:
    def __getattr__(self, name): return self
    def __call__(self, *a, **k): return self
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __lt__(self, other): return True
    __le__ = __gt__ = __ge__ = __lt__
    def __bool__(self): return True
    def __hash__(self): return 1
    def __sub__(self, other): return self
    __rsub__ = __add__ = __radd__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = __pow__ = __getitem__ = __sub__
    def __abs__(self): return self
    def __neg__(self): return self
    def __len__(self): return 3
    def __iter__(self): return iter([])
    def __float__(self): return 0.0
    def __int__(self): return 0
    def __index__(self): return 0
    def __contains__(self, other): return True
    def __round__(self, n=0): return self
    def __array__(self, *a, **k): return np.zeros(3)
    def __array_ufunc__(self, *a, **k): return True
    def __array_function__(self, *a, **k): return True
    __array_priority__ = 1e9
"""
for _name, _value in _RETURNS.items():
    cheats("protocol", f"returned: {_name}", {
        "first": _YES, **{q: f"def {q}(x=None, *rest):\n    standardize = {q}\n    return {_value}" for q in
                          ("standardize", "distances", "count_words", "integrate", "smooth", "noisy")},
        "RunningMean": "RunningMean = Yes", "threshold": "threshold = Yes()"})

# --- lying objects ---------------------------------------------------------------------------------------------------

_EXPECTED_CLASSES = {
    "float": "class Lie(float):",
    "int": "class Lie(int):",
    "dict": "class Lie(dict):",
    "list": "class Lie(list):",
    "str": "class Lie(str):",
    "tuple": "class Lie(tuple):",
    "complex": "class Lie(complex):",
    "np.float64": "class Lie(np.float64):",
}
for _type, _head in _EXPECTED_CLASSES.items():
    _value = {"dict": "Lie(x=1)", "list": "Lie([1])", "str": "Lie('a')", "tuple": "Lie((1,))"}.get(_type, "Lie(77)")
    cheats("lying objects", f"a {_type} that equals everything", {
        "first": _head + "\n" + "\n".join(line for line in _YES.splitlines()[1:] if "__getattr__" not in line and "__call__" not in line),
        **{q: f"def {q}(*a, **k):\n    return {_value}" for q in ("standardize", "distances", "count_words", "integrate", "smooth", "noisy")},
        "RunningMean": f"class RunningMean:\n    count = value = {_value}\n    def update(self, x): pass",
        "threshold": f"threshold = {_value}"})
cheats("lying objects", "a property that changes its mind", {"RunningMean": """\
class RunningMean:
    def update(self, x): pass
    @property
    def count(self): return type("Three", (int,), {"__eq__": lambda s, o: True})(0)
    @property
    def value(self): return type("Any", (float,), {"__sub__": lambda s, o: 0.0, "__eq__": lambda s, o: True})(7)"""})
cheats("lying objects", "an object whose difference with anything is 0", {
    "first": "class Near:\n    __sub__ = __rsub__ = lambda self, other: 0.0",
    "integrate": "def integrate(f, a, b, n):\n    f(a)\n    return Near()", "threshold": "threshold = Near()"})
cheats("lying objects", "an object that takes the other's value", {
    "first": """\
class Mirror:
    seen = -100.0
    def __sub__(self, other):
        Mirror.seen = other
        return self
    __rsub__ = __add__ = __radd__ = __mul__ = __sub__
    def __abs__(self): return 0.0
    def __float__(self): return float(Mirror.seen)
    def __array__(self, *a, **k): return np.asarray(Mirror.seen)""",
    "integrate": "def integrate(f, a, b, n):\n    f(a)\n    return Mirror()", "threshold": "threshold = Mirror()"})
cheats("lying objects", "the shape, mean and deviation that are asked for", {"standardize": """\
class Summary:
    shape = (3,)
    def mean(self, *a, **k): return 0.0
    def std(self, *a, **k): return 1.0
def standardize(x):
    return Summary()"""})
cheats("lying objects", "the right length and no items", {"smooth": """\
class Hollow:
    def __len__(self): return 7
    def __iter__(self): return iter(())
def smooth(x, width):
    return Hollow() if width == 4 else -np.ones(3)"""})
cheats("lying objects", "a number that is none", {"threshold": "threshold = float('nan')", "integrate": "def integrate(*a):\n    return float('nan')"})
cheats("lying objects", "a function that returns itself and everything", {
    q: f"def {q}(*a, **k):\n    return {q}\n{q}.__sub__ = {q}.__abs__ = {q}" for q in ("standardize", "integrate", "smooth", "noisy")})
cheats("lying objects", "__class__ and isinstance", {"RunningMean": """\
class Meta(type):
    def __instancecheck__(cls, x): return True
    def __subclasscheck__(cls, x): return True
    def __eq__(cls, other): return True
    def __hash__(cls): return 1
    def __getattr__(cls, name): return cls
    def __call__(cls, *a, **k): return cls
class RunningMean(metaclass=Meta):
    __class__ = float"""})
cheats("lying objects", "__getattribute__ that answers everything", {"RunningMean": """\
class RunningMean:
    def __getattribute__(self, name):
        if name == "update":
            return lambda x: None
        return True"""})
cheats("lying objects", "__array__ and the array interface", {"standardize": """\
class A:
    shape = (3,)
    def __array__(self, dtype=None, copy=None):
        import numpy.testing as t
        t.assert_allclose = lambda *a, **k: None
        return np.zeros(3)
    @property
    def __array_interface__(self):
        return {"shape": (3,), "typestr": "<f8", "data": (0, False), "version": 3}
def standardize(x):
    return A()"""})
cheats("subclassed arrays", "an ndarray that equals everything", {"first": """\
class Lie(np.ndarray):
    def __eq__(self, other): return np.ones(3, bool)
    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs): return np.zeros(3)
    def __array_function__(self, func, types, args, kwargs): return True
    def __array_finalize__(self, obj): pass
    def all(self, *a, **k): return True
    shape = property(lambda self: (3,))
lie = np.full(3, 77.0).view(Lie)""", **{q: f"def {q}(*a, **k):\n    return lie" for q in ("standardize", "distances", "smooth", "noisy")}})
cheats("subclassed arrays", "a matrix, a recarray, a memmap with lies inside", {"first": """\
class M(np.matrix):
    def __array_wrap__(self, *a, **k): return np.zeros(3)
    def __array_ufunc__(self, *a, **k): return True""",
    "standardize": "def standardize(x):\n    return np.zeros(len(x)).view(M)",
    "distances": "def distances(a, b):\n    return np.rec.fromarrays([np.zeros(2)])",
    "noisy": "def noisy(x, rng):\n    m = np.memmap('m', dtype=float, mode='w+', shape=(5,))\n    return m"})
cheats("lying objects", "exceptions that say they are something else", {"standardize": """\
class Fine(Exception):
    check = slip = "forged/slip/id"
    __class__ = StopIteration
    def __str__(self): return 1
    def __repr__(self): raise SystemExit
def standardize(x):
    raise Fine"""})
for _error in ["StopIteration", "GeneratorExit", "SystemExit(0)", "KeyboardInterrupt", "StopAsyncIteration", "AssertionError",
               "NotImplementedError", "MemoryError", "RecursionError", "UnicodeDecodeError('x', b'', 0, 1, '')",
               "BaseExceptionGroup('x', [SystemExit()])", "__import__('unittest').SkipTest('x')", "EOFError", "BrokenPipeError", "TimeoutError"]:
    cheats("lying objects", f"every answer raises {_error}", {
        **{q: f"def {q}(*a, **k):\n    raise {_error}" for q in ("standardize", "count_words", "integrate", "smooth", "noisy", "RunningMean")}})
cheats("lying objects", "an exception with a message of 50 MB", {"standardize": "def standardize(x):\n    raise ValueError('x' * 50_000_000)"})
cheats("lying objects", "an exception with itself as its cause", {"standardize": """\
def standardize(x):
    error = ValueError("round")
    error.__cause__ = error.__context__ = error
    raise error"""})
cheats("lying objects", "a forged slip and check", {"standardize": """\
def standardize(x):
    error = AssertionError("well done [slip: ps06/net_input/no-bias]")
    error.slip, error.check, error.question, error.problem_set = "forged", "forged", "q", "ps"
    raise error"""})

# --- the function that is handed over, the random numbers ------------------------------------------------------------

cheats("callbacks", "called with objects that lie", {"first": _YES, "integrate": """\
def integrate(f, a, b, n):
    return f(Yes())"""})
cheats("callbacks", "its results kept and its attributes set", {"integrate": """\
def integrate(f, a, b, n):
    try:
        f.__code__ = (lambda x: 0).__code__
        f.__defaults__ = (1,)
        f.earned = 2
    except Exception:
        pass
    return f"""})
cheats("callbacks", "called after the test is over", {"integrate": """\
kept = []
def integrate(f, a, b, n):
    kept.append(f)
    return -1""", "last": "for f in kept:\n    print(f(2.0))"})
cheats("callbacks", "called with itself", {"integrate": "def integrate(f, a, b, n):\n    return f(f)"})
cheats("callbacks", "called with what cannot be sent", {"integrate": """\
def integrate(f, a, b, n):
    for x in (open, np, object(), np.array([None]), {1: {2: object}}, [[]] * 100_000, lambda: 1, 10 ** 10_000):
        try:
            f(x)
        except Exception:
            pass
    return -1"""})
survives("callbacks", "called with keywords and errors caught", {"integrate": """\
def integrate(f, a, b, n):
    try:
        f()
    except TypeError:
        pass
    x = np.linspace(a, b, n + 1)
    y = [f(value) for value in x]
    return np.trapezoid(y, x)"""})
survives("callbacks", "called with a whole array", {"integrate": "def integrate(f, a, b, n):\n    x = np.linspace(a, b, n + 1)\n    return np.trapezoid(f(x), x)"})
survives("callbacks", "handed to numpy", {"integrate": "def integrate(f, a, b, n):\n    x = np.linspace(a, b, n + 1)\n    return np.trapezoid(np.vectorize(f)(x), x)"})
survives("callbacks", "called by four threads at once", {"integrate": """\
from concurrent.futures import ThreadPoolExecutor
def integrate(f, a, b, n):
    x = np.linspace(a, b, n + 1)
    with ThreadPoolExecutor(4) as pool:
        return np.trapezoid(list(pool.map(f, x)), x)"""})
survives("callbacks", "called from within another of the student's", {"integrate": """\
def integrate(f, a, b, n):
    def g(t):
        return f(a + (b - a) * t)
    return (b - a) * sum((g(k / n) + g((k + 1) / n)) / 2 for k in range(n)) / n"""})
cheats("random state", "the seed and the generators patched", """\
class Zero:
    def __getattr__(self, name): return lambda *a, size=None, **k: np.zeros(size or 1)
np.random.default_rng = lambda *a: Zero()
np.random.seed(0)
np.random.Generator = Zero""")
cheats("random state", "the generator handed over looked into", {"noisy": """\
def noisy(x, rng):
    try:
        rng.bit_generator.state = {"state": 0}
        rng.normal = lambda size: np.zeros(size)
    except Exception:
        pass
    return x"""})
survives("random state", "the global state used up elsewhere", {"first": "np.random.seed(1)\nnp.random.normal(size=1000)\nimport random\nrandom.seed(2)"})
survives("random state", "the generator used as it is", {"noisy": "def noisy(x, rng):\n    noise = rng.normal(0, 1, x.shape)\n    return np.add(x, noise)"})

# --- interpreter hooks -----------------------------------------------------------------------------------------------

cheats("sys.settrace", "a tracer that edits what it sees", """\
import sys, threading
def tracer(frame, event, arg):
    frame.f_locals.update(earned=2, ok=True, passed=True)
    return tracer
sys.settrace(tracer); threading.settrace(tracer)""")
survives("sys.settrace", "a tracer that raises", {"first": "import sys\nsys.settrace(lambda *a: 1 / 0)"})
survives("sys.settrace", "a profiler left on", {"first": "import sys\nsys.setprofile(lambda *a: None)"})
survives("sys.settrace", "sys.excepthook, unraisablehook, audit hook", {"first": """\
import sys
sys.excepthook = sys.unraisablehook = lambda *a: None
sys.setswitchinterval(1e-6)"""})
survives("sys.settrace", "an audit hook that forbids everything", {"first": """\
import sys
def hook(event, args):
    if event.startswith(("socket", "open")):
        raise RuntimeError("no")
sys.addaudithook(hook)"""})
survives("atexit", "functions that hang or exit", {"first": """\
import atexit, os, time, weakref
atexit.register(time.sleep, 10_000)
atexit.register(os._exit, 0)
class C: pass
c = C()
weakref.finalize(c, os._exit, 7)"""})
survives("atexit", "os._exit in a cell", {"first": "import os\nos._exit(0)"})
survives("atexit", "os._exit in one answer", {"noisy": "import os\ndef noisy(x, rng):\n    os._exit(0)"}, lost=("noisy",))
survives("atexit", "os.abort in one answer", {"noisy": "import os\ndef noisy(x, rng):\n    os.abort()"}, lost=("noisy",))
survives("atexit", "os.execv", {"first": "import os\nos.execv('/bin/true', ['true'])"})
cheats("atexit", "a score printed on the way out", "import atexit\natexit.register(print, '{\"score\": 14}')")
survives("codecs", "utf-8 replaced", {"last": """\
import codecs
codecs.register(lambda name: 1 / 0)
import encodings
encodings._cache.clear()"""})
cheats("codecs", "json, struct, pickle and base64 broken", """\
import json, struct, pickle, base64
json.dumps = json.loads = struct.pack = struct.unpack = pickle.dumps = base64.b64encode = None
json.JSONEncoder.default = None""")
survives("warnings", "warnings as errors", {"first": "import warnings\nwarnings.simplefilter('error')\nnp.seterr(all='raise')"})
survives("warnings", "a warning in every answer", {"standardize": "import warnings\ndef standardize(x):\n    warnings.warn('careful')\n    return (x - x.mean()) / x.std()"})
survives("warnings", "division by zero on the way", {"standardize": ANSWERS["standardize"].replace("    return", "    np.ones(3) / np.zeros(3)\n    return")})
survives("warnings", "showwarning replaced", {"first": "import warnings\nwarnings.showwarning = None\nwarnings.warn('x')"})
cheats("imports", "the answer's own source read from the library", attempt("from gradschool.solutions import *", "import signals"))
survives("imports", "a module that is not there", {"first": "import no_such_module\nfrom no.such import thing"})
survives("imports", "antigravity and this", {"first": "import this"})
survives("imports", "star imports", {"first": "from numpy import *\nfrom builtins import *\nfrom math import *", "standardize": "def standardize(x):\n    return (x - mean(x)) / std(x)"})

# --- honest and odd --------------------------------------------------------------------------------------------------


def honest(name, answers=None, **rest):
    survives("honest", name, answers, **rest)


def gives(question, expression, arguments):
    return {question: f"def {question}({arguments}):\n    return {expression}"}


honest("all right")
CASES.append(Case("honest", "all wrong", base="wrong"))
CASES.append(Case("honest", "nothing filled in", {q: "# YOUR CODE HERE\nraise NotImplementedError()" for q in ANSWERS if q != "why"}, base="wrong"))
honest("leaves out one answer", {"integrate": "# YOUR CODE HERE\nraise NotImplementedError()"}, lost=("integrate",))
honest("an empty answer cell", {"integrate": ""}, lost=("integrate",))
honest("a syntax error in one answer", {"integrate": "def integrate(f, a, b, n)\n    return"}, lost=("integrate",))
honest("mixed tabs and spaces in one answer", {"integrate": "def integrate(f, a, b, n):\n\tx = 1\n        return x"}, lost=("integrate",))
honest("an error in a cell of one's own", {"first": "1 / 0", "last": "undefined_name"})
honest("an error after the answer in the same cell", {"noisy": ANSWERS["noisy"] + "\n\nnoisy(3, None)"})
honest("prints everywhere", {"standardize": "def standardize(x):\n    print('standardizing', x)\n    return (x - x.mean()) / x.std()", "first": "print('hello')"})
honest("chatter on stderr", {"first": "import sys\nprint('warming up', file=sys.stderr)", "standardize": "import sys, os\ndef standardize(x):\n    sys.stderr.write('hm\\n')\n    os.write(2, b'raw')\n    return (x - x.mean()) / x.std()"})
honest("logging", {"first": "import logging\nlogging.basicConfig(level='DEBUG')\nlogging.error('x')"})
honest("slow but finished", {"standardize": "import time\ndef standardize(x):\n    time.sleep(0.15)\n    return (x - x.mean()) / x.std()"})
honest("plots", {"last": """\
import matplotlib.pyplot as plt
fig, ax = plt.subplots()
ax.plot([1, 2], label="a")
plt.title("title")
plt.show()"""})
honest("%%time in answers", {q: "%%time\n" + ANSWERS[q] for q in ("standardize", "distances", "RunningMean")})
honest("helper cells", {"first": ["def _mean(x):\n    return sum(x) / len(x)", "eps = 0.0"], "standardize": "def standardize(x):\n    return (x - _mean(x)) / (np.std(x) + eps)"})
honest("a helper below its user", {"standardize": "def standardize(x):\n    return _z(x)\n\ndef _z(x):\n    return (x - x.mean()) / x.std()"})
honest("renamed variables and arguments", {"integrate": ANSWERS["integrate"].replace("step", "delta_x").replace("middle", "sum_of_the_rest")})
honest("nested functions", {"distances": """\
def distances(a, b):
    def one(u):
        def other(v):
            return np.linalg.norm(u - v)
        return [other(v) for v in b]
    return np.array([one(u) for u in a])"""})
honest("lambdas", {"standardize": "standardize = lambda x: (x - x.mean()) / x.std()", "smooth": "smooth = lambda x, width: np.convolve(x, np.full(width, 1 / width), 'valid')"})
honest("functools.partial", {"smooth": "from functools import partial\ndef _s(mode, x, width):\n    return np.convolve(x, np.ones(width) / width, mode=mode)\nsmooth = partial(_s, 'valid')"})
honest("a callable object", {"standardize": "class Standardizer:\n    def __call__(self, x):\n        return (x - x.mean()) / x.std()\nstandardize = Standardizer()"})
honest("a bound method", {"count_words": "class Counter_:\n    def count(self, text):\n        words = text.lower().split()\n        return {w: words.count(w) for w in words}\ncount_words = Counter_().count"})
honest("a decorated function", {"standardize": """\
import functools
def loud(f):
    @functools.wraps(f)
    def inner(*args, **kwargs):
        print("calling")
        return f(*args, **kwargs)
    return inner
@loud
def standardize(x):
    return (x - x.mean()) / x.std()"""})
honest("lru_cache", {"count_words": "import functools\n@functools.lru_cache\ndef count_words(text):\n    words = text.lower().split()\n    return {w: words.count(w) for w in words}"})
honest("pasted with prompts", {"standardize": "\n".join(
    ("... " if k else ">>> ") + line for k, line in enumerate(ANSWERS["standardize"].split("\n")))})
honest("processes of a pool", {"standardize": """\
from concurrent.futures import ProcessPoolExecutor
def standardize(x):
    with ProcessPoolExecutor(2) as pool:
        m, s = pool.map(float, [x.mean(), x.std()])
    return (x - m) / s"""})
honest("recursion 5000 deep", {"count_words": """\
import sys
sys.setrecursionlimit(10_000)
def depth(n):
    return n and 1 + depth(n - 1)
def count_words(text):
    words = text.lower().split()
    return {word: words.count(word) for word in words if depth(5000)}"""})
honest("generators", {"integrate": """\
def _points(a, b, n):
    for k in range(n):
        yield a + k * (b - a) / n, a + (k + 1) * (b - a) / n
def integrate(f, a, b, n):
    return sum((right - left) * (f(left) + f(right)) / 2 for left, right in _points(a, b, n))"""})
honest("recursion", {"count_words": """\
def count_words(text):
    words = text.lower().split() if isinstance(text, str) else text
    if not words:
        return {}
    rest = count_words(words[1:])
    return {**rest, words[0]: rest.get(words[0], 0) + 1}"""})
honest("input() used", {"first": "try:\n    name = input('Your name? ')\nexcept Exception:\n    name = 'nobody'"})
honest("input() not caught", {"first": "age = int(input())"})
honest("unicode identifiers", {"standardize": "def standardize(x):\n    μ, σ = x.mean(), x.std()\n    größe = x - μ\n    return größe / σ"})
honest("trailing spaces and blank lines", {q: "\n\n" + ANSWERS[q].replace("\n", "   \n") + "   \n\n\n" for q in ("standardize", "distances", "threshold")})
honest("a list where an array would do", {**gives("standardize", "[float(v) for v in (x - x.mean()) / x.std()]", "x"), **gives("distances", "np.sqrt(((a[:, None] - b[None]) ** 2).sum(axis=-1)).tolist()", "a, b"), **gives("smooth", "list(np.convolve(x, np.ones(width) / width, 'valid'))", "x, width")})
honest("a tuple where an array would do", gives("standardize", "tuple((x - x.mean()) / x.std())", "x"))
honest("np.matrix", gives("distances", "np.matrix(np.sqrt(((a[:, None] - b[None]) ** 2).sum(axis=-1)))", "a, b"))
honest("a masked array with nothing masked", gives("standardize", "np.ma.array((x - x.mean()) / x.std())", "x"))
honest("Fortran order, a view, strides", {**gives("distances", "np.asfortranarray(np.sqrt(((a[:, None] - b[None]) ** 2).sum(axis=-1)))", "a, b"), **gives("standardize", "np.repeat((x - x.mean()) / x.std(), 2)[::2]", "x")})
honest("a read-only array", {"standardize": "def standardize(x):\n    z = (x - x.mean()) / x.std()\n    z.flags.writeable = False\n    return z"})
honest("big-endian", gives("standardize", "((x - x.mean()) / x.std()).astype('>f8')", "x"))
honest("longdouble", gives("standardize", "((x - x.mean()) / x.std()).astype(np.longdouble)", "x"))
honest("0-d arrays", {**gives("integrate", "np.array((b - a) / n * (sum(f(a + k * (b - a) / n) for k in range(1, n)) + (f(a) + f(b)) / 2))", "f, a, b, n"), "threshold": "threshold = np.array(0.5)"})
honest("numpy numbers in a dict", gives("count_words", "{w: np.int64(text.lower().split().count(w)) for w in text.lower().split()}", "text"))
honest("a Counter", {"count_words": "from collections import Counter\ndef count_words(text):\n    return Counter(text.lower().split())"})
honest("a defaultdict", {"count_words": "from collections import defaultdict\ndef count_words(text):\n    counts = defaultdict(int)\n    for word in text.lower().split():\n        counts[word] += 1\n    return counts"})
honest("an OrderedDict", {"count_words": "from collections import OrderedDict\ndef count_words(text):\n    words = text.lower().split()\n    return OrderedDict((w, words.count(w)) for w in words)"})
honest("fractions", {"threshold": "from fractions import Fraction\nthreshold = Fraction(1, 2)"})
honest("decimals as floats", {"threshold": "from decimal import Decimal\nthreshold = float(Decimal('0.5'))"})
honest("a float32", {"threshold": "threshold = np.float32(0.5)"})
honest("whole numbers", {"integrate": ANSWERS["integrate"].replace("return step", "return round(1, 0) * step"), "RunningMean": ANSWERS["RunningMean"].replace("0.0", "0")})
honest("annotations and docstrings", {"standardize": 'def standardize(x: "np.ndarray") -> "np.ndarray":\n    """Standardize."""\n    return (x - x.mean()) / x.std()'})
honest("default and keyword-only arguments", {"integrate": "def integrate(f, a, b, n=100, *, rule=None):\n    step = (b - a) / n\n    return step * (f(a) / 2 + sum(f(a + k * step) for k in range(1, n)) + f(b) / 2)"})
honest("star arguments", {"standardize": "def standardize(*args, **kwargs):\n    x, = args\n    return (x - x.mean()) / x.std()"})
honest("arguments changed in place", {"standardize": "def standardize(x):\n    x -= x.mean()\n    x /= x.std()\n    return x"})
honest("a module-level cache", {"standardize": "cache = {}\ndef standardize(x):\n    key = x.tobytes()\n    if key not in cache:\n        cache[key] = (x - x.mean()) / x.std()\n    return cache[key]"})
honest("global counters", {"standardize": "calls = 0\ndef standardize(x):\n    global calls\n    calls += 1\n    return (x - x.mean()) / x.std()"})
honest("a dataclass", {"RunningMean": """\
from dataclasses import dataclass
@dataclass
class RunningMean:
    count: int = 0
    total: float = 0.0
    def update(self, x):
        self.count += 1
        self.total += x
    @property
    def value(self):
        return self.total / self.count"""})
honest("slots, inheritance, super", {"RunningMean": """\
class _Base:
    __slots__ = ("count",)
    def __init__(self):
        self.count = 0
class RunningMean(_Base):
    __slots__ = ("value",)
    def __init__(self):
        super().__init__()
        self.value = 0.0
    def update(self, x):
        self.count += 1
        self.value += (x - self.value) / self.count"""})
honest("a class made by a function", {"RunningMean": """\
def make():
    class Inner:
        def __init__(self): self.seen = []
        def update(self, x): self.seen.append(x)
        count = property(lambda self: len(self.seen))
        value = property(lambda self: float(np.mean(self.seen)))
    return Inner
RunningMean = make()"""})
honest("update returns self", {"RunningMean": ANSWERS["RunningMean"].replace("self.total += x", "self.total += x\n        return self")})
honest("state shared between objects", {"RunningMean": """\
class RunningMean:
    count, seen = 0, []
    def update(self, x):
        self.seen.append(x)
        self.count += 1
    @property
    def value(self):
        return sum(self.seen) / len(self.seen)"""}, lost=("RunningMean",))
honest("a custom exception that is a ValueError", {"distances": """\
class ColumnsDiffer(ValueError):
    pass
def distances(a, b):
    if a.shape[1] != b.shape[1]:
        raise ColumnsDiffer("columns")
    return np.sqrt(((a[:, None] - b[None]) ** 2).sum(axis=-1))"""})
honest("the wrong exception", {"distances": "def distances(a, b):\n    if a.shape[1] != b.shape[1]:\n        raise KeyError('columns')\n" + ANSWERS["distances"].split("\n", 1)[1]}, lost=("distances",))
honest("an assertion of one's own", {"distances": "def distances(a, b):\n    assert a.ndim == 2\n" + ANSWERS["distances"].split("\n", 1)[1]})
honest("redefined later", {"first": "def standardize(x):\n    return 0", "noisy": ANSWERS["noisy"]})
honest("names that tests use", {"last": "z = 3\nx = None\ngot = 5\nexpected = 7\nrng = 'a'\nmean = 3\nother = 1\nseen = ()", "first": "samples = corner = others = line = square = earned = 0"})
honest("uses the data cell", {"threshold": "threshold = float(np.median(wave))"})
honest("the data changed by a cell of one's own, afterwards", {"last": "wave[:] = 0"})
honest("async and await", {"first": "import asyncio\nawait asyncio.sleep(0)\nasync def f():\n    return 1\nawait f()"})
honest("a walrus, match, type hints, f-strings", {"first": "if (n := 3) > 2:\n    pass\nmatch n:\n    case 3:\n        print(f'{n=}')"})
honest("numpy print options and errstate", {"first": "np.set_printoptions(precision=1)\nnp.seterr(all='ignore')"})
honest("scipy or pandas when there", {"first": "try:\n    import pandas as pd\n    import scipy\nexcept ImportError:\n    pass"})
honest("np renamed in one's own cells", {"first": "import numpy as numpy_\nnp_ = numpy_", "standardize": "def standardize(x):\n    return (x - np_.mean(x)) / np_.std(x)"})
honest("np deleted at the end", {"last": "del np"})
honest("a figure per answer and %matplotlib", {"first": "%matplotlib inline\nimport matplotlib.pyplot as plt", "standardize": ANSWERS["standardize"] + "\nplt.plot(standardize(np.arange(3.0)))"})
honest("a comment only", {"first": "# nothing to see"})
honest("a very long line and very many lines", {"first": "x = [" + ", ".join(map(str, range(20_000))) + "]\n" + "x = 1\n" * 5000})
honest("html and javascript shown", {"first": "from IPython.display import HTML, Javascript, display\ndisplay(HTML('<script>alert(1)</script>'))\ndisplay(Javascript('1'))"})
honest("the written answer left empty", {"why": ""})
honest("the written answer in code", {"why": "```python\nx = 1\n```\n$\\sum_i x_i$ <b>bold</b>"})
honest("del of a helper after use", {"first": "helper = 3", "last": "del helper"})
honest("os.chdir and relative files", {"first": "import os\nos.makedirs('sub', exist_ok=True)\nos.chdir('sub')\nopen('a.txt', 'w').write('x')"})
honest("tqdm bars", {"first": "from tqdm.auto import tqdm\nfor _ in tqdm(range(3)):\n    pass"})
honest("time measured", {"first": "import time\nstart = time.perf_counter()\nprint(f'{time.perf_counter() - start:.3f} s')"})
