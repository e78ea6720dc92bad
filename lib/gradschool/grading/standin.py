"""A student's functions and objects as a test sees them.

`Student` talks to the process in which the student's cells run. What comes back from it is either plain data, made
anew on this side, or a `StandIn`: an object that holds nothing but a number and sends what is done with it over. No
method that a student wrote ever runs here, and the other side is not asked how something compares (``==``, ``<``): for
that, a stand-in must first turn into data. So must it to be computed with. Where the instructor's own answers define
an operator, it is what is tested, and theirs to answer; but how something compares with anything else than another
object of the student's is found out here even then.

`Names` is the namespace of the test cells: names that the student's cells bind are looked up over there, all others
here.
"""

import builtins
import contextlib
import inspect
import operator
import pickle
import re
import sys
import time
import types

import numpy as np

from gradschool.grading.channel import Closed, ProtocolError, TooLate
from gradschool.grading.protocol import BINARY_OPERATORS, COMPARISONS, PLAIN_TYPES, UNARY_OPERATORS, Codec
from gradschool.grading.sandbox import is_forbidden
from gradschool.grading.server import ask
from gradschool.grading.surroundings import (
    MAX_PRINTED,
    SHADOWED,
    changed_states,
    forget_seeds,
    print_here,
    replaced,
    seeded,
    set_states,
    states,
    warn_here,
    warnings_count,
)

GRACE_SECONDS = 2.0  # between asking code to stop and ending its process
START_SECONDS = 60.0
MAX_DEPTH = 25  # of functions that call each other across
MAX_NAMES = 10_000


class CannotMark(Exception):
    """The marking itself failed: whatever happens now is not the student's fault."""


class TimeUp(BaseException):
    """The student's code took too long. Not an Exception, so that no test mistakes it for an expected one."""


class Died(BaseException):
    """The student's process ended or sent what is no message."""


class StudentError(Exception):
    """The student's code raised something that has no counterpart here."""


class Student:
    """The student's side of one notebook. A process that ended is started again when something is asked of it.

    Parameters
    ----------
    students : socket
        The students' server's.
    request : dict
        What the sandbox needs: limits, folder, hidden.
    folder : gradschool.grading.surroundings.Folder, optional
        Of the tests, to and from which files go.
    """

    def __init__(self, students, request, folder=None):
        self.students, self.request, self.folder = students, request, folder
        self.limits = request["limits"]
        self.end = time.monotonic() + self.limits["total_seconds"]
        self.cell_end = self.end
        self.finished = []  # (source, what to do with it) of the cells a new process has to run again
        self.trouble = None  # TimeUp or Died since `begin_cell`, even when a test swallowed it
        self.changed = []  # sentences about arguments written into, since `begin_cell`
        self.room = MAX_PRINTED  # for what it prints while a test runs
        self.write_back = False
        self.operators = frozenset()  # such as "__add__": those that the instructor's own answers define
        self.only_data = frozenset()  # where the instructor's own answer gave data in this test: see `_take`
        self.gave = {}  # where the answer gave something since `begin_cell`: whether an object was in it
        self.steps = 0  # what may have changed something over there
        self.starts = 0
        self.calls = 0
        self._copy = None
        self._codec = _Codec(self)
        self._depth = 0
        self._id = 0

    # -- its process

    def begin_cell(self):
        """Start the clock of a cell; start the process when there is none."""
        self.trouble, self.changed, self.room = None, [], self.limits["output_bytes"]
        self.gave = {}
        forget_seeds()
        self.random = states() if self.write_back else {}
        self.cell_end = min(self.end, time.monotonic() + self.limits["cell_seconds"])
        if self._copy is None:
            self._start()
            for source in list(self.finished):
                self.run(source)
            self.cell_end = min(self.end, time.monotonic() + self.limits["cell_seconds"])

    def _start(self):
        self.starts += 1
        if self.starts > 1 and self.folder:
            self.folder.start_again()
        self._codec = _Codec(self)
        self._copy = ask(self.students, self.request)
        try:
            hello, _ = self._copy.channel.receive(time.monotonic() + START_SECONDS)
        except (ProtocolError, TooLate):
            self.close()
            raise CannotMark("the process for the student's code did not start.") from None
        if "failed" in hello:
            self.close()
            raise CannotMark(hello["failed"])

    def close(self):
        """End the process. The next cell gets a new one."""
        if self._copy is not None:
            self._copy.kill()
            self._copy = None

    def _fail(self, kind, sentence):
        self.close()
        self.trouble = kind(sentence)
        raise self.trouble

    # -- what can be asked

    def run(self, source):
        """Run one of the student's cells. Returns (outputs, name of the exception that ended it or None)."""
        try:
            reply, _ = self._exchange({"do": "run", "source": source})
        except Exception:  # a cell may end by an error, but to run it is none; or its text is too long  # noqa: BLE001
            self._fail(Died, "What your code sent back could not be read.")
        return clean_outputs(reply.get("outputs")), reply.get("ended")

    def test(self, source):
        """Run a test cell over there; for those that cannot be run here."""
        reply, _ = self._exchange({"do": "test", "source": source})
        value = reply.get("value")
        return value if type(value) is float else None

    def has(self, name):
        return self._exchange({"do": "has", "name": name})[0].get("value") is True

    def names(self):
        listed = self._exchange({"do": "names"})[0].get("value")
        return [n for n in listed[:MAX_NAMES] if type(n) is str] if type(listed) is list else []

    def get(self, name):
        """The value of a name over there; KeyError when there is none."""
        reply, frames = self._exchange({"do": "get", "name": name})
        if reply.get("missing") is True:
            raise KeyError(name)
        return self._take({name}, reply, frames)

    def set(self, name, value):
        self._ask("set", (value,), {}, name=name)

    def forget(self, name):
        self._exchange({"do": "forget", "name": name})

    def operate(self, operation, *args, **kwargs):
        """Do ``operation`` (see `gradschool.grading.student.OPERATIONS`) on the student's side; return its value."""
        self.steps += 1
        reply, frames = self._ask(operation, args, kwargs, surroundings=True)
        self._note_changes(reply, frames, args)
        paths, plain = {operation}, type(args[0]) is StandIn and is_plain(args[0])
        if operation == "call":
            known = object.__getattribute__(args[0], "_paths")
            paths = {path if path.startswith("call call call") else f"call {path}" for path in known}
        elif operation == "getattr":
            paths = {f".{args[1]}"}
        return self._take(paths, reply, frames, plain or operation in ("as_data", "as_plain"))

    def _take(self, paths, reply, frames, plain=False):
        """Decode what a reply gives. ``paths`` say where: `f`, `call f`, `.weights`.

        Where the instructor's own answer gave data, an answer has to give data. An object that stands for some is
        turned into it at once, any other is *plain*: nothing that it says of itself is believed, it has items at most.
        """
        plain = plain or not self.only_data.isdisjoint(paths)
        with self._meeting(paths, plain):
            value = self._decode(reply, frames)
        if value is not None:  # which an answer may leave out, or have something else for
            self._note_kind(paths)
        if plain and type(value) is StandIn and "as_plain" not in paths and "as_data" not in paths:
            try:
                return self.operate("as_plain", value)
            except (TypeError, ValueError):
                pass
        return value

    @contextlib.contextmanager
    def _meeting(self, paths, plain):
        codec = self._codec
        codec.paths, codec.plain, codec.met = paths, plain, False
        try:
            yield
        finally:
            codec.paths, codec.plain = (), False

    def _note_kind(self, paths):
        for path in paths:
            self.gave[path] = self.gave.get(path, False) or self._codec.met

    # -- how it is asked

    def _ask(self, do, args, kwargs, surroundings=False, **more):
        frames = []
        try:
            header = {
                "do": do,
                "args": [self._codec.tree(arg, frames) for arg in args],
                "kwargs": {"dict": [[name, self._codec.tree(value, frames)] for name, value in kwargs.items()]},
            }
        except ValueError as error:  # too deep
            raise CannotPass(str(error)) from None
        return self._exchange(header | more | (self._surroundings(frames) if surroundings else {}), frames)

    def _surroundings(self, frames):
        """What a function over there finds as a test has set it here."""
        found = {}
        if functions := replaced():
            found["replaced"] = [[module, name, self._codec.callback(f)] for module, name, f in functions]
        if random := changed_states(self.random) if self.write_back else seeded():
            found["random"] = self._codec.tree(random, frames)
        if warnings_count():
            found["warnings"] = True
        if files := self.folder.changed(self.folder.goes) if self.folder else None:
            found["files"] = self._codec.tree(files, frames)
        if self.write_back:
            found["share"] = True
            self.random |= random
        return found

    def _exchange(self, header, frames=()):
        """Send a request and return its reply; meanwhile call the functions that it asks to be called."""
        if self.trouble or self._copy is None:
            raise self.trouble or Died("your code's process has ended.")
        self.calls += 1
        self._id += 1
        number, copy = self._id, self._copy
        interrupted = False
        try:
            copy.channel.send(header | {"id": number}, frames, self.cell_end)
            while True:
                try:
                    reply, frames = copy.channel.receive(self.cell_end + (GRACE_SECONDS if interrupted else 0))
                except TooLate:
                    if interrupted:
                        raise
                    interrupted = True
                    copy.interrupt()
                    continue
                if "printed" in reply:
                    self.room = print_here(reply["printed"], self.room)
                if self.folder and self.folder.wanted is None and type(reply.get("opened")) is list:
                    self.folder.used |= self.folder.sent & {name for name in reply["opened"] if type(name) is str}
                if "files" in reply and self.folder:
                    self.folder.receive(self._codec.decode(reply["files"], frames), self.write_back)
                if "callback" in reply:
                    self._call_back(reply, frames, copy)
                elif reply.get("reply") == number:
                    break
        except TooLate:
            self._fail(TimeUp, "It was stopped: it took too long and could not be interrupted.")
        except Closed:
            self._fail(Died, "The process that ran your code ended.")
        except ProtocolError:
            self._fail(Died, "What your code sent back could not be read.")
        if interrupted:
            self.trouble = TimeUp("It was stopped: it took too long.")
            raise self.trouble
        if "warned" in reply:
            warn_here(reply["warned"])
        if "error" in reply:
            raise _as_exception(reply["error"])
        return reply, frames

    def _call_back(self, message, frames, copy):
        """Call one of our functions for the student's code and send what it returns."""
        answer, out = {"answer": message.get("id")}, []
        self._depth += 1
        try:
            if self._depth > MAX_DEPTH:
                raise RecursionError("functions call each other too deeply across the two processes.")
            number = message["callback"]
            if type(number) is not int or not 0 <= number < len(self._codec.functions):
                raise ProtocolError("an unknown function")
            with self._meeting({"argument"}, "argument" in self.only_data):
                args = self._codec.decode(message.get("args"), frames)
                kwargs = self._codec.decode(message.get("kwargs"), frames)
            self._note_kind({"argument"})
            if type(args) is not list or type(kwargs) is not dict or not all(type(k) is str for k in kwargs):
                raise ProtocolError("a malformed call")
            value = self._codec.functions[number](*args, **kwargs)
            answer["value"] = self._codec.tree(value, out)
        except ProtocolError:
            raise
        except Exception as error:  # noqa: BLE001
            kind = next(k.__name__ for k in type(error).__mro__ if k.__module__ == "builtins")
            answer["error"], out = {"type": kind, "text": str(error)[:500]}, []
        finally:
            self._depth -= 1
        if self.trouble:
            raise self.trouble
        copy.channel.send(answer, out, self.cell_end)

    def _decode(self, reply, frames):
        try:
            return self._codec.decode(reply.get("value"), frames)
        except ProtocolError:
            self._fail(Died, "What your code sent back could not be read.")

    def _note_changes(self, reply, frames, args):
        if self.write_back and "random" in reply:
            try:
                set_states(self._decode({"value": reply["random"]}, frames))
            except (AttributeError, TypeError, ValueError):
                self._fail(Died, "What your code sent back could not be read.")
            self.random = states()
        written = reply.get("changed")
        if type(written) is not list:
            return
        for item in written[:20]:
            if type(item) is not list or len(item) != 2 or type(item[0]) is not int or not 0 < item[0] < len(args):
                continue
            self.changed.append(
                f"Your code wrote into its argument number {item[0]}. It had a copy, so the caller sees nothing of it."
            )
            if self.write_back:
                _write_back(args[item[0]], self._decode({"value": item[1]}, frames))


class CannotPass(TypeError):
    """A test hands something over that cannot be handed over."""


def _write_back(target, value):
    """Put what the student's code made of a copy into the original: for functions that are meant to work in place."""
    if isinstance(target, np.ndarray) and isinstance(value, np.ndarray) and target.shape == value.shape:
        np.copyto(target, value, casting="unsafe")
    elif isinstance(target, (list, bytearray)) and isinstance(value, (list, bytes)):
        _keep_arrays(target, value) if isinstance(target, list) else None
        target[:] = value
    elif isinstance(target, dict) and isinstance(value, dict):
        _keep_arrays(target, value)
        target.clear()
        target.update(value)
    elif isinstance(target, set) and isinstance(value, set):
        target.clear()
        target.update(value)


def _keep_arrays(target, value):
    """Arrays inside of a changed list or dict stay the same objects where their shape allows it."""
    pairs = enumerate(value) if isinstance(value, list) else list(value.items())
    for key, new in list(pairs):
        old = target[key] if (key < len(target) if isinstance(target, list) else key in target) else None
        if isinstance(old, np.ndarray) and isinstance(new, np.ndarray) and old.shape == new.shape:
            np.copyto(old, new, casting="unsafe")
            value[key] = old


_MORE_ERRORS = {"LinAlgError": np.linalg.LinAlgError, "AxisError": np.exceptions.AxisError}


def _as_exception(error):
    """The exception that arrives: the nearest built-in kind, with what is known of the original in ``.student``."""
    if type(error) is not dict:
        error = {}
    names = error.get("types")
    names = [n for n in names if type(n) is str] if type(names) is list else []
    text = error.get("text")
    text = text[:2000] if type(text) is str else ""
    made = None
    for name in names:
        kind = _MORE_ERRORS.get(name, getattr(builtins, name, None))
        if kind in (StopIteration, StopAsyncIteration):
            continue  # raised here, it would end a loop of the test's as if all were well
        if isinstance(kind, type) and issubclass(kind, Exception) and kind is not Exception:
            try:
                made = kind(text)
                break
            except TypeError:  # UnicodeDecodeError and its like want more than a text
                continue
    if made is None:
        made = Exception(text) if "Exception" in names else StudentError(text or "it stopped")
    name = error.get("name")
    where = error.get("where")
    made.student = {
        "name": name[:80] if type(name) is str else type(made).__name__,
        "text": text,
        "where": [
            [w[0][:80], w[1], w[2][:200]]
            for w in where[:5]
            if type(w) is list and [type(x) for x in w] == [str, int, str]
        ]
        if type(where) is list
        else [],
    }
    return made


_MIMES = ("text/plain", "text/latex", "text/markdown", "image/png", "image/jpeg")


def clean_outputs(outputs):
    """Outputs of a student's cell as far as they are valid and bounded, and run nothing in a browser."""
    clean = []
    for output in outputs[:200] if type(outputs) is list else ():
        kind = output.get("output_type") if type(output) is dict else None
        if kind == "stream" and output.get("name") in ("stdout", "stderr") and type(output.get("text")) is str:
            clean.append({"output_type": kind, "name": output["name"], "text": _printable(output["text"])})
        elif kind in ("display_data", "execute_result") and type(output.get("data")) is dict:
            data = {m: _printable(output["data"][m]) for m in _MIMES if type(output["data"].get(m)) is str}
            if "text/markdown" in data:  # which may hold HTML
                data["text/markdown"] = re.sub(r"<(?=[A-Za-z/!?])", "&lt;", data["text/markdown"])
            clean.append(
                {"output_type": kind, "data": data, "metadata": {}}
                | ({"execution_count": None} if kind == "execute_result" else {})
            )
        elif kind == "error":
            trace = output.get("traceback")
            clean.append(
                {
                    "output_type": "error",
                    "ename": _text(output.get("ename"), 80),
                    "evalue": _text(output.get("evalue"), 2000),
                    "traceback": [_printable(t) for t in trace[:100] if type(t) is str] if type(trace) is list else [],
                }
            )
    return clean


def _text(value, most):
    return _printable(value)[:most] if type(value) is str else ""


def _printable(text):
    return text.encode("utf-8", "replace").decode("utf-8")


# ---------------------------------------------------------------------------------------------------------------------
# Values


class _Codec(Codec):
    """What goes over: plain data; library functions by name; other functions to be called back; library objects."""

    def __init__(self, student):
        self.student = student
        self.standins, self.functions = {}, []
        self.paths, self.plain, self.met = (), False, False  # see `Student._take`
        limits = student.limits
        self.off_limits = tuple(limits.get("forbidden_imports", ())), tuple(limits.get("allowed_imports", ()))

    def encode_other(self, value, frames):
        if type(value) is StandIn:
            return {"handle": _number(value, self.student)}
        if isinstance(value, types.ModuleType):
            return {"ref": [value.__name__, ""]}
        if isinstance(value, (type, np.ufunc, types.FunctionType, types.BuiltinFunctionType)):
            name = self._importable(value)
            if name:
                return {"ref": name}
        if isinstance(value, type) or not callable(value):
            return self._pickled(value, frames)
        return self.callback(value)

    def callback(self, value):
        """The tree of a function of ours, to be called by the student's side."""
        for number, function in enumerate(self.functions):
            if function is value:
                break
        else:
            number = len(self.functions)
            self.functions.append(value)
        return {"callback": [number, getattr(value, "__name__", "function")[:80]]}

    def _importable(self, value):
        """[module, path] when the student's side can find the very same thing in an installed library."""
        module, path = (
            getattr(value, "__module__", None),
            getattr(value, "__qualname__", getattr(value, "__name__", "")),
        )
        if isinstance(value, np.ufunc):
            module = "numpy"
        found = sys.modules.get(module) if module else None
        if found is None or module.startswith("__") or is_forbidden(module, *self.off_limits) or not _installed(found):
            return None
        try:
            for name in path.split("."):
                found = getattr(found, name)
        except AttributeError:
            return None
        return [module, path] if found is value else None

    def _pickled(self, value, frames):
        """A random generator, an object of a library. Made from our own objects: what comes back is never unpickled."""
        if not _installed(sys.modules.get(type(value).__module__)):
            raise CannotPass(f"a test cannot hand a {type(value).__name__} of its own to the student's code.")
        try:
            frames.append(pickle.dumps(value))
        except Exception as error:  # noqa: BLE001
            raise CannotPass(f"a test cannot hand a {type(value).__name__} to the student's code: {error}") from None
        return {"pickle": len(frames) - 1}

    def decode_other(self, tag, content, frames):
        if tag == "handle":
            if type(content) is not list or [type(part) for part in content] != [int, str, bool]:
                raise ProtocolError("a malformed handle")
            number, kind, _ = content
            self.met = True
            known = self.standins.get((number, self.plain))
            if known is None:
                known = self.standins[number, self.plain] = StandIn(self.student, self, number, kind[:80], self.plain)
            object.__getattribute__(known, "_paths").update(self.paths)
            return known
        self.met |= tag in ("type", "callback")  # as good as an object: an answer may give one of its own
        if tag == "type" and type(content) is str and content in PLAIN_TYPES:
            return PLAIN_TYPES[content]
        if tag == "callback" and type(content) is int and 0 <= content < len(self.functions):
            return self.functions[content]
        return super().decode_other(tag, content, frames)


def _installed(module):
    """Whether a module belongs to Python or an installed package, so that the student's side has it too."""
    file = getattr(module, "__file__", None)
    if module is None:
        return False
    if file is None:
        return module.__name__ in sys.builtin_module_names or module.__name__ == "builtins"
    return file.startswith((sys.prefix, sys.base_prefix, "/usr")) or module.__name__.split(".")[0] == "gradschool"


def _number(standin, student):
    if object.__getattribute__(standin, "_codec") is not student._codec:
        raise CannotPass("this object belonged to a process of the student's that has ended.")
    return object.__getattribute__(standin, "_number")


class StandIn:
    # An object of the student's. What a test does with it is done over there; what it is compared with stays here.

    __slots__ = (
        "__weakref__",
        "_codec",
        "_data",
        "_items",
        "_kind",
        "_length",
        "_number",
        "_paths",
        "_plain",
        "_student",
    )
    __array_ufunc__ = None  # numpy leaves operators to us

    def __init__(self, student, codec, number, kind, plain=False):
        for name, value in (
            ("_paths", set()),  # where it was met
            ("_plain", plain),  # see `Student._take`
            ("_items", None),
            ("_student", student),
            ("_codec", codec),
            ("_number", number),
            ("_kind", kind),
            ("_data", None),
            ("_length", None),
        ):
            object.__setattr__(self, name, value)

    def __call__(self, *args, **kwargs):
        if is_plain(self):
            raise _no_data(self)
        return _operate("call", self, *args, **kwargs)

    def __getattr__(self, name):
        if name == "__signature__":
            return _signature(self)
        if name == "__annotations__":
            told = _operate("getattr", self, name)
            return {key: _known(value) for key, value in told.items()} if type(told) is dict else {}
        if name.startswith("__") and name not in _TOLD:
            raise AttributeError(name)
        return getattr(_data(self), name) if is_plain(self) else _operate("getattr", self, name)

    @property
    def __doc__(self):  # theirs: a test may ask for a docstring, and ours would pass it
        text = _operate("getattr", self, "__doc__")
        return text if type(text) is str else None

    def __setattr__(self, name, value):
        _operate("setattr", self, name, value)

    def __delattr__(self, name):
        _operate("delattr", self, name)

    def __dir__(self):
        return [name for name in _operate("dir", self) if type(name) is str]

    def __instancecheck__(self, other):
        return type(other) is StandIn and _operate("isinstance", other, self) is True

    def __subclasscheck__(self, other):
        return type(other) is StandIn and _operate("issubclass", other, self) is True

    def __len__(self):
        if is_plain(self):
            return len(_items(self, True))
        length = _operate("len", self)
        if type(length) is not int or length < 0:
            raise TypeError(f"the length of {_a(self)} is no number.")
        _settle_length(self, length)
        return length

    def __iter__(self):
        if is_plain(self):
            yield from _items(self)
            return
        iterator, count = _operate("iter", self), 0
        while True:
            more = _operate("next", iterator)
            if type(more) is not tuple or len(more) != 2:
                raise TypeError(f"{_a(self)} cannot be iterated over.")
            if more[0] is not True:
                _settle_length(self, count)
                return
            count += 1
            yield more[1]

    def __next__(self):
        more = _operate("next", self)
        if type(more) is tuple and len(more) == 2 and more[0] is True:
            return more[1]
        raise StopIteration

    def __contains__(self, item):
        if "__contains__" in _operators(self):
            return _operate("contains", self, item) is True
        return any(one is item or one == item for one in self)

    def __getitem__(self, key):
        if is_plain(self):
            return _items(self, True)[key]
        return _operate("getitem", self, key)

    def __setitem__(self, key, value):
        _operate("setitem", self, key, value)

    def __delitem__(self, key):
        _operate("delitem", self, key)

    def __enter__(self):
        return _operate("enter", self)

    def __exit__(self, kind, value, trace):
        _operate("exit", self)

    def __copy__(self):
        return _operate("copy", self)

    def __deepcopy__(self, memo):
        return _operate("deepcopy", self)

    def __reduce_ex__(self, protocol):
        raise CannotPass(f"{_a(self)} cannot be copied out of the student's process.")

    def __str__(self):
        text = _operate("str", self)
        return text if type(text) is str else repr(self)

    def __repr__(self):
        text = _operate("repr", self) if "__repr__" in _operators(self) else None
        return text if type(text) is str else f"<your {object.__getattribute__(self, '_kind')}>"

    def __format__(self, how):
        text = _operate("format", self, how) if "__format__" in _operators(self) else format(str(self), how)
        return text if type(text) is str else repr(self)

    # Whatever decides needs data first, and gets the same data however often it asks.

    def __array__(self, dtype=None, copy=None):
        data = np.asarray(_data(self))
        return data.astype(dtype) if dtype is not None else data.copy()

    def __float__(self):
        return float(_data(self))

    def __int__(self):
        return int(_data(self))

    def __complex__(self):
        return complex(_data(self))

    def __bool__(self):  # theirs: a plain True in its place could say as much
        return bool(_data(self)) if is_plain(self) else _operate("bool", self) is True

    def __hash__(self):
        number = _operate("hash", self) if "__hash__" in _operators(self) else id(self)
        if type(number) is not int:
            raise TypeError(f"the hash of {_a(self)} is no number.")
        return number


def _add_operators():
    # Where the instructor's own answer defines the operator, it is the student's to define. Elsewhere the object stands
    # for a number or an array: what is computed with it is computed here, so that it cannot be near to everything.
    def theirs(self, name):
        defined = _operators(self)
        return f"__{name.rstrip('_')}__" in defined or f"__r{name.rstrip('_')}__" in defined

    def forward(name):
        def method(self, *others):
            if theirs(self, name):
                return _operate(name, self, *others)
            return getattr(operator, name)(_data(self), *map(_unwrap, others))

        return method

    def backward(name):
        def method(self, other):
            return _operate(name, other, self) if theirs(self, name) else getattr(operator, name)(other, _data(self))

        return method

    def in_place(name, special):
        def method(self, other):
            return _operate(name, self, other) if special in _operators(self) else NotImplemented

        return method

    def compare(name):
        # Python finds `>` by `__lt__` too. One answer for `==` and `!=`, so that two objects are not both.
        special = ("__eq__", "__ne__") if name in ("eq", "ne") else ("__lt__", "__le__", "__gt__", "__ge__")

        def method(self, other):
            if type(other) is StandIn and not _operators(self).isdisjoint(special):
                inverted = name == "ne" and "__ne__" not in _operators(self)
                said = _operate("eq" if inverted else name, self, other)
                if type(said) in (bool, np.bool_):
                    return bool(said) is not inverted
            if name in ("eq", "ne") and (other is self or other is None):
                return (other is self) == (name == "eq")
            try:
                return getattr(operator, name)(_data(self), _unwrap(other))
            except _NoData:
                if name in ("eq", "ne") and type(other) is StandIn:  # two classes, two functions
                    return name == "ne"
                raise

        return method

    for name in COMPARISONS:
        setattr(StandIn, f"__{name}__", compare(name))
    for name in UNARY_OPERATORS:
        setattr(StandIn, f"__{name}__", forward(name))
    for name in BINARY_OPERATORS:
        plain = name.rstrip("_")
        setattr(StandIn, f"__{plain}__", forward(name))
        setattr(StandIn, f"__r{plain}__", backward(name))
        setattr(StandIn, f"__i{plain}__", in_place(f"i{name}", f"__i{plain}__"))


_add_operators()


# What a test may read of a function or a class by a name that begins with two underscores.
_TOLD = ("__name__", "__qualname__", "__dict__", "__defaults__", "__kwdefaults__", "__code__", "__bases__", "__mro__")


def _signature(standin):
    """An `inspect.Signature` of what the other side says of a function."""

    def made(name, kind, has_default, default, has_annotation, annotation):
        empty = inspect.Parameter.empty
        return {
            "default": default if has_default else empty,
            "annotation": _known(annotation) if has_annotation else empty,
        }

    try:
        *parameters, last = _operate("signature", standin)
        return inspect.Signature(
            [inspect.Parameter(p[0], p[1], **made(*p)) for p in parameters],
            return_annotation=made(*last)["annotation"],
        )
    except (IndexError, TypeError, ValueError):
        raise TypeError(f"{_a(standin)} has no signature that can be read.") from None


def _known(value):
    """A type that both sides have, such as int, in the place of what stands for it."""
    if type(value) is StandIn and kind_of(value) == "type":
        with contextlib.suppress(_NoData):
            return _data(value)
    return value


def kind_of(standin):
    """The name of its class over there, as far as that is to be believed."""
    return object.__getattribute__(standin, "_kind")


def student_of(standin):
    """The `Student` that it came from."""
    return object.__getattribute__(standin, "_student")


def is_plain(standin):
    """Whether the instructor's own answer gave data where this came from."""
    return object.__getattribute__(standin, "_plain")


def _operators(standin):
    return frozenset() if is_plain(standin) else student_of(standin).operators


def _items(standin, sized=False):
    """The items of a plain stand-in, asked for once: what is sorted in one loop is not complete in another."""
    kept = object.__getattribute__(standin, "_items")
    if kept is None:
        kept = _operate("items", standin)
        if type(kept) is not tuple or [type(part) for part in kept] != [bool, list]:
            raise _no_data(standin)
        object.__setattr__(standin, "_items", kept)
    if sized and not kept[0]:
        raise TypeError(f"{_a(standin)} has no length.")
    return kept[1]


def _operate(operation, standin, *args, **kwargs):
    who = next(x for x in (standin, *args) if type(x) is StandIn)
    if operation not in ("len", "iter", "next"):
        object.__setattr__(who, "_length", None)  # it may have grown
    return object.__getattribute__(who, "_student").operate(operation, standin, *args, **kwargs)


def _settle_length(standin, length):
    """One length for one object: with the right length and no items, a loop over its items would find nothing wrong."""
    student, known = object.__getattribute__(standin, "_student"), object.__getattribute__(standin, "_length")
    if known is not None and known != length and not {"__len__", "__iter__"} & student.operators:
        raise TypeError(f"{_a(standin)} has {known} items and then {length}.")
    object.__setattr__(standin, "_length", length)


class _NoData(TypeError):
    """An object stands for no number, array or other plain data."""


def _data(standin):
    """The data of a stand-in, asked for once."""
    kept = object.__getattribute__(standin, "_data")
    if kept is None:
        try:
            kept = _operate("as_data", standin)
        except (TypeError, ValueError):
            kept = standin
        if type(kept) is StandIn:
            raise _no_data(standin)
        object.__setattr__(standin, "_data", kept)
    return kept


def _no_data(standin):
    return _NoData(f"your code gave {_a(standin)} where a number, an array or other plain data was expected.")


def _unwrap(value):
    return _data(value) if type(value) is StandIn else value


def _a(standin):
    kind = object.__getattribute__(standin, "_kind")
    return f"{'an' if kind[:1].lower() in 'aeiou' else 'a'} {kind}"


# ---------------------------------------------------------------------------------------------------------------------
# Names


class Names(dict):
    """The namespace of the test cells.

    ``theirs`` holds the names that belong to the student: bound by the answer cells of the instructor's own source.
    They are looked up on the student's side. Every other name is ours: what a test or an instructor's cell bound, then
    Python's own, so that a student's ``np``, ``assert_allclose`` or ``sum`` is never seen here. What is bound nowhere
    here is asked of the student last.

    ``shared`` holds names that both sides read: a test that rebinds one of them rebinds it for the student's code too.
    """

    def __init__(self, student, shared=()):
        super().__init__(__name__="__tests__", __builtins__=builtins)
        self.student = student
        self.theirs, self.shared = set(), frozenset(shared) | SHADOWED
        self.ours = frozenset()  # bound by tests: after one that failed they are nobody's, not the student's
        self._functions, self._values = {}, {}

    def give(self, names):
        """From now on these names are the student's."""
        self.theirs |= set(names)
        self.forget_functions()
        for name in names:
            self.pop(name, None)

    def take(self, names):
        """From now on these names are ours."""
        self.theirs -= set(names)

    def forget_functions(self):
        """Call when the student's cells went on."""
        self._functions.clear()
        self._values.clear()

    def __missing__(self, name):
        if type(name) is not str or name.startswith("__"):
            raise KeyError(name)
        if name not in self.theirs and (name in self.ours or hasattr(builtins, name)):
            raise KeyError(name)
        known = self._functions.get(name)
        if known is not None and object.__getattribute__(known, "_codec") is self.student._codec:
            return known  # of the process that is still there
        steps, value = self._values.get(name, (None, None))
        if steps == self.student.steps:  # data that changes by itself could be complete in one look, sorted in the next
            return value
        value = self.student.get(name)
        if type(value) is StandIn:
            self._functions[name] = value
        else:
            self._values[name] = self.student.steps, value
        return value

    def __contains__(self, name):
        return dict.__contains__(self, name) or (
            type(name) is str and not name.startswith("__") and self.student.has(name)
        )

    def __setitem__(self, name, value):
        dict.__setitem__(self, name, value)
        self.theirs.discard(name)
        if name in self.shared:
            try:
                self.student.set(name, value)
            except TypeError:
                pass  # it stays ours alone

    def __delitem__(self, name):
        dict.__delitem__(self, name)
        if name in SHADOWED:
            self.student.forget(name)

    def get(self, name, default=None):
        try:
            return self[name]
        except KeyError:
            return default

    def keys(self):
        return list(dict.fromkeys([*dict.keys(self), *self.student.names()]))

    def __iter__(self):
        return iter(self.keys())
