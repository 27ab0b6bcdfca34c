"""Heads that pool all positions: their mean, or their sum."""

import math
from dataclasses import dataclass, replace
from typing import ClassVar

import jax
import jax.numpy as jnp

from limes.core.errors import NetError
from limes.kernels.state import Layout, State
from limes.nets.layer import Flow, Layer, Params


@dataclass(frozen=True)
class GlobalAvgPool(Layer):
    """Mean over all positions, channel by channel."""

    name: ClassVar[str] = "global_avg_pool"
    arithmetic: ClassVar[bool] = True
    needs_positions: ClassVar[bool] = True
    linear: ClassVar[bool] = True
    average: ClassVar[bool] = True

    def init(self, key: jax.Array, shape: tuple[int, ...], width: int) -> tuple[tuple[int, ...], Params]:
        """No weights."""
        return shape[-1:], ()

    def apply(self, params: Params, x: jax.Array) -> jax.Array:
        """(n, *positions, channels) -> (n, channels)."""
        axes = tuple(range(1, x.ndim - 1))
        return x.mean(axis=axes) if self.average else x.sum(axis=axes)

    def head(self, positions: int) -> tuple[bool, float]:
        """The mean or sum over all pairs of positions."""
        return True, 1 / positions**2 if self.average else 1.0

    def needs(self, after: Layout) -> Layout:
        """All pairs of positions."""
        return "pairs"

    def propagate(self, state: State) -> State:
        """Mean (or sum) over all pairs of positions."""
        if state.layout != "pairs":
            raise NetError(f"{self.name} needs inputs with positions, (n, height, width, channels)")
        n = state.n_positions
        axes = tuple(range(-2 * n, 0))
        total = 1 if self.average else math.prod(state.cross.nngp.shape[-2 * n :])
        mean = state.map_each(lambda cov: cov.map(lambda k: jnp.mean(k, axis=axes) * total))
        return replace(mean, n_positions=0, layout="vector")

    def check(self, flow: Flow) -> Flow:
        """A mean of Gaussians is Gaussian."""
        if flow.mixed:
            raise NetError(f"{self.name} cannot follow flatten or pooling to a vector: there are no positions left")
        return replace(flow, mixed=True)


@dataclass(frozen=True)
class GlobalSumPool(GlobalAvgPool):
    """Sum over all positions, channel by channel."""

    name: ClassVar[str] = "global_sum_pool"
    arithmetic: ClassVar[bool] = True
    average: ClassVar[bool] = False
