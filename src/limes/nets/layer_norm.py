"""Normalisation over channels."""

from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp

from limes.core.errors import NetError
from limes.kernels.state import Cov, Side, State
from limes.nets.layer import Flow, Layer, Params, check_number


@dataclass(frozen=True)
class LayerNorm(Layer):
    """(x - mean) / sqrt(variance + eps) over the channels of a position, without scale and shift.

    Attributes:
        eps: what is added to the variance, at least 0.

    Raises:
        NetError: for another value.
    """

    eps: float = 1e-12
    name: ClassVar[str] = "layer_norm"
    arithmetic: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "eps", check_number("layer_norm", "eps", self.eps, 0.0))

    def init(self, key: jax.Array, shape: tuple[int, ...], width: int) -> tuple[tuple[int, ...], Params]:
        """No weights."""
        return shape, ()

    def apply(self, params: Params, x: jax.Array) -> jax.Array:
        """Each position's channels to mean 0 and variance 1."""
        centred = x - x.mean(axis=-1, keepdims=True)
        return centred * jax.lax.rsqrt((centred * centred).mean(axis=-1, keepdims=True) + self.eps)

    def propagate(self, state: State) -> State:
        """K / sqrt((v1 + eps)(v2 + eps)), and the NTK alike.

        Over infinitely many channels of zero mean the mean vanishes and the variance is that of the limit, a constant:
        no gradient flows through it.
        """

        def rule(side: Side) -> Cov:
            roots = (jax.lax.rsqrt(jnp.maximum(v + self.eps, jnp.finfo(v.dtype).tiny)) for v in (side.v1, side.v2))
            r1, r2 = jax.lax.optimization_barrier(tuple(roots))
            return side.cov.map(lambda k: k * r1 * r2)

        return state.with_sides(*(rule(side) for side in state.sides()))

    def check(self, flow: Flow) -> Flow:
        """Only Gaussian units have the mean zero over channels that the rule takes for granted."""
        if not flow.gaussian:
            raise NetError("layer_norm needs Gaussian inputs in the limit: put a dense or conv layer before it")
        return flow
