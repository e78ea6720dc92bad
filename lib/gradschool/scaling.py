r"""Scaling: bring the columns of the data to one size before learning.

A scaler learns its numbers from the training data alone and applies the same ones to all other data::

    scaler = standardize(x_train)
    x_train, x_test = scaler.transform(x_train), scaler.transform(x_test)

``scaler.inverse(...)`` goes back to the units of the data.
"""

from dataclasses import dataclass

import numpy as np

from gradschool import _check


@dataclass(frozen=True, eq=False)
class Scaler:
    r"""A shift and a scale for each column.

    .. math:: scaled = \frac{x - shift}{scale}, \qquad x = scaled \cdot scale + shift

    Attributes
    ----------
    shift, scale : ndarray, shape (columns,)
    """

    shift: np.ndarray
    scale: np.ndarray

    def transform(self, x):
        """Return the rows of ``x``, scaled.

        Parameters
        ----------
        x : array_like of float, shape (rows, columns)

        Returns
        -------
        ndarray, same shape; float32 stays float32

        Raises
        ------
        TypeError, ValueError
            When ``x`` has other columns than the data the scaler was made from, or does not hold finite numbers.
        """
        x = _check.array("x", x, shape=(None, len(self.shift)))
        return (x - self.shift.astype(x.dtype)) / self.scale.astype(x.dtype)

    def inverse(self, x):
        """Return scaled rows in the units they had: the way back from :meth:`transform`."""
        x = _check.array("x", x, shape=(None, len(self.shift)))
        return x * self.scale.astype(x.dtype) + self.shift.astype(x.dtype)


def standardize(x):
    r"""Make a scaler to mean 0 and standard deviation 1 in each column.

    .. math:: \frac{x - \mu}{\sigma}

    Parameters
    ----------
    x : array_like of float, shape (rows, columns)
        The training data.

    Returns
    -------
    Scaler
        ``shift`` is μ, ``scale`` is σ (divided by n, as in the batch statistics of lesson 13).

    Raises
    ------
    TypeError, ValueError
        When ``x`` has other axes, does not hold finite numbers, or a column is constant.

    Notes
    -----
    Deck D4.
    """
    x = _check.array("x", x, ndim=2, dtype=np.float64)
    _check_not_constant(x)
    return Scaler(x.mean(axis=0), x.std(axis=0))


def min_max(x, *, low=0.0, high=1.0):
    r"""Make a scaler to between ``low`` and ``high`` in each column (normalizing).

    .. math:: low + (high - low) \frac{x - \min}{\max - \min}

    Parameters
    ----------
    x : array_like of float, shape (rows, columns)
        The training data.
    low, high : float
        What the smallest and the largest value of each column become. Other data may fall outside.

    Returns
    -------
    Scaler

    Raises
    ------
    TypeError, ValueError
        When ``x`` has other axes, does not hold finite numbers, a column is constant, or ``low`` is not below ``high``.

    Notes
    -----
    Deck D4.
    """
    x = _check.array("x", x, ndim=2, dtype=np.float64)
    low = _check.number("low", low)
    high = _check.number("high", high, above=low)
    _check_not_constant(x)
    scale = np.ptp(x, axis=0) / (high - low)
    return Scaler(x.min(axis=0) - low * scale, scale)


def _check_not_constant(x):
    if len(x) == 1:
        raise ValueError("x has one row, so no column varies; scaling needs at least two different rows.")
    constant = np.flatnonzero(np.ptp(x, axis=0) == 0)
    if constant.size:
        column = int(constant[0])
        raise ValueError(
            f"column {column} of x is {x[0, column]:g} in every row, so it cannot be scaled and tells nothing apart. "
            f"Leave it out: np.delete(x, {column}, axis=1)."
        )
