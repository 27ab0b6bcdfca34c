"""The error function as an activation."""

import math
from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp

from limes.kernels import program
from limes.kernels.arcsin import arcsin, arcsin_by_gap
from limes.nets.activation import Activation


@dataclass(frozen=True)
class Erf(Activation):
    """erf(x) = 2/sqrt(pi) times the integral of exp(-t^2) from 0 to x."""

    name: ClassVar[str] = "erf"
    arithmetic: ClassVar[bool] = True
    positive: ClassVar[bool] = True

    def phi(self, x: jax.Array) -> jax.Array:
        """The error function."""
        return jax.scipy.special.erf(x)

    def dual(self, k: jax.Array, v1: jax.Array, v2: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Williams 1996: (2/pi) arcsin(2k / sqrt((1 + 2 v1)(1 + 2 v2))) and its derivative in k.

        The derivative is (4/pi) / sqrt((1 + 2 v1)(1 + 2 v2) - 4 k^2).
        """
        r1, r2 = jax.lax.optimization_barrier((jax.lax.rsqrt(1.0 + 2.0 * v1), jax.lax.rsqrt(1.0 + 2.0 * v2)))
        u = jnp.clip(2.0 * k * r1 * r2, -1.0, 1.0)
        # at least its value at k^2 = v1 v2, also where rounding has taken u to 1 (large variances)
        gap = jnp.maximum((1.0 - u) * (1.0 + u), r1**2 + r2**2 - (r1 * r2) ** 2)
        dot = (4 / math.pi * r1) * r2 * jax.lax.rsqrt(gap)
        return (2 / math.pi) * arcsin(u), dot

    def dual_self(self, v: jax.Array) -> tuple[jax.Array, jax.Array]:
        """At k = v1 = v2, where 1 - u^2 = (1 + 4v) / (1 + 2v)^2 and 1 - u = 1 / (1 + 2v) without cancellation."""
        gap = 1.0 / (1.0 + 2.0 * v)
        return (2 / math.pi) * arcsin_by_gap(2.0 * v * gap, gap), (4 / math.pi) * jax.lax.rsqrt(1.0 + 4.0 * v)

    def steps(self, sizes: tuple[int, ...]) -> tuple[program.Step, ...]:
        """`limes.kernels.program.Erf`."""
        return (program.Erf(),)
