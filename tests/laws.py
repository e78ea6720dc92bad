"""The law book: what must be true of the library, in checks that are short, fast and complete.

tests/test_laws.py holds the library to them. tests/test_mutation.py shows that each known bug breaks
one. A law computes what it expects by itself, from the formula, in plain loops or by central
differences: it shares no code with what it checks. It imports the library when it is called, so that
it sees the changed one.
"""

import math
import warnings

import numpy as np

TIGHT = {"rtol": 1e-12, "atol": 1e-14}
MEASURED = {"rtol": 1e-6, "atol": 1e-9}


def rng(seed=0):
    return np.random.default_rng(seed)


def slope(function, x, step=1e-6):
    """Central differences of a function of an array that returns one number."""
    x = np.array(x, dtype=float)
    result = np.empty_like(x)
    for index in np.ndindex(x.shape):
        kept = x[index]
        x[index] = kept + step
        above = function(x.copy())
        x[index] = kept - step
        below = function(x.copy())
        x[index] = kept
        result[index] = (above - below) / (2 * step)
    return result


def slopes_of(layer, x, dy, *, training=False):
    """Central differences of sum(dy * output) with respect to a layer's input and each of its parameters."""

    def value(x):
        return np.sum(dy * layer.forward(x, training=training))

    measured = {"input": slope(value, x)}
    for name, values in layer.params.items():
        kept = values.copy()

        def moved(t, name=name):
            layer.params[name] = t
            return value(x)

        measured[name] = slope(moved, kept)
        layer.params[name] = kept
    layer.forward(x, training=training)
    return measured


def goes_back_right(layer, x, dy, *, training=False, **close):
    """Hold backward to the slopes of forward."""
    measured = slopes_of(layer, x, dy, training=training)
    ours = {"input": layer.backward(dy)} | dict(layer.grads)
    for name, expected in measured.items():
        np.testing.assert_allclose(ours[name], tells(expected), **(close or MEASURED), err_msg=name)


def tells(array):
    """A gradient near zero proves nothing."""
    assert np.max(np.abs(array)) > 1e-3, "the check has nothing to measure"
    return array


def network(*, activation="tanh", last="sigmoid", seed=5):
    from gradschool.layers import Dense
    from gradschool.network import Sequential

    made = Sequential([Dense(4, activation), Dense(3, activation), Dense(2, last)], inputs=3, rng=rng(seed))
    made.weights += 0.1 * rng(seed + 1).normal(size=made.weights.shape)
    return made


def rows(n=5, seed=9):
    return rng(seed).normal(size=(n, 3)), rng(seed + 1).uniform(0.1, 0.9, size=(n, 2))


# Activations ---------------------------------------------------------------------------------------


def law_activations_have_the_slope_of_their_graph():
    """f' is the slope of f, for every row of the table, alone and inside a layer."""
    from gradschool.activations import ACTIVATIONS

    z = np.array([[-2.3, -0.7, -0.31, 0.12, 0.45, 0.8, 2.7], [-1.4, -3.7, 0.52, 1.7, -0.2, 0.05, 1.2]])
    dy = rng(1).normal(size=z.shape)
    for row in ACTIVATIONS.values():
        if row.name == "softmax":
            continue

        def bent(t, row=row):
            return np.sum(dy * row(t))

        if row.continuity != "C-1":
            measured = slope(bent, z)
            np.testing.assert_allclose(dy * row.prime(z), measured, **MEASURED, err_msg=row.name)
            _, kept = row.forward(z.copy())
            np.testing.assert_allclose(row.backward(dy, kept), measured, **MEASURED, err_msg=row.name)


def law_activations_take_their_known_values():
    """A few points of each graph, from a calculator."""
    from gradschool import activations

    z = np.array([-2.0, 0.0, 1.0])
    expected = {
        "linear": [-2, 0, 1],
        "sigmoid": [0.11920292202211755, 0.5, 0.7310585786300049],
        "tanh": [-0.9640275800758169, 0, 0.7615941559557649],
        "relu": [0, 0, 1],
        "leaky_relu": [-0.4, 0, 1],
        "elu": [-0.8646647167633873, 0, 1],
        "softplus": [0.1269280110429725, 0.6931471805599453, 1.3132616875182228],
        "silu": [-0.2384058440442351, 0, 0.7310585786300049],
        "gelu": [-0.04550026389635842, 0, 0.8413447460685429],
        "softsign": [-2 / 3, 0, 0.5],
        "selu": [-1.5201664685956948, 0, 1.0507009873554805],
    }
    for name, values in expected.items():
        np.testing.assert_allclose(activations.get(name)(z), values, **TIGHT, err_msg=name)
    assert activations.relu_prime(np.array([0.0])) == 0


def law_activations_stay_finite():
    """No warning, no NaN, at ten thousand either way."""
    from gradschool.activations import ACTIVATIONS

    z = np.array([[-1e4, -800.0, -30.0, 30.0, 800.0, 1e4]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for row in ACTIVATIONS.values():
            if row.name == "soft_exponential":
                continue
            assert np.isfinite(row(z)).all(), row.name


def law_softmax_is_a_distribution_in_each_row():
    """Rows sum to 1, a shift of a row changes nothing, large numbers do no harm, ratios are e^(difference)."""
    from gradschool.activations import softmax

    z = rng(2).normal(size=(4, 3)) * 3
    p = softmax(z)
    np.testing.assert_allclose(p.sum(axis=1), 1, **TIGHT)
    np.testing.assert_allclose(p[:, 0] / p[:, 1], np.exp(z[:, 0] - z[:, 1]), rtol=1e-10)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_allclose(softmax(z + np.array([[1e4], [-1e4], [700.0], [0.0]])), p, rtol=1e-9)


def law_softmax_mixes_the_whole_row_going_back():
    """The Jacobian of softmax is full: a nudge of one input moves every output."""
    from gradschool.activations import get, softmax

    z, dy = rng(3).normal(size=(3, 4)), rng(4).normal(size=(3, 4))
    measured = tells(slope(lambda t: np.sum(dy * softmax(t)), z))
    _, kept = get("softmax").forward(z.copy())
    np.testing.assert_allclose(get("softmax").backward(dy, kept), measured, **MEASURED)


# Losses --------------------------------------------------------------------------------------------


def law_losses_are_the_mean_over_rows():
    """Each value from its formula, row by row, in plain Python."""
    from gradschool import losses

    y, p = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]), np.array([[0.7, 0.2, 0.1], [0.25, 0.6, 0.15]])
    pairs = [list(zip(a, b)) for a, b in zip(y.tolist(), p.tolist())]

    def mean(values):
        values = list(values)
        return sum(values) / len(values)

    expected = {
        "half_squared_error": mean(sum(0.5 * (t - o) ** 2 for t, o in row) for row in pairs),
        "mean_squared_error": mean(mean((t - o) ** 2 for t, o in row) for row in pairs),
        "mean_absolute_error": mean(mean(abs(t - o) for t, o in row) for row in pairs),
        "binary_crossentropy": mean(
            mean(-t * math.log(o) - (1 - t) * math.log(1 - o) for t, o in row) for row in pairs
        ),
        "categorical_crossentropy": mean([-math.log(0.7), -math.log(0.15)]),
        "log_cosh": mean(mean(math.log(math.cosh(o - t)) for t, o in row) for row in pairs),
    }
    for name, value in expected.items():
        np.testing.assert_allclose(losses.get(name)(y, p), value, rtol=1e-10, err_msg=name)


def law_losses_have_the_gradient_of_their_value():
    """The gradient is the slope of the value: sums and means match, with several rows and outputs."""
    from gradschool import losses

    y, p = np.eye(4)[[2, 0, 1]], rng(6).dirichlet(np.ones(4), size=3)
    signs = 2 * y - 1
    for name, target in {
        "half_squared_error": y,
        "mean_squared_error": y,
        "mean_absolute_error": y,
        "huber": 4 * y,
        "log_cosh": y,
        "binary_crossentropy": y,
        "categorical_crossentropy": y,
        "hinge": signs,
        "squared_hinge": signs,
        "kl_divergence": rng(7).dirichlet(np.ones(4), size=3),
    }.items():
        row = losses.get(name)

        def cost(t, row=row, target=target):
            return row(target, t)

        measured = tells(slope(cost, p))
        np.testing.assert_allclose(row.slope(target, p), measured, rtol=1e-5, atol=1e-8, err_msg=name)
        _, together = row.value_and_gradient(target, p)
        np.testing.assert_allclose(together, measured, rtol=1e-5, atol=1e-8, err_msg=name)


# Layers and networks -------------------------------------------------------------------------------


def law_dense_is_x_w_plus_b():
    """A unit sums its inputs by its own column of the kernel, adds its bias, then bends."""
    from gradschool.layers import Dense

    layer = Dense(2, "tanh").build(3, rng=rng(1))
    w, b, x = rng(2).normal(size=(3, 2)), rng(3).normal(size=2), rng(4).normal(size=(4, 3))
    layer.params["kernel"], layer.params["bias"] = w, b
    expected = [[math.tanh(sum(x[r, i] * w[i, j] for i in range(3)) + b[j]) for j in range(2)] for r in range(4)]
    np.testing.assert_allclose(layer.forward(x), expected, **TIGHT)


def law_backward_is_the_slope_of_forward():
    """Kernel, bias and input of every layer, under random upstream gradients."""
    from gradschool.layers import Dense

    x, dy = rng(4).normal(size=(5, 3)), rng(5).normal(size=(5, 2))
    for activation in ("linear", "tanh", "sigmoid"):
        layer = Dense(2, activation).build(3, rng=rng(1))
        layer.params["bias"] = [0.3, -0.2]
        goes_back_right(layer, x, dy)


def law_a_network_has_the_gradient_of_its_loss():
    """The whole chain, through every layer, for every weight."""
    made = network()
    x, y = rows()
    made.loss_and_gradients(x, y, "mse")
    ours, kept = made.gradient.copy(), made.weights.copy()

    def at(weights):
        made.weights[...] = weights
        return made.loss_and_gradients(x, y, "mse")

    np.testing.assert_allclose(ours, tells(slope(at, kept)), **MEASURED)


def law_the_worked_example_comes_out():
    """0.15 becomes 0.149780716 (lesson 06), to twelve digits, from one backward pass."""
    from gradschool.layers import Dense
    from gradschool.network import Sequential

    made = Sequential([Dense(2, "sigmoid"), Dense(2, "sigmoid")], inputs=2)
    for layer, kernel, bias in zip(
        made.layers, ([[0.15, 0.25], [0.20, 0.30]], [[0.40, 0.50], [0.45, 0.55]]), (0.35, 0.60)
    ):
        layer.params["kernel"], layer.params["bias"] = kernel, [bias, bias]
    error = made.loss_and_gradients([[0.05, 0.10]], [[0.01, 0.99]], "half_squared_error")
    np.testing.assert_allclose(error, 0.2983711087600027, rtol=1e-13)
    w1 = 0.15 - 0.5 * made.layers[0].grads["kernel"][0, 0]
    np.testing.assert_allclose(w1, 0.1497807161327628, rtol=1e-13)
    w5 = 0.40 - 0.5 * made.layers[1].grads["kernel"][0, 0]
    np.testing.assert_allclose(w5, 0.35891647971788465, rtol=1e-13)


def law_the_gradient_of_a_batch_is_the_mean_of_its_rows():
    """And so a batch given twice over has the same loss and the same gradient."""
    made, (x, y) = network(), rows()
    singles = []
    for i in range(len(x)):
        made.loss_and_gradients(x[i : i + 1], y[i : i + 1], "bce")
        singles.append(made.gradient.copy())
    loss = made.loss_and_gradients(x, y, "bce")
    batch = tells(made.gradient.copy())
    np.testing.assert_allclose(batch, np.mean(singles, axis=0), **TIGHT)
    twice = made.loss_and_gradients(np.vstack([x, x]), np.vstack([y, y]), "bce")
    np.testing.assert_allclose(twice, loss, **TIGHT)
    np.testing.assert_allclose(made.gradient, batch, **TIGHT)


def law_backward_moves_nothing():
    """No weight changes, the caller's arrays stay as they are, and a second call gives the same again."""
    made, (x, _) = network(activation="relu"), rows()
    kept = made.weights.copy()
    prediction = made.forward(x, training=True)
    dy = rng(8).normal(size=prediction.shape)
    x_kept, dy_kept, prediction_kept = x.copy(), dy.copy(), prediction.copy()
    first = made.backward(dy, input_gradient=True).copy()
    gradient = tells(made.gradient.copy())
    second = made.backward(dy, input_gradient=True)
    np.testing.assert_array_equal(made.weights, kept)
    np.testing.assert_array_equal(made.gradient, gradient)
    np.testing.assert_array_equal(second, first)
    np.testing.assert_array_equal(x, x_kept)
    np.testing.assert_array_equal(dy, dy_kept)
    np.testing.assert_array_equal(prediction, prediction_kept)


def law_a_penalty_pulls_as_hard_as_its_slope():
    """L1 and L2 are part of the loss once a step, whatever the batch, and their slope part of the gradient."""
    from gradschool.layers import Activation, Dense
    from gradschool.network import Sequential
    from gradschool.regularizers import L1L2

    x, y = rows()
    layers = [Dense(3, kernel_regularizer=L1L2(0.03, 0.05)), Activation("tanh"), Dense(2)]
    made = Sequential(layers, inputs=3, rng=rng(2))
    plain = Sequential([Dense(3, "tanh"), Dense(2)], inputs=3, rng=rng(2))
    w = made.layers[0].params["kernel"]
    penalty = 0.03 * sum(abs(v) for v in w.ravel()) + 0.05 * sum(v * v for v in w.ravel())
    loss, bare = made.loss_and_gradients(x, y, "mse"), plain.loss_and_gradients(x, y, "mse")
    np.testing.assert_allclose(loss, bare + penalty, **TIGHT)
    twice = made.loss_and_gradients(np.vstack([x, x]), np.vstack([y, y]), "mse")
    np.testing.assert_allclose(twice, loss, **TIGHT)
    made.loss_and_gradients(x, y, "mse")
    ours, kept = made.gradient.copy(), made.weights.copy()

    def at(weights):
        made.weights[...] = weights
        return made.loss_and_gradients(x, y, "mse")

    np.testing.assert_allclose(ours, tells(slope(at, kept)), **MEASURED)


def law_batch_normalization_normalizes_the_batch():
    """In training each column has mean beta and variance gamma² s²/(s² + epsilon), s² taken over n."""
    from gradschool.layers import BatchNormalization

    x = rng(3).normal(size=(8, 3)) * [0.03, 1, 5] + [2, 0, -1]
    layer = BatchNormalization(epsilon=1e-3).build(3, rng=rng())
    layer.params["gamma"], layer.params["beta"] = [0.5, 2.0, -1.0], [1.0, 0.0, 3.0]
    y = layer.forward(x, training=True)
    variance = ((x - x.mean(axis=0)) ** 2).sum(axis=0) / 8
    np.testing.assert_allclose(y.mean(axis=0), [1, 0, 3], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(y.var(axis=0), np.array([0.25, 4, 1]) * variance / (variance + 1e-3), rtol=1e-12)


def law_batch_normalization_remembers_for_later():
    """Moving averages start at 0 and 1, keep `momentum` of the old, take the variance over n; inference uses them."""
    from gradschool.layers import BatchNormalization

    layer = BatchNormalization(momentum=0.9, epsilon=1e-3).build(3, rng=rng())
    mean, variance = np.zeros(3), np.ones(3)
    for seed in (1, 2, 3):
        x = rng(seed).normal(size=(6, 3)) * 2 + 1
        layer.forward(x, training=True)
        mean, variance = 0.9 * mean + 0.1 * x.mean(axis=0), 0.9 * variance + 0.1 * x.var(axis=0)
    x, dy = rng(4).normal(size=(5, 3)), rng(5).normal(size=(5, 3))
    np.testing.assert_allclose(layer.forward(x), (x - mean) / np.sqrt(variance + 1e-3), **TIGHT)
    np.testing.assert_allclose(layer.backward(dy), dy / np.sqrt(variance + 1e-3), **TIGHT)
    np.testing.assert_allclose(layer.state["moving_mean"], mean, **TIGHT)


def law_batch_normalization_goes_back_through_mean_and_variance():
    """dx, dgamma and dbeta are slopes, under a random upstream gradient (under ones dx is 0 in any code)."""
    from gradschool.layers import BatchNormalization

    x, dy = rng(6).normal(size=(7, 3)) * 2, rng(7).normal(size=(7, 3))
    layer = BatchNormalization().build(3, rng=rng())
    layer.params["gamma"], layer.params["beta"] = [0.5, 2.0, -1.0], [1.0, 0.0, 3.0]
    goes_back_right(layer, x, dy, training=True, rtol=1e-6, atol=1e-8)


def law_dropout_drops_its_rate_and_scales_the_rest():
    """A share `rate` becomes 0, the rest is divided by 1 - rate; the gradient takes the same way back."""
    from gradschool.layers import Dropout

    layer = Dropout(0.2, rng=rng(12)).build(50, rng=rng())
    x, dy = rng(9).normal(size=(400, 50)) + 5, rng(10).normal(size=(400, 50))
    y = layer.forward(x, training=True)
    dropped = y == 0
    assert 0.19 < dropped.mean() < 0.21
    np.testing.assert_allclose(y[~dropped], x[~dropped] / 0.8, **TIGHT)
    np.testing.assert_allclose(layer.backward(dy), np.where(dropped, 0, dy / 0.8), **TIGHT)
    assert (layer.forward(x, training=True) == 0).tolist() != dropped.tolist(), "a new mask for every pass"
    np.testing.assert_array_equal(layer.forward(x), x)
    np.testing.assert_array_equal(layer.backward(dy), dy)


def law_dropout_of_the_lecture_scales_in_inference():
    """The 2014 form: nothing is scaled in training; in inference everything is, by the share kept."""
    from gradschool.layers import Dropout

    layer = Dropout(0.2, rng=rng(8), inverted=False).build(50, rng=rng())
    x = rng(9).normal(size=(40, 50)) + 5
    y = layer.forward(x, training=True)
    np.testing.assert_array_equal(y, np.where(y == 0, 0, x))
    np.testing.assert_allclose(layer.forward(x), 0.8 * x, **TIGHT)


def law_an_activation_layer_leaves_its_input_alone():
    """Some activations work in place; never on the caller's data."""
    from gradschool.layers import Activation

    for name in ("sigmoid", "tanh", "relu", "softmax"):
        layer, x = Activation(name).build(3, rng=rng()), rng(4).normal(size=(5, 3))
        kept = x.copy()
        layer.forward(x)
        np.testing.assert_array_equal(x, kept, err_msg=name)


def law_a_residual_block_adds_its_input():
    """y = x + F(x), and going back the bypass hands the gradient on whole; inner parameters are named by place."""
    from gradschool.layers import Dense, Residual
    from gradschool.network import Sequential

    layer = Residual([Dense(4, "tanh"), Dense(3)]).build(3, rng=rng(1))
    x, dy = rng(2).normal(size=(5, 3)), rng(3).normal(size=(5, 3))
    inner = np.tanh(x @ layer.params["1 kernel"]) @ layer.params["2 kernel"]
    np.testing.assert_allclose(layer.forward(x), x + inner, **TIGHT)
    goes_back_right(layer, x, dy)
    named = Sequential([Dense(3), Residual([Dense(4), Dense(3)])], inputs=3).tensors
    assert [t.name for t in named] == ["1 kernel", "1 bias", "2 1 kernel", "2 1 bias", "2 2 kernel", "2 2 bias"]


def law_a_frozen_layer_stays():
    """Frozen weights do not move, not by momentum or weight decay either; the others do."""
    from gradschool.optimizers import AdamW

    made, (x, y) = network(), rows()
    optimizer = AdamW(0.01, weight_decay=0.1)
    for frozen in (False, True):
        made.layers[1].trainable = not frozen
        kept = [{name: values.copy() for name, values in layer.params.items()} for layer in made.layers]
        made.loss_and_gradients(x, y, "mse")
        made.step(optimizer)
        for number, (layer, before) in enumerate(zip(made.layers, kept)):
            stayed = np.array_equal(layer.params["kernel"], before["kernel"])
            assert stayed == (frozen and number == 1)


def law_a_constraint_shortens_columns():
    """Max-norm: each unit's own column of weights, after the step; short ones hardly change."""
    from gradschool.layers import Dense
    from gradschool.network import Sequential
    from gradschool.optimizers import SGD
    from gradschool.regularizers import MaxNorm

    made = Sequential([Dense(2, kernel_constraint=MaxNorm(1.0))], inputs=3)
    made.layers[0].params["kernel"] = [[3.0, 0.1], [0.0, 0.2], [4.0, 0.2]]
    made.gradient[...] = 0
    made.step(SGD(0.1))
    np.testing.assert_allclose(
        made.layers[0].params["kernel"], [[0.6, 0.1], [0.0, 0.2], [0.8, 0.2]], rtol=1e-6, atol=1e-12
    )


# Optimizers ----------------------------------------------------------------------------------------

START = [0.5, -1.2, 0.8, 0.3]


def gradients(steps=7):
    """Some gradients, one after the other; the last coordinate never has any."""
    drawn = rng(11).normal(size=(steps, 4)) * [1.0, 0.1, 5.0, 0.0]
    return drawn.tolist()


def walks_like(optimizer, rule, **close):
    """Hold an optimizer to a rule that moves one coordinate: rule(w, g, t, memory) returns the new w."""
    weights, memories, plain = np.array(START), [{} for _ in START], list(START)
    for t, g in enumerate(gradients(), start=1):
        before, given = weights.copy(), np.array(g)
        moved = optimizer.step(weights, given)
        np.testing.assert_array_equal(weights, before)
        np.testing.assert_array_equal(given, g)
        weights = moved
        plain = [rule(w, g_i, t, memory) for w, g_i, memory in zip(plain, g, memories)]
        np.testing.assert_allclose(weights, plain, **(close or {"rtol": 1e-11, "atol": 1e-13}), err_msg=f"step {t}")
    assert np.abs(weights[:3] - START[:3]).max() > 1e-3


def law_sgd_goes_down():
    """w - rate * g."""
    from gradschool.optimizers import SGD

    walks_like(SGD(0.1), lambda w, g, t, memory: w - 0.1 * g)


def law_momentum_keeps_a_share_of_the_last_step():
    """Keras': m = 0.9 m - rate g; and the two other forms."""
    from gradschool.optimizers import SGD

    def keras(w, g, t, memory):
        memory["m"] = 0.9 * memory.get("m", 0) - 0.1 * g
        return w + memory["m"]

    def average(w, g, t, memory):
        memory["m"] = 0.9 * memory.get("m", 0) + 0.1 * g
        return w - 0.1 * memory["m"]

    walks_like(SGD(0.1, momentum=0.9), keras)
    walks_like(SGD(0.1, momentum=0.9, form="rate outside"), keras)
    walks_like(SGD(0.1, momentum=0.9, form="average"), average)


def law_nesterov_looks_ahead():
    """Keras' form; and the lecture's, whose look-ahead points are the weights of Keras'."""
    from gradschool.optimizers import SGD, Nesterov

    def keras(w, g, t, memory):
        memory["m"] = 0.9 * memory.get("m", 0) - 0.1 * g
        return w + 0.9 * memory["m"] - 0.1 * g

    walks_like(SGD(0.1, momentum=0.9, nesterov=True), keras)
    walks_like(SGD(0.1, momentum=0.9, nesterov=True, form="rate outside"), keras)

    def downhill(w):
        return np.array([1.0, 4.0]) * w

    ahead, theirs, lecture, w = [], SGD(0.1, momentum=0.9, nesterov=True), Nesterov(0.1, momentum=0.9), [1.0, -2.0]
    seen = np.array(w)
    for _ in range(6):
        point = lecture.look_ahead(w)
        ahead.append(point)
        np.testing.assert_allclose(point, seen, **TIGHT)
        seen = theirs.step(seen, downhill(seen))
        w = lecture.step(w, downhill(point))


def law_adagrad_sums_squares():
    """s grows by g²; the step is rate * g / root(s + epsilon), with s from 0.1; or root(s) + epsilon, from 0."""
    from gradschool.optimizers import AdaGrad

    def inside(w, g, t, memory):
        memory["s"] = memory.get("s", 0.1) + g * g
        return w - 0.1 * g / math.sqrt(memory["s"] + 1e-3)

    def outside(w, g, t, memory):
        memory["s"] = memory.get("s", 0) + g * g
        return w - 0.1 * g / (math.sqrt(memory["s"]) + 1e-3)

    walks_like(AdaGrad(0.1, epsilon=1e-3), inside)
    walks_like(AdaGrad(0.1, initial_accumulator_value=0, epsilon=1e-3, epsilon_inside=False), outside)


def law_rmsprop_averages_squares():
    """v = 0.9 v + 0.1 g²; epsilon inside the root or beside it; momentum on top."""
    from gradschool.optimizers import RMSprop

    def rule(inside, momentum):
        def move(w, g, t, memory):
            v = memory["v"] = 0.9 * memory.get("v", 0) + 0.1 * g * g
            root = math.sqrt(v + 1e-3) if inside else math.sqrt(v) + 1e-3
            memory["b"] = momentum * memory.get("b", 0) + 0.01 * g / root
            return w - memory["b"]

        return move

    walks_like(RMSprop(0.01, epsilon=1e-3), rule(True, 0))
    walks_like(RMSprop(0.01, epsilon=1e-3, epsilon_inside=False), rule(False, 0))
    walks_like(RMSprop(0.01, epsilon=1e-3, momentum=0.7), rule(True, 0.7))


def adam(epsilon_hat, decay=0.0):
    def move(w, g, t, memory):
        m = memory["m"] = 0.9 * memory.get("m", 0) + 0.1 * g
        v = memory["v"] = 0.99 * memory.get("v", 0) + 0.01 * g * g
        w -= 0.01 * decay * w
        share_m, share_v = 1 - 0.9**t, 1 - 0.99**t
        if epsilon_hat:
            return w - 0.01 * math.sqrt(share_v) / share_m * m / (math.sqrt(v) + 1e-3)
        return w - 0.01 * (m / share_m) / (math.sqrt(v / share_v) + 1e-3)

    return move


def law_adam_corrects_by_powers_of_t():
    """Seven steps, a coordinate without gradient, epsilon large enough to be seen; both places of epsilon."""
    from gradschool.optimizers import Adam

    walks_like(Adam(0.01, beta_2=0.99, epsilon=1e-3), adam(True))
    walks_like(Adam(0.01, beta_2=0.99, epsilon=1e-3, epsilon_hat=False), adam(False))


def law_adamw_decays_beside_the_gradient():
    """The weights shrink by rate * decay before the step, and no moment sees it."""
    from gradschool.optimizers import AdamW

    walks_like(AdamW(0.01, beta_2=0.99, epsilon=1e-3, weight_decay=0.5), adam(True, decay=0.5))


def law_lars_steps_a_share_of_each_tensor():
    """The local rate is trust * |w| / (|g| + decay |w|), from the norms of one tensor."""
    from gradschool.optimizers import LARS

    w, v = np.array(START), np.zeros(4)
    optimizer, parts = LARS(0.5, momentum=0.9, trust_coefficient=0.02, weight_decay=0.1), (slice(0, 2), slice(2, 4))
    moved = w.copy()
    for g in np.array(gradients()):
        moved = optimizer.step(moved, g, tensors=list(parts))
        for part in parts:
            length, steep = math.hypot(*w[part]), math.hypot(*g[part])
            local = 0.02 * length / (steep + 0.1 * length)
            v[part] = 0.9 * v[part] + 0.5 * local * (g[part] + 0.1 * w[part])
            w[part] -= v[part]
        np.testing.assert_allclose(moved, w, **TIGHT)


def law_clipping_shortens():
    """By value: each entry. By norm: each tensor. By global norm: all by one factor."""
    from gradschool.optimizers import SGD

    g, w, tensors = np.array([3.0, 4.0, 0.3, 0.4]), np.zeros(4), [slice(0, 2), slice(2, 4)]
    for settings, expected in (
        ({"clipvalue": 0.5}, [0.5, 0.5, 0.3, 0.4]),
        ({"clipnorm": 1.0}, [0.6, 0.8, 0.3, 0.4]),
        ({"global_clipnorm": 1.0}, g / math.sqrt(25.25)),
    ):
        moved = SGD(1.0, **settings).step(w, -g, tensors=tensors)
        np.testing.assert_allclose(moved, expected, **TIGHT)
        np.testing.assert_allclose(SGD(1.0, **settings).step(w, -0.01 * g, tensors=tensors), 0.01 * g, **TIGHT)


def law_schedules_count_steps():
    """The first step has the first rate; falls by a factor, by stairs, along a cosine, at boundaries."""
    from gradschool.optimizers import SGD, CosineDecay, ExponentialDecay, PiecewiseConstantDecay

    for schedule, rates in (
        (ExponentialDecay(0.8, 2, 0.25), [0.8, 0.4, 0.2, 0.1]),
        (ExponentialDecay(0.8, 2, 0.25, staircase=True), [0.8, 0.8, 0.2, 0.2]),
        (CosineDecay(0.8, 2, alpha=0.25), [0.8, 0.5, 0.2, 0.2]),
        (PiecewiseConstantDecay([0, 2], [0.8, 0.4, 0.1]), [0.8, 0.4, 0.4, 0.1]),
    ):
        optimizer, w = SGD(schedule), np.array([0.0])
        for rate in rates:
            moved = optimizer.step(w, [-1.0])
            np.testing.assert_allclose(moved - w, rate, rtol=1e-12, err_msg=repr(schedule))
            w = moved


# Training ------------------------------------------------------------------------------------------


def law_steps_are_counted_through_all_epochs():
    """Two epochs in one call, two calls, or a loop by hand: the same weights, with Adam, to the last digit."""
    from gradschool.optimizers import Adam
    from gradschool.training import fit

    x, y = rows(7)
    ends = []
    for way in ("one call", "two calls", "by hand"):
        made, optimizer = network(), Adam(0.05)
        settings = {"loss": "mse", "optimizer": optimizer, "batch_size": 3, "shuffle": False}
        if way == "one call":
            assert fit(made, x, y, epochs=2, **settings).steps == 6
        elif way == "two calls":
            fit(made, x, y, epochs=1, **settings)
            fit(made, x, y, epochs=1, **settings)
        else:
            for start in (0, 3, 6, 0, 3, 6):
                made.loss_and_gradients(x[start : start + 3], y[start : start + 3], "mse")
                made.weights[...] = optimizer.step(made.weights, made.gradient)
        assert optimizer.steps == 6
        ends.append(made.weights.copy())
    np.testing.assert_allclose(ends[0], ends[2], rtol=1e-13)
    np.testing.assert_array_equal(ends[0], ends[1])


def law_an_epoch_sees_every_row_once():
    """Shuffled, with a short last batch, and its loss is the mean over rows."""
    from gradschool.training import batches, fit

    for seed in range(3):
        order = batches(7, 3, rng=rng(seed))
        assert [len(batch) for batch in order] == [3, 3, 1]
        assert sorted(np.concatenate(order).tolist()) == list(range(7))
    assert np.concatenate(batches(40, 7, rng=rng(1))).tolist() != np.concatenate(batches(40, 7, rng=rng(2))).tolist()

    from gradschool.optimizers import SGD

    made, (x, y) = network(), rows(7)
    history = fit(made, x, y, loss="mse", optimizer=SGD(1e-300), batch_size=3, epochs=1)
    expected = np.mean((made.forward(x) - y) ** 2)
    np.testing.assert_allclose(history["loss"][0], expected, rtol=1e-10)


def law_training_reaches_a_perfect_fit():
    """A line is learned exactly: the sign of the step, the loop and the gradient all have to be right."""
    from gradschool.layers import Dense
    from gradschool.network import Sequential
    from gradschool.optimizers import SGD
    from gradschool.training import fit

    x = rng(1).normal(size=(20, 3))
    y = x @ [[1.0], [-2.0], [0.5]] + 0.3
    made = Sequential([Dense(1)], inputs=3)
    fit(made, x, y, loss="mse", optimizer=SGD(0.1), epochs=300, batch_size=5)
    np.testing.assert_allclose(made.weights, [1, -2, 0.5, 0.3], atol=1e-6)


def law_validation_rows_are_the_last_and_are_not_trained_on():
    """Split off before shuffling; measured in inference mode after the epoch."""
    from gradschool.optimizers import SGD
    from gradschool.training import fit

    made, alone, (x, y) = network(), network(), rows(10)
    settings = {"loss": "mse", "batch_size": 8, "shuffle": False, "epochs": 1}
    history = fit(made, x, y, optimizer=SGD(0.1), validation_split=0.2, **settings)
    fit(alone, x[:8], y[:8], optimizer=SGD(0.1), **settings)
    np.testing.assert_array_equal(made.weights, alone.weights)
    np.testing.assert_allclose(history["val_loss"][0], np.mean((alone.forward(x[8:]) - y[8:]) ** 2), rtol=1e-12)


def law_measuring_does_not_depend_on_the_batch():
    """Loss and metrics are means over all rows, however few are looked at together."""
    from gradschool.training import evaluate

    made, (x, y) = network(), rows(7)

    def farthest(y_true, y_pred):
        return float(np.mean(np.abs(y_true - y_pred).max(axis=1)))

    whole, pieces = (evaluate(made, x, y, loss="mse", metrics=farthest, batch_size=size) for size in (7, 3))
    prediction = made.forward(x)
    np.testing.assert_allclose(whole["loss"], np.mean((prediction - y) ** 2), **TIGHT)
    np.testing.assert_allclose(whole["farthest"], farthest(y, prediction), **TIGHT)
    assert whole.keys() == pieces.keys()
    np.testing.assert_allclose(list(pieces.values()), list(whole.values()), **TIGHT)


# Measuring, and the first unit ---------------------------------------------------------------------


def law_measured_gradients_are_central():
    """Central differences are exact for squares and almost for cubes; one-sided ones are not."""
    from gradschool.gradients import numerical_gradient

    np.testing.assert_allclose(numerical_gradient(lambda x: float(np.sum(x**3)), [2.0, -1.0]), [12, 3], rtol=1e-9)


def law_the_gradient_check_notices_a_slip():
    """It passes what is right, and fails a bias gradient that is off by a thousandth."""
    from gradschool.gradients import check_layer
    from gradschool.layers import Dense

    class Slip(Dense):
        def _backward(self, dy, input_gradient=True):
            dx = super()._backward(dy, input_gradient)
            self.grads["bias"][...] *= 1.001
            return dx

    x = rng(3).normal(size=(4, 3))
    assert check_layer(Dense(2, "tanh").build(3, rng=rng(1)), x, rng=rng(2)).passed
    assert not check_layer(Slip(2, "tanh").build(3, rng=rng(1)), x, rng=rng(2)).passed


def law_the_perceptron_moves_only_when_wrong():
    """False negative: add the row. False positive: take it away. Right: stay."""
    from gradschool.perceptron import learn

    for start, target, moved, bias in (
        ([-1.0, 0.0], 1, [1.0, 3.0], 1.0),
        ([1.0, 0.0], 0, [-1.0, -3.0], -1.0),
        ([1.0, 0.0], 1, [1.0, 0.0], 0.0),
        ([-1.0, 0.0], 0, [-1.0, 0.0], 0.0),
    ):
        learned = learn([[2.0, 3.0]], [target], weights=start, epochs=1)
        np.testing.assert_array_equal(learned.weights, moved)
        assert learned.bias == bias


# What is promised around the formulas ----------------------------------------------------------------


def refuses(call, *arguments, **settings):
    """A ValueError with a sentence, not a number."""
    try:
        call(*arguments, **settings)
    except ValueError as error:
        assert str(error).endswith("."), f"{error!r} is no sentence of ours"
        return
    raise AssertionError(f"{call.__name__} took {arguments} {settings}")


def law_defaults_are_kept():
    """The numbers that you get without asking; tests/test_keras_and_textbook.py holds them to Keras' own."""
    from inspect import signature

    from gradschool import layers, losses, optimizers, regularizers, training

    for function, expected in {
        optimizers.SGD: {"learning_rate": 0.01, "momentum": 0, "nesterov": False},
        optimizers.Nesterov: {"learning_rate": 0.01, "momentum": 0.9},
        optimizers.AdaGrad: {"learning_rate": 0.001, "initial_accumulator_value": 0.1, "epsilon": 1e-7},
        optimizers.RMSprop: {"learning_rate": 0.001, "rho": 0.9, "momentum": 0, "epsilon": 1e-7},
        optimizers.Adam: {"learning_rate": 0.001, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7},
        optimizers.AdamW: {"learning_rate": 0.001, "weight_decay": 0.004, "beta_1": 0.9, "beta_2": 0.999},
        optimizers.LARS: {"learning_rate": 0.1, "momentum": 0.9, "trust_coefficient": 0.001, "weight_decay": 0},
        optimizers.CosineDecay: {"alpha": 0},
        optimizers.ExponentialDecay: {"staircase": False},
        layers.BatchNormalization: {"momentum": 0.99, "epsilon": 0.001},
        layers.batch_norm_forward: {"epsilon": 0.001},
        regularizers.L1: {"l1": 0.01},
        regularizers.L2: {"l2": 0.01},
        regularizers.MaxNorm: {"max_value": 2, "axis": 0, "epsilon": 1e-7},
        regularizers.max_norm: {"max_value": 2, "axis": 0, "epsilon": 1e-7},
        losses.triplet_loss: {"margin": 0.2},
        losses.triplet_loss_gradient: {"margin": 0.2},
        training.EarlyStopping: {"patience": 0, "min_delta": 0, "restore_best_weights": True},
        training.fit: {"epochs": 1, "batch_size": 32, "shuffle": True, "validation_split": 0},
    }.items():
        found = {name: signature(function).parameters[name].default for name in expected}
        assert found == expected, function


def law_settings_stay_in_their_ranges():
    """Outside them there is a sentence, not a NaN some epochs later."""
    from gradschool import layers, optimizers, regularizers

    for name in ("SGD", "Nesterov", "RMSprop", "LARS"):
        for momentum in (-0.1, 1.0, 1.5):
            refuses(getattr(optimizers, name), 0.1, momentum=momentum)
    for name in ("SGD", "Nesterov", "AdaGrad", "RMSprop", "Adam", "AdamW", "LARS"):
        for rate in (0, -0.1, math.inf, math.nan):
            refuses(getattr(optimizers, name), rate)
    for name in ("AdaGrad", "RMSprop", "Adam", "AdamW"):
        for epsilon in (0, -1e-7):
            refuses(getattr(optimizers, name), 0.1, epsilon=epsilon)
    for beta in (-0.1, 1.0, 1.5):
        refuses(optimizers.RMSprop, rho=beta)
        refuses(optimizers.Adam, beta_1=beta)
        refuses(optimizers.Adam, beta_2=beta)
        refuses(layers.Dropout, beta)
        refuses(layers.dropout_forward, np.ones((2, 2)), beta, rng=rng())
        refuses(layers.dropout_forward, np.ones((2, 2)), beta, mask=np.ones((2, 2)))
    for name in ("SGD", "AdamW", "LARS"):
        refuses(getattr(optimizers, name), 0.1, weight_decay=-0.1)
    for name in ("clipvalue", "clipnorm", "global_clipnorm"):
        refuses(optimizers.SGD, 0.1, **{name: 0})
    refuses(regularizers.clip_by_value, [1.0], 0)
    refuses(regularizers.clip_by_norm, [1.0], 0)
    refuses(regularizers.clip_by_global_norm, [[1.0]], 0)
    refuses(regularizers.MaxNorm, 2, 0, -1e-7)
    refuses(optimizers.AdaGrad, initial_accumulator_value=-0.1)
    for schedule in (optimizers.ExponentialDecay(0.1, 3, 0.5), optimizers.CosineDecay(0.1, 3)):
        refuses(schedule, -1)
    refuses(optimizers.ExponentialDecay, 0, 3, 0.5)
    refuses(optimizers.CosineDecay, 0, 3)
    refuses(optimizers.CosineDecay, 0.1, 0)
    assert optimizers.CosineDecay(0.1, 1)(0) == 0.1
    refuses(optimizers.PiecewiseConstantDecay([2], [0.1, 0.2]), -1)
    refuses(optimizers.PiecewiseConstantDecay, [2], [0.1, -0.2])
    refuses(optimizers.linear_scaling, 0, 32)
    refuses(optimizers.linear_scaling, 0.1, 32, base_batch_size=0)
    assert optimizers.linear_scaling(0.1, 3, base_batch_size=1) == 0.1 * 3


def law_weight_decay_is_in_every_optimizer():
    """w shrinks by rate * decay before the step, whatever the step."""
    from gradschool import optimizers

    w, nothing = np.array(START), np.zeros(4)
    for name in ("SGD", "Nesterov", "AdaGrad", "RMSprop", "Adam", "AdamW"):
        optimizer = getattr(optimizers, name)(0.1, weight_decay=0.5)
        np.testing.assert_allclose(optimizer.step(w, nothing), 0.95 * w, rtol=1e-14, err_msg=name)


def law_float32_stays_float32():
    """One float64 number in the chain would make everything after it twice as slow."""
    from gradschool import layers, losses, optimizers
    from gradschool.network import Sequential

    single, double = np.float32, np.ones((4, 3))
    w, steep = np.ones(5, single), np.ones(5)
    for kind in set(optimizers.OPTIMIZERS.values()):
        optimizer = kind(0.1)
        assert optimizer.step(w, steep).dtype == single, kind
        assert all(values.dtype == single for values in optimizer.state.values()), kind
    made = Sequential(
        [
            layers.Dense(3, "tanh"),
            layers.BatchNormalization(),
            layers.Dropout(0.5),
            layers.Residual([layers.Dense(3, "gelu")]),
            layers.Activation("softmax"),
        ],
        inputs=3,
        dtype=single,
    )
    assert made.forward(double, training=True).dtype == single
    assert made.backward(double, input_gradient=True).dtype == single
    assert all(values.dtype == single for values in (made.weights, made.gradient, *made._states().values()))
    for layer in made.layers:
        layer.forward(double, training=True)
        assert layer.backward(double).dtype == single, layer
    for record in made.trace(double, np.eye(3)[[0, 1, 2, 0]], "cce"):
        assert record.output.dtype == record.error.dtype == single
    ones = np.ones(3)
    y, cache = layers.batch_norm_forward(double.astype(single), ones, ones, mean=ones, variance=ones)
    assert y.dtype == single and layers.batch_norm_backward(double, cache)[0].dtype == single
    y, cache = layers.dropout_forward(double.astype(single), 0.5, rng=rng())
    assert y.dtype == single and layers.dropout_backward(double, cache).dtype == single
    triplet = (double.astype(single), double, 2 * double)
    assert all(part.dtype == single for part in losses.triplet_loss_gradient(*triplet))
    labels = {"sparse": [0, 1, 2, 0], "hinge": np.sign(double - 0.5)}
    for name, row in losses.LOSSES.items():
        y = next((labels[key] for key in labels if key in name), np.eye(3)[[0, 1, 2, 0]])
        y = np.sign(double - 0.5) if name == "perceptron" else y
        prediction = np.full((4, 3), 1 / 3, single)
        _, slopes = row.value_and_gradient(row.check_targets(y, (4, 3), np.dtype(single)), prediction)
        assert slopes.dtype == single, name


def law_batch_normalization_by_hand_takes_given_moments():
    """The pair of functions alone: normalize with what is given, refuse what cannot be."""
    from gradschool.layers import batch_norm_backward, batch_norm_forward

    x, dy = rng(1).normal(size=(5, 3)), rng(2).normal(size=(5, 3))
    gamma, beta, mean, variance = np.array([0.5, 2.0, -1.0]), np.ones(3), np.array([1.0, 0, -1]), np.array([4.0, 1, 0])
    y, cache = batch_norm_forward(x, gamma, beta, epsilon=0.25, mean=mean, variance=variance)
    spread = np.sqrt(variance + 0.25)
    np.testing.assert_allclose(y, gamma * (x - mean) / spread + beta, **TIGHT)
    dx, dgamma, dbeta = batch_norm_backward(dy, cache)
    np.testing.assert_allclose(dx, dy * gamma / spread, **TIGHT)
    np.testing.assert_allclose(dgamma, np.sum(dy * (x - mean) / spread, axis=0), **TIGHT)
    np.testing.assert_allclose(dbeta, dy.sum(axis=0), **TIGHT)
    refuses(batch_norm_forward, x, gamma, beta, mean=mean, variance=-variance)
    refuses(batch_norm_forward, x, gamma, beta, mean=mean)
    for name, value in {"mean": mean[:2], "variance": variance[:2]}.items():
        refuses(batch_norm_forward, x, gamma, beta, **{"mean": mean, "variance": variance} | {name: value})
    refuses(batch_norm_forward, x, gamma[:2], beta)
    refuses(batch_norm_backward, dy[:, :2], cache)


def law_shapes_are_checked_at_every_door():
    """A gradient or a batch of another shape gets a sentence; nothing is stretched to fit."""
    from gradschool.layers import Dense

    made, (x, y) = network(), rows()
    for bad in (x[:, :2], x[0]):
        refuses(made.forward, bad)
        refuses(made.loss_and_gradients, bad, y, "mse")
    for bad in (y[:, :1], y[:2]):
        refuses(made.loss_and_gradients, x, bad, "mse")
    made.forward(x)
    for bad in (y[:, :1], y[:2], y[0]):
        refuses(made.backward, bad)
    layer = Dense(2).build(3, rng=rng())
    layer.forward(x)
    for bad in (y[:, :1], y[:2], y[0]):
        refuses(layer.backward, bad)


def law_targets_and_predictions_have_to_make_sense():
    """Probabilities from 0 to 1, rows that sum to 1, labels that exist, signs that are signs: else a sentence."""
    from gradschool import losses

    fair = [[0.5, 0.5]]
    for wrong in ([[1.2, -0.2]], [[0.5, 0.4]], [[0.6, 0.5]]):
        refuses(losses.categorical_crossentropy, fair, wrong)
        refuses(losses.categorical_crossentropy, wrong, fair)
        refuses(losses.kl_divergence, wrong, fair)
        refuses(losses.sparse_categorical_crossentropy, [0], wrong)
    for labels in ([2], [-1], [0.5], [0, 1], [[0.0, 1.0]]):
        refuses(losses.sparse_categorical_crossentropy, labels, fair)
    for name in ("hinge", "squared_hinge", "perceptron"):
        refuses(losses.get(name), [[0.0, 1.0]], fair)
    refuses(losses.binary_crossentropy, [[2.0]], [[0.5]])
    refuses(losses.binary_crossentropy, [[1.0]], [[1.5]])
    refuses(losses.mean_squared_error, [[1.0]], fair)


def law_cross_entropy_from_logits_keeps_rows_apart():
    """A row of huge logits beside a row of tiny ones: each is taken by itself, and nothing overflows."""
    from gradschool import losses

    z = np.array([[1000.0, 999.0, 998.0], [-1000.0, -999.0, -998.0], [0.0, 1.0, 2.0]])
    up, down = [math.exp(k) for k in (0, -1, -2)], [math.exp(k) for k in (-2, -1, 0)]
    p = np.array([up, down, down]) / sum(up)
    labels = np.array([1, 1, 0])
    expected = -np.mean(np.log(p[np.arange(3), labels]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name, y in (("categorical", np.eye(3)[labels]), ("sparse_categorical", labels)):
            row = losses.get(f"{name}_crossentropy_from_logits")
            np.testing.assert_allclose(row(y, z), expected, rtol=1e-12)
            target = row.check_targets(y, z.shape, z.dtype)
            value, slopes = row.value_and_gradient(target, z)
            np.testing.assert_allclose(value, expected, rtol=1e-12)
            np.testing.assert_allclose(slopes, (p - np.eye(3)[labels]) / 3, rtol=1e-10, atol=1e-14)


def law_a_trace_tells_what_happened():
    """Inputs, net inputs, outputs, errors, deltas and gradients of each layer, as in use: nothing is dropped."""
    from gradschool.layers import Dense, Dropout
    from gradschool.network import Sequential

    x, y = rows()
    made = Sequential([Dense(4, "tanh"), Dropout(0.5), Dense(2)], inputs=3, rng=rng(3))
    records = made.trace(x, y, "mse")
    first, dropped, last = records
    np.testing.assert_array_equal(first.input, x)
    np.testing.assert_allclose(first.net, x @ made.layers[0].params["kernel"], **TIGHT)
    np.testing.assert_allclose(first.output, np.tanh(first.net), **TIGHT)
    np.testing.assert_array_equal(dropped.output, first.output)
    np.testing.assert_array_equal(last.output, made.forward(x))
    np.testing.assert_allclose(last.error, (last.output - y) / 5, **TIGHT)
    np.testing.assert_allclose(first.delta, first.error * (1 - first.output**2), **TIGHT)
    np.testing.assert_allclose(first.grads["kernel"], x.T @ first.delta, **TIGHT)
    np.testing.assert_allclose(last.grads["bias"], last.error.sum(axis=0), **TIGHT)
