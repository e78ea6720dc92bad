"""The figures of lesson 05."""

import numpy as np
import pytest
from gradschool import losses
from gradschool.play import loss_functions as play


def points(seed=0, rows=11):
    rng = np.random.default_rng(seed)
    x = rng.uniform(4, 10, rows)
    y = 1.5 * x - 5 + rng.normal(size=rows)
    y[0] += 15
    return x, y


def test_the_squared_line_has_no_slope_left():
    x, y = points()
    slope, height = play.fit_squared(x, y)
    miss = slope * x + height - y
    np.testing.assert_allclose([miss.sum(), miss @ x], 0, atol=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_no_line_nearby_beats_the_absolute_one(seed):
    x, y = points(seed)
    best = np.abs(np.polyval(play.fit_absolute(x, y), x) - y).sum()
    tried = np.array(play.fit_absolute(x, y)) + np.random.default_rng(1).normal(size=(500, 2)) * [0.1, 1]
    assert (np.abs(tried[:, :1] * x + tried[:, 1:] - y).sum(axis=1) >= best).all()


@pytest.mark.parametrize("delta", [0.1, 1.0, 5.0])
def test_the_huber_line_has_no_slope_left(delta):
    x, y = points(2)
    line = play.fit_huber(x, y, delta)
    pull = np.clip(np.polyval(line, x) - y, -delta, delta)
    np.testing.assert_allclose([pull.sum(), pull @ x], 0, atol=1e-6)


def test_huber_lies_between_the_two():
    x, y = points(2)
    np.testing.assert_allclose(play.fit_huber(x, y, 1000), play.fit_squared(x, y), rtol=1e-8)
    small = play.fit_huber(x, y, 1e-3)
    np.testing.assert_allclose(np.abs(np.polyval(small, x) - y).sum(), np.abs(np.polyval(play.fit_absolute(x, y), x) - y).sum(), rtol=1e-3)


def test_charges_are_the_librarys():
    e = np.linspace(-4, 4, 17)
    for name, row in (("squared error", losses.get("mse")), ("absolute error", losses.get("mae"))):
        np.testing.assert_allclose(play.CHARGES[name](e, 1.0), [row([0.0], [v]) for v in e], atol=1e-15)
    np.testing.assert_allclose(play.CHARGES["Huber"](e, 1.5), [losses.huber([0.0], [v], delta=1.5) for v in e], atol=1e-15)


def test_the_outlier_moves_the_squared_line_only():
    figure = play.Outlier()
    before = {name: line.get_ydata().copy() for name, line in figure.lines.items()}
    shown = figure.png
    figure.set(height=30.0)
    assert np.abs(figure.lines["squared error"].get_ydata() - before["squared error"]).max() > 0.5
    np.testing.assert_allclose(figure.lines["absolute error"].get_ydata(), before["absolute error"])
    assert figure.png != shown and "package 30.0" in figure.status and figure.status in figure.alt
    figure.set(delta=10.0)
    assert figure.data["lines"]["Huber"][0] > 2
    figure.reset()
    assert figure.png == shown


def test_the_outlier_can_be_dragged_and_typed():
    figure = play.Outlier()
    figure.drag([(9.0, 25.0), (7.0, 12.0), (6.04, 3.3)], figure.plane)
    assert (figure.values["place"], figure.values["height"]) == (6.0, 3.5)
    np.testing.assert_allclose([figure.outlier.get_xdata()[0], figure.outlier.get_ydata()[0]], [6.0, 3.5])
    figure.click(0.0, 5.0, figure.figure.axes[1])
    assert figure.values["place"] == 6.0


@pytest.mark.parametrize("loss", play.PAIR)
@pytest.mark.parametrize("target", [0, 1])
def test_slope_of_the_unit_against_central_differences(loss, target):
    z = np.linspace(-7, 7, 15)
    above, below = (play.pair(loss, z + h, target)[0] for h in (1e-5, -1e-5))
    np.testing.assert_allclose(play.pair(loss, z, target)[1], (above - below) / 2e-5, atol=1e-9)


def test_the_unit_is_the_librarys():
    value, slope = play.pair("cross-entropy", [-5.0], 1)
    np.testing.assert_allclose(value[0], losses.binary_crossentropy_from_logits([1], [-5.0]), rtol=1e-12)
    np.testing.assert_allclose(slope[0], losses.binary_crossentropy_from_logits_gradient([1], [-5.0])[0], rtol=1e-12)


def test_learning_goes_toward_the_target():
    for loss in play.PAIR:
        for target, z in ((1, -3.0), (0, 3.0)):
            said = play.learn(loss, z, target, 0.5)
            assert len(said) == play.STEPS + 1
            assert (np.diff(said) * (1 if target else -1) > 0).all()
            assert abs(said[-1] - target) < 0.1


def test_the_saturated_unit_learns_by_crossentropy_alone():
    figure = play.Chooser()
    assert "-0.01321" in figure.status and "-0.99331" in figure.status
    figure.set(z=-8.0)
    squared, crossed = (path[-1] for path in figure.data["paths"])
    assert squared < 0.01 and crossed > 0.99
    first = figure.png
    figure.set(z=8.0, target=0)
    assert figure.data["here"][0][1] > 0 and figure.dots[1][1].get_ydata()[0] == figure.data["here"][1][1]
    np.testing.assert_allclose(figure.slopes[1].get_ydata(), play.sigmoid(figure.z))
    np.testing.assert_allclose(figure.losses[0].get_ydata(), play.sigmoid(figure.z) ** 2)
    assert "the target is 0" in figure.status and figure.status in figure.alt
    figure.reset()
    assert figure.values == {"z": -5.0, "target": 1, "rate": 0.5}
    figure.set(z=-8.0)
    assert figure.png == first


def test_hessian_is_the_formula():
    rng = np.random.default_rng(0)
    x, y, w = rng.normal(size=(20, 2)), rng.integers(0, 2, 20), rng.normal(size=3)
    rows = np.column_stack([x, np.ones(20)])
    a = 1 / (1 + np.exp(-rows @ w))
    np.testing.assert_allclose(play.hessian(x, y, w), rows.T @ (rows * (a * (1 - a))[:, None]) / 20, atol=1e-9)
