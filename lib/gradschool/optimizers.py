r"""Optimizers: what to do with a gradient once you have it.

An optimizer takes the weights and the gradient of the loss, and returns new weights::

    optimizer = Adam(learning_rate=0.01)
    weights = optimizer.step(weights, gradient)

It works on any array: two numbers in a lesson, or the one long vector that holds every parameter of a
network. What it remembers from step to step (velocities, moving averages) is in its ``state``. It counts
its own steps, and no epoch resets them.

In the formulas below w are the weights, g the gradient, α the learning rate. All operations act on each
entry by itself, except where a norm :math:`\lVert \cdot \rVert` is written.

=============  =====================================================  ========================================
Topic          Keras, and the default here                            Textbook, paper or deck; how to get it here
=============  =====================================================  ========================================
momentum       m = μm - αg; w = w + m                                 v = βv + αg; w = w - v (deck D0): the same
               (the rate is inside the velocity)                      path. v = μv + g; w = w - αv: ``form="rate
                                                                      outside"``. v = μv + (1-μ)g; w = w - αv:
                                                                      ``form="average"``.
Nesterov       ``SGD(nesterov=True)``: after updating m,              gradient at w - βv (deck D0):
               w = w + μm - αg. Its weights are the look-ahead        :class:`Nesterov`
               points of the other form.
AdaGrad        sum of squares starts at 0.1; root of (sum + ε)        starts at 0; root of sum, plus ε:
                                                                      ``initial_accumulator_value=0,
                                                                      epsilon_inside=False``
RMSprop        ε = 1e-7 inside the root                               outside, as in Keras 2:
                                                                      ``epsilon_inside=False``
Adam           ε = 1e-7 beside the uncorrected root ("ε hat")         ε = 1e-8 beside the corrected one:
                                                                      ``epsilon_hat=False, epsilon=1e-8``
weight decay   w = w - α·wd·w before the step, biases too             kernels only:
                                                                      ``exclude_from_weight_decay=("bias",)``
clipping       clipnorm: each tensor by its own norm;                 one norm over all: global_clipnorm
               only one of the three kinds at a time
LARS           not in Keras                                           :class:`LARS`
precision      momentum of SGD, the betas in Adam's powers,           float64 as given. ``keras_rounding=True``
               AdaGrad's first sum and weight_decay are rounded       rounds the same constants, so that long
               to float32, also in a float64 model                    runs agree to the last digit.
=============  =====================================================  ========================================

Decks D0, D1, D2 and D4; the papers are named at each optimizer.
"""

import math
from typing import NamedTuple

import numpy as np

from gradschool import _check, regularizers

BLOCK = 65536
"""Entries worked on at a time, so that the memory to work in stays small."""


class Tensor(NamedTuple):
    """One parameter array within a long vector of them.

    Attributes
    ----------
    part : slice
        Its place in the vector.
    name : str
        Such as ``"1 kernel"``: the layer's number and the parameter.
    trainable : bool
        False: the optimizer leaves it alone.
    """

    part: slice
    name: str = ""
    trainable: bool = True


class Optimizer:
    """What all optimizers share: checking, clipping, weight decay, schedules, counting steps.

    Parameters
    ----------
    learning_rate : float above 0, or schedule
        A schedule is a function from the number of steps done to the rate, such as :class:`CosineDecay`.
    weight_decay : float, 0 or more, optional
        Before each step weights shrink by the factor ``1 - learning_rate * weight_decay``.
    exclude_from_weight_decay : tuple of str
        Parameters that do not shrink, such as ``("bias", "gamma", "beta")``.
    clipvalue, clipnorm, global_clipnorm : float above 0, optional
        See :func:`gradschool.regularizers.clip_by_value` and its neighbors. At most one of them.
    keras_rounding : bool
        Whether to round to float32 the constants that Keras rounds (table above).

    Attributes
    ----------
    steps : int
        Steps done so far. Only :meth:`reset` sets it back.
    state : dict of str to ndarray
        What it remembers, in arrays of the weights' shape. Empty before the first step.
    """

    _tunables = ("learning_rate",)
    _guards = ()
    _whole_tensors = False

    def __init__(
        self,
        learning_rate,
        *,
        weight_decay=None,
        exclude_from_weight_decay=(),
        clipvalue=None,
        clipnorm=None,
        global_clipnorm=None,
        keras_rounding=False,
    ):
        self.learning_rate = learning_rate
        self.weight_decay = None if weight_decay is None else _check.number("weight_decay", weight_decay, at_least=0)
        if isinstance(exclude_from_weight_decay, str):
            exclude_from_weight_decay = (exclude_from_weight_decay,)
        self.exclude_from_weight_decay = tuple(exclude_from_weight_decay)
        clips = {"clipvalue": clipvalue, "clipnorm": clipnorm, "global_clipnorm": global_clipnorm}
        chosen = [name for name, limit in clips.items() if limit is not None]
        if len(chosen) > 1:
            raise ValueError(f"set only one kind of clipping; got {' and '.join(chosen)}.")
        for name, limit in clips.items():
            setattr(self, name, None if limit is None else _check.number(name, limit, above=0))
        self.keras_rounding = bool(keras_rounding)
        self.reset()

    @property
    def learning_rate(self):
        """The learning rate as it was given: a number or a schedule."""
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, value):
        self._learning_rate = value if callable(value) else _check.number("learning_rate", value, above=0)

    @property
    def rate(self):
        """The learning rate of the next step, as a float."""
        if not callable(self.learning_rate):
            return self.learning_rate
        return _check.number(f"the learning rate of step {self.steps}", self.learning_rate(self.steps), at_least=0)

    @property
    def tunables(self):
        """The numbers that you may have to tune, by name. Those that are switched off are left out."""
        names = self._tunables + (("weight_decay",) if self.weight_decay and "weight_decay" not in self._tunables else ())
        return {name: getattr(self, name) for name in names}

    @property
    def guards(self):
        """The numbers that only keep a division safe, by name. They seldom need tuning."""
        return {name: getattr(self, name) for name in self._guards}

    @property
    def state_size(self):
        """How many numbers the optimizer remembers for each parameter."""
        return len(self._first_state())

    def state_bytes(self, parameters=None, dtype=np.float32):
        """Return the memory that the state takes, in bytes.

        Parameters
        ----------
        parameters : int, optional
            For so many parameters of type ``dtype``. Left out: what the arrays of ``state`` take now.
        """
        if parameters is None:
            return sum(values.nbytes for values in self.state.values())
        return self.state_size * _check.whole("parameters", parameters) * np.dtype(dtype).itemsize

    def reset(self):
        """Forget all steps and all state."""
        self.steps = 0
        self.state = {}
        self._scratch = None

    def look_ahead(self, weights):
        """Return the point at which the gradient of the next step is wanted: here, the weights themselves."""
        return weights

    def step(self, weights, gradient, out=None, *, tensors=None):
        """Return the weights after one step downhill.

        Parameters
        ----------
        weights, gradient : array_like of float, same shape
        out : ndarray, optional
            Where to write the new weights; may be ``weights`` itself. Without it both arguments stay as
            they are.
        tensors : list of slice or Tensor, optional
            For a vector that holds several parameter arrays: where each lies, in order. What works by
            tensor (``clipnorm``, LARS, exclusions, freezing) then does. Without it all is one tensor.

        Returns
        -------
        ndarray
            The new weights; ``out`` if it was given.

        Raises
        ------
        TypeError, ValueError
            When the shapes differ, a number is not finite, the shape changes between steps, or the step
            leaves the range of the type.
        """
        weights = _check.array("weights", weights)
        gradient = _check.array("gradient", gradient, dtype=weights.dtype)
        _check.same_shape("weights", weights, "gradient", gradient)
        if out is not None and (not isinstance(out, np.ndarray) or out.shape != weights.shape):
            raise ValueError(f"out must be an array of shape {weights.shape}, as the weights are.")
        tensors = None if tensors is None else _tensors(tensors, weights.size)
        moved = np.array(weights, order="C")
        with np.errstate(over="ignore", invalid="ignore"):
            self._step(moved.reshape(-1), np.ravel(gradient), tensors)
        if not np.isfinite(moved).all():
            raise ValueError(
                f"step {self.steps} took the weights out of the range of {moved.dtype}: the largest gradient is "
                f"{np.abs(gradient).max():g}, the learning rate {self.rate:g}. Use a smaller rate, or clip the gradient."
            )
        if out is None:
            return moved
        out[...] = moved
        return out

    def _step(self, w, g, tensors=None):
        """As ``step``, in place on the flat vector ``w``, unchecked. ``g`` is never changed."""
        self._remember(w)
        rate = self.rate
        self.steps += 1
        frozen = [t.part for t in tensors or () if not t.trainable]
        if frozen:
            kept = [w[part].copy() for part in frozen]
            g = g.copy()
            for part in frozen:
                g[part] = 0
        g = self._clipped(g, tensors)
        for part, decay in self._parts(w.size, tensors):
            state = [values[part] for values in self._flat_state]
            self._update(w[part], g[part], rate, decay, self._scratch[: part.stop - part.start], *state)
        if frozen:
            for part, values in zip(frozen, kept):
                w[part] = values

    def _remember(self, w):
        """Make the state at the first step; refuse weights of another size later."""
        if self._scratch is None:
            for name, value in self.guards.items():
                if value and not w.dtype.type(value):
                    raise ValueError(f"{name} = {value:g} is 0 in {w.dtype}; use at least {np.finfo(w.dtype).tiny:g}.")
            self.state = {name: np.full(w.size, first, w.dtype) for name, first in self._first_state().items()}
            self._scratch = np.empty(w.size if self._whole_tensors else min(w.size, BLOCK), w.dtype)
            self._built_for = w.size, w.dtype
        if self._built_for != (w.size, w.dtype):
            raise ValueError(
                f"this {type(self).__name__} has state for {self._built_for[0]} weights of {self._built_for[1]}; got "
                f"{w.size} of {w.dtype}. Make a new optimizer, or call reset()."
            )
        self._flat_state = list(self.state.values())

    def _parts(self, size, tensors):
        """Return the stretches to work on, each with its weight decay: whole tensors, or blocks."""
        decay = self._constant(self.weight_decay or 0.0)
        if not tensors or not (self._whole_tensors or (decay and self.exclude_from_weight_decay)):
            wholes = [(slice(0, size), decay)]
        else:
            excluded = self.exclude_from_weight_decay
            wholes = [(t.part, 0.0 if t.name.split(" ")[-1] in excluded else decay) for t in tensors]
        if self._whole_tensors:
            return wholes
        return [
            (slice(start, min(start + BLOCK, whole.stop)), decay)
            for whole, decay in wholes
            for start in range(whole.start, whole.stop, BLOCK)
        ]

    def _clipped(self, g, tensors):
        if self.clipvalue:
            return np.clip(g, -self.clipvalue, self.clipvalue)
        if self.global_clipnorm:
            return g * regularizers.shortening(regularizers.norm(g), self.global_clipnorm)
        if self.clipnorm:
            g = g.copy()
            for part in [t.part for t in tensors] if tensors else [slice(None)]:
                g[part] *= regularizers.shortening(regularizers.norm(g[part]), self.clipnorm)
        return g

    def _constant(self, value):
        """Return a constant that Keras rounds to float32: rounded too, if that is asked for."""
        return float(np.float32(value)) if self.keras_rounding else value

    def _first_state(self):
        """Return the names of the state arrays, each with the value that it starts with."""
        return {}

    def _update(self, w, g, rate, decay, scratch, *state):
        """Move ``w`` in place by one step; ``scratch`` is memory to work in."""
        raise NotImplementedError(f"{type(self).__name__} has no update")

    def __repr__(self):
        values = {**self.tunables, **self.guards}
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in values.items())})"


class SGD(Optimizer):
    r"""Gradient descent, with momentum if you like.

    .. math::

        w &\leftarrow w - \alpha g                              && \text{without momentum} \\
        m &\leftarrow \mu m - \alpha g, \quad w \leftarrow w + m  && \text{with momentum} \\
        w &\leftarrow w + \mu m - \alpha g                        && \text{Nesterov, after updating } m

    Parameters
    ----------
    learning_rate : float above 0, or schedule
    momentum : float, at least 0 and below 1
        The μ of the formulas: how much of the last step is kept.
    nesterov : bool
        Whether to use the last formula. See :class:`Nesterov` for the lecture's form.
    form : {"keras", "rate outside", "average"}
        Which momentum (table at the top). ``"average"`` is the true moving average of the gradients;
        its steps are 1 - μ times as long as those of ``"rate outside"``.
    **shared
        As in :class:`Optimizer`.

    Notes
    -----
    "Stochastic" is said of the gradient, which comes from a few rows; the formula is the same for all.
    Decks D0, D1 and D2. Polyak 1964; Sutskever et al. 2013. Keras: ``SGD``.
    """

    FORMS = ("keras", "rate outside", "average")

    def __init__(self, learning_rate=0.01, momentum=0.0, nesterov=False, *, form="keras", **shared):
        self.momentum = _check.number("momentum", momentum, at_least=0, below=1)
        self.nesterov = bool(nesterov)
        self.form = _check.one_of("form", form, self.FORMS)
        if self.nesterov and not self.momentum:
            raise ValueError("nesterov=True needs a momentum above 0; got 0. Use momentum=0.9, say.")
        if self.nesterov and self.form == "average":
            raise ValueError("nesterov=True is defined here for the forms 'keras' and 'rate outside'; got 'average'.")
        super().__init__(learning_rate, **shared)

    @property
    def _tunables(self):
        return ("learning_rate", "momentum") if self.momentum else ("learning_rate",)

    def _first_state(self):
        return {"velocity": 0} if self.momentum else {}

    def _update(self, w, g, rate, decay, scratch, m=None):
        _shrink(w, rate, decay)
        if m is None:
            w -= np.multiply(g, rate, out=scratch)
            return
        momentum = self._constant(self.momentum)
        m *= momentum
        if self.form == "keras":
            m -= np.multiply(g, rate, out=scratch)
            if self.nesterov:
                w -= scratch
                w += np.multiply(m, momentum, out=scratch)
            else:
                w += m
            return
        m += np.multiply(g, 1 - momentum, out=scratch) if self.form == "average" else g
        w -= np.multiply(m, rate, out=scratch)
        if self.nesterov:  # replace the rate·m just taken by rate·(g + momentum·m)
            w += np.multiply(m, rate * (1 - momentum), out=scratch)
            w -= np.multiply(g, rate, out=scratch)


class Nesterov(Optimizer):
    r"""Nesterov's momentum as the lecture writes it: feel the slope where the momentum will carry you.

    .. math:: v \leftarrow \beta v + \alpha\, g(w - \beta v), \qquad w \leftarrow w - v

    The gradient belongs to the point ``optimizer.look_ahead(weights)``::

        gradient = slope(optimizer.look_ahead(weights))
        weights = optimizer.step(weights, gradient)

    :func:`gradschool.training.fit` asks for the gradient there by itself.

    Parameters
    ----------
    learning_rate : float above 0, or schedule
    momentum : float, at least 0 and below 1
        The β of the formula.
    **shared
        As in :class:`Optimizer`.

    Notes
    -----
    Deck D0. ``SGD(nesterov=True)`` walks along the look-ahead points of this one: the same method.
    """

    _tunables = ("learning_rate", "momentum")

    def __init__(self, learning_rate=0.01, momentum=0.9, **shared):
        self.momentum = _check.number("momentum", momentum, at_least=0, below=1)
        super().__init__(learning_rate, **shared)

    def look_ahead(self, weights):
        r"""Return :math:`w - \beta v`, a new array: where the momentum alone would take the weights."""
        weights = _check.array("weights", weights)
        if not self.state:
            return weights.copy()
        if weights.size != self._built_for[0]:
            raise ValueError(f"this Nesterov has state for {self._built_for[0]} weights; got {weights.size}.")
        return weights - self._constant(self.momentum) * self.state["velocity"].reshape(weights.shape)

    def _first_state(self):
        return {"velocity": 0}

    def _update(self, w, g, rate, decay, scratch, v):
        _shrink(w, rate, decay)
        v *= self._constant(self.momentum)
        v += np.multiply(g, rate, out=scratch)
        w -= v


class AdaGrad(Optimizer):
    r"""Give each weight its own rate: small where gradients have been large.

    .. math:: s \leftarrow s + g^2, \qquad w \leftarrow w - \frac{\alpha\, g}{\sqrt{s + \epsilon}}

    Parameters
    ----------
    learning_rate : float above 0, or schedule
    initial_accumulator_value : float, 0 or more
        Where s starts.
    epsilon : float above 0
    epsilon_inside : bool
        False: divide by :math:`\sqrt{s} + \epsilon`.
    **shared
        As in :class:`Optimizer`.

    Notes
    -----
    s only grows, so the steps only shrink. Decks D0 and D2. Duchi et al. 2011. Keras: ``Adagrad``.
    """

    _guards = ("initial_accumulator_value", "epsilon")

    def __init__(
        self, learning_rate=0.001, initial_accumulator_value=0.1, epsilon=1e-7, *, epsilon_inside=True, **shared
    ):
        self.initial_accumulator_value = _check.number(
            "initial_accumulator_value", initial_accumulator_value, at_least=0
        )
        self.epsilon = _check.number("epsilon", epsilon, above=0)
        self.epsilon_inside = bool(epsilon_inside)
        super().__init__(learning_rate, **shared)

    def _first_state(self):
        return {"accumulator": self._constant(self.initial_accumulator_value)}

    def _update(self, w, g, rate, decay, scratch, s):
        _shrink(w, rate, decay)
        s += np.multiply(g, g, out=scratch)
        np.divide(g, _root(s, self.epsilon, self.epsilon_inside, out=scratch), out=scratch)
        scratch *= rate
        w -= scratch


class RMSprop(Optimizer):
    r"""Divide each gradient by the root of the running mean of its square.

    .. math:: v \leftarrow \rho v + (1 - \rho) g^2, \qquad w \leftarrow w - \frac{\alpha\, g}{\sqrt{v + \epsilon}}

    Parameters
    ----------
    learning_rate : float above 0, or schedule
    rho : float, at least 0 and below 1
        How long the running mean remembers: about 1 / (1 - ρ) steps.
    momentum : float, at least 0 and below 1
        With momentum μ the step is :math:`b \leftarrow \mu b + \alpha g / \sqrt{v + \epsilon}`,
        :math:`w \leftarrow w - b`, and the state is twice as large.
    epsilon : float above 0
    epsilon_inside : bool
        False: divide by :math:`\sqrt{v} + \epsilon`, as Keras did before version 3. It matters: a weight
        whose gradient is far below :math:`\sqrt\epsilon` = 3e-4 hardly moves with ε inside.
    **shared
        As in :class:`Optimizer`.

    Notes
    -----
    Decks D0 and D2. Hinton's lecture 6e, 2012. Keras: ``RMSprop``.
    """

    _guards = ("epsilon",)

    def __init__(self, learning_rate=0.001, rho=0.9, momentum=0.0, epsilon=1e-7, *, epsilon_inside=True, **shared):
        self.rho = _check.number("rho", rho, at_least=0, below=1)
        self.momentum = _check.number("momentum", momentum, at_least=0, below=1)
        self.epsilon = _check.number("epsilon", epsilon, above=0)
        self.epsilon_inside = bool(epsilon_inside)
        super().__init__(learning_rate, **shared)

    @property
    def _tunables(self):
        return ("learning_rate", "rho", "momentum") if self.momentum else ("learning_rate", "rho")

    def _first_state(self):
        return {"mean_square": 0} | ({"velocity": 0} if self.momentum else {})

    def _update(self, w, g, rate, decay, scratch, v, b=None):
        _shrink(w, rate, decay)
        _blend(v, np.multiply(g, g, out=scratch), self.rho)
        np.divide(g, _root(v, self.epsilon, self.epsilon_inside, out=scratch), out=scratch)
        scratch *= rate
        if b is None:
            w -= scratch
        else:
            b *= self.momentum
            b += scratch
            w -= b


class Adam(Optimizer):
    r"""Adam: a running mean of the gradient over the root of a running mean of its square.

    .. math::

        m &\leftarrow \beta_1 m + (1 - \beta_1)\, g \\
        v &\leftarrow \beta_2 v + (1 - \beta_2)\, g^2 \\
        w &\leftarrow w - \alpha \frac{\sqrt{1 - \beta_2^t}}{1 - \beta_1^t} \cdot \frac{m}{\sqrt v + \epsilon}

    t is the number of the step, from 1. It is counted through all epochs. m and v start at 0, which is
    too small; the factors with t correct for that.

    Parameters
    ----------
    learning_rate : float above 0, or schedule
    beta_1, beta_2 : float, at least 0 and below 1
    epsilon : float above 0
    epsilon_hat : bool
        False: correct m and v first, then add ε to the root, as in the paper's algorithm 1:
        :math:`\hat m = m/(1-\beta_1^t)`, :math:`\hat v = v/(1-\beta_2^t)`,
        :math:`w - \alpha\, \hat m / (\sqrt{\hat v} + \epsilon)`. The paper's ε is 1e-8.
    **shared
        As in :class:`Optimizer`.

    Notes
    -----
    Decks D0, D1, D2 and D4. Kingma and Ba 2015. Keras: ``Adam``.
    """

    _tunables = ("learning_rate", "beta_1", "beta_2")
    _guards = ("epsilon",)

    def __init__(self, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7, *, epsilon_hat=True, **shared):
        self.beta_1 = _check.number("beta_1", beta_1, at_least=0, below=1)
        self.beta_2 = _check.number("beta_2", beta_2, at_least=0, below=1)
        self.epsilon = _check.number("epsilon", epsilon, above=0)
        self.epsilon_hat = bool(epsilon_hat)
        super().__init__(learning_rate, **shared)

    def corrections(self, t):
        r"""Return :math:`1 - \beta_1^t` and :math:`1 - \beta_2^t`: the share of m and of v that is there at step t."""
        t = _check.whole("t", t, at_least=1)
        return 1 - self._constant(self.beta_1) ** t, 1 - self._constant(self.beta_2) ** t

    def _first_state(self):
        return {"m": 0, "v": 0}

    def _update(self, w, g, rate, decay, scratch, m, v):
        _shrink(w, rate, decay)
        share_m, share_v = self.corrections(self.steps)
        _blend(m, np.multiply(g, 1, out=scratch), self.beta_1)
        _blend(v, np.multiply(g, g, out=scratch), self.beta_2)
        # The paper's form is this one with epsilon times the root of the correction.
        epsilon = self.epsilon if self.epsilon_hat else self.epsilon * math.sqrt(share_v)
        np.divide(m, _root(v, epsilon, False, out=scratch), out=scratch)
        scratch *= rate * math.sqrt(share_v) / share_m
        w -= scratch


class AdamW(Adam):
    r"""Adam with decoupled weight decay: the weights shrink first, and the gradient knows nothing of it.

    .. math:: w \leftarrow w - \alpha\,\lambda\, w, \qquad \text{then a step of Adam}

    Parameters
    ----------
    learning_rate : float above 0, or schedule
    weight_decay : float, 0 or more
        The λ of the formula.
    beta_1, beta_2, epsilon, **shared
        As in :class:`Adam`.

    Notes
    -----
    Deck D2. Loshchilov and Hutter 2019. Keras: ``AdamW``.
    """

    _tunables = ("learning_rate", "beta_1", "beta_2", "weight_decay")

    def __init__(self, learning_rate=0.001, weight_decay=0.004, beta_1=0.9, beta_2=0.999, epsilon=1e-7, **shared):
        weight_decay = _check.number("weight_decay", weight_decay, at_least=0)
        super().__init__(learning_rate, beta_1, beta_2, epsilon, weight_decay=weight_decay, **shared)


class LARS(Optimizer):
    r"""Give each layer its own rate, so that every step is the same small share of the layer's weights.

    .. math::

        \lambda &= \eta\, \frac{\lVert w \rVert}{\lVert g \rVert + \lambda_{wd} \lVert w \rVert} \\
        v &\leftarrow \mu v + \alpha\, \lambda\, (g + \lambda_{wd}\, w), \qquad w \leftarrow w - v

    The norms are of one tensor (a kernel, a bias) at a time. Where one of them is 0, λ is 1: weights that
    start at 0 have to be able to leave it.

    Parameters
    ----------
    learning_rate : float above 0, or schedule
    momentum : float, at least 0 and below 1
        The μ of the formula.
    trust_coefficient : float above 0
        The η of the formula: the share.
    weight_decay : float, 0 or more
        The λ_wd of the formula; here it is part of the gradient.
    **shared
        As in :class:`Optimizer`.

    Notes
    -----
    Deck D2. You, Gitman and Ginsburg 2017, for batches of thousands of rows. Not in Keras.
    """

    _tunables = ("learning_rate", "momentum", "trust_coefficient", "weight_decay")
    _whole_tensors = True

    def __init__(self, learning_rate=0.1, momentum=0.9, trust_coefficient=0.001, weight_decay=0.0, **shared):
        self.momentum = _check.number("momentum", momentum, at_least=0, below=1)
        self.trust_coefficient = _check.number("trust_coefficient", trust_coefficient, above=0)
        super().__init__(learning_rate, weight_decay=_check.number("weight_decay", weight_decay, at_least=0), **shared)

    def _first_state(self):
        return {"velocity": 0}

    def _update(self, w, g, rate, decay, scratch, v):
        length, slope = regularizers.norm(w), regularizers.norm(g)
        local = self.trust_coefficient * length / (slope + decay * length) if length > 0 and slope > 0 else 1.0
        np.multiply(w, decay, out=scratch)
        scratch += g
        scratch *= rate * local
        v *= self._constant(self.momentum)
        v += scratch
        w -= v


def _shrink(w, rate, decay):
    """Decoupled weight decay, in place."""
    if decay:
        w *= 1 - rate * decay


def _blend(average, value, keep):
    """Move a running average in place: keep·average + (1 - keep)·value. ``value`` is used up."""
    average *= keep
    value *= 1 - keep
    average += value


def _root(square, epsilon, inside, out):
    """Write the root of ``square`` to ``out``, with epsilon inside the root or beside it."""
    if inside:
        return np.sqrt(np.add(square, epsilon, out=out), out=out)
    return np.add(np.sqrt(square, out=out), epsilon, out=out)


def _tensors(given, size):
    """Return a list of Tensor from slices or Tensors, which must cover the vector in order."""
    tensors = [Tensor(t) if isinstance(t, slice) else t for t in given]
    end = 0
    for t in tensors:
        if not isinstance(t, Tensor) or t.part.start != end or t.part.step not in (None, 1) or t.part.stop is None:
            raise ValueError(f"tensors must be slices that follow each other from 0; got {t} where one from {end} was due.")
        end = t.part.stop
    if end != size:
        raise ValueError(f"tensors must cover all {size} weights; they end at {end}.")
    return tensors


OPTIMIZERS = {
    "sgd": SGD,
    "nesterov": Nesterov,
    "adagrad": AdaGrad,
    "rmsprop": RMSprop,
    "adam": Adam,
    "adamw": AdamW,
    "lars": LARS,
}


def get(optimizer):
    """Return a new optimizer of that name with its defaults; an :class:`Optimizer` passes through.

    Raises
    ------
    ValueError
        When the name is unknown; the nearest known one is suggested.
    """
    if isinstance(optimizer, Optimizer):
        return optimizer
    if isinstance(optimizer, str):
        optimizer = optimizer.lower()
    return _check.one_of("optimizer", optimizer, OPTIMIZERS)()


class ExponentialDecay:
    r"""A learning rate that falls by a factor every so many steps.

    .. math:: \alpha(t) = \alpha_0 \cdot r^{\,t / T}

    Parameters
    ----------
    initial_learning_rate : float above 0
    decay_steps : int, 1 or more
        The T of the formula.
    decay_rate : float above 0
        The r of the formula.
    staircase : bool
        True: t / T is rounded down, so the rate falls in steps (step decay).

    Notes
    -----
    t counts steps, not epochs, and is 0 at the first. Keras: ``schedules.ExponentialDecay``.
    """

    def __init__(self, initial_learning_rate, decay_steps, decay_rate, staircase=False):
        self.initial_learning_rate = _check.number("initial_learning_rate", initial_learning_rate, above=0)
        self.decay_steps = _check.whole("decay_steps", decay_steps, at_least=1)
        self.decay_rate = _check.number("decay_rate", decay_rate, above=0)
        self.staircase = bool(staircase)

    def __call__(self, step):
        """Return the learning rate after ``step`` steps."""
        times = _check.number("step", step, at_least=0) / self.decay_steps
        return self.initial_learning_rate * self.decay_rate ** (math.floor(times) if self.staircase else times)

    def __repr__(self):
        return f"ExponentialDecay({self.initial_learning_rate}, {self.decay_steps}, {self.decay_rate}, {self.staircase})"


class CosineDecay:
    r"""A learning rate that falls along half a cosine: slowly, then fast, then slowly.

    .. math:: \alpha(t) = \alpha_0 \left( (1 - a)\, \tfrac{1}{2} \left(1 + \cos(\pi t / T)\right) + a \right)

    Parameters
    ----------
    initial_learning_rate : float above 0
    decay_steps : int, 1 or more
        The T of the formula; from there on the rate stays.
    alpha : float, 0 to 1
        The a of the formula: the share of the first rate that is left at the end.

    Notes
    -----
    Loshchilov and Hutter 2017. Keras: ``schedules.CosineDecay``.
    """

    def __init__(self, initial_learning_rate, decay_steps, alpha=0.0):
        self.initial_learning_rate = _check.number("initial_learning_rate", initial_learning_rate, above=0)
        self.decay_steps = _check.whole("decay_steps", decay_steps, at_least=1)
        self.alpha = _check.number("alpha", alpha, at_least=0, at_most=1)

    def __call__(self, step):
        """Return the learning rate after ``step`` steps."""
        done = min(_check.number("step", step, at_least=0) / self.decay_steps, 1)
        return self.initial_learning_rate * ((1 - self.alpha) * 0.5 * (1 + math.cos(math.pi * done)) + self.alpha)

    def __repr__(self):
        return f"CosineDecay({self.initial_learning_rate}, {self.decay_steps}, alpha={self.alpha})"


class PiecewiseConstantDecay:
    """A learning rate that is one number up to the first boundary, another up to the next, and so on.

    Parameters
    ----------
    boundaries : list of int, rising
        The last step (counted from 0) of each stretch but the last.
    values : list of float, 0 or more
        The rates, one more than boundaries.

    Notes
    -----
    Keras: ``schedules.PiecewiseConstantDecay``.
    """

    def __init__(self, boundaries, values):
        self.boundaries = [_check.whole("a boundary", b) for b in boundaries]
        self.values = [_check.number("a value", v, at_least=0) for v in values]
        if sorted(set(self.boundaries)) != self.boundaries:
            raise ValueError(f"boundaries must rise; got {self.boundaries}.")
        if len(self.values) != len(self.boundaries) + 1:
            raise ValueError(
                f"values must be one more than boundaries; got {len(self.values)} and {len(self.boundaries)}."
            )

    def __call__(self, step):
        """Return the learning rate after ``step`` steps."""
        step = _check.number("step", step, at_least=0)
        return self.values[sum(step > boundary for boundary in self.boundaries)]

    def __repr__(self):
        return f"PiecewiseConstantDecay({self.boundaries}, {self.values})"


def linear_scaling(learning_rate, batch_size, *, base_batch_size=32):
    r"""Return the rate for another batch size by the linear scaling rule.

    .. math:: \alpha' = \alpha \cdot \frac{\text{batch size}}{\text{base batch size}}

    Twice the rows make half the steps, so each goes twice as far. A rule of thumb, which fails when the
    rate becomes too large for the surface.

    Parameters
    ----------
    learning_rate : float above 0
        The rate that is good at ``base_batch_size``.
    batch_size, base_batch_size : int, 1 or more

    Notes
    -----
    Deck D1. Goyal et al. 2017.
    """
    rate = _check.number("learning_rate", learning_rate, above=0)
    batch_size = _check.whole("batch_size", batch_size, at_least=1)
    return rate * batch_size / _check.whole("base_batch_size", base_batch_size, at_least=1)
