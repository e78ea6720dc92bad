"""Losses against their formulas, central differences, each other and bad input."""

import math

import numpy as np
import pytest
from gradschool import activations, losses
from gradschool.gradients import check_network, numerical_gradient, relative_error
from gradschool.layers import Dense
from gradschool.losses import LOSSES
from gradschool.network import Sequential
from hypothesis import given
from hypothesis import strategies as st

EPSILON = 1e-7


def batch(name, rows=5, outputs=4, seed=0):
    """Targets and predictions as the loss wants them, away from every kink, all in general position."""
    rng = np.random.default_rng(seed)
    soft = 0.8 * rng.dirichlet(np.ones(outputs), rows) + 0.2 / outputs
    probabilities = rng.uniform(0.05, 0.95, (rows, outputs))
    numbers = rng.normal(size=(rows, outputs)) * 2
    signs = rng.choice([-1.0, 1.0], (rows, outputs))
    labels = rng.integers(0, outputs, rows)
    return {
        "binary_crossentropy": (rng.uniform(0, 1, (rows, outputs)), probabilities),
        "binary_crossentropy_from_logits": (rng.uniform(0, 1, (rows, outputs)), numbers),
        "categorical_crossentropy": (rng.dirichlet(np.ones(outputs), rows), soft),
        "categorical_crossentropy_from_logits": (rng.dirichlet(np.ones(outputs), rows), numbers),
        "sparse_categorical_crossentropy": (labels, soft),
        "sparse_categorical_crossentropy_from_logits": (labels, numbers),
        "perceptron": (signs, numbers),
        "hinge": (signs, numbers),
        "squared_hinge": (signs, numbers),
        "kl_divergence": (rng.dirichlet(np.ones(outputs), rows), soft),
    }.get(name, (rng.normal(size=(rows, outputs)), numbers))


# The formulas by another hand: plain Python, one row at a time. The batch is the mean of these.
def _mean(values):
    values = list(values)
    return sum(values) / len(values)


def _softmax(z):
    e = [math.exp(v) for v in z]
    return [v / sum(e) for v in e]


ROW = {
    "half_squared_error": lambda y, p: sum((a - b) ** 2 / 2 for a, b in zip(y, p)),
    "mean_squared_error": lambda y, p: _mean((a - b) ** 2 for a, b in zip(y, p)),
    "mean_absolute_error": lambda y, p: _mean(abs(a - b) for a, b in zip(y, p)),
    "huber": lambda y, p: _mean((a - b) ** 2 / 2 if abs(a - b) <= 1 else abs(a - b) - 0.5 for a, b in zip(y, p)),
    "log_cosh": lambda y, p: _mean(math.log(math.cosh(a - b)) for a, b in zip(y, p)),
    "binary_crossentropy": lambda y, p: _mean(-a * math.log(b) - (1 - a) * math.log(1 - b) for a, b in zip(y, p)),
    "binary_crossentropy_from_logits": lambda y, z: ROW["binary_crossentropy"](y, [1 / (1 + math.exp(-v)) for v in z]),
    "categorical_crossentropy": lambda y, p: -sum(a * math.log(b) for a, b in zip(y, p)),
    "categorical_crossentropy_from_logits": lambda y, z: ROW["categorical_crossentropy"](y, _softmax(z)),
    "sparse_categorical_crossentropy": lambda label, p: -math.log(p[label]),
    "sparse_categorical_crossentropy_from_logits": lambda label, z: -math.log(_softmax(z)[label]),
    "perceptron": lambda y, f: _mean(max(0, -a * b) for a, b in zip(y, f)),
    "hinge": lambda y, f: _mean(max(0, 1 - a * b) for a, b in zip(y, f)),
    "squared_hinge": lambda y, f: _mean(max(0, 1 - a * b) ** 2 for a, b in zip(y, f)),
    "kl_divergence": lambda y, p: sum(a * math.log(a / b) for a, b in zip(y, p)),
}


def test_every_loss_is_here():
    assert set(ROW) == set(LOSSES)


@pytest.mark.parametrize("name", LOSSES)
def test_value_is_the_mean_of_the_rows_formula(name):
    y, p = batch(name)
    np.testing.assert_allclose(LOSSES[name](y, p), _mean(ROW[name](*row) for row in zip(y, p)), rtol=1e-12)


@pytest.mark.parametrize("name", LOSSES)
def test_gradient_against_central_differences(name):
    y, p = batch(name)
    measured = numerical_gradient(lambda moved: LOSSES[name](y, moved), p)
    assert np.abs(measured).max() > 1e-3
    assert relative_error(LOSSES[name].slope(y, p), measured) < 1e-7


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_value_and_gradient_are_the_pair(name, dtype):
    row = LOSSES[name]
    y, p = batch(name)
    p = p.astype(dtype)
    y_before, p_before = y.copy(), p.copy()
    checked = row.check_targets(y, p.shape, p.dtype)
    value, gradient = row.value_and_gradient(checked, p)
    np.testing.assert_allclose(value, row(y, p), rtol=1e-6 if dtype == np.float32 else 1e-14)
    np.testing.assert_allclose(gradient, row.slope(y, p), rtol=1e-6 if dtype == np.float32 else 1e-14)
    assert gradient.dtype == value.dtype == dtype
    assert gradient.shape == p.shape
    np.testing.assert_array_equal(y, y_before)
    np.testing.assert_array_equal(p, p_before)


@pytest.mark.parametrize("name", LOSSES)
def test_doubling_the_batch_changes_nothing(name):
    y, p = batch(name)
    twice = np.concatenate([y, y]), np.concatenate([p, p])
    np.testing.assert_allclose(LOSSES[name](*twice), LOSSES[name](y, p), rtol=1e-13)
    np.testing.assert_allclose(2 * LOSSES[name].slope(*twice)[: len(p)], LOSSES[name].slope(y, p), rtol=1e-13)


@pytest.mark.parametrize("name", LOSSES)
def test_one_row_may_be_a_vector(name):
    y, p = batch(name, rows=1)
    np.testing.assert_allclose(LOSSES[name](y[0], p[0]), LOSSES[name](y, p), rtol=1e-14)
    np.testing.assert_allclose(LOSSES[name].slope(y[0], p[0]), LOSSES[name].slope(y, p)[0], rtol=1e-14)


@pytest.mark.parametrize("name", [n for n in LOSSES if "categorical" not in n and n != "kl_divergence"])
def test_targets_of_one_output_may_be_a_vector(name):
    y, p = batch(name, outputs=1)
    np.testing.assert_array_equal(LOSSES[name](y[:, 0], p), LOSSES[name](y, p))
    assert LOSSES[name].slope(y[:, 0], p).shape == (5, 1)


@pytest.mark.parametrize("name", LOSSES)
def test_lowest_when_right(name):
    """Following the gradient down lowers the loss: the sign is right."""
    y, p = batch(name)
    gradient = LOSSES[name].slope(y, p)
    if "cross" in name or "kl" in name:
        gradient = gradient - gradient.mean(axis=1, keepdims=True)  # keeps rows of probabilities summing to 1
    assert LOSSES[name](y, p - 1e-4 * gradient) < LOSSES[name](y, p)


def test_perfect_predictions_cost_nothing():
    y = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    for name in ("half_squared_error", "mse", "mae", "huber", "log_cosh", "kld"):
        assert losses.get(name)(y, y) == 0
    for name in ("bce", "cce"):
        np.testing.assert_allclose(losses.get(name)(y, y), -math.log(1 - EPSILON), rtol=1e-6)
    for name in ("perceptron", "hinge", "squared_hinge"):
        assert losses.get(name)(2 * y - 1, 2 * y - 1) == 0


# The lecture's numbers


def test_numbers_of_the_lecture():
    np.testing.assert_allclose(losses.mean_squared_error([6.1], [6.3]), 0.04)
    np.testing.assert_allclose(losses.mean_squared_error([6.1, 4.1, 3.5, 7.2], [6.3, 4, 3.7, 7]), 0.0325)
    np.testing.assert_allclose(losses.mean_squared_error([3], [18]), 225)
    np.testing.assert_allclose(losses.binary_crossentropy([1], [0.73]), 0.3147107, rtol=1e-6)
    np.testing.assert_allclose(losses.categorical_crossentropy([1, 0], [0.75, 0.25]), 0.2876821, rtol=1e-6)


def test_the_lectures_row_that_sums_to_more_than_1_is_refused():
    sentence = "each row of y_pred must sum to 1; row 1 sums to 1.1. Put a softmax on the last layer, or divide"
    for name, y in (("cce", np.eye(3)[[0, 2]]), ("scce", [0, 2]), ("kld", np.eye(3)[[0, 2]])):
        for function in (losses.get(name), losses.get(name).slope):
            with pytest.raises(ValueError, match=sentence):
                function(y, [[0.2, 0.3, 0.5], [0.1, 0.4, 0.6]])


# Parts of one loss that must fit together


def test_huber_has_no_jump_in_value_or_slope_at_delta():
    for delta in (0.5, 1.0, 3.0):
        e = delta + np.array([-1e-9, 1e-9])
        value = [losses.huber([0.0], [v], delta) for v in e]
        slope = [losses.huber_gradient([0.0], [v], delta)[0] for v in e]
        np.testing.assert_allclose(value, delta**2 / 2, atol=1e-8)
        np.testing.assert_allclose(slope, delta, atol=1e-8)


def test_huber_delta_reaches_value_and_gradient():
    y, p = batch("huber")
    row = losses.get("huber", delta=0.3)
    measured = numerical_gradient(lambda moved: row(y, moved), p)
    value, gradient = row.value_and_gradient(y, p)
    assert relative_error(row.slope(y, p), measured) < 1e-8
    assert relative_error(gradient, measured) < 1e-8
    assert value == row(y, p) != LOSSES["huber"](y, p)


def test_log_cosh_keeps_tiny_errors_and_huge_ones():
    np.testing.assert_allclose(losses.log_cosh([0.0], [1e-9]), 5e-19, rtol=1e-12)
    np.testing.assert_allclose(losses.log_cosh([0.0], [-1e4]), 1e4 - math.log(2), rtol=1e-15)
    beside = [losses.log_cosh([0.0], [1 + s]) for s in (-1e-12, 1e-12)]
    np.testing.assert_allclose(beside, math.log(math.cosh(1)), rtol=1e-11)


def test_sparse_equals_one_hot():
    labels, p = batch("sparse_categorical_crossentropy")
    _, z = batch("sparse_categorical_crossentropy_from_logits")
    for suffix, predicted in (("", p), ("_from_logits", z)):
        sparse, full = LOSSES[f"sparse_categorical_crossentropy{suffix}"], LOSSES[f"categorical_crossentropy{suffix}"]
        np.testing.assert_allclose(sparse(labels, predicted), full(np.eye(4)[labels], predicted), rtol=1e-14)
        np.testing.assert_allclose(
            sparse.slope(labels, predicted), full.slope(np.eye(4)[labels], predicted), rtol=1e-13, atol=1e-17
        )


def test_from_logits_equals_the_activation_first():
    y, z = batch("categorical_crossentropy_from_logits")
    a = activations.softmax(z)
    np.testing.assert_allclose(
        losses.categorical_crossentropy_from_logits(y, z), losses.categorical_crossentropy(y, a), rtol=1e-13
    )
    np.testing.assert_allclose(
        losses.categorical_crossentropy_from_logits_gradient(y, z),
        activations.softmax_backward(losses.categorical_crossentropy_gradient(y, a), a),
        rtol=1e-12,
        atol=1e-16,
    )
    y, z = batch("binary_crossentropy_from_logits")
    a = activations.sigmoid(z)
    np.testing.assert_allclose(
        losses.binary_crossentropy_from_logits(y, z), losses.binary_crossentropy(y, a), rtol=1e-13
    )
    np.testing.assert_allclose(
        losses.binary_crossentropy_from_logits_gradient(y, z),
        losses.binary_crossentropy_gradient(y, a) * activations.sigmoid_prime(z),
        rtol=1e-12,
        atol=1e-16,
    )


def test_kl_is_crossentropy_minus_entropy():
    y, p = batch("kl_divergence")
    entropy = losses.categorical_crossentropy(y, y)
    np.testing.assert_allclose(losses.kl_divergence(y, p), losses.categorical_crossentropy(y, p) - entropy, rtol=1e-12)
    np.testing.assert_allclose(
        losses.kl_divergence_gradient(y, p), losses.categorical_crossentropy_gradient(y, p), rtol=1e-13
    )


@given(st.integers(0, 10_000))
def test_kl_is_never_negative(seed):
    y, p = np.random.default_rng(seed).dirichlet(np.full(3, 0.5), (2, 4))
    assert losses.kl_divergence(y, p) > -1e-5


@given(st.lists(st.floats(-1e4, 1e4), min_size=2, max_size=6), st.floats(-100, 100), st.data())
def test_softmax_crossentropy_ignores_a_shift(z, shift, data):
    label = data.draw(st.integers(0, len(z) - 1))
    f = losses.sparse_categorical_crossentropy_from_logits
    np.testing.assert_allclose(f(label, z), f(label, np.array(z) + shift), rtol=1e-9, atol=1e-9)


def test_margins():
    """The perceptron is content with the right side, the hinge wants a margin of 1."""
    y, f = np.array([[1.0]] * 4), np.array([[-2.0], [0.0], [0.5], [2.0]])
    np.testing.assert_array_equal([losses.perceptron_loss(a, b) for a, b in zip(y, f)], [2, 0, 0, 0])
    np.testing.assert_array_equal([losses.hinge(a, b) for a, b in zip(y, f)], [3, 1, 0.5, 0])
    np.testing.assert_array_equal([losses.squared_hinge(a, b) for a, b in zip(y, f)], [9, 1, 0.25, 0])


def test_slopes_at_the_kinks():
    """Conventions that the docstrings state."""
    assert losses.perceptron_loss_gradient([1.0], [0.0])[0] == -1
    assert losses.hinge_gradient([1.0], [1.0])[0] == 0
    assert losses.mean_absolute_error_gradient([2.0], [2.0])[0] == 0


# Clipping, and numbers far out


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_certain_and_wrong_is_clipped_not_infinite(dtype):
    p = np.array([[0, 1]], dtype)
    expected = -math.log(EPSILON)
    for value, y in (
        (losses.binary_crossentropy([[1, 1]], p), None),
        (losses.categorical_crossentropy([[1, 0]], p) / 2, None),
        (losses.sparse_categorical_crossentropy([0], p) / 2, None),
    ):
        np.testing.assert_allclose(value, expected / 2, rtol=1e-2)
    for gradient in (
        losses.binary_crossentropy_gradient([[1, 1]], p),
        losses.categorical_crossentropy_gradient([[1, 0]], p),
        losses.sparse_categorical_crossentropy_gradient([0], p),
        losses.kl_divergence_gradient([[1, 0]], p)[:, :1],
    ):
        np.testing.assert_array_equal(gradient, 0)
        assert gradient.dtype == dtype


@pytest.mark.parametrize("name", [n for n in LOSSES if "logits" in n or "crossentropy" not in n and "kl" not in n])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extremes(name, dtype):
    """Nothing overflows, warns or turns into NaN at ten thousand."""
    p = np.array([[-1e4, 1e4, 0.5], [1e4, -1e4, -0.5]], dtype)
    y = [2, 0] if "sparse" in name else np.array([[1, 0, 0], [0, 0, 1]])
    if name in ("perceptron", "hinge", "squared_hinge"):
        y = 2 * y - 1
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        value, gradient = LOSSES[name](y, p), LOSSES[name].slope(y, p)
    assert np.isfinite(value) and np.isfinite(gradient).all() and value > 1
    assert gradient.dtype == dtype


def test_logits_far_out_are_exact():
    np.testing.assert_allclose(losses.binary_crossentropy_from_logits([1], [-1000.0]), 1000, rtol=1e-15)
    np.testing.assert_allclose(losses.binary_crossentropy_from_logits([1], [40.0]), math.exp(-40), rtol=1e-12)
    np.testing.assert_allclose(losses.categorical_crossentropy_from_logits([1, 0], [-500.0, 500]), 1000, rtol=1e-15)


# Triplets, and two networks against each other


def test_triplet_loss():
    rng = np.random.default_rng(3)
    a, p, q = rng.normal(size=(3, 40, 2))
    value = _mean(max(0, sum((a[i] - p[i]) ** 2) - sum((a[i] - q[i]) ** 2) + 0.5) for i in range(40))
    np.testing.assert_allclose(losses.triplet_loss(a, p, q, margin=0.5), value, rtol=1e-13)
    gradients = losses.triplet_loss_gradient(a, p, q, margin=0.5)
    for k in range(3):
        def moved(x, k=k):
            return losses.triplet_loss(*[x if k == j else v for j, v in enumerate((a, p, q))], margin=0.5)

        measured = numerical_gradient(moved, (a, p, q)[k])
        assert np.abs(measured).max() > 1e-2
        assert (np.abs(measured).sum(axis=1) == 0).any(), "some rows must be content, or the max is not tested"
        assert relative_error(gradients[k], measured) < 1e-8
    assert all(g.dtype == np.float32 for g in losses.triplet_loss_gradient(*(v.astype(np.float32) for v in (a, p, q))))


def test_triplet_says_what_is_wrong():
    a = np.zeros((2, 3))
    with pytest.raises(ValueError, match=r"anchor and negative must have the same shape; got \(2, 3\) and \(2, 2\)"):
        losses.triplet_loss(a, a, np.zeros((2, 2)))
    with pytest.raises(ValueError, match="anchor must have 2 axes"):
        losses.triplet_loss([1.0], [1.0], [1.0])
    with pytest.raises(ValueError, match="margin must be above 0; got 0"):
        losses.triplet_loss_gradient(a, a, a, margin=0)
    with pytest.raises(ValueError, match="positive must be finite"):
        losses.triplet_loss(a, a * np.nan, a)


def test_discriminator_and_generator():
    rng = np.random.default_rng(4)
    real, fake = rng.uniform(0.1, 0.9, (6, 1)), rng.uniform(0.1, 0.9, (9, 1))
    value = _mean(-math.log(v) for v in real[:, 0]) + _mean(-math.log(1 - v) for v in fake[:, 0])
    np.testing.assert_allclose(losses.discriminator_loss(real, fake), value, rtol=1e-13)
    both = losses.binary_crossentropy([1] * 6, real.ravel()) + losses.binary_crossentropy([0] * 9, fake.ravel())
    np.testing.assert_allclose(losses.discriminator_loss(real, fake), both, rtol=1e-13)
    by_real, by_fake = losses.discriminator_loss_gradient(real, fake)
    assert relative_error(by_real, numerical_gradient(lambda r: losses.discriminator_loss(r, fake), real)) < 1e-8
    assert relative_error(by_fake, numerical_gradient(lambda f: losses.discriminator_loss(real, f), fake)) < 1e-8

    np.testing.assert_allclose(losses.minimax_loss(fake), _mean(math.log(1 - v) for v in fake[:, 0]), rtol=1e-13)
    np.testing.assert_allclose(losses.non_saturating_loss(fake), _mean(-math.log(v) for v in fake[:, 0]), rtol=1e-13)
    for loss, gradient in (
        (losses.minimax_loss, losses.minimax_loss_gradient),
        (losses.non_saturating_loss, losses.non_saturating_loss_gradient),
    ):
        measured = numerical_gradient(loss, fake)
        assert np.abs(measured).max() > 0.1
        assert relative_error(gradient(fake), measured) < 1e-8
        assert (measured < 0).all(), "a generator gains when its fake is called more real"


def test_discriminator_that_cannot_tell():
    np.testing.assert_allclose(losses.discriminator_loss([0.5, 0.5], [0.5]), 2 * math.log(2), rtol=1e-14)


def test_gan_losses_at_the_ends():
    """Clipped, not infinite; the gradient there is 0."""
    ends = np.array([0.0, 1.0], np.float32)
    assert np.isfinite([losses.discriminator_loss(ends, ends), losses.minimax_loss(ends), losses.non_saturating_loss(ends)]).all()
    for gradient in (*losses.discriminator_loss_gradient(ends, ends), losses.minimax_loss_gradient(ends)):
        np.testing.assert_array_equal(gradient, 0)
        assert gradient.dtype == np.float32
    for call in (
        lambda: losses.discriminator_loss([1.5], [0.5]),
        lambda: losses.discriminator_loss_gradient([0.5], [-0.5]),
        lambda: losses.minimax_loss([1.5]),
        lambda: losses.minimax_loss_gradient([1.5]),
        lambda: losses.non_saturating_loss([1.5]),
        lambda: losses.non_saturating_loss_gradient([1.5]),
    ):
        with pytest.raises(ValueError, match="predictions must be probabilities from 0 to 1"):
            call()
    with pytest.raises(ValueError, match="fake must be finite"):
        losses.minimax_loss([np.nan])


# In a network


@pytest.mark.parametrize("name", LOSSES)
def test_through_a_network(name):
    last = {"b": "sigmoid", "c": "softmax", "s": "softmax", "k": "softmax"}.get(name[0], "linear")
    last = "linear" if "logits" in name or name == "squared_hinge" else last
    rng = np.random.default_rng(5)
    network = Sequential([Dense(5, "tanh"), Dense(4, last)], inputs=3, rng=rng)
    result = check_network(network, rng.normal(size=(6, 3)), batch(name, rows=6)[0], name)
    assert result.passed, str(result)


def test_labels_reach_the_sparse_loss_of_a_float32_network():
    network = Sequential([Dense(4)], inputs=2, dtype=np.float32)
    value = network.loss_and_gradients(np.eye(2), [3, 0], "sparse_categorical_crossentropy_from_logits")
    assert value > 0 and network.gradient.dtype == np.float32
    records = network.trace(np.eye(2), [3, 0], "sparse_categorical_crossentropy_from_logits")
    assert records[0].delta.shape == (2, 4)


@pytest.mark.parametrize(
    ("y", "loss", "sentence"),
    [
        ([[1, 2]], "mse", r"y and the predictions must have the same shape; got \(1, 2\) and \(2, 4\)"),
        ([0, 4], "scce", "labels must be whole numbers from 0 to 3, one for each class; got 4"),
        ([0], "scce", r"y must have shape \(2,\); got \(1,\)"),
        (np.eye(4)[:2], "scce", "y must hold one label a row; got shape .* For one-hot rows use categorical_crossentropy"),
        ([0, 1], "cce", "y has one number a row, and 4 classes are predicted. For labels use sparse_categorical_crossentropy"),
        (np.ones((2, 4)), "cce", "each row of y must sum to 1; row 0 sums to 4"),
        (np.zeros((2, 4)), "hinge", "labels must be -1 or \\+1 for this loss; got 0. Turn 0/1 with 2"),
        (-np.ones((2, 4)), "bce", r"labels must lie between 0 and 1 for cross-entropy; got -1. Turn -1/\+1 with \(y \+ 1\) / 2"),
        ([[np.nan] * 4] * 2, "mse", "y must be finite"),
    ],
)
def test_network_says_what_is_wrong_with_the_targets(y, loss, sentence):
    network = Sequential([Dense(4)], inputs=2)
    with pytest.raises(ValueError, match=sentence):
        network.loss_and_gradients(np.eye(2), y, loss)
    with pytest.raises(ValueError, match=sentence):
        network.trace(np.eye(2), y, loss)


def test_network_without_the_right_last_layer():
    network = Sequential([Dense(2)], inputs=2)
    network.weights[:] = [3, 0, 0, 3, 0, 0]
    with pytest.raises(ValueError, match="predictions must be probabilities from 0 to 1; got 3. Put a sigmoid on the last"):
        network.loss_and_gradients(np.eye(2), np.eye(2), "bce")
    with pytest.raises(ValueError, match="predictions must be probabilities from 0 to 1; got 3. Put a softmax on the last"):
        network.loss_and_gradients(np.eye(2), np.eye(2), "cce")


# get, and bad input


def test_get():
    assert losses.get("mse") is losses.get(LOSSES["mean_squared_error"]) is LOSSES["mean_squared_error"]
    assert all(alias in losses.ALIASES and losses.get(alias) for alias in ("mae", "bce", "cce", "scce", "kld", "logcosh"))
    hash(losses.get("huber", delta=2))


@pytest.mark.parametrize(
    ("name", "parameters", "error", "sentence"),
    [
        ("hubber", {}, ValueError, "unknown loss 'hubber'. Did you mean 'huber'"),
        (None, {}, ValueError, "unknown loss None"),
        ("mse", {"delta": 1}, ValueError, "mean_squared_error has no parameter 'delta'. It takes none."),
        ("huber", {"margin": 1}, ValueError, "huber has no parameter 'margin'. It takes delta."),
        ("huber", {"delta": 0}, ValueError, "delta must be above 0; got 0"),
        ("huber", {"delta": "1"}, TypeError, "delta must be a number; got '1'"),
    ],
)
def test_get_says_what_is_wrong(name, parameters, error, sentence):
    with pytest.raises(error, match=sentence):
        losses.get(name, **parameters)


@pytest.mark.parametrize("name", LOSSES)
def test_bad_predictions(name):
    y, p = batch(name)
    for function in (LOSSES[name], LOSSES[name].slope):
        for bad, error, sentence in (
            (np.where(p == p[1, 2], np.nan, p), ValueError, r"y_pred must be finite; got nan at index \(1, 2\)"),
            (np.empty((0, 4)), ValueError, "y_pred is empty"),
            ([["a"] * 4] * 5, TypeError, "y_pred must hold numbers"),
            (3.0, ValueError, "y_pred must be an array of rows; got the one number 3"),
            (p[:3], ValueError, "same shape|must have shape"),
        ):
            with pytest.raises(error, match=sentence):
                function(y, bad)


@pytest.mark.parametrize("name", LOSSES)
def test_bad_targets(name):
    y, p = batch(name)
    for function in (LOSSES[name], LOSSES[name].slope):
        for bad, error, sentence in (
            (None, TypeError, "y_true must hold numbers"),
            (np.where(y == y.flat[3], np.inf, y), ValueError, "y_true must be finite"),
            ([], ValueError, "y_true .*(empty|shape)"),
            (y[:2], ValueError, "same shape|must have shape"),
        ):
            with pytest.raises(error, match=sentence):
                function(bad, p)


def test_huber_says_what_is_wrong_with_delta():
    for function in (losses.huber, losses.huber_gradient):
        with pytest.raises(ValueError, match="delta must be above 0; got -1"):
            function([1.0], [2.0], delta=-1)


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [([0, -1], "got -1"), ([0, 3], "from 0 to 2, one for each class; got 3"), ([0, 0.5], "got 0.5")],
)
def test_labels_that_are_no_class(labels, sentence):
    with pytest.raises(ValueError, match=sentence):
        losses.sparse_categorical_crossentropy_from_logits(labels, np.zeros((2, 3)))
