"""Checks of arguments, each with a sentence that says what was wrong and what to do instead."""

import difflib
import math
from numbers import Integral, Real

import numpy as np


def array(name, value, *, ndim=None, shape=None, dtype=None):
    """Return ``value`` as a finite, non-empty array of numbers, or raise a sentence.

    Parameters
    ----------
    name : str
        What the learner calls the argument; the sentence starts with it.
    value : array_like of numbers
    ndim : int, optional
        The number of axes wanted.
    shape : tuple of (int or None), optional
        The shape wanted; None stands for any length.
    dtype : dtype, optional
        Converts to this type. Without it float32 and float64 stay, all else becomes float64.

    Returns
    -------
    numpy.ndarray
        ``value`` itself when it already fits: treat it as read-only.

    Raises
    ------
    TypeError
        When ``value`` does not hold numbers.
    ValueError
        When it is empty, holds NaN or infinity, or has another shape.
    """
    try:
        result = np.asarray(value)
    except ValueError:
        raise ValueError(f"{name} must be a rectangular array; its rows have different lengths.") from None
    if result.dtype.kind not in "fiub":
        raise TypeError(f"{name} must hold numbers; got {_short(value)} of type {result.dtype}.")
    wanted = dtype or (result.dtype if result.dtype in (np.float32, np.float64) else np.float64)
    if result.dtype != wanted:
        result = result.astype(wanted)
    if ndim is not None and result.ndim != ndim:
        raise ValueError(f"{name} must have {_axes(ndim)}; got shape {result.shape}.{_axes_hint(name, result, ndim)}")
    if shape is not None and not _fits(result.shape, shape):
        raise ValueError(f"{name} must have shape {_shape(shape)}; got {result.shape}.{_transposed(result, shape)}")
    if result.size == 0:
        raise ValueError(f"{name} is empty (shape {result.shape}); give at least one value.")
    if not np.isfinite(result).all():
        bad = tuple(int(i) for i in np.argwhere(~np.isfinite(result))[0])
        where = f" at index {bad[0] if len(bad) == 1 else bad}" if bad else ""
        raise ValueError(f"{name} must be finite; got {result[bad]}{where}. Remove or replace such values first.")
    return result


def number(name, value, *, above=None, at_least=None, below=None, at_most=None):
    """Return ``value`` as a finite float within the bounds, or raise a sentence."""
    if isinstance(value, bool) or not isinstance(value, (Real, np.floating, np.integer)):
        raise TypeError(f"{name} must be a number; got {_short(value)}.")
    result = float(value)
    bounds = [
        f"{word} {bound:g}"
        for word, bound in (("above", above), ("at least", at_least), ("below", below), ("at most", at_most))
        if bound is not None
    ]
    inside = (
        math.isfinite(result)
        and (above is None or result > above)
        and (at_least is None or result >= at_least)
        and (below is None or result < below)
        and (at_most is None or result <= at_most)
    )
    if not inside:
        raise ValueError(f"{name} must be {' and '.join(bounds) or 'finite'}; got {result:g}.")
    return result


def whole(name, value, *, at_least=0):
    """Return ``value`` as an int of ``at_least`` or more, or raise a sentence."""
    if isinstance(value, bool) or not isinstance(value, (Integral, np.integer)):
        raise TypeError(f"{name} must be a whole number; got {_short(value)}.")
    if value < at_least:
        raise ValueError(f"{name} must be {at_least} or more; got {value}.")
    return int(value)


def one_of(name, value, options):
    """Return ``options[value]`` (or ``value`` from a plain collection), or name the nearest option."""
    if isinstance(value, str) and value in options:
        return options[value] if isinstance(options, dict) else value
    near = difflib.get_close_matches(str(value).lower(), [str(o) for o in options], n=1, cutoff=0.5)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    known = f" Known: {', '.join(map(str, options))}." if len(options) <= 40 else ""
    raise ValueError(f"unknown {name} {value!r}.{hint}{known}")


def same_shape(name_a, a, name_b, b):
    """Raise a sentence unless the two arrays have the same shape (no silent broadcasting)."""
    if a.shape != b.shape:
        raise ValueError(f"{name_a} and {name_b} must have the same shape; got {a.shape} and {b.shape}.")


def float_type(dtype):
    """Return ``dtype`` as float32 or float64, or raise a sentence."""
    try:
        result = np.dtype(dtype)
    except TypeError:
        result = None
    if result is None or result not in (np.float32, np.float64):
        raise ValueError(f"dtype must be float32 or float64; got {_short(dtype)}.")
    return result


def generator(rng):
    """Return ``rng`` if it is a numpy Generator, or raise a sentence that says how to make one."""
    if not isinstance(rng, np.random.Generator):
        raise TypeError(f"rng must be a numpy.random.Generator; got {_short(rng)}. Use numpy.random.default_rng(seed).")
    return rng


def _short(value):
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _axes(ndim):
    return {0: "no axes (one number)", 1: "1 axis", 2: "2 axes (rows, columns)"}.get(ndim, f"{ndim} axes")


def _axes_hint(name, result, ndim):
    return f" For a batch of one row use {name}[None, :]." if (result.ndim, ndim) == (1, 2) else ""


def _fits(shape, wanted):
    return len(shape) == len(wanted) and all(w is None or s == w for s, w in zip(shape, wanted))


def _shape(wanted):
    inner = ", ".join("any" if w is None else str(w) for w in wanted)
    return f"({inner},)" if len(wanted) == 1 else f"({inner})"


def _transposed(result, wanted):
    flipped = result.ndim == 2 and result.shape[0] != result.shape[1] and _fits(result.T.shape, wanted)
    return " It looks transposed: try .T." if flipped else ""
