"""Figures of lesson 06: the backprop microscope, four slips, and the learning curve.

The network is the one of the lecture: two inputs, two hidden units, two outputs, sigmoid units, the
error half the sum of the squared misses. Its weights are one vector in the lecture's order::

    w1 i1 -> h1   w3 i1 -> h2   w5 h1 -> o1   w7 h1 -> o2
    w2 i2 -> h1   w4 i2 -> h2   w6 h2 -> o1   w8 h2 -> o2

Source: deck D3, "Example".
"""

from dataclasses import dataclass
from functools import lru_cache
from math import prod
from typing import NamedTuple

import numpy as np
from matplotlib.patches import Circle, FancyBboxPatch, Rectangle

from gradschool import _check
from gradschool.activations import sigmoid

from . import palette
from .picture import show, subplots
from .playground import Playground, button, choice, slider, switch

WEIGHTS = np.array([0.15, 0.20, 0.25, 0.30, 0.40, 0.45, 0.50, 0.55])
BIASES = np.array([0.35, 0.35, 0.60, 0.60])  # of h1, h2, o1, o2; the lecture's b1, b1, b2, b2
INPUTS = np.array([0.05, 0.10])
TARGETS = np.array([0.01, 0.99])
LEARNING_RATE = 0.5
NAMES = tuple(f"w{i}" for i in range(1, 9))


# ---- the network, as pure functions ------------------------------------------------------------------


def kernels(weights):
    """Return the two kernels, shape (2, 2) each, of eight weights in the lecture's order."""
    first, second = np.reshape(weights, (2, 2, 2))
    return first.T, second.T  # row: where the arrow starts, column: where it ends


def flat(kernel_1, kernel_2):
    """Return eight weights in the lecture's order: the inverse of `kernels`."""
    return np.concatenate([kernel_1.T.ravel(), kernel_2.T.ravel()])


@dataclass(frozen=True)
class Pass:
    """Every number of one pass forward and one backward; arrays of two, ``gradients`` of eight."""

    inputs: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    net_h: np.ndarray
    out_h: np.ndarray
    net_o: np.ndarray
    out_o: np.ndarray
    errors: np.ndarray
    delta_o: np.ndarray
    delta_h: np.ndarray
    gradients: np.ndarray

    @property
    def total(self):
        return float(self.errors.sum())


def run_pass(weights=WEIGHTS, biases=BIASES, inputs=INPUTS, targets=TARGETS):
    r"""Run the network forward and backward once.

    .. math::
        \delta_o = (out_o - target)\, out_o (1 - out_o), \qquad
        \delta_h = (W_2\, \delta_o)\, out_h (1 - out_h)

    Parameters
    ----------
    weights : array_like, shape (8,)
    biases : array_like, shape (4,)
        Of h1, h2, o1, o2.
    inputs, targets : array_like, shape (2,)

    Returns
    -------
    Pass
    """
    weights = _check.array("weights", weights, shape=(8,))
    biases = _check.array("biases", biases, shape=(4,))
    inputs = _check.array("inputs", inputs, shape=(2,))
    targets = _check.array("targets", targets, shape=(2,))
    kernel_1, kernel_2 = kernels(weights)
    net_h = inputs @ kernel_1 + biases[:2]
    out_h = sigmoid(net_h)
    net_o = out_h @ kernel_2 + biases[2:]
    out_o = sigmoid(net_o)
    delta_o = (out_o - targets) * out_o * (1 - out_o)
    delta_h = (kernel_2 @ delta_o) * out_h * (1 - out_h)
    gradients = flat(np.outer(inputs, delta_h), np.outer(out_h, delta_o))
    errors = 0.5 * (targets - out_o) ** 2
    return Pass(inputs, targets, weights, net_h, out_h, net_o, out_o, errors, delta_o, delta_h, gradients)


class Factor(NamedTuple):
    """One factor of a chain-rule product: what it is, where it lives in the network, its value."""

    kind: str
    """"error" (error per output), "slope" (output per net input), "weight" or "signal" (what came in)."""
    place: str
    """The unit or weight: "o1", "h2", "i1", "w5"."""
    value: float


def product_of(passed, name):
    """Return the chain-rule product of one weight, as the factors along its paths to the error.

    Parameters
    ----------
    passed : Pass
    name : str
        "w1" to "w8".

    Returns
    -------
    paths : list of list of Factor
        From each output reached: products along a path multiply, paths add up.
    shared : list of Factor
        The factors that all paths have in common; the gradient is the sum over paths times these.
    """
    index = _check.one_of("weight", name, {n: i for i, n in enumerate(NAMES)})
    end, start = divmod(index % 4, 2)
    slope_o = passed.out_o * (1 - passed.out_o)

    def back_from(k):
        return [
            Factor("error", f"o{k + 1}", float(passed.out_o[k] - passed.targets[k])),
            Factor("slope", f"o{k + 1}", float(slope_o[k])),
        ]

    if index >= 4:
        return [back_from(end)], [Factor("signal", f"h{start + 1}", float(passed.out_h[start]))]
    paths = []
    for k in range(2):
        carried = 4 + 2 * k + end  # the weight from this hidden unit to output k
        paths.append([*back_from(k), Factor("weight", NAMES[carried], float(passed.weights[carried]))])
    slope_h = float(passed.out_h[end] * (1 - passed.out_h[end]))
    shared = [Factor("slope", f"h{end + 1}", slope_h), Factor("signal", f"i{start + 1}", float(passed.inputs[start]))]
    return paths, shared


def gradient_of(paths, shared):
    """Multiply out what `product_of` returned."""
    return sum(prod(f.value for f in path) for path in paths) * prod(f.value for f in shared)


SLIPS = {
    "updated weights": "w5 to w8 are changed first, and the hidden layer uses the new ones",
    "slope forgotten": "output times (1 - output) is left out of every delta",
    "sign flipped": "the step is added instead of subtracted",
    "biases updated too": "each unit's bias takes a step as well (no mistake: the lecture leaves it out)",
}


def train_step(weights, biases, slips=(), *, inputs=INPUTS, targets=TARGETS, learning_rate=LEARNING_RATE):
    """Return the weights and biases after one step, with the slips that are named.

    Parameters
    ----------
    weights : array_like, shape (8,)
    biases : array_like, shape (4,)
    slips : collection of str
        Names from `SLIPS`. None of them gives the lecture's step, which leaves the biases alone.
    learning_rate : float, 0 or above

    Returns
    -------
    weights, biases : ndarray, new arrays
    """
    for slip in slips:
        _check.one_of("slip", slip, SLIPS)
    step = _check.number("learning_rate", learning_rate, at_least=0) * (-1 if "sign flipped" in slips else 1)
    passed = run_pass(weights, biases, inputs, targets)
    kernel_1, kernel_2 = kernels(passed.weights)
    slope_o = slope_h = 1.0
    if "slope forgotten" not in slips:
        slope_o = passed.out_o * (1 - passed.out_o)
        slope_h = passed.out_h * (1 - passed.out_h)
    delta_o = (passed.out_o - passed.targets) * slope_o
    kernel_2_new = kernel_2 - step * np.outer(passed.out_h, delta_o)
    way_back = kernel_2_new if "updated weights" in slips else kernel_2
    delta_h = (way_back @ delta_o) * slope_h
    kernel_1_new = kernel_1 - step * np.outer(passed.inputs, delta_h)
    biases = np.array(biases, dtype=float)
    if "biases updated too" in slips:
        biases -= step * np.concatenate([delta_h, delta_o])
    return flat(kernel_1_new, kernel_2_new), biases


def learn(rounds, slips=()):
    """Return weights, biases and errors of the lecture's network over ``rounds`` steps.

    Returns
    -------
    weights : ndarray, shape (rounds + 1, 8)
    biases : ndarray, shape (rounds + 1, 4)
    errors : ndarray, shape (rounds + 1,)
        The total error before the first step and after each.
    """
    return _learn(_check.whole("rounds", rounds), tuple(slips))


@lru_cache(maxsize=32)  # a slider over the rounds asks for the same training again and again
def _learn(rounds, slips):
    states = [(WEIGHTS, BIASES)]
    for _ in range(rounds):
        states.append(train_step(*states[-1], slips))
    errors = [run_pass(*state).total for state in states]
    results = tuple(np.array(part) for part in (*zip(*states), errors))
    for result in results:
        result.flags.writeable = False
    return results


def first_difference(right, wrong):
    """Return the position of the first character in which two numbers, as text, differ; None if they do not."""
    if right == wrong:
        return None
    pairs = zip(right, wrong)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(right), len(wrong)))


# ---- the microscope ----------------------------------------------------------------------------------

KINDS = {"error": palette.gradient, "slope": palette.green, "weight": palette.weight, "signal": palette.prediction}
TINTS = {"error": "#fbe6d9", "slope": "#dcf1ea", "weight": "#f4e3ee", "signal": "#dcebf5"}
STAGES = (
    "The inputs are in",
    "Forward, 1 of 3: the hidden units",
    "Forward, 2 of 3: the outputs",
    "Forward, 3 of 3: the errors",
    "Backward, 1 of 2: the output layer's gradients",
    "Backward, 2 of 2: the hidden layer's gradients",
    "forward and backward done",
)
HIDDEN, OUTPUTS, ERRORS, GRADIENTS_O, GRADIENTS_H, DONE = 1, 2, 3, 4, 5, 6

TOP, BOTTOM = 436, 276
ROWS = {"1": TOP, "2": BOTTOM}
BOXES = {"i": (14, 64), "h": (202, 128), "o": (456, 128), "e": (634, 114)}  # left edge, width
BOX_HEIGHT = 70
BANDS = {  # where the walk is now
    HIDDEN: (194, 338),
    OUTPUTS: (448, 592),
    ERRORS: (626, 756),
    GRADIENTS_O: (334, 452),
    GRADIENTS_H: (80, 200),
}
CHIP = (130, 42)
TAG = (110, 32)


def digits(value, decimals=9):
    """Return a number as text with a true minus sign."""
    return f"{value:.{decimals}f}".replace("-", "\N{MINUS SIGN}")


class MicroscopeData(NamedTuple):
    """What the microscope shows: one pass, the chosen weight's product, the step, how far the walk is."""

    passed: Pass
    name: str
    paths: list
    shared: list
    gradient: float
    new_weight: float
    learning_rate: float
    stage: int
    round: int


class Microscope(Playground):
    """The backprop microscope: a 2-2-2 network under which every gradient shows its factors."""

    title = "The backprop microscope: a network of two inputs, two hidden units and two outputs"
    size = (760, 516)

    def make_controls(self):
        return {
            "weight": choice("weight", {self._in_words(n): n for n in NAMES}, "w5"),
            "i1": slider("input i1", 0.05, 0.0, 1.0, 0.01, width=238),
            "i2": slider("input i2", 0.10, 0.0, 1.0, 0.01, width=238),
            "learning_rate": slider("learning rate", LEARNING_RATE, 0.0, 5.0, 0.1, width=238),
            "target_1": slider("target of o1", 0.01, 0.0, 1.0, 0.01, width=238),
            "target_2": slider("target of o2", 0.99, 0.0, 1.0, 0.01, width=238),
            "forward": button("Step forward", self.step_forward, "Compute the next layer on the way to the error"),
            "backward": button("Step backward", self.step_backward, "Compute the gradients one layer further back"),
            "update": button("Update weights", self.update_weights, "Take one step of gradient descent"),
        }

    def restart(self):
        self.weights = WEIGHTS.copy()
        self.stage = DONE
        self.round = 1

    def step_forward(self):
        """Walk the forward pass one layer on; after the errors it begins again."""
        self.stage = self.stage + 1 if self.stage < ERRORS else HIDDEN

    def step_backward(self):
        """Walk the backward pass one layer back. It needs the errors, so it finishes the forward pass first."""
        self.stage = GRADIENTS_H if self.stage == GRADIENTS_O else GRADIENTS_O

    def update_weights(self):
        """Take one step with all eight weights at once, and look at the next round."""
        v = self.values
        inputs, targets = (v["i1"], v["i2"]), (v["target_1"], v["target_2"])
        self.weights, _ = train_step(
            self.weights, BIASES, inputs=inputs, targets=targets, learning_rate=v["learning_rate"]
        )
        self.stage = DONE
        self.round += 1

    def compute(self, weight, i1, i2, target_1, target_2, learning_rate):
        passed = run_pass(self.weights, BIASES, (i1, i2), (target_1, target_2))
        paths, shared = product_of(passed, weight)
        gradient = gradient_of(paths, shared)
        new = float(self.weights[NAMES.index(weight)]) - learning_rate * gradient
        return MicroscopeData(passed, weight, paths, shared, gradient, new, learning_rate, self.stage, self.round)

    def point(self, event, axes, x, y):
        if event == "down":
            for name, (frame, _) in self.tags.items():
                if frame.get_bbox().contains(x, y):
                    self.controls["weight"].value = name
                    return
            distances = {name: _distance(x, y, *self._ends(name)) for name in NAMES}
            nearest = min(distances, key=distances.get)
            if distances[nearest] < 14:
                self.controls["weight"].value = nearest

    # drawing

    def build(self, figure):
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, 760), ylim=(0, 516))
        axes.axis("off")
        self.axes, self._moving = axes, []
        axes.plot([14, 746], [228, 228], color=palette.grid, linewidth=1)
        self.band = self._move(axes.add_patch(Rectangle((0, 0), 0, 0, facecolor="#ffefc9", edgecolor="none")), 1)
        self.heading = self._text(14, 497, "", size=12, weight="bold", va="center")
        self.total = self._text(691, (TOP + BOTTOM) / 2, "", size=9.5, weight="bold", ha="center")
        self._text(266, (TOP + BOTTOM) / 2, "bias b1  0.35", size=9, color=palette.muted, ha="center")
        self._text(520, (TOP + BOTTOM) / 2, "bias b2  0.60", size=9, color=palette.muted, ha="center")
        self._build_edges()
        self._build_units()
        self._build_strip()
        return self._moving

    def _move(self, artist, zorder):
        artist.set_zorder(zorder)
        self._moving.append(artist)
        return artist

    def _text(self, x, y, text, size=10, va="center", z=6, **options):
        return self._move(self.axes.text(x, y, text, fontsize=size, va=va, **options), z)

    @staticmethod
    def _in_words(name):
        start, end = _units_of(name)
        return f"{name} ({start} to {end})"

    @staticmethod
    def _ends(name):
        start, end = _units_of(name)
        left, width = BOXES[start[0]]
        return left + width, ROWS[start[1]], BOXES[end[0]][0], ROWS[end[1]]

    def _build_edges(self):
        self.edges, self.tags, self.joins = {}, {}, {}
        for name in NAMES:
            x0, y0, x1, y1 = self._ends(name)
            (line,) = self.axes.plot([x0, x1], [y0, y1], solid_capstyle="round")
            self.edges[name] = self._move(line, 2)
            if y0 == y1:
                x, y = (x0 + x1) / 2, y0 + (18 if y0 == TOP else -18)
            else:
                x, y = x0 + 0.36 * (x1 - x0), y0 + 0.335 * (y1 - y0)
            frame = Rectangle((x - TAG[0] / 2, y - TAG[1] / 2), *TAG, facecolor="white", linewidth=1.8)
            frame = self._move(self.axes.add_patch(frame), 4)
            self.tags[name] = (frame, self._text(x, y, "", size=8.5, ha="center", z=4.5))
        for y in ROWS.values():
            x = BOXES["o"][0] + BOXES["o"][1]
            self.axes.plot([x, BOXES["e"][0]], [y, y], color="#9aa1ab", linewidth=1.4, zorder=1)

    def _build_units(self):
        self.boxes, self.lines = {}, {}
        for column, (left, width) in BOXES.items():
            for number, y in ROWS.items():
                unit = column + number
                shape = FancyBboxPatch(
                    (left + 5, y - BOX_HEIGHT / 2 + 5),
                    width - 10,
                    BOX_HEIGHT - 10,
                    boxstyle="round,pad=5,rounding_size=12",
                )
                self.boxes[unit] = self._move(self.axes.add_patch(shape), 3)
                name = {"e": f"E{number}"}.get(column, unit)
                self._text(left + 10, y + 20, name, size=11, weight="bold", z=5)
                self.lines[unit] = self._text(left + 10, y - 12, "", size=9, z=5, linespacing=1.45)
        self.badges = [self._badge() for _ in range(8)]

    def _badge(self):
        disk = self._move(self.axes.add_patch(Circle((0, 0), 9, edgecolor="white", linewidth=1.4)), 7)
        label = self._text(0, 0, "", size=9, weight="bold", color="white", ha="center", z=8)
        return disk, label

    def _build_strip(self):
        width, height = CHIP
        self.chips = []
        for i in range(8):
            shape = FancyBboxPatch((0, 0), width - 8, height - 8, boxstyle="round,pad=4,rounding_size=6", linewidth=1.2)
            card = self._move(self.axes.add_patch(shape), 3)
            self.chips.append(
                (card, self._text(0, 0, "", size=8.5, z=5), self._text(0, 0, "", size=9.5, z=5), self._badge())
            )
        self.signs = [self._text(0, 0, "", size=13, ha="center", z=5) for _ in range(7)]
        self.brackets = [
            self._move(self.axes.plot(xs, [218, 218, 112, 112], color=palette.ink, linewidth=1.6)[0], 3)
            for xs in ([15, 9, 9, 15], [443, 449, 449, 443])
        ]
        self.result = self._text(14, 86, "")
        self.step = self._text(14, 58, "")
        meanings = (
            ("error", "error per output"),
            ("slope", "output per net (slope of the unit)"),
            ("weight", "weight on the way"),
            ("signal", "what comes in"),
        )
        for x, (kind, meaning) in zip((20, 172, 436, 596), meanings):
            self.axes.add_patch(Circle((x, 20), 6, color=KINDS[kind]))
            self.axes.text(x + 12, 20, meaning, fontsize=9, va="center", color=palette.ink)

    def draw(self, data):
        passed, stage = data.passed, data.stage
        self.heading.set_text(f"Round {data.round}: {STAGES[stage]}")
        self.band.set_visible(stage in BANDS)
        if stage in BANDS:
            left, right = BANDS[stage]
            self.band.set_bounds(left, BOTTOM - 43, right - left, TOP - BOTTOM + 86)
        lit = {}
        for number, factor in enumerate([f for path in data.paths for f in path] + data.shared, 1):
            lit[factor.kind, factor.place] = number
        self._draw_units(passed, stage, lit)
        self._draw_edges(data, lit)
        self._draw_badges(lit)
        self._draw_strip(data)

    def _draw_units(self, passed, stage, lit):
        for i in range(2):
            number = str(i + 1)
            self.lines["i" + number].set_text(digits(passed.inputs[i], 2))
            for column, net, out, need in (
                ("h", passed.net_h, passed.out_h, HIDDEN),
                ("o", passed.net_o, passed.out_o, OUTPUTS),
            ):
                known = stage >= need
                text = f"net {digits(net[i])}\nout {digits(out[i])}" if known else f"net {WAITING}\nout {WAITING}"
                self.lines[column + number].set_text(text)
            error = digits(passed.errors[i]) if stage >= ERRORS else WAITING
            self.lines["e" + number].set_text(f"target {digits(passed.targets[i], 2)}\n{error}")
        self.total.set_text(f"total error\n{digits(passed.total) if stage >= ERRORS else WAITING}")
        places = {"error": "e", "slope": "", "signal": ""}
        kinds = {
            (places[kind] + place[1] if kind == "error" else place): kind for kind, place in lit if kind != "weight"
        }
        for unit, shape in self.boxes.items():
            kind = kinds.get(unit)
            shape.set_linewidth(3 if kind else 1.3)
            shape.set_edgecolor(KINDS[kind] if kind else "#9aa1ab")
            shape.set_facecolor(TINTS[kind] if kind else "#f6f7f9")

    def _draw_edges(self, data, lit):
        for i, name in enumerate(NAMES):
            chosen, carries = name == data.name, ("weight", name) in lit
            line, (frame, tag) = self.edges[name], self.tags[name]
            line.set_color(palette.ink if chosen else KINDS["weight"] if carries else "#b6bcc5")
            line.set_linewidth(4 if chosen else 3 if carries else 1.4)
            line.set_zorder(2.5 if chosen or carries else 2)
            known = data.stage >= (GRADIENTS_O if i >= 4 else GRADIENTS_H)
            slope = f"\ngrad {digits(data.passed.gradients[i], 6)}" if known else ""
            tag.set_text(f"{name}  {digits(data.passed.weights[i], 6)}{slope}")
            tag.set_fontweight("bold" if chosen else "normal")
            frame.set_edgecolor(palette.ink if chosen else KINDS["weight"] if carries else "none")

    def _draw_badges(self, lit):
        spots = {}
        for (kind, place), number in lit.items():
            if kind == "weight":
                x, y = self.tags[place][1].get_position()
                spots[number] = (x - TAG[0] / 2, y, kind)
            else:
                column = "e" if kind == "error" else place[0]
                left, width = BOXES[column]
                x = {"error": left + 6, "slope": left + width - 12, "signal": left + width - 2}[kind]
                y = ROWS[place[1]] + {"error": BOX_HEIGHT / 2, "slope": BOX_HEIGHT / 2, "signal": 0}[kind]
                spots[number] = (x, y - (13 if kind == "signal" else 0), kind)
        for number, badge in enumerate(self.badges, 1):
            self._put_badge(badge, number, *spots.get(number, (0, 0, None)))

    @staticmethod
    def _put_badge(badge, number, x, y, kind):
        disk, label = badge
        disk.set_visible(kind is not None)
        label.set_visible(kind is not None)
        if kind is not None:
            disk.center = (x, y)
            disk.set_facecolor(KINDS[kind])
            label.set_position((x, y))
            label.set_text(str(number))

    def _draw_strip(self, data):
        hidden = len(data.paths) == 2
        spots, signs = (HIDDEN_SPOTS, HIDDEN_SIGNS) if hidden else (OUTPUT_SPOTS, OUTPUT_SIGNS)
        factors = [f for path in data.paths for f in path] + data.shared
        for i, chip in enumerate(self.chips):
            self._put_chip(chip, i + 1, *(spots[i], factors[i], data.stage) if i < len(factors) else (None, None, 0))
        for i, sign in enumerate(self.signs):
            sign.set_visible(i < len(signs))
            if i < len(signs):
                sign.set_position(signs[i][:2])
                sign.set_text(signs[i][2])
        for bracket in self.brackets:
            bracket.set_visible(hidden)
        known = data.stage >= (GRADIENTS_H if hidden else GRADIENTS_O)
        self.result.set_text(f"gradient of {data.name} = {_worked_out(data) if known else WAITING}")
        before, after = digits(data.passed.weights[NAMES.index(data.name)]), digits(data.new_weight)
        rate = f"{data.learning_rate:g}"
        taken = f"{before} \N{MINUS SIGN} {rate} \N{MULTIPLICATION SIGN} {_in_brackets(data.gradient)} = {after}"
        self.step.set_text(f"new {data.name} = {taken if known else WAITING}")

    def _put_chip(self, chip, number, spot, factor, stage):
        card, label, value, badge = chip
        for artist in (card, label, value):
            artist.set_visible(factor is not None)
        if factor is None:
            self._put_badge(badge, 0, 0, 0, None)
            return
        x, y = spot
        width, height = CHIP
        card.set_bounds(x + 4, y - height / 2 + 4, width - 8, height - 8)
        card.set_facecolor(TINTS[factor.kind])
        card.set_edgecolor(KINDS[factor.kind])
        label.set_position((x + 26, y + 10))
        label.set_text(_formula(factor))
        value.set_position((x + 26, y - 9))
        value.set_text(digits(factor.value) if stage >= _known_from(factor) else WAITING)
        self._put_badge(badge, number, x + 13, y, factor.kind)

    def describe(self, data):
        passed, name, stage = data.passed, data.name, data.stage
        known = stage >= (GRADIENTS_O if len(data.paths) == 1 else GRADIENTS_H)
        told = {
            HIDDEN: f"out h1 is {digits(passed.out_h[0])}, out h2 is {digits(passed.out_h[1])}.",
            OUTPUTS: f"out o1 is {digits(passed.out_o[0])}, out o2 is {digits(passed.out_o[1])}.",
            ERRORS: f"E1 is {digits(passed.errors[0])}, E2 is {digits(passed.errors[1])}.",
            GRADIENTS_O: f"Delta o1 is {digits(passed.delta_o[0])}, delta o2 is {digits(passed.delta_o[1])}.",
            GRADIENTS_H: f"Delta h1 is {digits(passed.delta_h[0])}, delta h2 is {digits(passed.delta_h[1])}.",
        }
        told = f"{STAGES[stage]}. {told[stage]} " if stage in told else ""
        total = f", total error {digits(passed.total)}" if stage >= ERRORS else ""
        if not known:
            return f"Round {data.round}{total}. {told}The gradient of {name} has to wait for the backward pass."
        before = digits(passed.weights[NAMES.index(name)])
        return (
            f"Round {data.round}{total}. {told}Gradient of {name} = {_product_in_words(data)} = {digits(data.gradient)}. "
            f"One step at learning rate {data.learning_rate:g} takes {name} from {before} to {digits(data.new_weight)}."
        )


WAITING = "\N{HORIZONTAL ELLIPSIS}"
_TIMES = "\N{MULTIPLICATION SIGN}"
_STRIDE = CHIP[0] + 14
HIDDEN_SPOTS = [(20 + _STRIDE * i, y) for y in (193, 137) for i in range(3)] + [(468, 165), (614, 165)]
HIDDEN_SIGNS = [(20 + _STRIDE * i - 7, y, _TIMES) for y in (193, 137) for i in (1, 2)]
HIDDEN_SIGNS += [(229, 165, "+"), (459, 165, _TIMES), (606, 165, _TIMES)]
OUTPUT_SPOTS = [(20 + (CHIP[0] + 26) * i, 165) for i in range(3)]
OUTPUT_SIGNS = [(20 + (CHIP[0] + 26) * i - 13, 165, _TIMES) for i in (1, 2)]


def _formula(factor):
    """How the factor's number arises, for its chip."""
    return {
        "error": f"out {factor.place} \N{MINUS SIGN} target",
        "slope": f"out {factor.place} (1 \N{MINUS SIGN} out)",
        "weight": factor.place,
        "signal": f"out {factor.place}" if factor.place[0] == "h" else f"input {factor.place}",
    }[factor.kind]


def _known_from(factor):
    """The first stage of the walk at which the factor's number is there."""
    if factor.kind == "error":
        return ERRORS
    return {"o": OUTPUTS, "h": HIDDEN}.get(factor.place[0], 0)


def _in_brackets(value):
    return f"({digits(value)})" if value < 0 else digits(value)


def _worked_out(data):
    """The product with each path multiplied out, as it fits a line."""
    shared = [_in_brackets(factor.value) for factor in data.shared]
    if len(data.paths) == 1:
        start = [_in_brackets(factor.value) for factor in data.paths[0]]
    else:
        first, second = (prod(factor.value for factor in path) for path in data.paths)
        sign = "\N{MINUS SIGN}" if second < 0 else "+"
        start = [f"({digits(first)} {sign} {digits(abs(second))})"]
    return f"{f' {_TIMES} '.join(start + shared)} = {digits(data.gradient)}"


def _product_in_words(data):
    words = {
        "error": "error per output of",
        "slope": "output per net of",
        "weight": "weight",
        "signal": "what comes in from",
    }

    def tell(factors):
        return f" {_TIMES} ".join(f"{words[f.kind]} {f.place} {_in_brackets(f.value)}" for f in factors)

    inner = " + ".join(tell(path) for path in data.paths)
    return f"({inner}) {_TIMES} {tell(data.shared)}" if len(data.paths) > 1 else f"{inner} {_TIMES} {tell(data.shared)}"


def _units_of(name):
    index = NAMES.index(name)
    end, start = divmod(index % 4, 2)
    before, after = ("i", "h") if index < 4 else ("h", "o")
    return f"{before}{start + 1}", f"{after}{end + 1}"


def _distance(x, y, x0, y0, x1, y1):
    """Return how far a point is from a stretch of line."""
    length = (x1 - x0) ** 2 + (y1 - y0) ** 2
    along = np.clip(((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / length, 0, 1)
    return float(np.hypot(x - x0 - along * (x1 - x0), y - y0 - along * (y1 - y0)))


# ---- slips -------------------------------------------------------------------------------------------

ROW_NAMES = (*NAMES, "b of h1", "b of h2", "b of o1", "b of o2", "total error")
DECIMALS = 10
MONO = 9  # pixels from one digit to the next; a whole number, or rounding moves the digits from their frames


class SlipsData(NamedTuple):
    """What the slips show: eight weights, four biases and the error, right and with the slips; both curves."""

    right: np.ndarray
    wrong: np.ndarray
    right_errors: np.ndarray
    wrong_errors: np.ndarray
    rounds: int
    slips: tuple


def compare_slips(rounds, slips, horizon=100):
    """Return the right numbers after some rounds of training beside those with slips.

    Parameters
    ----------
    rounds : int, 0 to ``horizon``
    slips : collection of str
        Names from `SLIPS`.
    horizon : int
        How many rounds the curves of the error go on.

    Returns
    -------
    SlipsData
    """
    right, wrong = learn(horizon, ()), learn(horizon, slips)
    at = [
        np.concatenate([weights[rounds], biases[rounds], errors[[rounds]]])
        for weights, biases, errors in (right, wrong)
    ]
    return SlipsData(*at, right[2], wrong[2], rounds, tuple(slips))


class Slips(Playground):
    """Four slips as switches: right and wrong numbers side by side, the first digit that differs marked."""

    title = "Slips in backpropagation: the right numbers and those with a slip, side by side"
    size = (760, 400)

    def make_controls(self):
        switches = {name.replace(" ", "_"): switch(name) for name in SLIPS}
        return {**switches, "rounds": slider("rounds", 1, 0, 100, 1, width=300)}

    def build(self, figure):
        table = figure.add_axes((0, 0, 0.6, 1))
        table.set(xlim=(0, 456), ylim=(0, 400))
        table.axis("off")
        self.moving = []
        for x, words in ((16, ""), (112, "right"), (240, "with the slip"), (360, "first differs")):
            table.text(x, 378, words, fontsize=10, weight="bold", va="center")
        table.plot([14, 454], [364, 364], color="#8a919b", linewidth=1)
        self.cells = []
        for i, name in enumerate(ROW_NAMES):
            y = 349 - 27 * i
            if i in (4, 8, 12):
                table.plot([14, 454], [y + 13.5] * 2, color=palette.grid, linewidth=1)
            weight = "bold" if name == "total error" else "normal"
            table.text(16, y, name, fontsize=10, va="center", weight=weight)
            self.cells.append(
                tuple(self._cell(table, x, y) for x in (112, 240))
                + (self._keep(table.text(360, y, "", fontsize=9.5, va="center")),)
            )
        self.curve = figure.add_axes((0.675, 0.14, 0.305, 0.74))
        self.curve.set(xlim=(0, 100), ylim=(0, 1), xlabel="rounds", title="Total error")
        (self.right,) = self.curve.plot([], [], label="right", **palette.truth.line)
        (self.wrong,) = self.curve.plot([], [], label="with the slip", **palette.gradient.line)
        (self.now,) = self.curve.plot([], [], "o", color=palette.ink, markersize=7)
        self.curve.legend(loc="upper right")
        return [*self.moving, self.right, self.wrong, self.now]

    def _keep(self, artist):
        self.moving.append(artist)
        return artist

    def _cell(self, axes, x, y):
        mono = {"family": "DejaVu Sans Mono", "fontsize": MONO * 0.72 / 0.602, "va": "center"}
        frame = self._keep(axes.add_patch(Rectangle((x, y - 10), MONO, 20, facecolor="#ffe3b3", edgecolor=palette.ink)))
        frame.set_zorder(1)
        same = self._keep(axes.text(x, y, "", **mono))
        other = self._keep(axes.text(x, y, "", weight="bold", **mono))
        return x, frame, same, other

    def compute(self, rounds, **switches):
        return compare_slips(rounds, [name for name in SLIPS if switches[name.replace(" ", "_")]])

    def draw(self, data):
        for (right_cell, wrong_cell, note), right, wrong in zip(self.cells, data.right, data.wrong):
            texts = digits(right, DECIMALS), digits(wrong, DECIMALS)
            at = first_difference(*texts)
            note.set_text("" if at is None else _place(texts[0], at))
            for (x, frame, same, other), text in zip((right_cell, wrong_cell), texts):
                cut = len(text) if at is None else at
                frame.set_visible(at is not None)
                frame.set_x(x + MONO * cut)
                same.set_text(text[:cut])
                other.set_text(text[cut:])
                other.set_x(x + MONO * cut)
        epochs = np.arange(len(data.right_errors))
        self.right.set_data(epochs, data.right_errors)
        self.wrong.set_data(epochs, data.wrong_errors)
        self.wrong.set_visible(bool(data.slips))
        self.now.set_data([data.rounds] * 2, [data.right_errors[data.rounds], data.wrong_errors[data.rounds]])

    def describe(self, data):
        rounds = f"{data.rounds} round{'s' * (data.rounds != 1)}"
        w1, w1_slip, error, error_slip = (
            digits(v, DECIMALS) for v in (data.right[0], data.wrong[0], data.right[-1], data.wrong[-1])
        )
        if not data.slips:
            return f"No slip after {rounds}: w1 is {w1}, the total error {error}."
        told = ", ".join(data.slips) if len(data.slips) > 1 else f"{data.slips[0]}: {SLIPS[data.slips[0]]}"
        at = first_difference(w1, w1_slip)
        where = "as it should be" if at is None else f"right is {w1} (first difference: {_place(w1, at)})"
        way = "grows" if data.wrong_errors[data.rounds] > data.wrong_errors[0] else "falls"
        return (
            f"{told.capitalize()}. After {rounds} w1 is {w1_slip}, {where}. "
            f"The error {way}: {error_slip}, right is {error}."
        )


def _place(text, at):
    """Name a digit by its place: "sign", "ones" or "4th decimal"."""
    point = text.index(".")
    if at <= point:
        return "before the point" if text[at].isdigit() else "sign"
    n = at - point
    return f"{n}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(n, 'th') } decimal"


# ---- what the notebook calls -------------------------------------------------------------------------


def microscope():
    """Return the backprop microscope, ready to be shown."""
    return Microscope()


def slips():
    """Return the four slips, ready to be shown."""
    return Slips()


def learning_curve(errors):
    """Show how the total error falls, on a scale where each line is a tenth of the one above.

    Parameters
    ----------
    errors : array_like of positive float, shape (rounds,)
        The error before each round.
    """
    errors = _check.array("errors", errors, ndim=1)
    if (errors <= 0).any():
        raise ValueError(f"errors must be above 0 for a scale in powers of ten; got {errors.min():g}.")
    figure, axes = subplots(height=320)
    axes.semilogy(np.arange(len(errors)), errors, **palette.training.line)
    axes.set(
        xlabel="rounds of training", ylabel="total error", title="The error over all rounds", xlim=(0, len(errors))
    )
    marks = sorted({0, len(errors) // 100, len(errors) // 10, len(errors) - 1})
    axes.plot(marks, errors[marks], "o", color=palette.ink)
    for mark in marks:
        axes.annotate(f"{errors[mark]:.2g}", (mark, errors[mark]), (8, 8), textcoords="offset points")
    told = ", ".join(f"{errors[mark]:.3g} in round {mark + 1:,}" for mark in marks)
    show(figure, f"Curve of the total error over {len(errors):,} rounds, on a logarithmic scale: {told}.")
