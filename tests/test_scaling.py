"""Scaling: there, back, on other data, and bad input."""

import numpy as np
import pytest
from gradschool import scaling

TRAIN = np.random.default_rng(0).normal([30, 5e4, -2], [8, 2e4, 0.01], (50, 3))
OTHER = np.random.default_rng(1).normal([30, 5e4, -2], [8, 2e4, 0.01], (20, 3))


def test_standardize():
    scaler = scaling.standardize(TRAIN)
    scaled = scaler.transform(TRAIN)
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(scaled.std(axis=0), 1, rtol=1e-12)
    np.testing.assert_allclose(scaled[3, 1], (TRAIN[3, 1] - TRAIN[:, 1].mean()) / TRAIN[:, 1].std(), rtol=1e-12)


def test_other_data_is_scaled_by_the_training_datas_numbers():
    scaled = scaling.standardize(TRAIN).transform(OTHER)
    assert np.abs(scaled.mean(axis=0)).max() > 0.05
    np.testing.assert_allclose(scaled, (OTHER - TRAIN.mean(axis=0)) / TRAIN.std(axis=0), rtol=1e-12)


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-1, 1), (2, 5)])
def test_min_max(low, high):
    scaled = scaling.min_max(TRAIN, low=low, high=high).transform(TRAIN)
    np.testing.assert_allclose(scaled.min(axis=0), low, atol=1e-9)
    np.testing.assert_allclose(scaled.max(axis=0), high, rtol=1e-9)
    order = np.argsort(TRAIN[:, 0])
    assert (np.diff(scaled[order, 0]) > 0).all()


@pytest.mark.parametrize("make", [scaling.standardize, scaling.min_max])
def test_there_and_back(make):
    scaler = make(TRAIN)
    np.testing.assert_allclose(scaler.inverse(scaler.transform(OTHER)), OTHER, rtol=1e-12)
    np.testing.assert_allclose(scaler.transform(scaler.inverse(OTHER)), OTHER, rtol=1e-9)


@pytest.mark.parametrize("make", [scaling.standardize, scaling.min_max])
def test_float32_stays_and_inputs_are_left_alone(make):
    x = TRAIN.astype(np.float32)
    before = x.copy()
    scaler = make(x)
    scaled = scaler.transform(x)
    assert scaled.dtype == scaler.inverse(scaled).dtype == np.float32
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("make", [scaling.standardize, scaling.min_max])
@pytest.mark.parametrize(
    ("x", "error", "sentence"),
    [
        ([[1.0, 7.0], [2.0, 7.0]], ValueError, "column 1 of x is 7 in every row.*np.delete"),
        ([[1.0, 7.0]], ValueError, "x has one row"),
        ([1.0, 2.0], ValueError, "x must have 2 axes"),
        ([[1.0, np.nan], [2.0, 3.0]], ValueError, "x must be finite"),
        ([["young"]], TypeError, "x must hold numbers"),
        (np.empty((0, 2)), ValueError, "x is empty"),
    ],
)
def test_bad_data(make, x, error, sentence):
    with pytest.raises(error, match=sentence):
        make(x)


def test_bad_use():
    scaler = scaling.standardize(TRAIN)
    for method in (scaler.transform, scaler.inverse):
        with pytest.raises(ValueError, match=r"x must have shape \(any, 3\); got \(2, 2\)"):
            method(np.ones((2, 2)))
        with pytest.raises(ValueError, match="x must be finite"):
            method([[np.inf, 1, 2]])
    with pytest.raises(ValueError, match="high must be above 1; got 1"):
        scaling.min_max(TRAIN, low=1, high=1)
    with pytest.raises(TypeError, match="low must be a number"):
        scaling.min_max(TRAIN, low="a")
