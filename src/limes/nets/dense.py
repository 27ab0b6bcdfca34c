"""The fully connected layer; on inputs with positions it acts on the channels of each position."""

from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp

from limes.kernels.program import Step
from limes.kernels.state import State
from limes.nets.layer import Flow, Layer, Params
from limes.nets.weights import RARE, Parametrisation, after_weights, as_step, check_weights, draw, effective, flow_after


@dataclass(frozen=True)
class Dense(Layer):
    """Dense layer, y = w_std W x / sqrt(fan in) + b_std b, with W and b standard normal (NTK parametrisation).

    Attributes:
        w_std: standard deviation of the weights before division by sqrt(fan in), at least 0.
        b_std: standard deviation of the biases, at least 0; 0 leaves the bias out.
        trainable: whether weights and biases are trained; frozen ones add nothing to the NTK.
        keep: share of the weights that random pruning leaves, above 0 and at most 1.
        rescale: whether the weights that are left are divided by sqrt(keep), which restores the kernel.
        parametrisation: "ntk", or "standard", where the NTK is taken in the weights themselves: a network of width s N
            computes W x / sqrt(s) + b with weights of variance w_std^2 / N.
        base_width: N, in the standard parametrisation: the number of inputs to the layer in the network of ordinary
            width that the limit stands for; for a first layer that is the number of features.

    Raises:
        NetError: for values out of range.
    """

    w_std: float = 1.0
    b_std: float = 0.0
    trainable: bool = True
    keep: float = 1.0
    rescale: bool = True
    parametrisation: Parametrisation = "ntk"
    base_width: float = 1.0
    name: ClassVar[str] = "dense"
    arithmetic: ClassVar[bool] = True
    brief: ClassVar[bool] = True
    rare: ClassVar[tuple[str, ...]] = RARE
    fresh_weights: ClassVar[bool] = True
    positive: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_weights(self)

    def init(self, key: jax.Array, shape: tuple[int, ...], width: int) -> tuple[tuple[int, ...], Params]:
        """Weights (channels, width) and, with b_std > 0, biases (width,)."""
        return (*shape[:-1], width), draw(self, key, (shape[-1], width), (width,), 1)

    def apply(self, params: Params, x: jax.Array) -> jax.Array:
        """Map the last axis: (n, *positions, channels) -> (n, *positions, width)."""
        w, b = effective(self, params, x.shape[-1], 1)
        y = jnp.matmul(x, w)
        return y if b is None else y + b

    def propagate(self, state: State) -> State:
        """`after_weights`, entry by entry."""
        return state.map_each(lambda cov: after_weights(self, cov))

    @property
    def homogeneous(self) -> bool:
        """Without biases."""
        return as_step(self).bias == as_step(self).own_bias == 0

    @property
    def adjustable(self) -> tuple[str, ...]:
        """Standard deviations; in the standard parametrisation it matters whether there are biases at all."""
        return ("w_std", "b_std") if self.parametrisation == "ntk" else ("w_std", "base_width")

    def steps(self, sizes: tuple[int, ...]) -> tuple[Step, ...]:
        """A window of one position."""
        return (as_step(self),)

    def check(self, flow: Flow) -> Flow:
        """Fresh Gaussian weights make the output Gaussian."""
        return flow_after(self, flow)
