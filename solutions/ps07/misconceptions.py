"""Problem set 07: what learners get wrong about backpropagation in deep networks."""

import numpy as np
from gradschool.grading.misconceptions import Question, Wrong, probe

_rng = np.random.default_rng(7)
_params = tuple((_rng.normal(size=(a, b)).round(3), _rng.normal(size=b).round(3)) for a, b in [(2, 3), (3, 2), (2, 2)])
_linear = ((_rng.normal(size=(2, 1)).round(3), _rng.normal(size=1).round(3)),)
_x, _y1 = _rng.normal(size=(3, 2)).round(3), _rng.normal(size=(3, 1)).round(3)
_outputs = (_x, *(_rng.uniform(0.1, 0.9, size=(3, n)).round(3) for n in (3, 2)), _rng.normal(size=(3, 2)).round(3))
_dy = _rng.normal(size=(3, 2)).round(3)

QUESTIONS = [
    Question(
        "forward",
        probes=[
            probe("forward(params, x)", params=_params, x=_x),
        ],
        wrong=[
            Wrong(
                "last-layer-squashed",
                "The last layer is linear: no sigmoid there.",
                """
def forward(params, x):
    outputs = [x]
    for number, (kernel, bias) in enumerate(params, start=1):
        z = outputs[-1] @ kernel + bias
        outputs.append(1 / (1 + np.exp(-z)))
    return outputs
""",
            ),
            Wrong(
                "no-activation",
                "The sigmoid is missing on the hidden layers. Without it all layers collapse into one.",
                """
def forward(params, x):
    outputs = [x]
    for number, (kernel, bias) in enumerate(params, start=1):
        z = outputs[-1] @ kernel + bias
        outputs.append(z)
    return outputs
""",
            ),
            Wrong(
                "bias-forgotten",
                "The bias is missing.",
                """
def forward(params, x):
    outputs = [x]
    for number, (kernel, bias) in enumerate(params, start=1):
        z = outputs[-1] @ kernel
        outputs.append(z if number == len(params) else 1 / (1 + np.exp(-z)))
    return outputs
""",
            ),
            Wrong(
                "data-not-kept",
                "The list begins with the data, x. The way back needs it for the first kernel.",
                """
def forward(params, x):
    outputs = [x]
    for number, (kernel, bias) in enumerate(params, start=1):
        z = outputs[-1] @ kernel + bias
        outputs.append(z if number == len(params) else 1 / (1 + np.exp(-z)))
    return outputs[1:]
""",
            ),
            Wrong(
                "only-the-last",
                "You return the last output alone. The way back needs every layer's.",
                """
def forward(params, x):
    outputs = [x]
    for number, (kernel, bias) in enumerate(params, start=1):
        z = outputs[-1] @ kernel + bias
        outputs.append(z if number == len(params) else 1 / (1 + np.exp(-z)))
    return outputs[-1]
""",
            ),
            Wrong(
                "net-inputs-kept",
                "You keep the net inputs. Keep what each layer said, after the sigmoid.",
                """
def forward(params, x):
    kept, a = [x], x
    for number, (kernel, bias) in enumerate(params, start=1):
        z = a @ kernel + bias
        kept.append(z)
        a = 1 / (1 + np.exp(-z))
    return kept
""",
            ),
            Wrong(
                "first-layer-linear",
                "You leave the first layer linear. It is the last one that has no activation.",
                """
def forward(params, x):
    outputs = [x]
    for number, (kernel, bias) in enumerate(params, start=1):
        z = outputs[-1] @ kernel + bias
        outputs.append(z if number == 1 else 1 / (1 + np.exp(-z)))
    return outputs
""",
            ),
        ],
        right=[
            """
def forward(params, x):
    outputs = [np.array(x)]
    for kernel, bias in params[:-1]:
        outputs.append(1 / (1 + np.exp(-(np.dot(outputs[-1], kernel) + bias))))
    kernel, bias = params[-1]
    outputs.append(np.dot(outputs[-1], kernel) + bias)
    return tuple(outputs)
""",
            """
def forward(params, x):
    (kernel, bias), rest = params[0], params[1:]
    z = np.einsum("ri,ij->rj", x, kernel) + bias
    if not rest:
        return [x, z]
    return [x] + forward(rest, 0.5 * (1 + np.tanh(z / 2)))
""",
            """
def forward(params, x):
    outputs = [x]
    last = len(params) - 1
    for i in range(len(params)):
        rows = []
        for row in outputs[i]:
            units = []
            for j in range(params[i][0].shape[1]):
                z = sum(row[k] * params[i][0][k, j] for k in range(len(row))) + params[i][1][j]
                units.append(z if i == last else 1 / (1 + np.exp(-z)))
            rows.append(units)
        outputs.append(np.array(rows))
    return outputs
""",
        ],
    ),
    Question(
        "backward",
        probes=[
            probe("backward(params, outputs, dy)", params=_params, outputs=_outputs, dy=_dy),
        ],
        wrong=[
            Wrong(
                "last-layer-squashed",
                "You multiply dy by a sigmoid slope at the last layer. It is linear: its slope is 1.",
                """
def backward(params, outputs, dy):
    gradients = []
    delta = dy * outputs[-1] * (1 - outputs[-1])
    for number in reversed(range(len(params))):
        came_in = outputs[number]
        gradients.insert(0, (came_in.T @ delta, delta.sum(axis=0)))
        delta = delta @ params[number][0].T * came_in * (1 - came_in)
    return gradients
""",
            ),
            Wrong(
                "slope-forgotten",
                "The sigmoid's slope is missing on the way back: came_in * (1 - came_in).",
                """
def backward(params, outputs, dy):
    gradients = []
    delta = dy
    for number in reversed(range(len(params))):
        came_in = outputs[number]
        gradients.insert(0, (came_in.T @ delta, delta.sum(axis=0)))
        delta = delta @ params[number][0].T
    return gradients
""",
            ),
            Wrong(
                "squared-output",
                "The sigmoid's slope is a * (1 - a). You wrote a - a squared with a sign slip: a * (1 + a).",
                """
def backward(params, outputs, dy):
    gradients = []
    delta = dy
    for number in reversed(range(len(params))):
        came_in = outputs[number]
        gradients.insert(0, (came_in.T @ delta, delta.sum(axis=0)))
        delta = delta @ params[number][0].T * came_in * (1 + came_in)
    return gradients
""",
            ),
            Wrong(
                "bias-mean",
                "A bias comes into every row: its gradient is the sum of delta over the rows, not the mean.",
                """
def backward(params, outputs, dy):
    gradients = []
    delta = dy
    for number in reversed(range(len(params))):
        came_in = outputs[number]
        gradients.insert(0, (came_in.T @ delta, delta.mean(axis=0)))
        delta = delta @ params[number][0].T * came_in * (1 - came_in)
    return gradients
""",
            ),
            Wrong(
                "divided-by-rows",
                "You divide by the rows. dy carries that already if the loss is a mean.",
                """
def backward(params, outputs, dy):
    gradients = []
    delta = dy
    for number in reversed(range(len(params))):
        came_in = outputs[number]
        gradients.insert(0, (came_in.T @ delta / len(dy), delta.sum(axis=0) / len(dy)))
        delta = delta @ params[number][0].T * came_in * (1 - came_in)
    return gradients
""",
            ),
            Wrong(
                "order",
                "The list is the wrong way round: the gradients of layer 1 come first.",
                """
def backward(params, outputs, dy):
    gradients = []
    delta = dy
    for number in reversed(range(len(params))):
        came_in = outputs[number]
        gradients.insert(0, (came_in.T @ delta, delta.sum(axis=0)))
        delta = delta @ params[number][0].T * came_in * (1 - came_in)
    return gradients[::-1]
""",
            ),
            Wrong(
                "only-last-layer",
                "Only the last layer has a gradient here. Send delta on to the layers before.",
                """
def backward(params, outputs, dy):
    gradients = []
    delta = dy
    for number in reversed(range(len(params))):
        came_in = outputs[number]
        gradients.insert(0, (came_in.T @ delta, delta.sum(axis=0)))
        delta = 0 * (delta @ params[number][0].T)
    return gradients
""",
            ),
            Wrong(
                "sign",
                "The gradients have the wrong sign: they say where the loss rises, the minus comes with the step.",
                """
def backward(params, outputs, dy):
    gradients = []
    delta = -dy
    for number in reversed(range(len(params))):
        came_in = outputs[number]
        gradients.insert(0, (came_in.T @ delta, delta.sum(axis=0)))
        delta = delta @ params[number][0].T * came_in * (1 - came_in)
    return gradients
""",
            ),
        ],
        right=[
            """
def backward(params, outputs, dy):
    gradients = [None] * len(params)
    delta = np.array(dy, dtype=float)
    for l in range(len(params) - 1, -1, -1):
        kernel = params[l][0]
        dkernel = np.zeros(kernel.shape)
        for r in range(len(delta)):
            dkernel += np.outer(outputs[l][r], delta[r])
        gradients[l] = (dkernel, np.sum(delta, 0))
        if l > 0:
            delta = (kernel @ delta.T).T * (outputs[l] - outputs[l] ** 2)
    return gradients
""",
            """
def backward(params, outputs, dy):
    def back(l, delta):
        here = (np.einsum("ri,rj->ij", outputs[l], delta), np.ones(len(delta)) @ delta)
        if l == 0:
            return [here]
        a = outputs[l]
        return back(l - 1, np.einsum("rj,ij->ri", delta, params[l][0]) * a * (1 - a)) + [here]

    return back(len(params) - 1, dy)
""",
            """
def backward(params, outputs, dy):
    gradients, delta = [], dy
    for (kernel, bias), a in zip(reversed(params), reversed(outputs[:-1])):
        with_one = np.column_stack([a, np.ones(len(a))])
        both = with_one.T @ delta
        gradients.append((both[:-1], both[-1]))
        delta = (delta @ kernel.T) * (a * (1 - a))
    gradients.reverse()
    return gradients
""",
        ],
    ),
    Question(
        "epoch",
        functions=("epoch",),
        probes=[
            probe("epoch(params, x, y, order, learning_rate)", params=_linear, x=_x, y=_y1, order=[2, 0, 0], learning_rate=0.05),
        ],
        wrong=[
            Wrong(
                "order-ignored",
                "You go through the rows from first to last. Take them in the order that is given.",
                """
def epoch(params, x, y, order, learning_rate):
    losses = []
    for row in range(len(x)):
        outputs = forward(params, x[row : row + 1])
        miss = outputs[-1] - y[row : row + 1]
        losses.append(np.sum(miss**2))
        gradients = backward(params, outputs, 2 * miss)
        params = [
            (kernel - learning_rate * dkernel, bias - learning_rate * dbias)
            for (kernel, bias), (dkernel, dbias) in zip(params, gradients)
        ]
    return params, np.mean(losses)
""",
            ),
            Wrong(
                "no-update",
                "The parameters do not change. Step after every row.",
                """
def epoch(params, x, y, order, learning_rate):
    losses = []
    for row in order:
        outputs = forward(params, x[row : row + 1])
        miss = outputs[-1] - y[row : row + 1]
        losses.append(np.sum(miss**2))
        gradients = backward(params, outputs, 2 * miss)
        params = [
            (kernel, bias)
            for (kernel, bias), (dkernel, dbias) in zip(params, gradients)
        ]
    return params, np.mean(losses)
""",
            ),
            Wrong(
                "loss-after-the-step",
                "You note the loss after the row's own step. Note it before.",
                """
def epoch(params, x, y, order, learning_rate):
    losses = []
    for row in order:
        outputs = forward(params, x[row : row + 1])
        miss = outputs[-1] - y[row : row + 1]
        gradients = backward(params, outputs, 2 * miss)
        params = [
            (kernel - learning_rate * dkernel, bias - learning_rate * dbias)
            for (kernel, bias), (dkernel, dbias) in zip(params, gradients)
        ]
        losses.append(np.sum((forward(params, x[row : row + 1])[-1] - y[row : row + 1]) ** 2))
    return params, np.mean(losses)
""",
            ),
            Wrong(
                "two-forgotten",
                "The slope of a square is twice the error: dy = 2 * (output - target).",
                """
def epoch(params, x, y, order, learning_rate):
    losses = []
    for row in order:
        outputs = forward(params, x[row : row + 1])
        miss = outputs[-1] - y[row : row + 1]
        losses.append(np.sum(miss**2))
        gradients = backward(params, outputs, miss)
        params = [
            (kernel - learning_rate * dkernel, bias - learning_rate * dbias)
            for (kernel, bias), (dkernel, dbias) in zip(params, gradients)
        ]
    return params, np.mean(losses)
""",
            ),
            Wrong(
                "sum-of-losses",
                "This is the sum of the losses. Their mean is asked for.",
                """
def epoch(params, x, y, order, learning_rate):
    losses = []
    for row in order:
        outputs = forward(params, x[row : row + 1])
        miss = outputs[-1] - y[row : row + 1]
        losses.append(np.sum(miss**2))
        gradients = backward(params, outputs, 2 * miss)
        params = [
            (kernel - learning_rate * dkernel, bias - learning_rate * dbias)
            for (kernel, bias), (dkernel, dbias) in zip(params, gradients)
        ]
    return params, np.sum(losses)
""",
            ),
            Wrong(
                "plus",
                "The step climbs: subtract the gradient.",
                """
def epoch(params, x, y, order, learning_rate):
    losses = []
    for row in order:
        outputs = forward(params, x[row : row + 1])
        miss = outputs[-1] - y[row : row + 1]
        losses.append(np.sum(miss**2))
        gradients = backward(params, outputs, 2 * miss)
        params = [
            (kernel + learning_rate * dkernel, bias + learning_rate * dbias)
            for (kernel, bias), (dkernel, dbias) in zip(params, gradients)
        ]
    return params, np.mean(losses)
""",
            ),
            Wrong(
                "one-step-at-the-end",
                "You step once, with the gradients of all rows. Here every row has a step of its own.",
                """
def epoch(params, x, y, order, learning_rate):
    order = list(order)
    outputs = forward(params, x[order])
    miss = outputs[-1] - y[order]
    gradients = backward(params, outputs, 2 * miss)
    stepped = [(k - learning_rate * dk, b - learning_rate * db) for (k, b), (dk, db) in zip(params, gradients)]
    return stepped, np.mean(np.sum(miss**2, axis=1))
""",
            ),
            Wrong(
                "bias-never-moves",
                "The biases stay where they are. They take a step as well.",
                """
def epoch(params, x, y, order, learning_rate):
    losses = []
    for row in order:
        outputs = forward(params, x[row : row + 1])
        miss = outputs[-1] - y[row : row + 1]
        losses.append(np.sum(miss**2))
        gradients = backward(params, outputs, 2 * miss)
        params = [
            (kernel - learning_rate * dkernel, bias)
            for (kernel, bias), (dkernel, dbias) in zip(params, gradients)
        ]
    return params, np.mean(losses)
""",
            ),
        ],
        right=[
            """
def epoch(params, x, y, order, learning_rate):
    total = 0.0
    params = [(k.copy(), b.copy()) for k, b in params]
    for row in order:
        outputs = forward(params, x[[row]])
        miss = outputs[-1] - y[[row]]
        total += float((miss * miss).sum())
        for (k, b), (dk, db) in zip(params, backward(params, outputs, 2 * miss)):
            k -= learning_rate * dk
            b -= learning_rate * db
    return params, total / len(order)
""",
            """
def epoch(params, x, y, order, learning_rate):
    def one(params, row):
        outputs = forward(params, row[0][None, :])
        dy = 2 * (outputs[-1] - row[1][None, :])
        stepped = []
        for layer, slopes in zip(params, backward(params, outputs, dy)):
            stepped.append(tuple(p - learning_rate * s for p, s in zip(layer, slopes)))
        return stepped, (dy**2).sum() / 4

    losses = []
    for i in order:
        params, loss = one(params, (x[i], y[i]))
        losses += [loss]
    return params, sum(losses) / len(losses)
""",
            """
def epoch(params, x, y, order, learning_rate):
    losses = np.zeros(len(order))
    for n, i in enumerate(order):
        outputs = forward(params, x[i].reshape(1, -1))
        error = outputs[-1] - y[i]
        losses[n] = np.square(error).sum()
        slopes = backward(params, outputs, error + error)
        params = [(params[l][0] - slopes[l][0] * learning_rate, params[l][1] - slopes[l][1] * learning_rate) for l in range(len(params))]
    return params, losses.mean()
""",
        ],
    ),
    Question(
        "paths",
        functions=("paths", "with_memory"),
        probes=[
            probe("paths(units)", units=((3, 4, 5, 2))),
            probe("with_memory(units)", units=((3, 4, 5, 2))),
        ],
        wrong=[
            Wrong(
                "counts-layer-1",
                "The weight ends at one unit of layer 1. Its other units are not on any path of this weight.",
                """
def paths(units):
    return int(np.prod(units))

def with_memory(units):
    return sum(a * b for a, b in zip(units, units[1:]))
""",
            ),
            Wrong(
                "adds",
                "Ways multiply: from each unit of a layer every unit of the next can be reached. You add them.",
                """
def paths(units):
    return int(np.sum(units[1:]))

def with_memory(units):
    return sum(a * b for a, b in zip(units, units[1:]))
""",
            ),
            Wrong(
                "one-output",
                "You count the paths to one output. Count those to all outputs.",
                """
def paths(units):
    return int(np.prod(units[1:-1]))

def with_memory(units):
    return sum(a * b for a, b in zip(units, units[1:]))
""",
            ),
            Wrong(
                "paths-for-all-weights",
                "This is for all units of the last two layers swapped: leave out layer 1, keep the outputs.",
                """
def paths(units):
    return int(np.prod(units[:-1]))

def with_memory(units):
    return sum(a * b for a, b in zip(units, units[1:]))
""",
            ),
            Wrong(
                "memory-multiplies",
                "With memory the kernels are used one after another: add up their weights, do not multiply.",
                """
def paths(units):
    return int(np.prod(units[1:]))

def with_memory(units):
    return int(np.prod([a * b for a, b in zip(units, units[1:])]))
""",
            ),
            Wrong(
                "memory-counts-units",
                "This counts the deltas. Each is a sum of products, one for every weight that leaves the unit.",
                """
def paths(units):
    return int(np.prod(units[1:]))

def with_memory(units):
    return sum(units)
""",
            ),
            Wrong(
                "memory-squares",
                "A kernel has as many weights as units of one layer times units of the next, not units squared.",
                """
def paths(units):
    return int(np.prod(units[1:]))

def with_memory(units):
    return sum(a * a for a in units[1:])
""",
            ),
            Wrong(
                "memory-stops-early",
                "The kernel between the last two layers is used as well.",
                """
def paths(units):
    return int(np.prod(units[1:]))

def with_memory(units):
    return sum(a * b for a, b in zip(units, units[1:-1]))
""",
            ),
        ],
        right=[
            """
def paths(units):
    ways = 1
    for u in units[1:]:
        ways *= u
    return ways

def with_memory(units):
    products = 0
    for l in range(len(units) - 1):
        products += units[l] * units[l + 1]
    return products
""",
            """
import math

def paths(units):
    return math.prod(units) // units[0]

def with_memory(units):
    return int(np.dot(units[:-1], units[1:])) if len(units) > 1 else 0
""",
            """
def paths(units):
    if len(units) == 1:
        return 1
    return units[-1] * paths(units[:-1])

def with_memory(units):
    return 0 if len(units) < 2 else units[0] * units[1] + with_memory(units[1:])
""",
        ],
    ),
    Question(
        "measured_gradient",
        probes=[
            probe("measured_gradient(lambda x: np.sum(x**3) + x[0, 0] * x[1, 1], x, step)", x=[[1.0, 0.5], [-0.4, 2.0]], step=0.2),
        ],
        wrong=[
            Wrong(
                "one-sided",
                "You take f(x + step) - f(x). The difference on both sides is far more exact.",
                """
def measured_gradient(f, x, step):
    gradient = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        up, down = x.astype(float), x.astype(float)
        up[i] += step
        down[i] -= step
        gradient[i] = (f(up) - f(x)) / step
    return gradient
""",
            ),
            Wrong(
                "two-forgotten",
                "The two points are 2 * step apart. You divide by step.",
                """
def measured_gradient(f, x, step):
    gradient = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        up, down = x.astype(float), x.astype(float)
        up[i] += step
        down[i] -= step
        gradient[i] = (f(up) - f(down)) / step
    return gradient
""",
            ),
            Wrong(
                "brackets",
                "Brackets are missing: / 2 * step multiplies by the step. Divide by (2 * step).",
                """
def measured_gradient(f, x, step):
    gradient = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        up, down = x.astype(float), x.astype(float)
        up[i] += step
        down[i] -= step
        gradient[i] = (f(up) - f(down)) / 2 * step
    return gradient
""",
            ),
            Wrong(
                "all-at-once",
                "You move all numbers at once. Move one, and leave the others.",
                """
def measured_gradient(f, x, step):
    return np.full(x.shape, (f(x + step) - f(x - step)) / (2 * step))
""",
            ),
            Wrong(
                "never-back",
                "You do not put the number back before you move the next.",
                """
def measured_gradient(f, x, step):
    x = x.astype(float)
    gradient = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        x[i] += step
        above = f(x)
        x[i] -= 2 * step
        gradient[i] = (above - f(x)) / (2 * step)
    return gradient
""",
            ),
            Wrong(
                "backward-difference",
                "You take f(x) - f(x - step). The difference on both sides is far more exact.",
                """
def measured_gradient(f, x, step):
    gradient = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        up, down = x.astype(float), x.astype(float)
        up[i] += step
        down[i] -= step
        gradient[i] = (f(x) - f(down)) / step
    return gradient
""",
            ),
            Wrong(
                "sign",
                "The sign is wrong: the value above minus the value below.",
                """
def measured_gradient(f, x, step):
    gradient = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        up, down = x.astype(float), x.astype(float)
        up[i] += step
        down[i] -= step
        gradient[i] = (f(down) - f(up)) / (2 * step)
    return gradient
""",
            ),
        ],
        right=[
            """
def measured_gradient(f, x, step):
    flat = np.array(x, dtype=float).ravel()
    slopes = []
    for i in range(flat.size):
        values = []
        for direction in (+1, -1):
            moved = flat.copy()
            moved[i] += direction * step
            values.append(f(moved.reshape(x.shape)))
        slopes.append((values[0] - values[1]) / (step + step))
    return np.array(slopes).reshape(x.shape)
""",
            """
def measured_gradient(f, x, step):
    x = np.array(x, dtype=float)
    gradient = np.empty_like(x)
    for i in np.ndindex(x.shape):
        kept = x[i]
        x[i] = kept + step
        above = f(x)
        x[i] = kept - step
        below = f(x)
        x[i] = kept
        gradient[i] = (above - below) / (2 * step)
    return gradient
""",
            """
def measured_gradient(f, x, step):
    nudges = step * np.eye(x.size).reshape(x.size, *x.shape)
    return np.array([f(x + n) - f(x - n) for n in nudges]).reshape(x.shape) / 2 / step
""",
        ],
    ),
    Question(
        "mended_backward",
        probes=[
            probe("mended_backward(params, outputs, dy)", params=_params, outputs=_outputs, dy=_dy),
        ],
        wrong=[
            Wrong(
                "as-published",
                "This is the published version. Measure the biases: they differ by a factor, the kernels do not.",
                """
def mended_backward(params, outputs, dy):
    gradients = []
    delta = dy
    for number in reversed(range(len(params))):
        came_in = outputs[number]
        gradients.insert(0, (came_in.T @ delta, delta.mean(axis=0)))
        delta = delta @ params[number][0].T * came_in * (1 - came_in)
    return gradients
""",
            ),
            Wrong(
                "kernel-mean-too",
                "You made the kernels means as well. They were right: the biases were not.",
                """
def mended_backward(params, outputs, dy):
    gradients = []
    delta = dy
    for number in reversed(range(len(params))):
        came_in = outputs[number]
        gradients.insert(0, (came_in.T @ delta / len(dy), delta.mean(axis=0)))
        delta = delta @ params[number][0].T * came_in * (1 - came_in)
    return gradients
""",
            ),
            Wrong(
                "multiplied-by-units",
                "You multiply the mean by the number of units. The sum over rows is the mean times the rows.",
                """
def mended_backward(params, outputs, dy):
    gradients = []
    delta = dy
    for number in reversed(range(len(params))):
        came_in = outputs[number]
        gradients.insert(0, (came_in.T @ delta, delta.mean(axis=0) * delta.shape[1]))
        delta = delta @ params[number][0].T * came_in * (1 - came_in)
    return gradients
""",
            ),
            Wrong(
                "bias-from-dy",
                "You use dy for every bias. Each layer has a delta of its own.",
                """
def mended_backward(params, outputs, dy):
    gradients = []
    delta = dy
    for number in reversed(range(len(params))):
        came_in = outputs[number]
        gradients.insert(0, (came_in.T @ delta, dy.sum(axis=0)[:1] + 0 * delta.sum(axis=0)))
        delta = delta @ params[number][0].T * came_in * (1 - came_in)
    return gradients
""",
            ),
            Wrong(
                "last-bias-only",
                "Only the last bias is mended. The others are sums over the rows as well.",
                """
def mended_backward(params, outputs, dy):
    gradients = []
    delta = dy
    for number in reversed(range(len(params))):
        came_in = outputs[number]
        gradients.insert(0, (came_in.T @ delta, delta.sum(axis=0) if number == len(params) - 1 else delta.mean(axis=0)))
        delta = delta @ params[number][0].T * came_in * (1 - came_in)
    return gradients
""",
            ),
            Wrong(
                "slope-dropped",
                "You took the sigmoid's slope out. It was right.",
                """
def mended_backward(params, outputs, dy):
    gradients = []
    delta = dy
    for number in reversed(range(len(params))):
        came_in = outputs[number]
        gradients.insert(0, (came_in.T @ delta, delta.sum(axis=0)))
        delta = delta @ params[number][0].T
    return gradients
""",
            ),
            Wrong(
                "summed-over-everything",
                "You sum over rows and units. Every unit has a bias of its own: axis=0.",
                """
def mended_backward(params, outputs, dy):
    gradients = []
    delta = dy
    for number in reversed(range(len(params))):
        came_in = outputs[number]
        gradients.insert(0, (came_in.T @ delta, np.full(delta.shape[1], delta.sum())))
        delta = delta @ params[number][0].T * came_in * (1 - came_in)
    return gradients
""",
            ),
        ],
        right=[
            """
def mended_backward(params, outputs, dy):
    gradients = []
    delta = dy
    for number in range(len(params) - 1, -1, -1):
        gradients.append((outputs[number].T.dot(delta), len(delta) * delta.mean(axis=0)))
        if number:
            delta = delta.dot(params[number][0].T) * outputs[number] * (1 - outputs[number])
    return gradients[::-1]
""",
            """
def mended_backward(params, outputs, dy):
    deltas = [dy]
    for (kernel, _), a in zip(params[:0:-1], outputs[-2:0:-1]):
        deltas.insert(0, deltas[0] @ kernel.T * (a - a * a))
    return [(a.T @ d, np.einsum("rj->j", d)) for a, d in zip(outputs, deltas)]
""",
            """
def mended_backward(params, outputs, dy):
    if len(params) == 0:
        return []
    a = outputs[len(params) - 1]
    bias = np.zeros(dy.shape[1])
    for row in dy:
        bias = bias + row
    before = (dy @ params[-1][0].T) * a * (1 - a)
    return mended_backward(params[:-1], outputs, before) + [(a.T @ dy, bias)]
""",
        ],
    ),
]
