"""Activation functions against their formulas, central differences, their own table and bad input."""

import dataclasses
import inspect
import math
import re

import numpy as np
import pytest
from gradschool import activations
from gradschool.activations import ACTIVATIONS
from gradschool.gradients import numerical_gradient, relative_error
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

ELEMENTWISE = [name for name in ACTIVATIONS if name != "softmax"]

KINKS = {
    "step": [0],
    "softsign": [0],
    "sqnl": [-2, 0, 2],
    "relu": [0],
    "brelu": [0],
    "leaky_relu": [0],
    "prelu": [0],
    "rrelu": [0],
    "elu": [0],
    "apl": [-1, 0, 1],
    "selu": [0],
}
"""Where a function is not infinitely often differentiable."""


def points(name, rng, count=40):
    """Random points at least 0.05 away from every kink."""
    z = rng.uniform(-4, 4, count)
    for kink in KINKS.get(name, []):
        z = z[np.abs(z - kink) > 0.05]
    return z


# The formulas once more, as the table of deck D2 writes them, by another hand: scalar, with branches.
def _sigma(x):
    return 1 / (1 + math.exp(-x))


FORMULAS = {
    "linear": lambda x: x,
    "step": lambda x: 0 if x < 0 else 1,
    "sigmoid": _sigma,
    "tanh": lambda x: (math.exp(x) - math.exp(-x)) / (math.exp(x) + math.exp(-x)),
    "softsign": lambda x: x / (1 + abs(x)),
    "sqnl": lambda x: 1 if x > 2 else x - x * x / 4 if x >= 0 else x + x * x / 4 if x >= -2 else -1,
    "relu": lambda x: max(x, 0),
    "leaky_relu": lambda x: 0.2 * x if x < 0 else x,
    "prelu": lambda x: 0.25 * x if x < 0 else x,
    "rrelu": lambda x: 11 / 48 * x if x < 0 else x,
    "elu": lambda x: math.exp(x) - 1 if x <= 0 else x,
    "apl": lambda x: max(0, x) + 0.2 * max(0, -x + 1) - 0.4 * max(0, -x - 1),
    "bent_identity": lambda x: (math.sqrt(x * x + 1) - 1) / 2 + x,
    "silu": lambda x: x * _sigma(x),
    "soft_exponential": lambda x: (math.exp(0.5 * x) - 1) / 0.5 + 0.5,
    "soft_clipping": lambda x: math.log((1 + math.exp(10 * x)) / (1 + math.exp(10 * (x - 1)))) / 10,
    "selu": lambda x: 1.0507009873554805 * (x if x > 0 else 1.6732632423543772 * (math.exp(x) - 1)),
    "gelu": lambda x: x * (1 + math.erf(x / math.sqrt(2))) / 2,
    "softplus": lambda x: math.log(1 + math.exp(x)),
}


def test_the_table_holds_the_deck_and_more():
    deck = "linear step sigmoid tanh softsign sqnl relu brelu leaky_relu prelu rrelu elu apl bent_identity silu"
    more = "soft_exponential soft_clipping selu gelu softplus softmax"
    assert list(ACTIVATIONS) == f"{deck} {more}".split()


@pytest.mark.parametrize("name", FORMULAS)
def test_formula(name):
    z = np.random.default_rng(1).uniform(-4, 4, 200)
    np.testing.assert_allclose(ACTIVATIONS[name](z), [FORMULAS[name](x) for x in z], rtol=2e-15, atol=1e-15)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_slope_against_central_differences(name):
    rng = np.random.default_rng(2)
    z = points(name, rng)
    row = ACTIVATIONS[name]
    upstream = rng.normal(size=z.shape)
    measured = numerical_gradient(lambda moved: np.sum(upstream * row(moved)), z)
    if name != "step":
        assert np.abs(measured).max() > 0.1
    assert relative_error(upstream * row.prime(z), measured) < 1e-9


@pytest.mark.parametrize("name", ELEMENTWISE)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_backward_is_upstream_times_slope(name, dtype):
    rng = np.random.default_rng(3)
    row = ACTIVATIONS[name]
    z = rng.normal(size=(6, 5)).astype(dtype)
    dy = rng.normal(size=(6, 5)).astype(dtype)
    kept_dy = dy.copy()
    output, kept = row.forward(z.copy())
    dz = row.backward(dy, kept)
    tolerance = 1e-5 if dtype == np.float32 else 1e-12
    np.testing.assert_array_equal(output, row(z))
    np.testing.assert_allclose(dz, dy * row.prime(z), rtol=tolerance, atol=tolerance)
    np.testing.assert_array_equal(dy, kept_dy)
    np.testing.assert_array_equal(dz, row.backward(dy, kept))
    assert output.dtype == dz.dtype == dtype


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extremes(name, dtype):
    """Nothing overflows, warns or turns into NaN at ten thousand, and float32 stays float32."""
    z = np.array([[-1e4, -100, -1, 0], [1, 2, 100, 1e4]], dtype)
    if name == "soft_exponential":
        z = np.minimum(z, 100)
    row = ACTIVATIONS[name]
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        values = [row(z), row.prime(z)]
        output, kept = row.forward(z.copy())
        values += [output, row.backward(np.ones_like(z), kept)]
    for value in values:
        assert np.isfinite(value).all()
        assert value.dtype == dtype


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_inputs_are_left_alone(name):
    z = np.random.default_rng(4).normal(size=(3, 4))
    before = z.copy()
    ACTIVATIONS[name](z)
    ACTIVATIONS[name].prime(z)
    np.testing.assert_array_equal(z, before)
    assert not np.shares_memory(ACTIVATIONS[name](z), z)


@pytest.mark.parametrize("name", ["linear", "sigmoid", "tanh", "relu", "softmax"])
def test_out(name):
    function = ACTIVATIONS[name].function
    z = np.random.default_rng(4).normal(size=(3, 4))
    wanted = function(z)
    out = np.empty_like(z)
    assert function(z, out=out) is out
    np.testing.assert_array_equal(out, wanted)
    assert function(z, out=z) is z
    np.testing.assert_array_equal(z, wanted)
    with pytest.raises(ValueError, match=r"out must be an array of shape \(3, 4\) and type float64.*got shape \(3,\)"):
        function(z, out=np.empty(3))
    with pytest.raises(ValueError, match="out must be an array .* got list"):
        function(z, out=[1, 2])
    with pytest.raises(ValueError, match="and type float32"):
        function(z, out=np.empty((3, 4), np.float32))


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_the_range_of_the_table(name):
    """Values stay inside the interval, and come close to its finite ends."""
    row = ACTIVATIONS[name]
    z = np.linspace(-30, 20, 200_002).reshape(-1, 2)
    values = row(z)
    if row.range == "{0, 1}":
        assert set(values.ravel()) == {0, 1}
        return
    left, low, high, right = re.fullmatch(r"([\[(])(.+), (.+)([\])])", row.range).groups()
    names = row.parameters | {"inf": math.inf}
    low, high = eval(low, {}, names), eval(high, {}, names)
    rounding = 1e-5  # the table prints four or five digits of some ends
    assert values.min() >= low - rounding and values.max() <= high + rounding
    assert values.min() < (-2 if low == -math.inf else low + 0.05)
    assert values.max() > (2 if high == math.inf else high - 0.05)
    reached = {"[": values.min() <= low + 1e-5, "]": values.max() == high}
    assert all(reached[bracket] for bracket in left + right if bracket in reached)
    near = row(z[np.abs(z[:, 0]) <= 2.001])  # further out rounding reaches open ends
    assert (left == "[" or near.min() > low) and (right == "]" or near.max() < high)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_the_order_of_continuity_of_the_table(name):
    """Measure by how much f, f' and f'' jump at each kink, and everywhere else that they do not."""
    row = ACTIVATIONS[name]
    order = {"C-1": -1, "C0": 0, "C1": 1, "Cinf": 9}[row.continuity.split(" ")[0]]
    h = 1e-6
    beside = np.array([-1, 1]) * h

    def jumps(at):
        # One row for each side, and two columns so that both kinds of BReLU unit are seen.
        sides = np.repeat((at + beside)[:, None], 2, axis=1)
        f, slope = row(sides), row.prime(sides)
        curve = (row.prime(sides + h / 4) - row.prime(sides - h / 4)) / (h / 2)
        return [np.abs(np.diff(v, axis=0)).max() > 1e-3 for v in (f, slope, curve)]

    for kink in KINKS.get(name, [0.0]):
        smooth_until = jumps(kink).index(True) - 1 if True in jumps(kink) else 9
        assert smooth_until >= order
    if order < 9:
        assert min(jumps(k).index(True) - 1 for k in KINKS[name] if True in jumps(k)) == order
    for elsewhere in (-3.3, -1.5, -0.4, 0.3, 0.7, 3.1):
        assert True not in jumps(elsewhere)


def test_elu_is_smooth_only_for_alpha_1():
    for alpha in (0.1, 0.3, 1.0, 2.0):
        left, right = activations.elu_prime([-1e-12, 1e-12], alpha)
        np.testing.assert_allclose(left, alpha, rtol=1e-10)
        assert right == 1


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_table_has_the_functions_own_defaults(name):
    row = ACTIVATIONS[name]
    for function in (row.function, row.derivative):
        signature = inspect.signature(function).parameters
        own = {n: p.default for n, p in signature.items() if n not in ("z", "out", "slopes")}
        assert own == row.parameters
    assert set(row.parameters) <= set(row.function.checks)


def test_slopes_at_the_kink():
    """Conventions that the docstrings state."""
    assert activations.relu_prime(0) == 0
    assert activations.step(0) == 1 and activations.step_prime(0) == 0
    assert activations.leaky_relu_prime(0, 0.3) == 0.3
    assert activations.elu_prime(0, 0.7) == 0.7
    assert activations.selu_prime(0) == activations.SELU_SCALE


def test_lowest_points_of_silu_and_gelu():
    z = np.linspace(-2, 0, 2_000_001)
    for name, where, value in (("silu", -1.2784645, -0.2784645), ("gelu", -0.7517915, -0.1699712)):
        f = ACTIVATIONS[name](z[z > -1.5])
        np.testing.assert_allclose([z[z > -1.5][f.argmin()], f.min()], [where, value], atol=1e-6)
        assert abs(ACTIVATIONS[name].prime(where)) < 1e-6


def test_steepest_points():
    assert activations.sigmoid_prime(0) == 0.25
    assert activations.tanh_prime(0) == 1


def test_gelu_keeps_its_digits_far_below_zero():
    # Mills' ratio: Phi(-z) lies between phi(z) (1/z - 1/z³) and phi(z)/z.
    z = 20.0
    phi = math.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    assert -phi < activations.gelu(-z) < -phi * (1 - 1 / z**2)


def test_silu_slope_at_large_z_in_float32():
    np.testing.assert_array_equal(activations.silu_prime(np.array([1e4, 50], np.float32)), [1, 1])


def test_brelu_alternates_along_the_last_axis():
    np.testing.assert_array_equal(activations.brelu([[2, 2, -3], [-2, -2, 3]]), [[2, 0, 0], [0, -2, 3]])
    np.testing.assert_array_equal(activations.brelu_prime([[2, 2, -3], [-2, -2, 3]]), [[1, 0, 0], [0, 1, 1]])
    assert activations.brelu(-1.5) == 0 and activations.brelu(1.5) == 1.5


def test_leaky_relu_is_a_maximum_only_up_to_slope_1():
    z = np.linspace(-3, 3, 13)
    np.testing.assert_array_equal(activations.leaky_relu(z, 0.01), np.maximum(0.01 * z, z))
    assert (activations.leaky_relu(z, 2) != np.maximum(2 * z, z)).any()


def test_prelu_per_unit_and_its_gradient_in_alpha():
    rng = np.random.default_rng(5)
    z, upstream, alpha = rng.normal(size=(8, 3)), rng.normal(size=(8, 3)), np.array([0.1, -0.4, 2.0])
    measured = numerical_gradient(lambda a: np.sum(upstream * activations.prelu(z, a)), alpha)
    ours = np.sum(upstream * activations.prelu_prime_alpha(z, alpha), axis=0)
    assert np.abs(measured).min() > 1e-2
    assert relative_error(ours, measured) < 1e-9
    measured = numerical_gradient(lambda moved: np.sum(upstream * activations.prelu(moved, alpha)), z)
    assert relative_error(upstream * activations.prelu_prime(z, alpha), measured) < 1e-9


def test_rrelu_draws_in_training_and_takes_the_mean_in_prediction():
    rng = np.random.default_rng(6)
    z = -np.ones((400, 50))
    slopes = rng.uniform(0.1, 0.5, z.shape)
    drawn = activations.rrelu(z, 0.1, 0.5, slopes)
    np.testing.assert_array_equal(drawn, -slopes)
    np.testing.assert_array_equal(activations.rrelu_prime(z, 0.1, 0.5, slopes), slopes)
    np.testing.assert_allclose(activations.rrelu(z, 0.1, 0.5), -0.3)
    np.testing.assert_allclose(drawn.mean(), activations.rrelu(-1, 0.1, 0.5), atol=0.005)


@given(st.floats(-1.5, 1.5), st.floats(-2, 2))
def test_soft_exponential_is_undone_by_minus_alpha(alpha, z):
    if abs(alpha) < 1e-3:
        alpha = 0.0
    if alpha < 0:
        z = abs(z) + 1 / alpha - alpha + 0.01
    there = activations.soft_exponential(z, alpha)
    np.testing.assert_allclose(activations.soft_exponential(there, -alpha), z, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("alpha", [-0.6, 0.0, 0.6])
def test_soft_exponential_slopes_for_every_sign(alpha):
    z = np.array([0.3, 0.9, 1.7])
    measured = numerical_gradient(lambda moved: np.sum(activations.soft_exponential(moved, alpha)), z)
    assert relative_error(activations.soft_exponential_prime(z, alpha), measured) < 1e-9


def test_soft_exponential_says_where_it_ends():
    with pytest.raises(ValueError, match="for alpha = -0.5, soft_exponential needs z above -1.5; got -2"):
        activations.soft_exponential([0, -2], -0.5)
    with pytest.raises(ValueError, match="too large for float64 at z = 10000"):
        activations.soft_exponential(1e4)
    with pytest.raises(ValueError, match="too large for float32"):
        activations.soft_exponential_prime(np.float32([200]))


def test_soft_clipping_slope_as_the_deck_writes_it():
    z = np.linspace(-2, 3, 41)
    for p in (0.5, 3, 20):
        deck = 0.5 * np.sinh(p / 2) / np.cosh(p * z / 2) / np.cosh(p * (1 - z) / 2)
        np.testing.assert_allclose(activations.soft_clipping_prime(z, p), deck, rtol=1e-12, atol=1e-16)


def test_soft_clipping_in_float32_far_out():
    np.testing.assert_array_equal(activations.soft_clipping(np.float32([-1e4, 1e4])), [0, 1])


def test_selu_keeps_mean_and_spread():
    out = activations.selu(np.random.default_rng(7).normal(size=2_000_000))
    assert abs(out.mean()) < 0.003 and abs(out.std() - 1) < 0.003


# Softmax


rows = arrays(np.float64, st.tuples(st.integers(1, 4), st.integers(1, 6)), elements=st.floats(-1e4, 1e4))


@given(rows, st.floats(-1e4, 1e4))
def test_softmax_rows_sum_to_1_and_ignore_a_shift(z, shift):
    a = activations.softmax(z)
    np.testing.assert_allclose(a.sum(axis=-1), 1, rtol=1e-14)
    assert (a >= 0).all()
    np.testing.assert_allclose(activations.softmax(z + shift), a, rtol=1e-7, atol=1e-14)


@given(rows)
def test_softmax_of_a_row_does_not_depend_on_the_others(z):
    np.testing.assert_array_equal(activations.softmax(z)[0], activations.softmax(z[0]))


@given(rows)
def test_log_softmax_is_the_logarithm(z):
    a = activations.softmax(z)
    log = activations.log_softmax(z)
    assert np.isfinite(log).all()
    np.testing.assert_allclose(log[a > 1e-300], np.log(a[a > 1e-300]), rtol=1e-12, atol=1e-12)


def test_softmax_known_values():
    np.testing.assert_allclose(activations.softmax([[0, math.log(3)], [1000, 1000]]), [[0.25, 0.75], [0.5, 0.5]], rtol=1e-15)


def test_softmax_jacobian_and_backward_against_central_differences():
    rng = np.random.default_rng(8)
    z, upstream = rng.normal(size=(4, 5)), rng.normal(size=(4, 5))
    measured = numerical_gradient(lambda moved: np.sum(upstream * activations.softmax(moved)), z)
    assert np.abs(measured).max() > 0.1
    a = activations.softmax(z)
    by_jacobian = np.einsum("ri,rij->rj", upstream, activations.softmax_jacobian(z))
    assert relative_error(by_jacobian, measured) < 1e-9
    assert relative_error(activations.softmax_backward(upstream, a), measured) < 1e-9
    output, kept = ACTIVATIONS["softmax"].forward(z.copy())
    np.testing.assert_array_equal(output, a)
    np.testing.assert_array_equal(ACTIVATIONS["softmax"].backward(upstream, kept), activations.softmax_backward(upstream, a))


@pytest.mark.parametrize("name", ["softmax", "softmax_jacobian", "log_softmax"])
def test_softmax_of_one_number(name):
    with pytest.raises(ValueError, match="softmax needs a row of numbers, one for each class; got the one number 3"):
        getattr(activations, name)(3.0)


def test_softmax_backward_says_what_is_wrong():
    with pytest.raises(ValueError, match=r"dy and a must have the same shape; got \(2,\) and \(3,\)"):
        activations.softmax_backward([1, 2], [1, 2, 3])
    with pytest.raises(ValueError, match="a must be a row of numbers"):
        activations.softmax_backward(1, 1)
    with pytest.raises(ValueError, match="dy must be finite; got nan"):
        activations.softmax_backward([1, np.nan], [0.5, 0.5])


# The table's rows, and get


def test_get():
    relu = ACTIVATIONS["relu"]
    assert activations.get("relu") is activations.get(relu) is relu
    assert activations.get(None) is activations.get("identity") is ACTIVATIONS["linear"]
    assert activations.get("swish") is ACTIVATIONS["silu"]


def test_get_with_parameters():
    row = activations.get("leaky_relu", negative_slope=0.5)
    assert row(-2.0) == -1 and row.prime(-2.0) == 0.5
    output, kept = row.forward(np.array([[-2.0, 3.0]]))
    np.testing.assert_array_equal(output, [[-1, 3]])
    np.testing.assert_array_equal(row.backward(np.array([[10.0, 10.0]]), kept), [[5, 10]])
    assert ACTIVATIONS["leaky_relu"](-2.0) == -0.4
    again = activations.get(row, negative_slope=0.1)
    assert again.parameters == {"negative_slope": 0.1} and row.parameters == {"negative_slope": 0.5}
    assert activations.get("elu", alpha=2)(-1e4) == -2
    hash(row)


def test_rows_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        ACTIVATIONS["relu"].name = "other"


@pytest.mark.parametrize(
    ("name", "parameters", "error", "sentence"),
    [
        ("rleu", {}, ValueError, "unknown activation 'rleu'. Did you mean 'relu'"),
        ("Sigmoid", {}, ValueError, "Did you mean 'sigmoid'"),
        (7, {}, ValueError, "unknown activation 7"),
        ([], {}, ValueError, r"unknown activation \[\]"),
        ("relu", {"alpha": 1}, ValueError, "relu has no parameter 'alpha'. It takes none."),
        ("leaky_relu", {"alpha": 1}, ValueError, "leaky_relu has no parameter 'alpha'. It takes negative_slope."),
        ("leaky_relu", {"negative_slope": -1}, ValueError, "negative_slope must be at least 0; got -1"),
        ("elu", {"alpha": float("nan")}, ValueError, "alpha must be at least 0; got nan"),
        ("elu", {"alpha": "big"}, TypeError, "alpha must be a number; got 'big'"),
        ("soft_clipping", {"alpha": 0}, ValueError, "alpha must be above 0; got 0"),
        ("soft_exponential", {"alpha": math.inf}, ValueError, "alpha must be finite; got inf"),
    ],
)
def test_get_says_what_is_wrong(name, parameters, error, sentence):
    with pytest.raises(error, match=sentence):
        activations.get(name, **parameters)


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize(
    ("z", "error", "sentence"),
    [
        ([1.0, np.nan], ValueError, "z must be finite; got nan at index 1"),
        ([np.inf, 1.0], ValueError, "z must be finite; got inf at index 0"),
        ([], ValueError, "z is empty"),
        ("abc", TypeError, "z must hold numbers"),
        ([1 + 2j], TypeError, "z must hold numbers"),
        (None, TypeError, "z must hold numbers"),
        ([[1, 2], [3]], ValueError, "z must be a rectangular array"),
    ],
)
def test_bad_z(name, z, error, sentence):
    for function in (ACTIVATIONS[name].function, ACTIVATIONS[name].derivative):
        with pytest.raises(error, match=sentence):
            function(z)


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (lambda: activations.leaky_relu(1.0, -0.1), ValueError, "negative_slope must be at least 0; got -0.1"),
        (lambda: activations.leaky_relu_prime(1.0, None), TypeError, "negative_slope must be a number; got None"),
        (lambda: activations.elu(1.0, alpha=-1), ValueError, "alpha must be at least 0; got -1"),
        (lambda: activations.elu_prime(1.0, "a"), TypeError, "alpha must be a number"),
        (lambda: activations.prelu([1.0, 2], [0.1, 0.2, 0.3]), ValueError, "alpha must be one number or one for each unit"),
        (lambda: activations.prelu(1.0, [0.1, 0.2]), ValueError, "alpha must be one number"),
        (lambda: activations.prelu([1.0], [[0.1]]), ValueError, "alpha must be one number"),
        (lambda: activations.prelu_prime([1.0], np.nan), ValueError, "alpha must be finite"),
        (lambda: activations.prelu_prime_alpha([1.0], [1, 2]), ValueError, "alpha must be one number"),
        (lambda: activations.rrelu([1.0], 0.5, 0.1), ValueError, "lower must be at most upper; got 0.5 and 0.1"),
        (lambda: activations.rrelu([1.0], slopes=[1, 2]), ValueError, "slopes and z must have the same shape"),
        (lambda: activations.rrelu_prime([1.0], lower=-1), ValueError, "lower must be at least 0; got -1"),
        (lambda: activations.apl([1.0], [1, 2], [1]), ValueError, "a and b must have the same shape"),
        (lambda: activations.apl_prime([1.0], 3, 4), ValueError, "must have 1 axis"),
        (lambda: activations.soft_clipping([1.0], -3), ValueError, "alpha must be above 0; got -3"),
        (lambda: activations.soft_clipping_prime([1.0], 0), ValueError, "alpha must be above 0; got 0"),
        (lambda: activations.soft_exponential([1.0], "x"), TypeError, "alpha must be a number; got 'x'"),
    ],
)
def test_bad_parameters(call, error, sentence):
    with pytest.raises(error, match=sentence):
        call()


def test_a_plain_number_comes_back_as_a_number():
    for name in ELEMENTWISE:
        value = ACTIVATIONS[name](-0.5)
        assert isinstance(value, float), name
