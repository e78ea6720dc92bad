"""The same network in Keras, with the same weights, compared number by number.

``compare(network, x, y, loss=..., optimizer=...)`` builds the Keras twin of a network of ours, lets
both predict, differentiate and train on the same rows, and says of every quantity whether the two
agree. ``to_keras`` makes the twin alone.

Keras runs on TensorFlow here. It is imported when it is first needed and nowhere else: without it
everything but the comparisons works, and a comparison says in one sentence how to get it.

Where Keras and the textbook differ, the library's default is Keras' form. The tables that say so stand
at the head of ``optimizers``, ``layers``, ``regularizers``, ``initializers`` and ``training``, and in the
docstrings of ``losses`` and ``activations``. What has no counterpart (LARS, the lecture's Nesterov, epsilon on
the other side of a root) has no twin either: ``to_keras`` then says which form has one.
"""

import contextlib
import copy
import functools
import math
import os
import types
from dataclasses import dataclass

import numpy as np

from gradschool import _check, initializers, layers, losses, optimizers, regularizers
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
    tolerance : float
        The largest relative difference that passes.
    noise : float
        A difference of this size passes too: it is rounding.
    """

    quantity: str
    ours: np.ndarray
    keras: np.ndarray
    tolerance: float
    noise: float

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
        return "close" if self.relative <= self.tolerance or self.difference <= self.noise else "differs"


@dataclass(frozen=True)
class Comparison:
    """The outcome of :func:`compare`.

    Attributes
    ----------
    rows : list of Row
    """

    rows: list

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
        return "\n".join(lines)

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
    by_layer=False,
    tolerance=None,
    show=True,
):
    """Compare a network with its Keras twin: predictions, loss, gradients, and the weights after training.

    Both start from the same weights and see the same rows in the same order. The network that you
    give is left as it was.

    Parameters
    ----------
    network : Sequential
    x : array_like of float, shape (rows, inputs)
    y : array_like, as the loss wants its targets
    loss : str or Loss
    optimizer : Optimizer, optional
        Trains both. It is copied first. Without it, and without ``learning_rate``, nothing is trained.
    learning_rate : float, above 0, optional
        Short for plain gradient descent with this rate, in place of ``optimizer``.
    steps : int, 1 or more, optional
        How many updates; two epochs' worth when left out.
    batch_size : int, 1 or more, optional
        Rows in an update; all of them when left out. The last batch of an epoch may be shorter.
    by_layer : bool
        Whether to compare the output of every layer too, to find where two networks part.
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
    the tolerance of its largest entry. A gradient that is nothing but rounding (of a bias before a
    batch normalization, say) has no relative difference worth the name; it is close when it is within
    64 roundings of the largest gradient of the network. Adam blows such rounding up, so weights that
    were trained are also close when they are within the tolerance of their layer's largest.

    Keras rounds some constants to float32 also in a float64 model. Ours does the same here: an
    optimizer with ``keras_rounding=True``. The slope of leaky ReLU, a root in GELU, the logarithm of 2
    in log-cosh, the strengths of L1 and L2 and the numbers of a schedule are given to Keras in full.
    """
    if not isinstance(network, Sequential):
        raise TypeError(f"network must be a Sequential; got {type(network).__name__}.")
    x = _check.array("x", x, shape=(None, network.inputs), dtype=network.dtype)
    loss = losses.get(loss)
    y = loss.check_targets(y, (len(x), network.outputs), network.dtype)
    if learning_rate is not None:
        if optimizer is not None:
            raise ValueError("give an optimizer or a learning_rate, not both: the optimizer has its own rate.")
        optimizer = optimizers.SGD(learning_rate)
    elif optimizer is not None:
        optimizer = optimizers.get(optimizer)
    size = len(x) if batch_size is None else min(_check.whole("batch_size", batch_size, at_least=1), len(x))
    starts = range(0, len(x), size)
    steps = 2 * len(starts) if steps is None else _check.whole("steps", steps, at_least=1)
    tolerance = (1e-9 if network.dtype == np.float64 else 1e-4) if tolerance is None else tolerance
    try:
        keras()
    except KerasMissing as missing:
        print(missing)
        return None

    pair = _Pair(network, loss, optimizer)
    rounding = ROUNDING * np.finfo(network.dtype).eps
    groups = [*(pair.layer_outputs(x) if by_layer else ()), *pair.passes(x, y)]
    rows = [row for group in groups for row in _rows(group, tolerance, rounding)]
    if optimizer is not None:
        for step in range(steps):
            batch = slice(starts[step % len(starts)], starts[step % len(starts)] + size)
            pair.step(x[batch], y[batch])
        after = f" after {steps} step" + "s" * (steps > 1)
        rows += [row for group in pair.weights(after) for row in _rows(group, tolerance, tolerance)]
        rows += _rows(pair.passes(x, y, after)[0], tolerance, rounding)
    result = Comparison(rows)
    if show:
        print(result)
    differing = [row.quantity for row in result.rows if row.verdict == "differs"]
    assert not differing, "ours and Keras differ in: " + ", ".join(differing)
    return result


def _rows(group, tolerance, rounding):
    """Make the rows of quantities of one kind; rounding is a share of the largest of them."""
    group = {name: (np.asarray(ours), np.asarray(theirs)) for name, (ours, theirs) in group.items()}
    largest = max(float(np.max(np.abs(values))) for both in group.values() for values in both)
    return [Row(name, ours, theirs, tolerance, rounding * largest) for name, (ours, theirs) in group.items()]


class _Pair:
    """A copy of a network, its twin, and what takes both through the same motions."""

    def __init__(self, network, loss, optimizer):
        self.network, self.loss = copy.deepcopy(network), loss
        self.twin = to_keras(self.network, given_masks=True)
        self.keras_loss = to_keras(loss, dtype=network.dtype.name)
        if optimizer is not None:
            self.optimizer = copy.deepcopy(optimizer)
            self.optimizer.reset()
            self.optimizer.keras_rounding = True
            self.keras_optimizer = to_keras(optimizer, dtype=network.dtype.name)
        twins = _twin_leaves(self.twin.layers)
        self.leaves = [
            (name.replace(" ", "."), leaf, twin) for (name, leaf), twin in zip(self.network._leaves(), twins)
        ]
        self.variables = [
            getattr(twin, name) for _, leaf, twin in self.leaves if leaf.trainable for name in leaf.params
        ]

    def layer_outputs(self, x):
        """What each layer says, in use."""
        theirs = keras().Model(self.twin.inputs[0], [layer.output for layer in self.twin.layers])(x, training=False)
        theirs = theirs if isinstance(theirs, list) else [theirs]
        records = zip(self.network.trace(x), theirs, strict=True)
        return [{f"output of layer {i}": (record.output, other)} for i, (record, other) in enumerate(records, start=1)]

    def passes(self, x, y, after=""):
        """One pass for use and one for training, with the gradients; nothing is moved by it."""
        states = {key: values.copy() for key, values in self.network._states().items()}
        outputs = self.network.forward(x), self.twin(x, training=False)
        losses, gradients = self._differentiate(x, y)
        names = [(number, leaf, name) for number, leaf, _ in self.leaves if leaf.trainable for name in leaf.params]
        slopes = {
            f"dL/d {name} of layer {number}{after}": (leaf.grads[name].copy(), gradient)
            for (number, leaf, name), gradient in zip(names, gradients, strict=True)
        }
        for key, values in self.network._states().items():
            values[...] = states[key]
        for _, leaf, twin in self.leaves:
            for name, values in leaf.state.items():
                getattr(twin, name).assign(values)
        return [{"outputs" + after: outputs, "loss" + after: losses}] + [slopes] * bool(slopes)

    def step(self, x, y):
        """One update of both."""
        _, gradients = self._differentiate(x, y)
        self.network.step(self.optimizer)
        self.keras_optimizer.apply(gradients, self.variables)

    def weights(self, after):
        """The weights, and the moving averages, as they are now, layer by layer."""
        everything = [(number, twin, {**leaf.params, **leaf.state}) for number, leaf, twin in self.leaves]
        return [
            {f"{name} of layer {number}{after}": (ours.copy(), getattr(twin, name)) for name, ours in arrays.items()}
            for number, twin, arrays in everything
            if arrays
        ]

    def _differentiate(self, x, y):
        """Run both forward and backward in training mode, ours first: it draws the masks of dropout."""
        import tensorflow

        ours = self.network.loss_and_gradients(x, y, self.loss)
        with tensorflow.GradientTape() as tape:
            theirs = self.keras_loss(y, self.twin(x, training=True)) + sum(self.twin.losses)
        return (ours, theirs), tape.gradient(theirs, self.variables, unconnected_gradients="zero")


@functools.singledispatch
def to_keras(thing, **_):
    """Return the Keras twin of a network, a layer, an activation, a loss or an optimizer.

    Parameters
    ----------
    thing : Sequential, Layer, Activation, Loss, Optimizer, L1L2, MaxNorm or initializer
    dtype : str, for a loss, a regularizer and an optimizer
        ``"float64"`` unless said otherwise. A network and a layer have their own.
    seed : int, optional, for an initializer
    given_masks : bool, for a network and a layer
        Whether dropout drops what ours dropped in its last training pass, in place of drawing itself.

    Returns
    -------
    The object of Keras' that does the same. A network's twin has the weights of the network.

    Raises
    ------
    TypeError
        When there is no twin.
    KerasMissing
        When there is no TensorFlow.
    """
    raise TypeError(f"{type(thing).__name__} has no twin in Keras here.")


@to_keras.register
def _(network: Sequential, *, given_masks=False):
    library = keras()
    twin = library.Sequential([library.Input((network.inputs,), dtype=network.dtype.name)])
    for layer in network.layers:
        twin.add(to_keras(layer, given_masks=given_masks))
    for (_, leaf), other in zip(network._leaves(), _twin_leaves(twin.layers), strict=True):
        for name, values in {**leaf.params, **leaf.state}.items():
            getattr(other, name).assign(values)
    return twin


@to_keras.register
def _(layer: layers.Layer, **_):
    raise TypeError(f"the layer {layer!r} has no twin in Keras here.")


@to_keras.register
def _(layer: layers.Dense, **_):
    return keras().layers.Dense(
        layer.units,
        to_keras(layer.activation),
        use_bias=layer.use_bias,
        kernel_initializer="zeros",  # the network's own weights are copied in afterwards
        kernel_regularizer=layer.kernel_regularizer and to_keras(layer.kernel_regularizer, dtype=layer.dtype.name),
        kernel_constraint=layer.kernel_constraint and to_keras(layer.kernel_constraint),
        dtype=layer.dtype.name,
        trainable=layer.trainable,
    )


@to_keras.register
def _(layer: layers.Activation, **_):
    return keras().layers.Activation(to_keras(layer.activation), dtype=layer.dtype.name)


@to_keras.register
def _(layer: layers.BatchNormalization, **_):
    return keras().layers.BatchNormalization(
        momentum=layer.momentum, epsilon=layer.epsilon, dtype=layer.dtype.name, trainable=layer.trainable
    )


@to_keras.register
def _(layer: layers.Dropout, *, given_masks=False):
    library = keras()
    if layer.inverted and not given_masks:
        return library.layers.Dropout(layer.rate, dtype=layer.dtype.name)

    class GivenMask(library.layers.Layer):
        """Drops what our layer dropped in its last training pass."""

        def call(self, x, training=False):
            if not training:
                return x if layer.inverted else x * (1 - layer.rate)
            return x * (layer.mask / (1 - layer.rate) if layer.inverted else layer.mask.astype(layer.dtype))

    return GivenMask(dtype=layer.dtype.name)


@to_keras.register
def _(layer: layers.Residual, *, given_masks=False):
    class Bypass(keras().layers.Layer):
        """What comes in, plus what the block makes of it."""

        def __init__(self):
            super().__init__(dtype=layer.dtype.name)
            self.block = [to_keras(inner, given_masks=given_masks) for inner in layer.layers]

        def call(self, x):
            y = x
            for inner in self.block:
                y = inner(y)
            return x + y

    return Bypass()


def _twin_leaves(others):
    """Return the layers that hold parameters themselves, in the order of the network's."""
    return [leaf for other in others for leaf in (_twin_leaves(other.block) if hasattr(other, "block") else [other])]


@to_keras.register(types.FunctionType)
@to_keras.register(functools.partial)
def _(initializer, *, seed=None, **_):
    library, settings = keras().initializers, dict(getattr(initializer, "keywords", {}))
    name = getattr(initializer, "func", initializer).__name__
    if name not in initializers.INITIALIZERS:
        raise TypeError(f"the initializer {name} has no twin in Keras here.")
    if name in ("zeros", "ones", "constant"):
        return getattr(library, name.capitalize())(**settings)
    if name == "random_uniform":
        limit = settings.get("limit", 0.05)
        return library.RandomUniform(-limit, limit, seed=seed)
    if settings.pop("truncated", True):
        return getattr(library, "".join(map(str.capitalize, name.split("_"))))(seed=seed, **settings)
    scale, mode = {"glorot": (1, "fan_avg"), "he": (2, "fan_in"), "lecun": (1, "fan_in")}[name.split("_")[0]]
    return library.VarianceScaling(scale, mode, "untruncated_normal", seed=seed)


@to_keras.register
def _(regularizer: regularizers.L1L2, *, dtype="float64"):
    twin = keras().regularizers.L1L2(l1=regularizer.l1, l2=regularizer.l2)
    twin.l1, twin.l2 = _tensor(regularizer.l1, dtype), _tensor(regularizer.l2, dtype)  # Keras keeps them in float32
    return twin


@to_keras.register
def _(constraint: regularizers.MaxNorm):
    if constraint.epsilon != 1e-7:
        raise TypeError(f"MaxNorm with epsilon={constraint.epsilon:g} has no twin in Keras: use epsilon=1e-7.")
    return keras().constraints.MaxNorm(constraint.max_value, axis=constraint.axis)


@to_keras.register
def _(activation: Activation):
    library = keras()
    if activation.name in ACTIVATIONS_FROM_OPERATIONS:
        own = ACTIVATIONS_FROM_OPERATIONS[activation.name]
        return functools.partial(own, library.ops, **activation.parameters)
    if not activation.keras:
        raise TypeError(f"the activation {activation.name!r} has no twin in Keras here.")
    return functools.partial(library.activations.get(activation.keras), **activation.parameters)


def _log_cosh(ops, y_true, y_pred):
    error = y_pred - y_true
    return ops.mean(error + ops.softplus(-2 * error) - math.log(2), axis=-1)


def _step(ops, z):
    return ops.cast(z >= 0, z.dtype) + 0 * z  # 0 * z: a slope of 0, where Keras would find none


def _sqnl(ops, z):
    near = ops.clip(z, -2, 2)
    return near - near * ops.abs(near) / 4


def _brelu(ops, z):
    even = np.arange(z.shape[-1]) % 2 == 0
    return ops.where(even, ops.relu(z), -ops.relu(-z))


def _rrelu(ops, z, lower, upper):
    return ops.where(z < 0, (lower + upper) / 2 * z, z)


def _apl(ops, z, a, b):
    return ops.relu(z) + sum(a_s * ops.relu(b_s - z) for a_s, b_s in zip(a, b, strict=True))


def _bent_identity(ops, z):
    return (ops.sqrt(z * z + 1) - 1) / 2 + z


def _soft_exponential(ops, z, alpha):
    if alpha == 0:
        return z
    return -ops.log1p(-alpha * (z + alpha)) / alpha if alpha < 0 else ops.expm1(alpha * z) / alpha + alpha


def _soft_clipping(ops, z, alpha):
    return (ops.softplus(alpha * z) - ops.softplus(alpha * (z - 1))) / alpha


ACTIVATIONS_FROM_OPERATIONS = {
    "step": _step,
    "sqnl": _sqnl,
    "brelu": _brelu,
    "prelu": lambda ops, z, alpha: ops.where(z < 0, alpha * z, z),
    "rrelu": _rrelu,
    "apl": _apl,
    "bent_identity": _bent_identity,
    "soft_exponential": _soft_exponential,
    "soft_clipping": _soft_clipping,
    "leaky_relu": lambda ops, z, negative_slope: ops.where(z < 0, negative_slope * z, z),
    "gelu": lambda ops, z: z * (1 + ops.erf(z / math.sqrt(2))) / 2,
}
"""What Keras has no function for, written with its operations: functions of (keras.ops, z). The last two
it has, but they round a constant to float32 (the slope, the root of 2) also in a float64 model."""


@to_keras.register
def _(loss: losses.Loss, *, dtype="float64"):
    library = keras()
    if loss.name in LOSSES_FROM_OPERATIONS:
        rows = functools.partial(LOSSES_FROM_OPERATIONS[loss.name], library.ops)
    elif loss.keras:
        logits = {"from_logits": True} if loss.from_logits else {}
        rows = functools.partial(library.losses.get(loss.keras), **logits, **loss.parameters)
    else:
        raise TypeError(f"the loss {loss.name!r} has no twin in Keras here.")

    class RowMean(library.losses.Loss):
        """The mean over the rows of what a row costs."""

        def call(self, y_true, y_pred):
            # A bare copy: Keras' cross-entropies would otherwise go back to the logits it was made from.
            return rows(y_true, library.ops.copy(y_pred))

    return RowMean(name=loss.name, dtype=dtype)


LOSSES_FROM_OPERATIONS = {
    "half_squared_error": lambda ops, y_true, y_pred: ops.sum((y_true - y_pred) ** 2, axis=-1) / 2,
    "log_cosh": _log_cosh,
    "perceptron": lambda ops, y_true, y_pred: ops.mean(ops.relu(-y_true * y_pred), axis=-1),
}
"""What Keras has no loss for, written with its operations: functions of (keras.ops, y_true, y_pred).
Log-cosh it has, with a logarithm of 2 that is rounded to float32."""


OPTIMIZERS = {
    optimizers.SGD: ("SGD", ("momentum", "nesterov")),
    optimizers.AdaGrad: ("Adagrad", ("initial_accumulator_value", "epsilon")),
    optimizers.RMSprop: ("RMSprop", ("rho", "momentum", "epsilon")),
    optimizers.Adam: ("Adam", ("beta_1", "beta_2", "epsilon")),
    optimizers.AdamW: ("AdamW", ("beta_1", "beta_2", "epsilon")),
}
"""Our optimizers: the name in Keras, and the settings of the same name."""
SCHEDULES = {
    optimizers.ExponentialDecay: ("initial_learning_rate", "decay_steps", "decay_rate", "staircase"),
    optimizers.CosineDecay: ("initial_learning_rate", "decay_steps", "alpha"),
    optimizers.PiecewiseConstantDecay: ("boundaries", "values"),
}
KERAS_FORMS = {
    "form": ("keras", 'SGD(form="keras")'),
    "epsilon_inside": (True, "epsilon_inside=True"),
    "epsilon_hat": (True, "epsilon_hat=True"),
}
"""Where ours knows several forms: the one that is Keras', and how to ask for it."""


@to_keras.register
def _(optimizer: optimizers.Optimizer, *, dtype="float64"):
    library, kind = keras(), type(optimizer)
    if kind not in OPTIMIZERS:
        hint = " Its steps are those of SGD(nesterov=True), seen from another point." * (kind is optimizers.Nesterov)
        raise TypeError(f"{kind.__name__} has no twin in Keras.{hint}")
    for form, (theirs, request) in KERAS_FORMS.items():
        if getattr(optimizer, form, theirs) != theirs:
            raise TypeError(
                f"{kind.__name__} with {form}={getattr(optimizer, form)!r} has no twin in Keras: use {request}."
            )
    name, settings = OPTIMIZERS[kind]
    shared = ("weight_decay", "clipvalue", "clipnorm", "global_clipnorm")
    rate = optimizer.learning_rate
    with _floats(dtype):
        if type(rate) in SCHEDULES:
            schedule = getattr(library.optimizers.schedules, type(rate).__name__)
            # As tensors, because Keras would compute with bare numbers in float32.
            rate = schedule(**{key: _tensor(getattr(rate, key), dtype) for key in SCHEDULES[type(rate)]})
        twin = getattr(library.optimizers, name)(
            learning_rate=rate, **{key: getattr(optimizer, key) for key in (*settings, *shared)}
        )
    if optimizer.exclude_from_weight_decay:
        twin.exclude_from_weight_decay(var_names=list(optimizer.exclude_from_weight_decay))
    return twin


def _tensor(value, dtype):
    """Return a float, or each in a list, as a tensor; other values as they are."""
    if isinstance(value, list):
        return [_tensor(each, dtype) for each in value]
    return keras().ops.convert_to_tensor(np.array(value, dtype)) if isinstance(value, float) else value


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
