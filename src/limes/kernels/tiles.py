"""Whole kernels from blocks: tiles that fit the cache, half of them by symmetry, bytes checked first."""

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from limes.core import memory as mem
from limes.core import precision
from limes.core.errors import InputError
from limes.core.types import Array
from limes.kernels.block import Batch, block, block_behind_head, check_get, packed_block
from limes.kernels.compiling import jit_of_net
from limes.kernels.program import Program
from limes.kernels.sequences import row_ids, split, together
from limes.kernels.state import KernelRule

_TILE_BYTES = 1 << 20  # one array of a tile: a few of them share a core's second-level cache
_VECTOR_TILE_BYTES = 1 << 21  # fully connected recursions run in registers: here the matrix product decides
_MOST_ROWS = 640  # of a tile
_MANY = 4  # pieces of a batch, from which on halving tiles on the diagonal pays
_LIVE_ARRAYS = 8  # arrays of a tile's size that a recursion holds at once, measured on convolutional nets
_WORTH_COMPILING = 3e8  # entries times layers: about as long as compilation in JAX
_TILE_WORK = 1 << 30  # the same for a tile of the compiled loops
_MAX_TILE_BYTES = 1 << 28  # beyond this, even a tile of one pair is too large to be a tile: positions decide


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
    if net.layout == "vector" and len(set(names)) == 2:
        return packed_block(net, x1, x2, id1, id2, one)
    return block(net, names, x1, x2, id1, id2, one)


def _unpack(names: Sequence[str], values: tuple[jax.Array, ...] | jax.Array) -> dict[str, np.ndarray]:
    """What `_jit_block` returned, by name."""
    if isinstance(values, tuple):
        return {name: np.asarray(value) for name, value in zip(names, values, strict=True)}
    both = np.asarray(values)
    return {"nngp": np.real(both), "ntk": np.imag(both)}


_jit_block = jit_of_net(_block, (0, 1))
_jit_row_ids = jax.jit(row_ids)
_jit_behind_head = jit_of_net(block_behind_head, (0, 1))


def _batch(x: jax.Array, lengths: Array | None) -> Batch:
    return x if lengths is None else (x, jnp.asarray(lengths))


def entries_per_pair(net: KernelRule, shape: tuple[int, ...]) -> int:
    """Numbers that the recursion holds for one pair of inputs of the given shape (without the batch)."""
    positions = math.prod(shape[:-1])
    return {"vector": 1, "position": positions, "pairs": positions * positions}[net.layout]


def tile_size(net: KernelRule, shape: tuple[int, ...], itemsize: int) -> int:
    """Rows and columns of a tile, such that one of its arrays is a megabyte or two at most, and at least one pair."""
    most = _VECTOR_TILE_BYTES if net.layout == "vector" else _TILE_BYTES
    return max(1, min(_MOST_ROWS, math.isqrt(most // itemsize // entries_per_pair(net, shape))))


def worth_compiling(net: KernelRule, n1: int, n2: int, shape: tuple[int, ...]) -> Program | None:
    """The net's program for compiled loops, where there is one and its compilation pays: on the CPU, for large work."""
    program = net.program(shape) if jax.default_backend() == "cpu" else None
    return program if program is not None and n1 * n2 * program.work > _WORTH_COMPILING else None


def _compiled_tile(program: Program) -> int:
    """Rows and columns of a tile of the compiled loops: a few seconds of work, so that progress is seen."""
    return max(16, min(512, math.isqrt(_TILE_WORK // program.work) // 16 * 16))


def tile_bytes(net: KernelRule, shape: tuple[int, ...], itemsize: int, tile: int) -> int:
    """Estimated bytes that computing one tile takes beside its inputs."""
    live = 3 if net.layout == "vector" else _LIVE_ARRAYS  # product, result, and one to spare
    return live * tile * tile * entries_per_pair(net, shape) * itemsize


def estimate_bytes(net: KernelRule, n1: int, n2: int, shape: tuple[int, ...], names: Sequence[str], dtype: Any) -> int:
    """Estimated peak bytes of `kernel` beside its inputs: the results and the tiles in flight."""
    return _bytes_of(worth_compiling(net, n1, n2, shape), net, n1, n2, shape, names, dtype)


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
        return results + program.bytes(min(_compiled_tile(program), most), itemsize)
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
        a = _batch(jnp.asarray(x1, dtype), lengths1)
        b = a if x2 is None else _batch(jnp.asarray(x2, dtype), lengths2)
        return Kernel(**dict(zip(names, block(net, names, a, b, one=x2 is None), strict=True)))
    for name, x in (("x1", x1), ("x2", x2)):
        if x is not None:
            precision.require_finite(x, name)
    n1, n2 = len(x1), len(x1 if x2 is None else x2)
    rows = jax.ShapeDtypeStruct((max(1, n1), *x1.shape[1:]), np.float32)
    steps = jax.ShapeDtypeStruct((max(1, n1),), np.int32)
    given = (rows,) if lengths1 is None and lengths2 is None else (rows, steps)
    shape = jax.eval_shape(net.prepare, *given).shape[1:]
    program = None if lengths1 is not None or tile is not None else worth_compiling(net, n1, n2, shape)
    needed = _bytes_of(program, net, n1, n2, shape, names, dtype)
    if tile is None:
        tile = tile_size(net, shape, dtype.itemsize) if program is None else _compiled_tile(program)
    ways_out = "use fewer rows, float32 input, or ask for one kernel only (get='ntk')"
    mem.require(needed, f"a kernel of {n1} x {n2} in {dtype}", ways_out, memory)
    with precision.scope(dtype):
        halve = program is None and net.layout == "vector"
        pieces1 = _cut(x1, lengths1, dtype, tile, halve)
        pieces2 = pieces1 if x2 is None else _cut(x2, lengths2, dtype, tile, halve)
        compute = _by_jax(net, names) if program is None else _by_loops(net, names, program, dtype)
        values = _assemble(names, pieces1, pieces2, halve, compute, dtype, progress)
        as_jax = isinstance(x1, jax.Array) or isinstance(x2, jax.Array)
        return Kernel(**{k: jnp.asarray(v) if as_jax else v for k, v in values.items()})


@dataclass(frozen=True, eq=False)
class _Piece:
    """Consecutive rows of a batch, filled up to the size of its tiles, with their fingerprints."""

    x: Batch
    ids: jax.Array
    rows: slice

    def halves(self) -> tuple["_Piece", "_Piece"]:
        """Two pieces of half the size; the first row of the second may lie behind the end of the batch."""
        n, start, stop = len(self.ids) // 2, self.rows.start, self.rows.stop
        first, second = jax.tree.map(lambda a: a[:n], self.x), jax.tree.map(lambda a: a[n:], self.x)
        between = min(start + n, stop)
        return (
            _Piece(first, self.ids[:n], slice(start, between)),
            _Piece(second, self.ids[n:], slice(between, stop)),
        )


Compute = Callable[[_Piece, _Piece], Any]
"""Starts the computation of the tile between two pieces."""


def _by_jax(net: KernelRule, names: tuple[str, ...]) -> Compute:
    return lambda a, b: _jit_block(net, names, a.x, b.x, a.ids, b.ids, np.bool_(a is b))


def _by_loops(net: KernelRule, names: tuple[str, ...], program: Program, dtype: np.dtype) -> Compute:
    """Tiles by `limes.kernels.compiled`, which is imported here because loading the compiler takes a second."""
    from limes.kernels.compiled import Recursion

    recursion = Recursion(program, dtype)

    @functools.lru_cache(maxsize=2)
    def images(piece: _Piece) -> Any:
        x = np.asarray(piece.x)
        return recursion.images(x.reshape(len(x), *program.sizes, x.shape[-1]))

    @functools.cache
    def own(piece: _Piece) -> np.ndarray:
        return recursion.own(images(piece)).astype(dtype)

    def compute(a: _Piece, b: _Piece) -> Any:
        cross = recursion.pairs(images(a), images(b)).astype(dtype)
        return _jit_behind_head(net, names, cross, own(a), own(b), a.ids, b.ids, np.bool_(a is b))

    return compute


def _assemble(
    names: tuple[str, ...],
    pieces1: Sequence[_Piece],
    pieces2: Sequence[_Piece],
    halve: bool,
    compute: Compute,
    dtype: np.dtype,
    progress: Any,
) -> dict[str, np.ndarray]:
    """Compute the tiles and put them in place; one tile is computed while the one before is copied."""
    shape = tuple(sum(p.rows.stop - p.rows.start for p in pieces) for pieces in (pieces1, pieces2))
    out = {name: np.empty(shape, dtype) for name in names}
    symmetric = pieces1 is pieces2
    above = ~np.tri(len(pieces1[0].ids) if symmetric and pieces1 else 0, dtype=bool)
    todo = _upper(pieces1, halve) if symmetric else [(a, b) for a in pieces1 for b in pieces2]
    if progress is not None:
        progress.start("kernel", len(todo))

    def place(a: _Piece, b: _Piece, values: Any) -> None:
        r, c = a.rows, b.rows
        for name, value in _unpack(names, values).items():
            part = value[: r.stop - r.start, : c.stop - c.start]
            out[name][r, c] = part
            if symmetric and a is not b:
                out[name][c, r] = part.T
            elif symmetric:  # a product of a tile with itself is symmetric to rounding only
                np.copyto(out[name][r, c].T, part, where=above[: len(part), : len(part)])
        if progress is not None:
            progress.step()

    waiting = None
    for a, b in todo:
        values = compute(a, b)
        if waiting is not None:
            place(*waiting)
        waiting = (a, b, values)
    if waiting is not None:
        place(*waiting)
    return out


def _upper(pieces: Sequence[_Piece], halve: bool) -> list[tuple[_Piece, _Piece]]:
    """Pairs of pieces on the diagonal and above it; `halve`: those on it in halves, where there are many.

    That costs another shape to compile, and computes less of what symmetry gives.
    """
    todo = []
    for i, piece in enumerate(pieces):
        if halve and len(pieces) >= _MANY:
            first, second = piece.halves()
            todo += [(first, first), (first, second), (second, second)]
        else:
            todo.append((piece, piece))
        todo += [(piece, other) for other in pieces[i + 1 :]]
    return todo


def _cut(x: Array, lengths: np.ndarray | None, dtype: np.dtype, tile: int, even: bool) -> list[_Piece]:
    """A batch in pieces of one size, an even one if there are many; the last one is filled up with its first row."""
    n = len(x)
    count = max(1, -(-n // tile))
    size = max(1, -(-n // count))  # pieces of about the same size leave the least to fill up
    size += size % 2 if even and count >= _MANY else 0

    def piece(start: int, values: Array, kind: Any) -> jax.Array:
        part = jnp.asarray(values[start : start + size], kind)
        missing = size - len(part)
        return part if not missing else jnp.concatenate([part, jnp.broadcast_to(part[:1], (missing, *part.shape[1:]))])

    pieces = []
    for start in range(0, n, size):
        rows = piece(start, x, dtype)
        steps = None if lengths is None else piece(start, lengths, np.int32)
        pieces.append(_Piece(_batch(rows, steps), _jit_row_ids(rows, steps), slice(start, min(start + size, n))))
    return pieces
