"""The fully connected layer; on inputs with positions it acts on the channels of each position."""

import math
from dataclasses import dataclass, replace
from typing import ClassVar

import jax
import jax.numpy as jnp

from limes.kernels.state import Cov, State
from limes.nets.layer import Flow, Layer, Params, check_number


def after_weights(cov: Cov, w_std: float, b_std: float) -> Cov:
    """Covariance and NTK after Gaussian weights and a bias, from the input's mean products.

    With y = w_std W x / sqrt(fan in) + b_std b and W, b standard normal: K' = w_std^2 K + b_std^2. The gradients in W
    and b have inner product K', those in the layers below contribute w_std^2 Theta (Jacot et al. 2018, arXiv
    1806.07572, in the NTK parametrisation).
    """
    nngp = w_std**2 * cov.nngp + b_std**2
    return Cov(nngp, None if cov.ntk is None else nngp + w_std**2 * cov.ntk)


@dataclass(frozen=True)
class Dense(Layer):
    """Dense layer in NTK parametrisation, y = w_std W x / sqrt(fan in) + b_std b, with W and b standard normal.

    Attributes:
        w_std: standard deviation of the weights before division by sqrt(fan in), at least 0.
        b_std: standard deviation of the biases, at least 0; 0 leaves the bias out.

    Raises:
        NetError: for values that are not finite or negative.
    """

    w_std: float = 1.0
    b_std: float = 0.0
    name: ClassVar[str] = "dense"

    def __post_init__(self) -> None:
        object.__setattr__(self, "w_std", check_number("dense", "w_std", self.w_std, 0.0))
        object.__setattr__(self, "b_std", check_number("dense", "b_std", self.b_std, 0.0))

    def init(self, key: jax.Array, shape: tuple[int, ...], width: int) -> tuple[tuple[int, ...], Params]:
        """Weights (channels, width) and, with b_std > 0, biases (width,)."""
        w_key, b_key = jax.random.split(key)
        params = {"w": jax.random.normal(w_key, (shape[-1], width))}
        if self.b_std > 0:
            params["b"] = jax.random.normal(b_key, (width,))
        return (*shape[:-1], width), params

    def apply(self, params: Params, x: jax.Array) -> jax.Array:
        """Map the last axis: (n, *positions, channels) -> (n, *positions, width)."""
        y = jnp.matmul(x, params["w"]) * (self.w_std / math.sqrt(x.shape[-1]))
        return y + self.b_std * params["b"] if "b" in params else y

    def propagate(self, state: State) -> State:
        """`after_weights`, entry by entry."""
        return state.map_each(lambda cov: after_weights(cov, self.w_std, self.b_std))

    def check(self, flow: Flow) -> Flow:
        """Fresh Gaussian weights make the output Gaussian."""
        return replace(flow, gaussian=True)
