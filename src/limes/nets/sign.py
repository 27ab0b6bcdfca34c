"""The sign as an activation."""

import math
from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp

from limes.kernels.arcsin import arcsin
from limes.nets.activation import Activation


@dataclass(frozen=True)
class Sign(Activation):
    """sign(x), with derivative 0 as in practice: no gradient reaches the layers below, and their NTK is dropped."""

    name: ClassVar[str] = "sign"
    arithmetic: ClassVar[bool] = True

    def phi(self, x: jax.Array) -> jax.Array:
        """-1, 0 or 1."""
        return jnp.sign(x)

    def dual(self, k: jax.Array, v1: jax.Array, v2: jax.Array) -> tuple[jax.Array, jax.Array]:
        """(2/pi) arcsin(k / sqrt(v1 v2)) (Sheppard 1899), and 0. Zero where a variance is."""
        positive = (v1 > 0) & (v2 > 0)
        r1, r2 = jax.lax.optimization_barrier(tuple(jax.lax.rsqrt(jnp.where(v > 0, v, 1.0)) for v in (v1, v2)))
        angle = arcsin(jnp.clip(k * r1 * r2, -1.0, 1.0))
        return jnp.where(positive, (2 / math.pi) * angle, 0.0), jnp.zeros_like(k)

    def dual_self(self, v: jax.Array) -> tuple[jax.Array, jax.Array]:
        """1 and 0."""
        return jnp.where(v > 0, jnp.ones_like(v), 0.0), jnp.zeros_like(v)
