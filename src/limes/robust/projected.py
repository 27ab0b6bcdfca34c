"""Projected adversarial training: the algorithm whose convergence is proved for wide networks.

Full batches, an attack that is held fixed while the weights move, and weights that stay near their start:

    z_i = A(W_t, x_i),    W <- W_t - rate grad_W (1/n) sum_i l(f(W_t, z_i), y_i),    W_(t+1) = projection of W

onto the ball in which each layer has |W - W_0|_F <= radius. What falls is the surrogate loss
L_A(W) = (1/n) sum_i l(f(W, A(W, x_i)), y_i), whatever the attack is worth; L_*(W), with the largest loss in each ball
in its place, falls with it only where A finds that. The proof is that of online gradient descent: against any W^ in
the ball, the points z of step t being the round's data,

    sum_t l_t(W_t) - l_t(W^) <= |W_0 - W^|^2 / (2 rate) + rate / 2 sum_t |grad_t|^2 + sum_t remainder_t,

where the remainder is what f lacks of being linear between W_t and W^; it vanishes with the width. This is why the
regret against a network that is known, and the remainder along the way, are recorded.

Reference: Gao et al. 2019 (arXiv 1906.07916).
"""

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from limes.attacks.search import require_count
from limes.core import precision
from limes.core.errors import InputError, NumericalError
from limes.core.types import Array

Attack = Callable[[Any, jax.Array, jax.Array], jax.Array]
"""A(params, x, y) -> attacked points like x. A function of JAX without randomness of its own; hashable."""
Loss = Callable[[jax.Array, jax.Array], jax.Array]
"""l(f, y) -> the loss of each example (n,), from outputs (n,) and labels (n,); convex in f."""


def smooth_hinge(f: jax.Array, y: jax.Array) -> jax.Array:
    """The hinge with its corner rounded: 0 from margin y f = 1 on, 1/2 (1 - y f)^2 down to 0, and 1/2 - y f below.

    Convex, of slope at most 1 and curvature at most 1, and 0 at f = y, as the theory asks.

    Example:
        >>> smooth_hinge(jnp.array([2.0, 0.5, -1.0]), jnp.array([1.0, 1.0, 1.0])).tolist()
        [0.0, 0.125, 1.5]
    """
    gap = jnp.maximum(1.0 - y * f, 0.0)
    return jnp.where(gap < 1.0, 0.5 * gap**2, gap - 0.5)


@dataclass(frozen=True, eq=False)
class ProjectedTraining:
    """What a run of `projected_training` left behind; T steps, k arrays of weights.

    Attributes:
        params: the weights after the last step.
        best: the weights of the smallest surrogate loss.
        losses: (T + 1,) surrogate loss before each step and after the last.
        movement: (T + 1, k) distances |W - W_0|_F of each array from the centre, after projection.
        hits: (T, k) whether a step left the ball, and was projected.
        slopes: (T,) Frobenius norm of the gradient in all weights.
        curvature: (T + 1,) largest |f(W_t, z) - f(W_0, z) - <grad f(W_0, z), W_t - W_0>| over the attacked points, W_0
            the centre: how far the network is from its linearisation there.
        against: (T,) loss of the comparator on the attacked points of each step; empty without one.
        remainder: (T,) the same figure between W_t and the comparator; empty without one.
    """

    params: Any
    best: Any
    losses: np.ndarray
    movement: np.ndarray
    hits: np.ndarray
    slopes: np.ndarray
    curvature: np.ndarray
    against: np.ndarray
    remainder: np.ndarray

    @property
    def regret(self) -> np.ndarray:
        """(T,) average regret after each step: the mean over t of l_t(W_t) - l_t(W^); empty without a comparator."""
        gaps = self.losses[: len(self.against)] - self.against
        return np.cumsum(gaps) / np.arange(1, len(gaps) + 1)


def projected_training(
    apply: Callable[[Any, Array], Any],
    params: Any,
    x: Array,
    y: Array,
    attack: Attack,
    *,
    rate: float,
    steps: int,
    radius: float = math.inf,
    loss: Loss = smooth_hinge,
    centre: Any = None,
    comparator: Any = None,
) -> ProjectedTraining:
    """Train a network of one output adversarially, its weights projected to a ball after every step.

    Args:
        apply: apply(params, x) -> (n, 1), a function of JAX; of a `Net`, ``net.apply``.
        params: a tree of float arrays, where training starts. Arrays whose gradient is zero, such as those of layers
            with ``trainable=False``, stay where they are.
        x: (n, features...) training points, floats.
        y: (n,) labels as the loss takes them, 1 and -1 for the default.
        attack: which points a step trains on, `limes.robust.MarginAscent` for instance. Not differentiated.
        rate: length of a step, in units of one over the curvature of the loss in the weights.
        steps: of gradient descent.
        radius: of the ball, Frobenius norm, for each array of weights alone. In the NTK parametrisation distances do
            not depend on the width; where weights are drawn with variance 1 / width, they fall as width^(-1/2).
        loss: of outputs and labels.
        centre: weights W_0 in the middle of the ball; None for `params`.
        comparator: weights W^ to compute the regret against; None for no regret.

    Returns:
        The path; the same arguments give the same one.

    Raises:
        InputError: for shapes or parameters that do not fit each other.
        DtypeError: for weights or points that are no floats.
        NumericalError: if training diverges.

    Cost: in each step one attack, one gradient in the weights, and one or two derivatives along a direction of them.

    Reference: Gao et al. 2019 (arXiv 1906.07916), the algorithm of section 3; the radius there is R / sqrt(width).

    Example:
        >>> import limes as lm
        >>> net = lm.nets.mlp(2, "erf")
        >>> x, y = np.eye(4, dtype="float32"), np.array([1.0, 1.0, -1.0, -1.0], "float32")
        >>> attack = lm.robust.MarginAscent(net.apply, eps=0.1)
        >>> params = net.init(0, (4,), width=64)
        >>> path = projected_training(net.apply, params, x, y, attack, rate=0.5, steps=50, radius=3.0)
        >>> path.movement.shape, bool(path.losses[-1] < path.losses[0]), bool(path.movement.max() <= 3.001)
        ((51, 2), True, True)
    """
    require_count(steps, "steps")
    for name, value in (("rate", rate), ("radius", radius)):
        if not value > 0 or (name == "rate" and math.isinf(value)):
            raise InputError(f"{name} must be a positive number, not {value!r}")
    dtype = precision.float_dtype(*jax.tree.leaves(params), name="params")
    precision.float_dtype(x, name="x")
    precision.require_finite(x, "x")
    if np.ndim(y) != 1 or len(y) != len(x):
        raise InputError(
            f"y of shape {np.shape(y)} has no label for each of {len(x)} points: give an array ({len(x)},)"
        )
    for name, tree in (("centre", centre), ("comparator", comparator)):
        if tree is not None and jax.tree.map(np.shape, tree) != jax.tree.map(np.shape, params):
            raise InputError(f"{name} has arrays of other shapes than params: it must be weights of the same network")
    with precision.scope(dtype):
        points, labels = jnp.asarray(x, dtype), jnp.asarray(y, dtype)
        shape = jax.eval_shape(apply, params, points).shape
        if shape != (len(points), 1):
            raise InputError(f"apply returns shape {shape} for {len(points)} points: it must have one output, (n, 1)")
        middle = params if centre is None else centre
        program = _Program(apply, attack, loss, steps)
        found = _run(program, params, middle, comparator, points, labels, rate, radius)
        last, best, records = jax.tree.map(np.asarray, found)
    if not np.isfinite(records["losses"]).all():
        first = int(np.argmin(np.isfinite(records["losses"])))
        raise NumericalError(f"training diverged at step {first}: lower rate, which is {rate:g}")
    return ProjectedTraining(last, best, **records)


@dataclass(frozen=True)
class _Program:
    """What a run is compiled for."""

    apply: Callable[[Any, Array], Any]
    attack: Attack
    loss: Loss
    steps: int

    def f(self, params: Any, x: jax.Array) -> jax.Array:
        return self.apply(params, x)[:, 0]

    def mean_loss(self, params: Any, z: jax.Array, y: jax.Array) -> jax.Array:
        return self.loss(self.f(params, z), y).mean()

    def departure(self, start: Any, end: Any, z: jax.Array) -> jax.Array:
        """Largest |f(end) - f(start) - derivative of f at the start towards the end| over points."""
        towards = jax.tree.map(jnp.subtract, end, start)
        value, along = jax.jvp(lambda w: self.f(w, z), (start,), (towards,))
        return jnp.abs(self.f(end, z) - value - along).max()


@functools.partial(jax.jit, static_argnums=(0,))
def _run(
    program: _Program, params: Any, centre: Any, comparator: Any, x: jax.Array, y: jax.Array, rate: Any, radius: Any
) -> tuple[Any, Any, dict[str, jax.Array]]:
    def look(weights: Any) -> tuple[jax.Array, jax.Array, Any, jax.Array]:
        """Attacked points, with surrogate loss, its gradient, and the distance from linearity."""
        z = jax.lax.stop_gradient(program.attack(weights, x, y))
        value, slope = jax.value_and_grad(program.mean_loss)(weights, z, y)
        return z, value, slope, program.departure(centre, weights, z)

    def distances(weights: Any) -> jax.Array:
        pairs = zip(jax.tree.leaves(weights), jax.tree.leaves(centre), strict=True)
        return jnp.stack([jnp.linalg.norm((w - c).ravel()) for w, c in pairs])

    def project(weights: Any, far: jax.Array) -> Any:
        leaves, structure = jax.tree.flatten(weights)
        share = jnp.minimum(1.0, radius / jnp.maximum(far, jnp.finfo(far.dtype).tiny))
        share = jnp.where(jnp.isfinite(far), share, jnp.nan)  # or steps that overflow would end in the centre
        pairs = zip(leaves, jax.tree.leaves(centre), share, strict=True)
        return jax.tree.unflatten(structure, [jnp.where(s == 1, w, c + s * (w - c)) for w, c, s in pairs])

    def better(weights: Any, value: jax.Array, best: Any, least: jax.Array) -> tuple[Any, jax.Array]:
        kept = jax.tree.map(lambda w, b: jnp.where(value < least, w, b), weights, best)
        return kept, jnp.minimum(value, least)

    def step(state: tuple[Any, Any, jax.Array], _: None) -> tuple[Any, dict[str, jax.Array]]:
        weights, best, least = state
        z, value, slope, curvature = look(weights)
        best, least = better(weights, value, best, least)
        moved = jax.tree.map(lambda w, g: w - rate * g, weights, slope)
        far = distances(moved)
        size = jnp.sqrt(sum(jnp.vdot(g, g) for g in jax.tree.leaves(slope)))
        record = {"losses": value, "movement": distances(weights), "hits": far > radius, "slopes": size}
        record["curvature"] = curvature
        if comparator is not None:
            record["against"] = program.mean_loss(comparator, z, y)
            record["remainder"] = program.departure(weights, comparator, z)
        return (project(moved, far), best, least), record

    start = (params, params, jnp.asarray(jnp.inf, x.dtype))
    (weights, best, least), records = jax.lax.scan(step, start, None, length=program.steps)
    _, value, _, curvature = look(weights)
    best, _ = better(weights, value, best, least)
    last = {"losses": value, "movement": distances(weights), "curvature": curvature}
    records |= {name: jnp.concatenate([records[name], entry[None]]) for name, entry in last.items()}
    nothing = jnp.zeros((0,), x.dtype)
    return weights, best, {"against": nothing, "remainder": nothing} | records
