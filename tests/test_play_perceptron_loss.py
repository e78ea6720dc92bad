"""The figures of lesson 02."""

import numpy as np
import pytest
from gradschool.gradients import numerical_gradient
from gradschool.play import perceptron_loss as play


@pytest.mark.parametrize("name", list(play.LOSSES))
def test_slopes_agree_with_central_differences(name):
    x, y = play.students()
    for at in np.random.default_rng(0).uniform(-3, 3, (5, 2)):
        measured = numerical_gradient(lambda p: float(play.loss_at(name, x, y, *p)), at)
        assert np.abs(measured).max() > 1e-3
        assert np.allclose(play.gradient_at(name, x, y, *at), measured, rtol=0, atol=1e-6)


def test_the_landscape_is_the_loss_of_each_line():
    figure = play.Landscape()
    row, column = 60, 20
    w1, b = figure.w1_grid[row, column], figure.b_grid[row, column]
    f = w1 * figure.x[:, 0] + figure.x[:, 1] + b
    assert figure.data["heights"][row, column] == pytest.approx(np.maximum(0, -figure.y * f).mean(), abs=1e-12)


def test_minus_goes_down_and_plus_goes_up():
    figure = play.Landscape()
    start = figure.data["loss"]
    figure.press("ten")
    assert figure.data["loss"] < start / 5 and len(figure.data["path"]) == 11
    figure.press("step")
    assert len(figure.data["path"]) == 13, "the path goes on"
    figure.reset()
    figure.set(plus=True)
    figure.press("ten")
    assert figure.data["loss"] > start


def test_the_mouse_chooses_a_line():
    figure = play.Landscape()
    figure.press("step")
    before = figure.png
    figure.click(1.0, 0.5, figure.surface_axes)
    assert figure.values["w1"] == pytest.approx(1.0, abs=0.02) and len(figure.data["path"]) == 0
    assert figure.png != before and "w1 = 1.0" in figure.status and figure.status in figure.alt


def test_at_the_edge_of_the_map_nothing_breaks():
    figure = play.Landscape()
    for loss in play.LOSSES:
        figure.set(loss=loss, w1=-play.REACH, b=play.REACH, rate=2.0, plus=True)
        figure.press("ten")
        assert not figure.error and abs(figure.values["w1"]) <= play.REACH


def test_margins_charge_as_their_formulas_say():
    figure = play.Margins()
    figure.set(margin=-2.0)
    assert figure.data["values"] == pytest.approx({"perceptron": 2, "hinge": 3, "logistic": np.log1p(np.exp(2.0))})
    assert "wrong side" in figure.status
    figure.set(margin=0.5)
    assert figure.data["values"]["perceptron"] == 0 and figure.data["values"]["hinge"] == 0.5
    before = figure.png
    figure.set(slopes=True)
    assert figure.png != before
    figure.reset()
    assert figure.values == {"margin": 0.5, "slopes": False}
