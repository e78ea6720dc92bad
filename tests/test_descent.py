"""Gradient descent on plain functions, and the surfaces."""

import doctest

import numpy as np
import pytest
from gradschool import descent
from gradschool.descent import SURFACES, gradient_descent
from gradschool.gradients import numerical_gradient, relative_error


def square(x):
    return 2 * x


# The lecture: x² from -4 with rate 0.8


def test_the_lectures_path():
    walk = gradient_descent(square, -4, learning_rate=0.8, max_iter=30)
    np.testing.assert_allclose(walk.path[:6], [-4, 2.4, -1.44, 0.864, -0.5184, 0.31104], rtol=1e-13)
    np.testing.assert_allclose(walk.path[30], -8.84296e-07, rtol=1e-6)
    assert (walk.steps, walk.stopped) == (30, "max_iter")
    assert isinstance(walk.last, float) and walk.last == walk.path[-1]


def test_the_lectures_stopping_rule():
    """tol = 0.01 stops after 13 steps: the next step is the first below 0.01."""
    walk = gradient_descent(square, -4, learning_rate=0.8, max_iter=100, tol=0.01)
    assert (walk.steps, walk.stopped) == (13, "tol")
    assert abs(0.8 * square(walk.last)) < 0.01 <= abs(0.8 * square(walk.path[-2]))
    assert "13 steps" in str(walk) and "smaller than tol" in str(walk)


def test_the_gradients_length_as_a_rule_does_not_depend_on_the_rate():
    for rate in (0.8, 0.01):
        walk = gradient_descent(square, -4, learning_rate=rate, max_iter=10_000, gradient_tol=1e-3)
        assert walk.stopped == "gradient_tol"
        assert abs(square(walk.last)) <= 1e-3 < abs(square(walk.path[-2]))
    fooled = gradient_descent(square, -4, learning_rate=1e-4, max_iter=10_000, tol=1e-3)
    assert fooled.stopped == "tol" and fooled.last == -4


def test_rates_on_a_square():
    """It converges exactly for rates between 0 and 1; at 1 it goes back and forth for ever."""
    for rate in (0.01, 0.5, 0.99):
        assert abs(gradient_descent(square, -4, learning_rate=rate, max_iter=3000).last) < 1e-10
    np.testing.assert_array_equal(gradient_descent(square, -4, learning_rate=1, max_iter=4).path, [-4, 4, -4, 4, -4])
    away = gradient_descent(square, -4, learning_rate=1.1, max_iter=3000)
    assert away.stopped == "diverged" and abs(away.last) > descent.FAR
    assert np.isfinite(away.path).all() and "too large" in str(away)


def test_start_at_the_bottom():
    walk = gradient_descent(square, 0.0, learning_rate=0.1, tol=1e-6)
    assert (walk.steps, walk.stopped, walk.last) == (0, "tol", 0.0)
    assert gradient_descent(square, 3.0, learning_rate=0.1, max_iter=0).steps == 0


def test_a_point_with_several_numbers():
    start = np.array([-4.0, 3.0])
    walk = gradient_descent(lambda p: np.array([1, 20]) * p, start, learning_rate=0.09, max_iter=200)
    expected = [(0.91**t * -4, (-0.8) ** t * 3) for t in range(201)]
    np.testing.assert_allclose(walk.path, expected, rtol=1e-9)
    np.testing.assert_array_equal(start, [-4, 3])


def test_a_gradient_that_writes_into_its_argument_does_no_harm():
    def rude(p):
        p *= 2
        return p

    walk = gradient_descent(rude, [1.0, 1.0], learning_rate=0.25, max_iter=2)
    np.testing.assert_allclose(walk.path[:, 0], [1, 0.5, 0.25])


def test_on_the_ridge_of_the_saddle_it_stays_and_with_a_nudge_it_leaves():
    saddle = SURFACES["saddle"]
    stays = gradient_descent(saddle.gradient, saddle.start, learning_rate=0.1, max_iter=60)
    np.testing.assert_allclose(stays.last, [0, 0], atol=1e-5)
    leaves = gradient_descent(saddle.gradient, np.add(saddle.start, [0, 1e-3]), learning_rate=0.1, max_iter=60)
    assert abs(leaves.last[1]) > 10 and saddle(leaves.last) < -100


# Surfaces


@pytest.mark.parametrize("name", SURFACES)
def test_gradient_of_a_surface(name):
    surface = SURFACES[name]
    for point in np.random.default_rng(0).uniform(-2, 2, (10, 2)):
        measured = numerical_gradient(surface, point)
        assert np.abs(measured).max() > 1e-2
        assert relative_error(surface.slope(point), measured) < 1e-7


@pytest.mark.parametrize("name", [n for n in SURFACES if n != "saddle"])
def test_minima_are_minima(name):
    surface = SURFACES[name]
    around = 0.01 * np.random.default_rng(1).normal(size=(200, 2))
    heights = [surface(bottom) for bottom in surface.minima]
    assert heights == sorted(heights)
    for bottom, height in zip(surface.minima, heights):
        np.testing.assert_allclose(surface.slope(bottom), 0, atol=1e-12)
        assert (surface(bottom + around) > height).all()
        left, right, low, high = surface.extent
        assert left <= bottom[0] <= right and low <= bottom[1] <= high


def test_the_saddle_is_flat_and_not_lowest_at_its_middle():
    saddle = SURFACES["saddle"]
    np.testing.assert_array_equal(saddle.slope([0, 0]), 0)
    assert saddle([0.1, 0]) > saddle([0, 0]) > saddle([0, 0.1])


@pytest.mark.parametrize(("name", "rate", "steps"), [
    ("round bowl", 0.1, 300), ("long bowl", 0.09, 400), ("ravine", 0.005, 20_000), ("beale", 0.01, 20_000), ("two basins", 0.1, 500),
])  # fmt: skip
def test_descent_from_the_start_reaches_a_bottom(name, rate, steps):
    surface = SURFACES[name]
    walk = gradient_descent(surface.gradient, surface.start, learning_rate=rate, max_iter=steps)
    assert min(np.linalg.norm(walk.last - np.array(bottom)) for bottom in surface.minima) < 1e-3


def test_two_basins_two_ends():
    basins = SURFACES["two basins"]
    ends = [gradient_descent(basins.gradient, [x, 0.5], learning_rate=0.05, max_iter=500).last for x in (-1.5, 1.5)]
    np.testing.assert_allclose(ends, basins.minima, atol=1e-6)
    assert basins(ends[0]) < basins(ends[1])


def test_many_points_at_once_and_the_grid():
    for surface in SURFACES.values():
        x, y, heights = surface.grid(7)
        assert x.shape == y.shape == heights.shape == (7, 7)
        assert (x[0, 0], x[0, -1], y[0, 0], y[-1, 0]) == surface.extent
        np.testing.assert_allclose(heights[2, 5], surface([x[2, 5], y[2, 5]]))
        points = np.stack([x, y], axis=-1)
        np.testing.assert_allclose(surface.slope(points)[2, 5], surface.slope(points[2, 5]))


def test_bowls():
    bowl = descent.bowl(3, 0.5)
    np.testing.assert_allclose(bowl([2, 4]), 0.5 * (3 * 4 + 0.5 * 16))
    np.testing.assert_allclose(bowl.slope([2, 4]), [6, 2])


def test_doctest():
    assert doctest.testmod(descent).attempted > 0 and doctest.testmod(descent).failed == 0


# Bad input


@pytest.mark.parametrize(
    ("kwargs", "error", "sentence"),
    [
        ({"start": "a"}, TypeError, "start must hold numbers"),
        ({"start": np.nan}, ValueError, "start must be finite"),
        ({"start": [[1.0]]}, ValueError, "start must be one number or a row of numbers; got shape"),
        ({"start": []}, ValueError, "start is empty"),
        ({"learning_rate": 0}, ValueError, "learning_rate must be above 0; got 0"),
        ({"learning_rate": -0.1}, ValueError, "learning_rate must be above 0; got -0.1"),
        ({"max_iter": -1}, ValueError, "max_iter must be 0 or more; got -1"),
        ({"max_iter": 2.0}, TypeError, "max_iter must be a whole number"),
        ({"tol": 0}, ValueError, "tol must be above 0; got 0"),
        ({"gradient_tol": -1}, ValueError, "gradient_tol must be above 0; got -1"),
        ({"gradient": 3}, TypeError, "gradient must be a function of a point; got 3"),
        ({"gradient": lambda x: [x, x]}, ValueError, r"the gradient must have the shape of the point, \(\); got \(2,\)"),
        ({"gradient": lambda x: np.nan}, ValueError, "the gradient must be finite"),
        ({"gradient": lambda x: "down"}, TypeError, "the gradient must hold numbers"),
    ],
)
def test_bad_arguments(kwargs, error, sentence):
    arguments = {"gradient": square, "start": 1.0, "learning_rate": 0.1} | kwargs
    with pytest.raises(error, match=sentence):
        gradient_descent(arguments.pop("gradient"), arguments.pop("start"), **arguments)


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (lambda: descent.bowl(0, 1), ValueError, "a must be above 0; got 0"),
        (lambda: descent.bowl(1, "b"), TypeError, "b must be a number; got 'b'"),
        (lambda: SURFACES["beale"]([1, 2, 3]), ValueError, r"points must have 2 numbers each, shape \(..., 2\); got shape \(3,\)"),
        (lambda: SURFACES["beale"].slope(1.0), ValueError, "points must have 2 numbers each"),
        (lambda: SURFACES["saddle"]([np.nan, 1]), ValueError, "points must be finite"),
        (lambda: SURFACES["saddle"].grid(1), ValueError, "resolution must be 2 or more; got 1"),
        (lambda: descent.get("bael"), ValueError, "unknown surface 'bael'. Did you mean 'beale'"),
    ],
)
def test_bad_surfaces(call, error, sentence):
    with pytest.raises(error, match=sentence):
        call()


def test_get():
    assert descent.get("ravine") is descent.get(SURFACES["ravine"]) is SURFACES["ravine"]
