"""The head that gives every position read-out weights of its own."""

import math
from dataclasses import dataclass, replace
from typing import ClassVar

import jax
import jax.numpy as jnp

from limes.kernels.state import Layout, State
from limes.nets.layer import Flow, Layer, Params


@dataclass(frozen=True)
class Flatten(Layer):
    """All positions and channels become channels of one vector; vectors stay as they are."""

    name: ClassVar[str] = "flatten"
    arithmetic: ClassVar[bool] = True
    positive: ClassVar[bool] = True

    def init(self, key: jax.Array, shape: tuple[int, ...], width: int) -> tuple[tuple[int, ...], Params]:
        """No weights."""
        return (math.prod(shape),), ()

    def apply(self, params: Params, x: jax.Array) -> jax.Array:
        """(n, *positions, channels) -> (n, positions x channels)."""
        return x.reshape(x.shape[0], -1)

    def needs(self, after: Layout) -> Layout:
        """Equal positions only."""
        return "position"

    def propagate(self, state: State) -> State:
        """Mean over positions of the covariance of equal positions."""
        if not state.n_positions:
            return state
        axes = tuple(range(-state.n_positions, 0))
        mean = state.map_each(lambda cov: cov.map(lambda k: jnp.mean(k, axis=axes)))
        return replace(mean, n_positions=0, layout="vector")

    @property
    def homogeneous(self) -> bool:
        """Always."""
        return True

    def head(self, positions: int) -> tuple[bool, float]:
        """The mean over equal positions."""
        return False, 1 / positions

    def check(self, flow: Flow) -> Flow:
        """Units of different positions have different covariances: an activation needs a dense layer first."""
        return Flow(gaussian=False, mixed=True)
