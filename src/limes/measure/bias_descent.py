"""Gradient descent of a two-layer network with large bias, all units in every step, in blocks that stay in the cache.

The model and its gradients, e_i = f(x_i) - y_i, 1_ir = 1(<w_r, x_i> > b_r):

    dL/dw_r = m^{-1/2} a_r sum_i e_i 1_ir x_i,     dL/db_r = -m^{-1/2} a_r sum_i e_i 1_ir.

Nothing here knows what is measured of a training: `limes.measure.bias_training` does.
"""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

_BLOCK = 512  # units

Units = tuple[Any, Any, Any]
"""Weights (blocks, d, k), thresholds and signs (blocks, k); units that fill the last block have the sign 0."""


def start_units(d: int, width: int, bias: float, seed: int, dtype: Any) -> Units:
    """The network at its start, where f = 0: a pair lies in one block, so that its outputs cancel to the last bit."""
    half = min(_BLOCK, width) // 2
    blocks = -(-width // (2 * half))
    drawn = np.random.default_rng([seed, d, width]).standard_normal((width // 2, d)).astype(dtype)
    filled = np.zeros((blocks * half, d), dtype)
    filled[: width // 2] = drawn
    w = filled.reshape(blocks, half, d).transpose(0, 2, 1)
    signs = (np.arange(blocks * half) < width // 2).astype(dtype).reshape(blocks, half)
    w, a = np.concatenate([w, w], axis=2), np.concatenate([signs, -signs], axis=1)
    thresholds = np.where(a != 0, np.asarray(bias, dtype), np.inf).astype(dtype)  # what fills up is never active
    return jnp.asarray(w), jnp.asarray(thresholds), jnp.asarray(a)


def kept(signs: np.ndarray) -> np.ndarray:
    """Which units are none that fill a block."""
    return signs.ravel() != 0


@functools.partial(jax.jit, static_argnums=(2,))
def kernel_of(units: Units, x: jax.Array, trainable: bool) -> jax.Array:
    """m times the empirical kernel."""

    def add(total: jax.Array, block: Units) -> tuple[jax.Array, None]:
        on = (x @ block[0] > block[1]).astype(x.dtype)
        return total + on @ on.T, None

    both, _ = jax.lax.scan(add, jnp.zeros((len(x), len(x)), x.dtype), units)
    return (x @ x.T + (1.0 if trainable else 0.0)) * both


@functools.partial(jax.jit, static_argnums=(4,))
def descend(units: Units, x: jax.Array, y: jax.Array, rates: jax.Array, count: int) -> tuple[Units, Any]:
    """`count` steps, with the loss and the number of active pairs before each; `rates` of W and b, over sqrt(m)."""

    def step(units: Units, _: Any) -> tuple[Units, Any]:
        outputs, on = jax.lax.scan(functools.partial(_forward, x), jnp.zeros_like(y), units)
        errors = outputs / jnp.sqrt((units[2] != 0).sum().astype(x.dtype)) - y
        moved = jax.lax.map(functools.partial(_moved, x, errors, rates), (units, on))
        return moved, (0.5 * jnp.sum(errors * errors), on.sum(axis=(1, 2), dtype=jnp.int32).astype(x.dtype).sum())

    return jax.lax.scan(step, units, None, length=count)


def _forward(x: jax.Array, total: jax.Array, block: Units) -> tuple[jax.Array, jax.Array]:
    z = x @ block[0] - block[1]
    return total + jnp.maximum(z, 0.0) @ block[2], z > 0


def _moved(x: jax.Array, errors: jax.Array, rates: jax.Array, block: tuple[Units, jax.Array]) -> Units:
    (w, b, a), on = block
    pull = jnp.where(on, errors[:, None], 0.0) * a
    return w - rates[0] * (x.T @ pull), b + rates[1] * pull.sum(axis=0), a


@jax.jit
def compare(first: Units, last: Units, x: jax.Array) -> jax.Array:
    """Pairs switched on and off, largest moves of a unit's value, weights and threshold: (5,)."""

    def one(pair: tuple[Units, Units]) -> jax.Array:
        (w0, b0, a), (w, b, _) = pair
        before, moved = x @ w0 - b0, jnp.where(a != 0, b - b0, 0.0)
        shift = x @ (w - w0) - moved
        was, now = before > 0, before + shift > 0
        pairs = [(now & ~was).sum(), (was & ~now).sum()]
        moves = [jnp.abs(shift).max(), jnp.linalg.norm(w - w0, axis=0).max(), jnp.abs(moved).max()]
        return jnp.stack([v.astype(x.dtype) for v in (*pairs, *moves)])

    each = jax.lax.map(one, (first, last))
    return jnp.concatenate([each[:, :2].sum(axis=0), each[:, 2:].max(axis=0)])
