"""The figures of lesson 08."""

import numpy as np
import pytest
from gradschool import descent
from gradschool.gradients import numerical_gradient
from gradschool.play import gradient_descent as play


def test_the_slope_underfoot_is_the_slope_of_the_land():
    x = np.linspace(-1.9, 1.9, 15)
    measured = [numerical_gradient(lambda p: float(play.height(p[0])), [at])[0] for at in x]
    np.testing.assert_allclose(play.steepness(x), measured, rtol=1e-6, atol=1e-8)


def test_the_bottoms_are_bottoms():
    left, right = play.BOTTOMS
    for bottom in play.BOTTOMS:
        assert abs(play.steepness(bottom)) < 1e-12
        assert play.height(bottom) < min(play.height(bottom - 0.05), play.height(bottom + 0.05))
    assert left < 0 < right and play.height(left) < play.height(right)


def test_a_step_in_the_valley_is_rate_times_slope_downhill():
    figure = play.valley()
    figure.set(start=0.5, rate=0.05)
    figure.press("step")
    assert figure.data["here"] == pytest.approx(0.5 - 0.05 * float(play.steepness(0.5)), rel=1e-14)
    assert "After 1 step at" in figure.status and "downhill is to the right" in figure.status


def test_the_land_is_hidden_until_the_blindfold_is_off():
    figure = play.valley()
    assert not figure.land.get_visible()
    before = figure.png
    figure.set(eyes=True)
    assert figure.land.get_visible() and figure.png != before


def test_where_you_start_decides_where_you_end():
    ends = {}
    for start in (-1.0, 1.0):
        figure = play.valley()
        figure.set(start=start, rate=0.1)
        for _ in range(4):
            figure.press("walk")
        ends[start] = figure.data["here"]
        assert "the bottom of a valley" in figure.status
        figure.set(eyes=True)
        assert ("the deeper one" in figure.status) == (start < 0)
    np.testing.assert_allclose(list(ends.values()), play.BOTTOMS, atol=1e-3)


def test_a_rate_too_large_leaves_the_picture_and_reset_comes_back():
    figure = play.valley()
    figure.set(rate=0.6)
    for _ in range(5):
        figure.press("step")
    assert "you have left the picture" in figure.status
    figure.reset()
    assert len(figure.data["path"]) == 1 and figure.data["here"] == 1.7 and "After 0 steps" in figure.status


def test_another_start_begins_a_new_walk_and_the_mouse_chooses_it():
    figure = play.valley()
    figure.press("step")
    figure.click(-1.24, 2.0)
    assert figure.controls["start"].value == -1.2 and len(figure.data["path"]) == 1
    figure.click(-1.99, 2.0)
    assert figure.controls["start"].value == -1.9


def test_the_lecture_walks_here():
    x = play.parabola_walk(0.8, 30)
    np.testing.assert_allclose(x[:6], [-4, 2.4, -1.44, 0.864, -0.5184, 0.31104], rtol=1e-14)
    assert x[30] == pytest.approx(-8.84296e-07, abs=5e-13)
    theirs = descent.gradient_descent(lambda x: 2 * x, -4.0, learning_rate=0.8, max_iter=30)
    np.testing.assert_array_equal(x, theirs.path)


@pytest.mark.parametrize(
    ("rate", "words"),
    [
        (0.0, "stands still"),
        (0.1, "closer from one side"),
        (0.5, "in one step"),
        (0.8, "side to side and comes closer"),
        (1.0, "to and fro for ever"),
        (1.05, "farther away"),
    ],
)
def test_the_regimes_do_what_is_said_of_them(rate, words):
    assert words in play.regime(rate)
    x = play.parabola_walk(rate, 20)
    sizes, sides = np.abs(x), np.sign(x)
    if "closer" in words:
        assert np.all(np.diff(sizes) < 0)
    if "farther" in words:
        assert np.all(np.diff(sizes) > 0)
    if "side to side" in words or "to and fro" in words:
        assert np.all(sides[1:] == -sides[:-1])
    if "to and fro" in words:
        assert np.all(sizes == 4)
    if "one side" in words:
        assert np.all(sides == -1)
    figure = play.rates()
    figure.set(rate=rate, steps=20)
    assert words in figure.status and f"x is {x[-1]:.6g}" in figure.status


def test_the_rates_figure_follows():
    figure = play.rates()
    before = figure.png
    figure.set(rate=0.3, steps=5)
    np.testing.assert_allclose(figure.path.get_xdata(), play.parabola_walk(0.3, 5), rtol=0, atol=0)
    assert figure.png != before and figure.status in figure.alt
    figure.set(steps=0)
    assert "After 0 steps x is -4" in figure.status


@pytest.mark.parametrize("bad", [{"rate": -0.1, "steps": 3}, {"rate": 0.1, "steps": -1}])
def test_a_bad_walk_is_refused(bad):
    with pytest.raises(ValueError, match="must be"):
        play.parabola_walk(**bad)


def test_without_noise_the_ridge_holds():
    path = play.saddle_walk(0.0, 0.0)
    assert len(path) == 61 and np.all(path[:, 1] == 0) and abs(path[-1, 0]) < 1e-5
    figure = play.saddle()
    figure.set(steps=100)
    assert figure.status.startswith("Without noise: after 100 steps it is at (0.000, 0.000), where the slope is 0.000.")


@pytest.mark.parametrize("seed", range(5))
def test_with_noise_it_leaves(seed):
    path = play.saddle_walk(0.0, 0.1, steps=60, seed=seed)
    assert abs(path[-1, 1]) > 2 and len(path) < 60


def test_beside_the_ridge_it_leaves_without_noise():
    path = play.saddle_walk(0.01, 0.0, steps=100)
    assert path[-1, 1] > 2
    np.testing.assert_allclose(path[1:, 1] / path[:-1, 1], 1.2, rtol=1e-12)


def test_the_saddle_figure_follows():
    figure = play.saddle()
    before = figure.png
    figure.set(noise=0.1)
    assert "With noise: after" in figure.status and "it has left the saddle" in figure.status and figure.png != before
    first = figure.status
    figure.set(seed=3)
    assert figure.status != first and figure.status in figure.alt
    np.testing.assert_array_equal(figure.shaken.get_ydata(), play.saddle_walk(0.0, 0.1, 40, seed=3)[:, 1])
    figure.set(steps=2)
    assert figure.status.count("after 2 steps it is at") == 2
    figure.set(across=0.3, steps=100)
    assert figure.status.count("it has left the saddle") == 2
    figure.reset()
    assert "(-0.000, 0.000)" not in figure.status and figure.values["noise"] == 0.01


def test_the_next_step_is_shown_before_it_is_taken():
    figure = play.valley()
    figure.set(start=0.5, rate=0.2)
    shown = figure.next.get_xdata()[0]
    figure.press("step")
    assert figure.data["here"] == pytest.approx(shown, rel=1e-14)
