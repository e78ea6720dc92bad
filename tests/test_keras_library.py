"""Every activation, loss, layer and optimizer beside its twin in Keras, in float64, to 1e-9 and better.

Eleven rows in batches of four, four epochs, so that every epoch ends with a short batch. One column of
the data is 0 throughout: its weights have gradient 0, which optimizers get wrong in their own ways.
"""

import math

import numpy as np
import pytest
from gradschool import activations, initializers, losses, optimizers, regularizers
from gradschool.keras_twin import KERAS_FORMS, _floats, compare, keras, to_keras
from gradschool.layers import Activation, BatchNormalization, Dense, Dropout, Residual
from gradschool.network import Sequential

pytestmark = [pytest.mark.keras, pytest.mark.xdist_group("keras")]

STEPS = {"batch_size": 4, "steps": 12}


def rng(seed=0):
    return np.random.default_rng(seed)


X = rng(1).normal(size=(11, 3))
X[:, 2] = 0
Y = rng(2).uniform(0.1, 0.9, size=(11, 4))


def agree(layers, *, loss="mse", y=Y, optimizer=None, **settings):
    """Compare, and ask for more than the bar: the comparison itself raises above 1e-9."""
    network = Sequential(layers, inputs=3, rng=rng(3))
    before = network.weights.copy()
    result = compare(
        network, X, y, loss=loss, optimizer=optimizer or optimizers.SGD(0.1), show=False, **STEPS | settings
    )
    np.testing.assert_array_equal(network.weights, before)
    moved = [row for row in result.rows if "after 12 steps" in row.quantity]
    assert len(moved) >= 4, "the weights after the steps are compared"
    assert all(np.isfinite(row.ours).all() for row in result.rows)
    return result


@pytest.mark.parametrize("name", activations.ACTIVATIONS)
def test_activation(name):
    agree([Dense(5, name), Dense(4, "tanh"), Dense(4)])


@pytest.mark.parametrize("name", [n for n, row in activations.ACTIVATIONS.items() if row.parameters])
def test_activation_with_other_parameters(name):
    row = activations.ACTIVATIONS[name]
    other = {key: tuple(0.7 * v for v in value) if isinstance(value, tuple) else value * 0.7 for key, value in row.parameters.items()}  # fmt: skip
    agree([Dense(5, activations.get(name, **other)), Dense(4)])


def test_leaky_relu_and_gelu_are_keras_own_but_for_a_rounded_constant():
    z = rng(4).normal(size=(5, 3))
    tensor, library = keras().ops.convert_to_tensor(z, "float64"), keras().activations
    slope, root = float(np.float32(0.2)), float(np.float32(math.sqrt(0.5)))
    rounded = activations.leaky_relu(z, negative_slope=slope)
    np.testing.assert_allclose(rounded, library.leaky_relu(tensor), rtol=1e-15)
    assert np.max(np.abs(activations.gelu(z) - library.gelu(tensor))) < 1e-7
    rounded = np.vectorize(lambda v: v * (1 + math.erf(v * root)) / 2)(z)
    np.testing.assert_allclose(rounded, library.gelu(tensor), rtol=1e-12)


def test_activation_layer():
    agree([Dense(5), Activation("tanh"), Dense(4), Activation("softmax")], loss="categorical_crossentropy", y=ONE_HOT)


LABELS = rng(5).integers(0, 4, 11)
ONE_HOT = np.eye(4)[LABELS]
SIGNS = np.sign(Y - 0.5)
LOSSES = {
    "half_squared_error": ("linear", Y),
    "mean_squared_error": ("linear", Y),
    "mean_absolute_error": ("linear", Y),
    "huber": ("linear", 3 * Y),
    "log_cosh": ("linear", Y),
    "binary_crossentropy": ("sigmoid", (Y > 0.5) * 1.0),
    "binary_crossentropy_from_logits": ("linear", Y),
    "categorical_crossentropy": ("softmax", ONE_HOT),
    "categorical_crossentropy_from_logits": ("linear", ONE_HOT),
    "sparse_categorical_crossentropy": ("softmax", LABELS),
    "sparse_categorical_crossentropy_from_logits": ("linear", LABELS),
    "perceptron": ("linear", SIGNS),
    "hinge": ("linear", SIGNS),
    "squared_hinge": ("linear", SIGNS),
    "kl_divergence": ("softmax", Y / Y.sum(axis=1, keepdims=True)),
}


def test_every_loss_is_here():
    assert set(LOSSES) == set(losses.LOSSES)


@pytest.mark.parametrize("name", LOSSES)
def test_loss(name):
    last, y = LOSSES[name]
    agree([Dense(5, "tanh"), Dense(4, last)], loss=name, y=y)


def test_huber_with_another_delta():
    agree([Dense(5, "tanh"), Dense(4)], loss=losses.get("huber", delta=0.3))


def test_log_cosh_is_keras_own_but_for_a_rounded_logarithm():
    theirs = float(np.mean(keras().losses.log_cosh(Y, Y[::-1])))
    ours = losses.log_cosh(Y, Y[::-1])
    assert 1e-12 < abs(ours - theirs) < 1e-7
    np.testing.assert_allclose(ours + np.log(2) - float(np.float32(np.log(2))), theirs, rtol=1e-12)


LAYERS = {
    "no bias": lambda: [Dense(5, "tanh", use_bias=False), Dense(4)],
    "batch normalization": lambda: [Dense(5, use_bias=False), BatchNormalization(), Activation("tanh"), Dense(4)],
    "batch normalization, other settings": lambda: [
        Dense(5, "tanh"),
        BatchNormalization(momentum=0.5, epsilon=0.01),
        Dense(4),
    ],
    "a bias before batch normalization": lambda: [Dense(5), BatchNormalization(), Activation("tanh"), Dense(4)],
    "dropout": lambda: [Dense(7, "tanh"), Dropout(0.4), Dense(4)],
    "dropout, the lecture's": lambda: [Dense(7, "tanh"), Dropout(0.4, inverted=False), Dense(4)],
    "dropout of the data": lambda: [Dropout(0.3), Dense(4)],
    "residual": lambda: [Dense(4, "tanh"), Residual([Dense(6, "tanh"), Dense(4)]), Dense(4)],
    "residual in residual": lambda: [
        Dense(4),
        Residual([Dense(4, "tanh"), Residual([Dense(3, "relu"), BatchNormalization(), Dropout(0.5), Dense(4)])]),
    ],
    "L1, L2": lambda: [
        Dense(5, "tanh", kernel_regularizer=regularizers.L1L2(0.013, 0.007)),
        Dense(4, kernel_regularizer="l2"),
    ],
    "max-norm": lambda: [Dense(5, "tanh", kernel_constraint=regularizers.MaxNorm(0.3)), Dense(4)],
    "everything": lambda: [
        Dense(6, kernel_regularizer="l2", kernel_constraint=regularizers.MaxNorm(0.7)),
        BatchNormalization(),
        Activation("relu"),
        Dropout(0.25),
        Residual([Dense(6, "gelu", kernel_regularizer="l1")]),
        Dense(4, "softmax"),
    ],
}


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_layers(name, optimizer):
    chosen = {"sgd": optimizers.SGD(0.1, momentum=0.9), "adam": optimizers.Adam(0.01)}[optimizer]
    loss, y = ("categorical_crossentropy", ONE_HOT) if name == "everything" else ("mse", Y)
    agree(LAYERS[name](), optimizer=chosen, loss=loss, y=y)


def test_moving_averages_are_compared():
    rows = agree(LAYERS["batch normalization"]()).rows
    named = {row.quantity: row for row in rows}
    moved = named["moving_mean of layer 2 after 12 steps"], named["moving_variance of layer 2 after 12 steps"]
    assert all(row.relative < 1e-13 for row in moved)
    assert np.abs(moved[0].ours).max() > 1e-3 and np.abs(moved[1].ours - 1).max() > 1e-3


@pytest.mark.parametrize("frozen", [0, 1])
def test_frozen_layers(frozen):
    network = Sequential([Dense(5, "tanh"), BatchNormalization(), Dense(4)], inputs=3, rng=rng(3))
    network.layers[frozen].trainable = False
    result = compare(network, X, Y, loss="mse", optimizer=optimizers.Adam(0.01), show=False, **STEPS)
    assert not any("dL/d" in row.quantity and f"layer {frozen + 1}" in row.quantity for row in result.rows)
    stays = [row for row in result.rows if f"of layer {frozen + 1} after" in row.quantity]
    arrays = {**network.layers[frozen].params, **network.layers[frozen].state}
    for row in stays:
        np.testing.assert_array_equal(row.ours, arrays[row.quantity.split()[0]])


def test_layer_by_layer():
    network = Sequential(LAYERS["everything"](), inputs=3, rng=rng(3))
    result = compare(network, X, ONE_HOT, loss="categorical_crossentropy", by_layer=True, show=False)
    outputs = [row for row in result.rows if row.quantity.startswith("output of layer")]
    assert [row.quantity for row in outputs] == [f"output of layer {i}" for i in range(1, 7)]
    for row, record in zip(outputs, network.trace(X), strict=True):
        np.testing.assert_array_equal(row.ours, record.output)
        assert row.relative < 1e-13
    alone = compare(Sequential([Dense(4)], inputs=3), X, Y, loss="mse", by_layer=True, show=False)
    assert alone.rows[0].quantity == "output of layer 1"


def test_layer_by_layer_names_the_first_that_differs(monkeypatch):
    forward = Activation._forward
    monkeypatch.setattr(Activation, "_forward", lambda self, x, training: 1.001 * forward(self, x, training))
    network = Sequential([Dense(5), Activation("tanh"), Dense(4)], inputs=3, rng=rng(3))
    with pytest.raises(AssertionError, match="differ in: output of layer 2, output of layer 3"):
        compare(network, X, Y, loss="mse", by_layer=True, show=False)


def test_all_layers_frozen():
    network = Sequential([Dense(5, "tanh"), Dense(4)], inputs=3, rng=rng(3))
    for layer in network.layers:
        layer.trainable = False
    result = compare(network, X, Y, loss="mse", optimizer=optimizers.SGD(0.1), show=False, **STEPS)
    assert result.passed and not any("dL/d" in row.quantity for row in result.rows)


schedules = (
    optimizers.ExponentialDecay(0.1, 3, 0.7),
    optimizers.ExponentialDecay(0.1, 3, 0.7, staircase=True),
    optimizers.CosineDecay(0.1, 10, alpha=0.05),
    optimizers.PiecewiseConstantDecay([2, 7], [0.1, 0.05, 0.01]),
)
OPTIMIZERS = [
    optimizers.SGD(0.1),
    optimizers.SGD(0.1, momentum=0.9),
    optimizers.SGD(0.1, momentum=0.9, nesterov=True),
    optimizers.AdaGrad(0.1),
    optimizers.AdaGrad(0.1, initial_accumulator_value=0.01, epsilon=1e-4),
    optimizers.RMSprop(0.01),
    optimizers.RMSprop(0.01, rho=0.8, momentum=0.7, epsilon=1e-4),
    optimizers.Adam(0.01),
    optimizers.Adam(0.01, beta_1=0.7, beta_2=0.95, epsilon=1e-3),
    optimizers.AdamW(0.01),
    optimizers.AdamW(0.01, weight_decay=0.3),
    optimizers.AdamW(0.01, weight_decay=0.3, exclude_from_weight_decay="bias"),
    optimizers.SGD(0.1, weight_decay=0.3),
    optimizers.SGD(0.1, clipvalue=0.01),
    optimizers.SGD(0.1, clipnorm=0.05),
    optimizers.SGD(0.1, global_clipnorm=0.05),
    optimizers.Adam(0.01, global_clipnorm=0.05, weight_decay=0.1),
    *(optimizers.SGD(rate, momentum=0.9) for rate in schedules),
    *(optimizers.Adam(rate) for rate in schedules[:1]),
]


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda o: f"{o!r}"[:60])
def test_optimizer(optimizer):
    result = agree([Dense(5, "tanh"), Dense(4)], optimizer=optimizer)
    kernel = next(row for row in result.rows if row.quantity == "kernel of layer 1 after 12 steps")
    start = Sequential([Dense(5, "tanh"), Dense(4)], inputs=3, rng=rng(3)).layers[0].params["kernel"]
    if not optimizer.weight_decay:
        np.testing.assert_array_equal(kernel.ours[2], start[2])  # the coordinate whose gradient is 0


def test_a_hundred_steps_of_adam_agree_to_rounding():
    result = compare(
        Sequential([Dense(5, "tanh"), Dense(4)], inputs=3, rng=rng(3)),
        X, Y, loss="mse", optimizer=optimizers.Adam(0.01), steps=100, batch_size=4, show=False,
    )  # fmt: skip
    assert result.largest < 1e-12


@pytest.mark.parametrize("schedule", schedules, ids=repr)
def test_schedule(schedule):
    theirs = to_keras(optimizers.SGD(schedule))
    for step in range(14):
        theirs.iterations.assign(step)
        np.testing.assert_allclose(float(theirs.learning_rate), schedule(step), rtol=1e-15)


def test_the_loop_here_is_keras_fit():
    """Forward, tape, apply: the same as ``fit`` without shuffling, uneven last batch and all."""
    network = Sequential([Dense(5, "tanh"), BatchNormalization(), Dense(4)], inputs=3, rng=rng(3))
    twin = to_keras(network)
    twin.compile(optimizer=to_keras(optimizers.Adam(0.01)), loss=to_keras(losses.get("mse")), run_eagerly=True)
    with _floats("float64"):  # fit turns the data into this type
        twin.fit(X, Y, batch_size=4, epochs=4, shuffle=False, verbose=0)
    result = compare(network, X, Y, loss="mse", optimizer=optimizers.Adam(0.01), show=False, **STEPS)
    rows = {row.quantity: row.keras for row in result.rows}
    for layer, twin_layer in zip((1, 2, 3), twin.layers, strict=True):
        for variable in twin_layer.weights:
            np.testing.assert_allclose(
                rows[f"{variable.name} of layer {layer} after 12 steps"], variable.numpy(), rtol=1e-12, atol=1e-15
            )


@pytest.mark.parametrize(
    ("thing", "sentence"),
    [
        (optimizers.LARS(), "LARS has no twin"),
        (optimizers.Nesterov(), r"SGD\(nesterov=True\)"),
        (optimizers.RMSprop(epsilon_inside=False), "use epsilon_inside=True"),
        (optimizers.AdaGrad(epsilon_inside=False), "use epsilon_inside=True"),
        (optimizers.Adam(epsilon_hat=False), "use epsilon_hat=True"),
        (optimizers.SGD(momentum=0.9, form="average"), "use SGD"),
        (regularizers.MaxNorm(2, epsilon=0), "use epsilon=1e-7"),
        ("mse", "str has no twin"),
    ],
)
def test_what_has_no_twin_says_so(thing, sentence):
    with pytest.raises(TypeError, match=sentence):
        to_keras(thing)


def test_the_forms_that_are_not_keras_are_all_refused():
    assert set(KERAS_FORMS) == {"form", "epsilon_inside", "epsilon_hat"}


def test_a_twin_alone_has_keras_own_dropout():
    twin = to_keras(Sequential([Dropout(0.5), Dense(4)], inputs=3))
    assert type(twin.layers[0]) is keras().layers.Dropout and twin.layers[0].rate == 0.5


def test_float32_is_compared_too():
    network = Sequential([Dense(5, "tanh"), Dense(4)], inputs=3, rng=rng(3), dtype=np.float32)
    result = compare(network, X, Y, loss="mse", optimizer=optimizers.Adam(0.01), show=False, **STEPS)
    assert 1e-9 < result.largest and all(
        row.ours.dtype == np.float32 for row in result.rows if "kernel" in row.quantity
    )


DRAWN = {
    "random_normal": {},
    "random_normal wider": {"stddev": 0.5},
    "random_uniform": {"limit": 0.3},
    "glorot_uniform": {},
    "glorot_normal": {},
    "glorot_normal plain": {"truncated": False},
    "he_uniform": {},
    "he_normal": {},
    "he_normal plain": {"truncated": False},
    "lecun_uniform": {},
    "lecun_normal": {},
    "lecun_normal plain": {"truncated": False},
}


def farthest_apart(a, b):
    """Return the largest distance between two distribution functions (Kolmogorov and Smirnov)."""
    everything = np.sort(np.concatenate([a, b]))
    shares = [np.searchsorted(np.sort(part), everything, side="right") / len(part) for part in (a, b)]
    return np.abs(shares[0] - shares[1]).max()


@pytest.mark.parametrize("case", DRAWN)
def test_initializers_draw_from_the_same_distribution(case):
    initializer = initializers.get(case.split()[0], **DRAWN[case])
    ours = initializer((300, 200), rng(1)).ravel()
    theirs = np.asarray(to_keras(initializer, seed=2)((300, 200), dtype="float64")).ravel()
    assert farthest_apart(ours, theirs) < 1.63 * np.sqrt(2 / ours.size), "one in a hundred by chance"
    np.testing.assert_allclose(ours.std(), theirs.std(), rtol=0.02)
    assert farthest_apart(ours, 1.05 * theirs) > 1.63 * np.sqrt(2 / ours.size) or "normal" in case


def test_constant_initializers_are_the_same():
    for initializer in (initializers.zeros, initializers.ones, initializers.get("constant", value=0.25)):
        np.testing.assert_array_equal(to_keras(initializer)((3, 2)), initializer((3, 2)))


def test_an_initializer_of_your_own_has_no_twin():
    with pytest.raises(TypeError, match="the initializer mine has no twin"):

        def mine(shape, rng, dtype):
            return np.zeros(shape, dtype)

        to_keras(mine)
