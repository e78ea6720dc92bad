"""Problem set 03: what learners get wrong about layers, shapes and networks of any depth."""

import itertools

import numpy as np
from gradschool.grading.misconceptions import Question, Wrong, probe

_rng = np.random.default_rng(3)


def _network(*sizes):
    kernels = tuple(_rng.normal(size=shape).round(3) for shape in itertools.pairwise(sizes))
    return {"kernels": kernels, "biases": tuple(_rng.normal(size=n).round(3) for n in sizes[1:])}


_x = _rng.normal(size=(2, 2)).round(3)
_kernel, _bias = _rng.normal(size=(2, 2)).round(3), _rng.normal(size=2).round(3)
_square, _deep = _network(2, 2, 2, 2), _network(2, 2, 2, 2, 2, 2, 2, 2)
_one_way = {"kernels": (np.array([[1.0]]),) * 8, "biases": (np.array([0.0]),) * 8}

QUESTIONS = [
    Question(
        "count_parameters",
        probes=[probe("count_parameters(sizes)", sizes=[5, 3, 4, 2]), probe("count_parameters(sizes)", sizes=[7, 6])],
        wrong=[
            Wrong(
                "no-biases",
                "The biases are missing: every unit has one, and it is trained as well.",
                """
def count_parameters(sizes):
    return sum(a * b for a, b in zip(sizes[:-1], sizes[1:]))
""",
            ),
            Wrong(
                "inputs-with-bias",
                "You give the inputs a bias. An input is only a number; units have biases.",
                """
def count_parameters(sizes):
    return sum(a * b for a, b in zip(sizes[:-1], sizes[1:])) + sum(sizes)
""",
            ),
            Wrong(
                "one-bias-a-layer",
                "You count one bias for each layer. It is one for each unit.",
                """
def count_parameters(sizes):
    return sum(a * b + 1 for a, b in zip(sizes[:-1], sizes[1:]))
""",
            ),
            Wrong(
                "all-multiplied",
                "You multiply all sizes. A layer connects to its neighbor alone: multiply pairs, then add the "
                "layers up.",
                """
def count_parameters(sizes):
    return int(np.prod(sizes) + np.sum(sizes[1:]))
""",
            ),
            Wrong(
                "bias-for-each-input",
                "You count a bias for every input of a layer. A layer has as many biases as units.",
                """
def count_parameters(sizes):
    return sum(a * (b + 1) for a, b in zip(sizes[:-1], sizes[1:]))
""",
            ),
            Wrong(
                "last-layer-left-out",
                "The last layer is not counted. It has weights and biases like the others.",
                """
def count_parameters(sizes):
    total = 0
    for k in range(len(sizes) - 2):
        total += sizes[k] * sizes[k + 1] + sizes[k + 1]
    return total
""",
            ),
        ],
        right=[
            """
def count_parameters(sizes):
    total = 0
    for k in range(1, len(sizes)):
        total += sizes[k - 1] * sizes[k]
        total += sizes[k]
    return total
""",
            """
def count_parameters(sizes):
    sizes = np.asarray(sizes)
    return np.sum((sizes[:-1] + 1) * sizes[1:])
""",
            """
def count_parameters(sizes):
    return sum(np.zeros((a, b)).size + np.zeros(b).size for a, b in zip(sizes, sizes[1:]))
""",
        ],
    ),
    Question(
        "dense",
        functions=("dense", "dense_columns"),
        probes=[
            probe("dense(x, kernel, bias)", x=_x, kernel=_kernel, bias=_bias),
            probe("dense_columns(columns, kernel, bias)", columns=_x, kernel=_kernel, bias=_bias),
        ],
        wrong=[
            Wrong(
                "no-sigmoid",
                "The sigmoid is missing: what you return is the net input.",
                """
def dense(x, kernel, bias):
    return x @ kernel + bias

def dense_columns(columns, kernel, bias):
    return kernel.T @ columns + bias[:, None]
""",
            ),
            Wrong(
                "bias-as-a-row",
                "In columns a bias is a column too. bias has shape (units,), and NumPy adds that along the "
                "examples: use bias[:, None].",
                """
def dense(x, kernel, bias):
    return sigmoid(x @ kernel + bias)

def dense_columns(columns, kernel, bias):
    return sigmoid(kernel.T @ columns + bias)
""",
            ),
            Wrong(
                "kernel-not-transposed",
                "For columns the kernel is transposed: kernel.T is (units, inputs) and meets columns of (inputs, "
                "examples).",
                """
def dense(x, kernel, bias):
    return sigmoid(x @ kernel + bias)

def dense_columns(columns, kernel, bias):
    return sigmoid(kernel @ columns + bias[:, None])
""",
            ),
            Wrong(
                "kernel-transposed-for-rows",
                "For rows the kernel stays as it is: x @ kernel. Only the column form transposes it.",
                """
def dense(x, kernel, bias):
    return sigmoid(x @ kernel.T + bias)

def dense_columns(columns, kernel, bias):
    return sigmoid(kernel.T @ columns + bias[:, None])
""",
            ),
            Wrong(
                "columns-answered-in-rows",
                "The column form answers in rows. Examples are columns there, in what comes out as well: (units, "
                "examples).",
                """
def dense(x, kernel, bias):
    return sigmoid(x @ kernel + bias)

def dense_columns(columns, kernel, bias):
    return sigmoid(columns.T @ kernel + bias)
""",
            ),
            Wrong(
                "bias-outside",
                "The bias is added after the sigmoid. It belongs to the net input, inside.",
                """
def dense(x, kernel, bias):
    return sigmoid(x @ kernel) + bias

def dense_columns(columns, kernel, bias):
    return sigmoid(kernel.T @ columns) + bias[:, None]
""",
            ),
            Wrong(
                "no-bias",
                "The bias is missing.",
                """
def dense(x, kernel, bias):
    return sigmoid(x @ kernel)

def dense_columns(columns, kernel, bias):
    return sigmoid(kernel.T @ columns)
""",
            ),
        ],
        right=[
            """
def dense(x, kernel, bias):
    return 1 / (1 + np.exp(-np.dot(x, kernel) - bias))

def dense_columns(columns, kernel, bias):
    return dense(columns.T, kernel, bias).T
""",
            """
def dense(x, kernel, bias):
    out = np.zeros((x.shape[0], kernel.shape[1]))
    for r in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[r, j] = sigmoid(sum(x[r, i] * kernel[i, j] for i in range(x.shape[1])) + bias[j])
    return out

def dense_columns(columns, kernel, bias):
    return np.stack([dense(column[None, :], kernel, bias)[0] for column in columns.T], axis=1)
""",
            """
def dense(x, kernel, bias):
    z = np.einsum("ri,ij->rj", x, kernel)
    z += bias
    return sigmoid(z)

def dense_columns(columns, kernel, bias):
    return sigmoid(np.einsum("ij,ic->jc", kernel, columns) + bias.reshape(-1, 1))
""",
        ],
    ),
    Question(
        "forward",
        probes=[
            probe("forward(x, kernels, biases)", x=_x, **_square),
            probe("forward(x, kernels, biases)[-1]", x=_x, **_square),
        ],
        wrong=[
            Wrong(
                "every-layer-from-x",
                "Every layer gets x. A layer takes what the one before it gave.",
                """
def forward(x, kernels, biases):
    return [sigmoid(x @ kernel + bias) for kernel, bias in zip(kernels, biases)]
""",
            ),
            Wrong(
                "no-bias",
                "The biases are missing.",
                """
def forward(x, kernels, biases):
    outputs = []
    for kernel in kernels:
        x = sigmoid(x @ kernel)
        outputs.append(x)
    return outputs
""",
            ),
            Wrong(
                "sigmoid-only-at-the-end",
                "The sigmoid comes after every layer. Without it in between the layers are one layer.",
                """
def forward(x, kernels, biases):
    outputs = []
    for kernel, bias in zip(kernels, biases):
        x = x @ kernel + bias
        outputs.append(x)
    outputs[-1] = sigmoid(outputs[-1])
    return outputs
""",
            ),
            Wrong(
                "last-layer-bare",
                "The last layer has no sigmoid. In this network it has one like the others.",
                """
def forward(x, kernels, biases):
    outputs = []
    for kernel, bias in zip(kernels[:-1], biases[:-1]):
        x = sigmoid(x @ kernel + bias)
        outputs.append(x)
    outputs.append(x @ kernels[-1] + biases[-1])
    return outputs
""",
            ),
            Wrong(
                "one-sigmoid-too-many",
                "The answer is squashed once more at the end. Three layers have three sigmoids.",
                """
def forward(x, kernels, biases):
    outputs = []
    for kernel, bias in zip(kernels, biases):
        x = sigmoid(x @ kernel + bias)
        outputs.append(x)
    outputs[-1] = sigmoid(outputs[-1])
    return outputs
""",
            ),
            Wrong(
                "x-in-the-list",
                "x is in the list. The list holds what layers give; its first entry is the first layer's outputs.",
                """
def forward(x, kernels, biases):
    outputs = [x]
    for kernel, bias in zip(kernels, biases):
        outputs.append(sigmoid(outputs[-1] @ kernel + bias))
    return outputs[:-1]
""",
            ),
            Wrong(
                "layers-in-reverse",
                "The layers run from the last to the first. The first kernel meets x.",
                """
def forward(x, kernels, biases):
    outputs = []
    for kernel, bias in zip(kernels[::-1], biases[::-1]):
        x = sigmoid(x @ kernel + bias)
        outputs.append(x)
    return outputs
""",
            ),
        ],
        right=[
            """
def forward(x, kernels, biases):
    outputs = [x]
    for k in range(len(kernels)):
        outputs.append(dense(outputs[k], kernels[k], biases[k]))
    return outputs[1:]
""",
            """
def forward(x, kernels, biases):
    first = 1 / (1 + np.exp(-(np.dot(x, kernels[0]) + biases[0])))
    if len(kernels) == 1:
        return [first]
    return [first] + forward(first, kernels[1:], biases[1:])
""",
            """
from itertools import accumulate

def forward(x, kernels, biases):
    layers = list(zip(kernels, biases))
    return tuple(accumulate(layers, lambda a, layer: sigmoid(a @ layer[0] + layer[1]), initial=x))[1:]
""",
        ],
    ),
    Question(
        "collapse",
        probes=[probe("collapse(kernels, biases)", **_square)],
        wrong=[
            Wrong(
                "biases-added",
                "You add the biases as they are. What the first layer adds goes through the kernels after it.",
                """
def collapse(kernels, biases):
    kernel, bias = kernels[0], biases[0]
    for k, b in zip(kernels[1:], biases[1:]):
        kernel, bias = kernel @ k, bias + b
    return kernel, bias
""",
            ),
            Wrong(
                "last-bias-only",
                "Only the last bias is kept. The earlier ones arrive too, carried on by the kernels after them.",
                """
def collapse(kernels, biases):
    kernel = kernels[0]
    for k in kernels[1:]:
        kernel = kernel @ k
    return kernel, biases[-1]
""",
            ),
            Wrong(
                "order-reversed",
                "The kernels are multiplied in the wrong order. A row meets W1 first: x W1 W2 W3.",
                """
def collapse(kernels, biases):
    kernel, bias = kernels[0], biases[0]
    for k, b in zip(kernels[1:], biases[1:]):
        kernel, bias = k @ kernel, bias @ k + b
    return kernel, bias
""",
            ),
            Wrong(
                "own-kernel-too",
                "A bias goes through the kernels after it. You send it through its own layer's kernel as well.",
                """
def collapse(kernels, biases):
    kernel, bias = kernels[0], biases[0] @ kernels[0]
    for k, b in zip(kernels[1:], biases[1:]):
        kernel, bias = kernel @ k, (bias + b) @ k
    return kernel, bias
""",
            ),
            Wrong(
                "kernels-added",
                "You add the kernels up. Layers one after another multiply.",
                """
def collapse(kernels, biases):
    kernel, bias = kernels[0], biases[0]
    for k, b in zip(kernels[1:], biases[1:]):
        kernel, bias = kernel + k, bias @ k + b
    return kernel, bias
""",
            ),
            Wrong(
                "elementwise",
                "* multiplies entry by entry. The product of two layers is the matrix product, @.",
                """
def collapse(kernels, biases):
    kernel, bias = kernels[0], biases[0]
    for k, b in zip(kernels[1:], biases[1:]):
        kernel, bias = kernel * k, bias @ k + b
    return kernel, bias
""",
            ),
            Wrong(
                "first-two-only",
                "Only the first two layers are collapsed. Go on to the last one.",
                """
def collapse(kernels, biases):
    if len(kernels) == 1:
        return kernels[0], biases[0]
    return kernels[0] @ kernels[1], biases[0] @ kernels[1] + biases[1]
""",
            ),
        ],
        right=[
            """
def collapse(kernels, biases):
    inputs = kernels[0].shape[0]
    rows = np.vstack([np.zeros(inputs), np.eye(inputs)])
    for k, b in zip(kernels, biases):
        rows = rows @ k + b
    return rows[1:] - rows[0], rows[0]
""",
            """
def collapse(kernels, biases):
    kernel, bias = kernels[-1], biases[-1]
    for k, b in zip(kernels[-2::-1], biases[-2::-1]):
        bias = b @ kernel + bias
        kernel = k @ kernel
    return kernel, bias
""",
            """
def collapse(kernels, biases):
    if len(kernels) == 1:
        return np.array(kernels[0]), np.array(biases[0])
    kernel, bias = collapse(kernels[1:], biases[1:])
    return np.dot(kernels[0], kernel), np.dot(biases[0], kernel) + bias
""",
        ],
    ),
    Question(
        "layers_until_forgotten",
        probes=[
            probe(
                "layers_until_forgotten(x, kernels, biases, threshold)", x=[[0.0], [1.0]], threshold=0.02, **_one_way
            ),
            probe(
                "layers_until_forgotten(x, kernels, biases, threshold)", x=[[0.0], [1.0]], threshold=1e-9, **_one_way
            ),
            probe("layers_until_forgotten(x, kernels, biases, threshold)", x=3 * _x, threshold=1e-3, **_deep),
            probe("layers_until_forgotten(x, kernels, biases, threshold)", x=3 * _x, threshold=1e-4, **_deep),
            probe(
                "layers_until_forgotten(x, kernels, biases, threshold)",
                x=[[-1.0], [0.0], [1.0]],
                threshold=0.01,
                **_one_way,
            ),
            probe(
                "layers_until_forgotten(x, kernels, biases, threshold)",
                x=[[-1.0], [0.0], [1.0]],
                threshold=0.02,
                **_one_way,
            ),
            probe(
                "layers_until_forgotten(x, kernels, biases, threshold)",
                x=[[-1.0], [0.0], [0.0]],
                threshold=0.01,
                **_one_way,
            ),
            probe(
                "layers_until_forgotten(x, kernels, biases, threshold)", x=[[0.0], [1.0]], threshold=0.0055, **_one_way
            ),
        ],
        wrong=[
            Wrong(
                "counted-from-zero",
                "You count layers from 0. The first layer is number 1.",
                """
def layers_until_forgotten(x, kernels, biases, threshold):
    for number, outputs in enumerate(forward(x, kernels, biases)):
        if np.ptp(outputs, axis=0).max() < threshold:
            return number
    return None
""",
            ),
            Wrong(
                "units-compared",
                "You compare the units of a row. The spread compares the rows, unit by unit: axis=0.",
                """
def layers_until_forgotten(x, kernels, biases, threshold):
    for number, outputs in enumerate(forward(x, kernels, biases), start=1):
        if np.ptp(outputs, axis=1).max() < threshold:
            return number
    return None
""",
            ),
            Wrong(
                "smallest-unit",
                "You take the unit with the smallest difference. A layer has forgotten when even its largest one "
                "is below.",
                """
def layers_until_forgotten(x, kernels, biases, threshold):
    for number, outputs in enumerate(forward(x, kernels, biases), start=1):
        if np.ptp(outputs, axis=0).min() < threshold:
            return number
    return None
""",
            ),
            Wrong(
                "standard-deviation",
                "That is the standard deviation. The spread here is largest minus smallest.",
                """
def layers_until_forgotten(x, kernels, biases, threshold):
    for number, outputs in enumerate(forward(x, kernels, biases), start=1):
        if outputs.std(axis=0).max() < threshold:
            return number
    return None
""",
            ),
            Wrong(
                "depth-for-none",
                "When no layer is below the threshold the answer is None, not the number of layers.",
                """
def layers_until_forgotten(x, kernels, biases, threshold):
    for number, outputs in enumerate(forward(x, kernels, biases), start=1):
        if np.ptp(outputs, axis=0).max() < threshold:
            break
    return number
""",
            ),
            Wrong(
                "everything-in-one-range",
                "You take the range over all outputs of the layer at once. Units may differ from each other; "
                "only rows are compared, one unit at a time.",
                """
def layers_until_forgotten(x, kernels, biases, threshold):
    for number, outputs in enumerate(forward(x, kernels, biases), start=1):
        if outputs.max() - outputs.min() < threshold:
            return number
    return None
""",
            ),
        ],
        right=[
            """
def layers_until_forgotten(x, kernels, biases, threshold):
    a, number = x, 0
    while number < len(kernels):
        a = 1 / (1 + np.exp(-(a @ kernels[number] + biases[number])))
        number += 1
        if np.all(np.ptp(a, axis=0) < threshold):
            return number
""",
            """
def layers_until_forgotten(x, kernels, biases, threshold):
    spreads = [max(max(unit) - min(unit) for unit in a.T) for a in forward(x, kernels, biases)]
    below = [k for k, spread in enumerate(spreads, 1) if spread < threshold]
    return below[0] if below else None
""",
            """
def layers_until_forgotten(x, kernels, biases, threshold):
    for number, a in enumerate(forward(x, kernels, biases), start=1):
        pairs = np.abs(a[:, None, :] - a[None, :, :])
        if pairs.max() < threshold:
            return number
    return None
""",
        ],
    ),
    Question(
        "mended_layer",
        probes=[
            probe("mended_layer(x, kernel, bias_column)", x=_x, kernel=_kernel, bias_column=_bias[:, None]),
            probe("mended_layer(x, kernel, bias_column)", x=_x[:1], kernel=_kernel, bias_column=_bias[:, None]),
        ],
        wrong=[
            Wrong(
                "not-mended",
                "The column is still added to the rows: row r gets the bias of unit r. A bias goes with the units.",
                """
def mended_layer(x, kernel, bias_column):
    return published_layer(x, kernel, bias_column)
""",
            ),
            Wrong(
                "answered-in-columns",
                "The numbers are right and lie in columns. One row for each example: (rows, units).",
                """
def mended_layer(x, kernel, bias_column):
    z = kernel.T @ x.T + bias_column
    return 1 / (1 + np.exp(-z))
""",
            ),
            Wrong(
                "no-bias",
                "The bias is gone. Turn it, do not drop it.",
                """
def mended_layer(x, kernel, bias_column):
    return 1 / (1 + np.exp(-(x @ kernel)))
""",
            ),
            Wrong(
                "first-bias-for-all",
                "Every unit gets the first unit's bias.",
                """
def mended_layer(x, kernel, bias_column):
    z = x @ kernel + bias_column[0]
    return 1 / (1 + np.exp(-z))
""",
            ),
            Wrong(
                "biases-averaged",
                "Every unit gets the mean of the biases.",
                """
def mended_layer(x, kernel, bias_column):
    z = x @ kernel + bias_column.mean()
    return 1 / (1 + np.exp(-z))
""",
            ),
            Wrong(
                "kernel-turned-instead",
                "You transposed the kernel. It was right; the bias has to be turned into a row.",
                """
def mended_layer(x, kernel, bias_column):
    z = x @ kernel.T + bias_column.T
    return 1 / (1 + np.exp(-z))
""",
            ),
        ],
        right=[
            """
def mended_layer(x, kernel, bias_column):
    return dense(x, kernel, bias_column[:, 0])
""",
            """
def mended_layer(x, kernel, bias_column):
    return sigmoid(kernel.T @ x.T + bias_column).T
""",
            """
def mended_layer(x, kernel, bias_column):
    rows = []
    for example in x:
        column = kernel.T @ example.reshape(-1, 1) + bias_column
        rows.append(1 / (1 + np.exp(-column.ravel())))
    return np.array(rows)
""",
        ],
    ),
]
