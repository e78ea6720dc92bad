"""Data to learn from, all of it offline.

Every function returns ``(x, y)``: ``x`` of shape ``(rows, inputs)`` in float64, ``y`` of shape ``(rows,)``. Labels are
whole numbers from 0 upward (0 and 1 where there are two classes). Rows come in random order where there is something
random. The same ``rng`` seed gives the same data; without ``rng`` the seed is 0.

The perceptron loss wants labels -1 and +1: ``2 * y - 1``. A network with several outputs wants one column a class:
:func:`one_hot`.
"""

import functools
import hashlib
import zipfile
import zlib
from numbers import Integral
from pathlib import Path
from typing import NamedTuple

import numpy as np

from gradschool import _check

LOGIC_GATES = {
    "and": (0, 0, 0, 1),
    "or": (0, 1, 1, 1),
    "nand": (1, 1, 1, 0),
    "nor": (1, 0, 0, 0),
    "xor": (0, 1, 1, 0),
}
"""The answers of each gate for the inputs 00, 01, 10, 11."""


def placement_table():
    """Return the four students of the lecture: (cgpa, iq) and whether each was placed.

    Returns
    -------
    x : ndarray of float64, shape (4, 2)
        Grade average and aptitude score, both out of 10.
    y : ndarray of int64, shape (4,)
        1 placed, 0 not placed.

    Notes
    -----
    Deck D4. The first three rows have the same sum; what separates them is that the grade counts more.
    """
    table = np.array([[8, 8, 1], [7, 9, 1], [6, 10, 0], [5, 5, 0]])
    return table[:, :2].astype(np.float64), table[:, 2]


def placement(rows=100, *, noise=0.0, rng=None):
    """Draw students (cgpa, iq) and whether each was placed, after the rule that fits the lecture's table.

    A student is placed when ``2 * cgpa + iq`` is above 22.5. Nobody falls within 0.5 of that line, so without noise a
    straight line separates the classes.

    Parameters
    ----------
    rows : int, 2 or more
    noise : float, 0 or above
        Standard deviation of luck, added to ``2 * cgpa + iq`` before it is compared. Above 0 the classes overlap.
    rng : numpy.random.Generator, optional

    Returns
    -------
    x : ndarray of float64, shape (rows, 2)
        Both columns from 4 to 10.
    y : ndarray of int64, shape (rows,)
        1 placed, 0 not placed. At least one row of each.

    Raises
    ------
    TypeError, ValueError
        When an argument is out of its range.
    """
    rows = _check.whole("rows", rows, at_least=2)
    noise = _check.number("noise", noise, at_least=0)
    rng = _generator(rng)
    # Half the rows on each side, so that no class is rare.
    side = rng.permutation(np.arange(rows) % 2)
    x = np.empty((rows, 2))
    waiting = np.arange(rows)
    while len(waiting):
        x[waiting] = rng.uniform(4, 10, (len(waiting), 2))
        score = 2 * x[waiting, 0] + x[waiting, 1] - 22.5
        waiting = waiting[(np.abs(score) <= 0.5) | ((score > 0) != side[waiting])]
    while True:
        y = (2 * x[:, 0] + x[:, 1] - 22.5 + noise * rng.normal(size=rows) > 0).astype(np.int64)
        if 0 < y.sum() < rows:
            return x, y


def logic_gate(name):
    """Return the truth table of a logic gate as data.

    Parameters
    ----------
    name : {"and", "or", "nand", "nor", "xor"}

    Returns
    -------
    x : ndarray of float64, shape (4, 2)
        00, 01, 10, 11.
    y : ndarray of int64, shape (4,)

    Raises
    ------
    ValueError
        When the name is unknown; the nearest known one is suggested.

    Notes
    -----
    Deck D1. A straight line separates every gate here but XOR.
    """
    answers = _check.one_of("gate", name, LOGIC_GATES)
    return np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=np.float64), np.array(answers)


def xor(rows=200, *, noise=0.15, rng=None):
    """Draw points around the four corners of XOR: class 1 where the two coordinates have different signs.

    Parameters
    ----------
    rows : int, 1 or more
    noise : float, 0 or above
        Standard deviation around the corners (-1, -1), (-1, 1), (1, -1), (1, 1).
    rng : numpy.random.Generator, optional

    Returns
    -------
    x : ndarray of float64, shape (rows, 2)
    y : ndarray of int64, shape (rows,)
        0 or 1.

    Raises
    ------
    TypeError, ValueError
        When an argument is out of its range.
    """
    rows, noise, rng = _common(rows, noise, rng)
    corner = rng.permutation(np.arange(rows) % 4)
    signs = np.stack([corner // 2, corner % 2], axis=1)
    x = 2.0 * signs - 1 + noise * rng.normal(size=(rows, 2))
    return x, signs[:, 0] ^ signs[:, 1]


def moons(rows=200, *, noise=0.1, rng=None):
    """Draw two half circles that reach into each other.

    Parameters
    ----------
    rows : int, 1 or more
    noise : float, 0 or above
        Standard deviation around the half circles, which have radius 1.
    rng : numpy.random.Generator, optional

    Returns
    -------
    x : ndarray of float64, shape (rows, 2)
    y : ndarray of int64, shape (rows,)
        0 the upper moon, 1 the lower.

    Raises
    ------
    TypeError, ValueError
        When an argument is out of its range.
    """
    rows, noise, rng = _common(rows, noise, rng)
    y = rng.permutation(np.arange(rows) % 2)
    angle = rng.uniform(0, np.pi, rows)
    upper = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    lower = np.stack([1 - np.cos(angle), 0.5 - np.sin(angle)], axis=1)
    return np.where(y[:, None] == 0, upper, lower) + noise * rng.normal(size=(rows, 2)), y


def circles(rows=200, *, noise=0.1, ratio=0.5, rng=None):
    """Draw a ring around a ring: no straight line separates them, the distance from the center does.

    Parameters
    ----------
    rows : int, 1 or more
    noise : float, 0 or above
        Standard deviation around the rings.
    ratio : float, above 0 and below 1
        Radius of the inner ring; the outer has radius 1.
    rng : numpy.random.Generator, optional

    Returns
    -------
    x : ndarray of float64, shape (rows, 2)
    y : ndarray of int64, shape (rows,)
        0 the outer ring, 1 the inner.

    Raises
    ------
    TypeError, ValueError
        When an argument is out of its range.
    """
    rows, noise, rng = _common(rows, noise, rng)
    ratio = _check.number("ratio", ratio, above=0, below=1)
    y = rng.permutation(np.arange(rows) % 2)
    angle = rng.uniform(0, 2 * np.pi, rows)
    ring = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return np.where(y == 0, 1.0, ratio)[:, None] * ring + noise * rng.normal(size=(rows, 2)), y


def spirals(rows=200, *, noise=0.02, turns=1.5, arms=2, rng=None):
    """Draw spiral arms wound into each other, one class an arm.

    Parameters
    ----------
    rows : int, 1 or more
    noise : float, 0 or above
        Standard deviation around the arms, which end at radius 1.
    turns : float, above 0
        How often an arm goes around the center. More turns, harder data.
    arms : int, 2 or more
    rng : numpy.random.Generator, optional

    Returns
    -------
    x : ndarray of float64, shape (rows, 2)
    y : ndarray of int64, shape (rows,)
        The arm, from 0 to ``arms - 1``.

    Raises
    ------
    TypeError, ValueError
        When an argument is out of its range.
    """
    rows, noise, rng = _common(rows, noise, rng)
    turns = _check.number("turns", turns, above=0)
    arms = _check.whole("arms", arms, at_least=2)
    y = rng.permutation(np.arange(rows) % arms)
    radius = rng.uniform(0.1, 1, rows)
    angle = 2 * np.pi * (turns * radius + y / arms)
    x = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return x + noise * rng.normal(size=(rows, 2)), y


def blobs(rows=200, *, centers=3, spread=0.5, rng=None):
    """Draw round clouds of points, one class a cloud.

    Parameters
    ----------
    rows : int, 1 or more
    centers : int, or array_like of float, shape (clouds, inputs)
        How many clouds, spaced evenly on a circle of radius 2; or where their centers are.
    spread : float, 0 or above
        Standard deviation around each center.
    rng : numpy.random.Generator, optional

    Returns
    -------
    x : ndarray of float64, shape (rows, inputs)
    y : ndarray of int64, shape (rows,)
        The cloud, from 0 upward.

    Raises
    ------
    TypeError, ValueError
        When an argument is out of its range.
    """
    rows, spread, rng = _common(rows, spread, rng, "spread")
    if isinstance(centers, Integral):
        count = _check.whole("centers", centers, at_least=1)
        angle = 2 * np.pi * np.arange(count) / count
        centers = 2 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    centers = _check.array("centers", centers, ndim=2, dtype=np.float64)
    y = rng.permutation(np.arange(rows) % len(centers))
    return centers[y] + spread * rng.normal(size=(rows, centers.shape[1])), y


def ages_and_salaries(rows=200, *, rng=None):
    """Draw customers (age in years, salary a year) and whether each bought: two columns on very different scales.

    Age runs from 20 to 60, salary from 20,000 to 150,000. Both count about equally for buying, yet the numbers of one
    are some 2,500 times those of the other. That is what scaling is for (lesson 13).

    Parameters
    ----------
    rows : int, 1 or more
    rng : numpy.random.Generator, optional

    Returns
    -------
    x : ndarray of float64, shape (rows, 2)
    y : ndarray of int64, shape (rows,)
        1 bought, 0 did not.

    Raises
    ------
    TypeError, ValueError
        When an argument is out of its range.

    Notes
    -----
    Deck D4, feature scaling.
    """
    rows = _check.whole("rows", rows, at_least=1)
    rng = _generator(rng)
    age, salary = rng.uniform(20, 60, rows), rng.uniform(20_000, 150_000, rows)
    wish = (age - 40) / 11.5 + (salary - 85_000) / 37_500 + 0.5 * rng.normal(size=rows)
    return np.stack([age, salary], axis=1), (wish > 0).astype(np.int64)


def noisy_sine(rows=100, *, noise=0.1, rng=None):
    """Draw points on one period of a sine, with noise: a curve to fit.

    Parameters
    ----------
    rows : int, 1 or more
    noise : float, 0 or above
        Standard deviation of the noise in ``y``.
    rng : numpy.random.Generator, optional

    Returns
    -------
    x : ndarray of float64, shape (rows, 1)
        From -pi to pi.
    y : ndarray of float64, shape (rows,)

    Raises
    ------
    TypeError, ValueError
        When an argument is out of its range.
    """
    rows, noise, rng = _common(rows, noise, rng)
    x = rng.uniform(-np.pi, np.pi, (rows, 1))
    return x, np.sin(x[:, 0]) + noise * rng.normal(size=rows)


def one_hot(labels, classes=None, *, dtype=np.float64):
    """Turn labels into rows with a 1 in the column of the label and 0 elsewhere.

    Parameters
    ----------
    labels : array_like of int, shape (rows,)
        From 0 to ``classes - 1``.
    classes : int, optional
        How many columns; the largest label plus one when left out.
    dtype : float64 or float32

    Returns
    -------
    ndarray, shape (rows, classes)

    Raises
    ------
    TypeError, ValueError
        When a label is not a whole number or lies outside the range.
    """
    labels = _check.array("labels", labels, ndim=1)
    if (labels != np.floor(labels)).any() or labels.min() < 0:
        worst = labels.min() if labels.min() < 0 else labels[labels != np.floor(labels)][0]
        raise ValueError(f"labels must be whole numbers from 0 upward; got {worst:g}.")
    largest = int(labels.max())
    classes = largest + 1 if classes is None else _check.whole("classes", classes, at_least=1)
    if largest >= classes:
        raise ValueError(f"labels must be below classes = {classes}; got {largest}. Labels count from 0.")
    rows = np.zeros((len(labels), classes), _check.float_type(dtype))
    rows[np.arange(len(labels)), labels.astype(np.int64)] = 1
    return rows


class Mnist(NamedTuple):
    """The four arrays of MNIST: ``x_train, y_train, x_test, y_test = mnist()``."""

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


MNIST_FILE = Path(__file__).parent / "data" / "mnist.npz"
MNIST_MD5 = {
    "x_train": "6510e85a72c3e9475c492d559d3770d2",
    "y_train": "e86ee40d66677c011a9abda399ec8c4d",
    "x_test": "240610fa99e73bfa49df8e7fc24d3206",
    "y_test": "073c3904dfbd3e141ff8aa01cfde6b15",
}


def mnist():
    """Return the 70,000 handwritten digits of MNIST, in their original order.

    Returns
    -------
    Mnist
        ``x_train`` (60000, 28, 28) and ``x_test`` (10000, 28, 28) of uint8, 0 background to 255 ink; ``y_train`` (60000,)
        and ``y_test`` (10000,) of uint8, the digits 0 to 9. Read-only, because every caller gets the same arrays:
        ``.copy()`` gives you your own.

    Raises
    ------
    FileNotFoundError
        When the file is not in the package.
    ValueError
        When the file is damaged: a checksum of each array is compared the first time.

    Notes
    -----
    LeCun, Cortes and Burges; license CC BY-SA 3.0 (see ``data/README.md``). Keras: ``datasets.mnist.load_data``.
    """
    return _load_mnist(MNIST_FILE)


@functools.cache
def _load_mnist(path):
    remedy = "Install gradschool again to get it back."
    if not path.is_file():
        raise FileNotFoundError(f"the MNIST digits are missing: no {path.name} in {path.parent}. {remedy}")
    try:
        with np.load(path) as stored:
            arrays = Mnist(*(stored[name] for name in Mnist._fields))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
        raise ValueError(f"the MNIST file {path} is damaged and cannot be read. {remedy}") from None
    for name, values in arrays._asdict().items():
        if hashlib.md5(values.tobytes(), usedforsecurity=False).hexdigest() != MNIST_MD5[name]:
            raise ValueError(f"the MNIST file {path} is damaged: {name} does not have its checksum. {remedy}")
        values.flags.writeable = False
    return arrays


def as_rows(images, *, dtype=np.float32):
    """Turn images of 0 to 255 into rows of numbers from 0 to 1.

    Parameters
    ----------
    images : array_like of uint8, shape (images, height, width)
    dtype : float32 (for speed) or float64

    Returns
    -------
    ndarray, shape (images, height * width)

    Raises
    ------
    TypeError, ValueError
        When the array has other axes, or values outside 0 to 255.
    """
    dtype = _check.float_type(dtype)
    if getattr(images, "dtype", None) != np.uint8:
        images = _check.array("images", images)
        if images.min() < 0 or images.max() > 255:
            worst = images.min() if images.min() < 0 else images.max()
            raise ValueError(f"pixels must lie between 0 and 255; got {worst:g}.")
    if images.ndim != 3:
        raise ValueError(f"images must have 3 axes (images, height, width); got shape {images.shape}.")
    if images.size == 0:
        raise ValueError(f"images is empty (shape {images.shape}); give at least one.")
    rows = images.reshape(len(images), -1).astype(dtype)
    rows /= 255
    return rows


def _common(rows, noise, rng, name="noise"):
    return _check.whole("rows", rows, at_least=1), _check.number(name, noise, at_least=0), _generator(rng)


def _generator(rng):
    return np.random.default_rng(0) if rng is None else _check.generator(rng)
