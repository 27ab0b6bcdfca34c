"""Claim 5: loss and gradient in Gram form against the tensor written out, differentiated automatically."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from limes.beyond.tensor import loss_and_gradient, random_target


def errors(seed: int, d: int, orders: Sequence[int], m: int, rank: int) -> dict[str, Any]:
    """Relative errors of the loss and of the gradient, by order.

    Cost: O(m d^l).
    """
    found: dict[str, Any] = {"orders": list(orders), "loss": [], "gradient": []}
    rng = np.random.default_rng(seed)
    for order in orders:
        target = random_target(d, rank, order, seed=seed)
        signs, u = rng.choice([-1.0, 1.0], m), rng.standard_normal((m, d)) / np.sqrt(d)
        value, gradient = loss_and_gradient(target, signs, u)
        with jax.enable_x64(True):
            right, slope = jax.value_and_grad(_loss)(jnp.asarray(u), jnp.asarray(signs), target.dense())
            slope = np.asarray(slope)
        found["loss"].append(abs(float(value) / float(right) - 1))
        found["gradient"].append(float(np.abs(gradient - slope).max() / np.abs(slope).max()))
    return found


def _loss(u: jax.Array, signs: jax.Array, target: np.ndarray) -> jax.Array:
    lengths = jnp.linalg.norm(u, axis=1)
    power = signs * lengths ** (2 - target.ndim)
    for _ in range(target.ndim):
        power = power[..., None] * u.reshape(len(u), *(1,) * (power.ndim - 1), -1)
    return jnp.sum((power.sum(0) - target) ** 2)
