"""Optimizers against their formulas written out, against each other, and under bad input.

Each row of the table at the top of the module has a test here that fails for the other form.
Agreement with Keras itself is in tests/test_keras_optimizers.py.
"""

import copy
import math

import numpy as np
import pytest
from gradschool import optimizers
from gradschool.optimizers import (
    LARS,
    SGD,
    AdaGrad,
    Adam,
    AdamW,
    CosineDecay,
    ExponentialDecay,
    Nesterov,
    PiecewiseConstantDecay,
    RMSprop,
    Tensor,
    linear_scaling,
)
from hypothesis import given, settings
from hypothesis import strategies as st

RNG = np.random.default_rng(8)
START = RNG.normal(size=6)
GRADIENTS = RNG.normal(size=(25, 6)) * RNG.uniform(1e-4, 3, size=6)
GRADIENTS[:, 2] = 0  # a weight that never gets a gradient
CLOSE = {"rtol": 1e-12, "atol": 1e-14}


def walk(optimizer, start=START, gradients=GRADIENTS, **keywords):
    w = np.array(start)
    for g in gradients:
        w = optimizer.step(w, g, **keywords)
    return w


def by_hand(update):
    """Run ``update(w, g, t, memory) -> w`` over the same gradients."""
    w, memory = START.copy(), {}
    for t, g in enumerate(GRADIENTS, start=1):
        w = update(w, g, t, memory)
    return w


def test_sgd():
    assert np.allclose(walk(SGD(0.1)), START - 0.1 * GRADIENTS.sum(axis=0), **CLOSE)


def falling(step):
    return 0.5 / (1 + step)


@pytest.mark.parametrize("rate", [0.1, falling])
def test_momentum_of_keras_is_the_lectures(rate):
    def lecture(w, g, t, memory):
        alpha = rate(t - 1) if callable(rate) else rate
        memory["v"] = 0.8 * memory.get("v", 0) + alpha * g
        return w - memory["v"]

    assert np.allclose(walk(SGD(rate, momentum=0.8)), by_hand(lecture), **CLOSE)


def test_momentum_with_the_rate_outside_parts_when_the_rate_changes():
    def outside(w, g, t, memory):
        memory["v"] = 0.8 * memory.get("v", 0) + g
        return w - falling(t - 1) * memory["v"]

    ours = walk(SGD(falling, momentum=0.8, form="rate outside"))
    assert np.allclose(ours, by_hand(outside), **CLOSE)
    assert np.abs(ours - walk(SGD(falling, momentum=0.8)))[3] > 1e-2
    same = walk(SGD(0.1, momentum=0.8, form="rate outside"))
    assert np.allclose(same, walk(SGD(0.1, momentum=0.8)), **CLOSE)


def test_momentum_as_a_moving_average_is_the_sum_times_one_minus_momentum():
    average = walk(SGD(0.1, momentum=0.8, form="average"))
    assert np.allclose(average, walk(SGD(0.02, momentum=0.8)), **CLOSE)


@pytest.mark.parametrize("form", ["keras", "rate outside"])
def test_nesterov_of_keras(form):
    def keras(w, g, t, memory):
        memory["m"] = 0.8 * memory.get("m", 0) - 0.1 * g
        return w + 0.8 * memory["m"] - 0.1 * g

    ours = walk(SGD(0.1, momentum=0.8, nesterov=True, form=form))
    assert np.allclose(ours, by_hand(keras), **CLOSE)
    assert np.abs(ours - walk(SGD(0.1, momentum=0.8))).max() > 1e-3


def slope(w):
    return np.array([1.0, 20.0]) * w + np.sin(3 * w)


def test_nesterovs_look_ahead_points_are_keras_weights():
    lecture, keras = Nesterov(0.02, 0.8), SGD(0.02, momentum=0.8, nesterov=True)
    w = k = np.array([3.0, -2.0])
    v = 0
    for _ in range(30):
        ahead = lecture.look_ahead(w)
        assert np.allclose(ahead, k, **CLOSE)
        assert np.allclose(ahead, w - 0.8 * v, **CLOSE)
        v = 0.8 * v + 0.02 * slope(w - 0.8 * v)
        w = lecture.step(w, slope(ahead))
        k = keras.step(k, slope(k))
    assert np.abs(w - k).max() > 1e-6


def test_adagrad():
    def keras(w, g, t, memory):
        memory["s"] = memory.get("s", 0.1) + g**2
        return w - 0.5 * g / np.sqrt(memory["s"] + 1e-3)

    def paper(w, g, t, memory):
        memory["s"] = memory.get("s", 0) + g**2
        return w - 0.5 * g / (np.sqrt(memory["s"]) + 1e-3)

    assert np.allclose(walk(AdaGrad(0.5, epsilon=1e-3)), by_hand(keras), **CLOSE)
    ours = walk(AdaGrad(0.5, initial_accumulator_value=0, epsilon=1e-3, epsilon_inside=False))
    assert np.allclose(ours, by_hand(paper), **CLOSE)
    assert np.abs(ours - by_hand(keras)).max() > 1e-2


@pytest.mark.parametrize("inside", [True, False])
@pytest.mark.parametrize("momentum", [0.0, 0.7])
def test_rmsprop(inside, momentum):
    def formula(w, g, t, memory, inside=inside):
        memory["v"] = v = 0.9 * memory.get("v", 0) + 0.1 * g**2
        step = 0.01 * g / (np.sqrt(v + 1e-7) if inside else np.sqrt(v) + 1e-7)
        memory["b"] = momentum * memory.get("b", 0) + step
        return w - memory["b"]

    ours = walk(RMSprop(0.01, momentum=momentum, epsilon_inside=inside))
    assert np.allclose(ours, by_hand(formula), **CLOSE)
    other = by_hand(lambda *a: formula(*a, inside=not inside))
    assert np.abs(ours - other).max() > 1e-7


@pytest.mark.parametrize("hat", [True, False])
def test_adam(hat):
    def formula(w, g, t, memory, hat=hat):
        memory["m"] = 0.9 * memory.get("m", 0) + (1 - 0.9) * g
        memory["v"] = 0.999 * memory.get("v", 0) + (1 - 0.999) * g**2
        m, v = memory["m"] / (1 - 0.9**t), memory["v"] / (1 - 0.999**t)
        if hat:
            return w - 0.01 * np.sqrt(1 - 0.999**t) * m / (np.sqrt(memory["v"]) + 1e-4)
        return w - 0.01 * m / (np.sqrt(v) + 1e-4)

    ours = walk(Adam(0.01, epsilon=1e-4, epsilon_hat=hat))
    assert np.allclose(ours, by_hand(formula), **CLOSE)
    assert np.abs(ours - by_hand(lambda *a: formula(*a, hat=not hat))).max() > 1e-6
    assert ours[2] == START[2]


def test_adams_first_step_is_the_rate_whatever_the_gradient():
    w = Adam(0.01, epsilon=1e-12).step([1.0, 1.0, 1.0], [1e-4, 3.0, -500.0])
    assert np.allclose(w, [0.99, 0.99, 1.01], atol=1e-8)


def test_adam_counts_steps_through_everything():
    optimizer = Adam(0.01)
    halves = walk(optimizer, walk(optimizer, gradients=GRADIENTS[:12]), GRADIENTS[12:])
    assert optimizer.steps == 25
    assert np.allclose(halves, walk(Adam(0.01)), rtol=1e-15)
    assert optimizer.corrections(25) == (1 - 0.9**25, 1 - 0.999**25)


def test_weight_decay_shrinks_before_the_step_and_biases_too():
    w = AdamW(0.1, weight_decay=0.5).step([2.0, -4.0], [0.0, 0.0])
    assert np.allclose(w, [2 * 0.95, -4 * 0.95], rtol=1e-15)
    # Decay before the step, not of the moved weights:
    assert SGD(0.1, weight_decay=0.5).step([2.0], [1.0]) == pytest.approx(2 * 0.95 - 0.1, rel=1e-15)
    tensors = [Tensor(slice(0, 1), "1 kernel"), Tensor(slice(1, 2), "1 bias")]
    for optimizer in (AdamW(0.1, 0.5, exclude_from_weight_decay=("bias",)), SGD(0.1, weight_decay=0.5, exclude_from_weight_decay="bias")):
        assert np.allclose(optimizer.step([2.0, -4.0], [0.0, 0.0], tensors=tensors), [1.9, -4.0], rtol=1e-15)


def test_weight_decay_is_l2_for_sgd_and_is_not_for_adam():
    def with_l2(optimizer):
        w = START
        for g in GRADIENTS:
            w = optimizer.step(w, g + 0.3 * w)
        return w

    assert np.allclose(walk(SGD(0.1, weight_decay=0.3)), with_l2(SGD(0.1)), **CLOSE)
    assert np.abs(walk(AdamW(0.1, 0.3)) - with_l2(Adam(0.1))).max() > 0.1


def test_lars_by_tensor():
    tensors = [slice(0, 4), slice(4, 6)]

    def formula(w, g, t, memory):
        w = w.copy()
        v = memory.setdefault("v", np.zeros(6))
        for part in tensors:
            a, b = np.linalg.norm(w[part]), np.linalg.norm(g[part])
            v[part] = 0.9 * v[part] + 0.5 * (0.01 * a / (b + 0.1 * a)) * (g[part] + 0.1 * w[part])
            w[part] -= v[part]
        return w

    ours = walk(LARS(0.5, trust_coefficient=0.01, weight_decay=0.1), tensors=tensors)
    assert np.allclose(ours, by_hand(formula), **CLOSE)
    assert np.abs(ours - walk(LARS(0.5, trust_coefficient=0.01, weight_decay=0.1)))[0] > 1e-3


def test_lars_ignores_the_size_of_the_gradient_and_can_leave_zero():
    w, g = np.array([3.0, 4.0]), np.array([0.3, -0.1])
    assert np.allclose(LARS(1.0).step(w, g), LARS(1.0).step(w, 1000 * g), **CLOSE)
    step = w - LARS(1.0).step(w, g)
    assert np.linalg.norm(step) == pytest.approx(0.001 * 5)
    assert (LARS(1.0).step([0.0, 0.0], g) == -g).all()


def test_clipping_is_per_tensor_over_all_or_per_entry():
    g, tensors = [3.0, 4.0, 0.6, 0.8], [slice(0, 2), slice(2, 4)]
    zeros = np.zeros(4)

    def step(**clip):
        return -SGD(1.0, **clip).step(zeros, g, tensors=tensors)

    assert np.allclose(step(clipnorm=1), [0.6, 0.8, 0.6, 0.8], rtol=1e-14)
    assert np.allclose(step(global_clipnorm=1), np.array(g) / np.sqrt(26), rtol=1e-14)
    assert np.allclose(step(clipvalue=1), [1, 1, 0.6, 0.8], rtol=1e-14)
    assert np.allclose(-SGD(1.0, clipnorm=1).step(zeros, g), np.array(g) / np.sqrt(26), rtol=1e-14)


@pytest.mark.parametrize("name", optimizers.OPTIMIZERS)
def test_frozen_tensors_stay_and_do_not_change_the_others(name):
    tensors = [Tensor(slice(0, 3), "1 kernel", False), Tensor(slice(3, 6), "2 kernel")]
    options = {"weight_decay": 0.1} | ({} if name == "lars" else {"global_clipnorm": 0.5})
    ours = walk(optimizers.OPTIMIZERS[name](0.05, **options), tensors=tensors)
    alone = walk(optimizers.OPTIMIZERS[name](0.05, **options), START[3:], GRADIENTS[:, 3:])
    assert (ours[:3] == START[:3]).all()
    assert np.allclose(ours[3:], alone, **CLOSE)


@pytest.mark.parametrize("name", optimizers.OPTIMIZERS)
def test_step_is_pure_unless_told_where_to_write(name):
    w, g = START.copy(), GRADIENTS[0].copy()
    first = optimizers.get(name)
    moved = first.step(w, g)
    assert (w == START).all()
    assert (g == GRADIENTS[0]).all()
    assert np.abs(moved - w).max() > 0
    second = optimizers.get(name)
    assert second.step(w, g, out=w) is w
    assert (w == moved).all()
    assert (g == GRADIENTS[0]).all()


@pytest.mark.parametrize("name", optimizers.OPTIMIZERS)
def test_shapes_and_blocks_do_not_matter(name, monkeypatch):
    whole = walk(optimizers.get(name))
    table = walk(optimizers.get(name), START.reshape(2, 3), GRADIENTS.reshape(-1, 2, 3))
    assert (table.reshape(-1) == whole).all()
    monkeypatch.setattr(optimizers, "BLOCK", 4)
    assert (walk(optimizers.get(name)) == whole).all()


@pytest.mark.parametrize("name", optimizers.OPTIMIZERS)
def test_float32_stays_float32(name):
    optimizer = optimizers.OPTIMIZERS[name](CosineDecay(0.1, 10), weight_decay=0.1)
    w = optimizer.step(START.astype("f"), GRADIENTS[0].astype("f"))
    assert w.dtype == np.float32
    assert {values.dtype for values in optimizer.state.values()} <= {np.dtype(np.float32)}
    assert optimizer._scratch.dtype == np.float32


@pytest.mark.parametrize("clip", [{}, {"clipnorm": 0.1}, {"global_clipnorm": 0.1}, {"clipvalue": 0.1}], ids=str)
def test_clipping_and_freezing_leave_the_callers_gradient_alone(clip):
    g = GRADIENTS[0].copy()
    SGD(0.1, **clip).step(START, g, tensors=[Tensor(slice(0, 3), "a", not clip), Tensor(slice(3, 6), "b", bool(clip))])
    assert (g == GRADIENTS[0]).all()


@pytest.mark.parametrize(
    ("optimizer", "numbers", "tunables"),
    [
        (SGD(), 0, ["learning_rate"]),
        (SGD(momentum=0.9), 1, ["learning_rate", "momentum"]),
        (Nesterov(), 1, ["learning_rate", "momentum"]),
        (AdaGrad(), 1, ["learning_rate"]),
        (RMSprop(), 1, ["learning_rate", "rho"]),
        (RMSprop(momentum=0.9), 2, ["learning_rate", "rho", "momentum"]),
        (Adam(), 2, ["learning_rate", "beta_1", "beta_2"]),
        (Adam(weight_decay=0.1), 2, ["learning_rate", "beta_1", "beta_2", "weight_decay"]),
        (AdamW(), 2, ["learning_rate", "beta_1", "beta_2", "weight_decay"]),
        (LARS(), 1, ["learning_rate", "momentum", "trust_coefficient", "weight_decay"]),
    ],
    ids=repr,
)
def test_memory_and_tunables_are_read_from_the_object(optimizer, numbers, tunables):
    assert optimizer.state_bytes(1000) == 4000 * numbers
    assert optimizer.state_bytes(1000, np.float64) == 8000 * numbers
    optimizer.step(np.ones(10, "f"), np.ones(10, "f"))
    assert optimizer.state_bytes() == 40 * numbers
    assert list(optimizer.tunables) == tunables


def test_keras_rounding_rounds_what_keras_rounds():
    near = float(np.float32(0.9))

    def differ(make, rounded, plain):
        a, b, c = (walk(o) for o in (make(keras_rounding=True), rounded, plain))
        assert np.allclose(a, b, rtol=1e-15)
        assert 1e-12 < np.abs(a - c).max() < 1e-5

    differ(lambda **k: SGD(0.1, 0.9, **k), SGD(0.1, near), SGD(0.1, 0.9))
    first = float(np.float32(0.1))
    differ(lambda **k: AdaGrad(0.1, **k), AdaGrad(0.1, initial_accumulator_value=first), AdaGrad(0.1))
    differ(lambda **k: SGD(0.1, weight_decay=0.1, **k), SGD(0.1, weight_decay=first), SGD(0.1, weight_decay=0.1))
    assert Adam(keras_rounding=True).corrections(3) == (1 - near**3, 1 - float(np.float32(0.999)) ** 3)
    assert (walk(RMSprop(keras_rounding=True)) == walk(RMSprop())).all()


def test_reset_and_copies():
    optimizer = Adam(0.1)
    walk(optimizer)
    twin = copy.deepcopy(optimizer)
    assert (twin.step(START, GRADIENTS[0]) == optimizer.step(START, GRADIENTS[0])).all()
    optimizer.reset()
    assert optimizer.steps == 0
    assert (walk(optimizer) == walk(Adam(0.1))).all()


def test_schedules():
    smooth, stairs = ExponentialDecay(0.8, 4, 0.5), ExponentialDecay(0.8, 4, 0.5, staircase=True)
    assert [smooth(t) for t in (0, 2, 4, 8)] == pytest.approx([0.8, 0.8 * 2**-0.5, 0.4, 0.2], rel=1e-15)
    assert [stairs(t) for t in (0, 3, 4, 7, 8)] == [0.8, 0.8, 0.4, 0.4, 0.2]
    cosine = CosineDecay(0.8, 10, alpha=0.1)
    assert [cosine(t) for t in (0, 5, 10, 99)] == pytest.approx([0.8, 0.44, 0.08, 0.08], rel=1e-14)
    assert cosine(2) == pytest.approx(0.8 * (0.9 * 0.5 * (1 + math.cos(0.2 * math.pi)) + 0.1), rel=1e-15)
    piecewise = PiecewiseConstantDecay([2, 5], [1.0, 0.5, 0.1])
    assert [piecewise(t) for t in (0, 2, 3, 5, 6)] == [1.0, 1.0, 0.5, 0.5, 0.1]
    assert linear_scaling(0.1, 256) == pytest.approx(0.8)


def test_a_schedule_counts_steps_from_zero():
    seen = []

    def schedule(step):
        seen.append(step)
        return 0.1

    optimizer = SGD(schedule)
    walk(optimizer, gradients=GRADIENTS[:3])
    assert seen == [0, 1, 2]
    optimizer.learning_rate = 0.5
    assert optimizer.rate == 0.5


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from(sorted(optimizers.OPTIMIZERS)),
    st.lists(st.floats(-1e3, 1e3, allow_subnormal=False), min_size=1, max_size=5),
    st.integers(0, 2**32 - 1),
)
def test_any_step_goes_downhill_first(name, gradient, seed):
    """From rest, no optimizer moves a weight against its gradient."""
    w = np.random.default_rng(seed).normal(size=len(gradient))
    gradient = np.array(gradient)
    optimizer = AdamW(weight_decay=0) if name == "adamw" else optimizers.get(name)
    moved = optimizer.step(w, gradient) - w
    assert np.isfinite(moved).all()
    assert (moved * gradient <= 0).all()


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: SGD(-0.1), "learning_rate must be above 0; got -0.1"),
        (lambda: SGD("fast"), "learning_rate must be a number; got 'fast'"),
        (lambda: SGD(np.nan), "learning_rate must be above 0; got nan"),
        (lambda: SGD(0.1, momentum=1), "momentum must be at least 0 and below 1; got 1"),
        (lambda: SGD(0.1, nesterov=True), "needs a momentum above 0"),
        (lambda: SGD(0.1, 0.9, True, form="average"), "not|got 'average'"),
        (lambda: SGD(0.1, form="kera"), "Did you mean 'keras'"),
        (lambda: Nesterov(momentum=-0.1), "momentum must be at least 0"),
        (lambda: AdaGrad(initial_accumulator_value=-1), "initial_accumulator_value must be at least 0"),
        (lambda: AdaGrad(epsilon=0), "epsilon must be above 0"),
        (lambda: RMSprop(rho=1.0), "rho must be at least 0 and below 1"),
        (lambda: Adam(beta_1=1.5), "beta_1 must be at least 0 and below 1; got 1.5"),
        (lambda: Adam(beta_2=-0.5), "beta_2 must be at least 0"),
        (lambda: Adam().corrections(0), "t must be 1 or more"),
        (lambda: AdamW(weight_decay=-1), "weight_decay must be at least 0; got -1"),
        (lambda: LARS(trust_coefficient=0), "trust_coefficient must be above 0"),
        (lambda: SGD(clipnorm=0), "clipnorm must be above 0"),
        (lambda: SGD(clipnorm=1, clipvalue=1), "only one kind of clipping; got clipvalue and clipnorm"),
        (lambda: optimizers.get("adamm"), "Did you mean 'adam'"),
        (lambda: SGD().step([1.0, 2.0], [1.0]), "same shape; got (2,) and (1,)"),
        (lambda: SGD().step([1.0], [np.nan]), "gradient must be finite; got nan at index 0"),
        (lambda: SGD().step([], []), "weights is empty"),
        (lambda: SGD().step(["a"], [1.0]), "weights must hold numbers"),
        (lambda: SGD().step([1.0], [1.0], out=np.zeros(2)), "out must be an array of shape (1,)"),
        (lambda: SGD().step([1.0, 2.0], [1.0, 2.0], tensors=[slice(0, 1)]), "cover all 2 weights; they end at 1"),
        (lambda: SGD().step([1.0, 2.0], [1.0, 2.0], tensors=[slice(1, 2)]), "follow each other from 0"),
        (lambda: SGD(1e300).step([1.0], [1e300]), "out of the range of float64"),
        (lambda: Adam(epsilon=1e-60).step(np.ones(1, "f"), np.ones(1, "f")), "epsilon = 1e-60 is 0 in float32"),
        (lambda: SGD(lambda step: -1.0).step([1.0], [1.0]), "learning rate of step 0 must be at least 0"),
        (lambda: ExponentialDecay(0.1, 0, 0.5), "decay_steps must be 1 or more"),
        (lambda: ExponentialDecay(0.1, 5, 0), "decay_rate must be above 0"),
        (lambda: ExponentialDecay(0.1, 5, 0.5)(-1), "step must be at least 0"),
        (lambda: CosineDecay(0.1, 5, alpha=2), "alpha must be at least 0 and at most 1"),
        (lambda: PiecewiseConstantDecay([5, 2], [1, 2, 3]), "boundaries must rise"),
        (lambda: PiecewiseConstantDecay([5], [1]), "one more than boundaries; got 1 and 1"),
        (lambda: linear_scaling(0.1, 0), "batch_size must be 1 or more"),
    ],
)
def test_bad_input_gets_a_sentence(call, sentence):
    with pytest.raises((ValueError, TypeError)) as caught:
        call()
    assert any(part in str(caught.value) for part in sentence.split("|")), caught.value


def test_state_belongs_to_one_set_of_weights():
    optimizer = Adam()
    optimizer.step([1.0, 2.0], [1.0, 1.0])
    with pytest.raises(ValueError, match="has state for 2 weights of float64; got 3"):
        optimizer.step([1.0, 2.0, 3.0], [1.0, 1.0, 1.0])
    with pytest.raises(ValueError, match="has state for 2 weights"):
        lecture = Nesterov()
        lecture.step([1.0, 2.0], [1.0, 1.0])
        lecture.look_ahead([1.0])
