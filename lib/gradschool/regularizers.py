r"""Regularizers, clipping and constraints: three ways to keep weights small and steps safe.

A regularizer adds a penalty to the loss, and so a pull toward 0 to the gradient. Clipping shortens a
gradient that has become too long. A constraint shortens the weights themselves, after the step.

=================  ==========================================  =====================================
Topic              Keras, and here                             Elsewhere
=================  ==========================================  =====================================
L2(l)              loss + l Σw², gradient + 2 l w              λ/2 Σw² with gradient λ w (texts);
                                                               λ/(2n) Σw² (deck D4): L2(λ/(2n)).
                                                               Never divided by the batch.
clipping by norm   each tensor by its own norm (clipnorm)      all tensors by one common norm
                                                               (global_clipnorm)
max norm           w · min(‖w‖, c) / (1e-7 + ‖w‖)              ``epsilon=0``: w · min(1, c / ‖w‖)
=================  ==========================================  =====================================

Decks D1 (exploding gradients), D2 and D4 (regularization).
"""

from dataclasses import dataclass

import numpy as np

from gradschool import _check


@dataclass(frozen=True)
class L1L2:
    r"""A penalty on weights: their sizes, their squares, or both.

    .. math:: R(w) = l_1 \sum_i |w_i| + l_2 \sum_i w_i^2

    Parameters
    ----------
    l1, l2 : float, 0 or more

    Notes
    -----
    Keras: ``L1L2``. The sum runs over the squares. Deck D2 prints the square of the sum, which is 0
    for the weights 1 and -1.
    """

    l1: float = 0.0
    l2: float = 0.0

    def __post_init__(self):
        for name in ("l1", "l2"):
            object.__setattr__(self, name, _check.number(name, getattr(self, name), at_least=0))

    def __call__(self, w):
        """Return the penalty R(w) as a float, 0 or more.

        Raises
        ------
        TypeError, ValueError
            When ``w`` does not hold finite numbers.
        """
        return self._penalty(_check.array("w", w))

    def gradient(self, w):
        r"""Return dR/dw, same shape as ``w``: :math:`l_1\,sign(w) + 2\,l_2\,w`. The sign of 0 is 0, as in Keras."""
        return self._gradient(_check.array("w", w))

    def _penalty(self, w):
        penalty = 0.0
        if self.l1:
            penalty += self.l1 * float(np.abs(w).sum())
        if self.l2:
            penalty += self.l2 * float(np.dot(w.ravel(), w.ravel()))
        return penalty

    def _gradient(self, w):
        gradient = w * (2 * self.l2)
        if self.l1:
            gradient += self.l1 * np.sign(w)
        return gradient


def L1(l1=0.01):
    r"""Return the penalty :math:`l_1 \sum |w_i|`: pulls every weight with the same force, many to exactly 0."""
    return L1L2(l1=l1)


def L2(l2=0.01):
    r"""Return the penalty :math:`l_2 \sum w_i^2`: pulls a weight the harder the larger it is."""
    return L1L2(l2=l2)


def get(regularizer):
    """Return the regularizer of that name (``"l1"``, ``"l2"``, ``"l1_l2"``: 0.01 each); objects and None pass through.

    Raises
    ------
    ValueError
        When the name is unknown.
    """
    if regularizer is None or isinstance(regularizer, L1L2):
        return regularizer
    return _check.one_of("regularizer", regularizer, {"l1": L1(), "l2": L2(), "l1_l2": L1L2(0.01, 0.01)})


def clip_by_value(gradient, limit):
    r"""Return the gradient with every entry cut to at most ``limit`` in size.

    .. math:: g_i \leftarrow \max(-c, \min(c, g_i))

    This changes the direction of the gradient too. Keras: ``clipvalue``.

    Parameters
    ----------
    gradient : array_like of float, any shape
    limit : float, above 0
        The c of the formula.

    Returns
    -------
    ndarray
        A new array, same shape.

    Raises
    ------
    TypeError, ValueError
        When ``gradient`` does not hold finite numbers or ``limit`` is not above 0.
    """
    limit = _check.number("limit", limit, above=0)
    return np.clip(_check.array("gradient", gradient), -limit, limit)


def clip_by_norm(gradient, limit):
    r"""Return the gradient, shortened to length ``limit`` if it is longer. Its direction stays.

    .. math:: g \leftarrow g \cdot \min\left(1, \frac{c}{\lVert g \rVert}\right)

    Keras: ``clipnorm``, which does this to each tensor by itself.

    Parameters
    ----------
    gradient : array_like of float, any shape
    limit : float, above 0
        The c of the formula: the greatest length allowed.

    Returns
    -------
    ndarray
        A new array, same shape.

    Raises
    ------
    TypeError, ValueError
        When ``gradient`` does not hold finite numbers or ``limit`` is not above 0.
    """
    gradient = _check.array("gradient", gradient)
    return gradient * shortening(norm(gradient), _check.number("limit", limit, above=0))


def clip_by_global_norm(gradients, limit):
    r"""Return several gradients, all shortened by one factor if together they are longer than ``limit``.

    .. math:: g_k \leftarrow g_k \cdot \min\left(1, \frac{c}{\sqrt{\sum_j \lVert g_j \rVert^2}}\right)

    The direction of the whole step stays. Keras: ``global_clipnorm``.

    Parameters
    ----------
    gradients : list of array_like of float
    limit : float, above 0
        The greatest length of all of them together.

    Returns
    -------
    list of ndarray
        New arrays, same shapes.

    Raises
    ------
    TypeError, ValueError
        When there is no gradient, one does not hold finite numbers, or ``limit`` is not above 0.
    """
    gradients = [_check.array(f"gradients[{i}]", g) for i, g in enumerate(gradients)]
    if not gradients:
        raise ValueError("gradients is empty; give at least one gradient.")
    factor = shortening(np.sqrt(sum(norm(g) ** 2 for g in gradients)), _check.number("limit", limit, above=0))
    return [g * factor for g in gradients]


def norm(vector):
    """Return the length of an array seen as one vector, as a float. Huge float32 entries do not overflow."""
    with np.errstate(over="ignore"):
        length = float(np.sqrt(np.dot(vector.ravel(), vector.ravel())))
    if np.isfinite(length) and length > 1e-15:
        return length
    largest = float(np.abs(vector).max())  # entries whose squares leave the range: scale by the largest first
    return largest * float(np.linalg.norm(vector.ravel() / largest)) if 0 < largest < np.inf else largest


def shortening(length, limit):
    """Return the factor that brings a vector of this length down to ``limit``; 1 if it is shorter already."""
    return float(limit / length) if length > limit else 1.0


@dataclass(frozen=True)
class MaxNorm:
    r"""A constraint: no unit's weight vector may be longer than ``max_value``.

    .. math:: w_j \leftarrow w_j \cdot \frac{\min(\lVert w_j \rVert, c)}{\epsilon + \lVert w_j \rVert}

    Parameters
    ----------
    max_value : float, above 0
        The c of the formula.
    axis : int
        The axis along which a norm is taken. 0: each column of a kernel, so each unit.
    epsilon : float, 0 or more
        Keras' 1e-7 shrinks even a short column a little, each time. 0 gives the textbook's form, which
        leaves short columns alone.

    Notes
    -----
    Deck D1. Keras: ``MaxNorm``. It acts after the optimizer's step.
    """

    max_value: float = 2.0
    axis: int = 0
    epsilon: float = 1e-7

    def __post_init__(self):
        object.__setattr__(self, "max_value", _check.number("max_value", self.max_value, above=0))
        object.__setattr__(self, "axis", _check.whole("axis", self.axis))
        object.__setattr__(self, "epsilon", _check.number("epsilon", self.epsilon, at_least=0))

    def __call__(self, w):
        """Return the weights with every norm brought down to ``max_value``: a new array, same shape.

        Raises
        ------
        TypeError, ValueError
            When ``w`` does not hold finite numbers or has no such axis.
        """
        w = _check.array("w", w)
        if self.axis >= w.ndim:
            raise ValueError(f"max_norm is along axis {self.axis}, but w has shape {w.shape}.")
        return self._apply(w)

    def _apply(self, w):
        norms = np.sqrt(np.sum(np.square(w), axis=self.axis, keepdims=True))
        allowed = np.minimum(norms, w.dtype.type(self.max_value))
        divisor = norms + w.dtype.type(self.epsilon)
        # A column of zeros has norm 0: it stays, whatever it is divided by.
        return w * (allowed / np.where(divisor > 0, divisor, 1))


def max_norm(w, max_value=2.0, *, axis=0, epsilon=1e-7):
    """Return ``w`` with the norm of every column at most ``max_value``; see :class:`MaxNorm`."""
    return MaxNorm(max_value, axis, epsilon)(w)


def get_constraint(constraint):
    """Return the constraint of that name (``"max_norm"``: at most 2); objects and None pass through.

    Raises
    ------
    ValueError
        When the name is unknown.
    """
    if constraint is None or isinstance(constraint, MaxNorm):
        return constraint
    return _check.one_of("constraint", constraint, {"max_norm": MaxNorm()})
