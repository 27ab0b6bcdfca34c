"""Stable noise on the weights at every step of a training, which makes a wide network compressible.

The noise of the follow-up, Wan, Barsbey, Zaidi & Simsekli 2024 (arXiv 2306.08125), which was known by a summary. With
sigma eta^(1/alpha) xi after each step the noise of T steps adds up to stable noise of scale sigma (eta T)^(1/alpha),
whatever the rate.
"""

import jax
import jax.numpy as jnp
import optax

from limes.beyond.tails.stable import symmetric_formula
from limes.core.errors import InputError
from limes.core.keys import KeyLike, as_key


def stable_noise(alpha: float, scale: float, key: KeyLike = 0) -> optax.GradientTransformation:
    """Add independent symmetric stable noise to every update of an optimiser; for ``Recipe(optimiser=...)``.

    Args:
        alpha: index, above 0 and at most 2; 2 is Gaussian noise of variance 2 scale^2.
        scale: of the noise of a step; sigma eta^(1/alpha) for the convention above.
        key: of the noise. The weights at the start decide on it too, so that copies that are trained side by side each
            have noise of their own.

    Raises:
        InputError: for an index or a scale out of range.

    Example:
        >>> rate, alpha = 0.1, 1.8
        >>> noisy = optax.chain(optax.sgd(rate), stable_noise(alpha, 0.01 * rate ** (1 / alpha)))
        >>> state = noisy.init(jnp.ones((2, 2)))
        >>> noisy.update(jnp.ones((2, 2)), state)[0].shape
        (2, 2)
    """
    if not 0 < alpha <= 2:
        raise InputError(f"the index of stable noise lies above 0 and is at most 2, not {alpha!r}")
    if not 0 <= scale < float("inf"):
        raise InputError(f"scale must be at least 0 and finite, not {scale!r}")
    first = as_key(key)

    def init(params: optax.Params) -> jax.Array:
        bits = [jax.lax.bitcast_convert_type(jnp.asarray(w, jnp.float32), jnp.uint32) for w in jax.tree.leaves(params)]
        return jax.random.key_data(jax.random.fold_in(first, sum(b.sum(dtype=jnp.uint32) for b in bits)))

    def update(updates: optax.Updates, state: jax.Array, params: optax.Params | None = None) -> tuple:
        following, now = jax.random.split(jax.random.wrap_key_data(state))
        leaves, structure = jax.tree.flatten(updates)
        keys = jax.random.split(now, len(leaves))
        moved = [leaf + scale * _draw(k, alpha, leaf) for k, leaf in zip(keys, leaves, strict=True)]
        return jax.tree.unflatten(structure, moved), jax.random.key_data(following)

    return optax.GradientTransformation(init, update)  # pyright: ignore[reportArgumentType]


def _draw(key: jax.Array, alpha: float, like: jax.Array) -> jax.Array:
    angle, time = jax.random.split(key)
    edge = (1 - 1e-6) * jnp.pi / 2  # in float32 the cosine of the whole angle is below 0
    u = jax.random.uniform(angle, like.shape, like.dtype, -edge, edge)
    w = jnp.maximum(jax.random.exponential(time, like.shape, like.dtype), 1e-30)
    return symmetric_formula(jnp, u, w, alpha)
