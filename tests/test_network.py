"""Sequential: gradients, freezing, copies, summary, save and load."""

import copy

import numpy as np
import pytest
from gradschool import gradients, optimizers
from gradschool.layers import Activation, BatchNormalization, Dense, Dropout, Residual
from gradschool.network import Sequential
from gradschool.regularizers import L1L2, MaxNorm
from hypothesis import given, settings
from hypothesis import strategies as st

RNG = np.random.default_rng(6)
X, Y = RNG.normal(size=(7, 3)), RNG.normal(size=(7, 2))


def small(dtype=np.float64, seed=1, **options):
    layers = [
        Dense(5, "tanh", **options),
        BatchNormalization(),
        Activation("sigmoid"),
        Residual([Dense(4, "tanh"), Dense(5)]),
        Dense(2),
    ]
    return Sequential(layers, inputs=3, rng=np.random.default_rng(seed), dtype=dtype)


def dense(seed=1, **options):
    layers = [Dense(6, "tanh", **options), Dense(2)]
    return Sequential(layers, inputs=3, rng=np.random.default_rng(seed))


@pytest.mark.parametrize("loss", ["mse", "half_squared_error", "huber"])
def test_gradients_against_central_differences(loss):
    check = gradients.check_network(small(), X, Y, loss)
    assert check.passed, f"\n{check}"


def test_penalties_are_part_of_loss_and_gradient_once_whatever_the_batch():
    plain, ridge = dense(), dense(kernel_regularizer=L1L2(0.02, 0.3))
    kernel = plain.layers[0].params["kernel"]
    penalty = 0.02 * np.abs(kernel).sum() + 0.3 * (kernel**2).sum()
    for rows in (1, 7):
        difference = ridge.loss_and_gradients(X[:rows], Y[:rows], "mse") - plain.loss_and_gradients(X[:rows], Y[:rows], "mse")
        assert difference == pytest.approx(penalty, rel=1e-12)
        pull = ridge.gradient - plain.gradient
        assert np.allclose(pull[:18].reshape(3, 6), 0.02 * np.sign(kernel) + 0.6 * kernel, rtol=1e-10)
        assert (pull[18:] == 0).all()
    assert gradients.check_network(ridge, X, Y, "mse").passed


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 8), st.sampled_from(["mse", "huber", "log_cosh"]))
def test_doubling_the_batch_changes_nothing(seed, rows, loss):
    rng = np.random.default_rng(seed)
    network, x, y = dense(seed), rng.normal(size=(rows, 3)), rng.normal(size=(rows, 2))
    once = network.loss_and_gradients(x, y, loss), network.gradient.copy()
    twice = network.loss_and_gradients(np.tile(x, (2, 1)), np.tile(y, (2, 1)), loss)
    assert twice == pytest.approx(once[0], rel=1e-12)
    assert np.allclose(network.gradient, once[1], rtol=1e-10, atol=1e-13)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 8))
def test_the_batch_gradient_is_the_mean_of_the_row_gradients(seed, rows):
    rng = np.random.default_rng(seed)
    network, x, y = dense(seed), rng.normal(size=(rows, 3)), rng.normal(size=(rows, 2))
    by_row = []
    for i in range(rows):
        network.loss_and_gradients(x[i : i + 1], y[i : i + 1], "mse")
        by_row.append(network.gradient.copy())
    network.loss_and_gradients(x, y, "mse")
    assert np.allclose(network.gradient, np.mean(by_row, axis=0), rtol=1e-10, atol=1e-13)


def test_backward_changes_no_weight_and_repeats():
    network, x, y = small(), X.copy(), Y.copy()
    weights = network.weights.copy()
    network.loss_and_gradients(x, y, "mse")
    first = network.gradient.copy()
    network.loss_and_gradients(x, y, "mse")
    assert (network.gradient == first).all()
    assert (network.weights == weights).all()
    assert (x == X).all()
    assert (y == Y).all()
    dy = RNG.normal(size=(7, 2))
    kept = dy.copy()
    network.forward(x)
    network.backward(dy)
    once = network.gradient.copy()
    network.backward(dy)
    assert (network.gradient == once).all()
    assert (dy == kept).all()


def test_no_float64_array_in_a_float32_network(monkeypatch):
    """One float64 array in the chain costs two to four times the time; nothing else would show it."""
    network = small(np.float32, kernel_regularizer="l1_l2", kernel_constraint="max_norm")
    seen = []
    for layer in [leaf for _, leaf in network._leaves()] + network.layers:
        for name in ("_forward", "_backward"):
            method = getattr(layer, name)

            def spy(*args, method=method, **keywords):
                result = method(*args, **keywords)
                seen.extend(a for a in (*args, result) if isinstance(a, np.ndarray))
                return result

            monkeypatch.setattr(layer, name, spy)
    for loss in ("mse", "huber", "categorical_crossentropy_from_logits"):
        y = np.eye(2)[[0, 1, 0, 1, 0, 1, 0]]
        network.loss_and_gradients(X, y, loss)
        for name in optimizers.OPTIMIZERS:
            network.step(optimizers.OPTIMIZERS[name](optimizers.CosineDecay(0.01, 9), weight_decay=0.01))
    assert len(seen) > 20
    assert {a.dtype for a in seen} == {np.dtype(np.float32)}
    assert network.weights.dtype == network.gradient.dtype == np.float32


def test_the_first_layer_computes_no_gradient_of_the_data():
    network = dense()
    network.forward(X)
    assert network.backward(Y) is None
    asked = network.backward(Y, input_gradient=True)
    assert asked.shape == X.shape


def test_frozen_layers_stay_under_every_optimizer():
    for name in optimizers.OPTIMIZERS:
        network = small(kernel_constraint=MaxNorm(0.1))
        network.layers[0].trainable = network.layers[3].layers[0].trainable = False
        before = network.weights.copy()
        optimizer = optimizers.OPTIMIZERS[name](0.05, weight_decay=0.1)
        for _ in range(3):
            network.loss_and_gradients(X, Y, "mse")
            network.step(optimizer)
        frozen = np.zeros(network.weights.size, bool)
        for tensor in network.tensors:
            frozen[tensor.part] = not tensor.trainable
        assert frozen.sum() == 20 + 24
        assert (network.weights[frozen] == before[frozen]).all(), name
        assert (network.weights[~frozen] != before[~frozen]).mean() > 0.9, name


def test_step_applies_constraints():
    network = dense(kernel_constraint=MaxNorm(0.3, epsilon=0))
    network.loss_and_gradients(X, Y, "mse")
    network.step(optimizers.SGD(1e-9))
    assert np.linalg.norm(network.layers[0].params["kernel"], axis=0).max() <= 0.3 + 1e-12
    assert np.linalg.norm(network.layers[1].params["kernel"], axis=0).max() > 0.3


def test_tensors_cover_the_vector():
    network = small()
    names = [t.name for t in network.tensors]
    assert names[:4] == ["1 kernel", "1 bias", "2 gamma", "2 beta"]
    assert "4 2 bias" in names
    assert network.tensors[-1].part.stop == network.weights.size
    kernel = network.weights[network.tensors[0].part]
    assert np.shares_memory(kernel, network.layers[0].params["kernel"])


def test_a_copy_is_a_working_network_of_its_own():
    network = small()
    twin = copy.deepcopy(network)
    before = network.weights.copy()
    twin.weights += 1
    assert (network.weights == before).all()
    assert (twin.layers[0].params["kernel"] == network.layers[0].params["kernel"] + 1).all()
    assert (twin.layers[3].layers[1].params["bias"] == network.layers[3].layers[1].params["bias"] + 1).all()
    twin.loss_and_gradients(X, Y, "mse")
    assert np.abs(twin.gradient).max() > 0
    assert np.shares_memory(twin.layers[3].layers[0].grads["kernel"], twin.gradient)


def test_summary_counts():
    lecture = [Dense(3), BatchNormalization(), Dense(2), BatchNormalization(), Dense(1)]
    network = Sequential(lecture, inputs=2, dtype=np.float32)
    summary = network.summary()
    assert (summary.parameters, summary.trainable, summary.bytes) == (40, 30, 160)
    assert [row[2] for row in summary.layers] == [9, 12, 8, 8, 3]
    lecture[0].trainable = False
    assert network.summary().trainable == 21
    text = str(network.summary())
    assert "40 parameters, 21 trained, 19 not; 160 bytes" in text
    assert "1 Dense(3, 'linear')" in text
    mnist = Sequential([Dense(512, "relu"), Dense(10)], inputs=784, dtype=np.float32)
    assert mnist.summary().parameters == 407050


def trained():
    network = small()
    for _ in range(3):
        network.loss_and_gradients(X, Y, "mse")
        network.step(optimizers.SGD(0.1))
    return network


def test_save_and_load(tmp_path):
    network = trained()
    path = network.save(tmp_path / "net.v1")
    assert path == tmp_path / "net.v1.npz"
    assert [p.name for p in tmp_path.iterdir()] == ["net.v1.npz"]
    other = small(seed=2)
    assert other.load(tmp_path / "net.v1") is other
    assert (other.weights == network.weights).all()
    assert (other.layers[1].state["moving_mean"] == network.layers[1].state["moving_mean"]).all()
    assert (other.forward(X) == network.forward(X)).all()
    single = small(np.float32).load(path)
    assert single.weights.dtype == np.float32


def test_save_never_overwrites_unasked_and_survives_a_failure(tmp_path, monkeypatch):
    network = trained()
    path = network.save(tmp_path / "net")
    first = path.read_bytes()
    with pytest.raises(FileExistsError, match="save with overwrite=True"):
        small(seed=5).save(path)
    assert path.read_bytes() == first

    def full(file, **arrays):
        file.write(b"half")
        raise OSError("no space left on device")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="no space"):
        patch.setattr(np, "savez", full)
        network.save(path, overwrite=True)
    assert path.read_bytes() == first
    assert len(list(tmp_path.iterdir())) == 1
    small(seed=5).save(path, overwrite=True)
    assert path.read_bytes() != first


def other_file(path, kind):
    if kind == "text":
        path.write_text("hello")
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "other npz":
        np.savez(path, a=np.ones(3))
    elif kind == "pickle":
        np.savez(path, about=np.array([{"format": 1}], dtype=object))
    elif kind == "npy":
        with open(path, "wb") as file:
            np.save(file, np.ones(3))
    elif kind == "cut":
        whole = trained().save(path.with_name("whole")).read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
    elif kind == "nan":
        network = trained()
        network.weights[3] = np.nan
        network.save(path)


@pytest.mark.parametrize("kind", ["text", "empty", "other npz", "pickle", "npy", "cut", "nan"])
def test_load_refuses_what_is_no_saved_network(tmp_path, kind):
    path = tmp_path / "x.npz"
    other_file(path, kind)
    network = trained()
    before = network.weights.copy()
    with pytest.raises(ValueError, match=r"is not a network saved by|is damaged"):
        network.load(path)
    assert (network.weights == before).all()


@pytest.mark.parametrize(
    ("other", "sentence"),
    [
        (lambda: Sequential([Dense(2)], inputs=3), "a network of 5 layers; this one has 1"),
        (lambda: Sequential(small().layers, inputs=4), "for 3 inputs; this one has 4"),
        (
            lambda: Sequential([Dense(5, "relu"), *small().layers[1:]], inputs=3),
            "its layer 1 is Dense(5, 'tanh'), here it is Dense(5, 'relu')",
        ),
    ],
)
def test_load_refuses_another_architecture(tmp_path, other, sentence):
    path = trained().save(tmp_path / "net")
    with pytest.raises(ValueError) as caught:
        other().load(path)
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: Sequential([], inputs=3), "at least one layer"),
        (lambda: Sequential([Dense(2)], inputs=0), "inputs must be 1 or more"),
        (lambda: Sequential([Dense(2)], inputs=3, dtype=np.int32), "dtype must be float32 or float64"),
        (lambda: Sequential([Dense(2)] * 2, inputs=3), "occurs twice"),
        (lambda: Sequential([Dense(2)], inputs=3, rng=1), "rng must be a numpy.random.Generator"),
        (lambda: dense().forward(X.T), "x must have shape (any, 3); got (3, 7). It looks transposed"),
        (lambda: dense().loss_and_gradients(X, Y, "mes"), "Did you mean 'mse'|unknown loss 'mes'"),
        (lambda: dense().loss_and_gradients(X, Y[:3], "mse"), "y"),
        (lambda: dense().backward(Y), "needs a forward pass first"),
        (lambda: dense().step("sgd"), "optimizer must be an Optimizer; got 'sgd'. Make one first"),
        (lambda: dense().load("nowhere"), "there is no file nowhere.npz"),
    ],
)
def test_bad_input_gets_a_sentence(call, sentence):
    with pytest.raises((ValueError, TypeError, RuntimeError, FileNotFoundError)) as caught:
        call()
    assert any(part in str(caught.value) for part in sentence.split("|")), caught.value


def test_dropout_in_a_network_is_reproducible():
    def outputs():
        network = Sequential([Dense(20), Dropout(0.5), Dense(2)], inputs=3, rng=np.random.default_rng(3))
        return network._forward(X, True)

    assert (outputs() == outputs()).all()
