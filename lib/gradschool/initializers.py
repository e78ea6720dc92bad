"""Initializers: where the weights of a layer start.

An initializer is called as ``initializer(shape, rng, dtype)`` and returns the values.
For a kernel of shape ``(inputs, units)``, fan-in is ``inputs`` and fan-out is ``units``.
"""

import numpy as np

from gradschool import _check


def zeros(shape, rng, dtype=np.float64):
    """Return zeros: right for biases, wrong for kernels (lesson 12)."""
    return np.zeros(shape, dtype)


def glorot_uniform(shape, rng, dtype=np.float64):
    r"""Draw evenly from :math:`\pm\sqrt{6 / (fan_{in} + fan_{out})}`: Keras' default for kernels.

    Deck D4; Glorot and Bengio, "Understanding the difficulty of training deep feedforward
    neural networks", 2010.
    """
    limit = np.sqrt(6 / (shape[0] + shape[-1]))
    return rng.uniform(-limit, limit, shape).astype(dtype)


INITIALIZERS = {"zeros": zeros, "glorot_uniform": glorot_uniform}


def get(initializer):
    """Return the initializer of that name; a callable passes through."""
    return initializer if callable(initializer) else _check.one_of("initializer", initializer, INITIALIZERS)
