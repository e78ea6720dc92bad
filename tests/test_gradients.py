"""Gradients by measuring, the checks built on them, and what the chain rule costs."""

import dataclasses

import numpy as np
import pytest
from gradschool import gradients, losses
from gradschool.gradients import check_layer, check_network, count_multiplications, numerical_gradient, relative_error
from gradschool.layers import Activation, Dense, Dropout
from gradschool.network import Sequential


def rng(seed=0):
    return np.random.default_rng(seed)


# Central differences


def test_numerical_gradient_of_a_known_function():
    x = rng().normal(size=(3, 2))
    measured = numerical_gradient(lambda v: np.sum(np.sin(v) * [1, 2]), x)
    np.testing.assert_allclose(measured, np.cos(x) * [1, 2], rtol=1e-9)


def test_numerical_gradient_is_exact_for_a_parabola():
    """Central differences have no error of second order; one-sided ones are off by the step."""
    np.testing.assert_allclose(numerical_gradient(lambda v: v[0] ** 2, [3.0], step=0.5), [6], rtol=1e-14)


def test_numerical_gradient_of_one_number_and_of_float32():
    assert numerical_gradient(lambda v: float(v) ** 2, 3.0) == pytest.approx(6, rel=1e-9)
    assert numerical_gradient(lambda v: v[0] ** 2, np.float32([3])).dtype == np.float64


def test_numerical_gradient_leaves_x_alone_whatever_the_function_does():
    x = np.array([1.0, 2.0])

    def rude(v):
        total = np.sum(v**2)
        v[:] = 99
        return total

    np.testing.assert_allclose(numerical_gradient(rude, x), [2, 4], rtol=1e-9)
    np.testing.assert_array_equal(x, [1, 2])


@pytest.mark.parametrize(
    ("function", "x", "kwargs", "error", "sentence"),
    [
        (lambda v: v, [1.0, 2.0], {}, ValueError, "the function must return one finite number"),
        (lambda v: np.nan, [1.0], {}, ValueError, "the function must return one finite number; got array\\(nan\\)"),
        (np.sum, [np.nan], {}, ValueError, "x must be finite"),
        (np.sum, [], {}, ValueError, "x is empty"),
        (np.sum, ["a"], {}, TypeError, "x must hold numbers"),
        (np.sum, [1.0], {"step": 0}, ValueError, "step must be above 0; got 0"),
    ],
)
def test_numerical_gradient_says_what_is_wrong(function, x, kwargs, error, sentence):
    with pytest.raises(error, match=sentence):
        numerical_gradient(function, x, **kwargs)


def test_relative_error():
    assert relative_error([100.0, 0.0], [99.0, 0.0]) == pytest.approx(0.01)
    assert relative_error([0, 0], [0, 0]) == 0
    assert relative_error([1e-9], [-1e-9]) == 2
    with pytest.raises(ValueError, match=r"a and b must have the same shape; got \(2,\) and \(1,\)"):
        relative_error([1, 2], [1])
    with pytest.raises(ValueError, match="b must be finite"):
        relative_error([1.0], [np.inf])


# Checks of layers and networks


def network(last="sigmoid"):
    made = Sequential([Dense(4, "tanh"), Dense(3, "silu"), Dense(2, last)], inputs=3, rng=rng(1))
    made.weights += 0.1 * rng(2).normal(size=made.weights.shape)
    return made


X, Y = rng(3).normal(size=(5, 3)), rng(4).uniform(0.1, 0.9, (5, 2))


def test_a_right_layer_passes():
    result = check_layer(Dense(3, "tanh").build(4, rng=rng()), rng(1).normal(size=(5, 4)), rng=rng(2))
    assert result.passed
    assert list(result.errors) == ["input", "kernel", "bias"]
    assert str(result).count("agrees") == 3 and "DIFFERS" not in str(result)


@pytest.mark.parametrize("wrong", ["kernel", "bias", "input"])
def test_a_layer_with_a_slip_fails(wrong):
    class Slip(Dense):
        def _backward(self, dy, input_gradient=True):
            dx = super()._backward(dy, input_gradient)
            if wrong == "input":
                return dx * 1.001
            self.grads[wrong] = self.grads[wrong] * 1.001
            return dx

    result = check_layer(Slip(3, "tanh").build(4, rng=rng()), rng(1).normal(size=(5, 4)), rng=rng(2))
    assert not result.passed
    assert [name for name, error in result.errors.items() if error > result.tolerance] == [wrong]
    assert "DIFFERS" in str(result)


def test_a_gradient_near_zero_does_not_pass_as_right():
    layer = Dense(3, "relu").build(4, rng=rng())
    layer.params["kernel"] = -np.ones((4, 3))
    result = check_layer(layer, np.ones((2, 4)), rng=rng(2))
    assert not result.passed
    assert "too small to tell" in str(result)


def test_checks_put_the_weights_back():
    made = network()
    before = made.weights.copy()
    check_network(made, X, Y, "bce")
    np.testing.assert_array_equal(made.weights, before)
    layer = Dense(3, "tanh").build(4, rng=rng())
    kernel = layer.params["kernel"].copy()
    check_layer(layer, rng(1).normal(size=(5, 4)), rng=rng(2))
    np.testing.assert_array_equal(layer.params["kernel"], kernel)


def test_a_right_network_passes_and_a_wrong_loss_fails():
    assert check_network(network(), X, Y, "bce").passed
    row = losses.get("mse")
    wrong = dataclasses.replace(row, gradient=losses.paired(lambda y_true, y_pred: (y_pred - y_true) * 2))
    result = check_network(network(), X, Y, wrong)
    assert not result.passed
    assert list(result.errors) == ["1 kernel", "1 bias", "2 kernel", "2 bias", "3 kernel", "3 bias"]


def test_check_layer_wants_a_generator():
    with pytest.raises(TypeError, match="rng must be a numpy.random.Generator"):
        check_layer(Dense(3).build(4, rng=rng()), np.ones((2, 4)), rng=0)


# Gradient flow


def test_gradient_flow_is_the_root_mean_square_of_each_kernels_gradient():
    made = network()
    flow = gradients.gradient_flow(made, X, Y, "bce")
    made.loss_and_gradients(X, Y, "bce")
    assert list(flow) == ["1 Dense", "2 Dense", "3 Dense"]
    for layer, size in zip(made.layers, flow.values()):
        np.testing.assert_allclose(size, np.linalg.norm(layer.grads["kernel"]) / np.sqrt(layer.grads["kernel"].size))


def test_gradient_flow_shows_a_vanishing_gradient_and_leaves_out_layers_without_a_kernel():
    deep = Sequential([Dense(8, "sigmoid") for _ in range(6)] + [Dropout(0.2, rng=rng()), Dense(1)], inputs=3, rng=rng(1))
    flow = list(gradients.gradient_flow(deep, X, Y[:, :1], "mse").values())
    assert len(flow) == 7
    assert flow[0] < 1e-2 * flow[4]
    with pytest.raises(ValueError, match="y and the predictions must have the same shape"):
        gradients.gradient_flow(deep, X, Y, "mse")


# Chain rule and memory


def chain(depth, width=2):
    return Sequential([Dense(width, "tanh") for _ in range(depth)], inputs=3, rng=rng(depth))


ROW, TARGET = rng(5).normal(size=3), rng(6).normal(size=2)


@pytest.mark.parametrize("depth", [1, 2, 5])
def test_both_ways_find_what_backward_finds(depth):
    made = chain(depth)
    delta = made.trace(ROW[None], TARGET[None], "mse")[0].delta[0]
    assert np.abs(delta).max() > 1e-3
    for memoize in (True, False):
        np.testing.assert_allclose(
            count_multiplications(made, ROW, TARGET, "mse", memoize=memoize).delta, delta, rtol=1e-12
        )


def test_the_count_by_hand():
    """Two layers of two units. Each of the last two: one product with a slope, asked once or twice.
    Each of the first two: two products with a weight, one with its slope."""
    assert count_multiplications(chain(2), ROW, TARGET, "mse").multiplications == 2 * 1 + 2 * 3
    assert count_multiplications(chain(2), ROW, TARGET, "mse", memoize=False).multiplications == 4 * 1 + 2 * 3


def test_linear_with_memory_exponential_without():
    with_memory = [count_multiplications(chain(d), ROW, TARGET, "mse").multiplications for d in range(1, 9)]
    without = [count_multiplications(chain(d), ROW, TARGET, "mse", memoize=False).multiplications for d in range(1, 9)]
    assert set(np.diff(with_memory)) == {6}
    np.testing.assert_array_equal(np.diff(without), 8 * 2 ** np.arange(7))
    assert without[-1] > 10 * with_memory[-1]


def test_labels_and_losses_of_logits():
    made = chain(3, width=4)
    count = count_multiplications(made, ROW, 2, "sparse_categorical_crossentropy_from_logits")
    trace = made.trace(ROW[None], [2], "sparse_categorical_crossentropy_from_logits")
    np.testing.assert_allclose(count.delta, trace[0].delta[0], rtol=1e-12)


def test_activations_with_parameters_are_counted_with_them():
    from gradschool.activations import get

    made = Sequential([Dense(3, get("leaky_relu", negative_slope=0.7)), Dense(2)], inputs=3, rng=rng(1))
    trace = made.trace(ROW[None], TARGET[None], "mse")
    assert (trace[0].net < 0).any()
    np.testing.assert_allclose(count_multiplications(made, ROW, TARGET, "mse").delta, trace[0].delta[0], rtol=1e-12)


def test_counting_says_what_it_cannot_do():
    deep = chain(21)
    with pytest.raises(ValueError, match="without memory there are 2,097,152 paths to walk"):
        count_multiplications(deep, ROW, TARGET, "mse", memoize=False)
    assert count_multiplications(deep, ROW, TARGET, "mse").multiplications == 2 + 20 * 6
    with pytest.raises(TypeError, match="layer 2 has a softmax"):
        count_multiplications(Sequential([Dense(2), Dense(2, "softmax")], inputs=3), ROW, [0.0, 1.0], "cce")
    with pytest.raises(TypeError, match="layer 2 has Activation"):
        count_multiplications(Sequential([Dense(2), Activation("relu")], inputs=3), ROW, TARGET, "mse")
    with pytest.raises(ValueError, match="x must have shape"):
        count_multiplications(chain(2), [1.0], TARGET, "mse")
