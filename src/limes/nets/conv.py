"""Convolution over one position axis (series) or two (images), with shared weights and without."""

import itertools
import math
from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp

from limes.core.errors import NetError
from limes.kernels.program import Step
from limes.kernels.state import Cov, State
from limes.nets.layer import Flow, Layer, Params, check_integers
from limes.nets.weights import RARE, Parametrisation, after_weights, as_step, check_weights, draw, effective, flow_after
from limes.nets.windows import PADDINGS, Padding, box_sum, output_size, pad_axis, sliding


@dataclass(frozen=True)
class Conv(Layer):
    """Convolution in NTK parametrisation: weights are w_std times standard normal over sqrt(window x channels).

    Attributes:
        kernel: window along each position axis; one number for series, two for images.
        strides: step along each position axis; None for ones.
        padding: "SAME" (zeros, as XLA), "VALID" (none) or "CIRCULAR" (as SAME, filled by wrapping).
        w_std, b_std, trainable, keep, rescale, parametrisation, base_width: as for `limes.nets.dense.Dense`; the base
            width counts channels.

    Raises:
        NetError: for values outside these ranges.
    """

    kernel: tuple[int, ...] = (3, 3)
    strides: tuple[int, ...] | None = None
    padding: Padding = "SAME"
    w_std: float = 1.0
    b_std: float = 0.0
    trainable: bool = True
    keep: float = 1.0
    rescale: bool = True
    parametrisation: Parametrisation = "ntk"
    base_width: float = 1.0
    name: ClassVar[str] = "conv"
    arithmetic: ClassVar[bool] = True
    brief: ClassVar[bool] = True
    rare: ClassVar[tuple[str, ...]] = RARE
    needs_positions: ClassVar[bool] = True
    fresh_weights: ClassVar[bool] = True

    def __post_init__(self) -> None:
        size = check_integers(self.name, "kernel", self.kernel)
        strides = (
            (1,) * len(size) if self.strides is None else check_integers(self.name, "strides", self.strides, len(size))
        )
        if self.padding not in PADDINGS:
            raise NetError(f"{self.name}: padding must be one of {PADDINGS}, not {self.padding!r}")
        object.__setattr__(self, "kernel", size)
        object.__setattr__(self, "strides", strides)
        check_weights(self)

    @property
    def _window(self) -> int:
        return math.prod(self.kernel)

    def _axes(self) -> list[tuple[int, int]]:
        assert self.strides is not None
        return list(zip(self.kernel, self.strides, strict=True))

    def _check_rank(self, n_positions: int) -> None:
        if n_positions != len(self.kernel):
            wanted = "(n, time, channels)" if len(self.kernel) == 1 else "(n, height, width, channels)"
            raise NetError(
                f"{self.name} with kernel {self.kernel} needs inputs {wanted}, but they have {n_positions} position "
                "axes: add a channel axis with x[..., None], or choose a kernel of another length"
            )

    def _sizes(self, positions: tuple[int, ...]) -> list[int]:
        """Positions after the layer."""
        return [output_size(n, *axis, self.padding) for n, axis in zip(positions, self._axes(), strict=True)]

    def _padded(self, x: jax.Array) -> jax.Array:
        self._check_rank(x.ndim - 2)
        for axis, (window, stride) in enumerate(self._axes(), start=1):
            x = pad_axis(x, axis, window, stride, self.padding)
        return x

    def init(self, key: jax.Array, shape: tuple[int, ...], width: int) -> tuple[tuple[int, ...], Params]:
        """Weights (*kernel, channels, width) and, with b_std > 0, biases (width,)."""
        self._check_rank(len(shape) - 1)
        params = draw(self, key, (*self.kernel, shape[-1], width), (width,), self._window)
        return (*self._sizes(shape[:-1]), width), params

    def apply(self, params: Params, x: jax.Array) -> jax.Array:
        """(n, *positions, channels) -> (n, *positions', width)."""
        w, b = effective(self, params, x.shape[-1], self._window)
        strides = [stride for _, stride in self._axes()]
        letters = "HW"[: len(self.kernel)]
        numbers = (f"N{letters}C", f"{letters}IO", f"N{letters}C")
        y = jax.lax.conv_general_dilated(self._padded(x), w, strides, "VALID", dimension_numbers=numbers)
        return y if b is None else y + b

    def propagate(self, state: State) -> State:
        """Mean over the window of covariances of equally shifted positions, then as for dense weights."""
        self._check_rank(state.n_positions)

        def mean_over_window(k: jax.Array) -> jax.Array:
            groups = 2 if state.layout == "pairs" else 1
            first = k.ndim - groups * state.n_positions
            for i, (window, stride) in enumerate(self._axes()):
                axes = tuple(first + g * state.n_positions + i for g in range(groups))
                k = box_sum(k, axes, window, stride, self.padding)
            return k / self._window

        def rule(cov: Cov) -> Cov:
            return after_weights(self, cov.map(mean_over_window), self._window)

        return state.map_each(rule)

    def steps(self, sizes: tuple[int, ...]) -> tuple[Step, ...] | None:
        """One window, unless its padding wraps."""
        self._check_rank(len(sizes))
        assert self.strides is not None
        window = sliding(sizes, self.kernel, self.strides, self.padding)
        return None if window is None else (as_step(self, window),)

    def check(self, flow: Flow) -> Flow:
        """Fresh Gaussian weights make the output Gaussian; there must be positions left."""
        if flow.mixed:
            raise NetError("a convolution cannot follow flatten or pooling to a vector: put it before them")
        return flow_after(self, flow)


@dataclass(frozen=True)
class ConvLocal(Conv):
    """Locally connected layer: a convolution whose weights and biases are drawn anew for each position.

    Attributes are those of `Conv`.
    """

    name: ClassVar[str] = "conv_local"
    arithmetic: ClassVar[bool] = True

    def init(self, key: jax.Array, shape: tuple[int, ...], width: int) -> tuple[tuple[int, ...], Params]:
        """Weights (*positions', *kernel, channels, width) and, with b_std > 0, biases (*positions', width)."""
        self._check_rank(len(shape) - 1)
        sizes = self._sizes(shape[:-1])
        params = draw(self, key, (*sizes, *self.kernel, shape[-1], width), (*sizes, width), self._window)
        return (*sizes, width), params

    def apply(self, params: Params, x: jax.Array) -> jax.Array:
        """(n, *positions, channels) -> (n, *positions', width)."""
        w, b = effective(self, params, x.shape[-1], self._window)
        padded, sizes = self._padded(x), w.shape[: len(self.kernel)]
        letters = "hw"[: len(sizes)]
        y = None
        for offset in itertools.product(*(range(k) for k in self.kernel)):
            part = padded
            for axis, (start, (_, stride), size) in enumerate(zip(offset, self._axes(), sizes, strict=True), start=1):
                part = jax.lax.slice_in_dim(part, start, start + stride * (size - 1) + 1, stride, axis)
            weights = w[(slice(None),) * len(sizes) + offset]
            term = jnp.einsum(f"n{letters}c,{letters}cd->n{letters}d", part, weights)
            y = term if y is None else y + term
        assert y is not None
        return y if b is None else y + b

    def steps(self, sizes: tuple[int, ...]) -> None:
        """None: compiled loops know no layer that cuts the covariance of unequal positions."""

    def propagate(self, state: State) -> State:
        """As a convolution for equal positions; units of unequal ones have independent weights, and covariance 0."""
        state = super().propagate(state)
        if state.layout != "pairs":
            return state
        positions = state.cross.nngp.shape[-state.n_positions :]
        equal = jnp.eye(math.prod(positions), dtype=state.cross.nngp.dtype).reshape(positions * 2)
        return state.map_each(lambda cov: cov.map(lambda k: k * equal))
