"""What all Gram matrices in tiles have in common, wherever the tiles are: rows, products, the diagonal.

Tiles on the diagonal and above it are known; the rest is their transpose.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from limes.core.errors import InputError

Number = tuple[int, int]
"""Block row i and block column j of a tile, i <= j."""


class TiledGram(ABC):
    """A Gram matrix in tiles, read as an array: `gram[rows]` for a slice, a row number or an array of them.

    Products (`gram @ block`), `limes.linalg.cg` and NumPy's functions of rows need no more of it in memory than the
    rows they ask for. Sums run in the order of the tiles, so a product does not depend on where they are.
    """

    _n: int
    _tile: int
    _dtype: np.dtype

    @abstractmethod
    def _map(self, function: Callable[..., Any], calls: Iterable[tuple[Number, tuple]]) -> Iterator[Any]:
        """`function(tile, *arguments)` for each (number, arguments), in their order."""

    def _shared(self, parts: list[np.ndarray]) -> list[Any]:
        """Arrays as arguments of `_map` that several calls have in common."""
        return parts

    @property
    def shape(self) -> tuple[int, int]:
        """(n, n)."""
        return self._n, self._n

    @property
    def dtype(self) -> np.dtype:
        """float32 or float64."""
        return self._dtype

    def __len__(self) -> int:
        return self._n

    def _slice(self, k: int) -> slice:
        return slice(k * self._tile, min((k + 1) * self._tile, self._n))

    @property
    def _side(self) -> int:
        return -(-self._n // self._tile)

    def tiles(self) -> Iterator[Number]:
        """Numbers (i, j) of all tiles, i <= j."""
        return ((i, j) for i in range(self._side) for j in range(i, self._side))

    def __getitem__(self, rows: Any) -> np.ndarray:
        """Rows of the matrix: (k, n) for a slice or an array of numbers, (n,) for one number."""
        if isinstance(rows, int | np.integer):
            return self[np.array([rows])][0]
        wanted = np.zeros((0, 0)) if isinstance(rows, tuple) else np.arange(self._n)[rows]
        if wanted.ndim != 1:
            raise InputError("a Gram matrix in tiles is read by rows: gram[rows] with a slice or a list of row numbers")
        out = np.empty((len(wanted), self._n), self.dtype)
        for i in map(int, np.unique(wanted // self._tile)):
            inside = np.flatnonzero(wanted // self._tile == i)
            local = wanted[inside] - i * self._tile
            calls = (((min(i, j), max(i, j)), (local, i > j)) for j in range(self._side))
            for j, part in enumerate(self._map(rows_of, calls)):
                out[inside, self._slice(j)] = part
        return out

    def __matmul__(self, block: np.ndarray) -> np.ndarray:
        """The matrix times (n, c), in the precision of both; each tile is read once."""
        block = np.asarray(block)
        if len(block) != self._n:
            raise InputError(f"a Gram matrix of {self._n} rows multiplies as many, not an array {block.shape}")
        out = np.zeros(block.shape, np.result_type(self.dtype, block))
        parts = self._shared([block[self._slice(k)] for k in range(self._side)])
        calls = (((i, j), (parts[j], None if i == j else parts[i])) for i, j in self.tiles())
        for (i, j), (right, below) in zip(self.tiles(), self._map(both_products, calls), strict=True):
            out[self._slice(i)] += right
            if below is not None:
                out[self._slice(j)] += below
        return out

    def diagonal(self) -> np.ndarray:
        """K(x_i, x_i): (n,)."""
        return np.concatenate(list(self._map(diagonal_of, (((i, i), ()) for i in range(self._side)))))


def rows_of(tile: np.ndarray, local: np.ndarray, across: bool) -> np.ndarray:
    """Rows of a tile, or of its transpose."""
    return tile[:, local].T if across else tile[local]


def both_products(
    tile: np.ndarray, right: np.ndarray, below: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray | None]:
    """What a tile adds to its block row, and, by symmetry, to the block row of its columns.

    Arrays that came over a network may lie at odd addresses, for which NumPy has other products, of other bits.
    """
    tile, right = _plain(tile), _plain(right)
    return tile @ right, None if below is None else tile.T @ _plain(below)


def diagonal_of(tile: np.ndarray) -> np.ndarray:
    """The diagonal, without the rest of the tile behind it."""
    return np.diagonal(tile).copy()


def _plain(array: np.ndarray) -> np.ndarray:
    return np.require(array, requirements=["C", "A"])
