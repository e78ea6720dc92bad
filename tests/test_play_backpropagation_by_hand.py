"""The figures of lesson 06, against the library's network, central differences and the lecture's digits."""

import re

import numpy as np
import pytest
from gradschool.layers import Dense
from gradschool.network import Sequential
from gradschool.play import backpropagation_by_hand as play

# the lecture's network, to more digits
NEW = {
    "w1": 0.1497807161327628,
    "w5": 0.35891647971788465,
    "w6": 0.4086661860762334,
    "w7": 0.5113012702387375,
    "w8": 0.5613701211079891,
}
BEFORE, AFTER, AFTER_WITH_BIASES = 0.2983711087600027, 0.29102777369359933, 0.2804714468


def scene(seed):
    """Random weights, biases, inputs and targets."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=8), rng.normal(size=4), rng.normal(size=2), rng.uniform(size=2)


def library(weights, biases):
    network = Sequential([Dense(2, "sigmoid"), Dense(2, "sigmoid")], inputs=2)
    for layer, kernel, bias in zip(network.layers, play.kernels(weights), (biases[:2], biases[2:])):
        layer.params.update(kernel=kernel, bias=bias)
    return network


@pytest.mark.parametrize("seed", range(5))
def test_every_number_of_a_pass_is_the_librarys(seed):
    weights, biases, inputs, targets = scene(seed)
    passed = play.run_pass(weights, biases, inputs, targets)
    hidden, output = library(weights, biases).trace([inputs], [targets], "half_squared_error")
    pairs = (
        (passed.net_h, hidden.net[0]),
        (passed.out_h, hidden.output[0]),
        (passed.net_o, output.net[0]),
        (passed.out_o, output.output[0]),
        (passed.delta_o, output.delta[0]),
        (passed.delta_h, hidden.delta[0]),
        (passed.gradients, play.flat(hidden.grads["kernel"], output.grads["kernel"])),
    )
    for ours, theirs in pairs:
        assert np.allclose(ours, theirs, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", play.NAMES)
def test_the_factors_multiply_to_the_slope_that_is_measured(name):
    weights, biases, inputs, targets = scene(7)
    index = play.NAMES.index(name)
    nudge = np.zeros(8)
    nudge[index] = 1e-5
    up, down = (play.run_pass(weights + s * nudge, biases, inputs, targets).total for s in (1, -1))
    passed = play.run_pass(weights, biases, inputs, targets)
    gradient = play.gradient_of(*play.product_of(passed, name))
    assert gradient == pytest.approx((up - down) / 2e-5, rel=1e-7, abs=1e-10)
    assert gradient == pytest.approx(passed.gradients[index], rel=0, abs=1e-12)


def test_the_factors_live_where_the_lesson_says():
    passed = play.run_pass()
    paths, shared = play.product_of(passed, "w6")
    assert [(f.kind, f.place) for f in paths[0] + shared] == [("error", "o1"), ("slope", "o1"), ("signal", "h2")]
    paths, shared = play.product_of(passed, "w2")
    assert [[(f.kind, f.place) for f in path] for path in paths] == [
        [("error", "o1"), ("slope", "o1"), ("weight", "w5")],
        [("error", "o2"), ("slope", "o2"), ("weight", "w7")],
    ]
    assert [(f.kind, f.place) for f in shared] == [("slope", "h1"), ("signal", "i2")]
    assert [[f.place for f in path][-1] for path in play.product_of(passed, "w3")[0]] == ["w6", "w8"]


def test_one_right_step_gives_the_lectures_digits():
    weights, biases = play.train_step(play.WEIGHTS, play.BIASES)
    for name, value in NEW.items():
        assert weights[play.NAMES.index(name)] == pytest.approx(value, rel=0, abs=1e-12)
    assert np.array_equal(biases, play.BIASES)
    assert play.run_pass().total == pytest.approx(BEFORE, abs=1e-12)
    assert play.run_pass(weights, biases).total == pytest.approx(AFTER, abs=1e-12)


def test_each_slip_by_an_independent_calculation():
    i, t, k1, k2 = play.INPUTS, play.TARGETS, *play.kernels(play.WEIGHTS)
    h = 1 / (1 + np.exp(-(i @ k1 + 0.35)))
    o = 1 / (1 + np.exp(-(h @ k2 + 0.6)))

    def step(*slips):
        return play.train_step(play.WEIGHTS, play.BIASES, slips)

    d_o = (o - t) * o * (1 - o)
    k2_new = k2 - 0.5 * np.outer(h, d_o)
    used = k1 - 0.5 * np.outer(i, (k2_new @ d_o) * h * (1 - h))
    assert np.allclose(step("updated weights")[0], play.flat(used, k2_new), rtol=0, atol=1e-12)
    assert step("updated weights")[0][0] == pytest.approx(0.1498176386, abs=5e-11)

    bare = k1 - 0.5 * np.outer(i, k2 @ (o - t)), k2 - 0.5 * np.outer(h, o - t)
    assert np.allclose(step("slope forgotten")[0], play.flat(*bare), rtol=0, atol=1e-12)

    right = step()[0]
    assert np.allclose(step("sign flipped")[0], 2 * play.WEIGHTS - right, rtol=0, atol=1e-12)

    weights, biases = step("biases updated too")
    assert np.array_equal(weights, right)
    assert np.allclose(biases[2:], 0.6 - 0.5 * d_o, rtol=0, atol=1e-12)
    assert np.allclose(biases[:2], 0.35 - 0.5 * (k2 @ d_o) * h * (1 - h), rtol=0, atol=1e-12)
    assert play.run_pass(weights, biases).total == pytest.approx(AFTER_WITH_BIASES, abs=5e-11)


def test_nothing_is_written_into_the_arguments():
    weights, biases = play.WEIGHTS.copy(), play.BIASES.copy()
    play.train_step(weights, biases, list(play.SLIPS))
    assert np.array_equal(weights, play.WEIGHTS)
    assert np.array_equal(biases, play.BIASES)


def test_training_goes_on_as_the_lecture_says():
    errors = play.learn(10_000)[2]
    assert errors[1] == pytest.approx(AFTER, abs=1e-12)
    assert errors[10_000] == pytest.approx(3.510187782978859e-05, rel=1e-9)


def test_bad_input_gets_a_sentence():
    with pytest.raises(ValueError, match="weights must have shape"):
        play.run_pass(np.zeros(7))
    with pytest.raises(ValueError, match="unknown weight 'w9'"):
        play.product_of(play.run_pass(), "w9")
    with pytest.raises(ValueError, match="Did you mean 'sign flipped'"):
        play.train_step(play.WEIGHTS, play.BIASES, ["sign fliped"])
    with pytest.raises(ValueError, match="learning_rate must be at least 0"):
        play.train_step(play.WEIGHTS, play.BIASES, learning_rate=-1)


@pytest.mark.parametrize(
    ("right", "wrong", "at"),
    [
        ("0.1497807161", "0.1498176386", 5),
        ("0.15", "0.15", None),
        ("0.15", "\N{MINUS SIGN}0.15", 0),
        ("1.5", "1.52", 3),
    ],
)
def test_the_first_difference(right, wrong, at):
    assert play.first_difference(right, wrong) == at


# ---- the microscope -----------------------------------------------------------------------------------


def test_the_microscope_says_the_product_with_nine_digits():
    figure = play.microscope()
    for digits in ("0.741365070", "0.186815602", "0.593269992", "0.082167041", "0.358916480", "0.298371109"):
        assert digits in figure.status
    figure.set(weight="w1")
    for digits in (
        "0.400000000",
        "\N{MINUS SIGN}0.217071535",
        "0.175510053",
        "0.241300709",
        "0.000438568",
        "0.149780716",
    ):
        assert digits in figure.status
    assert figure.status in figure.alt


def lit(figure):
    return {
        label.get_text(): (round(disk.center[0]), round(disk.center[1]))
        for disk, label in figure.badges
        if disk.get_visible()
    }


def test_each_factor_is_lit_where_it_lives():
    figure = play.microscope()
    badges = lit(figure)
    assert set(badges) == {"1", "2", "3"}
    for number, unit in (("1", "e1"), ("2", "o1"), ("3", "h1")):
        box = figure.boxes[unit].get_bbox().padded(20)
        assert box.contains(*badges[number]), (number, unit)
    figure.set(weight="w4")
    badges = lit(figure)
    assert len(badges) == 8
    for number, unit in (("1", "e1"), ("2", "o1"), ("4", "e2"), ("5", "o2"), ("7", "h2"), ("8", "i2")):
        assert figure.boxes[unit].get_bbox().padded(20).contains(*badges[number]), (number, unit)
    for number, weight in (("3", "w6"), ("6", "w8")):
        assert figure.tags[weight][0].get_bbox().padded(10).contains(*badges[number]), (number, weight)


@pytest.mark.parametrize("name", play.NAMES)
def test_a_click_on_an_arrow_or_its_number_chooses_the_weight(name):
    figure = play.microscope()
    figure.set(weight="w1" if name != "w1" else "w2")
    x0, y0, x1, y1 = figure._ends(name)
    figure.click(x0 + 0.9 * (x1 - x0), y0 + 0.9 * (y1 - y0))
    assert figure.values["weight"] == name
    figure.set(weight="w1" if name != "w1" else "w2")
    figure.click(*figure.tags[name][1].get_position())
    assert figure.values["weight"] == name


def test_a_click_beside_everything_changes_nothing():
    figure = play.microscope()
    before = figure.png
    figure.click(700, 20)
    assert figure.png == before


def test_the_walk_forward_and_backward():
    figure = play.microscope()
    waits = "has to wait for the backward pass"
    figure.press("forward")
    assert "out h1 is 0.593269992" in figure.status and waits in figure.status
    assert "total error" not in figure.status
    assert "\N{HORIZONTAL ELLIPSIS}" in figure.lines["o1"].get_text()
    assert [chip[2].get_text() for chip in figure.chips[:3]] == ["\N{HORIZONTAL ELLIPSIS}"] * 2 + ["0.593269992"]
    figure.press("forward")
    assert "out o1 is 0.751365070" in figure.status
    figure.press("forward")
    assert "E1 is 0.274811083" in figure.status and "total error 0.298371109" in figure.status
    figure.press("backward")
    assert "Delta o1 is 0.138498562" in figure.status and "= 0.082167041" in figure.status
    assert "grad" in figure.tags["w5"][1].get_text() and "grad" not in figure.tags["w1"][1].get_text()
    figure.set(weight="w1")
    assert waits in figure.status
    figure.press("backward")
    assert "0.000438568" in figure.status and waits not in figure.status
    assert "Delta h1 is 0.008771355" in figure.status
    assert figure.band.get_visible() and figure.band.get_bbox().contains(*figure.tags["w1"][1].get_position())
    figure.press("update")
    assert not figure.band.get_visible()


def test_a_step_backward_too_early_finishes_the_forward_pass_first():
    figure = play.microscope()
    figure.press("forward")
    figure.press("backward")
    assert "total error 0.298371109" in figure.status and "0.082167041" in figure.status


def test_update_takes_all_weights_one_step_and_reset_takes_it_back():
    figure = play.microscope()
    first = figure.png
    figure.press("update")
    assert "Round 2, total error 0.291027774" in figure.status
    assert figure.weights[0] == pytest.approx(NEW["w1"], abs=1e-12)
    figure.press("update")
    assert figure.weights == pytest.approx(play.learn(2)[0][2], abs=1e-12)
    figure.reset()
    assert figure.png == first and "Round 1" in figure.status


def test_update_uses_the_inputs_targets_and_rate_that_are_set():
    figure = play.microscope()
    figure.set(i1=0.9, i2=0.2, target_1=0.4, target_2=0.6, learning_rate=2.0)
    figure.press("update")
    network = library(play.WEIGHTS, play.BIASES)
    network.loss_and_gradients([[0.9, 0.2]], [[0.4, 0.6]], "half_squared_error")
    wanted = [layer.params["kernel"] - 2.0 * layer.grads["kernel"] for layer in network.layers]
    assert np.allclose(figure.weights, play.flat(*wanted), rtol=0, atol=1e-12)


def test_a_weight_that_does_not_matter_says_zero():
    figure = play.microscope()
    figure.set(weight="w1", i1=0.0)
    assert "= 0.000000000." in figure.status.replace("\N{MINUS SIGN}0.000000000", "0.000000000")


# ---- the slips ----------------------------------------------------------------------------------------


def test_without_a_slip_nothing_is_marked():
    figure = play.slips()
    assert figure.status.startswith("No slip after 1 round: w1 is 0.1497807161, the total error 0.2910277737")
    assert not any(cell[1].get_visible() for row in figure.cells for cell in row[:2])


def test_the_first_digit_that_differs_is_marked():
    figure = play.slips()
    figure.set(updated_weights=True)
    (right, wrong, note), *others = figure.cells
    x, frame, same, other = wrong
    assert same.get_text() + other.get_text() == "0.1498176386"
    assert right[2].get_text() + right[3].get_text() == "0.1497807161"
    assert same.get_text() == "0.149"
    assert frame.get_visible() and frame.get_x() == pytest.approx(x + 5 * play.MONO)
    assert note.get_text() == "4th decimal"
    assert not others[3][0][1].get_visible(), "w5 is right"
    assert "0.1498176386" in figure.status and "4th decimal" in figure.status


@pytest.mark.parametrize(
    ("slip", "words"),
    [
        ("slope_forgotten", "falls"),
        ("sign_flipped", "grows"),
        ("biases_updated_too", "0.2804714468"),
        ("updated_weights", "falls: 0.2910279239"),
    ],
)
def test_every_slip_says_what_it_does(slip, words):
    figure = play.slips()
    figure.controls[slip].value = True
    assert words in figure.status
    assert "0.2910277737" in figure.status


def test_the_rounds_slider_goes_along_both_curves():
    figure = play.slips()
    figure.set(sign_flipped=True, rounds=40)
    assert figure.data.right[-1] == pytest.approx(play.learn(40)[2][40], abs=1e-12)
    assert figure.now.get_ydata() == pytest.approx([figure.data.right_errors[40], figure.data.wrong_errors[40]])
    assert figure.data.wrong[0] == pytest.approx(play.learn(40, ("sign flipped",))[0][40, 0], abs=1e-12)


# ---- the learning curve -------------------------------------------------------------------------------


def test_the_learning_curve_tells_its_numbers(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda bundle, raw: shown.append(bundle["text/plain"]))
    errors = play.learn(1000)[2][:1000]
    play.learning_curve(errors)
    assert "1,000 rounds" in shown[0]
    assert re.search(r"0\.298 in round 1\b", shown[0])
    assert f"{errors[-1]:.3g} in round 1,000" in shown[0]
    with pytest.raises(ValueError, match="errors must be above 0"):
        play.learning_curve([0.1, 0.0])
