"""How an empirical NTK will be computed: by which method, in tiles of how many rows, with how many bytes."""

import functools
import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import jax
import jax.numpy as jnp
import numpy as np

from limes.core import memory as mem
from limes.core import precision
from limes.core.devices import device_bytes
from limes.core.errors import InputError
from limes.core.memory import format_bytes
from limes.core.types import Array
from limes.finite import derivatives, modes, products
from limes.finite.modes import Mode
from limes.finite.network import Apply, Network, Weighted, precision_of, weighted

Method = Literal["structured", "jacobian", "products"]

_KEPT = 1 << 28  # bytes of kept derivatives, beyond which little is saved: the others are derived again less often
_CACHED = 1 << 23  # bytes of a tile's derivatives: larger tiles fall out of the processor's cache and gain nothing
_TILE_SHARE, _KEPT_SHARE = 1 / 16, 1 / 4  # the same on an accelerator, of its memory
_ALONE = 4  # times slower than large products are those of one example's derivative in the weights (a 3x3 convolution)
_FEW = 32  # rows of a second batch that pass by at once
_LEAST, _MOST = 4, 512  # rows of a tile that are worth more bytes, and beyond which nothing is gained


@dataclass(frozen=True)
class Plan:
    """A way to compute an empirical NTK.

    Attributes:
        method: "structured", "jacobian" or "products".
        flops: of each method, multiplications and additions, about; slow ones count as many times as they are slower.
        factored: share of the weights whose derivative is never held, with "structured".
        tile: rows of a tile.
        kept: tiles of the first batch whose derivatives are kept at a time, while one of the second passes by.
        bytes: estimated peak beside inputs and weights: result, derivatives of these tiles and of one more, and what
            their programs need.
        limit: the memory limit that `tile` and `kept` were chosen for.
    """

    method: Method
    flops: Mapping[Method, float]
    factored: float
    tile: int
    kept: int
    bytes: int
    limit: int

    def __str__(self) -> str:
        costs = ", ".join(f"{name} {flops:.2g}" for name, flops in sorted(self.flops.items(), key=lambda item: item[1]))
        share = f" ({self.factored:.0%} of the weights in factors)" if self.method == "structured" else ""
        kept = f", {self.kept} of them kept" if self.kept > 1 else ""
        return f"{self.method}{share}, tiles of {self.tile} rows{kept}, {format_bytes(self.bytes)}; flops: {costs}"


@dataclass(frozen=True, eq=False)
class Programs:
    """Compiled for tiles of one size.

    Attributes:
        derive: derivatives of a tile, or None where a block is computed from the inputs themselves.
        block: the kernel of two tiles.
        columns: rows of the second batch that `block` derives itself, or None where it takes derivatives of a tile.
    """

    derive: Any
    block: Any
    columns: int | None = None

    @functools.cached_property
    def held(self) -> int:
        """Bytes of the derivatives of a tile."""
        return 0 if self.derive is None else int(self.derive.memory_analysis().output_size_in_bytes)

    @functools.cached_property
    def own(self) -> int:
        """Bytes that the programs need beside: the larger of both."""
        first = 0 if self.derive is None else self.derive.memory_analysis().temp_size_in_bytes
        second = self.block.memory_analysis()
        return int(max(first, second.temp_size_in_bytes + second.output_size_in_bytes))

    def bytes(self, kept: int = 1) -> int:
        """Peak with the derivatives of so many tiles, and of one more where they are held."""
        return (kept + (self.columns is None)) * self.held + self.own


def plan(
    apply: Apply,
    params: Any,
    x1: Array,
    x2: Array | None = None,
    trace: bool = True,
    *,
    output: int | None = None,
    method: Method | Literal["auto"] = "auto",
    memory: str | int | None = None,
    tile: int | None = None,
) -> Plan:
    """How `empirical_ntk` with the same arguments would go about it: ``print(plan(...))``.

    Raises:
        InputError, DtypeError, MemoryRefused: as `limes.finite.empirical_ntk`.

    Example:
        >>> import numpy as np, limes as lm
        >>> net, x = lm.nets.mlp(2), np.eye(8, dtype="float32")
        >>> plan(net.apply, net.init(0, (8,), width=64, outputs=10), x).method
        'structured'
    """
    with precision.scope(precision_of(params)):
        found = weighted(apply, params, x1)
        mode = modes.parse(found.network.outputs, trace, output)
        first, second = found.batches(x1, x2)
        sizes = len(first), len(first if second is None else second)
        return choose(found, mode, first[:1], sizes, second is None, method, memory, tile)


def choose(
    found: Weighted,
    mode: Mode,
    example: np.ndarray,
    sizes: tuple[int, int],
    same: bool,
    method: str,
    memory: str | int | None,
    tile: int | None,
) -> Plan:
    """The cheapest method that fits the limit, with the largest tile that is of use.

    Args:
        found: the network.
        mode: what is asked for.
        example: (1, ...), of the inputs' shape and dtype.
        sizes: n1 and n2.
        same: whether the second batch is the first.
        method: "auto" or one of the methods.
        memory: limit, see `limes.core.memory.limit`.
        tile: rows, or None.

    Raises:
        InputError: for an unknown method or a bad tile.
        MemoryRefused: if not even one pair of rows fits.
    """
    if method not in ("auto", *get_args(Method)):
        raise InputError(f"method must be auto, {', '.join(get_args(Method))}, not {method!r}")
    if tile is not None and (isinstance(tile, bool) or not isinstance(tile, int | np.integer) or tile < 1):
        raise InputError(f"tile must be a number of rows of at least 1, not {tile!r}")
    one = jax.ShapeDtypeStruct(example.shape[1:], example.dtype)
    costs = _costs(found.network, mode, _shapes(found.weights), _shapes(found.others), one, sizes)
    bound = mem.limit(memory)
    result = math.prod(mode.block(*sizes)) * found.dtype.itemsize
    ways_out = "ask for fewer rows, for trace=True, or use limes.finite.ntk_operator, which holds no kernel"
    what = f"an empirical NTK of {sizes[0]} x {sizes[1]} rows with {mode.products} products of gradients for each pair"
    mem.require(result, what, ways_out, memory)
    names: list[Any] = sorted(costs.flops, key=costs.flops.__getitem__) if method == "auto" else [method]
    needed, device = 0, device_bytes()
    useful, worth_keeping = _worth(device)
    room = bound - result if device is None else min(bound - result, device)
    for name in names:
        rows = min(tile, max(sizes)) if tile else _evenly(max(sizes), _first_guess(costs.held[name], useful, bound))
        while True:
            programs = compiled(found, mode, name, example, rows, whole(rows, sizes, same))
            needed = programs.bytes()
            if needed <= room or rows == 1 or tile is not None:
                break
            rows = _evenly(max(sizes), max(1, min(rows - 1, int(rows * room / needed))))
        if needed <= room:
            kept = _kept(programs.held, worth_keeping, room - needed, -(-sizes[0] // rows))
            return Plan(name, costs.flops, costs.factored, rows, kept, result + programs.bytes(kept), bound)
    mem.require(result + needed, what, ways_out, min(bound, result + room))
    raise AssertionError("unreachable: the limit was passed")


def _worth(device: int | None) -> tuple[int, int]:
    """Bytes of derivatives that are worth holding, of a tile and of all kept ones, with the bytes of an accelerator.

    An accelerator wants large batches and derivatives that are made once: it has no cache to fall out of, and memory
    of its own.
    """
    return (_CACHED, _KEPT) if device is None else (int(_TILE_SHARE * device), int(_KEPT_SHARE * device))


def _first_guess(each: int, useful: int, bound: int) -> int:
    """Rows whose derivatives, of `each` bytes, take a useful amount of memory; what they really take is measured."""
    return max(1, min(_MOST, max(_LEAST, useful // each), bound // each))


def _evenly(n: int, most: int) -> int:
    """Rows of the fewest tiles of at most so many rows, all of nearly one size: the last one is filled up."""
    return -(-n // -(-n // most))


def _kept(held: int, worth: int, spare: int, tiles: int) -> int:
    """How many of so many tiles, each of `held` bytes, are kept: the first, and what is worth it of spare bytes."""
    return 1 if held == 0 else max(1, min(tiles, worth // held, 1 + spare // held))


@dataclass(frozen=True)
class _Costs:
    """Operations of each method, bytes that each holds of an example, and the share of weights in factors."""

    flops: Mapping[Method, float]
    held: Mapping[Method, int]
    factored: float


@functools.lru_cache(maxsize=64)
def _costs(network: Network, mode: Mode, weights: Any, others: Any, example: Any, sizes: tuple[int, int]) -> _Costs:
    """A pass backward costs a pass forward for the inputs and another one, in small products, for the weights."""
    how = derivatives.backward(network, mode, True, list(weights), list(others), example)
    once, rows, (n1, n2) = how.forward.flops, mode.rows, sizes
    both, size, itemsize = n1 + n2, sum(math.prod(w.shape) for w in weights), weights[0].dtype.itemsize
    each = how.rows(mode)
    parts = list(zip(how.factors, itertools.repeat(mode), each, strict=False))
    loose = sum(r * math.prod(weights[i].shape) for i, r in zip(how.loose, each[len(parts) :], strict=True))
    factored = sum(factor.inputs * factor.outputs for factor in how.factors)
    pairs = sum(min(derivatives.costs(*part)) for part in parts)
    held = sum(derivatives.held(*part) for part in parts) + loose
    return _Costs(
        flops={
            "structured": both * once * (1 + rows) + 2 * n1 * n2 * (pairs + (rows if mode.full else 1) * loose),
            "jacobian": both * once * (1 + (1 + _ALONE) * rows) + 2 * n1 * n2 * mode.products * size,
            "products": (n1 + n2 * (1 + (1 + _ALONE) * rows)) * once + 2 * n1 * n2 * rows * once,
        },
        held={"structured": held * itemsize, "jacobian": rows * size * itemsize, "products": size * itemsize},
        factored=factored / size,
    )


def _shapes(leaves: Any) -> tuple[Any, ...]:
    return tuple(jax.ShapeDtypeStruct(jnp.shape(a), a.dtype) for a in leaves)


Whole = Literal["one batch", "two batches"] | None


def whole(tile: int, sizes: tuple[int, int], same: bool) -> Whole:
    """Whether a single tile holds each batch, so that fewer programs do all: their calls count if all is small."""
    return None if tile < max(sizes) else "one batch" if same else "two batches"


def compiled(found: Weighted, mode: Mode, method: str, example: np.ndarray, tile: int, whole: Whole) -> Programs:
    """The programs of a method for tiles of one size, or for whole batches of it."""
    x = jax.ShapeDtypeStruct((tile, *example.shape[1:]), example.dtype)
    shapes = [
        tuple(jax.ShapeDtypeStruct(jnp.shape(a), a.dtype) for a in part) for part in (found.weights, found.others)
    ]
    return _compiled(found.network, mode, method, *shapes, x, whole)


@functools.lru_cache(maxsize=32)
def _compiled(network: Network, mode: Mode, method: str, weights: Any, others: Any, x: Any, whole: Whole) -> Programs:
    weights, others = list(weights), list(others)
    if method == "products":
        block = functools.partial(products.contract, network, mode)
        return Programs(None, jax.jit(block).lower(weights, others, x, x).compile())
    derive = functools.partial(derivatives.differentiate, network, mode, method == "structured")
    if whole == "one batch" or (whole and mode.full):

        def at_once(weights: Any, others: Any, x1: Any, x2: Any) -> jax.Array:
            first = derive(weights, others, x1)
            second = first if whole == "one batch" else derive(weights, others, x2)
            return derivatives.contract(mode, first, second)

        return Programs(None, jax.jit(at_once, keep_unused=True).lower(weights, others, x, x).compile())
    first, made = jax.jit(derive).lower(weights, others, x).compile(), jax.eval_shape(derive, weights, others, x)
    if whole:
        part = jax.ShapeDtypeStruct((_half(x.shape[0]), *x.shape[1:]), x.dtype)

        def passing(weights: Any, others: Any, held: derivatives.Derivatives, x2: Any) -> jax.Array:
            return derivatives.contract(mode, held, derive(weights, others, x2))

        second = jax.jit(passing, keep_unused=True).lower(weights, others, made, part)
        return Programs(first, second.compile(), part.shape[0])
    return Programs(first, jax.jit(functools.partial(derivatives.contract, mode)).lower(made, made).compile())


def _half(n: int) -> int:
    """Rows of the second batch that pass by at a time, so that not all of its derivatives stand beside those of n rows.

    Not where all pairs of outputs are asked for: their blocks are too large to be put together for nothing.
    """
    return max(min(_FEW, n), -(-n // 2))
