"""Every published bug is noticed.

Each row is a mistake that people have made and published: one line of the library changed in memory,
and the laws of tests/laws.py that must break. tests/test_laws.py runs the same laws on the library
as it is. A row whose line is not in the source exactly once fails too, so none can stop biting.
"""

import importlib

import laws
import mutate
import pytest
from mutate import Mutation

SLOPES = "activations_have_the_slope_of_their_graph"
SOFTMAX = "softmax_is_a_distribution_in_each_row"
LOSS = "losses_have_the_gradient_of_their_value"
MEAN = "the_gradient_of_a_batch_is_the_mean_of_its_rows"
EXAMPLE = "the_worked_example_comes_out"
BACK = "backward_is_the_slope_of_forward"
NOTHING = "backward_moves_nothing"
PENALTY = "a_penalty_pulls_as_hard_as_its_slope"
REMEMBERS = "batch_normalization_remembers_for_later"
NORM_BACK = "batch_normalization_goes_back_through_mean_and_variance"
DROPOUT = "dropout_drops_its_rate_and_scales_the_rest"
MOMENTUM = "momentum_keeps_a_share_of_the_last_step"
ADAM = "adam_corrects_by_powers_of_t"
COUNTED = "steps_are_counted_through_all_epochs"
RULE = "the_perceptron_moves_only_when_wrong"


def bug(story, module, old, new, *broken):
    return Mutation(story, module, old, new, broken)


# fmt: off
BUGS = [
    # Activations
    bug("the slope of the activation is forgotten", "activations", "return dy * self.slope_from_output(kept)", "return dy", SLOPES, EXAMPLE),
    bug("sigma' is taken of the output as if it were the net input", "activations", '"Cinf", "sigmoid", lambda a: a * (1 - a)', '"Cinf", "sigmoid", lambda a: sigmoid_prime(a)', SLOPES, EXAMPLE),
    bug("sigma' without 1 - a", "activations", "return f * (1 - f)", "return f", SLOPES),
    bug("tanh' without the square", "activations", '"tanh", lambda a: 1 - a * a', '"tanh", lambda a: 1 - a', SLOPES),
    bug("ReLU lets everything back", "activations", "lambda a: a > 0", "lambda a: a >= 0", SLOPES),
    bug("ReLU' is 1 at 0", "activations", "return (z > 0).astype(z.dtype)", "return (z >= 0).astype(z.dtype)", "activations_take_their_known_values"),
    bug("the sigmoid overflows", "activations", "np.maximum(z, bound, out=out)", "z", "activations_stay_finite"),
    bug("softmax over the batch in place of the row", "activations", "result /= result.sum(axis=-1, keepdims=True)", "result /= result.sum(axis=0, keepdims=True)", SOFTMAX),
    bug("softmax over everything", "activations", "result /= result.sum(axis=-1, keepdims=True)", "result /= result.sum()", SOFTMAX),
    bug("softmax without the shift", "activations", "result = np.subtract(z, _row_maximum(z), out=out)", "result = np.add(z, 0, out=out)", SOFTMAX),
    bug("softmax goes back as if outputs were independent", "activations", "return a * (dy - np.sum(dy * a, axis=-1, keepdims=True))", "return dy * a * (1 - a)", "softmax_mixes_the_whole_row_going_back"),
    # Losses
    bug("the loss is a mean, its gradient a sum", "losses", "return (y_pred - y_true) / rows_of(y_pred)", "return y_pred - y_true", LOSS),
    bug("the gradient of MSE without the 2", "losses", "return (y_pred - y_true) * (2 / y_pred.size)", "return (y_pred - y_true) * (1 / y_pred.size)", LOSS),
    bug("MSE is a mean over rows, its gradient over rows and outputs", "losses", "return np.mean((y_true - y_pred) ** 2)", "return np.sum((y_true - y_pred) ** 2) / len(y_pred)", LOSS, "losses_are_the_mean_over_rows"),
    bug("the error is target minus output going back", "losses", "return (y_pred - y_true) * (2 / y_pred.size)", "return (y_true - y_pred) * (2 / y_pred.size)", LOSS, "training_reaches_a_perfect_fit"),
    bug("half the sum of squares without the half", "losses", "return 0.5 * np.sum((y_true - y_pred) ** 2) / rows_of(y_pred)", "return np.sum((y_true - y_pred) ** 2) / rows_of(y_pred)", LOSS, EXAMPLE),
    bug("cross-entropy in base 10", "losses", "return -np.mean(y_true * np.log(p) + (1 - y_true) * np.log(1 - p))", "return -np.mean(y_true * np.log10(p) + (1 - y_true) * np.log10(1 - p))", LOSS),
    bug("binary cross-entropy forgets the zeros", "losses", "return -np.mean(y_true * np.log(p) + (1 - y_true) * np.log(1 - p))", "return -np.mean(y_true * np.log(p))", LOSS),
    bug("Huber's gradient is not cut", "losses", "return np.clip(y_pred - y_true, -delta, delta) * (1 / y_pred.size)", "return (y_pred - y_true) * (1 / y_pred.size)", LOSS),
    bug("cross-entropy is a mean, its gradient a sum over the rows", "losses", "return np.where(p == y_pred, (p - y_true) / (p * (1 - p) * p.size), 0)", "return np.where(p == y_pred, (p - y_true) / (p * (1 - p) * p.shape[-1]), 0)", LOSS, MEAN),
    # Layers
    bug("the kernel is transposed on the way back", "layers", 'return dz @ self.params["kernel"].T if input_gradient', 'return dz @ self.params["kernel"].reshape(self.units, -1) if input_gradient', BACK),
    bug("the bias gradient is a mean, not a sum", "layers", 'np.sum(dz, axis=0, out=self.grads["bias"])', 'np.mean(dz, axis=0, out=self.grads["bias"])', BACK),
    bug("the bias gradient is not summed over the rows", "layers", 'np.sum(dz, axis=0, out=self.grads["bias"])', 'self.grads["bias"][...] = dz[0]', BACK),
    bug("the bias is forgotten", "layers", 'z += self.params["bias"]', "pass", "dense_is_x_w_plus_b"),
    bug("the kernel gradient is divided by the rows once more", "layers", 'np.dot(self._x.T, dz, out=self.grads["kernel"])', 'np.dot(self._x.T, dz / len(dz), out=self.grads["kernel"])', BACK),
    bug("backward accumulates", "layers", 'np.dot(self._x.T, dz, out=self.grads["kernel"])', 'self.grads["kernel"][...] += self._x.T @ dz', NOTHING),
    bug("backward updates the weights", "layers", 'np.dot(self._x.T, dz, out=self.grads["kernel"])', 'np.dot(self._x.T, dz, out=self.grads["kernel"]); self.params["kernel"][...] -= 0.5 * self.grads["kernel"]', NOTHING),
    bug("the updated weights are used on the way to the layer before", "layers", 'return dz @ self.params["kernel"].T if input_gradient', 'return dz @ (self.params["kernel"] - 0.5 * self.grads["kernel"]).T if input_gradient', EXAMPLE),
    bug("backward writes into the caller's array", "activations", "return dy * self.slope_from_output(kept)", "dy *= self.slope_from_output(kept); return dy", NOTHING),
    bug("the activation writes into the caller's data", "layers", "y, self._kept = self.activation.forward(x.copy())", "y, self._kept = self.activation.forward(x)", "an_activation_layer_leaves_its_input_alone"),
    bug("L2 pulls with l*w, not 2*l*w", "regularizers", "gradient = w * (2 * self.l2)", "gradient = w * self.l2", PENALTY),
    bug("L2 is the square of the sum (deck D2)", "regularizers", "penalty += self.l2 * float(np.dot(w.ravel(), w.ravel()))", "penalty += self.l2 * float(w.sum()) ** 2", PENALTY),
    bug("L1 pulls towards plus", "regularizers", "gradient += self.l1 * np.sign(w)", "gradient += self.l1", PENALTY),
    bug("the penalty is missing in the loss", "network", "value += layer.penalty()", "pass", PENALTY),
    bug("the penalty is missing in the gradient", "network", "layer._add_penalty_gradients()\n", "pass\n", PENALTY),
    bug("max-norm by rows", "regularizers", "np.sum(np.square(w), axis=self.axis, keepdims=True)", "np.sum(np.square(w), axis=1 - self.axis, keepdims=True)", "a_constraint_shortens_columns"),
    bug("the constraint is never applied", "network", "layer.constrain()", "pass", "a_constraint_shortens_columns"),
    bug("the bypass is forgotten on the way back", "layers", "return dx + dy if input_gradient", "return dx if input_gradient", "a_residual_block_adds_its_input"),
    # Batch normalization
    bug("no moving statistics: inference uses the batch", "layers", "if not (training and self.trainable):", "if not self.trainable:", REMEMBERS),
    bug("training uses the moving statistics", "layers", "if not (training and self.trainable):", "if True:", "batch_normalization_normalizes_the_batch"),
    bug("the moving variance starts at 0", "layers", '"moving_variance": np.ones(self.inputs, self.dtype)', '"moving_variance": np.zeros(self.inputs, self.dtype)', REMEMBERS),
    bug("momentum is the share of the new value", "layers", "state[moving] *= self.momentum\n            state[moving] += batch * (1 - self.momentum)", "state[moving] *= 1 - self.momentum\n            state[moving] += batch * self.momentum", REMEMBERS),
    bug("the batch variance is taken over n - 1", "layers", "variance = np.mean(centered * centered, axis=0)", "variance = np.sum(centered * centered, axis=0) / (len(x) - 1)", REMEMBERS, "batch_normalization_normalizes_the_batch"),
    bug("epsilon outside the root of the variance", "layers", "spread = np.sqrt(variance + epsilon)", "spread = np.sqrt(variance) + epsilon", "batch_normalization_normalizes_the_batch"),
    bug("batch normalization goes back as if the mean were fixed", "layers", "scale * (dy - dbeta / rows - cache.normalized * (dgamma / rows))", "scale * (dy - cache.normalized * (dgamma / rows))", NORM_BACK),
    bug("batch normalization goes back as if the variance were fixed (ones upstream hide it)", "layers", "scale * (dy - dbeta / rows - cache.normalized * (dgamma / rows))", "scale * (dy - dbeta / rows)", NORM_BACK),
    bug("gamma's gradient from the input, not the normalized one", "layers", "dgamma = np.sum(dy * cache.normalized, axis=0)", "dgamma = np.sum(dy * cache.normalized * cache.spread, axis=0)", NORM_BACK),
    # Dropout
    bug("dropout's gradient is not masked", "layers", "return dy if self._factor is None else dy * self._factor", "return dy", DROPOUT),
    bug("dropout's gradient is masked but not scaled", "layers", "return dy if self._factor is None else dy * self._factor", "return dy if self._factor is None else dy * (self._factor > 0)", DROPOUT),
    bug("rate is taken as the share kept", "layers", ">= _check.number(", "< _check.number(", DROPOUT),
    bug("what is kept is not scaled", "layers", "factor *= 1 / (1 - rate)", "pass", DROPOUT),
    bug("what is kept is scaled by 1 / rate (deck D2)", "layers", "factor *= 1 / (1 - rate)", "factor *= 1 / rate", DROPOUT),
    bug("the mask is drawn once for ever", "layers", "            self.mask = dropout_mask(x.shape, self.rate, self.rng)", "            self.mask = dropout_mask(x.shape, self.rate, self.rng) if self.mask is None else self.mask", DROPOUT),
    bug("dropout in inference too", "layers", "        if not training:\n            self._factor = None if", "        if False:\n            self._factor = None if", DROPOUT),
    bug("the lecture's dropout scales in inference by the share dropped", "layers", "self._factor = None if self.inverted else 1 - self.rate", "self._factor = None if self.inverted else self.rate", "dropout_of_the_lecture_scales_in_inference"),
    # Optimizers
    bug("SGD climbs", "optimizers", "w -= np.multiply(g, rate, out=scratch)\n            return", "w += np.multiply(g, rate, out=scratch)\n            return", "sgd_goes_down"),
    bug("momentum adds the gradient", "optimizers", 'if self.form == "keras":\n            m -= np', 'if self.form == "keras":\n            m += np', MOMENTUM),
    bug("momentum forgets", "optimizers", "        m *= momentum\n        if self.form", "        m *= 0\n        if self.form", MOMENTUM),
    bug("Nesterov is momentum", "optimizers", "            if self.nesterov:\n                w -= scratch", "            if False:\n                w -= scratch", "nesterov_looks_ahead"),
    bug("Nesterov looks back", "optimizers", 'return weights - self._constant(self.momentum) * self.state["velocity"]', 'return weights + self._constant(self.momentum) * self.state["velocity"]', "nesterov_looks_ahead"),
    bug("AdaGrad without squares", "optimizers", "s += np.multiply(g, g, out=scratch)", "s += np.abs(g)", "adagrad_sums_squares"),
    bug("AdaGrad forgets", "optimizers", "s += np.multiply(g, g, out=scratch)", "s[...] = np.multiply(g, g, out=scratch)", "adagrad_sums_squares"),
    bug("RMSprop sums in place of averaging", "optimizers", "_blend(v, np.multiply(g, g, out=scratch), self.rho)", "v += np.multiply(g, g, out=scratch)", "rmsprop_averages_squares"),
    bug("epsilon on the other side of the root", "optimizers", "    if inside:\n", "    if not inside:\n", "rmsprop_averages_squares", "adagrad_sums_squares"),
    bug("no epsilon: a coordinate without gradient becomes NaN", "optimizers", "return np.add(np.sqrt(square, out=out), epsilon, out=out)", "return np.sqrt(square, out=out)", ADAM),
    bug("Adam corrects with 1 - beta, not 1 - beta**t", "optimizers", "return 1 - self._constant(self.beta_1) ** t, 1 - self._constant(self.beta_2) ** t", "return 1 - self.beta_1, 1 - self.beta_2", ADAM),
    bug("Adam starts t again every epoch", "training", "            for epoch in range(1, epochs + 1):\n", "            for epoch in range(1, epochs + 1):\n                optimizer.steps = 0\n", COUNTED),
    bug("Adam starts t again with every call of fit", "training", "    history, start = History(), time.perf_counter()\n", "    history, start = History(), time.perf_counter()\n    optimizer.steps = 0\n", COUNTED),
    bug("Adam counts t from 0", "optimizers", "share_m, share_v = self.corrections(self.steps)", "share_m, share_v = self.corrections(max(self.steps - 1, 1))", ADAM),
    bug("Adam multiplies by the correction", "optimizers", "scratch *= rate * math.sqrt(share_v) / share_m", "scratch *= rate * share_m / math.sqrt(share_v)", ADAM),
    bug("Adam without the root in the correction", "optimizers", "scratch *= rate * math.sqrt(share_v) / share_m", "scratch *= rate * share_v / share_m", ADAM),
    bug("Adam adds epsilon to the uncorrected root where the corrected is meant", "optimizers", "self.epsilon if self.epsilon_hat else self.epsilon * math.sqrt(share_v)", "self.epsilon", ADAM),
    bug("Adam takes the square of the gradient for m too", "optimizers", "_blend(m, np.multiply(g, 1, out=scratch), self.beta_1)", "_blend(m, np.multiply(g, g, out=scratch), self.beta_1)", ADAM),
    bug("Adam swaps its betas", "optimizers", "_blend(m, np.multiply(g, 1, out=scratch), self.beta_1)", "_blend(m, np.multiply(g, 1, out=scratch), self.beta_2)", ADAM),
    bug("weight decay adds weight", "optimizers", "w *= 1 - rate * decay", "w *= 1 + rate * decay", "adamw_decays_beside_the_gradient"),
    bug("weight decay without the rate", "optimizers", "w *= 1 - rate * decay", "w *= 1 - decay", "adamw_decays_beside_the_gradient"),
    bug("LARS takes the norm of all tensors together", "optimizers", "if not tensors or not (self._whole_tensors", "if True or not (self._whole_tensors", "lars_steps_a_share_of_each_tensor"),
    bug("clipnorm clips all tensors by one norm", "optimizers", "for part in [t.part for t in tensors] if tensors else [slice(None)]:", "for part in [slice(None)]:", "clipping_shortens"),
    bug("clipping lengthens short gradients", "regularizers", "return float(limit / length) if length > limit else 1.0", "return float(limit / length)", "clipping_shortens"),
    bug("a schedule is one step ahead", "optimizers", "        rate = self.rate\n        self.steps += 1\n", "        self.steps += 1\n        rate = self.rate\n", "schedules_count_steps"),
    bug("frozen weights move", "optimizers", "for t in tensors or () if not t.trainable]", "for t in tensors or () if False]", "a_frozen_layer_stays"),
    # Networks and training
    bug("the layers go back in forward order", "network", "for layer in self.layers[:0:-1]:", "for layer in self.layers[1:]:", "a_network_has_the_gradient_of_its_loss"),
    bug("the last batch is dropped", "training", "for start in range(0, rows, batch_size)]", "for start in range(0, rows - batch_size + 1, batch_size)]", "an_epoch_sees_every_row_once"),
    bug("rows are drawn with replacement", "training", "order = _check.generator(rng).permutation(rows)", "order = _check.generator(rng).integers(rows, size=rows)", "an_epoch_sees_every_row_once"),
    bug("the same order every epoch and every seed", "training", "order = _check.generator(rng).permutation(rows)", "order = np.arange(rows)", "an_epoch_sees_every_row_once"),
    bug("the epoch's loss is the mean of the batch means", "training", 'sums["loss"] += value * len(rows)', 'sums["loss"] += value * len(x) / math.ceil(len(x) / batch_size)', "an_epoch_sees_every_row_once"),
    bug("validation rows are trained on", "training", "validation, x, y = (x[rows:], y[rows:]), x[:rows], y[:rows]", "validation = (x[rows:], y[rows:])", "validation_rows_are_the_last_and_are_not_trained_on"),
    bug("the first rows validate", "training", "validation, x, y = (x[rows:], y[rows:]), x[:rows], y[:rows]", "validation, x, y = (x[:-rows], y[:-rows]), x[-rows:], y[-rows:]", "validation_rows_are_the_last_and_are_not_trained_on"),
    # What is promised around the formulas
    bug("another default rate", "optimizers", "def __init__(self, learning_rate=0.001, rho=0.9", "def __init__(self, learning_rate=0.01, rho=0.9", "defaults_are_kept"),
    bug("a momentum of 1 is let in", "optimizers", """self.momentum = _check.number("momentum", momentum, at_least=0, below=1)
        self.nesterov""", """self.momentum = _check.number("momentum", momentum, at_least=0)
        self.nesterov""", "settings_stay_in_their_ranges"),
    bug("RMSprop forgets weight decay", "optimizers", """        _shrink(w, rate, decay)
        _blend(v,""", """        _blend(v,""", "weight_decay_is_in_every_optimizer"),
    bug("a float64 number slips into the batch norm", "layers", "spread = np.sqrt(variance + epsilon)", "spread = np.sqrt(variance + np.float64(epsilon))", "float32_stays_float32"),
    bug("given moments are not used", "layers", "return _batch_norm_forward(x, gamma, beta, epsilon, mean, variance)", "return _batch_norm_forward(x, gamma, beta, epsilon)", "batch_normalization_by_hand_takes_given_moments"),
    bug("a gradient of another shape is stretched", "layers", """_check.array("dy", dy, shape=(rows, self.outputs), dtype=self.dtype)""", """_check.array("dy", dy, dtype=self.dtype)""", "shapes_are_checked_at_every_door"),
    bug("a metric is that of the last rows alone", "training", "sums[name] += metric(y_batch, prediction) * len(x_batch)", "sums[name] = metric(y_batch, prediction) * len(x_batch)", "measuring_does_not_depend_on_the_batch"),
    bug("rows of probabilities need not sum to 1", "losses", "if off.max() > tolerance:", "if False:", "targets_and_predictions_have_to_make_sense"),
    bug("a layer without regularizer costs something", "layers", "return 0.0\n\n    def constrain", "return 1.0\n\n    def constrain", PENALTY),
    bug("cross-entropy shifts all rows by one maximum", "losses", """the three share the exponentials.\"\"\"
    n = rows_of(y_pred)
    z = y_pred - y_pred.max(axis=-1, keepdims=True)""", """the three share the exponentials.\"\"\"
    n = rows_of(y_pred)
    z = y_pred - y_pred.max(keepdims=True)""", "cross_entropy_from_logits_keeps_rows_apart"),
    bug("a trace drops units", "network", "layer._forward(x, training=False).copy()", "layer._forward(x, training=True).copy()", "a_trace_tells_what_happened"),
    # Measuring, and the first unit
    bug("differences to one side are called central", "gradients", "gradient[index] = (above - below) / (2 * step)", "gradient[index] = (above - _one_number(function(x.copy()))) / step", "measured_gradients_are_central"),
    bug("the gradient check passes everything", "gradients", "return all(e <= self.tolerance for e in self.errors.values()) and", "return", "the_gradient_check_notices_a_slip"),
    bug("the perceptron moves the wrong way", "perceptron", "error = int(row @ w + b >= 0) - target\n", "error = target - int(row @ w + b >= 0)\n", RULE),
    bug("the perceptron's bias stays", "perceptron", "                b -= learning_rate * error\n                wrong", "                wrong", RULE),
]
# fmt: on


def broken(law):
    """Say whether the law is broken, by an assertion or by any other failure."""
    try:
        getattr(laws, f"law_{law}")()
    except Exception:  # noqa: BLE001 - a law may break in any way
        return True
    return False


def test_a_fresh_copy_of_the_library_keeps_the_laws():
    """So that a law which breaks under a bug breaks because of the bug."""
    with mutate.library():
        assert [law for law in sorted({law for bug in BUGS for law in bug.laws}) if broken(law)] == []


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.story)
def test_the_suite_notices_that(bug):
    with mutate.library(bug):
        importlib.import_module(f"gradschool.{bug.module}")  # the changed line is still Python
        assert [law for law in bug.laws if not broken(law)] == []


def test_every_law_is_broken_by_some_bug():
    assert {name for name in vars(laws) if name.startswith("law_")} == {
        f"law_{law}" for bug in BUGS for law in bug.laws
    }


def test_there_are_forty_of_them_each_told_once():
    assert len(BUGS) >= 40
    assert len({bug.story for bug in BUGS}) == len(BUGS)


def test_a_line_that_is_gone_is_reported():
    gone = Mutation("gone", "losses", "no such line", "", ())
    with pytest.raises(LookupError, match=r"occurs 0 times in losses.py"), mutate.library(gone):
        importlib.import_module("gradschool.losses")


def test_the_library_outside_is_untouched():
    import gradschool.losses as before

    with mutate.library(BUGS[0]):
        import gradschool.losses as inside
    import gradschool.losses as after

    assert before is after and before is not inside
