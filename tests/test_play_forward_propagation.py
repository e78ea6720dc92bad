"""The figures of lesson 03."""

import itertools

import numpy as np
import pytest
from gradschool.play import forward_propagation as play


def test_the_product_input_is_the_product():
    points = np.array([[2.0, 3.0], [-1.0, 4.0]])
    assert play.rows(points, True).tolist() == [[2, 3, 6], [-1, 4, -4]]
    assert play.rows(points, False) is points


def test_training_improves_and_is_repeatable():
    _, y, x = play.data("two moons")
    ends = []
    for _ in range(2):
        network = play.make_network(2, 1, 4, "tanh")
        before = play.accuracy(network, x, y)
        *_, network = play.train(network, x, y)
        ends.append(play.accuracy(network, x, y))
        assert ends[-1] > before
    assert ends[0] == ends[1] > 0.98


def test_a_network_without_bends_stays_a_line():
    figure = play.Boundary()
    figure.set(shape="XOR", layers=3, units=8, activation="linear")
    assert figure.data["accuracy"] < 0.8 and "a straight border" in figure.status
    figure.set(activation="tanh")
    assert figure.data["accuracy"] == 1 and "a curved border" in figure.status
    figure.set(layers=1, units=1)
    assert "a straight border" in figure.status


def test_the_border_that_is_called_straight_is_straight():
    figure = play.Boundary()
    figure.set(shape="two moons", layers=1, units=1)
    grid = figure.plane
    side = figure.data["field"].reshape(-1) > 0.5
    design = np.column_stack([grid, np.ones(len(grid))])
    weights = np.linalg.lstsq(design, np.where(side, 1.0, -1.0), rcond=None)[0]
    assert np.mean((design @ weights > 0) == side) > 0.97


def test_four_ways_all_beat_one_unit():
    found = play.four_ways()
    assert found.pop("2 inputs, 1 output") < 0.8
    assert len(found) == 4 and min(found.values()) > 0.95


@pytest.mark.parametrize("sizes", [(4, 3, 2, 1), (784, 512, 10), (1, 1)])
def test_stages_fit_each_other_and_count_as_the_network_does(sizes):
    found = play.stages(5, sizes)
    for (_, before, _), (_, arrays, _) in itertools.pairwise(found):
        (_, a), (_, kernel), (_, bias), (_, after) = arrays
        assert a == before[-1][1] and a[1] == kernel[0] and kernel[1] == bias[1] == after[1] and after[0] == 5
    network = play.Sequential([play.Dense(units) for units in sizes[1:]], inputs=sizes[0])
    assert play.parameters(sizes) == network.weights.size


def test_the_tracer_steps_round_and_names_a_clash():
    figure = play.ShapeTracer()
    seen = []
    for _ in range(4):
        figure.press("forward")
        seen.append(figure.data["formula"])
    assert seen[1:3] == ["A3 = f(A2 W3 + b3)", "A0 = X"] and figure.controls["stage"].value == 1
    figure.set(flipped=True)
    assert "4 numbers in each row meet 3 rows" in figure.data["clash"] and "No product" not in figure.alt
    assert "no product" in figure.alt
    figure.set(inputs=3)
    assert "kernel is square" in figure.data["clash"]
    figure.reset()
    assert figure.data["clash"] == "" and "has 26" in figure.status


def test_extremes_are_drawn():
    for name, values in {"Boundary": {"layers": 3, "units": 8, "seed": 9}, "ShapeTracer": {"batch": 8, "inputs": 8, "first": 8}}.items():
        figure = getattr(play, name)()
        before = figure.png
        figure.set(**values)
        assert figure.png != before and figure.status in figure.alt and not figure.error
