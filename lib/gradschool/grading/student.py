"""The process in which a student's cells run. It never sees a test, a solution or another submission.

It does what the marking side asks, one message after the other: run a cell, look a name up, call a function. While a
function runs it may in turn ask the marking side to call a function it was handed (`Remote`).

Everything here can be taken apart by the code it runs, and nothing depends on its honesty: whatever it sends is data
that the other side checks.
"""

import ast
import base64
import builtins
import collections.abc
import contextlib
import copy
import importlib
import inspect
import io
import itertools
import json
import numbers
import operator
import os
import pickle
import random
import signal
import sys
import threading
import traceback
import types
import warnings

import numpy as np
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from gradschool.grading.channel import Closed
from gradschool.grading.protocol import (
    BINARY_OPERATORS,
    COMPARISONS,
    PLAIN_TYPES,
    UNARY_OPERATORS,
    Codec,
    is_mark,
)
from gradschool.grading.sandbox import is_forbidden
from gradschool.grading.surroundings import (
    Folder,
    Replacing,
    changed_states,
    set_states,
    shortened,
    states,
    told,
    watch_files,
)

MAX_ITEMS = 1_000_000  # of what is iterated over
MAX_OUTPUTS = 200
MAX_PICTURE = 8 << 20
MAX_SHOWN = 24 << 20  # all outputs of a cell: what does not fit into one message would end the process


def main(channel, request):
    """Serve one submission until the other side hangs up."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    runner = Runner(channel, request)
    try:
        channel.send({"ready": True})
        runner.serve()
    except Closed:
        pass
    finally:
        os._exit(0)  # no handlers of the student's at exit


# ---------------------------------------------------------------------------------------------------------------------
# Output of cells


class _Bounded(io.RawIOBase):
    """A stream that keeps the beginning of what is written to it and counts the rest."""

    def __init__(self, limit, fd):
        self.limit, self.fd = limit, fd
        self.kept, self.lost = bytearray(), 0

    def writable(self):
        return True

    def fileno(self):
        return self.fd

    def close(self):
        """Whoever closes sys.stdout closes their own stream, not this one."""

    def write(self, data):
        data = bytes(data)
        room = self.limit - len(self.kept)
        self.kept += data[:room] if room > 0 else b""
        self.lost += len(data) - max(0, min(len(data), room))
        return len(data)

    def take(self):
        text = self.kept.decode("utf-8", "replace")
        if self.lost:
            text += "\n... Output truncated ..."
        self.kept, self.lost = bytearray(), 0
        return text


class _Publisher(DisplayPublisher):
    def publish(self, data, metadata=None, *args, **kwargs):
        self.shell.outputs.add_data("display_data", data)


class _DisplayHook(DisplayHook):
    def start_displayhook(self):
        pass

    def write_output_prompt(self):
        pass

    def write_format_data(self, format_dict, md_dict=None):
        self.shell.outputs.add_data("execute_result", format_dict)

    def finish_displayhook(self):
        pass


class _Shell(InteractiveShell):
    """IPython without a terminal or a kernel: its outputs are collected."""

    display_pub_class = _Publisher
    displayhook_class = _DisplayHook

    def _showtraceback(self, etype, evalue, stb):
        self.outputs.add(
            output_type="error",
            ename=etype.__name__,
            evalue=_text(evalue),
            traceback=[str(line)[:10_000] for line in stb],
        )

    def ask_exit(self):
        """`exit()` in a notebook: the rest of the cell runs, nothing ends."""

    def enable_gui(self, gui=None):
        pass

    def transform_cell(self, raw_cell):
        """IPython's own syntax made Python. Plain Python is that already, and looking for the other takes its time."""
        if not self.input_transformers_post and self.input_transformers_cleanup == self._usual:
            with warnings.catch_warnings(), contextlib.suppress(SyntaxError, ValueError, RecursionError, MemoryError):
                warnings.simplefilter("ignore")  # they come when the cell is run
                compile(raw_cell, "<cell>", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
                return raw_cell if raw_cell.endswith("\n") else raw_cell + "\n"
        return super().transform_cell(raw_cell)


class _Outputs:
    def __init__(self, limit):
        self.out, self.err = _Bounded(limit, 1), _Bounded(limit, 2)
        self.items, self.shown = [], 0

    def redirect(self):
        for name, raw in (("stdout", self.out), ("stderr", self.err)):
            stream = io.TextIOWrapper(raw, encoding="utf-8", errors="replace", write_through=True)
            stream.mode = "w"
            setattr(sys, name, stream)

    def flush(self):
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except Exception:  # noqa: BLE001, S110
                pass
        for name, raw in (("stdout", self.out), ("stderr", self.err)):
            if raw.kept or raw.lost:
                self._append({"output_type": "stream", "name": name, "text": raw.take()})

    def add(self, **output):
        self.flush()
        self._append(output)

    def add_data(self, kind, data):
        clean = {}
        for mime, value in dict(data).items():
            if isinstance(value, bytes):
                value = base64.b64encode(value).decode()
            if isinstance(value, str) and len(value) <= MAX_PICTURE:
                clean[str(mime)] = value
        self.add(output_type=kind, data=clean)

    def _append(self, output):
        size = len(json.dumps(output))
        if len(self.items) < MAX_OUTPUTS and self.shown + size <= MAX_SHOWN:
            self.items.append(output)
            self.shown += size

    def take(self):
        self.flush()
        items, self.items, self.shown = self.items, [], 0
        return items

    def printed(self):
        """The text since the last time, by stream, for a message."""
        texts = {}
        for item in self.take():
            if item["output_type"] == "stream":
                texts[item["name"]] = texts.get(item["name"], "") + item["text"]
        return {"printed": {name: shortened(text) for name, text in texts.items()}} if texts else {}


_shell = None


def prepare():
    """Do once, before the first submission, what every one needs. Called in the fork server."""
    global _shell
    config = Config()
    config.HistoryManager.enabled = False
    config.HistoryManager.hist_file = ":memory:"
    config.InteractiveShell.colors = "nocolor"
    config.InteractiveShell.autocall = 0
    _shell = _Shell.instance(config=config)
    _shell.outputs = _Outputs(1 << 20)
    _shell._usual = list(_shell.input_transformers_cleanup)
    for source in ("1", "%pwd"):  # IPython imports much at its first cells
        _shell.run_cell(source, store_history=False)


# ---------------------------------------------------------------------------------------------------------------------
# Values


class Remote:
    """A function of the marking side, as the student's code sees it."""

    def __init__(self, runner, number, name):
        self._runner, self._number, self.__name__ = runner, number, name

    def __call__(self, *args, **kwargs):
        return self._runner.call_back(self._number, args, kwargs)

    def __repr__(self):
        return f"<function {self.__name__}>"


class _Codec(Codec):
    """Plain data by value; every other object stays here and is sent as a handle."""

    def __init__(self, runner):
        self.runner = runner
        self.objects, self.numbers = [], {}

    def encode_other(self, value, frames):
        if type(value) is Remote:
            return {"callback": value._number}
        if type(value) is _PlainType:
            return {"type": value.name}
        number = self.numbers.get(id(value))
        if number is None:
            number = self.numbers[id(value)] = len(self.objects)
            self.objects.append(value)  # kept for good, so that its id stays its own
        return {"handle": [number, type(value).__name__[:80], callable(value)]}

    def decode_other(self, tag, content, frames):
        if tag == "handle":
            return self.objects[content]
        if tag == "callback":
            return Remote(self.runner, *content)
        if tag == "ref":
            module, path = content
            value = importlib.import_module(module)
            for name in path.split(".") if path else ():
                value = getattr(value, name)
            return value
        if tag == "pickle":  # from the marking side only, which has nothing to gain by it
            return pickle.loads(bytes(frames[content]))
        return super().decode_other(tag, content, frames)


class _PlainOnly(Codec):
    pass


class _PlainType:
    """A type that both sides have, to be compared with and not to be called: as data it goes over by its name."""

    def __init__(self, name):
        self.name = name


def _as_data(value):
    """The data of an object that stands for a number or an array: a tensor, a Fraction, a data frame."""
    if isinstance(value, type) and PLAIN_TYPES.get(value.__name__) is value:
        return _PlainType(value.__name__)
    if isinstance(value, (bytes, str)):
        return value
    if hasattr(type(value), "__array__"):
        array = np.asarray(value)
        if array.dtype == object and all(isinstance(item, numbers.Real) for item in array.flat):
            array = array.astype(float)
        return array
    if hasattr(type(value), "__float__"):
        return float(value)
    raise TypeError(f"a {type(value).__name__} is neither a number nor an array.")


def _signature(function):
    """[[name, kind, has a default, default, has an annotation, annotation], ...], the last one for what it returns."""
    signature, empty = inspect.signature(function), inspect.Parameter.empty

    def known(value):
        return [value is not empty, None if value is empty else value]

    return [[p.name, int(p.kind), *known(p.default), *known(p.annotation)] for p in signature.parameters.values()] + [
        ["return", 0, False, None, *known(signature.return_annotation)]
    ]


def _as_plain(value):
    """As `_as_data`; also a dict or a set of a library's or the student's own making."""
    if not hasattr(type(value), "__array__"):
        for base, made in ((collections.abc.Mapping, dict), (collections.abc.Set, set)):
            if isinstance(value, base):
                return made(value)
    return _as_data(value)


def _items(value):
    """(whether it has a length, its items)."""
    return hasattr(type(value), "__len__"), list(itertools.islice(value, MAX_ITEMS))


def _next(iterator):
    """(True, item), or (False, None) at the end."""
    for item in iterator:
        return True, item
    return False, None


OPERATIONS = (
    {
        "call": lambda function, *args, **kwargs: function(*args, **kwargs),
        "getattr": getattr,
        "setattr": setattr,
        "delattr": delattr,
        "len": len,
        "iter": iter,
        "next": _next,
        "str": str,
        "repr": repr,
        "format": format,
        "hash": hash,
        "bool": bool,
        "dir": dir,
        "signature": _signature,
        "isinstance": isinstance,
        "issubclass": issubclass,
        "as_data": _as_data,
        "as_plain": _as_plain,
        "items": _items,
        "copy": copy.copy,
        "deepcopy": copy.deepcopy,
        "enter": lambda manager: manager.__enter__(),
        "exit": lambda manager, *why: manager.__exit__(None, None, None),
    }
    | {
        name: getattr(operator, name)
        for name in ("getitem", "setitem", "delitem", "contains", *UNARY_OPERATORS, *BINARY_OPERATORS, *COMPARISONS)
    }
    | {f"i{name}": getattr(operator, f"i{name.rstrip('_')}") for name in BINARY_OPERATORS}
)


# ---------------------------------------------------------------------------------------------------------------------
# The process


class Runner:
    """Does what the marking side asks."""

    def __init__(self, channel, request):
        self.channel = channel
        self.codec = _Codec(self)
        self.pid = os.getpid()
        self.depth = 0
        self.calling = threading.RLock()
        self.interruptible = False
        self.warned = []
        self.shell = _shell
        self.shell.outputs = _Outputs(request["limits"].get("output_bytes", 1 << 20))
        self.shell.outputs.redirect()
        self.names = self.shell.user_ns
        self.folder = Folder(".", request.get("wanted"))
        if self.folder.wanted != set():
            watch_files(all_opened=self.folder.wanted is None)
        signal.signal(signal.SIGINT, self._interrupt)
        sys.path.insert(0, "")  # modules beside the notebook, as in Jupyter
        random.seed(0)
        np.random.seed(0)
        forbidden = tuple(request["limits"].get("forbidden_imports", ()))
        if forbidden:
            _forbid(forbidden, tuple(request["limits"].get("allowed_imports", ())))

    def _interrupt(self, *_):
        if self.interruptible:
            self.interruptible = False
            raise KeyboardInterrupt

    def serve(self, until=None):
        """Answer requests; return the answer to our own, number ``until``, when it comes."""
        while True:
            header, frames = self.channel.receive()
            if "answer" in header:
                if header["answer"] == until:
                    return header, frames
                continue
            reply, out = self._handle(header, frames)
            if os.getpid() != self.pid:
                os._exit(0)  # a copy made by the student's os.fork()
            self.channel.send(reply | {"reply": header["id"]}, out)

    def _handle(self, header, frames):
        out = []
        try:
            reply = self._do(header, frames, out)
        except BaseException as error:  # noqa: BLE001
            self.interruptible = False
            reply, out = {"error": describe(error)}, []
        if self.folder.wanted != set():
            with contextlib.suppress(OSError, ValueError):
                if opened := self.folder.opened():
                    reply["opened"] = opened
                if files := self.folder.changed(self.folder.comes):
                    reply["files"] = self.codec.tree(files, out)
        if self.warned:
            reply["warned"], self.warned = self.warned, []
        return reply | self.shell.outputs.printed(), out

    def _do(self, header, frames, out):
        action = header["do"]
        if action == "run":
            return self._run(header["source"])
        if action == "test":
            return self._test(header["source"])
        if action == "has":
            return {"value": header["name"] in self.names}
        if action == "names":
            return {"value": [name for name in self.names if not name.startswith("_")]}
        if action == "forget":
            self.names.pop(header["name"], None)
            return {"value": None}
        if action == "get":
            if header["name"] not in self.names:
                return {"missing": True}
            return {"value": self.codec.tree(self.names[header["name"]], out)}
        sent = [bytes(frame) for frame in frames]  # arrays are made over the frames and change with them
        args, kwargs = self.codec.decode(header["args"], frames), self.codec.decode(header["kwargs"], frames)
        if action == "set":
            self.names[header["name"]] = args[0]
            return {"value": None}
        replaced = {
            (module, name): self.codec.decode(tree, frames) for module, name, tree in header.get("replaced", ())
        }
        if "files" in header:
            self.folder.write(self.codec.decode(header["files"], frames))
        set_states(self.codec.decode(header["random"], frames) if "random" in header else {})
        random_before = states() if header.get("share") else {}
        before = self.interruptible
        catch = warnings.catch_warnings(record=True) if header.get("warnings") else contextlib.nullcontext()
        with Replacing(replaced), catch as caught:
            self.interruptible = True
            try:
                value = OPERATIONS[action](*args, **kwargs)
            finally:
                self.interruptible = before
                self.warned += told(caught) if caught else []
        reply = {"value": self.codec.tree(value, out)}
        written = [k for k, v in enumerate(args) if _changed(header["args"][k], sent, v)]
        if written:
            reply["changed"] = [[k, self.codec.tree(args[k], out)] for k in written]
        if drawn := changed_states(random_before):
            reply["random"] = self.codec.tree(drawn, out)
        return reply

    def _run(self, source):
        """Run a cell as Jupyter would. What it shows and how it ended; names stay in the namespace."""
        error = None
        self.shell.outputs.redirect()  # a cell before may have closed or replaced them
        try:
            self.interruptible = True
            result = self.shell.run_cell(source, store_history=True)
            self.interruptible = False
            error = result.error_before_exec or result.error_in_exec
        except BaseException as raised:  # SystemExit and what breaks IPython itself  # noqa: BLE001
            self.interruptible = False
            error = raised
        return {"outputs": self.shell.outputs.take(), "ended": None if error is None else type(error).__name__}

    def _test(self, source):
        """Run a test here: only for tests that cannot be run elsewhere (see "open" in docs/marking.md)."""
        code = self.shell.transform_cell(source)
        self.interruptible = True
        value = run_with_value(code, self.names)
        self.interruptible = False
        return {"value": float(value) if is_mark(value) else None}

    def call_back(self, number, args, kwargs):
        """Ask the marking side to call one of its functions: one at a time, whichever threads the answer has."""
        with self.calling:
            return self._call_back(number, args, kwargs)

    def _call_back(self, number, args, kwargs):
        frames = []
        header = {
            "callback": number,
            "args": self.codec.tree(list(args), frames),
            "kwargs": self.codec.tree(dict(kwargs), frames),
            **self.shell.outputs.printed(),
        }
        self.depth += 1
        before, self.interruptible = self.interruptible, False
        header["id"] = self.depth
        try:
            self.channel.send(header, frames)
            answer, frames = self.serve(until=self.depth)
        finally:
            self.depth -= 1
            self.interruptible = before
        if "error" in answer:
            kind = getattr(builtins, answer["error"]["type"], RuntimeError)
            raise kind(answer["error"]["text"])
        return self.codec.decode(answer["value"], frames)


def run_with_value(code, names):
    """Run the text of a cell and return the value of its last line when that is an expression."""
    tree = ast.parse(code, "<test>")
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "<test>", "exec"), names)  # noqa: S102
    return eval(compile(ast.Expression(last.value), "<test>", "eval"), names) if last else None


def _changed(tree, frames, value):
    """Whether the student's code wrote into an argument. What is not plain data does not count."""
    if type(tree) not in (list, dict) or "handle" in tree or "callback" in tree:
        return False
    try:
        now, now_frames = _PlainOnly().encode(value)
        if len(now_frames) == 1 and "array" in now:
            number = tree["array"][3]
            return now["array"][:3] != tree["array"][:3] or now_frames[0] != frames[number]
        before = _PlainOnly().decode(tree, frames)
        then, then_frames = _PlainOnly().encode(before)
        return json.dumps(now) != json.dumps(then) or now_frames != then_frames
    except Exception:  # noqa: BLE001
        return False


def describe(error):
    """What an exception says, as data."""
    kinds = [
        k.__name__ for k in type(error).__mro__ if k.__module__ in ("builtins", "numpy.linalg", "numpy.exceptions")
    ]
    lines = []
    try:
        for frame in traceback.extract_tb(error.__traceback__):
            if not frame.filename.startswith((os.path.dirname(__file__), "<frozen")):
                lines.append([frame.name[:80], frame.lineno or 0, (frame.line or "")[:200]])
    except BaseException:  # noqa: BLE001
        lines = []
    return {"name": type(error).__name__[:80], "types": kinds[:20], "text": _text(error), "where": lines[-5:]}


def _text(error):
    try:
        return str(error)[:2000]
    except BaseException:  # noqa: BLE001
        return "(its text cannot be shown)"


# ---------------------------------------------------------------------------------------------------------------------
# Modules that answers must do without


class _Forbidden:
    """An import hook that says why a module is missing. That it is missing is the sandbox's doing."""

    def __init__(self, forbidden, allowed):
        self.forbidden, self.allowed = forbidden, allowed

    def find_spec(self, name, path=None, target=None):
        if is_forbidden(name, self.forbidden, self.allowed):
            raise ImportError(f"{name} is not available in this problem set: write it yourself.", name=name)


def _forbid(forbidden, allowed):
    for name in list(sys.modules):
        if is_forbidden(name, forbidden, allowed) and not name.startswith("gradschool.grading"):
            del sys.modules[name]
    for name, module in list(sys.modules.items()):
        if isinstance(module, types.ModuleType) and name.split(".")[0] in {f.split(".")[0] for f in forbidden}:
            for attribute, value in list(vars(module).items()):
                if inspect.ismodule(value) and is_forbidden(value.__name__, forbidden, allowed):
                    delattr(module, attribute)
    sys.meta_path.insert(0, _Forbidden(forbidden, allowed))
