"""Figures of lesson 07: a graph walked backward, the price of forgetting, the size of a nudge."""

import functools
from typing import NamedTuple

import numpy as np

from .. import _check
from ..activations import sigmoid
from . import palette
from .playground import Playground, button, choice, slider, switch

STUDENTS = {
    "regression": [((8, 8), 4.0), ((7, 9), 5.0), ((6, 10), 6.0), ((5, 5), 7.0)],
    "classification": [((8, 8), 1.0), ((7, 9), 1.0), ((6, 10), 0.0), ((5, 5), 0.0)],
}
"""Rows of (cgpa, score) with what is wanted: a salary, or placed (1) or not (0)."""

PARAMETERS = {
    "w1_11": 0.10, "w1_21": -0.20, "b11": 0.30, "w1_12": 0.15, "w1_22": 0.05, "b12": -0.40,
    "w2_11": 0.70, "w2_21": -0.50, "b21": 0.20,
}  # fmt: skip
"""The nine weights and biases of the 2-2-1 network: layer, then where from and where to."""

PARENTS = {
    "ŷ": "L", "z21": "ŷ", "w2_11": "z21", "w2_21": "z21", "b21": "z21",
    "o11": "z21", "z11": "o11", "w1_11": "z11", "w1_21": "z11", "b11": "z11",
    "o12": "z21", "z12": "o12", "w1_12": "z12", "w1_22": "z12", "b12": "z12",
}  # fmt: skip
"""Each number and the one it goes into next on the way to the loss; in the order of the backward walk."""


def forward(x, parameters=PARAMETERS, task="classification"):
    """Return every number of a forward pass of the 2-2-1 network, by name."""
    bend = sigmoid if _check.one_of("task", task, list(STUDENTS)) == "classification" else np.asarray
    n = dict(parameters) | {"x1": float(x[0]), "x2": float(x[1])}
    n["z11"] = n["w1_11"] * n["x1"] + n["w1_21"] * n["x2"] + n["b11"]
    n["z12"] = n["w1_12"] * n["x1"] + n["w1_22"] * n["x2"] + n["b12"]
    n["o11"], n["o12"] = float(bend(n["z11"])), float(bend(n["z12"]))
    n["z21"] = n["w2_11"] * n["o11"] + n["w2_21"] * n["o12"] + n["b21"]
    n["ŷ"] = float(bend(n["z21"]))
    return n


def loss(y_hat, y, task="classification"):
    """Return the loss of one row: the squared error, or the binary cross-entropy."""
    if task == "regression":
        return (y - y_hat) ** 2
    return float(-y * np.log(y_hat) - (1 - y) * np.log(1 - y_hat))


class Step(NamedTuple):
    """One step of the backward walk: ``d L / d name`` = ``d L / d parent`` times a local slope."""

    name: str
    parent: str
    local: float
    value: float
    path: tuple
    """The names on the way from the loss to this number."""


def walk_backward(x, y, parameters=PARAMETERS, task="classification"):
    """Return the fifteen steps from the loss back to the nine parameters, and the numbers going forward.

    Parameters
    ----------
    x : pair of float
    y : float
        What is wanted.
    parameters : dict of str to float
        The nine of ``PARAMETERS``.
    task : str
        "regression" (linear units, squared error) or "classification" (sigmoids, cross-entropy).

    Returns
    -------
    list of Step, dict of str to float
    """
    n = forward(x, parameters, task)
    n["L"] = loss(n["ŷ"], y, task)
    slopes = {o: (n[o] * (1 - n[o]) if task == "classification" else 1.0) for o in ("o11", "o12", "ŷ")}
    local = {
        "ŷ": -2 * (y - n["ŷ"]) if task == "regression" else -(y - n["ŷ"]) / (n["ŷ"] * (1 - n["ŷ"])),
        "z21": slopes["ŷ"], "z11": slopes["o11"], "z12": slopes["o12"],
        "w2_11": n["o11"], "w2_21": n["o12"], "o11": n["w2_11"], "o12": n["w2_21"],
        "w1_11": n["x1"], "w1_12": n["x1"], "w1_21": n["x2"], "w1_22": n["x2"],
        "b11": 1.0, "b12": 1.0, "b21": 1.0,
    }  # fmt: skip
    known, paths, steps = {"L": 1.0}, {"L": ("L",)}, []
    for name, parent in PARENTS.items():
        known[name] = known[parent] * local[name]
        paths[name] = (*paths[parent], name)
        steps.append(Step(name, parent, local[name], known[name], paths[name]))
    return steps, n


def multiplications(steps, memory):
    """Return how many multiplications the steps cost, with or without using what is known.

    A product of k factors costs k - 1. With memory every product after the first has two factors;
    without, it is multiplied out from the loss.
    """
    return sum(min(1, len(step.path) - 2) if memory else len(step.path) - 2 for step in steps)


PLACES = {
    "x1": (46, 350), "x2": (46, 160), "z11": (236, 350), "z12": (236, 160), "o11": (346, 350), "o12": (346, 160),
    "z21": (512, 255), "ŷ": (612, 255), "L": (708, 255),
    "w1_11": (140, 372), "w1_12": (121, 290), "w1_21": (121, 220), "w1_22": (140, 138),
    "b11": (236, 424), "b12": (236, 86), "w2_11": (430, 302), "w2_21": (430, 208), "b21": (512, 165),
}  # fmt: skip
WIRES = (
    ("x1", "z11"), ("x1", "z12"), ("x2", "z11"), ("x2", "z12"), ("b11", "z11"), ("b12", "z12"),
    ("z11", "o11"), ("z12", "o12"), ("o11", "z21"), ("o12", "z21"), ("b21", "z21"), ("z21", "ŷ"), ("ŷ", "L"),
)  # fmt: skip
ALONG = {"w1_11": "x1", "w1_12": "x1", "w1_21": "x2", "w1_22": "x2", "w2_11": "o11", "w2_21": "o12"}


class Graph(Playground):
    """The 2-2-1 network as a graph, walked backward one derivative at a time."""

    title = "The computational graph of a 2-2-1 network, walked backward from the loss L"
    size = (760, 470)

    def make_controls(self):
        return {
            "steps": slider("steps back", 5, 0, len(PARENTS)),
            "memory": switch("remember what is known", True),
            "task": choice("task", list(STUDENTS), "classification"),
            "student": slider("student", 1, 1, 4, width=238),
            "back": button("One step back", self.step_back, "Compute the next derivative"),
        }

    def step_back(self):
        """Compute the next derivative; after the last, begin again."""
        steps = self.controls["steps"]
        steps.value = 0 if steps.value == len(PARENTS) else steps.value + 1

    def build(self, figure):
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, 760), ylim=(0, 470))
        axes.axis("off")
        self.wires = {}
        for wire in WIRES:
            (x0, y0), (x1, y1) = (PLACES[name] for name in wire)
            self.wires[wire] = axes.plot([x0, x1], [y0, y1], zorder=1, solid_capstyle="round")[0]
        self.labels = {}
        for name, (x, y) in PLACES.items():
            free = name in PARAMETERS
            style = "round,pad=0.2" if free else "round,pad=0.45"
            box = {"boxstyle": style, "facecolor": "white", "linewidth": 1.5}
            self.labels[name] = axes.text(
                x, y, "", ha="center", va="center", fontsize=8.5 if free else 9.5, linespacing=1.35, bbox=box, zorder=3
            )
        self.product = axes.text(14, 32, "", fontsize=11.5, va="center", color=palette.ink)
        self.count = axes.text(746, 448, "", fontsize=10.5, va="center", ha="right", color=palette.muted)
        return [*self.wires.values(), *self.labels.values(), self.product, self.count]

    def compute(self, steps, memory, task, student):
        x, y = STUDENTS[task][student - 1]
        every, numbers = walk_backward(x, y, task=task)
        done = every[:steps]
        costs = multiplications(done, True), multiplications(done, False)
        return {"done": done, "numbers": numbers, "memory": memory, "costs": costs, "wanted": y}

    def draw(self, data):
        done, now = {step.name: step for step in data["done"]}, data["done"][-1] if data["done"] else None
        lit = set() if now is None else {now.name, now.parent} if data["memory"] else set(now.path)
        lit |= {ALONG[name] for name in lit & set(ALONG)}
        for (start, end), wire in self.wires.items():
            if start in lit and end in lit:
                wire.set(color=palette.gradient, linewidth=3.5, linestyle=palette.gradient.linestyle)
            else:
                wire.set(color="#b6bcc5", linewidth=1.4, linestyle="-")
        for name, label in self.labels.items():
            slope = f"\n$\\partial$L: {_short(done[name].value)}" if name in done else ""
            label.set_text(f"{pretty(name)} = {_short(data['numbers'][name])}{slope}")
            patch = label.get_bbox_patch()
            if now and name == now.name:
                patch.set(edgecolor=palette.gradient, facecolor="#fbe0d0", linewidth=2.6)
            elif name in lit and (name in done or name == "L"):
                patch.set(edgecolor=palette.accent, facecolor="#fdf0d5", linewidth=2.2)
            elif name in done:
                patch.set(edgecolor=palette.gradient, facecolor="white", linewidth=1.2)
            else:
                patch.set(edgecolor=palette.weight if name in PARAMETERS else palette.prediction,
                          facecolor="white", linewidth=1.2)  # fmt: skip
        self.product.set_text(self._product(data))
        with_, without = data["costs"]
        self.count.set_text(f"multiplications: {with_} with memory, {without} without")

    def _product(self, data):
        if not data["done"]:
            return "Forward is done: every box holds its number. Nothing is known backward yet."
        now, known = data["done"][-1], {step.name: step for step in data["done"]}
        if now.parent == "L":
            return f"dL/dŷ = {_short(now.value)}, the slope of the loss: the walk begins"
        if data["memory"]:
            parts = f"dL/d{pretty(now.parent)} (known) × the slope in between = "
            return f"dL/d{pretty(now.name)} = {parts}{_short(known[now.parent].value)} × {_short(now.local)} = {_short(now.value)}"
        factors = [_short(known[name].local) for name in now.path[1:]]
        return f"dL/d{pretty(now.name)}, all from the start: {' × '.join(factors)} = {_short(now.value)}"

    def describe(self, data):
        with_, without = data["costs"]
        said = f"The network says {data['numbers']['ŷ']:.3f}, wanted is {data['wanted']:g}."
        if not data["done"]:
            return f"{said} No derivative is known yet."
        now = data["done"][-1]
        reuse = f", reusing the one of {pretty(now.parent)}" if data["memory"] and now.parent != "L" else ""
        return (
            f"{said} Step {len(data['done'])} of {len(PARENTS)}: dL/d{pretty(now.name)} = {now.value:.4f}{reuse}. "
            f"Multiplications so far: {with_} with memory, {without} without."
        )


def pretty(name):
    """Return a name as the lecture writes it, with the layer up and the units down: w1_11 becomes w¹₁₁."""
    down = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
    if name[0] == "w":
        return "w" + {"1": "¹", "2": "²"}[name[1]] + name[3:].translate(down)
    return name[0] + name[1:].translate(down)


def _short(value):
    text = f"{value:.3f}" if abs(value) >= 0.01 or value == 0 else f"{value:.1e}"
    return text.replace("-", "\N{MINUS SIGN}")


def count_by_walking(depth, width, memory):
    """Return the multiplications for the slope of the output along every unit, counted one by one.

    The network has ``depth`` hidden layers of ``width`` units, and one output. The slope of a unit is
    the sum, over the units it feeds, of their slopes times the weight in between.

    Parameters
    ----------
    depth, width : int, 1 or more
        Without memory keep ``width ** depth`` below a million: each path is walked.
    memory : bool
        Whether a slope that is known is used again.
    """
    count = 0

    def slope(layer, unit):
        nonlocal count
        if layer == depth:
            return 1.0
        total = 0.0
        for _next in range(width):
            total += recall(layer + 1, _next) * 0.5
            count += 1
        return total

    recall = functools.cache(slope) if memory else slope
    for layer in range(1, depth + 1):
        for unit in range(width):
            recall(layer, unit)
    return count


def count_by_formula(depth, width, memory):
    """Return what `count_by_walking` returns, without walking."""
    depth, width = _check.whole("depth", depth, at_least=1), _check.whole("width", width, at_least=1)
    if memory:
        return (depth - 1) * width * width
    total = one = 0
    for _ in range(depth - 1):
        one = width * (one + 1)
        total += width * one
    return total


def in_words(count, rate=1e9):
    """Return how long so many multiplications take at a billion a second."""
    seconds = count / rate
    for size, name in ((365.25 * 86400, "years"), (86400, "days"), (3600, "hours"), (60, "minutes"), (1, "seconds")):
        if seconds >= size:
            return f"{seconds / size:,.0f} {name if round(seconds / size) != 1 else name[:-1]}"
    return "less than a second"


class Multiplications(Playground):
    """The multiplications of a backward pass against depth, with and without memory."""

    title = "Multiplications to find every slope of a network, against its depth, on a scale of powers of ten"
    DEPTHS = range(2, 25)

    def make_controls(self):
        return {
            "depth": slider("hidden layers", 4, self.DEPTHS[0], self.DEPTHS[-1]),
            "width": slider("units in each", 3, 1, 10),
        }

    def build(self, figure):
        axes = figure.subplots()
        axes.set(xlim=(1.5, 24.5), ylim=(1, 1e26), yscale="log", xlabel="hidden layers", ylabel="multiplications")
        axes.set_yticks([10.0**k for k in range(0, 27, 4)])
        self.lines = [
            axes.plot([], [], label=label, **role.line)[0]
            for label, role in (("each path anew", palette.gradient), ("with memory", palette.prediction))
        ]
        self.dots = [
            axes.plot([], [], role.marker, color=role, markersize=9)[0]
            for role in (palette.gradient, palette.prediction)
        ]
        self.here = axes.axvline(4, color=palette.muted, linewidth=1, linestyle=":")
        axes.legend(loc="upper left")
        return [self.here, *self.lines, *self.dots]

    def compute(self, depth, width):
        curves = [[count_by_formula(d, width, memory) for d in self.DEPTHS] for memory in (False, True)]
        return {"depth": depth, "width": width, "curves": curves, "now": [c[depth - self.DEPTHS[0]] for c in curves]}

    def draw(self, data):
        for line, dot, curve, now in zip(self.lines, self.dots, data["curves"], data["now"]):
            line.set_data(list(self.DEPTHS), np.array(curve, dtype=float))
            dot.set_data([data["depth"]], [float(now)])
        self.here.set_xdata([data["depth"]] * 2)

    def describe(self, data):
        without, with_ = data["now"]
        units = f"{data['width']} unit" + "s" * (data["width"] != 1)
        return (
            f"{data['depth']} hidden layers of {units}: {with_:,} multiplications with memory, {without:,} without. "
            f"At a billion a second: {in_words(with_)} against {in_words(without)}."
        )


CURVES = {
    "x³ at 2": (lambda x: x**3, 2.0, 12.0),
    "sigmoid at 1": (lambda x: 1 / (1 + np.exp(-x)), 1.0, 0.19661193324148185),
    "x² + 2x at 5": (lambda x: x * x + 2 * x, 5.0, 12.0),
}
"""Functions to measure: the function, where, and its true slope there."""


def measured_slopes(name, step):
    """Return the slope of a function of ``CURVES``, measured to one side and to both, and the true one.

    Parameters
    ----------
    name : str
    step : float or ndarray, above 0

    Returns
    -------
    one_sided, central, true
    """
    f, at, true = _check.one_of("function", name, CURVES)
    return (f(at + step) - f(at)) / step, (f(at + step) - f(at - step)) / (2 * step), true


class NudgeSize(Playground):
    """The error of a measured slope against the size of the nudge."""

    title = "How far a measured slope is off, against the size of the nudge, both on scales of powers of ten"

    def make_controls(self):
        return {
            "step": slider("size of the nudge", 1e-2, 1e-14, 1e-1, 0.25, log=True),
            "name": choice("function", list(CURVES), "x³ at 2"),
        }

    def build(self, figure):
        axes = figure.subplots()
        axes.set(
            xscale="log", yscale="log", xlim=(5e-15, 0.2), ylim=(1e-16, 10),
            xlabel="size of the nudge h", ylabel="error of the slope",
        )  # fmt: skip
        self.steps = 10.0 ** np.linspace(-14, -1, 157)
        self.lines = [
            axes.plot([], [], label=label, **(role.line | {"linewidth": 1.4}))[0]
            for label, role in (("one side", palette.gradient), ("both sides", palette.prediction))
        ]
        self.dots = [
            axes.plot([], [], role.marker, color=role, markersize=9)[0]
            for role in (palette.gradient, palette.prediction)
        ]
        axes.legend(loc="lower left")
        return [*self.lines, *self.dots]

    def compute(self, step, name):
        def errors(h):
            one, both, true = measured_slopes(name, h)
            return [np.maximum(np.abs(slope - true), 1e-16) for slope in (one, both)]

        return {"step": step, "name": name, "curves": errors(self.steps), "now": errors(step),
                "slopes": measured_slopes(name, step)}  # fmt: skip

    def draw(self, data):
        for line, dot, curve, now in zip(self.lines, self.dots, data["curves"], data["now"]):
            line.set_data(self.steps, curve)
            dot.set_data([data["step"]], [now])

    def describe(self, data):
        one, both, true = data["slopes"]
        return (
            f"Slope of {data['name']}: {true:.10g}. With a nudge of {data['step']:.1e} one side gives {one:.10g} "
            f"(off by {abs(one - true):.0e}), both sides {both:.10g} (off by {abs(both - true):.0e})."
        )


def graph():
    """Return the graph that is walked backward, ready to be shown."""
    return Graph()


def price_of_forgetting():
    """Return the multiplications against depth, ready to be shown."""
    return Multiplications()


def nudge_size():
    """Return the error of a measured slope against the nudge, ready to be shown."""
    return NudgeSize()
