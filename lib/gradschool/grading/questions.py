"""What the test cells of a problem set call: one check, one sentence.

A test cell names its problem set and hands over the learner's functions; then it asks for values::

    from gradschool.grading.questions import question

    q = question("ps06", net_input=net_input)
    q.equals("net_input(x, kernel, bias)", [[0.3775]], x=[[0.05, 0.1]], kernel=[[0.15], [0.2]], bias=[0.35])

The call is text, so that the sentence for the learner can repeat it. It is evaluated here with the functions that were
handed over, numpy as ``np``, and the data; every call gets fresh copies of the data. The functions may be stand-ins for
functions in another process: nothing but calling them is asked of them.

Every failure is a `Failed`, an AssertionError whose text is meant for the learner. When the learner's answers on the
question's probes (see `gradschool.grading.misconceptions`) are those of a known slip, it is a `Slip`, with ``id``,
``question``, ``problem_set`` and ``sentence``; its text ends with ``[slip: ps06/net_input/no-bias]`` for a reader that
has the text alone. Probes and slips are read from ``checks.json`` in the working directory, or from what `use_checks`
was given. A checks.json names code to run (the probes): take it from the instructor's folder, never from a submission.
"""

import functools
import json
import linecache
import math
import traceback
import warnings
from contextlib import contextmanager, redirect_stderr
from io import StringIO
from pathlib import Path

import numpy as np

FORMAT = 1
UNANSWERED = ("NotImplementedError", "NameError")
_given = {}  # problem set -> the content of its checks.json
_listeners = []  # called with every check made: the proof of the problem sets counts them


class Failed(AssertionError):
    """A check that did not hold; the text is a sentence for the learner."""

    def _render_traceback_(self):
        return [str(self)]  # Jupyter shows this in place of a traceback


class NotAttempted(Failed):
    """The starter's ``raise NotImplementedError()`` is still there."""


class Slip(Failed):
    """A check that did not hold because of a slip that many make.

    Attributes
    ----------
    problem_set, question, id : str
        Name the slip: ``"ps06"``, ``"net_input"``, ``"no-bias"``.
    sentence : str
        What the learner should read about it.
    """

    def __init__(self, text, problem_set, question, id, sentence):
        super().__init__(f"{text}\n{sentence}\n[slip: {problem_set}/{question}/{id}]")
        self.problem_set, self.question, self.id, self.sentence = problem_set, question, id, sentence


def question(problem_set, **functions):
    """Return the `Question` that the first function named answers.

    Parameters
    ----------
    problem_set : str
        Such as ``"ps06"``.
    **functions
        The learner's functions (or classes) under the names that the calls use. The first name is the question's.
    """
    for name, function in functions.items():
        library = _library_behind(function)
        if library:
            raise Failed(
                f"{name} calls {library}. The points are for writing it yourself: use numpy and your own functions."
            )
    return Question(problem_set, functions)


def use_checks(problem_set, checks):
    """Take the probes and slips of ``problem_set`` from the dict ``checks``, not from a file; None forgets them."""
    if checks is None:
        _given.pop(problem_set, None)
    else:
        _given[problem_set] = checks


@contextmanager
def listening(listener):
    """Call ``listener(question, call, data, hidden_test)`` at every value asked for.

    When it returns a function, what that gives takes the place of the learner's answer.
    """
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


class Question:
    """One question's functions and the checks that can be made of them."""

    def __init__(self, problem_set, functions):
        self.problem_set = problem_set
        self.functions = functions
        self.name = next(iter(functions))

    def value(self, call, /, *, hidden_test=None, **data):
        """Return what ``call`` gives, or raise a sentence when it stops with an error.

        Parameters
        ----------
        call : str
            A Python expression with the functions' names, ``np`` and the names in ``data``.
        hidden_test : str, optional
            What a hidden test is about, in words. The sentence then shows these words and no numbers.
        **data
            Lists of numbers become arrays; arrays are copied, in tuples, lists and dicts too.
        """
        for listener in _listeners:
            replaced = listener(self, call, data, hidden_test)
            if replaced is not None:
                return replaced()
        try:
            return self._evaluate(call, data)
        except Failed:
            raise
        except Exception as error:  # noqa: BLE001 (a learner's function may raise anything)
            if _error_name(error) == "NotImplementedError":
                raise NotAttempted(
                    f"{self.name} is not attempted yet. Replace `raise NotImplementedError()` with your code, "
                    "run that cell, then run this one again."
                ) from None
            stopped = f"stopped with {_error_text(error, hidden_test)}{_where(error)}"
            self._fail(f"{self._asked(call, data, hidden_test)}\n{stopped}")

    def equals(self, call, expected, /, *, rtol=1e-9, atol=1e-12, hidden_test=None, **data):
        """Check that ``call`` gives ``expected``: same structure, same shapes, numbers within the tolerance.

        Parameters
        ----------
        call, hidden_test, **data
            As for `value`.
        expected : number, array_like, str, None, or tuple, list or dict of them
            A list is an array; a tuple (or dict) is several results, of which the learner may give a tuple or a list.
        rtol, atol : float
            ``|got - expected| <= atol + rtol |expected|``.
        """
        got = self.value(call, hidden_test=hidden_test, **data)
        problem = _difference(expected, got, rtol, atol, show=hidden_test is None)
        if problem:
            self._fail(f"{self._asked(call, data, hidden_test)}\n{problem}")

    def require(self, condition, sentence, *, hidden_test=None):
        """Check a property worked out in the test cell; ``sentence`` says what was wanted and gives no number away."""
        if not condition:
            self._fail(f"Hidden test, {hidden_test}:\n{sentence}" if hidden_test else sentence)

    def diagnose(self):
        """Return ``(id, sentence)`` of the known slip that the functions make, or None."""
        checks = _checks_of(self.problem_set)
        entry = (checks or {}).get("questions", {}).get(self.name)
        if not entry:
            return None
        outcomes = {}
        best, weight = None, 0
        for slip in entry["slips"]:
            matched = self._matched(slip, entry["probes"], outcomes)
            if matched > weight:
                best, weight = (slip["id"], slip["sentence"]), matched
        return best

    def outcome(self, call, data):
        """Return the leaves that ``call`` gives, ``{path: value}``, in the plain form that checks.json holds."""
        try:
            return leaves(self._evaluate(call, data))
        except Exception as error:  # noqa: BLE001
            return {"raises": _error_name(error)}

    def _evaluate(self, call, data):
        names = {name: _copy(value) for name, value in data.items()}
        # Stock nbgrader takes a word on stderr for a failure, be it a warning of overflow.
        with warnings.catch_warnings(), redirect_stderr(StringIO()):
            warnings.simplefilter("ignore")
            return eval(_expression(call), {"np": np, **self.functions, **names})

    def _matched(self, slip, probes, outcomes):
        """Return how many of the slip's results the functions give, 0 when one differs."""
        matched = 0
        for given in slip["gives"]:
            index = given["probe"]
            if index not in outcomes:
                outcomes[index] = self.outcome(probes[index]["call"], thaw(probes[index]["data"]))
            if outcomes[index].get("raises") in UNANSWERED:
                continue  # this part of the question is not written yet: judge by the others
            if not same_leaf(outcomes[index].get(given["part"]), given["value"]):
                return 0
            matched += 1
        return matched

    def _fail(self, text):
        try:
            found = self.diagnose()
        except Exception:  # noqa: BLE001
            found = None  # a diagnosis is a help: a checks.json that cannot be read must not change a mark
        if found:
            raise Slip(text, self.problem_set, self.name, *found) from None
        raise Failed(text) from None

    def _asked(self, call, data, hidden_test):
        if hidden_test:
            return f"Hidden test, {hidden_test}: {self.name}"
        shown = ",\n       ".join(f"{name} = {_show(value)}" for name, value in data.items())
        return f"{call}\n  with {shown}" if shown else call


@functools.cache
def _expression(call):
    """A call compiled once: tests ask the same with many numbers."""
    return compile(call, "<call>", "eval")


# --- plain values, as checks.json holds them ------------------------------------------------------------------------


def freeze(data):
    """Return the dict ``data`` of a probe in a form that JSON keeps: arrays with their dtype."""
    return {name: _freeze(value) for name, value in data.items()}


def thaw(data):
    """Return the data of a probe that `freeze` wrote."""
    return {name: _thaw(value) for name, value in data.items()}


def _freeze(value):
    if isinstance(value, np.ndarray):
        return {"array": value.tolist(), "dtype": str(value.dtype)}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, tuple):
        return {"tuple": [_freeze(v) for v in value]}
    if isinstance(value, dict):
        return {"dict": {k: _freeze(v) for k, v in value.items()}}
    if isinstance(value, list):
        return _freeze(np.array(value)) if _is_array_like(value) else {"list": [_freeze(v) for v in value]}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(f"a probe's data must be numbers, text, arrays, tuples or dicts; got {type(value).__name__}.")


def _thaw(value):
    if isinstance(value, dict):
        if "array" in value:
            return np.array(value["array"], dtype=value["dtype"])
        if "tuple" in value:
            return tuple(_thaw(v) for v in value["tuple"])
        if "list" in value:
            return [_thaw(v) for v in value["list"]]
        return {k: _thaw(v) for k, v in value["dict"].items()}
    return value


def leaves(value, path="result"):
    """Return ``{path: leaf}`` of a result; a leaf is text or ``{"shape": [...], "numbers": [...]}`` to ten digits."""
    if isinstance(value, dict):
        return {k: v for key in value for k, v in leaves(value[key], f"{path}[{key!r}]").items()}
    if isinstance(value, (tuple, list)) and not _is_array_like(value):
        return {k: v for i, part in enumerate(value) for k, v in leaves(part, f"{path}[{i}]").items()}
    if value is None or isinstance(value, str):
        return {path: repr(value)}
    try:
        array = np.asarray(value)
        numbers = [_ten_digits(x) for x in array.astype(float).ravel().tolist()]
    except (TypeError, ValueError):
        return {path: type(value).__name__}
    return {path: {"shape": list(array.shape), "numbers": numbers}}


def same_leaf(a, b, rtol=2e-8, atol=1e-11):
    """Return whether two leaves are equal to eight digits."""
    if not (isinstance(a, dict) and isinstance(b, dict)):
        return a == b
    if a["shape"] != b["shape"]:
        return False
    x, y = ([float(v) for v in leaf["numbers"]] for leaf in (a, b))
    return bool(np.allclose(x, y, rtol=rtol, atol=atol, equal_nan=True))


def _ten_digits(x):
    """Round so that processors agree; what is left of a difference of equal numbers is 0."""
    if not math.isfinite(x):
        return str(x)
    return float(f"{x:.10g}") if abs(x) > 1e-12 else 0.0


def _is_array_like(value):
    try:
        return np.asarray(value).dtype.kind in "fiub" and all(not isinstance(v, np.ndarray) for v in value)
    except ValueError:
        return False


def _copy(value):
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, list):
        return np.array(value) if _is_array_like(value) else [_copy(v) for v in value]
    if isinstance(value, tuple):
        return tuple(_copy(v) for v in value)
    if isinstance(value, dict):
        return {k: _copy(v) for k, v in value.items()}
    return value


def _checks_of(problem_set):
    if problem_set in _given:
        return _given[problem_set]
    try:
        found = json.loads(Path("checks.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if found.get("problem_set") == problem_set and found.get("format") == FORMAT else None


# --- comparing and telling ------------------------------------------------------------------------------------------


def _difference(expected, got, rtol, atol, show, part=""):
    """Return what is wrong with ``got``, or None. With ``show`` false nothing of what is in it is told: an answer could
    return or raise the hidden data to read them in its feedback."""
    if got is None and expected is not None:
        return f"{part or 'it'} should be a value, but is None. Does the function end with `return ...`?"
    if isinstance(expected, dict):
        if not isinstance(got, dict) or set(got) != set(expected):
            had = ", ".join(map(str, got)) if isinstance(got, dict) and show else _kind(got, show)
            return f"{part or 'it'} should be a dict with {', '.join(map(str, expected))}, but is: {had}."
        parts = [(f"{part}[{key!r}]" if part else f"result[{key!r}]", expected[key], got[key]) for key in expected]
    elif isinstance(expected, tuple):
        if not isinstance(got, (tuple, list)) or len(got) != len(expected):
            had = f"{len(got)} results" if isinstance(got, (tuple, list)) else _kind(got, show)
            return f"{part or 'it'} should be {len(expected)} results, `return a, b, ...`, but is {had}."
        parts = [(f"{part or 'result'}[{i}]", e, g) for i, (e, g) in enumerate(zip(expected, got))]
    elif expected is None or isinstance(expected, (str, bool, np.bool_)):
        same = type(got) is type(expected) if expected is None else got == expected
        return None if same is True or same is np.True_ else _wanted(expected, got, show, part)
    else:
        return _array_difference(np.asarray(expected), got, rtol, atol, show, part)
    for name, e, g in parts:
        problem = _difference(e, g, rtol, atol, show, name)
        if problem:
            return problem
    return None


def _array_difference(expected, got, rtol, atol, show, part):
    try:
        array = np.asarray(got)
    except ValueError:
        array = None
    if array is None or array.dtype.kind not in "fiub":
        return f"{part or 'it'} should be {'an array' if expected.ndim else 'a number'}, but is {_kind(got, show)}."
    if array.shape != expected.shape:
        what = "one number" if expected.ndim == 0 else f"an array of shape {expected.shape}"
        hint = ""
        if array.shape == expected.shape[::-1]:
            hint = " It looks transposed."
        elif array.ndim < expected.ndim and array.size == expected.size:
            hint = " Keep all the axes, even those of length 1."
        elif array.ndim == 0 and expected.ndim:
            hint = " Did something sum over all of it?"
        return f"{part or 'it'} should be {what}, but has shape {array.shape}.{hint}"
    with np.errstate(all="ignore"):
        wrong = ~np.isclose(array.astype(float), expected.astype(float), rtol=rtol, atol=atol, equal_nan=True)
    if not wrong.any():
        return None
    return _wanted(expected, array, show, part) + _hint(expected.astype(float), array.astype(float), show)


def _wanted(expected, got, show, part):
    where = part or "it"
    if not show:
        return f"{where} is not right there yet."
    if len(_show(expected)) + len(_show(got)) < 70:
        return f"{where} should be {_show(expected)}, but is {_show(got)}."
    return f"{where} should be\n    {_show(expected)}\nbut is\n    {_show(got)}"


def _hint(expected, got, show):
    """Return a sentence on what the numbers alone give away."""
    if not np.isfinite(got).all():
        return " It holds NaN or infinity."
    nonzero = np.abs(expected) > 1e-12
    if got.size == 0 or not nonzero.any() or not np.allclose(got[~nonzero], 0, atol=1e-12):
        return ""
    if not np.abs(got).max() > 0:
        return ""
    ratios = got[nonzero] / expected[nonzero]
    ratio = ratios.flat[0]
    if not np.allclose(ratios, ratio, rtol=1e-7):
        return ""
    if np.isclose(ratio, -1):
        return " Only the sign is wrong."
    if show and expected.size > 1:
        return f" Every number is {ratio:.6g} times what it should be."
    return ""


def _show(value):
    if isinstance(value, (bool, np.bool_, str)) or value is None or callable(value):
        return repr(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k!r}: {_show(v)}" for k, v in value.items()) + "}"
    if isinstance(value, tuple):
        return "(" + ", ".join(_show(v) for v in value) + ")"
    if isinstance(value, list) and not _is_array_like(value):
        return "[" + ", ".join(_show(v) for v in value) + "]"
    try:
        array = np.asarray(value)
    except ValueError:
        return _short(repr(value))
    if array.dtype.kind not in "fiub":
        return _short(repr(value))
    if array.ndim == 0:
        return f"{array.item():.12g}" if array.dtype.kind == "f" else repr(array.item())
    if array.size > 24:
        return f"an array of shape {array.shape}"
    text = np.array2string(
        array,
        separator=", ",
        floatmode="unique",
        max_line_width=10_000,
        formatter={"float_kind": lambda x: f"{x:.12g}"},
    )
    return " ".join(text.split())


def _kind(value, show):
    """The type and, unless hidden data could be in it, the value."""
    return f"{type(value).__name__} ({_short(repr(value))})" if show else f"of type {type(value).__name__}"


def _short(text):
    return text if len(text) <= 60 else text[:57] + "..."


def _error_name(error):
    """Return the type of an error that the learner's function raised, here or (in ``student``) in another process."""
    there = getattr(error, "student", None)
    return there["name"] if isinstance(there, dict) and "name" in there else type(error).__name__


def _error_text(error, hidden):
    text = "" if hidden else (str(error).strip().splitlines() or [""])[0]
    return f"{_error_name(error)}: {text[:300]}" if text else f"{_error_name(error)}."


def _where(error):
    """Return the learner's own line that stopped, when it is known."""
    there = getattr(error, "student", None)
    if isinstance(there, dict):
        places = there.get("where") or []
    else:
        places = [(f.filename, f.lineno, linecache.getline(f.filename, f.lineno).strip()) for f in _frames(error)]
    found = [(number, line) for _, number, line in places if line]
    return f"\nin line {found[-1][0]} of your cell: {found[-1][1]}" if found else ""


def _frames(error):
    """The frames of an error that are neither this package's nor an installed library's nor the call's own text."""
    own = str(Path(__file__).parent)
    return [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith((own, "<string")) and "site-packages" not in frame.filename
    ]


def _library_behind(function, seen=None):
    """Return the gradschool function that ``function`` is or calls, or None. Stand-ins are not looked into."""
    seen = set() if seen is None else seen
    if id(function) in seen:
        return None
    seen.add(id(function))
    home = getattr(function, "__module__", None)
    if isinstance(home, str) and _of_library(home):
        return f"{home}.{getattr(function, '__name__', '')}".rstrip(".")
    if isinstance(function, type):
        inner = [v for v in vars(function).values() if hasattr(v, "__code__")]
        return next((found for found in (_library_behind(f, seen) for f in inner) if found), None)
    names = getattr(function, "__globals__", None)  # a stand-in has none: its code is not asked for
    code = getattr(function, "__code__", None) if isinstance(names, dict) else None
    if code is None:
        return None
    used_names = list(names_in(code))
    for name in used_names:
        if name == "gradschool" and "datasets" in used_names:
            continue
        if _of_library(name):
            return name
        used = names.get(name)
        if type(used).__name__ == "module" and used.__name__ != "gradschool" and _of_library(used.__name__):
            return used.__name__
        if callable(used) and (found := _library_behind(used, seen)):
            return found
    return None


def _of_library(name):
    return name.split(".")[0] == "gradschool" and not name.startswith(("gradschool.datasets", "gradschool.grading"))


def names_in(code):
    """Yield the global names and attributes that a code object and those inside it use."""
    yield from code.co_names
    for constant in code.co_consts:
        if hasattr(constant, "co_names"):
            yield from names_in(constant)
