"""Figures of lesson 08: a valley felt with the feet, the rate on a parabola, a saddle with and without noise."""

import numpy as np

from .. import _check, descent
from . import palette
from .playground import Playground, button, choice, slider, switch


def height(x):
    """Return the height of the hidden landscape: two valleys, the left one deeper."""
    x = np.asarray(x, dtype=float)
    return (x**2 - 1) ** 2 + 0.3 * x


def steepness(x):
    """Return the slope of `height`."""
    x = np.asarray(x, dtype=float)
    return 4 * x * (x**2 - 1) + 0.3


BOTTOMS = tuple(float(root) for root in np.sort(np.roots([4, 0, -4, 0.3]).real)[[0, 2]])
"""Where the two valleys are lowest."""
EDGE = 2.0


class Valley(Playground):
    """Walk down a landscape that you cannot see, by the slope underfoot."""

    title = "A walk through a landscape, felt with the feet"
    size = (760, 400)
    animated = True

    def make_controls(self):
        return {
            "rate": slider("learning rate", 0.1, 0.01, 0.6, 0.01),
            "start": slider("start at x", 1.7, -1.9, 1.9, 0.1),
            "eyes": switch("take the blindfold off", False),
            "step": button("One step", self.step, "Move by the learning rate times the slope, downhill"),
            "walk": button("Walk 15 steps", self.walk),
        }

    def restart(self):
        self.path = None

    def build(self, figure):
        axes = figure.subplots()
        axes.set(xlim=(-EDGE, EDGE), ylim=(-1.2, 5), xlabel="x", ylabel="height")
        x = np.linspace(-EDGE, EDGE, 201)
        (self.land,) = axes.plot(x, height(x), color=palette.muted, linewidth=1.8)
        (self.trail,) = axes.plot([], [], palette.prediction.marker, color=palette.prediction, alpha=0.35)
        (self.ground,) = axes.plot([], [], color=palette.gradient, linewidth=3.4)
        (self.you,) = axes.plot([], [], palette.accent.marker, color=palette.accent, markersize=11)
        (self.arrow,) = axes.plot([], [], color=palette.weight, linewidth=1.8, linestyle=palette.gradient.linestyle)
        (self.next,) = axes.plot([], [], "|", color=palette.weight, markersize=14, markeredgewidth=2.4)
        self.sign = axes.text(0.02, 0.96, "", transform=axes.transAxes, va="top", fontsize=11.5)
        return [self.land, self.trail, self.arrow, self.next, self.ground, self.you, self.sign]

    def step(self):
        """Go one step from where you stand."""
        self.path = self._path(self.values["start"])
        here = self.path[-1]
        if abs(here) <= EDGE:
            self.path.append(float(here - self.values["rate"] * steepness(here)))

    def walk(self):
        """Go fifteen steps, one after the other."""

        def frames():
            for _ in range(15):
                self.step()
                yield self.compute(**self.values)

        self.run(frames(), every=0.15)

    def point(self, event, axes, x, y):
        if event == "down":
            low, high = self.controls["start"].min, self.controls["start"].max
            self.controls["start"].value = float(np.clip(round(x, 1), low, high))

    def _path(self, start):
        if self.path is None or abs(self.path[0] - start) > 1e-9:
            self.path = [start]
        return self.path

    def compute(self, rate, start, eyes):
        path = np.array(self._path(start))
        return {"path": path, "here": float(path[-1]), "slope": float(steepness(path[-1])), "rate": rate, "eyes": eyes}

    def draw(self, data):
        here, slope = data["here"], data["slope"]
        reach = 0.22 / np.hypot(1, slope / 2)
        across = np.array([here - reach, here + reach])
        self.land.set_visible(data["eyes"])
        self.trail.set_data(data["path"][:-1], height(data["path"][:-1]))
        self.ground.set_data(across, height(here) + slope * (across - here))
        self.you.set_data([here], [height(here)])
        next_ = here - data["rate"] * slope
        self.arrow.set_data([here, next_], [height(here)] * 2)
        self.next.set_data([next_], [height(here)])
        self.sign.set_text(f"x = {here:.4f}    slope underfoot {slope:+.4f}".replace("-", "\N{MINUS SIGN}"))

    def describe(self, data):
        here, slope, steps = data["here"], data["slope"], len(data["path"]) - 1
        count = f"{steps} step{'' if steps == 1 else 's'}"
        if abs(here) > EDGE:
            return f"After {count} you have left the picture at x = {here:.3g}: the learning rate {data['rate']:.2f} is too large."
        if abs(slope) < 1e-3:
            found = min(BOTTOMS, key=lambda bottom: abs(bottom - here))
            if abs(here - found) > 0.1:
                return f"After {count} the ground is level at x = {here:.3f}, on top of the hill between the valleys."
            depth = "the deeper one" if found == BOTTOMS[0] else "the shallow one: the other is deeper"
            valley = f"the bottom of a valley{', ' + depth if data['eyes'] else ''}"
            return f"After {count} the ground is level at x = {here:.3f}, {valley}."
        way = "right" if slope < 0 else "left"
        next_ = here - data["rate"] * slope
        return f"After {count} at x = {here:.3f} the slope is {slope:+.3f}: downhill is to the {way}. The next step leads to {next_:.3f}."


def parabola_walk(rate, steps, start=-4.0):
    r"""Return the points of gradient descent on x².

    .. math:: x \leftarrow x - \eta \cdot 2x = (1 - 2\eta)\, x

    Parameters
    ----------
    rate : float, 0 or above
        The learning rate η.
    steps : int, 0 or more
    start : float

    Returns
    -------
    ndarray, shape (steps + 1,)
    """
    rate = _check.number("rate", rate, at_least=0)
    x = [_check.number("start", start)]
    for _ in range(_check.whole("steps", steps)):
        x.append(x[-1] - rate * 2 * x[-1])
    return np.array(x)


def regime(rate):
    """Say in words what a rate does on x²."""
    factor = 1 - 2 * rate
    if rate == 0:
        return "it stands still"
    if abs(factor) < 1e-9:
        return "it reaches the bottom in one step"
    if abs(factor + 1) < 1e-9:
        return "it jumps to and fro for ever, as far each time"
    if factor > 0:
        return "it comes closer from one side"
    return (
        "it jumps from side to side and comes closer" if factor > -1 else "it jumps from side to side and farther away"
    )


class Rates(Playground):
    """Gradient descent on x² at any rate."""

    title = "Gradient descent on x squared from x = -4: left the path on the curve, right the distance to the bottom"
    size = (760, 380)

    def make_controls(self):
        return {
            "rate": slider("learning rate", 0.8, 0.0, 1.1, 0.01),
            "steps": slider("steps", 8, 0, 30),
        }

    def build(self, figure):
        left, right = figure.subplots(1, 2, width_ratios=(3, 2))
        left.set(xlim=(-6.5, 6.5), ylim=(-2, 42), xlabel="x", ylabel="x²")
        x = np.linspace(-6.5, 6.5, 201)
        left.plot(x, x**2, color=palette.muted, linewidth=1.4)
        (self.path,) = left.plot([], [], "-", marker=palette.prediction.marker, color=palette.prediction, linewidth=1.4)
        (self.here,) = left.plot([], [], palette.accent.marker, color=palette.accent, markersize=10)
        right.set(xlim=(-0.5, 30.5), ylim=(1e-8, 1e4), yscale="log", xlabel="step", ylabel="distance to the bottom")
        (self.distance,) = right.plot([], [], **palette.prediction.line, marker=".")
        return [self.path, self.here, self.distance]

    def compute(self, rate, steps):
        x = parabola_walk(rate, steps)
        return {"x": x, "rate": rate, "factor": 1 - 2 * rate, "regime": regime(rate)}

    def draw(self, data):
        x = data["x"]
        self.path.set_data(x, x**2)
        self.here.set_data(x[-1:], x[-1:] ** 2)
        self.distance.set_data(np.arange(len(x)), np.maximum(np.abs(x), 1e-12))

    def describe(self, data):
        x, steps = data["x"][-1], len(data["x"]) - 1
        return (
            f"With the learning rate {data['rate']:.2f} each step multiplies x by {data['factor']:.2f}: {data['regime']}. "
            f"After {steps} step{'' if steps == 1 else 's'} x is {x:.6g}."
        )


def saddle_walk(across, noise, steps=60, rate=0.1, seed=0):
    """Walk down x² - y² from (-1.8, ``across``), with noise in the slope; stop at the edge of the picture.

    Parameters
    ----------
    across : float
        The y of the start; 0 is exactly on the ridge.
    noise : float, 0 or above
        Standard deviation of what is added to each slope.
    steps : int, 1 or more
    rate : float above 0
    seed : int

    Returns
    -------
    ndarray, shape (points, 2)
    """
    rng = np.random.default_rng(_check.whole("seed", seed))
    noise = _check.number("noise", noise, at_least=0)
    surface = descent.SURFACES["saddle"]
    path = [np.array([-1.8, across])]
    for _ in range(_check.whole("steps", steps, at_least=1)):
        felt = surface.gradient(path[-1]) + noise * rng.normal(size=2)
        path.append(path[-1] - rate * felt)
        if np.abs(path[-1]).max() > 2:
            break
    return np.array(path)


class Saddle(Playground):
    """Descent on a saddle, with and without noise."""

    title = "Gradient descent on a saddle, seen from above (dark is low): dashed without noise, solid with noise"
    size = (760, 430)

    def make_controls(self):
        return {
            "noise": choice("noise in the slope", {"a little": 0.01, "more": 0.1, "a lot": 0.5}, 0.01),
            "across": slider("start beside the ridge", 0.0, -0.5, 0.5, 0.01),
            "steps": slider("steps", 40, 1, 100),
            "seed": slider("other noise", 0, 0, 20),
        }

    def build(self, figure):
        axes = figure.subplots()
        surface = descent.SURFACES["saddle"]
        x, y, z = surface.grid(61)
        axes.set(xlim=(-2, 2), ylim=(-2, 2), xlabel="x", ylabel="y")
        axes.grid(False)
        axes.contourf(x, y, z, levels=24, cmap=palette.surface)
        axes.contour(x, y, z, levels=[0], colors="white", linewidths=1)
        (self.still,) = axes.plot([], [], "--", marker="s", markersize=4, color=palette.paper, linewidth=1.6)
        (self.shaken,) = axes.plot([], [], "-", marker="o", markersize=4, color=palette.vermilion, linewidth=1.8)
        self.ends = [
            axes.plot([], [], role.marker, color=role, markeredgecolor=palette.ink, markersize=10)[0]
            for role in (palette.sky, palette.accent)
        ]
        return [self.still, self.shaken, *self.ends]

    def compute(self, noise, across, steps, seed):
        return {"still": saddle_walk(across, 0.0, steps), "shaken": saddle_walk(across, noise, steps, seed=seed)}

    def draw(self, data):
        for line, end, path in zip((self.still, self.shaken), self.ends, (data["still"], data["shaken"])):
            line.set_data(*path.T)
            end.set_data(*np.clip(path[-1:], -2, 2).T)

    def describe(self, data):
        return f"Without noise: {_fate(data['still'])}. With noise: {_fate(data['shaken'])}."


def _fate(path):
    """Say where a walk on the saddle has ended."""
    (x, y), steps = path[-1], len(path) - 1
    count = f"after {steps} step{'' if steps == 1 else 's'}"
    if np.abs(path[-1]).max() > 2:
        return f"{count} it has left the saddle, downhill over the edge of the picture at y = {y:.2f}"
    slope = float(np.linalg.norm(descent.SURFACES["saddle"].gradient(path[-1])))
    place = f"({round(x, 3) + 0.0:.3f}, {round(y, 3) + 0.0:.3f})"  # + 0.0: no minus before a zero
    return f"{count} it is at {place}, where the slope is {slope:.3f}"


def valley():
    """Return the valley that is felt with the feet, ready to be shown."""
    return Valley()


def rates():
    """Return the rate slider on x², ready to be shown."""
    return Rates()


def saddle():
    """Return the saddle with and without noise, ready to be shown."""
    return Saddle()
