"""What all activations share: from a dual activation to the kernel rule.

The dual activation of phi is E[phi(u) phi(v)] for jointly Gaussian (u, v) with variances v1, v2 and covariance k, and
its derivative is E[phi'(u) phi'(v)] (Daniely et al. 2016, arXiv 1602.05897). The NTK picks up the derivative as factor.
"""

from abc import abstractmethod
from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp

from limes.core.errors import NetError
from limes.kernels.state import Cov, State
from limes.nets.layer import Flow, Layer, Params


@dataclass(frozen=True)
class Activation(Layer):
    """A function of each unit. Subclasses define `function`, `dual` and, where it is simpler, `dual_self`."""

    @abstractmethod
    def function(self, x: jax.Array) -> jax.Array:
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
        """The function on each unit."""
        return self.function(x)

    def check(self, flow: Flow) -> Flow:
        """An activation needs Gaussian units and gives others."""
        if not flow.gaussian:
            raise NetError(f"{self.name} needs Gaussian inputs in the limit: put a dense or conv layer before it")
        return replace(flow, gaussian=False)

    def propagate(self, state: State) -> State:
        """E[phi phi] for the covariance, Theta E[phi' phi'] for the NTK."""
        if state.layout == "pairs" and state.n_positions:
            return self._propagate_pairs(state)
        v1, v2 = state.left.nngp, state.right.nngp
        own1, own2 = self.dual_self(v1), self.dual_self(v2)
        cross = self.dual(state.cross.nngp, v1[:, None], v2[None, :])
        if state.same is not None:  # vectors behind a pooling head: their cosines are rounded sums over positions
            exact = (0.5 * (a[:, None] + b[None, :]) for a, b in zip(own1, own2, strict=True))
            value, slope = (jnp.where(state.same, e, c) for e, c in zip(exact, cross, strict=True))
            cross = value, slope
        return replace(
            state,
            cross=_times(cross, state.cross),
            left=_times(own1, state.left),
            right=_times(own2, state.right),
        )

    def _propagate_pairs(self, state: State) -> State:
        """The rule on all pairs of positions; equal positions of coincident inputs take the value at cosine 1."""
        n = state.n_positions
        v1, v2 = _diagonal(state.left.nngp, n), _diagonal(state.right.nngp, n)
        own1, own2 = self.dual_self(v1), self.dual_self(v2)
        p1, p2 = v1.shape[1:], v2.shape[1:]
        equal = jnp.eye(v1[0].size, dtype=bool).reshape(*p1, *p2)

        def expand(a: jax.Array, b: jax.Array, paired: bool) -> tuple[jax.Array, jax.Array]:
            a = a.reshape(a.shape[0], *(1,) * paired, *p1, *(1,) * n)
            return a, b.reshape(*(1,) * paired, b.shape[0], *(1,) * n, *p2)

        def rule(cov: Cov, a, b, own_a, own_b, mask: jax.Array, paired: bool) -> Cov:
            raw = self.dual(cov.nngp, *expand(a, b, paired))
            exact = (0.5 * sum(expand(x, y, paired)) for x, y in zip(own_a, own_b, strict=True))
            values = [jnp.where(mask, e, r) for e, r in zip(exact, raw, strict=True)]
            return _times((values[0], values[1]), cov)

        assert state.same is not None
        mask = state.same.reshape(*state.same.shape, *(1,) * (2 * n)) & equal
        return replace(
            state,
            cross=rule(state.cross, v1, v2, own1, own2, mask, True),
            left=rule(state.left, v1, v1, own1, own1, equal, False),
            right=rule(state.right, v2, v2, own2, own2, equal, False),
        )


def _times(dual: tuple[jax.Array, jax.Array], cov: Cov) -> Cov:
    return Cov(dual[0], None if cov.ntk is None else cov.ntk * dual[1])


def _diagonal(k: jax.Array, n_positions: int) -> jax.Array:
    """Variances (n, *positions) from a self-covariance (n, *positions, *positions)."""
    shape = k.shape[1 : 1 + n_positions]
    size = k[0].size
    root = round(size**0.5)
    return jnp.diagonal(k.reshape(k.shape[0], root, root), axis1=1, axis2=2).reshape(k.shape[0], *shape)
