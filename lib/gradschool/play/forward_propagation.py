"""Figures of lesson 03: what layers buy, and the sizes of what passes through them."""

import itertools

import numpy as np
from matplotlib.patches import Rectangle

from .. import datasets
from ..layers import Dense
from ..network import Sequential
from ..scaling import standardize
from . import palette
from .playground import Playground, button, choice, slider, switch

SHAPES = {
    "two moons": lambda: datasets.moons(160, noise=0.12, rng=np.random.default_rng(3)),
    "ring around a disk": lambda: datasets.circles(160, noise=0.08, rng=np.random.default_rng(3)),
    "XOR": lambda: datasets.xor(160, rng=np.random.default_rng(3)),
    "two blobs": lambda: datasets.blobs(160, centers=[(-1.2, -1.0), (1.2, 1.0)], rng=np.random.default_rng(3)),
}
GRID = 61


def data(name, product_input=False):
    """Return points scaled to about [-2, 2], their labels 0 and 1, and the rows that the network sees.

    With ``product_input`` a row has a third number, the product of the other two.
    """
    x, y = SHAPES[name]()
    x = standardize(x).transform(x)
    return x, y, rows(x, product_input)


def rows(points, product_input):
    """Return what the network sees of points in the plane."""
    return np.column_stack([points, points[:, 0] * points[:, 1]]) if product_input else points


def make_network(inputs, layers, units, activation, seed=0):
    """Return a network of ``layers`` hidden layers of ``units`` units, with one sigmoid output."""
    hidden = [Dense(units, activation) for _ in range(layers)]
    return Sequential([*hidden, Dense(1, "sigmoid")], inputs=inputs, rng=np.random.default_rng(seed))


def train(network, x, y, steps=1500, every=100, learning_rate=0.3, momentum=0.9):
    """Yield the network after every so many steps of gradient descent on the whole data."""
    velocity = np.zeros_like(network.weights)
    target = np.asarray(y, dtype=np.float64)[:, None]
    for step in range(1, steps + 1):
        network.loss_and_gradients(x, target, "binary_crossentropy")
        velocity = momentum * velocity - learning_rate * network.gradient
        network.weights += velocity
        if step % every == 0:
            yield network


def accuracy(network, x, y):
    """Return the share of rows on the right side."""
    return float(np.mean((network.forward(x)[:, 0] >= 0.5) == y))


def four_ways():
    """Return the accuracy on the XOR points of one unit alone, and with each of four additions.

    Returns
    -------
    dict of str to float
        For the fifth, three classes, the accuracy of three outputs on three blobs; next to it what
        one output can say.
    """
    found = {}
    for name, layers, units, product in (
        ("2 inputs, 1 output", 0, 1, False),
        ("4 hidden units", 1, 4, False),
        ("an input x1*x2", 0, 1, True),
        ("2 hidden layers of 4", 2, 4, False),
    ):
        _, y, x = data("XOR", product)
        network = make_network(x.shape[1], layers, units, "tanh", seed=1)
        *_, network = train(network, x, y)
        found[name] = accuracy(network, x, y)
    x, y = datasets.blobs(150, centers=[(-2, 0), (2, 0), (0, 2.5)], rng=np.random.default_rng(0))
    network = Sequential([Dense(3, "sigmoid")], inputs=2, rng=np.random.default_rng(0))
    for _ in range(500):
        network.loss_and_gradients(x, np.eye(3)[y], "binary_crossentropy")
        network.weights -= 0.5 * network.gradient
    found["3 outputs for 3 classes"] = float(np.mean(network.forward(x).argmax(axis=1) == y))
    return found


class Boundary(Playground):
    """The line or curve a network draws between two classes, as hidden units and layers are added."""

    title = "Where a network says 0 (blue) and where 1 (vermilion)"
    size = (760, 430)

    def make_controls(self):
        return {
            "shape": choice("data", list(SHAPES), "two moons"),
            "layers": slider("hidden layers", 0, 0, 3),
            "units": slider("units in each", 3, 1, 8),
            "activation": choice("activation", {"tanh": "tanh", "relu": "relu", "none": "linear"}, "tanh"),
            "product": switch("third input x1·x2", False),
            "seed": slider("other first weights", 0, 0, 9),
        }

    def build(self, figure):
        axes = figure.subplots()
        axes.set(xlim=(-2.4, 2.4), ylim=(-2.4, 2.4), xlabel="input x1", ylabel="input x2", aspect="equal")
        axes.grid(False)
        side = np.linspace(-2.4, 2.4, GRID)
        self.plane = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
        self.field = axes.imshow(
            np.zeros((GRID, GRID)),
            cmap=palette.classes, vmin=0, vmax=1, alpha=0.75, origin="lower", extent=(-2.4, 2.4, -2.4, 2.4),
            interpolation="bilinear",
        )  # fmt: skip
        self.dots = [
            axes.scatter([], [], s=34, label=f"class {label}", **role.points)
            for label, role in ((0, palette.negative), (1, palette.positive))
        ]
        axes.legend(loc="upper left", bbox_to_anchor=(1.02, 1))
        return [self.field, *self.dots]

    def compute(self, shape, layers, units, activation, product, seed):
        points, y, x = data(shape, product)
        network = make_network(x.shape[1], layers, units, activation, seed)
        grid = rows(self.plane, product)
        for trained in train(network, x, y):
            yield {
                "points": points,
                "y": y,
                "field": trained.forward(grid).reshape(GRID, GRID),
                "accuracy": accuracy(trained, x, y),
                "parameters": trained.weights.size,
                "layers": layers,
                "units": units,
                "activation": activation,
                "product": product,
            }

    def draw(self, data):
        self.field.set_data(data["field"])
        for label, dots in enumerate(self.dots):
            dots.set_offsets(data["points"][data["y"] == label])

    def describe(self, data):
        straight = data["layers"] == 0 or data["units"] == 1 or data["activation"] == "linear"
        kind = "straight" if straight and not data["product"] else "curved"
        return (
            f"{data['parameters']} parameters, a {kind} border, "
            f"{data['accuracy']:.0%} of the {len(data['y'])} points on the right side."
        )


def stages(batch, sizes):
    """Return every array on the way forward: its symbol, its shape and what it is, in order.

    Parameters
    ----------
    batch : int
        Rows of data.
    sizes : sequence of int
        Numbers per row at the input and after each layer.

    Returns
    -------
    list of (str, list of (str, (int, int)), str)
        The formula, its arrays with their shapes, and a sentence.
    """
    found = [("A0 = X", [("X", (batch, sizes[0]))], f"{batch} rows of data, {sizes[0]} numbers each")]
    for number, (inputs, units) in enumerate(itertools.pairwise(sizes), start=1):
        before, kernel, bias, after = f"A{number - 1}", f"W{number}", f"b{number}", f"A{number}"
        arrays = [
            (before, (batch, inputs)),
            (kernel, (inputs, units)),
            (bias, (1, units)),
            (after, (batch, units)),
        ]
        words = f"layer {number} adds {inputs} x {units} + {units} = {inputs * units + units} parameters"
        found.append((f"{after} = f({before} {kernel} + {bias})", arrays, words))
    return found


def parameters(sizes):
    """Return how many weights and biases a network of dense layers has."""
    return sum(inputs * units + units for inputs, units in itertools.pairwise(sizes))


class ShapeTracer(Playground):
    """Every matrix drawn to scale with its sizes, as a batch of rows passes through."""

    title = "The arrays of one layer, drawn with their sizes"
    size = (760, 330)

    def make_controls(self):
        return {
            "stage": slider("stage", 1, 0, 3),
            "batch": slider("rows of data", 5, 1, 8),
            "inputs": slider("inputs", 4, 1, 8),
            "first": slider("units in layer 1", 3, 1, 8),
            "second": slider("units in layer 2", 2, 1, 8),
            "outputs": slider("units in layer 3", 1, 1, 8),
            "flipped": switch("transpose the kernel", False),
            "forward": button("One layer on", self.step),
        }

    def step(self):
        stage = self.controls["stage"]
        stage.value = 0 if stage.value == 3 else stage.value + 1

    def build(self, figure):
        self.axes = figure.subplots()
        self.axes.set(xlim=(0, 38), ylim=(-2.2, 10.6), aspect="equal")
        self.axes.axis("off")
        roles = (palette.prediction, palette.weight, palette.muted, palette.truth)
        self.boxes = [Rectangle((0, 0), 1, 1, facecolor=r + "40", edgecolor=r, linewidth=2) for r in roles]
        self.lines = [self.axes.plot([], [], color=r, linewidth=0.7, alpha=0.7)[0] for r in roles]
        self.names = [self.axes.text(0, 0, "", ha="center", va="bottom", fontsize=13, weight="bold") for _ in roles]
        self.sizes = [self.axes.text(0, 0, "", ha="center", va="top", fontsize=11) for _ in roles]
        self.signs = [self.axes.text(0, 5, "", ha="center", va="center", fontsize=17) for _ in roles]
        self.formula = self.axes.text(19, 10.3, "", ha="center", va="top", fontsize=14)
        self.trouble = self.axes.text(19, -1.9, "", ha="center", va="bottom", color=palette.gradient, weight="bold")
        for box in self.boxes:
            self.axes.add_patch(box)
        return [*self.boxes, *self.lines, *self.names, *self.sizes, *self.signs, self.formula, self.trouble]

    def compute(self, stage, batch, inputs, first, second, outputs, flipped):
        sizes = (inputs, first, second, outputs)
        formula, arrays, words = stages(batch, sizes)[stage]
        clash = ""
        if flipped and stage:
            name, (rows_, columns) = arrays[1]
            arrays[1] = (name + " transposed", (columns, rows_))
            inner = arrays[0][1][1]
            if inner != columns:
                clash = f"{inner} numbers in each row meet {columns} rows of the kernel: no product"
                arrays[3] = ("?", arrays[3][1])
            elif inner == columns == rows_:
                clash = "the shapes fit, because the kernel is square: no error, and a wrong answer"
        return {"formula": formula, "arrays": arrays, "words": words, "clash": clash, "parameters": parameters(sizes)}

    def draw(self, data):
        left, arrays = 1.0, data["arrays"]
        between = ["", "", "", ""] if len(arrays) == 1 else ["@", "+", "=", ""]
        width = sum(columns for _, (_, columns) in arrays) + 2.6 * (len(arrays) - 1)
        left = 19 - width / 2
        self.formula.set_text(data["formula"])
        self.trouble.set_text(data["clash"])
        for i, box in enumerate(self.boxes):
            shown = i < len(arrays)
            for artist in (box, self.lines[i], self.names[i], self.sizes[i], self.signs[i]):
                artist.set_visible(shown)
            if not shown:
                continue
            name, (rows_, columns) = arrays[i]
            bottom = 4.4 - rows_ / 2
            box.set_bounds(left, bottom, columns, rows_)
            self.lines[i].set_data(*_cells(left, bottom, rows_, columns))
            self.names[i].set(position=(left + columns / 2, bottom + rows_ + 0.15), text=name)
            self.sizes[i].set(position=(left + columns / 2, bottom - 0.15), text=f"{rows_} x {columns}")
            self.signs[i].set(position=(left + columns + 1.3, 4.4), text=between[i])
            left += columns + 2.6

    def describe(self, data):
        arrays = ", ".join(f"{name} is {rows_} by {columns}" for name, (rows_, columns) in data["arrays"])
        trouble = f" {data['clash'].capitalize()}." if data["clash"] else ""
        return f"{arrays}; {data['words']}, the whole network has {data['parameters']}.{trouble}"


def _cells(left, bottom, rows_, columns):
    """Return the lines between the cells of a table as one path, with gaps of NaN."""
    x, y = [], []
    for column in range(1, columns):
        x += [left + column, left + column, np.nan]
        y += [bottom, bottom + rows_, np.nan]
    for row in range(1, rows_):
        x += [left, left + columns, np.nan]
        y += [bottom + row, bottom + row, np.nan]
    return x, y
