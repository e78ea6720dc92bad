"""The perceptron: the rule, the trick, the descent, and what they say when no line exists."""

import numpy as np
import pytest
from gradschool import datasets, losses, perceptron
from hypothesis import given
from hypothesis import strategies as st


def separable(seed, rows=30, inputs=2, gap=0.3):
    rng = np.random.default_rng(seed)
    x, direction = rng.normal(size=(rows, inputs)), rng.normal(size=inputs)
    side = x @ direction > 0.2
    return x + gap * np.where(side, 1, -1)[:, None] * direction / np.linalg.norm(direction), side.astype(int)


# The rule


@pytest.mark.parametrize(
    ("target", "start", "expected"),
    [
        (1, [-1.0, 0.0], [-1 + 0.5 * 2, 0 + 0.5 * 3]),  # a miss: add the row
        (0, [1.0, 0.0], [1 - 0.5 * 2, 0 - 0.5 * 3]),  # a false alarm: subtract it
        (1, [1.0, 0.0], [1.0, 0.0]),  # right: no change
        (0, [-1.0, 0.0], [-1.0, 0.0]),
    ],
)
def test_one_correction(target, start, expected):
    learned = perceptron.learn([[2.0, 3.0]], [target], epochs=1, learning_rate=0.5, weights=start)
    np.testing.assert_array_equal(learned.weights, expected)
    assert learned.bias == (learned.weights[0] - start[0]) / 2
    assert learned.corrections == int(expected != start)


def test_a_net_input_of_0_answers_1():
    learned = perceptron.learn([[1.0]], [1], weights=[0.0])
    assert (learned.corrections, learned.epochs, learned.errors) == (0, 1, 0)
    assert learned.predict([[1.0]]) == [1]


def test_rows_are_taken_in_turn_each_seeing_the_last_correction():
    """AND from zero weights, worked by hand: (w1, w2, b) after each row of the first two epochs."""
    x, y = datasets.logic_gate("and")
    one = perceptron.learn(x, y, epochs=1, weights=[0, 0])
    np.testing.assert_array_equal([*one.weights, one.bias], [1, 1, 0])
    two = perceptron.learn(x, y, epochs=2, weights=[0, 0])
    np.testing.assert_array_equal([*two.weights, two.bias], [2, 1, -1])
    assert (one.corrections, two.corrections, two.history) == (2, 5, [2, 3])


@pytest.mark.parametrize("gate", ["and", "or", "nand", "nor"])
def test_gates_are_learned(gate):
    x, y = datasets.logic_gate(gate)
    for seed in range(5):
        learned = perceptron.learn(x, y, rng=np.random.default_rng(seed))
        assert learned.separated
        np.testing.assert_array_equal(learned.predict(x), y)
        assert learned.history[-1] == 0 and learned.corrections == sum(learned.history)
        assert "separated: 0 of 4 wrong after" in str(learned)


def test_xor_stops_at_the_limit_and_says_why():
    x, y = datasets.logic_gate("xor")
    learned = perceptron.learn(x, y, epochs=30)
    assert learned.epochs == 30 and not learned.separated and learned.margin == 0
    assert "of 4 wrong" in str(learned) and "no straight line separates these rows" in str(learned)


def test_too_few_epochs_say_that_a_line_exists():
    x, y = datasets.placement_table()
    learned = perceptron.learn(x, y, epochs=3, weights=[0, 0])
    assert not learned.separated
    assert "a line exists (margin 0.13), so give it more time" in str(learned)
    assert perceptron.learn(x, y, epochs=1000, weights=[0, 0]).separated


def test_first_weights_are_drawn_within_a_half():
    x, y = np.array([[0.0, 0.0]]), [1]
    starts = [perceptron.learn(x, y, epochs=1, learning_rate=1e-9, rng=np.random.default_rng(s)) for s in range(300)]
    weights = np.array([[*s.weights, s.bias] for s in starts])
    assert -0.5 <= weights.min() < -0.48 and 0.48 < weights.max() <= 0.5


def test_the_seed_decides_and_inputs_are_left_alone():
    x, y = separable(1)
    kept_x, kept_y, first = x.copy(), y.copy(), np.zeros(2)
    for teach in (perceptron.learn, perceptron.trick):
        a, b = (teach(x, y, rng=np.random.default_rng(4)) for _ in range(2))
        np.testing.assert_array_equal(a.weights, b.weights)
    perceptron.learn(x, y, weights=first)
    perceptron.descend(x, 2 * y - 1, weights=first)
    np.testing.assert_array_equal(first, 0)
    np.testing.assert_array_equal(x, kept_x)
    np.testing.assert_array_equal(y, kept_y)


# The trick


def test_two_seeds_two_lines_no_errors():
    x, y = datasets.placement(60, rng=np.random.default_rng(7))
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    one, two = (perceptron.trick(x, y, rng=np.random.default_rng(seed)) for seed in (1, 2))
    assert one.separated and two.separated
    assert not np.allclose(one.weights / one.bias, two.weights / two.bias, rtol=0.01)


def test_the_trick_stops_when_all_are_right_or_at_its_limit():
    x, y = separable(2)
    learned = perceptron.trick(x, y, draws=5000)
    assert learned.separated and learned.epochs < 5000 and learned.corrections <= learned.epochs
    gate = datasets.logic_gate("xor")
    stopped = perceptron.trick(*gate, draws=50)
    assert stopped.epochs == 50 and "no straight line" in str(stopped)


def test_the_trick_corrects_as_the_rule_does():
    """One row only, so that chance has no choice."""
    learned = perceptron.trick([[2.0, 3.0]], [0], draws=1, learning_rate=0.5, rng=np.random.default_rng(1))
    first = np.random.default_rng(1).uniform(-0.5, 0.5, 3)
    wrong = first @ [2, 3, 1] >= 0
    np.testing.assert_allclose([*learned.weights, learned.bias], first - wrong * 0.5 * np.array([2, 3, 1]))
    assert wrong, "the seed must start with a wrong answer, or nothing is tested"


# The descent


def test_descent_on_the_perceptron_loss_is_the_formula():
    rng = np.random.default_rng(3)
    x, y, w, b = rng.normal(size=(12, 2)), rng.choice([-1, 1], 12), np.array([0.3, -0.2]), 0.1
    one = perceptron.descend(x, y, learning_rate=0.7, epochs=1, weights=w, bias=b)
    wrong = y * (x @ w + b) <= 0
    assert 0 < wrong.sum() < 12
    np.testing.assert_allclose(one.weights, w + 0.7 / 12 * (y[wrong, None] * x[wrong]).sum(axis=0), rtol=1e-13)
    np.testing.assert_allclose(one.bias, b + 0.7 / 12 * y[wrong].sum(), rtol=1e-13)
    np.testing.assert_allclose(one.history[0], np.mean(np.maximum(0, -y * (x @ w + b))), rtol=1e-13)
    assert len(one.history) == 2


def test_descent_lowers_the_loss_and_stops_when_all_are_right():
    x, y = separable(4)
    learned = perceptron.descend(x, 2 * y - 1, epochs=5000)
    assert learned.separated and learned.epochs < 5000
    assert learned.history[-1] == 0 < learned.history[0]
    np.testing.assert_array_equal(learned.predict(x), y)


def test_descent_from_zero_weights_starts():
    x, y = separable(4)
    assert perceptron.descend(x, 2 * y - 1, weights=[0, 0]).separated


def test_other_losses_make_other_learners():
    """Regression is solved by least squares; logistic regression ends where its gradient is 0."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=(40, 2))
    y = x @ [1.5, -0.7] + 0.3 + 0.1 * rng.normal(size=40)
    line = perceptron.descend(x, y, loss="mse", epochs=3000)
    exact = np.linalg.lstsq(np.column_stack([x, np.ones(40)]), y, rcond=None)[0]
    np.testing.assert_allclose([*line.weights, line.bias], exact, rtol=1e-9)

    labels = (y + rng.normal(size=40) > 0).astype(float)
    logistic = perceptron.descend(x, labels, loss="binary_crossentropy_from_logits", learning_rate=1, epochs=3000)
    p = 1 / (1 + np.exp(-logistic.net(x)))
    np.testing.assert_allclose(x.T @ (p - labels), 0, atol=1e-8)
    assert logistic.errors == np.sum((p >= 0.5) != labels) > 0


def test_hinge_finds_a_wider_gap_than_the_perceptron_loss():
    x, y = separable(6, gap=1)

    def gap(learned):
        signed = (2 * y - 1) * learned.net(x)
        return signed.min() / np.linalg.norm([*learned.weights, learned.bias])

    plain, wide = (perceptron.descend(x, 2 * y - 1, loss=loss, epochs=5000) for loss in ("perceptron", "hinge"))
    assert 0 < gap(plain) < gap(wide) <= perceptron.margin(x, y) + 1e-12


def test_descent_that_runs_away_says_so():
    rng = np.random.default_rng(7)
    x = rng.normal(size=(10, 2))
    with pytest.raises(FloatingPointError, match="ran away to infinity after .* steps; try a learning_rate below 50"):
        perceptron.descend(x, x[:, 0], loss="mse", learning_rate=50, epochs=10_000)


# The margin and the bound


@pytest.mark.parametrize(("gate", "square"), [("and", 17), ("nand", 17), ("or", 9), ("nor", 9)])
def test_margin_of_the_gates(gate, square):
    """By hand: for AND the best is proportional to (2, 2, -3), for OR to (2, 2, -1); each row reaches 1."""
    x, y = datasets.logic_gate(gate)
    np.testing.assert_allclose(perceptron.margin(x, y) ** -2, square, rtol=1e-12)
    np.testing.assert_allclose(perceptron.mistake_bound(x, y), 3 * square, rtol=1e-12)


def test_no_margin_no_bound():
    x, y = datasets.logic_gate("xor")
    assert perceptron.margin(x, y) == 0
    assert perceptron.mistake_bound(x, y) == np.inf
    assert perceptron.margin([[1.0], [1.0]], [0, 1]) == 0


def test_one_class_alone_is_separable():
    assert perceptron.margin([[1.0, 2.0], [-3.0, 0.5]], [1, 1]) > 0


@given(st.integers(0, 100_000))
def test_no_direction_beats_the_margin_and_the_best_one_reaches_it(seed):
    rng = np.random.default_rng(seed)
    x, y = separable(seed, rows=8, inputs=int(rng.integers(1, 4)))
    gamma = perceptron.margin(x, y)
    signed = (2 * y - 1)[:, None] * np.column_stack([x, np.ones(len(x))])
    tried = rng.normal(size=(500, signed.shape[1]))
    tried /= np.linalg.norm(tried, axis=1, keepdims=True)
    assert gamma > 0
    assert (tried @ signed.T).min(axis=1).max() <= gamma + 1e-9
    nearest = perceptron._nearest_to_origin(signed / 100) * 100
    np.testing.assert_allclose((signed @ nearest).min() / np.linalg.norm(nearest), gamma, rtol=1e-6)


@given(st.integers(0, 100_000))
def test_the_rule_keeps_to_the_bound(seed):
    x, y = separable(seed, rows=12)
    learned = perceptron.learn(x, y, epochs=2000, weights=[0, 0])
    assert learned.corrections <= perceptron.mistake_bound(x, y)
    if learned.corrections < 2000:
        assert learned.separated


def test_scale_does_not_decide_whether_a_line_exists():
    x, y = datasets.placement(100, rng=np.random.default_rng(2))
    assert perceptron.margin(x, y) > 0 and perceptron.margin(1000 * x, y) > 0
    y[0] = 1 - y[0]
    inside = np.vstack([x, x[y == 0].mean(axis=0)])
    assert perceptron.margin(inside, np.append(y, 1)) == 0


# Bad input


X, Y = [[0.0, 1.0], [1.0, 0.0]], [0, 1]


@pytest.mark.parametrize("teach", [perceptron.learn, perceptron.trick, perceptron.margin, perceptron.mistake_bound])
@pytest.mark.parametrize(
    ("x", "y", "error", "sentence"),
    [
        (X, [-1, 1], ValueError, r"targets must be 0 or 1 for the perceptron rule; got -1. Turn -1/\+1 with \(y \+ 1\) / 2"),
        (X, [0, 2], ValueError, "targets must be 0 or 1 .* got 2"),
        (X, [0, 1, 1], ValueError, r"y must have shape \(2,\); got \(3,\)"),
        (X, [[0], [1]], ValueError, r"y must have shape \(2,\); got \(2, 1\)"),
        ([0.0, 1.0], Y, ValueError, r"x must have 2 axes"),
        ([], [], ValueError, "x must have 2 axes"),
        ([[np.nan, 1], [1, 1]], Y, ValueError, "x must be finite; got nan"),
        ([["a", "b"]], Y, TypeError, "x must hold numbers"),
    ],
)
def test_bad_rows(teach, x, y, error, sentence):
    with pytest.raises(error, match=sentence):
        teach(x, y)


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (lambda: perceptron.learn(X, Y, epochs=0), ValueError, "epochs must be 1 or more; got 0"),
        (lambda: perceptron.learn(X, Y, epochs=1.5), TypeError, "epochs must be a whole number; got 1.5"),
        (lambda: perceptron.learn(X, Y, learning_rate=1.5), ValueError, "learning_rate must be above 0 and at most 1; got 1.5"),
        (lambda: perceptron.learn(X, Y, rng=3), TypeError, "rng must be a numpy.random.Generator; got 3"),
        (lambda: perceptron.learn(X, Y, weights=[1.0]), ValueError, r"weights must have shape \(2,\); got \(1,\)"),
        (lambda: perceptron.learn(X, Y, weights=[1, 1], bias="b"), TypeError, "bias must be a number; got 'b'"),
        (lambda: perceptron.trick(X, Y, draws=0), ValueError, "draws must be 1 or more; got 0"),
        (lambda: perceptron.trick(X, Y, learning_rate=-1), ValueError, "learning_rate must be above 0"),
        (lambda: perceptron.trick(X, Y, rng=np.random), TypeError, "rng must be a numpy.random.Generator"),
        (lambda: perceptron.descend(X, Y), ValueError, r"labels must be -1 or \+1 for this loss; got 0. Turn 0/1 with 2 \* y - 1"),
        (lambda: perceptron.descend(X, [1.0]), ValueError, r"y must have shape \(2,\), one label for each row of x; got \(1,\)"),
        (lambda: perceptron.descend(X, [[1.0], [-1.0]]), ValueError, r"y must have shape \(2,\)"),
        (lambda: perceptron.descend(X, [1, -1], loss="hing"), ValueError, "unknown loss 'hing'. Did you mean 'hinge'"),
        (lambda: perceptron.descend(X, [1, -1], learning_rate=0), ValueError, "learning_rate must be above 0; got 0"),
        (lambda: perceptron.descend(X, [1, -1], epochs=-1), ValueError, "epochs must be 1 or more; got -1"),
        (lambda: perceptron.descend(X, ["a", "b"]), TypeError, "y must hold numbers"),
        (lambda: perceptron.descend(np.ones(3), [1, -1, 1]), ValueError, "x must have 2 axes"),
        (lambda: perceptron.learn(X, Y).predict([[1.0]]), ValueError, r"x must have shape \(any, 2\); got \(1, 1\)"),
        (lambda: perceptron.learn(X, Y).net([1.0, 2.0]), ValueError, r"x must have shape \(any, 2\); got \(2,\)"),
    ],
)
def test_bad_arguments(call, error, sentence):
    with pytest.raises(error, match=sentence):
        call()


def test_losses_with_probabilities_say_what_they_need():
    with pytest.raises(ValueError, match="predictions must be probabilities"):
        perceptron.descend(X, [0, 1], loss=losses.get("bce"), weights=[5, 5])
