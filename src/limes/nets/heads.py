"""Layers that end the positions: flatten and global average pooling."""

import math
from dataclasses import dataclass, replace
from typing import ClassVar

import jax
import jax.numpy as jnp

from limes.core.errors import NetError
from limes.kernels.state import State
from limes.nets.layer import Flow, Layer, Params


@dataclass(frozen=True)
class Flatten(Layer):
    """All positions and channels become channels of one vector; vectors stay as they are."""

    name: ClassVar[str] = "flatten"

    def init(self, key: jax.Array, shape: tuple[int, ...], width: int) -> tuple[tuple[int, ...], Params]:
        """No weights."""
        return (math.prod(shape),), ()

    def apply(self, params: Params, x: jax.Array) -> jax.Array:
        """(n, *positions, channels) -> (n, positions x channels)."""
        return x.reshape(x.shape[0], -1)

    def propagate(self, state: State) -> State:
        """Mean over positions of the covariance of equal positions."""
        if not state.n_positions:
            return state
        axes = tuple(range(-state.n_positions, 0))

        def mean_of_equal(k: jax.Array) -> jax.Array:
            if state.layout == "pairs":
                flat = k.reshape(*k.shape[: -2 * state.n_positions], math.prod(k.shape[-state.n_positions :]), -1)
                return jnp.trace(flat, axis1=-2, axis2=-1) / flat.shape[-1]
            return jnp.mean(k, axis=axes)

        mean = state.map_each(lambda cov: cov.map(mean_of_equal))
        return replace(mean, n_positions=0)

    def check(self, flow: Flow) -> Flow:
        """Units of different positions have different covariances: an activation needs a dense layer first."""
        return Flow(gaussian=False, mixed=True)


@dataclass(frozen=True)
class GlobalAvgPool(Layer):
    """Mean over all positions, channel by channel."""

    name: ClassVar[str] = "global_avg_pool"
    needs_positions: ClassVar[bool] = True

    def init(self, key: jax.Array, shape: tuple[int, ...], width: int) -> tuple[tuple[int, ...], Params]:
        """No weights."""
        return shape[-1:], ()

    def apply(self, params: Params, x: jax.Array) -> jax.Array:
        """(n, *positions, channels) -> (n, channels)."""
        return x.mean(axis=tuple(range(1, x.ndim - 1)))

    def propagate(self, state: State) -> State:
        """Mean over all pairs of positions."""
        if state.layout != "pairs":
            raise NetError("global average pooling needs inputs with positions, (n, height, width, channels)")
        axes = tuple(range(-2 * state.n_positions, 0))
        mean = state.map_each(lambda cov: cov.map(lambda k: jnp.mean(k, axis=axes)))
        return replace(mean, n_positions=0)

    def check(self, flow: Flow) -> Flow:
        """A mean of Gaussians is Gaussian."""
        if flow.mixed:
            raise NetError("global average pooling cannot follow flatten: there are no positions left to pool")
        return replace(flow, mixed=True)
