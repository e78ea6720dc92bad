"""What a function reads and writes beside its arguments and its result, as far as a test can see it.

In a notebook, test and answer share one process: its streams, its built-in functions, its random generators. Here each
has its own, so some of it goes along with the messages: what was printed comes back as text, and what a test has put in
the place of `input` is asked for by the student's side. Both processes use this module.
"""

import builtins
import contextlib
import functools
import hashlib
import math
import os
import pickle
import random
import re
import stat
import sys
import time
import warnings

import numpy as np

MAX_PRINTED = 1 << 16  # characters in one message
CUT = "\n... Output truncated ..."


# ---------------------------------------------------------------------------------------------------------------------
# Printed text


def shortened(text):
    """A text that may go along with a message."""
    return text if len(text) <= MAX_PRINTED else text[:MAX_PRINTED] + CUT


def print_here(printed, room):
    """Write what arrived to this process' streams, whatever a test has made of them. Returns the room that is left."""
    for name in ("stdout", "stderr"):
        text = printed.get(name) if type(printed) is dict else None
        if type(text) is str and text:
            text = shortened(text)[:room]
            room -= len(text)
            getattr(sys, name).write(text)
    return room


# ---------------------------------------------------------------------------------------------------------------------
# Warnings


MAX_WARNINGS = 100
_FILTERS = warnings.filters


def warnings_count():
    """Whether a test looks at warnings now: `catch_warnings` makes other filters."""
    return warnings.filters is not _FILTERS or warnings.filters[0][0] != "ignore"


def told(caught):
    """Caught warnings for a message: [name of the nearest built-in kind, text]."""
    return [
        [next(k.__name__ for k in one.category.__mro__ if k.__module__ == "builtins"), str(one.message)[:1000]]
        for one in caught[:MAX_WARNINGS]
    ]


def warn_here(warned):
    """Issue what arrived once more, for tests that expect a warning."""
    for one in warned[:MAX_WARNINGS] if type(warned) is list else ():
        if type(one) is list and [type(part) for part in one] == [str, str]:
            kind = getattr(builtins, one[0], None)
            if isinstance(kind, type) and issubclass(kind, Warning):
                warnings.warn(one[1][:1000], kind, stacklevel=2)


# ---------------------------------------------------------------------------------------------------------------------
# Functions that a test replaces


SHADOWED = {"input", "print"}  # what a test's `input = lambda prompt: "3"` replaces for the answers too
_REPLACEABLE = {
    builtins: ("input", "print"),
    time: ("sleep", "time", "perf_counter"),
    random: ("random", "randint", "randrange", "uniform", "gauss", "choice", "choices", "sample", "shuffle"),
    np.random: ("rand", "randn", "randint", "random", "uniform", "normal", "choice", "permutation", "shuffle"),
}
_ORIGINALS = [
    (vars(module), module.__name__, name, getattr(module, name))
    for module, names in _REPLACEABLE.items()
    for name in names
]


def replaced():
    """[module, name, function] of the functions that are not the original ones now, as a test's `patch` makes them."""
    found = [(module, name, here.get(name)) for here, module, name, was in _ORIGINALS if here.get(name) is not was]
    if sys.stdin is not sys.__stdin__ and not any(name == "input" for _, name, _ in found):
        found.append(("builtins", "input", builtins.input))  # it reads what the test has put there
    return found


class Replacing:
    """A context in which functions of modules are others: {(module, name): function}."""

    def __init__(self, functions):
        self.functions, self.before = functions, []

    def __enter__(self):
        for (module, name), function in self.functions.items():
            self.before.append((sys.modules[module], name, getattr(sys.modules[module], name)))
            setattr(sys.modules[module], name, function)

    def __exit__(self, *_):
        while self.before:
            setattr(*self.before.pop())


# ---------------------------------------------------------------------------------------------------------------------
# The global random generators


def _numpys():
    state = np.random.get_state()
    return list(state[1:]) if type(state) is tuple else None  # None: a test has set another kind of generator


def _pythons():
    _, (*words, place), gauss = random.getstate()
    return [np.array(words, np.uint32), place, gauss]


_STATES = {"numpy": _numpys, "random": _pythons}
_fresh = {}  # the states right after `seed`


def watch_seeds():
    """From now on know when a global generator is seeded. Once in a process."""

    def watched(seed, name):
        def seed_and_note(*args, **kwargs):
            seed(*args, **kwargs)
            _fresh[name] = _STATES[name]()

        return functools.wraps(seed)(seed_and_note)

    np.random.seed, random.seed = watched(np.random.seed, "numpy"), watched(random.seed, "random")


def forget_seeds():
    """What was seeded until now is over there already."""
    _fresh.clear()


def seeded():
    """The states of generators that were seeded since the last time and of which nothing was drawn.

    Of another state could be read what was drawn before: random data of a hidden test.
    """
    found = {name: state for name, state in _fresh.items() if _same(state, _STATES[name]())}
    _fresh.clear()
    return found


def states():
    """The states of the global generators, numpy's and Python's, as plain data."""
    return {name: state() for name, state in _STATES.items()}


def changed_states(before):
    """The states that are others than ``before``."""
    return {name: now for name, was in before.items() if (now := _STATES[name]()) and not _same(now, was)}


def _same(a, b):
    return a is not None and b is not None and np.array_equal(a[0], b[0]) and a[1:] == b[1:]


def set_states(received):
    """Put the generators into states that arrived. Raises ValueError for what is none."""
    if type(received) is not dict or not all(type(state) is list for state in received.values()):
        raise ValueError("states of random generators that are none.")  # a stand-in could be another at a second look
    for name, state in received.items():
        words, place, *gauss = state
        if (
            name not in _STATES
            or type(words) is not np.ndarray
            or (words.dtype, words.shape) != (np.uint32, (624,))
            or not (words[1:].any() or words[0] >> 31)  # of nothing but zeros, a normal number would be sought forever
            or type(place) is not int
            or not 0 <= place <= 624
            or (name == "numpy" and (len(gauss) != 2 or type(gauss[0]) is not int or gauss.pop(0) not in (0, 1)))
            or len(gauss) != 1
            or not (type(gauss[0]) is float and math.isfinite(gauss[0]) or (name == "random" and gauss[0] is None))
        ):
            raise ValueError("the state of a random generator that is none.")
    for name, (words, place, *gauss) in received.items():
        if name == "numpy":
            np.random.set_state(("MT19937", words, place, *gauss))
        else:
            random.setstate((3, (*words.tolist(), place), *gauss))


# ---------------------------------------------------------------------------------------------------------------------
# Files


MAX_FILES = 200
MAX_FILE = 8 << 20
MAX_SENT = 32 << 20  # bytes of files in one message
MAX_RECEIVED = 64 << 20  # bytes of a student's that are written here, all in all
_NAME = re.compile(r"([\w-]{1,60}/){0,3}[\w-][\w. -]{0,80}", re.ASCII)  # nothing hidden, nothing above the folder
_HARMLESS = re.compile(r".*\.(txt|csv|tsv|json|dat|log|md|npy|npz|png|jpg|jpeg|pdf)")  # nothing that Python imports
_CHANGING = {"os.rename", "os.remove", "os.truncate", "os.link", "os.system", "os.posix_spawn", "subprocess.Popen"}
_now = {"watched": False, "touched": False, "foreign": False}  # touched: a file may have changed; foreign: one came
_opened = set()


def watch_files(all_opened=False):
    """From now on know when files may have changed, and unpickle nothing beside a student's files."""
    if _now["watched"]:
        return
    _now["watched"] = True

    def heard(event, details):
        if event == "open":
            if type(details[2]) is int and details[2] & (os.O_WRONLY | os.O_RDWR):
                _now["touched"] = True
            if all_opened and type(details[0]) is str:
                _opened.add(details[0])
        elif event in _CHANGING:
            _now["touched"] = True
        elif event == "pickle.find_class" and _now["foreign"]:
            raise pickle.UnpicklingError("what may be a student's file is not unpickled in the process of the tests.")

    sys.addaudithook(heard)


class Folder:
    """The plain files of a working folder, and which of them changed.

    Parameters
    ----------
    path : str
    wanted : iterable of str, optional
        The names of the files that go over, to and fro. Without it all do that harm nothing.

    Attributes
    ----------
    theirs : set of str
        Those that came from the other side and are there now.
    used : set of str
        The names of those that came from there or were read there.
    """

    def __init__(self, path, wanted=None):
        self.path = os.path.abspath(path)
        self.wanted = None if wanted is None else set(wanted)
        there = self._plain_files() if self.wanted != set() else {}
        self.known = {name: (about, None) for name, about in there.items()}
        self.first = set(self.known)
        self.theirs, self.used, self.sent, self.room = set(), set(), set(), MAX_RECEIVED

    def goes(self, name):
        """Whether a file of this name goes over."""
        return self.wanted is None or name in self.wanted

    def comes(self, name):
        """Whether a student's file of this name does: data alone, nothing that a program reads as its settings."""
        harmless = _NAME.fullmatch(name) and _HARMLESS.fullmatch(name.lower()) and "config" not in name.lower()
        return bool(harmless) and self.goes(name)

    def changed(self, travels):
        """{name: content} of what was written since the last time; None for what is gone."""
        if not _now["touched"]:
            return {}
        before, self.known, found, room = self.known, {}, {}, MAX_SENT
        _now["touched"] = False
        for name, about in self._plain_files().items():
            was, digest = before.get(name, (None, None))
            young = name not in self.first and time.time_ns() - about[0] < 2e9
            if (was != about or young) and about[2] <= MAX_FILE:
                _now["touched"] |= young  # still open, perhaps; or written again before the clock of its times goes on
                with open(os.path.join(self.path, name), "rb") as file:
                    content = file.read(MAX_FILE)
                now = hashlib.sha256(content).digest()
                if now != digest:
                    self.theirs.discard(name)
                    room -= len(content)
                    if travels(name) and room >= 0 and len(found) < MAX_FILES:
                        found[name] = content
                digest = now
            self.known[name] = about, digest
        found |= {name: None for name in before if name not in self.known and travels(name)}
        self.sent |= set(found)
        _opened.clear()  # by us
        return found

    def opened(self):
        """The names of the files here that were opened since the last time."""
        paths = {os.path.relpath(path, self.path).replace(os.sep, "/") for path in _opened}
        _opened.clear()
        return sorted(paths & set(self.known))

    def start_again(self):
        """The other side has none but the files that were there at first, and its own."""
        self.known = {name: about for name, about in self.known.items() if name in self.first | self.theirs}
        _now["touched"] = True

    def write(self, files):
        """Make changes of the other side, which is trusted."""
        for name, content in files.items():
            with contextlib.suppress(OSError):
                self._write(name, content)
        _opened.clear()

    def receive(self, files, shared=False):
        """Make changes of a student's process, as far as they harm nothing: none of our own files is touched.

        With ``shared``, those that a test wrote are.
        """
        for name, content in files.items() if type(files) is dict else ():
            if type(name) is not str or type(content) not in (bytes, type(None)) or not self.comes(name):
                continue
            ours = os.path.lexists(os.path.join(self.path, name)) and name not in self.theirs
            a_tests = name in self.known and name not in self.first
            if (ours and not a_tests) or (name not in self.used and len(self.used) >= MAX_FILES):
                continue
            self.used.add(name)
            if ours and not shared:
                continue
            self.room -= len(content or b"")
            if len(content or b"") <= MAX_FILE and self.room >= 0:
                with contextlib.suppress(OSError):
                    _now["foreign"] |= content is not None
                    self._write(name, content)
                    self.theirs.add(name)

    def _write(self, name, content):
        path = os.path.join(self.path, name)
        if content is None:
            os.remove(path)
            self.known.pop(name, None)
            return
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(f"{path}.part", "wb") as file:
            file.write(content)
        os.replace(f"{path}.part", path)  # whoever has the old one open, or in memory, keeps it
        self.known[name] = _about(path), hashlib.sha256(content).digest()

    def _plain_files(self):
        found = {}
        for folder, folders, files in os.walk(self.path):
            for file in files:
                path = os.path.join(folder, file)
                name = os.path.relpath(path, self.path).replace(os.sep, "/")
                with contextlib.suppress(OSError):
                    if _NAME.fullmatch(name) and (about := _about(path)):
                        found[name] = about
            folders[:] = [name for name in folders if _NAME.fullmatch(f"{name}/x")]
        return found


def _about(path):
    about = os.lstat(path)
    return (about.st_mtime_ns, about.st_ino, about.st_size) if stat.S_ISREG(about.st_mode) else None
