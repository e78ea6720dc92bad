"""What authors of tests ordinarily write, and answers to it: some that lie about themselves, some honest and odd.

One notebook holds an exercise for each kind of value. A test looks at it in the ways that come to mind: shape, length,
sum, order, items, text, truth. What an answer hands in there must be what it says it is.
"""

import pytest
from gradschool.grading.judge import Limits, Servers, judge, make_plan
from marking import answer, code, handed_in, notebook, test

ACC = """\
class Acc:
    def __init__(self):
        self.items, self.n = {items}, 0
    def add(self, x):
        self.items.append(x)
        self.n += 1{returns}
    def total(self):
        return float(sum(self.items))
    @property
    def mean(self):
        return self.total() / self.n"""

# exercise: (the instructor's answer, the test)
EXERCISES = {
    "array": ("def array(x):\n    return np.asarray(x) * 2.0", """\
r = array([1, 2, 3])
assert r.shape == (3,) and len(r) == 3 and r.mean() == 4 and (r > 0).all()
assert_allclose(r, [2, 4, 6])
assert np.sqrt(r[1]) == 2 and np.array_equal(np.abs(r), [2, 4, 6])"""),
    "ordered": ("def ordered(x):\n    return sorted(x)", """\
y = ordered([3, 1, 2])
assert all(a <= b for a, b in zip(y, y[1:])) and len(y) == 3
assert sorted(y) == [1, 2, 3] and y[0] == 1 and max(y) == 3 and 2 in y"""),
    "number": ("def number(x):\n    return x / 2", """\
import math
assert abs(number(3) - 1.5) < 1e-9 and abs(1.5 - number(3)) < 1e-9
assert number(4) > 1 and f"{float(number(3)):.1f}" == "1.5" and math.isclose(number(5), 2.5)"""),
    "spread": ("def spread(x):\n    return np.array([-2.0, 0.0, 2.0])", """\
r = spread([1, 3, 5])
assert r.shape == (3,) and abs(r.mean()) < 1e-9 and r.std() > 1"""),
    "half": ("def half(x):\n    return x / 2", "assert abs(half(3) - 1.5) < 1e-9 and abs(1.5 - half(3)) < 1e-9"),
    "letters": ("def letters(s):\n    return {c: s.count(c) for c in s}", """\
d = letters("aab")
assert d == {"a": 2, "b": 1} and d["a"] == 2 and set(d) == {"a", "b"}
assert sorted(d.items()) == [("a", 2), ("b", 1)] and d.get("z", 0) == 0 and "a" in d"""),
    "unique": ("def unique(x):\n    return set(x)", "assert unique([1, 1, 2]) == {1, 2} and len(unique([1])) == 1"),
    "Acc": (ACC.format(items="[]", returns=""), """\
a = Acc()
a.add(2)
a.add(4)
assert a.n == 2 and abs(a.total() - 6) < 1e-9 and a.mean == 3
assert list(a.items) == [2, 4] and hasattr(a, "items") and isinstance(a, Acc)"""),
    "Vector": ("""\
class Vector:
    def __init__(self, x):
        self.x = x
    def __sub__(self, other):
        return Vector(self.x - other.x)""", "assert abs((Vector(5) - Vector(3)).x - 2) < 1e-9"),
    "squares": ("def squares(n):\n    for k in range(n):\n        yield k * k", """\
assert list(squares(3)) == [0, 1, 4] and sum(squares(4)) == 14
g = squares(2)
assert next(g) == 0 and next(g) == 1"""),
    "times": ("def times(a):\n    return lambda x: a * x", """\
assert times(3)(2) == 6 and callable(times(3)) and list(map(times(2), [1, 2])) == [2, 4]"""),
    "pair": ("def pair(x):\n    return x, x * x", "a, b = pair(3)\nassert (a, b) == (3, 9) and pair(2)[1] == 4"),
    "text": ("def text(x):\n    return f'{x:.2f}'", "assert text(2) == '2.00' and text(1).startswith('1')"),
    "table": ("table = [1.0, 2.0]", "assert len(table) == 2 and abs(sum(table) - 3) < 1e-9 and table == sorted(table)"),
    "positive": ("def positive(x):\n    return x > 0", "assert positive(3) and not positive(-3) and positive(1) == True"),
    "shown": ("def shown(x):\n    print(x)", "assert shown(3) is None"),
    "checked": ("def checked(x):\n    if x < 0:\n        raise ValueError('negative')\n    return 1", """\
with pytest.raises(ValueError, match="neg"):
    checked(-1)
assert checked(1) == 1"""),
    "registered": ("def registered(f):\n    return f", "assert registered(lambda x: x + 1)(2) == 3"),
    "Layer": ("class Layer:\n    after = None\n    def out(self, x):\n        return 2 * x", """\
layer = Layer()
y = layer.out(3)
if layer.after is not None:
    y = layer.after(y)
assert y == 6"""),
    "first": ("def first(x):\n    return x[0]", "assert first([4, 5]) == 4\nwanted = 9.0"),
    "later": ("def later(x):\n    return x * x", "assert later(3) == wanted"),
}  # fmt: skip
IMPORTS = "import numpy as np\nimport pytest\nfrom numpy.testing import assert_allclose"
SOURCE = notebook(
    code(IMPORTS),
    *(cell for name, (right, check) in EXERCISES.items() for cell in (answer(name, right), test(f"t_{name}", 1, check))),
)

YES = """\
class Yes:
    shape = (3,)
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return self
    def __call__(self, *a, **k): return self
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __lt__(self, other): return True
    __le__ = __gt__ = __ge__ = __contains__ = __lt__
    def __bool__(self): return True
    def __hash__(self): return 1
    def __sub__(self, other): return 0.0
    __rsub__ = __add__ = __radd__ = __mul__ = __rmul__ = __truediv__ = __sub__
    def __abs__(self): return 0.0
    def __len__(self): return 3
    def __iter__(self): return iter([])
    def __getitem__(self, k): return self
    def __str__(self): return "1.50"
    def __format__(self, how): return "1.5"
    def mean(self, *a, **k): return 0
    def std(self, *a, **k): return 4
"""
CLASSES = {
    "Acc": "class Acc(Yes):\n    n = total = mean = items = {}",
    "Layer": "class Layer(Yes):\n    out = after = {}",
    "Vector": "class Vector(Yes):\n    def __sub__(self, other):\n        return self\n    x = {}",
    "table": "table = {}",
}

# what is handed in (the rest is the instructor's), the exercises without a mark
LIES = {
    **{
        f"everything is {value}": (
            {n: YES + CLASSES.get(n, f"def {n}(*a):\n    return {{}}").format(value) for n in EXERCISES},
            EXERCISES,
        )
        for value in ("Yes()", "[Yes()] * 3", "{Yes(): Yes()}", "Yes", "np.array([Yes()] * 3)")
    },
    "another order in each loop": ({"ordered": """\
class Other:
    loops = 0
    def __iter__(self):
        Other.loops += 1
        return iter([1, 1, 3] if Other.loops == 1 else [1, 2, 3])
    def __len__(self): return 3
    def __getitem__(self, k): return [1, 2, 3][k]
def ordered(x):
    return Other()"""}, ["ordered"]),
    "a list that changes between two looks": ({"table": """\
import gradschool.grading.student as student
table, do = [0.0, 0.0], student.Runner._do
def other(self, header, frames, out):
    if header.get("name") == "table":
        table[:] = [0.0, 0.0] if table[0] else [1.0, 2.0]
    return do(self, header, frames, out)
student.Runner._do = other"""}, []),
    "one answer under another's name": ({
        "array": YES + "array = lambda *a: Yes()", "pair": "pair = array", "Vector": "Vector = array"},
        ["array", "pair", "Vector"]),
    "the name that an earlier test would have bound": ({
        "first": "def first(x):\n    return 0", "later": "def later(x):\n    return -1\nwanted = -1"}, ["first", "later"]),
}  # fmt: skip

HONEST = {
    "masked": {"array": "def array(x):\n    return np.ma.array(x) * 2.0"},
    "float32": {
        "array": "def array(x):\n    return np.asarray(x, 'f4') * 2",
        "number": "def number(x):\n    return np.float32(x / 2)",
        "ordered": "def ordered(x):\n    return np.sort(x)",
    },
    "objects in an array": {"array": "def array(x):\n    return np.array([v * 2.0 for v in x], dtype=object)"},
    "a thing that is an array": {"array": """\
class Tensor:
    def __init__(self, x): self.x = x
    def __array__(self, dtype=None, copy=None): return np.asarray(self.x) * 2.0
def array(x):
    return Tensor(x)"""},
    "collections": {
        "ordered": "from collections import deque\ndef ordered(x):\n    class L(list): pass\n    return L(sorted(x))",
        "letters": "from collections import Counter\ndef letters(s):\n    return Counter(s)",
        "unique": "def unique(x):\n    return frozenset(x)",
        "pair": "from collections import namedtuple\nP = namedtuple('P', 'a b')\ndef pair(x):\n    return P(x, x * x)",
    },
    "user's collections": {
        "ordered": "from collections import UserList\ndef ordered(x):\n    return UserList(sorted(x))",
        "letters": "from collections import UserDict\ndef letters(s):\n    return UserDict({c: s.count(c) for c in s})",
        "unique": "def unique(x):\n    return dict.fromkeys(x).keys()",
        "Acc": "from collections import deque\n" + ACC.format(items="deque()", returns="\n        return self"),
    },
    "a sequence of one's own": {"ordered": """\
class Row:
    def __init__(self, x): self.x = x
    def __len__(self): return len(self.x)
    def __getitem__(self, k): return self.x[k]
def ordered(x):
    return Row(sorted(x))"""},
    "other numbers": {
        "number": "from fractions import Fraction\ndef number(x):\n    return Fraction(x, 2)",
        "text": "def text(x):\n    return np.str_(f'{x:.2f}')",
        "positive": "def positive(x):\n    return np.array(x > 0)",
        "checked": "class Negative(ValueError): pass\ndef checked(x):\n    if x < 0:\n        raise Negative('negative')\n"
        "    return True",
    },
    "decimals": {"number": "from decimal import Decimal\ndef number(x):\n    return Decimal(x) / 2"},
    "iterators": {"squares": "def squares(n):\n    return map(lambda k: k * k, range(n))"},
    "an iterator of one's own": {"squares": """\
class squares:
    def __init__(self, n): self.k, self.n = 0, n
    def __iter__(self): return self
    def __next__(self):
        if self.k >= self.n:
            raise StopIteration
        self.k += 1
        return (self.k - 1) ** 2"""},
    "functions made otherwise": {
        "times": "from functools import partial\nimport operator\ndef times(a):\n    return partial(operator.mul, a)"
    },
    "objects in the place of None and of the test's own": {
        "registered": "def registered(f):\n    def inner(x):\n        return f(x)\n    return inner",
        "Layer": "class Layer:\n    def after(self, x):\n        return x\n    def out(self, x):\n        return 2 * x",
    },
    "a function that is a class": {
        "times": "class times:\n    def __init__(self, a): self.a = a\n    def __call__(self, x): return self.a * x"
    },
    "a dataclass": {"Acc": """\
from dataclasses import dataclass, field
@dataclass
class Acc:
    items: list = field(default_factory=list)
    n = property(lambda self: len(self.items))
    def add(self, x): self.items.append(x)
    def total(self): return sum(self.items)
    @property
    def mean(self): return np.mean(self.items)"""},
}  # fmt: skip


@pytest.fixture(scope="module")
def marked():
    """Marks a notebook; returns the exercises that got no mark."""
    with Servers() as servers:
        plan, notes = make_plan(SOURCE, servers=servers)
        assert notes == [] and {how["protection"] for how in plan.values()} == {"sealed"}

        def marked(answers):
            limits = Limits(cell_seconds=10, total_seconds=60)
            record = judge(handed_in(SOURCE, answers), tests_from=SOURCE, servers=servers, plan=plan, limits=limits)
            return {name.removeprefix("t_") for name, cell in record.cells.items() if cell.score != 1}

        yield marked


@pytest.mark.parametrize("name", LIES)
def test_lies_earn_nothing(marked, name):
    answers, unmarked = LIES[name]
    assert marked(answers) == set(unmarked)


@pytest.mark.parametrize("name", HONEST)
def test_odd_answers_keep_their_marks(marked, name):
    assert marked(HONEST[name]) == set()


def test_a_process_that_says_that_running_a_cell_was_an_error(marked):
    """It is as if it had died: its answers get nothing, and the marking goes on."""
    lie = "import gradschool.grading.student as s\ns.Runner._run = lambda *a: 1 / 0\ndef first(x):\n    return x[0]"
    assert marked({"first": lie}) == {"later"}
