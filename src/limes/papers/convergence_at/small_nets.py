"""Claims 4 and 6: adversarial training of small relu networks, from many starts at once.

Whether a width is enough is a question about the best network of that width, which training can only bound from one
side. So nothing here is left as in the theory: all layers are trained, by Adam, the radius rises over the first half so
that training does not end in a constant, and every start counts.
"""

import functools
import itertools
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from limes.finite.ball import Ball
from limes.nets import mlp
from limes.robust import smooth_hinge

RATE = 0.1
_BALL = Ball("l2")
_ATTACK_STEPS, _STRONG_STEPS, _STRONG_STARTS = 10, 60, 3


def draw(seed: int, n_starts: int, sizes: Sequence[int]) -> Any:
    """Weights of `n_starts` relu networks with biases, in the NTK parametrisation: standard normal.

    Args:
        seed: an int.
        n_starts: leading axis of every array.
        sizes: inputs, widths of the hidden layers, outputs.
    """
    rng = np.random.default_rng([seed, *sizes])
    params: list[dict[str, jax.Array]] = []
    for fan_in, fan_out in itertools.pairwise(sizes):
        w, b = rng.standard_normal((n_starts, fan_in, fan_out)), rng.standard_normal((n_starts, fan_out))
        params += [{"w": jnp.asarray(w, jnp.float32), "b": jnp.asarray(b, jnp.float32)}, {}]
    return params[:-1]


def outputs(params: Any, x: Any) -> jax.Array:
    """f of one network at points (n, d): (n,)."""
    layers = [layer for layer in params if layer]
    return mlp(len(layers), b_std=1.0).apply(params, x)[:, 0]


def train(params: Any, x: np.ndarray, y: np.ndarray, eps: float, steps: int, weights: Any = None) -> tuple[Any, Any]:
    """Train each network under l2 attacks of radius eps, and attack what came out.

    Args:
        params: of several networks, see `draw`.
        x, y: (n, d) points and (n,) labels 1 and -1.
        eps: radius; 0 for natural training.
        steps: of Adam on full batches.
        weights: (n,) of the points in the loss; None for 1 / n.

    Returns:
        Weights, and the smallest margin y f found in the ball round each point, (starts, n): at the clean point and
        after 60 steps of ascent from it and from two random starts.
    """
    weights = np.full(len(x), 1 / len(x)) if weights is None else weights
    single = [jnp.asarray(a, jnp.float32) for a in (x, y, weights)]
    params, margins = _train(params, *single, jnp.float32(eps), steps)
    return params, np.asarray(margins)


@functools.partial(jax.jit, static_argnums=(5,))
def _train(
    params: Any, x: jax.Array, y: jax.Array, weights: jax.Array, eps: jax.Array, steps: int
) -> tuple[Any, jax.Array]:
    optimiser = optax.adam(optax.cosine_decay_schedule(RATE, steps))

    def attacked(w: Any, start: jax.Array, radius: jax.Array, count: int) -> jax.Array:
        return _BALL.ascend(jax.grad(lambda z: -(y * outputs(w, z)).sum()), x, start, radius, count)

    def step(state: tuple[Any, Any], i: jax.Array) -> tuple[Any, None]:
        w, memory = state
        radius = eps * jnp.minimum(1.0, 2 * (i + 1) / steps)
        z = attacked(w, _BALL.random_start(jax.random.fold_in(jax.random.key(1), i), x, radius), radius, _ATTACK_STEPS)
        slope = jax.grad(lambda v: weights @ smooth_hinge(outputs(v, z), y))(w)
        moves, memory = optimiser.update(slope, memory, w)
        return (optax.apply_updates(w, moves), memory), None

    def smallest(w: Any) -> jax.Array:
        keys = jax.random.split(jax.random.key(0), _STRONG_STARTS - 1)
        starts = jnp.stack([x, *(_BALL.random_start(key, x, eps) for key in keys)])
        ends = jax.lax.map(lambda start: attacked(w, start, eps, _STRONG_STEPS), starts)
        return jax.lax.map(lambda z: y * outputs(w, z), jnp.concatenate([starts, ends])).min(axis=0)

    def one(w: Any) -> tuple[Any, jax.Array]:
        (w, _), _ = jax.lax.scan(step, (w, optimiser.init(w)), jnp.arange(steps))
        return w, smallest(w)

    return jax.vmap(one)(params)
