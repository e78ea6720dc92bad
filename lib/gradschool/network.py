"""A network: layers in a row, their weights in one long vector."""

import json
import os
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from gradschool import _check, losses
from gradschool.optimizers import Optimizer, Tensor

FILE_FORMAT = "gradschool network 1"


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


@dataclass(frozen=True)
class Summary:
    """What a network is made of; printed, it is a table.

    Attributes
    ----------
    layers : list of (str, int, int, int)
        Of each layer: its description, outputs, parameters, and those of them that are trained.
    parameters, trainable, bytes : int
        The same, over all layers. Moving averages are parameters that are not trained.
    """

    layers: list
    parameters: int
    trainable: int
    bytes: int

    def __str__(self):
        head = ("layer", "outputs", "parameters", "trained")
        rows = [head, *((name, f"{out:,}", f"{count:,}", f"{trained:,}") for name, out, count, trained in self.layers)]
        widths = [max(len(row[i]) for row in rows) for i in range(4)]
        lines = [f"{r[0]:<{widths[0]}}  " + "  ".join(f"{c:>{w}}" for c, w in zip(r[1:], widths[1:])) for r in rows]
        lines.insert(1, "-" * len(lines[0]))
        lines.append(
            f"{self.parameters:,} parameters, {self.trainable:,} trained, {self.parameters - self.trainable:,} not; "
            f"{self.bytes:,} bytes"
        )
        return "\n".join(lines)

    __repr__ = __str__


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

        widths = [self.inputs]
        for layer in self.layers:
            widths.append(layer.output_size(widths[-1]))
        self.outputs = widths[-1]
        size = sum(layer.size(width) for layer, width in zip(self.layers, widths))
        self.weights, self.gradient = np.zeros(size, dtype), np.zeros(size, dtype)
        start = 0
        for layer, width in zip(self.layers, widths):
            piece = slice(start, start + layer.size(width))
            layer.build(width, rng=rng, dtype=dtype, storage=(self.weights[piece], self.gradient[piece]))
            start = piece.stop

    def __setstate__(self, state):
        # A copy has copied the vectors and the views into them one by one: tie them together again.
        self.__dict__.update(state)
        start = 0
        for layer in self.layers:
            piece = slice(start, start + layer.size(layer.inputs))
            layer._bind(self.weights[piece], self.gradient[piece])
            start = piece.stop

    @property
    def tensors(self):
        """Where each parameter lies in ``weights``: a list of :class:`~gradschool.optimizers.Tensor`, in order."""
        tensors, start = [], 0
        for name, leaf in self._leaves():
            for key, values in leaf.params.items():
                tensors.append(Tensor(slice(start, start + values.size), f"{name} {key}", leaf.trainable))
                start += values.size
        return tensors

    def step(self, optimizer):
        """Let an optimizer move the weights by one step along the gradients of the last backward pass.

        Frozen layers stay; afterwards constraints such as max-norm are applied.

        Parameters
        ----------
        optimizer : Optimizer

        Raises
        ------
        TypeError, ValueError
            When it is no optimizer, or has the state of another network.
        """
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"optimizer must be an Optimizer; got {optimizer!r}. Make one first, such as SGD(0.1).")
        optimizer._step(self.weights, self.gradient, self.tensors)
        for layer in self.layers:
            layer.constrain()

    def summary(self):
        """Return a :class:`Summary`: layers, outputs, parameters, how many are trained, and bytes."""
        rows, total = [], 0
        for number, layer in enumerate(self.layers, start=1):
            count = trained = 0
            for _, leaf in layer.leaves():
                sizes = sum(values.size for values in leaf.params.values())
                kept = sum(values.size for values in leaf.state.values())
                count, trained = count + sizes + kept, trained + (sizes if leaf.trainable else 0)
            total += count
            rows.append((f"{number} {layer!r}", layer.outputs, count, trained))
        return Summary(rows, total, sum(row[3] for row in rows), total * self.dtype.itemsize)

    def save(self, path, *, overwrite=False):
        """Write the weights, and the state of layers such as batch normalization, to an ``.npz`` file.

        Parameters
        ----------
        path : str or Path
            ``.npz`` is added if it is missing.
        overwrite : bool
            Whether a file that is there already may be replaced.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        FileExistsError
            When the file is there and ``overwrite`` is False.
        """
        path = _npz(path)
        if path.exists() and not overwrite:
            raise FileExistsError(f"{path} exists already. Choose another name, or save with overwrite=True.")
        # Written beside it and then renamed: an interruption leaves the old file whole.
        partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
        try:
            with open(partial, "wb") as file:
                np.savez(file, about=json.dumps(self._about()), weights=self.weights, **self._states())
            os.replace(partial, path)
        finally:
            partial.unlink(missing_ok=True)
        return path

    def load(self, path):
        """Read weights and states that :meth:`save` wrote for a network with the same layers.

        Parameters
        ----------
        path : str or Path

        Returns
        -------
        Sequential
            Itself. When anything is wrong with the file, nothing has changed.

        Raises
        ------
        FileNotFoundError
            When there is no such file.
        ValueError
            When it is no file of this kind, is damaged, or belongs to a network with other layers.
        """
        path = _npz(path)
        if not path.is_file():
            raise FileNotFoundError(f"there is no file {path}. Save a network there first.")
        try:
            with np.load(path, allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            about = json.loads(str(arrays.pop("about")))
            if about["format"] != FILE_FORMAT:
                raise KeyError("format")
        except (ValueError, KeyError, TypeError, AttributeError, OSError, EOFError, zipfile.BadZipFile) as error:
            raise ValueError(f"{path} is not a network saved by Sequential.save, or it is damaged.") from error
        self._must_fit(path, about)
        ours = {"weights": self.weights} | self._states()
        try:
            read = {name: _check.array(name, arrays[name], shape=ours[name].shape, dtype=self.dtype) for name in ours}
        except (KeyError, ValueError, TypeError) as error:
            raise ValueError(f"{path} is damaged: {error}") from error
        for name, values in read.items():
            ours[name][...] = values
        return self

    def _leaves(self):
        return [
            (f"{number} {prefix}".rstrip(), leaf)
            for number, layer in enumerate(self.layers, start=1)
            for prefix, leaf in layer.leaves()
        ]

    def _states(self):
        return {f"{name} {key}": values for name, leaf in self._leaves() for key, values in leaf.state.items()}

    def _about(self):
        layers = [repr(layer) for layer in self.layers]
        return {"format": FILE_FORMAT, "inputs": self.inputs, "layers": layers, "dtype": self.dtype.name}

    def _must_fit(self, path, about):
        here = self._about()
        if about["inputs"] != here["inputs"]:
            raise ValueError(f"{path} holds a network for {about['inputs']} inputs; this one has {here['inputs']}.")
        if len(about["layers"]) != len(here["layers"]):
            raise ValueError(
                f"{path} holds a network of {len(about['layers'])} layers; this one has {len(here['layers'])}."
            )
        for number, (theirs, ours) in enumerate(zip(about["layers"], here["layers"]), start=1):
            if theirs != ours:
                raise ValueError(f"{path} holds another network: its layer {number} is {theirs}, here it is {ours}.")

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

        The penalties of regularizers are part of the loss, and their gradients of the gradients.

        Parameters
        ----------
        x : array_like of float, shape (rows, inputs)
        y : array_like, as the loss wants its targets
            Numbers of shape (rows, outputs), or (rows,) for one output; labels of shape (rows,) for a sparse loss.
        loss : str or Loss

        Returns
        -------
        float
            The loss before any step.
        """
        x = _check.array("x", x, shape=(None, self.inputs), dtype=self.dtype)
        loss = losses.get(loss)
        y = loss.check_targets(y, (len(x), self.outputs), self.dtype)
        return self._loss_and_gradients(x, y, loss)[0]

    def trace(self, x, y=None, loss=None):
        """Return what every layer saw and said, as a list of :class:`LayerTrace`.

        Parameters
        ----------
        x : array_like of float, shape (rows, inputs)
        y : array_like, as the loss wants its targets, optional
            With targets the pass goes backward too.
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
        loss = losses.get(loss)
        _, error = loss.value_and_gradient(loss.check_targets(y, x.shape, self.dtype), x)
        for record in reversed(records):
            record.error = error
            if record.net is not None:
                record.delta = record.layer.activation.backward(error, record.layer._kept)
            error = record.layer._backward(error)
            record.grads = {name: grad.copy() for name, grad in record.layer.grads.items()}
        return records

    def _loss_and_gradients(self, x, y, loss):
        """As ``loss_and_gradients``, unchecked; returns the loss and the prediction."""
        prediction = self._forward(x, training=True)
        value, dy = loss.value_and_gradient(y, prediction)
        self._backward(dy)
        for layer in self.layers:
            value += layer.penalty()
            layer._add_penalty_gradients()
        return float(value), prediction

    def _forward(self, x, training):
        for layer in self.layers:
            x = layer._forward(x, training)
        return x

    def _backward(self, dy, input_gradient=False):
        for layer in self.layers[:0:-1]:
            dy = layer._backward(dy)
        return self.layers[0]._backward(dy, input_gradient)


def _npz(path):
    path = Path(path)
    return path if path.suffix == ".npz" else path.with_name(path.name + ".npz")
