"""The Gaussian error linear unit."""

import math
from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp

from limes.kernels.arcsin import arcsin, arcsin_by_gap
from limes.nets.activation import Activation


@dataclass(frozen=True)
class Gelu(Activation):
    """x Phi(x) with Phi the standard normal distribution function (the exact form, not the tanh approximation)."""

    name: ClassVar[str] = "gelu"
    arithmetic: ClassVar[bool] = True

    def phi(self, x: jax.Array) -> jax.Array:
        """The exact form, x Phi(x)."""
        return jax.nn.gelu(x, approximate=False)

    def dual(self, k: jax.Array, v1: jax.Array, v2: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Closed forms by Stein's lemma.

        With a = 1 + v1, b = 1 + v2, det = a b - k^2, P = 1/(2 pi sqrt(det)) = E[pdf(u) pdf(v)] and
        E[Phi(u) Phi(v)] = 1/4 + arcsin(k / sqrt(a b)) / (2 pi):

            E[phi phi]   = k E[Phi Phi] + P (v1 v2 - k^2 + k^2/a + k^2/b)
            E[phi' phi'] = E[Phi Phi] + P k (1/a + 1/b + 1/det)

        (E[phi phi]: Tsuchida et al. 2021, arXiv 2002.08517; both are checked against quadrature.)
        """
        roots = (jax.lax.rsqrt(1.0 + v1), jax.lax.rsqrt(1.0 + v2))
        r1, r2 = jax.lax.optimization_barrier(roots)
        u = jnp.clip(k * r1 * r2, -1.0, 1.0)
        shares, product = r1**2 + r2**2, (r1 * r2) ** 2
        # det >= a + b - 1, also where rounding has taken u to 1: large variances, nearly parallel inputs
        inverse_det = product / jnp.maximum((1.0 - u) * (1.0 + u), shares - product)
        both = 0.25 + arcsin(u) / (2 * math.pi)
        density = jnp.sqrt(inverse_det) / (2 * math.pi)
        nngp = k * both + density * (v1 * v2 - k * k * (1.0 - shares))
        return nngp, both + density * k * (shares + inverse_det)

    def dual_self(self, v: jax.Array) -> tuple[jax.Array, jax.Array]:
        """At k = v1 = v2, where det = 1 + 2v and 1 - u = 1 / (1 + v) without cancellation."""
        share, inverse_det = 1.0 / (1.0 + v), 1.0 / (1.0 + 2.0 * v)
        root = jnp.sqrt(inverse_det)
        both, density = 0.25 + arcsin_by_gap(v * share, share) / (2 * math.pi), root / (2 * math.pi)
        return v * (both + 2.0 * density * v * share), both + density * v * (2.0 * share + inverse_det)
