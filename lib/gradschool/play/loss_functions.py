"""Figures of lesson 05: an outlier under three losses, and a saturated unit under two."""

import itertools

import numpy as np

from .. import losses
from ..activations import sigmoid
from . import palette
from .playground import Playground, choice, slider

LOW, HIGH = 0.0, 30.0


# A line under three losses


def students():
    """Return the grade averages and packages of ten students, near the line package = 1.5 cgpa - 5."""
    x = np.linspace(5.0, 9.5, 10)
    return x, 1.5 * x - 5 + np.random.default_rng(4).normal(scale=0.35, size=10)


def fit_squared(x, y):
    """Return slope and height at 0 of the line with the least squared error."""
    return tuple(float(v) for v in np.polyfit(x, y, 1))


def fit_absolute(x, y):
    """Return slope and height at 0 of the line with the least absolute error.

    Such a line goes through two of the points at least, so all pairs are tried.
    """
    pairs = np.array([(i, j) for i, j in itertools.combinations(range(len(x)), 2) if x[i] != x[j]])
    first, second = pairs.T
    slopes = (y[second] - y[first]) / (x[second] - x[first])
    heights = y[first] - slopes * x[first]
    errors = np.abs(slopes[:, None] * x + heights[:, None] - y).sum(axis=1)
    best = errors.argmin()
    return float(slopes[best]), float(heights[best])


def fit_huber(x, y, delta, rounds=300):
    """Return slope and height at 0 of the line with the least Huber loss.

    Points farther than ``delta`` from the line count by delta / distance, and the weighted line is drawn anew, until it
    stays.
    """
    design = np.column_stack([x, np.ones(len(x))])
    line = np.array(fit_absolute(x, y))
    for _ in range(rounds):
        miss = np.abs(design @ line - y)
        weight = np.minimum(1, delta / np.maximum(miss, 1e-12))[:, None]
        new = np.linalg.solve(design.T @ (weight * design), design.T @ (weight[:, 0] * y))
        if np.abs(new - line).max() < 1e-12:
            break
        line = new
    return tuple(float(v) for v in new)


def fits(place, height, delta):
    """Return the three lines for the ten students and one more at ``place`` and ``height``.

    Returns
    -------
    x, y : ndarray, shape (11,)
        The outlier is the last.
    lines : dict of str to (slope, height at 0)
    """
    x, y = students()
    x, y = np.append(x, place), np.append(y, height)
    return x, y, {
        "squared error": fit_squared(x, y),
        "absolute error": fit_absolute(x, y),
        "Huber": fit_huber(x, y, delta),
    }


CHARGES = {
    "squared error": lambda e, delta: e**2,
    "absolute error": lambda e, delta: np.abs(e),
    "Huber": lambda e, delta: np.where(np.abs(e) <= delta, 0.5 * e**2, delta * np.abs(e) - 0.5 * delta**2),
}
"""What each loss charges for one miss."""


class Outlier(Playground):
    """Drag one point away from the others and watch the line of each loss."""

    title = "Lines of least squared, least absolute and least Huber error; right, what each charges for a miss"
    size = (760, 400)

    def make_controls(self):
        return {
            "height": slider("outlier's package", 25.0, LOW, HIGH, 0.5),
            "place": slider("outlier's cgpa", 9.0, 4.5, 10.0, 0.1),
            "delta": slider("delta of Huber", 1.0, 0.1, 10.0, 0.1),
        }

    def point(self, event, axes, x, y):
        if axes is self.plane:
            self.set(place=round(float(np.clip(x, 4.5, 10)), 1), height=round(2 * float(np.clip(y, LOW, HIGH))) / 2)

    def build(self, figure):
        self.plane, charges = figure.subplots(1, 2, width_ratios=[1.5, 1])
        self.plane.set(xlim=(4.4, 10.1), ylim=(-1, 31), xlabel="cgpa", ylabel="package")
        x, y = students()
        self.plane.scatter(x, y, s=36, label="ten students", color=palette.ink, edgecolors="white", linewidths=0.8)
        (self.outlier,) = self.plane.plot(
            [], [], linestyle="none", marker=palette.accent.marker, color=palette.accent, markersize=12, label="the eleventh"
        )
        self.lines = {n: self.plane.plot([], [], label=n, **r.line)[0] for n, r in zip(CHARGES, palette.series)}
        self.plane.legend(loc="upper left")
        charges.set(xlim=(-6, 6), ylim=(0, 12), xlabel="miss", title="charge for one miss")
        self.miss = np.linspace(-6, 6, 241)
        for name, role in list(zip(CHARGES, palette.series))[:2]:
            charges.plot(self.miss, CHARGES[name](self.miss, 1.0), **role.line)
        (self.bend,) = charges.plot([], [], **palette.series[2].line)
        return [*self.lines.values(), self.outlier, self.bend]

    def compute(self, height, place, delta):
        x, y, lines = fits(place, height, delta)
        return {"x": x, "y": y, "lines": lines, "delta": delta}

    def draw(self, data):
        self.outlier.set_data(data["x"][-1:], data["y"][-1:])
        ends = np.array([4.4, 10.1])
        for name, (slope, height) in data["lines"].items():
            self.lines[name].set_data(ends, slope * ends + height)
        self.bend.set_data(self.miss, CHARGES["Huber"](self.miss, data["delta"]))

    def describe(self, data):
        slopes = ", ".join(f"{name} {slope:.2f}" for name, (slope, _) in data["lines"].items())
        alone = fit_squared(*students())[0]
        return (
            f"Outlier at cgpa {data['x'][-1]:.1f}, package {data['y'][-1]:.1f}; Huber's delta {data['delta']:.1f}. "
            f"Slopes of the lines: {slopes}; squared error without the outlier: {alone:.2f}."
        )


# A saturated unit under two losses

STEPS = 300


def pair(loss, z, target):
    """Return the loss of one sigmoid unit and its slope along the net input, for an array of net inputs.

    Parameters
    ----------
    loss : {"squared error", "cross-entropy"}
    z : array_like of float
    target : 0 or 1
    """
    z = np.asarray(z, dtype=float)
    a = sigmoid(z)
    if loss == "squared error":
        return (a - target) ** 2, 2 * (a - target) * a * (1 - a)
    return np.logaddexp(0, z) - target * z, a - target


def learn(loss, z, target, learning_rate, steps=STEPS):
    """Return what the unit says before the first step and after each, when its net input follows the slope down."""
    path = [z]
    for _ in range(steps):
        z = z - learning_rate * float(pair(loss, z, target)[1])
        path.append(z)
    return sigmoid(path)


PAIR = ("squared error", "cross-entropy")


class Chooser(Playground):
    """A sigmoid unit that is wrong, and how fast each loss lets it learn."""

    title = "One sigmoid unit under squared error and cross-entropy: loss and slope along its net input, and how it learns"
    size = (760, 360)

    def make_controls(self):
        return {
            "z": slider("net input z", -5.0, -8.0, 8.0, 0.1),
            "target": choice("target", {"1": 1, "0": 0}, 1),
            "rate": slider("learning rate", 0.5, 0.1, 5.0, 0.1),
        }

    def build(self, figure):
        loss, slope, said = figure.subplots(1, 3)
        loss.set(xlim=(-8, 8), ylim=(-0.4, 8.4), xlabel="net input z", title="loss")
        slope.set(xlim=(-8, 8), ylim=(-1.15, 1.15), xlabel="net input z", title="slope along z")
        slope.axhline(0, color=palette.muted, linewidth=1)
        said.set(xlim=(0, STEPS), ylim=(-0.03, 1.03), xlabel="step", title="what it says")
        self.z = np.linspace(-8, 8, 321)
        roles = palette.series[:2]
        self.losses, self.slopes = (
            [axes.plot([], [], label=n, **r.line)[0] for n, r in zip(PAIR, roles)] for axes in (loss, slope)
        )
        self.dots = [
            [axes.plot([], [], linestyle="none", marker=r.marker, color=r, markersize=9)[0] for r in roles]
            for axes in (loss, slope)
        ]
        self.paths = [said.plot([], [], **r.line)[0] for r in roles]
        (self.goal,) = said.plot([], [], **palette.truth.line, label="target")
        loss.legend(loc="upper center")
        said.legend(loc="center right")
        return [self.goal, *self.losses, *self.slopes, *self.dots[0], *self.dots[1], *self.paths]

    def compute(self, z, target, rate):
        return {
            "z": z,
            "target": target,
            "output": float(sigmoid(z)),
            "curves": [pair(loss, self.z, target) for loss in PAIR],
            "here": [[float(v) for v in pair(loss, z, target)] for loss in PAIR],
            "paths": [learn(loss, z, target, rate) for loss in PAIR],
        }

    def draw(self, data):
        for which, curves in enumerate((self.losses, self.slopes)):
            for curve, dot, values, here in zip(curves, self.dots[which], data["curves"], data["here"]):
                curve.set_data(self.z, values[which])
                dot.set_data([data["z"]], [here[which]])
        for path, said in zip(self.paths, data["paths"]):
            path.set_data(np.arange(STEPS + 1), said)
        self.goal.set_data([0, STEPS], [data["target"]] * 2)

    def describe(self, data):
        squared, crossed = (slope for _, slope in data["here"])
        ends = [path[-1] for path in data["paths"]]
        return (
            f"z = {data['z']:.1f}: the unit says {data['output']:.4f}, the target is {data['target']}. Slope along z: "
            f"squared error {squared:+.5f}, cross-entropy {crossed:+.5f}. "
            f"After {STEPS} steps it says {ends[0]:.3f} under squared error, {ends[1]:.3f} under cross-entropy."
        )


# Logistic regression is convex


def hessian(x, y, w):
    """Return the second derivatives of the mean cross-entropy of a sigmoid unit with weights ``w`` (the bias last).

    .. math:: H = \\frac1n X^T \\mathrm{diag}(a(1 - a)) X

    Here measured, by central differences of the gradient, so that the formula can be checked.
    """
    rows = np.column_stack([x, np.ones(len(x))])

    def gradient(w):
        return rows.T @ losses.binary_crossentropy_from_logits_gradient(y, rows @ w)

    steps = 1e-5 * np.eye(len(w))
    return np.array([(gradient(w + step) - gradient(w - step)) / 2e-5 for step in steps])
