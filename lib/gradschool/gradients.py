"""Gradients by measuring: move a number a little, see what the loss does.

It is slow, one or two passes a parameter, and it needs no calculus. So it cannot make the same
mistake as a derivative worked out by hand. Every backward pass of this library is checked with it.
"""

import functools
import math
from dataclasses import dataclass

import numpy as np

from gradschool import _check, losses


def numerical_gradient(function, x, *, step=1e-5):
    r"""Return the gradient of a function of an array, by central differences.

    .. math:: \frac{\partial f}{\partial x_i} \approx \frac{f(x_i + h) - f(x_i - h)}{2h}

    Parameters
    ----------
    function : callable
        Takes an array of the shape of ``x``, returns one number.
    x : array_like of float, any shape
    step : float, above 0
        The h of the formula. The error of the formula shrinks as h², the rounding error grows as
        1/h; about 1e-5 is best in float64.

    Returns
    -------
    ndarray of float64, shape of ``x``

    Raises
    ------
    TypeError, ValueError
        When ``x`` does not hold finite numbers, or ``function`` returns anything but one finite number.
    """
    if not callable(function):
        raise TypeError(f"function must be a function of an array; got {function!r}.")
    x = np.array(_check.array("x", x, dtype=np.float64))
    step = _check.number("step", step, above=0)
    gradient = np.empty_like(x)
    for index in np.ndindex(x.shape):
        kept = x[index]
        x[index] = kept + step
        above = _one_number(function(x.copy()))
        x[index] = kept - step
        below = _one_number(function(x.copy()))
        x[index] = kept
        gradient[index] = (above - below) / (2 * step)
    return gradient


def relative_error(a, b):
    r"""Return the largest difference between two arrays, relative to their largest entry.

    .. math:: \frac{\max |a - b|}{\max(|a|, |b|)}

    Two arrays of zeros have relative error 0.
    """
    a, b = _check.array("a", a, dtype=np.float64), _check.array("b", b, dtype=np.float64)
    _check.same_shape("a", a, "b", b)
    largest = max(np.abs(a).max(), np.abs(b).max())
    return float(np.abs(a - b).max() / largest) if largest > 0 else 0.0


@dataclass(frozen=True)
class GradientCheck:
    """The outcome of a gradient check: for each quantity its relative error and its size.

    Attributes
    ----------
    errors : dict of str to float
        :func:`relative_error` of backward against central differences.
    sizes : dict of str to float
        The largest entry of each gradient. A check of a gradient near 0 proves nothing.
    tolerance : float
    """

    errors: dict
    sizes: dict
    tolerance: float

    @property
    def passed(self):
        """True when every error is within the tolerance and every gradient is large enough to tell."""
        return all(e <= self.tolerance for e in self.errors.values()) and all(s > 1e-6 for s in self.sizes.values())

    def __str__(self):
        width = max(map(len, self.errors))
        lines = [
            f"{name:<{width}}  relative error {error:.1e}  largest entry {self.sizes[name]:.1e}  {self._verdict(name)}"
            for name, error in self.errors.items()
        ]
        return "\n".join(lines)

    def _verdict(self, name):
        if self.sizes[name] <= 1e-6:
            return "too small to tell"
        return "agrees" if self.errors[name] <= self.tolerance else "DIFFERS"


def check_layer(layer, x, *, rng, training=False, step=1e-5, tolerance=1e-7):
    """Compare a layer's backward pass with central differences, under a random upstream gradient.

    The upstream gradient is random because ones hide mistakes: under ones the gradient of batch
    normalization is 0 whatever the code does.

    Parameters
    ----------
    layer : Layer, built, in float64
    x : array_like of float, shape (rows, inputs)
        Keep it away from kinks, such as 0 for ReLU.
    rng : numpy.random.Generator
    training : bool
    step : float
        The h of the central difference.
    tolerance : float
        The largest relative error that passes.

    Returns
    -------
    GradientCheck
        One entry for the input and one for each parameter.
    """
    _must_be("layer", layer, "Layer", "backward")
    x = _check.array("x", x, dtype=np.float64)
    upstream = _check.generator(rng).normal(size=layer.forward(x, training=training).shape)

    def loss(inputs):
        return np.sum(upstream * layer.forward(inputs, training=training))

    layer.forward(x, training=training)
    ours = {"input": layer.backward(upstream)} | {name: grad.copy() for name, grad in layer.grads.items()}
    measured = {"input": numerical_gradient(loss, x, step=step)}
    for name, values in layer.params.items():
        measured[name] = _by_parameter(values, lambda: loss(x), step)
    return _compare(ours, measured, tolerance)


def check_network(network, x, y, loss, *, step=1e-5, tolerance=1e-7):
    """Compare the gradients of a whole network with central differences of its loss.

    Parameters
    ----------
    network : Sequential, in float64
    x, y : array_like of float
        Data and targets.
    loss : str or Loss
    step, tolerance : float
        As in :func:`check_layer`.

    Returns
    -------
    GradientCheck
        One entry for each parameter of each layer, named ``"1 kernel"`` and so on.
    """
    _must_be("network", network, "Sequential", "loss_and_gradients")
    loss = losses.get(loss)
    network.loss_and_gradients(x, y, loss)
    ours, measured = {}, {}
    for number, layer in enumerate(network.layers, start=1):
        ours |= {f"{number} {name}": grad.copy() for name, grad in layer.grads.items()}
    for number, layer in enumerate(network.layers, start=1):
        for name, values in layer.params.items():
            measured[f"{number} {name}"] = _by_parameter(
                values, lambda: network.loss_and_gradients(x, y, loss), step
            )
    network.loss_and_gradients(x, y, loss)
    return _compare(ours, measured, tolerance)


def gradient_flow(network, x, y, loss):
    """Return how large the gradient of each layer's kernel is: does the blame reach the first layers?

    Parameters
    ----------
    network : Sequential
    x, y : array_like of float
        Data and targets.
    loss : str or Loss

    Returns
    -------
    dict of str to float
        For each layer with a kernel, by its number and kind (``"1 Dense"``), the root mean square of the entries of
        dLoss/d(kernel). Numbers that shrink from the last layer to the first are a vanishing gradient (lesson 11).

    Raises
    ------
    TypeError, ValueError
        When data or targets do not fit the network.
    """
    _must_be("network", network, "Sequential", "loss_and_gradients")
    network.loss_and_gradients(x, y, loss)
    return {
        f"{number} {type(layer).__name__}": float(np.sqrt(np.mean(layer.grads["kernel"] ** 2)))
        for number, layer in enumerate(network.layers, start=1)
        if "kernel" in layer.grads
    }


@dataclass(frozen=True, eq=False)
class MultiplicationCount:
    """What the chain rule cost, and what it found.

    Attributes
    ----------
    multiplications : int
    delta : ndarray, shape (units,)
        dLoss/d(net input) of the first layer's units. With and without memory it is the same.
    """

    multiplications: int
    delta: np.ndarray


def count_multiplications(network, x, y, loss, *, memoize=True):
    r"""Count the multiplications that the chain rule needs from the loss back to the first layer, for one row.

    .. math:: \frac{\partial L}{\partial z_j} = f'(z_j) \sum_k w_{jk} \frac{\partial L}{\partial z_k}

    The sum goes over the units k of the next layer, and each of its terms asks the same question one layer further on.
    Whoever asks anew each time walks every path through the network: the cost grows exponentially with the depth.
    Whoever writes the answer of each unit down, to be asked for later (memoization), pays once a unit: the cost grows
    in a straight line. That is backpropagation.

    Parameters
    ----------
    network : Sequential of Dense layers
    x : array_like of float, shape (inputs,)
        One row.
    y : array_like, shape (outputs,), or a label
        Its target.
    loss : str or Loss
    memoize : bool
        Whether answers are kept.

    Returns
    -------
    MultiplicationCount

    Raises
    ------
    TypeError, ValueError
        When the network has other layers than Dense, a softmax, or (without memory) more than a million paths.

    Notes
    -----
    Deck D4. Counted are the products with a weight and with a slope, in the layers behind the first.
    """
    _must_be("network", network, "Sequential", "loss_and_gradients")
    x, y = _check.array("x", x, ndim=1), _check.array("y", y)
    records = network.trace(x[None], y[None], loss)
    for number, record in enumerate(records, start=1):
        if record.net is None or record.layer.activation.name == "softmax":
            what = "a softmax" if record.net is not None else type(record.layer).__name__
            raise TypeError(f"multiplications are counted for Dense layers without a softmax; layer {number} has {what}.")
    paths = math.prod(record.layer.units for record in records)
    if not memoize and paths > 1_000_000:
        raise ValueError(f"without memory there are {paths:,} paths to walk; take a smaller or shallower network.")

    slopes = [record.layer.activation.prime(record.net[0]) for record in records]
    kernels = [record.layer.params["kernel"] for record in records]
    count = 0

    def blame(layer, unit):
        """Return dLoss/d(net input) of one unit."""
        nonlocal count
        count += 1
        if layer == len(records) - 1:
            return slopes[layer][unit] * records[-1].error[0, unit]
        total = 0.0
        for k, weight in enumerate(kernels[layer + 1][unit]):
            count += 1
            total += weight * blame(layer + 1, k)
        return slopes[layer][unit] * total

    if memoize:
        blame = functools.cache(blame)
    delta = np.array([blame(0, unit) for unit in range(len(slopes[0]))])
    return MultiplicationCount(count, delta)


def _must_be(name, thing, kind, method):
    if isinstance(thing, type) or not hasattr(thing, method):
        raise TypeError(f"{name} must be a {kind}; got {thing!r}.")


def _by_parameter(values, loss, step):
    """Central differences with respect to an array that the loss reads by itself; its values are put back."""
    kept = values.copy()

    def moved(trial):
        values[...] = trial
        return loss()

    try:
        return numerical_gradient(moved, kept, step=step)
    finally:
        values[...] = kept


def _compare(ours, measured, tolerance):
    errors = {name: relative_error(ours[name], measured[name]) for name in ours}
    sizes = {name: float(np.abs(measured[name]).max()) for name in ours}
    return GradientCheck(errors, sizes, tolerance)


def _one_number(value):
    value = np.asarray(value)
    if value.size != 1 or not np.isfinite(value).all():
        raise ValueError(f"the function must return one finite number; got {value!r}.")
    return float(value.reshape(()))
