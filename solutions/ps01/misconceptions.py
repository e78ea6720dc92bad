"""Problem set 01: what learners get wrong about the perceptron and its rule."""

import numpy as np
from gradschool.grading.misconceptions import Question, Wrong, probe

_rng = np.random.default_rng(1)
_x = _rng.normal(size=(12, 2)).round(3)
_y = np.array([0, 1, 1, 0, 1, 0, 0, 1, 1, 0, 1, 0])
_weights = np.array([0.4, -0.7])
_gate = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
_zero = np.zeros(2)

QUESTIONS = [
    Question(
        "predict",
        probes=[
            probe("predict(x, weights, bias)", x=_x, weights=_weights, bias=0.3),
            probe("predict(x, weights, bias)", x=[[1, 1], [2, 0], [0, 1]], weights=[1, -1], bias=0),
        ],
        wrong=[
            Wrong(
                "zero-says-no",
                "At a net input of exactly 0 the perceptron says 1: the comparison is >= 0, not > 0.",
                """
def predict(x, weights, bias):
    return (x @ weights + bias > 0).astype(int)
""",
            ),
            Wrong(
                "no-bias",
                "The bias is missing from the net input.",
                """
def predict(x, weights, bias):
    return np.where(x @ weights >= 0, 1, 0)
""",
            ),
            Wrong(
                "bias-as-threshold",
                "You compare the weighted sum with the bias. The bias is added; the threshold that belongs to it "
                "is -bias.",
                """
def predict(x, weights, bias):
    return (x @ weights >= bias).astype(int)
""",
            ),
            Wrong(
                "plus-and-minus-one",
                "The answers are 0 and 1 here, not -1 and +1.",
                """
def predict(x, weights, bias):
    return np.where(x @ weights + bias >= 0, 1, -1)
""",
            ),
            Wrong(
                "net-input-returned",
                "That is the net input. The perceptron's answer is 1 where it is 0 or more, else 0.",
                """
def predict(x, weights, bias):
    return x @ weights + bias
""",
            ),
            Wrong(
                "yes-and-no-exchanged",
                "Yes and no are exchanged: a net input of 0 or more says 1.",
                """
def predict(x, weights, bias):
    return np.where(x @ weights + bias >= 0, 0, 1)
""",
            ),
            Wrong(
                "one-answer-for-all",
                "One answer for the whole table. Every row gets its own: shape (rows,).",
                """
def predict(x, weights, bias):
    return int(np.sum(x @ weights + bias) >= 0)
""",
            ),
        ],
        right=[
            """
def predict(x, weights, bias):
    answers = []
    for row in x:
        z = bias
        for value, weight in zip(row, weights):
            z += value * weight
        answers.append(1 if z >= 0 else 0)
    return np.array(answers)
""",
            """
def predict(x, weights, bias):
    return np.heaviside(np.dot(x, weights) + bias, 1.0)
""",
            """
def predict(x, weights, bias):
    answers = np.ones(len(x), dtype=int)
    answers[(x * weights).sum(axis=1) + bias < 0] = 0
    return answers
""",
        ],
    ),
    Question(
        "update",
        probes=[
            probe(
                "update(weights, bias, row, target, learning_rate)",
                weights=_weights,
                bias=0.6,
                row=[0.5, 0.3],
                target=0,
                learning_rate=0.4,
            ),
            probe(
                "update(weights, bias, row, target, learning_rate)",
                weights=_weights,
                bias=-0.6,
                row=[0.5, 0.3],
                target=1,
                learning_rate=0.4,
            ),
            probe(
                "update(weights, bias, row, target, learning_rate)",
                weights=_weights,
                bias=0.6,
                row=[0.5, 0.3],
                target=1,
                learning_rate=0.4,
            ),
        ],
        wrong=[
            Wrong(
                "sign-flipped",
                "The sign is flipped: with e = output - target one subtracts. After a false yes the net input is "
                "to fall.",
                """
def update(weights, bias, row, target, learning_rate):
    output = 1 if row @ weights + bias >= 0 else 0
    e = output - target
    return weights + learning_rate * e * row, bias + learning_rate * e
""",
            ),
            Wrong(
                "bias-kept",
                "The bias does not learn. It is a weight whose input is always 1: bias - learning_rate * e.",
                """
def update(weights, bias, row, target, learning_rate):
    output = 1 if row @ weights + bias >= 0 else 0
    e = output - target
    return weights - learning_rate * e * row, bias
""",
            ),
            Wrong(
                "rate-ignored",
                "The learning rate is not used: a step is rate times e times the row.",
                """
def update(weights, bias, row, target, learning_rate):
    output = 1 if row @ weights + bias >= 0 else 0
    e = output - target
    return weights - e * row, bias - e
""",
            ),
            Wrong(
                "net-input-for-output",
                "You took the net input for the output. e is the answer, 0 or 1, minus the target; a right row "
                "changes nothing.",
                """
def update(weights, bias, row, target, learning_rate):
    e = row @ weights + bias - target
    return weights - learning_rate * e * row, bias - learning_rate * e
""",
            ),
            Wrong(
                "row-forgotten",
                "Every weight moves by the same amount. A weight moves in proportion to its own input: e times "
                "the row.",
                """
def update(weights, bias, row, target, learning_rate):
    output = 1 if row @ weights + bias >= 0 else 0
    e = output - target
    return weights - learning_rate * e, bias - learning_rate * e
""",
            ),
            Wrong(
                "error-without-sign",
                "You lost the sign of the error: a false no has to raise the weights, a false yes to lower them.",
                """
def update(weights, bias, row, target, learning_rate):
    output = 1 if row @ weights + bias >= 0 else 0
    e = abs(output - target)
    return weights - learning_rate * e * row, bias - learning_rate * e
""",
            ),
            Wrong(
                "learns-when-right",
                "You add the target's row whether the answer was right or not. A row that is right changes nothing.",
                """
def update(weights, bias, row, target, learning_rate):
    sign = 1 if target == 1 else -1
    return weights + learning_rate * sign * row, bias + learning_rate * sign
""",
            ),
        ],
        right=[
            """
def update(weights, bias, row, target, learning_rate):
    output = predict(np.array([row]), weights, bias)[0]
    if output == target:
        return weights, bias
    step = learning_rate if target == 1 else -learning_rate
    return weights + step * row, bias + step
""",
            """
def update(weights, bias, row, target, learning_rate):
    new = np.array(weights, dtype=float)
    z = sum(w * v for w, v in zip(weights, row)) + bias
    e = (z >= 0) * 1 - target
    for i in range(len(new)):
        new[i] -= learning_rate * e * row[i]
    return new, bias - learning_rate * e
""",
            """
def update(weights, bias, row, target, learning_rate):
    both = np.append(weights, bias)
    inputs = np.append(row, 1.0)
    both = both + learning_rate * (target - (both @ inputs >= 0)) * inputs
    return both[:-1], both[-1]
""",
        ],
    ),
    Question(
        "epoch",
        probes=[
            probe(
                "epoch(weights, bias, x, y, learning_rate)", weights=_weights, bias=0.3, x=_x, y=_y, learning_rate=0.5
            ),
            probe(
                "epoch(weights, bias, x, y, learning_rate)",
                weights=_zero,
                bias=0,
                x=_gate,
                y=[0, 0, 0, 1],
                learning_rate=1,
            ),
            probe(
                "epoch(weights, bias, x, y, learning_rate)", weights=[3, 3], bias=2.0, x=_x, y=_y, learning_rate=0.05
            ),
        ],
        wrong=[
            Wrong(
                "answers-from-the-old-weights",
                "All answers are given before anything is learned. Each row meets the weights as the rows before "
                "left them.",
                """
def epoch(weights, bias, x, y, learning_rate):
    e = predict(x, weights, bias) - y
    return weights - learning_rate * e @ x, bias - learning_rate * e.sum(), int(np.abs(e).sum())
""",
            ),
            Wrong(
                "counted-at-the-end",
                "You count the rows that are wrong after the epoch. Count them when their turn comes.",
                """
def epoch(weights, bias, x, y, learning_rate):
    for row, target in zip(x, y):
        weights, bias = update(weights, bias, row, target, learning_rate)
    return weights, bias, int((predict(x, weights, bias) != y).sum())
""",
            ),
            Wrong(
                "errors-cancel",
                "You add up e with its sign, so a false yes and a false no cancel. Count each as one error.",
                """
def epoch(weights, bias, x, y, learning_rate):
    errors = 0
    for row, target in zip(x, y):
        errors += predict(row[None, :], weights, bias)[0] - target
        weights, bias = update(weights, bias, row, target, learning_rate)
    return weights, bias, errors
""",
            ),
            Wrong(
                "stops-at-the-first-error",
                "The epoch ends at the first wrong row. Go on to the last one.",
                """
def epoch(weights, bias, x, y, learning_rate):
    errors = 0
    for row, target in zip(x, y):
        if predict(row[None, :], weights, bias)[0] != target:
            weights, bias = update(weights, bias, row, target, learning_rate)
            errors += 1
            break
    return weights, bias, errors
""",
            ),
            Wrong(
                "nothing-learned",
                "The errors are counted and nothing is learned: keep what update returns.",
                """
def epoch(weights, bias, x, y, learning_rate):
    errors = 0
    for row, target in zip(x, y):
        errors += int(predict(row[None, :], weights, bias)[0] != target)
        update(weights, bias, row, target, learning_rate)
    return weights, bias, errors
""",
            ),
            Wrong(
                "counted-after-learning",
                "You learn from the row first and then look whether it is right. Look first.",
                """
def epoch(weights, bias, x, y, learning_rate):
    errors = 0
    for row, target in zip(x, y):
        weights, bias = update(weights, bias, row, target, learning_rate)
        errors += int(predict(row[None, :], weights, bias)[0] != target)
    return weights, bias, errors
""",
            ),
            Wrong(
                "right-ones-counted",
                "You count the rows that were right. The third result is the number of errors.",
                """
def epoch(weights, bias, x, y, learning_rate):
    right = 0
    for row, target in zip(x, y):
        right += int(predict(row[None, :], weights, bias)[0] == target)
        weights, bias = update(weights, bias, row, target, learning_rate)
    return weights, bias, right
""",
            ),
        ],
        right=[
            """
def epoch(weights, bias, x, y, learning_rate):
    errors = 0
    for i in range(len(y)):
        e = (1 if np.dot(x[i], weights) + bias >= 0 else 0) - y[i]
        if e != 0:
            errors += 1
            weights = weights - learning_rate * e * x[i]
            bias = bias - learning_rate * e
    return weights, bias, errors
""",
            """
def epoch(weights, bias, x, y, learning_rate):
    w = np.append(weights, bias).astype(float)
    count = 0
    for row, target in zip(np.hstack([x, np.ones((len(x), 1))]), y):
        miss = target - (row @ w >= 0)
        w += learning_rate * miss * row
        count += miss ** 2
    return w[:-1], w[-1], count
""",
            """
def epoch(weights, bias, x, y, learning_rate):
    if len(x) == 0:
        return weights, bias, 0
    wrong = int(predict(x[:1], weights, bias)[0] != y[0])
    weights, bias = update(weights, bias, x[0], y[0], learning_rate)
    weights, bias, rest = epoch(weights, bias, x[1:], y[1:], learning_rate)
    return weights, bias, wrong + rest
""",
        ],
    ),
    Question(
        "epochs_needed",
        probes=[
            probe(
                "epochs_needed(x, y, weights, bias, learning_rate, limit)",
                x=_gate,
                y=[0, 0, 0, 1],
                weights=_zero,
                bias=0,
                learning_rate=1,
                limit=50,
            ),
            probe(
                "epochs_needed(x, y, weights, bias, learning_rate, limit)",
                x=_gate,
                y=[0, 1, 1, 0],
                weights=_zero,
                bias=0,
                learning_rate=1,
                limit=50,
            ),
            probe(
                "epochs_needed(x, y, weights, bias, learning_rate, limit)",
                x=_gate,
                y=[0, 1, 1, 1],
                weights=[1, 1],
                bias=-0.5,
                learning_rate=1,
                limit=50,
            ),
            probe(
                "epochs_needed(x, y, weights, bias, learning_rate, limit)",
                x=_gate,
                y=[0, 0, 0, 1],
                weights=_zero,
                bias=0,
                learning_rate=1,
                limit=6,
            ),
        ],
        wrong=[
            Wrong(
                "counted-from-zero",
                "You count from 0. The first epoch is number 1.",
                """
def epochs_needed(x, y, weights, bias, learning_rate, limit):
    for number in range(limit):
        weights, bias, errors = epoch(weights, bias, x, y, learning_rate)
        if errors == 0:
            return number
    return None
""",
            ),
            Wrong(
                "always-from-the-start",
                "Every epoch starts from the first weights again. Keep the weights that the epoch returns.",
                """
def epochs_needed(x, y, weights, bias, learning_rate, limit):
    for number in range(1, limit + 1):
        new_weights, new_bias, errors = epoch(weights, bias, x, y, learning_rate)
        if errors == 0:
            return number
    return None
""",
            ),
            Wrong(
                "limit-for-none",
                "When it is not learned within the limit the answer is None. The limit itself would mean: "
                "learned just then.",
                """
def epochs_needed(x, y, weights, bias, learning_rate, limit):
    for number in range(1, limit + 1):
        weights, bias, errors = epoch(weights, bias, x, y, learning_rate)
        if errors == 0:
            break
    return number
""",
            ),
            Wrong(
                "limit-one-short",
                "The last epoch before the limit is not tried: range(1, limit) ends at limit - 1.",
                """
def epochs_needed(x, y, weights, bias, learning_rate, limit):
    for number in range(1, limit):
        weights, bias, errors = epoch(weights, bias, x, y, learning_rate)
        if errors == 0:
            return number
""",
            ),
            Wrong(
                "errors-counted",
                "You add up errors. Asked for is the number of epochs.",
                """
def epochs_needed(x, y, weights, bias, learning_rate, limit):
    total = 0
    for number in range(1, limit + 1):
        weights, bias, errors = epoch(weights, bias, x, y, learning_rate)
        total += errors
        if errors == 0:
            return total
    return None
""",
            ),
            Wrong(
                "one-error-is-enough",
                "You stop at an epoch with one error. Every row has to be right when its turn comes: no error at all.",
                """
def epochs_needed(x, y, weights, bias, learning_rate, limit):
    for number in range(1, limit + 1):
        weights, bias, errors = epoch(weights, bias, x, y, learning_rate)
        if errors <= 1:
            return number
    return None
""",
            ),
        ],
        right=[
            """
def epochs_needed(x, y, weights, bias, learning_rate, limit):
    number = 0
    while number < limit:
        number += 1
        weights, bias, errors = epoch(weights, bias, x, y, learning_rate)
        if not errors:
            return number
""",
            """
def epochs_needed(x, y, weights, bias, learning_rate, limit):
    w = np.append(weights, bias).astype(float)
    rows = np.column_stack([x, np.ones(len(x))])
    for number in range(1, limit + 1):
        clean = True
        for row, target in zip(rows, y):
            e = int(w @ row >= 0) - target
            if e:
                w -= learning_rate * e * row
                clean = False
        if clean:
            return number
    return None
""",
            """
def epochs_needed(x, y, weights, bias, learning_rate, limit, number=1):
    if number > limit:
        return None
    weights, bias, errors = epoch(weights, bias, x, y, learning_rate)
    return number if errors == 0 else epochs_needed(x, y, weights, bias, learning_rate, limit, number + 1)
""",
        ],
    ),
    Question(
        "best_possible",
        probes=[
            probe("best_possible(x, y, values)", x=_x[:9], y=_y[:9], values=[-1.2, 0.3, 0.8]),
            probe(
                "best_possible(x, y, values)",
                x=[[1, 0], [0, 1], [1, 1], [0, 0], [2, 2]],
                y=[1, 0, 1, 1, 1],
                values=[-1, 0, 1],
            ),
            probe("best_possible(x, y, values)", x=_gate, y=[0, 0, 0, 1], values=[-1.5, 1]),
            probe("best_possible(x, y, values)", x=_gate, y=[0, 0, 1, 0], values=[-1, 1]),
        ],
        wrong=[
            Wrong(
                "errors-counted",
                "You count errors and keep the fewest. Asked for is the number of rows that are right.",
                """
def best_possible(x, y, values):
    fewest = len(y)
    for w1 in values:
        for w2 in values:
            for b in values:
                fewest = min(fewest, int((predict(x, np.array([w1, w2]), b) != y).sum()))
    return fewest
""",
            ),
            Wrong(
                "last-one-returned",
                "You return how the last combination did. Keep the largest number seen so far.",
                """
def best_possible(x, y, values):
    for w1 in values:
        for w2 in values:
            for b in values:
                best = int((predict(x, np.array([w1, w2]), b) == y).sum())
    return best
""",
            ),
            Wrong(
                "bias-left-out",
                "The bias stays 0. It takes its values from the list too: without it every line goes through the "
                "origin.",
                """
def best_possible(x, y, values):
    best = 0
    for w1 in values:
        for w2 in values:
            best = max(best, int((predict(x, np.array([w1, w2]), 0) == y).sum()))
    return best
""",
            ),
            Wrong(
                "equal-weights",
                "w1 and w2 always get the same value. They vary independently: a loop for each.",
                """
def best_possible(x, y, values):
    best = 0
    for w in values:
        for b in values:
            best = max(best, int((predict(x, np.array([w, w]), b) == y).sum()))
    return best
""",
            ),
            Wrong(
                "share-returned",
                "You return a share. Asked for is the number of rows.",
                """
def best_possible(x, y, values):
    best = 0
    for w1 in values:
        for w2 in values:
            for b in values:
                best = max(best, np.mean(predict(x, np.array([w1, w2]), b) == y))
    return best
""",
            ),
            Wrong(
                "zip-for-product",
                "zip takes the values in step, w1, w2 and b all the same. Every combination wants three loops, "
                "one in another.",
                """
def best_possible(x, y, values):
    best = 0
    for w1, w2, b in zip(values, values, values):
        best = max(best, int((predict(x, np.array([w1, w2]), b) == y).sum()))
    return best
""",
            ),
        ],
        right=[
            """
import itertools

def best_possible(x, y, values):
    return max(
        int(np.sum(predict(x, np.array(pair), b) == y))
        for pair in itertools.product(values, repeat=2)
        for b in values
    )
""",
            """
def best_possible(x, y, values):
    w1, w2, b = (g.ravel() for g in np.meshgrid(values, values, values))
    z = np.outer(x[:, 0], w1) + np.outer(x[:, 1], w2) + b
    return ((z >= 0) == (y[:, None] == 1)).sum(axis=0).max()
""",
            """
def best_possible(x, y, values):
    scores = []
    for w1 in values:
        for w2 in values:
            for b in values:
                right = 0
                for row, target in zip(x, y):
                    says = 1 if w1 * row[0] + w2 * row[1] + b >= 0 else 0
                    right += says == target
                scores.append(right)
    return sorted(scores)[-1]
""",
        ],
    ),
    Question(
        "mended_train",
        probes=[
            probe(
                "mended_train(x, y, weights, bias, learning_rate, limit)",
                x=_gate,
                y=[0, 1, 1, 0],
                weights=_zero,
                bias=0,
                learning_rate=1,
                limit=9,
            ),
            probe(
                "mended_train(x, y, weights, bias, learning_rate, limit)",
                x=_gate,
                y=[0, 0, 0, 1],
                weights=_zero,
                bias=0,
                learning_rate=1,
                limit=50,
            ),
            probe(
                "mended_train(x, y, weights, bias, learning_rate, limit)",
                x=_x,
                y=_y,
                weights=_weights,
                bias=0.3,
                learning_rate=0.5,
                limit=30,
            ),
            probe(
                "mended_train(x, y, weights, bias, learning_rate, limit)",
                x=np.vstack([_gate, [[10, 10]]]),
                y=[0, 0, 0, 1, 1],
                weights=_zero,
                bias=0,
                learning_rate=1,
                limit=50,
            ),
        ],
        wrong=[
            Wrong(
                "not-mended",
                "This still stops when false yes and false no balance: total_error adds +1 and -1 to 0. "
                "What counts is that a row was wrong, not to which side.",
                """
def mended_train(x, y, weights, bias, learning_rate, limit):
    return published_train(x, y, weights, bias, learning_rate, limit)
""",
            ),
            Wrong(
                "wrong-line-mended",
                "You took the sign away from the error itself, so every step lowers the weights. Only the sum "
                "needs |error|.",
                """
def mended_train(x, y, weights, bias, learning_rate, limit):
    for number in range(1, limit + 1):
        total_error = 0
        for row, target in zip(x, y):
            output = 1 if row @ weights + bias >= 0 else 0
            error = abs(output - target)
            weights = weights - learning_rate * error * row
            bias = bias - learning_rate * error
            total_error += error
        if total_error == 0:
            break
    return weights, bias, number
""",
            ),
            Wrong(
                "never-stops",
                "It never stops early now: it runs to the limit even when an epoch had no error.",
                """
def mended_train(x, y, weights, bias, learning_rate, limit):
    for number in range(1, limit + 1):
        for row, target in zip(x, y):
            output = 1 if row @ weights + bias >= 0 else 0
            error = output - target
            weights = weights - learning_rate * error * row
            bias = bias - learning_rate * error
    return weights, bias, number
""",
            ),
            Wrong(
                "judged-by-the-last-row",
                "Only the last row of the epoch decides whether to stop. Add up over all rows.",
                """
def mended_train(x, y, weights, bias, learning_rate, limit):
    for number in range(1, limit + 1):
        for row, target in zip(x, y):
            output = 1 if row @ weights + bias >= 0 else 0
            error = output - target
            weights = weights - learning_rate * error * row
            bias = bias - learning_rate * error
            wrong = abs(error)
        if wrong == 0:
            break
    return weights, bias, number
""",
            ),
            Wrong(
                "stops-inside-the-epoch",
                "The test for stopping has moved into the loop over rows: one right row ends the epoch.",
                """
def mended_train(x, y, weights, bias, learning_rate, limit):
    for number in range(1, limit + 1):
        wrong = 0
        for row, target in zip(x, y):
            output = 1 if row @ weights + bias >= 0 else 0
            error = output - target
            weights = weights - learning_rate * error * row
            bias = bias - learning_rate * error
            wrong += abs(error)
            if wrong == 0:
                break
        if wrong == 0:
            break
    return weights, bias, number
""",
            ),
            Wrong(
                "stops-one-early",
                "You stop as soon as the weights get all rows right and do not count the epoch that shows it. "
                "number includes the epoch without an error.",
                """
def mended_train(x, y, weights, bias, learning_rate, limit):
    for number in range(1, limit + 1):
        for row, target in zip(x, y):
            error = (1 if row @ weights + bias >= 0 else 0) - target
            weights = weights - learning_rate * error * row
            bias = bias - learning_rate * error
        if np.all((x @ weights + bias >= 0) == (y == 1)):
            break
    return weights, bias, number
""",
            ),
        ],
        right=[
            """
def mended_train(x, y, weights, bias, learning_rate, limit):
    for number in range(1, limit + 1):
        weights, bias, errors = epoch(weights, bias, x, y, learning_rate)
        if errors == 0:
            break
    return weights, bias, number
""",
            """
def mended_train(x, y, weights, bias, learning_rate, limit):
    number, wrong = 0, True
    while wrong and number < limit:
        number += 1
        wrong = False
        for row, target in zip(x, y):
            error = int(np.dot(row, weights) + bias >= 0) - target
            if error != 0:
                wrong = True
            weights = weights - learning_rate * error * row
            bias = bias - learning_rate * error
    return weights, bias, number
""",
            """
def mended_train(x, y, weights, bias, learning_rate, limit):
    w = np.append(weights, float(bias))
    rows = np.column_stack([x, np.ones(len(x))])
    for number in range(1, limit + 1):
        squared = 0
        for row, target in zip(rows, y):
            error = (1 if row @ w >= 0 else 0) - target
            w = w - learning_rate * error * row
            squared += error ** 2
        if squared == 0:
            break
    return w[:-1], w[-1], number
""",
        ],
    ),
]
