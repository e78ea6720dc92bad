r"""Losses: how wrong a prediction is, as one number, and which way is worse.

Every loss is a pair: the value, and its gradient with respect to the prediction. The value is the
mean over the rows of a batch, and the gradient carries the same 1/n. So neither changes when the
batch is doubled, and a learning rate means the same at every batch size.

The argument order is Keras': ``(y_true, y_pred)``. Both have shape ``(rows, outputs)``; one row
may be given as a plain vector of outputs.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gradschool import _check

PROBABILITY_EPSILON = 1e-7
"""Keras clips probabilities this far from 0 and 1 before it takes a logarithm."""


def paired(function):
    """Give a function of ``(y_true, y_pred)`` the checks of the house; the bare one is ``.unchecked``."""

    @functools.wraps(function)
    def checked(y_true, y_pred, *args, **kwargs):
        y_pred = _check.array("y_pred", y_pred)
        y_true = _check.array("y_true", y_true, dtype=y_pred.dtype)
        _check.same_shape("y_true", y_true, "y_pred", y_pred)
        return function(y_true, y_pred, *args, **kwargs)

    checked.unchecked = function
    return checked


def rows_of(y):
    """Return the number of rows a batch holds; a plain vector is one row."""
    return len(y) if y.ndim > 1 else 1


@paired
def half_squared_error(y_true, y_pred):
    r"""Return half the squared error, summed over the outputs.

    .. math:: E = \frac{1}{n} \sum_{rows} \sum_{outputs} \tfrac{1}{2} (target - output)^2

    Parameters
    ----------
    y_true, y_pred : array_like of float, shape (rows, outputs) or (outputs,)

    Returns
    -------
    float
        0 or above.

    Raises
    ------
    TypeError, ValueError
        When the shapes differ or a value is not a finite number.

    Notes
    -----
    The error of deck D3 (UEC630). Keras' ``mse`` is the mean over the outputs, without the half:
    the two agree for exactly two outputs.
    """
    return 0.5 * np.sum((y_true - y_pred) ** 2) / rows_of(y_pred)


@paired
def half_squared_error_gradient(y_true, y_pred):
    r"""Return the gradient of :func:`half_squared_error`: :math:`(output - target) / n`, same shape as ``y_pred``."""
    return (y_pred - y_true) / rows_of(y_pred)


@paired
def mean_squared_error(y_true, y_pred):
    r"""Return the squared error, averaged over rows and outputs.

    .. math:: L = \frac{1}{n m} \sum_{i=1}^{n} \sum_{j=1}^{m} (y_{ij} - \hat y_{ij})^2

    Parameters
    ----------
    y_true, y_pred : array_like of float, shape (rows, outputs) or (outputs,)

    Returns
    -------
    float
        0 or above.

    Raises
    ------
    TypeError, ValueError
        When the shapes differ or a value is not a finite number.

    Notes
    -----
    Deck D4. Keras: ``mean_squared_error``.
    """
    return np.mean((y_true - y_pred) ** 2)


@paired
def mean_squared_error_gradient(y_true, y_pred):
    r"""Return the gradient of :func:`mean_squared_error`: :math:`2 (\hat y - y) / (n m)`."""
    return (y_pred - y_true) * (2 / y_pred.size)


@paired
def binary_crossentropy(y_true, y_pred):
    r"""Return the cross-entropy of yes/no answers, averaged over rows and outputs.

    .. math:: L = -\frac{1}{n m} \sum \left( y \ln \hat y + (1 - y) \ln (1 - \hat y) \right)

    Parameters
    ----------
    y_true : array_like of float, shape (rows, outputs) or (outputs,)
        Labels from 0 to 1.
    y_pred : array_like of float, same shape
        Probabilities from 0 to 1, clipped ``PROBABILITY_EPSILON`` away from both ends.

    Returns
    -------
    float
        0 or above.

    Raises
    ------
    TypeError, ValueError
        When the shapes differ, a value is not a finite number, or one lies outside 0 to 1.

    Notes
    -----
    Deck D4. The logarithm is the natural one (the deck's examples use base 10 by mistake).
    Keras: ``binary_crossentropy``.
    """
    _check_probabilities(y_true, y_pred)
    p = _clip(y_pred)
    return -np.mean(y_true * np.log(p) + (1 - y_true) * np.log(1 - p))


@paired
def binary_crossentropy_gradient(y_true, y_pred):
    r"""Return the gradient of :func:`binary_crossentropy`.

    .. math:: \frac{\partial L}{\partial \hat y} = \frac{\hat y - y}{\hat y (1 - \hat y)\, n m}

    It is 0 where the probability was clipped, as in Keras.
    """
    _check_probabilities(y_true, y_pred)
    p = _clip(y_pred)
    return np.where(p == y_pred, (p - y_true) / (p * (1 - p) * p.size), 0)


def _clip(y_pred):
    return np.clip(y_pred, PROBABILITY_EPSILON, 1 - PROBABILITY_EPSILON)


def _check_probabilities(y_true, y_pred):
    if y_true.min() < 0 or y_true.max() > 1:
        worst = y_true.min() if y_true.min() < 0 else y_true.max()
        raise ValueError(f"labels must lie between 0 and 1 for cross-entropy; got {worst:g}. Turn -1/+1 with (y + 1) / 2.")
    if y_pred.min() < 0 or y_pred.max() > 1:
        worst = y_pred.min() if y_pred.min() < 0 else y_pred.max()
        raise ValueError(f"predictions must be probabilities from 0 to 1; got {worst:g}. Put a sigmoid on the last layer.")


@dataclass(frozen=True)
class Loss:
    """A loss: its value and its gradient under one name.

    Attributes
    ----------
    name : str
    function, gradient : callable
        The pair, as functions of ``(y_true, y_pred)``.
    keras : str or None
        The name in Keras, where there is one.
    together : callable, optional
        Value and gradient in one pass, for losses where they share work.
    """

    name: str
    function: Callable
    gradient: Callable
    keras: str | None = None
    together: Callable | None = None

    def __call__(self, y_true, y_pred):
        return self.function(y_true, y_pred)

    def value_and_gradient(self, y_true, y_pred):
        """Return both, from arrays that the caller has checked."""
        if self.together:
            return self.together(y_true, y_pred)
        return self.function.unchecked(y_true, y_pred), self.gradient.unchecked(y_true, y_pred)


LOSSES = {
    row.name: row
    for row in (
        Loss("half_squared_error", half_squared_error, half_squared_error_gradient),
        Loss("mean_squared_error", mean_squared_error, mean_squared_error_gradient, "mean_squared_error"),
        Loss("binary_crossentropy", binary_crossentropy, binary_crossentropy_gradient, "binary_crossentropy"),
    )
}
ALIASES = {"mse": "mean_squared_error", "bce": "binary_crossentropy"}


def get(loss):
    """Return the :class:`Loss` of that name or alias; a Loss passes through.

    Raises
    ------
    ValueError
        When the name is unknown; the nearest known one is suggested.
    """
    if isinstance(loss, Loss):
        return loss
    return _check.one_of("loss", ALIASES.get(loss, loss) if isinstance(loss, str) else loss, LOSSES)
