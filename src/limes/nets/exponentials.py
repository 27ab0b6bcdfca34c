"""Activations a e^(b x) and a e^(b x^2)."""

from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp

from limes.core.errors import NetError
from limes.nets.activation import Activation
from limes.nets.layer import check_number


@dataclass(frozen=True)
class Exp(Activation):
    """a exp(b x). Its dual grows as exp(b^2 v): inputs should have variances of order 1 / b^2.

    Attributes:
        a: factor, a finite number.
        b: rate, a finite number.

    Raises:
        NetError: for values that are not finite.
    """

    a: float = 1.0
    b: float = 1.0
    name: ClassVar[str] = "exp"

    def __post_init__(self) -> None:
        object.__setattr__(self, "a", check_number("exp", "a", self.a))
        object.__setattr__(self, "b", check_number("exp", "b", self.b))

    def phi(self, x: jax.Array) -> jax.Array:
        """a exp(b x)."""
        return self.a * jnp.exp(self.b * x)

    def dual(self, k: jax.Array, v1: jax.Array, v2: jax.Array) -> tuple[jax.Array, jax.Array]:
        """a^2 exp(b^2 (v1 + v2 + 2k) / 2), the mean of a log-normal, and b^2 times that."""
        value = self.a**2 * jnp.exp((0.5 * self.b**2) * (v1 + v2 + 2.0 * k))
        return value, self.b**2 * value


@dataclass(frozen=True)
class Gaussian(Activation):
    """a exp(b x^2) with b <= 0.

    Attributes:
        a: factor, a finite number.
        b: curvature, at most 0: above it the mean is finite for small variances only.

    Raises:
        NetError: for other values.
    """

    a: float = 1.0
    b: float = -1.0
    name: ClassVar[str] = "gaussian"

    def __post_init__(self) -> None:
        object.__setattr__(self, "a", check_number("gaussian", "a", self.a))
        object.__setattr__(self, "b", check_number("gaussian", "b", self.b))
        if self.b > 0:
            raise NetError(f"gaussian: b must be at most 0, not {self.b:g}: else there is no limit at large variances")

    def phi(self, x: jax.Array) -> jax.Array:
        """a exp(b x^2)."""
        return self.a * jnp.exp(self.b * x * x)

    def dual(self, k: jax.Array, v1: jax.Array, v2: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Gaussian integrals: with D = (1 - 2b v1)(1 - 2b v2) - 4 b^2 k^2, a^2 / sqrt(D) and 4 a^2 b^2 k / D^(3/2)."""
        c = -2.0 * self.b
        q1, q2 = jax.lax.optimization_barrier((jnp.sqrt(v1), jnp.sqrt(v2)))
        product = q1 * q2
        gap = jnp.maximum((product - k) * (product + k), 0.0)  # v1 v2 - k^2 without cancellation where v1 = v2
        return self._from_determinant(1.0 + c * (v1 + v2) + c**2 * gap, k)

    def dual_self(self, v: jax.Array) -> tuple[jax.Array, jax.Array]:
        """At k = v1 = v2, where D = 1 - 4 b v."""
        return self._from_determinant(1.0 - 4.0 * self.b * v, v)

    def _from_determinant(self, det: jax.Array, k: jax.Array) -> tuple[jax.Array, jax.Array]:
        value = self.a**2 * jax.lax.rsqrt(det)
        return value, 4.0 * self.b**2 * k * value / det
