r"""The perceptron: one unit with a step, and three ways to teach it.

.. math:: z = w \cdot x + b, \qquad output = 1 \text{ for } z \ge 0, \text{ else } 0

:func:`learn` corrects the weights after each row it gets wrong, row after row. :func:`trick` does the same with rows
drawn at random. :func:`descend` follows the slope of a loss. Each returns a :class:`Perceptron`. When no straight line
separates the two classes the first two would go on for ever; all stop at a limit and say what they know.

:func:`margin` says whether a line exists, and :func:`mistake_bound` how many corrections it can take to find one.
"""

from dataclasses import dataclass, field

import numpy as np

from gradschool import _check, losses


@dataclass(frozen=True)
class Perceptron:
    """What was learned, and how it went.

    Attributes
    ----------
    weights : ndarray, shape (inputs,)
    bias : float
    rows, errors : int
        How many rows there were, and how many of them it gets wrong.
    corrections : int
        How often the weights were changed.
    epochs : int
        How often it went through the rows (for :func:`trick`, how many rows it drew).
    history : list of float
        Wrong rows in each epoch, counted as they came (:func:`learn`); the loss before each step and after the last
        (:func:`descend`); empty for :func:`trick`.
    margin : float or None
        For data that was not separated, what :func:`margin` says: 0 when no line can. Else None.
    """

    weights: np.ndarray
    bias: float
    rows: int
    errors: int
    corrections: int
    epochs: int
    history: list = field(default_factory=list, repr=False)
    margin: float | None = None

    @property
    def separated(self):
        """True when every row is on its side."""
        return self.errors == 0

    def net(self, x):
        """Return ``x @ weights + bias`` for rows ``x``."""
        return _check.array("x", x, shape=(None, len(self.weights)), dtype=np.float64) @ self.weights + self.bias

    def predict(self, x):
        """Return 1 for the rows with a net input of 0 or more, 0 for the others."""
        return (self.net(x) >= 0).astype(np.int64)

    def __str__(self):
        count = f"{self.corrections} correction{'' if self.corrections == 1 else 's'}"
        if self.separated:
            return f"separated: 0 of {self.rows} wrong after {count}"
        ending = f"stopped with {self.errors} of {self.rows} wrong after {count}"
        if self.margin == 0:
            return f"{ending}: no straight line separates these rows"
        return f"{ending}: a line exists (margin {self.margin:.2g}), so give it more time"


def learn(x, y, *, epochs=100, learning_rate=1.0, rng=None, weights=None, bias=0.0):
    r"""Teach a perceptron by its learning rule, row after row, until it gets all of them right.

    .. math:: w \leftarrow w - \alpha\,e\,x, \qquad b \leftarrow b - \alpha\,e, \qquad e = output - target

    So nothing changes for a right answer; a false alarm (e = 1) subtracts the row, a miss (e = -1) adds it.

    Parameters
    ----------
    x : array_like of float, shape (rows, inputs)
    y : array_like of int, shape (rows,)
        Targets, 0 or 1.
    epochs : int, 1 or more
        After so many rounds through the rows it stops in any case. The lecture gives no limit, and XOR never ends.
    learning_rate : float, above 0 and at most 1
        The α of the formula.
    rng : numpy.random.Generator, optional
        For the first weights, drawn between -0.5 and 0.5; seed 0 when left out.
    weights : array_like of float, shape (inputs,), optional
        The first weights in place of random ones; ``bias`` goes with them.
    bias : float

    Returns
    -------
    Perceptron
        ``print`` it: it says whether the rows are separated, and if not, whether they can be.

    Raises
    ------
    TypeError, ValueError
        When an argument has another shape, is out of its range, or a target is not 0 or 1.

    Notes
    -----
    Deck D1.
    """
    x, y = _rows_and_targets(x, y)
    epochs = _check.whole("epochs", epochs, at_least=1)
    learning_rate = _check.number("learning_rate", learning_rate, above=0, at_most=1)
    w, b = _first_weights(x, rng, weights, bias)
    corrections, history = 0, []
    for _ in range(epochs):
        wrong = 0
        for row, target in zip(x, y):
            error = int(row @ w + b >= 0) - target
            if error:
                w -= learning_rate * error * row
                b -= learning_rate * error
                wrong += 1
        history.append(wrong)
        corrections += wrong
        if wrong == 0:
            break
    return _learned(x, y, w, b, corrections, len(history), history)


def trick(x, y, *, draws=1000, learning_rate=1.0, rng=None):
    r"""Teach a perceptron by the perceptron trick: draw a row at random; if it is wrong, move the line toward it.

    The same correction as in :func:`learn`. Which line comes out depends on the rows drawn, and how good it is among all
    that separate is nobody's concern: this is the problem with the trick, and why there are losses.

    Parameters
    ----------
    x : array_like of float, shape (rows, inputs)
    y : array_like of int, shape (rows,)
        Targets, 0 or 1.
    draws : int, 1 or more
        How many rows to draw. It stops earlier when every row is right.
    learning_rate : float, above 0 and at most 1
    rng : numpy.random.Generator, optional
        For the first weights, between -0.5 and 0.5, and the rows drawn; seed 0 when left out.

    Returns
    -------
    Perceptron

    Raises
    ------
    TypeError, ValueError
        When an argument has another shape, is out of its range, or a target is not 0 or 1.

    Notes
    -----
    Deck D4.
    """
    x, y = _rows_and_targets(x, y)
    draws = _check.whole("draws", draws, at_least=1)
    learning_rate = _check.number("learning_rate", learning_rate, above=0, at_most=1)
    rng = np.random.default_rng(0) if rng is None else _check.generator(rng)
    w, b = _first_weights(x, rng)
    corrections = drawn = 0
    while drawn < draws and _errors(x, y, w, b):
        # Look for all to be right only after a change: between changes nothing new can have happened.
        changed = False
        while drawn < draws and not changed:
            i = rng.integers(len(x))
            drawn += 1
            error = int(x[i] @ w + b >= 0) - y[i]
            w -= learning_rate * error * x[i]
            b -= learning_rate * error
            changed = error != 0
        corrections += changed
    return _learned(x, y, w, b, corrections, drawn)


def descend(x, y, *, loss="perceptron", learning_rate=0.1, epochs=1000, weights=None, bias=0.0, rng=None):
    r"""Teach a perceptron by gradient descent on a loss of its net input, all rows at once.

    .. math:: w \leftarrow w - \eta \frac{\partial L}{\partial w}, \qquad b \leftarrow b - \eta \frac{\partial L}{\partial b}

    With the perceptron loss, :math:`\frac{\partial L}{\partial w} = -\frac1n \sum y_i x_i` over the rows that are not on
    their side. It stops when no gradient is left (all rows are right) or after ``epochs`` steps.

    Parameters
    ----------
    x : array_like of float, shape (rows, inputs)
    y : array_like of float, shape (rows,)
        Labels as the loss wants them: -1 and +1 for ``"perceptron"``, ``"hinge"`` and ``"squared_hinge"``.
    loss : str or Loss
        Any loss of one number a row. ``"binary_crossentropy_from_logits"`` (labels 0 and 1) makes it logistic regression,
        ``"mse"`` linear regression.
    learning_rate : float, above 0
        The η of the formula.
    epochs : int, 1 or more
    weights : array_like of float, shape (inputs,), optional
        The first weights; ``bias`` goes with them. Drawn between -0.5 and 0.5 when left out.
    bias : float
    rng : numpy.random.Generator, optional

    Returns
    -------
    Perceptron
        ``errors`` counts the rows whose net input has another sign than the label (0 or 1: another side of 0.5 after the
        sigmoid, which is the same). For regression on other numbers look at ``history``, the losses.

    Raises
    ------
    TypeError, ValueError
        When an argument has another shape or is out of its range, or the labels are not what the loss wants.
    FloatingPointError
        When the learning rate is so large that the weights grow beyond all numbers.

    Notes
    -----
    Deck D4, which writes + where - must be.
    """
    x = _check.array("x", x, ndim=2, dtype=np.float64)
    loss = losses.get(loss)
    y = _check.array("y", y)
    if y.shape != (len(x),):
        raise ValueError(f"y must have shape ({len(x)},), one label for each row of x; got {y.shape}.")
    targets = loss.check_targets(y, (len(x), 1), np.float64)
    learning_rate = _check.number("learning_rate", learning_rate, above=0)
    epochs = _check.whole("epochs", epochs, at_least=1)
    w, b = _first_weights(x, rng, weights, bias)
    history, corrections = [], 0
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(epochs):
            value, slope = loss.value_and_gradient(targets, (x @ w + b)[:, None])
            history.append(float(value))
            gradient_w, gradient_b = x.T @ slope[:, 0], slope.sum()
            if not np.isfinite([value, gradient_b, *gradient_w]).all():
                raise FloatingPointError(
                    f"descent ran away to infinity after {corrections} steps; try a learning_rate below {learning_rate:g}."
                )
            if not gradient_w.any() and not gradient_b:
                break
            w -= learning_rate * gradient_w
            b -= learning_rate * gradient_b
            corrections += 1
    history.append(float(loss.value_and_gradient(targets, (x @ w + b)[:, None])[0]))
    return _learned(x, (targets[:, 0] > 0).astype(np.int64), w, b, corrections, corrections, history)


def margin(x, y):
    r"""Return how far the best separating line stays from the nearest row; 0 when there is no such line.

    .. math:: \gamma = \max_{|v| = 1} \min_i s_i\, v \cdot (x_i, 1), \qquad s_i = \pm 1

    Parameters
    ----------
    x : array_like of float, shape (rows, inputs)
    y : array_like of int, shape (rows,)
        0 or 1.

    Returns
    -------
    float
        0 or above, measured among rows with a 1 behind, so that the bias is one more weight. Classes closer than about a
        millionth of the spread of the data count as not separated.

    Raises
    ------
    TypeError, ValueError
        When an argument has another shape, or a target is not 0 or 1.

    Notes
    -----
    Turn every row of class 0 around, to :math:`-(x, 1)`. A line separates the classes exactly when the smallest convex
    shape around all these points does not hold the origin, and the margin is its distance from there. Wolfe, "Finding
    the nearest point in a polytope", 1976.
    """
    x, y = _rows_and_targets(x, y)
    spread = x.std(axis=0)
    # Whether there is a line does not depend on the units of the columns; the rounding does.
    standard = (x - x.mean(axis=0)) / np.where(spread > 0, spread, 1)
    return _distance(_signed_rows(x, y)) if _distance(_signed_rows(standard, y)) > 1e-6 else 0.0


def _distance(points):
    longest = np.sqrt((points**2).sum(axis=1).max())
    return float(longest * np.linalg.norm(_nearest_to_origin(points / longest)))


def _nearest_to_origin(points):
    """Return the point of the convex hull of ``points`` (none longer than 1) that is nearest to the origin."""
    chosen, share = [int((points**2).sum(axis=1).argmin())], np.ones(1)
    for _ in range(10 * len(points) + 100):
        nearest = share @ points[chosen]
        along = points @ nearest
        low = int(along.argmin())
        # Nearest: no point lies less far along it than it lies itself.
        if low in chosen or nearest @ nearest - along[low] < 1e-10 * (nearest @ nearest) + 1e-16:
            break
        chosen, share = [*chosen, low], np.append(share, 0.0)
        while True:
            flat = _nearest_in_plane(points[chosen])
            if (flat > 1e-12).all():
                share = flat
                break
            # The plane's nearest point lies outside the hull: go there as far as the hull reaches, drop who is left out.
            leaving = flat <= 1e-12
            share = share + (share[leaving] / (share - flat)[leaving]).min() * (flat - share)
            keep = share > 1e-12
            chosen, share = [c for c, k in zip(chosen, keep) if k], share[keep] / share[keep].sum()
    return nearest


def _nearest_in_plane(points):
    """Return shares, summing to 1 and perhaps negative, of the point nearest to the origin in the plane of ``points``."""
    n = len(points)
    system = np.ones((n + 1, n + 1))
    system[0, 0], system[1:, 1:] = 0, points @ points.T
    return np.linalg.lstsq(system, np.eye(n + 1)[0], rcond=None)[0][1:]


def mistake_bound(x, y):
    r"""Return how many corrections the perceptron rule can need, from weights 0: infinite when no line separates.

    .. math:: \text{corrections} \le (R / \gamma)^2

    R is the length of the longest row (with a 1 behind), γ the :func:`margin`.

    Parameters
    ----------
    x : array_like of float, shape (rows, inputs)
    y : array_like of int, shape (rows,)
        0 or 1.

    Returns
    -------
    float

    Raises
    ------
    TypeError, ValueError
        When an argument has another shape, or a target is not 0 or 1.

    Notes
    -----
    Novikoff, "On convergence proofs on perceptrons", 1962.
    """
    gamma = margin(x, y)
    if gamma == 0:
        return float("inf")
    signed = _signed_rows(*_rows_and_targets(x, y))
    return float((signed**2).sum(axis=1).max() / gamma**2)


def _rows_and_targets(x, y):
    x = _check.array("x", x, ndim=2, dtype=np.float64)
    y = _check.array("y", y, shape=(len(x),), dtype=np.float64)
    wrong = y[(y != 0) & (y != 1)]
    if wrong.size:
        raise ValueError(f"targets must be 0 or 1 for the perceptron rule; got {wrong[0]:g}. Turn -1/+1 with (y + 1) / 2.")
    return x, y.astype(np.int64)


def _first_weights(x, rng, weights=None, bias=0.0):
    """Return weights and bias to start from, as the caller's own."""
    rng = np.random.default_rng(0) if rng is None else _check.generator(rng)
    if weights is not None:
        weights = _check.array("weights", weights, shape=(x.shape[1],), dtype=np.float64)
        return weights.copy(), _check.number("bias", bias)
    drawn = rng.uniform(-0.5, 0.5, x.shape[1] + 1)
    return drawn[:-1], float(drawn[-1])


def _signed_rows(x, y):
    return (2 * y - 1)[:, None] * np.column_stack([x, np.ones(len(x))])


def _errors(x, y, w, b):
    return int(np.count_nonzero((x @ w + b >= 0) != y))


def _learned(x, y, w, b, corrections, epochs, history=()):
    errors = _errors(x, y, w, b)
    best = margin(x, y) if errors else None
    return Perceptron(w, float(b), len(x), errors, corrections, epochs, list(history), best)
