"""Problem set 04: what learners get wrong about activation functions."""

import numpy as np
from gradschool.grading.misconceptions import Question, Wrong, probe

_rng = np.random.default_rng(4)
_z = _rng.normal(0, 1.5, size=(3, 4)).round(3)
_p = np.array([[0.2, 0.3, 0.5], [0.6, 0.1, 0.3]])
_dy = _rng.normal(size=(2, 3)).round(3)
_layer = {
    "x": _rng.normal(size=(5, 2)).round(3),
    "kernel": np.array([[0.3, -0.2, 0.5, -0.4, 0.1, 0.2], [0.1, 0.3, -0.4, 0.2, -0.3, 0.1]]),
    "bias": np.array([-2.0, 0.4, -1.5, 0.0, 2.0, 0.9]),
}

QUESTIONS = [
    Question(
        "elu",
        functions=("elu", "elu_prime"),
        probes=[
            probe("elu(z, alpha)", z=[-1.2, -0.3, 0.0, 0.7, 2.0], alpha=0.6),
            probe("elu_prime(z, alpha)", z=[-1.2, -0.3, 0.0, 0.7, 2.0], alpha=0.6),
        ],
        wrong=[
            Wrong(
                "no-alpha",
                "alpha is missing in the lower branch: it is alpha * (exp(z) - 1), and the slope there alpha * exp(z).",
                """
def elu(z, alpha):
    return np.where(z > 0, z, np.exp(np.minimum(z, 0)) - 1)

def elu_prime(z, alpha):
    return np.where(z > 0, 1.0, np.exp(np.minimum(z, 0)))
""",
            ),
            Wrong(
                "minus-one-outside",
                "The 1 is subtracted outside of the brackets: alpha multiplies exp(z) - 1 as a whole.",
                """
def elu(z, alpha):
    return np.where(z > 0, z, alpha * np.exp(np.minimum(z, 0)) - 1)

def elu_prime(z, alpha):
    return np.where(z > 0, 1.0, alpha * np.exp(np.minimum(z, 0)))
""",
            ),
            Wrong(
                "slope-is-output",
                "Below 0 you return the output as the slope. The slope is the output plus alpha.",
                """
def elu(z, alpha):
    return np.where(z > 0, z, alpha * (np.exp(np.minimum(z, 0)) - 1))

def elu_prime(z, alpha):
    return np.where(z > 0, 1.0, elu(z, alpha))
""",
            ),
            Wrong(
                "slope-of-the-output",
                "elu_prime gets the net input z. You add alpha to z, as if z were the output already.",
                """
def elu(z, alpha):
    return np.where(z > 0, z, alpha * (np.exp(np.minimum(z, 0)) - 1))

def elu_prime(z, alpha):
    return np.where(z > 0, 1.0, z + alpha)
""",
            ),
            Wrong(
                "relu",
                "This is ReLU: below 0 it is flat. ELU bends towards -alpha there.",
                """
def elu(z, alpha):
    return np.maximum(z, 0.0)

def elu_prime(z, alpha):
    return (z > 0) * 1.0
""",
            ),
            Wrong(
                "leaky",
                "This is leaky ReLU, a straight line below 0. ELU has an exponential there.",
                """
def elu(z, alpha):
    return np.where(z > 0, z, alpha * z)

def elu_prime(z, alpha):
    return np.where(z > 0, 1.0, alpha)
""",
            ),
            Wrong(
                "slope-one-at-zero",
                "At 0 itself the slope is to be that of the lower branch, alpha. Compare with z > 0, not with z >= 0.",
                """
def elu(z, alpha):
    return np.where(z > 0, z, alpha * (np.exp(np.minimum(z, 0)) - 1))

def elu_prime(z, alpha):
    return np.where(z >= 0, 1.0, alpha * np.exp(np.minimum(z, 0)))
""",
            ),
            Wrong(
                "branches-swapped",
                "The branches are swapped: what is positive passes unchanged, what is negative is bent.",
                """
def elu(z, alpha):
    return np.where(z > 0, alpha * (np.exp(np.minimum(z, 50)) - 1), z)

def elu_prime(z, alpha):
    return np.where(z > 0, alpha * np.exp(np.minimum(z, 50)), 1.0)
""",
            ),
        ],
        right=[
            """
def elu(z, alpha):
    z = np.asarray(z, dtype=float)
    result = z.copy()
    below = z <= 0
    result[below] = alpha * (np.exp(z[below]) - 1)
    return result

def elu_prime(z, alpha):
    z = np.asarray(z, dtype=float)
    result = np.ones(z.shape)
    below = z <= 0
    result[below] = alpha * np.exp(z[below])
    return result
""",
            """
def elu(z, alpha):
    return np.maximum(z, 0) + alpha * np.expm1(np.minimum(z, 0))

def elu_prime(z, alpha):
    return np.where(z > 0, 1, elu(z, alpha) + alpha)
""",
            """
import math

def elu(z, alpha):
    one = lambda v: v if v > 0 else alpha * (math.exp(v) - 1)
    return np.array([one(float(v)) for v in np.ravel(z)]).reshape(np.shape(z))

def elu_prime(z, alpha):
    one = lambda v: 1.0 if v > 0 else alpha * math.exp(v)
    return np.array([one(float(v)) for v in np.ravel(z)]).reshape(np.shape(z))
""",
        ],
    ),
    Question(
        "softmax",
        probes=[probe("softmax(z)", z=_z), probe("softmax(z)", z=[[800.0, 801.0], [3.0, 1.0]])],
        wrong=[
            Wrong(
                "overflows",
                "exp of a large number overflows and gives nan. Subtract the largest number of each row first.",
                """
def softmax(z):
    with np.errstate(all="ignore"):
        e = np.exp(z)
        return e / e.sum(axis=1, keepdims=True)
""",
            ),
            Wrong(
                "sums-all-rows",
                "You divide by the sum over all rows. Every row has a sum of its own: axis=1, keepdims=True.",
                """
def softmax(z):
    e = np.exp(z - z.max())
    return e / e.sum()
""",
            ),
            Wrong(
                "sums-columns",
                "You add up along the columns (axis=0). The classes of a row lie along axis 1.",
                """
def softmax(z):
    e = np.exp(z - z.max(axis=0))
    return e / e.sum(axis=0)
""",
            ),
            Wrong(
                "no-exponential",
                "You divide the numbers by their sum. Softmax takes the exponential of each first.",
                """
def softmax(z):
    return z / z.sum(axis=1, keepdims=True)
""",
            ),
            Wrong(
                "sigmoid",
                "This is the sigmoid of each number by itself. The probabilities of a row must add up to 1.",
                """
def softmax(z):
    return 1 / (1 + np.exp(-z))
""",
            ),
            Wrong(
                "logarithm",
                "You return the logarithms of the probabilities. Take the exponential of them.",
                """
def softmax(z):
    z = z - z.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))
""",
            ),
            Wrong(
                "divides-by-largest",
                "You divide by the largest exponential of the row. Divide by the sum of all of them.",
                """
def softmax(z):
    return np.exp(z - z.max(axis=1, keepdims=True))
""",
            ),
            Wrong(
                "shifted-by-division",
                "You divide each row by its largest number. Only subtracting the same number leaves softmax unchanged.",
                """
def softmax(z):
    e = np.exp(z / np.abs(z).max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)
""",
            ),
        ],
        right=[
            """
def softmax(z):
    result = []
    for row in z:
        e = [np.exp(v - max(row)) for v in row]
        result.append([v / sum(e) for v in e])
    return np.array(result)
""",
            """
def softmax(z):
    z = np.asarray(z, dtype=np.float64)
    largest = np.amax(z, axis=-1)[:, None]
    logsum = largest + np.log(np.exp(z - largest).sum(-1))[:, None]
    return np.exp(z - logsum)
""",
            """
def softmax(z):
    p = np.array(z, dtype=float)
    p -= p.max(axis=1).reshape(-1, 1)
    np.exp(p, out=p)
    p /= p.sum(axis=1).reshape(-1, 1)
    return p
""",
            """
def softmax(z):
    # 1 / sum over k of exp(z_k - z_j): what overflows becomes a probability of 0.
    with np.errstate(over="ignore"):
        return 1 / np.exp(z[:, None, :] - z[:, :, None]).sum(axis=2)
""",
        ],
    ),
    Question(
        "softmax_backward",
        probes=[probe("softmax_backward(dy, p)", dy=_dy, p=_p)],
        wrong=[
            Wrong(
                "diagonal-only",
                "You use p * (1 - p) alone, as for the sigmoid. Every net input moves all probabilities of its row.",
                """
def softmax_backward(dy, p):
    return dy * p * (1 - p)
""",
            ),
            Wrong(
                "sum-without-p",
                "The sum is of dy * p, not of dy: each probability moves in proportion to itself.",
                """
def softmax_backward(dy, p):
    return p * (dy - dy.sum(axis=1, keepdims=True))
""",
            ),
            Wrong(
                "sum-over-everything",
                "You sum over all rows. The sum runs over the classes of one row: axis=1, keepdims=True.",
                """
def softmax_backward(dy, p):
    return p * (dy - np.sum(dy * p))
""",
            ),
            Wrong(
                "mean-in-place-of-sum",
                "You take the mean over the classes where the formula has a sum.",
                """
def softmax_backward(dy, p):
    return p * (dy - np.mean(dy * p, axis=1, keepdims=True))
""",
            ),
            Wrong(
                "outer-p-missing",
                "The factor p in front of the bracket is missing.",
                """
def softmax_backward(dy, p):
    return dy - np.sum(dy * p, axis=1, keepdims=True)
""",
            ),
            Wrong(
                "sign",
                "The sign of the sum is wrong: raising one net input lowers the other probabilities.",
                """
def softmax_backward(dy, p):
    return p * (dy + np.sum(dy * p, axis=1, keepdims=True))
""",
            ),
            Wrong(
                "cross-entropy-shortcut",
                "p - y is the gradient of softmax and cross-entropy together. Here dy may come from any loss.",
                """
def softmax_backward(dy, p):
    return p - dy
""",
            ),
        ],
        right=[
            """
def softmax_backward(dy, p):
    result = np.zeros_like(p)
    for r in range(len(p)):
        table = np.diag(p[r]) - np.outer(p[r], p[r])
        result[r] = table @ dy[r]
    return result
""",
            """
def softmax_backward(dy, p):
    weighted = dy * p
    return weighted - p * weighted.sum(axis=1)[:, None]
""",
            """
def softmax_backward(dy, p):
    return p * dy - np.einsum("rj,rj,rk->rk", dy, p, p)
""",
        ],
    ),
    Question(
        "saturated_share",
        functions=("saturated_share", "dead_units"),
        probes=[
            probe("saturated_share(z, limit)", z=[0.0, 0.5, 1.5, -2.5, 3.0, 4.0, -6.0, 8.0, -9.0, 2.0, 5.0], limit=0.05),
            probe("dead_units(x, kernel, bias)", **_layer),
        ],
        wrong=[
            Wrong(
                "output-near-the-ends",
                "You compare the output with the limit. Saturated means that the slope is small, at both ends.",
                """
def saturated_share(z, limit):
    return np.mean(1 / (1 + np.exp(-z)) < limit)

def dead_units(x, kernel, bias):
    return np.all(x @ kernel + bias <= 0, axis=0)
""",
            ),
            Wrong(
                "counts",
                "This is how many numbers are saturated. A share is that divided by how many there are.",
                """
def saturated_share(z, limit):
    s = 1 / (1 + np.exp(-z))
    return np.sum(s * (1 - s) < limit)

def dead_units(x, kernel, bias):
    return np.all(x @ kernel + bias <= 0, axis=0)
""",
            ),
            Wrong(
                "alive-share",
                "This is the share that is not saturated. Saturated units have a slope below the limit.",
                """
def saturated_share(z, limit):
    s = 1 / (1 + np.exp(-z))
    return np.mean(s * (1 - s) >= limit)

def dead_units(x, kernel, bias):
    return np.all(x @ kernel + bias <= 0, axis=0)
""",
            ),
            Wrong(
                "dead-for-one-row",
                "A unit is dead when it is 0 for every row. Yours is called dead as soon as one row gives 0.",
                """
def saturated_share(z, limit):
    s = 1 / (1 + np.exp(-z))
    return np.mean(s * (1 - s) < limit)

def dead_units(x, kernel, bias):
    return np.any(x @ kernel + bias <= 0, axis=0)
""",
            ),
            Wrong(
                "alive-units",
                "This says which units live. A dead unit is to be True.",
                """
def saturated_share(z, limit):
    s = 1 / (1 + np.exp(-z))
    return np.mean(s * (1 - s) < limit)

def dead_units(x, kernel, bias):
    return np.any(x @ kernel + bias > 0, axis=0)
""",
            ),
            Wrong(
                "bias-forgotten",
                "The bias is missing in the net input. It can lift a unit above 0, or push it below.",
                """
def saturated_share(z, limit):
    s = 1 / (1 + np.exp(-z))
    return np.mean(s * (1 - s) < limit)

def dead_units(x, kernel, bias):
    return np.all(x @ kernel <= 0, axis=0)
""",
            ),
            Wrong(
                "rows-not-units",
                "You looked along the units: that says which rows reach no unit. Look along the rows, axis 0.",
                """
def saturated_share(z, limit):
    s = 1 / (1 + np.exp(-z))
    return np.mean(s * (1 - s) < limit)

def dead_units(x, kernel, bias):
    return np.all(x @ kernel + bias <= 0, axis=1)
""",
            ),
        ],
        right=[
            """
def saturated_share(z, limit):
    slopes = [np.exp(-abs(v)) / (1 + np.exp(-abs(v))) ** 2 for v in np.ravel(z)]
    return sum(s < limit for s in slopes) / len(slopes)

def dead_units(x, kernel, bias):
    return np.array([not any(row @ kernel[:, j] + bias[j] > 0 for row in x) for j in range(len(bias))])
""",
            """
def saturated_share(z, limit):
    half = np.tanh(np.asarray(z, dtype=float) / 2)
    return np.count_nonzero((1 - half ** 2) / 4 < limit) / half.size

def dead_units(x, kernel, bias):
    return np.maximum(x @ kernel + bias, 0).sum(axis=0) == 0
""",
            """
def saturated_share(z, limit):
    with np.errstate(over="ignore"):
        s = 1 / (1 + np.exp(-np.asarray(z, dtype=float)))
    slope = s - s * s
    return float((slope < limit).mean())

def dead_units(x, kernel, bias):
    return (np.dot(x, kernel) + bias).max(axis=0) <= 0
""",
        ],
    ),
    Question(
        "mended_selu_prime",
        probes=[probe("mended_selu_prime(f)", f=[-1.5, -0.8, 0.0, 0.3, 2.0])],
        wrong=[
            Wrong(
                "as-published",
                "This is the published slope. Below 0 the output carries the scale already: compare with the measurement.",
                """
def mended_selu_prime(f):
    return np.where(f > 0, 1.0507009873554805, 1.0507009873554805 * (f + 1.6732632423543772))
""",
            ),
            Wrong(
                "no-scale",
                "The scale is gone altogether. Above 0 the slope is the scale, not 1.",
                """
def mended_selu_prime(f):
    return np.where(f > 0, 1.0, f + 1.6732632423543772)
""",
            ),
            Wrong(
                "alpha-without-scale",
                "Below 0 the scale belongs to alpha: f = scale * alpha * (exp(z) - 1), so alpha has the scale as a factor.",
                """
def mended_selu_prime(f):
    return np.where(f > 0, 1.0507009873554805, f + 1.6732632423543772)
""",
            ),
            Wrong(
                "as-if-f-were-z",
                "You treat f as the net input z and take its exponential. The function gets the output.",
                """
def mended_selu_prime(f):
    return 1.0507009873554805 * np.where(f > 0, 1.0, 1.6732632423543772 * np.exp(np.minimum(f, 0)))
""",
            ),
            Wrong(
                "scale-divided-only-outside",
                "You divide the output by the scale and then forget to multiply the whole by it.",
                """
def mended_selu_prime(f):
    return np.where(f > 0, 1.0507009873554805, f / 1.0507009873554805 + 1.6732632423543772)
""",
            ),
            Wrong(
                "branches-swapped",
                "The branches are swapped: above 0 SELU is a straight line, and its slope there is the scale.",
                """
def mended_selu_prime(f):
    return np.where(f <= 0, 1.0507009873554805, f + 1.0507009873554805 * 1.6732632423543772)
""",
            ),
            Wrong(
                "upper-branch-at-zero",
                "At f = 0 the lower branch is asked for: compare with f > 0, not with f >= 0.",
                """
def mended_selu_prime(f):
    return np.where(f >= 0, 1.0507009873554805, f + 1.0507009873554805 * 1.6732632423543772)
""",
            ),
        ],
        right=[
            """
def mended_selu_prime(f):
    scale, alpha = 1.0507009873554805, 1.6732632423543772
    return np.where(f > 0, scale, scale * (f / scale + alpha))
""",
            """
def mended_selu_prime(f):
    slope = np.array(f, dtype=float) + 1.0507009873554805 * 1.6732632423543772
    slope[np.asarray(f) > 0] = 1.0507009873554805
    return slope
""",
            """
def mended_selu_prime(f):
    scale, alpha = 1.0507009873554805, 1.6732632423543772
    z = np.log1p(np.minimum(f, 0) / (scale * alpha))
    return np.where(f > 0, scale, scale * alpha * np.exp(z))
""",
        ],
    ),
]
