"""Initializers: where the weights of a layer start.

An initializer is called as ``initializer(shape, rng, dtype)`` and returns the values.
For a kernel of shape ``(inputs, units)``, fan-in is ``inputs`` and fan-out is ``units``.

``get("he_normal", truncated=False)`` returns one with its parameter set, as a layer takes it.

==================  =======================  =========================================================
Name                Variance of a weight     For
==================  =======================  =========================================================
zeros               0                        biases
constant            0                        biases, such as 0.01 under ReLU; as kernel a demonstration
random_normal       stddev²                  demonstrations: 0.01 is too small, 1 too large (lesson 12)
glorot_...          2 / (fan-in + fan-out)   tanh, sigmoid, softmax. Also called Xavier
he_...              2 / fan-in               ReLU and its family
lecun_...           1 / fan-in               SELU. Deck D4 writes it as the first form of Xavier
==================  =======================  =========================================================

The three ``_normal`` ones draw as Keras does: nothing beyond two standard deviations, and the rest widened so that the
variance is that of the table. ``truncated=False`` gives the textbook's plain normal numbers.
"""

import functools
import inspect

import numpy as np

from gradschool import _check

TRUNCATED_STDDEV = 0.87962566103423978
"""Standard deviation of standard normal numbers without those beyond -2 and 2."""


def zeros(shape, rng=None, dtype=np.float64):
    """Return zeros: right for biases, wrong for kernels (lesson 12).

    Parameters
    ----------
    shape : tuple of int
    rng : numpy.random.Generator, not used
    dtype : float64 or float32

    Returns
    -------
    ndarray of that shape
    """
    return np.zeros(_shape(shape), _check.float_type(dtype))


def ones(shape, rng=None, dtype=np.float64):
    """Return ones: the scale of batch normalization starts so. Parameters as in :func:`zeros`."""
    return np.ones(_shape(shape), _check.float_type(dtype))


def constant(shape, rng=None, dtype=np.float64, *, value=0.0):
    """Return ``value`` everywhere. In a kernel it makes all units of a layer stay alike (lesson 12).

    Parameters
    ----------
    shape : tuple of int
    rng : numpy.random.Generator, not used
    dtype : float64 or float32
    value : float

    Returns
    -------
    ndarray of that shape

    Raises
    ------
    TypeError, ValueError
        When ``value`` is not a finite number.

    Notes
    -----
    Deck D4. Keras: ``Constant``.
    """
    return np.full(_shape(shape), _check.number("value", value), _check.float_type(dtype))


def random_normal(shape, rng, dtype=np.float64, *, stddev=0.05):
    """Draw normal numbers with mean 0 and a standard deviation that knows nothing of the layer.

    Parameters
    ----------
    shape : tuple of int
    rng : numpy.random.Generator
    dtype : float64 or float32
    stddev : float, 0 or above

    Returns
    -------
    ndarray of that shape

    Raises
    ------
    TypeError, ValueError
        When ``rng`` is no generator or ``stddev`` is out of its range.

    Notes
    -----
    Deck D4, as ``randn * 0.01``. Keras: ``RandomNormal``.
    """
    stddev = _check.number("stddev", stddev, at_least=0)
    return (stddev * _check.generator(rng).normal(size=_shape(shape))).astype(_check.float_type(dtype))


def random_uniform(shape, rng, dtype=np.float64, *, limit=0.05):
    """Draw evenly between ``-limit`` and ``limit``.

    Parameters
    ----------
    shape : tuple of int
    rng : numpy.random.Generator
    dtype : float64 or float32
    limit : float, 0 or above

    Returns
    -------
    ndarray of that shape

    Raises
    ------
    TypeError, ValueError
        When ``rng`` is no generator or ``limit`` is out of its range.

    Notes
    -----
    Deck D1 starts its perceptron with limit 0.5. Keras: ``RandomUniform``.
    """
    limit = _check.number("limit", limit, at_least=0)
    return _check.generator(rng).uniform(-limit, limit, _shape(shape)).astype(_check.float_type(dtype))


def glorot_uniform(shape, rng, dtype=np.float64):
    r"""Draw evenly from :math:`\pm\sqrt{6 / (fan_{in} + fan_{out})}`: Keras' default for kernels.

    Deck D4; Glorot and Bengio, "Understanding the difficulty of training deep feedforward
    neural networks", 2010. Parameters as in :func:`random_normal`.
    """
    return _uniform(shape, rng, dtype, 2 / (_fan_in(shape) + _fan_out(shape)))


def glorot_normal(shape, rng, dtype=np.float64, *, truncated=True):
    r"""Draw normal numbers of variance :math:`2 / (fan_{in} + fan_{out})`, as Keras does or plain.

    Deck D4; Glorot and Bengio, 2010. Parameters as in :func:`random_normal`; ``truncated`` as in the module's text.
    """
    return _normal(shape, rng, dtype, 2 / (_fan_in(shape) + _fan_out(shape)), truncated)


def he_uniform(shape, rng, dtype=np.float64):
    r"""Draw evenly from :math:`\pm\sqrt{6 / fan_{in}}`.

    Deck D4; He et al., "Delving deep into rectifiers", 2015. Parameters as in :func:`random_normal`.
    """
    return _uniform(shape, rng, dtype, 2 / _fan_in(shape))


def he_normal(shape, rng, dtype=np.float64, *, truncated=True):
    r"""Draw normal numbers of variance :math:`2 / fan_{in}`, as Keras does or plain.

    Deck D4; He et al., 2015. Parameters as in :func:`random_normal`; ``truncated`` as in the module's text.
    """
    return _normal(shape, rng, dtype, 2 / _fan_in(shape), truncated)


def lecun_uniform(shape, rng, dtype=np.float64):
    r"""Draw evenly from :math:`\pm\sqrt{3 / fan_{in}}`.

    LeCun et al., "Efficient backprop", 1998. Parameters as in :func:`random_normal`.
    """
    return _uniform(shape, rng, dtype, 1 / _fan_in(shape))


def lecun_normal(shape, rng, dtype=np.float64, *, truncated=True):
    r"""Draw normal numbers of variance :math:`1 / fan_{in}`, as Keras does or plain.

    Deck D4 (n = 250: standard deviation 0.0632); LeCun et al., 1998. Parameters as in :func:`random_normal`;
    ``truncated`` as in the module's text.
    """
    return _normal(shape, rng, dtype, 1 / _fan_in(shape), truncated)


def _uniform(shape, rng, dtype, variance):
    # Numbers drawn evenly from -limit to limit have variance limit² / 3.
    limit = np.sqrt(3 * variance)
    return _check.generator(rng).uniform(-limit, limit, shape).astype(_check.float_type(dtype))


def _normal(shape, rng, dtype, variance, truncated):
    values = _check.generator(rng).normal(size=shape)
    if truncated:
        while (far := np.abs(values) > 2).any():
            values[far] = rng.normal(size=np.count_nonzero(far))
        values /= TRUNCATED_STDDEV
    return (np.sqrt(variance) * values).astype(_check.float_type(dtype))


def _shape(shape):
    sizes = shape if isinstance(shape, tuple | list) else (shape,)
    return tuple(_check.whole("each entry of shape", size, at_least=1) for size in sizes)


def _fan_in(shape):
    return _shape(shape)[0]


def _fan_out(shape):
    return _shape(shape)[-1]


INITIALIZERS = {
    function.__name__: function
    for function in (
        zeros,
        ones,
        constant,
        random_normal,
        random_uniform,
        glorot_uniform,
        glorot_normal,
        he_uniform,
        he_normal,
        lecun_uniform,
        lecun_normal,
    )
}
ALIASES = {"xavier_uniform": "glorot_uniform", "xavier_normal": "glorot_normal"}


def get(initializer, **parameters):
    """Return the initializer of that name; a callable passes through.

    Parameters
    ----------
    initializer : str or callable
    **parameters
        Its parameters, for those that have any: ``get("random_normal", stddev=0.01)``.

    Raises
    ------
    ValueError
        When the name is unknown (the nearest known one is suggested), or it has no such parameter.
    """
    if not callable(initializer):
        name = ALIASES.get(initializer, initializer) if isinstance(initializer, str) else initializer
        initializer = _check.one_of("initializer", name, INITIALIZERS)
    if not parameters:
        return initializer
    takes = [p.name for p in inspect.signature(initializer).parameters.values() if p.kind == p.KEYWORD_ONLY]
    for name in parameters:
        if name not in takes:
            ending = f"It takes {', '.join(takes)}." if takes else "It takes none."
            raise ValueError(f"{initializer.__name__} has no parameter {name!r}. {ending}")
    return functools.partial(initializer, **parameters)
