"""A small assignment in ordinary nbgrader style, with right and wrong answers to it.

Nothing in it knows of gradschool: functions, one class with state, a variable, a test that hands a function over, one
that hands a random generator over, visible and hidden tests, partial credit, a written answer.
"""

import copy
import functools

from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.preprocessors import ClearHiddenTests, ClearSolutions

NAME = "signals"

ANSWERS = {
    "standardize": """\
def standardize(x):
    x = np.asarray(x, dtype=float)
    return (x - x.mean()) / x.std()""",
    "distances": """\
def distances(a, b):
    return np.sqrt(((a[:, None] - b[None]) ** 2).sum(axis=-1))""",
    "count_words": """\
def count_words(text):
    counts = {}
    for word in text.lower().split():
        counts[word] = counts.get(word, 0) + 1
    return counts""",
    "RunningMean": """\
class RunningMean:
    def __init__(self):
        self.count, self.total = 0, 0.0

    def update(self, x):
        self.count += 1
        self.total += x

    @property
    def value(self):
        return self.total / self.count""",
    "integrate": """\
def integrate(f, a, b, n):
    step = (b - a) / n
    middle = sum(f(a + k * step) for k in range(1, n))
    return step * (f(a) / 2 + middle + f(b) / 2)""",
    "smooth": """\
def smooth(x, width):
    return np.convolve(x, np.ones(width) / width, mode="valid")""",
    "noisy": """\
def noisy(x, rng):
    return x + rng.normal(size=x.shape)""",
    "threshold": "threshold = wave.mean()",
    "why": "Because the mean is linear.",
}

WRONG = {
    "standardize": "def standardize(x):\n    return np.asarray(x) + 100",
    "distances": "def distances(a, b):\n    return np.zeros((len(a), len(b))) - 1",
    "count_words": "def count_words(text):\n    return {'nothing': 1}",
    "RunningMean": """\
class RunningMean:
    count, value = -1, -1

    def update(self, x):
        pass""",
    "integrate": "def integrate(f, a, b, n):\n    return -123.0",
    "smooth": "def smooth(x, width):\n    return -np.ones(3)",
    "noisy": "def noisy(x, rng):\n    return x - 1000",
    "threshold": "threshold = -5.0",
    "why": "No idea.",
}

# test cell: (question, points, visible, hidden)
TESTS = {
    "test_standardize": ("standardize", 1, """\
z = standardize(np.array([1.0, 2.0, 3.0]))
assert np.shape(z) == (3,), "keep the shape"
np.testing.assert_allclose(np.mean(z), 0, atol=1e-12)
np.testing.assert_allclose(np.std(z), 1)""", ""),
    "test_standardize_hidden": ("standardize", 2, "# more tests here", """\
rng = np.random.default_rng(7)
samples = [rng.normal(3, 2, size=n) for n in (5, 50, 500)]
for got, x in zip(map(standardize, samples), samples):
    np.testing.assert_allclose(got, (x - x.mean()) / x.std(), rtol=1e-9)"""),
    "test_distances": ("distances", 2, """\
corner = np.array([[0.0, 0.0], [3.0, 4.0]])
assert_allclose(distances(corner, corner), [[0, 5], [5, 0]])""", """\
others = np.array([[1.0, 1.0], [0.0, -2.0], [7.0, 0.5]])
expected = np.sqrt(((corner[:, None] - others[None]) ** 2).sum(axis=-1))
assert_allclose(distances(corner, others), expected)
with pytest.raises(ValueError):
    distances(corner, np.ones((2, 3)))"""),
    "test_words": ("count_words", 1, 'assert count_words("a b a") == {"a": 2, "b": 1}', """\
assert count_words("") == {}
assert count_words("The the THE cat")["the"] == 3
assert len(count_words("one two three")) == 3"""),
    "test_running_mean": ("RunningMean", 2, """\
mean = RunningMean()
for number in [1, 2, 6]:
    mean.update(number)
assert mean.count == 3
assert abs(mean.value - 3) < 1e-12""", """\
other = RunningMean()
other.update(10)
assert other.value == 10, "two objects must not share their state"
assert mean.value == 3"""),
    "test_integrate": ("integrate", 2, """\
def square(x):
    return x ** 2

assert abs(integrate(square, 0.0, 3.0, 100) - 9) < 1e-2""", """\
seen = []

def line(x):
    seen.append(x)
    return 3 * x

assert abs(integrate(line, 2, 4, 20) - 18) < 1e-9
assert seen, "call the function that was handed over"
assert abs(integrate(np.sin, 0, np.pi, 200) - 2) < 1e-3"""),
    "test_smooth": ("smooth", 2, """\
earned = 0
if np.array_equal(np.round(smooth(np.array([1.0, 2.0, 3.0, 4.0, 5.0]), 3), 9), [2, 3, 4]):
    earned += 1""", """\
ones = smooth(np.ones(10), 4)
if len(ones) == 7 and all(abs(value - 1) < 1e-9 for value in ones):
    earned += 1"""),
    "test_noisy": ("noisy", 1, """\
got = noisy(np.zeros(5), np.random.default_rng(3))
np.testing.assert_allclose(got, np.random.default_rng(3).normal(size=5))""", ""),
    "test_threshold": ("threshold", 1, "1 - round(abs(threshold - 0.5), 6)", ""),
}
POINTS = {name: points for name, (_, points, _, _) in TESTS.items()}
TOTAL = sum(POINTS.values())
TESTS_OF = {question: [t for t, row in TESTS.items() if row[0] == question] for question in ANSWERS}


def _marks(grade_id, **kinds):
    empty = {"grade": False, "solution": False, "locked": False, "task": False, "schema_version": 3}
    return {"nbgrader": empty | {"grade_id": grade_id} | kinds}


@functools.cache
def _source():
    cells = [
        new_markdown_cell("# Signals\nFill in the cells below."),
        new_code_cell("import numpy as np\nimport pytest\nfrom numpy.testing import assert_allclose"),
        new_code_cell("wave = np.linspace(0, 1, 11)", metadata=_marks("data", locked=True)),
    ]
    for question, answer in ANSWERS.items():
        cells.append(new_markdown_cell(f"## {question}"))
        if question == "why":
            cells.append(new_markdown_cell("Why?", metadata=_marks("why_question", locked=True)))
            cells.append(new_markdown_cell(answer, metadata=_marks("why", grade=True, solution=True, points=3)))
            continue
        imports = "import numpy as np\n" if question == "smooth" else ""  # in the instructor's own answer
        body = f"### BEGIN SOLUTION\n{imports}{answer}\n### END SOLUTION"
        cells.append(new_code_cell(body, metadata=_marks(question, solution=True)))
        for name in TESTS_OF[question]:
            _, points, text, hidden = TESTS[name]
            if hidden:
                text += f"\n### BEGIN HIDDEN TESTS\n{hidden}\n### END HIDDEN TESTS"
            if question == "smooth":
                text += "\nearned"
            cells.append(new_code_cell(text, metadata=_marks(name, grade=True, locked=True, points=points)))
    notebook = new_notebook(cells=cells)
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
    return notebook


def source():
    """The instructor's notebook, with solutions and hidden tests."""
    return copy.deepcopy(_source())


@functools.cache
def _release():
    notebook = source()
    for preprocessor in (ClearSolutions(), ClearHiddenTests()):
        notebook, _ = preprocessor.preprocess(notebook, {})
    return notebook


def release():
    """The notebook as students get it, made by nbgrader's own preprocessors."""
    return copy.deepcopy(_release())


def submission(answers):
    """A student's notebook. ``answers``: text by question; what is left out stays as it was given out.

    The keys ``first`` and ``last`` are cells of the student's own at the top (after the imports) and at the end.
    """
    notebook = release()
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if name in answers:
            cell.source = answers[name]
    for key, place in (("first", 3), ("last", len(notebook.cells) + 1)):
        texts = answers.get(key, [])
        texts = [texts] if isinstance(texts, str) else texts
        extra = [new_code_cell(text, id=f"{key}-{n}") for n, text in enumerate(texts)]
        notebook.cells[place:place] = extra
    return notebook
