"""Adversarial training of a finite network: the baseline that every robust kernel method is compared with."""

import functools
import math
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import jax
import jax.numpy as jnp
import numpy as np
import optax
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, validate_data

from limes.attacks import Threat, parse_eps
from limes.attacks.search import require_count
from limes.attacks.threat import require_norm
from limes.core.errors import InputError, NumericalError
from limes.core.precision import require_finite
from limes.core.progress import Progress, Quiet
from limes.core.types import Affine, Array, Norm
from limes.machines import store
from limes.machines.labels import LabelledScores
from limes.machines.scaling import Scale, fit_affine
from limes.machines.targets import encode_labels
from limes.nets import Net, mlp
from limes.robust import stopping
from limes.robust.ascent import Ball
from limes.robust.batches import batch, seed_of

_START = 0.4  # of the weights of up to three layers, relative to w_std = sqrt(2): 1 / sqrt(3 fan_in)
_ITERATIONS = 20


@functools.partial(jax.jit, static_argnums=(0,))
def _scores(net: Net, params: Any, x: jax.Array) -> jax.Array:
    return net.apply(params, x)


@functools.partial(jax.jit, static_argnums=(0,))
def _pull_back(net: Net, params: Any, x: jax.Array, v: jax.Array) -> jax.Array:
    return jax.vjp(lambda z: net.apply(params, z), x)[1](v)[0]


@dataclass(frozen=True, eq=False)
class FinitePredictor:
    """A finite network with its weights, as attacks and measurements take it. Computes in float32.

    Attributes:
        net: the architecture.
        params: its weights.
        affine: the input map, or None.
        classes_: (c,) labels of the score columns.
    """

    net: Net
    params: Any
    affine: Affine | None
    classes_: np.ndarray

    @property
    def n_outputs(self) -> int:
        """Number of score columns."""
        return len(self.classes_)

    def scores(self, x: Array) -> np.ndarray:
        """Logits: (n, features...) -> (n, c)."""
        return np.asarray(_scores(self.net, self.params, self._enter(x)))

    def scores_vjp(self, x: Array, v: Array) -> np.ndarray:
        """Gradient in x of sum(v * scores(x)): the shape of x."""
        gradient = np.asarray(_pull_back(self.net, self.params, self._enter(x), jnp.asarray(v, jnp.float32)))
        gradient = gradient if self.affine is None else self.affine.pull_back(gradient)
        return gradient.astype(np.asarray(x).dtype, copy=False)

    def predict(self, x: Array) -> np.ndarray:
        """Labels of the largest scores."""
        return self.classes_[self.scores(x).argmax(axis=1)]

    def _enter(self, x: Array) -> jax.Array:
        x = np.asarray(x, np.float32)
        return jnp.asarray(x if self.affine is None else self.affine(x))


Watch = Callable[[int, FinitePredictor], bool | None]


class FiniteATClassifier(LabelledScores, BaseEstimator):
    """Adversarial training of a finite network by stochastic gradient descent on the attacked cross-entropy.

    Madry et al. 2018 in its plainest form: each step attacks a batch by projected gradient ascent from a random start,
    and moves the weights against the gradient of the cross-entropy there. Momentum, weight decay, and a rate that falls
    to a tenth for the last quarter of the steps. All layers learn at one rate in the standard parametrisation, and
    weights start small, so that the start is no easy target and features move: at 0.4 times the NTK parametrisation in
    nets of up to three layers, as in PyTorch; in deeper ones at 0.4^(3/layers), for which scores start as small as in
    three. With 0.4 in each of ten layers, scores and gradients start at 1e-4, and training never leaves that plateau.

    The stop is chosen as for `LazyATClassifier`: a first run holds rows out and attacks the network on them about
    fifteen times, a second one trains on all rows up to the stop that was chosen.

    Args:
        net: the architecture; None for a fully connected net of depth 3 with relu.
        eps: radius of the attack, in the units of the data, a number or a fraction.
        norm: "linf" or "l2".
        bounds: (low, high) of valid inputs, or None.
        random_state: int, None or a NumPy RandomState: of weights, batches and attacks.
        width: channels of the hidden layers.
        steps: of gradient descent.
        batch_size: rows of a step.
        attack_steps: gradient steps of the attack; 0 trains without one.
        warm_up: share of the steps over which the radius rises from 0 to eps. Nets of eight and more dense layers need
            it: under the full attack from the start they learn to give every input the same scores, and stay there.
        learning_rate: of the weights in the standard parametrisation; lowered to twice one over the speed at which a
            rate of 1 lowers a common residual of a batch at the start, where that is less.
        momentum: of gradient descent.
        weight_decay: pull on the weights, times the learning rate, in each step.
        validation: share of every class that is held out to choose the stop with, 500 rows at most; 0 for a single run
            to the last step.
        scale: None, "standard" or "unit": a fixed map of the inputs.

    Attributes:
        params_: the weights.
        losses_: (stop_,) mean attacked cross-entropy of each batch.
        checks_: one `limes.robust.Check` for each time that held-out rows were attacked.
        stop_: the step whose weights were kept.

    Cost: attack_steps + 1 forward and backward passes of a batch for each step of both runs.

    Reference: Madry et al. 2018, arXiv 1706.06083.

    Example:
        >>> import limes as lm
        >>> digits = lm.data.load("digits")
        >>> clf = lm.robust.FiniteATClassifier(eps=0.05, bounds=(0, 1), width=32, steps=20, validation=0)
        >>> clf.fit(digits.x[:200], digits.y[:200]).predict(digits.x[:3]).shape
        (3,)
    """

    norm: Norm
    scale: Scale | None

    def __init__(
        self,
        net: Net | None = None,
        eps: float | str = "8/255",
        norm: Norm = "linf",
        bounds: Any = None,
        random_state: Any = 0,
        width: int = 512,
        steps: int = 3000,
        batch_size: int = 128,
        attack_steps: int = 7,
        warm_up: float = 0.0,
        learning_rate: float = 0.05,
        momentum: float = 0.9,
        weight_decay: float = 5e-4,
        validation: float = 0.1,
        scale: Scale | None = None,
    ) -> None:
        self.net = net
        self.eps = eps
        self.norm = norm
        self.bounds = bounds
        self.random_state = random_state
        self.width = width
        self.steps = steps
        self.batch_size = batch_size
        self.attack_steps = attack_steps
        self.warm_up = warm_up
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.validation = validation
        self.scale = scale

    def fit(self, X: Array, y: Array, *, progress: Progress | None = None, watch: Watch | None = None) -> Self:
        """Fit to X (n, features...) and labels y (n,).

        Args:
            X: (n, features...).
            y: (n,).
            progress: told of every step.
            watch: called with the number of steps made and the network so far, after each of them, for curves; a true
                answer ends the training.

        Raises:
            InputError: for data or parameters that cannot be used.
            NumericalError: if training diverges.
        """
        eps = parse_eps(self.eps)
        require_norm(self.norm, Norm)
        Threat(self.norm, eps, self.bounds)
        for name in ("width", "steps", "batch_size"):
            require_count(getattr(self, name), name)
        for name in ("validation", "warm_up"):
            if not 0 <= getattr(self, name) < 1:
                raise InputError(f"{name} must be a share in [0, 1), not {getattr(self, name)!r}")
        found: Any = validate_data(self, X, y, dtype=np.float32, allow_nd=True, ensure_all_finite=False)
        x, y = found
        require_finite(x, "X")
        self.classes_, _ = encode_labels(y, "one_hot")
        self.seed_, self.net_ = seed_of(self.random_state), mlp() if self.net is None else self.net
        self.affine_ = fit_affine(x, self.scale)
        self.input_shape_ = x.shape[1:]
        labels, progress = np.searchsorted(self.classes_, y), progress or Quiet()
        self.checks_: list[stopping.Check] = []
        self.stop_ = self.steps
        if self.validation:
            rows, held = stopping.split(labels, self.validation, self.seed_)
            threat = (eps, self.norm, self.bounds, self.seed_, self.steps)
            held_out = stopping.HeldOut(x[held], y[held], *threat, self.checks_)

            def look(step: int, network: FinitePredictor) -> None:
                """To the end: the fall of the rate in the last quarter lifts accuracy after long plateaus."""
                held_out.look(step, network)

            self._train(x[rows], labels[rows], eps, self.steps, progress, look)
            self.stop_ = held_out.stop
        self._train(x, labels, eps, self.stop_, progress, watch)
        return self

    def _train(
        self,
        x: np.ndarray,
        labels: np.ndarray,
        eps: float,
        steps: int,
        progress: Progress,
        watch: Watch | None,
    ) -> None:
        weights, attacks = jax.random.split(jax.random.key(self.seed_))
        params = self.net_.init(weights, x.shape[1:], self.width, len(self.classes_))
        params = jax.tree.map(lambda w: _start(params) * w, params)
        fastest = min(self.learning_rate, 2.0 / self._speed(params, x))
        rate = optax.piecewise_constant_schedule(fastest, {3 * self.steps // 4: 0.1})
        optimiser = optax.chain(_as_standard(self.weight_decay), optax.sgd(rate, self.momentum))
        state, step = optimiser.init(params), self._step(optimiser)
        rising = self.warm_up * self.steps
        losses = []
        progress.start(f"adversarial training (finite network, {len(x)} rows)", steps)
        for i in range(steps):
            rows = batch(len(x), self.batch_size, i, self.seed_)
            radius = np.float32(eps * min(1.0, (i + 1) / rising) if rising else eps)
            params, state, loss = step(params, state, x[rows], labels[rows], jax.random.fold_in(attacks, i), radius)
            losses.append(loss)
            progress.step()
            if watch and watch(i + 1, FinitePredictor(self.net_, params, self.affine_, self.classes_)):
                break
        self.losses_ = np.array([float(loss) for loss in losses])
        if not np.isfinite(self.losses_).all():
            first = int(np.argmin(np.isfinite(self.losses_)))
            raise NumericalError(f"training diverged at step {first}: lower learning_rate, or scale the inputs")
        self.params_ = params
        self._fitted = FinitePredictor(self.net_, params, self.affine_, self.classes_)

    def _speed(self, params: Any, x: np.ndarray) -> float:
        """`_fastest` on a batch of the rows."""
        rows = np.random.default_rng([self.seed_, 4]).permutation(len(x))[: self.batch_size]
        some = jnp.asarray(x[rows] if self.affine_ is None else self.affine_(x[rows]))
        start = jax.random.normal(jax.random.key(self.seed_), (len(some), len(self.classes_)))
        return float(_fastest(self.net_, params, some, start))

    def _step(self, optimiser: Any) -> Any:
        net, affine = self.net_, self.affine_
        count = self.attack_steps if parse_eps(self.eps) else 0
        box = (-np.inf, np.inf) if self.bounds is None else (np.asarray(b, np.float32) for b in self.bounds)
        ball = Ball(self.norm, *box)

        def loss(params: Any, x: jax.Array, labels: jax.Array) -> jax.Array:
            z = x if affine is None else affine(x)
            return optax.softmax_cross_entropy_with_integer_labels(net.apply(params, z), labels).mean()

        def attacked(params: Any, x: jax.Array, labels: jax.Array, key: jax.Array, eps: jax.Array) -> jax.Array:
            uphill = functools.partial(jax.grad(loss, argnums=1), params)
            return ball.ascend(lambda z: uphill(z, labels), x, ball.random_start(key, x, eps), eps, count)

        @jax.jit
        def step(params: Any, state: Any, x: jax.Array, labels: jax.Array, key: jax.Array, eps: jax.Array) -> Any:
            moved = jax.lax.stop_gradient(attacked(params, x, labels, key, eps)) if count else x
            value, gradient = jax.value_and_grad(loss)(params, moved, labels)
            updates, state = optimiser.update(gradient, state, params)
            return optax.apply_updates(params, updates), state, value

        return step

    @property
    def n_outputs(self) -> int:
        """Number of score columns."""
        return len(self.classes_)

    def scores(self, x: Array) -> np.ndarray:
        """Logits: (n, features...) -> (n, c)."""
        check_is_fitted(self, "params_")
        found: Any = validate_data(self, x, reset=False, dtype=np.float32, allow_nd=True, ensure_all_finite=False)
        x = found
        require_finite(x, "X")
        if x.shape[1:] != self.input_shape_:
            raise InputError(
                f"X holds inputs of shape {x.shape[1:]}, but the network was fitted on {self.input_shape_}"
            )
        return self._fitted.scores(x)

    def scores_vjp(self, x: Array, v: Array) -> np.ndarray:
        """Gradient in x of sum(v * scores(x)): the shape of x."""
        check_is_fitted(self, "params_")
        return self._fitted.scores_vjp(x, v)

    def save(self, path: Any) -> None:
        """Write the fitted network to an npz file without pickle; read it with `limes.load`."""
        store.save(self, path)

    def _parameters_to_store(self) -> dict[str, Any]:
        return self.get_params(deep=False) | {"random_state": self.seed_}

    def _to_store(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        weights = {f"weights{i}": np.asarray(leaf) for i, leaf in enumerate(jax.tree.leaves(self.params_))}
        own = {"losses": self.losses_, "checks": stopping.as_array(self.checks_)}
        return weights | own, {"seed": self.seed_, "stop": self.stop_, "input_shape": self.input_shape_}

    def _from_store(self, arrays: dict[str, np.ndarray], values: dict[str, Any]) -> None:
        self.seed_, self.stop_, self.input_shape_ = (
            int(values["seed"]),
            int(values["stop"]),
            tuple(values["input_shape"]),
        )
        self.checks_ = stopping.from_array(arrays["checks"])
        shapes = jax.eval_shape(lambda: self.net_.init(0, self.input_shape_, self.width, len(self.classes_)))
        leaves = [jnp.asarray(arrays[f"weights{i}"]) for i in range(len(jax.tree.leaves(shapes)))]
        self.params_, self.losses_ = jax.tree.unflatten(jax.tree.structure(shapes), leaves), arrays["losses"]
        self._fitted = FinitePredictor(self.net_, self.params_, self.affine_, self.classes_)


store.register(FiniteATClassifier)


def _start(params: Any) -> float:
    """Factor on all weights at the start: scores, which are products over the layers, start at no less than 0.4^3."""
    layers = sum(w.ndim > 1 for w in jax.tree.leaves(params))
    return _START ** min(1.0, 3 / max(layers, 1))


def _fan_in(params: Any) -> Any:
    """Inputs that each weight sums over: all axes but the last."""
    return jax.tree.map(lambda w: math.prod(w.shape[:-1]), params)


@functools.partial(jax.jit, static_argnums=(0,))
def _fastest(net: Net, params: Any, x: jax.Array, start: jax.Array) -> jax.Array:
    """Largest eigenvalue, over the number of rows, of the kernel J M J^T of a batch, M the fan-in of each weight.

    It is the speed at which a common residual of the batch falls at rate 1 (by power iteration from `start`).
    """
    _, pull = jax.vjp(lambda w: net.apply(w, x), params)

    def turn(_: int, u: jax.Array) -> jax.Array:
        slope = jax.tree.map(operator.mul, pull(u / jnp.linalg.norm(u))[0], _fan_in(params))
        return jax.jvp(lambda w: net.apply(w, x), (params,), (slope,))[1]

    return jnp.linalg.norm(jax.lax.fori_loop(0, _ITERATIONS, turn, start)) / len(x)


def _as_standard(weight_decay: float) -> optax.GradientTransformation:
    """Gradients of the NTK parametrisation as those of the standard one, in which all layers learn at one rate."""

    def update(updates: Any, state: Any, params: Any = None) -> tuple[Any, Any]:
        return jax.tree.map(lambda g, w, m: m * g + weight_decay * w, updates, params, _fan_in(params)), state

    return optax.GradientTransformation(lambda params: optax.EmptyState(), update)
