"""Layers: the parts that a network is made of.

A layer does two things. ``forward(x)`` turns a batch of rows into another batch of rows.
``backward(dy)`` takes dLoss/d(its output) and does two things in turn: it leaves dLoss/d(parameter)
in ``grads``, under the same keys as in ``params``, and returns dLoss/d(its input) for the layer
before it. Backward never changes a parameter: that is the optimizer's work.

Batch first: ``x`` has shape ``(rows, inputs)``, a kernel has shape ``(inputs, units)``.

====================  ================================================  ====================================
Topic                 Keras, and here                                   Elsewhere
====================  ================================================  ====================================
batch normalization   moving = momentum · moving + (1 - momentum) ·     PyTorch: momentum 0.1 on the *new*
                      batch, momentum 0.99 on the *old* value; the      value, unbiased variance in the
                      moving variance takes the biased one (over n)     average, epsilon 1e-5
                      and starts at 1, the mean at 0; epsilon 1e-3,     Deck D4: (z - μ) / (σ + ε), epsilon
                      inside the root; a frozen layer normalizes as     outside the root
                      in inference
dropout               ``rate`` is the share dropped; what is kept is    Deck D2 and the 2014 paper: no
                      scaled by 1 / (1 - rate) in training; inference   scaling in training, outputs times
                      is the identity                                   the *keep* probability in inference:
                                                                        ``inverted=False``
kernel_regularizer    loss + l Σw², once a step, not divided by the     λ / (2n) Σw²: L2(λ / (2n))
                      batch; biases are not included
====================  ================================================  ====================================
"""

from collections import UserDict
from typing import NamedTuple

import numpy as np

from gradschool import _check, activations, initializers, regularizers


class Parameters(UserDict):
    """The arrays of a layer by name. Setting an entry copies the values into the array that is there.

    The arrays are views into one long vector of the whole network, so they are written to and
    never replaced. That is what lets an optimizer move every weight in a few vector operations.
    """

    def __setitem__(self, name, value):
        _check.one_of("parameter", name, self)
        self[name][...] = _check.array(name, value, shape=self[name].shape, dtype=self[name].dtype)


class Layer:
    """What every layer has; the kinds below fill in ``_forward`` and ``_backward``.

    Attributes
    ----------
    params, grads : Parameters
        Trainable arrays and their gradients, under the same keys.
    state : dict of str to ndarray
        Arrays that are kept with the weights but not trained (moving averages).
    inputs, outputs : int or None
        Numbers per row coming in and going out; None until the layer is built.
    trainable : bool
        Set to False to freeze the layer: its parameters then keep their values.
    """

    def __init__(self):
        self.params, self.grads, self.state = Parameters(), Parameters(), {}
        self.inputs = self.outputs = None
        self.trainable = True

    def shapes(self, inputs):
        """Return the shape of each trainable parameter, by name, for rows of ``inputs`` numbers."""
        return {}

    def output_size(self, inputs):
        """Return how many numbers a row has when it leaves the layer."""
        return inputs

    def build(self, inputs, *, rng, dtype=np.float64, storage=None):
        """Make the parameters for rows of ``inputs`` numbers and give them their first values.

        Parameters
        ----------
        inputs : int, 1 or more
        rng : numpy.random.Generator
            Where random first values come from.
        dtype : float64 (to compare numbers) or float32 (for speed)
        storage : pair of 1-axis arrays, optional
            The stretch of the network's parameter vector and gradient vector that is this
            layer's. Without it the layer makes its own.

        Returns
        -------
        Layer
            Itself.
        """
        self.inputs = _check.whole("inputs", inputs, at_least=1)
        self.outputs = self.output_size(inputs)
        self.dtype = np.dtype(dtype)
        self._bind(*(storage or np.zeros((2, self.size(inputs)), dtype)))
        self._initialize(_check.generator(rng))
        return self

    def size(self, inputs):
        """Return how many trainable parameters the layer has, for rows of ``inputs`` numbers."""
        return sum(int(np.prod(shape)) for shape in self.shapes(inputs).values())

    def _bind(self, values, gradients):
        """Make ``params`` and ``grads`` views into these two vectors."""
        shapes = self.shapes(self.inputs)
        self.params, self.grads = _views(values, shapes), _views(gradients, shapes)

    def forward(self, x, *, training=False):
        """Turn a batch of rows into the layer's output.

        Parameters
        ----------
        x : array_like of float, shape (rows, inputs)
        training : bool
            Whether this pass is part of training; some layers then act differently.

        Returns
        -------
        ndarray, shape (rows, outputs)

        Raises
        ------
        RuntimeError
            When the layer has not been built.
        TypeError, ValueError
            When ``x`` has another shape or does not hold finite numbers.
        """
        self._must_be_built()
        return self._forward(_check.array("x", x, shape=(None, self.inputs), dtype=self.dtype), training)

    def backward(self, dy):
        """Leave the gradients of the last forward pass in ``grads`` and pass the blame on.

        Parameters
        ----------
        dy : array_like of float, shape (rows, outputs)
            dLoss/d(output of this layer).

        Returns
        -------
        ndarray, shape (rows, inputs)
            dLoss/d(input of this layer).

        Raises
        ------
        RuntimeError
            When there was no forward pass.
        TypeError, ValueError
            When ``dy`` has another shape than the output or does not hold finite numbers.
        """
        rows = self._rows()
        return self._backward(_check.array("dy", dy, shape=(rows, self.outputs), dtype=self.dtype))

    def leaves(self):
        """Return the layers inside this one that hold parameters themselves, as (prefix of their names, layer)."""
        return [("", self)]

    def penalty(self):
        """Return what the layer's regularizers add to the loss, as a float."""
        return 0.0

    def constrain(self):
        """Apply the layer's constraints to its parameters; called after an optimizer's step."""

    def _add_penalty_gradients(self):
        """Add the gradients of the regularizers to ``grads``."""

    def _initialize(self, rng):
        """Give the parameters their first values."""

    def _forward(self, x, training):
        raise NotImplementedError(f"{type(self).__name__} has no forward pass")

    def _backward(self, dy, input_gradient=True):
        """As ``backward``, unchecked. The first layer of a network skips the gradient of its input."""
        raise NotImplementedError(f"{type(self).__name__} has no backward pass")

    def _settings(self):
        """What tells this layer from another of its kind, as text."""
        return ""

    def __repr__(self):
        return f"{type(self).__name__}({self._settings()})"

    def _must_be_built(self):
        if self.inputs is None:
            name = type(self).__name__
            raise RuntimeError(f"this {name} has no weights yet. Put it in a Sequential, or call build(inputs, rng=rng).")

    def _rows(self):
        self._must_be_built()
        if getattr(self, "_x", None) is None:
            raise RuntimeError(f"{type(self).__name__}.backward needs a forward pass first: call forward(x).")
        return len(self._x)


class Dense(Layer):
    r"""A layer in which every unit sees every input.

    .. math:: y = f(x W + b)

    Parameters
    ----------
    units : int, 1 or more
        How many units, and so how many outputs.
    activation : str or Activation
        The function f, by its name in ``activations.ACTIVATIONS``.
    use_bias : bool
        Whether there is a b.
    kernel_initializer, bias_initializer : str or callable
        Where W and b start.
    kernel_regularizer : str or L1L2, optional
        A penalty on W, such as ``regularizers.L2(0.01)``; a network adds it to its loss.
    kernel_constraint : str or MaxNorm, optional
        A limit that W is brought back to after each step, such as ``regularizers.MaxNorm(2)``.

    Notes
    -----
    ``params["kernel"]`` is W, of shape ``(inputs, units)``: column j holds the weights of unit j.
    ``params["bias"]`` is b, of shape ``(units,)``. Decks D3 and D4. Keras: ``Dense``.
    """

    def __init__(
        self,
        units,
        activation="linear",
        *,
        use_bias=True,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        kernel_regularizer=None,
        kernel_constraint=None,
    ):
        super().__init__()
        self.units = _check.whole("units", units, at_least=1)
        self.activation = activations.get(activation)
        self.use_bias = bool(use_bias)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.kernel_constraint = regularizers.get_constraint(kernel_constraint)

    def shapes(self, inputs):
        kernel = {"kernel": (inputs, self.units)}
        return kernel | {"bias": (self.units,)} if self.use_bias else kernel

    def output_size(self, inputs):
        return self.units

    def _settings(self):
        return f"{self.units}, {_named(self.activation)}{'' if self.use_bias else ', use_bias=False'}"

    def net_input(self, x):
        """Return ``x W + b``: what each unit has summed up, before the activation function."""
        z = x @ self.params["kernel"]
        if self.use_bias:
            z += self.params["bias"]
        return z

    def penalty(self):
        # As in Keras, a frozen layer has no say in the loss.
        if not (self.kernel_regularizer and self.trainable):
            return 0.0
        return self.kernel_regularizer._penalty(self.params["kernel"])

    def constrain(self):
        if self.kernel_constraint and self.trainable:
            self.params["kernel"][...] = self.kernel_constraint._apply(self.params["kernel"])

    def _add_penalty_gradients(self):
        if self.kernel_regularizer and self.trainable:
            gradient = self.grads["kernel"]
            gradient += self.kernel_regularizer._gradient(self.params["kernel"])

    def _initialize(self, rng):
        self.params["kernel"] = self.kernel_initializer((self.inputs, self.units), rng, self.dtype)
        if self.use_bias:
            self.params["bias"] = self.bias_initializer((self.units,), rng, self.dtype)

    def _forward(self, x, training):
        self._x = x
        y, self._kept = self.activation.forward(self.net_input(x))
        return y

    def _backward(self, dy, input_gradient=True):
        # The chain rule, one link a line: output -> net input -> weights, bias, input.
        dz = self.activation.backward(dy, self._kept)
        np.dot(self._x.T, dz, out=self.grads["kernel"])
        if self.use_bias:
            np.sum(dz, axis=0, out=self.grads["bias"])
        return dz @ self.params["kernel"].T if input_gradient else None


class Activation(Layer):
    r"""An activation function as a layer of its own: :math:`y = f(x)`.

    Parameters
    ----------
    activation : str or Activation
        The function f, by its name in ``activations.ACTIVATIONS``.

    Notes
    -----
    Of use where something comes between the net input and f, such as batch normalization. Keras: ``Activation``.
    """

    def __init__(self, activation):
        super().__init__()
        self.activation = activations.get(activation)

    def _settings(self):
        return _named(self.activation)

    def _forward(self, x, training):
        self._x = x
        # The activation may overwrite what it is given, and x is not ours.
        y, self._kept = self.activation.forward(x.copy())
        return y

    def _backward(self, dy, input_gradient=True):
        return self.activation.backward(dy, self._kept) if input_gradient else None


class BatchCache(NamedTuple):
    """What :func:`batch_norm_forward` hands to :func:`batch_norm_backward`.

    Attributes
    ----------
    normalized : ndarray, shape (rows, features)
        x with the mean taken off, divided by the spread.
    gamma : ndarray, shape (features,)
    spread : ndarray, shape (features,)
        sqrt(variance + epsilon).
    from_batch : bool
        Whether mean and variance came from the batch, so that they depend on x.
    mean, variance : ndarray, shape (features,)
        Those that were used.
    """

    normalized: np.ndarray
    gamma: np.ndarray
    spread: np.ndarray
    from_batch: bool
    mean: np.ndarray
    variance: np.ndarray


def batch_norm_forward(x, gamma, beta, *, epsilon=1e-3, mean=None, variance=None):
    r"""Normalize each column of a batch, then scale and shift it.

    .. math:: \hat x = \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}}, \qquad y = \gamma \hat x + \beta

    Parameters
    ----------
    x : array_like of float, shape (rows, features)
    gamma, beta : array_like of float, shape (features,)
    epsilon : float above 0
        Inside the root.
    mean, variance : array_like of float, shape (features,), optional
        Give both for inference. Left out, they are the batch's own, the variance over n (biased).

    Returns
    -------
    y : ndarray, shape (rows, features)
    cache : BatchCache
        For :func:`batch_norm_backward`.

    Raises
    ------
    TypeError, ValueError
        When a shape does not fit, a number is not finite or a variance is negative.

    Notes
    -----
    Decks D2 and D4. Ioffe and Szegedy 2015.
    """
    x = _check.array("x", x, ndim=2)
    gamma, beta = (_check.array(n, v, shape=x.shape[1:], dtype=x.dtype) for n, v in (("gamma", gamma), ("beta", beta)))
    epsilon = _check.number("epsilon", epsilon, above=0)
    if (mean is None) != (variance is None):
        raise ValueError("give both mean and variance (inference) or neither (training).")
    if mean is not None:
        mean = _check.array("mean", mean, shape=x.shape[1:], dtype=x.dtype)
        variance = _check.array("variance", variance, shape=x.shape[1:], dtype=x.dtype)
        if variance.min() < 0:
            raise ValueError(f"variance must be 0 or more; got {variance.min():g}.")
    return _batch_norm_forward(x, gamma, beta, epsilon, mean, variance)


def _batch_norm_forward(x, gamma, beta, epsilon, mean=None, variance=None):
    from_batch = mean is None
    if from_batch:
        mean = x.mean(axis=0)
    centered = x - mean
    if from_batch:
        variance = np.mean(centered * centered, axis=0)
    spread = np.sqrt(variance + epsilon)
    normalized = np.divide(centered, spread, out=centered)
    return gamma * normalized + beta, BatchCache(normalized, gamma.copy(), spread, from_batch, mean, variance)


def batch_norm_backward(dy, cache):
    r"""Return the gradients of :func:`batch_norm_forward`.

    .. math::

        \frac{\partial L}{\partial \gamma} = \sum_{rows} dy\, \hat x, \qquad
        \frac{\partial L}{\partial \beta} = \sum_{rows} dy

        \frac{\partial L}{\partial x} = \frac{\gamma}{\sqrt{\sigma^2 + \epsilon}}
        \left( dy - \overline{dy} - \hat x\, \overline{dy\, \hat x} \right)

    The bars are means over the batch: x moves the mean and the variance too, and these two terms are
    how. In inference mean and variance are fixed, and the terms fall away.

    Parameters
    ----------
    dy : array_like of float, shape (rows, features)
        dLoss/dy. Under an upstream gradient of ones dx is 0 whatever the code does: test with random ones.
    cache : BatchCache

    Returns
    -------
    dx : ndarray, shape (rows, features)
    dgamma, dbeta : ndarray, shape (features,)

    Raises
    ------
    TypeError, ValueError
        When ``dy`` has another shape than the output or does not hold finite numbers.
    """
    if not isinstance(cache, BatchCache):
        raise TypeError("cache must be what batch_norm_forward returned as its second value.")
    return _batch_norm_backward(
        _check.array("dy", dy, shape=cache.normalized.shape, dtype=cache.normalized.dtype), cache
    )


def _batch_norm_backward(dy, cache):
    dgamma = np.sum(dy * cache.normalized, axis=0)
    dbeta = np.sum(dy, axis=0)
    scale = cache.gamma / cache.spread
    if not cache.from_batch:
        return dy * scale, dgamma, dbeta
    rows = len(dy)
    return scale * (dy - dbeta / rows - cache.normalized * (dgamma / rows)), dgamma, dbeta


class BatchNormalization(Layer):
    r"""Give every unit's output mean β and spread γ over the batch.

    .. math::

        y &= \gamma \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} + \beta \\
        moving &\leftarrow momentum \cdot moving + (1 - momentum) \cdot batch

    In training μ and σ² are the batch's own; in inference, the moving ones. A frozen layer
    (``trainable = False``) works as in inference, in training too.

    Parameters
    ----------
    momentum : float, at least 0 and at most 1
        How much of the *old* moving value is kept at each step.
    epsilon : float above 0
        Inside the root.

    Notes
    -----
    Four numbers a unit: ``params["gamma"]`` and ``params["beta"]`` are trained, ``state["moving_mean"]``
    and ``state["moving_variance"]`` are not. Decks D2 and D4. Ioffe and Szegedy 2015. Keras: ``BatchNormalization``.
    """

    def __init__(self, *, momentum=0.99, epsilon=1e-3):
        super().__init__()
        self.momentum = _check.number("momentum", momentum, at_least=0, at_most=1)
        self.epsilon = _check.number("epsilon", epsilon, above=0)

    def shapes(self, inputs):
        return {"gamma": (inputs,), "beta": (inputs,)}

    def _initialize(self, rng):
        self.params["gamma"] = np.ones(self.inputs)
        self.params["beta"] = np.zeros(self.inputs)
        self.state = {
            "moving_mean": np.zeros(self.inputs, self.dtype),
            "moving_variance": np.ones(self.inputs, self.dtype),
        }

    def _settings(self):
        return f"momentum={self.momentum:g}, epsilon={self.epsilon:g}"

    def _forward(self, x, training):
        self._x = x
        gamma, beta, state = self.params["gamma"], self.params["beta"], self.state
        if not (training and self.trainable):
            y, self._cache = _batch_norm_forward(
                x, gamma, beta, self.epsilon, state["moving_mean"], state["moving_variance"]
            )
            return y
        y, self._cache = _batch_norm_forward(x, gamma, beta, self.epsilon)
        for moving, batch in (("moving_mean", self._cache.mean), ("moving_variance", self._cache.variance)):
            state[moving] *= self.momentum
            state[moving] += batch * (1 - self.momentum)
        return y

    def _backward(self, dy, input_gradient=True):
        dx, self.grads["gamma"][...], self.grads["beta"][...] = _batch_norm_backward(dy, self._cache)
        return dx


def dropout_mask(shape, rate, rng):
    """Return a mask of True (kept) and False (dropped), each place dropped with probability ``rate``.

    Parameters
    ----------
    shape : tuple of int
    rate : float, at least 0 and below 1
        The share to drop.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of bool

    Raises
    ------
    TypeError, ValueError
        When ``rate`` is outside its range or ``rng`` is no Generator.
    """
    return _check.generator(rng).random(shape, dtype=np.float32) >= _check.number("rate", rate, at_least=0, below=1)


def dropout_forward(x, rate, *, mask=None, rng=None, inverted=True):
    r"""Drop a share of a batch's numbers, as in training.

    .. math:: y = \frac{mask \cdot x}{1 - rate} \quad \text{(inverted)}, \qquad y = mask \cdot x \quad \text{(lecture)}

    Parameters
    ----------
    x : array_like of float, any shape
    rate : float, at least 0 and below 1
        The share dropped (not the share kept).
    mask : array_like of 0 and 1, shape of x, optional
        Which numbers are kept. Without it, drawn from ``rng``.
    rng : numpy.random.Generator, needed without a mask
    inverted : bool
        True: scale what is kept by 1 / (1 - rate), so that the expected output is x and inference needs
        nothing. False: the lecture's version, where inference scales by the keep probability 1 - rate.

    Returns
    -------
    y : ndarray, shape of x
    cache : ndarray, shape of x
        What each number was multiplied by; for :func:`dropout_backward`.

    Raises
    ------
    TypeError, ValueError
        When ``rate`` is outside its range, the mask does not fit, or there is neither mask nor rng.

    Notes
    -----
    Deck D2 (which scales by p, the share dropped: an erratum). Srivastava et al. 2014. Keras: ``Dropout``.
    """
    x = _check.array("x", x)
    rate = _check.number("rate", rate, at_least=0, below=1)
    mask = dropout_mask(x.shape, rate, rng) if mask is None else _mask(mask, x.shape)
    return _dropout_forward(x, rate, mask, inverted)


def _dropout_forward(x, rate, mask, inverted):
    factor = mask.astype(x.dtype)
    if inverted:
        factor *= 1 / (1 - rate)
    return x * factor, factor


def dropout_backward(dy, cache):
    """Return dLoss/dx: the gradient passes where x passed, with the same factor.

    Parameters
    ----------
    dy : array_like of float, shape of x
        dLoss/dy.
    cache : ndarray
        The second value of :func:`dropout_forward`.

    Returns
    -------
    ndarray, shape of x
    """
    return _check.array("dy", dy, shape=np.shape(cache), dtype=cache.dtype) * cache


def _mask(mask, shape):
    mask = _check.array("mask", mask, shape=tuple(shape))
    if not np.isin(mask, (0, 1)).all():
        raise ValueError(f"mask must hold 0 (dropped) and 1 (kept) only; got {mask[~np.isin(mask, (0, 1))][0]:g}.")
    return mask.astype(bool)


class Dropout(Layer):
    r"""Drop a random share of the numbers that pass, anew in every training pass.

    Parameters
    ----------
    rate : float, at least 0 and below 1
        The share dropped.
    rng : numpy.random.Generator, optional
        Where the masks come from; without it, the network's.
    inverted : bool
        False: the lecture's version (see :func:`dropout_forward`): no scaling in training, times 1 - rate
        in inference.

    Attributes
    ----------
    mask : ndarray of bool or None
        The mask of the last training pass.
    fixed_mask : array_like of 0 and 1, shape (rows, inputs), or None
        Set it, and the next training passes use it in place of drawn ones.

    Notes
    -----
    Deck D2 and D4. Srivastava et al. 2014. Keras: ``Dropout``.
    """

    def __init__(self, rate, *, rng=None, inverted=True):
        super().__init__()
        self.rate = _check.number("rate", rate, at_least=0, below=1)
        self.rng = None if rng is None else _check.generator(rng)
        self.inverted = bool(inverted)
        self.mask = self.fixed_mask = None

    def _settings(self):
        return f"{self.rate:g}{'' if self.inverted else ', inverted=False'}"

    def _initialize(self, rng):
        self.rng = self.rng or rng

    def _forward(self, x, training):
        self._x = x
        if not training:
            self._factor = None if self.inverted else 1 - self.rate
            return x.copy() if self.inverted else x * self._factor
        if self.fixed_mask is not None:
            self.mask = _mask(self.fixed_mask, x.shape)
        else:
            self.mask = dropout_mask(x.shape, self.rate, self.rng)
        y, self._factor = _dropout_forward(x, self.rate, self.mask, self.inverted)
        return y

    def _backward(self, dy, input_gradient=True):
        if not input_gradient:
            return None
        return dy if self._factor is None else dy * self._factor


class Residual(Layer):
    r"""A block of layers with a bypass: its output is the block's output plus its input.

    .. math:: y = x + F(x)

    Whatever the block does to the gradient, the bypass hands it on whole:
    :math:`\partial L / \partial x = dy + (\partial F / \partial x)^T dy`.

    Parameters
    ----------
    layers : list of Layer
        The block F; it must put out as many numbers as it takes in.

    Notes
    -----
    ``params`` of the inner layers are named with their place, such as ``"1 kernel"``. Deck D4. He et al. 2015.
    """

    def __init__(self, layers):
        super().__init__()
        self.layers = list(layers)
        if not self.layers:
            raise ValueError("a residual block needs at least one layer; got an empty list.")

    @property
    def trainable(self):
        """False when every layer of the block is frozen. Setting it sets it for all of them."""
        return any(layer.trainable for layer in getattr(self, "layers", ()))

    @trainable.setter
    def trainable(self, value):
        for layer in getattr(self, "layers", ()):
            layer.trainable = value

    @property
    def state(self):
        """The untrained arrays of the inner layers, named like the parameters."""
        layers = enumerate(getattr(self, "layers", ()), start=1)
        return {f"{i} {name}": values for i, layer in layers for name, values in layer.state.items()}

    @state.setter
    def state(self, value):
        if value:
            raise AttributeError("the state of a residual block is that of its layers; set it there.")

    def leaves(self):
        return [
            (f"{i} {prefix}", leaf) for i, layer in enumerate(self.layers, start=1) for prefix, leaf in layer.leaves()
        ]

    def shapes(self, inputs):
        shapes = {}
        for i, (layer, width) in enumerate(zip(self.layers, self._widths(inputs)), start=1):
            shapes |= {f"{i} {name}": shape for name, shape in layer.shapes(width).items()}
        return shapes

    def output_size(self, inputs):
        out = self._widths(inputs)[-1]
        if out != inputs:
            raise ValueError(
                f"a residual block adds its input to its output, so both need the same size; got {inputs} in and {out} "
                f"out. Give the last layer of the block {inputs} units."
            )
        return out

    def _initialize(self, rng):
        for layer, width, *storage in self._pieces():
            layer.build(width, rng=rng, dtype=self.dtype, storage=storage)

    def _bind(self, values, gradients):
        super()._bind(values, gradients)
        self._storage = values, gradients
        for layer, _, *storage in self._pieces():
            if layer.inputs:  # else it is yet to be built
                layer._bind(*storage)

    def _pieces(self):
        start = 0
        for layer, width in zip(self.layers, self._widths(self.inputs)):
            piece = slice(start, start + layer.size(width))
            yield layer, width, self._storage[0][piece], self._storage[1][piece]
            start = piece.stop

    def penalty(self):
        return sum(layer.penalty() for layer in self.layers)

    def constrain(self):
        for layer in self.layers:
            layer.constrain()

    def _add_penalty_gradients(self):
        for layer in self.layers:
            layer._add_penalty_gradients()

    def _settings(self):
        return repr(self.layers)

    def _widths(self, inputs):
        widths = [inputs]
        for layer in self.layers:
            widths.append(layer.output_size(widths[-1]))
        return widths

    def _forward(self, x, training):
        self._x = y = x
        for layer in self.layers:
            y = layer._forward(y, training)
        return x + y

    def _backward(self, dy, input_gradient=True):
        dx = dy
        for layer in self.layers[:0:-1]:
            dx = layer._backward(dx)
        dx = self.layers[0]._backward(dx, input_gradient)
        return dx + dy if input_gradient else None


def _named(activation):
    parameters = "".join(f", {name}={value!r}" for name, value in activation.parameters.items())
    return f"{activation.name!r}{parameters}"


def _views(vector, shapes):
    """Cut a vector into named arrays that share its memory."""
    views, start = Parameters(), 0
    for name, shape in shapes.items():
        stop = start + int(np.prod(shape))
        views.data[name] = vector[start:stop].reshape(shape)
        start = stop
    return views
