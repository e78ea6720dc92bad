"""Figures of lesson 01: two perceptrons on points that you may move, and the line of one unit."""

import numpy as np

from .. import datasets
from ..perceptron import mistake_bound
from ..scaling import standardize
from . import palette
from .playground import Playground, button, choice, slider

REACH = 3.0
GRID = 61
MOST = 30
"""Points that the duel can hold."""


def gate(name):
    """Return the four points of a logic gate, spread to -1 and +1, and their answers."""
    x, y = datasets.logic_gate(name)
    return 2 * x - 1, y


def students():
    """Return 24 students, standardized, whom a line separates."""
    x, y = datasets.placement(24, rng=np.random.default_rng(5))
    return standardize(x).transform(x), y


def overlapping():
    """Return 24 students, standardized, whom no line separates: luck had a hand in who was placed."""
    x, y = datasets.placement(24, noise=3.0, rng=np.random.default_rng(1))
    return standardize(x).transform(x), y


POINTS = {
    "AND": lambda: gate("and"),
    "OR": lambda: gate("or"),
    "XOR": lambda: gate("xor"),
    "students": students,
    "students and luck": overlapping,
}


def with_one(x):
    """Return the rows with a 1 behind each, so that the bias is one more weight."""
    return np.column_stack([x, np.ones(len(x))])


def outputs(w, x):
    """Return what a perceptron with weights ``w`` (the bias last) says of each row: 1 or 0."""
    return (with_one(x) @ w >= 0).astype(int)


def rule(w, row, target, learning_rate):
    """Return the weights after the perceptron rule has seen one row, and the error (output - target)."""
    extended = np.append(row, 1.0)
    error = int(extended @ w >= 0) - int(target)
    return w - learning_rate * error * extended, error


class Duel(Playground):
    """Two perceptrons learn the same points: one in order from zero, one at random. Drag the points."""

    title = "The perceptron duel: A takes the rows in order from zero weights, B draws rows at random"
    size = (760, 400)
    animated = True

    def make_controls(self):
        return {
            "points": choice("points", list(POINTS), "AND"),
            "seed": slider("seed of B", 0, 0, 20),
            "rate": slider("learning rate", 1.0, 0.1, 1.0, 0.1),
            "chosen": slider("chosen point", 0, 0, MOST - 1),
            "x1": slider("its x1", -1.0, -REACH, REACH, 0.1),
            "x2": slider("its x2", -1.0, -REACH, REACH, 0.1),
            "one": button("Next row", lambda: self.advance(1)),
            "many": button("One epoch", lambda: self.advance(len(self.x))),
            "play": button("Play", self.animate),
            "flip": button("Flip the class", self.flip),
            "add": button("Add a point", lambda: self.add(0.5, 0.5)),
        }

    def restart(self):
        self._load(next(iter(POINTS)))
        self._previous = None

    def _load(self, name):
        self.x, self.y = (np.array(part) for part in POINTS[name]())
        self._learn_anew(0)

    def _learn_anew(self, seed):
        self.rng = np.random.default_rng(seed)
        self.weights = {"A": np.zeros(3), "B": self.rng.uniform(-0.5, 0.5, 3)}
        self.corrections = {"A": [0], "B": [0]}
        self.seen = {"A": None, "B": None}
        self.bound = mistake_bound(self.x, self.y)

    def advance(self, rows):
        """Let both see that many rows."""
        for _ in range(rows):
            taken = len(self.corrections["A"]) - 1
            drawn = {"A": taken % len(self.x), "B": int(self.rng.integers(len(self.x)))}
            for name, index in drawn.items():
                w, error = rule(self.weights[name], self.x[index], self.y[index], self.controls["rate"].value)
                self.weights[name] = w
                self.corrections[name].append(self.corrections[name][-1] + (error != 0))
                self.seen[name] = index

    def animate(self):
        def frames():
            for _ in range(20 * len(self.x)):
                self.advance(1)
                yield self._picture()
                if all((outputs(w, self.x) == self.y).all() for w in self.weights.values()):
                    return

        self.run(frames(), every=0.12)

    def flip(self):
        chosen = min(self.controls["chosen"].value, len(self.x) - 1)
        self.y[chosen] = 1 - self.y[chosen]
        self._learn_anew(self.controls["seed"].value)

    def add(self, x1, x2):
        if len(self.x) < MOST:
            self.x = np.vstack([self.x, [x1, x2]])
            self.y = np.append(self.y, 1)
            self._learn_anew(self.controls["seed"].value)
            self._choose(len(self.x) - 1)

    def _choose(self, index):
        # Both the point and the sliders change: without this the old sliders would move the new point.
        self._previous = {**self.values, "chosen": index, "x1": self.x[index, 0], "x2": self.x[index, 1]}
        self.set(chosen=index, x1=float(self.x[index, 0]), x2=float(self.x[index, 1]))

    def point(self, event, axes, x, y):
        if axes is not self.plane:
            return
        x, y = float(np.clip(x, -REACH, REACH)), float(np.clip(y, -REACH, REACH))
        if event == "down":
            distance = np.hypot(*(self.x - (x, y)).T)
            if distance.min() < 0.3:
                self._choose(int(distance.argmin()))
            else:
                self.add(x, y)
        elif event == "move":
            self.set(x1=x, x2=y)

    def build(self, figure):
        self.plane, self.count = figure.subplots(1, 2, width_ratios=(1.15, 1))
        self.plane.set(xlim=(-REACH, REACH), ylim=(-REACH, REACH), xlabel="x1", ylabel="x2")
        self.plane.grid(False)
        side = np.linspace(-REACH, REACH, GRID)
        self.grid = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
        extent = (-REACH, REACH, -REACH, REACH)
        self.sides = self.plane.imshow(
            np.zeros((GRID, GRID)),
            cmap=palette.classes,
            vmin=-0.7,
            vmax=1.7,
            origin="lower",
            extent=extent,
            aspect="auto",
        )
        roles = {"A": palette.ink, "B": palette.series[3]}
        self.lines = {n: self.plane.plot([], [], label=f"line of {n}", **r.line)[0] for n, r in roles.items()}
        self.dots = [
            self.plane.scatter([], [], s=70, label=f"class {label}", **role.points)
            for label, role in ((0, palette.negative), (1, palette.positive))
        ]
        self.ring = self.plane.scatter([], [], s=240, facecolors="none", edgecolors=palette.ink, linewidths=1.6)
        # In the list of what moves, so that it lies above the colored sides.
        names = self.plane.legend(loc="upper left", ncols=2, frameon=True, framealpha=0.85, fontsize=9)
        self.count.set(xlim=(0, 60), ylim=(0, 30), xlabel="rows seen", ylabel="corrections so far")
        steps = {"drawstyle": "steps-post"}
        self.counts = {n: self.count.plot([], [], label=n, **r.line, **steps)[0] for n, r in roles.items()}
        (self.limit,) = self.count.plot([], [], label="A never exceeds", **palette.truth.line)
        self.count.legend(loc="upper left", frameon=True, framealpha=0.85, fontsize=9)
        return [self.sides, *self.lines.values(), *self.dots, self.ring, *self.counts.values(), self.limit, names]

    def compute(self, points, seed, rate, chosen, x1, x2):
        now = {"points": points, "seed": seed, "rate": rate, "chosen": chosen, "x1": x1, "x2": x2}
        before, self._previous = self._previous or now, now
        if points != before["points"]:
            self._load(points)
            self._learn_anew(seed)
            self._choose(0)
        elif seed != before["seed"] or rate != before["rate"]:
            self._learn_anew(seed)
        elif chosen != before["chosen"]:
            self._choose(min(chosen, len(self.x) - 1))
        elif (x1, x2) != (before["x1"], before["x2"]):
            self.x[min(chosen, len(self.x) - 1)] = x1, x2
            self._learn_anew(seed)
        return self._picture()

    def _picture(self):
        return {
            "x": self.x,
            "y": self.y,
            "weights": dict(self.weights),
            "wrong": {name: int(np.sum(outputs(w, self.x) != self.y)) for name, w in self.weights.items()},
            "corrections": {name: list(counted) for name, counted in self.corrections.items()},
            "sides": outputs(self.weights["A"], self.grid).reshape(GRID, GRID),
            "chosen": min(self.controls["chosen"].value, len(self.x) - 1),
            "bound": self.bound,
        }

    def draw(self, data):
        self.sides.set_data(data["sides"])
        for name, line in self.lines.items():
            line.set_data(*border(data["weights"][name]))
        for label, dots in enumerate(self.dots):
            dots.set_offsets(data["x"][data["y"] == label])
        self.ring.set_offsets(data["x"][data["chosen"]])
        seen = len(data["corrections"]["A"]) - 1
        for name, line in self.counts.items():
            line.set_data(range(seen + 1), data["corrections"][name])
        right = max(60, 20 * int(np.ceil((seen + 1) / 20)))
        top = max(10.0, 1.15 * max(c[-1] for c in data["corrections"].values()))
        if np.isfinite(data["bound"]) and data["bound"] < 200:
            top = max(top, 1.15 * data["bound"])
        top = 10 * np.ceil(top / 10)
        self.limit.set_data([0, right], [data["bound"]] * 2 if np.isfinite(data["bound"]) else [np.nan] * 2)
        if (right, top) != (self.count.get_xlim()[1], self.count.get_ylim()[1]):
            self.count.set(xlim=(0, right), ylim=(0, top))
            self.redraw_all()

    def describe(self, data):
        n = len(data["y"])
        told = [
            f"{name} made {data['corrections'][name][-1]} corrections and has {data['wrong'][name]} of {n} points wrong"
            for name in ("A", "B")
        ]
        limit = (
            f"a line separates these points, and A never needs more than {int(data['bound'] + 1e-9)} corrections"
            if np.isfinite(data["bound"])
            else "no line separates these points: the corrections never end"
        )
        full = " No more points fit in." if n == MOST else ""
        return f"After {len(data['corrections']['A']) - 1} rows {told[0]}, {told[1]}; {limit}.{full}"


def border(w):
    """Return two points of the line where the weighted sum is 0, far outside the picture; NaN without a line."""
    direction = np.array([-w[1], w[0]])
    length = np.hypot(*direction)
    if length == 0:
        return [np.nan] * 2, [np.nan] * 2
    foot = -w[2] * np.array([w[0], w[1]]) / length**2
    ends = foot + np.outer([-20, 20], direction / length)
    return ends[:, 0], ends[:, 1]


class OneUnit(Playground):
    """A unit with a step: its two weights and its bias, and the line that they make."""

    title = "A unit says 1 on one side of its line and 0 on the other"
    size = (760, 400)

    def make_controls(self):
        return {
            "w1": slider("weight w1", 1.0, -3.0, 3.0, 0.1),
            "w2": slider("weight w2", 1.0, -3.0, 3.0, 0.1),
            "b": slider("bias b", 0.5, -3.0, 3.0, 0.1),
            "gate": choice("gate to build", ["AND", "OR", "XOR"], "AND"),
        }

    def build(self, figure):
        axes = figure.subplots()
        axes.set(xlim=(-0.75, 1.75), ylim=(-0.5, 1.5), xlabel="x1", ylabel="x2", aspect="equal")
        axes.grid(False)
        first, second = np.meshgrid(np.linspace(-0.75, 1.75, 126), np.linspace(-0.5, 1.5, 101))
        self.grid, self.shape = np.stack([first, second], axis=-1).reshape(-1, 2), first.shape
        extent = (-0.75, 1.75, -0.5, 1.5)
        self.sides = axes.imshow(
            np.zeros(self.shape), cmap=palette.classes, vmin=-0.7, vmax=1.7, origin="lower", extent=extent
        )
        (self.line,) = axes.plot([], [], color=palette.accent, linewidth=2.4)
        self.dots = [
            axes.scatter([], [], s=110, label=f"gate says {label}", **role.points)
            for label, role in ((0, palette.negative), (1, palette.positive))
        ]
        self.wrong = axes.scatter([], [], s=300, facecolors="none", edgecolors=palette.ink, linewidths=2, label="wrong")
        axes.legend(loc="upper left", bbox_to_anchor=(1.02, 1), labelspacing=1.0)
        return [self.sides, self.line, *self.dots, self.wrong]

    def compute(self, w1, w2, b, gate):
        x, y = datasets.logic_gate(gate.lower())
        w = np.array([w1, w2, b])
        return {
            "w": w,
            "x": x,
            "y": y,
            "sums": with_one(x) @ w,
            "wrong": outputs(w, x) != y,
            "sides": outputs(w, self.grid).reshape(self.shape),
        }

    def draw(self, data):
        self.sides.set_data(data["sides"])
        self.line.set_data(*border(data["w"]))
        for label, dots in enumerate(self.dots):
            dots.set_offsets(data["x"][data["y"] == label])
        self.wrong.set_offsets(data["x"][data["wrong"]])

    def describe(self, data):
        rows = ", ".join(
            f"{int(a)}{int(b)}: {total:.1f} gives {int(total >= 0)}" for (a, b), total in zip(data["x"], data["sums"])
        )
        return f"{rows}; {int(data['wrong'].sum())} of 4 wrong."
