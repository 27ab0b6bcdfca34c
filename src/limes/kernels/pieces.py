"""Batches in pieces, and a kernel put together from the tiles between them, on the host or on the device."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from limes.core.types import Array
from limes.kernels.block import Batch
from limes.kernels.sequences import row_ids

MANY = 4  # pieces of a batch, from which on halving tiles on the diagonal pays
_jit_row_ids = jax.jit(row_ids)


def batch(x: jax.Array, lengths: Array | None) -> Batch:
    """Rows, with their lengths where they are sequences of unequal ones."""
    return x if lengths is None else (x, jnp.asarray(lengths))


@dataclass(frozen=True, eq=False)
class Piece:
    """Consecutive rows of a batch, filled up to the size of its tiles, with their fingerprints."""

    x: Batch
    ids: jax.Array
    rows: slice

    def halves(self) -> tuple["Piece", "Piece"]:
        """Two pieces of half the size; the first row of the second may lie behind the end of the batch."""
        n, start, stop = len(self.ids) // 2, self.rows.start, self.rows.stop
        first, second = jax.tree.map(lambda a: a[:n], self.x), jax.tree.map(lambda a: a[n:], self.x)
        between = min(start + n, stop)
        return (
            Piece(first, self.ids[:n], slice(start, between)),
            Piece(second, self.ids[n:], slice(between, stop)),
        )


Compute = Callable[[Piece, Piece], Any]
"""Starts the computation of the tile between two pieces."""


def _unpack(names: Sequence[str], values: tuple[jax.Array, ...] | jax.Array) -> dict[str, np.ndarray]:
    """What a tile's computation returned, by name."""
    if isinstance(values, tuple):
        return {name: np.asarray(value) for name, value in zip(names, values, strict=True)}
    both = np.asarray(values)
    return {"nngp": np.real(both), "ntk": np.imag(both)}


def on_host(
    names: tuple[str, ...],
    pieces1: Sequence[Piece],
    pieces2: Sequence[Piece],
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
    todo = upper(pieces1, halve) if symmetric else [(a, b) for a in pieces1 for b in pieces2]
    if progress is not None:
        progress.start("kernel", len(todo))

    def place(a: Piece, b: Piece, values: Any) -> None:
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


def on_device(
    names: tuple[str, ...],
    pieces1: Sequence[Piece],
    pieces2: Sequence[Piece],
    compute: Compute,
    dtype: np.dtype,
    progress: Any,
) -> dict[str, jax.Array]:
    """The same without leaving the device: twice the memory of the result, for a moment."""
    symmetric = pieces1 is pieces2
    todo = [(i, j) for i in range(len(pieces1)) for j in range(i if symmetric else 0, len(pieces2))]
    if progress is not None:
        progress.start("kernel", len(todo))
    found = {}
    for i, j in todo:
        found[i, j] = compute(pieces1[i], pieces2[j])
        if progress is not None:
            jax.block_until_ready(found[i, j])
            progress.step()
    shape = tuple(sum(p.rows.stop - p.rows.start for p in pieces) for pieces in (pieces1, pieces2))
    if not todo:
        return {name: jnp.zeros(shape, dtype) for name in names}
    return {name: _whole({k: v[at] for k, v in found.items()}, symmetric, shape) for at, name in enumerate(names)}


@functools.partial(jax.jit, static_argnums=(1, 2))
def _whole(tiles: dict[tuple[int, int], jax.Array], symmetric: bool, shape: tuple[int, int]) -> jax.Array:
    """A matrix from its tiles, or from those on the diagonal and above it."""

    def tile(i: int, j: int) -> jax.Array:
        if not symmetric or i < j:
            return tiles[i, j]
        return tiles[j, i].T if i > j else jnp.tril(tiles[i, i]) + jnp.tril(tiles[i, i], -1).T

    n_rows, n_columns = (max(k[axis] for k in tiles) + 1 for axis in (0, 1))
    rows = [jnp.concatenate([tile(i, j) for j in range(n_columns)], axis=1) for i in range(n_rows)]
    return jnp.concatenate(rows)[: shape[0], : shape[1]]


def upper(pieces: Sequence[Piece], halve: bool) -> list[tuple[Piece, Piece]]:
    """Pairs of pieces on the diagonal and above it; `halve`: those on it in halves, where there are many.

    That costs another shape to compile, and computes less of what symmetry gives.
    """
    todo = []
    for i, piece in enumerate(pieces):
        if halve and len(pieces) >= MANY:
            first, second = piece.halves()
            todo += [(first, first), (first, second), (second, second)]
        else:
            todo.append((piece, piece))
        todo += [(piece, other) for other in pieces[i + 1 :]]
    return todo


def cut(x: Array, lengths: np.ndarray | None, dtype: np.dtype, tile: int, even: bool) -> list[Piece]:
    """A batch in pieces of one size, an even one if there are many; the last one is filled up with its first row."""
    n = len(x)
    count = max(1, -(-n // tile))
    size = max(1, -(-n // count))  # pieces of about the same size leave the least to fill up
    size += size % 2 if even and count >= MANY else 0

    def piece(start: int, values: Array, kind: Any) -> jax.Array:
        part = jnp.asarray(values[start : start + size], kind)
        missing = size - len(part)
        return part if not missing else jnp.concatenate([part, jnp.broadcast_to(part[:1], (missing, *part.shape[1:]))])

    pieces = []
    for start in range(0, n, size):
        rows = piece(start, x, dtype)
        steps = None if lengths is None else piece(start, lengths, np.int32)
        pieces.append(Piece(batch(rows, steps), _jit_row_ids(rows, steps), slice(start, min(start + size, n))))
    return pieces
