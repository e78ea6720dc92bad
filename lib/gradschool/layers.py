"""Layers: the parts that a network is made of.

A layer does two things. ``forward(x)`` turns a batch of rows into another batch of rows.
``backward(dy)`` takes dLoss/d(its output) and does two things in turn: it leaves dLoss/d(parameter)
in ``grads``, under the same keys as in ``params``, and returns dLoss/d(its input) for the layer
before it. Backward never changes a parameter: that is the optimizer's work.

Batch first: ``x`` has shape ``(rows, inputs)``, a kernel has shape ``(inputs, units)``.
"""

from collections import UserDict

import numpy as np

from gradschool import _check, activations, initializers


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
        shapes = self.shapes(inputs)
        size = sum(int(np.prod(shape)) for shape in shapes.values())
        values, gradients = storage or (np.zeros(size, dtype), np.zeros(size, dtype))
        self.params, self.grads = _views(values, shapes), _views(gradients, shapes)
        self._initialize(_check.generator(rng))
        return self

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

    def _initialize(self, rng):
        """Give the parameters their first values."""

    def _forward(self, x, training):
        raise NotImplementedError(f"{type(self).__name__} has no forward pass")

    def _backward(self, dy, input_gradient=True):
        """As ``backward``, unchecked. The first layer of a network skips the gradient of its input."""
        raise NotImplementedError(f"{type(self).__name__} has no backward pass")

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
    ):
        super().__init__()
        self.units = _check.whole("units", units, at_least=1)
        self.activation = activations.get(activation)
        self.use_bias = bool(use_bias)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)

    def shapes(self, inputs):
        kernel = {"kernel": (inputs, self.units)}
        return kernel | {"bias": (self.units,)} if self.use_bias else kernel

    def output_size(self, inputs):
        return self.units

    def net_input(self, x):
        """Return ``x W + b``: what each unit has summed up, before the activation function."""
        z = x @ self.params["kernel"]
        if self.use_bias:
            z += self.params["bias"]
        return z

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


def _views(vector, shapes):
    """Cut a vector into named arrays that share its memory."""
    views, start = Parameters(), 0
    for name, shape in shapes.items():
        stop = start + int(np.prod(shape))
        views.data[name] = vector[start:stop].reshape(shape)
        start = stop
    return views
