"""One notebook judged: what tests can do with a student's answers, and what students are told."""

import time

import numpy as np
import pytest
from gradschool.grading.judge import Limits, Servers, judge, make_plan
from gradschool.grading.surroundings import set_states
from marking import answer, code, given, handed_in, hidden, notebook, test, written


@pytest.fixture(scope="module")
def servers():
    with Servers(["numpy"], ["numpy", "pytest"]) as servers:
        yield servers


def mark(servers, *cells, answers=None, extra=(), limits=None, plan=None, **more):
    source = notebook(*cells)
    return judge(
        handed_in(source, answers, extra), tests_from=source, servers=servers, limits=limits, plan=plan, **more
    )


def one(servers, right, check, given_answer=None, **more):
    """The record of the one test ``check`` of the answer ``right``, or of ``given_answer`` in its place."""
    answers = {"a": given_answer} if given_answer is not None else None
    return mark(
        servers, code("import numpy as np"), answer("a", right), test("t", 2, check), answers=answers, **more
    ).cells["t"]


PASSING = {
    "plain data comes back with its type": (
        "def f(x):\n    return {'a': (1, [x, None]), 2: np.float32(0.5), 'z': 3 + 1j}",
        "r = f(2.5)\nassert r == {'a': (1, [2.5, None]), 2: 0.5, 'z': 3 + 1j} and type(r[2]) is np.float32",
    ),
    "arrays keep shape and dtype": (
        "def f(x):\n    return x.astype('f4').T",
        ("x = np.arange(6).reshape(2, 3)\ny = f(x)\n"
        "assert type(y) is np.ndarray and y.shape == (3, 2) and y.dtype == np.float32\nassert (y == x.T).all()"),
    ),
    "keyword arguments": ("def f(*, a, b=2):\n    return a * b", "assert f(a=3) == 6 and f(a=3, b=5) == 15"),
    "a built-in exception": (
        "def f(x):\n    raise ValueError(f'x must not be {x}')",
        "import pytest\nwith pytest.raises(ValueError, match='must not be 3'):\n    f(3)",
    ),
    "a student's own exception counts as its base": (
        "class Bad(KeyError):\n    pass\n\ndef f():\n    raise Bad('k')",
        "try:\n    f()\nexcept LookupError as error:\n    assert 'k' in str(error)\nelse:\n    assert False",
    ),
    "unittest's assertions": (
        "def f(x):\n    raise np.linalg.LinAlgError('singular')",
        "import unittest\nwith unittest.TestCase().assertRaises(np.linalg.LinAlgError):\n    f(1)",
    ),
    "a function handed over is called back": (
        "def f(g, x):\n    return g(g(x))",
        "calls = []\ndef double(x):\n    calls.append(x)\n    return 2 * x\nassert f(double, 3) == 12 and calls == [3, 6]",
    ),
    "callbacks that call the student again": (
        "def f(g, n):\n    return 1 if n == 0 else g(n)\n",
        "assert f(lambda n: n * f(lambda m: 5, n - 1), 3) == 3 * 5",
    ),
    "a student's function handed to a student's function": (
        "def f(g, x):\n    return g(x)\n\ndef double(x):\n    return 2 * x",
        "assert f(double, 4) == 8",
    ),
    "an exception in a callback reaches the student and comes back": (
        "def f(g):\n    try:\n        g()\n    except ZeroDivisionError:\n        return 'caught'",
        "assert f(lambda: 1 / 0) == 'caught'",
    ),
    "library functions go over by name": ("def f(g, x):\n    return g(x)", "assert f(np.sin, 0.0) == 0.0"),
    "a random generator goes over with its state": (
        "def f(rng):\n    return rng.normal(size=3)",
        "assert np.array_equal(f(np.random.default_rng(5)), np.random.default_rng(5).normal(size=3))",
    ),
    "dtypes and types": ("def f(d):\n    return np.zeros(2, d)", "assert f(np.float32).dtype == np.float32\nassert f(int)[0] == 0"),
    "a class with state": (
        ("class Counter:\n    def __init__(self, start=0):\n        self.n = start\n"
        "    def up(self, by=1):\n        self.n += by\n        return self"),
        "c = Counter(3)\nc.up().up(5)\nassert c.n == 9 and isinstance(c, Counter)\nc.n = 1\nassert c.up().n == 2\nassert Counter().n == 0",
    ),
    "operators, length, items, iteration": (
        ("class V:\n    def __init__(self, *x):\n        self.x = list(x)\n    def __add__(self, o):\n"
        "        return V(*(a + b for a, b in zip(self.x, o.x)))\n    def __len__(self):\n        return len(self.x)\n"
        "    def __getitem__(self, i):\n        return self.x[i]\n    def __iter__(self):\n        return iter(self.x)\n"
        "    def __contains__(self, v):\n        return v in self.x"),
        "v = V(1, 2) + V(3, 4)\nassert len(v) == 2 and v[1] == 6 and list(v) == [4, 6] and 6 in v and v[-1:] == [6]",
    ),
    "generators": (
        "def f(n):\n    for i in range(n):\n        yield i * i",
        "assert list(f(4)) == [0, 1, 4, 9]\ng = f(3)\nassert next(g) == 0 and sum(g) == 5",
    ),
    "numbers in disguise are compared as data": (
        "from fractions import Fraction\ndef f():\n    return Fraction(1, 4)",
        "assert f() == 0.25 and abs(f() - 0.25) < 1e-12 and 0 < f() < 1\nassert np.isclose(float(f()), 0.25)",
    ),
    "a student's global, read": ("alpha = 0.5\nW = np.eye(2)", "assert alpha == 0.5\nassert W.trace() == 2\nassert 'W' in globals()"),
    "numpy imported by the student alone": ("import numpy as numerics\ndef f():\n    return 1", "assert numerics.isclose(f(), 1)"),
    "a name that shadows a built-in where the answer is to define it": (
        "def sum(values):\n    return 42", "assert sum([1]) == 42",
    ),
    "helpers, loops and closures in the test": (
        "def f(x):\n    return x + 1",
        ("def check(g, k):\n    return [g(i) for i in range(k)] == list(range(1, k + 1))\nassert check(f, 4)\n"
        "assert all(f(i) > i for i in range(3))\nassert (lambda: f(1))() == 2"),
    ),
    "printing, warnings and stderr cost nothing": (
        "import sys, warnings\ndef f():\n    print('x' * 10**6)\n    print('!', file=sys.stderr)\n    warnings.warn('careful')\n    return 1",
        "assert f() == 1\nprint(f())",
    ),
    "a big array": ("def f(x):\n    return x * 2", "x = np.ones(5_000_000)\nassert f(x).sum() == 1e7"),
}  # fmt: skip


@pytest.mark.parametrize("name", PASSING)
def test_what_tests_can_do(servers, name):
    right, check = PASSING[name]
    cell = one(servers, right, check)
    assert (cell.outcome, cell.score) == ("passed", 2.0), f"{cell.message} | {cell.detail}"


@pytest.mark.parametrize("name", [n for n in PASSING if "def " in PASSING[n][0]])
def test_and_an_empty_answer_fails_them(servers, name):
    assert one(servers, *PASSING[name], given_answer="pass").score == 0


LIARS = {
    "equal to everything": "class L:\n    def __eq__(self, o): return True\n    __hash__ = None\ndef f(x): return L()",
    "an array that is always right": "class L(np.ndarray):\n    def __eq__(self, o): return np.True_\n    def all(self, *a): return True\n"
    "def f(x): return np.zeros(3).view(L)",
    "a float that is always near": "class L(float):\n    def __sub__(self, o): return 0.0\n    def __eq__(self, o): return True\ndef f(x): return L(7)",
    "a list that is equal": "class L(list):\n    def __eq__(self, o): return True\ndef f(x): return L([7.0])",
    "an ufunc that lies": "class L:\n    def __array_ufunc__(self, *a, **k): return np.True_\n    def __array__(self, *a, **k): return np.zeros(3)\ndef f(x): return L()",
    "operators that lie": "class L:\n    def __sub__(self, o): return self\n    __rsub__ = __sub__\n    def __abs__(self): return self\n"
    "    def __lt__(self, o): return True\n    def __bool__(self): return True\ndef f(x): return L()",
    "names of the tests replaced": "np.allclose = lambda *a, **k: True\nclass np:\n    allclose = staticmethod(lambda *a, **k: True)\n"
    "all = abs = lambda *a: 0\ndef f(x): return 1",
    "assertions patched": "import numpy.testing, builtins\nnumpy.testing.assert_allclose = lambda *a, **k: None\nbuiltins.abs = lambda x: 0\n"
    "def f(x): return 1",
}


@pytest.mark.parametrize("name", LIARS)
def test_objects_that_lie_earn_nothing(servers, name):
    right = "def f(x):\n    return x * 2.5"
    for check in (
        "assert f(2.0) == 5.0",
        "assert abs(f(2.0) - 5.0) < 1e-9",
        "assert np.allclose(f(np.ones(3)), 2.5)",
        "np.testing.assert_allclose(f(np.ones(3)), np.full(3, 2.5))",
        "assert (f(np.ones(3)) == 2.5).all()",
        "assert [f(2.0)] == [5.0]",
    ):
        assert one(servers, right, check).score == 2
        cell = one(servers, right, check, given_answer=LIARS[name])
        assert cell.score == 0, f"{check}: {cell}"


def test_inputs_are_copies_and_the_student_is_told(servers):
    right = "def f(x):\n    return 2 * x"
    check = "x = np.ones(3)\ny = f(x)\nassert (x == 1).all() and (y == 2).all()"
    cell = one(servers, right, check, given_answer="def f(x):\n    x *= 2\n    return x")
    assert cell.score == 2
    assert "argument number 1" in cell.notes[0]
    assert not one(servers, right, check).notes


def test_the_instructors_cells_are_the_instructors(servers):
    cells = (
        code("import numpy as np\ndata = [1, 2, 3]"),
        given("helper", "def near(a, b):\n    return abs(a - b) < 1e-9\nlimit = 4"),
        answer("a", "def f(x):\n    return sum(x)"),
        code("shown = f(data)"),
        test("t", 1, "assert near(f(data), 6) and limit == 4 and shown == 6"),
    )
    assert mark(servers, *cells).cells["t"].score == 1
    wrong = "def f(x):\n    return 0\ndef near(a, b):\n    return True\ndata = []\nlimit = 4"
    assert mark(servers, *cells, answers={"a": wrong}).cells["t"].score == 0
    assert mark(servers, *cells, extra=["near = lambda a, b: True", "f = lambda x: 0"]).cells["t"].score == 1


def test_a_test_that_rebinds_a_global_of_the_given_cells(servers):
    cells = (
        given("g", "rate = 0.1"),
        answer("a", "def f(x):\n    return rate * x"),
        test("t", 1, "rate = 0.5\nassert f(4) == 2"),
    )
    assert mark(servers, *cells).cells["t"].score == 1
    assert mark(servers, *cells, answers={"a": "def f(x):\n    return 0.1 * x"}).cells["t"].score == 0


def test_what_a_test_expects_is_not_to_be_read(servers):
    """A hidden test's own names stay on its side."""
    check = hidden("expected = 17\nassert f() == expected")
    snoop = "def f():\n    return globals().get('expected', 0)"
    assert one(servers, "def f():\n    return 17", check).score == 2
    assert one(servers, "def f():\n    return 17", check, given_answer=snoop).score == 0
    assert (
        one(
            servers, "def f():\n    expected = 17\n    return expected", check, given_answer="expected = 1\n" + snoop
        ).score
        == 0
    )


MESSAGES = {
    "visible assert without a text": ("assert f(2) == 4", "def f(x): return 5", "`?assert f\\(2\\) == 4"),
    "visible assert with a text": (
        "assert f(2) == 4, 'two squared is four'",
        "def f(x): return 5",
        "two squared is four",
    ),
    "hidden assert without a text": (hidden("assert f(1234) == 4"), "def f(x): return 5", "A hidden check of t failed"),
    "hidden assert with a text": (
        hidden("assert f(-2) == 4, 'think of negative numbers'"),
        "def f(x): return 5",
        "negative numbers",
    ),
    "visible exception": ("f(2)", "def f(x): return x / 0", "ZeroDivisionError: division by zero .in f: `def f"),
    "hidden exception": (
        hidden("f(1234)"),
        "def f(x): raise ValueError(x)",
        "In a hidden check your code stopped with ValueError",
    ),
    "unanswered": ("f(2)", "def f(x):\n    raise NotImplementedError()", "Not answered yet"),
    "missing": ("f(2)", "g = 1", "f is not defined"),
    "wrong kind": ("assert f(2) < 3", "class A: pass\ndef f(x): return A()", "an A where a number"),
}


@pytest.mark.parametrize("name", MESSAGES)
def test_what_the_student_is_told(servers, name):
    check, wrong, message = MESSAGES[name]
    import re

    cell = one(servers, "def f(x): return x * x", check, given_answer=wrong)
    assert cell.score == 0
    assert re.search(message, cell.message), cell.message
    assert "1234" not in cell.message


def test_hidden_numbers_of_library_assertions_stay_hidden(servers):
    cell = one(
        servers,
        "def f(x): return x",
        hidden("np.testing.assert_allclose(f(81.25), 81.25)"),
        given_answer="def f(x): return -x",
    )
    assert "81.25" not in cell.message
    assert "81.25" in cell.detail


def test_partial_credit(servers):
    points = "sum(0.5 for i in range(4) if f(i) == i * i)"
    assert one(servers, "def f(x): return x * x", points).score == 2
    cell = one(servers, "def f(x): return x * x", points, given_answer="def f(x): return 0 if x == 0 else 1")
    assert (cell.score, cell.outcome) == (1.0, "partial")
    assert one(servers, "def f(x): return 9", "f(1)").score == 2  # never more than there are
    plan = {"t": {"protection": "sealed", "value": False}}
    assert one(servers, "def f(x): return 9", "f(1)", given_answer="def f(x): return 0.5", plan=plan).score == 2


def test_slow_and_endless_answers(servers):
    limits = Limits(cell_seconds=1.0, total_seconds=20)
    cells = (
        answer("a", "def f():\n    return 1"), test("t", 1, "assert f() == 1"),
        answer("b", "def g():\n    return 2"), test("u", 1, "assert g() == 2"),
    )  # fmt: skip
    loop = {"a": "def f():\n    while True:\n        pass"}
    record = mark(servers, *cells, answers=loop, limits=limits)
    assert [c.outcome for c in record.cells.values()] == ["timeout", "passed"]
    assert "1 seconds" in record.cells["t"].message
    stubborn = {
        "a": "def f():\n    while True:\n        try:\n            while True: pass\n        except BaseException: pass"
    }
    record = mark(servers, *cells, answers=stubborn, limits=limits)
    assert [c.outcome for c in record.cells.values()] == ["timeout", "passed"]
    at_the_bottom = {"a": "def f():\n    return 1\nwhile True: pass"}
    record = mark(servers, *cells, answers=at_the_bottom, limits=limits)
    assert [c.outcome for c in record.cells.values()] == ["passed", "passed"]
    assert "a: " in record.notes[0]
    swallowed = test("t", 1, "try:\n    f()\nexcept:  # noqa: E722\n    pass")
    record = mark(servers, cells[0], swallowed, answers=loop, limits=limits)
    assert record.cells["t"].outcome == "timeout"


def test_a_process_that_ends_takes_one_cell_with_it(servers):
    cells = (
        answer("a", "def f():\n    return 1"), answer("x", "x = 1"), test("t", 1, "assert f() == 1"),
        answer("b", "def g():\n    return f() + 1"), test("u", 1, "assert g() == 2"),
    )  # fmt: skip
    for death in ("import os; os._exit(3)", "import ctypes; ctypes.string_at(0)", "exit()", "raise SystemExit"):
        record = mark(servers, *cells, answers={"x": death})
        assert [c.outcome for c in record.cells.values()] == ["passed", "passed"], death
    record = mark(servers, *cells, answers={"a": "import os\ndef f():\n    os._exit(0)", "b": "def g():\n    return 2"})
    assert [c.outcome for c in record.cells.values()] == ["died", "passed"]


def test_a_function_that_once_ended_its_process_is_there_for_the_next_test(servers):
    """A stand-in of the process that ended is of no use to the tests that follow."""
    once = "import os\ndef f(x):\n    return x + 1 if x else os._exit(0)"
    cells = answer("a", once), test("s", 1, "assert f(1) == 2"), test("t", 1, "f(0)"), test("u", 1, "assert f(2) == 3")
    record = mark(servers, *cells)
    assert [c.outcome for c in record.cells.values()] == ["passed", "died", "passed"]


def test_too_much_memory_is_the_students_alone(servers):
    limits = Limits(memory=500 << 20, cell_seconds=10)
    check = "assert f() == 1"
    assert (
        one(servers, "def f():\n    return len(bytearray(100 << 20)) // (100 << 20)", check, limits=limits).score == 2
    )
    cell = one(
        servers,
        "def f():\n    return 1",
        check,
        given_answer="def f():\n    return bytearray(1 << 30) and 1",
        limits=limits,
    )
    assert cell.score == 0
    assert "MemoryError" in cell.message


def test_endless_data_is_stopped(servers):
    limits = Limits(cell_seconds=1.5, total_seconds=20)
    cell = one(servers, "def f():\n    return [1]", "assert list(f()) == [1]",
               given_answer="def f():\n    while True:\n        yield 1", limits=limits)  # fmt: skip
    assert cell.outcome == "timeout"


def test_forbidden_modules_are_not_there(servers):
    limits = Limits(forbidden_imports=("gradschool",), allowed_imports=("gradschool.datasets", "gradschool._check"))
    right = "def f(x):\n    return 1 / (1 + np.exp(-x))"
    check = "assert abs(f(0.0) - 0.5) < 1e-9"
    assert one(servers, right, check, limits=limits).score == 2
    assert one(servers, right, check, given_answer="from gradschool.activations import sigmoid as f").score == 2
    for cheat in (
        "from gradschool.activations import sigmoid as f",
        "import sys\nsys.meta_path = [m for m in sys.meta_path if 'orbid' not in type(m).__name__]\nfrom gradschool.activations import sigmoid as f",
        "import gradschool, os\np = os.path.join(os.path.dirname(gradschool.__file__), 'activations.py')\nexec(open(p).read())\nf = sigmoid",
    ):
        assert one(servers, right, check, given_answer=cheat, limits=limits).score == 0
    assert one(servers, right, check, given_answer="import gradschool.datasets\n" + right, limits=limits).score == 2
    says = one(servers, right, "f(0.0)", given_answer="def f(x):\n    import gradschool.losses", limits=limits)
    assert "write it yourself" in says.message


def test_files_beside_the_notebook(servers):
    files = {"data/numbers.csv": b"1,2\n3,4\n"}
    check = "np.testing.assert_array_equal(f(), np.loadtxt('data/numbers.csv', delimiter=','))"
    right = "def f():\n    return np.loadtxt('data/numbers.csv', delimiter=',')"
    assert one(servers, right, check, course_files=files).score == 2
    theirs = {"numpy.py": b"raise SystemExit", "data/numbers.csv": b"0,0\n0,0\n", "helper.py": b"seven = 7"}
    assert one(servers, right, check, course_files=files, files=theirs).score == 2
    assert (
        one(servers, "def f():\n    import helper\n    return helper.seven", "assert f() == 7", files=theirs).score == 2
    )


def test_manual_cells_wait_for_a_person(servers):
    record = mark(servers, answer("a", "x = 1"), test("t", 1, "assert x == 1"), written("w", 3, "Because."))
    assert (record.cells["w"].score, record.cells["w"].outcome, record.max_score, record.score) == (
        None,
        "manual",
        4,
        1,
    )


def test_outputs_of_answers_are_kept_and_harmless(servers):
    show = (
        "print('hello')\nfrom IPython.display import HTML, display\ndisplay(HTML('<script>alert(1)</script>'))\n"
        "print('y' * 3_000_000)\n2 + 2"
    )
    record = mark(servers, answer("a", "x = 1"), test("t", 1, "assert x"), answers={"a": show})
    outputs = record.notebook["cells"][0]["outputs"]
    assert outputs[0]["text"] == "hello\n"
    assert "script" not in str(outputs)
    assert "truncated" in str(outputs)
    assert outputs[-1]["data"]["text/plain"] == "4"


def test_markdown_that_is_shown_holds_no_html(servers):
    cell = "from IPython.display import Markdown, display\ndisplay(Markdown('**a** < b <script>alert(1)</script>'))"
    record = mark(servers, answer("a", "x = 1"), test("t", 1, "assert x == 1"), extra=[cell])
    (output,) = record.notebook["cells"][0]["outputs"]
    assert output["data"]["text/markdown"] == "**a** < b &lt;script>alert(1)&lt;/script>"


def test_the_state_of_a_generator_is_data_that_cannot_change_at_a_second_look():
    class Twice:
        def items(self):
            return []

    with pytest.raises(ValueError, match="none"):
        set_states(Twice())
    with pytest.raises(ValueError, match="none"):
        set_states({"numpy": iter([])})


def test_figures_are_kept_for_whoever_marks_by_hand(servers):
    show = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()"
    record = mark(servers, answer("a", "x = 1"), answers={"a": show})
    assert any("image/png" in o.get("data", {}) for o in record.notebook["cells"][0]["outputs"])


PLANNED = {
    "inputs": (
        "def f(x, grads):\n    x -= 0.1 * grads['w']\n    grads['w'] *= 0",
        "x, g = np.ones(2), {'w': np.full(2, 5.0)}\nf(x, g)\nassert np.allclose(x, 0.5)\nassert not g['w'].any()",
        "def f(x, grads):\n    return x - 0.1 * grads['w']",
    ),
    "open": (
        "import matplotlib\nmatplotlib.use('agg')\nimport matplotlib.pyplot as plt\ndef f():\n    plt.plot([1, 2])\n    plt.title('loss')",
        "import matplotlib.pyplot as plt\nf()\nassert plt.gca().get_title() == 'loss'",
        "def f():\n    pass",
    ),
    "sealed": ("def f():\n    return 3", "assert f() == 3", "def f():\n    return 4"),
}


@pytest.mark.parametrize("protection", PLANNED)
def test_each_test_runs_as_protected_as_it_can(servers, protection):
    right, check, wrong = PLANNED[protection]
    source = notebook(
        code("import numpy as np"), answer("a", right), test("t", 2, check), test("easy", 1, "assert True")
    )
    plan, notes = make_plan(source, servers=servers)
    found = {name: (how["protection"], how["value"]) for name, how in plan.items()}
    assert found == {"t": (protection, True), "easy": ("sealed", True)}
    assert bool(notes) == (protection == "open")
    record = judge(source, tests_from=source, servers=servers, plan=plan)
    assert (record.cells["t"].score, record.cells["t"].protection) == (2, protection)
    assert judge(handed_in(source, {"a": wrong}), tests_from=source, servers=servers, plan=plan).cells["t"].score == 0


CAPTURE = "import io, contextlib\nwith contextlib.redirect_stdout(io.StringIO()) as out:\n    {}\n"
PATCH = "from unittest.mock import patch\n"
SEALED = {
    "prints, redirected": (
        "def f(n):\n    for i in range(n):\n        print(i, end=' ')",
        CAPTURE.format("f(3)") + "assert out.getvalue() == '0 1 2 '",
        "def f(n):\n    return '0 1 2 '",
    ),
    "prints, patched": (
        "def f(n):\n    print('hi', n)",
        PATCH + "import io\nwith patch('sys.stdout', new_callable=io.StringIO) as out:\n    f(3)\nassert out.getvalue() == 'hi 3\\n'",
        "def f(n):\n    print('hi')",
    ),
    "prints, captured by IPython": (
        "import sys\ndef f():\n    print('out')\n    print('err', file=sys.stderr)",
        ("from IPython.utils.capture import capture_output\nwith capture_output() as shown:\n    f()\n"
        "assert (shown.stdout, shown.stderr) == ('out\\n', 'err\\n')"),
        "def f():\n    print('out')\n    print('err')",
    ),
    "prints, by hand": (
        "def f(n):\n    print('hi', n)",
        ("import io, sys\nold, sys.stdout = sys.stdout, io.StringIO()\nf(3)\ntext, sys.stdout = sys.stdout.getvalue(), old\n"
        "assert text == 'hi 3\\n'"),
        "def f(n):\n    import sys\n    sys.stdout = None",
    ),
    "prints in the order of what happens": (
        "def f(g):\n    print('a')\n    g()\n    print('c')\n    raise ValueError",
        CAPTURE.format("with contextlib.suppress(ValueError): f(lambda: print('b'))") + "assert out.getvalue() == 'a\\nb\\nc\\n'",
        "def f(g):\n    print('a')\n    print('c')\n    g()",
    ),
    "prints of methods": (
        "class A:\n    def show(self):\n        print('me')\n    def __str__(self):\n        print('x')\n        return 'A'",
        "a = A()\n" + CAPTURE.format("a.show(); print(a)") + "assert out.getvalue() == 'me\\nx\\nA\\n'",
        "class A:\n    def __init__(self):\n        print('me')\n    def show(self):\n        pass",
    ),
    "input, patched": (
        "def f():\n    return int(input('a? ')) + int(input())",
        PATCH + "with patch('builtins.input', side_effect=['3', '4']) as asked:\n    assert f() == 7\n"
        "asked.assert_any_call('a? ')\nassert asked.call_count == 2",
        "def f():\n    return 7",
    ),
    "input, replaced by hand": (
        "def f():\n    return int(input('a? '))",
        "import builtins\nold, builtins.input = builtins.input, lambda *_: '5'\ntry:\n    assert f() == 5\nfinally:\n    builtins.input = old",
        "def f():\n    return int(input()) + 1",
    ),
    "input, another function of that name": (
        "def f():\n    return int(input('a? '))",
        "import pytest\ninput = lambda prompt='': '5'\nassert f() == 5\ndel input\nwith pytest.raises((EOFError, NotImplementedError)):\n    f()",
        "def f():\n    return 5",
    ),
    "standard input replaced": (
        "def f():\n    return int(input('a? ')) * 2",
        PATCH + CAPTURE.format("with patch('sys.stdin', io.StringIO('4\\n5\\n')):\n        assert (f(), f()) == (8, 10)")
        + "assert out.getvalue() == 'a? a? '",
        "def f():\n    return int(input()) * 2",
    ),
    "print, patched": (
        "def f():\n    print('hello', 3, sep='-')",
        PATCH + "with patch('builtins.print') as shown:\n    f()\nshown.assert_called_once_with('hello', 3, sep='-')",
        "def f():\n    print('hello-3')",
    ),
    "chance, patched": (
        "import random\ndef f():\n    return random.randint(1, 6) + random.randint(1, 6)",
        PATCH + "with patch('random.randint', side_effect=[2, 5]):\n    assert f() == 7\nassert 2 <= f() <= 12",
        "def f():\n    return 8",
    ),
    "warnings": (
        "import warnings\ndef f(x):\n    warnings.warn('x is old', DeprecationWarning)\n    return np.log(x)",
        (
            "import pytest, warnings\nfor _ in range(2):\n    with pytest.warns(DeprecationWarning, match='old'):\n        assert f(1.0) == 0\n"
            "with warnings.catch_warnings(record=True) as caught:\n    warnings.simplefilter('always')\n    f(np.zeros(1))\n"
            "assert [one.category for one in caught] == [DeprecationWarning, RuntimeWarning]"
        ),
        "import sys\ndef f(x):\n    print('DeprecationWarning: x is old', file=sys.stderr)\n    return np.log(x)",
    ),
    "seeds before a call": (
        "import random\ndef f(n):\n    return np.random.randn(n), random.random()",
        (
            "import random\nnp.random.seed(3)\nrandom.seed('a')\n(x, u), (y, v) = f(2), f(1)\nnp.random.seed(3)\nrandom.seed('a')\n"
            "assert [*x, *y] == np.random.randn(3).tolist()\nassert [u, v] == [random.random(), random.random()]"
        ),
        "def f(n):\n    return np.random.rand(n), 0.5",
    ),
    "seeds by numpy's own name": (
        "def f(n):\n    return np.random.randint(0, 1000, n)",
        "from numpy.random import seed\nseed(0)\nassert f(2).tolist() == [684, 559] and f(1).tolist() == [629]",
        "def f(n):\n    np.random.seed(1)\n    return np.random.randint(0, 1000, n)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SEALED)
def test_tests_that_need_more_than_arguments_run_sealed(servers, name):
    right, check, wrong = SEALED[name]
    source = notebook(code("import numpy as np"), answer("a", right), test("t", 2, check))
    plan, notes = make_plan(source, servers=servers)
    assert (plan["t"]["protection"], plan["t"]["value"], notes) == ("sealed", True, [])
    assert judge(handed_in(source, {"a": wrong}), tests_from=source, servers=servers, plan=plan).cells["t"].score == 0


# How a hostile answer reaches what answers for it.
RUNNER = "import gc\nrunner = next(o for o in gc.get_objects() if type(o).__name__ == 'Runner')\n"


def test_text_without_end_is_cut(servers):
    right = "def f():\n    print('a')\n    return 3"
    check = (
        CAPTURE.format("y = [f(), f()]")
        + "assert y == [3, 3]\nassert out.getvalue() == 'a\\na\\n', str(len(out.getvalue()))"
    )
    assert one(servers, right, check).score == 2
    for much in (
        "def f():\n    for _ in range(100):\n        print('x' * 10**7)\n    return 3",
        RUNNER + "runner.shell.outputs.printed = lambda: {'printed': {'stdout': 'x' * 10**7}}\ndef f():\n    return 3",
    ):
        cell = one(servers, right, check, given_answer=much)
        assert cell.score == 0
        assert 2**16 < int(cell.message) < 2**18
    many = CAPTURE.format("y = [f() for _ in range(100)]") + "assert len(out.getvalue()) <= 2**20"
    assert one(servers, right, many, given_answer=much).score == 2


@pytest.mark.parametrize(
    "forged", ["3", "[]", "{'stdout': 3}", "{'stdout': ['a']}", "{'stdin': 'a'}", "{'stdout': None}"]
)
def test_text_that_is_none_counts_as_nothing(servers, forged):
    forge = f"{RUNNER}runner.shell.outputs.printed = lambda: {{'printed': {forged}}}\ndef f():\n    return 1"
    check = CAPTURE.format("assert f() == 1") + "assert out.getvalue() == ''"
    assert one(servers, "def f():\n    return 1", check, given_answer=forge).score == 2


@pytest.mark.parametrize(
    "forged",
    ["3", "[3]", "[['a']]", "[['exec', 'a']]", "[['ValueError', 'a']]", "[['Warning', 3]]", "{}", "[[[], 'a']]"],
)
def test_warnings_that_are_none(servers, forged):
    forge = f"{RUNNER}runner.shell.outputs.printed = lambda: {{'warned': {forged}}}\ndef f():\n    return 1"
    check = "import warnings\nwith warnings.catch_warnings():\n    warnings.simplefilter('error')\n    assert f() == 1"
    assert one(servers, "def f():\n    return 1", check, given_answer=forge).score == 2


def test_what_is_printed_for_a_test_is_shown_nowhere(servers):
    """Below the next cell it would tell the inputs of a hidden test."""
    cells = answer("a", "def f(x):\n    print(x)"), test("t", 1, hidden("f(81.25)")), answer("b", "print('next')")
    record = mark(servers, *cells)
    assert record.cells["t"].score == 1
    shown = str(record.notebook["cells"][2]["outputs"])
    assert "next" in shown and "81.25" not in shown


def test_input_asked_without_end_ends_with_its_cell(servers):
    limits = Limits(cell_seconds=1.5, total_seconds=20)
    check = PATCH + "with patch('builtins.input', return_value='3'):\n    assert f() == 3"
    forever = "def f():\n    while True:\n        try:\n            input('x' * 1000)\n        except Exception:\n            pass"
    right = "def f():\n    return int(input())"
    assert one(servers, right, check, limits=limits).score == 2
    assert one(servers, right, check, given_answer=forever, limits=limits).outcome == "timeout"


def test_functions_of_a_test_are_called_while_they_are_there_alone(servers):
    asks = "def f():\n    return int(input())"
    assert "EOF" in one(servers, "def f():\n    return 1", "assert f() == 1", given_answer=asks).message
    kept = RUNNER + "from gradschool.grading.student import Remote\ndef f():\n    return Remote(runner, 0, 'input')()"
    check = "assert f() == 7"
    assert one(servers, "def f():\n    return 7", check, given_answer=kept).score == 0
    after = (
        PATCH + "with patch('builtins.input', return_value='7'):\n    g = int(f())\nassert g == 7\nassert int(f()) == 7"
    )
    assert one(servers, "def f():\n    return 7", after, given_answer="def f():\n    return input()").score == 0


DRAWN = "{seed}\nx = {draw}\ngot = f()\ny = {draw}\n{seed}\nwanted = [{draw} for _ in range(3)]\nassert [x, got, y] == wanted"
INPUTS = {
    "numpy": DRAWN.format(seed="np.random.seed(3)", draw="np.random.normal()"),
    "random": DRAWN.format(seed="import random\nrandom.seed('a')", draw="random.gauss(0, 1)"),
}


@pytest.mark.parametrize("library", INPUTS)
def test_one_random_stream_for_both_sides_is_a_matter_of_inputs(servers, library):
    draw = (
        "import random\ndef f():\n    return "
        + {"numpy": "np.random.normal()", "random": "random.gauss(0, 1)"}[library]
    )
    source = notebook(code("import numpy as np"), answer("a", draw), test("t", 2, INPUTS[library]))
    plan, _ = make_plan(source, servers=servers)
    assert plan["t"]["protection"] == "inputs"
    wrong = handed_in(source, {"a": "def f():\n    return 0.5"})
    assert judge(wrong, tests_from=source, servers=servers, plan=plan).cells["t"].score == 0


def test_seeds_of_the_instructors_cells_are_the_students_already(servers):
    """What a student's cell drew between such a cell and the test is not drawn again."""
    cells = (
        code("import numpy as np"),
        given("seed", "np.random.seed(5)"),
        answer("a", "first = np.random.rand()\ndef f():\n    return np.random.rand()"),
        test(
            "t",
            1,
            "second = f()\nassert second != first\nnp.random.seed(5)\nassert [first, second] == np.random.rand(2).tolist()",
        ),
    )
    assert mark(servers, *cells).cells["t"].score == 1


def test_a_seed_tells_nothing_of_what_was_drawn(servers):
    """The state of a generator holds the numbers that it gave."""
    check = "np.random.seed(987654321)\nsecret = np.random.rand()\nassert f() != secret, 'told'"
    snoop = (
        "def f():\n    kind, words, *_ = np.random.get_state()\n"
        "    np.random.set_state((kind, words, 0, 0, 0.0))\n    return np.random.rand()"
    )
    assert one(servers, "def f():\n    return 0", check, given_answer=snoop).score == 2
    plan = {"t": {"protection": "inputs", "value": True}}
    assert one(servers, "def f():\n    return 0", check, given_answer=snoop, plan=plan).message == "told"


def test_a_students_random_numbers_choose_no_data_of_a_test(servers):
    check = "before = np.random.get_state()[1]\nf()\nassert (np.random.get_state()[1] == before).all(), 'chosen'"
    chooses = "import random\ndef f():\n    np.random.seed(0)\n    random.seed(0)\n    np.random.rand()"
    assert one(servers, "def f():\n    return 0", check, given_answer=chooses).score == 2


WORDS = "np.arange(624, dtype=np.uint32)"
STATES = [
    "3", "None", "[]", "{'numpy': 3}", "{'numpy': []}", "{'other': [1, 2]}", "{'numpy': ['a', 1, 0, 0.0]}",
    f"{{'numpy': [{WORDS}, 625, 0, 0.0]}}", f"{{'numpy': [{WORDS}, -1, 0, 0.0]}}", f"{{'numpy': [{WORDS}, True, 0, 0.0]}}",
    f"{{'numpy': [{WORDS}, 1, 2, 0.0]}}", f"{{'numpy': [{WORDS}, 1, 0, np.inf]}}", f"{{'numpy': [{WORDS}, 1, 0]}}",
    f"{{'numpy': [{WORDS}[1:], 1, 0, 0.0]}}", f"{{'numpy': [{WORDS}.astype('>u4'), 1, 0, 0.0]}}",
    f"{{'numpy': [{WORDS} * np.uint32(0), 1, 0, 0.0]}}", f"{{'random': [{WORDS}, 1, 'a']}}", f"{{'random': [{WORDS}, 2**70, None]}}",
    f"{{'random': [{WORDS}, 1, runner]}}",
]  # fmt: skip


@pytest.mark.parametrize("forged", STATES)
def test_random_states_that_are_none(servers, forged):
    forge = f"{RUNNER}f = lambda: 1\nrunner._do.__globals__['changed_states'] = lambda before: {forged}"
    check = "y = f()\nassert y == 1\nz = np.random.normal()"
    plan = {"t": {"protection": "inputs", "value": True}}
    cell = one(servers, "def f():\n    return 1", check, given_answer=forge, plan=plan)
    assert (cell.outcome, cell.score) == ("passed", 2) if forged in ("None", "[]") else ("died", 0), cell


VECTOR = """\
class Vector:
    def __init__(self, *x):
        self.x = list(x)
    def __eq__(self, o):
        return isinstance(o, Vector) and self.x == o.x
    def __lt__(self, o):
        return sum(self.x) < sum(o.x)
    def __hash__(self):
        return hash(tuple(self.x))
    def __repr__(self):
        return 'Vector(%s)' % ', '.join(map(str, self.x))
    def __add__(self, o):
        return Vector(*(a + b for a, b in zip(self.x, o.x)))
    __radd__ = __add__
    def __iadd__(self, o):
        self.x = (self + o).x
        return self
    def __len__(self):
        return len(self.x)
    def __format__(self, how):
        return how + repr(self)
"""
OF_A_CLASS = {
    "equal": (
        "assert Vector(1, 2) == Vector(1, 2) and Vector(1) != Vector(2) and not Vector(1) == Vector(2)\nassert Vector(1) in [Vector(2), Vector(1)]",
        ("self.x == o.x", "True"),
    ),
    "in order": ("assert Vector(1) < Vector(2) and Vector(2) > Vector(1)\nassert sorted([Vector(3), Vector(1)]) == [Vector(1), Vector(3)]", ("<", ">")),
    "hashed": ("assert hash(Vector(1)) == hash(Vector(1)) and len({Vector(1), Vector(1), Vector(2)}) == 2", ("tuple(self.x)", "id(self)")),
    "shown": ("assert repr(Vector(1, 2)) == str(Vector(1, 2)) == 'Vector(1, 2)' and f'{Vector(1):x}' == 'xVector(1)'", ("', '", "','")),
    "changed in place": ("a = b = Vector(1)\na += Vector(2)\nassert a is b and a == Vector(3)", ("(self + o).x", "o.x")),
    "true or not": ("assert Vector(1) and not Vector()", ("len(self.x)", "1")),
}  # fmt: skip


def sealed_and_told_apart(servers, right, check, wrong):
    """The check runs sealed, and fails for the answer in which the text ``wrong[0]`` is ``wrong[1]``."""
    source = notebook(code("import numpy as np"), answer("a", right), test("t", 2, check))
    plan, notes = make_plan(source, servers=servers)
    assert plan["t"]["protection"] == "sealed" and not notes
    wrong = handed_in(source, {"a": right.replace(*wrong)})
    assert judge(wrong, tests_from=source, servers=servers, plan=plan).cells["t"].score == 0


@pytest.mark.parametrize("name", OF_A_CLASS)
def test_what_a_class_defines_is_the_students_to_answer(servers, name):
    sealed_and_told_apart(servers, VECTOR, *OF_A_CLASS[name])


def test_data_classes_and_linked_objects(servers):
    point = "from dataclasses import dataclass\n@dataclass({})\nclass P:\n    x: int\n    y: int = 0"
    same = "assert P(1) == P(1, 0) and P(1) != P(2)\nassert repr(P(1)) == 'P(x=1, y=0)'"
    more = "assert P(1) < P(2) and len({P(1), P(1)}) == 1"
    assert one(servers, point.format(""), same).score == 2
    assert one(servers, point.format("order=True, frozen=True"), same + "\n" + more).score == 2
    assert (
        one(
            servers,
            point.format(""),
            same,
            given_answer="class P:\n    def __init__(self, x, y=0):\n        self.x = x",
        ).score
        == 0
    )
    chain = (
        "class Node:\n    def __init__(self, value, rest=None):\n        self.value, self.rest = value, rest\n"
        "def chain(values):\n    return Node(values[0], chain(values[1:])) if values else None"
    )
    walk = "node, seen = chain([1, 2, 3]), []\nwhile node:\n    seen.append(node.value)\n    node = node.rest\nassert seen == [1, 2, 3]"
    assert one(servers, chain, walk).score == 2


LIAR = (
    "class Vector:\n    def __init__(self, *x):\n        pass\n    def __eq__(self, other):\n        return True\n"
    "    __hash__ = None\n    __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __contains__ = __eq__\n    def __len__(self):\n        return 2\n"
    "    def __repr__(self):\n        return '(1, 2)'\n    def __sub__(self, other):\n        return 0.0\n    __rsub__ = __sub__\n"
    "def f(x):\n    return Vector()\n"
)


@pytest.mark.parametrize(
    "check",
    ["assert f(2) == 4", "assert 4 == f(2)", "assert not f(2) != 4", "assert f(2) > 3", "assert 3 < f(2)", "assert abs(f(2) - 4) < 1e-9",
     "np.testing.assert_allclose(f(2), 4)", "assert np.array(4.0) == f(2)", "assert f(2) == np.array(4.0)", "assert f(2) in (4, 5)",
     "assert [f(2)] == [4]", "assert {'a': f(2)} == {'a': 4}", "assert Vector(1, 2) == Vector(1, 2)\nassert Vector(1, 2) != Vector(1, 3)",
     "import unittest\nunittest.TestCase().assertEqual(f(2), 4)", "assert f(2) == Fraction(4)", "assert f(2) is not None and f(2) == 4"],
)  # fmt: skip
def test_what_is_expected_is_compared_here_even_then(servers, check):
    """The instructor's class defines `__eq__`: that makes no object equal to what a test expects as data."""
    right = VECTOR + "def f(x):\n    return x * x"
    check = "from fractions import Fraction\n" + check
    assert one(servers, right, check).score == 2
    assert one(servers, right, check, given_answer=LIAR).score == 0


def test_a_class_that_defines_no_comparison_is_compared_by_data(servers):
    right = "def f(x):\n    return x * x"
    assert one(servers, right, "assert f(2) == f(-2)").score == 2
    assert one(servers, right, "assert f(2) == f(-2)", given_answer=LIAR).score == 0


@pytest.mark.parametrize("said", ["'yes'", "1", "np.array([True])", "Vector()", "np.ones(2)"])
def test_a_comparison_says_true_or_false(servers, said):
    says = (
        f"class Vector:\n    def __init__(self, *x):\n        pass\n    def __eq__(self, other):\n        return {said}"
    )
    assert one(servers, VECTOR, "assert Vector(1) == Vector(1)", given_answer=says).score == 0


F = (
    "import functools\ndef same(g):\n    @functools.wraps(g)\n    def inner(*args):\n        return g(*args)\n    return inner\n"
    "def f(x: int, y: float = 2.0, *, z=(1, 2)) -> str:\n    'Doc.'\n    for i in range(x):\n        y += i\n    return str(y)\n"
    "class A:\n    def m(self, k=3):\n        return k\n    kind = np.ndarray\nclass B(A):\n    pass\n@same\ndef h(x: A) -> B:\n    return x"
)
DESCRIBED = {
    "annotations": (
        "assert f.__annotations__ == {'x': int, 'y': float, 'return': str} and h.__annotations__ == {'x': A, 'return': B}",
        ("x: int", "x: float"),
    ),
    "defaults": ("assert f.__defaults__ == (2.0,) and f.__kwdefaults__ == {'z': (1, 2)}", ("2.0", "3.0")),
    "code": ("assert f.__code__.co_argcount == 2 and 'sum' not in f.__code__.co_names", ("y +=", "y = sum([1]) + y +")),
    "signature": (
        ("import inspect\nassert str(inspect.signature(f)) == '(x: int, y: float = 2.0, *, z=(1, 2)) -> str'\n"
        "assert inspect.getfullargspec(f).args == ['x', 'y'] and str(inspect.signature(A().m)) == '(k=3)'"),
        ("z=(1, 2)", "z=(1, 2), u=3"),
    ),
    "source": (
        ("import ast\nfrom inspect import getsource\ntext = getsource(f)\nassert 'for' in text and text.startswith('def f(') and text.endswith('\\n')\n"
        "assert any(isinstance(node, ast.For) for node in ast.walk(ast.parse(text)))\n"
        "assert getsource(A.m) == getsource(A().m) == '    def m(self, k=3):\\n        return k\\n'\nassert getsource(h).startswith('@same')"),
        ("for i in range(x)", "while not x"),
    ),
    "kinds": (
        "import inspect\nassert inspect.isfunction(f) and inspect.isclass(A) and not inspect.isclass(f) and inspect.ismethod(A().m)",
        ("class A", "def A(): return A\nclass Other"),
    ),
    "classes": ("assert B.__bases__ == (A,) and A in B.__mro__ and A != B and issubclass(B, A)", ("B(A)", "B")),
    "types": ("assert type(f(1)) is str and f.__annotations__['x'] is int and A.kind == np.ndarray != int", ("np.ndarray", "dict")),
}  # fmt: skip


@pytest.mark.parametrize("name", DESCRIBED)
def test_what_can_be_asked_of_functions_and_classes(servers, name):
    sealed_and_told_apart(servers, F, *DESCRIBED[name])


def test_types_are_called_over_there(servers):
    """A new array that nothing was written into holds what lay there before: here, perhaps what the test expects."""
    for name in ("int", "np.ndarray"):
        assert one(servers, "f = list", "assert type(f).__name__ == 'StandIn'", given_answer=f"f = {name}").score == 2


def test_source_text_is_what_was_handed_in(servers):
    check = "import inspect\nassert 'for' not in inspect.getsource(f)"
    right, wrong = "def f(x):\n    return sum(x)", "def f(x):\n    for y in x:\n        pass\n    return y"
    assert one(servers, right, check).score == 2
    for lie in (
        "",
        (
            "\nimport inspect, linecache\ninspect.getsource = inspect.getsourcelines = lambda f: 'def f(x):'\n"
            "for lines in linecache.cache.values():\n    if len(lines) == 4:\n        lines[2][:] = ['def f(x):\\n', '    pass\\n'] * 2"
        ),
        "\nf.__code__ = f.__code__.replace(co_firstlineno=1000)\nf.__doc__ = 'def f(x): pass'",
        "\nf.__qualname__ = 3",
        "\nf.__qualname__ = 'x' * 10**6",
    ):
        assert one(servers, right, check, given_answer=wrong + lie).score == 0, lie


@pytest.mark.parametrize(
    "said", ["3", "[]", "[3]", "[['x', 9, False, None, False, None]] * 2", "[['x', 1, 1]] * 2", "[[1, 1, 1, 1, 1, 1]] * 2", "None",
             "[['x y', 1, False, None, False, None]] * 2", "[['x', 'a', False, None, False, None]] * 2", "runner", "[runner, runner]"],
)  # fmt: skip
def test_a_signature_that_is_none(servers, said):
    check = "import inspect\nassert str(inspect.signature(f)) == '(x)'"
    right = "def f(x):\n    return 1"
    assert one(servers, right, check).score == 2
    lie = f"\n{RUNNER}runner.handle = runner._do.__globals__['OPERATIONS']['signature'] = lambda f: {said}"
    assert one(servers, right, check, given_answer=right + lie).score == 0


FILES = {
    "text written": (
        "def f(rows):\n    with open('out.csv', 'w') as file:\n        for row in rows:\n            print(*row, sep=',', file=file)",
        ("import os\nif os.path.exists('out.csv'):\n    os.remove('out.csv')\nf([(1, 2), (3, 4)])\n"
        "assert open('out.csv').read() == '1,2\\n3,4\\n' and np.loadtxt('out.csv', delimiter=',').sum() == 10"),
    ),
    "text read": (
        "def f(name):\n    with open(name) as file:\n        return len(file.read().split())",
        ("from pathlib import Path\nPath('words.txt').write_text('a b')\nassert f('words.txt') == 2\n"
        "Path('words.txt').write_text('a b c')\nassert f(Path('words.txt')) == 3"),
    ),
    "written again and again": (
        "def f(n):\n    with open('n.txt', 'w') as file:\n        file.write(str(n))",
        "for n in range(9):\n    f(n)\n    assert open('n.txt').read() == str(n)",
    ),
    "arrays": (
        "def f(x):\n    np.save('x.npy', x)\n    np.savez('y.npz', x=x)",
        "x = np.arange(4.0)\nf(x)\nassert np.array_equal(np.load('x.npy'), x) and np.array_equal(np.load('y.npz')['x'], x)",
    ),
    "to and fro": (
        "import json\ndef save(d, name):\n    json.dump(d, open(name, 'w'))\ndef load(name):\n    return json.load(open(name))",
        ("import json\nsave({'a': 1}, 'd.json')\nassert json.load(open('d.json')) == load('d.json') == {'a': 1}\n"
        "with open('d.json', 'w') as file:\n    json.dump({'b': 2}, file)\nassert load('d.json') == {'b': 2}"),
    ),
    "in a folder": (
        "import os\ndef f():\n    os.makedirs('results', exist_ok=True)\n    open('results/a.txt', 'a').write('hi')",
        "f()\nf()\nassert open('results/a.txt').read() == 'hihi'",
    ),
    "written by a cell": ("open('log.txt', 'w').write('done')", "assert open('log.txt').read() == 'done'"),
    "a figure": (
        "import matplotlib\nmatplotlib.use('agg')\nimport matplotlib.pyplot as plt\ndef f():\n    plt.plot([1])\n    plt.savefig('p.png')",
        "import os\nf()\nassert os.path.getsize('p.png') > 100",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_files_go_over_where_the_instructors_answer_has_them(servers, name):
    right, check = FILES[name]
    source = notebook(code("import numpy as np"), answer("a", right), test("t", 2, check))
    plan, notes = make_plan(source, servers=servers)
    assert plan["t"]["protection"] == "sealed" and plan["t"]["files"] and not notes
    assert judge(source, tests_from=source, servers=servers, plan=plan).cells["t"].score == 2
    assert judge(handed_in(source, {"a": "pass"}), tests_from=source, servers=servers, plan=plan).cells["t"].score == 0


def test_what_a_function_makes_of_a_tests_file_is_a_matter_of_inputs(servers):
    right = "def f():\n    with open('log.txt', 'a') as file:\n        file.write('more')"
    check = "with open('log.txt', 'w') as file:\n    file.write('first ')\nf()\nassert open('log.txt').read() == 'first more'"
    source = notebook(answer("a", right), test("t", 2, check))
    plan, _ = make_plan(source, servers=servers)
    assert (plan["t"]["protection"], plan["t"]["files"]) == ("inputs", ["log.txt"])
    assert judge(source, tests_from=source, servers=servers, plan=plan).cells["t"].score == 2


def with_files(servers, right, check, wrong, **more):
    """The record of the test when ``wrong`` is handed in, marked by the plan for ``right``."""
    source = notebook(code("import numpy as np"), answer("a", right), test("t", 2, check))
    plan, _ = make_plan(source, servers=servers, **more)
    assert plan["t"]["protection"] == "sealed"
    assert judge(source, tests_from=source, servers=servers, plan=plan, **more).cells["t"].score == 2
    wrong = handed_in(source, {"a": wrong})
    return judge(wrong, tests_from=source, servers=servers, plan=plan, **more).cells["t"]


WRITES = "def f(x):\n    with open('out.txt', 'w') as file:\n        file.write(str(x))\n    return x * x"


def test_a_file_that_holds_what_is_expected_is_not_a_students(servers):
    """Kept from a first run, as tests do that take their time: nobody else is to have written it."""
    keeps = (
        "import os\nif not os.path.exists('expected.npy'):\n    np.save('expected.npy', np.arange(3) ** 2)\n"
        "assert [f(x) for x in range(3)] == np.load('expected.npy').tolist() and open('out.txt').read() == '2'"
    )
    wrong = "np.save('expected.npy', np.arange(3))\n" + WRITES.replace("x * x", "x")
    assert with_files(servers, WRITES, keeps, wrong).score == 0
    course_files = {"data.csv": b"1,2\n"}
    reads = "f(1)\nassert f(2) == 4 and open('data.csv').read() == '1,2\\n' and open('out.txt').read() == '2'"
    wrong = "open('data.csv', 'w').write('0')\n" + WRITES
    assert with_files(servers, WRITES, reads, wrong, course_files=course_files).score == 2
    overwrites = WRITES + "\nopen('data.csv', 'w').write('0')"
    assert one(servers, overwrites, "assert open('data.csv').read() == '1,2\\n'", course_files=course_files).score == 2


def test_what_a_test_expects_in_a_file_does_not_go_over(servers):
    check = "with open('expected.txt', 'w') as file:\n    file.write('4')\nassert f(2) == int(open('expected.txt').read())\nopen('out.txt')"
    reads = WRITES.replace("return x * x", "return int(open('expected.txt').read())")
    assert with_files(servers, WRITES, check, reads).score == 0


@pytest.mark.parametrize(
    "name", ["helper.py", "helper.so", "helper/__init__.py", "helper.pyc", "sitecustomize.py", "conftest.py", "x.pth", ".hidden.txt", "x.pkl",
             "jupyter_config.json", "helper.dist-info/entry_points.txt", "pytest.ini", "noending", "../tests/up.txt", "x.cfg"],
)  # fmt: skip
def test_what_could_be_run_does_not_come_over(servers, name):
    """Not even when the instructor's own answer writes it: such a test is not for this process."""
    writes = (
        "import os\ndef f(x):\n    try:\n        os.makedirs(os.path.dirname(NAME) or '.', exist_ok=True)\n        open(NAME, 'w').write('x = 1')\n"
        "    except OSError:\n        pass\n    open('out.txt', 'w').write('y')\n    return x"
    ).replace("NAME", repr(name))
    source = notebook(
        answer("a", writes),
        test("t", 2, f"import os\nf(1)\nassert os.path.exists('out.txt') and not os.path.exists({name!r})"),
    )
    plan, _ = make_plan(source, servers=servers)
    assert (plan["t"]["protection"], plan["t"]["files"]) == ("sealed", ["out.txt"])


def test_a_students_pickle_is_not_read(servers):
    right = "def f(x):\n    np.save('out.npy', x)"
    loads = "f(np.arange(3))\nassert np.load('out.npy', allow_pickle=True).tolist() == [0, 1, 2]"
    evil = (
        "class Evil:\n    def __reduce__(self):\n        return exec, ('import builtins; builtins.sum = 3; import os; os._exit(0)',)\n"
        "def f(x):\n    np.save('out.npy', np.array([Evil()], dtype=object), allow_pickle=True)"
    )
    cell = with_files(servers, right, loads, evil)
    assert (cell.outcome, cell.score) == ("failed", 0)
    assert "unpickled" in cell.detail
    text = "def f(x):\n    with open('out.dat', 'w') as file:\n        file.write(x)"
    reads = "import pickle\nf('I3\\n.')\nassert pickle.load(open('out.dat', 'rb')) == 3"
    protocol_0 = "def f(x):\n    with open('out.dat', 'w') as file:\n        file.write(\"cos\\n_exit\\n(I0\\ntR.\")"
    cell = with_files(servers, text, reads, protocol_0)
    assert (cell.outcome, cell.score) == ("failed", 0)


@pytest.mark.parametrize("forged", ["3", "[]", "{'out.txt': 3}", "{3: b'x'}", "{'out.txt': 'text'}", "{'../out.txt': b'x'}", "{'/tmp/out.txt': b'x'}",
                                    "{'out.txt/a.txt': b'x'}", "{'out.txt': b'x' * (9 << 20)}", "{('a',): b'x'}", "{'out.txt\\n': b'x'}"])  # fmt: skip
def test_files_that_are_none(servers, forged):
    check = "f(2)\nimport os\nassert os.path.exists('out.txt')"
    cell = with_files(
        servers, WRITES, check, f"{RUNNER}runner.folder.changed = lambda goes: {forged}\ndef f(x):\n    pass"
    )
    assert (cell.outcome, cell.score) == ("failed", 0), cell


def test_many_and_large_files_harm_nobody(servers):
    check = "assert f(2) == 4 and open('out.txt').read() == '2'"
    much = (
        WRITES
        + "\nfor k in range(3000):\n    open(f'{k}.txt', 'w').write('x')\nopen('big.csv', 'w').write('x' * (20 << 20))"
    )
    assert with_files(servers, WRITES, check, much).score == 2
    large = WRITES.replace("str(x)", "'2' * (20 << 20)")
    assert with_files(servers, WRITES, check, large).score == 0


def test_an_instructors_own_answer_that_fails_is_told(servers):
    source = notebook(answer("a", "def f():\n    return 3"), test("t", 2, "assert f() == 4"))
    plan, notes = make_plan(source, servers=servers)
    assert plan["t"]["protection"] == "sealed"
    assert "your own answer does not pass it" in notes[0]


def test_a_last_line_that_is_no_mark_is_not_read_as_one(servers):
    source = notebook(answer("a", "def f():\n    return 1"), test("t", 4, "f()"))
    plan, notes = make_plan(source, servers=servers)
    assert plan["t"]["value"] is False and notes
    record = judge(handed_in(source, {"a": "def f():\n    return 4"}), tests_from=source, servers=servers, plan=plan)
    assert record.cells["t"].score == 4  # it ran without an error: that is all this test asks


def test_a_test_that_ends_its_own_process_loses_nothing_else(servers):
    record = mark(
        servers, answer("a", "def f():\n    return 1"), test("t", 1, "assert f() == 1"),
        test("bad", 1, "import os\nos._exit(1)"), test("u", 1, "assert f() == 1"),
    )  # fmt: skip
    assert [(c.outcome, c.score) for c in record.cells.values()] == [("passed", 1), ("unmarked", None), ("passed", 1)]


def test_what_a_test_leaves_behind_does_not_reach_the_next_submission(servers):
    poison = test(
        "t", 1, "import builtins\nfirst = not hasattr(builtins, 'left_behind')\nbuiltins.left_behind = 1\nassert first"
    )
    for _ in range(2):
        assert mark(servers, answer("a", "x = 1"), poison).cells["t"].score == 1


def test_random_numbers_are_the_same_every_time(servers):
    first, second = (
        mark(
            servers,
            code("import numpy as np"),
            answer("a", "r = np.random.rand(2)"),
            test("t", 1, "seen = r\nassert r[0] > 2, str(r)"),
        )
        for _ in range(2)
    )
    assert first.cells["t"].message == second.cells["t"].message
    assert np.fromstring(first.cells["t"].message.strip("[]"), sep=" ").size == 2


def test_what_hears_no_alarm_is_ended_and_its_neighbors_are_marked(servers):
    """Deep in C nothing interrupts it: a test that adds up what an answer told it to."""
    cells = [code("import numpy as np"), answer("a", "def f():\n    return 3"), answer("b", "def g():\n    return 1")]
    tests = [test("t", 1, "assert sum(range(f())) == 3"), test("u", 1, "assert g() == 1")]
    limits = Limits(cell_seconds=0.2, total_seconds=10)
    began = time.monotonic()
    record = mark(servers, *cells, *tests, answers={"a": "def f():\n    return 10 ** 12"}, limits=limits)
    assert time.monotonic() - began < 60
    assert (record.cells["t"].outcome, record.cells["t"].score) == ("unmarked", None)
    assert record.cells["u"].score == 1


def test_a_text_that_keeps_its_readers_busy_costs_only_itself(servers):
    """The text of a cell that ended its process is read here, for the functions in it."""
    busy = "import os\nos._exit(0)\n" + "x = !ls\n" * 3000
    cells = [answer("a", "x = 1"), answer("b", "def g():\n    return 1"), test("u", 1, "assert g() == 1")]
    record = mark(servers, *cells, answers={"a": busy}, limits=Limits(cell_seconds=1, total_seconds=10))
    assert record.cells["u"].score == 1 and record.notes[0].startswith("a: ")
