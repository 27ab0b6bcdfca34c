"""Convolution over one position axis (series) or two (images)."""

import math
from dataclasses import dataclass, replace
from typing import ClassVar

import jax

from limes.core.errors import NetError
from limes.kernels.state import Cov, State
from limes.nets.dense import after_weights
from limes.nets.layer import Flow, Layer, Params, check_integers, check_number
from limes.nets.windows import PADDINGS, Padding, box_sum, output_size, pad_axis


@dataclass(frozen=True)
class Conv(Layer):
    """Convolution in NTK parametrisation: weights are w_std times standard normal over sqrt(window x channels).

    Attributes:
        kernel: window along each position axis; one number for series, two for images.
        strides: step along each position axis; None for ones.
        padding: "SAME" (zeros, as XLA), "VALID" (none) or "CIRCULAR" (as SAME, filled by wrapping).
        w_std: standard deviation of the weights, at least 0.
        b_std: standard deviation of the biases, at least 0.

    Raises:
        NetError: for values outside these ranges.
    """

    kernel: tuple[int, ...] = (3, 3)
    strides: tuple[int, ...] | None = None
    padding: Padding = "SAME"
    w_std: float = 1.0
    b_std: float = 0.0
    name: ClassVar[str] = "conv"
    needs_positions: ClassVar[bool] = True

    def __post_init__(self) -> None:
        size = check_integers("conv", "kernel", self.kernel)
        strides = (
            (1,) * len(size) if self.strides is None else check_integers("conv", "strides", self.strides, len(size))
        )
        if self.padding not in PADDINGS:
            raise NetError(f"conv: padding must be one of {PADDINGS}, not {self.padding!r}")
        object.__setattr__(self, "kernel", size)
        object.__setattr__(self, "strides", strides)
        object.__setattr__(self, "w_std", check_number("conv", "w_std", self.w_std, 0.0))
        object.__setattr__(self, "b_std", check_number("conv", "b_std", self.b_std, 0.0))

    def _axes(self) -> list[tuple[int, int]]:
        assert self.strides is not None
        return list(zip(self.kernel, self.strides, strict=True))

    def _check_rank(self, n_positions: int) -> None:
        if n_positions != len(self.kernel):
            wanted = "(n, time, channels)" if len(self.kernel) == 1 else "(n, height, width, channels)"
            raise NetError(
                f"conv with kernel {self.kernel} needs inputs {wanted}, but they have {n_positions} position axes: "
                "add a channel axis with x[..., None], or choose a kernel of another length"
            )

    def init(self, key: jax.Array, shape: tuple[int, ...], width: int) -> tuple[tuple[int, ...], Params]:
        """Weights (*kernel, channels, width) and, with b_std > 0, biases (width,)."""
        self._check_rank(len(shape) - 1)
        w_key, b_key = jax.random.split(key)
        params = {"w": jax.random.normal(w_key, (*self.kernel, shape[-1], width))}
        if self.b_std > 0:
            params["b"] = jax.random.normal(b_key, (width,))
        sizes = [output_size(n, *axis, self.padding) for n, axis in zip(shape[:-1], self._axes(), strict=True)]
        return (*sizes, width), params

    def apply(self, params: Params, x: jax.Array) -> jax.Array:
        """(n, *positions, channels) -> (n, *positions', width)."""
        self._check_rank(x.ndim - 2)
        fan_in = math.prod(self.kernel) * x.shape[-1]
        for axis, (window, stride) in enumerate(self._axes(), start=1):
            x = pad_axis(x, axis, window, stride, self.padding)
        strides = [stride for _, stride in self._axes()]
        letters = "HW"[: len(self.kernel)]
        numbers = (f"N{letters}C", f"{letters}IO", f"N{letters}C")
        y = jax.lax.conv_general_dilated(x, params["w"], strides, "VALID", dimension_numbers=numbers)
        y = y * (self.w_std / math.sqrt(fan_in))
        return y + self.b_std * params["b"] if "b" in params else y

    def propagate(self, state: State) -> State:
        """Mean over the window of covariances of equally shifted positions, then as for dense weights."""
        self._check_rank(state.n_positions)

        def mean_over_window(k: jax.Array) -> jax.Array:
            groups = 2 if state.layout == "pairs" else 1
            first = k.ndim - groups * state.n_positions
            for i, (window, stride) in enumerate(self._axes()):
                axes = tuple(first + g * state.n_positions + i for g in range(groups))
                k = box_sum(k, axes, window, stride, self.padding)
            return k / math.prod(self.kernel)

        def rule(cov: Cov) -> Cov:
            return after_weights(cov.map(mean_over_window), self.w_std, self.b_std)

        return state.map_each(rule)

    def check(self, flow: Flow) -> Flow:
        """Fresh Gaussian weights make the output Gaussian; there must be positions left."""
        if flow.mixed:
            raise NetError("a convolution cannot follow flatten or pooling to a vector: put it before them")
        return replace(flow, gaussian=True)
