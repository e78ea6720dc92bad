"""A network: layers in a row, their weights in one long vector."""

from dataclasses import dataclass, field

import numpy as np

from gradschool import _check, losses


@dataclass
class LayerTrace:
    """What one layer saw and said in a pass: the numbers that you would write on the blackboard.

    Attributes
    ----------
    layer : Layer
    input, output : ndarray, shape (rows, ...)
    net : ndarray or None
        The net input x W + b, for layers that have one.
    error : ndarray or None
        dLoss/d(output), when targets were given.
    delta : ndarray or None
        dLoss/d(net input), when targets were given and the layer has a net input.
    grads : dict of str to ndarray
        dLoss/d(parameter), when targets were given.
    """

    layer: object
    input: np.ndarray
    output: np.ndarray
    net: np.ndarray | None = None
    error: np.ndarray | None = None
    delta: np.ndarray | None = None
    grads: dict = field(default_factory=dict)


class Sequential:
    """Layers in a row: the output of each is the input of the next.

    Parameters
    ----------
    layers : list of Layer
    inputs : int, 1 or more
        How many numbers a row of data has.
    rng : numpy.random.Generator, optional
        Where the first weights come from; seed 0 when left out.
    dtype : float64 (to compare numbers) or float32 (for speed)

    Attributes
    ----------
    weights, gradient : ndarray, shape (parameters,)
        All trainable parameters, and all their gradients, layer after layer. The arrays in each
        layer's ``params`` and ``grads`` are views into these two.

    Examples
    --------
    >>> network = Sequential([Dense(2, "sigmoid"), Dense(1)], inputs=3)
    >>> network.forward([[1.0, 2.0, 3.0]]).shape
    (1, 1)
    """

    def __init__(self, layers, *, inputs, rng=None, dtype=np.float64):
        self.layers = list(layers)
        if not self.layers:
            raise ValueError("a network needs at least one layer; got an empty list.")
        if len(set(map(id, self.layers))) < len(self.layers):
            raise ValueError("a layer occurs twice in the list; make one object for each place.")
        if np.dtype(dtype) not in (np.float32, np.float64):
            raise ValueError(f"dtype must be float32 or float64; got {np.dtype(dtype)}.")
        self.inputs = _check.whole("inputs", inputs, at_least=1)
        self.dtype = np.dtype(dtype)
        rng = np.random.default_rng(0) if rng is None else _check.generator(rng)

        widths, sizes = [inputs], []
        for layer in self.layers:
            sizes.append(sum(int(np.prod(shape)) for shape in layer.shapes(widths[-1]).values()))
            widths.append(layer.output_size(widths[-1]))
        self.weights = np.zeros(sum(sizes), dtype)
        self.gradient = np.zeros_like(self.weights)
        start = 0
        for layer, width, size in zip(self.layers, widths, sizes):
            piece = slice(start, start + size)
            layer.build(width, rng=rng, dtype=dtype, storage=(self.weights[piece], self.gradient[piece]))
            start += size
        self.outputs = widths[-1]

    def forward(self, x, *, training=False):
        """Return the prediction for a batch of rows.

        .. math:: a_0 = x, \\qquad a_l = layer_l(a_{l-1}), \\qquad \\hat y = a_L

        Parameters
        ----------
        x : array_like of float, shape (rows, inputs)
        training : bool
            Whether layers that act differently in training shall do so.

        Returns
        -------
        ndarray, shape (rows, outputs)

        Raises
        ------
        TypeError, ValueError
            When ``x`` has another shape or does not hold finite numbers.
        """
        return self._forward(_check.array("x", x, shape=(None, self.inputs), dtype=self.dtype), training)

    def backward(self, dy, *, input_gradient=False):
        """Fill every layer's ``grads`` from dLoss/d(prediction), last layer first. No weight changes.

        Parameters
        ----------
        dy : array_like of float, shape (rows, outputs)
            dLoss/d(prediction) for the rows of the last forward pass.
        input_gradient : bool
            Whether dLoss/d(data) is wanted too; training does not need it.

        Returns
        -------
        ndarray, shape (rows, inputs), or None
        """
        dy = _check.array("dy", dy, shape=(self.layers[-1]._rows(), self.outputs), dtype=self.dtype)
        return self._backward(dy, input_gradient)

    def loss_and_gradients(self, x, y, loss):
        """Run one pass forward and one backward in training mode; leave the gradients in the layers.

        Parameters
        ----------
        x : array_like of float, shape (rows, inputs)
        y : array_like of float, shape (rows, outputs)
            The targets.
        loss : str or Loss

        Returns
        -------
        float
            The loss before any step.
        """
        x = _check.array("x", x, shape=(None, self.inputs), dtype=self.dtype)
        y = _check.array("y", y, shape=(len(x), self.outputs), dtype=self.dtype)
        value, dy = losses.get(loss).value_and_gradient(y, self._forward(x, training=True))
        self._backward(dy)
        return float(value)

    def trace(self, x, y=None, loss=None):
        """Return what every layer saw and said, as a list of :class:`LayerTrace`.

        Parameters
        ----------
        x : array_like of float, shape (rows, inputs)
        y : array_like of float, shape (rows, outputs), optional
            Targets; with them the pass goes backward too.
        loss : str or Loss, needed with ``y``

        Returns
        -------
        list of LayerTrace
            Copies: later passes do not change them.
        """
        x = _check.array("x", x, shape=(None, self.inputs), dtype=self.dtype)
        records = []
        for layer in self.layers:
            net = layer.net_input(x) if hasattr(layer, "net_input") else None
            records.append(LayerTrace(layer, x.copy(), layer._forward(x, training=False).copy(), net))
            x = records[-1].output
        if y is None:
            return records
        if loss is None:
            raise ValueError("trace needs a loss to go backward from the targets; give one, such as loss='mse'.")
        y = _check.array("y", y, shape=x.shape, dtype=self.dtype)
        _, error = losses.get(loss).value_and_gradient(y, x)
        for record in reversed(records):
            record.error = error
            if record.net is not None:
                record.delta = record.layer.activation.backward(error, record.layer._kept)
            error = record.layer._backward(error)
            record.grads = {name: grad.copy() for name, grad in record.layer.grads.items()}
        return records

    def _forward(self, x, training):
        for layer in self.layers:
            x = layer._forward(x, training)
        return x

    def _backward(self, dy, input_gradient=False):
        for layer in self.layers[:0:-1]:
            dy = layer._backward(dy)
        return self.layers[0]._backward(dy, input_gradient)
