"""Lesson 09's figures: their paths against the formula, their controls, their words."""

import numpy as np
import pytest
from gradschool import training
from gradschool.play import batch_stochastic_minibatch as play


def test_the_batch_path_is_the_formula():
    x, y = play.line_data()
    w, b = play.START
    path = play.descend(play.ROWS, 0.1, 3, seed=0)
    for place in path[1:]:
        miss = w * x + b - y
        w, b = w - 0.2 * np.mean(miss * x), b - 0.2 * np.mean(miss)
        assert place == pytest.approx((w, b), rel=1e-12)


@pytest.mark.parametrize(("size", "updates"), [(40, 5), (7, 30), (1, 200)])
def test_updates_are_counted_with_the_short_batch(size, updates):
    assert len(play.descend(size, 0.1, 5, seed=0)) == updates + 1


def test_at_half_the_batch_path_is_at_the_bottom_in_one_step():
    assert play.line_loss(*play.descend(play.ROWS, 0.5, 1, 0)[-1]) == pytest.approx(play.LOWEST, rel=1e-12)
    wild = play.line_loss(*np.clip(play.descend(1, 0.5, 5, 0), -1e3, 1e3).T)
    assert wild.max() > 20


def test_three_paths_follow_their_controls():
    figure = play.three_paths()
    first = figure.status
    assert "batch 5 updates" in first
    assert "mini-batch 25 updates" in first
    assert "stochastic 200 updates" in first
    assert f"{play.LOWEST:.3f}" in first
    figure.set(epochs=20, batch_size=39)
    assert "mini-batch 40 updates" in figure.status
    figure.set(against="epochs")
    assert figure.curve_axes.get_xlim() == pytest.approx((0.9 / 40, 20))
    assert figure.losses["stochastic"].get_xdata()[-1] == 20
    figure.set(rate=1.2)
    assert not figure.error
    before = figure.png
    figure.set(rate=0.1)
    shuffled = figure.png
    figure.press("shuffle")
    assert figure.png not in (before, shuffled)
    figure.reset()
    assert figure.status == first
    assert figure.alt == f"{figure.title}. {first}"


def test_shuffling_again_moves_the_noisy_paths_only():
    figure = play.three_paths()
    before = {name: line.get_xdata().copy() for name, line in figure.paths.items()}
    figure.press("shuffle")
    after = {name: line.get_xdata() for name, line in figure.paths.items()}
    assert np.allclose(before["batch"], after["batch"])
    assert not np.allclose(before["stochastic"], after["stochastic"])
    assert not np.allclose(before["mini-batch"], after["mini-batch"])


def test_the_map_lies_on_a_diagonal():
    losses = play.final_losses()
    assert losses.shape == (len(play.SIZES), len(play.RATES))
    best = losses.argmin(axis=1)
    assert best[-1] > best[0]
    assert losses[0, -1] > 3 < losses[-1, -1]
    assert np.isfinite(losses).all()


def test_a_cell_is_a_training_run():
    steps, epochs = play.trained(0.1, 40)
    assert len(steps) == 5 * play.MAP_EPOCHS
    assert len(epochs) == play.MAP_EPOCHS
    assert epochs[0] == pytest.approx(steps[:5].mean(), rel=1e-12)


def test_the_map_follows_click_and_lists():
    figure = play.rate_batch_map()
    first = figure.status
    figure.click(6.0, 0.0, figure.map_axes)
    assert "Learning rate 10, batch size 1: 1600 updates" in figure.status
    assert figure.controls["rate"].value == 6
    png = figure.png
    figure.set(rate=0, batch_size=5)
    assert "Learning rate 0.01, batch size 200: 8 updates" in figure.status
    assert "The best rate for this batch size is 3." in figure.status
    assert figure.png != png
    assert len(figure.steps.get_xdata()) == 8
    figure.drag([(0.0, 0.0), (9.0, 9.0)], figure.map_axes)  # beyond the edge: the last cell
    assert figure.values == {"rate": 6, "batch_size": 5}
    figure.reset()
    assert figure.status == first


def test_still_pictures_have_alt_text(monkeypatch):
    said = []
    monkeypatch.setattr(play, "show", lambda figure, alt: said.append(alt))
    history = training.History({"loss": [0.5, 0.25]}, [0.6, 0.4, 0.3, 0.2])
    play.step_losses({"batch": history})
    play.escape({"batch": [1.9, 1.8], "stochastic": [1.9, -2.0]}, np.square)
    assert "batch 0.250" in said[0]
    assert "stochastic at -2.00" in said[1]
