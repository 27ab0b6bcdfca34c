"""The kernel of a fully connected net as a function of three numbers a pair: K(s, q, v), s = <x, z>/d, q = |x|^2/d.

For many nets (`limes.nets.Net.positive`) it is, at fixed norms q and v, a power series in s with non-negative
coefficients, so that all its derivatives are non-negative and increasing for s >= 0: what certificates live on.
"""

import functools
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from limes.core import precision
from limes.core.types import Kind
from limes.kernels.block import final_state
from limes.kernels.compiling import jit_of_net
from limes.kernels.state import Cov, KernelRule, State

_ROWS = (8, 32, 128)  # few shapes to compile; beyond, multiples of the last


def _value(net: KernelRule, kind: Kind, s: jax.Array, q: jax.Array, v: jax.Array) -> jax.Array:
    covs = [Cov(k, jnp.zeros_like(k) if kind == "ntk" else None) for k in (s, q, v)]
    state = State(covs[0], covs[1], covs[2], "vector", 0)
    return getattr(final_state(net, state, jnp.zeros(s.shape, bool)).cross, kind)


@functools.partial(jit_of_net, static=(0, 1))
def _values(net, kind, s, q, v):
    return _value(net, kind, s, q, v)


@functools.partial(jit_of_net, static=(0, 1))
def _both(net, kind, s, q, v):
    return jax.jvp(lambda k: _value(net, kind, k, q, v), (s,), (jnp.ones_like(s),))


@functools.partial(jit_of_net, static=(0, 1))
def _own(net, kind, q):
    def one(q: jax.Array) -> jax.Array:
        covs = [Cov(k, jnp.zeros_like(k) if kind == "ntk" else None) for k in (q[None, None], q[None], q[None])]
        state = State(covs[0], covs[1], covs[2], "vector", 0)
        return getattr(final_state(net, state, jnp.ones((1, 1), bool), True).cross, kind)[0, 0]

    return jax.vmap(one)(q)


@dataclass(frozen=True)
class Zonal:
    """K(s, q, v) of a net whose layout is "vector", in float64.

    Attributes:
        net: the architecture.
        kind: "ntk" or "nngp".

    Example:
        >>> from limes.nets import mlp
        >>> kernel = Zonal(mlp(2), "ntk")
        >>> kernel.values(np.array([[0.0, 1.0]]), np.array([1.0]), np.array([1.0, 1.0])).round(3)
        array([[0.637, 4.   ]])
    """

    net: KernelRule
    kind: Kind

    def values(self, s: np.ndarray, q: np.ndarray, v: np.ndarray) -> np.ndarray:
        """K at s (k, n), q (k,) of the rows and v (n,) of the columns: (k, n)."""
        with precision.scope(np.float64):
            return np.asarray(_values(self.net, self.kind, *_padded(s, q), v))[: len(s)]

    def values_and_slopes(self, s: np.ndarray, q: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """K and dK/ds, same shapes; slopes are finite, but of no digits where s^2 is q v up to rounding."""
        with precision.scope(np.float64):
            values, slopes = _both(self.net, self.kind, *_padded(s, q), v)
            return np.asarray(values)[: len(s)], np.asarray(slopes)[: len(s)]

    def own(self, q: np.ndarray) -> np.ndarray:
        """K(q, q, q) at a cosine of exactly 1: the shape of q (n,)."""
        with precision.scope(np.float64):
            return np.asarray(_own(self.net, self.kind, np.asarray(q, np.float64)))


def _padded(s: np.ndarray, q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """With copies of the last row, to one of few shapes."""
    rows = next((size for size in _ROWS if size >= len(s)), -(-len(s) // _ROWS[-1]) * _ROWS[-1])
    take = np.minimum(np.arange(rows), len(s) - 1)
    return np.asarray(s, np.float64)[take], np.asarray(q, np.float64)[take]
