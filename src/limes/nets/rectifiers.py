"""Piecewise linear activations with one kink, phi(x) = max(x, 0) + alpha min(x, 0): relu, leaky_relu, abs."""

import functools
import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp

from limes.kernels import program
from limes.kernels.arccosine import moments
from limes.nets.activation import Activation, inverse_root
from limes.nets.layer import check_number


@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def rectifier_dual(alpha: float, k: jax.Array, v1: jax.Array, v2: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Dual activation and derivative of phi(x) = max(x, 0) + alpha min(x, 0).

    With phi = (1 + alpha)/2 x + (1 - alpha)/2 |x|, u = k / sqrt(v1 v2) and s = sqrt(1 - u^2):

        E[phi phi]   = a k + b sqrt(v1 v2) (s + u arcsin u)
        E[phi' phi'] = a + b arcsin u,        a = (1 + alpha)^2 / 4,  b = (1 - alpha)^2 / (2 pi)

    (arc-cosine kernels of degree 1 and 0: Cho & Saul 2009). `limes.kernels.arccosine` splits s + u arcsin u into
    (pi/2) |u| and a bend; the former joins a k to k (1 + alpha^2)/2 for u > 0 and k alpha below. Where a variance is
    zero, u is taken as 0.
    """
    return _primal(alpha, k, v1, v2)[:2]


def _primal(alpha: float, k: jax.Array, v1: jax.Array, v2: jax.Array):
    a, b = (1 + alpha) ** 2 / 4, (1 - alpha) ** 2 / (2 * math.pi)
    # Roots of the variances are taken once a row, not once an entry: the barrier keeps XLA from fusing them inwards.
    r1, r2, q1, q2 = jax.lax.optimization_barrier((inverse_root(v1), inverse_root(v2), jnp.sqrt(v1), jnp.sqrt(v2)))
    u = jnp.clip(k * r1 * r2, -1.0, 1.0)
    angle, bend, s = moments(u)
    straight = (1 + alpha**2) / 2 * jnp.maximum(k, 0.0) + alpha * jnp.minimum(k, 0.0)
    return straight + (b * q1) * q2 * bend, a + b * angle, u, s, r1, r2, q1, q2


@functools.partial(rectifier_dual.defjvp, symbolic_zeros=True)
def _rectifier_dual_jvp(alpha, primals, tangents):
    """By hand, so that nothing is singular: dE[phi phi]/dk = E[phi' phi'] and dE[phi phi]/dv1 = b s sqrt(v2/v1) / 2.

    The derivative of arcsin at |u| = 1 is held finite: coincident pairs never use it, and for others u is not known
    better than to a few units of rounding.
    """
    k, v1, v2 = primals
    nngp, dot, u, s, r1, r2, q1, q2 = _primal(alpha, k, v1, v2)
    b = (1 - alpha) ** 2 / (2 * math.pi)
    inverse_s = 1.0 / jnp.maximum(s, math.sqrt(2 * float(jnp.finfo(k.dtype).eps)))
    d_nngp, d_dot = jnp.zeros_like(nngp), jnp.zeros_like(dot)
    dk, dv1, dv2 = tangents
    zero = jax.custom_derivatives.SymbolicZero
    if not isinstance(dk, zero):
        d_nngp, d_dot = dot * dk, b * inverse_s * (r1 * r2) * dk
    for dv, r, q_other in ((dv1, r1, q2), (dv2, r2, q1)):
        if not isinstance(dv, zero):
            half = 0.5 * dv * r
            d_nngp = d_nngp + (b * half) * q_other * s
            d_dot = d_dot - (b * half * r) * u * inverse_s
    return (nngp, dot), (d_nngp, d_dot)


@dataclass(frozen=True)
class Rectifier(Activation):
    """What the three share."""

    arithmetic: ClassVar[bool] = True
    brief: ClassVar[bool] = True
    positive: ClassVar[bool] = True
    """In `rectifier_dual` a and b are not negative, nor is a coefficient of s + u arcsin u or of arcsin u."""

    @property
    def homogeneous(self) -> bool:
        """Always."""
        return True

    @property
    @abstractmethod
    def slope(self) -> float:
        """Slope on the negative side."""

    def phi(self, x: jax.Array) -> jax.Array:
        """max(x, 0) + slope min(x, 0)."""
        return jnp.maximum(x, 0.0) + self.slope * jnp.minimum(x, 0.0)

    def dual(self, k: jax.Array, v1: jax.Array, v2: jax.Array) -> tuple[jax.Array, jax.Array]:
        """`rectifier_dual`."""
        return rectifier_dual(self.slope, k, v1, v2)

    def dual_self(self, v: jax.Array) -> tuple[jax.Array, jax.Array]:
        """At cosine 1 both halves add up: v (1 + slope^2)/2 and (1 + slope^2)/2."""
        half = (1 + self.slope**2) / 2
        return half * v, jnp.full_like(v, half)

    def steps(self, sizes: tuple[int, ...]) -> tuple[program.Step, ...]:
        """`limes.kernels.program.Rectifier`."""
        return (program.Rectifier(self.slope),)


@dataclass(frozen=True)
class Relu(Rectifier):
    """max(x, 0)."""

    name: ClassVar[str] = "relu"

    @property
    def slope(self) -> float:
        """0."""
        return 0.0


@dataclass(frozen=True)
class Abs(Rectifier):
    """|x|."""

    name: ClassVar[str] = "abs"

    @property
    def slope(self) -> float:
        """-1."""
        return -1.0


@dataclass(frozen=True)
class LeakyRelu(Rectifier):
    """max(x, 0) + alpha min(x, 0).

    Attributes:
        alpha: slope on the negative side, any finite number.
    """

    alpha: float = 0.01
    name: ClassVar[str] = "leaky_relu"

    def __post_init__(self) -> None:
        object.__setattr__(self, "alpha", check_number("leaky_relu", "alpha", self.alpha))

    @property
    def slope(self) -> float:
        """The field `alpha`."""
        return self.alpha
