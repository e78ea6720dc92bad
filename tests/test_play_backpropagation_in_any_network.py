"""The figures of lesson 07."""

import numpy as np
import pytest
from gradschool.gradients import numerical_gradient
from gradschool.play import backpropagation_in_any_network as play


@pytest.mark.parametrize("task", list(play.STUDENTS))
@pytest.mark.parametrize("student", range(4))
def test_every_derivative_is_the_slope_of_the_loss(task, student):
    x, y = play.STUDENTS[task][student]
    steps, numbers = play.walk_backward(x, y, task=task)
    found = {step.name: step.value for step in steps}

    def loss(values):
        moved = dict(zip(play.PARAMETERS, values))
        return play.loss(play.forward(x, moved, task)["ŷ"], y, task)

    measured = numerical_gradient(loss, list(play.PARAMETERS.values()))
    np.testing.assert_allclose([found[name] for name in play.PARAMETERS], measured, rtol=1e-6, atol=1e-9)
    assert numbers["L"] == pytest.approx(loss(play.PARAMETERS.values()), rel=1e-12)


def test_a_derivative_of_a_number_inside_is_right_too():
    x, y = (8, 8), 1.0
    steps, numbers = play.walk_backward(x, y)
    found = {step.name: step.value for step in steps}
    z = numbers["z21"]
    measured = numerical_gradient(lambda p: play.loss(1 / (1 + np.exp(-p[0])), y), [z])[0]
    assert found["z21"] == pytest.approx(measured, rel=1e-6)
    assert found["o11"] == pytest.approx(measured * play.PARAMETERS["w2_11"], rel=1e-6)


def test_multiplications_of_the_walk():
    steps, _ = play.walk_backward((8, 8), 1.0)
    assert len(steps) == 15 and play.multiplications(steps, True) == 14 and play.multiplications(steps, False) == 41
    assert play.multiplications(steps[:1], True) == play.multiplications(steps[:1], False) == 0


def test_an_unknown_task_is_named():
    with pytest.raises(ValueError, match="Did you mean 'regression'"):
        play.forward((8, 8), task="regresion")


def test_the_graph_walks_and_begins_again():
    figure = play.graph()
    figure.set(steps=0)
    assert "No derivative is known yet" in figure.status
    seen = []
    for _ in range(15):
        figure.press("back")
        seen.append(figure.data["done"][-1].name)
    assert seen == list(play.PARENTS) and "Step 15 of 15" in figure.status
    figure.press("back")
    assert figure.controls["steps"].value == 0


def test_the_graph_lights_what_is_reused():
    figure = play.graph()
    figure.set(steps=8)  # z12's neighbor: w1_11 comes from z11
    lit = [wire for wire, line in figure.wires.items() if line.get_linewidth() > 3]
    assert figure.data["done"][-1].name == "w1_11" and lit == [("x1", "z11")]
    assert "reusing the one of z₁₁" in figure.status and "4 × " not in figure.product.get_text()
    before = figure.png
    figure.set(memory=False)
    lit = {wire for wire, line in figure.wires.items() if line.get_linewidth() > 3}
    assert lit == {("x1", "z11"), ("z11", "o11"), ("o11", "z21"), ("z21", "ŷ"), ("ŷ", "L")}
    assert "reusing" not in figure.status and figure.png != before
    assert figure.product.get_text().count("×") == 4 and figure.status in figure.alt


def test_the_graph_follows_task_and_student():
    figure = play.graph()
    figure.set(task="regression", student=2)
    x, y = play.STUDENTS["regression"][1]
    assert figure.data["wanted"] == y == 5.0
    assert f"{play.forward(x, task='regression')['ŷ']:.3f}" in figure.status
    figure.reset()
    assert figure.values == {"steps": 5, "memory": True, "task": "classification", "student": 1}


@pytest.mark.parametrize("memory", [True, False])
def test_the_formula_counts_what_walking_counts(memory):
    for depth in range(1, 7):
        for width in range(1, 5):
            walked = play.count_by_walking(depth, width, memory)
            assert play.count_by_formula(depth, width, memory) == walked, (depth, width)


def test_the_price_grows_by_a_factor_or_not():
    figure = play.price_of_forgetting()
    figure.set(depth=20, width=7)
    assert "less than a second" in figure.status and "3 years" in figure.status
    line = figure.lines[0].get_ydata()
    assert line[-1] / line[-2] == pytest.approx(7, rel=1e-3)
    figure.set(width=1)
    assert "190 without" in figure.status and "of 1 unit:" in figure.status
    assert max(figure.lines[0].get_ydata()) < 1000


@pytest.mark.parametrize(
    ("count", "words"),
    [(1, "less than a second"), (1e9, "1 second"), (9e10, "2 minutes"), (3.6e12 * 5, "5 hours"), (1e17, "3 years")],
)
def test_times_in_words(count, words):
    assert play.in_words(count) == words


@pytest.mark.parametrize("name", list(play.CURVES))
def test_both_sides_gain_two_digits_where_one_side_gains_one(name):
    errors = []
    for h in (1e-2, 1e-3):
        one, both, true = play.measured_slopes(name, h)
        errors.append((abs(one - true), abs(both - true)))
    assert errors[0][0] / errors[1][0] == pytest.approx(10, rel=0.05)
    if name != "x² + 2x at 5":  # there both sides are exact
        assert errors[0][1] / errors[1][1] == pytest.approx(100, rel=0.05)


def test_a_tiny_nudge_is_all_rounding():
    figure = play.nudge_size()
    figure.controls["step"].value = 1e-5
    at_its_best = figure.data["now"][1]
    figure.controls["step"].value = 1e-13
    assert figure.data["now"][1] > 1e4 * at_its_best and "1.0e-13" in figure.status
    figure.set(name="sigmoid at 1")
    assert "0.1966119332" in figure.status
