"""Figures of lesson 09: three paths on one surface, and a map of learning rate and batch size."""

import functools

import numpy as np

from .. import datasets, training
from ..layers import Dense
from ..network import Sequential
from ..optimizers import SGD
from . import palette
from .picture import show, subplots
from .playground import Playground, button, choice, slider

# --- Three paths on one surface --------------------------------------------------------------------------------------

ROWS = 40
START = (-1.6, 2.4)
METHODS = ("batch", "mini-batch", "stochastic")


@functools.cache
def line_data():
    """Return x (standardized) and y of 40 points around a line of slope 1.5 and height -0.5."""
    rng = np.random.default_rng(9)
    x = rng.normal(size=ROWS)
    x = (x - x.mean()) / x.std()
    return x, 1.5 * x - 0.5 + rng.normal(0, 0.9, ROWS)


def line_loss(w, b):
    """Return the mean squared error of the line w x + b; ``w`` and ``b`` may be arrays of one shape."""
    x, y = line_data()
    return np.mean((np.asarray(w)[..., None] * x + np.asarray(b)[..., None] - y) ** 2, axis=-1)


def descend(batch_size, rate, epochs, seed):
    """Return the places (w, b) after 0, 1, ... updates of gradient descent with batches of this size."""
    x, y = line_data()
    rng, at = np.random.default_rng(seed), np.array(START)
    path = [at]
    for _ in range(epochs):
        for rows in training.batches(ROWS, batch_size, rng=rng):
            miss = at[0] * x[rows] + at[1] - y[rows]
            at = at - rate * np.array([2 * np.mean(miss * x[rows]), 2 * np.mean(miss)])
            at = np.clip(at, -1e6, 1e6)
            path.append(at)
    return np.array(path)


class ThreePaths(Playground):
    """Batch, mini-batch and stochastic gradient descent on one loss."""

    title = "Left, the paths of batch, mini-batch and stochastic gradient descent; right, their losses"
    size = (760, 400)

    def make_controls(self):
        return {
            "rate": slider("learning rate", 0.1, 0.01, 1.2, 0.01),
            "batch_size": slider("mini-batch size", 8, 2, 39),
            "epochs": slider("epochs", 5, 1, 20),
            "against": choice("losses against", ["updates", "epochs"], "updates"),
            "shuffle": button("Shuffle again", self.reshuffle),
        }

    def restart(self):
        self.seed = 0

    def reshuffle(self):
        self.seed += 1

    def build(self, figure):
        # placed by hand: the layout engine would shift them a little each time the ticks change
        axes, curves = (figure.add_axes((left, 0.14, 0.41, 0.82)) for left in (0.075, 0.575))
        w, b = np.meshgrid(np.linspace(-3, 4, 141), np.linspace(-3, 3, 121))
        axes.contourf(w, b, np.log10(line_loss(w, b)), levels=18, cmap=palette.surface, alpha=0.55)
        axes.set(xlabel="slope w", ylabel="intercept b", xlim=(-3, 4), ylim=(-3, 3))
        axes.grid(False)
        curves.set(xlabel="updates", ylabel="loss of all rows", xscale="log", yscale="log", ylim=(0.3, 100))
        self.curve_axes, self.paths, self.losses = curves, {}, {}
        for name, role in zip(reversed(METHODS), (palette.vermilion, palette.purple, palette.black)):
            thin = role.line | {"linewidth": 2.4 if name == "batch" else 1.3}
            (self.paths[name],) = axes.plot([], [], marker=role.marker, markersize=4, **thin)
            (self.losses[name],) = curves.plot([], [], label=name, **thin)
        curves.legend(loc="upper right")
        self.across = None
        return [*self.paths.values(), *self.losses.values()]

    def compute(self, rate, batch_size, epochs, against):
        sizes = dict(zip(METHODS, (ROWS, batch_size, 1)))
        paths = {name: descend(size, rate, epochs, self.seed) for name, size in sizes.items()}
        losses = {name: line_loss(*np.clip(path, -1e3, 1e3).T) for name, path in paths.items()}
        return {"paths": paths, "losses": losses, "epochs": epochs, "against": against}

    def draw(self, data):
        for name, path in data["paths"].items():
            self.paths[name].set_data(*np.clip(path, -40, 40).T)
            updates = np.arange(len(path))
            across = updates if data["against"] == "updates" else updates * data["epochs"] / (len(path) - 1)
            self.losses[name].set_data(across[1:], np.clip(data["losses"][name][1:], 1e-3, 1e6))
        if data["against"] != self.across:
            self.across = data["against"]
            unit = 1 if self.across == "updates" else ROWS
            self.curve_axes.set(xlabel=self.across, xlim=(0.9 / unit, 20 * ROWS / unit))
            self.redraw_all()

    def describe(self, data):
        said = ", ".join(
            f"{name} {len(data['paths'][name]) - 1} updates, loss {data['losses'][name][-1]:.3f}" for name in METHODS
        )
        return f"After {data['epochs']} epochs of {ROWS} rows: {said}. The lowest loss possible is {LOWEST:.3f}."


LOWEST = float(line_loss(*np.polyfit(*line_data(), 1)))

# --- A map of learning rate and batch size ---------------------------------------------------------------------------

RATES = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
SIZES = (1, 4, 16, 40, 100, 200)
MAP_EPOCHS = 8


@functools.cache
def trained(rate, batch_size, epochs=MAP_EPOCHS):
    """Train a small network on the two moons; return the loss of every step and the mean loss of every epoch."""
    x, y = datasets.moons(200, noise=0.2, rng=np.random.default_rng(5))
    network = Sequential([Dense(8, "tanh"), Dense(1)], inputs=2, rng=np.random.default_rng(2))
    history = training.fit(
        network,
        x,
        y,
        loss="binary_crossentropy_from_logits",
        optimizer=SGD(rate),
        epochs=epochs,
        batch_size=batch_size,
        rng=np.random.default_rng(3),
    )
    return np.array(history.step_losses), np.array(history["loss"])


@functools.cache
def final_losses():
    """Return the mean loss of the last epoch for every batch size (rows) and learning rate (columns)."""
    return np.array([[trained(rate, size)[1][-1] for rate in RATES] for size in SIZES])


class RateBatchMap(Playground):
    """The loss after eight epochs for each learning rate and batch size, and the loss curve of the chosen cell."""

    title = "Left, the loss after eight epochs for each learning rate and batch size; right, the loss curve of one cell"
    size = (760, 400)

    def make_controls(self):
        return {
            "rate": choice("learning rate", {f"{rate:g}": i for i, rate in enumerate(RATES)}, 2),
            "batch_size": choice("batch size", {str(size): i for i, size in enumerate(SIZES)}, 2),
        }

    def build(self, figure):
        self.map_axes, curve = figure.subplots(1, 2, gridspec_kw={"width_ratios": [1.1, 1]})
        losses = final_losses()
        self.map_axes.imshow(np.log10(losses), origin="lower", aspect="auto", cmap=palette.surface)
        for (row, column), value in np.ndenumerate(losses):
            ink = "white" if value < np.sqrt(losses.min() * losses.max()) else "black"
            self.map_axes.text(column, row, f"{value:.2f}", ha="center", va="center", fontsize=9, color=ink)
        self.map_axes.set(xlabel="learning rate", ylabel="batch size")
        self.map_axes.set_xticks(range(len(RATES)), [f"{rate:g}" for rate in RATES])
        self.map_axes.set_yticks(range(len(SIZES)), [str(size) for size in SIZES])
        self.map_axes.grid(False)
        (self.frame,) = self.map_axes.plot([], [], color=palette.accent, linewidth=3)
        curve.set(xlabel="epoch", ylabel="loss", yscale="log", xlim=(0, MAP_EPOCHS), ylim=(0.003, 30))
        (self.steps,) = curve.plot([], [], color=palette.muted, linewidth=0.8, label="each step, on its batch")
        (self.epochs,) = curve.plot([], [], marker="o", label="mean of the epoch", **palette.training.line)
        curve.legend(loc="lower left")
        return [self.frame, self.steps, self.epochs]

    def point(self, event, axes, x, y):
        if axes is self.map_axes:
            column, row = (int(np.clip(round(v), 0, len(of) - 1)) for v, of in ((x, RATES), (y, SIZES)))
            self.set(rate=column, batch_size=row)

    def compute(self, rate, batch_size):
        steps, epochs = trained(RATES[rate], SIZES[batch_size])
        return {"rate": rate, "size": batch_size, "steps": steps, "epochs": epochs}

    def draw(self, data):
        column, row = data["rate"], data["size"]
        self.frame.set_data(column + np.array([-0.5, 0.5, 0.5, -0.5, -0.5]), row + np.array([-0.5, -0.5, 0.5, 0.5, -0.5]))
        count = len(data["steps"])
        self.steps.set_data(np.arange(1, count + 1) * MAP_EPOCHS / count, np.maximum(data["steps"], 1e-4))
        self.epochs.set_data(np.arange(1, len(data["epochs"]) + 1), data["epochs"])

    def describe(self, data):
        losses = final_losses()
        best = RATES[int(losses[data["size"]].argmin())]
        return (
            f"Learning rate {RATES[data['rate']]:g}, batch size {SIZES[data['size']]}: {len(data['steps'])} updates, loss "
            f"{data['epochs'][-1]:.3f} in epoch {MAP_EPOCHS}. The best rate for this batch size is {best:g}."
        )


# --- Pictures that do not move ---------------------------------------------------------------------------------------


def step_losses(histories):
    """Draw the loss of every step for several runs by name, side by side."""
    figure, panels = subplots(1, len(histories), height=300, sharey=True, squeeze=False)
    roles = (palette.vermilion, palette.purple, palette.black)
    for axes, (name, history), role in zip(panels[0], histories.items(), roles):
        losses = np.array(history.step_losses)
        marker = role.marker if len(losses) < 20 else None
        axes.plot(np.linspace(0, history.epochs, len(losses)), losses, color=role, linewidth=1.2, marker=marker)
        axes.set(title=f"{name}: {len(losses):,} updates", xlabel="epoch", ylim=(0, 3))
    panels[0][0].set_ylabel("loss of the batch")
    ends = ", ".join(f"{name} {history['loss'][-1]:.3f}" for name, history in histories.items())
    show(figure, f"The loss of each step against the epoch: the smaller the batch, the wilder. In the last epoch: {ends}.")


def escape(paths, height):
    """Draw paths of a weight by name over the loss ``height(x)`` with two valleys."""
    figure, (left, right) = subplots(1, 2, gridspec_kw={"width_ratios": [1, 1.4]})
    x = np.linspace(-3.3, 3.3, 201)
    left.plot(height(x), x, color=palette.ink)
    left.set(xlabel="loss", ylabel="weight", ylim=(-3.3, 3.3))
    for (name, path), role in zip(paths.items(), (palette.black, palette.vermilion)):
        right.plot(path, label=name, **(role.line | {"linewidth": 1.2}))
    right.set(xlabel="update", ylim=(-3.3, 3.3))
    right.legend(loc="lower left")
    ends = ", ".join(f"{name} at {path[-1]:.2f}" for name, path in paths.items())
    show(figure, f"Left, a loss with a shallow valley near 1.8 and a deep one near -2.1; right, paths from 1.9. They end: {ends}.")


def three_paths():
    """Show batch, mini-batch and stochastic gradient descent on one loss."""
    return ThreePaths()


def rate_batch_map():
    """Show the loss for each learning rate and batch size."""
    return RateBatchMap()
