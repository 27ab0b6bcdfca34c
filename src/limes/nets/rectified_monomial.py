"""Rectified powers, whose dual activations are the arc-cosine kernels of all degrees."""

import functools
import math
from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from numpy.polynomial import Polynomial

from limes.kernels.arcsin import arcsin
from limes.nets.activation import Activation
from limes.nets.polynomials import check_degree, horner


@functools.cache
def _angular_polynomials(p: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Coefficients of A_p and B_p in J_p(u) = A_p(u) sqrt(1 - u^2) + B_p(u) (pi - arccos u).

    J_p = s^(2p+1) (d/du)^p [(pi - arccos u) / s] with s = sqrt(1 - u^2) (Cho & Saul 2009, eq. 4). Differentiating
    A/s^(2p) + B (pi - arccos u)/s^(2p+1) once more gives

        A_{p+1} = (1 - u^2) A_p' + 2 p u A_p + B_p,        B_{p+1} = (1 - u^2) B_p' + (2p + 1) u B_p.
    """
    a, b = Polynomial([0.0]), Polynomial([1.0])
    square, u = Polynomial([1.0, 0.0, -1.0]), Polynomial([0.0, 1.0])
    for q in range(p):
        a, b = square * a.deriv() + 2 * q * u * a + b, square * b.deriv() + (2 * q + 1) * u * b
    a, b = (tuple(float(c) for c in np.trim_zeros(poly.coef, "b")) or (0.0,) for poly in (a, b))
    return a, b


@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def arc_cosine(p: int, u: jax.Array) -> jax.Array:
    """J_p(u) = 2 pi E[x_+^p y_+^p] for unit variances and covariance `u` in [-1, 1]."""
    a, b = _angular_polynomials(p)
    root = jnp.sqrt((1.0 - u) * (1.0 + u))
    return horner(a, u) * root + horner(b, u) * (math.pi / 2 + arcsin(u))


@arc_cosine.defjvp
def _arc_cosine_jvp(p, primals, tangents):
    """dJ_p/du = p^2 J_{p-1}; for p = 0 it is 1/sqrt(1 - u^2), held finite at |u| = 1, where no pair uses it."""
    (u,), (du,) = primals, tangents
    if p:
        return arc_cosine(p, u), p**2 * arc_cosine(p - 1, u) * du
    floor = 2 * float(jnp.finfo(u.dtype).eps)
    return arc_cosine(p, u), du * jax.lax.rsqrt(jnp.maximum((1.0 - u) * (1.0 + u), floor))


@dataclass(frozen=True)
class RectifiedMonomial(Activation):
    """x^degree where x > 0, else 0: the step for degree 0, relu for 1. The step's NTK drops all layers below.

    Attributes:
        degree: p, from 0 to 30.

    Raises:
        NetError: for another degree.
    """

    degree: int
    name: ClassVar[str] = "rectified_monomial"

    def __post_init__(self) -> None:
        check_degree("rectified_monomial", self.degree, 0)

    def phi(self, x: jax.Array) -> jax.Array:
        """max(x, 0)^p, and the step for p = 0."""
        return (x > 0).astype(x.dtype) if self.degree == 0 else jnp.maximum(x, 0.0) ** self.degree

    def dual(self, k: jax.Array, v1: jax.Array, v2: jax.Array) -> tuple[jax.Array, jax.Array]:
        """(v1 v2)^(p/2) J_p(u) / (2 pi) and p^2 (v1 v2)^((p-1)/2) J_{p-1}(u) / (2 pi), with u = k / sqrt(v1 v2)."""
        p = self.degree
        positive = (v1 > 0) & (v2 > 0)
        safe = tuple(jnp.where(v > 0, v, 1.0) for v in (v1, v2))
        r1, r2, q1, q2 = jax.lax.optimization_barrier((*(jax.lax.rsqrt(v) for v in safe), *(jnp.sqrt(v) for v in safe)))
        u = jnp.clip(k * r1 * r2, -1.0, 1.0)
        value = (q1**p * q2**p) * arc_cosine(p, u) / (2 * math.pi)
        slope = jnp.zeros_like(k)
        if p:
            slope = (q1 ** (p - 1) * q2 ** (p - 1)) * arc_cosine(p - 1, u) * (p**2 / (2 * math.pi))
        return jnp.where(positive, value, 0.0), jnp.where(positive, slope, 0.0)

    def dual_self(self, v: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Half of the moments of a Gaussian: v^p (2p - 1)!! / 2 and p^2 v^(p-1) (2p - 3)!! / 2."""
        p = self.degree
        value = v**p * (math.prod(range(2 * p - 1, 0, -2)) / 2)
        slope = v ** (p - 1) * (p**2 * math.prod(range(2 * p - 3, 0, -2)) / 2) if p else jnp.zeros_like(v)
        return jnp.where(v > 0, value, 0.0), jnp.where(v > 0, slope, 0.0)
