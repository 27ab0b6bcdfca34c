"""The architecture object: a composition of layers without weights."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from limes.core import precision
from limes.core.errors import NetError
from limes.core.keys import KeyLike, as_key
from limes.core.types import Array
from limes.kernels import tiles
from limes.kernels.coincidence import fingerprints
from limes.kernels.program import Program, Sliding
from limes.kernels.sequences import row_ids, split
from limes.kernels.state import Layout, State
from limes.nets.compose import apply_all, as_layers, check_all, init_all, layouts, propagate_all
from limes.nets.layer import Flow, Layer, Params
from limes.nets.residual import Residual


@dataclass(frozen=True)
class Net:
    """An architecture: layers after one another. Hashable, comparable, printable, serialisable.

    Nets without a layer that acts on positions flatten their inputs themselves; the caller never does.

    Attributes:
        layers: the layers, first to last.

    Raises:
        NetError: if there is no layer, or a layer has no Gaussian limit where it stands.

    Example:
        >>> import numpy as np
        >>> from limes import nets
        >>> net = nets.serial(nets.Dense(1.5), nets.Relu(), nets.Dense(1.5))
        >>> net.kernel(np.eye(3), get="ntk").ntk.shape
        (3, 3)
    """

    layers: tuple[Layer, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", as_layers("a net", self.layers))
        if not self.layers:
            raise NetError("a net needs at least one layer")
        check_all(self.layers, Flow())

    def __str__(self) -> str:
        return " > ".join(_short(layer) for layer in self.layers)

    @property
    def needs_positions(self) -> bool:
        """Whether inputs keep their position axes."""
        return any(layer.needs_positions for layer in self.layers)

    @property
    def random(self) -> bool:
        """Whether a layer draws masks, so that a row and a copy of it in another batch differ."""
        return any(layer.random for layer in self.layers)

    @property
    def arithmetic(self) -> bool:
        """Whether the recursion consists of arithmetic and square roots, see `limes.kernels.compiling`."""
        return all(layer.arithmetic for layer in self.layers)

    @property
    def positive(self) -> bool:
        """Whether the kernel is a power series in the inputs' covariance with non-negative coefficients."""
        return all(layer.positive for layer in self.layers)

    @property
    def homogeneous(self) -> bool:
        """Whether K(c x, z) = c K(x, z) for every c > 0."""
        return all(layer.homogeneous for layer in self.layers)

    @property
    def layout(self) -> Layout:
        """Which entries of the inputs' covariance the recursion starts from; see `limes.kernels.state`."""
        return layouts(self.layers, "position")[0] if self.needs_positions else "vector"

    def prepare(self, x: jax.Array, lengths: jax.Array | None = None) -> jax.Array:
        """Flatten a batch to vectors, unless the net acts on positions; align sequences of unequal lengths.

        Raises:
            NetError: if the net needs positions and the batch has none, or cannot treat unequal lengths.
        """
        if lengths is not None:
            return self.layers[0].aligned(x, lengths)
        if self.needs_positions:
            if x.ndim < 3:
                raise NetError(
                    f"a convolutional net needs (n, time, channels) or (n, height, width, channels), not {x.shape}: "
                    "reshape vectors to images, and give single-channel images a last axis with x[..., None]"
                )
            return x
        return x.reshape(x.shape[0], -1)

    def propagate(self, state: State) -> State:
        """The kernel recursion from inputs to outputs.

        Raises:
            NetError: if positions are left at the end.
        """
        state = propagate_all(self.layers, state)
        if state.n_positions:
            raise NetError("the net ends with positions: add Flatten() or GlobalAvgPool(), and a dense read-out")
        return state

    def program(self, shape: tuple[int, ...]) -> Program | None:
        """The layers up to the head, for inputs (*positions, channels), as a program for compiled loops.

        None where one of them has no such form, or for a net without positions.
        """
        sizes, steps = list(shape[:-1]), []
        if not self.needs_positions or len(sizes) not in (1, 2):
            return None
        for i, layer in enumerate(self.layers):
            head = layer.head(math.prod(sizes))
            if head is not None:
                image = (*shape[:-1], 1)[:2]
                readout = all(after.fresh_weights for after in self.layers[i + 1 :])
                return Program(tuple(steps), (image[0], image[1]), *head, readout) if steps else None
            more = layer.steps(tuple(sizes))
            if more is None:
                return None
            steps.extend(more)
            for step in more:
                if isinstance(step, Sliding):
                    sizes = list(step.sizes_after((*sizes, 1)[:2]))[: len(sizes)]  # pyright: ignore
        return None

    def finish(self, state: State) -> State:
        """The recursion behind the head of `program`."""
        after = next(i for i, layer in enumerate(self.layers) if layer.head(1) is not None) + 1
        return propagate_all(self.layers[after:], state)

    def kernel(
        self,
        x1: Array,
        x2: Array | None = None,
        get: str | Sequence[str] = ("nngp", "ntk"),
        *,
        memory: str | int | None = None,
        tile: int | None = None,
        progress: Any = None,
    ) -> tiles.Kernel:
        """The infinite-width kernel between two batches; see `limes.kernels.tiles.kernel`."""
        return tiles.kernel(self, x1, x2, get, memory=memory, tile=tile, progress=progress)

    def init(
        self, key: KeyLike, input_shape: Sequence[int], width: int = 1024, outputs: int = 1, dtype: Any = "float32"
    ) -> list[Params]:
        """Random weights of a finite network.

        Args:
            key: int or JAX key.
            input_shape: shape of one input, without the batch.
            width: channels of every layer with weights but the last.
            outputs: channels of the last one.
            dtype: "float32" or "float64".

        Raises:
            NetError: if the layers do not fit the shape or each other.
        """
        shape = tuple(int(n) for n in input_shape)
        shape = shape if self.needs_positions else (int(np.prod(shape)),)
        last = max((i for i, layer in enumerate(self.layers) if layer.fresh_weights), default=-1)
        if any(isinstance(layer, Residual) for layer in self.layers[last + 1 :]):
            raise NetError("the net ends in a residual block: add a dense read-out to choose the number of outputs")
        widths = [outputs if i == last else width for i in range(len(self.layers))]
        with precision.scope(dtype):
            params = init_all(self.layers, as_key(key), shape, widths)[1]
            return jax.tree.map(lambda p: p.astype(dtype), params)

    def apply(self, params: list[Params], x: Array) -> jax.Array:
        """Outputs of the finite network: (n, features...) -> (n, outputs), in the precision of the weights.

        For recurrent nets `x` may be a pair (x, lengths). Products are as precise as the weights on every device: left
        to itself, JAX rounds the factors of float32 products on a GPU to 10 bits.
        """
        x, lengths = split(x)
        weights = jax.tree.leaves(params)
        dtype = np.dtype(weights[0].dtype) if weights else precision.float_dtype(x)
        with precision.scope(dtype), jax.default_matmul_precision("highest"):
            x = jnp.asarray(x, dtype)
            if lengths is None:
                return apply_all(self.layers, params, self.prepare(x), fingerprints(x))
            steps = jnp.asarray(lengths)
            ids = row_ids(x, steps)
            first = self.layers[0].apply_sequences(params[0], x, steps, ids)
            return apply_all(self.layers[1:], params[1:], first, ids)

    def to_spec(self) -> list[dict[str, Any]]:
        """The net as a list of plain dicts, read back by `limes.nets.from_spec`."""
        return [layer.to_dict() for layer in self.layers]


def _short(layer: Layer) -> str:
    fields = {k: v for k, v in layer.shown().items() if k not in ("body", "shortcut")}
    inner = ", ".join(f"{k} {v:.4g}" if isinstance(v, float) else f"{k} {v}" for k, v in fields.items() if v != 0)
    if isinstance(layer, Residual):
        parts = [" > ".join(_short(part) for part in branch) for branch in (layer.body, layer.shortcut) if branch]
        inner = " | ".join(parts)
    return f"{layer.name}({inner})" if inner else layer.name


def serial(*layers: Layer | Net) -> Net:
    """A net from layers (or nets, whose layers are taken in) after one another."""
    return Net(layers)  # pyright: ignore[reportArgumentType]
