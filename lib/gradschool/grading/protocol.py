"""The one line between the process that marks and the process that is marked: how values go over it.

Nothing in a message (see `gradschool.grading.channel`) can execute code: values are JSON, large arrays are frames, and
what is neither is a *handle*, a number that means something to its owner only. Everything that arrives is checked before
it is used (types, shapes, depth), and whatever is wrong with it is a `ProtocolError`, nothing else.

The receiver decides what a handle is: see `gradschool.grading.standin` for the side that marks.
"""

import collections
import re

import numpy as np

from gradschool.grading.channel import MAX_TOTAL, ProtocolError

MAX_DEPTH = 40
MAX_ITEMS = 2_000_000

# The special methods that go over, by their names in the module operator, and the types that both sides have.
UNARY_OPERATORS = ("neg", "pos", "abs", "invert")
BINARY_OPERATORS = (
    *("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul"),
    *("and_", "or_", "xor", "lshift", "rshift"),
)
PLAIN_TYPES = {
    kind.__name__: kind
    for kind in (bool, int, float, complex, str, bytes, list, tuple, dict, set, frozenset, type(None), np.ndarray)
}
COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")

_DTYPE = re.compile(r"[<>|=]?[biufcSUmM](\d{1,9})(\[\d{0,9}[A-Za-z]{1,2}\])?\Z")


class Codec:
    """Values to trees of JSON (with frames) and back.

    A tree is None, a bool, an int, a float, a str, a list of trees, or an object with one key that says what it is::

        {"tuple": [...]} {"set": [...]} {"frozenset": [...]} {"dict": [[key, value], ...]} {"complex": [re, im]}
        {"bytes": frame} {"array": [dtype, shape, order, frame]} {"scalar": [dtype, hex]} {"slice": [a, b, c]}
        {"range": [a, b, c]} {"ellipsis": 0} {"handle": ...}

    Subclasses of these types are sent as what they are made of: a subclass of dict is a dict, of ndarray an ndarray.
    Subclasses of Codec say what becomes of the rest, by `encode_other` and `decode_other`.
    """

    def encode(self, value):
        """Return (tree, frames)."""
        frames = []
        return self.tree(value, frames), frames

    def encode_other(self, value, frames):
        raise TypeError(f"cannot send a {type(value).__name__}.")

    def decode_other(self, tag, content, frames):
        raise ProtocolError(f"unknown kind of value {str(tag)[:40]!r}")

    def tree(self, value, frames, depth=0):
        """Return the tree of one value; its arrays are appended to ``frames``."""
        if depth > MAX_DEPTH:
            raise ValueError(f"a value nested more than {MAX_DEPTH} deep cannot be sent.")
        kind = type(value)
        if value is None or kind is bool or kind is str or kind is float:
            return value
        if kind is int:
            return value if value.bit_length() < 10_000 else self.encode_other(value, frames)
        if issubclass(kind, np.ndarray):
            return self._array(value, frames)
        if issubclass(kind, np.generic):
            return self._scalar(value, frames)

        def each(items):
            return [self.tree(item, frames, depth + 1) for item in items]

        if kind is list:
            return each(value)
        for base, read in _READ.items():
            if issubclass(kind, base):
                content = read(value)
                if base is dict or base is collections.OrderedDict:
                    return {"dict": [each(pair) for pair in content]}
                if base in (list, tuple, set, frozenset):
                    items = each(content)
                    return items if base is list else {base.__name__: items}
                return self.tree(content, frames, depth + 1)  # an int, float or str in disguise
        if kind is complex:
            return {"complex": [value.real, value.imag]}
        if kind in (bytes, bytearray):
            frames.append(bytes(value))
            return {"bytes": len(frames) - 1}
        if kind is slice:
            return {"slice": each((value.start, value.stop, value.step))}
        if kind is range:
            return {"range": [value.start, value.stop, value.step]}
        if value is Ellipsis:
            return {"ellipsis": 0}
        return self.encode_other(value, frames)

    def _array(self, value, frames):
        value = np.ndarray.view(value, np.ndarray)
        if not _DTYPE.match(value.dtype.str):
            return self.encode_other(value, frames)
        order = "F" if value.flags.f_contiguous and not value.flags.c_contiguous else "C"
        frames.append(value.tobytes(order))
        return {"array": [value.dtype.str, list(value.shape), order, len(frames) - 1]}

    def _scalar(self, value, frames):
        dtype = value.dtype
        if not _DTYPE.match(dtype.str):
            return self.encode_other(value, frames)
        return {"scalar": [dtype.str, value.tobytes().hex()]}

    def decode(self, tree, frames):
        """Return the value of a tree. Raises `ProtocolError` for whatever is not one."""
        self._left = MAX_ITEMS
        try:
            return self._value(tree, frames, 0)
        except ProtocolError:
            raise
        except (TypeError, ValueError, KeyError, IndexError, OverflowError, RecursionError, AttributeError) as error:
            raise ProtocolError(f"a malformed value: {type(error).__name__}") from None

    def _value(self, tree, frames, depth):
        self._left -= 1
        if depth > MAX_DEPTH + 2 or self._left < 0:
            raise ProtocolError("a value is nested too deeply or too large")
        kind = type(tree)
        if tree is None or kind in (bool, int, float, str):
            return tree
        if kind is list:
            return [self._value(item, frames, depth + 1) for item in tree]
        if kind is not dict or len(tree) != 1:
            raise ProtocolError("a malformed value")
        ((tag, content),) = tree.items()
        if tag in ("tuple", "set", "frozenset"):
            items = [self._value(item, frames, depth + 1) for item in _exactly(content, list)]
            # One by one where hashes may be made to collide: an alarm rings between two steps of Python, not in C.
            return tuple(items) if tag == "tuple" else {"set": set, "frozenset": frozenset}[tag](one for one in items)
        if tag == "dict":
            pairs = [_exactly(pair, list, 2) for pair in _exactly(content, list)]
            return {self._value(k, frames, depth + 1): self._value(v, frames, depth + 1) for k, v in pairs}
        if tag == "complex":
            return complex(*(_exactly(part, float) for part in _exactly(content, list, 2)))
        if tag == "bytes":
            return bytes(_frame(frames, content))
        if tag == "array":
            return _read_array(*_exactly(content, list, 4), frames)
        if tag == "scalar":
            dtype, data = _exactly(content, list, 2)
            return _read_array(dtype, [1], "C", 0, [bytearray.fromhex(_exactly(data, str))])[0]
        if tag == "slice":
            return slice(*(self._value(part, frames, depth + 1) for part in _exactly(content, list, 3)))
        if tag == "range":
            return range(*(_exactly(part, int) for part in _exactly(content, list, 3)))
        if tag == "ellipsis":
            return Ellipsis
        return self.decode_other(tag, content, frames)


# How to read a subclass by what it inherits, whatever it redefines.
_READ = {
    collections.OrderedDict: collections.OrderedDict.items,
    dict: dict.items,
    list: list.__iter__,
    tuple: tuple.__iter__,
    set: set.__iter__,
    frozenset: frozenset.__iter__,
    int: lambda value: int.__add__(value, 0),
    float: lambda value: float.__add__(value, 0.0),
    str: lambda value: str.__getitem__(value, slice(None)),
}


def _exactly(value, kind, length=None):
    if type(value) is not kind or (length is not None and len(value) != length):
        raise ProtocolError("a malformed value")
    return value


def _frame(frames, index):
    if type(index) is not int or not 0 <= index < len(frames):
        raise ProtocolError("a frame is missing")
    return frames[index]


def _read_array(dtype, shape, order, frame, frames):
    match = _DTYPE.match(_exactly(dtype, str))
    data = _frame(frames, frame)
    if not match or order not in ("C", "F") or len(_exactly(shape, list)) > 32:
        raise ProtocolError("a malformed array")
    dtype = np.dtype(dtype)
    size = 1
    for length in shape:
        if _exactly(length, int) < 0 or length > MAX_TOTAL:
            raise ProtocolError("a malformed array")
        size *= length
    if dtype.itemsize == 0 or size * dtype.itemsize != len(data):
        raise ProtocolError("an array of the wrong length")
    if dtype.kind == "b":  # other bytes than 0 and 1 would be neither true nor false
        flat = np.frombuffer(data, np.uint8) != 0
    else:
        flat = np.frombuffer(data, dtype)
    if dtype.kind == "U" and size and np.frombuffer(data, dtype.byteorder.replace("|", "=") + "u4").max() > 0x10FFFF:
        raise ProtocolError("an array of text that is none")
    return flat.reshape(shape, order=order)


def is_mark(value):
    """Whether the value of a test's last line is a number, which nbgrader reads as points."""
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
