"""Whatever nonsense a public function is given, it answers with a sentence of its own, not with a traceback from the depths.

The tests of each module check the words for each mistake that learners make. This one checks that none was forgotten: every
public function, every argument, a handful of kinds of nonsense.
"""

import inspect
import pathlib
import traceback
import warnings

import numpy as np
import pytest
from gradschool import activations, datasets, descent, gradients, initializers, losses, perceptron, scaling
from gradschool.layers import Dense
from gradschool.network import Sequential

MODULES = (activations, datasets, descent, gradients, initializers, losses, perceptron, scaling)
LIBRARY = str(pathlib.Path(activations.__file__).parent)
NO_INPUT = {"placement_table", "mnist"}
INNER = {"elementwise", "paired", "rows_of", "dataclass", "field"}
"""Not for learners: decorators and what is called with checked arguments."""

X, Y = np.array([[0.5, -1.0], [1.5, 2.0], [-0.5, 1.0]]), np.array([0, 1, 1])
SOFT = np.array([[0.2, 0.8], [0.5, 0.5], [0.9, 0.1]])


def rng():
    return np.random.default_rng(0)


def network():
    return Sequential([Dense(3, "tanh"), Dense(2)], inputs=2)


GOOD = {
    "softmax_backward": {"dy": X, "a": SOFT},
    "placement": {"rows": 10, "noise": 0.5, "rng": rng()},
    "logic_gate": {"name": "and"},
    "xor": {"rows": 10, "noise": 0.1, "rng": rng()},
    "moons": {"rows": 10, "noise": 0.1, "rng": rng()},
    "circles": {"rows": 10, "noise": 0.1, "ratio": 0.5, "rng": rng()},
    "spirals": {"rows": 10, "noise": 0.1, "turns": 1.0, "arms": 2, "rng": rng()},
    "blobs": {"rows": 10, "centers": 3, "spread": 0.1, "rng": rng()},
    "ages_and_salaries": {"rows": 10, "rng": rng()},
    "noisy_sine": {"rows": 10, "noise": 0.1, "rng": rng()},
    "one_hot": {"labels": Y, "classes": 2, "dtype": np.float32},
    "as_rows": {"images": np.zeros((1, 2, 2)), "dtype": np.float32},
    "gradient_descent": {
        "gradient": lambda x: x, "start": 1.0, "learning_rate": 0.1, "max_iter": 5, "tol": 0.1, "gradient_tol": 0.1,
    },
    "bowl": {"a": 1.0, "b": 2.0},
    "numerical_gradient": {"function": np.sum, "x": X, "step": 1e-5},
    "relative_error": {"a": X, "b": X},
    "check_layer": {"layer": Dense(2).build(2, rng=rng()), "x": X, "rng": rng(), "step": 1e-5},
    "check_network": {"network": network(), "x": X, "y": X, "loss": "mse", "step": 1e-5},
    "gradient_flow": {"network": network(), "x": X, "y": X, "loss": "mse"},
    "count_multiplications": {"network": network(), "x": X[0], "y": X[0], "loss": "mse"},
    "constant": {"shape": (2, 2), "value": 1.0},
    "random_normal": {"shape": (2, 2), "rng": rng(), "stddev": 1.0},
    "random_uniform": {"shape": (2, 2), "rng": rng(), "limit": 1.0},
    "triplet_loss": {"anchor": X, "positive": X + 1, "negative": X - 1, "margin": 0.5},
    "triplet_loss_gradient": {"anchor": X, "positive": X + 1, "negative": X - 1, "margin": 0.5},
    "learn": {"x": X, "y": Y, "epochs": 3, "learning_rate": 1.0, "rng": rng(), "weights": [0.0, 0.0], "bias": 0.0},
    "trick": {"x": X, "y": Y, "draws": 3, "learning_rate": 1.0, "rng": rng()},
    "descend": {"x": X, "y": 2 * Y - 1, "loss": "perceptron", "learning_rate": 0.1, "epochs": 3, "weights": [0.0, 0.0], "bias": 0.0},
    "margin": {"x": X, "y": Y},
    "mistake_bound": {"x": X, "y": Y},
    "standardize": {"x": X},
    "min_max": {"x": X, "low": 0.0, "high": 1.0},
}
for name in ("zeros", "ones"):
    GOOD[name] = {"shape": (2, 2)}
for kind in ("glorot", "he", "lecun"):
    for form in ("uniform", "normal"):
        GOOD[f"{kind}_{form}"] = {"shape": (2, 2), "rng": rng()}
for name in ("discriminator_loss", "discriminator_loss_gradient"):
    GOOD[name] = {"real": SOFT, "fake": SOFT}
for name in ("minimax_loss", "minimax_loss_gradient", "non_saturating_loss", "non_saturating_loss_gradient"):
    GOOD[name] = {"fake": SOFT}
GETTERS = {"activations.get": "activation", "descent.get": "surface", "initializers.get": "initializer", "losses.get": "loss"}
NONSENSE = {
    "None": None,
    "text": "text",
    "nan": float("nan"),
    "nan in an array": np.array([[np.nan, 1.0]]),
    "empty": [],
    "object": object(),
    "complex": 1j,
    "ragged": [[1.0], [2.0, 3.0]],
}
MAY_BE = {
    "None": {"rng", "weights", "classes", "tol", "gradient_tol", "dtype", "activation"},
    "empty": {"shape"},
}
"""What is no nonsense for some arguments: None where it is the default, a scalar's shape."""


def public_functions():
    for module in MODULES:
        for name, member in vars(module).items():
            public = inspect.isfunction(member) and member.__module__ == module.__name__ and name[0] != "_"
            if public and name not in INNER | NO_INPUT:
                yield f"{module.__name__.split('.')[-1]}.{name}", member


FUNCTIONS = dict(public_functions())


def good_arguments(key):
    name = key.split(".")[1]
    if key in GETTERS:
        return {GETTERS[key]: "relu"}
    if name in GOOD:
        return GOOD[name]
    function = FUNCTIONS[key]
    if hasattr(function, "targets"):  # a loss or its gradient
        p = SOFT if "logits" not in name else X
        y = {losses._labels: Y, losses._signs: np.sign(X)}.get(function.targets, SOFT)
        return {"y_true": y, "y_pred": p} | dict.fromkeys(function.checks, 1.0)
    if hasattr(function, "checks"):  # an activation or its slope
        return {"z": X} | {n: p.default for n, p in inspect.signature(function).parameters.items() if n in function.checks}
    raise KeyError(f"{key} has no good arguments here: add some")


def test_every_public_function_is_here_and_takes_its_good_arguments():
    assert len(FUNCTIONS) > 100
    for key, function in FUNCTIONS.items():
        if key not in GETTERS:
            function(**good_arguments(key))


@pytest.mark.parametrize("key", FUNCTIONS)
def test_nonsense_gets_a_sentence(key):
    function = FUNCTIONS[key]
    for argument in good_arguments(key):
        for kind, nonsense in NONSENSE.items():
            if argument in MAY_BE.get(kind, ()) or (key == "perceptron.descend" and argument == "loss" and kind == "text"):
                continue
            if argument in ("slopes",) and nonsense is None:
                continue
            arguments = good_arguments(key) | {argument: nonsense}
            with warnings.catch_warnings(), pytest.raises((TypeError, ValueError)) as caught:
                warnings.simplefilter("error")
                function(**arguments)
                pytest.fail(f"{key}({argument}={kind}) was accepted")
            said = str(caught.value)
            innermost = traceback.extract_tb(caught.value.__traceback__)[-1].filename
            where = f"{key}({argument}={kind}) said: {said!r}"
            assert innermost.startswith(LIBRARY), f"{where}, from {innermost}"
            assert said.endswith((".", ")", "]")) or "Known:" in said, where
            assert len(said) > 15 and len(said.splitlines()) == 1, where


def test_a_nan_never_comes_out():
    """Good arguments give finite numbers."""
    for key, function in FUNCTIONS.items():
        if key not in GETTERS and key.split(".")[0] in ("activations", "losses", "initializers"):
            found = function(**good_arguments(key))
            for part in found if isinstance(found, tuple) else (found,):
                assert np.isfinite(part).all(), key
