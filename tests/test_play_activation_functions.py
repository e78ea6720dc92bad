"""The figures of lesson 04."""

import math

import numpy as np
import pytest
from gradschool import activations
from gradschool.play import activation_functions as play


def test_the_share_saturated_is_that_of_the_normal_distribution():
    """The slope of tanh is below 0.01 beyond |z| = arctanh(sqrt(0.99)); the rest is the normal distribution's tail."""
    edge = math.atanh(math.sqrt(1 - play.SATURATED))
    for mean, spread in ((0.0, 1.0), (0.5, 3.0), (-2.0, 6.0)):
        tails = sum(math.erfc((edge + sign * mean) / spread / math.sqrt(2)) / 2 for sign in (1, -1))
        assert play.under("tanh", mean, spread)["saturated"] == pytest.approx(tails, abs=1e-3)


def test_mean_and_spread_of_the_outputs():
    found = play.under("relu", 0.0, 2.0)
    assert found["mean"] == pytest.approx(2 / math.sqrt(2 * math.pi), rel=1e-4)
    assert found["slope"] == pytest.approx(0.5, abs=1e-3)
    assert found["spread"] == pytest.approx(2 * math.sqrt(0.5 - 1 / (2 * math.pi)), rel=1e-4)
    selu = play.under("selu", 0.0, 1.0)
    assert abs(selu["mean"]) < 1e-6 and selu["spread"] == pytest.approx(1, abs=1e-6)


def test_both_kinds_of_bipolar_unit_are_seen():
    assert play.under("brelu", 0.0, 1.0)["mean"] == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    ("name", "kinks", "order"),
    [("relu", [0], "C0"), ("step", [0], "C-1"), ("softsign", [0], "C1"), ("sqnl", [-2, 0, 2], "C1"), ("tanh", [0], "Cinf")],
)
def test_measure_finds_the_order_of_continuity(name, kinks, order):
    row = activations.ACTIVATIONS[name]
    found = play.measure(row, row.prime, kinks)
    assert found.continuity == order and found.slope_error < 1e-8


def test_measure_finds_range_and_wrong_slopes():
    row = activations.ACTIVATIONS["sqnl"]
    found = play.measure(row, row.prime, [-2, 0, 2])
    assert (found.low, found.high, found.reached) == (-1, 1, "low high")
    assert play.measure(np.tanh, lambda z: 1 - np.tanh(z)).slope_error > 0.1
    assert play.measure(np.tanh, activations.tanh_prime).reached == ""
    assert "from -1 to 1, Cinf" in str(play.measure(np.tanh, activations.tanh_prime))


def test_matches_says_no_to_each_wrong_column():
    found = play.measure(np.tanh, activations.tanh_prime)
    assert found.matches(-1, 1, "Cinf")
    assert not found.matches(0, 1, "Cinf") and not found.matches(-1, np.inf, "Cinf") and not found.matches(-1, 1, "C1")
    assert not play.measure(np.tanh, lambda z: 1.0 + 0 * z).matches(-1, 1, "Cinf")
    line = play.measure(lambda z: -2 * z, lambda z: -2 + 0 * z)
    assert line.matches(-np.inf, np.inf, "Cinf") and not line.matches(-np.inf, 600.1, "Cinf")


def test_five_questions_to_every_activation():
    found = play.five_questions(values=1000, repeats=3)
    assert list(found) == list(play.ELEMENTWISE)
    assert found["linear"]["bend"] < 1e-12 and found["relu"]["bend"] > 0.2
    assert found["elu"]["order"] == "C1" and found["step"]["order"] == "C-1"
    assert found["relu"]["mean"] == pytest.approx(0.3989, abs=1e-3)
    assert found["step"]["saturated"] == pytest.approx(1) and found["leaky_relu"]["saturated"] == 0
    assert all(row["cost"] > 0 for row in found.values())


def test_the_lab_follows_its_controls():
    figure = play.Lab()
    seen = {figure.png}
    assert "sigmoid" in figure.status and "0.0% saturated" in figure.status
    figure.set(spread=8.0)
    seen.add(figure.png)
    assert figure.data["under"]["saturated"] > 0.5 and figure.status in figure.alt
    for name in play.ELEMENTWISE:
        figure.set(name=name)
        seen.add(figure.png)
        assert name in figure.status
        np.testing.assert_allclose(figure.output.get_ydata()[::40], activations.ACTIVATIONS[name](np.tile(figure.z, (2, 1)).T)[::40, 0])
    assert len(seen) == len(play.ELEMENTWISE)  # an even BReLU unit looks like ReLU
    figure.reset()
    assert figure.values == {"name": "sigmoid", "mean": 0.0, "spread": 1.0}


def test_the_net_inputs_can_be_dragged():
    figure = play.Lab()
    figure.drag([(0.0, 1.0), (2.0, 1.0), (3.52, 1.0)])
    assert figure.values["mean"] == 3.5
    figure.click(-30.0, 0.0)
    assert figure.values["mean"] >= -6


def test_the_saturated_part_is_where_the_slope_is_small():
    figure = play.Lab()
    figure.set(spread=5.0)
    heights = figure.flat.get_xy()[1:-2, 1] + 0.65
    beyond = np.abs(figure.z) > 4.6
    assert (heights[beyond] > 0).all() and (heights[np.abs(figure.z) < 4.5] == 0).all()


def test_training_kills_units_and_each_remedy_saves_some():
    relu = play.dead_share(seeds=range(3), learning_rate=3.0)
    assert relu > 0.5
    assert play.dead_share(seeds=range(3), learning_rate=1.0) < relu - 0.2
    assert play.dead_share(seeds=range(3), learning_rate=1.0, bias=0.01) < 0.2
    assert play.dead_share(seeds=range(3), learning_rate=3.0, activation="leaky_relu") == 0


def test_training_is_repeatable_and_learns():
    first, last = [list(play.train(learning_rate=1.0, seed=2))[i] for i in (0, -1)]
    assert last["loss"][-1] < 0.5 * first["loss"][0] and last["accuracy"] > 0.8
    *_, again = play.train(learning_rate=1.0, seed=2)
    assert again["loss"] == last["loss"] and len(last["epochs"]) == 31


def test_a_dead_unit_answers_to_no_row():
    x, _ = play.points()
    network = play.Sequential([play.Dense(2, "relu")], inputs=2)
    network.layers[0].params["kernel"] = [[1, -1], [1, -1]]
    network.layers[0].params["bias"] = [0, -1]
    assert play.alive(network, x)[1] == 0 and play.alive(network, x)[0] > 0.9


def test_the_counter_follows_its_controls():
    figure = play.DeadUnits()
    assert "relu, epoch 300" in figure.status
    shown = len(figure.crosses.get_xdata())
    assert shown == round(figure.data["dead"][-1] * play.UNITS) > 5
    figure.set(activation="leaky_relu")
    assert "0 of 30 hidden units are dead" in figure.status and len(figure.crosses.get_xdata()) == 0
    figure.set(activation="relu", rate=4.0)
    assert figure.data["dead"][-1] > 0.5
    before = figure.png
    figure.set(seed=5, bias=0.01)
    assert figure.png != before and figure.status in figure.alt
    figure.reset()
    assert len(figure.crosses.get_xdata()) == shown
