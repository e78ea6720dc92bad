"""Problem set 02: what learners get wrong about a loss, its gradient and the way down."""

import numpy as np
from gradschool.grading.misconceptions import Question, Wrong, probe

_rng = np.random.default_rng(2)
_x = _rng.normal(size=(8, 2)).round(3)
_y = np.array([1, -1, -1, 1, 1, -1, 1, -1])
_line = {"weights": np.array([0.7, -0.4]), "bias": 0.3}
_table = {"x": _x, "y": _y}
_zero = {"weights": np.zeros(2), "bias": 0.0}
_apart = {"x": np.array([[0.0], [0.5]]), "y": np.array([1, -1]), "weights": np.array([0.0]), "bias": 0.0}

QUESTIONS = [
    Question(
        "perceptron_loss",
        probes=[probe("perceptron_loss(x, y, weights, bias)", **_table, **_line)],
        wrong=[
            Wrong(
                "hinge",
                "That is the hinge loss: it asks for a margin of 1. The perceptron's is max(0, -y * f), with no "
                "1 in it.",
                """
def perceptron_loss(x, y, weights, bias):
    return np.maximum(0, 1 - y * (x @ weights + bias)).mean()
""",
            ),
            Wrong(
                "sign-flipped",
                "You charge the rows that are right: y * f is positive on the right side. The loss takes max(0, "
                "-y * f).",
                """
def perceptron_loss(x, y, weights, bias):
    return np.maximum(0, y * (x @ weights + bias)).mean()
""",
            ),
            Wrong(
                "summed",
                "You add the rows up. The loss is their mean, or a larger table would look worse.",
                """
def perceptron_loss(x, y, weights, bias):
    return np.maximum(0, -y * (x @ weights + bias)).sum()
""",
            ),
            Wrong(
                "mean-over-the-wrong-ones",
                "You divide by the number of wrong rows. The mean is over all rows; a right one counts with 0.",
                """
def perceptron_loss(x, y, weights, bias):
    costs = -y * (x @ weights + bias)
    return costs[costs > 0].mean() if (costs > 0).any() else 0.0
""",
            ),
            Wrong(
                "nothing-cut-off",
                "Rows on the right side come out negative and pay for the others. max(0, ...) cuts them off at 0.",
                """
def perceptron_loss(x, y, weights, bias):
    return (-y * (x @ weights + bias)).mean()
""",
            ),
            Wrong(
                "errors-counted",
                "That is the share of wrong rows. The loss also says how far each is on the wrong side.",
                """
def perceptron_loss(x, y, weights, bias):
    return np.mean(y * (x @ weights + bias) < 0)
""",
            ),
            Wrong(
                "no-bias",
                "The bias is missing from the score: f = x @ weights + bias.",
                """
def perceptron_loss(x, y, weights, bias):
    return np.maximum(0, -y * (x @ weights)).mean()
""",
            ),
        ],
        right=[
            """
def perceptron_loss(x, y, weights, bias):
    total = 0.0
    for row, label in zip(x, y):
        score = np.dot(row, weights) + bias
        if label * score < 0:
            total += -label * score
    return total / len(x)
""",
            """
def perceptron_loss(x, y, weights, bias):
    margin = y * (np.dot(x, weights) + bias)
    return (np.abs(margin) - margin).sum() / (2 * len(margin))
""",
            """
def perceptron_loss(x, y, weights, bias):
    margin = y * ((x * weights).sum(axis=1) + bias)
    return -np.minimum(margin, 0).mean()
""",
        ],
    ),
    Question(
        "perceptron_gradient",
        probes=[
            probe("perceptron_gradient(x, y, weights, bias)", **_table, **_line),
            probe("perceptron_gradient(x, y, weights, bias)", x=_x[:3], y=_y[:3], **_zero),
        ],
        wrong=[
            Wrong(
                "sign-flipped",
                "The sign is flipped: the slope of -y * f for the weights is -y * x. What you have points downhill.",
                """
def perceptron_gradient(x, y, weights, bias):
    wrong = y * (x @ weights + bias) <= 0
    return (y * wrong) @ x / len(x), (y * wrong).mean()
""",
            ),
            Wrong(
                "summed",
                "You add up over the rows. The loss is a mean, so its gradient is one too: divide by the number "
                "of rows.",
                """
def perceptron_gradient(x, y, weights, bias):
    wrong = y * (x @ weights + bias) <= 0
    return -(y * wrong) @ x, -(y * wrong).sum()
""",
            ),
            Wrong(
                "all-rows",
                "Rows on the right side have slope 0. You let every row pull.",
                """
def perceptron_gradient(x, y, weights, bias):
    return -y @ x / len(x), -y.mean()
""",
            ),
            Wrong(
                "right-rows",
                "You took the rows that are right. Those have slope 0; the wrong ones, y * f <= 0, pull.",
                """
def perceptron_gradient(x, y, weights, bias):
    right = y * (x @ weights + bias) > 0
    return -(y * right) @ x / len(x), -(y * right).mean()
""",
            ),
            Wrong(
                "kink-left-out",
                "At y * f = 0 the question asks for the slope -y * x. With weights of zero your descent never starts.",
                """
def perceptron_gradient(x, y, weights, bias):
    wrong = y * (x @ weights + bias) < 0
    return -(y * wrong) @ x / len(x), -(y * wrong).mean()
""",
            ),
            Wrong(
                "label-forgotten",
                "The label is missing: a wrong row pulls with -y * x, so the two classes pull in opposite directions.",
                """
def perceptron_gradient(x, y, weights, bias):
    wrong = y * (x @ weights + bias) <= 0
    return -(1.0 * wrong) @ x / len(x), -wrong.mean()
""",
            ),
            Wrong(
                "divided-by-the-wrong-ones",
                "You divide by the number of wrong rows. The mean in the loss is over all rows.",
                """
def perceptron_gradient(x, y, weights, bias):
    wrong = y * (x @ weights + bias) <= 0
    count = max(wrong.sum(), 1)
    return -(y * wrong) @ x / count, -(y * wrong).sum() / count
""",
            ),
        ],
        right=[
            """
def perceptron_gradient(x, y, weights, bias):
    d_weights, d_bias = np.zeros(x.shape[1]), 0.0
    for row, label in zip(x, y):
        if label * (row @ weights + bias) <= 0:
            d_weights = d_weights - label * row
            d_bias -= label
    return d_weights / len(x), d_bias / len(x)
""",
            """
def perceptron_gradient(x, y, weights, bias):
    bad = ~(y * (x @ weights + bias) > 0)
    return -(y[bad, None] * x[bad]).sum(axis=0) / y.size, -y[bad].sum() / y.size
""",
            """
def perceptron_gradient(x, y, weights, bias):
    rows = np.column_stack([x, np.ones(len(x))])
    both = np.append(weights, bias)
    gradient = np.where((y * (rows @ both) <= 0)[:, None], -y[:, None] * rows, 0.0).mean(axis=0)
    return gradient[:-1], float(gradient[-1])
""",
        ],
    ),
    Question(
        "descend",
        probes=[
            probe("descend(x, y, weights, bias, learning_rate, steps)", **_table, **_line, learning_rate=0.6, steps=3)
        ],
        wrong=[
            Wrong(
                "uphill",
                "You add the gradient, as the lecture's page does, and the loss rises. The way down is minus.",
                """
def descend(x, y, weights, bias, learning_rate, steps):
    losses = []
    for _ in range(steps):
        losses.append(perceptron_loss(x, y, weights, bias))
        d_weights, d_bias = perceptron_gradient(x, y, weights, bias)
        weights, bias = weights + learning_rate * d_weights, bias + learning_rate * d_bias
    return weights, bias, np.array(losses)
""",
            ),
            Wrong(
                "bias-from-new-weights",
                "The bias' gradient is taken after the weights have moved. Work out both, then move both.",
                """
def descend(x, y, weights, bias, learning_rate, steps):
    losses = []
    for _ in range(steps):
        losses.append(perceptron_loss(x, y, weights, bias))
        weights = weights - learning_rate * perceptron_gradient(x, y, weights, bias)[0]
        bias = bias - learning_rate * perceptron_gradient(x, y, weights, bias)[1]
    return weights, bias, np.array(losses)
""",
            ),
            Wrong(
                "loss-after-the-step",
                "losses[0] is the loss before the first step. You measure after stepping.",
                """
def descend(x, y, weights, bias, learning_rate, steps):
    losses = []
    for _ in range(steps):
        d_weights, d_bias = perceptron_gradient(x, y, weights, bias)
        weights, bias = weights - learning_rate * d_weights, bias - learning_rate * d_bias
        losses.append(perceptron_loss(x, y, weights, bias))
    return weights, bias, np.array(losses)
""",
            ),
            Wrong(
                "always-from-the-start",
                "Every gradient is taken at the start. Take it where you are now.",
                """
def descend(x, y, weights, bias, learning_rate, steps):
    losses = []
    d_weights, d_bias = perceptron_gradient(x, y, weights, bias)
    for _ in range(steps):
        losses.append(perceptron_loss(x, y, weights, bias))
        weights, bias = weights - learning_rate * d_weights, bias - learning_rate * d_bias
    return weights, bias, np.array(losses)
""",
            ),
            Wrong(
                "bias-kept",
                "The bias stays where it was. It takes a step as well.",
                """
def descend(x, y, weights, bias, learning_rate, steps):
    losses = []
    for _ in range(steps):
        losses.append(perceptron_loss(x, y, weights, bias))
        d_weights, d_bias = perceptron_gradient(x, y, weights, bias)
        weights = weights - learning_rate * d_weights
    return weights, bias, np.array(losses)
""",
            ),
            Wrong(
                "rate-ignored",
                "The learning rate is not used: a step is the rate times the gradient.",
                """
def descend(x, y, weights, bias, learning_rate, steps):
    losses = []
    for _ in range(steps):
        losses.append(perceptron_loss(x, y, weights, bias))
        d_weights, d_bias = perceptron_gradient(x, y, weights, bias)
        weights, bias = weights - d_weights, bias - d_bias
    return weights, bias, np.array(losses)
""",
            ),
            Wrong(
                "never-moves",
                "The losses are measured and nothing moves: keep the new weights and the new bias.",
                """
def descend(x, y, weights, bias, learning_rate, steps):
    losses = []
    for _ in range(steps):
        losses.append(perceptron_loss(x, y, weights, bias))
        d_weights, d_bias = perceptron_gradient(x, y, weights, bias)
        weights - learning_rate * d_weights
        bias - learning_rate * d_bias
    return weights, bias, np.array(losses)
""",
            ),
        ],
        right=[
            """
def descend(x, y, weights, bias, learning_rate, steps):
    weights = np.array(weights, dtype=float)
    losses = np.zeros(steps)
    for i in range(steps):
        margin = y * (x @ weights + bias)
        losses[i] = -np.minimum(margin, 0).mean()
        pull = y * (margin <= 0) / len(y)
        weights += learning_rate * pull @ x
        bias = bias + learning_rate * pull.sum()
    return weights, bias, losses
""",
            """
def descend(x, y, weights, bias, learning_rate, steps):
    places = [(weights, bias)]
    for _ in range(steps):
        w, b = places[-1]
        dw, db = perceptron_gradient(x, y, w, b)
        places.append((w - learning_rate * dw, b - learning_rate * db))
    return *places[-1], [perceptron_loss(x, y, w, b) for w, b in places[:-1]]
""",
            """
def descend(x, y, weights, bias, learning_rate, steps):
    both = np.append(weights, bias).astype(float)
    rows = np.hstack([x, np.ones((len(x), 1))])
    losses = []
    while len(losses) < steps:
        margin = y * (rows @ both)
        losses.append(np.where(margin < 0, -margin, 0).mean())
        both -= learning_rate * np.where((margin <= 0)[:, None], -y[:, None] * rows, 0).mean(axis=0)
    return both[:-1], both[-1], np.array(losses)
""",
        ],
    ),
    Question(
        "steps_to_separate",
        probes=[
            probe("steps_to_separate(x, y, weights, bias, learning_rate, limit)", **_apart, learning_rate=1, limit=200),
            probe(
                "steps_to_separate(x, y, weights, bias, learning_rate, limit)",
                x=[[2.0], [-3.0]],
                y=[1, -1],
                weights=[1.0],
                bias=0,
                learning_rate=1,
                limit=9,
            ),
            probe(
                "steps_to_separate(x, y, weights, bias, learning_rate, limit)",
                x=[[0.0], [1.0], [2.0]],
                y=[1, -1, 1],
                weights=[0.0],
                bias=0,
                learning_rate=1,
                limit=9,
            ),
            probe(
                "steps_to_separate(x, y, weights, bias, learning_rate, limit)",
                x=[[0.0], [1.0]],
                y=[1, -1],
                weights=[0.0],
                bias=0,
                learning_rate=1,
                limit=4,
            ),
            probe(
                "steps_to_separate(x, y, weights, bias, learning_rate, limit)",
                x=[[2.0], [-3.0]],
                y=[1, -1],
                weights=[0.0],
                bias=0,
                learning_rate=1,
                limit=50,
            ),
        ],
        wrong=[
            Wrong(
                "look-counted-as-step",
                "You count looks, not steps: a start that is right takes 0 steps.",
                """
def steps_to_separate(x, y, weights, bias, learning_rate, limit):
    for steps in range(1, limit + 2):
        if np.all(y * (x @ weights + bias) > 0):
            return steps
        d_weights, d_bias = perceptron_gradient(x, y, weights, bias)
        weights, bias = weights - learning_rate * d_weights, bias - learning_rate * d_bias
    return None
""",
            ),
            Wrong(
                "on-the-line-is-enough",
                "A row with y * f = 0 lies on the boundary. Asked for is y * f > 0 in every row.",
                """
def steps_to_separate(x, y, weights, bias, learning_rate, limit):
    for steps in range(limit + 1):
        if np.all(y * (x @ weights + bias) >= 0):
            return steps
        d_weights, d_bias = perceptron_gradient(x, y, weights, bias)
        weights, bias = weights - learning_rate * d_weights, bias - learning_rate * d_bias
    return None
""",
            ),
            Wrong(
                "limit-for-none",
                "When the limit is not enough the answer is None. The limit itself would mean: just enough.",
                """
def steps_to_separate(x, y, weights, bias, learning_rate, limit):
    steps = 0
    while steps < limit and not np.all(y * (x @ weights + bias) > 0):
        d_weights, d_bias = perceptron_gradient(x, y, weights, bias)
        weights, bias = weights - learning_rate * d_weights, bias - learning_rate * d_bias
        steps += 1
    return steps
""",
            ),
            Wrong(
                "last-step-not-looked-at",
                "After the last step allowed nobody looks whether it was enough. limit steps want limit + 1 looks.",
                """
def steps_to_separate(x, y, weights, bias, learning_rate, limit):
    for steps in range(limit):
        if np.all(y * (x @ weights + bias) > 0):
            return steps
        d_weights, d_bias = perceptron_gradient(x, y, weights, bias)
        weights, bias = weights - learning_rate * d_weights, bias - learning_rate * d_bias
    return None
""",
            ),
            Wrong(
                "one-right-row-is-enough",
                "You stop when one row is right. Every row has to be.",
                """
def steps_to_separate(x, y, weights, bias, learning_rate, limit):
    for steps in range(limit + 1):
        if np.any(y * (x @ weights + bias) > 0):
            return steps
        d_weights, d_bias = perceptron_gradient(x, y, weights, bias)
        weights, bias = weights - learning_rate * d_weights, bias - learning_rate * d_bias
    return None
""",
            ),
            Wrong(
                "row-by-row",
                "You step after every single row. The gradient here is the mean over the table: one step for all rows.",
                """
def steps_to_separate(x, y, weights, bias, learning_rate, limit):
    for steps in range(limit + 1):
        if np.all(y * (x @ weights + bias) > 0):
            return steps
        for row, label in zip(x, y):
            if label * (row @ weights + bias) <= 0:
                weights = weights + learning_rate * label * row
                bias = bias + learning_rate * label
    return None
""",
            ),
        ],
        right=[
            """
def steps_to_separate(x, y, weights, bias, learning_rate, limit):
    steps = 0
    while (y * (x @ weights + bias) <= 0).any():
        if steps == limit:
            return None
        d_weights, d_bias = perceptron_gradient(x, y, weights, bias)
        weights, bias = weights - learning_rate * d_weights, bias - learning_rate * d_bias
        steps += 1
    return steps
""",
            """
def steps_to_separate(x, y, weights, bias, learning_rate, limit):
    right = all(label * (row @ weights + bias) > 0 for row, label in zip(x, y))
    for steps in range(limit):
        if right:
            return steps
        weights, bias, _ = descend(x, y, weights, bias, learning_rate, 1)
        right = all(label * (row @ weights + bias) > 0 for row, label in zip(x, y))
    return limit if right else None
""",
            """
def steps_to_separate(x, y, weights, bias, learning_rate, limit):
    signed = np.column_stack([x, np.ones(len(x))]) * y[:, None]
    both = np.append(weights, bias).astype(float)
    for steps in range(limit + 1):
        bad = signed @ both <= 0
        if bad.sum() == 0:
            return steps
        both += learning_rate * signed[bad].sum(axis=0) / len(x)
""",
        ],
    ),
    Question(
        "hinge_loss",
        functions=("hinge_loss", "logistic_loss"),
        probes=[
            probe("hinge_loss(x, y, weights, bias)", **_table, **_line),
            probe("logistic_loss(x, y, weights, bias)", **_table, **_line),
        ],
        wrong=[
            Wrong(
                "no-margin",
                "The 1 is missing from the hinge loss: max(0, -y * f) is the perceptron's. Hinge asks for a margin.",
                """
def hinge_loss(x, y, weights, bias):
    return np.maximum(0, -y * (x @ weights + bias)).mean()

def logistic_loss(x, y, weights, bias):
    return np.log(1 + np.exp(-y * (x @ weights + bias))).mean()
""",
            ),
            Wrong(
                "margin-added-outside",
                "The 1 belongs inside the maximum: max(0, 1 - y * f), not 1 + max(0, -y * f).",
                """
def hinge_loss(x, y, weights, bias):
    return (1 + np.maximum(0, -y * (x @ weights + bias))).mean()

def logistic_loss(x, y, weights, bias):
    return np.log(1 + np.exp(-y * (x @ weights + bias))).mean()
""",
            ),
            Wrong(
                "squared",
                "You square the hinge. There is such a loss, the squared hinge; asked for is max(0, 1 - y * f) itself.",
                """
def hinge_loss(x, y, weights, bias):
    return (np.maximum(0, 1 - y * (x @ weights + bias)) ** 2).mean()

def logistic_loss(x, y, weights, bias):
    return np.log(1 + np.exp(-y * (x @ weights + bias))).mean()
""",
            ),
            Wrong(
                "base-ten",
                "The logistic loss takes the natural logarithm, np.log. np.log10 makes it 2.3 times too small.",
                """
def hinge_loss(x, y, weights, bias):
    return np.maximum(0, 1 - y * (x @ weights + bias)).mean()

def logistic_loss(x, y, weights, bias):
    return np.log10(1 + np.exp(-y * (x @ weights + bias))).mean()
""",
            ),
            Wrong(
                "sign-in-the-exponent",
                "The exponent has the wrong sign: exp(-y * f), so that a row far on the right side costs nearly "
                "nothing.",
                """
def hinge_loss(x, y, weights, bias):
    return np.maximum(0, 1 - y * (x @ weights + bias)).mean()

def logistic_loss(x, y, weights, bias):
    return np.log(1 + np.exp(y * (x @ weights + bias))).mean()
""",
            ),
            Wrong(
                "labels-as-zero-and-one",
                "You use the cross-entropy for labels 0 and 1. With -1 and +1 it is ln(1 + exp(-y * f)).",
                """
def hinge_loss(x, y, weights, bias):
    return np.maximum(0, 1 - y * (x @ weights + bias)).mean()

def logistic_loss(x, y, weights, bias):
    p = 1 / (1 + np.exp(-(x @ weights + bias)))
    return -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean()
""",
            ),
            Wrong(
                "summed",
                "You add up over the rows. Both losses are means.",
                """
def hinge_loss(x, y, weights, bias):
    return np.maximum(0, 1 - y * (x @ weights + bias)).sum()

def logistic_loss(x, y, weights, bias):
    return np.log(1 + np.exp(-y * (x @ weights + bias))).sum()
""",
            ),
        ],
        right=[
            """
def hinge_loss(x, y, weights, bias):
    costs = 1 - y * (x @ weights + bias)
    costs[costs < 0] = 0
    return costs.sum() / len(costs)

def logistic_loss(x, y, weights, bias):
    return np.mean(np.logaddexp(0, -y * (x @ weights + bias)))
""",
            """
def hinge_loss(x, y, weights, bias):
    return sum(max(0, 1 - t * (r @ weights + bias)) for r, t in zip(x, y)) / len(y)

def logistic_loss(x, y, weights, bias):
    p = 1 / (1 + np.exp(-(x @ weights + bias)))
    return -np.mean(np.log(np.where(y == 1, p, 1 - p)))
""",
            """
def hinge_loss(x, y, weights, bias):
    margin = y * (np.dot(x, weights) + bias)
    return np.where(margin < 1, 1 - margin, 0).mean()

def logistic_loss(x, y, weights, bias):
    margin = y * (np.dot(x, weights) + bias)
    return np.log1p(np.exp(-margin)).mean()
""",
        ],
    ),
    Question(
        "mended_gradient",
        probes=[
            probe("mended_gradient(x, y, weights, bias)", **_table, **_line),
            probe(
                "mended_gradient(x, y, weights, bias)",
                x=[[0.5, 1.0], [0.25, -3.0]],
                y=[1, -1],
                weights=[0.5, 0.25],
                bias=0.25,
            ),
            probe(
                "mended_gradient(x, y, weights, bias)",
                x=[[2.0, 1.0], [4.0, 3.0]],
                y=[1, 1],
                weights=[0.5, 0.0],
                bias=0.0,
            ),
        ],
        wrong=[
            Wrong(
                "not-mended",
                "This is still the perceptron's condition, y * f < 0. The hinge costs something wherever y * f < 1.",
                """
def mended_gradient(x, y, weights, bias):
    return published_gradient(x, y, weights, bias)
""",
            ),
            Wrong(
                "every-row",
                "Now every row pulls. One with y * f of 1 or more costs nothing and has slope 0.",
                """
def mended_gradient(x, y, weights, bias):
    return -y @ x / len(x), -y.mean()
""",
            ),
            Wrong(
                "score-for-margin",
                "You compare the score with 1 and forgot the label: the condition is y * f < 1.",
                """
def mended_gradient(x, y, weights, bias):
    inside = x @ weights + bias < 1
    return -(y * inside) @ x / len(x), -(y * inside).mean()
""",
            ),
            Wrong(
                "bias-not-mended",
                "The weights are mended, the bias still uses y * f < 0. Both belong to the same rows.",
                """
def mended_gradient(x, y, weights, bias):
    score = x @ weights + bias
    inside, wrong = y * score < 1, y * score < 0
    return -(y * inside) @ x / len(x), -(y * wrong).mean()
""",
            ),
            Wrong(
                "condition-turned-round",
                "The condition is turned round: the rows beyond the margin have slope 0, those inside it pull.",
                """
def mended_gradient(x, y, weights, bias):
    beyond = y * (x @ weights + bias) >= 1
    return -(y * beyond) @ x / len(x), -(y * beyond).mean()
""",
            ),
            Wrong(
                "kink-counted",
                "A row with y * f of exactly 1 is at the kink. The question asks for slope 0 there: < 1, not <= 1.",
                """
def mended_gradient(x, y, weights, bias):
    inside = y * (x @ weights + bias) <= 1
    return -(y * inside) @ x / len(x), -(y * inside).mean()
""",
            ),
        ],
        right=[
            """
def mended_gradient(x, y, weights, bias):
    d_weights, d_bias = np.zeros(x.shape[1]), 0.0
    for row, label in zip(x, y):
        if label * (row @ weights + bias) < 1:
            d_weights -= label * row
            d_bias -= label
    return d_weights / len(x), d_bias / len(x)
""",
            """
def mended_gradient(x, y, weights, bias):
    paid = np.maximum(0, 1 - y * (x @ weights + bias)) > 0
    return -(y[paid, None] * x[paid]).sum(axis=0) / len(y), -y[paid].sum() / len(y)
""",
            """
def mended_gradient(x, y, weights, bias):
    slope = np.where(1 - y * (np.dot(x, weights) + bias) > 0, -y, 0.0)
    return np.array([(slope * column).mean() for column in x.T]), slope.mean()
""",
        ],
    ),
]
