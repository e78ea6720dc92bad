"""Where Keras and the textbook differ, row by row: our default is Keras', and the other form is not.

Each test holds Keras itself (run here, in float64) to our default form within 1e-9, and shows that the
textbook's form misses it by far more. The table for readers is in the docstrings of the modules.
"""

from inspect import signature

import numpy as np
import pytest
from gradschool import activations, initializers, losses, optimizers, regularizers
from gradschool.keras_twin import _floats, compare, keras, to_keras
from gradschool.layers import Activation, BatchNormalization, Dense, Dropout
from gradschool.network import Sequential
from gradschool.training import EarlyStopping, fit

pytestmark = [pytest.mark.keras, pytest.mark.xdist_group("keras")]


def rng(seed=0):
    return np.random.default_rng(seed)


START = np.array([0.5, -1.2, 0.8, 0.3])
GRADIENTS = rng(11).normal(size=(8, 4)) * [1.0, 0.01, 5.0, 0.0]


def path(optimizer, rates=None):
    """Walk ours along the gradients; with rates, the learning rate changes from step to step."""
    optimizer.keras_rounding = True
    w = START.copy()
    for i, g in enumerate(GRADIENTS):
        if rates:
            optimizer.learning_rate = rates[i]
        w = optimizer.step(w, g)
    return w


def keras_path(optimizer, rates=None):
    """Walk Keras' own optimizer along the same gradients."""
    library = keras()
    w = library.Variable(START, dtype="float64")
    for i, g in enumerate(GRADIENTS):
        if rates:
            optimizer.learning_rate = rates[i]
        optimizer.apply([library.ops.convert_to_tensor(g)], [w])
    return w.numpy()


def theirs(name, **settings):
    with _floats("float64"):
        return getattr(keras().optimizers, name)(**settings)


def is_keras(here, there):
    np.testing.assert_allclose(here, there, rtol=1e-9, atol=1e-12)


def is_not(here, there, by=1e-6):
    assert np.max(np.abs(np.asarray(here) - np.asarray(there))) > by


# Optimizers


def test_momentum_has_the_rate_inside_the_velocity():
    rates = [0.1, 0.1, 0.01, 0.01, 0.05, 0.02, 0.1, 0.1]
    there = keras_path(theirs("SGD", learning_rate=0.1, momentum=0.9), rates)
    is_keras(path(optimizers.SGD(0.1, momentum=0.9), rates), there)
    is_not(path(optimizers.SGD(0.1, momentum=0.9, form="rate outside"), rates), there)
    is_not(path(optimizers.SGD(0.1, momentum=0.9, form="average"), rates), there)


def test_with_a_constant_rate_the_first_two_forms_are_one():
    there = keras_path(theirs("SGD", learning_rate=0.1, momentum=0.9))
    is_keras(path(optimizers.SGD(0.1, momentum=0.9, form="rate outside")), there)
    is_not(path(optimizers.SGD(0.1, momentum=0.9, form="average")), there)


def test_nesterov_in_keras_walks_along_the_look_ahead_points():
    library, steep = keras(), np.array([1.0, 4.0, 0.3, 0.0])
    there, variable = (
        theirs("SGD", learning_rate=0.1, momentum=0.9, nesterov=True),
        library.Variable(START, dtype="float64"),
    )
    lecture, w = optimizers.Nesterov(0.1, momentum=0.9, keras_rounding=True), START
    for _ in range(8):
        is_keras(lecture.look_ahead(w), variable.numpy())
        w = lecture.step(w, steep * lecture.look_ahead(w))
        there.apply([steep * variable], [variable])
    is_not(w, variable.numpy(), 1e-3)


def test_adagrad_starts_at_a_tenth_with_epsilon_inside():
    there = keras_path(theirs("Adagrad", learning_rate=0.1, epsilon=1e-3))
    is_keras(path(optimizers.AdaGrad(0.1, epsilon=1e-3)), there)
    is_not(path(optimizers.AdaGrad(0.1, epsilon=1e-3, initial_accumulator_value=0)), there)
    is_not(path(optimizers.AdaGrad(0.1, epsilon=1e-3, epsilon_inside=False)), there)
    assert optimizers.AdaGrad().initial_accumulator_value == theirs("Adagrad").initial_accumulator_value == 0.1


def test_rmsprop_has_epsilon_inside_the_root():
    there = keras_path(theirs("RMSprop", learning_rate=0.01, epsilon=1e-5))
    is_keras(path(optimizers.RMSprop(0.01, epsilon=1e-5)), there)
    is_not(path(optimizers.RMSprop(0.01, epsilon=1e-5, epsilon_inside=False)), there)
    assert (theirs("RMSprop").rho, theirs("RMSprop").epsilon) == (0.9, 1e-7)
    assert (optimizers.RMSprop().rho, optimizers.RMSprop().epsilon) == (0.9, 1e-7)


def test_adam_has_epsilon_beside_the_uncorrected_root():
    there = keras_path(theirs("Adam", learning_rate=0.01, epsilon=1e-3))
    is_keras(path(optimizers.Adam(0.01, epsilon=1e-3)), there)
    is_not(path(optimizers.Adam(0.01, epsilon=1e-3, epsilon_hat=False)), there)
    assert theirs("Adam").epsilon == optimizers.Adam().epsilon == 1e-7


@pytest.mark.parametrize("name", ["AdamW", "SGD"])
def test_weight_decay_takes_biases_too(name):
    network = Sequential([Dense(4)], inputs=3, rng=rng(1))
    network.layers[0].params["bias"] = [1.0, -2.0, 0.5, 3.0]
    x, y = rng(2).normal(size=(6, 3)), rng(3).normal(size=(6, 4))
    ours = {"AdamW": optimizers.AdamW, "SGD": optimizers.SGD}[name]
    compare(network, x, y, loss="mse", optimizer=ours(0.01, weight_decay=0.3), steps=4, show=False)
    there = to_keras(network)
    there.compile(optimizer=theirs(name, learning_rate=0.01, weight_decay=0.3), loss="mse", run_eagerly=True)
    with _floats("float64"):
        there.fit(x, y, batch_size=6, epochs=4, shuffle=False, verbose=0)
    for excluded, close in (((), True), (("bias",), False)):
        made = Sequential([Dense(4)], inputs=3)
        made.weights[...] = network.weights
        optimizer = ours(0.01, weight_decay=0.3, exclude_from_weight_decay=excluded, keras_rounding=True)
        fit(made, x, y, loss="mse", optimizer=optimizer, epochs=4, batch_size=6, shuffle=False)
        (is_keras if close else is_not)(made.layers[0].params["bias"], there.layers[0].bias.numpy())


def test_clipnorm_is_by_tensor():
    network = Sequential([Dense(5, "tanh"), Dense(4)], inputs=3, rng=rng(1))
    x, y = rng(2).normal(size=(6, 3)), rng(3).normal(size=(6, 4))
    ends = {}
    for name in ("clipnorm", "global_clipnorm"):
        result = compare(network, x, y, loss="mse", optimizer=optimizers.SGD(1.0, **{name: 0.1}), steps=2, show=False)
        ends[name] = next(row.keras for row in result.rows if row.quantity.startswith("kernel of layer 2 after"))
    is_not(ends["clipnorm"], ends["global_clipnorm"], 1e-3)


def test_only_one_kind_of_clipping_may_be_set():
    for make in (optimizers.SGD, keras().optimizers.SGD):
        with pytest.raises(ValueError, match="(?i)only one"):
            make(0.1, clipnorm=1.0, clipvalue=1.0)


def test_constants_are_rounded_to_float32():
    there = keras_path(theirs("Adam", learning_rate=0.01))
    w, optimizer = START.copy(), optimizers.Adam(0.01)
    for g in GRADIENTS:
        w = optimizer.step(w, g)
    difference = np.max(np.abs(w - there))
    assert 1e-11 < difference < 1e-5, "unrounded: near, and not to the last digit"
    np.testing.assert_allclose(path(optimizers.Adam(0.01)), there, rtol=1e-14)


def test_lars_is_not_in_keras():
    assert not hasattr(keras().optimizers, "LARS")


# Regularizers and constraints


def test_l2_has_no_half_and_is_not_divided_by_the_batch():
    x, y = rng(2).normal(size=(6, 3)), rng(3).normal(size=(6, 2))
    layers = [Dense(2, kernel_regularizer=regularizers.L2(0.05))]
    network = Sequential(layers, inputs=3, rng=rng(1))
    w = layers[0].params["kernel"]
    for rows in (6, 3):
        with_ = compare(network, x[:rows], y[:rows], loss="mse", show=False).rows
        without = compare(_plain(network), x[:rows], y[:rows], loss="mse", show=False).rows
        penalty, pull = with_[1].keras - without[1].keras, with_[2].keras - without[2].keras
        is_keras(penalty, 0.05 * np.sum(w**2))
        is_keras(pull, 2 * 0.05 * w)
        is_not(penalty, 0.025 * np.sum(w**2))


def _plain(network):
    made = Sequential([Dense(2)], inputs=3)
    made.weights[...] = network.weights
    return made


def test_max_norm_shrinks_a_short_column_a_little_each_time():
    library = keras()
    there, here, w = library.constraints.MaxNorm(2), regularizers.MaxNorm(2), np.array([[0.6], [0.8]])
    mine, other = w.copy(), library.ops.convert_to_tensor(w)
    for _ in range(100):
        mine, other = here(mine), there(other)
    is_keras(mine, other)
    assert 1e-6 < 1 - np.linalg.norm(mine) < 2e-5
    np.testing.assert_array_equal(regularizers.MaxNorm(2, epsilon=0)(w), w)


# Layers


def test_batch_normalization_keeps_the_old_with_momentum_and_takes_the_biased_variance():
    x = rng(5).normal(size=(6, 3)) * 2 + 1
    library, layer = keras(), BatchNormalization().build(3, rng=rng())
    there = library.layers.BatchNormalization(dtype="float64")
    is_keras(layer.forward(x, training=True), there(x, training=True))
    is_keras(layer.state["moving_mean"], there.moving_mean.numpy())
    is_keras(layer.state["moving_variance"], there.moving_variance.numpy())
    is_keras(layer.forward(x), there(x, training=False))
    is_keras(there.moving_mean.numpy(), 0.01 * x.mean(axis=0))
    is_not(there.moving_mean.numpy(), 0.99 * x.mean(axis=0))
    is_not(there.moving_variance.numpy(), 0.99 + 0.01 * x.var(axis=0, ddof=1))
    is_not(there.moving_variance.numpy(), 0.01 * x.var(axis=0))
    assert (there.momentum, there.epsilon) == (layer.momentum, layer.epsilon) == (0.99, 1e-3)


def test_a_frozen_batch_normalization_works_as_in_inference():
    x = rng(5).normal(size=(6, 3)) * 2 + 1
    layer, there = BatchNormalization().build(3, rng=rng()), keras().layers.BatchNormalization(dtype="float64")
    layer.forward(x, training=True), there(x, training=True)
    layer.trainable = there.trainable = False
    is_keras(layer.forward(x, training=True), there(x, training=True))
    is_keras(layer.forward(x, training=True), layer.forward(x))
    is_keras(layer.state["moving_mean"], there.moving_mean.numpy())


def test_dropout_rate_is_the_share_dropped():
    x = np.ones((500, 40))
    there = np.asarray(keras().layers.Dropout(0.2, seed=1, dtype="float64")(x, training=True))
    here = Dropout(0.2, rng=rng(1)).build(40, rng=rng()).forward(x, training=True)
    for y in (there, here):
        assert 0.19 < np.mean(y == 0) < 0.21
        is_keras(y[y != 0], 1 / 0.8)


def test_relu_has_slope_0_at_0():
    import tensorflow

    zero = tensorflow.Variable([[0.0]], dtype="float64")
    with tensorflow.GradientTape() as tape:
        y = keras().activations.relu(zero)
    assert tape.gradient(y, zero).numpy() == 0 == activations.relu_prime(np.array(0.0))


def test_leaky_relu_leaks_a_fifth():
    library = keras()
    minus_one = library.ops.convert_to_tensor([-1.0])
    assert abs(float(library.activations.leaky_relu(minus_one)[0]) + 0.2) < 1e-7
    assert abs(float(library.layers.LeakyReLU()(minus_one)[0]) + 0.3) < 1e-7, "the layer has another default"
    assert activations.leaky_relu(-1.0) == -0.2


def test_gelu_is_the_erf_form():
    z = keras().ops.convert_to_tensor([0.5, -1.5], "float64")
    there = keras().activations.gelu(z)
    assert np.max(np.abs(activations.gelu([0.5, -1.5]) - there)) < 1e-7
    is_not(keras().activations.gelu(z, approximate=True), there, 1e-5)


# Losses and training


def test_cross_entropy_clips_probabilities_but_goes_back_to_logits_it_can_see():
    network = Sequential([Dense(1), Activation("sigmoid")], inputs=1)
    network.layers[0].params.update(kernel=[[100.0]], bias=[0.0])
    twin, x, wrong = to_keras(network), np.array([[1.0]]), np.array([[0.0]])
    clipped = float(to_keras(losses.get("bce"))(wrong, twin(x)))
    is_keras(clipped, losses.binary_crossentropy(wrong, network.forward(x)))
    assert abs(clipped - 16.118) < 1e-3
    from_logits = float(keras().losses.BinaryCrossentropy(dtype="float64")(wrong, twin(x)))
    assert from_logits == 100
    is_keras(losses.get("binary_crossentropy_from_logits")(wrong, [[100.0]]), from_logits)


def test_categorical_cross_entropy_in_keras_divides_rows_by_their_sum_without_a_word():
    y, p = np.array([[0.0, 1.0, 0.0]]), np.array([[0.6, 0.6, 0.8]])
    there = float(keras().losses.CategoricalCrossentropy(dtype="float64")(y, p))
    is_keras(losses.categorical_crossentropy(y, p / p.sum()), there)
    is_not(there, -np.log(0.6), 0.1)
    with pytest.raises(ValueError, match="must sum to 1"):
        losses.categorical_crossentropy(y, p)


def test_the_loss_of_an_epoch_is_weighted_by_rows_and_validation_takes_the_last():
    x, y = rng(2).normal(size=(10, 3)), rng(3).normal(size=(10, 2))
    y[7:] += 5
    network = Sequential([Dense(2)], inputs=3, rng=rng(1))
    there = to_keras(network)
    with _floats("float64"):
        there.compile(optimizer=keras().optimizers.SGD(1e-30), loss="mse", run_eagerly=True)
        said = there.fit(x, y, batch_size=5, epochs=1, validation_split=0.3, verbose=0).history
    here = fit(network, x, y, loss="mse", optimizer=optimizers.SGD(1e-30), batch_size=5, validation_split=0.3)
    is_keras(here["loss"][0], said["loss"][0])
    is_keras(here["val_loss"][0], said["val_loss"][0])
    errors = np.mean((network.forward(x) - y) ** 2, axis=1)
    is_keras(said["loss"][0], errors[:7].mean())
    is_keras(said["val_loss"][0], errors[7:].mean())


def test_the_mean_over_rows_is_not_the_mean_of_batch_means():
    x, y = rng(2).normal(size=(7, 3)), rng(3).normal(size=(7, 2))
    network = Sequential([Dense(2)], inputs=3, rng=rng(1))
    there = to_keras(network)
    with _floats("float64"):
        there.compile(optimizer=keras().optimizers.SGD(1e-30), loss="mse", run_eagerly=True)
        said = there.fit(x, y, batch_size=3, epochs=1, shuffle=False, verbose=0).history["loss"][0]
    errors = np.mean((network.forward(x) - y) ** 2, axis=1)
    here = fit(network, x, y, loss="mse", optimizer=optimizers.SGD(1e-30), batch_size=3, shuffle=False)
    is_keras(here["loss"][0], said)
    is_not(said, np.mean([errors[:3].mean(), errors[3:6].mean(), errors[6]]), 1e-3)


def test_early_stopping_restores_only_here_by_default():
    assert EarlyStopping().restore_best_weights
    assert not keras().callbacks.EarlyStopping().restore_best_weights


# Initializers and defaults


def test_normal_initializers_are_truncated_and_widened_again():
    limit = 2 * np.sqrt(2 / 300) / initializers.TRUNCATED_STDDEV
    there = np.asarray(keras().initializers.HeNormal(seed=1)((300, 200)))
    here, plain = (initializers.he_normal((300, 200), rng(1), truncated=t) for t in (True, False))
    for values in (there, here):
        assert 0.99 * limit < np.abs(values).max() <= limit * (1 + 1e-6)
        np.testing.assert_allclose(values.std(), np.sqrt(2 / 300), rtol=0.02)
    assert np.abs(plain).max() > 1.5 * limit
    bare = np.asarray(keras().initializers.TruncatedNormal(stddev=0.05, seed=1)((300, 200)))
    np.testing.assert_allclose(bare.std(), initializers.TRUNCATED_STDDEV * 0.05, rtol=0.02)


def test_a_seeded_initializer_in_keras_repeats_itself_and_a_generator_does_not():
    there, one = keras().initializers.GlorotUniform(seed=1), rng(1)
    np.testing.assert_array_equal(there((3, 2)), there((3, 2)))
    is_not(initializers.glorot_uniform((3, 2), one), initializers.glorot_uniform((3, 2), one))


def test_a_dense_layer_starts_with_glorot_uniform():
    assert isinstance(keras().layers.Dense(1).kernel_initializer, keras().initializers.GlorotUniform)
    assert Dense(1).kernel_initializer is initializers.glorot_uniform


@pytest.mark.parametrize("name", ["SGD", "AdaGrad", "RMSprop", "Adam", "AdamW"])
def test_the_defaults_of_optimizers_are_keras(name):
    theirs = signature(getattr(keras().optimizers, name.replace("AdaGrad", "Adagrad")).__init__).parameters
    ours = signature(getattr(optimizers, name).__init__).parameters
    shared = [key for key in ours if key in theirs and ours[key].default is not ours[key].empty and key != "self"]
    assert "learning_rate" in shared
    assert {key: ours[key].default for key in shared} == {key: theirs[key].default for key in shared}


def test_the_defaults_of_layers_are_keras():
    for ours, theirs in ((BatchNormalization(), keras().layers.BatchNormalization()),):
        assert (ours.momentum, ours.epsilon) == (theirs.momentum, theirs.epsilon)
    constraint = keras().constraints.MaxNorm()
    assert (regularizers.MaxNorm().max_value, regularizers.MaxNorm().axis) == (constraint.max_value, constraint.axis)
    for ours, theirs in (
        (regularizers.L1(), keras().regularizers.L1()),
        (regularizers.L2(), keras().regularizers.L2()),
    ):
        assert ours.l1 + ours.l2 == pytest.approx(float(getattr(theirs, "l1", 0) + getattr(theirs, "l2", 0)), rel=1e-7)
