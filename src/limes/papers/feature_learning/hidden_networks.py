"""Networks of claim 11: minibatch descent with weight decay that falls, all of them side by side in one program."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from limes.beyond.features import TwoLayer, random_start
from limes.core.errors import NumericalError

RATE, MOMENTUM, BATCH, SIZE = 0.02, 0.9, 100, 0.3


def trained(
    x: np.ndarray,
    targets: np.ndarray,
    schedules: Sequence[tuple[float, float]],
    width: int,
    steps: int,
    seed: int,
) -> tuple[TwoLayer, np.ndarray]:
    """Two-layer networks with a constant, trained on half the squared error, one for each target and schedule.

    The rate falls to 0 by a cosine, the weight decay of both layers geometrically. All start alike and see the same
    batches, drawn without repeats.

    Args:
        x: (n, d) float32.
        targets: (n, c), each column a target.
        schedules: weight decay at the first and at the last step; 0 and 0 for none.
        width: neurons.
        steps: of momentum descent.
        seed: of start and batches.

    Returns:
        Networks (c, s, ...), and their constants (c, s).

    Raises:
        NumericalError: if a training diverges.
    """
    n, d = x.shape
    rng = np.random.default_rng([seed, 2])
    batches = np.stack([rng.permutation(n)[: min(BATCH, n)] for _ in range(steps)])
    start = random_start(d, width, size=SIZE, seeds=(seed,))
    first, last = np.array(schedules, np.float32).T
    ratio = np.divide(last, first, out=np.ones_like(first), where=first > 0)
    single = (start.coef[0].astype(np.float32), start.weights[0].astype(np.float32), np.float32(0))
    found = _descend(single, jnp.asarray(x), jnp.asarray(targets.T, jnp.float32), batches, first, ratio)
    coef, weights, constant = (np.asarray(part, np.float64) for part in found)
    if not all(np.isfinite(part).all() for part in (coef, weights, constant)):
        raise NumericalError(f"training diverged on {n} rows: lower the rate {RATE}")
    return TwoLayer(coef, weights), constant


@jax.jit
def _descend(start: Any, x: jax.Array, targets: jax.Array, batches: jax.Array, first: jax.Array, ratio: jax.Array):
    def one(y: jax.Array, first: jax.Array, ratio: jax.Array):
        def loss(params: Any, rows: jax.Array) -> jax.Array:
            coef, weights, constant = params
            outputs = jax.nn.relu(x[rows] @ weights.T) @ coef + constant
            return jnp.mean((outputs - y[rows]) ** 2) / 2

        def step(state: Any, now: tuple[jax.Array, jax.Array]) -> tuple[Any, None]:
            params, velocity = state
            rows, past = now
            decay, rate = first * ratio**past, RATE * (1 + jnp.cos(jnp.pi * past)) / 2
            slope = jax.grad(loss)(params, rows)
            pull = (decay * params[0], decay * params[1], 0.0)
            velocity = jax.tree.map(lambda v, g, p: MOMENTUM * v + g + p, velocity, slope, pull)
            return (jax.tree.map(lambda p, v: p - rate * v, params, velocity), velocity), None

        past = jnp.arange(len(batches)) / len(batches)
        return jax.lax.scan(step, (start, jax.tree.map(jnp.zeros_like, start)), (batches, past))[0][0]

    by_schedule = jax.vmap(one, in_axes=(None, 0, 0))
    return jax.vmap(by_schedule, in_axes=(0, None, None))(targets, first, ratio)
