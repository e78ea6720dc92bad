"""Problem set 09: what learners get wrong about batches."""

import numpy as np
from gradschool.grading.misconceptions import Question, Wrong, probe

_rng = np.random.default_rng(9)
_x, _y = _rng.normal(size=(5, 2)).round(3), _rng.normal(size=5).round(3)
_x6, _y6 = _rng.normal(size=(6, 2)).round(3), _rng.normal(size=6).round(3)

QUESTIONS = [
    Question(
        "batches",
        functions=("batches", "updates"),
        probes=[
            probe("tuple(batches(order, batch_size))", order=[4, 2, 0, 5, 1, 3, 6], batch_size=3),
            probe("tuple(batches(order, batch_size))", order=[9, 2, 7, 4], batch_size=2),
            probe("len(batches(order, batch_size))", order=[4, 2, 0, 5, 1, 3, 6], batch_size=3),
            probe("[updates(7, 2, 3), updates(6, 5, 3), updates(4, 3, 10)]"),
        ],
        wrong=[
            Wrong(
                "last-one-dropped",
                "The short last batch is missing: no row is left out.",
                """
def batches(order, batch_size):
    return [order[start : start + batch_size] for start in range(0, len(order) - batch_size + 1, batch_size)]

def updates(rows, epochs, batch_size):
    return epochs * -(-rows // batch_size)
""",
            ),
            Wrong(
                "updates-rounded-down",
                "You round down. A last, short batch is an update as well.",
                """
def batches(order, batch_size):
    return [order[start : start + batch_size] for start in range(0, len(order), batch_size)]

def updates(rows, epochs, batch_size):
    return epochs * (rows // batch_size)
""",
            ),
            Wrong(
                "updates-always-one-more",
                "You always count one more. Only a batch that is there makes an update.",
                """
def batches(order, batch_size):
    return [order[start : start + batch_size] for start in range(0, len(order), batch_size)]

def updates(rows, epochs, batch_size):
    return epochs * (rows // batch_size + 1)
""",
            ),
            Wrong(
                "empty-batch",
                "When the size divides the rows there is an empty batch at the end.",
                """
def batches(order, batch_size):
    return [order[start : start + batch_size] for start in range(0, len(order) + 1, batch_size)]

def updates(rows, epochs, batch_size):
    return epochs * -(-rows // batch_size)
""",
            ),
            Wrong(
                "order-ignored",
                "You count the rows up from 0. Take them from the order that is given.",
                """
def batches(order, batch_size):
    return [np.arange(len(order))[start : start + batch_size] for start in range(0, len(order), batch_size)]

def updates(rows, epochs, batch_size):
    return epochs * -(-rows // batch_size)
""",
            ),
            Wrong(
                "sorted",
                "You sort the rows. The order is given: keep it.",
                """
def batches(order, batch_size):
    return [np.sort(order)[start : start + batch_size] for start in range(0, len(order), batch_size)]

def updates(rows, epochs, batch_size):
    return epochs * -(-rows // batch_size)
""",
            ),
            Wrong(
                "number-of-batches",
                "batch_size is how many rows a batch has. You made so many batches.",
                """
def batches(order, batch_size):
    return list(np.array_split(order, batch_size))

def updates(rows, epochs, batch_size):
    return epochs * -(-rows // batch_size)
""",
            ),
            Wrong(
                "overlapping",
                "The batches overlap: the next one starts where the last one ended.",
                """
def batches(order, batch_size):
    return [order[start : start + batch_size] for start in range(len(order))]

def updates(rows, epochs, batch_size):
    return epochs * -(-rows // batch_size)
""",
            ),
            Wrong(
                "epochs-forgotten",
                "The epochs are missing: that is how many updates one epoch has.",
                """
def batches(order, batch_size):
    return [order[start : start + batch_size] for start in range(0, len(order), batch_size)]

def updates(rows, epochs, batch_size):
    return -(-rows // batch_size)
""",
            ),
        ],
        right=[
            """
def batches(order, batch_size):
    result, left = [], np.array(order)
    while len(left):
        result.append(left[:batch_size])
        left = left[batch_size:]
    return result

def updates(rows, epochs, batch_size):
    return epochs * len(batches(np.arange(rows), batch_size))
""",
            """
import math

def batches(order, batch_size):
    return np.split(order, np.arange(batch_size, len(order), batch_size))

def updates(rows, epochs, batch_size):
    return epochs * math.ceil(rows / batch_size)
""",
            """
def batches(order, batch_size):
    groups = {}
    for position, row in enumerate(order):
        groups.setdefault(position // batch_size, []).append(row)
    return [np.array(groups[k]) for k in sorted(groups)]

def updates(rows, epochs, batch_size):
    full, rest = divmod(rows, batch_size)
    return epochs * (full + (1 if rest else 0))
""",
        ],
    ),
    Question(
        "batch_gradient",
        probes=[
            probe("batch_gradient(w, x, y)", w=[0.5, -1.0, 0.8], x=[[1.0, 2.0, -0.4], [0.3, -0.7, 1.9]], y=[0.2, 1.1]),
        ],
        wrong=[
            Wrong(
                "sum",
                "This is the sum over the rows. The loss is a mean, and its gradient carries the same 1/n.",
                """
def batch_gradient(w, x, y):
    return 2 * x.T @ (x @ w - y)
""",
            ),
            Wrong(
                "two-forgotten",
                "The 2 from the square is missing.",
                """
def batch_gradient(w, x, y):
    return x.T @ (x @ w - y) / len(y)
""",
            ),
            Wrong(
                "sign",
                "The sign is wrong: prediction minus target.",
                """
def batch_gradient(w, x, y):
    return 2 * x.T @ (y - x @ w) / len(y)
""",
            ),
            Wrong(
                "divided-by-everything",
                "You divide by rows times inputs. The mean runs over the rows.",
                """
def batch_gradient(w, x, y):
    return 2 * x.T @ (x @ w - y) / x.size
""",
            ),
            Wrong(
                "mean-first",
                "You multiply the mean row by the mean error. Take the mean of the products.",
                """
def batch_gradient(w, x, y):
    return 2 * x.mean(axis=0) * np.mean(x @ w - y)
""",
            ),
            Wrong(
                "input-forgotten",
                "Each row's error is to be multiplied by the row: a weight acts through its input.",
                """
def batch_gradient(w, x, y):
    return np.full(len(w), 2 * np.mean(x @ w - y))
""",
            ),
            Wrong(
                "squared-error",
                "You multiply the rows by the squared error. The slope of a square is twice the error itself.",
                """
def batch_gradient(w, x, y):
    return 2 * x.T @ (x @ w - y) ** 2 / len(y)
""",
            ),
            Wrong(
                "target-only",
                "The prediction is missing in the error: x @ w - y.",
                """
def batch_gradient(w, x, y):
    return 2 * x.T @ (-y) / len(y)
""",
            ),
        ],
        right=[
            """
def batch_gradient(w, x, y):
    total = np.zeros(len(w))
    for row, target in zip(x, y):
        total = total + 2 * (np.dot(row, w) - target) * row
    return total / len(x)
""",
            """
def batch_gradient(w, x, y):
    return 2 * np.mean((x @ w - y)[:, None] * x, axis=0)
""",
            """
def batch_gradient(w, x, y):
    # the normal equations, split up
    n = len(y)
    return 2 / n * (np.dot(x.T, x) @ w - np.dot(x.T, y))
""",
        ],
    ),
    Question(
        "epoch",
        probes=[
            probe("epoch(w, x, y, order, batch_size, learning_rate)", w=[0.5, -1.0], x=_x, y=_y, order=[4, 1, 0, 3, 2], batch_size=2, learning_rate=0.1),
        ],
        wrong=[
            Wrong(
                "mean-of-batch-means",
                "You take the mean of the batches' losses. A short batch counts less: take the mean over the rows.",
                """
def epoch(w, x, y, order, batch_size, learning_rate):
    total, count = 0.0, 0
    for start in range(0, len(order), batch_size):
        rows = order[start : start + batch_size]
        miss = x[rows] @ w - y[rows]
        total += np.mean(miss**2)
        count += 1
        w = w - learning_rate * 2 * x[rows].T @ miss / len(rows)
    return w, total / count
""",
            ),
            Wrong(
                "loss-after",
                "You note the loss after the update. Note it before.",
                """
def epoch(w, x, y, order, batch_size, learning_rate):
    total = 0.0
    for start in range(0, len(order), batch_size):
        rows = order[start : start + batch_size]
        miss = x[rows] @ w - y[rows]
        w = w - learning_rate * 2 * x[rows].T @ miss / len(rows)
        total += np.sum((x[rows] @ w - y[rows]) ** 2)
    return w, total / len(order)
""",
            ),
            Wrong(
                "loss-at-the-end",
                "You work out the loss with the last weights. Each row's error counts as it was in its batch.",
                """
def epoch(w, x, y, order, batch_size, learning_rate):
    total = 0.0
    for start in range(0, len(order), batch_size):
        rows = order[start : start + batch_size]
        miss = x[rows] @ w - y[rows]
        total += np.sum(miss**2)
        w = w - learning_rate * 2 * x[rows].T @ miss / len(rows)
    return w, np.mean((x @ w - y) ** 2)
""",
            ),
            Wrong(
                "one-update",
                "You make one update for the whole epoch. Each batch makes one.",
                """
def epoch(w, x, y, order, batch_size, learning_rate):
    total, step = 0.0, 0.0
    for start in range(0, len(order), batch_size):
        rows = order[start : start + batch_size]
        miss = x[rows] @ w - y[rows]
        total += np.sum(miss**2)
        step = step + learning_rate * 2 * x[rows].T @ miss / len(rows)
    return w - step, total / len(order)
""",
            ),
            Wrong(
                "last-one-dropped",
                "The short last batch is left out.",
                """
def epoch(w, x, y, order, batch_size, learning_rate):
    total = 0.0
    for start in range(0, len(order) - batch_size + 1, batch_size):
        rows = order[start : start + batch_size]
        miss = x[rows] @ w - y[rows]
        total += np.sum(miss**2)
        w = w - learning_rate * 2 * x[rows].T @ miss / len(rows)
    return w, total / len(order)
""",
            ),
            Wrong(
                "order-ignored",
                "You go through the rows as they stand. Take them in the order that is given.",
                """
def epoch(w, x, y, order, batch_size, learning_rate):
    total = 0.0
    for start in range(0, len(order), batch_size):
        rows = np.arange(len(order))[start : start + batch_size]
        miss = x[rows] @ w - y[rows]
        total += np.sum(miss**2)
        w = w - learning_rate * 2 * x[rows].T @ miss / len(rows)
    return w, total / len(order)
""",
            ),
            Wrong(
                "divided-by-batch-size",
                "The last batch is shorter: divide its sum by the rows that it has.",
                """
def epoch(w, x, y, order, batch_size, learning_rate):
    total = 0.0
    for start in range(0, len(order), batch_size):
        rows = order[start : start + batch_size]
        miss = x[rows] @ w - y[rows]
        total += np.sum(miss**2)
        w = w - learning_rate * 2 * x[rows].T @ miss / batch_size
    return w, total / len(order)
""",
            ),
            Wrong(
                "sum-in-place-of-mean",
                "You step by the sum over the batch, so that the step grows with the batch size.",
                """
def epoch(w, x, y, order, batch_size, learning_rate):
    total = 0.0
    for start in range(0, len(order), batch_size):
        rows = order[start : start + batch_size]
        miss = x[rows] @ w - y[rows]
        total += np.sum(miss**2)
        w = w - learning_rate * 2 * x[rows].T @ miss
    return w, total / len(order)
""",
            ),
            Wrong(
                "plus",
                "The step climbs: subtract it.",
                """
def epoch(w, x, y, order, batch_size, learning_rate):
    total = 0.0
    for start in range(0, len(order), batch_size):
        rows = order[start : start + batch_size]
        miss = x[rows] @ w - y[rows]
        total += np.sum(miss**2)
        w = w + learning_rate * 2 * x[rows].T @ miss / len(rows)
    return w, total / len(order)
""",
            ),
        ],
        right=[
            """
def epoch(w, x, y, order, batch_size, learning_rate):
    x, y = x[order], y[order]
    losses = []
    while len(y):
        xb, yb, x, y = x[:batch_size], y[:batch_size], x[batch_size:], y[batch_size:]
        miss = xb @ w - yb
        losses.extend(miss * miss)
        w = w - learning_rate * np.mean(2 * miss[:, None] * xb, axis=0)
    return w, np.mean(losses)
""",
            """
def epoch(w, x, y, order, batch_size, learning_rate):
    w = np.array(w, dtype=float)
    weighted = 0.0
    for part in np.split(order, np.arange(batch_size, len(order), batch_size)):
        share = len(part) / len(order)
        e = x[part].dot(w) - y[part]
        weighted += share * np.mean(e**2)
        w -= 2 * learning_rate / len(part) * e.dot(x[part])
    return w, weighted
""",
            """
def epoch(w, x, y, order, batch_size, learning_rate):
    squares = np.zeros(len(order))
    for i in range((len(order) + batch_size - 1) // batch_size):
        gradient, rows = np.zeros(len(w)), order[i * batch_size : (i + 1) * batch_size]
        for r in rows:
            e = float(x[r] @ w) - y[r]
            squares[r] = e * e
            gradient += 2 * e * x[r] / len(rows)
        w = w - learning_rate * gradient
    return w, squares.sum() / len(squares)
""",
        ],
    ),
    Question(
        "noise",
        probes=[
            probe("noise(w, x, y, batch_size)", w=[0.5, -1.0], x=_x6, y=_y6, batch_size=2),
            probe("noise(w, x, y, batch_size)", w=[0.5, -1.0], x=_x6, y=_y6, batch_size=1),
        ],
        wrong=[
            Wrong(
                "root-forgotten",
                "The root is missing.",
                """
def noise(w, x, y, batch_size):
    whole = 2 * x.T @ (x @ w - y) / len(y)
    squares = []
    for start in range(0, len(y), batch_size):
        xb, yb = x[start : start + batch_size], y[start : start + batch_size]
        squares.append(np.sum((2 * xb.T @ (xb @ w - yb) / len(yb) - whole) ** 2))
    return np.mean(squares)
""",
            ),
            Wrong(
                "mean-of-distances",
                "You take the mean of the distances. Square them, take the mean, then the root.",
                """
def noise(w, x, y, batch_size):
    whole = 2 * x.T @ (x @ w - y) / len(y)
    squares = []
    for start in range(0, len(y), batch_size):
        xb, yb = x[start : start + batch_size], y[start : start + batch_size]
        squares.append(np.sqrt(np.sum((2 * xb.T @ (xb @ w - yb) / len(yb) - whole) ** 2)))
    return np.mean(squares)
""",
            ),
            Wrong(
                "sum-over-batches",
                "Divide by the number of batches: the mean of the squares, not their sum.",
                """
def noise(w, x, y, batch_size):
    whole = 2 * x.T @ (x @ w - y) / len(y)
    squares = []
    for start in range(0, len(y), batch_size):
        xb, yb = x[start : start + batch_size], y[start : start + batch_size]
        squares.append(np.sum((2 * xb.T @ (xb @ w - yb) / len(yb) - whole) ** 2))
    return np.sqrt(np.sum(squares))
""",
            ),
            Wrong(
                "around-zero",
                "You take the size of the gradients. Take their distance from the whole gradient.",
                """
def noise(w, x, y, batch_size):
    whole = 2 * x.T @ (x @ w - y) / len(y)
    squares = []
    for start in range(0, len(y), batch_size):
        xb, yb = x[start : start + batch_size], y[start : start + batch_size]
        squares.append(np.sum((2 * xb.T @ (xb @ w - yb) / len(yb)- 0 * whole) ** 2))
    return np.sqrt(np.mean(squares))
""",
            ),
            Wrong(
                "batch-sums",
                "The gradients of the batches are sums here. They are means over their rows.",
                """
def noise(w, x, y, batch_size):
    whole = 2 * x.T @ (x @ w - y) / len(y)
    squares = []
    for start in range(0, len(y), batch_size):
        xb, yb = x[start : start + batch_size], y[start : start + batch_size]
        squares.append(np.sum((2 * xb.T @ (xb @ w - yb) - whole) ** 2))
    return np.sqrt(np.mean(squares))
""",
            ),
            Wrong(
                "divided-by-inputs",
                "The squared distance adds up over the inputs. You take a mean over them.",
                """
def noise(w, x, y, batch_size):
    whole = 2 * x.T @ (x @ w - y) / len(y)
    squares = []
    for start in range(0, len(y), batch_size):
        xb, yb = x[start : start + batch_size], y[start : start + batch_size]
        squares.append(np.mean((2 * xb.T @ (xb @ w - yb) / len(yb) - whole) ** 2))
    return np.sqrt(np.mean(squares))
""",
            ),
            Wrong(
                "divided-by-k-minus-one",
                "Divide by the number of batches, not by one less.",
                """
def noise(w, x, y, batch_size):
    whole = 2 * x.T @ (x @ w - y) / len(y)
    squares = []
    for start in range(0, len(y), batch_size):
        xb, yb = x[start : start + batch_size], y[start : start + batch_size]
        squares.append(np.sum((2 * xb.T @ (xb @ w - yb) / len(yb) - whole) ** 2))
    return np.sqrt(np.sum(squares) / (len(squares) - 1))
""",
            ),
            Wrong(
                "batch-size-ignored",
                "You measure single rows whatever the batch size is.",
                """
def noise(w, x, y, batch_size):
    batch_size = 1 if batch_size < len(y) else batch_size
    whole = 2 * x.T @ (x @ w - y) / len(y)
    squares = []
    for start in range(0, len(y), batch_size):
        xb, yb = x[start : start + batch_size], y[start : start + batch_size]
        squares.append(np.sum((2 * xb.T @ (xb @ w - yb) / len(yb) - whole) ** 2))
    return np.sqrt(np.mean(squares))
""",
            ),
        ],
        right=[
            """
def noise(w, x, y, batch_size):
    by_row = 2 * (x @ w - y)[:, None] * x
    means = by_row.reshape(len(y) // batch_size, batch_size, -1).mean(axis=1)
    return np.linalg.norm(means - by_row.mean(axis=0)) / np.sqrt(len(means))
""",
            """
def noise(w, x, y, batch_size):
    def gradient(rows):
        return sum(2 * (x[r] @ w - y[r]) * x[r] for r in rows) / len(rows)

    g, k, total = gradient(range(len(y))), 0, 0.0
    for start in range(0, len(y), batch_size):
        d = gradient(range(start, start + batch_size)) - g
        total += d @ d
        k += 1
    return (total / k) ** 0.5
""",
            """
def noise(w, x, y, batch_size):
    parts = np.split(np.arange(len(y)), len(y) // batch_size)
    gradients = np.array([2 * x[p].T @ (x[p] @ w - y[p]) / batch_size for p in parts])
    return np.sqrt(gradients.var(axis=0).sum())
""",
        ],
    ),
    Question(
        "mended_epoch",
        probes=[
            probe("mended_epoch(w, x, y, batch_size, learning_rate)", w=[0.5, -1.0], x=_x, y=_y, batch_size=2, learning_rate=0.1),
            probe("mended_epoch(w, x, y, batch_size, learning_rate)", w=[0.5, -1.0], x=_x6, y=_y6, batch_size=3, learning_rate=0.1),
        ],
        wrong=[
            Wrong(
                "as-published",
                "This is the published loop: a short batch is divided by the full batch size.",
                """
def mended_epoch(w, x, y, batch_size, learning_rate):
    for start in range(0, len(x), batch_size):
        x_batch, y_batch = x[start : start + batch_size], y[start : start + batch_size]
        w = w - learning_rate * 2 * x_batch.T @ (x_batch @ w - y_batch) / batch_size
    return w
""",
            ),
            Wrong(
                "short-one-dropped",
                "You leave the short batch out. Its rows are to be used.",
                """
def mended_epoch(w, x, y, batch_size, learning_rate):
    for start in range(0, len(x) - batch_size + 1, batch_size):
        x_batch, y_batch = x[start : start + batch_size], y[start : start + batch_size]
        w = w - learning_rate * 2 * x_batch.T @ (x_batch @ w - y_batch) / len(x_batch)
    return w
""",
            ),
            Wrong(
                "empty-batch",
                "When the size divides the rows there is an empty batch at the end, and 0 / 0 gives nan.",
                """
def mended_epoch(w, x, y, batch_size, learning_rate):
    np.seterr(all='ignore')
    for start in range(0, len(x) + 1, batch_size):
        x_batch, y_batch = x[start : start + batch_size], y[start : start + batch_size]
        w = w - learning_rate * 2 * x_batch.T @ (x_batch @ w - y_batch) / len(x_batch)
    return w
""",
            ),
            Wrong(
                "divided-by-all-rows",
                "You divide by all rows of the data. The mean of a batch is over the rows that it has.",
                """
def mended_epoch(w, x, y, batch_size, learning_rate):
    for start in range(0, len(x), batch_size):
        x_batch, y_batch = x[start : start + batch_size], y[start : start + batch_size]
        w = w - learning_rate * 2 * x_batch.T @ (x_batch @ w - y_batch) / len(x)
    return w
""",
            ),
            Wrong(
                "not-divided",
                "You do not divide at all: the step grows with the batch.",
                """
def mended_epoch(w, x, y, batch_size, learning_rate):
    for start in range(0, len(x), batch_size):
        x_batch, y_batch = x[start : start + batch_size], y[start : start + batch_size]
        w = w - learning_rate * 2 * x_batch.T @ (x_batch @ w - y_batch)
    return w
""",
            ),
            Wrong(
                "one-update",
                "You make one update with all rows. Each batch makes one.",
                """
def mended_epoch(w, x, y, batch_size, learning_rate):
    for start in range(0, len(x), len(x)):
        x_batch, y_batch = x[start : start + len(x)], y[start : start + len(x)]
        w = w - learning_rate * 2 * x_batch.T @ (x_batch @ w - y_batch) / len(x_batch)
    return w
""",
            ),
            Wrong(
                "same-weights",
                "All batches use the first weights. Each one starts from what the last one left.",
                """
def mended_epoch(w, x, y, batch_size, learning_rate):
    step = 0.0
    for start in range(0, len(x), batch_size):
        x_batch, y_batch = x[start : start + batch_size], y[start : start + batch_size]
        step = step + learning_rate * 2 * x_batch.T @ (x_batch @ w - y_batch) / len(x_batch)
    return w - step
""",
            ),
            Wrong(
                "two-dropped",
                "The 2 of the square was right.",
                """
def mended_epoch(w, x, y, batch_size, learning_rate):
    for start in range(0, len(x), batch_size):
        x_batch, y_batch = x[start : start + batch_size], y[start : start + batch_size]
        w = w - learning_rate * x_batch.T @ (x_batch @ w - y_batch) / len(x_batch)
    return w
""",
            ),
        ],
        right=[
            """
def mended_epoch(w, x, y, batch_size, learning_rate):
    i = 0
    while i < len(y):
        rows = slice(i, min(i + batch_size, len(y)))
        n = rows.stop - rows.start
        w = w - learning_rate * (2 / n) * (x[rows] @ w - y[rows]) @ x[rows]
        i = rows.stop
    return w
""",
            """
def mended_epoch(w, x, y, batch_size, learning_rate):
    for part in np.array_split(np.arange(len(y)), np.arange(batch_size, len(y), batch_size)):
        errors = x[part] @ w - y[part]
        w = w - learning_rate * np.mean(2 * errors[:, None] * x[part], axis=0)
    return w
""",
            """
def mended_epoch(w, x, y, batch_size, learning_rate):
    if len(y) == 0:
        return w
    xb, yb = x[:batch_size], y[:batch_size]
    w = w - 2 * learning_rate * sum((row @ w - t) * row for row, t in zip(xb, yb)) / len(yb)
    return mended_epoch(w, x[batch_size:], y[batch_size:], batch_size, learning_rate)
""",
        ],
    ),
]
