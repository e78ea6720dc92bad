"""The same network in Keras, with the same weights, compared number by number.

``compare(network, x, y, loss=..., optimizer=...)`` builds the Keras twin of a network of ours, lets
both predict, differentiate and train on the same rows, and says of every quantity whether the two
agree. ``to_keras`` makes the twin alone.

Keras runs on TensorFlow here. It is imported when it is first needed and nowhere else: without it
everything but the comparisons works, and a comparison says in one sentence how to get it.
"""

import contextlib
import copy
import functools
import os
from dataclasses import dataclass

import numpy as np

from gradschool import _check, layers, losses
from gradschool.activations import Activation
from gradschool.network import Sequential

HOW_TO_GET_IT = (
    "No comparison with Keras: TensorFlow is not installed. "
    'Run "python3 start.py" again to get it, or: pip install "gradschool[keras]".'
)
ROUNDING = 64
"""How many units of rounding a number may be off when all of it is rounding (a gradient that is really 0)."""


class KerasMissing(ImportError):
    """TensorFlow, or Keras on top of it, cannot be imported here; the message says how to get it."""


@functools.cache
def keras():
    """Import Keras on TensorFlow, quietly, and return it.

    Raises
    ------
    KerasMissing
        When there is none, or when Keras runs already on something other than TensorFlow.
    """
    for name, value in (("TF_ENABLE_ONEDNN_OPTS", "0"), ("TF_CPP_MIN_LOG_LEVEL", "2"), ("KERAS_BACKEND", "tensorflow")):
        os.environ.setdefault(name, value)
    try:
        import keras as library
        import tensorflow  # noqa: F401
    except ImportError:
        raise KerasMissing(HOW_TO_GET_IT) from None
    if (backend := library.config.backend()) != "tensorflow":
        raise KerasMissing(
            f"No comparison with Keras: it runs on {backend} here, and gradients are read through TensorFlow. "
            "Restart with the environment variable KERAS_BACKEND=tensorflow."
        )
    return library


@dataclass(frozen=True)
class Row:
    """One quantity of a comparison.

    Attributes
    ----------
    quantity : str
        Such as ``"dL/d kernel of layer 1"``.
    ours, keras : ndarray
    scale : float
        The largest entry of all quantities of its kind. Rounding is measured against it.
    tolerance : float
        The largest relative difference that passes.
    """

    quantity: str
    ours: np.ndarray
    keras: np.ndarray
    scale: float
    tolerance: float

    @property
    def difference(self):
        """The largest difference between two entries."""
        return float(np.max(np.abs(self.ours - self.keras)))

    @property
    def relative(self):
        """The largest difference, divided by the largest entry."""
        largest = max(np.max(np.abs(self.ours)), np.max(np.abs(self.keras)))
        return self.difference / float(largest) if largest > 0 else 0.0

    @property
    def verdict(self):
        """``"exact"``, ``"close"`` or ``"differs"``."""
        if np.array_equal(self.ours, self.keras):
            return "exact"
        noise = ROUNDING * np.finfo(self.ours.dtype).eps * self.scale
        return "close" if self.relative <= self.tolerance or self.difference <= noise else "differs"


@dataclass(frozen=True)
class Comparison:
    """The outcome of :func:`compare`.

    Attributes
    ----------
    rows : list of Row
    note : str
        What the reader has to know about the settings; often empty.
    """

    rows: list
    note: str = ""

    @property
    def passed(self):
        """True when no quantity differs."""
        return all(row.verdict != "differs" for row in self.rows)

    @property
    def largest(self):
        """The largest relative difference of all."""
        return max(row.relative for row in self.rows)

    def __str__(self):
        cells = [("quantity", "ours", "Keras", "largest difference", "")]
        for row in self.rows:
            where = np.unravel_index(np.argmax(np.abs(row.ours - row.keras)), row.ours.shape)
            more = " .." if row.ours.size > 1 else ""
            numbers = (f"{values[where]:.10g}{more}" for values in (row.ours, row.keras))
            cells.append((row.quantity, *numbers, f"{row.difference:.1e}" if row.difference else "0", row.verdict))
        widths = [max(map(len, column)) for column in zip(*cells)]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in cells]
        return "\n".join(lines + [self.note] * bool(self.note))

    def _ipython_display_(self):
        """Show nothing: compare has printed the table."""


def compare(
    network,
    x,
    y,
    *,
    loss,
    optimizer=None,
    learning_rate=None,
    steps=None,
    batch_size=None,
    tolerance=None,
    show=True,
):
    """Compare a network with its Keras twin: predictions, loss, gradients, and the weights after training.

    Both start from the same weights and see the same rows in the same order. The network that you
    give is left as it was.

    Parameters
    ----------
    network : Sequential
    x, y : array_like of float, shape (rows, inputs) and (rows, outputs)
    loss : str or Loss
    optimizer : Optimizer, optional
        Trains both. It is copied first. Without it, and without ``learning_rate``, nothing is trained.
    learning_rate : float, above 0, optional
        Short for plain gradient descent with this rate, in place of ``optimizer``.
    steps : int, 1 or more, optional
        How many updates; two epochs' worth when left out.
    batch_size : int, 1 or more, optional
        Rows in an update; all of them when left out. The last batch of an epoch may be shorter.
    tolerance : float, optional
        The largest relative difference that passes: 1e-9 in float64 and 1e-4 in float32 when left out.
    show : bool
        Whether to print the table.

    Returns
    -------
    Comparison or None
        None, after a sentence that says how to get it, when there is no TensorFlow.

    Raises
    ------
    AssertionError
        When a quantity differs.
    TypeError, ValueError
        When an argument does not fit, or when a layer has no twin.

    Notes
    -----
    A quantity is *exact* when every digit is the same, *close* when the largest difference is within
    the tolerance of its largest entry. A gradient that is nothing but rounding (the bias before a
    batch normalization, say) has no relative difference worth the name; it is close when it is within
    64 roundings of the largest gradient of the network.
    """
    if not isinstance(network, Sequential):
        raise TypeError(f"network must be a Sequential; got {type(network).__name__}.")
    x = _check.array("x", x, shape=(None, network.inputs), dtype=network.dtype)
    y = _check.array("y", y, shape=(len(x), network.outputs), dtype=network.dtype)
    loss = losses.get(loss)
    if learning_rate is not None:
        if optimizer is not None:
            raise ValueError("give an optimizer or a learning_rate, not both: the optimizer has its own rate.")
        optimizer = _PlainDescent(_check.number("learning_rate", learning_rate, above=0))
    rows = len(x) if batch_size is None else min(_check.whole("batch_size", batch_size, at_least=1), len(x))
    starts = range(0, len(x), rows)
    steps = 2 * len(starts) if steps is None else _check.whole("steps", steps, at_least=1)
    tolerance = (1e-9 if network.dtype == np.float64 else 1e-4) if tolerance is None else tolerance
    try:
        keras()
    except KerasMissing as missing:
        print(missing)
        return None

    pair = _Pair(network, loss, optimizer)
    try:
        groups = pair.passes(x, y)
        if optimizer is not None:
            for step in range(steps):
                start = starts[step % len(starts)]
                pair.step(x[start : start + rows], y[start : start + rows])
            after = f" after {steps} step" + "s" * (steps > 1)
            groups += [pair.weights(after), pair.passes(x, y, after)[0]]
    finally:
        pair.put_back()
    result = Comparison([row for group in groups for row in _rows(group, tolerance)])
    if show:
        print(result)
    differing = [row.quantity for row in result.rows if row.verdict == "differs"]
    assert not differing, "ours and Keras differ in: " + ", ".join(differing)
    return result


def _rows(group, tolerance):
    """Make the rows of quantities of one kind, which share the scale that rounding is measured against."""
    group = {name: (np.asarray(ours), np.asarray(theirs)) for name, (ours, theirs) in group.items()}
    scale = max(float(np.max(np.abs(values))) for both in group.values() for values in both)
    return [Row(name, ours, theirs, scale, tolerance) for name, (ours, theirs) in group.items()]


class _Pair:
    """A network, its twin, and what both need to go through the same motions."""

    def __init__(self, network, loss, optimizer):
        self.network, self.loss = network, loss
        self.twin, self.keras_loss = to_keras(network), to_keras(loss, dtype=network.dtype.name)
        if optimizer is not None:
            self.optimizer = copy.deepcopy(optimizer)
            self.keras_optimizer = to_keras(optimizer, dtype=network.dtype.name)
        self.arrays = [
            network.weights,
            network.gradient,
            *(a for layer in network.layers for a in layer.state.values()),
        ]
        self.start = [array.copy() for array in self.arrays]

    def put_back(self):
        """Leave the network as it was."""
        for array, start in zip(self.arrays, self.start, strict=True):
            array[...] = start

    def passes(self, x, y, after=""):
        """One pass for use and one for training, with the gradients; nothing is moved by it."""
        moving = [array.copy() for array in self.arrays], self.twin.get_weights()
        outputs = self.network.forward(x), self.twin(x, training=False)
        losses, gradients = self._differentiate(x, y)
        gradients = {
            f"dL/d {name} of layer {number}{after}": (layer.grads[name].copy(), gradient)
            for (number, layer, name, _), gradient in zip(self._parameters(), gradients, strict=True)
        }
        for array, values in zip(self.arrays, moving[0], strict=True):
            array[...] = values
        self.twin.set_weights(moving[1])
        return [{"outputs" + after: outputs, "loss" + after: losses}, gradients]

    def step(self, x, y):
        """One update of both."""
        _, gradients = self._differentiate(x, y)
        self.optimizer.step(self.network)
        self.keras_optimizer.apply(gradients, self.twin.trainable_variables)

    def weights(self, after):
        """The weights as they are now."""
        return {
            f"{name} of layer {number}{after}": (layer.params[name].copy(), variable)
            for number, layer, name, variable in self._parameters()
        }

    def _differentiate(self, x, y):
        """Run both forward and backward in training mode; return the losses and Keras' gradients."""
        import tensorflow

        ours = self.network.loss_and_gradients(x, y, self.loss)
        with tensorflow.GradientTape() as tape:
            theirs = self.keras_loss(y, self.twin(x, training=True)) + sum(self.twin.losses)
        return (ours, theirs), tape.gradient(theirs, self.twin.trainable_variables)

    def _parameters(self):
        """Yield (layer number, layer, parameter name, Keras' variable), in the order of Keras' gradients."""
        for number, (layer, other) in enumerate(zip(self.network.layers, self.twin.layers, strict=True), start=1):
            for name in layer.params:
                yield number, layer, name, getattr(other, name)


@functools.singledispatch
def to_keras(thing, **settings):
    """Return the Keras twin of a network, a layer, an activation, a loss or an optimizer.

    Parameters
    ----------
    thing : Sequential, Layer, Activation, Loss or Optimizer
    **settings
        ``dtype``, for a loss and an optimizer: ``"float64"`` unless said otherwise. A network and a
        layer have their own.

    Returns
    -------
    keras.Sequential, keras.layers.Layer, callable, keras.losses.Loss or keras.optimizers.Optimizer
        A network's twin has the weights of the network.

    Raises
    ------
    TypeError
        When there is no twin.
    KerasMissing
        When there is no TensorFlow.
    """
    raise TypeError(f"{type(thing).__name__} has no twin in Keras here.")


@to_keras.register
def _(network: Sequential):
    library = keras()
    twin = library.Sequential([library.Input((network.inputs,), dtype=network.dtype.name)])
    for layer in network.layers:
        twin.add(to_keras(layer))
    for layer, other in zip(network.layers, twin.layers):
        for name, values in {**layer.params, **layer.state}.items():
            getattr(other, name).assign(values)
    return twin


@to_keras.register
def _(layer: layers.Dense):
    return keras().layers.Dense(
        layer.units, to_keras(layer.activation), use_bias=layer.use_bias, dtype=layer.dtype.name
    )


@to_keras.register
def _(activation: Activation):
    return keras().activations.get(activation.keras)


@to_keras.register
def _(loss: losses.Loss, *, dtype="float64"):
    library = keras()
    rows = library.losses.get(loss.keras) if loss.keras else LOSSES_WITHOUT_A_NAME[loss.name]

    class RowMean(library.losses.Loss):
        def call(self, y_true, y_pred):
            # A bare tensor: Keras' cross-entropies would otherwise look up the logits it was made from.
            return rows(y_true, library.ops.copy(y_pred))

    return RowMean(name=loss.name, dtype=dtype)


LOSSES_WITHOUT_A_NAME = {
    "half_squared_error": lambda y_true, y_pred: keras().ops.sum((y_true - y_pred) ** 2, axis=-1) / 2,
}


class _PlainDescent:
    """Weights minus rate times gradient."""

    def __init__(self, learning_rate):
        self.learning_rate = learning_rate

    def step(self, network):
        network.weights -= self.learning_rate * network.gradient


@to_keras.register
def _(optimizer: _PlainDescent, *, dtype="float64"):
    with _floats(dtype):
        return keras().optimizers.SGD(optimizer.learning_rate)


@contextlib.contextmanager
def _floats(dtype):
    """Make Keras keep learning rates in this precision; float32 is its habit."""
    config = keras().config
    before = config.floatx()
    config.set_floatx(dtype)
    try:
        yield
    finally:
        config.set_floatx(before)
