"""Layers: forward by formula, backward against central differences, nothing changed that is not theirs."""

import copy

import numpy as np
import pytest
from gradschool import gradients, layers
from gradschool.layers import (
    Activation,
    BatchNormalization,
    Dense,
    Dropout,
    Residual,
    batch_norm_backward,
    batch_norm_forward,
    dropout_backward,
    dropout_forward,
    dropout_mask,
)
from gradschool.regularizers import MaxNorm
from hypothesis import given, settings
from hypothesis import strategies as st


def rng(seed=3):
    return np.random.default_rng(seed)


X = rng().normal(2, 3, size=(6, 4))
UPSTREAM = rng(4).normal(size=(6, 4))


def fixed_dropout():
    layer = Dropout(0.4)
    layer.fixed_mask = rng(9).random((6, 4)) > 0.4
    return layer


def moved_batch_norm(**options):
    layer = BatchNormalization(**options).build(4, rng=rng())
    layer.params["gamma"] = [0.5, -1.5, 2.0, 1.0]
    layer.params["beta"] = [0.3, 0.0, -1.0, 2.0]
    layer.state["moving_mean"][...] = [1.0, 2.0, -1.0, 0.5]
    layer.state["moving_variance"][...] = [4.0, 0.5, 1.0, 9.0]
    return layer


KINDS = {
    "dense": lambda: Dense(3, "tanh"),
    "dense without bias": lambda: Dense(3, use_bias=False),
    "activation": lambda: Activation("sigmoid"),
    "activation of z": lambda: Activation("softplus"),
    "softmax": lambda: Activation("softmax"),
    "batch normalization": BatchNormalization,
    "dropout": fixed_dropout,
    "residual": lambda: Residual([Dense(5, "tanh"), BatchNormalization(), Residual([Dense(5)]), Dense(4)]),
}


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_backward_against_central_differences(kind, training):
    layer = KINDS[kind]().build(4, rng=rng())
    check = gradients.check_layer(layer, X, rng=rng(), training=training)
    assert check.passed, f"\n{check}"


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_of_the_callers_is_written_to_and_backward_repeats(kind):
    layer = KINDS[kind]().build(4, rng=rng())
    x, dy = X.copy(), rng(4).normal(size=(6, layer.outputs))
    kept = dy.copy()
    y = layer.forward(x, training=True)
    y_before, params = y.copy(), {name: p.copy() for name, p in layer.params.items()}
    first = layer.backward(dy).copy()
    grads = {name: g.copy() for name, g in layer.grads.items()}
    second = layer.backward(dy)
    assert (first == second).all()
    assert (x == X).all()
    assert (dy == kept).all()
    assert (y == y_before).all()
    for name, values in layer.params.items():
        assert (values == params[name]).all()
        assert (layer.grads[name] == grads[name]).all()


@pytest.mark.parametrize("kind", KINDS)
def test_what_forward_returns_is_not_what_it_was_given(kind):
    layer = KINDS[kind]().build(4, rng=rng())
    for training in (True, False):
        y = layer.forward(X, training=training)
        assert not np.shares_memory(y, X)


@pytest.mark.parametrize("kind", KINDS)
def test_float32_stays_float32(kind):
    layer = KINDS[kind]().build(4, rng=rng(), dtype=np.float32)
    for training in (True, False):
        y = layer.forward(X, training=training)
        assert y.dtype == np.float32
        assert layer.backward(np.ones_like(y)).dtype == np.float32
    arrays = [*layer.params.values(), *layer.grads.values(), *layer.state.values()]
    assert {a.dtype for a in arrays} <= {np.dtype(np.float32)}


# --- Dense -------------------------------------------------------------------------------------------------------


def test_dense_penalty_is_added_by_the_network_not_by_backward():
    layer = Dense(3, kernel_regularizer="l2").build(4, rng=rng())
    layer.forward(X)
    layer.backward(np.ones((6, 3)))
    assert np.allclose(layer.grads["kernel"], X.T @ np.ones((6, 3)))
    assert layer.penalty() == pytest.approx(0.01 * (layer.params["kernel"] ** 2).sum(), rel=1e-14)
    layer.trainable = False
    assert layer.penalty() == 0


def test_dense_constraint():
    layer = Dense(3, kernel_constraint=MaxNorm(0.5, epsilon=0)).build(4, rng=rng())
    layer.params["kernel"] = 10 * layer.params["kernel"]
    layer.constrain()
    assert np.allclose(np.linalg.norm(layer.params["kernel"], axis=0), 0.5)
    frozen = Dense(3, kernel_constraint="max_norm").build(4, rng=rng())
    frozen.params["kernel"], frozen.trainable = np.full((4, 3), 9.0), False
    frozen.constrain()
    assert (frozen.params["kernel"] == 9).all()


# --- Batch normalization -----------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 9), st.integers(1, 4), st.floats(-50, 50), st.floats(0.1, 20), st.integers(0, 10**6))
def test_batch_norm_output_moments(rows, features, mean, spread, seed):
    x = rng(seed).normal(mean, spread, size=(rows, features))
    y, cache = batch_norm_forward(x, np.ones(features), np.zeros(features), epsilon=1e-12)
    if x.var(axis=0).min() > 1e-6:
        assert np.allclose(y.mean(axis=0), 0, atol=1e-9)
        assert np.allclose(y.var(axis=0), 1, atol=1e-5)
    scaled, _ = batch_norm_forward(x, np.full(features, 3.0), np.full(features, -2.0))
    plain, _ = batch_norm_forward(x, np.ones(features), np.zeros(features))
    assert np.allclose(scaled, 3 * plain - 2)
    assert cache.mean == pytest.approx(x.mean(axis=0))


def test_batch_norm_variance_is_biased_and_epsilon_is_inside_the_root():
    x = np.array([[1.0], [3.0]])
    y, cache = batch_norm_forward(x, [1.0], [0.0], epsilon=0.5)
    assert cache.variance == [1.0]
    assert np.allclose(y, [[-1 / np.sqrt(1.5)], [1 / np.sqrt(1.5)]], rtol=1e-15)


def test_batch_norm_of_a_column_without_spread():
    y, cache = batch_norm_forward([[5.0], [5.0]], [2.0], [1.0])
    assert (y == 1).all()
    assert np.isfinite(batch_norm_backward([[1.0], [2.0]], cache)[0]).all()


def test_batch_norm_backward_is_zero_under_ones_but_not_under_random_gradients():
    _, cache = batch_norm_forward(X, np.ones(4), np.zeros(4))
    assert np.abs(batch_norm_backward(np.ones((6, 4)), cache)[0]).max() < 1e-12
    assert np.abs(batch_norm_backward(UPSTREAM, cache)[0]).max() > 0.1


def test_batch_norm_moving_statistics():
    layer = BatchNormalization(momentum=0.75).build(4, rng=rng())
    assert (layer.state["moving_mean"] == 0).all()
    assert (layer.state["moving_variance"] == 1).all()
    mean, variance = np.zeros(4), np.ones(4)
    for seed in range(3):
        x = rng(seed).normal(seed, 2, size=(5, 4))
        layer.forward(x, training=True)
        mean = 0.75 * mean + 0.25 * x.mean(axis=0)
        variance = 0.75 * variance + 0.25 * x.var(axis=0)
    assert np.allclose(layer.state["moving_mean"], mean, rtol=1e-13)
    assert np.allclose(layer.state["moving_variance"], variance, rtol=1e-13)
    before = copy.deepcopy(layer.state)
    y = layer.forward(X)
    assert np.allclose(y, (X - mean) / np.sqrt(variance + 1e-3), rtol=1e-12)
    assert all((before[name] == layer.state[name]).all() for name in before)


def test_batch_norm_defaults_are_keras():
    layer = BatchNormalization()
    assert (layer.momentum, layer.epsilon) == (0.99, 1e-3)


def test_frozen_batch_norm_works_as_in_inference():
    layer = moved_batch_norm()
    expected = layer.forward(X)
    layer.trainable = False
    before = copy.deepcopy(layer.state)
    assert (layer.forward(X, training=True) == expected).all()
    assert all((before[name] == layer.state[name]).all() for name in before)
    layer.trainable = True
    assert np.abs(layer.forward(X, training=True) - expected).max() > 0.1


def test_batch_norm_gradient_is_scaled_by_gamma_at_the_time_of_the_forward_pass():
    layer = moved_batch_norm()
    layer.forward(X, training=True)
    first = layer.backward(UPSTREAM)
    layer.params["gamma"] = np.zeros(4)
    assert (layer.backward(UPSTREAM) == first).all()


# --- Dropout -----------------------------------------------------------------------------------------------------


def test_dropout_scales_what_it_keeps_and_the_gradient_with_it():
    mask = np.array([[1, 0, 1, 1]])
    y, cache = dropout_forward([[1.0, 2.0, 3.0, 4.0]], 0.2, mask=mask)
    assert np.allclose(y, [[1.25, 0, 3.75, 5]], rtol=1e-15)
    assert np.allclose(dropout_backward([[1.0, 1.0, -2.0, 0.0]], cache), [[1.25, 0, -2.5, 0]], rtol=1e-15)
    lecture, cache = dropout_forward([[1.0, 2.0, 3.0, 4.0]], 0.2, mask=mask, inverted=False)
    assert (lecture == [[1, 0, 3, 4]]).all()
    assert (dropout_backward([[1.0, 1.0, -2.0, 0.0]], cache) == [[1, 0, -2, 0]]).all()


@settings(max_examples=20, deadline=None)
@given(st.floats(0, 0.9), st.integers(0, 10**6))
def test_expected_dropout_is_the_input(rate, seed):
    x = np.full((200, 200), 2.0)
    y, _ = dropout_forward(x, rate, rng=rng(seed))
    standard_error = 2 * np.sqrt(rate / (1 - rate) / x.size)
    assert abs(y.mean() - 2) <= 5 * standard_error + 1e-12
    assert abs((y == 0).mean() - rate) <= 5 * np.sqrt(rate * (1 - rate) / x.size) + 1e-12


def test_dropout_draws_a_new_mask_every_pass_and_none_in_inference():
    layer = Dropout(0.5, rng=rng()).build(50, rng=rng(7))
    x = np.ones((20, 50))
    first, second = layer.forward(x, training=True), layer.forward(x, training=True)
    assert (first != second).any()
    assert (layer.forward(x) == x).all()
    assert (layer.backward(2 * x) == 2 * x).all()
    again = Dropout(0.5, rng=rng()).build(50, rng=rng(8))
    assert (again.forward(x, training=True) == first).all()
    assert (again.mask == (first > 0)).all()


def test_dropout_of_the_lecture_scales_by_the_keep_probability_in_inference():
    layer = Dropout(0.2, inverted=False).build(4, rng=rng())
    assert np.allclose(layer.forward(X), 0.8 * X, rtol=1e-15)
    assert np.allclose(layer.backward(X), 0.8 * X, rtol=1e-15)
    layer.fixed_mask = np.ones((6, 4))
    assert (layer.forward(X, training=True) == X).all()


def test_dropout_takes_the_networks_generator_when_it_has_none():
    source = rng(1)
    assert Dropout(0.5).build(4, rng=source).rng is source


# --- Residual ----------------------------------------------------------------------------------------------------


def test_residual_adds_its_input_and_shares_memory_with_its_layers():
    block = Residual([Dense(3, "tanh"), Dense(4)]).build(4, rng=rng())
    inner = block.layers
    expected = X + inner[1].forward(inner[0].forward(X))
    assert (block.forward(X) == expected).all()
    block.params["2 bias"] = [1.0, 2.0, 3.0, 4.0]
    assert (inner[1].params["bias"] == [1, 2, 3, 4]).all()
    assert list(block.params) == ["1 kernel", "1 bias", "2 kernel", "2 bias"]


def test_residual_freezes_its_layers_and_shows_their_state():
    block = Residual([BatchNormalization(momentum=0.5), Dense(4)]).build(4, rng=rng())
    assert set(block.state) == {"1 moving_mean", "1 moving_variance"}
    block.forward(X, training=True)
    assert np.allclose(block.state["1 moving_mean"], 0.5 * X.mean(axis=0))
    block.trainable = False
    assert not any(layer.trainable for layer in block.layers)
    assert not block.trainable


def test_residual_of_zeros_hands_everything_through():
    block = Residual([Dense(4, kernel_initializer="zeros")]).build(4, rng=rng())
    assert (block.forward(X) == X).all()
    assert (block.backward(UPSTREAM) == UPSTREAM).all()


# --- Bad input ---------------------------------------------------------------------------------------------------

GOOD = batch_norm_forward(X, np.ones(4), np.zeros(4))[1]


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: Dense(0), "units must be 1 or more; got 0"),
        (lambda: Dense(3, "rellu"), "Did you mean 'relu'"),
        (lambda: Dense(3, kernel_regularizer="l3"), "unknown regularizer"),
        (lambda: Dense(3, kernel_constraint="norm"), "unknown constraint"),
        (lambda: Activation("tanhh"), "Did you mean 'tanh'"),
        (lambda: BatchNormalization(momentum=1.1), "momentum must be at least 0 and at most 1; got 1.1"),
        (lambda: BatchNormalization(epsilon=0), "epsilon must be above 0"),
        (lambda: Dropout(1.0), "rate must be at least 0 and below 1; got 1"),
        (lambda: Dropout(-0.1), "rate must be at least 0 and below 1; got -0.1"),
        (lambda: Dropout(0.5, rng=3), "rng must be a numpy.random.Generator"),
        (lambda: Residual([]), "needs at least one layer"),
        (lambda: Residual([Dense(3)]).build(4, rng=rng()), "got 4 in and 3 out"),
        (lambda: Dense(3).forward(X), "no weights yet"),
        (lambda: BatchNormalization().build(4, rng=rng()).backward(X), "needs a forward pass first"),
        (lambda: Dense(3).build(4, rng=rng()).forward(X[:, :3]), "x must have shape (any, 4)"),
        (lambda: Dropout(0.5).build(4, rng=rng()).forward(X * np.nan), "x must be finite"),
        (lambda: batch_norm_forward(X[0], [1.0], [1.0]), "x must have 2 axes"),
        (lambda: batch_norm_forward(X, np.ones(3), np.zeros(4)), "gamma must have shape (4,)"),
        (lambda: batch_norm_forward(X, np.ones(4), np.zeros(4), epsilon=-1), "epsilon must be above 0"),
        (lambda: batch_norm_forward(X, np.ones(4), np.zeros(4), mean=np.zeros(4)), "both mean and variance"),
        (
            lambda: batch_norm_forward(X, np.ones(4), np.zeros(4), mean=np.zeros(4), variance=-np.ones(4)),
            "variance must be 0 or more; got -1",
        ),
        (lambda: batch_norm_backward(X[:3], GOOD), "dy must have shape (6, 4)"),
        (lambda: batch_norm_backward(X, "cache"), "cache must be what batch_norm_forward returned"),
        (lambda: dropout_mask((2, 2), 1.0, rng()), "rate must be at least 0 and below 1"),
        (lambda: dropout_forward(X, 0.5), "rng must be a numpy.random.Generator"),
        (lambda: dropout_forward(X, 0.5, mask=np.ones((2, 2))), "mask must have shape (6, 4)"),
        (lambda: dropout_forward(X, 0.5, mask=np.full((6, 4), 2)), "mask must hold 0 (dropped) and 1 (kept) only; got 2"),
        (lambda: dropout_backward(X[:2], X), "dy must have shape (6, 4)"),
    ],
)
def test_bad_input_gets_a_sentence(call, sentence):
    with pytest.raises((ValueError, TypeError, RuntimeError)) as caught:
        call()
    assert sentence in str(caught.value)


def test_every_public_name_has_a_docstring():
    for name in dir(layers):
        thing = getattr(layers, name)
        if not name.startswith("_") and getattr(thing, "__module__", "") == "gradschool.layers":
            assert thing.__doc__, name
