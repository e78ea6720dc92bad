"""Problem set 06: what learners get wrong about one backward pass by hand."""

import numpy as np
from gradschool.grading.misconceptions import Question, Wrong, probe

_rng = np.random.default_rng(6)
_x, _target = _rng.normal(size=(3, 2)).round(3), _rng.uniform(size=(3, 2)).round(3)
_params = tuple(_rng.normal(size=shape).round(3) for shape in [(2, 2), (2,), (2, 2), (2,)])
_one = {"params": _params, "x": _x[:1], "target": _target[:1]}
_three = {"params": _params, "x": _x, "target": _target}

QUESTIONS = [
    Question(
        "net_input",
        probes=[
            probe("net_input(x, kernel, bias)", x=_x, kernel=_params[0], bias=_params[1]),
            probe("net_input(x, kernel, bias)", x=_x[:1], kernel=_params[0], bias=_params[1]),
        ],
        wrong=[
            Wrong(
                "no-bias",
                "The bias is missing. Every unit adds its own bias to the weighted sum.",
                """
def net_input(x, kernel, bias):
    return x @ kernel
""",
            ),
            Wrong(
                "bias-subtracted",
                "You subtract the bias. With a threshold one subtracts; a bias is added.",
                """
def net_input(x, kernel, bias):
    return x @ kernel - bias
""",
            ),
            Wrong(
                "kernel-transposed",
                "The kernel is transposed. It is (inputs, units) already: a batch of rows meets it as x @ kernel.",
                """
def net_input(x, kernel, bias):
    return x @ kernel.T + bias
""",
            ),
            Wrong(
                "squashed-too",
                "You have applied the sigmoid as well. The net input is what goes into it.",
                """
def net_input(x, kernel, bias):
    z = np.dot(x, kernel) + bias
    return 1 / (1 + np.exp(-z))
""",
            ),
            Wrong(
                "first-row-only",
                "Only the first row is used. Every row of the batch has a net input of its own.",
                """
def net_input(x, kernel, bias):
    return x[:1] @ kernel + bias
""",
            ),
            Wrong(
                "averaged",
                "You took the mean over the inputs. A net input is a sum.",
                """
def net_input(x, kernel, bias):
    return (x @ kernel) / x.shape[1] + bias
""",
            ),
            Wrong(
                "bias-summed",
                "Every unit got the sum of all biases. Unit j adds bias[j] alone.",
                """
def net_input(x, kernel, bias):
    return x @ kernel + bias.sum()
""",
            ),
        ],
        right=[
            """
def net_input(x, kernel, bias):
    rows, units = len(x), len(bias)
    z = np.zeros((rows, units))
    for r in range(rows):
        for j in range(units):
            for i in range(x.shape[1]):
                z[r, j] += x[r, i] * kernel[i, j]
            z[r, j] += bias[j]
    return z
""",
            """
def net_input(x, kernel, bias):
    return np.einsum("ri,ij->rj", x, kernel) + bias[None, :]
""",
            """
def net_input(x, kernel, bias):
    with_one = np.hstack([x, np.ones((x.shape[0], 1))])
    return with_one.dot(np.vstack([kernel, bias]))
""",
        ],
    ),
    Question(
        "sigmoid",
        functions=("sigmoid", "sigmoid_prime"),
        probes=[
            probe("sigmoid(z)", z=[-1.5, 0.25, 2.0]),
            probe("sigmoid_prime(z)", z=[-1.5, 0.25, 2.0]),
        ],
        wrong=[
            Wrong(
                "sign-of-exponent",
                "The exponent has the wrong sign: it is exp(-z), so that a large z comes near 1.",
                """
def sigmoid(z):
    return 1 / (1 + np.exp(z))

def sigmoid_prime(z):
    return sigmoid(z) * (1 - sigmoid(z))
""",
            ),
            Wrong(
                "brackets",
                "Brackets are missing: 1 / 1 + exp(-z) divides first. The whole of 1 + exp(-z) goes below the line.",
                """
def sigmoid(z):
    return 1 / 1 + np.exp(-z)

def sigmoid_prime(z):
    return sigmoid(z) * (1 - sigmoid(z))
""",
            ),
            Wrong(
                "prime-of-the-output",
                "sigmoid_prime gets the net input z. z * (1 - z) would be right for the output: squash z first.",
                """
def sigmoid(z):
    return 1 / (1 + np.exp(-z))

def sigmoid_prime(z):
    return z * (1 - z)
""",
            ),
            Wrong(
                "slope-of-tanh",
                "1 - s**2 is the slope of tanh. The sigmoid's is s * (1 - s).",
                """
def sigmoid(z):
    return 1 / (1 + np.exp(-z))

def sigmoid_prime(z):
    return 1 - sigmoid(z) ** 2
""",
            ),
            Wrong(
                "squashed-twice",
                "The slope squashes z twice. Take s = sigmoid(z) once, then s * (1 - s).",
                """
def sigmoid(z):
    return 1 / (1 + np.exp(-z))

def sigmoid_prime(z):
    s = sigmoid(z)
    return sigmoid(s) * (1 - sigmoid(s))
""",
            ),
            Wrong(
                "rounded",
                "Your sigmoid is rounded. Print fewer digits if you like, but return them all.",
                """
def sigmoid(z):
    return np.round(1 / (1 + np.exp(-z)), 4)

def sigmoid_prime(z):
    return sigmoid(z) * (1 - sigmoid(z))
""",
            ),
            Wrong(
                "one-minus-missing",
                "The factor (1 - s) is missing from the slope: it is s * (1 - s), never above 0.25.",
                """
def sigmoid(z):
    return 1 / (1 + np.exp(-z))

def sigmoid_prime(z):
    return sigmoid(z)
""",
            ),
        ],
        right=[
            """
def sigmoid(z):
    return np.exp(z) / (np.exp(z) + 1)

def sigmoid_prime(z):
    return np.exp(-z) / (1 + np.exp(-z)) ** 2
""",
            """
def sigmoid(z):
    return 0.5 * (1 + np.tanh(z / 2))

def sigmoid_prime(z):
    return 0.25 * (1 - np.tanh(z / 2) ** 2) if np.ndim(z) == 0 else sigmoid(z) * sigmoid(-z)
""",
            """
import math

def sigmoid(z):
    z = np.asarray(z)
    out = np.empty(z.shape)
    for index in np.ndindex(z.shape):
        out[index] = 1.0 / (1.0 + math.exp(-z[index]))
    return out

def sigmoid_prime(z):
    s = sigmoid(z)
    return s - s * s
""",
        ],
    ),
    Question(
        "output_delta",
        probes=[
            probe("output_delta(output, target)", output=[[0.7, 0.35], [0.2, 0.9]], target=[[0.1, 0.8], [0.6, 0.65]]),
        ],
        wrong=[
            Wrong(
                "sign-flipped",
                "The sign is flipped: E falls when an output that is too high comes down, so dE/dout is output - "
                "target.",
                """
def output_delta(output, target):
    return (target - output) * output * (1 - output)
""",
            ),
            Wrong(
                "slope-forgotten",
                "The slope of the sigmoid is missing: output - target is dE/dout; times output * (1 - output) it "
                "is dE/dnet.",
                """
def output_delta(output, target):
    return output - target
""",
            ),
            Wrong(
                "squashed-again",
                "You squash the output a second time. It has been through the sigmoid: its slope is output * (1 "
                "- output).",
                """
def output_delta(output, target):
    s = 1 / (1 + np.exp(-output))
    return (output - target) * s * (1 - s)
""",
            ),
            Wrong(
                "doubled",
                "Twice too much: the half in front of the sum cancels the two from the square.",
                """
def output_delta(output, target):
    return 2 * (output - target) * output * (1 - output)
""",
            ),
            Wrong(
                "error-for-slope",
                "You multiplied the error itself by the slope. Delta takes the error's derivative, output - target.",
                """
def output_delta(output, target):
    error = 0.5 * (target - output) ** 2
    return error * output * (1 - output)
""",
            ),
            Wrong(
                "slope-of-the-target",
                "The slope is taken at the target. It belongs to where the unit is: output * (1 - output).",
                """
def output_delta(output, target):
    return (output - target) * target * (1 - target)
""",
            ),
            Wrong(
                "one-minus-missing",
                "The factor (1 - output) is missing: the sigmoid's slope is output * (1 - output).",
                """
def output_delta(output, target):
    return (output - target) * output
""",
            ),
        ],
        right=[
            """
def output_delta(output, target):
    return -(target - output) * (output - output ** 2)
""",
            """
def output_delta(output, target):
    delta = np.zeros(output.shape)
    for r in range(output.shape[0]):
        for j in range(output.shape[1]):
            o, t = output[r, j], target[r, j]
            delta[r, j] = (o - t) * o * (1 - o)
    return delta
""",
            """
def output_delta(output, target):
    delta = np.subtract(output, target)
    delta *= output
    delta *= 1 - output
    return delta
""",
        ],
    ),
    Question(
        "hidden_delta",
        probes=[
            probe(
                "hidden_delta(delta_next, kernel_next, hidden)",
                delta_next=[[0.5, -0.2], [0.1, 0.4]],
                kernel_next=[[0.3, 0.9], [-0.6, 0.7]],
                hidden=[[0.2, 0.75], [0.6, 0.4]],
            ),
            probe(
                "hidden_delta(delta_next, kernel_next, hidden)",
                delta_next=[[0.5, -0.2, 0.3]],
                kernel_next=[[0.3, 0.9, 0.1], [-0.6, 0.7, 0.2]],
                hidden=[[0.2, 0.75]],
            ),
        ],
        wrong=[
            Wrong(
                "not-transposed",
                "Going back, the kernel is transposed: delta_next is (rows, next), kernel_next.T is (next, hidden).",
                """
def hidden_delta(delta_next, kernel_next, hidden):
    return delta_next @ kernel_next * hidden * (1 - hidden)
""",
            ),
            Wrong(
                "slope-forgotten",
                "The hidden unit's own slope is missing: multiply what comes back by hidden * (1 - hidden).",
                """
def hidden_delta(delta_next, kernel_next, hidden):
    return delta_next @ kernel_next.T
""",
            ),
            Wrong(
                "one-path-only",
                "Only the path through the first next unit is counted. A hidden unit feeds them all: add up "
                "every path.",
                """
def hidden_delta(delta_next, kernel_next, hidden):
    return delta_next[:, :1] * kernel_next[:, 0] * hidden * (1 - hidden)
""",
            ),
            Wrong(
                "averaged-paths",
                "You took the mean over the next units. The chain rule adds the paths up.",
                """
def hidden_delta(delta_next, kernel_next, hidden):
    back = np.array([[np.mean(d * k) for k in kernel_next] for d in delta_next])
    return back * hidden * (1 - hidden)
""",
            ),
            Wrong(
                "weights-ignored",
                "The weights are left out: the fault of a next unit comes back through the weight that leads to it.",
                """
def hidden_delta(delta_next, kernel_next, hidden):
    return delta_next.sum(axis=1, keepdims=True) * hidden * (1 - hidden)
""",
            ),
            Wrong(
                "squashed-again",
                "You squash the hidden output a second time. Its slope is hidden * (1 - hidden).",
                """
def hidden_delta(delta_next, kernel_next, hidden):
    s = 1 / (1 + np.exp(-hidden))
    return delta_next @ kernel_next.T * s * (1 - s)
""",
            ),
            Wrong(
                "hidden-as-error",
                "You multiplied by the hidden output alone. The slope of the sigmoid has a second factor, (1 - "
                "hidden).",
                """
def hidden_delta(delta_next, kernel_next, hidden):
    return np.dot(delta_next, kernel_next.T) * hidden
""",
            ),
        ],
        right=[
            """
def hidden_delta(delta_next, kernel_next, hidden):
    return (kernel_next @ delta_next.T).T * (hidden - hidden ** 2)
""",
            """
def hidden_delta(delta_next, kernel_next, hidden):
    out = np.zeros_like(hidden)
    for r in range(len(hidden)):
        for i in range(hidden.shape[1]):
            fault = 0.0
            for j in range(delta_next.shape[1]):
                fault += delta_next[r, j] * kernel_next[i, j]
            out[r, i] = fault * hidden[r, i] * (1 - hidden[r, i])
    return out
""",
            """
def hidden_delta(delta_next, kernel_next, hidden):
    return np.einsum("rj,ij,ri,ri->ri", delta_next, kernel_next, hidden, 1 - hidden)
""",
        ],
    ),
    Question(
        "step",
        probes=[
            probe("step(params, x, target, learning_rate)", learning_rate=0.7, **_one),
            probe("step(params, x, target, learning_rate)", learning_rate=0.7, **_three),
        ],
        wrong=[
            Wrong(
                "updated-weights",
                "You updated kernel_2 first and used the new one on the way back. All gradients belong to the "
                "old weights.",
                """
def step(params, x, target, learning_rate):
    kernel_1, bias_1, kernel_2, bias_2 = params
    hidden = sigmoid(net_input(x, kernel_1, bias_1))
    output = sigmoid(net_input(hidden, kernel_2, bias_2))
    delta_2 = output_delta(output, target) / len(x)
    kernel_2 = kernel_2 - learning_rate * hidden.T @ delta_2
    bias_2 = bias_2 - learning_rate * delta_2.sum(axis=0)
    delta_1 = hidden_delta(delta_2, kernel_2, hidden)
    kernel_1 = kernel_1 - learning_rate * x.T @ delta_1
    bias_1 = bias_1 - learning_rate * delta_1.sum(axis=0)
    return kernel_1, bias_1, kernel_2, bias_2
""",
            ),
            Wrong(
                "uphill",
                "You add the gradient, which climbs. Subtract it: the error is to fall.",
                """
def step(params, x, target, learning_rate):
    kernel_1, bias_1, kernel_2, bias_2 = params
    hidden = sigmoid(net_input(x, kernel_1, bias_1))
    output = sigmoid(net_input(hidden, kernel_2, bias_2))
    delta_2 = output_delta(output, target) / len(x)
    delta_1 = hidden_delta(delta_2, kernel_2, hidden)
    return (kernel_1 + learning_rate * x.T @ delta_1, bias_1 + learning_rate * delta_1.sum(axis=0),
            kernel_2 + learning_rate * hidden.T @ delta_2, bias_2 + learning_rate * delta_2.sum(axis=0))
""",
            ),
            Wrong(
                "biases-kept",
                "The biases stay as they were. A bias has a gradient too: its delta, summed over the rows.",
                """
def step(params, x, target, learning_rate):
    kernel_1, bias_1, kernel_2, bias_2 = params
    hidden = sigmoid(net_input(x, kernel_1, bias_1))
    output = sigmoid(net_input(hidden, kernel_2, bias_2))
    delta_2 = output_delta(output, target) / len(x)
    delta_1 = hidden_delta(delta_2, kernel_2, hidden)
    return kernel_1 - learning_rate * x.T @ delta_1, bias_1, kernel_2 - learning_rate * hidden.T @ delta_2, bias_2
""",
            ),
            Wrong(
                "mean-forgotten",
                "The gradients are summed over the rows. The error is a mean: divide by the number of rows.",
                """
def step(params, x, target, learning_rate):
    kernel_1, bias_1, kernel_2, bias_2 = params
    hidden = sigmoid(net_input(x, kernel_1, bias_1))
    output = sigmoid(net_input(hidden, kernel_2, bias_2))
    delta_2 = output_delta(output, target)
    delta_1 = hidden_delta(delta_2, kernel_2, hidden)
    return (kernel_1 - learning_rate * x.T @ delta_1, bias_1 - learning_rate * delta_1.sum(axis=0),
            kernel_2 - learning_rate * hidden.T @ delta_2, bias_2 - learning_rate * delta_2.sum(axis=0))
""",
            ),
            Wrong(
                "rate-ignored",
                "The learning rate is not used. A step is the rate times the gradient.",
                """
def step(params, x, target, learning_rate):
    kernel_1, bias_1, kernel_2, bias_2 = params
    hidden = sigmoid(net_input(x, kernel_1, bias_1))
    output = sigmoid(net_input(hidden, kernel_2, bias_2))
    delta_2 = output_delta(output, target) / len(x)
    delta_1 = hidden_delta(delta_2, kernel_2, hidden)
    return (kernel_1 - x.T @ delta_1, bias_1 - delta_1.sum(axis=0),
            kernel_2 - hidden.T @ delta_2, bias_2 - delta_2.sum(axis=0))
""",
            ),
            Wrong(
                "never-updates",
                "The parameters come back unchanged. 0.15 is not 0.149780716: return the new values.",
                """
def step(params, x, target, learning_rate):
    kernel_1, bias_1, kernel_2, bias_2 = params
    hidden = sigmoid(net_input(x, kernel_1, bias_1))
    output = sigmoid(net_input(hidden, kernel_2, bias_2))
    delta_2 = output_delta(output, target) / len(x)
    return params
""",
            ),
            Wrong(
                "output-layer-only",
                "Only the output layer learns. The hidden layer's kernel and bias take a step as well.",
                """
def step(params, x, target, learning_rate):
    kernel_1, bias_1, kernel_2, bias_2 = params
    hidden = sigmoid(net_input(x, kernel_1, bias_1))
    output = sigmoid(net_input(hidden, kernel_2, bias_2))
    delta_2 = output_delta(output, target) / len(x)
    return (kernel_1, bias_1,
            kernel_2 - learning_rate * hidden.T @ delta_2, bias_2 - learning_rate * delta_2.sum(axis=0))
""",
            ),
        ],
        right=[
            """
def step(params, x, target, learning_rate):
    k1, b1, k2, b2 = params
    h = 1 / (1 + np.exp(-(x @ k1 + b1)))
    o = 1 / (1 + np.exp(-(h @ k2 + b2)))
    d2 = (o - target) * o * (1 - o)
    d1 = (d2 @ k2.T) * h * (1 - h)
    n = x.shape[0]
    return [k1 - learning_rate * (x.T @ d1) / n, b1 - learning_rate * d1.mean(0),
            k2 - learning_rate * (h.T @ d2) / n, b2 - learning_rate * d2.mean(0)]
""",
            """
def step(params, x, target, learning_rate):
    new = [p.copy() for p in params]
    n = len(x)
    for row, wanted in zip(x, target):
        hidden = sigmoid(row @ params[0] + params[1])
        output = sigmoid(hidden @ params[2] + params[3])
        delta_2 = (output - wanted) * output * (1 - output)
        delta_1 = params[2] @ delta_2 * hidden * (1 - hidden)
        new[0] -= learning_rate / n * np.outer(row, delta_1)
        new[1] -= learning_rate / n * delta_1
        new[2] -= learning_rate / n * np.outer(hidden, delta_2)
        new[3] -= learning_rate / n * delta_2
    return tuple(new)
""",
            """
def step(params, x, target, learning_rate):
    kernel_1, bias_1, kernel_2, bias_2 = (np.array(p, dtype=float) for p in params)
    hidden = sigmoid(net_input(x, kernel_1, bias_1))
    output = sigmoid(net_input(hidden, kernel_2, bias_2))
    delta_2 = output_delta(output, target) / len(x)
    delta_1 = hidden_delta(delta_2, kernel_2, hidden)
    kernel_2 -= learning_rate * hidden.T @ delta_2
    bias_2 -= learning_rate * np.ones(len(x)) @ delta_2
    kernel_1 -= learning_rate * x.T @ delta_1
    bias_1 -= learning_rate * np.ones(len(x)) @ delta_1
    return kernel_1, bias_1, kernel_2, bias_2
""",
        ],
    ),
    Question(
        "train",
        probes=[
            probe("train(params, x, target, learning_rate, steps)", learning_rate=0.7, steps=3, **_three),
            probe("train(params, x, target, learning_rate, steps)", learning_rate=0.7, steps=1, **_one),
        ],
        wrong=[
            Wrong(
                "always-from-the-start",
                "Every step starts from the first parameters again. Feed the new parameters into the next step.",
                """
def train(params, x, target, learning_rate, steps):
    losses = []
    for _ in range(steps):
        hidden = sigmoid(net_input(x, params[0], params[1]))
        output = sigmoid(net_input(hidden, params[2], params[3]))
        losses.append(0.5 * ((target - output) ** 2).sum(axis=1).mean())
        new = step(params, x, target, learning_rate)
    return new, np.array(losses)
""",
            ),
            Wrong(
                "loss-after-the-step",
                "losses[0] is the error before the first step. You measure after stepping.",
                """
def train(params, x, target, learning_rate, steps):
    losses = []
    for _ in range(steps):
        params = step(params, x, target, learning_rate)
        hidden = sigmoid(net_input(x, params[0], params[1]))
        output = sigmoid(net_input(hidden, params[2], params[3]))
        losses.append(0.5 * ((target - output) ** 2).sum(axis=1).mean())
    return params, np.array(losses)
""",
            ),
            Wrong(
                "half-forgotten",
                "The half is missing from the error: it is 1/2 times the sum of squares.",
                """
def train(params, x, target, learning_rate, steps):
    losses = []
    for _ in range(steps):
        hidden = sigmoid(net_input(x, params[0], params[1]))
        output = sigmoid(net_input(hidden, params[2], params[3]))
        losses.append(((target - output) ** 2).sum(axis=1).mean())
        params = step(params, x, target, learning_rate)
    return params, np.array(losses)
""",
            ),
            Wrong(
                "summed-over-rows",
                "The error is summed over the rows. It is their mean, or a larger batch would look worse.",
                """
def train(params, x, target, learning_rate, steps):
    losses = []
    for _ in range(steps):
        hidden = sigmoid(net_input(x, params[0], params[1]))
        output = sigmoid(net_input(hidden, params[2], params[3]))
        losses.append(0.5 * np.sum((target - output) ** 2))
        params = step(params, x, target, learning_rate)
    return params, np.array(losses)
""",
            ),
            Wrong(
                "mean-over-outputs",
                "You took the mean over the outputs too. The error of a row is a sum over its outputs.",
                """
def train(params, x, target, learning_rate, steps):
    losses = []
    for _ in range(steps):
        hidden = sigmoid(net_input(x, params[0], params[1]))
        output = sigmoid(net_input(hidden, params[2], params[3]))
        losses.append(0.5 * np.mean((target - output) ** 2))
        params = step(params, x, target, learning_rate)
    return params, np.array(losses)
""",
            ),
            Wrong(
                "one-step-short",
                "One step is missing: range(1, steps) runs steps - 1 times.",
                """
def train(params, x, target, learning_rate, steps):
    losses = np.zeros(steps)
    for i in range(1, steps):
        hidden = sigmoid(net_input(x, params[0], params[1]))
        output = sigmoid(net_input(hidden, params[2], params[3]))
        losses[i - 1] = 0.5 * ((target - output) ** 2).sum(axis=1).mean()
        params = step(params, x, target, learning_rate)
    return params, losses
""",
            ),
            Wrong(
                "last-loss-only",
                "Only the last error is returned. Keep the error before every step, in order.",
                """
def train(params, x, target, learning_rate, steps):
    for _ in range(steps):
        hidden = sigmoid(net_input(x, params[0], params[1]))
        output = sigmoid(net_input(hidden, params[2], params[3]))
        loss = 0.5 * ((target - output) ** 2).sum(axis=1).mean()
        params = step(params, x, target, learning_rate)
    return params, loss
""",
            ),
        ],
        right=[
            """
def train(params, x, target, learning_rate, steps):
    losses = []
    while len(losses) < steps:
        k1, b1, k2, b2 = params
        h = 1 / (1 + np.exp(-(x @ k1 + b1)))
        o = 1 / (1 + np.exp(-(h @ k2 + b2)))
        losses.append(float(np.sum((o - target) ** 2) / 2 / len(x)))
        d2 = (o - target) * o * (1 - o) / len(x)
        d1 = d2 @ k2.T * h * (1 - h)
        params = (k1 - learning_rate * x.T @ d1, b1 - learning_rate * d1.sum(0),
                  k2 - learning_rate * h.T @ d2, b2 - learning_rate * d2.sum(0))
    return params, losses
""",
            """
def train(params, x, target, learning_rate, steps):
    def error(p):
        output = sigmoid(net_input(sigmoid(net_input(x, p[0], p[1])), p[2], p[3]))
        return np.mean([0.5 * np.dot(t - o, t - o) for o, t in zip(output, target)])

    path = [params]
    for _ in range(steps):
        path.append(step(path[-1], x, target, learning_rate))
    return path[-1], np.array([error(p) for p in path[:-1]])
""",
            """
def train(params, x, target, learning_rate, steps):
    if steps == 0:
        return params, np.array([])
    output = sigmoid(net_input(sigmoid(net_input(x, params[0], params[1])), params[2], params[3]))
    first = ((target - output) ** 2).sum() / (2 * len(x))
    end, rest = train(step(params, x, target, learning_rate), x, target, learning_rate, steps - 1)
    return end, np.concatenate([[first], rest])
""",
        ],
    ),
    Question(
        "mended_gradients",
        probes=[
            probe("mended_gradients(params, x, target)", **_one),
            probe("mended_gradients(params, x, target)", **_three),
        ],
        wrong=[
            Wrong(
                "not-mended",
                "These are still the published gradients: delta_1 takes the sigmoid's slope from the net input. "
                "hidden * (1 - hidden) wants the output of the hidden unit.",
                """
def mended_gradients(params, x, target):
    return published_gradients(params, x, target)
""",
            ),
            Wrong(
                "slope-dropped",
                "You removed the hidden layer's slope. It belongs there; what was wrong is where it is taken.",
                """
def mended_gradients(params, x, target):
    kernel_1, bias_1, kernel_2, bias_2 = params
    hidden = 1 / (1 + np.exp(-(x @ kernel_1 + bias_1)))
    output = 1 / (1 + np.exp(-(hidden @ kernel_2 + bias_2)))
    delta_2 = (output - target) * output * (1 - output) / len(x)
    delta_1 = delta_2 @ kernel_2.T
    return x.T @ delta_1, delta_1.sum(axis=0), hidden.T @ delta_2, delta_2.sum(axis=0)
""",
            ),
            Wrong(
                "half-mended",
                "One of the two net inputs is still there: the slope is hidden * (1 - hidden), both from the output.",
                """
def mended_gradients(params, x, target):
    kernel_1, bias_1, kernel_2, bias_2 = params
    net_hidden = x @ kernel_1 + bias_1
    hidden = 1 / (1 + np.exp(-net_hidden))
    output = 1 / (1 + np.exp(-(hidden @ kernel_2 + bias_2)))
    delta_2 = (output - target) * output * (1 - output) / len(x)
    delta_1 = delta_2 @ kernel_2.T * hidden * (1 - net_hidden)
    return x.T @ delta_1, delta_1.sum(axis=0), hidden.T @ delta_2, delta_2.sum(axis=0)
""",
            ),
            Wrong(
                "wrong-place",
                "You changed the output layer's delta, which was right, and left the hidden one. "
                "Measure both: the check says which gradients are off.",
                """
def mended_gradients(params, x, target):
    kernel_1, bias_1, kernel_2, bias_2 = params
    net_hidden = x @ kernel_1 + bias_1
    hidden = 1 / (1 + np.exp(-net_hidden))
    output = 1 / (1 + np.exp(-(hidden @ kernel_2 + bias_2)))
    delta_2 = (output - target) / len(x)
    delta_1 = delta_2 @ kernel_2.T * net_hidden * (1 - net_hidden)
    return x.T @ delta_1, delta_1.sum(axis=0), hidden.T @ delta_2, delta_2.sum(axis=0)
""",
            ),
            Wrong(
                "squashed-twice",
                "The hidden output is squashed a second time before its slope is taken. It is hidden * (1 - hidden).",
                """
def mended_gradients(params, x, target):
    kernel_1, bias_1, kernel_2, bias_2 = params
    hidden = 1 / (1 + np.exp(-(x @ kernel_1 + bias_1)))
    output = 1 / (1 + np.exp(-(hidden @ kernel_2 + bias_2)))
    delta_2 = (output - target) * output * (1 - output) / len(x)
    s = 1 / (1 + np.exp(-hidden))
    delta_1 = delta_2 @ kernel_2.T * s * (1 - s)
    return x.T @ delta_1, delta_1.sum(axis=0), hidden.T @ delta_2, delta_2.sum(axis=0)
""",
            ),
            Wrong(
                "mean-lost",
                "The slope is mended, and the division by the number of rows got lost.",
                """
def mended_gradients(params, x, target):
    kernel_1, bias_1, kernel_2, bias_2 = params
    hidden = 1 / (1 + np.exp(-(x @ kernel_1 + bias_1)))
    output = 1 / (1 + np.exp(-(hidden @ kernel_2 + bias_2)))
    delta_2 = (output - target) * output * (1 - output)
    delta_1 = delta_2 @ kernel_2.T * hidden * (1 - hidden)
    return x.T @ delta_1, delta_1.sum(axis=0), hidden.T @ delta_2, delta_2.sum(axis=0)
""",
            ),
        ],
        right=[
            """
def mended_gradients(params, x, target):
    kernel_1, bias_1, kernel_2, bias_2 = params
    hidden = sigmoid(net_input(x, kernel_1, bias_1))
    output = sigmoid(net_input(hidden, kernel_2, bias_2))
    delta_2 = output_delta(output, target) / len(x)
    delta_1 = hidden_delta(delta_2, kernel_2, hidden)
    return x.T @ delta_1, delta_1.sum(axis=0), hidden.T @ delta_2, delta_2.sum(axis=0)
""",
            """
def mended_gradients(params, x, target):
    after = step(params, x, target, 1.0)
    return tuple(before - new for before, new in zip(params, after))
""",
            """
def mended_gradients(params, x, target):
    k1, b1, k2, b2 = params
    totals = [np.zeros(p.shape) for p in params]
    for row, wanted in zip(x, target):
        h = 1 / (1 + np.exp(-(row @ k1 + b1)))
        o = 1 / (1 + np.exp(-(h @ k2 + b2)))
        d2 = (o - wanted) * o * (1 - o)
        d1 = (k2 @ d2) * h * (1 - h)
        for total, gradient in zip(totals, (np.outer(row, d1), d1, np.outer(h, d2), d2)):
            total += gradient / x.shape[0]
    return totals
""",
        ],
    ),
]
