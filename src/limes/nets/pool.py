"""Pooling over windows: the mean or the sum of the positions in each."""

import math
from dataclasses import dataclass
from typing import ClassVar

import jax

from limes.core.errors import NetError
from limes.kernels.program import Pool, Step
from limes.kernels.state import Layout, State
from limes.nets.layer import Flow, Layer, Params, check_integers
from limes.nets.windows import PADDINGS, Padding, box_sum, output_size, sliding


@dataclass(frozen=True)
class AvgPool(Layer):
    """Mean over a window that slides over the positions. Padding counts as zeros: the divisor is the whole window.

    Attributes:
        window: size along each position axis; one number for series, two for images.
        strides: step along each position axis; None for the window.
        padding: "VALID" (none), "SAME" (zeros, as XLA) or "CIRCULAR" (as SAME, filled by wrapping).

    Raises:
        NetError: for values outside these ranges.
    """

    window: tuple[int, ...]
    strides: tuple[int, ...] | None = None
    padding: Padding = "VALID"
    name: ClassVar[str] = "avg_pool"
    arithmetic: ClassVar[bool] = True
    needs_positions: ClassVar[bool] = True
    linear: ClassVar[bool] = True
    average: ClassVar[bool] = True

    def __post_init__(self) -> None:
        size = check_integers(self.name, "window", self.window)
        strides = size if self.strides is None else check_integers(self.name, "strides", self.strides, len(size))
        if self.padding not in PADDINGS:
            raise NetError(f"{self.name}: padding must be one of {PADDINGS}, not {self.padding!r}")
        object.__setattr__(self, "window", size)
        object.__setattr__(self, "strides", strides)

    def _axes(self) -> list[tuple[int, int]]:
        assert self.strides is not None
        return list(zip(self.window, self.strides, strict=True))

    def _check_rank(self, n_positions: int) -> None:
        if n_positions != len(self.window):
            raise NetError(
                f"{self.name} with window {self.window} needs inputs with {len(self.window)} position axes, but they "
                f"have {n_positions}: choose a window of that length"
            )

    @property
    def _scale(self) -> float:
        return 1 / math.prod(self.window) if self.average else 1.0

    def init(self, key: jax.Array, shape: tuple[int, ...], width: int) -> tuple[tuple[int, ...], Params]:
        """No weights."""
        self._check_rank(len(shape) - 1)
        sizes = [output_size(n, *axis, self.padding) for n, axis in zip(shape[:-1], self._axes(), strict=True)]
        return (*sizes, shape[-1]), ()

    def apply(self, params: Params, x: jax.Array) -> jax.Array:
        """(n, *positions, channels) -> (n, *positions', channels)."""
        self._check_rank(x.ndim - 2)
        for axis, (window, stride) in enumerate(self._axes(), start=1):
            x = box_sum(x, (axis,), window, stride, self.padding)
        return x * self._scale

    def needs(self, after: Layout) -> Layout:
        """All pairs of positions: those within a window are summed."""
        return "pairs"

    def propagate(self, state: State) -> State:
        """Sum over both windows of a pair of positions, each of which slides on its own."""
        self._check_rank(state.n_positions)

        def pool(k: jax.Array) -> jax.Array:
            for i, (window, stride) in enumerate(self._axes() * 2):
                k = box_sum(k, (k.ndim - 2 * state.n_positions + i,), window, stride, self.padding)
            return k * self._scale**2

        return state.map_each(lambda cov: cov.map(pool))

    def steps(self, sizes: tuple[int, ...]) -> tuple[Step, ...] | None:
        """One pool, unless its padding wraps."""
        self._check_rank(len(sizes))
        assert self.strides is not None
        window = sliding(sizes, self.window, self.strides, self.padding)
        factor = self._scale**2
        return None if window is None else (Pool(window.size, window.strides, window.before, window.after, factor),)

    def check(self, flow: Flow) -> Flow:
        """A sum of Gaussians is Gaussian; there must be positions left."""
        if flow.mixed:
            raise NetError(f"{self.name} cannot follow flatten or pooling to a vector: there are no positions left")
        return flow


@dataclass(frozen=True)
class SumPool(AvgPool):
    """Sum over a window that slides over the positions; attributes as for `AvgPool`."""

    name: ClassVar[str] = "sum_pool"
    arithmetic: ClassVar[bool] = True
    average: ClassVar[bool] = False
