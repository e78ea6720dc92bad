r"""Gradient descent on plain functions: a start, a slope, a rate, and the path that comes of them.

.. math:: x_{t+1} = x_t - \eta \nabla f(x_t)

No data, no network: what is learned here about rates and valleys holds for both. ``SURFACES`` holds functions of two
numbers to walk on, each with its gradient.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gradschool import _check


@dataclass(frozen=True, eq=False)
class Descent:
    """The path of a descent.

    Attributes
    ----------
    path : ndarray, shape (steps + 1,) for a function of one number, (steps + 1, numbers) otherwise
        Every point, the start first.
    stopped : str
        Why it ended, one of ``"tol"`` (the next step would have been smaller than ``tol``), ``"gradient_tol"`` (the
        gradient was), ``"max_iter"``, ``"diverged"``.
    """

    path: np.ndarray
    stopped: str

    @property
    def steps(self):
        """How many steps were taken."""
        return len(self.path) - 1

    @property
    def last(self):
        """The point where it ended: a float or an array."""
        return float(self.path[-1]) if self.path.ndim == 1 else self.path[-1]

    def __str__(self):
        why = {
            "tol": "the next step was smaller than tol",
            "gradient_tol": "the gradient was smaller than gradient_tol",
            "max_iter": "max_iter was reached",
            "diverged": "it ran away; the learning rate is too large",
        }[self.stopped]
        return f"{self.steps} steps to {np.round(self.path[-1], 6)}: {why}"


FAR = 1e12
"""A path that gets this far from the origin has diverged."""


def gradient_descent(gradient, start, *, learning_rate, max_iter=1000, tol=None, gradient_tol=None):
    r"""Walk downhill, each step a rate times the gradient, and keep the path.

    .. math:: x_{t+1} = x_t - \eta \nabla f(x_t)

    Parameters
    ----------
    gradient : callable
        The gradient of the function: takes a point, returns as many numbers.
    start : float, or array_like of float, shape (numbers,)
    learning_rate : float, above 0
        The η of the formula.
    max_iter : int, 0 or more
        The most steps.
    tol : float, above 0, optional
        Stop before a step of which every entry is smaller than this. The deck's rule.
    gradient_tol : float, above 0, optional
        Stop where the gradient is at most this long. Unlike ``tol`` it does not depend on the learning rate.

    Returns
    -------
    Descent

    Raises
    ------
    TypeError, ValueError
        When an argument is out of its range, or ``gradient`` returns another shape or no finite numbers.

    Notes
    -----
    Deck D3. A path that reaches ``FAR`` ends as ``"diverged"``.

    Examples
    --------
    >>> gradient_descent(lambda x: 2 * x, -4.0, learning_rate=0.8, max_iter=3).path
    array([-4.   ,  2.4  , -1.44 ,  0.864])
    """
    x = np.array(_check.array("start", start, dtype=np.float64))
    if x.ndim > 1:
        raise ValueError(f"start must be one number or a row of numbers; got shape {x.shape}.")
    learning_rate = _check.number("learning_rate", learning_rate, above=0)
    max_iter = _check.whole("max_iter", max_iter)
    tol = None if tol is None else _check.number("tol", tol, above=0)
    gradient_tol = None if gradient_tol is None else _check.number("gradient_tol", gradient_tol, above=0)
    if not callable(gradient):
        raise TypeError(f"gradient must be a function of a point; got {gradient!r}.")

    path, stopped = [x], "max_iter"
    for _ in range(max_iter):
        slope = _check.array("the gradient", gradient(float(x) if x.ndim == 0 else x.copy()), dtype=np.float64)
        if slope.shape != x.shape:
            raise ValueError(f"the gradient must have the shape of the point, {x.shape}; got {slope.shape}.")
        step = learning_rate * slope
        if gradient_tol is not None and np.linalg.norm(slope) <= gradient_tol:
            stopped = "gradient_tol"
            break
        if tol is not None and np.abs(step).max() < tol:
            stopped = "tol"
            break
        x = x - step
        path.append(x)
        if np.abs(x).max() > FAR:
            stopped = "diverged"
            break
    return Descent(np.array(path), stopped)


@dataclass(frozen=True)
class Surface:
    """A function of two numbers to walk on.

    Attributes
    ----------
    name : str
    function : callable
        Takes points of shape (..., 2), returns heights of shape (...).
    gradient : callable
        Takes points of shape (..., 2), returns the same shape.
    minima : tuple of points
        Where it is lowest; empty for a saddle. For several valleys, each valley's bottom, the deepest first.
    extent : (left, right, bottom, top)
        What a picture shows.
    start : (x, y)
        A good place to start from.
    """

    name: str
    function: Callable
    gradient: Callable
    minima: tuple
    extent: tuple
    start: tuple

    def __call__(self, points):
        return self.function(self._points(points))

    def slope(self, points):
        """Return the gradient at ``points``, shape (..., 2)."""
        return self.gradient(self._points(points))

    def _points(self, points):
        points = _check.array("points", points, dtype=np.float64)
        if points.ndim == 0 or points.shape[-1] != 2:
            raise ValueError(f"points must have 2 numbers each, shape (..., 2); got shape {points.shape}.")
        return points

    def grid(self, resolution=61):
        """Return x, y and heights of a grid over ``extent``, each of shape (resolution, resolution), for contours."""
        resolution = _check.whole("resolution", resolution, at_least=2)
        left, right, bottom, top = self.extent
        x, y = np.meshgrid(np.linspace(left, right, resolution), np.linspace(bottom, top, resolution))
        return x, y, self.function(np.stack([x, y], axis=-1))


def bowl(a=1.0, b=1.0, *, name=None, start=(-4.0, 3.0)):
    r"""Make a quadratic bowl.

    .. math:: f(x, y) = \tfrac12 (a x^2 + b y^2)

    Parameters
    ----------
    a, b : float, above 0
        How steep it is along x and along y. The larger over the smaller is the condition number: at 1 the gradient
        points to the bottom, at 100 descent zigzags. A rate below 2 over the larger converges.
    name : str, optional
    start : (x, y)

    Returns
    -------
    Surface

    Raises
    ------
    TypeError, ValueError
        When ``a`` or ``b`` is not above 0.
    """
    steepness = np.array([_check.number("a", a, above=0), _check.number("b", b, above=0)])
    return Surface(
        name or f"bowl {a:g} : {b:g}",
        lambda p: 0.5 * np.sum(steepness * p**2, axis=-1),
        lambda p: steepness * p,
        ((0.0, 0.0),),
        (-5, 5, -5, 5),
        start,
    )


def _ravine(p):
    x, y = p[..., 0], p[..., 1]
    return (1 - x) ** 2 + 10 * (y - x**2) ** 2


def _ravine_gradient(p):
    x, y = p[..., 0], p[..., 1]
    return np.stack([-2 * (1 - x) - 40 * x * (y - x**2), 20 * (y - x**2)], axis=-1)


def _saddle(p):
    return p[..., 0] ** 2 - p[..., 1] ** 2


def _saddle_gradient(p):
    return p * [2, -2]


def _beale(p):
    x, y = p[..., 0], p[..., 1]
    return sum((c - x + x * y**k) ** 2 for k, c in enumerate((1.5, 2.25, 2.625), start=1))


def _beale_gradient(p):
    x, y = p[..., 0], p[..., 1]
    terms = [(c - x + x * y**k, k) for k, c in enumerate((1.5, 2.25, 2.625), start=1)]
    by_x = sum(2 * t * (y**k - 1) for t, k in terms)
    by_y = sum(2 * t * k * x * y ** (k - 1) for t, k in terms)
    return np.stack([by_x, by_y], axis=-1)


def _two_basins(p):
    x, y = p[..., 0], p[..., 1]
    return (x**2 - 1) ** 2 + 0.3 * x + y**2


def _two_basins_gradient(p):
    x, y = p[..., 0], p[..., 1]
    return np.stack([4 * x * (x**2 - 1) + 0.3, 2 * y], axis=-1)


# Where the slope 4x³ - 4x + 0.3 is 0: two valleys and the hill between them.
_DEEP, _HILL, _SHALLOW = sorted(np.roots([4, 0, -4, 0.3]).real)

SURFACES = {
    surface.name: surface
    for surface in (
        bowl(1, 1, name="round bowl"),
        bowl(1, 20, name="long bowl", start=(-4.5, 1.5)),
        Surface("ravine", _ravine, _ravine_gradient, ((1.0, 1.0),), (-2, 2, -1, 3), (-1.5, 2.0)),
        Surface("saddle", _saddle, _saddle_gradient, (), (-2, 2, -2, 2), (-1.8, 0.0)),
        Surface("beale", _beale, _beale_gradient, ((3.0, 0.5),), (-4.5, 4.5, -4.5, 4.5), (1.0, 1.5)),
        Surface(
            "two basins",
            _two_basins,
            _two_basins_gradient,
            ((float(_DEEP), 0.0), (float(_SHALLOW), 0.0)),
            (-2, 2, -1.5, 1.5),
            (1.6, 1.0),
        ),
    )
}
r"""Surfaces by name.

* ``round bowl``: :math:`\tfrac12 (x^2 + y^2)`; ``long bowl``: :math:`\tfrac12 (x^2 + 20 y^2)`
* ``ravine``: :math:`(1 - x)^2 + 10 (y - x^2)^2`, Rosenbrock's valley with gentler walls
* ``saddle``: :math:`x^2 - y^2`, flat at (0, 0) and not lowest there
* ``beale``: :math:`\sum_{k=1}^3 (c_k - x + x y^k)^2`, c = 1.5, 2.25, 2.625: plateaus and steep corners
* ``two basins``: :math:`(x^2 - 1)^2 + 0.3 x + y^2`, the left one deeper
"""


def get(surface):
    """Return the surface of that name; a :class:`Surface` passes through.

    Raises
    ------
    ValueError
        When the name is unknown; the nearest known one is suggested.
    """
    return surface if isinstance(surface, Surface) else _check.one_of("surface", surface, SURFACES)
