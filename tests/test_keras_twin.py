"""The twin in Keras and the comparison itself: it agrees when it should, and it can disagree."""

import subprocess
import sys

import numpy as np
import pytest
from gradschool import keras_twin, losses
from gradschool.keras_twin import Comparison, Row, compare
from gradschool.layers import Dense
from gradschool.network import Sequential

with_keras = pytest.mark.keras
pytestmark = pytest.mark.xdist_group("keras")


def lecture_network():
    network = Sequential([Dense(2, "sigmoid"), Dense(2, "sigmoid")], inputs=2)
    for layer, kernel, bias in zip(
        network.layers, ([[0.15, 0.25], [0.20, 0.30]], [[0.40, 0.50], [0.45, 0.55]]), (0.35, 0.60)
    ):
        layer.params["kernel"], layer.params["bias"] = kernel, [bias, bias]
    return network


X, Y = [[0.05, 0.10]], [[0.01, 0.99]]


def row(ours, theirs, noise=0.0):
    return Row("q", np.array(ours), np.array(theirs), 1e-9, noise)


def test_a_row_is_exact_close_or_differs():
    assert row([1.0, 2.0], [1.0, 2.0]).verdict == "exact"
    assert row([1.0, 2.0], [1.0, 2.0 + 1e-9]).verdict == "close"
    assert row([1.0, 2.0], [1.0, 2.0 + 3e-9]).verdict == "differs"
    assert row([1e-17, -2e-17], [0.0, 1e-17], noise=1e-14).verdict == "close"
    assert row([1e-17, -2e-17], [0.0, 1e-17], noise=1e-18).verdict == "differs"


def test_the_table_shows_the_entry_that_differs_most():
    text = str(Comparison([row([1.0, 2.0], [1.0, 2.5]), row(3.0, 3.0)]))
    assert text.splitlines()[1].split() == ["q", "2", "..", "2.5", "..", "5.0e-01", "differs"]
    assert text.splitlines()[2].split() == ["q", "3", "3", "0", "exact"]


def test_without_tensorflow_a_sentence_says_how_to_get_it(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    keras_twin.keras.cache_clear()
    assert compare(lecture_network(), X, Y, loss="half_squared_error") is None
    text = capsys.readouterr().out
    assert len(text.splitlines()) == 1 and "python3 start.py" in text and "gradschool[keras]" in text
    keras_twin.keras.cache_clear()


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"steps": 0}, "steps must be 1 or more"),
        ({"batch_size": 0}, "batch_size must be 1 or more"),
        ({"learning_rate": -1}, "learning_rate must be above 0"),
        ({"loss": "hlaf_squared_error"}, "Did you mean 'half_squared_error'"),
        ({"learning_rate": 0.5, "optimizer": object()}, "not both"),
    ],
)
def test_bad_settings_get_a_sentence(settings, sentence):
    with pytest.raises(ValueError, match=sentence):
        compare(lecture_network(), X, Y, **({"loss": "mse"} | settings))


def test_what_is_no_network_gets_a_sentence():
    with pytest.raises(TypeError, match="network must be a Sequential; got list"):
        compare([], X, Y, loss="mse")


@with_keras
def test_the_worked_example_agrees_and_is_left_alone(capsys):
    network = lecture_network()
    before = network.weights.copy()
    result = compare(network, X, Y, loss="half_squared_error", learning_rate=0.5)
    assert result.passed and result.largest < 1e-12
    np.testing.assert_array_equal(network.weights, before)
    np.testing.assert_array_equal(network.gradient, 0)
    quantities = [r.quantity for r in result.rows]
    assert quantities[:3] == ["outputs", "loss", "dL/d kernel of layer 1"]
    assert "kernel of layer 2 after 2 steps" in quantities and quantities[-1] == "loss after 2 steps"
    assert str(result) == capsys.readouterr().out.rstrip("\n")
    assert max(map(len, str(result).splitlines())) <= 120
    assert abs(float(result.rows[1].ours) - 0.2983711087600027) < 1e-15


@with_keras
@pytest.mark.parametrize("parameter", range(12))
def test_one_gradient_off_by_a_millionth_is_seen(parameter, monkeypatch, capsys):
    backward = Sequential._backward

    def slip(self, dy, input_gradient=False):
        backward(self, dy, input_gradient)
        self.gradient[parameter] *= 1 + 1e-6

    monkeypatch.setattr(Sequential, "_backward", slip)
    with pytest.raises(AssertionError, match=r"differ in: dL/d (kernel|bias) of layer [12]"):
        compare(lecture_network(), X, Y, loss="half_squared_error")


@with_keras
def test_a_loss_with_another_mean_is_seen(capsys):
    wrong = losses.Loss(
        "half_squared_error",
        losses.half_squared_error,
        losses.paired(lambda y_true, y_pred: y_pred - y_true),
    )
    x, y = np.vstack([X, X[::-1], X]), np.vstack([Y, Y, Y])
    compare(lecture_network(), x, y, loss="half_squared_error")
    with pytest.raises(AssertionError, match="dL/d kernel of layer 1"):
        compare(lecture_network(), x, y, loss=wrong)


@with_keras
def test_an_uneven_last_batch_over_two_epochs():
    rng = np.random.default_rng(3)
    network = Sequential([Dense(5, "tanh"), Dense(4, "relu"), Dense(1, "sigmoid")], inputs=3, rng=rng)
    x, y = rng.normal(size=(7, 3)), rng.integers(0, 2, (7, 1))
    result = compare(network, x, y, loss="bce", learning_rate=0.5, batch_size=3, show=False)
    assert result.rows[-1].quantity == "loss after 6 steps" and result.largest < 1e-12


@with_keras
def test_nothing_on_stderr():
    code = (
        "from gradschool.keras_twin import compare; from gradschool.network import Sequential;"
        "from gradschool.layers import Dense;"
        "compare(Sequential([Dense(1)], inputs=1), [[1.0]], [[2.0]], loss='mse', learning_rate=0.1)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 0 and done.stderr == "" and "loss after 2 steps" in done.stdout
