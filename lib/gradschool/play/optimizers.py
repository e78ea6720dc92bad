"""Figures of lesson 10: momentum's four moods, a ball that rolls, a race of optimizers, and a hunt for four real bugs."""

import math

import numpy as np

from .. import optimizers
from . import palette
from .picture import show, subplots
from .playground import Playground, button, choice, slider

# --- What momentum does to a bowl ------------------------------------------------------------------------------------

def _up_to(steps, frames=45):
    """Return about so many numbers of steps from 1 to ``steps``, which comes last."""
    return sorted({*range(1, steps, max(1, steps // frames)), steps})


MOODS = ("creeps", "swings", "zigzags", "diverges")
MOOD_COLORS = ("#cfe3f1", "#fbe3b5", "#d9c3d3", "#8a919b")
MAP_RATE, MAP_MOMENTUM = 4.0, 0.99


def roots(rate, momentum):
    """Return the two roots r of r² - (1 + β - α) r + β = 0, by which momentum on the bowl w²/2 moves from step to step."""
    middle = (1 + momentum - np.asarray(rate, float)) / 2
    spread = np.sqrt((middle**2 - momentum).astype(complex))
    return middle + spread, middle - spread


def mood(rate, momentum):
    """Return what momentum does on the bowl w²/2, as a place in ``MOODS``; works on arrays."""
    middle = 1 + np.asarray(momentum, float) - rate
    swinging = middle**2 < 4 * np.asarray(momentum, float)
    return np.where(rate >= 2 + 2 * np.asarray(momentum), 3, np.where(swinging, 1, np.where(middle < 0, 2, 0)))


def shrink(rate, momentum):
    """Return the factor per step by which the distance to the bottom shrinks in the long run (above 1: grows)."""
    return np.maximum(*np.abs(roots(rate, momentum)))


def bowl_path(rate, momentum, steps=60):
    """Return w after 0, 1, ... steps of momentum on the bowl w²/2, from 1."""
    w, v, path = 1.0, 0.0, [1.0]
    for _ in range(steps):
        v = momentum * v + rate * w
        w = w - v
        path.append(w)
    return np.array(path)


class PhaseMap(Playground):
    """What momentum does, for every pair of learning rate and momentum, and the path of one pair."""

    title = "Left, what momentum does for each learning rate and momentum; right, the path of the chosen pair"
    size = (760, 380)

    def make_controls(self):
        return {
            "rate": slider("learning rate × curvature", 0.5, 0.02, MAP_RATE, 0.02),
            "momentum": slider("momentum", 0.9, 0.0, MAP_MOMENTUM, 0.01),
        }

    def build(self, figure):
        self.map_axes, path_axes = figure.subplots(1, 2)
        rates, momenta = np.meshgrid(np.linspace(0, MAP_RATE, 321), np.linspace(0, 1, 161))
        self.map_axes.imshow(
            np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in MOOD_COLORS], np.uint8)[mood(rates, momenta)],
            origin="lower",
            extent=(0, MAP_RATE, 0, 1),
            aspect="auto",
        )
        self.map_axes.set(xlabel="learning rate × curvature", ylabel="momentum")
        self.map_axes.grid(False)
        for text, x, y in (("creeps", 0.03, 0.08), ("swings", 1.5, 0.6), ("zigzags", 1.7, 0.1), ("diverges", 3.05, 0.2)):
            self.map_axes.text(x, y, text, fontsize=11)
        style = {"linestyle": "none", "marker": "D", "markersize": 10, "markeredgecolor": "white"}
        (self.here,) = self.map_axes.plot([], [], color=palette.accent, **style)
        path_axes.set(xlabel="step", ylabel="weight", xlim=(0, 60), ylim=(-2.2, 2.2))
        path_axes.axhline(0, color=palette.muted, linewidth=1)
        (self.path,) = path_axes.plot([], [], marker=".", markersize=5, **palette.weight.line)
        return [self.here, self.path]

    def point(self, event, axes, x, y):
        if axes is self.map_axes:
            self.set(rate=float(np.clip(x, 0.02, MAP_RATE)), momentum=float(np.clip(y, 0, MAP_MOMENTUM)))

    def compute(self, rate, momentum):
        factor = float(shrink(rate, momentum))
        return {
            "at": (rate, momentum),
            "mood": MOODS[int(mood(rate, momentum))],
            "factor": factor,
            "path": bowl_path(rate, momentum),
        }

    def draw(self, data):
        self.here.set_data([data["at"][0]], [data["at"][1]])
        self.path.set_data(np.arange(61), np.clip(data["path"], -9, 9))

    def describe(self, data):
        rate, momentum = data["at"]
        if data["factor"] >= 1:
            how = f"The distance grows {data['factor']:.3f} times a step" if data["factor"] > 1 else "It never settles"
        else:
            steps = math.ceil(math.log(0.01) / math.log(max(data["factor"], 1e-6)))
            how = f"The distance shrinks to {data['factor']:.3f} of itself a step: about {steps} steps for a hundredth"
        return f"Rate {rate:.2f}, momentum {momentum:.2f}: it {data['mood']}. {how}."


# --- A ball in a landscape with two valleys --------------------------------------------------------------------------


def two_valleys(x):
    """Return the height of a landscape with a shallow valley near 1.8 and a deep one near -2.1."""
    return (x**2 - 4) ** 2 / 16 + 0.3 * x


def two_valleys_slope(x):
    """Return the slope of :func:`two_valleys`."""
    return x * (x**2 - 4) / 4 + 0.3


def roll(start, rate, momentum, steps=200):
    """Return the places of a ball under momentum in the two valleys."""
    optimizer = optimizers.SGD(rate, momentum=momentum)
    path = [float(start)]
    for _ in range(steps):
        step = optimizer.step([path[-1]], [two_valleys_slope(path[-1])])
        path.append(float(np.clip(step[0], -20, 20)))
    return np.array(path)


def valley(x):
    """Return the name of the valley that a place belongs to."""
    return "the deep valley" if x < 0.315 else "the shallow valley"


class Ball(Playground):
    """A ball that rolls with momentum through a landscape with two valleys."""

    title = "A ball rolling with momentum over a loss with a shallow valley on the right and a deep one on the left"
    size = (760, 350)
    animated = True

    def make_controls(self):
        return {
            "start": slider("start", 3.2, -3.5, 3.5, 0.1),
            "momentum": slider("momentum", 0.0, 0.0, 0.98, 0.01),
            "rate": slider("learning rate", 0.05, 0.01, 0.2, 0.01),
            "steps": slider("steps", 200, 0, 200, 1),
            "roll": button("Roll", lambda: self.run(self.frames(), every=0.06)),
        }

    def frames(self):
        values = self.values
        for steps in _up_to(values["steps"]):
            yield self.compute(**(values | {"steps": steps}))

    def build(self, figure):
        axes = figure.subplots()
        x = np.linspace(-3.7, 3.7, 371)
        axes.plot(x, two_valleys(x), color=palette.muted, linewidth=2)
        axes.set(xlabel="weight", ylabel="loss", xlim=(-3.7, 3.7), ylim=(-1.2, 6))
        (self.trail,) = axes.plot([], [], color=palette.weight, marker=".", markersize=6, linewidth=0.8)
        (self.ball,) = axes.plot(
            [], [], linestyle="none", marker="o", markersize=15, color=palette.accent, markeredgecolor=palette.ink
        )
        return [self.trail, self.ball]

    def compute(self, start, momentum, rate, steps):
        return roll(start, rate, momentum)[: steps + 1]

    def draw(self, data):
        self.trail.set_data(data, two_valleys(data))
        self.ball.set_data([data[-1]], [two_valleys(data[-1])])

    def describe(self, data):
        crossed = int(np.count_nonzero(np.diff(data < 0.315)))
        return (
            f"After {len(data) - 1} steps the ball is at {data[-1]:.2f}, in {valley(data[-1])}, loss "
            f"{two_valleys(data[-1]):.3f}; it has crossed the hill between the valleys {crossed} time{'s' * (crossed != 1)}."
        )


# --- The race --------------------------------------------------------------------------------------------------------

RACE_STEPS = 200


def _ravine(w):
    return 0.5 * (w[0] ** 2 + 40 * w[1] ** 2) / 10, np.array([w[0], 40 * w[1]]) / 10


def _tilted(w):
    a, b = (w[0] + w[1]) / math.sqrt(2), (w[0] - w[1]) / math.sqrt(2)
    ga, gb = a / 10, 4 * b
    return 0.5 * (a * a / 10 + 4 * b * b), np.array([ga + gb, ga - gb]) / math.sqrt(2)


def _saddle(w):
    x, y = w
    return 0.25 * x * x + 0.02 * y**4 - 0.25 * y * y + 0.8, np.array([0.5 * x, 0.08 * y**3 - 0.5 * y])


def _plateau(w):
    fall = np.exp(-0.5 * (w[0] ** 2 + w[1] ** 2) / 1.2)
    return 1 - fall, fall * w / 1.2


SURFACES = {"ravine": _ravine, "ravine on the slant": _tilted, "saddle": _saddle, "plateau with a hole": _plateau}
STARTS = {
    "ravine": (-3.6, 1.2),
    "ravine on the slant": (-3.6, -1.4),
    "saddle": (-3.0, 0.02),
    "plateau with a hole": (-2.8, 1.8),
}
RACERS = {
    "SGD": lambda rate: optimizers.SGD(rate),
    "momentum": lambda rate: optimizers.SGD(rate, momentum=0.9),
    "Nesterov": lambda rate: optimizers.SGD(rate, momentum=0.9, nesterov=True),
    "AdaGrad": lambda rate: optimizers.AdaGrad(rate),
    "RMSprop": lambda rate: optimizers.RMSprop(rate),
    "Adam": lambda rate: optimizers.Adam(rate),
}


def race(surface, rate, steps=RACE_STEPS, racers=RACERS):
    """Let optimizers run on a surface from one start.

    Returns
    -------
    dict of str to dict
        For each racer: ``path`` (steps + 1, 2), ``loss``, ``gradient`` (steps, 2), and its memory after each step:
        ``m`` (velocity or first moment) and ``v`` (sum or mean of squares), NaN where it has none.
    """
    function, found = SURFACES[surface], {}
    for name, make in racers.items():
        optimizer = make(rate)
        path, losses = np.full((steps + 1, 2), STARTS[surface], float), np.empty(steps + 1)
        slopes, m, v = np.empty((steps, 2)), np.full((steps, 2), np.nan), np.full((steps, 2), np.nan)
        losses[0], gradient = function(path[0])
        for step in range(steps):
            slopes[step], w = gradient, path[step + 1]
            w[:] = path[step]
            optimizer._step(w, gradient)  # unchecked: a race is run anew for every move of the slider
            np.clip(w, -1e3, 1e3, out=w)
            losses[step + 1], gradient = function(w)
            for key, values in optimizer.state.items():
                (m if key in ("velocity", "m") else v)[step] = values
        found[name] = {"path": path, "loss": losses, "gradient": slopes, "m": m, "v": v}
    return found


class Race(Playground):
    """Six optimizers from one start, and what one of them remembers."""

    title = "Left, the paths of six optimizers on one surface; right, what the chosen one remembers, step by step"
    size = (760, 420)
    animated = True

    def make_controls(self):
        return {
            "surface": choice("surface", list(SURFACES), "ravine"),
            "watched": choice("look inside", list(RACERS), "Adam"),
            "along": choice("along", {"x": 0, "y": 1}, 1),
            "rate": slider("learning rate", 0.1, 0.001, 1.0, 0.05, log=True),
            "steps": slider("steps", 60, 1, RACE_STEPS),
            "go": button("Race", lambda: self.run(self.frames(), every=0.08)),
        }

    def frames(self):
        values = self.values
        for steps in _up_to(values["steps"]):
            yield self.compute(**(values | {"steps": steps}))

    def restart(self):
        self._known = {}

    def build(self, figure):
        self.axes, inner = figure.subplots(1, 2, gridspec_kw={"width_ratios": [1.05, 1]})
        self.x, self.y = np.linspace(-4, 4, 81), np.linspace(-3, 3, 61)
        self.axes.set(xlabel="weight x", ylabel="weight y", xlim=(-4, 4), ylim=(-3, 3))
        self.axes.grid(False)
        self.heights = self.axes.imshow(
            np.zeros((61, 81)), origin="lower", extent=(-4, 4, -3, 3), aspect="auto", alpha=0.55, vmin=0, vmax=1
        )
        self.lines = {}
        for name, role in zip(RACERS, palette.series):
            (self.lines[name],) = self.axes.plot([], [], label=name, marker=role.marker, markersize=4, **role.line)
        figure.legend(handles=self.lines.values(), loc="outside upper left", fontsize=9, ncols=6)
        inner.set(xlabel="step", ylabel="size", yscale="log", xlim=(0, RACE_STEPS), ylim=(1e-6, 1e2))
        labels = ("gradient", "step taken", "m or velocity", "root of v", "1 - β₁ᵗ", "1 - β₂ᵗ")
        roles = (palette.gradient, palette.weight, *palette.series[:1], palette.series[2], palette.muted, palette.black)
        self.inner = [inner.plot([], [], label=label, **role.line)[0] for label, role in zip(labels, roles)]
        inner.legend(loc="lower left", fontsize=8, ncols=2, frameon=True, framealpha=0.9)
        return [self.heights, *self.lines.values(), *self.inner]

    def compute(self, surface, watched, along, rate, steps):
        if (surface, rate) not in self._known:  # the other controls only choose what is shown of it
            self._known = {(surface, rate): race(surface, rate)}
        grid = np.array(np.meshgrid(self.x, self.y))
        return {
            "heights": SURFACES[surface](grid)[0],
            "runs": self._known[surface, rate],
            "watched": watched,
            "along": along,
            "steps": steps,
        }

    def draw(self, data):
        heights, steps, along = data["heights"], data["steps"], data["along"]
        low, high = heights.min(), heights.max()
        self.heights.set_data(((heights - low) / (high - low)) ** 0.4)
        for name, line in self.lines.items():
            path = data["runs"][name]["path"][: steps + 1]
            line.set_data(*np.clip(path, -50, 50).T)
            line.set_markevery(max(1, steps // 12))
            line.set_alpha(1.0 if name == data["watched"] else 0.75)
        run, t = data["runs"][data["watched"]], np.arange(1, steps + 1)
        adam = data["watched"] == "Adam"
        curves = (
            np.abs(run["gradient"][:steps, along]),
            np.abs(np.diff(run["path"], axis=0)[:steps, along]),
            np.abs(run["m"][:steps, along]),
            np.sqrt(run["v"][:steps, along]),
            1 - 0.9**t if adam else np.full(steps, np.nan),
            1 - 0.999**t if adam else np.full(steps, np.nan),
        )
        for line, values in zip(self.inner, curves):
            line.set_data(t, np.where(values > 1e-12, values, np.nan))

    def describe(self, data):
        losses = {name: run["loss"][data["steps"]] for name, run in data["runs"].items()}
        order = sorted(losses, key=losses.get)
        run, t, along = data["runs"][data["watched"]], data["steps"] - 1, data["along"]
        step = (run["path"][t + 1] - run["path"][t])[along]
        standing = ", ".join(f"{name} {losses[name]:.3g}" if losses[name] < 1e4 else f"{name} diverged" for name in order)
        return (
            f"Loss after {data['steps']} steps: {standing}. Inside {data['watched']}, along {'xy'[along]}: gradient "
            f"{run['gradient'][t][along]:.3g}, step {step:.3g}."
        )


# --- Four real bugs --------------------------------------------------------------------------------------------------

BUGS = {
    "1 - β in place of 1 - βᵗ": "power forgotten",
    "t starts at 1 again every epoch": "t restarted",
    "multiplied by the correction": "multiplied",
    "ε added after the division": "epsilon outside",
}
HUNT_RATE = 0.1


def adam_path(start, slope, steps, *, bug=None, rate=HUNT_RATE, epoch=15, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
    """Run Adam as the paper writes it, or with one of four bugs that were published.

    Parameters
    ----------
    start : array_like of float
    slope : callable
        The gradient at a point.
    steps, epoch : int
        How many steps, and how many of them are an epoch.
    bug : str or None
        A value of ``BUGS``.

    Returns
    -------
    ndarray, shape (steps + 1, weights)
    """
    w = np.array(start, float)
    m, v, path = np.zeros_like(w), np.zeros_like(w), [w]
    for step in range(steps):
        t = step % epoch + 1 if bug == "t restarted" else step + 1
        g = slope(w)
        m = beta_1 * m + (1 - beta_1) * g
        v = beta_2 * v + (1 - beta_2) * g**2
        share_m, share_v = (1 - beta_1, 1 - beta_2) if bug == "power forgotten" else (1 - beta_1**t, 1 - beta_2**t)
        m_hat, v_hat = (m * share_m, v * share_v) if bug == "multiplied" else (m / share_m, v / share_v)
        with np.errstate(invalid="ignore", divide="ignore"):
            move = m_hat / np.sqrt(v_hat) + epsilon if bug == "epsilon outside" else m_hat / (np.sqrt(v_hat) + epsilon)
        w = w - rate * move
        path.append(w)
    return np.array(path)


def hunt_slope(w):
    """Return the gradient of a ravine in x and y, with a third weight that the loss does not depend on."""
    return np.array([0.1 * w[0], 4.0 * w[1], 0.0])


HUNT_START = (-3.6, 1.2, 1.0)


class BugHunt(Playground):
    """Adam, and Adam with a bug that you have to name."""

    title = "Left, the path of Adam and of Adam with a bug; right, the buggy step as a multiple of the right first step"
    size = (760, 390)

    def make_controls(self):
        return {
            "suspect": choice("suspect", ["A", "B", "C", "D"], "A"),
            "steps": slider("steps", 15, 1, 60),
            "epoch": slider("steps in an epoch", 15, 5, 30),
            "guess": choice("my guess", ["?", *BUGS], "?"),
        }

    def build(self, figure):
        axes, sizes = figure.subplots(1, 2)
        axes.set(xlabel="weight x", ylabel="weight y", xlim=(-4.2, 4.2), ylim=(-2.4, 2.4))
        (self.right,) = axes.plot([], [], label="Adam", **palette.truth.line)
        (self.wrong,) = axes.plot([], [], label="suspect", marker=".", **palette.gradient.line)
        axes.legend(loc="lower left")
        sizes.set(xlabel="step", ylabel="size of the step along x / learning rate", xlim=(0, 60), ylim=(0.02, 20))
        sizes.set_yscale("log")
        (self.right_size,) = sizes.plot([], [], label="Adam", **palette.truth.line)
        (self.wrong_size,) = sizes.plot([], [], label="suspect", marker=".", **palette.gradient.line)
        sizes.legend(loc="upper right")
        return [self.right, self.wrong, self.right_size, self.wrong_size]

    def compute(self, suspect, steps, epoch, guess):
        # which letter is which bug: not in alphabetical, nor in the list's order
        bug = dict(zip("ABCD", ("multiplied", "epsilon outside", "power forgotten", "t restarted")))[suspect]
        return {
            "right": adam_path(HUNT_START, hunt_slope, steps, epoch=epoch),
            "wrong": adam_path(HUNT_START, hunt_slope, steps, epoch=epoch, bug=bug),
            "suspect": suspect,
            "guess": guess,
            "hit": BUGS.get(guess) == bug,
        }

    def draw(self, data):
        for name, line, size in (("right", self.right, self.right_size), ("wrong", self.wrong, self.wrong_size)):
            path = data[name]
            line.set_data(np.clip(path[:, 0], -50, 50), np.clip(path[:, 1], -50, 50))
            steps = np.abs(np.diff(path[:, 0])) / HUNT_RATE
            size.set_data(np.arange(1, len(path)), np.maximum(steps, 1e-3))

    def describe(self, data):
        right, wrong = data["right"], data["wrong"]
        apart = np.abs(right[:, :2] - wrong[:, :2]).max(axis=1)
        first = np.flatnonzero(apart > 1e-5)
        when = f"x or y part from Adam's at step {first[0]}" if len(first) else "x and y are as Adam's so far"
        said = "" if data["guess"] == "?" else " Your guess is right." if data["hit"] else " Your guess is not it."
        return (
            f"Suspect {data['suspect']} after {len(right) - 1} steps: {when}; x is {wrong[-1, 0]:.3f} (Adam "
            f"{right[-1, 0]:.3f}), and the weight without a gradient, which began at 1, is {wrong[-1, 2]:.6g}.{said}"
        )


def line_fit(x, y, paths):
    """Draw the loss of a line over its two weights, with paths of (w, b) by name; a picture that does not move."""
    figure, axes = subplots()
    w, b = np.meshgrid(np.linspace(-1.5, 5.5, 121), np.linspace(-5, 5, 121))
    loss = np.mean((w[..., None] * x + b[..., None] - y) ** 2, axis=-1)
    axes.contourf(w, b, np.log10(loss), levels=20, cmap=palette.surface, alpha=0.6)
    for (name, path), role in zip(paths.items(), (palette.black, palette.gradient)):
        axes.plot(*np.array(path).T, label=f"{name}, {len(path) - 1} steps", marker=".", **role.line)
    axes.set(xlabel="slope w", ylabel="intercept b", xlim=(-1.5, 5.5), ylim=(-5, 5))
    axes.grid(False)
    axes.legend(loc="upper right", frameon=True)
    steps = " and ".join(f"{name} with {len(path) - 1} steps" for name, path in paths.items())
    show(figure, f"The loss over slope and intercept is a long valley on the slant; two paths lead to its bottom, {steps}.")


def curves(values, xlabel, ylabel, alt, *, log=False):
    """Draw several curves by name against the step; a picture that does not move."""
    figure, axes = subplots()
    for (name, curve), role in zip(values.items(), palette.series):
        axes.plot(np.arange(1, len(curve) + 1), curve, label=name, **role.line)
    axes.set(xlabel=xlabel, ylabel=ylabel)
    if log:
        axes.set_yscale("log")
    axes.legend()
    show(figure, alt)


def phase_map():
    """Show what momentum does for every learning rate and momentum."""
    return PhaseMap()


def ball():
    """Show a ball that rolls with momentum."""
    return Ball()


def optimizer_race():
    """Show six optimizers on one surface."""
    return Race()


def bug_hunt():
    """Show Adam with one of four real bugs, to be named."""
    return BugHunt()
