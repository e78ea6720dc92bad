"""Gradients by measuring: move a number a little, see what the loss does.

It is slow, one or two passes a parameter, and it needs no calculus. So it cannot make the same
mistake as a derivative worked out by hand. Every backward pass of this library is checked with it.
"""

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
