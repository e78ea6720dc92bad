"""What a function reads and writes beside its arguments and its result, as far as a test can see it.

In a notebook, test and answer share one process: its streams, its built-in functions, its random generators. Here each
has its own, so some of it goes along with the messages: what was printed comes back as text, and what a test has put in
the place of `input` is asked for by the student's side. Both processes use this module.
"""

import builtins
import functools
import math
import random
import sys
import time

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
