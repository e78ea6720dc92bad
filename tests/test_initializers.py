"""Initializers: their spread, their limits, and bad input."""

import math

import numpy as np
import pytest
from gradschool import initializers
from gradschool.initializers import INITIALIZERS, get
from gradschool.layers import Dense
from gradschool.network import Sequential

IN, OUT = 300, 500

VARIANCE = {
    "random_normal": 0.05**2,
    "random_uniform": 0.05**2 / 3,
    "glorot_uniform": 2 / (IN + OUT),
    "glorot_normal": 2 / (IN + OUT),
    "he_uniform": 2 / IN,
    "he_normal": 2 / IN,
    "lecun_uniform": 1 / IN,
    "lecun_normal": 1 / IN,
}


def draw(name, seed=0, **parameters):
    return get(name, **parameters)((IN, OUT), np.random.default_rng(seed))


@pytest.mark.parametrize("name", VARIANCE)
def test_mean_and_variance(name):
    """Of 150,000 numbers: the variance is known to about 0.4 %, the forms differ by 20 % and more."""
    values = draw(name)
    assert abs(values.mean()) < 4 * math.sqrt(VARIANCE[name] / values.size)
    np.testing.assert_allclose(values.var(), VARIANCE[name], rtol=0.015)


@pytest.mark.parametrize("name", [n for n in VARIANCE if n.endswith("uniform")])
def test_uniform_limits(name):
    values, limit = draw(name), math.sqrt(3 * VARIANCE[name])
    assert 0.999 * limit < np.abs(values).max() <= limit
    np.testing.assert_allclose(np.mean(np.abs(values) < limit / 2), 0.5, atol=0.01)


@pytest.mark.parametrize("name", ["glorot_normal", "he_normal", "lecun_normal"])
def test_normal_is_cut_at_two_sigma_and_widened(name):
    cut = 2 * math.sqrt(VARIANCE[name]) / 0.87962566
    values = draw(name)
    assert 0.99 * cut < np.abs(values).max() <= cut
    plain = draw(name, truncated=False)
    assert np.abs(plain).max() > 1.5 * cut
    np.testing.assert_allclose(plain.var(), VARIANCE[name], rtol=0.015)


def test_the_constant_of_the_truncation():
    """Variance of a standard normal number given that it lies within 2: 1 - 4 phi(2) / (2 Phi(2) - 1)."""
    phi = math.exp(-2) / math.sqrt(2 * math.pi)
    variance = 1 - 4 * phi / math.erf(math.sqrt(2))
    np.testing.assert_allclose(initializers.TRUNCATED_STDDEV, math.sqrt(variance), rtol=1e-14)


def test_fans_are_those_of_the_shape():
    tall = get("glorot_uniform")((1000, 10), np.random.default_rng(0))
    wide = get("he_uniform")((10, 1000), np.random.default_rng(0))
    np.testing.assert_allclose(np.abs(tall).max(), math.sqrt(6 / 1010), rtol=1e-3)
    np.testing.assert_allclose(np.abs(wide).max(), math.sqrt(6 / 10), rtol=1e-3)


def test_lecture_number():
    """Deck D4: n = 250, standard deviation sqrt(1/250) = 0.0632."""
    values = get("lecun_normal")((250, 1000), np.random.default_rng(0))
    np.testing.assert_allclose(values.std(), 0.0632, rtol=0.01)


def test_constants():
    np.testing.assert_array_equal(get("zeros")((2, 3)), np.zeros((2, 3)))
    np.testing.assert_array_equal(get("ones")((2, 3)), np.ones((2, 3)))
    np.testing.assert_array_equal(get("constant", value=0.5)((2, 3), None), np.full((2, 3), 0.5))


@pytest.mark.parametrize("name", INITIALIZERS)
def test_the_seed_decides_and_the_type_is_the_one_asked_for(name):
    shape = (4, 3)
    one, same = (get(name)(shape, np.random.default_rng(3), np.float32) for _ in range(2))
    assert one.dtype == np.float32 and one.shape == shape
    np.testing.assert_array_equal(one, same)
    if name in VARIANCE:
        assert (one != get(name)(shape, np.random.default_rng(4), np.float32)).any()
    assert get(name)((5,), np.random.default_rng(0)).shape == (5,)


def test_layers_take_them():
    network = Sequential(
        [Dense(4, kernel_initializer=get("random_normal", stddev=2), bias_initializer=get("constant", value=0.01)),
         Dense(2, kernel_initializer="xavier_normal")],
        inputs=50,
    )
    assert 1.5 < network.layers[0].params["kernel"].std() < 2.5
    np.testing.assert_array_equal(network.layers[0].params["bias"], 0.01)


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (lambda: get("he_norml"), ValueError, "unknown initializer 'he_norml'. Did you mean 'he_normal'"),
        (lambda: get(3), ValueError, "unknown initializer 3"),
        (lambda: get("zeros", value=1), ValueError, "zeros has no parameter 'value'. It takes none."),
        (lambda: get("he_normal", stddev=1), ValueError, "he_normal has no parameter 'stddev'. It takes truncated."),
        (lambda: get("constant", value="a")((2,)), TypeError, "value must be a number; got 'a'"),
        (lambda: get("random_normal", stddev=-1)((2,), np.random.default_rng()), ValueError, "stddev must be at least 0"),
        (lambda: get("random_uniform", limit=-1)((2,), np.random.default_rng()), ValueError, "limit must be at least 0"),
        (lambda: get("zeros")((0, 2)), ValueError, "each entry of shape must be 1 or more; got 0"),
        (lambda: get("ones")((1.5,)), TypeError, "each entry of shape must be a whole number; got 1.5"),
    ],
)
def test_bad_input(call, error, sentence):
    with pytest.raises(error, match=sentence):
        call()


@pytest.mark.parametrize("name", VARIANCE)
def test_bad_rng_and_shape(name):
    with pytest.raises(TypeError, match="rng must be a numpy.random.Generator; got 7"):
        get(name)((2, 2), 7)
    with pytest.raises(ValueError, match="each entry of shape must be 1 or more; got 0"):
        get(name)((0, 2), np.random.default_rng())
