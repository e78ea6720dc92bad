"""What a function reads and writes beside its arguments and its result, as far as a test can see it.

In a notebook, test and answer share one process: its streams, its built-in functions, its random generators. Here each
has its own, so some of it goes along with the messages: what was printed comes back as text, and what a test has put in
the place of `input` is asked for by the student's side. Both processes use this module.
"""

import builtins
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
