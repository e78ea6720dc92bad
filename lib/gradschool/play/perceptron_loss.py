"""Figures of lesson 02: a loss as a landscape, and losses against the margin."""

import numpy as np

from .. import datasets
from ..scaling import standardize
from . import palette
from .playground import Playground, button, choice, slider, switch

LOSSES = {
    "perceptron": (lambda m: np.maximum(0, -m), lambda m: np.where(m > 0, 0.0, -1.0)),
    "hinge": (lambda m: np.maximum(0, 1 - m), lambda m: np.where(m < 1, -1.0, 0.0)),
    "logistic": (lambda m: np.logaddexp(0, -m), lambda m: -1 / (1 + np.exp(m))),
}
"""Each loss of one row and its slope, as functions of the margin m = y f(x), y being -1 or +1."""
W2 = 1.0
REACH = 4.0
GRID = 81


def students(rows=40):
    """Return standardized (cgpa, iq) of some students and their labels -1 and +1."""
    x, y = datasets.placement(rows, rng=np.random.default_rng(2))
    return standardize(x).transform(x), 2 * y - 1


def loss_at(name, x, y, w1, b):
    """Return the mean loss for every pair of ``w1`` and ``b`` (arrays of one shape), with w2 held at 1."""
    w1, b = np.asarray(w1, dtype=float)[..., None], np.asarray(b, dtype=float)[..., None]
    return LOSSES[name][0](y * (w1 * x[:, 0] + W2 * x[:, 1] + b)).mean(axis=-1)


def gradient_at(name, x, y, w1, b):
    """Return the slopes of :func:`loss_at` along w1 and b."""
    slope = LOSSES[name][1](y * (w1 * x[:, 0] + W2 * x[:, 1] + b)) * y
    return np.array([np.mean(slope * x[:, 0]), np.mean(slope)])


class Landscape(Playground):
    """Every point of the landscape is a line: the loss over (w1, b), linked with the line it stands for."""

    title = "The loss of every line: left, over the weight w1 and the bias b; right, the line among the students"
    size = (760, 390)

    def make_controls(self):
        return {
            "loss": choice("loss", list(LOSSES), "perceptron"),
            "w1": slider("weight w1", -2.5, -REACH, REACH, 0.1),
            "b": slider("bias b", 2.0, -REACH, REACH, 0.1),
            "rate": slider("learning rate", 0.5, 0.1, 2.0, 0.1),
            "plus": switch("as the lecture writes it: w + rate · slope", False),
            "step": button("One step", lambda: self.walk(1)),
            "ten": button("Ten steps", lambda: self.walk(10)),
        }

    def restart(self):
        self.x, self.y = students()
        self.path = []
        side = np.linspace(-REACH, REACH, GRID)
        self.w1_grid, self.b_grid = np.meshgrid(side, side)

    def walk(self, steps):
        values = self.values
        at = np.array([values["w1"], values["b"]])
        sign = 1 if values["plus"] else -1
        path = [at]
        for _ in range(steps):
            at = at + sign * values["rate"] * gradient_at(values["loss"], self.x, self.y, *at)
            at = np.clip(at, -REACH, REACH)
            path.append(at)
        joined = bool(self.path) and np.allclose(self.path[-1], path[0], atol=0.051)
        self.path = (self.path if joined else []) + path
        self.set(w1=float(at[0]), b=float(at[1]))

    def point(self, event, axes, x, y):
        if axes is self.surface_axes:
            self.path = []
            self.set(w1=float(np.clip(x, -REACH, REACH)), b=float(np.clip(y, -REACH, REACH)))

    def build(self, figure):
        self.surface_axes, line_axes = figure.subplots(1, 2)
        self.surface_axes.set(xlabel="weight w1", ylabel="bias b", xlim=(-REACH, REACH), ylim=(-REACH, REACH))
        self.surface_axes.grid(False)
        self.heights = self.surface_axes.imshow(
            np.zeros((GRID, GRID)),
            origin="lower",
            extent=(-REACH, REACH, -REACH, REACH),
            cmap=palette.surface,
            vmin=0,
            vmax=3,
            aspect="auto",
            interpolation="bilinear",
        )
        (self.trail,) = self.surface_axes.plot([], [], color="white", linewidth=1.6, marker=".", markersize=4)
        (self.here,) = self.surface_axes.plot(
            [], [], linestyle="none", marker="D", markersize=10, color=palette.accent, markeredgecolor="white"
        )
        line_axes.set(xlabel="cgpa, standardized", ylabel="iq, standardized", xlim=(-2.3, 2.3), ylim=(-2.3, 2.3))
        x, y = students()
        for label, role, name in ((-1, palette.negative, "not placed (-1)"), (1, palette.positive, "placed (+1)")):
            line_axes.scatter(*x[y == label].T, s=36, label=name, **role.points)
        line_axes.legend(loc="lower left", framealpha=0.9, frameon=True)
        (self.line,) = line_axes.plot([], [], color=palette.accent, linewidth=2.4)
        self.wrong = line_axes.scatter([], [], s=150, facecolors="none", edgecolors=palette.ink, linewidths=1.6)
        return [self.heights, self.trail, self.here, self.line, self.wrong]

    def compute(self, loss, w1, b, rate, plus):
        margins = self.y * (w1 * self.x[:, 0] + W2 * self.x[:, 1] + b)
        return {
            "heights": loss_at(loss, self.x, self.y, self.w1_grid, self.b_grid),
            "at": (w1, b),
            "loss": float(loss_at(loss, self.x, self.y, w1, b)),
            "slopes": gradient_at(loss, self.x, self.y, w1, b),
            "wrong": margins <= 0,
            "path": np.array(self.path).reshape(-1, 2),
            "name": loss,
        }

    def draw(self, data):
        self.heights.set_data(data["heights"])
        self.here.set_data([data["at"][0]], [data["at"][1]])
        self.trail.set_data(*data["path"].T)
        w1, b = data["at"]
        ends = np.array([-3.0, 3.0])
        self.line.set_data(ends, -(w1 * ends + b) / W2)
        self.wrong.set_offsets(self.x[data["wrong"]])

    def describe(self, data):
        w1, b = data["at"]
        return (
            f"The {data['name']} loss at w1 = {w1:.2f}, b = {b:.2f} is {data['loss']:.4f}; "
            f"its slopes are {data['slopes'][0]:+.3f} along w1 and {data['slopes'][1]:+.3f} along b; "
            f"{int(data['wrong'].sum())} of {len(self.y)} students are on the wrong side (ringed)."
        )


class Margins(Playground):
    """What three losses charge for one row, against its margin y f(x)."""

    title = "What a loss charges for one row, against the margin y·f(x)"
    size = (760, 360)

    def make_controls(self):
        return {
            "margin": slider("margin y·f(x)", 0.5, -3.0, 3.0, 0.1),
            "slopes": switch("show the slopes instead", False),
        }

    def build(self, figure):
        axes = figure.subplots()
        axes.set(xlabel="margin y·f(x): right of 0 the row is on the correct side", xlim=(-3, 3), ylim=(-1.3, 4.1))
        axes.axvline(0, color=palette.muted, linewidth=1)
        self.margins = np.linspace(-3, 3, 601)
        self.lines = [axes.plot([], [], label=name, **role.line)[0] for name, role in zip(LOSSES, palette.series)]
        self.dots = [
            axes.plot([], [], linestyle="none", marker=r.marker, color=r, markersize=10)[0] for r in palette.series[:3]
        ]
        (self.rule,) = axes.plot([], [], color=palette.accent, linewidth=1.5)
        axes.legend(loc="upper right")
        return [self.rule, *self.lines, *self.dots]

    def compute(self, margin, slopes):
        which = 1 if slopes else 0
        return {
            "margin": margin,
            "slopes": slopes,
            "curves": {name: pair[which](self.margins) for name, pair in LOSSES.items()},
            "values": {name: float(pair[0](np.array(margin))) for name, pair in LOSSES.items()},
            "pull": {name: float(pair[1](np.array(margin))) for name, pair in LOSSES.items()},
        }

    def draw(self, data):
        shown = data["pull"] if data["slopes"] else data["values"]
        for line, dot, name in zip(self.lines, self.dots, LOSSES):
            line.set_data(self.margins, data["curves"][name])
            dot.set_data([data["margin"]], [shown[name]])
        self.rule.set_data([data["margin"]] * 2, [-1.3, 4.1])

    def describe(self, data):
        side = "correct side" if data["margin"] > 0 else "line itself" if data["margin"] == 0 else "wrong side"
        parts = [f"{name} {data['values'][name]:.3f} (slope {data['pull'][name]:+.3f})" for name in LOSSES]
        return f"Margin {data['margin']:.1f}, on the {side}: " + ", ".join(parts) + "."
