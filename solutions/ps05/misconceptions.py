"""Problem set 05: what learners get wrong about losses and their gradients."""

import numpy as np
from gradschool.grading.misconceptions import Question, Wrong, probe

_rng = np.random.default_rng(5)
_y = _rng.normal(size=(3, 2)).round(3)
_p = _y + np.array([[0.3, -1.9], [1.4, 0.2], [-0.5, 2.2]])
_labels = np.array([[1.0, 0.0], [0.0, 0.0], [1.0, 1.0]])
_z = _rng.normal(0, 2, size=(3, 2)).round(3)
_rows = np.array([[0.7, 0.2, 0.1], [0.3, 0.3, 0.4], [0.1, 0.6, 0.3], [0.25, 0.15, 0.6]])
_column = np.array([[0.4], [1.1], [2.9], [3.2], [7.5]])
_scores = _rng.normal(size=(3, 4)).round(3)

QUESTIONS = [
    Question(
        "huber",
        functions=("huber", "huber_gradient"),
        probes=[
            probe("huber(y_true, y_pred, delta)", y_true=_y, y_pred=_p, delta=0.7),
            probe("huber_gradient(y_true, y_pred, delta)", y_true=_y, y_pred=_p, delta=0.7),
        ],
        wrong=[
            Wrong(
                "branches-swapped",
                "The branches are swapped: the square is for small errors, the straight line for large ones.",
                """
def huber(y_true, y_pred, delta):
    e = np.abs(y_pred - y_true)
    return np.mean(np.where(e > delta, 0.5 * e**2, delta * e - 0.5 * delta**2))

def huber_gradient(y_true, y_pred, delta):
    e = y_pred - y_true
    return np.where(np.abs(e) > delta, e, delta * np.sign(e)) / e.size
""",
            ),
            Wrong(
                "no-half",
                "The half in front of the square is missing, so the two branches do not meet at delta.",
                """
def huber(y_true, y_pred, delta):
    e = np.abs(y_pred - y_true)
    return np.mean(np.where(e <= delta, e**2, delta * e - 0.5 * delta**2))

def huber_gradient(y_true, y_pred, delta):
    e = y_pred - y_true
    return np.where(np.abs(e) <= delta, 2 * e, delta * np.sign(e)) / e.size
""",
            ),
            Wrong(
                "offset-forgotten",
                "Half of delta squared must be taken off the straight branch, or the loss jumps at delta.",
                """
def huber(y_true, y_pred, delta):
    e = np.abs(y_pred - y_true)
    return np.mean(np.where(e <= delta, 0.5 * e**2, delta * e))

def huber_gradient(y_true, y_pred, delta):
    return np.clip(y_pred - y_true, -delta, delta) / y_pred.size
""",
            ),
            Wrong(
                "sum-not-mean",
                "This is the sum over the numbers. The loss is their mean, and the gradient carries the same 1/n.",
                """
def huber(y_true, y_pred, delta):
    e = np.abs(y_pred - y_true)
    return np.sum(np.where(e <= delta, 0.5 * e**2, delta * e - 0.5 * delta**2))

def huber_gradient(y_true, y_pred, delta):
    return np.clip(y_pred - y_true, -delta, delta)
""",
            ),
            Wrong(
                "gradient-without-1-over-n",
                "The loss is a mean, so its gradient must be divided by how many numbers there are.",
                """
def huber(y_true, y_pred, delta):
    e = np.abs(y_pred - y_true)
    return np.mean(np.where(e <= delta, 0.5 * e**2, delta * e - 0.5 * delta**2))

def huber_gradient(y_true, y_pred, delta):
    return np.clip(y_pred - y_true, -delta, delta)
""",
            ),
            Wrong(
                "gradient-sign",
                "The gradient has the wrong sign: raising a prediction that is too high makes the loss larger.",
                """
def huber(y_true, y_pred, delta):
    e = np.abs(y_pred - y_true)
    return np.mean(np.where(e <= delta, 0.5 * e**2, delta * e - 0.5 * delta**2))

def huber_gradient(y_true, y_pred, delta):
    return np.clip(y_true - y_pred, -delta, delta) / y_pred.size
""",
            ),
            Wrong(
                "gradient-divided-by-rows",
                "You divide the gradient by the rows alone. The mean runs over rows and outputs.",
                """
def huber(y_true, y_pred, delta):
    e = np.abs(y_pred - y_true)
    return np.mean(np.where(e <= delta, 0.5 * e**2, delta * e - 0.5 * delta**2))

def huber_gradient(y_true, y_pred, delta):
    return np.clip(y_pred - y_true, -delta, delta) / len(y_pred)
""",
            ),
            Wrong(
                "sign-forgotten-far-out",
                "Far out the slope is delta times the sign of the error; you left the sign away.",
                """
def huber(y_true, y_pred, delta):
    e = np.abs(y_pred - y_true)
    return np.mean(np.where(e <= delta, 0.5 * e**2, delta * e - 0.5 * delta**2))

def huber_gradient(y_true, y_pred, delta):
    e = y_pred - y_true
    return np.where(np.abs(e) <= delta, e, delta) / e.size
""",
            ),
            Wrong(
                "no-absolute-value",
                "Compare the size of the error with delta: a large negative error belongs to the straight branch.",
                """
def huber(y_true, y_pred, delta):
    e = y_pred - y_true
    return np.mean(np.where(e <= delta, 0.5 * e**2, delta * e - 0.5 * delta**2))

def huber_gradient(y_true, y_pred, delta):
    e = y_pred - y_true
    return np.where(e <= delta, e, delta) / e.size
""",
            ),
        ],
        right=[
            """
def huber(y_true, y_pred, delta):
    total = 0.0
    for a, b in zip(np.ravel(y_true), np.ravel(y_pred)):
        e = abs(a - b)
        total += e * e / 2 if e <= delta else delta * (e - delta / 2)
    return total / np.size(y_true)

def huber_gradient(y_true, y_pred, delta):
    result = np.empty(np.shape(y_pred))
    for i in np.ndindex(result.shape):
        e = y_pred[i] - y_true[i]
        result[i] = e if abs(e) <= delta else delta if e > 0 else -delta
    return result / result.size
""",
            """
def huber(y_true, y_pred, delta):
    e = np.abs(y_true - y_pred)
    near = np.minimum(e, delta)
    return (near * (e - near / 2)).mean()

def huber_gradient(y_true, y_pred, delta):
    return np.maximum(np.minimum(y_pred - y_true, delta), -delta) / np.prod(y_pred.shape)
""",
            """
def huber(y_true, y_pred, delta):
    e = y_pred - y_true
    far = np.abs(e) > delta
    losses = 0.5 * e * e * 1.0
    losses[far] = delta * np.abs(e[far]) - 0.5 * delta**2
    return losses.sum() / losses.size

def huber_gradient(y_true, y_pred, delta):
    g = (y_pred - y_true) * 1.0
    g[g > delta] = delta
    g[g < -delta] = -delta
    g /= g.size
    return g
""",
        ],
    ),
    Question(
        "bce",
        functions=("bce", "bce_gradient"),
        probes=[
            probe("bce(y_true, z)", y_true=_labels, z=_z),
            probe("bce(y_true, z)", y_true=[[0.0], [1.0]], z=[[800.0], [-3.0]]),
            probe("bce_gradient(y_true, z)", y_true=_labels, z=_z),
        ],
        wrong=[
            Wrong(
                "overflows",
                "exp(z) overflows for a large z, and the loss becomes infinite. Rewrite ln(1 + exp(z)) so that the exponent is not positive.",
                """
def bce(y_true, z):
    with np.errstate(all="ignore"):
        return np.mean(np.log(1 + np.exp(z)) - y_true * z)

def bce_gradient(y_true, z):
    e = np.exp(-np.abs(z))
    p = np.where(z >= 0, 1, e) / (1 + e)
    return (p - y_true) / z.size
""",
            ),
            Wrong(
                "clipped-probability",
                "You clip the probability, so that a badly wrong unit is charged about 16 and never more. Use the net input.",
                """
def bce(y_true, z):
    with np.errstate(over="ignore"):
        p = np.clip(1 / (1 + np.exp(-z)), 1e-7, 1 - 1e-7)
    return -np.mean(y_true * np.log(p) + (1 - y_true) * np.log(1 - p))

def bce_gradient(y_true, z):
    e = np.exp(-np.abs(z))
    p = np.where(z >= 0, 1, e) / (1 + e)
    return (p - y_true) / z.size
""",
            ),
            Wrong(
                "base-ten",
                "You took the logarithm to base 10. Cross-entropy uses the natural one.",
                """
def bce(y_true, z):
    return np.mean(np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))) - y_true * z) / np.log(10)

def bce_gradient(y_true, z):
    e = np.exp(-np.abs(z))
    p = np.where(z >= 0, 1, e) / (1 + e)
    return (p - y_true) / z.size
""",
            ),
            Wrong(
                "labels-swapped",
                "The labels are swapped: you charge for y = 1 what belongs to y = 0.",
                """
def bce(y_true, z):
    return np.mean(np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))) - (1 - y_true) * z)

def bce_gradient(y_true, z):
    e = np.exp(-np.abs(z))
    return (np.where(z >= 0, 1, e) / (1 + e) - (1 - y_true)) / z.size
""",
            ),
            Wrong(
                "sign",
                "The sign is wrong: the loss is never negative.",
                """
def bce(y_true, z):
    return -np.mean(np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))) - y_true * z)

def bce_gradient(y_true, z):
    e = np.exp(-np.abs(z))
    p = np.where(z >= 0, 1, e) / (1 + e)
    return (p - y_true) / z.size
""",
            ),
            Wrong(
                "positive-class-only",
                "Only the rows with y = 1 are charged. A row with y = 0 pays -ln(1 - p).",
                """
def bce(y_true, z):
    return np.mean(y_true * (np.maximum(-z, 0) + np.log1p(np.exp(-np.abs(z)))))

def bce_gradient(y_true, z):
    e = np.exp(-np.abs(z))
    p = np.where(z >= 0, 1, e) / (1 + e)
    return (p - y_true) / z.size
""",
            ),
            Wrong(
                "gradient-with-slope",
                "p - y is all: the slope of the sigmoid has canceled. You multiply by it once more.",
                """
def bce(y_true, z):
    return np.mean(np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))) - y_true * z)

def bce_gradient(y_true, z):
    e = np.exp(-np.abs(z))
    p = np.where(z >= 0, 1, e) / (1 + e)
    return (p - y_true) * p * (1 - p) / z.size
""",
            ),
            Wrong(
                "gradient-without-1-over-n",
                "The loss is a mean, so its gradient must be divided by how many numbers there are.",
                """
def bce(y_true, z):
    return np.mean(np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))) - y_true * z)

def bce_gradient(y_true, z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e) - y_true
""",
            ),
            Wrong(
                "gradient-of-z-as-p",
                "You subtract the label from the net input. Subtract it from the probability, sigmoid(z).",
                """
def bce(y_true, z):
    return np.mean(np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))) - y_true * z)

def bce_gradient(y_true, z):
    return (z - y_true) / z.size
""",
            ),
        ],
        right=[
            """
def bce(y_true, z):
    return (np.logaddexp(0, z) - y_true * z).mean()

def bce_gradient(y_true, z):
    return (0.5 * (1 + np.tanh(np.asarray(z) / 2)) - y_true) / np.size(z)
""",
            """
def bce(y_true, z):
    # charge each row for the sign it should have
    return np.mean(y_true * np.logaddexp(0, -z) + (1 - y_true) * np.logaddexp(0, z))

def bce_gradient(y_true, z):
    with np.errstate(over="ignore"):
        p = 1 / (1 + np.exp(-np.asarray(z, dtype=float)))
    return (p - y_true) / p.size
""",
            """
import math

def bce(y_true, z):
    total = 0.0
    for y, v in zip(np.ravel(y_true), np.ravel(z)):
        v = float(v)
        total += max(v, 0.0) + math.log1p(math.exp(-abs(v))) - y * v
    return total / np.size(z)

def bce_gradient(y_true, z):
    result = np.zeros(np.shape(z))
    for i in np.ndindex(result.shape):
        v = float(z[i])
        p = 1 / (1 + math.exp(-v)) if v > -700 else 0.0
        result[i] = (p - y_true[i]) / result.size
    return result
""",
        ],
    ),
    Question(
        "sparse_crossentropy",
        probes=[
            probe("sparse_crossentropy(labels, p)", labels=[0, 2, 1, 2], p=_rows),
        ],
        wrong=[
            Wrong(
                "every-column",
                "p[:, labels] picks those columns from every row. Give a row number for each label: p[np.arange(rows), labels].",
                """
def sparse_crossentropy(labels, p):
    return -np.mean(np.log(p[:, labels]))
""",
            ),
            Wrong(
                "sum-not-mean",
                "This is the sum over the rows. The loss is their mean.",
                """
def sparse_crossentropy(labels, p):
    return -np.sum(np.log(p[np.arange(len(labels)), labels]))
""",
            ),
            Wrong(
                "divided-by-classes",
                "You divide by rows times classes. The mean runs over the rows alone.",
                """
def sparse_crossentropy(labels, p):
    return -np.sum(np.log(p[np.arange(len(labels)), labels])) / p.size
""",
            ),
            Wrong(
                "base-two",
                "You took the logarithm to base 2. Cross-entropy uses the natural one.",
                """
def sparse_crossentropy(labels, p):
    return -np.mean(np.log2(p[np.arange(len(labels)), labels]))
""",
            ),
            Wrong(
                "sign",
                "The minus is missing: logarithms of probabilities are negative, a loss is not.",
                """
def sparse_crossentropy(labels, p):
    return np.mean(np.log(p[np.arange(len(labels)), labels]))
""",
            ),
            Wrong(
                "counted-from-one",
                "You count the classes from 1. The first class has the number 0.",
                """
def sparse_crossentropy(labels, p):
    return -np.mean(np.log(p[np.arange(len(labels)), np.asarray(labels) - 1]))
""",
            ),
            Wrong(
                "log-of-the-mean",
                "You take the mean before the logarithm. Take the logarithm of each row's probability first.",
                """
def sparse_crossentropy(labels, p):
    return -np.log(np.mean(p[np.arange(len(labels)), labels]))
""",
            ),
            Wrong(
                "one-minus",
                "You charge 1 - p of the right class. Cross-entropy charges -ln p.",
                """
def sparse_crossentropy(labels, p):
    return np.mean(1 - p[np.arange(len(labels)), labels])
""",
            ),
        ],
        right=[
            """
def sparse_crossentropy(labels, p):
    return -sum(np.log(row[k]) for row, k in zip(p, labels)) / len(p)
""",
            """
def sparse_crossentropy(labels, p):
    hot = np.eye(p.shape[1])[labels]
    return -np.sum(hot * np.log(p)) / p.shape[0]
""",
            """
def sparse_crossentropy(labels, p):
    chosen = np.take_along_axis(p, np.asarray(labels)[:, None], axis=1)
    return np.log(1 / chosen).mean()
""",
        ],
    ),
    Question(
        "fit_constant",
        functions=("fit_constant", "pulls"),
        probes=[
            probe("fit_constant(y_true, lambda y, p: 2 * (p - y) / p.size, start, learning_rate, steps)", y_true=_column, start=-1.0, learning_rate=0.1, steps=3),
            probe("fit_constant(y_true, lambda y, p: np.sign(p - y) / p.size, start, learning_rate, steps)", y_true=_column, start=-1.0, learning_rate=0.5, steps=2),
            probe("pulls(y_true, outlier)", y_true=_column, outlier=40.0),
        ],
        wrong=[
            Wrong(
                "plus",
                "You add the slope. Subtract it: a positive slope means that a larger constant is worse.",
                """
def fit_constant(y_true, gradient, start, learning_rate, steps):
    c = start
    for _ in range(steps):
        c = c + learning_rate * np.sum(gradient(y_true, np.full(y_true.shape, c)))
    return c

def pulls(y_true, outlier):
    both = np.append(y_true, outlier)
    return np.mean(both) - np.mean(y_true), np.median(both) - np.median(y_true)
""",
            ),
            Wrong(
                "mean-of-the-gradient",
                "The gradient carries its 1/n already. Add it up over the rows, do not average it again.",
                """
def fit_constant(y_true, gradient, start, learning_rate, steps):
    c = start
    for _ in range(steps):
        c = c - learning_rate * np.mean(gradient(y_true, np.full(y_true.shape, c)))
    return c

def pulls(y_true, outlier):
    both = np.append(y_true, outlier)
    return np.mean(both) - np.mean(y_true), np.median(both) - np.median(y_true)
""",
            ),
            Wrong(
                "gradient-at-the-start",
                "You ask for the gradient at the start every time. Ask at the present constant.",
                """
def fit_constant(y_true, gradient, start, learning_rate, steps):
    c = start
    for _ in range(steps):
        c = c - learning_rate * np.sum(gradient(y_true, np.full(y_true.shape, start)))
    return c

def pulls(y_true, outlier):
    both = np.append(y_true, outlier)
    return np.mean(both) - np.mean(y_true), np.median(both) - np.median(y_true)
""",
            ),
            Wrong(
                "one-step-short",
                "The loop makes one step too few.",
                """
def fit_constant(y_true, gradient, start, learning_rate, steps):
    c = start
    for _ in range(steps - 1):
        c = c - learning_rate * np.sum(gradient(y_true, np.full(y_true.shape, c)))
    return c

def pulls(y_true, outlier):
    both = np.append(y_true, outlier)
    return np.mean(both) - np.mean(y_true), np.median(both) - np.median(y_true)
""",
            ),
            Wrong(
                "arguments-swapped",
                "gradient takes (y_true, y_pred), in this order; you call it the other way round.",
                """
def fit_constant(y_true, gradient, start, learning_rate, steps):
    c = start
    for _ in range(steps):
        c = c + 0.5 * learning_rate * np.sum(gradient(np.full(y_true.shape, c), y_true))
    return c

def pulls(y_true, outlier):
    both = np.append(y_true, outlier)
    return np.mean(both) - np.mean(y_true), np.median(both) - np.median(y_true)
""",
            ),
            Wrong(
                "pulls-swapped",
                "The two results are swapped: the mean belongs to the squared error, the median to the absolute one.",
                """
def fit_constant(y_true, gradient, start, learning_rate, steps):
    c = start
    for _ in range(steps):
        c = c - learning_rate * np.sum(gradient(y_true, np.full(y_true.shape, c)))
    return c

def pulls(y_true, outlier):
    both = np.append(y_true, outlier)
    return np.median(both) - np.median(y_true), np.mean(both) - np.mean(y_true)
""",
            ),
            Wrong(
                "before-minus-after",
                "The differences have the wrong sign: after minus before.",
                """
def fit_constant(y_true, gradient, start, learning_rate, steps):
    c = start
    for _ in range(steps):
        c = c - learning_rate * np.sum(gradient(y_true, np.full(y_true.shape, c)))
    return c

def pulls(y_true, outlier):
    both = np.append(y_true, outlier)
    return np.mean(y_true) - np.mean(both), np.median(y_true) - np.median(both)
""",
            ),
            Wrong(
                "constants-not-differences",
                "These are the best constants after the outlier. Asked is how far they moved.",
                """
def fit_constant(y_true, gradient, start, learning_rate, steps):
    c = start
    for _ in range(steps):
        c = c - learning_rate * np.sum(gradient(y_true, np.full(y_true.shape, c)))
    return c

def pulls(y_true, outlier):
    both = np.append(y_true, outlier)
    return np.mean(both), np.median(both)
""",
            ),
            Wrong(
                "mean-for-both",
                "The best constant of the absolute error is the median, not the mean.",
                """
def fit_constant(y_true, gradient, start, learning_rate, steps):
    c = start
    for _ in range(steps):
        c = c - learning_rate * np.sum(gradient(y_true, np.full(y_true.shape, c)))
    return c

def pulls(y_true, outlier):
    moved = np.mean(np.append(y_true, outlier)) - np.mean(y_true)
    return moved, moved
""",
            ),
        ],
        right=[
            """
def fit_constant(y_true, gradient, start, learning_rate, steps):
    c = start
    while steps > 0:
        slopes = gradient(y_true, np.ones_like(y_true, dtype=float) * c)
        c -= learning_rate * slopes.sum()
        steps -= 1
    return c

def pulls(y_true, outlier):
    rows = sorted(np.ravel(y_true))
    more = sorted(rows + [outlier])
    middle = lambda v: v[len(v) // 2] if len(v) % 2 else (v[len(v) // 2 - 1] + v[len(v) // 2]) / 2
    return sum(more) / len(more) - sum(rows) / len(rows), middle(more) - middle(rows)
""",
            """
def fit_constant(y_true, gradient, start, learning_rate, steps):
    if steps == 0:
        return start
    y_pred = np.full((len(y_true), 1), float(start))
    slope = float(np.dot(gradient(y_true, y_pred).ravel(), np.ones(len(y_true))))
    return fit_constant(y_true, gradient, start - learning_rate * slope, learning_rate, steps - 1)

def pulls(y_true, outlier):
    n = len(y_true)
    mean = y_true.mean()
    return (outlier - mean) / (n + 1), np.percentile(np.append(y_true, outlier), 50) - np.percentile(y_true, 50)
""",
            """
def fit_constant(y_true, gradient, start, learning_rate, steps):
    y_pred = np.zeros(y_true.shape) + start
    for step in range(steps):
        y_pred = y_pred - learning_rate * gradient(y_true, y_pred).sum()
    return y_pred[0, 0]

def pulls(y_true, outlier):
    both = np.vstack([y_true, [[outlier]]])
    return [both.mean() - y_true.mean(), np.median(both) - np.median(y_true)]
""",
        ],
    ),
    Question(
        "mended",
        probes=[
            probe("mended(labels, z)", labels=[0, 2, 2], z=_scores),
        ],
        wrong=[
            Wrong(
                "as-published",
                "This is the published gradient. On four rows it is four times the measured one: loss and gradient need the same 1/n.",
                """
def mended(labels, z):
    rows = np.arange(len(labels))
    shifted = z - z.max(axis=1, keepdims=True)
    p = np.exp(shifted) / np.exp(shifted).sum(axis=1, keepdims=True)
    loss = -np.log(p[rows, labels]).mean()
    gradient = p.copy()
    gradient[rows, labels] -= 1
    return loss, gradient
""",
            ),
            Wrong(
                "loss-a-sum",
                "You made the loss a sum. The gradient was to be mended: the loss is a mean.",
                """
def mended(labels, z):
    rows = np.arange(len(labels))
    shifted = z - z.max(axis=1, keepdims=True)
    p = np.exp(shifted) / np.exp(shifted).sum(axis=1, keepdims=True)
    loss = -np.log(p[rows, labels]).sum()
    gradient = p.copy()
    gradient[rows, labels] -= 1
    return loss, gradient
""",
            ),
            Wrong(
                "divided-by-everything",
                "You divide by rows times classes. The mean runs over the rows alone.",
                """
def mended(labels, z):
    rows = np.arange(len(labels))
    shifted = z - z.max(axis=1, keepdims=True)
    p = np.exp(shifted) / np.exp(shifted).sum(axis=1, keepdims=True)
    loss = -np.log(p[rows, labels]).mean()
    gradient = p.copy()
    gradient[rows, labels] -= 1
    return loss, gradient / z.size
""",
            ),
            Wrong(
                "divided-by-classes",
                "You divide by the number of classes. The mean runs over the rows.",
                """
def mended(labels, z):
    rows = np.arange(len(labels))
    shifted = z - z.max(axis=1, keepdims=True)
    p = np.exp(shifted) / np.exp(shifted).sum(axis=1, keepdims=True)
    loss = -np.log(p[rows, labels]).mean()
    gradient = p.copy()
    gradient[rows, labels] -= 1
    return loss, gradient / z.shape[1]
""",
            ),
            Wrong(
                "sign",
                "The gradient has the wrong sign: it is the probability minus the one-hot target.",
                """
def mended(labels, z):
    rows = np.arange(len(labels))
    shifted = z - z.max(axis=1, keepdims=True)
    p = np.exp(shifted) / np.exp(shifted).sum(axis=1, keepdims=True)
    loss = -np.log(p[rows, labels]).mean()
    gradient = p.copy()
    gradient[rows, labels] -= 1
    return loss, -gradient / len(labels)
""",
            ),
            Wrong(
                "divided-before-subtracting",
                "You divide p and then subtract a whole 1. The 1 must be divided as well.",
                """
def mended(labels, z):
    rows = np.arange(len(labels))
    shifted = z - z.max(axis=1, keepdims=True)
    p = np.exp(shifted) / np.exp(shifted).sum(axis=1, keepdims=True)
    loss = -np.log(p[rows, labels]).mean()
    gradient = p / len(labels)
    gradient[rows, labels] -= 1
    return loss, gradient
""",
            ),
            Wrong(
                "nothing-subtracted",
                "The gradient is p without the 1 taken off at the right class.",
                """
def mended(labels, z):
    rows = np.arange(len(labels))
    shifted = z - z.max(axis=1, keepdims=True)
    p = np.exp(shifted) / np.exp(shifted).sum(axis=1, keepdims=True)
    loss = -np.log(p[rows, labels]).mean()
    gradient = p.copy()
    return loss, gradient / len(labels)
""",
            ),
            Wrong(
                "slope-of-softmax-again",
                "p - 1 is the slope along the net input already. You multiply by p * (1 - p) once more.",
                """
def mended(labels, z):
    rows = np.arange(len(labels))
    shifted = z - z.max(axis=1, keepdims=True)
    p = np.exp(shifted) / np.exp(shifted).sum(axis=1, keepdims=True)
    loss = -np.log(p[rows, labels]).mean()
    gradient = p.copy()
    gradient[rows, labels] -= 1
    return loss, gradient * p * (1 - p) / len(labels)
""",
            ),
        ],
        right=[
            """
def mended(labels, z):
    n, k = z.shape
    loss, gradient = 0.0, np.zeros((n, k))
    for r in range(n):
        e = np.exp(z[r] - max(z[r]))
        p = e / e.sum()
        loss -= np.log(p[labels[r]]) / n
        for j in range(k):
            gradient[r, j] = (p[j] - (j == labels[r])) / n
    return loss, gradient
""",
            """
def mended(labels, z):
    hot = np.eye(z.shape[1])[labels]
    top = z.max(axis=1, keepdims=True)
    logp = z - top - np.log(np.exp(z - top).sum(axis=1, keepdims=True))
    return -(hot * logp).sum() / len(z), (np.exp(logp) - hot) / len(z)
""",
            """
def mended(labels, z):
    e = np.exp(z - np.amax(z, axis=1)[:, None])
    g = e / e.sum(axis=1)[:, None]
    right = g[range(len(labels)), labels]
    np.subtract.at(g, (np.arange(len(labels)), labels), 1.0)
    g *= 1.0 / len(labels)
    return np.mean(-np.log(right)), g
""",
        ],
    ),
]
