"""The figures of lesson 01."""

import numpy as np
import pytest
from gradschool import datasets
from gradschool.play import perceptron as play


def test_the_rule_moves_only_on_a_mistake():
    w = np.array([1.0, -2.0, 0.5])
    row = np.array([3.0, 1.0])
    same, error = play.rule(w, row, 1, 0.5)
    assert error == 0 and (same == w).all()
    down, error = play.rule(w, row, 0, 0.5)
    assert error == 1 and np.array_equal(down, w - 0.5 * np.array([3.0, 1.0, 1.0]))
    up, error = play.rule(-w, row, 1, 1.0)
    assert error == -1 and np.array_equal(up, -w + np.array([3.0, 1.0, 1.0]))


def test_the_step_is_inclusive_at_zero():
    assert play.outputs(np.zeros(3), np.array([[5.0, 5.0]])) == [1]


@pytest.mark.parametrize(("name", "separable"), [("AND", 1), ("OR", 1), ("XOR", 0), ("students", 1), ("students and luck", 0)])
def test_the_bound_holds_and_is_infinite_where_no_line_separates(name, separable):
    x, y = play.POINTS[name]()
    limit = play.mistake_bound(x, y)
    assert np.isfinite(limit) == bool(separable)
    w, corrections = np.zeros(3), 0
    for _ in range(200):
        for row, target in zip(x, y, strict=True):
            w, error = play.rule(w, row, target, 1.0)
            corrections += error != 0
    wrong = (play.outputs(w, x) != y).sum()
    assert corrections <= limit + 1e-9 and (wrong == 0) == bool(separable)
    assert separable or corrections > 200


def test_the_duel_learns_and_tells():
    figure = play.Duel()
    assert "After 0 rows" in figure.status and "never needs more than 9" in figure.status
    before = figure.png
    for _ in range(8):
        figure.press("many")
    assert figure.data["wrong"] == {"A": 0, "B": 0}
    assert figure.png != before and figure.status in figure.alt
    figure.set(points="XOR")
    for _ in range(10):
        figure.press("many")
    assert "the corrections never end" in figure.status and figure.data["corrections"]["A"][-1] > 9


def test_the_mouse_and_the_keyboard_move_the_same_point():
    figure = play.Duel()
    figure.drag([(1, 1), (0.2, -1.5)], figure.plane)
    assert figure.x[3].tolist() == pytest.approx([0.2, -1.5], abs=0.02)
    other = play.Duel()
    other.set(chosen=3)
    assert (other.controls["x1"].value, other.controls["x2"].value) == (1, 1)
    assert other.x.tolist() == play.POINTS["AND"]()[0].tolist(), "choosing a point moves none"
    other.set(x1=0.2, x2=-1.5)
    assert other.x[3].tolist() == [0.2, -1.5]
    assert abs(figure.bound - other.bound) < 5


def test_points_are_added_flipped_and_reset():
    figure = play.Duel()
    figure.click(2, 2, figure.plane)
    figure.press("add")
    assert len(figure.x) == 6
    was = figure.y[5]
    figure.press("flip")
    assert figure.y[5] == 1 - was
    figure.reset()
    assert len(figure.x) == 4 and "After 0 rows" in figure.status
    for _ in range(30):
        figure.press("add")
    assert len(figure.x) == play.MOST and "No more points fit in" in figure.status


def test_play_ends_when_both_are_right():
    figure = play.Duel()
    figure.press("play")
    assert figure.data["wrong"] == {"A": 0, "B": 0} and not figure.running


def test_one_unit_builds_the_gates_that_can_be_built():
    figure = play.OneUnit()
    figure.set(b=-1.5)
    assert "0 of 4 wrong" in figure.status
    figure.set(gate="OR", b=-0.5)
    assert "0 of 4 wrong" in figure.status
    figure.set(gate="XOR")
    assert "1 of 4 wrong" in figure.status
    x, y = datasets.logic_gate("xor")
    fits = [(play.outputs(w, x) == y).sum() for w in np.random.default_rng(0).normal(size=(20_000, 3))]
    assert max(fits) == 3


def test_a_line_without_direction_is_not_drawn():
    assert np.isnan(play.border(np.array([0.0, 0.0, 1.0]))).all()
    figure = play.OneUnit()
    figure.set(w1=0.0, w2=0.0)
    assert not figure.error


def test_the_border_is_where_the_sum_is_zero():
    w = np.array([1.3, -0.4, 0.7])
    points = np.column_stack(play.border(w))
    assert np.abs(play.with_one(points) @ w).max() < 1e-12
