r"""Losses: how wrong a prediction is, as one number, and which way is worse.

Every loss is a pair: the value, and its gradient with respect to the prediction. The value is the
mean over the rows of a batch, and the gradient carries the same 1/n. So neither changes when the
batch is doubled, and a learning rate means the same at every batch size.

The argument order is Keras': ``(y_true, y_pred)``. Both have shape ``(rows, outputs)``; one row
may be given as a plain vector of outputs. For a single output, targets of shape ``(rows,)`` stand for
one column. The losses whose name starts with ``sparse`` take whole-number labels, one a row.

``LOSSES`` is the table; ``get("huber", delta=2)`` returns a row with its parameter set.
"""

import dataclasses
import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from gradschool import _check
from gradschool.activations import sigmoid

PROBABILITY_EPSILON = 1e-7
"""Keras clips probabilities this far from 0 and 1 before it takes a logarithm."""


# What a loss accepts as targets: a function of (name, y, shape of the predictions, dtype) that checks and converts.


def _numbers(name, y, shape, dtype):
    """Any numbers, one for each output."""
    y = _check.array(name, y, dtype=dtype)
    if len(shape) == 2 and shape[1] == 1 and y.shape == shape[:1]:
        return y[:, None]
    if y.shape != shape:
        raise ValueError(f"{name} and the predictions must have the same shape; got {y.shape} and {shape}.")
    return y


def _probabilities(name, y, shape, dtype):
    """Numbers from 0 to 1."""
    y = _numbers(name, y, shape, dtype)
    if y.min() < 0 or y.max() > 1:
        raise ValueError(
            f"labels must lie between 0 and 1 for cross-entropy; got {_outside(y):g}. Turn -1/+1 with (y + 1) / 2."
        )
    return y


def _distributions(name, y, shape, dtype):
    """Rows of probabilities that sum to 1."""
    y = _check.array(name, y, dtype=dtype)
    if len(shape) == 2 and y.shape == shape[:1]:
        raise ValueError(
            f"{name} has one number a row, and {shape[1]} classes are predicted. "
            "For labels use sparse_categorical_crossentropy, or datasets.one_hot(labels)."
        )
    y = _probabilities(name, y, shape, dtype)
    _check_rows_sum_to_1(name, y, 1e-5, "Each row tells how sure each class is; for yes/no outputs use binary_crossentropy.")
    return y


def _signs(name, y, shape, dtype):
    """-1 or +1."""
    y = _numbers(name, y, shape, dtype)
    wrong = y[np.abs(y) != 1]
    if wrong.size:
        raise ValueError(f"labels must be -1 or +1 for this loss; got {wrong.flat[0]:g}. Turn 0/1 with 2 * y - 1.")
    return y


def _labels(name, y, shape, dtype):
    """Whole numbers from 0 to classes - 1, one a row."""
    y = _check.array(name, y, dtype=np.float64)
    if len(shape) == 2 and y.shape == shape and shape[1] > 1:
        raise ValueError(f"{name} must hold one label a row; got shape {shape}. For one-hot rows use categorical_crossentropy.")
    y = _check.array(name, y, shape=shape[:-1])
    wrong = y[(y != np.floor(y)) | (y < 0) | (y >= shape[-1])]
    if wrong.size:
        raise ValueError(f"labels must be whole numbers from 0 to {shape[-1] - 1}, one for each class; got {wrong.flat[0]:g}.")
    return y.astype(np.intp)


def paired(function=None, *, targets=_numbers, **checks):
    """Give a function of ``(y_true, y_pred)`` the checks of the house; the bare one is ``.unchecked``.

    ``targets`` says what ``y_true`` may hold; the others check further parameters, a function of ``(name, value)`` each.
    """
    if function is None:
        return functools.partial(paired, targets=targets, **checks)
    signature = inspect.signature(function)

    @functools.wraps(function)
    def checked(*args, **kwargs):
        given = signature.bind(*args, **kwargs).arguments
        y_pred = given["y_pred"] = _check.array("y_pred", given["y_pred"])
        if y_pred.ndim == 0:
            raise ValueError(f"y_pred must be an array of rows; got the one number {y_pred:g}. Use [{y_pred:g}].")
        given["y_true"] = targets("y_true", given["y_true"], y_pred.shape, y_pred.dtype)
        for name in checks.keys() & given.keys():
            given[name] = checks[name](name, given[name])
        return function(**given)

    checked.unchecked = function
    checked.targets = targets
    checked.checks = checks
    return checked


def rows_of(y):
    """Return the number of rows a batch holds; a plain vector is one row."""
    return len(y) if y.ndim > 1 else 1


# Regression


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
def mean_absolute_error(y_true, y_pred):
    r"""Return the absolute error, averaged over rows and outputs.

    .. math:: L = \frac{1}{n m} \sum |y - \hat y|

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
    Deck D4, which once writes a square that does not belong there. Keras: ``mean_absolute_error``.
    """
    return np.mean(np.abs(y_true - y_pred))


@paired
def mean_absolute_error_gradient(y_true, y_pred):
    r"""Return the gradient of :func:`mean_absolute_error`: :math:`\operatorname{sign}(\hat y - y) / (n m)`.

    Where prediction and target are equal there is no slope; 0 stands there, as in Keras.
    """
    return np.sign(y_pred - y_true) * (1 / y_pred.size)


def _above_zero(name, value):
    return _check.number(name, value, above=0)


@paired(delta=_above_zero)
def huber(y_true, y_pred, delta=1.0):
    r"""Return a loss that is squared for small errors and absolute for large ones, averaged over rows and outputs.

    .. math:: L = \frac{1}{n m} \sum \begin{cases} \tfrac12 e^2 & |e| \le \delta \\
        \delta |e| - \tfrac12 \delta^2 & |e| > \delta \end{cases}, \qquad e = \hat y - y

    Parameters
    ----------
    y_true, y_pred : array_like of float, shape (rows, outputs) or (outputs,)
    delta : float, above 0
        From which error on the loss grows in a straight line.

    Returns
    -------
    float
        0 or above.

    Raises
    ------
    TypeError, ValueError
        When the shapes differ, a value is not a finite number, or delta is out of its range.

    Notes
    -----
    Deck D4. Keras: ``huber``.
    """
    error = np.abs(y_pred - y_true)
    return np.mean(np.where(error <= delta, 0.5 * error**2, delta * error - 0.5 * delta**2))


@paired(delta=_above_zero)
def huber_gradient(y_true, y_pred, delta=1.0):
    r"""Return the gradient of :func:`huber`: the error, cut off at :math:`\pm\delta`, over :math:`n m`."""
    return np.clip(y_pred - y_true, -delta, delta) * (1 / y_pred.size)


@paired
def log_cosh(y_true, y_pred):
    r"""Return the logarithm of the hyperbolic cosine of the error: a Huber loss without a seam.

    .. math:: L = \frac{1}{n m} \sum \ln \cosh(\hat y - y)

    Parameters
    ----------
    y_true, y_pred : array_like of float, shape (rows, outputs) or (outputs,)

    Returns
    -------
    float
        0 or above: about half the squared error near 0, about the absolute error minus ln 2 far out.

    Raises
    ------
    TypeError, ValueError
        When the shapes differ or a value is not a finite number.

    Notes
    -----
    Keras: ``log_cosh``.
    """
    error = np.abs(y_pred - y_true)
    # ln cosh e = ln(1 + 2 sinh²(e/2)) keeps small errors exact; e + ln(1 + exp(-2e)) - ln 2 cannot overflow.
    near = np.log1p(2 * np.sinh(np.minimum(error, 1) / 2) ** 2)
    far = error + np.log1p(np.exp(-2 * error)) - np.log(2).astype(error.dtype)
    return np.mean(np.where(error < 1, near, far))


@paired
def log_cosh_gradient(y_true, y_pred):
    r"""Return the gradient of :func:`log_cosh`: :math:`\tanh(\hat y - y) / (n m)`."""
    return np.tanh(y_pred - y_true) * (1 / y_pred.size)


# Classification by probabilities


@paired(targets=_probabilities)
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
    p = _clip(_checked_probabilities(y_pred))
    return -np.mean(y_true * np.log(p) + (1 - y_true) * np.log(1 - p))


@paired(targets=_probabilities)
def binary_crossentropy_gradient(y_true, y_pred):
    r"""Return the gradient of :func:`binary_crossentropy`.

    .. math:: \frac{\partial L}{\partial \hat y} = \frac{\hat y - y}{\hat y (1 - \hat y)\, n m}

    It is 0 where the probability was clipped, as in Keras.
    """
    p = _clip(_checked_probabilities(y_pred))
    return np.where(p == y_pred, (p - y_true) / (p * (1 - p) * p.size), 0)


@paired(targets=_probabilities)
def binary_crossentropy_from_logits(y_true, y_pred):
    r"""Return :func:`binary_crossentropy` of ``sigmoid(y_pred)``, exact however sure the unit is.

    .. math:: L = \frac{1}{n m} \sum \left( \ln(1 + e^{z}) - y z \right), \qquad \hat y = \sigma(z)

    Parameters
    ----------
    y_true : array_like of float, shape (rows, outputs) or (outputs,)
        Labels from 0 to 1.
    y_pred : array_like of float, same shape
        The z of the formula, any number: what the last layer sums up, without a sigmoid. (Logits.)

    Returns
    -------
    float
        0 or above.

    Raises
    ------
    TypeError, ValueError
        When the shapes differ, a value is not a finite number, or a label lies outside 0 to 1.

    Notes
    -----
    Keras: ``binary_crossentropy`` with ``from_logits=True``.
    """
    # max(z, 0) + ln(1 + exp(-|z|)) is ln(1 + exp(z)) without an overflow.
    return np.mean(np.maximum(y_pred, 0) - y_true * y_pred + np.log1p(np.exp(-np.abs(y_pred))))


@paired(targets=_probabilities)
def binary_crossentropy_from_logits_gradient(y_true, y_pred):
    r"""Return the gradient of :func:`binary_crossentropy_from_logits`: :math:`(\sigma(z) - y) / (n m)`."""
    return (sigmoid.unchecked(y_pred) - y_true) * (1 / y_pred.size)


@paired(targets=_distributions)
def categorical_crossentropy(y_true, y_pred):
    r"""Return the cross-entropy of a choice among classes, averaged over the rows.

    .. math:: L = -\frac{1}{n} \sum_{rows} \sum_{j} y_j \ln \hat y_j

    Parameters
    ----------
    y_true : array_like of float, shape (rows, classes) or (classes,)
        One-hot rows, or any rows of probabilities that sum to 1.
    y_pred : array_like of float, same shape
        Rows of probabilities that sum to 1, clipped ``PROBABILITY_EPSILON`` away from 0 and 1.

    Returns
    -------
    float
        0 or above.

    Raises
    ------
    TypeError, ValueError
        When the shapes differ, a value lies outside 0 to 1, or a row does not sum to 1.

    Notes
    -----
    Deck D4, whose example row 0.1, 0.4, 0.6 sums to 1.1 and is refused here. Keras divides each row by its sum without
    a word; to do the same, do it in view: ``y_pred / y_pred.sum(axis=-1, keepdims=True)``. On rows that sum to 1 the two
    agree. Keras: ``categorical_crossentropy``.
    """
    return -np.sum(y_true * np.log(_clip(_checked_distributions(y_pred)))) / rows_of(y_pred)


@paired(targets=_distributions)
def categorical_crossentropy_gradient(y_true, y_pred):
    r"""Return the gradient of :func:`categorical_crossentropy`: :math:`-y_j / (\hat y_j n)`, 0 where clipped.

    Keras, which divides each row by its sum first, has 1/n more in every entry. A softmax below cancels it: moving all
    entries of a row by the same amount is what a softmax cannot do.
    """
    p = _clip(_checked_distributions(y_pred))
    return np.where(p == y_pred, -y_true / (p * rows_of(p)), 0)


@paired(targets=_distributions)
def categorical_crossentropy_from_logits(y_true, y_pred):
    r"""Return :func:`categorical_crossentropy` of ``softmax(y_pred)``, exact however sure the network is.

    .. math:: L = \frac{1}{n} \sum_{rows} \left( \ln \sum_k e^{z_k} - \sum_j y_j z_j \right), \qquad \hat y = softmax(z)

    Parameters
    ----------
    y_true : array_like of float, shape (rows, classes) or (classes,)
        One-hot rows, or any rows of probabilities that sum to 1.
    y_pred : array_like of float, same shape
        The z of the formula, any numbers: what the last layer sums up, without a softmax. (Logits.)

    Returns
    -------
    float
        0 or above.

    Raises
    ------
    TypeError, ValueError
        When the shapes differ, a value is not a finite number, or a row of ``y_true`` does not sum to 1.

    Notes
    -----
    Keras: ``categorical_crossentropy`` with ``from_logits=True``.
    """
    return _crossentropy_and_gradient(y_true, y_pred)[0]


@paired(targets=_distributions)
def categorical_crossentropy_from_logits_gradient(y_true, y_pred):
    r"""Return the gradient of :func:`categorical_crossentropy_from_logits`: :math:`(softmax(z) - y) / n`."""
    return _crossentropy_and_gradient(y_true, y_pred)[1]


def _crossentropy_and_gradient(y_true, y_pred):
    """Softmax, cross-entropy and the gradient of both in one pass: the three share the exponentials."""
    n = rows_of(y_pred)
    z = y_pred - y_pred.max(axis=-1, keepdims=True)
    p = np.exp(z)
    total = p.sum(axis=-1, keepdims=True)
    value = (np.log(total).sum() - np.sum(y_true * z)) / n
    p /= total
    p -= y_true
    p /= n
    return value, p


@paired(targets=_labels)
def sparse_categorical_crossentropy(y_true, y_pred):
    r"""Return :func:`categorical_crossentropy` for labels in place of one-hot rows: less memory, the same number.

    .. math:: L = -\frac{1}{n} \sum_{rows} \ln \hat y_{label}

    Parameters
    ----------
    y_true : array_like of int, shape (rows,)
        Labels from 0 to ``classes - 1``.
    y_pred : array_like of float, shape (rows, classes)
        Rows of probabilities that sum to 1, clipped ``PROBABILITY_EPSILON`` away from 0 and 1.

    Returns
    -------
    float
        0 or above.

    Raises
    ------
    TypeError, ValueError
        When the shapes do not fit, a label is not one of the classes, a probability lies outside 0 to 1, or a row does
        not sum to 1.

    Notes
    -----
    Deck D4. Keras: ``sparse_categorical_crossentropy``.
    """
    p = _clip(_checked_distributions(y_pred))
    return -np.sum(np.log(p[_chosen(y_true)])) / rows_of(p)


@paired(targets=_labels)
def sparse_categorical_crossentropy_gradient(y_true, y_pred):
    r"""Return the gradient of :func:`sparse_categorical_crossentropy`.

    It is :math:`-1 / (\hat y_{label}\, n)` in the column of the label and 0 elsewhere, and 0 where clipped.
    """
    p = _clip(_checked_distributions(y_pred))
    gradient, chosen = np.zeros_like(p), _chosen(y_true)
    gradient[chosen] = np.where(p[chosen] == y_pred[chosen], -1 / (p[chosen] * rows_of(p)), 0)
    return gradient


@paired(targets=_labels)
def sparse_categorical_crossentropy_from_logits(y_true, y_pred):
    r"""Return :func:`sparse_categorical_crossentropy` of ``softmax(y_pred)``, exact however sure the network is.

    .. math:: L = \frac{1}{n} \sum_{rows} \left( \ln \sum_k e^{z_k} - z_{label} \right), \qquad \hat y = softmax(z)

    Parameters
    ----------
    y_true : array_like of int, shape (rows,)
        Labels from 0 to ``classes - 1``.
    y_pred : array_like of float, shape (rows, classes)
        The z of the formula, any numbers: what the last layer sums up, without a softmax. (Logits.)

    Returns
    -------
    float
        0 or above.

    Raises
    ------
    TypeError, ValueError
        When the shapes do not fit, a value is not a finite number, or a label is not one of the classes.

    Notes
    -----
    Keras: ``sparse_categorical_crossentropy`` with ``from_logits=True``. The fastest way to train a classifier here.
    """
    return _sparse_crossentropy_and_gradient(y_true, y_pred)[0]


@paired(targets=_labels)
def sparse_categorical_crossentropy_from_logits_gradient(y_true, y_pred):
    r"""Return the gradient of :func:`sparse_categorical_crossentropy_from_logits`.

    It is :math:`(softmax(z)_j - [j = label]) / n`.
    """
    return _sparse_crossentropy_and_gradient(y_true, y_pred)[1]


def _sparse_crossentropy_and_gradient(y_true, y_pred):
    n, chosen = rows_of(y_pred), _chosen(y_true)
    z = y_pred - y_pred.max(axis=-1, keepdims=True)
    p = np.exp(z)
    total = p.sum(axis=-1, keepdims=True)
    value = (np.log(total).sum() - z[chosen].sum()) / n
    p /= total
    p[chosen] -= 1
    p /= n
    return value, p


def _chosen(labels):
    """Return the index of each row's label in an array of (rows, classes)."""
    return (np.arange(len(labels)), labels) if labels.ndim else (labels,)


# Classification by margins


@paired(targets=_signs)
def perceptron_loss(y_true, y_pred):
    r"""Return how far on the wrong side the misclassified rows lie; rows on the right side cost nothing.

    .. math:: L = \frac{1}{n m} \sum \max(0, -y f), \qquad f = \hat y

    Parameters
    ----------
    y_true : array_like of float, shape (rows, outputs) or (outputs,)
        Labels, -1 or +1.
    y_pred : array_like of float, same shape
        The f of the formula, any number: its sign is the answer.

    Returns
    -------
    float
        0 or above.

    Raises
    ------
    TypeError, ValueError
        When the shapes differ, a value is not a finite number, or a label is not -1 or +1.

    Notes
    -----
    Deck D4, which writes "hinge" beside it: the hinge loss also wants a margin of 1.
    """
    return np.mean(np.maximum(-y_true * y_pred, 0))


@paired(targets=_signs)
def perceptron_loss_gradient(y_true, y_pred):
    r"""Return the gradient of :func:`perceptron_loss`: 0 where :math:`y f > 0`, else :math:`-y / (n m)`.

    At :math:`y f = 0` any number between the two is a subgradient. We take the second, so that a perceptron whose weights
    are all 0 can start.
    """
    return np.where(y_true * y_pred > 0, 0, y_true * (-1 / y_pred.size)).astype(y_pred.dtype, copy=False)


@paired(targets=_signs)
def hinge(y_true, y_pred):
    r"""Return how far rows fall short of the right side by a margin of 1.

    .. math:: L = \frac{1}{n m} \sum \max(0, 1 - y f), \qquad f = \hat y

    Parameters
    ----------
    y_true : array_like of float, shape (rows, outputs) or (outputs,)
        Labels, -1 or +1.
    y_pred : array_like of float, same shape
        The f of the formula, any number.

    Returns
    -------
    float
        0 or above.

    Raises
    ------
    TypeError, ValueError
        When the shapes differ, a value is not a finite number, or a label is not -1 or +1.

    Notes
    -----
    Deck D4. Keras: ``hinge`` (which turns labels 0 into -1 by itself).
    """
    return np.mean(np.maximum(1 - y_true * y_pred, 0))


@paired(targets=_signs)
def hinge_gradient(y_true, y_pred):
    r"""Return the gradient of :func:`hinge`: :math:`-y / (n m)` where :math:`y f < 1`, else 0."""
    return np.where(y_true * y_pred < 1, y_true * (-1 / y_pred.size), 0).astype(y_pred.dtype, copy=False)


@paired(targets=_signs)
def squared_hinge(y_true, y_pred):
    r"""Return the square of each row's hinge loss, averaged: smooth where the margin is reached.

    .. math:: L = \frac{1}{n m} \sum \max(0, 1 - y f)^2, \qquad f = \hat y

    Parameters
    ----------
    y_true : array_like of float, shape (rows, outputs) or (outputs,)
        Labels, -1 or +1.
    y_pred : array_like of float, same shape
        The f of the formula, any number.

    Returns
    -------
    float
        0 or above.

    Raises
    ------
    TypeError, ValueError
        When the shapes differ, a value is not a finite number, or a label is not -1 or +1.

    Notes
    -----
    Keras: ``squared_hinge``.
    """
    return np.mean(np.maximum(1 - y_true * y_pred, 0) ** 2)


@paired(targets=_signs)
def squared_hinge_gradient(y_true, y_pred):
    r"""Return the gradient of :func:`squared_hinge`: :math:`-2 y \max(0, 1 - y f) / (n m)`."""
    return y_true * np.maximum(1 - y_true * y_pred, 0) * (-2 / y_pred.size)


# Distances between distributions and between embeddings


@paired(targets=_distributions)
def kl_divergence(y_true, y_pred):
    r"""Return how many nats are lost when ``y_pred`` stands for ``y_true`` (Kullback and Leibler), averaged over the rows.

    .. math:: L = \frac{1}{n} \sum_{rows} \sum_j y_j \ln \frac{y_j}{\hat y_j}

    Parameters
    ----------
    y_true, y_pred : array_like of float, shape (rows, classes) or (classes,)
        Rows of probabilities that sum to 1. Both are raised to ``PROBABILITY_EPSILON`` where they are smaller.

    Returns
    -------
    float
        0 where the two are equal, above where not (to the rounding of the clipping).

    Raises
    ------
    TypeError, ValueError
        When the shapes differ, a value lies outside 0 to 1, or a row does not sum to 1.

    Notes
    -----
    The cross-entropy minus the entropy of ``y_true``. Deck D4 (autoencoders). Keras: ``kl_divergence``.
    """
    y, p = _at_least_epsilon(y_true), _at_least_epsilon(_checked_distributions(y_pred))
    return np.sum(y * np.log(y / p)) / rows_of(p)


@paired(targets=_distributions)
def kl_divergence_gradient(y_true, y_pred):
    r"""Return the gradient of :func:`kl_divergence`: :math:`-y_j / (\hat y_j n)`, 0 where clipped."""
    y, p = _at_least_epsilon(y_true), _at_least_epsilon(_checked_distributions(y_pred))
    return np.where(p == y_pred, -y / (p * rows_of(p)), 0)


def triplet_loss(anchor, positive, negative, *, margin=0.2):
    r"""Return how far an anchor is from being closer to its own kind than to another, by a margin.

    .. math:: L = \frac{1}{n} \sum_{rows} \max(0,\ |a - p|^2 - |a - q|^2 + margin)

    Parameters
    ----------
    anchor, positive, negative : array_like of float, shape (rows, numbers)
        Embeddings: of a thing (a), of another of its kind (p), of a thing of another kind (q).
    margin : float, above 0

    Returns
    -------
    float
        0 or above.

    Raises
    ------
    TypeError, ValueError
        When the shapes differ, a value is not a finite number, or the margin is out of its range.

    Notes
    -----
    Deck D4 (embeddings); Schroff et al., "FaceNet", 2015. Keras has none.
    """
    return np.mean(np.maximum(_triplet(anchor, positive, negative, margin)[0], 0))


def triplet_loss_gradient(anchor, positive, negative, *, margin=0.2):
    r"""Return the gradient of :func:`triplet_loss` with respect to each of the three, as a tuple.

    .. math:: \tfrac2n (q - p), \qquad \tfrac2n (p - a), \qquad \tfrac2n (a - q)

    in the rows that cost something, 0 in the others.
    """
    excess, a, p, q = _triplet(anchor, positive, negative, margin)
    scale = (2 / len(a)) * (excess > 0).astype(a.dtype)[:, None]
    return scale * (q - p), scale * (p - a), scale * (a - q)


def _triplet(anchor, positive, negative, margin):
    a = _check.array("anchor", anchor, ndim=2)
    p = _check.array("positive", positive, dtype=a.dtype)
    q = _check.array("negative", negative, dtype=a.dtype)
    _check.same_shape("anchor", a, "positive", p)
    _check.same_shape("anchor", a, "negative", q)
    margin = _check.number("margin", margin, above=0)
    return np.sum((a - p) ** 2, axis=1) - np.sum((a - q) ** 2, axis=1) + margin, a, p, q


# Two networks against each other


def discriminator_loss(real, fake):
    r"""Return the loss of the network that tells real from fake: binary cross-entropy, real is 1, fake is 0.

    .. math:: L = -\frac1n \sum \ln D(x) - \frac1m \sum \ln(1 - D(G(z)))

    Parameters
    ----------
    real, fake : array_like of float
        What the discriminator D said to real things x and to the generator's G(z): probabilities of being real, clipped
        ``PROBABILITY_EPSILON`` away from 0 and 1. The two need not have the same shape.

    Returns
    -------
    float
        0 or above; 2 ln 2 = 1.386 when D cannot tell and says 0.5 to everything.

    Raises
    ------
    TypeError, ValueError
        When a value is not a finite number or lies outside 0 to 1.

    Notes
    -----
    Deck D4; Goodfellow et al., "Generative adversarial nets", 2014. In Keras: ``binary_crossentropy`` twice.
    """
    real, fake = _said("real", real), _said("fake", fake)
    return -np.mean(np.log(_clip(real))) - np.mean(np.log(1 - _clip(fake)))


def discriminator_loss_gradient(real, fake):
    r"""Return the gradient of :func:`discriminator_loss` with respect to ``real`` and to ``fake``, as a tuple.

    .. math:: -\frac{1}{n D(x)}, \qquad \frac{1}{m (1 - D(G(z)))}, \qquad 0 \text{ where clipped}
    """
    real, fake = _said("real", real), _said("fake", fake)
    return _log_gradient(real, -1 / real.size), -_log_gradient(1 - fake, -1 / fake.size)


def minimax_loss(fake):
    r"""Return the generator's loss in the minimax game: what the discriminator gains, it loses.

    .. math:: L = \frac1m \sum \ln(1 - D(G(z)))

    Parameters
    ----------
    fake : array_like of float
        What the discriminator D said to the generator's G(z), clipped ``PROBABILITY_EPSILON`` away from 0 and 1.

    Returns
    -------
    float
        0 or below. It falls as the generator gets better.

    Raises
    ------
    TypeError, ValueError
        When a value is not a finite number or lies outside 0 to 1.

    Notes
    -----
    Deck D4; Goodfellow et al., 2014. Through the sigmoid that ends D, its gradient vanishes when D is sure of the fake:
    just when the generator has most to learn. :func:`non_saturating_loss` is the cure of the same paper.
    """
    return np.mean(np.log(1 - _clip(_said("fake", fake))))


def minimax_loss_gradient(fake):
    r"""Return the gradient of :func:`minimax_loss`: :math:`-1 / (m (1 - D(G(z))))`, 0 where clipped."""
    fake = _said("fake", fake)
    return -_log_gradient(1 - fake, 1 / fake.size)


def non_saturating_loss(fake):
    r"""Return the generator's loss as it is used in practice: its fakes shall be called real.

    .. math:: L = -\frac1m \sum \ln D(G(z))

    Parameters
    ----------
    fake : array_like of float
        What the discriminator D said to the generator's G(z), clipped ``PROBABILITY_EPSILON`` away from 0 and 1.

    Returns
    -------
    float
        0 or above.

    Raises
    ------
    TypeError, ValueError
        When a value is not a finite number or lies outside 0 to 1.

    Notes
    -----
    Goodfellow et al., 2014. Through the sigmoid that ends D, its gradient is largest when D is sure of the fake.
    """
    return -np.mean(np.log(_clip(_said("fake", fake))))


def non_saturating_loss_gradient(fake):
    r"""Return the gradient of :func:`non_saturating_loss`: :math:`-1 / (m D(G(z)))`, 0 where clipped."""
    fake = _said("fake", fake)
    return _log_gradient(fake, -1 / fake.size)


def _said(name, p):
    return _checked_probabilities(_check.array(name, p))


def _log_gradient(p, factor):
    """Return factor times the slope of the logarithm of the clipped p."""
    clipped = _clip(p)
    return np.where(clipped == p, factor / clipped, 0).astype(p.dtype, copy=False)


# Shared checks and clipping


def _clip(p):
    return np.clip(p, PROBABILITY_EPSILON, 1 - PROBABILITY_EPSILON)


def _at_least_epsilon(p):
    return np.maximum(p, PROBABILITY_EPSILON)


def _outside(p):
    """Return an entry that lies outside 0 to 1."""
    return p.min() if p.min() < 0 else p.max()


def _checked_probabilities(p):
    if p.min() < 0 or p.max() > 1:
        raise ValueError(f"predictions must be probabilities from 0 to 1; got {_outside(p):g}. Put a sigmoid on the last layer.")
    return p


def _checked_distributions(p):
    if p.min() < 0 or p.max() > 1:
        raise ValueError(f"predictions must be probabilities from 0 to 1; got {_outside(p):g}. Put a softmax on the last layer.")
    remedy = "Put a softmax on the last layer, or divide each row by its sum."
    _check_rows_sum_to_1("y_pred", p, 1e-3, remedy)
    return p


def _check_rows_sum_to_1(name, p, tolerance, remedy):
    off = np.abs(p.sum(axis=-1) - 1)
    if off.max() > tolerance:
        row = np.atleast_2d(p)[np.argmax(off)]
        raise ValueError(f"each row of {name} must sum to 1; row {np.argmax(off)} sums to {row.sum():.6g}. {remedy}")


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
    from_logits : bool
        Whether the predictions are logits: what the last layer sums up, before its sigmoid or softmax.
        In Keras, an argument of the loss of the name.
    parameters : dict of str to number
        What the function takes besides ``(y_true, y_pred)``, with the values this row gives it.
    """

    name: str
    function: Callable
    gradient: Callable
    keras: str | None = None
    together: Callable | None = None
    from_logits: bool = False
    parameters: dict = field(default_factory=dict, hash=False)

    def __call__(self, y_true, y_pred):
        return self.function(y_true, y_pred, **self.parameters)

    def slope(self, y_true, y_pred):
        """Return the gradient with respect to ``y_pred``, with this row's parameters."""
        return self.gradient(y_true, y_pred, **self.parameters)

    def check_targets(self, y, shape, dtype, *, name="y"):
        """Return targets as this loss wants them for predictions of ``shape``, or raise a sentence.

        Parameters
        ----------
        y : array_like
            Numbers of the same shape as the predictions (for one output also ``(rows,)``); for the sparse losses labels
            of shape ``(rows,)``.
        shape : tuple of int
            The shape of the predictions, ``(rows, outputs)``.
        dtype : dtype
            Of the predictions.
        name : str
            What the learner calls the targets.

        Returns
        -------
        ndarray
            Ready for :meth:`value_and_gradient`, row by row.
        """
        return self.function.targets(name, y, tuple(shape), dtype)

    def value_and_gradient(self, y_true, y_pred):
        """Return both, from predictions that the caller has checked and targets from :meth:`check_targets`."""
        if self.together:
            return self.together(y_true, y_pred, **self.parameters)
        value = self.function.unchecked(y_true, y_pred, **self.parameters)
        return value, self.gradient.unchecked(y_true, y_pred, **self.parameters)


LOSSES = {
    row.name: row
    for row in (
        Loss("half_squared_error", half_squared_error, half_squared_error_gradient),
        Loss("mean_squared_error", mean_squared_error, mean_squared_error_gradient, "mean_squared_error"),
        Loss("mean_absolute_error", mean_absolute_error, mean_absolute_error_gradient, "mean_absolute_error"),
        Loss("huber", huber, huber_gradient, "huber", parameters={"delta": 1.0}),
        Loss("log_cosh", log_cosh, log_cosh_gradient, "log_cosh"),
        Loss("binary_crossentropy", binary_crossentropy, binary_crossentropy_gradient, "binary_crossentropy"),
        Loss(
            "binary_crossentropy_from_logits",
            binary_crossentropy_from_logits,
            binary_crossentropy_from_logits_gradient,
            "binary_crossentropy",
            from_logits=True,
        ),
        Loss(
            "categorical_crossentropy",
            categorical_crossentropy,
            categorical_crossentropy_gradient,
            "categorical_crossentropy",
        ),
        Loss(
            "categorical_crossentropy_from_logits",
            categorical_crossentropy_from_logits,
            categorical_crossentropy_from_logits_gradient,
            "categorical_crossentropy",
            together=_crossentropy_and_gradient,
            from_logits=True,
        ),
        Loss(
            "sparse_categorical_crossentropy",
            sparse_categorical_crossentropy,
            sparse_categorical_crossentropy_gradient,
            "sparse_categorical_crossentropy",
        ),
        Loss(
            "sparse_categorical_crossentropy_from_logits",
            sparse_categorical_crossentropy_from_logits,
            sparse_categorical_crossentropy_from_logits_gradient,
            "sparse_categorical_crossentropy",
            together=_sparse_crossentropy_and_gradient,
            from_logits=True,
        ),
        Loss("perceptron", perceptron_loss, perceptron_loss_gradient),
        Loss("hinge", hinge, hinge_gradient, "hinge"),
        Loss("squared_hinge", squared_hinge, squared_hinge_gradient, "squared_hinge"),
        Loss("kl_divergence", kl_divergence, kl_divergence_gradient, "kl_divergence"),
    )
}
"""The losses that compare a prediction with a target. The triplet loss and those of two networks stand alone."""

ALIASES = {
    "mse": "mean_squared_error",
    "mae": "mean_absolute_error",
    "bce": "binary_crossentropy",
    "cce": "categorical_crossentropy",
    "scce": "sparse_categorical_crossentropy",
    "kld": "kl_divergence",
    "logcosh": "log_cosh",
}


def get(loss, **parameters):
    """Return the :class:`Loss` of that name or alias; a Loss passes through.

    Parameters
    ----------
    loss : str or Loss
    **parameters
        The parameters of the loss, for those that have any: ``get("huber", delta=2)``.

    Raises
    ------
    TypeError, ValueError
        When the name is unknown (the nearest known one is suggested), when the loss has no such parameter, or when its
        value is out of its range.
    """
    row = loss
    if not isinstance(row, Loss):
        row = _check.one_of("loss", ALIASES.get(loss, loss) if isinstance(loss, str) else loss, LOSSES)
    for name, value in parameters.items():
        if name not in row.parameters:
            takes = f"It takes {', '.join(row.parameters)}." if row.parameters else "It takes none."
            raise ValueError(f"{row.name} has no parameter {name!r}. {takes}")
        parameters[name] = row.function.checks[name](name, value)
    return dataclasses.replace(row, parameters=row.parameters | parameters) if parameters else row
