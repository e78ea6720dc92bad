"""Activation functions, each beside its derivative.

An activation function bends what a unit has summed up. Without it, layers collapse into one
(lesson 03). Read a pair as ``relu(z)`` and ``relu_prime(z)``: the function and its slope at ``z``.

``ACTIVATIONS`` is the table of lesson 04: one row an activation, with its range, its order of
continuity and its name in Keras.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gradschool import _check


def elementwise(function):
    """Give a function of an array the checks of the house.

    The checked function takes anything that holds numbers. The bare one, for callers that have
    already checked (the layers), is its attribute ``unchecked``.
    """

    @functools.wraps(function)
    def checked(z, *args, **kwargs):
        return function(_check.array("z", z), *args, **kwargs)

    checked.unchecked = function
    return checked


@elementwise
def linear(z, out=None):
    """Return z itself (identity).

    .. math:: f(z) = z

    Parameters
    ----------
    z : array_like of float, any shape
    out : ndarray, optional
        Where to write the result; may be ``z`` itself.

    Returns
    -------
    ndarray
        Same shape as ``z``.

    Raises
    ------
    TypeError, ValueError
        When ``z`` does not hold finite numbers.

    Notes
    -----
    Deck D2, table of activation functions, row 1. Keras: ``linear``.
    """
    if out is None:
        return z.copy()
    if out is not z:
        out[...] = z
    return out


@elementwise
def linear_prime(z):
    """Return the slope of :func:`linear`, which is 1 everywhere."""
    return np.ones_like(z)


@elementwise
def sigmoid(z, out=None):
    r"""Squash any number into (0, 1).

    .. math:: f(z) = \frac{1}{1 + e^{-z}}

    Parameters
    ----------
    z : array_like of float, any shape
    out : ndarray, optional
        Where to write the result; may be ``z`` itself.

    Returns
    -------
    ndarray
        Same shape as ``z``, above 0 and at most 1.

    Raises
    ------
    TypeError, ValueError
        When ``z`` does not hold finite numbers.

    Notes
    -----
    Decks D2 (table, row 3) and D3. Keras: ``sigmoid``.
    """
    # exp(-z) overflows for very negative z. At the bound the result is already 0 to every digit.
    bound = -87 if z.dtype == np.float32 else -700
    result = np.negative(np.maximum(z, bound, out=out), out=out)
    result = np.exp(result, out=out)
    result = np.add(result, 1, out=out)
    return np.reciprocal(result, out=out)


@elementwise
def sigmoid_prime(z):
    r"""Return the slope of :func:`sigmoid`: at most 0.25, reached at 0.

    .. math:: f'(z) = f(z)\,(1 - f(z))
    """
    f = sigmoid.unchecked(z)
    return f * (1 - f)


@elementwise
def tanh(z, out=None):
    r"""Squash any number into (-1, 1), symmetric about 0.

    .. math:: f(z) = \frac{e^z - e^{-z}}{e^z + e^{-z}}

    Parameters
    ----------
    z : array_like of float, any shape
    out : ndarray, optional
        Where to write the result; may be ``z`` itself.

    Returns
    -------
    ndarray
        Same shape as ``z``, between -1 and 1.

    Raises
    ------
    TypeError, ValueError
        When ``z`` does not hold finite numbers.

    Notes
    -----
    Deck D2, table, row 4. Keras: ``tanh``.
    """
    return np.tanh(z, out=out)


@elementwise
def tanh_prime(z):
    """Return the slope of :func:`tanh`: at most 1, reached at 0.

    .. math:: f'(z) = 1 - f(z)^2
    """
    return 1 - np.tanh(z) ** 2


@elementwise
def relu(z, out=None):
    r"""Keep what is positive, replace the rest by 0.

    .. math:: f(z) = \max(0, z)

    Parameters
    ----------
    z : array_like of float, any shape
    out : ndarray, optional
        Where to write the result; may be ``z`` itself.

    Returns
    -------
    ndarray
        Same shape as ``z``, 0 or above.

    Raises
    ------
    TypeError, ValueError
        When ``z`` does not hold finite numbers.

    Notes
    -----
    Deck D2, table, row 7. Keras: ``relu``.
    """
    return np.maximum(z, 0, out=out)


@elementwise
def relu_prime(z):
    """Return the slope of :func:`relu`: 1 above 0, else 0.

    At 0 itself there is no slope. The table of deck D2 says 1 there, its prose says 0;
    Keras uses 0, and so do we.
    """
    return (z > 0).astype(z.dtype)


@dataclass(frozen=True)
class Activation:
    """One row of the table of activation functions.

    Attributes
    ----------
    name : str
    function, derivative : callable
        The pair, as functions of the net input ``z``.
    range : str
        The values the function can take, as an interval.
    continuity : str
        How often it can be differentiated without a jump: ``"C0"``, ``"C1"``, ..., ``"Cinf"``;
        ``"C-1"`` when the function itself jumps.
    keras : str or None
        Its name in Keras, where there is one.
    slope_from_output : callable, optional
        The derivative written with the output ``a`` in place of ``z``, for functions that allow
        it. A layer then need not keep ``z``.
    """

    name: str
    function: Callable
    derivative: Callable
    range: str
    continuity: str
    keras: str | None = None
    slope_from_output: Callable | None = None

    def __call__(self, z):
        return self.function(z)

    def forward(self, z):
        """Return ``(output, kept)``: what the layer passes on, and what :meth:`backward` needs.

        ``z`` must be the caller's own buffer: it is overwritten where that is safe.
        """
        if self.slope_from_output:
            a = self.function.unchecked(z, out=z)
            return a, a
        return self.function.unchecked(z), z

    def backward(self, dy, kept):
        """Return dLoss/dz from ``dy`` = dLoss/da, by the chain rule: ``dy`` times the slope."""
        slope = self.slope_from_output(kept) if self.slope_from_output else self.derivative.unchecked(kept)
        return dy * slope


ACTIVATIONS = {
    row.name: row
    for row in (
        Activation("linear", linear, linear_prime, "(-inf, inf)", "Cinf", "linear"),
        Activation("sigmoid", sigmoid, sigmoid_prime, "(0, 1)", "Cinf", "sigmoid", lambda a: a * (1 - a)),
        Activation("tanh", tanh, tanh_prime, "(-1, 1)", "Cinf", "tanh", lambda a: 1 - a * a),
        Activation("relu", relu, relu_prime, "[0, inf)", "C0", "relu", lambda a: a > 0),
    )
}


def get(activation):
    """Return the table's row for a name; an :class:`Activation` passes through.

    Raises
    ------
    ValueError
        When the name is unknown; the nearest known one is suggested.
    """
    if isinstance(activation, Activation):
        return activation
    return _check.one_of("activation", "linear" if activation is None else activation, ACTIVATIONS)
