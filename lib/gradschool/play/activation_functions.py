"""Figures of lesson 04: an activation under a distribution you shape, and units that die in training."""

import time
from dataclasses import dataclass

import numpy as np

from .. import activations, datasets, initializers, scaling
from ..layers import Dense
from ..network import Sequential
from . import palette
from .playground import Playground, choice, slider

ELEMENTWISE = {name: row for name, row in activations.ACTIVATIONS.items() if name != "softmax"}
SATURATED = 0.01
"""A unit counts as saturated where its slope is smaller than this."""


# Measuring a row of the table


@dataclass(frozen=True)
class Measured:
    """What a pair of functions turned out to be."""

    slope_error: float
    low: float
    high: float
    reached: str
    continuity: str

    def matches(self, low, high, order):
        """Say whether range and order are these and the slope is right; an infinite end is one beyond 20."""

        def meets(found, wanted):
            return abs(found - wanted) < 0.01 if np.isfinite(wanted) else found * np.sign(wanted) > 20

        return bool(self.slope_error < 1e-6 and meets(self.low, low) and meets(self.high, high) and self.continuity == order)

    def __str__(self):
        return f"slope to {self.slope_error:.0e}, from {self.low:.3g} to {self.high:.3g}, {self.continuity}"


def measure(f, slope, kinks=(0.0,), span=300):
    """Measure the four columns of the table: formula against slope, range, order of continuity.

    Parameters
    ----------
    f, slope : callable
        Functions of an array.
    kinks : sequence of float
        Where the function may bend or jump.
    span : float
        The range is looked for between minus this and this.

    Returns
    -------
    Measured
        ``slope_error`` is the largest difference from central differences at least 0.01 away from every kink;
        ``reached`` names the finite ends, "low" or "high", that are taken on within 10 of 0; ``continuity`` is the lowest
        order found at the kinks: "C-1", "C0", "C1" or "Cinf" (no jump up to the third derivative's integral).
    """
    z = np.linspace(-4, 4, 1601)
    z = z[np.min(np.abs(z[:, None] - np.asarray(kinks)), axis=1) > 0.01]
    error = np.abs(slope(z) - (f(z + 1e-5) - f(z - 1e-5)) / 2e-5).max()
    far = np.unique(np.concatenate([np.linspace(-10, 10, 20001), [-span, span]]))
    near, values = f(far[np.abs(far) <= 10]), f(far)
    low, high = float(values.min()), float(values.max())
    reached = " ".join(name for name, end, found in (("low", low, near.min()), ("high", high, near.max())) if found == end)
    return Measured(float(error), low, high, reached, min((_order(f, slope, kink) for kink in kinks), key=ORDERS.index))


ORDERS = ["C-1", "C0", "C1", "Cinf"]


def _order(f, slope, kink, h=1e-6):
    sides = np.array([kink - h, kink + h])
    curve = (slope(sides + h / 4) - slope(sides - h / 4)) / (h / 2)
    jumps = [abs(np.diff(v)[0]) > 1e-3 for v in (f(sides), slope(sides), curve)]
    return ORDERS[jumps.index(True)] if True in jumps else "Cinf"


def five_questions(values=10_000, repeats=40):
    """Measure how near each activation comes to the ideal one: five questions, five numbers.

    Returns
    -------
    dict
        By name: ``bend`` (how far the outputs for net inputs from -3 to 3 lie from a straight line, as a share of their
        spread), ``order`` (of continuity), ``cost`` (time for 10,000 values, in times that of ReLU), ``mean`` (of
        the outputs for standard normal net inputs) and ``saturated`` (the share, for a spread of 5).
    """
    z = np.random.default_rng(0).normal(size=values)
    pair = np.linspace(-3, 3, 2001)

    def cost(row):
        times = []
        for _ in range(repeats):
            begun = time.perf_counter()
            row.function.unchecked(z, **row.parameters)
            times.append(time.perf_counter() - begun)
        return min(times)

    unit = cost(ELEMENTWISE["relu"])
    found = {}
    for name, row in ELEMENTWISE.items():
        output = row(np.repeat(pair[:, None], 2, axis=1))[:, 0]
        line = np.polyval(np.polyfit(pair, output, 1), pair)
        found[name] = {
            "bend": float(np.std(output - line) / np.std(output)),
            "order": row.continuity.split()[0],
            "cost": cost(row) / unit,
            "mean": under(name, 0.0, 1.0)["mean"],
            "saturated": under(name, 0.0, 5.0)["saturated"],
        }
    return found


# The lab


def under(name, mean, spread):
    """Return what an activation makes of net inputs that are normal with this mean and spread.

    Parameters
    ----------
    name : str
    mean, spread : float

    Returns
    -------
    dict
        ``saturated``: the share whose slope is below ``SATURATED``; ``mean`` and ``spread`` of the outputs; ``slope``: the
        mean slope. All from 8,001 points within six spreads, weighted by how likely they are.
    """
    row = ELEMENTWISE[name]
    steps = np.linspace(-6, 6, 8001)
    share = np.exp(-0.5 * steps**2)
    share /= share.sum()
    z = np.repeat((mean + spread * steps)[:, None], 2, axis=1)  # two columns: odd and even units of BReLU
    output, slope = row(z).mean(axis=1), row.prime(z).mean(axis=1)
    saturated = (np.abs(row.prime(z)) < SATURATED).mean(axis=1)
    center = float(share @ output)
    return {
        "saturated": float(share @ saturated),
        "mean": center,
        "spread": float(np.sqrt(share @ (output - center) ** 2)),
        "slope": float(share @ slope),
    }


class Lab(Playground):
    """Pick an activation and shape the net inputs that reach it."""

    title = "An activation and its slope, above the net inputs that reach it"
    size = (760, 400)
    reach = 8.0

    def make_controls(self):
        return {
            "name": choice("activation", list(ELEMENTWISE), "sigmoid"),
            "mean": slider("mean of the net inputs", 0.0, -6.0, 6.0, 0.1),
            "spread": slider("spread of the net inputs", 1.0, 0.1, 10.0, 0.1),
        }

    def point(self, event, axes, x, y):
        self.set(mean=round(float(np.clip(x, -6, 6)), 1))

    def build(self, figure):
        self.z = np.linspace(-self.reach, self.reach, 801)
        left, right = figure.subplots(1, 2)
        left.set(xlim=(-self.reach, self.reach), ylim=(-2.2, 4.2), xlabel="net input z", title="output f(z)")
        right.set(xlim=(-self.reach, self.reach), ylim=(-0.65, 1.65), xlabel="net input z", title="slope f'(z)")
        for axes in (left, right):
            axes.axhline(0, color=palette.muted, linewidth=1)
            axes.axvline(0, color=palette.muted, linewidth=1)
        (self.output,) = left.plot([], [], **palette.prediction.line)
        (self.slope,) = right.plot([], [], **palette.gradient.line)
        self.clouds, self.floors = [], []
        for axes, floor, height in ((left, -2.2, 1.6), (right, -0.65, 0.5)):
            self.clouds += axes.fill([], [], color=palette.muted, alpha=0.35, linewidth=0)
            self.floors.append((floor, height))
        (self.flat,) = right.fill([], [], facecolor=palette.accent, edgecolor=palette.ink, alpha=0.75, hatch="//", linewidth=0)
        return [*self.clouds, self.flat, self.output, self.slope]

    def compute(self, name, mean, spread):
        row = ELEMENTWISE[name]
        z = np.repeat(self.z[:, None], 2, axis=1)
        return {
            "name": name,
            "f": row(z)[:, 0],
            "slope": row.prime(z)[:, 0],
            "density": np.exp(-0.5 * ((self.z - mean) / spread) ** 2),
            "under": under(name, mean, spread),
            "z": (mean, spread),
        }

    def draw(self, data):
        self.output.set_data(self.z, data["f"])
        self.slope.set_data(self.z, data["slope"])
        for cloud, (floor, height) in zip(self.clouds, self.floors):
            cloud.set_xy(self._hill(floor, height * data["density"]))
        floor, height = self.floors[1]
        saturated = np.abs(data["slope"]) < SATURATED
        self.flat.set_xy(self._hill(floor, height * data["density"] * saturated))

    def _hill(self, floor, heights):
        """Return the outline of an area that stands on ``floor``."""
        ends = [self.z[0], self.z[-1]]
        return np.column_stack([[ends[0], *self.z, ends[1]], [floor, *(floor + heights), floor]])

    def describe(self, data):
        found, (mean, spread) = data["under"], data["z"]
        which = " (drawn: an even unit)" if data["name"] == "brelu" else ""
        return (
            f"{data['name']}{which}, net inputs with mean {mean:.1f} and spread {spread:.1f}: {found['saturated']:.1%} saturated "
            f"(slope below {SATURATED}); outputs have mean {found['mean']:.3f} and spread {found['spread']:.3f}; "
            f"the mean slope is {found['slope']:.3f}."
        )


# Units that die

UNITS = 30
EPOCHS = 300


def points():
    """Return two moons with both columns between 0 and 1: data that nobody has centered."""
    x, y = datasets.moons(200, noise=0.1, rng=np.random.default_rng(0))
    return scaling.min_max(x).transform(x), y


def alive(network, x):
    """Return, for each hidden unit, the share of rows for which its slope is not 0."""
    trace = network.trace(x)[0]
    return np.mean(trace.layer.activation.prime(trace.net) != 0, axis=0)


def train(activation="relu", learning_rate=3.0, bias=0.0, seed=0, epochs=EPOCHS, every=10):
    """Train a 2-30-1 network on :func:`points` by plain gradient descent and watch its hidden units.

    Parameters
    ----------
    activation : str
        Of the hidden units.
    learning_rate, bias : float
        ``bias`` is where the hidden units' biases start. Their weights start small: normal, spread 0.01.
    seed : int
    epochs, every : int
        Data is yielded before the first epoch and after each ``every``.

    Yields
    ------
    dict
        ``epochs``, ``dead`` (shares) and ``loss`` so far as lists, ``alive`` of each unit now, ``accuracy`` now.
    """
    x, y = points()
    start = initializers.get("random_normal", stddev=0.01)
    hidden = Dense(UNITS, activation, kernel_initializer=start, bias_initializer=initializers.get("constant", value=bias))
    network = Sequential([hidden, Dense(1)], inputs=2, rng=np.random.default_rng(seed))
    seen, dead, losses = [], [], []
    for epoch in range(epochs + 1):
        loss = network.loss_and_gradients(x, y, "binary_crossentropy_from_logits")
        if epoch % every == 0:
            living = alive(network, x)
            seen.append(epoch)
            dead.append(float(np.mean(living == 0)))
            losses.append(loss)
            right = float(np.mean((network.forward(x)[:, 0] > 0) == y))
            yield {"epochs": list(seen), "dead": list(dead), "loss": list(losses), "alive": living, "accuracy": right}
        network.weights -= learning_rate * network.gradient


def dead_share(seeds=range(6), **settings):
    """Return the share of hidden units that are dead after training, on average over ``seeds``."""
    ends = []
    for seed in seeds:
        *_, last = train(seed=seed, every=EPOCHS, **settings)
        ends.append(last["dead"][-1])
    return float(np.mean(ends))


class DeadUnits(Playground):
    """Count the units that no row wakes any more, epoch by epoch."""

    title = "The share of dead hidden units during training, and how many rows each unit answers to"
    size = (760, 380)
    animated = True

    def make_controls(self):
        return {
            "activation": choice("activation", ["relu", "leaky_relu", "elu", "silu"], "relu"),
            "rate": slider("learning rate", 3.0, 0.1, 4.0, 0.1),
            "bias": slider("first bias", 0.0, 0.0, 0.05, 0.01),
            "seed": slider("seed", 0, 0, 9),
        }

    def build(self, figure):
        left, right = figure.subplots(1, 2, width_ratios=[1.5, 1])
        left.set(xlim=(0, EPOCHS), ylim=(-0.03, 1.03), xlabel="epoch", ylabel="share, loss")
        (self.dead,) = left.plot([], [], label="share of units dead", **palette.gradient.line)
        (self.loss,) = left.plot([], [], label="loss", **palette.training.line)
        left.legend(loc="upper right", frameon=True)
        right.set(title="hidden units", xticks=[], yticks=[])
        right.grid(False)
        self.units = right.imshow(np.zeros((5, 6)), vmin=0, vmax=1, cmap=palette.surface, extent=(0, 6, 0, 5), aspect="equal")
        figure.colorbar(self.units, ax=right, label="share of rows it answers to", shrink=0.75)
        (self.crosses,) = right.plot([], [], linestyle="none", marker="x", color="white", markersize=11, markeredgewidth=2)
        return [self.dead, self.loss, self.units, self.crosses]

    def compute(self, activation, rate, bias, seed):
        for data in train(activation, rate, bias, seed):
            yield data | {"activation": activation}

    def draw(self, data):
        self.dead.set_data(data["epochs"], data["dead"])
        self.loss.set_data(data["epochs"], data["loss"])
        self.units.set_data(data["alive"].reshape(5, 6))
        rows, columns = np.nonzero(data["alive"].reshape(5, 6) == 0)
        self.crosses.set_data(columns + 0.5, 4.5 - rows)

    def describe(self, data):
        dead = round(data["dead"][-1] * UNITS)
        first = round(data["dead"][0] * UNITS)
        return (
            f"{data['activation']}, epoch {data['epochs'][-1]}: {dead} of {UNITS} hidden units are dead (crossed), "
            f"{first} were at the start; loss {data['loss'][-1]:.3f}, {data['accuracy']:.1%} of the rows right."
        )
