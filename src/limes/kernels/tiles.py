"""Whole kernels from blocks: tiles that fit the cache, half of them by symmetry, bytes checked first."""

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from limes.core import memory as mem
from limes.core import precision
from limes.core.devices import device_bytes
from limes.core.errors import InputError
from limes.core.types import Array
from limes.kernels.block import block, block_behind_head, check_get, packed_block
from limes.kernels.compiling import jit_of_net
from limes.kernels.engines import on_gpu, recursion, tile_rows, worth_compiling
from limes.kernels.pieces import Compute, Piece, batch, cut, on_device, on_host
from limes.kernels.program import Program
from limes.kernels.sequences import split, together
from limes.kernels.state import KernelRule

_TILE_BYTES = 1 << 20  # one array of a tile: a few of them share a core's second-level cache
_VECTOR_TILE_BYTES = 1 << 21  # fully connected recursions run in registers: here the matrix product decides
_MOST_ROWS = 640  # of a tile
_TILE_BYTES_GPU = 1 << 28  # where a tile has no cache to fit, but its start is to be worth while
_MOST_ROWS_GPU = 2048
_LIVE_ARRAYS = 8  # arrays of a tile's size that a recursion holds at once, measured on convolutional nets


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Kernel:
    """Kernel values between two batches; what was not asked for is None. A pytree: functions under `jit` may return it.

    Attributes:
        nngp: (n1, n2), the covariance of the outputs at initialisation.
        ntk: (n1, n2), the neural tangent kernel of one output.
    """

    nngp: Array | None = None
    ntk: Array | None = None


def _block(net, names, x1, x2, id1, id2, one) -> tuple[jax.Array, ...] | jax.Array:
    if net.layout == "vector" and len(set(names)) == 2 and not on_gpu():
        return packed_block(net, x1, x2, id1, id2, one)
    return block(net, names, x1, x2, id1, id2, one)


_jit_block = jit_of_net(_block, (0, 1))
_jit_behind_head = jit_of_net(block_behind_head, (0, 1))


def entries_per_pair(net: KernelRule, shape: tuple[int, ...]) -> int:
    """Numbers that the recursion holds for one pair of inputs of the given shape (without the batch)."""
    positions = math.prod(shape[:-1])
    return {"vector": 1, "position": positions, "pairs": positions * positions}[net.layout]


def tile_size(net: KernelRule, shape: tuple[int, ...], itemsize: int) -> int:
    """Rows and columns of a tile, such that one of its arrays fits a cache (not on a GPU), and at least one pair."""
    most, rows = _VECTOR_TILE_BYTES if net.layout == "vector" else _TILE_BYTES, _MOST_ROWS
    if on_gpu():
        most, rows = _TILE_BYTES_GPU, _MOST_ROWS_GPU
    return max(1, min(rows, math.isqrt(most // itemsize // entries_per_pair(net, shape))))


def tile_bytes(net: KernelRule, shape: tuple[int, ...], itemsize: int, tile: int) -> int:
    """Estimated bytes that computing one tile takes beside its inputs."""
    live = 3 if net.layout == "vector" else _LIVE_ARRAYS  # product, result, and one to spare
    return live * tile * tile * entries_per_pair(net, shape) * itemsize


def estimate_bytes(net: KernelRule, n1: int, n2: int, shape: tuple[int, ...], names: Sequence[str], dtype: Any) -> int:
    """Estimated peak bytes of `kernel` beside its inputs: the results and the tiles in flight."""
    return _bytes_of(worth_compiling(net, n1, n2, shape, np.dtype(dtype).itemsize), net, n1, n2, shape, names, dtype)


def _bytes_of(
    program: Program | None,
    net: KernelRule,
    n1: int,
    n2: int,
    shape: tuple[int, ...],
    names: Sequence[str],
    dtype: Any,
) -> int:
    itemsize, most = np.dtype(dtype).itemsize, max(n1, n2)
    results = len(names) * n1 * n2 * itemsize
    if program is not None:
        return results + program.bytes(min(tile_rows(program), most), itemsize)
    return results + 2 * tile_bytes(net, shape, itemsize, min(tile_size(net, shape, itemsize), most))


def kernel(
    net: KernelRule,
    x1: Array,
    x2: Array | None = None,
    get: str | Sequence[str] = ("nngp", "ntk"),
    *,
    memory: str | int | None = None,
    tile: int | None = None,
    progress: Any = None,
) -> Kernel:
    """The infinite-width kernel of a net between two batches.

    On tracers this is one pure block, to be differentiated and compiled by the caller. On arrays it runs tile by tile,
    computes half of the tiles where `x2` is None, and returns NumPy for NumPy and JAX for JAX arrays.

    Args:
        net: the architecture.
        x1: (n1, features...), float32 or float64: the dtype decides the precision, whatever JAX's global flag. For
            recurrent nets also a pair (x, lengths) of sequences (n1, time, channels), padded on the right.
        x2: (n2, features...) or a pair; None stands for x1.
        get: "nngp", "ntk" or both.
        memory: limit in bytes or as "6GB"; default `limes.core.memory.limit`.
        tile: rows and columns of a tile; default about a megabyte an array.
        progress: reports one step a tile.

    Raises:
        DtypeError: for integer input.
        InputError: for NaN, infinity, or shapes that do not match.
        MemoryRefused: if the result would not fit, before anything is allocated.

    Cost: O(n1 n2 (d + depth)) for fully connected nets; O(n1 n2 p depth) and O(n1 n2 p^2 depth) for convolutional nets
    with p positions and a flatten or pooling head.
    """
    names = check_get(get)
    (x1, lengths1), (x2, lengths2) = split(x1, "x1"), split(x2, "x2")
    dtype = precision.float_dtype(x1, x2)
    if x2 is not None and not (lengths1 is None and lengths2 is None) and x1.ndim == x2.ndim == 3:
        x1, lengths1, x2, lengths2 = together(x1, lengths1, x2, lengths2)
    if x2 is not None and x1.shape[1:] != x2.shape[1:]:
        raise InputError(f"x1 and x2 hold inputs of different shapes: {x1.shape[1:]} and {x2.shape[1:]}")
    if x1.ndim < 2:
        raise InputError(f"a batch has shape (n, features...), not {x1.shape}: write x[None] for one example")
    if precision.is_tracer(x1, x2):
        a = batch(jnp.asarray(x1, dtype), lengths1)
        b = a if x2 is None else batch(jnp.asarray(x2, dtype), lengths2)
        return Kernel(**dict(zip(names, block(net, names, a, b, one=x2 is None), strict=True)))
    for name, x in (("x1", x1), ("x2", x2)):
        if x is not None:
            precision.require_finite(x, name)
    n1, n2 = len(x1), len(x1 if x2 is None else x2)
    rows = jax.ShapeDtypeStruct((max(1, n1), *x1.shape[1:]), np.float32)
    steps = jax.ShapeDtypeStruct((max(1, n1),), np.int32)
    given = (rows,) if lengths1 is None and lengths2 is None else (rows, steps)
    shape = jax.eval_shape(net.prepare, *given).shape[1:]
    compilable = lengths1 is None and tile is None
    program = worth_compiling(net, n1, n2, shape, dtype.itemsize) if compilable else None
    needed = _bytes_of(program, net, n1, n2, shape, names, dtype)
    if tile is None:
        tile = tile_size(net, shape, dtype.itemsize) if program is None else tile_rows(program)
    ways_out = "use fewer rows, float32 input, or ask for one kernel only (get='ntk')"
    what = f"a kernel of {n1} x {n2} in {dtype}"
    as_jax = isinstance(x1, jax.Array) or isinstance(x2, jax.Array)
    stays = on_gpu() and _fits_gpu(needed + len(names) * n1 * n2 * dtype.itemsize, what, ways_out, as_jax)
    if not (stays and as_jax):
        mem.require(needed, what, ways_out, memory)
    with precision.scope(dtype):
        halve = program is None and net.layout == "vector" and not on_gpu()
        pieces1 = cut(x1, lengths1, dtype, tile, halve)
        pieces2 = pieces1 if x2 is None else cut(x2, lengths2, dtype, tile, halve)
        compute = _by_jax(net, names) if program is None else _by_loops(net, names, program, dtype)
        if stays:
            whole = on_device(names, pieces1, pieces2, compute, dtype, progress)
            return Kernel(**{k: v if as_jax else np.array(v) for k, v in whole.items()})
        values = on_host(names, pieces1, pieces2, halve, compute, dtype, progress)
        return Kernel(**{k: jnp.asarray(v) if as_jax else v for k, v in values.items()})


def _fits_gpu(needed: int, what: str, ways_out: str, must: bool) -> bool:
    """Whether a result can be put together on the GPU, from which it then leaves at once.

    Raises:
        MemoryRefused: if it must, and does not fit.
    """
    left = device_bytes()
    if must:
        mem.require(needed, f"{what} on the GPU", ways_out, left)
    return left is None or needed <= left


def _by_jax(net: KernelRule, names: tuple[str, ...]) -> Compute:
    return lambda a, b: _jit_block(net, names, a.x, b.x, a.ids, b.ids, np.bool_(a is b))


def _by_loops(net: KernelRule, names: tuple[str, ...], program: Program, dtype: np.dtype) -> Compute:
    """Tiles by `limes.kernels.loops.recursion` or its like on a GPU."""
    loops = recursion(program, dtype)

    @functools.lru_cache(maxsize=2)
    def images(piece: Piece) -> Any:
        assert isinstance(piece.x, jax.Array)
        return loops.images(piece.x.reshape(len(piece.x), *program.sizes, piece.x.shape[-1]))

    @functools.cache
    def own(piece: Piece) -> Array:
        return loops.own(images(piece)).astype(dtype)

    def compute(a: Piece, b: Piece) -> Any:
        cross = loops.pairs(images(a), images(b)).astype(dtype)
        return _jit_behind_head(net, names, cross, own(a), own(b), a.ids, b.ids, np.bool_(a is b))

    return compute
