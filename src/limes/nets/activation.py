"""What all activations share: from a dual activation to the kernel rule.

The dual activation of phi is E[phi(u) phi(v)] for jointly Gaussian (u, v) with variances v1, v2 and covariance k, and
its derivative is E[phi'(u) phi'(v)] (Daniely et al. 2016, arXiv 1602.05897). The NTK picks up the derivative as factor.
"""

from abc import abstractmethod
from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp

from limes.core.errors import NetError
from limes.kernels.state import Cov, Side, State
from limes.nets.layer import Flow, Layer, Params


@dataclass(frozen=True)
class Activation(Layer):
    """A function of each unit. Subclasses define `phi`, `dual` and, where it is simpler, `dual_self`."""

    @abstractmethod
    def phi(self, x: jax.Array) -> jax.Array:
        """The activation itself."""

    @abstractmethod
    def dual(self, k: jax.Array, v1: jax.Array, v2: jax.Array) -> tuple[jax.Array, jax.Array]:
        """E[phi phi] and E[phi' phi'] for covariance `k` and variances `v1`, `v2` (broadcast against `k`)."""

    def dual_self(self, v: jax.Array) -> tuple[jax.Array, jax.Array]:
        """E[phi(u)^2] and E[phi'(u)^2] for u of variance `v`: the dual at cosine exactly 1."""
        return self.dual(v, v, v)

    def init(self, key: jax.Array, shape: tuple[int, ...], width: int) -> tuple[tuple[int, ...], Params]:
        """No weights."""
        return shape, ()

    def apply(self, params: Params, x: jax.Array) -> jax.Array:
        """`phi` on each unit."""
        return self.phi(x)

    def check(self, flow: Flow) -> Flow:
        """An activation needs Gaussian units and gives others."""
        if not flow.gaussian:
            raise NetError(f"{self.name} needs Gaussian inputs in the limit: put a dense or conv layer before it")
        return replace(flow, gaussian=False)

    def propagate(self, state: State) -> State:
        """E[phi phi] for the covariance, Theta E[phi' phi'] for the NTK."""
        return state.with_sides(*(self.rule(side) for side in state.sides()))

    def rule(self, side: Side) -> Cov:
        """Covariance and NTK after the activation."""
        cov, v1, v2, same = side
        if same is True:
            nngp, slope = self.dual_self(v1)
        elif same is False:
            nngp, slope = self.dual(cov.nngp, v1, v2)
        else:
            pairs = zip(self.dual_self(v1), self.dual(cov.nngp, v1, v2), strict=True)
            nngp, slope = (jnp.where(same, own, between) for own, between in pairs)
        return Cov(nngp, None if cov.ntk is None else cov.ntk * slope)


def inverse_root(v: jax.Array) -> jax.Array:
    """1 / sqrt(v), and 0 where a variance is 0."""
    positive = v > 0
    return jnp.where(positive, jax.lax.rsqrt(jnp.where(positive, v, 1.0)), 0.0)
