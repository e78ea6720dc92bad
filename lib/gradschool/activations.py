"""Activation functions, each beside its derivative.

An activation function bends what a unit has summed up. Without it, layers collapse into one (lesson 03). Read a pair as
``relu(z)`` and ``relu_prime(z)``: the function and its slope at ``z``. Both take an array of any shape and return one of
the same shape and type; float32 stays float32.

``ACTIVATIONS`` is the table of lesson 04: one row an activation, with its range, its order of continuity and its name in
Keras. ``get("leaky_relu", negative_slope=0.1)`` returns a row with its parameter set.
"""

import dataclasses
import functools
import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from gradschool import _check


def elementwise(function=None, **checks):
    """Give a function of an array the checks of the house.

    The checked function takes anything that holds numbers. The bare one, for callers that have already checked (the
    layers), is its attribute ``unchecked``. The checks of its further parameters are its attribute ``checks``: a function
    of ``(name, value)`` for each.
    """
    if function is None:
        return functools.partial(elementwise, **checks)
    signature = inspect.signature(function)

    @functools.wraps(function)
    def checked(*args, **kwargs):
        given = signature.bind(*args, **kwargs).arguments
        z = given["z"] = _check.array("z", given["z"])
        for name in checks.keys() & given.keys():
            given[name] = checks[name](name, given[name])
        if given.get("out") is not None:
            _check_out(z, given["out"])
        result = function(**given)
        return result if result.ndim else result[()]

    checked.unchecked = function
    checked.checks = checks
    return checked


def _check_out(z, out):
    if not isinstance(out, np.ndarray) or (out.shape, out.dtype) != (z.shape, z.dtype):
        got = f"shape {out.shape} and type {out.dtype}" if isinstance(out, np.ndarray) else type(out).__name__
        raise ValueError(f"out must be an array of shape {z.shape} and type {z.dtype}, as z; got {got}.")


def _number(**bounds):
    return lambda name, value: _check.number(name, value, **bounds)


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
def step(z):
    r"""Answer yes or no: 1 from 0 upward, else 0.

    .. math:: f(z) = 1 \text{ for } z \ge 0, \quad 0 \text{ for } z < 0

    Parameters
    ----------
    z : array_like of float, any shape

    Returns
    -------
    ndarray
        Same shape as ``z``, 0 or 1.

    Raises
    ------
    TypeError, ValueError
        When ``z`` does not hold finite numbers.

    Notes
    -----
    Deck D2, table, row 2; deck D4 (perceptron). Keras has none: a network cannot learn through a slope of 0.
    """
    return (z >= 0).astype(z.dtype)


@elementwise
def step_prime(z):
    """Return the slope of :func:`step`: 0 wherever there is one.

    At 0 the function jumps and has no slope; 0 stands there too.
    """
    return np.zeros_like(z)


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
def softsign(z):
    r"""Squash any number into (-1, 1), more slowly than tanh and without an exponential.

    .. math:: f(z) = \frac{z}{1 + |z|}

    Parameters
    ----------
    z : array_like of float, any shape

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
    Deck D2, table, row 5 (headed ElliotSig). Keras: ``softsign``.
    """
    return z / (1 + np.abs(z))


@elementwise
def softsign_prime(z):
    r"""Return the slope of :func:`softsign`.

    .. math:: f'(z) = \frac{1}{(1 + |z|)^2}
    """
    return 1 / (1 + np.abs(z)) ** 2


@elementwise
def sqnl(z):
    r"""Squash any number into [-1, 1] with two pieces of parabola (square nonlinearity).

    .. math:: f(z) = z - \operatorname{sign}(z)\, z^2 / 4 \text{ for } |z| \le 2, \quad \operatorname{sign}(z) \text{ beyond}

    Parameters
    ----------
    z : array_like of float, any shape

    Returns
    -------
    ndarray
        Same shape as ``z``, between -1 and 1, both reached.

    Raises
    ------
    TypeError, ValueError
        When ``z`` does not hold finite numbers.

    Notes
    -----
    Deck D2, table, row 6, which says C2: the second derivative jumps from 1/2 to -1/2 at 0, so it is C1.
    """
    near = np.clip(z, -2, 2)
    return near - near * np.abs(near) / 4


@elementwise
def sqnl_prime(z):
    r"""Return the slope of :func:`sqnl`.

    .. math:: f'(z) = \max(0,\ 1 - |z| / 2)
    """
    return np.maximum(1 - np.abs(z) / 2, 0)


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


@elementwise
def brelu(z):
    r"""Let even units pass what is positive and odd units what is negative (bipolar ReLU).

    .. math:: f(z_i) = \max(0, z_i) \text{ for even } i, \quad \min(0, z_i) \text{ for odd } i

    Parameters
    ----------
    z : array_like of float, any shape
        The units i = 0, 1, ... lie along the last axis.

    Returns
    -------
    ndarray
        Same shape as ``z``. Its mean over the units is near 0 when that of ``z`` is: this is the point of it.

    Raises
    ------
    TypeError, ValueError
        When ``z`` does not hold finite numbers.

    Notes
    -----
    Deck D2, table, row 8. Keras has none.
    """
    return np.where(_odd_units(z), np.minimum(z, 0), np.maximum(z, 0))


@elementwise
def brelu_prime(z):
    r"""Return the slope of :func:`brelu`: 1 where the unit lets through, else 0.

    .. math:: f'(z_i) = [z_i > 0] \text{ for even } i, \quad [z_i < 0] \text{ for odd } i

    The table of deck D2 has a minus before the second. The two minus signs of :math:`-\max(0, -z)` cancel in the slope.
    """
    return np.where(_odd_units(z), z < 0, z > 0).astype(z.dtype)


def _odd_units(z):
    return np.arange(z.shape[-1] if z.ndim else 1) % 2 == 1 if z.ndim else False


@elementwise(negative_slope=_number(at_least=0))
def leaky_relu(z, negative_slope=0.2):
    r"""Keep what is positive, shrink the rest.

    .. math:: f(z) = z \text{ for } z \ge 0, \quad s z \text{ for } z < 0

    Parameters
    ----------
    z : array_like of float, any shape
    negative_slope : float, 0 or above
        The s. Keras' default is 0.2; the table of deck D2 has 0.01.

    Returns
    -------
    ndarray
        Same shape as ``z``.

    Raises
    ------
    TypeError, ValueError
        When ``z`` does not hold finite numbers or the slope is out of its range.

    Notes
    -----
    Deck D2, table, row 9. The same as ``np.maximum(s * z, z)``, but only while s is at most 1. Keras: ``leaky_relu``.
    """
    return np.where(z < 0, negative_slope * z, z)


@elementwise(negative_slope=_number(at_least=0))
def leaky_relu_prime(z, negative_slope=0.2):
    """Return the slope of :func:`leaky_relu`: 1 above 0, else ``negative_slope`` (at 0 too, as in Keras)."""
    return np.where(z > 0, z.dtype.type(1), z.dtype.type(negative_slope))


def _alpha_per_unit(name, alpha):
    alpha = _check.array(name, alpha)
    if alpha.ndim > 1:
        raise ValueError(f"{name} must be one number or one for each unit; got shape {alpha.shape}.")
    return alpha


@elementwise(alpha=_alpha_per_unit)
def prelu(z, alpha=0.25):
    r"""Keep what is positive, multiply the rest by a number that is learned (parametric ReLU).

    .. math:: f(z, \alpha) = z \text{ for } z \ge 0, \quad \alpha z \text{ for } z < 0

    Parameters
    ----------
    z : array_like of float, any shape
    alpha : float, or array_like of float, shape (units,)
        One for all, or one for each entry of the last axis. The paper starts it at 0.25.

    Returns
    -------
    ndarray
        Same shape as ``z``. The range is all numbers for alpha above 0.

    Raises
    ------
    TypeError, ValueError
        When ``z`` or ``alpha`` does not hold finite numbers, or their lengths differ.

    Notes
    -----
    Deck D2, table, row 10; He et al., "Delving deep into rectifiers", 2015. Keras has it as a layer, ``PReLU``.
    """
    return np.where(z < 0, _units_of(z, alpha) * z, z)


@elementwise(alpha=_alpha_per_unit)
def prelu_prime(z, alpha=0.25):
    """Return the slope of :func:`prelu` in z: 1 above 0, else alpha."""
    return np.where(z > 0, z.dtype.type(1), _units_of(z, alpha))


@elementwise(alpha=_alpha_per_unit)
def prelu_prime_alpha(z, alpha=0.25):
    r"""Return the slope of :func:`prelu` in alpha, with which alpha is trained.

    .. math:: \frac{\partial f}{\partial \alpha} = \min(0, z)

    It does not depend on alpha, which is there to give the function the same arguments as its pair.
    """
    _units_of(z, alpha)
    return np.minimum(z, 0)


def _units_of(z, alpha):
    alpha = np.asarray(alpha, dtype=z.dtype)
    if alpha.ndim and (z.ndim == 0 or len(alpha) not in (1, z.shape[-1])):
        raise ValueError(f"alpha must be one number or one for each unit of z, shape {z.shape[-1:]}; got {alpha.shape}.")
    return alpha


def _slopes(name, value):
    return None if value is None else _check.array(name, value)


_RRELU_CHECKS = {"lower": _number(at_least=0), "upper": _number(at_least=0), "slopes": _slopes}


@elementwise(**_RRELU_CHECKS)
def rrelu(z, lower=1 / 8, upper=1 / 3, slopes=None):
    r"""Keep what is positive, multiply the rest by a random slope in training, by its mean afterwards.

    .. math:: f(z) = z \text{ for } z \ge 0, \quad \alpha z \text{ for } z < 0

    Parameters
    ----------
    z : array_like of float, any shape
    lower, upper : float, 0 or above
        The slopes are drawn evenly between them.
    slopes : array_like of float, shape of ``z``, optional
        The slopes drawn for this training step: ``rng.uniform(lower, upper, z.shape)``. Give the same to
        :func:`rrelu_prime`. Without them the mean, ``(lower + upper) / 2``, is used everywhere: prediction.

    Returns
    -------
    ndarray
        Same shape as ``z``.

    Raises
    ------
    TypeError, ValueError
        When an argument is out of its range, or ``slopes`` has another shape than ``z``.

    Notes
    -----
    Deck D2, table, row 11; Xu et al., "Empirical evaluation of rectified activations", 2015. Keras has none.
    """
    return np.where(z < 0, _random_slopes(z, lower, upper, slopes) * z, z)


@elementwise(**_RRELU_CHECKS)
def rrelu_prime(z, lower=1 / 8, upper=1 / 3, slopes=None):
    """Return the slope of :func:`rrelu`: 1 above 0, else the slope drawn (or the mean)."""
    return np.where(z > 0, z.dtype.type(1), _random_slopes(z, lower, upper, slopes))


def _random_slopes(z, lower, upper, slopes):
    if lower > upper:
        raise ValueError(f"lower must be at most upper; got {lower:g} and {upper:g}. Swap them.")
    if slopes is None:
        return z.dtype.type((lower + upper) / 2)
    _check.same_shape("slopes", slopes, "z", z)
    return slopes.astype(z.dtype, copy=False)


@elementwise(alpha=_number(at_least=0))
def elu(z, alpha=1.0):
    r"""Keep what is positive, bend the rest smoothly toward -alpha (exponential linear unit).

    .. math:: f(z) = z \text{ for } z > 0, \quad \alpha (e^z - 1) \text{ for } z \le 0

    Parameters
    ----------
    z : array_like of float, any shape
    alpha : float, 0 or above

    Returns
    -------
    ndarray
        Same shape as ``z``, above -alpha.

    Raises
    ------
    TypeError, ValueError
        When ``z`` does not hold finite numbers or alpha is out of its range.

    Notes
    -----
    Deck D2, table, row 12; Clevert et al., 2015. Keras: ``elu``.
    """
    return np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0)))


@elementwise(alpha=_number(at_least=0))
def elu_prime(z, alpha=1.0):
    r"""Return the slope of :func:`elu`.

    .. math:: f'(z) = 1 \text{ for } z > 0, \quad f(z) + \alpha = \alpha e^z \text{ for } z \le 0

    From the left the slope at 0 is alpha, from the right 1: only alpha = 1 makes it smooth.
    """
    return np.where(z > 0, z.dtype.type(1), alpha * np.exp(np.minimum(z, 0)))


SELU_ALPHA = 1.6732632423543772
SELU_SCALE = 1.0507009873554805
"""The two constants of SELU, for which normal(0, 1) comes in and mean 0 and standard deviation 1 go out."""


@elementwise
def selu(z):
    r"""Keep mean 0 and standard deviation 1 (self-normalizing): a scaled :func:`elu`.

    .. math:: f(z) = \lambda z \text{ for } z > 0, \quad \lambda \alpha (e^z - 1) \text{ for } z \le 0

    Parameters
    ----------
    z : array_like of float, any shape

    Returns
    -------
    ndarray
        Same shape as ``z``, above -1.7581.

    Raises
    ------
    TypeError, ValueError
        When ``z`` does not hold finite numbers.

    Notes
    -----
    The constants are ``SELU_ALPHA`` and ``SELU_SCALE``. Deck D4; Klambauer et al., "Self-normalizing neural networks",
    2017. Keras: ``selu``.
    """
    return SELU_SCALE * elu.unchecked(z, SELU_ALPHA)


@elementwise
def selu_prime(z):
    r"""Return the slope of :func:`selu`: :math:`\lambda` from 0 upward, :math:`\lambda \alpha e^z` below."""
    return SELU_SCALE * np.where(z >= 0, z.dtype.type(1), SELU_ALPHA * np.exp(np.minimum(z, 0)))


def _hinges(name, values):
    return _check.array(name, values, ndim=1)


@elementwise(a=_hinges, b=_hinges)
def apl(z, a=(0.2, -0.4), b=(1.0, -1.0)):
    r"""Add hinges to ReLU, as many as wanted (adaptive piecewise linear).

    .. math:: f(z) = \max(0, z) + \sum_s a_s \max(0, b_s - z)

    Parameters
    ----------
    z : array_like of float, any shape
    a, b : array_like of float, shape (hinges,)
        How steep each hinge is, and where it starts. Both are learned.

    Returns
    -------
    ndarray
        Same shape as ``z``. The range is all numbers only when the entries of ``a`` add up to less than 0.

    Raises
    ------
    TypeError, ValueError
        When an argument does not hold finite numbers, or ``a`` and ``b`` differ in length.

    Notes
    -----
    Deck D2, table, row 13; Agostinelli et al., "Learning activation functions to improve deep neural networks", 2014.
    Keras has none.
    """
    a, b = _same_hinges(z, a, b)
    return np.maximum(z, 0) + np.maximum(b - z[..., None], 0) @ a


@elementwise(a=_hinges, b=_hinges)
def apl_prime(z, a=(0.2, -0.4), b=(1.0, -1.0)):
    r"""Return the slope of :func:`apl`.

    .. math:: f'(z) = H(z) - \sum_s a_s H(b_s - z), \qquad H(t) = 1 \text{ for } t > 0, \text{ else } 0
    """
    a, b = _same_hinges(z, a, b)
    return (z > 0) - (b - z[..., None] > 0).astype(z.dtype) @ a


def _same_hinges(z, a, b):
    a, b = np.asarray(a, dtype=z.dtype), np.asarray(b, dtype=z.dtype)
    _check.same_shape("a", a, "b", b)
    return a, b


@elementwise
def bent_identity(z):
    r"""Bend the identity a little: slope 1/2 far below 0, 3/2 far above.

    .. math:: f(z) = \frac{\sqrt{z^2 + 1} - 1}{2} + z

    Parameters
    ----------
    z : array_like of float, any shape

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
    Deck D2, table, row 14. Keras has none.
    """
    return (np.hypot(z, 1) - 1) / 2 + z


@elementwise
def bent_identity_prime(z):
    r"""Return the slope of :func:`bent_identity`.

    .. math:: f'(z) = \frac{z}{2 \sqrt{z^2 + 1}} + 1
    """
    return z / (2 * np.hypot(z, 1)) + 1


@elementwise
def silu(z):
    r"""Weigh z by its own sigmoid (also called swish).

    .. math:: f(z) = z\,\sigma(z)

    Parameters
    ----------
    z : array_like of float, any shape

    Returns
    -------
    ndarray
        Same shape as ``z``; the lowest value is -0.27846, at z = -1.27846.

    Raises
    ------
    TypeError, ValueError
        When ``z`` does not hold finite numbers.

    Notes
    -----
    Deck D2, table, row 15. Keras: ``silu``.
    """
    return z * sigmoid.unchecked(z)


@elementwise
def silu_prime(z):
    r"""Return the slope of :func:`silu`.

    .. math:: f'(z) = f(z) + \sigma(z)(1 - f(z)) = \sigma(z)\,(1 + z\,(1 - \sigma(z)))

    The code is the second form, in which no large numbers cancel.
    """
    s = sigmoid.unchecked(z)
    return s * (1 + z * (1 - s))


@elementwise(alpha=_number())
def soft_exponential(z, alpha=0.5):
    r"""Go from a logarithm over the identity to an exponential, as alpha goes from -1 over 0 to 1.

    .. math:: f(\alpha, z) = \begin{cases}
        -\ln(1 - \alpha (z + \alpha)) / \alpha & \alpha < 0 \\ z & \alpha = 0 \\
        (e^{\alpha z} - 1) / \alpha + \alpha & \alpha > 0 \end{cases}

    Parameters
    ----------
    z : array_like of float, any shape
        For alpha below 0 only above ``1 / alpha - alpha``: elsewhere there is no logarithm.
    alpha : float

    Returns
    -------
    ndarray
        Same shape as ``z``. For alpha above 0 it lies above ``alpha - 1 / alpha``; so neither range nor domain is all
        numbers, unless alpha is 0.

    Raises
    ------
    TypeError, ValueError
        When ``z`` does not hold finite numbers, lies where there is no logarithm, or is so large that the exponential is
        beyond what the type can hold.

    Notes
    -----
    Deck D2, table, row 16, which drops the + alpha of the last branch. With it ``f(-alpha, f(alpha, z))`` is z again,
    without it not. Godfrey and Gashler, "A continuum among logarithmic, linear, and exponential functions", 2015.
    Keras has none.
    """
    if alpha == 0:
        return z.copy()
    _check_soft_exponential(z, alpha)
    if alpha < 0:
        return -np.log1p(-alpha * (z + alpha)) / alpha
    return np.expm1(alpha * z) / alpha + alpha


@elementwise(alpha=_number())
def soft_exponential_prime(z, alpha=0.5):
    r"""Return the slope of :func:`soft_exponential`.

    .. math:: f'(z) = \frac{1}{1 - \alpha (\alpha + z)} \text{ for } \alpha < 0, \quad e^{\alpha z} \text{ for } \alpha \ge 0
    """
    _check_soft_exponential(z, alpha)
    return 1 / (1 - alpha * (alpha + z)) if alpha < 0 else np.exp(alpha * z)


def _check_soft_exponential(z, alpha):
    if alpha < 0 and (1 - alpha * (z + alpha)).min() <= 0:
        edge = 1 / alpha - alpha
        raise ValueError(f"for alpha = {alpha:g}, soft_exponential needs z above {edge:g}; got {z.min():g}.")
    if alpha > 0 and alpha * float(z.max()) > (88 if z.dtype == np.float32 else 709):
        raise ValueError(f"soft_exponential grows as e^(alpha z), too large for {z.dtype} at z = {z.max():g}. Scale z down.")


@elementwise(alpha=_number(above=0))
def soft_clipping(z, alpha=10.0):
    r"""Clip z to between 0 and 1 with rounded corners; the larger alpha, the sharper.

    .. math:: f(z) = \frac{1}{\alpha} \ln \frac{1 + e^{\alpha z}}{1 + e^{\alpha (z - 1)}}

    Parameters
    ----------
    z : array_like of float, any shape
    alpha : float, above 0

    Returns
    -------
    ndarray
        Same shape as ``z``, between 0 and 1.

    Raises
    ------
    TypeError, ValueError
        When ``z`` does not hold finite numbers or alpha is out of its range.

    Notes
    -----
    Deck D2, table, row 17. Keras has none.
    """
    # f(z) = 1 - f(1 - z): the left half has small numbers only, so nothing cancels.
    left = np.minimum(z, 1 - z)
    f = (np.logaddexp(0, alpha * left, dtype=z.dtype) - np.logaddexp(0, alpha * (left - 1), dtype=z.dtype)) / alpha
    return np.where(z <= 0.5, f, 1 - f)


@elementwise(alpha=_number(above=0))
def soft_clipping_prime(z, alpha=10.0):
    r"""Return the slope of :func:`soft_clipping`.

    .. math:: f'(z) = \tfrac12 \sinh\tfrac{\alpha}{2}\,\operatorname{sech}\tfrac{\alpha z}{2}\,
        \operatorname{sech}\tfrac{\alpha (1 - z)}{2} = \sigma(\alpha z) - \sigma(\alpha (z - 1))

    The code is the second form, which cannot overflow.
    """
    left = np.minimum(z, 1 - z)
    return sigmoid.unchecked(alpha * left) - sigmoid.unchecked(alpha * (left - 1))


@elementwise
def softplus(z):
    r"""Round off the corner of ReLU.

    .. math:: f(z) = \ln(1 + e^z)

    Parameters
    ----------
    z : array_like of float, any shape

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
    Its slope is the sigmoid. Keras: ``softplus``.
    """
    return np.logaddexp(0, z, dtype=z.dtype)


@elementwise
def softplus_prime(z):
    r"""Return the slope of :func:`softplus`: :math:`\sigma(z)`."""
    return sigmoid.unchecked(z)


_erfc = np.vectorize(math.erfc, otypes=[np.float64])


@elementwise
def gelu(z):
    r"""Weigh z by the chance that a standard normal number lies below it.

    .. math:: f(z) = z\,\Phi(z), \qquad \Phi(z) = \tfrac12 \left(1 + \operatorname{erf}(z / \sqrt2)\right)

    Parameters
    ----------
    z : array_like of float, any shape

    Returns
    -------
    ndarray
        Same shape as ``z``; the lowest value is -0.16997, at z = -0.75179.

    Raises
    ------
    TypeError, ValueError
        When ``z`` does not hold finite numbers.

    Notes
    -----
    Exact, not the approximation by tanh. Hendrycks and Gimpel, "Gaussian error linear units", 2016. Keras: ``gelu``.
    """
    return z * _normal_cdf(z)


@elementwise
def gelu_prime(z):
    r"""Return the slope of :func:`gelu`.

    .. math:: f'(z) = \Phi(z) + z\,\varphi(z), \qquad \varphi(z) = \frac{e^{-z^2 / 2}}{\sqrt{2 \pi}}
    """
    # Beyond 40 the density is 0 to every digit, and z² could overflow.
    density = np.exp(-0.5 * np.clip(z, -40, 40) ** 2) / math.sqrt(2 * math.pi)
    return _normal_cdf(z) + z * density


def _normal_cdf(z):
    # 1 + erf(t) loses its digits far below 0; erfc(-t) is the same number and keeps them.
    return (0.5 * _erfc(z / -math.sqrt(2))).astype(z.dtype)


@elementwise
def softmax(z, out=None):
    r"""Turn a row of numbers into probabilities that sum to 1.

    .. math:: a_j = \frac{e^{z_j}}{\sum_k e^{z_k}}

    Parameters
    ----------
    z : array_like of float, shape (rows, classes) or (classes,)
        Each row (the last axis) is turned for itself.
    out : ndarray, optional
        Where to write the result; may be ``z`` itself.

    Returns
    -------
    ndarray
        Same shape as ``z``, between 0 and 1, each row summing to 1.

    Raises
    ------
    TypeError, ValueError
        When ``z`` does not hold finite numbers, or is one number alone.

    Notes
    -----
    The largest entry of a row is subtracted first. That changes nothing, :math:`e^{z - m} / \sum e^{z - m}`, and keeps
    the exponential from overflowing. The code of deck D2 does not, and sums over the whole batch. Keras: ``softmax``.
    """
    result = np.subtract(z, _row_maximum(z), out=out)
    np.exp(result, out=result)
    result /= result.sum(axis=-1, keepdims=True)
    return result


@elementwise
def softmax_jacobian(z):
    r"""Return all slopes of :func:`softmax`: how each output answers to each input of its row.

    .. math:: \frac{\partial a_i}{\partial z_j} = a_i ([i = j] - a_j)

    Parameters
    ----------
    z : array_like of float, shape (rows, classes) or (classes,)

    Returns
    -------
    ndarray, shape (rows, classes, classes) or (classes, classes)
        Entry ``[..., i, j]`` is the formula's.
    """
    a = softmax.unchecked(z)
    return a[..., :, None] * (np.eye(a.shape[-1], dtype=a.dtype) - a[..., None, :])


def softmax_backward(dy, a):
    r"""Return dLoss/dz of a softmax from dLoss/da, without building the Jacobian.

    .. math:: \frac{\partial L}{\partial z_j} = a_j \left( dy_j - \sum_i dy_i a_i \right)

    Parameters
    ----------
    dy : array_like of float, shape (rows, classes) or (classes,)
    a : array_like of float, same shape
        The output of the softmax.

    Returns
    -------
    ndarray, same shape

    Raises
    ------
    TypeError, ValueError
        When the shapes differ or a value is not a finite number.
    """
    dy, a = _check.array("dy", dy), _check.array("a", a)
    _check.same_shape("dy", dy, "a", a)
    if a.ndim == 0:
        raise ValueError("a must be a row of numbers, one for each class; got one number.")
    return _softmax_backward(dy, a)


def _softmax_backward(dy, a):
    return a * (dy - np.sum(dy * a, axis=-1, keepdims=True))


@elementwise
def log_softmax(z):
    r"""Return the logarithm of :func:`softmax`, also where the softmax itself is 0 to every digit.

    .. math:: \ln a_j = z_j - \ln \sum_k e^{z_k}

    Parameters
    ----------
    z : array_like of float, shape (rows, classes) or (classes,)

    Returns
    -------
    ndarray
        Same shape as ``z``, 0 or below.

    Raises
    ------
    TypeError, ValueError
        When ``z`` does not hold finite numbers, or is one number alone.
    """
    shifted = z - _row_maximum(z)
    shifted -= np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return shifted


def _row_maximum(z):
    if z.ndim == 0:
        raise ValueError(f"softmax needs a row of numbers, one for each class; got the one number {z:g}.")
    return z.max(axis=-1, keepdims=True)


@dataclass(frozen=True)
class Activation:
    """One row of the table of activation functions.

    Attributes
    ----------
    name : str
    function, derivative : callable
        The pair, as functions of the net input ``z``. For softmax, whose outputs hang together, the derivative is the
        Jacobian.
    range : str
        The values the function can take, as an interval; it may name a parameter.
    continuity : str
        How often it can be differentiated without a jump: ``"C0"``, ``"C1"``, ..., ``"Cinf"``;
        ``"C-1"`` when the function itself jumps.
    keras : str or None
        Its name among Keras' activation functions, where there is one.
    slope_from_output : callable, optional
        The derivative written with the output ``a`` in place of ``z``, for functions that allow
        it. A layer then need not keep ``z``.
    backward_from_output : callable, optional
        dLoss/dz as a function of ``(dy, a)``, where it is more (or less) than ``dy`` times a slope.
    parameters : dict of str to number
        What the function takes besides ``z``, with the values this row gives it.
    """

    name: str
    function: Callable
    derivative: Callable
    range: str
    continuity: str
    keras: str | None = None
    slope_from_output: Callable | None = None
    backward_from_output: Callable | None = None
    parameters: dict = field(default_factory=dict, hash=False)

    def __call__(self, z):
        return self.function(z, **self.parameters)

    def prime(self, z):
        """Return the derivative at ``z``, with this row's parameters."""
        return self.derivative(z, **self.parameters)

    def forward(self, z):
        """Return ``(output, kept)``: what the layer passes on, and what :meth:`backward` needs.

        ``z`` must be the caller's own buffer: it is overwritten where that is safe.
        """
        if self.slope_from_output or self.backward_from_output:
            a = self.function.unchecked(z, out=z)
            return a, a
        return self.function.unchecked(z, **self.parameters), z

    def backward(self, dy, kept):
        """Return dLoss/dz from ``dy`` = dLoss/da, by the chain rule: ``dy`` times the slope.

        ``dy`` is not written to. What comes back may be ``dy`` itself: treat it as read-only.
        """
        if self.backward_from_output:
            return self.backward_from_output(dy, kept)
        if self.slope_from_output:
            return dy * self.slope_from_output(kept)
        return dy * self.derivative.unchecked(kept, **self.parameters)


_R = "(-inf, inf)"

ACTIVATIONS = {
    row.name: row
    for row in (
        Activation("linear", linear, linear_prime, _R, "Cinf", "linear", backward_from_output=lambda dy, a: dy),
        Activation("step", step, step_prime, "{0, 1}", "C-1"),
        Activation("sigmoid", sigmoid, sigmoid_prime, "(0, 1)", "Cinf", "sigmoid", lambda a: a * (1 - a)),
        Activation("tanh", tanh, tanh_prime, "(-1, 1)", "Cinf", "tanh", lambda a: 1 - a * a),
        Activation("softsign", softsign, softsign_prime, "(-1, 1)", "C1", "softsign"),
        Activation("sqnl", sqnl, sqnl_prime, "[-1, 1]", "C1"),
        Activation("relu", relu, relu_prime, "[0, inf)", "C0", "relu", lambda a: a > 0),
        Activation("brelu", brelu, brelu_prime, _R, "C0"),
        Activation("leaky_relu", leaky_relu, leaky_relu_prime, _R, "C0", "leaky_relu", parameters={"negative_slope": 0.2}),
        Activation("prelu", prelu, prelu_prime, _R, "C0", parameters={"alpha": 0.25}),
        Activation("rrelu", rrelu, rrelu_prime, _R, "C0", parameters={"lower": 1 / 8, "upper": 1 / 3}),
        Activation("elu", elu, elu_prime, "(-alpha, inf)", "C1 for alpha = 1, else C0", "elu", parameters={"alpha": 1.0}),
        Activation("apl", apl, apl_prime, _R, "C0", parameters={"a": (0.2, -0.4), "b": (1.0, -1.0)}),
        Activation("bent_identity", bent_identity, bent_identity_prime, _R, "Cinf"),
        Activation("silu", silu, silu_prime, "[-0.27846, inf)", "Cinf", "silu"),
        Activation(
            "soft_exponential",
            soft_exponential,
            soft_exponential_prime,
            "(alpha - 1 / alpha, inf)",
            "Cinf",
            parameters={"alpha": 0.5},
        ),
        Activation("soft_clipping", soft_clipping, soft_clipping_prime, "(0, 1)", "Cinf", parameters={"alpha": 10.0}),
        Activation("selu", selu, selu_prime, "(-1.7581, inf)", "C0", "selu"),
        Activation("gelu", gelu, gelu_prime, "[-0.16997, inf)", "Cinf", "gelu"),
        Activation("softplus", softplus, softplus_prime, "(0, inf)", "Cinf", "softplus"),
        Activation(
            "softmax",
            softmax,
            softmax_jacobian,
            "(0, 1)",
            "Cinf",
            "softmax",
            backward_from_output=_softmax_backward,
        ),
    )
}
"""The table of activation functions: the 17 of deck D2 in its order, then SELU, GELU, softplus and softmax."""

ALIASES = {"identity": "linear", "swish": "silu"}


def get(activation, **parameters):
    """Return the table's row for a name; an :class:`Activation` passes through, None is ``"linear"``.

    Parameters
    ----------
    activation : str, Activation or None
    **parameters
        The parameters of the function, for those that have any: ``get("leaky_relu", negative_slope=0.1)``.

    Returns
    -------
    Activation

    Raises
    ------
    TypeError, ValueError
        When the name is unknown (the nearest known one is suggested), when the function has no such parameter, or when
        its value is out of its range.
    """
    row = activation
    if not isinstance(row, Activation):
        name = "linear" if row is None else ALIASES.get(row, row) if isinstance(row, str) else row
        row = _check.one_of("activation", name, ACTIVATIONS)
    for name, value in parameters.items():
        if name not in row.parameters:
            takes = f"It takes {', '.join(row.parameters)}." if row.parameters else "It takes none."
            raise ValueError(f"{row.name} has no parameter {name!r}. {takes}")
        parameters[name] = row.function.checks[name](name, value)
    return dataclasses.replace(row, parameters=row.parameters | parameters) if parameters else row
