r"""Training: the loop around forward, backward and step.

::

    history = fit(network, x, y, loss="bce", optimizer=Adam(0.01), epochs=20, batch_size=32)

One *step* is one update of the weights, from one batch of rows. One *epoch* is as many steps as it takes
for every row to be used once. The batch size names the method: all rows are **batch** gradient descent, one
row **stochastic**, anything between **mini-batch**.

================  ==============================================  =========================================
Topic             Keras, and here                                 Elsewhere
================  ==============================================  =========================================
last batch        shorter, if the rows do not divide evenly       dropped
epoch loss        weighted by rows: a short last batch counts     mean of the batch means
                  less; measured during the epoch, as the
                  weights move; penalties included
validation        the *last* rows, split off before shuffling     a random share
shuffling         a new order every epoch: each row once          "pick a row at random" (decks D0, D4):
                                                                  ``shuffle="replacement"``; some rows twice,
                                                                  some never
                  (Keras 3.15 on TensorFlow shows the *same* order
                  in every epoch after
                  ``keras.utils.set_random_seed``; we never do)
early stopping    restores the best weights only if asked         always restores (here); pass
                                                                  ``restore_best_weights=False``
================  ==============================================  =========================================

Decks D0, D1 and D4.
"""

import contextlib
import math
import signal
import threading
import time
from dataclasses import dataclass, field

import numpy as np
from tqdm.auto import tqdm

from gradschool import _check, losses, optimizers


def batches(rows, batch_size, *, rng=None, shuffle=True):
    """Return the batches of one epoch: for each the indices of its rows.

    Parameters
    ----------
    rows : int, 1 or more
    batch_size : int, 1 or more
        The last batch is shorter when ``rows`` is no multiple of it.
    rng : numpy.random.Generator, needed unless ``shuffle`` is False
    shuffle : bool or "replacement"
        True: each row once, in random order. False: in the order they are in. ``"replacement"``: every
        row of every batch is drawn from all rows, so that some come twice and some never.

    Returns
    -------
    list of ndarray of int

    Examples
    --------
    >>> [len(batch) for batch in batches(400, 150, shuffle=False)]
    [150, 150, 100]
    """
    rows = _check.whole("rows", rows, at_least=1)
    batch_size = _check.whole("batch_size", batch_size, at_least=1)
    if not (isinstance(shuffle, bool) or shuffle == "replacement"):
        raise ValueError(f"shuffle must be True, False or 'replacement'; got {shuffle!r}.")
    if not shuffle:
        order = np.arange(rows)
    elif shuffle == "replacement":
        order = _check.generator(rng).integers(rows, size=rows)
    else:
        order = _check.generator(rng).permutation(rows)
    return [order[start : start + batch_size] for start in range(0, rows, batch_size)]


def accuracy(y_true, y_pred, *, threshold=0.5):
    """Return the share of rows that are answered correctly.

    Parameters
    ----------
    y_true : array_like
        For one output, labels 0 and 1 of shape (rows, 1) or (rows,). For more, one-hot rows of the shape
        of ``y_pred`` or class numbers of shape (rows,).
    y_pred : array_like of float, shape (rows, outputs)
    threshold : float
        For one output: above it the answer is 1. For logits use 0.

    Returns
    -------
    float
        From 0 to 1.

    Raises
    ------
    TypeError, ValueError
        When the shapes do not fit each other.
    """
    y_pred = _check.array("y_pred", y_pred, ndim=2)
    y_true = _check.array("y_true", y_true)
    if y_true.shape not in ((len(y_pred),), (len(y_pred), 1), y_pred.shape):
        raise ValueError(f"y_true must have one label or one row for each of {len(y_pred)} rows; got {y_true.shape}.")
    return _right(y_true, y_pred, threshold) / len(y_pred)


def _right(y_true, y_pred, threshold):
    """Return how many rows are right."""
    if y_pred.shape[1] == 1:
        return int(np.count_nonzero((y_pred[:, 0] > threshold) == (y_true.reshape(-1) > 0.5)))
    if y_true.shape == y_pred.shape:
        y_true = y_true.argmax(axis=1)
    return int(np.count_nonzero(y_pred.argmax(axis=1) == y_true.reshape(-1)))


class EarlyStopping:
    """Stop when a measure has not improved for some epochs, and go back to the best weights.

    Parameters
    ----------
    monitor : str
        What to watch: ``"val_loss"``, ``"loss"``, ``"val_accuracy"`` or another key of the history. Losses
        are to fall, everything else is to rise.
    patience : int, 0 or more
        Stop after this many epochs without improvement (0 stops at the first).
    min_delta : float, 0 or more
        Less than this is no improvement.
    restore_best_weights : bool
        Whether to go back to the weights of the best epoch at the end.

    Notes
    -----
    Deck D4. Keras: ``EarlyStopping``, which restores only if asked.
    """

    def __init__(self, monitor="val_loss", *, patience=0, min_delta=0.0, restore_best_weights=True):
        self.monitor = monitor
        self.patience = _check.whole("patience", patience)
        self.min_delta = _check.number("min_delta", min_delta, at_least=0)
        self.restore_best_weights = bool(restore_best_weights)

    def _begin(self):
        self.best, self.best_epoch, self.waited, self._kept = math.inf, 0, 0, None

    def _after_epoch(self, epoch, history, network):
        """Return whether to stop."""
        value = _check.one_of("quantity to monitor", self.monitor, history.values)[-1]
        value = value if self.monitor.endswith("loss") else -value
        if value < self.best - self.min_delta:
            self.best, self.best_epoch, self.waited = value, epoch, 0
            if self.restore_best_weights:
                self._kept = network.weights.copy(), {name: s.copy() for name, s in network._states().items()}
            return False
        self.waited += 1
        return self.waited >= max(self.patience, 1)

    def _restore(self, network):
        if self._kept is None:
            return
        network.weights[...] = self._kept[0]
        for name, values in network._states().items():
            values[...] = self._kept[1][name]


@dataclass
class History:
    """What happened in a call of :func:`fit`.

    Attributes
    ----------
    values : dict of str to list of float
        One number an epoch: ``"loss"``, each metric, and the same with ``val_`` in front. Also as
        ``history["loss"]``.
    step_losses : list of float
        The loss of every step.
    steps : int
        Updates of the weights.
    seconds : float
    stopped : str
        Why training ended before its last epoch, as a sentence; empty if it did not.
    best_epoch : int or None
        With early stopping: the best epoch, from 1.
    """

    values: dict = field(default_factory=dict)
    step_losses: list = field(default_factory=list)
    steps: int = 0
    seconds: float = 0.0
    stopped: str = ""
    best_epoch: int | None = None

    def __getitem__(self, name):
        return _check.one_of("quantity", name, self.values)

    @property
    def epochs(self):
        """How many epochs were finished."""
        return len(self.values.get("loss", ()))

    def _add(self, logs):
        for name, value in logs.items():
            self.values.setdefault(name, []).append(value)

    def __repr__(self):
        last = ", ".join(f"{name} {values[-1]:.4g}" for name, values in self.values.items())
        text = f"{self.epochs} epochs, {self.steps} steps, {self.seconds:.1f} s{': ' + last if last else ''}"
        return f"{text}. {self.stopped}".rstrip() if self.stopped else text


def fit(
    network,
    x,
    y,
    *,
    loss,
    optimizer,
    epochs=1,
    batch_size=32,
    rng=None,
    shuffle=True,
    validation_split=0.0,
    validation_data=None,
    metrics=(),
    early_stopping=None,
    on_step=None,
    on_epoch=None,
    progress=False,
):
    """Train a network: for every batch, predict, measure the loss, go backward, take a step.

    The weights change in place. Calling it again goes on where it stopped; so does the optimizer.

    Parameters
    ----------
    network : Sequential
    x : array_like of float, shape (rows, inputs)
    y : array_like, as the loss wants its targets
    loss : str or Loss
    optimizer : str or Optimizer
    epochs : int, 0 or more
    batch_size : int, 1 or more, or None
        None: all rows (batch gradient descent). 1: stochastic. Anything between: mini-batch.
    rng : numpy.random.Generator, optional
        For the order of the rows; seed 0 when left out.
    shuffle : bool or "replacement"
        As in :func:`batches`.
    validation_split : float, at least 0 and below 1
        The share of rows, from the end, that is measured after each epoch and not trained on.
    validation_data : pair (x, y), optional
        Rows to be measured after each epoch, in place of a split.
    metrics : str, callable, or list of them
        ``"accuracy"``, or functions of ``(y_true, y_pred)`` that return the mean over the rows.
    early_stopping : EarlyStopping, optional
        It restores the best weights also when training was interrupted or diverged.
    on_step, on_epoch : callable, optional
        Called after each step as ``on_step(network, loss)``, after each epoch as ``on_epoch(network, history)``.
    progress : bool
        Whether to show a bar (tqdm) that counts epochs.

    Returns
    -------
    History
        Also when it was interrupted (the stop button, Ctrl-C): then what happened so far, and the weights
        are those after the last whole step. When the loss stops being a finite number, training ends,
        prints why, and leaves the weights from which that loss came.

    Raises
    ------
    TypeError, ValueError
        When an argument does not fit; nothing has been trained then.
    """
    loss, optimizer = losses.get(loss), optimizers.get(optimizer)
    x = _check.array("x", x, shape=(None, network.inputs), dtype=network.dtype)
    y = loss.check_targets(y, (len(x), network.outputs), network.dtype)
    epochs = _check.whole("epochs", epochs)
    metrics = _metrics(metrics, loss)
    validation_split = _check.number("validation_split", validation_split, at_least=0, below=1)
    if validation_split and validation_data is not None:
        raise ValueError("give validation_split or validation_data, not both.")
    if early_stopping is not None and not isinstance(early_stopping, EarlyStopping):
        raise TypeError(f"early_stopping must be an EarlyStopping; got {early_stopping!r}. Use EarlyStopping(patience=5).")
    validation = None
    if validation_split:
        rows = int(len(x) * (1 - validation_split))
        if rows in (0, len(x)):
            raise ValueError(
                f"validation_split={validation_split:g} of {len(x)} rows leaves {rows} to train and {len(x) - rows} to "
                "validate; both need at least one."
            )
        validation, x, y = (x[rows:], y[rows:]), x[:rows], y[:rows]
    elif validation_data is not None:
        validation = _pair("validation_data", validation_data, network, loss)
    batch_size = len(x) if batch_size is None else _check.whole("batch_size", batch_size, at_least=1)
    rng = np.random.default_rng(0) if rng is None else _check.generator(rng)
    batches(1, 1, rng=rng, shuffle=shuffle)
    if early_stopping:
        _must_be_measured(early_stopping.monitor, metrics, validation)
        early_stopping._begin()

    history, start = History(), time.perf_counter()
    gather = _Gatherer(x, y, batch_size, shuffle)
    with _interruptible() as interrupted, _bar(epochs, progress) as bar, np.errstate(over="ignore", invalid="ignore"):
        try:
            for epoch in range(1, epochs + 1):
                sums = dict.fromkeys(["loss", *metrics], 0.0)
                for rows in batches(len(x), batch_size, rng=rng, shuffle=shuffle):
                    if interrupted:
                        raise KeyboardInterrupt
                    x_batch, y_batch = gather(rows)
                    value, prediction = _gradients(network, x_batch, y_batch, loss, optimizer)
                    if not math.isfinite(value):
                        raise _Diverged(f"step {history.steps + 1} (epoch {epoch}): the loss is {value}.")
                    network.step(optimizer)
                    history.steps += 1
                    history.step_losses.append(value)
                    sums["loss"] += value * len(rows)
                    for name, metric in metrics.items():
                        sums[name] += metric(y_batch, prediction) * len(rows)
                    if on_step:
                        on_step(network, value)
                logs = {name: total / len(x) for name, total in sums.items()}
                if not np.isfinite(network.weights).all():
                    raise _Diverged(f"step {history.steps} (epoch {epoch}): a weight is no longer a finite number.")
                if validation:
                    measured = _evaluate(network, *validation, loss, metrics, max(batch_size, 256))
                    logs |= {f"val_{name}": value for name, value in measured.items()}
                history._add(logs)
                bar(logs)
                enough = early_stopping and early_stopping._after_epoch(epoch, history, network)
                if on_epoch:
                    on_epoch(network, history)
                if enough:
                    history.stopped = (
                        f"Stopped early: {early_stopping.monitor} was best in epoch {early_stopping.best_epoch} of {epoch}."
                    )
                    break
        except KeyboardInterrupt:
            history.stopped = f"Interrupted after {history.epochs} epochs and {history.steps} steps."
        except _Diverged as diverged:
            history.stopped = (
                f"Training stopped at {diverged} The learning rate is {optimizer.rate:g}: try a smaller one, clip the "
                "gradients, or scale the data."
            )
    if early_stopping and early_stopping.best_epoch:
        history.best_epoch = early_stopping.best_epoch
        early_stopping._restore(network)
    if history.stopped and not history.stopped.startswith("Stopped early"):
        print(history.stopped)
    history.seconds = time.perf_counter() - start
    return history


def evaluate(network, x, y, *, loss, metrics=(), batch_size=256):
    """Return the loss and the metrics on some rows, in inference mode.

    Parameters
    ----------
    network : Sequential
    x : array_like of float, shape (rows, inputs)
    y : array_like, as the loss wants its targets
    loss : str or Loss
    metrics : str, callable, or list of them
        As in :func:`fit`.
    batch_size : int, 1 or more
        Rows at a time, to save memory; the result does not depend on it.

    Returns
    -------
    dict of str to float
        ``"loss"`` and each metric, means over the rows. Penalties are included in the loss, as in Keras.

    Raises
    ------
    TypeError, ValueError
        When an argument does not fit.
    """
    loss = losses.get(loss)
    x, y = _pair("x and y", (x, y), network, loss)
    return _evaluate(network, x, y, loss, _metrics(metrics, loss), _check.whole("batch_size", batch_size, at_least=1))


class _Diverged(Exception):
    """The loss or a weight is no longer a finite number."""


class _Gatherer:
    """Copies the rows of a batch into memory that is used again for the next."""

    def __init__(self, x, y, batch_size, shuffle):
        self.x, self.y = x, y
        batch_size = min(batch_size, len(x))
        # When every row is in the batch, their order does not matter: no copy.
        self.all_rows = batch_size == len(x) and shuffle != "replacement"
        if not self.all_rows:
            self.x_batch = np.empty((batch_size, *x.shape[1:]), x.dtype)
            self.y_batch = np.empty((batch_size, *y.shape[1:]), y.dtype)

    def __call__(self, rows):
        if self.all_rows:
            return self.x, self.y
        x, y = self.x_batch[: len(rows)], self.y_batch[: len(rows)]
        # The indices are in range; "clip" spares numpy a copy of the output.
        np.take(self.x, rows, axis=0, out=x, mode="clip")
        np.take(self.y, rows, axis=0, out=y, mode="clip")
        return x, y


def _gradients(network, x, y, loss, optimizer):
    """Return loss and prediction, and leave the gradients in the network, at the point the optimizer asks for."""
    if not isinstance(optimizer, optimizers.Nesterov):
        return network._loss_and_gradients(x, y, loss)
    here = network.weights.copy()
    network.weights[...] = optimizer.look_ahead(here)
    try:
        return network._loss_and_gradients(x, y, loss)
    finally:
        network.weights[...] = here


def _evaluate(network, x, y, loss, metrics, batch_size):
    sums = dict.fromkeys(["loss", *metrics], 0.0)
    for start in range(0, len(x), batch_size):
        x_batch, y_batch = x[start : start + batch_size], y[start : start + batch_size]
        prediction = network._forward(x_batch, False)
        value, _ = loss.value_and_gradient(y_batch, prediction)
        sums["loss"] += float(value) * len(x_batch)
        for name, metric in metrics.items():
            sums[name] += metric(y_batch, prediction) * len(x_batch)
    means = {name: total / len(x) for name, total in sums.items()}
    means["loss"] += sum(layer.penalty() for layer in network.layers)
    return means


def _metrics(metrics, loss):
    """Return a dict from name to unchecked function of (y_true, y_pred)."""
    threshold = 0.0 if loss.from_logits else 0.5
    found = {}
    for metric in [metrics] if isinstance(metrics, str) or callable(metrics) else metrics:
        if callable(metric):
            found[getattr(metric, "__name__", type(metric).__name__)] = metric
        else:
            _check.one_of("metric", metric, ["accuracy"])
            found["accuracy"] = lambda y_true, y_pred: _right(y_true, y_pred, threshold) / len(y_pred)
    if "loss" in found:
        raise ValueError("a metric must not be named 'loss': the history has that name already.")
    return found


def _pair(name, pair, network, loss):
    try:
        x, y = pair
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be a pair (x, y).") from None
    x = _check.array("x", x, shape=(None, network.inputs), dtype=network.dtype)
    return x, loss.check_targets(y, (len(x), network.outputs), network.dtype)


def _must_be_measured(monitor, metrics, validation):
    names = ["loss", *metrics]
    names += [f"val_{name}" for name in names] if validation else []
    if monitor not in names:
        hint = " Give validation_split or validation_data." if str(monitor).startswith("val_") and not validation else ""
        raise ValueError(f"early stopping watches {monitor!r}, which is not measured; measured: {', '.join(names)}.{hint}")


@contextlib.contextmanager
def _interruptible():
    """Turn the first Ctrl-C (or stop button) into an entry of a list, so that no step is cut in half."""
    asked = []
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return
    before = signal.getsignal(signal.SIGINT) or signal.default_int_handler

    def ask(number, frame):
        asked.append(True)
        signal.signal(signal.SIGINT, before)  # a second one interrupts at once

    signal.signal(signal.SIGINT, ask)
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, before)


@contextlib.contextmanager
def _bar(epochs, progress):
    """Give a function that reports an epoch's numbers to a progress bar, or to nobody."""
    if not progress:
        yield lambda logs: None
        return
    with tqdm(total=epochs, unit="epoch") as bar:

        def report(logs):
            bar.set_postfix({name: f"{value:.4g}" for name, value in logs.items()})
            bar.update()

        yield report
