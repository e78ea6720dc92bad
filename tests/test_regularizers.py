"""Regularizers, clipping, constraints."""

import numpy as np
import pytest
from gradschool import gradients, regularizers
from gradschool.regularizers import L1, L1L2, L2, MaxNorm, clip_by_global_norm, clip_by_norm, clip_by_value, max_norm

RNG = np.random.default_rng(5)
W = RNG.normal(size=(4, 3)) + 0.1


@pytest.mark.parametrize(
    ("regularizer", "penalty"),
    [(L1(0.3), 0.3 * np.abs(W).sum()), (L2(0.3), 0.3 * (W**2).sum()), (L1L2(0.1, 0.2), 0.1 * np.abs(W).sum() + 0.2 * (W**2).sum())],
)
def test_penalty_and_its_gradient(regularizer, penalty):
    before = W.copy()
    assert regularizer(W) == pytest.approx(penalty, rel=1e-14)
    assert gradients.relative_error(regularizer.gradient(W), gradients.numerical_gradient(regularizer, W)) < 1e-9
    assert (before == W).all()


def test_l2_is_keras_form_not_half():
    assert L2(0.5)([2.0]) == 2.0
    assert L2(0.5).gradient([2.0]) == [2.0]


def test_l2_is_the_sum_of_squares_not_the_square_of_the_sum():
    assert L2(1.0)([1.0, -1.0]) == 2.0


def test_l1_pulls_nothing_at_zero():
    assert (L1(1.0).gradient([0.0, -2.0, 3.0]) == [0, -1, 1]).all()


def test_get():
    assert regularizers.get("l2") == L2(0.01)
    assert regularizers.get(None) is None
    assert regularizers.get_constraint("max_norm") == MaxNorm(2)
    with pytest.raises(ValueError, match="Did you mean 'l2'"):
        regularizers.get("L2 ")
    with pytest.raises(ValueError, match="unknown constraint"):
        regularizers.get_constraint("maxnorm2")


def test_clip_by_value():
    assert (clip_by_value([-3.0, 0.5, 2.0], 1) == [-1, 0.5, 1]).all()


def test_clip_by_norm_keeps_the_direction_and_leaves_short_ones_alone():
    g = np.array([3.0, 4.0])
    assert np.allclose(clip_by_norm(g, 2.5), [1.5, 2.0], rtol=1e-15)
    assert (clip_by_norm(g, 5.1) == g).all()
    assert (clip_by_norm([0.0, 0.0], 1) == 0).all()
    assert (g == [3, 4]).all()


def test_global_norm_uses_one_factor_for_all():
    a, b = clip_by_global_norm([[3.0], [[4.0]]], 1)
    assert a == pytest.approx(0.6)
    assert b == pytest.approx(0.8)
    assert b.shape == (1, 1)
    apart = [clip_by_norm([3.0], 1), clip_by_norm([4.0], 1)]
    assert apart == [1, 1]


def test_huge_float32_gradients_are_clipped_not_zeroed():
    g = np.array([3e30, 4e30], np.float32)
    clipped = clip_by_norm(g, 1.0)
    assert clipped.dtype == np.float32
    assert np.allclose(clipped, [0.6, 0.8], rtol=1e-5)


def test_max_norm_keras_shrinks_short_columns_the_textbook_does_not():
    w = np.array([[0.6, 3.0], [0.8, 4.0]])
    assert (max_norm(w, 2, epsilon=0)[:, 0] == w[:, 0]).all()
    assert np.allclose(max_norm(w, 2, epsilon=0)[:, 1], [1.2, 1.6], rtol=1e-15)
    assert np.allclose(max_norm(w, 2), [[0.6 / (1 + 1e-7), 1.2 / (1 + 2e-8)], [0.8 / (1 + 1e-7), 1.6 / (1 + 2e-8)]], rtol=1e-15)
    assert np.abs(max_norm(w, 2)[:, 0] - w[:, 0]).max() > 5e-8


def test_max_norm_axis_and_zero_columns():
    w = np.array([[0.0, 3.0], [0.0, 4.0]])
    assert (max_norm(w, 1, epsilon=0)[:, 0] == 0).all()
    assert np.allclose(np.linalg.norm(max_norm(w, 1, axis=1, epsilon=0), axis=1), [1, 1])
    assert max_norm(w.astype("f"), 1).dtype == np.float32


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: L2(-0.1), "l2 must be at least 0; got -0.1"),
        (lambda: L1("big"), "l1 must be a number"),
        (lambda: L2()(np.array([np.nan])), "w must be finite"),
        (lambda: L2().gradient([]), "w is empty"),
        (lambda: clip_by_value([1.0], 0), "limit must be above 0; got 0"),
        (lambda: clip_by_norm([1.0], -2), "limit must be above 0; got -2"),
        (lambda: clip_by_norm([np.inf], 1), "gradient must be finite"),
        (lambda: clip_by_global_norm([], 1), "gradients is empty"),
        (lambda: clip_by_global_norm([[1.0], ["a"]], 1), "must hold numbers"),
        (lambda: MaxNorm(0), "max_value must be above 0"),
        (lambda: max_norm([1.0, 2.0], 1, axis=1), "along axis 1, but w has shape"),
    ],
)
def test_bad_input_gets_a_sentence(call, sentence):
    with pytest.raises((ValueError, TypeError), match=sentence.replace("[", r"\[")):
        call()
